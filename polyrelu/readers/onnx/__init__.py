"""Feed-forward networks from ONNX models.

A model is read as the function of real numbers that its graph denotes: floats are their exact values, every operator is
composed without rounding, and ReLU, LeakyRelu, PRelu, Abs, Clip, Max, Min and MaxPool become neurons. A runtime rounds
after each step, so it agrees within float error. Two conventions: in BatchNormalization γ / √(σ² + ε), irrational in
general, is one double (see `Assembly.batch_norm`); and a Cast rounds stored constants to its type, as it would in a
runtime, but leaves alone what is computed.

The input and the output are flattened in C order. A first axis of the input that has no fixed length, the batch, has
length 1. One of a fixed length n > 1 is a batch where the graph provably does the same to each of the n samples, by
itself: then the network is that of one sample, and says so (`Network.assumptions`). Where it does not, though the
output has such an axis, the model is refused. Operators are those of `OPERATORS` in the standard operator sets 7 to 28.

Nothing in a file is executed, no file outside the model's folder is opened, and no declared size is trusted.
"""

from __future__ import annotations

import os
from typing import Any

from polyrelu.errors import FileError, MissingDependencyError, NetworkError
from polyrelu.exact.rational import describe
from polyrelu.network.network import Network
from polyrelu.readers.files import checked_path, read_bytes, reading, reason
from polyrelu.readers.onnx.evaluate import OPERATORS, network_of
from polyrelu.readers.onnx.graph import checked_graph
from polyrelu.readers.onnx.wire import spend_on_message

__all__ = ["OPERATORS", "from_onnx", "read_onnx"]


def read_onnx(path: str | os.PathLike[str], output: str | None = None) -> Network:
    """The network of an ONNX file; `output` names the tensor to read, by default the model's only output.

    Name an intermediate tensor to cut off a last Softmax or Sigmoid. Tensors may be stored in files of their own in the
    model's folder or below it.

    Raises FileError for a file that cannot be read, is no ONNX model, or holds or refers to data that do not fit or lie
    outside its folder; NetworkError, naming the node, for an operator that is not read and shapes that do not fit;
    NumberError, naming the tensor, for NaN and infinities; LimitError for sizes beyond what is read;
    MissingDependencyError without the package onnx. Every message starts with the path.
    """
    shown, target = checked_path(path)
    with reading(shown):
        return network_of(checked_graph(_parsed(read_bytes(target))), output, os.path.dirname(target) or os.curdir)


def from_onnx(model: Any, output: str | None = None) -> Network:
    """The network of an `onnx.ModelProto`; `output` and errors as for `read_onnx`.

    Tensors that are stored in other files must have been loaded before, which `onnx.load` does.
    """
    proto = _model_proto()
    if not isinstance(model, proto):
        raise NetworkError(f"expected an onnx.ModelProto, got {describe(model)}")
    return network_of(checked_graph(model), output, None)


def _parsed(data: bytes) -> Any:
    model = _model_proto()()  # first, since protobuf comes with onnx
    from google.protobuf.message import DecodeError

    spend_on_message(data, model.DESCRIPTOR)
    try:
        model.ParseFromString(data)
    except (DecodeError, ValueError, RecursionError) as error:
        raise FileError(f"is not an ONNX model, or is cut off: {reason(error)}") from None
    return model


def _model_proto() -> Any:
    try:
        from onnx import ModelProto
    except ImportError:
        raise MissingDependencyError("reading ONNX models needs onnx: pip install 'polyrelu[onnx]'", "onnx") from None
    return ModelProto
