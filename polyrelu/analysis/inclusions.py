"""From a network to the maps of homology groups that inclusions of its regions induce."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Unpack

import numpy as np

from polyrelu.errors import InputError, PointError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.rational import describe, primitive
from polyrelu.geometry.cell_union import CellUnion
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.hull import on_slice
from polyrelu.geometry.refinement import compared, followed_by_forms
from polyrelu.geometry.region import cell_outside
from polyrelu.geometry.subdivision import Options, Signs, read_domain, subdivided
from polyrelu.network.algebra import stack
from polyrelu.network.formula import Form, Formula, read_formula
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice
from polyrelu.topology.coefficients import Coefficients, read_coefficients
from polyrelu.topology.induced_maps import InducedMap, check_subset, induced_map

Row = tuple[int, ...]
"""(b, a_1, …, a_d) for the affine form b + a · x: integers without a common factor."""


@memory_is_a_limit
def inclusion(
    network: Network,
    inner: Formula | str,
    outer: Formula | str,
    domain: Any = None,
    *,
    inner_domain: Any = None,
    slice: Slice | None = None,
    coefficients: Coefficients = "Z",
    **options: Unpack[Options],
) -> InducedMap:
    """The homomorphism of homology groups that the inclusion of one set of points in another induces.

    Parameters
    ----------
    network : Network
        The network F: R^d → R^n.
    inner, outer : Formula or str
        Conditions on the outputs, such as "F >= 1" and "F >= 0": the smaller set X and the larger set Y are the points
        of the domain where they hold. They may be the same if X is in a smaller domain, or in a slice.
    domain : Domain or box, optional
        A polyhedron with which both sets are intersected. The default is R^d.
    inner_domain : Domain or box, optional
        A polyhedron with which X is intersected besides.
    slice : Slice, optional
        A line, plane, … of R^d with which X is intersected besides.
    coefficients : "Z", "Q", or a prime number, default "Z"
        As for `homology`.
    **options
        Options of `subdivide`.

    Returns
    -------
    InducedMap
        The matrices in all degrees, exact. `inner` and `outer` are sets of cells of one complex.

    Raises
    ------
    RegionError
        If a formula is wrong, or X is not a subset of Y.
    InputError
        If another argument is wrong, as `subdivide` raises it.
    LimitError
        If a limit of cells or memory is reached.
    VerificationError
        If a check of the result fails.

    Notes
    -----
    C(F) is refined by the zero sets of what the formulas compare with 0, of the inequalities of the inner domain and of
    the equations of the slice. If X is the part of an open set in a polyhedron, it is not open, and its open star
    stands for it: all cells of which a cell of X is a face. The inclusion of X in its open star is a homotopy
    equivalence, and the star lies in Y if Y is open; otherwise the order complex of X is used. Section 17 of
    docs/mathematics.md has the proofs.

    Examples
    --------
    The two components of {F ≥ 1} are in one component of {F ≥ 0}; a plane meets a ring in two pieces:

    >>> import polyrelu as pr
    >>> net = pr.from_expression("2 - |(|x| - 2)| - |y|", ["x", "y"])
    >>> pr.inclusion(net, "F >= 1", "F >= 0").matrix(0)
    ((1, 1),)
    >>> ring = pr.from_expression("1 - |(|x| + |y| - 2)|", ["x", "y"])
    >>> line = pr.inclusion(ring, "F > 0", "F > 0", slice=pr.Slice([[0, 0], [1, 0]]))
    >>> line
    InducedMap(H_0: Z^2 → Z, image Z; H_1: 0 → Z, image 0)
    >>> pr.inclusion(ring, "F > 0", "F > 0", inner_domain=[(0, 4), (-4, 4)]).image(1).is_trivial
    True
    """
    ring = read_coefficients(coefficients)
    if not isinstance(network, Network):
        raise InputError(f"inclusion: expected a Network, got {describe(network)}")
    formulas = [read_formula(inner), read_formula(outer)]
    for formula in formulas:
        formula.check_outputs(network.output_dim)
    inside = _constraints(network, inner_domain, slice)
    space, whole, found = on_slice(network, read_domain(domain, network))
    if inside is not None and found is not None:
        inside = found.restrict(inside)
    cx, masks, inside_mask = _cells(space, formulas, whole, inside, options)
    smaller, larger = (CellUnion(cx, mask) for mask in masks)
    if inside_mask is not None:
        part = CellUnion(cx, [a & b for a, b in zip(masks[0], inside_mask, strict=True)])
        check_subset(part, larger)
        star = part.open_star() if smaller.is_open and not part.is_open else part
        smaller = star if cell_outside(star, larger) is None else part
    return induced_map(smaller, larger, coefficients=ring, max_memory=options.get("max_memory"))


def _constraints(network: Network, inner_domain: Any, slice: Any) -> Domain | None:
    """The inner domain and the slice as one polyhedron; None if there is neither."""
    rows: list[tuple[Fraction, ...]] = []
    offsets: list[Fraction] = []
    if inner_domain is not None:
        part = read_domain(inner_domain, network)
        assert part is not None
        rows += part.a
        offsets += part.b
    if slice is not None:
        if not isinstance(slice, Slice):
            raise InputError(f"slice: expected a Slice, got {describe(slice)}")
        if slice.input_dim != (dim := network.input_dim):
            raise PointError(f"slice: its points have {slice.input_dim} coordinates, expected {dim}")
        for row, offset in slice.equations():
            rows += [row, tuple(-x for x in row)]
            offsets += [offset, -offset]
    return Domain(rows, offsets) if rows else None


def _cells(
    network: Network, formulas: list[Formula], domain: Domain | None, inside: Domain | None, options: Options
) -> tuple[PolyhedralComplex, list[list[np.ndarray]], list[np.ndarray] | None]:
    """The refined complex, the cells where each formula holds, and those in the inner polyhedron."""
    walls: dict[Row, int] = {}
    conditions: list[tuple[int, int]] = []  # (wall, the sign that its form has nowhere)
    empty = False
    if inside is not None:
        for a, b in zip(inside.a, inside.b, strict=True):
            if not any(a):
                empty |= b < 0
                continue
            row = primitive([b, *(-x for x in a)])
            side = 1 if next(x for x in row[1:] if x) > 0 else -1
            conditions.append((walls.setdefault(tuple(side * x for x in row), len(walls)), -side))
    n = network.output_dim
    both = network
    if walls:
        both = stack(network, Network([[row[1:] for row in walls]], [[row[0] for row in walls]]))
    forms = compared(formulas)
    all_forms = [*forms, *(Form(Fraction(0), ((n + j, Fraction(1)),)) for j in range(len(walls)))]
    cx, signs = subdivided(followed_by_forms(both, all_forms), None, domain, len(all_forms), options)
    low = cx.coordinates.lineality_dim
    by_dimension: list[list[Signs]] = signs if all_forms else [[] for _ in range(low, cx.input_dim + 1)]
    masks: list[list[np.ndarray]] = [[] for _ in formulas]
    found: list[np.ndarray] = []
    for k, own in enumerate(by_dimension, low):
        for mask, formula in zip(masks, formulas, strict=True):
            mask.append(formula.holds([own[forms.index(form)] for form in formula.forms], cx.n_cells(k)))
        inner = np.full(cx.n_cells(k), not empty)
        for wall, wrong in conditions:
            inner &= own[len(forms) + wall] != wrong
        found.append(inner)
    return cx, masks, None if inside is None else found
