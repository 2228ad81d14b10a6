"""Slices of the input space in which a network is read, and bounds that tell which of its neurons bend there.

A restriction knows the affine map from the coordinates t of a slice to the input, and a box of t that contains the
domain, if there is one. Every value of a model is then a function of t, and two affine functions of t enclose each
neuron: in the box L(t) ≤ h(t) ≤ U(t). A neuron whose argument has one sign in the box is linear there, and is none.

The enclosures are computed in doubles. *Proof* that they hold, with u = 2⁻⁵³ and T_k ≥ |t_k| in the box, T = 1 for the
constant. Let h_i be enclosed by L_i and U_i. Then Σ c_i h_i + b ≤ Σ max(c_i, 0) U_i + min(c_i, 0) L_i + b on the box.
Each coefficient of the right side is a sum of n terms of doubles that are within a factor of 1 ± u of the exact ones,
and its computed value is within (n + 8) 2⁻⁵² of the sum of their sizes; so the value at t is within (n + 8) 2⁻⁵² Σ_i
|c_i| Σ_k max(|L_ik|, |U_ik|) T_k + |b|, and that, computed with a further factor and a number above all underflows, is
added to the constant. The same holds below, and for the products with the slopes of an activation. An activation a of
slope s below zero is convex for s ≤ 1, so it lies below its chord over [l, u] and above both of its lines; for s ≥ 1 it
is concave, and the other way round. Numbers beyond the doubles become infinite or NaN, which decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.errors import DomainError, InputError, PointError
from polyrelu.exact.floats import to_double
from polyrelu.geometry.domain import Domain
from polyrelu.network.slices import Slice
from polyrelu.readers.signals import ZERO, Row, Signal

Array = npt.NDArray[np.float64]

Enclosures = tuple[Array, Array]
"""L and U: for each function a row of its coefficients at t_1, …, t_m and its constant."""

_ROUNDS = 20  # of bounds on coordinates from those on others
_TINY = 2.0**-900  # more than all underflows of one sum together
_UNIT = 2.0**-52


class Restriction:
    """The restriction to a slice, and to a domain in its coordinates if one is given.

    InputError for anything but a Slice, DomainError for anything but a Domain of the dimension of the slice.
    """

    def __init__(self, part: Any, domain: Any = None) -> None:
        if not isinstance(part, Slice):
            raise InputError(f"slice: expected a Slice, got an object of type {type(part).__name__}")
        if domain is not None and not isinstance(domain, Domain):
            raise DomainError(f"domain: expected a Domain, got an object of type {type(domain).__name__}")
        if domain is not None and domain.input_dim != part.dim:
            raise DomainError(f"domain: has {domain.input_dim} coordinates, but the slice has {part.dim}")
        self.slice = part
        self.dim = part.dim
        self.box = None if domain is None else _bounding_box(domain)
        if self.box is not None:
            middle = [to_double((low + high) / 2) for low, high in self.box]
            reach = [
                np.nextafter(to_double(max(high - Fraction(c), Fraction(c) - low)), np.inf)
                for (low, high), c in zip(self.box, middle, strict=True)
            ]
            self._middle, self._reach = np.array(middle), np.array(reach)
            self._sizes = np.append(np.nextafter(np.abs(self._middle) + self._reach, np.inf), 1.0)

    def input(self, shape: Sequence[int]) -> Signal:
        """The input of this shape as a function of the coordinates. PointError if the points have another size."""
        size = int(np.prod(shape, dtype=object))
        if size != self.slice.input_dim:
            raise PointError(
                f"slice: its points have {self.slice.input_dim} coordinates, but the network has {size} inputs"
            )
        columns = list(zip(*self.slice.directions, strict=True))
        rows = [{k: c for k, c in enumerate(column) if c} for column in columns]
        return Signal(0, rows, list(self.slice.points[0]), tuple(shape))

    # --- enclosures on the box ---

    def coordinates(self) -> Enclosures:
        """The coordinates themselves."""
        exact = np.hstack([np.eye(self.dim), np.zeros((self.dim, 1))])
        return exact, exact

    def of_rows(self, rows: Sequence[Row], constants: Sequence[Fraction], before: Enclosures) -> Enclosures:
        """Affine functions of values that are enclosed."""
        lower, upper = (np.zeros((len(rows), self.dim + 1)) for _ in range(2))
        mass = np.zeros(len(rows))
        counts = np.array([len(row) for row in rows], dtype=np.int64)
        filled = np.flatnonzero(counts)
        with np.errstate(all="ignore"):
            if len(filled):
                total = int(counts.sum())
                columns = np.fromiter((i for row in rows for i in row), np.int64, total)
                factors = np.fromiter((to_double(c) for row in rows for c in row.values()), np.float64, total)
                starts = (np.cumsum(counts) - counts)[filled]
                low, high = before
                plus, minus = np.maximum(factors, 0)[:, None], np.minimum(factors, 0)[:, None]
                weights = np.maximum(np.abs(low), np.abs(high)) @ self._sizes
                upper[filled] = np.add.reduceat(plus * high[columns] + minus * low[columns], starts)
                lower[filled] = np.add.reduceat(plus * low[columns] + minus * high[columns], starts)
                weights = weights[columns]
                mass[filled] = np.add.reduceat(np.abs(factors) * weights + _TINY * (1 + weights), starts)
            shifts = np.array([to_double(b) for b in constants])
            errors = (counts + 8) * (2 * _UNIT) * (mass + np.abs(shifts)) + _TINY * (counts + 1) + mass * 2.0**-800
            upper[:, -1] += shifts
            lower[:, -1] += shifts
            upper[:, -1] = np.nextafter(upper[:, -1] + errors, np.inf)
            lower[:, -1] = np.nextafter(lower[:, -1] - errors, -np.inf)
        return lower, upper

    def range(self, enclosures: Enclosures) -> tuple[Array, Array]:
        """A number that each function does not fall below in the box, and one that it does not exceed."""
        lower, upper = enclosures
        return -self._greatest(-lower), self._greatest(upper)

    def activated(self, enclosures: Enclosures, slopes: Sequence[Fraction]) -> Enclosures:
        """The values of activations with these slopes below zero, of arguments that are enclosed."""
        lower, upper = enclosures
        least, most = self.range(enclosures)
        s = np.array([to_double(a) for a in slopes])
        with np.errstate(all="ignore"):
            chord = (most - s * least) / (most - least)
            ends = s * least - chord * least, most - chord * most
            extent = np.abs(least) + np.abs(most)
            slack = 16 * _UNIT * (np.abs(s) + np.abs(chord) + 1) * extent + _TINY
            convex = s <= 1
            line = np.where(most >= -least, 1.0, s)
            above = np.where(convex, chord, line)
            below = np.where(convex, line, chord)
            offset_above = np.where(convex, np.maximum(*ends) + slack, 0.0)
            offset_below = np.where(convex, 0.0, np.minimum(*ends) - slack)
            for known, factor in ((least >= 0, np.ones_like(s)), (most <= 0, s)):
                above, below = np.where(known, factor, above), np.where(known, factor, below)
                offset_above, offset_below = np.where(known, 0, offset_above), np.where(known, 0, offset_below)
            high = self._times(above, upper, lower)
            low = self._times(below, lower, upper)
            size = np.maximum(np.abs(lower), np.abs(upper)) @ self._sizes
            error = 16 * _UNIT * (np.maximum(np.abs(above), np.abs(below)) + _TINY) * size + _TINY
            high[:, -1] = np.nextafter(high[:, -1] + offset_above + error, np.inf)
            low[:, -1] = np.nextafter(low[:, -1] + offset_below - error, -np.inf)
        return low, high

    def _times(self, factors: Array, forward: Array, backward: Array) -> Array:
        """factor · forward where the factor is not negative, and factor · backward elsewhere."""
        return factors[:, None] * np.where((factors >= 0)[:, None], forward, backward)

    def _greatest(self, functions: Array) -> Array:
        with np.errstate(all="ignore"):
            linear, sizes = functions[:, :-1], np.abs(functions) @ self._sizes
            value: Array = functions[:, -1] + linear @ self._middle + np.abs(linear) @ self._reach
            greatest: Array = np.nextafter(value + (self.dim + 8) * 2 * _UNIT * sizes + _TINY, np.inf)
            return greatest


def _bounding_box(domain: Domain) -> list[tuple[Fraction, Fraction]] | None:
    """A box that contains a domain, found by bounding each coordinate by the others; None if none is found."""
    m = domain.input_dim
    low: list[Fraction | None] = [None] * m
    high: list[Fraction | None] = [None] * m
    for _ in range(_ROUNDS):
        before = list(low), list(high)
        for row, offset in zip(domain.a, domain.b, strict=True):
            for k in range(m):
                if not row[k]:
                    continue
                rest = offset
                for j in range(m):
                    if j != k and row[j]:
                        end = low[j] if row[j] > 0 else high[j]
                        if end is None:
                            break
                        rest -= row[j] * end
                else:
                    bound = rest / row[k]
                    if row[k] > 0:
                        high[k] = bound if high[k] is None else min(high[k] or ZERO, bound)
                    else:
                        low[k] = bound if low[k] is None else max(low[k] or ZERO, bound)
        if before == (low, high):
            break
    box = [(x, y) for x, y in zip(low, high, strict=True) if x is not None and y is not None and x <= y]
    return box if len(box) == m else None
