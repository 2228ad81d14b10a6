"""Homology layer by layer: known folds, a second route by nerves, and statements that relate sets to each other."""

from __future__ import annotations

import pickle
from fractions import Fraction
from itertools import pairwise
from math import prod
from random import Random
from typing import Any

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.geometry import overlay


def rings(d: int) -> pr.Network:
    """2^d shells S^(d−1) around the points (±1, …, ±1): two folds to one shell, then a map to an arc."""
    halves = [[s * int(i == j) for j in range(d)] for i in range(d) for s in (1, -1)]
    sums = [[s * int(j // 2 == i) for j in range(2 * d)] for i in range(d) for s in (1, -1)]
    return pr.Network(
        [halves, sums, [[1] * (2 * d)] * 3, [[1, -2, -9]]],
        [[0] * (2 * d), [-1, 1] * d, ["-1/8", "-5/16", "-1/2"], ["-1/32"]],
    )


def random_network(random: Random) -> pr.Network:
    """A small network with many coincidences: dead, repeated, zero and identity neurons, slopes of either sign."""
    d = random.choice([1, 2, 2, 2, 3])
    widths = [d, *(random.randint(1, 5 - (d == 3)) for _ in range(random.choice([1, 2, 2, 3]))), 1]
    entries = range(-9, 10) if random.random() < 0.4 else [-2, -1, -1, 0, 0, 1, 1, 2]
    weights = [[[random.choice(entries) for _ in range(m)] for _ in range(n)] for m, n in pairwise(widths)]
    biases = [[random.choice(entries) for _ in range(n)] for n in widths[1:]]
    slopes: Any = None
    if random.random() < 0.25:
        slopes = [[random.choice([0, 0, -1, "1/2", 1]) for _ in range(n)] for n in widths[1:-1]]
    return pr.Network(weights, biases, slopes)


def box(random: Random, d: int) -> list[tuple[int, int]] | None:
    return None if random.random() < 0.6 else [(-random.randint(1, 3), random.randint(1, 3))] * d


def betti(found: pr.LayerwiseHomology) -> list[tuple[int, ...]]:
    return [groups.betti for groups in found]


@pytest.mark.parametrize("d", [1, 2, 3])
def test_shells_are_folded_to_one_and_then_to_an_arc(d: int) -> None:
    found = pr.layerwise_homology(rings(d), ">=")
    sphere = [2] if d == 1 else [1, *[0] * (d - 2), 1]
    many = tuple(2**d * b for b in sphere)
    assert betti(found) == [many, many, tuple(sphere), (1, *[0] * (d - 1))]
    assert not any(m for groups in found for m in groups.torsion)
    if d > 1:
        assert found.lost(0) == (2,) * (2**d - 1) + (None,)
        assert found.lost(d - 1) == (2,) * (2**d - 1) + (3,)
        assert found.labels == (tuple(range(2**d)),) * 2 + ((0,) * 2**d,) * 2
    assert len(found.components) == many[0]
    assert all(rings(d)(x) >= 0 for x in found.components)
    copy = pickle.loads(pickle.dumps(found))
    assert copy == found and (copy.bars, copy.labels) == (found.bars, found.labels)


def pieces(random: Random) -> tuple[pr.Network, Any]:
    """A network and a closed region of it with few cells."""
    while True:
        net = random_network(random)
        level, relation = random.choice([0, 0, 1, -1, "1/2"]), random.choice(["<=", ">=", "="])
        region = pr.subdivide(net, level, box(random, net.input_dim)).region(relation)
        if region.f_vector[-1] <= 16 and sum(region.f_vector) <= 120:
            return net, region


def check_by_nerves(net: pr.Network, region: Any) -> bool:
    """Whether the homology changes from layer to layer; all of it is compared with nerves."""
    nerve = pytest.importorskip("support.nerve", reason="pycddlib intersects polyhedra")
    found = pr.layerwise_homology(region)
    for layer, groups in enumerate(found):
        other = nerve.nerve_homology(region, net, layer)
        n = len(groups.betti)
        assert (groups.betti, groups.torsion) == (other.betti[:n], other.torsion[:n]), (net.to_dict(), layer)
        assert not any(other.betti[n:])
    return len(set(betti(found))) > 1


@pytest.mark.parametrize("seed", [0, 2])
def test_both_routes_agree(seed: int) -> None:
    random = Random(seed)
    for _ in range(6):
        check_by_nerves(*pieces(random))


@pytest.mark.slow
def test_both_routes_agree_on_many() -> None:
    random = Random(1)
    assert sum(check_by_nerves(*pieces(random)) for _ in range(120)) >= 3


@pytest.mark.parametrize("seed", range(2))
def test_open_sets_are_limits_of_closed_ones(seed: int) -> None:
    """{F < t} and its images are those of {F ≤ t − ε}, up to homotopy, before any critical level below t."""
    random = Random(seed)
    for _ in range(5):
        net, t = random_network(random), random.choice([0, 1, -1])
        relation, sign = random.choice([("<", -1), (">", 1)])
        where = box(random, net.input_dim)
        found = pr.layerwise_homology(net, relation, t, where)
        assert tuple(found) == tuple(
            pr.layerwise_homology(net, f"{relation}=", t + sign * Fraction(1, 10**9), where)
        ), (net.to_dict(), relation, t, where)
        assert found.bars == found.components == found.labels == ()


def test_images_of_cells_on_both_sides_of_an_absolute_value_may_meet() -> None:
    """Two rays in a plane, of which the absolute value of a coordinate makes two lines that cross."""
    net = pr.Network(
        [[[-1, 2]], [[-2], [-1]], [[0, 0], [0, 0], [2, 1], [1, 2]], [[-2, 1, 2, 1]]],
        [[2], [2, 0], [-1, 1, -1, 1], [0]],
        ["1/2", [-1, 1], [-1, "1/2", 1, -1]],
    )
    assert betti(pr.layerwise_homology(net, ">=", -1)) == [(2, 0), (2, 0), (2, 0), (1, 0)]


def test_opposite_rays_stay_two() -> None:
    """The second layer is an identity neuron, and the line that it sees has two ends."""
    net = pr.Network([[[1], [-1]], [[1, -1]], [[1]]], [[0, 0], [0], [0]], [0, 1])
    for relation in ("<=", ">="):
        assert betti(pr.layerwise_homology(net, relation)) == [(1,)] * 3
    absolute = pr.Network([[[1], [-1]], [[1, -1]], [[1]], [[1]]], [[0, 0], [0], [0], [-1]], [0, 1, -1])
    found = pr.layerwise_homology(absolute, ">=")  # |x| ≥ 1
    assert betti(found) == [(2,), (2,), (2,), (1,)] and found.lost(0) == (3, None)


@pytest.mark.parametrize("seed", range(4))
def test_injective_layers_change_nothing(seed: int) -> None:
    """x ↦ (ReLU(x), ReLU(−x)) before a network, and leaky layers that are invertible."""
    random = Random(seed)
    net = random_network(random)
    d = net.input_dim
    halves = [[s * int(i == j) for j in range(d)] for i in range(d) for s in (1, -1)]
    split = pr.Network([halves, [[s * int(j // 2 == i) for j, s in enumerate([1, -1] * d)] for i in range(d)]],
                       [[0] * (2 * d), [0] * d])  # fmt: skip
    shear = [[int(j >= i) for j in range(d)] for i in range(d)]
    leaky = pr.Network([shear, shear, shear], [[1] * d, [-1] * d, [0] * d], ["1/3", "1/5"])
    plain = tuple(pr.layerwise_homology(net, "<="))
    assert tuple(pr.layerwise_homology(split.followed_by(net), "<=")) == (plain[0], plain[0], *plain[1:])
    first, *rest = pr.layerwise_homology(leaky.followed_by(net), "<=")
    assert [first] * 2 == rest[:2]


@pytest.mark.parametrize(("architecture", "cuts"), [((2, 8, 4, 3, 1), [3]), ((3, 6, 6, 4, 1), [2, 2])])
def test_shells_lose_one_fold_a_layer(architecture: tuple[int, ...], cuts: list[int]) -> None:
    d = architecture[0]
    folds = [2 * (n // (2 * d)) for n in architecture[1:-2]]

    def predicted(m: int) -> tuple[int, ...]:
        bands = [(k, -(-c // 2), c // 2) for k, c in enumerate(cuts, 1)]
        return (
            sum((m // 2) * (m // 2 + 1) ** k * more for k, more, _ in bands),
            *((m // 2) * (m // 2 - 1) ** k * fewer for k, _, fewer in bands),
        )

    expected = [predicted(prod(folds[i:])) for i in range(len(folds))]
    last = (sum(-(-c // 2) for c in cuts), *[0] * (d - 1))
    for relation in (">", ">="):
        assert betti(pr.layerwise_homology(pr.shells(architecture, cuts), relation)) == [expected[0], *expected, last]


def test_the_network_of_the_paper_loses_one_fold_a_layer() -> None:
    cube = [(0, 1), (0, 1)]
    found = betti(pr.layerwise_homology(pr.paper_network([2, 4], [2]), "<=", 0, cube))
    expected = [pr.betti_numbers(pr.paper_network(folds, [2]), "<=", 0, cube) for folds in ([2, 4], [4])]
    assert found == [expected[0], *expected, (1, 0)]


@pytest.mark.parametrize(("depth", "m"), [(3, 2), (3, 3), (2, 4)])
def test_teeth_of_a_sawtooth(depth: int, m: int) -> None:
    found = pr.layerwise_homology(pr.sawtooth(depth, m), ">=", "1/2", [(0, 1)])
    teeth = [-(-(m ** (depth - i)) // 2) for i in range(depth)]
    assert betti(found) == [(n,) for n in (teeth[0], *teeth)]
    assert len(found.lost(0)) == teeth[0]


def test_a_disc_may_be_folded_to_a_sphere() -> None:
    """The square |x|, |y| ≤ 3, folded so that its boundary becomes a point: the image has homology in degree 2.

    m = max(|x|, |y|). Coordinates u = h x / m, v = h y / m of a square ring of size h(m) = min(m, 3 − m) and the height
    m: a surface of two pyramids. u and v are not piecewise linear, but bounded by the ring: u = clamp(x, −h, h).
    """
    half = [[1, 0], [-1, 0], [0, 1], [0, -1]]
    first = pr.Network([half, [[1, 1, 0, 0], [0, 0, 1, 1], [1, -1, 0, 0], [0, 0, 1, -1]]], [[0] * 4, [0] * 4])
    # (a, b, x, y) with a = |x|, b = |y| ↦ m = b + ReLU(a − b), x and y
    larger = pr.Network(
        [[[1, -1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], [[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]],
        [[0] * 4, [0] * 3],
        [[0, 0, 1, 1]],
    )
    # (m, x, y) ↦ h = m − 2 ReLU(m − 3/2), m, x, y
    height = pr.Network(
        [
            [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]],
            [[-2, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
        ],
        [["-3/2", 0, 0, 0], [0] * 4],
        [[0, 1, 1, 1]],
    )
    # clamp(x, −h, h) = ReLU(x + h) − ReLU(x − h) − h
    clamp = pr.Network(
        [
            [[1, 0, 1, 0], [-1, 0, 1, 0], [1, 0, 0, 1], [-1, 0, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0]],
            [[1, -1, 0, 0, -1, 0], [0, 0, 1, -1, -1, 0], [0, 0, 0, 0, 0, 1]],
        ],
        [[0] * 6, [0] * 3],
        [[0, 0, 0, 0, 1, 1]],
    )
    end = pr.Network([[[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[0, 0, 1]]], [[0] * 3, [0]], [1])
    net = first.followed_by(larger).followed_by(height).followed_by(clamp).followed_by(end)
    found = pr.layerwise_homology(net, "<=", 3)  # the square
    assert betti(found)[:-1] == [(1, 0)] * (len(found) - 1)
    assert found[-1].betti == (1, 0, 1) and found[-1].torsion == ((), (), ())
    assert found.bars[2] == ((net.depth, None),)


def test_regions_of_classes_and_formulas() -> None:
    """The same set in three ways, and a set that is neither open nor closed."""
    net = rings(2)
    both = pr.Network([*net.weights[:-1], [*net.weights[-1], [0, 0, 0]]], [*net.biases[:-1], [*net.biases[-1], 0]])
    plain = pr.layerwise_homology(net, ">=")
    for region in (
        pr.classify(both).region(0, closed=True),
        pr.refine(both, "F0 >= F1").region(),
        pr.refine(net, "F >= 0").region(),
    ):
        found = pr.layerwise_homology(region)
        assert found == plain and found.bars == plain.bars
    assert betti(pr.layerwise_homology(pr.classify(both).region(0))) == betti(plain)
    half_open = betti(pr.layerwise_homology(pr.refine(net, "0 < F <= 1/64").region()))
    assert half_open[0] == pr.betti_numbers(net, where="0 < F <= 1/64") and len(half_open) == 4


def test_degenerate_networks() -> None:
    constant = pr.Network([[[0, 0]], [[0]]], [[-1], [0]])
    assert betti(pr.layerwise_homology(constant)) == [(1, 0), (1, 0)]
    assert betti(pr.layerwise_homology(constant, ">")) == [(0, 0), (0, 0)]
    affine = pr.Network([[[1, 1]]], [[0]])
    assert betti(pr.layerwise_homology(affine, "=")) == [(1, 0)]
    # The line y = 1 meets two rings in four intervals.
    flat = pr.layerwise_homology(rings(2), ">=", 0, [(-2, 2), (1, 1)])
    assert betti(flat) == [(4,), (4,), (2,), (1,)]


def test_arguments() -> None:
    net = rings(2)
    many = pr.subdivide(pr.shells((2, 8, 4, 3, 1), [3]), 0).region(">=")
    for limit in ({"max_cells": 300}, {"max_memory": 500_000}):
        with pytest.raises(pr.LimitError, match=f"{next(iter(limit.values()))} (cells|bytes) are needed for an image"):
            pr.layerwise_homology(many, **limit)
    with pytest.raises(pr.CoarseComplexError):
        pr.layerwise_homology(pr.subdivide(net, 0, coarse=True).region(">="))
    with pytest.raises(pr.InputError, match="has its own"):
        pr.layerwise_homology(pr.subdivide(net, 0).region(">="), level=1)
    with pytest.raises(pr.RegionError, match="2 outputs"):
        pr.layerwise_homology(pr.Network([[[1], [1]]], [[0, 0]]))
    seen: list[Any] = []
    pr.layerwise_homology(net, progress=lambda *x: seen.append(x))
    assert [x for x in seen if x[0] == "images"] == [("images", i, 3) for i in range(4)]


def test_rotated_networks() -> None:
    """A rotation of R² by a rational orthogonal matrix changes nothing but the coordinates."""
    c, s = Fraction(3, 5), Fraction(4, 5)
    turned = rings(2).restrict([0, 0], [[c, s], [-s, c]])
    assert betti(pr.layerwise_homology(turned, ">=")) == betti(pr.layerwise_homology(rings(2), ">="))


def test_signs_beyond_doubles() -> None:
    """A fold whose two sides differ by less than doubles tell apart is none."""
    tiny = Fraction(1, 10**40)
    for offset, expected in ((0, 1), (tiny, 2)):
        net = pr.Network([[[1], [-1]], [[1, 1], [offset, 0]], [[1, 0]]], [[0, 0], [0, 0], [-1]])
        found = pr.layerwise_homology(net, "=")  # |x| = 1
        assert betti(found) == [(2,), (2,), (expected,)]
        assert all(np.isfinite(float(x[0])) for x in found.components)


def test_overlaps_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """327 pairs of cells wait at most, 325 of which are given, in four groups."""
    random = np.random.default_rng(0)
    weights = [random.integers(-9, 10, (n, m)) for m, n in ((2, 6), (6, 2), (2, 1))]
    net = pr.Network(weights, [random.integers(-9, 10, n) for n in (6, 2, 1)])
    for limit in (20, 326):
        monkeypatch.setattr(overlay, "MAX_PAIRS", limit)
        with pytest.raises(pr.LimitError, match=f"more than {limit} pairs"):
            pr.layerwise_homology(net, "<=", 100)
    monkeypatch.setattr(overlay, "MAX_PAIRS", 327)
    assert betti(pr.layerwise_homology(net, "<=", 100)) == [(2, 0), (2, 0), (1, 0)]
