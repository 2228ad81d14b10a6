"""CriticalFiltration: the sublevel sets of a network as a filtered complex, reduced to its critical cells."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from polyrelu.errors import InputError, RegionError
from polyrelu.geometry.far_faces import FarComplex, Values
from polyrelu.geometry.representations import Point
from polyrelu.geometry.subdivision import Options, subdivide
from polyrelu.geometry.vertex_values import VertexValues
from polyrelu.network.network import Network
from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.fibers import reduce_within_fibers


class Place(NamedTuple):
    """Where a sublevel set changes: a vertex of the complex, or the direction of a ray if it comes from infinity."""

    vertex: Point | None
    ray: tuple[int, ...] | None


class CriticalFiltration:
    """The filtration of R^d, or of a domain, by the sublevel sets {F ≤ t}, reduced over the integers.

    A *flat* is a maximal connected union of cells on which F has one value, a vertex in general. Its number is `step`,
    flats being numbered by ascending value. A cell of the complex belongs to the flat where F is largest on it.

    Attributes
    ----------
    complex : ChainComplex
        The critical complex. It is homotopy equivalent to the filtered complex of all cells, step by step.
    steps : list of arrays
        For each degree and critical cell: its flat.

    Notes
    -----
    All cells are cut off far out (`FarComplex`). The value of F at a far vertex is −∞ or +∞, or that at the other end
    of the edge, according to the slope of F along the ray. {F ≤ t} retracts onto the cells all of whose vertices have
    values ≤ t; docs/persistence.md has the proof. The cells of one flat are reduced among themselves
    first, which leaves few.
    """

    def __init__(self, network: Network, domain: Any, superlevel: bool, options: Options) -> None:
        if not isinstance(network, Network):
            raise InputError(f"persistence: expected a Network, got an object of type {type(network).__name__}")
        if network.output_dim != 1:
            raise RegionError(
                f"persistence: the network has {network.output_dim} outputs, a filtration needs one; "
                "choose with network.output(i) or network.difference(i, j)"
            )
        # Without hidden layers F is not constant along the lineality space of C(F); along that of C(F, t) it is.
        cx = subdivide(network, None if network.depth else 0, domain, **options)
        self._cx, self._superlevel = cx, superlevel
        self._values = VertexValues(cx)
        far = FarComplex(cx.arrays)
        self._rays = far.rays
        of_vertices = self._numbered(far)
        first, second = far.edge_vertices()
        flat = _flats(of_vertices, first, second)
        # Of the cells with one value, flat by flat, and the flats by their values.
        roots = np.flatnonzero(flat == np.arange(len(flat)))
        roots = roots[np.argsort(of_vertices[roots], kind="stable")]
        number = np.empty(len(flat), np.int64)
        number[roots] = np.arange(len(roots))
        self._roots, self._of_roots = roots, of_vertices[roots]
        steps = far.largest(number[flat])
        end = int(np.searchsorted(self._of_roots, self._values.n_values + 1))  # the flats at +∞ never come
        kept = [x < end for x in steps]
        columns = far.columns
        if not all(mask.all() for mask in kept):
            columns = [x.restrict(kept[q + 1], kept[q]) for q, x in enumerate(columns)]
        steps = [x[mask] for x, mask in zip(steps, kept, strict=True)]
        del far
        everything = ChainComplex.from_arrays([len(x) for x in steps], columns)
        cells, self.complex = reduce_within_fibers(everything, steps)
        self.steps = [x[found].astype(np.int32) for x, found in zip(steps, cells, strict=True)]

    @property
    def input_dim(self) -> int:
        """The dimension d of the input space."""
        return self._cx.input_dim

    def value_number(self, step: int) -> int:
        """The number of the value of a flat: 0 for −∞, then 1, 2, … in the order of the filtration."""
        return int(self._of_roots[step])

    @property
    def n_below(self) -> int:
        """The number of flats with the value −∞."""
        return int(np.searchsorted(self._of_roots, 1))

    def until(self, end: int) -> ChainComplex:
        """The critical complex of the flats with numbers below `end`."""
        kept = [steps < end for steps in self.steps]
        columns = [self.complex.boundary_arrays(k).restrict(kept[k], kept[k - 1]) for k in range(1, len(kept))]
        return ChainComplex.from_arrays([int(mask.sum()) for mask in kept], columns)

    def values(self, steps: Iterable[int]) -> dict[int, Fraction | None]:
        """The values of F on some flats; None for those that are infinite."""
        ranks = {step: self._rank(step) for step in steps}
        finite = sorted({rank for rank in ranks.values() if rank is not None})
        known = dict(zip(finite, self._values.values(finite), strict=True))
        return {step: None if rank is None else known[rank] for step, rank in ranks.items()}

    def place(self, step: int) -> Place:
        """A vertex in the flat; for an infinite value, a ray."""
        root = int(self._roots[step])
        n = self._cx.n_finite_vertices
        rank = self._rank(step)
        if rank is None:
            return Place(None, self._cx.ray(n + int(self._rays[root - n])))
        return Place(self._cx.vertex(root), None)  # the first vertex of a flat with a value is none far out

    def _rank(self, step: int) -> int | None:
        number = self.value_number(step)
        if not number:
            return None
        return self._values.n_values - number if self._superlevel else number - 1

    def _numbered(self, far: FarComplex) -> Values:
        """The numbers of the values at all vertices, far ones included: 0 for −∞, and one more than all for +∞."""
        ranks, signs = self._values.ranks, self._values.ray_signs.astype(np.int64)
        if self._superlevel:
            ranks, signs = self._values.n_values - 1 - ranks, -signs
        if not len(far.rays):
            return ranks + 1
        ends = far.edge_vertices()[0][far.unbounded[1]]
        at_ends = np.array([0, 0, self._values.n_values + 1])[signs[far.rays] + 1]
        at_ends = np.where(signs[far.rays] == 0, ranks[ends] + 1, at_ends)
        return np.concatenate((ranks + 1, at_ends))


def _flats(values: Values, first: Values, second: Values) -> Values:
    """For every vertex the least one that edges of one value connect with it."""
    label = np.arange(len(values))
    level = np.flatnonzero(values[first] == values[second])
    a, b = first[level], second[level]
    while len(a):
        a, b = label[a], label[b]
        apart = a != b
        a, b = a[apart], b[apart]
        np.minimum.at(label, np.maximum(a, b), np.minimum(a, b))
        while not np.array_equal(above := label[label], label):
            label = above
    return label
