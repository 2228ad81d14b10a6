"""The domain of a network: a polyhedron to which the input space is restricted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from polyrelu.errors import DomainError, LimitError, PointError
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import describe, entries, exact_matrix, exact_point, exact_vector, primitive
from polyrelu.geometry.generators import dual_generators
from polyrelu.immutable import Immutable

MAX_BOX = 5 * 10**7
"""Maximum number of entries in the matrix A of a box."""


class Domain(Immutable):
    """The closed polyhedron {x : A x ≤ b} with rational A and b, bounded or unbounded. Immutable.

    It may be flat: coordinates that are fixed, equations, inequalities that leave no interior points. That is decided
    exactly. A flat domain spans a slice (`polyrelu.geometry.hull.spanned_slice`), in which it has interior points: all
    functions restrict the network to it, and complexes are in its coordinates (`PolyhedralComplex.slice`). Domains that
    are empty or a single point raise DomainError, with a proof or the point.

    Parameters
    ----------
    a : array_like of exact numbers, m × d
        The matrix A: one row for each inequality.
    b : array_like of exact numbers, length m
        The right-hand sides.

    Raises
    ------
    NumberError
        If an entry is not an exact number.
    DomainError
        If the shapes of A and b do not match, or A has no rows or no columns.

    See Also
    --------
    Domain.box : A box given by its bounds.

    Examples
    --------
    >>> import polyrelu as pr
    >>> triangle = pr.Domain([[-1, 0], [0, -1], [1, 1]], [0, 0, 1])  # x ≥ 0, y ≥ 0, x + y ≤ 1
    >>> triangle.contains([0, "1/2"])
    True
    """

    __slots__ = ("_a", "_b", "_dim", "_units")

    _a: tuple[tuple[Fraction, ...], ...]
    _b: tuple[Fraction, ...]
    _dim: int
    _units: tuple[str, ...]

    def __init__(self, a: Any, b: Any) -> None:
        rows = exact_matrix(a, "domain matrix A")
        offsets = exact_vector(b, "domain vector b")
        if not rows or not rows[0]:
            raise DomainError("domain matrix A: expected at least one row and one column (no domain is domain=None)")
        if len(rows) != len(offsets):
            raise DomainError(f"domain: A has {len(rows)} rows, but b has {len(offsets)} entries")
        self._set(len(rows[0]), rows, offsets)

    def _set(self, dim: int, rows: tuple[tuple[Fraction, ...], ...], offsets: tuple[Fraction, ...]) -> None:
        self._put(_dim=dim, _a=rows, _b=offsets, _units=())

    @classmethod
    def box(cls, lower: Sequence[Any], upper: Sequence[Any]) -> Domain:
        """The box lower ≤ x ≤ upper.

        Parameters
        ----------
        lower, upper : sequence of exact numbers, length d
            The bounds of each coordinate. None, or an infinite float of the right sign, leaves the coordinate unbounded
            on that side.

        Returns
        -------
        Domain
            The box, with one inequality for each finite bound.

        Raises
        ------
        DomainError
            If the numbers of bounds differ or are zero, or a lower bound is above the upper one: the box is empty then,
            as the error's `certificate` proves. Equal bounds make a flat box.
        LimitError
            If the matrix of the inequalities would have more than `MAX_BOX` entries.

        Examples
        --------
        >>> import polyrelu as pr
        >>> pr.Domain.box([0, 0], [1, None])
        Domain(3 half-spaces in dimension 2)
        """
        for bounds, name in ((lower, "lower"), (upper, "upper")):
            try:
                len(bounds)
                iter(bounds)
            except Exception:  # whatever a foreign type raises
                raise DomainError(f"box: expected a sequence of {name} bounds, got {describe(bounds)}") from None
        if len(lower) != len(upper) or len(lower) == 0:
            raise DomainError(f"box: expected as many lower as upper bounds, got {len(lower)} and {len(upper)}")
        if 2 * len(lower) ** 2 > MAX_BOX:
            raise LimitError(
                f"box: in {len(lower)} dimensions its {2 * len(lower)} inequalities are {2 * len(lower) ** 2} numbers, "
                f"more than {MAX_BOX}; a slice of fewer dimensions (Slice.restrict) needs fewer"
            )
        zeros = (Fraction(0),) * len(lower)
        rows: list[tuple[Fraction, ...]] = []
        offsets: list[Fraction] = []
        empty = ""
        contradiction: tuple[int, int] = (0, 0)
        for i, (low, high) in enumerate(zip(lower, upper, strict=True)):
            least = _bound(low, -math.inf, f"box, lower bound {i + 1}")
            most = _bound(high, math.inf, f"box, upper bound {i + 1}")
            if least is not None and most is not None and least > most and not empty:
                empty = f"coordinate {i + 1}: the lower bound {brief(least)} is above the upper {brief(most)}"
                contradiction = len(rows), len(rows) + 1
            for bound, side in ((most, 1), (least, -1)):
                if bound is not None:
                    rows.append((*zeros[:i], Fraction(side), *zeros[i + 1 :]))
                    offsets.append(side * bound)
        if empty:
            certificate = tuple(Fraction(int(i in contradiction)) for i in range(len(rows)))
            raise DomainError(f"box, {empty}; the box is empty", certificate=certificate)
        box = cls.__new__(cls)
        box._set(len(lower), tuple(rows), tuple(offsets))
        return box

    @classmethod
    def hull(cls, points: Any, rays: Any = ()) -> Domain:
        """The polyhedron with given generators: the convex hull of points plus the cone of rays (V-representation).

        Parameters
        ----------
        points : sequence of sequences of exact numbers
            At least one point of R^d.
        rays : sequence of sequences of exact numbers, optional
            Directions in which the polyhedron is unbounded; a ray and its opposite are a line.

        Returns
        -------
        Domain
            The polyhedron: an inequality for each facet, and two for each equation if it is flat.

        Raises
        ------
        DomainError
            If there are no points, or the polyhedron is all of R^d, for which there is no inequality.
        PointError
            If a point or a ray has another dimension than the first point.
        LimitError
            If there are too many facets (`polyrelu.geometry.generators.MAX_PAIRS`).

        Notes
        -----
        x lies in the polyhedron iff (1, x) lies in the cone that (1, p) and (0, r) generate for points p and rays r;
        the dual of this cone consists of the inequalities (Minkowski and Weyl).

        Examples
        --------
        >>> import polyrelu as pr
        >>> pr.Domain.hull([[0, 0], [2, 0], [0, 2], [1, 1]])
        Domain(3 half-spaces in dimension 2)
        """
        given, directions = entries(points, "points"), entries(rays, "rays")
        if not given:
            raise DomainError(f"hull: expected a sequence of points, at least one, got {describe(points)}")
        if directions is None:
            raise DomainError(f"hull: expected a sequence of rays, got {describe(rays)}")
        first = entries(given[0], "point 1")
        if not first:
            raise DomainError(f"hull: expected points of at least one coordinate, got {describe(given[0])}")
        d = len(first)
        generators = [(Fraction(1), *exact_point(p, d, f"point {i}")) for i, p in enumerate(given, 1)]
        generators += [(Fraction(0), *exact_point(r, d, f"ray {i}")) for i, r in enumerate(directions, 1)]
        lines, extreme = dual_generators(generators)
        found = [*lines, *(tuple(-x for x in line) for line in lines), *extreme]
        rows = [row for row in found if any(row[1:])]  # without 0 ≤ 1
        if not rows:
            raise DomainError("hull: the polyhedron is the whole space, for which the domain is None")
        return cls([[-x for x in row[1:]] for row in rows], [row[0] for row in rows])

    @property
    def a(self) -> tuple[tuple[Fraction, ...], ...]:
        """The matrix A by rows, m × d."""
        return self._a

    @property
    def b(self) -> tuple[Fraction, ...]:
        """The right-hand sides b, a vector of length m."""
        return self._b

    @property
    def input_dim(self) -> int:
        """The dimension d of the space in which the domain lies."""
        return self._dim

    @property
    def units(self) -> tuple[str, ...]:
        """The units of the coordinates, as in `Network.units`; empty if they are unknown.

        A network whose units are known can be subdivided only over a domain in the same or in unknown units.
        """
        return self._units

    def in_units(self, units: tuple[str, ...]) -> Domain:
        """The same polyhedron with the given units. Units do not affect equality."""
        domain = Domain.__new__(Domain)
        domain._set(self._dim, self._a, self._b)
        domain._put(_units=units)
        return domain

    def restrict(self, origin: Any, directions: Any) -> Domain:
        """The domain {t : origin + Σ t_i directions[i] lies in this one} in R^m, an inequality for each of A x ≤ b.

        `origin` is a point of R^d and `directions` are m ≥ 1 vectors, as for `Network.restrict`; PointError for others.
        """
        base = exact_point(origin, self._dim, "origin")
        items = entries(directions, "directions")
        if not items:
            raise PointError(f"directions: expected at least one vector of length {self._dim}, got {describe(items)}")
        vectors = [exact_point(item, self._dim, f"direction {i}") for i, item in enumerate(items, 1)]
        domain = Domain.__new__(Domain)
        rows = tuple(tuple(_dot(row, v) for v in vectors) for row in self._a)
        domain._set(len(vectors), rows, tuple(b - _dot(row, base) for row, b in zip(self._a, self._b, strict=True)))
        return domain

    def contains(self, x: Any) -> bool:
        """Whether the point x (d exact numbers) lies in the closed domain."""
        point = exact_point(x, self._dim)
        return all(
            sum((p * q for p, q in zip(row, point, strict=True)), Fraction(0)) <= offset
            for row, offset in zip(self._a, self._b, strict=True)
        )

    def half_spaces(self) -> tuple[tuple[int, ...], ...]:
        """The half-spaces b − A x ≥ 0 as primitive integer rows (b, −A), without duplicates and trivial inequalities.

        Raises
        ------
        DomainError
            If there is a row 0 · x ≤ b with b < 0, which no point satisfies.
        """
        rows: dict[tuple[int, ...], None] = {}
        for i, (row, offset) in enumerate(zip(self._a, self._b, strict=True), 1):
            if any(row):
                rows[primitive([offset, *(-x for x in row)])] = None
            elif offset < 0:
                certificate = tuple(Fraction(int(i == k)) for k in range(1, len(self._b) + 1))
                raise DomainError(
                    f"domain row {i}: 0 ≤ {brief(offset)} holds for no point; the domain is empty",
                    certificate=certificate,
                )
        return tuple(rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Domain) and (self._a, self._b, self._dim) == (other._a, other._b, other._dim)

    def __hash__(self) -> int:
        return hash((self._a, self._b, self._dim))

    def __repr__(self) -> str:
        return f"Domain({len(self._a)} half-spaces in dimension {self._dim})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickle, (self._dim, self._a, self._b, self._units)


def _unpickle(
    dim: int, a: tuple[tuple[Fraction, ...], ...], b: tuple[Fraction, ...], units: tuple[str, ...] = ()
) -> Domain:
    domain = Domain.__new__(Domain)
    domain._set(dim, a, b)
    return domain.in_units(units)


def _dot(row: Sequence[Fraction], x: Sequence[Fraction]) -> Fraction:
    return sum((p * q for p, q in zip(row, x, strict=True) if p), Fraction(0))


def _bound(value: Any, infinite: float, where: str) -> Fraction | None:
    if value is None or (isinstance(value, float) and value == infinite):
        return None
    return exact_vector([value], where)[0]
