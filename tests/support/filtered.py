"""Persistent homology by the textbook: all cells of a complex with exact values, and one reduction of columns."""

from __future__ import annotations

from fractions import Fraction

import polyrelu as pr
from polyrelu.geometry.complex import PolyhedralComplex

INFINITE = (1, Fraction(0))  # later than all values (0, t); (-1, 0) is earlier
Value = tuple[int, Fraction]
Bars = list[list[tuple[Value, Value]]]


def reduced_pairs(columns: list[dict[int, int]], p: int) -> dict[int, int]:
    """{last row: column} of the columns after reduction from left to right over the field of p elements, or Q for 0."""
    found: dict[int, int] = {}
    reduced: list[dict[int, Fraction | int]] = []
    for j, entries in enumerate(columns):
        column = {i: v % p if p else Fraction(v) for i, v in entries.items() if not p or v % p}
        while column and max(column) in found:
            low = max(column)
            other = reduced[found[low]]
            factor = column[low] * pow(int(other[low]), -1, p) if p else column[low] / other[low]
            for i, v in other.items():
                column[i] = column.get(i, 0) - factor * v
                if p:
                    column[i] %= p
                if not column[i]:
                    del column[i]
        reduced.append(column)
        if column:
            found[max(column)] = j
    return found


def bars(cx: PolyhedralComplex, superlevel: bool, p: int) -> Bars:
    """The bars by degree 0..r of the complex, cut off far out: (birth, death) with infinite ends, sorted."""
    faces, values = far_cells(cx, superlevel)
    order = [(values[x], x) for x in values if values[x] < INFINITE]
    order.sort(key=lambda entry: (entry[0], entry[1][0], entry[1][1:]))
    number = {x: i for i, (_, x) in enumerate(order)}
    columns = [{number[f]: sign for f, sign in faces[x].items()} for _, x in order]
    found = reduced_pairs(columns, p)
    ends = {i: order[j][0] for i, j in found.items()}
    out: Bars = [[] for _ in range(len(cx.arrays.finite))]
    for i, (value, x) in enumerate(order):
        if i not in found.values() and ends.get(i, INFINITE) != value:
            out[x[0]].append((value, ends.get(i, INFINITE)))
    return [sorted(of) for of in out]


Cell = tuple[int, bool, int]  # dimension, whether it is a far face, and the number of the cell (of which it is one)


def far_cells(cx: PolyhedralComplex, superlevel: bool) -> tuple[dict[Cell, dict[Cell, int]], dict[Cell, Value]]:
    """The boundaries and values of all cells and of the far faces of unbounded ones, in the quotient by lineality."""
    arrays, net = cx.arrays, cx.network
    flip = -1 if superlevel else 1
    faces: dict[Cell, dict[Cell, int]] = {}
    values: dict[Cell, Value] = {}
    far: set[tuple[int, int]] = set()
    end_sign: dict[tuple[int, int], int] = {}
    for v in range(arrays.finite[0]):
        faces[0, False, v], values[0, False, v] = {}, (0, flip * net(cx.vertex(v)))
    for q in range(1, len(arrays.finite)):
        for x in range(arrays.finite[q]):
            entries = dict(arrays.facets[q].entries(x))
            finite = {f: s for f, s in entries.items() if f < arrays.finite[q - 1]}
            boundary: dict[Cell, int] = {(q - 1, False, f): s for f, s in finite.items()}
            if len(finite) < len(entries) or any((q - 1, f) in far for f in finite):
                far.add((q, x))
                if q == 1:
                    ((ray, end_sign[q, x]),) = [(f, s) for f, s in entries.items() if f not in finite]
                    ((vertex, _),) = finite.items()
                    faces[0, True, x] = {}
                    slope = flip * _slope(net, cx.ray(ray))
                    start = values[0, False, vertex]
                    values[0, True, x] = start if slope == 0 else INFINITE if slope > 0 else (-1, Fraction(0))
                else:
                    end_sign[q, x] = -1
                    face = (q - 1, True, x)
                    faces[face] = {
                        (q - 2, True, f): s * end_sign[q - 1, f] for f, s in finite.items() if (q - 1, f) in far
                    }
                    values[face] = max(values[f] for f in faces[face])
                boundary[q - 1, True, x] = end_sign[q, x]
            faces[q, False, x] = boundary
            values[q, False, x] = max(values[f] for f in boundary)
    return faces, values


def _slope(net: pr.Network, ray: tuple[int, ...]) -> Fraction:
    """F(x + s r) / s for large s, about: its sign is right where no break is farther out."""
    far = 10**2000, 10**2000 + 1  # beyond all breaks, subnormal weights included
    one, two = (net([s * x for x in ray]) for s in far)
    return two - one  # type: ignore[operator]
