"""Networks by formula: from text such as "1 - |x| - |y|"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from polyrelu.constructions.layers import ONE, Form
from polyrelu.constructions.terms import Terms, sum_of
from polyrelu.errors import InputError
from polyrelu.exact.limits import read_flag
from polyrelu.exact.rational import describe, entries, exact
from polyrelu.network.network import Network
from polyrelu.network.tokens import MAX_LENGTH, NUMBER, WORD, Token, Tokens

T = TypeVar("T")

TOKEN = re.compile(NUMBER + "|" + WORD + r"|(?P<sign>[-+*/(),|])")
FUNCTIONS = ("max", "min", "abs", "relu")


def from_expression(
    expression: str | Sequence[str], variables: str | Sequence[str] | None = None, *, relu: bool = False
) -> Network:
    """The network of a piecewise linear function that a text such as ``1 - |x| - |y|`` describes.

    Parameters
    ----------
    expression : str or sequence of str
        The function; or one for each output. Sums, rational multiples, ``|x|`` and abs, max and min (of any number of
        arguments), relu; numbers are exact: 0.1 is one tenth, 1/3 a third.
    variables : str or sequence of str, optional
        The names of the inputs in order, as a sequence or as in "x, y"; some need not occur. Without it, the names that
        occur, in alphabetical order and numbers by size (x2 before x10); the network's `assumptions` say which.
    relu : bool, default False
        Whether all neurons have to be ReLU. Otherwise ``|f|`` is one neuron of slope −1 below zero, and values are
        passed on to later layers by neurons of slope 1.

    Returns
    -------
    Network
        A network with one input for each variable. Nothing is simplified by algebra, but equal neurons are one, a
        neuron stands in the first layer in which it can, and as few values as possible are passed on.

    Raises
    ------
    InputError
        If the text is no such expression (the message says in which column), if there are no variables, or they are
        not different names.
    NumberError
        If a number has too many digits.
    LimitError
        If the network would have more than `MAX_WEIGHTS` weights.

    Notes
    -----
    max(a, b) = b + ReLU(a − b), in a balanced tree for several arguments.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.from_expression("1 - |x| - |y|", ["x", "y"])
    >>> net.architecture, net(["1/2", "1/4"])
    ((2, 2, 1), Fraction(1, 4))
    >>> pr.betti_numbers(pr.from_expression("1/2 - |max(|x|, |y|) - 1|", "x, y"))
    (1, 1)
    """
    texts = [expression] if isinstance(expression, str) else entries(expression, "expression")
    if not texts or not all(isinstance(text, str) for text in texts):
        got = describe(expression)
        raise InputError(f"expression: expected text such as '1 - |x|', or a sequence of it, got {got}")
    for text in texts:
        if len(text) > MAX_LENGTH:
            raise InputError(f"expression: {len(text)} characters are more than {MAX_LENGTH}")
    readers = [_Reader(text) for text in texts]
    notes = []
    if variables is None:
        names = _found_names(readers)
        if not names:
            told = "name the inputs by variables=, on the command line by --variables"
            raise InputError(f"expression {describe(texts[0])}: there are no variables; {told}")
        notes = [f"the inputs are {', '.join(names)}, in this order"]
    else:
        names = _read_names(variables)
    terms = Terms(len(names), read_flag(relu, "relu"))
    known = {name: terms.input(i) for i, name in enumerate(names)}
    outputs = [reader.form(known, terms) for reader in readers]
    return terms.network(outputs, "expression").noted(*notes)


def _found_names(readers: Iterable[_Reader]) -> tuple[str, ...]:
    """The names of all variables, sorted."""
    return tuple(sorted({name for reader in readers for name in reader.names()} - {*FUNCTIONS}, key=_natural))


def input_names(expression: Sequence[str], variables: Sequence[str] | None = None) -> tuple[str, ...]:
    """The names of the inputs that `from_expression` gives to the network of these expressions, in order."""
    return _found_names(map(_Reader, expression)) if variables is None else _read_names(variables)


def _natural(name: str) -> list[tuple[int, str]]:
    """A key by which x2 is before x10."""
    return [(int(digits or -1), word) for word, digits in re.findall(r"([^0-9]+|(?<=[0-9])$)([0-9]{0,1000})", name)]


def _read_names(variables: Any) -> tuple[str, ...]:
    names = re.findall(r"[^\s,]+", variables) if isinstance(variables, str) else entries(variables, "variables")
    if not names:
        raise InputError(f"variables: expected at least one name, got {describe(variables)}")
    for name in names:
        if not isinstance(name, str) or not re.fullmatch(WORD, name) or name in FUNCTIONS:
            other = f"and none of {', '.join(FUNCTIONS)}"
            raise InputError(f"variables: expected names such as x or x1, {other}; got {describe(name)}")
    if len({*names}) < len(names):
        raise InputError(f"variables: expected different names, got {describe(', '.join(names))}")
    return tuple(names)


class _Reader:
    """A recursive descent parser of one expression."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = Tokens(text, TOKEN, "expression", InputError)
        self._known: dict[str, Form] = {}
        self._terms = Terms(0)

    def names(self) -> list[str]:
        """The names that occur and are not called."""
        return [match["word"] for match in re.finditer(WORD + r"(?!\w|\s*\()", self._text)]

    def form(self, known: dict[str, Form], terms: Terms) -> Form:
        """The function as a form in `terms`, where the names are known ones."""
        self._known, self._terms = known, terms
        value = self._sum()
        if self._tokens.current.kind != "end":
            raise self._tokens.error(self._tokens.current, "expected an operator or the end, got {}")
        return value

    def _sum(self) -> Form:
        parts = [self._product()]
        while (token := self._tokens.take("sign", "+", "-")) is not None:
            parts.append(self._product() * (1 if token.text == "+" else -1))
        return sum_of(parts)

    def _product(self) -> Form:
        value = self._factor()
        while (token := self._tokens.take("sign", "*", "/")) is not None:
            after = self._tokens.current
            right = self._factor()
            if token.text == "/":
                if right.coefficients or not right.constant:
                    raise self._tokens.error(after, "division by {}; expected a number other than 0")
                value = value * (ONE / right.constant)
            elif value.coefficients and right.coefficients:
                raise self._tokens.error(token, "a product of variables at {}; one factor must be a number")
            else:
                value = sum_of([value * right.constant if value.coefficients else right * value.constant])
        return value

    def _factor(self) -> Form:
        tokens = self._tokens
        token = tokens.current
        if tokens.take("sign", "+", "-"):
            value = self._inside(token, self._factor)
            return value if token.text == "+" else -value
        if tokens.take("sign", "("):
            return self._inside(token, partial(self._closed, ")"))
        if tokens.take("sign", "|"):
            return self._terms.absolute(self._inside(token, partial(self._closed, "|")))
        if tokens.take("number"):
            return Form({}, exact(token.text, f"expression, column {token.column}"))
        if token.kind == "word" and token.text in FUNCTIONS:
            tokens.advance()
            return self._called(token)
        if token.kind == "word" and token.text in self._known:
            tokens.advance()
            return self._known[token.text]
        what = "unknown name or function {}" if token.kind == "word" else "got {}"
        expected = [*self._known, "a number", "'('", "'|'", *FUNCTIONS]
        raise tokens.error(token, f"{what}; expected {', '.join(expected[:-1])} or {expected[-1]}")

    def _inside(self, token: Token, read: Callable[[], T]) -> T:
        self._tokens.deeper(token)
        value = read()
        self._tokens.higher()
        return value

    def _closed(self, end: str) -> Form:
        value = self._sum()
        if not self._tokens.take("sign", end):
            raise self._tokens.error(self._tokens.current, f"expected '{end}', got {{}}")
        return value

    def _called(self, function: Token) -> Form:
        if not self._tokens.take("sign", "("):
            raise self._tokens.error(self._tokens.current, f"expected '(' after {function.text}, got {{}}")
        arguments = self._inside(function, self._arguments)
        if function.text in ("abs", "relu") and len(arguments) > 1:
            raise self._tokens.error(function, f"{{}} takes one argument, not {len(arguments)}")
        if function.text == "relu":
            return self._terms.relu(arguments[0])
        if function.text == "abs":
            return self._terms.absolute(arguments[0])
        return self._terms.maximum(arguments) if function.text == "max" else self._terms.minimum(arguments)

    def _arguments(self) -> list[Form]:
        found = [self._sum()]
        while self._tokens.take("sign", ","):
            found.append(self._sum())
        if not self._tokens.take("sign", ")"):
            raise self._tokens.error(self._tokens.current, "expected ',' or ')', got {}")
        return found
