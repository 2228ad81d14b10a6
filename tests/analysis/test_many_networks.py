"""Betti numbers of many networks: the same as one by one, whatever the processes do."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from fractions import Fraction
from functools import partial
from typing import Any

import pytest

import polyrelu as pr
from polyrelu.errors import DomainError, InputError, LimitError, RegionError, VerificationError
from polyrelu.exact import workers
from polyrelu.exact.workers import Workers


def networks(n: int) -> list[pr.Network]:
    rng = random.Random(n)

    def vector(size: int) -> list[Fraction]:
        return [Fraction(rng.randint(-5, 5), rng.randint(1, 4)) for _ in range(size)]

    return [
        pr.Network([[vector(d) for _ in range(5)], [vector(5)]], [vector(5), vector(1)])
        for d in [rng.randint(1, 3) for _ in range(n)]
    ]


def test_the_same_as_one_by_one_in_their_order() -> None:
    nets = networks(40)
    calls = []
    expected = [pr.betti_numbers(net, "<=", Fraction(1, 3)) for net in nets]
    assert len(set(expected)) > 4
    for processes in (1, 2):
        found = pr.betti_numbers_of(
            iter(nets), "<=", Fraction(1, 3), processes=processes, progress=lambda *done: calls.append(done)
        )
        assert found == expected
        assert calls == [("networks", i, 40) for i in range(1, 41)]
        calls.clear()
    formula = "0 < F <= 1"
    assert pr.betti_numbers_of(nets[:3], where=formula, processes=2) == [
        pr.betti_numbers(net, where=formula) for net in nets[:3]
    ]
    assert pr.betti_numbers_of([]) == []


def test_errors_name_the_network() -> None:
    """The first one, also where a later one is found earlier; what it carries is carried on."""
    line, two = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [-1]]), pr.Network([[[1], [2]]], [[0, 0]])
    large = pr.shells((3, 8, 8, 1), [4, 4])
    nets = [line, large, two, line]
    for processes in (1, 2):
        with pytest.raises(LimitError, match=r"^networks\[1\]: more than 60 cells are needed") as caught:
            pr.betti_numbers_of(nets, max_cells=60, processes=processes)
        assert caught.value.reached["cells"] > 0
        found = pr.betti_numbers_of(nets, max_cells=60, processes=processes, errors="return")
        assert found[0] == found[3] == (2,)
        assert isinstance(found[1], LimitError) and isinstance(found[2], RegionError)
        assert str(found[2]).startswith("networks[2]: level: the network has 2 outputs")
    with pytest.raises(DomainError, match=r"^networks\[0\]: domain: it is empty") as empty:
        pr.betti_numbers_of([line, line], domain=pr.Domain([[1], [-1]], [0, -1]), processes=2)
    assert empty.value.certificate == (1, 1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"networks": 5}, "networks: expected a sequence of networks, got 5"),
        ({"networks": pr.Network([[[1]]], [[0]])}, "networks: expected a sequence"),
        ({"networks": [None]}, r"networks\[0\]: expected a Network, got None"),
        ({"processes": 0}, "processes: expected an integer from 1 to"),
        ({"errors": "ignore"}, 'errors: expected "raise" or "return"'),
        ({"relation": "≥"}, "relation: expected one of"),
        ({"where": "F > 0", "level": 1}, "where: a formula takes the place"),
        ({"max_cells": 0}, "max_cells: expected a positive integer"),
    ],
)
def test_wrong_arguments_are_found_before_any_process_starts(
    given: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", None)
    with pytest.raises(InputError, match=f"^{message}"):
        pr.betti_numbers_of(**{"networks": [pr.Network([[[1]]], [[0]])] * 2, **given})


def test_what_progress_raises_ends_the_processes() -> None:
    class StopError(Exception):
        pass

    def stop(*_: object) -> None:
        raise StopError

    many = Workers(partial(divmod, 7), [1, 2, 3], 2)
    with pytest.raises(StopError):
        pr.betti_numbers_of(networks(8), processes=2, progress=stop)
    answers = many.answers()
    next(answers)
    processes = list(many._running)
    answers.close()
    assert processes and all(process.poll() is not None for process in processes)


def test_processes_that_are_killed_or_end() -> None:
    """Their call fails, and no other."""
    found = dict(Workers(partial(os.kill, os.getpid()), [0, 0], 1).answers())  # signal 0: nothing happens
    assert found == {0: None, 1: None}
    found = dict(Workers(os._exit, [3, 4], 2).answers())
    assert [type(x) for _, x in sorted(found.items())] == [VerificationError] * 2
    assert str(found[1]) == "the process ended with status 4"
    found = dict(Workers(signal.raise_signal, [0, signal.SIGKILL, 0, 0], 1).answers())
    kinds = [type(x) for _, x in sorted(found.items())]
    assert kinds == [type(None), LimitError, type(None), type(None)]
    found = dict(Workers(partial(divmod, 7), [0, 2], 1).answers())
    assert str(found[0]).startswith("ZeroDivisionError: ") and found[1] == (3, 1)


def test_ctrl_c_ends_all_processes(tmp_path: Any) -> None:
    """In a script without a guard around its main part, which is not run again."""
    script = tmp_path / "many.py"
    script.write_text(
        textwrap.dedent("""
        import polyrelu as pr
        print("begun", flush=True)
        large = pr.shells((4, 16, 16, 1), [4, 4, 4])
        try:
            pr.betti_numbers_of([pr.shells((2, 4, 4, 1), [2])] + [large] * 5, coarse=False, processes=2,
                                progress=lambda *done: print(done, flush=True))
        except KeyboardInterrupt:
            print("interrupted")
        """),
        encoding="utf-8",
    )
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    assert process.stdout.readline() == "('networks', 1, 6)\n"
    children = children_of(process.pid)
    assert len(children) == 2
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    rest, _ = process.communicate(timeout=60)
    assert rest == "interrupted\n" and process.returncode == 0
    assert time.monotonic() - started < 10
    assert not [child for child in children if os.path.exists(f"/proc/{child}")]


def children_of(parent: int) -> list[int]:
    found = []
    for task in os.listdir(f"/proc/{parent}/task"):
        with open(f"/proc/{parent}/task/{task}/children", encoding="ascii") as file:
            found += map(int, file.read().split())
    return found


def test_cores() -> None:
    assert 1 <= workers.cores() <= (os.cpu_count() or 1)
