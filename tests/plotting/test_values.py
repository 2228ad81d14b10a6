"""Values of networks at vertices are the exact ones, rounded."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.network.network import Network
from polyrelu.plotting.scene import PRECISION, make_scene
from polyrelu.plotting.values import PRECISION as VALUE_PRECISION
from polyrelu.plotting.values import height_range, vertex_values
from support.known_answers import random_float32
from support.plots import l1_norm
from support.strategies import seeded_network


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
