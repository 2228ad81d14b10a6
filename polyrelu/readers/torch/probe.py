"""The width of the input of a module, found by running its forward on a probe up to the first layer that fixes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyrelu.errors import NetworkError


def input_width(module: Any) -> int:
    """The number of entries that the first linear map or batch normalisation takes.

    Before it, the forward may only flatten its input and apply functions entry by entry, sums with and multiples by
    constants among them. NetworkError for another forward, and for one that begins with a convolution, which fixes the
    channels alone; the exact run that follows checks the shapes.
    """
    import torch

    with torch.no_grad():
        try:
            module(_Probe())
        except _FoundError as found:
            return found.width
        except _ConvolutionError as found:
            sizes = ", ".join(("length",) if found.axes == 1 else ("depth", "height", "width")[-found.axes :])
            raise NetworkError(
                f"the first layer, a convolution, takes {found.channels} channel{'s' * (found.channels != 1)} of any "
                f"size: give input_shape=({found.channels}, {sizes})"
            ) from None
        except Exception:  # whatever a forward does with a probe: the width is not known
            pass
    raise NetworkError(
        "the first layer does not determine the shape of the input: give input_shape, without a batch axis"
    )


class _FoundError(Exception):
    """The first layer that fixes a width was met."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width


class _ConvolutionError(Exception):
    """The first layer is a convolution."""

    def __init__(self, channels: int, axes: int) -> None:
        super().__init__()
        self.channels, self.axes = channels, axes


_ENTRYWISE = frozenset(
    (
        *("relu", "leaky_relu", "rrelu", "hardtanh", "relu6", "hardsigmoid", "softshrink", "abs", "absolute", "neg"),
        *("negative", "dropout", "clamp", "clamp_min", "clamp_max", "clip", "float", "double", "detach", "clone"),
        *("contiguous", "to", "positive", "pos", "alpha_dropout", "feature_alpha_dropout"),
        *("add", "radd", "sub", "subtract", "rsub", "mul", "multiply", "rmul", "div", "divide", "true_divide"),
        "truediv",
    )
)
_LINEAR: dict[str, tuple[int, str, int]] = {"linear": (1, "weight", 1), "batch_norm": (1, "running_mean", 0)}
_PRODUCTS = {"matmul": 0, "mm": 0, "addmm": 1}
"""Products with a matrix, and the position of the probe in them; the matrix comes next."""


class _Lengths:
    """The shape of an input of unknown width, of which only the batch axis is known: one sample."""

    def __getitem__(self, axis: Any) -> int:
        if axis != 0:
            raise NetworkError("unknown")
        return 1


class _Probe:
    """An input of unknown width, which the first layer determines. Flattening and entrywise functions return it."""

    shape = _Lengths()

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None) -> Any:
        """Any function of PyTorch of which a probe is an argument."""
        return _applied(getattr(func, "__name__", "").split(".")[0], args, kwargs or {})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: _applied(name, (self, *args), kwargs)

    def dim(self) -> int:
        """As BatchNorm1d wants it."""
        return 2

    def size(self, axis: Any = None) -> Any:
        """As of a tensor."""
        return self.shape if axis is None else self.shape[axis]

    def __len__(self) -> int:
        return 1


def _operator(name: str) -> Any:
    return lambda *args: _applied(name, args, {})


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "matmul", "neg", "pos", "abs"):
    setattr(_Probe, f"__{_name}__", _operator(_name))


def _applied(name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The probe, after a function that keeps its entries apart; the layer that fixes the width ends the search."""
    base = name.strip("_")
    probes = [x for x in args if isinstance(x, _Probe)]
    if base == "flatten" or (base in ("view", "reshape") and _is_flat(args[1:])):
        return args[0]
    if base in _ENTRYWISE and probes:
        return probes[0]
    if base in _LINEAR and isinstance(args[0], _Probe):
        at, key, axis = _LINEAR[base]
        tensor = args[at] if len(args) > at else kwargs.get(key)
        if tensor is not None:
            raise _FoundError(int(tensor.shape[axis]))
    if base in _PRODUCTS and isinstance(args[_PRODUCTS[base]], _Probe):
        matrix = args[_PRODUCTS[base] + 1]
        raise _FoundError(int(matrix.shape[-2 if matrix.ndim > 1 else 0]))
    if base in ("conv1d", "conv2d", "conv3d") and isinstance(args[0], _Probe):
        weight = args[1] if len(args) > 1 else kwargs["weight"]
        groups = args[6] if len(args) > 6 else kwargs.get("groups", 1)
        raise _ConvolutionError(int(weight.shape[1]) * int(groups), int(base[4]))
    raise NetworkError("unknown")


def _is_flat(lengths: Sequence[Any]) -> bool:
    """Whether a view of these lengths has one row: (1, −1), or (−1, n) with the n that the first layer takes."""
    shape = tuple(lengths[0]) if len(lengths) == 1 and isinstance(lengths[0], tuple | list) else tuple(lengths)
    if len(shape) != 2 or not all(isinstance(n, int) for n in shape):
        return False
    return shape == (1, -1) or (shape[0] in (1, -1) and shape[1] > 0)
