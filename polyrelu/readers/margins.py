"""Margins: how far the enclosures of an assembly certainly go beyond the values of functions in a box.

In a box an assembly encloses every function f by affine functions L ≤ f ≤ U (`polyrelu.readers.restriction`), and takes
it for a neuron unless L ≥ 0 or U ≤ 0 in the box is seen. The margins of f at a point t are numbers a ≥ 0 and b ≥ 0 with
U(t) ≥ f(t) + a and L(t) ≤ f(t) − b, so that f is a neuron if f + a is positive at one point and f − b negative at
another. *Proof* of the rules, for an activation σ of slope s ≥ 0 below zero, which is increasing:

- Whether σ(f) is a neuron or not, its enclosures are not within σ(L) and σ(U), and σ(U(t)) ≥ σ(f(t) + a). If it is a
  neuron and s ≤ 1, its upper enclosure is on the chord of σ between the least of L and the greatest of U, or above it.
  A chord that reaches further is nowhere lower, so the one between the least f − b and the greatest f + a of the points
  is a lower bound.
- A sum Σ c_j f_j of certain neurons of one layer, all different ones, and of a rest that does not depend on them has
  U = Σ c_j U_j over the positive c_j, + Σ c_j L_j over the negative ones, + an upper bound of the rest. So its margin
  is at least Σ c_j a_j + Σ |c_j| b_j. What is a sum already, and no neuron, may cancel, and belongs to the rest. After
  an activation the rest is neurons of other arguments, and linear entries, which other neurons of slope 1 carry.

The enclosures that the assembly computes in doubles contain the exact ones. Margins are doubles that are rounded down,
with the factors γ of `polyrelu.readers.balls`; what is no finite number becomes 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from polyrelu.readers.balls import TINY, UNIT, Array, Balls, padded

_LARGEST = 1e300
_MANY = 16


@dataclass(frozen=True, eq=False)
class Margined(Balls):
    """Functions at points with their margins, and which of them are certainly multiples of neurons, of different ones.

    A neuron of these is in none of the other functions.
    """

    above: Array
    below: Array
    neurons: npt.NDArray[np.bool_]

    def select(self, indices: npt.NDArray[np.intp]) -> Balls:
        """The functions at indices; −1 is the constant 0."""
        counts = np.bincount(indices + 1, minlength=self.count + 1)
        neurons = np.append(self.neurons & (counts[1:] < 2), False)[indices]
        above, below = (padded(array)[:, indices] for array in (self.above, self.below))
        return _with(super().select(indices), above, below, neurons)

    def scaled(self, factors: Array, offsets: Array) -> Balls:
        """factor · f + offset for each function f."""
        plus, minus = _parts(factors)
        with np.errstate(all="ignore"):
            above, below = plus * self.above + minus * self.below, plus * self.below + minus * self.above
        neurons = self.neurons & (np.abs(factors) > TINY)
        return _with(super().scaled(factors, offsets), _down(above, 2), _down(below, 2), neurons)

    def plus(self, other: Balls, factor: float) -> Balls:
        """f + factor · g for functions f and g."""
        return _with(super().plus(other, factor))

    def sums(self, indices: npt.NDArray[np.intp], factors: Array) -> Balls:
        """Σ_j factors[i, j] · f[indices[i, j]] for each i."""
        found, n = super().sums(indices, factors), indices.shape[1]
        order = np.sort(indices, axis=1)
        if ((order[:, 1:] == order[:, :-1]) & (order[:, 1:] >= 0)).any():
            return _with(found)
        plus, minus = _parts(factors)
        with np.errstate(all="ignore"):
            above, below = (
                np.array([(x[indices] * plus + y[indices] * minus).sum(axis=1) for x, y in pairs])
                for pairs in self._sides()
            )
        return _with(found, _down(above, n), _down(below, n))

    def products(self, windows: npt.NDArray[np.intp], filters: Array, offsets: Array) -> Balls:
        """Σ_j filters[g, m, j] · f[windows[n, g, p, j]] + offsets[g, m], for windows in which no index is twice."""
        found, n = super().products(windows, filters, offsets), windows.shape[-1]
        if not self.neurons.any():
            return _with(found)
        plus, minus = (part.swapaxes(-1, -2) for part in _parts(filters))
        with np.errstate(all="ignore"):
            above, below = (
                np.array([(x[windows] @ plus + y[windows] @ minus).swapaxes(-1, -2).ravel() for x, y in pairs])
                for pairs in self._sides()
            )
        return _with(found, _down(above, n), _down(below, n))

    def activated(self, slopes: Array, separate: npt.NDArray[np.bool_] | None = None) -> Balls:
        """The activations of the functions, of these slopes below zero, as neurons where they certainly are.

        `separate` tells which functions are known to differ from all others; else the values tell it.
        """
        found, certain = super().activated(slopes), self.changing()
        apart = self.separate() if separate is None else separate
        low, high = self.bounds()
        top, bottom = self._ends()
        with np.errstate(all="ignore"):
            increasing = (slopes >= 0) & (slopes <= _LARGEST)
            # σ is computed within 2⁻⁵² of its size, and so is a chord within 2⁻⁴⁸ of the sizes of its ends.
            image = [np.where(x >= 0, x, slopes * x) for x in (low, high, top, bottom)]
            sizes = sum(np.abs(x) for x in image)
            above = image[2] - image[1] - _MANY * UNIT * sizes
            below = image[0] - image[3] - _MANY * UNIT * sizes
            most, least = top.max(axis=0), bottom.min(axis=0)
            ends = most, slopes * least
            chord = ends[1] + (ends[0] - ends[1]) * ((top - least) / (most - least))
            sizes = _MANY * UNIT * (np.abs(ends[0]) + np.abs(ends[1]) + np.abs(image[1]))
            reaches = certain & (slopes <= 1) & (top >= least)
            above = np.where(reaches, np.fmax(above, chord - image[1] - sizes), above)
            above, below = (np.where(increasing, x, 0.0) for x in (above, below))
        return _with(found, _down(above, 1), _down(below, 1), certain & (slopes != 1) & apart)

    def changing(self) -> npt.NDArray[np.bool_]:
        """Which functions have enclosures that are certainly positive somewhere and negative somewhere."""
        top, bottom = self._ends()
        return np.asarray((top.max(axis=0) > 0) & (bottom.min(axis=0) < 0))

    def _ends(self) -> tuple[Array, Array]:
        """Lower bounds of f + a and upper bounds of f − b."""
        low, high = self.bounds()
        with np.errstate(all="ignore"):
            return np.nextafter(low + self.above, -np.inf), np.nextafter(high - self.below, np.inf)

    def _sides(self) -> tuple[list[tuple[Array, Array]], list[tuple[Array, Array]]]:
        """For each point the margins of neurons on one side and on the other, those above first and then below."""
        above, below = (padded(np.where(self.neurons, array, 0.0)) for array in (self.above, self.below))
        return list(zip(above, below, strict=True)), list(zip(below, above, strict=True))


def margined(balls: Balls) -> Margined:
    """Functions whose enclosures may be as close as they can be."""
    return _with(balls)


def _with(
    balls: Balls, above: Array | None = None, below: Array | None = None, neurons: npt.NDArray[np.bool_] | None = None
) -> Margined:
    none = np.zeros_like(balls.centres)
    return Margined(
        balls.centres,
        balls.radii,
        none if above is None else above,
        none if below is None else below,
        np.zeros(balls.count, dtype=bool) if neurons is None else neurons,
    )


def _parts(factors: Array) -> Sequence[Array]:
    """The positive parts of factors and of their opposites, tiny ones left out, whose relative errors may be large."""
    kept = np.where(np.abs(factors) > TINY, factors, 0.0)
    return np.maximum(kept, 0), np.maximum(-kept, 0)


def _down(margins: Array, terms: int) -> Array:
    """Margins that are no more than those of which these are sums of so many terms, computed in doubles."""
    with np.errstate(all="ignore"):
        found = margins * (1 - (2 * terms + 16) * UNIT) - TINY
        return np.where((found > 0) & (found <= _LARGEST), found, 0.0)
