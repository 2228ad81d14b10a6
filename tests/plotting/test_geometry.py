"""Drawn polygons, outlines and boundaries, exactly and against evaluation at points."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrelu.geometry.adjacency import neighbours
from polyrelu.network.network import Network
from polyrelu.plotting import geometry
from polyrelu.plotting.scene import make_scene
from support.plots import PLANE, annulus, loops, sign, twice_area
from support.strategies import examples, networks


def check_plane(net: Network, window: list[tuple[Fraction, Fraction]]) -> None:
    """The regions tile the window, F has their sign at their centroids, and the decision boundary is where it says."""
    scene = make_scene(net, {}, window=window)
    polygons = loops(scene)
    areas = [twice_area(polygon) for polygon in polygons]
    assert all(areas) and len({sign(a) for a in areas}) == 1
    (low, high), (left, right) = window
    assert abs(sum(areas)) == 2 * (high - low) * (right - left)
    signs = scene.clipped.signs(2)
    for polygon, expected in zip(polygons, signs, strict=True):
        centroid = [sum(column) / len(polygon) for column in zip(*polygon, strict=True)]
        assert sign(net(centroid)) == expected
        turns = {
            sign((q[0] - p[0]) * (r[1] - q[1]) - (q[1] - p[1]) * (r[0] - q[0]))
            for p, q, r in zip(polygon, polygon[1:] + polygon[:1], polygon[2:] + polygon[:2], strict=True)
        }
        assert len(turns) == 1  # strictly convex: no vertex is missing, none is doubled
    for value in (-1, 0, 1):
        own = np.flatnonzero(signs == value)
        if len(own):
            edge = geometry.outline(scene.clipped, own, scene.points)
            paths = [[scene.clipped.vertex(int(v)) for v in loop] for loop in edge]
            assert sum(map(twice_area, paths)) == sum(abs(areas[i]) for i in own)  # and counter-clockwise
    ends = geometry.edges(scene.clipped)
    one, two = neighbours(scene.clipped.facets(scene.clipped.input_dim))
    for e, is_wall in enumerate(scene.walls):
        p, q = (scene.clipped.vertex(int(v)) for v in ends[e])
        beside = [int(signs[r]) for r in (one[e], two[e]) if r >= 0]
        on_level = not any(net([a + s * (b - a) for a, b in zip(p, q, strict=True)]) for s in (0, Fraction(1, 3), 1))
        assert is_wall == (on_level and any(beside))
        assert is_wall or len({s for s in beside if s}) < 2


@pytest.mark.parametrize("net", PLANE, ids=repr)
def test_regions_tile_the_window(net):
    check_plane(net, [(Fraction(-1), Fraction(7, 3)), (Fraction(-2, 3), Fraction(2))])


@given(st.data())
@examples(25)
def test_regions_of_any_network_tile_the_window(data):
    net = data.draw(networks(dims=(2,), widths={2: [(), (1,), (5,), (4, 4), (3, 1, 3)]}))
    sides = st.tuples(st.fractions(-3, 3, max_denominator=50), st.fractions(Fraction(1, 50), 3, max_denominator=50))
    window = [(low, low + size) for low, size in (data.draw(sides), data.draw(sides))]
    check_plane(net, window)


def test_the_annulus():
    scene = make_scene(annulus(), {})
    cx = scene.clipped
    found = {frozenset(cx.vertex(int(v)) for v in pair) for pair in geometry.edges(cx)[scene.walls]}
    expected = {frozenset({(r * a, 0), (0, r * b)}) for r in (1, 3) for a, b in product((1, -1), repeat=2)}
    assert found == expected
    assert scene.title.endswith("C(F, 0): f-vector (13, 28, 16)     {F > 0}: β = (1, 1)")
    assert all(low <= -3 and high >= 3 for low, high in scene.window)
    outer = geometry.outline(cx, np.flatnonzero(cx.signs(2) == 1), scene.points)
    assert sorted(len(loop) for loop in outer) == [4, 4]  # two paths, the edges between the cells are gone
