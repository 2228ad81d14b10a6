"""ONNX models that are refused, and what the message says."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyrelu.errors import (
    FileError,
    LimitError,
    NetworkError,
    NumberError,
)
from polyrelu.network.network import Network
from polyrelu.readers.onnx import from_onnx, read_onnx

onnx = pytest.importorskip("onnx")

from onnx import helper  # noqa: E402

from support.onnx_models import (  # noqa: E402
    FLOAT,
    INT64,
    C,
    dyadic,
    external,
    model,
    node,
    refused,
    saved,
    tensor,
)

# --- what is refused ---





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


STEPS: dict[str, tuple[list[Any], str]] = {
    "a jump": ([node("Greater", "x", "o", out="m"), node("Where", "m", "x", "two")],
               r"\(Where\): chooses by a comparison"),
    "a step": ([node("Sign", "x", out="m"), node("Relu", "m")], r"\(Relu\): acts on a comparison, which jumps"),
    "a comparison": ([node("Greater", "x", "o")], "the output 'y' is a comparison"),
    "a product": ([node("Sign", "x", out="m"), node("Mul", "m", "m")], "a product of comparisons"),
    "a product that jumps": (
        [node("Less", "x", "o", out="m"), node("Cast", "m", out="f", to=FLOAT), node("Mul", "x", "f")],
        "not seen to be equal",
    ),
    "a threshold": ([node("ThresholdedRelu", "x", alpha=0.5)], "jumps from 0 to 0.5 at its threshold"),
    "a shrink": ([node("Shrink", "x", lambd=0.5)], "bias 0.0 jumps"),
    "a root": ([node("Sqrt", "x")], r"\(Sqrt\): is not a continuous piecewise linear function"),
    "a power": ([node("Pow", "x", "o")], "depends on the network's input is not piecewise linear"),
    "a root of a negative number": ([node("Neg", "o", out="n"), node("Sqrt", "n", out="r"), node("Add", "x", "r")],
                                    "of a negative number"),
    "a logarithm": ([node("Sub", "o", "o", out="n"), node("Log", "n", out="r"), node("Add", "x", "r")], "not positive"),
    "a reciprocal": ([node("Sub", "o", "o", out="n"), node("Reciprocal", "n", out="r"), node("Add", "x", "r")],
                     "divides by zero"),
    "a large exponential": ([node("Exp", "big", out="r"), node("Add", "x", "r")], "is no double"),
    "a product of signals": ([node("Einsum", "x", "x", equation="ij,ij->i")], "a product of two values"),
    "a bad equation": ([node("Einsum", "x", equation="ij->k")], "has an axis twice, or one that no operand has"),
    "other axes": ([node("Einsum", "x", equation="i->i")], "does not fit an operand with 2 axes"),
    "linear interpolation": ([node("Resize", "x", "", "s", mode="linear")], "in mode 'linear' is not read"),
    "another scale": ([node("Resize", "x", "", "s2")], "is rounded differently by runtimes"),
    "an entry set twice": ([node("ScatterND", "x", "twice", "u")], "replaces an entry twice"),
    "a long shape": ([node("Resize", "x", "", "", "huge")], "entries, more than"),
    "a large stride": (
        [node("Reshape", "x", "image", out="i"), node("ConvTranspose", "i", "k", strides=[1, 2000000000])],
        "entries, more than",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_jumps_and_curves_say_what_they_are(name: str) -> None:
    nodes, message = STEPS[name]
    constants = {
        "o": np.float32(0.5), "two": np.float32(2), "s": np.float32([1, 2]), "s2": np.float32([1, 1.5]),
        "huge": np.array([1, 2**40]), "big": np.float32([1000]),
        "twice": np.array([[0, 1], [0, 1]]), "u": np.float32([1, 2]),
        "image": np.array([1, 1, 1, 4]), "k": np.ones((1, 1, 1, 1)),
    }  # fmt: skip
    started = time.process_time()
    refused(model(nodes, constants=constants), (NetworkError, LimitError), message)  # type: ignore[arg-type]
    assert time.process_time() - started < 1


def test_control_flow_and_other_domains() -> None:
    branch = helper.make_graph([node("Constant", out="b", value_float=1.0)], "g", [], [])
    flow = node("If", "c", then_branch=branch, else_branch=branch)
    refused(model([flow, node("Add", "x", "y", out="z")], constants={"c": np.bool_(True)}, outputs=("z",)),
            NetworkError, r"node 1 \(If\): control flow with subgraphs is not read")  # fmt: skip
    custom = helper.make_node("Relu", ["x"], ["y"], domain="com.example")
    refused(model([custom]), NetworkError, r"node 1 \(Relu\): operators of the domain 'com.example' are not read")
    refused(model([node("Rellu", "x")]), NetworkError, r"node 1 \(Rellu\): this operator is not read")
    nodes = [node("Relu", "x", out="h"), node("Hardmax", "h", out="i"), node("NonZero", "h")]
    refused(model(nodes), NetworkError, r"this operator is not read; .*pass output='h'")
    refused(model([helper.make_node("Re\nlu" * 50, ["x"], ["y"])]), NetworkError, "this operator is not read")
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
