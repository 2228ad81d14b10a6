"""Exact volumes, against other triangulations, floating point, and sums over boxes."""

from __future__ import annotations

from fractions import Fraction
from math import inf, prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.geometry.volume import volumes
from polyrelu.network.network import Network
from support.known_answers import random_float32
from support.reference import echelon
from support.simplices import determinant, volume_by_simplices
from support.strategies import examples, invertible_matrices, networks, precomposed, seeded_network


@examples(25)
@given(networks(), st.sampled_from([None, 0]))
def test_volumes_add_up_to_the_box(net, level):
    d = net.input_dim
    box = [(Fraction(-1, 3) - k, 2 + k) for k in range(d)]
    found = volumes(pr.subdivide(net, level, box))
    assert all(isinstance(x, Fraction) and x > 0 for x in found)
    assert sum(found) == prod(high - low for low, high in box)


@examples(30)
@given(networks())
def test_volumes_against_another_triangulation(net):
    cx = pr.subdivide(net)
    found = volumes(cx)
    bounded = cx.bounded_modulo_lineality(cx.input_dim) & (not cx.lineality)
    for i, volume in enumerate(found):
        assert (volume != inf) == bounded[i]
        if bounded[i] and i % 3 == 0:
            assert volume == volume_by_simplices(cx, i)


@pytest.mark.parametrize("architecture", [(2, 8, 8, 1), (3, 6, 6, 1), (4, 6, 1)])
def test_volumes_against_qhull(architecture):
    spatial = pytest.importorskip("scipy.spatial")
    d = architecture[0]
    cx = pr.subdivide(random_float32(architecture, 5), None, [(-3, 3)] * d)
    for i, volume in enumerate(volumes(cx)):
        points = np.array([[float(c) for c in cx.vertex(int(v))] for v in cx.cell_vertices(d, i)])
        # QJ: Qhull moves the points a little, so that it does not fail on cells that are nearly flat
        assert float(volume) == pytest.approx(spatial.ConvexHull(points, qhull_options="QJ").volume, rel=1e-5, abs=1e-6)


def test_areas_by_the_shoelace_formula():
    cx = pr.subdivide(seeded_network(3, {2: [(6, 5)]}), None, [(-2, 2)] * 2)
    for i, area in enumerate(volumes(cx)):
        points = [cx.vertex(int(v)) for v in cx.cell_vertices(2, i)]
        middle = cx.interior_point(2, i)
        points.sort(key=lambda p: np.arctan2(float(p[1] - middle[1]), float(p[0] - middle[0])))
        twice = sum(p[0] * q[1] - p[1] * q[0] for p, q in zip(points, [*points[1:], points[0]], strict=True))
        assert area == abs(twice) / 2


@examples(20)
@given(st.data())
def test_volumes_under_linear_maps(data):
    """vol(A⁻¹ P) = vol(P) / |det A|."""
    net = data.draw(networks(dims=(2, 3)))
    matrix = data.draw(invertible_matrices(net.input_dim))
    assert len(echelon(matrix)[1]) == net.input_dim
    moved = precomposed(net, matrix, [Fraction(1, 2)] * net.input_dim)
    factor = abs(determinant(matrix))

    def finite(cx: pr.PolyhedralComplex) -> list[Fraction]:
        return sorted(x for x in volumes(cx) if isinstance(x, Fraction))

    a, b = pr.subdivide(net), pr.subdivide(moved)
    if not a.artificial_hyperplanes and not b.artificial_hyperplanes:
        assert [x / factor for x in finite(a)] == finite(b)


def test_known_volumes():
    cube = pr.subdivide(Network([[[0] * 4]], [[0]]), None, [(0, 2)] * 4)
    assert volumes(cube) == [16]
    ball = [[s * (i == j) for j in range(3)] for i in range(3) for s in (1, -1)]
    octahedron = pr.subdivide(Network([ball, [[-1] * 6]], [[0] * 6, [1]]), 0)  # 1 − |x| − |y| − |z|
    inside = octahedron.signs(3) > 0
    assert sum(np.array(volumes(octahedron), dtype=object)[inside]) == Fraction(4, 3)
    assert volumes(pr.subdivide(Network([[[1, 0]]], [[0]]), 0)) == [inf, inf]
