"""Invariant factors of integer matrices: the non-zero entries of the Smith normal form."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import gcd, lcm
from typing import Any, TypeVar

import flint
import numpy as np

from polyrelu import _core
from polyrelu.errors import InputError, VerificationError
from polyrelu.exact import bounded
from polyrelu.exact.limits import memory_is_a_limit, read_limit
from polyrelu.exact.rational import describe
from polyrelu.topology.chain import read_matrix

Entries = dict[tuple[int, int], int]
Value = TypeVar("Value")

DENSE_LIMIT = 40
"""Maximum number of rows or columns for which the Smith form is computed without the Hermite form first."""

CHECK_PRIMES = (2, 3, 2**61 - 1)
"""Moduli of the independent rank check."""


@memory_is_a_limit
def invariant_factors(matrix: Any, *, max_memory: int | None = None) -> tuple[int, ...]:
    """The non-zero invariant factors s_1 | s_2 | … | s_r of an integer matrix of rank r, all positive.

    Parameters
    ----------
    matrix : matrix of integers
        A nested list, a NumPy array, a SciPy sparse matrix, or a triple (number of rows, number of columns, entries),
        where entries is an iterable of (row, column, value); entries at the same place are added.
    max_memory : int, optional
        Maximum number of bytes for the normal form of a large matrix. The default is the free memory of the machine.

    Returns
    -------
    tuple of int
        The invariant factors, ones included.

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
    Every step is exact. Zero rows and columns, and all but one of each set of rows or columns that are equal up to
    sign, are removed. The gcd g of all entries is divided out, as the factors of gA are g times those of A. Pivots ±1
    are eliminated in the core. These steps are repeated as long as they change the matrix. The rest is divided into
    blocks that share no row and no column, and FLINT computes the Smith form of each. A large block is first brought to
    Hermite normal form, whose non-zero rows generate the same lattice, alternately by rows and by columns. If FLINT may
    take long, it runs in a separate process (`bounded.WORK`).

    The rank of a matrix modulo a prime p is the number of its factors that p does not divide. Every result of FLINT is
    checked against this rank for the primes 2, 3 and 2^61 − 1.

    Examples
    --------
    >>> from polyrelu.topology.smith import invariant_factors
    >>> invariant_factors([[2, 4], [6, 8]])
    (2, 4)
    """
    read_limit(max_memory, "max_memory")
    _, _, entries = read_entries(matrix)
    factors = _factors(entries, max_memory)
    if any(b % a for a, b in pairwise(factors)):
        raise VerificationError("the invariant factors do not divide one another")
    return tuple(factors)


def _factors(entries: Entries, max_memory: int | None) -> list[int]:
    factors: list[int] = []
    scale = 1
    fruitless = 0
    while entries := _without_copies(entries):
        content = gcd(*entries.values())
        scale *= content
        n_rows, n_columns, entries, n_pivots = _without_units({at: value // content for at, value in entries.items()})
        factors += [scale] * n_pivots
        if n_pivots:
            fruitless = 0
            continue
        blocks = _blocks(entries)
        if len(blocks) > 1:
            rest = _merged([_factors(block, max_memory) for block in blocks])
        elif fruitless == 2 or min(n_rows, n_columns) <= DENSE_LIMIT:
            rest = _by_flint(_smith, n_rows, n_columns, entries, max_memory)
        else:
            entries = _by_flint(_hermite_transposed, n_rows, n_columns, entries, max_memory)
            fruitless += 1
            continue
        return factors + [scale * factor for factor in rest]
    return factors


def read_entries(matrix: Any) -> tuple[int, int, Entries]:
    """(number of rows, number of columns, entries) of a matrix as `invariant_factors` takes it; or InputError."""
    if isinstance(matrix, tuple) and len(matrix) == 3 and isinstance(matrix[0], int) and isinstance(matrix[1], int):
        n_rows, n_columns, triples = matrix
        entries: Entries = {}
        for i, j, value in triples:
            if not (0 <= i < n_rows and 0 <= j < n_columns):
                raise InputError(f"matrix: entry at ({i}, {j}), but the matrix is {n_rows} × {n_columns}")
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
                raise InputError(f"matrix, row {i}, column {j}: expected an integer, got {describe(value)}")
            entries[int(i), int(j)] = entries.get((int(i), int(j)), 0) + int(value)
        return n_rows, n_columns, entries
    n_rows, n_columns, columns = read_matrix(matrix, "matrix")
    return n_rows, n_columns, {(i, j): int(value) for j in range(n_columns) for i, value in columns.entries(j)}


def _without_copies(entries: Entries) -> Entries:
    """The entries without zero lines and with one of each set of rows or columns that are equal up to sign."""
    size = -1
    entries = {at: value for at, value in entries.items() if value}
    while len(entries) != size:
        size = len(entries)
        for side in (0, 1):
            lines: dict[int, list[tuple[int, int]]] = {}
            for at, value in entries.items():
                lines.setdefault(at[side], []).append((at[1 - side], value))
            kept = set()
            seen = set()
            for number, line in lines.items():
                line.sort()
                sign = 1 if line[0][1] > 0 else -1
                key = tuple((place, sign * value) for place, value in line)
                if key not in seen:
                    seen.add(key)
                    kept.add(number)
            entries = {at: value for at, value in entries.items() if at[side] in kept}
    return entries


def _without_units(entries: Entries) -> tuple[int, int, Entries, int]:
    """(rows, columns, entries, pivots): the size and entries left when unit pivots are eliminated, and their number."""
    row_number = {i: n for n, i in enumerate(sorted({i for i, _ in entries}))}
    column_number = {j: n for n, j in enumerate(sorted({j for _, j in entries}))}
    triples = sorted((column_number[j], row_number[i], value) for (i, j), value in entries.items())
    counts = [0] * (len(column_number) + 1)
    for j, _, _ in triples:
        counts[j + 1] += 1
    columns = (
        np.cumsum(counts, dtype=np.int64),
        np.array([i for _, i, _ in triples], dtype=np.int32),
        np.array([value for _, _, value in triples], dtype=object),
    )
    if all(-(2**63) <= value < 2**63 for _, _, value in triples):
        columns = (*columns[:2], columns[2].astype(np.int64))
    # A single matrix is a chain complex in two degrees.
    [(n_rows, n_columns, rest)], [n_pivots] = _core.reduce_chain_complex(
        (len(row_number), len(column_number)), (columns,)
    )
    return n_rows, n_columns, {(i, j): value for i, j, value in rest}, n_pivots


def _blocks(entries: Entries) -> list[Entries]:
    """The finest partition of the entries into matrices that have no row and no column in common."""
    parent: dict[int, int] = {}  # of row i, and of column j, which has the number −1 − j

    def find(x: int) -> int:
        parent.setdefault(x, x)
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    for i, j in entries:
        parent[find(i)] = find(-1 - j)
    blocks: dict[int, Entries] = {}
    for (i, j), value in entries.items():
        blocks.setdefault(find(i), {})[i, j] = value
    return list(blocks.values())


def _merged(blocks: list[list[int]]) -> list[int]:
    """The invariant factors of a direct sum of matrices, from those of the summands."""
    chain: list[int] = []  # descending, each divides the one before
    for factor in (factor for block in blocks for factor in block):
        # Z/s ⊕ Z/x ≅ Z/lcm(s, x) ⊕ Z/gcd(s, x); the gcd divides the entry just replaced and is carried on.
        carried = factor
        for n, s in enumerate(chain):
            if carried == 1:
                break
            chain[n], carried = lcm(s, carried), gcd(s, carried)
        chain.append(carried)
    return chain[::-1]


def _dense(n_rows: int, n_columns: int, entries: Entries) -> flint.fmpz_mat:
    dense = flint.fmpz_mat(n_rows, n_columns)
    for at, value in entries.items():
        dense[at] = value
    return dense


def _by_flint(
    function: Callable[[int, int, Entries], Value],
    n_rows: int,
    n_columns: int,
    entries: Entries,
    max_memory: int | None,
) -> Value:
    """The value of the function at a matrix, computed in a separate process unless it is certain to be quick."""
    bits = max(value.bit_length() for value in entries.values())
    if bounded.work(n_rows, n_columns, bits) <= bounded.WORK:
        return function(n_rows, n_columns, entries)
    return bounded.call(function, n_rows, n_columns, entries, max_memory=max_memory)


def _hermite_transposed(n_rows: int, n_columns: int, entries: Entries) -> Entries:
    """The transpose of the Hermite normal form of the rows, so that the next step acts on the columns."""
    hermite = _dense(n_rows, n_columns, entries).hnf()
    return {(j, i): int(value) for i, row in enumerate(hermite.tolist()) for j, value in enumerate(row) if value != 0}


def _smith(n_rows: int, n_columns: int, entries: Entries) -> list[int]:
    """The invariant factors, computed by FLINT and checked against the ranks modulo CHECK_PRIMES."""
    dense = _dense(n_rows, n_columns, entries)
    diagonal = dense.snf()
    factors = [int(diagonal[i, i]) for i in range(min(dense.nrows(), dense.ncols())) if diagonal[i, i] != 0]
    for prime in CHECK_PRIMES:
        rank = flint.nmod_mat(dense, prime).rank()
        if rank != sum(factor % prime != 0 for factor in factors):
            raise VerificationError(f"the matrix has rank {rank} modulo {prime}, which its Smith normal form denies")
    return factors
