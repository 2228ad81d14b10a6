"""Constant tensors of an ONNX model, decoded exactly and within limits.

Every floating type up to double embeds in the doubles, so a stored tensor becomes an array of float64, of int64 or of
bool without loss. Arithmetic on constants is that of rational numbers: its results are arrays of Fractions.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.errors import FileError, LimitError, NetworkError, NumberError
from polyrelu.exact.floats import Kind, fraction_of, nearest, ordinary, widened
from polyrelu.exact.rational import MAX_ENTRIES, describe
from polyrelu.files import reason
from polyrelu.readers.files import open_regular, read_pieces
from polyrelu.readers.outline import MANY, Doubles

Array = npt.NDArray[Any]

_FLOATS = {"FLOAT": "<f4", "DOUBLE": "<f8", "FLOAT16": "<f2", "BFLOAT16": "<u2"}  # NumPy has no bfloat16: its bits
_KINDS: dict[str, Kind] = {"FLOAT": "single", "DOUBLE": "double", "FLOAT16": "half"}
_INTEGERS = {f"{sign}INT{bits}": f"<{sign.lower() or 'i'}{bits // 8}" for sign in ("", "U") for bits in (8, 16, 32, 64)}
_TYPES = {**_FLOATS, **_INTEGERS, "BOOL": "|u1"}
MAX_RANK = 32
"""Maximum number of axes of a tensor, as in NumPy 1."""


@dataclass(frozen=True, eq=False)
class Constant:
    """A tensor of known numbers: float64, int64, bool, or object (Fractions), and the name it has in the model."""

    array: Array
    name: str

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self.array.shape

    def exact(self) -> Array:
        """The entries as Fractions. NumberError, naming tensor and entry, for NaN, infinities and booleans."""
        self._check_numbers()
        array = self.array
        if array.dtype == object:
            return array
        result = np.empty(array.size, dtype=object)
        read = fraction_of if array.dtype.kind == "f" else Fraction
        result[:] = [read(x) for x in array.ravel().tolist()]
        return result.reshape(array.shape)

    def _check_numbers(self) -> None:
        array = self.array
        if array.dtype == bool:
            raise NumberError(f"tensor {describe(self.name)}: holds booleans where numbers are expected")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            raise NumberError(
                f"tensor {describe(self.name)}, entry {list(index)}: {array[index]!s} is not a finite number"
            )

    def integers(self, what: str) -> list[int]:
        """The entries of a vector or scalar of integers, for shapes and axes. NetworkError for anything else."""
        if self.array.dtype.kind != "i" or self.array.ndim > 1:
            raise NetworkError(f"{what} {describe(self.name)}: expected a vector of integers")
        return [int(n) for n in self.array.reshape(-1)]


class Held(Constant):
    """A constant whose entries stay doubles if there are many, for an outline of a model."""

    def exact(self) -> Array:
        """The entries: as Fractions, or as `Doubles` if there are many."""
        if self.array.dtype == np.float64 and self.array.size > MANY:
            self._check_numbers()
            return self.array.view(Doubles)
        return super().exact()


def element_type(code: int) -> str:
    """The name of an element type, such as FLOAT; its number if there is none of this number."""
    from onnx import TensorProto

    try:
        return str(TensorProto.DataType.Name(code))
    except ValueError:
        return f"number {code}"


def is_float(code: int) -> bool:
    """Whether an element type is one of the floating types that are read."""
    return element_type(code) in _FLOATS


def decode(tensor: Any, name: str, folder: str | None) -> Constant:
    """The constant of a TensorProto. `folder` is where its external data may lie; None if there is no such place.

    Raises FileError for data that do not fit the declared type and shape, or lie where they may not; NetworkError for
    an element type that holds no numbers. The declared size is compared with the data before anything is allocated.
    """
    from onnx import TensorProto, helper

    kind, where = element_type(tensor.data_type), f"tensor {describe(name)}"
    if kind not in _TYPES:
        raise NetworkError(f"{where}: elements of type {kind} are not read; expected floats, integers or booleans")
    if tensor.HasField("segment"):
        raise FileError(f"{where}: is stored in segments, which are not read")
    shape = list(tensor.dims)
    if len(shape) > MAX_RANK:
        raise FileError(f"{where}: declares {len(shape)} axes; at most {MAX_RANK} are read")
    if any(n < 0 for n in shape):
        raise FileError(f"{where}: declares the shape {shown(shape)}, which has a negative length")
    count, dtype = math.prod(shape), np.dtype(_TYPES[kind])
    if tensor.data_location == TensorProto.EXTERNAL:
        check_count(count, where)
        array = np.frombuffer(_external(tensor, where, folder, count * dtype.itemsize), dtype)
    elif tensor.HasField("raw_data"):
        _check_size(len(tensor.raw_data), count * dtype.itemsize, "bytes", shape, where)
        check_count(count, where)
        array = np.frombuffer(tensor.raw_data, dtype)
    else:
        values = getattr(tensor, helper.tensor_dtype_to_field(tensor.data_type))
        _check_size(len(values), count, "entries", shape, where)
        check_count(count, where)
        stored = np.dtype("<u2") if kind == "FLOAT16" else dtype
        if stored.kind != "f" and len(values):
            bounds = np.iinfo(stored)
            if min(values) < bounds.min or max(values) > bounds.max:
                raise FileError(f"{where}: an entry is stored that the type {kind} cannot hold")
        # Singles come as the doubles that they are.
        array = stored_singles(tensor) if kind == "FLOAT" else np.array(values, dtype=stored).view(dtype)
    check_count(max(shape, default=1), where)  # of an empty tensor
    return Constant(_widened(array, kind, where).reshape(shape), name)


def _widened(array: Array, kind: str, where: str) -> Array:
    """The entries as float64, int64 or bool."""
    if kind == "BFLOAT16":
        array = (array.astype(np.uint32) << 16).view(np.float32)  # the upper half of a single
    if kind in _FLOATS:
        return widened(array).astype(np.float64)
    if kind == "UINT64" and (array >= 2**63).any():
        raise FileError(f"{where}: has an entry beyond the 64-bit integers with sign")
    if kind == "BOOL" and (array > 1).any():
        raise FileError(f"{where}: has a boolean that is neither 0 nor 1")
    return array.astype(np.bool_ if kind == "BOOL" else np.int64)


def round_to(constant: Constant, code: int) -> Array:
    """The entries converted to another element type, rounded as that type demands; computed Fractions stay exact.

    NetworkError for a type that is not read, or a number that an integer type cannot hold.
    """
    kind, array = element_type(code), constant.array
    where = f"tensor {describe(constant.name)}"
    if kind in _FLOATS and kind != "BFLOAT16":
        if array.dtype == object:
            return array
        if ordinary():
            with np.errstate(over="ignore", invalid="ignore"):
                return widened(array.astype(_TYPES[kind])).astype(np.float64)
        return _rounded(array, _KINDS[kind])
    if kind == "BOOL":
        return np.asarray((array.view(np.int64) << 1 if array.dtype.kind == "f" else array) != 0)
    if kind not in _INTEGERS:
        raise NetworkError(f"{where}: cannot be converted to the type {kind}")
    numbers = [int(x) if x == x and abs(x) != math.inf else None for x in array.ravel().tolist()]
    bounds = np.iinfo(_TYPES[kind])
    high = min(int(bounds.max), 2**63 - 1)
    if any(n is None or not bounds.min <= n <= high for n in numbers):
        raise NetworkError(f"{where}: has an entry that the type {kind} cannot hold")
    return np.array(numbers, dtype=np.int64).reshape(array.shape)


def _rounded(array: Array, kind: Kind) -> Array:
    """The entries rounded to the nearest, whichever way the processor rounds now."""
    entries = [
        nearest(fraction_of(x) if isinstance(x, float) else Fraction(x), kind) if math.isfinite(x) else x
        for x in array.ravel().tolist()
    ]
    return np.array(entries, dtype=np.float64).reshape(array.shape)


def stored_singles(message: Any, field: str = "float_data") -> Array:
    """The numbers of a field of singles, in a tensor or an attribute, as doubles: from their bits.

    Protobuf converts them to doubles, which loses subnormal numbers where the processor takes these for zero.
    """
    bare = type(message)()
    bare.CopyFrom(message)
    for other, _ in bare.ListFields():
        if other.name != field:
            bare.ClearField(other.name)
    data = np.frombuffer(bare.SerializeToString(), np.uint8)
    # Packed: a tag and a length, then all numbers. Otherwise each has a tag of one byte.
    packed = field == "float_data"
    data = data[len(data) - 4 * len(message.float_data) :] if packed else data.reshape(-1, 5)[:, 1:]
    return widened(np.ascontiguousarray(data).reshape(-1).view("<f4"))


def check_count(count: int, where: str) -> None:
    """LimitError for a tensor of more than MAX_ENTRIES entries, before it is made."""
    if count > MAX_ENTRIES:
        raise LimitError(f"{where}: a tensor of {describe(count)} entries, more than the {MAX_ENTRIES} that are read")


def shown(numbers: Sequence[int]) -> str:
    """A list of numbers in a message, cut off if it is long."""
    text = str(list(numbers[:40]))
    return text if len(text) <= 80 else f"{text[:70]}..."


def _check_size(found: int, expected: int, unit: str, shape: list[int], where: str) -> None:
    if found != expected:
        raise FileError(
            f"{where}: declares the shape {shown(shape)}, which takes {describe(expected)} {unit}, but holds {found}"
        )


def _external(tensor: Any, where: str, folder: str | None, expected: int) -> bytes:
    """The bytes of a tensor stored beside the model, in the same folder or one below it.

    Nothing outside that folder is opened: the real path, after all symbolic links, must lie within it.
    """
    entries: dict[str, str] = {}
    for entry in tensor.external_data:
        if not (isinstance(entry.key, str) and isinstance(entry.value, str)):  # bytes, where it is not UTF-8
            raise FileError(f"{where}: its external data are not described in UTF-8 text")
        if entry.key in entries:
            raise FileError(f"{where}: its external data have two entries {describe(entry.key)}")
        entries[entry.key] = entry.value
    location = entries.get("location", "")
    offset = _byte_count(entries.get("offset", "0"), "offset", where)
    length = _byte_count(entries.get("length", str(expected)), "length", where)
    if length != expected:
        raise FileError(f"{where}: its external data have {length} bytes, but its type and shape take {expected}")
    if folder is None:
        raise FileError(
            f"{where}: its data lie in the file {describe(location)}, which a model in memory does not locate;"
            " read the model by its path"
        )
    shown = f"{where}: its external data file {describe(location)}"
    if not location or "\0" in location or os.path.isabs(location) or ".." in location.replace("\\", "/").split("/"):
        raise FileError(f"{shown} is not a path within the folder of the model")
    try:
        root = os.path.realpath(folder)
        path = os.path.realpath(os.path.join(root, location))
        if os.path.commonpath((root, path)) != root:
            raise FileError(f"{shown} lies outside the folder of the model")
        with open_regular(path) as file:
            file.seek(offset)
            data = b"".join(read_pieces(file, expected))
    except FileError as error:
        raise error if str(error).startswith(where) else FileError(f"{shown} {error}") from None
    except (OSError, ValueError, OverflowError) as error:
        raise FileError(f"{shown} cannot be read: {reason(error)}") from None
    if len(data) != expected:
        raise FileError(f"{shown} ends too early: {expected} bytes from {offset} on are expected, {len(data)} there")
    return data


def _byte_count(text: str, key: str, where: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise FileError(f"{where}: the {key} of its external data is {describe(text)}, which is no number of bytes")
    return int(text)
