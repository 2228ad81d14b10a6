"""polyrelu betti and regions in parts: the same numbers, one line for each mistake, and runs that go on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from polyrelu.cli import main
from polyrelu.network.network import Network
from polyrelu.readers import save
from support.known_answers import random_float32, shells


@pytest.fixture
def net(tmp_path: Path) -> str:
    path = tmp_path / "net.json"
    save(shells((2, 8, 8, 4, 1), [3]), path)
    return str(path)


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert main([*arguments, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    found: dict[str, object] = json.loads(out)
    return found


@pytest.mark.parametrize("relation", [">", "<=", "="])
def test_the_numbers_do_not_depend_on_the_parts(
    net: str, relation: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    whole = answer(capsys, "betti", net, "--relation", relation, "--complete", "--threads", "1")
    for more in (["--parts", "5"], ["--parts", "auto"], ["--parts", "3", "--threads", "2"]):
        assert answer(capsys, "betti", net, "--relation", relation, "--complete", *more) == whole
    work = ["--work-dir", str(tmp_path / "work"), "--parts", "4"]
    for _ in range(2):
        assert answer(capsys, "betti", net, "--relation", relation, "--complete", *work) == whole
    coarse = answer(capsys, "betti", net, "--relation", relation, "--parts", "5")
    assert coarse["betti"] == whole["betti"] and coarse["complex"] == "coarse" and coarse["f_vector"] is None


def test_the_counts_do_not_depend_on_the_parts(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    whole = answer(capsys, "regions", net)
    parts = answer(capsys, "regions", net, "--parts", "6")
    assert parts.pop("linear_pieces") is None
    whole.pop("linear_pieces")
    assert parts == whole


def test_the_text_says_how_many_parts(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["betti", net, "--parts", "5"]) == 0
    assert "found from these cells of a coarse complex, made in 5 parts:" in capsys.readouterr().out
    assert main(["regions", net, "--parts", "5"]) == 0
    out = capsys.readouterr().out
    assert "counted in 5 parts" in out and "linear pieces" not in out


def test_one_part_is_not_mentioned(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["regions", net, "--parts", "auto"]) == 0
    assert "parts" not in capsys.readouterr().out


def test_classes_and_formulas_do_not_depend_on_the_parts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [[1, 0], [0, 1], [1, 1], [1, -1], [2, 1], [-1, 2]]
    outputs = [[1, -1, 1, 0, 1, -2], [0, 1, -1, 2, 0, 1], [1, 0, 0, -1, -1, 2]]
    several = Network([rows, outputs], [[1, 0, -1, 2, 0, 1], [0, 1, 0]])
    path = str(tmp_path / "several.json")
    save(several, path)
    work = ["--work-dir", str(tmp_path / "work")]
    for kind in (["--complete"], ["--closed"]):
        whole = answer(capsys, "classes", path, *kind, "--threads", "1")
        found = answer(capsys, "classes", path, *kind, "--parts", "5")
        if kind == ["--closed"]:  # the cells of coarse complexes depend on the parts
            assert found.pop("cells") != whole.pop("cells")
        assert found == whole
    for where in ("F0 > 0 and F1 >= F2", "F0 != 1"):
        whole = answer(capsys, "betti", path, "--where", where, "--parts", "1")
        assert answer(capsys, "betti", path, "--where", where, "--parts", "5", *work) == whole
        work = []
    assert main(["classes", path, "--complete", "--parts", "5"]) == 0
    assert "Computed from these cells, made in 5 parts:" in capsys.readouterr().out
    assert main(["betti", path, "--where", "F0 > 0 or F1 = 1", "--parts", "5"]) == 0
    assert "refined by what is compared, made in 5 parts:" in capsys.readouterr().out
    assert main(["betti", path, "--where", "F0 > 1", "--parts", "5", "--work-dir", str(tmp_path / "work")]) == 2
    assert "of another problem: its sets: F0 > 0 and F1 >= F2; here: F0 > 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--parts", "0"], "--parts: expected a positive integer"),
        (["--parts", "many"], '--parts: expected "auto" or a positive integer, got \'many\''),
        (["--parts", "-1"], '--parts: expected "auto" or a positive integer'),
        (["--parts", "10000000"], 'parts: expected "auto" or an integer from 1 to 100000, got 10000000'),
        (["--where", "F > 0", "--complete"], "--complete goes with --relation: for --where all cells are made anyway"),
        (["--work-dir", "/proc/none"], "cannot be used as a work directory"),
        (["--work-dir", ""], "not a path"),
    ],
)
def test_mistakes_are_one_line(
    net: str, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(main(["betti", net, *arguments]))
    out, err = capsys.readouterr()
    assert ended.value.code == 2 and out == ""
    assert message in err and err.count("\n") == 1


def test_a_part_that_cannot_be_cut_further_is_a_limit(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["betti", net, "--parts", "2", "--max-cells", "5"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "more than 5" in err and err.count("\n") == 1


@pytest.mark.slow
def test_an_interrupted_command_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    save(random_float32((3, 24, 24, 1)), path)
    command = [sys.executable, "-m", "polyrelu", "betti", str(path), "--complete", "--parts", "12", "--json"]
    command += ["--work-dir", str(tmp_path / "work")]
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        before = len(list((tmp_path / "work").glob("part-*"))) if (tmp_path / "work").exists() else 0
        while time.monotonic() < deadline and process.poll() is None:
            if (tmp_path / "work").exists() and len(list((tmp_path / "work").glob("part-*"))) > before:
                break
            time.sleep(0.02)
        process.send_signal(signal_)
        out, err = process.communicate(timeout=30)
        if process.returncode:  # it may have been faster
            assert process.returncode == 128 + signal_ and out == "" and err.count("\n") == 1
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    command[command.index("12") :] = ["1", "--json"]
    whole = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == json.loads(whole.stdout)
