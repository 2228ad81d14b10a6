"""A coarse complex in plain Python, made from the complete one of `reference`, and checks of coarse complexes.

Take the neurons in order. A cell of full dimension stops being divided as soon as F − t has one strict sign at all
finite points of its closure, which is read off the complete complex: all cells of C(F, t) in the closure have that
sign. Only pointed cells are decided, since the homology of a region is found from cells that have vertices. A cell of
lower dimension is divided as long as a cell of full dimension around it is. So the cell of a point x is the set of
points with the same signs as x of the neurons up to the last of these stages, and every cell is known by its sign
vector, cut off after that stage.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.subdivision import subdivide
from polyrelu.topology.homology import homology
from support.reference import (
    RELATIONS,
    STRICT,
    WEAK,
    Cell,
    Homology,
    Reference,
    Signs,
    chain_complex,
    dual,
    is_face,
    padded,
    sign,
)
from support.reference import homology as plain_homology


class CoarseReference:
    """The coarse complex of a complete one with a level.

    `cells`: by dimension, each with all vertices and rays of the complete complex on it. `sign`: of F − t on each
    finite cell. `decided`: 1 or −1 for the decided cells of full dimension, 0 for the others.
    """

    def __init__(self, complete: Reference) -> None:
        assert complete.level is not None
        self._complete = complete
        self._last = complete.n_walls + sum(s != 1 for layer in complete.net.slopes for s in layer)
        self._finite = [cell for cells in complete.cells for cell in cells if cell.is_finite]
        self.decided: dict[Signs, int] = {}
        self._stage_of_top: dict[Signs, int] = {}
        self._divide(complete.n_walls, list(complete.cells[-1]))

        parts: dict[Signs, list[Cell]] = {}
        self._stage: dict[Signs, int] = {}
        for cell in (cell for cells in complete.cells for cell in cells):
            stage = max(stage for top, stage in self._stage_of_top.items() if is_face(cell.signs, top))
            signs = cut(cell.signs, stage)
            assert self._stage.setdefault(signs, stage) == stage
            parts.setdefault(signs, []).append(cell)
        self.sign: dict[Signs, int] = {}
        self.cells: list[list[Cell]] = [[] for _ in complete.cells]
        for signs, cells in parts.items():
            dim = max(cell.dim for cell in cells)
            found = {self.level_sign(cell) for cell in cells if cell.is_finite}
            assert len(found) <= 1, "F − t changes its sign on a cell"
            self.sign[signs] = found.pop() if found else 0
            self.cells[dim].append(Cell(signs, dim, frozenset().union(*(c.vertices for c in cells if c.dim == dim))))

    def level_sign(self, cell: Cell) -> int:
        """The sign of F − t on the relative interior of a cell of the complete complex."""
        return (cell.signs[0] >> self._last & 1) - (cell.signs[1] >> self._last & 1)

    def _divide(self, stage: int, tops: list[Cell]) -> None:
        """Decide or divide the cell of full dimension of which `tops` are the parts in the complete complex."""
        closure = [cell for cell in self._finite if any(is_face(cell.signs, top.signs) for top in tops)]
        signs = {self.level_sign(cell) for cell in closure}
        dims: dict[Signs, int] = {}  # of the faces of this cell
        for cell in closure:
            face = cut(cell.signs, stage)
            dims[face] = max(cell.dim, dims.get(face, 0))
        is_decided = signs in ({1}, {-1}) and 0 in dims.values()
        if is_decided or stage > self._last:
            self.decided[cut(tops[0].signs, stage)] = signs.pop() if is_decided else 0
            self._stage_of_top |= {top.signs: stage for top in tops}
            return
        parts: dict[Signs, list[Cell]] = {}
        for top in tops:
            parts.setdefault(cut(top.signs, stage + 1), []).append(top)
        for part in parts.values():
            self._divide(stage + 1, part)

    @property
    def f_vector(self) -> tuple[int, ...]:
        """Numbers of cells of R^d by dimension 0..d."""
        counts = [sum(c.is_finite for c in cells) for cells in self.cells]
        return (*[0] * self._complete.lineality_dim, *counts)

    def homology(self, relation: str) -> Homology:
        """As `Reference.homology`, on the cells of this complex."""
        complete = self._complete
        inside = (1 << complete.n_walls) - 1

        def is_chosen(cell: Cell) -> bool:
            if not cell.is_finite or self.sign[cell.signs] not in (STRICT | WEAK)[relation]:
                return False
            return cell.is_bounded if relation in WEAK else cell.signs[0] & inside == inside

        def within(face: Cell, cell: Cell) -> bool:
            return is_face(cut(face.signs, self._stage[cell.signs]), cell.signs)

        ranks, boundaries = chain_complex([[c for c in cells if is_chosen(c)] for cells in self.cells], within)
        if relation in STRICT:
            ranks, boundaries = dual(ranks, boundaries)
        return padded(plain_homology(ranks, boundaries), complete.rank, complete.input_dim)


def cut(signs: Signs, stage: int) -> Signs:
    """The signs of the first `stage` forms."""
    mask = (1 << stage) - 1
    return signs[0] & mask, signs[1] & mask


# ------------------------------------------------------------------------------------------------- checks of a complex


def same_regions(coarse: PolyhedralComplex, complete: PolyhedralComplex) -> None:
    """The homology of all five regions, the Euler characteristic, {F = t} cell by cell, and all that is not decided."""
    d = complete.input_dim
    assert coarse.is_coarse and not complete.is_coarse
    one, other = (sum((-1) ** k * n for k, n in enumerate(cx.f_vector)) for cx in (coarse, complete))
    assert one == other
    for relation in RELATIONS:
        found, expected = homology(coarse.region(relation)), homology(complete.region(relation))
        assert (found.betti, found.torsion) == (expected.betti, expected.torsion), relation
    for k in range(complete.coordinates.lineality_dim, d + 1):
        known, mine = named_cells(complete, k), named_cells(coarse, k)
        assert {cell for cell, s in mine if not s} == {cell for cell, s in known if not s}, k
        divided = ~coarse.decided(k)
        assert divided[coarse.signs(k) == 0].all()
        assert {cell for cell, is_divided in zip(mine, divided, strict=True) if is_divided} <= set(known)


def named_cells(cx: PolyhedralComplex, k: int) -> list[tuple[frozenset[tuple[int, ...]], int]]:
    """Vertices and rays of the k-cells, and their signs."""
    homogeneous = list(map(tuple, cx.homogeneous_array().tolist()))
    rows, signs = cx.cells(k), cx.signs(k).tolist()
    return [(frozenset(homogeneous[v] for v in rows.row(i).tolist()), s) for i, s in enumerate(signs)]


def check_decided(cx: PolyhedralComplex, most: int | None = None) -> int:
    """Exact extrema of F on decided cells of full dimension: at the vertices and rays of C(F) over each. How many."""
    d, net = cx.input_dim, cx.network
    growth = net.recession()
    side = cx.arrays.decided
    assert side is not None and np.array_equal(side != 0, cx.decided(d)) and cx.level is not None
    assert np.array_equal(cx.signs(d)[side != 0], side[side != 0])
    cells = np.flatnonzero(side)
    if most is not None:
        cells = cells[:: 1 + len(cells) // most]
    for i in cells.tolist():
        shape, corners = cx.h_representation(d, i), cx.v_representation(d, i)
        assert not shape.equations
        within = subdivide(net, None, Domain([a for _, *a in shape.inequalities], [b for b, *_ in shape.inequalities]))
        if within.coordinates == cx.coordinates:
            assert set(corners.vertices) <= set(within.vertices()) and set(corners.rays) <= set(within.rays())
        assert {sign(net(x) - cx.level) for x in within.vertices()} == {side[i]}
        assert {sign(growth(r)) for r in within.rays()} <= {side[i], 0}
    return len(cells)


def check_partition(coarse: PolyhedralComplex, complete: PolyhedralComplex) -> None:
    """Every cell is a union of relative interiors of cells of the complete complex, found by `locate`.

    A point inside each cell of the complete complex is located; that the whole of it is in the same cell, and the
    union is the relative interior of a polyhedron, is checked by its Euler characteristic with compact support.
    """
    low, d = complete.coordinates.lineality_dim, complete.input_dim
    total: Counter[tuple[int, int]] = Counter()
    for k in range(low, d + 1):
        for i in range(complete.n_cells(k)):
            found = coarse.locate(complete.interior_point(k, i))
            assert found is not None and found[0] >= k
            assert coarse.signs(found[0])[found[1]] == complete.signs(k)[i]
            total[found] += (-1) ** k
    # Unbounded polyhedra with lines or without, too: χ_c of an open polyhedron of dimension k is (−1)^k.
    assert total == {(k, i): (-1) ** k for k in range(low, d + 1) for i in range(coarse.n_cells(k))}
