"""Functions that an ONNX model defines: inlined, and refused where that would not end or would be too much."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from polyrelu.errors import LimitError, NetworkError
from polyrelu.readers.onnx import from_onnx

onnx = pytest.importorskip("onnx")

from onnx import helper  # noqa: E402

from support.onnx_models import agree, dyadic, model, node  # noqa: E402

OPSETS = [helper.make_opsetid("", 13), helper.make_opsetid("local", 1)]


def with_functions(nodes: list[Any], *functions: Any, opset: int = 13, **constants: Any) -> Any:
    made = model(nodes, (1, 4), constants)
    made.opset_import.append(helper.make_opsetid("local", 1))
    made.functions.extend(functions)
    return made


def call(name: str, *inputs: str, out: str = "y", **attributes: Any) -> Any:
    return helper.make_node(name, list(inputs), [out], domain="local", **attributes)


def function(name: str, inputs: list[str], nodes: list[Any], attributes: tuple[str, ...] = ()) -> Any:
    return helper.make_function("local", name, inputs, ["y"], nodes, OPSETS, attributes)


def test_functions_are_inlined() -> None:
    leaky = helper.make_node("LeakyRelu", ["h"], ["y"])
    leaky.attribute.append(onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT))
    layer = function("Layer", ["x", "w"], [node("MatMul", "x", "w", out="h"), leaky], ("slope",))
    block = function("Block", ["x", "w"], [call("Layer", "x", "w", out="h", slope=0.5), node("Add", "h", "x")])
    weight = dyadic((4, 4), 1)
    calls = [call("Block", "x", "w", out="b"), call("Layer", "b", "w", slope=0.25)]
    made = with_functions(calls, layer, block, w=weight)
    plain = [
        node("MatMul", "x", "w", out="a"), node("LeakyRelu", "a", out="r", alpha=0.5), node("Add", "r", "x", out="b"),
        node("MatMul", "b", "w", out="c"), node("LeakyRelu", "c", alpha=0.25),
    ]  # fmt: skip
    network = agree(made, (1, 4), reference=False)
    assert network == from_onnx(model(plain, (1, 4), {"w": weight}))


@pytest.mark.parametrize(
    ("functions", "error", "message"),
    [
        ([function("F0", ["x"], [call("F0", "x")])], NetworkError, "'F0' of the model calls itself"),
        (
            [function("F0", ["x"], [call("F1", "x")]), function("F1", ["x"], [call("F2", "x")]),
             function("F2", ["x"], [call("F1", "x")])],
            NetworkError, "of the model calls itself",
        ),
        (
            [*(function(f"F{k}", ["x"], [call(f"F{k + 1}", "x", out="h"), call(f"F{k + 1}", "h")]) for k in range(60)),
             function("F60", ["x"], [node("Relu", "x")])],
            LimitError, "nodes with those of its functions",
        ),
        ([function("F0", ["x"], [node("Tanh", "x")])], NetworkError, r"\(Tanh\): is not a continuous"),
        ([function("F0", ["x"], [node("Relu", "x")])] * 2, NetworkError, "there twice"),
        ([function("F1", ["x"], [node("Relu", "x")])], NetworkError, r"domain 'local' are not read"),
    ],
    ids=["itself", "in a circle", "doubling", "curved", "twice", "another"],
)  # fmt: skip
def test_functions_that_are_refused(functions: list[Any], error: type[Exception], message: str) -> None:
    started = time.process_time()
    with pytest.raises(error, match=message):
        from_onnx(with_functions([call("F0", "x")], *functions, w=np.float32(0)))
    assert time.process_time() - started < 1
