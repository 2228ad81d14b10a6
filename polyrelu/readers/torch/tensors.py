"""Tensors as arrays of the same numbers."""

from __future__ import annotations

import re
from typing import Any

import numpy.typing as npt

from polyrelu.errors import LimitError, NetworkError
from polyrelu.exact.floats import widened
from polyrelu.exact.rational import MAX_ENTRIES

_AS_NUMPY = ("torch.float16", "torch.float32", "torch.float64")
_EXACT = re.compile(r"torch\.(bool|u?int(8|16|32|64)|float(16|32|64)|bfloat16|float8_\w+)")


def as_array(tensor: Any) -> npt.NDArray[Any]:
    """The entries of a dense tensor of floats, integers or booleans, every one exactly.

    Floats are returned as doubles. Raises NetworkError for complex, sparse, nested, quantized and packed tensors and
    for those without values, LimitError for more than MAX_ENTRIES entries (a stride of 0 declares any number of them
    with one stored).
    """
    if tensor.numel() > MAX_ENTRIES:
        raise LimitError(f"a tensor of {tensor.numel()} entries, more than the {MAX_ENTRIES} that are read")
    kind = str(tensor.dtype)
    if tensor.is_meta or tensor.is_nested or str(tensor.layout) != "torch.strided" or not _EXACT.fullmatch(kind):
        raise NetworkError(f"expected a dense tensor of real numbers, got one of {kind} on {tensor.device}")
    tensor = tensor.detach().cpu().resolve_neg()
    if tensor.is_floating_point() and kind not in _AS_NUMPY:
        tensor = tensor.float()
    return widened(tensor.numpy())
