"""Meshes: read back through meshio, with areas and volumes that are those of the exact cells."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.export.meshes import SUFFIXES
from polyrelu.geometry.volume import volumes
from polyrelu.network.network import Network
from support.known_answers import random_float32, shells
from support.missing import hide
from support.strategies import examples, networks

meshio = pytest.importorskip("meshio")

SMALL = {1: [(5,), (3, 3)], 2: [(5,), (4, 4)], 3: [(4,), (4, 3)]}


def rows_of(found):
    """(number, vertices) of all cells of a mesh."""
    for block, numbers in zip(found.cells, found.cell_data["number"], strict=True):
        yield from zip(numbers.tolist(), block.data.tolist(), strict=True)


def area(points):
    """The area of a polygon in space, by triangles from its first corner."""
    return sum(np.linalg.norm(np.cross(b - points[0], c - points[0])) / 2 for b, c in itertools.pairwise(points))


@examples(20)
@given(networks(dims=(1, 2, 3), widths=SMALL), st.booleans())
def test_vertices_of_cells(net, triangulate):
    """Every cell is there with its own vertices, each coordinate the double nearest to the exact one."""
    cx = pr.subdivide(net, 0, [(-1, 2)] * net.input_dim)
    for k in range(net.input_dim + 1):
        found = pr.mesh(cx, k, triangulate=triangulate)
        own = {}
        for i, row in rows_of(found):
            assert len(set(row)) == len(row)
            own.setdefault(i, set()).update(row)
        assert sorted(own) == list(range(cx.n_cells(k)))
        for i, rows in own.items():
            exact = [tuple(map(float, cx.vertex(int(v)))) for v in cx.cell_vertices(k, i)]
            padded = {(*x, *(0.0,) * (3 - len(x))) for x in exact}
            assert {tuple(found.points[v].tolist()) for v in rows} == padded
        for numbers, signs, dimensions in zip(
            *(found.cell_data[x] for x in ("number", "sign", "dimension")), strict=True
        ):
            assert np.array_equal(signs, cx.signs(k)[numbers]) and set(dimensions.tolist()) == {k}


@examples(30)
@given(networks(dims=(2,), widths=SMALL), st.booleans())
def test_areas_in_the_plane(net, triangulate):
    """Counterclockwise polygons with the exact areas, up to rounding."""
    cx = pr.subdivide(net, None, [(-1, 2)] * 2)
    sums = Counter()
    found = pr.mesh(cx, triangulate=triangulate)
    for i, row in rows_of(found):
        x, y, _ = found.points[row].T
        signed = (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2
        assert signed > -1e-12
        sums[i] += signed
    for i, exact in enumerate(volumes(cx)):
        assert sums[i] == pytest.approx(float(exact), abs=1e-12)


@examples(25)
@given(networks(dims=(3,), widths=SMALL))
def test_volumes_in_space(net):
    """Positive tetrahedra that add up to the exact volumes, and whose common triangles fit together."""
    cx = pr.subdivide(net, None, [(-1, 2)] * 3)
    found = pr.mesh(cx)
    assert [block.type for block in found.cells] == ["tetra"]
    sums, walls = Counter(), Counter()
    for i, row in rows_of(found):
        a, b, c, d = found.points[row]
        signed = np.linalg.det([b - a, c - a, d - a]) / 6
        assert signed > -1e-12
        sums[i] += signed
        for t in range(4):
            walls[frozenset(row[:t] + row[t + 1 :])] += 1
    for i, exact in enumerate(volumes(cx)):
        assert sums[i] == pytest.approx(float(exact), abs=1e-12)
    outside = [wall for wall, count in walls.items() if count == 1]
    assert set(walls.values()) <= {1, 2}
    assert sum(area(found.points[sorted(wall)]) for wall in outside) == pytest.approx(6 * 9)


def test_decision_boundary_of_an_octahedron(tmp_path):
    """1 − |x| − |y| − |z| = 0: eight triangles, with normals that point outwards, away from {F > 0}."""
    ball = [[s * (i == j) for j in range(3)] for i in range(3) for s in (1, -1)]
    cx = pr.subdivide(Network([ball, [[-1] * 6]], [[0] * 6, [1]]), 0)
    found = pr.mesh(cx.region("="))
    assert [(block.type, len(block.data)) for block in found.cells] == [("triangle", 8)]
    edges = Counter()
    for _, row in rows_of(found):
        a, b, c = found.points[row]
        assert np.dot(np.cross(b - a, c - a), a + b + c) > 0
        edges.update(zip(row, [*row[1:], row[0]], strict=True))
    assert set(edges.values()) == {1} and all((b, a) in edges for a, b in edges)  # closed and coherently oriented
    pr.write_mesh(pr.subdivide(-cx.network, 0).region("="), tmp_path / "inside.ply")
    turned = meshio.read(tmp_path / "inside.ply")
    for row in turned.cells[0].data:
        a, b, c = turned.points[row]
        assert np.dot(np.cross(b - a, c - a), a + b + c) < 0


def test_decision_boundary_of_shells_is_a_closed_surface():
    """Over a box the boundary of {F > 0} has every edge twice, in opposite directions, except on the walls."""
    cx = pr.subdivide(shells((3, 6, 6, 4, 1), (1, 1)), 0, [(-2, 2)] * 3)
    found = pr.mesh(cx, 2)
    signs = np.concatenate(found.cell_data["sign"])
    edges = Counter()
    plus = {f for i in np.flatnonzero(cx.signs(3) > 0) for f in facets_of(cx, 3, i)}
    for (i, row), sign in zip(rows_of(found), signs, strict=True):
        if sign == 0 and i in plus:
            edges.update(zip(row, [*row[1:], row[0]], strict=True))
    assert edges
    on_wall = {tuple(map(float, cx.vertex(v))) for v in range(cx.n_finite_vertices) if cx.on_boundary(0)[v]}
    for a, b in edges:
        if edges[a, b] != edges[b, a]:
            assert {tuple(found.points[a]), tuple(found.points[b])} <= on_wall


def facets_of(cx, k, i):
    indptr, facets, _ = cx.facets(k)
    return facets[indptr[i] : indptr[i + 1]].tolist()


@pytest.mark.parametrize("suffix", [".vtk", ".vtu", ".ply", ".obj"])
@pytest.mark.parametrize("triangulate", [False, True])
def test_files_read_back(suffix, triangulate, tmp_path):
    cx = pr.subdivide(random_float32((3, 8, 8, 1), 2), 0, [(-1, 1)] * 3)
    for k in SUFFIXES[suffix]:
        found, path = pr.mesh(cx, k, triangulate=triangulate), tmp_path / f"mesh{suffix}"
        pr.write_mesh(cx, path, k, triangulate=triangulate)
        back = meshio.read(path)
        assert np.array_equal(back.points, found.points)  # all digits of every double
        assert [b.type for b in back.cells] == [b.type for b in found.cells]
        for a, b in zip(back.cells, found.cells, strict=True):
            assert np.array_equal(a.data, b.data)
        if suffix in (".vtk", ".vtu"):
            for name in ("number", "dimension", "sign"):
                for a, b in zip(back.cell_data[name], found.cell_data[name], strict=True):
                    assert np.array_equal(a, b)
    assert list(tmp_path.iterdir()) == [path]


def test_unbounded_cells_are_left_out():
    net = random_float32((2, 6, 6, 1), 4)
    cx = pr.subdivide(net)
    numbers = [i for i, _ in rows_of(pr.mesh(cx))]
    assert sorted(numbers) == np.flatnonzero(cx.bounded_modulo_lineality(2)).tolist()


def test_bad_input(tmp_path):
    flat = pr.subdivide(random_float32((2, 5, 1), 1), 0)
    for path in ("mesh.xyz", "mesh", "mesh.stl"):
        with pytest.raises(pr.FileError, match=r"\.vtk, \.vtu, \.ply, \.obj"):
            pr.write_mesh(flat, tmp_path / path)
    with pytest.raises(pr.FileError, match="polygons only"):
        pr.write_mesh(flat, tmp_path / "mesh.ply", 1)
    with pytest.raises(pr.InputError, match="at most 3 inputs"):
        pr.mesh(pr.subdivide(random_float32((4, 5, 1), 1)))
    with pytest.raises(pr.InputError, match="clip"):
        pr.mesh(pr.subdivide(Network([[[1, 1]], [[1]]], [[0], [0]])))
    with pytest.raises(pr.InputError, match="no bounded cells of dimension 1"):
        pr.mesh(pr.subdivide(Network([[[1]], [[1]]], [[0], [0]])), 1)
    with pytest.raises(pr.PointError):
        pr.mesh(flat, 3)
    with pytest.raises(pr.InputError, match="expected a PolyhedralComplex"):
        pr.mesh(flat.network)
    far = pr.subdivide(Network([[[1]], [[1]]], [[10**400], [0]]), None, [(-(10**401), 0)])
    with pytest.raises(pr.LimitError, match="range of doubles"):
        pr.mesh(far)
    assert not list(tmp_path.iterdir())


def test_an_empty_region_is_not_to_be_clipped():
    cx = pr.subdivide(Network([[[1, 0], [0, 1]], [[1, 1]]], [[0, 0], [0]]), -1)
    for dimension in (None, 1):
        with pytest.raises(pr.InputError, match=r"^mesh: Region\(F < -1 of .*\) is empty$"):
            pr.mesh(cx.region("<"), dimension)
    with pytest.raises(pr.InputError, match="no bounded cells of dimension 2; clip"):
        pr.mesh(cx.region(">"), 2)


def test_interrupted_writing_leaves_nothing(tmp_path, monkeypatch):
    cx = pr.subdivide(random_float32((2, 5, 1), 1), None, [(-1, 1)] * 2)

    def interrupted(path, *args, **kwargs):
        path.write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(meshio, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pr.write_mesh(cx, tmp_path / "mesh.vtu")
    assert not list(tmp_path.iterdir())


def test_without_meshio(monkeypatch):
    cx = pr.subdivide(random_float32((2, 5, 1), 1))
    hide(monkeypatch, "meshio")
    with pytest.raises(pr.MissingDependencyError, match=r"polyrelu\[mesh\]") as caught:
        pr.mesh(cx)
    assert caught.value.extra == "mesh"
