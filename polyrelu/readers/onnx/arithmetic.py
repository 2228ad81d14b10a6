"""Operators that compute entry by entry, products with constant matrices, sums, maxima and activations.

Every one of them is the function of real numbers that the standard names, composed exactly. On integers (the shapes
that a graph computes) division truncates, as it does in ONNX.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from polyrelu.errors import NetworkError
from polyrelu.exact.floats import nearest
from polyrelu.exact.rational import describe
from polyrelu.readers.einsum import cumulative_sum, einsum
from polyrelu.readers.onnx import comparisons
from polyrelu.readers.onnx.call import Call, Value, shape_of
from polyrelu.readers.onnx.tensors import Array, Constant, check_count
from polyrelu.readers.signals import Signal, show_shape
from polyrelu.readers.steps import Step


def add(call: Call) -> Value:
    """Add: a + b."""
    return _plus(call, call.value(0), call.value(1))


def subtract(call: Call) -> Value:
    """Sub: a − b."""
    return _plus(call, call.value(0), call.value(1), -1)


def multiply(call: Call) -> Value | Step:
    """Mul: a · b, one of them constant."""
    step, other = call.any(0), call.any(1)
    if not isinstance(step, Step):
        step, other = other, step
    if isinstance(step, Step):
        return comparisons.product(call, step, other)
    a, b = call.value(0), call.value(1)
    if isinstance(b, Constant):
        return _scaled(call, a, b.exact())
    if isinstance(a, Constant):
        return _scaled(call, b, a.exact())
    raise NetworkError("a product of two tensors that both depend on the network's input is not piecewise linear")


def divide(call: Call) -> Value:
    """Div: a / b with b constant and without zeros."""
    a, b = call.value(0), call.value(1)
    if not isinstance(b, Constant):
        raise NetworkError("a quotient by a tensor that depends on the network's input is not piecewise linear")
    divisor = b.exact()
    if not divisor.all():
        raise NetworkError(f"divides by zero (tensor {describe(b.name)})")
    shape_of([a, b])
    if isinstance(a, Constant) and a.array.dtype.kind == b.array.dtype.kind == "i":
        return call.made(_objects(np.trunc(_objects(a.exact() / divisor))))
    return _scaled(call, a, _objects(1 / divisor))


def total(call: Call) -> Value:
    """Sum: of any number of tensors."""
    result = call.value(0)
    for position in range(1, len(call.inputs)):
        result = _plus(call, result, call.value(position))
    return result


def mean(call: Call) -> Value:
    """Mean: of any number of tensors."""
    return _scaled(call, total(call), Fraction(1, len(call.inputs)))


def negate(call: Call) -> Value:
    """Neg: −x."""
    return _opposite(call, call.value(0))


def matmul(call: Call) -> Value:
    """MatMul: of stacks of matrices, one side constant; a vector is a row on the left and a column on the right."""
    return _product(call, call.value(0), call.value(1))


def gemm(call: Call) -> Value:
    """Gemm: α A B + β C, with A or B constant, each transposed if its attribute is set."""
    sides = []
    for position, name in enumerate(("transA", "transB")):
        value = call.value(position)
        if len(value.shape) != 2:
            raise NetworkError(f"its input {position + 1} has shape {show_shape(value.shape)}; expected a matrix")
        sides.append(call.moved(value, np.transpose) if call.flag(name) else value)
    result = _product(call, sides[0], sides[1])
    if (alpha := call.attribute("alpha", 1.0)) != 1:
        result = _scaled(call, result, alpha)
    if (addend := call.optional(2)) is not None:
        shape = result.shape
        if shape_of([result, addend]) != shape:
            raise NetworkError(f"its input 3 has shape {show_shape(addend.shape)}; the product {show_shape(shape)}")
        result = _plus(call, result, addend, call.attribute("beta", 1.0))
    return result


def relu(call: Call) -> Value:
    """Relu: max(x, 0)."""
    return _activated(call, call.value(0), 0)


def leaky_relu(call: Call) -> Value:
    """LeakyRelu: α x below zero, with the exact value of the float α."""
    return _activated(call, call.value(0), call.attribute("alpha", nearest(Fraction(0.01), "single")))


def prelu(call: Call) -> Value:
    """PRelu: slopes below zero from a constant tensor."""
    value, slopes = call.value(0), call.constant(1)
    if shape_of([value, slopes]) != value.shape:
        raise NetworkError(f"slopes of shape {show_shape(slopes.shape)} do not fit a value {show_shape(value.shape)}")
    return _activated(call, value, slopes.exact())


def absolute(call: Call) -> Value:
    """Abs: |x|."""
    return _activated(call, call.value(0), -1)


def clip(call: Call) -> Value:
    """Clip: min(max(x, low), high), where an infinity or nothing leaves a side open."""
    if call.opset < 11:
        bounds = [call.attribute("min", None), call.attribute("max", None)]
    else:
        bounds = [_bound(call.optional_constant(position)) for position in (1, 2)]
    return call.assembly.clip(call.signal(0), *bounds)


def final_sigmoid(call: Call) -> Value:
    """The argument of a final Sigmoid, which is left out."""
    return call.assembly.without("sigmoid", call.varying(0))


def final_softmax(call: Call) -> Value:
    """The argument of a final Softmax or LogSoftmax, which is left out; before version 13 it took all later axes."""
    name = "softmax" if call.node.operator == "Softmax" else "log-softmax"
    signal = call.varying(0)
    if call.opset >= 13:
        return call.assembly.without(name, signal, call.attribute("axis", -1))
    return call.assembly.without(name, signal, call.attribute("axis", 1), len(signal.shape))


def hard_sigmoid(call: Call) -> Value:
    """HardSigmoid: max(0, min(1, α x + β)), with the exact values of the floats α and β."""
    alpha, beta = (call.attribute(name, nearest(Fraction(x), "single")) for name, x in (("alpha", 0.2), ("beta", 0.5)))
    return call.assembly.clip(call.assembly.scale(call.signal(0), alpha, beta), 0, 1)


def maximum(call: Call) -> Value:
    """Max: of any number of tensors."""
    return _greatest(call, [call.value(position) for position in range(len(call.inputs))])


def minimum(call: Call) -> Value:
    """Min: of any number of tensors, −max(−x)."""
    values = [_opposite(call, call.value(position)) for position in range(len(call.inputs))]
    return _opposite(call, _greatest(call, values))


def thresholded_relu(call: Call) -> Value:
    """ThresholdedRelu: x above a threshold and 0 up to it, which is continuous only for the threshold 0."""
    alpha = call.attribute("alpha", 1.0)
    if alpha:
        raise NetworkError(f"jumps from 0 to {alpha} at its threshold, so it is not continuous; only alpha = 0 is read")
    return _activated(call, call.value(0), 0)


def shrink(call: Call) -> Value:
    """Shrink: x + bias below −lambd, x − bias above lambd, 0 between, which is continuous only for bias = lambd ≥ 0."""
    edge, bias = call.attribute("lambd", 0.5), call.attribute("bias", 0.0)
    if edge != bias or edge < 0:
        raise NetworkError(f"with lambd {edge} and bias {bias} jumps; only equal ones that are not negative are read")
    signal, shift = call.signal(0), -call.assembly.exact(edge, "lambd")
    above, below = (call.assembly.activation(call.assembly.scale(signal, sign, shift)) for sign in (1, -1))
    return call.assembly.subtract(above, below)


def cumsum(call: Call) -> Value:
    """CumSum: sums up to each place of an axis."""
    value, axes = call.signal(0), call.constant(1).integers("its axis")
    if len(axes) != 1:
        raise NetworkError(f"expected one axis, got {len(axes)}")
    exclusive, reverse = call.flag("exclusive"), call.flag("reverse")
    axis = call.axis(axes[0], len(value.shape))
    return cumulative_sum(call.assembly, value, axis, exclusive=exclusive, reverse=reverse)


def einstein_sum(call: Call) -> Value:
    """Einsum: of which at most one operand depends on the input."""
    values = [call.value(position) for position in range(len(call.inputs))]
    return einsum(
        call.assembly, call.attribute("equation", ""), [x.exact() if isinstance(x, Constant) else x for x in values]
    )


def reduce_l1(call: Call) -> Value:
    """ReduceL1: sums of absolute values over axes."""

    def sums(signal: Signal, groups: Array) -> Signal:
        return call.assembly.weighted_sums(call.assembly.activation(signal, -1), groups, 1)

    return _reduced(call, sums)


def reduce_sum(call: Call) -> Value:
    """ReduceSum: sums over axes."""
    return _reduced(call, lambda signal, groups: call.assembly.weighted_sums(signal, groups, 1))


def reduce_mean(call: Call) -> Value:
    """ReduceMean: means over axes."""

    def means(signal: Signal, groups: Array) -> Signal:
        return call.assembly.weighted_sums(signal, groups, Fraction(1, groups.shape[-1]))

    return _reduced(call, means)


def reduce_max(call: Call) -> Value:
    """ReduceMax: maxima over axes."""
    return _reduced(call, call.assembly.maximum)


def reduce_min(call: Call) -> Value:
    """ReduceMin: minima over axes, −max(−x)."""
    assembly = call.assembly
    return _reduced(call, lambda x, groups: assembly.scale(assembly.maximum(assembly.scale(x, -1), groups), -1))


def _plus(call: Call, a: Value, b: Value, factor: float = 1) -> Value:
    """a + factor · b."""
    if isinstance(b, Constant):
        offsets = _objects(call.assembly.exact(factor, "factor") * b.exact())
        return call.assembly.scale(call.as_signal(a), offsets=offsets)
    if isinstance(a, Constant):
        return call.assembly.scale(b, factor, a.exact())
    return call.assembly.add(a, b, factor)


def _scaled(call: Call, value: Value, factors: Any) -> Signal:
    return call.assembly.scale(call.as_signal(value), factors)


def _opposite(call: Call, value: Value) -> Value:
    return call.made(_objects(-value.exact())) if isinstance(value, Constant) else call.assembly.scale(value, -1)


def _objects(array: Any) -> Array:
    """An array of Fractions again: arithmetic on an array of no axes returns a bare number."""
    return np.asarray(array, dtype=object)


def _product(call: Call, a: Value, b: Value) -> Value:
    """The matrix product of stacks of matrices, one of them constant."""
    if not a.shape or not b.shape:
        raise NetworkError("a tensor without axes is no matrix")
    left = a if len(a.shape) > 1 else _reshaped(call, a, (1, *a.shape))
    right = b if len(b.shape) > 1 else _reshaped(call, b, (*b.shape, 1))
    if left.shape[-1] != right.shape[-2]:
        raise NetworkError(f"shapes {show_shape(a.shape)} and {show_shape(b.shape)} have no product")
    if isinstance(right, Constant):
        result = _times(call, call.as_signal(left), right.exact())
    elif isinstance(left, Constant):
        turned = _times(call, _turned(right), left.exact().swapaxes(-1, -2))
        result = _turned(turned)
    else:
        raise NetworkError("a product of two tensors that both depend on the network's input is not piecewise linear")
    rows, columns = result.shape[-2:]
    ends = ([rows] if len(a.shape) > 1 else []) + ([columns] if len(b.shape) > 1 else [])
    return call.assembly.reshape(result, (*result.shape[:-2], *ends))


def _reshaped(call: Call, value: Value, shape: tuple[int, ...]) -> Value:
    if isinstance(value, Constant):
        return Constant(value.array.reshape(shape), value.name)
    return call.assembly.reshape(value, shape)


def _turned(signal: Signal) -> Signal:
    return signal.select(signal.positions.swapaxes(-1, -2))


def _times(call: Call, signal: Signal, matrices: Array) -> Signal:
    """x · W for stacks of matrices that are broadcast against each other."""
    n, m = matrices.shape[-2:]
    lead = np.broadcast_shapes(*_leads(signal.shape, matrices.shape))
    if math.prod(matrices.shape[:-2]) == 1:
        result = call.assembly.affine(signal, matrices.reshape(n, m).T)
        return call.assembly.reshape(result, (*lead, *result.shape[-2:]))
    shape = (*lead, signal.shape[-2], m, n)
    check_count(math.prod(shape), "its products")
    groups = np.broadcast_to(signal.positions[..., :, None, :], shape)
    return call.assembly.weighted_sums(signal, groups, matrices.swapaxes(-1, -2)[..., None, :, :])


def _leads(*shapes: tuple[int, ...]) -> list[tuple[int, ...]]:
    leads = [shape[:-2] for shape in shapes]
    try:
        np.broadcast_shapes(*leads)
    except ValueError:
        raise NetworkError(f"shapes {' and '.join(map(show_shape, shapes))} have no product") from None
    return leads


def _activated(call: Call, value: Value, slopes: Any) -> Value:
    if isinstance(value, Signal):
        return call.assembly.activation(value, slopes)
    numbers, below = value.exact(), call.assembly.exact_array(slopes, "slope")
    return call.made(_objects(np.where(numbers >= 0, numbers, numbers * below)))


def _bound(bound: Constant | None) -> Any:
    """A bound of Clip: a Fraction, an infinity, or None."""
    if bound is None:
        return None
    if bound.array.size != 1:
        raise NetworkError(f"its bound {describe(bound.name)} has shape {show_shape(bound.shape)}; expected one number")
    number = bound.array.reshape(-1)[0]
    return float(number) if bound.array.dtype.kind == "f" and np.isinf(number) else bound.exact().reshape(-1)[0]


def _greatest(call: Call, values: list[Value]) -> Value:
    """The maximum of values that are broadcast; the constants among them cost one neuron an entry together."""
    shape = shape_of(values)
    signals = [value for value in values if isinstance(value, Signal)]
    floor: Array | None = None
    for value in values:
        if isinstance(value, Constant):
            floor = value.exact() if floor is None else _objects(np.maximum(floor, value.exact()))
    if not signals:
        return call.made(_objects(floor))
    parts = [call.moved(x, lambda array: np.broadcast_to(array, shape).ravel()) for x in signals]
    size = math.prod(shape)
    joined = call.joined(parts, 0)
    assert isinstance(joined, Signal)
    groups = np.arange(len(parts) * size).reshape(len(parts), *shape)
    result = call.assembly.maximum(joined, np.moveaxis(groups, 0, -1))
    if floor is None:
        return result
    rise = call.assembly.activation(call.assembly.scale(result, offsets=_objects(-floor)), 0)
    return call.assembly.scale(rise, offsets=floor)


def _reduced(call: Call, reduction: Callable[[Signal, Array], Signal]) -> Value:
    """A reduction over the axes listed (by an attribute or an input), or over all; of a constant too."""
    value = call.value(0)
    axes, rank = call.axes(value, 1), len(value.shape)
    if not axes:
        if call.flag("noop_with_empty_axes"):
            return value
        axes = list(range(rank))
    signal = call.as_signal(value)
    kept = [axis for axis in range(rank) if axis not in axes]
    shape = tuple(signal.shape[axis] for axis in kept)
    groups = signal.positions.transpose(kept + axes).reshape(*shape, math.prod(signal.shape[axis] for axis in axes))
    if not groups.shape[-1]:
        raise NetworkError(f"does not act on a value of shape {show_shape(value.shape)}")
    result = reduction(signal, groups)
    if call.flag("keepdims", True):
        return call.assembly.reshape(result, [1 if axis in axes else n for axis, n in enumerate(signal.shape)])
    return result
