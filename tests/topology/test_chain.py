from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from polyrelu.errors import ChainComplexError, LimitError
from polyrelu.topology.chain import MAX_RANK, ChainComplex
from support import zoo

TRIANGLE = [[-1, -1, 0], [1, 0, -1], [0, 1, 1]]
FILLED = [[1], [-1], [1]]


def as_columns(matrix: Any, dtype: Any = np.int64) -> tuple[Any, Any, Any]:
    dense = np.array(matrix)
    columns, rows = np.nonzero(dense.T)
    return np.searchsorted(columns, np.arange(dense.shape[1] + 1)), rows, dense[rows, columns].astype(dtype)


def test_shapes_and_entries() -> None:
    c = ChainComplex([TRIANGLE, FILLED])
    assert c.ranks == (3, 3, 1)
    assert c.euler_characteristic == 1
    assert c.boundary(1) == TRIANGLE
    assert c.boundary(2) == FILLED
    indptr, indices, data = c.boundary_arrays(1)
    assert (indptr.dtype, indices.dtype, data.dtype) == (np.int64, np.int32, np.int8)
    assert not any(array.flags.writeable for array in (indptr, indices, data))
    assert repr(c) == "ChainComplex(ranks=(3, 3, 1))"


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint32, np.int64, np.uint64, object])
def test_number_types(dtype: Any) -> None:
    assert ChainComplex([np.array([[2, 3]]).astype(dtype)]).boundary(1) == [[2, 3]]


def test_sparse_matrices() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    for kind in (sparse.csr_matrix, sparse.csc_matrix, sparse.coo_matrix, sparse.csc_array):
        c = ChainComplex([kind(np.array(TRIANGLE)), kind(np.array(FILLED))])
        assert (c.boundary(1), c.boundary(2)) == (TRIANGLE, FILLED)
    repeated = sparse.coo_matrix(([1, -1, 2], ([0, 0, 0], [0, 0, 1])), shape=(1, 2))
    assert ChainComplex([repeated]).boundary(1) == [[0, 2]]


class Compressed:
    """What is used of a SciPy matrix in compressed columns, one of whose entries is stored and zero."""

    shape = (1, 2)
    indptr, indices, data = np.array([0, 1, 2]), np.array([0, 0]), np.array([0, 5])

    def tocsc(self) -> Compressed:
        return self

    def sum_duplicates(self) -> None:
        pass


def test_stored_zeros_are_dropped() -> None:
    c = ChainComplex([Compressed()])
    assert c.boundary(1) == [[0, 5]]
    assert len(c.boundary_arrays(1)[2]) == 1


def test_integers_of_any_size() -> None:
    for value in (127, -128, 128, 2**63 - 1, -(2**63), 2**63, -(10**50)):
        assert ChainComplex([[[value, 1]]]).boundary(1) == [[value, 1]]
    assert ChainComplex([np.array([[2**64 - 1]], dtype=np.uint64)]).boundary(1) == [[2**64 - 1]]


def test_degenerate_shapes() -> None:
    assert ChainComplex([], ranks=[0]).ranks == (0,)
    assert ChainComplex([[], [[], []]], ranks=[0, 2, 0]).ranks == (0, 2, 0)
    assert ChainComplex([np.zeros((0, 3), int)]).ranks == (0, 3)
    assert ChainComplex([np.zeros((2, 0), int)]).ranks == (2, 0)
    assert ChainComplex([[[], []]]).ranks == (2, 0)
    assert ChainComplex([[]], ranks=[0, 4]).boundary(1) == []


@pytest.mark.parametrize(
    ("boundaries", "ranks", "text"),
    [
        ([], None, "needs ranks"),
        ([], [], "0 boundary maps need 1 ranks, got 0"),
        ([[[1]]], [1], "1 boundary maps need 2 ranks"),
        ([[]], None, "degree 1 has no rows: ranks must give its number of columns"),
        ([[[1]]], [1, 2], "has 1 columns, but C_1 has rank 2"),
        ([[[1, 0]], [[1]]], None, "degree 2 has 1 rows, but C_1 has rank 2"),
        ([], [-1], "expected integers ≥ 0"),
        ([], [1.0], "expected integers ≥ 0"),
        ([], [True], "expected integers ≥ 0"),
        ([[[1, 0], [1]]], None, "degree 1: row 1 has 1 entries, row 0 has 2"),
        ([[[1.0]]], None, r"row 0, column 0: expected an integer, got 1.0 \(floats are refused"),
        ([np.array([[1.0]])], None, "floats are refused"),
        ([[[True]]], None, "expected an integer, got True"),
        ([np.array([[True]])], None, "expected integers"),
        ([[["1"]]], None, "expected an integer, got '1'"),
        ([[[None]]], None, "expected an integer, got None"),
        ([[[[1]]]], None, "expected an integer"),
        ([np.zeros(3, int)], None, "two dimensions"),
        ([7], None, "expected a matrix of integers, got 7"),
    ],
)
def test_refused(boundaries: Any, ranks: Any, text: str) -> None:
    with pytest.raises(ChainComplexError, match=text):
        ChainComplex(boundaries, ranks)


@pytest.mark.parametrize("big", [1, 2**40, 2**70])
def test_product_must_vanish(big: int) -> None:
    # Large entries: an arithmetic modulo 2^64 would not see 2^40 · 2^40.
    with pytest.raises(ChainComplexError, match=r"degrees 1 and 2 .* row 0, column 1") as caught:
        ChainComplex([[[big]], [[0, big]]])
    assert caught.value.degree == 2
    assert ChainComplex([[[big, big]], [[big], [-big]]]).ranks == (1, 2, 1)
    with pytest.raises(ChainComplexError, match="degrees 2 and 3"):
        zoo.cellular([1, 1, 1, 1], d2=[[1]], d3=[[2]])


def test_partial_sums_may_overflow() -> None:
    x = 2**62
    assert ChainComplex([[[x, x, x, x]], [[1], [1], [-1], [-1]]]).ranks == (1, 4, 1)


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        (([0, 1], [0], [1, 1]), "lengths"),
        (([0], [], []), "lengths"),
        (([1, 1], [0], [1]), "offsets"),
        (([0, 2], [0], [1]), "offsets"),
        (([0, 1], [5], [1]), "row out of range"),
        (([0, 1], [-1], [1]), "out of range"),
        (([0, 1], [2**40], [1]), "out of range"),
        (([0, 2], [0, 0], [1, 1]), "repeated row"),
        (([0, 1], [0], [0]), "zero entry"),
    ],
)
def test_faulty_arrays(columns: Any, text: str) -> None:
    arrays = tuple(np.array(a, dtype=np.int64) for a in columns)
    with pytest.raises(ChainComplexError, match=text):
        ChainComplex.from_arrays((2, 1), [arrays])


def test_descending_offsets() -> None:
    arrays = (np.array([0, 2, 1]), np.array([0]), np.array([1]))
    with pytest.raises(ChainComplexError, match="offsets"):
        ChainComplex.from_arrays((2, 2), [arrays])


def test_too_many_cells() -> None:
    with pytest.raises(LimitError, match="more than"):
        ChainComplex([], ranks=[MAX_RANK + 1])


def test_from_arrays_keeps_arrays() -> None:
    indptr, indices, data = as_columns(TRIANGLE, np.int8)
    indptr, indices = indptr.astype(np.int64), indices.astype(np.int32)
    c = ChainComplex.from_arrays((3, 3), [(indptr, indices, data)])
    assert c.boundary(1) == TRIANGLE
    assert all(np.shares_memory(a, b) for a, b in zip(c.boundary_arrays(1), (indptr, indices, data), strict=True))


def test_from_arrays_types() -> None:
    for dtype in (np.int8, np.int64, object):
        c = ChainComplex.from_arrays((3, 3, 1), [as_columns(TRIANGLE, dtype), as_columns(FILLED, np.int64)])
        assert (c.boundary(1), c.boundary(2)) == (TRIANGLE, FILLED)


def test_dual() -> None:
    c = ChainComplex([TRIANGLE, FILLED])
    assert c.dual().ranks == (1, 3, 3)
    assert c.dual().boundary(1) == [[1, -1, 1]]
    assert c.dual().boundary(2) == [list(column) for column in zip(*TRIANGLE, strict=True)]
    for name, entry, _, _ in zoo.zoo():
        twice = entry.dual().dual()
        assert twice.ranks == entry.ranks, name
        assert all(twice.boundary(k) == entry.boundary(k) for k in range(1, len(entry.ranks))), name


@pytest.mark.parametrize("degree", [-1, 0, 3])
def test_degrees_without_boundary(degree: int) -> None:
    with pytest.raises(ChainComplexError, match=f"no boundary map of degree {degree}"):
        ChainComplex([TRIANGLE, FILLED]).boundary(degree)


def test_immutable_and_picklable() -> None:
    c = ChainComplex([[[2**70, 1]]])
    for name in ("ranks", "_ranks", "other"):
        with pytest.raises(AttributeError):
            setattr(c, name, ())
    with pytest.raises(AttributeError):
        del c._ranks
    with pytest.raises(ValueError, match="read-only"):
        c.boundary_arrays(1)[2][0] = 3
    again = pickle.loads(pickle.dumps(c))
    assert (again.ranks, again.boundary(1)) == (c.ranks, c.boundary(1))
