"""CriticalComplex: what is left of the cells of a region in some parts, after reduction within fibers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from polyrelu.geometry.cut_tree import Leaves
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.topology.chain import ChainComplex

Name = int | str
"""What distinguishes a cell from the others of its fiber and degree, in all parts alike: its place among those of its
dimension, or a text for cells of an order complex (`polyrelu.analysis.mixed_part`)."""


@dataclass(frozen=True)
class CriticalComplex:
    """The critical cells of a region in some parts, and their boundaries.

    The homology of the region in these parts is that of these cells, plus a free group of rank `free[q]` in degree q.

    Attributes
    ----------
    free : tuple of int
        For each degree the number of critical cells that were left out because they have no boundary and are in the
        boundary of no other cell, nor can be in that of a cell of another part: each spans a direct summand.
    leaves : tuple of tuples
        For each degree and cell: the parts that contain the cell.
    names : tuple of tuples
        For each degree and cell: its name, or None if no other part contains it. Cells of the same degree, leaves and
        name are the same.
    columns : tuple of SparseRows
        The boundary maps of degrees 1..r, by columns.
    """

    free: tuple[int, ...]
    leaves: tuple[tuple[Leaves, ...], ...]
    names: tuple[tuple[Name | None, ...], ...]
    columns: tuple[SparseRows, ...]

    @property
    def ranks(self) -> tuple[int, ...]:
        """The number of critical cells by degree, those left out excluded."""
        return tuple(map(len, self.leaves))

    def chain_complex(self) -> ChainComplex:
        """The chain complex of the critical cells, those left out excluded."""
        return ChainComplex.from_arrays(self.ranks, self.columns)


def critical_complex(
    critical: ChainComplex,
    inner: Sequence[npt.NDArray[np.bool_]],
    leaves: Callable[[int, int], Leaves],
    name: Callable[[int, int], Name],
) -> CriticalComplex:
    """The complex of critical cells, without those that span direct summands.

    Parameters
    ----------
    critical : ChainComplex
        What reduction within fibers has left.
    inner : sequence of arrays
        For each degree: which cells no other part contains. They are no faces of the others.
    leaves, name : callable
        For a degree and the number of a cell: the parts that contain it; its name, asked for if it is not inner.
    """
    top = len(critical.ranks) - 1
    columns = [critical.boundary_arrays(q) for q in range(1, top + 1)]
    kept: list[npt.NDArray[np.bool_]] = []
    for q in range(top + 1):
        bound = ~inner[q]
        if q:
            bound |= columns[q - 1].sizes() > 0
        if q < top:
            bound[columns[q].index] = True
        kept.append(bound)
    of_kept = [np.flatnonzero(mask).tolist() for mask in kept]
    return CriticalComplex(
        tuple(int((~mask).sum()) for mask in kept),
        tuple(tuple(leaves(q, i) for i in found) for q, found in enumerate(of_kept)),
        tuple(tuple(None if inner[q][i] else name(q, i) for i in found) for q, found in enumerate(of_kept)),
        tuple(columns[q - 1].restrict(kept[q], kept[q - 1]) for q in range(1, top + 1)),
    )
