"""Affine lines, planes and spaces through given points, with coordinates of their own."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from operator import mul, sub
from typing import Any, TypeVar

from polyrelu.errors import InputError, PointError
from polyrelu.exact.linear import independent_columns, null_space, solve
from polyrelu.exact.rational import describe, entries, exact_point
from polyrelu.network.network import Network

Point = tuple[Fraction, ...]
Restricted = TypeVar("Restricted", bound=Any)
"""A Network or a Domain."""


@dataclass(frozen=True, init=False, repr=False)
class Slice:
    """The smallest affine subspace of R^d through given points p_0, …, p_m, m ≥ 1, with coordinates t on it.

    The coordinates t = (t_1, …, t_m) denote the point p_0 + Σ t_i (p_i − p_0): p_0 is the origin and p_i the i-th unit
    vector. So a line needs two points, a plane three and a space four.

    Parameters
    ----------
    points : sequence of sequences of exact numbers
        The points p_0, …, p_m of R^d, affinely independent.

    Raises
    ------
    PointError
        If there are fewer than two points, they are not affinely independent, or have different dimensions.
    NumberError
        If a coordinate is not an exact number.

    Notes
    -----
    `restrict` is the network on the slice, a network on R^m with no rounding. The coordinates are an affine isomorphism
    from R^m to the slice, so that the regions have the same cells and the same topology as in the slice itself.

    Examples
    --------
    >>> import polyrelu as pr
    >>> diagonal = pr.Slice([[0, 0], [1, 1]])
    >>> diagonal.restrict(pr.maximum(2))(3), diagonal.point([3])
    (Fraction(3, 1), (Fraction(3, 1), Fraction(3, 1)))
    """

    points: tuple[Point, ...]

    def __init__(self, points: Any) -> None:
        object.__setattr__(self, "points", _read(points))

    @property
    def input_dim(self) -> int:
        """The dimension d of the space in which the slice lies."""
        return len(self.points[0])

    @property
    def dim(self) -> int:
        """The dimension m of the slice."""
        return len(self.points) - 1

    @property
    def directions(self) -> tuple[Point, ...]:
        """The vectors p_i − p_0, i = 1..m."""
        origin, *others = self.points
        return tuple(tuple(map(sub, p, origin)) for p in others)

    def restrict(self, network: Restricted) -> Restricted:
        """The network t ↦ F(point(t)) on R^m, or of a domain {t : point(t) lies in it}.

        PointError if the network or the domain has another dimension.
        """
        if not isinstance(network, Network) and not hasattr(type(network), "half_spaces"):
            raise InputError(f"slice: expected a Network or a Domain, got an object of type {type(network).__name__}")
        if network.input_dim != self.input_dim:
            what = "the network has" if isinstance(network, Network) else "the domain has"
            inputs = "inputs" if isinstance(network, Network) else "coordinates"
            raise PointError(
                f"slice: its points have {self.input_dim} coordinates, but {what} {network.input_dim} {inputs}"
            )
        restricted: Restricted = network.restrict(self.points[0], self.directions)
        return restricted

    def point(self, t: Any) -> Point:
        """The point of R^d with coordinates t (m exact numbers); PointError for another number of coordinates."""
        return self._sum(self.points[0], exact_point(t, self.dim, "slice coordinates"))

    def direction(self, t: Any) -> Point:
        """The direction of R^d for a direction t of the slice, such as a ray of a complex."""
        return self._sum((Fraction(0),) * self.input_dim, exact_point(t, self.dim, "slice direction"))

    def coordinates(self, x: Any) -> Point:
        """The coordinates t of a point x of the slice, `point(t) == x`; PointError if x does not lie on the slice."""
        target = exact_point(x, self.input_dim)
        shift = tuple(map(sub, target, self.points[0]))
        directions = self.directions
        kept = independent_columns(directions)
        found = solve([[v[j] for v in directions] for j in kept], [[shift[j]] for j in kept])
        t = tuple(row[0] for row in found)
        if self.point(t) != target:
            raise PointError("slice: the point does not lie on it")
        return t

    def equations(self) -> list[tuple[Point, Fraction]]:
        """Equations a · x = b whose common solutions are the points of the slice, as pairs (a, b)."""
        normals = (tuple(map(Fraction, row)) for row in null_space(self.directions, self.input_dim))
        return [(row, sum(map(mul, row, self.points[0]), Fraction(0))) for row in normals]

    def _sum(self, start: Point, t: Point) -> Point:
        columns = zip(*self.directions, strict=True)
        return tuple(
            sum((a * b for a, b in zip(t, column, strict=True)), x) for x, column in zip(start, columns, strict=True)
        )

    def __repr__(self) -> str:
        kind = {1: "line", 2: "plane", 3: "space"}.get(self.dim, f"{self.dim}-dimensional subspace")
        return f"Slice({kind} in R^{self.input_dim})"


def _read(points: Any) -> tuple[Point, ...]:
    items = entries(points, "points")
    if items is None or len(items) < 2:
        got = describe(points) if items is None else len(items)
        raise PointError(f"slice: expected at least two points, such as three for a plane, got {got}")
    first = entries(items[0], "point 1")
    d = 1 if first is None else len(first)
    if d == 0:
        raise PointError("slice: point 1 has no coordinates")
    found = tuple(exact_point(item, d, f"point {i}") for i, item in enumerate(items, 1))
    if len(found) > d + 1:
        raise PointError(f"slice: {len(found)} points of R^{d} are never affinely independent, at most {d + 1} are")
    for i in range(1, len(found)):
        if len(independent_columns([tuple(map(sub, p, found[0])) for p in found[1 : i + 1]])) < i:
            raise PointError(
                f"slice: the points must be affinely independent, but point {i + 1} lies in the affine hull of those "
                "before it"
            )
    return found
