"""Files of other kinds are named, with what to do; state dicts in checkpoints and safetensors; types of ml_dtypes."""

from __future__ import annotations

import io
import pickle
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyrelu import FileError, Network, NetworkError, load
from polyrelu.readers.kinds import POINTER


def archive(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name in names:
            file.writestr(name, b"x")
    return stream.getvalue()


KINDS = {
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5.*ONNX.*transposed"),
    "npy": (b"\x93NUMPY\x01\x00", "array of NumPy.*npz"),
    "gzip": (b"\x1f\x8b\x08\x00", "gzip: unpack"),
    "keras": (archive("config.json", "model.weights.h5"), "Keras.*ONNX"),
    "torchscript": (archive("m/data.pkl", "m/constants.pkl"), "TorchScript.*state dict"),
    "torch": (archive("m/data.pkl", "m/data/0"), "torch.save.*suffix .pt"),
    "npz": (archive("weights_1.npy"), "suffix .npz"),
    "zip": (archive("model.onnx"), "zip archive: unpack"),
    "damaged": (archive("a")[:30], "zip archive, and damaged"),
    "safetensors": ((2).to_bytes(8, "little") + b"{}" + bytes(8), "suffix .safetensors"),
    "pickle": (pickle.dumps({"a": 1}), "pickle.*from_torch"),
}


@pytest.mark.parametrize("suffix", [".h5", ".keras", ".bin", ".json", ""])
@pytest.mark.parametrize("kind", KINDS)
def test_files_of_other_kinds_are_named(tmp_path: Path, kind: str, suffix: str) -> None:
    data, expected = KINDS[kind]
    (path := tmp_path / f"model{suffix}").write_bytes(data)
    with pytest.raises(FileError, match=expected) as caught:
        load(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".json", ".npz", ".onnx", ".nnet", ".pt", ".ckpt", ".safetensors", ".keras"])
def test_pointers_of_git_lfs_are_named_whatever_the_suffix(tmp_path: Path, suffix: str) -> None:
    if suffix in (".pt", ".ckpt", ".safetensors"):
        pytest.importorskip("torch")
        pytest.importorskip("safetensors")
    if suffix == ".onnx":
        pytest.importorskip("onnx")
    (path := tmp_path / f"model{suffix}").write_bytes(POINTER + b"v1\noid sha256:00\nsize 12345\n")
    with pytest.raises(FileError, match=r"Git LFS pointer.*git lfs pull"):
        load(path, activation="relu" if suffix in (".pt", ".ckpt", ".safetensors") else None)


def test_json_is_read_whatever_the_suffix(tmp_path: Path) -> None:
    (path := tmp_path / "net.model").write_text('{"weights": [[[1, 2]]], "biases": [[0]]}')
    assert load(path) == Network([[[1, 2]]], [[0]])


def test_an_hdf5_file_with_the_suffix_of_a_state_dict_is_named(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (path := tmp_path / "net.pt").write_bytes(KINDS["hdf5"][0])
    with pytest.raises(FileError, match=r"torch\.save.*HDF5"):
        load(path, activation="relu")


# --- checkpoints and safetensors ---


def perceptron(*widths: int) -> Any:
    torch = pytest.importorskip("torch")
    torch.manual_seed(len(widths))
    parts: list[Any] = []
    for m, n in pairwise(widths):
        parts += [torch.nn.Linear(m, n), torch.nn.ReLU()]
    return torch.nn.Sequential(*parts[:-1])


def assert_same_function(network: Network, module: Any) -> None:
    import torch

    x = np.random.default_rng(0).normal(size=(20, network.input_dim)).astype(np.float32)
    with torch.no_grad():
        expected = module(torch.from_numpy(x)).numpy()
    for point, value in zip(x, expected, strict=True):
        found = network(point)
        found = found if isinstance(found, tuple) else (found,)
        assert np.allclose([float(y) for y in found], value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("key", [None, "state_dict", "model_state_dict", "model", "net"])
@pytest.mark.parametrize("suffix", [".pt", ".ckpt"])
def test_state_dicts_in_checkpoints(tmp_path: Path, key: str | None, suffix: str) -> None:
    torch = pytest.importorskip("torch")
    module = perceptron(2, 4, 3, 1)
    content = module.state_dict() if key is None else {key: module.state_dict(), "epoch": 3}
    torch.save(content, tmp_path / f"net{suffix}")
    assert_same_function(load(tmp_path / f"net{suffix}", activation="relu"), module)


def test_of_two_state_dicts_none_is_chosen(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    state = perceptron(2, 3, 1).state_dict()
    torch.save({"model": state, "net": state}, tmp_path / "net.ckpt")
    with pytest.raises(FileError, match="two state dicts, 'model' and 'net'"):
        load(tmp_path / "net.ckpt", activation="relu")


@pytest.mark.parametrize("kind", ["float32", "float64", "bfloat16", "float16"])
def test_safetensors_are_in_the_order_of_their_numbers(tmp_path: Path, kind: str) -> None:
    torch = pytest.importorskip("torch")
    safetensors = pytest.importorskip("safetensors.torch")
    module = perceptron(3, *[3] * 7, 2).to(getattr(torch, kind))  # layers 0, 2, ..., 14: not in the order of texts
    safetensors.save_file(module.state_dict(), tmp_path / "net.safetensors")
    torch.save(module.state_dict(), tmp_path / "net.pt")
    found = load(tmp_path / "net.safetensors", activation="relu")
    assert found == load(tmp_path / "net.pt", activation="relu")
    assert_same_function(found, module.float())


def test_safetensors_without_an_order_are_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    safetensors = pytest.importorskip("safetensors.torch")
    path = tmp_path / "net.safetensors"
    safetensors.save_file({"b.weight": torch.ones(2, 2), "a.weight": torch.eye(2)}, path)
    with pytest.raises(FileError, match=r"\(a, b\) do not say in which order.*state_dict=module|from_torch"):
        load(path, activation="relu")
    safetensors.save_file({"only.weight": torch.eye(2)}, path)
    assert load(path, activation="relu") == Network([[[1, 0], [0, 1]]], [[0, 0]])
    with pytest.raises(FileError, match="pass activation"):
        safetensors.save_file(perceptron(2, 3, 1).state_dict(), path)
        load(path)


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff" * 40, (30).to_bytes(8, "little") + b'{"a": 1' + b" " * 40])
def test_damaged_safetensors(tmp_path: Path, data: bytes) -> None:
    pytest.importorskip("safetensors.torch")
    (path := tmp_path / "net.safetensors").write_bytes(data)
    with pytest.raises(FileError, match="not a file of safetensors"):
        load(path, activation="relu")


# --- archives of affinitree ---


def test_archives_of_affinitree(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    a, b, c = rng.normal(size=(3, 2)), rng.normal(size=(3, 3)), rng.normal(size=(1, 3))
    arrays: dict[str, Any] = {
        "000.layers": np.array([5]),
        "000.linear.weights": a, "000.linear.bias": a[:, 0],
        "001.relu": np.zeros(1),
        "002.linear.weights": b, "002.linear.bias": b[:, 0],
        "003.linear.weights": c, "003.linear.bias": c[:, 0],
    }  # fmt: skip
    np.savez(tmp_path / "net.npz", **arrays)
    net = load(tmp_path / "net.npz")
    for x in rng.normal(size=(20, 2)):
        expected = c @ (b @ np.maximum(a @ x + a[:, 0], 0) + b[:, 0]) + c[:, 0]
        assert np.isclose(float(net(x)), expected[0])
    np.savez(tmp_path / "net.npz", **arrays, **{"004.relu": np.zeros(1)})
    last = load(tmp_path / "net.npz")
    assert all(last(x) == max(net(x), 0) for x in rng.normal(size=(20, 2)))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("001.leakyrelu", "slopes and bounds"), ("001.linear.weights", "expected linear.weights and linear.bias")],
)
def test_layers_of_affinitree_that_are_not_read(tmp_path: Path, name: str, expected: str) -> None:
    linear = {"000.linear.weights": np.eye(2), "000.linear.bias": np.ones(2)}
    arrays: dict[str, Any] = {"000.layers": np.array([2]), **linear, name: np.zeros(1)}
    np.savez(tmp_path / "net.npz", **arrays)
    with pytest.raises((FileError, NetworkError), match=expected):
        load(tmp_path / "net.npz")


# --- types of ml_dtypes ---


@pytest.mark.parametrize("kind", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "float4_e2m1fn", "int4", "uint4"])
def test_every_finite_number_of_the_types_of_ml_dtypes_is_exact(kind: str) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    dtype = np.dtype(getattr(ml_dtypes, kind))
    if dtype.itemsize == 2:
        array = np.arange(2**16, dtype=np.uint16).view(dtype)[::7]
    elif kind.startswith("float8"):
        array = np.arange(2**8, dtype=np.uint8).view(dtype)
    else:
        array = np.array([0, 1, 2, 3, 4], dtype=dtype)
    with np.errstate(invalid="ignore"):
        array = array[np.isfinite(array.astype(np.float64))]
    found = Network([array[None]], [[array[0]]]).weights[0][0]
    assert [float(x) for x in found] == [float(x) for x in array]
