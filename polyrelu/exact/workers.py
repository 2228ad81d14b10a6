"""Calls of a function in several processes, whose values come as they are done.

The processes are new interpreters that import this package and nothing of the caller's program: so they work in every
script, notebook and console, with threads or without, and need no guard around the caller's main module. They end with
the caller, also when it is killed.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from typing import Any

from polyrelu.errors import LimitError, PolyreluError, VerificationError
from polyrelu.exact.bounded import end_with_the_caller

MOST_AT_A_TIME = 64
"""Maximum number of calls that a process is given together: a message takes about as long as a short call."""

SHARES = 8
"""A process is given at most this part of its share at a time, so that all have work until the end."""

_START = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from polyrelu.exact.workers import serve; serve()"
)


def cores() -> int:
    """The number of processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not everywhere
        return os.cpu_count() or 1


class Workers:
    """The values of a function at many arguments, by processes.

    Parameters
    ----------
    function : callable
        A function of one argument, of this package. It can be pickled, as can its arguments, values and errors.
    arguments : sequence
        The arguments.
    processes : int
        The number of processes.
    """

    def __init__(self, function: Callable[[Any], Any], arguments: Sequence[Any], processes: int) -> None:
        self._beginning = pickle.dumps(list(sys.path)) + pickle.dumps(function)
        self._arguments = arguments
        self._waiting = deque(range(len(arguments)))
        self._at_a_time = max(min(len(arguments) // (SHARES * processes), MOST_AT_A_TIME), 1)
        self._found: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._ended = False
        self._threads = [threading.Thread(target=self._attend, daemon=True) for _ in range(processes)]

    def answers(self) -> Generator[tuple[int, Any], None, None]:
        """(number of an argument, value there or PolyreluError), in the order in which they are found.

        The arguments are begun in their order. A process that is killed, as where memory is short, counts as a
        LimitError of the call that it was at. All processes are ended when this generator is closed, and when an
        exception such as KeyboardInterrupt ends the wait. LimitError if no process can be started.
        """
        try:
            for thread in self._threads:
                thread.start()
            for _ in self._arguments:
                number, answer = self._found.get()
                if number < 0:
                    raise answer
                yield number, answer
        finally:
            with self._lock:
                self._ended = True
                for process in self._running:
                    process.kill()
            for thread in self._threads:
                thread.join()

    def _attend(self) -> None:
        """The work of a thread: to keep one process busy."""
        process = None
        try:
            while numbers := self._take():
                if process is None and (process := self._start()) is None:
                    return
                assert process.stdin is not None and process.stdout is not None
                try:
                    process.stdin.write(pickle.dumps([self._arguments[i] for i in numbers]))
                    process.stdin.flush()
                    while numbers:
                        answer = pickle.load(process.stdout)
                        self._found.put((numbers.popleft(), answer))
                except (OSError, EOFError, pickle.UnpicklingError):
                    self._found.put((numbers.popleft(), _fault(self._close(process))))
                    process = None
                    with self._lock:
                        self._waiting.extendleft(reversed(numbers))
        except BaseException as error:  # whatever it is, who waits has to know
            self._found.put((-1, error))
        finally:
            if process is not None:
                self._close(process)

    def _take(self) -> deque[int]:
        """The numbers of the next arguments; none at the end."""
        with self._lock:
            if self._ended:
                return deque()
            return deque(self._waiting.popleft() for _ in range(min(self._at_a_time, len(self._waiting))))

    def _start(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._ended:
                return None
            try:
                process = subprocess.Popen(
                    [sys.executable, "-c", _START],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
            except OSError as error:
                raise LimitError(f"no process can be started: {error.strerror}") from None
            self._running.add(process)
        assert process.stdin is not None
        with suppress(OSError):  # a process that has ended already is found out later
            process.stdin.write(self._beginning)
        return process

    def _close(self, process: subprocess.Popen[bytes]) -> int:
        """The exit status of a process, once it is ended."""
        assert process.stdout is not None
        with self._lock:
            self._running.discard(process)
        with suppress(OSError), process:  # closes its input, at the end of which it ends, and waits
            process.stdout.close()
        return process.returncode


def _fault(status: int) -> PolyreluError:
    if status < 0:
        return LimitError(f"the process was ended by signal {-status}, as it is where the memory does not suffice")
    return VerificationError(f"the process ended with status {status}")


def serve() -> None:
    """The work of a process: the values of a function, from standard input to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the caller decides
    end_with_the_caller()
    source, target = sys.stdin.buffer, sys.stdout.buffer
    function = pickle.load(source)
    while True:
        try:
            arguments = pickle.load(source)
        except EOFError:
            return
        for argument in arguments:
            try:
                answer = function(argument)
            except PolyreluError as error:
                answer = error
            except MemoryError:
                answer = LimitError("the memory of this machine does not suffice")
            except Exception as error:  # a fault of ours
                answer = VerificationError(f"{type(error).__name__}: {error}")
            target.write(pickle.dumps(answer))
            target.flush()
