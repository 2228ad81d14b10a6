"""Tables of regions, against the complexes and Python's own arithmetic."""

from __future__ import annotations

import csv
import time
from fractions import Fraction
from math import inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.geometry.volume import volumes
from polyrelu.network.network import Network
from support.known_answers import random_float32
from support.simplices import volume_by_simplices
from support.strategies import examples, networks, seeded_network


@examples(20)
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
    cx = pr.subdivide(Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]]))
    for pattern in ("+-", "[+-]?", "[?x]", "[??][]", 5):
        with pytest.raises(pr.InputError, match=r"pattern: expected a bracket .* '\[\?\?\]'"):
            pr.regions_table(cx, pattern=pattern)
    with pytest.raises(pr.NumberError, match="crossing"):
        pr.regions_table(cx, crossing="x")
    with pytest.raises(pr.InputError, match="crossing: the network has 2 outputs"):
        pr.regions_table(pr.subdivide(Network([[[1], [2]]], [[0, 0]])), crossing=0)


# ---- filters -------------------------------------------------------------------------------------------------------


@examples(15)
@given(networks(), st.sampled_from([None, 0]), st.booleans(), st.sampled_from(["0", "1/2", "-1"]))
def test_filters_leave_the_rows_that_pass(net, level, boxed, t):
    """Against the whole table, and for a level against C(F, t), which cuts exactly the regions that it crosses."""
    cx = pr.subdivide(net, level, [(-1, 2)] * net.input_dim if boxed else None)
    d, whole = cx.input_dim, pr.regions_table(cx)
    rows = range(cx.n_regions)
    pattern = "".join("?" if i % 2 and mark in "+-0*" else mark for i, mark in enumerate(whole["pattern"][0]))
    like = [all(a in ("?", b) for a, b in zip(pattern, p, strict=True)) for p in whole["pattern"]]
    cases = {
        "bounded": (True, whole["bounded"]),
        "pattern": (pattern, like),
        "min_volume": ("1/3", [v >= Fraction(1, 3) for v in whole["volume"]]),
    }
    if level is None and net.output_dim == 1:
        cut = pr.subdivide(net, Fraction(t), cx.domain)
        sides = {}
        for i in range(cut.n_regions):
            sides.setdefault(cx.locate(cut.interior_point(d, i)), set()).add(int(cut.signs(d)[i]))
        cases["crossing"] = t, [sides[(d, i)] in ({1, -1}, {0}) for i in rows]
    for name, (value, expected) in cases.items():
        table = pr.regions_table(cx, **{name: value})
        chosen = [i for i in rows if expected[i]]
        assert list(table["region"]) == chosen, name
        assert {key: list(column) for key, column in table.items()} == {
            key: [column[i] for i in chosen] for key, column in whole.items()
        }
    if level is not None:
        assert list(pr.regions_table(cx.region(">="), volume=False)["region"]) == list(cx.region(">=").cells(d))


def test_sets_of_partitions_and_formulas_have_rows_of_their_network():
    net = random_float32((2, 4, 3), 5)
    partition = pr.classify(net, [(-2, 2)] * 2)
    table = pr.regions_table(partition)
    assert sum(table["volume"]) == 16 and len(set(table["class"])) > 1
    for i, point in enumerate(table["interior_point"]):
        assert partition.class_of(point) == table["class"][i] and table["pattern"][i].count("[") == 1
        linear, constant = table["linear"][i], table["constant"][i]
        pairs = zip(linear, constant, strict=True)
        value = tuple(sum(a * x for a, x in zip(row, point, strict=True)) + c for row, c in pairs)
        assert value == net(point)
    one = pr.regions_table(partition.region(1))
    assert set(one["class"]) == {1} and len(one["region"]) == list(table["class"]).count(1)
    refinement = pr.refine(net, "F0 > 0", [(-2, 2)] * 2)
    inside, outside = (pr.regions_table(refinement.region(f)) for f in ("F0 > 0", "not F0 > 0"))
    assert sum(inside["volume"]) + sum(outside["volume"]) == 16
    assert all(net(point)[0] > 0 for point in inside["interior_point"])


@pytest.mark.slow
def test_a_large_table_takes_no_longer_than_a_minute(tmp_path):
    cx = pr.subdivide(random_float32((3, 24, 24, 1), 0), 0, [(-4, 4)] * 3)
    start = time.monotonic()
    table = pr.regions_table(cx)
    pr.write_table(table, tmp_path / "regions.csv")
    assert time.monotonic() - start < 60
    some = Random(0).sample(range(cx.n_regions), 40)
    assert all(table["volume"][i] == volume_by_simplices(cx, i) for i in some)
    assert float(sum(map(float, table["volume"]))) == pytest.approx(512)
