"""The names of the activations that are given for a file of weights alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from polyrelu.errors import InputError
from polyrelu.exact.rational import describe, exact

EXPECTED = "expected relu, leaky:SLOPE (such as leaky:0.3), abs or identity, or one of these for each hidden layer"

_LEAKY = re.compile(r"leaky(?:_?relu)?:(.*)")


@dataclass(frozen=True)
class Activation:
    """An activation of a hidden layer: x above zero, slope · x below.

    `decimal` is whether the slope was written as a decimal, which a framework rounds to its own precision.
    """

    name: str
    slope: Fraction
    decimal: bool = False


_NAMED = {
    "relu": Activation("ReLU", Fraction(0)),
    "abs": Activation("Abs", Fraction(-1)),
    "identity": Activation("Identity", Fraction(1)),
}


def read_activations(given: Any) -> tuple[Activation, ...]:
    """The activations of all hidden layers, or the one that they share, from their names.

    `given` is a name ("relu", "leaky:0.3", "leaky:1/3", "abs", "identity"), several between commas, or a sequence of
    names. Raises InputError for anything else, functions that are not piecewise linear among them.
    """
    if isinstance(given, str):
        names: Sequence[Any] = given.split(",")
    elif isinstance(given, Sequence) and not isinstance(given, (bytes, bytearray)) and given:
        names = given
    else:
        raise InputError(f"activation: {EXPECTED}; got {describe(given)}")
    return tuple(_read(name) for name in names)


def _read(name: Any) -> Activation:
    text = name.strip().lower() if isinstance(name, str) else ""
    if text in _NAMED:
        return _NAMED[text]
    if (found := _LEAKY.fullmatch(text)) is None:
        raise InputError(f"activation: {EXPECTED}; got {describe(name)}")
    slope_text = found[1].strip()
    slope = exact(slope_text, "activation, slope")
    return Activation(f"LeakyReLU({slope_text})", slope, any(c in slope_text for c in ".e"))
