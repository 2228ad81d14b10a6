"""One memory budget for everything that a file, or one exact computation, produces.

Within `budget()` every part of the library that produces many numbers, or copies of data, reports them with `spend`,
before or just after it produces a small part of them; a LimitError ends what would take more than the budget. Budgets
do not nest: what is read within another budget counts there. The counts are lower bounds for the sizes of CPython's
objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction

from polyrelu.errors import LimitError

BUDGET = 2**31
"""Maximum number of bytes for one file: as exact numbers ten million weights take some 1.2 · 10⁹."""

NUMBER = 112
"""The size in bytes of a Fraction and its two integers, without their digits."""


class _Account:
    def __init__(self, limit: int) -> None:
        self.limit, self.spent = limit, 0


_account: ContextVar[_Account | None] = ContextVar("account", default=None)


@contextmanager
def budget(limit: int | None = None) -> Iterator[None]:
    """A context whose objects count against one limit of bytes (BUDGET if None), that of the outermost budget."""
    if _account.get() is not None:
        yield
        return
    token = _account.set(_Account(BUDGET if limit is None else limit))
    try:
        yield
    finally:
        _account.reset(token)


@contextmanager
def budget_apart() -> Iterator[None]:
    """A context for what does not stay: its objects count against a limit as that of the budget in force, if any."""
    account = _account.get()
    if account is None:
        yield
        return
    token = _account.set(_Account(account.limit))
    try:
        yield
    finally:
        _account.reset(token)


def is_counted() -> bool:
    """Whether a budget is in force, so that counting is worth the time."""
    return _account.get() is not None


def spend(count: int, what: str = "") -> None:
    """Count bytes; LimitError, naming what takes them, beyond the budget. No effect without a budget."""
    account = _account.get()
    if account is None:
        return
    account.spent += count
    if account.spent > account.limit:
        raise LimitError(
            f"{what + ': ' if what else ''}takes more than {account.limit} bytes of memory, the limit here"
        )


def spend_numbers(numbers: Sequence[Fraction], what: str = "") -> None:
    """Count the bytes of exact numbers."""
    if _account.get() is not None:
        bits = sum([x.numerator.bit_length() + x.denominator.bit_length() for x in numbers])
        spend(NUMBER * len(numbers) + bits * 2 // 15, what)


def spend_digits(numbers: Iterable[Fraction | int], what: str = "") -> None:
    """Count the bytes of those digits of numbers that go beyond two words."""
    if _account.get() is not None:
        bits = [x.numerator.bit_length() + x.denominator.bit_length() for x in numbers]
        spend(sum([n - 128 for n in bits if n > 128]) * 2 // 15, what)
