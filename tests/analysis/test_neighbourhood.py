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


def check_against_domain(net: pr.Network, c: list[Fraction], r: Fraction, norm: Any) -> None:
    """Against the complete complex in the closed ball, without what lies on its boundary."""
    d = net.input_dim
    if norm == 1:
        sides = list(itertools.product((1, -1), repeat=d))
        domain = pr.Domain([list(s) for s in sides], [r + sum(x * y for x, y in zip(s, c, strict=True)) for s in sides])
    else:
        domain = pr.Domain.box([x - r for x in c], [x + r for x in c])
    found = pr.neighbourhood(net, c, r, norm)
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
        parts = [abs(a - b) for a, b in zip(x, c, strict=True)]
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


def test_many_inputs() -> None:
    net = random_float32((784, 24, 12, 4), 1)
    x = [Fraction(int(v), 16) for v in np.random.default_rng(0).integers(0, 17, 784)]
    within = pr.unchanged_radius(net, x, "pattern")
    assert within is not None
    assert within > 0
    assert pr.neighbourhood(net, x, within).cells == (1,)
    r = 2 * within
    found = pr.neighbourhood(net, x, r)
    assert found.n_regions > 1
    patterns = set()
    for s in np.random.default_rng(1).choice([-1, 1], (40, 784)):
        y = [a + r * int(b) * Fraction(127, 128) for a, b in zip(x, s, strict=True)]
        patterns.add(tuple(v > 0 for layer in net.preactivations(y)[: net.depth] for v in layer))
        values = net(y)
        assert isinstance(values, tuple)
        assert values.index(max(values)) in found.classes
    assert len(patterns) <= found.n_regions


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
