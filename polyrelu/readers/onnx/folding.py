"""Operators that are read of constants only, since they are not continuous and piecewise linear.

A result that is rational is exact. An irrational one, as of most roots, is the double nearest to it, and the network
notes so: the rule that `Assembly.batch_norm` has for the root in a batch normalisation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Context, Decimal
from fractions import Fraction

import numpy as np

from polyrelu.errors import NetworkError
from polyrelu.exact.floats import fraction_of, nearest, root
from polyrelu.readers.onnx.call import Call, Value, shape_of
from polyrelu.readers.onnx.tensors import Array, Constant
from polyrelu.readers.signals import show_shape

_DIGITS = 60  # far beyond what decides the nearest double, except for numbers within 10⁻⁵⁰ of a tie
_MAX_EXPONENT = 64  # of powers that are computed exactly
_MAX_ARGUMENT = 700  # of exponentials: beyond it they are no doubles

NOTE = "constants that the graph computes by irrational functions (Sqrt, Pow, Exp, Log) are the nearest doubles"
"""The assumption that is noted for an irrational result."""


def square_root(call: Call) -> Value:
    """Sqrt of a constant."""
    return _mapped(call, call.constant(0), lambda x: _root(call, x))


def reciprocal(call: Call) -> Value:
    """Reciprocal of a constant without zeros."""
    return _mapped(call, call.constant(0), _inverse)


def exponential(call: Call) -> Value:
    """Exp of a constant."""

    def value(x: Fraction) -> Fraction:
        if not x:
            return Fraction(1)
        if abs(x) > _MAX_ARGUMENT:
            raise NetworkError("is of a number whose exponential is no double")
        return _rounded(call, _decimal(x).exp(Context(prec=_DIGITS)))

    return _mapped(call, call.constant(0), value)


def logarithm(call: Call) -> Value:
    """Log of a positive constant."""

    def value(x: Fraction) -> Fraction:
        if x <= 0:
            raise NetworkError("is of a number that is not positive")
        return Fraction(0) if x == 1 else _rounded(call, _decimal(x).ln(Context(prec=_DIGITS)))

    return _mapped(call, call.constant(0), value)


def power(call: Call) -> Value:
    """Pow: of constants, with exponents that are integers or halves of integers; of a signal with exponent 1."""
    base, exponent = call.value(0), call.constant(1)
    if not isinstance(base, Constant):
        if exponent.array.size and (exponent.exact() == 1).all() and shape_of([base, exponent]) == base.shape:
            return base
        raise NetworkError("of a tensor that depends on the network's input is not piecewise linear")
    shape = shape_of([base, exponent])

    def value(x: Fraction, n: Fraction) -> Fraction:
        if (2 * n).denominator != 1 or abs(n) > _MAX_EXPONENT:
            raise NetworkError(f"with the exponent {n} is not read; half integers up to {_MAX_EXPONENT} are")
        raised = (_inverse(x) if n < 0 else x) ** abs(n.numerator)
        return raised if n.denominator == 1 else _root(call, raised)

    pairs = zip(*(np.broadcast_to(c.exact(), shape).ravel().tolist() for c in (base, exponent)), strict=True)
    result = np.empty(math.prod(shape), dtype=object)
    result[:] = [value(x, n) for x, n in pairs]
    return call.made(result.reshape(shape))


def floor(call: Call) -> Value:
    """Floor of a constant."""
    return _mapped(call, call.constant(0), lambda x: Fraction(math.floor(x)))


def ceiling(call: Call) -> Value:
    """Ceil of a constant."""
    return _mapped(call, call.constant(0), lambda x: Fraction(math.ceil(x)))


def dequantise(call: Call) -> Value:
    """DequantizeLinear of a constant: (x − zero point) · scale without rounding, for all or along an axis."""
    value, scale, zero = call.constant(0), call.constant(1), call.optional_constant(2)
    if call.attribute("block_size", 0):
        raise NetworkError("in blocks is not read; dequantise the weights before export")
    rank = len(value.shape)
    lead: tuple[int, ...] = ()
    if scale.array.size != 1:
        axis = call.axis(call.attribute("axis", 1), rank)
        if scale.shape != (value.shape[axis],):
            raise NetworkError(f"has a scale of shape {show_shape(scale.shape)}, which does not fit the axis {axis}")
        lead = (scale.array.size, *(1,) * (rank - axis - 1))
    if zero is not None and zero.array.size != scale.array.size:
        raise NetworkError(f"has a zero point of shape {show_shape(zero.shape)}; expected {show_shape(scale.shape)}")
    factors = scale.exact().reshape(lead)
    shift = Fraction(0) if zero is None else zero.exact().reshape(lead)
    return call.made(np.asarray((value.exact() - shift) * factors, dtype=object).reshape(value.shape))


FOLDED: dict[str, Callable[[Call], Value]] = {
    "Ceil": ceiling,
    "DequantizeLinear": dequantise,
    "Exp": exponential,
    "Floor": floor,
    "Log": logarithm,
    "Pow": power,
    "Reciprocal": reciprocal,
    "Sqrt": square_root,
}
"""The operators of this module by their names."""


def _mapped(call: Call, constant: Constant, function: Callable[[Fraction], Fraction]) -> Value:
    array: Array = np.empty(constant.array.size, dtype=object)
    array[:] = [function(x) for x in constant.exact().ravel().tolist()]
    return call.made(array.reshape(constant.shape))


def _inverse(x: Fraction) -> Fraction:
    if not x:
        raise NetworkError("divides by zero")
    return 1 / x


def _root(call: Call, x: Fraction) -> Fraction:
    if x < 0:
        raise NetworkError("is of a negative number")
    top, bottom = math.isqrt(x.numerator), math.isqrt(x.denominator)
    if top * top == x.numerator and bottom * bottom == x.denominator:
        return Fraction(top, bottom)
    call.assembly.assume(NOTE)
    return fraction_of(root(x))


def _decimal(x: Fraction) -> Decimal:
    context = Context(prec=_DIGITS + 20)
    return context.divide(Decimal(x.numerator), Decimal(x.denominator))


def _rounded(call: Call, x: Decimal) -> Fraction:
    call.assembly.assume(NOTE)
    return fraction_of(nearest(Fraction(x)))
