"""Shortest vectors of polyhedra against SciPy, the optimality conditions, and the same without floating point."""

from __future__ import annotations

from fractions import Fraction as F
from random import Random

import numpy as np
import pytest

from polyrelu.exact.shortest import Inequalities, exact_array


def polyhedron(rng: Random) -> tuple[list[list[int]], list[int], int]:
    """A small polyhedron {z : a z ≤ v}, often degenerate, flat or empty."""
    d, m, bound = rng.randint(1, 5), rng.randint(0, 11), rng.choice([1, 2, 9])
    a = [[rng.randint(-bound, bound) for _ in range(d)] for _ in range(m)]
    v = [rng.randint(-bound - 1, 2 * bound) for _ in range(m)]
    if m and rng.random() < 0.3:
        a.append([-x for x in a[0]])
        v.append(-v[0])
    return a, v, d


def by_scipy(a: np.ndarray, v: np.ndarray, norm: str | int) -> float | None:
    """The minimum by HiGHS; None if there is no solution."""
    optimize = pytest.importorskip("scipy.optimize")
    d = a.shape[1]
    sizes = np.ones((d, 1)) if norm == "inf" else np.eye(d)
    rows = np.block([[a, np.zeros((len(a), sizes.shape[1]))], [np.eye(d), -sizes], [-np.eye(d), -sizes]])
    costs = np.r_[np.zeros(d), np.ones(sizes.shape[1])]
    found = optimize.linprog(costs, rows, np.r_[v, np.zeros(2 * d)], bounds=[(None, None)] * len(costs))
    return None if found.status == 2 else float(found.fun)


@pytest.mark.parametrize("seed", range(60))
def test_random_polyhedra(seed, monkeypatch):
    a, v, d = polyhedron(Random(seed))
    rows = Inequalities(a, v, d)
    found = {norm: rows.shortest(rows.b, norm) for norm in ("inf", 1, 2)}
    monkeypatch.setattr(Inequalities, "_proposal", lambda *_: None)
    for norm, shortest in found.items():
        assert shortest == rows.shortest(rows.b, norm)  # what floating point proposes does not matter
        assert (shortest is None) == (found[2] is None)
        if shortest is None:
            assert by_scipy(np.array(a, float).reshape(-1, d), np.array(v, float), 1) is None
            continue
        z = shortest.vector
        assert all(sum(x * y for x, y in zip(row, z, strict=True)) <= b for row, b in zip(a, v, strict=True))
        sizes = [abs(x) for x in z]
        assert shortest.value == {"inf": max(sizes), 1: sum(sizes), 2: sum(x * x for x in z)}[norm]
        if norm != 2:
            expected = by_scipy(np.array(a, float).reshape(-1, d), np.array(v), norm)
            assert float(shortest.value) == pytest.approx(expected, abs=1e-8)
        if shortest.value > 0:
            assert rows.shortest(rows.b, norm, shortest.value) == shortest
            assert rows.shortest(rows.b, norm, shortest.value * F(999, 1000)) is None


@pytest.mark.parametrize("seed", range(60, 90))
def test_the_conditions_of_kuhn_and_tucker(seed):
    """In L2, z is optimal iff −z is a combination of tight rows with factors ≥ 0."""
    optimize = pytest.importorskip("scipy.optimize")
    a, v, d = polyhedron(Random(seed))
    found = Inequalities(a, v, d).shortest(exact_array(v), 2)
    if found is not None and found.value:
        z = found.vector
        tight = [row for row, b in zip(a, v, strict=True) if sum(x * y for x, y in zip(row, z, strict=True)) == b]
        assert optimize.nnls(np.array(tight, float).T, -np.array(z, float))[1] < 1e-8


@pytest.mark.parametrize("norm", ["inf", 1])
def test_uniqueness(norm):
    """Against the extent of the set of all optimal vectors, in each coordinate, by HiGHS."""
    optimize = pytest.importorskip("scipy.optimize")
    several = 0
    for seed in range(40):
        a, v, d = polyhedron(Random(1000 + seed))
        found = Inequalities(a, v, d).shortest(exact_array(v), norm)
        if found is None:
            continue
        r = float(found.value) + 1e-9
        sizes = np.zeros((d, 0)) if norm == "inf" else np.eye(d)
        n = d + sizes.shape[1]
        rows = np.zeros((len(a) + 2 * d + (norm == 1), n))
        rows[: len(a), :d] = np.array(a).reshape(-1, d)
        rows[len(a) : len(a) + 2 * d] = np.block([[np.eye(d), -sizes], [-np.eye(d), -sizes]])
        rows[len(a) + 2 * d :, d:] = 1
        right = np.r_[np.array(v, float) + 1e-9, np.full(2 * d, r if norm == "inf" else 0), [r] * (norm == 1)]
        widths = []
        for i in range(d):
            ends = [optimize.linprog(s * np.eye(n)[i], rows, right, bounds=[(None, None)] * n).fun for s in (1, -1)]
            widths.append(-sum(ends))
        assert found.is_unique == (max(widths) < 1e-6), (a, v)
        several += not found.is_unique
    assert several > 3


def test_of_several_shortest_vectors_the_one_that_is_shortest_in_l2():
    line = Inequalities([[-1, -1, 0]], [-1], 3)  # x + y ≥ 1
    assert line.shortest(line.b, 1) == ((F(1, 2), F(1, 2), 0), 1, False)
    half = Inequalities([[-1, 0, 0]], [F(-1, 3)], 3)  # x ≥ 1/3
    assert half.shortest(half.b, "inf") == ((F(1, 3), 0, 0), F(1, 3), False)
    assert half.shortest(half.b, 1) == ((F(1, 3), 0, 0), F(1, 3), True)


@pytest.mark.parametrize("norm", ["inf", 1, 2])
def test_entries_that_underflow(norm):
    """The entry 10^−400 is 0 in floating point, and yet the second row is violated at (0, 10^300)."""
    rows = Inequalities([[0, -1], [1, F(1, 10**400)]], [-(10**300), F(1, 10**150)], 2)
    x, y = rows.shortest(rows.b, norm).vector
    assert y >= 10**300 and x + y / 10**400 <= F(1, 10**150)
