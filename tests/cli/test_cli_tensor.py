"""--tensor: an ONNX model up to one of its tensors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyrelu as pr
import polyrelu.cli

onnx = pytest.importorskip("onnx")
WEIGHTS = np.array([[1, -1, 2], [0, 1, 1]], np.float32)


@pytest.fixture
def model(tmp_path: Path) -> str:
    """softmax(ReLU(x W)), whose tensor "hidden" is piecewise linear."""
    nodes = [
        onnx.helper.make_node("MatMul", ["x", "W"], ["a"]),
        onnx.helper.make_node("Relu", ["a"], ["hidden"]),
        onnx.helper.make_node("Softmax", ["hidden"], ["y"]),
    ]
    ends: list[Any] = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, n]) for name, n in (("x", 2), ("y", 3))
    ]
    graph = onnx.helper.make_graph(nodes, "g", ends[:1], ends[1:], [onnx.numpy_helper.from_array(WEIGHTS, "W")])
    path = tmp_path / "model.onnx"
    path.write_bytes(
        onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)]).SerializeToString()
    )
    return str(path)


def test_models_are_cut_before_what_is_not_linear(model, capsys):
    assert polyrelu.cli.main(["classes", model]) == 2
    message = capsys.readouterr().err
    assert "Softmax" in message and "output='hidden'" in message and "--tensor" in message
    net = pr.Network([WEIGHTS.T.tolist(), np.eye(3, dtype=int).tolist()], [[0] * 3] * 2)
    assert polyrelu.cli.main(["classes", model, "--tensor", "hidden", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["cells"] == list(pr.classify(net, coarse=True).complex.f_vector)
    assert polyrelu.cli.main(["regions", model, "--tensor", "hidden", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["f_vector"] == list(pr.subdivide(net).f_vector)
    assert polyrelu.cli.main(["info", model, "--tensor", "hidden"]) == 0
    assert f"polyrelu classes {model} --tensor hidden " in capsys.readouterr().out


def test_mistakes(model, tmp_path, capsys):
    assert polyrelu.cli.main(["betti", model, "--tensor", "nothing"]) == 2
    assert "no tensor 'nothing'" in capsys.readouterr().err
    pr.save(pr.Network([[[1]]], [[0]]), tmp_path / "net.json")
    assert polyrelu.cli.main(["betti", str(tmp_path / "net.json"), "--tensor", "y"]) == 2
    assert "only the tensors of .onnx files" in capsys.readouterr().err
