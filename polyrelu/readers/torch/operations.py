"""The functions of PyTorch that are read, by name, on signals.

Each takes the assembly, then the arguments of the function of this name: signals for tensors that depend on the input,
NumPy arrays for tensors that do not. Names of methods, functions and operators are one table.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from polyrelu.errors import NetworkError
from polyrelu.readers.assembly import Assembly
from polyrelu.readers.signals import Signal
from polyrelu.readers.torch import comparisons, layers, moves, products
from polyrelu.readers.torch.arguments import Operation, check_constant, check_evaluated, check_kept, gathered, scalar

# --- piecewise linear functions ---


def _relu(a: Assembly, input: Signal) -> Signal:
    return a.activation(input)


def _leaky_relu(a: Assembly, input: Signal, negative_slope: Any = 0.01) -> Signal:
    return a.activation(input, negative_slope)


def _rrelu(a: Assembly, input: Signal, lower: Any = 0.125, upper: Any = 1 / 3, training: bool = False) -> Signal:
    check_evaluated(a, training)
    return a.activation(input, (a.exact(lower, "lower") + a.exact(upper, "upper")) / 2)


def _prelu(a: Assembly, input: Signal, weight: Any) -> Signal:
    check_constant(a, weight)
    if weight.size == 1:
        return a.activation(input, weight.reshape(()))
    channels = 1 if len(input.shape) > 1 else 0
    shape = [1] * len(input.shape)
    shape[channels] = weight.size
    return a.activation(input, weight.reshape(shape))


def _absolute(a: Assembly, input: Signal) -> Signal:
    return a.activation(input, -1)


def _negative(a: Assembly, input: Signal) -> Signal:
    return a.scale(input, -1)


def _clamp(a: Assembly, input: Signal, min: Any = None, max: Any = None) -> Signal:
    if all(bound is None or np.size(bound) == 1 for bound in (min, max)):
        return a.clip(input, *(None if bound is None else scalar(a, bound) for bound in (min, max)))
    check_constant(a, min, max)
    result = input if min is None else _maximum(a, input, min)
    return result if max is None else _minimum(a, result, max)


def _clamp_min(a: Assembly, input: Signal, min: Any) -> Signal:
    return _clamp(a, input, min)


def _clamp_max(a: Assembly, input: Signal, max: Any) -> Signal:
    return _clamp(a, input, None, max)


def _hardtanh(a: Assembly, input: Signal, min_val: Any = -1, max_val: Any = 1) -> Signal:
    return a.clip(input, min_val, max_val)


def _relu6(a: Assembly, input: Signal) -> Signal:
    return a.clip(input, 0, 6)


def _hardsigmoid(a: Assembly, input: Signal) -> Signal:
    return a.scale(a.clip(a.scale(input, 1, 3), 0, 6), Fraction(1, 6))


def _softshrink(a: Assembly, input: Signal, lambd: Any = 0.5) -> Signal:
    shift = -a.exact(lambd, "lambda")
    return a.subtract(a.activation(a.scale(input, 1, shift)), a.activation(a.scale(input, -1, shift)))


def _threshold(a: Assembly, input: Signal, threshold: Any, value: Any) -> Signal:
    if threshold != value:
        raise NetworkError(f"{a.place}: threshold is continuous only if its value is the threshold")
    return a.clip(input, threshold)


def _maximum(a: Assembly, input: Any, other: Any) -> Signal:
    if not (isinstance(input, Signal) and isinstance(other, Signal)):  # c + ReLU(x − c): one neuron an entry
        signal, constant = (input, other) if isinstance(input, Signal) else (other, input)
        floor = a.exact_array(constant, "other")
        rise = a.activation(a.scale(signal, offsets=np.asarray(-floor, dtype=object)))
        return a.scale(rise, offsets=floor)
    shape = np.broadcast_shapes(input.shape, other.shape)
    both = [x.select(np.broadcast_to(x.positions, shape)) for x in (input, other)]
    joined = a.concat([a.reshape(x, (1, *shape)) for x in both])
    return a.maximum(joined, np.moveaxis(joined.positions, 0, -1))


def _minimum(a: Assembly, input: Any, other: Any) -> Signal:
    def negative(x: Any) -> Any:
        return a.scale(x, -1) if isinstance(x, Signal) else -a.exact_array(x, "other")

    return a.scale(_maximum(a, negative(input), negative(other)), -1)


def _amax(a: Assembly, input: Signal, dim: Any = None, keepdim: bool = False) -> Signal:
    return a.maximum(input, gathered(input, dim, keepdim))


def _amin(a: Assembly, input: Signal, dim: Any = None, keepdim: bool = False) -> Signal:
    return a.scale(_amax(a, a.scale(input, -1), dim, keepdim), -1)


class Extremes(NamedTuple):
    """What max and min along an axis return: maxima or minima, and their places, which are not read."""

    values: Any
    indices: Any


def _max(a: Assembly, input: Any, other: Any = None, keepdim: bool = False, *, dim: Any = None) -> Any:
    axis = other if isinstance(other, int) else dim
    if axis is not None:
        return Extremes(_amax(a, input, axis, keepdim), None)
    return _amax(a, input) if other is None else _maximum(a, input, other)


def _min(a: Assembly, input: Any, other: Any = None, keepdim: bool = False, *, dim: Any = None) -> Any:
    axis = other if isinstance(other, int) else dim
    if axis is not None:
        return Extremes(_amin(a, input, axis, keepdim), None)
    return _amin(a, input) if other is None else _minimum(a, input, other)


def _vector_norm(a: Assembly, x: Signal, ord: Any = 2, dim: Any = None, keepdim: bool = False, **kwargs: Any) -> Signal:
    if ord not in (1, math.inf):
        raise NetworkError(f"{a.place}: of the norms only those of order 1 and infinity are piecewise linear")
    sizes = _absolute(a, x)
    groups = gathered(x, dim, keepdim)
    return a.weighted_sums(sizes, groups, 1) if ord == 1 else a.maximum(sizes, groups)


def _norm(a: Assembly, input: Signal, p: Any = "fro", dim: Any = None, keepdim: bool = False, **kwargs: Any) -> Signal:
    return _vector_norm(a, input, p, dim, keepdim)


# --- what is left out at the end ---


def _final(name: str, axes: bool) -> Operation:
    def sigmoid(a: Assembly, input: Signal) -> Signal:
        return a.without(name, input)

    def softmax(
        a: Assembly, input: Signal, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
    ) -> Signal:
        check_kept(a, dtype)
        if dim is None:
            dim = 0 if len(input.shape) in (0, 1, 3) else 1
        return a.without(name, input, dim)

    return softmax if axes else sigmoid


FINAL: dict[str, Operation] = {
    "sigmoid": _final("sigmoid", False),
    "softmax": _final("softmax", True),
    "log_softmax": _final("log-softmax", True),
}
"""Functions that are left out at the end of a module, where this is asked for."""

KEEPING = frozenset(
    ("reshape", "view", "flatten", "squeeze", "unsqueeze", "detach", "to", "float", "double", "cpu", "contiguous")
)
"""Operations after which a final function is still final: the entries stay what they are, and in their order."""

# --- tables ---


LIKE = frozenset(("zeros_like", "ones_like", "full_like", "new_zeros", "new_ones", "new_full", "new_tensor"))
"""Functions that make a constant tensor of the shape, or of the type, of their first argument."""

VIEWS = frozenset((*moves.VIEWS, *(name for name in layers.OPERATIONS if "dropout" in name)))
"""Operations whose result shares its memory with their first argument (or may)."""

OPERATIONS: dict[str, Operation] = {
    **products.OPERATIONS,
    **layers.OPERATIONS,
    **moves.OPERATIONS,
    **comparisons.OPERATIONS,
    **FINAL,
    **dict.fromkeys(("abs", "absolute"), _absolute),
    **dict.fromkeys(("neg", "negative"), _negative),
    **dict.fromkeys(("clamp", "clip"), _clamp),
    **dict.fromkeys(("maximum", "fmax"), _maximum),
    **dict.fromkeys(("minimum", "fmin"), _minimum),
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "rrelu": _rrelu,
    "prelu": _prelu,
    "clamp_min": _clamp_min,
    "clamp_max": _clamp_max,
    "hardtanh": _hardtanh,
    "relu6": _relu6,
    "hardsigmoid": _hardsigmoid,
    "softshrink": _softshrink,
    "threshold": _threshold,
    "amax": _amax,
    "amin": _amin,
    "max": _max,
    "min": _min,
    "norm": _norm,
    "vector_norm": _vector_norm,
    "linalg_vector_norm": _vector_norm,
}
"""All functions that are read, by their names."""
