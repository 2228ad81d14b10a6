"""Reports to the logger "polyrelu": phases of the work, with their times and sizes.

A module has a logger of its own below it, `logging.getLogger(__name__)`. The library configures nothing: without a
handler of the program's, nothing is written. The levels are

- DEBUG: every phase when it ends (reading, subdividing, classifying, chain complex, homology), and layers on the way;
- INFO: phases that took a second or more, and decisions on the way: to work in parts, to cut a part further, to sample;
- WARNING: what is missing in a result although no exception is raised.

A record of a phase has the attributes `phase`, `seconds` and `cells` (None where nothing is counted).
"""

from __future__ import annotations

import logging
from time import perf_counter
from typing import Any

logging.getLogger("polyrelu").addHandler(logging.NullHandler())

LONG = 1.0
"""Seconds from which on a phase is INFO, not DEBUG."""


def clock(logger: logging.Logger) -> float:
    """The time, for `log_phase`; 0 if phases are not logged, so that nothing has to be prepared."""
    return perf_counter() if logger.isEnabledFor(logging.INFO) else 0.0


def log_phase(
    logger: logging.Logger, since: float, phase: str, message: str, *arguments: Any, cells: int | None = None
) -> None:
    """Report the end of a phase that began at `since`."""
    seconds = perf_counter() - since
    level = logging.INFO if seconds >= LONG else logging.DEBUG
    facts = {"phase": phase, "seconds": seconds, "cells": cells}
    time = f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"
    logger.log(level, f"%s: {message}, %s", phase, *arguments, time, extra=facts, stacklevel=2)
