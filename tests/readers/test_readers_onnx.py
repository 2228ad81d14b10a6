"""ONNX models: shapes, constants, numbers and whole networks, against two runtimes."""

from __future__ import annotations

import re
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyrelu.errors import (
    NetworkError,
    NumberError,
)
from polyrelu.network.network import Network
from polyrelu.readers import load
from polyrelu.readers.onnx import OPERATORS, from_onnx

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

from support.onnx_models import (  # noqa: E402
    DOUBLE,
    FLOAT,
    INT64,
    acas_xu,
    agree,
    dyadic,
    model,
    node,
    run_both,
    tensor,
    values_of,
)

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
@settings(max_examples=30, deadline=None)
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
@settings(max_examples=80, deadline=None)
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
    from polyrelu.readers import from_torch

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
