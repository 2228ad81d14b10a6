"""FarComplex: the cells of a complex, cut off far out, so that all of them are bounded."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from polyrelu.geometry.cell_arrays import CellArrays
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.geometry.vertex_values import VertexValues

Values = npt.NDArray[np.int64]


class FarComplex:
    """The cells of a complex modulo lineality, with a far face of every unbounded cell in place of its end at infinity.

    The far face σ_∞ of a q-cell σ has dimension q − 1. The cells of dimension q are the finite q-cells, in their order,
    and then the far faces of the unbounded (q+1)-cells, in the order of these.

    Attributes
    ----------
    unbounded : list of arrays
        For q = 0..r the numbers of the unbounded q-cells.
    columns : list of SparseRows
        The boundary maps of degrees 1..r, by columns.

    Notes
    -----
    Incidence numbers: in ∂σ the far face stands with −1, for an edge with the incidence number of its ray, and ∂σ_∞ is
    the sum of s ε f_∞ over the unbounded facets f of σ, where s = [σ : f] and ε = [f : f_∞]. Then ∂∂σ = 0: a finite
    face is in finite facets only, and f_∞ has the coefficient s ε − s ε.
    """

    def __init__(self, arrays: CellArrays) -> None:
        self._finite, self._rank = arrays.finite, arrays.rank
        far = [~arrays.bounded(q) for q in range(arrays.rank + 1)]
        self.unbounded = [np.flatnonzero(mask) for mask in far]
        signs = np.zeros(0, np.int8)
        if arrays.rank:
            edges = arrays.facets[1].first(arrays.finite[1])
            place = np.flatnonzero(edges.index >= arrays.finite[0])  # one for each unbounded edge, since it is pointed
            signs = edges.values[place]
            self.rays = edges.index[place] - arrays.finite[0]
        else:
            self.rays = np.zeros(0, np.int32)
        self.columns: list[SparseRows] = []
        for q in range(1, arrays.rank + 1):
            facets = arrays.finite_facets(q)
            ends = signs if q == 1 else np.full(len(self.unbounded[q]), -1, np.int8)
            near = _with_entry(facets, self.unbounded[q], arrays.finite[q - 1] + np.arange(len(ends)), ends)
            rows = [near]
            n_columns = arrays.finite[q - 1] + len(self.unbounded[q])
            if q < arrays.rank:
                above = arrays.finite_facets(q + 1).restrict(far[q + 1], far[q])
                values = above.values * (signs[above.index] if q == 1 else np.int8(-1))
                rows.append(SparseRows(above.indptr, above.index + np.int32(arrays.finite[q - 1]), values, n_columns))
            self.columns.append(_stacked(rows, n_columns))

    @property
    def ranks(self) -> list[int]:
        """The numbers of cells of dimension 0..r."""
        above = [*map(len, self.unbounded[1:]), 0]
        return [n + m for n, m in zip(self._finite, above, strict=True)]

    def edge_vertices(self) -> tuple[Values, Values]:
        """The two ends of every finite edge, as numbers of 0-cells."""
        if not self._rank:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        ends = self.columns[0].index[: 2 * self._finite[1]].astype(np.int64)
        return ends[::2], ends[1::2]

    def largest(self, of_vertices: Values) -> list[Values]:
        """For every cell of dimension 0..r the largest of the numbers of its vertices, far ones included."""
        numbers = [of_vertices]
        for columns in self.columns:
            numbers.append(columns.reduce(np.maximum, numbers[-1][columns.index]))
        return numbers


def numbered_values(values: VertexValues, far: FarComplex, superlevel: bool) -> Values:
    """The numbers of the values at all vertices, far ones included: 0 for −∞, and one more than all for +∞."""
    ranks, signs = values.ranks.astype(np.int64), values.ray_signs.astype(np.int64)
    if superlevel:
        ranks, signs = values.n_values - 1 - ranks, -signs
    if not len(far.rays):
        return ranks + 1
    ends = far.edge_vertices()[0][far.unbounded[1]]
    at_ends = np.array([0, 0, values.n_values + 1])[signs[far.rays] + 1]
    at_ends = np.where(signs[far.rays] == 0, ranks[ends] + 1, at_ends)
    return np.concatenate((ranks + 1, at_ends))


def _with_entry(rows: SparseRows, chosen: Values, columns: Values, values: npt.NDArray[np.int8]) -> SparseRows:
    """The matrix with one more entry at the end of each chosen row."""
    sizes = rows.sizes()
    place = rows.indptr[1:][chosen]
    sizes[chosen] += 1
    indptr = np.concatenate(([0], np.cumsum(sizes)))
    index = np.insert(rows.index, place, columns.astype(np.int32))
    return SparseRows(indptr, index, np.insert(rows.values, place, values), rows.n_columns + len(chosen))


def _stacked(matrices: list[SparseRows], n_columns: int) -> SparseRows:
    """The rows of one matrix after the other."""
    if len(matrices) == 1:
        return matrices[0]
    first, second = matrices
    indptr = np.concatenate((first.indptr, second.indptr[1:] + first.indptr[-1]))
    index = np.concatenate((first.index, second.index))
    return SparseRows(indptr, index, np.concatenate((first.values, second.values)), n_columns)
