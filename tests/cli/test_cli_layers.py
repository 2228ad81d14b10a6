"""polyrelu layers: its answers as text and as JSON, and mistakes in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import polyrelu.cli

ANNULUS = str(Path(__file__).parents[2] / "examples" / "annulus.json")
FOLD = '{"weights": [[[1], [-1]], [[1, 1]], [[1]]], "biases": [[0, 0], [-1], [-1]]}'
CLASSES = '{"weights": [[[1], [-1]], [[1, 1], [0, 0]]], "biases": [[0, 0], [0, 1]]}'


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("fold.json").write_text(FOLD)
    Path("classes.json").write_text(CLASSES)


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    status = polyrelu.cli.main(["layers", *argv])
    return (status, *capsys.readouterr())


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "fold.json", "--relation", ">=", "--level", "0", "--json")
    assert (status, err, out.count("\n")) == (0, "", 1)
    found = json.loads(out)
    assert list(found) == ["architecture", "relation", "level", "layers", "coefficients"]
    assert found["layers"] == [{"betti": [n], "torsion": [[]]} for n in (2, 2, 1)]
    assert json.loads(run(capsys, "fold.json", "--level=-1/2", "--json")[1])["level"] == "-1/2"
    box = json.loads(run(capsys, "fold.json", "--relation", ">=", "--box", "0,5", "--json")[1])
    assert [x["betti"] for x in box["layers"]] == [[1]] * 3


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, ANNULUS, "--relation", ">")
    assert status == 0 and "Homology of X = {F > 0} in R^2" in out
    assert [line.split()[-3:] for line in out.splitlines() if line.startswith("  after")] == [
        ["1", "1", "-"],
        ["1", "0", "-"],
    ]


def test_classes(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(run(capsys, "classes.json", "--class", "0", "--json")[1])  # |x| ≥ 1
    assert list(found) == ["architecture", "class", "layers", "coefficients"]
    assert [x["betti"] for x in found["layers"]] == [[2], [2]]
    assert "output 1 is the largest" in run(capsys, "classes.json", "--class", "1")[1]


@pytest.mark.parametrize(
    ("argv", "status", "part"),
    [
        (["classes.json"], 2, "2 outputs"),
        (["fold.json", "--class", "0"], 2, "one output"),
        (["classes.json", "--class", "2"], 2, "from 0 to 1"),
        (["classes.json", "--class", "0", "--level", "1"], 2, "--class takes the place"),
        (["fold.json", "--level", "x"], 2, "--level"),
        (["fold.json", "--max-cells", "3"], 1, "more than 3"),
    ],
)
def test_mistakes(capsys: pytest.CaptureFixture[str], argv: list[str], status: int, part: str) -> None:
    found, out, err = run(capsys, *argv)
    assert (found, out) == (status, "") and part in err and err.count("\n") == 1
