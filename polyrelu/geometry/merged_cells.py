"""MergedCells: the cells of a complex, counted by those of a refinement of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


class MergedCells:
    """Cells of a refinement grouped by their signs: the groups are the cells of the coarser complex.

    A cell of C(F) is the closure of the set of points with given signs of all preactivations, walls and F − t, which is
    convex; so a cell of a refinement lies in the relative interior of the one with its signs.
    """

    def __init__(self, signs: Sequence[npt.NDArray[np.int8]]) -> None:
        """`signs`: for every q = 0..r the signs on the q-cells, a row for each."""
        self._signs = signs
        groups: dict[bytes, int] = {}
        dimension: list[int] = []
        self.labels: list[npt.NDArray[np.int64]] = []
        for q, table in enumerate(signs):
            label = np.empty(len(table), np.int64)
            for i, row in enumerate(np.ascontiguousarray(table)):
                label[i] = groups.setdefault(row.tobytes(), len(groups))
                if label[i] == len(dimension):
                    dimension.append(q)
                dimension[label[i]] = q  # ascending: the last one is the dimension of the union
            self.labels.append(label)
        self._dimension = np.array(dimension, np.int64)
        self.counts = self._counted(self._dimension)

    def _counted(self, dimension: npt.NDArray[np.int64]) -> tuple[int, ...]:
        return tuple(np.bincount(dimension, minlength=len(self._signs)).tolist())

    def counts_without(self, cells: Sequence[npt.NDArray[np.integer]]) -> tuple[int, ...]:
        """The number of groups by dimension, without those that contain one of the given cells of dimension 0..r."""
        others = np.zeros(len(self._dimension), np.bool_)
        for label, chosen in zip(self.labels, cells, strict=True):
            others[label[chosen]] = True
        return self._counted(self._dimension[~others])

    def without_last(self) -> MergedCells:
        """Grouped without the last sign, that of F − t: the cells of C(F)."""
        return MergedCells([table[:, :-1] for table in self._signs])

    def count_within(self, chosen: npt.NDArray[np.bool_]) -> int:
        """The number of groups of r-cells in which all are chosen."""
        label = self.labels[-1]
        return len(np.unique(label)) - len(np.unique(label[~chosen]))
