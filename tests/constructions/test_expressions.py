"""Networks by formula: against Python's own arithmetic, against SymPy, and against `identical`."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.constructions.expressions import from_expression
from support.missing import hide
from support.strategies import examples

NAMES = ["x", "y", "z"]
NUMBERS = st.sampled_from(["0", "1", "2", "0.5", "3/7", ".25", "1e-3", "12"])
POINTS = st.tuples(*[st.fractions(-3, 3, max_denominator=6)] * 3)
PYTHON: dict[str, Any] = {"max": max, "min": min, "abs": abs, "relu": lambda v: max(v, 0), "F": Fraction}


def texts() -> st.SearchStrategy[tuple[str, str]]:
    """An expression, and the same for Python's `eval` on Fractions."""
    number = NUMBERS.map(lambda n: (f"({n})", f"(F('{n}'))" if "/" not in n else "(F(3, 7))"))
    leaf = st.one_of(number, st.sampled_from(NAMES).map(lambda name: (name, name)))

    def larger(inner: st.SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[tuple[str, str]]:
        def joined(form: str, python: str, *parts: tuple[str, str]) -> tuple[str, str]:
            return form.format(*(p[0] for p in parts)), python.format(*(p[1] for p in parts))

        two = st.tuples(inner, inner)
        return st.one_of(
            two.map(lambda p: joined("{} + {}", "{} + {}", *p)),
            two.map(lambda p: joined("{} - ({})", "{} - ({})", *p)),
            st.tuples(number, inner).map(lambda p: joined("{} * ({})", "{} * ({})", *p)),
            inner.map(lambda p: joined("({}) / 3", "({}) / F(3)", p)),
            inner.map(lambda p: joined("-|{}|", "-abs({})", p)),
            inner.map(lambda p: joined("relu({})", "relu({})", p)),
            inner.map(lambda p: joined("abs({})", "abs({})", p)),
            two.map(lambda p: joined("max({}, {})", "max({}, {})", *p)),
            st.tuples(inner, inner, inner).map(lambda p: joined("min({}, {}, {})", "min({}, {}, {})", *p)),
        )

    return st.recursive(leaf, larger, max_leaves=12)


@given(texts(), st.lists(POINTS, min_size=3, max_size=3))
@examples(60)
def test_values_are_those_of_python(text: tuple[str, str], points: list[tuple[Fraction, ...]]) -> None:
    nets = [from_expression(text[0], NAMES, relu=relu) for relu in (False, True)]
    assert all(slope == 0 for layer in nets[1].slopes for slope in layer)
    for point in points:
        expected = eval(text[1], {"__builtins__": {}}, {**PYTHON, **dict(zip(NAMES, point, strict=True))})
        assert [net(point) for net in nets] == [expected, expected]


@given(texts())
@examples(25)
def test_sympy_and_back(text: tuple[str, str]) -> None:
    """Text → network → SymPy → network: the same function, by `identical`."""
    pytest.importorskip("sympy")
    net = from_expression(text[0], NAMES)
    symbols = pr.from_expression("x + y + z").to_sympy().free_symbols
    order = sorted(symbols, key=str)
    again = pr.from_sympy(net.to_sympy(order), order)
    assert pr.identical(net, again)


@pytest.mark.parametrize(
    ("text", "architecture", "in_relu"),
    [
        ("1 - |x| - |y|", (2, 2, 1), (2, 4, 1)),
        ("||x| - 1| + ||y| - 1| - 1/2", (2, 2, 2, 1), (2, 4, 4, 1)),
        ("max(x, y) - 1/2", (2, 2, 1), (2, 3, 1)),
        ("max(x, 0) + relu(x) + 2*relu(3*x)", (1, 1, 1), (1, 1, 1)),
        ("|x - y| + abs(2*y - 2*x)", (2, 1, 1), (2, 2, 1)),
        ("relu(|x|) + |relu(x)| + min(0, relu(y))", (2, 2, 1), (2, 2, 1)),
        ("max(x, x + 1) + y", (2, 1), (2, 1)),
        ("max(|x|, |y|, 1)", (2, 2, 2, 1, 1), (2, 4, 2, 1, 1)),
    ],
)
def test_the_smallest_obvious_network(text: str, architecture: tuple[int, ...], in_relu: tuple[int, ...]) -> None:
    assert from_expression(text).architecture == architecture
    assert from_expression(text, relu=True).architecture == in_relu


def test_a_torus_and_its_complement() -> None:
    torus = from_expression("1/2 - max(|max(|x|, |y|) - 2|, |z|)")
    assert pr.betti_numbers(torus) == (1, 1, 0)
    assert pr.betti_numbers(torus, "<=") == (1, 1, 1)


def test_inputs_are_named_and_stated() -> None:
    net = from_expression("x10 - 2*x2")
    assert net([1, 10]) == 8 and net.assumptions == ("the inputs are x2, x10, in this order",)
    assert from_expression(["x", "y - x"], "y, x, unused")([1, 2, 9]) == (2, -1)
    assert from_expression("7", ["x"])(3) == 7


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2x", "column 2: expected an operator or the end, got 'x'"),
        ("x*y", "column 2: a product of variables"),
        ("1/x", "column 3: division by 'x'"),
        ("x/(1 - 1)", "column 3: division by"),
        ("max x", "column 5: expected '(' after max"),
        ("||x|", "column 5: expected '|', got the end"),
        ("x + sin(x)", "column 5: unknown name or function 'sin'"),
        ("max(x,)", "column 7: got ')'"),
        ("abs(x, y)", "column 1: 'abs' takes one argument, not 2"),
        ("x^2", "column 2: unexpected '^'"),
        ("-" * 50 + "x", "column 41: more than 40"),
        ("1 + 2", "there are no variables"),
        ("x" * 20_000, "20000 characters are more than 10000"),
        ([], "expected text such as"),
        (["x", 3], "expected text such as"),
    ],
)
def test_refusals_name_the_column(text: Any, said: str) -> None:
    with pytest.raises(pr.InputError) as caught:
        from_expression(text)
    assert said in str(caught.value) and str(caught.value).isprintable()


@pytest.mark.parametrize("names", [[], ["x", "x"], ["max"], ["1x"], 5, ["x y"], ""])
def test_names_of_inputs(names: Any) -> None:
    with pytest.raises(pr.InputError, match=r"^variables: expected"):
        from_expression("x", names)


def test_numbers_of_too_many_digits() -> None:
    with pytest.raises(pr.NumberError, match="digits"):
        from_expression("*".join(["1e3000"] * 3) + "* x")


# ---- SymPy ---------------------------------------------------------------------------------------------------------


def test_what_sympy_says() -> None:
    sympy = pytest.importorskip("sympy")
    x, y = sympy.symbols("x y", real=True)
    for expression, text in (
        (sympy.Max(x, y, 1) - sympy.Min(x, -y) / 3, "max(x, y, 1) - min(x, -y)/3"),
        (sympy.Abs(2 * x - y) + 0.5, "|2*x - y| + 1/2"),
        (sympy.Piecewise((x, x > y), (y, True)), "max(x, y)"),
        (sympy.Piecewise((2 * x, x <= y), (x + y, True)), "min(2*x, x + y)"),
        (sympy.Piecewise((0, x < -1), (x + 1, x < 1), (2, True)), "min(relu(x + 1), 2)"),
    ):
        assert pr.identical(pr.from_sympy(expression, [x, y]), from_expression(text, ["x", "y"])), text
    several = pr.from_sympy([x, sympy.Max(x, y)], [x, y])
    assert several([1, 2]) == (1, 2)
    assert [str(e) for e in several.to_sympy([x, y])] == ["x", "y + Max(0, x - y)"]
    leaky = pr.Network([[[1]], [[1]]], [[0], [0]], [["1/4"]])
    assert leaky.to_sympy([x]).subs(x, -4) == -1 and leaky.to_sympy([x]).subs(x, 4) == 4


def test_what_sympy_says_that_is_not_read() -> None:
    sympy = pytest.importorskip("sympy")
    x, y = sympy.symbols("x y")
    for expression, said in (
        (x * y, "product of variables"),
        (x**2, "expected sums, rational multiples"),
        (sympy.sin(x), "expected sums, rational multiples"),
        (sympy.pi * x, "expected sums, rational multiples"),
        (sympy.Symbol("w"), "'w' is none of the variables"),
        (sympy.Piecewise((x, x > 0)), "no value where no condition holds"),
        (sympy.Piecewise((x, x > 0), (x - 1, True)), "not obviously continuous"),
        (sympy.Piecewise((x, x > 1), (x + 1, x > 2), (x - 2, y > 0), (0, True)), "do not obviously imply"),
        (sympy.Piecewise((x, sympy.Eq(x, 0)), (x - 1, True)), "expected a comparison"),
        (sympy.nan, "expected sums, rational multiples"),
        ("x", "expected a SymPy expression"),
        ([], "expected at least one"),
    ):
        with pytest.raises(pr.InputError, match=said):
            pr.from_sympy(expression, [x, y])
    for variables in ([], [x, x], "x", [x + y]):
        with pytest.raises(pr.InputError, match=r"^variables"):
            pr.from_sympy(x, variables)
    with pytest.raises(pr.InputError, match=r"^variables: expected 1"):
        pr.Network([[[1]]], [[0]]).to_sympy([x, y])


def test_expressions_without_end_are_refused() -> None:
    pytest.importorskip("sympy")
    wide = pr.Network([[[1]] * 60, [[1] * 60] * 60, [[1] * 60] * 60, [[1] * 60]], [[0] * 60] * 3 + [[0]])
    with pytest.raises(pr.LimitError, match="more than 100000 terms"):
        wide.to_sympy()


def test_without_sympy(monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "sympy")
    for call in (lambda: pr.from_sympy(0, []), lambda: pr.Network([[[1]]], [[0]]).to_sympy()):
        with pytest.raises(pr.MissingDependencyError, match=r"polyrelu\[sympy\]"):
            call()
