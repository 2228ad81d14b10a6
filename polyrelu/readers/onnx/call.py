"""One operator of the graph with the values it is applied to."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from polyrelu.errors import NetworkError
from polyrelu.exact.rational import describe
from polyrelu.readers.assembly import Assembly
from polyrelu.readers.onnx.graph import Node
from polyrelu.readers.onnx.tensors import Array, Constant, check_count, shown
from polyrelu.readers.signals import Signal, show_shape
from polyrelu.readers.steps import Step

Value = Constant | Signal
"""A tensor of the graph: known numbers, or piecewise linear functions of the input."""

JUMPS = (
    "acts on a comparison, which jumps: only its products with values, and choices between values, that are equal "
    "where it changes are read"
)


@dataclass(frozen=True, eq=False)
class Call:
    """A node with the values of its inputs (None for one left out) and the network under construction.

    `folder` is where external data of its attributes may lie; None if there is no such place.
    Its methods raise NetworkError without the node's place, which the caller adds.
    """

    node: Node
    inputs: Sequence[Value | Step | None]
    assembly: Assembly
    opset: int
    folder: str | None

    def attribute(self, name: str, default: Any) -> Any:
        """The value of an attribute, or the default if it is not there."""
        return self.node.attribute(name, default)

    def flag(self, name: str, default: bool = False) -> bool:
        """The value of an attribute that is 0 or 1. NetworkError for other values, on which runtimes differ."""
        value = self.attribute(name, int(default))
        if value not in (0, 1):
            raise NetworkError(f"the attribute {describe(name)} is {value}; expected 0 or 1")
        return bool(value)

    def value(self, position: int) -> Value:
        """The input at a position. NetworkError if it is left out."""
        value = self.optional(position)
        if value is None:
            raise NetworkError(f"its input {position + 1} is missing")
        return value

    def optional(self, position: int) -> Value | None:
        """The input at a position, or None if it is left out. NetworkError for a comparison."""
        value = self.inputs[position] if position < len(self.inputs) else None
        if isinstance(value, Step):
            raise NetworkError(JUMPS)
        return value

    def any(self, position: int) -> Value | Step:
        """The input at a position, which may be a comparison."""
        value = self.inputs[position] if position < len(self.inputs) else None
        return value if isinstance(value, Step) else self.value(position)

    def signal(self, position: int) -> Signal:
        """The input at a position as a function of the network's input, possibly constant."""
        return self.as_signal(self.value(position))

    def varying(self, position: int) -> Signal:
        """The input at a position, which must depend on the network's input."""
        value = self.value(position)
        if isinstance(value, Constant):
            raise NetworkError("of a constant is not read")
        return value

    def constant(self, position: int) -> Constant:
        """The input at a position, which must not depend on the network's input."""
        value = self.value(position)
        if isinstance(value, Signal):
            name = describe(self.node.inputs[position])
            raise NetworkError(f"its input {position + 1}, {name}, depends on the network's input; expected a constant")
        return value

    def optional_constant(self, position: int) -> Constant | None:
        """The input at a position as a constant, or None if it is left out."""
        return None if self.optional(position) is None else self.constant(position)

    def as_signal(self, value: Value) -> Signal:
        """The value as a function of the network's input, possibly constant."""
        return self.assembly.constant(value.exact()) if isinstance(value, Constant) else value

    def made(self, array: Array) -> Constant:
        """A constant that this node computes, named by its first output."""
        return Constant(array, next(filter(None, self.node.outputs)))

    def moved(self, value: Value, move: Callable[[Array], Array]) -> Value:
        """The value whose entries `move` rearranges: it acts on any array of the value's shape, entry by entry.

        NetworkError if the shape does not admit it.
        """
        try:
            array = move(value.array if isinstance(value, Constant) else value.positions)
        except (ValueError, IndexError):
            raise NetworkError(f"does not act on a value of shape {show_shape(value.shape)}") from None
        if isinstance(value, Constant):
            return replace(value, array=array, name=self.made(array).name)
        self.assembly.check_size(array.shape)
        return value.select(array)

    def joined(self, values: Sequence[Value], axis: int) -> Value:
        """The values side by side along an axis."""
        count = sum(math.prod(value.shape) for value in values)
        check_count(count, "its result")
        if any(isinstance(value, Signal) for value in values):
            self.assembly.check_size((count,))
            return self.assembly.concat([self.as_signal(value) for value in values], axis)
        constants = [value for value in values if isinstance(value, Constant)]
        computed = any(value.array.dtype == object for value in constants)  # Fractions must not be mixed with floats
        try:
            return self.made(np.concatenate([x.exact() if computed else x.array for x in constants], axis))
        except ValueError:
            shapes = ", ".join(show_shape(value.shape) for value in values[:5])
            raise NetworkError(f"values of shapes {shapes} cannot be joined along axis {axis}") from None

    def axis(self, number: int, rank: int) -> int:
        """An axis counted from 0 on, of a value with `rank` axes. NetworkError if there is none of this number."""
        if not -rank <= number < rank:
            raise NetworkError(f"there is no axis {number} in a value with {rank} axes")
        return number % rank

    def axes(self, value: Value, position: int) -> list[int] | None:
        """The axes listed by an input (in newer versions) or an attribute; None if there are none."""
        listed = self.attribute("axes", None)
        if (given := self.optional_constant(position)) is not None:
            listed = given.integers("axes")
        if listed is None:
            return None
        rank = len(value.shape)
        axes = [self.axis(number, rank) for number in listed]
        if len(set(axes)) != len(axes):
            raise NetworkError(f"the axes {shown(listed)} are not distinct")
        return axes


def shape_of(values: Sequence[Value]) -> tuple[int, ...]:
    """The shape that values are broadcast to together, by NumPy's rules, which are ONNX's. NetworkError if none."""
    try:
        shape = np.broadcast_shapes(*(value.shape for value in values))
    except ValueError:
        shapes = ", ".join(show_shape(value.shape) for value in values[:5])
        raise NetworkError(f"shapes {shapes} do not fit together") from None
    check_count(math.prod(shape), "its result")
    return shape
