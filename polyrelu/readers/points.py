"""Files of points: JSON, CSV or NumPy's .npz, by the suffix, with exact numbers.

- .csv: a point in each line, its coordinates between commas. A first line without any number is a header, and left out.
  "0.1" is exactly one tenth and "1/3" one third.
- .npz: an array of floats or integers with a row for each point, the only one in the file or the one called `points`. A
  float is its exact binary fraction.
- .json, or any other suffix: a list of lists of numbers, as in network files.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy.typing as npt

from polyrelu.errors import FileError, LimitError, NumberError
from polyrelu.exact.memory import spend
from polyrelu.exact.rational import describe, exact, exact_matrix
from polyrelu.files import checked_path, reason
from polyrelu.readers.files import open_archive, read_array, read_bytes, reading
from polyrelu.readers.json import parse_strictly

NAME = "points"
"""The name of the array that is read if an .npz file holds several."""
TEXT_BYTES = 120
"""Bytes that a short entry of a CSV file takes in memory, about."""
MAX_NAMES = 3000
"""Maximum number of arrays in an archive."""


def read_points(path: str | os.PathLike[str]) -> list[Any]:
    """The points in the file: rows of exact numbers, or from JSON the entries of the list, unchanged.

    FileError for a file that does not hold points, NumberError for an entry that is not a number; the message starts
    with the path.
    """
    shown, target = checked_path(path)
    suffix = Path(target).suffix.lower()
    with reading(shown):
        data = read_bytes(target)
        if suffix == ".csv":
            return _from_csv(data)
        if suffix == ".npz":
            return list(_from_npz(data))
        content = parse_strictly(data, "a list of points")
        if not isinstance(content, list):
            raise FileError(f"expected a list of points, each a list of numbers, got {describe(content)}")
        return content


def _from_csv(data: bytes) -> list[tuple[Fraction, ...]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"not a text in UTF-8: {reason(error)}") from None
    spend(TEXT_BYTES * (data.count(b",") + data.count(b"\n")), "its entries")
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    points: list[tuple[Fraction, ...]] = []
    first = 0
    try:
        for row in lines:
            entries = [entry.strip() for entry in row]
            if entries in ([], [""]):
                continue  # an empty line
            if not first:
                first = lines.line_num
                if not any(map(_is_number, entries)):
                    width = len(entries)
                    continue
                width = len(entries)
            if len(entries) != width:
                raise FileError(f"line {lines.line_num}: {len(entries)} entries, but line {first} has {width}")
            points.append(_point(entries, lines.line_num))
    except csv.Error as error:
        raise FileError(f"line {lines.line_num}: not CSV: {reason(error)}") from None
    if not points:
        raise FileError("expected a point in each line, numbers between commas, but there is none")
    return points


def _is_number(text: str) -> bool:
    """Whether an entry is a number, or stands for one that is infinite or missing."""
    try:
        exact(text)
    except NumberError:
        return text.lower().lstrip("+-") in ("", "nan", "inf", "infinity", "na", "null", "none") or text[:1].isdigit()
    return True


def _point(entries: Sequence[str], line: int) -> tuple[Fraction, ...]:
    point = []
    for column, entry in enumerate(entries, 1):
        if not entry:
            raise NumberError(f"line {line}, column {column}: the entry is empty; expected a number")
        point.append(exact(entry, f"line {line}, column {column}"))
    return tuple(point)


def _from_npz(data: bytes) -> Sequence[tuple[Fraction, ...]]:
    name, array = _array(data)
    if array.ndim != 2 or not array.size:
        raise FileError(f"array {name}: expected a row for each point, got an array of shape {array.shape}")
    return exact_matrix(array, f"array {name},")


def _array(data: bytes) -> tuple[str, npt.NDArray[Any]]:
    """The array of points and its name, as shown in messages."""
    try:
        with open_archive(io.BytesIO(data), MAX_NAMES) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            if len(members) < len(archive.infolist()):
                raise FileError("two arrays have the same name")
            if len(members) != 1 and NAME not in members:
                found = ", ".join(map(describe, [*members][:5])) + ", …" * (len(members) > 5)
                raise FileError(f"expected one array, or one called {NAME!r}, got {found or 'none'}")
            name = NAME if NAME in members else next(iter(members))
            return describe(name), read_array(archive, members[name])
    except (FileError, LimitError, MemoryError):
        raise
    except Exception as error:  # the modules for zip archives, decompression and headers raise a dozen kinds
        raise FileError(f"not an .npz archive, or a damaged one: {reason(error)}") from None
