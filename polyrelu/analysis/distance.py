"""Distances of points from the decision boundary of a network, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, isqrt
from typing import Any, Unpack

import numpy as np

from polyrelu.errors import InputError, PointError, RegionError, VerificationError
from polyrelu.exact.floats import root, to_double
from polyrelu.exact.limits import memory_is_a_limit, read_flag, read_limit, read_progress
from polyrelu.exact.printing import BriefRepr
from polyrelu.exact.rational import describe, entries, exact, exact_point
from polyrelu.exact.shortest import Norm
from polyrelu.geometry.classes import classify
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.hull import check_nonempty, composed, on_slice
from polyrelu.geometry.nearest import Nearest, NearestPoints, Space
from polyrelu.geometry.representations import Point
from polyrelu.geometry.search import NearestBySearch
from polyrelu.geometry.subdivision import Options, read_domain, read_threads, subdivide
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice

NORMS: tuple[Norm, ...] = ("inf", 1, 2)
"""The norms L∞, L1 and L2."""


@dataclass(frozen=True, repr=False)
class BoundaryDistance(BriefRepr):
    """The distance of a point from the decision boundary, and where the boundary is nearest.

    `float(d)` is the double nearest to the distance, infinity if the boundary is empty.

    Attributes
    ----------
    point : tuple of Fraction
        The point x.
    norm : "inf", 1 or 2
        The norm.
    distance : Fraction or None
        The distance, exactly. None if the boundary is empty, or the distance is irrational, as it may be in L2.
    squared_distance : Fraction or None
        Its square, which is rational in all three norms. None if the boundary is empty.
    nearest : tuple of Fraction or None
        A nearest point of the boundary. Of several it is the one that is also the nearest in L2; of several of these,
        the first in lexicographic order. None if the boundary is empty.
    is_unique : bool or None
        Whether there is no other nearest point.
    side : int or None
        Of a network with one output the sign of F(x) − t: 1, 0 or −1.
    classes : tuple of int or None
        Of a network with several outputs those that are the largest at x.
    nearest_classes : tuple of int or None
        Those that are the largest at the nearest point: the class of x and one or more others.
    """

    point: Point
    norm: Norm
    distance: Fraction | None
    squared_distance: Fraction | None
    nearest: Point | None
    is_unique: bool | None
    side: int | None = None
    classes: tuple[int, ...] | None = None
    nearest_classes: tuple[int, ...] | None = None

    def __float__(self) -> float:
        if self.squared_distance is None:
            return inf
        return root(self.squared_distance) if self.distance is None else to_double(self.distance)


@memory_is_a_limit
def distance_to_boundary(
    network: Network,
    points: Any,
    level: Any = 0,
    domain: Domain | Sequence[Sequence[Any]] | None = None,
    *,
    norm: Any = "inf",
    target: int | None = None,
    plane: Slice | None = None,
    search: bool = False,
    **options: Unpack[Options],
) -> tuple[BoundaryDistance, ...]:
    """The exact distance of each point from the decision boundary, with the nearest point of the boundary.

    The boundary of a network with one output is {F = t}. That of a network with several outputs is the set where two
    or more of them are the largest, so that its nearest point is the nearest one at which another class wins or ties.

    Parameters
    ----------
    network : Network
        The network F.
    points : sequence of points
        The points, each of d exact numbers (for d = 1 bare numbers are allowed). They lie in the domain.
    level : exact number, default 0
        The level t, for a network with one output.
    domain : Domain or box, optional
        A polyhedron, bounded or not, flat or not: only its points count as points of the boundary. The default is R^d.
    norm : "inf", 1 or 2, default "inf"
        In which norm to measure: the largest absolute value of a coordinate, the sum of all, or the Euclidean norm.
    target : int, optional
        Of a network with several outputs: the distance from the closed region of this class, where its output is at
        least as large as every other. The default is that from any class but the point's own.
    plane : Slice, optional
        An affine subspace of R^d on which the points lie: only its points count. Points and distances are those of R^d.
    search : bool, default False
        Whether to search the regions around each point, the nearest first, in place of making a complex. This is for
        networks with many inputs, which have no complex that fits the memory, and takes the longer the more regions
        are nearer than the boundary. The answers are the same.
    **options
        Options of `subdivide`. For a search, `max_cells` is the maximum number of polyhedra for each point, and the
        others have no effect, except that `progress` is called with "points".

    Returns
    -------
    tuple of BoundaryDistance
        One for each point, in their order.

    Raises
    ------
    PointError
        If a point has another dimension, or lies outside the domain or off the plane.
    RegionError
        If a level is given for a network with several outputs, or a target for one with a single output; or there is
        no such class.
    InputError
        If an argument is wrong, as `subdivide` raises it.
    LimitError
        If a limit of cells or memory is reached. For a search, the message has a lower bound of the distance.

    Notes
    -----
    A coarse complex is made once for all points, unless there is a search. The boundary is the union of the polyhedra
    in which it meets the regions, and the nearest point of a polyhedron is the solution of a linear program (L∞ and L1)
    or a quadratic one (L2, by normal equations on a face). It is proposed in floating point, and accepted only with
    multipliers that prove it optimal in rational numbers. Polyhedra are passed over if a lower bound, rounded down,
    exceeds the least distance so far. docs/distance.md has the proofs.

    A point with F(x) = t, or at which several outputs are the largest, has distance 0, whether or not it is near points
    with other signs or classes. By continuity, {F = t} is as far from a point with F(x) > t as {F ≤ t}; and from a
    point outside its region, the closed region of the target is as far as the part of the boundary in it.

    References
    ----------
    D. Goldfarb, A. Idnani, "A numerically stable dual method for solving strictly convex quadratic programs",
    Mathematical Programming 27 (1983).

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 1, 1]]], [[0] * 4, [-1]])  # |x| + |y| − 1
    >>> found, = pr.distance_to_boundary(net, [[2, 1]])
    >>> found.distance, found.nearest, found.side
    (Fraction(1, 1), (Fraction(1, 1), Fraction(0, 1)), 1)
    >>> found, = pr.distance_to_boundary(net, [["1/2", "1/4"]], norm=2)
    >>> found.squared_distance, found.is_unique, round(float(found), 6)
    (Fraction(1, 32), True, 0.176777)
    """
    if not isinstance(network, Network):
        raise InputError(f"distance_to_boundary: expected a Network, got {describe(network)}")
    norm = read_norm(norm)
    t = exact(level, "level")
    _check_target(network, t, target)
    where = read_domain(domain, network)
    chosen = _read_points(points, network, where, plane)
    if read_flag(search, "search"):
        if where is not None and not chosen:
            check_nonempty(where)
        return _by_search(network, chosen, t, Space(network, where, plane), norm, target, options)
    part, part_domain = network, where
    if plane is not None:
        part, part_domain = plane.restrict(network), None if where is None else plane.restrict(where)
    part, part_domain, flat = on_slice(part, part_domain)
    space = Space(network, where, composed(plane, flat))
    if network.output_dim == 1:
        near = NearestPoints(subdivide(part, t, part_domain, coarse=True, **options), space, norm, None)
    else:
        near = NearestPoints(classify(part, part_domain, coarse=True, **options), space, norm, target)
    return tuple(_distance(network, t, near, x, norm, target) for x in chosen)


def _by_search(
    network: Network,
    points: list[Point],
    level: Fraction,
    space: Space,
    norm: Norm,
    target: int | None,
    options: Options,
) -> tuple[BoundaryDistance, ...]:
    """The answers of `distance_to_boundary` by a search around each point."""
    limit, progress = options.get("max_cells"), options.get("progress")
    read_limit(limit, "max_cells")
    read_limit(options.get("max_memory"), "max_memory")
    read_threads(options.get("threads", 1))
    read_progress(progress)
    near = NearestBySearch(space, norm, level, target, limit)
    found = []
    for i, x in enumerate(points):
        if progress is not None:
            progress("points", i, len(points))
        found.append(_distance(network, level, near, x, norm, target))
    return tuple(found)


def read_norm(norm: object) -> Norm:
    """The norm itself; InputError unless it is one of `NORMS` (or an infinite float)."""
    if isinstance(norm, (float, np.floating)) and norm == inf:
        return "inf"
    if isinstance(norm, bool) or not isinstance(norm, (str, int)) or norm not in NORMS:
        raise InputError(f'norm: expected "inf", 1 or 2, got {describe(norm)}')
    return norm


def _check_target(network: Network, level: Fraction, target: object) -> None:
    n = network.output_dim
    if n == 1:
        if target is not None:
            raise RegionError("target: the network has one output, and classes compare several; give a level")
        return
    if level:
        raise RegionError(
            f"level: the network has {n} outputs, a level set needs one; choose with network.output(i) or "
            "network.difference(i, j)"
        )
    if target is not None and (
        isinstance(target, bool) or not isinstance(target, (int, np.integer)) or not 0 <= target < n
    ):
        raise RegionError(f"target: expected the number of a class, from 0 to {n - 1}, got {describe(target)}")


def _read_points(points: object, network: Network, domain: Domain | None, plane: Slice | None) -> list[Point]:
    items = entries(points, "points")
    if items is None:
        raise PointError(f"points: expected a sequence of points, got {describe(points)}")
    if plane is not None and not isinstance(plane, Slice):
        raise InputError(f"plane: expected a Slice, got {describe(plane)}")
    found = [exact_point(item, network.input_dim, f"point {i}") for i, item in enumerate(items, 1)]
    for i, x in enumerate(found, 1):
        if domain is not None and not domain.contains(x):
            check_nonempty(domain)
            raise PointError(f"point {i}: lies outside the domain")
        if plane is not None:
            try:
                plane.coordinates(x)
            except PointError:
                raise PointError(f"point {i}: does not lie on the plane") from None
    return found


def _distance(
    network: Network,
    level: Fraction,
    near: NearestPoints | NearestBySearch,
    x: Point,
    norm: Norm,
    target: int | None,
) -> BoundaryDistance:
    """The distance of one point; what is found is on the boundary, by evaluation."""
    side = _side(network, level, x)
    inside = side == 0 or (isinstance(side, tuple) and (len(side) > 1 if target is None else target in side))
    found = Nearest(x, Fraction(0), True) if inside else near(x)
    at_x = {"side": side} if isinstance(side, int) else {"classes": side}
    if found is None:
        return BoundaryDistance(x, norm, None, None, None, None, **at_x)
    there = _side(network, level, found.point)
    if not inside and (there if isinstance(there, int) else len(there) < 2):
        raise VerificationError("distance: a point that was found does not lie on the decision boundary")
    distance = found.value if norm != 2 else _root(found.value)
    squared = found.value if norm == 2 else found.value**2
    at_nearest = None if isinstance(there, int) else there
    return BoundaryDistance(
        x, norm, distance, squared, found.point, found.is_unique, **at_x, nearest_classes=at_nearest
    )


def _side(network: Network, level: Fraction, x: Point) -> int | tuple[int, ...]:
    """The sign of F(x) − t, or the largest outputs at x."""
    values = network(x)
    if not isinstance(values, tuple):
        return (values > level) - (values < level)
    most = max(values)
    return tuple(i for i, value in enumerate(values) if value == most)


def _root(square: Fraction) -> Fraction | None:
    """The root of a rational number if it is rational."""
    p, q = isqrt(square.numerator), isqrt(square.denominator)
    return Fraction(p, q) if p * p == square.numerator and q * q == square.denominator else None
