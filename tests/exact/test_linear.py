"""Exact linear algebra: against SymPy, and never more memory than is bounded beforehand."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from random import Random

import pytest
from sympy import Matrix

from polyrelu.errors import LimitError
from polyrelu.exact import linear
from polyrelu.exact.linear import independent_columns, independent_rows, null_space, rank


def low_rank(rng: Random, m: int, n: int, r: int) -> list[list[Fraction]]:
    left = [[Fraction(rng.randint(-3, 3), rng.randint(1, 4)) for _ in range(r)] for _ in range(m)]
    right = [[rng.randint(-3, 3) for _ in range(n)] for _ in range(r)]
    return [[sum((a * b[j] for a, b in zip(row, right, strict=True)), Fraction(0)) for j in range(n)] for row in left]


@pytest.mark.parametrize("seed", range(20))
def test_ranks_and_pivots_are_those_of_sympy(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(seed)
    m, n = rng.randint(1, 6), rng.randint(1, 6)
    rows = low_rank(rng, m, n, rng.randint(0, 4))
    rows += [[2 * x for x in rows[0]], [-x for x in rows[-1]], [Fraction(0)] * n]
    expected = Matrix(rows)
    assert rank(rows) == expected.rank()
    assert independent_columns(rows) == list(expected.rref()[1])
    assert independent_rows(rows) == list(expected.T.rref()[1])
    basis = null_space(rows, n)
    assert len(basis) == n - expected.rank()
    assert all(not any(expected * Matrix(vector)) for vector in basis)
    monkeypatch.setattr(linear, "MAX_BYTES", 0)  # the proof by many primes
    assert rank(rows) == expected.rank()


def test_a_rank_modulo_one_prime_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "MAX_BYTES", 0)
    assert rank([[linear.PRIME, 0, 0], [0, 1, 0], [0, 0, 0]]) == 2
    assert rank([[1, 1], [1, 1 + linear.PRIME]]) == 2
    monkeypatch.setattr(linear, "MAX_WORK", 0)
    with pytest.raises(LimitError, match="the rank of a 2 × 2 matrix cannot be proved: it is at least 1"):
        rank([[2**70, 2**71], [2**72, 2**73 + linear.PRIME * 4]])


@pytest.mark.slow
def test_what_would_take_more_memory_than_there_is_raises_a_limit_error() -> None:
    wide = [[1] * 150_528]
    with pytest.raises(LimitError, match="the null space of 1 rows of 150528 exact numbers could take"):
        null_space(wide, 150_528)
    with pytest.raises(LimitError, match="the null space"):
        null_space([], 10**6)
    long = [[10**3999 * i + j**3 for j in range(300)] for i in range(1, 300)]
    with pytest.raises(LimitError, match="the echelon form of 299 rows"):
        independent_columns(long)
    assert rank(wide) == 1 and independent_columns(wide) == [0]


def test_a_wide_matrix_does_not_end_the_process() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))\n"
        "from polyrelu.exact.linear import rank, independent_columns, independent_rows\n"
        "rows = [[(i * j) % 7 + i for j in range(150528)] for i in range(1, 3)]\n"
        "print(rank(rows), independent_columns(rows), independent_rows(rows))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout) == (0, "2 [0, 4] [0, 1]\n"), run.stderr


def test_systems_in_long_numbers_are_solved_by_elimination(monkeypatch: pytest.MonkeyPatch) -> None:
    """As FLINT solves them: the two routes have the same solutions, over the same denominator."""
    rng = Random(5)
    compared = 0
    for _ in range(200):
        n, k = rng.randint(1, 5), rng.randint(1, 4)
        matrix, right = (
            [[Fraction(rng.randint(-3, 3), rng.randint(1, 5)) for _ in range(width)] for _ in range(n)]
            for width in (n, k)
        )
        if linear.rank(matrix) < n:
            continue
        short = linear.solve(matrix, right), linear.solve_over_denominator(matrix, right)
        with monkeypatch.context() as patch:
            patch.setattr(linear, "_LONG_BITS", 0)
            patch.setattr(linear, "_UNHEEDED", 0)
            found = linear.solve(matrix, right), linear.solve_over_denominator(matrix, right)
        assert found == short
        for row, given in zip(matrix, right, strict=True):
            columns = zip(*short[0], strict=True)
            assert [sum(a * x for a, x in zip(row, column, strict=True)) for column in columns] == given
        compared += 1
    assert compared > 100
