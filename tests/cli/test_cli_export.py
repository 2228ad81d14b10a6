"""polyrelu export: what it writes is what the functions write, and mistakes are told in one line."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import polyrelu as pr
import polyrelu.cli

EXAMPLES = Path(__file__).parents[2] / "examples"
ANNULUS = str(EXAMPLES / "annulus.json")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*argv: str) -> tuple[int, str, str]:
        return (polyrelu.cli.main(argv), *capsys.readouterr())

    return run


@pytest.mark.parametrize(
    ("suffix", "write"),
    [
        ("npz", pr.save_complex),
        ("json", pr.write_cells),
        ("csv", lambda cx, path: pr.write_table(pr.regions_table(cx), path)),
        ("pcom", pr.write_polymake),
        ("poly", lambda cx, path: pr.write_polymake(cx, path, (1, 2))),
        ("sage", pr.write_sage),
        ("m2", pr.write_macaulay2),
        ("vtk", pr.write_mesh),
        ("vtu", pr.write_mesh),
        ("ply", pr.write_mesh),
        ("obj", pr.write_mesh),
    ],
)
@pytest.mark.parametrize("level", [None, "1/2"])
def test_files_are_those_of_the_functions(run, tmp_path, suffix, write, level):
    if suffix in ("vtk", "vtu", "ply", "obj"):
        pytest.importorskip("meshio")
    found, expected = tmp_path / f"found.{suffix}", tmp_path / f"expected.{suffix}"
    chosen = [] if level is None else ["--level", level]
    chosen += ["--cell", "1", "2"] if suffix == "poly" else []
    status, out, err = run("export", ANNULUS, "-o", str(found), "--box", "-3,3", *chosen)
    assert (status, err) == (0, "") and str(found) in out
    cx = pr.subdivide(pr.load(ANNULUS), level, [(-3, 3)] * 2)
    write(cx, expected)
    if suffix == "npz":
        assert repr(pr.load_complex(found)) == repr(cx)
    elif suffix in ("json", "csv", "pcom", "poly", "sage", "m2"):
        assert found.read_bytes() == expected.read_bytes()
    else:
        meshio = pytest.importorskip("meshio")
        a, b = meshio.read(found), meshio.read(expected)
        assert a.points.tolist() == b.points.tolist()
        assert [x.data.tolist() for x in a.cells] == [x.data.tolist() for x in b.cells]


def test_json_answer(run, tmp_path):
    out_file = str(tmp_path / "table.csv")
    status, out, err = run("export", ANNULUS, "-o", out_file, "--level", "0", "--json")
    assert (status, err) == (0, "") and out.count("\n") == 1
    cx = pr.subdivide(pr.load(ANNULUS), 0)
    assert json.loads(out) == {
        "architecture": [2, 4, 2, 1],
        "level": 0,
        "f_vector": list(cx.f_vector),
        "format": "csv",
        "file": out_file,
    }
    with open(out_file, newline="") as file:
        assert len(list(csv.DictReader(file))) == cx.n_regions
    expected = tmp_path / "expected.csv"
    for options, cells, filters in (
        (["--level", "0", "--relation", ">", "--bounded"], cx.region(">"), {"bounded": True}),
        (["--crossing", "-1/2", "--pattern", "[????][+?]"], pr.subdivide(cx.network),
         {"crossing": "-1/2", "pattern": "[????][+?]"}),
    ):  # fmt: skip
        assert run("export", ANNULUS, "-o", out_file, *options)[0] == 0
        pr.write_table(pr.regions_table(cells, **filters), expected)
        assert Path(out_file).read_bytes() == expected.read_bytes()
        assert 0 < expected.read_text().count("\n") - 1 < cx.n_regions
    for suffix, write in (("sage", pr.write_sage), ("m2", pr.write_macaulay2)):
        found = tmp_path / f"found.{suffix}"
        assert run("export", ANNULUS, "-o", str(found), "--level", "0", "--relation", "<=")[0] == 0
        write(cx.region("<="), tmp_path / f"expected.{suffix}")
        assert found.read_bytes() == (tmp_path / f"expected.{suffix}").read_bytes()
    assert "--bounded: has no meaning for .npz" in run("export", ANNULUS, "-o", "x.npz", "--bounded")[2]


def test_parts_of_complexes(run, tmp_path):
    meshio = pytest.importorskip("meshio")
    path = tmp_path / "boundary.vtu"
    assert run("export", ANNULUS, "-o", str(path), "--level", "0", "--relation", "=")[0] == 0
    cx = pr.subdivide(pr.load(ANNULUS), 0)
    edges = cx.region("=").mask(1) & cx.bounded_modulo_lineality(1)
    assert [(b.type, len(b.data)) for b in meshio.read(path).cells] == [("line", int(edges.sum()))]
    assert run("export", ANNULUS, "-o", str(path), "--dimension", "2", "--triangulate")[0] == 0
    assert [b.type for b in meshio.read(path).cells] == ["triangle"]
    cells = tmp_path / "cells.json"
    assert run("export", ANNULUS, "-o", str(cells), "--dimension", "0")[0] == 0
    assert {cell["dimension"] for cell in json.loads(cells.read_text())["cells"]} == {0}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-o", "out.xyz"], ".npz, .json, .csv, .pcom"),
        (["-o", "out"], ".npz, .json, .csv, .pcom"),
        ([], "-o"),
        (["-o", "none/out.npz"], "No such file or directory"),
        (["-o", "out.npz", "--triangulate"], "--triangulate"),
        (["-o", "out.csv", "--dimension", "1"], "--dimension"),
        (["-o", "out.json", "--relation", ">", "--level", "0"], "--relation"),
        (["-o", "out.vtu", "--relation", ">"], "needs a level"),
        (["-o", "out.vtu", "--dimension", "x"], "--dimension"),
        (["-o", "out.vtu", "--dimension", "3"], "dimension"),
        (["-o", "out.ply", "--dimension", "1"], "polygons only"),
        (["-o", "out.json", "--dimension", "7"], "dimension"),
        (["-o", "out.csv", "--level", "1/0"], "--level"),
        (["-o", "out.poly"], "--cell"),
        (["-o", "out.pcom", "--cell", "2", "0"], "--cell"),
        (["-o", "out.poly", "--cell", "2", "1000"], "cell"),
        (["-o", "out.poly", "--cell", "2", "1/2"], "--cell"),
        (["-o", "out.poly", "--cell", "5", "0"], "dimension"),
    ],
)
def test_mistakes(run, tmp_path, monkeypatch, options, words):
    pytest.importorskip("meshio")
    monkeypatch.chdir(tmp_path)
    status, out, err = run("export", ANNULUS, *options)
    assert status == 2 and out == "" and err.count("\n") == 1 and words in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("net", "options", "words"),
    [
        ("annulus", ["-o", "none/out.npz"], "No such file or directory"),
        ("annulus", ["-o", "out.json", "--dimension", "x"], "--dimension"),
        ("annulus", ["-o", "out.json", "--dimension", "3"], "--dimension"),
        ("annulus", ["-o", "out.vtu", "--dimension", "-1"], "--dimension"),
        ("annulus", ["-o", "out.ply", "--dimension", "1"], "polygons only"),
        ("annulus", ["-o", "out.poly", "--cell", "2", "x"], "--cell"),
        ("annulus", ["-o", "out.poly", "--cell", "3", "0"], "--cell"),
        ("iris4", ["-o", "out.vtu"], "at most 3 inputs"),
    ],
)
def test_mistakes_are_told_before_the_work(run, tmp_path, monkeypatch, net, options, words):
    """The work itself would end with status 1, having reached the limit."""
    monkeypatch.chdir(tmp_path)
    status, out, err = run("export", str(EXAMPLES / f"{net}.json"), *options, "--max-cells", "1")
    assert status == 2 and out == "" and err.count("\n") == 1 and words in err
    assert not list(tmp_path.iterdir())


def test_the_network_is_not_overwritten(run, tmp_path):
    net = tmp_path / "net.json"
    shutil.copy(ANNULUS, net)
    (tmp_path / "link.json").symlink_to(net)
    for name in ("net.json", "link.json"):
        status, _, err = run("export", str(net), "-o", str(tmp_path / name))
        assert status == 2 and "the network itself" in err
    assert net.read_bytes() == Path(ANNULUS).read_bytes()


def test_limits(run, tmp_path):
    status, _, err = run("export", ANNULUS, "-o", str(tmp_path / "out.npz"), "--max-cells", "5")
    assert status == 1 and err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_ctrl_c_leaves_nothing(tmp_path):
    """While the cells of a large complex are written."""
    from support.known_answers import random_float32

    pr.save(random_float32((3, 24, 24, 1), 0), tmp_path / "net.json")
    command = [sys.executable, "-m", "polyrelu", "export", str(tmp_path / "net.json"), "-o", str(tmp_path / "out.json")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".out-*.json")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and err.strip() == "polyrelu: interrupted"
    assert [x.name for x in tmp_path.iterdir()] == ["net.json"]
