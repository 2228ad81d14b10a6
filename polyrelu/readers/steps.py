"""Steps: arrays of numbers that depend on signs alone, as comparisons do, and the continuous functions made of them.

A step is no value of a network, since it jumps. But ReLU is often spelled by one: x · (x > 0), or x where x > 0 and 0
elsewhere. A function with one value where d > 0 and another where d < 0 is continuous, and read, if the two are seen to
be equal where d = 0: if both are a constant plus a multiple of d, or if they differ by a multiple of d. Then its value
where d = 0 does not depend on how the step is defined there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.readers.assembly import Assembly
from polyrelu.readers.signals import ONE, OUTSIDE, ZERO, Row, Signal, array_of

Array = npt.NDArray[Any]

RELATIONS = {">": (0, 0, 1), ">=": (0, 1, 1), "<": (1, 0, 0), "<=": (1, 1, 0)}
"""The truth of d > 0, …, for d < 0, d = 0 and d > 0."""


@dataclass(frozen=True, eq=False)
class Step:
    """An array of numbers by the signs of the entries of a signal of its shape: below 0, at 0, and above 0.

    `truth` is whether the numbers are 0 and 1 and mean false and true.
    """

    signal: Signal
    numbers: tuple[Array, Array, Array]
    truth: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self.signal.shape

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.signal.size

    def mapped(self, function: Callable[[Array], Array], *, truth: bool = False) -> Step:
        """The step of other numbers, entry by entry; the function may broadcast them."""
        below, at, above = (np.asarray(function(array), dtype=object) for array in self.numbers)
        signal = self.signal.select(np.broadcast_to(self.signal.positions, below.shape))
        return Step(signal, (below, at, above), truth)

    def moved(self, move: Callable[[Array], Array]) -> Step:
        """The step whose entries `move` rearranges."""
        below, at, above = map(move, self.numbers)
        return Step(self.signal.select(move(self.signal.positions)), (below, at, above), self.truth)

    def opposite(self) -> Step:
        """True where this is false."""

        def turned(array: Array) -> Array:
            return array_of([ZERO if x else ONE for x in array.ravel().tolist()]).reshape(array.shape)

        return self.mapped(turned, truth=True)


def compared(assembly: Assembly, a: Signal, b: Signal, relation: str) -> Step:
    """Whether a > b (or as the relation says), entry by entry, with broadcasting."""
    difference = assembly.subtract(a, b)
    below, at, above = (_full(difference.shape, number) for number in RELATIONS[relation])
    return Step(difference, (below, at, above), True)


def sign(signal: Signal) -> Step:
    """−1, 0 or 1, as the sign of each entry."""
    below, at, above = (_full(signal.shape, number) for number in (-1, 0, 1))
    return Step(signal, (below, at, above))


def times(assembly: Assembly, step: Step, signal: Signal) -> Signal:
    """The product of a step and a signal. NetworkError unless it is seen to be continuous."""
    below, at, above = (assembly.scale(signal, array) for array in step.numbers)
    return by_sign(assembly, step.signal, below, at, above)


def chosen(assembly: Assembly, step: Step, a: Signal, b: Signal) -> Signal:
    """The entries of a where the step is not 0, else of b. NetworkError unless this is seen to be continuous."""
    shape = np.broadcast_shapes(step.shape, a.shape, b.shape)
    assembly.check_size(shape)
    positions = [np.broadcast_to(x.positions, shape).ravel() for x in (a, b)]
    parts = []
    for array in step.numbers:
        true = np.broadcast_to(array != 0, shape).ravel().astype(bool)
        taken = [a.select(np.where(true, positions[0], OUTSIDE)), b.select(np.where(true, OUTSIDE, positions[1]))]
        lone = [x for x in taken if any(x.rows) or any(x.constants)]
        parts.append(lone[0] if len(lone) == 1 else assembly.add(*taken))
    return by_sign(assembly, step.signal, *(assembly.reshape(x, shape) for x in parts))


def by_sign(assembly: Assembly, d: Signal, below: Signal, at: Signal, above: Signal) -> Signal:
    """The signal that is `below` where d < 0, `at` where d = 0 and `above` where d > 0, entry by entry.

    NetworkError unless it is seen to be continuous. If below = p + β d and above = p + α d for a number p, it is
    p + α LeakyReLU(d) with slope β / α, or p − β ReLU(−d) if α = 0: one neuron. If above − below = γ d, it is
    below + γ ReLU(d). Where d is a constant, its sign is known.
    """
    shape = np.broadcast_shapes(d.shape, below.shape, at.shape, above.shape)
    assembly.check_size(shape)
    d, below, at, above = (x.select(np.broadcast_to(x.positions, shape).ravel()) for x in (d, below, at, above))
    size = d.size
    sources: list[tuple[int, int] | None] = [None] * size  # for each entry the part that it is added to
    neurons: list[tuple[int, int, Fraction, Fraction]] = []  # entry, sign of d, slope, factor
    offsets = [ZERO] * size
    difference, raised = None, d
    for i in range(size):
        if not d.rows[i]:
            sources[i] = (1 + (d.constants[i] > 0) - (d.constants[i] < 0), i)
            continue
        alpha, beta = _multiple(above, i, d), _multiple(below, i, d)
        if alpha is not None and beta is not None and alpha[1] == beta[1]:
            if alpha[0] == beta[0]:
                sources[i] = (2, i)
                continue
            offsets[i] = alpha[1]
            if alpha[0]:
                neurons.append((i, 1, beta[0] / alpha[0], alpha[0]))
            else:
                neurons.append((i, -1, ZERO, -beta[0]))
            continue
        if difference is None:
            difference = assembly.subtract(above, below)
            raised = assembly.lifted(d, difference.layer)
        gamma = _multiple(difference, i, raised)
        if gamma is None or gamma[1]:
            raise assembly.error(
                "chooses by a comparison between values that are not seen to be equal where the compared ones are, so "
                "that it may jump; write it with relu, maximum or clamp"
            )
        sources[i] = (0, i)
        if gamma[0]:
            neurons.append((i, 1, ZERO, gamma[0]))
    parts = (below, at, above)
    result: Signal | None = None
    if neurons:
        inputs = d.select(np.array([i for i, *_ in neurons]))
        if any(s < 0 for _, s, _, _ in neurons):
            inputs = assembly.scale(inputs, array_of([Fraction(s) for _, s, _, _ in neurons]))
        bent = assembly.activation(inputs, array_of([slope for _, _, slope, _ in neurons]))
        where = np.full(size, OUTSIDE)
        where[[i for i, *_ in neurons]] = np.arange(len(neurons))
        result = assembly.scale(bent, array_of([factor for *_, factor in neurons])).select(where)
    if any(source is not None for source in sources):
        kept = [[i for i in range(size) if (s := sources[i]) is not None and s[0] == k] for k in range(3)]
        used = [part.select(np.array(index)) for part, index in zip(parts, kept, strict=True) if index]
        joined = assembly.concat(used)
        where = np.full(size, OUTSIDE)
        where[[i for index in kept for i in index]] = np.arange(joined.size)
        base = joined.select(where)
        result = base if result is None else assembly.add(base, result)
    assert result is not None  # every entry has a neuron or a source
    return assembly.reshape(assembly.scale(result, offsets=array_of(offsets)) if any(offsets) else result, shape)


def _multiple(x: Signal, i: int, d: Signal) -> tuple[Fraction, Fraction] | None:
    """γ and p with x = p + γ d in entry i, where d is no constant; None if there are none."""
    row, other = x.rows[i], d.rows[i]
    factor = ZERO
    if row:
        if x.layer != d.layer or row.keys() != other.keys():
            return None
        k = next(iter(other))
        factor = row[k] / other[k]
        if not _proportional(row, other, factor):
            return None
    return factor, x.constants[i] - factor * d.constants[i]


def _proportional(row: Row, other: Row, factor: Fraction) -> bool:
    return row is other or all(c == factor * other[k] for k, c in row.items())


def _full(shape: Sequence[int], number: int) -> Array:
    array = np.empty(shape, dtype=object)
    array[...] = Fraction(number)
    return array
