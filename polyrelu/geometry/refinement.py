"""Refinement: the cells on which finitely many linear conditions on the outputs of a network are decided."""

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
from polyrelu.geometry.region import CellSet
from polyrelu.geometry.subdivision import Options, Signs, subdivide, subdivided
from polyrelu.markup import table
from polyrelu.network.formula import Form, Formula, read_formula
from polyrelu.network.network import Network

Bools = npt.NDArray[np.bool_]


class Refinement:
    """C(F), refined by the zero sets of affine forms of the outputs of F. Made by `refine`; immutable.

    The forms are those that the formulas compare with 0: F − a and F − b for the band "a < F <= b". On the relative
    interior of every cell of `complex` each form has one sign, so that the set where a formula holds is a union of
    cells, for every formula in these forms: `region`.

    `complex` is C(G) for a network G that computes the same function as F, with one more hidden layer: a ReLU for each
    form, and the outputs themselves.
    """

    def __init__(
        self,
        network: Network,
        formulas: Sequence[Formula],
        forms: Sequence[Form],
        complex: PolyhedralComplex,
        signs: Sequence[Sequence[Signs]],
    ) -> None:
        """For `refine` only: `signs` has for each dimension λ..d and each form the signs on the cells."""
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
        """The formulas that were given."""
        return self._formulas

    @property
    def forms(self) -> tuple[Form, ...]:
        """The affine forms of the outputs whose zero sets refine C(F)."""
        return self._forms

    @property
    def complex(self) -> PolyhedralComplex:
        """The cells."""
        return self._complex

    def signs(self, k: int) -> tuple[Signs, ...]:
        """For each form an array of its signs on the relative interiors of the k-cells."""
        self._complex.n_cells(k)  # raises for a dimension that is none
        return self._signs[k - self._complex.coordinates.lineality_dim]

    def region(self, formula: Formula | str | None = None) -> FormulaRegion:
        """The set of points where the formula holds: the one that was given to `refine`, or any one in the same forms.

        RegionError if none or several were given and none is chosen, and if another form is compared.
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


class FormulaRegion(CellSet):
    """The set of points of the domain where a formula holds, as a set of cells of a refinement.

    Whether it is open, closed or neither is found from the cells, not from how the formula is written: "not F <= 0" is
    open, and so is "F > 0 and F >= 0".
    """

    __slots__ = ("_closed", "_formula", "_open", "_places", "_refinement")

    _refinement: Refinement
    _formula: Formula
    _places: tuple[int, ...]
    _open: bool | None
    _closed: bool | None

    def __init__(self, refinement: Refinement, formula: Formula | str) -> None:
        formula = read_formula(formula)
        formula.check_outputs(refinement.network.output_dim)
        missing = [form for form in formula.forms if form not in refinement.forms]
        if missing:
            raise RegionError(
                f"formula {describe(str(formula))}: it compares what the complex was not refined by; give it to refine"
            )
        super().__init__(refinement.complex)
        object.__setattr__(self, "_refinement", refinement)
        object.__setattr__(self, "_formula", formula)
        object.__setattr__(self, "_places", tuple(map(refinement.forms.index, formula.forms)))
        object.__setattr__(self, "_open", None)
        object.__setattr__(self, "_closed", None)

    def __reduce__(self) -> tuple[Any, ...]:
        return FormulaRegion, (self._refinement, self._formula)

    @property
    def refinement(self) -> Refinement:
        """The Refinement whose cells it has."""
        return self._refinement

    @property
    def formula(self) -> Formula:
        """The formula."""
        return self._formula

    @property
    def is_open(self) -> bool:
        """Whether the set is open in the domain: with a cell it has all cells that this is a face of."""
        if self._open is None:
            object.__setattr__(self, "_open", not self._has_face_across(inside=True))
        return bool(self._open)

    @property
    def is_closed(self) -> bool:
        """Whether the set is closed: with a cell it has all faces of this."""
        if self._closed is None:
            object.__setattr__(self, "_closed", not self._has_face_across(inside=False))
        return bool(self._closed)

    def _has_face_across(self, inside: bool) -> bool:
        """Whether a facet in the set (or, not `inside`, outside it) belongs to a cell on the other side.

        Facets suffice: between a face and a cell there is a chain of facets, and somewhere in it the sides change.
        """
        low = self._complex.coordinates.lineality_dim
        below = self.mask(low)
        for k in range(low + 1, self._complex.input_dim + 1):
            indptr, index, _ = self._complex.facets(k)
            mask = self.mask(k)
            if (below[index] & ~np.repeat(mask, np.diff(indptr)) if inside
                    else ~below[index] & np.repeat(mask, np.diff(indptr))).any():  # fmt: skip
                return True
            below = mask
        return False

    def mask(self, k: int) -> Bools:
        """For every k-cell of the complex: whether its relative interior lies in the set. A new array."""
        signs = self._refinement.signs(k)
        return self._formula.holds([signs[i] for i in self._places], self._complex.n_cells(k))

    def contains(self, x: Any) -> bool:
        """Whether the point x (d exact numbers) lies in the set (and in the domain); decided exactly."""
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
    """C(F), refined so that every formula has one truth value on each cell. Domain and options as for `subdivide`.

    formulas: a Formula or its text, such as "0 < F <= 1" or "F0 > 0 and F1 >= F2", or several of them: all levels and
        conditions are put into one complex, from which the regions are then taken.

    What is proved. The forms that are compared are the preactivations of one more hidden layer, which is subdivided as
    every layer is (`subdivide`): so their signs on the cells are exact, and none is evaluated afterwards.

    Raises InputError if no formula is given, RegionError for text that is none or outputs that the network does not
    have, and what `subdivide` raises.

    >>> net = Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # F(x) = |x|
    >>> rings = refine(net, ["0 < F <= 1", "1 < F < 2"])
    >>> rings.complex.f_vector, rings.region("1 < F < 2").f_vector
    ((5, 6), (0, 2))
    """
    if not isinstance(network, Network):
        raise InputError(f"refine: expected a Network, got an object of type {type(network).__name__}")
    read = _read(formulas)
    for formula in read:
        formula.check_outputs(network.output_dim)
    forms = list(dict.fromkeys(form for formula in read for form in formula.forms))
    if not forms:
        cx = subdivide(network, None, domain, **options)
        return Refinement(network, read, forms, cx, [()] * (cx.input_dim + 1 - cx.coordinates.lineality_dim))
    n, m = network.output_dim, len(forms)
    outputs = [[int(i == j) for j in range(n)] for i in range(n)]
    layer = Network(
        [[*(form.row(n) for form in forms), *outputs], [[0] * m + row for row in outputs]],
        [[*(form.constant for form in forms), *[0] * n], [0] * n],
        [[0] * m + [1] * n],
    )
    cx, signs = subdivided(network.followed_by(layer), None, domain, m, options)
    return Refinement(network, read, forms, cx, signs)


def _read(formulas: Any) -> list[Formula]:
    if isinstance(formulas, (str, Formula)):
        return [read_formula(formulas)]
    items = entries(formulas, "formulas")
    if items is None:
        raise InputError(f"formulas: expected a formula or a sequence of formulas, got {describe(formulas)}")
    if not len(items):
        raise InputError("formulas: none is given")
    return [read_formula(item) for item in items]
