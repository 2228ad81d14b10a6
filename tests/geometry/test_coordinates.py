"""The quotient by lineality, against SymPy and against the definition by x_kept + T x_dropped."""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from random import Random

import pytest
from sympy import Matrix

import polyrelu as pr
from polyrelu.errors import LimitError
from polyrelu.geometry import coordinates
from polyrelu.geometry.coordinates import Coordinates


def random_coordinates(rng: Random, d: int, rank: int) -> Coordinates:
    kept = tuple(sorted(rng.sample(range(d), rank)))
    dropped = tuple(j for j in range(d) if j not in kept)
    entry = lambda: Fraction(rng.randint(-4, 4), rng.randint(1, 5))  # noqa: E731
    return Coordinates(d, kept, dropped, tuple(tuple(entry() for _ in dropped) for _ in kept))


def point(rng: Random, d: int) -> list[Fraction]:
    return [Fraction(rng.randint(-9, 9), rng.randint(1, 7)) for _ in range(d)]


CASES = [(seed, d, rank) for seed, (d, rank) in enumerate((d, r) for d in (1, 2, 3, 5) for r in range(d + 1))]


@pytest.mark.parametrize(("seed", "d", "rank"), CASES)
def test_the_subspace_is_what_projection_forgets(seed: int, d: int, rank: int) -> None:
    rng = Random(seed)
    c = random_coordinates(rng, d, rank)
    assert (c.rank, c.lineality_dim, len(c.lineality)) == (rank, d - rank, d - rank)
    # its equations, x_kept + T x_dropped = 0, as SymPy solves them
    equations = Matrix.zeros(rank, d)
    for i, k in enumerate(c.kept):
        equations[i, k] = 1
        for t, j in enumerate(c.dropped):
            equations[i, j] = c.projection[i][t]
    if d > rank:
        basis = Matrix(c.lineality)
        assert not any(equations * basis.T) and basis.rank() == d - rank
        assert all(gcd(*vector) == 1 for vector in c.lineality)
    x = point(rng, d)
    image = c.project(x)
    assert len(image) == rank + 1 and image[0] > 0 and gcd(*image) == 1
    for vector in c.lineality:
        s = Fraction(rng.randint(-9, 9), 4)
        assert c.project([a + s * v for a, v in zip(x, vector, strict=True)]) == image
    # the section: the lift has dropped coordinates zero, lies over the image and differs by the subspace
    section = c.lift(image)
    assert all(section[j + 1] == 0 for j in c.dropped)
    lifted = [Fraction(v, section[0]) for v in section[1:]]
    assert c.project(lifted) == image
    assert not any(equations * Matrix([a - b for a, b in zip(x, lifted, strict=True)]))


@pytest.mark.parametrize(("seed", "d", "rank"), CASES)
def test_forms_pull_back(seed: int, d: int, rank: int) -> None:
    rng = Random(seed)
    c = random_coordinates(rng, d, rank)
    form = [rng.randint(-5, 5) for _ in range(rank + 1)]
    extended, pulled = c.extend(form), c.pull_back(form)
    for _ in range(3):
        x = point(rng, d)
        below = c.project(x)
        value = sum((Fraction(a * b, below[0]) for a, b in zip(form, below, strict=True)), Fraction(0))
        assert extended[0] + sum(a * b for a, b in zip(extended[1:], x, strict=True)) == value
        integral = pulled[0] + sum(a * b for a, b in zip(pulled[1:], x, strict=True))
        assert (integral > 0) - (integral < 0) == (value > 0) - (value < 0)
    assert gcd(*pulled) == 1 or not any(form)


def test_lineality_of_a_subdivision_is_the_null_space_of_the_first_layer() -> None:
    rows = [[1, 2, 0, -1], [2, 4, 0, -2], [0, 1, 1, 1]]
    cx = pr.subdivide(pr.Network([rows, [[1, 1, 1]]], [[0, 1, 2], [0]]))
    basis = Matrix(cx.coordinates.lineality)
    assert not any(Matrix(rows) * basis.T) and basis.rank() == 4 - Matrix(rows).rank() == cx.lineality_dim


def test_a_basis_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    c = random_coordinates(Random(0), 5, 2)
    monkeypatch.setattr(coordinates, "MAX_BASIS", 14)
    assert not c.has_basis
    with pytest.raises(LimitError, match="3 vectors of length 5"):
        _ = c.lineality
    monkeypatch.setattr(coordinates, "MAX_BASIS", 15)
    assert c.has_basis and len(c.lineality) == 3
