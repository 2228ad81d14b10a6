"""Layers as wide as the words of the sign masks, one less and one or two more, in which neurons repeat each other.

The core keeps the signs of a layer's neurons in bit masks of 64-bit words; what is right for 6 neurons may go wrong at
the 64th, the 65th, the 128th …
"""

from __future__ import annotations

from functools import partial
from math import comb
from random import Random

import numpy as np
import pytest

from known_answers import SHELLS, shells
from polyrelu import _core
from polyrelu.complex import PolyhedralComplex
from polyrelu.homology import homology
from polyrelu.network import Network
from polyrelu.subdivide import subdivide
from reference import RELATIONS, Reference
from strategies import seeded_network
from support.arrangements import generic
from support.comparison import random_level, same_topology
from support.copies import Expanded, expanded

WORDS = [63, 64, 65, 127, 128, 129, 130, 191, 192, 193]
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


@pytest.mark.parametrize("width", WORDS)
@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2, 3))])
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


@pytest.mark.parametrize("width", WORDS)
def test_repeated_neurons_of_shells(width: int) -> None:
    known = SHELLS[1]
    wide = expanded(shells(known.architecture, known.cuts), [width, width, width], Random(width)).network
    complex_ = subdivide(wide, level=0)
    assert complex_.f_vector == known.f_vector
    assert homology(complex_.region(">")).betti == known.betti


# ------------------------------------------------------------------------------------------- all neurons of their own


@pytest.mark.parametrize("width", WORDS)
def test_lines_in_general_position(width: int) -> None:
    known = generic(width, 2)
    complex_ = subdivide(known.network())
    n = width
    assert complex_.f_vector == known.f_vector == (comb(n, 2), n * n, 1 + n + comb(n, 2))
    assert complex_.n_bounded_regions == known.bounded == comb(n - 1, 2)


def zigzag_weights(n: int) -> list[int]:
    """F = −1/2 + Σ_j w_j ReLU(r − j) is −1/2 at r = 0, 1/2 at 1, −1/2 at 2, … and goes on like that after n."""
    return [1] + [2 * (-1) ** j for j in range(1, n)]


@pytest.mark.parametrize("width", WORDS)
def test_intervals(width: int) -> None:
    """On the line F is negative up to 1/2, and its width zeros 1/2, 3/2, … separate intervals of alternate signs."""
    net = Network([[[1]] * width, [zigzag_weights(width)]], [[-j for j in range(width)], ["-1/2"]])
    complex_ = subdivide(net, level=0)
    assert complex_.canonical_f_vector == (width, width + 1)
    assert complex_.f_vector == (2 * width, 2 * width + 1)
    positive, negative = (width + 1) // 2, width // 2 + 1
    betti = {relation: homology(complex_.region(relation)).betti for relation in RELATIONS}
    assert betti == {">": (positive,), ">=": (positive,), "<": (negative,), "<=": (negative,), "=": (width,)}


@pytest.mark.parametrize("width", WORDS)
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
