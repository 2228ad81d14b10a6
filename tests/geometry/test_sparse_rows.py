"""SparseRows against SciPy's sparse matrices, and CellArrays as what a complex and its copies hold."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

import polyrelu as pr
from polyrelu.geometry.sparse_rows import SparseRows, distinct
from support.known_answers import random_float32
from support.strategies import examples


@st.composite
def matrices(draw: st.DrawFn) -> np.ndarray:
    shape = draw(st.tuples(st.integers(0, 5), st.integers(0, 5)))
    entries = draw(st.lists(st.integers(-1, 1), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    return np.array(entries, dtype=np.int8).reshape(shape)


def rows_of(dense: np.ndarray) -> SparseRows:
    row, column = np.nonzero(dense)
    values = dense[row, column]
    return SparseRows.from_entries(row, column.astype(np.int32), values, *dense.shape)


def dense(rows: SparseRows) -> np.ndarray:
    return csr_array((rows.values, rows.index, rows.indptr), shape=(rows.n_rows, rows.n_columns)).toarray()


@examples(50)
@given(matrices(), st.data())
def test_operations_are_those_of_matrices(a: np.ndarray, data: st.DataObject) -> None:
    rows = rows_of(a)
    n, m = a.shape
    assert np.array_equal(dense(rows), a)
    assert np.array_equal(dense(rows.transpose()), a.T)
    assert all(np.array_equal(rows.transpose().row(j), np.flatnonzero(a[:, j])) for j in range(m))
    mask = [np.array(data.draw(st.lists(st.booleans(), min_size=k, max_size=k)), dtype=np.bool_) for k in (n, m)]
    assert np.array_equal(dense(rows.restrict(*mask)), a[np.ix_(*mask)])
    some = np.array(data.draw(st.lists(st.integers(0, n - 1), max_size=8) if n else st.just([])), dtype=np.int64)
    assert np.array_equal(dense(rows.select(some)), a[some])
    k = data.draw(st.integers(0, n))
    assert np.array_equal(dense(rows.first(k)), a[:k])
    assert [rows.entries(i) for i in range(n)] == [[(j, int(x)) for j, x in enumerate(row) if x] for row in a]
    assert np.array_equal(rows.row_numbers(), np.nonzero(a)[0]) and np.array_equal(rows.sizes(), (a != 0).sum(axis=1))
    weights = np.arange(n) * 10
    assert np.array_equal(rows.spread(weights), weights[np.nonzero(a)[0]])
    full = SparseRows.from_entries(*np.nonzero(np.ones_like(a)), a.ravel().astype(np.int64), n, m)
    if m:  # reduce is for rows that are not empty
        assert np.array_equal(full.reduce(np.add, full.values), a.sum(axis=1))


def test_lists_have_no_values() -> None:
    lists = SparseRows(np.array([0, 2, 2, 3]), np.array([4, 1, 0]), None, 5)
    indptr, index = lists
    assert len(lists) == 2 and index.tolist() == lists[1].tolist() == [4, 1, 0] and indptr is lists.indptr
    again = lists.select(np.array([2, 0, 2]))
    assert again.values is None and [again.row(i).tolist() for i in range(3)] == [[0], [4, 1], [0]]
    assert lists.select(np.zeros(0, np.int64)).n_rows == 0
    assert repr(lists) == "SparseRows(3 × 5, 3 entries)"


def test_they_cannot_be_changed() -> None:
    values = np.array([1, -1, 1], dtype=np.int8)
    rows = SparseRows(np.array([0, 2, 3]), np.array([0, 2, 2], dtype=np.int32), values, 3)
    copy = pickle.loads(pickle.dumps(rows))
    assert all(np.array_equal(x, y) for x, y in zip(rows, copy, strict=True)) and copy.n_columns == 3
    for array in (*rows, *copy, *rows.transpose(), *rows.first(1)):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    attributes: Any = rows
    with pytest.raises(AttributeError, match="cannot be changed"):
        attributes.values = None
    with pytest.raises(AttributeError, match="a SparseRows cannot be changed"):
        del attributes.values


@examples(50)
@given(st.lists(st.integers(-(2**40), 2**40)))
def test_distinct(values: list[int]) -> None:
    assert distinct(np.array(values, dtype=np.int64)).tolist() == sorted(set(values))


@pytest.mark.parametrize("domain", [None, [(-1, 1), (-1, 1)]])
def test_arrays_of_a_complex_are_read_only_and_the_same_in_a_copy(domain: Any) -> None:
    cx = pr.subdivide(random_float32((2, 6, 5, 1), 3), 0, domain)
    copy = pickle.loads(pickle.dumps(cx)).arrays
    mine, other = cx.arrays.named(), copy.named()
    assert mine.keys() == other.keys() and copy.counts == cx.arrays.counts
    for name, array in mine.items():
        assert not array.flags.writeable and not other[name].flags.writeable, name
        assert np.array_equal(array, other[name]) and array.dtype == other[name].dtype, name
    for q, facets in enumerate(copy.facets):
        assert facets.n_rows == copy.counts[q] and facets.n_columns == (copy.counts[q - 1] if q else 0)


@pytest.mark.parametrize("domain", [None, [(-1, 1), (-1, 1)]])
def test_products_of_incidence_matrices_vanish(domain: Any) -> None:
    arrays = pr.subdivide(random_float32((2, 6, 5, 1), 3), 0, domain).arrays
    edges, polygons = (dense(facets).astype(int) for facets in arrays.facets[1:])
    assert not (polygons @ edges).any() and polygons.any()
    for q in (1, 2):
        n, m = arrays.finite[q], arrays.finite[q - 1]
        expected = dense(arrays.facets[q])[:n, :m]
        assert np.array_equal(dense(arrays.finite_facets(q)), expected)
        facets_of = [sorted(arrays.finite_facets_of(q, i)) for i in range(n)]
        assert facets_of == [np.flatnonzero(row).tolist() for row in expected]
        spanned = arrays.spanned(q)
        assert [spanned.row(i).tolist() for i in range(n)] == [arrays.vertices_of(q, i).tolist() for i in range(n)]
        assert arrays.bounded(q).tolist() == [(spanned.row(i) < arrays.finite[0]).all() for i in range(n)]
