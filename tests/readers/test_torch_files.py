"""Files of PyTorch state dicts: every type and wrapper, and files that mean harm."""

from __future__ import annotations

import io
import os
import pickle
import resource
import zipfile
from collections import OrderedDict
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from test_readers_torch import seeded

from polyrelu.errors import FileError, InputError, LimitError, MissingDependencyError, NetworkError, NumberError
from polyrelu.network.network import Network
from polyrelu.readers import from_torch, load

torch = pytest.importorskip("torch")
nn = torch.nn
F = torch.nn.functional


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".PT"])
@pytest.mark.parametrize("wrapper", [None, "state_dict", "model_state_dict"])
def test_state_dicts(tmp_path: Path, suffix: str, wrapper: str | None) -> None:
    module = seeded(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2, bias=False), nn.ReLU(), nn.Linear(2, 2)))
    content = module.state_dict() if wrapper is None else {wrapper: module.state_dict(), "epoch": 3}
    torch.save(content, tmp_path / f"net{suffix}")
    assert load(tmp_path / f"net{suffix}", activation="relu") == from_torch(module)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "int64"])
def test_state_dicts_of_every_type(tmp_path: Path, dtype: str) -> None:
    tensor = (torch.tensor([[0.1, 7.0], [-3.0, 1 / 3]]) * 3).to(getattr(torch, dtype))
    torch.save({"a.b.weight": tensor.T}, tmp_path / "net.pt")
    net = load(tmp_path / "net.pt", activation="relu")
    assert net.weights == (tuple(tuple(map(Fraction, row)) for row in tensor.T.tolist()),)
    assert net.biases == ((0, 0),)


class Bomb:
    """Unpickled, it makes a directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def archive(path: Path, pickled: bytes, storages: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    """A file laid out as torch.save does it, with whatever content."""
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("net/data.pkl", pickled)
        file.writestr("net/byteorder", "little")
        for key, data in storages.items():
            file.writestr(f"net/data/{key}", data)
        file.writestr("net/version", "3\n")
    return path


def with_tensor(numel: int, size: tuple[int, ...], stride: tuple[int, ...]) -> bytes:
    """A pickled state dict whose tensor has a storage that declares `numel` floats."""

    class Storage:
        pass

    class Tensor:
        def __reduce__(self) -> Any:
            return torch._utils._rebuild_tensor_v2, (Storage(), 0, size, stride, False, OrderedDict())

    class Pickler(pickle.Pickler):
        def persistent_id(self, item: Any) -> Any:
            return ("storage", torch.FloatStorage, "0", "cpu", numel) if isinstance(item, Storage) else None

    buffer = io.BytesIO()
    Pickler(buffer, 2).dump({"0.weight": Tensor()})
    return buffer.getvalue()


def test_the_layout_of_the_hostile_files_is_right(tmp_path: Path) -> None:
    data = np.array([1.5, -2.0, 3.0, 0.25], dtype=np.float32).tobytes()
    path = archive(tmp_path / "net.pt", with_tensor(4, (2, 2), (2, 1)), {"0": data})
    assert load(path, activation="relu") == Network([[[1.5, -2], [3, 0.25]]], [[0, 0]])


BYTEARRAY = b"\x80\x02c__builtin__\nbytearray\n\x8a\x08" + (10**9).to_bytes(8, "little") + b"\x85R."
CODEC = b"\x80\x02c_codecs\nencode\nX\x01\0\0\0aX\x03\0\0\0hex\x86R."
METHOD = b"\x80\x02ccollections\nOrderedDict\n)R}X\x05\0\0\0itemsK\x01sb."  # whose attribute `items` is 1


def bombs(folder: Path) -> dict[str, tuple[Path, str]]:
    """Hostile and damaged files, and what is said about each."""
    target = folder / "harm"
    pickled = folder / "bomb.pt"
    torch.save({"0.weight": torch.zeros(1, 1), "x": Bomb(target)}, pickled)
    legacy = folder / "legacy.pt"
    torch.save({"0.weight": Bomb(target)}, legacy, _use_new_zipfile_serialization=False)
    plain = folder / "plain.pt"
    plain.write_bytes(pickle.dumps(Bomb(target)))
    whole = folder / "whole.pt"
    torch.save(nn.Sequential(nn.Linear(2, 2)), whole)
    good = folder / "good.pt"
    torch.save(nn.Linear(50, 50).state_dict(), good)
    cut = folder / "cut.pt"
    cut.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    script = folder / "script.pt"
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), script)
    foreign = folder / "foreign.pt"
    with zipfile.ZipFile(foreign, "w") as file:
        file.writestr("readme.txt", "no model")
    empty = folder / "empty.pt"
    empty.write_bytes(b"")
    double = archive(folder / "d.pt", with_tensor(4, (2, 2), (2, 1)), {"0": b"\0" * 16})
    with zipfile.ZipFile(double, "a") as file:
        file.writestr("net/DATA.PKL", BYTEARRAY)
    big = 2**28
    four = b"\0" * 16
    return {
        "pickle bomb": (pickled, r"holds more than plain tensors \((posix|os|nt)\.mkdir\)"),
        "legacy pickle bomb": (legacy, "not a file written by torch.save"),
        "plain pickle bomb": (plain, "not a file written by torch.save"),
        "bomb in an archive": (archive(folder / "b.pt", pickle.dumps(Bomb(target), 2), {}), "holds more than plain"),
        "pickled module": (whole, "holds more than plain tensors"),
        "truncated": (cut, "damaged"),
        "TorchScript": (script, "TorchScript"),
        "another zip": (foreign, "no data.pkl"),
        "empty": (empty, "not a file written by torch.save"),
        "1 GB by strides": (archive(folder / "s.pt", with_tensor(1, (16384, 16384), (0, 0)), {"0": four}), "268435456"),
        "1 GB storage": (archive(folder / "g.pt", with_tensor(big, (big // 4, 4), (4, 1)), {"0": four}), ""),
        "zip bomb": (
            archive(folder / "z.pt", with_tensor(4, (2, 2), (2, 1)), {"0": b"\0" * 10**7}, zipfile.ZIP_DEFLATED),
            "compressed",
        ),
        "no pickle": (archive(folder / "n.pt", b"\x80\x02" + b"(" * 10**5, {}), "not a state dict.*pickle exhausted"),
        "bytearray": (archive(folder / "a.pt", BYTEARRAY, {}), r"more than plain tensors \(__builtin__.bytearray"),
        "codec": (archive(folder / "c.pt", CODEC, {}), r"more than plain tensors \(_codecs.encode"),
        "two pickles": (double, r"more than plain tensors \(__builtin__.bytearray"),
        "long pickle": (archive(folder / "l.pt", b"\x80\x02" + b"}" * 10**7 + b".", {}), "in 10000003 bytes, more"),
        "method": (archive(folder / "m.pt", METHOD, {}), "not a state dict, or a damaged file: 'int' object"),
    }


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [
    "pickle bomb", "legacy pickle bomb", "plain pickle bomb", "bomb in an archive", "pickled module", "truncated",
    "TorchScript", "another zip", "empty", "1 GB by strides", "1 GB storage", "zip bomb", "no pickle",
    "bytearray", "codec", "two pickles", "long pickle", "method",
])  # fmt: skip
def test_hostile_files(tmp_path: Path, name: str) -> None:
    path, text = bombs(tmp_path)[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises((InputError, LimitError), match=text) as caught:
        load(path, activation="relu")
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert "weights_only" not in message
    assert len(message) < len(str(path)) + 300
    assert not (tmp_path / "harm").exists()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**18  # kilobytes, of the gigabyte declared


@pytest.mark.filterwarnings("ignore")
def test_the_bomb_is_live(tmp_path: Path) -> None:
    bombs(tmp_path)
    torch.load(tmp_path / "b.pt", weights_only=False)
    assert (tmp_path / "harm").is_dir()


def with_attribute(tensor: Any) -> Any:
    tensor.numel = 1
    return tensor


CONTENTS: list[tuple[Any, type[Exception], str]] = [
    ({}, FileError, "empty"),
    ([1, 2], FileError, "expected a state dict"),
    (torch.zeros(2, 2), FileError, "expected a state dict"),
    ({"0.weight": torch.zeros(3, 2), "1.running_mean": torch.zeros(3)}, FileError, "'1.running_mean' is a tensor"),
    ({"0.weight": torch.zeros(3)}, FileError, "'0.weight' is a tensor of shape"),
    ({"0.weight": torch.zeros(2, 1, 3, 3)}, FileError, "build the module and pass the state dict with it, from_torch"),
    ({"state_dict": {}, "model_state_dict": {}}, FileError, "two state dicts, 'state_dict' and 'model_state_dict'"),
    ({"0.bias": torch.zeros(3)}, FileError, "has a bias, but no weight"),
    ({"epoch": 3}, FileError, "'epoch' is 3"),
    ({3: torch.zeros(3)}, FileError, "3 is a tensor"),
    ({"0.weight": torch.zeros(3, 2), "0.bias": torch.zeros(2)}, NetworkError, "layer '0': bias: expected 3 numbers"),
    ({"0.weight": torch.zeros(3, 2), "1.weight": torch.zeros(1, 2)}, NetworkError, "layer '1': takes 2 values, but "),
    ({"0.weight": torch.full((1, 2), float("nan"))}, NumberError, "layer '0', weight, entry 1: nan"),
    ({"0.weight": torch.zeros(0, 2)}, NetworkError, "empty"),
    ({"0.weight": torch.zeros(2, 0)}, NetworkError, "positive lengths"),
    ({"0.weight": torch.zeros(1, 1, dtype=torch.complex64)}, NetworkError, "layer '0': .*complex"),
    ({"0.weight": torch.zeros(1, 8, dtype=torch.uint8).view(torch.bits8)}, FileError, "torch.bits8"),
    ({"0.weight": with_attribute(torch.zeros(1, 1))}, FileError, "_rebuild_from_type_v2"),
    ({"0.weight": torch.zeros(2, 2).to_sparse()}, FileError, "sparse"),
    ({f"{k}.weight": torch.ones(1).expand(3000, 3000) for k in range(7)}, LimitError, "have 63000000 entries, more"),
]  # fmt: skip


@pytest.mark.parametrize("k", range(len(CONTENTS)))
def test_refuses_other_state_dicts(tmp_path: Path, k: int) -> None:
    content, error, text = CONTENTS[k]
    torch.save(content, tmp_path / "net.pt")
    with pytest.raises(error, match=text) as caught:
        load(tmp_path / "net.pt", activation="relu")
    assert str(caught.value).startswith(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_says_what_the_unpickler_refuses(tmp_path: Path) -> None:
    torch.save({"0.weight": torch.zeros(1, 1)}, tmp_path / "net.pt", pickle_protocol=4)
    with pytest.warns(UserWarning, match="protocol"), pytest.raises(FileError) as caught:
        load(tmp_path / "net.pt", activation="relu")
    assert str(caught.value).endswith("net.pt: not a state dict, or a damaged file: Unsupported operand 149")


def test_files_without_checksums(tmp_path: Path) -> None:
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"0.weight": torch.ones(1, 2)}, tmp_path / "net.pt")
    finally:
        torch.serialization.set_crc32_options(True)
    assert load(tmp_path / "net.pt", activation="relu") == Network([[[1, 1]]], [[0]])


def test_refuses_an_unsafe_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save({"0.weight": torch.zeros(1, 1)}, tmp_path / "net.pt")
    monkeypatch.setattr(torch, "__version__", "2.5.1+cpu")
    with pytest.raises(MissingDependencyError, match=r"2\.6 or newer"):
        load(tmp_path / "net.pt", activation="relu")


def test_refuses_damaged_files(tmp_path: Path) -> None:
    """Every byte that is changed gives a network or one of our errors."""
    path = tmp_path / "net.pt"
    torch.save(nn.Linear(2, 1).state_dict(), path)
    data = path.read_bytes()
    rng = Random(0)
    for _ in range(150):
        damaged = bytearray(data)
        for _ in range(rng.randint(1, 3)):
            damaged[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(damaged[: rng.choice([len(data), rng.randrange(len(data))])])
        try:
            load(path, activation="relu")
        except (InputError, LimitError) as error:
            assert str(error).startswith(str(path))
