"""Pictures: their geometry, exactly and against evaluation at points; the files; the mistakes."""

from __future__ import annotations

import colorsys
import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from itertools import combinations, pairwise, product
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.analysis.separation import separation
from polyrelu.errors import FileError, InputError, MissingDependencyError, RegionError
from polyrelu.geometry.adjacency import neighbours
from polyrelu.geometry.polygons import polygons, triangles
from polyrelu.network.network import Network
from polyrelu.plotting import geometry, plot_separation
from polyrelu.plotting.colouring import map_colouring, pattern_colouring
from polyrelu.plotting.cycles import cut
from polyrelu.plotting.flat import output_colours
from polyrelu.plotting.palette import SIGN_COLOURS, TIE_COLOUR, rgb, strokes, tints
from polyrelu.plotting.scene import PRECISION, Scene, make_scene
from polyrelu.plotting.surface import graph_surface, level_surface
from polyrelu.plotting.values import PRECISION as VALUE_PRECISION
from polyrelu.plotting.values import height_range, vertex_values
from support.known_answers import cases, random_float32
from support.missing import hide
from support.strategies import examples, networks, seeded_network

EXAMPLES = Path(__file__).parents[2] / "examples"
PLANE = [case.network for case in cases() if case.network.input_dim == 2]
SPACE = [case.network for case in cases() if case.network.input_dim == 3]
Point = tuple[Fraction, ...]


def annulus() -> Network:
    return pr.load(EXAMPLES / "annulus.json")


def l1_norm(d: int, scale: int = 1, constant: int = 0, of: int | None = None) -> Network:
    """x ↦ scale · (|x_1| + … + |x_of|) + constant."""
    rows = [[s * (i == j) for j in range(d)] for i in range(of or d) for s in (1, -1)]
    return Network([rows, [[scale] * len(rows)]], [[0] * len(rows), [constant]])


# max(s − 1, 0) − 2 max(s − 2, 0) ≥ 1/3 for s = |x_1| + |x_2| + |x_3|: between two octahedra
ROWS = [[s * (i == j) for j in range(3)] for i in range(3) for s in (1, -1)]
SHELL = pr.subdivide(Network([ROWS, [[1] * 6] * 2, [[1, -2]]], [[0] * 6, [-1, -2], [0]]), "1/3").region(">=")


OCTAHEDRON = Network([ROWS, [[-1] * 6]], [[0] * 6, [1]])
PUNCTURED = pr.subdivide(l1_norm(2), 0).region(">")  # around the origin, where F = 0
HOLLOW = pr.subdivide(l1_norm(3), 0).region(">")


def twice_area(points: list[Point]) -> Fraction:
    return sum((p[0] * q[1] - p[1] * q[0] for p, q in pairwise([*points, points[0]])), Fraction(0))


def sign(x: Fraction) -> int:
    return (x > 0) - (x < 0)


def loops(scene: Scene) -> list[list[Point]]:
    """The regions of a plane scene as exact polygons."""
    cx = scene.clipped
    rows = polygons(cx, np.arange(cx.n_cells(2)))
    return [[cx.vertex(int(v)) for v in loop] for loop in geometry.split(rows)]


# ---- exact geometry -----------------------------------------------------------------------------------------------


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


def legend(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.mark.parametrize("color", ["sign", "pattern", "map"])
def test_one_sheet_is_opaque_in_all_colours(color):
    one = level_surface(make_scene(OCTAHEDRON, {}, color=color))
    several = level_surface(make_scene(SHELL, {}, color=color))
    assert one.opacity > 0.8 and several.opacity < 0.5


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


# ---- rounding -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(60))
def test_positions_and_values_are_the_exact_ones_rounded(seed):
    net = seeded_network(seed, {1: [(6,), (3, 4, 3)], 2: [(5,), (4, 4)], 3: [(4,), (3, 2)]})
    scene = make_scene(net, {})
    cx, size = scene.clipped, (scene.box[:, 1] - scene.box[:, 0]).min()
    exact = [cx.vertex(v) for v in range(cx.n_finite_vertices)]
    for point, rounded in zip(exact, scene.points, strict=True):
        for x, y in zip(point, rounded.tolist(), strict=True):
            assert abs(x - Fraction(y)) <= PRECISION * size + abs(x) * Fraction(1, 2**52)
    values = vertex_values(cx, net, scene.points, PRECISION * size)
    expected = [net(point) for point in exact]
    bound = Fraction(VALUE_PRECISION) * max(map(abs, expected))
    bound += Fraction(1, 2**1000)  # where doubles end
    assert all(abs(Fraction(v) - y) <= bound for v, y in zip(values[:, 0], expected, strict=True))


def test_deep_networks_are_rounded_from_exact_vertices():
    scene = make_scene(random_float32((2, *[6] * 12, 1)), {}, window=(-1, 1))
    for v in range(0, scene.clipped.n_finite_vertices, 7):
        assert np.abs(scene.points[v] - [float(x) for x in scene.clipped.vertex(v)]).max() <= 2 * PRECISION


# ---- the window ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("net", PLANE + SPACE, ids=repr)
def test_the_default_window_shows_the_decision_boundary(net):
    scene = make_scene(net, {})
    cx = pr.subdivide(net, 0)
    level = [v for v in cx.vertices() if net(v) == 0]
    shown = [all(low < x < high for x, (low, high) in zip(v, scene.window, strict=True)) for v in level]
    assert sum(shown) >= 0.8 * len(level)
    sides = [high - low for low, high in scene.window]
    assert 3 * min(sides) >= max(sides)


def test_windows_of_extreme_complexes():
    def window(weights, biases, **choices):
        return make_scene(Network(weights, biases), {}, **choices).window

    far = Network([[[1], [-1], [1]], [[1, 1, 1]]], [[0, 1, -(10**30)], [1]])
    assert make_scene(far, {}).points.shape[1] == 1
    parallel = window([[[1, 1], [1, 1], [1, 1]], [[1, -2, 1]]], [[0, -1, -2], [-1]])
    assert all(1 <= high - low < 10 for low, high in parallel)
    constant = window([[[0, 0]]], [[5]])
    assert all(low < 0 < high for low, high in constant)
    box = make_scene(annulus(), {}, domain=[(0, 1), (Fraction(1, 3), 2)])
    assert box.is_whole and box.window == ((0, 1), (Fraction(33, 100), 2)) and box.clipped.f_vector == (7, 9, 3)
    half = make_scene(annulus(), {}, domain=[(0, None), (None, None)])
    assert not half.is_whole and half.points[:, 0].min() == 0
    tiny = Fraction(1, 10**40)
    assert make_scene(Network([[[1, 0], [0, 1]], [[1, 1]]], [[-tiny, -tiny], [0]]), {}).box[0, 1] > 0


def test_vertices_far_away_do_not_hide_the_others():
    # positive where 1 < |x| + |y| < 3, and again beyond x = 2·10^9 − 3
    rows = [[1, 0], [-1, 0], [0, 1], [0, -1], [1, 0]]
    second = [[1, 1, 1, 1, 0], [1, 1, 1, 1, 0], [0, 0, 0, 0, 1]]
    net = Network([rows, second, [[1, -2, 2]]], [[0, 0, 0, 0, -(10**9)], [0, -2, 0], [-1]])
    assert net([2 * 10**9 - 3, 0]) == 0
    assert all(-5 < low < -3 and 3 < high < 5 for low, high in make_scene(net, {}).window)


@pytest.mark.parametrize(
    "window", [5, "ab", [(0, 1)], [(0, 1)] * 3, [(0, 0), (0, 1)], (1, 0), [(0, 1, 2), (0, 1)], (0, "1e200"),
               (10**20, 10**20 + 1), [(0, None), (0, 1)], (0, float("nan"))],
    ids=str,
)  # fmt: skip
def test_wrong_windows(window):
    with pytest.raises(InputError, match="window"):
        make_scene(annulus(), {}, window=window)


def test_the_window_misses_the_domain():
    with pytest.raises(InputError, match="no interior point"):
        make_scene(annulus(), {}, domain=[(0, 1), (0, 1)], window=(2, 3))


def test_the_default_window_shows_the_cycles():
    for region, k in ((PUNCTURED, 1), (HOLLOW, 2), (pr.subdivide(annulus(), 0).region("<"), 1)):
        cycles = pr.homology(region).cycles(k)
        scene = make_scene(region, {}, cycles=cycles)
        points = [p for cycle in cycles for simplex, _ in cycle.pieces() for p in simplex]
        assert all(low < x < high for p in points for x, (low, high) in zip(p, scene.window, strict=True))
        assert sum(len(simplices) for _, simplices in scene.cycles) == sum(len(cycle.pieces()) for cycle in cycles)


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
@examples(40)
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


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0, 0], (-1, 1)), ([3, 3], (1.5, 4.5)), ([-2, 8], (-2.5, 8.5)), ([1e-300, 0], (-1, 1)), ([2e9, 2e9 + 1], None)],
    ids=str,
)
def test_height_ranges(values, expected):
    low, high = height_range(np.array(values, float))
    assert expected is None or (low, high) == expected
    assert low < min(values) and high > max(values) and high - low > 1e-7 * abs(high)


def test_rounding_errors_are_no_axis():
    pytest.importorskip("matplotlib")
    zero = pr.plot(Network([[[1]], [[0]]], [[0], [0]]))
    assert zero.axes[0].get_ylim() == (-1, 1)
    level = pr.plot(l1_norm(1), level=-5, window=(-1, 1))
    assert level.axes[0].get_ylim() == pytest.approx((-5.3, 1.3))
    constant = pr.plot(Network([[[0, 0]]], [[3]]), graph=True)
    assert constant.axes[0].get_zlim() == (1.5, 4.5)


def test_levels_beyond_doubles():
    pytest.importorskip("matplotlib")
    assert "{F > 1e+400}" in pr.plot(l1_norm(1), level=10**400, window=(-1, 1)).get_suptitle()
    assert "{F > -1.23457e-400}" in make_scene(l1_norm(2), {}, level=Fraction(-1234567, 10**406)).title
    assert "{F > 3.33333e-12}" in make_scene(l1_norm(2), {}, level=Fraction(1, 3 * 10**11)).title


@pytest.mark.parametrize("d", [2, 3])
@pytest.mark.parametrize("power", [310, 450])
def test_what_is_too_small_for_doubles(d, power):
    tiny = Network([[[x * 10**power for x in row[:d]] for row in ROWS[: 2 * d]], [[-1] * 2 * d]], [[0] * 2 * d, [1]])
    with pytest.raises(InputError, match="too close together"):
        make_scene(tiny, {})
    with pytest.raises(InputError, match="too close together"):
        make_scene(l1_norm(d), {}, domain=[(0, Fraction(1, 10**power))] * d)
    with pytest.raises(InputError, match="window: expected bounds below"):
        make_scene(tiny, {}, window=(0, Fraction(1, 10**power)))
    assert make_scene(tiny, {}, window=(-1, 1)).box.shape == (d, 2)


def test_flat_windows():
    pytest.importorskip("matplotlib")
    flat = [(0, 100), (0, 1)]
    axes = pr.plot(annulus(), window=flat).axes[0]
    assert axes.get_aspect() == pytest.approx(20) and 2 <= len(axes.get_yticks()) <= 4
    assert pr.plot(annulus(), window=[(0, 4), (0, 1)]).axes[0].get_aspect() == 1
    assert make_scene(annulus(), {}, window=flat).shape.tolist() == [1, 0.2]
    for figure in (pr.plot(annulus(), window=flat, graph=True), pr.plot(OCTAHEDRON, window=[*flat, (0, 100)])):
        axes = figure.axes[0]
        x, y, z = axes._box_aspect
        assert y / x == pytest.approx(0.2) and z / x in (pytest.approx(0.6), pytest.approx(1))
        assert sum(0 <= tick <= 1 for tick in axes.get_yticks()) <= 3


# ---- colours ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("net", [*PLANE, *SPACE, random_float32((2, 12, 12, 1))], ids=repr)
def test_neighbours_have_different_colours(net):
    cx = make_scene(net, {}).clipped
    one, two = neighbours(cx.facets(cx.input_dim))
    for colouring, key in (
        (pattern_colouring(cx), [cx.region_signs()[i, :-1].tobytes() for i in range(cx.n_regions)]),
        (map_colouring(cx), [cx.affine_map(i) for i in range(cx.n_regions)]),
    ):
        colours = dict(zip(key, colouring.number.tolist(), strict=True))
        assert [colours[k] for k in key] == colouring.number.tolist()  # equal keys, equal colours
        for i, j in zip(one.tolist(), two.tolist(), strict=True):
            assert j < 0 or key[i] == key[j] or colours[key[i]] != colours[key[j]]
        assert len(colouring.colours) > colouring.number.max()
    if cx.input_dim == 2:
        assert pattern_colouring(cx).number.max() < 6


def test_sign_colours_differ_in_grey():
    grey = sorted(0.299 * r + 0.587 * g + 0.114 * b for r, g, b in map(rgb, SIGN_COLOURS.values()))
    assert all(b - a > 0.15 for a, b in pairwise(grey))
    assert len(set(tints(24))) == len(set(strokes(24))) == 24


# Machado, Oliveira and Fernandes, A physiologically-based model for simulation of color vision deficiency (2009):
# what is left of linear RGB for full vision, protanopes, deuteranopes and tritanopes
VISION = {
    "full": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def cielab(colour: str, vision: str) -> np.ndarray:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb(colour)]
    seen = np.clip(np.asarray(VISION[vision]) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ seen
    x, y, z = (np.cbrt(t) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz / [0.9505, 1, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", VISION)
def test_the_colour_blind_tell_eight_classes_apart(vision):
    seen = [cielab(colour, vision) for colour in (*tints(8), TIE_COLOUR)]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 12


def test_graphs_of_outputs_have_the_hues_of_their_classes():
    scene = make_scene(random_float32((1, 12, 12)), {})
    areas, lines = (
        [colorsys.rgb_to_hls(*rgb(c)) for c in colours]
        for colours in (scene.colouring.colours[:12], output_colours(scene))
    )
    for (hue, light, saturation), (line_hue, line_light, _) in zip(areas, lines, strict=True):
        assert line_light < light and (saturation == 0 or abs(line_hue - hue) < 0.02)
    assert scene.boundary_colour == TIE_COLOUR


def test_sign_colours_are_those_of_the_signs():
    scene = make_scene(annulus(), {})
    for number, value in zip(scene.colouring.number, scene.clipped.signs(2), strict=True):
        assert scene.colouring.colours[number] == SIGN_COLOURS[int(value)]
        assert scene.colouring.names[number] == {1: "F > 0", -1: "F < 0", 0: "F = 0"}[int(value)]


def test_classes():
    net = random_float32((2, 8, 3), 1)
    scene = make_scene(net, {})
    assert scene.color == "class" and scene.title.count("class") == 3
    for polygon, number in zip(loops(scene), scene.colouring.number, strict=True):
        values = net([sum(column) / len(polygon) for column in zip(*polygon, strict=True)])
        assert scene.colouring.names[number] == f"class {values.index(max(values))}"
    cx = scene.clipped
    for pair in geometry.edges(cx)[scene.walls]:
        middle = [(a + b) / 2 for a, b in zip(*(cx.vertex(int(v)) for v in pair), strict=True)]
        *_, second, first = sorted(net(middle))
        assert second == first
    assert make_scene(pr.classify(net), {}).window == scene.window
    assert make_scene(net, {}, color="map").clipped.level is None


# ---- the files ----------------------------------------------------------------------------------------------------


def test_all_kinds_of_pictures(tmp_path):
    pytest.importorskip("matplotlib")
    region = pr.subdivide(annulus(), 0).region(">=")
    assert pr.homology(SHELL).betti == (1, 0, 1)
    pictures = {
        "line": (seeded_network(3, {1: [(5,)]}), {}),
        "line-map": (seeded_network(3, {1: [(5,)]}), {"color": "map"}),
        "line-classes": (random_float32((1, 5, 3)), {}),
        "plane": (annulus(), {}),
        "plane-pattern": (annulus(), {"color": "pattern", "title": "annulus"}),
        "no-level": (pr.subdivide(annulus()), {}),
        "cycles": (region, {"cycles": pr.homology(region).cycles(0) + pr.homology(region).cycles(1)}),
        "graph": (annulus(), {"graph": True}),
        "classes": (random_float32((2, 5, 3)), {}),
        "space-cycles": (SHELL, {"cycles": pr.homology(SHELL).cycles(0) + pr.homology(SHELL).cycles(2)}),
        "space": (l1_norm(3, -1, 1), {}),
        "space-map": (l1_norm(3, -1, 1), {"color": "map"}),
        "space-no-level": (pr.subdivide(l1_norm(3)), {}),
        "empty": (Network([[[0, 0, 0]]], [[1]]), {}),
    }
    for name, (obj, choices) in pictures.items():
        figure = pr.plot(obj, tmp_path / f"{name}.png", **choices)
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert figure.axes and "f-vector" in figure.get_suptitle()


def test_titles_and_graphs_have_the_room_they_need():
    pytest.importorskip("matplotlib")
    pictures = {
        "line": pr.plot(Network([[[1], [-1]], [[1, 0], [0, -10], [5, 10]]], [[0, 0], [1, 0, 2]])),
        "narrow": pr.plot(annulus(), domain=[(0, 1), (-3, 30)], relation="<=", level="12345/67890"),
        "large": pr.plot(l1_norm(2, 1, -(10**10))),
    }
    for name, figure in pictures.items():
        figure.draw_without_rendering()
        title = figure._suptitle.get_window_extent()
        axes = figure.axes[0]
        assert title.x0 >= 0 and title.x1 <= figure.bbox.x1 and title.y1 <= figure.bbox.y1, name
        assert axes.get_tightbbox().y1 < title.y0 + 1, name
        assert axes.get_position().height > 0.4, name


def test_sets_of_a_partition_are_drawn_as_the_partition_and_told_alone():
    pytest.importorskip("matplotlib")
    partition = pr.classify(random_float32((2, 5, 3)), [(-2, 2), (-2, 2)])
    whole = make_scene(partition, {})
    for part, name in (
        (partition.region(0), "class 0: β"),
        (partition.region(2, closed=True), "class 2 with ties: β"),
        (partition.boundary(), "decision boundary: β"),
    ):
        scene = make_scene(part, {}, cycles=pr.homology(part).cycles(0))
        assert scene.clipped.f_vector == whole.clipped.f_vector and scene.color == "class"
        last = scene.title.splitlines()[-1]
        assert last.endswith(f"{name} = {pr.homology(part).betti}") and scene.title.count("β") == 1
        assert pr.plot(part, window=(-1, 1)).axes


def test_files_are_well_formed_and_reproducible(tmp_path):
    pytest.importorskip("matplotlib")
    for suffix in (".png", ".svg", ".pdf"):
        paths = [tmp_path / f"{i}{suffix}" for i in range(2)]
        for path in paths:
            pr.plot(annulus(), path)
        first, second = (path.read_bytes() for path in paths)
        assert first == second
        if suffix == ".svg":
            root = ElementTree.fromstring(first)
            assert root.tag == "{http://www.w3.org/2000/svg}svg" and len(list(root.iter())) > 20
        if suffix == ".pdf":
            assert first.startswith(b"%PDF") and first.rstrip().endswith(b"%%EOF")


def test_the_drawn_regions_cover_the_picture(tmp_path):
    """No seams: inside the axes no pixel is lighter than the lightest colour."""
    pytest.importorskip("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = pr.plot(annulus(), color="pattern")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    box = figure.axes[0].get_window_extent()
    height = pixels.shape[0]
    inside = pixels[height - int(box.y1) + 3 : height - int(box.y0) - 3, int(box.x0) + 3 : int(box.x1) - 3]
    assert inside.size and (inside.min(axis=2) < 250).all()


def test_numbers_of_neurons_are_whole(tmp_path):
    pytest.importorskip("matplotlib")
    figures = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("polyrelu.plotting.separation.save_figure", lambda figure, _: figures.append(figure))
        plot_separation(separation(2, 4), tmp_path / "figure.png")
    assert figures[0].axes[0].get_xticks().tolist() == [1, 2, 3, 4]


# ---- mistakes -----------------------------------------------------------------------------------------------------


class Uneven:
    """Not a cycle: its simplices have a point too many, though the number of coordinates is that of segments."""

    degree = 1

    def pieces(self):
        return [(((0, 0), (1, 0), (0, 1)), 1)] * 2


@pytest.mark.parametrize(
    ("obj", "choices", "message"),
    [
        (random_float32((4, 3, 1)), {}, "slice"),
        (random_float32((4, 3, 3)), {}, "slice"),
        ("net.json", {}, "expected a Network"),
        (annulus(), {"color": "red"}, "color"),
        (annulus(), {"color": "class"}, "several outputs"),
        (annulus(), {"color": ["sign"]}, "color"),
        (pr.subdivide(annulus()), {"color": "sign"}, "level"),
        (pr.subdivide(annulus()), {"relation": ">"}, "level"),
        (pr.subdivide(annulus()), {"level": 0}, "Network only"),
        (pr.subdivide(annulus(), 0), {"domain": [(0, 1), (0, 1)]}, "Network only"),
        (pr.subdivide(annulus(), 0).region("<"), {"relation": ">"}, "relation"),
        (l1_norm(3), {"graph": True}, "graph"),
        (random_float32((2, 3, 2)), {"graph": True}, "graph"),
        (pr.classify(random_float32((2, 3, 2))), {"color": "map"}, "Partition"),
        (pr.classify(random_float32((2, 3, 2))).region(0), {"relation": ">"}, "choose an output"),
        (random_float32((2, 3, 2)), {"relation": ">"}, "choose an output"),
        (annulus(), {"cycles": [1]}, "cycles"),
        (annulus(), {"cycles": None}, "cycles: expected a list"),
        (annulus(), {"cycles": pr.homology(HOLLOW).cycles(2)}, "cycles: .* region of R.2, got one of R.3"),
        (OCTAHEDRON, {"cycles": pr.homology(PUNCTURED).cycles(1)}, "cycles: .* region of R.3, got one of R.2"),
        (annulus(), {"cycles": [Uneven()]}, "cycles: a simplex of degree 1 has 2 points, got one of 3"),
        (annulus(), {"title": 3}, "title: expected a string"),
        (l1_norm(1, 10**150), {"window": (0, 1)}, "graph"),
    ],
    ids=lambda x: repr(x)[:40],
)
def test_mistakes(obj, choices, message):
    pytest.importorskip("matplotlib")
    with pytest.raises(InputError, match=message):
        pr.plot(obj, **choices)


def test_unknown_relation():
    with pytest.raises(RegionError):
        pr.plot(annulus(), relation="!=")


def test_paths_that_cannot_be_written(tmp_path):
    pytest.importorskip("matplotlib")
    for name in ("figure", "figure.gif", "figure.html", "no/figure.png"):
        with pytest.raises(FileError, match="figure"):
            pr.plot(annulus(), tmp_path / name)
    for path in (3, "", "figure\0.png"):
        with pytest.raises(FileError):
            pr.plot(annulus(), path)  # type: ignore[arg-type]
        with pytest.raises(FileError):
            pr.plot_html(annulus(), path)  # type: ignore[arg-type]


def test_titles_are_plain_text(tmp_path):
    pytest.importorskip("matplotlib")
    assert pr.plot(annulus(), tmp_path / "figure.png", title=r"$\no$ such <formula>").get_suptitle().startswith("$")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    def stopped(self, path, **_):
        Path(path).write_bytes(b"half")
        raise KeyboardInterrupt

    path = tmp_path / "figure.png"
    path.write_bytes(b"before")
    monkeypatch.setattr(Figure, "savefig", stopped)
    with pytest.raises(KeyboardInterrupt):
        pr.plot(annulus(), path)
    assert path.read_bytes() == b"before" and list(tmp_path.iterdir()) == [path]


def test_without_matplotlib(monkeypatch):
    hide(monkeypatch, "matplotlib")
    with pytest.raises(MissingDependencyError, match=r"polyrelu\[plot\]") as caught:
        pr.plot(annulus())
    assert caught.value.extra == "plot"


def test_pictures_are_imported_when_needed():
    assert callable(pr.plot) and callable(pr.plot_html)
    with pytest.raises(AttributeError, match="plott"):
        pr.plott  # type: ignore[attr-defined]  # noqa: B018
