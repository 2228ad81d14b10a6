"""A progress bar for work that takes long, by tqdm.

tqdm is a dependency rather than an extra: it is pure Python, needs nothing itself, and is imported only when a bar is
drawn, so that nobody gains from a second display for those who lack it.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from shutil import get_terminal_size
from typing import Any, TextIO


class Progress:
    """A bar on standard error, when that is a terminal, for work that takes longer than a second."""

    WIDTH = 80
    PATIENCE = 1.0

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._start = time.monotonic()
        self._bar: Any = None

    @property
    def hook(self) -> Callable[[str, int, int], None] | None:
        """The callback for the engine; None if standard error is no terminal, or has the lines of --log."""
        logs = logging.getLogger("polyrelu").isEnabledFor(logging.INFO)
        return self._show if self._stream.isatty() and not logs else None

    def _show(self, stage: str, done: int, total: int) -> None:
        if self._bar is None:
            if time.monotonic() - self._start < self.PATIENCE:
                return
            from tqdm import tqdm

            columns, rows = get_terminal_size()
            # The totals are those of stages; the total of the whole work is unknown, so no remaining time is shown.
            self._bar = tqdm(
                file=self._stream,
                desc=stage,
                initial=done,
                total=total,
                leave=False,
                # tqdm takes a terminal of unknown size for one of size zero.
                ncols=min(columns, self.WIDTH),
                nrows=rows,
                bar_format="{desc} |{bar}| {n_fmt} of {total_fmt} [{elapsed}]",
            )
        self._bar.set_description_str(stage, refresh=False)
        self._bar.n, self._bar.total = done, total
        self._bar.refresh()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
