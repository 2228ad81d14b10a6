"""Chains as simplices in space: areas and windings of what they enclose, and chains that are no cycles."""

from __future__ import annotations

import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.errors import VerificationError
from polyrelu.topology.realisation import Realisation

# F = |x| + |y| − 1: below zero is a square of area 2, cut into four triangles
DIAMOND = pr.Network([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 1, 1]]], [[0] * 4, [-1]])
COMPLEX = pr.subdivide(DIAMOND, 0, [(-2, 2)] * 2)
Loop = list[tuple[tuple[tuple[Fraction, ...], ...], int]]


def placed(relation: str, cx: Any = COMPLEX) -> Realisation:
    region = cx.region(relation)
    return Realisation(region, orientation_alike(region))


def orientation_alike(region: Any) -> np.ndarray:
    """The signs by which the d-cells of the region are oriented alike, component by component, by their facets."""
    cx, d = region.complex, region.complex.input_dim
    cells, signs = region.mask(d), np.zeros(region.complex.n_cells(d), np.int8)
    indptr, facets, incidence = cx.facets(d)
    beside: dict[int, list[tuple[int, int]]] = {}
    for i in np.flatnonzero(cells).tolist():
        for e in range(indptr[i], indptr[i + 1]):
            if region.mask(d - 1)[facets[e]]:
                beside.setdefault(int(facets[e]), []).append((i, int(incidence[e])))
    for start in np.flatnonzero(cells).tolist():
        stack = [] if signs[start] else [start]
        signs[start] = signs[start] or 1
        while stack:
            i = stack.pop()
            for pair in beside.values():
                if len(pair) == 2 and i in (pair[0][0], pair[1][0]):
                    (a, s), (b, t) = pair if pair[0][0] == i else pair[::-1]
                    assert a == i
                    if not signs[b]:
                        signs[b] = -s * t * signs[i]
                        stack.append(b)
    return signs


def area(loop: Loop) -> Fraction:
    """What a closed curve encloses, with sign."""
    return sum((c * (a[0] * b[1] - a[1] * b[0]) for (a, b), c in loop), Fraction(0)) / 2


def ends_cancel(loop: Loop) -> bool:
    total: dict[tuple[Fraction, ...], int] = {}
    for (a, b), c in loop:
        total[a], total[b] = total.get(a, 0) - c, total.get(b, 0) + c
    return not any(total.values())


def test_a_loop_around_a_square_encloses_it() -> None:
    signs = orientation_alike(COMPLEX.region("<"))
    indptr, facets, incidence = COMPLEX.facets(2)
    around: dict[int, int] = {}
    for i in np.flatnonzero(signs).tolist():
        for e in range(indptr[i], indptr[i + 1]):
            around[int(facets[e])] = around.get(int(facets[e]), 0) + int(signs[i]) * int(incidence[e])
    around = {c: v for c, v in around.items() if v}
    for relation in (">=", "<=", "="):
        loop = placed(relation).simplices(1, around)
        assert len(loop) == 4 and ends_cancel(loop) and abs(area(loop)) == 2


def test_a_dual_loop_in_the_open_outside_winds_once() -> None:
    """The edges from the square outwards, oriented alike: a cocycle of the plane without the square."""
    place = placed(">")
    (cycle,) = pr.homology(place.region).cycles(1)
    loop = place.simplices(1, cycle.cells)
    assert ends_cancel(loop) and loop
    assert all(place.region.contains([(a + b) / 2 for a, b in zip(*ends, strict=True)]) for ends, _ in loop)
    # crossings with the ray from the origin through (1, 1/7), which no end lies on
    winding = 0
    for (a, b), c in loop:
        s, t = (7 * p[1] - p[0] for p in (a, b))
        if (s < 0) != (t < 0):
            at = s / (s - t)
            if a[0] + at * (b[0] - a[0]) > 0:
                winding += c * (1 if s < 0 else -1)
    assert abs(winding) == 1


def test_what_has_a_boundary_is_refused() -> None:
    edge = int(COMPLEX.region("=").cells(1)[0])
    with pytest.raises(VerificationError, match="have a boundary"):
        placed("=").simplices(1, {edge: 1})
    (cycle,) = pr.homology(COMPLEX.region(">")).cycles(1)
    one = dict(list(cycle.cells.items())[:1])
    with pytest.raises(VerificationError, match="have a boundary"):
        placed(">").simplices(1, one)


def test_cells_that_are_not_oriented_alike() -> None:
    region = COMPLEX.region(">")
    (cycle,) = pr.homology(region).cycles(1)
    signs = orientation_alike(region)
    Realisation(region, signs).simplices(1, cycle.cells)
    signs[np.flatnonzero(signs)[0]] *= -1
    with pytest.raises(VerificationError, match="have a boundary"):
        Realisation(region, signs).simplices(1, cycle.cells)


def test_points_and_nothing() -> None:
    place = placed("=")
    vertex = int(COMPLEX.region("=").cells(0)[0])
    (((point,), coefficient),) = place.simplices(0, {vertex: 3})
    assert coefficient == 3 and abs(point[0]) + abs(point[1]) == 1
    assert place.simplices(1, {}) == [] == place.simplices(0, {vertex: 0})
    cell = int(COMPLEX.region("<").cells(2)[0])
    (((inner,), _),) = placed("<").simplices(0, {cell: 1})
    assert DIAMOND(inner) < 0


def test_dimensions_with_lineality() -> None:
    strip = pr.Network([[[1, 1, 0], [-1, -1, 0]], [[1, 1]]], [[0, 0], [-1]])  # |x + y| − 1 in R³
    cx = pr.subdivide(strip, 0)
    assert cx.lineality_dim == 2
    closed, opened = placed("=", cx), placed("<", cx)
    assert [closed.cell_dimension(k) for k in (0, 1)] == [2, 3]
    assert [opened.cell_dimension(k) for k in (0, 1)] == [3, 2]
    for i in cx.region("=").cells(2).tolist():
        (((point,), _),) = closed.simplices(0, {i: 1})
        assert strip(point) == 0 and all(point[j] == 0 for j in cx.dropped_coordinates)


def test_the_surface_of_an_octahedron_encloses_its_volume() -> None:
    sides = [[s if i == j else 0 for j in range(3)] for i in range(3) for s in (1, -1)]
    cx = pr.subdivide(pr.Network([sides, [[1] * 6]], [[0] * 6, [-1]]), 0, [(-2, 2)] * 3)
    (cycle,) = pr.homology(cx.region("=")).cycles(2)
    volume = Fraction(0)
    for (a, b, c), coefficient in placed("=", cx).simplices(2, cycle.cells):
        cross = (b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0])
        volume += coefficient * sum((x * y for x, y in zip(a, cross, strict=True)), Fraction(0)) / 6
    assert abs(volume) == Fraction(4, 3)


def test_pickling_keeps_what_is_needed() -> None:
    place = placed(">")
    (cycle,) = pr.homology(place.region).cycles(1)
    again = pickle.loads(pickle.dumps(place))
    assert again.simplices(1, cycle.cells) == place.simplices(1, cycle.cells)
