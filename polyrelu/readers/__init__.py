"""Reading and writing networks: files by their suffix, and models of other libraries.

A reader makes an exact `Network` or says in one line why it cannot; complexes are written and read in
`polyrelu.export`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from polyrelu.errors import FileError
from polyrelu.exact.rational import describe
from polyrelu.network.network import Network
from polyrelu.readers import json
from polyrelu.readers.files import checked_path
from polyrelu.readers.json import Document

__all__ = ["Document", "from_onnx", "from_sklearn", "from_torch", "load", "read_document", "save"]


STATE_DICTS = (".pt", ".pth")
"""Suffixes of files that hold weights and no structure."""


def load(
    path: str | os.PathLike[str], *, output: str | None = None, activation: str | Sequence[str] | None = None
) -> Network:
    """The network of a file, by the suffix of its name.

    - `.npz`: NumPy arrays, see `polyrelu.readers.numpy`
    - `.nnet`: the NNet format, see `polyrelu.readers.nnet` (the weights as they stand, without normalisation)
    - `.pt`, `.pth`: the state dict of a plain multilayer perceptron, whose activations `activation` has to tell:
      "relu", "leaky:0.3", "abs", "identity", or one for each hidden layer; see `from_torch`
    - `.onnx`: see `polyrelu.readers.onnx`; `output` names the tensor to read, to choose one of several outputs or to
      cut off a last Softmax
    - all others: JSON, see `polyrelu.readers.json`

    All formats but state dicts say themselves what their hidden neurons are: ReLUs in `.nnet`, and in `.npz` and JSON
    unless they give slopes. What a reader had to assume all the same is in `Network.assumptions`.

    Raises FileError for a file that cannot be read or is not of the format, NetworkError and NumberError for a content
    that is no network, LimitError for one that is too large, MissingDependencyError if the format needs an optional
    package; messages about the file start with its path.
    """
    if output is None:
        return read_document(path, activation=activation).network
    from polyrelu.readers.onnx import read_onnx

    shown, _ = checked_path(path)
    if activation is not None:
        raise FileError(f"{shown}: output and activation do not go together: no format has use for both", shown)
    if _reader(path) is not read_onnx:
        given = describe(output)
        raise FileError(f"{shown}: output={given}: only the tensors of .onnx files are chosen by name", shown)
    return read_onnx(path, output)


def read_document(path: str | os.PathLike[str], *, activation: str | Sequence[str] | None = None) -> Document:
    """The network of a file and what the file says about it (only JSON files do). Formats and errors as for `load`."""
    if holds_weights_only(path):
        from polyrelu.readers.torch.files import read_state_dict

        return Document(read_state_dict(path, activation))
    if activation is not None:
        shown, _ = checked_path(path)
        raise FileError(
            f"{shown}: activation={describe(activation)}: this format says itself what its neurons are; only state "
            f"dicts ({', '.join(STATE_DICTS)}) have to be told",
            shown,
        )
    reader = _reader(path)
    return json.read_document(path) if reader is None else Document(reader(path))


def holds_weights_only(path: str | os.PathLike[str]) -> bool:
    """Whether a file, by its suffix, is a state dict, which does not say what its activations are."""
    return os.path.splitext(checked_path(path)[1])[1].lower() in STATE_DICTS


def save(
    network: Network,
    path: str | os.PathLike[str],
    *,
    claims: dict[str, Any] | None = None,
    name: str | None = None,
    note: str | None = None,
) -> None:
    """Write a network to a file that `load` reads back as an equal network: `.npz` by this suffix, otherwise JSON.

    Only JSON holds claims, name and note, and numbers that are no doubles. FileError if the file cannot be written.
    """
    shown, target = checked_path(path)
    suffix = os.path.splitext(target)[1].lower()
    if suffix == ".npz":
        if not (claims is None and name is None and note is None):
            raise FileError(f"{shown}: claims, name and note are kept in .json files only", shown)
        from polyrelu.readers.numpy import write_npz

        write_npz(path, network)
    elif _reader(path) is not None:
        raise FileError(f"{shown}: files of this kind are only read; expected .json or .npz", shown)
    else:
        json.write_document(path, network, claims=claims, name=name, note=note)


def from_torch(
    module: Any,
    input_shape: int | Sequence[int] | None = None,
    *,
    activation: str | Sequence[str] | None = None,
    state_dict: Mapping[str, Any] | None = None,
) -> Network:
    """The network that a PyTorch module, or a plain state dict with `activation`, computes in evaluation mode.

    See `polyrelu.readers.torch.from_torch`.
    """
    from polyrelu.readers.torch.modules import from_torch as read

    return read(module, input_shape, activation=activation, state_dict=state_dict)


def from_onnx(model: Any, output: str | None = None) -> Network:
    """The network of an `onnx.ModelProto`; see `polyrelu.readers.onnx.from_onnx`."""
    from polyrelu.readers.onnx import from_onnx as read

    return read(model, output)


def from_sklearn(estimator: Any) -> Network:
    """The network of a perceptron of scikit-learn; see `polyrelu.readers.sklearn.from_sklearn`."""
    from polyrelu.readers.sklearn import from_sklearn as read

    return read(estimator)


def _reader(path: str | os.PathLike[str]) -> Callable[[str | os.PathLike[str]], Network] | None:
    """The reader for the suffix of a path; None for JSON."""
    suffix = os.path.splitext(checked_path(path)[1])[1].lower()
    if suffix == ".npz":
        from polyrelu.readers.numpy import read_npz

        return read_npz
    if suffix == ".nnet":
        from polyrelu.readers.nnet import read_nnet

        return read_nnet
    if suffix in STATE_DICTS:
        from polyrelu.readers.torch.files import read_state_dict

        return read_state_dict
    if suffix == ".onnx":
        from polyrelu.readers.onnx import read_onnx

        return read_onnx
    return None
