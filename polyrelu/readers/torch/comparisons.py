"""Comparisons of PyTorch, and what makes continuous functions of them; `polyrelu.readers.steps` says when."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyrelu.errors import NetworkError
from polyrelu.readers.assembly import Assembly
from polyrelu.readers.signals import Signal
from polyrelu.readers.steps import Step, chosen, compared, sign, times
from polyrelu.readers.torch.arguments import Operation, rounds


def _signal(a: Assembly, value: Any) -> Signal:
    if isinstance(value, Step):
        raise NetworkError(f"{a.place}: a comparison of comparisons is not read")
    return value if isinstance(value, Signal) else a.constant(value)


def _comparison(relation: str) -> Operation:
    return lambda a, input, other: compared(a, _signal(a, input), _signal(a, other), relation)


def _where(a: Assembly, condition: Any, input: Any = 0, other: Any = 0) -> Signal:
    if isinstance(condition, Signal) and isinstance(input, Step | np.ndarray):
        condition, input = input, condition  # as a method, of the values where the condition is true
    first, second = _signal(a, input), _signal(a, other)
    if isinstance(condition, Step):
        return chosen(a, condition, first, second)
    if not isinstance(condition, np.ndarray):
        raise NetworkError(f"{a.place}: where takes a comparison as its condition")
    shape = np.broadcast_shapes(condition.shape, first.shape, second.shape)
    a.check_size(shape)
    both = [x.select(np.broadcast_to(x.positions, shape).ravel()) for x in (first, second)]
    joined = a.concat(both)
    positions = np.arange(both[0].size).reshape(shape)
    return joined.select(np.where(condition, positions, positions + both[0].size))


def _masked_fill(a: Assembly, input: Any, mask: Any, value: Any) -> Signal:
    return _where(a, mask, value, input)


def _sign(a: Assembly, input: Signal) -> Step:
    return sign(_signal(a, input))


def _heaviside(a: Assembly, input: Any, values: Any) -> Step:
    step = sign(_signal(a, input))
    at = np.broadcast_to(a.exact_array(values, "values"), step.shape)
    below, _, above = step.numbers
    return Step(step.signal, (below * 0, at, above))


def _multiply(a: Assembly, input: Any, other: Any) -> Any:
    if isinstance(input, Step) and isinstance(other, Step):
        raise NetworkError(f"{a.place}: a product of comparisons is not read")
    step, factor = (input, other) if isinstance(input, Step) else (other, input)
    if isinstance(factor, Signal):
        return times(a, step, factor)
    numbers = a.exact_array(factor, "factor")
    return step.mapped(lambda array: array * numbers)


def _add(a: Assembly, input: Any, other: Any, *, alpha: Any = 1) -> Any:
    if isinstance(input, Step) == isinstance(other, Step) or isinstance(input, Signal) or isinstance(other, Signal):
        raise NetworkError(f"{a.place}: of a comparison only sums with constants and products are read")
    factor = a.exact(alpha, "alpha")
    if isinstance(input, Step):
        offset = a.exact_array(other, "other") * factor
        return input.mapped(lambda array: array + offset)
    numbers = a.exact_array(input, "input")
    return other.mapped(lambda array: array * factor + numbers)


def _subtract(a: Assembly, input: Any, other: Any, *, alpha: Any = 1) -> Any:
    return _add(a, input, other, alpha=-a.exact(alpha, "alpha"))


def _not(a: Assembly, input: Step) -> Step:
    return input.opposite()


def _inverted(a: Assembly, input: Step) -> Step:
    if not input.truth:
        raise NetworkError(f"{a.place}: bits of numbers are not inverted")
    return input.opposite()


def _negative(a: Assembly, input: Step) -> Step:
    return input.mapped(lambda array: -array)


def _converted(a: Assembly, input: Any, *args: Any, **kwargs: Any) -> Any:
    """The same numbers, which a type of integers keeps where they are 0 and 1."""
    if not isinstance(input, Step):
        raise NetworkError(f"{a.place}: values converted to a type that rounds them to integers")
    if any(map(rounds, (*args, *kwargs.values()))) and not input.truth:
        raise NetworkError(f"{a.place}: values converted to a type that rounds them to integers")
    return Step(input.signal, input.numbers)


def _reshaped(a: Assembly, input: Step, *shape: Any) -> Step:
    lengths = shape[0] if len(shape) == 1 and isinstance(shape[0], list | tuple) else shape
    return input.moved(lambda array: array.reshape(tuple(lengths)))


OF_STEPS: dict[str, Operation] = {
    **dict.fromkeys(("mul", "multiply", "rmul"), _multiply),
    **dict.fromkeys(("add", "radd"), _add),
    **dict.fromkeys(("sub", "subtract"), _subtract),
    "rsub": lambda a, input, other: _subtract(a, other, input),
    **dict.fromkeys(("neg", "negative"), _negative),
    **dict.fromkeys(("to", "type", "type_as", "float", "double", "half", "bfloat16", "int", "long"), _converted),
    **dict.fromkeys(("bitwise_not", "invert"), _inverted),
    **dict.fromkeys(("clone", "detach", "contiguous"), lambda a, input: input),
    **dict.fromkeys(("view", "reshape"), _reshaped),
    "logical_not": _not,
    "squeeze": lambda a, input, *dims: input.moved(lambda array: np.squeeze(array, *dims)),
    "unsqueeze": lambda a, input, dim: input.moved(lambda array: np.expand_dims(array, dim)),
}
"""Functions of which an argument may be a comparison, and what is made of one, by their names."""

OPERATIONS: dict[str, Operation] = {
    **dict.fromkeys(("gt", "greater"), _comparison(">")),
    **dict.fromkeys(("ge", "greater_equal"), _comparison(">=")),
    **dict.fromkeys(("lt", "less"), _comparison("<")),
    **dict.fromkeys(("le", "less_equal"), _comparison("<=")),
    **dict.fromkeys(("sign", "sgn"), _sign),
    "heaviside": _heaviside,
    "masked_fill": _masked_fill,
    "where": _where,
}
"""Functions that make comparisons, or choose by them, by their names."""
