"""Exact linear algebra over the rationals; the one place that chooses the backend (FLINT, through python-flint)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from flint import fmpq, fmpq_mat, fmpz_mat, nmod_mat

from polyrelu.rational import primitive

IntegerVector = tuple[int, ...]
PRIME = 2**61 - 1


def _integer_matrix(rows: Sequence[Sequence[Fraction | int]]) -> fmpz_mat:
    """The rows, each multiplied by a positive number that makes it primitive."""
    return fmpz_mat([list(primitive(row)) for row in rows])


def least_rank(rows: Sequence[Sequence[Fraction | int]]) -> int:
    """A lower bound on the rank, its value but for rare accidents: the rank modulo a prime. Quick for large matrices.

    The rows are multiplied by positive numbers that make them integers, which changes no rank; a minor that is not zero
    modulo a prime is not zero.
    """
    if not rows or not len(rows[0]):
        return 0
    return int(nmod_mat(_integer_matrix(rows), PRIME).rank())


def rank(rows: Sequence[Sequence[Fraction | int]]) -> int:
    """Rank of a matrix given by its rows; 0 for no rows or no columns."""
    if not rows or not len(rows[0]):
        return 0
    matrix = _integer_matrix(rows)
    full = min(matrix.nrows(), matrix.ncols())
    # A minor that is not zero modulo a prime is not zero; only ranks that are not full need the integers.
    return full if nmod_mat(matrix, PRIME).rank() == full else int(matrix.rank())


def independent_columns(rows: Sequence[Sequence[Fraction | int]]) -> list[int]:
    """The first maximal set of linearly independent columns, in order: the pivots of the echelon form."""
    if not rows or not len(rows[0]):
        return []
    echelon, _, found = _integer_matrix(rows).rref()
    pivots: list[int] = []
    for i in range(found):
        j = pivots[-1] + 1 if pivots else 0
        while echelon[i, j] == 0:
            j += 1
        pivots.append(j)
    return pivots


def independent_rows(rows: Sequence[Sequence[Fraction | int]]) -> list[int]:
    """The first maximal set of linearly independent rows, in order."""
    return independent_columns([list(column) for column in zip(*(primitive(row) for row in rows), strict=True)])


def null_space(rows: Sequence[Sequence[Fraction | int]], columns: int) -> tuple[IntegerVector, ...]:
    """A basis of {x : rows · x = 0} of primitive integer vectors; `columns` is the length of x."""
    if not rows:
        return tuple(tuple(int(i == j) for i in range(columns)) for j in range(columns))
    basis, nullity = _integer_matrix(rows).nullspace()
    return tuple(primitive([int(basis[i, j]) for i in range(columns)]) for j in range(nullity))


def solve(
    matrix: Sequence[Sequence[Fraction | int]], right: Sequence[Sequence[Fraction | int]]
) -> tuple[tuple[Fraction, ...], ...]:
    """The solution X of matrix · X = right for an invertible square matrix, by rows."""
    if not matrix or not right[0]:
        return tuple(() for _ in matrix)
    found = _rational_matrix(matrix).solve(_rational_matrix(right))
    return tuple(
        tuple(Fraction(int(x.p), int(x.q)) for x in (found[i, j] for j in range(found.ncols())))
        for i in range(found.nrows())
    )


def _rational_matrix(rows: Sequence[Sequence[Fraction | int]]) -> fmpq_mat:
    return fmpq_mat([[fmpq(x.numerator, x.denominator) for x in row] for row in rows])
