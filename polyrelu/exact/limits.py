"""Limits of memory: memory that does not suffice raises `LimitError`, never a bare MemoryError."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np

from polyrelu.errors import InputError, LimitError
from polyrelu.exact.rational import describe

MEMINFO = Path("/proc/meminfo")
"""The file in which Linux reports the free memory."""

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")


def free_memory() -> int:
    """The free memory in bytes, without swapping, as Linux estimates it; elsewhere that of the machine."""
    with suppress(OSError):
        if found := re.search(r"^MemAvailable: +(\d+) kB$", MEMINFO.read_text(encoding="ascii"), re.MULTILINE):
            return int(found[1]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def read_limit(limit: object, name: str) -> None:
    """InputError for a limit that is neither a positive integer nor None."""
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise InputError(f"{name}: expected a positive integer or None, got {describe(limit)}")


def read_flag(value: object, name: str) -> bool:
    """The value as a bool: True or False, or 1 or 0 as an integer; InputError for anything else."""
    if not isinstance(value, (bool, np.bool_, int)) or value not in (0, 1):
        raise InputError(f"{name}: expected True or False, got {describe(value)}")
    return bool(value)


def read_progress(progress: object, name: str = "progress") -> None:
    """InputError for a value that is neither None nor callable."""
    if progress is not None and not callable(progress):
        raise InputError(f"{name}: expected a function or None, got {describe(progress)}")


def memory_is_a_limit(function: Callable[Arguments, Value]) -> Callable[Arguments, Value]:
    """The same function, but with LimitError in place of MemoryError."""

    @wraps(function)
    def limited(*arguments: Arguments.args, **options: Arguments.kwargs) -> Value:
        try:
            return function(*arguments, **options)
        except (MemoryError, SystemError) as error:
            # NumPy loses some of the errors of allocations on their way.
            if isinstance(error, SystemError) and "without exception set" not in str(error):
                raise
            name = function.__name__.strip("_")
        # outside the handler, where the memory held by the traceback is free again
        raise LimitError(f"{name}: the memory of this machine does not suffice; a domain or a slice needs less")

    return limited
