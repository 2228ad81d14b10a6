"""The command line: its answers, its exit statuses, and that every mistake is told in one line."""

from __future__ import annotations

import io
import json
import os
import pkgutil
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyrelu.cli
from polyrelu.cli import info, task
from polyrelu.cli.program import COMMANDS
from polyrelu.errors import LimitError, VerificationError

EXAMPLES = Path(__file__).parents[2] / "examples"
ANNULUS = str(EXAMPLES / "annulus.json")
IRIS = str(EXAMPLES / "iris2.json")
WEDGES = str(EXAMPLES / "four_wedges.json")

BETTI_KEYS = ["architecture", "relation", "level", "betti", "torsion", "euler_characteristic"]
BETTI_KEYS += ["complex", "cells", "f_vector", "coefficients"]
REGIONS_KEYS = ["architecture", "f_vector", "regions", "bounded_regions", "vertices", "linear_pieces", "lineality"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command in this process: (exit status, standard output, standard error)."""

    def run(*argv: str) -> tuple[int, str, str]:
        status = polyrelu.cli.main(argv)
        return (status, *capsys.readouterr())

    return run


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Any], str]:
    """Write a network file, from an object or from text, and return its path."""

    def write(content: Any) -> str:
        path = tmp_path / "net.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    return write


def answer(run: Callable[..., tuple[int, str, str]], *argv: str) -> dict[str, Any]:
    status, out, err = run(*argv, "--json")
    assert (status, err) == (0, "")
    assert out.count("\n") == 1
    return json.loads(out)  # type: ignore[no-any-return]


# ---- answers ------------------------------------------------------------------------------------------------------


def test_betti_json(run):
    found = answer(run, "betti", ANNULUS)
    assert list(found) == BETTI_KEYS
    assert found == {
        "architecture": [2, 4, 2, 1],
        "relation": ">",
        "level": 0,
        "betti": [1, 1],
        "torsion": [[], []],
        "euler_characteristic": 0,
        "complex": "coarse",
        "cells": [13, 28, 16],
        "f_vector": None,
        "coefficients": "Z",
    }
    complete = answer(run, "betti", ANNULUS, "--complete")
    assert complete == found | {"complex": "complete", "f_vector": [13, 28, 16]}


def test_coarse_and_complete_complexes(run):
    """The same homology from fewer cells, and texts that say which complex was used."""
    coarse, complete = (answer(run, "betti", IRIS, *more) for more in ([], ["--complete"]))
    assert coarse["betti"] == complete["betti"] == [3, 0] and complete["cells"] == complete["f_vector"]
    assert sum(coarse["cells"]) < sum(complete["cells"]) and coarse["f_vector"] is None
    texts = [run("betti", IRIS, *more)[1] for more in ([], ["--complete"])]
    assert "The numbers are those of C(F, 0), found from these cells of a coarse complex" in texts[0]
    assert "computed from these cells of C(F, 0):" in texts[1]
    one, other = (answer(run, "cycles", ANNULUS, *more) for more in ([], ["--complete"]))
    assert (one["complex"], other["complex"]) == ("coarse", "complete")
    assert len(one["cycles"]) == len(other["cycles"]) == 2
    refined = ["--refined-f-vector", "13,28,16", "--level", "1/2"]
    for more, how in (([], True), (["--complete"], False), (refined, False)):
        report = answer(run, "verify", ANNULUS, "--betti", "1,1", *more)
        assert report["holds"] and ("coarse" in report["claims"][0]["how"]) == how


def test_regions_json(run):
    found = answer(run, "regions", ANNULUS)
    assert list(found) == REGIONS_KEYS
    assert found == {
        "architecture": [2, 4, 2, 1],
        "f_vector": [5, 12, 8],
        "regions": 8,
        "bounded_regions": 4,
        "vertices": 5,
        "linear_pieces": 8,
        "lineality": 0,
    }


@pytest.mark.parametrize(
    ("relation", "betti"), [(">", [2, 0]), (">=", [1, 0]), ("<", [2, 0]), ("<=", [1, 0]), ("=", [1, 0])]
)
def test_relations(run, relation, betti):
    found = answer(run, "betti", WEDGES, "--relation", relation)
    assert (found["relation"], found["betti"]) == (relation, betti)


@pytest.mark.parametrize(
    ("argv", "level"),
    [
        (["--level", "1/3"], "1/3"),
        (["--level", "-0.1"], "-1/10"),
        (["--level", "-1/2"], "-1/2"),
        (["--level=-1/2"], "-1/2"),
        (["--level", "-2"], -2),
        (["--level", "1e-2"], "1/100"),
        (["--level", "4/2"], 2),
    ],
)
def test_levels_are_exact(run, argv, level):
    assert answer(run, "betti", ANNULUS, *argv)["level"] == level


def test_the_level_matters(run):
    assert answer(run, "betti", ANNULUS, "--level", "-1")["betti"] == [1, 1]  # 0 < |x| + |y| < 4
    assert answer(run, "betti", ANNULUS, "--level", "-1", "--relation", ">=")["betti"] == [1, 0]
    assert answer(run, "betti", ANNULUS, "--level", "1")["betti"] == [0, 0]
    assert answer(run, "betti", ANNULUS, "--level", "1", "--relation", "=")["betti"] == [1, 1]


def test_box(run):
    quarter = answer(run, "betti", ANNULUS, "--box", "1/10,5")
    assert quarter["betti"] == [1, 0]
    assert answer(run, "betti", ANNULUS, "--box", "-5,5")["betti"] == [1, 1]
    assert answer(run, "betti", ANNULUS, "--box", "-5,5;-1/2,1/2")["betti"] == [2, 0]
    assert answer(run, "betti", ANNULUS, "--box", "-inf,inf;0,inf")["betti"] == [1, 0]
    assert answer(run, "regions", ANNULUS, "--box", "1/10,1/5;1/10,1/5")["f_vector"] == [4, 4, 1]


def test_several_outputs(run, write):
    net = write({"weights": [[[1, 0], [0, 1]], [[1, 0], [0, 1], [1, 1]]], "biases": [[0, 0], [-1, -1, -1]]})
    assert answer(run, "betti", net, "--output", "2")["betti"] == [1, 0]
    assert answer(run, "betti", net, "--difference", "0", "1", "--relation", "=")["betti"] == [1, 0]
    assert answer(run, "regions", net)["architecture"] == [2, 2, 3]
    status, out, err = run("betti", net)
    assert (status, out) == (2, "") and "3 outputs" in err and "--output" in err


def test_text(run):
    status, out, err = run("betti", ANNULUS)
    assert (status, err) == (0, "")
    assert "annulus.json: Network(2-4-2-1, ReLU)" in out
    assert "{F > 0} in R^2" in out and "connected components" in out and "exact" in out
    status, out, err = run("regions", ANNULUS)
    assert (status, err) == (0, "")
    assert "linear pieces" in out and "exact" in out


def test_text_needs_no_unicode(run):
    for command in ("betti", "regions"):
        assert run(command, str(EXAMPLES / "iris2.json"))[1].isascii()


# ---- help ---------------------------------------------------------------------------------------------------------


def test_help_and_version(run):
    for argv in (["--help"], ["betti", "--help"], ["regions", "--help"]):
        status, out, err = run(*argv)
        assert (status, err) == (0, "")
        assert "examples:" in out and max(map(len, out.splitlines())) <= 120
    status, out, err = run("--version")
    assert (status, out, err) == (0, f"polyrelu {polyrelu.__version__}\n", "")


def test_a_command_is_a_module_and_imports_only_what_it_needs():
    modules = {name for _, name, _ in pkgutil.iter_modules(polyrelu.cli.__path__)}
    found = {name for name in modules if hasattr(import_module(f"polyrelu.cli.{name}"), "add_arguments")}
    assert found == set(COMMANDS)
    assert info.DRAWABLE_DIM == polyrelu.plotting.MAX_DIM
    code = "import sys; from polyrelu.cli import main; main(sys.argv[1:]); print(*sys.modules)"
    heavy = {"sympy", "scipy", "matplotlib", "plotly", "networkx", "torch", "onnx", "sklearn", "pandas"}
    heavy |= {"polyrelu.plotting", "polyrelu.export", "polyrelu.topology.homology"}
    for argv, more in ((["--help"], {"numpy", "flint"}), (["info", ANNULUS], set())):
        run = subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True, check=True)
        assert not (heavy | more).intersection(run.stdout.splitlines()[-1].split())


def test_the_page_says_which_commands_have_no_json(run):
    page = Path(__file__).parents[2] / "docs" / "cli.md"
    if not page.exists():
        pytest.skip("the tests were copied without docs/")
    without = [f"`{name}`" for name in COMMANDS if "--json" not in run(name, "--help")[1] and name != "construct"]
    assert f"({' and '.join(without)} have no such option)" in page.read_text(encoding="utf-8")


# ---- mistakes -----------------------------------------------------------------------------------------------------


def assert_one_line(status: int, out: str, err: str, expected: int = 2) -> None:
    assert status == expected, err
    assert out == ""
    assert err.startswith("polyrelu: error: ") and err.count("\n") == 1 and err.endswith("\n"), err
    assert len(err) < 500


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["nonsense"],
        ["betti"],
        ["betti", ANNULUS, "extra"],
        ["betti", ANNULUS, "--unknown"],
        ["betti", ANNULUS, "--relation", "!="],
        ["betti", ANNULUS, "--relation", "==", "--json"],
        ["betti", ANNULUS, "--relation", ""],
        ["betti", ANNULUS, "--relation"],
        ["betti", ANNULUS, "--level", "abc"],
        ["betti", ANNULUS, "--level", "nan"],
        ["betti", ANNULUS, "--level", "inf"],
        ["betti", ANNULUS, "--level", "1/0"],
        ["betti", ANNULUS, "--level", ""],
        ["betti", ANNULUS, "--level"],
        ["betti", ANNULUS, "--level", "1e999999999"],
        ["betti", ANNULUS, "--level", "1" * 10_000],
        ["betti", ANNULUS, "--level", "--json"],
        ["betti", ANNULUS, "--output", "1"],
        ["betti", ANNULUS, "--output", "-1"],
        ["betti", ANNULUS, "--output", "1/2"],
        ["betti", ANNULUS, "--output", "0", "--difference", "0", "0"],
        ["betti", ANNULUS, "--difference", "0"],
        ["betti", ANNULUS, "--difference", "0", "1"],
        ["betti", ANNULUS, "--box", "0"],
        ["betti", ANNULUS, "--box", "0,1;"],
        ["betti", ANNULUS, "--box", "0,1;0,1;0,1"],
        ["betti", ANNULUS, "--box", "1,0"],
        ["betti", ANNULUS, "--box", "1,1"],
        ["betti", ANNULUS, "--box", "a,b"],
        ["betti", ANNULUS, "--box", "inf,-inf"],
        ["betti", ANNULUS, "--max-cells", "0"],
        ["betti", ANNULUS, "--max-cells", "many"],
        ["regions", ANNULUS, "--level", "0"],
        ["regions", ANNULUS, "--relation", ">"],
        ["regions", "no/such/file.json"],
        ["regions", str(EXAMPLES)],
        ["regions", ""],
    ],
    ids=lambda argv: " ".join(argv)[-50:] or "nothing",
)
def test_wrong_command_lines(run, argv):
    assert_one_line(*run(*argv))


GOOD = {"weights": [[[1, 2], [3, 4]], [[1, 1]]], "biases": [[0, 0], [0]]}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        '{"weights": [[[1, 2], [3',
        "[]",
        "null",
        "{}",
        '{"weights": [[[1]]]}',
        '{"weights": [[[NaN]]], "biases": [[0]]}',
        '{"weights": [[[Infinity]]], "biases": [[0]]}',
        '{"weights": [[[1e999]]], "biases": [[0]]}',
        '{"weights": [[[1]]], "weights": [[[1]]], "biases": [[0]]}',
        '{"weights": [[[%s]]], "biases": [[0]]}' % ("9" * 100_000),
        "[" * 100_000,
        {**GOOD, "layers": 3},
        {**GOOD, "weights": []},
        {**GOOD, "biases": [[0, 0]]},
        {**GOOD, "biases": [[0, 0, 0], [0]]},
        {**GOOD, "weights": [[[1, 2], [3]], [[1, 1]]]},
        {**GOOD, "weights": [[[1, 2], [3, 4]], [[1, 1, 1]]]},
        {**GOOD, "weights": [[], [[1, 1]]], "biases": [[], [0]]},
        {**GOOD, "weights": [[[], []], [[1, 1]]]},
        {**GOOD, "weights": [[1, 2], [[1, 1]]]},
        {**GOOD, "weights": [[[1, "1/0"], [3, 4]], [[1, 1]]]},
        {**GOOD, "weights": [[[1, "a"], [3, 4]], [[1, 1]]]},
        {**GOOD, "weights": [[[1, None], [3, 4]], [[1, 1]]]},
        {**GOOD, "weights": [[[1, True], [3, 4]], [[1, 1]]]},
        {**GOOD, "weights": [[[1, [2]], [3, 4]], [[1, 1]]]},
        {**GOOD, "weights": [[[1, "7" * 100_000], [3, 4]], [[1, 1]]]},
        {**GOOD, "weights": [[[1, "1e999999999"], [3, 4]], [[1, 1]]]},
        {**GOOD, "weights": 5},
        {**GOOD, "weights": "abc"},
        {**GOOD, "slopes": [0, 0, 0]},
        {**GOOD, "slopes": ["x"]},
    ],
    ids=lambda content: (content if isinstance(content, str) else json.dumps(content))[:60] or "empty",
)
def test_wrong_files(run, write, content):
    assert_one_line(*run("betti", write(content)))


def test_unreadable_files(run, tmp_path):
    binary = tmp_path / "net.json"
    binary.write_bytes(bytes(range(256)))
    assert_one_line(*run("betti", str(binary)))
    binary.write_bytes('{"name": "\u00e9"}'.encode("latin-1"))
    assert_one_line(*run("regions", str(binary)))
    if os.geteuid():
        binary.chmod(0)
        assert_one_line(*run("regions", str(binary)))


# ---- failures -----------------------------------------------------------------------------------------------------


def test_limit_of_cells(run):
    assert_one_line(*run("regions", ANNULUS, "--max-cells", "3"), expected=1)
    assert_one_line(*run("betti", ANNULUS, "--max-cells", "3", "--json"), expected=1)


def test_free_memory_is_a_limit(run, monkeypatch):
    monkeypatch.setattr(task, "free_memory", lambda: 10**6)
    status, out, err = run("regions", str(EXAMPLES / "iris4.json"))
    assert_one_line(status, out, err, expected=1)
    assert "900000 bytes" in err and "--max-memory" in err and "--slice" in err
    assert run("regions", str(EXAMPLES / "iris4.json"), "--max-memory", "1")[0] == 0


@pytest.mark.parametrize("degree", ["9", "2", "-1", "x"])
def test_a_degree_is_checked_before_the_work(run, degree):
    status, out, err = run("cycles", ANNULUS, f"--degree={degree}", "--max-cells", "1")
    assert_one_line(status, out, err)
    assert "--degree" in err


@pytest.mark.parametrize("error", [LimitError("too many"), VerificationError("not equal"), MemoryError()], ids=repr)
def test_failures(run, monkeypatch, error):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(polyrelu.cli.betti, "analyse_region", fail)
    assert_one_line(*run("betti", ANNULUS), expected=1)


def command(*argv: str) -> list[str]:
    return [sys.executable, "-m", "polyrelu", *argv]


def test_as_a_program(tmp_path):
    done = subprocess.run(command("betti", ANNULUS, "--json"), capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0 and json.loads(done.stdout)["betti"] == [1, 1] and done.stderr == ""
    wrong = subprocess.run(command("betti", "none.json"), capture_output=True, text=True, cwd=tmp_path)
    assert_one_line(wrong.returncode, wrong.stdout, wrong.stderr)


PRINTING = pytest.mark.parametrize("argv", [["betti", ANNULUS], ["--help"]], ids=lambda argv: argv[0])
UNBUFFERED = {**os.environ, "PYTHONUNBUFFERED": "1"}


@PRINTING
def test_a_reader_that_has_gone_is_no_reason_for_a_message(argv):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        done = subprocess.run(command(*argv), stdout=pipe, stderr=subprocess.PIPE, text=True, env=UNBUFFERED)
    assert done.stderr == "" and done.returncode in (0, 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@PRINTING
def test_a_full_disk(argv):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command(*argv), stdout=full, stderr=subprocess.PIPE, text=True, env=UNBUFFERED)
    assert_one_line(done.returncode, "", done.stderr, expected=1)


@pytest.mark.parametrize(
    ("argv", "closed", "status", "told"),
    [
        (["betti", ANNULUS], ">&-", 0, ""),
        (["betti", "none.json"], ">&-", 2, "polyrelu: error: "),
        (["regions", ANNULUS], "2>&-", 0, ANNULUS),
        (["betti", "none.json"], "2>&-", 2, ""),
        (["regions", ANNULUS], ">&- 2>&-", 0, ""),
        pytest.param(
            ["betti", "none.json"], "2> /dev/full", 2, "",
            marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full"),
        ),
    ],
)  # fmt: skip
def test_streams_that_nobody_reads(tmp_path, argv, closed, status, told):
    """The status is what it would be, and what goes to the other stream too."""
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", *command(*argv)]
    done = subprocess.run(shell, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == status
    found = done.stdout + done.stderr
    assert found.startswith(told) and bool(found) == bool(told) and "Traceback" not in found


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_waits_a_second_and_cleans_up(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    stream = Terminal()
    with polyrelu.cli.progress.Progress(stream) as progress:
        assert progress.hook is not None
        progress.hook("splitting", 1, 10)
        assert stream.getvalue() == ""
        clock[0] = 2.0
        progress.hook("splitting", 5, 10)
        assert "splitting |" in stream.getvalue() and "5 of 10" in stream.getvalue()
        progress.hook("homology", 1, 4)
        assert "homology |" in stream.getvalue() and "1 of 4" in stream.getvalue()
    assert stream.getvalue().endswith("\r") and stream.getvalue().split("\r")[-2].strip() == ""
    assert polyrelu.cli.progress.Progress(io.StringIO()).hook is None


def test_interrupt_in_the_middle_of_a_long_subdivision(write):
    """The progress line on a terminal tells that the work is under way, which would take minutes; Ctrl-C ends it.

    It takes a fraction of a second when the machine has nothing else to do.
    """
    rng = np.random.default_rng(0)
    widths = (4, 64, 64, 64, 1)
    shapes = list(zip(widths[1:], widths, strict=False))
    net = write(
        {
            "weights": [rng.standard_normal(shape).astype(np.float32).tolist() for shape in shapes],
            "biases": [rng.standard_normal(rows).astype(np.float32).tolist() for rows, _ in shapes],
        }
    )
    try:
        master, slave = pty.openpty()
    except OSError:
        pytest.skip("no pseudo-terminals here")
    process = subprocess.Popen(
        command("regions", net),
        stdout=subprocess.PIPE,
        stderr=slave,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a test run in the background ignores it
    )
    try:
        os.close(slave)
        shown = b""
        while b"[" not in shown:
            shown += os.read(master, 1000)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert time.monotonic() - sent < 10
        shown = os.read(master, 10_000)
        assert shown.endswith(b"polyrelu: interrupted\r\n") and b"Traceback" not in shown
        assert process.stdout is not None and process.stdout.read() == b""
    finally:
        process.kill()
        process.wait()
        os.close(master)


def test_coefficients(run):
    found = answer(run, "betti", ANNULUS, "--coefficients", "Z/3")
    assert (found["coefficients"], found["betti"]) == (3, [1, 1])
    assert "Homology over Q of the region {F > 0}" in run("betti", ANNULUS, "--coefficients", "Q")[1]
    assert answer(run, "layers", ANNULUS, "--coefficients", "2")["coefficients"] == 2
    assert answer(run, "cycles", ANNULUS, "--coefficients", "2")["cycles"][1]["order"] == 2
    assert answer(run, "persistence", ANNULUS, "--field", "F3")["field"] == 3
    for option, command, text in (("coefficients", "betti", "4"), ("field", "persistence", "Z")):
        status, _, error = run(command, ANNULUS, f"--{option}", text)
        assert status == 2 and error.count("\n") == 1 and f"--{option}: expected" in error
