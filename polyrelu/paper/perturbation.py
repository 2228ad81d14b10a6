"""How far all parameters of a stable network may move: a radius that is proved.

Every vertex of C(F, t) is the common zero of d affine forms. A change of all parameters by at most δ acts on these
like a change of biases, so that eliminating x bounds the change of every later neuron at the vertex. If no later neuron
can change its sign at any vertex, the complex keeps its faces. The theorem, its proof, the notation used here and the
bounds on rounding are in docs/stability.md, section "The radius".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.exact.floats import nearest, ordinary
from polyrelu.exact.linear import solve
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.paper.general_position import Incidence

Array = npt.NDArray[Any]
"""Of doubles, or of Fractions (dtype object)."""

STEPS = 16
"""Radii are (16 + i)/16 · 2^e, i = 0..15."""

_LEAST_EXPONENT = -400  # smaller radii are left to rational numbers
_ENTRIES = 100_000  # of the coefficient arrays of one batch: they fit into the cache
_TINY = 2.0**-1000
_LEAST = 2.0**-1022
_LARGE = 2.0**300


def grid(k: int) -> Fraction:
    """The k-th radius of the grid."""
    exponent, step = divmod(k, STEPS)
    return Fraction(STEPS + step, STEPS) * Fraction(2) ** exponent


def floor_index(x: Fraction) -> int:
    """The largest k with grid(k) ≤ x, for x > 0."""
    exponent = x.numerator.bit_length() - x.denominator.bit_length()
    if Fraction(2) ** exponent > x:
        exponent -= 1
    return exponent * STEPS + int(x / Fraction(2) ** exponent * STEPS) - STEPS


def certified_radius(cx: PolyhedralComplex, at: Incidence, progress: Callable[[int, int], object]) -> Fraction:
    """The largest radius of the grid that the theorem proves for C(F, t), which must be in general position.

    `progress` is called with (vertices done, vertices in all), of those at which F ≠ t.
    """
    k: int | None = None
    done, total = 0, int((~at.vanishing[:, -1]).sum())
    fast = _Numbers(cx, at, exact=False) if ordinary() else None
    slow: _Numbers | None = None
    for chosen in _batches(at, cx.input_dim):
        hard = np.ones(len(chosen), dtype=np.bool_)
        if fast is not None:
            batch = fast.certificates(chosen)
            hard = ~batch.certified(grid(_LEAST_EXPONENT * STEPS))
            if not hard.all():
                k = _largest(batch.only(~hard), k)
        for v in chosen[hard]:
            slow = slow or _Numbers(cx, at, exact=True)
            k = _largest(slow.certificates(np.array([v])), k)
        done += len(chosen)
        progress(done, total)
    assert k is not None  # at a vertex of K, F ≠ t
    return grid(k)


def _batches(at: Incidence, d: int) -> Iterator[npt.NDArray[np.int64]]:
    """The vertices at which F ≠ t, in batches of moderate size, each with one number of vanishing neurons.

    Of the others the theorem asks nothing: no neuron comes after the output.
    """
    n = len(at.neurons)
    size = max(1, _ENTRIES // ((n + d) * (n + d + 1)))
    counts = at.vanishing.sum(axis=1)
    for count in range(d + 1):
        members = np.flatnonzero((counts == count) & ~at.vanishing[:, -1])
        for start in range(0, len(members), size):
            yield members[start : start + size]


def _largest(batch: Certificates, k: int | None) -> int:
    """The largest index up to k (if given) whose radius is certified at all vertices of the batch."""
    # Not |f_j(v)| ≤ δ, as T and S are at least 1 for the neuron's own bias.
    bad, step = floor_index(Fraction(batch.values[batch.needed].min())) + 1, 1
    if k is not None and k < bad:
        if batch.certified(grid(k)).all():
            return k
        bad = k
    good = bad - step
    while not batch.certified(grid(good)).all():
        bad, step = good, 2 * step
        good = bad - step
    while bad - good > 1:
        middle = (good + bad) // 2
        if batch.certified(grid(middle)).all():
            good = middle
        else:
            bad = middle
    return good


@dataclass(frozen=True)
class Certificates:
    """The terms of (1) at some vertices that do not depend on δ.

    Attributes
    ----------
    values : array, vertices × (N + 1)
        Lower bounds of ``|f_j(v)|``.
    needed : array of bool, vertices × (N + 1)
        For which of them the theorem has an assumption.
    changes : array, vertices × (N + 1) × (L + 1)
        The sums T.
    sizes, growth : array, vertices × (L + 1) and vertices × (L + 1)²
        The vectors c and the matrices M.
    kappa, tiny : float
        1 + κ times a computed sum of non-negative numbers, plus tiny, is at least the true sum.
    """

    values: Array
    needed: npt.NDArray[np.bool_]
    changes: Array
    sizes: Array
    growth: Array
    kappa: float
    tiny: float

    def only(self, chosen: npt.NDArray[np.bool_]) -> Certificates:
        """The certificates of the chosen vertices."""
        arrays = (self.values, self.needed, self.changes, self.sizes, self.growth)
        values, needed, changes, sizes, growth = (x[chosen] for x in arrays)
        return Certificates(values, needed, changes, sizes, growth, self.kappa, self.tiny)

    def certified(self, delta: Fraction) -> npt.NDArray[np.bool_]:
        """For every vertex, whether the assumption of the theorem is proved for the radius δ."""
        exact = self.values.dtype == object
        radius: Any = delta if exact else float(delta)  # no rounding: δ has 5 binary digits
        with np.errstate(all="ignore"):
            system = _identity(len(self.values), self.sizes.shape[1], exact) - self.growth * radius
            solved = (_solve_exactly if exact else _solve)(system, self.sizes[:, :, None])[:, :, 0]
            bound = solved if exact else solved * (1 + 2.0**-20)
            image = (self.growth @ bound[:, :, None])[:, :, 0] * radius + self.sizes
            valid: npt.NDArray[np.bool_] = np.asarray(((bound > 0) & (bound >= self._up(image))).all(axis=1))
            if not exact:  # with larger ones underflow might exceed `tiny`
                valid &= (bound < _LARGE).all(axis=1) & (radius < _LARGE)
            change = self._up((self.changes @ bound[:, :, None])[:, :, 0] * radius)
            valid &= ((self.values > change) | ~self.needed).all(axis=1)
        return valid

    def _up(self, sums: Array) -> Array:
        return sums if self.values.dtype == object else sums * (1 + self.kappa) + self.tiny


class _Numbers:
    """The computation of certificates of vertices, in doubles or exactly."""

    def __init__(self, cx: PolyhedralComplex, at: Incidence, exact: bool) -> None:
        net = cx.network
        assert cx.level is not None
        self._at, self._vanishing, self._exact = at, at.vanishing, exact
        self._d, self._widths = net.input_dim, net.architecture[1:]
        self._starts = [0, *accumulate(self._widths)]
        biases = (*net.biases[:-1], tuple(b - cx.level for b in net.biases[-1]))
        self._layers = [
            self._array([[b, *row] for b, row in zip(bias, matrix, strict=True)])
            for bias, matrix in zip(biases, net.weights, strict=True)
        ]
        slopes = [a for layer in net.slopes for a in layer] + [Fraction(0)]
        # Where a neuron vanishes either factor is right; the smaller one makes less of its perturbation.
        self._below = self._array([slopes])[0]
        self._at_zero = self._array([[a if abs(a) <= 1 else Fraction(1) for a in slopes]])[0]
        self._rounded = np.array([a not in (-1, 0, 1) for a in slopes]) & (not exact)
        self._walls = [self._array(rows).reshape(-1, self._d + 1) for rows in at.wall_sets]
        self._reach = self._array([_reach(cx)])[0] + (0 if exact else _LEAST)
        self._kappa = 0 if exact else (self._d + len(at.neurons) + 64) * 2.0**-52

    def _array(self, rows: Sequence[Sequence[Fraction | int]]) -> Array:
        """An array of the numbers, of the nearest doubles unless exact."""
        if self._exact:
            out = np.empty((len(rows), len(rows[0]) if rows else 0), dtype=object)
            for i, row in enumerate(rows):
                out[i] = [Fraction(x) for x in row]
            return out
        return np.array([[nearest(Fraction(x)) for x in row] for row in rows], dtype=np.float64)

    def _product(self, v: Array, c: Array, r: Array) -> tuple[Array, Array]:
        """v · c with its error bounds, where c has the error bounds r."""
        result = v @ c
        if self._exact:
            return result, np.zeros_like(result)
        k = self._kappa
        return result, ((np.abs(v) + _LEAST) @ (r + k * np.abs(c))) * (1 + k) + _TINY

    def certificates(self, chosen: npt.NDArray[np.int64]) -> Certificates:
        """The certificates of vertices at which the same number of neurons vanish."""
        with np.errstate(all="ignore"):
            return self._certificates(chosen)

    def _certificates(self, chosen: npt.NDArray[np.int64]) -> Certificates:
        d, n = self._d, len(self._at.neurons)
        signs = self._at.signs[chosen]
        vanishing = self._vanishing[chosen]
        factors = np.where(signs > 0, self._one(), np.where(signs < 0, self._below, self._at_zero))
        factors[:, ~self._at.bends] = self._one()
        forms, errors = self._forms(factors)
        # The coordinates as forms, before those of the neurons.
        targets = np.concatenate([self._coordinates(len(chosen), forms.shape[2]), forms], axis=1)
        target_errors = np.concatenate([np.zeros_like(targets[:, :d]), errors], axis=1)
        zero, zero_errors = self._zero_forms(chosen, vanishing, forms, errors)
        linear, rows = zero[:, :, 1 : d + 1], targets[:, :, 1 : d + 1]
        solver = _solve_exactly if self._exact else _solve
        multipliers = np.swapaxes(solver(np.swapaxes(linear, 1, 2), np.swapaxes(rows, 1, 2)), 1, 2)
        part, part_errors = self._product(multipliers, zero, zero_errors)
        result = targets - part
        slack = self._up(target_errors + part_errors + self._kappa * (np.abs(targets) + np.abs(part)))

        size = np.abs(result) + slack
        rest = self._up(slack[:, :, 0] + (size[:, :, 1 : d + 1] * self._reach).sum(axis=2))
        low, high = np.abs(result[:, :, 0]) - rest, np.abs(result[:, :, 0]) + rest
        if not self._exact:
            low, high = np.nextafter(low, -np.inf), np.nextafter(high, np.inf)
        parts = [size[:, :, 1 + d + a : 1 + d + b] for a, b in pairwise(self._starts)]
        changes = self._up(np.stack([part.sum(axis=2) for part in parts], axis=2))

        ones = np.broadcast_to(np.array(self._one(), dtype=factors.dtype), (len(chosen), d))
        weight = np.concatenate([ones, np.abs(factors)], axis=1)
        weight[:, d:][:, self._rounded] += _LEAST
        weight[:, d:][vanishing] = self._zero()
        bounds = [0, d, *(d + s for s in self._starts[1:-1])]
        ranges = list(pairwise(bounds))
        sizes = [self._one() + (weight * high)[:, a:b].sum(axis=1) for a, b in ranges]
        growth = [(weight[:, a:b, None] * changes[:, a:b]).sum(axis=1) for a, b in ranges]
        last = n - 1 - np.argmax(vanishing[:, ::-1], axis=1)
        last[~vanishing.any(axis=1)] = -1
        needed = (np.arange(n) > last[:, None]) & self._at.bends
        return Certificates(
            low[:, d:],
            needed,
            changes[:, d:],
            self._up(np.stack(sizes, axis=1)),
            self._up(np.stack(growth, axis=1)),
            self._kappa,
            0.0 if self._exact else _TINY,
        )

    def _forms(self, factors: Array) -> tuple[Array, Array]:
        """All preactivations as forms in (1, x, ξ), vertices × (N + 1) × (d + N + 2), and their error bounds."""
        count, d, width = len(factors), self._d, 1 + self._d + len(self._at.neurons)
        below = self._coordinates(count, width)
        below_errors = np.zeros_like(below)
        constant = np.zeros_like(below[:, :1])
        constant[:, :, 0] = self._one()
        forms, errors = [], []
        for layer, matrix in enumerate(self._layers):
            a, b = self._starts[layer], self._starts[layer + 1]
            values, value_errors = self._product(
                matrix,
                np.concatenate([constant, below], axis=1),
                np.concatenate([np.zeros_like(constant), below_errors], axis=1),
            )
            own = np.arange(b - a)
            values[:, own, 1 + d + a + own] = self._one()  # these columns are zero, without error, in the layers below
            value_errors[:, own, 1 + d + a + own] = self._zero()
            forms.append(values)
            errors.append(value_errors)
            factor = factors[:, a:b, None]
            below, below_errors = factor * values, np.abs(factor) * value_errors
            if not self._exact:  # the factor is rounded, and so is the product with it, unless it is 0, 1 or −1
                least = _LEAST * (np.abs(values) + value_errors)
                extra = 2.0**-50 * (below_errors + np.abs(below) + least) + _TINY
                below_errors = below_errors + np.where(self._rounded[a:b, None], extra, 0.0)
        return np.concatenate(forms, axis=1), np.concatenate(errors, axis=1)

    def _zero_forms(
        self, chosen: npt.NDArray[np.int64], vanishing: npt.NDArray[np.bool_], forms: Array, errors: Array
    ) -> tuple[Array, Array]:
        """The d forms that vanish at each vertex: walls, then neurons; and their error bounds."""
        count, d = len(chosen), self._d
        n_neurons = int(vanishing[0].sum())
        walls = np.zeros((count, d - n_neurons, forms.shape[2]), dtype=forms.dtype)
        for i, v in enumerate(chosen):
            walls[i, :, : d + 1] = self._walls[self._at.walls[v]]
        wall_errors = np.zeros_like(walls) if self._exact else 2.0**-52 * np.abs(walls)
        index = np.nonzero(vanishing)[1].reshape(count, n_neurons)
        at = np.arange(count)[:, None]
        return (
            np.concatenate([walls, forms[at, index]], axis=1),
            np.concatenate([wall_errors, errors[at, index]], axis=1),
        )

    def _coordinates(self, count: int, width: int) -> Array:
        """The coordinates x_j as forms in (1, x, ξ): `count` times d rows of length `width`."""
        out = np.zeros((count, self._d, width), dtype=self._below.dtype)
        out[:, np.arange(self._d), 1 + np.arange(self._d)] = self._one()
        return out

    def _up(self, sums: Array) -> Array:
        return sums if self._exact else sums * (1 + self._kappa) + _TINY

    def _zero(self) -> Any:
        return Fraction(0) if self._exact else 0.0

    def _one(self) -> Any:
        return Fraction(1) if self._exact else 1.0


def _identity(count: int, n: int, exact: bool) -> Array:
    out = np.zeros((count, n, n), dtype=object if exact else np.float64)
    out[:, np.arange(n), np.arange(n)] = Fraction(1) if exact else 1.0
    return out


def _solve(matrices: Array, right: Array) -> Array:
    """Solutions of linear systems in doubles; NaN for those that are singular. Nothing is proved about them."""
    try:
        return np.linalg.solve(matrices, right)
    except np.linalg.LinAlgError:
        found = np.full(right.shape, np.nan)
        for i in range(len(matrices)):
            with suppress(np.linalg.LinAlgError):
                found[i] = np.linalg.solve(matrices[i], right[i])
        return found


def _solve_exactly(matrices: Array, right: Array) -> Array:
    """Solutions of linear systems in rational numbers; zeros for those that are singular."""
    found = np.full(right.shape, Fraction(0), dtype=object)
    for i in range(len(matrices)):
        with suppress(ZeroDivisionError):
            for j, row in enumerate(solve(matrices[i].tolist(), right[i].tolist())):
                found[i, j] = list(row)
    return found


def _reach(cx: PolyhedralComplex) -> list[Fraction]:
    """For every coordinate, a bound on |x| for the points x of K, which is the hull of the vertices."""
    reach = [Fraction(0)] * cx.input_dim
    points, error = cx.enclosures()
    low = np.nextafter(points[:, 0] - error, 0)
    with np.errstate(all="ignore"):
        far = np.nextafter((np.abs(points[:, 1:]) + error[:, None]) * (1 + 2.0**-50) / low[:, None], np.inf).max(axis=0)
    if (low > 0).all() and np.isfinite(far).all():
        return [Fraction(float(x)) for x in far]
    for x in cx.vertices():
        reach = [max(a, abs(b)) for a, b in zip(reach, x, strict=True)]
    return reach
