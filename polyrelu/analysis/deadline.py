"""A limit on the time of work that is done in steps: what is not done when it is over is left out, and said so."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf, isfinite

from polyrelu import _core
from polyrelu.errors import InputError
from polyrelu.exact.rational import describe
from polyrelu.exact.time_limit import END, OutOfTimeError, check_time
from polyrelu.geometry.subdivision import Progress

LEAST_SECONDS = 0.1
"""What comes late in the work has still so much time: small networks need no more."""


_core.set_check(check_time)


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """A context whose work ends with OutOfTimeError after so many seconds; None for no limit.

    It holds in this thread, in the core and in processes of FLINT too. Within another limit the earlier end counts.
    """
    token = END.set(min(END.get(), inf if seconds is None else time.monotonic() + seconds))
    try:
        yield
    finally:
        END.reset(token)


class Deadline:
    """A number of seconds from now on, wall time; None for no limit.

    `progress` is for `subdivide`: it passes reports on to the listener, and ends the work when the time is over.
    """

    def __init__(self, seconds: float | None, listener: Progress | None = None) -> None:
        self._start = time.monotonic()
        self._seconds = inf if seconds is None else seconds
        self._listener = listener

    @property
    def left(self) -> float:
        """The seconds that are left, negative when the time is over; infinite without a limit."""
        return self._start + self._seconds - time.monotonic()

    @property
    def limited(self) -> bool:
        """Whether there is a limit."""
        return isfinite(self._seconds)

    def check(self) -> None:
        """Raise OutOfTimeError if the time is over."""
        if self.left < 0:
            raise OutOfTimeError

    def progress(self, stage: str, done: int, total: int) -> None:
        """Report progress; raise OutOfTimeError if the time is over."""
        if self._listener is not None:
            self._listener(stage, done, total)
        self.check()

    def part(self, share: float) -> float | None:
        """This share of the seconds that are left, never none at all; None without a limit."""
        return max(self.left, LEAST_SECONDS) * share if self.limited else None


_LONG = 10**9  # seconds, as good as for ever


def read_seconds(seconds: object) -> float | None:
    """A positive number of seconds, or None; InputError for anything else."""
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds > 0:
        raise InputError(f"seconds: expected a positive number or None, got {describe(seconds)}")
    return float(min(seconds, _LONG))
