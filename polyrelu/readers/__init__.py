"""Reading and writing network files."""

from __future__ import annotations

import os
from typing import Any

from polyrelu.network import Network
from polyrelu.readers.json import read_document, write_document

__all__ = ["load", "save"]


def load(path: str | os.PathLike[str]) -> Network:
    """The network of a JSON file (see `polyrelu.readers.json`).

    Raises FileError for a file that cannot be read or is not of the format, NetworkError and NumberError for a content
    that is no network; every message starts with the path.
    """
    return read_document(path).network


def save(
    network: Network,
    path: str | os.PathLike[str],
    *,
    claims: dict[str, Any] | None = None,
    name: str | None = None,
    note: str | None = None,
) -> None:
    """Write a network to a JSON file that `load` reads back as an equal network. FileError if that cannot be done."""
    write_document(path, network, claims=claims, name=name, note=note)
