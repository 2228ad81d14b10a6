"""Layers of neural networks evaluated with Fractions, straight from their definitions: one loop, one formula.

Values are NumPy arrays of Fractions, without a batch axis: (channels, *space) or (features,).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

Array = Any


def exact(values: Any) -> Array:
    """An array of numbers as Fractions."""
    array = np.asarray(values)
    flat = [Fraction(x) for x in array.ravel().tolist()]
    result = np.empty(len(flat), dtype=object)
    result[:] = flat
    return result.reshape(array.shape)


def entrywise(function: Callable[[Fraction], Fraction], x: Array) -> Array:
    return exact([function(v) for v in x.ravel()]).reshape(x.shape)


def leaky(x: Array, slope: Any = 0) -> Array:
    return entrywise(lambda v: v if v >= 0 else Fraction(slope) * v, x)


def clip(x: Array, low: Any, high: Any) -> Array:
    return entrywise(lambda v: min(max(v, Fraction(low)), Fraction(high)), x)


def linear(x: Array, weight: Any, bias: Any) -> Array:
    rows = [sum((w * v for w, v in zip(row, x, strict=True)), Fraction(0)) for row in exact(weight)]
    return exact(rows) + exact(bias)


def batch_norm(x: Array, mean: Any, variance: Any, gamma: Any, beta: Any, epsilon: float) -> Array:
    """With the documented double for gamma / sqrt(variance + epsilon)."""
    result = x.copy()
    for c in range(len(x)):
        scale = Fraction(float(gamma[c]) / math.sqrt(float(variance[c]) + epsilon))
        result[c] = scale * (x[c] - Fraction(float(mean[c]))) + Fraction(float(beta[c]))
    return result


def windows(
    space: Sequence[int], kernel: Sequence[int], stride: Sequence[int], pad: Sequence[int], gap: Sequence[int]
) -> tuple[list[int], Iterator[tuple[tuple[int, ...], list[tuple[tuple[int, ...], tuple[int, ...]]]]]]:
    """The shape of the result; and for each place in it the (kernel index, place) pairs that lie in the value."""
    d = len(space)
    out = [(space[i] + 2 * pad[i] - gap[i] * (kernel[i] - 1) - 1) // stride[i] + 1 for i in range(d)]

    def places() -> Iterator[Any]:
        for o in product(*map(range, out)):
            inside = []
            for k in product(*map(range, kernel)):
                at = tuple(o[i] * stride[i] - pad[i] + k[i] * gap[i] for i in range(d))
                if all(0 <= at[i] < space[i] for i in range(d)):
                    inside.append((k, at))
            yield o, inside

    return out, places()


def convolution(
    x: Array, weight: Any, bias: Any, stride: Sequence[int], pad: Sequence[int], gap: Sequence[int], groups: int = 1
) -> Array:
    kernels = exact(weight)
    per_in, per_out = kernels.shape[1], len(kernels) // groups
    out, _ = windows(x.shape[1:], kernels.shape[2:], stride, pad, gap)
    result = exact(np.zeros((len(kernels), *out), dtype=int))
    for c in range(len(kernels)):
        for o, inside in windows(x.shape[1:], kernels.shape[2:], stride, pad, gap)[1]:
            total = exact(bias)[c]
            for i in range(per_in):
                total += sum(kernels[(c, i, *k)] * x[(c // per_out * per_in + i, *at)] for k, at in inside)
            result[(c, *o)] = total
    return result


def pool(
    x: Array, kernel: Sequence[int], stride: Sequence[int], pad: Sequence[int], reduce: Callable[[list[Fraction]], Any]
) -> Array:
    ones = [1] * len(kernel)
    out, _ = windows(x.shape[1:], kernel, stride, pad, ones)
    result = exact(np.zeros((len(x), *out), dtype=int))
    for c in range(len(x)):
        for o, inside in windows(x.shape[1:], kernel, stride, pad, ones)[1]:
            result[(c, *o)] = reduce([x[(c, *at)] for _, at in inside])
    return result
