"""Runs of a forward in floats, which find functions that are not read before a large module is composed exactly, and
forwards that mix the samples of a batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from copy import deepcopy
from typing import Any

from polyrelu.readers.assembly import STRIP_ADVICE
from polyrelu.readers.torch.comparisons import OF_STEPS
from polyrelu.readers.torch.comparisons import OPERATIONS as COMPARISONS
from polyrelu.readers.torch.operations import FINAL, LIKE, OPERATIONS
from polyrelu.readers.torch.values import Value

_PRODUCTS = ("mul", "rmul", "imul", "multiply", "matmul", "rmatmul", "mm", "bmm", "mv", "dot", "linear")
_QUOTIENTS = ("div", "divide", "truediv", "itruediv")
_SPELT = {"positive": "pos", "rdiv": "rtruediv"}  # operators whose functions have other names in PyTorch


class _FoundError(Exception):
    """A function was called that is not read."""


def unread_function(module: Any, shape: Sequence[int], dtype: Any, strip: bool = False) -> str | None:
    """The first function that the forward calls on the input and that is not read, and why; None if none is found.

    A copy of the module runs once, on zeros, in floats. Functions and methods are checked by name, products and
    quotients by their arguments. Properties are not checked, since a forward may read them without need. All other
    errors are left to the exact run, and so is what programs of TorchScript and `torch.export` call: a script is one
    function here, and operators of ATen have other names.
    """
    import torch

    of_programs = (torch.ScriptMethod, torch.ScriptFunction, torch._ops.OpOverload, torch._ops.OpOverloadPacket)

    class Looking(torch.Tensor):
        compares = False

        @classmethod
        def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name = getattr(func, "__name__", "")
            if name not in ("__get__", "__set__") and not isinstance(func, of_programs):
                dependent = sum(isinstance(x, Looking) for x in _flat((args, kwargs or {})))
                Looking.compares |= name.strip("_") in COMPARISONS
                # a product with a comparison may be read
                if found := _refusal(name, 1 if Looking.compares else dependent, strip):
                    raise _FoundError(found)
            return super().__torch_function__(func, types, args, kwargs or {})  # type: ignore[no-untyped-call]

    with suppress(Exception), torch.no_grad(), torch.random.fork_rng(devices=[]):
        copy = deepcopy(module).eval()
        try:
            copy(torch.zeros(tuple(shape), dtype=dtype).as_subclass(Looking))
        except _FoundError as found:
            return str(found)
    return None


def mixes_samples(module: Any, shape: Sequence[int], dtype: Any) -> bool:
    """Whether the outputs of samples in a batch are seen to be others than those that the samples have alone.

    Copies of the module run in evaluation mode on samples drawn at random, alone and in a batch of two. The answer
    decides on a remark and on nothing else. False if nothing is seen: so also if the module takes no batch of two, has
    other outputs in a second run (then it is random), or cannot be copied.
    """
    import torch

    for kind in dict.fromkeys((torch.float64, dtype)):  # doubles, unless the forward has constants of another type
        with suppress(Exception), torch.no_grad(), torch.random.fork_rng(devices=[]):
            copy = deepcopy(module).eval().to(kind)
            own = torch.Generator().manual_seed(0)  # torch.manual_seed would seed those of all devices
            sizes, double = (2, *shape[1:]), torch.float64
            batches = [scale * torch.randn(sizes, dtype=double, generator=own).to(kind) for scale in (1, 1, 8)]
            for batch in batches:
                alone, again = (torch.cat([deepcopy(copy)(sample[None]) for sample in batch]) for _ in range(2))
                together = deepcopy(copy)(batch)
                if not alone.equal(again):
                    return False
                # Rounding differs with the size of a batch, but not by as much as this.
                allowed = 2**-10 if kind.itemsize < 8 else 2**-30
                if together.shape != alone.shape:
                    return True
                if bool(((together - alone).abs() > allowed * (alone.abs().max() + 2**-20)).any()):
                    return True
            return False
    return False


def _refusal(name: str, dependent: int, strip: bool) -> str | None:
    """The reason why a function of this name is not read for its arguments that depend on the input, or None."""
    base = name.strip("_")
    base = _SPELT.get(base, base)
    if base in FINAL and not strip:
        return f"{base} is not read: {STRIP_ADVICE}"
    known = base in OPERATIONS or base in OF_STEPS or base in LIKE
    if not (known or hasattr(Value, base) or hasattr(Value, name)):
        return f"{base} is not read: it is not piecewise linear, or not known"
    if dependent > 1 and base in _PRODUCTS:
        return f"{base} of two values that depend on the input is not read: it is not piecewise linear"
    if base == "rtruediv" or (dependent > 1 and base in _QUOTIENTS):
        return f"{base} by a value that depends on the input is not read: it is not piecewise linear"
    return None


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _flat(part)
    else:
        yield value
