"""Bounds in floating point: they enclose the exact values, are sharp where they can be, and claim nothing otherwise."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrelu.network.intervals import OutputBounds
from polyrelu.network.network import Network
from support.known_answers import random_float32
from support.raw_networks import networks
from support.strategies import examples


@given(st.data())
@examples(20)
def test_bounds_enclose_values(data: st.DataObject) -> None:
    net = data.draw(networks())
    rng = Random(data.draw(st.integers(0, 2**32)))
    exact_points, centres, radii = [], [], []
    for _ in range(8):
        scale = Fraction(10) ** rng.choice([-200, -3, 0, 0, 3, 100])
        center = [rng.gauss(0, 1) * float(scale) for _ in range(net.input_dim + 1)]
        center[0] = rng.choice([0.0, abs(center[0])])
        radius = [abs(c) * rng.choice([0, 0, 2.0**-40, 0.1]) for c in center]
        shifts = [rng.choice([-1, 0, 1]) * Fraction(r) for r in radius]
        exact_points.append([Fraction(c) + s for c, s in zip(center, shifts, strict=True)])
        centres.append(center)
        radii.append(radius)
    bounds = OutputBounds(net)
    scale = bounds.scale
    lower, upper = bounds(np.array(centres), np.array(radii))
    for (x0, *x), low, high in zip(exact_points, lower.tolist(), upper.tolist(), strict=True):
        homogeneous = Network(net.weights, [[x0 * b for b in bias] for bias in net.biases], net.slopes).scaled(scale)
        found = homogeneous(x)
        for value, a, b in zip(found if isinstance(found, tuple) else (found,), low, high, strict=True):
            assert not a > value
            assert not b < value


def test_bounds_are_sharp_where_they_can_be_and_honest_where_not() -> None:
    net = random_float32((2, 50, 50, 3))
    y = np.array([[1.0, 0.5, -0.25]])
    lower, upper = OutputBounds(net)(y, np.zeros((1, 3)))
    assert (upper - lower < 1e-12 * np.abs(lower)).all()
    huge = Network([[[10**200]], [[10**200], [1]]], [[0], [0, 0]])
    lower, upper = OutputBounds(huge)(np.array([[1.0, 1.0]]), np.zeros((1, 2)))
    low, high = lower[0].tolist(), upper[0].tolist()
    assert not (low[0] > 10**400 or high[0] < 10**400)  # beyond the range of doubles: nothing is claimed
    assert low[1] <= 10**200 <= high[1]
    endless = Network([[[10**400], [-(10**400)]]], [[0, 0]])
    lower, upper = OutputBounds(endless)(np.array([[1.0, 0.0]]), np.zeros((1, 2)))
    assert not (lower > 0).any() and not (upper < 0).any()


@pytest.mark.parametrize("slope", [0, 1, -1, 2, -3, Fraction(1, 3), Fraction(-1, 7), Fraction(1, 10**320)])
@pytest.mark.parametrize("radius", [0.0, 0.5, 1.0, 3.0])
def test_bounds_of_one_neuron(slope: Fraction, radius: float) -> None:
    """Over an interval around −1: the extremes are at its ends, or at zero."""
    net = Network([[[1]], [[1]]], [[0], [0]], [[slope]])
    bounds = OutputBounds(net)
    lower, upper = bounds(np.array([[1.0, -1.0]]), np.array([[0.0, radius]]))
    ends = [Fraction(-1) + s * Fraction(radius) for s in (-1, 0, 1)]
    values = [net(x) * bounds.scale for x in [*ends, *([0] if radius > 1 else [])]]
    assert Fraction(lower.item()) <= min(values) <= max(values) <= Fraction(upper.item())
    slack = max(1, abs(slope)) * 2 * Fraction(radius) + Fraction(1, 2**40)
    assert Fraction(upper.item()) - Fraction(lower.item()) <= slack * bounds.scale


def test_small_numbers_are_evaluated_without_error() -> None:
    net = Network(
        [[["1/2", 3], [-1, "2/3"], ["5/7", 0]], [[1, "1/6", -2], [0, "1/10", 1]], [["1/3", 1], [-1, "1/4"], [0, 0]]],
        [[1, "1/5", 0], ["1/2", -1], [0, 1, "1/9"]],
        [[0, -1, 1], 0],
    )
    bounds = OutputBounds(net)
    grid = [(1, a, b) for a in range(-4, 5) for b in range(-4, 5)]
    lower, upper = bounds(np.array(grid, float), np.zeros((len(grid), 3)))
    assert (lower == upper).all()
    for (_, *x), values in zip(grid, lower.tolist(), strict=True):
        assert tuple(map(Fraction, values)) == tuple(bounds.scale * v for v in net(x))  # type: ignore[union-attr]
    beyond = np.array([[1.0, 2.0**52, 1.0], [1.0, 0.5, 1.0]])  # too large, and no integer
    lower, upper = bounds(beyond, np.zeros((2, 3)))
    assert (lower < upper).all()
    rounded = Network([[[2**60 + 1, Fraction(1, 3)]] * 2], [[0, Fraction(1, 3)]])  # doubles of it look like integers
    lower, upper = OutputBounds(rounded)(np.array([[1.0, 1.0, 0.0]]), np.zeros((1, 3)))
    assert (lower < upper).all()


def test_directions_at_infinity_are_bounded_by_the_growth_of_the_network() -> None:
    net = Network([[[1, -1], [2, 1]], [[3, -1], [1, 0]]], [[5, -7], [100, -100]])
    bounds = OutputBounds(net)
    direction = [3, 1]
    lower, upper = bounds(np.array([[0.0, *direction]]), np.zeros((1, 3)))
    growth = [bounds.scale * v for v in net.recession()(direction)]  # type: ignore[union-attr]
    assert lower[0].tolist() == upper[0].tolist() == growth


def test_no_points_and_no_hidden_layers() -> None:
    net = Network([[[1, "1/3"]]], [["1/2"]])
    bounds = OutputBounds(net)
    assert bounds.scale == 6
    assert [x.shape for x in bounds(np.zeros((0, 3)), np.zeros((0, 3)))] == [(0, 1), (0, 1)]
    lower, upper = bounds(np.array([[1.0, 2.0, 3.0]]), np.zeros((1, 3)))
    assert lower == upper == 6 * 3.5


def test_a_point_that_is_not_known_is_not_bounded() -> None:
    bounds = OutputBounds(Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]]))
    for centre, radius in ((1.0, np.inf), (np.inf, 0.0), (np.nan, 0.0)):
        lower, upper = bounds(np.array([[1.0, centre]]), np.array([[0.0, radius]]))
        assert not lower > -np.inf and not upper < np.inf
