"""Operators that move entries without changing them, and those that make constants and compute shapes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from polyrelu.errors import NetworkError
from polyrelu.exact.rational import describe
from polyrelu.readers import steps
from polyrelu.readers.onnx import comparisons
from polyrelu.readers.onnx.call import Call, Value, shape_of
from polyrelu.readers.onnx.tensors import (
    MAX_RANK,
    Array,
    Constant,
    check_count,
    decode,
    element_type,
    is_float,
    round_to,
    shown,
)
from polyrelu.readers.signals import Signal, show_shape
from polyrelu.readers.steps import Step

_ALL = 2**63 - 1  # what Shape and Slice take for "to the end"


def identity(call: Call) -> Value:
    """Identity: the tensor itself."""
    return call.value(0)


def dropout(call: Call) -> Value:
    """Dropout: nothing at inference, and in training refused."""
    mode = call.optional_constant(2) if call.opset >= 12 else None
    if mode is not None and mode.array.any():
        raise NetworkError("is in training mode, where its output is random; export the model for inference")
    return call.value(0)


def cast(call: Call) -> Value | Step:
    """Cast: between floating types the identity; of a stored constant, rounded as the type demands."""
    value, code = call.any(0), call.attribute("to", 0)
    if isinstance(value, Step):
        return comparisons.converted(value, code)
    if isinstance(value, Constant):
        return call.made(round_to(value, code))
    if not is_float(code):
        raise NetworkError(f"a conversion to {element_type(code)} rounds, which is not piecewise linear and continuous")
    return value


def constant(call: Call) -> Value:
    """Constant: of whichever attribute is there."""
    if len(call.node.attributes) != 1:
        raise NetworkError(f"expected one attribute, its value, got {len(call.node.attributes)}")
    (name,) = call.node.attributes
    value = call.attribute(name, None)
    output = next(filter(None, call.node.outputs))
    if name == "value":
        return decode(value, output, call.folder)
    if name in ("value_float", "value_floats"):
        return Constant(np.array(value, dtype=np.float64), output)
    if name in ("value_int", "value_ints"):
        return Constant(np.array(value, dtype=np.int64), output)
    raise NetworkError(f"a constant given by {name} is not read")


def constant_of_shape(call: Call) -> Value:
    """ConstantOfShape: one number, 0.0 unless given, everywhere."""
    shape = _lengths(call.constant(0), "its shape")
    fill = call.attribute("value", None)
    number = np.zeros(1) if fill is None else decode(fill, "value", call.folder).array
    if number.size != 1:
        raise NetworkError(f"its value has shape {show_shape(number.shape)}; expected one number")
    return call.made(np.broadcast_to(number.reshape(()), shape))


def shape(call: Call) -> Value:
    """Shape: the lengths of the axes from `start` to `end`."""
    lengths = call.value(0).shape[call.attribute("start", 0) : call.attribute("end", _ALL)]
    return call.made(np.array(lengths, dtype=np.int64))


def size(call: Call) -> Value:
    """Size: the number of entries."""
    return call.made(np.array(math.prod(call.value(0).shape), dtype=np.int64))


def reshape(call: Call) -> Value:
    """Reshape: 0 keeps a length (unless allowzero), −1 stands for what is left."""
    value, target = call.value(0), call.constant(1).integers("its shape")
    lengths = list(target)
    if not call.flag("allowzero"):
        if any(n == 0 and i >= len(value.shape) for i, n in enumerate(target)):
            raise NetworkError(
                f"the shape {shown(target)} keeps an axis that the value, {show_shape(value.shape)}, lacks"
            )
        lengths = [n or value.shape[i] for i, n in enumerate(target)]
    if any(n < -1 for n in lengths):
        raise NetworkError(f"the shape {shown(target)} has a negative length")
    return _reshaped(call, value, lengths)


def flatten(call: Call) -> Value:
    """Flatten: a matrix, split at an axis."""
    value, rank = call.value(0), len(call.value(0).shape)
    axis = call.attribute("axis", 1)
    if not -rank <= axis <= rank:
        raise NetworkError(f"there is no axis {axis} in a value with {rank} axes")
    split = axis + rank if axis < 0 else axis
    return _reshaped(call, value, [math.prod(value.shape[:split]), math.prod(value.shape[split:])])


def squeeze(call: Call) -> Value:
    """Squeeze: without the axes listed, or all, of length 1."""
    value, axes = call.value(0), call.axes(call.value(0), 1)
    if axes is None:
        axes = [axis for axis, n in enumerate(value.shape) if n == 1]
    elif not axes:
        raise NetworkError("lists no axes, which runtimes read in two ways")
    if any(value.shape[axis] != 1 for axis in axes):
        raise NetworkError(
            f"the axes {shown(axes)} of a value of shape {show_shape(value.shape)} are not all of length 1"
        )
    return _reshaped(call, value, [n for axis, n in enumerate(value.shape) if axis not in axes])


def unsqueeze(call: Call) -> Value:
    """Unsqueeze: with new axes of length 1 where the result has the axes listed."""
    value, listed = call.value(0), call.attribute("axes", None)
    if listed is None:
        listed = call.constant(1).integers("its axes")
    rank = len(value.shape) + len(listed)
    axes = {call.axis(axis, rank) for axis in listed}
    if len(axes) != len(listed):
        raise NetworkError(f"the axes {shown(listed)} are not distinct")
    lengths = iter(value.shape)
    return _reshaped(call, value, [1 if axis in axes else next(lengths) for axis in range(rank)])


def transpose(call: Call) -> Value:
    """Transpose: the axes in another order, by default reversed."""
    return call.moved(call.value(0), lambda array: array.transpose(call.attribute("perm", None)))


def concat(call: Call) -> Value:
    """Concat: side by side along an axis."""
    values = [call.value(position) for position in range(len(call.inputs))]
    return call.joined(values, call.axis(call.attribute("axis", 0), len(values[0].shape)))


def split(call: Call) -> list[Value]:
    """Split: along an axis into parts of the lengths given, or into equal ones (the last may be shorter)."""
    value, parts = call.value(0), call.attribute("num_outputs", len(call.node.outputs))
    axis = call.axis(call.attribute("axis", 0), len(value.shape))
    length = value.shape[axis]
    given = call.optional_constant(1)
    lengths = call.attribute("split", None) if given is None else given.integers("its lengths")
    if lengths is None:
        if parts != (count := len(call.node.outputs)):
            raise NetworkError(f"its num_outputs is {describe(parts)}; expected {count}, as many as it has")
        if parts < 1 or (length % parts and "num_outputs" not in call.node.attributes):
            raise NetworkError(f"an axis of length {length} cannot be split into {parts} equal parts")
        step = -(-length // parts)
        lengths = [max(0, min(step, length - step * part)) for part in range(parts)]
    if len(lengths) != len(call.node.outputs) or sum(lengths) != length or min(lengths) < 0:
        raise NetworkError(f"an axis of length {length} cannot be split into the lengths {shown(lengths)}")
    results, start = [], 0
    for n in lengths:
        index = (slice(None),) * axis + (slice(start, start + n),)
        results.append(call.moved(value, lambda array, index=index: array[index]))  # type: ignore[misc]
        start += n
    return results


def slice_(call: Call) -> Value:
    """Slice: entries from starts to ends by steps along axes, with Python's meaning of negative numbers."""
    value = call.value(0)
    if call.opset < 10:
        starts, ends = call.attribute("starts", []), call.attribute("ends", [])
        steps = [1] * len(starts)
    else:
        starts, ends = call.constant(1).integers("its starts"), call.constant(2).integers("its ends")
        given = call.optional_constant(4)
        steps = [1] * len(starts) if given is None else given.integers("its steps")
    axes = call.axes(value, 3)
    if axes is None:
        axes = [call.axis(axis, len(value.shape)) for axis in range(len(starts))]
    if not len(starts) == len(ends) == len(steps) == len(axes) or 0 in steps:
        raise NetworkError("expected as many starts, ends and steps (other than 0) as axes")
    index = [slice(None)] * len(value.shape)
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        index[axis] = slice(start, end, step)
    return call.moved(value, lambda array: array[tuple(index)])


def gather(call: Call) -> Value:
    """Gather: the entries at constant indices along an axis."""
    value, indices = call.value(0), call.constant(1)
    axis = call.axis(call.attribute("axis", 0), len(value.shape))
    if indices.array.dtype.kind != "i":
        raise NetworkError(f"its indices {describe(indices.name)} are not integers")
    check_count(math.prod(value.shape) // max(value.shape[axis], 1) * indices.array.size, "its result")
    return call.moved(value, lambda array: np.take(array, indices.array, axis=axis))


def expand(call: Call) -> Value:
    """Expand: broadcast against a shape."""
    value, target = call.value(0), _lengths(call.constant(1), "its shape")
    common = shape_of([value, Constant(np.broadcast_to(np.int64(0), target), "shape")])
    return call.moved(value, lambda array: np.broadcast_to(array, common))


def tile(call: Call) -> Value:
    """Tile: repeated along every axis."""
    value, repeats = call.value(0), call.constant(1).integers("its repeats")
    if len(repeats) != len(value.shape) or min(repeats, default=0) < 0:
        raise NetworkError(f"the repeats {shown(repeats)} do not fit a value of shape {show_shape(value.shape)}")
    check_count(math.prod(value.shape) * math.prod(repeats), "its result")
    return call.moved(value, lambda array: np.tile(array, repeats))


def pad(call: Call) -> Value:
    """Pad: by a constant, by the edge or by reflection; negative numbers crop."""
    value, mode = call.value(0), call.attribute("mode", "constant")
    rank = len(value.shape)
    if call.opset < 11:
        pads, fill = call.attribute("pads", []), call.attribute("value", 0.0)
    else:
        given = call.optional_constant(2)
        pads, fill = call.constant(1).integers("its pads"), 0 if given is None else _number(given)
    axes = call.axes(value, 3)
    if axes is None:
        axes = list(range(rank))
    if mode not in ("constant", "edge", "reflect"):
        raise NetworkError(f"padding in mode {describe(mode)} is not read")
    if len(pads) != 2 * len(axes):
        raise NetworkError(f"the pads {shown(pads)} do not fit a value of shape {show_shape(value.shape)}")
    widths, crops = [(0, 0)] * rank, [slice(None)] * rank
    for axis, before, after in zip(axes, pads[: len(axes)], pads[len(axes) :], strict=True):
        length = value.shape[axis]
        widths[axis] = (max(before, 0), max(after, 0))
        crops[axis] = slice(max(-before, 0), max(length + min(after, 0), 0))
        left = length + min(before, 0) + min(after, 0)
        if left < 0:
            raise NetworkError(f"an axis of length {length} cannot be cropped by {before} and {after}")
        if mode != "constant" and max(widths[axis]) > left - (mode == "reflect"):
            raise NetworkError(f"an axis of length {left} is too short to be padded by {max(widths[axis])} from itself")
    check_count(math.prod(n + sum(width) for n, width in zip(value.shape, widths, strict=True)), "its result")
    if mode != "constant":
        return call.moved(value, lambda array: np.pad(array[tuple(crops)], widths, mode=mode))
    signal = call.as_signal(value)
    indices = np.pad(signal.positions[tuple(crops)], widths, constant_values=-1)
    padded = signal.select(indices)
    filled = call.assembly.exact(fill, "fill") != 0
    return call.assembly.scale(padded, offsets=_filled(indices, fill)) if filled else padded


def where(call: Call) -> Value:
    """Where: entries of two tensors, chosen by a constant condition, or by a comparison if that is continuous."""
    chosen = [call.value(1), call.value(2)]
    if isinstance(step := call.any(0), Step):
        shape_of([*chosen, Constant(step.numbers[0], "condition")])
        return steps.chosen(call.assembly, step, *map(call.as_signal, chosen))
    condition = call.constant(0)
    if condition.array.dtype != bool:
        raise NetworkError(f"its condition {describe(condition.name)} does not hold booleans")
    common = shape_of([condition, *chosen])
    parts = [call.moved(value, lambda array: np.broadcast_to(array, common).ravel()) for value in chosen]
    count = math.prod(common)
    positions = np.arange(count).reshape(common)
    indices = np.where(np.broadcast_to(condition.array, common), positions, positions + count)
    return call.moved(call.joined(parts, 0), lambda array: array[indices])


def equal(call: Call) -> Value:
    """Equal: of constants."""
    a, b = call.constant(0), call.constant(1)
    shape_of([a, b])
    arrays = [value.exact() if value.array.dtype.kind == "f" else value.array for value in (a, b)]
    return call.made(np.asarray(arrays[0] == arrays[1], dtype=bool))


def range_(call: Call) -> Value:
    """Range: integers from a start to a limit by steps."""
    ends = [call.constant(position).integers("its ends") for position in range(3)]
    if any(len(end) != 1 for end in ends) or ends[2] == [0]:
        raise NetworkError("expected a start, a limit and a step other than 0")
    numbers = range(ends[0][0], ends[1][0], ends[2][0])
    check_count((numbers.stop - numbers.start) // numbers.step + 1, "its result")
    return call.made(np.array(numbers, dtype=np.int64))


def _reshaped(call: Call, value: Value, lengths: list[int]) -> Value:
    if len(lengths) > MAX_RANK:
        raise NetworkError(f"makes a tensor of {len(lengths)} axes; at most {MAX_RANK} are read")
    if isinstance(value, Signal):
        return call.assembly.reshape(value, lengths)
    try:
        return call.made(value.array.reshape(lengths))
    except ValueError:
        raise NetworkError(
            f"a value of shape {show_shape(value.shape)} cannot be reshaped to {show_shape(lengths)}"
        ) from None


def _lengths(constant: Constant, what: str) -> tuple[int, ...]:
    """A shape that a constant holds, of which an array can be made."""
    lengths = constant.integers(what)
    if any(n < 0 for n in lengths) or len(lengths) > MAX_RANK:
        raise NetworkError(f"{what} {shown(lengths)} is no shape")
    check_count(max((math.prod(lengths), *lengths)), "its result")
    return tuple(lengths)


def _number(constant: Constant) -> Any:
    if constant.array.size != 1:
        raise NetworkError(f"{describe(constant.name)} has shape {show_shape(constant.shape)}; expected one number")
    return constant.exact().reshape(-1)[0]


def _filled(indices: Array, fill: Any) -> Array:
    """`fill` in the padding, 0 elsewhere."""
    result = np.zeros(indices.shape, dtype=object)
    result[indices < 0] = fill
    return result
