"""The functions of PyTorch that are read, by name, on signals.

Each takes the assembly, then the arguments of the function of this name: signals for tensors that depend on the input,
NumPy arrays for tensors that do not. Names of methods, functions and operators are one table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from polyrelu.errors import NetworkError
from polyrelu.readers.assembly import Assembly, Indices, Signal

Operation = Callable[..., Any]

_FLOAT_TENSORS = ("FloatTensor", "DoubleTensor", "HalfTensor", "BFloat16Tensor")

# --- arithmetic ---


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


def _swapped(operation: Operation) -> Operation:
    return lambda a, input, other: operation(a, other, input)


def _linear(a: Assembly, input: Signal, weight: Any, bias: Any = None) -> Signal:
    _constant(a, weight, bias)
    return a.affine(input, weight, bias)


def _matmul(a: Assembly, input: Any, other: Any) -> Signal:
    if isinstance(input, Signal) and isinstance(other, np.ndarray):
        if other.ndim == 1:
            return _squeeze(a, a.affine(input, other[None]), -1)
        return a.affine(input, other.T)
    if isinstance(input, np.ndarray) and isinstance(other, Signal) and input.ndim == 2 and len(other.shape) <= 2:
        if len(other.shape) == 1:
            return a.affine(other, input)
        return _transpose(a, a.affine(_transpose(a, other, 0, 1), input), 0, 1)
    raise NetworkError(f"{a.place}: only products with a constant matrix are piecewise linear and read")


def _addmm(a: Assembly, input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Signal:
    product = a.scale(_matmul(a, mat1, mat2), alpha)
    return _add(a, product, input, alpha=beta)


def _sum(a: Assembly, input: Signal, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Signal:
    _kept(a, dtype)
    return a.weighted_sums(input, _gathered(input, dim, keepdim), 1)


def _mean(a: Assembly, input: Signal, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Signal:
    _kept(a, dtype)
    groups = _gathered(input, dim, keepdim)
    return a.weighted_sums(input, groups, Fraction(1, groups.shape[-1]))


def _gathered(input: Signal, dim: Any, keepdim: bool) -> Indices:
    """Positions with the reduced axes moved into one last axis."""
    rank = len(input.shape)
    chosen = (dim,) if isinstance(dim, int) else dim or range(rank)  # no axes are all axes
    axes = sorted({axis % rank for axis in chosen})
    kept = [axis for axis in range(rank) if axis not in axes]
    lead = [1 if axis in axes else n for axis, n in enumerate(input.shape) if keepdim or axis in kept]
    return input.positions.transpose([*kept, *axes]).reshape(*lead, -1)


# --- piecewise linear functions ---


def _relu(a: Assembly, input: Signal) -> Signal:
    return a.activation(input)


def _leaky_relu(a: Assembly, input: Signal, negative_slope: Any = 0.01) -> Signal:
    return a.activation(input, negative_slope)


def _rrelu(a: Assembly, input: Signal, lower: Any = 0.125, upper: Any = 1 / 3, training: bool = False) -> Signal:
    _evaluated(a, training)
    return a.activation(input, (a.exact(lower, "lower") + a.exact(upper, "upper")) / 2)


def _prelu(a: Assembly, input: Signal, weight: Any) -> Signal:
    _constant(a, weight)
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
    bounds = [None if bound is None else _scalar(a, bound) for bound in (min, max)]
    return a.clip(input, *bounds)


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
    if not isinstance(other, Signal):
        other = a.constant(other)
    elif not isinstance(input, Signal):
        input = a.constant(input)
    shape = np.broadcast_shapes(input.shape, other.shape)
    both = [x.select(np.broadcast_to(x.positions, shape)) for x in (input, other)]
    joined = a.concat([a.reshape(x, (1, *shape)) for x in both])
    return a.maximum(joined, np.moveaxis(joined.positions, 0, -1))


def _minimum(a: Assembly, input: Any, other: Any) -> Signal:
    def negative(x: Any) -> Any:
        return a.scale(x, -1) if isinstance(x, Signal) else -a.exact_array(x, "other")

    return a.scale(_maximum(a, negative(input), negative(other)), -1)


def _amax(a: Assembly, input: Signal, dim: Any = None, keepdim: bool = False) -> Signal:
    return a.maximum(input, _gathered(input, dim, keepdim))


def _amin(a: Assembly, input: Signal, dim: Any = None, keepdim: bool = False) -> Signal:
    return a.scale(_amax(a, a.scale(input, -1), dim, keepdim), -1)


def _max(a: Assembly, input: Any, other: Any = None) -> Signal:
    if isinstance(other, int):
        raise NetworkError(f"{a.place}: max along an axis also gives indices, which are not piecewise linear; use amax")
    return _amax(a, input) if other is None else _maximum(a, input, other)


def _min(a: Assembly, input: Any, other: Any = None) -> Signal:
    if isinstance(other, int):
        raise NetworkError(f"{a.place}: min along an axis also gives indices, which are not piecewise linear; use amin")
    return _amin(a, input) if other is None else _minimum(a, input, other)


# --- layers ---


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
        _constant(a, weight, bias)
        gaps = _each(dilation, d)
        if padding == "same":
            totals = [gap * (size - 1) for gap, size in zip(gaps, weight.shape[2:], strict=True)]
            pads = [(total // 2, total - total // 2) for total in totals]
        else:
            pads = _sides(0 if padding == "valid" else padding, d)
        return a.convolve(input, weight, bias, _each(stride, d), pads, gaps, groups)

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
        kernel = _each(kernel_size, d)
        steps = _each(stride, d) if stride else kernel
        return a.average_pool(
            input, kernel, steps, _sides(padding, d),
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
        kernel = _each(kernel_size, d)
        steps = _each(stride, d) if stride else kernel
        return a.max_pool(input, kernel, steps, _sides(padding, d), _each(dilation, d), ceil_mode=ceil_mode)

    return pool


def _adaptive_average(d: int) -> Operation:
    """Means over windows ⌊i n / m⌋ … ⌈(i + 1) n / m⌉ − 1 for m places in an axis of length n."""

    def pool(a: Assembly, input: Signal, output_size: Any) -> Signal:
        sizes = output_size if isinstance(output_size, list | tuple) else (output_size,) * d
        for axis, places in zip(range(-d, 0), sizes, strict=True):
            n = input.shape[axis]
            if places is None:
                continue
            windows = [list(range(i * n // places, -(-(i + 1) * n // places))) for i in range(places)]
            longest = max(map(len, windows))
            weights = [[Fraction(1, len(w))] * len(w) + [Fraction(0)] * (longest - len(w)) for w in windows]
            table = np.array([w + [0] * (longest - len(w)) for w in windows])
            moved = np.moveaxis(input.positions, axis, -1)
            result = a.weighted_sums(input, moved[..., table], np.array(weights, dtype=object))
            input = result.select(np.moveaxis(result.positions, -1, axis))
        return input

    return pool


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
    _constant(a, running_mean, running_var, weight, bias)
    return a.batch_norm(input, 1, running_mean, running_var, eps, weight, bias)


def _dropout(a: Assembly, input: Signal, p: float = 0.5, training: bool = True) -> Signal:
    _evaluated(a, training and p != 0)
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


# --- moving entries ---


def _same(a: Assembly, input: Signal) -> Signal:
    return input


def _converted(a: Assembly, input: Signal, *args: Any, **kwargs: Any) -> Signal:
    """The same numbers in another tensor, which may share its memory with the first or be a copy."""
    _kept(a, *args, *kwargs.values())
    return a.reshape(input, input.shape)


def _kept(a: Assembly, *targets: Any) -> None:
    """NetworkError if one of the types that values are converted to does not keep real numbers."""
    if any(map(_rounds, targets)):
        raise NetworkError(f"{a.place}: values converted to a type that rounds them to integers, or is complex")


def _rounds(target: Any) -> bool:
    """Whether a type (of numbers or tensors, by itself, by name, or as that of a tensor) is not one of real floats."""
    if isinstance(target, str):
        return target.endswith("Tensor") and not target.endswith(_FLOAT_TENSORS)  # other strings name devices
    if isinstance(target, np.ndarray):
        return bool(target.dtype.kind != "f")
    if isinstance(target, type) and target in (bool, int, complex):
        return True
    return getattr(getattr(target, "dtype", target), "is_floating_point", True) is False


def _clone(a: Assembly, input: Signal, **kwargs: Any) -> Signal:
    return input.select(input.positions)


def _flatten(a: Assembly, input: Signal, start_dim: int = 0, end_dim: int = -1) -> Signal:
    rank = len(input.shape)
    if rank == 0:
        return a.reshape(input, (1,))
    first, last = start_dim % rank, end_dim % rank
    return a.reshape(input, (*input.shape[:first], math.prod(input.shape[first : last + 1]), *input.shape[last + 1 :]))


def _unflatten(a: Assembly, input: Signal, dim: int, sizes: Sequence[int]) -> Signal:
    axis = dim % len(input.shape)
    filled = input.positions.reshape(-1, input.shape[axis])[0].reshape(sizes).shape
    return a.reshape(input, (*input.shape[:axis], *filled, *input.shape[axis + 1 :]))


def _reshape(a: Assembly, input: Signal, *shape: Any, **kwargs: Any) -> Signal:
    return a.reshape(input, _lengths(shape or (kwargs["shape"],)))


def _permute(a: Assembly, input: Signal, *dims: Any, **kwargs: Any) -> Signal:
    return input.select(input.positions.transpose(_lengths(dims or (kwargs["dims"],))))


def _transpose(a: Assembly, input: Signal, dim0: int, dim1: int) -> Signal:
    return input.select(input.positions.swapaxes(dim0, dim1))


def _t(a: Assembly, input: Signal) -> Signal:
    return input.select(input.positions.T)


def _squeeze(a: Assembly, input: Signal, dim: Any = None) -> Signal:
    rank = len(input.shape)
    axes = range(rank) if dim is None else [axis % rank for axis in ((dim,) if isinstance(dim, int) else dim)]
    return a.reshape(input, [n for axis, n in enumerate(input.shape) if n != 1 or axis not in axes])


def _unsqueeze(a: Assembly, input: Signal, dim: int) -> Signal:
    return input.select(np.expand_dims(input.positions, dim))


def _getitem(a: Assembly, input: Signal, index: Any) -> Signal:
    return input.select(input.positions[_index(index)])


def _index(index: Any) -> Any:
    """An index as NumPy takes it: unsigned bytes are a mask in PyTorch."""
    if isinstance(index, tuple):
        return tuple(map(_index, index))
    if isinstance(index, list) and not all(isinstance(i, int) for i in index):
        raise TypeError("a list of more than integers is read differently by versions of PyTorch")
    return index.astype(bool) if isinstance(index, np.ndarray) and index.dtype == np.uint8 else index


def _select(a: Assembly, input: Signal, dim: int, index: int) -> Signal:
    return input.select(np.take(input.positions, index, axis=dim))


def _index_select(a: Assembly, input: Signal, dim: int, index: Any) -> Signal:
    return input.select(np.take(input.positions, index, axis=dim))


def _narrow(a: Assembly, input: Signal, dim: int, start: int, length: int) -> Signal:
    return input.select(np.take(input.positions, range(start, start + length), axis=dim))


def _split(
    a: Assembly, input: Signal, split_size_or_sections: Any = None, dim: int = 0, *, split_size: Any = None
) -> tuple[Signal, ...]:
    """The function has `split_size_or_sections` where the method has `split_size`."""
    sizes, n = split_size if split_size_or_sections is None else split_size_or_sections, input.shape[dim]
    if isinstance(sizes, int):
        sizes = [min(sizes, n - start) for start in range(0, n, sizes)]
    if sum(sizes) != n or min(sizes, default=0) < 0:
        raise NetworkError(f"{a.place}: an axis of length {n} cannot be split into the lengths {list(sizes)[:20]}")
    return tuple(map(input.select, np.split(input.positions, np.cumsum(sizes)[:-1], axis=dim)))


def _chunk(a: Assembly, input: Signal, chunks: int, dim: int = 0) -> tuple[Signal, ...]:
    return _split(a, input, -(-input.shape[dim] // chunks), dim)


def _unbind(a: Assembly, input: Signal, dim: int = 0) -> tuple[Signal, ...]:
    return tuple(map(input.select, np.moveaxis(input.positions, dim, 0)))


def _flip(a: Assembly, input: Signal, *dims: Any) -> Signal:
    return input.select(np.flip(input.positions, _lengths(dims)))


def _expand(a: Assembly, input: Signal, *sizes: Any) -> Signal:
    lengths = _lengths(sizes)
    own = (1,) * (len(lengths) - len(input.shape)) + input.shape
    shape = [before if n == -1 else n for n, before in zip(lengths, own, strict=True)]
    a.check_size(shape)
    return input.select(np.broadcast_to(input.positions, shape))


def _repeat(a: Assembly, input: Signal, *repeats: Any) -> Signal:
    counts = _lengths(repeats)
    a.check_size((input.size, *counts))
    return input.select(np.tile(input.positions, counts))


def _cat(a: Assembly, tensors: Sequence[Any], dim: int = 0) -> Signal:
    return a.concat([x if isinstance(x, Signal) else a.constant(x) for x in tensors], dim)


def _stack(a: Assembly, tensors: Sequence[Any], dim: int = 0) -> Signal:
    parts = [x if isinstance(x, Signal) else a.constant(x) for x in tensors]
    return a.concat([_unsqueeze(a, part, dim) for part in parts], dim)


# --- what is left out at the end ---


def _final(name: str, axes: bool) -> Operation:
    def sigmoid(a: Assembly, input: Signal) -> Signal:
        return a.without(name, input)

    def softmax(
        a: Assembly, input: Signal, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
    ) -> Signal:
        _kept(a, dtype)
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

# --- arguments ---


def _each(value: Any, d: int) -> tuple[int, ...]:
    """An argument that is one integer for all axes, or one for each."""
    values = tuple(value) if isinstance(value, list | tuple) else (value,)
    return tuple(int(n) for n in (values * d if len(values) == 1 else values))


def _sides(value: Any, d: int) -> list[tuple[int, int]]:
    return [(n, n) for n in _each(value, d)]


def _lengths(shape: Sequence[Any]) -> tuple[int, ...]:
    """A shape given as integers or as one sequence."""
    return tuple(int(n) for n in (shape[0] if len(shape) == 1 and isinstance(shape[0], list | tuple) else shape))


def _scalar(a: Assembly, value: Any) -> Any:
    if isinstance(value, Signal) or np.size(value) != 1:
        raise NetworkError(f"{a.place}: expected one number as bound")
    return value.item() if isinstance(value, np.ndarray) else value


def _constant(a: Assembly, *values: Any) -> None:
    if any(isinstance(value, Signal) for value in values):
        raise NetworkError(f"{a.place}: parameters that depend on the input make it not piecewise linear")


def _evaluated(a: Assembly, training: bool) -> None:
    if training:
        raise NetworkError(f"{a.place}: a function that draws random numbers also in evaluation mode")


_VIEWS: dict[str, Operation] = {
    **dict.fromkeys(
        ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"), _dropout
    ),
    **dict.fromkeys(("detach", "pos"), _same),
    **dict.fromkeys(("to", "type", "float", "double", "half", "bfloat16", "cpu", "contiguous"), _converted),
    **dict.fromkeys(("reshape", "view"), _reshape),
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), _transpose),
    "flatten": _flatten,
    "unflatten": _unflatten,
    "permute": _permute,
    "t": _t,
    "squeeze": _squeeze,
    "unsqueeze": _unsqueeze,
    "getitem": _getitem,
    "select": _select,
    "narrow": _narrow,
    "split": _split,
    "chunk": _chunk,
    "unbind": _unbind,
    "expand": _expand,
}

VIEWS = frozenset(_VIEWS)
"""Operations whose result shares its memory with their first argument (or may)."""

OPERATIONS: dict[str, Operation] = {
    **_VIEWS,
    **FINAL,
    **{f"conv{d}d": _convolution(d) for d in (1, 2, 3)},
    **{f"avg_pool{d}d": _average_pooling(d) for d in (1, 2, 3)},
    **{f"max_pool{d}d": _max_pooling(d) for d in (1, 2, 3)},
    **{f"adaptive_avg_pool{d}d": _adaptive_average(d) for d in (1, 2, 3)},
    **dict.fromkeys(("add", "radd"), _add),
    **dict.fromkeys(("sub", "subtract"), _subtract),
    **dict.fromkeys(("rsub",), _swapped(_subtract)),
    **dict.fromkeys(("mul", "multiply", "rmul"), _multiply),
    **dict.fromkeys(("div", "divide", "true_divide", "truediv"), _divide),
    **dict.fromkeys(("rdiv", "rtruediv"), _swapped(_divide)),
    **dict.fromkeys(("matmul", "mm", "mv"), _matmul),
    **dict.fromkeys(("rmatmul",), _swapped(_matmul)),
    **dict.fromkeys(("abs", "absolute"), _absolute),
    **dict.fromkeys(("neg", "negative"), _negative),
    **dict.fromkeys(("clamp", "clip"), _clamp),
    **dict.fromkeys(("cat", "concat", "concatenate"), _cat),
    "linear": _linear,
    "addmm": _addmm,
    "sum": _sum,
    "mean": _mean,
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
    "maximum": _maximum,
    "minimum": _minimum,
    "amax": _amax,
    "amin": _amin,
    "max": _max,
    "min": _min,
    "batch_norm": _batch_norm,
    "pad": _pad,
    "clone": _clone,
    "index_select": _index_select,
    "flip": _flip,
    "repeat": _repeat,
    "stack": _stack,
}
