"""Good points to begin a search of the maximum of a network with: ascent in floating point, values exact."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from polyrelu.analysis.trial_points import Point, intervals, trial_points
from polyrelu.exact.floats import to_double
from polyrelu.geometry.domain import Domain
from polyrelu.network.network import Network

Floats = npt.NDArray[np.float64]

STARTS = 8
"""The number of points from which the network is climbed."""

ROUNDS = 20
"""Maximum number of steps of an ascent."""

EXACT = 3
"""The number of points, the highest in floating point, at which the network is evaluated exactly."""


class Ascent:
    """A network R^d → R in floating point, for its high points; nothing here needs to be right but the exact values."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._weights = [_doubles(matrix) for matrix in network.weights]
        self._biases = [_doubles(bias) for bias in network.biases]
        self._slopes = [_doubles(layer) for layer in network.slopes]

    def highest(self, domain: Domain | None, climb: bool = True) -> tuple[Fraction, Point] | None:
        """The highest value that was found in the domain, with its point; None if no point of the domain is known.

        Without `climb` only some points are tried.
        """
        points = trial_points(domain, self._network.input_dim)
        if not points:
            return None
        with np.errstate(all="ignore"):
            x = np.array([[to_double(c) for c in point] for point in points])
            order = np.argsort(-_known(self._values(x)), kind="stable")
            chosen = [points[i] for i in order[:EXACT]]
            sides = [(None, None)] * x.shape[1] if domain is None else intervals(domain)
            if climb and sides is not None:
                low = np.array([-np.inf if a is None else to_double(a) for a, _ in sides])
                high = np.array([np.inf if b is None else to_double(b) for _, b in sides])
                found = self._climbed(x[order[:STARTS]], low, high)
                best = np.argsort(-_known(self._values(found)), kind="stable")[:EXACT]
                chosen += [tuple(map(Fraction, found[i].tolist())) for i in best if np.isfinite(found[i]).all()]
        inside = [p for p in chosen if domain is None or domain.contains(p)]
        return max(((self._at(p), p) for p in inside), default=None)

    def first_above(self, domain: Domain | None) -> Point | None:
        """The first of some points of the domain where the network is positive, in floating point; None if none is."""
        points = trial_points(domain, self._network.input_dim)
        if not points:
            return None
        with np.errstate(all="ignore"):
            above = np.flatnonzero(self._values(np.array([[to_double(c) for c in point] for point in points])) > 0)
        return points[above[0]] if len(above) else None

    def _at(self, point: Point) -> Fraction:
        value = self._network(point)
        assert isinstance(value, Fraction)
        return value

    def _values(self, x: Floats) -> Floats:
        for k, (w, b) in enumerate(zip(self._weights, self._biases, strict=True)):
            if k:
                x = np.where(x >= 0, x, x * self._slopes[k - 1])
            x = x @ w.T + b
        return x[:, 0]

    def _gradients(self, x: Floats) -> Floats:
        factors = []
        for k, (w, b) in enumerate(zip(self._weights[:-1], self._biases, strict=False)):
            z = x @ w.T + b
            factors.append(np.where(z >= 0, 1.0, self._slopes[k]))
            x = z * factors[-1]
        g = np.repeat(self._weights[-1], len(x), axis=0)
        for w, factor in zip(self._weights[-2::-1], factors[::-1], strict=True):
            g = (g * factor) @ w
        return g

    def _climbed(self, x: Floats, low: Floats, high: Floats) -> Floats:
        """The ends of ascents from points of a box, each step the best of some lengths, cut off by the box."""
        values = self._values(x)
        width = np.where(np.isfinite(high - low), high - low, 1.0)
        steps = 4.0 ** -np.arange(-1, 5)
        for _ in range(ROUNDS):
            g = self._gradients(x) * width
            size = np.abs(g).max(axis=1, keepdims=True)
            direction = np.where(size > 0, g / size, 0.0) * width
            signs = np.sign(direction) * width  # towards a corner, as for a linear function
            better = np.zeros(len(x), np.bool_)
            for way in (direction, signs):
                for step in steps:
                    y = np.clip(x + step * way, low, high)
                    found = self._values(y)
                    higher = found > values
                    x, values = np.where(higher[:, None], y, x), np.where(higher, found, values)
                    better |= higher
            if not better.any():
                break
        return x


def _known(values: Floats) -> Floats:
    return np.where(np.isnan(values), -np.inf, values)


def _doubles(rows: object) -> Floats:
    return np.array([[to_double(x) for x in row] if isinstance(row, tuple) else to_double(row) for row in rows])  # type: ignore[attr-defined]
