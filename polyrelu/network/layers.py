"""The layers of networks as plain tuples, and the layers of two networks side by side."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from polyrelu.exact.rational import primitive

Vector = tuple[Fraction, ...]
Matrix = tuple[Vector, ...]
IntegerRow = tuple[tuple[int, ...], int, int]
"""Integer weights, an integer bias, and their common denominator."""

_ZERO, _ONE = Fraction(0), Fraction(1)


class Layers(NamedTuple):
    """The affine maps and slopes of a network."""

    weights: tuple[Matrix, ...]
    biases: tuple[Vector, ...]
    slopes: tuple[Vector, ...]

    def with_depth(self, depth: int) -> Layers:
        """The same function with at least `depth` hidden layers.

        Values are passed on by neurons of slope 1 (identity), which split no cells: one for each value, at the place in
        the network where there are fewest values (the inputs, a hidden layer, the outputs), the last such place.
        """
        missing = depth - len(self.slopes)
        if missing <= 0:
            return self
        widths = [len(self.weights[0][0]), *map(len, self.weights)]
        place = max(range(len(widths)), key=lambda p: (-widths[p], p))
        n = widths[place]
        weights = (*self.weights[:place], *[identity(n)] * missing, *self.weights[place:])
        biases = (*self.biases[:place], *[(_ZERO,) * n] * missing, *self.biases[place:])
        slopes = (*self.slopes[:place], *[(_ONE,) * n] * missing, *self.slopes[place:])
        return Layers(weights, biases, slopes)

    def without_unused(self) -> Layers:
        """The same function without hidden neurons that nothing reads; one stays where a layer would be empty."""
        weights, biases, slopes = list(self.weights), list(self.biases), list(self.slopes)
        for k in range(len(slopes) - 1, -1, -1):
            used = [i for i, column in enumerate(zip(*weights[k + 1], strict=True)) if any(column)] or [0]
            weights[k + 1] = tuple(tuple(row[i] for i in used) for row in weights[k + 1])
            weights[k] = tuple(weights[k][i] for i in used)
            biases[k], slopes[k] = (tuple(of[k][i] for i in used) for of in (biases, slopes))
        return Layers(tuple(weights), tuple(biases), tuple(slopes))


class Joined(NamedTuple):
    """Two networks side by side: common hidden layers, and the affine maps from the last of them to both outputs."""

    hidden: Layers
    first: tuple[Matrix, Vector]
    second: tuple[Matrix, Vector]


def join(f: Layers, g: Layers) -> Joined:
    """Two networks with the same inputs side by side.

    The hidden layers of f stand first in the result, unchanged. A neuron of g whose preactivation is a positive
    multiple of that of a neuron of f, with the same slope, is not repeated: a·σ(z) = σ(a z) for a > 0.
    """
    depth = max(len(f.slopes), len(g.slopes))
    f, g = f.with_depth(depth), g.with_depth(depth)
    weights: list[Matrix] = []
    biases: list[Vector] = []
    slopes: list[Vector] = []
    width = len(f.weights[0][0])  # of the layer before in the result
    places = [(i, _ONE) for i in range(width)]  # for each neuron of g before: a neuron of the result, and the factor
    for k in range(depth):
        rows = [_padded(row, width) for row in f.weights[k]]
        offsets, bends = list(f.biases[k]), list(f.slopes[k])
        known: dict[tuple[tuple[int, ...], Fraction], int] = {}
        for i, (row, b, a) in enumerate(zip(rows, offsets, bends, strict=True)):
            known.setdefault((primitive([b, *row]), a), i)
        found: list[tuple[int, Fraction]] = []
        for row, b, a in zip(g.weights[k], g.biases[k], g.slopes[k], strict=True):
            own = _placed(row, places, width)
            i = known.get((primitive([b, *own]), a), -1)
            if i < 0:
                found.append((len(rows), _ONE))
                rows.append(own)
                offsets.append(b)
                bends.append(a)
            else:
                pairs = zip((b, *own), (offsets[i], *rows[i]), strict=True)
                found.append((i, next((x / y for x, y in pairs if y), _ONE)))
        weights.append(tuple(rows))
        biases.append(tuple(offsets))
        slopes.append(tuple(bends))
        width, places = len(rows), found
    return Joined(
        Layers(tuple(weights), tuple(biases), tuple(slopes)),
        (tuple(_padded(row, width) for row in f.weights[depth]), f.biases[depth]),
        (tuple(_placed(row, places, width) for row in g.weights[depth]), g.biases[depth]),
    )


def identity(n: int) -> Matrix:
    """The identity matrix."""
    return tuple(tuple(_ONE if i == j else _ZERO for j in range(n)) for i in range(n))


def _padded(row: Vector, width: int) -> Vector:
    return (*row, *(_ZERO,) * (width - len(row)))


def _placed(row: Vector, places: list[tuple[int, Fraction]], width: int) -> Vector:
    """The row of g over the neurons of the result."""
    own = [_ZERO] * width
    for w, (i, factor) in zip(row, places, strict=True):
        if w:
            own[i] += factor * w
    return tuple(own)
