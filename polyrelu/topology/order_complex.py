"""The chain complex of a region that is neither open nor closed, as a part of an order complex.

Let X be the union of the relative interiors of any set S of cells. X deformation retracts onto the order complex of S,
and the cells all of whose faces are in S (T) stay whole: the complex has a cell t ∗ σ for each t in T and each chain σ
of S ∖ T above it, where t or σ may be empty, and ∂(t ∗ σ) = ∂t ∗ σ + (−1)^(dim t + 1) t ∗ ∂σ. A cell c of S ∖ T is
omitted if its faces outside S are one proper face and the faces of that. Whether it is depends on the faces of c alone.
Section 6 of docs/mathematics.md has the proofs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.errors import LimitError
from polyrelu.geometry.region import CellSet
from polyrelu.geometry.sparse_rows import SparseRows, distinct

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Entries = tuple[Ints, Ints, npt.NDArray[np.int8]]
"""Columns, rows and values of entries of a matrix."""

MAX_SIMPLICES = 50_000_000
"""Maximum number of cells t ∗ σ, which take about 100 bytes each."""


@dataclass(frozen=True)
class Joins:
    """Cells t ∗ σ of one degree with chains σ of one length and t of one dimension; they are numbered from `first` on.

    Cells of the complex are given as (q, i): their dimension modulo lineality, and their number. `whole` is (q, i) for
    t, with q = −1 for none, i an array; `chain` has such a pair of arrays for each cell of σ, ascending.
    """

    degree: int
    first: int
    whole: tuple[int, Ints]
    chain: tuple[tuple[Ints, Ints], ...]

    def __len__(self) -> int:
        return len(self.whole[1])

    @property
    def largest(self) -> tuple[Ints, Ints]:
        """(q, i) of the largest cell of each: the last of σ, or t."""
        q, i = self.whole
        return self.chain[-1] if self.chain else (np.full(len(i), q, np.int64), i)


def mixed_boundaries(region: CellSet) -> tuple[list[int], list[SparseRows]]:
    """Ranks, and boundary maps by compressed columns, of a chain complex with the homology of any region.

    LimitError if it would be too large.
    """
    ranks, columns, _ = mixed_complex(region)
    return ranks, columns


def mixed_complex(region: CellSet) -> tuple[list[int], list[SparseRows], list[Joins]]:
    """What `mixed_boundaries` returns, and what the generators are."""
    return _Poset(region).chain_complex()


def _lists(size: int, element: Ints, other: Ints) -> SparseRows:
    """For each element a list of other ones, ascending."""
    order = np.lexsort((other, element))
    return SparseRows.from_entries(element[order], other[order], None, size, size)


@dataclass(frozen=True)
class Flags:
    """The simplices of the order complex of a set of cells, by degree: their least and their largest cells.

    Cells are numbered 0, 1, … over all dimensions from λ on, in the order of the complex. `rests` are the numbers of
    the simplices without their least cells (0 in degree 0), by which and by their least cells they are ordered.
    """

    ranks: list[int]
    columns: list[SparseRows]
    least: list[Ints]
    largest: list[Ints]
    rests: list[Ints]


def order_complex(region: CellSet) -> Flags:
    """The order complex of the cells of a region: a simplex for each chain of cells. LimitError if it is too large."""
    cx = region.complex
    low, rank = cx.coordinates.lineality_dim, cx.input_dim - cx.coordinates.lineality_dim
    masks = [region.mask(low + q) for q in range(rank + 1)]
    first = np.concatenate(([0], np.cumsum([len(x) for x in masks])))
    cells = np.concatenate([start + np.flatnonzero(x) for start, x in zip(first, masks, strict=False)])
    place = np.full(int(first[-1]), -1, np.int64)
    place[cells] = np.arange(len(cells))
    larger, smaller = faces_of(cx, cells, cells)
    proper = larger != smaller
    below = _lists(len(cells), place[larger[proper]], place[smaller[proper]])
    _check_size(below, np.ones(len(cells)), 0.0)
    chains = _chains(below, len(cells))
    ranks = [len(x.bottom) for x in chains] or [0]
    columns, largest = [], [np.arange(len(cells))]
    for k, chain in enumerate(chains[1:], 1):
        largest.append(largest[-1][chain.faces[0]])
        everyone = np.arange(len(chain.bottom))
        entries = [(everyone, face, np.full(len(face), (-1) ** i, np.int8)) for i, face in enumerate(chain.faces)]
        columns.append(_columns(ranks[k], ranks[k - 1], entries))
    none = np.zeros(0, np.int64)
    least, rests = [cells[x.bottom] for x in chains], [x.faces[0] for x in chains]
    return Flags(ranks, columns, least or [none], [cells[x] for x in largest], rests or [none])


def faces_of(cx: Any, cells: Ints, faces: Ints) -> tuple[Ints, Ints]:
    """All pairs (cell, face) of given cells and given faces, a cell being a face of itself; numbered as in `Flags`."""
    low, rank = cx.coordinates.lineality_dim, cx.input_dim - cx.coordinates.lineality_dim
    sizes = [cx.n_cells(low + q) for q in range(rank + 1)]
    first = np.concatenate(([0], np.cumsum(sizes)))
    wanted = np.zeros(int(first[-1]), np.bool_)
    wanted[faces] = True
    found = []
    for q in range(rank + 1):
        element = cells[(cells >= first[q]) & (cells < first[q + 1])]
        face = element - first[q]
        for p in range(q, -1, -1):
            keep = wanted[first[p] + face]
            found.append((element[keep], first[p] + face[keep]))
            if p:
                position, facet = _of_each(cx.facets(low + p), face)
                pairs = distinct(element[position] * sizes[p - 1] + facet)
                element, face = np.divmod(pairs, max(sizes[p - 1], 1))
    none = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    return tuple(np.concatenate(x) for x in zip(*(found or none), strict=True))  # type: ignore[return-value]


class _Poset:
    """The cells of a region that are needed: whole ones (T), by dimension, and the others, from 0 on."""

    def __init__(self, region: CellSet) -> None:
        cx = region.complex
        self.low = cx.coordinates.lineality_dim
        self.rank = cx.input_dim - self.low
        self.facets = [cx.facets(self.low + q) for q in range(self.rank + 1)]
        inside = [region.mask(self.low + q) for q in range(self.rank + 1)]
        self.whole = [inside[0]]
        for q in range(1, self.rank + 1):
            bounded = cx.bounded_modulo_lineality(self.low + q)
            self.whole.append(inside[q] & bounded & ~self._any_facet(q, ~self.whole[q - 1]))
        self.others = [s & ~t for s, t in zip(inside, self.whole, strict=True)]
        self._leave_out(cx, inside)
        self._relate()

    def _any_facet(self, q: int, chosen: Bools) -> Bools:
        indptr, index, _ = self.facets[q]
        before = np.concatenate(([0], np.cumsum(chosen[index])))
        found: Bools = before[indptr[1:]] > before[indptr[:-1]]
        return found

    def _any_coface(self, q: int, chosen: Bools) -> Bools:
        """For the cells of dimension q whether they are facets of chosen ones."""
        facets = self.facets[q + 1]
        found = np.zeros(len(self.whole[q]), np.bool_)
        found[facets.index[facets.spread(chosen)]] = True
        return found

    def _not_locally_closed(self, inside: list[Bools]) -> list[Bools]:
        """By dimension, the cells with a face outside that has a face inside."""
        below = found = np.zeros(len(inside[0]), np.bool_)
        all_found = [found]
        for q in range(1, self.rank + 1):
            found = self._any_facet(q, found | (below & ~inside[q - 1]))
            below = self._any_facet(q, inside[q - 1] | below)
            all_found.append(found)
        return all_found

    def _leave_out(self, cx: Any, inside: list[Bools]) -> None:
        """Omit every cell whose faces outside the region, A, have no more vertices and rays than the largest cell of A.

        A must be a complex: no face outside the region may have a face inside. Only the cells that are not whole, and
        their faces, are examined. A ray of a cell belongs to an unbounded edge of it, so that the vertices and rays of
        a cell of dimension at least 2 are those of its facets.
        """
        not_closed = self._not_locally_closed(inside)
        needed = [x.copy() for x in self.others]
        for q in range(self.rank - 1, -1, -1):
            needed[q] |= self._any_coface(q, needed[q + 1])
        outside = np.append(~inside[0], True)  # all rays, since they are at infinity
        finite, total = len(inside[0]), cx.n_finite_vertices + cx.n_rays
        place = np.zeros(0, np.int64)
        vertices = SparseRows.empty(0)  # of needed cells of the dimension before, numbered by `place`
        # For each cell the number of vertices and rays of that cell of A in it that has most of them.
        largest = outside[:-1].astype(np.int64)
        for q in range(1, self.rank + 1):
            cells = np.flatnonzero(needed[q])
            if q == 1:
                row, vertex = _of_each(cx.cells(self.low + 1), cells)
            else:
                position, facet = self._facets_of(q, cells)
                row, vertex = _of_each(vertices, place[facet])
                row, vertex = np.divmod(distinct(position[row] * total + vertex), total)
            vertices = _lists(len(cells), row, vertex)
            place = np.cumsum(needed[q]) - 1
            size = vertices.sizes()
            most = np.bincount(row[vertex >= finite], minlength=len(cells))
            lost = np.bincount(row[outside[np.minimum(vertex, finite)]], minlength=len(cells))
            position, facet = self._facets_of(q, cells)
            np.maximum.at(most, position, largest[facet])
            leave = (most == lost) & (lost > 0) & ~not_closed[q][cells]
            self.others[q][cells[leave]] = False
            largest = np.zeros(len(needed[q]), np.int64)
            largest[cells] = np.where(inside[q][cells], most, size)

    def _facets_of(self, q: int, cells: Ints) -> tuple[Ints, Ints]:
        """(position in `cells`, facet) for all facets of these cells of dimension q."""
        return _of_each(self.facets[q], cells)

    def _relate(self) -> None:
        """Number the others, ascending with their dimension, and find what is below them."""
        first = np.concatenate(([0], np.cumsum([int(x.sum()) for x in self.others])))
        self.size = int(first[-1])
        number = [start + np.cumsum(x) - 1 for start, x in zip(first, self.others, strict=False)]
        whole_number = [np.cumsum(x) - 1 for x in self.whole]
        among: list[tuple[Ints, Ints]] = []
        wholes: list[list[tuple[Ints, Ints]]] = [[] for _ in range(self.rank + 1)]
        for q in range(1, self.rank + 1):
            cell = np.flatnonzero(self.others[q])
            element = number[q][cell]
            for p in range(q, 0, -1):
                position, face = self._facets_of(p, cell)
                n = len(self.whole[p - 1])
                pairs = distinct(element[position] * n + face)
                element, cell = pairs // n, pairs % n
                keep = self.others[p - 1][cell]
                among.append((element[keep], number[p - 1][cell[keep]]))
                keep = self.whole[p - 1][cell]
                wholes[p - 1].append((element[keep], whole_number[p - 1][cell[keep]]))
        self.below = self._joined(among)
        self.whole_below = [self._joined(pairs) for pairs in wholes]

    def _joined(self, pairs: list[tuple[Ints, Ints]]) -> SparseRows:
        none = np.zeros(0, np.int64)
        return _lists(
            self.size,
            np.concatenate([none, *(a for a, _ in pairs)]).astype(np.int64),
            np.concatenate([none, *(b for _, b in pairs)]).astype(np.int64),
        )

    def chain_complex(self) -> tuple[list[int], list[SparseRows], list[Joins]]:
        """Ranks of degrees 0..rank, the boundary maps of degrees 1..rank, and the generators."""
        wholes = sum(below.sizes() for below in self.whole_below) + np.ones(self.size)
        _check_size(self.below, wholes, float(sum(int(x.sum()) for x in self.whole)))
        chains = _chains(self.below, self.size)
        # Blocks of cells t ∗ σ by the length k of σ and the dimension p of t (−1 for none): number of σ, number of t.
        blocks: dict[tuple[int, int], tuple[Ints, Ints]] = {}
        for p, whole in enumerate(self.whole):
            count = int(whole.sum())
            blocks[0, p] = np.zeros(count, np.int64), np.arange(count)
        for k, chain in enumerate(chains, 1):
            blocks[k, -1] = np.arange(len(chain.bottom)), np.zeros(len(chain.bottom), np.int64)
            for p in range(self.rank + 1):
                blocks[k, p] = _of_each(self.whole_below[p], chain.bottom)
        keys = {(k, p): c * self._width(p) + t for (k, p), (c, t) in blocks.items()}
        ranks, first = [0] * (self.rank + 1), {}
        for (k, p), (chain_number, _) in blocks.items():
            if len(chain_number):
                first[k, p] = ranks[k + p]
                ranks[k + p] += len(chain_number)
        entries: list[list[Entries]] = [[] for _ in range(self.rank + 1)]

        def add(block: tuple[int, int], column: Ints, to: tuple[int, int], c: Ints, t: Ints, value: Any) -> None:
            if len(column):
                rows = first[to] + np.searchsorted(keys[to], c * self._width(to[1]) + t)
                values = np.broadcast_to(np.asarray(value, np.int8), rows.shape)
                entries[sum(block)].append((first[block] + column, rows, values))

        for (k, p), (c, t) in blocks.items():
            everyone = np.arange(len(c))
            if p > 0:
                position, facet, sign = self._whole_facets(p, t)
                add((k, p), position, (k, p - 1), c[position], facet, sign)
            elif p == 0 and k:
                add((k, p), everyone, (k, -1), c, np.zeros_like(c), 1)
            if k > 1 or (k == 1 and p >= 0):
                for i, face in enumerate(chains[k - 1].faces):
                    add((k, p), everyone, (k - 1, p), face[c], t, (-1) ** (p + 1 + i))
        columns = [_columns(ranks[degree], ranks[degree - 1], entries[degree]) for degree in range(1, self.rank + 1)]
        return ranks, columns, self._generators(chains, blocks, first)

    def _generators(
        self,
        chains: list[_Chains],
        blocks: dict[tuple[int, int], tuple[Ints, Ints]],
        first: dict[tuple[int, int], int],
    ) -> list[Joins]:
        starts = np.concatenate(([0], np.cumsum([int(x.sum()) for x in self.others])))
        number = np.concatenate([np.zeros(0, np.int64), *map(np.flatnonzero, self.others)])
        dimension = np.repeat(np.arange(self.rank + 1), np.diff(starts))
        elements: list[tuple[Ints, ...]] = [()]  # by length of the chains, their elements from the lowest on
        for chain in chains:
            elements.append((chain.bottom, *(x[chain.faces[0]] for x in elements[-1])))
        found = []
        for (k, p), at in first.items():
            c, t = blocks[k, p]
            whole = np.flatnonzero(self.whole[p])[t] if p >= 0 else np.full(len(t), -1, np.int64)
            members = tuple((dimension[x[c]], number[x[c]]) for x in elements[k])
            found.append(Joins(k + p, at, (p, whole), members))
        return found

    def _width(self, p: int) -> int:
        return max(int(self.whole[p].sum()), 1) if p >= 0 else 1

    def _whole_facets(self, p: int, t: Ints) -> tuple[Ints, Ints, npt.NDArray[np.int8]]:
        """(position in t, facet, incidence number) for all facets of the whole cells t of dimension p."""
        facets = self.facets[p].select(np.flatnonzero(self.whole[p])[t])
        number = np.cumsum(self.whole[p - 1]) - 1
        return facets.row_numbers(), number[facets.index], facets.values


def _check_size(below: SparseRows, own: npt.NDArray[np.float64], more: float) -> None:
    """LimitError if there are too many cells t ∗ σ: they are counted by the largest element of σ, from below.

    `own`: the number of cells t ∗ s, t = ∅ included, for each element s. `more`: those without elements.
    """
    counts = np.zeros(below.n_rows)
    for i in range(below.n_rows):
        counts[i] = own[i] + counts[below.row(i)].sum()
    if (total := more + float(counts.sum())) > MAX_SIMPLICES:
        raise LimitError(
            f"the region is neither open nor closed, and its order complex needs about {total:.3g} cells, "
            f"more than {MAX_SIMPLICES}; with only strict or only weak inequalities, or a domain, it needs fewer"
        )


@dataclass(frozen=True)
class _Chains:
    """Chains s_1 < … < s_k of one length: s_1, and for each i the number of the chain without s_{i+1}."""

    bottom: Ints
    faces: list[Ints]


def _chains(below: SparseRows, size: int) -> list[_Chains]:
    """All chains by length k = 1, 2, …, each numbered in the order of (chain without s_1, s_1)."""
    found = [_Chains(np.arange(size), [np.zeros(size, np.int64)])]
    keys = [np.arange(size)]
    while len(found[-1].bottom):
        last = found[-1]
        parent, bottom = _of_each(below, last.bottom)
        faces = [parent]
        for face in last.faces:  # without s_{i+1}, i ≥ 1: s_1 put below the parent without it
            faces.append(np.searchsorted(keys[-1], face[parent] * size + bottom))
        found.append(_Chains(bottom, faces))
        keys.append(parent * size + bottom)
    return found[:-1]


def _of_each(lists: SparseRows, elements: Ints) -> tuple[Ints, Ints]:
    """(position in `elements`, entry) for all entries of the lists of all these elements, in their order."""
    chosen = lists.select(elements)
    return chosen.row_numbers(), chosen.index.astype(np.int64, copy=False)


def _columns(n_columns: int, n_rows: int, entries: list[Entries]) -> SparseRows:
    none = np.zeros(0, np.int64)
    column = np.concatenate([none, *(c for c, _, _ in entries)])
    row = np.concatenate([none, *(r for _, r, _ in entries)])
    value = np.concatenate([none.astype(np.int8), *(v for _, _, v in entries)])
    return SparseRows.from_entries(column, row, value, n_columns, n_rows)
