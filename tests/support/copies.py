"""Networks made from a network, with the same complex or an isomorphic one."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from random import Random
from typing import NamedTuple

from polyrelu.network.network import Network
from support.strategies import Rows, product


def unit_matrix(d: int) -> Rows:
    return [[Fraction(int(i == j)) for j in range(d)] for i in range(d)]


def sheared_unit(rng: Random, d: int, digits: int) -> Rows:
    """A d × d integer matrix of determinant 1: a lower times an upper triangular one, ones on the diagonal.

    The entries off the diagonals have that many digits each, and either sign.
    """

    def entry() -> Fraction:
        return Fraction(rng.choice([-1, 1]) * rng.randrange(10 ** (digits - 1), 10**digits))

    lower = [[entry() if j < i else Fraction(int(i == j)) for j in range(d)] for i in range(d)]
    upper = [[entry() if j > i else Fraction(int(i == j)) for j in range(d)] for i in range(d)]
    return product(lower, upper)


# ---------------------------------------------------------------------------------------------------- repeated neurons


class Expanded(NamedTuple):
    """A network some of whose neurons are multiples of others in their layer.

    sources: for each layer and neuron the number of the original neuron and the sign of the multiple.
    """

    network: Network
    sources: list[list[tuple[int, int]]]


def expanded(net: Network, widths: Sequence[int], rng: Random) -> Expanded:
    """The same function with hidden layers of these widths, in random order: the same complex.

    Copies of a neuron are multiplied by positive factors, and share its outgoing weights; others are multiplied by
    negative factors, and nothing reads them.
    """
    weights, biases, slopes = [], [], []
    sources: list[list[tuple[int, int]]] = []
    shares = unit_matrix(net.input_dim)  # the values that the original layer reads, from those that this one reads
    for k, width in enumerate(widths):
        original = net.weights[k]
        places = [(i, 1) for i in range(len(original))]
        places += [(rng.randrange(len(original)), rng.choice([1, 1, -1])) for _ in range(width - len(original))]
        rng.shuffle(places)
        factors = [s * Fraction(rng.randint(1, 5), rng.randint(1, 5)) for _, s in places]
        rows = product(original, shares)
        weights.append([[f * w for w in rows[i]] for (i, _), f in zip(places, factors, strict=True)])
        biases.append([f * net.biases[k][i] for (i, _), f in zip(places, factors, strict=True)])
        slopes.append([net.slopes[k][i] for i, _ in places])
        shares = [[Fraction(0)] * width for _ in original]
        for i in range(len(original)):
            alike = [j for j, place in enumerate(places) if place == (i, 1)]
            parts = [Fraction(rng.randint(-2, 3)) for _ in alike[1:]]
            for j, part in zip(alike, [1 - sum(parts), *parts], strict=True):
                shares[i][j] = part / factors[j]
        sources.append(places)
    weights.append(product(net.weights[-1], shares))
    biases.append(list(net.biases[-1]))
    return Expanded(Network(weights, biases, slopes), sources)


# ---------------------------------------------------------------------------------------------------- identity neurons


def with_identity_layer(net: Network, matrix: Rows, inverse: Rows, offset: Sequence[Fraction]) -> Network:
    """The same function with a first layer of identity neurons, x ↦ matrix·x + offset, before the others.

    `inverse` is a left inverse of the matrix, which may have more rows than columns.
    """
    first = product(net.weights[0], inverse)
    shift = [sum((w * o for w, o in zip(row, offset, strict=True)), Fraction(0)) for row in first]
    biases = [[b - s for b, s in zip(net.biases[0], shift, strict=True)], *net.biases[1:]]
    slopes = [[Fraction(1)] * len(matrix), *net.slopes]
    return Network([matrix, first, *net.weights[1:]], [list(offset), *biases], slopes)


def with_skip(net: Network, skip: Sequence[Fraction], slope: int) -> Network:
    """x ↦ F(x) + skip·x, x being carried past all hidden layers: by d identity neurons a layer, or by 2d ReLUs.

    slope: 1 for identity neurons; 0 for x = ReLU(x) − ReLU(−x), which adds hyperplanes x_i = 0 to the complex.
    """
    d = net.input_dim
    carrier = unit_matrix(d) if slope else [row for e in unit_matrix(d) for row in (e, [-v for v in e])]
    reader = [list(skip)] if slope else [[s * v for v in skip for s in (1, -1)]]
    weights: list[Rows] = []
    biases, slopes = [], []
    for k in range(net.depth):
        own = [list(row) for row in net.weights[k]]
        carried = [list(row) for row in carrier] if k == 0 else unit_matrix(len(carrier))
        if k:
            own = [[*row, *[Fraction(0)] * len(carrier)] for row in own]
            carried = [[*[Fraction(0)] * len(net.weights[k][0]), *row] for row in carried]
        weights.append(own + carried)
        biases.append([*net.biases[k], *[Fraction(0)] * len(carrier)])
        slopes.append([*net.slopes[k], *[Fraction(slope)] * len(carrier)])
    weights.append([[*net.weights[-1][0], *reader[0]]])
    biases.append(list(net.biases[-1]))
    return Network(weights, biases, slopes)
