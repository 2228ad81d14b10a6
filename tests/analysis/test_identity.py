"""identical: two networks are the same function or not, with proof either way."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrelu.analysis.identity import Comparison, identical
from polyrelu.constructions import maximum
from polyrelu.errors import DomainError, InputError, LimitError, NetworkError
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from support.strategies import examples, networks, permuted, points, rescaled

FAR = 10**30
HUGE = 2**2000


def assert_differ(f: Network, g: Network, domain: Domain | None = None) -> Comparison:
    """`identical` says no, and its witness is one."""
    found = identical(f, g, domain)
    assert not found and found.witness is not None and found.values is not None
    assert found.values == (f(found.witness), g(found.witness))
    assert found.values[0] != found.values[1]
    assert domain is None or domain.contains(found.witness)
    return found


def assert_same(f: Network, g: Network, domain: Domain | None = None) -> None:
    found = identical(f, g, domain)
    assert found and found.identical and found.witness is None and found.values is None


def with_neurons(net: Network, rows, biases, outputs) -> Network:
    """F plus neurons (of the first and only hidden layer) with these weights."""
    assert net.depth == 1
    weights = [[*net.weights[0], *rows], [[*net.weights[1][0], *outputs]]]
    return Network(weights, [[*net.biases[0], *biases], net.biases[1]])


PLANE = Network([[[1, 2], [-3, 1], ["1/3", 0]], [[1, -1, 2]]], [[0, 1, "1/7"], [5]])


# ---- small differences --------------------------------------------------------------------------------------------


def test_a_network_is_itself():
    assert_same(PLANE, PLANE)
    leaky = Network(PLANE.weights, PLANE.biases, ["1/2"])
    pairs = leaky.to_relu()  # other neurons, so that regions have to be made
    assert_same(leaky, pairs)
    assert identical(leaky, pairs).regions == subdivide(leaky).n_regions


def test_a_difference_in_one_far_away_bounded_cell_only():
    bump = [[1, 0]] * 3
    g = with_neurons(PLANE, bump, [-FAR, -FAR - 1, -FAR - 2], [1, -2, 1])
    x = assert_differ(PLANE, g).witness
    assert FAR < x[0] < FAR + 2
    in_the_plane = Domain.box([-FAR, -FAR], [FAR, FAR])
    assert_same(PLANE, g, in_the_plane)


def test_a_difference_in_one_unbounded_cell_only():
    g = with_neurons(PLANE, [[-1, -1]], [-FAR], [f"1/{FAR}"])
    x = assert_differ(PLANE, g).witness
    assert -x[0] - x[1] > FAR


def test_a_cell_without_vertices():
    """The networks differ beyond one of two parallel lines: all cells have lineality."""
    f = Network([[[1, 1], [2, 2]], [[1, 1]]], [[0, -1], [0]])
    g = Network([[[1, 1], [2, 2], [5, 5]], [[1, 1, 1]]], [[0, -1, -FAR], [0]])
    assert_differ(f, g)
    assert_same(f, Network([[[2, 2], [1, 1]], [[1, 1]]], [[-1, 0], [0]]))


def test_a_difference_on_nothing_but_a_line_is_none():
    """ReLU(−|x|) is 0, however it is weighted; with any positive bias it is not."""
    x = [[1, 0], [-1, 0]]
    f = Network([x, [[-1, -1]], [[7]]], [[0, 0], [0], [0]])
    assert_same(f, Network([x, [[-1, -1]], [[0]]], [[0, 0], [0], [0]]))
    assert_same(f, Network([[[0, 0]]], [[0]]))
    found = assert_differ(f, Network([x, [[-1, -1]], [[7]]], [[0, 0], [f"1/{HUGE // 2**1000}"], [0]]))
    assert abs(found.witness[0]) < Fraction(1, 2**999)


def test_parameters_on_and_off_the_surface_of_equal_functions():
    """Scaling a neuron by a and its output weight by 1/a changes nothing; any other factor, however close, does."""
    f = Network([[[3, 1], [1, -1]], [[2, 1]]], [[1, 0], [0]])
    a = 1 + Fraction(1, 2**900)
    scaled = [[3 * a, a], [1, -1]]
    assert_same(f, Network([scaled, [[2 / a, 1]]], [[a, 0], [0]]))
    assert_differ(f, Network([scaled, [[2 / a + Fraction(1, 2**1800), 1]]], [[a, 0], [0]]))
    assert_differ(f, Network([scaled, [[2 / a, 1]]], [[a + Fraction(1, 2**1800), 0], [0]]))


@pytest.mark.parametrize("slope", [Fraction(1, 100), -1, 1, 2])
def test_other_activations(slope):
    """ReLU(x) − slope · ReLU(−x) is the activation with that slope."""
    f = Network([[[2, 1]], [[3]]], [[1], [0]], [slope])
    g = Network([[[2, 1], [-2, -1]], [[3, -3 * slope]]], [[1, -1], [0]])
    assert_same(f, g)
    assert_differ(f, Network([[[2, 1], [-2, -1]], [[3, -3 * slope]]], [[1, -1 + Fraction(1, FAR)], [0]]))


# ---- depths, outputs, domains -------------------------------------------------------------------------------------


def pairwise_maximum(n: int) -> Network:
    """max(max(… max(x₁, x₂) …), xₙ) by max(a, b) = (a + b + |a − b|) / 2, with n − 1 hidden layers.

    A layer carries |a − b| and, by neurons with slope 1, a + b and the inputs still to come.
    """
    weights, biases, slopes = [], [], []
    rest = n
    for layer in range(n - 1):
        before = [Fraction(1)] if not layer else [Fraction(1, 2), Fraction(1, 2)]
        width = len(before) + rest - 1
        first = [*before, *[Fraction(0)] * (rest - 1)]
        other = [[Fraction(i == len(before) + j) for i in range(width)] for j in range(rest - 1)]
        second = other[0]
        plus = [a + b for a, b in zip(first, second, strict=True)]
        minus = [a - b for a, b in zip(first, second, strict=True)]
        weights.append([plus, minus, *other[1:]])
        biases.append([0] * rest)
        slopes.append([1, -1, *[1] * (rest - 2)])
        rest -= 1
    return Network([*weights, [["1/2", "1/2"]]], [*biases, [0]], slopes)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_the_maximum_of_n_numbers_is_proved(n):
    f, g = maximum(n), pairwise_maximum(n)
    assert (f.depth, g.depth) == ((n - 1).bit_length(), n - 1)
    for x in product((-1, 0, 2), repeat=n):
        assert f(x) == g(x) == max(x)
    assert_same(f, g)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_what_is_almost_the_maximum_is_told_apart(n):
    f = maximum(n)
    weights = [[list(row) for row in matrix] for matrix in f.weights]
    weights[-1][0][0] += Fraction(1, FAR)
    assert_differ(Network(weights, f.biases), pairwise_maximum(n))
    assert_differ(f, Network([[[1, *[0] * (n - 1)]]], [[0]]))


def test_no_hidden_layer():
    f = Network([[[1, 2], [3, 4]]], [[5, 6]])
    assert_same(f, Network([[[1, 2], [3, 4]]], [[5, 6]]))
    assert identical(f, f).regions == 1
    for change in ([[[1, 2], [3, "4.5"]]], [[5, 6]]), ([[[1, 2], [3, 4]]], [[5, 7]]):
        assert_differ(f, Network(*change))
        assert_differ(f, Network(*change), Domain.box([FAR, FAR], [FAR + 1, FAR + 1]))
        assert_differ(f, Network(*change), Domain([[1, 1], [-1, -1]], [1, 0]))


def test_an_affine_map_against_a_network_that_is_one():
    affine = Network([[[2, -1]]], [[3]])
    one_layer = Network([[[2, -1], [-2, 1]], [[1, -1]]], [[3, -3], [0]])
    linear = Network([[[2, -1]], [[1]], [[1]]], [[3], [0], [0]], [1, 1])
    for f, g in product([affine, one_layer, linear], repeat=2):
        assert_same(f, g)
    assert_differ(linear, Network([[[2, -1]]], [["3.5"]]))


def test_constants():
    zero = Network([[[0, 0]], [[1]]], [[-1], [0]])
    assert_same(zero, Network([[[0, 0]]], [[0]]))
    assert_differ(zero, Network([[[0, 0]]], [[f"1/{FAR}"]]))


def test_several_outputs_are_all_compared():
    f = Network([[[1], [-1]], [[1, 0], [0, 1], [1, 1]]], [[0, 0], [0, 0, 0]])
    assert_same(f, f)
    for i in range(3):
        bias = [Fraction(i == j, FAR) for j in range(3)]
        found = assert_differ(f, Network(f.weights, [f.biases[0], bias]))
        assert [a != b for a, b in zip(*found.values, strict=True)] == [i == j for j in range(3)]


def test_equal_on_a_domain_only():
    relu, identity = Network([[[1]], [[1]]], [[0], [0]]), Network([[[1]]], [[0]])
    assert_differ(relu, identity)
    assert_same(relu, identity, Domain.box([0], [5]))
    assert_same(relu, identity, Domain([[-1]], [0]))
    half = assert_differ(relu, identity, Domain.box([f"-1/{FAR}"], [5]))
    assert half.witness[0] == Fraction(-1, FAR)
    assert_differ(relu, identity, Domain([[1]], [-FAR]))
    assert_same(relu, Network([[[0]]], [[0]]), [(-2, -1)])


# ---- how much is made to decide it ---------------------------------------------------------------------------------


def test_differences_are_found_before_anything_is_subdivided():
    """Of large networks, too; in a domain at points of it."""
    rng = np.random.default_rng(0)
    f, g = (dense((5, 60, 60, 60, 2), rng) for _ in range(2))
    assert assert_differ(f, g).regions == 0
    assert assert_differ(f, g, Domain.box([3] * 5, [4] * 5)).regions == 0
    assert assert_differ(f, g, Domain([[1] * 5, [-1, 0, 0, 0, 0]], [7, -6])).regions == 0
    assert assert_differ(f, f.shifted(Fraction(1, 2**2000))).regions == 0


def dense(architecture: tuple[int, ...], rng: np.random.Generator) -> Network:
    shapes = list(pairwise(architecture))
    return Network([rng.normal(size=(n, m)) for m, n in shapes], [rng.normal(size=n) for _, n in shapes])


def test_copies_are_recognised_by_their_neurons():
    f = dense((5, 60, 60, 60, 2), np.random.default_rng(0))
    orders = [list(range(60))[::-1]] * 3
    copy = rescaled(permuted(f, orders), [[Fraction(i + 1, 7) for i in range(60)]] * 3)
    assert identical(f, copy).regions == 1


def test_one_other_neuron_is_all_that_is_subdivided():
    """The last hidden layers differ in a neuron that is written as two: two neurons' regions, not those of all."""
    f = dense((2, 20, 20, 1), np.random.default_rng(1))
    wide = [*f.weights[1], f.weights[1][0]]
    output = [[f.weights[2][0][0] / 3, *f.weights[2][0][1:], f.weights[2][0][0] * 2 / 3]]
    g = Network([f.weights[0], wide, output], [f.biases[0], [*f.biases[1], f.biases[1][0]], f.biases[2]])
    assert identical(f, g).regions == 1
    wide[-1] = [2 * w for w in wide[-1]]
    assert_differ(f, Network([f.weights[0], wide, output], g.biases))


def test_a_difference_at_the_vertices_of_the_smaller_network():
    """A bump around a vertex of F is found at the vertex, although no random point comes near it."""
    f = dense((2, 10, 1), np.random.default_rng(2))
    cx = subdivide(f)
    v = cx.vertex(7)
    eps = Fraction(1, 10**6)
    sides = [[s * (i == j) for j in range(2)] for i in range(2) for s in (1, -1)]
    level = [[s * v[i] for s in (-1, 1)] for i in range(2)]
    bump = Network(
        [[*sides, *sides], [[-1] * 4 + [0] * 4], [[1]]], [[*level[0], *level[1], *[FAR] * 4], [eps], [0]]
    )
    found = assert_differ(f, f + bump)
    assert 0 < found.regions <= cx.n_regions


def test_a_flat_domain():
    relu, identity = Network([[[1, 0]], [[1]]], [[0], [0]]), Network([[[1, 0]]], [[0]])
    assert_same(relu, identity, Domain.box([0, 3], [5, 3]))
    x = assert_differ(relu, identity, Domain.box([-1, 3], [5, 3])).witness
    assert x[0] < 0 and x[1] == 3


# ---- bad input ----------------------------------------------------------------------------------------------------


def test_networks_that_cannot_be_compared():
    with pytest.raises(NetworkError, match="equally many inputs, got 2 and 3"):
        identical(maximum(2), maximum(3))
    with pytest.raises(NetworkError, match="equally many outputs, got 1 and 2"):
        identical(maximum(1), Network([[[1], [1]]], [[0, 0]]))
    for other in (None, 3, "net.json", [[1]]):
        with pytest.raises(InputError, match="expected two Networks"):
            identical(PLANE, other)
    with pytest.raises(DomainError):
        identical(PLANE, PLANE, Domain.box([0], [1]))
    with pytest.raises(LimitError):
        identical(maximum(3), pairwise_maximum(3), max_cells=3)
    for options in ({"max_cells": 0}, {"threads": 0}, {"max_memory": "1"}, {"progress": 1}):
        with pytest.raises(InputError):
            identical(PLANE, PLANE, **options)


# ---- properties ---------------------------------------------------------------------------------------------------


@given(st.data())
@examples(30)
def test_permuting_and_scaling_neurons_changes_nothing(data):
    net = data.draw(networks())
    orders = [data.draw(st.permutations(range(len(layer)))) for layer in net.slopes]
    positive = st.fractions(min_value=Fraction(1, 50), max_value=50, max_denominator=50)
    factors = [data.draw(st.lists(positive, min_size=len(layer), max_size=len(layer))) for layer in net.slopes]
    assert_same(net, rescaled(permuted(net, orders), factors))


@given(st.data())
@examples(40)
def test_the_answer_agrees_with_evaluation(data):
    """One parameter changes a little: if the answer is "identical", no point may contradict it."""
    net = data.draw(networks())
    layer = data.draw(st.integers(0, net.depth))
    row = data.draw(st.integers(0, len(net.biases[layer]) - 1))
    eps = data.draw(st.sampled_from([Fraction(1), Fraction(-1, 3), Fraction(1, 2**70)]))
    weights = [[list(r) for r in matrix] for matrix in net.weights]
    biases = [list(b) for b in net.biases]
    if data.draw(st.booleans()):
        biases[layer][row] += eps
    else:
        weights[layer][row][data.draw(st.integers(0, len(weights[layer][row]) - 1))] += eps
    other = Network(weights, biases, net.slopes)
    found = identical(net, other)
    assert bool(found) == bool(identical(other, net))
    if found:
        for _ in range(20):
            x = data.draw(points(net.input_dim))
            assert net(x) == other(x)
    else:
        assert net(found.witness) != other(found.witness)


@given(st.data())
@examples(30)
def test_every_two_networks_differ_by_a_constant(data):
    """F against F + c, and F against c F."""
    net = data.draw(networks())
    assert_differ(net, net.shifted(Fraction(1, 2**80)))
    vanishes = bool(identical(net, Network([[[0] * net.input_dim]], [[0]])))
    assert bool(identical(net, net.scaled(1 + Fraction(1, 2**80)))) == vanishes
