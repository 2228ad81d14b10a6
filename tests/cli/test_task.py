"""What commands share: the options become a network, a domain and the keyword arguments of the engine."""

from __future__ import annotations

import argparse
import io
import json
from fractions import Fraction
from typing import Any

import pytest

import polyrelu as pr
from polyrelu.cli import task
from polyrelu.cli.options import add_net
from polyrelu.cli.progress import Progress

# (x, y) ↦ (x, y, ReLU(x + y − 1))
NET = pr.Network([[[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1]], [[1, -1, 0, 0, 0], [0, 0, 1, -1, 0], [0, 0, 0, 0, 1]]],
                 [[0, 0, 0, 0, -1], [0, 0, 0]])  # fmt: skip
POINT = Fraction(1, 3), Fraction(7, 2)


def options(*argv: str, **which: bool) -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    add_net(parser)
    task.add_task(parser, **which)
    return parser.parse_args(["net.json", *argv])


def test_nothing_is_changed_unless_asked_for():
    plain = task.prepare(options(), NET)
    assert plain.net == NET and plain.domain is None and plain.space == "R^2"
    assert plain.title == f"net.json: {NET!r}"


def test_an_output_and_a_difference_on_the_slice_in_the_box(tmp_path):
    assert task.prepare(options("--output", "2"), NET).net(POINT) == Fraction(1, 3) + Fraction(7, 2) - 1
    assert task.prepare(options("--difference", "0", "1"), NET).net(POINT) == Fraction(1, 3) - Fraction(7, 2)
    path = tmp_path / "line.json"
    path.write_text(json.dumps([[1, 2], [3, 5]]))
    found = task.prepare(options("--output", "2", "--slice", str(path), "--box=-1,1/2"), NET)
    assert found.net((Fraction(1, 4),)) == NET((Fraction(3, 2), Fraction(11, 4)))[2]
    assert found.domain is not None and found.domain.contains((Fraction(1, 2),))
    assert not found.domain.contains((Fraction(51, 100),))
    assert found.space == f"the box -1,1/2 of the slice R^1 through the points of {path}"


def test_one_interval_stands_for_all_inputs_and_a_side_may_be_open():
    found = task.prepare(options("--box", "0,inf"), NET).domain
    assert found is not None and found.contains((0, 10**9)) and not found.contains((1, Fraction(-1, 10**9)))


@pytest.mark.parametrize("argv", [("--box", "0"), ("--box", "1,0"), ("--box", "0,nan"),
                                  ("--output", "3"), ("--output", "1/2"), ("--difference", "0", "x")])  # fmt: skip
def test_what_does_not_suit_the_network(argv):
    with pytest.raises(pr.InputError):
        task.prepare(options(*argv), NET)


def test_an_output_minus_itself_is_refused():
    with pytest.raises(pr.errors.NetworkError, match=r"^difference: expected two different outputs"):
        task.prepare(options("--difference", "1", "1"), NET)


def test_several_outputs_where_one_is_needed():
    with pytest.raises(pr.InputError, match=r"net\.json has 3 outputs: choose one"):
        task.prepare(options(), NET, one_output=True)
    assert task.prepare(options("--output", "1"), NET, one_output=True).net.output_dim == 1
    assert task.prepare(options(choice=False), NET).net == NET  # a command without --output


def work(*argv: str) -> dict[str, Any]:
    with task.prepare(options(*argv), NET).work() as how:
        return how


def test_limits(monkeypatch):
    monkeypatch.setattr(task, "free_memory", lambda: 1000)
    assert work() == {"max_cells": None, "max_memory": 900, "threads": 1, "progress": None}
    limits = work("--max-cells", "7", "--max-memory", "1/2", "--threads", "3")
    assert (limits["max_cells"], limits["max_memory"], limits["threads"]) == (7, 5 * 10**8, 3)
    for wrong in (("--max-cells", "0"), ("--max-memory", "0"), ("--max-memory", "1e-10"), ("--threads", "1.5")):
        with pytest.raises(pr.InputError, match=wrong[0]):
            work(*wrong)


def test_the_engine_takes_what_work_gives():
    prepared = task.prepare(options("--box=-1,2", "--max-cells", "100"), NET)
    with prepared.work() as how:
        assert pr.subdivide(prepared.net, domain=prepared.domain, **how).n_regions == 7
    with prepared._replace(options=options("--max-cells", "2")).work() as how, pytest.raises(pr.LimitError):
        pr.subdivide(NET, **how)


def test_a_command_without_limits_gets_progress_alone():
    bare = argparse.Namespace(net="net.json", slice=None, box=None)
    with task.prepare(bare, NET).work() as how:
        assert how == {"progress": None}


def test_the_bar_is_closed_when_the_work_fails(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stderr", Terminal())
    monkeypatch.setattr(Progress, "PATIENCE", 0)
    with pytest.raises(ZeroDivisionError), task.prepare(options(), NET).work() as how:
        how["progress"]("stage", 1, 2)
        bar = how["progress"].__self__._bar
        raise ZeroDivisionError
    assert bar.disable  # what tqdm calls a bar that is closed
