"""A progress line for work that takes long."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO


class Progress:
    """A line on standard error, when that is a terminal, for work that takes longer than a second."""

    WIDTH = 30
    PATIENCE = 1.0

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._start = time.monotonic()
        self._shown = False

    @property
    def hook(self) -> Callable[[str, int, int], None] | None:
        """What to hand to the engine: nothing, when nobody is watching."""
        return self._show if self._stream.isatty() else None

    def _show(self, stage: str, done: int, total: int) -> None:
        if time.monotonic() - self._start >= self.PATIENCE:
            bar = "#" * (self.WIDTH * done // max(total, 1))
            self._stream.write(f"\r{stage} [{bar:<{self.WIDTH}}] {done} of {total}\x1b[K")
            self._stream.flush()
            self._shown = True

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
