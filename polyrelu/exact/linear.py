"""Exact linear algebra over the rationals; the one place that chooses the backend (FLINT, through python-flint).

FLINT ends the process where it cannot allocate memory, and does not react to Ctrl-C. So before each call that may need
much, the size of its result is bounded (Hadamard: a minor is at most the product of the lengths of its rows), and what
could take more than MAX_BYTES is refused with a LimitError.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from flint import fmpq, fmpq_mat, fmpz, fmpz_mat, nmod_mat

from polyrelu.errors import LimitError
from polyrelu.exact.rational import primitive

Integer = int | fmpz
IntegerVector = tuple[int, ...]
Rows = Sequence[Sequence[Fraction | int]]
PRIME = 2**61 - 1

MAX_BYTES = 2**31
"""Maximum size in bytes of the result of one call of FLINT, by the bound on it."""

MAX_WORK = 2**40
"""Maximum number of steps, in words, of the eliminations that prove a rank when its minors are too long to compute."""

_LONG_BITS, _UNHEEDED = 20_000, 5 * 10**11
"""FLINT solves a system unless its numbers have more bits, and bits² times the squares and products of its sizes more
than so much: that takes about a quarter of a second."""

_POINTER = 8  # bytes of an entry of a matrix in FLINT, without its digits


def least_rank(rows: Rows) -> int:
    """The rank modulo a prime: a lower bound on the rank, equal to it but for rare accidents. Quick for large matrices.

    The rows are multiplied by positive numbers that make them integers, which changes no rank; a minor that is not zero
    modulo a prime is not zero.
    """
    if not rows or not len(rows[0]):
        return 0
    return _rank_modulo(_distinct(rows), PRIME)


def rank(rows: Rows) -> int:
    """The rank of a matrix given by its rows; 0 for no rows or no columns.

    Raises
    ------
    LimitError
        If the proof would take more than MAX_WORK steps.

    Notes
    -----
    A minor that is not zero modulo a prime is not zero, so that only ranks that are not full need more. These are
    computed by FLINT in integers; where that could take more than MAX_BYTES, the rank modulo more primes is taken until
    their product is beyond Hadamard's bound: a minor that all of them divide is zero.

    Examples
    --------
    >>> rank([[1, 2], [2, 4]])
    1
    """
    if not rows or not len(rows[0]):
        return 0
    integers = _distinct(rows)
    m, n = len(integers), len(rows[0])
    found = _rank_modulo(integers, PRIME)
    if found == min(m, n):
        return found
    if _minor_bits(integers, found + 1) * (found + 1) * (n - found) <= 8 * MAX_BYTES:  # the echelon form beside pivots
        return int(fmpz_mat([list(row) for row in integers]).rank())
    return _proved_rank(integers, found)


def _proved_rank(integers: Sequence[IntegerVector], found: int) -> int:
    """The rank, at least `found`, by enough primes: all minors of one size vanish iff they do modulo each of them."""
    m, n = len(integers), len(integers[0])
    product_bits = 60  # of the primes that are tried, from below
    for prime in _primes():
        needed = _minor_bits(integers, found + 1)
        if product_bits > needed:
            return found
        if -((product_bits - needed) // 60) * m * n * (found + 1) > MAX_WORK:
            raise LimitError(
                f"the rank of a {m} × {n} matrix cannot be proved: it is at least {found}, and to exclude more takes "
                f"minors of {needed} bits"
            )
        other = _rank_modulo(integers, prime)
        product_bits = 60 if other > found else product_bits + 60
        found = max(found, other)
        if found == min(m, n):
            return found
    raise AssertionError("there are infinitely many primes")


def _primes() -> Iterator[int]:
    """Primes below 2^61 − 1 and above 2^60, in descending order."""
    for n in range(PRIME - 2, 2**60, -2):
        if fmpz(n).is_prime():
            yield n


def independent_columns(rows: Rows) -> list[int]:
    """The first maximal set of linearly independent columns, in order: the pivots of the echelon form.

    LimitError if the echelon form could take too much memory.

    Examples
    --------
    >>> independent_columns([[1, 2, 0], [2, 4, 1]])
    [0, 2]
    """
    if not rows or not len(rows[0]):
        return []
    integers = _distinct(rows)
    m, n = len(integers), len(rows[0])
    # The usual case, without the long numbers of the echelon form: a minor that is not zero modulo a prime is not zero.
    least = min(m, n)
    if _rank_modulo([row[:least] for row in integers], PRIME) == least:
        return list(range(least))
    _check(integers, n, m * n, "the echelon form")
    echelon, _, found = fmpz_mat([list(row) for row in integers]).rref()
    pivots: list[int] = []
    for i in range(found):
        j = pivots[-1] + 1 if pivots else 0
        while echelon[i, j] == 0:
            j += 1
        pivots.append(j)
    return pivots


def independent_rows(rows: Rows) -> list[int]:
    """The first maximal set of linearly independent rows, in order; LimitError as for `independent_columns`."""
    return independent_columns([list(column) for column in zip(*(primitive(row) for row in rows), strict=True)])


def null_space(rows: Rows, columns: int) -> tuple[IntegerVector, ...]:
    """A basis of {x : rows · x = 0} of primitive integer vectors; `columns` is the length of x.

    LimitError if the basis, `columns` times nullity numbers, could take too much memory.

    Examples
    --------
    >>> len(null_space([[1, 1, 1], [0, 1, 2]], 3))
    1
    """
    integers = _distinct(rows) if rows else []
    _check(integers, columns, columns * columns, "the null space")
    if not integers:
        return tuple(tuple(int(i == j) for i in range(columns)) for j in range(columns))
    basis, nullity = fmpz_mat([list(row) for row in integers]).nullspace()
    return tuple(primitive([int(basis[i, j]) for i in range(columns)]) for j in range(nullity))


def solve(matrix: Rows, right: Rows) -> tuple[tuple[Fraction, ...], ...]:
    """The solution X of matrix · X = right for an invertible square matrix, by rows.

    LimitError if the solution could take too much memory.

    Examples
    --------
    >>> solve([[2, 0], [0, 4]], [[1], [1]])
    ((Fraction(1, 2),), (Fraction(1, 4),))
    """
    if not matrix or not right[0]:
        return tuple(() for _ in matrix)
    if _is_long(joined := _joined(matrix, right)):
        numerators, denominator = _eliminated(joined, len(matrix))
        return tuple(tuple(_fraction(fmpq(x, denominator)) for x in row) for row in numerators)
    return tuple(tuple(map(_fraction, row)) for row in _solution(matrix, right).tolist())


def solve_over_denominator(matrix: Rows, right: Rows) -> tuple[tuple[IntegerVector, ...], int]:
    """(N, q) with `solve(matrix, right)` = N / q, q > 0: without a quadratic gcd for every entry. LimitError."""
    if not matrix or not right[0]:
        return tuple(() for _ in matrix), 1
    if _is_long(joined := _joined(matrix, right)):
        found, common = _eliminated(joined, len(matrix))
        content = common
        for x in (x for row in found for x in row):
            if (content := content.gcd(x)) == 1:
                break
        return tuple(tuple(int(x // content) for x in row) for row in found), int(common // content)
    numerators, denominator = _solution(matrix, right).numer_denom()
    return tuple(tuple(map(int, row)) for row in numerators.tolist()), int(denominator)


class IntegerMatrix:
    """An integer matrix, to be multiplied by many vectors at once.

    Parameters
    ----------
    rows : sequence of sequences of int
        Its rows, at least one.
    """

    def __init__(self, rows: Sequence[Sequence[int]]) -> None:
        self._matrix = fmpz_mat(len(rows), len(rows[0]), [x for row in rows for x in row])

    def times(self, right: Sequence[Sequence[Integer]]) -> list[list[fmpz]]:
        """The product with a matrix given by its rows, by rows; Ctrl-C has to wait for it."""
        product = self._matrix * fmpz_mat(len(right), len(right[0]), [x for row in right for x in row])
        found: list[list[fmpz]] = product.tolist()
        return found


def _joined(matrix: Rows, right: Rows) -> list[IntegerVector]:
    """The rows of a system of equations, made primitive. LimitError if its solution could take too much memory."""
    joined = [primitive([*a, *b]) for a, b in zip(matrix, right, strict=True)]
    _check(joined, len(matrix), 2 * len(matrix) * len(right[0]), "a system of equations")
    return joined


def _is_long(joined: list[IntegerVector]) -> bool:
    """Whether FLINT, which does not heed Ctrl-C, could take longer for a system than a quarter of a second."""
    bits = max(map(_length_bits, joined))
    return bits > _LONG_BITS and (len(joined) * bits) ** 2 * len(joined[0]) > _UNHEEDED


def _eliminated(joined: list[IntegerVector], size: int) -> tuple[list[list[fmpz]], fmpz]:
    """(N, q) with matrix · N = q right and q > 0 for the rows [matrix | right] of a system with one solution.

    By elimination without fractions (Bareiss), one product after another, so that Ctrl-C is heeded. After step c the
    first c columns are those of p · identity, for p the minor of the first c rows and columns, and all entries are
    minors; so the division by the p before is exact.
    """
    rows = [list(map(fmpz, row)) for row in joined]
    before = fmpz(1)
    for c in range(size):
        place = next(i for i in range(c, size) if rows[i][c] != 0)
        rows[c], rows[place] = rows[place], rows[c]
        pivot = rows[c][c]
        for i, row in enumerate(rows):
            if i != c:
                factor = row[c]
                rows[i] = [(pivot * x - factor * y) // before for x, y in zip(row, rows[c], strict=True)]
        before = pivot
    sign = 1 if before > 0 else -1
    return [[sign * x for x in row[size:]] for row in rows], sign * before


def _solution(matrix: Rows, right: Rows) -> fmpq_mat:
    return _rational_matrix(matrix).solve(_rational_matrix(right))


def _fraction(x: fmpq) -> Fraction:
    return Fraction(int(x.p), int(x.q))


def _rational_matrix(rows: Rows) -> fmpq_mat:
    return fmpq_mat([[x if type(x) is int else fmpq(x.numerator, x.denominator) for x in row] for row in rows])


def _distinct(rows: Rows) -> list[IntegerVector]:
    """The rows, each multiplied by a positive number that makes it primitive; zero rows and repeated ones left out.

    At least one row is left. Neither rank, null space nor the independent columns change.
    """
    integers = list(dict.fromkeys(primitive(row) for row in rows))
    return [row for row in integers if any(row)] or integers[:1]


def _rank_modulo(integers: Sequence[IntegerVector], prime: int) -> int:
    return int(nmod_mat(len(integers), len(integers[0]), [x % prime for row in integers for x in row], prime).rank())


def _minor_bits(integers: Sequence[IntegerVector], size: int) -> int:
    """An upper bound on the bits of all minors of this size: the product of the lengths of the longest rows."""
    bits = sorted((_length_bits(row) for row in integers), reverse=True)
    return sum(bits[:size])


def _length_bits(row: IntegerVector) -> int:
    """The bits of an integer that is not below the Euclidean length of the row."""
    return max(map(int.bit_length, row)) + len(row).bit_length() // 2 + 1


def _check(integers: Sequence[IntegerVector], columns: int, count: int, what: str) -> None:
    """LimitError if `count` minors of the rows may take more than MAX_BYTES."""
    size = min(len(integers), columns)
    bound = count * (_POINTER + _minor_bits(integers, size) // 8)
    if bound > MAX_BYTES:
        raise LimitError(
            f"{what} of {len(integers)} rows of {columns} exact numbers could take {bound} bytes, "
            f"more than {MAX_BYTES}; a slice of fewer dimensions (Slice.restrict) needs less"
        )
