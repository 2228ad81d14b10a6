"""A set of cells that is neither open nor closed, in one part: its order complex, reduced within the fibers of walls.

The generators are cells t ∗ σ (`polyrelu.topology.order_complex`). Such a cell lies in a wall if its largest cell does,
and then all its cells do; so the fiber of t ∗ σ is that of its largest cell. Which generators there are in a wall
depends on the cells of the wall alone, and two parts make the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from polyrelu import _core
from polyrelu.analysis.critical import CriticalComplex, critical_complex
from polyrelu.geometry.cut_tree import Leaves
from polyrelu.geometry.region import CellSet
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.fibers import reduce_within_fibers
from polyrelu.topology.order_complex import Joins, mixed_complex

Ints = npt.NDArray[np.int64]
Signs = npt.NDArray[np.int8]
Key = tuple[int, ...]
"""A generator in walls: (q, i) for t, q = −1 for none, and then for the cells of σ; i is the place in the walls."""


def reduce_mixed(walls: _core.PartWalls, leaf: int, region: CellSet) -> tuple[CriticalComplex, int]:
    """The critical complex of a set, and the Euler characteristic of the generators that belong to this part."""
    ranks, columns, joins = mixed_complex(region)
    arrays = region.complex.arrays
    place = [np.full(n, -1, np.int64) for n in arrays.finite]
    for q, cells in enumerate(walls.cells):
        place[q][cells] = np.arange(len(cells))
    orientations = _orientations(walls, arrays.facets, place)
    fiber_of = _fibers(walls.leaves)
    keys: list[list[Key]] = []
    fibers, arranged = [], []
    euler = 0
    number = np.zeros(0, np.int32)
    flip = np.zeros(0, np.int8)
    for degree, rank in enumerate(ranks):
        on_walls = [found for block in joins if block.degree == degree for found in _in_walls(block, place)]
        on_walls.sort()
        keys.append([key for key, _ in on_walls])
        first = np.array([i for _, i in on_walls], np.int64)
        others = np.ones(rank, np.bool_)
        others[first] = False
        order = np.concatenate([first, np.flatnonzero(others)])
        flips = np.ones(rank, np.int8)
        flips[: len(first)] = [1 if key[0] < 0 else orientations[key[0]][key[1]] for key in keys[-1]]
        if degree:
            arranged.append(_arranged(columns[degree - 1], order, number, flips, flip))
        number = np.empty(rank, np.int32)
        number[order] = np.arange(rank)
        flip = flips
        fiber = np.full(rank, len(fiber_of), np.int32)
        labels = [int(walls.labels[key[-2]][key[-1]]) for key in keys[-1]]
        fiber[: len(first)] = fiber_of[np.array(labels, np.int64)]
        fibers.append(fiber)
        euler += (-1) ** degree * (rank - sum(walls.leaves[label][0] != leaf for label in labels))
    chosen, critical = reduce_within_fibers(ChainComplex.from_arrays(ranks, arranged), fibers)

    def leaves(degree: int, i: int) -> Leaves:
        at = chosen[degree][i]
        if at >= len(keys[degree]):
            return (leaf,)
        *_, q, cell = keys[degree][at]
        around: Leaves = walls.leaves[walls.labels[q][cell]]
        return around

    def name(degree: int, i: int) -> str:
        key = keys[degree][chosen[degree][i]]
        return " ".join(_name(walls, q, cell) for q, cell in zip(key[::2], key[1::2], strict=True))

    inner = [found >= len(of_degree) for found, of_degree in zip(chosen, keys, strict=True)]
    return critical_complex(critical, inner, leaves, name), euler


def _name(walls: _core.PartWalls, q: int, i: int) -> str:
    """The name of a cell on a wall, the same in all parts: its dimension, the leaves, its place in the fiber."""
    if q < 0:
        return "-"
    return f"{q}:{','.join(map(str, walls.leaves[walls.labels[q][i]]))}:{walls.places[q][i]}"


def _fibers(sets: Sequence[Leaves]) -> npt.NDArray[np.int32]:
    """For each set of leaves the number of its fiber; that of the inner cells comes after all of them."""
    numbers = sorted(range(len(sets)), key=lambda i: (-len(sets[i]), sets[i]))
    fiber_of = np.empty(len(sets), np.int32)
    fiber_of[numbers] = np.arange(len(sets))
    return fiber_of


def _orientations(walls: _core.PartWalls, facets: Sequence[SparseRows], place: Sequence[Ints]) -> list[Signs]:
    """By dimension, for the cells on walls, the signs that make the incidence with the first of the finite facets 1."""
    found = [np.ones(len(walls.cells[0]), np.int8)]
    for q in range(1, len(place)):
        of_walls = facets[q].select(walls.cells[q].astype(np.int64))
        finite = of_walls.index < len(place[q - 1])
        row, sign = of_walls.row_numbers()[finite], of_walls.values[finite]
        facet = place[q - 1][of_walls.index[finite]]
        order = np.lexsort((facet, row))
        first = order[np.searchsorted(row[order], np.arange(of_walls.n_rows))]
        found.append((sign[first] * found[q - 1][facet[first]]).astype(np.int8))
    return found


def _in_walls(block: Joins, place: Sequence[Ints]) -> list[tuple[Key, int]]:
    """(key, number) of the generators of a block that lie in walls."""
    q, i = block.largest
    finite = np.full(len(block), -1, np.int64)
    for dimension, places in enumerate(place):
        chosen = q == dimension
        finite[chosen] = places[i[chosen]]
    found = []
    for row in np.flatnonzero(finite >= 0).tolist():
        p, t = block.whole
        key = [p, int(place[p][t[row]]) if p >= 0 else -1]
        for dimensions, cells in block.chain:
            key += [int(dimensions[row]), int(place[dimensions[row]][cells[row]])]
        found.append((tuple(key), block.first + row))
    return found


def _arranged(facets: SparseRows, rows: Ints, number: npt.NDArray[np.int32], flips: Signs, flip: Signs) -> SparseRows:
    """The given rows of a matrix, with columns renumbered (−1: left out), and all signs multiplied by those of both."""
    chosen = facets.select(rows).renumbered(number, len(flip))
    return SparseRows(chosen.indptr, chosen.index, chosen.values * chosen.spread(flips) * flip[chosen.index], len(flip))
