"""The option --log: what the library reports to its logger, in lines on standard error."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from polyrelu.errors import one_line


class _Line(logging.Formatter):
    """Records in one line each, without characters that have an effect on a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return one_line(super().format(record))


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Lines that cannot be written are left out: they must not end the work."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass


@contextmanager
def logged(level: str) -> Iterator[None]:
    """A context in which the records of this level and above are written."""
    logger = logging.getLogger("polyrelu")
    handler, before = _Handler(sys.stderr), logger.level
    handler.setFormatter(_Line("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(level.upper())
    try:
        yield
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)
