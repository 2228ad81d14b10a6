"""Networks by formula: from SymPy's Add, Mul, Max, Min, Abs and Piecewise."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from itertools import pairwise
from typing import Any

from polyrelu.constructions.layers import Form
from polyrelu.constructions.terms import Terms, sum_of
from polyrelu.errors import InputError
from polyrelu.exact.limits import read_flag
from polyrelu.exact.rational import describe, entries, exact
from polyrelu.network.network import Network
from polyrelu.network.symbolic import import_sympy


def from_sympy(expression: Any, variables: Any, *, relu: bool = False) -> Network:
    """The network of a piecewise linear SymPy expression.

    Parameters
    ----------
    expression : sympy.Expr or sequence of sympy.Expr
        The function; or one for each output. It is made of the variables and numbers by sums, rational multiples, Max,
        Min, Abs, and Piecewise where that is obviously continuous: as Piecewise((a, c > 0), (b, True)) with a − b a
        multiple of c, or with several conditions on one form, each of which implies the next. A Float is the binary
        fraction that it holds.
    variables : sequence of sympy.Symbol
        The inputs, in order; some need not occur.
    relu : bool, default False
        Whether all neurons have to be ReLU; see `from_expression`.

    Returns
    -------
    Network
        A network with one input for each variable, made as `from_expression` says.

    Raises
    ------
    InputError
        If a part of the expression is something else (the message shows it), or the variables are not different
        symbols.
    NumberError
        If a number has too many digits.
    LimitError
        If the network would have more than `MAX_WEIGHTS` weights.
    MissingDependencyError
        If SymPy is not installed.

    Examples
    --------
    >>> import polyrelu as pr
    >>> import sympy
    >>> x, y = sympy.symbols("x y")
    >>> net = pr.from_sympy(sympy.Max(x, y) - sympy.Rational(1, 2), [x, y])
    >>> net([2, 3])
    Fraction(5, 2)
    >>> net.architecture, net.to_sympy([x, y])
    ((2, 2, 1), y + Max(0, x - y) - 1/2)
    """
    sympy = import_sympy()
    symbols = entries(variables, "variables") if not isinstance(variables, sympy.Symbol) else [variables]
    if not symbols or not all(isinstance(symbol, sympy.Symbol) for symbol in symbols):
        raise InputError(f"variables: expected a sequence of SymPy symbols, got {describe(variables)}")
    if len({*symbols}) < len(symbols):
        raise InputError(f"variables: expected different symbols, got {describe(variables)}")
    several = isinstance(expression, (list, tuple, sympy.Tuple, sympy.MatrixBase))
    expressions = list(expression) if several else [expression]
    if not expressions:
        raise InputError("expression: expected at least one, got none")
    terms = Terms(len(symbols), read_flag(relu, "relu"))
    reader = _Reader(sympy, terms, {symbol: terms.input(i) for i, symbol in enumerate(symbols)})
    return terms.network([reader.form(item) for item in expressions], "from_sympy")


class _Reader:
    """Forms of SymPy's expressions. Recursion is as deep as SymPy's own."""

    def __init__(self, sympy: Any, terms: Terms, known: dict[Any, Form]) -> None:
        self._sympy, self._terms, self._known = sympy, terms, known

    def form(self, expression: Any) -> Form:
        """The expression as a form in the terms."""
        node = None
        if not isinstance(expression, type):
            with suppress(self._sympy.SympifyError, TypeError, ValueError):  # what SymPy raises for foreign objects
                node = self._sympy.sympify(expression, strict=True)
        if not isinstance(node, self._sympy.Expr):
            raise InputError(f"expression: expected a SymPy expression, got {describe(expression)}")
        if node not in self._known:
            self._known[node] = self._read(node)
        return self._known[node]

    def _read(self, node: Any) -> Form:
        sympy, terms = self._sympy, self._terms
        if isinstance(node, sympy.Float):
            return Form({}, exact(sympy.Rational(node), "expression"))
        if isinstance(node, sympy.Rational):
            return Form({}, exact(node, "expression"))
        if isinstance(node, sympy.Add):
            return sum_of(map(self.form, node.args))
        if isinstance(node, sympy.Mul):
            return self._product(node)
        if isinstance(node, sympy.Max):
            return terms.maximum([self.form(argument) for argument in _ordered(node)])
        if isinstance(node, sympy.Min):
            return terms.minimum([self.form(argument) for argument in _ordered(node)])
        if isinstance(node, sympy.Abs):
            return terms.absolute(self.form(node.args[0]))
        if isinstance(node, sympy.Piecewise):
            return self._pieces(node)
        if isinstance(node, sympy.Symbol):
            raise InputError(f"expression: {describe(str(node))} is none of the variables")
        raise InputError(
            f"expression: expected sums, rational multiples, Max, Min, Abs or Piecewise of the variables, got "
            f"{describe(str(node))}"
        )

    def _product(self, node: Any) -> Form:
        value = Form({}, Fraction(1))
        for argument in node.args:
            form = self.form(argument)
            if value.coefficients and form.coefficients:
                raise InputError(f"expression: {describe(str(node))} is a product of variables, which is not linear")
            value = form * value.constant if form.coefficients else value * form.constant
        return sum_of([value])

    def _pieces(self, node: Any) -> Form:
        """p_n + Σ μ_i ReLU(g_i), where p_i holds for g_i > 0, which implies g_{i+1} > 0, and p_i − p_{i+1} = μ_i g_i.

        Whether a condition is strict makes no difference, as p_i = p_{i+1} where g_i = 0.
        """
        name = describe(str(node))
        values = [self.form(piece.expr) for piece in node.args]
        *conditions, last = [piece.cond for piece in node.args]
        if last is not self._sympy.true:
            raise InputError(f"expression: {name} has no value where no condition holds")
        compared = [self._compared(condition) for condition in conditions]
        for one, other in pairwise(compared):
            factor = _ratio(other, one, constant=True)
            if factor is None or factor <= 0 or sum_of([other, one * -factor]).constant < 0:
                raise InputError(f"expression: the conditions of {name} do not obviously imply the next ones")
        parts = [values[-1]]
        for form, (here, there) in zip(compared, pairwise(values), strict=True):
            factor = _ratio(sum_of([here, -there]), form)
            if factor is None:
                raise InputError(
                    f"expression: {name} is not obviously continuous: the difference of two pieces has to be "
                    "a multiple of what their condition compares"
                )
            parts.append(self._terms.relu(form) * factor)
        return sum_of(parts)

    def _compared(self, condition: Any) -> Form:
        """The form that is > 0, or >= 0, where a comparison holds."""
        sign = {">": 1, ">=": 1, "<": -1, "<=": -1}.get(getattr(condition, "rel_op", ""), 0)
        if not sign:
            text = describe(str(condition))
            raise InputError(f"expression: expected a comparison by >, >=, < or <= in a Piecewise, got {text}")
        form = sum_of([self.form(condition.lhs), -self.form(condition.rhs)]) * sign
        if not form.coefficients:
            raise InputError(f"expression: the condition {describe(str(condition))} always holds, or never")
        return form


def _ordered(node: Any) -> list[Any]:
    """The arguments of Max or Min, which SymPy keeps as a set, in an order that does not change."""
    return sorted(node.args, key=lambda argument: argument.sort_key())


def _ratio(form: Form, other: Form, *, constant: bool = False) -> Fraction | None:
    """The number c with form = c · other, or, with `constant`, c · other plus a constant; None if there is none."""
    at = next(iter(other.coefficients))
    factor = form.coefficients.get(at, Fraction(0)) / other.coefficients[at]
    rest = sum_of([form, other * -factor])
    return None if rest.coefficients or (rest.constant and not constant) else factor
