"""Formulas: what is read and what is refused, against Python's own evaluation of the same text."""

from __future__ import annotations

import pickle
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrelu.errors import InputError, NumberError, RegionError
from polyrelu.network.formula import Formula
from polyrelu.network.tokens import MAX_LENGTH, MAX_NESTING
from support.strategies import examples


def some_sum(rng: Random, depth: int = 2) -> str:
    kind = rng.randrange(7 if depth else 2)
    if kind < 2:
        return rng.choice(["F0", "F1", "F2", str(rng.randint(0, 3))])
    if kind == 2:
        return f"({some_sum(rng, depth - 1)})"
    if kind == 3:
        return f"{rng.choice(['-', '+', '2*', '3 * '])}{some_sum(rng, 0)}"
    if kind == 4:
        return f"{some_sum(rng, 0)}*{rng.randint(0, 2)}"
    return f"{some_sum(rng, depth - 1)} {rng.choice('+-')} {some_sum(rng, depth - 1)}"


def some_formula(rng: Random, depth: int = 3) -> str:
    kind = rng.randrange(7 if depth else 2)
    if kind < 2:
        parts = [some_sum(rng)]
        for _ in range(rng.choice([1, 1, 2, 3])):
            parts += [rng.choice(["<", "<=", ">", ">=", "==", "!="]), some_sum(rng)]
        return " ".join(parts)
    if kind == 2:
        return f"not {some_formula(rng, depth - 1)}"
    if kind == 3:
        return f"({some_formula(rng, depth - 1)})"
    return f"{some_formula(rng, depth - 1)} {rng.choice(['and', 'or'])} {some_formula(rng, depth - 1)}"


@examples(200)
@given(st.integers(0, 2**32))
def test_it_means_what_python_means(seed: int) -> None:
    rng = Random(seed)
    text = some_formula(rng)
    formula = Formula(text)
    for _ in range(10):
        values = [Fraction(rng.randint(-2, 2), rng.choice([1, 1, 2])) for _ in range(3)]
        expected = eval(text, {f"F{i}": v for i, v in enumerate(values)})
        assert formula.holds_at(values) == bool(expected), (text, values)


@pytest.mark.parametrize(
    ("text", "values", "holds"),
    [
        ("0 < F <= 1", [1], True),
        ("0 < F <= 1", [0], False),
        ("F = 0.1", ["1/10"], True),  # exactly one tenth, not the double
        ("F == 1/3", ["1/3"], True),
        ("3*F == 1e0", ["1/3"], True),
        ("F ≥ .5 and F ≤ 5e-1", ["1/2"], True),
        ("F ≠ 0", [0], False),
        ("not F0 > 0 or F0 > 0 and F1 > 0", [1, 0], False),
        ("1 < 2", [], True),
        ("F0 - F0 > 0", [3], False),
        ("- -F > --1", [2], True),
        ("(F0 + F1)/2 >= (2*(F0) - 1)/3", [1, 0], True),
    ],
)
def test_values(text: str, values: list, holds: bool) -> None:
    assert Formula(text).holds_at(values) is holds


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "column 1: got the end"),
        ("F", "column 1: a sum beginning at 'F' is compared with nothing"),
        ("2F > 0", "column 2: expected an operator or a comparison, got 'F'"),
        ("F > 0 and", "column 10: got the end"),
        ("F > 0 F < 1", "column 7: expected 'and', 'or' or the end, got 'F'"),
        ("F > 0)", "column 6: expected 'and', 'or' or the end, got ')'"),
        ("(F > 0", "column 7: expected ')', got the end"),
        ("F0*F1 > 0", "column 3: a product of outputs at '*' is not linear"),
        ("1/F > 0", "column 3: division by 'F'"),
        ("F > 1/(2-2)", "column 7: division by '('"),
        ("(F > 0) + 1 > 0", "column 1: expected a sum"),
        ("F > (F > 0)", "column 5: expected a sum"),
        ("F and F > 0", "column 1: a sum beginning at 'F'"),
        ("x > 0", "column 1: unknown name 'x'"),
        ("F_1 > 0", "unknown name 'F_1'"),
        ("F1000000000 > 0", "unknown name"),
        ("F² > 0", "unknown name"),
        ("F > ١", "column 5: unexpected"),
        ("F > 0 & F < 1", "column 7: unexpected '&'"),
        ("F := 1", "column 3: unexpected ':'"),
        ("__import__('os').system('true')", "column 12: unexpected"),
        ("F > 0\x1b[31m", r"unexpected '\x1b'"),
        ("(" * 10_000, f"more than {MAX_NESTING} parentheses"),
        ("-" * 10_000, f"more than {MAX_NESTING} parentheses"),
        ("not " * 2_000, f"more than {MAX_NESTING} parentheses"),
        ("F > 0 or " * MAX_LENGTH, "characters are more than"),
    ],
)
def test_what_is_no_formula_is_told_in_one_line(text: str, says: str) -> None:
    with pytest.raises(RegionError) as caught:
        Formula(text)
    message = str(caught.value)
    assert says in message
    assert message.isprintable()
    assert len(message) < 250


@pytest.mark.parametrize("value", [None, 3, b"F > 0", ["F > 0"]])
def test_only_text(value: object) -> None:
    with pytest.raises(RegionError, match="expected text"):
        Formula(value)  # type: ignore[arg-type]


def test_numbers_have_an_end() -> None:
    with pytest.raises(NumberError, match="column 5"):
        Formula("F > 1e99999")
    with pytest.raises(NumberError, match="digits"):
        Formula("F > 1e4000*1e4000")


def test_outputs_are_checked() -> None:
    Formula("F > F0").check_outputs(1)
    with pytest.raises(RegionError, match="this one has 3: write F0 to F2"):
        Formula("0 < F <= 1").check_outputs(3)
    with pytest.raises(RegionError, match="no output F3, there are F0 to F2"):
        Formula("F3 > F0").check_outputs(3)
    with pytest.raises(RegionError, match="no output F1, there is only F0, or F"):
        Formula("F1 > 0").check_outputs(1)
    for text in ("F5 - F5 > 1", "F0 > 0 or 0*F5 >= 0"):  # named, though the terms cancel
        with pytest.raises(RegionError, match="no output F5, there is only F0"):
            Formula(text).check_outputs(1)
    with pytest.raises(InputError):
        Formula("F > 0").holds_at([1, 2])


def test_forms_are_shared_up_to_factors() -> None:
    formula = Formula("F0 > F1 and 2*F1 >= 2*F0 + 4 or F1 - F0 < 0 or 3 > 2")
    assert [(form.constant, form.terms) for form in formula.forms] == [
        (0, ((0, 1), (1, -1))),
        (2, ((0, 1), (1, -1))),
    ]
    assert formula.forms[1].row(3) == [1, -1, 0]


def test_equality_and_pickling() -> None:
    a, b = Formula("0 < F and  F <= 1"), Formula("0<F<=1")
    assert a == b
    assert hash(a) == hash(b)
    assert a != Formula("0 < F < 1")
    assert pickle.loads(pickle.dumps(a)) == a
    assert (str(a), repr(b)) == ("0 < F and F <= 1", "Formula('0<F<=1')")
    with pytest.raises(AttributeError):
        a.text = "F > 0"  # type: ignore[attr-defined]


def test_signs_are_taken_all_at_once() -> None:
    signs = np.array([-1, 0, 1], np.int8)
    assert Formula("F != 0").holds([signs], 3).tolist() == [True, False, True]
    assert Formula("1 > 2").holds([], 3).tolist() == [False] * 3
    for wrong, size in (([signs], 2), ([], 3), ([signs, signs], 3), ([signs + np.int8(2)], 3), ([signs > 0], 3)):
        with pytest.raises(RegionError, match="expected"):
            Formula("F != 0").holds(wrong, size)
