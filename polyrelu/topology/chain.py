"""Free chain complexes over the integers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt

from polyrelu import _core
from polyrelu.errors import ChainComplexError, InputError, LimitError, MissingDependencyError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.rational import describe
from polyrelu.geometry.region import CellSet
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.markup import table
from polyrelu.topology.order_complex import mixed_boundaries

if TYPE_CHECKING:
    from scipy.sparse import csc_array

Array = npt.NDArray[Any]
MAX_RANK = 2**31 - 2
"""Cells of all degrees together: the core numbers them with 32 bits."""


class ChainComplex:
    """A free chain complex C_n → … → C_1 → C_0 over Z. Immutable.

    `boundaries[k - 1]` is the matrix of ∂_k : C_k → C_{k−1} for k = 1..n, of shape (rank of C_{k−1}, rank of C_k): a
    nested list, a two-dimensional NumPy array or a SciPy sparse matrix of integers of any size. `ranks` (of C_0..C_n)
    may be left out when the shapes tell them; a matrix without rows as a nested list does not tell its columns.

    ChainComplexError: entries that are not integers (floats are refused even when integral, since nothing tells
    whether they are exact), ragged rows, shapes that do not fit, or ∂_{k−1}∂_k ≠ 0, which is checked exactly.
    """

    __slots__ = ("_columns", "_ranks")

    _ranks: tuple[int, ...]
    _columns: tuple[SparseRows, ...]

    @memory_is_a_limit
    def __init__(self, boundaries: Iterable[Any], ranks: Sequence[int] | None = None) -> None:
        try:
            matrices = list(boundaries)
        except MemoryError:
            raise
        except Exception:  # whatever a foreign iterable raises
            raise ChainComplexError(f"expected a sequence of boundary maps, got {describe(boundaries)}") from None
        known: list[int | None] = [None] * (len(matrices) + 1)
        if ranks is not None:
            known[:] = _given_ranks(ranks, len(matrices))
        if not matrices and ranks is None:
            raise ChainComplexError("a chain complex without boundary maps needs ranks=(rank of C_0,)")
        columns = []
        for k, matrix in enumerate(matrices, start=1):
            n_rows, n_columns, compressed = read_matrix(matrix, f"boundary map of degree {k}", k)
            if n_rows == 0 and not hasattr(matrix, "shape"):  # the nested list [] is every matrix without rows
                given = known[k]
                if given is None:
                    raise ChainComplexError(f"boundary map of degree {k} has no rows: ranks must tell its columns", k)
                n_columns, compressed = given, SparseRows.empty(given)
            for degree, size, what in ((k - 1, n_rows, "rows"), (k, n_columns, "columns")):
                if known[degree] is None:
                    known[degree] = size
                elif known[degree] != size:
                    raise ChainComplexError(
                        f"boundary map of degree {k} has {size} {what}, but C_{degree} has rank {known[degree]}", k
                    )
            columns.append(compressed)
        self._set(tuple(rank for rank in known if rank is not None), columns)
        self._check()

    @classmethod
    @memory_is_a_limit
    def from_arrays(cls, ranks: Sequence[int], columns: Sequence[Iterable[Any]]) -> ChainComplex:
        """The complex with boundary maps by compressed columns, `columns[k - 1]` = (indptr, indices, data).

        Column j has the entries data[indptr[j]:indptr[j + 1]], all non-zero, in the rows of the same part of indices.

        For callers that build the arrays themselves: arrays of the right type are kept, not copied, and must not be
        changed afterwards. Checked as the constructor does, with offsets and indices besides (ChainComplexError).
        """
        self = cls.__new__(cls)
        try:
            columns = [(indptr, indices, data) for indptr, indices, data in columns]
        except MemoryError:
            raise
        except Exception:  # whatever a foreign iterable raises
            raise ChainComplexError(
                f"expected a sequence of triples (indptr, indices, data), got {describe(columns)}"
            ) from None
        self._set(tuple(_given_ranks(ranks, len(columns))), columns)
        self._check()
        return self

    def _set(self, ranks: tuple[int, ...], columns: Sequence[Iterable[Any]]) -> None:
        if sum(ranks) > MAX_RANK:
            raise LimitError(f"{sum(ranks)} cells are more than the {MAX_RANK} that can be numbered")
        triples = [tuple(arrays) for arrays in columns]
        dtype = _common_type([np.asarray(data) for _, _, data in triples])
        frozen = []
        for k, (indptr, indices, data) in enumerate(triples, start=1):
            arrays = (
                np.ascontiguousarray(indptr, dtype=np.int64),
                _row_indices(np.asarray(indices), k),
                np.ascontiguousarray(data, dtype=dtype),
            )
            if any(a.ndim != 1 for a in arrays) or len(arrays[0]) != ranks[k] + 1 or len(arrays[1]) != len(arrays[2]):
                raise ChainComplexError(f"boundary map of degree {k}: arrays of lengths that do not fit", k)
            frozen.append(SparseRows(*arrays, ranks[k - 1]))
        self._ranks, self._columns = ranks, tuple(frozen)

    def _check(self) -> None:
        fault = _core.check_chain_complex(self._ranks, self._columns)
        if fault is None:
            return
        kind, degree, row, column = fault
        if kind == "product":
            raise ChainComplexError(
                f"not a chain complex: the boundary maps of degrees {degree - 1} and {degree} have a product that is"
                f" not zero at row {row}, column {column}",
                degree,
            )
        raise ChainComplexError(f"boundary map of degree {degree}: {kind} at row {row}, column {column}", degree)

    @property
    def ranks(self) -> tuple[int, ...]:
        """Ranks of C_0, …, C_n."""
        return self._ranks

    @property
    def euler_characteristic(self) -> int:
        """Alternating sum of the ranks."""
        return sum((-1) ** k * rank for k, rank in enumerate(self._ranks))

    def boundary_arrays(self, degree: int) -> SparseRows:
        """∂_degree by compressed columns (indptr, indices, data), read-only; degree 1..n (else ChainComplexError).

        As sparse rows these are the transposed matrix.
        """
        if isinstance(degree, (bool, np.bool_)) or not isinstance(degree, (int, np.integer)):
            raise ChainComplexError(f"boundary map: expected an integer degree, got {describe(degree)}")
        if not 1 <= degree < len(self._ranks):
            raise ChainComplexError(
                f"no boundary map of degree {describe(degree)}: the degrees are 1..{len(self._ranks) - 1}"
            )
        return self._columns[int(degree) - 1]

    def boundary(self, degree: int) -> list[list[int]]:
        """∂_degree as a dense list of rows of Python integers: for small complexes."""
        columns = self.boundary_arrays(degree)
        rows = [[0] * self._ranks[degree] for _ in range(self._ranks[degree - 1])]
        for column in range(self._ranks[degree]):
            for row, value in columns.entries(column):
                rows[row][column] = value
        return rows

    @memory_is_a_limit
    def boundary_matrix(self, degree: int) -> csc_array:
        """∂_degree as a SciPy sparse matrix, rank of C_{degree−1} × rank of C_degree, for degree 1..n.

        Of type int8 or int64, as narrow as the entries of the complex allow: use astype before products that may
        overflow. Raises ChainComplexError for other degrees and for entries beyond 64 bits, which SciPy cannot hold
        (`boundary_arrays` has them), and MissingDependencyError without SciPy.
        """
        try:
            from scipy.sparse import csc_array
        except ImportError:
            raise MissingDependencyError("sparse matrices need SciPy: pip install 'polyrelu[data]'", "data") from None
        indptr, indices, data = self.boundary_arrays(degree)
        if data.dtype == object:
            raise ChainComplexError(
                f"boundary map of degree {degree}: SciPy has no entries beyond 64 bits; use boundary_arrays", degree
            )
        # Copies: the arrays of the complex must not be changed through the matrix.
        shape = (self._ranks[degree - 1], self._ranks[degree])
        return csc_array((data.copy(), indices.copy(), indptr.copy()), shape=shape)

    @memory_is_a_limit
    def dual(self) -> ChainComplex:
        """The cochain complex Hom(C, Z) with degree k renamed n − k, so that it is a chain complex again.

        Its homology in degree n − k is the cohomology of C in degree k. Its boundary maps are the transposed ones in
        reverse order, so that their products vanish and need no check.
        """
        dual = ChainComplex.__new__(ChainComplex)
        dual._set(self._ranks[::-1], [columns.transpose() for columns in reversed(self._columns)])
        return dual

    def __setattr__(self, name: str, value: object) -> None:
        if name not in self.__slots__ or hasattr(self, name):
            raise AttributeError(f"ChainComplex is immutable: {name} cannot be set")
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"ChainComplex is immutable: {name} cannot be deleted")

    def __reduce__(self) -> tuple[Any, ...]:
        return ChainComplex.from_arrays, (self._ranks, self._columns)

    def _repr_html_(self) -> str:
        entries = ["-", *(len(data) for _, _, data in self._columns)]
        rows = zip(range(len(self._ranks)), self._ranks, entries, strict=True)
        return table("ChainComplex", ["degree", "rank", "entries of ∂"], rows)

    def __repr__(self) -> str:
        return f"ChainComplex(ranks={self._ranks})"


def read_matrix(matrix: Any, where: str, degree: int | None = None) -> tuple[int, int, SparseRows]:
    """(rows, columns, compressed columns) of a nested list, NumPy array or SciPy sparse matrix of integers.

    ChainComplexError names `where` for anything else; `degree` goes with it.
    """
    if hasattr(matrix, "tocsc"):
        sparse = matrix.tocsc()
        sparse.sum_duplicates()
        data = _integers(np.asarray(sparse.data), where, degree)
        keep = data != 0
        kept_before = np.concatenate(([0], np.cumsum(keep)))
        n_rows, n_columns = sparse.shape
        columns = SparseRows(kept_before[sparse.indptr], sparse.indices[keep], data[keep], n_rows)
        return n_rows, n_columns, columns
    if isinstance(matrix, np.ndarray):
        dense: Array = matrix
    else:
        try:
            rows = [list(line) for line in matrix]
        except TypeError:
            raise ChainComplexError(f"{where}: expected a matrix of integers, got {describe(matrix)}", degree) from None
        width = len(rows[0]) if rows else 0
        dense = np.empty((len(rows), width), dtype=object)
        for i, line in enumerate(rows):
            if len(line) != width:
                raise ChainComplexError(f"{where}: row {i} has {len(line)} entries, row 0 has {width}", degree)
            for j, value in enumerate(line):
                dense[i, j] = value
    if dense.ndim != 2:
        raise ChainComplexError(f"{where}: expected two dimensions, got {dense.ndim}", degree)
    dense = _integers(dense, where, degree)
    column, row = np.nonzero(dense.T)
    n_rows, n_columns = dense.shape
    return n_rows, n_columns, SparseRows.from_entries(column, row, dense[row, column], n_columns, n_rows)


def _given_ranks(ranks: Sequence[int], n_maps: int) -> list[int]:
    checked = []
    if not isinstance(ranks, (Sequence, np.ndarray)) or isinstance(ranks, (str, bytes)):
        raise ChainComplexError(f"ranks: expected a sequence of integers ≥ 0, got {describe(ranks)}")
    if isinstance(ranks, np.ndarray) and ranks.ndim != 1:
        raise ChainComplexError(f"ranks: expected a sequence of integers ≥ 0, got {describe(ranks)}")
    for rank in ranks[: n_maps + 2]:
        if isinstance(rank, bool) or not isinstance(rank, (int, np.integer)) or rank < 0:
            raise ChainComplexError(f"ranks: expected integers ≥ 0, got {describe(rank)}")
        checked.append(int(rank))
    if len(checked) != n_maps + 1:
        got = len(checked) if len(checked) <= n_maps else "more"
        raise ChainComplexError(f"{n_maps} boundary maps need {n_maps + 1} ranks, got {got}")
    return checked


def _integers(values: Array, where: str, degree: int | None) -> Array:
    """The array itself, once every entry is known to be an integer; unsigned 64-bit and mixed ones as Python ints."""
    if values.dtype.kind == "i" or (values.dtype.kind == "u" and values.dtype.itemsize < 8):
        return values
    if values.dtype.kind not in "uO":
        reason = " (floats are refused, even integral ones)" if values.dtype.kind == "f" else ""
        raise ChainComplexError(f"{where}: expected integers, got entries of type {values.dtype}{reason}", degree)
    result = np.empty(values.shape, dtype=object)
    for position, value in np.ndenumerate(values):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            reason = " (floats are refused, even integral ones)" if isinstance(value, (float, np.floating)) else ""
            at = ", ".join(f"{name} {i}" for name, i in zip(("row", "column"), position, strict=False))
            raise ChainComplexError(f"{where}, {at}: expected an integer, got {describe(value)}{reason}", degree)
        result[position] = int(value)
    return result


def _common_type(arrays: Sequence[Array]) -> npt.DTypeLike:
    """The narrowest of int8, int64 and object that holds all entries: one type for a whole complex."""
    smallest = min((int(a.min()) for a in arrays if a.size), default=0)
    largest = max((int(a.max()) for a in arrays if a.size), default=0)
    for dtype in (np.int8, np.int64):
        if np.iinfo(dtype).min <= smallest and largest <= np.iinfo(dtype).max:
            return dtype
    return object


def _row_indices(indices: Array, degree: int) -> Array:
    if indices.size and (indices.min() < 0 or indices.max() >= 2**31):
        raise ChainComplexError(f"boundary map of degree {degree}: a row index out of range", degree)
    return np.ascontiguousarray(indices, dtype=np.int32)


@memory_is_a_limit
def chain_complex(region: CellSet) -> ChainComplex:
    """A chain complex whose homology is the integral homology of the region (a Region, or any other CellSet).

    Cells and dimensions are those of the quotient of R^d by the common lineality space λ, r = d − λ: the region is
    the product of its image there with R^λ.

    Closed regions (such as those of >=, <= and =): the cells in the region form a subcomplex, and the region retracts
    onto its bounded cells: an unbounded pointed polyhedron is homeomorphic to a half-space and retracts onto its
    boundary, and doing this from the top dimension down leaves the bounded cells. So: these, with their boundary maps.

    Open regions (such as those of > and <): the region U (the part in the interior of the domain, to which it is
    homotopy equivalent) is an open subset of R^r, so H_k(U) ≅ H_c^{r−k}(U) by Poincaré duality. The cells whose
    relative interiors lie in U are closed under taking cofaces, and H_c^* is the cohomology of the cochain complex on
    them. So: degree k is spanned by the (r−k)-cells in U, unbounded ones included, and the boundary map is their
    coboundary map.

    Regions that are neither, such as the half-open band {a < F ≤ b}: a part of the order complex of their cells, see
    `order_complex`, which has the proof.
    """
    if not isinstance(region, CellSet):
        raise InputError(f"chain_complex: expected a Region, got {describe(region)}")
    if not (region.is_open or region.is_closed):
        return ChainComplex.from_arrays(*mixed_boundaries(region))
    cx = region.complex
    low = cx.coordinates.lineality_dim
    chosen = generating_cells(region)
    columns = [cx.facets(low + q).restrict(chosen[q], chosen[q - 1]) for q in range(1, len(chosen))]
    cells = ChainComplex.from_arrays([int(mask.sum()) for mask in chosen], columns)
    return cells.dual() if region.is_open else cells


def generating_cells(region: CellSet) -> list[npt.NDArray[np.bool_]]:
    """For every cell of dimension λ, λ + 1, …, d whether it is one of the generators of `chain_complex(region)`.

    Generators are numbered as their cells are: those of degree k are the cells of dimension λ + k of a closed region
    and of dimension d − k of an open one. For other regions generators are no cells of the complex.
    """
    cx = region.complex
    low, d = cx.coordinates.lineality_dim, cx.input_dim
    chosen = [region.mask(k) for k in range(low, d + 1)]
    for k, mask in enumerate(chosen, low):
        mask &= ~cx.on_boundary(k) if region.is_open else cx.bounded_modulo_lineality(k)
    return chosen
