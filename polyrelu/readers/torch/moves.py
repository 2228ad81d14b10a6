"""Functions of PyTorch that move entries of a tensor and keep them as they are, on signals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from polyrelu.errors import NetworkError
from polyrelu.readers.assembly import Assembly
from polyrelu.readers.signals import Signal
from polyrelu.readers.torch.arguments import (
    Operation,
    check_kept,
    lengths_of,
)


def _same(a: Assembly, input: Signal) -> Signal:
    return input


def _converted(a: Assembly, input: Signal, *args: Any, **kwargs: Any) -> Signal:
    """The same numbers in another tensor, which may share its memory with the first or be a copy."""
    check_kept(a, *args, *kwargs.values())
    return a.reshape(input, input.shape)


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
    return a.reshape(input, lengths_of(shape or (kwargs["shape"],)))


def _permute(a: Assembly, input: Signal, *dims: Any, **kwargs: Any) -> Signal:
    return input.select(input.positions.transpose(lengths_of(dims or (kwargs["dims"],))))


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
    return input.select(np.flip(input.positions, lengths_of(dims)))


def _expand(a: Assembly, input: Signal, *sizes: Any) -> Signal:
    lengths = lengths_of(sizes)
    own = (1,) * (len(lengths) - len(input.shape)) + input.shape
    shape = [before if n == -1 else n for n, before in zip(lengths, own, strict=True)]
    a.check_size(shape)
    return input.select(np.broadcast_to(input.positions, shape))


def _repeat(a: Assembly, input: Signal, *repeats: Any) -> Signal:
    counts = lengths_of(repeats)
    a.check_size((input.size, *counts))
    return input.select(np.tile(input.positions, counts))


def _cat(a: Assembly, tensors: Sequence[Any], dim: int = 0) -> Signal:
    return a.concat([x if isinstance(x, Signal) else a.constant(x) for x in tensors], dim)


def _stack(a: Assembly, tensors: Sequence[Any], dim: int = 0) -> Signal:
    parts = [x if isinstance(x, Signal) else a.constant(x) for x in tensors]
    return a.concat([_unsqueeze(a, part, dim) for part in parts], dim)


def _view_as(a: Assembly, input: Signal, other: Any) -> Signal:
    return a.reshape(input, other.shape)


def _expand_as(a: Assembly, input: Signal, other: Any) -> Signal:
    return _expand(a, input, *other.shape)


def _type_as(a: Assembly, input: Signal, other: Any) -> Signal:
    return _converted(a, input, *([] if isinstance(other, Signal) else [other]))


def _movedim(a: Assembly, input: Signal, source: Any, destination: Any) -> Signal:
    return input.select(np.moveaxis(input.positions, source, destination))


def _roll(a: Assembly, input: Signal, shifts: Any, dims: Any = None) -> Signal:
    return input.select(np.roll(input.positions, shifts, axis=None if dims in (None, (), []) else dims))


def _tile(a: Assembly, input: Signal, *dims: Any) -> Signal:
    counts = lengths_of(dims)
    return _repeat(a, input, *(1,) * (len(input.shape) - len(counts)), *counts)


def _repeat_interleave(a: Assembly, input: Signal, repeats: Any, dim: int | None = None, **kwargs: Any) -> Signal:
    counts = repeats.tolist() if isinstance(repeats, np.ndarray) else repeats
    n = input.size if dim is None else input.shape[dim]
    total = counts * n if isinstance(counts, int) else sum(counts)
    a.check_size((input.size // max(n, 1), total))
    return input.select(np.repeat(input.positions, counts, axis=dim))


def _hstack(a: Assembly, tensors: Sequence[Any]) -> Signal:
    return _cat(a, tensors, 0 if len(tensors[0].shape) == 1 else 1)


def _vstack(a: Assembly, tensors: Sequence[Any]) -> Signal:
    rows = [x if isinstance(x, Signal) else a.constant(x) for x in tensors]
    return _cat(a, [a.reshape(x, (1, *x.shape)) if len(x.shape) == 1 else x for x in rows], 0)


def _pixel_shuffle(a: Assembly, input: Signal, upscale_factor: int) -> Signal:
    """Channel (c r + i) r + j goes to place (i, j) of the squares of r × r that the entries become."""
    *lead, channels, height, width = input.shape
    r = upscale_factor
    split = input.positions.reshape(*lead, channels // r**2, r, r, height, width)
    k = len(lead)
    moved = split.transpose(*range(k), k, k + 3, k + 1, k + 4, k + 2)
    return input.select(moved.reshape(*lead, channels // r**2, height * r, width * r))


def _pixel_unshuffle(a: Assembly, input: Signal, downscale_factor: int) -> Signal:
    *lead, channels, height, width = input.shape
    r = downscale_factor
    split = input.positions.reshape(*lead, channels, height // r, r, width // r, r)
    k = len(lead)
    moved = split.transpose(*range(k), k, k + 2, k + 4, k + 1, k + 3)
    return input.select(moved.reshape(*lead, channels * r**2, height // r, width // r))


VIEWS: dict[str, Operation] = {
    **dict.fromkeys(("detach", "pos"), _same),
    **dict.fromkeys(("to", "type", "float", "double", "half", "bfloat16", "cpu", "contiguous"), _converted),
    **dict.fromkeys(("reshape", "view"), _reshape),
    **dict.fromkeys(("view_as", "reshape_as"), _view_as),
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), _transpose),
    **dict.fromkeys(("movedim", "moveaxis"), _movedim),
    "flatten": _flatten,
    "ravel": _flatten,
    "type_as": _type_as,
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
    "expand_as": _expand_as,
}
"""The functions of this module whose result shares its memory with their first argument (or may), by their names."""

OPERATIONS: dict[str, Operation] = {
    **VIEWS,
    **dict.fromkeys(("cat", "concat", "concatenate"), _cat),
    "clone": _clone,
    "flip": _flip,
    "hstack": _hstack,
    "index_select": _index_select,
    "pixel_shuffle": _pixel_shuffle,
    "pixel_unshuffle": _pixel_unshuffle,
    "repeat": _repeat,
    "repeat_interleave": _repeat_interleave,
    "roll": _roll,
    "stack": _stack,
    "tile": _tile,
    "vstack": _vstack,
}
"""The functions of this module by their names."""
