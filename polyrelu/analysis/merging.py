"""Parts put together: cells of common walls are identified, and reduced when no other part contains them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from polyrelu.analysis.critical import CriticalComplex, Name, critical_complex
from polyrelu.errors import VerificationError
from polyrelu.geometry.cut_tree import Leaves
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.fibers import reduce_within_fibers

Entry = TypeVar("Entry")


def merge(parts: Sequence[CriticalComplex], merged: frozenset[int]) -> CriticalComplex:
    """The critical complex of the union of some parts.

    Parameters
    ----------
    parts : sequence of CriticalComplex
        Complexes of different parts.
    merged : frozenset of int
        The leaves of which they consist, all together.

    Raises
    ------
    VerificationError
        If two parts disagree about the boundary of a cell that both contain, or ∂∂ is not 0: a fault of this library.
    """
    free, leaves, names, columns = _united(parts)
    while True:
        inner = [np.array([merged.issuperset(x) for x in of_degree], np.bool_) for of_degree in leaves]
        # Every cell on a wall that is left is a fiber of its own: other parts know it by its name.
        n_outer = sum(int((~x).sum()) for x in inner)
        fibers: list[npt.NDArray[np.int32]] = []
        done = 0
        for mask in inner:
            fiber = np.full(len(mask), n_outer, np.int32)
            outer = np.flatnonzero(~mask)
            fiber[outer] = done + np.arange(len(outer))
            done += len(outer)
            fibers.append(fiber)
        before = [len(x) for x in leaves]
        cells, critical = reduce_within_fibers(ChainComplex.from_arrays(before, columns), fibers)
        found = critical_complex(
            critical,
            [mask[chosen] for mask, chosen in zip(inner, cells, strict=True)],
            _entries(leaves, cells),
            _entries(names, cells),
        )
        free = [x + y for x, y in zip(free, found.free, strict=True)]
        leaves, names, columns = list(map(list, found.leaves)), list(map(list, found.names)), list(found.columns)
        if sum(found.ranks) == sum(before):
            return CriticalComplex(tuple(free), found.leaves, found.names, found.columns)


def _entries(lists: list[list[Entry]], chosen: list[npt.NDArray[np.int32]]) -> Callable[[int, int], Any]:
    return lambda q, i: lists[q][chosen[q][i]]


def _united(
    parts: Sequence[CriticalComplex],
) -> tuple[list[int], list[list[Leaves]], list[list[Name | None]], list[SparseRows]]:
    """What was left out, the cells of all parts, those of the same name once, and their boundaries."""
    n_degrees = len(parts[0].leaves)
    free = [sum(of_degree) for of_degree in zip(*(part.free for part in parts), strict=True)]
    leaves: list[list[Leaves]] = [[] for _ in range(n_degrees)]
    names: list[list[Name | None]] = [[] for _ in range(n_degrees)]
    boundaries: list[list[dict[int, int]]] = [[] for _ in range(n_degrees)]
    known: list[dict[tuple[Leaves, Name], int]] = [{} for _ in range(n_degrees)]
    for part in parts:
        if len(part.leaves) != n_degrees:
            raise VerificationError("parts of different rank")
        number: list[int] = []
        for q in range(n_degrees):
            below, number = number, []
            for i, (around, name) in enumerate(zip(part.leaves[q], part.names[q], strict=True)):
                boundary = {below[x]: v for x, v in part.columns[q - 1].entries(i)} if q else {}
                at = known[q].get((around, name), -1) if name is not None else -1
                if at < 0:
                    at = len(leaves[q])
                    leaves[q].append(around)
                    names[q].append(name)
                    boundaries[q].append(boundary)
                    if name is not None:
                        known[q][around, name] = at
                elif boundaries[q][at] != boundary:
                    raise VerificationError(f"two parts disagree about a cell of degree {q} of a common wall")
                number.append(at)
    columns = []
    for q in range(1, n_degrees):
        column = [j for j, b in enumerate(boundaries[q]) for _ in b]
        row = [x for b in boundaries[q] for x in b]
        value = [v for b in boundaries[q] for v in b.values()]
        small = all(-(2**62) < v < 2**62 for v in value)
        columns.append(
            SparseRows.from_entries(
                np.array(column, np.int64), np.array(row, np.int64),
                np.array(value, np.int64 if small else object), len(leaves[q]), len(leaves[q - 1]),
            )
        )
    return free, leaves, names, columns
