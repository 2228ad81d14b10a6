"""Points in JSON: a list of lists of exact numbers, as in network files."""

from __future__ import annotations

import os
from typing import Any

from polyrelu.errors import FileError
from polyrelu.exact.rational import describe
from polyrelu.files import checked_path
from polyrelu.readers.files import read_bytes, reading
from polyrelu.readers.json import parse_strictly


def read_points(path: str | os.PathLike[str]) -> list[Any]:
    """The list in the file, with its entries unchanged. Raises FileError, whose message starts with the path."""
    shown, target = checked_path(path)
    with reading(shown):
        content = parse_strictly(read_bytes(target), "a list of points")
        if not isinstance(content, list):
            raise FileError(f"expected a list of points, each a list of numbers, got {describe(content)}")
        return content
