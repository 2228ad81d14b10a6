"""Network files of NumPy: an `.npz` archive of arrays weights_1, biases_1, slopes_1, weights_2, biases_2, …

`weights_k` is a matrix with a row for each neuron, `biases_k` a vector; the last layer is the output. `slopes_k`, the
slope below zero of each neuron of hidden layer k, may be left out for ReLUs. Arrays hold floats or integers, which are
read exactly; nothing is unpickled. `assumptions`, the UTF-8 bytes of a JSON list of strings, holds what the reader of
another file took for granted (`Network.assumptions`), if anything; so does `units` with `Network.units`. Sizes are
checked against the file before anything is allocated.

Archives that affinitree exports are read as well: 000.layers, and for the k-th layer from 000 on k.linear.weights and
k.linear.bias, or k.relu. Its other activations are refused, since their slopes and bounds are not in the file.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import zipfile
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.errors import FileError, LimitError, NetworkError
from polyrelu.exact.floats import fraction_of, nearest
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import MAX_ENTRIES, describe
from polyrelu.files import checked_path, reason, replacing
from polyrelu.network.network import Network
from polyrelu.readers.files import open_archive, read_array, read_bytes, reading
from polyrelu.readers.json import parse_strictly

MAX_NAMES = 3000
"""Maximum number of arrays in an archive."""

_NAME = re.compile(r"(weights|biases|slopes)_([1-9][0-9]{0,3})|assumptions|units")
_TEXTS = ("assumptions", "units")
_COUNT = "000.layers"  # the first array of an archive of affinitree
_FOREIGN = re.compile(r"([0-9]{3})\.(linear\.weights|linear\.bias|[a-z]+)")
_HEADER = 2**16  # longer than the header of any array of numbers


def read_npz(path: str | os.PathLike[str]) -> Network:
    """The network in an `.npz` file.

    Raises FileError if the file is not an `.npz` archive, is damaged, declares more than it contains, or has arrays of
    other names; NetworkError or NumberError if the arrays do not form a network. The message starts with the path.
    """
    shown, target = checked_path(path)
    with reading(shown):
        arrays = _arrays(read_bytes(target))
        return _network(_renamed(arrays) if _COUNT in arrays else arrays)


def write_npz(path: str | os.PathLike[str], network: Network) -> None:
    """Write a network file that `read_npz` reads back as an equal network; the arrays are of type float64.

    Raises FileError if a number is not a double or the path cannot be written; then nothing is written.
    """
    shown, _ = checked_path(path)
    if not isinstance(network, Network):
        raise FileError(f"{shown}: expected a Network to write, got {describe(network)}", shown)
    arrays: dict[str, npt.NDArray[Any]] = {}
    with reading(shown):
        for k, (matrix, vector) in enumerate(zip(network.weights, network.biases, strict=True), 1):
            arrays[f"weights_{k}"] = np.array(
                [_doubles(row, f"weights_{k}, row {i}") for i, row in enumerate(matrix, 1)]
            )
            arrays[f"biases_{k}"] = np.array(_doubles(vector, f"biases_{k}"))
        if any(any(layer) for layer in network.slopes):
            for k, layer in enumerate(network.slopes, 1):
                arrays[f"slopes_{k}"] = np.array(_doubles(layer, f"slopes_{k}"))
    for name, lines in zip(_TEXTS, (network.assumptions, network.units), strict=True):
        if lines:
            arrays[name] = np.frombuffer(json.dumps(lines).encode(), np.uint8)
    with replacing(path) as draft, draft.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # (NumPy before 2.1 would store allow_pickle as an array)


def _doubles(values: tuple[Fraction, ...], where: str) -> list[float]:
    result = []
    for k, value in enumerate(values, 1):
        double = nearest(value)
        if math.isinf(double) or fraction_of(double) != value:
            raise FileError(
                f"{where}, entry {k}: {brief(value)} is no double, and an array of"
                " doubles would round it; a .json file keeps every number"
            )
        result.append(double)
    return result


def _arrays(data: bytes) -> dict[str, npt.NDArray[Any]]:
    """The arrays of an archive, by name."""
    try:
        with open_archive(io.BytesIO(data), MAX_NAMES) as archive:
            members = archive.infolist()
            _check_members(members)
            arrays = {info.filename.removesuffix(".npy"): read_array(archive, info) for info in members}
    except (FileError, LimitError, MemoryError):
        raise
    except Exception as error:  # the modules for zip archives, decompression and headers raise a dozen kinds
        raise FileError(f"not an .npz archive, or a damaged one: {reason(error)}") from None
    if (count := sum(array.size for array in arrays.values())) > MAX_ENTRIES:  # many, if each takes one byte
        raise FileError(f"holds {count} numbers, more than a network of {MAX_ENTRIES} weights has")
    return arrays


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_NAMES:
        raise FileError(f"holds {len(members)} arrays, more than {MAX_NAMES}")
    if (size := sum(info.file_size for info in members)) > 8 * MAX_ENTRIES + _HEADER * len(members):
        raise FileError(f"declares {size} bytes of arrays, more than a network of {MAX_ENTRIES} weights has")
    names = [info.filename for info in members]
    foreign = f"{_COUNT}.npy" in names
    for name in names:
        key = name.removesuffix(".npy")
        if not name.endswith(".npy") or not (_FOREIGN if foreign else _NAME).fullmatch(key):
            raise FileError(
                f"holds {describe(name)}; expected arrays weights_1, biases_1, and optionally slopes_1, ..."
            )
    if len(set(names)) != len(names):
        raise FileError("holds two arrays of one name")


def _network(arrays: dict[str, npt.NDArray[Any]]) -> Network:
    notes, units = (_lines(name, arrays.get(name)) for name in _TEXTS)
    arrays = {name: array for name, array in arrays.items() if name not in _TEXTS}
    layers = max(1, sum(name.startswith("weights_") for name in arrays))
    expected = {f"{kind}_{k}" for kind in ("weights", "biases") for k in range(1, layers + 1)}
    optional = {f"slopes_{k}" for k in range(1, layers)}
    if wrong := sorted(expected - arrays.keys()) or sorted(arrays.keys() - expected - optional):
        state = "missing" if wrong[0] in expected else "one too many"
        raise FileError(f"{wrong[0]} is {state}; expected weights_k and biases_k for each layer k = 1, 2, ...")
    for name, array in arrays.items():
        dims = 2 if name.startswith("weights_") else 1
        if array.ndim != dims:
            raise NetworkError(f"{name}: expected an array of {dims} dimensions, got {describe(array)}")
    slopes = [arrays.get(f"slopes_{k}", 0) for k in range(1, layers)]
    return Network(
        [arrays[f"weights_{k}"] for k in range(1, layers + 1)],
        [arrays[f"biases_{k}"] for k in range(1, layers + 1)],
        slopes,
    ).noted(*notes, units=tuple(units))


def _renamed(arrays: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """The arrays of an archive of affinitree by the names of this format. FileError for activations but ReLU."""
    layers: dict[str, list[str]] = {}
    for name in sorted(arrays.keys() - {_COUNT}):
        number, _, kind = name.partition(".")
        layers.setdefault(number, []).append(kind)
    result: dict[str, npt.NDArray[Any]] = {}
    k, active = 0, True  # whether an activation came after the last linear map, if there was one
    for number, kinds in layers.items():
        if kinds == ["linear.bias", "linear.weights"]:
            if k:
                width = len(result[f"biases_{k}"])
                result[f"slopes_{k}"] = np.full(width, 0 if active else 1)
            k, active = k + 1, False
            result[f"weights_{k}"], result[f"biases_{k}"] = (arrays[f"{number}.{x}"] for x in reversed(kinds))
        elif kinds == ["relu"] and k:
            active = True
        elif kinds[0].startswith("linear"):
            raise FileError(f"layer {number}: expected linear.weights and linear.bias, got {', '.join(kinds)}")
        else:
            raise FileError(
                f"layer {number} is {kinds[0]!r}; of the layers of affinitree linear and relu are read, after a first "
                "linear one: the file does not contain the slopes and bounds of others"
            )
    if not k:
        raise FileError("has no linear layer")
    if active:
        width = len(result[f"biases_{k}"])
        result[f"slopes_{k}"] = np.zeros(width)
        result[f"weights_{k + 1}"], result[f"biases_{k + 1}"] = np.eye(width), np.zeros(width)
    return result


def _lines(name: str, array: npt.NDArray[Any] | None) -> list[Any]:
    """The lines of the array of this name, if there is one."""
    if array is None:
        return []
    if array.dtype != np.uint8 or array.ndim != 1:
        raise FileError(f"{name}: expected a vector of bytes, got {describe(array)}")
    lines = parse_strictly(array.tobytes(), "a list of strings")
    if not isinstance(lines, list):
        raise FileError(f"{name}: expected a list of strings in JSON, got {describe(lines)}")
    return lines
