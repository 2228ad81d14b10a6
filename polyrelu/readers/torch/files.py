"""Files of PyTorch state dicts: the tensors of a plain multilayer perceptron, by name."""

from __future__ import annotations

import os
import pickletools
import re
import zipfile
from collections.abc import Sequence

from polyrelu.errors import FileError, LimitError, MissingDependencyError, PolyreluError
from polyrelu.files import checked_path, reason
from polyrelu.network.network import Network
from polyrelu.readers.files import MAX_BYTES, open_archive, open_regular, read_bytes, read_member, reading
from polyrelu.readers.kinds import looks_like
from polyrelu.readers.torch.chains import chain_of

SAFE_VERSION = (2, 6)
"""The first version in which `weights_only` keeps files from running code (CVE-2025-32434)."""

MAX_PICKLE = 2**22
"""Maximum size of the description of tensors, without their numbers: some hundred bytes each."""

_KNOWN = re.compile(
    r"collections (OrderedDict|Counter)|torch (Size|device|bool|b?float\w+|u?int\d+|complex\d+|\w+Storage)"
    r"|torch\.storage UntypedStorage|torch\._utils _rebuild_(tensor_v2|tensor_v3|parameter)"
)


def read_state_dict(path: str | os.PathLike[str], activation: str | Sequence[str] | None = None) -> Network:
    """The multilayer perceptron of a `.pt`, `.pth` or `.ckpt` file that contains a state dict.

    Such files are written by `torch.save(model.state_dict(), path)`. The state dict may be an entry of a checkpoint,
    under one of the keys "state_dict", "model_state_dict", "model" and "net".

    Parameters
    ----------
    path : str or path
        The file.
    activation : str or sequence of str
        The activation, which a state dict does not contain: "relu", "leaky:0.3", "abs", "identity", or one for each
        hidden layer, as for `from_torch`. The network keeps the assumption (`Network.assumptions`).

    Returns
    -------
    Network
        The network, with exact weights of every type.

    Raises
    ------
    FileError
        If the file is not a state dict (but a TorchScript archive or a pickled module, say), is the state dict of
        anything but a perceptron, or the activation is missing.
    NetworkError
        If the shapes do not fit.
    NumberError
        If a weight is not finite.
    LimitError
        If a tensor is larger than in any network meant for this.
    MissingDependencyError
        If PyTorch is not installed.
    InputError
        If an activation is not known.

    Notes
    -----
    The keys are, in the order of the layers, `<name>.weight` (a matrix) and `<name>.bias` (a vector; it may be
    missing), as "0.weight", "0.bias", "2.weight", …. A state dict that contains more than a chain of matrices and
    vectors that fit is refused; for every other model, use `from_torch` on the module.

    The file is read with `weights_only`, which runs no code of it, and its tensors are mapped from the file, not
    allocated as it declares. Messages start with the path.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    >>> torch.save(model.state_dict(), "model.pt")
    >>> read_state_dict("model.pt", "relu").architecture
    (2, 3, 1)
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
            return chain_of(torch.load(target, map_location="cpu", weights_only=True, mmap=True), activation)
        except PolyreluError:
            raise
        except Exception as error:  # also of objects that the pickle has left unusable
            raise FileError(f"not a state dict, or a damaged file: {_reason(error)}") from None


def _check_archive(target: str) -> None:
    """FileError, before PyTorch reads the file, for what `torch.save` does not write, above all compressed members."""
    try:
        with open_regular(target) as file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_BYTES:
                raise FileError(f"larger than {MAX_BYTES} bytes, the maximum for a network")
            with open_archive(file) as archive:
                members = archive.infolist()
                _check_members(members, size)
                for info in members:
                    if _inner(info).lower() == "data.pkl":  # several of one name: PyTorch may take any
                        if info.file_size > MAX_PICKLE:
                            raise FileError(
                                f"describes its tensors in {info.file_size} bytes, "
                                f"more than the {MAX_PICKLE} that are read"
                            )
                        del info.CRC  # optional, and not read
                        _check_pickle(read_member(archive, info))
    except (FileError, LimitError):
        raise
    except OSError as error:
        raise FileError(f"cannot be read: {reason(error)}") from None
    except Exception:  # whatever zipfile raises for a damaged archive
        what = looks_like(read_bytes(target))
        raise FileError(
            "not a file written by torch.save (a zip archive, since PyTorch 1.6), or a damaged one"
            + (f"; it looks like {what}" if what else "")
        ) from None


def _check_members(members: list[zipfile.ZipInfo], size: int) -> None:
    names = [_inner(info) for info in members]
    if any(name == "constants.pkl" or name.startswith("code/") for name in names):
        raise FileError(
            "a TorchScript archive, which is a program; save the state dict instead, or give torch.jit.load(path) to "
            "from_torch"
        )
    if any(info.compress_type != zipfile.ZIP_STORED for info in members) or sum(i.file_size for i in members) > size:
        raise FileError("the archive is compressed, or declares more than it holds; torch.save writes no such file")
    if "data.pkl" not in names:
        raise FileError("not a file written by torch.save: it has no data.pkl")


def _inner(info: zipfile.ZipInfo) -> str:
    """The name of a member without the folder that contains all members."""
    return info.filename.partition("/")[2]


def _check_pickle(data: bytes) -> None:
    """FileError for a pickle that names more than a state dict of dense tensors needs: some names allocate at will."""
    try:
        names = [str(argument) for opcode, argument, _ in pickletools.genops(data) if opcode.name == "GLOBAL"]
    except Exception as error:  # of whatever kind, for whatever bytes
        raise FileError(f"not a state dict, or a damaged file: {reason(error)}") from None
    if unknown := [".".join(name.split()) for name in names if not _KNOWN.fullmatch(name)]:
        raise FileError(
            f"holds more than plain tensors ({unknown[0][:80]}), and is not unpickled; save model.state_dict() alone"
        )


def _reason(error: Exception) -> str:
    """The reason why PyTorch does not load the file, without its advice to load it unsafely."""
    found = re.search(r"WeightsUnpickler error:\s*(.+)", str(error))
    return (found[1] if found else reason(error))[:120]
