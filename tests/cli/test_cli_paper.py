"""The commands that build, bound, verify and compare networks: answers, exit statuses, and mistakes in one line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import polyrelu.cli
from polyrelu.constructions import from_expression, maximum, predicted_betti, sawtooth, shells
from polyrelu.paper.bounds import lower_bounds, upper_bounds
from polyrelu.readers import load, save
from polyrelu.readers.json import read_document

EXAMPLES = Path(__file__).parents[2] / "examples"
ANNULUS = str(EXAMPLES / "annulus.json")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in an empty directory: (exit status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def run(*argv: str) -> tuple[int, str, str]:
        status = polyrelu.cli.main(argv)
        return (status, *capsys.readouterr())

    return run


def answer(run: Run, *argv: str, status: int = 0) -> dict[str, Any]:
    found, out, err = run(*argv, "--json")
    assert (found, err) == (status, "") and out.count("\n") == 1
    return json.loads(out)


# ---- construct ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "architecture", "betti"),
    [
        (["shells", "2-8-6-1", "--cuts", "1=3"], [2, 8, 6, 1], [12, 2]),
        (["shells", "2-8-6-1", "--cuts", "3"], [2, 8, 6, 1], [12, 2]),
        (["shells", "2-8-6-1", "--cuts", "6", "--variant", "interior"], [2, 8, 6, 1], [12, 12]),
        (["shells", "3-6-6-4-1", "--cuts", "1=2,2=2"], [3, 6, 6, 4, 1], [24, 2, 2]),
        (["shells", "3-6-6-4-1", "--cuts", "2,2"], [3, 6, 6, 4, 1], [24, 2, 2]),
        (["shells", "3-6-6-4-1", "--cuts", "2=2"], [3, 6, 6, 4, 1], [18, 0, 2]),
        (["lower-bound", "2-8-4-4-1"], [2, 8, 4, 4, 1], None),
        (["lower-bound", "3-6-6-8-1", "--w", "1,2"], [3, 6, 6, 8, 1], None),
        (["betti", "3,2"], None, [3, 2]),
        (["betti", "1,0,2"], None, [1, 0, 2]),
        (["bumps", "2-8-1", "--counts", "2,3"], [2, 8, 1], [6, 0]),
        (["bumps", "2-8-1", "--counts", "2,3", "--complement"], [2, 8, 1], [1, 6]),
        (["sawtooth", "3"], [1, 2, 2, 2, 1], [4]),
        (["sawtooth", "2", "--pieces", "3"], [1, 3, 3, 1], [5]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) and value and isinstance(value[0], str) else "",
)
def test_constructed_networks_verify(run, argv, architecture, betti):
    """A network goes to a file with its claims, and `verify` finds them true."""
    written = answer(run, "construct", *argv, "-o", "net.json")
    assert set(written) == {"architecture", "name", "claims", "out_file"} and written["out_file"] == "net.json"
    assert architecture in (None, written["architecture"])
    if betti:
        assert written["claims"]["betti"][">"] == betti
    document = read_document("net.json")
    assert list(document.network.architecture) == written["architecture"]
    assert document.claims == written["claims"] and document.name == written["name"]
    report = answer(run, "verify", "net.json")
    assert report["holds"] and len(report["claims"]) == len(written["claims"]["betti"])
    text = run("construct", *argv, "-o", "net.json")
    assert text[0] == 0 and "net.json: Network(" in text[1] and "predicted by proof" in text[1]

    status, out, err = run("construct", *argv)
    assert (status, err) == (0, "")
    Path("other.json").write_text(out)
    assert load("other.json") == document.network and read_document("other.json").claims == document.claims


def test_constructions_are_those_of_the_library(run):
    for argv, net in (
        (["shells", "2-8-6-1", "--cuts", "1=3"], shells((2, 8, 6, 1), {1: 3})),
        (["maximum", "4"], maximum(4)),
        (["sawtooth", "2"], sawtooth(2)),
    ):
        assert run("construct", *argv, "-o", "net.json")[0] == 0
        assert load("net.json") == net


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(["20000"], marks=pytest.mark.slow),
        ["5000", "--pieces", "8", "-o", "net.json"],
        pytest.param(["20000", "--json"], marks=pytest.mark.slow),
    ],
)
def test_claims_of_too_many_digits(run, argv):
    """Of 2^13286 pieces half have a number of 4000 digits, the most that is read."""
    status, out, err = run("construct", "sawtooth", *argv)
    assert_one_line(status, out, err)
    assert "b_0 of {F > 1/2}" in err and "4000 decimal digits" in err and not Path("net.json").exists()
    assert run("construct", "sawtooth", "1000", "-o", "net.json")[0] == 0
    assert read_document("net.json").claims["betti"][">"] == [2**999]


def test_networks_without_claims(run):
    for argv in (["maximum", "3"], ["folding", "2-4-4-1"], ["folding", "2-4-4-1", "--mixed"]):
        assert run("construct", *argv, "-o", "net.json")[0] == 0
        assert read_document("net.json").claims == {}
        assert "claims" not in json.loads(run("construct", *argv)[1])
        assert_one_line(*run("verify", "net.json"))


# ---- verify -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "status"),
    [
        (["--betti", "1,1"], 0),
        (["--betti", "1,2"], 1),
        (["--betti", "1"], 1),
        (["--betti", "2,1", "--relation", "<"], 0),
        (["--betti", "1,1", "--relation", "<"], 1),
        (["--betti", "1,1", "--level", "1/2"], 0),
        (["--betti", "1,1", "--level", "-1"], 0),
        (["--betti", "1,0", "--level", "-1", "--relation", ">="], 0),
        (["--betti", "1,0", "--box", "1/10,5"], 0),
        (["--euler-characteristic", "0"], 0),
        (["--euler-characteristic", "1"], 1),
        (["--regions", "8", "--bounded-regions", "4", "--linear-pieces", "8", "--vertices", "5"], 0),
        (["--regions", "8", "--bounded-regions", "4", "--linear-pieces", "8", "--vertices", "6"], 1),
        (["--f-vector", "5,12,8", "--refined-f-vector", "13,28,16"], 0),
        (["--f-vector", "5,12,8", "--refined-f-vector", "5,12,8"], 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_claims_on_the_command_line(run, argv, status):
    found, out, err = run("verify", ANNULUS, *argv)
    assert (found, err) == (status, "")
    assert ("all claims hold" in out) == (status == 0) and ("FAILS" in out) == (status == 1)
    assert out.isascii()
    report = answer(run, "verify", ANNULUS, *argv, status=status)
    assert set(report) == {"architecture", "holds", "claims", "cross_checks"}
    assert report["holds"] == (status == 0) == all(claim["holds"] for claim in report["claims"])
    for claim in report["claims"]:
        assert set(claim) == {"name", "claimed", "found", "holds", "how"}
        assert claim["holds"] == (claim["claimed"] == claim["found"])


def test_cross_checks_are_reported(run):
    report = answer(run, "verify", ANNULUS, "--betti", "1,1")
    (check,) = report["cross_checks"]
    assert check["holds"] and check["found"] == {"betti": [2, 2], "torsion": [[], []]}


def test_options_replace_the_claims_of_the_file(run):
    net = load(ANNULUS)
    save(net, "net.json", claims={"betti": {">": [1, 1], "<": [2, 1]}, "level": 0})
    assert len(answer(run, "verify", "net.json")["claims"]) == 2
    assert [claim["name"] for claim in answer(run, "verify", "net.json", "--regions", "8")["claims"]] == ["regions"]
    save(net, "net.json", claims={"betti": [7, 7]})
    assert answer(run, "verify", "net.json", status=1)["claims"][0]["found"] == [1, 1]
    assert run("verify", "net.json", "--betti", "1,1")[0] == 0


def test_several_outputs(run):
    net = {"weights": [[[1, 0], [0, 1]], [[1, 0], [0, 1], [1, 1]]], "biases": [[0, 0], [-1, -1, -1]]}
    Path("net.json").write_text(json.dumps(net))
    assert run("verify", "net.json", "--regions", "4")[0] == 0
    assert run("verify", "net.json", "--betti", "1,0", "--output", "2")[0] == 0
    assert run("verify", "net.json", "--betti", "1,0", "--difference", "0", "1")[0] == 0
    status, out, err = run("verify", "net.json", "--betti", "1,0")
    assert_one_line(status, out, err)
    assert "--output" in err


def test_limit_of_cells(run):
    assert_one_line(*run("verify", ANNULUS, "--regions", "8", "--max-cells", "3"), expected=1)
    save(from_expression("|x + y| + |x - y|"), "sum.json")
    save(from_expression("2*max(|x|, |y|)"), "maximum.json")  # the same function, by other neurons
    assert run("identical", "sum.json", "maximum.json")[0] == 0
    assert_one_line(*run("identical", "sum.json", "maximum.json", "--max-cells", "3", "--json"), expected=1)


@pytest.mark.parametrize(
    "claims",
    [{"bettis": [1]}, {"betti": None}, {"betti": "1,1"}, {"betti": {}}, {"regions": 8.5}, {"betti": [1], "level": "x"}],
    ids=repr,
)
def test_bad_claims_in_a_file(run, claims):
    Path("net.json").write_text(json.dumps({**load(ANNULUS).to_dict(), "claims": claims}))
    assert_one_line(*run("verify", "net.json"))


# ---- identical ----------------------------------------------------------------------------------------------------


def test_identical(run):
    save(maximum(2), "a.json")
    pair = {"weights": [[[1, 1], [1, -1]], [["1/2", "1/2"]]], "biases": [[0, 0], [0]], "slopes": [[1, -1]]}
    Path("b.json").write_text(json.dumps(pair))
    found = answer(run, "identical", "a.json", "b.json")
    assert found["identical"] is True and found["witness"] is None and found["values"] is None
    assert found["regions"] >= 2
    status, out, err = run("identical", "a.json", "b.json")
    assert (status, err) == (0, "") and "the same function on R^2" in out and out.isascii()


def test_not_identical(run):
    far = 10**20
    Path("a.json").write_text(json.dumps({"weights": [[[1]], [[1], [2]]], "biases": [[0], [0, 0]]}))
    Path("b.json").write_text(
        json.dumps({"weights": [[[1], [1]], [[1, 0], [2, "1/3"]]], "biases": [[0, -far], [0, 0]]})
    )
    found = answer(run, "identical", "a.json", "b.json", status=1)
    x = found["witness"][0]
    assert not found["identical"] and x > far
    assert found["values"][0] == [x, 2 * x] and found["values"][1][1] != 2 * x
    status, out, err = run("identical", "a.json", "b.json")
    assert (status, err) == (1, "") and re.search(r"differ at x = \(\d+\)", out) and "A(x) = (" in out
    assert run("identical", "a.json", "b.json", "--box", "-1,1")[0] == 0
    assert run("identical", "a.json", "b.json", "--box", "-inf,inf")[0] == 1


def test_what_cannot_be_compared(run):
    save(maximum(2), "a.json")
    save(maximum(3), "b.json")
    assert_one_line(*run("identical", "a.json", "b.json"))
    assert_one_line(*run("identical", "a.json", "none.json"))


# ---- bounds -------------------------------------------------------------------------------------------------------


def test_bounds_json(run):
    found = answer(run, "bounds", "2-8-6-1")
    assert found["architecture"] == [2, 8, 6, 1] and found["relation"] == ">"
    for name, table in (("upper", upper_bounds((2, 8, 6, 1))), ("lower", lower_bounds((2, 8, 6, 1)))):
        assert [row["value"] for row in found[name]] == [bound.value for bound in table]
        best = {row["quantity"]: row["value"] for row in found[name] if row["best"]}
        assert best == {q: table.best(q) for q in table.quantities if table.best(q) is not None}
        assert all(row["proved"] for row in found[name] if row["best"])


def test_bounds_options(run):
    boundary = answer(run, "bounds", "2-8-6-1", "--relation", "=")
    assert boundary["upper"] != answer(run, "bounds", "2-8-6-1")["upper"]
    slopes = {row["name"]: row["value"] for row in answer(run, "bounds", "4-3-8-1", "--any-slopes")["upper"]}
    relu = {row["name"]: row["value"] for row in answer(run, "bounds", "4-3-8-1")["upper"]}
    assert slopes["inactive neurons"] is None and relu["inactive neurons"] is not None


def test_bounds_text(run):
    status, out, err = run("bounds", "2-8-6-1")
    assert (status, err) == (0, "")
    assert "Every network 2-8-6-1" in out and "Some network 2-8-6-1" in out and "Serra" in out


def test_bounds_of_a_large_network(run):
    found = answer(run, "bounds", "-".join(["10", *["200"] * 20, "1"]))
    huge = next(row["value"] for row in found["upper"] if row["name"] == "activation patterns")
    assert int(huge) == 2**4000
    assert found["degrees"] == 10


def test_bounds_of_many_dimensions(run):
    """Only regions, in time; with a narrow first layer all the rest too."""
    widths = (129, 129, 1)
    found = answer(run, "bounds", "-".join(map(str, widths)))
    assert found["degrees"] == 0
    for name, table in (("upper", upper_bounds(widths)), ("lower", lower_bounds(widths))):
        few = [bound.value for bound in table if bound.quantity in ("regions", "bounded_regions")]
        assert few and [row["value"] for row in found[name]] == few
    assert "Only regions: " in run("bounds", "129-129-1")[1]
    status, out, _ = run("bounds", "129-2-1")
    assert status == 0 and "betti_128" in out and "Only regions" not in out
    assert run("bounds", "1000-1000-1000-1000-1")[0] == 0


# ---- separation ---------------------------------------------------------------------------------------------------


def test_separation(run):
    found = answer(run, "separation", "--input-dim", "2", "--neurons", "18")
    assert (found["input_dim"], found["neurons"], found["degree"]) == (2, 18, 0)
    assert found["threshold"] == 13
    for row in found["rows"]:
        assert row["status"] == "verified" and sum(row["f_vector"]) > 0
        assert row["value"] == row["betti"][0]
        assert row["beyond_shallow"] == (row["value"] > found["shallow_bound"])
    assert any(row["beyond_shallow"] for row in found["rows"])
    status, out, err = run("separation", "--input-dim", "2", "--neurons", "18")
    assert (status, err) == (0, "") and "From 13 neurons on" in out and out.isascii()


def test_separation_options(run):
    base = ["separation", "--input-dim", "3", "--neurons", "20"]
    assert answer(run, *base, "--degree", "all", "--seconds", "0")["degree"] is None
    assert answer(run, *base, "--seconds", "1e999", "--max-cells", "1")["rows"][0]["status"] == "predicted"
    second = answer(run, *base, "--degree", "2", "--max-cells", "100")
    assert second["degree"] == 2 and {row["status"] for row in second["rows"]} == {"predicted"}
    assert {row["f_vector"] for row in second["rows"]} == {None}


def test_separation_figure(run):
    pytest.importorskip("matplotlib")
    status, _, err = run(
        "separation", "--input-dim", "2", "--neurons", "10", "--seconds", "0", "--figure", "figure.svg"
    )
    assert (status, err) == (0, "") and Path("figure.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize("figure", ["no/a.svg", "a.xyz"])
def test_separation_figures_that_cannot_be_written(run, monkeypatch, figure):
    """They are refused before the work."""
    monkeypatch.setattr(polyrelu.cli.separation, "separation", None)
    assert_one_line(*run("separation", "--input-dim", "2", "--neurons", "10", "--figure", figure))


# ---- help and mistakes --------------------------------------------------------------------------------------------

KINDS = ["shells", "lower-bound", "paper", "betti", "bumps", "sawtooth", "folding", "maximum"]


def test_help(run):
    for command in ("verify", "identical", "construct", "bounds", "separation"):
        status, out, err = run(command, "--help")
        assert (status, err) == (0, "")
        assert "examples:" in out and out.isascii() and max(map(len, out.splitlines())) <= 120
    for kind in KINDS:
        status, out, err = run("construct", kind, "--help")
        assert (status, err) == (0, "") and "-o FILE, --out FILE, --out-file FILE" in out and out.isascii()


@pytest.mark.parametrize("option", ["-o", "--out", "--out-file"])
def test_the_file_to_write_has_the_option_of_other_commands(run, option):
    assert answer(run, "construct", "maximum", "3", option, "net.json")["out_file"] == "net.json"
    assert read_document("net.json").network == maximum(3)


def assert_one_line(status: int, out: str, err: str, expected: int = 2) -> None:
    assert (status, out) == (expected, ""), err
    assert err.startswith("polyrelu: error: ") and err.count("\n") == 1 and err.endswith("\n"), err
    assert len(err) < 500


@pytest.mark.parametrize(
    "argv",
    [
        ["verify"],
        ["verify", ANNULUS],
        ["verify", ANNULUS, "--relation", ">"],
        ["verify", ANNULUS, "--level", "0"],
        ["verify", ANNULUS, "--betti", ""],
        ["verify", ANNULUS, "--betti", "1,"],
        ["verify", ANNULUS, "--betti", "1,x"],
        ["verify", ANNULUS, "--betti", "1/2"],
        ["verify", ANNULUS, "--betti", "1,1", "--relation", "!="],
        ["verify", ANNULUS, "--betti", "1,1", "--level", "x"],
        ["verify", ANNULUS, "--regions", "many"],
        ["verify", ANNULUS, "--regions", "9" * 5000],
        ["verify", ANNULUS, "--regions", "8", "--max-cells", "0"],
        ["verify", ANNULUS, "--regions", "8", "--box", "1,0"],
        ["verify", ANNULUS, "--regions", "8", "--output", "3"],
        ["verify", "none.json", "--regions", "8"],
        ["identical", ANNULUS],
        ["identical", ANNULUS, ANNULUS, ANNULUS],
        ["identical", ANNULUS, ANNULUS, "--box", "0"],
        ["bounds"],
        ["bounds", ""],
        ["bounds", "2"],
        ["bounds", "2-"],
        ["bounds", "2-0-1"],
        ["bounds", "2--3-1"],
        ["bounds", "2,8,1"],
        ["bounds", "2-8-1", "--relation", "!"],
        ["construct"],
        ["construct", "nothing"],
        ["construct", "shells", "2-8-6-1"],
        ["construct", "shells", "--cuts", "3"],
        ["construct", "shells", "2-8-6-1", "--cuts", "1=7"],
        ["construct", "shells", "2-8-6-1", "--cuts", "2=1"],
        ["construct", "shells", "2-8-6-1", "--cuts", "1=1,1=2"],
        ["construct", "shells", "2-8-6-1", "--cuts", "1=1=1"],
        ["construct", "shells", "2-8-6-1", "--cuts", "1=1,2"],
        ["construct", "shells", "2-8-6-1", "--cuts", "1,2"],
        ["construct", "shells", "2-8-6-1", "--cuts", "x"],
        ["construct", "shells", "2-8-6-1", "--cuts", "3", "--variant", "other"],
        ["construct", "shells", "2-8-6-1", "--cuts", "3", "-o", "no/such/net.json"],
        ["construct", "shells", "1-8-6-1", "--cuts", "3"],
        ["construct", "shells", "2-3-6-1", "--cuts", "3"],
        ["construct", "shells", "2-999999999-999999999-1", "--cuts", "3"],
        ["construct", "lower-bound", "2-8-6-1", "--w", "1,2"],
        ["construct", "lower-bound", "2-8-1"],
        ["construct", "betti", "0,1"],
        ["construct", "betti", "a"],
        ["construct", "betti", "-1"],
        ["construct", "bumps", "2-8-1", "--counts", "9"],
        ["construct", "bumps", "2-8-8-1", "--counts", "1"],
        ["construct", "sawtooth", "0"],
        ["construct", "sawtooth", "1", "--pieces", "1000000"],
        ["construct", "sawtooth", "9" * 100],
        ["construct", "folding", "5-4-4-1"],
        ["construct", "maximum", "0"],
        ["construct", "maximum", "two"],
        ["construct", "maximum", "9" * 30],
        ["separation"],
        ["separation", "--input-dim", "2"],
        ["separation", "--input-dim", "1", "--neurons", "24"],
        ["separation", "--input-dim", "2", "--neurons", "0"],
        ["separation", "--input-dim", "2", "--neurons", "1000000000"],
        ["separation", "--input-dim", "2", "--neurons", "24", "--degree", "2"],
        ["separation", "--input-dim", "2", "--neurons", "24", "--degree", "some"],
        ["separation", "--input-dim", "2", "--neurons", "24", "--seconds", "-1"],
        ["separation", "--input-dim", "2", "--neurons", "24", "--seconds", "nan"],
        ["separation", "--input-dim", "2", "--neurons", "24", "--max-cells", "0"],
    ],
    ids=lambda argv: " ".join(argv)[-60:],
)
def test_wrong_command_lines(run, argv):
    assert_one_line(*run(*argv))


def test_inadmissible_cuts_name_the_inequality(run):
    status, _, err = run("construct", "shells", "2-8-6-1", "--cuts", "1=7")
    assert status == 2 and re.search(r"expected n_L ≥ Σ c_k \+ 1 = 8, got 6", err)
    assert predicted_betti((2, 8, 6, 1), {1: 5})


# ---- stability ------------------------------------------------------------------------------------------------------


def test_stability(run):
    iris = str(EXAMPLES / "iris2.json")
    found = answer(run, "stability", iris, "--box", "0,8;0,3")
    assert found == {
        "architecture": [2, 8, 8, 1],
        "level": 0,
        "combinatorial": True,
        "topological": True,
        "radius": "3/16384",
        "obstruction": None,
        "printed_combinatorial": True,
        "printed_topological": True,
        "constant": None,
    }
    found = answer(run, "stability", ANNULUS, "--box", "-3,3", "--level", "1/2")
    assert (found["combinatorial"], found["topological"], found["radius"], found["level"]) == (False, False, 0, "1/2")
    assert found["obstruction"] == {"vertex": [0, 3], "neuron": [1, 2], "values": [[0, 0, 3, -3], [3, 1], ["-1/2"]]}
    status, out, err = run("stability", ANNULUS, "--box", "-3,3")
    assert (status, err) == (0, "") and out.isascii() and "neuron 2 of layer 1 vanishes at the vertex (0, 3)" in out
    assert run("construct", "shells", "2-8-6-1", "--cuts", "6", "--variant", "interior", "-o", "net.json")[0] == 0
    found = answer(run, "stability", "net.json", "--box", "0,1")
    assert found["topological"] and not found["printed_topological"]
    assert set(found["constant"]) == {"neuron", "point", "value"} and found["constant"]["neuron"] == [3, 1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "needs --box"),
        (["--box", "-3,inf"], "unbounded in the direction"),
        (["--box", "0,1;0,1;0,1"], "dimension"),
        (["--box", "0,1", "--level", "x"], "--level"),
        (["--box", "0,1", "--output", "3"], "no output 3"),
    ],
)
def test_stability_needs_a_box(run, options, message):
    status, out, err = run("stability", ANNULUS, *options)
    assert_one_line(status, out, err)
    assert message in err


def test_stability_of_several_outputs(run):
    net = {"weights": [[[1], [2]]], "biases": [[0, 1]]}
    Path("two.json").write_text(json.dumps(net))
    status, out, err = run("stability", "two.json", "--box", "0,1")
    assert_one_line(status, out, err)
    assert "--output I" in err and "--difference I J" in err
    assert answer(run, "stability", "two.json", "--box", "1,2", "--output", "1")["topological"]


# ---- persistence ----------------------------------------------------------------------------------------------------


def test_persistence(run):
    found = answer(run, "persistence", ANNULUS)
    assert list(found) == ["architecture", "field", "superlevel", "bars"]
    assert found["bars"] == [[[None, None], [-1, 1]], [[None, 1]]]
    found = answer(run, "persistence", ANNULUS, "--superlevel", "--field", "Q", "--box", "0,7/2")
    assert (found["field"], found["superlevel"]) == ("Q", True)
    assert found["bars"] == [[[1, None]], []]
    status, out, _ = run("persistence", ANNULUS, "--superlevel", "--field", "3")
    assert status == 0 and "{F >= t} in R^2 over the field of 3 elements" in out and "  1       1   -1" in out


@pytest.mark.parametrize("field", ["4", "x", "2.5", "-3", "F4", "Z"])
def test_persistence_over_no_field(run, field):
    status, out, err = run("persistence", ANNULUS, f"--field={field}")
    assert (status, out) == (2, "") and err.count("\n") == 1
    assert "--field: expected a prime below 2^31, or Q for the rational numbers" in err


def test_pictures_of_persistence(run):
    pytest.importorskip("matplotlib")
    status, out, _ = run("persistence", ANNULUS, "--plot", "bars.svg", "--kind", "diagram")
    assert status == 0 and out.endswith("bars.svg: drawn\n") and Path("bars.svg").stat().st_size > 1000
    assert answer(run, "persistence", ANNULUS, "--field", "q", "--plot", "bars.png")["field"] == "Q"
    for wrong in (["--kind", "betti"], ["--plot", "bars.txt"], ["--plot", "none/bars.png"], ["--plot", ANNULUS]):
        assert_one_line(*run("persistence", ANNULUS, *wrong))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["info", ANNULUS, "--seed", "x"], "--seed: expected an integer, got 'x'"),
        (["info", ANNULUS, "--seconds", "inf"], "--seconds: expected a positive number, got 'inf'"),
        (["separation", "--input-dim", "2", "--neurons", "6", "--seconds", "nan"], "expected a number of seconds"),
    ],
)
def test_what_an_option_expects(run, arguments, expected):
    status, out, err = run(*arguments)
    assert_one_line(status, out, err)
    assert expected in err


def test_persistence_of_several_outputs(run):
    Path("two.json").write_text('{"weights": [[[1], [2]], [[1, 0], [0, 1]]], "biases": [[0, 0], [0, 0]]}')
    status, _, err = run("persistence", "two.json")
    assert status == 2 and "2 outputs" in err
    assert answer(run, "persistence", "two.json", "--output", "0")["bars"] == [[[0, None]]]


# ---- distance -------------------------------------------------------------------------------------------------------


def test_distance(run):
    Path("points.json").write_text('[[3, "1/2"], [0, 0], [2, 1]]')
    found = answer(run, "distance", ANNULUS, "--points", "points.json")
    assert list(found) == ["architecture", "norm", "distances"]
    assert list(found["distances"][0]) == ["point", "side", "distance", "squared_distance", "nearest", "unique"]
    assert [(d["distance"], d["side"], d["unique"]) for d in found["distances"]] == [
        ("1/4", -1, True), ("1/2", -1, False), (0, 0, True),
    ]  # fmt: skip
    status, out, _ = run("distance", ANNULUS, "--points", "points.json", "--norm", "2", "--box", "0,4")
    assert status == 0 and "in the box 0,4 of R^2, norm L2" in out
    assert "(3, 1/2)   < 0     sqrt(1/8)   (11/4, 1/4)     no" in out and "exact" in out
    Path("plane.json").write_text("[[0, 0], [1, 1]]")
    Path("points.json").write_text("[[3, 3]]")
    found = answer(run, "distance", ANNULUS, "--points", "points.json", "--slice", "plane.json", "--norm", "1")
    assert (found["distances"][0]["nearest"], found["distances"][0]["distance"]) == (["3/2", "3/2"], 3)
    assert found == answer(
        run, "distance", ANNULUS, "--points", "points.json", "--slice", "plane.json", "--norm", "1", "--search"
    )
    found = answer(run, "distance", ANNULUS, "--points", "points.json", "--level", "7")
    assert found["distances"][0]["nearest"] is found["distances"][0]["distance"] is None
    status, out, _ = run("distance", ANNULUS, "--points", "points.json", "--level", "7")
    assert status == 0 and "inf        none" in out


def test_distance_of_classes(run):
    Path("two.json").write_text('{"weights": [[[1], [2]], [[1, 0], [0, 1]]], "biases": [[0, 0], [1, 0]]}')
    Path("points.json").write_text("[[3], [-2]]")
    found = answer(run, "distance", "two.json", "--points", "points.json")["distances"]
    assert [(d["classes"], d["nearest_classes"], d["distance"]) for d in found] == [([1], [0, 1], 2), ([0], [0, 1], 3)]
    status, out, _ = run("distance", "two.json", "--points", "points.json", "--target", "1")
    assert status == 0 and "Distances from the closed region of class 1 in R^1" in out
    found = answer(run, "distance", "two.json", "--points", "points.json", "--target", "1")["distances"]
    assert [d["distance"] for d in found] == [0, 3]


def test_distance_of_wrong_points(run):
    Path("points.json").write_text("[[3, 4, 5]]")
    status, out, err = run("distance", ANNULUS, "--points", "points.json")
    assert (status, out) == (2, "") and "point 1: expected 2 coordinates, got 3" in err and err.count("\n") == 1
    Path("points.json").write_text("[[3, 4]]")
    status, _, err = run("distance", ANNULUS, "--points", "points.json", "--box", "0,1")
    assert status == 2 and "point 1: lies outside the domain" in err
    Path("points.json").write_text("[[0, 0]]")
    status, out, err = run("distance", ANNULUS, "--points", "points.json", "--search", "--max-cells", "1")
    assert (status, out) == (1, "") and "more than 1 polyhedra are needed" in err
