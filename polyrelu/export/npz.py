"""Named arrays of numbers in `.npz` files, which are not trusted when they are read.

An `.npz` file is a zip archive of `.npy` files. `numpy.load` reads the files that are written here; for why it does not
read them here, see `polyrelu.readers.files.read_array`.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.errors import FileError, LimitError
from polyrelu.files import checked_path, reason, replacing
from polyrelu.readers.files import MAX_MEMBERS, open_archive, open_regular, read_array

Array = npt.NDArray[Any]

TYPES = ("int8", "uint8", "int32", "int64", "uint64", "float64")
"""The types of numbers that are read and written, in little-endian order."""


def write_arrays(path: str | os.PathLike[str], arrays: Mapping[str, Array]) -> None:
    """Write the arrays, uncompressed. The file is replaced only when it is complete; FileError if that fails."""
    with replacing(path) as draft, draft.open("wb") as file:
        little = {name: x.astype(x.dtype.newbyteorder("<"), order="C", copy=False) for name, x in arrays.items()}
        np.savez(file, **little)  # type: ignore[arg-type]  # no array is called allow_pickle


def read_arrays(path: str | os.PathLike[str]) -> dict[str, Array]:
    """The arrays of a file, read-only.

    Only the format of `write_arrays` is read. Members are not compressed, so the arrays take no more memory than the
    file takes on the disk. Nothing is unpickled, the declared shapes must match the bytes that are present, and the
    checksums of the archive must be correct. Any other file raises FileError.
    """
    shown, target = checked_path(path)
    try:
        with open_regular(target) as file, open_archive(file, MAX_MEMBERS) as archive:
            size = os.fstat(file.fileno()).st_size
            return dict(_member(archive, info) for info in _members(archive, size))
    except FileError as error:
        raise FileError(f"{shown}: {error}", shown) from None
    except LimitError as error:
        raise LimitError(f"{shown}: {error}") from None
    except OSError as error:
        raise FileError(f"{shown}: cannot be read: {reason(error)}", shown) from None
    except MemoryError:
        raise FileError(f"{shown}: too large for the memory of this machine", shown) from None
    except Exception as error:  # zipfile raises many kinds for damaged archives
        raise FileError(f"{shown}: not a readable .npz file: {reason(error)}", shown) from None


def _members(archive: zipfile.ZipFile, size: int) -> list[zipfile.ZipInfo]:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise FileError(f"expected at most {MAX_MEMBERS} arrays, got {len(members)}")
    if len({info.filename for info in members}) < len(members):
        raise FileError("two arrays have the same name")
    for info in members:
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise FileError(f"{info.filename[:80]!r} is compressed; arrays are expected as they are")
    declared = sum(info.file_size for info in members)
    if declared > size:
        raise FileError(f"{declared} bytes are declared in a file of {size}")
    return members


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[str, Array]:
    array, name = read_array(archive, info), info.filename.removesuffix(".npy")
    if array.dtype.newbyteorder("=").name not in TYPES or array.dtype.byteorder == ">":
        raise FileError(f"array {name[:80]!r}: type {str(array.dtype)[:80]} is not one of {', '.join(TYPES)}")
    if not array.flags.c_contiguous:
        raise FileError(f"array {name[:80]!r}: stored by columns; rows are expected")
    return name, array.view(array.dtype.newbyteorder("="))
