"""Files that become much larger in memory than they are: refused in time, whatever the format."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.errors import FileError, LimitError, PolyreluError
from polyrelu.exact import memory
from polyrelu.readers.points import read_points

SUFFIXES = (".json", ".npz", ".nnet", ".pt", ".pth", ".onnx")
SMALL = 2**25


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """A budget that is reached before memory and patience are."""
    monkeypatch.setattr(memory, "BUDGET", SMALL)
    return SMALL


def refused(path: Path, error: type[PolyreluError], match: str) -> None:
    begun = time.process_time()
    with pytest.raises(error, match=match) as caught:
        pr.load(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)
    assert time.process_time() - begun < 10


# --- what is no regular file ---


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_pipes_and_devices_are_not_read(tmp_path: Path, suffix: str) -> None:
    os.mkfifo(tmp_path / f"pipe{suffix}")  # which nobody writes to
    (tmp_path / f"zero{suffix}").symlink_to("/dev/zero")
    (tmp_path / f"full{suffix}").symlink_to(tmp_path / f"pipe{suffix}")
    for name in ("pipe", "zero", "full"):
        refused(tmp_path / f"{name}{suffix}", FileError, "not a regular file")
    (tmp_path / f"folder{suffix}").mkdir()
    refused(tmp_path / f"folder{suffix}", FileError, "Is a directory")


def test_points_and_complexes_neither(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for read in (read_points, pr.load_complex):
        with pytest.raises(FileError, match="not a regular file"):
            read(tmp_path / "pipe")


# --- archives ---


def bomb(path: Path, kind: int, size: int, declared: int, **options: int) -> None:
    """An archive with one member of `size` zeros that declares `declared` bytes, in both of its headers."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", kind, **options) as archive:
        archive.writestr("weights_1.npy", bytes(size))
    data = bytearray(packed.getvalue())
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.index(signature) + at
        data[place : place + 4] = declared.to_bytes(4, "little")
    path.write_bytes(data)


MEASURED = """
import resource, sys, polyrelu
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    polyrelu.load(sys.argv[1])
except polyrelu.PolyreluError as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, error)
"""


@pytest.mark.parametrize(
    "kind",
    [zipfile.ZIP_DEFLATED, *(pytest.param(k, marks=pytest.mark.slow) for k in (zipfile.ZIP_LZMA,))],
)
def test_members_that_unpack_to_more_than_they_declare(tmp_path: Path, kind: int) -> None:
    bomb(tmp_path / "bomb.npz", kind, 3 * 10**8, 100)
    command = [sys.executable, "-c", MEASURED, str(tmp_path / "bomb.npz")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    kilobytes, message = run.stdout.split(" ", 1)
    assert int(kilobytes) < 60_000 and "bomb.npz: " in message


def test_members_that_unpack_to_less(tmp_path: Path) -> None:
    bomb(tmp_path / "bomb.npz", zipfile.ZIP_DEFLATED, 100, 10**6)
    refused(tmp_path / "bomb.npz", FileError, "damaged|declares 1000000 bytes")


def test_what_is_packed_well_but_too_large_once_it_is_exact(tmp_path: Path, small: int) -> None:
    tiny = np.full((100, 1000), np.ldexp(np.longdouble(1), -13_000))
    assert tiny.dtype.itemsize == 16
    np.savez_compressed(tmp_path / "tiny.npz", weights_1=tiny, biases_1=np.zeros(100))
    assert (tmp_path / "tiny.npz").stat().st_size < 10_000
    refused(tmp_path / "tiny.npz", LimitError, f"takes more than {small} bytes of memory")
    np.savez_compressed(tmp_path / "tiny.npz", weights_1=np.full((300, 1000), 5e-324), biases_1=np.zeros(300))
    refused(tmp_path / "tiny.npz", LimitError, f"takes more than {small} bytes of memory")


@pytest.mark.parametrize("suffix", [".npz", ".pt"])
def test_directories_of_very_many_members(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("torch")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a", b"")
    data = packed.getvalue()
    entry, end = data[data.index(b"PK\x01\x02") : data.index(b"PK\x05\x06")], data[data.index(b"PK\x05\x06") :]
    count = 300_000
    end = end[:12] + (count * len(entry)).to_bytes(4, "little") + end[16:]
    (tmp_path / f"many{suffix}").write_bytes(data[: data.index(b"PK\x01\x02")] + count * entry + end)
    refused(tmp_path / f"many{suffix}", FileError, "more than (3000|100000) members")


# --- text ---


@pytest.mark.parametrize(
    "text", ["[" + "{}," * 10**6 + "{}]", "[" + "[]," * 10**6 + "[]]", '{"a":[' + "1," * 10**6 + "1]}", '["",' * 10**6],
    ids=["objects", "lists", "numbers", "strings"],
)  # fmt: skip
def test_json_that_becomes_larger_than_it_is(tmp_path: Path, small: int, text: str) -> None:
    (tmp_path / "net.json").write_text(text)
    refused(tmp_path / "net.json", LimitError, f"takes more than {small} bytes of memory")


@pytest.mark.slow
def test_the_largest_json_file_of_empty_objects_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "net.json").write_bytes(b"[" + b"{}," * (2**28 // 3 - 2) + b"{}]")
    refused(tmp_path / "net.json", LimitError, f"takes more than {memory.BUDGET} bytes of memory")


def test_json_numbers_that_are_longer_than_they_look(tmp_path: Path, small: int) -> None:
    (tmp_path / "net.json").write_text(json.dumps({"weights": [[["1e-3999"] * 60_000]], "biases": [[0]]}))
    refused(tmp_path / "net.json", LimitError, f"takes more than {small} bytes of memory")


def test_nnet_files_of_empty_lines(tmp_path: Path, small: int) -> None:
    (tmp_path / "net.nnet").write_bytes(b"\n" * (10**7 + 1))
    refused(tmp_path / "net.nnet", FileError, "more than 10000000 lines")
    (tmp_path / "net.nnet").write_bytes(b"1,2,3,4\n" + b"," * 10**6)
    refused(tmp_path / "net.nnet", FileError, "expected 2 numbers .widths., got 1000000")
    (tmp_path / "net.nnet").write_bytes(b"1,999999,1,1\n999999,1\n0\n0\n0\n" + (b"0," * 10**6 + b"\n") * 2)
    refused(tmp_path / "net.nnet", LimitError, f"takes more than {small} bytes of memory")


# --- ONNX ---


def test_graphs_of_empty_nodes(tmp_path: Path, small: int) -> None:
    pytest.importorskip("onnx")
    graph = b"\x0a\x00" * 10**5  # field 1 of the graph: a node, of length 0
    length = bytes((len(graph) & 127 | 128, len(graph) >> 7 & 127 | 128, len(graph) >> 14))
    (tmp_path / "net.onnx").write_bytes(b"\x3a" + length + graph)
    refused(tmp_path / "net.onnx", LimitError, f"takes more than {small} bytes of memory")


def test_the_count_of_a_message_is_not_below_what_it_takes(tmp_path: Path) -> None:
    """The same, measured: a message of nodes becomes no more than is counted for them."""
    onnx = pytest.importorskip("onnx")
    from polyrelu.readers.onnx.wire import spend_on_message

    model = onnx.ModelProto()
    for _ in range(20_000):
        model.graph.node.add(op_type="Relu", input=["x"], output=["y"])
    data = model.SerializeToString()
    with memory.budget(20_000 * 600 - 1), pytest.raises(LimitError):
        spend_on_message(data, model.DESCRIPTOR)
    with memory.budget(20_000 * 1000):
        spend_on_message(data, model.DESCRIPTOR)
    for cut in range(0, 200, 7):
        spend_on_message(data[:cut], model.DESCRIPTOR)


@pytest.mark.slow
def test_a_network_of_ordinary_size_is_within_the_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A 35th of seven million weights in a 35th of the budget."""
    monkeypatch.setattr(memory, "BUDGET", memory.BUDGET // 35)
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal((200, 999)).astype(np.float32), rng.standard_normal((1, 200)).astype(np.float32)]
    net = pr.Network(weights, [np.zeros(200), np.zeros(1)])
    for name in ("net.npz", "net.json"):
        pr.save(net, tmp_path / name)
        assert pr.load(tmp_path / name) == net


def test_reading_is_interrupted(tmp_path: Path) -> None:
    """A file that would take a minute, and a signal after a second."""
    text = json.dumps({"weights": [[["1e-3999"] * 10**6]], "biases": [[0]]})
    (tmp_path / "net.json").write_text(text)
    code = "import polyrelu, sys\ntry:\n polyrelu.load(sys.argv[1])\nexcept KeyboardInterrupt:\n print('stopped')"
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "net.json")], stdout=subprocess.PIPE) as run:
        time.sleep(1.5)
        run.send_signal(2)
        assert run.communicate(timeout=20)[0] in (b"stopped\n", b"")
