"""From the checked graph to the network: the operators in order, each applied to exact values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import chain

import numpy as np

from polyrelu.errors import FileError, InputError, LimitError, NetworkError, NumberError
from polyrelu.exact.rational import MAX_DIGITS, describe
from polyrelu.network.network import Network
from polyrelu.readers.assembly import Assembly
from polyrelu.readers.onnx import arithmetic, resampling, shapes, windows
from polyrelu.readers.onnx.call import Call, Value
from polyrelu.readers.onnx.comparisons import COMPARISONS
from polyrelu.readers.onnx.folding import FOLDED
from polyrelu.readers.onnx.graph import Graph, Node, input_shape
from polyrelu.readers.onnx.sizes import check_widths
from polyrelu.readers.onnx.tensors import Array, Constant, Held, decode
from polyrelu.readers.outline import Outline, Outlined, RefusalError, look
from polyrelu.readers.restriction import Restriction
from polyrelu.readers.signals import Monotone, Signal
from polyrelu.readers.steps import Step

Result = Value | Step
"""What an operator makes: a tensor of the graph, or a comparison."""

OPERATORS: dict[str, Callable[[Call], Result | list[Value]]] = {
    **COMPARISONS,
    **FOLDED,
    "Abs": arithmetic.absolute,
    "Add": arithmetic.add,
    "AveragePool": windows.average_pool,
    "BatchNormalization": windows.batch_normalise,
    "Cast": shapes.cast,
    "Clip": arithmetic.clip,
    "Concat": shapes.concat,
    "Constant": shapes.constant,
    "ConstantOfShape": shapes.constant_of_shape,
    "Conv": windows.convolve,
    "ConvTranspose": windows.convolve_transposed,
    "CumSum": arithmetic.cumsum,
    "DepthToSpace": resampling.depth_to_space,
    "Div": arithmetic.divide,
    "Dropout": shapes.dropout,
    "Einsum": arithmetic.einstein_sum,
    "Equal": shapes.equal,
    "Expand": shapes.expand,
    "Flatten": shapes.flatten,
    "Gather": shapes.gather,
    "Gemm": arithmetic.gemm,
    "GlobalAveragePool": windows.global_average_pool,
    "GlobalMaxPool": windows.global_max_pool,
    "HardSigmoid": arithmetic.hard_sigmoid,
    "Identity": shapes.identity,
    "LeakyRelu": arithmetic.leaky_relu,
    "MatMul": arithmetic.matmul,
    "Max": arithmetic.maximum,
    "MaxPool": windows.max_pool,
    "Mean": arithmetic.mean,
    "Min": arithmetic.minimum,
    "Mul": arithmetic.multiply,
    "Neg": arithmetic.negate,
    "PRelu": arithmetic.prelu,
    "Pad": shapes.pad,
    "Range": shapes.range_,
    "ReduceL1": arithmetic.reduce_l1,
    "ReduceMax": arithmetic.reduce_max,
    "ReduceMean": arithmetic.reduce_mean,
    "ReduceMin": arithmetic.reduce_min,
    "ReduceSum": arithmetic.reduce_sum,
    "Relu": arithmetic.relu,
    "Reshape": shapes.reshape,
    "Resize": resampling.resize,
    "ScatterND": resampling.scatter_nd,
    "Shape": shapes.shape,
    "Shrink": arithmetic.shrink,
    "Size": shapes.size,
    "Slice": shapes.slice_,
    "SpaceToDepth": resampling.space_to_depth,
    "Split": shapes.split,
    "Squeeze": shapes.squeeze,
    "Sub": arithmetic.subtract,
    "Sum": arithmetic.total,
    "ThresholdedRelu": arithmetic.thresholded_relu,
    "Tile": shapes.tile,
    "Transpose": shapes.transpose,
    "Unsqueeze": shapes.unsqueeze,
    "Upsample": resampling.upsample,
    "Where": shapes.where,
}
"""The operators that are read, by their names in ONNX."""

FINAL: dict[str, Callable[[Call], Value | list[Value]]] = {
    "LogSoftmax": arithmetic.final_softmax,
    "Sigmoid": arithmetic.final_sigmoid,
    "Softmax": arithmetic.final_softmax,
}
"""The operators that are left out at the end of a model, where this is asked for."""

_KEEPING = ("Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast", "Dropout")  # entries and their order

LONG_BATCH = 1024
"""A first axis longer than this that may be a batch is first read with one entry, to estimate the work."""

MAX_BATCH_STEPS = 3_000_000
"""Maximum number of steps (`polyrelu.readers.assembly.MAX_TOTAL`) for all samples of a long batch: two seconds."""

_MAX_BITS = math.ceil(MAX_DIGITS * math.log2(10))
_SUBGRAPHS = ("If", "Loop", "Scan", "SequenceMap")
_CURVED = (
    *("Softmax", "LogSoftmax", "Hardmax", "Sigmoid", "Tanh", "Softplus", "Softsign", "Elu", "Selu", "Celu", "Gelu"),
    *("HardSwish", "Swish", "Mish", "Exp", "Log", "Sqrt", "Pow", "Erf", "Sin", "Cos", "Reciprocal"),
    *("ArgMax", "ArgMin", "Round", "Floor", "Ceil", "TopK", "LayerNormalization"),
    *("InstanceNormalization", "LpNormalization", "LRN", "DequantizeLinear", "QuantizeLinear"),
)


def network_of(
    graph: Graph, output: str | None, folder: str | None, restriction: Restriction | None = None
) -> Network:
    """The network of the function from the graph's input to one of its tensors; see `polyrelu.readers.onnx`."""
    target = _target(graph, output)
    order = graph.needed(target)
    names = list({name: None for node in order for name in node.inputs if name in graph.inputs} or [target])
    if names[0] not in graph.inputs and len(graph.inputs) == 1:
        names = list(graph.inputs)  # the output is constant
    if len(names) != 1 or names[0] not in graph.inputs:
        listing = ", ".join(map(describe, names[:5])) if names[0] in graph.inputs else "none of the inputs"
        raise NetworkError(f"the output {describe(target)} depends on {listing}; expected one input")
    name = names[0]
    _check_operators(graph, order, name)
    shape = input_shape(name, graph.inputs[name])
    where = f"the first axis of the input {describe(name)}, of length {shape[0] if shape else 1},"
    samples = shape[0] if len(shape) > 1 else 1

    def evaluated(count: int, part: Restriction | None = None) -> tuple[Assembly, Signal]:
        """The target in its assembly. What it is certainly refused for is found before long work."""

        def composed(outline: Assembly) -> tuple[Assembly, Signal]:
            return _evaluated(graph, target, order, name, outline, folder)

        assembly = Assembly(shape, count, part)
        assembly.before_long_work(lambda: look(lambda outline: composed(outline)[1], shape, count, part))
        try:
            return composed(assembly)
        except RefusalError as refusal:
            raise refusal.error from None

    if restriction is not None:
        if samples > 1:
            raise NetworkError(f"{where} may be a batch, which is not read in a slice: export it with a batch of one")
        assembly, value = evaluated(1, restriction)
        return assembly.finish(value)
    check_widths(graph, order, name, shape, samples)
    if samples > LONG_BATCH:
        _check_long_batch(graph, target, order, name, shape, folder, where)
    try:
        assembly, value = evaluated(samples)
    except LimitError as error:
        if samples == 1:
            raise
        raise LimitError(f"{error} ({where} may be a batch: export the model with a batch of one)") from None
    if samples == 1:
        result = assembly.finish(value)
        varies = len(shape) > 1 and graph.inputs[name].type.tensor_type.shape.dim[0].dim_value < 1
        reduces = any(node.operator.startswith("Reduce") for node in order)  # over the batch, perhaps
        if varies and reduces and _mixes(graph, target, order, name, shape, folder, assembly.sample(value)):
            note = "varies and is taken to have length 1; in a longer batch samples are not treated each by itself"
            return result.noted(f"the first axis of the input {describe(name)} {note}")
        return result
    if value.shape and value.shape[0] % samples == 0 and (network := assembly.sample(value)) is not None:
        note = f"{where} is taken to be a batch: the graph does the same to each of the {samples} samples, by itself"
        return (_alone(graph, target, order, name, shape, folder, network) or network).noted(note)
    if value.shape[:1] == (samples,):
        raise NetworkError(
            f"{where} is as long as that of the output {describe(target)}, but the graph does not act on each of them "
            "alike and by itself, so it is no batch of samples; for a model of one sample export it with a batch of "
            "one or with a first axis that varies, and for one of the whole input with a leading axis of length 1"
        )
    note = f"{where} is taken to be a part of the input, not a batch: the output {describe(target)} has no such axis"
    return assembly.finish(value).noted(note)


def _check_long_batch(
    graph: Graph, target: str, order: list[Node], name: str, shape: tuple[int, ...], folder: str | None, where: str
) -> None:
    """LimitError if the graph takes a batch of one, but the same work for each of the samples is too much.

    A file of a few hundred bytes can declare a long batch, of which only one sample would be kept.
    """
    alone = Assembly((1, *shape[1:]))
    try:
        _evaluated(graph, target, order, name, alone, folder)
    except (InputError, LimitError):
        return
    if (steps := alone.steps * shape[0]) > MAX_BATCH_STEPS:
        raise LimitError(
            f"{where} may be a batch, which takes {steps} steps to read, more than {MAX_BATCH_STEPS}: "
            "export the model with a batch of one"
        )


def _alone(
    graph: Graph, target: str, order: list[Node], name: str, shape: tuple[int, ...], folder: str | None, sample: Network
) -> Network | None:
    """The network of a batch of one, if the graph takes such a batch and the network is `sample`; otherwise None.

    This is the network of the model exported with a batch of one, constant neurons included.
    """
    try:
        assembly, value = _evaluated(graph, target, order, name, Assembly((1, *shape[1:])), folder)
        found = assembly.sample(value)
        return assembly.finish(value) if found == sample else None
    except InputError:
        return None


def _mixes(
    graph: Graph, target: str, order: list[Node], name: str, shape: tuple[int, ...], folder: str | None,
    alone: Network | None,
) -> bool:  # fmt: skip
    """Whether the graph does not apply the function of one sample to each of two; False if it takes only one."""
    try:
        assembly, value = _evaluated(graph, target, order, name, Assembly((2, *shape[1:]), 2), folder)
        return assembly.sample(value) != alone
    except (InputError, LimitError):
        return False


def _evaluated(
    graph: Graph, target: str, order: list[Node], name: str, assembly: Assembly, folder: str | None
) -> tuple[Assembly, Signal]:
    """The target as a function of the input, which is called `name`."""
    assembly.strip = graph.strip
    held = Held if isinstance(assembly, Outline) else Constant
    used = Counter(name for node in order for name in node.inputs)
    used[target] += 1
    values: dict[str, Result] = {name: assembly.input}
    for node in order:
        assembly.place = node.place
        try:
            for name in node.inputs:
                if name in graph.constants and name not in values:
                    values[name] = held(decode(graph.constants[name], name, folder).array, name)
                    assembly.spend(math.prod(values[name].shape) // 10)  # NumPy is at least ten times faster
            inputs = [_found(values, name) if name else None for name in node.inputs]
            assembly.expect(sum(x.array.size for x in inputs if isinstance(x, Constant)))
            results = _applied(Call(node, inputs, assembly, graph.opset, folder))
            if held is Held:
                results = [Held(x.array, x.name) if isinstance(x, Constant) else x for x in results]
            for value in results:
                assembly.spend(math.prod(value.shape))
                _check_numbers(value, inputs)
        except (FileError, LimitError, NetworkError, NumberError) as error:
            if str(error).startswith(node.place):
                raise
            raise type(error)(f"{node.place}: {error}") from None
        # Only the first of several outputs may be read.
        values.update((name, value) for name, value in zip(node.outputs, results, strict=False) if name)
        used.subtract(node.inputs)
        for name in node.inputs:
            if not used[name]:
                values.pop(name, None)
    value = _found(values, target)
    assembly.place = f"output {describe(target)}"
    if isinstance(value, Step):
        raise NetworkError(f"the output {describe(target)} is a comparison, which jumps")
    if isinstance(value, Constant):
        if value.array.dtype == bool:
            raise NetworkError(f"the output {describe(target)} holds booleans")
        value = assembly.constant(value.exact())
    return assembly, assembly.ends(value)


def _target(graph: Graph, output: str | None) -> str:
    """The tensor to read: the one named, or the only output of the graph."""
    names = ", ".join(map(describe, graph.outputs[:5])) + (", ..." if len(graph.outputs) > 5 else "")
    if output is None:
        if len(graph.outputs) != 1:
            raise NetworkError(
                f"the model has the outputs {names or 'none'}; choose one tensor: output='...', or --tensor on the "
                "command line"
            )
        return graph.outputs[0]
    if not isinstance(output, str) or not (output in graph.producers or output in graph.inputs):
        raise NetworkError(f"output: no tensor {describe(output)} is computed; the model's outputs are {names}")
    return output


_PRODUCTS = {"Mul": (0, 1), "MatMul": (0, 1), "Gemm": (0, 1), "Div": (1,)}
"""The inputs of operators that are not affine in them together."""


def _check_operators(graph: Graph, order: list[Node], source: str) -> None:
    """NetworkError for an operator that cannot be read, before the composition, which can take a minute.

    Tensors that do not depend on the model's input are constants.
    """
    dependent = {source}
    steps: set[str] = set()  # comparisons, and what is made of them: a product with one may be read
    for node in order:
        if not _is_read(node, graph.strip):
            raise NetworkError(f"{node.place}: {_refusal(node, graph)}")
        varying = [name in dependent for name in node.inputs]
        if node.operator in FOLDED and any(varying) and node.operator != "Pow":
            raise NetworkError(f"{node.place}: {_refusal(node, graph)}")
        if any(varying) and (node.operator in COMPARISONS or any(name in steps for name in node.inputs)):
            steps.update(filter(None, node.outputs))
        product = [varying[i] for i in _PRODUCTS.get(node.operator, ()) if i < len(varying)]
        if product and all(product) and not any(name in steps for name in (*node.inputs, *node.outputs)):
            kinds = ("quotient by a tensor that depends", "product of two tensors that both depend")
            what = kinds[node.operator != "Div"]
            raise NetworkError(f"{node.place}: a {what} on the network's input is not piecewise linear")
        if any(varying) and node.operator not in ("Shape", "Size"):
            dependent.update(name for name in node.outputs if name)


def _is_read(node: Node, strip: bool) -> bool:
    return node.domain in ("", "ai.onnx") and node.operator in (FINAL | OPERATORS if strip else OPERATORS)


def _found(values: dict[str, Result], name: str) -> Result:
    if name not in values:
        raise NetworkError(f"the tensor {describe(name)} is a further output of an operator, which is not read")
    return values[name]


def _applied(call: Call) -> list[Result]:
    operator = call.node.operator
    final = any(isinstance(value, Monotone) for value in call.inputs)
    if final and operator not in _KEEPING:
        raise NetworkError("acts on a sigmoid or softmax: only a final one is left out")
    result = (FINAL | OPERATORS)[operator](call)
    found = [_settled(call, value) for value in (result if isinstance(result, list) else [result])]
    if final:
        return [x.final() for x in found if isinstance(x, Signal)]
    return found


def _refusal(node: Node, graph: Graph) -> str:
    """Why an operator is not read, and where the model can be cut."""
    if node.domain not in ("", "ai.onnx"):
        reason = (
            f"operators of the domain {describe(node.domain)} are not read, and the model has no function of this name "
            "for its version of the standard operators"
        )
    elif node.operator in _SUBGRAPHS:
        reason = "control flow with subgraphs is not read"
    elif node.operator in _CURVED:
        reason = "is not a continuous piecewise linear function, so it is not read"
        if node.operator in FINAL:
            reason += "; strip=True, or --strip on the command line, leaves out a final one, which keeps the order"
    else:
        reason = "this operator is not read"
    before = [name for name in node.inputs if name in graph.producers and len(name) <= 200]
    if not before:
        return reason
    return f"{reason}; to read the model up to there, pass output={before[0]!r}, or --tensor on the command line"


def _settled(call: Call, value: Result) -> Result:
    """The value, as a constant if all inputs are constants, and of integers if these are of integers."""
    if isinstance(value, Step):
        return value
    given = [item for item in call.inputs if item is not None]
    constants = [item for item in given if isinstance(item, Constant)]
    if isinstance(value, Signal):
        if len(constants) < len(given) or value.layer or any(value.rows):
            return value
        value = call.made(_objects(value.constants, value.shape))
    if value.array.dtype == object and constants and all(item.array.dtype.kind == "i" for item in constants):
        return call.made(_integers(value.array))
    return value


def _objects(numbers: list[Fraction], shape: tuple[int, ...]) -> Array:
    array = np.empty(len(numbers), dtype=object)
    array[:] = numbers
    return array.reshape(shape)


def _integers(array: Array) -> Array:
    numbers = array.ravel().tolist()
    if any(x.denominator != 1 or not -(2**63) <= x < 2**63 for x in numbers):
        raise NetworkError("a result of integers is not an integer of 64 bits")
    return np.array([int(x) for x in numbers], dtype=np.int64).reshape(array.shape)


def _check_numbers(value: Result, inputs: Iterable[Result | None]) -> None:
    """NumberError if a new number is too long, before computing with it becomes slow."""
    if isinstance(value, Step | Outlined):
        return
    if isinstance(value, Constant):
        if value.array.dtype == object:
            _check_digits(value.array.ravel().tolist())
        return
    before = {id(row) for item in inputs if isinstance(item, Signal) for row in item.rows}
    rows = [row for row in value.rows if id(row) not in before]
    _check_digits(chain(value.constants, *(row.values() for row in rows)))


def _check_digits(numbers: Iterable[Fraction | int]) -> None:
    for x in numbers:
        if x.numerator.bit_length() > _MAX_BITS or x.denominator.bit_length() > _MAX_BITS:
            raise NumberError(f"computes a number of more than {MAX_DIGITS} decimal digits")
