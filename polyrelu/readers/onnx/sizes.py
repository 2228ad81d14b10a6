"""Models whose networks are certainly too large, found by the shapes of their tensors before anything is composed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from polyrelu.errors import LimitError, PolyreluError
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import MAX_ENTRIES
from polyrelu.readers.onnx.graph import Graph, Node
from polyrelu.readers.onnx.tensors import decode

Shape = tuple[int, ...]

_ACTIVATIONS = ("Relu", "LeakyRelu", "PRelu", "Abs")
"""Operators that make a neuron of each entry."""

_SAME = ("BatchNormalization", "Cast", "Dropout", "Identity", "Neg", *_ACTIVATIONS)
"""Operators that keep the shape of their first input."""

_BROADCAST = ("Add", "Sub", "Mul", "Div")


def check_widths(graph: Graph, order: Sequence[Node], source: str, shape: Shape, samples: int) -> None:
    """LimitError if a hidden layer certainly has more than MAX_ENTRIES weights: long before they are made.

    Between an activation and the next one on a path without branches, each neuron of the second has a weight for each
    of the first. Where the shape after an operator is not known here, or values that depend on the input meet, nothing
    is said.
    """
    shapes: dict[str, Shape] = {source: shape}
    widths = {source: math.prod(shape)}  # of the layers that values depend on
    for node in order:
        before = [name for name in dict.fromkeys(node.inputs) if name in shapes]
        if len(before) != 1 or not (found := _shape(node, graph, shapes)):
            continue  # the outputs have no shape here, and so nothing after them
        width = widths[before[0]]
        if node.operator in _ACTIVATIONS:
            if (count := math.prod(found) * width // samples**2) > MAX_ENTRIES:
                raise LimitError(
                    f"{node.place}: {brief(count)} weights in its hidden layer, more than the {MAX_ENTRIES} that are "
                    "read; a slice of the inputs has fewer (slice=…, or --slice on the command line)"
                )
            width = math.prod(found)
        shapes[node.outputs[0]], widths[node.outputs[0]] = found, width


def _shape(node: Node, graph: Graph, shapes: dict[str, Shape]) -> Shape | None:
    """The shape of the first output of an affine operator or an activation, if it is known here; else None."""
    try:
        given = [shapes[name] if name in shapes else _stored(graph, name) for name in node.inputs]
        found = _after(node, graph, given)
    except (PolyreluError, ValueError, IndexError, TypeError, ZeroDivisionError, KeyError):
        return None  # the composition says what is wrong
    return found if found and min(found) > 0 and math.prod(found) < 2**60 and len(node.outputs) > 0 else None


def _after(node: Node, graph: Graph, given: list[Shape]) -> Shape | None:
    operator, x = node.operator, given[0]
    if operator in _SAME:
        return x
    if operator in _BROADCAST:
        return tuple(np.broadcast_shapes(*given))
    if operator == "MatMul" and len(given[1]) == 2 and len(x) >= 2:
        return (*x[:-1], given[1][1])
    if operator == "Gemm":
        rows = x[1] if node.attribute("transA", 0) else x[0]
        return rows, given[1][0] if node.attribute("transB", 0) else given[1][1]
    if operator in ("Conv", "ConvTranspose"):
        return _convolved(node, x, given[1], operator == "ConvTranspose")
    if operator == "Flatten":
        axis = node.attribute("axis", 1)
        split = axis + len(x) if axis < 0 else axis
        return math.prod(x[:split]), math.prod(x[split:])
    if operator == "Transpose":
        return tuple(x[axis] for axis in node.attribute("perm", list(range(len(x)))[::-1]))
    if operator == "Reshape" and not node.attribute("allowzero", 0):
        target = decode(_tensor(graph, node.inputs[1]), node.inputs[1], None).integers("its shape")
        lengths = [n or x[axis] for axis, n in enumerate(target)]
        rest = math.prod(n for n in lengths if n != -1)
        return tuple(math.prod(x) // rest if n == -1 else n for n in lengths)
    return None


def _convolved(node: Node, x: Shape, weight: Shape, transposed: bool) -> Shape | None:
    d = len(weight) - 2
    if node.attribute("auto_pad", "NOTSET") != "NOTSET" or "output_shape" in node.attributes or len(x) != d + 2:
        return None
    ones = [1] * d
    stride, gaps = node.attribute("strides", ones), node.attribute("dilations", ones)
    pads, more = node.attribute("pads", [0] * (2 * d)), node.attribute("output_padding", [0] * d)
    sides = [before + after for before, after in zip(pads[:d], pads[d:], strict=True)]
    reaches = [gap * (size - 1) + 1 for gap, size in zip(gaps, weight[2:], strict=True)]
    steps = zip(x[2:], stride, sides, reaches, more, strict=True)
    if transposed:
        channels = weight[1] * node.attribute("group", 1)
        return (x[0], channels, *((n - 1) * step + reach - side + end for n, step, side, reach, end in steps))
    return (x[0], weight[0], *((n + side - reach) // step + 1 for n, step, side, reach, _ in steps))


def _stored(graph: Graph, name: str) -> Shape:
    """The shape of a stored tensor, which is not decoded; KeyError for one that is computed."""
    return tuple(_tensor(graph, name).dims) if name else ()


def _tensor(graph: Graph, name: str) -> Any:
    """A stored tensor, or that of a Constant."""
    if name in graph.constants:
        return graph.constants[name]
    node = graph.producers[name]
    if node.operator != "Constant" or "value" not in node.attributes:
        raise KeyError(name)
    return node.attribute("value", None)
