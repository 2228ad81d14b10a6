"""Refinements of C(F) by linear conditions on the outputs of a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt

from polyrelu.errors import InputError, RegionError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.rational import describe, entries
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.hull import over_hull
from polyrelu.geometry.region import DecidedSet
from polyrelu.geometry.subdivision import Options, Signs, check_options, read_domain, subdivided
from polyrelu.markup import table
from polyrelu.network.formula import Form, Formula, read_formula
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice

Bools = npt.NDArray[np.bool_]


class Refinement:
    """C(F) refined by the zero sets of affine forms of the outputs of F. Immutable; `refine` makes it.

    The forms are those that the formulas compare with 0: F − a and F − b for the band "a < F <= b". Each form has one
    sign on the relative interior of each cell of `complex`. So for every formula in these forms, the set where it holds
    is a union of relative interiors of cells; `region` returns it.

    `complex` is C(G) for a network G that computes the same function as F. It has one more hidden layer, which consists
    of a ReLU for each form and of the outputs of F.
    """

    def __init__(
        self,
        network: Network,
        formulas: Sequence[Formula],
        forms: Sequence[Form],
        complex: PolyhedralComplex,
        signs: Sequence[Sequence[Signs]],
    ) -> None:
        """For `refine` only: `signs` are the signs of each form on the cells of each dimension λ..d."""
        self._network, self._complex = network, complex
        self._formulas, self._forms = tuple(formulas), tuple(forms)
        self._signs = tuple(tuple(by_form) for by_form in signs)
        for by_form in self._signs:
            for array in by_form:
                array.flags.writeable = False

    def __reduce__(self) -> tuple[Any, ...]:
        return Refinement, (self._network, self._formulas, self._forms, self._complex, self._signs)

    @property
    def network(self) -> Network:
        """The network F."""
        return self._network

    @property
    def formulas(self) -> tuple[Formula, ...]:
        """The formulas given to `refine`."""
        return self._formulas

    @property
    def forms(self) -> tuple[Form, ...]:
        """The affine forms of the outputs whose zero sets refine C(F)."""
        return self._forms

    @property
    def complex(self) -> PolyhedralComplex:
        """The refined complex."""
        return self._complex

    def signs(self, k: int) -> tuple[Signs, ...]:
        """The signs of each form on the relative interiors of the k-cells: an array of −1, 0 and 1 for each form."""
        self._complex.n_cells(k)  # raises for an invalid dimension
        low = self._complex.coordinates.lineality_dim
        return self._signs[int(k) - low] if k >= low else tuple(signs[:0] for signs in self._signs[0])

    def region(self, formula: Formula | str | None = None) -> FormulaRegion:
        """The set of points of the domain where a formula holds.

        Parameters
        ----------
        formula : Formula or str, optional
            A formula in the forms by which the complex is refined. May be omitted if `refine` was given one formula.

        Raises
        ------
        RegionError
            If the formula contains a form by which the complex is not refined, or it is omitted although `refine` was
            given several formulas.
        """
        if formula is None:
            if len(self._formulas) != 1:
                raise RegionError(f"region: {len(self._formulas)} formulas were given to refine; say which")
            formula = self._formulas[0]
        return FormulaRegion(self, formula)

    def __repr__(self) -> str:
        shown = "; ".join(describe(str(formula)) for formula in self._formulas[:3])
        more = "; …" * (len(self._formulas) > 3)
        return f"Refinement({shown}{more} of {self._network!r}: {self._complex.n_regions} regions)"

    def _repr_html_(self) -> str:
        return table(repr(self), ["dimension", "cells"], enumerate(self._complex.f_vector))


class FormulaRegion(DecidedSet):
    """The set of points of the domain where a formula holds, as a set of cells of a refinement. Immutable.

    Whether the set is open, closed or neither is decided from the cells, not from the form of the formula:
    "not F <= 0" is open, and so is "F > 0 and F >= 0".
    """

    __slots__ = ("_formula", "_places", "_refinement")

    _refinement: Refinement
    _formula: Formula
    _places: tuple[int, ...]

    def __init__(self, refinement: Refinement, formula: Formula | str) -> None:
        if not isinstance(refinement, Refinement):
            raise RegionError(f"formula: expected a Refinement, got {describe(refinement)}")
        formula = read_formula(formula)
        formula.check_outputs(refinement.network.output_dim)
        missing = [form for form in formula.forms if form not in refinement.forms]
        if missing:
            raise RegionError(
                f"formula {describe(str(formula))}: it compares what the complex was not refined by; give it to refine"
            )
        super().__init__(refinement.complex)
        places = tuple(map(refinement.forms.index, formula.forms))
        self._put(_refinement=refinement, _formula=formula, _places=places)

    def __reduce__(self) -> tuple[Any, ...]:
        return FormulaRegion, (self._refinement, self._formula)

    @property
    def refinement(self) -> Refinement:
        """The Refinement whose cells these are."""
        return self._refinement

    @property
    def formula(self) -> Formula:
        """The formula."""
        return self._formula

    def mask(self, k: int) -> Bools:
        """For every k-cell of the complex, k ≤ d: whether its relative interior lies in the set."""
        signs = self._refinement.signs(k)
        return self._formula.holds([signs[i] for i in self._places], self._complex.n_cells(k))

    def contains(self, x: Any) -> bool:
        """Whether the point x (d exact numbers) lies in the set, and so in the domain; decided exactly."""
        if not self._complex.contains(x):
            return False
        values = self._refinement.network(x)
        return self._formula.holds_at(values if isinstance(values, tuple) else [values])

    def __repr__(self) -> str:
        return f"FormulaRegion({describe(str(self._formula))} of {self._refinement.network!r})"


@memory_is_a_limit
def refine(
    network: Network,
    formulas: Formula | str | Sequence[Formula | str],
    domain: Domain | Sequence[Sequence[Any]] | None = None,
    **options: Unpack[Options],
) -> Refinement:
    """C(F) refined so that each formula is true or false throughout the relative interior of each cell.

    Parameters
    ----------
    network : Network
        The network F.
    formulas : Formula or str, or a sequence of them
        Conditions on the outputs, such as "0 < F <= 1" or "F0 > 0 and F1 >= F2". One complex is refined by the forms of
        all of them, and `Refinement.region` returns the region of each.
    domain : Domain or sequence of d pairs (lower, upper), optional
        As for `subdivide`. Over a flat one the refinement is in the coordinates of `complex.slice`, as its network is.
    **options
        The options `max_cells`, `max_memory`, `threads` and `progress` of `subdivide`.

    Returns
    -------
    Refinement
        The refined complex with the signs of the forms on its cells.

    Raises
    ------
    InputError
        If no formula is given, or `network` is not a Network.
    RegionError
        If a text is not a formula, or a formula contains an output that the network does not have.
    PolyreluError
        Any error that `subdivide` raises.

    Notes
    -----
    The result is exact: the forms are the preactivations of one more hidden layer, which `subdivide` treats like every
    other layer. So their signs on the cells come from the subdivision, and no form is evaluated afterwards.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # F(x) = |x|
    >>> rings = pr.refine(net, ["0 < F <= 1", "1 < F < 2"])
    >>> rings.complex.f_vector, rings.region("1 < F < 2").f_vector
    ((5, 6), (0, 2))
    """
    read = checked_formulas(network, formulas)
    check_options(options)
    return over_hull(
        network,
        read_domain(domain, network),
        lambda net, where, hull: refined(net, read, where, options, hull=hull),
    )


def checked_formulas(network: Any, formulas: Any) -> tuple[Formula, ...]:
    """The formulas that `refine` is given for a network, with its errors for both."""
    if not isinstance(network, Network):
        raise InputError(f"refine: expected a Network, got an object of type {type(network).__name__}")
    read = tuple(_read(formulas))
    for formula in read:
        formula.check_outputs(network.output_dim)
    return read


def refined(
    network: Network,
    formulas: Sequence[Formula],
    domain: Any,
    options: Options,
    part_of: Sequence[Sequence[int]] | None = None,
    *,
    hull: Slice | None = None,
) -> Refinement:
    """What `refine` returns, of formulas that are checked; for `part_of` and `hull` see `subdivided`."""
    forms = compared(formulas)
    net = followed_by_forms(network, forms)
    cx, signs = subdivided(net, None, domain, len(forms), options, part_of=part_of, hull=hull)
    if not forms:
        signs = [[]] * (cx.input_dim + 1 - cx.coordinates.lineality_dim)
    return Refinement(network, formulas, forms, cx, signs)


def compared(formulas: Sequence[Formula]) -> list[Form]:
    """The forms of some formulas, each once."""
    return list(dict.fromkeys(form for formula in formulas for form in formula.forms))


def followed_by_forms(network: Network, forms: Sequence[Form]) -> Network:
    """The network with one more hidden layer: a ReLU for each form of its outputs, and its outputs.

    It computes the same function. Without forms it is the network itself.
    """
    if not forms:
        return network
    n, m = network.output_dim, len(forms)
    outputs = [[int(i == j) for j in range(n)] for i in range(n)]
    layer = Network(
        [[*(form.row(n) for form in forms), *outputs], [[0] * m + row for row in outputs]],
        [[*(form.constant for form in forms), *[0] * n], [0] * n],
        [[0] * m + [1] * n],
    )
    return network.followed_by(layer)


def _read(formulas: Any) -> list[Formula]:
    if isinstance(formulas, (str, Formula)):
        return [read_formula(formulas)]
    items = entries(formulas, "formulas")
    if items is None:
        raise InputError(f"formulas: expected a formula or a sequence of formulas, got {describe(formulas)}")
    if not len(items):
        raise InputError("formulas: none is given")
    return [read_formula(item) for item in items]
