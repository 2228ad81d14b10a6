"""Cycles are cut to the window and lifted to the graph, exactly."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.plotting.cycles import cut
from polyrelu.plotting.scene import make_scene
from support.plots import HOLLOW, PUNCTURED, Point, annulus, l1_norm, legend, sign, twice_area
from support.strategies import examples


def test_cycles_are_cut_to_a_given_window():
    # the loop (±1, ±1) in the window [−1/2, 2]²: two segments of length 3/2 each; the rest of it lies outside
    loop = pr.homology(PUNCTURED).cycles(1)
    ((_, segments),) = make_scene(PUNCTURED, {}, cycles=loop, window=(Fraction(-1, 2), 2)).cycles
    assert np.abs(segments).max() == 1 and segments.min() == -0.5
    assert np.linalg.norm(segments[:, 1] - segments[:, 0], axis=1).sum() == 3
    assert make_scene(PUNCTURED, {}, cycles=loop, window=(Fraction(-1, 2), Fraction(1, 2))).cycles == ()
    sphere = pr.homology(HOLLOW).cycles(2)
    scene = make_scene(HOLLOW, {}, cycles=sphere, window=(Fraction(-1, 2), 2))
    ((_, triangles),) = scene.cycles
    assert np.abs(triangles).max() == 1 and triangles.min() == -0.5
    areas = np.linalg.norm(np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]), axis=1) / 2
    assert areas.sum() == pytest.approx(3 * 1.5**2)  # of the cube [−1, 1]³ three faces


@given(st.lists(st.tuples(*[st.fractions(-3, 3, max_denominator=9)] * 2), min_size=3, max_size=3))
@examples(20)
def test_a_cut_triangle_is_its_part_in_the_window(points):
    window = ((Fraction(-1), Fraction(2)), (Fraction(0), Fraction(1)))
    parts = [part for _, simplices in cut([(2, [tuple(points)])], window) for part in simplices]
    assert all(low <= x <= high for part in parts for p in part for x, (low, high) in zip(p, window, strict=True))
    turn = sign(twice_area(points))
    assert all(sign(twice_area(list(part))) in (turn, 0) for part in parts)
    clipped = points
    for axis, (low, high) in enumerate(window):
        for s, bound in ((1, low), (-1, high)):
            clipped = half(clipped, lambda p, a=axis, s=s, b=bound: s * (p[a] - b))
    area = twice_area(clipped) if clipped else 0
    assert sum(twice_area(list(part)) for part in parts) == area


def half(polygon: list[Point], height) -> list[Point]:
    """The part of a convex polygon where a linear function is not negative (Sutherland and Hodgman)."""
    found = []
    for p, q in pairwise([*polygon, *polygon[:1]]):
        if height(p) >= 0:
            found.append(p)
        if height(p) * height(q) < 0:
            ratio = height(p) / (height(p) - height(q))
            found.append(tuple(a + ratio * (b - a) for a, b in zip(p, q, strict=True)))
    return found


def test_graphs_show_points_and_cycles_where_they_are():
    pytest.importorskip("matplotlib")
    region = pr.subdivide(annulus(), 0).region("<")
    found = pr.homology(region)
    cycles = found.cycles(0) + found.cycles(1)
    scene = make_scene(region, {}, graph=True, cycles=cycles)
    assert [k for k, _ in scene.cycles] == [0, 0, 1]
    for _, simplices in scene.cycles:
        for simplex in simplices:
            for *x, height in [*simplex.tolist(), simplex.mean(axis=0).tolist()]:
                assert height == pytest.approx(float(annulus()(x)), abs=1e-12)
    axes = pr.plot(region, graph=True, cycles=cycles).axes[0]
    drawn = [line.get_data_3d() for line in axes.lines]
    assert [np.column_stack(xyz).tolist() for xyz in drawn] == [s[:, 0].tolist() for k, s in scene.cycles if k == 0]
    point = pr.plot(l1_norm(2, constant=3), level=3, graph=True)
    assert "F = 3, isolated" in legend(point)
    assert [np.ravel(line.get_data_3d()).tolist() for line in point.axes[0].lines] == [[0, 0, 3]]
