"""Cycles as simplices in space: read, cut to the window and lifted to a graph, all exactly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np

from polyrelu.errors import InputError
from polyrelu.exact.floats import to_double
from polyrelu.exact.rational import describe
from polyrelu.network.network import Network
from polyrelu.plotting.geometry import Floats
from polyrelu.plotting.subject import CycleLike
from polyrelu.plotting.window import Window

Point = tuple[Fraction, ...]
Simplex = tuple[Point, ...]
Cycles = list[tuple[int, list[Simplex]]]
"""The degree k of every cycle, and its simplices of k + 1 points."""


def read_cycles(cycles: Iterable[CycleLike], d: int) -> Cycles:
    """The cycles of R^d that were given. InputError for anything else."""
    try:
        given = iter(cycles)  # one by one: the first invalid one ends an endless iterable
    except TypeError:
        raise InputError(f"cycles: expected a list of cycles, got {describe(cycles)}") from None
    return [_read_cycle(cycle, d) for cycle in given]


def _read_cycle(cycle: CycleLike, d: int) -> tuple[int, list[Simplex]]:
    try:
        k = cycle.degree
        simplices = [tuple(tuple(map(Fraction, point)) for point in simplex) for simplex, _ in cycle.pieces()]
    except (AttributeError, TypeError, ValueError):
        raise InputError(f"cycles: expected cycles of a region of R^{d}, got {type(cycle).__name__}") from None
    for simplex in simplices:
        if len(simplex) != k + 1:
            raise InputError(f"cycles: a simplex of degree {k} has {k + 1} points, got one of {len(simplex)}")
        for point in simplex:
            if len(point) != d:
                raise InputError(f"cycles: expected cycles of a region of R^{d}, got one of R^{len(point)}")
    return k, simplices


def corners(cycles: Cycles, d: int) -> Floats:
    """All vertices of cycles, one after another, in doubles: n × d."""
    return np.vstack([np.empty((0, d)), *(doubles(simplices).reshape(-1, d) for _, simplices in cycles)])


def doubles(simplices: list[Simplex]) -> Floats:
    """Simplices of R^d as an array n × (k + 1) × d."""
    return np.array([[[to_double(x) for x in point] for point in simplex] for simplex in simplices])


def cut(cycles: Cycles, window: Window) -> Cycles:
    """The part of cycles in the window, again as simplices; without the cycles that lie outside."""
    for axis, (low, high) in enumerate(window):
        for sign, bound in ((1, low), (-1, high)):
            cycles = [(k, [part for s in simplices for part in _half(s, axis, sign, bound)]) for k, simplices in cycles]
    return [(k, simplices) for k, simplices in cycles if simplices]


def _half(simplex: Simplex, axis: int, sign: int, bound: Fraction) -> Iterator[Simplex]:
    """The part of a simplex where sign · (x_axis − bound) ≥ 0.

    An edge across the hyperplane is divided where it meets it, and the simplex with it in two; each has fewer such
    edges.
    """
    heights = [sign * (point[axis] - bound) for point in simplex]
    i, j = (heights.index(extreme(heights)) for extreme in (min, max))
    if heights[i] >= 0:
        yield simplex
    elif heights[j] > 0:
        ratio = heights[j] / (heights[j] - heights[i])
        middle = tuple(b + ratio * (a - b) for a, b in zip(simplex[i], simplex[j], strict=True))
        for end in (i, j):
            yield from _half((*simplex[:end], middle, *simplex[end + 1 :]), axis, sign, bound)


def lifted(cycles: Cycles, network: Network) -> Cycles:
    """Every point x at (x, F(x)), for one output; on the graph of F, as F is affine on every simplex of a cycle."""
    return [(k, [tuple(_lifted(point, network) for point in s) for s in simplices]) for k, simplices in cycles]


def _lifted(point: Point, network: Network) -> Point:
    value = network(point)
    assert isinstance(value, Fraction)
    return (*point, value)
