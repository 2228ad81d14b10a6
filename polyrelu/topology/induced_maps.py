"""The homomorphisms of homology groups that inclusions of sets of cells induce."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from polyrelu.errors import InputError, RegionError, VerificationError
from polyrelu.exact.limits import memory_is_a_limit, read_limit
from polyrelu.exact.rational import describe
from polyrelu.geometry.region import CellSet, cell_outside
from polyrelu.immutable import Immutable
from polyrelu.markup import table
from polyrelu.topology.abelian_groups import AbelianGroup, Parts, Solver, parts
from polyrelu.topology.basis import HomologyBasis
from polyrelu.topology.coefficients import Coefficients, read_coefficients, symbol
from polyrelu.topology.groups import Homology, homology_groups, read_degree
from polyrelu.topology.inclusion_models import Joined, Model, SameKind, model

Matrix = tuple[tuple[int, ...], ...]


class InducedMap(Immutable):
    """The homomorphism H_k(X) → H_k(Y) in every degree k that an inclusion X ⊂ Y induces. Immutable.

    `induced_map` and `inclusion` make it. Matrices are exact. They refer to bases of the groups of X and of Y, which
    are those of `homology_basis` where that is offered, that is, for open and for closed sets: a column for each cycle
    of the basis of X, a row for each coordinate in that of Y, those of infinite order first.

    Attributes
    ----------
    inner, outer : CellSet
        The sets X and Y. For the part of an open set in a smaller domain or a slice `inclusion` may have an open set
        around it here, of which X is a deformation retract.
    source, target : Homology
        Their homology.
    source_basis, target_basis : HomologyBasis
        The bases. `source_basis.cycles(k)[j]` is the cycle of column j.
    """

    __slots__ = ("_matrices", "inner", "outer", "source_basis", "target_basis")

    inner: CellSet
    outer: CellSet
    source_basis: HomologyBasis
    target_basis: HomologyBasis
    _matrices: tuple[Matrix, ...]

    def __init__(
        self,
        inner: CellSet,
        outer: CellSet,
        source_basis: HomologyBasis,
        target_basis: HomologyBasis,
        matrices: tuple[Matrix, ...],
    ) -> None:
        """For `induced_map` only."""
        self._put(inner=inner, outer=outer, source_basis=source_basis, target_basis=target_basis)
        self._put(_matrices=matrices)

    @property
    def source(self) -> Homology:
        """The homology of X."""
        return _padded(self.source_basis.homology, len(self._matrices))

    @property
    def target(self) -> Homology:
        """The homology of Y."""
        return _padded(self.target_basis.homology, len(self._matrices))

    @property
    def coefficients(self) -> Coefficients:
        """The coefficients: "Z", "Q", or p for the field of p elements."""
        return self.source_basis.coefficients

    def matrix(self, degree: int) -> Matrix:
        """The matrix of the homomorphism in a degree, by rows.

        Parameters
        ----------
        degree : int
            The degree k, from 0 to d − 1.

        Returns
        -------
        tuple of tuples of int
            The entry in row i and column j is coordinate i of the image of the cycle j. Coordinates in Z/m are from 0
            to m − 1, those in the field of p elements from 0 to p − 1. There are no rows if the group of Y is 0.

        Raises
        ------
        InputError
            If it is no degree.
        """
        return self._matrices[read_degree(self.source, degree, "matrix")]

    def source_group(self, degree: int) -> AbelianGroup:
        """H_k(X) for a degree. InputError if it is no degree."""
        return _group(self.source, read_degree(self.source, degree, "degree"))

    def target_group(self, degree: int) -> AbelianGroup:
        """H_k(Y) for a degree. InputError if it is no degree."""
        return _group(self.target, read_degree(self.target, degree, "degree"))

    def rank(self, degree: int) -> int:
        """The rank of the image in a degree; over a field its dimension. InputError if it is no degree."""
        return self.image(degree).rank

    def kernel(self, degree: int) -> AbelianGroup:
        """The kernel in a degree, up to isomorphism. InputError if it is no degree."""
        return self._parts(degree).kernel

    def image(self, degree: int) -> AbelianGroup:
        """The image in a degree, up to isomorphism. InputError if it is no degree."""
        return self._parts(degree).image

    def cokernel(self, degree: int) -> AbelianGroup:
        """The cokernel in a degree, up to isomorphism. InputError if it is no degree."""
        return self._parts(degree).cokernel

    def is_injective(self, degree: int | None = None) -> bool:
        """Whether it is injective in a degree, or in all. InputError if it is no degree."""
        return all(self.kernel(k).is_trivial for k in self._degrees(degree))

    def is_surjective(self, degree: int | None = None) -> bool:
        """Whether it is surjective in a degree, or in all. InputError if it is no degree."""
        return all(self.cokernel(k).is_trivial for k in self._degrees(degree))

    def is_isomorphism(self, degree: int | None = None) -> bool:
        """Whether it is an isomorphism in a degree, or in all. InputError if it is no degree."""
        return self.is_injective(degree) and self.is_surjective(degree)

    def after(self, first: InducedMap) -> InducedMap:
        """The composite of two maps, this one after another: that of X ⊂ Z for X ⊂ Y and Y ⊂ Z.

        Parameters
        ----------
        first : InducedMap
            The map that comes first, whose target is the source of this one.

        Returns
        -------
        InducedMap
            The map with the products of the matrices.

        Raises
        ------
        InputError
            If the target of the first is not the source of this one, or the coefficients differ.
        """
        if not isinstance(first, InducedMap):
            raise InputError(f"after: expected an InducedMap, got {describe(first)}")
        if first.coefficients != self.coefficients:
            raise InputError(f"after: coefficients {symbol(first.coefficients)} and {symbol(self.coefficients)} differ")
        if not _same(first.outer, self.inner):
            raise InputError("after: the larger set of the first map is not the smaller set of the second")
        matrices = []
        for k, (left, right) in enumerate(zip(self._matrices, first._matrices, strict=True)):
            width = range(len(orders_of(first.source, k)))
            product = [[sum(x * right[i][j] for i, x in enumerate(row)) for j in width] for row in left]
            matrices.append(_reduced(product, orders_of(self.target, k)))
        return InducedMap(first.inner, self.outer, first.source_basis, self.target_basis, tuple(matrices))

    def _parts(self, degree: int) -> Parts:
        k = read_degree(self.source, degree, "degree")
        return parts(self._matrices[k], orders_of(self.source, k), orders_of(self.target, k), self.coefficients)

    def _degrees(self, degree: int | None) -> Sequence[int]:
        return range(len(self._matrices)) if degree is None else [read_degree(self.source, degree, "degree")]

    def __reduce__(self) -> tuple[Any, ...]:
        return InducedMap, (self.inner, self.outer, self.source_basis, self.target_basis, self._matrices)

    def __repr__(self) -> str:
        degrees = (
            f"H_{k}: {self.source_group(k)} → {self.target_group(k)}, image {self.image(k)}"
            for k in range(len(self._matrices))
        )
        return f"InducedMap({'; '.join(degrees)})"

    def _repr_html_(self) -> str:
        groups = (self.source_group, self.target_group, self.kernel, self.image, self.cokernel)
        rows = ((k, *(str(group(k)) for group in groups)) for k in range(len(self._matrices)))
        return table("Induced map", ["degree", "source", "target", "kernel", "image", "cokernel"], rows)


@memory_is_a_limit
def induced_map(
    inner: CellSet, outer: CellSet, *, coefficients: Coefficients = "Z", max_memory: int | None = None
) -> InducedMap:
    """The homomorphism of homology groups that the inclusion of one set of cells in another induces.

    Parameters
    ----------
    inner : CellSet
        The smaller set X: a Region, the region of a class, a FormulaRegion, a CellUnion.
    outer : CellSet
        The larger set Y, in the same complex. Sets of two levels are made by `refine`; see `inclusion`.
    coefficients : "Z", "Q", or a prime number, default "Z"
        As for `homology`.
    max_memory : int, optional
        The maximum number of bytes for each Smith form after the reductions, if it is large. The default is the free
        memory.

    Returns
    -------
    InducedMap
        The matrices in all degrees, exact.

    Raises
    ------
    InputError
        If these are no sets of cells, or no coefficients.
    RegionError
        If they belong to different complexes, or the first is not a subset of the second.
    LimitError
        If a complex would be too large, or the memory does not suffice.
    VerificationError
        If a check of the result fails.

    Notes
    -----
    Two open sets, or two closed ones, have chain complexes one of which is a part of the other. Otherwise both are
    parts of a third complex P, spanned by their generators and by joins of these, such that the larger set and P have
    the same homology; the matrix is that of H(X) → H(P) followed by the inverse of H(Y) → H(P), which is verified to be
    an isomorphism each time. Section 17 of docs/mathematics.md has the proofs.

    Examples
    --------
    The circle F = 0 in the annulus F ≥ 0 around it, and one of its two boundary curves in the annulus:

    >>> import polyrelu as pr
    >>> net = pr.Network([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 1, 1]]], [[0] * 4, [0]])  # F = |x| + |y|
    >>> rings = pr.refine(net, ["1 <= F <= 2", "F = 1", "F <= 2"])
    >>> annulus, circle, disk = (rings.region(text) for text in ("1 <= F <= 2", "F = 1", "F <= 2"))
    >>> pr.induced_map(circle, annulus).matrix(0), abs(pr.induced_map(circle, annulus).matrix(1)[0][0])
    (((1,),), 1)
    >>> pr.induced_map(circle, disk)
    InducedMap(H_0: Z → Z, image Z; H_1: Z → 0, image 0)
    """
    ring = read_coefficients(coefficients)
    read_limit(max_memory, "max_memory")
    for name, region in (("inner", inner), ("outer", outer)):
        if not isinstance(region, CellSet):
            raise InputError(f"{name}: expected a Region or another set of cells, got {describe(region)}")
    check_subset(inner, outer)
    smaller, larger = model(inner, ring, max_memory), model(outer, ring, max_memory)
    return InducedMap(inner, outer, smaller.basis, larger.basis, _matrices(smaller, larger, max_memory))


def check_subset(inner: CellSet, outer: CellSet) -> None:
    """RegionError unless both are sets of cells of one complex, and the first is a subset of the second."""
    cx = inner.complex
    if outer.complex is not cx:
        raise RegionError(
            "inner, outer: they belong to different complexes; refine(network, formulas) makes one, and "
            "inclusion(network, inner, outer) does all of it"
        )
    if (beyond := cell_outside(inner, outer)) is not None:
        k, i = beyond
        point = ", ".join(map(str, cx.interior_point(k, i)))
        where = f"({point})" if len(point) < 120 else f"in cell {i} of dimension {k}"
        raise RegionError(f"inner: not a subset of outer, which does not contain the point {where}")


def _matrices(inner: Model, outer: Model, max_memory: int | None) -> tuple[Matrix, ...]:
    d = inner.region.complex.input_dim
    source, target = _padded(inner.basis.homology, d), _padded(outer.basis.homology, d)
    if inner.kind == outer.kind:
        same = SameKind(inner, outer)
        return tuple(
            _columns(
                [_coordinates(outer.basis, same(z, k), k) for z in _cycles(inner.basis, k)], orders_of(target, k)
            )
            for k in range(d)
        )
    lower, upper = (inner, outer) if _is_lower(inner, outer) else (outer, inner)
    joined = Joined(lower, upper)
    groups = homology_groups(joined.complex, max_memory)
    basis = HomologyBasis(joined.complex, groups, inner.basis.coefficients)
    found: list[Matrix] = []
    for k in range(d):
        between = orders_of(_padded(basis.homology, d), k)
        if between != orders_of(target, k):
            raise VerificationError(f"degree {k}: the joins change the homology of the larger set")
        if not orders_of(source, k) or not between:
            found.append(tuple(() for _ in between))
            continue
        one, other = (
            [_coordinates(basis, joined.embedded(part, z, k), k) for z in _cycles(part.basis, k)]
            for part in (inner, outer)
        )
        inverse = Solver(_columns(other, between), between, inner.basis.coefficients)
        found.append(_columns([inverse(column) for column in one], between))
    return tuple(found)


def _is_lower(inner: Model, outer: Model) -> bool:
    """Whether the smaller of two sets of different kinds is the lower one: closed ones are below, open ones above."""
    rank = {"closed": 0, "neither": 1, "open": 2}
    return rank[inner.kind] < rank[outer.kind]


def orders_of(groups: Homology, degree: int) -> list[int]:
    """The orders of the cyclic summands of a group, 0 for Z and over Q, p over the field of p elements."""
    p = groups.coefficients if isinstance(groups.coefficients, int) else 0
    return [p] * groups.betti[degree] + list(groups.torsion[degree])


def _cycles(basis: HomologyBasis, degree: int) -> list[dict[int, int]]:
    if degree >= len(basis.homology.betti):
        return []
    return [z.coefficients for z in basis.cycles(degree)]


def _coordinates(basis: HomologyBasis, chain: dict[int, int], degree: int) -> list[int]:
    if degree >= len(basis.homology.betti):
        return []
    found = basis.coordinates(chain, degree)
    return [*found.free, *found.torsion]


def _columns(columns: Sequence[Sequence[int]], orders: Sequence[int]) -> Matrix:
    """The matrix with these columns, modulo the orders of its rows."""
    return _reduced([[column[i] for column in columns] for i in range(len(orders))], orders)


def _reduced(rows: Sequence[Sequence[int]], orders: Sequence[int]) -> Matrix:
    return tuple(tuple(x % m if m else x for x in row) for row, m in zip(rows, orders, strict=True))


def _padded(groups: Homology, d: int) -> Homology:
    """The same groups in degrees 0..d − 1; there are no others."""
    if any(groups.betti[d:]) or any(groups.torsion[d:]):
        raise VerificationError(f"no set of cells in R^{d} has this homology: {groups}")
    betti, torsion = (groups.betti + (0,) * d)[:d], (groups.torsion + ((),) * d)[:d]
    return Homology(betti, torsion, groups.coefficients)


def _group(groups: Homology, degree: int) -> AbelianGroup:
    return AbelianGroup(groups.betti[degree], groups.torsion[degree], groups.coefficients)


def _same(a: CellSet, b: CellSet) -> bool:
    """Whether two sets consist of the same cells of one complex."""
    if a is b:
        return True
    cx = a.complex
    low = cx.coordinates.lineality_dim
    return (
        b.complex is cx
        and (a.is_open, a.is_closed) == (b.is_open, b.is_closed)
        and all(np.array_equal(a.mask(k), b.mask(k)) for k in range(low, cx.input_dim + 1))
    )
