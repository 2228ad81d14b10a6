"""Progress: what is told in the course of long steps, silently without a terminal, and that it can stop them."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from itertools import groupby

import pytest

import polyrelu as pr
from polyrelu.cli.progress import Progress

NET = pr.shells((2, 8, 6, 1), {1: 2})


class Enough(Exception):
    pass


def stop(*_: object) -> None:
    raise Enough


def told(action) -> dict[str, list[tuple[int, int]]]:
    """(done, total) by stage; the stages come one after the other, and `done` never falls or exceeds the total."""
    calls = []
    action(lambda *call: calls.append(call))
    stages = {name: [(done, total) for _, done, total in part] for name, part in groupby(calls, key=lambda c: c[0])}
    assert len(stages) == len(list(groupby(calls, key=lambda call: call[0])))
    for part in stages.values():
        assert part == sorted(part) and all(0 <= done <= total for done, total in part)
    return stages


def test_homology_tells_its_steps():
    region = pr.subdivide(NET, 0).region(">")
    stages = told(lambda progress: pr.homology(region, progress=progress))
    assert stages == {"homology": [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]}
    complex_ = pr.chain_complex(region)
    assert told(lambda progress: pr.homology(complex_, progress=progress))["homology"][-1] == (4, 4)
    assert pr.homology(region, progress=lambda *_: None) == pr.homology(region)


def test_the_whole_sentence_ends_with_homology():
    stages = told(lambda progress: pr.analyse_region(NET, progress=progress))
    assert list(stages)[-1] == "homology"


@pytest.mark.parametrize(
    "action",
    [
        lambda progress: pr.homology(pr.subdivide(NET, 0).region(">"), progress=progress),
        lambda progress: pr.homology(pr.ChainComplex([[[2]]], ranks=(1, 1)), progress=progress),
        lambda progress: pr.analyse_region(NET, progress=progress),
        lambda progress: pr.verify(NET, betti=(6, 2), progress=progress),
        lambda progress: pr.separation(2, 8, progress=progress),
    ],
)
def test_an_exception_stops_the_work(action):
    with pytest.raises(Enough):
        action(stop)


def test_separation_names_the_depth():
    seen = set()
    pr.separation(2, 10, progress=lambda stage, *_: seen.add(stage.partition(":")[0]))
    assert {"depth 1", "depth 2"} <= seen


def test_silent_without_a_terminal():
    assert Progress(io.StringIO()).hook is None


def test_a_bar_on_a_terminal_that_does_not_tell_its_size():
    code = """
from polyrelu.cli.progress import Progress
Progress.PATIENCE = 0
with Progress() as progress:
    for i in range(3):
        progress.hook("layer 1", i, 3)
    progress.hook("homology", 1, 4)
"""
    try:
        master, slave = pty.openpty()
    except OSError:
        pytest.skip("no pseudo-terminals here")
    with subprocess.Popen([sys.executable, "-c", code], stderr=slave):
        os.close(slave)
        shown = b""
        try:
            while part := os.read(master, 1000):
                shown += part
        except OSError:  # the other side is closed
            pass
    os.close(master)
    text = shown.decode()
    assert "layer 1 |" in text and "2 of 3" in text and "homology |" in text and "1 of 4" in text
    assert max(map(len, text.split("\r"))) <= Progress.WIDTH and text.split("\r")[-2].strip() == ""
