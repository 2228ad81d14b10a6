"""The processor's modes for floating-point arithmetic, set and put back: the direction of rounding, flush to zero."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

FLUSH, ZEROS = 1 << 15, 1 << 6  # bits of MXCSR: subnormal results become 0, and subnormal operands are taken for 0
ROUNDING = {"nearest": 0, "down": 1 << 13, "up": 2 << 13, "to zero": 3 << 13}

MODES = [(rounding, flush) for rounding in ROUNDING for flush in (0, FLUSH, ZEROS, FLUSH | ZEROS)]
"""All of them, the usual one first."""

needs_modes = pytest.mark.skipif(
    platform.machine() != "x86_64" or platform.system() != "Linux", reason="sets the modes of this processor"
)


@contextmanager
def mode(rounding: str, flush: int) -> Iterator[None]:
    """Within, this thread, and threads that it starts, compute in this mode. The x87 unit rounds likewise."""
    libm = ctypes.CDLL("libm.so.6")
    before, changed = ctypes.create_string_buffer(32), ctypes.create_string_buffer(32)
    libm.fegetenv(before)
    control = int.from_bytes(before.raw[28:32], "little") & ~(FLUSH | ZEROS | 3 << 13)
    x87 = int.from_bytes(before.raw[0:2], "little") & ~(3 << 10)
    environment = bytearray(before.raw)
    environment[28:32] = (control | ROUNDING[rounding] | flush).to_bytes(4, "little")
    environment[0:2] = (x87 | ROUNDING[rounding] >> 3).to_bytes(2, "little")
    changed.raw = bytes(environment)
    libm.fesetenv(changed)
    try:
        yield
    finally:
        libm.fesetenv(before)
