"""polyrelu classes, and other commands on a classifier and on slices of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import polyrelu.cli
from polyrelu.network.network import Network

# Three classes by the norm |x| + |y|: a square, a ring around it, and the outside.
RINGS = Network(
    [[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 1, 1], [0, 0, 0, 0], [-1, -1, -1, -1]]], [[0] * 4, [-2, 0, 1]]
)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    (tmp_path / "net.json").write_text(json.dumps(RINGS.to_dict()), encoding="utf-8")

    def run(command: str, *argv: str, points: str | None = None) -> tuple[int, str, str]:
        if points is not None:
            (tmp_path / "points.json").write_text(points, encoding="utf-8")
            argv = (*argv, "--slice", str(tmp_path / "points.json"))
        status = polyrelu.cli.main([command, str(tmp_path / "net.json"), *argv])
        return (status, *capsys.readouterr())

    return run


def test_command(run: Any) -> None:
    status, out, err = run("classes", "--json")
    assert (status, err, out.count("\n")) == (0, "", 1)
    found = json.loads(out)
    keys = ["architecture", "closed", "classes", "boundary", "tied_regions", "complex", "cells", "f_vector"]
    keys += ["coefficients"]
    assert list(found) == keys
    assert found["architecture"] == [2, 4, 3]
    assert found["closed"] is False
    assert [x["betti"] for x in found["classes"]] == [[1, 1], [1, 1], [1, 0]]
    assert found["classes"][0] == {"class": 0, "betti": [1, 1], "torsion": [[], []], "euler_characteristic": 0}
    assert found["boundary"]["betti"] == [2, 2]
    assert found["tied_regions"] == 0
    assert (found["complex"], found["f_vector"]) == ("coarse", None)
    complete = json.loads(run("classes", "--json", "--complete")[1])
    assert (complete["complex"], complete["cells"], complete["f_vector"]) == ("complete", [9, 20, 12], [9, 20, 12])
    assert all(complete[key] == found[key] for key in ("classes", "boundary", "tied_regions"))
    assert "Found from these cells of a coarse complex:" in run("classes")[1]
    assert "Computed from these cells:" in run("classes", "--complete")[1]
    status, out, err = run("classes", "--closed", "--box", "-1,1")
    assert (status, err) == (0, "")
    assert "{F_i >= F_j for all j}" in out and "in the box -1,1 of R^2" in out
    assert "class 2" in out and "boundary" in out


def test_commands_on_a_slice(run: Any) -> None:
    line = '[["0", 0], ["1/2", 0.5]]'
    status, out, err = run("classes", "--json", points=line)
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert found["architecture"] == [1, 4, 3]
    assert [x["betti"] for x in found["classes"]] == [[2], [2], [1]]
    status, out, err = run("betti", "--json", "--difference", "0", "1", points=line)
    assert (status, json.loads(out)["betti"]) == (0, [2])
    status, out, err = run("regions", "--json", points="[[0, 1], [1, 1]]")
    assert (status, json.loads(out)["regions"]) == (0, 2)
    status, out, err = run("regions", points="[[0, 1], [1, 1]]")
    assert "of the slice R^1 through the points of" in out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty; expected a list of points in JSON"),
        ("{", "column 2; expected a list of points in JSON"),
        ('{"points": []}', "expected a list of points, each a list of numbers"),
        ("7", "expected a list of points"),
        ("[[0, 0]]", "at least two points"),
        ("[[0, 0], [1, NaN]]", "NaN is not a finite number"),
        ("[[0, 0], [1, true]]", "point 2, coordinate 2"),
        ("[[0, 0], [1, 0], [2, 0]]", "point 3 lies in the affine hull"),
        ("[[0, 0, 0], [1, 0, 0]]", "its points have 3 coordinates, but the network has 2 inputs"),
        ("[" * 100000, "brackets are nested too deeply"),
    ],
)
def test_bad_points_are_told_in_one_line(run: Any, content: str, message: str) -> None:
    status, out, err = run("classes", points=content)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_other_mistakes_on_the_command_line(run: Any, tmp_path: Path) -> None:
    status, out, err = run("classes", "--slice", str(tmp_path / "none.json"))
    assert (status, out) == (2, "") and "cannot be read" in err
    status, out, err = run("classes", "--max-cells", "20")
    assert (status, out) == (1, "") and "more than 20 cells" in err
    (tmp_path / "net.json").write_text(json.dumps(RINGS.output(0).to_dict()), encoding="utf-8")
    status, out, err = run("classes")
    assert (status, out) == (2, "") and "one output" in err
