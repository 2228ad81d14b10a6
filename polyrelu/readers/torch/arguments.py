"""Arguments of PyTorch's functions in the forms that they may have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from polyrelu.errors import NetworkError
from polyrelu.readers.assembly import Assembly
from polyrelu.readers.signals import Indices, Signal

Operation = Callable[..., Any]
"""A function of PyTorch on signals: of the assembly, then of its own arguments."""

_FLOAT_TENSORS = ("FloatTensor", "DoubleTensor", "HalfTensor", "BFloat16Tensor")


def each(value: Any, d: int) -> tuple[int, ...]:
    """An argument that is one integer for all axes, or one for each."""
    values = tuple(value) if isinstance(value, list | tuple) else (value,)
    return tuple(int(n) for n in (values * d if len(values) == 1 else values))


def sides(value: Any, d: int) -> list[tuple[int, int]]:
    """Padding that is the same before and after, as pairs for all axes."""
    return [(n, n) for n in each(value, d)]


def lengths_of(shape: Sequence[Any]) -> tuple[int, ...]:
    """A shape given as integers or as one sequence."""
    return tuple(int(n) for n in (shape[0] if len(shape) == 1 and isinstance(shape[0], list | tuple) else shape))


def scalar(a: Assembly, value: Any) -> Any:
    """The one number that an argument is. NetworkError for anything else."""
    if isinstance(value, Signal) or np.size(value) != 1:
        raise NetworkError(f"{a.place}: expected one number as bound")
    return value.item() if isinstance(value, np.ndarray) else value


def check_constant(a: Assembly, *values: Any) -> None:
    """NetworkError if one of the parameters depends on the input."""
    if any(isinstance(value, Signal) for value in values):
        raise NetworkError(f"{a.place}: parameters that depend on the input make it not piecewise linear")


def check_evaluated(a: Assembly, training: bool) -> None:
    """NetworkError for a random function in training mode."""
    if training:
        raise NetworkError(f"{a.place}: a function that draws random numbers also in evaluation mode")


def check_kept(a: Assembly, *targets: Any) -> None:
    """NetworkError if one of the types that values are converted to does not keep real numbers."""
    if any(map(rounds, targets)):
        raise NetworkError(f"{a.place}: values converted to a type that rounds them to integers, or is complex")


def rounds(target: Any) -> bool:
    """Whether a type (of numbers or tensors, by itself, by name, or as that of a tensor) is not one of real floats."""
    if isinstance(target, str):
        return target.endswith("Tensor") and not target.endswith(_FLOAT_TENSORS)  # other strings name devices
    if isinstance(target, np.ndarray):
        return bool(target.dtype.kind != "f")
    if isinstance(target, type) and target in (bool, int, complex):
        return True
    return getattr(getattr(target, "dtype", target), "is_floating_point", True) is False


def gathered(input: Signal, dim: Any, keepdim: bool) -> Indices:
    """Positions with the reduced axes moved into one last axis."""
    rank = len(input.shape)
    chosen = (dim,) if isinstance(dim, int) else dim or range(rank)  # no axes are all axes
    axes = sorted({axis % rank for axis in chosen})
    kept = [axis for axis in range(rank) if axis not in axes]
    lead = [1 if axis in axes else n for axis, n in enumerate(input.shape) if keepdim or axis in kept]
    return input.positions.transpose([*kept, *axes]).reshape(*lead, -1)
