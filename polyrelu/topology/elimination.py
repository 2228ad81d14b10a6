"""Elimination of the unit pivots of a sparse integer matrix, with its unimodular transformations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush
from math import gcd
from typing import NamedTuple

from polyrelu.exact.memory import spend

Vector = dict[int, int]
"""The non-zero entries of a row or a column, by their places."""

ENTRY = 100
"""The size in bytes of an entry of a vector, with its place in a dictionary, at least."""


class Pivot(NamedTuple):
    """An entry unit · factor, unit = ±1, the only one that is left in its row and in its column."""

    row: int
    column: int
    unit: int
    factor: int


class Step(NamedTuple):
    """The addition of a multiple of one row, or column, to another."""

    target: int
    source: int
    multiple: int


class Elimination:
    """A matrix without unit pivots, what was eliminated to reach it, and how.

    Attributes
    ----------
    pivots : list of Pivot
        In the order of their elimination; each factor divides the next.
    factor : int
        A common factor of all entries that are left, a multiple of those of the pivots.
    rows : dict of int to vector
        The rows that are left, divided by `factor`.
    row_steps, column_steps : list of Step
        The steps that bring the matrix to the pivots and factor · rows.

    Notes
    -----
    The content of the matrix is divided out. As long as there is an entry ±1, one with few others in its row and its
    column becomes a pivot: multiples of its row are added to other rows until its column is empty, and then multiples
    of its column to other columns, which changes its row alone. Of rows that are equal up to sign one is left, and of
    such columns. This is repeated until nothing changes.
    """

    def __init__(self, entries: Mapping[tuple[int, int], int]) -> None:
        self.pivots: list[Pivot] = []
        self.factor = 1
        self.row_steps: list[Step] = []
        self.column_steps: list[Step] = []
        self.rows: dict[int, Vector] = {}
        self._columns: dict[int, set[int]] = {}
        for (i, j), value in entries.items():
            if value:
                self.rows.setdefault(i, {})[j] = value
                self._columns.setdefault(j, set()).add(i)
        changes = True
        while changes and self.rows:
            self._divide_by_the_content()
            changes = self._eliminate_units() or self._leave_out_copies()

    def _divide_by_the_content(self) -> None:
        content = gcd(*(value for row in self.rows.values() for value in row.values()))
        if content > 1:
            self.factor *= content
            for row in self.rows.values():
                for j in row:
                    row[j] //= content

    def _eliminate_units(self) -> bool:
        """Whether there was an entry ±1; there is none any more."""
        n_before = len(self.pivots)
        waiting = [(len(row), i) for i, row in self.rows.items()]
        heapify(waiting)
        while waiting:
            size, a = heappop(waiting)
            row = self.rows.get(a)
            if row is None or len(row) != size:  # eliminated, or waiting with its present size too
                continue
            units = [j for j, value in row.items() if value in (1, -1)]
            if units:
                b = min(units, key=lambda j: (len(self._columns[j]), j))
                for i in self._eliminate(a, b):
                    heappush(waiting, (len(self.rows[i]), i))
        return len(self.pivots) > n_before

    def _eliminate(self, a: int, b: int) -> list[int]:
        """Make the unit at (a, b) a pivot; the rows that change and are not empty."""
        row = self.rows.pop(a)
        unit = row[b]
        for j in row:
            self._columns[j].discard(a)
        changed = []
        for i in sorted(self._columns.pop(b)):
            multiple = -unit * self.rows[i][b]
            self.row_steps.append(Step(i, a, multiple))
            del self.rows[i][b]
            self._add(i, row, multiple, b)
            if self.rows[i]:
                changed.append(i)
            else:
                del self.rows[i]
        self.column_steps += [Step(j, b, -unit * value) for j, value in row.items() if j != b]
        self.pivots.append(Pivot(a, b, unit, self.factor))
        return changed

    def _add(self, i: int, row: Vector, multiple: int, without: int) -> None:
        target = self.rows[i]
        before = len(target)
        for j, value in row.items():
            if j == without:
                continue
            old = target.get(j, 0)
            if new := old + multiple * value:
                target[j] = new
                if not old:
                    self._columns[j].add(i)
            else:
                del target[j]
                self._columns[j].discard(i)
        spend(ENTRY * max(len(target) - before, 0), "the elimination of unit pivots")

    def _leave_out_copies(self) -> bool:
        """Whether there were rows, or columns, equal up to sign; there are none any more."""
        columns = {j: {i: self.rows[i][j] for i in rows} for j, rows in self._columns.items() if rows}
        row_copies, column_copies = _copies(self.rows), _copies(columns)
        if row_copies:  # if there are copies of columns too, they are found once more
            for step in row_copies:
                for j in self.rows.pop(step.target):
                    self._columns[j].discard(step.target)
            self.row_steps += row_copies
        else:
            for step in column_copies:
                for i in self._columns.pop(step.target):
                    del self.rows[i][step.target]
            self.column_steps += column_copies
        return bool(row_copies or column_copies)


def _copies(vectors: Mapping[int, Vector]) -> list[Step]:
    """Steps that make vectors zero that are another one up to sign."""
    first: dict[tuple[tuple[int, int], ...], tuple[int, int]] = {}
    found = []
    for i, vector in vectors.items():
        terms = sorted(vector.items())
        sign = 1 if terms[0][1] > 0 else -1
        source, other = first.setdefault(tuple((j, sign * value) for j, value in terms), (i, sign))
        if source != i:
            found.append(Step(i, source, -sign * other))
    return found


def transformations(n: int, steps: Sequence[Step]) -> tuple[list[Vector], list[Vector]]:
    """(T, T⁻¹) for steps that act on n rows: T by rows and T⁻¹ by columns; T · matrix is the result of the steps.

    For steps that act on columns, T by columns and T⁻¹ by rows; matrix · T is the result.
    """
    spend(4 * ENTRY * n, "a transformation")
    forward: list[Vector] = [{i: 1} for i in range(n)]
    backward: list[Vector] = [{i: 1} for i in range(n)]
    for target, source, multiple in steps:
        add(forward[target], forward[source], multiple)
        add(backward[source], backward[target], -multiple)
    return forward, backward


def add(target: Vector, vector: Vector, multiple: int) -> None:
    """Add a multiple ≠ 0 of another vector to the first."""
    before = len(target)
    for j, value in vector.items():
        if new := target.get(j, 0) + multiple * value:
            target[j] = new
        else:
            del target[j]
    spend(ENTRY * max(len(target) - before, 0), "a transformation")
