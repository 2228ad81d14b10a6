"""Stages: the layers as integer rows, against the rational evaluation of the network."""

from __future__ import annotations

from fractions import Fraction
from math import gcd, isqrt
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrelu.errors import DomainError
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.stages import Stage, complex_stages, form_bits, network_stages
from polyrelu.network.network import Network
from support.reference import primitive
from support.strategies import examples, networks, points


def run(stages: list[Stage], x: list[Fraction]) -> list[list[Fraction]]:
    """The values of the rows of every stage at x, by the meaning that `_cpp/stages.hpp` gives them."""
    values: list[list[Fraction]] = []
    for plus, minus, _, previous in stages:
        z = x if previous < 0 else values[previous]
        below = minus or [[0] * (len(z) + 1)] * len(plus)
        if previous < 0:
            below = plus
        values.append(
            [
                p[0] + sum(((a if v >= 0 else b) * v for a, b, v in zip(p[1:], m[1:], z, strict=True)), Fraction(0))
                for p, m in zip(plus, below, strict=True)
            ]
        )
    return values


@examples(30)
@given(networks(), st.data())
def test_stages_are_the_layers_up_to_positive_factors(net: Network, data: st.DataObject) -> None:
    level = data.draw(st.sampled_from([None, Fraction(0), Fraction(2, 3)]))
    stages = network_stages(net, range(net.input_dim), 0, level)
    assert len(stages) == net.depth + (level is not None)
    assert [previous for *_, previous in stages] == [-1, *range(len(stages))][: len(stages)]
    for (_, _, splits, _), slopes in zip(stages, net.slopes, strict=False):
        assert splits == [a != 1 for a in slopes]
    factors: dict[tuple[int, int], Fraction] = {}
    for _ in range(4):
        x = data.draw(points(net.input_dim))
        known = [list(layer) for layer in net.preactivations(x)]
        if level is not None:
            known.append([net(x) - level])  # type: ignore[operator]
        for k, (row, expected) in enumerate(zip(run(stages, x), known, strict=True)):
            for i, (value, preactivation) in enumerate(zip(row, expected, strict=True)):
                if preactivation:
                    assert factors.setdefault((k, i), value / preactivation) == value / preactivation > 0
                else:
                    assert value == 0
    for plus, minus, _, _ in stages:
        assert all(type(v) is int for row in [*plus, *(minus or [])] for v in row)
        for i, row in enumerate(plus):
            assert gcd(*row, *(minus[i] if minus else ())) in (0, 1)


def test_leaky_neurons_have_weights_of_their_own_below_zero() -> None:
    net = Network([[["1/2"]], [["2/3"]]], [["-1/3"], [1]], [["-1/5"]])
    (first, none, splits, before), (plus, minus, last, after) = network_stages(net, [0], 3, Fraction(1, 2))
    assert (first, none, splits, before) == ([[-2, 3]], None, [True], -1)  # six times the neuron
    # F − 1/2 = 1/2 + 2/3 · z = (9 + 2 · 6z) / 18, and 2 · (−1/5) below zero; times 5
    assert (plus, minus, last, after) == ([[45, 10]], [[0, -2]], [True], 3)


def test_a_neuron_without_weights_and_a_layer_of_identities() -> None:
    net = Network([[[0], [2]], [[1, 1]]], [[0, 4], [0]], [1])
    (plus, minus, splits, _), (_, below, _, _) = network_stages(net, [0], 0, Fraction(0))
    assert plus == [[0, 0], [2, 1]] and minus is None and splits == [False, False]
    assert below is not None


def test_only_the_kept_coordinates_are_read() -> None:
    net = Network([[[1, 5, 2]], [[1]]], [[3], [0]])
    assert network_stages(net, [2, 0], 0, None)[0][0] == [[3, 2, 1]]


def test_walls_come_first() -> None:
    net = Network([[[1, 1]], [[1]]], [[0], [0]])
    walls, layer, head = complex_stages(net, Domain.box([0, 0], [2, None]), [0, 1], Fraction(1))
    assert sorted(walls[0]) == [[0, 0, 1], [0, 1, 0], [2, -1, 0]] and walls[1:] == (None, [True] * 3, -1)
    assert (layer[3], head[3]) == (-1, 1)  # it reads the inputs; F − 1 reads the layer
    assert len(complex_stages(net, None, [0, 1], None)) == 1
    assert complex_stages(net, Domain([[0, 0]], [1]), [0, 1], None) == complex_stages(net, None, [0, 1], None)
    with pytest.raises(DomainError, match="empty"):
        complex_stages(net, Domain([[0, 0]], [-1]), [0, 1], None)


@examples(60)
@given(networks(), st.integers(0, 2**32))
def test_no_form_is_longer_than_the_bound(net: Network, seed: int) -> None:
    bits = form_bits(network_stages(net, range(net.input_dim), 0, None))
    rng = Random(seed)
    for k in range(1, net.depth + 1):
        head = Network(net.weights[:k], net.biases[:k], net.slopes[: k - 1])
        matrix, offsets = head.affine_map_at([[rng.choice([-1, 1]) for _ in layer] for layer in head.slopes])
        for row, offset in zip(matrix, offsets, strict=True):
            form = primitive([offset, *row])
            assert isqrt(sum(x * x for x in form)) < 2**bits


def test_nothing_has_no_bits() -> None:
    assert form_bits([]) == 0
