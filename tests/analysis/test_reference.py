"""The reference against stored answers and against itself by other routes: it has to be right before it may judge."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrelu.network.network import Network
from support.comparison import signs_at
from support.known_answers import REGION_COUNTS, Case, cases, random_float32, shells
from support.reference import RELATIONS, Homology, Reference, evaluate, homology, smith
from support.strategies import examples, levels, networks, points, polytopes

# Beyond a second or two in plain Python. Four take up to two minutes: the engine, which agrees with the reference
# elsewhere, finds what is stored for them in test_cases.py, and here smaller ones of the same kind take their place.
LARGE = {"degenerate_4-5-5-1_1", "random_int_2-10-10-1", "shells_2-8-4-3-1"}
CASES = [
    pytest.param(c, id=c.name, marks=[pytest.mark.slow] if c.name in LARGE else [])
    for c in cases()
    if c.name not in ("shells_4-8-10-1", "random_int_3-7-7-1", "shells_3-6-6-4-1", "random_int_4-5-5-1")
]

SMALL = {
    1: [(), (1,), (4,), (2, 2)],
    2: [(), (1,), (3,), (4,), (1, 2), (3, 2), (2, 2, 1)],
    3: [(), (1,), (3,), (2, 1)],
    4: [(), (1,), (2,)],
}


@pytest.mark.parametrize("case", CASES)
def test_stored_answers(case: Case) -> None:
    expected = case.expected
    assert Reference(case.network).f_vector == tuple(expected["canonical_f_vector"])
    refined = Reference(case.network, 0)
    assert refined.f_vector == tuple(expected["refined_f_vector"])
    for relation in RELATIONS:
        h = refined.homology(relation)
        assert [*h.betti, 0] == expected["betti"][relation]
        assert [*map(list, h.torsion), []] == expected["torsion"][relation]


@pytest.mark.slow
def test_shells_in_four_dimensions() -> None:
    """The Betti numbers that the formula predicts."""
    refined = Reference(shells((4, 8, 6, 1), (1, 1, 0)), 0)
    assert refined.homology(">").betti == refined.homology(">=").betti == (6, 0, 0, 0)


@pytest.mark.slow
def test_region_counts_of_a_random_network() -> None:
    architecture = (2, 16, 16, 1)
    assert Reference(random_float32(architecture), 0).f_vector[-1] == REGION_COUNTS[architecture]


@given(st.data())
@examples(40)
def test_three_models_of_homology(data: st.DataObject) -> None:
    """Bounded cells, Poincaré duality and order complexes agree, with and without a domain."""
    net = data.draw(networks(widths=SMALL))
    domain = data.draw(st.none() | polytopes(net.input_dim))
    complex_ = Reference(net, data.draw(levels(net)), domain)
    if sum(map(len, complex_.cells)) < 100:
        for relation in RELATIONS:
            assert complex_.homology(relation) == complex_.order_complex_homology(relation), relation


@given(st.data())
@examples(30)
def test_cells_cover_the_space_once(data: st.DataObject) -> None:
    """Every point's signs are a cell's signs, and the Euler characteristic with compact support is that of R^d."""
    net = data.draw(networks())
    level = data.draw(levels(net))
    complex_ = Reference(net, level)
    known = complex_.sign_vectors()
    for _ in range(10):
        x = data.draw(points(net.input_dim))
        assert evaluate(net, x) == net(x)
        assert signs_at(net, level, x) in known
    assert sum((-1) ** k * n for k, n in enumerate(complex_.f_vector)) == (-1) ** net.input_dim


def test_constant_network_is_one_cell() -> None:
    for level, inside in ((0, {"<", "<="}), (-1, {">=", "<=", "="})):
        complex_ = Reference(Network([[[0, 0], [0, 0]], [[1, 1]]], [[-1, 0], [-1]]), level)
        assert (complex_.f_vector, complex_.lineality_dim) == ((0, 0, 1), 2)
        for relation in RELATIONS:
            assert complex_.homology(relation).betti == (int(relation in inside), 0)


def test_identity_neurons_do_not_split() -> None:
    net = Network([[[1, 0], [0, 1]], [[1, 1]], [[1]]], [[0, 0], [0], [0]], [1, -1])
    assert Reference(net).f_vector == (0, 1, 2)
    assert Reference(net, 1).f_vector == (0, 3, 4)


def test_smith_normal_form() -> None:
    assert smith([{0: 2, 1: 4}, {0: 6, 1: 8}]) == [2, 4]
    assert smith([{0: 4}, {1: 6}]) == [2, 12]
    assert smith([{}, {}]) == []


def test_homology_of_small_complexes() -> None:
    """Real projective plane (one cell a degree) and a circle of two vertices and two edges."""
    assert homology([1, 1, 1], [[{}], [{0: 2}]]) == Homology((1, 0, 0), ((), (2,), ()))
    assert homology([2, 2], [[{0: -1, 1: 1}, {0: -1, 1: 1}]]) == Homology((1, 1), ((), ()))
