"""The Smith normal form of an integer matrix with its transformations."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import fmpz_mat

from polyrelu.errors import InputError, VerificationError
from polyrelu.exact import bounded
from polyrelu.exact.limits import free_memory, memory_is_a_limit, read_flag, read_limit
from polyrelu.exact.memory import budget
from polyrelu.exact.printing import brief_repr
from polyrelu.exact.rational import describe
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.immutable import Immutable
from polyrelu.topology import unimodular
from polyrelu.topology.elimination import Elimination, Vector, add, transformations
from polyrelu.topology.smith import Entries, invariant_factors, read_entries
from polyrelu.topology.unimodular import Rows

NAMES = ("S", "U", "V", "U_inverse", "V_inverse")
"""The names of the matrices of a Smith form."""


class SmithForm(Immutable):
    """The Smith normal form S of an integer matrix A, with unimodular U and V such that U A V = S. Immutable.

    The matrices are stored by their entries ≠ 0, which `sparse_rows` returns. As attributes they are dense arrays, made
    each time, read-only, whose entries are Python integers.

    Attributes
    ----------
    shape : tuple of int
        The numbers m of rows and n of columns of A.
    invariant_factors : tuple of int
        The entries s_1 | s_2 | … | s_r > 0 of the diagonal of S that are not 0. Their number r is the rank of A.
    has_transforms : bool
        Whether U, V and their inverses were computed.
    S : array of int
        The m × n matrix with the invariant factors on its diagonal, and 0 elsewhere.
    U : array of int
        An m × m matrix of determinant ±1. Its last m − r rows are a basis of the vectors u with uA = 0.
    V : array of int
        An n × n matrix of determinant ±1. Its last n − r columns are a basis of the vectors v with Av = 0.
    U_inverse : array of int
        The inverse of U.
    V_inverse : array of int
        The inverse of V.
    """

    __slots__ = ("_transforms", "invariant_factors", "shape")

    shape: tuple[int, int]
    invariant_factors: tuple[int, ...]
    _transforms: tuple[SparseRows, ...]

    def __init__(
        self, shape: tuple[int, int], invariant_factors: tuple[int, ...], transforms: tuple[SparseRows, ...] = ()
    ) -> None:
        self._put(shape=shape, invariant_factors=invariant_factors, _transforms=transforms)

    @property
    def rank(self) -> int:
        """The rank of A, the number of invariant factors."""
        return len(self.invariant_factors)

    @property
    def has_transforms(self) -> bool:
        """Whether U, V and their inverses were computed."""
        return bool(self._transforms)

    @property
    def S(self) -> npt.NDArray[np.object_]:
        """The m × n matrix with the invariant factors on its diagonal, and 0 elsewhere."""
        return _dense(self.sparse_rows("S"))

    @property
    def U(self) -> npt.NDArray[np.object_]:
        """The m × m matrix U of U A V = S."""
        return _dense(self.sparse_rows("U"))

    @property
    def V(self) -> npt.NDArray[np.object_]:
        """The n × n matrix V of U A V = S."""
        return _dense(self.sparse_rows("V"))

    @property
    def U_inverse(self) -> npt.NDArray[np.object_]:
        """The inverse of U."""
        return _dense(self.sparse_rows("U_inverse"))

    @property
    def V_inverse(self) -> npt.NDArray[np.object_]:
        """The inverse of V."""
        return _dense(self.sparse_rows("V_inverse"))

    def sparse_rows(self, name: str) -> SparseRows:
        """One of the matrices by its entries that are not 0, which are Python integers.

        Parameters
        ----------
        name : str
            "S", "U", "V", "U_inverse" or "V_inverse".

        Returns
        -------
        SparseRows
            The compressed rows (indptr, index, values): row i has the entries values[indptr[i]:indptr[i + 1]] in the
            columns index[indptr[i]:indptr[i + 1]], ascending.

        Raises
        ------
        InputError
            If there is no such matrix, or no transformations were computed.
        """
        if not isinstance(name, str) or name not in NAMES:
            raise InputError(f"name: expected one of {', '.join(NAMES)}, got {describe(name)}")
        if name == "S":
            rows: list[Vector] = [{} for _ in range(self.shape[0])]
            for i, factor in enumerate(self.invariant_factors):
                rows[i][i] = factor
            return _compressed(rows, self.shape[1])
        if not self._transforms:
            raise InputError(f"{name}: not computed; use smith_normal_form(matrix, transforms=True)")
        return self._transforms[NAMES.index(name) - 1]

    def __reduce__(self) -> tuple[Any, ...]:
        return SmithForm, (self.shape, self.invariant_factors, self._transforms)

    def __repr__(self) -> str:
        m, n = self.shape
        return f"SmithForm({m} × {n}, invariant_factors={brief_repr(self.invariant_factors)})"


@memory_is_a_limit
def smith_normal_form(matrix: Any, transforms: bool = True, *, max_memory: int | None = None) -> SmithForm:
    """The Smith normal form S of an integer matrix A, with unimodular matrices U and V such that U A V = S.

    Parameters
    ----------
    matrix : matrix of integers
        A nested list, a NumPy array, a SciPy sparse matrix, or a triple (number of rows, number of columns, entries),
        where entries is an iterable of (row, column, value); entries at the same place are added. The integers may be
        of any size, and there may be no rows or no columns.
    transforms : bool, default True
        Whether U, V and their inverses are computed. Without them the work is that of `invariant_factors`.
    max_memory : int, optional
        Maximum number of bytes for the work. The default is the free memory of the machine.

    Returns
    -------
    SmithForm
        S, U, V, U⁻¹ and V⁻¹.

    Raises
    ------
    InputError
        If `matrix` is not a matrix of integers.
    LimitError
        If more memory would be needed.
    VerificationError
        If the check described below fails.
    KeyboardInterrupt
        On Ctrl-C, within a fraction of a second.

    Notes
    -----
    First the content is divided out, entries ±1 are eliminated as pivots, and copies of rows and columns are left out,
    again and again, in sparse arithmetic (`Elimination`); each step is an elementary one, and acts on U and U⁻¹ or on
    V and V⁻¹. FLINT brings the dense rest to diagonal form, by Hermite forms of rows and columns in turn with their
    transformations. U and V are not unique: the rows of U and columns of V that span the kernels of the rest are
    reduced by LLL, and the other rows and columns modulo these, which keeps their entries short. If FLINT may take
    long, it runs in a separate process (`bounded.WORK`).

    Before anything is returned, it is checked with exact integers that U U⁻¹ = I, that V V⁻¹ = I, that U A = S V⁻¹, so
    that U A V = S, and that the entries of S divide one another. This is a proof: a matrix with an integral inverse is
    unimodular, and the invariant factors of A are unique.

    Time and memory grow with the number of entries of the transformations. Those of a sparse matrix need not be sparse:
    for the boundary map of a path of n edges U has n²/2 entries.

    References
    ----------
    H. J. S. Smith, On systems of linear indeterminate equations and congruences, Philosophical Transactions of the
    Royal Society 151 (1861).

    Examples
    --------
    >>> import polyrelu as pr
    >>> form = pr.smith_normal_form([[2, 4, 4], [-6, 6, 12], [10, 4, 16]])
    >>> form
    SmithForm(3 × 3, invariant_factors=(2, 2, 156))
    >>> (form.U @ [[2, 4, 4], [-6, 6, 12], [10, 4, 16]] @ form.V).tolist()
    [[2, 0, 0], [0, 2, 0], [0, 0, 156]]
    >>> (form.V @ form.V_inverse).tolist()
    [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    >>> pr.smith_normal_form([[4, 0, 0], [0, 6, 0]], transforms=False).S.tolist()
    [[2, 0, 0], [0, 12, 0]]
    """
    read_limit(max_memory, "max_memory")
    transforms = read_flag(transforms, "transforms")
    m, n, entries = read_entries(matrix)
    if m < 0 or n < 0:
        raise InputError(f"matrix: expected numbers of rows and columns ≥ 0, got {describe(min(m, n))}")
    if not transforms:
        triples = [(*at, value) for at, value in entries.items()]
        return SmithForm((m, n), invariant_factors((m, n, triples), max_memory=max_memory))
    with budget(free_memory() if max_memory is None else max_memory):
        return _with_transforms(m, n, {at: value for at, value in entries.items() if value}, max_memory)


def _with_transforms(m: int, n: int, entries: Entries, max_memory: int | None) -> SmithForm:
    left = Elimination(entries)
    # U by rows, U⁻¹ by columns, V by columns, V⁻¹ by rows; still in the order of the rows and columns of A
    u, u_inverse = transformations(m, left.row_steps)
    v, v_inverse = transformations(n, left.column_steps)
    for pivot in left.pivots:
        if pivot.unit < 0:
            for vector in (u[pivot.row], u_inverse[pivot.row]):
                vector.update({j: -value for j, value in vector.items()})
    factors = [pivot.factor for pivot in left.pivots]
    rows = [pivot.row for pivot in left.pivots]
    columns = [pivot.column for pivot in left.pivots]
    if left.rows:
        rest_rows, rest_columns = sorted(left.rows), sorted({j for row in left.rows.values() for j in row})
        dense = [[left.rows[i].get(j, 0) for j in rest_columns] for i in rest_rows]
        rest_factors, mixtures = _of_rest(dense, max_memory)
        factors += [left.factor * factor for factor in rest_factors]
        for vectors, places, mixture in zip(
            (u, u_inverse, v, v_inverse), (rest_rows, rest_rows, rest_columns, rest_columns), mixtures, strict=True
        ):
            mixed = [_combination(coefficients, [vectors[i] for i in places]) for coefficients in mixture]
            for i, vector in zip(places, mixed, strict=True):
                vectors[i] = vector
        rows += rest_rows
        columns += rest_columns
    u, u_inverse = (_ordered(vectors, rows) for vectors in (u, u_inverse))
    v, v_inverse = (_ordered(vectors, columns) for vectors in (v, v_inverse))
    v, u_inverse = _transposed(v, n), _transposed(u_inverse, m)
    _verify(m, n, entries, factors, u, v, u_inverse, v_inverse)
    transforms = (_compressed(u, m), _compressed(v, n), _compressed(u_inverse, m), _compressed(v_inverse, n))
    return SmithForm((m, n), tuple(factors), transforms)


def _of_rest(matrix: Rows, max_memory: int | None) -> tuple[list[int], list[Rows]]:
    """(invariant factors, [P, P⁻ᵀ, Qᵀ, Q⁻¹]), in a separate process unless it is certain to be quick."""
    size = len(matrix) + len(matrix[0])
    bits = max(value.bit_length() for row in matrix for value in row)
    if bounded.work(size, size, bits) <= bounded.WORK:
        return _of_dense(matrix)
    return bounded.call(_of_dense, matrix, max_memory=max_memory)


def _of_dense(matrix: Rows) -> tuple[list[int], list[Rows]]:
    """The result of `_of_rest`, computed in this process."""
    if len(matrix) < len(matrix[0]):  # Hermite forms of the longer side first have the shorter transformations
        factors, of_columns = _of_dense([list(column) for column in zip(*matrix, strict=True)])
        return factors, of_columns[2:] + of_columns[:2]
    p, q, factors = unimodular.smith(fmpz_mat(matrix))
    p = unimodular.shortened(p, len(factors))
    q = unimodular.shortened(q.transpose(), len(factors)).transpose()
    p_inverse, q_inverse = unimodular.inverse(p), unimodular.inverse(q)
    return factors, [unimodular.integers(x) for x in (p, p_inverse.transpose(), q.transpose(), q_inverse)]


def _verify(
    m: int,
    n: int,
    entries: Entries,
    factors: Sequence[int],
    u: Sequence[Vector],
    v: Sequence[Vector],
    u_inverse: Sequence[Vector],
    v_inverse: Sequence[Vector],
) -> None:
    """Prove that U A V = S is the Smith form of A; VerificationError otherwise. All matrices are given by rows."""
    if any(factor < 1 for factor in factors) or any(b % a for a, b in pairwise(factors)):
        raise VerificationError("the invariant factors are not positive, or do not divide one another")
    for name, size, x, y in (("U", m, u, u_inverse), ("V", n, v, v_inverse)):
        if len(x) != size or len(y) != size:
            raise VerificationError(f"{name} has not {size} rows")
        if any(_combination_of(row, y) != {i: 1} for i, row in enumerate(x)):
            raise VerificationError(f"{name} and its inverse have another product than the identity")
    a: list[Vector] = [{} for _ in range(m)]
    for (i, j), value in entries.items():
        a[i][j] = value
    for i, row in enumerate(u):
        expected = {j: factors[i] * value for j, value in v_inverse[i].items()} if i < len(factors) else {}
        if _combination_of(row, a) != expected:
            raise VerificationError("the transformations do not bring the matrix to Smith form")


def _combination_of(row: Vector, vectors: Sequence[Vector]) -> Vector:
    """The row times the matrix with these rows."""
    total: Vector = {}
    for i, coefficient in row.items():
        add(total, vectors[i], coefficient)
    return total


def _combination(coefficients: Sequence[int], vectors: Sequence[Vector]) -> Vector:
    return _combination_of({i: value for i, value in enumerate(coefficients) if value}, vectors)


def _ordered(vectors: list[Vector], first: Sequence[int]) -> list[Vector]:
    """The vectors with those of the given numbers first."""
    chosen = set(first)
    return [vectors[i] for i in first] + [vector for i, vector in enumerate(vectors) if i not in chosen]


def _transposed(vectors: Sequence[Vector], size: int) -> list[Vector]:
    turned: list[Vector] = [{} for _ in range(size)]
    for j, vector in enumerate(vectors):
        for i, value in vector.items():
            turned[i][j] = value
    return turned


def _compressed(rows: Sequence[Vector], n_columns: int) -> SparseRows:
    indptr = np.zeros(len(rows) + 1, np.int64)
    np.cumsum([len(row) for row in rows], out=indptr[1:])
    terms = [term for row in rows for term in sorted(row.items())]
    values = np.empty(len(terms), dtype=object)
    values[:] = [value for _, value in terms]
    return SparseRows(indptr, np.array([j for j, _ in terms], dtype=np.int32), values, n_columns)


def _dense(rows: SparseRows) -> npt.NDArray[np.object_]:
    matrix = np.zeros((rows.n_rows, rows.n_columns), dtype=object)
    matrix[rows.row_numbers(), rows.index] = rows.values
    matrix.flags.writeable = False
    return matrix
