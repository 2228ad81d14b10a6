"""Signals: arrays of affine functions of the neurons of one layer, the values of an exact composition."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.exact.memory import is_counted, spend_digits

Row = dict[int, Fraction]
"""A linear function of the neurons of a layer: neuron -> coefficient, zeros left out."""

Indices = npt.NDArray[np.intp]

ZERO, ONE = Fraction(0), Fraction(1)

MAX_BITS = 2048
"""Maximum number of bits of a common denominator with which sums are computed with integers."""

OUTSIDE = -1
"""An index into padding, where the value is 0."""


@dataclass(frozen=True, eq=False)
class Signal:
    """An array of affine functions of a layer's neurons; entry i (in C order) is rows[i] · neurons + constants[i]."""

    layer: int
    rows: list[Row]
    constants: list[Fraction]
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """The number of entries."""
        return len(self.rows)

    @property
    def positions(self) -> Indices:
        """The index of every entry, in an array of the signal's shape; slice or transpose it for `select`."""
        return np.arange(self.size).reshape(self.shape)

    def select(self, indices: Any) -> Signal:
        """The entries at `indices` (an array of any shape of positions, repeats allowed; −1 is the constant 0)."""
        array = np.asarray(indices)
        flat = array.ravel().tolist()
        rows: list[Row] = [self.rows[i] if i >= 0 else {} for i in flat]
        return Signal(self.layer, rows, [self.constants[i] if i >= 0 else ZERO for i in flat], array.shape)

    def reshaped(self, shape: Sequence[int]) -> Signal:
        """The same entries in another shape of the same size."""
        return Signal(self.layer, self.rows, self.constants, tuple(shape))

    def final(self) -> Monotone:
        """The same entries as the argument of a final function that is left out."""
        return Monotone(self.layer, self.rows, self.constants, self.shape)

    def terms(self, indices: Indices) -> int:
        """The number of coefficients in the entries at `indices`, repeats counted; at least one for each entry."""
        lengths = np.array([*(max(1, len(row)) for row in self.rows), 1])
        return int(lengths[np.maximum(indices, -1)].sum())


class Monotone(Signal):
    """The argument of a final sigmoid, softmax or log-softmax, which is left out (`Assembly.without`)."""


def show_shape(shape: Iterable[int]) -> str:
    """A shape in a message, such as 3 × 32 × 32."""
    return " × ".join(map(str, shape)) or "()"


def signal_of(
    layer: int, parts: list[tuple[Row, Fraction]], offsets: Iterable[Fraction], shape: Sequence[int]
) -> Signal:
    """The signal of these linear parts and constants, with offsets added."""
    constants = [c + o if o else c for (_, c), o in zip(parts, offsets, strict=True)]
    return Signal(layer, [row for row, _ in parts], constants, tuple(shape))


def combined(signal: Signal, indices: Iterable[int], coefficients: Iterable[Fraction]) -> tuple[Row, Fraction]:
    """Σ coefficient · entry, over the entries at `indices` (negative ones left out), as linear part and constant."""
    rows, constants = signal.rows, signal.constants
    total: Row = {}
    constant = ZERO
    for index, factor in zip(indices, coefficients, strict=True):
        if index < 0 or not factor:
            continue
        if constants[index]:
            constant += factor * constants[index]
        for i, c in rows[index].items():
            term = factor if c is ONE else c if factor is ONE else factor * c
            if i in total:
                term += total[i]
                if not term:
                    del total[i]
                    continue
            total[i] = term
    return total, constant


class Combiner:
    """Sums Σ coefficient · entry of one signal, computed with integers over common denominators.

    Fractions reduce after every product and every sum, which costs ten times as much as the products of integers. Where
    all coefficients of the signal are 1, as those of an input, there is nothing to gain, nor where the denominators
    have no short common multiple.
    """

    def __init__(self, signal: Signal) -> None:
        self._signal = signal
        self._denominator = 0
        if all(c is ONE for row in signal.rows for c in row.values()):
            return
        if common := _common(c for row in signal.rows for c in row.values()) * _common(signal.constants):
            numbers = [[(i, _times(c, common)) for i, c in row.items()] for row in signal.rows]
            self._denominator, self._rows = common, numbers
            self._constants = [_times(c, common) for c in signal.constants]

    def prepared(self, coefficients: list[Fraction]) -> Prepared:
        """Coefficients as `sum` takes them, to be used many times."""
        common = _common(coefficients) if self._denominator else 0
        return coefficients, common, [_times(c, common) for c in coefficients] if common else []

    def sum(self, indices: Iterable[int], prepared: Prepared) -> tuple[Row, Fraction]:
        """Σ coefficient · entry, over the entries at `indices` (negative ones left out), as `combined` has it."""
        coefficients, common, numbers = prepared
        if not common:
            return combined(self._signal, indices, coefficients)
        rows, constants = self._rows, self._constants
        total: dict[int, int] = {}
        constant = 0
        for index, factor in zip(indices, numbers, strict=True):
            if index < 0 or not factor:
                continue
            constant += factor * constants[index]
            for i, n in rows[index]:
                total[i] = total.get(i, 0) + factor * n
        denominator = common * self._denominator
        return {i: Fraction(n, denominator) for i, n in total.items() if n}, Fraction(constant, denominator)


Prepared = tuple[list[Fraction], int, list[int]]
"""Coefficients, and a common denominator (0 for none) with their numerators."""


def _common(numbers: Iterable[Fraction]) -> int:
    """The least common denominator of numbers; 0 if it has more than MAX_BITS bits."""
    common = 1
    for denominator in {x.denominator for x in numbers}:
        common = math.lcm(common, denominator)
        if common.bit_length() > MAX_BITS:
            return 0
    return common


def _times(x: Fraction, common: int) -> int:
    return x.numerator * (common // x.denominator)


def counted(parts: Iterable[tuple[Row, Fraction]]) -> list[tuple[Row, Fraction]]:
    """The parts, while the memory that long numbers take is counted."""
    result: list[tuple[Row, Fraction]] = []
    limited = is_counted()
    for row, constant in parts:
        if limited:
            spend_digits((constant, *row.values()), "its numbers")
        result.append((row, constant))
    return result


def grouped(indices: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The groups along the last axis as rows of a matrix; there may be none, and they may be empty."""
    return indices.reshape(math.prod(indices.shape[:-1]), indices.shape[-1])


def dense(row: Row, width: int) -> list[Fraction]:
    """The coefficients of a row with its zeros."""
    result = [ZERO] * width
    for i, c in row.items():
        result[i] = c
    return result


def array_of(values: Sequence[Fraction]) -> npt.NDArray[Any]:
    """A vector of these Fractions."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
