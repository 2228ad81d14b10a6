"""polyrelu local."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import polyrelu as pr
from polyrelu.cli import main

NET = str(Path(__file__).parents[2] / "examples" / "annulus.json")


@pytest.fixture
def points(tmp_path: Path) -> str:
    path = tmp_path / "points.json"
    path.write_text('[[3, "1/2"], [0, 0]]', encoding="utf-8")
    return str(path)


def test_json(points: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["local", NET, "--center", points, "--index", "1", "--radius", "2", "--unchanged", "--json"]) == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert not shown.err
    assert found["betti"] == {"<": [5], ">": [1, 1]}
    assert found["unchanged"] == {"pattern": 0, "class": "1/2"}


def test_a_formula(points: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named in place of the file, and its regions are named with the level."""
    formula, ball = "1 - |x| - |y|", ["--center", points, "--index", "1", "--radius", "1"]
    assert main(["local", "--formula", formula, *ball, "--level", "1/2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{formula}: Network(")
    assert {line.split("   ")[0].strip() for line in lines if "H_0" in line} == {"F < 1/2", "F > 1/2"}


def test_units_of_coordinates(points: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "scales.json").write_text('[["1/2", 0]]', encoding="utf-8")
    scales = ["--scales", str(tmp_path / "scales.json")]
    assert main(["local", NET, "--center", points, *scales, "--radius", "2", "--unchanged", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["scales"], found["unchanged"]["class"]) == (["1/2", 0], 1)  # |x| + |1/2| = 3 at x = 5/2
    assert main(["local", NET, "--center", points, *scales, "--radius", "4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["crossing"] == [[2, 2]]  # |x| + |y| − 2, the second neuron of layer 2
    (tmp_path / "scales.json").write_text("[[0, 0]]", encoding="utf-8")
    assert main(["local", NET, "--center", points, *scales, "--radius", "2"]) == 2
    assert "scales: expected at least one number > 0, got only 0" in capsys.readouterr().err
    assert main(["local", NET, "--center", points, "--scales", points, "--radius", "2"]) == 2
    assert "expected one point, the scales, got 2" in capsys.readouterr().err


def test_one_of_several_outputs(points: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net = tmp_path / "two.json"
    pr.save(pr.Network([[[1, 0], [0, 2]]], [[0, -1]]), net)  # x and 2y − 1
    ball = ["--center", points, "--index", "1", "--radius", "1", "--json"]
    for choice, betti in (
        ([], {"0": [1], "1": [1]}), (["--output", "1"], {"<": [1], ">": [1]}),
        (["--difference", "0", "1", "--level", "5"], {"<": [1]}),
    ):  # fmt: skip
        assert main(["local", str(net), *ball, *choice]) == 0
        assert json.loads(capsys.readouterr().out)["betti"] == betti
    assert main(["local", str(net), *ball, "--level", "1"]) == 2
    assert "has 2 outputs: choose one with --output I" in capsys.readouterr().err


def test_a_network_that_is_too_large(
    points: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is no slice to read it in: was an AttributeError."""

    def load(path: str, **_: object) -> pr.Network:
        raise pr.LimitError(f"{path}: too large")

    monkeypatch.setattr("polyrelu.cli.task.load", load)
    assert main(["local", NET, "--center", points, "--radius", "1"]) == 1
    assert capsys.readouterr().err.startswith(f"polyrelu: error: {NET}: too large")


@pytest.mark.parametrize(
    ("more", "status", "message"),
    [
        (["--radius", "1", "--index", "2"], 2, "--index: expected a number from 0 to 1, got 2"),
        (["--radius", "0"], 2, "radius: expected a positive number"),
        (["--radius", "x"], 2, "--radius"),
        (["--radius", "9", "--max-crossing", "1"], 1, "neurons of the first layer change sign"),
    ],
)
def test_errors(points: str, more: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["local", NET, "--center", points, *more]) == status
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown


def test_no_points(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "none.json"
    path.write_text("[]", encoding="utf-8")
    assert main(["local", NET, "--center", str(path), "--radius", "1"]) == 2
    assert capsys.readouterr().err == f"polyrelu: error: {path}: there are no points\n"
