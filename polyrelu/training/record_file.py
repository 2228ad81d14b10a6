"""Files of recorders: a line of JSON with the settings, then one for each row, which is added when the row is made.

Each line is written by one call, so that a run that is killed leaves all lines but perhaps the last one complete.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from polyrelu.errors import FileError, InputError, LimitError
from polyrelu.files import checked_path, reason, replacing
from polyrelu.readers.files import read_bytes, reading
from polyrelu.readers.json import parse_strictly
from polyrelu.training.rows import TrainingRow
from polyrelu.training.settings import Settings

FORMAT = "polyrelu training"
VERSION = 1


class RecordFile:
    """A file to which rows are added. FileError if it is changed by another program meanwhile."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.shown, self.path = checked_path(path)
        self._size = 0

    def begin(self, settings: Settings) -> list[TrainingRow]:
        """The rows that are there, after which others can be added; none in a new file.

        A last line that is not complete, of a run that was killed, is cut off. InputError if the rows are those of
        other settings.
        """
        if not os.path.lexists(self.path):
            self.replace(settings, [])
            return []
        there, rows, size = read_record(self.path)
        if named := there.differences(settings):
            raise InputError(
                f"{self.shown}: the rows in it were recorded with another {' and another '.join(named)}; "
                "give a new path, or the settings of before"
            )
        with _writing(self.shown):
            os.truncate(self.path, size)
        self._size = size
        return rows

    def add(self, rows: Iterable[TrainingRow]) -> None:
        """Add rows; FileError if that fails, and then none is added."""
        data = b"".join(_line(row.to_json()) for row in rows)
        with _writing(self.shown), open(self.path, "r+b", buffering=0) as file:
            if file.seek(0, os.SEEK_END) != self._size:
                raise FileError(f"{self.shown}: was changed by another program since the last row", self.shown)
            try:
                if file.write(data) != len(data):
                    raise OSError("no space left")
            except BaseException:
                with suppress(OSError):
                    file.truncate(self._size)
                raise
        self._size += len(data)

    def replace(self, settings: Settings, rows: Iterable[TrainingRow]) -> None:
        """Write all rows anew."""
        self._size = write_record(self.path, settings, rows)


@contextmanager
def _writing(shown: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileError(f"{shown}: cannot be written: {reason(error)}", shown) from None


def write_record(path: str | os.PathLike[str], settings: Settings, rows: Iterable[TrainingRow]) -> int:
    """Write a file of rows, and return its size in bytes."""
    header = {"format": FORMAT, "version": VERSION, "settings": settings.to_json()}
    data = b"".join([_line(header), *(_line(row.to_json()) for row in rows)])
    with replacing(path) as draft:
        draft.write_bytes(data)
    return len(data)


def read_record(path: str | os.PathLike[str]) -> tuple[Settings, list[TrainingRow], int]:
    """The settings and the rows in a file, and the bytes that its complete lines take."""
    shown, target = checked_path(path)
    with reading(shown):
        data = read_bytes(target)
        size = data.rfind(b"\n") + 1
        lines = _lines(data[:size].split(b"\n")[:-1])
        settings = next(lines, None)
        if settings is None:
            raise FileError("is not a record of a training")
        rows: list[TrainingRow] = []
        before = None
        for i, values in enumerate(lines, 2):
            with _at_line(i):
                row = TrainingRow.from_json(values, before)
                if rows and row.epoch <= rows[-1].epoch:
                    raise FileError(f"epoch {row.epoch} after epoch {rows[-1].epoch}")
            before = before if row.betti is None else row
            rows.append(row)
        return settings, rows, size


def _lines(lines: list[bytes]) -> Iterator[Any]:
    """The settings, and the values in the other lines."""
    for i, line in enumerate(lines, 1):
        with _at_line(i):
            values = parse_strictly(line, "a row")
            if i > 1:
                yield values
                continue
            if not isinstance(values, dict) or values.get("format") != FORMAT:
                raise FileError(f"expected the format {FORMAT!r}")
            if values.get("version") != VERSION or sorted(values) != ["format", "settings", "version"]:
                raise FileError(f"expected version {VERSION} of the format, with settings")
            yield Settings.from_json(values["settings"])


@contextmanager
def _at_line(number: int) -> Iterator[None]:
    """A context in which messages of errors start with the number of a line."""
    try:
        yield
    except InputError as error:
        raise FileError(f"line {number}: {error}") from None
    except LimitError as error:
        raise LimitError(f"line {number}: {error}") from None


def _line(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, allow_nan=False).encode() + b"\n"
