"""Tables of regions and exact volumes, against floating point, sums over boxes, and Python's own arithmetic."""

from __future__ import annotations

import csv
import time
from fractions import Fraction
from math import factorial, inf, prod
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.geometry.volume import volumes
from polyrelu.network.network import Network
from support.known_answers import random_float32
from support.reference import echelon
from support.strategies import examples, invertible_matrices, networks, precomposed, seeded_network


def determinant(rows: list[list[Fraction]]) -> Fraction:
    if not rows:
        return Fraction(1)
    return sum(
        (-1) ** j * rows[0][j] * determinant([row[:j] + row[j + 1 :] for row in rows[1:]]) for j in range(len(rows))
    )


def pulled(cx: pr.PolyhedralComplex, k: int, i: int) -> list[list[int]]:
    """Simplices of bounded cell i by another triangulation: cones from its *last* vertex, without signs."""
    own = cx.cell_vertices(k, i).tolist()
    if k == 0:
        return [own]
    indptr, facets, _ = cx.facets(k)
    around = facets[indptr[i] : indptr[i + 1]].tolist()
    away = [f for f in around if own[-1] not in cx.cell_vertices(k - 1, f)]
    return [[*simplex, own[-1]] for f in away for simplex in pulled(cx, k - 1, f)]


def volume_by_simplices(cx: pr.PolyhedralComplex, i: int) -> Fraction:
    d = cx.input_dim
    total = Fraction(0)
    for simplex in pulled(cx, d, i):
        base, *others = (cx.vertex(v) for v in simplex)
        total += abs(determinant([[a - b for a, b in zip(x, base, strict=True)] for x in others]))
    return total / factorial(d)


@examples(50)
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


# ---- tables --------------------------------------------------------------------------------------------------------


@examples(40)
@given(networks(), st.sampled_from([None, 0]), st.booleans())
def test_table_against_single_methods(net, level, boxed):
    cx = pr.subdivide(net, level, [(-1, 2)] * net.input_dim if boxed else None)
    table = pr.regions_table(cx)
    d = cx.input_dim
    assert {len(column) for column in table.values()} == {cx.n_cells(d)}
    assert ("sign" in table) == (level is not None)
    for i in range(0, cx.n_cells(d), 4):
        row = {name: column[i] for name, column in table.items()}
        cell, facets = cx.v_representation(d, i), cx.h_representation(d, i).inequalities
        assert row["region"] == i
        point = cx.interior_point(d, i)
        assert row["interior_point"] == point
        assert (row["linear"], row["constant"]) == cx.affine_map(i)
        assert row["vertices"] == (0 if cell.lines else len(cell.vertices))
        assert row["rays"] == len(cell.rays) and row["facets"] == len(facets)
        assert row["bounded"] == (not cell.lines and not cell.rays) == (row["volume"] != inf)
        marks = {1: "+", 0: "0", -1: "-"}
        expected = "".join(
            "[" + "".join("*" if a == 1 else marks[s] for s, a in zip(layer, slopes, strict=True)) + "]"
            for layer, slopes in zip(cx.sign_vector(d, i), net.slopes, strict=True)
        )
        assert row["pattern"] == expected
        if level is not None:
            value = net(point) - level
            assert row["sign"] == (value > 0) - (value < 0)
    assert "volume" not in pr.regions_table(cx, volume=False)


def test_pandas_takes_it():
    pandas = pytest.importorskip("pandas")
    cx = pr.subdivide(random_float32((2, 6, 6, 1), 1), 0, [(-1, 1)] * 2)
    frame = pandas.DataFrame(pr.regions_table(cx))
    assert len(frame) == cx.n_regions and frame["bounded"].all()
    assert frame["volume"].sum() == 4
    positive = frame[frame["sign"] > 0]["volume"].sum()
    assert positive == sum(v for v, s in zip(volumes(cx), cx.signs(2), strict=True) if s > 0)


def test_csv_is_exact(tmp_path):
    net = Network([[["1/3", 2], [-1, "0.1"]], [[1, f"-1/{10**400 + 1}"]]], [[1, -1], [0]])
    cx = pr.subdivide(net, 0)
    table = pr.regions_table(cx)
    pr.write_table(table, tmp_path / "regions.csv")
    with open(tmp_path / "regions.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == cx.n_regions
    assert list(rows[0])[-6:] == [
        "linear_1_1",
        "linear_1_2",
        "constant_1",
        "interior_point_1",
        "interior_point_2",
        "volume",
    ]
    for i, row in enumerate(rows):
        weights, constants = cx.affine_map(i)
        assert tuple(Fraction(row[f"linear_1_{j}"]) for j in (1, 2)) == weights[0]
        assert Fraction(row["constant_1"]) == constants[0]
        assert tuple(Fraction(row[f"interior_point_{j}"]) for j in (1, 2)) == cx.interior_point(2, i)
        assert row["volume"] == "inf" if table["volume"][i] == inf else Fraction(row["volume"]) == table["volume"][i]
        assert row["bounded"] == str(bool(table["bounded"][i])) and row["pattern"] == table["pattern"][i]
        assert int(row["sign"]) == cx.signs(2)[i]


def test_bad_tables(tmp_path):
    path = tmp_path / "t.csv"
    for table in ({"a": [1], "b": [1, 2]}, [1, 2], {"a": [0.5]}, {"a": [None]}, {"a": [1, "x", object()]}):
        with pytest.raises(pr.InputError, match="write_table"):
            pr.write_table(table, path)
        assert not path.exists()
    pr.write_table({"a": [], "b": []}, path)
    assert path.read_text() == "a,b\n"
    with pytest.raises(pr.InputError, match="regions_table: expected a PolyhedralComplex"):
        pr.regions_table(seeded_network(0))


@pytest.mark.slow
def test_a_large_table_takes_no_longer_than_two_minutes(tmp_path):
    cx = pr.subdivide(random_float32((3, 32, 32, 1), 0), 0, [(-4, 4)] * 3)
    start = time.monotonic()
    table = pr.regions_table(cx)
    pr.write_table(table, tmp_path / "regions.csv")
    assert time.monotonic() - start < 120
    some = Random(0).sample(range(cx.n_regions), 40)
    assert all(table["volume"][i] == volume_by_simplices(cx, i) for i in some)
    assert float(sum(map(float, table["volume"]))) == pytest.approx(512)
