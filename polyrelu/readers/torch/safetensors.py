"""Files of safetensors: the tensors of a plain multilayer perceptron, by name."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from polyrelu.errors import FileError, MissingDependencyError
from polyrelu.files import checked_path, reason
from polyrelu.network.network import Network
from polyrelu.readers.files import read_bytes, reading
from polyrelu.readers.kinds import is_safetensors, looks_like
from polyrelu.readers.torch.chains import ADVICE, chain_of

MAX_HEADER = 2**22
"""Maximum length of the description of the tensors, some hundred bytes for each."""


def read_safetensors(path: str | os.PathLike[str], activation: str | Sequence[str] | None = None) -> Network:
    """The multilayer perceptron of a `.safetensors` file that contains a state dict.

    `activation` and the errors are as for `read_state_dict`.

    Notes
    -----
    Such a file does not keep the order of its tensors: they are sorted by type and name, so that "10.weight" stands
    before "2.weight". So the order of the layers must follow from their names: these may differ in numbers only, as
    "net.0" and "net.2" or "fc1" and "fc2" do, and are sorted by them. Other names are refused, unless there is only one
    layer. FileError then names the way out, which is the module itself.

    The file contains no code.
    """
    shown, target = checked_path(path)
    with reading(shown):
        try:
            from safetensors.torch import load
        except ImportError:
            raise MissingDependencyError(
                f"reading {shown} needs safetensors and PyTorch: pip install 'polyrelu[safetensors]'", "safetensors"
            ) from None
        data = read_bytes(target)
        if not is_safetensors(data):
            raise FileError(f"not a file of safetensors; it looks like {looks_like(data) or 'no kind that is known'}")
        if (length := int.from_bytes(data[:8], "little")) > MAX_HEADER:
            raise FileError(f"describes its tensors in {length} bytes, more than the {MAX_HEADER} that are read")
        try:
            tensors = load(data)
        except Exception as error:  # of whatever kind, for whatever bytes
            raise FileError(f"not a file of safetensors, or a damaged one: {reason(error)}") from None
        return chain_of(_in_order(tensors), activation)


def _in_order(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors, in the order of the numbers in the names of their layers. FileError if these give no order."""
    layers = dict.fromkeys(name.rpartition(".")[0] for name in tensors)
    skeletons = {re.sub("[0-9]+", "#", layer) for layer in layers}
    numbers = {layer: tuple(map(int, re.findall("[0-9]{1,9}", layer))) for layer in layers}
    if len(skeletons) > 1 or len(set(numbers.values())) < len(layers):
        named = ", ".join(sorted(layers)[:5])
        raise FileError(
            f"the names of its layers ({named}) do not say in which order they come, and a file of safetensors does not"
            f" keep it; {ADVICE}"
        )
    return {name: tensors[name] for name in sorted(tensors, key=lambda name: numbers[name.rpartition(".")[0]])}
