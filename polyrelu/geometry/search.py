"""NearestBySearch: the nearest point of a level set or a class, by a search of the regions around the point.

No complex is made. So this is for networks with many inputs, and points near the boundary.
"""

from __future__ import annotations

import heapq
import sys
from collections.abc import Sequence
from fractions import Fraction
from itertools import count
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polyrelu.errors import LimitError
from polyrelu.exact.floats import to_double
from polyrelu.exact.printing import brief
from polyrelu.exact.shortest import Inequalities, Norm, Shortest, exact_array
from polyrelu.geometry.nearest import Nearest, Space, above, chosen_of, common_forms, inequalities, minus
from polyrelu.geometry.representations import Point
from polyrelu.network.signed_forms import Form, SignedForms


class _Region(NamedTuple):
    """The points at which all neurons that split have given signs, or vanish."""

    signs: tuple[int, ...]
    rows: Inequalities
    """A row for each sign."""
    right: npt.NDArray[Any]
    """The right-hand sides as seen from x."""
    outputs: list[Form]


class NearestBySearch:
    """Finds the points of a closed set S that are nearest to given points, exactly, without a complex.

    S is {F = t}; or, for a point of one class, the set where some other output is at least as large; or the closed
    region of a given class.

    Notes
    -----
    A *node* is a polyhedron: the points of the domain at which the first k neurons that split have given signs, or
    vanish. The root is the domain. To *expand* a node, take the nearest point y of it, and let σ be signs that all
    neurons have at y (those given, on the first k). The node is the union of the region of σ and of nodes, one for each
    further neuron: those before it have the signs of σ, it has the opposite one. On the region all outputs are affine,
    and the nearest point of its part of S is found exactly. This holds for any y, and for polyhedra of any dimension;
    a neuron that vanishes has both signs.

    Nodes are expanded in the order of lower bounds of their distance: first that of one hyperplane, rounded down, then
    the exact distance of the polyhedron. When the bounds exceed the least distance that was found, it is that of S.
    """

    def __init__(self, space: Space, norm: Norm, level: Fraction, target: int | None, limit: int | None) -> None:
        """`limit`: the maximum number of polyhedra for one point."""
        self._space, self._norm, self._level, self._target, self._limit = space, norm, level, target, limit
        self._forms = SignedForms(space.network)
        self._splits = [[a != 1 for a in layer] for layer in space.network.slopes]
        self._common = inequalities(common_forms(space), space.network.input_dim)

    def __call__(self, x: Point) -> Nearest | None:
        """The nearest point of S to a point x that is not in it; None if S is empty.

        Of several nearest points the one that `NearestPoints` chooses. LimitError if the limit is reached.
        """
        start = exact_array(x)
        common = self._common.seen_from(start)
        order = count(1)
        best: list[Shortest] = []
        limit = np.inf
        # (lower bound, number, region, row, exact shortest vector if known): ordered by the bound
        waiting: list[tuple[float, int, _Region | None, int, Point | None]] = []
        heapq.heappush(waiting, (0.0, 0, None, -1, (Fraction(0),) * len(x)))
        solved = 0
        while waiting and waiting[0][0] <= limit:
            bound, number, region, k, z = heapq.heappop(waiting)
            if z is None:
                assert region is not None
                solved = self._counted(solved, bound)
                rows = self._common.joined(region.rows.first(k)).joined(region.rows.reversed(k))
                right = np.concatenate([common, region.right[:k], -region.right[k : k + 1]])
                found = rows.shortest(right, self._norm, best[0].value if best else None)
                if found is not None:
                    known = float(np.nextafter(to_double(found.value), -np.inf))
                    heapq.heappush(waiting, (max(bound, known), number, region, k, found.vector))
                continue
            given = () if region is None else (*region.signs[:k], -region.signs[k])
            y = tuple(p + c for p, c in zip(x, z, strict=True))
            inner = self._region(given, y, start)
            for part in self._parts(inner, x):
                further = part.seen_from(start)
                if np.max(part.lower_bounds(further, self._norm), initial=0.0) > limit:
                    continue
                solved = self._counted(solved, bound)
                rows = self._common.joined(inner.rows).joined(part)
                right = np.concatenate([common, inner.right, further])
                found = rows.shortest(right, self._norm, best[0].value if best else None)
                if found is not None:
                    best = [*(b for b in best if b.value == found.value), found]
                    limit = above(found.value)
            bounds = inner.rows.reversed_all().lower_bounds(-inner.right, self._norm)
            for j in range(len(given), len(inner.signs)):
                if (least := max(bound, float(bounds[j]))) <= limit:
                    heapq.heappush(waiting, (least, next(order), inner, j, None))
        return chosen_of(x, best) if best else None

    def _counted(self, solved: int, bound: float) -> int:
        """One more than the number of polyhedra so far; LimitError if that is too many."""
        if self._limit is not None and solved >= self._limit:
            what = "the square of the distance" if self._norm == 2 else "the distance"
            least = brief(Fraction(min(bound, sys.float_info.max)))
            raise LimitError(
                f"distance: more than {self._limit} polyhedra are needed; {what} is at least {least}",
                {"polyhedra": solved},
            )
        return solved + 1

    def _region(self, given: Sequence[int], y: Point, start: npt.NDArray[Any]) -> _Region:
        """The region of the given signs, and for the neurons after these the signs at y."""
        layers = zip(self._space.network.preactivations(y), self._splits, strict=True)
        at_y = [1 if z >= 0 else -1 for layer, splits in layers for z, s in zip(layer, splits, strict=True) if s]
        signs = (*given, *at_y[len(given) :])
        forms, outputs = self._forms(signs, [True] * len(signs))
        rows = inequalities(forms, self._space.network.input_dim)
        return _Region(signs, rows, rows.seen_from(start), outputs)

    def _parts(self, region: _Region, x: Point) -> list[Inequalities]:
        """The convex parts of S in a region, each by its further inequalities."""
        d, outputs = self._space.network.input_dim, region.outputs
        if len(outputs) == 1:
            value = list(outputs[0])
            value[0] -= exact_array([self._level])[0]
            return [inequalities([value, [-c for c in value]], d)]
        if self._target is not None:
            mine = outputs[self._target]
            return [inequalities([minus(mine, row) for row in outputs if row is not mine], d)]
        values = self._space.network(x)
        assert isinstance(values, tuple)
        own = outputs[values.index(max(values))]
        return [inequalities([minus(row, own)], d) for row in outputs if row is not own]
