"""One part of a complex: its cells are counted, reduced within the fibers of the walls, and forgotten."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu import _core
from polyrelu.analysis.critical import CriticalComplex, Name, critical_complex
from polyrelu.analysis.mixed_part import reduce_mixed
from polyrelu.analysis.problems import MIXED, OPEN, CellSets
from polyrelu.errors import VerificationError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.cut_tree import CutTree, Leaves
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.merged_cells import MergedCells
from polyrelu.geometry.region import CellSet
from polyrelu.geometry.vertices import ExactVertices
from polyrelu.topology.chain import ChainComplex

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
    fibers : dict
        For each set of leaves that contain a cell on a wall: a number that depends on these cells, how they meet, and
        their order. All parts must find the same.
    regions : dict
        For each set of the problem, by name, the critical complex.
    euler : dict
        For each set the number of generating cells that belong to this part, with the signs of their degrees.
    tallies : tuple of int
        Further numbers of the part; see `CellSets`.
    """

    f_vector: tuple[int, ...]
    cells: tuple[int, ...]
    bounded_regions: int
    lineality_dim: int
    neighbours: Leaves
    fibers: dict[Leaves, int]
    regions: dict[str, CriticalComplex]
    euler: dict[str, int]
    tallies: tuple[int, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (zlib.compress(pickle.dumps(vars(self), pickle.HIGHEST_PROTOCOL), 1),)


def _restored(state: bytes) -> Part:
    """A part from its pickle, which is small, as it is sent between machines."""
    return Part(**pickle.loads(zlib.decompress(state)))


@memory_is_a_limit
def reduce_part(
    found: CellSets, whole: Domain | None, tree: CutTree, leaf: int, models: Mapping[str, str]
) -> Part:
    """The part of a leaf, reduced, from its complex and the sets of its cells.

    Raises
    ------
    VerificationError
        If the cells on walls do not fit together, which would be a fault of this library.

    Notes
    -----
    The fiber of a cell is given by the leaves that contain it. Cells on walls come first, in an order and with an
    orientation that depend on the exact positions of their vertices alone (`_cpp/walls.hpp`, `_cpp/vertex_order.hpp`).
    So two parts make the same critical cells of a common wall, with the same boundaries, and know them by the same
    places in their fibers.
    """
    cx = found.complex
    try:
        walls = _Walls(cx, whole, tree, leaf)
    except (_core.Inconsistent, _core.UnknownOutcome) as fault:
        raise VerificationError(f"the walls of a part: {fault}") from None
    regions, euler = {}, {}
    for name, model in models.items():
        if model == MIXED:
            regions[name], euler[name] = reduce_mixed(walls.walls, leaf, found.sets[name])
        else:
            regions[name], euler[name] = walls.reduce(found.sets[name], is_open=model == OPEN)
    fibers, low = walls.fibers(), cx.coordinates.lineality_dim
    neighbours = tuple(sorted({x for leaves in fibers for x in leaves} - {leaf}))
    counts = walls.count(), cx.f_vector, walls.bounded_regions()
    return Part(*counts, low, neighbours, fibers, regions, euler, found.tallies)


class _Walls:
    """The cells of a part that lie on its walls."""

    def __init__(self, cx: PolyhedralComplex, whole: Domain | None, tree: CutTree, leaf: int) -> None:
        self.cx, self.leaf = cx, leaf
        arrays = cx.arrays
        columns = [0, *(1 + k for k in cx.coordinates.kept)]
        outer = {_sided(form): form for form in (whole.half_spaces() if whole is not None else ())}
        number = {form: i for i, form in enumerate(outer)}
        of_cuts = [number.setdefault(_sided(form), len(number)) for form in tree.forms]
        sides = [_sided(form) != tuple(form) for form in tree.forms]
        bounding = [*range(len(outer)), *(of_cuts[i] for i, _ in tree.sides(leaf))]
        self.walls = _core.PartWalls(
            arrays.vertices.coordinates,
            arrays.vertices.errors,
            ExactVertices(cx.network, cx.level, cx.domain, cx.coordinates, arrays).solver,
            arrays.finite,
            [tuple(facets) for facets in arrays.facets[1:]],
            arrays.boundary,
            [[form[k] for k in columns] for form in number],
            list(dict.fromkeys(bounding)),
            len(outer),
            [
                (of_cuts[x.form], x.plus, x.minus) if sides[x.form] else (of_cuts[x.form], x.minus, x.plus)
                for x in tree.nodes
            ],
            leaf,
        )
        self.mine = np.array([leaves[0] == leaf for leaves in self.walls.leaves], np.bool_)

    def fibers(self) -> dict[Leaves, int]:
        """For each fiber of the walls, by the leaves that contain it, a number that all parts must find."""
        found = zip(self.walls.leaves, self.walls.fibers, strict=True)
        return {leaves: digest for leaves, digest in found if digest is not None}

    def count(self) -> tuple[int, ...]:
        """The f-vector of the cells that belong to this part."""
        others = [cells[~self.mine[label]] for cells, label in zip(self.walls.cells, self.walls.labels, strict=True)]
        arrays, low = self.cx.arrays, self.cx.coordinates.lineality_dim
        if arrays.all_signs is not None:  # cells of C(F) are counted by those of a refinement
            return (0,) * low + MergedCells(arrays.all_signs).counts_without(others)
        return (0,) * low + tuple(n - len(x) for n, x in zip(arrays.finite, others, strict=True))

    def bounded_regions(self) -> int:
        """The number of bounded regions."""
        if self.cx.coordinates.lineality_dim or self.cx.arrays.all_signs is not None:
            return self.cx.n_bounded_regions
        return self.walls.n_bounded

    def reduce(self, region: CellSet, *, is_open: bool) -> tuple[CriticalComplex, int]:
        """The critical complex of a region, and the Euler characteristic of its cells that belong to this part."""
        walls, low = self.walls, self.cx.coordinates.lineality_dim
        masks = [region.mask(low + q).view(np.uint8) for q in range(self.cx.arrays.rank + 1)]
        found = walls.reduce(masks, is_open)
        if len(found) != 3:
            fault, degree, row, column = found
            raise VerificationError(f"the cells of a part: {fault} of degree {degree} at row {row}, column {column}")
        on_wall, columns, euler = found

        def leaves(q: int, i: int) -> Leaves:
            at = on_wall[q][i]
            around: Leaves = (self.leaf,) if at < 0 else walls.leaves[walls.labels[q][at]]
            return around

        def name(q: int, i: int) -> Name:
            return int(walls.places[q][on_wall[q][i]])

        critical = ChainComplex.from_arrays([len(x) for x in on_wall], columns)
        return critical_complex(critical, [x < 0 for x in on_wall], leaves, name), euler


def _sided(form: Sequence[int]) -> tuple[int, ...]:
    """The form or its opposite, the same for both."""
    return max(tuple(form), tuple(-x for x in form))
