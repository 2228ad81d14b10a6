"""How far all parameters of a stable network may move: a radius that is proved.

Let C = C(F, t) be the complex of a network with parameters p over a polytope K, in general position: (a) of the lemma
of `general_position`. The box B of radius δ is the set of all parameters u with ``|u − p| ≤ δ`` for every weight and
every bias, those of the output included; K, t and the slopes of the activations stay.

**Notation.** At a vertex v of C let Z be the set of neurons that vanish there, so that v is the one point where d forms
are zero: those of Z, and those of ``d − |Z|`` independent walls through v. Fix a pattern: every neuron j has the factor
s_j = 1 or its slope below zero, by its sign at v; for j in Z either will do: another choice adds to each form of Z a
combination of earlier forms of Z. With this pattern every preactivation f_j is an affine form, for any u. In general
position the linear parts of the d forms are independent for p: each neuron of Z is not constant on the cell around v
before it. Let x(u) be a point of K where the d forms are zero for u; x(p) = v.

**1. A perturbation is a change of biases.** Let a_{ℓ−1} be the activations of layer ℓ − 1 for u at x(u), and ΔW, Δb the
changes. Layer ℓ has the values (W + ΔW) a + b + Δb = W a + b + ξ with ξ = ΔW a + Δb, so ``|ξ_j| ≤ δ S_{ℓ−1}`` with
S_{ℓ−1} = 1 + ‖a_{ℓ−1}‖₁ (a_0 is x(u) itself). Hence every preactivation for u at x(u) is a form in (1, x, ξ) with
coefficients made of p alone: f_j(1, x, ξ).

**2. Elimination.** The d forms are zero at x(u). Some combination g_j = f_j − Σ λ_i (form i) has no x in it, and the
value of f_j for u at x(u) is that of g_j. The constant of g_j is f_j(v), the value for p. So these two values differ by
at most

    δ Σ_ℓ T_{jℓ} S_{ℓ−1},   (1)

with T_{jℓ} the sum of the absolute values of the coefficients in g_j of the ξ of layer ℓ. The same with the coordinates
x_j in place of f_j, their T coming from the forms alone.

**3. The sums S.** By (1), S ≤ c + δ M S componentwise, where ``c_ℓ = 1 + Σ |s_j f_j(v)|`` and ``M_{ℓℓ'} = Σ |s_j|
T_{j,ℓ'+1}``, sums over the neurons j of layer ℓ that are not in Z (those in Z are 0 at x(u)), for ℓ = 0 over the
coordinates. If some S̄ > 0 has S̄ ≥ c + δ M S̄, then δ M S̄ < S̄ as c > 0, so the spectral radius of δ M is less than 1
(Collatz–Wielandt), and S ≤ (1 − δM)⁻¹ c ≤ S̄. Thus any S̄ that passes the test may be used in (1), however it was
found.

**Theorem.** If at every vertex v of C and for every neuron j that comes after those of Z (the output included)
``|f_j(v)| > δ Σ_ℓ T_{jℓ} S̄_{ℓ−1}``, then for all u in B the complex C(F_u, t) over K has the same face poset as C,
with the same signs of all neurons and of F − t on corresponding cells, and is in general position; so K ∩ {F_u R t} is
homeomorphic to K ∩ {F R t} for every relation R among >, ≥, <, ≤, =.

*Proof.* By induction over the neurons, v ↦ x(u) maps the vertices of the complex before neuron n to those of the same
complex for u, and gives an isomorphism of the two that keeps all signs of earlier neurons. Before the first neuron both
are the faces of K. Let it be so before n. On each cell n is affine. Let v be a vertex of the complex before n. The
neurons before n have the same signs at v and, for u, at x(u). So the pattern is the right one at x(u) in the layers
before n, and f_n there is the value of neuron n for u, which by (1) and the assumption has the sign of f_n(v), not
zero. How a hyperplane that contains no vertex of a polytope cuts its faces is determined by the signs at the vertices;
so corresponding cells are cut alike. A new vertex v lies in an edge, and for u there is one point in the image of the
edge where n is zero. It is an x(u): the neurons before n keep their signs on the edge, so the pattern is the right one,
and the forms of the walls and of the neurons of Z are zero there. Last comes F − t. An isomorphism of polytopal
complexes gives a homeomorphism that maps each cell onto its image: linear on the simplices of the barycentric
subdivisions. It maps the cells with a given sign of F − t onto those with the same. ∎

The radius found is the largest on a grid of short numbers (steps of at most 1/16) for which the assumption is proved.
To first order in δ inequality (1) is sharp for every single v and j: the ξ are independent of each other.

**Arithmetic.** All coefficients are computed in doubles with proved bounds on their errors, as in
`polyrelu.network.intervals`: a product of matrices V·C, where C has the error bounds R, has an error of at most
``(|V| + 2⁻¹⁰²²)(R + κ|C|)(1 + κ) + 2⁻¹⁰⁰⁰``, κ = (m + 16) 2⁻⁵² for sums of m terms; this covers the rounding of V. In
g_j any λ is right; what is left of x in it is multiplied by the largest ``|x|`` in K. Where doubles do not suffice
for any δ ≥ 2⁻⁴⁰⁰, or do not work as usual (`polyrelu.exact.floats.ordinary`), the vertex is done by the same program in
rational numbers, in which there are no errors, and for which some δ > 0 always suffices.
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
