"""SparseRows: lists of different lengths, or a sparse matrix, in three arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu import _core
from polyrelu.immutable import Immutable

Array = npt.NDArray[Any]
_NO_INDEX, _NO_VALUES = np.zeros(0, np.int32), np.zeros(0, np.int8)


class SparseRows(Immutable):
    """A sparse matrix by compressed rows, or lists of numbers if it has no values. Immutable; its arrays are read-only.

    Row i has entries in the columns ``index[indptr[i]:indptr[i + 1]]``, with the values at the same places. Unpacks as
    (indptr, index, values), or as (indptr, index) if there are no values.

    Parameters
    ----------
    indptr : array of n_rows + 1 integers
        Where the rows begin, and the end of the last.
    index : array of integers
        The columns of the entries.
    values : array, optional
        The values of the entries, incidence numbers ±1 say.
    n_columns : int
        The number of columns.

    Notes
    -----
    Arrays are kept, not copied, and must not be changed afterwards through other views of them.

    Examples
    --------
    >>> rows = SparseRows(np.array([0, 2, 3]), np.array([0, 2, 2]), np.array([1, -1, 1]), n_columns=3)
    >>> rows.entries(0), rows.transpose().entries(2)
    ([(0, 1), (2, -1)], [(0, -1), (1, 1)])
    """

    __slots__ = ("index", "indptr", "n_columns", "values")

    indptr: Array
    index: Array
    values: Any  # an array, or None for lists; typed Any since almost all callers know which
    n_columns: int

    def __init__(self, indptr: Array, index: Array, values: Array | None, n_columns: int) -> None:
        values = None if values is None else read_only(values)
        self._put(indptr=read_only(indptr), index=read_only(index), values=values, n_columns=n_columns)

    @classmethod
    def from_entries(cls, row: Array, column: Array, values: Array | None, n_rows: int, n_columns: int) -> SparseRows:
        """The matrix with the given entries, which stay in their order within each row."""
        order = np.argsort(row, kind="stable")
        indptr = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=n_rows))))
        return cls(indptr, column[order], None if values is None else values[order], n_columns)

    @classmethod
    def empty(cls, n_rows: int, n_columns: int = 0) -> SparseRows:
        """The matrix without entries."""
        return cls(np.zeros(n_rows + 1, np.int64), _NO_INDEX, _NO_VALUES, n_columns)

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return len(self.indptr) - 1

    def sizes(self) -> npt.NDArray[np.int64]:
        """The number of entries of each row."""
        return np.diff(self.indptr)

    def row_numbers(self) -> npt.NDArray[np.int64]:
        """The row of each entry."""
        return self.spread(np.arange(self.n_rows))

    def spread(self, values: Array) -> Array:
        """For each entry the value of its row; `values` has one for each row."""
        return np.repeat(values, self.sizes())

    def reduce(self, operation: np.ufunc, values: Array) -> Array:
        """For each row the values of its entries combined by `operation`; no row may be empty.

        `values` has an item for each entry.
        """
        found: Array = operation.reduceat(values, self.indptr[:-1], axis=0) if self.n_rows else values[:0]
        return found

    def row(self, i: int) -> Array:
        """The columns of the entries of row i."""
        return self.index[self.indptr[i] : self.indptr[i + 1]]

    def entries(self, i: int) -> list[tuple[int, int]]:
        """The entries of row i as pairs (column, value) of Python integers."""
        part = slice(self.indptr[i], self.indptr[i + 1])
        return list(zip(self.index[part].tolist(), self.values[part].tolist(), strict=True))

    def select(self, rows: Array) -> SparseRows:
        """The rows with the given numbers, in the order of these, repeatedly if they are."""
        sizes = self.indptr[rows + 1] - self.indptr[rows]
        ends = np.cumsum(sizes, dtype=np.int64)
        place = np.repeat(self.indptr[rows] - (ends - sizes), sizes) + np.arange(ends[-1] if len(ends) else 0)
        values = None if self.values is None else self.values[place]
        return SparseRows(np.concatenate(([0], ends)), self.index[place], values, self.n_columns)

    def first(self, n_rows: int) -> SparseRows:
        """The first `n_rows` rows, without copying."""
        end = self.indptr[n_rows]
        values = None if self.values is None else self.values[:end]
        return SparseRows(self.indptr[: n_rows + 1], self.index[:end], values, self.n_columns)

    def restrict(self, rows: npt.NDArray[np.bool_], columns: npt.NDArray[np.bool_]) -> SparseRows:
        """The chosen rows and columns of a matrix with values, both renumbered.

        Parameters
        ----------
        rows, columns : arrays of bool
            Which of the first rows and columns are chosen; those beyond the ends of the arrays are not.
        """
        n_columns = int(np.count_nonzero(columns))
        if self.values is not None and self.values.dtype == np.int8:
            chosen = _core.submatrix(*self._offsets(), self.values, rows, columns)
            return SparseRows(*chosen, n_columns)
        return self.select(np.flatnonzero(rows)).renumbered(np.where(columns, np.cumsum(columns) - 1, -1), n_columns)

    def renumbered(self, number: Array, n_columns: int) -> SparseRows:
        """The matrix with other column numbers; entries in columns of number −1, or of none, are left out."""
        known = self.index < len(number)
        index = np.full(len(self.index), -1, np.int32)
        index[known] = number[self.index[known]]
        keep = index >= 0
        kept_before = np.concatenate(([0], np.cumsum(keep, dtype=np.int64)))
        values = None if self.values is None else self.values[keep]
        return SparseRows(kept_before[self.indptr], index[keep], values, n_columns)

    def transpose(self) -> SparseRows:
        """The transposed matrix, with ascending columns in each row."""
        indptr, index, place = _core.transposition(*self._offsets(), self.n_columns)
        return SparseRows(indptr, index, None if self.values is None else self.values[place], self.n_rows)

    def _offsets(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
        """`indptr` and `index` in the types of the core."""
        indptr, index = self.indptr, self.index
        if indptr.dtype != np.int64 or index.dtype != np.int32:
            indptr, index = indptr.astype(np.int64), index.astype(np.int32)
        return indptr, index

    def __iter__(self) -> Iterator[Array]:
        yield self.indptr
        yield self.index
        if self.values is not None:
            yield self.values

    def __getitem__(self, i: int) -> Array:
        return tuple(self)[i]

    def __len__(self) -> int:
        return 2 if self.values is None else 3

    def __reduce__(self) -> tuple[Any, ...]:
        return SparseRows, (self.indptr, self.index, self.values, self.n_columns)

    def __repr__(self) -> str:
        return f"SparseRows({self.n_rows} × {self.n_columns}, {len(self.index)} entries)"


def read_only(array: Array) -> Array:
    """A view of the array through which it cannot be changed."""
    if not array.flags.writeable:
        return array
    view: Array = array[...]  # half the time of array.view()
    view.setflags(write=False)
    return view


def distinct(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The distinct values, ascending. (`numpy.unique` may hash, and takes ten times as long then.)"""
    ordered = np.sort(values)
    first = np.ones(len(ordered), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    found: npt.NDArray[np.int64] = ordered[first]
    return found
