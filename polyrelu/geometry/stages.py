"""The stages of a subdivision: the layers of a network as integer rows for the compiled core."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from polyrelu.exact.memory import budget, spend_digits
from polyrelu.exact.rational import primitive_and_factor
from polyrelu.exact.time_limit import check_time
from polyrelu.geometry.domain import Domain
from polyrelu.network.last_answer import LastAnswer
from polyrelu.network.network import Network

Row = list[int]
Stage = tuple[list[Row], list[Row] | None, list[bool], int]
"""(plus, minus or None, splits, previous): see `_cpp/stages.hpp`."""


def complex_stages(
    network: Network, domain: Domain | None, kept: Sequence[int], level: Fraction | None
) -> list[Stage]:
    """All stages of a subdivision: one for the walls of the domain, if it has any, and those of `network_stages`."""
    walls = domain.half_spaces() if domain is not None else ()
    rows = [[wall[0], *(wall[1 + j] for j in kept)] for wall in walls]
    first: list[Stage] = [(rows, None, [True] * len(rows), -1)] if rows else []
    with budget():
        return [*first, *network_stages(network, kept, len(first), level)]


def network_stages(network: Network, kept: Sequence[int], first: int, level: Fraction | None) -> list[Stage]:
    """The hidden layers and, with a level, F minus the level, as integer stages over the kept input coordinates.

    `first` is the index of the first of these stages. Neuron i of a layer is multiplied by a positive rational s_i that
    makes its row primitive, and the column of the next layer that it feeds is divided by s_i. So the stages compute the
    values of the network up to a positive factor for each neuron. Where the neuron is negative, that column is also
    multiplied by its slope below zero (`minus`; None if all these slopes are zero, that is, all neurons are ReLU).
    """
    return _last.get(network, (tuple(kept), first, level), lambda: _network_stages(network, kept, first, level))


_last: LastAnswer[list[Stage]] = LastAnswer()


def _network_stages(network: Network, kept: Sequence[int], first: int, level: Fraction | None) -> list[Stage]:
    layers = list(zip(network.weights, network.biases, network.slopes, strict=False))
    if level is not None:
        head = tuple(x - level for x in network.biases[-1])
        layers.append((network.weights[-1], head, (Fraction(0),) * network.output_dim))
    stages: list[Stage] = []
    scale: list[Fraction] = []
    slopes: Sequence[Fraction] = ()
    for number, (weight, bias, next_slopes) in enumerate(layers):
        plus: list[Row] = []
        minus: list[Row] = []
        factors: list[Fraction] = []
        bent = any(slopes)
        for row, offset in zip(weight, bias, strict=True):
            check_time()
            if number == 0:
                above = [offset, *(row[j] for j in kept)]
            else:
                above = [offset, *(w / s for w, s in zip(row, scale, strict=True))]
            below = [x * a for x, a in zip(above[1:], slopes, strict=True)] if bent else []
            integers, factor = primitive_and_factor(above + below)
            spend_digits(integers, f"layer {number + 1} with integer weights")
            factors.append(factor)
            plus.append(integers[: len(above)])
            minus.append([0, *integers[len(above) :]])
        splits = [a != 1 for a in next_slopes]
        stages.append((plus, minus if bent else None, splits, first + number - 1 if number else -1))
        scale, slopes = factors, next_slopes
    return stages


def row_bits(network: Network) -> int:
    """About how many bits the integers of the stages have: of the longest row of each layer, added up.

    A row is cleared of its denominators, and divides the column that reads it; no integer is computed here.
    """
    bits = 0
    for matrix, bias in zip(network.weights, network.biases, strict=True):
        longest = 0
        for row, offset in zip(matrix, bias, strict=True):
            numbers = (*row, offset)
            denominators = {x.denominator for x in numbers}
            numerators = max(x.numerator.bit_length() for x in numbers)
            longest = max(longest, sum(map(int.bit_length, denominators)) + numerators)
        bits += longest
    return bits


def form_bits(stages: Sequence[Stage]) -> int:
    """A bound on the number of bits of the Euclidean lengths of the neurons' affine forms, primitive, on all regions.

    A form is Σ w_j f_j + w_0 in the forms f_j of the stage before, so its length is at most Σ |w| times the maximum of
    their lengths (or of 1, the length of an input and of the constant). At a vertex r forms vanish, r the rank. The
    coordinates of the vertex, as coprime integers, divide minors of these forms, so they are at most the product of the
    lengths.
    """
    bits: list[int] = []
    for plus, minus, _, previous in stages:
        rows = plus
        if minus is not None:  # the weights that apply where the neurons before are negative
            rows = [
                [max(abs(a), abs(b)) for a, b in zip(p, m, strict=True)] for p, m in zip(plus, minus, strict=True)
            ]
        own = max((sum(map(abs, row)).bit_length() for row in rows), default=0)
        bits.append(own + (bits[previous] if previous >= 0 else 0))
    return max(bits, default=0)
