"""The window shows what there is to see, and a given one is read strictly."""

from __future__ import annotations

from fractions import Fraction

import pytest

import polyrelu as pr
from polyrelu.errors import InputError
from polyrelu.network.network import Network
from polyrelu.plotting.scene import make_scene
from support.plots import HOLLOW, PLANE, PUNCTURED, SPACE, annulus


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


def test_one_point_of_the_boundary_is_in_the_middle_of_what_there_is():
    net = Network([[[1], [1]], [[1, 1]]], [[3, -5], [-4]])  # bends at −3 and 5, zero at 1
    ((low, high),) = make_scene(net, {}).window
    assert low + high == 2 and 8 < high - low < 12
