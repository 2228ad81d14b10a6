"""polyrelu inclusion: its answers as JSON and as text, and mistakes in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import polyrelu.cli

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ANNULUS = str(EXAMPLES / "annulus.json")


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    status = polyrelu.cli.main(["inclusion", *argv])
    return status, *capsys.readouterr()


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["--inner", "F = 1/2", "--outer", "F >= 1/2", "--json", "--coefficients", "2"]
    found = json.loads(run(capsys, ANNULUS, *argv)[1])
    keys = ["architecture", "inner", "outer", "coefficients", "source", "target", "matrices", "kernel", "image"]
    assert list(found) == [*keys, "cokernel", "isomorphism"]
    assert (found["source"]["betti"], found["target"]["betti"]) == ([2, 2], [1, 1])
    assert found["matrices"] == [[[1, 1]], [[1, 1]]] and found["coefficients"] == 2
    assert found["kernel"] == [{"rank": 1, "torsion": []}] * 2 and not found["isomorphism"]


def test_text(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "line.json").write_text("[[0, 0], [1, 0]]")
    argv = ["--inner", "F > 0", "--inner-slice", str(tmp_path / "line.json")]
    status, out, _ = run(capsys, ANNULUS, *argv)
    assert status == 0 and "H_0: [[1, 1]]" in out and "in the slice of" in out and "All numbers are exact" in out
    out = run(capsys, "--formula", "1 - |x|", "--inner", "F > 0", "--inner-box", "5,6", "--box", "-9,9")[1]
    assert "All matrices are 0." in out and "in the box 5,6" in out


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["--inner", "F >= 0", "--outer", "F > 0"], "inner: not a subset of outer, which does not contain the point"),
        (["--inner", "F >"], "formula"),
        (["--inner", "F > 0", "--inner-box", "1"], "--inner-box: expected"),
        (["--inner", "F > 0", "--inner-box", "1,x"], "--inner-box"),
        (["--inner", "F > 0", "--coefficients", "6"], "--coefficients: expected Z, Q or a prime"),
        (["--outer", "F > 0"], "--inner"),
    ],
)
def test_mistakes(capsys: pytest.CaptureFixture[str], argv: list[str], text: str) -> None:
    status, out, error = run(capsys, ANNULUS, *argv)
    assert (status, out) == (2, "") and text in error and error.rstrip().count("\n") == 0
