"""Piecewise linear and affine maps as expressions of SymPy."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from polyrelu.errors import InputError, LimitError, MissingDependencyError
from polyrelu.exact.rational import describe, entries
from polyrelu.network.layers import Layers, Matrix, Vector

MAX_OPERATIONS = 100_000
"""Maximum number of terms that an expression may have, before SymPy simplifies it."""


def import_sympy() -> Any:
    """The package SymPy; MissingDependencyError if it is not installed."""
    try:
        import sympy
    except ImportError:
        raise MissingDependencyError("expressions need SymPy: pip install 'polyrelu[sympy]'", "sympy") from None
    return sympy


def network_expression(layers: Layers, variables: Sequence[Any] | None) -> Any:
    """The function of a network with these layers; see `Network.to_sympy`."""
    sympy = import_sympy()
    if _terms(layers) > MAX_OPERATIONS:
        raise LimitError(f"to_sympy: the expression would have more than {MAX_OPERATIONS} terms")
    values = _symbols(sympy, len(layers.weights[0][0]), variables)
    for matrix, bias, slopes in zip(layers.weights[:-1], layers.biases[:-1], layers.slopes, strict=True):
        sums = _sums(sympy, matrix, bias, values)
        values = [_activated(sympy, z, slope) for z, slope in zip(sums, slopes, strict=True)]
    return _joined(sympy, _sums(sympy, layers.weights[-1], layers.biases[-1], values))


def affine_expression(matrix: Matrix, bias: Vector, variables: Sequence[Any] | None) -> Any:
    """The affine map x ↦ matrix · x + bias; see `PolyhedralComplex.to_sympy`."""
    sympy = import_sympy()
    return _joined(sympy, _sums(sympy, matrix, bias, _symbols(sympy, len(matrix[0]), variables)))


def _terms(layers: Layers) -> int:
    """At most how many terms the expression has: those of what stands in each sum."""
    counts = [1] * len(layers.weights[0][0])
    for layer, matrix in enumerate(layers.weights):
        counts = [1 + sum(n for n, w in zip(counts, row, strict=True) if w) for row in matrix]
        if layer < len(layers.slopes):  # a general slope needs the sum twice
            slopes = layers.slopes[layer]
            counts = [n if slope in (0, 1, -1) else 2 * n for n, slope in zip(counts, slopes, strict=True)]
        if max(counts) > MAX_OPERATIONS:
            break
    return sum(counts)


def _symbols(sympy: Any, dim: int, variables: Sequence[Any] | None) -> list[Any]:
    if variables is None:
        return [sympy.Symbol(f"x{i}", real=True) for i in range(dim)]
    items = [variables] if isinstance(variables, sympy.Symbol) else entries(variables, "variables")
    if items is None or len(items) != dim or not all(isinstance(item, sympy.Expr) for item in items):
        raise InputError(f"variables: expected {dim} symbols, one for each input, got {describe(variables)}")
    return list(items)


def _sums(sympy: Any, matrix: Matrix, bias: Vector, values: Sequence[Any]) -> list[Any]:
    def number(x: Fraction) -> Any:
        return sympy.Rational(x.numerator, x.denominator)

    return [
        sympy.Add(number(b), *(number(w) * value for w, value in zip(row, values, strict=True) if w))
        for row, b in zip(matrix, bias, strict=True)
    ]


def _activated(sympy: Any, z: Any, slope: Fraction) -> Any:
    if slope == 1:
        return z
    if slope == -1:
        return sympy.Abs(z)
    bend = sympy.Max(0, z)
    factor = sympy.Rational(slope.numerator, slope.denominator)
    return bend if not slope else factor * z + (1 - factor) * bend


def _joined(sympy: Any, sums: list[Any]) -> Any:
    return sums[0] if len(sums) == 1 else sympy.Tuple(*sums)
