"""A chain complex reduced to a small one, with the maps that lead there and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from polyrelu import _core
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.matching import Chain, Matching


class _Pivot(NamedTuple):
    """A unit that was eliminated from a boundary map, and the other entries of its row and its column at that time."""

    lower: int
    upper: int
    unit: int
    row: Chain
    column: Chain


class Reduction:
    """The reduction of a chain complex C to a small one R, with chain maps p : C → R and ι : R → C, p ι = 1.

    Both maps are isomorphisms in homology. This is the reduction that `homology` uses, done in the core, with a record
    of what was done: first coreduction, mostly one round, then elimination of the units ±1 that remain.

    Attributes
    ----------
    complex : ChainComplex
        R. No entry of its boundary maps is ±1.
    matchings : tuple of Matching
        The rounds of coreduction, at least one: the first is a matching of C, each later one of the critical complex
        of the one before.

    Notes
    -----
    `Matching` has the proofs for coreduction. Elimination of a unit u at row a and column b of a boundary map replaces
    every other column y with an entry v in row a by y − u v b, and a and b leave. So the map back is
    ι(y) = y − u v b, and p(a) = a − u ∂b, p(b) = 0. The numbers of the cells of R ascend with those of the cells of the
    last critical complex that are left.

    Time and memory: proportional to the number of non-zero entries of the boundary maps, for the maps also to the
    number of terms of what they return; about a second and 12 bytes a cell for a million cells of a region. With
    adversarial complexes R may be large.

    References
    ----------
    M. Mrozek, B. Batko, Coreduction homology algorithm, Discrete & Computational Geometry 41 (2009).
    """

    @memory_is_a_limit
    def __init__(self, complex_: ChainComplex) -> None:
        columns = [complex_.boundary_arrays(k) for k in range(1, len(complex_.ranks))]
        remainders, rounds, pivots = _core.trace_reduction(complex_.ranks, columns)
        matchings: list[Matching] = []
        for partner, step, image, ranks, critical_columns in rounds:
            critical_complex = ChainComplex.from_arrays(ranks, critical_columns)
            matchings.append(Matching(complex_, critical_complex, partner, step, image))
            complex_ = critical_complex
        self.matchings = tuple(matchings)
        self._pivots = [[], *([_Pivot(*pivot) for pivot in of_degree] for of_degree in pivots), []]
        self._cells = []  # the cells of R by their numbers in the last critical complex
        for k, rank in enumerate(complex_.ranks):
            left = np.ones(rank, dtype=np.bool_)
            left[[pivot.upper for pivot in self._pivots[k]]] = False
            left[[pivot.lower for pivot in self._pivots[k + 1]]] = False
            self._cells.append(np.flatnonzero(left).tolist())
        self.complex = ChainComplex.from_arrays(
            [len(cells) for cells in self._cells], [_columns(*remainder) for remainder in remainders]
        )

    def boundary(self, degree: int) -> dict[int, Chain]:
        """The non-zero columns of ∂ in a degree of R; none below 1 and above the top."""
        if not 1 <= degree < len(self._cells):
            return {}
        columns = self.complex.boundary_arrays(degree)
        return {j: dict(columns.entries(j)) for j in np.flatnonzero(columns.sizes()).tolist()}

    def lift(self, chain: Mapping[int, int], degree: int) -> Chain:
        """ι of a chain of R."""
        lifted = {self._cells[degree][i]: value for i, value in chain.items()}
        for pivot in reversed(self._pivots[degree]):
            if crossing := sum(lifted.get(y, 0) * v for y, v in pivot.row.items()):
                lifted[pivot.upper] = -pivot.unit * crossing
        for matching in reversed(self.matchings):
            lifted = matching.lift(lifted, degree)
        return lifted

    def pull_back(self, cochains: Iterable[Mapping[int, int]], degree: int) -> dict[int, Chain]:
        """The cochains f_0, f_1, … of R composed with p, all together: cell of C → {i: f_i(p(cell))}, zeros left out.

        Values must not be changed: cells share them.
        """
        pulled: dict[int, Chain] = {}
        for i, cochain in enumerate(cochains):
            values = {self._cells[degree][c]: value for c, value in cochain.items()}
            for pivot in reversed(self._pivots[degree + 1]):
                if value := sum(values.get(x, 0) * v for x, v in pivot.column.items()):
                    values[pivot.lower] = -pivot.unit * value
            for c, value in values.items():
                if value:
                    pulled.setdefault(c, {})[i] = value
        for matching in reversed(self.matchings):
            pulled = matching.pull_back(pulled, degree)
        return pulled

    def components(self) -> list[tuple[int, int]] | None:
        """The same for every cell of degree 0 as `Matching.components` of the matching of C."""
        return self.matchings[0].components()


def _columns(n_rows: int, n_columns: int, entries: list[tuple[int, int, int]]) -> SparseRows:
    """A matrix with the given entries (row, column, value), by columns."""
    row, column = (np.array([entry[i] for entry in entries], dtype=np.int64) for i in (0, 1))
    values = np.array([value for _, _, value in entries], dtype=object)
    return SparseRows.from_entries(column, row, values, n_columns, n_rows)
