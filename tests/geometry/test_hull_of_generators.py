"""Domains that are given by points and rays, against scipy's hulls and against their own vertices."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu import Domain, DomainError, Network
from polyrelu.geometry import generators
from polyrelu.geometry.hull import spanned_slice


def vectors(draw: st.DrawFn, d: int, least: int, most: int) -> list[list[int]]:
    return draw(st.lists(st.lists(st.integers(-3, 3), min_size=d, max_size=d), min_size=least, max_size=most))


@st.composite
def polyhedra(draw: st.DrawFn) -> tuple[list[list[int]], list[list[int]]]:
    d = draw(st.integers(1, 4))
    return vectors(draw, d, 1, 8), vectors(draw, d, 0, 4)


@settings(max_examples=80, deadline=None)
@given(polyhedra(), st.integers(0, 10**6))
def test_points_lie_in_the_domain_iff_they_are_combinations(made: Any, seed: int) -> None:
    linprog = pytest.importorskip("scipy.optimize").linprog
    points, rays = made
    try:
        domain = Domain.hull(points, rays)
    except DomainError as error:
        assert "whole space" in str(error)
        domain = None
    columns = [[1, *p] for p in points] + [[0, *r] for r in rays]
    rng = np.random.default_rng(seed)
    d = len(points[0])
    tries = rng.integers(-5, 6, size=(12, d)).tolist()
    weights = rng.integers(0, 3, size=(4, len(columns)))
    weights[:, 0] += 1
    for row in weights.tolist():
        total = sum(w for w, c in zip(row, columns, strict=True) if c[0])
        x = [sum(Fraction(w * c[1 + j], total) for w, c in zip(row, columns, strict=True)) for j in range(d)]
        assert domain is None or domain.contains(x)
    for x in tries:
        found = linprog(np.zeros(len(columns)), A_eq=np.array(columns, dtype=float).T, b_eq=[1, *x])
        assert (domain is None or domain.contains(x)) == (found.status == 0)


@settings(max_examples=30, deadline=None)
@given(polyhedra())
def test_facets_and_vertices_are_those_of_scipy(made: Any) -> None:
    hull = pytest.importorskip("scipy.spatial")
    points, _ = made
    d = len(points[0])
    array = np.unique(np.array(points), axis=0)
    assume(d > 1 and len(array) > d and np.linalg.matrix_rank(array - array[0]) == d)
    found = hull.ConvexHull(array)
    facets = {tuple(np.round(row, 8)) for row in found.equations}
    domain = Domain.hull(points)
    assert len(domain.b) == len(facets) and spanned_slice(domain) is None
    cx = pr.subdivide(Network([[[0] * d]], [[0]]), domain=domain)
    vertices = {tuple(map(Fraction, x)) for x in array[found.vertices].tolist()}
    assert cx.f_vector[0] == len(vertices) and cx.f_vector[d - 1] == len(facets)
    assert all(domain.contains(x) for x in vertices)


def test_flat_and_unbounded_polyhedra() -> None:
    segment = Domain.hull([[0, 0, 1], [1, 2, 1]])
    assert (found := spanned_slice(segment)) is not None and found.dim == 1
    assert segment.contains(["1/2", 1, 1]) and not segment.contains([2, 4, 1]) and not segment.contains([1, 1, 1])
    quadrant = Domain.hull([[0, 0]], [[1, 0], [0, 1]])
    assert sorted(quadrant.half_spaces()) == [(0, 0, 1), (0, 1, 0)]
    strip = Domain.hull([[0, 0], [0, 2]], [[1, 0], [-1, 0]])
    assert sorted(strip.half_spaces()) == [(0, 0, 1), (2, 0, -1)]
    cube = Domain.hull([[i >> j & 1 for j in range(4)] for i in range(16)])
    assert sorted(cube.half_spaces()) == sorted(Domain.box([0] * 4, [1] * 4).half_spaces())
    net = pr.maximum(2)
    assert pr.subdivide(net, 0, Domain.hull([[-1, -1], [1, -1], [0, 2]])).f_vector[2] > 0
    assert pr.betti_numbers(net, domain=Domain.hull([[-1, 1], [1, -1]])) == (2,)


@pytest.mark.parametrize(
    ("points", "rays", "error", "message"),
    [
        ([], (), DomainError, "at least one"), (None, (), DomainError, "at least one"),
        ([[]], (), DomainError, "one coord"),
        ([[0]], None, DomainError, "rays"), ([[0]], [[1], [-1]], DomainError, "whole space"),
        ([[0, 0], [1]], (), pr.PointError, "point 2"), ([[0, 0]], [[1]], pr.PointError, "ray 1"),
        ([["x"]], (), pr.NumberError, "point 1"),
    ],
)  # fmt: skip
def test_wrong_generators(points: Any, rays: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Domain.hull(points, rays)


def test_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generators, "MAX_PAIRS", 0)
    with pytest.raises(pr.LimitError, match="pairs of facets"):
        Domain.hull([[i >> j & 1 for j in range(3)] for i in range(8)])
