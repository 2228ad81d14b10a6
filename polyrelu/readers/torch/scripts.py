"""TorchScript: a scripted or traced module as a function of a value, computed node by node of its graph.

The graph is what PyTorch stores of the module. Nodes that depend on the input become functions of values, as in a
forward; the others, numbers and constant tensors, are computed by PyTorch. So branches and loops are followed where
they depend on shapes and attributes, and refused where they depend on values.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from polyrelu.errors import NetworkError
from polyrelu.readers.assembly import Assembly
from polyrelu.readers.torch.values import Value, of_aten

MAX_TURNS = 10**4
"""Maximum number of turns of all loops of a script together."""


def run_script(module: Any, argument: Value, assembly: Assembly) -> Any:
    """The value of a TorchScript module, which must be in evaluation mode, for an argument."""
    graph = module.inlined_graph
    inputs = list(graph.inputs())
    if len(inputs) != 2:
        raise NetworkError(f"{assembly.place}: the script takes {len(inputs) - 1} arguments; expected one tensor")
    assembly.place = str(getattr(module, "original_name", "script"))
    run = _Run(assembly)
    run.values = {inputs[0].debugName(): module, inputs[1].debugName(): argument}
    run.block(graph)
    (result,) = (run.values[x.debugName()] for x in graph.outputs())
    return result


class _Run:
    """The values of a graph by their names, as far as they are computed."""

    def __init__(self, assembly: Assembly) -> None:
        self.assembly = assembly
        self.place = assembly.place
        self.values: dict[str, Any] = {}
        self.turns = 0

    def block(self, block: Any) -> None:
        """Compute all nodes of a block."""
        for node in block.nodes():
            scope = node.scopeName().replace("__module.", "").rsplit("/", 1)[-1]
            layer = f"layer {scope!r}" if scope else self.place
            self.assembly.place = f"{layer} ({node.kind()})"
            self._node(node)
        self.assembly.place = self.place

    def _node(self, node: Any) -> None:
        kind, outputs = node.kind(), [x.debugName() for x in node.outputs()]
        arguments = [self.values.get(x.debugName()) for x in node.inputs()]
        if kind == "prim::If":
            self._branch(node, arguments[0], outputs)
            return
        if kind == "prim::Loop":
            self._loop(node, arguments, outputs)
            return
        result = self._result(node, kind, arguments)
        if len(outputs) == 1:
            self.values[outputs[0]] = result
        elif outputs:
            self.values.update(zip(outputs, result, strict=True))

    def _branch(self, node: Any, condition: Any, outputs: list[str]) -> None:
        block = list(node.blocks())[0 if condition else 1]  # a value raises an error that says so
        self.block(block)
        found = [self.values.get(x.debugName()) for x in block.outputs()]
        self.values.update(zip(outputs, found, strict=True))

    def _loop(self, node: Any, arguments: list[Any], outputs: list[str]) -> None:
        """The arguments are the number of turns, the first condition and what is passed from turn to turn."""
        (block,) = node.blocks()
        most, condition, *passed = arguments
        names = [x.debugName() for x in block.inputs()]
        turn = 0
        while turn < most and condition:
            self.turns += 1
            if self.turns > MAX_TURNS:
                raise NetworkError(f"{self.assembly.place}: takes more than {MAX_TURNS} turns")
            self.values.update(zip(names, [turn, *passed], strict=True))
            self.block(block)
            condition, *passed = (self.values.get(x.debugName()) for x in block.outputs())
            turn += 1
        self.values.update(zip(outputs, passed, strict=True))

    def _result(self, node: Any, kind: str, arguments: list[Any]) -> Any:
        if kind == "prim::Constant":
            (output,) = node.outputs()
            return output.toIValue()
        if kind == "prim::GetAttr":
            return getattr(arguments[0], node.s("name"))
        if kind in _PRIMITIVE:
            return _PRIMITIVE[kind](arguments)
        if not kind.startswith("aten::"):
            raise NetworkError(f"{self.assembly.place}: is not read in a script; export the module to ONNX")
        name = kind.removeprefix("aten::")
        if name in _MEASURES and isinstance(arguments[0], Value):
            return _MEASURES[name](*arguments)
        if not any(map(_depends, arguments)):
            return self._computed(name, node, arguments)
        positional, named = self._by_schema(node, arguments)
        return of_aten(name, positional, named)

    def _by_schema(self, node: Any, arguments: list[Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments by position and by name, as the schema of the function has them, with types for their codes."""
        import torch

        positional, named = [], {}
        schema = torch._C.parse_schema(node.schema())
        for argument, value in zip(schema.arguments, arguments, strict=True):
            if argument.name == "dtype" and isinstance(value, int):
                value = _TYPES.get(value, "int64")
                value = getattr(torch, value)
            if argument.kwarg_only:
                named[argument.name] = value
            else:
                positional.append(value)
        return positional, named

    def _computed(self, name: str, node: Any, arguments: list[Any]) -> Any:
        """A function of numbers and constant tensors."""
        import torch

        tensors = any(isinstance(x, torch.Tensor) for x in arguments)
        if not tensors and name in _OF_NUMBERS:
            return _OF_NUMBERS[name](*arguments)
        positional, named = self._by_schema(node, arguments)
        return getattr(torch.ops.aten, name)(*positional, **named)


def _depends(argument: Any) -> bool:
    return isinstance(argument, Value) or (isinstance(argument, list) and any(map(_depends, argument)))


def _raised(arguments: Sequence[Any]) -> Any:
    raise NetworkError(f"the script raises an error: {str(arguments[0])[:100]}")


_TYPES = {5: "float16", 6: "float32", 7: "float64", 15: "bfloat16", 11: "bool"}
"""Types of numbers by their codes in a script; all others are not floats."""

_MEASURES: dict[str, Callable[..., Any]] = {
    "size": lambda x, dim=None: list(x.shape) if dim is None else x.shape[dim],
    "len": len,
    "dim": lambda x: x.dim(),
    "numel": lambda x: x.numel(),
    "Bool": bool,
}

_PRIMITIVE: dict[str, Callable[[list[Any]], Any]] = {
    "prim::ListConstruct": list,
    "prim::TupleConstruct": tuple,
    "prim::ListUnpack": lambda arguments: arguments[0],
    "prim::TupleUnpack": lambda arguments: arguments[0],
    "prim::TupleIndex": lambda arguments: arguments[0][arguments[1]],
    "prim::NumToTensor": lambda arguments: arguments[0],
    "prim::unchecked_cast": lambda arguments: arguments[0],
    "prim::unchecked_unwrap_optional": lambda arguments: arguments[0],
    "prim::Uninitialized": lambda arguments: None,
    "prim::RaiseException": _raised,
    "prim::Print": lambda arguments: None,
    "prim::dtype": lambda arguments: next(
        (code for code, name in _TYPES.items() if str(arguments[0].dtype) == f"torch.{name}"), 4
    ),
    "prim::device": lambda arguments: "cpu",
    "prim::is_cuda": lambda arguments: False,
}

_OF_NUMBERS: dict[str, Callable[..., Any]] = {
    **{name: getattr(operator, name) for name in ("gt", "ge", "lt", "le", "eq", "ne", "mul", "neg", "floordiv")},
    "add": lambda a, b, *_: a + b,
    "sub": lambda a, b, *_: a - b,
    "remainder": operator.mod,
    "__getitem__": operator.getitem,
    "__not__": operator.not_,
    "__is__": operator.is_,
    "__isnot__": operator.is_not,
    "__contains__": lambda items, x: x in items,
    "__range_length": lambda start, end, step: len(range(start, end, step)),
    "__derive_index": lambda index, start, step: start + index * step,
    "append": lambda items, x: items.append(x) or items,
    "len": len,
    "Int": int,
    "IntImplicit": int,
    "Float": float,
    "Bool": bool,
    "ScalarImplicit": lambda x: x,
    "format": lambda text, *parts: text,
    "list": list,
}
"""Functions of numbers and lists."""
