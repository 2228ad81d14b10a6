"""Chain complexes of a set of cells and of a larger one that both lie in a third, by which homology classes go over.

A set of cells has one of three models. *Closed*: its bounded cells. *Open*: the dual cells D(u) of its cells u in the
interior of the domain. *Neither*: the simplices of its order complex. Section 17 of docs/mathematics.md has the proofs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.errors import LimitError, VerificationError
from polyrelu.geometry.region import CellSet
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.topology.basis import HomologyBasis
from polyrelu.topology.chain import ChainComplex, generating_cells
from polyrelu.topology.coefficients import Coefficients
from polyrelu.topology.groups import homology_groups
from polyrelu.topology.matching import Chain
from polyrelu.topology.order_complex import MAX_SIMPLICES, faces_of, order_complex

Ints = npt.NDArray[np.int64]
Signs = npt.NDArray[np.int8]
Block = tuple[int, int]
"""The degrees (a, b) of x and y in x ∗ y; −1 for none."""


@dataclass(frozen=True)
class Model:
    """The chain complex of a set of cells, with what is needed to put it below or above another.

    Attributes
    ----------
    region : CellSet
        The set.
    kind : str
        "closed", "open" or "neither".
    basis : HomologyBasis
        Bases of its homology, in this complex.
    least, largest : list of arrays
        For each degree and generator its least and its largest cell, numbered over all dimensions from λ on. Those of a
        closed cell are itself twice; of a dual cell D(u) `largest` is not used.
    rests : list of arrays
        For each degree and simplex of an order complex the number of the simplex without its least cell; otherwise 0.
    signs : array
        The augmentation: ±1 for each generator of degree 0.
    """

    region: CellSet
    kind: str
    basis: HomologyBasis
    least: list[Ints]
    largest: list[Ints]
    rests: list[Ints]
    signs: Signs

    @property
    def complex(self) -> ChainComplex:
        """The chain complex."""
        return self.basis.complex

    def sign(self, degree: int) -> int:
        """By what a cycle is multiplied in a join: the dual cells of `Cycle.pieces` list their flags from the top."""
        return (-1) ** (degree * (degree + 1) // 2) if self.kind == "open" else 1


def model(region: CellSet, coefficients: Coefficients, max_memory: int | None) -> Model:
    """The model of a set of cells."""
    if not (region.is_open or region.is_closed):
        flags = order_complex(region)
        complex_ = ChainComplex.from_arrays(flags.ranks, flags.columns)
        basis = HomologyBasis(complex_, homology_groups(complex_, max_memory), coefficients)
        signs = np.ones(flags.ranks[0], np.int8)
        return Model(region, "neither", basis, flags.least, flags.largest, flags.rests, signs)
    cx = region.complex
    first, rank = _first(cx), cx.input_dim - cx.coordinates.lineality_dim
    basis = HomologyBasis(region, homology_groups(region, max_memory), coefficients)
    chosen = [first[q] + np.flatnonzero(x) for q, x in enumerate(generating_cells(region))]
    if region.is_open:
        chosen.reverse()
        signs = basis.orientation[chosen[0] - first[rank]]
    else:
        signs = np.ones(len(chosen[0]), np.int8)
    rests = [np.zeros(len(x), np.int64) for x in chosen]
    return Model(region, "open" if region.is_open else "closed", basis, chosen, chosen, rests, signs)


class SameKind:
    """The chain map of an inclusion of two sets of one kind: every generator goes to itself, with a sign."""

    def __init__(self, inner: Model, outer: Model) -> None:
        self._place: list[Ints] = []
        self._signs: list[Signs] = []
        dual = _dual_signs(inner, outer) if inner.kind == "open" else None
        n_cells = int(_first(inner.region.complex)[-1])
        for degree, least in enumerate(inner.least):
            rests = self._place[-1][inner.rests[degree]] if degree and inner.kind == "neither" else inner.rests[degree]
            there = degree < len(outer.least)
            keys = outer.rests[degree] * n_cells + outer.least[degree] if there else np.zeros(0, np.int64)
            own = rests * n_cells + least
            at = np.minimum(np.searchsorted(keys, own), max(len(keys) - 1, 0))
            if len(own) and (not len(keys) or (keys[at] != own).any()):
                raise VerificationError("a generator of the smaller set is none of the larger one")
            self._place.append(at)
            self._signs.append(np.ones(len(least), np.int8) if dual is None else dual[least])

    def __call__(self, chain: Chain, degree: int) -> Chain:
        """The image of a chain."""
        place, signs = self._place[degree], self._signs[degree]
        return {int(place[c]): int(signs[c]) * value for c, value in chain.items()}


class Joined:
    """The complex P of x, y and x ∗ y, x in the lower and y in the upper model, x ∗ y where x lies below y.

    Attributes
    ----------
    complex : ChainComplex
        P; in each degree first the x, then the y, then the x ∗ y.
    """

    def __init__(self, lower: Model, upper: Model) -> None:
        self._lower, self._upper = lower, upper
        blocks = self._blocks()
        self._width = [max(n, 1) for n in upper.complex.ranks]
        keys = {block: self._key(block, x, y) for block, (x, y) in blocks.items()}
        top = max(sum(block) + 1 for block in blocks)
        ranks, first = [0] * (top + 1), {}
        for block, (x, _) in blocks.items():
            degree = sum(block) + 1
            first[block] = ranks[degree]
            ranks[degree] += len(x)
        entries: list[list[tuple[Ints, Ints, Ints]]] = [[] for _ in range(top + 1)]

        def add(block: Block, position: Ints, to: Block, x: Ints, y: Ints, value: Ints) -> None:
            if not len(position):
                return
            wanted = self._key(to, x, y)
            at = np.searchsorted(keys[to], wanted)
            if at.max() >= len(keys[to]) or (keys[to][at] != wanted).any():
                raise VerificationError("a face of a join is missing")
            entries[sum(block) + 1].append((first[block] + position, first[to] + at, value))

        for (a, b), (x, y) in blocks.items():
            everyone = np.arange(len(x))
            if a > 0:
                position, face, value = _faces(lower.complex, a, x)
                add((a, b), position, (a - 1, b), face, y[position], value)
            elif a == 0 and b >= 0:
                add((a, b), everyone, (-1, b), np.zeros_like(x), y, lower.signs[x].astype(np.int64))
            sign = (-1) ** (a + 1)
            if b > 0:
                position, face, value = _faces(upper.complex, b, y)
                add((a, b), position, (a, b - 1), x[position], face, sign * value)
            elif b == 0 and a >= 0:
                add((a, b), everyone, (a, -1), x, np.zeros_like(y), sign * upper.signs[y].astype(np.int64))
        columns = []
        for degree in range(1, top + 1):
            column, row, value = (
                np.concatenate([np.zeros(0, np.int64), *(entry[i] for entry in entries[degree])]) for i in range(3)
            )
            size = ranks[degree], ranks[degree - 1]
            columns.append(SparseRows.from_entries(column, row, value.astype(np.int8), *size))
        self.complex = ChainComplex.from_arrays(ranks, columns)

    def embedded(self, part: Model, chain: Chain, degree: int) -> Chain:
        """A chain of one of the two models in P."""
        first = 0
        if part is self._upper and degree < len(self._lower.complex.ranks):
            first = self._lower.complex.ranks[degree]
        return {first + c: part.sign(degree) * value for c, value in chain.items()}

    def _blocks(self) -> dict[Block, tuple[Ints, Ints]]:
        """For each block the generators (x, y), ascending."""
        lower, upper = self._lower, self._upper
        blocks: dict[Block, tuple[Ints, Ints]] = {}
        for a, n in enumerate(lower.complex.ranks):
            blocks[a, -1] = np.arange(n), np.zeros(n, np.int64)
        for b, n in enumerate(upper.complex.ranks):
            blocks[-1, b] = np.zeros(n, np.int64), np.arange(n)
        cx = lower.region.complex
        above, below = (np.unique(np.concatenate(cells)) for cells in (upper.least, lower.largest))
        cell, face = faces_of(cx, above, below)
        n_cells = int(_first(cx)[-1])
        uppers = [_by_cell(cells, n_cells) for cells in upper.least]
        lowers = [_by_cell(cells, n_cells) for cells in lower.largest]
        total = sum(float((x.sizes()[face] * y.sizes()[cell]).sum()) for x in lowers for y in uppers)
        if total > MAX_SIMPLICES:
            raise LimitError(
                f"induced_map: the sets are of different kinds, and {total:.3g} joins of cells of both are more than "
                f"{MAX_SIMPLICES}; two open or two closed sets need none"
            )
        for a, x_of in enumerate(lowers):
            chosen = x_of.select(face)
            pair, x = chosen.row_numbers(), chosen.index.astype(np.int64)
            for b, y_of in enumerate(uppers):
                more = y_of.select(cell[pair])
                found_x, found_y = x[more.row_numbers()], more.index.astype(np.int64)
                order = np.lexsort((found_y, found_x))
                blocks[a, b] = found_x[order], found_y[order]
        return blocks

    def _key(self, block: Block, x: Ints, y: Ints) -> Ints:
        return x * (self._width[block[1]] if block[1] >= 0 else 1) + y


def _first(cx: Any) -> Ints:
    """Where the numbers of the cells of each dimension λ, λ + 1, … begin, and the end."""
    low = cx.coordinates.lineality_dim
    return np.concatenate(([0], np.cumsum([cx.n_cells(k) for k in range(low, cx.input_dim + 1)]))).astype(np.int64)


def _by_cell(cells: Ints, n: int) -> SparseRows:
    """For each cell the generators that have it as their least, or largest, one."""
    return SparseRows.from_entries(cells, np.arange(len(cells)), None, n, len(cells))


def _faces(complex_: ChainComplex, degree: int, cells: Ints) -> tuple[Ints, Ints, Ints]:
    """(position in `cells`, facet, incidence number) for all facets of some generators."""
    chosen = complex_.boundary_arrays(degree).select(cells)
    return chosen.row_numbers(), chosen.index.astype(np.int64), chosen.values.astype(np.int64)


def _dual_signs(inner: Model, outer: Model) -> Signs:
    """For every cell u the product of the orientations of the d-cells around it in two open sets; 0 for other cells."""
    cx = inner.region.complex
    low, first = cx.coordinates.lineality_dim, _first(cx)
    found = np.zeros(int(first[-1]), np.int8)
    found[first[-2] :] = inner.basis.orientation * outer.basis.orientation
    for q in range(cx.input_dim - low, 0, -1):
        facets = cx.facets(low + q)
        own = found[first[q] : first[q + 1]][facets.row_numbers()]
        around = own != 0
        found[first[q - 1] + facets.index[around]] = own[around]
    return found
