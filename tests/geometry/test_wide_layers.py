"""Layers as wide as the sign masks have bits, one less and one or two more, in which neurons may repeat each other.

The core keeps the signs of a layer's neurons in bit masks of 8, 16, 32 or any number of times 64 bits, and adds up 64
products of words before it looks at their size; what is right for 6 neurons may go wrong at the 9th, the 65th, …
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from math import comb, isqrt
from random import Random

import numpy as np
import pytest

from polyrelu import _core
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from polyrelu.topology.homology import homology
from support.arrangements import generic
from support.comparison import random_level, same_topology
from support.copies import Expanded, expanded
from support.known_answers import SHELLS, random_float32, shells
from support.line import components, vertices
from support.reference import RELATIONS, Reference
from support.strategies import Kind, random_network, seeded_network

WIDTHS = [7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 130, 191, 192, 193]
WIDTHS_OF_WHICH_FEW_ARE_QUICK = [
    w if w in {8, 9, 33, 64, 65, 129} else pytest.param(w, marks=pytest.mark.slow) for w in WIDTHS
]
NARROW = {1: [(4, 4), (5,)], 2: [(5,), (4, 4)], 3: [(4,), (3, 3)], 4: [(3, 2)]}


def original_signs(wide: Expanded, complex_: PolyhedralComplex) -> set[tuple[int, ...]]:
    """The regions' signs of one neuron for each original one, after a look whether all copies agree with it."""
    table = complex_.region_signs()
    first: dict[tuple[int, int], int] = {}
    column = 0
    for layer, (places, slopes) in enumerate(zip(wide.sources, wide.network.slopes, strict=True)):
        for (i, sign), slope in zip(places, slopes, strict=True):
            if slope == 1:
                continue
            if sign == 1:
                first.setdefault((layer, i), column)
            column += 1
    column = 0
    for layer, (places, slopes) in enumerate(zip(wide.sources, wide.network.slopes, strict=True)):
        for (i, sign), slope in zip(places, slopes, strict=True):
            if slope != 1:
                assert np.array_equal(table[:, column], sign * table[:, first[layer, i]]), (layer, i)
                column += 1
    chosen = [first[key] for key in sorted(first)]
    if complex_.level is not None:
        chosen.append(column)
    return {tuple(row) for row in table[:, chosen].tolist()}


@pytest.mark.parametrize("width", WIDTHS_OF_WHICH_FEW_ARE_QUICK)
@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2))])
def test_repeated_neurons(width: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same complex as without repetitions, by doubles and by GMP throughout."""
    rng = Random(1000 * width + seed)
    net = seeded_network(rng.randrange(2**32), NARROW)
    wide = expanded(net, [width] * net.depth, rng)
    assert wide.network.architecture[1:-1] == (width,) * net.depth
    level = random_level(net, rng)
    one, other = subdivide(net, level=level), subdivide(wide.network, level=level)
    same_topology(one, other)
    assert original_signs(wide, other) == {tuple(row) for row in one.region_signs().tolist()}
    monkeypatch.setattr(_core, "subdivide", partial(_core.subdivide, arithmetic="big"))
    in_gmp = subdivide(wide.network, level=level)
    assert in_gmp.f_vector == other.f_vector
    assert np.array_equal(in_gmp.region_signs(), other.region_signs())
    for k in range(len(other.lineality), net.input_dim + 1):  # cells are numbered alike, whatever the arithmetic
        assert all(np.array_equal(a, b) for a, b in zip(in_gmp.facets(k), other.facets(k), strict=True))


@pytest.mark.parametrize("width", [64, 65, 129])
def test_repeated_neurons_against_the_reference(width: int) -> None:
    rng = Random(width)
    net = seeded_network(7, {2: [(3, 2)]})
    wide = expanded(net, [width, width], rng).network
    level = random_level(net, rng)
    complex_, reference = subdivide(wide, level=level), Reference(wide, level)
    assert complex_.f_vector == reference.f_vector
    assert {tuple(row) for row in complex_.region_signs().tolist()} <= reference.sign_vectors()
    for relation in RELATIONS:
        h = homology(complex_.region(relation))
        assert (h.betti, h.torsion) == reference.homology(relation), relation


@pytest.mark.parametrize("width", WIDTHS_OF_WHICH_FEW_ARE_QUICK)
def test_repeated_neurons_of_shells(width: int) -> None:
    known = SHELLS[1]
    wide = expanded(shells(known.architecture, known.cuts), [width, width, width], Random(width)).network
    complex_ = subdivide(wide, level=0)
    assert complex_.f_vector == known.f_vector
    assert homology(complex_.region(">")).betti == known.betti


# ------------------------------------------------------------------------------------------- all neurons of their own


@pytest.mark.parametrize("width", WIDTHS)
def test_lines_in_general_position(width: int) -> None:
    known = generic(width, 2)
    complex_ = subdivide(known.network())
    n = width
    assert complex_.f_vector == known.f_vector == (comb(n, 2), n * n, 1 + n + comb(n, 2))
    assert complex_.n_bounded_regions == known.bounded == comb(n - 1, 2)


def zigzag_weights(n: int) -> list[int]:
    """F = −1/2 + Σ_j w_j ReLU(r − j) is −1/2 at r = 0, 1/2 at 1, −1/2 at 2, … and goes on like that after n."""
    return [1] + [2 * (-1) ** j for j in range(1, n)]


@pytest.mark.parametrize("width", WIDTHS)
def test_intervals(width: int) -> None:
    """On the line F is negative up to 1/2, and its width zeros 1/2, 3/2, … separate intervals of alternate signs."""
    net = Network([[[1]] * width, [zigzag_weights(width)]], [[-j for j in range(width)], ["-1/2"]])
    complex_ = subdivide(net, level=0)
    assert complex_.canonical_f_vector == (width, width + 1)
    assert complex_.f_vector == (2 * width, 2 * width + 1)
    positive, negative = (width + 1) // 2, width // 2 + 1
    betti = {relation: homology(complex_.region(relation)).betti for relation in RELATIONS}
    assert betti == {">": (positive,), ">=": (positive,), "<": (negative,), "<=": (negative,), "=": (width,)}


@pytest.mark.parametrize("width", WIDTHS)
def test_annuli(width: int) -> None:
    """The same zigzag of |x| + |y|, whose neurons are in the second layer: nested squares.

    The first neuron vanishes in the origin alone, a vertex already. Square number j = 1, …, width − 1 has 4 vertices on
    the axes and 4 edges, and cuts each half axis once more. F is negative on a disc around 0 and on annuli around
    2, 4, …, positive on annuli around 1, 3, …, and zero on squares between them.
    """
    first = [[1, 0], [-1, 0], [0, 1], [0, -1]]
    second = [[1, 1, 1, 1]] * width
    net = Network([first, second, [zigzag_weights(width)]], [[0] * 4, [-j for j in range(width)], ["-1/2"]])
    complex_ = subdivide(net, level=0)
    n = width - 1
    assert complex_.canonical_f_vector == (4 * n + 1, 8 * n + 4, 4 * n + 4)
    n += width
    assert complex_.f_vector == (4 * n + 1, 8 * n + 4, 4 * n + 4)
    positive, negative = (width + 1) // 2, width // 2 + 1
    betti = {relation: homology(complex_.region(relation)).betti for relation in RELATIONS}
    assert betti[">"] == betti[">="] == (positive, positive)
    assert betti["<"] == betti["<="] == (negative, negative - 1)
    assert betti["="] == (width, width)


# --------------------------------------------------------------------------------------------------------- on the line


def check_on_the_line(net: Network, level: Fraction) -> None:
    complex_ = subdivide(net, level=level)
    refined, canonical = vertices(net, level), vertices(net)
    for cx, known in ((complex_, refined), (subdivide(net), canonical)):
        assert cx.f_vector == (len(known), len(known) + 1)
        found = {x for (x,) in cx.vertices()}
        assert found >= set(known)
        # without any the one cell is a line, which a point stands for; artificial hyperplanes are numbered too
        assert found == set(known) or not known or cx.artificial_hyperplanes
    assert complex_.canonical_f_vector[0] == len(canonical)
    betti = {relation: homology(complex_.region(relation)).betti[0] for relation in RELATIONS}
    assert betti == components(net, level, refined)


def network_on_the_line(hidden: tuple[int, ...], rng: Random) -> Network:
    kind = Kind(number=rng.randrange(5), degenerate=rng.random() < 0.5, low_rank=False, relu=False)
    return random_network(rng, 1, hidden, kind)


@pytest.mark.parametrize("width", WIDTHS)
def test_wide_layers_on_the_line(width: int) -> None:
    """Neurons of their own, many of them equal by chance: against a walk along the line."""
    rng = Random(width)
    net = network_on_the_line((width,), rng)
    check_on_the_line(net, random_level(net, rng))


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_wide_layers_beside_others_on_the_line(width: int) -> None:
    rng = Random(width)
    for hidden in ((width, 2), (3, width)):
        net = network_on_the_line(hidden, rng)
        check_on_the_line(net, random_level(net, rng))


@pytest.mark.parametrize("architecture", [(2, 64, 1), (2, 65, 1), (2, 130, 1), (2, 66, 65, 1)])
def test_no_neuron_is_evaluated_at_a_vertex_that_it_makes(architecture: tuple[int, ...]) -> None:
    """It would be found to be zero, but no error bound proves that: in general position exact numbers are never needed.

    (The sign of an earlier neuron is known as well; its edges are split already, in whatever word of the masks it is.)
    """
    statistics = subdivide(random_float32(architecture)).statistics
    assert statistics["big"] == 0 and statistics["filtered"] > 1000


# ---------------------------------------------------------------------------------------- sums of many large products


def test_sums_of_products_near_the_limit_of_words() -> None:
    """F adds up a thousand times nearly 2^118 x, and constants that cancel: on the right it is (2^128 + 3)x − 6.

    In integers of 128 bits without a look at their size that would be 3x − 6, and it is the core that makes these maps.
    """
    rng = Random(0)
    products = [(2**59 - rng.choice([1, 3, 5]), 2**59 - rng.choice([7, 9])) for _ in range(1020)]
    rest = 2**128 + 3 - sum(w * a for w, a in products)
    while rest:
        products.append((min(2**59 - 1, isqrt(rest)),) * 2)
        rest -= products[-1][0] ** 2
    constants: list[int] = []
    total = 0
    for w, _ in products:
        constants.append(-1 if total > 0 else 1)
        total += constants[-1] * w
    assert abs(total + 6) < 2**59  # everything is given in words
    net = Network([[[a] for _, a in products], [[w for w, _ in products]]], [constants, [-6 - total]])
    complex_ = subdivide(net)
    maps, numbers = complex_.affine_maps(), complex_.affine_map_numbers()
    for i in range(complex_.n_regions):
        assert maps[numbers[i]] == complex_.affine_map(i)
    right = complex_.locate([2])
    assert right is not None and maps[numbers[right[1]]] == (((2**128 + 3,),), (-6,))
