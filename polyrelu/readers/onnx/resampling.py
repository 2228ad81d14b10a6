"""Operators that repeat or move entries of images: enlarging to the nearest entry, and between depth and space."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from polyrelu.errors import NetworkError
from polyrelu.exact.rational import describe
from polyrelu.readers.onnx.call import Call, Value
from polyrelu.readers.onnx.tensors import check_count
from polyrelu.readers.signals import show_shape

_HALF = Fraction(1, 2)

_COORDINATES: dict[str, Callable[[int, Fraction, int], Fraction]] = {
    "half_pixel": lambda i, scale, length: (i + _HALF) / scale - _HALF,
    "pytorch_half_pixel": lambda i, scale, length: (i + _HALF) / scale - _HALF if length > 1 else Fraction(0),
    "asymmetric": lambda i, scale, length: i / scale,
}
"""The place in the original of place i, for a scale and the new length."""

_ROUNDINGS: dict[str, Callable[[Fraction], int]] = {
    "floor": math.floor,
    "ceil": math.ceil,
    "round_prefer_floor": lambda x: math.ceil(x - _HALF),
    "round_prefer_ceil": lambda x: math.floor(x + _HALF),
}


def upsample(call: Call) -> Value:
    """Upsample: to the nearest entry, ⌊i / scale⌋ for place i."""
    scales = call.attribute("scales", None) if call.opset < 9 else call.constant(1).exact().ravel().tolist()
    return _resampled(call, scales, None, None, "asymmetric", "floor")


def resize(call: Call) -> Value:
    """Resize: to the nearest entry, by scales that are integers or 1 over integers."""
    if call.opset < 11:
        return _resampled(call, call.constant(1).exact().ravel().tolist(), None, None, "asymmetric", "floor")
    given, sizes = call.optional_constant(2), call.optional_constant(3)
    scales = None if given is None or not given.array.size else given.exact().ravel().tolist()
    lengths = None if sizes is None or not sizes.array.size else sizes.integers("its sizes")
    if (policy := call.attribute("keep_aspect_ratio_policy", "stretch")) != "stretch":
        raise NetworkError(f"with the policy {describe(policy)} is not read; 'stretch' is")
    coordinates = call.attribute("coordinate_transformation_mode", "half_pixel")
    rounding = call.attribute("nearest_mode", "round_prefer_floor")
    return _resampled(call, scales, lengths, call.attribute("axes", None), coordinates, rounding)


def _resampled(
    call: Call,
    scales: list[Any] | None,
    sizes: list[int] | None,
    axes: list[int] | None,
    coordinates: str,
    rounding: str,
) -> Value:
    value = call.value(0)
    if (mode := call.attribute("mode", "nearest")) != "nearest":
        raise NetworkError(f"in mode {describe(mode)} is not read; 'nearest' is")
    if coordinates not in _COORDINATES or rounding not in _ROUNDINGS:
        raise NetworkError(f"with coordinates {describe(coordinates)} and rounding {describe(rounding)} is not read")
    rank = len(value.shape)
    chosen = list(range(rank)) if axes is None else [call.axis(axis, rank) for axis in axes]
    if (scales is None) == (sizes is None):
        raise NetworkError("expected scales or sizes, and not both")
    if len(scales or sizes or []) != len(chosen) or len(set(chosen)) != len(chosen):
        raise NetworkError(f"has scales or sizes that do not fit a value of shape {show_shape(value.shape)}")
    places = [list(range(n)) for n in value.shape]
    lengths = list(value.shape)
    ratios = [Fraction(1)] * rank
    for k, axis in enumerate(chosen):
        n = value.shape[axis]
        if sizes is not None:
            lengths[axis], ratios[axis] = sizes[k], Fraction(max(sizes[k], 0), max(n, 1))
        else:
            assert scales is not None
            ratios[axis] = call.assembly.exact(scales[k], "scale")
            lengths[axis] = math.floor(n * ratios[axis])
        if lengths[axis] < 1 or not n:
            raise NetworkError(f"makes an axis of length {lengths[axis]} of one of length {n}")
        if 1 not in (ratios[axis].numerator, ratios[axis].denominator):
            raise NetworkError(
                f"by the scale {ratios[axis]} is rounded differently by runtimes, so it is not read; integers are, and "
                "1 over integers"
            )
    check_count(math.prod(lengths), "its result")
    where, near = _COORDINATES[coordinates], _ROUNDINGS[rounding]
    for axis in chosen:
        n, m, ratio = value.shape[axis], lengths[axis], ratios[axis]
        places[axis] = [min(max(near(where(i, ratio, m)), 0), n - 1) for i in range(m)]
    return call.moved(value, lambda array: array[np.ix_(*places)] if rank else array)


def depth_to_space(call: Call) -> Value:
    """DepthToSpace: channels become squares of b × b places, in the order DCR or CRD."""
    value, b, mode = call.value(0), call.attribute("blocksize", 0), call.attribute("mode", "DCR")
    if len(value.shape) != 4 or b < 1 or value.shape[1] % b**2 or mode not in ("DCR", "CRD"):
        raise NetworkError(f"with blocks of {b} and mode {describe(mode)} does not act on {show_shape(value.shape)}")
    n, channels, height, width = value.shape
    c = channels // b**2
    split, order = ((n, b, b, c), (0, 3, 4, 1, 5, 2)) if mode == "DCR" else ((n, c, b, b), (0, 1, 4, 2, 5, 3))
    shape = (n, c, height * b, width * b)
    return call.moved(value, lambda array: array.reshape(*split, height, width).transpose(order).reshape(shape))


def space_to_depth(call: Call) -> Value:
    """SpaceToDepth: squares of b × b places become channels."""
    value, b = call.value(0), call.attribute("blocksize", 0)
    if len(value.shape) != 4 or b < 1 or value.shape[2] % b or value.shape[3] % b:
        raise NetworkError(f"with blocks of {b} does not act on a value of shape {show_shape(value.shape)}")
    n, c, height, width = value.shape
    split, shape = (n, c, height // b, b, width // b, b), (n, c * b**2, height // b, width // b)
    return call.moved(value, lambda array: array.reshape(split).transpose(0, 3, 5, 1, 2, 4).reshape(shape))


def scatter_nd(call: Call) -> Value:
    """ScatterND: entries at constant indices replaced by others."""
    data, indices, updates = call.value(0), call.constant(1), call.value(2)
    if call.attribute("reduction", "none") != "none":
        raise NetworkError("with a reduction is not read")
    if indices.array.dtype.kind != "i" or not indices.shape or indices.shape[-1] > len(data.shape):
        raise NetworkError(f"its indices of shape {show_shape(indices.shape)} do not fit")
    count, size = math.prod(data.shape), math.prod(updates.shape)
    check_count(count + size, "its result")
    parts = [call.moved(value, np.ravel) for value in (data, updates)]
    joined = call.joined(parts, 0)
    positions = np.arange(count).reshape(data.shape)
    try:
        where = tuple(np.moveaxis(indices.array, -1, 0))
        replaced = positions[where]
        if replaced.shape != updates.shape:
            raise IndexError
        if len(np.unique(replaced)) != replaced.size:
            raise NetworkError("replaces an entry twice, which runtimes do in any order")
        positions[where] = np.arange(count, count + size).reshape(updates.shape)
    except IndexError:
        raise NetworkError(
            f"updates of shape {show_shape(updates.shape)} do not fit indices of shape {show_shape(indices.shape)}"
        ) from None
    return call.moved(joined, lambda array: array[positions])
