"""CriticalFiltration: the sublevel sets of a network as a filtered complex, reduced to its critical cells."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu import _core
from polyrelu.errors import InputError, LimitError, RegionError
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.hull import on_slice
from polyrelu.geometry.subdivision import Options, check_options, read_domain, subdivided
from polyrelu.geometry.vertex_values import VertexValues
from polyrelu.geometry.vertices import ExactVertices
from polyrelu.network.network import Network
from polyrelu.topology.chain import MAX_RANK, ChainComplex

Steps = npt.NDArray[np.integer]


class CriticalFiltration:
    """The filtration of R^d, or of a domain, by the sublevel sets {F ≤ t}, reduced over the integers.

    A *flat* is a maximal connected union of cells on which F has one value, a vertex in general. A cell of the complex
    belongs to the flat where F is largest on it. The flats to which critical cells belong are numbered by ascending
    value: these numbers are the steps of the filtration.

    Parameters
    ----------
    network, domain, superlevel, options
        As for `levels`.
    cx : PolyhedralComplex, optional
        C(F) over the domain, where it is known already.

    Attributes
    ----------
    network : Network
        The network, on the slice that the domain spans if it is flat.
    complex : ChainComplex
        The critical complex. It is homotopy equivalent to the filtered complex of all cells, step by step. The cells of
        each degree are in the order of their steps.
    steps : list of arrays
        For each degree and critical cell: its flat.

    Notes
    -----
    All cells are cut off far out. The value of F at a far vertex is −∞ or +∞, or that at the other end of the edge,
    according to the slope of F along the ray. {F ≤ t} retracts onto the cells all of whose vertices have values ≤ t;
    docs/persistence.md has the proof. The cells of one flat are matched among themselves, which leaves few
    (`_cpp/lower_stars.hpp`).
    """

    def __init__(
        self,
        network: Network,
        domain: Any,
        superlevel: bool,
        options: Options,
        cx: PolyhedralComplex | None = None,
    ) -> None:
        if not isinstance(network, Network):
            raise InputError(f"persistence: expected a Network, got an object of type {type(network).__name__}")
        if network.output_dim != 1:
            raise RegionError(
                f"persistence: the network has {network.output_dim} outputs, a filtration needs one; "
                "choose with network.output(i) or network.difference(i, j)"
            )
        # Without hidden layers F is not constant along the lineality space of C(F); along that of C(F, t) it is.
        check_options(options)
        if cx is None or not network.depth:
            network, where, _ = on_slice(network, read_domain(domain, network))
            cx, _ = subdivided(network, None if network.depth else 0, where, 0, options)
        self.network = cx.network
        threads = options.get("threads", 1)
        self._cx, self._superlevel = cx, superlevel
        self._values = VertexValues(cx, threads)
        arrays, values = cx.arrays, self._values
        try:
            _, flats, columns, self._rays = _core.critical_cells(
                arrays.finite, arrays.facets[1:], values.ranks, values.ray_signs, values.n_values, superlevel, threads
            )
        except _core.Limit:
            raise LimitError(f"persistence: more than {MAX_RANK} cells cannot be numbered") from None
        step = np.full(arrays.finite[0] + len(self._rays), -1, np.int32)
        for x in flats:
            step[x] = 0
        roots = np.flatnonzero(step == 0)
        numbers = self._numbers(roots)
        order = np.argsort(numbers, kind="stable")
        self._roots, self._of_roots = roots[order], numbers[order]
        step[self._roots] = np.arange(len(order))
        self.steps = [step[x] for x in flats]
        self.complex = ChainComplex.from_arrays([len(x) for x in flats], columns)

    @property
    def input_dim(self) -> int:
        """The dimension d of the input space."""
        return self._cx.input_dim

    def value_numbers(self, steps: Steps) -> npt.NDArray[np.int64]:
        """The numbers of the values of some flats: 0 for −∞, then 1, 2, … in the order of the filtration."""
        return self._of_roots[steps]

    @property
    def n_below(self) -> int:
        """The number of flats with the value −∞."""
        return int(np.searchsorted(self._of_roots, 1))

    def until(self, end: int) -> ChainComplex:
        """The critical complex of the flats with numbers below `end`."""
        kept = [steps < end for steps in self.steps]
        columns = [self.complex.boundary_arrays(k).restrict(kept[k], kept[k - 1]) for k in range(1, len(kept))]
        return ChainComplex.from_arrays([int(mask.sum()) for mask in kept], columns)

    def values(self, numbers: Steps) -> list[Fraction]:
        """The values with some numbers from 1 on."""
        n = self._values.n_values
        return self._values.values([n - number if self._superlevel else number - 1 for number in numbers.tolist()])

    def places(self, steps: Steps) -> npt.NDArray[Any]:
        """For some flats a vertex, or for the value −∞ a ray, as rows of homogeneous integer coordinates."""
        roots = self._roots[steps]
        n = self._cx.n_finite_vertices
        far = roots >= n  # the first vertex of a flat with a value is none far out
        roots[far] = n + self._rays[roots[far] - n]
        cx = self._cx
        vertices = ExactVertices(cx.network, cx.level, cx.domain, cx.coordinates, cx.arrays)
        return vertices.homogeneous_array(roots)

    def _numbers(self, roots: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The numbers of the values at some 0-cells: 0 at those that are far out, from 1 on at vertices."""
        numbers = np.zeros(len(roots), np.int64)
        finite = roots < self._cx.n_finite_vertices
        ranks = self._values.ranks[roots[finite]].astype(np.int64)
        numbers[finite] = self._values.n_values - ranks if self._superlevel else ranks + 1
        return numbers
