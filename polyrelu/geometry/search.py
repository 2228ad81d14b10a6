"""NearestBySearch: the nearest point of a level set or a class, by a search of the regions around the point.

No complex is made. So this is for networks with many inputs, and points near the boundary.
"""

from __future__ import annotations

import heapq
import sys
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
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


class _Layer(NamedTuple):
    """A layer on a polyhedron where the neurons before it have given signs."""

    forms: list[Form]
    both: Inequalities
    """The neurons that split: for each that it is ≥ 0, then for each that it is ≤ 0."""
    right: npt.NDArray[Any]
    """The right-hand sides as seen from x."""


class _Region(NamedTuple):
    """The points at which all neurons that split have given signs, or vanish."""

    signs: tuple[int, ...]
    rows: Inequalities
    """A row for each sign."""
    right: npt.NDArray[Any]
    """The right-hand sides as seen from x."""
    outputs: list[Form]


class _Part(NamedTuple):
    """A convex part of S in a region."""

    region: _Region
    rows: Inequalities
    """The further inequalities."""
    right: npt.NDArray[Any]

    @property
    def inequalities(self) -> tuple[Inequalities, npt.NDArray[Any]]:
        """All of them, with the right-hand sides as seen from x."""
        return self.region.rows.joined(self.rows), np.concatenate([self.region.right, self.right])


class _Node(NamedTuple):
    """The points at which the first k neurons have the signs of a region, and the next one has the other sign."""

    region: _Region
    k: int

    @property
    def given(self) -> tuple[int, ...]:
        """The signs."""
        return (*self.region.signs[: self.k], -self.region.signs[self.k])

    @property
    def inequalities(self) -> tuple[Inequalities, npt.NDArray[Any]]:
        """A row for each sign, with the right-hand sides as seen from x."""
        rows, right, k = self.region.rows, self.region.right, self.k
        return rows.first(k).joined(rows.reversed(k)), np.concatenate([right[:k], -right[k : k + 1]])


class _Start(NamedTuple):
    """The signs of a node, and its nearest point."""

    given: tuple[int, ...]
    nearest: Point


_Layers = dict[tuple[int, tuple[int, ...]], _Layer]
"""The layers that are known, by their numbers and the signs of the neurons before them."""


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

    Nodes, and the convex parts of S in regions, wait in the order of lower bounds of their distance: first that of one
    hyperplane, rounded down, then, for a node, the exact distance of the polyhedron. When the bounds exceed the least
    distance that was found, it is that of S.
    """

    def __init__(self, space: Space, norm: Norm, level: Fraction, target: int | None, limit: int | None) -> None:
        """`limit`: the maximum number of polyhedra for one point."""
        self._space, self._norm, self._level, self._target, self._limit = space, norm, level, target, limit
        self._forms = SignedForms(space.network)
        self._splits = [[a != 1 for a in layer] for layer in space.network.slopes]
        self._common = inequalities(common_forms(space), space.network.input_dim)
        self._none = inequalities([], space.network.input_dim)

    def __call__(self, x: Point) -> Nearest | None:
        """The nearest point of S to a point x that is not in it; None if S is empty.

        Of several nearest points the one that `NearestPoints` chooses. LimitError if the limit is reached.
        """
        start = exact_array(x)
        layers: _Layers = {}
        common = self._common.seen_from(start)
        order = count(1)
        best: list[Shortest] = []
        limit = np.inf
        # (lower bound, number, what): what is a part of S, a node, or a point of a node that is nearest
        waiting: list[tuple[float, int, _Part | _Node | _Start]] = []
        heapq.heappush(waiting, (0.0, 0, _Start((), x)))
        solved = 0
        while waiting and waiting[0][0] <= limit:
            bound, number, what = heapq.heappop(waiting)
            if isinstance(what, _Start):
                inner = self._region(what.given, what.nearest, start, layers)
                for rows in self._parts(inner, x):
                    further = rows.seen_from(start)
                    least = max(bound, float(np.max(rows.lower_bounds(further, self._norm), initial=0.0)))
                    if least <= limit:
                        heapq.heappush(waiting, (least, next(order), _Part(inner, rows, further)))
                bounds = inner.rows.lower_bounds(-inner.right, self._norm)
                for j in range(len(what.given), len(inner.signs)):
                    if (least := max(bound, float(bounds[j]))) <= limit:
                        heapq.heappush(waiting, (least, next(order), _Node(inner, j)))
                continue
            solved = self._counted(solved, bound, best)
            rows, right = what.inequalities
            rows, right = self._common.joined(rows), np.concatenate([common, right])
            cutoff = best[0].value if best else None
            if isinstance(what, _Part):
                if (found := rows.shortest(right, self._norm, cutoff)) is not None:
                    best = [*(b for b in best if b.value == found.value), found]
                    limit = above(found.value)
            elif (near := rows.least(right, self._norm, cutoff)) is not None:
                z, value = near
                known = float(np.nextafter(to_double(Fraction(int(value.p), int(value.q))), -np.inf))
                y = tuple(p + Fraction(int(c.p), int(c.q)) for p, c in zip(x, z, strict=True))
                heapq.heappush(waiting, (max(bound, known), number, _Start(what.given, y)))
        return chosen_of(x, best) if best else None

    def _counted(self, solved: int, bound: float, best: list[Shortest]) -> int:
        """One more than the number of polyhedra so far; LimitError if that is too many.

        The bound is that of what is left, and may be more than the best value that was found, by a rounding.
        """
        if self._limit is not None and solved >= self._limit:
            what = "the square of the distance" if self._norm == 2 else "the distance"
            least = min([Fraction(min(bound, sys.float_info.max)), *(b.value for b in best)])
            raise LimitError(
                f"distance: more than {self._limit} polyhedra are needed; {what} is at least {brief(least)}",
                {"polyhedra": solved},
            )
        return solved + 1

    def _region(self, given: Sequence[int], y: Point, start: npt.NDArray[Any], layers: _Layers) -> _Region:
        """The region of the given signs, and for the neurons after these the signs at y."""
        values = zip(self._space.network.preactivations(y), self._splits, strict=True)
        at_y = [1 if z >= 0 else -1 for layer, splits in values for z, s in zip(layer, splits, strict=True) if s]
        signs = (*given, *at_y[len(given) :])
        rows, right = self._none, [self._none.b]
        forms, end = self._forms.first, 0
        for number, splits in enumerate(self._splits, 1):
            before, end = end, end + sum(splits)
            if (number, signs[:before]) not in layers:
                layers[number, signs[:before]] = self._layer(forms(), splits, start)
            layer, own = layers[number, signs[:before]], signs[before:end]
            chosen = [j if sign > 0 else j + len(own) for j, sign in enumerate(own)]
            rows = rows.joined(layer.both.taken(chosen))
            right.append(layer.right[chosen])
            forms = partial(self._forms.behind, number, layer.forms, own)
        return _Region(signs, rows, np.concatenate(right), forms())

    def _layer(self, forms: list[Form], splits: list[bool], start: npt.NDArray[Any]) -> _Layer:
        chosen = [form for form, s in zip(forms, splits, strict=True) if s]
        rows = inequalities(chosen, self._space.network.input_dim)
        right = rows.seen_from(start)
        return _Layer(forms, rows.joined(rows.reversed_all()), np.concatenate([right, -right]))

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
