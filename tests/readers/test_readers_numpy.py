"""Network files of NumPy: round trips, and every way an archive can be wrong or hostile."""

from __future__ import annotations

import io
import os
import pickle
import struct
import tracemalloc
import zipfile
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyrelu.errors import FileError, InputError, NetworkError, NumberError
from polyrelu.network.network import Network
from polyrelu.readers import load, save
from polyrelu.readers.numpy import read_npz, write_npz

doubles = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def networks_of_doubles(draw: Any) -> Network:
    widths = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    pairs = list(pairwise(widths))
    vector = lambda n: draw(st.lists(doubles, min_size=n, max_size=n))  # noqa: E731
    slopes = [vector(m) for _, m in pairs[:-1]] if draw(st.booleans()) else None
    return Network([[vector(n) for _ in range(m)] for n, m in pairs], [vector(m) for _, m in pairs], slopes)


@given(net=networks_of_doubles())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_round_trip(tmp_path: Path, net: Network) -> None:
    save(net, tmp_path / "net.npz")
    assert load(tmp_path / "net.npz") == net == read_npz(tmp_path / "net.npz")


def test_the_arrays_are_those_documented(tmp_path: Path) -> None:
    net = Network([[[1, 2], [0.5, -1]], [[3, 4]]], [[0, 1], [2]], [[0, -1]])
    save(net, tmp_path / "net.npz")
    with np.load(tmp_path / "net.npz", allow_pickle=False) as file:
        arrays = {name: file[name].tolist() for name in file}
    assert arrays == {
        "weights_1": [[1, 2], [0.5, -1]], "biases_1": [0, 1], "slopes_1": [0, -1],
        "weights_2": [[3, 4]], "biases_2": [2],
    }  # fmt: skip
    save(Network([[[1]], [[1]]], [[0], [0]]), tmp_path / "relu.npz")
    with np.load(tmp_path / "relu.npz") as file:
        assert sorted(file) == ["biases_1", "biases_2", "weights_1", "weights_2"]


@pytest.mark.parametrize("kind", ["float16", "float32", ">f8", "int8", "uint64", "longdouble"])
@pytest.mark.parametrize("compressed", [False, True])
def test_reads_every_type_exactly(tmp_path: Path, kind: str, compressed: bool) -> None:
    weight = np.asfortranarray((np.array([[1.1, 2.7, 3.3], [100.9, 5, 0]])).astype(kind))
    (np.savez_compressed if compressed else np.savez)(
        tmp_path / "net.npz", weights_1=weight, biases_1=np.array([2**53 + 1, -1])
    )
    expected = tuple(
        tuple(Fraction(*x.as_integer_ratio()) if x.dtype.kind == "f" else Fraction(int(x)) for x in row)
        for row in weight
    )
    net = load(tmp_path / "net.npz")
    assert net.weights == (expected,)
    assert net.biases == ((2**53 + 1, -1),)


@pytest.mark.parametrize("number", [Fraction(1, 3), 2**53 + 1, 10**400, Fraction(1, 10**400), "0.1"])
def test_refuses_to_round(tmp_path: Path, number: Any) -> None:
    path = tmp_path / "net.npz"
    with pytest.raises(FileError, match=r"weights_1, row 2, entry 1: .* no double"):
        save(Network([[[1], [number]]], [[0, 0]]), path)
    with pytest.raises(FileError, match=r"slopes_1, entry 1: .* no double"):
        save(Network([[[1]], [[1]]], [[0], [0]], [number]), path)
    assert not path.exists()


def test_refuses_to_save_what_is_lost(tmp_path: Path) -> None:
    net = Network([[[1]]], [[0]])
    for extra in ({"claims": {}}, {"name": "n"}, {"note": "n"}):
        with pytest.raises(FileError, match=r"in \.json files only"):
            save(net, tmp_path / "net.npz", **extra)  # type: ignore[arg-type]
    for suffix in (".pt", ".onnx", ".nnet"):
        with pytest.raises(FileError, match="only read"):
            save(net, tmp_path / f"net{suffix}")
    with pytest.raises(FileError, match="expected a Network"):
        write_npz(tmp_path / "net.npz", [[1]])  # type: ignore[arg-type]
    with pytest.raises(FileError, match="cannot be written"):
        save(net, tmp_path / "no" / "net.npz")
    assert not list(tmp_path.iterdir())


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def header(text: str, data: bytes = b"", version: tuple[int, int] = (1, 0)) -> bytes:
    """An array file with any header."""
    encoded = text.encode()
    size = struct.pack("<H" if version == (1, 0) else "<I", len(encoded))
    return b"\x93NUMPY" + bytes(version) + size + encoded + data


def archive(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def declared(shape: str, kind: str = "<f8", data: bytes = b"\0" * 8) -> bytes:
    return header(f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}\n", data)


ONE = {"weights_1.npy": npy([[1.0]]), "biases_1.npy": npy([0.0])}
GIGABYTE = 2**27  # doubles

HOSTILE: list[tuple[dict[str, Any], type[InputError], str]] = [
    ({}, FileError, "biases_1 is missing"),
    ({"weights_1.npy": npy([[1.0]])}, FileError, "biases_1 is missing"),
    ({**ONE, "weights_3.npy": npy([[1.0]])}, FileError, "2 is missing"),
    ({**ONE, "slopes_1.npy": npy([0.0])}, FileError, "slopes_1 is one too many"),
    ({**ONE, "biases_2.npy": npy([0.0])}, FileError, "biases_2 is one too many"),
    ({**ONE, "readme.txt": b"hello"}, FileError, "holds 'readme.txt'; expected arrays weights_1"),
    ({**ONE, "../weights_2.npy": npy([[1.0]])}, FileError, "holds '../weights_2.npy'"),
    ({"weights_01.npy": npy([[1.0]])}, FileError, "holds 'weights_01.npy'"),
    ({**ONE, "weights_1.npy": npy([1.0])}, NetworkError, "weights_1: expected an array of 2 dimensions"),
    ({**ONE, "biases_1.npy": npy([[0.0]])}, NetworkError, "biases_1: expected an array of 1 dimensions"),
    ({**ONE, "biases_1.npy": npy([0.0, 1.0])}, NetworkError, "layer 1, bias: expected 1 numbers"),
    ({**ONE, "weights_1.npy": npy([[np.nan]])}, NumberError, "layer 1, weight row 1, column 1"),
    ({**ONE, "weights_1.npy": npy([[-np.inf]])}, NumberError, "layer 1, weight row 1, column 1"),
    ({**ONE, "weights_1.npy": npy([[1j]])}, FileError, "array 'weights_1': expected floats or integers"),
    ({**ONE, "weights_1.npy": npy([["1"]])}, FileError, "expected floats or integers"),
    ({**ONE, "weights_1.npy": npy([[True]])}, FileError, "expected floats or integers"),
    ({**ONE, "weights_1.npy": npy(np.zeros((1, 0)))}, NetworkError, "no columns"),
    ({**ONE, "weights_1.npy": declared(f"({GIGABYTE}, 1)")}, FileError, "8 bytes do not make an array"),
    ({**ONE, "weights_1.npy": declared("(-1, -1)")}, FileError, ""),
    ({**ONE, "weights_1.npy": declared("(100000000000, 0)", data=b"")}, NumberError, "more than 10000000 entries"),
    ({**ONE, "biases_1.npy": declared("(100000000000, 0)", data=b"")}, NetworkError, "1 dimensions"),
    ({**ONE, "weights_1.npy": declared("(1, 2)")}, FileError, "8 bytes do not make an array of shape .1, 2."),
    ({**ONE, "weights_1.npy": declared("(1" + "0" * 5000 + ", 1)")}, FileError, ""),
    ({**ONE, "weights_1.npy": declared("(1, 1)", "|O")}, FileError, "expected floats or integers"),
    ({**ONE, "weights_1.npy": declared("__import__('os').getcwd()")}, FileError, "not in NumPy's format"),
    ({**ONE, "weights_1.npy": header("(" * 9000)}, FileError, ""),
    ({**ONE, "weights_1.npy": header("{}", version=(9, 0))}, FileError, "not in NumPy's format"),
    ({**ONE, "weights_1.npy": b""}, FileError, "not in NumPy's format"),
    ({**ONE, "weights_1.npy": b"\x93NUMPY"}, FileError, "not in NumPy's format"),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("k", range(len(HOSTILE)))
def test_refuses_archives(tmp_path: Path, k: int) -> None:
    members, error, text = HOSTILE[k]
    path = archive(tmp_path / "net.npz", members)
    tracemalloc.start()
    try:
        with pytest.raises(error, match=text) as caught:
            load(path)
        assert tracemalloc.get_traced_memory()[1] < 2**24  # of the gigabyte that some declare
    finally:
        tracemalloc.stop()
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < len(str(path)) + 300


def test_refuses_bombs(tmp_path: Path) -> None:
    target = tmp_path / "harm"
    array = np.empty((1, 1), dtype=object)
    array[0, 0] = Bomb(target)
    np.savez(tmp_path / "object.npz", weights_1=array, biases_1=np.zeros(1))
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps(Bomb(target)))
    archive(tmp_path / "zip.npz", {**ONE, "weights_1.npy": header("", b"\0" * 2 * 10**8)})
    archive(tmp_path / "many.npz", {f"weights_{k}.npy": b"" for k in range(1, 3100)})
    whole = (archive(tmp_path / "whole.npz", ONE)).read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    for name, text in (
        ("object", "expected floats"), ("pickle", "not an .npz archive"), ("zip", "declares 2000"),
        ("many", "holds 3099 arrays"), ("cut", "not an .npz archive"),
    ):  # fmt: skip
        with pytest.raises(FileError, match=text):
            load(tmp_path / f"{name}.npz")
    assert not target.exists()
    with np.load(tmp_path / "object.npz", allow_pickle=True) as file, pytest.raises(NumberError):
        Network([file["weights_1"]], [[0]])
    assert target.is_dir()  # the bomb was live


def test_numbers_are_counted_over_all_arrays(tmp_path: Path) -> None:
    half = npy(np.zeros((5000, 1001), dtype=np.uint8))  # in few bytes, compressed ones
    path = archive(tmp_path / "net.npz", {f"{kind}_{k}.npy": half for kind in ("weights", "biases") for k in (1, 2)})
    with pytest.raises(FileError, match="holds 20020000 numbers, more than a network of 10000000 weights has"):
        load(path)


def test_no_wrong_bit_in_the_directory_changes_the_network(tmp_path: Path) -> None:
    """One in the length of a comment lets an entry hide those after it, here a second layer."""
    path = tmp_path / "net.npz"
    net = Network([[[1], [2]], [[3, 4]]], [[0, 0], [5]])
    save(net, path)
    data = path.read_bytes()
    refusals = set()
    for place in range(data.index(b"PK\x01\x02"), len(data)):
        for bit in (0, 4, 7):
            damaged = bytearray(data)
            damaged[place] ^= 1 << bit
            path.write_bytes(damaged)
            try:
                assert load(path) == net, (place, bit)
            except FileError as error:
                refusals.add(str(error))
    assert any("states 4 members, but lists 2" in refusal for refusal in refusals)


@pytest.mark.filterwarnings("ignore")
def test_damaged_files_never_raise_anything_else(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    rng = Random(0)
    for compressed in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        data = archive(path, ONE, compressed).read_bytes()
        for _ in range(150):
            damaged = bytearray(data)
            for _ in range(rng.randint(1, 3)):
                damaged[rng.randrange(len(data))] = rng.randrange(256)
            path.write_bytes(damaged)
            try:
                load(path)
            except InputError as error:
                assert str(error).startswith(str(path))
