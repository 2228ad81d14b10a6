"""A fuzzer of all readers: mutated and made-up files are read, or refused with an error of polyrelu, in bounded time.

    python -m tests.support.fuzz --seconds 600 [--seed 1] [--only .onnx] [--keep DIRECTORY]

Files come from those in `tests/corpus`: bytes are changed anywhere, and the structure of a format is changed so that
what lies behind its first checks is reached as well (trees of JSON, members and headers of zip archives with right
checksums, fields of protocol buffers, numbers of NNet files, arrays of saved complexes, pickled objects). The n-th case
of a seed is always the same. Cases are read in a process of its own with limits of time and memory, which is started
again after a crash, so that no case ends the run. Networks that were read are asked for a value, complexes for their
cells.

Test cases are small, and the budget of time is what ends a run: `tests/readers/test_fuzz.py` takes half a minute of it.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import resource
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parents[1] / "corpus"
SUFFIXES = (".json", ".npz", ".nnet", ".pt", ".onnx", ".complex.npz")
MEMORY = 1 << 30  # bytes of address space, beyond what the libraries take, for one case
PATIENCE = 15.0  # seconds for one case

# ---- mutations of bytes ----------------------------------------


def mutated_bytes(data: bytes, rng: random.Random) -> bytes:
    """The bytes with one to eight changes anywhere."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        at = rng.randrange(len(out) + 1)
        kind = rng.randrange(8)
        if kind == 0 and out:
            out[at % len(out)] ^= 1 << rng.randrange(8)
        elif kind == 1 and out:
            out[at % len(out)] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, 0x20, 0x2C, 0x0A))
        elif kind == 2:
            del out[at : at + rng.choice((1, 2, 8, 64, 1024))]
        elif kind == 3:
            out[at:at] = out[at : at + rng.choice((1, 4, 32, 256))] * rng.choice((1, 2, 40))
        elif kind == 4:
            width, sign = rng.choice((("H", 0xFFFF), ("I", 0xFFFFFFFF), ("Q", (1 << 64) - 1)))
            value = rng.choice((0, 1, sign, sign >> 1, (sign >> 1) + 1, rng.getrandbits(16)))
            packed = struct.pack("<" + width, value)
            out[at : at + len(packed)] = packed
        elif kind == 5:
            del out[at:]
        elif kind == 6:
            source = rng.randrange(len(out) + 1)
            out[at:at] = out[source : source + rng.choice((1, 16, 128))]
        else:
            out[at:at] = rng.randbytes(rng.choice((1, 3, 17)))
    return bytes(out)


# ---- mutations of trees, as in JSON ----------------------------------------

ATOMS: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    3,
    10**18,
    -(10**400),
    2**63,
    0.5,
    -0.0,
    1e308,
    5e-324,
    float("inf"),
    float("nan"),
    "",
    "0",
    "1/2",
    "-7/3",
    "1/0",
    "0x10",
    "1e5",
    "1e999999999",
    "-",
    "nan",
    "relu",
    "ÄÖ\udc80",
    "\x1b[2J",
    "9" * 5000,
    "1/" + "3" * 3000,
    [],
    {},
    [[]],
    [[[]]],
    [1],
    [[1, 2]],
    {"a": 1},
    {"": None},
)


def any_tree(rng: random.Random, depth: int = 3) -> Any:
    """A tree that means nothing."""
    if depth == 0 or rng.random() < 0.4:
        return rng.choice(ATOMS)
    if rng.random() < 0.6:
        return [any_tree(rng, depth - 1) for _ in range(rng.choice((0, 1, 2, 3, 9)))]
    keys = ("weights", "biases", "slopes", "network", "level", "a", "b", "claims", "name")
    return {rng.choice(keys): any_tree(rng, depth - 1) for _ in range(rng.randrange(4))}


def mutated_tree(tree: Any, rng: random.Random) -> Any:
    """The tree with one to three of its nodes changed."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        tree = _change(tree, rng)
    return tree


def _change(node: Any, rng: random.Random) -> Any:
    children = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
    if children and rng.random() < 0.8:
        copy = dict(node) if isinstance(node, dict) else list(node)
        key = rng.choice(children)
        copy[key] = _change(copy[key], rng)
        return copy
    kind = rng.randrange(7)
    if isinstance(node, list) and node and kind < 3:
        at = rng.randrange(len(node))
        if kind == 0:
            return node[:at] + node[at + 1 :]
        return node[:at] + [node[at]] * rng.choice((2, 3, 50)) + node[at + 1 :] if kind == 1 else node[::-1]
    if isinstance(node, dict) and node and kind < 3:
        key = rng.choice(list(node))
        rest = {k: v for k, v in node.items() if k != key}
        return rest if kind == 0 else {**rest, key + "s": node[key]} if kind == 1 else {**node, "extra": node[key]}
    if isinstance(node, int | float) and not isinstance(node, bool) and kind < 5 and node == node:
        return rng.choice((-node, node + 1, node * 2, node * 10**30, str(node), [node]))
    return rng.choice(ATOMS) if kind < 6 else any_tree(rng)


def mutated_json(data: bytes, rng: random.Random) -> bytes:
    tree = any_tree(rng, 4) if rng.random() < 0.1 else mutated_tree(json.loads(data), rng)
    if rng.random() < 0.02:
        tree = {"weights": "@", "biases": []}
        return json.dumps(tree).replace('"@"', "[" * 10**5 + "]" * 10**5).encode()
    if rng.random() < 0.1:  # a network with one entry too strange or too long
        n, m = rng.randrange(4), rng.randrange(4)
        weights = [
            [[rng.choice((rng.randrange(-3, 4), rng.choice(ATOMS))) for _ in range(m)] for _ in range(n)],
            [[1] * n],
        ]
        tree = {"weights": weights, "biases": [[0] * n, [0]]}
    return json.dumps(tree, ensure_ascii=rng.random() < 0.9).encode("utf-8", "surrogatepass")


def mutated_nnet(data: bytes, rng: random.Random) -> bytes:
    lines = [line.split(",") for line in data.decode().splitlines()]
    numbers = (
        "",
        "0",
        "-1",
        "1",
        "2",
        "3",
        "1e400",
        "-1e-400",
        "nan",
        "inf",
        "1/3",
        "0x1p3",
        "1_0",
        "٣",
        " ",
        "2" * 5000,
        "1e99999999",
        "2147483648",
        "18446744073709551616",
        "1000000",
        "//",
        "\x00",
        "\x1b[1m",
    )
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(lines))
        if rng.random() < 0.7:
            line = lines[at]
            line[rng.randrange(len(line))] = rng.choice(numbers)
        elif rng.random() < 0.5:
            lines[at : at + 1] = [lines[at]] * rng.choice((0, 2, 100))
            lines = lines or [[""]]
        else:
            lines[at] = lines[at] * rng.choice((0, 2, 50)) or [""]
    return rng.choice(("\n", "\n", "\n", "\r\n", "\r", "\x0b")).join(",".join(line) for line in lines).encode()


# ---- zip archives: arrays, state dicts, complexes ----------------------------------------


def _members(data: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def _archive(members: Sequence[tuple[str, bytes]], kind: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two members of one name
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, kind)
    return out.getvalue()


def mutated_npy(data: bytes, rng: random.Random) -> bytes:
    """An array with another header or other numbers."""
    end = 10 + int.from_bytes(data[8:10], "little")
    header, body = data[10:end].decode("latin-1"), data[end:]
    if rng.random() < 0.5:
        for _ in range(rng.choice((1, 1, 2))):
            old, new = rng.choice(
                (
                    (
                        "<f8",
                        rng.choice(("<f4", ">f8", "|O", "<i8", "|V8", "<c16", "|S8", "<U2", "<M8[s]", "<f2", "|b1")),
                    ),
                    ("(", rng.choice(("(0, ", "(-1, ", "(1, ", "((", "", "(1000000000, 1000000000, "))),
                    (")", rng.choice((", 0)", ", 1)", ", 2)", "))", "L)", ", True)"))),
                    ("False", rng.choice(("True", "None", "0", "'x'"))),
                    ("'shape'", rng.choice(("'shop'", "'descr'", "shape"))),
                    ("{", rng.choice(("{'a':1, ", "[", "{**{}, ", "(" * 200))),
                )
            )
            header = header.replace(old, new, 1)
        rest = (-(10 + len(header))) % 16
        packed = (header.rstrip("\n") + " " * rest + "\n").encode("latin-1")
        length = rng.choice((len(packed), len(packed), len(packed), 0, 65535)) & 0xFFFF
        return data[:8] + length.to_bytes(2, "little") + packed + body
    if len(body) >= 8 and rng.random() < 0.6:
        at = rng.randrange(len(body) // 8) * 8
        new_bytes = struct.pack("<d", rng.choice((0.0, -0.0, 1e308, 5e-324, float("nan"), float("inf"), 0.5, -1e-310)))
        return data[:end] + body[:at] + new_bytes + body[at + 8 :]
    return data[:end] + mutated_bytes(body, rng)


def mutated_npz(data: bytes, rng: random.Random) -> bytes:
    members = _members(data)
    for _ in range(rng.choice((1, 1, 2))):
        at = rng.randrange(len(members))
        name, content = members[at]
        kind = rng.randrange(8)
        if kind < 5 and content[:6] == b"\x93NUMPY":
            members[at] = name, mutated_npy(content, rng)
        elif kind == 5:
            names = (
                name + ".npy",
                "W0.npy",
                "weights_0.npy",
                "b1.npy",
                "../x.npy",
                "",
                "a" * 300,
                "\x1b[0m.npy",
                members[0][0],
            )
            members[at] = rng.choice(names), content
        elif kind == 6:
            members[at : at + 1] = [members[at]] * rng.choice((0, 2))
            members = members or [("x", b"")]
        else:
            members[at] = name, mutated_bytes(content, rng)
    kinds = (zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    return _archive(members, rng.choice(kinds))


def mutated_complex(data: bytes, rng: random.Random) -> bytes:
    """A saved complex whose arrays and header are changed within the bounds of their types."""
    import numpy as np

    members = _members(data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(members)) if rng.random() < 0.6 else [n for n, _ in members].index("header.npy")
        name, content = members[at]
        try:
            array = np.load(io.BytesIO(content), allow_pickle=False)
        except Exception:  # changed before
            continue
        if name == "header.npy":
            try:
                tree = mutated_tree(json.loads(bytes(array)), rng)
            except ValueError:
                continue
            array = np.frombuffer(json.dumps(tree).encode(), dtype=np.uint8)
        elif array.size and rng.random() < 0.8:
            array = array.copy()
            flat = array.reshape(-1)
            i = rng.randrange(flat.size)
            if array.dtype == np.float64:
                flat[i] = rng.choice(
                    (0.0, 1.0, -1.0, 0.5, 1e300, 5e-324, float("nan"), float("inf"), flat[i] * (1 + 1e-12))
                )
            else:
                flat[i : i + 1] = np.array([flat[rng.randrange(flat.size)]])
                if rng.random() < 0.5:
                    bounds = np.iinfo(array.dtype)
                    flat[i] = rng.choice((0, 1, 2, bounds.max, bounds.min))
        elif array.ndim and rng.random() < 0.5:
            array = array[: rng.randrange(len(array) + 1)]
        else:
            array = np.concatenate([array, array[:1]])
        out = io.BytesIO()
        np.save(out, array)
        members[at] = name, out.getvalue()
    return _archive(members)


def mutated_state(data: bytes, rng: random.Random) -> bytes:
    """Other bytes in the pickle or in the storages, or a made-up dict of tensors."""
    if rng.random() < 0.5:
        return made_state(rng)
    members = _members(data)
    at = rng.randrange(len(members)) if rng.random() < 0.4 else [n.split("/")[-1] for n, _ in members].index("data.pkl")
    members[at] = members[at][0], mutated_bytes(members[at][1], rng)
    return _archive(members)


def made_state(rng: random.Random) -> bytes:
    import torch

    def tensor() -> Any:
        shape = [rng.randrange(4) for _ in range(rng.choice((0, 1, 2, 2, 2, 3)))]
        kind = rng.choice(
            (
                torch.float32,
                torch.float64,
                torch.float16,
                torch.bfloat16,
                torch.int64,
                torch.int8,
                torch.bool,
                torch.complex64,
            )
        )
        made = torch.ones(shape).to(kind)
        choice = rng.randrange(8)
        if choice == 0 and len(shape) == 2:
            return made.to_sparse()
        if choice == 1 and len(shape) == 2:
            return made.t()
        if choice == 2:
            return torch.ones(1).expand([rng.choice((1, 3, 10**9))] * 2)
        if choice == 3:
            return made * float("nan") if made.is_floating_point() else made
        if choice == 4:
            return torch.nn.Parameter(torch.ones(shape))
        return torch.empty(shape, device="meta") if choice == 5 and rng.random() < 0.3 else made

    names = ("weight", "bias", "running_mean", "in_proj_weight", "weight_g", "parametrizations.weight.original0")
    keys = [f"{rng.choice(('0', '1', '2', '10', 'fc', 'net.0'))}.{rng.choice(names)}" for _ in range(rng.randrange(7))]
    state: Any = {key: tensor() for key in keys}
    if rng.random() < 0.5:
        widths = [rng.randrange(1, 4) for _ in range(rng.randrange(2, 5))]
        state = {}
        for i in range(len(widths) - 1):
            state[f"{2 * i}.weight"] = torch.ones(widths[i + 1], widths[i])
            state[f"{2 * i}.bias"] = torch.zeros(widths[i + 1])
        if rng.random() < 0.7:
            state[rng.choice([*state, "x"])] = tensor() if rng.random() < 0.7 else rng.choice(ATOMS)
    wrapped = rng.choice((state, state, state, {"state_dict": state}, [state], rng.choice(ATOMS), {1: tensor()}))
    out = io.BytesIO()
    torch.save(wrapped, out, _use_new_zipfile_serialization=rng.random() < 0.9)
    return out.getvalue()


# ---- protocol buffers ----------------------------------------


def mutated_model(data: bytes, rng: random.Random) -> bytes:
    """An ONNX model with other fields: operators, names, attributes, types, shapes, numbers."""
    import onnx

    model = onnx.ModelProto()
    model.ParseFromString(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        _change_message(model, model, rng, onnx)
    return bytes(model.SerializeToString())


OPERATORS = (
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Neg",
    "Relu",
    "LeakyRelu",
    "PRelu",
    "Abs",
    "Max",
    "Min",
    "Clip",
    "Sum",
    "Mean",
    "Gemm",
    "MatMul",
    "Conv",
    "ConvTranspose",
    "MaxPool",
    "AveragePool",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Flatten",
    "Reshape",
    "Transpose",
    "Squeeze",
    "Unsqueeze",
    "Concat",
    "Split",
    "Slice",
    "Gather",
    "Pad",
    "Identity",
    "Dropout",
    "Constant",
    "ConstantOfShape",
    "Shape",
    "Expand",
    "Tile",
    "Cast",
    "ReduceSum",
    "ReduceMean",
    "ReduceMax",
    "BatchNormalization",
    "Sign",
    "Softmax",
    "Sigmoid",
    "Where",
    "Einsum",
    "Upsample",
    "Resize",
    "Range",
    "Loop",
    "If",
    "Q",
    "",
)
INTEGERS = (0, 1, -1, 2, 3, 4, 7, 10, 11, 16, 17, 100, 65535, 2**31 - 1, -(2**31), 2**62, -(2**63))


def _change_message(message: Any, model: Any, rng: random.Random, onnx: Any) -> None:
    fields = message.ListFields()
    unset = [f for f in message.DESCRIPTOR.fields if not any(f is g for g, _ in fields)]
    if not fields or (unset and rng.random() < 0.1):
        chosen: Any = rng.choice(unset)
        value: Any = getattr(message, chosen.name)
    else:
        chosen, value = rng.choice([pair for pair in fields if pair[0].name == "graph"] * 4 + fields)
    repeated = hasattr(value, "append")
    if chosen.message_type is not None:
        if repeated:
            kind = rng.randrange(8)
            if kind == 0 or not len(value):
                value.add()
            elif kind == 1:
                del value[rng.randrange(len(value))]
            elif kind == 2:
                value.add().CopyFrom(value[rng.randrange(len(value))])
            else:
                _change_message(value[rng.randrange(len(value))], model, rng, onnx)
        else:
            _change_message(value, model, rng, onnx)
        return
    names = [name for node in model.graph.node for name in (*node.input, *node.output)] + ["", "x", "y", "new"]

    def atom(old: Any) -> Any:
        if chosen.cpp_type == chosen.CPPTYPE_STRING:
            if isinstance(old, bytes) or chosen.type == chosen.TYPE_BYTES:
                return mutated_bytes(old if isinstance(old, bytes) else b"", rng)
            if chosen.name == "op_type":
                return rng.choice(OPERATORS)
            return rng.choice(
                names if chosen.name in ("input", "output") else [*names, "axis", "alpha", "pads", "a\x1b[1m"]
            )
        if chosen.cpp_type in (chosen.CPPTYPE_FLOAT, chosen.CPPTYPE_DOUBLE):
            return rng.choice((0.0, -1.0, 0.5, float("nan"), float("inf"), 1e30, 1e-45))
        if chosen.enum_type is not None:
            return rng.choice(list(chosen.enum_type.values_by_number))
        return rng.choice(INTEGERS)

    try:
        if repeated:
            kind = rng.randrange(4)
            if kind == 0 or not len(value):
                value.append(atom(None))
            elif kind == 1:
                del value[rng.randrange(len(value))]
            else:
                at = rng.randrange(len(value))
                value[at] = atom(value[at])
        else:
            setattr(message, chosen.name, atom(value))
    except (ValueError, TypeError):  # 32 bits
        pass


# ---- one case ----------------------------------------

Mutation = Callable[[bytes, random.Random], bytes]
STRUCTURED: dict[str, Mutation] = {
    ".json": mutated_json,
    ".npz": mutated_npz,
    ".nnet": mutated_nnet,
    ".pt": mutated_state,
    ".onnx": mutated_model,
    ".complex.npz": mutated_complex,
}


def suffix_of(name: str) -> str:
    """Which of SUFFIXES a file of the corpus has."""
    return ".complex.npz" if name.endswith(".complex.npz") else ".pt" if name.endswith(".pth") else Path(name).suffix


def corpus(suffix: str) -> list[Path]:
    return sorted(path for path in CORPUS.iterdir() if suffix_of(path.name) == suffix)


def case(suffix: str, seed: int, number: int) -> bytes:
    """The bytes of a case: the same whenever they are asked for."""
    rng = random.Random(f"{suffix} {seed} {number}")
    data = rng.choice(corpus(suffix)).read_bytes()
    if rng.random() < 0.3:
        return mutated_bytes(data, rng)
    data = STRUCTURED[suffix](data, rng)
    return mutated_bytes(data, rng) if rng.random() < 0.05 else data


def read(path: Path) -> str:
    """Reads a file: "read", "refused" or, for what must not be, a description of the exception."""
    import polyrelu as pr

    suffix = suffix_of(path.name)
    try:
        if suffix == ".complex.npz":
            cx = pr.load_complex(path)
            repr(cx), cx.f_vector, cx.n_regions, cx.n_bounded_regions, list(cx.vertices()), cx.decided(cx.input_dim)
        else:
            net = pr.load(path, activation="relu") if suffix == ".pt" else pr.load(path)
            repr(net)
            net([0] * net.input_dim)
    except pr.PolyreluError as error:
        message = str(error)
        if "\n" in message or not message or len(message) > 2000 or not message.isprintable():
            return f"{type(error).__name__} with the message {message[:300]!r}"
        return "refused"
    except BaseException as error:
        import traceback

        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {str(error)[:200]} ({Path(place.filename).name}:{place.lineno})"
    return "read"


# ---- the process that reads, and the one that watches ----------------------------------------


def serve(suffix: str, seed: int, number: int, directory: str) -> None:
    """Reads case after case; after each a line with its number and what came of it goes to standard output."""
    import polyrelu  # noqa: F401

    if suffix == ".pt":
        import torch

        torch.set_num_threads(1)
    if suffix == ".onnx":
        import onnx  # noqa: F401
    sys.set_int_max_str_digits(4300)
    path = Path(directory) / f"case{suffix}"
    for first in corpus(suffix):  # whatever is imported on the way comes before the limit
        (path.parent / first.name).write_bytes(first.read_bytes())
        outcome = read(path.parent / first.name)
        if outcome != "read":
            print(-1, f"{first.name}: {outcome}", flush=True)
    with open("/proc/self/statm", encoding="ascii") as file:
        taken = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print(-1, "ready", flush=True)
    while True:
        path.write_bytes(case(suffix, seed, number))
        print(number, read(path), flush=True)
        number += 1


@dataclass
class Report:
    """What a run found."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)  # by suffix: "read", "refused", "slowest (ms)"
    findings: list[tuple[str, int, str]] = field(default_factory=list)  # suffix, number, what it was

    def __str__(self) -> str:
        lines = [
            f"{suffix:14}{c['read'] + c['refused']:8} cases: {c['read']} read, {c['refused']} refused, "
            f"slowest {c['slowest']} ms"
            for suffix, c in self.counts.items()
        ]
        return "\n".join([*lines, *(f"{s} {n}: {what}" for s, n, what in self.findings)])


def run(seconds: float, seed: int = 1, suffixes: Sequence[str] = SUFFIXES, keep: Path | None = None) -> Report:
    """Fuzzes the readers of these suffixes, an equal share of the time for each; findings become files in `keep`."""
    report = Report()
    for suffix in suffixes:
        report.counts[suffix] = Counter()
        _run_one(suffix, seconds / len(suffixes), seed, report, keep)
    return report


def _run_one(suffix: str, seconds: float, seed: int, report: Report, keep: Path | None) -> None:
    counts = report.counts[suffix]
    number, end = 0, None
    with tempfile.TemporaryDirectory() as directory:
        while end is None or time.monotonic() < end:
            command = [sys.executable, __file__, "--serve", suffix, str(seed), str(number), directory]
            child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            assert child.stdout is not None
            started = begun = time.monotonic()
            buffer = b""
            problem = None
            while problem is None and (end is None or begun < end):
                if not select.select([child.stdout], [], [], PATIENCE if end and begun > started else 120)[0]:
                    problem = f"took more than {PATIENCE} s"
                    break
                block = os.read(child.stdout.fileno(), 1 << 16)
                if not block:
                    problem = f"ended the process with status {child.wait()}"
                    break
                *lines, buffer = (buffer + block).split(b"\n")
                now = time.monotonic()
                for line in lines:
                    n, _, outcome = line.decode("utf-8", "replace").partition(" ")
                    if int(n) < 0:
                        end = end or now + seconds
                        if outcome != "ready":
                            report.findings.append((suffix, -1, outcome))
                        continue
                    number = int(n) + 1
                    counts["slowest"] = max(counts["slowest"], round(1000 * (now - begun) / len(lines)))
                    if outcome in ("read", "refused"):
                        counts[outcome] += 1
                    else:
                        _keep(suffix, seed, int(n), outcome, report, keep)
                begun = now
            child.kill()
            errors = child.communicate()[1]
            if problem is not None:
                said = errors.decode("utf-8", "replace").strip().splitlines()[-1:]
                if end is None:
                    raise RuntimeError(f"{suffix}: nothing was read: {problem} {said}")
                _keep(suffix, seed, number, " ".join([problem, *said]), report, keep)
                number += 1


def _keep(suffix: str, seed: int, number: int, what: str, report: Report, keep: Path | None) -> None:
    report.findings.append((suffix, number, what))
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"{seed}-{number}{suffix}").write_bytes(case(suffix, seed, number))


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzzes the readers of polyrelu.")
    parser.add_argument("--seconds", type=float, default=60, help="for all formats together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=SUFFIXES, action="append", help="one format; may be repeated")
    parser.add_argument("--keep", type=Path, help="directory for the files that were not handled well")
    arguments = parser.parse_args()
    report = run(arguments.seconds, arguments.seed, arguments.only or SUFFIXES, arguments.keep)
    print(report)
    return 1 if report.findings else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        serve(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
    raise SystemExit(main())
