"""Floats are rounded, widened and read by their bits, against NumPy and Python, in every mode of the processor."""

from __future__ import annotations

import math
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrelu.exact.floats import fraction_of, nearest, root, to_double, widened
from support.floating_modes import MODES, mode, needs_modes

pytestmark = needs_modes


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["half", "single", "double"]))
def test_rounding_against_numpy(x: float, kind: Any) -> None:
    with np.errstate(over="ignore"):
        expected = float(np.array(x).astype({"half": "f2", "single": "f4", "double": "f8"}[kind]))
    assert nearest(Fraction(x), kind) == expected
    assert fraction_of(x) == Fraction(x)


@given(st.integers(), st.integers(min_value=1))
def test_rounding_against_python(p: int, q: int) -> None:
    assert nearest(Fraction(p, q)) == p / q


@pytest.mark.parametrize("kind", ["half", "single", "double"])
def test_ties_go_to_even_in_every_mode(kind: Any) -> None:
    bits, least, most = {"half": (11, -24, 16), "single": (24, -149, 128), "double": (53, -1074, 1024)}[kind]
    ulp, unit = Fraction(1, 2 ** (bits - 1)), Fraction(1, 2**-least)
    cases = [
        (1 + ulp / 2, Fraction(1)), (1 + ulp * 3 / 2, 1 + 2 * ulp), (1 + ulp * 51 / 100, 1 + ulp),
        (1 - ulp / 4, Fraction(1)),
        (unit / 2, Fraction(0)), (unit * 3 / 2, 2 * unit), (unit * 51 / 100, unit), (-unit * 5 / 2, -2 * unit),
        ((2 - ulp) * Fraction(2) ** (most - 1), (2 - ulp) * Fraction(2) ** (most - 1)),
    ]  # fmt: skip
    for rounding, flush in MODES:
        with mode(rounding, flush):
            found = [fraction_of(nearest(x, kind)) for x, _ in cases]
            beyond = nearest((2 - ulp / 2) * Fraction(2) ** (most - 1), kind), nearest(-Fraction(2) ** most, kind)
        assert found == [expected for _, expected in cases]
        assert beyond == (math.inf, -math.inf)


@given(st.floats(min_value=0, allow_nan=False, allow_infinity=False))
def test_roots(x: float) -> None:
    assert root(Fraction(x)) == math.sqrt(x)


def test_every_half_and_many_singles_are_widened() -> None:
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    rng = Random(0)
    singles = np.array([rng.randrange(2**32) for _ in range(20000)] + list(range(100)), np.uint32).view(np.float32)
    with np.errstate(all="ignore"):
        expected = halves.astype(np.float64), singles.astype(np.float64)
    for rounding, flush in MODES:
        with mode(rounding, flush):
            found = widened(halves), widened(singles)
        for a, b in zip(found, expected, strict=True):
            assert np.array_equal(a, b, equal_nan=True)
            assert np.array_equal(np.signbit(a), np.signbit(b))


def test_doubles_of_large_and_small_numbers() -> None:
    assert to_double(Fraction(1, 3)) == 1 / 3
    assert (to_double(Fraction(10**400)), to_double(Fraction(-(10**400), 3))) == (math.inf, -math.inf)
    assert to_double(Fraction(1, 10**400)) == 0


def test_other_arrays_are_not_touched() -> None:
    for dtype in (np.float64, np.int32, np.longdouble):
        array = np.arange(3, dtype=dtype)
        assert widened(array) is array
    for value in (math.inf, -math.inf, math.nan):
        with pytest.raises((OverflowError, ValueError)):
            fraction_of(value)
