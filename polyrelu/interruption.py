"""Ctrl-C and other requests to end, for the command ``polyrelu``; within other programs signals are left alone.

This module is imported before everything else, because the imports take longer than many commands: a signal during
the imports ends the command at once, with one line and the status that shells use, 128 + its number. Once the command
works, a signal raises `Ended`, so that drafts of files and the like are removed. Before this module is imported there
is only Python itself, which a signal ends without a message of ours.
"""

from __future__ import annotations

import os
import sys
import time
from itertools import pairwise

TYPE_CHECKING = False  # as in `typing`, which takes a while to import, as `signal` does for its enumerations
if TYPE_CHECKING:
    import signal
    from types import FrameType
    from typing import NoReturn
else:
    import _signal as signal

WORDS: dict[int, str] = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "hung up"}
"""The signals that ask a program to end, and the word for each."""

_PATIENCE = 1.0  # seconds for which further signals change nothing: time to clean up


class Ended(KeyboardInterrupt):
    """A request to end, by the signal `number`. Not an Exception, so that nothing treats it as a failure."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class _State:
    guarded = False  # whether the signals come here
    working = False  # whether there may be something to clean up
    received: int | None = None
    since = 0.0


def begin() -> None:
    """Let signals raise `Ended` from now on."""
    _State.received = None
    _State.working = True


def finish() -> None:
    """Ignore Ctrl-C from now on: nothing can fail any more."""
    _State.working = False
    if _State.guarded:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def received() -> tuple[int, str] | None:
    """(exit status, word) of the signal that was raised since `begin`; None if there was none."""
    return None if _State.received is None else told(_State.received)


def told(number: int) -> tuple[int, str]:
    """(exit status, word) for a signal."""
    return 128 + number, WORDS[number]


def _handle(number: int, frame: FrameType | None) -> None:
    now = time.monotonic()
    if not _State.working:
        _end(number)
    if _State.received is None or now - _State.since > _PATIENCE:
        _State.received, _State.since = number, now
        raise Ended(number)


def _lost(unraisable: sys.UnraisableHookArgs) -> None:
    """Raise `Ended` again after an exception that nobody can catch, such as one in a destructor."""
    if not isinstance(unraisable.exc_value, Ended):
        sys.__unraisablehook__(unraisable)
        return
    number, _State.received = unraisable.exc_value.number, None
    signal.signal(signal.SIGALRM, lambda *_: _handle(number, None))
    signal.setitimer(signal.ITIMER_REAL, 0.02)


def _end(number: int) -> NoReturn:
    status, word = told(number)
    try:
        os.write(2, f"polyrelu: {word}\n".encode())
    finally:
        os._exit(status)


def _is_command() -> bool:
    """Whether this is the script `polyrelu` or ``python -m polyrelu``."""
    program = sys.argv[0] if getattr(sys, "argv", None) else ""
    if program != "-m":  # which stands there until the module is found, and its package imported
        return os.path.basename(program) == "polyrelu"
    named = [b for a, b in pairwise(sys.orig_argv) if a[:1] == "-" and a[-1:] == "m"]
    named += [a[2:] for a in sys.orig_argv if a.startswith("-m")]
    return any(name.split(".")[0] == "polyrelu" for name in named)


def _guard() -> None:
    for number in WORDS:
        # ignored signals stay ignored: nohup, and commands in the background of a script
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _handle)
            _State.guarded = True
    sys.unraisablehook = _lost


if _is_command():
    try:  # noqa: SIM105  # without contextlib
        _guard()
    except ValueError:  # not the main thread, the only one that may set handlers
        pass
