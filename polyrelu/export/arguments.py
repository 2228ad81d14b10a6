"""Checks of the arguments that the functions of this room share."""

from __future__ import annotations

from typing import Any

from polyrelu.errors import InputError
from polyrelu.exact.rational import describe
from polyrelu.geometry.complex import PolyhedralComplex


def check_complex(value: Any, function: str) -> None:
    """Raise InputError, naming the function, unless the value is a PolyhedralComplex."""
    if not isinstance(value, PolyhedralComplex):
        raise InputError(f"{function}: expected a PolyhedralComplex, got {describe(value)}")
