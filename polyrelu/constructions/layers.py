"""Building blocks: networks layer by layer from linear forms, and piecewise linear functions of one variable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from polyrelu.errors import LimitError
from polyrelu.network.network import Network

MAX_WEIGHTS = 10**7
"""Maximum number of weights of a network that is constructed."""

MAX_LAYERS = 10**5
"""Maximum number of layers of such a network."""

ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class Form:
    """An affine form in the outputs of one layer: the sum of coefficients[i] · z_i, plus a constant."""

    coefficients: Mapping[int, Fraction]
    constant: Fraction = ZERO

    def __add__(self, other: Form | Fraction | int) -> Form:
        if not isinstance(other, Form):
            return Form(self.coefficients, self.constant + other)
        total = dict(self.coefficients)
        for i, value in other.coefficients.items():
            total[i] = total.get(i, Fraction(0)) + value
        return Form(total, self.constant + other.constant)

    def __mul__(self, factor: Fraction | int) -> Form:
        return Form({i: value * factor for i, value in self.coefficients.items()}, self.constant * factor)

    def __neg__(self) -> Form:
        return Form({i: -value for i, value in self.coefficients.items()}, -self.constant)

    def __sub__(self, other: Form | Fraction | int) -> Form:
        return self + -other

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other: Fraction | int) -> Form:
        return -self + other

    def row(self, width: int) -> list[Fraction]:
        """The coefficients as a row of the given length."""
        row = [ZERO] * width
        for i, value in self.coefficients.items():
            row[i] = value
        return row


def unit(i: int) -> Form:
    """The i-th output of a layer."""
    return Form({i: ONE})


def check_weights(where: str, widths: Iterable[int]) -> None:
    """LimitError, naming the construction, for layers of these widths, inputs first, that are too many or too large.

    The weights are added up only until there are too many, so that there may be any number of layers.
    """
    weights = 0
    for layer, (m, n) in enumerate(pairwise(widths), 1):
        weights += m * n
        if weights > MAX_WEIGHTS or layer > MAX_LAYERS:
            what = f"{MAX_WEIGHTS} weights" if weights > MAX_WEIGHTS else f"{MAX_LAYERS} layers"
            raise LimitError(f"{where}: the network would have more than {what}")


class LayerStack:
    """Hidden ReLU layers under construction; `network` adds the output layer."""

    def __init__(self, input_dim: int) -> None:
        self._width = input_dim
        self._weights: list[list[list[Fraction]]] = []
        self._biases: list[list[Fraction]] = []

    def inputs(self) -> list[Form]:
        """The coordinates of the input space."""
        return [unit(i) for i in range(self._width)]

    def add(self, preactivations: Sequence[Form], width: int | None = None) -> list[Form]:
        """The outputs, as forms, of a new layer with these preactivations (forms in the layer before).

        The layer is filled up to `width` with zero neurons.
        """
        count = len(preactivations) if width is None else width
        idle = [Form({})] * (count - len(preactivations))
        self._append([*preactivations, *idle])
        return [unit(i) for i in range(len(preactivations))]

    def network(self, outputs: Sequence[Form]) -> Network:
        """The network of the layers so far with these outputs."""
        self._append(outputs)
        return Network(self._weights, self._biases)

    def _append(self, forms: Sequence[Form]) -> None:
        self._weights.append([form.row(self._width) for form in forms])
        self._biases.append([form.constant for form in forms])
        self._width = len(forms)


def split_evenly(neurons: int, coordinates: int) -> list[int]:
    """The number of neurons of each coordinate: as equal as possible, the first coordinates have one more."""
    share, rest = divmod(neurons, coordinates)
    return [share + (i < rest) for i in range(coordinates)]


def total(forms: Iterable[Form]) -> Form:
    """The sum of forms."""
    # In one mapping: forms added one after the other would copy the sum so far as often.
    coefficients: dict[int, Fraction] = {}
    constant = Fraction(0)
    for form in forms:
        for i, value in form.coefficients.items():
            coefficients[i] = coefficients[i] + value if i in coefficients else value
        constant += form.constant
    return Form(coefficients, constant)


@dataclass(frozen=True)
class Curve:
    """A continuous piecewise linear function of one variable x, and the ReLU neurons that compute it.

    It has the given values at the thresholds, which ascend strictly, and the given slopes before the first and after
    the last. The neurons are ReLU(x − t) for each threshold t, or ReLU(t − x) where its index is `leftward`. A
    piecewise linear function with these breaks is a combination of these neurons and a constant if and only if its
    slope at −∞ is minus the sum of its slope changes at the leftward thresholds; every curve made here is one.
    """

    thresholds: tuple[Fraction, ...]
    values: tuple[int, ...]
    left: Fraction
    right: Fraction
    leftward: tuple[int, ...] = ()

    def preactivations(self, x: Form) -> list[Form]:
        """The neurons' preactivations, for x a form in the layer before."""
        return [t - x if i in self.leftward else x - t for i, t in enumerate(self.thresholds)]

    def read(self, neurons: Sequence[Form]) -> Form:
        """The curve as a form in the outputs of its neurons."""
        t, v = self.thresholds, self.values
        inner = [(v[i + 1] - v[i]) / (t[i + 1] - t[i]) for i in range(len(t) - 1)]
        slopes = [self.left, *inner, self.right]
        jumps = [slopes[i + 1] - slopes[i] for i in range(len(t))]
        # At the first threshold only leftward neurons, those of later thresholds, are positive.
        at_first = sum((jumps[i] * (t[i] - t[0]) for i in self.leftward), Fraction(0))
        return total(jump * z for jump, z in zip(jumps, neurons, strict=True)) + (v[0] - at_first)


def plain_fold(pieces: int, closed: bool = False) -> Curve:
    """The zigzag 0, 1, 0, … that maps [0, 1] onto itself m = `pieces` times, with m neurons ReLU(x − j/m), j < m.

    Constant 0 on x ≤ 0; after 1 the last slope goes on, or, if `closed` (one more neuron, at 1), the value stays.
    """
    stops = pieces + closed
    right = 0 if closed else pieces * (-1) ** (pieces - 1)
    thresholds = tuple(Fraction(j, pieces) for j in range(stops))
    return Curve(thresholds, tuple(j % 2 for j in range(stops)), Fraction(0), Fraction(right))


def mixed_fold(neurons: int) -> Curve:
    """The curve of q neurons that maps [0, 1] onto itself as often as possible, `fold_count(q)` times.

    The preimage of (0, 1) consists of `fold_count(q)` open intervals inside (0, 1), and the curve is affine on each.
    For one or two neurons it is `plain_fold`. With q ≥ 3, unit h = 1/(2q + 1) and thresholds h, 3h, 5h, …, (2q − 1)h
    the curve falls from 1 at 0 to 0 at the first threshold and goes on as 1, 0, 1, … at the others, to 0 or 1 at 1. Its
    slopes are −1/h, +1/2h, −1/2h, …; the third neuron looks to the left, and its slope change 1/h is minus the slope at
    −∞, as it has to be. Before 0 the curve is above 1, after 1 above 1 or below 0.
    """
    if neurons <= 2:
        return plain_fold(neurons)
    q = neurons
    thresholds = tuple(Fraction(2 * j + 1, 2 * q + 1) for j in range(q))
    right = Fraction((2 * q + 1) * (-1) ** (q + 1), 2)
    return Curve(thresholds, tuple(j % 2 for j in range(q)), Fraction(-(2 * q + 1)), right, leftward=(2,))


def fold_count(neurons: int) -> int:
    """The number of times that `mixed_fold` covers the unit interval: q + 1 with q ≥ 3 neurons, else q."""
    return neurons + 1 if neurons >= 3 else neurons


def fold(stack: LayerStack, coordinates: Sequence[Form], curves: Sequence[Curve], width: int) -> list[list[Form]]:
    """The neurons of each coordinate after a new layer with the neurons of one curve for each coordinate."""
    blocks = [curve.preactivations(x) for x, curve in zip(coordinates, curves, strict=True)]
    neurons = iter(stack.add([form for block in blocks for form in block], width))
    return [[next(neurons) for _ in block] for block in blocks]


def folded(stack: LayerStack, coordinates: Sequence[Form], curves: Sequence[Curve], width: int) -> list[Form]:
    """The new coordinates after a new layer that replaces each coordinate by its curve."""
    neurons = fold(stack, coordinates, curves, width)
    return [curve.read(block) for curve, block in zip(curves, neurons, strict=True)]
