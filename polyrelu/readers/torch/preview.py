"""A look at the functions that a forward calls, before any of them is composed exactly, which can take a minute."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from copy import deepcopy
from typing import Any

from polyrelu.readers.torch.operations import OPERATIONS
from polyrelu.readers.torch.values import Value


class _UnreadError(Exception):
    """A function was called that is not read."""


def unread_function(module: Any, shape: Sequence[int], dtype: Any) -> str | None:
    """The name of a function of the input that the forward calls and that is not read; None if none is seen.

    A copy of the module runs once, on zeros, in floats. Whatever else goes wrong is left to the exact run.
    """
    import torch

    class Looking(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name = getattr(func, "__name__", "")
            if torch.overrides.is_tensor_method_or_property(func) or name.startswith("__"):
                return super().__torch_function__(func, types, args, kwargs or {})  # type: ignore[no-untyped-call]
            base = name.lstrip("_").removesuffix("_")
            if base not in OPERATIONS and not hasattr(Value, base):
                raise _UnreadError(base)
            return super().__torch_function__(func, types, args, kwargs or {})  # type: ignore[no-untyped-call]

    with suppress(Exception), torch.no_grad(), torch.random.fork_rng(devices=[]):
        copy = deepcopy(module).eval()
        try:
            copy(torch.zeros(tuple(shape), dtype=dtype).as_subclass(Looking))
        except _UnreadError as found:
            return str(found)
    return None
