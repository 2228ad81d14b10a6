"""The shortest vector of a polyhedron in the norms L∞, L1 and L2, exactly.

An algorithm runs twice, with the same steps: in floating point, which proposes the inequalities that are tight at the
end, and from there in rational numbers, which decide. What is returned has passed the optimality conditions exactly,
whatever the first run proposed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from flint import fmpq

from polyrelu.exact.floats import to_double
from polyrelu.exact.linear import rank
from polyrelu.exact.rational_arrays import ONE, ZERO, Array, GivenUpError, exact_zeros, solve_exactly

Norm = str | int
"""One of "inf", 1 and 2."""



class Shortest(NamedTuple):
    """The shortest vector of a polyhedron {z : a z ≤ v}."""

    vector: tuple[Fraction, ...]
    """The vector. Of several shortest ones in L∞ or L1 it is the one that is the shortest of them in L2."""
    value: Fraction
    """Its norm in L∞ and L1; the square of its norm in L2."""
    is_unique: bool
    """Whether all others are longer."""


class _Optimum(NamedTuple):
    """An optimal pair: z, its value, the weights λ ≥ 0 of the tight rows, and w = Aᵀ λ."""

    z: Array
    value: Any
    weights: dict[int, Any]
    w: Array


class _Number(NamedTuple):
    """The numbers of one run."""

    tolerance: float
    steps: int | None
    """The maximum number of steps."""
    solve: Callable[[Array, Array], Array]
    """The solution of a square system; an error of `_SINGULAR` if there is none or not one."""
    zeros: Callable[[int], Array]
    over: Callable[[Array, Array, Array], Array]
    """a z − v, or any negative number in place of one that is certainly negative."""


_SINGULAR = (ZeroDivisionError, np.linalg.LinAlgError, GivenUpError)


class Inequalities:
    """The rows of a polyhedron {x : a x ≤ b}, exact and in floating point.

    Parameters
    ----------
    a : sequence of rows of integers or Fractions, m × d
        The matrix.
    b : sequence of integers or Fractions, length m
        The right-hand sides.
    """

    def __init__(self, a: Sequence[Sequence[Any]], b: Sequence[Any], dimension: int) -> None:
        self.a = exact_array(a).reshape(len(a), dimension)
        self.b = exact_array(b)
        scaled = [_scaled(row) for row in self.a.tolist()]
        self._scales = exact_array([scale for scale, _ in scaled])
        floats = np.array([row for _, row in scaled], dtype=np.float64).reshape(len(a), dimension)
        self._lengths = np.linalg.norm(floats, axis=1)
        self._lengths[self._lengths == 0] = 1.0
        self._floats = floats / self._lengths[:, None]

    def seen_from(self, x: Array) -> Array:
        """The right-hand sides v with which {z : a z ≤ v} is the polyhedron moved by −x, for exact x."""
        return self.b - product(self.a, x) if len(self.b) else self.b

    def shortest(self, v: Array, norm: Norm, cutoff: Fraction | None = None) -> Shortest | None:
        """The shortest vector of {z : a z ≤ v}; None if there is none, or all are longer than the cutoff.

        The cutoff is a value in the sense of `Shortest.value`: in L2 a square.
        """
        found = self._optimum(v, norm, cutoff)
        if found is None:
            return None
        if norm == 2:
            return Shortest(_fractions(found.z), _fraction(found.value), True)
        z, unique = self._settled(v, norm, found)
        return Shortest(z, _fraction(found.value), unique)

    def least(self, v: Array, norm: Norm, cutoff: Fraction | None = None) -> tuple[Array, Any] | None:
        """(one of the shortest vectors, its value), in rational numbers of FLINT; None as `shortest` has it."""
        found = self._optimum(v, norm, cutoff)
        return None if found is None else (found.z, found.value)

    def _optimum(self, v: Array, norm: Norm, cutoff: Fraction | None) -> _Optimum | None:
        limit = None if cutoff is None else fmpq(cutoff.numerator, cutoff.denominator)
        method = _METHODS[norm]
        floats = self._right(v)
        found = method(self._rational(floats), self.a, v, self._proposal(method, floats, cutoff), limit)
        return found if isinstance(found, _Optimum) else None

    def joined(self, other: Inequalities) -> Inequalities:
        """The inequalities of both."""
        return self._of(*(np.concatenate([x, y]) for x, y in zip(self._parts, other._parts, strict=True)))

    def taken(self, rows: Sequence[int]) -> Inequalities:
        """Some of the inequalities, by their numbers."""
        return self._of(*(x[rows] for x in self._parts))

    def first(self, count: int) -> Inequalities:
        """The first inequalities."""
        return self._of(*(x[:count] for x in self._parts))

    def reversed(self, row: int) -> Inequalities:
        """One of the inequalities with ≥ in place of ≤."""
        return self._of(*(x[row : row + 1] for x in self._parts)).reversed_all()

    def reversed_all(self) -> Inequalities:
        """All of the inequalities with ≥ in place of ≤."""
        return self._of(-self.a, -self.b, self._scales, self._lengths, -self._floats)

    @property
    def _parts(self) -> tuple[Array, ...]:
        return self.a, self.b, self._scales, self._lengths, self._floats

    @classmethod
    def _of(cls, *parts: Array) -> Inequalities:
        new = cls.__new__(cls)
        new.a, new.b, new._scales, new._lengths, new._floats = parts
        return new

    def _right(self, v: Array) -> Array:
        """Right-hand sides in floating point, each divided as the row is, with a relative error of less than 2^−50."""
        doubles = np.array([_double(x / s) for x, s in zip(v, self._scales, strict=True)], np.float64)
        return np.asarray(doubles / self._lengths)

    def _rational(self, floats: Array) -> _Number:
        """The numbers of the run that decides.

        A row is certainly satisfied if floating point says so by more than its error: the entries of rows, z and v are
        doubles with relative errors of less than 2^−50, and the sum of d products has one of less than (d + 8) 2^−50
        times the sum of the absolute values. An entry of a row that underflows has an error below 2^−1000, which
        is multiplied by one of z. What underflows otherwise is far below 1e-290, as the rows have length 1.
        """
        rows, sizes = self._floats, np.abs(self._floats)
        bound = (rows.shape[1] + 8) * 2.0**-49

        def over(a: Array, z: Array, v: Array) -> Array:
            if not len(v):
                return v
            near = np.array([_double(x) for x in z])
            with np.errstate(all="ignore"):
                slack = floats - rows @ near
                lost = 2.0**-1000 * np.sum(np.abs(near)) + 1e-290
                certain = slack > bound * (sizes @ np.abs(near) + np.abs(floats)) + lost
            out = np.empty(len(v), dtype=object)
            out[:] = -ONE
            open_ = np.flatnonzero(~certain)
            out[open_] = product(a[open_], z) - v[open_]
            return out

        return _RATIONAL._replace(over=over)

    def lower_bounds(self, v: Array, norm: Norm) -> Array:
        """For each row, a lower bound of the value (as in `Shortest`) of all z with a z ≤ v there, rounded down.

        With −v it is that of all z with a z ≥ v.
        """
        gap, rows = -self._right(v), np.abs(self._floats)
        sizes = {"inf": np.sum(rows, axis=1), 1: np.max(rows, axis=1, initial=0), 2: self._lengths / self._lengths}
        with np.errstate(all="ignore"):
            found = np.where(gap > 0, gap / sizes[norm], 0.0) * (1 - 1e-9)
            found = np.where(np.isfinite(found) & (found > 1e-140), found, 0.0)
            return np.asarray(found * found * (1 - 1e-9) if norm == 2 else found)

    def _proposal(self, method: Any, floats: Array, cutoff: Fraction | None) -> Any:
        limit = None if cutoff is None else to_double(cutoff) * (1 + 1e-7)
        number = _Number(1e-9 * (1 + float(np.max(np.abs(floats), initial=0))), 60 + 4 * sum(self.a.shape), *_FLOATING)
        try:
            with np.errstate(all="ignore"):
                return method(number, self._floats, floats, None, limit, True)
        except _SINGULAR:
            return None

    def _settled(self, v: Array, norm: Norm, found: _Optimum) -> tuple[tuple[Fraction, ...], bool]:
        """Of all optimal z the one that is the shortest in L2, and whether there is one only.

        Notes
        -----
        By complementary slackness with one optimal λ, the optimal z are those in the polyhedron for which a row of
        positive weight is tight, and, in L1, z_i = 0 where ``|w_i| < 1`` and z_i w_i ≤ 0 where it is 1; in L∞, with the
        minimum r, z_i = −sgn(w_i) r where w_i ≠ 0 and ``|z_i| ≤ r`` elsewhere. If none but z = `found.z` satisfies the
        constraints that are tight at z as a cone at z, it is the only one, since the set is convex.
        """
        z, r, w = found.z, found.value, found.w
        d = len(z)
        fixed = [i for i in range(d) if (abs(w[i]) < 1 if norm == 1 else w[i] != 0)]
        free = [i for i in range(d) if i not in set(fixed)]
        if r == 0 or not free:
            return _fractions(z), True
        rows: list[tuple[list[Any], Any, Any]] = []  # (row, right side, its value at z) in the free coordinates
        for j, (row, offset) in enumerate(zip(self.a[:, free], v - product(self.a[:, fixed], z[fixed]), strict=True)):
            if any(row):
                at = _dot(row, z[free])
                rows.append((list(row), offset, at))
                if j in found.weights:
                    rows.append(([-x for x in row], -offset, -at))
        for k, i in enumerate(free):
            signs = (1, -1) if norm == "inf" else (1,) if w[i] > 0 else (-1,)
            for sign in signs:
                unit = [ZERO] * len(free)
                unit[k] = fmpq(sign)
                rows.append((unit, r if norm == "inf" else ZERO, sign * z[i]))
        tight = [row for row, offset, at in rows if at == offset]
        if _is_origin(tight, len(free)):
            return _fractions(z), True
        face = Inequalities([row for row, _, _ in rows], [offset for _, offset, _ in rows], len(free))
        nearest = face.shortest(face.b, 2)
        assert nearest is not None, "the optimal vectors include the one that was found"
        z = z.copy()
        z[free] = exact_array(nearest.vector)
        return _fractions(z), False


def exact_array(values: Any) -> Array:
    """An array of rational numbers of FLINT, for `Inequalities`."""
    listed = [[_rational(x) for x in row] if isinstance(row, (list, tuple, np.ndarray)) else _rational(row)
              for row in values]  # fmt: skip
    out = np.empty((len(listed), len(listed[0])) if listed and isinstance(listed[0], list) else len(listed), object)
    out[...] = listed
    return out


def product(matrix: Array, vector: Array) -> Array:
    """matrix · vector in rational numbers."""
    return matrix @ vector if matrix.size else _RATIONAL.zeros(len(matrix))


def _rational(x: Any) -> Any:
    return x if type(x) is fmpq else fmpq(x) if type(x) is int else fmpq(x.numerator, x.denominator)


def _fraction(x: Any) -> Fraction:
    return Fraction(int(x.p), int(x.q))


def _fractions(z: Array) -> tuple[Fraction, ...]:
    return tuple(map(_fraction, z))


def _scaled(row: list[Any]) -> tuple[Any, Array]:
    """(a positive number, the row divided by it in doubles): with entries up to about 1, and one of at least 1/2.

    A row of moderate size is made doubles at once, and divided by a power of two: what underflows is lost up to
    2^−1074, or 2^−1014 after the division.
    """
    doubles = np.array([_double(x) for x in row], np.float64)
    largest = float(np.max(np.abs(doubles), initial=0.0))
    if 2.0**-60 < largest < 2.0**60:
        exponent = int(np.frexp(largest)[1])
        return fmpq(2) ** exponent, np.ldexp(doubles, -exponent)
    scale = max(map(abs, row), default=ZERO) or ONE
    return scale, np.array([_double(x / scale) for x in row], np.float64)


def _double(x: Any) -> float:
    """The double nearest to x, up to two roundings; an infinity beyond the range of doubles."""
    try:
        return int(x.p) / int(x.q)
    except OverflowError:
        return np.inf if x > 0 else -np.inf


def _dot(x: Sequence[Any] | Array, y: Sequence[Any] | Array) -> Any:
    return sum((p * q for p, q in zip(x, y, strict=True) if p), ZERO)


def _is_origin(rows: list[list[Any]], d: int) -> bool:
    """Whether the cone {u : rows · u ≤ 0} is {0}.

    If the rank is less than d, it contains a line. Otherwise the sum of the rows is negative at every u ≠ 0 of the
    cone: it is {0} iff the inequalities rows · u ≤ 0 and (sum of the rows) · u ≤ −1 have no solution.
    """
    if rank([[_fraction(x) for x in row] for row in rows]) < d:
        return False
    total = [sum(column, ZERO) for column in zip(*rows, strict=True)]
    cone = Inequalities([*rows, total], [*[ZERO] * len(rows), -ONE], d)
    return cone.shortest(cone.b, 2) is None


# ---- L2: dual active sets --------------------------------------------------------------------------------------------


def _euclidean(
    number: _Number, a: Array, v: Array, start: Any = None, cutoff: Any = None, propose: bool = False
) -> _Optimum | list[int] | None:
    """The optimal pair for L2; the tight rows if they are only proposed; None if there is none within the cutoff.

    Notes
    -----
    The dual method of Goldfarb and Idnani (1983): z is always the shortest vector that satisfies the rows J, which are
    linearly independent, with equality, and the weights of these are ≥ 0. So z·z is a lower bound. A violated row
    is added, along a path on which rows of J whose weights become 0 are removed. Each time the bound rises, so that in
    rational numbers the method ends: at an optimum, or at a row that no z satisfies together with J.
    """
    tolerance, least = number.tolerance, 1e-12 if number.steps else 0
    chosen, weights, z = _feasible_weights(number, a, v, list(start or ()))
    for _ in _steps(number):
        if cutoff is not None and z @ z > cutoff:
            return chosen if propose else None
        p = _most(number.over(a, z, v), tolerance)
        if p is None:
            if propose:
                return chosen
            w = weights @ a[chosen] if chosen else number.zeros(a.shape[1])
            return _Optimum(z, z @ z, {j: x for j, x in zip(chosen, weights, strict=True) if x > 0}, w)
        weight: Any = ZERO if number.steps is None else 0.0
        while True:
            rows = a[chosen]
            r = number.solve(rows @ rows.T, rows @ a[p]) if chosen else number.zeros(0)
            direction = a[p] - r @ rows if chosen else a[p]
            length = direction @ direction
            full = (a[p] @ z - v[p]) / length if length > least else None
            steps = [(x / y, k) for k, (x, y) in enumerate(zip(weights, r, strict=True)) if y > least]
            partial: Any = min(steps, default=None)
            if full is None and partial is None:
                return chosen if propose else None
            if full is not None and (partial is None or full <= partial[0]):
                z = z - full * direction
                weights = np.append(weights - full * r, weight + full)
                chosen = [*chosen, p]
                break
            step, k = partial
            if full is not None:
                z = z - step * direction
            weights, weight = np.delete(weights - step * r, k), weight + step
            chosen = chosen[:k] + chosen[k + 1 :]
    raise GivenUpError


def shortest_in_doubles(a: Array, v: Array, cutoff: float) -> tuple[Array | None, Array] | None:
    """A proposal of the shortest vector z in L2 of {z : a z ≤ v}, with rows of length 1: (z, weights ≥ 0).

    Then z = −weights · a. It is None if there is no such vector, so that weights · a = 0 and weights · v < 0; if z is
    longer than the cutoff, a square, it need not satisfy all rows. None if floating point comes to no end. All of it up
    to rounding, and not proved.
    """
    number = _Number(1e-11, 60 + 4 * sum(a.shape), *_FLOATING)
    try:
        chosen = _euclidean(number, a, v, None, cutoff, True)
        assert isinstance(chosen, list)
        rows, weights = a[chosen], np.zeros(len(v))
        weights[chosen] = np.linalg.solve(rows @ rows.T, -v[chosen]) if chosen else 0.0
        z = -(weights @ a)
        p = _most(a @ z - v, 1e-9)
        if p is None or z @ z > cutoff:
            return z, np.maximum(weights, 0.0)
        weights = np.zeros(len(v))
        weights[chosen] = -np.linalg.solve(rows @ rows.T, rows @ a[p]) if chosen else 0.0
        weights[p] = 1.0
        return None, np.maximum(weights, 0.0)
    except _SINGULAR:
        return None


def _feasible_weights(number: _Number, a: Array, v: Array, chosen: list[int]) -> tuple[list[int], Array, Array]:
    """Rows among the chosen ones, with weights ≥ 0, and the shortest vector for which these rows are tight."""
    while chosen:
        rows = a[chosen]
        try:
            weights = number.solve(rows @ rows.T, -v[chosen])
        except _SINGULAR:
            chosen = []
            break
        if (least := min(weights)) >= 0:
            return chosen, weights, -(weights @ rows)
        del chosen[list(weights).index(least)]
    return [], number.zeros(0), number.zeros(a.shape[1])


def _most(over: Array, tolerance: float) -> int | None:
    """The place of the largest number, or None if it does not exceed the tolerance."""
    if not len(over):
        return None
    if over.dtype != object:
        p = int(np.argmax(over))
        return p if over[p] > tolerance else None
    return next((p for p, x in enumerate(over) if x > 0), None)


def _steps(number: _Number) -> Any:
    return range(number.steps) if number.steps is not None else iter(int, 1)


# ---- L1 and L∞: the simplex method on the dual program ---------------------------------------------------------------


class _Basis(NamedTuple):
    """A basis of the dual program: rows J, coordinates K, and signs."""

    rows: list[int]
    coordinates: list[int]
    signs: dict[int, int]


def _sum_of_sizes(
    number: _Number, a: Array, v: Array, start: _Basis | None = None, cutoff: Any = None, propose: bool = False
) -> _Optimum | _Basis | None:
    """The same for L1.

    Notes
    -----
    The dual program is to maximise −λ·v over λ ≥ 0 with ``|w_i| ≤ 1``, w = Aᵀ λ. A basis has rows J and equally many
    coordinates K: λ_j = 0 outside J, w_k = −s_k, s_k = ±1, on K; and z_i = 0 outside K, a_j z = v_j on J. The basis is
    dual feasible throughout. It is optimal if z satisfies all rows and s_k z_k ≥ 0; otherwise a violated row, or a
    coordinate of the wrong sign, enters. In rational numbers the variable of the smallest number enters and, of
    several, leaves (Bland), so that the method ends.
    """
    d = a.shape[1]
    rows, coordinates, signs = _copied(start)
    started = start is None
    for _ in _steps(number):
        matrix = a[rows][:, coordinates]
        try:
            z_part = number.solve(matrix, v[rows])
            weights = number.solve(matrix.T, _values(number, [-signs[k] for k in coordinates]))
        except _SINGULAR:
            if number.steps is not None or started:
                raise
            rows, coordinates, signs, started = [], [], {}, True
            continue
        w = weights @ a[rows] if rows else number.zeros(d)
        is_free = np.ones(d, np.bool_)
        is_free[coordinates] = False
        others = np.flatnonzero(is_free)
        if not started and (min(weights, default=0) < 0 or any(abs(w[i]) > 1 for i in others)):
            rows, coordinates, signs, started = [], [], {}, True
            continue
        started = True
        z = number.zeros(d)
        z[coordinates] = z_part
        value = sum((signs[k] * z[k] for k in coordinates), number.zeros(1)[0])
        basis = _Basis(rows, coordinates, signs)
        if cutoff is not None and value > cutoff:
            return basis if propose else None
        entering = _entering(number, number.over(a, z, v), {k: -signs[k] * z[k] for k in coordinates})
        if entering is None:
            return basis if propose else _optimum(z, value, rows, weights, w)
        is_row, p = entering
        if is_row:
            change = number.solve(matrix.T, -a[p][coordinates])
            w_change = a[p] + (change @ a[rows] if rows else 0)
        else:
            change = number.solve(matrix.T, _values(number, [signs[k] * (k == p) for k in coordinates]))
            w_change = change @ a[rows]
        limits = [(x / -y, j, j) for j, x, y in zip(rows, weights, change, strict=True) if y < -number.tolerance]
        moving = others[abs(w_change[others]) > number.tolerance]
        if len(moving):
            sides = np.where(w_change[moving] > 0, 1, -1)
            step, i = _smallest((sides - w[moving]) / w_change[moving], moving)
            limits.append((step, len(v) + i, ~i))
        if not is_row:
            limits.append((_values(number, [2])[0], len(v) + p, ~p))
        if not limits:
            return basis if propose else None
        _, _, leaving = min(limits)
        if leaving >= 0 and is_row:
            rows[rows.index(leaving)] = p
        elif leaving >= 0:
            rows.remove(leaving)
            coordinates.remove(p)
            del signs[p]
        else:
            i = ~leaving
            if is_row:
                rows.append(p)
                coordinates.append(i)
                signs[i] = -1 if w_change[i] > 0 else 1
            elif i == p:
                signs[p] = -signs[p]
            else:
                coordinates[coordinates.index(p)] = i
                del signs[p]
                signs[i] = -1 if w_change[i] > 0 else 1
    raise GivenUpError


def _largest_size(
    number: _Number, a: Array, v: Array, start: _Basis | None = None, cutoff: Any = None, propose: bool = False
) -> _Optimum | _Basis | None:
    """The same for L∞.

    Notes
    -----
    The dual program is to maximise −λ·v over λ ≥ 0 with Σ ``|w_i|`` ≤ 1, w = Aᵀ λ. A basis has rows J and one
    coordinate in K less: w_k = 0 on K, −s_i w_i ≥ 0 outside, Σ −s_i w_i = 1; and z_i = s_i r outside K, a_j z = v_j on
    J. The bound r rises from 0, which is optimal if v ≥ 0. What enters is a violated row, or a coordinate of K with
    ``|z_k| > r``.
    """
    d, tolerance = a.shape[1], number.tolerance
    rows, coordinates, signs = _copied(start)
    started = not rows
    for _ in _steps(number):
        if not rows:
            p = _most(-v, tolerance)
            if p is None:
                zero = number.zeros(d)
                return _Basis([], [], {}) if propose else _Optimum(zero, number.zeros(1)[0], {}, zero)
            if not any(a[p]):
                return _Basis([], [], {}) if propose else None
            rows, coordinates, signs = [p], [], dict(enumerate(np.where(a[p] > 0, -1, 1).tolist()))
        others = np.fromiter(signs, np.int64, len(signs))
        directions = _values(number, list(signs.values()))
        towards = a[rows][:, others] @ directions if signs else number.zeros(len(rows))
        matrix = np.hstack([a[rows][:, coordinates], towards[:, None]])
        try:
            primal = number.solve(matrix, v[rows])
            weights = number.solve(matrix.T, _values(number, [*[0] * len(coordinates), -1]))
        except _SINGULAR:
            if number.steps is not None or started:
                raise
            rows, started = [], True
            continue
        w = weights @ a[rows]
        if not started and (min(weights) < 0 or any(signs[i] * w[i] > 0 for i in others)):
            rows, started = [], True
            continue
        started = True
        r = primal[-1]
        z = number.zeros(d)
        z[coordinates] = primal[:-1]
        z[others] = r * directions
        basis = _Basis(rows, coordinates, signs)
        if cutoff is not None and r > cutoff:
            return basis if propose else None
        entering = _entering(number, number.over(a, z, v), {k: abs(z[k]) - r for k in coordinates})
        if entering is None:
            return basis if propose else _optimum(z, r, rows, weights, w)
        is_row, p = entering
        if is_row:
            sign = 0
            along = a[p][others] @ directions if signs else number.zeros(1)
            change = number.solve(matrix.T, -np.append(a[p][coordinates], along))
            w_change = a[p] + change @ a[rows]
        else:
            sign = 1 if z[p] > 0 else -1
            change = number.solve(matrix.T, _values(number, [*(-sign * (k == p) for k in coordinates), 1]))
            w_change = change @ a[rows]
        limits = [(x / -y, j, j) for j, x, y in zip(rows, weights, change, strict=True) if y < -number.tolerance]
        moving = others[directions * w_change[others] > number.tolerance]
        if len(moving):
            step, i = _smallest(-w[moving] / w_change[moving], moving)
            limits.append((step, len(v) + 2 * i + (signs[i] > 0), ~i))
        if not limits:
            return basis if propose else None
        _, _, leaving = min(limits)
        if leaving >= 0 and is_row:
            rows[rows.index(leaving)] = p
        elif leaving >= 0:
            rows.remove(leaving)
            coordinates.remove(p)
            signs[p] = sign
        else:
            i = ~leaving
            del signs[i]
            if is_row:
                rows.append(p)
                coordinates.append(i)
            else:
                coordinates[coordinates.index(p)] = i
                signs[p] = sign
    raise GivenUpError


def _copied(start: _Basis | None) -> _Basis:
    return _Basis([], [], {}) if start is None else _Basis(list(start.rows), list(start.coordinates), dict(start.signs))


def _values(number: _Number, integers: Sequence[int]) -> Array:
    if number.steps is not None:
        return np.array(integers, np.float64)
    out = number.zeros(len(integers))
    for i, x in enumerate(integers):
        out[i] = fmpq(x)
    return out


def _smallest(steps: Array, coordinates: Array) -> tuple[Any, int]:
    """(the smallest step, the smallest coordinate that has it)."""
    least = min(steps)
    return least, int(min(coordinates[steps == least]))


def _entering(number: _Number, over: Array, coordinates: dict[int, Any]) -> tuple[bool, int] | None:
    """The row or the coordinate that enters: in floating point the most violated one, otherwise the first."""
    p = _most(over, number.tolerance)
    wrong = [k for k, x in coordinates.items() if x > number.tolerance]
    if not wrong:
        return None if p is None else (True, p)
    if number.steps is None:
        return (False, min(wrong)) if p is None else (True, p)
    k = max(wrong, key=lambda i: coordinates[i])
    return (True, p) if p is not None and over[p] > coordinates[k] else (False, k)


def _optimum(z: Array, value: Any, rows: list[int], weights: Array, w: Array) -> _Optimum:
    return _Optimum(z, value, {j: x for j, x in zip(rows, weights, strict=True) if x > 0}, w)


def _over(a: Array, z: Array, v: Array) -> Array:
    return np.asarray(a @ z - v)


_RATIONAL = _Number(0, None, solve_exactly, exact_zeros, _over)
_FLOATING = (np.linalg.solve, np.zeros, _over)
_METHODS = {"inf": _largest_size, 1: _sum_of_sizes, 2: _euclidean}
