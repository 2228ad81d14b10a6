"""ONNX files that are wrong or mean harm, and data beside a model."""

from __future__ import annotations

import os
import subprocess
import sys
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
    PolyreluError,
)
from polyrelu.network.network import Network
from polyrelu.readers import load
from polyrelu.readers.onnx import from_onnx, read_onnx

onnx = pytest.importorskip("onnx")

from onnx import TensorProto  # noqa: E402

from support.onnx_models import (  # noqa: E402
    FLOAT,
    C,
    acas_xu,
    external,
    model,
    node,
    refused,
    saved,
)

# --- files ---





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
@settings(max_examples=150, deadline=None)
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
