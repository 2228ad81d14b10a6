"""One part of a complex: its cells are counted, reduced within the fibers of the walls, and forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from polyrelu.analysis.critical import CriticalComplex, Name, critical_complex
from polyrelu.errors import VerificationError
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.cut_tree import CutTree, Leaves
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.merged_cells import MergedCells
from polyrelu.geometry.region import Region
from polyrelu.geometry.sparse_rows import SparseRows, distinct
from polyrelu.geometry.vertices import IntegerVector
from polyrelu.topology.chain import ChainComplex

Ints = npt.NDArray[np.int64]
Signs = npt.NDArray[np.int8]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Part:
    """What is left of a part.

    Attributes
    ----------
    f_vector : tuple of int
        The number of cells of dimension 0..d that belong to this part: those in its interior, and those in walls of
        which it is the first of the parts that contain them.
    cells : tuple of int
        The number of cells of dimension 0..d that were made, walls included.
    bounded_regions : int
        The number of bounded d-cells.
    lineality_dim : int
        The dimension of the lineality space.
    neighbours : tuple of int
        The other parts that share a cell with this one.
    regions : dict
        For each relation the critical complex.
    euler : dict
        For each relation the number of generating cells that belong to this part, with the signs of their degrees.
    """

    f_vector: tuple[int, ...]
    cells: tuple[int, ...]
    bounded_regions: int
    lineality_dim: int
    neighbours: Leaves
    regions: dict[str, CriticalComplex]
    euler: dict[str, int]


def reduce_part(
    cx: PolyhedralComplex, whole: Domain | None, tree: CutTree, leaf: int, relations: Sequence[str]
) -> Part:
    """The part of a leaf, reduced, from its complex.

    Notes
    -----
    The fiber of a cell is given by the leaves that contain it; they follow from the signs of the cuts on it. Cells on
    walls come first, in an order that depends on the exact coordinates of their vertices alone; an orientation of them
    is fixed by the incidence 1 with the first of their facets in this order. So two parts make the same critical cells
    of a common wall, with the same boundaries.
    """
    walls = _Walls(cx, whole, tree, leaf)
    regions, euler = {}, {}
    for relation in relations:
        regions[relation], euler[relation] = walls.reduce(Region(cx, relation))
    around = {x for leaves in walls.leaves for x in leaves}
    neighbours = tuple(sorted(around - {leaf}))
    low = cx.coordinates.lineality_dim
    return Part(walls.count(), cx.f_vector, cx.n_bounded_regions, low, neighbours, regions, euler)


class _Walls:
    """The cells of a part that lie on its walls, by dimension q = 0..r modulo lineality.

    `cells[q]` are their numbers, in the order of their names; `rows[q]` their vertices and rays, as places in
    `vectors`, which ascend; `flips[q]` the signs ±1 that give them the canonical orientation; `label[q]` the
    places in `leaves` of the leaves that contain them. `outer[q]` marks the cells in walls of the whole domain.
    """

    def __init__(self, cx: PolyhedralComplex, whole: Domain | None, tree: CutTree, leaf: int) -> None:
        self.cx, self.leaf = cx, leaf
        arrays = cx.arrays
        self.rank = arrays.rank
        boundary = [np.flatnonzero(x) for x in arrays.boundary]
        self.vectors, highest = self._signs(boundary[0], tree, whole)
        lowest, n_cuts = highest, len(tree.forms)
        used = [number for number, _ in tree.sides[leaf]]

        n = len(self.vectors)
        spanned = SparseRows(np.arange(n + 1, dtype=np.int64), self._place.astype(np.int32), None, n)
        self.cells: list[Ints] = []
        self.rows: list[list[tuple[int, ...]]] = []
        self.flips: list[Signs] = []
        self.label: list[Ints] = []
        self.leaves: list[Leaves] = []
        self.outer: list[Mask] = []
        known: dict[Leaves, int] = {}
        for q in range(self.rank + 1):
            if q:
                where = np.full(arrays.counts[q - 1], -1, np.int64)
                where[boundary[q - 1]] = np.arange(len(boundary[q - 1]))
                facets = arrays.facets[q].select(boundary[q])
                below = where[facets.index]
                if len(below) and below.min() < 0:
                    raise VerificationError("a face of a cell in a wall lies in no wall")
                highest = facets.reduce(np.maximum, highest[below])
                lowest = facets.reduce(np.minimum, lowest[below])
                found = spanned.select(below)
                pairs = distinct(facets.row_numbers()[found.row_numbers()] * n + found.index)
                indptr = np.searchsorted(pairs, np.arange(facets.n_rows + 1) * n).astype(np.int64)
                spanned = SparseRows(indptr, (pairs % max(n, 1)).astype(np.int32), None, n)
            zero = (highest == 0) & (lowest == 0)
            outer = np.zeros(arrays.finite[q], np.bool_)
            finite = boundary[q] < arrays.finite[q]
            outer[boundary[q][finite & zero[:, n_cuts:].any(axis=1)]] = True
            self.outer.append(outer)
            on_wall = np.flatnonzero(finite & zero[:, used].any(axis=1))
            rows = [tuple(spanned.row(i).tolist()) for i in on_wall.tolist()]
            order = sorted(range(len(rows)), key=rows.__getitem__)
            on_wall = on_wall[order]
            self.rows.append([rows[i] for i in order])
            self.cells.append(boundary[q][on_wall])
            self.label.append(self._labels(tree, (highest + lowest)[on_wall, :n_cuts], known))
            self.flips.append(self._orientations(q))

    def _signs(self, boundary: Ints, tree: CutTree, whole: Domain | None) -> tuple[list[IntegerVector], Signs]:
        """The vertices and rays in the boundary, ascending, and the signs of cuts and walls of the domain on them.

        The signs are in the order of `boundary`.
        """
        cx = self.cx
        forms = [*tree.forms, *(whole.half_spaces() if whole is not None else ())]
        vectors = [cx.homogeneous(v) for v in boundary.tolist()]
        order = sorted(range(len(vectors)), key=vectors.__getitem__)
        self._place = np.empty(len(order), np.int64)
        self._place[order] = np.arange(len(order))
        width = cx.input_dim + 1
        left = np.array(vectors, dtype=object).reshape(len(vectors), width)
        right = np.array(forms, dtype=object).reshape(len(forms), width)
        sizes = [int(np.abs(x).max(initial=0)) for x in (left, right)]
        if sizes[0] * sizes[1] * width < 2**62:
            left, right = left.astype(np.int64), right.astype(np.int64)
        return [vectors[i] for i in order], np.sign(left @ right.T).astype(np.int8)

    def _labels(self, tree: CutTree, signs: Signs, known: dict[Leaves, int]) -> Ints:
        if not len(signs):
            return np.zeros(0, np.int64)
        different, which = np.unique(signs, axis=0, return_inverse=True)
        labels = []
        for row in different.tolist():
            leaves = tree.leaves_around(row)
            if leaves not in known:
                known[leaves] = len(self.leaves)
                self.leaves.append(leaves)
            labels.append(known[leaves])
        return np.array(labels, np.int64)[which.reshape(-1)]

    def _orientations(self, q: int) -> Signs:
        """Signs that make the incidence with the first finite facet 1."""
        cells = self.cells[q]
        if q == 0 or not len(cells):
            return np.ones(len(cells), np.int8)
        place = np.full(self.cx.arrays.counts[q - 1], -1, np.int64)
        place[self.cells[q - 1]] = np.arange(len(self.cells[q - 1]))
        facets = self.cx.arrays.facets[q].select(cells)
        here, row = place[facets.index], facets.row_numbers()
        finite = here >= 0
        here, row, sign = here[finite], row[finite], facets.values[finite]
        order = np.lexsort((here, row))
        first = np.searchsorted(row[order], np.arange(len(cells)))
        chosen = order[first]
        flips: Signs = sign[chosen] * self.flips[q - 1][here[chosen]]
        return flips

    def count(self) -> tuple[int, ...]:
        """The f-vector of the cells that belong to this part."""
        mine = np.array([leaves[0] == self.leaf for leaves in self.leaves], np.bool_)
        others = [cells[~mine[label]] for cells, label in zip(self.cells, self.label, strict=True)]
        arrays, low = self.cx.arrays, self.cx.coordinates.lineality_dim
        if arrays.all_signs is not None:  # cells of C(F) are counted by those of a refinement
            return (0,) * low + MergedCells(arrays.all_signs).counts_without(others)
        return (0,) * low + tuple(n - len(x) for n, x in zip(arrays.finite, others, strict=True))

    def reduce(self, region: Region) -> tuple[CriticalComplex, int]:
        """The critical complex of a region, and the Euler characteristic of its cells that belong to this part."""
        cx, low = self.cx, self.cx.coordinates.lineality_dim
        numbers = sorted(range(len(self.leaves)), key=lambda i: (-len(self.leaves[i]), self.leaves[i]))
        fiber_of = np.empty(len(numbers), np.int32)
        fiber_of[numbers] = np.arange(len(numbers))
        chosen_walls: list[Ints] = []
        fibers, columns, ranks = [], [], []
        mine = np.array([leaves[0] == self.leaf for leaves in self.leaves], np.bool_)
        euler = 0
        number = np.zeros(0, np.int32)
        flip = np.zeros(0, np.int8)
        for q in range(self.rank + 1):
            mask = region.mask(low + q)
            mask &= ~self.outer[q] if region.is_open else cx.bounded_modulo_lineality(low + q)
            walls = np.flatnonzero(mask[self.cells[q]])
            mask[self.cells[q]] = False
            order = np.concatenate([self.cells[q][walls], np.flatnonzero(mask)])
            flips = np.ones(len(order), np.int8)
            flips[: len(walls)] = self.flips[q][walls]
            if q:
                columns.append(_arranged(cx.facets(low + q), order, number, flips, flip))
            number = np.full(len(mask), -1, np.int32)
            number[order] = np.arange(len(order))
            flip = flips
            fiber = np.full(len(order), len(numbers), np.int32)
            fiber[: len(walls)] = fiber_of[self.label[q][walls]]
            fibers.append(fiber)
            ranks.append(len(order))
            chosen_walls.append(walls)
            euler += (-1) ** q * (len(order) - int((~mine[self.label[q][walls]]).sum()))

        def label(q: int, i: int) -> Leaves:
            return self.leaves[self.label[q][chosen_walls[q][i]]] if i < len(chosen_walls[q]) else (self.leaf,)

        def name(q: int, i: int) -> Name:
            return tuple(self.vectors[v] for v in self.rows[q][chosen_walls[q][i]])

        inner = [np.arange(n) >= len(walls) for n, walls in zip(ranks, chosen_walls, strict=True)]
        return critical_complex(ChainComplex.from_arrays(ranks, columns), fibers, inner, label, name), euler


def _arranged(facets: SparseRows, rows: Ints, number: npt.NDArray[np.int32], flips: Signs, flip: Signs) -> SparseRows:
    """The given rows of a matrix, with columns renumbered (−1: left out), and all signs multiplied by those of both."""
    chosen = facets.select(rows).renumbered(number, len(flip))
    return SparseRows(chosen.indptr, chosen.index, chosen.values * chosen.spread(flips) * flip[chosen.index], len(flip))
