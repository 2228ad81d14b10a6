"""NearNetwork: a network on a ball, reduced to the neurons that may change sign there."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isqrt
from typing import Any, NamedTuple

from flint import fmpq, fmpq_mat

from polyrelu.exact.shortest import Norm
from polyrelu.network.network import Network

_ZERO, _ONE = fmpq(0), fmpq(1)


class Reduced(NamedTuple):
    """A neuron that may change sign, or a difference of outputs: y + Σ c · (output of an earlier neuron)."""

    form: list[Any]
    """The affine form y: (constant, coefficients of x)."""
    coefficients: tuple[Any, ...]
    """c, for all neurons before."""
    layer: int
    """The 1-based layer; that of the outputs is the last."""
    number: int
    """The number in its layer, counted from 0."""
    slope: Any
    """The slope on the negative side."""


class NearNetwork:
    """A network on a ball {x : ‖x − c‖ ≤ R} in L∞, L1 or L2, exactly.

    Parameters
    ----------
    network : Network
        The network.
    center, radius, norm
        The ball.
    level : Fraction
        The level, for a network with one output: its classes are 0, for {F < t}, and 1.

    Notes
    -----
    A neuron is a sum of an affine form and multiples of the outputs of earlier neurons that may change sign. The range
    of the form on the ball is that of the dual norm, and those of the outputs are intervals. If the interval of the
    sum has no numbers < 0, or none > 0, the neuron is such a sum itself also behind its activation; otherwise it is
    kept. In the first layer just those neurons are kept whose hyperplanes meet the open ball. In L2 the dual norm may
    be irrational: it is rounded up, but for the first layer, where squares are compared.
    """

    def __init__(
        self, network: Network, center: Sequence[Fraction], radius: Fraction, norm: Norm, level: Fraction
    ) -> None:
        self._network = network
        self._center = fmpq_mat([[_ONE], *([fmpq(x.numerator, x.denominator)] for x in center)])
        self._radius, self._norm = fmpq(radius.numerator, radius.denominator), norm
        self.neurons: list[Reduced] = []
        self._ranges: list[tuple[Any, Any]] = []
        self.distances: list[Any] = []
        """For the first layer: from the centre to the hyperplanes, or 0 on one of them."""
        d = network.input_dim
        values: list[list[Any]] = [[_ONE if i == j + 1 else _ZERO for i in range(d + 1)] for j in range(d)]
        for layer in range(1, network.depth + 2):
            rows = self._next(layer - 1, values)
            if layer > network.depth:
                break
            values = self._behind(layer, rows)
        self._outputs(rows, level)

    @property
    def n_first(self) -> int:
        """The number of neurons of the first layer that change sign on the open ball."""
        return sum(neuron.layer == 1 for neuron in self.neurons)

    def _next(self, k: int, values: list[list[Any]]) -> list[list[Any]]:
        width = self._network.input_dim + 1 + len(self.neurons)
        columns = fmpq_mat([row + [_ZERO] * (width - len(row)) for row in values])
        rows: list[list[Any]] = (fmpq_mat(_rational(self._network.weights[k])) * columns).tolist()
        for row, bias in zip(rows, self._network.biases[k], strict=True):
            row[0] += fmpq(bias.numerator, bias.denominator)
        return rows

    def _behind(self, layer: int, rows: list[list[Any]]) -> list[list[Any]]:
        """The outputs of a layer; the neurons that are kept become variables of the sums."""
        d, before = self._network.input_dim, len(self.neurons)
        out = []
        for index, (row, slope) in enumerate(zip(rows, self._network.slopes[layer - 1], strict=True)):
            a = fmpq(slope.numerator, slope.denominator)
            value, spread = self._range(row)
            if layer == 1:
                if a != 1 and spread:
                    self.distances.append(abs(value) * self._radius / spread)
                if self._norm == 2 and value**2 >= self._radius**2 * squared_dual_size(row[1 : d + 1], 2):
                    spread = _ZERO  # the hyperplane does not meet the open ball, if the form is not constant
            lower, upper = self._interval(row, value, spread)
            if lower >= 0 or a == 1:
                out.append(row)
            elif upper <= 0:
                out.append([a * x for x in row])
            else:
                self.neurons.append(Reduced(row[: d + 1], tuple(row[d + 1 : d + 1 + before]), layer, index, a))
                ends = (a * lower, upper, _ZERO)
                self._ranges.append((min(ends), max(ends)))
                out.append([*[_ZERO] * (d + len(self.neurons)), _ONE])
        return out

    def _outputs(self, rows: list[list[Any]], level: Fraction) -> None:
        """The classes that may win, and the differences of their outputs from the first of these."""
        d = self._network.input_dim
        none = [_ZERO] * len(rows[0])
        if len(rows) == 1:
            rows[0][0] -= fmpq(level.numerator, level.denominator)
            rows = [none, rows[0]]
            first = 0
        else:
            values = [self._interval(row, *self._range(row)) for row in rows]
            first = max(range(len(rows)), key=lambda i: (values[i][0] + values[i][1], -i))
        self.classes = [first]
        self.differences = [Reduced(none[: d + 1], tuple(none[d + 1 :]), self._network.depth + 1, first, _ONE)]
        for i, row in enumerate(rows):
            if i != first:
                row = [x - y for x, y in zip(row, rows[first], strict=True)]
                if self._interval(row, *self._range(row))[1] >= 0:
                    self.classes.append(i)
                    form = Reduced(row[: d + 1], tuple(row[d + 1 :]), self._network.depth + 1, i, _ONE)
                    self.differences.append(form)

    def _range(self, row: list[Any]) -> tuple[Any, Any]:
        """(value at the centre, largest change on the ball) of the affine form."""
        d = self._network.input_dim
        value = (fmpq_mat([row[: d + 1]]) * self._center)[0, 0]
        return value, self._radius * _root_above(squared_dual_size(row[1 : d + 1], self._norm))

    def _interval(self, row: list[Any], value: Any, spread: Any) -> tuple[Any, Any]:
        lower, upper = value - spread, value + spread
        for c, (low, high) in zip(row[self._network.input_dim + 1 :], self._ranges, strict=False):
            if c:
                lower, upper = lower + min(c * low, c * high), upper + max(c * low, c * high)
        return lower, upper


def squared_dual_size(coefficients: Sequence[Any], norm: Norm) -> Any:
    """The square of the largest value of a linear form on the unit ball, exactly."""
    if norm == 2:
        return sum((x * x for x in coefficients), _ZERO)
    sizes = map(abs, coefficients)
    return (sum(sizes, _ZERO) if norm == "inf" else max(sizes, default=_ZERO)) ** 2


def _root_above(x: Any) -> Any:
    """√x if it is rational, otherwise a number between √x and (1 + 2^−60) √x."""
    p, q = int(x.p), int(x.q)
    if isqrt(p) ** 2 == p and isqrt(q) ** 2 == q:
        return fmpq(isqrt(p), isqrt(q))
    bits = 64 + max(0, q.bit_length() - p.bit_length())
    return fmpq(isqrt((p << 2 * bits) // q) + 1, 2**bits)


def _rational(matrix: Any) -> list[list[Any]]:
    return [[fmpq(x.numerator, x.denominator) for x in row] for row in matrix]
