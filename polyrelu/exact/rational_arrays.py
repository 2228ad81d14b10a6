"""Arrays of rational numbers of FLINT, on which the same algorithms run as on arrays of doubles."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from flint import fmpq, fmpq_mat

Array = npt.NDArray[Any]

ZERO, ONE = fmpq(0), fmpq(1)


class GivenUpError(ArithmeticError):
    """Raised by an algorithm that came to no end in floating point."""


def exact_zeros(n: int) -> Array:
    """n zeros."""
    out = np.empty(n, dtype=object)
    out[:] = ZERO
    return out


def solve_exactly(matrix: Array, right: Array) -> Array:
    """The solution of a square system; ZeroDivisionError if there is none, or more than one."""
    out = exact_zeros(len(right))
    if len(right):
        found = fmpq_mat([list(row) for row in matrix]).solve(fmpq_mat([[x] for x in right]))
        out[:] = [found[i, 0] for i in range(len(right))]
    return out
