"""Layers of PyTorch that slide a window, normalise or pad, on signals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from polyrelu.errors import NetworkError
from polyrelu.readers import windows
from polyrelu.readers.assembly import Assembly
from polyrelu.readers.signals import Signal
from polyrelu.readers.torch.arguments import (
    Operation,
    check_constant,
    check_evaluated,
    each,
    sides,
)


def _convolution(d: int) -> Operation:
    def convolve(
        a: Assembly,
        input: Signal,
        weight: Any,
        bias: Any = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Signal:
        check_constant(a, weight, bias)
        gaps = each(dilation, d)
        if padding == "same":
            totals = [gap * (size - 1) for gap, size in zip(gaps, weight.shape[2:], strict=True)]
            pads = [(total // 2, total - total // 2) for total in totals]
        else:
            pads = sides(0 if padding == "valid" else padding, d)
        return windows.convolve(a, input, weight, bias, each(stride, d), pads, gaps, groups)

    return convolve


def _average_pooling(d: int) -> Operation:
    def pool(
        a: Assembly,
        input: Signal,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Signal:
        kernel = each(kernel_size, d)
        steps = each(stride, d) if stride else kernel
        return windows.average_pool(
            a, input, kernel, steps, sides(padding, d),
            ceil_mode=ceil_mode, count_padding=count_include_pad, divisor=divisor_override,
        )  # fmt: skip

    return pool


def _max_pooling(d: int) -> Operation:
    def pool(
        a: Assembly,
        input: Signal,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Signal:
        if return_indices:
            raise NetworkError(f"{a.place}: the indices of maxima are not piecewise linear")
        kernel = each(kernel_size, d)
        steps = each(stride, d) if stride else kernel
        return windows.max_pool(a, input, kernel, steps, sides(padding, d), each(dilation, d), ceil_mode=ceil_mode)

    return pool


def adaptive_windows(n: int, places: int) -> list[list[int]]:
    """The windows ⌊i n / m⌋ … ⌈(i + 1) n / m⌉ − 1 for m places in an axis of length n."""
    return [list(range(i * n // places, -(-(i + 1) * n // places))) for i in range(places)]


def nearest_places(n: int, m: int) -> list[int]:
    """For each of m places the nearest entry ⌊i n / m⌋ of an axis of length n."""
    return [i * n // m for i in range(m)]


def spread(value: Any, d: int) -> Sequence[Any]:
    """An argument that is one number for all axes, or one for each."""
    return value if isinstance(value, list | tuple) else [value] * d


def _adaptive_average(d: int) -> Operation:
    """Means over windows ⌊i n / m⌋ … ⌈(i + 1) n / m⌉ − 1 for m places in an axis of length n."""

    def pool(a: Assembly, input: Signal, output_size: Any) -> Signal:
        sizes = output_size if isinstance(output_size, list | tuple) else (output_size,) * d
        for axis, places in zip(range(-d, 0), sizes, strict=True):
            n = input.shape[axis]
            if places is None:
                continue
            spans = adaptive_windows(n, places)
            longest = max(map(len, spans))
            weights = [[Fraction(1, len(w))] * len(w) + [Fraction(0)] * (longest - len(w)) for w in spans]
            table = np.array([w + [0] * (longest - len(w)) for w in spans])
            moved = np.moveaxis(input.positions, axis, -1)
            result = a.weighted_sums(input, moved[..., table], np.array(weights, dtype=object))
            input = result.select(np.moveaxis(result.positions, -1, axis))
        return input

    return pool


def _transposed_convolution(d: int) -> Operation:
    def convolve(
        a: Assembly,
        input: Signal,
        weight: Any,
        bias: Any = None,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        dilation: Any = 1,
    ) -> Signal:
        check_constant(a, weight, bias)
        return windows.convolve_transposed(
            a, input, weight, bias, each(stride, d), sides(padding, d), each(output_padding, d), each(dilation, d),
            groups,
        )  # fmt: skip

    return convolve


def _adaptive_max(d: int) -> Operation:
    """Maxima over the windows of `_adaptive_average`."""

    def pool(a: Assembly, input: Signal, output_size: Any, return_indices: bool = False) -> Signal:
        if return_indices:
            raise NetworkError(f"{a.place}: the indices of maxima are not piecewise linear")
        sizes = output_size if isinstance(output_size, list | tuple) else (output_size,) * d
        groups = input.positions[..., None]
        first = len(input.shape) - d
        for axis, places in zip(range(first, first + d), sizes, strict=True):
            n = input.shape[axis]
            spans = adaptive_windows(n, n if places is None else places)
            longest = max(map(len, spans))
            table = np.array([span + span[-1:] * (longest - len(span)) for span in spans])  # an entry may come twice
            groups = np.moveaxis(np.take(groups, table, axis=axis), axis + 1, -1)
            groups = groups.reshape(*groups.shape[:-2], -1)
        return a.maximum(input, groups)

    return pool


def _interpolate(
    a: Assembly,
    input: Signal,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: Any = None,
    recompute_scale_factor: Any = None,
    antialias: bool = False,
) -> Signal:
    """Resized to the nearest entry: place i of m in an axis of length n takes entry ⌊i n / m⌋."""
    d = len(input.shape) - 2
    if mode != "nearest":
        raise NetworkError(f"{a.place}: interpolation in mode {mode!r} is not read; 'nearest' is")
    if size is not None:
        chosen = [nearest_places(n, int(m)) for n, m in zip(input.shape[2:], spread(size, d), strict=True)]
    else:
        factors = [a.exact(factor, "scale_factor") for factor in spread(scale_factor, d)]
        lengths = [math.floor(n * factor) for n, factor in zip(input.shape[2:], factors, strict=True)]
        if any(factor.denominator != 1 for factor in factors):
            raise NetworkError(
                f"{a.place}: a scale_factor that is no integer is rounded differently by versions of PyTorch: give size"
            )
        chosen = [nearest_places(n, m) for n, m in zip(input.shape[2:], lengths, strict=True)]
    a.check_size((*input.shape[:2], *map(len, chosen)))
    return input.select(input.positions[np.ix_(*map(range, input.shape[:2]), *chosen)])


def _batch_norm(
    a: Assembly,
    input: Signal,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: Any = 0.1,
    eps: float = 1e-5,
) -> Signal:
    if training or running_mean is None or running_var is None:
        raise NetworkError(
            f"{a.place}: batch normalisation by the statistics of the batch itself is not piecewise linear"
        )
    check_constant(a, running_mean, running_var, weight, bias)
    return a.batch_norm(input, 1, running_mean, running_var, eps, weight, bias)


def _dropout(a: Assembly, input: Signal, p: float = 0.5, training: bool = True) -> Signal:
    check_evaluated(a, training and p != 0)
    return input


def _pad(a: Assembly, input: Signal, pad: Sequence[int], mode: str = "constant", value: Any = None) -> Signal:
    pairs = list(zip(pad[::2], pad[1::2], strict=True))[::-1]
    widths = [(0, 0)] * (len(input.shape) - len(pairs)) + pairs
    names = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    if mode != "constant":
        return input.select(np.pad(input.positions, widths, mode=names[mode]))  # type: ignore[call-overload]
    a.check_size([n + before + after for n, (before, after) in zip(input.shape, widths, strict=True)])
    cut = tuple(
        slice(max(0, -before), n + min(0, after)) for n, (before, after) in zip(input.shape, widths, strict=True)
    )
    grown = [(max(0, before), max(0, after)) for before, after in widths]
    indices = np.pad(input.positions[cut], grown, constant_values=-1)
    result = input.select(indices)
    return a.scale(result, 1, (indices < 0) * a.exact_array(value, "value")) if value else result


OPERATIONS: dict[str, Operation] = {
    **{f"conv{d}d": _convolution(d) for d in (1, 2, 3)},
    **{f"conv_transpose{d}d": _transposed_convolution(d) for d in (1, 2, 3)},
    **{f"avg_pool{d}d": _average_pooling(d) for d in (1, 2, 3)},
    **{f"max_pool{d}d": _max_pooling(d) for d in (1, 2, 3)},
    **{f"adaptive_avg_pool{d}d": _adaptive_average(d) for d in (1, 2, 3)},
    **{f"adaptive_max_pool{d}d": _adaptive_max(d) for d in (1, 2, 3)},
    **dict.fromkeys(
        ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"), _dropout
    ),
    "batch_norm": _batch_norm,
    "interpolate": _interpolate,
    "pad": _pad,
}
"""The functions of this module by their names."""
