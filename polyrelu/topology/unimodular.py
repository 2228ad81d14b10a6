"""Hermite and Smith normal forms of dense integer matrices with their unimodular transformations, by FLINT."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import gcd

from flint import fmpq_mat, fmpz_mat

from polyrelu.errors import VerificationError

Rows = list[list[int]]


def smith(matrix: fmpz_mat) -> tuple[fmpz_mat, fmpz_mat, list[int]]:
    """(P, Q, invariant factors) with unimodular P and Q such that P · matrix · Q is the Smith normal form.

    By Hermite forms of rows and columns in turn, until the matrix is diagonal. Then each pair (a, b) of diagonal
    entries in turn becomes (g, ab/g) with g = gcd(a, b) = xa + yb: by the matrix with rows (x, y), (−b/g, a/g) from the
    left, and the matrix with columns (1, 1), (−yb/g, xa/g) from the right, both of determinant 1.
    """
    p, q = identity(matrix.nrows()), identity(matrix.ncols())
    if not matrix.nrows() or not matrix.ncols():
        return p, q, []
    while any(x != 0 for i, row in enumerate(matrix.tolist()) for j, x in enumerate(row) if i != j):
        matrix, p = hermite(matrix, p)
        matrix, q = (x.transpose() for x in hermite(matrix.transpose(), q.transpose()))
    # Once more, so that the entries are positive and come before the zeros
    matrix, p = hermite(matrix, p)
    matrix, q = (x.transpose() for x in hermite(matrix.transpose(), q.transpose()))
    diagonal = [int(matrix[i, i]) for i in range(min(matrix.nrows(), matrix.ncols())) if matrix[i, i] != 0]
    rows, columns = integers(p), integers(q.transpose())
    for i, j in combinations(range(len(diagonal)), 2):
        a, b = diagonal[i], diagonal[j]
        if b % a:
            g = gcd(a, b)
            x = pow(a // g, -1, b // g)
            y = (g - x * a) // b
            rows[i], rows[j] = _mixed(rows[i], rows[j], x, y), _mixed(rows[i], rows[j], -b // g, a // g)
            columns[i], columns[j] = (
                _mixed(columns[i], columns[j], 1, 1),
                _mixed(columns[i], columns[j], -y * b // g, x * a // g),
            )
            diagonal[i], diagonal[j] = g, a * b // g
    return fmpz_mat(rows), fmpz_mat(columns).transpose(), diagonal


def shortened(transformation: fmpz_mat, rank: int) -> fmpz_mat:
    """The rows of a unimodular matrix, with shorter ones for those from number `rank` on, and others modulo these.

    If the matrix brings another one to Smith form, from the left, it still does: the last rows are a basis of the left
    kernel, which LLL makes shorter, and multiples of them are subtracted from the first rows.
    """
    n = transformation.nrows()
    kernel = part(transformation, range(rank, n), range(n))
    if not kernel.nrows():
        return transformation
    kernel = kernel.lll()
    first = part(transformation, range(rank), range(n))
    if rank:
        # The multiples are the coordinates of the orthogonal projection to the space of the kernel, rounded.
        products = kernel * first.transpose()
        coordinates = (kernel * kernel.transpose()).solve(products)
        nearest = fmpz_mat([[_rounded(x.p, x.q) for x in row] for row in coordinates.tolist()])
        first -= nearest.transpose() * kernel
    return fmpz_mat(first.tolist() + kernel.tolist())


def hermite(matrix: fmpz_mat, transformation: fmpz_mat) -> tuple[fmpz_mat, fmpz_mat]:
    """The Hermite normal form of the rows, and the transformation after the same row operations."""
    width, n = matrix.ncols(), matrix.nrows()
    both = fmpz_mat([a + b for a, b in zip(matrix.tolist(), transformation.tolist(), strict=True)]).hnf()
    return part(both, range(n), range(width)), part(both, range(n), range(width, both.ncols()))


def inverse(unimodular: fmpz_mat) -> fmpz_mat:
    """The inverse of a matrix of determinant ±1; VerificationError if it has another determinant."""
    if abs(unimodular.det()) != 1:
        raise VerificationError("a transformation of determinant ±1 has another determinant")
    numerators, _ = (
        fmpq_mat(unimodular).inv().numer_denom()
    )  # inv(integer=True) has the wrong sign if the determinant is −1
    return numerators


def part(matrix: fmpz_mat, rows: range, columns: range) -> fmpz_mat:
    """The entries in these rows and columns."""
    if not rows or not columns:
        return fmpz_mat(len(rows), len(columns))
    return fmpz_mat([[matrix[i, j] for j in columns] for i in rows])


def identity(n: int) -> fmpz_mat:
    """The identity matrix of n rows."""
    return fmpz_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])


def integers(matrix: fmpz_mat) -> Rows:
    """The rows of the matrix as lists of Python integers."""
    return [[int(x) for x in row] for row in matrix.tolist()]


def _mixed(u: Sequence[int], v: Sequence[int], x: int, y: int) -> list[int]:
    return [x * a + y * b for a, b in zip(u, v, strict=True)]


def _rounded(numerator: int, denominator: int) -> int:
    return int((2 * numerator + denominator) // (2 * denominator))
