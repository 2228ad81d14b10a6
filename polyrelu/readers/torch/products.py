"""Sums and products of PyTorch, with constants and of whole axes, on signals."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from polyrelu.errors import NetworkError
from polyrelu.readers.assembly import Assembly
from polyrelu.readers.einsum import cumulative_sum, einsum
from polyrelu.readers.signals import Signal
from polyrelu.readers.torch.arguments import (
    Operation,
    check_constant,
    check_kept,
    gathered,
)


def _add(a: Assembly, input: Any, other: Any, *, alpha: Any = 1) -> Signal:
    if isinstance(input, Signal) and isinstance(other, Signal):
        return a.add(input, other, alpha)
    if isinstance(input, Signal):
        return a.scale(input, 1, a.exact_array(other, "other") * a.exact(alpha, "alpha"))
    return a.scale(other, alpha, input)


def _subtract(a: Assembly, input: Any, other: Any, *, alpha: Any = 1) -> Signal:
    return _add(a, input, other, alpha=-a.exact(alpha, "alpha"))


def _multiply(a: Assembly, input: Any, other: Any) -> Signal:
    if isinstance(input, Signal) and isinstance(other, Signal):
        raise NetworkError(f"{a.place}: a product of two values that depend on the input is not piecewise linear")
    return a.scale(input, other) if isinstance(input, Signal) else a.scale(other, input)


def _divide(a: Assembly, input: Any, other: Any, *, rounding_mode: str | None = None) -> Signal:
    if isinstance(other, Signal) or rounding_mode is not None:
        raise NetworkError(f"{a.place}: only division by a constant, without rounding, is piecewise linear")
    divisors = a.exact_array(other, "divisor")
    if not all(divisors.ravel().tolist()):
        raise NetworkError(f"{a.place}: division by zero")
    return a.scale(input, Fraction(1) / divisors)


def _linear(a: Assembly, input: Signal, weight: Any, bias: Any = None) -> Signal:
    check_constant(a, weight, bias)
    return a.affine(input, weight, bias)


def _matmul(a: Assembly, input: Any, other: Any) -> Signal:
    if isinstance(input, Signal) and isinstance(other, np.ndarray) and other.ndim == 2:
        return a.affine(input, other.T)
    if isinstance(input, Signal) and isinstance(other, Signal):
        raise NetworkError(f"{a.place}: only products with a constant matrix are piecewise linear and read")
    left, right = (len(x.shape) for x in (input, other))
    if not left or not right:
        raise NetworkError(f"{a.place}: a tensor without axes is no matrix")
    rows, columns = "i" * (left > 1), "k" * (right > 1)
    lead = ("..." * (left > 2), "..." * (right > 2))
    return einsum(a, f"{lead[0]}{rows}j,{lead[1]}j{columns}->{'...' * any(lead)}{rows}{columns}", [input, other])


def _einsum(a: Assembly, equation: Any, *operands: Any) -> Signal:
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = tuple(operands[0])
    return einsum(a, equation, operands)


def _tensordot(a: Assembly, input: Any, other: Any, dims: Any = 2, **dims_lists: Any) -> Signal:
    """As its function; in its own function PyTorch passes two lists of axes under names of their own."""
    left, right = len(input.shape), len(other.shape)
    if isinstance(dims, np.ndarray):
        dims = dims.tolist()
    if isinstance(dims, int):
        dims = (range(left - dims, left), range(dims))
    pairs = [(i % left, j % right) for i, j in zip(*dims, strict=True)]
    labels = [*range(left), *range(left, left + right)]
    for i, j in pairs:
        labels[left + j] = i
    taken = [i for i, _ in pairs]
    kept = [n for k, n in enumerate(labels) if n not in taken and k not in {left + j for _, j in pairs}]
    names = [chr(ord("A") + n) for n in range(left + right)]  # at most as many as letters, else they are not read
    first, second, result = (
        "".join(names[n] for n in part) for part in (labels[:left], labels[left:], kept)
    )
    return einsum(a, f"{first},{second}->{result}", [input, other])


def _inner(a: Assembly, input: Any, other: Any) -> Signal:
    if not input.shape or not other.shape:
        return _multiply(a, input, other)
    return _tensordot(a, input, other, ([-1], [-1]))


def _baddbmm(a: Assembly, input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Signal:
    return _add(a, a.scale(_matmul(a, batch1, batch2), alpha), input, alpha=beta)


def _addcmul(a: Assembly, input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Signal:
    return _add(a, input, _multiply(a, tensor1, tensor2), alpha=value)


def _lerp(a: Assembly, input: Any, end: Any, weight: Any) -> Signal:
    check_constant(a, weight)
    share = a.exact_array(weight, "weight")
    return _add(a, _multiply(a, input, np.asarray(1 - share, dtype=object)), _multiply(a, end, share))


def _cumsum(a: Assembly, input: Signal, dim: int, *, dtype: Any = None) -> Signal:
    check_kept(a, dtype)
    return cumulative_sum(a, input, dim)


def _addmm(a: Assembly, input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Signal:
    product = a.scale(_matmul(a, mat1, mat2), alpha)
    return _add(a, product, input, alpha=beta)


def _sum(a: Assembly, input: Signal, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Signal:
    check_kept(a, dtype)
    return a.weighted_sums(input, gathered(input, dim, keepdim), 1)


def _mean(a: Assembly, input: Signal, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Signal:
    check_kept(a, dtype)
    groups = gathered(input, dim, keepdim)
    return a.weighted_sums(input, groups, Fraction(1, groups.shape[-1]))


def _swapped(operation: Operation) -> Operation:
    return lambda a, input, other: operation(a, other, input)


OPERATIONS: dict[str, Operation] = {
    **dict.fromkeys(("add", "radd"), _add),
    **dict.fromkeys(("sub", "subtract"), _subtract),
    **dict.fromkeys(("rsub",), _swapped(_subtract)),
    **dict.fromkeys(("mul", "multiply", "rmul"), _multiply),
    **dict.fromkeys(("div", "divide", "true_divide", "truediv"), _divide),
    **dict.fromkeys(("rdiv", "rtruediv"), _swapped(_divide)),
    **dict.fromkeys(("matmul", "mm", "mv", "bmm", "dot", "vdot"), _matmul),
    **dict.fromkeys(("rmatmul",), _swapped(_matmul)),
    **dict.fromkeys(("addmm", "addmv"), _addmm),
    "addcmul": _addcmul,
    "baddbmm": _baddbmm,
    "cumsum": _cumsum,
    "einsum": _einsum,
    "inner": _inner,
    "lerp": _lerp,
    "linear": _linear,
    "mean": _mean,
    "sum": _sum,
    "tensordot": _tensordot,
}
"""The functions of this module by their names."""
