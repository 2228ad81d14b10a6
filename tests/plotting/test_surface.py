"""Level sets and graphs as surfaces, against evaluation at points."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from random import Random

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.geometry.polygons import triangles
from polyrelu.network.network import Network
from polyrelu.plotting import geometry
from polyrelu.plotting.scene import make_scene
from polyrelu.plotting.surface import graph_surface, level_surface
from support.plots import SPACE, Point, annulus, l1_norm, legend, sign


@pytest.mark.parametrize("net", SPACE, ids=repr)
def test_surfaces_lie_on_the_level_set(net):
    scene = make_scene(net, {})
    surface, cx = level_surface(scene), scene.clipped
    for polygon in geometry.split(surface.polygons):
        points = [cx.vertex(int(v)) for v in polygon]
        assert all(net(p) == 0 for p in points)
        assert net([sum(column) / len(points) for column in zip(*points, strict=True)]) == 0
    # a segment from where F > 0 to where F < 0 crosses the surface
    sides = [np.flatnonzero(cx.signs(3) == value).tolist() for value in (1, -1)]
    exact = [[cx.vertex(int(v)) for v in corner] for corner in triangles(surface.polygons)[1]]
    rng = Random(0)
    for _ in range(10 if all(sides) else 0):
        p, q = (cx.interior_point(3, rng.choice(side)) for side in sides)
        assert net(p) > 0 > net(q) and any(crosses(p, q, triangle) for triangle in exact)


def crosses(p: Point, q: Point, triangle: list[Point]) -> bool:
    """Whether the segment meets the triangle, by signs of volumes."""

    def volume(a, b, c, d):
        x, y, z = ([v - w for v, w in zip(point, a, strict=True)] for point in (b, c, d))
        return sign(
            x[0] * (y[1] * z[2] - y[2] * z[1]) - x[1] * (y[0] * z[2] - y[2] * z[0]) + x[2] * (y[0] * z[1] - y[1] * z[0])
        )

    a, b, c = triangle
    if volume(p, a, b, c) * volume(q, a, b, c) > 0:
        return False
    around = {volume(p, q, a, b), volume(p, q, b, c), volume(p, q, c, a)}
    return not {1, -1} <= around


def test_the_octahedron():
    scene = make_scene(l1_norm(3, -1, 1), {})
    surface, cx = level_surface(scene), scene.clipped
    found = {frozenset(cx.vertex(int(v)) for v in polygon) for polygon in geometry.split(surface.polygons)}
    corners = [[tuple(Fraction(s * (i == j)) for j in range(3)) for s in (1, -1)] for i in range(3)]
    assert found == {frozenset(choice) for choice in product(*corners)}
    assert len(surface.edges) == 12 and surface.names == ["F = 0"]
    assert len(level_surface(make_scene(pr.shells((3, 6, 6, 4, 1), (2, 2)), {})).names) > 24


def test_flat_parts_of_the_level_set():
    point = make_scene(l1_norm(2), {})
    assert [point.clipped.vertex(int(v)) for v in point.thin(0)] == [(0, 0)] and not point.walls.any()
    line = make_scene(l1_norm(2, of=1), {})
    assert line.walls.sum() > 0 and len(line.thin(0)) == 0
    axis = make_scene(l1_norm(3, of=2), {})
    strong = level_surface(axis).strong
    assert len(strong) and all(axis.clipped.vertex(int(v))[:2] == (0, 0) for v in strong.ravel())
    assert level_surface(axis).part.size == 0
    filled = make_scene(Network([[[1, 0]], [[1]]], [[0], [0]]), {})  # max(x, 0): zero on a half-plane
    assert set(filled.clipped.signs(2).tolist()) == {0, 1}
    assert all(filled.clipped.vertex(int(v))[0] == 0 for v in geometry.edges(filled.clipped)[filled.walls].ravel())
    assert level_surface(make_scene(Network([[[0, 0, 0]]], [[1]]), {})).is_empty


def test_sheets_are_not_said_to_be_components():
    pytest.importorskip("matplotlib")
    # two octahedra that meet in the origin: one component of {F = 0}, but no edge joins their surfaces
    rows = [[1, 0, 0], [-1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]]
    net = Network([rows, [[-1, -1, 2, -2, -1, -1, -1, -1]]], [[0, 0, -1, -2, 0, 0, 0, 0], [1]])
    scene = make_scene(net, {}, relation="=")
    assert "β = (1, 0, 2)" in scene.title
    assert level_surface(scene).names == ["F = 0, sheet 1", "F = 0, sheet 2"]
    assert "F = 0, 2 sheets in the window" in legend(pr.plot(net, relation="="))


def test_graphs():
    net = annulus()
    scene = make_scene(net, {}, graph=True)
    surface = graph_surface(scene)
    for polygon in geometry.split(surface.polygons):
        a, b, *others = surface.points[polygon]
        normal = np.cross(b - a, others[0] - a)
        assert all(abs(normal @ (p - a)) < 1e-12 for p in others)  # flat
    for v in range(scene.clipped.n_finite_vertices):
        assert surface.points[v, 2] == pytest.approx(float(net(scene.clipped.vertex(v))), abs=1e-12)
