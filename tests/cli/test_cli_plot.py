"""polyrelu plot: its files, and its mistakes in one line."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest

import polyrelu.cli
from polyrelu.readers import save
from support.known_answers import random_float32
from support.plots import figure_of

pytest.importorskip("matplotlib")

EXAMPLES = Path(__file__).parents[2] / "examples"
ANNULUS = str(EXAMPLES / "annulus.json")


@pytest.fixture
def run(capsys):
    def run(*argv: str) -> tuple[int, str, str]:
        status = polyrelu.cli.main(["plot", *argv])
        return (status, *capsys.readouterr())

    return run


@pytest.fixture
def several(tmp_path):
    path = tmp_path / "several.json"
    save(random_float32((2, 5, 3)), path)
    return str(path)


def texts(path: Path) -> str:
    """The text of a figure in SVG: matplotlib writes it into comments beside the outlines of the letters."""
    return html.unescape("\n".join(re.findall(r"<!-- (.*?) -->", path.read_text(encoding="utf-8"), re.DOTALL)))


@pytest.mark.parametrize(
    ("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF"), ("html", b"<!DOC")]
)
def test_formats(run, tmp_path, suffix, start):
    if suffix == "html":
        pytest.importorskip("plotly")
    out = tmp_path / f"out.{suffix}"
    status, text, err = run(ANNULUS, "-o", str(out))
    assert (status, err) == (0, "") and str(out) in text and text.isascii()
    first = out.read_bytes()
    assert first.startswith(start)
    assert run(ANNULUS, "-o", str(out))[0] == 0 and out.read_bytes() == first


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], "{F > 0}: β = (1, 1)"),
        (["--relation", "<="], "{F ≤ 0}: β = (2, 1)"),
        (["--level", "-1"], "{F > -1}: β = (1, 1)"),
        (["--box", "1/10,5"], "{F > 0}: β = (1, 0)"),
        (["--window", "-9,9"], "{F > 0}: β = (1, 1)"),
        (["--window", "-9,9;-1,1"], "{F > 0}: β = (1, 1)"),
        (["--color", "map"], "affine maps"),
        (["--color", "pattern", "--graph"], "activation patterns"),
        (["--cycles"], "cycle of"),
    ],
    ids=" ".join,
)
def test_options(run, tmp_path, argv, expected):
    out = tmp_path / "out.svg"
    assert run(ANNULUS, "-o", str(out), *argv)[::2] == (0, "")
    assert expected in texts(out)


def test_several_outputs(run, several, tmp_path):
    out = tmp_path / "out.svg"
    assert run(several, "-o", str(out))[0] == 0 and "class 0: β" in texts(out)
    assert run(several, "-o", str(out), "--output", "1")[0] == 0 and "{F > 0}" in texts(out)
    assert run(several, "-o", str(out), "--difference", "0", "1", "--cycles")[0] == 0


def test_slices(run, tmp_path):
    (tmp_path / "points.json").write_text(json.dumps([[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 1, 0]]))
    out = tmp_path / "out.svg"
    argv = [str(EXAMPLES / "iris4.json"), "-o", str(out), "--slice", str(tmp_path / "points.json")]
    assert run(*argv)[::2] == (0, "") and "F : R² → R" in texts(out)


@pytest.mark.parametrize(
    "argv",
    [
        [ANNULUS],
        [ANNULUS, "-o", "out"],
        [ANNULUS, "-o", "out.gif"],
        [ANNULUS, "-o", "no/such/folder/out.png"],
        [ANNULUS, "-o", "no/such/folder/out.html"],
        [ANNULUS, "-o", ANNULUS],
        [str(EXAMPLES / "iris4.json"), "-o", "out.png"],
        [ANNULUS, "-o", "out.png", "--color", "red"],
        [ANNULUS, "-o", "out.png", "--color", "class"],
        [ANNULUS, "-o", "out.png", "--window", "1"],
        [ANNULUS, "-o", "out.png", "--window", "1,0"],
        [ANNULUS, "-o", "out.png", "--window", "a,b"],
        [ANNULUS, "-o", "out.png", "--window", "0,1;0,1;0,1"],
        [ANNULUS, "-o", "out.png", "--box", "0,1", "--window", "2,3"],
        [ANNULUS, "-o", "out.png", "--level", "x"],
        ["no/such/net.json", "-o", "out.png"],
    ],
    ids=lambda argv: " ".join(argv)[-40:],
)
def test_mistakes(run, argv, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(*argv)
    assert (status, out) == (2, "")
    assert err.startswith("polyrelu: error: ") and err.count("\n") == 1 and len(err) < 500
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "argv",
    [
        ["--color", "class"],
        ["--color", "class", "--cycles"],
        ["--window", "a,b"],
        ["--window", "1,0", "--cycles"],
        ["--window", "0,1;0,1;0,1"],
        ["--window", "2,3", "--box", "0,1"],
        ["-o", "no/such/folder/out.png"],
        ["-o", "folder.png"],
    ],
    ids=" ".join,
)
def test_mistakes_are_told_before_the_work(run, argv, tmp_path, monkeypatch):
    """The work itself would end with status 1, having reached the limit."""
    monkeypatch.chdir(tmp_path)
    Path("folder.png").mkdir()
    status, out, err = run(ANNULUS, "-o", "out.png", *argv, "--max-cells", "1")
    assert (status, out) == (2, "") and err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]


@pytest.mark.parametrize(
    "argv", [["--graph"], ["--color", "sign"], ["--level", "0"], ["--relation", ">"]], ids=" ".join
)
def test_several_outputs_are_told_before_the_work(run, several, argv, tmp_path):
    status, _, err = run(several, "-o", str(tmp_path / "out.png"), "--max-cells", "1", *argv)
    assert status == 2 and err.count("\n") == 1
    assert "--output" in err or argv[0] not in ("--level", "--relation")


def test_a_file_that_is_there_stays_when_the_work_fails(run, tmp_path):
    out = tmp_path / "out.png"
    out.write_text("old")
    assert run(ANNULUS, "-o", str(out), "--max-cells", "1")[0] == 1
    assert out.read_text() == "old" and list(tmp_path.iterdir()) == [out]


def test_cycles_need_one_output(run, several, tmp_path):
    status, _, err = run(several, "-o", str(tmp_path / "out.png"), "--cycles")
    assert status == 2 and "--output" in err


def test_limits(run, tmp_path):
    assert run(ANNULUS, "-o", str(tmp_path / "out.png"), "--max-cells", "3")[0] == 1
    assert run(ANNULUS, "-o", str(tmp_path / "out.png"), "--max-cells", "3", "--cycles")[0] == 1


def test_data_and_names(run, tmp_path):
    (tmp_path / "d.csv").write_text("length,width,kind\n0,0,in\n1,1,on\n")
    out, data = tmp_path / "out.svg", ["--points", str(tmp_path / "d.csv"), "--labels", "kind"]
    assert run(ANNULUS, "-o", str(out), *data, "--class-names", "in, on", "--palette", "#123456,red")[0] == 0
    shown = out.read_text(encoding="utf-8")
    assert "#123456" in shown and "#ff0000" in shown
    assert {"length", "width", "in: F < 0", "on: F > 0"} <= set(texts(out).splitlines())
    assert run(ANNULUS, "-o", str(out), *data, "--feature-names", "a,b", "--aspect", "free")[0] == 0
    assert {"a", "b", "in", "on"} <= set(texts(out).splitlines())
    for wrong, says in (
        (["--labels", "kind"], "there is none"),
        ([*data[:2], "--labels", "no"], "no column 'no'"),
        (["--library", "shared"], ".html"),
        (["--layers", "--palette", "red,blue"], "--palette"),
        (["--palette", "nothing"], "colour map"),
        (["--class-names", "one"], "class_names"),
    ):
        status, text, err = run(ANNULUS, "-o", str(out), *wrong)
        assert (status, text, err.count("\n")) == (2, "", 1) and says in err


def test_a_slider(run, tmp_path):
    pytest.importorskip("plotly")
    out, net = tmp_path / "out.html", str(EXAMPLES / "iris4.json")
    more = ("--window", "0,8", "--library", "shared", "--feature-names", "a,b,c,d", "--cycles")
    assert run(net, "-o", str(out), "--slider", "d:0:1:3", *more)[0] == 0
    found = json.loads(figure_of(out.read_text(encoding="utf-8")))
    assert found["values"] == ["0", "1/2", "1"] and found["name"] == "d"
    assert found["slices"][0]["layout"]["scene"]["xaxis"]["range"] == [0, 8]
    assert run(net, "-o", str(out), "--slider", "0:4:7:2", "--at", "2=3,3=1/2", "--library", "shared")[0] == 0
    layout = json.loads(figure_of(out.read_text(encoding="utf-8")))["slices"][0]["layout"]
    assert layout["xaxis"]["title"]["text"] == "x₂"
    for wrong, says in (
        (["--slider", "3:0"], "AXIS:FROM:TO"),
        (["--slider", "9"], "axis: expected the number of an input, 0 to 3"),
        (["--slider", "3:0:1:z"], "an integer"),
        (["--slider", "3", "--at", "3"], "an input and its value"),
        (["--slider", "3", "--graph"], "--graph"),
        (["--slider", "3", "--layers"], "--slider"),
        (["--at", "3=1"], "there is none"),
    ):
        status, text, err = run(net, "-o", str(out), *wrong)
        assert (status, text, err.count("\n")) == (2, "", 1) and says in err
    status, _, err = run(net, "-o", str(tmp_path / "out.png"), "--slider", "3")
    assert status == 2 and "out.png" in err


def test_axes_are_named_by_the_variables_of_a_formula(run, tmp_path):
    out = tmp_path / "out.svg"
    for argv, names in [([], "uv"), (["--variables", "v, u"], "vu"), (["--feature-names", "a,b"], "ab")]:
        assert run("--formula", "1 - |u| - |v|", "-o", str(out), *argv)[0] == 0
        assert [line for line in texts(out).splitlines() if line.strip() in {*"uvab"}] == [*names]
    assert run("--formula", "1 - |u| - |v|", "--box", "0,0;-1,1", "-o", str(out))[0] == 0  # a segment: only v is left


def test_a_column_that_is_no_coordinate(run, tmp_path):
    data, out = tmp_path / "data.csv", str(tmp_path / "out.png")
    data.write_text("x,y,kind\n1,2,ant\n3,4,bee\n", encoding="utf-8")
    status, _, err = run(ANNULUS, "-o", out, "--points", str(data))
    assert status == 2 and err.startswith(f"polyrelu: error: {data}: line 2, column 3: 'ant' is not an exact number")
    assert err.endswith("; a column of labels is named by --labels\n") and err.count("\n") == 1
    assert run(ANNULUS, "-o", out, "--points", str(data), "--labels", "kind")[0] == 0
