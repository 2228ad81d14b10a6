"""Memory that does not suffice is a LimitError, and arguments that are limits are read strictly."""

from __future__ import annotations

import os
import weakref
from pathlib import Path

import numpy as np
import pytest

from polyrelu.errors import InputError, LimitError
from polyrelu.exact import limits
from polyrelu.exact.limits import memory_is_a_limit, read_flag, read_limit, read_progress


def test_free_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < limits.free_memory() <= machine
    monkeypatch.setattr(limits, "MEMINFO", tmp_path / "meminfo")
    assert limits.free_memory() == machine
    (tmp_path / "meminfo").write_text("MemTotal:       8000 kB\nMemAvailable:   2048 kB\n")
    assert limits.free_memory() == 2 * 2**20
    (tmp_path / "meminfo").write_text("MemTotal:       8000 kB\n")
    assert limits.free_memory() == machine


def test_limits() -> None:
    for limit in (None, 1, 10**30):
        read_limit(limit, "max_cells")
    for wrong in (0, -1, 1.0, "1", True, np.int64(3)):
        with pytest.raises(InputError, match=r"^max_cells: expected a positive integer or None, got "):
            read_limit(wrong, "max_cells")


def test_flags() -> None:
    for value in (True, 1, np.True_):
        assert read_flag(value, "coarse") is True
    for value in (False, 0, np.False_):
        assert read_flag(value, "coarse") is False
    for wrong in (2, -1, 1.0, "yes", None, np.ones(2, bool)):
        with pytest.raises(InputError, match=r"^coarse: expected True or False, got "):
            read_flag(wrong, "coarse")


def test_progress() -> None:
    read_progress(None)
    read_progress(print)
    with pytest.raises(InputError, match=r"^progress: expected a function or None, got 3$"):
        read_progress(3)
    with pytest.raises(InputError, match=r"^bar: expected"):
        read_progress("bar", "bar")


class Held:
    """What a function holds when memory does not suffice."""


def test_memory_is_a_limit() -> None:
    """What the function held is free when the error is raised, and all else passes through."""
    kept: list[weakref.ref[Held]] = []

    @memory_is_a_limit
    def _work(fail: type[Exception] | None, *, answer: int = 0) -> int:
        """Its own text."""
        held = Held()
        kept.append(weakref.ref(held))
        if fail:
            raise fail("no")
        return answer

    assert (_work.__name__, _work.__doc__) == ("_work", "Its own text.")
    assert _work(None, answer=7) == 7
    with pytest.raises(LimitError, match=r"^work: the memory of this machine does not suffice; a domain") as caught:
        _work(MemoryError)
    assert caught.value.__context__ is None and kept[-1]() is None
    with pytest.raises(KeyError):
        _work(KeyError)
