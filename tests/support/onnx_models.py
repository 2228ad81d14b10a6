"""ONNX models of a few nodes, and what two runtimes compute of them."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyrelu.errors import (
    PolyreluError,
)
from polyrelu.network.network import Network
from polyrelu.readers.onnx import from_onnx

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


def single(operator: str, shape: Any, constants: dict[str, Any], options: dict[str, Any]) -> Any:
    """A model of one operator, or of its result added to x, multiplied by it, or choosing between x and −x."""
    others = ("opset", "inputs", "reference", "product", "added", "chosen")
    attributes = {key: value for key, value in options.items() if key not in others}
    after = next((key for key in ("product", "added", "chosen") if key in options), None)
    default = ["x"] if after in (None, "product") else []
    made = node(operator, *options.get("inputs", [*default, *constants]), out="z" if after else "y", **attributes)
    ends = {
        None: [],
        "added": [node("Add", "x", "z")],
        "product": [
            *([] if operator == "Sign" else [node("Cast", "z", out="f", to=FLOAT)]),
            node("Mul", "z" if operator == "Sign" else "f", "x"),
        ],
        "chosen": [node("Neg", "x", out="n"), node("Where", "z", "x", "n")],
    }
    return model([made, *ends[after]], shape, constants, opset=options.get("opset", 13))


def refused(made: Any, error: type[PolyreluError], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        from_onnx(made)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


def saved(folder: Path, made: Any, name: str = "net.onnx") -> Path:
    path = folder / name
    path.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
    return path


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


def external(location: str, **entries: Any) -> Any:
    proto = TensorProto(name="w", data_type=FLOAT, dims=[4, 3], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **entries}.items():
        proto.external_data.add(key=key, value=str(value))
    return proto


C = {"w": dyadic((4, 3), 1), "v": dyadic((4,), 2), "i": np.array([1]), "z": np.float32([1, 0, 2, 3])}
"""Constants of several shapes."""
