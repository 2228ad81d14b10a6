"""VertexValues: the order of the values of a network at the vertices of its complex, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import cast

import numpy as np
import numpy.typing as npt

from polyrelu import _core
from polyrelu.errors import VerificationError
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.stages import complex_stages


class VertexValues:
    """The values of a network F: R^d → R at the vertices of its complex, ranked, and its slopes along the rays.

    The complex is C(F). If F has no hidden layer, it may be C(F, t) instead.

    Attributes
    ----------
    ranks : array of int32
        For every vertex the number of distinct values of F at vertices that are smaller than its own.
    n_values : int
        The number of distinct values.
    ray_signs : array of int8
        For every ray r the sign of F_∞(r) = lim F(x + s r) / s for s → ∞, which does not depend on x.

    Notes
    -----
    The order is exact: it is decided by proved bounds on floating-point errors, or in integers
    (`_cpp/vertex_values.hpp` has the proof).
    """

    def __init__(self, cx: PolyhedralComplex, threads: int = 1) -> None:
        self._cx = cx
        arrays = cx.arrays
        stages = complex_stages(cx.network, cx.domain, cx.coordinates.kept, Fraction(0))
        self._solver = _core.VertexSolver(
            stages, list(arrays.regions[: len(stages)]), arrays.vertices.coordinates, arrays.vertices.errors,
            arrays.vertices.origins, arrays.vertices.roots, 2**62,
        )  # fmt: skip
        self._region = arrays.containing[0].copy()
        n = arrays.finite[0]
        if len(self._region) > n:
            self._region[n:] = arrays.containing[1][self._edge_of_ray()]
        self.ranks, self._witness, self.ray_signs = _core.rank_values(self._solver, self._region, n, threads)
        self.n_values = len(self._witness)
        self._factor: Fraction | None = None

    def values(self, ranks: Sequence[int]) -> list[Fraction]:
        """The values of some ranks; 0 is that of the smallest."""
        return [self._value(int(self._witness[rank])) for rank in ranks]

    def _value(self, v: int) -> Fraction:
        value = Fraction(*_core.value_at(self._solver, self._region, self._cx.n_finite_vertices, v))
        if not value:
            return value
        if self._factor is None:  # that of all values, read off one true value
            self._factor = value / cast(Fraction, self._cx.network(self._cx.vertex(v)))
        return value / self._factor

    def _edge_of_ray(self) -> npt.NDArray[np.int64]:
        """For every ray an edge that ends in it: any cell that recedes in one direction only has such edges."""
        arrays = self._cx.arrays
        rows = arrays.facets[1].first(arrays.finite[1])
        at_infinity = np.flatnonzero(rows.index >= arrays.finite[0])
        edges = np.full(arrays.counts[0] - arrays.finite[0], -1, np.int64)
        edges[rows.index[at_infinity] - arrays.finite[0]] = np.searchsorted(rows.indptr, at_infinity, "right") - 1
        if np.any(edges < 0):
            raise VerificationError("a ray that is in no edge")
        return edges
