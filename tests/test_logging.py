"""The logger "polyrelu": which phases, limits and decisions are reported, and that nothing is written unasked."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

import polyrelu as pr
from polyrelu import phases
from polyrelu.analysis import parts
from polyrelu.cli import main

ROOT = Path(__file__).parents[1]
ANNULUS = ROOT / "examples" / "annulus.json"


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, int | None]]:
    """The phases with their cells, which are taken out of what was recorded."""
    found = [(record.phase, record.cells) for record in caplog.records if hasattr(record, "phase")]
    assert all(0 <= record.seconds < 60 for record in caplog.records if hasattr(record, "phase"))
    caplog.clear()
    return found


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING"])
def test_phases_with_their_cells(caplog: pytest.LogCaptureFixture, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    caplog.set_level(level, "polyrelu")
    net = pr.load(strip=False, path=ANNULUS)
    assert all(message.startswith(f"reading: {ANNULUS}, {net!r}, ") for message in caplog.messages)
    caplog.clear()
    for long in (phases.LONG, 0.0):  # with 0 every phase takes long, and is INFO
        monkeypatch.setattr(phases, "LONG", long)
        if level == "WARNING" or (level == "INFO" and long):
            pr.betti_numbers(net)
            assert not caplog.records
            continue
        assert pr.load(ANNULUS) == net
        cx = pr.subdivide(net, level=0)
        n_cells, region = sum(cx.f_vector), cx.region("<=")
        chain = pr.chain_complex(region)
        pr.homology(region)
        expected = [("reading", None), ("subdividing", n_cells), *[("chain complex", sum(chain.ranks))] * 2]
        assert {record.levelname for record in caplog.records} == {"DEBUG" if long else "INFO"}
        assert f"has {pr.homology(chain)}, " in caplog.records[-1].getMessage()
        last = ("homology", sum(chain.ranks))
        assert told(caplog) == [*expected, last, last]
        # the homology in the core has the same phases
        pr.betti_numbers(net, "<=", coarse=False)
        assert told(caplog) == [*expected[1:3], last]
        partition = pr.classify(pr.stack(net, -net))
        assert told(caplog) == [("classifying", sum(partition.complex.f_vector))]


def test_layers_of_a_long_subdivision(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "polyrelu")
    seen: list[str] = []
    pr.subdivide(pr.shells((2, 28, 28, 4, 1), [3]), progress=lambda *args: seen.append(args[0]))
    layers = [message.partition(":")[0] for message in caplog.messages if message.startswith("layer")]
    assert layers and layers == list(dict.fromkeys(seen))


def test_limits_and_decisions_on_the_way(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    net = pr.shells((2, 8, 3, 1), [2])
    caplog.set_level(logging.DEBUG, "polyrelu")
    with pytest.raises(pr.LimitError) as caught:
        pr.subdivide(net, max_cells=100)
    assert told(caplog) == [("limit", caught.value.reached["cells"])]

    caplog.set_level(logging.INFO, "polyrelu")
    monkeypatch.setattr(parts, "FIRST_CELLS", 300)
    assert pr.betti_numbers(net, parts="auto", max_cells=150, coarse=False) == (6, 2)
    whole, begun, *cuts = caplog.messages
    assert whole.startswith("not made as a whole: more than 150 cells") and begun.endswith("parts are to be made")
    assert cuts and all("is cut further: more than 150 cells" in message for message in cuts)

    # the homology of what is left of the cells is not that of the region
    caplog.set_level(logging.DEBUG, "polyrelu")
    assert str(pr.analyse_region(net, parts=2).homology) == caplog.messages[-1].partition(": ")[2]


def test_what_a_recorder_leaves_out(caplog: pytest.LogCaptureFixture) -> None:
    recorder = pr.TrainingRecorder(quantities="betti", max_cells=150)
    small, large = pr.shells((2, 4, 3, 1), [1]), pr.shells((2, 8, 3, 1), [2])
    caplog.set_level(logging.INFO, "polyrelu.training")
    rows = [recorder.record(net) for net in (large, large, small, large)]
    assert [row is not None and row.betti is None for row in rows] == [True, True, False, True]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "WARNING"]
    assert caplog.messages[0] == f"epoch 0: no betti: {recorder.rows[0].not_computed['betti']}"


def test_nothing_is_written_unasked() -> None:
    code = """
import logging, polyrelu as pr
recorder = pr.TrainingRecorder(quantities="betti", max_cells=20)
recorder.record(pr.shells((2, 4, 3, 1), [1]))
logger = logging.getLogger("polyrelu")
assert [type(handler) for handler in logger.handlers] == [logging.NullHandler] and logger.level == logging.NOTSET
assert not logging.getLogger().handlers
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout == run.stderr == ""


def test_the_command_line_writes_on_standard_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m\nb.json"
    path.write_bytes(ANNULUS.read_bytes())
    assert main(["betti", str(path), "--threads", "1", "--json"]) == 0
    plain = capsys.readouterr()
    assert main(["betti", str(path), "--threads", "1", "--json", "--log", "debug"]) == 0
    out, err = capsys.readouterr()
    assert out == plain.out and json.loads(out)["betti"] == [1, 1] and plain.err == ""
    found = [line.split(" DEBUG ")[1].partition(":")[0] for line in err.splitlines()]
    assert found == ["reading", "subdividing", "chain complex", "homology"] and "\x1b" not in err
    logger = logging.getLogger("polyrelu")
    assert logger.level == logging.NOTSET and len(logger.handlers) == 1
    assert main(["betti", str(path), "--log", "info"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["betti", str(path), "--log", "loud"]) == 2
