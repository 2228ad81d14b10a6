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


def counted(parts: Iterable[tuple[Row, Fraction]]) -> list[tuple[Row, Fraction]]:
    """The parts, while the memory that long numbers take is counted."""
    result: list[tuple[Row, Fraction]] = []
    limited = is_counted()
    for row, constant in parts:
        if limited:
            spend_digits((constant, *row.values()), "its numbers")
        result.append((row, constant))
    return result


def terms_of(signal: Signal, indices: Indices) -> int:
    """The number of coefficients in the entries at `indices`, repeats counted; at least one for each entry."""
    lengths = np.array([*(max(1, len(row)) for row in signal.rows), 1])
    return int(lengths[np.maximum(indices, -1)].sum())


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
