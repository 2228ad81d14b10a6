"""Coordinates as TikZ reads them.

TeX computes with numbers below 16384 in steps of 2^-16. So a window far from 0, or a very large or small one, is
written in other units, u = (x − shift) / unit with a power of ten as the unit, and the file says which.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from polyrelu.errors import InputError, LimitError
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import describe, show
from polyrelu.export.latex_text import decimal

NUMBERS = ("decimal", "fraction")
MOST_PLACES = 15
"""Maximum number of digits after the point: TeX reads no more than 17."""
FAR = 20
"""Windows farther from 0 than this multiple of their side are shifted."""
LARGE = 1000
SMALL = Fraction(1, 100)
"""Sides beyond these bounds are written in other units."""
SIMPLE = 16383
"""The largest integer that pgf divides by itself."""
LONGEST = 4000
"""Maximum length of a number as text."""


@dataclass(frozen=True)
class Axis:
    """One coordinate of a picture: the part that is drawn, and the units in which it is written."""

    low: Fraction
    high: Fraction
    shift: Fraction
    unit: Fraction

    @classmethod
    def of(cls, low: Fraction, high: Fraction) -> Axis:
        """The axis for an interval."""
        side = high - low
        power = exponent(side)
        unit = Fraction(10) ** power if side > LARGE or side < SMALL else Fraction(1)
        far = max(abs(low), abs(high)) > FAR * side
        return cls(low, high, low // Fraction(10) ** power * Fraction(10) ** power if far else Fraction(0), unit)

    @property
    def is_plain(self) -> bool:
        """Whether coordinates are written as they are."""
        return self.shift == 0 and self.unit == 1

    def __call__(self, x: Fraction) -> Fraction:
        """The coordinate in the units of the file."""
        return (x - self.shift) / self.unit

    @property
    def side(self) -> Fraction:
        """The length of the part that is drawn, in the units of the file."""
        return (self.high - self.low) / self.unit

    def ticks(self, count: int) -> list[Fraction]:
        """At most `count` numbers in the interval, multiples of 1, 2 or 5 times a power of ten."""
        side = self.high - self.low
        step = Fraction(10) ** (exponent(side) - 1)
        factors = (factor for _ in range(9) for factor in (2, Fraction(5, 2), 2))
        while (first := math.ceil(self.low / step)) + count <= math.floor(self.high / step):
            step *= next(factors)
        return [i * step for i in range(first, math.floor(self.high / step) + 1)]


def exponent(x: Fraction) -> int:
    """The integer k with 10^k ≤ x < 10^(k + 1), for x > 0."""
    k = len(show(x.numerator)) - len(show(x.denominator))
    return k if Fraction(10) ** k <= x else k - 1


class Writer:
    """Writes points: coordinates as decimals with a number of digits after the point, or as fractions."""

    def __init__(self, axes: Sequence[Axis], kind: str, places: int | None) -> None:
        self.axes = tuple(axes)
        self.kind = kind
        finest = min(axis.side for axis in axes)
        self.places = max(6 - exponent(finest), 0) if places is None else places
        self.is_rounded = False
        """Whether some coordinate was rounded."""

    def number(self, x: Fraction) -> str:
        """A number in the units of the file."""
        if self.kind == "decimal":
            return decimal(x, self.places)
        text = show(x)
        if len(text) > LONGEST:
            raise LimitError(f"numbers: {brief(x)} is too long for TeX; write decimals")
        if x.denominator == 1:
            return text
        simple = max(abs(x.numerator), x.denominator) <= SIMPLE
        return f"{{{text}}}" if simple else f"{{\\fpeval{{{text}}}}}"

    def point(self, point: Sequence[Fraction]) -> tuple[str, str]:
        """A point of the picture as TikZ reads it, and a comment with the exact one if it was rounded."""
        units = [axis(x) for axis, x in zip(self.axes, point, strict=True)]
        text = f"({', '.join(map(self.number, units))})"
        exact = self.kind == "fraction" or all((x * 10**self.places).denominator == 1 for x in units)
        if exact:
            return text, ""
        self.is_rounded = True
        shown = f"({', '.join(map(show, point))})"
        return text, f" % {shown}" if len(shown) <= LONGEST else " % too long to be shown"


def read_numbers(kind: object) -> str:
    """How numbers are written. InputError for other words."""
    if not isinstance(kind, str) or kind not in NUMBERS:
        raise InputError(f"numbers: expected 'decimal' or 'fraction', got {describe(kind)}")
    return kind


def read_digits(digits: object, kind: str) -> int | None:
    """The number of digits after the point, or None. InputError for anything else."""
    if digits is None:
        return None
    if isinstance(digits, bool) or not isinstance(digits, int) or not 0 <= digits <= MOST_PLACES:
        raise InputError(f"digits: expected an integer from 0 to {MOST_PLACES}, got {describe(digits)}")
    if kind != "decimal":
        raise InputError("digits: fractions are not rounded; give digits with numbers='decimal'")
    return digits
