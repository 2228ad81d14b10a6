"""Persistent homology of a filtered chain complex over a field: which cell ends the class that a cell begins."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from heapq import heapify, heappop, heappush
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polyrelu.topology.chain import ChainComplex

Column = dict[int, int | Fraction]


class Pair(NamedTuple):
    """A class of persistent homology: its degree, the cell that begins it, and the cell that ends it, if any."""

    degree: int
    birth: int
    death: int | None


def pairs(complex_: ChainComplex, steps: Sequence[npt.NDArray[np.int32]], characteristic: int) -> list[Pair]:
    """The pairs of a filtered chain complex over a field, those that are born and die in one step included.

    Parameters
    ----------
    complex_ : ChainComplex
        A complex with a basis of cells.
    steps : sequence of integer arrays
        For each degree the steps in which the cells come; no face comes later than its cell.
    characteristic : int
        A prime p for the field of p elements, or 0 for the rational numbers.

    Returns
    -------
    list of Pair
        By descending degree of the cell that ends the class, then by the order of these cells; the classes that
        nothing ends come last.

    Notes
    -----
    The columns of the boundary maps are reduced from left to right, so that their last entries are in different rows:
    the cell of the row begins a class, and that of the column ends it (Edelsbrunner, Letscher and Zomorodian 2002). The
    degrees are taken from the top down, because a cell that begins a class has the column 0 (Chen and Kerber 2011).
    """
    positions, cells = [], []
    for of_degree in steps:
        order = np.argsort(of_degree, kind="stable")
        position = np.empty(len(order), np.int64)
        position[order] = np.arange(len(order))
        positions.append(position)
        cells.append(order.tolist())
    found: list[Pair] = []
    used: list[set[int]] = [set() for _ in cells]  # positions of cells that are in a pair
    for k in range(len(cells) - 1, 0, -1):
        reduced: dict[int, Column] = {}
        columns = complex_.boundary_arrays(k)
        for j, cell in enumerate(cells[k]):
            if j in used[k]:
                continue
            column: Column = {int(positions[k - 1][i]): v for i, v in columns.entries(cell)}
            low = _reduce(column, reduced, characteristic)
            if low is not None:
                used[k - 1].add(low)
                used[k].add(j)
                found.append(Pair(k - 1, cells[k - 1][low], cell))
    for k, of_degree in enumerate(cells):
        found += [Pair(k, cell, None) for j, cell in enumerate(of_degree) if j not in used[k]]
    return found


def _reduce(column: Column, reduced: dict[int, Column], characteristic: int) -> int | None:
    """The last row of the column after its reduction by others, with which it is put; None if nothing is left."""
    if characteristic:
        column = {i: v % characteristic for i, v in column.items()}
    rows = [-i for i in column]
    heapify(rows)
    while rows:
        low = -rows[0]
        value = column[low]
        if not value:
            del column[low]
            heappop(rows)
        elif low in reduced:
            for i, v in reduced[low].items():
                if i not in column:
                    column[i] = 0
                    heappush(rows, -i)
                left = column[i] - value * v
                column[i] = left % characteristic if characteristic else left
        else:
            if value != 1:
                inverse = _inverse(value, characteristic)
                column = {i: v * inverse % characteristic if characteristic else v * inverse for i, v in column.items()}
            reduced[low] = {i: v for i, v in column.items() if v}
            return low
    return None


def _inverse(value: int | Fraction, characteristic: int) -> int | Fraction:
    if characteristic:
        return pow(int(value), -1, characteristic)
    return value if value == -1 else 1 / Fraction(value)
