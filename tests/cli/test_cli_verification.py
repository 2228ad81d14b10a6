"""polyrelu range, check and combine: answers, exit status, and mistakes in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import polyrelu as pr
import polyrelu.cli

ANNULUS = str(Path(__file__).parents[2] / "examples" / "annulus.json")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a directory with some networks: (exit status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    absolute = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])
    pr.save(absolute, "absolute.json")
    pr.save(pr.Network([[[1]]], [["1/2"]]), "line.json")
    pr.save(pr.stack(absolute, pr.Network([[[1]]], [[0]])), "two.json")
    points = Path("points.json")
    points.write_text("[[0], [2]]")

    def run(*argv: str) -> tuple[int, str, str]:
        status = polyrelu.cli.main(argv)
        return (status, *capsys.readouterr())

    return run


def answer(run: Run, *argv: str, status: int = 0) -> dict[str, Any]:
    found, out, err = run(*argv, "--json")
    assert (found, err) == (status, "")
    return json.loads(out)


def test_range(run: Run) -> None:
    found = answer(run, "range", "two.json", "--box", "-1,3/2")
    assert found["architecture"] == [1, 3, 2] and found["form"] is None
    assert [(x["minimum"], x["maximum"]) for x in found["ranges"]] == [(0, "3/2"), (-1, "3/2")]
    assert found["ranges"][1]["minimum_point"] == [-1] and found["ranges"][1]["minimum_ray"] is None
    (one,) = answer(run, "range", "two.json", "--form", "-y0 + 2*y1")["ranges"]
    assert one["minimum"] is one["maximum"] is None and one["minimum_ray"] == [-1] and one["maximum_ray"] == [1]
    (one,) = answer(run, "range", "two.json", "--output", "0", "--slice", "points.json", "--box", "-1,1")["ranges"]
    assert one["maximum"] == 2 and abs(one["maximum_point"][0]) == 1  # in the coordinates of the slice
    status, out, _ = run("range", "two.json", "--box", "-1,3/2")
    assert status == 0 and "y1   minimum   -1      (-1)" in out


def test_check(run: Run) -> None:
    argv = ["check", "two.json", "--property"]
    assert answer(run, *argv, "y0 >= y1 and y0 >= -y1")["holds"] is True
    found = answer(run, *argv, "y0 > y1", "--box", "-2,-1/3")
    assert (found["holds"], found["counterexample"], found["outputs"]) == (True, None, None)
    found = answer(run, *argv, "y0 > y1", "--box", "-2,0", status=1)
    assert (found["holds"], found["counterexample"], found["outputs"]) == (False, [0], [0, 0])
    status, out, err = run(*argv, "-y0 < 0")
    assert status == 1 and "It does not hold at x = (0):" in out and not err


def test_not_decided(run: Run) -> None:
    status, out, err = run("check", ANNULUS, "--property", "y <= 1", "--max-cells", "20")
    assert (status, out) == (1, "") and "not decided within 20 cells" in err and err.count("\n") == 1
    status, out, err = run("range", ANNULUS, "--seconds", "1e-9")
    assert (status, out) == (1, "") and "not decided within 1e-09 seconds" in err


def test_combine(run: Run) -> None:
    x = [-3]
    expected = {"sum": "1/2", "difference": "11/2", "maximum": 3, "minimum": "-5/2", "compose": "5/2"}
    for operation, value in expected.items():
        made = answer(run, "combine", operation, "absolute.json", "line.json", "-o", "out.json")
        assert made["out_file"] == "out.json"
        assert pr.load("out.json")(x) == pr.Network([[[0]]], [[value]])(x)
    status, out, _ = run("combine", "stack", "absolute.json", "line.json", "-o", "out.json")
    assert status == 0 and out.startswith("out.json: Network(1-3-2, mixed slopes)\n")
    assert answer(run, "betti", "out.json", "--where", "F0 > 1 and F1 <= 0")["betti"] == [1]


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (["range", "two.json", "--form", "y0 +"], "form 'y0 +', column 5"),
        (["range", "two.json", "--form", "y3"], "there is no output F3"),
        (["range", "two.json", "--seconds", "0"], "--seconds: expected a positive number"),
        (["range", "two.json", "--box", "1,1"], "single point"),
        (["check", "two.json"], "--property"),
        (["check", "two.json", "--property", "y0"], "compared with nothing"),
        (["check", "two.json", "--property", "z > 0"], "unknown name 'z'"),
        (["check", "two.json", "--property", "y > 0"], "write F0 to F1"),
        (["combine", "sum", "two.json", "line.json", "-o", "out.json"], "equally many outputs"),
        (["combine", "times", "two.json", "line.json", "-o", "out.json"], "invalid choice"),
        (["combine", "compose", "two.json", "two.json", "-o", "out.json"], "expected a network with 1 output, got 2"),
        (["combine", "sum", "line.json", "line.json", "-o", "line.json"], "would be lost"),
        (["combine", "sum", "line.json", "line.json", "-o", "missing/out.json"], "missing/out.json"),
    ],
)
def test_mistakes(run: Run, argv: list[str], error: str) -> None:
    status, out, err = run(*argv)
    assert (status, out) == (2, "") and error in err and err.count("\n") == 1
