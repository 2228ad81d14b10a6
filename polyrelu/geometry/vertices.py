"""ExactVertices: the vertices and rays of a complex, with exact coordinates that are made when asked for."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu import _core
from polyrelu.errors import FileError, LimitError
from polyrelu.geometry.cell_arrays import CellArrays
from polyrelu.geometry.coordinates import Coordinates
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.stages import complex_stages, form_bits
from polyrelu.network.network import Network

IntegerVector = tuple[int, ...]
Box = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


class ExactVertices:
    """The vertices and rays of C(F), or of C(F, t), as primitive integer vectors in homogeneous coordinates.

    Most are integers in `CellArrays` already. The others are enclosed there, and the compiled core finds their exact
    coordinates when they are asked for.
    """

    def __init__(
        self,
        network: Network,
        level: Fraction | None,
        domain: Domain | None,
        coordinates: Coordinates,
        arrays: CellArrays,
    ) -> None:
        self._network, self._level, self._domain = network, level, domain
        self.coordinates, self.arrays = coordinates, arrays
        self._solver: _core.VertexSolver | None = None

    def vector(self, v: int) -> IntegerVector:
        """Vertex or ray v in the quotient by lineality: a primitive integer vector of length r + 1."""
        coordinates, errors, *_ = self.arrays.vertices
        if errors[v] == 0:
            return tuple(map(int, coordinates[v].tolist()))
        try:
            vector = self.solver().vector(v)
        except MemoryError:
            raise LimitError("the memory of this machine does not suffice for the exact vertices") from None
        except OverflowError:
            vector = ()
        if not any(vector) or (vector[0] > 0) != (v < self.arrays.finite[0]):
            # A subdivision has none of these; a file that was made up, and `load_complex` did not prove, may.
            raise FileError(f"vertex or ray {v} is none of this network: the file of the complex is wrong")
        return vector

    def solver(self) -> _core.VertexSolver:
        """What finds the exact coordinates in the core."""
        if self._solver is None:
            stages = complex_stages(self._network, self._domain, self.coordinates.kept, self._level)
            longest = self.coordinates.rank * form_bits(stages) + 1
            self._solver = _core.VertexSolver(stages, self.arrays.regions, *self.arrays.vertices, longest)
        return self._solver

    def homogeneous(self, v: int) -> IntegerVector:
        """Vertex or ray v in R^d: a primitive integer vector of length d + 1, zero in the dropped coordinates."""
        return self.coordinates.lift(self.vector(v))

    def spanning(self, q: int, i: int) -> list[IntegerVector]:
        """`vector` of all vertices and rays of q-cell i."""
        return [self.vector(v) for v in self.arrays.vertices_of(q, i)]

    def homogeneous_array(self, chosen: npt.NDArray[np.integer] | None = None) -> npt.NDArray[Any]:
        """`homogeneous` of all vertices and rays, or of chosen ones, as rows; of type int64 if that suffices."""
        coordinates, errors, *_ = self.arrays.vertices
        if chosen is None:
            chosen = np.arange(len(errors))
        else:
            coordinates, errors = coordinates[chosen], errors[chosen]
        inexact = np.flatnonzero(errors)
        out = np.zeros((len(errors), self.coordinates.input_dim + 1), dtype=object if len(inexact) else np.int64)
        out[:, self._columns] = np.where(errors[:, None] == 0, coordinates, 0).astype(np.int64)
        for i in inexact:
            out[i, self._columns] = self.vector(int(chosen[i]))
        return out

    def enclosures(self, chosen: slice) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Doubles y (n × (d + 1)) and bounds (n) on their distances from positive multiples of `homogeneous`."""
        coordinates, errors = self.arrays.vertices.coordinates[chosen], self.arrays.vertices.errors[chosen]
        y = np.zeros((len(errors), self.coordinates.input_dim + 1))
        y[:, self._columns] = coordinates
        return y, errors.copy()

    def boxes(self) -> Iterator[Box]:
        """For each dimension, bounds of the coordinates, in the quotient, of all points of the cells: two n × r arrays.

        From |x_k − y_k| ≤ e for homogeneous x and y (`VertexArrays`) and e < y_0 follows, with p = y / y_0,
        |x_k / x_0 − p_k| ≤ e (1 + |p_k|) / (y_0 − e). The quotients are rounded a few times: 1e-12 |p_k| is more.
        """
        arrays = self.arrays
        y, e = arrays.vertices.coordinates, arrays.vertices.errors[:, None]
        is_ray = np.arange(len(e))[:, None] >= arrays.finite[0]
        with np.errstate(all="ignore"):
            p = y[:, 1:] / y[:, :1]
            off = 1.001 * e * (1 + np.abs(p)) / (y[:, :1] - e) + 1e-12 * np.abs(p) + np.finfo(float).tiny
            low, high = p - off, p + off
        bad = ~((y[:, :1] > e) & np.isfinite(low) & np.isfinite(high))
        low = np.where(is_ray, np.where(y[:, 1:] < e, -np.inf, np.inf), np.where(bad, -np.inf, low))
        high = np.where(is_ray, np.where(y[:, 1:] > -e, np.inf, -np.inf), np.where(bad, np.inf, high))
        for q, facets in enumerate(arrays.facets):
            if q:
                low = facets.reduce(np.minimum, low[facets.index])
                high = facets.reduce(np.maximum, high[facets.index])
            yield low[: arrays.finite[q]], high[: arrays.finite[q]]

    @property
    def _columns(self) -> list[int]:
        return [0, *(k + 1 for k in self.coordinates.kept)]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_solver": None}
