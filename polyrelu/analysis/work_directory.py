"""WorkDirectory: the parts that are done, on the disk, so that a run that was ended goes on where it was."""

from __future__ import annotations

import hashlib
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.analysis.critical import CriticalComplex
from polyrelu.analysis.part import Part
from polyrelu.errors import FileError
from polyrelu.files import checked_path, reason, replacing
from polyrelu.geometry.cut_tree import CutTree, Node
from polyrelu.geometry.sparse_rows import SparseRows

FORMAT = "polyrelu parts"
VERSION = 5
_MANIFEST = "manifest.json"
_DRAFT = ".manifest-*.json"
"""What `polyrelu.files.replacing` writes the manifest as."""
_EXACT_IN_JSON = 2**53


class WorkDirectory:
    """A directory with a manifest, which says what is computed and how it is cut, and a file for each part.

    Files are written under another name and then renamed (`polyrelu.files.replacing`), so that each is there whole or
    not at all. A part begins with the SHA-256 of what follows, and names what it was made from: the problem, and how
    its leaf and those around it were cut off. One that is damaged, or of another problem or tree (a file that was
    copied here, or that another run in the same directory has left), counts as not done. The manifest has a hash too.

    Parameters
    ----------
    path : str or path-like
        The directory. It is made if it is not there, in a directory that is.
    problem : mapping of str to values of JSON
        What determines the results. A directory of another problem is refused.

    Raises
    ------
    FileError
        If the directory belongs to another problem or another version, or cannot be read or written.
    """

    def __init__(self, path: Any, problem: Mapping[str, Any]) -> None:
        self._shown, target = checked_path(path)
        self._path = Path(target)
        self._problem = dict(problem)
        self._tree: CutTree | None = None
        try:
            self._path.mkdir(exist_ok=True)
            manifest = self._path / _MANIFEST
            if manifest.exists():
                self._read(json.loads(manifest.read_bytes()))
            elif any(not x.match(_DRAFT) for x in self._path.iterdir()):  # one of a run that was killed, or starts now
                raise FileError(f"{self._shown}: is not empty, and no work directory of polyrelu", self._shown)
        except OSError as error:
            what = f"cannot be used as a work directory: {reason(error)}"
            raise FileError(f"{self._shown}: {what}", self._shown) from None
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            if isinstance(error, FileError):
                raise
            what = f"its {_MANIFEST} is damaged; give an empty directory"
            raise FileError(f"{self._shown}: {what}", self._shown) from None

    def _read(self, manifest: Any) -> None:
        if manifest["format"] != FORMAT or manifest["version"] != VERSION:
            raise FileError(f"{self._shown}: a work directory of another version of polyrelu", self._shown)
        if manifest["sha256"] != _digest({name: value for name, value in manifest.items() if name != "sha256"}):
            raise ValueError("hash")
        for name, value in self._problem.items():
            if manifest["problem"][name] != value:
                raise FileError(
                    f"{self._shown}: the work directory of another problem: its {name}: "
                    f"{_words(manifest['problem'][name])}; here: {_words(value)}",
                    self._shown,
                )
        forms = tuple(tuple(map(_integer, form)) for form in manifest["forms"])
        self._tree = CutTree(forms, tuple(Node(*map(int, node)) for node in manifest["nodes"]))

    @property
    def tree(self) -> CutTree | None:
        """How the domain is cut; None in a new directory."""
        return self._tree

    def set_tree(self, tree: CutTree, changed: Iterable[int] = ()) -> None:
        """Another tree, after the parts that it makes invalid are removed."""
        try:
            for leaf in changed:
                self._file(leaf).unlink(missing_ok=True)
        except OSError as error:
            what = f"a part that is not valid any more cannot be removed: {reason(error)}"
            raise FileError(f"{self._shown}: {what}", self._shown) from None
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "problem": self._problem,
            "forms": [[_written(x) for x in form] for form in tree.forms],
            "nodes": [[node.form, node.minus, node.plus] for node in tree.nodes],
        }
        manifest["sha256"] = _digest(manifest)
        with replacing(self._path / _MANIFEST) as draft:
            draft.write_text(json.dumps(manifest, indent=1), encoding="ascii")
        self._tree = tree

    def load(self, leaf: int) -> Part | None:
        """The part of a leaf; None if it is not there, or damaged, or of another problem or tree."""
        try:
            data = self._file(leaf).read_bytes()
        except OSError:
            return None
        digest, content = data[:64], data[64:]
        if hashlib.sha256(content).hexdigest().encode() != digest:
            return None
        found = json.loads(zlib.decompress(content))
        if found.get("of") != self._origin(leaf, found["neighbours"]):
            return None
        return _part(found)

    def save(self, leaf: int, part: Part) -> None:
        """Write the part of a leaf."""
        found = {"of": self._origin(leaf, part.neighbours), **_as_json(part)}
        content = zlib.compress(json.dumps(found).encode("ascii"), 1)
        with replacing(self._file(leaf)) as draft:
            draft.write_bytes(hashlib.sha256(content).hexdigest().encode() + content)

    def _origin(self, leaf: int, neighbours: Iterable[int]) -> str | None:
        """What a part with these neighbours is made from, by a hash; None if there are no such leaves."""
        tree, around = self._tree, [leaf, *neighbours]
        if tree is None or max(around) >= tree.n_leaves:
            return None
        ways = [[[*map(_written, tree.forms[form]), side] for form, side in tree.sides(x)] for x in around]
        return _digest([self._problem, around, ways])

    def _file(self, leaf: int) -> Path:
        return self._path / f"part-{leaf}.bin"


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("ascii")).hexdigest()


def _words(value: Any) -> str:
    """A value of a problem for messages."""
    if isinstance(value, list):
        return " ".join(map(_words, value)) or "none"
    return "none" if value is None else str(value)


def _written(x: int) -> int | str:
    return x if -_EXACT_IN_JSON < x < _EXACT_IN_JSON else hex(x)


def _integer(x: int | str) -> int:
    return int(x, 16) if isinstance(x, str) else int(x)


def _packed(array: npt.NDArray[Any]) -> str | list[int | str]:
    """Integers of 64 bits as text, which JSON writes and reads fast; longer ones as a list."""
    if array.dtype == object:
        return [_written(x) for x in array.tolist()]
    return b64encode(array.astype("<i8" if array.dtype.itemsize > 4 else "<i4").tobytes()).decode("ascii")


def _wide(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return values if values.dtype == object else values.astype(np.int64)


def _unpacked(found: str | list[Any], of: str) -> npt.NDArray[Any]:
    """What was packed from an array of the type `of`, "<i4" or "<i8", or from others."""
    if isinstance(found, str):
        return np.frombuffer(b64decode(found, validate=True), of)
    return np.array([_integer(x) for x in found] + [None], object)[:-1]


def _as_json(part: Part) -> dict[str, Any]:
    return {
        "f_vector": part.f_vector,
        "cells": part.cells,
        "bounded_regions": part.bounded_regions,
        "lineality_dim": part.lineality_dim,
        "neighbours": part.neighbours,
        "fibers": [[leaves, _written(digest)] for leaves, digest in part.fibers.items()],
        "euler": part.euler,
        "tallies": part.tallies,
        "regions": {name: _region_as_json(region) for name, region in part.regions.items()},
    }


def _region_as_json(region: CriticalComplex) -> dict[str, Any]:
    sets = list(dict.fromkeys(leaves for of_degree in region.leaves for leaves in of_degree))
    number = {leaves: i for i, leaves in enumerate(sets)}
    names = [[-1 if name is None else name for name in of_degree] for of_degree in region.names]
    return {
        "free": region.free,
        "sets": sets,
        "leaves": [_packed(np.array([number[x] for x in of_degree], np.int32)) for of_degree in region.leaves],
        "names": [
            _packed(np.array(of_degree, np.int32)) if all(isinstance(x, int) for x in of_degree) else of_degree
            for of_degree in names
        ],
        "columns": [
            [_packed(x.indptr), _packed(x.index), _packed(_wide(x.values)), x.n_columns] for x in region.columns
        ],
    }


def _region(data: Any) -> CriticalComplex:
    sets = [tuple(leaves) for leaves in data["sets"]]
    leaves = (tuple(sets[i] for i in _unpacked(of_degree, "<i4").tolist()) for of_degree in data["leaves"])
    names = (x if isinstance(x, list) else _unpacked(x, "<i4").tolist() for x in data["names"])
    columns = (
        SparseRows(
            _unpacked(indptr, "<i8").astype(np.int64), _unpacked(index, "<i4").astype(np.int32),
            _unpacked(values, "<i8"), n_columns,
        )
        for indptr, index, values, n_columns in data["columns"]
    )  # fmt: skip
    return CriticalComplex(
        tuple(data["free"]),
        tuple(leaves),
        tuple(tuple(None if name == -1 else name for name in of_degree) for of_degree in names),
        tuple(columns),
    )


def _part(data: Any) -> Part:
    return Part(
        tuple(data["f_vector"]),
        tuple(data["cells"]),
        data["bounded_regions"],
        data["lineality_dim"],
        tuple(data["neighbours"]),
        {tuple(leaves): _integer(digest) for leaves, digest in data["fibers"]},
        {name: _region(region) for name, region in data["regions"].items()},
        data["euler"],
        tuple(data["tallies"]),
    )
