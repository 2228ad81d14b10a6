"""ONNX models: every operator against two runtimes, exactly; and files that are wrong or mean harm."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyrelu.errors import (
    FileError,
    InputError,
    LimitError,
    MissingDependencyError,
    NetworkError,
    NumberError,
    PolyreluError,
)
from polyrelu.network.network import Network
from polyrelu.readers import load
from polyrelu.readers.onnx import OPERATORS, from_onnx, read_onnx

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

FLOAT, DOUBLE, INT64 = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64


def tensor(values: Any, name: str, dtype: Any = None) -> Any:
    array = np.asarray(values)
    if dtype is None:
        dtype = np.int64 if array.dtype.kind == "i" else np.bool_ if array.dtype.kind == "b" else np.float32
    return numpy_helper.from_array(array.astype(dtype), name)


def model(
    nodes: list[Any],
    shape: Any = (1, 4),
    constants: dict[str, Any] | None = None,
    *,
    outputs: tuple[str, ...] = ("y",),
    opset: int = 13,
    kind: int = FLOAT,
    more: tuple[Any, ...] = (),
) -> Any:
    """A model with the input x and outputs of unstated shape; constants are arrays, or TensorProtos as they are."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info(name, kind, None) for name in outputs],
        [
            item if isinstance(item, TensorProto) else tensor(item, name, np.float64 if floats(item, kind) else None)
            for name, item in (constants or {}).items()
        ],
    )
    graph.initializer.extend(more)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    made.ir_version = 10
    return made


def floats(item: Any, kind: int) -> bool:
    return kind == DOUBLE and np.asarray(item).dtype.kind == "f"


def node(operator: str, *inputs: str, out: str | list[str] = "y", **attributes: Any) -> Any:
    return helper.make_node(operator, list(inputs), [out] if isinstance(out, str) else out, **attributes)


def dyadic(shape: Any, seed: int, scale: int = 4) -> Any:
    """Multiples of 1 / scale between −3 and 3: sums of products of a few of them are exact in float32."""
    return np.random.default_rng(seed).integers(-3 * scale, 3 * scale + 1, shape) / scale


def values_of(network: Network, x: Any) -> list[Fraction]:
    result = network([Fraction(v) for v in np.asarray(x, dtype=float).ravel().tolist()])
    return list(result) if isinstance(result, tuple) else [result]


def run_both(made: Any, x: Any, reference: bool = True) -> list[Any]:
    """The outputs by ONNX Runtime and, unless it is left out, by the reference evaluator."""
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    session = runtime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])
    x = np.asarray(x, dtype=np.float32)
    found = [session.run(None, {"x": x})[0]]
    return [*found, ReferenceEvaluator(made).run(None, {"x": x})[0]] if reference else found


def whole(made: Any, shape: tuple[int, ...]) -> Any:
    """The model with an input of shape (1, size), which is brought into its own shape first: one sample, all of it."""
    changed = type(made)()
    changed.CopyFrom(made)
    for item in changed.graph.node:
        item.input[:] = ["x_whole" if name == "x" else name for name in item.input]
    changed.graph.node.insert(0, node("Reshape", "x", "x_shape", out="x_whole"))
    changed.graph.initializer.append(tensor(np.array(shape), "x_shape"))
    kind = changed.graph.input[0].type.tensor_type.elem_type
    changed.graph.input[0].CopyFrom(helper.make_tensor_value_info("x", kind, (1, int(np.prod(shape)))))
    return changed


def agree(made: Any, shape: Any, *, exact: bool = True, reference: bool = True) -> Network:
    """Check the network read against the runtimes at random points: to the last bit, or within float error."""
    if isinstance(shape, tuple) and len(shape) > 1 and shape[0] > 1:  # else the first axis might be a batch
        made, shape = whole(made, shape), (1, int(np.prod(shape)))
    network = from_onnx(made)
    for seed in range(4):
        x = dyadic(shape, 100 + seed)
        found = values_of(network, x)
        for expected in run_both(made, x, reference):
            numbers = np.asarray(expected, dtype=float).ravel().tolist()
            if exact:
                assert found == [Fraction(v) for v in numbers]
            else:
                assert np.allclose([float(v) for v in found], numbers, rtol=1e-5, atol=1e-5)
    return network


# --- every operator ---

Case = tuple[str, Any, dict[str, Any], dict[str, Any]]


def case(operator: str, shape: Any, constants: dict[str, Any] | None = None, /, **options: Any) -> Any:
    """The parameters of one test: an operator applied to x and constants (or to `inputs`), `opset`, and attributes.

    With `reference=False` ONNX Runtime alone is asked: the reference evaluator lacks negative pads, the attributes of
    Clip, means in ceil mode (in old releases) and auto_pad with the longer side where it should be, and takes old batch
    normalisations to be training.
    """
    constants = constants or {}
    name = f"{operator}-{options.get('opset', 13)}-{'-'.join(map(str, shape))}-{len(options)}"
    return pytest.param(operator, shape, constants, options, id=name)


W34, IMAGE = dyadic((3, 4), 1), (1, 2, 5, 6)

EXACT_CASES = [
    # products
    case("MatMul", (1, 4), {"w": dyadic((4, 3), 2)}),
    case("MatMul", (4,), {"w": dyadic((4, 3), 2)}),
    case("MatMul", (4,), {"w": dyadic((4,), 2)}),
    case("MatMul", (2, 4), {"w": dyadic((4,), 2)}),
    case("MatMul", (4, 2), {"w": W34}, inputs=["w", "x"]),
    case("MatMul", (4,), {"w": W34}, inputs=["w", "x"]),
    case("MatMul", (4, 2), {"w": dyadic((4,), 2)}, inputs=["w", "x"]),
    case("MatMul", (2, 3, 4), {"w": dyadic((4, 2), 3)}),
    case("MatMul", (3, 4), {"w": dyadic((2, 4, 2), 3)}),
    case("MatMul", (2, 1, 2, 3), {"w": dyadic((2, 3, 2), 3)}),
    case("MatMul", (2, 3, 2), {"w": dyadic((2, 1, 2, 3), 3)}, inputs=["w", "x"]),
    case("MatMul", (4,), {"w": dyadic((2, 4, 3), 3)}),
    case("MatMul", (3, 4), {"w": dyadic((1, 1, 4, 2), 3)}),
    case("Gemm", (1, 4), {"w": dyadic((4, 3), 2), "c": dyadic((3,), 4)}),
    case("Gemm", (1, 4), {"w": W34, "c": dyadic((1, 3), 4)}, transB=1, alpha=0.5, beta=-2.0),
    case("Gemm", (2, 4), {"w": W34, "c": np.float32(1.5)}, transB=1),
    case("Gemm", (4, 2), {"w": dyadic((4, 3), 2), "c": dyadic((2, 1), 4)}, transA=1),
    case("Gemm", (4, 2), {"w": W34, "c": dyadic((3, 2), 4)}, inputs=["w", "x", "c"]),
    case("Gemm", (1, 4), {"w": dyadic((4, 3), 2)}),
    case("Gemm", (2, 2), {"w": dyadic((2, 2), 2)}, inputs=["w", "w", "x"], beta=2.0),
    case("Gemm", (2, 2), {"w": dyadic((2, 2), 2)}, inputs=["x", "w", "x"], beta=2.0),
    # entry by entry
    case("Add", (1, 4), {"c": dyadic((4,), 5)}),
    case("Add", (4,), {"c": dyadic((3, 1), 5)}, inputs=["c", "x"]),
    case("Add", (1, 4), inputs=["x", "x"]),
    case("Sub", (2, 4), {"c": dyadic((2, 1), 5)}),
    case("Sub", (1, 4), {"c": dyadic((2, 1), 5)}, inputs=["c", "x"]),
    case("Sub", (1, 4), inputs=["x", "x"]),
    case("Mul", (1, 4), {"c": dyadic((4,), 5)}),
    case("Mul", (1, 4), {"c": dyadic((3, 1), 5)}, inputs=["c", "x"]),
    case("Div", (1, 4), {"c": np.float32([2, -4, 0.5, 1])}),
    case("Neg", (1, 4)),
    case("Abs", (1, 4)),
    case("Relu", (2, 4)),
    case("Relu", (2, 4), opset=7),
    case("LeakyRelu", (1, 4), alpha=0.25),
    case("PRelu", (1, 4), {"s": np.float32([0.25, -2, 0, 1])}),
    case("PRelu", (1, 2, 3), {"s": np.float32([[0.25], [-2]])}),
    case("PRelu", (1, 2, 3), {"s": np.float32([0.5])}),
    case("Clip", (1, 4), {"low": np.float32(-1), "high": np.float32(1.5)}),
    case("Clip", (1, 4), {"low": np.float32(-1)}),
    case("Clip", (1, 4), {"high": np.float32(0.5)}, inputs=["x", "", "high"]),
    case("Clip", (1, 4), {"low": np.float32("-inf"), "high": np.float32(0.5)}),
    case("Clip", (1, 4)),
    case("Clip", (1, 4), opset=7, reference=False, min=-1.0, max=1.5),
    case("Clip", (1, 4), opset=7, reference=False, max=1.5),
    case("Clip", (1, 4), {"low": np.float32(1), "high": np.float32(0.5)}),
    case("HardSigmoid", (1, 4), alpha=0.25, beta=0.5),
    case("Max", (1, 4), {"c": np.float32([-1, 0, 1, 2])}),
    case("Max", (1, 4), {"c": dyadic((4,), 6), "d": dyadic((4,), 7)}, inputs=["c", "x", "d"]),
    case("Max", (1, 4), {"c": dyadic((3, 1), 6)}),
    case("Max", (1, 4)),
    case("Min", (1, 4), {"c": np.float32([-1, 0, 1, 2])}),
    case("Min", (1, 4), {"c": dyadic((4,), 6), "d": dyadic((3, 1), 7)}, inputs=["c", "d", "x"]),
    case("Sum", (1, 4), {"c": dyadic((4,), 6), "d": dyadic((3, 1), 7)}),
    case("Sum", (1, 4)),
    case("Mean", (1, 4), {"c": dyadic((4,), 6)}),
    # reductions
    case("ReduceSum", (2, 3, 2), {"axes": np.array([0, 2])}),
    case("ReduceSum", (2, 3), {"axes": np.array([-1])}, keepdims=0),
    case("ReduceSum", (2, 3)),
    case("ReduceSum", (2, 3), noop_with_empty_axes=1),
    case("ReduceSum", (2, 3), opset=11, axes=[1]),
    case("ReduceMean", (2, 4), axes=[1]),
    case("ReduceMean", (2, 4), {"axes": np.array([0])}, opset=18, keepdims=0),
    case("ReduceMax", (2, 5), axes=[1]),
    case("ReduceMax", (2, 3), {"axes": np.array([0])}, opset=18),
    case("ReduceMin", (2, 3, 2), axes=[1, 2], keepdims=0),
    # moves
    case("Identity", (2, 2)),
    case("Dropout", (1, 4)),
    case("Dropout", (1, 4), opset=7, ratio=0.5),
    case("Dropout", (1, 4), {"r": np.float32(0.5), "t": np.bool_(False)}),
    case("Cast", (1, 4), to=FLOAT),
    case("Flatten", IMAGE),
    case("Flatten", (2, 3, 2), axis=0),
    case("Flatten", (2, 3, 2), axis=-1, opset=11),
    case("Flatten", (2, 3, 2), axis=3),
    case("Reshape", (1, 6), {"s": np.array([2, -1])}),
    case("Reshape", (1, 2, 3), {"s": np.array([0, 3, 2])}),
    case("Reshape", (1, 1), {"s": np.array([], dtype=np.int64)}),
    case("Transpose", (1, 2, 3)),
    case("Transpose", (1, 2, 3), perm=[0, 2, 1]),
    case("Squeeze", (1, 3, 1)),
    case("Squeeze", (1, 3, 1), {"axes": np.array([-1])}),
    case("Squeeze", (1, 3, 1), opset=11, axes=[0]),
    case("Unsqueeze", (2, 2), {"axes": np.array([0, -1])}),
    case("Unsqueeze", (2, 2), opset=7, axes=[1, 2]),
    case("Concat", (1, 2, 2), {"c": dyadic((1, 1, 2), 8)}, axis=1),
    case("Concat", (1, 2, 2), inputs=["x", "x"], axis=-1),
    case("Slice", (4, 5), {"s": np.array([1, -2]), "e": np.array([3, 100])}),
    case("Slice", (4, 5), {"s": np.array([-1]), "e": np.array([-(2**63)]), "a": np.array([1]), "t": np.array([-2])}),
    case("Slice", (4, 5), opset=7, axes=[1], starts=[0], ends=[-1]),
    case("Slice", (4, 5), opset=7, starts=[1], ends=[2**31]),
    case("Gather", (3, 4), {"i": np.array([[0, -1], [1, 1]])}, axis=1),
    case("Gather", (3, 4), {"i": np.array(2)}),
    case("Expand", (2, 1), {"s": np.array([3, 1, 2])}),
    case("Expand", (2, 2), {"s": np.array([1])}),
    case("Tile", (1, 2), {"r": np.array([2, 3])}),
    case("Pad", (1, 3), {"p": np.array([0, 1, 2, 0])}),
    case("Pad", (1, 3), {"p": np.array([0, 1, 0, 2]), "v": np.float32(1.5)}),
    case("Pad", (1, 4), {"p": np.array([0, 2, 0, 1])}, mode="reflect"),
    case("Pad", (1, 4), {"p": np.array([0, 2, 0, 3])}, mode="edge"),
    case("Pad", (2, 4), {"p": np.array([0, -1, 1, 2])}, reference=False),
    case("Pad", (2, 4), {"p": np.array([1, 2]), "v": np.float32(0), "a": np.array([-1])}, opset=18),
    case("Pad", (1, 3), opset=7, pads=[0, 1, 0, 2], value=0.5),
    case("Where", (1, 4), {"t": np.arange(4) > 1, "c": np.float32([[1], [2]])}, inputs=["t", "x", "c"]),
    # windows
    case("Conv", IMAGE, {"w": dyadic((3, 2, 3, 2), 9, 2), "b": dyadic((3,), 10)}),
    case("Conv", IMAGE, {"w": dyadic((3, 2, 3, 3), 9, 2)}, pads=[1, 0, 2, 1], strides=[2, 1], kernel_shape=[3, 3]),
    case("Conv", IMAGE, {"w": dyadic((4, 1, 2, 2), 9, 2)}, group=2, dilations=[2, 1]),
    case("Conv", IMAGE, {"w": dyadic((2, 2, 3, 2), 9, 2)}, auto_pad="SAME_UPPER", strides=[2, 2], reference=False),
    case("Conv", IMAGE, {"w": dyadic((2, 2, 2, 4), 9, 2)}, auto_pad="SAME_LOWER", reference=False),
    case("Conv", IMAGE, {"w": dyadic((2, 2, 3, 3), 9, 2)}, auto_pad="VALID", reference=False),
    case("Conv", (1, 2, 7), {"w": dyadic((3, 2, 3), 9, 2), "b": dyadic((3,), 10)}, pads=[1, 1], strides=[2]),
    case("Conv", (1, 1, 2, 3, 3), {"w": dyadic((2, 1, 2, 2, 2), 9, 2)}),
    case("MaxPool", IMAGE, kernel_shape=[2, 2]),
    case("MaxPool", IMAGE, kernel_shape=[3, 2], strides=[2, 1], pads=[1, 1, 1, 0]),
    case("MaxPool", IMAGE, kernel_shape=[2, 3], strides=[2, 2], ceil_mode=1),
    case("MaxPool", IMAGE, kernel_shape=[2, 2], dilations=[2, 2]),
    case("MaxPool", IMAGE, kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER", reference=False),
    case("MaxPool", (1, 1, 6), kernel_shape=[3], opset=8),
    case("AveragePool", IMAGE, kernel_shape=[2, 2]),
    case("AveragePool", IMAGE, kernel_shape=[2, 4], strides=[1, 2], pads=[1, 1, 1, 1], count_include_pad=1),
    case("AveragePool", IMAGE, kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 1, 1]),
    case("AveragePool", (1, 2, 6), kernel_shape=[2], opset=7),
    case("GlobalAveragePool", (1, 2, 2, 4)),
    case("GlobalMaxPool", (1, 2, 2, 3)),
]  # fmt: skip


def single(operator: str, shape: Any, constants: dict[str, Any], options: dict[str, Any]) -> Any:
    attributes = {key: value for key, value in options.items() if key not in ("opset", "inputs", "reference")}
    inputs = options.get("inputs", ["x", *constants])
    return model([node(operator, *inputs, **attributes)], shape, constants, opset=options.get("opset", 13))


@pytest.mark.parametrize(("operator", "shape", "constants", "options"), EXACT_CASES)
def test_operator_exactly(operator: str, shape: Any, constants: dict[str, Any], options: dict[str, Any]) -> None:
    agree(single(operator, shape, constants, options), shape, reference=options.get("reference", True))


CLOSE_CASES = [
    case("Div", (1, 4), {"c": np.float32([3, -7, 0.1, 1e-3])}),
    case("LeakyRelu", (1, 4)),
    case("HardSigmoid", (1, 4)),
    case("Mean", (1, 4), {"c": dyadic((4,), 6), "d": dyadic((4,), 7)}),
    case("ReduceMean", (2, 3), keepdims=0),
    case("AveragePool", IMAGE, kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    case("AveragePool", IMAGE, kernel_shape=[3, 2], strides=[2, 3], ceil_mode=1, reference=False),
    case("GlobalAveragePool", (1, 2, 3, 3)),
    case("BatchNormalization", (1, 2, 3), {
        "s": np.float32([0.7, -1.3]), "b": np.float32([0.1, 0.2]), "m": np.float32([1, -2]), "v": np.float32([2, 0.3]),
    }, opset=15),
    case("BatchNormalization", (2, 2), {
        "s": np.float32([0.7, -1.3]), "b": np.float32([0.1, 0.2]), "m": np.float32([1, -2]), "v": np.float32([2, 0.3]),
    }, opset=9, reference=False, epsilon=0.01, momentum=0.5),
]  # fmt: skip


@pytest.mark.parametrize(("operator", "shape", "constants", "options"), CLOSE_CASES)
def test_operator_within_float_error(operator: str, shape: Any, constants: Any, options: dict[str, Any]) -> None:
    agree(single(operator, shape, constants, options), shape, exact=False, reference=options.get("reference", True))


def test_every_operator_is_tested() -> None:
    tested = {case.values[0] for case in [*EXACT_CASES, *CLOSE_CASES]}
    elsewhere = {"Constant", "ConstantOfShape", "Equal", "Range", "Shape", "Size", "Split"}
    assert set(OPERATORS) == tested | elsewhere


def test_numbers_that_are_not_dyadic_are_exact() -> None:
    made = model([node("Div", "x", "c")], constants={"c": np.float32([3, 1, 0.1, 1])})
    assert values_of(from_onnx(made), [1, 1, 1, 1]) == [Fraction(1, 3), 1, 1 / Fraction(float(np.float32(0.1))), 1]
    made = model([node("AveragePool", "x", kernel_shape=[3])], (1, 1, 3))
    assert from_onnx(made).weights == (((Fraction(1, 3),) * 3,),)
    slope = Fraction(float(np.float32(0.01)))
    assert from_onnx(model([node("LeakyRelu", "x")])).slopes == ((slope,) * 4,)
    # Constants are computed with exactly: in float32 this sum is 0.
    nodes = [node("Add", "big", "small", out="s"), node("Sub", "s", "big", out="c"), node("Add", "x", "c")]
    made = model(nodes, constants={"big": np.float32(2**30), "small": np.float32(0.5)})
    assert values_of(from_onnx(made), [0] * 4) == [Fraction(1, 2)] * 4


def test_batch_normalisation_scales_by_one_double() -> None:
    parameters = {"s": np.float32([0.7]), "b": np.float32([0.1]), "m": np.float32([1]), "v": np.float32([2])}
    made = model([node("BatchNormalization", "x", *parameters)], (1, 1, 3), parameters)
    (network,) = (from_onnx(made),)
    factor = float(parameters["s"][0]) / (float(parameters["v"][0]) + float(np.float32(1e-5))) ** 0.5
    assert abs(network.weights[0][0][0] - Fraction(factor)) <= Fraction(factor) / 2**51
    assert network.biases[0][0] == Fraction(float(np.float32(0.1))) - network.weights[0][0][0]


# --- shapes, constants and several outputs ---


@pytest.mark.parametrize(
    ("attributes", "lengths", "opset", "outputs"),
    [
        ({}, None, 13, 2),
        ({}, [1, 5], 13, 2),
        ({"split": [4, 2]}, None, 11, 2),
        ({"num_outputs": 4}, None, 18, 4),
        ({"num_outputs": 3}, None, 18, 3),
    ],
)
def test_split(attributes: dict[str, Any], lengths: Any, opset: int, outputs: int) -> None:
    names = [f"p{k}" for k in range(outputs)]
    constants = {} if lengths is None else {"s": np.array(lengths)}
    split = node("Split", "x", *constants, out=names, axis=-1, **attributes)
    made = model([split, node("Concat", *reversed(names), axis=1)], (1, 6), constants, opset=opset)
    agree(made, (1, 6))


def test_shape_computations_are_folded() -> None:
    """What exporters write for x.view(x.shape[0], -1): Shape, Gather, Unsqueeze, Concat, and integer arithmetic."""
    constants = {"zero": np.array(0), "one": np.array(1), "two": np.array(2), "minus": np.array([-1])}
    constants |= {"axes": np.array([0]), "ones": np.array([1, 1])}
    nodes = [
        node("Shape", "x", out="shape"),
        node("Gather", "shape", "two", out="six"),
        node("Div", "six", "two", out="three"),
        node("Cast", "three", out="three_f", to=FLOAT),
        node("Cast", "three_f", out="three_i", to=INT64),
        node("Unsqueeze", "three_i", "axes", out="list"),
        node("Concat", "minus", "list", out="target", axis=0),
        node("Equal", "target", "minus", out="same"),
        node("Where", "same", "ones", "target", out="one_three"),
        node("Reshape", "x", "target", out="r"),  # (4, 3)
        node("Range", "zero", "three_i", "one", out="range"),
        node("Gather", "r", "range", out="g", axis=1),
        node("ConstantOfShape", "list", out="filler", value=helper.make_tensor("v", FLOAT, [1], [0.5])),
        node("Add", "g", "filler", out="h"),
        node("Expand", "h", "one_three", out="e"),
        node("Size", "x", out="size"),
        node("Slice", "shape", "axes", "minus", out="start"),
        node("ReduceSum", "start", out="sum", keepdims=0),
        node("Sub", "size", "sum", out="nine"),
        node("Cast", "nine", out="nine_f", to=FLOAT),
        node("Mul", "e", "nine_f"),
    ]
    network = agree(model(nodes, (1, 2, 6), constants), (1, 2, 6))
    assert network == Network([[[9 * (i == j) for j in range(12)] for i in range(12)]], [["9/2"] * 12])


def test_integer_division_truncates() -> None:
    constants = {"p": np.array([7, -7, 7, -7]), "q": np.array([2, 2, -2, -2])}
    nodes = [node("Div", "p", "q", out="d"), node("Cast", "d", out="f", to=FLOAT), node("Add", "x", "f")]
    network = agree(model(nodes, constants=constants), (1, 4))
    assert network.biases == ((3, -3, -3, 3),)


@pytest.mark.parametrize(
    "attributes",
    [
        {"value": helper.make_tensor("t", FLOAT, [2, 2], [1, 2, 3, 4])},
        {"value_float": 0.5},
        {"value_floats": [0.5, 1.5]},
    ],
)
def test_constant_nodes(attributes: dict[str, Any]) -> None:
    agree(model([node("Constant", out="c", **attributes), node("Add", "x", "c")], (2, 2)), (2, 2))


def test_operators_on_constants() -> None:
    """Weights that the graph computes from others: all of it is folded."""
    constants = {"a": dyadic((2, 3), 1), "b": dyadic((3, 4), 2), "c": dyadic((4,), 3), "k": np.array([[1, 0], [0, 1]])}
    nodes = [
        node("MatMul", "a", "b", out="ab"),
        node("Relu", "ab", out="r"),
        node("Abs", "c", out="d"),
        node("Max", "r", "d", out="m"),
        node("Neg", "m", out="n"),
        node("Transpose", "n", out="t"),
        node("ReduceSum", "t", out="s"),
        node("Cast", "k", out="kf", to=FLOAT),
        node("MatMul", "t", "kf", out="w"),
        node("MatMul", "x", "w", out="y0"),
        node("Add", "y0", "s"),
    ]
    network = agree(model(nodes, constants=constants), (1, 4))
    assert network.architecture == (4, 2)


@pytest.mark.parametrize("operator", ["Concat", "Where"])
def test_stored_and_computed_constants_stand_side_by_side(operator: str) -> None:
    constants = {"a": np.float32([0.5, 0.25]), "b": np.float32([3, 0.1]), "t": np.array([True, False])}
    join = node("Concat", "a", "c", out="d", axis=0) if operator == "Concat" else node("Where", "t", "a", "c", out="d")
    size = 4 if operator == "Concat" else 2
    made = model([node("Mul", "a", "b", out="c"), join, node("Add", "x", "d")], (1, size), constants)
    tenth = Fraction(float(np.float32(0.1))) / 4
    expected = (Fraction(1, 2), Fraction(1, 4), Fraction(3, 2), tenth) if size == 4 else (Fraction(1, 2), tenth)
    assert from_onnx(made).biases == (expected,)


def test_products_over_empty_axes() -> None:
    constants = {"s": np.array([0]), "e": np.array([0]), "ax": np.array([1]), "w": np.zeros((0, 3))}
    cut = node("Slice", "x", "s", "e", "ax", out="c")
    for matrices in (np.zeros((0, 3)), np.zeros((2, 0, 3))):
        made = model([cut, node("MatMul", "c", "w")], constants={**constants, "w": matrices})
        assert not any(agree(made, (1, 4), reference=False)([1, 2, 3, 4]))


@pytest.mark.parametrize("operator", ["Conv", "AveragePool"])
def test_windows_over_the_padding_of_nothing(operator: str) -> None:
    constants = {"s": np.array([0]), "e": np.array([0]), "ax": np.array([2]), "w": np.ones((1, 1, 1))}
    inputs, options = (["w"], {}) if operator == "Conv" else ([], {"kernel_shape": [1], "count_include_pad": 1})
    window = node(operator, "c", *inputs, pads=[1, 1], **options)
    made = model([node("Slice", "x", "s", "e", "ax", out="c"), window], (1, 1, 4), constants)
    assert from_onnx(made)([1, 2, 3, 4]) == (0, 0)


def test_residual_connections() -> None:
    constants = {"w1": dyadic((3, 3), 1, 1), "w2": dyadic((3, 3), 2, 1), "b": dyadic((3,), 3)}
    nodes = [
        node("MatMul", "x", "w1", out="a"),
        node("Relu", "a", out="r"),
        node("MatMul", "r", "w2", out="s"),
        node("Add", "s", "x", out="t"),
        node("Relu", "t", out="u"),
        node("Sub", "u", "a", out="v"),
        node("Max", "v", "x", "b"),
    ]
    network = agree(model(nodes, (1, 3), constants), (1, 3))
    assert network.depth == 4


def test_the_name_of_the_tensor_to_read() -> None:
    nodes = [
        node("MatMul", "x", "w", out="logits", name="last"),
        node("Softmax", "logits", out="p"),
        node("Relu", "logits"),
    ]
    made = model(nodes, constants={"w": dyadic((4, 3), 1)}, outputs=("p", "y"))
    with pytest.raises(NetworkError, match=r"has the outputs 'p', 'y'; choose one tensor: output="):
        from_onnx(made)
    assert from_onnx(made, "logits").architecture == (4, 3)
    assert from_onnx(made, "y").architecture == (4, 3, 3)
    assert from_onnx(made, "x") == Network([np.eye(4)], [[0] * 4])
    with pytest.raises(NetworkError, match=r"node 2 \(Softmax\): is not a continuous.*pass output='logits'"):
        from_onnx(made, "p")
    for wrong in ("w", "nothing", "", 3):
        with pytest.raises(NetworkError, match=r"output: no tensor .* is computed"):
            from_onnx(made, wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [("batch", 4), (None, 4), (0, 4), (-1, 4), (1, 4)])
def test_dynamic_batch(shape: Any) -> None:
    assert from_onnx(model([node("Relu", "x")], shape)).architecture == (4, 4, 4)


@pytest.mark.parametrize(
    ("shape", "kind", "message"),
    [
        ((1, "n"), FLOAT, "axis 1 has no fixed length"),
        (("n",), FLOAT, "axis 0 has no fixed length"),
        (None, FLOAT, "declares no shape"),
        ((1, 4), INT64, "elements of type INT64"),
        ((1,) * 40, FLOAT, "has 40 axes; at most 32 are read"),
    ],
)
def test_inputs_that_are_no_points(shape: Any, kind: int, message: str) -> None:
    with pytest.raises(NetworkError, match=f"input 'x': .*{message}"):
        from_onnx(model([node("Relu", "x")], shape, kind=kind))


# --- numbers ---

HALF = np.array([[0.1, -3, 6e-8, 65504]])


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("kind", ["FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16"])
def test_element_types(kind: str, raw: bool) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    numpy_types = {"FLOAT": np.float32, "DOUBLE": np.float64, "FLOAT16": np.float16, "BFLOAT16": ml_dtypes.bfloat16}
    array = HALF.astype(numpy_types[kind])
    proto = TensorProto(name="w", data_type=TensorProto.DataType.Value(kind), dims=array.shape)
    if raw:
        proto.raw_data = array.tobytes()
    elif kind.endswith("16"):
        proto.int32_data.extend(array.view(np.uint16).ravel().tolist())
    else:
        getattr(proto, f"{kind.lower()}_data").extend(array.ravel().tolist())
    network = from_onnx(model([node("Mul", "x", "w")], constants={"w": proto}))
    assert network((1, 1, 1, 1)) == tuple(Fraction(float(v)) for v in array.ravel())


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64])
@pytest.mark.parametrize("raw", [True, False])
def test_integer_types(kind: Any, raw: bool) -> None:
    numbers = [np.iinfo(kind).min, 0, 1, min(np.iinfo(kind).max, 2**63 - 1)]
    proto = tensor(np.array(numbers, dtype=kind), "w", kind)
    if not raw:
        proto = helper.make_tensor("w", proto.data_type, [4], numbers)
        assert not proto.raw_data
    nodes = [node("Cast", "w", out="f", to=DOUBLE), node("Add", "x", "f")]
    network = from_onnx(model(nodes, constants={"w": proto}, kind=DOUBLE))
    assert network((0, 0, 0, 0)) == tuple(Fraction(float(n)) for n in numbers)


def test_casts_of_constants_round_as_their_type_says() -> None:
    constants = {"c": tensor([0.1, 1 / 3, 2.0, -7.7], "c", np.float64)}
    for code, kind in ((FLOAT, np.float32), (TensorProto.FLOAT16, np.float16), (INT64, np.int64)):
        nodes = [node("Cast", "c", out="d", to=code), node("Cast", "d", out="e", to=FLOAT), node("Add", "x", "e")]
        expected = np.array([0.1, 1 / 3, 2.0, -7.7]).astype(kind).astype(np.float32)
        assert values_of(from_onnx(model(nodes, constants=constants)), [0] * 4) == [
            Fraction(float(v)) for v in expected
        ]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite(bad: float) -> None:
    weight = np.ones((4, 3), dtype=np.float32)
    weight[2, 1] = bad
    made = model([node("MatMul", "x", "fc.weight")], constants={"fc.weight": weight})
    with pytest.raises(NumberError, match=r"node 1 \(MatMul\): tensor 'fc.weight', entry \[2, 1\]: (nan|-?inf) is not"):
        from_onnx(made)


def test_numbers_that_grow_without_end() -> None:
    nodes = [node("Mul", f"c{k}", f"c{k}", out=f"c{k + 1}") for k in range(60)]
    made = model([*nodes, node("Mul", "x", "c60")], constants={"c0": np.float32(0.1)})
    with pytest.raises(NumberError, match=r"node \d+ \(Mul\): computes a number of more than 4000 decimal digits"):
        from_onnx(made)
    nodes = [node("Mul", f"x{k}" if k else "x", "c", out=f"x{k + 1}") for k in range(3000)]
    with pytest.raises(NumberError, match="more than 4000 decimal digits"):
        from_onnx(model(nodes, constants={"c": np.float32(0.1)}, outputs=("x3000",)))


# --- whole networks ---


def acas_xu(widths: tuple[int, ...] = (5, 50, 50, 50, 50, 50, 50, 5)) -> Any:
    """A model of the form of the ACAS Xu networks of VNN-COMP, with random weights."""
    rng = np.random.default_rng(7)
    constants: dict[str, Any] = {"mean": rng.normal(size=(1, 1, 1, 5)).astype(np.float32)}
    nodes = [node("Sub", "x", "mean", out="centred"), node("Flatten", "centred", out="h0")]
    for k, (n, m) in enumerate(pairwise(widths)):
        constants[f"W{k}"] = (rng.normal(size=(n, m)) / n**0.5).astype(np.float32)
        constants[f"B{k}"] = rng.normal(size=m).astype(np.float32)
        nodes += [node("MatMul", f"h{k}", f"W{k}", out=f"m{k}"), node("Add", f"m{k}", f"B{k}", out=f"a{k}")]
        if k < len(widths) - 2:
            nodes.append(node("Relu", f"a{k}", out=f"h{k + 1}"))
    made = model(nodes, (1, 1, 1, 5), constants, outputs=(f"a{len(widths) - 2}",), opset=8)
    made.ir_version = 3
    made.graph.input.extend(
        helper.make_tensor_value_info(item.name, FLOAT, item.dims) for item in made.graph.initializer
    )
    return made


def test_acas_xu() -> None:
    made = acas_xu()
    start = time.perf_counter()
    network = from_onnx(made)
    assert time.perf_counter() - start < 5
    assert network.architecture == (5, 50, 50, 50, 50, 50, 50, 5)
    parts = {item.name: numpy_helper.to_array(item).astype(float) for item in made.graph.initializer}
    weights = [parts[f"W{k}"].T for k in range(7)]
    mean = [Fraction(v) for v in parts["mean"].ravel().tolist()]
    shift = [sum(Fraction(w) * m for w, m in zip(row, mean, strict=True)) for row in weights[0].tolist()]
    biases = [[Fraction(b) for b in parts[f"B{k}"].tolist()] for k in range(7)]
    biases[0] = [b - s for b, s in zip(biases[0], shift, strict=True)]
    assert network == Network(weights, biases)
    x = np.random.default_rng(0).normal(size=(1, 1, 1, 5)).astype(np.float32)
    for expected in run_both(made, x):
        assert np.allclose([float(v) for v in values_of(network, x)], expected.ravel(), rtol=1e-4, atol=1e-4)


Shape = tuple[int, ...]


def step(kind: str, source: str, shape: Shape, out: str, partner: str, seed: int) -> tuple[Any, Shape, list[Any]]:
    """A node of the kind from `source` to `out`, the shape it makes, and its constants, named `out`_0, `out`_1, ..."""
    small, flat = dyadic(shape[1:], seed, 2), int(np.prod(shape))
    unary: dict[str, tuple[dict[str, Any], Shape]] = {
        "Relu": ({}, shape),
        "LeakyRelu": ({"alpha": 0.5}, shape),
        "Abs": ({}, shape),
        "Flatten": ({}, (1, flat)),
        "Transpose": ({"perm": [0, 1, 3, 2]}, (*shape[:2], *shape[:1:-1])),
        "MaxPool": ({"kernel_shape": [2, 2]}, (*shape[:2], *(n - 1 for n in shape[2:]))),
        "AveragePool": ({"kernel_shape": [2, 2]}, (*shape[:2], *(n - 1 for n in shape[2:]))),
    }
    with_constants: dict[str, tuple[dict[str, Any], Shape, list[Any]]] = {
        "Add": ({}, shape, [small]),
        "Mul": ({}, shape, [small]),
        "Clip": ({}, shape, [np.float64(-1), np.float64(2)]),
        "Slice": ({}, shape, [np.array([n]) for n in (-1, -(2**40), 1, -1)]),
        "MatMul": ({}, (1, 3), [dyadic((flat, 3), seed, 1)]),
        "Reshape": ({}, (1, flat, 1, 1), [np.array([1, -1, 1, 1])]),
        "Conv": ({"pads": [1, 0, 0, 1]}, (1, 2, *shape[2:]), [dyadic((2, shape[1], 2, 2), seed, 1)]),
    }
    if kind in unary:
        attributes, made = unary[kind]
        return node(kind, source, out=out, **attributes), made, []
    if kind in with_constants:
        attributes, made, constants = with_constants[kind]
        names = [f"{out}_{k}" for k in range(len(constants))]
        return node(kind, source, *names, out=out, **attributes), made, constants
    if kind == "Concat":
        return node(kind, source, source, out=out, axis=1), (1, 2 * shape[1], *shape[2:]), []
    if kind == "skip":
        return node("Sub", source, partner, out=out), shape, []
    return node("Max", source, partner, out=out), shape, []


@st.composite
def chains(draw: st.DrawFn) -> tuple[Any, Shape]:
    """Models of a few random operators with small dyadic constants, so that doubles compute them exactly."""
    start = (1, draw(st.integers(1, 3)), draw(st.integers(2, 4)), draw(st.integers(2, 4)))
    seen: list[tuple[str, Shape]] = [("x", start)]
    nodes, constants = [], {}
    for k in range(draw(st.integers(1, 7))):
        source, shape = seen[-1]
        kinds = ["Relu", "LeakyRelu", "Abs", "Flatten", "Add", "Mul", "Clip", "Slice", "Concat", "skip", "maximum"]
        kinds += ["MatMul", "Reshape"] if len(shape) == 2 else ["Transpose", "Conv"]
        if len(shape) == 4 and min(shape[2:]) >= 2:
            kinds += ["MaxPool", "AveragePool"]
        kind = draw(st.sampled_from(kinds))
        partner = draw(st.sampled_from([name for name, other in seen if other == shape]))
        made, shape, fixed = step(kind, source, shape, f"t{k}", partner, draw(st.integers(0, 10**6)))
        nodes.append(made)
        constants.update({f"t{k}_{i}": values for i, values in enumerate(fixed)})
        seen.append((f"t{k}", shape))
    return model(nodes, start, constants, outputs=(seen[-1][0],), kind=DOUBLE), start


@given(chain=chains(), seed=st.integers(0, 100))
@settings(max_examples=60, deadline=None)
def test_chains_of_operators_are_computed_exactly(chain: tuple[Any, Shape], seed: int) -> None:
    made, shape = chain
    x = dyadic(shape, seed, 2)
    (expected,) = ReferenceEvaluator(made).run(None, {"x": x})
    assert values_of(from_onnx(made), x) == [Fraction(v) for v in expected.ravel().tolist()]


@st.composite
def windows(draw: st.DrawFn) -> tuple[Any, Shape]:
    """A convolution or pooling with a window of any form."""
    d, operator = draw(st.integers(1, 2)), draw(st.sampled_from(["Conv", "MaxPool", "AveragePool"]))
    shape = (1, 2, *(draw(st.integers(2, 7)) for _ in range(d)))
    kernel = [draw(st.integers(1, min(4, n))) for n in shape[2:]]
    opset = draw(st.sampled_from([11, 13, 19, 22]))
    attributes: dict[str, Any] = {"kernel_shape": kernel, "strides": [draw(st.integers(1, 3)) for _ in range(d)]}
    if draw(st.booleans()):
        attributes["pads"] = [draw(st.integers(0, kernel[i % d] - 1)) for i in range(2 * d)]
        if operator != "AveragePool" or opset >= 19:
            attributes["dilations"] = [draw(st.integers(1, 2)) for _ in range(d)]
    elif draw(st.booleans()):
        attributes["auto_pad"] = draw(st.sampled_from(["SAME_UPPER", "SAME_LOWER", "VALID"]))
    if operator != "Conv":
        attributes["ceil_mode"] = draw(st.integers(0, 1))
    if operator == "AveragePool":
        attributes["count_include_pad"] = draw(st.integers(0, 1))
    constants = {"w": dyadic((2, 2, *kernel), draw(st.integers(0, 99)), 2)} if operator == "Conv" else {}
    return model([node(operator, "x", *constants, **attributes)], shape, constants, opset=opset), shape


@given(window=windows(), seed=st.integers(0, 100))
@settings(max_examples=150, deadline=None)
def test_windows_of_any_form(window: tuple[Any, Shape], seed: int) -> None:
    made, shape = window
    x = dyadic(shape, seed)
    try:
        found = [float(v) for v in values_of(from_onnx(made), x)]
    except NetworkError as error:  # a dilated window may not fit, where the runtime returns nothing or nonsense
        assert re.search("larger than the padded value|with a stride beyond the window is read differently", str(error))
        return
    (expected,) = run_both(made, x, reference=False)
    assert len(found) == expected.size and np.allclose(found, expected.ravel(), rtol=1e-5, atol=1e-5)


# --- what is refused ---


def refused(made: Any, error: type[PolyreluError], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        from_onnx(made)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "operator", ["Softmax", "Sigmoid", "Tanh", "LogSoftmax", "ArgMax", "Exp", "Erf", "Softplus", "Elu", "Floor", "TopK"]
)
def test_functions_that_are_not_piecewise_linear(operator: str) -> None:
    nodes = [node("MatMul", "x", "w", out="logits"), node(operator, "logits", name="head")]
    message = rf"node 2 'head' \({operator}\): is not a continuous piecewise linear .*, pass output='logits'"
    made = model(nodes, constants={"w": dyadic((4, 3), 1), "k": np.array([1])})
    if operator == "TopK":
        made.graph.node[1].input.append("k")
    refused(made, NetworkError, message)
    assert from_onnx(made, output="logits").architecture == (4, 3)


def test_control_flow_and_other_domains() -> None:
    branch = helper.make_graph([node("Constant", out="b", value_float=1.0)], "g", [], [])
    flow = node("If", "c", then_branch=branch, else_branch=branch)
    refused(model([flow, node("Add", "x", "y", out="z")], constants={"c": np.bool_(True)}, outputs=("z",)),
            NetworkError, r"node 1 \(If\): control flow with subgraphs is not read")  # fmt: skip
    custom = helper.make_node("Relu", ["x"], ["y"], domain="com.example")
    refused(model([custom]), NetworkError, r"node 1 \(Relu\): operators of the domain 'com.example' are not read")
    refused(model([node("Rellu", "x")]), NetworkError, r"node 1 \(Rellu\): this operator is not read")
    nodes = [node("Relu", "x", out="h"), node("Einsum", "h", equation="ij->ji")]
    refused(model(nodes), NetworkError, r"this operator is not read; .*pass output='h'")
    refused(model([helper.make_node("Re\nlu" * 50, ["x"], ["y"])]), NetworkError, "this operator is not read")


C = {"w": dyadic((4, 3), 1), "v": dyadic((4,), 2), "i": np.array([1]), "z": np.float32([1, 0, 2, 3])}
NODES: list[tuple[list[Any], str]] = [
    ([node("Mul", "x", "x")], "a product of two tensors"),
    ([node("MatMul", "x", "x")], "a product of|have no product"),
    ([node("Div", "v", "x")], "a quotient by a tensor"),
    ([node("Div", "x", "z")], "divides by zero .tensor 'z'"),
    ([node("MatMul", "x", "v2")], r"node 1 \(MatMul\): the tensor 'v2' is not defined anywhere"),
    ([node("MatMul", "w", "x")], "shapes 4 × 3 and 1 × 4 have no product"),
    ([node("Gemm", "x", "w", "v")], "shapes|its input 3 has shape"),
    ([node("Gemm", "x", "v")], "its input 2 has shape 4; expected a matrix"),
    ([node("Gemm", "x", "w", transB=1)], "have no product"),
    ([node("Gemm", "x", "w", transC=1)], "has no attribute 'transC' in version 13"),
    ([node("Gemm", "x", "w", alpha=1)], "the attribute 'alpha' is of the wrong kind"),
    ([node("Gemm", "x")], "has 1 inputs; expected 2 or more"),
    ([node("Gemm", "x", "")], "its input 2 is missing"),
    ([node("Relu", "x", "x")], "has 2 inputs; expected 1"),
    ([node("Transpose", "x", perm=[0, 0])], "does not act on a value of shape 1 × 4"),
    ([node("Transpose", "x", perm=[0, 7])], "does not act on a value of shape"),
    ([node("Reshape", "x", "i3")], "1 × 4 cannot be reshaped to 3"),
    ([node("Reshape", "x", "v")], "its shape 'v': expected a vector of integers"),
    ([node("Reshape", "x", "minus")], "has a negative length"),
    ([node("Reshape", "x", "wild")], "cannot be reshaped to -1 × -1"),
    ([node("Reshape", "x", "x")], "its input 2, 'x', depends on the network's input; expected a constant"),
    ([node("Cast", "x", to=INT64)], "a conversion to INT64 rounds"),
    ([node("Cast", "x", to=12345)], "a conversion to number 12345"),
    ([node("Cast", "x")], "the attribute 'to' is missing"),
    ([node("Concat", "x", "v", axis=0)], "cannot be joined along axis 0"),
    ([node("Concat", "x", "x", axis=5)], "there is no axis 5 in a value with 2 axes"),
    ([node("Gather", "x", "i9", axis=1)], "does not act on a value"),
    ([node("Squeeze", "x", "i")], "are not all of length 1"),
    ([node("Unsqueeze", "x", "i9")], "there is no axis 9"),
    ([node("Split", "x", out=["y", "b", "c"], axis=1)], "cannot be split into 3 equal parts"),
    ([node("Split", "x", "i", out=["y", "b"], axis=1)], "cannot be split into the lengths"),
    ([node("Slice", "x", "i", "i", "i", "zero")], "steps"),
    ([node("Slice", "x", "i", "two")], "as many starts, ends"),
    ([node("Tile", "x", "i")], "the repeats .* do not fit"),
    ([node("Pad", "x", "i")], "the pads .* do not fit"),
    ([node("Conv", "x", "w")], "expected a stride and a dilation"),
    ([node("Conv", "x", "kernel")], "a weight of shape 1 × 1 × 2 does not act"),
    ([node("Unsqueeze", "x", "i", out="c"), node("Conv", "c", "kernel", strides=[0])], "expected a stride"),
    ([node("Unsqueeze", "x", "i", out="c"), node("Conv", "c", "kernel", pads=[1])], "two pads for each axis"),
    ([node("Unsqueeze", "x", "i", out="c"), node("Conv", "c", "kernel", kernel_shape=[3])], "its kernel_shape is not"),
    ([node("Unsqueeze", "x", "i", out="c"), node("Conv", "c", "kernel", auto_pad="BIG")], "there is no auto_pad 'BIG'"),
    ([node("Unsqueeze", "x", "i", out="c"), node("Conv", "c", "kernel", group=2)], "in 2 groups does not act"),
    ([node("Unsqueeze", "x", "i", out="c"), node("Conv", "c", "kernel", group=0)], "in 0 groups does not act"),
    ([node("Unsqueeze", "x", "i", out="c"), node("MaxPool", "c", kernel_shape=[9])], "larger than the padded"),
    ([node("Unsqueeze", "x", "i", out="c"), node("MaxPool", "c", kernel_shape=[0])], "expected a stride"),
    ([node("Pad", "x", "i4", mode="wrap")], "padding in mode 'wrap' is not read"),
    ([node("Pad", "x", "i4", mode="reflect")], "is too short to be padded by 9 from itself"),
    ([node("MaxPool", "x", kernel_shape=[2, 2])], "the window .* does not fit"),
    ([node("BatchNormalization", "x", "v", "v", "v", "w")], "variance: expected 4 numbers"),
    ([node("BatchNormalization", "x", "v", "v", "v", "minus4")], "positive variances"),
    ([node("Dropout", "x", "half", "true")], "training mode"),
    ([node("Dropout", "x", out=["d", "m"]), node("Add", "d", "m")], "tensor 'm' is a further output"),
    ([node("PRelu", "x", "w")], "do not fit"),
    ([node("Clip", "x", "v")], "its bound 'v' has shape 4; expected one number"),
    ([node("ReduceSum", "x", "two")], "the axes .* are not distinct"),
    ([node("Squeeze", "x", "none")], "lists no axes"),
    ([node("Reshape", "x", "long")], "makes a tensor of 5000 axes; at most 32 are read"),
    ([node("Unsqueeze", "x", "long")], "the axes .* are not distinct"),
    ([node("Tile", "x", "long")], "the repeats .* do not fit"),
    ([node("Split", "x", "long")], "cannot be split into the lengths"),
    ([node("Expand", "x", "long")], "is no shape"),
    ([node("Gemm", "x", "w", transA=2)], "the attribute 'transA' is 2; expected 0 or 1"),
    ([node("Pad", "x", "crop")], "an axis of length 1 cannot be cropped by -2 and 3"),
    ([node("ConstantOfShape", "empty", out="c"), node("Add", "x", "c")], "a tensor of 4611686018427387904 entries"),
    ([node("Where", "v", "x", "x")], "its condition 'v' does not hold booleans"),
    ([node("Gemm", "x", "w", "one", beta=float("inf"))], "factor: inf is not finite"),
    ([node("Gemm", "x", "w", alpha=float("nan"))], "factors.*: nan is not finite"),
    ([node("LeakyRelu", "x", alpha=float("nan"))], "slope.*: nan is not finite"),
    ([node("Unsqueeze", "x", "i", out="c"),
      node("MaxPool", "c", kernel_shape=[2], dilations=[2], auto_pad="SAME_LOWER")],
     "auto_pad SAME_LOWER with a dilation is read differently by runtimes"),
    ([node("Constant", out="c"), node("Add", "x", "c")], "expected one attribute"),
    ([node("Constant", out="c", value_string="a"), node("Add", "x", "c")], "a constant given by value_string"),
    ([node("Add", "x", "true")], "tensor 'true': holds booleans"),
    ([node("Relu", "v")], "depends on none of the inputs"),
    ([node("Sub", "x", "x2")], "depends on 'x', 'x2'; expected one input"),
    ([node("Shape", "x", out="s"), node("Cast", "s", to=FLOAT)], "the output 'y' does not depend on the input"),
    ([node("Relu", "x", out="")], "has no output"),
    ([node("Relu", "x"), node("Abs", "x")], r"node 2 \(Abs\): the tensor 'y' is defined twice"),
    ([node("Relu", "x", out="w")], "the tensor 'w' is defined twice"),
    ([node("Relu", "x", out="x")], "the tensor 'x' is defined twice"),
    ([node("Add", "x", "b", out="a"), node("Relu", "a", out="b"), node("Add", "b", "x")], "the graph has a cycle"),
    ([node("Relu", "y")], "the graph has a cycle"),
]  # fmt: skip


@pytest.mark.parametrize(("nodes", "message"), NODES, ids=[message for _, message in NODES])
def test_nodes_that_are_wrong(nodes: list[Any], message: str) -> None:
    numbers: dict[str, Any] = {"i3": [3], "i9": [9], "minus": [-1, -2], "two": [0, 0], "zero": [0]}
    numbers |= {"long": [1] * 5000, "crop": [-2, 0, 3, 0], "empty": [0, 2**62, 2**62]}
    numbers |= {"none": np.zeros(0, dtype=np.int64), "wild": [-1, -1], "i4": [0, 9, 0, 0]}
    constants = C | {name: np.array(value) for name, value in numbers.items()}
    constants |= {
        "half": np.float32(0.5),
        "one": np.float32(1),
        "true": np.bool_(True),
        "minus4": np.full(4, -1.0),
        "kernel": np.ones((1, 1, 2)),
    }
    made = model(nodes, constants=constants)
    made.graph.input.append(helper.make_tensor_value_info("x2", FLOAT, (1, 4)))
    refused(made, (LimitError, NetworkError, NumberError), message)  # type: ignore[arg-type]


def test_splits_into_another_number_of_parts_than_there_are_outputs() -> None:
    for count in (2**40, 3, 1):
        made = model([node("Split", "x", out=["y", "b"], axis=1, num_outputs=count)], opset=18)
        refused(made, NetworkError, rf"its num_outputs is {count}; expected 2, as many as it has")


def test_graphs_that_are_wrong() -> None:
    made = model([node("Relu", "x")], constants={"w": np.ones(2)}, more=(tensor(np.ones(3), "w"),))
    refused(made, NetworkError, "the initializer 'w' is there twice")
    made = model([node("Relu", "x")])
    made.graph.input.append(made.graph.input[0])
    refused(made, NetworkError, "the input 'x' is there twice")
    made = model([node("LeakyRelu", "x", alpha=0.5)])
    made.graph.node[0].attribute.append(made.graph.node[0].attribute[0])
    refused(made, NetworkError, r"node 1 \(LeakyRelu\): the attribute 'alpha' is there twice")
    made = model([node("Relu", "x")], outputs=("z",))
    refused(made, NetworkError, "output: the tensor 'z' is not defined anywhere")
    refused(model([node("Relu", "x")], outputs=()), NetworkError, "has the outputs none")
    made = model([node("Relu", "x")])
    made.graph.sparse_initializer.add().values.name = "s"
    refused(made, NetworkError, "tensor 's': sparse tensors are not read")
    for version in (1, 6, 99, 2**40, -1):
        refused(model([node("Relu", "x")], opset=version), NetworkError, "version .* of the standard operators")
    made = model([node("Relu", "x")])
    del made.opset_import[:]
    refused(made, FileError, "holds no graph")
    made.opset_import.append(helper.make_opsetid("com.example", 1))
    refused(made, NetworkError, "uses the operator sets 'com.example'")
    refused(onnx.ModelProto(), FileError, "holds no graph")
    with pytest.raises(NetworkError, match=r"expected an onnx\.ModelProto"):
        from_onnx(b"bytes")


@pytest.mark.parametrize("place", ["weight", "layer", "head", "MatMul", "weight-offset"])
def test_names_that_are_not_text(tmp_path: Path, place: str) -> None:
    head = node("Relu", "layer", name="head")
    made = model([node("MatMul", "x", "weight", out="layer"), head], constants={"weight": C["w"]})
    if place == "weight-offset":
        made.graph.initializer[0].CopyFrom(external(place))
        made.graph.initializer[0].name = "weight"
    data = made.SerializeToString()
    assert place.encode() in data
    with pytest.raises(FileError, match="UTF-8"):
        read_onnx(saved(tmp_path, data.replace(place.encode(), b"\xff" * len(place))))


def test_deep_graphs() -> None:
    """Thousands of nodes in a row, in any order: no recursion."""
    nodes = [node("Identity", f"x{k}" if k else "x", out=f"x{k + 1}") for k in range(20000)]
    random.Random(1).shuffle(nodes)
    assert from_onnx(model(nodes, outputs=("x20000",))) == Network([np.eye(4)], [[0] * 4])


SIZES: list[tuple[list[Any], dict[str, Any]]] = [
    ([node("ConstantOfShape", "s", out="c"), node("Add", "x", "c")], {"s": np.array([10**6, 10**6])}),
    ([node("ConstantOfShape", "s", out="c"), node("Add", "x", "c")], {"s": np.array([2**62] * 30)}),
    ([node("Expand", "x", "s")], {"s": np.array([10**9, 4])}),
    ([node("Tile", "x", "s")], {"s": np.array([10**9, 10**9])}),
    ([node("Pad", "x", "s")], {"s": np.array([10**9, 10**9, 10**9, 2**62])}),
    ([node("Range", "a", "b", "c", out="r"), node("Gather", "x", "r", axis=1)],
     {"a": np.array(0), "b": np.array(2**62), "c": np.array(1)}),
    ([node("Add", "x", "s", out="a"), node("Add", "a", "t", out="b"), node("Gather", "b", "i"), ],
     {"s": np.ones((3000, 1, 1)), "t": np.ones((3000, 1)), "i": np.array([0])}),
    ([node("AveragePool", "image", kernel_shape=[1, 1], pads=[2**40] * 4), ], {}),
    ([node("Concat", *(["x"] * 5000), out="a", axis=0), node("Concat", *(["a"] * 5000), axis=0)], {}),
]  # fmt: skip


@pytest.mark.parametrize(("nodes", "constants"), SIZES, ids=range(len(SIZES)))
def test_sizes_that_are_declared_and_not_held(nodes: list[Any], constants: dict[str, Any]) -> None:
    nodes = [node("Unsqueeze", "x", "axes", out="image"), *nodes]
    made = model(nodes, constants={**constants, "axes": np.array([0, 1])})
    start = time.perf_counter()
    refused(made, LimitError, "more than the 10000000|together|entries")
    assert time.perf_counter() - start < 5


def test_work_that_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The steps of all nodes count together; of what is only passed on, its entries."""
    monkeypatch.setattr("polyrelu.readers.assembly.MAX_TOTAL", 1800)
    constants = {"w": np.ones((4, 40)), "b": np.ones(40)}
    # 16 to decode w, 160 to read it, 160 multiplications, 400 for the entries, 40 for the result, 160 at the end
    nodes = [node("MatMul", "x", "w", out="a0")]
    shown = [node("Identity", f"a{k}", out=f"a{k + 1}") for k in range(30)]
    assert from_onnx(model(nodes + shown[:20], constants=constants, outputs=("a20",))).architecture == (4, 40)
    refused(model(nodes + shown, constants=constants, outputs=("a30",)), LimitError, "up to here the model takes 18")
    added = [node("Add", f"a{k}", "b", out=f"a{k + 1}") for k in range(10)]  # 4 for b, then 641 each
    made = model(nodes + added, constants=constants, outputs=("a10",))
    refused(made, LimitError, r"node 3 \(Add\): up to here the model takes \d+ steps, more than 1800")


def test_products_of_zeros_are_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("polyrelu.readers.assembly.MAX_TOTAL", 10**5)
    nodes = [node("Mul", "x", "z", out="a0"), *(node("MatMul", f"a{k}", "w", out=f"a{k + 1}") for k in range(50))]
    made = model(nodes, (1, 50), {"z": np.float32(0), "w": np.ones((50, 50))}, outputs=("a50",))
    refused(made, LimitError, r"node \d+ \(MatMul\): up to here the model takes \d+ steps, more than 100000")


# --- files ---


def saved(folder: Path, made: Any, name: str = "net.onnx") -> Path:
    path = folder / name
    path.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
    return path


LINEAR = [node("MatMul", "x", "w")]


def test_read_onnx(tmp_path: Path) -> None:
    made = model(LINEAR, constants={"w": C["w"]})
    path = saved(tmp_path, made)
    assert read_onnx(path) == read_onnx(str(path)) == from_onnx(made)
    assert read_onnx(path) == read_onnx(os.fsencode(path))  # type: ignore[arg-type]
    assert read_onnx(path, output="x").architecture == (4, 4)
    assert load(path, output="x") == read_onnx(path, output="x") != load(path)
    with pytest.raises(FileError, match=r"no\.json: output='x': only the tensors of \.onnx files"):
        load(tmp_path / "no.json", output="x")
    with pytest.raises(NetworkError, match=rf"^{path}: output: no tensor 'z'"):
        read_onnx(path, output="z")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no graph"),
        (b"{}", "not an ONNX model"),
        (b"\x80\x04K\x01.", "not an ONNX model|holds no graph"),
        (b"PK\x03\x04" + bytes(100), "not an ONNX model|holds no graph"),
        (b"\x93NUMPY\x01\x00", "not an ONNX model|holds no graph"),
        (b'{"weights": [[[1]]], "biases": [[0]]}', "not an ONNX model"),
        (b"\x08\x0a", "holds no graph"),
        (b"\x3a\xff\xff\xff\xff\x0f", "not an ONNX model"),
        (b"\x3a\x03" * 200, "not an ONNX model|holds no graph"),
        (bytes(1000), "not an ONNX model"),
    ],
)
def test_files_that_are_no_models(tmp_path: Path, content: bytes, message: str) -> None:
    path = saved(tmp_path, content)
    with pytest.raises(FileError, match=f"^{path}: .*({message})") as caught:
        read_onnx(path)
    assert caught.value.path == str(path) and "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for wrong, message in ((tmp_path, "directory"), (tmp_path / "none.onnx", "No such file"), ("", "not a path")):
        with pytest.raises(FileError, match=message):
            read_onnx(wrong)
    with pytest.raises(FileError, match="expected a path"):
        read_onnx(3)  # type: ignore[arg-type]


def test_files_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("polyrelu.readers.files.MAX_BYTES", 100)
    with pytest.raises(FileError, match="larger than 100 bytes"):
        read_onnx(saved(tmp_path, bytes(101)))
    monkeypatch.undo()
    path = tmp_path / "huge.onnx"
    with path.open("wb") as file:
        file.truncate(3 * 2**30)  # a hole: no blocks on the disk
    with pytest.raises(FileError, match="larger than"):
        read_onnx(path)


def test_truncated_files(tmp_path: Path) -> None:
    data = model(LINEAR, constants={"w": C["w"]}).SerializeToString()
    for end in range(len(data)):
        with pytest.raises(InputError):
            read_onnx(saved(tmp_path, data[:end]))


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_files(data: st.DataObject) -> None:
    """Whatever bytes are changed: a network comes out, or one of our errors."""
    made = bytearray(acas_xu((5, 3, 2)).SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(made) - 1))
        made[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    damaged = onnx.ModelProto()
    try:
        damaged.ParseFromString(bytes(made))
    except Exception:  # refused by protobuf: tested with files
        return
    try:
        assert isinstance(from_onnx(damaged), Network)
    except PolyreluError as error:
        assert "\n" not in str(error)


# --- tensors whose data do not fit, or lie elsewhere ---


def with_weight(weight: Any) -> Any:
    return model(LINEAR, constants={"w": weight})


def test_data_that_do_not_fit_the_declared_shape(tmp_path: Path) -> None:
    proto = TensorProto(name="w", data_type=FLOAT, dims=[4, 62_500_000], raw_data=bytes(16))  # declares 1 GB
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_DATA, (2**29, 2**29))\n"
        "from polyrelu.readers.onnx import read_onnx; from polyrelu.errors import FileError\n"
        f"try: read_onnx({str(saved(tmp_path, with_weight(proto)))!r})\n"
        "except FileError as error: print(error)"
    )
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    expected = "tensor 'w': declares the shape [4, 62500000], which takes 1000000000 bytes, but holds 16"
    assert expected in done.stdout, done.stdout + done.stderr
    for fields in (
        {"dims": [4, 3], "raw_data": bytes(47)},
        {"dims": [4, 3], "raw_data": bytes(49)},
        {"dims": [4, 3], "float_data": [1.0] * 11},
        {"dims": [4, 3]},
        {"dims": [4, 3], "double_data": [1.0] * 12},
        {"dims": [2**40, 2**40, 2**40], "raw_data": bytes(16)},
        {"dims": [2**62] * 32, "raw_data": bytes(16)},
    ):
        refused(with_weight(TensorProto(name="w", data_type=FLOAT, **fields)), FileError, "declares the shape .* holds")
    for dims, message in (([-1, 3], "negative length"), ([1] * 60, "declares 60 axes")):
        refused(with_weight(TensorProto(name="w", data_type=FLOAT, dims=dims, raw_data=bytes(4))), FileError, message)
    many = TensorProto(name="w", data_type=TensorProto.INT8, dims=[4, 3 * 10**6], raw_data=bytes(12 * 10**6))
    refused(with_weight(many), LimitError, "a tensor of 12000000 entries")


@pytest.mark.parametrize("kind", ["STRING", "COMPLEX64", "FLOAT8E4M3FN", "INT4", "UNDEFINED"])
def test_types_that_hold_no_numbers(kind: str) -> None:
    proto = TensorProto(name="w", data_type=TensorProto.DataType.Value(kind), dims=[4, 3], raw_data=bytes(12))
    refused(with_weight(proto), NetworkError, f"tensor 'w': elements of type {kind} are not read")


def test_integers_and_halves_that_do_not_fit() -> None:
    proto = TensorProto(name="w", data_type=TensorProto.UINT64, dims=[4], uint64_data=[2**63] * 4)
    refused(model([node("Add", "x", "w")], constants={"w": proto}), FileError, "an entry beyond the 64-bit integers")
    proto = TensorProto(name="w", data_type=TensorProto.FLOAT16, dims=[4], int32_data=[1, 2, 3, 2**20])
    refused(model([node("Add", "x", "w")], constants={"w": proto}), FileError, "type FLOAT16 cannot hold")
    proto = TensorProto(name="w", data_type=TensorProto.BOOL, dims=[4], raw_data=bytes([0, 1, 2, 3]))
    refused(model([node("Add", "x", "w")], constants={"w": proto}), FileError, "neither 0 nor 1")
    proto = TensorProto(name="w", data_type=TensorProto.UINT8, dims=[4], int32_data=[1, 2, 3, 2**20])
    refused(model([node("Add", "x", "w")], constants={"w": proto}), FileError, "type UINT8 cannot hold")


def external(location: str, **entries: Any) -> Any:
    proto = TensorProto(name="w", data_type=FLOAT, dims=[4, 3], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **entries}.items():
        proto.external_data.add(key=key, value=str(value))
    return proto


def test_external_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weight = C["w"].astype(np.float32)
    folder = tmp_path / "models"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "w.bin").write_bytes(b"1234" + weight.tobytes() + b"56")
    expected = from_onnx(with_weight(weight))
    path = saved(folder, with_weight(external("data/w.bin", offset=4, length=48)))
    assert read_onnx(path) == from_onnx(onnx.load(path)) == expected
    assert read_onnx(saved(folder, with_weight(external("data/w.bin", offset=4, checksum="x")))) == expected
    monkeypatch.chdir(folder)
    assert read_onnx("net.onnx") == expected
    within = node("Constant", out="w", value=external("data/w.bin", offset=4))
    assert read_onnx(saved(folder, model([within, *LINEAR]))) == expected
    (tmp_path / "link").symlink_to(folder)
    assert read_onnx(tmp_path / "link" / "net.onnx") == expected
    with pytest.raises(FileError, match=r"tensor 'w': .*which a model in memory does not locate"):
        from_onnx(onnx.load(path, load_external_data=False))


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"location": "none.bin"}, "cannot be read: No such file"),
        ({"location": ""}, "not a path within the folder"),
        ({"location": "../secret"}, "not a path within the folder"),
        ({"location": "data/../../secret"}, "not a path within the folder"),
        ({"location": "..\\secret"}, "not a path within the folder"),
        ({"location": "ABSOLUTE"}, "not a path within the folder"),
        ({"location": "link"}, "lies outside the folder"),
        ({"location": "up/secret"}, "lies outside the folder"),
        ({"location": "loop"}, "cannot be read"),
        ({"location": "data"}, "cannot be read: Is a directory"),
        ({"location": "pipe"}, "not a regular file"),
        ({"location": "w\0.bin"}, "not a path within the folder"),
        ({"location": "x" * 5000}, "cannot be read: File name too long"),
        ({"location": "short.bin"}, "ends too early: 48 bytes from 0 on are expected, 10 there"),
        ({"location": "w.bin", "offset": 10**9}, "ends too early"),
        ({"location": "w.bin", "offset": 10**17}, "ends too early|cannot be read"),
        ({"location": "w.bin", "offset": -4}, "the offset of its external data is '-4', which is no number"),
        ({"location": "w.bin", "offset": "1e3"}, "no number of bytes"),
        ({"location": "w.bin", "offset": "9" * 100}, "no number of bytes"),
        ({"location": "w.bin", "length": 2**40}, "have 1099511627776 bytes, but its type and shape take 48"),
        ({"location": "w.bin", "length": 4}, "have 4 bytes, but its type and shape take 48"),
    ],
)
def test_external_data_that_mean_harm(tmp_path: Path, entries: dict[str, Any], message: str) -> None:
    folder = tmp_path / "models"
    (folder / "data").mkdir(parents=True)
    (tmp_path / "secret").write_bytes(bytes(48))
    (folder / "w.bin").write_bytes(bytes(48))
    (folder / "short.bin").write_bytes(bytes(10))
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "up").symlink_to(tmp_path)
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "pipe")
    location = entries.pop("location")
    weight = external(str(tmp_path / "secret") if location == "ABSOLUTE" else location, **entries)
    with pytest.raises(FileError, match=rf"node 1 \(MatMul\): tensor 'w': .*({message})") as caught:
        read_onnx(saved(folder, with_weight(weight)))
    assert "\n" not in str(caught.value)


def test_external_data_declared_larger_than_what_is_read(tmp_path: Path) -> None:
    weight = external("w.bin")
    weight.dims[:] = [4, 10**9]
    (tmp_path / "w.bin").write_bytes(bytes(48))
    with pytest.raises(LimitError, match="a tensor of 4000000000 entries"):
        read_onnx(saved(tmp_path, with_weight(weight)))


def test_without_onnx(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = saved(tmp_path, with_weight(C["w"]))
    monkeypatch.setitem(sys.modules, "onnx", None)
    for read in (lambda: read_onnx(path), lambda: from_onnx(object())):
        with pytest.raises(MissingDependencyError, match=r"pip install 'polyrelu\[onnx\]'") as caught:
            read()
        assert caught.value.extra == "onnx"


def test_importing_the_reader_does_not_import_onnx() -> None:
    code = "import sys, polyrelu.readers.onnx; print('onnx' in sys.modules, 'google.protobuf' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


# --- models of PyTorch ---


class Residual:
    """Made into a torch.nn.Module below, since PyTorch may be missing."""

    def __init__(self) -> None:
        from torch import nn

        super().__init__()
        self.first, self.inner, self.last = nn.Linear(3, 5), nn.Linear(5, 5), nn.Linear(5, 2)

    def forward(self, x: Any) -> Any:
        h = self.first(x).relu()
        h = h + self.inner(h).relu()
        return self.last(h.relu() - 0.25 * h)


def torch_models() -> dict[str, tuple[Any, tuple[int, ...]]]:
    from torch import nn

    return {
        "perceptron": (
            nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 4), nn.LeakyReLU(0.1), nn.Linear(4, 2)),
            (3,),
        ),
        "convolutions": (
            nn.Sequential(
                nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(2, 3, 2, groups=1), nn.PReLU(3),
                nn.AvgPool2d(2, padding=1), nn.Flatten(), nn.Dropout(), nn.Linear(12, 2), nn.ReLU6(),
            ),
            (1, 6, 6),
        ),
        "residual": (type("Net", (Residual, nn.Module), {})(), (3,)),
        "normalised": (
            nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.BatchNorm1d(4), nn.Linear(4, 2), nn.Hardtanh()),
            (3,),
        ),
        "flattened": (nn.Sequential(nn.Flatten(), nn.Linear(6, 4), nn.Hardtanh(-2, 2), nn.Linear(4, 1)), (2, 3)),
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["perceptron", "convolutions", "residual", "normalised", "flattened"])
@pytest.mark.parametrize("exporter", ["torchscript", pytest.param("dynamo", marks=pytest.mark.slow)])
def test_pytorch_models_make_the_same_network_through_onnx(tmp_path: Path, name: str, exporter: str) -> None:
    torch = pytest.importorskip("torch")
    if exporter == "dynamo":
        pytest.importorskip("onnxscript")
    from polyrelu.readers import from_torch, load

    torch.manual_seed(5)
    module, shape = torch_models()[name]
    module.eval()
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm1d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    x = torch.randn(1, *shape)
    path = tmp_path / "model.onnx"
    torch.onnx.export(module, (x,), str(path), dynamo=exporter == "dynamo", verbose=False)
    network = load(path)
    assert network == from_torch(module, shape)
    expected = module(x).detach().numpy().ravel()
    assert np.allclose([float(v) for v in values_of(network, x.numpy())], expected, rtol=1e-5, atol=1e-6)
    options: dict[str, Any] = {"dynamo": False, "dynamic_axes": {"x": {0: "batch"}}}
    if exporter == "dynamo":
        options = {"dynamo": True, "dynamic_shapes": ({0: torch.export.Dim("batch")},)}
    torch.onnx.export(module, (torch.randn(2, *shape),), str(path), verbose=False, input_names=["x"], **options)
    assert load(path) == network


def test_operators_are_looked_at_before_any_is_composed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model whose last node is not read, or multiplies what depends on the input, is refused without arithmetic."""

    def composed(*_: Any) -> Any:
        raise AssertionError("a node was composed")

    monkeypatch.setitem(OPERATORS, "Relu", composed)
    for last, inputs in (("Softmax", ["y"]), ("MatMul", ["y", "y"]), ("Mul", ["y", "x"]), ("Div", ["y", "y"])):
        nodes = [helper.make_node("Relu", ["x"], ["y"]), helper.make_node(last, inputs, ["z"])]
        shape = [2, 2]
        graph = helper.make_graph(
            nodes,
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("z", TensorProto.FLOAT, shape)],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
        with pytest.raises(NetworkError, match=rf"node 2 \({last}\): .*not .*piecewise linear"):
            from_onnx(model)
