"""Boolean combinations of linear inequalities between the outputs of a network."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polyrelu.errors import RegionError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.rational import check_digits, describe, exact, exact_vector, primitive
from polyrelu.immutable import Immutable
from polyrelu.network.tokens import MAX_LENGTH, NUMBER, WORD, Token, Tokens

Bools = npt.NDArray[np.bool_]
Tree = tuple[Any, ...]
"""("sign", form, signs that satisfy it), ("constant", truth), ("not", tree), ("and", tree, …) or ("or", tree, …)."""

SIGNS: dict[str, frozenset[int]] = {
    ">": frozenset({1}),
    ">=": frozenset({0, 1}),
    "<": frozenset({-1}),
    "<=": frozenset({-1, 0}),
    "=": frozenset({0}),
    "!=": frozenset({-1, 1}),
}
"""Each comparison of a form with 0, and the signs of the form that satisfy it."""
SPELLINGS = {"==": "=", "≤": "<=", "≥": ">=", "≠": "!="}

TOKEN = re.compile(NUMBER + "|" + WORD + r"|(?P<compare><=|>=|==|!=|[<>=≤≥≠])|(?P<sign>[-+*/()])")
OUTPUT = re.compile(r"[Fy]([0-9]{0,9})")


class Form(NamedTuple):
    """The affine form constant + Σ factor · F_i over the pairs (i, factor) in `terms`, with i ascending.

    Attributes
    ----------
    constant : Fraction
        The constant.
    terms : tuple of (int, Fraction)
        The pairs (i, factor).
    """

    constant: Fraction
    terms: tuple[tuple[int, Fraction], ...]

    def row(self, outputs: int) -> list[Fraction]:
        """The factors of F_0, …, F_{outputs−1}."""
        known = dict(self.terms)
        return [known.get(i, Fraction(0)) for i in range(outputs)]

    def __call__(self, values: Sequence[Fraction]) -> Fraction:
        """The value of the form for the given values of the outputs."""
        return self.constant + sum((factor * values[i] for i, factor in self.terms), Fraction(0))


class Formula(Immutable):
    """A condition on the outputs of a network, such as "0 < F <= 1" or "F0 > 0 and not (F1 >= 2 or F2 < F1)".

    Immutable. Two formulas are equal if the comparisons are the same up to positive factors and combined alike.

    Parameters
    ----------
    text : str
        The formula; at most `MAX_LENGTH` characters.

    Raises
    ------
    RegionError
        If the text is not a formula; the message says in which column.
    NumberError
        If a number has too many digits.

    Notes
    -----
    F is the output of a network that has one; F0, F1, … are those of any network. They may also be called y, y0, y1, …
    Comparisons <, <=, >, >=, = and != (also ==, ≤, ≥, ≠), several in a row as in "0 < F <= 1", compare sums of outputs
    with exact factors and constants: 0.1 is exactly one tenth, and 1/3 a third. They are combined by `not`, `and`,
    `or`, in this order of precedence, and by parentheses. So the values that satisfy a formula form a *semilinear set*.

    Examples
    --------
    >>> import polyrelu as pr
    >>> band = pr.Formula("0 < F <= 1")
    >>> band.holds_at([1]), band.holds_at([0])
    (True, False)
    """

    __slots__ = ("_bare", "_forms", "_last", "_text", "_tree")

    _text: str
    _forms: tuple[Form, ...]
    _tree: Tree
    _bare: bool
    _last: int

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise RegionError(f"formula: expected text such as '0 < F <= 1', got {describe(text)}")
        if len(text) > MAX_LENGTH:
            raise RegionError(f"formula: {len(text)} characters are more than {MAX_LENGTH}")
        reader = _Reader(text)
        self._put(_text=" ".join(text.split()), _tree=reader.formula())
        self._put(_forms=tuple(reader.forms), _bare=reader.bare, _last=reader.last)

    def __reduce__(self) -> tuple[Any, ...]:
        return Formula, (self._text,)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Formula):
            return NotImplemented
        return (self._forms, self._tree) == (other._forms, other._tree)

    def __hash__(self) -> int:
        return hash((self._forms, self._tree))

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"Formula({self._text!r})"

    @property
    def forms(self) -> tuple[Form, ...]:
        """The affine forms that are compared with 0: different up to factors, the first factor positive, primitive."""
        return self._forms

    @property
    def tree(self) -> Tree:
        """How comparisons of the forms are combined: nested tuples, see `Tree`."""
        return self._tree

    def check_outputs(self, outputs: int) -> None:
        """RegionError unless the formula fits a network with this number of outputs."""
        if not _is_count(outputs):
            raise RegionError(f"formula: expected a number of outputs, got {describe(outputs)}")
        _check_outputs("formula", self._text, self._bare, self._last, outputs)

    @memory_is_a_limit
    def holds(self, signs: Sequence[npt.NDArray[np.int8]], size: int) -> Bools:
        """For each of `size` cells, whether the formula holds.

        `signs` has one array for each form: the signs of the form on the cells, −1, 0 or 1. RegionError otherwise.
        """
        if not _is_count(size):
            raise RegionError(f"formula: expected a number of cells, got {describe(size)}")
        if not isinstance(signs, (list, tuple)) or len(signs) != len(self._forms):
            n = len(self._forms)
            raise RegionError(f"formula: expected a list of {n} array{'s' * (n != 1)} of signs, got {describe(signs)}")
        for i, array in enumerate(signs):
            if not isinstance(array, np.ndarray) or array.dtype != np.int8 or array.shape != (size,):
                raise RegionError(f"formula, form {i}: expected an int8 array of {size} signs, got {describe(array)}")
            if size and not -1 <= array.min() <= array.max() <= 1:
                raise RegionError(f"formula, form {i}: expected the signs −1, 0 and 1")
        return _holds(self._tree, signs, size)

    def holds_at(self, values: Sequence[Any]) -> bool:
        """Whether the formula holds for these values of the outputs (exact numbers)."""
        exactly = exact_vector(values, "values")
        self.check_outputs(len(exactly))
        found = [form(exactly) for form in self._forms]
        signs = [np.array([(value > 0) - (value < 0)], np.int8) for value in found]
        return bool(self.holds(signs, 1)[0])


def _is_count(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and 0 <= int(value) <= sys.maxsize


def read_formula(value: Formula | str) -> Formula:
    """The formula itself, or that of its text, with the errors of `Formula`."""
    return value if isinstance(value, Formula) else Formula(value)


def surely_open_and_closed(formula: Formula) -> tuple[bool, bool]:
    """Whether the form of a formula shows that its set is open, and that it is closed, for every network.

    A comparison is open if it is strict, and closed if it allows equality; `and` and `or` keep both, and `not`
    exchanges them. A set may be open or closed although its formula does not show it.
    """
    return _open_and_closed(formula.tree)


def _open_and_closed(tree: Tree) -> tuple[bool, bool]:
    kind, *parts = tree
    if kind == "constant":
        return True, True
    if kind == "sign":
        signs = parts[1]
        return 0 not in signs or len(signs) == 3, 0 in signs or not signs
    found = [_open_and_closed(part) for part in parts]
    if kind == "not":
        return found[0][::-1]
    return all(is_open for is_open, _ in found), all(is_closed for _, is_closed in found)


def read_sum(text: str, outputs: int) -> Form:
    """An affine form of the outputs, such as "2*F0 - F1/3 + 1"; RegionError for a text that is none."""
    if len(text) > MAX_LENGTH:
        raise RegionError(f"form: {len(text)} characters are more than {MAX_LENGTH}")
    reader = _Reader(text, "form")
    found = reader.sum()
    _check_outputs("form", text, reader.bare, reader.last, outputs)
    return found


def _check_outputs(what: str, text: str, bare: bool, last: int, outputs: int) -> None:
    """RegionError unless a text that names the outputs F (if `bare`) and up to F`last` fits a network."""
    if bare and outputs != 1:
        raise RegionError(
            f"{what} {describe(text)}: F is the output of a network with one output, and this one has "
            f"{outputs}: write F0 to F{outputs - 1}, or choose an output"
        )
    if last >= outputs:
        there = "is only F0, or F" if outputs == 1 else f"are F0 to F{outputs - 1}"
        raise RegionError(f"{what} {describe(text)}: there is no output F{last}, there {there}")


def _holds(tree: Tree, signs: Sequence[npt.NDArray[np.int8]], size: int) -> Bools:
    kind, *parts = tree
    if kind == "constant":
        return np.full(size, parts[0], np.bool_)
    if kind == "sign":
        chosen = np.array([sign in parts[1] for sign in (-1, 0, 1)])
        mask: Bools = chosen[signs[parts[0]] + 1]
        return mask
    if kind == "not":
        return ~_holds(parts[0], signs, size)
    combine = np.logical_and if kind == "and" else np.logical_or
    found = _holds(parts[0], signs, size)
    for part in parts[1:]:
        found = combine(found, _holds(part, signs, size))
    return found


class _Affine(NamedTuple):
    """A sum of outputs and a constant, during reading."""

    constant: Fraction
    terms: dict[int, Fraction]

    def plus(self, other: _Affine, factor: Fraction) -> _Affine:
        terms = dict(self.terms)
        for i, value in other.terms.items():
            terms[i] = terms.get(i, Fraction(0)) + factor * value
        return _checked(self.constant + factor * other.constant, terms)

    def times(self, factor: Fraction) -> _Affine:
        return _checked(self.constant * factor, {i: value * factor for i, value in self.terms.items()})


def _checked(constant: Fraction, terms: dict[int, Fraction]) -> _Affine:
    for value in (constant, *terms.values()):
        check_digits(value, "formula")
    return _Affine(constant, {i: value for i, value in terms.items() if value})


class _Reader(Tokens):
    """A recursive descent parser; a parenthesis may contain a sum or a condition, so both are read alike."""

    def __init__(self, text: str, what: str = "formula") -> None:
        super().__init__(text, TOKEN, what, RegionError)
        self._what = what
        self.forms: list[Form] = []
        self.bare = False
        self.last = -1  # the largest number of an output that is named, even if its terms cancel

    def formula(self) -> Tree:
        start = self.current
        value = self._any()
        if self.current.kind != "end":
            what = "an operator or a comparison" if isinstance(value, _Affine) else "'and', 'or' or the end"
            raise self.error(self.current, f"expected {what}, got {{}}")
        return self._condition(value, start)

    def sum(self) -> Form:
        """The text as a sum of outputs and numbers."""
        start = self.current
        value = self._sum(self._any(), start)
        if self.current.kind != "end":
            raise self.error(self.current, "expected an operator or the end, got {}")
        return Form(value.constant, tuple(sorted(value.terms.items())))

    def _condition(self, value: _Affine | Tree, start: Token) -> Tree:
        if isinstance(value, _Affine):
            raise self.error(start, "a sum beginning at {} is compared with nothing; expected <, <=, >, >=, = or !=")
        return value

    def _sum(self, value: _Affine | Tree, start: Token) -> _Affine:
        if not isinstance(value, _Affine):
            raise self.error(start, "expected a sum of outputs and numbers at {}, not a condition")
        return value

    def _any(self) -> _Affine | Tree:
        return self._joined("or", lambda: self._joined("and", self._negated))

    def _joined(self, word: str, part: Callable[[], _Affine | Tree]) -> _Affine | Tree:
        start = self.current
        value = part()
        parts: list[Tree] = []
        while self.take("word", word):
            parts = parts or [self._condition(value, start)]
            after = self.current
            parts.append(self._condition(part(), after))
        return (word, *parts) if parts else value

    def _negated(self) -> _Affine | Tree:
        token = self.take("word", "not")
        if token is None:
            return self._compared()
        self.deeper(token)
        after = self.current
        value = self._condition(self._negated(), after)
        self.higher()
        return ("not", value)

    def _compared(self) -> _Affine | Tree:
        start = self.current
        value = self._added()
        found: list[Tree] = []
        while (token := self.take("compare")) is not None:
            left = self._sum(value, start)
            start = self.current
            value = self._added()
            difference = left.plus(self._sum(value, start), Fraction(-1))
            found.append(self._atom(difference, SIGNS[SPELLINGS.get(token.text, token.text)]))
        return value if not found else found[0] if len(found) == 1 else ("and", *found)

    def _atom(self, form: _Affine, signs: frozenset[int]) -> Tree:
        if not form.terms:
            return ("constant", (form.constant > 0) - (form.constant < 0) in signs)
        outputs = sorted(form.terms)
        row = primitive([form.constant, *(form.terms[i] for i in outputs)])
        if row[1] < 0:
            row, signs = tuple(-x for x in row), frozenset(-sign for sign in signs)
        whole = Form(Fraction(row[0]), tuple((i, Fraction(x)) for i, x in zip(outputs, row[1:], strict=True)))
        if whole not in self.forms:
            self.forms.append(whole)
        return ("sign", self.forms.index(whole), signs)

    def _added(self) -> _Affine | Tree:
        start = self.current
        value = self._multiplied()
        while (token := self.take("sign", "+", "-")) is not None:
            left, after = self._sum(value, start), self.current
            value = left.plus(self._sum(self._multiplied(), after), Fraction(1 if token.text == "+" else -1))
        return value

    def _multiplied(self) -> _Affine | Tree:
        start = self.current
        value = self._factor()
        while (token := self.take("sign", "*", "/")) is not None:
            left, after = self._sum(value, start), self.current
            right = self._sum(self._factor(), after)
            if token.text == "/":
                if right.terms or not right.constant:
                    raise self.error(after, "division by {}; expected a number other than 0")
                value = left.times(1 / right.constant)
            elif left.terms and right.terms:
                raise self.error(token, "a product of outputs at {} is not linear; one factor must be a number")
            else:
                value = left.times(right.constant) if left.terms else right.times(left.constant)
        return value

    def _factor(self) -> _Affine | Tree:
        token = self.current
        if self.take("sign", "+", "-"):
            self.deeper(token)
            after = self.current
            value = self._sum(self._factor(), after)
            self.higher()
            return value.times(Fraction(1 if token.text == "+" else -1))
        if self.take("sign", "("):
            self.deeper(token)
            inner = self._any()
            if not self.take("sign", ")"):
                raise self.error(self.current, "expected ')', got {}")
            self.higher()
            return inner
        if self.take("number"):
            return _Affine(exact(token.text, f"{self._what}, column {token.column}"), {})
        match = OUTPUT.fullmatch(token.text) if token.kind == "word" else None
        if match is None:
            what = "unknown name {}" if token.kind == "word" and token.text not in ("and", "or", "not") else "got {}"
            raise self.error(token, what + "; expected an output (F, or F0, F1, …), a number or '('")
        self.advance()
        self.bare = self.bare or not match[1]
        output = int(match[1] or 0)
        self.last = max(self.last, output)
        return _Affine(Fraction(0), {output: Fraction(1)})
