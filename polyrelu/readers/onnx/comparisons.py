"""Comparisons, and the continuous functions that are made of them; `polyrelu.readers.steps` says which."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from polyrelu.errors import NetworkError
from polyrelu.readers.onnx.call import Call, Value, shape_of
from polyrelu.readers.onnx.tensors import Constant, element_type, is_float, round_to
from polyrelu.readers.signals import Signal
from polyrelu.readers.steps import RELATIONS, Step, compared, sign, times

_NAMES = {"Greater": ">", "GreaterOrEqual": ">=", "Less": "<", "LessOrEqual": "<="}


def comparison(call: Call) -> Value | Step:
    """Greater, Less, GreaterOrEqual and LessOrEqual."""
    relation = _NAMES[call.node.operator]
    a, b = call.value(0), call.value(1)
    if isinstance(a, Constant) and isinstance(b, Constant):
        x, y = a.exact(), b.exact()
        above, below = np.asarray(x > y, dtype=bool), np.asarray(x < y, dtype=bool)
        return call.made(np.asarray(RELATIONS[relation], dtype=bool)[above.astype(int) - below + 1])
    shape_of([a, b])
    return compared(call.assembly, call.as_signal(a), call.as_signal(b), relation)


def sign_of(call: Call) -> Value | Step:
    """Sign: −1, 0 or 1."""
    value = call.value(0)
    if isinstance(value, Constant):
        numbers = [Fraction((x > 0) - (x < 0)) for x in value.exact().ravel().tolist()]
        array = np.empty(len(numbers), dtype=object)
        array[:] = numbers
        return call.made(array.reshape(value.shape))
    return sign(value)


def negation(call: Call) -> Value | Step:
    """Not."""
    value = call.any(0)
    if isinstance(value, Step):
        return value.opposite()
    if isinstance(value, Signal) or value.array.dtype != bool:
        raise NetworkError("its input does not hold booleans")
    return call.made(~value.array)


def product(call: Call, step: Step, other: Value | Step) -> Value | Step:
    """The product of a comparison, converted to numbers, and a tensor."""
    if isinstance(other, Step):
        raise NetworkError("a product of comparisons is not read")
    if isinstance(other, Constant):
        numbers = other.exact()
        return step.mapped(lambda array: array * numbers)
    return times(call.assembly, step, other)


def converted(step: Step, code: int) -> Step:
    """A comparison converted to another type of numbers, which keeps 0 and 1."""
    if element_type(code) == "BOOL":
        return step if step.truth else step.mapped(lambda array: np.where(array != 0, 1, 0) * Fraction(1), truth=True)
    if not step.truth and not is_float(code):
        for array in step.numbers:
            round_to(Constant(array, "comparison"), code)
    return Step(step.signal, step.numbers)


COMPARISONS: dict[str, Callable[[Call], Value | Step]] = {
    **dict.fromkeys(_NAMES, comparison),
    "Not": negation,
    "Sign": sign_of,
}
"""The operators of this module by their names."""
