"""Files as the readers of every format open them.

No file is trusted. Only regular files are opened, since reading a pipe or a device may never end. Everything that is
made from a file is counted against one memory budget (`polyrelu.exact.memory`) before it is made: the bytes of the
file, the unpacked members of an archive, texts and lists, and exact numbers.
"""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import prod
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from polyrelu.errors import FileError, LimitError, NetworkError, NumberError
from polyrelu.exact.memory import budget, spend
from polyrelu.exact.rational import describe
from polyrelu.files import reason
from polyrelu.readers.kinds import POINTER, POINTER_ADVICE

MAX_BYTES = 2**28
"""Maximum size of a file in bytes (enough for ten million weights)."""

MAX_MEMBERS = 10**5
"""Maximum number of members of an archive."""

MEMBER_BYTES = 1000
"""Bytes that the entry of a member in the directory of an archive takes in memory, about."""

_PIECE = 2**20
_ENTRY = b"PK\x01\x02"  # begins the entry of each member
_END = b"PK\x05\x06"  # begins the end of the directory, where the number of entries is stated
_END_BYTES = 22 + 2**16  # its length, with a comment


@contextmanager
def open_regular(target: str) -> Iterator[BinaryIO]:
    """A regular file (after all links), opened for reading. FileError for any other, or a pointer of Git LFS.

    It is opened without waiting, and its kind is checked afterwards, so that it cannot be exchanged in between.
    """
    try:
        file = open(target, "rb", opener=lambda path, flags: os.open(path, flags | os.O_NONBLOCK))  # noqa: SIM115
    except (OSError, ValueError) as error:
        raise FileError(f"cannot be read: {reason(error)}") from None
    with file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            what = "Is a directory" if stat.S_ISDIR(mode) else "not a regular file (a pipe or a device)"
            raise FileError(f"cannot be read: {what}")
        with suppress(OSError):  # an error in reading is reported where the content is read
            if file.read(len(POINTER)) == POINTER:
                raise FileError(POINTER_ADVICE)
        file.seek(0)
        yield file


def read_bytes(target: str) -> bytes:
    """The content of a regular file. FileError if it cannot be read or is larger than MAX_BYTES."""
    with open_regular(target) as file:
        data = b"".join(read_pieces(file, MAX_BYTES + 1))
    if len(data) > MAX_BYTES:
        raise FileError(f"larger than {MAX_BYTES} bytes, the maximum for a network")
    return data


def read_pieces(file: BinaryIO, most: int) -> Iterator[bytes]:
    """The rest of a file, `most` bytes of it, in pieces that are counted. FileError if it cannot be read."""
    try:
        # piece by piece: one read sets aside as much memory as is asked for, however small the file
        while most > 0 and (piece := file.read(min(_PIECE, most))):
            spend(len(piece), "its content")
            most -= len(piece)
            yield piece
    except OSError as error:
        raise FileError(f"cannot be read: {reason(error)}") from None


@contextmanager
def open_archive(file: BinaryIO, most: int = MAX_MEMBERS) -> Iterator[zipfile.ZipFile]:
    """The zip archive in a file. FileError for one of more than `most` members, before its directory is read.

    FileError also if the directory has another number of entries than its end states: with one wrong bit in the length
    of a comment an entry hides those after it, which `zipfile` does not notice.
    """
    found, tail = 0, b""
    while piece := file.read(_PIECE):
        # A number may happen to look like the beginning of an entry, once in some gigabytes.
        found += (tail[-len(_ENTRY) + 1 :] + piece).count(_ENTRY)
        if found > most + 1000:
            raise FileError(f"holds more than {most} members")
        tail = (tail + piece)[-_END_BYTES:]
    spend(MEMBER_BYTES * found, "the directory of the archive")
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        end = tail.rfind(_END) + 10
        if (stated := int.from_bytes(tail[end : end + 2], "little")) != min(len(archive.infolist()), 2**16 - 1):
            raise FileError(f"a damaged archive: states {stated} members, but lists {len(archive.infolist())}")
        yield archive


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """The content of a member of an archive, of the size that it declares, read in pieces, each of which is counted.

    FileError for a member that unpacks to more or to less, or is packed otherwise than by deflation: the others unpack
    a few bytes to gigabytes in one step, and no format that is read here uses them.
    """
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FileError(f"{describe(info.filename)} is compressed in another way than deflation, which is not read")
    with archive.open(info) as file:
        data = b"".join(read_pieces(file, info.file_size + 1))  # type: ignore[arg-type]
    if len(data) != info.file_size:
        raise FileError(f"{describe(info.filename)} declares {info.file_size} bytes, but holds {len(data)} or more")
    return data


def read_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> npt.NDArray[Any]:
    """The array of floats or integers that a member of an archive holds, as by `decode_array`."""
    data, name = read_member(archive, info), describe(info.filename.removesuffix(".npy"))
    return decode_array(data, f"array {name}")


def decode_array(data: bytes, what: str) -> npt.NDArray[Any]:
    """The array of floats or integers in NumPy's format for one, read-only and without a copy.

    FileError, which names it as `what`, for other types, and unless the declared shape takes the bytes that there are:
    `numpy.load` would set aside what is declared, and pass over bytes that are left.
    """
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, by_columns, dtype = read(stream)
    except Exception:  # whatever NumPy raises for a header that is none
        raise FileError(f"{what}: not in NumPy's format for plain numbers") from None
    if dtype.kind not in "iuf":
        raise FileError(f"{what}: expected floats or integers, got elements of type {describe(str(dtype))}")
    start = stream.tell()
    if any(n < 0 for n in shape) or prod(shape) * dtype.itemsize != len(data) - start:
        raise FileError(f"{what}: {len(data) - start} bytes do not make an array of shape {str(shape)[:80]}")
    return np.frombuffer(data, dtype, offset=start).reshape(shape, order="F" if by_columns else "C")


@contextmanager
def reading(shown: str) -> Iterator[None]:
    """A context in which messages of errors start with the path, and memory counts against one budget."""
    try:
        with budget():
            yield
    except MemoryError:
        raise LimitError(f"{shown}: too large for the memory of this machine") from None
    except NetworkError as error:
        raise NetworkError(f"{shown}: {error}", error.layer) from None
    except NumberError as error:
        raise NumberError(f"{shown}: {error}") from None
    except LimitError as error:
        raise LimitError(f"{shown}: {error}", error.reached) from None
    except FileError as error:
        raise FileError(f"{shown}: {error}", shown) from None
