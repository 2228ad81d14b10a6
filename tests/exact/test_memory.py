"""Budgets of memory: what is counted, and that the counts are lower bounds of what is taken."""

from __future__ import annotations

import sys
from fractions import Fraction

import pytest

from polyrelu.errors import LimitError
from polyrelu.exact import memory
from polyrelu.exact.memory import budget, is_counted, spend, spend_digits, spend_numbers


def spent(limit: int, count: object) -> bool:
    """Whether what `count` counts is within a budget of `limit` bytes."""
    try:
        with budget(limit):
            count()  # type: ignore[operator]
    except LimitError:
        return False
    return True


def test_budgets_do_not_nest_and_end() -> None:
    with budget(100):
        with budget(10**9):
            spend(90)
        assert is_counted()
        with pytest.raises(LimitError, match=r"^numbers: takes more than 100 bytes of memory, the limit here$"):
            spend(11, "numbers")
    assert not is_counted()
    spend(10**30)
    spend_numbers([Fraction(1)] * 3)
    spend_digits([10**1000])


def test_the_last_byte_is_within_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    assert spent(100, lambda: [spend(50), spend(50)]) and not spent(100, lambda: [spend(50), spend(51)])
    monkeypatch.setattr(memory, "BUDGET", 30)
    with pytest.raises(LimitError, match=r"^takes more than 30 bytes"), budget():
        spend(31)


def test_a_budget_ends_with_an_error_too() -> None:
    with pytest.raises(KeyError), budget(10):
        raise KeyError
    assert not is_counted()


def least(count: object) -> int:
    """The least budget within which something is."""
    low, high = 0, 1 << 40
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if spent(middle, count) else (middle + 1, high)
    return low


def test_counts_are_lower_bounds_of_what_numbers_take() -> None:
    """And no less than two thirds of it, for numbers of any length."""
    for p, q in ((1, 3), (2**70, 3), (7**1000, 11), (10**5000, 3**5000), (-(7**999), 2)):
        number = Fraction(p, q)
        own = sys.getsizeof(number) + sys.getsizeof(number.numerator) + sys.getsizeof(number.denominator)
        counted = least(lambda number=number: spend_numbers([number]))
        assert 2 * own < 3 * counted and counted <= own + 16
        digits = sum(x.bit_length() for x in (number.numerator, number.denominator))
        beyond = least(lambda number=number: spend_digits([number]))
        assert beyond == max(0, digits - 128) * 2 // 15
    assert least(lambda: spend_digits([2**127, 2**128, Fraction(2**200)])) == (1 + 1 + 74) * 2 // 15
