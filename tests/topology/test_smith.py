from __future__ import annotations

from itertools import pairwise
from math import gcd
from typing import Any

import flint
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import ZZ
from sympy.polys.matrices import DomainMatrix
from sympy.polys.matrices.normalforms import invariant_factors as sympy_factors

from polyrelu.errors import InputError, VerificationError
from polyrelu.topology import smith
from polyrelu.topology.smith import invariant_factors


def plain_factors(matrix: list[list[int]]) -> tuple[int, ...]:
    """By FLINT, from the matrix as it stands."""
    n_rows, n_columns = len(matrix), len(matrix[0]) if matrix else 0
    form = flint.fmpz_mat(n_rows, n_columns, [value for row in matrix for value in row]).snf()
    return tuple(int(form[i, i]) for i in range(min(n_rows, n_columns)) if form[i, i] != 0)


entries = st.one_of(st.just(0), st.integers(-3, 3), st.sampled_from([6, -12, 30, 2**62, -(2**63), 10**30]))


@st.composite
def matrices(draw: st.DrawFn) -> list[list[int]]:
    """Also of low rank and with a common factor, by a product of two random matrices and a scale."""
    n_rows, n_columns = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    if draw(st.booleans()):
        return draw(
            st.lists(st.lists(entries, min_size=n_columns, max_size=n_columns), min_size=n_rows, max_size=n_rows)
        )
    inner, scale = draw(st.integers(1, 4)), draw(st.sampled_from([1, 2, 6, 2**33]))
    numbers = st.integers(-4, 4)
    left = draw(st.lists(st.lists(numbers, min_size=inner, max_size=inner), min_size=n_rows, max_size=n_rows))
    right = draw(st.lists(st.lists(numbers, min_size=n_columns, max_size=n_columns), min_size=inner, max_size=inner))
    product = np.array(left, dtype=object) @ np.array(right, dtype=object) * scale
    return [[int(value) for value in row] for row in product]


@settings(max_examples=150, deadline=None)
@given(matrices(), st.integers(0, 3))
def test_against_flint(matrix: list[list[int]], limit: int) -> None:
    expected = plain_factors(matrix)
    assert invariant_factors(matrix) == expected
    with pytest.MonkeyPatch.context() as patch:  # by way of the Hermite form
        patch.setattr(smith, "DENSE_LIMIT", limit)
        assert invariant_factors(matrix) == expected


@settings(max_examples=50, deadline=None)
@given(matrices())
def test_against_sympy(matrix: list[list[int]]) -> None:
    domain_matrix = DomainMatrix([[ZZ(v) for v in row] for row in matrix], (len(matrix), len(matrix[0])), ZZ)
    assert invariant_factors(matrix) == tuple(abs(int(f)) for f in sympy_factors(domain_matrix) if f)


@settings(max_examples=50, deadline=None)
@given(matrices())
def test_all_forms_of_input(matrix: list[list[int]]) -> None:
    expected = invariant_factors(matrix)
    triples = [(i, j, value) for i, row in enumerate(matrix) for j, value in enumerate(row)]
    assert invariant_factors((len(matrix), len(matrix[0]), triples)) == expected
    assert invariant_factors((len(matrix), len(matrix[0]), [*triples, *triples])) == tuple(2 * f for f in expected)
    assert invariant_factors(np.array(matrix, dtype=object)) == expected
    assert invariant_factors([list(column) for column in zip(*matrix, strict=True)]) == expected


@pytest.mark.parametrize(
    ("matrix", "factors"),
    [
        ([], ()),
        ([[]], ()),
        ([[0, 0], [0, 0]], ()),
        ((5, 7, []), ()),
        ([[0, -6]], (6,)),
        ([[2, 0], [0, 3]], (1, 6)),
        ([[4, 0], [0, 6]], (2, 12)),
        ([[2, 4, 4], [-6, 6, 12], [10, 4, 16]], (2, 2, 156)),
        ([[6, 10], [15, 0]], (1, 150)),
        ([[2, 2], [2, -2]], (2, 4)),
        ([[10**40, 0], [0, 10**20]], (10**20, 10**40)),
        ((2, 2, [(0, 0, 5), (0, 0, -5), (1, 1, 3)]), (3,)),
    ],
)
def test_known(matrix: Any, factors: tuple[int, ...]) -> None:
    assert invariant_factors(matrix) == factors


def hidden(diagonal: list[int], shape: tuple[int, int], seed: int) -> Any:
    """A matrix of this Smith form, with unimodular factors on both sides that leave hardly a unit entry."""
    rng = np.random.default_rng(seed)
    matrix = np.zeros(shape, dtype=object)
    matrix[range(len(diagonal)), range(len(diagonal))] = diagonal
    for axis in (0, 1, 0):
        n = shape[axis]
        lower = np.tril(rng.integers(-1, 2, (n, n)), -1).astype(object) + np.identity(n, dtype=object)
        matrix = lower @ matrix if axis == 0 else matrix @ lower
    return matrix


@pytest.mark.parametrize("shape", [(70, 60), (60, 90), (80, 80)])
def test_hidden_forms(shape: tuple[int, int]) -> None:
    diagonal = [3] * 20 + [6] * 20 + [12, 12, 60, 60 * 2**31, 60 * 2**31 * 10**9]
    assert invariant_factors(hidden(diagonal, shape, 0)) == tuple(diagonal)


def test_repeated_rows_and_columns() -> None:
    # A lens space eliminated carelessly has left 438 × 100 with two distinct rows.
    rng = np.random.default_rng(0)
    rows = np.array([[5] * 100, [3, 2] * 50])
    matrix = rows[rng.integers(0, 2, 438)] * rng.choice([-1, 1], (438, 1)) * rng.choice([-1, 1], (1, 100))
    assert invariant_factors(matrix) == (1, 5)


def test_large_random_matrix() -> None:
    matrix = np.random.default_rng(0).integers(-9, 10, (150, 150))
    factors = invariant_factors(matrix)
    determinant = abs(int(flint.fmpz_mat(matrix.tolist()).det()))
    assert len(factors) == 150
    assert np.prod(np.array(factors, dtype=object)) == determinant
    assert all(b % a == 0 for a, b in pairwise(factors))


def test_blocks() -> None:
    rng = np.random.default_rng(1)
    n = 40
    blocks = rng.integers(2, 9, (n, 2, 2)) * rng.choice([-1, 1], (n, 2, 2))
    matrix = np.zeros((2 * n, 2 * n), dtype=object)
    for i, block in enumerate(blocks):
        matrix[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = block
    assert invariant_factors(matrix) == plain_factors(matrix.tolist())


@pytest.mark.parametrize(
    ("matrix", "text"),
    [
        ([[1, 2], [3]], "row 1 has 1 entries"),
        ([[0.5]], "floats are refused"),
        (3, "expected a matrix"),
        ((2, 2, [(0, 2, 1)]), r"entry at \(0, 2\), but the matrix is 2 × 2"),
        ((2, 2, [(0, 0, 1.0)]), "expected an integer"),
        ((2, 2, [(0, 0, True)]), "expected an integer"),
    ],
)
def test_refused(matrix: Any, text: str) -> None:
    with pytest.raises(InputError, match=text):
        invariant_factors(matrix)


def test_the_rank_check_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lying:
        def __init__(self, *args: Any) -> None:
            pass

        def rank(self) -> int:
            return 1

    monkeypatch.setattr(smith.flint, "nmod_mat", Lying)
    with pytest.raises(VerificationError, match="has rank 1 modulo"):
        invariant_factors([[2, 3], [3, 2]])


def test_content_is_taken_out_first() -> None:
    matrix = np.array([[4, 6], [6, 10]]) * 7
    assert gcd(*matrix.ravel().tolist()) == 14
    assert invariant_factors(matrix) == (14, 14)
