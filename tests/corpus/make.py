"""Makes the files of the corpus: small ones of every format that is read, to begin mutations from.

Run from the root of a clone, with PyTorch and onnx installed. What is there is replaced; a new version of a library may
write other bytes for the same content.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

import polyrelu as pr

HERE = Path(__file__).parent


def documents() -> None:
    net = pr.Network([[[1, "1/3"], [-2, "0.1"]], [["2/7", -1]]], [[0, 1], ["-1/2"]])
    pr.save(net, HERE / "plain.json", claims={"betti": [1, 0]}, name="a name", note="a note")
    text = {"weights": [[[0.5, -1e-3], [2.25, 3]], [[1, -1]]], "biases": [[0, 0.125], [1e10]], "slopes": ["1/10"]}
    (HERE / "slopes.json").write_text(json.dumps(text) + "\n", encoding="utf-8")


def arrays() -> None:
    rng = np.random.default_rng(1)
    layers = [rng.normal(size=(3, 2)), rng.normal(size=(1, 3))]
    biases = [rng.normal(size=3), rng.normal(size=1)]
    pr.save(pr.Network(layers, biases), HERE / "plain.npz")
    with zipfile.ZipFile(HERE / "plain.npz") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(HERE / "deflated.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def nnet() -> None:
    text = """// A comment
2,2,1,3,
2,3,1,
0,
-1.0,-2.0,
1.0,2.0,
0.0,0.5,0.25,
1.0,2.0,4.0,
0.5,-1.0,
1.5,2e-3,
-0.25,1.0,
0.1,
0.2,
-0.3,
1.0,-1.0,2.0,
0.5,
"""
    (HERE / "plain.nnet").write_text(text, encoding="ascii")


def state_dicts() -> None:
    torch.manual_seed(1)
    for name, kind in (("plain.pt", torch.float32), ("half.pth", torch.float16)):
        module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1)).to(kind)
        torch.save(module.state_dict(), HERE / name)


def graphs() -> None:
    rng = np.random.default_rng(2)

    def write(name: str, nodes: list[onnx.NodeProto], shape: Sequence[int | str], **weights: np.ndarray) -> None:
        graph = helper.make_graph(
            nodes,
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
            [numpy_helper.from_array(value, key) for key, value in weights.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        (HERE / name).write_bytes(model.SerializeToString())

    def f(*shape: int) -> np.ndarray:
        return rng.integers(-8, 8, shape).astype(np.float32) / 4

    node = helper.make_node
    write(
        "mlp.onnx",
        [node("Gemm", ["x", "a", "c"], ["u"], transB=1), node("Relu", ["u"], ["v"]), node("MatMul", ["v", "b"], ["y"])],
        ["n", 2],
        a=f(3, 2),
        c=f(3),
        b=f(3, 1),
    )
    write(
        "convolution.onnx",
        [
            node("Conv", ["x", "w"], ["u"], pads=[1, 1, 1, 1], strides=[2, 2]),
            node("LeakyRelu", ["u"], ["v"], alpha=0.25),
            node("MaxPool", ["v"], ["p"], kernel_shape=[2, 2]),
            node("Flatten", ["p"], ["q"]),
            node("MatMul", ["q", "b"], ["y"]),
        ],
        [1, 1, 4, 4],
        w=f(2, 1, 3, 3),
        b=f(2, 1),
    )
    write(
        "residual.onnx",
        [
            node("MatMul", ["x", "a"], ["t"]),
            node("Relu", ["t"], ["u"]),
            node("Add", ["u", "x"], ["v"]),
            node("Abs", ["v"], ["w"]),
            node("Reshape", ["w", "s"], ["r"]),
            node("Transpose", ["r"], ["z"], perm=[0, 2, 1]),
            node("Slice", ["z", "lo", "hi", "ax"], ["h"]),
            node("Concat", ["h", "h"], ["c"], axis=1),
            node("ReduceSum", ["c", "ax"], ["y"], keepdims=0),
        ],
        ["n", 2],
        a=f(2, 2),
        s=np.array([-1, 1, 2]),
        lo=np.array([0]),
        hi=np.array([1]),
        ax=np.array([1]),
    )
    write(
        "normalised.onnx",
        [
            node("BatchNormalization", ["x", "s", "t", "m", "v"], ["u"], epsilon=0.0625),
            node("Clip", ["u", "lo", "hi"], ["w"]),
            node("Gather", ["w", "i"], ["y"], axis=1),
        ],
        ["n", 3],
        s=f(3),
        t=f(3),
        m=f(3),
        v=np.array([1, 4, 0.25], dtype=np.float32),
        i=np.array([2, 0]),
        lo=np.array(0, dtype=np.float32),
        hi=np.array(2, dtype=np.float32),
    )


def complexes() -> None:
    net = pr.Network([[[1, 0], [0, 1], [1, 1], [3, -2]], [[1, -1, 2, 1]]], [[0, 0, -1, Fraction(1, 3)], [-1]])
    pr.save_complex(pr.subdivide(net, level=0), HERE / "plain.complex.npz")
    box = pr.Domain.box([-1, 0], [1, 2])
    pr.save_complex(pr.subdivide(net, domain=box), HERE / "box.complex.npz")
    flat = pr.Network([[[1, 1, 0]], [[1]]], [[0.1], [0]])
    pr.save_complex(pr.subdivide(flat, level="1/3"), HERE / "lineality.complex.npz")
    rng = np.random.default_rng(3)
    rough = pr.Network(
        [rng.normal(size=(4, 2)), rng.normal(size=(2, 4)), rng.normal(size=(1, 2))],
        [rng.normal(size=4), rng.normal(size=2), rng.normal(size=1)],
    )
    pr.save_complex(pr.subdivide(rough, level=0), HERE / "floats.complex.npz")
    pr.save_complex(pr.subdivide(rough, level=-2, coarse=True), HERE / "coarse.complex.npz")


if __name__ == "__main__":
    documents()
    arrays()
    nnet()
    state_dicts()
    graphs()
    complexes()
