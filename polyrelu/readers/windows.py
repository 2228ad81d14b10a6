"""Convolution and pooling: operations that slide a window over the last axes of a signal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from polyrelu.readers.assembly import Assembly
from polyrelu.readers.signals import OUTSIDE, Indices, Signal, array_of, show_shape

_BEYOND = -2  # an index past the padding, where a window in ceil mode has no value


def convolve(
    assembly: Assembly,
    signal: Signal,
    weight: Any,
    bias: Any = None,
    stride: Sequence[int] | None = None,
    padding: Sequence[tuple[int, int]] | None = None,
    dilation: Sequence[int] | None = None,
    groups: int = 1,
) -> Signal:
    """Convolution (cross-correlation, as all frameworks have it) in any dimension.

    `weight` is (out, in / groups, *kernel); the signal (…, in, *space) with any leading axes; `padding` holds
    a pair (before, after) for each axis of space, filled with zeros.
    """
    kernels = assembly.exact_array(weight, "weight")
    d = kernels.ndim - 2
    if d < 1 or 0 in kernels.shape:
        raise assembly.error(f"expected a weight (out, in, *kernel), got one of shape {show_shape(kernels.shape)}")
    out, per_group, kernel = kernels.shape[0], kernels.shape[1], kernels.shape[2:]
    if groups < 1 or out % groups or len(signal.shape) <= d or signal.shape[-d - 1] != per_group * groups:
        raise assembly.error(
            f"a weight of shape {show_shape(kernels.shape)} in {groups} groups does not act on a value of shape"
            f" {show_shape(signal.shape)}"
        )
    offsets = assembly.offsets(bias, out)
    windows = _windows(assembly, signal, kernel, stride, padding, dilation)  # (…, in, *space, taps)
    lead, space, taps = signal.shape[: -d - 1], windows.shape[-d - 1 : -1], windows.shape[-1]
    inputs = windows.reshape(-1, groups, per_group, math.prod(space), taps)
    inputs = inputs.transpose(0, 1, 3, 2, 4).reshape(len(inputs), groups, math.prod(space), per_group * taps)
    filters = kernels.reshape(groups, out // groups, per_group * taps)
    assembly.check_size((len(inputs), out, *space))
    return assembly.filtered(signal, inputs, filters, offsets).reshaped((*lead, out, *space))


def average_pool(
    assembly: Assembly,
    signal: Signal,
    kernel: Sequence[int],
    stride: Sequence[int] | None = None,
    padding: Sequence[tuple[int, int]] | None = None,
    dilation: Sequence[int] | None = None,
    *,
    ceil_mode: bool = False,
    count_padding: bool = True,
    divisor: int | None = None,
) -> Signal:
    """Means over windows of the last len(kernel) axes; the stride is the kernel unless given.

    A mean is over the entries in the window, and the zeros of the padding if `count_padding`, unless a divisor is
    given. In ceil mode the last window may reach past the padding; what is there never counts.
    """
    windows = _windows(assembly, signal, kernel, stride or kernel, padding, dilation, ceil_mode)
    counts = (windows > _BEYOND if count_padding else windows >= 0).sum(axis=-1, keepdims=True)
    if divisor is not None:
        counts = np.full_like(counts, divisor)
    if not counts.all():
        raise assembly.error("a window holds no entry, so it has no mean")
    weights = [Fraction(1, n) for n in counts.ravel().tolist()]
    return assembly.weighted_sums(signal, windows, array_of(weights).reshape(counts.shape))


def max_pool(
    assembly: Assembly,
    signal: Signal,
    kernel: Sequence[int],
    stride: Sequence[int] | None = None,
    padding: Sequence[tuple[int, int]] | None = None,
    dilation: Sequence[int] | None = None,
    *,
    ceil_mode: bool = False,
) -> Signal:
    """Maxima over windows of the last len(kernel) axes, padding left out; the stride is the kernel unless given."""
    return assembly.maximum(signal, _windows(assembly, signal, kernel, stride or kernel, padding, dilation, ceil_mode))


def _windows(
    assembly: Assembly,
    signal: Signal,
    kernel: Sequence[int],
    stride: Sequence[int] | None,
    padding: Sequence[tuple[int, int]] | None,
    dilation: Sequence[int] | None,
    ceil_mode: bool = False,
) -> Indices:
    """Positions in each window over the last axes: an array (…, *places of the window, entries of the window)."""
    d = len(kernel)
    steps, pads, gaps = stride or [1] * d, padding or [(0, 0)] * d, dilation or [1] * d
    if not (len(signal.shape) >= d and len(steps) == len(pads) == len(gaps) == d):
        raise assembly.error(
            f"a window {show_shape(kernel)} with stride {show_shape(steps)}, padding of {len(pads)} axes and"
            f" dilation {show_shape(gaps)} does not fit a value of shape {show_shape(signal.shape)}"
        )
    if min(*kernel, *steps, *gaps) < 1 or min(min(pair) for pair in pads) < 0:
        raise assembly.error("expected a positive kernel, stride and dilation, and padding that is not negative")
    counts, reaches = [], []
    for length, size, step, (before, after), gap in zip(signal.shape[-d:], kernel, steps, pads, gaps, strict=True):
        spare = length + before + after - gap * (size - 1) - 1
        count = (-(-spare // step) if ceil_mode else spare // step) + 1
        if ceil_mode and (count - 1) * step >= length + before:
            count -= 1  # a window must start within the value or the padding before it
        if spare < 0 or count < 1:
            raise assembly.error(f"the kernel {show_shape(kernel)} is larger than the padded value")
        counts.append(count)
        reaches.append(max(0, (count - 1) * step + gap * (size - 1) + 1 - (length + before + after)))
    lead = math.prod(signal.shape[:-d])
    padded = [n + before + after for n, (before, after) in zip(signal.shape[-d:], pads, strict=True)]
    assembly.check_count(lead * math.prod(padded), "entries")
    assembly.check_count(lead * math.prod(counts) * math.prod(kernel), "entries of windows")
    still = [(0, 0)] * (len(signal.shape) - d)
    array = np.pad(signal.positions, [*still, *pads], constant_values=OUTSIDE)
    array = np.pad(array, [*still, *((0, reach) for reach in reaches)], constant_values=_BEYOND)
    first = len(still)
    for axis, (count, size, step, gap) in enumerate(zip(counts, kernel, steps, gaps, strict=True)):
        places = np.arange(count)[:, None] * step + np.arange(size) * gap
        array = np.take(array, places, axis=first + 2 * axis)
    order = [*range(first), *range(first, first + 2 * d, 2), *range(first + 1, first + 2 * d, 2)]
    return array.transpose(order).reshape(*signal.shape[:first], *counts, math.prod(kernel))


def convolve_transposed(
    assembly: Assembly,
    signal: Signal,
    weight: Any,
    bias: Any = None,
    stride: Sequence[int] | None = None,
    padding: Sequence[tuple[int, int]] | None = None,
    longer: Sequence[int] | None = None,
    dilation: Sequence[int] | None = None,
    groups: int = 1,
) -> Signal:
    """Transposed convolution: the adjoint of the convolution with the same weight, of the same stride and padding.

    `weight` is (in, out / groups, *kernel); `longer` is the number of places after the last along each axis of space.
    It is computed as a convolution: with zeros between the entries (stride), around them, and the kernel reversed.
    """
    kernels = assembly.exact_array(weight, "weight")
    d = kernels.ndim - 2
    if d < 1 or 0 in kernels.shape:
        raise assembly.error(f"expected a weight (in, out, *kernel), got one of shape {show_shape(kernels.shape)}")
    channels, per_group, kernel = kernels.shape[0], kernels.shape[1], kernels.shape[2:]
    if groups < 1 or channels % groups or len(signal.shape) <= d or signal.shape[-d - 1] != channels:
        raise assembly.error(
            f"a weight of shape {show_shape(kernels.shape)} in {groups} groups does not act on a value of shape"
            f" {show_shape(signal.shape)}"
        )
    steps, pads = stride or [1] * d, padding or [(0, 0)] * d
    more, gaps = longer or [0] * d, dilation or [1] * d
    if not len(steps) == len(pads) == len(more) == len(gaps) == d or min(*steps, *gaps) < 1 or min(more) < 0:
        raise assembly.error("expected a stride, a dilation, a padding and a number of further places for each axis")
    spaced = [(n - 1) * step + 1 for n, step in zip(signal.shape[-d:], steps, strict=True)]
    around = [
        (gap * (size - 1) - before, gap * (size - 1) - after + extra)
        for size, gap, (before, after), extra in zip(kernel, gaps, pads, more, strict=True)
    ]
    lead = signal.shape[:-d]
    whole = [n + before + after for n, (before, after) in zip(spaced, around, strict=True)]
    if min(whole) < 1:
        raise assembly.error("the padding is larger than the result")
    assembly.check_size((*lead, *whole))
    positions = np.full((*lead, *spaced), OUTSIDE)
    still = (slice(None),) * len(lead)
    positions[still + tuple(slice(None, None, step) for step in steps)] = signal.positions
    cuts = tuple(slice(max(0, -before), n + min(0, after)) for n, (before, after) in zip(spaced, around, strict=True))
    widths = [(0, 0)] * len(lead) + [(max(0, before), max(0, after)) for before, after in around]
    enlarged = signal.select(np.pad(positions[still + cuts], widths, constant_values=OUTSIDE))
    reverse = kernels[(slice(None), slice(None), *(slice(None, None, -1),) * d)]
    turned = reverse.reshape(groups, channels // groups, per_group, *kernel).swapaxes(1, 2)
    filters = turned.reshape(groups * per_group, channels // groups, *kernel)
    return convolve(assembly, enlarged, filters, bias, dilation=gaps, groups=groups)
