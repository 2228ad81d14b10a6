"""Polygons, triangles and tetrahedra of bounded cells, against exact areas and volumes."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import combinations, pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.geometry.polygons import by_size, determinants, polygons, tetrahedra, triangles
from polyrelu.geometry.sparse_rows import SparseRows
from support.simplices import determinant, volume_by_simplices
from support.strategies import examples, seeded_network

PLANE = {2: [(4,), (5,), (3, 3)]}
SPACE = {3: [(3,), (4,), (3, 2)]}


def complexes(widths):
    """Complexes over a box of small networks, many of them degenerate."""
    for seed in range(25):
        net = seeded_network(seed, widths)
        yield Random(seed), pr.subdivide(net, seed % 2 or None, [(-2, 3)] * net.input_dim)


def twice_area(cx, corners):
    (a, b), *rest = (cx.vertex(int(v)) for v in corners)
    edges = [(x - a, y - b) for x, y in rest]
    return sum(p[0] * q[1] - p[1] * q[0] for p, q in pairwise(edges))


def test_polygons_go_around_their_cells():
    """From the least vertex along edges of the cell, with the area of the cell and the sign of its orientation."""
    for rng, cx in complexes(PLANE):
        chosen = np.array(rng.sample(range(cx.n_cells(2)), rng.randint(1, cx.n_cells(2))))
        edges = {frozenset(cx.cell_vertices(1, i).tolist()) for i in range(cx.n_cells(1))}
        rows = polygons(cx, chosen)
        signs = set()
        for cell, corners in zip(chosen, (rows.row(i).tolist() for i in range(len(chosen))), strict=True):
            assert sorted(corners) == sorted(cx.cell_vertices(2, cell).tolist()) and corners[0] == min(corners)
            assert {frozenset(pair) for pair in pairwise([*corners, corners[0]])} <= edges
            area = twice_area(cx, corners)
            assert abs(area) == 2 * volume_by_simplices(cx, cell)
            signs.add(area > 0)
        assert len(signs) == 1  # regions are oriented alike


def test_triangles_are_cut_from_the_first_vertex():
    rows = SparseRows(np.array([0, 3, 3, 7, 9]), np.array([5, 6, 7, 1, 4, 3, 2, 8, 9]), None, 10)
    owners, corners = triangles(rows)
    assert owners.tolist() == [0, 2, 2] and corners.tolist() == [[5, 6, 7], [1, 4, 3], [1, 3, 2]]
    found = [(numbers.tolist(), entries.tolist()) for numbers, entries in by_size(rows)]
    assert found == [([1], [[]]), ([3], [[8, 9]]), ([0], [[5, 6, 7]]), ([2], [[1, 4, 3, 2]])]


def test_tetrahedra_fill_their_cells_and_meet_along_triangles():
    several = 0
    for rng, cx in complexes(SPACE):
        chosen = np.array(sorted(rng.sample(range(cx.n_cells(3)), rng.randint(1, cx.n_cells(3)))))
        cells, corners = tetrahedra(cx, chosen)
        volume: Counter[int] = Counter()
        walls: Counter[frozenset[int]] = Counter()
        for cell, tetrahedron in zip(cells.tolist(), corners.tolist(), strict=True):
            a, *others = (cx.vertex(v) for v in tetrahedron)
            size = abs(determinant([[x - y for x, y in zip(b, a, strict=True)] for b in others]))
            assert size > 0 and set(tetrahedron) <= set(cx.cell_vertices(3, cell).tolist())
            volume[cell] += Fraction(size, 6)
            walls.update(map(frozenset, combinations(tetrahedron, 3)))
        assert volume == {i: volume_by_simplices(cx, i) for i in chosen.tolist()}
        assert max(walls.values()) <= 2
        if len(chosen) == cx.n_cells(3):  # what has one side lies in a wall of the box
            several += 1
            for wall in (wall for wall, count in walls.items() if count == 1):
                ends = [cx.vertex(v) for v in wall]
                assert any(len({x[k] for x in ends}) == 1 and ends[0][k] in (-2, 3) for k in range(3))
    assert several >= 3


@examples(20)
@given(st.integers(1, 4), st.integers(0, 10**6))
def test_determinants(k, seed):
    flint = pytest.importorskip("flint")
    rng = np.random.default_rng(seed)
    matrices = rng.integers(-(10**6), 10**6, (3, k, k)).astype(object) * 10**15
    expected = [int(flint.fmpz_mat(matrix.tolist()).det()) for matrix in matrices]
    assert determinants(matrices).tolist() == expected
