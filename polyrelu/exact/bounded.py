"""Calls of FLINT that may be long or large, in a process of their own, which can be stopped and limited.

FLINT handles no signals while it works, and where an allocation fails it ends the process. So whatever is not certain
to be small runs in a new process, whose memory the system limits, and which ends with the caller: at Ctrl-C within a
moment.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from math import isfinite
from typing import Any, TypeVar

from polyrelu.errors import LimitError, PolyreluError, VerificationError
from polyrelu.exact.limits import free_memory
from polyrelu.exact.time_limit import OutOfTimeError, time_left

WORK = 10**7
"""The amount of `work` beyond which a process is started. A Smith or Hermite form of that amount takes FLINT 0.3 to 0.7
seconds (dense random matrices of 10 to 140 rows with entries of 4 to 10 000 bits), and a process 0.3 to start."""

_START = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from polyrelu.exact.bounded import serve; serve()"
)

_OUT_OF_MEMORY = 3  # exit status

Value = TypeVar("Value")


def work(rows: int, columns: int, bits: int) -> int:
    """A measure for the time of a normal form of a dense matrix with entries of this many bits."""
    return rows * columns * min(rows, columns) * max(bits, 1)


def call(function: Callable[..., Value], *arguments: Any, max_memory: int | None = None) -> Value:
    """The value of a function of this package, computed in a process of its own.

    Parameters
    ----------
    function : callable
        The function; picklable, like its arguments and its value.
    *arguments
        Its arguments.
    max_memory : int, optional
        The maximum memory in bytes that the process may use besides what it starts with. The default is the free memory
        of the machine.

    Returns
    -------
    object
        The value.

    Raises
    ------
    LimitError
        If the memory does not suffice.
    VerificationError
        If the process ends in another way.
    OutOfTimeError
        If the time is over, where it is limited (`polyrelu.exact.time_limit`).

    Notes
    -----
    An exception that ends the wait, such as KeyboardInterrupt, ends the process. Where no process can be started from
    Python (a program that embeds it) the function is simply called.
    """
    if not sys.executable or getattr(sys, "frozen", False):
        return function(*arguments)
    limit = free_memory() if max_memory is None else max_memory
    request = pickle.dumps(list(sys.path)) + pickle.dumps((function, arguments, limit))
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", _START], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError as error:
        raise LimitError(f"no process for a large normal form can be started: {error.strerror}") from None
    with process:
        try:
            answer, _ = process.communicate(request, timeout=max(left, 0.0) if isfinite(left := time_left()) else None)
        except BaseException as error:
            process.kill()
            if isinstance(error, subprocess.TimeoutExpired):
                raise OutOfTimeError from None
            raise
    if process.returncode in (_OUT_OF_MEMORY, -signal.SIGABRT, -signal.SIGKILL):
        raise LimitError(f"a normal form of a large matrix needs more than {limit} bytes")
    if process.returncode:
        raise VerificationError(f"the process of a large normal form ended with status {process.returncode}")
    value: Value | PolyreluError = pickle.loads(answer)
    if isinstance(value, PolyreluError):
        raise value
    return value


def serve() -> None:
    """The work of the process: one call, from standard input to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to both; the caller decides
    end_with_the_caller()
    function, arguments, limit = pickle.load(sys.stdin.buffer)
    held = _address_space()
    with suppress(ValueError, OSError):  # a lower limit is in force already
        resource.setrlimit(resource.RLIMIT_AS, (held + limit, resource.RLIM_INFINITY))
    try:
        try:
            answer = function(*arguments)
        except PolyreluError as error:
            answer = error
        data = pickle.dumps(answer)
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _address_space() -> int:
    """The address space in use, in bytes."""
    with suppress(OSError), open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()
    return 0


def end_with_the_caller() -> None:
    """Let Linux end this process when the caller ends, and take it first when memory is short."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")
