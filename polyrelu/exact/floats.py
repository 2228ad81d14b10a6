"""Binary floating-point numbers by their bits, whatever the processor's mode.

A program may set the processor to take subnormal numbers for zero (`torch.set_flush_denormal`, or a library built with
-ffast-math), or to round in another direction than to the nearest. Both change what a conversion between two types of
float does, and a comparison with zero. The functions of this module read and round in integers, or by operations on
normal numbers that round nothing, so that their results depend on the bits alone.
"""

from __future__ import annotations

import math
import re
import struct
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

LEAST_NORMAL = 2.0**-1022
"""The least positive double that is not subnormal."""

_PROBE = (1.0, 2.0**-60, LEAST_NORMAL, 0.5)  # variables, so that the interpreter does not compute with them beforehand
_SINGLE = np.dtype(np.float32)
_FLOATS, _INTEGERS = re.compile(r"float[468]_\w+"), re.compile(r"u?int[1-4]")


def ordinary() -> bool:
    """Whether arithmetic now rounds to the nearest and keeps subnormal numbers."""
    one, tiny, least, half = _PROBE
    return one + tiny == one and one - tiny == one and least * half != 0


def fraction_of(value: float) -> Fraction:
    """The exact rational value of a finite double; OverflowError or ValueError for infinities and NaN."""
    if -LEAST_NORMAL < value < LEAST_NORMAL:  # also where subnormals are taken for zero
        (bits,) = struct.unpack("<q", struct.pack("<d", value))
        mantissa = bits & (2**63 - 1)
        return Fraction(-mantissa if bits < 0 else mantissa, 2**1074) if mantissa else Fraction(0)
    return Fraction(*float.as_integer_ratio(value))


def widened(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An array of halves or singles as doubles of the same values; any other array unchanged."""
    if array.dtype.kind != "f" or array.dtype.itemsize > 4:
        return array
    single = np.asarray(array, dtype=_SINGLE)  # halves become normal singles, and a swap of bytes computes nothing
    with np.errstate(all="ignore"):
        result = np.asarray(single, dtype=np.float64)
    bits = single.view(np.uint32)
    subnormal = ((bits & 0x7F800000) == 0) & ((bits & 0x007FFFFF) != 0)
    if subnormal.any():
        result = np.array(result)
        found = bits[subnormal]
        sizes = (found & 0x007FFFFF).astype(np.float64) * 2.0**-149
        result[subnormal] = np.where(found >> 31, -sizes, sizes)
    return result


def from_extension(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An array of a type that ml_dtypes adds to NumPy (bfloat16, float8, int4, ...) as one of singles or integers.

    The values are the same: each such type is a subset of the singles, or of the integers of 64 bits. Any other array
    is returned unchanged.
    """
    if array.dtype.kind != "V" or array.dtype.names is not None:
        return array
    name = array.dtype.name
    if name == "bfloat16":  # the first half of the bits of a single
        bits = np.frombuffer(array.tobytes(), np.uint16).astype(np.uint32) << 16
        return bits.view(np.float32).reshape(array.shape)
    if _FLOATS.fullmatch(name):
        return array.astype(np.float32)
    return array.astype(np.int64) if _INTEGERS.fullmatch(name) else array


Kind = Literal["half", "single", "double"]

FORMATS = {"half": (11, -24, 16), "single": (24, -149, 128), "double": (53, -1074, 1024)}
"""Bits of the mantissa, exponent of the least number, and the exponent that is too large."""


def nearest(x: Fraction, kind: Kind = "double") -> float:
    """The nearest number of this kind to x, of two the even one; an infinity beyond their range."""
    precision, least, most = FORMATS[kind]
    n, d = abs(x.numerator), x.denominator
    if n == 0:
        return 0.0
    shift = n.bit_length() - d.bit_length()
    if (n << max(-shift, 0)) < (d << max(shift, 0)):
        shift -= 1  # now 2^shift ≤ |x| < 2^(shift + 1)
    unit = max(shift - precision + 1, least)
    quotient, rest = divmod(n << max(-unit, 0), d << max(unit, 0))
    divisor = d << max(unit, 0)
    if 2 * rest > divisor or (2 * rest == divisor and quotient % 2):
        quotient += 1
        if quotient == 2**precision:
            quotient, unit = quotient // 2, unit + 1
    if quotient.bit_length() + unit > most:
        return -math.inf if x < 0 else math.inf
    return _assembled(quotient, unit, x < 0)


def root(x: Fraction) -> float:
    """The double nearest to √x, x ≥ 0."""
    shift = max(0, 120 - x.numerator.bit_length() + x.denominator.bit_length())
    shift += shift % 2
    square, rest = divmod(x.numerator << shift, x.denominator)
    found = math.isqrt(square)
    # More than 59 bits; a further bit is 1 if anything is left, so that the result is rounded as √x itself.
    return nearest(Fraction(2 * found + (found * found != square or rest != 0), 2 << (shift // 2)))


def to_double(x: Fraction) -> float:
    """The nearest double; an infinity beyond the range of doubles."""
    try:
        return float(x)
    except OverflowError:
        return math.inf if x > 0 else -math.inf


def _assembled(quotient: int, unit: int, negative: bool) -> float:
    """± quotient · 2^unit, which must be a double; quotient ≥ 0."""
    if not quotient:
        return 0.0
    spare = min(53 - quotient.bit_length(), unit + 1074)
    mantissa, exponent = quotient << spare, unit - spare + 1075  # 2^52 ≤ mantissa < 2^53, or a subnormal number
    bits = mantissa if mantissa < 2**52 else (exponent << 52) | (mantissa & (2**52 - 1))
    (value,) = struct.unpack("<d", struct.pack("<Q", bits | negative << 63))
    assert isinstance(value, float)
    return value
