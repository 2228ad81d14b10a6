"""Time and memory of the process that asks. Linux only: the peak comes from /proc, where it can be reset."""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from polyrelu import _core

T = TypeVar("T")


def memory() -> tuple[int, int]:
    """(resident now, peak since the last reset) in bytes.

    ru_maxrss would not do: it survives exec, so that a child starts with the peak of its parent.
    """
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    resident, peak = (1024 * int(fields[key].split()[0]) for key in ("VmRSS", "VmHWM"))
    return resident, peak


def start_of_peak() -> int:
    """Reset the peak; the resident memory to subtract from it."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return memory()[0]


def cpu(work: Callable[[], T]) -> tuple[T, float]:
    """The result and the CPU seconds, user and system, of all threads and of child processes that have ended."""
    gc.collect()
    start = _cpu_seconds()
    result = work()
    return result, _cpu_seconds() - start


def _cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


@contextmanager
def arithmetic(name: str) -> Iterator[None]:
    """Within it `subdivide` decides signs in another way: see the core's `arithmetic`."""
    original: Any = _core.subdivide
    _core.subdivide = partial(original, arithmetic=name)
    try:
        yield
    finally:
        _core.subdivide = original
