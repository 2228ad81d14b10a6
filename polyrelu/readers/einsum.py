"""Sums of products over axes in Einstein's notation, and sums up to each place of an axis."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from polyrelu.readers.assembly import Assembly
from polyrelu.readers.signals import Signal, show_shape

_FORM = re.compile(r"([A-Za-z]*(\.\.\.)?[A-Za-z]*)(,[A-Za-z]*(\.\.\.)?[A-Za-z]*)*(->[A-Za-z]*(\.\.\.)?[A-Za-z]*)?")


def einsum(assembly: Assembly, equation: Any, operands: Sequence[Any]) -> Signal:
    """The sum of products of the entries of operands, of which at most one is a signal, by an equation as in NumPy.

    The equation has a letter for each axis of each operand, with commas between operands: axes of one letter have one
    index, and letters that are not in the result (after "->"; those that occur once, unless it is given) are summed
    over. Three dots stand for any number of axes, which are broadcast. NetworkError for a product of two signals.
    """
    form = equation.replace(" ", "") if isinstance(equation, str) else ""
    if not form or not _FORM.fullmatch(form):
        raise assembly.error(f"expected an equation such as 'ij,jk->ik', got {str(equation)[:60]!r}")
    if sum(isinstance(x, Signal) for x in operands) > 1:
        raise assembly.error("a product of two values that depend on the input is not piecewise linear")
    terms, arrow, result = form.partition("->")
    parts = terms.split(",")
    if len(parts) != len(operands):
        raise assembly.error(f"the equation {form[:60]!r} is for {len(parts)} operands, got {len(operands)}")
    labelled = [_labels(assembly, part, len(x.shape)) for part, x in zip(parts, operands, strict=True)]
    counts = Counter(label for labels in labelled for label in labels)
    dots = sorted((label for label in counts if not label.isalpha()), key=int, reverse=True)
    if arrow:
        before, ellipsis, after = result.partition("...")
        kept = [*before, *(dots if ellipsis else []), *after]
    else:
        kept = [*dots, *sorted(label for label, n in counts.items() if n == 1 and label.isalpha())]
    if len(set(kept)) != len(kept) or not set(kept) <= set(counts):
        raise assembly.error(f"the result of the equation {form[:60]!r} has an axis twice, or one that no operand has")
    order = [*kept, *(label for label in counts if label not in kept)]
    lengths: dict[str, int] = {}
    for labels, x in zip(labelled, operands, strict=True):
        for label, n in zip(labels, x.shape, strict=True):
            if lengths.get(label, 1) != 1 and n not in (1, lengths[label]):
                raise assembly.error(f"the equation {form[:60]!r} joins axes of lengths {lengths[label]} and {n}")
            lengths[label] = max(n, lengths.get(label, 1)) if n else 0
    shape = tuple(lengths[label] for label in order)
    assembly.check_count(math.prod(shape), "products")
    grid = dict(zip(order, np.ix_(*map(np.arange, shape)), strict=True))
    signal, coefficients = None, np.asarray(assembly.exact(1, "factor"), dtype=object)
    for labels, x in zip(labelled, operands, strict=True):
        where = tuple(grid[label] * (n != 1) for label, n in zip(labels, x.shape, strict=True))
        if isinstance(x, Signal):
            signal, places = x, x.positions[where]
        else:
            coefficients = np.asarray(coefficients * assembly.exact_array(x, "operand")[where], dtype=object)
    if signal is None:
        signal, places = assembly.constant(1), np.zeros((), dtype=np.intp)
    ends = (*(lengths[label] for label in kept), -1 if math.prod(shape) else 0)
    if not math.prod(shape):
        raise assembly.error(f"of operands of shapes {', '.join(show_shape(x.shape) for x in operands)} is empty")
    groups, factors = (np.broadcast_to(array, shape).reshape(ends) for array in (places, coefficients))
    return assembly.weighted_sums(signal, groups, factors)


def cumulative_sum(
    assembly: Assembly, signal: Signal, axis: int, *, exclusive: bool = False, reverse: bool = False
) -> Signal:
    """The sums of the entries up to each place of an axis, without the place itself if `exclusive`; or from it on."""
    if not -len(signal.shape) <= axis < len(signal.shape):
        raise assembly.error(f"a value of shape {show_shape(signal.shape)} has no axis {axis}")
    n = signal.shape[axis]
    matrix = np.tril(np.ones((n, n), dtype=np.int64), -1 if exclusive else 0)
    moved = signal.select(np.moveaxis(signal.positions, axis, -1))
    sums = assembly.affine(moved, matrix.T if reverse else matrix)
    return sums.select(np.moveaxis(sums.positions, -1, axis))


def _labels(assembly: Assembly, part: str, rank: int) -> list[str]:
    """A label for each axis of an operand: a letter, or for the axes of three dots a number, counted from the end."""
    before, ellipsis, after = part.partition("...")
    more = rank - len(before) - len(after)
    if more < 0 or (more and not ellipsis):
        raise assembly.error(f"{part[:60]!r} in the equation does not fit an operand with {rank} axes")
    return [*before, *(str(more - k) for k in range(more)), *after]
