"""One limit of time for everything that a computation does.

Within a limit, which `polyrelu.analysis.deadline.time_limit` sets, work ends with OutOfTimeError when the time is over.
The core looks at the clock some twenty times a second, wherever it looks for signals. Python code that may take long
calls `check_time` between its steps.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from math import inf


class OutOfTimeError(Exception):
    """The time is over."""


END: ContextVar[float] = ContextVar("end", default=inf)
"""When the time is over, as time.monotonic() has it; infinite without a limit."""


def time_left() -> float:
    """The seconds that are left, negative when the time is over; infinite without a limit."""
    return END.get() - time.monotonic()


def check_time() -> None:
    """Raise OutOfTimeError if the time is over."""
    if time.monotonic() > END.get():
        raise OutOfTimeError
