"""Coarse complexes as files, pickles, clipped, drawn: what is kept, what is refused."""

from __future__ import annotations

import json
import pickle
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.export.npz import read_arrays, write_arrays
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.volume import volumes
from support.known_answers import random_float32
from support.reference import RELATIONS

PLANE = random_float32((2, 10, 10, 1))
SPACE = random_float32((3, 8, 8, 1))
BOX = [(-1, 1)] * 3


def coarse(net: pr.Network, domain: Any = None) -> PolyhedralComplex:
    cx = pr.subdivide(net, 0, domain, coarse=True)
    assert cx.decided(cx.input_dim).any() and not cx.decided(cx.input_dim).all()
    return cx


def same(a: PolyhedralComplex, b: PolyhedralComplex) -> None:
    assert a.is_coarse and b.is_coarse and repr(a) == repr(b)
    mine, other = a.arrays.named(), b.arrays.named()
    assert mine.keys() == other.keys() and "decided" in mine
    assert all(np.array_equal(x, other[name]) for name, x in mine.items())
    assert all(np.array_equal(a.decided(k), b.decided(k)) for k in range(a.input_dim + 1))


# ------------------------------------------------------------------------------------------------- pickles and archives


def test_pickles_and_archives(tmp_path: Path) -> None:
    for cx in (coarse(PLANE), coarse(SPACE, BOX)):
        again = pickle.loads(pickle.dumps(cx))
        same(cx, again)
        assert again.locate([Fraction(1, 3)] * cx.input_dim) == cx.locate([Fraction(1, 3)] * cx.input_dim)
        pr.save_complex(cx, tmp_path / "coarse.npz")
        for verify in (False, True):
            same(cx, pr.load_complex(tmp_path / "coarse.npz", verify=verify))
        region = pickle.loads(pickle.dumps(cx.region(">")))
        assert pr.homology(region) == pr.homology(cx.region(">"))


def test_display() -> None:
    cx = coarse(PLANE)
    own = ", ".join(map(str, cx.f_vector))
    assert repr(cx) == f"PolyhedralComplex(coarse C(F, 0) of Network(2-10-10-1, ReLU): its own f-vector {own})"
    assert "coarse C(F, 0)" in cx._repr_html_()
    report = pr.analyse_region(PLANE)
    assert report.is_coarse and report.f_vector is report.n_regions is None and report.cells == cx.f_vector
    assert "coarse complex" in report._repr_html_()
    complete = pr.analyse_region(PLANE, coarse=False)
    assert complete.f_vector == complete.cells == pr.subdivide(PLANE, 0).f_vector and not complete.is_coarse
    assert complete.homology == report.homology


def tampered(tmp_path: Path, cx: PolyhedralComplex, change: Any) -> Path:
    path = tmp_path / "tampered.npz"
    pr.save_complex(cx, path)
    arrays = {name: np.array(x) for name, x in read_arrays(path).items()}
    change(arrays)
    write_arrays(path, arrays)
    return path


def flip_decided(arrays: Any) -> None:
    i = np.flatnonzero(arrays["decided"])[0]
    arrays["decided"][i] *= -1


def decide_beside_the_level(arrays: Any) -> None:
    """An undecided cell that has a face on the level cannot be decided."""
    rows = np.repeat(np.arange(len(arrays["decided"])), np.diff(arrays["facets_2_indptr"]))
    i = rows[arrays["level_signs_1"][arrays["facets_2_indices"]] == 0][0]
    arrays["decided"][i] = arrays["level_signs_2"][i]


def shorten(arrays: Any) -> None:
    arrays["decided"] = arrays["decided"][:-1]


def enlarge(arrays: Any) -> None:
    arrays["decided"][0] = 2


@pytest.mark.parametrize("change", [flip_decided, decide_beside_the_level, shorten, enlarge])
def test_wrong_archives(tmp_path: Path, change: Any) -> None:
    with pytest.raises(pr.FileError, match="decided"):
        pr.load_complex(tampered(tmp_path, coarse(PLANE), change))


def test_archives_without_a_level(tmp_path: Path) -> None:
    def add(arrays: Any) -> None:
        arrays["decided"] = np.zeros(len(arrays["boundary_2"]), np.int8)

    with pytest.raises(pr.FileError, match="a coarse complex has a level"):
        pr.load_complex(tampered(tmp_path, pr.subdivide(PLANE), add))


def test_only_what_is_made_again_is_proved(tmp_path: Path) -> None:
    """A region that is not called decided may be one all the same: no contradiction, but no proof either."""

    def leave_out(arrays: Any) -> None:
        i = np.flatnonzero(arrays["decided"])[0]
        arrays["decided"][i] = 0

    path = tampered(tmp_path, coarse(PLANE), leave_out)
    assert pr.load_complex(path).is_coarse
    with pytest.raises(pr.FileError, match="not the one that this version makes"):
        pr.load_complex(path, verify=True)


# ---------------------------------------------------------------------------------------------------------- other files


def test_cells_as_json(tmp_path: Path) -> None:
    cx = coarse(PLANE)
    pr.write_cells(cx, tmp_path / "cells.json")
    found = json.loads((tmp_path / "cells.json").read_text())
    assert found["coarse"] is True
    cells = {(c["dimension"], c["number"]): c for c in found["cells"]}
    assert all(cells[2, i]["decided"] == x for i, x in enumerate(cx.decided(2).tolist()))
    for cell in (c for c in found["cells"] if c["decided"]):
        assert len({tuple(row) for row in cell["inequalities"]}) == len(cell["inequalities"])
    pr.write_cells(pr.subdivide(PLANE, 0), tmp_path / "complete.json")
    assert "coarse" not in json.loads((tmp_path / "complete.json").read_text())


def test_one_cell_for_polymake(tmp_path: Path) -> None:
    cx = coarse(PLANE)
    sizes = cx.facets(2).sizes()
    i = max(np.flatnonzero(cx.decided(2)).tolist(), key=lambda j: sizes[j])
    pr.write_polymake(cx, tmp_path / "cell.poly", (2, i))
    found = json.loads((tmp_path / "cell.poly").read_text())
    inequalities, points = found["INEQUALITIES"], found["POINTS"]
    assert len(inequalities) < sizes[i]  # some facets are pieces of one
    for p in points:
        tight = [row for row in inequalities if not sum(Fraction(a) * Fraction(x) for a, x in zip(row, p, strict=True))]
        assert len(tight) >= 2 or Fraction(p[0]) == 0


@pytest.mark.parametrize("relation", RELATIONS)
def test_meshes(relation: str) -> None:
    """The surface is that of the complete complex; areas and volumes are the same, and all parts are positive."""
    pytest.importorskip("meshio")
    one, other = coarse(SPACE, BOX), pr.subdivide(SPACE, 0, BOX)
    surfaces = [polygons_of(pr.mesh(cx.region("="))) for cx in (one, other)]
    assert surfaces[0] == surfaces[1]
    if relation != "=":
        volume = [solid_volume(pr.mesh(cx.region(relation))) for cx in (one, other)]
        assert volume[0] == pytest.approx(volume[1], rel=1e-9)


def polygons_of(mesh: Any) -> set[frozenset[tuple[float, ...]]]:
    return {frozenset(map(tuple, mesh.points[list(c)].tolist())) for block in mesh.cells for c in block.data}


def solid_volume(mesh: Any) -> float:
    total = 0.0
    for block in mesh.cells:
        assert block.type == "tetra"
        p = mesh.points[block.data]
        volume = np.linalg.det(p[:, 1:] - p[:, :1]) / 6
        assert (volume > 0).all()
        total += float(volume.sum())
    return total


def test_polygons_of_the_plane() -> None:
    """Counter-clockwise, also where their first corners lie on a line."""
    pytest.importorskip("meshio")
    net, box = PLANE, [(-2, 2)] * 2
    for triangulate in (False, True):
        mesh = pr.mesh(pr.subdivide(net, 0, box, coarse=True), triangulate=triangulate)
        total = 0.0
        for block in mesh.cells:
            for cell in block.data:
                x, y = mesh.points[list(cell)][:, :2].T
                area = float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)
                assert area > 0
                total += area
        assert total == pytest.approx(16, rel=1e-9)


def test_volumes() -> None:
    one, other = (pr.subdivide(SPACE, 0, BOX, coarse=x) for x in (True, False))
    for sign in (-1, 0, 1):
        a, b = (sum(v for v, s in zip(volumes(cx), cx.signs(3), strict=True) if s == sign) for cx in (one, other))
        assert a == b
    assert sum(volumes(one)) == 8


def test_clipped() -> None:
    cx = pr.clipped(coarse(SPACE), BOX)
    same(cx, coarse(SPACE, BOX))
    region = pr.clipped(coarse(SPACE).region(">"), BOX)
    assert region.complex.is_coarse and pr.homology(region) == pr.homology(pr.subdivide(SPACE, 0, BOX).region(">"))


# ------------------------------------------------------------------------------------------------------------- cycles


def test_cycles() -> None:
    """Cycles on a coarse complex are verified as such; their simplices lie in the region."""
    shell = pr.shells((3, 6, 6, 4, 1), [2, 2])
    cx = pr.subdivide(shell, 0, coarse=True)
    for relation in (">", "<="):
        region = cx.region(relation)
        found = pr.homology(region)
        for k in range(3):
            assert len(found.cycles(k)) == found.betti[k]
            for cycle in found.cycles(k):
                for simplex, _ in cycle.pieces():
                    assert region.contains([sum(x) / len(simplex) for x in zip(*simplex, strict=True)])


# -------------------------------------------------------------------------------------------------------------- plots


def test_plots_in_space_are_made_from_coarse_complexes() -> None:
    pytest.importorskip("matplotlib")
    from polyrelu.plotting.scene import make_scene
    from polyrelu.plotting.surface import level_surface

    scenes = [make_scene(SPACE, {}, domain=BOX, **more) for more in ({}, {"coarse": False}, {"color": "pattern"})]
    assert [scene.clipped.is_coarse for scene in scenes] == [True, False, False]
    assert "coarse C(F, 0): cells (" in scenes[0].title and "coarse" not in scenes[1].title
    surfaces = [level_surface(scene) for scene in scenes[:2]]
    drawn = [{frozenset(map(tuple, s.points[p].round(9).tolist())) for p in polygons(s)} for s in surfaces]
    assert drawn[0] == drawn[1] and len(drawn[0]) > 3
    assert surfaces[0].names == surfaces[1].names
    assert scenes[0].window == scenes[1].window
    whole = [make_scene(SPACE, {}, **more) for more in ({}, {"coarse": False})]
    assert whole[0].window == whole[1].window and whole[0].clipped.is_coarse
    assert not make_scene(PLANE, {}).clipped.is_coarse
    drawn_plane = pr.plot(pr.subdivide(PLANE, 0, coarse=True))
    assert "coarse C(F, 0): cells (" in drawn_plane.get_suptitle()
    with pytest.raises(pr.InputError, match="coarse can be chosen for a Network only"):
        pr.plot(coarse(PLANE), coarse=False)
    with pytest.raises(pr.CoarseComplexError, match=r"^graph: "):
        pr.plot(random_float32((1, 4, 1)), coarse=True)
    with pytest.raises(pr.CoarseComplexError, match=r"^color 'map': "):
        pr.plot(PLANE, coarse=True, color="map")


def polygons(surface: Any) -> list[Any]:
    return [surface.polygons.row(i) for i in range(surface.polygons.n_rows)]


def test_pairs_of_sides_are_convex() -> None:
    """Neighbouring facets of a decided cell that lie in one hyperplane make one inequality."""
    cx = coarse(PLANE)
    for i in np.flatnonzero(cx.decided(2)).tolist():
        rows = cx.h_representation(2, i).inequalities
        for (_, *a), (_, *b) in combinations(rows, 2):
            assert a[0] * b[1] != a[1] * b[0] or a[0] * b[0] + a[1] * b[1] < 0
