"""Files of PyTorch state dicts: the tensors of a plain multilayer perceptron, by name."""

from __future__ import annotations

import os
import pickletools
import re
import zipfile
from typing import Any

from polyrelu.errors import FileError, LimitError, MissingDependencyError, NetworkError, PolyreluError
from polyrelu.network import Network
from polyrelu.rational import describe
from polyrelu.readers.assembly import MAX_TOTAL, Assembly
from polyrelu.readers.files import MAX_BYTES, checked_path, reading, reason
from polyrelu.readers.torch.tensors import as_array

SAFE_VERSION = (2, 6)
"""Before it, files could run code in spite of `weights_only` (CVE-2025-32434)."""

WRAPPERS = ("state_dict", "model_state_dict")
"""Keys under which a checkpoint may hold the state dict, beside other things."""

MAX_PICKLE = 2**22
"""Longest description of tensors, without their numbers: some hundred bytes each."""

_KNOWN = re.compile(
    r"collections (OrderedDict|Counter)|torch (Size|device|bool|b?float\w+|u?int\d+|complex\d+|\w+Storage)"
    r"|torch\.storage UntypedStorage|torch\._utils _rebuild_(tensor_v2|tensor_v3|parameter)"
)
_ADVICE = "build the module, load the state dict into it, and give it to from_torch"


def read_state_dict(path: str | os.PathLike[str]) -> Network:
    """The multilayer perceptron whose state dict a `.pt` or `.pth` file holds.

    Such files are written by `torch.save(model.state_dict(), path)`.

    The keys are, in the order of the layers, `<name>.weight` (a matrix) and `<name>.bias` (a vector; it may be
    missing), as "0.weight", "0.bias", "2.weight", ... A state dict does not say which functions stand between: all
    hidden neurons are taken to be ReLUs. For every other model, use `from_torch` on the module.

    The file is read with `weights_only`, which runs no code of it, and its tensors are mapped from the file, not
    allocated as it declares. Weights of every type are read exactly.

    Raises FileError for what is no such file (TorchScript archives and pickled modules among them) or a state dict of
    anything else, NetworkError for shapes that do not fit, NumberError for weights that are not finite, LimitError for
    tensors beyond any network meant for this, MissingDependencyError without PyTorch. Messages start with the path.
    """
    shown, target = checked_path(path)
    with reading(shown):
        _check_archive(target)
        try:
            import torch
        except ImportError:
            raise MissingDependencyError(
                f"reading {shown} needs PyTorch: pip install 'polyrelu[torch]'", "torch"
            ) from None
        if tuple(map(int, re.findall(r"[0-9]+", torch.__version__)[:2])) < SAFE_VERSION:
            raise MissingDependencyError(
                f"{shown}: reading files safely needs PyTorch 2.6 or newer: pip install 'polyrelu[torch]'", "torch"
            )
        try:
            return _network(torch.load(target, map_location="cpu", weights_only=True, mmap=True), torch.Tensor)
        except PolyreluError:
            raise
        except Exception as error:  # also of objects that the pickle has left in a state of no use
            raise FileError(f"not a state dict, or a damaged file: {_reason(error)}") from None


def _check_archive(target: str) -> None:
    """Refuse what `torch.save` does not write, before PyTorch sees it: above all, anything that unpacks to more."""
    try:
        size = os.path.getsize(target)
        if size > MAX_BYTES:
            raise FileError(f"larger than {MAX_BYTES} bytes, which is no network meant for this")
        with open(target, "rb") as file, zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _check_members(members, size)
            for info in members:
                if _inner(info).lower() == "data.pkl":  # whichever of several PyTorch takes
                    del info.CRC  # PyTorch need not write it, and does not read it
                    _check_pickle(archive.read(info))
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"cannot be read: {reason(error)}") from None
    except Exception:  # whatever zipfile raises for a damaged archive
        raise FileError(
            "not a file written by torch.save (a zip archive, since PyTorch 1.6), or a damaged one"
        ) from None


def _check_members(members: list[zipfile.ZipInfo], size: int) -> None:
    names = [_inner(info) for info in members]
    if any(name == "constants.pkl" or name.startswith("code/") for name in names):
        raise FileError("a TorchScript archive, which is a program; save the state dict instead, or use from_torch")
    if any(info.compress_type != zipfile.ZIP_STORED for info in members) or sum(i.file_size for i in members) > size:
        raise FileError("the archive is compressed, or declares more than it holds; torch.save writes no such file")
    if "data.pkl" not in names:
        raise FileError("not a file written by torch.save: it has no data.pkl")


def _inner(info: zipfile.ZipInfo) -> str:
    """The name within the folder that makes up the archive."""
    return info.filename.partition("/")[2]


def _check_pickle(data: bytes) -> None:
    """Refuse a pickle that names more than a state dict of dense tensors does: some of it can allocate at will."""
    if len(data) > MAX_PICKLE:
        raise FileError(f"describes its tensors in {len(data)} bytes, more than the {MAX_PICKLE} that are read")
    try:
        names = [str(argument) for opcode, argument, _ in pickletools.genops(data) if opcode.name == "GLOBAL"]
    except Exception as error:  # of whatever kind, for whatever bytes
        raise FileError(f"not a state dict, or a damaged file: {reason(error)}") from None
    if unknown := [".".join(name.split()) for name in names if not _KNOWN.fullmatch(name)]:
        raise FileError(
            f"holds more than plain tensors ({unknown[0][:80]}), and is not unpickled; save model.state_dict() alone"
        )


def _reason(error: Exception) -> str:
    """Why PyTorch does not load the file, without its advice to load it unsafely."""
    found = re.search(r"WeightsUnpickler error:\s*(.+)", str(error))
    return (found[1] if found else reason(error))[:120]


def _network(content: Any, tensor: type) -> Network:
    if isinstance(content, dict):
        content = next((content[key] for key in WRAPPERS if isinstance(content.get(key), dict)), content)
    if not isinstance(content, dict):
        raise FileError(f"expected a state dict (names and tensors), got {describe(content)}")
    layers: dict[str, dict[str, Any]] = {}
    for key, value in content.items():
        name, _, kind = key.rpartition(".") if isinstance(key, str) else ("", "", "")
        dims = {"weight": 2, "bias": 1}.get(kind)
        if not isinstance(value, tensor) or value.ndim != dims:  # type: ignore[attr-defined]
            shape = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, tensor) else describe(value)  # type: ignore[attr-defined]
            raise FileError(
                f"{describe(key)} is {shape}, which no plain multilayer perceptron has (only matrices '….weight' and"
                f" vectors '….bias'); {_ADVICE}"
            )
        layers.setdefault(name, {})[kind] = value
    if not layers:
        raise FileError("the state dict is empty")
    count = sum(value.numel() for parts in layers.values() for value in parts.values())
    if count > MAX_TOTAL:  # which one number with strides of 0 can stand for
        raise LimitError(f"its tensors have {count} entries, more than the {MAX_TOTAL} that are read")
    assembly = None
    for name, parts in layers.items():
        place = f"layer {name!r}"
        if "weight" not in parts:
            raise FileError(f"{place} has a bias, but no weight; {_ADVICE}")
        if assembly is None:
            assembly = Assembly(parts["weight"].shape[1])
            signal = assembly.input
        else:
            signal = assembly.activation(signal)
        assembly.place = place
        try:
            arrays = [as_array(parts[kind]) if kind in parts else None for kind in ("weight", "bias")]
        except NetworkError as error:
            raise NetworkError(f"{place}: {error}") from None
        signal = assembly.affine(signal, *arrays)
    assert assembly is not None
    return assembly.finish(signal)
