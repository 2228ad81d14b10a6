"""Checks of the arguments of constructions and bounds: architectures and counts."""

from __future__ import annotations

import operator
from typing import SupportsIndex

from polyrelu.errors import InputError
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import describe, entries


def integer(value: object, where: str, least: int) -> int:
    """The value as an int of at least `least`; InputError, naming `where`, for anything else, booleans included."""
    try:
        if type(value) is int:  # the usual case; asking a protocol takes long
            number = value
        elif isinstance(value, bool) or not isinstance(value, SupportsIndex):
            raise TypeError
        else:
            number = operator.index(value)
    except TypeError:
        raise InputError(f"{where}: expected an integer, got {describe(value)}") from None
    if number < least:
        raise InputError(f"{where}: expected at least {least}, got {describe(number)}")
    return int(number)


def integers(values: object, where: str, least: int) -> tuple[int, ...]:
    """The values as ints of at least `least`; InputError, naming `where` and the place, for anything else."""
    items = entries(values, where)
    if items is None:
        raise InputError(f"{where}: expected a sequence of integers, got {describe(values)}")
    return tuple(integer(value, f"{where}, entry {i}", least) for i, value in enumerate(items, 1))


def read_architecture(architecture: object, hidden: int = 0, scalar: bool = False) -> tuple[int, ...]:
    """The widths (d, n_1, …, n_L, n_out) of a network, each at least 1, with at least `hidden` hidden layers.

    With `scalar` the network must have one output. InputError for anything else.
    """
    widths = integers(architecture, "architecture", 1)
    if len(widths) < 2 + hidden:
        raise InputError(
            f"architecture: expected an input dimension, at least {hidden} hidden width{'s' * (hidden != 1)} and an "
            f"output dimension, got {len(widths)} number{'s' * (len(widths) != 1)}"
        )
    if scalar and widths[-1] != 1:
        raise InputError(f"architecture: expected one output, got {brief(widths[-1])}")
    return widths


def require(where: str, inequality: str, left: int, right: int, note: str = "") -> None:
    """InputError, with the inequality and both numbers, unless left ≥ right."""
    if left < right:
        value = "" if inequality.endswith(f" {brief(right)}") else f" = {brief(right)}"
        raise InputError(f"{where}: expected {inequality}{value}, got {brief(left)}{note}")
