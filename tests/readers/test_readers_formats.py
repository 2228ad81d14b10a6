"""One `load` for all formats, in Python and on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.cli import main
from polyrelu.errors import FileError
from polyrelu.readers import STATE_DICTS, Document, read_document

NET = pr.Network([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[-1, -1, -1, -1]]], [[0, 0, 0, 0], [1]])  # 1 − |x| − |y|

NNET = """// 1 - |x| - |y|
2,2,1,4,
2,4,1,
0,
-1,-1,
1,1,
0,0,0,
1,1,1,
1,0,
-1,0,
0,1,
0,-1,
0,
0,
0,
0,
-1,-1,-1,-1,
1,
"""


def write_json(path: Path) -> None:
    pr.save(NET, path, claims={"betti": [1, 0]})


def write_npz(path: Path) -> None:
    pr.save(NET, path)


def write_nnet(path: Path) -> None:
    path.write_text(NNET)


def write_pt(path: Path) -> None:
    torch = pytest.importorskip("torch")
    layers = enumerate(zip(NET.weights, NET.biases, strict=True))
    state = {}
    for k, (matrix, vector) in layers:
        state[f"{2 * k}.weight"] = torch.tensor([[float(w) for w in row] for row in matrix])
        state[f"{2 * k}.bias"] = torch.tensor([float(b) for b in vector])
    torch.save(state, path)


def write_onnx(path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    names, nodes = [], []
    for k, (matrix, vector) in enumerate(zip(NET.weights, NET.biases, strict=True)):
        for name, values in ((f"W{k}", matrix), (f"b{k}", vector)):
            names.append(numpy_helper.from_array(np.array(values, dtype=np.float32), name))
    nodes.append(helper.make_node("Gemm", ["x", "W0", "b0"], ["h"], transB=1))
    nodes.append(helper.make_node("Relu", ["h"], ["r"]))
    nodes.append(helper.make_node("Gemm", ["r", "W1", "b1"], ["y"], transB=1))
    ends = [helper.make_tensor_value_info(name, 1, [1, n]) for name, n in (("x", 2), ("y", 1))]
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:], names)), path)


FORMATS = {
    ".json": write_json,
    ".npz": write_npz,
    ".nnet": write_nnet,
    ".pt": write_pt,
    ".pth": write_pt,
    ".onnx": write_onnx,
}


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_gives_the_same_network(tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"net{suffix}"
    FORMATS[suffix](path)
    told = "relu" if suffix in STATE_DICTS else None
    more = [] if told is None else ["--activation", told]
    assert pr.load(path, activation=told) == pr.load(str(path), activation=told) == NET
    assert read_document(path, activation=told) == Document(NET, {"betti": [1, 0]} if suffix == ".json" else {})
    assert main(["betti", str(path), "--json", *more]) == 0
    assert json.loads(capsys.readouterr().out)["betti"] == [1, 0]
    assert main(["regions", str(path), "--json", *more]) == 0
    assert json.loads(capsys.readouterr().out)["regions"] == 4
    assert main(["verify", str(path), "--betti", "1,0", *more]) == 0
    assert main(["verify", str(path), "--betti", "2,0", *more]) == 1
    assert main(["verify", str(path), *more]) == (0 if suffix == ".json" else 2)
    assert suffix == ".json" or "there are no claims" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".json", ".npz", ".nnet", ".pt", ".onnx", ".NPZ", ""])
def test_every_format_refuses_noise(tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    if suffix in (".pt", ".onnx"):
        pytest.importorskip({".pt": "torch", ".onnx": "onnx"}[suffix])
    path = tmp_path / f"net{suffix}"
    for content in (b"", b"\0" * 100, b"\x93NUMPY", b"PK\x03\x04", "ﬂ".encode() * 50, bytes(range(256))):
        path.write_bytes(content)
        with pytest.raises(pr.InputError) as caught:
            pr.load(path)
        assert str(caught.value).startswith(f"{path}: ")
        assert main(["betti", str(path)]) == 2
        captured = capsys.readouterr()
        assert captured.out == "" and captured.err.count("\n") == 1
    for missing in (tmp_path / f"missing{suffix}", tmp_path / f"a{suffix}" / f"b{suffix}"):
        with pytest.raises(FileError, match="cannot be read"):
            pr.load(missing)
    folder = tmp_path / f"folder{suffix}"
    folder.mkdir()
    with pytest.raises(FileError, match="cannot be read"):
        pr.load(folder)


@pytest.mark.parametrize("path", [None, 3, "", "\0.pt", "a\0b.npz", []], ids=repr)
def test_refuses_paths(path: Any) -> None:
    for operation in (pr.load, read_document, lambda target: pr.save(NET, target)):
        with pytest.raises(FileError) as caught:
            operation(path)
        assert "\n" not in str(caught.value)


def test_nothing_heavy_is_imported_until_needed(tmp_path: Path) -> None:
    pr.save(NET, tmp_path / "net.npz")
    code = f"import sys, polyrelu as pr; pr.load({str(tmp_path / 'net.npz')!r}); pr.from_torch, pr.from_onnx; "
    code += "assert not {'torch', 'onnx', 'sklearn', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_same_model_through_torch_and_onnx() -> None:
    torch = pytest.importorskip("torch")
    onnx = pytest.importorskip("onnx")
    nn, helper = torch.nn, onnx.helper
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 6), nn.LeakyReLU(0.1), nn.BatchNorm1d(6), nn.ReLU6(), nn.Linear(6, 3)).eval()
    model[2].running_mean.normal_()
    model[2].running_var.uniform_(0.5, 2)
    tensors = {name: value.numpy() for name, value in model.state_dict().items() if "num_batches" not in name}
    tensors |= {"low": np.float32(0), "high": np.float32(6)}
    norm = [f"2.{name}" for name in ("weight", "bias", "running_mean", "running_var")]
    nodes = [
        helper.make_node("Gemm", ["x", "0.weight", "0.bias"], ["a"], transB=1),
        helper.make_node("LeakyRelu", ["a"], ["b"], alpha=0.1),
        helper.make_node("BatchNormalization", ["b", *norm], ["c"], epsilon=1e-5),
        helper.make_node("Clip", ["c", "low", "high"], ["d"]),
        helper.make_node("Gemm", ["d", "4.weight", "4.bias"], ["y"], transB=1),
    ]
    ends = [helper.make_tensor_value_info(name, 1, ["batch", n]) for name, n in (("x", 2), ("y", 3))]
    weights = [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in tensors.items()]
    assert pr.from_torch(model) == pr.from_onnx(
        helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:], weights))
    )
