"""Exact values of a network at many points at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from polyrelu.errors import PointError
from polyrelu.exact.linear import Integer, IntegerMatrix
from polyrelu.exact.rational import common_denominator, describe, entries, exact_point
from polyrelu.network.layers import IntegerRow, Vector

MOST_PRODUCTS = 2**22
"""Maximum number of products in one matrix product (unless one point needs more), between which Ctrl-C is heeded."""


def is_batch(values: Any, items: Sequence[Any] | None) -> bool:
    """Whether what is given for a point, with these entries, is an array or a sequence of points."""
    if not items:
        return items is not None and getattr(values, "ndim", 1) == 2
    return type(items[0]) not in (Fraction, float, int) and entries(items[0], "point 1") is not None


def read_points(items: Sequence[Any], dimension: int) -> list[Vector]:
    """The points of a batch, exact; PointError or NumberError for anything else, with the number of the point."""
    points = []
    for i, item in enumerate(items, 1):
        where = f"point {i}"
        row = entries(item, where)
        if row is None or any(isinstance(x, (list, tuple)) for x in row):
            got = describe(item) if row is None else "a sequence of sequences"
            raise PointError(f"{where}: expected a sequence of {dimension} numbers, as the others are, got {got}")
        points.append(exact_point(row, dimension, where))
    return points


def values_at(
    layers: Sequence[Sequence[IntegerRow]], slopes: Sequence[Vector], points: Sequence[Vector]
) -> list[Vector]:
    """The outputs at the points of the network whose affine maps have these integer rows.

    A point is a column of coprime integers N and q with x = N / q. An affine map with the rows (w, b) / c of integers
    w, b and c takes it to (w · N + b q) / (c q): one product of integer matrices for all points. The rows are brought
    to their least common denominator only then, together with the slopes, so that no matrix gets long entries.
    """
    matrices = [IntegerMatrix([(*w, b) for w, b, _ in rows]) for rows in layers]
    factors = [_factors([c for *_, c in rows], below) for rows, below in zip(layers, slopes, strict=False)]
    widest = max(len(rows) * (len(rows[0][0]) + 1) for rows in layers)
    step = max(MOST_PRODUCTS // widest, 1)
    found: list[Vector] = []
    for first in range(0, len(points), step):
        found += _values(matrices, factors, [c for *_, c in layers[-1]], points[first : first + step])
    return found


_Factors = tuple[list[tuple[int, int]], int]


def _factors(denominators: Sequence[int], slopes: Sequence[Fraction]) -> _Factors:
    """For each neuron the factors of positive and of negative values, and the common denominator that they make."""
    common = math.lcm(*(c * a.denominator for c, a in zip(denominators, slopes, strict=True)))
    above = [common // c for c in denominators]
    return [(f, int(f * a)) for f, a in zip(above, slopes, strict=True)], common


def _values(
    matrices: Sequence[IntegerMatrix], factors: Sequence[_Factors], last: Sequence[int], points: Sequence[Vector]
) -> list[Vector]:
    columns = [common_denominator(point) for point in points]
    scales: list[Integer] = [q for _, q in columns]
    rows: list[list[Integer]] = [*map(list, zip(*(integers for integers, _ in columns), strict=True)), scales]
    for matrix, (of_neurons, common) in zip(matrices, factors, strict=False):
        rows = [
            [z * above if z > 0 else z * below for z in row]
            for row, (above, below) in zip(matrix.times(rows), of_neurons, strict=True)
        ]
        scales = [q * common for q in scales]
        rows.append(scales)
    outputs = [
        [Fraction(int(z), int(q) * c) for z, q in zip(row, scales, strict=True)]
        for row, c in zip(matrices[-1].times(rows), last, strict=True)
    ]
    return list(zip(*outputs, strict=True))
