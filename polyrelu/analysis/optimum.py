"""The supremum of a network over a domain, exactly: by coarse complexes, over parts of it where these are large.

Let t be a value of F. In a coarse complex for t (docs/mathematics.md) only cells that may meet F ≥ t are divided, which
are few if t is near the supremum. All its vertices with F > t are better than t. Where F > t on no cell, t is the
maximum. Where every cell with F > t is a cell of C(F, t), F is affine on it: then the maximum is the largest value at
these vertices, or F is unbounded if it grows along a ray of such a cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import inf, nextafter

import numpy as np

from polyrelu.analysis.ascent import Ascent
from polyrelu.analysis.deadline import Deadline
from polyrelu.analysis.trial_points import Point, intervals
from polyrelu.errors import LimitError, VerificationError
from polyrelu.exact.floats import to_double
from polyrelu.exact.printing import BriefRepr
from polyrelu.exact.time_limit import OutOfTimeError
from polyrelu.geometry.beginning import MAX_CELLS
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.cut_tree import choose_cuts
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.subdivision import Options, subdivided
from polyrelu.network.intervals import OutputBounds
from polyrelu.network.network import Network

FIRST_CELLS = 2_000_000
"""The whole domain is cut into parts if its coarse complex has more cells."""

PART_CELLS = 500_000
"""A part is cut further if its coarse complex has more cells; a little more for every `CUTS` cuts on the way to it."""

CUTS = 20

MAX_CUTS = 400
"""Maximum number of cuts on the way to a part."""

MANY = 200
"""Maximum number of vertices of one complex at which the network is evaluated exactly."""


@dataclass(frozen=True, repr=False)
class Extremum(BriefRepr):
    """The minimum or maximum of a function over a domain, or the proof that it is unbounded.

    Attributes
    ----------
    value : Fraction or None
        The value; None if there is none, because the function is unbounded.
    point : tuple of Fraction
        A point where the value is attained; if the function is unbounded, a point of the domain.
    ray : tuple of int, or None
        If the function is unbounded, a direction in which it is so from that point on: the domain contains all
        point + s · ray, s ≥ 0, and the values there go to infinity.
    """

    value: Fraction | None
    point: Point
    ray: tuple[int, ...] | None = None


class TooLargeError(Exception):
    """The complex of a part has too many cells: the part has to be cut."""


class Search:
    """The limits of a search, and what is left of them.

    `max_cells` limits the cells of all complexes together, `seconds` the time.

    Attributes
    ----------
    cells : int
        The number of cells of all complexes that were made, those that were given up included.
    """

    def __init__(self, options: Options, seconds: float | None) -> None:
        self._options, self._seconds = options, seconds
        self._max_cells = options.get("max_cells")
        self.cells = 0
        self._deadline = Deadline(seconds, options.get("progress"))

    def parts(self, network: Network, domain: Domain | None) -> Iterator[Part]:
        """The domain, and the halves of every part that is found to be too large."""
        waiting = [Part(self, network, domain, 0, FIRST_CELLS)]
        while waiting:
            part = waiting.pop()
            yield part
            if part.too_large is not None:
                waiting += part.halves()

    def coarse_complex(self, network: Network, level: Fraction, domain: Domain | None, limit: int) -> PolyhedralComplex:
        """A coarse complex; TooLargeError if it has more cells than `limit`, LimitError if nothing is left."""
        self.check_time()
        left = MAX_CELLS if self._max_cells is None else self._max_cells - self.cells
        if left < 1:
            raise self._out_of_cells()
        options = self._options.copy()
        options["max_cells"], options["progress"] = min(left, limit), self._deadline.progress
        try:
            cx, _ = subdivided(network, level, domain, 0, options, coarse=True)
        except OutOfTimeError:
            raise self._out_of_time() from None
        except LimitError as error:
            cells = error.reached.get("cells", 0)
            self.cells += cells
            if self._max_cells is not None and left <= limit and cells in (0, left):
                raise self._out_of_cells() from None
            if self._max_cells is not None and limit < left and not cells:  # but more may be begun with
                return self.coarse_complex(network, level, domain, left)
            if not cells:  # not even a part could be begun with
                raise
            raise TooLargeError(str(error)) from None
        self.cells += sum(cx.arrays.counts)
        return cx

    def check_time(self) -> None:
        """Raise LimitError if the time is over."""
        if self._deadline.left < 0:
            raise self._out_of_time()

    def _out_of_time(self) -> LimitError:
        return LimitError(f"not decided within {self._seconds:g} seconds, in {self.cells} cells", {"cells": self.cells})

    def _out_of_cells(self) -> LimitError:
        return LimitError(f"not decided within {self._max_cells} cells", {"cells": self.cells})


class Part:
    """A part of the domain of a search, which may turn out to be too large."""

    def __init__(self, search: Search, network: Network, domain: Domain | None, cuts: int, limit: int) -> None:
        self.domain = domain
        self.too_large: str | None = None
        self._search, self._network, self._cuts, self._limit = search, network, cuts, limit

    def coarse_complex(self, network: Network, level: Fraction) -> PolyhedralComplex | None:
        """A coarse complex over the part, or None if it has too many cells: then the part is cut."""
        try:
            return self._search.coarse_complex(network, level, self.domain, self._limit)
        except TooLargeError as error:
            self.too_large = str(error)
            return None

    def halves(self) -> list[Part]:
        """The two halves of the part: of a bounded box its halves, of others the sides of a neuron.

        If no neuron cuts the part, it is returned itself, to be tried again without a limit of its own.
        """
        if self._limit == MAX_CELLS:
            raise LimitError(f"not decided: a part of the domain cannot be cut further, and {self.too_large}")
        cuts = self._cuts + 1
        pair = _halves(self._network, self.domain) if cuts <= MAX_CUTS else None
        if pair is None:
            return [Part(self._search, self._network, self.domain, cuts, MAX_CELLS)]
        limit = PART_CELLS * (1 + cuts // CUTS)
        return [Part(self._search, self._network, half, cuts, limit) for half in pair]


def supremum(
    network: Network, domain: Domain | None, search: Search, known: Extremum | None = None
) -> Extremum:
    """The supremum of a network R^d → R over a domain with interior points; with `known`, only if it exceeds that.

    The result is `known` itself unless there is a larger value.
    """
    ascent = Ascent(network)
    best = known
    for part in search.parts(network, domain):
        found = ascent.highest(part.domain, climb=part.domain is domain)
        if found is not None and (best is None or found[0] > _value(best)):
            best = Extremum(*found)
        best, ray = _improved(network, part, best)
        if ray is not None:
            return ray
    assert best is not None
    return best


def _improved(network: Network, part: Part, best: Extremum | None) -> tuple[Extremum | None, Extremum | None]:
    """(what is best, after a look at a part that is not too large; the proof that the network is unbounded there)."""
    exactly = False
    while True:
        level = Fraction(0) if best is None else _value(best) if exactly else _rounded_down(_value(best))
        cx = part.coarse_complex(network, level)
        if cx is None:
            return best, None
        top, is_largest = _top(network, cx)
        if top is not None and top.ray is not None:
            return best, top
        if top is None and best is None:  # nothing is above the level that was guessed
            best = Extremum(_at(network, cx.vertex(0)), cx.vertex(0))
            continue
        if top is not None and (best is None or _value(top) > _value(best)):
            best, exactly = top, False
        elif exactly and top is not None:
            raise VerificationError("a vertex above a level has no larger value")
        else:
            exactly = True
        if is_largest:
            return best, None


def _value(extremum: Extremum) -> Fraction:
    assert extremum.value is not None
    return extremum.value


def _at(network: Network, x: Point) -> Fraction:
    value = network(x)
    assert isinstance(value, Fraction)
    return value


def _rounded_down(value: Fraction) -> Fraction:
    """A number below the value that has few digits, so that signs are quickly decided; the value, if it has few."""
    if value.denominator < 2**30 and abs(value.numerator) < 2**30:
        return value
    below = nextafter(nextafter(to_double(value), -inf), -inf)
    return Fraction(below) if abs(below) < inf else value


def _top(network: Network, cx: PolyhedralComplex) -> tuple[Extremum | None, bool]:
    """(the highest vertex above the level, or a ray, or None if nothing is above; whether no point is higher)."""
    signs, n = cx.arrays.level_signs, cx.n_finite_vertices
    assert signs is not None
    above = np.flatnonzero(signs[0] > 0)
    if len(above) and above[-1] >= n:
        v = int(above[-1])
        ray = cx.ray(v)
        if not _at(network.recession(), tuple(map(Fraction, ray))) > 0:
            raise VerificationError("a ray above a level along which the network does not grow")
        return Extremum(None, cx.vertex(0), ray), True
    if not len(above):
        return None, True
    y, errors = cx.enclosures()
    y, errors = y[above], errors[above]
    low, high = OutputBounds(network)(y, np.repeat(errors[:, None], y.shape[1], axis=1))
    with np.errstate(all="ignore"):
        near, far = y[:, 0] - errors, y[:, 0] + errors
        quotients = [x[:, 0] / z for x in (low, high) for z in (near, far)]
        least, most = np.minimum.reduce(quotients), np.maximum.reduce(quotients)
        certain = (near > 0) & np.isfinite(least) & np.isfinite(most)
        slack = 2.0**-50 * np.maximum(np.abs(least), np.abs(most)) + 2.0**-1000
        least, most = np.where(certain, least - slack, -np.inf), np.where(certain, most + slack, np.inf)
    candidates = np.flatnonzero(most >= least.max())
    order = candidates[np.argsort(-most[candidates], kind="stable")]
    points = [cx.vertex(int(above[i])) for i in order[:MANY]]
    value, point = max((_at(network, x), x) for x in points)
    decided = cx.arrays.decided
    whole = decided is None or not (decided > 0).any()
    return Extremum(value, point), whole and len(order) <= MANY


def _halves(network: Network, domain: Domain | None) -> list[Domain] | None:
    """The two halves of a domain, or None if no neuron cuts it."""
    sides = None if domain is None else intervals(domain)
    if domain is not None and sides is not None and all(a is not None and b is not None for a, b in sides):
        low, high = [a for a, _ in sides], [b for _, b in sides]
        widths = [to_double(b - a) for a, b in zip(low, high, strict=True)]  # type: ignore[operator]
        reach = [sum(abs(to_double(w)) for w in column) for column in zip(*network.weights[0], strict=True)]
        products = [w * s for w, s in zip(widths, reach, strict=True)]
        i = max(range(len(widths)), key=lambda j: (products[j], widths[j]))
        middle = (low[i] + high[i]) / 2  # type: ignore[operator]
        lower = Domain.box(low, [*high[:i], middle, *high[i + 1 :]])
        upper = Domain.box([*low[:i], middle, *low[i + 1 :]], high)
        return [box.in_units(domain.units) for box in (lower, upper)]
    tree = choose_cuts(network, domain, 2)
    found = [tree.domain(i, domain) for i in range(tree.n_leaves)]
    return None if len(found) < 2 else [part for part in found if part is not None]
