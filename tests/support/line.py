"""C(F, t) of a network with one input, by going along the line: a route without any polyhedra."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby

from polyrelu.network.network import Network

VALUES = {">": (1,), ">=": (0, 1), "<": (-1,), "<=": (-1, 0), "=": (0,)}


def layer_values(net: Network, depth: int, x: Fraction) -> list[Fraction]:
    """The preactivations of layer `depth` at x, from the definition; of the layer after the last: the outputs."""
    values = [x]
    for k in range(depth + 1):
        before = [
            sum((w * v for w, v in zip(row, values, strict=True)), bias)
            for row, bias in zip(net.weights[k], net.biases[k], strict=True)
        ]
        if k < depth:
            values = [v if v > 0 else v * s for v, s in zip(before, net.slopes[k], strict=True)]
    return before


def zeros(samples: Sequence[Fraction], values: Sequence[Fraction]) -> set[Fraction]:
    """Where a function that is affine between the samples is zero, if not on all of a piece beside it.

    The first and the last piece go on without end.
    """
    found = set()
    last = len(samples) - 2
    for i, (x, y, u, v) in enumerate(zip(samples, samples[1:], values, values[1:], strict=False)):
        if u == v:
            continue
        z = x - u * (y - x) / (v - u)
        if (z >= x or i == 0) and (z <= y or i == last):
            found.add(z)
    return found


def vertices(net: Network, level: Fraction | None = None) -> list[Fraction]:
    """The vertices of C(F), or of C(F, t), in order.

    Between the vertices of the layers before, a neuron is affine, so that two values give its zero.
    """
    points: list[Fraction] = []
    for depth in range(net.depth + (level is not None)):
        samples = surrounded(points)
        table = [layer_values(net, depth, x) for x in samples]
        found = set(points)
        for i, column in enumerate(zip(*table, strict=True)):
            if depth == net.depth:
                found |= zeros(samples, [v - level for v in column])
            elif net.slopes[depth][i] != 1:
                found |= zeros(samples, column)
        points = sorted(found)
    return points


def surrounded(points: Sequence[Fraction]) -> list[Fraction]:
    return [points[0] - 1, *points, points[-1] + 1] if points else [Fraction(0), Fraction(1)]


def components(net: Network, level: Fraction, points: Sequence[Fraction]) -> dict[str, int]:
    """β_0 of the five regions: runs of neighbouring cells in a region; `points` are the vertices of C(F, t)."""
    between = [(a + b) / 2 for a, b in zip(surrounded(points), surrounded(points)[1:], strict=False)]
    inside = between if points else [Fraction(0)]
    places = sorted([*points, *inside])
    values = [layer_values(net, net.depth, x)[0] - level for x in places]
    signs = [(v > 0) - (v < 0) for v in values]
    return {name: sum(wanted for wanted, _ in groupby(s in chosen for s in signs)) for name, chosen in VALUES.items()}
