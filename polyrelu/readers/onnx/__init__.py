"""Feed-forward networks from ONNX models.

A model is read as the function of real numbers that its graph denotes: floats have their exact values, all operators
are composed without rounding, and ReLU, LeakyRelu, PRelu, Abs, Clip, Max, Min and MaxPool become neurons. A runtime
rounds after each step, so it computes the same up to rounding errors. There are two conventions. A number that is
irrational in general is one double: γ / √(σ² + ε) in BatchNormalization (see `Assembly.batch_norm`), and Sqrt, Exp, Log
and Pow of constants unless the result is rational (see `polyrelu.readers.onnx.folding`). A Cast rounds stored constants
to its type, as in a runtime, but does not round values that depend on the input.

A comparison jumps, so it is no value of a network, but what is made of it may be continuous: x · (x > 0), or Where with
values that are equal where the comparison changes (`polyrelu.readers.steps`). An output that does not depend on the
only input is a constant network. The functions of a model are inlined by `onnx.inliner`.

The input and the output are flattened in C order. If the length of the first axis of the input is not fixed, the axis
is the batch and its length is taken to be 1. If its length is fixed and greater than 1, the axis is a batch if the
graph provably applies the same function to each sample by itself. Then the network is that of one sample, and
`Network.assumptions` says so. If this cannot be proved although the output has such an axis, the model is refused.
The supported operators are those in `OPERATORS`, of the standard operator sets 7 to 28.

Nothing in a file is executed, no file outside the folder of the model is opened, and no declared size is trusted.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from polyrelu.errors import FileError, MissingDependencyError, NetworkError
from polyrelu.exact.limits import read_flag
from polyrelu.exact.rational import describe
from polyrelu.files import checked_path, reason
from polyrelu.network.network import Network
from polyrelu.readers.files import read_bytes, reading
from polyrelu.readers.onnx.evaluate import OPERATORS, network_of
from polyrelu.readers.onnx.graph import checked_graph
from polyrelu.readers.onnx.wire import spend_on_message
from polyrelu.readers.restriction import Restriction

__all__ = ["OPERATORS", "from_onnx", "read_onnx"]


def read_onnx(
    path: str | os.PathLike[str],
    output: str | None = None,
    *,
    strip: bool = False,
    restriction: Restriction | None = None,
) -> Network:
    """The network in an ONNX file; `output` and errors are as for `polyrelu.from_onnx`.

    With `strip` a final sigmoid, softmax or log-softmax is left out; with a restriction the network is one of the
    coordinates of a slice.

    Tensors may be stored in other files in the folder of the model or below it. FileError is also raised if the file
    cannot be read or is not an ONNX model, or if it refers to data outside its folder. Every message starts with the
    path.
    """
    shown, target = checked_path(path)
    with reading(shown):
        graph = replace(checked_graph(_parsed(read_bytes(target))), strip=strip)
        return network_of(graph, output, os.path.dirname(target) or os.curdir, restriction)


def from_onnx(
    model: Any, output: str | None = None, *, strip: bool = False, restriction: Restriction | None = None
) -> Network:
    """The network that an `onnx.ModelProto` computes; see `polyrelu.from_onnx`."""
    proto = _model_proto()
    if not isinstance(model, proto):
        raise NetworkError(f"expected an onnx.ModelProto, got {describe(model)}")
    graph = replace(checked_graph(model), strip=read_flag(strip, "strip"))
    return network_of(graph, output, None, restriction)


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
