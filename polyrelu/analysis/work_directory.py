"""WorkDirectory: the parts that are done, on the disk, so that a run that was ended goes on where it was."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from polyrelu.analysis.critical import CriticalComplex
from polyrelu.analysis.part import Part
from polyrelu.errors import FileError
from polyrelu.files import checked_path, reason, replacing
from polyrelu.geometry.cut_tree import CutTree, Node
from polyrelu.geometry.sparse_rows import SparseRows

FORMAT = "polyrelu parts"
VERSION = 4
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
        "regions": {
            relation: {
                "free": region.free,
                "leaves": region.leaves,
                "names": region.names,
                "columns": [
                    [x.indptr.tolist(), x.index.tolist(), [_written(v) for v in x.values.tolist()], x.n_columns]
                    for x in region.columns
                ],
            }
            for relation, region in part.regions.items()
        },
    }


def _part(data: Any) -> Part:
    regions = {}
    for relation, region in data["regions"].items():
        columns = []
        for indptr, index, values, n_columns in region["columns"]:
            numbers = [_integer(v) for v in values]
            entries = np.array(numbers, np.int64 if all(-(2**62) < v < 2**62 for v in numbers) else object)
            columns.append(SparseRows(np.array(indptr, np.int64), np.array(index, np.int32), entries, n_columns))
        names = tuple(map(tuple, region["names"]))
        leaves = tuple(tuple(map(tuple, of_degree)) for of_degree in region["leaves"])
        regions[relation] = CriticalComplex(tuple(region["free"]), leaves, names, tuple(columns))
    return Part(
        tuple(data["f_vector"]),
        tuple(data["cells"]),
        data["bounded_regions"],
        data["lineality_dim"],
        tuple(data["neighbours"]),
        {tuple(leaves): _integer(digest) for leaves, digest in data["fibers"]},
        regions,
        data["euler"],
        tuple(data["tallies"]),
    )
