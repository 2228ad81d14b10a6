"""Reading and writing of exact numbers, in one place.

Everything that enters the library passes through `exact`, `exact_vector` or `exact_matrix` and becomes a
`fractions.Fraction` of Python integers. A binary floating-point number is the dyadic rational it stores, so reading it
loses nothing; a decimal string is the decimal it writes. What is not an exact finite number is refused with a
`NumberError` that says where it is: nothing is rounded, guessed or skipped.
"""

from __future__ import annotations

import decimal
import math
import numbers
import operator
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpz

from polyrelu.errors import LimitError, NumberError, PointError
from polyrelu.exact.floats import fraction_of, from_extension, widened
from polyrelu.exact.memory import is_counted, spend_numbers
from polyrelu.exact.time_limit import check_time

MAX_DIGITS = 4000
"""Maximum number of decimal digits of a numerator or denominator; below Python's own limit of 4300 for int(str)."""

MAX_COMMON_BITS = 2**32
"""Maximum number of bits of the numerators of a row over its common denominator (half a gigabyte)."""

MAX_ENTRIES = 10**7
"""Maximum number of entries of a vector or array. What is lazily huge (a range, say) is refused, not expanded."""

_BOUND = 10**MAX_DIGITS
# Digits up to which Python reads and writes integers under every setting of sys.set_int_max_str_digits (at least 640).
# FLINT, which has no limit, takes less than quadratic time for longer ones.
_SHORT = 600
_SHORT_BOUND = 10**_SHORT
_SLICE = 1000  # numbers that are read before their memory is counted
_LONG = 2**14  # bits in all from which on FLINT's integers are faster than Python's, whose gcd is quadratic
_READABLE_DTYPES = "biufOUT"  # "b" passes so that the refusal of booleans names the entry

_RATIO = re.compile(r"([+-]?[0-9]+)(?:/([0-9]+))?")
_DECIMAL = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?")
_EXPECTED = 'expected an integer, a fraction "p/q", a decimal such as "0.1", or a finite float'


class _RefusedError(Exception):
    """The reason why a value is not read; the public functions add the place."""


def exact(value: object, where: str = "number") -> Fraction:
    """The exact rational number that `value` denotes.

    Parameters
    ----------
    value : number or str
        An integer; a Fraction or other `numbers.Rational` (SymPy, gmpy2), python-flint's fmpz and fmpq; a float or
        NumPy floating scalar of any width (its exact dyadic value); a finite `Decimal`; a string "-3", "p/q", "0.1",
        "1e-5" (exactly; ASCII digits, white space allowed around but not inside); or a zero-dimensional array of these.
    where : str, default "number"
        The name of the value in messages.

    Returns
    -------
    Fraction
        The number, of Python integers.

    Raises
    ------
    NumberError
        For everything else: booleans, None, complex numbers, NaN, infinities, "1/0", masked or date values, and numbers
        of more than MAX_DIGITS digits (which are never expanded).

    Examples
    --------
    >>> exact("0.1"), exact(0.5), exact("2/6")
    (Fraction(1, 10), Fraction(1, 2), Fraction(1, 3))
    """
    try:
        return _read(value)
    except _RefusedError as refusal:
        raise NumberError(f"{where}: {refusal}") from None


def exact_vector(values: object, where: str = "vector", unit: str = "entry") -> tuple[Fraction, ...]:
    """The entries of a sequence or one-dimensional array as Fractions.

    NumberError if `values` is not a sequence (see `entries`) or an entry is not a number; the message names the entry
    "`where`, `unit` k", counted from 1.
    """
    items = entries(values, where)
    if items is None:
        raise NumberError(f"{where}: expected a sequence of numbers, got {describe(values)}")
    result: list[Fraction] = []
    counted = is_counted()
    made: list[Fraction] = []
    try:
        for item in items:
            result.append(_read(item))
            if counted:
                if result[-1] is not item:
                    made.append(result[-1])
                if len(made) == _SLICE:
                    spend_numbers(made, where)
                    made.clear()
            if len(result) % _SLICE == 1:
                check_time()
    except _RefusedError as refusal:
        raise NumberError(f"{where}, {unit} {len(result) + 1}: {refusal}") from None
    spend_numbers(made, where)
    return tuple(result)


def exact_point(values: object, dimension: int, where: str = "point") -> tuple[Fraction, ...]:
    """The coordinates of a point as Fractions; in dimension 1 a bare number is allowed.

    Integers and Fractions may have any length here: reading them costs nothing, and exact vertices can be long.
    PointError for another number of coordinates and NumberError for one that is not an exact number.
    """
    items = entries(values, where)
    if items is None:
        if dimension != 1:
            raise PointError(f"{where}: expected a sequence of {dimension} numbers, got {describe(values)}")
        return (exact(values, where),)
    if len(items) != dimension:
        raise PointError(f"{where}: expected {dimension} coordinate{'s' * (dimension != 1)}, got {len(items)}")
    result: list[Fraction] = []
    try:
        for x in items:
            result.append(Fraction(x) if type(x) in (int, Fraction) and type(x.numerator) is int else _read(x))
    except _RefusedError as refusal:
        raise NumberError(f"{where}, coordinate {len(result) + 1}: {refusal}") from None
    return tuple(result)


def exact_matrix(rows: object, where: str = "matrix") -> tuple[tuple[Fraction, ...], ...]:
    """The rows of a nested sequence or two-dimensional array as tuples of Fractions, all of one length.

    NumberError for anything but a matrix of numbers, ragged rows included; the message names the entry
    "`where` row i, column j", counted from 1. A matrix without rows is the empty tuple.
    """
    items = entries(rows, where)
    if items is None:
        raise NumberError(f"{where}: expected a matrix (a sequence of rows), got {describe(rows)}")
    result = tuple(exact_vector(row, f"{where} row {i}", "column") for i, row in enumerate(items, 1))
    for i, row in enumerate(result, 1):
        if len(row) != len(result[0]):
            raise NumberError(f"{where} row {i}: has length {len(row)}, but row 1 has length {len(result[0])}")
    return result


def entries(values: object, where: str) -> Sequence[Any] | None:
    """The entries of a list, tuple, array or other finite sequence; None for anything else.

    No sequences here are strings and bytes (their characters are not numbers), sets and mappings (no order, or no
    entries), iterators and generators (may never end), and zero-dimensional arrays. Arrays are returned as nested lists
    of Python scalars, converted exactly.

    NumberError, naming `where`, for an array with masked entries or of a type that holds no numbers, for an
    object that fails to convert itself to an array, and for more than MAX_ENTRIES entries.
    """
    if isinstance(values, (list, tuple)):
        return values
    if isinstance(values, (str, bytes, bytearray, memoryview, np.generic)):
        return None
    try:
        if hasattr(type(values), "__array__"):
            array = _array(values)
            return None if array.ndim == 0 else list(widened(array).tolist())
        if isinstance(values, Sequence):
            _check_entries(_length(values))
            return list(values)
    except _RefusedError as refusal:
        raise NumberError(f"{where}: {refusal}") from None
    return None


def describe(value: object) -> str:
    """A short one-line description of any value for an error message; it never fails."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, int) and abs(value) >= _SHORT_BOUND:
        return f"an integer of about {round(value.bit_length() * math.log10(2))} digits"
    if isinstance(value, str):
        text = str.__str__(value)
        return repr(text) if len(text) <= 40 else f"{text[:30]!r}... ({len(text)} characters)"
    if value is None or isinstance(value, (int, float, complex, decimal.Decimal, np.generic)):
        try:
            text = " ".join(repr(value).split())
            return text if len(text) <= 60 else f"{text[:50]}..."
        except Exception:  # a subclass may do anything in __repr__; the message must still come
            return f"an object of type {type(value).__name__}"
    return f"an object of type {type(value).__name__}"


def show(x: Fraction | int) -> str:
    """The number in full: "p" when integral, else "p/q" in lowest terms. Of any length."""
    numerator = _digits(x.numerator)
    return numerator if x.denominator == 1 else f"{numerator}/{_digits(x.denominator)}"


def to_json(x: Fraction | int) -> int | str:
    """The JSON value for `x`: an int if integral, else the string "p/q".

    Integers of more than 600 digits become strings too, because Python's own JSON writer may refuse them.
    `exact(to_json(x)) == x` up to MAX_DIGITS digits.
    """
    if x.denominator == 1 and -_SHORT_BOUND < x.numerator < _SHORT_BOUND:
        return x.numerator
    return show(x)


def primitive(values: Sequence[Fraction | int]) -> tuple[int, ...]:
    """The positive multiple of a rational vector whose entries are coprime integers; a zero vector stays zero.

    LimitError for a common denominator of more than MAX_COMMON_BITS bits.

    Examples
    --------
    >>> from fractions import Fraction
    >>> primitive([Fraction(1, 2), Fraction(-1, 3)])
    (3, -2)
    """
    if {*map(type, values)} == {int}:
        divisor = gcd(values)  # type: ignore[arg-type]  # integers, so many that their own way is worth its lines
        return tuple(values) if divisor <= 1 else tuple([n // divisor for n in values])  # type: ignore[arg-type]
    pairs = [v.as_integer_ratio() for v in values]
    return tuple(_integers(pairs, gcd([n for n, _ in pairs]) or 1)[0])


def primitive_and_factor(values: Sequence[Fraction | int]) -> tuple[list[int], Fraction]:
    """The entries of `primitive`, and the positive f with primitive = f · values; f = 1 for a zero vector."""
    pairs = [v.as_integer_ratio() for v in values]
    content = gcd([n for n, _ in pairs]) or 1
    integers, denominator = _integers(pairs, content)
    return integers, Fraction(denominator, content)


def common_denominator(values: Sequence[Fraction | int]) -> tuple[list[int], int]:
    """Integers n_i and the least positive q with values[i] = n_i / q.

    LimitError for a common denominator of more than MAX_COMMON_BITS bits.
    """
    return _integers([v.as_integer_ratio() for v in values], 1)


def _integers(pairs: list[tuple[int, int]], divisor: int) -> tuple[list[int], int]:
    """values · q / divisor for the least common denominator q, and q; `divisor` divides all numerators.

    The values are given by their numerators and denominators.

    The gcd of all values · q is that of the numerators: for a prime p that divides a denominator, the entry with the
    highest power of p there is not divisible by p after multiplication, nor is its numerator; for another it is
    evident. So no gcd of the long products is needed.
    """
    denominators = {d for _, d in pairs}
    if denominators == {1}:
        return [n // divisor for n, _ in pairs], 1
    if sum(map(int.bit_length, denominators)) < _LONG:
        q = math.lcm(*denominators)
        return [n // divisor * (q // d) for n, d in pairs], q
    common = fmpz(1)
    for denominator in map(fmpz, denominators):
        common *= denominator // denominator.gcd(common % denominator)
        if common.bit_length() * len(pairs) > MAX_COMMON_BITS:
            digits = round(common.bit_length() * math.log10(2))
            raise LimitError(
                f"a row of {len(pairs)} fractions has a common denominator of more than {digits} digits; write the "
                "numbers with fewer digits, or with one denominator"
            )
    factors = {denominator: common // denominator for denominator in denominators}
    return [int(factors[d] * (n // divisor)) for n, d in pairs], int(common)


def gcd(numbers: Sequence[int]) -> int:
    """The greatest common divisor, in less than quadratic time."""
    if sum(map(int.bit_length, numbers)) < _LONG:
        return math.gcd(*numbers)
    result = fmpz(0)
    for n in numbers:
        result = result.gcd(n)
        if result == 1:
            break
    return int(result)


def check_digits(x: Fraction, where: str) -> None:
    """NumberError, naming `where`, if `x` has more than MAX_DIGITS digits, so that it could not be read back."""
    if not (-_BOUND < x.numerator < _BOUND and x.denominator < _BOUND):
        raise NumberError(f"{where}: {_too_long()}")


def _too_long() -> str:
    return f"the number has more than {MAX_DIGITS} decimal digits"


def _read(value: object) -> Fraction:
    kind = type(value)
    if kind is float:
        return _from_float(value)
    if type(value) is int:
        if -_BOUND < value < _BOUND:
            return Fraction(value)
        raise _RefusedError(_too_long())
    if isinstance(value, Fraction):
        # Fraction(numpy.int64(1)) keeps the NumPy integer, whose arithmetic wraps around: make Python integers of it.
        numerator, denominator = value.numerator, value.denominator
        if kind is Fraction and type(numerator) is int and type(denominator) is int:
            if -_BOUND < numerator < _BOUND and denominator < _BOUND:
                return value
            raise _RefusedError(_too_long())
        return _bounded(int(numerator), int(denominator))
    if isinstance(value, str):
        return _from_text(str.__str__(value))
    if isinstance(value, (bool, np.bool_)):
        raise _RefusedError(f"a boolean ({value}) is not a number here; {_EXPECTED}")
    if isinstance(value, int):
        return _bounded(int.__int__(value), 1)
    if isinstance(value, (float, np.floating)):
        return _from_float(value)
    if isinstance(value, decimal.Decimal):
        return _from_decimal(value)
    if isinstance(value, np.generic):
        if isinstance(value, np.integer) and not isinstance(value, np.timedelta64):
            return Fraction(int(value))
        if (array := widened(from_extension(np.asarray(value)))).dtype.kind in "fi":  # a number of ml_dtypes
            return _read(array[()])
        raise _RefusedError(f"{describe(value)} is not a number; {_EXPECTED}")
    if hasattr(type(value), "__array__"):
        array = _array(value)
        if array.ndim == 0 and (item := array[()]) is not value:
            return _read(item)
        raise _RefusedError(f"an array of shape {array.shape} stands where one number was expected")
    return _from_foreign(value)


def _bounded(numerator: int, denominator: int) -> Fraction:
    result = Fraction(numerator, denominator)
    if -_BOUND < result.numerator < _BOUND and result.denominator < _BOUND:
        return result
    raise _RefusedError(_too_long())


def _from_float(value: Any) -> Fraction:
    # Built-in doubles never reach the bound on digits; an extended precision may (its smallest number is 2^-16445).
    try:
        if isinstance(value, float):
            return fraction_of(value)
        if value.itemsize <= 4:
            return fraction_of(float(widened(np.asarray(value))))
        numerator, denominator = value.as_integer_ratio()
    except (OverflowError, ValueError):
        raise _RefusedError(f"{describe(value)} is not finite; {_EXPECTED}") from None
    return _bounded(int(numerator), int(denominator))


def _from_decimal(value: decimal.Decimal) -> Fraction:
    if not value.is_finite():
        raise _RefusedError(f"{describe(value)} is not finite; {_EXPECTED}")
    sign, digits, exponent = value.as_tuple()
    if len(digits) > MAX_DIGITS or abs(int(exponent)) > MAX_DIGITS:
        raise _RefusedError(_too_long())
    return _from_text(f"{'-' if sign else ''}{''.join(map(str, digits))}e{exponent}")


def _from_text(raw: str) -> Fraction:
    text = raw.strip(" \t\r\n")
    if len(text) > 2 * MAX_DIGITS + 20:
        raise _RefusedError(f"{describe(raw)} has too many characters: {_too_long()}")
    if match := _RATIO.fullmatch(text):
        numerator, denominator = _integer(match[1]), _integer(match[2] or "1")
        if denominator == 0:
            raise _RefusedError(f"{describe(raw)} has denominator zero")
        return _bounded(numerator, denominator)
    match = _DECIMAL.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        raise _RefusedError(f"{describe(raw)} is not an exact number; {_EXPECTED}")
    sign, whole, fraction = match[1], match[2], match[3] or ""
    mantissa, exponent = _integer(sign + whole + fraction), _integer(match[4] or "0")
    if abs(exponent) > MAX_DIGITS:
        raise _RefusedError(f"{describe(raw)}: {_too_long()}")
    shift = exponent - len(fraction)
    return _bounded(mantissa * 10 ** max(shift, 0), 10 ** max(-shift, 0))


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS + 1 or len(text.lstrip("+-")) > MAX_DIGITS:
        raise _RefusedError(_too_long())
    return int(text) if len(text) <= _SHORT else int(fmpz(text.removeprefix("+")))


def _from_foreign(value: Any) -> Fraction:
    """Rationals of other libraries: numbers.Rational, a pair of attributes p and q, or an integer by __index__."""
    try:
        if isinstance(value, numbers.Rational):
            return _bounded(int(value.numerator), int(value.denominator))
        if hasattr(type(value), "p") and hasattr(type(value), "q") and not callable(value.p) and not callable(value.q):
            return _bounded(operator.index(value.p), operator.index(value.q))
        if hasattr(type(value), "__index__"):
            return _bounded(int.__int__(operator.index(value)), 1)
    except _RefusedError:
        raise
    except Exception as error:  # whatever a foreign type raises, its value is not an exact number
        raise _RefusedError(f"{describe(value)} is not an exact number ({type(error).__name__})") from None
    raise _RefusedError(f"{describe(value)} is not a number; {_EXPECTED}")


def _array(values: Any) -> np.ndarray[Any, np.dtype[Any]]:
    """The array of `values`, which has __array__, as a plain array of numbers (or of objects still to be read)."""
    if isinstance(values, np.ndarray) and type(values) is not np.ndarray and isinstance(values, np.ma.MaskedArray):
        if np.ma.is_masked(values):
            raise _RefusedError("the array has masked entries, which have no value")
        values = values.data
    try:
        array = np.asarray(values)
    except Exception as error:
        reason = " ".join(str(error).split())[:120]
        raise _RefusedError(f"{describe(values)} cannot be read as an array: {reason}") from None
    array = from_extension(array)
    if array.dtype.kind not in _READABLE_DTYPES:
        raise _RefusedError(f"an array of type {array.dtype} holds no exact rational numbers")
    _check_entries(math.prod(max(n, 1) for n in array.shape))  # an array without entries can be a list of many lists
    return array


def _length(values: Sequence[Any]) -> int:
    try:
        return len(values)
    except OverflowError:  # len() of a range beyond 2^63
        return MAX_ENTRIES + 1


def _check_entries(count: int) -> None:
    if count > MAX_ENTRIES:
        raise _RefusedError(f"more than {MAX_ENTRIES} entries")


def _digits(n: int) -> str:
    return str(n) if -_SHORT_BOUND < n < _SHORT_BOUND else str(fmpz(n))
