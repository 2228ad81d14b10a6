"""Locator: the cells of a complex in which points lie."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from polyrelu.errors import VerificationError
from polyrelu.exact.floats import to_double
from polyrelu.exact.linear import rank
from polyrelu.exact.printing import brief_repr
from polyrelu.geometry.network_on_cells import NetworkOnCells, signs_at
from polyrelu.geometry.representations import Point, h_representation
from polyrelu.geometry.vertices import Box, IntegerVector


class Locator:
    """Finds the cell whose relative interior contains a point of the domain. Exact.

    A region contains a point x in its closure iff each of its signs equals that of x or the latter is zero: a region is
    the set where finitely many affine forms, its signed preactivations, are positive, and its closure the set where
    they are non-negative. From such a region the search descends through facets that contain x.

    On a decided cell of a coarse complex some neurons have no known sign, so that this is necessary only, and its
    inequalities decide, which are looked at if x lies in a box around it. Facets of such a cell may be pieces of one
    geometric facet, of which x lies in some.
    """

    def __init__(self, on_cells: NetworkOnCells, refined: bool) -> None:
        """`refined`: there are artificial hyperplanes, so that several regions may have the same signs."""
        self._network, self._level, self._vertices = on_cells.network, on_cells.level, on_cells.vertices
        self._refined = refined
        self._inequalities: dict[tuple[int, int], tuple[IntegerVector, ...]] = {}
        self._signs = on_cells.region_signs()
        decided = self._vertices.arrays.decided
        self._decided = np.zeros(len(self._signs), np.bool_) if decided is None else decided != 0
        self._by_signs = {self._signs[i].tobytes(): i for i in np.flatnonzero(~self._decided).tolist()}

    def cell(self, point: Point) -> tuple[int, int]:
        """(q, i) for the q-cell i, modulo lineality, whose relative interior contains the point."""
        arrays, coordinates = self._vertices.arrays, self._vertices.coordinates
        vector = coordinates.project(point)
        q, i = coordinates.rank, self._region(point)
        while True:
            for f in arrays.finite_facets_of(q, i):
                if rank([*self._vertices.spanning(q - 1, f), vector]) == q and (
                    not arrays.whole(q)[i] or self._satisfies(point, q - 1, f)
                ):
                    q, i = q - 1, f
                    break
            else:
                return q, i

    def _region(self, point: Point) -> int:
        """A region whose closure contains the point."""
        slopes = self._network.slopes
        layers = zip(signs_at(self._network, point), slopes, strict=True)
        signs = [s for layer, of_layer in layers for s, a in zip(layer, of_layer, strict=True) if a != 1]
        if self._level is not None:
            value = self._network(point) - self._level  # type: ignore[operator]
            signs.append((value > 0) - (value < 0))
        target = np.array(signs, dtype=np.int8)
        if not self._refined and (found := self._by_signs.get(target.tobytes())) is not None:
            return found
        unknown = self._decided[:, None] & (self._signs == 0)
        possible = ((self._signs == target) | (target == 0) | unknown).all(axis=1)
        boxes = self._in_box(point) if self._decided.any() else np.bool_(True)
        for i in np.flatnonzero(possible & boxes).tolist():
            if not (self._refined or self._decided[i]) or self._satisfies(point, self._vertices.coordinates.rank, i):
                return int(i)
        raise VerificationError(f"no region contains the point {brief_repr(point)}, but the regions cover the domain")

    def _in_box(self, point: Point) -> npt.NDArray[np.bool_]:
        """Which regions may contain the point by their boxes. Rounding is monotone, so that no region is lost."""
        x0, *x = self._vertices.coordinates.project(point)
        rounded = np.array([to_double(Fraction(c, x0)) for c in x])
        low, high = self._boxes
        return np.asarray(((low <= rounded) & (rounded <= high)).all(axis=1), dtype=np.bool_)

    @cached_property
    def _boxes(self) -> Box:
        *_, found = self._vertices.boxes()
        return found

    def _satisfies(self, point: Point, q: int, i: int) -> bool:
        rows = self._inequalities.get((q, i))
        if rows is None:
            rows = self._inequalities[q, i] = h_representation(self._vertices, q, i).inequalities
        return all(sum(a * p for a, p in zip(row[1:], point, strict=True)) <= row[0] for row in rows)
