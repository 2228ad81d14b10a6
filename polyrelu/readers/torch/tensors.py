"""Tensors as arrays of the same numbers."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from polyrelu.errors import LimitError, NetworkError
from polyrelu.rational import MAX_ENTRIES

_AS_NUMPY = ("torch.float16", "torch.float32", "torch.float64")


def as_array(tensor: Any) -> npt.NDArray[Any]:
    """The entries of a dense tensor of floats, integers or booleans, every one exactly.

    Types that NumPy has not (bfloat16, float8) are subsets of float32 and come back in it. Raises NetworkError for
    complex, sparse and quantized tensors and for those without values, LimitError for more than MAX_ENTRIES entries
    (a stride of 0 declares any number of them with one stored).
    """
    if tensor.numel() > MAX_ENTRIES:
        raise LimitError(f"a tensor of {tensor.numel()} entries, more than the {MAX_ENTRIES} that are read")
    kind = str(tensor.dtype)
    if (
        tensor.is_meta
        or tensor.is_sparse
        or tensor.is_quantized
        or tensor.is_complex()
        or str(tensor.layout) != "torch.strided"
    ):
        raise NetworkError(f"expected a dense tensor of real numbers, got one of {kind} on {tensor.device}")
    tensor = tensor.detach().cpu().resolve_neg()
    if tensor.is_floating_point() and kind not in _AS_NUMPY:
        tensor = tensor.float()
    array: npt.NDArray[Any] = tensor.numpy()
    return array
