"""The graph of an ONNX model, checked: every tensor has one source, every operator is known and called as it should be.

Only what an output depends on is checked node by node and evaluated, so a model can be cut before an operator that is
not read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from polyrelu.errors import FileError, NetworkError
from polyrelu.exact.rational import describe
from polyrelu.readers.onnx.functions import inlined
from polyrelu.readers.onnx.tensors import MAX_RANK, element_type, is_float, stored_singles

OPSETS = range(7, 29)
"""The versions of the standard operators that are read. Before version 7 operands were broadcast in another way."""

_STANDARD = ("", "ai.onnx")


@dataclass(frozen=True)
class Node:
    """One operator of the graph; `place` names it in messages."""

    place: str
    operator: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]

    def attribute(self, name: str, default: Any) -> Any:
        """The value of an attribute, or the default if it is not there."""
        if name not in self.attributes:
            return default
        from onnx import AttributeProto

        proto = self.attributes[name]
        kinds = AttributeProto.AttributeType
        if proto.type == kinds.INT:
            return int(proto.i)
        if proto.type == kinds.FLOAT:
            return float(stored_singles(proto, "f")[0]) if proto.HasField("f") else 0.0
        if proto.type == kinds.STRING:
            return proto.s.decode("utf-8", "replace")
        if proto.type == kinds.INTS:
            return [int(n) for n in proto.ints]
        if proto.type == kinds.FLOATS:
            return list(map(float, stored_singles(proto, "floats")))
        if proto.type == kinds.TENSOR:
            return proto.t
        raise NetworkError(f"the attribute {describe(name)} is of a kind that is not read")


@dataclass(frozen=True)
class Graph:
    """The parts of a model's graph by name."""

    opset: int
    inputs: dict[str, Any]
    constants: dict[str, Any]
    producers: dict[str, Node]
    outputs: tuple[str, ...]
    strip: bool = False

    def needed(self, output: str) -> list[Node]:
        """The nodes that a tensor depends on, each after those it depends on itself, checked one by one.

        NetworkError for a tensor that nothing makes, a cycle, or an operator that is not called as it should be.
        """
        if output not in self.producers:
            self._check_source(output, "output")
            return []
        order: list[Node] = []
        begun: set[str] = set()  # places of nodes; those begun and not done are the path walked
        done: set[str] = set()
        stack = [self.producers[output]]
        while stack:
            node = stack[-1]
            if node.place in done:
                stack.pop()
            elif node.place in begun:
                stack.pop()
                done.add(node.place)
                order.append(node)
            else:
                begun.add(node.place)
                self._check_node(node)
                for name in filter(None, node.inputs):
                    if (producer := self.producers.get(name)) is None:
                        self._check_source(name, node.place)
                    elif producer.place not in begun:
                        stack.append(producer)
                    elif producer.place not in done:
                        raise NetworkError(
                            f"{node.place}: its input {describe(name)} depends on its own output; the graph has a cycle"
                        )
        return order

    def _check_source(self, name: str, place: str) -> None:
        if name not in self.constants and name not in self.inputs:
            raise NetworkError(f"{place}: the tensor {describe(name)} is not defined anywhere in the graph")

    def _check_node(self, node: Node) -> None:
        """Compare a node of a standard operator with the operator's schema: its inputs and its attributes."""
        from onnx import AttributeProto, defs

        kinds = AttributeProto.AttributeType
        if node.domain not in _STANDARD or not defs.has(node.operator, self.opset, ""):
            return  # refused later, with a hint where to cut the model
        schema = defs.get_schema(node.operator, self.opset, "")
        count = len(node.inputs)
        if not schema.min_input <= count <= schema.max_input:
            expected = f"{schema.min_input}" + ("" if schema.max_input == schema.min_input else " or more")
            raise NetworkError(f"{node.place}: has {count} inputs; expected {expected}")
        if "" in node.inputs[: schema.min_input]:
            raise NetworkError(f"{node.place}: its input {node.inputs.index('') + 1} is missing")
        for name, proto in node.attributes.items():
            if name not in schema.attributes:
                raise NetworkError(
                    f"{node.place}: has no attribute {describe(name)} in version {self.opset} of the operators"
                )
            if str(schema.attributes[name].type) != f"AttrType.{kinds.Name(proto.type)}" or proto.ref_attr_name:
                raise NetworkError(f"{node.place}: the attribute {describe(name)} is of the wrong kind")
        for name, attribute in schema.attributes.items():
            if attribute.required and name not in node.attributes:
                raise NetworkError(f"{node.place}: the attribute {name!r} is missing")


def checked_graph(model: Any) -> Graph:
    """The graph of a ModelProto. FileError or NetworkError for a model that is not valid."""
    if not model.opset_import or not (model.graph.node or model.graph.output):
        raise FileError("holds no graph, so it is not an ONNX model")
    _check_names(model)
    model = inlined(model)
    graph = model.graph
    opset = _opset(model.opset_import)
    if graph.sparse_initializer:
        name = graph.sparse_initializer[0].values.name
        raise NetworkError(f"tensor {describe(name)}: sparse tensors are not read; store it densely")
    constants = _unique(((tensor.name, tensor) for tensor in graph.initializer), "initializer")
    inputs = _unique(((value.name, value) for value in graph.input), "input")
    inputs = {name: value for name, value in inputs.items() if name not in constants}
    producers: dict[str, Node] = {}
    for node in (_node(number, proto) for number, proto in enumerate(graph.node, 1)):
        for name in filter(None, node.outputs):
            if name in producers or name in constants or name in inputs:
                raise NetworkError(f"{node.place}: the tensor {describe(name)} is defined twice")
            producers[name] = node
    outputs = tuple(_unique(((value.name, value) for value in graph.output), "output"))
    return Graph(opset, inputs, constants, producers, outputs)


def input_shape(name: str, value: Any) -> tuple[int, ...]:
    """The shape of an input; a first axis without a fixed length, the batch, is taken as 1. NetworkError for others."""
    where = f"input {describe(name)}"
    if not value.type.HasField("tensor_type"):
        raise NetworkError(f"{where}: is no tensor")
    tensor = value.type.tensor_type
    if not is_float(tensor.elem_type):
        raise NetworkError(
            f"{where}: has elements of type {element_type(tensor.elem_type)}; expected a floating-point type"
        )
    if not tensor.HasField("shape"):
        raise NetworkError(f"{where}: declares no shape")
    if len(tensor.shape.dim) > MAX_RANK:
        raise NetworkError(f"{where}: has {len(tensor.shape.dim)} axes; at most {MAX_RANK} are read")
    lengths: list[int] = []
    for axis, dim in enumerate(tensor.shape.dim):
        if dim.dim_value > 0:  # a name, nothing, 0 and −1 all mean that it varies
            lengths.append(int(dim.dim_value))
        elif axis == 0 and len(tensor.shape.dim) > 1:
            lengths.append(1)
        else:
            raise NetworkError(f"{where}: axis {axis} has no fixed length; only the first of several may vary")
    return tuple(lengths)


def _check_names(model: Any) -> None:
    """FileError unless every name is text: for names that are not UTF-8 protobuf returns bytes, or raises."""
    graph = model.graph
    try:
        for item in (*graph.initializer, *graph.input, *graph.output):
            _check_text(item.name)
        for item in model.opset_import:
            _check_text(item.domain)
        for function in model.functions:
            _check_text(function.name, function.domain, *(node.op_type for node in function.node))
        for node in graph.node:
            _check_text(node.name, node.op_type, node.domain, *node.input, *node.output)
            _check_text(*(attribute.name for attribute in node.attribute))
    except UnicodeDecodeError:
        _check_text(b"")


def _check_text(*names: object) -> None:
    if not all(isinstance(name, str) for name in names):
        raise FileError("a name in it is not UTF-8 text, so it is no ONNX model, or damaged")


def _opset(imports: Any) -> int:
    versions = _unique(((item.domain or "ai.onnx", int(item.version)) for item in imports), "operator set")
    if "ai.onnx" not in versions:
        names = ", ".join(map(describe, list(versions)[:5]))
        raise NetworkError(f"uses the operator sets {names}; only the standard one, 'ai.onnx', is read")
    version: int = versions["ai.onnx"]
    if version not in OPSETS:
        raise NetworkError(
            f"uses version {version} of the standard operators; versions {OPSETS[0]} to {OPSETS[-1]} are read"
            " (onnx.version_converter converts between them)"
        )
    from onnx import defs

    if version > (known := defs.onnx_opset_version()):
        raise NetworkError(
            f"uses version {version} of the standard operators, but the installed onnx package knows only those up to"
            f" {known}: update it"
        )
    return version


def _node(number: int, proto: Any) -> Node:
    label = f" {describe(proto.name)}" if proto.name else ""
    operator = proto.op_type if proto.op_type.isidentifier() and len(proto.op_type) <= 60 else describe(proto.op_type)
    place = f"node {number}{label} ({operator})"
    try:
        attributes = _unique(((item.name, item) for item in proto.attribute), "attribute")
    except NetworkError as error:
        raise NetworkError(f"{place}: {error}") from None
    outputs = tuple(proto.output)
    if not any(outputs):
        raise NetworkError(f"{place}: has no output")
    return Node(place, proto.op_type, proto.domain, tuple(proto.input), outputs, attributes)


def _unique(items: Iterable[tuple[str, Any]], what: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in items:
        if not name:
            raise NetworkError(f"an {what} of the graph has no name" if what[0] in "aeio" else f"a {what} has no name")
        if name in result and (what != "operator set" or value != result[name]):
            raise NetworkError(f"the {what} {describe(name)} is there twice")
        result[name] = value
    return result
