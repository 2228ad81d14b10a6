"""What a file that no reader takes looks like, by its first bytes, and what to do with it."""

from __future__ import annotations

import io
import zipfile

POINTER = b"version https://git-lfs.github.com/spec/"
"""The beginning of a pointer, a text of some lines that Git LFS keeps in place of a file."""

POINTER_ADVICE = "a Git LFS pointer, not the file itself: fetch the file with git lfs pull"

_KERAS = (
    "export the model to ONNX, or give its weights to polyrelu.Network: the kernel of a Dense layer, transposed, and "
    "its bias"
)
_BEGINNINGS = (
    (POINTER, POINTER_ADVICE),
    (b"\x89HDF\r\n\x1a\n", f"an HDF5 file, such as Keras writes: {_KERAS}"),
    (b"\x93NUMPY", "an array of NumPy: save the weights and biases of all layers in one .npz file"),
    (b"\x1f\x8b", "compressed with gzip: unpack it"),
)


def looks_like(data: bytes) -> str | None:
    """What the content of a file looks like and what to do with it, for a message; None if it is not known."""
    for beginning, what in _BEGINNINGS:
        if data.startswith(beginning):
            return what
    if data.startswith(b"PK\x03\x04"):
        return _archive(data)
    if is_safetensors(data):
        return "a file of safetensors: give it the suffix .safetensors"
    if data[:1] == b"\x80" and data[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05") and data.endswith(b"."):
        return (
            "a pickle, which is a program and is not run: load it where it comes from, and give the model to "
            "from_torch or from_sklearn, or its weights to polyrelu.Network"
        )
    return None


def is_safetensors(data: bytes) -> bool:
    """Whether data begin as a file of safetensors does: the length of a JSON object, which fits, and this object."""
    return len(data) > 10 and data[8:9] == b"{" and 2 <= int.from_bytes(data[:8], "little") <= len(data) - 8


def _archive(data: bytes) -> str:
    """What the names in a zip archive tell."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = {name.rpartition("/")[2] for name in archive.namelist()}
    except Exception:  # a damaged archive, of which zipfile raises a dozen kinds
        return "a zip archive, and damaged"
    if "constants.pkl" in names:
        return (
            "a TorchScript archive, which is a program: save the state dict of the module in a .pt file, or give what "
            "torch.jit.load returns to from_torch"
        )
    if "data.pkl" in names:
        return "a file of torch.save: give it the suffix .pt"
    if "model.weights.h5" in names:
        return f"a model of Keras: {_KERAS}"
    if names and all(name.endswith(".npy") for name in names):
        return "an archive of NumPy arrays: give it the suffix .npz"
    return "a zip archive: unpack it, and read the file of the model in it"
