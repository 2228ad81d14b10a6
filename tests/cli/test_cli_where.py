"""polyrelu betti --where, and --formula in place of a file: answers, and mistakes in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import polyrelu.cli
from polyrelu.network.network import Network
from polyrelu.readers import save

ANNULUS = str(Path(__file__).parents[2] / "examples" / "annulus.json")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a directory with a network of two outputs: (exit status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    save(Network([[[1, 0], [0, 1]]], [[0, 0]]), "two.json")

    def run(*argv: str) -> tuple[int, str, str]:
        status = polyrelu.cli.main(argv)
        return (status, *capsys.readouterr())

    return run


@pytest.mark.parametrize(
    ("argv", "betti", "is_open", "is_closed"),
    [
        ([ANNULUS, "--where", "0 < F <= 1/2"], [2, 2], False, False),
        ([ANNULUS, "--where", "not F <= 0"], [1, 1], True, False),
        ([ANNULUS, "--where", "-1<F"], [1, 1], True, False),
        ([ANNULUS, "--where", "F >= 0"], [1, 1], False, True),
        ([ANNULUS, "--where", "F = 0 or F != 0", "--box", "-1,1"], [1, 0], True, True),
        (["two.json", "--where", "F0 > 0 and F1 > 0"], [1, 0], True, False),
        (["two.json", "--where", "F0 != 0 and F1 != F0"], [4, 0], True, False),
        (["two.json", "--where", "0 < F <= 1", "--output", "1"], [1, 0], False, False),
    ],
)
def test_answers(run: Run, argv: list[str], betti: list[int], is_open: bool, is_closed: bool) -> None:
    status, out, err = run("betti", *argv, "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    keys = ["architecture", "where", "is_open", "is_closed", "betti", "torsion", "euler_characteristic", "f_vector"]
    assert list(found) == [*keys, "coefficients"]
    assert (found["betti"], found["is_open"], found["is_closed"]) == (betti, is_open, is_closed)


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ([ANNULUS, "--where", "0 < G"], "column 5: unknown name 'G'"),
        ([ANNULUS, "--where", ""], "column 1: got the end"),
        ([ANNULUS, "--where", "F1 > 0"], "no output F1, there is only F0, or F"),
        ([ANNULUS, "--where", "F > 0", "--level", "0"], "--where takes the place of --relation and --level"),
        ([ANNULUS, "--where", "F > 0", "--relation", ">"], "--where takes the place of --relation and --level"),
        (["two.json", "--where", "0 < F <= 1"], "this one has 2: write F0 to F1"),
        ([ANNULUS, "--level", ""], "--level"),
    ],
)
def test_mistakes(run: Run, argv: list[str], says: str) -> None:
    status, out, err = run("betti", *argv)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("polyrelu: error: ") and says in err


def test_text(run: Run) -> None:
    status, out, err = run("betti", ANNULUS, "--where", "0 <  F <= 1/2")
    assert (status, err) == (0, "")
    assert "the region {0 < F <= 1/2}, which is neither open nor closed, in R^2" in out
    status, out, err = run("betti", ANNULUS, "--where", "F > 0 or F <= 0")
    assert (status, err) == (0, "")
    assert "the region {F > 0 or F <= 0}, which is open and closed, in R^2" in out


def test_a_formula_in_place_of_the_file(run: Run) -> None:
    status, out, err = run("betti", "--formula", "1 - max(|x|, |y|)", "--relation", ">=", "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert found["architecture"] == [2, 2, 2, 1] and found["betti"] == [1, 0]
    assert found["assumed"] == ["the inputs are x, y, in this order"]
    status, out, _ = run("classes", "--formula", "x", "--formula=-x", "--variables", "y,x")
    assert status == 0 and out.startswith("x; -x: Network(2-2, affine)") and "Assumed" not in out
    status, out, _ = run("info", "--formula", "max(x, y)")
    assert status == 0 and "polyrelu betti --formula 'max(x, y)'" in out


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ([], "expected a network file NET, or --formula"),
        ([ANNULUS, "--formula", "x"], "takes the place of a network file"),
        ([ANNULUS, "--variables", "x"], "--variables names the inputs of --formula"),
        (["--formula", "x", "--strip"], "--strip is about network files"),
        (["--formula", "x*x"], "column 2: a product of variables"),
        (["--formula", "x", "--variables", "y,y"], "variables: expected different names, got 'y, y'"),
        (["--formula", "3"], "name the inputs by variables=, on the command line by --variables"),
        (["--formula", "x" * 300 + " + ("], "column 305"),
    ],
)
def test_mistakes_in_formulas(run: Run, argv: list[str], says: str) -> None:
    status, out, err = run("betti", *argv)
    assert (status, out) == (2, "") and says in err and err.count("\n") == 1
