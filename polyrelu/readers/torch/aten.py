"""Functions of ATen, which TorchScript and torch.export call, as the functions of PyTorch that they implement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Adapted = tuple[str, tuple[Any, ...], dict[str, Any]]
"""A function of PyTorch by its name, and its arguments."""

_IGNORED = frozenset(
    ("memory_format", "layout", "device", "pin_memory", "non_blocking", "copy", "implicit", "generator", "path")
)
"""Arguments that do not change the numbers."""

_SPELT = {
    "_unsafe_view": "view",
    "_adaptive_avg_pool2d": "adaptive_avg_pool2d",
    "_adaptive_avg_pool3d": "adaptive_avg_pool3d",
    "_softmax": "softmax",
    "_log_softmax": "log_softmax",
    "alias": "clone",
    "lift_fresh": "clone",
    "lift_fresh_copy": "clone",
    "split_with_sizes": "split",
    "concatenate": "cat",
}


def adapted(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Adapted:
    """The function of PyTorch for a function of ATen of this name, with its arguments in the order of its schema.

    Where ATen returns several tensors, of which the first is the result, so does the caller (`RESULTS`).
    """
    kept = {key: value for key, value in kwargs.items() if key not in _IGNORED and value is not None}
    if name in _REORDERED:
        return _REORDERED[name](*args, **kept)
    if name[-2:] in ("1d", "2d", "3d") and name[:-2] in _PADDINGS:
        return "pad", (args[0], args[1], _PADDINGS[name[:-2]]), {}
    if name[-2:] in ("1d", "2d", "3d") and name[:-2] == "upsample_nearest":
        return _upsample(*args, **kept)
    return _SPELT.get(name, name), tuple(args), kept


RESULTS = {"_native_batch_norm_legit_no_training": 3, "max_pool2d_with_indices": 2, "max_pool3d_with_indices": 2}
"""Functions that return further tensors, which are not read, and the number of all."""

_PADDINGS = {"reflection_pad": "reflect", "replication_pad": "replicate"}


def _batch_norm(
    x: Any, weight: Any, bias: Any, mean: Any, var: Any, training: bool, momentum: Any, eps: Any, *_: Any
) -> Adapted:
    return "batch_norm", (x, mean, var, weight, bias, training, momentum, eps), {}


def _batch_norm_at_inference(x: Any, weight: Any, bias: Any, mean: Any, var: Any, momentum: Any, eps: Any) -> Adapted:
    return "batch_norm", (x, mean, var, weight, bias, False, momentum, eps), {}


def _convolution(
    x: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
    *_: Any,
) -> Adapted:
    d = weight.dim() - 2
    if transposed:
        return f"conv_transpose{d}d", (x, weight, bias, stride, padding, output_padding, groups, dilation), {}
    return f"conv{d}d", (x, weight, bias, stride, padding, dilation, groups), {}


def _slice(x: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Adapted:
    index = (slice(None),) * (dim % x.dim()) + (slice(start, end, step),)
    return "getitem", (x, index), {}


def _index(x: Any, indices: Sequence[Any]) -> Adapted:
    return "getitem", (x, tuple(slice(None) if i is None else i for i in indices)), {}


def _constant_pad(x: Any, pad: Any, value: Any = 0) -> Adapted:
    return "pad", (x, pad, "constant", value), {}


def _to(x: Any, *others: Any, **kwargs: Any) -> Adapted:
    """Of the further arguments the types of numbers, and tensors that have one."""
    return "to", (x, *(y for y in (*others, *kwargs.values()) if _is_type(y))), {}


def _is_type(value: Any) -> bool:
    return hasattr(value, "is_floating_point") or hasattr(value, "dtype")


def _sum(name: str) -> Callable[..., Adapted]:
    """A sum, whose alpha may stand third."""
    return lambda x, other, alpha=1: (name, (x, other), {"alpha": alpha})


def _rsub(x: Any, other: Any, alpha: Any = 1) -> Adapted:
    return "sub", (other, x), {"alpha": alpha}


def _upsample(x: Any, size: Any, *scales: Any, **kwargs: Any) -> Adapted:
    if size is not None:
        return "interpolate", (x, list(size)), {}
    return "interpolate", (x, None, list(scales[0] if scales else kwargs["scale_factors"])), {}


def _pooling(name: str) -> Callable[..., Adapted]:
    return lambda *args, **kwargs: (name, args, kwargs)


_REORDERED: dict[str, Callable[..., Adapted]] = {
    "batch_norm": _batch_norm,
    "_native_batch_norm_legit_no_training": _batch_norm_at_inference,
    "convolution": _convolution,
    "_convolution": _convolution,
    "slice": _slice,
    "index": _index,
    "constant_pad_nd": _constant_pad,
    "to": _to,
    "_to_copy": _to,
    "rsub": _rsub,
    **{f"{name}{end}": _sum(name + end) for name in ("add", "sub") for end in ("", "_")},
    **{f"max_pool{d}d_with_indices": _pooling(f"max_pool{d}d") for d in (2, 3)},
}
