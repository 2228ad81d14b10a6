"""polyrelu cup: its answers as JSON and as text, and mistakes in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import polyrelu.cli

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(capsys: pytest.CaptureFixture[str], name: str, *argv: str) -> tuple[int, str, str]:
    status = polyrelu.cli.main(["cup", str(EXAMPLES / f"{name}.json"), *argv])
    return (status, *capsys.readouterr())


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "hopf", "--complete", "--relation", ">=", "--coefficients", "5", "--json")
    assert (status, err, out.count("\n")) == (0, "", 1)
    found = json.loads(out)
    assert (found["complex"], found["coefficients"], found["shape"]) == ("complete", 5, [2, 2, 2])
    assert (found["rank"], found["left_rank"], found["right_rank"], found["invariant_factors"]) == (1, 2, 2, [1])
    assert {x for *_, x in found["products"]} <= {1, 4} and len(found["products"]) == 4


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "hopf", "--degrees", "0,1", "--coefficients", "Q")
    assert status == 0 and "Cup product H^0 x H^1 -> H^1 of the region {F > 0} in R^3, over Q\n" in out
    assert [line.split() for line in out.splitlines() if line.startswith("  f0")] in [
        [["f0", f"g{i}", f"{sign}h{i}"] for i in range(2)] for sign in ("", "-")
    ]
    assert "All products are 0." in run(capsys, "unlink")[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--degrees", "2,2"], "--degrees: expected P,Q with P, Q >= 0 and a sum of at most 3, got 2,2"),
        (["--degrees", "1"], "--degrees: expected P,Q"),
        (["--coefficients", "4"], "--coefficients: expected Z, Q or a prime"),
        (["--coefficients", "R"], "--coefficients: expected Z, Q or a prime"),
    ],
)
def test_mistakes(capsys: pytest.CaptureFixture[str], options: list[str], message: str) -> None:
    status, out, err = run(capsys, "hopf", *options)
    assert (status, out, err.count("\n")) == (2, "", 1) and message in err
