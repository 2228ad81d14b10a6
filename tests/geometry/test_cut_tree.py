"""Trees of cuts: their leaves cover the domain, and the leaves around a point are those that contain it."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrelu.geometry.cut_tree import CutTree, choose_cuts, further_cut
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from support.known_answers import random_float32
from support.reference import dot
from support.strategies import examples, networks


def random_tree(rng: Random, d: int, n_cuts: int) -> CutTree:
    tree = CutTree()
    for _ in range(n_cuts):
        form = [0]
        while not any(form[1:]):
            form = [rng.randint(-2, 2) for _ in range(d + 1)]
        tree = tree.split(rng.randrange(tree.n_leaves), tuple(form))
    return tree


@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(0, 7))
@examples(30)
def test_the_leaves_are_the_parts_by_the_sides_of_cuts(seed: int, d: int, n_cuts: int) -> None:
    rng = Random(seed)
    tree = random_tree(rng, d, n_cuts)
    for _ in range(20):
        point = [Fraction(rng.randint(-4, 4), 2) for _ in range(d)]
        values = [form[0] + dot(form[1:], point) for form in tree.forms]
        sides = [tree.sides(leaf) for leaf in range(tree.n_leaves)]
        around = [i for i, cuts in enumerate(sides) if all(side * values[number] >= 0 for number, side in cuts)]
        domains = [tree.domain(leaf, None) for leaf in range(tree.n_leaves)]
        assert around == [i for i, domain in enumerate(domains) if domain is None or domain.contains(point)]
        assert around


def test_a_leaf_keeps_the_walls_and_the_units_of_the_domain() -> None:
    whole = Domain.box([0, 0], [2, 2]).in_units(("metres",))
    tree = CutTree().split(0, (-1, 1, 0))
    left, right = tree.domain(0, whole), tree.domain(1, whole)
    assert left is not None and right is not None
    assert left.units == right.units == ("metres",)
    assert left.contains([1, 2]) and right.contains([1, 2])
    assert left.contains(["1/2", 0]) and not right.contains(["1/2", 0])
    assert not left.contains([-1, 0])


def test_splitting_keeps_the_numbers_of_other_leaves() -> None:
    tree = CutTree().split(0, (0, 1)).split(1, (-1, 1)).split(0, (1, 1))
    for leaf, x in ((0, -2), (1, Fraction(1, 2)), (2, 3), (3, -1)):
        domain = tree.domain(leaf, None)
        assert domain is not None and domain.contains([x])
    assert tree.sides(2) == ((0, 1), (1, 1))
    together = CutTree().split_further([(0, (0, 1)), (1, (-1, 1)), (0, (1, 1))])
    assert together == tree
    assert CutTree(tree.forms, tree.nodes).sides(3) == tree.sides(3) == ((0, -1), (2, 1))


@pytest.mark.parametrize("n_parts", [1, 2, 5, 16])
def test_cuts_are_balanced(n_parts: int) -> None:
    net = random_float32((2, 24, 8, 1))
    tree = choose_cuts(net, None, n_parts)
    assert tree.n_leaves == n_parts
    first = Network([net.weights[0], [[1] * 24]], [net.biases[0], [0]])
    sizes = [subdivide(first, domain=tree.domain(leaf, None)).n_regions for leaf in range(n_parts)]
    assert sum(sizes) == subdivide(first).n_regions
    assert max(sizes) <= 4 * sum(sizes) / n_parts


def test_there_are_no_more_parts_than_the_first_layer_makes() -> None:
    tree = choose_cuts(Network([[[1], [-1], [0]], [[1, 1, 1]]], [[0, 0, 1], [0]]), None, 10)
    assert tree.n_leaves == 2
    assert choose_cuts(Network([[[1, 2]]], [[0]]), None, 10).n_leaves == 1  # no hidden layer
    identity = Network([[[1]], [[1]]], [[0], [0]], [[1]])
    assert choose_cuts(identity, None, 10).n_leaves == 1  # no cell of C(F) ends where an identity neuron vanishes


@given(networks(dims=(1, 2, 3)))
@examples(40)
def test_the_next_cut_is_a_neuron_that_crosses_the_part(net: Network) -> None:
    domain = Domain.box([Fraction(1, 7)] * net.input_dim, [Fraction(2, 7)] * net.input_dim)
    form = further_cut(net, domain)
    whole = subdivide(net, domain=domain)
    if form is None:
        assert whole.n_regions == 1
        return
    sides = [subdivide(net, domain=CutTree().split(0, form).domain(leaf, domain)).n_regions for leaf in (0, 1)]
    assert sum(sides) == whole.n_regions
