"""Neighbourhoods against complete complexes, samples and the theorem on balls."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.exact.shortest import Inequalities, exact_array
from polyrelu.geometry.open_ball import OpenBall
from support.known_answers import random_float32


def trimmed(groups: pr.Homology) -> tuple[Any, ...]:
    size = max([k + 1 for k, b in enumerate(groups.betti) if b or groups.torsion[k]], default=1)
    return groups.betti[:size], groups.torsion[:size]


def random_case(seed: int, d: int, outputs: int, most: int = 5) -> tuple[pr.Network, list[Fraction], Fraction]:
    """A network with small integers, so that much is degenerate, a centre and a radius."""
    rng = np.random.default_rng(seed)
    widths = [d, *(int(n) for n in rng.integers(1, most, rng.integers(0, 4))), outputs]
    weights = [rng.integers(-2, 3, (b, a)).tolist() for a, b in itertools.pairwise(widths)]
    biases = [rng.integers(-2, 3, b).tolist() for b in widths[1:]]
    slopes = [[Fraction(int(x), 2) for x in rng.choice([0, 0, -1, 1, 2], k)] for k in widths[1:-1]]
    c = [Fraction(int(x), 2) for x in rng.integers(-3, 4, d)]
    return pr.Network(weights, biases, slopes), c, Fraction(int(rng.integers(1, 7)), 2)


def check_against_domain(
    net: pr.Network, c: list[Fraction], r: Fraction, norm: Any, scales: list[Fraction] | None = None
) -> None:
    """Against the complete complex in the closed ball, without what lies on its boundary."""
    d = net.input_dim
    units = scales or [Fraction(1)] * d
    if norm == 1:
        sides = [[s / u for s, u in zip(signs, units, strict=True)] for signs in itertools.product((1, -1), repeat=d)]
        domain = pr.Domain(sides, [r + sum(x * y for x, y in zip(s, c, strict=True)) for s in sides])
    else:
        domain = pr.Domain.box(*([x + e * r * u for x, u in zip(c, units, strict=True)] for e in (-1, 1)))
    found = pr.neighbourhood(net, c, r, norm, scales=scales)
    expected: dict[Any, pr.Homology]
    if net.output_dim == 1:
        expected = {sign: pr.analyse_region(net, sign, 0, domain).homology for sign in "<>"}
    else:
        expected = dict(enumerate(pr.analyse_classes(net, domain).classes))
    assert {k: trimmed(g) for k, g in found.classes.items()} == {
        k: trimmed(g) for k, g in expected.items() if g.betti[0]
    }
    cx = pr.subdivide(net, None, domain)

    def size(x: tuple[Fraction, ...]) -> Fraction:
        parts = [abs(a - b) / u for a, b, u in zip(x, c, units, strict=True)]
        return sum(parts, Fraction(0)) if norm == 1 else max(parts)

    inside = [sum(size(cx.interior_point(k, i)) < r for i in range(cx.f_vector[k])) for k in range(d, -1, -1)]
    assert found.cells == tuple(inside[: len(found.cells)])
    assert not any(inside[len(found.cells) :])


def check_against_distances(net: pr.Network, c: list[Fraction], r: Fraction, norm: Any) -> None:
    """Against the cells of the complete complexes of R^d that are nearer to the centre than the radius."""
    d = net.input_dim
    found = pr.neighbourhood(net, c, r, norm)

    def near(cx: pr.PolyhedralComplex, k: int) -> Any:
        met = []
        for i in range(cx.n_cells(k)):
            inequalities, equations = cx.h_representation(k, i)
            every = [*inequalities, *equations, *(tuple(-x for x in row) for row in equations)]
            rows = Inequalities([row[1:] for row in every], [row[0] for row in every], d)
            shortest = rows.shortest(rows.seen_from(exact_array(c)), norm)
            assert shortest is not None
            met.append(shortest.value < (r * r if norm == 2 else r))
        return np.array(met, dtype=bool)

    cx = pr.subdivide(net)
    if not cx.artificial_hyperplanes:
        counts = [int(near(cx, k).sum()) for k in range(d, -1, -1)]
        assert found.cells == tuple(counts[: len(found.cells)])
        assert not any(counts[len(found.cells) :])
    if net.output_dim > 1:
        return
    cx = pr.subdivide(net, 0)
    met = [near(cx, k) for k in range(d + 1)]
    for name, sign in (("<", -1), (">", 1)):
        chosen = [np.flatnonzero(met[k] & (cx.signs(k) == sign)) for k in range(d + 1)]
        ranks = [0, *(
            int(np.linalg.matrix_rank(cx.boundary_matrix(k).toarray()[np.ix_(chosen[k - 1], chosen[k])]))
            if len(chosen[k]) and len(chosen[k - 1]) else 0 for k in range(1, d + 1)
        ), 0]  # fmt: skip
        # Cohomology with compact supports, in degree d − k that of H_k.
        betti = tuple(len(chosen[k]) - ranks[k] - ranks[k + 1] for k in range(d, -1, -1))
        own = found.betti.get(name, ())
        assert own == betti[: len(own)]
        assert not any(betti[len(own) :])


MORE = [pytest.param(i, marks=pytest.mark.slow) for i in range(5, 15)]


@pytest.mark.parametrize("seed", [*range(5), *MORE])
def test_cells_and_homology_are_those_of_the_complete_complex(seed: int) -> None:
    rng = np.random.default_rng(seed)
    net, c, r = random_case(seed, int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    check_against_domain(net, c, r, ("inf", 1)[seed % 2])


@pytest.mark.parametrize("seed", [*range(5), *MORE])
def test_cells_in_round_balls_are_those_near_enough(seed: int) -> None:
    check_against_distances(*random_case(seed, 1 + seed % 3, 1, 4), 2)


@pytest.mark.parametrize("seed", [3, *(pytest.param(i, marks=pytest.mark.slow) for i in (0, 1, 2, 6))])
def test_coordinates_with_units_of_their_own(seed: int) -> None:
    rng = np.random.default_rng(seed)
    net, c, r = random_case(seed, 2 + seed % 2, int(rng.integers(1, 4)))
    scales = [Fraction(int(p), int(q)) for p, q in rng.integers(1, 6, (net.input_dim, 2))]
    check_against_domain(net, c, r, ("inf", 1)[seed % 2], scales)


@pytest.mark.parametrize("norm", ["inf", 1, 2])
def test_a_coordinate_of_unit_zero_does_not_change(norm: Any) -> None:
    net, c, r = random_case(41, 3, 3)
    plane = net.restrict(c, [[2, 0, 0], [0, 0, "1/3"]])
    options = {"norm": norm, "scales": [2, 0, "1/3"]}
    found, expected = pr.neighbourhood(net, c, r, **options), pr.neighbourhood(plane, [0, 0], r, norm)
    assert len(found.crossing) > 1
    assert (found.crossing, sorted(found.patterns), found.cells) == (
        expected.crossing, sorted(expected.patterns), expected.cells
    )  # fmt: skip
    assert {k: trimmed(g) for k, g in found.classes.items()} == {k: trimmed(g) for k, g in expected.classes.items()}
    for of in ("class", "pattern"):
        assert pr.unchanged_radius(net, c, of, squared=True, **options) == pr.unchanged_radius(
            plane, [0, 0], of, norm, squared=True
        )


def classes_nearby(seed: int) -> tuple[pr.Network, list[Fraction]]:
    """A random network 784-24-12-4, and a point at which its outputs are nearly the same."""
    net = random_float32((784, 24, 12, 4), seed)
    x = [Fraction(int(v), 16) for v in np.random.default_rng(seed).integers(0, 17, 784)]
    values = net(x)
    assert isinstance(values, tuple)
    last = [b - v - Fraction(i, 200) for i, (b, v) in enumerate(zip(net.biases[-1], values, strict=True))]
    return pr.Network(net.weights, [*net.biases[:-1], last]), x


@pytest.mark.parametrize("norm", ["inf", *(pytest.param(norm, marks=pytest.mark.slow) for norm in (1, 2))])
def test_samples_of_many_inputs(norm: Any) -> None:
    """Signs and classes of samples are among those that are met, and do not change within the unchanged radii."""
    net, x = classes_nearby(1)
    signs = float(pr.unchanged_radius(net, x, "pattern", norm, squared=True) or 0) ** 0.5
    of_class = float(pr.unchanged_radius(net, x, "class", norm, squared=True) or 0) ** 0.5
    assert min(signs, of_class) > 0
    r = 8 * signs
    found = pr.neighbourhood(net, x, r, norm)
    assert len(found.crossing) > 1
    assert len(found.classes) > 1

    layers = [np.array(w, dtype=float) for w in net.weights]
    start = np.array(x, dtype=float)
    rng = np.random.default_rng(0)
    # Directions in which first neurons or differences of classes grow the most, and mixtures of these.
    slopes = [layers[0][n - 1] for layer, n in found.crossing if layer == 1]
    for i, j in itertools.permutations(found.classes, 2):
        gradient = layers[2][i] - layers[2][j]
        hidden = (np.array(net.preactivations(x)[1], dtype=float) > 0) * gradient @ layers[1]
        slopes.append((np.array(net.preactivations(x)[0], dtype=float) > 0) * hidden @ layers[0])
    mixed = rng.normal(size=(2000, len(slopes))) * (rng.random((2000, len(slopes))) < 0.3) @ np.array(slopes)
    mixed = mixed[np.any(mixed != 0, axis=1)]
    if norm == "inf":
        steps = np.sign(mixed)
    elif norm == 1:
        steps = np.sign(mixed) * (np.abs(mixed) == np.abs(mixed).max(axis=1, keepdims=True))
    else:
        steps = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)

    def sampled(radius: float) -> tuple[set[tuple[int, ...]], set[tuple[int, ...]], set[int]]:
        """(signs of the neurons that cross, of the others, classes) at points inside, but where rounding may matter."""
        lengths = np.concatenate([np.full(len(steps) // 2, 0.999), rng.random(len(steps) - len(steps) // 2)])
        values, pre = start + radius * lengths[:, None] * steps, []
        for w, b in zip(layers, net.biases, strict=True):
            pre.append(values @ w.T + np.array(b, dtype=float))
            values = np.maximum(pre[-1], 0)
        top = np.sort(pre[-1], axis=1)
        sure = (top[:, -1] - top[:, -2] > 1e-9) & np.all([np.abs(p).min(axis=1) > 1e-9 for p in pre[:-1]], axis=0)
        assert sure.mean() > 0.9
        cross = np.array([pre[layer - 1][:, n - 1] for layer, n in found.crossing]).T
        others = np.hstack([np.delete(p, [n - 1 for of, n in found.crossing if of == layer], axis=1)
                            for layer, p in enumerate(pre[:-1], 1)])  # fmt: skip
        one, two = ({tuple(map(int, row)) for row in np.sign(p[sure])} for p in (cross, others))
        return one, two, set(np.argmax(pre[-1][sure], axis=1).tolist())

    patterns, rest, classes = sampled(r)
    assert len(rest) == 1
    assert patterns <= set(found.patterns)
    assert classes <= set(found.classes)
    assert len(patterns) > len(found.patterns) / 4
    assert classes == set(found.classes)
    assert sampled(of_class * (1 - 1e-6))[2] == {0}
    (pattern,) = sampled(signs * (1 - 1e-6))[0]
    assert pattern in found.patterns
    assert len(sampled(signs * 1.01)[0]) > 1
    assert len(sampled(of_class * 1.01)[2]) > 1


def test_a_neuron_that_is_zero_and_positive_does_not_change_sign() -> None:
    """Whether bounds prove that it is not negative, as of ReLU(x), or not, as of ReLU(x + 1) − ReLU(x)."""
    net = pr.Network([[[1], [1]], [[1, 0], [-1, 1]], [[1, 1]]], [[0, 1], [0, 0], [-1]])
    found = pr.neighbourhood(net, [0], 2)
    assert found.crossing == ((1, 1), (1, 2)) and found.cells == (3, 2)
    assert sorted(found.patterns) == [(-1, -1), (-1, 1), (1, 1)]


def test_limits_and_wrong_arguments() -> None:
    net = random_float32((30, 12, 2), 0)
    zero = [0] * 30
    with pytest.raises(pr.LimitError, match=r"12 neurons of the first layer .* at most 3 do within radius") as caught:
        pr.neighbourhood(net, zero, 100, max_crossing=3)
    radius = str(caught.value).rsplit(" ", 1)[1]
    assert len(pr.neighbourhood(net, zero, radius, max_crossing=3).crossing) <= 3
    with pytest.raises(pr.InputError, match="norm: expected"):
        pr.neighbourhood(net, zero, 1, 3)
    with pytest.raises(pr.InputError, match="radius: expected a positive"):
        pr.neighbourhood(net, zero, 0)
    with pytest.raises(pr.InputError, match="scales, coordinate 30: expected a number >= 0, got -1"):
        pr.neighbourhood(net, zero, 1, scales=[1] * 29 + [-1])
    with pytest.raises(pr.PointError, match="scales: expected 30"):
        pr.unchanged_radius(net, zero, scales=[1])
    with pytest.raises(pr.InputError, match="of: expected"):
        pr.unchanged_radius(net, zero, "sign")


@pytest.mark.parametrize("seed", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_rational_numbers_alone_give_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    net = random_float32((3, 4, 3, 3), seed)
    for norm in ("inf", 1):
        found = pr.neighbourhood(net, [0, 0, 0], 2, norm)
        with monkeypatch.context() as patch:
            patch.setattr(OpenBall, "_proved", lambda *_: None)
            patch.setattr(OpenBall, "_upper", lambda *_: float("inf"))
            assert pr.neighbourhood(net, [0, 0, 0], 2, norm) == found
