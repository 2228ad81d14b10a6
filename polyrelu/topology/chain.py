"""Free chain complexes over the integers."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from polyrelu import _core
from polyrelu.errors import ChainComplexError, InputError, LimitError, MissingDependencyError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.rational import describe
from polyrelu.geometry.region import CellSet
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.immutable import Immutable
from polyrelu.markup import table
from polyrelu.phases import clock, log_phase
from polyrelu.topology.order_complex import mixed_boundaries

if TYPE_CHECKING:
    from scipy.sparse import csc_array

_LOGGER = logging.getLogger(__name__)

Array = npt.NDArray[Any]
MAX_RANK = 2**31 - 2
"""Maximum of the sum of all ranks, since the core numbers the generators with 32 bits."""


class ChainComplex(Immutable):
    """A free chain complex C_n → … → C_1 → C_0 over Z. Immutable.

    Parameters
    ----------
    boundaries : iterable of matrices of integers
        The boundary maps. The k-th of them, for k = 1..n, is the matrix of ∂_k : C_k → C_{k−1}, of shape (rank of
        C_{k−1}, rank of C_k): a nested list, a two-dimensional NumPy array or a SciPy sparse matrix, with integers of
        any size.
    ranks : sequence of int, optional
        The ranks of C_0, …, C_n. They may be omitted if the shapes of the matrices determine them; a nested list
        without rows does not determine its number of columns.

    Raises
    ------
    ChainComplexError
        If an entry is not an integer, rows have different lengths, shapes do not fit together, or a product ∂_{k−1}∂_k
        is not zero, which is checked exactly. Floats are refused even if they are integral, since nothing shows that
        they are exact.
    LimitError
        If the sum of the ranks exceeds `MAX_RANK`.

    Examples
    --------
    The real projective plane, with one cell in each dimension:

    >>> import polyrelu as pr
    >>> plane = pr.ChainComplex([[[0]], [[2]]])
    >>> pr.homology(plane)
    Homology(betti=(1, 0, 0), torsion=((), (2,), ()))
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
                    raise ChainComplexError(
                        f"boundary map of degree {k} has no rows: ranks must give its number of columns",
                        k,
                    )
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
        """The complex whose boundary maps are given as arrays.

        Parameters
        ----------
        ranks : sequence of int
            The ranks of C_0, …, C_n.
        columns : sequence of triples of arrays
            The triple (indptr, indices, data) of ∂_k for k = 1..n. Column j has the entries
            data[indptr[j]:indptr[j + 1]], all non-zero, in the rows indices[indptr[j]:indptr[j + 1]]. Arrays of type
            int64, int32, and int8, int64 or object are kept without a copy, and must not be changed afterwards.

        Raises
        ------
        ChainComplexError
            As for the constructor, and if offsets or row indices are invalid.
        LimitError
            As for the constructor.
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

    @classmethod
    def _of(cls, ranks: tuple[int, ...], columns: Sequence[SparseRows]) -> ChainComplex:
        """The complex with boundary maps of the types of the core and sizes that fit; products are not checked."""
        self = cls.__new__(cls)
        self._put(_ranks=ranks, _columns=tuple(columns))
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
        self._put(_ranks=ranks, _columns=tuple(frozen))

    def _check(self) -> None:
        fault = _core.check_chain_complex(self._ranks, self._columns)
        if fault is not None:
            raise fault_error(*fault)

    @property
    def ranks(self) -> tuple[int, ...]:
        """The ranks of C_0, …, C_n."""
        return self._ranks

    @property
    def euler_characteristic(self) -> int:
        """The Euler characteristic: the alternating sum of the ranks."""
        return sum((-1) ** k * rank for k, rank in enumerate(self._ranks))

    def boundary_arrays(self, degree: int) -> SparseRows:
        """The matrix of ∂_degree in compressed columns, read-only: the sparse rows of its transpose.

        Raises
        ------
        ChainComplexError
            If the degree is not in 1..n.
        """
        if isinstance(degree, (bool, np.bool_)) or not isinstance(degree, (int, np.integer)):
            raise ChainComplexError(f"boundary map: expected an integer degree, got {describe(degree)}")
        if not 1 <= degree < len(self._ranks):
            raise ChainComplexError(
                f"no boundary map of degree {describe(degree)}: the degrees are 1..{len(self._ranks) - 1}"
            )
        return self._columns[int(degree) - 1]

    def boundary(self, degree: int) -> list[list[int]]:
        """The matrix of ∂_degree as a list of rows of Python integers, for small complexes."""
        columns = self.boundary_arrays(degree)
        rows = [[0] * self._ranks[degree] for _ in range(self._ranks[degree - 1])]
        for column in range(self._ranks[degree]):
            for row, value in columns.entries(column):
                rows[row][column] = value
        return rows

    @memory_is_a_limit
    def boundary_matrix(self, degree: int) -> csc_array:
        """The matrix of ∂_degree as a SciPy sparse matrix, rank of C_{degree−1} × rank of C_degree.

        Parameters
        ----------
        degree : int
            The degree, 1..n.

        Returns
        -------
        scipy.sparse.csc_array
            A new matrix, of type int8 if all entries of the complex allow it and int64 otherwise. Convert it with
            `astype` before products that may overflow.

        Raises
        ------
        ChainComplexError
            If the degree is not in 1..n, or an entry exceeds 64 bits; `boundary_arrays` returns such entries too.
        MissingDependencyError
            If SciPy is not installed.
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
        """The cochain complex Hom(C, Z) as a chain complex, with degree k renamed n − k.

        Its homology in degree n − k is the cohomology of C in degree k. Its boundary maps are the transposes of those
        of C in reverse order, so their products vanish and are not checked again.
        """
        return ChainComplex._of(self._ranks[::-1], [columns.transpose() for columns in reversed(self._columns)])

    def __reduce__(self) -> tuple[Any, ...]:
        return ChainComplex.from_arrays, (self._ranks, self._columns)

    def _repr_html_(self) -> str:
        entries = ["-", *(len(data) for _, _, data in self._columns)]
        rows = zip(range(len(self._ranks)), self._ranks, entries, strict=True)
        return table("ChainComplex", ["degree", "rank", "entries of ∂"], rows)

    def __repr__(self) -> str:
        return f"ChainComplex(ranks={self._ranks})"


def fault_error(kind: str, degree: int, row: int, column: int) -> ChainComplexError:
    """The error for a fault that `_core.check_chain_complex` has found."""
    if kind == "product":
        return ChainComplexError(
            f"not a chain complex: the boundary maps of degrees {degree - 1} and {degree} have a product that is"
            f" not zero at row {row}, column {column}",
            degree,
        )
    return ChainComplexError(f"boundary map of degree {degree}: {kind} at row {row}, column {column}", degree)


def read_matrix(matrix: Any, where: str, degree: int | None = None) -> tuple[int, int, SparseRows]:
    """(number of rows, number of columns, compressed columns) of a matrix of integers.

    The matrix is a nested list, a NumPy array or a SciPy sparse matrix. Anything else raises ChainComplexError, whose
    message begins with `where` and whose degree is `degree`.
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
    """The array, whose entries must be integers; of unsigned 64-bit integers or of objects, as Python integers."""
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
    """The narrowest of the types int8, int64 and object that holds all entries of a complex."""
    if all(a.dtype == np.int8 for a in arrays):
        return np.int8
    smallest = min((int(a.min()) for a in arrays if a.size), default=0)
    largest = max((int(a.max()) for a in arrays if a.size), default=0)
    for dtype in (np.int8, np.int64):
        if np.iinfo(dtype).min <= smallest and largest <= np.iinfo(dtype).max:
            return dtype
    return object


def _row_indices(indices: Array, degree: int) -> Array:
    # of type int32 they are compared with the ranks in the core, too
    if indices.dtype != np.int32 and indices.size and (indices.min() < 0 or indices.max() >= 2**31):
        raise ChainComplexError(f"boundary map of degree {degree}: a row index out of range", degree)
    return np.ascontiguousarray(indices, dtype=np.int32)


@memory_is_a_limit
def chain_complex(region: CellSet) -> ChainComplex:
    """A chain complex whose homology is the integral homology of a region.

    Parameters
    ----------
    region : CellSet
        A Region, ClassRegion, DecisionBoundary, FormulaRegion or other set of cells of a complex.

    Returns
    -------
    ChainComplex
        The chain complex.

    Raises
    ------
    InputError
        If `region` is not a CellSet.
    LimitError
        If the complex is too large.

    Notes
    -----
    Let λ be the dimension of the lineality space that all cells share, and r = d − λ. The region is the product of R^λ
    and its image in the quotient R^r, so cells and their dimensions are taken in the quotient.

    A closed region (such as {F ≥ t}, {F ≤ t} or {F = t}) retracts onto its bounded cells, whose chain complex this is.

    An open region (such as {F > t} or {F < t}) has H_k ≅ H_c^{r−k} by Poincaré duality. Degree k is spanned by the
    (r−k)-cells in its part in the interior of the domain, unbounded ones included, and the boundary map is their
    coboundary map.

    A region that is neither, such as {a < F ≤ b}, has a part of the order complex of its cells. Section 6 of
    docs/mathematics.md has the proofs.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # F(x) = |x|
    >>> cx = pr.subdivide(net, level=1)
    >>> pr.chain_complex(cx.region("<=")), pr.chain_complex(cx.region(">"))
    (ChainComplex(ranks=(3, 2)), ChainComplex(ranks=(2, 0)))
    """
    if not isinstance(region, CellSet):
        raise InputError(f"chain_complex: expected a Region, got {describe(region)}")
    since = clock(_LOGGER)
    found = _chain_complex(region)
    if since:
        report_chain(since, found.ranks)
    return found


def report_chain(since: float, ranks: tuple[int, ...]) -> None:
    """Report a chain complex of a region, begun at `since`."""
    log_phase(_LOGGER, since, "chain complex", "ranks %s", ranks, cells=sum(ranks))


def _chain_complex(region: CellSet) -> ChainComplex:
    if not (region.is_open or region.is_closed):
        return ChainComplex.from_arrays(*mixed_boundaries(region))
    cx = region.complex
    chosen = generating_cells(region)
    # no cell at infinity is chosen
    columns = [cx.arrays.facets[q].restrict(chosen[q], chosen[q - 1]) for q in range(1, len(chosen))]
    cells = ChainComplex._of(tuple([int(np.count_nonzero(mask)) for mask in chosen]), columns)
    cells._check()
    return cells.dual() if region.is_open else cells


def generating_cells(region: CellSet) -> list[npt.NDArray[np.bool_]]:
    """For every cell of dimension λ, λ + 1, …, d: whether it is a generator of `chain_complex(region)`.

    The region must be open or closed. The generators of degree k are cells of dimension λ + k if it is closed, and of
    dimension d − k if it is open. They are numbered in the order of the cells. For other regions the generators are
    not cells of the complex.
    """
    cx = region.complex
    low, d = cx.coordinates.lineality_dim, cx.input_dim
    chosen = [region.mask(k) for k in range(low, d + 1)]
    for k, mask in enumerate(chosen, low):
        mask &= ~cx.on_boundary(k) if region.is_open else cx.bounded_modulo_lineality(k)
    return chosen
