"""The coefficients of homology: the integers, the rational numbers, or the field of p elements."""

from __future__ import annotations

import re

import numpy as np

from polyrelu.errors import InputError
from polyrelu.exact.rational import describe

Coefficients = int | str
""""Z", "Q", or a prime number p for the field of p elements."""

MAX_PRIME = 2**31
"""Fields of so many elements or more are refused."""

_FIELDS = 'a prime p < 2^31 (also as "Fp" or "Z/p")'
_NAME = re.compile(r"(?:F_?|Z/)([0-9]{1,10})")


def read_coefficients(value: object, where: str = "coefficients") -> Coefficients:
    """The coefficients as "Z", "Q" or a prime number p.

    Parameters
    ----------
    value : object
        "Z", "Q", a prime number p below `MAX_PRIME`, or "F2", "F_2", "Z/2" and so on.
    where : str
        The name of the argument, for messages.

    Raises
    ------
    InputError
        If it is anything else. Z/m with m not prime is no field, and its modules are not determined by their ranks.

    Examples
    --------
    >>> [read_coefficients(x) for x in ("Z", "Q", 3, "F2", "Z/5")]
    ['Z', 'Q', 3, 2, 5]
    """
    if isinstance(value, str) and value in ("Z", "Q"):
        return value
    if (p := _prime(value)) is not None:
        return p
    raise InputError(f'{where}: expected "Z", "Q" or {_FIELDS}, got {describe(value)}')


def read_field(field: object) -> int:
    """The characteristic of a field that is given as a prime, its name, 0 or "Q"; InputError for anything else."""
    if isinstance(field, str) and field == "Q":
        return 0
    if isinstance(field, (int, np.integer)) and not isinstance(field, bool) and field == 0:
        return 0
    if (p := _prime(field)) is not None:
        return p
    raise InputError(f'field: expected {_FIELDS}, or 0 or "Q" for the rational numbers, got {describe(field)}')


def symbol(coefficients: Coefficients) -> str:
    """Such as "Z", "Q" or "F_2"."""
    return coefficients if isinstance(coefficients, str) else f"F_{coefficients}"


def _prime(value: object) -> int | None:
    """The prime number that is given as itself or by the name of its field; None if it is none or too large."""
    if isinstance(value, str):
        found = _NAME.fullmatch(value)
        if found is None:
            return None
        value = int(found[1])
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        return None
    p = int(value)
    return p if 2 <= p < MAX_PRIME and all(p % i for i in range(2, int(p**0.5) + 1)) else None
