"""Balls: values at some points as doubles with bounds on their errors, which prove that functions differ.

Each entry of an array of balls is a function, known at each point as a centre c and a radius r: its value lies in
[c − r, c + r]. *Proof* that the operations keep this, with u = 2⁻⁵³. A sum Σ f_j x_j of n terms, whose factors are
doubles within a factor of 1 ± u of the exact ones, is computed from the centres within (n + 3) u (1 + 2⁻²⁰)
Σ |f_j| |c_j| of its value at the centres, in any order of the terms, which is less than half of γ Σ |f_j| |c_j| with
γ = (n + 16) 2⁻⁵²; the radii add Σ |f_j| r_j. So R = Σ |f_j| (r_j + γ |c_j|) is a radius with a relative reserve that
covers the rounding in R itself, and that is multiplied by 1 + γ. Underflows change a factor, a term or a radius by at
most 2⁻¹⁰⁷⁴ each; the tiny numbers that are added to the factors, the radii and R are more. An activation of slope s
below zero has the Lipschitz constant max(1, |s|). A centre beyond the range of doubles gets an infinite radius, which
stays infinite, since all numbers that it is multiplied by are positive; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

UNIT = 2.0**-52
TINY = 2.0**-900
_FAINT = 2.0**-1000


@dataclass(frozen=True, eq=False)
class Balls:
    """Functions at points: rows are points, columns functions."""

    centres: Array
    radii: Array

    @property
    def count(self) -> int:
        """The number of functions."""
        return int(self.centres.shape[1])

    def select(self, indices: npt.NDArray[np.intp]) -> Balls:
        """The functions at indices; −1 is the constant 0."""
        return Balls(*(padded(array)[:, indices] for array in (self.centres, self.radii)))

    def scaled(self, factors: Array, offsets: Array) -> Balls:
        """factor · f + offset for each function f."""
        with np.errstate(all="ignore"):
            centres = factors * self.centres + offsets
            sizes = (np.abs(factors) + _FAINT) * (self.radii + 20 * UNIT * np.abs(self.centres) + TINY)
            return _checked(centres, (sizes + 20 * UNIT * np.abs(offsets)) * (1 + 20 * UNIT) + TINY)

    def plus(self, other: Balls, factor: float) -> Balls:
        """f + factor · g for functions f and g."""
        with np.errstate(all="ignore"):
            more = other.scaled(np.full(other.count, factor), np.zeros(other.count))
            reserve = 20 * UNIT * (np.abs(self.centres) + np.abs(more.centres))
            radii = (self.radii + more.radii + reserve) * (1 + 20 * UNIT) + TINY
            return _checked(self.centres + more.centres, radii)

    def sums(self, indices: npt.NDArray[np.intp], factors: Array) -> Balls:
        """Σ_j factors[i, j] · f[indices[i, j]] for each i."""
        gamma = (indices.shape[1] + 16) * UNIT
        with np.errstate(all="ignore"):
            sizes = padded(self.radii + gamma * np.abs(self.centres) + TINY)
            centres = [(row[indices] * factors).sum(axis=1) for row in padded(self.centres)]
            radii = [(row[indices] * (np.abs(factors) + _FAINT)).sum(axis=1) for row in sizes]
            return _checked(np.array(centres), np.array(radii) * (1 + gamma) + TINY)

    def products(self, windows: npt.NDArray[np.intp], filters: Array, offsets: Array) -> Balls:
        """Σ_j filters[g, m, j] · f[windows[n, g, p, j]] + offsets[g, m] for each n, g, m and p, in this order."""
        gamma = (windows.shape[-1] + 16) * UNIT
        turned = filters.swapaxes(-1, -2)
        shifts = offsets.reshape(filters.shape[0], 1, filters.shape[1])
        with np.errstate(all="ignore"):
            sizes = padded(self.radii + gamma * np.abs(self.centres) + TINY)
            centres = [(row[windows] @ turned + shifts).swapaxes(-1, -2).ravel() for row in padded(self.centres)]
            magnitudes = np.abs(turned) + _FAINT
            reserve = gamma * np.abs(shifts)
            radii = [(row[windows] @ magnitudes + reserve).swapaxes(-1, -2).ravel() for row in sizes]
            return _checked(np.array(centres), np.array(radii) * (1 + gamma) + TINY)

    def activated(self, slopes: Array) -> Balls:
        """The activations of the functions, of these slopes below zero."""
        with np.errstate(all="ignore"):
            centres = np.where(self.centres >= 0, self.centres, slopes * self.centres)
            steep = np.maximum(1, np.abs(slopes)) + _FAINT
            sizes = steep * (self.radii + 20 * UNIT * np.abs(self.centres) + TINY)
            return _checked(centres, sizes * (1 + 20 * UNIT) + TINY)

    # --- what is certain ---

    def bounds(self) -> tuple[Array, Array]:
        """The ends of the intervals in which the values lie."""
        with np.errstate(all="ignore"):
            known = np.isfinite(self.centres) & np.isfinite(self.radii)
            low = np.where(known, np.nextafter(self.centres - self.radii, -np.inf), -np.inf)
            return low, np.where(known, np.nextafter(self.centres + self.radii, np.inf), np.inf)

    def varying(self) -> npt.NDArray[np.bool_]:
        """Which functions are certainly not constant."""
        low, high = self.bounds()
        return np.asarray(low.max(axis=0) > high.min(axis=0))

    def nonzero(self) -> npt.NDArray[np.bool_]:
        """Which functions are certainly not 0 at one of the points."""
        low, high = self.bounds()
        return np.asarray(((low > 0) | (high < 0)).any(axis=0))

    def changing(self) -> npt.NDArray[np.bool_]:
        """Which functions are certainly positive at one of the points and negative at another."""
        low, high = self.bounds()
        return np.asarray((low.max(axis=0) > 0) & (high.min(axis=0) < 0))

    def distinct(self) -> int:
        """A number of different functions that there certainly are.

        At one point, functions whose intervals do not meet, not even through the intervals of others, are different.
        """
        return max((int(starts.sum()) for _, starts in self._chains()), default=0)

    def separate(self) -> npt.NDArray[np.bool_]:
        """Which functions are certainly different from all others."""
        found = np.zeros(self.count, dtype=bool)
        for order, starts in self._chains():
            alone = starts & np.append(starts[1:], True)
            found[order[alone]] = True
        return found

    def _chains(self) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]]:
        """At each point the functions by their intervals, and which of these are above all intervals before."""
        for low, high in zip(*self.bounds(), strict=True):
            order = np.argsort(low)
            ends = np.maximum.accumulate(high[order])
            yield order, np.append([True] * bool(len(order)), low[order][1:] > ends[:-1])


def joined(parts: Sequence[Balls]) -> Balls:
    """The functions of all parts, at the same points."""
    return Balls(*(np.hstack([getattr(part, name) for part in parts]) for name in ("centres", "radii")))


def rounded(values: Array) -> Balls:
    """Functions whose values are those that these doubles are nearest to."""
    with np.errstate(all="ignore"):
        return _checked(values, UNIT * np.abs(values) + TINY)


def _checked(centres: Array, radii: Array) -> Balls:
    return Balls(centres, np.where(np.isfinite(centres), radii, np.inf))


def padded(array: Any) -> Array:
    """The columns, and one of zeros that the index −1 finds."""
    return np.hstack([array, np.zeros((len(array), 1))])
