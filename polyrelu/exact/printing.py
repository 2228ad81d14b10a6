"""Exact numbers in messages and in `repr`: in full as long as they are short, and otherwise by their first digits.

Python refuses to write integers of more than `sys.get_int_max_str_digits()` digits, 4300 by default; vertices of
ordinary networks can have more, and are not read digit by digit. Where every digit counts, in files and answers, use
`polyrelu.exact.rational.show` and `to_json`.
"""

from __future__ import annotations

import math
from dataclasses import fields
from fractions import Fraction
from typing import Any

MOST_DIGITS = 40
"""Maximum number of digits of a numerator or denominator that a message shows in full."""

REPR_DIGITS = 600
"""The same for `repr`, from which numbers are copied."""

_LEADING = 12
_EXACT = 10_000  # digits up to which powers of ten are cheap


def brief(x: Fraction | int, most: int = MOST_DIGITS) -> str:
    """The number as "p" or "p/q"; if it has more than `most` digits (600 at most), its first digits and their number.

    Examples
    --------
    >>> from fractions import Fraction
    >>> brief(Fraction(1, 3)), brief(10**50)
    ('1/3', '100000000000...(51 digits)')
    """
    numerator = _part(x.numerator, most)
    return numerator if x.denominator == 1 else f"{numerator}/{_part(x.denominator, most)}"


def brief_repr(value: Any) -> str:
    """The `repr` of a value, with long numbers in tuples, lists and dictionaries abbreviated."""
    if type(value) is int:
        return _part(value, REPR_DIGITS)
    if type(value) is Fraction:
        return f"Fraction({_part(value.numerator, REPR_DIGITS)}, {_part(value.denominator, REPR_DIGITS)})"
    if type(value) is tuple:
        return "(" + ", ".join(map(brief_repr, value)) + ("," if len(value) == 1 else "") + ")"
    if type(value) is list:
        return "[" + ", ".join(map(brief_repr, value)) + "]"
    if type(value) is dict:
        return "{" + ", ".join(f"{brief_repr(key)}: {brief_repr(x)}" for key, x in value.items()) + "}"
    return repr(value)


class BriefRepr:
    """A base for a dataclass with repr=False: the `repr` that it would have, with long numbers abbreviated."""

    __slots__ = ()

    def __repr__(self) -> str:
        shown = (f"{x.name}={brief_repr(getattr(self, x.name))}" for x in fields(self) if x.repr)  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(shown)})"


def _part(n: int, most: int) -> str:
    if n.bit_length() <= 3 * most:  # below 8^most
        return str(n)
    sign, n = "-" if n < 0 else "", abs(n)
    digits = int(n.bit_length() * math.log10(2)) + 1  # or one less
    if digits > _EXACT:
        return f"{sign}...(about {digits} digits)"
    digits -= n < 10 ** (digits - 1)
    return f"{sign}{n}" if digits <= most else f"{sign}{n // 10 ** (digits - _LEADING)}...({digits} digits)"
