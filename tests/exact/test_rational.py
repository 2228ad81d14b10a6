"""Exact numbers: what is read, to which value, and what is refused."""

from __future__ import annotations

import array
import enum
import math
import subprocess
import sys
from collections import UserString, deque
from decimal import Decimal
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import pytest
import sympy  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from polyrelu.errors import InputError, NumberError
from polyrelu.exact.rational import (
    MAX_DIGITS,
    describe,
    entries,
    exact,
    exact_matrix,
    exact_vector,
    primitive,
    show,
    to_json,
)

F = Fraction


class Text(str):
    """A string that lies about itself."""

    def __str__(self) -> str:
        return "7"


class Small(enum.IntEnum):
    THREE = 3


class Unreadable:
    """Claims to be an array and fails, as a tensor that still requires its gradient does."""

    def __array__(self, *args: object, **kwargs: object) -> Any:
        raise RuntimeError("cannot be\nconverted")


class Loud:
    def __repr__(self) -> str:
        raise RuntimeError


class LoudInt(int):
    def __repr__(self) -> str:
        raise RuntimeError


READ = [
    (3, F(3)),
    (-(10**3999), F(-(10**3999))),
    (Small.THREE, F(3)),
    (F(2, 6), F(1, 3)),
    (0.1, F(3602879701896397, 36028797018963968)),
    (-0.0, F(0)),
    (5e-324, F(1, 2**1074)),
    (np.float16(0.1), F(819, 8192)),
    (np.float32(0.1), F(13421773, 134217728)),
    (np.float64(0.5), F(1, 2)),
    (
        np.longdouble(1) + np.finfo(np.longdouble).eps,
        F(*(np.longdouble(1) + np.finfo(np.longdouble).eps).as_integer_ratio()),
    ),
    (np.int8(-128), F(-128)),
    (np.uint64(2**64 - 1), F(2**64 - 1)),
    (np.array(2.5), F(5, 2)),
    (np.array("1/3"), F(1, 3)),
    (np.str_("1/3"), F(1, 3)),
    (Text("1/3"), F(1, 3)),
    (Decimal("0.1"), F(1, 10)),
    (Decimal("-12e3"), F(-12000)),
    (Decimal("1E-3999"), F(1, 10**3999)),
    (sympy.Rational(1, 3), F(1, 3)),
    (sympy.Integer(-4), F(-4)),
    (flint.fmpq(-1, 3), F(-1, 3)),
    (flint.fmpz(7), F(7)),
    ("-3", F(-3)),
    ("+3", F(3)),
    ("6/4", F(3, 2)),
    ("0.1", F(1, 10)),
    (".5", F(1, 2)),
    ("5.", F(5)),
    ("1e-5", F(1, 100000)),
    ("-2.50E+2", F(-250)),
    (" 1/2\n", F(1, 2)),
    ("1" * 4000, F(int("1" * 4000))),
    ("-1/" + "3" * 4000, F(-1, int("3" * 4000))),
]


@pytest.mark.parametrize(("value", "expected"), READ, ids=lambda v: describe(v))
def test_reads(value: object, expected: Fraction) -> None:
    number = exact(value)
    assert number == expected
    assert type(number) is Fraction
    assert type(number.numerator) is int
    assert type(number.denominator) is int


REFUSED = [
    True,
    np.True_,
    np.array(False),
    sympy.true,
    None,
    1j,
    np.complex64(1),
    float("nan"),
    float("-inf"),
    np.float16("inf"),
    np.float32("nan"),
    np.longdouble("inf"),
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("-Infinity"),
    Decimal("1e999999"),
    Decimal("1e-999999"),
    np.timedelta64(3),
    np.timedelta64(3, "s"),
    np.datetime64("2020"),
    np.bytes_(b"1"),
    np.ma.masked,
    np.ma.masked_array(1.0, mask=True),
    np.array([2]),
    np.array(None),
    np.array(1 + 0j),
    b"1",
    bytearray(b"1"),
    UserString("1"),
    [1],
    (1,),
    {},
    set(),
    int,
    np.float32,
    object(),
    Unreadable(),
    Loud(),
    sympy.oo,
    sympy.nan,
    sympy.zoo,
    sympy.pi,
    sympy.Symbol("x"),
    sympy.Float("0.1"),
    flint.nmod(3, 7),
    flint.arb(1),
    10**4000,
    F(1, 10**4000),
    10**6000,
    "",
    " ",
    ".",
    "-",
    "e5",
    "abc",
    "nan",
    "inf",
    "Infinity",
    "1/0",
    "0/0",
    "1/-2",
    "1/2/3",
    "1 /2",
    "1 2",
    "--1",
    "+-1",
    "1_000",
    "1,5",
    "0x10",
    "1/2e3",
    "1.5/2",
    "1e1.5",
    "1e",
    "1\x00",
    "1\u00a0",
    "\u0661",
    "\uff11",
    "\u22123",
    "\u00bd",
    "1e999999999",
    "1e-999999999",
    "0e999999999",
    "1e" + "9" * 100000,
    "1" * 4001,
    "1/" + "1" * 4001,
    "1e4000",
    "1e-4000",
    "0." + "0" * 4000 + "1",
    "1" * 10**6 + "x",
    "1e+-5",
]


@pytest.mark.parametrize("value", REFUSED, ids=describe)
def test_refuses(value: object) -> None:
    with pytest.raises(NumberError) as caught:
        exact(value, "the place")
    message = str(caught.value)
    assert message.startswith("the place: ")
    assert "\n" not in message
    assert len(message) < 300
    assert isinstance(caught.value, InputError)


def test_extended_precision_is_exact_or_refused() -> None:
    tiny = np.finfo(np.longdouble).smallest_subnormal
    numerator, denominator = tiny.as_integer_ratio()
    if denominator < 10**MAX_DIGITS:
        assert exact(tiny) == F(numerator, denominator)
    else:
        with pytest.raises(NumberError, match="4000 decimal digits"):
            exact(tiny)
    third = np.longdouble(1) / 3
    assert exact_vector(np.array([third])) == (F(*map(int, third.as_integer_ratio())),)


def test_fractions_made_of_numpy_integers_become_python_integers() -> None:
    wide: Any = np.int64
    hidden = F(wide(2**62), wide(3))
    assert exact(hidden) * 4 == F(2**64, 3)


def test_works_under_the_strictest_limit_on_digits() -> None:
    code = (
        "import sys; sys.set_int_max_str_digits(640)\n"
        "from polyrelu.exact.rational import exact, show, to_json\n"
        "from fractions import Fraction\n"
        "x = exact('-' + '7' * 4000); assert show(x) == '-' + '7' * 4000 == to_json(x)\n"
        "y = Fraction(10**9000 + 1, 10**700); assert len(show(y)) == 9001 + 1 + 701\n"
        "assert show(Fraction(10**5000)) == '1' + '0' * 5000\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_round_trip(x: float) -> None:
    assert float(exact(x)) == x
    assert exact(x) == exact(np.float64(x)) == exact_vector(np.array([x]))[0]
    assert exact(repr(x)) == F(Decimal(repr(x)))


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_single_floats_are_dyadic(x: float) -> None:
    assert exact(np.float32(x)) == exact(x) == exact_vector(np.array([x], dtype=np.float32))[0]
    assert exact(x).denominator & (exact(x).denominator - 1) == 0


@given(st.fractions())
def test_text_round_trips(x: Fraction) -> None:
    assert exact(x) is x
    assert exact(str(x)) == exact(show(x)) == exact(to_json(x)) == x
    assert isinstance(to_json(x), int) == (x.denominator == 1)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_decimals_are_read_exactly(x: Decimal) -> None:
    if abs(x.adjusted()) < 1000 and abs(int(x.as_tuple().exponent)) <= MAX_DIGITS:
        assert exact(x) == exact(str(x)) == F(x)


@given(st.text(alphabet="0123456789+-./eE_ \u0661x", max_size=12))
def test_strings_mean_what_fractions_take_them_for_or_are_refused(text: str) -> None:
    try:
        number = exact(text)
    except NumberError:
        return
    assert number == F(text)


@given(st.one_of(st.text(), st.binary(), st.complex_numbers(), st.none(), st.lists(st.integers()), st.booleans()))
def test_never_another_exception(value: object) -> None:
    try:
        exact(value)
    except NumberError as error:
        assert "\n" not in str(error)


@given(st.lists(st.one_of(st.integers(-50, 50), st.fractions(max_denominator=60)), max_size=6))
def test_primitive(values: list[Fraction | int]) -> None:
    result = primitive(values)
    assert all(type(n) is int for n in result)
    if not any(values):
        assert result == (0,) * len(values)
        return
    assert math.gcd(*result) == 1
    k = next(i for i, v in enumerate(values) if v)
    factor = F(result[k]) / values[k]
    assert factor > 0
    assert [factor * v for v in values] == list(result)


VECTORS: list[tuple[Any, list[Any]]] = [
    ([1, "1/2", 0.25], [1, F(1, 2), F(1, 4)]),
    (np.arange(3, dtype=np.uint8), [0, 1, 2]),
    (np.array([1, "1/2", F(1, 3)], dtype=object), [1, F(1, 2), F(1, 3)]),
    (np.array(["1/2", "3"]), [F(1, 2), 3]),
    (np.array([1.5], dtype=">f4"), [F(3, 2)]),
    (np.ma.masked_array([1, 2], mask=False), [1, 2]),
    (range(3), [0, 1, 2]),
    (deque((1, 2)), [1, 2]),
    (array.array("d", [0.5]), [F(1, 2)]),
    ((), []),
]


@pytest.mark.parametrize(("values", "expected"), VECTORS)
def test_vectors(values: Any, expected: list[Any]) -> None:
    assert list(exact_vector(values)) == expected


@pytest.mark.parametrize(
    "values",
    [
        "12",
        b"12",
        bytearray(b"12"),
        memoryview(b"12"),
        3,
        None,
        {1: 2},
        {1, 2},
        iter([1]),
        (i for i in range(2)),
        np.array(1),
        np.ma.masked_array([1, 2], mask=[False, True]),
        np.array([1j]),
        np.array([1], dtype="m8[ns]"),
        np.array(["2020"], dtype="M8[ns]"),
        np.array([b"1"]),
        np.array([(1, 2)], dtype=[("a", int), ("b", int)]),
        np.array([True]),
        np.ones((2, 2)),
        np.broadcast_to(0.0, (10**6, 10**6)),
        range(10**9),
        range(10**30),
        np.zeros((10**11, 0)),  # no entries, and very many lists of them
        np.zeros((10**7, 10**7, 0)),
        Unreadable(),
        [[1]],
        [np.array([1])],
        [np.ma.masked],
    ],
    ids=describe,
)
def test_vectors_refused(values: object) -> None:
    with pytest.raises(NumberError, match=r"^here") as caught:
        exact_vector(values, "here")
    assert "\n" not in str(caught.value)


def test_places_are_named() -> None:
    with pytest.raises(NumberError, match=r"^layer 2, bias, entry 3: nan"):
        exact_vector(np.array([1.0, 2.0, np.nan]), "layer 2, bias")
    with pytest.raises(NumberError, match=r"^weight row 2, column 1: '1/0' has denominator zero$"):
        exact_matrix([[1, 2], ["1/0", 3]], "weight")
    with pytest.raises(NumberError, match=r"^weight row 2: has length 1, but row 1 has length 2$"):
        exact_matrix([[1, 2], [3]], "weight")
    with pytest.raises(NumberError, match=r"^weight: expected a matrix"):
        exact_matrix("12", "weight")


MATRICES: list[tuple[Any, list[list[Any]]]] = [
    (np.eye(2, dtype=np.float32), [[1, 0], [0, 1]]),
    ([], []),
    (sympy.Matrix([[1, sympy.Rational(1, 2)]]), [[1, F(1, 2)]]),
    ([np.array([1, 2]), ("1/2", 3)], [[1, 2], [F(1, 2), 3]]),
]


@pytest.mark.parametrize(("rows", "expected"), MATRICES)
def test_matrices(rows: Any, expected: list[list[Any]]) -> None:
    assert [list(row) for row in exact_matrix(rows)] == expected


def test_entries_of_what_is_no_sequence() -> None:
    assert entries("abc", "x") is None
    assert entries(np.float64(1), "x") is None
    assert entries((), "x") == ()


def test_descriptions_are_short_and_never_fail() -> None:
    for value in [10**10000, -(10**10000), "x" * 10**6, np.ones((9, 9)), Loud(), LoudInt(3), [Loud()], "a\nb", 1.5]:
        text = describe(value)
        assert len(text) <= 70
        assert "\n" not in text
