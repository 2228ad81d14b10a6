"""Bounds on the values of a network at many points, in floating point with proved error bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from polyrelu.exact.floats import to_double
from polyrelu.exact.rational import common_denominator
from polyrelu.network.network import Network

Array = npt.NDArray[np.float64]

_TINY = 2.0**-1000  # more than all underflows of one sum together
_LEAST = 2.0**-1022  # the smallest normal double
_WORD = 2**53  # integers up to this are doubles


class OutputBounds:
    """Bounds on all outputs of a network at points in homogeneous coordinates, by interval arithmetic.

    The exact points (x0, x) with x0 ≥ 0 are known by doubles near them. The bounds are for the values of the network
    with every bias multiplied by x0, that is x0 · F(x / x0), and for x0 = 0 the limit of F(s x) / s for s → ∞; all
    outputs are multiplied by one positive number, `scale`. At points that are known exactly, small integers in a
    network of small rational numbers give exact values, lower = upper.

    Notes
    -----
    *Proof*, with u = 2^-53 and a sum of m terms. Let ``|z − c| ≤ r`` for the exact inputs z of a layer (with x0 among
    them) and W the exact row, V the row as doubles, so ``|W − V| ≤ u |V| (1 + 2u) + 2^-1075``. Then ``|W z − fl(V c)| ≤
    |W| r + |W − V| |c| + |V c − fl(V c)|``, where the last term is at most ``m u / (1 − m u) · |V| |c|`` in whatever
    order the sum is taken, with or without fused operations (Higham, *Accuracy and Stability of Numerical Algorithms*,
    2002, section 3.1), and 2^-1074 m for underflow. With κ = (m + 16) 2^-52 and ``A = |V| + 2^-1022`` all of this is at
    most ``(1 + 3u) A (r + κ |c|)``, up to underflow, for which 2^-1000 is added. The computed value of ``A (r + κ
    |c|)`` has a relative error of at most about (m + 4) u, so 1 + κ times it is an upper bound. Where a centre is not
    finite the radius is set to infinity. If V = W and c are integers and r = 0, all partial sums are integers of at
    most ``A |c|``, and exact if that is less than 2^52.

    An activation multiplies distances by at most the largest slope between c − r and c + r; with slopes 0, 1 and −1
    nothing is rounded. Every neuron is multiplied by a positive number that makes its row integers, if these are small.
    """

    def __init__(self, network: Network) -> None:
        self._layers: list[tuple[Array, bool]] = []  # the rows as doubles, and whether they are exact integers
        self._slopes = [np.array([to_double(a) for a in layer]) for layer in network.slopes]
        before = [1] * network.input_dim
        for level, (matrix, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
            scaled = [[w / f for w, f in zip(row, before, strict=True)] for row in matrix]
            rows = [[b, *row] for b, row in zip(bias, scaled, strict=True)]
            factors = [_factor(row) for row in rows]
            if level == network.depth:
                factors = [_factor([x for row in rows for x in row])] * len(rows)
            before = [f or 1 for f in factors]
            doubles = [[to_double(x * f) for x in row] for row, f in zip(rows, before, strict=True)]
            self._layers.append((np.array(doubles), all(factors)))
        self.scale = before[0]

    def __call__(self, points: Array, radii: Array) -> tuple[Array, Array]:
        """(lower, upper), each n × n_out, at n points with ``|x_k − points[k]| ≤ radii[k]``, both n × (d + 1).

        Bounds may be infinite or NaN (no bound), as where values are beyond the range of doubles.
        """
        *_, (c, r) = self.layers(points, radii)
        with np.errstate(all="ignore"):
            lower, upper = np.nextafter(c - r, -np.inf), np.nextafter(c + r, np.inf)
            return np.where(r == 0, c, lower), np.where(r == 0, c, upper)

    def layers(self, points: Array, radii: Array) -> Iterator[tuple[Array, Array]]:
        """(c, r) for each layer, hidden ones before their activation: a positive multiple of every value is in c ± r.

        The multiples are the same at all points. Numbers that are infinite or NaN are no bound.
        """
        c, r = points, radii
        for level, (matrix, integral) in enumerate(self._layers):
            with np.errstate(all="ignore"):
                if level:
                    c, r = _activate(c, r, self._slopes[level - 1])
                    c, r = np.hstack([points[:, :1], c]), np.hstack([radii[:, :1], r])
                kappa = (matrix.shape[1] + 16) * 2.0**-52
                size = np.abs(matrix) + _LEAST
                known = integral & ((r == 0) & (c == np.rint(c))).all(axis=1)
                c, r = c @ matrix.T, ((r + kappa * np.abs(c)) @ size.T) * (1 + kappa) + _TINY
                r[known[:, None] & (r < kappa * 2.0**52)] = 0
                r[~np.isfinite(c)] = np.inf
            yield c, r


def _activate(c: Array, r: Array, slopes: Array) -> tuple[Array, Array]:
    """The images of c and r; 8u covers the rounding of a slope and of the products with it."""
    exact = np.isin(slopes, (-1.0, 0.0, 1.0))
    size = np.where(exact, np.abs(slopes), np.abs(slopes) + _LEAST)
    steep = np.where(c > r, 1.0, np.where(c < -r, size, np.maximum(size, 1.0)))
    value = np.where(c >= 0, c, slopes * c)
    slack = 2.0**-50 * (steep * r + np.abs(value) + _LEAST * np.abs(c)) + _TINY
    return value, steep * r + np.where(exact, 0.0, slack)


def _factor(row: Sequence[Fraction]) -> int:
    """The least positive number that makes the row integers, or 0 if some of these would be large."""
    integers, factor = common_denominator(row)
    return factor if factor <= _WORD and all(-_WORD <= x <= _WORD for x in integers) else 0
