"""Files of points: JSON, CSV or NumPy's .npz and .npy, by the suffix, with exact numbers.

- .csv: a point in each line, its coordinates between commas. A first line without any number is a header, and left out.
  "0.1" is exactly one tenth and "1/3" one third.
- .npz: an array of floats or integers with a row for each point, the only one in the file or the one called `points`. A
  float is its exact binary fraction.
- .npy: such an array alone.
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
from polyrelu.readers.files import decode_array, open_archive, read_array, read_bytes, reading
from polyrelu.readers.json import parse_strictly

NAME = "points"
"""The name of the array that is read if an .npz file holds several."""
TEXT_BYTES = 120
"""Bytes that a short entry of a CSV file takes in memory, about."""
Label = Fraction | str
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
        if suffix == ".npy":
            return list(_rows(decode_array(data, "the array"), "the array"))
        content = parse_strictly(data, "a list of points")
        if not isinstance(content, list):
            raise FileError(f"expected a list of points, each a list of numbers, got {describe(content)}")
        return content


def read_labelled(
    path: str | os.PathLike[str], column: str | None = None
) -> tuple[list[Any], list[str] | None, list[Label] | None]:
    """The points in the file as by `read_points`; the names of their coordinates, if there is a header; and their
    labels, numbers or texts, if a column is given: that of a header, or the name of an array in an .npz file.
    """
    if column is None and Path(checked_path(path)[1]).suffix.lower() != ".csv":
        return read_points(path), None, None
    shown, target = checked_path(path)
    suffix = Path(target).suffix.lower()
    with reading(shown):
        data = read_bytes(target)
        if suffix == ".csv":
            return _labelled_csv(data, column)
        if suffix != ".npz":
            raise FileError("labels are read from a .csv with a header or an .npz, and this is neither")
        name, labels = _array(data, column)
        if labels.ndim != 1 or not labels.size:
            raise FileError(f"array {name}: expected a label for each point, got an array of shape {labels.shape}")
        found = [exact(x, f"array {name}, entry {i}") for i, x in enumerate(labels.tolist(), 1)]
        return list(_from_npz(data, without=column)), None, list(found)


def _labelled_csv(data: bytes, column: str | None) -> tuple[list[Any], list[str] | None, list[Label] | None]:
    header, rows = _csv_rows(data)
    if column is None:
        return _points(rows), header, None
    if header is None or header.count(column) != 1:
        got = "there is no header" if header is None else f"the header has {', '.join(map(describe, header[:9]))}"
        raise FileError(f"no column {describe(column)}: {got}")
    place = header.index(column)
    labels = [_label(row[place]) for _, row in rows]
    others = [(line, row[:place] + row[place + 1 :]) for line, row in rows]
    return _points(others), header[:place] + header[place + 1 :], labels


def _label(text: str) -> Label:
    try:
        return exact(text)
    except NumberError:
        return text


def _from_csv(data: bytes) -> list[tuple[Fraction, ...]]:
    return _points(_csv_rows(data)[1])


def _points(rows: list[tuple[int, list[str]]]) -> list[tuple[Fraction, ...]]:
    return [_point(entries, line) for line, entries in rows]


def _csv_rows(data: bytes) -> tuple[list[str] | None, list[tuple[int, list[str]]]]:
    """The header, if any, and the entries of the other lines with the numbers of these."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"not a text in UTF-8: {reason(error)}") from None
    spend(TEXT_BYTES * (data.count(b",") + data.count(b"\n")), "its entries")
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    rows: list[tuple[int, list[str]]] = []
    first = 0
    try:
        for row in lines:
            entries = [entry.strip() for entry in row]
            if entries in ([], [""]):
                continue  # an empty line
            if not first:
                first, width = lines.line_num, len(entries)
                if not any(map(_is_number, entries)):
                    header = entries
                    continue
            if len(entries) != width:
                raise FileError(f"line {lines.line_num}: {len(entries)} entries, but line {first} has {width}")
            rows.append((lines.line_num, entries))
    except csv.Error as error:
        raise FileError(f"line {lines.line_num}: not CSV: {reason(error)}") from None
    if not rows:
        raise FileError("expected a point in each line, numbers between commas, but there is none")
    return header, rows


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


def _from_npz(data: bytes, without: str | None = None) -> Sequence[tuple[Fraction, ...]]:
    name, array = _array(data, without=without)
    return _rows(array, f"array {name}")


def _rows(array: npt.NDArray[Any], what: str) -> Sequence[tuple[Fraction, ...]]:
    if array.ndim != 2 or not array.size:
        raise FileError(f"{what}: expected a row for each point, got an array of shape {array.shape}")
    return exact_matrix(array, f"{what},")


def _array(data: bytes, wanted: str | None = None, without: str | None = None) -> tuple[str, npt.NDArray[Any]]:
    """The array that is wanted, or that of points, and its name, as shown in messages; one is left aside."""
    try:
        with open_archive(io.BytesIO(data), MAX_NAMES) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            if len(members) < len(archive.infolist()):
                raise FileError("two arrays have the same name")
            shown = ", ".join(map(describe, [*members][:5])) + ", …" * (len(members) > 5) or "none"
            if wanted is not None and wanted not in members:
                raise FileError(f"no array {describe(wanted)}: there are {shown}")
            members.pop(without or "", None)
            if wanted is None and len(members) != 1 and NAME not in members:
                raise FileError(f"expected one array, or one called {NAME!r}, got {shown}")
            name = wanted or (NAME if NAME in members else next(iter(members)))
            return describe(name), read_array(archive, members[name])
    except (FileError, LimitError, MemoryError):
        raise
    except Exception as error:  # the modules for zip archives, decompression and headers raise a dozen kinds
        raise FileError(f"not an .npz archive, or a damaged one: {reason(error)}") from None
