"""Cells as JSON and as polymake data, read again by nothing but the standard library (and polymake, where it is)."""

from __future__ import annotations

import json
import shutil
import subprocess
from fractions import Fraction
from math import inf
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.exact.rational import exact
from polyrelu.geometry.vertices import ExactVertices
from polyrelu.geometry.volume import volumes
from polyrelu.network.network import Network
from support.known_answers import cases
from support.reference import dot
from support.strategies import examples, networks, seeded_network


def read_cells(path: Path):
    content = json.loads(path.read_text())
    for name in ("vertices", "rays", "lines"):
        content[name] = [[Fraction(x) for x in row] for row in content[name]]
    for cell in content["cells"]:
        for name in ("inequalities", "equations"):
            cell[name] = [[Fraction(x) for x in row] for row in cell[name]]
    return content


def tight(row, content, cell):
    """Which vertices and rays of a cell satisfy a·x ≤ b with equality; all must satisfy it."""
    b, *a = row
    gaps = [b - dot(a, content["vertices"][v]) for v in cell["vertices"]]
    gaps += [-dot(a, content["rays"][r]) for r in cell["rays"]]
    assert all(gap >= 0 for gap in gaps) and not any(dot(a, line) for line in content["lines"])
    names = [("v", v) for v in cell["vertices"]] + [("r", r) for r in cell["rays"]]
    return {name for name, gap in zip(names, gaps, strict=True) if gap == 0}


def span(cell):
    return {("v", v) for v in cell["vertices"]} | {("r", r) for r in cell["rays"]}


@examples(20)
@given(networks(), st.sampled_from([None, 0, Fraction(1, 3)]), st.booleans())
def test_cells_as_json(tmp_path_factory, net, level, boxed):
    """Both descriptions of every cell agree, the facets are cells of the file, and F has the sign that is told."""
    path = tmp_path_factory.mktemp("cells") / "cells.json"
    cx = pr.subdivide(net, level, [(-1, 2)] * net.input_dim if boxed else None)
    pr.write_cells(cx, path)
    content = read_cells(path)
    assert content["format"] == "polyrelu cells" and content["version"] == 1
    assert Network.from_dict(content["network"]) == net and content["dimension"] == net.input_dim
    assert (content["level"] is None) == (level is None) and (content["domain"] is None) == (not boxed)
    if boxed:
        assert pr.Domain(**content["domain"]) == cx.domain
    assert content["vertices"] == [list(x) for x in cx.vertices()]
    assert content["rays"] == [list(x) for x in cx.rays()] and content["lines"] == [list(x) for x in cx.lineality]
    cells = {(cell["dimension"], cell["number"]): cell for cell in content["cells"]}
    assert [(k, i) for k in range(net.input_dim + 1) for i in range(cx.n_cells(k))] == list(cells)
    for (k, _i), cell in cells.items():
        for row in cell["equations"]:
            assert tight(row, content, cell) == span(cell)
        assert len(cell["equations"]) == net.input_dim - k
        faces = [span(cells[k - 1, f]) for f, _ in cell["facets"]]
        for row in cell["inequalities"]:  # a facet each
            assert tight(row, content, cell) in faces
        assert len(cell["inequalities"]) == len(faces)
        assert cell["bounded"] == (not cell["rays"] and not content["lines"])
        if level is not None:
            point = [
                sum(c) / len(cell["vertices"])
                for c in zip(*(content["vertices"][v] for v in cell["vertices"]), strict=True)
            ]
            for r in cell["rays"]:
                point = [p + x for p, x in zip(point, content["rays"][r], strict=True)]
            value = net(point) - level
            assert cell["sign"] == (value > 0) - (value < 0)
        else:
            assert "sign" not in cell
        if k - 2 >= len(content["lines"]):  # the boundary of the boundary
            total: dict[int, int] = {}
            for f, s in cell["facets"]:
                for g, t in cells[k - 1, f]["facets"]:
                    total[g] = total.get(g, 0) + s * t
            assert not any(total.values())


def test_double_description_finds_the_vertices(tmp_path):
    """pycddlib makes the vertices and rays of each cell from its inequalities."""
    cdd = pytest.importorskip("cdd")
    pytest.importorskip("cdd.gmp")
    cx = pr.subdivide(cases()[0].network, 0)
    pr.write_cells(cx, tmp_path / "cells.json")
    content = read_cells(tmp_path / "cells.json")
    assert not content["lines"]
    for cell in content["cells"][::3]:
        rows = [[b, *(-x for x in a)] for b, *a in cell["inequalities"] + cell["equations"]]
        linear = set(range(len(cell["inequalities"]), len(rows)))
        if not rows:
            continue
        system = cdd.gmp.matrix_from_array(rows, rep_type=cdd.RepType.INEQUALITY, lin_set=linear)
        generators = cdd.gmp.copy_generators(cdd.gmp.polyhedron_from_matrix(system)).array
        found = {tuple(row) for row in generators if row[0] == 1}
        assert found == {(1, *content["vertices"][v]) for v in cell["vertices"]}
        assert sum(row[0] == 0 for row in generators) == len(cell["rays"])


def test_some_dimensions_and_long_numbers(tmp_path):
    net = Network([[[f"1/{10**700 + 1}", 0], [1, 1]], [[1, 1]]], [[1, 0], [-1]])
    cx = pr.subdivide(net, 0)
    pr.write_cells(cx, tmp_path / "cells.json", [0, 2, 2])
    content = json.loads((tmp_path / "cells.json").read_text())
    assert {cell["dimension"] for cell in content["cells"]} == {0, 2}
    assert [tuple(map(exact, row)) for row in content["vertices"]] == list(cx.vertices())
    for dimensions in ([3], [-1], ["a"], [True], 2, [[1]]):
        with pytest.raises((pr.PointError, pr.InputError)):
            pr.write_cells(cx, tmp_path / "other.json", dimensions)
    with pytest.raises(pr.InputError, match="write_cells"):
        pr.write_cells(net, tmp_path / "other.json")
    assert [x.name for x in tmp_path.iterdir()] == ["cells.json"]


@pytest.mark.parametrize("write", [pr.write_cells, pr.write_polymake])
def test_interrupted_writing_leaves_nothing(write, tmp_path, monkeypatch):
    cx = pr.subdivide(cases()[0].network)

    def interrupted(self, v):
        if v == 3:
            raise KeyboardInterrupt
        return original(self, v)

    original = ExactVertices.homogeneous
    monkeypatch.setattr(ExactVertices, "homogeneous", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(cx, tmp_path / "file")
    assert not list(tmp_path.iterdir())


# ---- polymake ------------------------------------------------------------------------------------------------------


def read_matrix(rows):
    return [] if rows and isinstance(rows[0], dict) else [tuple(Fraction(x) for x in row) for row in rows]


@examples(20)
@given(networks(), st.sampled_from([None, 0]))
def test_polymake_files(tmp_path_factory, net, level):
    path = tmp_path_factory.mktemp("polymake") / "file"
    cx = pr.subdivide(net, level)
    d = cx.input_dim
    pr.write_polymake(cx, path)
    content = json.loads(path.read_text())
    assert (
        content["_type"] == "fan::PolyhedralComplex<Rational>"
        and content["_ns"]["polymake"][0] == "https://polymake.org"
    )
    vertices = read_matrix(content["VERTICES"])
    assert vertices == [(1, *x) for x in cx.vertices()] + [(0, *x) for x in cx.rays()]
    assert read_matrix(content["LINEALITY_SPACE"]) == [(0, *x) for x in cx.lineality]
    *regions, columns = content["MAXIMAL_POLYTOPES"]
    assert columns == {"cols": len(vertices)}
    assert regions == [cx.cell_vertices(d, i).tolist() for i in range(cx.n_cells(d))]
    for k in range(len(cx.lineality), d + 1):
        pr.write_polymake(cx, path, (k, cx.n_cells(k) - 1))
        cell = json.loads(path.read_text())
        assert cell["_type"] == "polytope::Polytope<Rational>" and cell["CONE_AMBIENT_DIM"] == d + 1
        points, lines = read_matrix(cell["POINTS"]), read_matrix(cell["INPUT_LINEALITY"])
        inequalities, equations = read_matrix(cell["INEQUALITIES"]), read_matrix(cell["EQUATIONS"])
        assert len(equations) == d - k
        assert not any(dot(row, x) for row in equations for x in points + lines)
        assert not any(dot(row, x) for row in inequalities for x in lines)
        shape = cx.h_representation(k, cx.n_cells(k) - 1)
        assert len(inequalities) == len(shape.inequalities)
        for row in inequalities:  # every one is a facet: its points span a space of one dimension less
            values = [dot(row, x) for x in points]
            assert min(values) == 0 and max(values) > 0
    with pytest.raises(pr.PointError):
        pr.write_polymake(cx, path, (d, 10**6))
    with pytest.raises(pr.PointError):
        pr.write_polymake(cx, path, (d + 1, 0))


@pytest.mark.skipif(shutil.which("polymake") is None, reason="polymake is not installed")
def test_polymake_reads_them(tmp_path):
    """polymake agrees on sizes, dimensions, both descriptions, and exact volumes."""
    script, expected = ['use application "fan";', "my $c; my $p;"], []
    for seed in (0, 1, 5, 7, 12, 20, 23):
        net = seeded_network(seed)
        cx = pr.subdivide(net, 0, [(-1, 2)] * net.input_dim if seed % 2 else None)
        d, path = cx.input_dim, tmp_path / f"complex-{seed}.pcom"
        pr.write_polymake(cx, path)
        numbers = (
            "$c->N_VERTICES",
            "$c->N_MAXIMAL_POLYTOPES",
            "$c->LINEALITY_DIM",
            "$c->AMBIENT_DIM",
            "$c->FAR_VERTICES->size",
        )
        script.append(f'$c = load("{path}"); print join(" ", {", ".join(numbers)}), "\\n";')
        n = cx.n_finite_vertices + cx.n_rays
        expected.append(f"{n} {cx.n_cells(d)} {len(cx.lineality)} {d} {cx.n_rays}")
        volume = volumes(cx)
        for k in {d, max(d - 1, len(cx.lineality))}:
            path = tmp_path / f"cell-{seed}-{k}.poly"
            pr.write_polymake(cx, path, (k, 0))
            found = "$p->VOLUME" if k == d and volume[0] != inf else '"-"'
            script.append(f'$p = load("{path}"); print join(" ", $p->DIM, $p->N_VERTICES, {found}), "\\n";')
            script.append("{ my $q = new polytope::Polytope(POINTS=>$p->POINTS, INPUT_LINEALITY=>$p->INPUT_LINEALITY);")
            script.append("my $r = new polytope::Polytope(INEQUALITIES=>$p->INEQUALITIES, EQUATIONS=>$p->EQUATIONS);")
            script.append('print polytope::equal_polyhedra($q, $r) ? "equal" : "different", "\\n"; }')
            exact = volume[0] if found != '"-"' else "-"
            expected += [f"{k} {len(cx.cell_vertices(k, 0))} {exact}", "equal"]
    (tmp_path / "script.pl").write_text("\n".join(script))
    command = ["polymake", "--script", str(tmp_path / "script.pl")]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    assert found.stdout.splitlines() == expected
