"""The homology of open unions of the cells of a network in a ball."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from polyrelu.errors import VerificationError
from polyrelu.geometry.local_cells import LocalCells
from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.groups import Homology
from polyrelu.topology.homology import homology


def dual_homology(cells: LocalCells, chosen: Sequence[Sequence[Sequence[bool]]]) -> list[Homology]:
    """The homology of open sets that meet given cells in convex sets, in degrees up to the last group that is not 0.

    Each set is given by the cells that it meets, in all codimensions. It must be open, and meet a cell in a convex set.

    Notes
    -----
    Such a set U is filtered by its closed subsets, the unions of its parts of dimension at most k; the differences are
    open k-balls. So the cohomology with compact supports of U is that of the cochain complex on its parts, and
    H_k(U) ≅ H_c^{d−k}(U) (Poincaré duality; U is oriented). In degree d − k it is free on the parts of codimension k.

    Raises
    ------
    VerificationError
        If a boundary of a boundary is not zero, or Euler characteristics differ: a bug.
    """
    boundaries = list(cells.boundaries())
    found = []
    for members in chosen:
        numbers = [np.cumsum(part) - 1 for part in members]
        ranks = [sum(part) for part in members]
        while len(ranks) > 1 and not ranks[-1]:
            ranks.pop()
        columns = []
        for k, entries in enumerate(boundaries[: len(ranks) - 1], 1):
            kept = [(i, j, x) for i, j, x in entries if members[k][i]]
            if not all(members[k - 1][j] for _, j, _ in kept):
                raise VerificationError("neighbourhood: an open set meets a cell, but not one that has it as a face")
            counts = np.bincount([numbers[k][i] for i, _, _ in kept], minlength=ranks[k])
            columns.append(
                (
                    np.concatenate([[0], np.cumsum(counts)]),
                    np.array([numbers[k - 1][j] for _, j, _ in kept], dtype=np.int64),
                    np.array([x for _, _, x in kept], dtype=np.int8),
                )
            )
        complex_ = ChainComplex.from_arrays(ranks, columns)
        groups = homology(complex_)
        if groups.euler_characteristic != complex_.euler_characteristic:
            raise VerificationError("neighbourhood: the Betti numbers do not fit the numbers of cells")
        size = max([k + 1 for k in range(len(ranks)) if groups.betti[k] or groups.torsion[k]], default=1)
        found.append(Homology(groups.betti[:size], groups.torsion[:size]))
    return found
