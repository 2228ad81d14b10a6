"""Every operator of ONNX that is read, against two runtimes, exactly or within float error."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from polyrelu.network.network import Network
from polyrelu.readers.onnx import OPERATORS, from_onnx, sizes
from polyrelu.readers.onnx.folding import NOTE
from polyrelu.readers.onnx.graph import checked_graph

onnx = pytest.importorskip("onnx")


from support.onnx_models import (  # noqa: E402
    FLOAT,
    agree,
    case,
    dyadic,
    model,
    node,
    run_both,
    single,
    tensor,
    values_of,
)  # fmt: skip

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
    case("ThresholdedRelu", (1, 4), alpha=0.0),
    case("Shrink", (1, 4), lambd=0.5, bias=0.5),
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
    case("ReduceL1", (2, 3), axes=[1]),
    case("ReduceL1", (2, 3, 2), {"axes": np.array([0, -1])}, opset=18, keepdims=0),
    case("CumSum", (2, 3), {"a": np.array(1)}, opset=14),
    case("CumSum", (2, 3), {"a": np.array(0)}, opset=14, exclusive=1, reverse=1),
    case("Einsum", (1, 4), {"w": W34}, equation="bi,oi->bo"),
    case("Einsum", (2, 3), {"w": dyadic((3, 3), 2), "v": dyadic((2,), 3)}, inputs=["w", "x", "v"],
         equation="ij, bj, b -> bi"),
    case("Einsum", (2, 1, 3), {"w": dyadic((2, 2, 3), 2)}, equation="...i,...i"),
    case("Einsum", (3, 3), equation="ii->i"),
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
    case("DepthToSpace", (1, 8, 1, 2), blocksize=2),
    case("DepthToSpace", (1, 8, 1, 2), blocksize=2, mode="CRD"),
    case("SpaceToDepth", (1, 2, 2, 4), blocksize=2),
    case("Upsample", (1, 1, 2, 3), opset=7, scales=[1.0, 1.0, 2.0, 3.0], reference=False),
    case("Upsample", (1, 1, 2, 3), {"s": np.float32([1, 1, 2, 1])}, opset=9, reference=False),
    case("Resize", (1, 1, 2, 3), {"s": np.float32([1, 1, 2, 3])}, opset=10, reference=False),
    case("Resize", (1, 1, 4, 3), {"s": np.float32([1, 1, 0.5, 2])}, inputs=["x", "", "s"]),
    case("Resize", (1, 1, 4, 3), {"s": np.float32([1, 1, 0.5, 2])}, inputs=["x", "", "s"], nearest_mode="ceil"),
    case("Resize", (1, 1, 2, 3), {"n": np.array([1, 1, 6, 3])}, inputs=["x", "", "", "n"], nearest_mode="floor",
         coordinate_transformation_mode="asymmetric"),
    case("Resize", (1, 1, 4, 3), {"s": np.float32([0.25, 2])}, inputs=["x", "", "s"], opset=19, axes=[2, 3],
         coordinate_transformation_mode="pytorch_half_pixel", nearest_mode="round_prefer_ceil", reference=False),
    case("ScatterND", (4, 2), {"i": np.array([[2], [0]]), "u": dyadic((2, 2), 3)}),
    case("ScatterND", (2,), {"d": dyadic((2, 3), 3), "i": np.array([[0, 1], [1, 2]])}, inputs=["d", "i", "x"],
         opset=18),
    # comparisons, of which continuous functions are made
    case("Sign", (1, 4), inputs=["x"], product="x"),
    case("Greater", (1, 4), {"c": np.float32(0)}, product="x"),
    case("Less", (1, 4), {"c": np.float32(0)}, product="x"),
    case("GreaterOrEqual", (1, 4), {"c": np.float32([[0]])}, product="x"),
    case("LessOrEqual", (1, 4), {"c": np.float32(0)}, product="x"),
    # of constants
    case("Sqrt", (1, 4), {"c": np.float32([4, 0.25, 0, 9])}, inputs=["c"], added="x"),
    case("Pow", (1, 4), {"c": np.float32([4, -0.5, 2, 1]), "n": np.float32([0.5, 2, -1, 3])}, added="x"),
    case("Reciprocal", (1, 4), {"c": np.float32([4, -0.5, 2, 1])}, inputs=["c"], added="x"),
    case("Exp", (1, 4), {"c": np.float32([0])}, inputs=["c"], added="x"),
    case("Log", (1, 4), {"c": np.float32([1])}, inputs=["c"], added="x"),
    case("Floor", (1, 4), {"c": np.float32([1.5, -1.5, 2, 0])}, inputs=["c"], added="x"),
    case("Ceil", (1, 4), {"c": np.float32([1.5, -1.5, 2, 0])}, inputs=["c"], added="x"),
    case("Not", (1, 4), {"c": np.array([True, False, True, False])}, inputs=["c"], chosen="x"),
    case("DequantizeLinear", (1, 4), {
        "c": tensor([1, 200, 3, 4], "c", np.uint8), "s": np.float32(0.25), "q": tensor(128, "q", np.uint8),
    }, added="x", reference=False),
    case("DequantizeLinear", (2, 2), {
        "c": tensor([[1, -2], [3, 4]], "c", np.int8), "s": np.float32([0.25, 2]), "q": tensor([1, -1], "q", np.int8),
    }, axis=-1, added="x", reference=False),
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
    case("ConvTranspose", (1, 2, 3, 2), {"w": dyadic((2, 3, 2, 3), 9, 2), "b": dyadic((3,), 10)}),
    case("ConvTranspose", (1, 2, 3, 2), {"w": dyadic((2, 2, 2, 3), 9, 2)}, strides=[2, 3], pads=[1, 0, 0, 2],
         output_padding=[1, 2]),
    case("ConvTranspose", (1, 4, 2, 3), {"w": dyadic((4, 1, 2, 2), 9, 2)}, group=2, dilations=[3, 1], strides=[2, 1],
         reference=False),
    case("ConvTranspose", (1, 2, 2, 2), {"w": dyadic((2, 1, 3, 3), 9, 2)}, output_shape=[3, 3], strides=[2, 2],
         reference=False),
    case("ConvTranspose", (1, 2, 4), {"w": dyadic((2, 1, 3), 9, 2)}, auto_pad="VALID"),
    case("GlobalAveragePool", (1, 2, 2, 4)),
    case("GlobalMaxPool", (1, 2, 2, 3)),
]  # fmt: skip


@pytest.mark.parametrize(("operator", "shape", "constants", "options"), EXACT_CASES)
def test_operator_exactly(operator: str, shape: Any, constants: dict[str, Any], options: dict[str, Any]) -> None:
    agree(single(operator, shape, constants, options), shape, reference=options.get("reference", True))


CLOSE_CASES = [
    case("Sqrt", (1, 4), {"c": np.float32([2, 3, 0.1, 1e-9])}, inputs=["c"], added="x"),
    case("Exp", (1, 4), {"c": np.float32([1, -2, 0.1, 3])}, inputs=["c"], added="x"),
    case("Log", (1, 4), {"c": np.float32([1, 2, 0.1, 3])}, inputs=["c"], added="x"),
    case("Pow", (1, 4), {"c": np.float32([3, 2, 0.1, 3]), "n": np.float32([-1, -0.5, 2.5, 3])}, added="x"),
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


# --- what is made of comparisons, and of constants by irrational functions ---

SPELLINGS: dict[str, list[Any]] = {
    "where": [node("Greater", "x", "o", out="m"), node("Where", "m", "x", "o")],
    "where of less": [node("Less", "x", "o", out="m"), node("Where", "m", "o", "x")],
    "a product": [node("Greater", "x", "o", out="m"), node("Cast", "m", out="f", to=FLOAT), node("Mul", "x", "f")],
    "not": [node("LessOrEqual", "x", "o", out="l"), node("Not", "l", out="m"), node("Where", "m", "x", "o")],
    "thresholded": [node("ThresholdedRelu", "x", alpha=0.0)],
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_relu_is_one_neuron_however_it_is_spelled(name: str) -> None:
    network = agree(model(SPELLINGS[name], (1, 4), {"o": np.float32(0)}), (1, 4), reference=False)
    assert network.architecture == (4, 4, 4)


def test_a_constant_output_is_a_constant_network() -> None:
    made = model([node("Shape", "x", out="s"), node("Cast", "s", out="f", to=FLOAT), node("Sqrt", "f")], (1, 4))
    assert from_onnx(made) == Network([np.zeros((2, 4))], [[1, 2]])
    assert from_onnx(model([node("Identity", "c")], (1, 4), {"c": np.float32([[3, 5]])}))([1, 2, 3, 4]) == (3, 5)


def test_roots_are_exact_or_the_nearest_doubles_which_is_said() -> None:
    made = model([node("Sqrt", "c", out="r"), node("Div", "x", "r")], constants={"c": np.float32([2, 4, 9, 0.25])})
    network = from_onnx(made)
    found = [row[i] for i, row in enumerate(network.weights[0])]
    assert found == [1 / Fraction(2**0.5), Fraction(1, 2), Fraction(1, 3), 2]
    assert network.assumptions == (NOTE,)
    exact = model([node("Sqrt", "c", out="r"), node("Div", "x", "r")], constants={"c": np.float32([1, 4, 9, 0.25])})
    assert not from_onnx(exact).assumptions


def test_exponentials_are_the_nearest_doubles() -> None:
    numbers = np.float32([1, -1, 0.3, 80])
    made = model([node("Exp", "c", out="e"), node("Add", "x", "e")], constants={"c": numbers})
    with localcontext(prec=100):
        expected = [float(Decimal(float(x)).exp()) for x in numbers]
    assert list(from_onnx(made).biases[0]) == expected


def test_shapes_found_before_the_composition_are_those_of_the_runtime() -> None:
    known = 0
    for operator, shape, constants, options in (parameters.values for parameters in EXACT_CASES):
        made = single(operator, shape, constants, options)  # type: ignore[arg-type]
        graph = checked_graph(made)
        if len(graph.producers) > 1:
            continue
        inputs = {"x": shape}
        if found := sizes._shape(graph.producers["y"], graph, inputs):  # type: ignore[arg-type]
            assert found == np.shape(run_both(made, dyadic(shape, 0), reference=False)[0]), operator
            known += 1
    assert known > 40
