"""Operators that slide a window over space: convolution and pooling, and batch normalisation."""

from __future__ import annotations

import math
from fractions import Fraction

from polyrelu.errors import NetworkError, NumberError
from polyrelu.exact.floats import nearest
from polyrelu.exact.rational import describe
from polyrelu.readers import windows as sliding
from polyrelu.readers.onnx.call import Call, Value
from polyrelu.readers.onnx.tensors import shown
from polyrelu.readers.signals import Signal, show_shape

Pads = list[tuple[int, int]]


def convolve(call: Call) -> Value:
    """Conv: with constant kernels and bias, in any dimension."""
    signal, kernels, bias = call.signal(0), call.constant(1).exact(), call.optional_constant(2)
    kernel = list(kernels.shape[2:])
    if call.attribute("kernel_shape", kernel) != kernel:
        raise NetworkError(f"its kernel_shape is not that of its weight, {show_shape(kernels.shape)}")
    if len(signal.shape) != kernels.ndim:
        raise NetworkError(
            f"a weight of shape {show_shape(kernels.shape)} does not act on a value of shape {show_shape(signal.shape)}"
        )
    stride, dilation, padding = _geometry(call, signal, kernel)
    offsets = None if bias is None else bias.exact()
    groups = call.attribute("group", 1)
    return sliding.convolve(call.assembly, signal, kernels, offsets, stride, padding, dilation, groups)


def convolve_transposed(call: Call) -> Value:
    """ConvTranspose: with constant kernels and bias, in any dimension."""
    signal, kernels, bias = call.signal(0), call.constant(1).exact(), call.optional_constant(2)
    kernel = list(kernels.shape[2:])
    if call.attribute("kernel_shape", kernel) != kernel:
        raise NetworkError(f"its kernel_shape is not that of its weight, {show_shape(kernels.shape)}")
    if len(signal.shape) != kernels.ndim or not kernel:
        raise NetworkError(
            f"a weight of shape {show_shape(kernels.shape)} does not act on a value of shape {show_shape(signal.shape)}"
        )
    d = len(kernel)
    stride, dilation = call.attribute("strides", [1] * d), call.attribute("dilations", [1] * d)
    pads, longer = call.attribute("pads", [0] * (2 * d)), call.attribute("output_padding", [0] * d)
    mode, lengths = call.attribute("auto_pad", "NOTSET"), call.attribute("output_shape", None)
    if not len(stride) == len(dilation) == len(pads) / 2 == len(longer) == d or min(*stride, *dilation) < 1:
        raise NetworkError("expected a stride, a dilation, an output_padding and two pads for each axis of the window")
    if mode not in ("NOTSET", "VALID"):
        raise NetworkError(f"auto_pad {describe(mode)} is read differently by runtimes, so it is not read: give pads")
    padding = [(0, 0)] * d if mode == "VALID" else list(zip(pads[:d], pads[d:], strict=True))
    if lengths is not None:
        if len(lengths) not in (d, d + 2):
            raise NetworkError(f"its output_shape {shown(lengths)} does not fit")
        whole = [
            step * (n - 1) + more + gap * (size - 1) + 1 - length
            for step, n, more, gap, size, length in zip(
                stride, signal.shape[2:], longer, dilation, kernel, lengths[-d:], strict=True
            )
        ]
        if min(whole) < 0 or any(total % 2 for total in whole):
            raise NetworkError("an output_shape that is not reached by equal pads is read differently by runtimes")
        padding = [(total // 2, total // 2) for total in whole]
    offsets = None if bias is None else bias.exact()
    groups = call.attribute("group", 1)
    return sliding.convolve_transposed(
        call.assembly, signal, kernels, offsets, stride, padding, longer, dilation, groups
    )


def average_pool(call: Call) -> Value:
    """AveragePool: means over windows, over the padding too if count_include_pad."""
    signal, kernel = call.signal(0), _kernel(call)
    stride, dilation, padding = _geometry(call, signal, kernel)
    ceil_mode, count_padding = map(call.flag, ("ceil_mode", "count_include_pad"))
    return sliding.average_pool(
        call.assembly, signal, kernel, stride, padding, dilation, ceil_mode=ceil_mode, count_padding=count_padding
    )


def max_pool(call: Call) -> Value:
    """MaxPool: maxima over windows, without the output of their places."""
    signal, kernel = call.signal(0), _kernel(call)
    stride, dilation, padding = _geometry(call, signal, kernel)
    return sliding.max_pool(call.assembly, signal, kernel, stride, padding, dilation, ceil_mode=call.flag("ceil_mode"))


def global_average_pool(call: Call) -> Value:
    """GlobalAveragePool: the mean over all axes but the first two."""
    signal = call.signal(0)
    return sliding.average_pool(call.assembly, signal, _space(signal))


def global_max_pool(call: Call) -> Value:
    """GlobalMaxPool: the maximum over all axes but the first two."""
    signal = call.signal(0)
    return sliding.max_pool(call.assembly, signal, _space(signal))


def batch_normalise(call: Call) -> Value:
    """BatchNormalization at inference; `Assembly.batch_norm` defines the number that replaces γ / √(σ² + ε)."""
    extra = any(call.node.outputs[1:]) and call.opset < 14
    if call.flag("training_mode") or extra or not call.flag("spatial", True):
        raise NetworkError("is in training mode, or not per channel; export the model for inference")
    weight, bias, mean, variance = (call.constant(position).exact() for position in range(1, 5))
    epsilon = call.attribute("epsilon", nearest(Fraction(1e-5), "single"))
    try:
        return call.assembly.batch_norm(call.signal(0), 1, mean, variance, epsilon, weight, bias)
    except OverflowError:
        raise NumberError("has a parameter beyond the range of doubles") from None


def _kernel(call: Call) -> list[int]:
    kernel: list[int] = call.attribute("kernel_shape", [])
    if not kernel or len(call.value(0).shape) != len(kernel) + 2:
        raise NetworkError(
            f"the window {shown(kernel)} does not fit a value of shape {show_shape(call.value(0).shape)}"
        )
    return kernel


def _space(signal: Signal) -> tuple[int, ...]:
    if len(signal.shape) < 3:
        raise NetworkError(f"does not act on a value of shape {show_shape(signal.shape)}; expected three axes or more")
    return signal.shape[2:]


def _geometry(call: Call, signal: Signal, kernel: list[int]) -> tuple[list[int], list[int], Pads]:
    """Strides, dilations and pads of a window over all axes but the first two."""
    d = len(kernel)
    stride, dilation = call.attribute("strides", [1] * d), call.attribute("dilations", [1] * d)
    pads, mode = call.attribute("pads", [0] * (2 * d)), call.attribute("auto_pad", "NOTSET")
    if not d or not len(stride) == len(dilation) == len(pads) / 2 == d or min(*stride, *dilation, *kernel) < 1:
        raise NetworkError("expected a stride and a dilation of at least 1 and two pads for each axis of the window")
    if mode == "NOTSET":
        return stride, dilation, list(zip(pads[:d], pads[d:], strict=True))
    if mode == "VALID":
        return stride, dilation, [(0, 0)] * d
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        raise NetworkError(f"there is no auto_pad {describe(mode)}")
    unclear = " is read differently by runtimes, so it is not read: give pads instead"
    if max(dilation) > 1:
        raise NetworkError(f"auto_pad {mode} with a dilation{unclear}")
    padding: Pads = []
    for length, size, step, gap in zip(signal.shape[2:], kernel, stride, dilation, strict=True):
        whole = (math.ceil(length / step) - 1) * step + gap * (size - 1) + 1 - length
        if whole < 0 and call.node.operator != "Conv":
            raise NetworkError(f"auto_pad {mode} with a stride beyond the window{unclear}")
        less, more = max(whole, 0) // 2, (max(whole, 0) + 1) // 2
        padding.append((less, more) if mode == "SAME_UPPER" else (more, less))
    return stride, dilation, padding
