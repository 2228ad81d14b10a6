"""VertexValues: the order of the values of a network at the vertices of its complex, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import lcm
from operator import mul
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt

from polyrelu.errors import VerificationError
from polyrelu.exact.rational import primitive
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.network_on_cells import NetworkOnCells
from polyrelu.geometry.vertices import ExactVertices
from polyrelu.network.network import Network

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_UNIT = 2.0**-53  # the relative error of a rounded operation
_TINY = 1e-300  # exceeds, by far, what underflow of one operation loses
_PRODUCTS = 2**18  # in one product of matrices: more would be shared among threads, which takes longer
_EXACT = 2.0**52  # integers up to this bound are added without rounding


class VertexValues:
    """The values of a network F: R^d → R at the vertices of its complex, ranked, and its slopes along the rays.

    The complex is C(F). If F has no hidden layer, it may be C(F, t) instead.

    Attributes
    ----------
    ranks : array of int64
        For every vertex the number of distinct values of F at vertices that are smaller than its own.
    ray_signs : array of int8
        For every ray r the sign of F_∞(r) = lim F(x + s r) / s for s → ∞, which does not depend on x.

    Notes
    -----
    The order is exact. Where coordinates are small integers, F is evaluated in integers of at most 52 bits. Elsewhere
    F is evaluated in floating point, at enclosures of the coordinates, with a bound on the error (`_Layers` has the
    proof); only vertices whose intervals overlap those of others are evaluated as rational numbers.
    """

    def __init__(self, cx: PolyhedralComplex) -> None:
        self._cx = cx
        self._vertices = ExactVertices(cx.network, cx.level, cx.domain, cx.coordinates, cx.arrays)
        self._on_cells = NetworkOnCells(cx.network, cx.level, cx.domain, self._vertices)
        self._factor: Fraction | None = None
        y, errors = cx.enclosures()
        n = cx.n_finite_vertices
        self._layers = _Layers(cx.network)
        self._known = np.zeros(len(y), np.bool_)
        values, bounds = np.empty(len(y)), np.empty(len(y))
        with np.errstate(all="ignore"):  # what is not finite is dealt with
            size = max(64, _PRODUCTS // max(len(rows) * len(rows[0]) for rows in cx.network.weights))
            for start in range(0, len(y), size):
                chunk = slice(start, start + size)
                self._known[chunk], values[chunk], bounds[chunk] = self._layers.evaluate(y[chunk], errors[chunk])
            self._words, self._denominators = values[:n], y[:n, 0]
            self.ray_signs = self._signs(values[n:], bounds[n:])
            unscaled = values[:n] / np.where(self._known[:n], float(self._layers.scale), 1.0)
            self.ranks, self._witness = self._ranked(*_quotient(unscaled, bounds[:n], y[:n, 0], errors[:n]))

    @property
    def n_values(self) -> int:
        """The number of distinct values."""
        return len(self._witness)

    def vertex(self, rank: int) -> int:
        """A vertex with the value of the rank."""
        return int(self._witness[rank])

    def values(self, ranks: Sequence[int]) -> list[Fraction]:
        """The values of some ranks; 0 is that of the smallest."""
        return self._exact([self.vertex(rank) for rank in ranks])

    # ---- how it is found ---------------------------------------------------------------------------------------

    def _ranked(self, values: Floats, errors: Floats) -> tuple[Integers, Integers]:
        """(ranks, for each rank a vertex), given the values in floating point and bounds on their errors."""
        # Vertices with a common first member are known to have equal values.
        first = np.arange(len(values))
        known = np.flatnonzero(self._known[: len(values)])
        numerator, denominator = self._words[known].astype(np.int64), self._denominators[known].astype(np.int64)
        divisor = np.gcd(numerator, denominator)
        numerator, denominator = numerator // divisor, denominator // divisor
        order = np.lexsort((denominator, numerator))
        sorted_n, sorted_d, by_value = numerator[order], denominator[order], known[order]
        new = np.ones(len(order), np.bool_)
        new[1:] = (sorted_n[1:] != sorted_n[:-1]) | (sorted_d[1:] != sorted_d[:-1])
        first[by_value] = by_value[np.maximum.accumulate(np.where(new, np.arange(len(new)), 0))]
        members = np.flatnonzero(first == np.arange(len(first)))

        errors = np.where(np.isfinite(values) & (errors >= 0), errors, np.inf)
        values = np.where(np.isfinite(values), values, 0.0)
        # The sums are rounded by less than a unit of what they are of.
        slack = errors + 4 * _UNIT * np.abs(values) + _TINY
        low, high = (values - slack)[members], (values + slack)[members]
        order = np.argsort(low, kind="stable")
        members, low, high = members[order], low[order], high[order]
        reach = np.maximum.accumulate(high)
        begins = np.ones(len(members), np.bool_)
        begins[1:] = low[1:] > reach[:-1]
        starts = np.flatnonzero(begins)
        sizes = np.diff(np.append(starts, len(members)))
        # Within a cluster of overlapping intervals the values are compared exactly.
        clusters = [(s, s + n) for s, n in zip(starts[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True)]
        steps = begins.astype(np.int64)
        exact = self._exact([int(v) for s, e in clusters for v in members[s:e]])
        place = 0
        for s, e in clusters:
            found = sorted(range(s, e), key=lambda i: exact[place + i - s])
            members[s:e] = members[found]
            steps[s + 1 : e] = [exact[place + i - s] != exact[place + j - s] for i, j in pairwise(found)]
            place += e - s
        by_vertex = np.empty(len(values), np.int64)
        by_vertex[members] = np.cumsum(steps) - 1
        return by_vertex[first], members[steps > 0]

    def _signs(self, values: Floats, errors: Floats) -> npt.NDArray[np.int8]:
        """The signs of F_∞ at the rays, given x0·F (here F_∞) in floating point and bounds on the errors."""
        n = self._cx.n_finite_vertices
        certain = self._known[n:] | (np.abs(values) > errors)  # False where one is not a number
        signs = np.where(certain, np.sign(values), 0).astype(np.int8)
        unknown = np.flatnonzero(~certain)
        if len(unknown):
            edges = self._edge_of_ray()
            regions = self._cx.arrays.containing[1][edges[unknown]]
            for i, form in zip(unknown.tolist(), self._forms(regions), strict=True):
                value = sum(map(mul, form, self._vertices.vector(n + i)))
                signs[i] = (value > 0) - (value < 0)
        return signs

    def _edge_of_ray(self) -> Integers:
        """For every ray an edge that ends in it: any cell that recedes in one direction only has such edges."""
        arrays = self._cx.arrays
        rows = arrays.facets[1].first(arrays.finite[1])
        at_infinity = rows.index >= arrays.finite[0]
        edges = np.full(arrays.counts[0] - arrays.finite[0], -1, np.int64)
        edges[rows.index[at_infinity] - arrays.finite[0]] = rows.row_numbers()[at_infinity]
        if np.any(edges < 0):
            raise VerificationError("a ray that is in no edge")
        return edges

    def _exact(self, vertices: list[int]) -> list[Fraction]:
        """The values at some vertices."""
        slow = [v for v in vertices if not self._known[v]]
        forms = iter(self._forms(self._cx.arrays.containing[0][slow])) if slow else iter(())
        return [self._word(v) if self._known[v] else self._form_at(next(forms), v) for v in vertices]

    def _word(self, v: int) -> Fraction:
        return Fraction(int(self._words[v]), self._layers.scale * int(self._denominators[v]))

    def _form_at(self, form: Sequence[int], v: int) -> Fraction:
        """The value at a vertex, given the form of a region around it."""
        if any(form[1:]):
            x = self._vertices.vector(v)
            value = Fraction(sum(map(mul, form, x)), x[0])
        else:
            value = Fraction(form[0])
        if not value:
            return value
        if self._factor is None:  # that of all forms, read off one true value
            self._factor = value / cast(Fraction, self._cx.network(self._cx.vertex(v)))
        return value / self._factor

    def _forms(self, regions: npt.NDArray[np.int32]) -> Sequence[Sequence[int]]:
        """The forms of some regions in the quotient, all multiplied by one positive number."""
        network = self._cx.network
        if network.depth:
            return self._on_cells.integer_forms(regions)
        form = primitive([network.biases[0][0], *network.weights[0][0]])
        return [[form[0], *(form[k + 1] for k in self._cx.coordinates.kept)]] * len(regions)


class _Layer(NamedTuple):
    """A layer in floating point: nearest doubles, and integers after multiplication by common denominators."""

    weights: Floats
    biases: Floats
    slopes: Floats | None
    whole_weights: Floats
    whole_biases: Floats
    whole_slopes: Floats
    above: float
    """The factor of positive values, where negative ones have `whole_slopes`."""


class _Layers:
    """The layers of a network in floating point.

    Attributes
    ----------
    scale : int
        The product of the common denominators, by which integer values are multiplied.
    """

    def __init__(self, network: Network) -> None:
        self.scale = 1
        self._layers: list[_Layer] = []
        self._whole = True  # whether the integers have at most 52 bits
        self._finite = True
        for k, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True)):
            slopes = network.slopes[k] if k < network.depth else ()
            d = lcm(*(x.denominator for row in weights for x in row), *(b.denominator for b in biases))
            e = lcm(*(s.denominator for s in slopes))
            whole = [[int(x * d) for x in row] for row in weights]
            constants, turned = [int(b * d * self.scale) for b in biases], [int(s * e) for s in slopes]
            self.scale *= d * e
            largest = max((abs(x) for row in [*whole, constants, turned] for x in row), default=0)
            if max(largest, self.scale) >= _EXACT:
                self._whole = False
            if not self._whole:
                whole, constants, turned = [[0] * len(row) for row in weights], [0] * len(biases), [0] * len(slopes)
                self.scale = e = 1
            try:
                self._layers.append(
                    _Layer(
                        _matrix(weights), _vector(biases), _vector(slopes) if slopes else None,
                        _matrix(whole), _vector(constants), _vector(turned), float(e),
                    )
                )  # fmt: skip
            except OverflowError:
                self._finite = False

    def evaluate(self, y: Floats, errors: Floats) -> tuple[npt.NDArray[np.bool_], Floats, Floats]:
        """(known, values, bounds): x0·F(x / x0) for the vectors (x0, x) that y encloses with the given errors.

        Where `known`, the value is an integer and has to be divided by `scale`; the bound is 0. Elsewhere it is in
        floating point, with a bound on its error.
        """
        known = (errors == 0) & self._whole & self._finite
        values, bounds = np.zeros(len(y)), np.full(len(y), np.inf)
        if known.any():
            values = self._in_integers(y, known)
            bounds[known] = 0
        if self._finite and not known.all():
            rest = ~known
            values[rest], bounds[rest] = self._enclosed(y[rest], errors[rest])
        return known, values, bounds

    def _in_integers(self, y: Floats, known: npt.NDArray[np.bool_]) -> Floats:
        """F at integer vectors, as far as all numbers on the way are integers of at most 52 bits; changes `known`.

        All sums are of integers whose absolute values add up to less than 2^52, hence without rounding in any order.
        """
        x0, a = y[:, :1], y[:, 1:]
        for layer in self._layers:
            w, b = layer.whole_weights, layer.whole_biases
            known &= np.all(np.abs(a) @ np.abs(w) + np.abs(x0) * np.abs(b) < _EXACT, axis=1)
            a = np.where(known[:, None], a, 0.0) @ w + np.where(known[:, None], x0, 0.0) * b
            if layer.slopes is not None:
                a = np.where(a > 0, layer.above * a, a * layer.whole_slopes)
                known &= np.all(np.abs(a) < _EXACT, axis=1)
        return a[:, 0]

    def _enclosed(self, y: Floats, errors: Floats) -> tuple[Floats, Floats]:
        """F in floating point, and bounds on the errors.

        All coordinates of y differ from true ones by at most `errors`. A sum of n products of values a, with errors e,
        and weights w, rounded to v, has an error of at most Σ |w| e, plus that of the rounding of the weights and that
        of the sum, in whatever order: together less than 8 (n + 4) u times Σ |v| (|a| + e), u = 2^−53. Underflow adds
        less than 2^−1022 times (1 + Σ (|a| + e)). An activation multiplies errors by at most the larger of 1 and its
        absolute slope. Where something overflows, bounds are infinite or not numbers.
        """
        x0, e0 = y[:, :1], errors[:, None]
        a, e = y[:, 1:], np.repeat(e0, y.shape[1] - 1, axis=1)
        for layer in self._layers:
            absolute, constants = np.abs(layer.weights), np.abs(layer.biases)
            small = 16 * (a.shape[1] + 4) * _UNIT
            size = np.abs(a)
            lost = _TINY * (1 + np.sum(size + e, axis=1, keepdims=True) + np.abs(x0) + e0)
            e = (e + small * (size + e)) @ absolute + (e0 + small * (np.abs(x0) + e0)) * constants + lost
            a = a @ layer.weights + x0 * layer.biases
            if layer.slopes is not None:
                steepest = np.maximum(1.0, np.abs(layer.slopes))
                bent = a * layer.slopes
                e = (1 + 8 * _UNIT) * steepest * e + 8 * _UNIT * np.abs(bent) + _TINY * (1 + np.abs(a))
                a = np.where(a > 0, a, bent)
        return a[:, 0], e[:, 0]


def _matrix(rows: Sequence[Sequence[Fraction | int]]) -> Floats:
    """The transposed matrix of the nearest doubles."""
    return np.array([[float(x) for x in row] for row in rows]).T.copy()


def _vector(values: Sequence[Fraction | int]) -> Floats:
    return np.array([float(x) for x in values])


def _quotient(values: Floats, errors: Floats, x0: Floats, error: Floats) -> tuple[Floats, Floats]:
    """values / x0 and bounds on the errors, given bounds on those of `values`, and of x0."""
    near = np.where(error <= x0 / 2, x0 - error, 0.0)  # at least half of x0
    found = values / x0
    bound = (errors + np.abs(found) * error) / near
    return found, np.where(near > 0, bound * (1 + 1e-9) + 8 * _UNIT * np.abs(found) + _TINY, np.inf)
