"""The engine against feasible sign vectors and the order complexes of their posets; see support/sign_vectors.py."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrelu.constructions import maximum, shells
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from polyrelu.topology.homology import homology
from support.comparison import random_level, signs_at
from support.known_answers import SHELLS
from support.reference import RELATIONS, Homology
from support.sign_vectors import SignVectors, ascend, core, order, order_complex_homology
from support.strategies import examples, levels, networks, seeded_network

SMALL = {
    1: [(), (1,), (5,), (4, 4), (3, 3, 2)],
    2: [(), (1,), (3,), (5,), (4, 3), (2, 3), (3, 2, 2), (3, 1, 3)],
    3: [(), (2,), (4,), (3, 2), (2, 2, 2)],
    4: [(2,), (3,), (3, 1)],
}
LARGER = {
    1: [(9,), (7, 7), (5, 5, 5), (3, 3, 3, 3)],
    2: [(8,), (6, 5), (4, 4, 4), (3, 3, 3, 2)],
    3: [(6,), (4, 4), (3, 3, 2)],
    4: [(5,), (3, 3)],
}


def compare(net: Network, level: Fraction) -> None:
    found, complex_ = SignVectors(net, level), subdivide(net, level=level)
    assert complex_.f_vector == found.f_vector
    assert complex_.lineality_dim == found.lineality_dim
    regions = [cell for cell in found.cells if cell.dim == net.input_dim]
    assert complex_.n_bounded_regions == sum(map(found.is_bounded, regions))
    assert len({cell.signs for cell in found.cells}) == len(found.cells)
    assert {tuple(row) for row in complex_.region_signs().tolist()} == {cell.signs for cell in regions}
    for relation in RELATIONS:
        h = homology(complex_.region(relation))
        assert (h.betti, h.torsion) == found.homology(relation), relation
    canonical = SignVectors(net)
    assert complex_.canonical_f_vector == subdivide(net).f_vector == canonical.f_vector


@given(st.data())
@examples(30)
def test_random_networks(data: st.DataObject) -> None:
    net = data.draw(networks(widths=SMALL))
    compare(net, data.draw(levels(net)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_seeded_networks(seed: int) -> None:
    net = seeded_network(seed, LARGER)
    compare(net, random_level(net, Random(seed)))


@pytest.mark.parametrize(
    ("net", "level"),
    [
        (shells((2, 6, 4, 1), {1: 4}, "interior"), "1/3"),
        (shells(SHELLS[1].architecture, {1: 2}), 0),
        (maximum(3), 1),
        (Network([[[1, 1], [1, -1]], [[1, -1]]], [[0, 0], [0]], [-1]), 0),
        (Network([[[1, 0], [0, 1]], [[1, 1]], [[1]]], [[0, 0], [0], [0]], [[1, 0], 0]), 0),
        (Network([[[0, 0]], [[1]]], [[3], [0]]), 3),
    ],
    ids=["interior", "corner", "maximum", "critical", "skip", "constant"],
)
def test_chosen_networks(net: Network, level: int | str) -> None:
    compare(net, Fraction(level))


def test_open_and_closed_regions_of_a_critical_level() -> None:
    """|x + y| − |x − y| is 2 min(|x|, |y|), with the sign of xy: positive in two quadrants that meet in the origin."""
    found = SignVectors(Network([[[1, 1], [1, -1]], [[1, -1]]], [[0, 0], [0]], [-1]), 0)
    betti = {relation: found.homology(relation).betti for relation in RELATIONS}
    assert betti == {">": (2, 0), ">=": (1, 0), "<": (2, 0), "<=": (1, 0), "=": (1, 0)}


@given(st.data())
@examples(20)
def test_beat_points_may_be_removed(data: st.DataObject) -> None:
    """The order complex of all cells, and that of what is left of them."""
    net = data.draw(networks(dims=(1, 2, 3), widths={1: [(3,), (2, 2)], 2: [(2,), (3,), (2, 1)], 3: [(2,)]}))
    found = SignVectors(net, data.draw(levels(net)))
    for relation in RELATIONS:
        assert found.homology(relation) == found.homology(relation, reduce=False)


def test_posets() -> None:
    """The face poset of a circle of three edges is its own core; a chain has one point left; S^2 with six cells."""
    circle = {0: set(), 1: set(), 2: set(), 3: {0, 1}, 4: {1, 2}, 5: {0, 2}}
    assert core(circle) == circle
    assert order_complex_homology(circle) == Homology((1, 1), ((), ()))
    assert len(core({0: set(), 1: {0}, 2: {0, 1}})) == 1
    sphere = {i: set(range(i - i % 2)) for i in range(6)}
    assert core(sphere) == sphere
    assert order_complex_homology(sphere) == Homology((1, 0, 1), ((), (), ()))
    assert order_complex_homology({}) == Homology((0,), ((),))
    assert order([]) == {}


@given(st.integers(0, 2**32))
@examples(60)
def test_linear_programs(seed: int) -> None:
    """What is found satisfies the inequalities; what is not found is no better at any vertex of a bounded problem.

    The problems are plane polygons with the origin inside, so that the best vertex is found by intersecting all pairs
    of lines.
    """
    rng = Random(seed)
    rows = [[Fraction(a), Fraction(b)] for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    rows += [[Fraction(rng.randint(-3, 3)) for _ in range(2)] for _ in range(4)]
    slack = [Fraction(rng.randint(1, 6), rng.randint(1, 3)) for _ in rows]
    objective = [Fraction(rng.randint(-3, 3)) for _ in range(2)]
    vertices = []
    for i, (a, b) in enumerate(rows):
        for j, (c, d) in enumerate(rows[:i]):
            if a * d - b * c:
                x = (b * slack[j] - d * slack[i]) / (a * d - b * c)
                y = (c * slack[i] - a * slack[j]) / (a * d - b * c)
                if all(r[0] * x + r[1] * y + s >= 0 for r, s in zip(rows, slack, strict=True)):
                    vertices.append(objective[0] * x + objective[1] * y)
    best = max(vertices)
    for goal in (best, best - Fraction(1, 10**6), Fraction(0)):
        z = ascend(objective, rows, slack, goal)
        assert (z is None) == (goal >= best)
        if z is not None:
            assert objective[0] * z[0] + objective[1] * z[1] > goal
            assert all(r[0] * z[0] + r[1] * z[1] + s >= 0 for r, s in zip(rows, slack, strict=True))
    assert ascend(objective, rows, slack, None) is None
    ray = ascend([Fraction(1), Fraction(1)], rows[:1], slack[:1], None)
    assert ray is not None and ray[0] >= 0 and sum(ray) > 0


def test_cycling_is_excluded() -> None:
    """A problem on which the simplex method with the greatest cost first runs in a circle (E. M. L. Beale, 1955)."""
    rows = [
        [Fraction(-1, 4), Fraction(60), Fraction(1, 25), Fraction(-9)],
        [Fraction(-1, 2), Fraction(90), Fraction(1, 50), Fraction(-3)],
        [Fraction(0), Fraction(0), Fraction(-1), Fraction(0)],
        *([Fraction(int(i == j)) for j in range(4)] for i in range(4)),
    ]
    slack = [Fraction(0), Fraction(0), Fraction(1), *[Fraction(0)] * 4]
    objective = [Fraction(3, 4), Fraction(-150), Fraction(1, 50), Fraction(-6)]
    z = ascend(objective, rows, slack, Fraction(1, 20) - Fraction(1, 10**9))
    assert z is not None and sum(c * x for c, x in zip(objective, z, strict=True)) <= Fraction(1, 20)
    assert ascend(objective, rows, slack, Fraction(1, 20)) is None


def test_cells_are_where_their_points_say() -> None:
    """Each point has the signs of its cell, and points between them have sign vectors that were found."""
    net = seeded_network(12, {2: [(5, 4)]})
    found = SignVectors(net, 0)
    known = {cell.signs for cell in found.cells}
    for cell in found.cells:
        assert signs_at(net, Fraction(0), cell.point) == cell.signs
    points = [cell.point for cell in found.cells]
    for a, b in pairwise(points):
        assert signs_at(net, Fraction(0), [(x + 2 * y) / 3 for x, y in zip(a, b, strict=True)]) in known
