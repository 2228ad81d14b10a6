"""Whether an affine form takes positive values on an open polyhedron in a ball of L∞ or L1, decided exactly.

Floating point decides where an error bound proves it. Otherwise the simplex method runs in rational numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from flint import fmpq, fmpq_mat

from polyrelu.exact.rational_arrays import ONE, ZERO, Array, GivenUpError, exact_zeros, solve_exactly
from polyrelu.exact.shortest import Norm

Floats = npt.NDArray[np.float64]
_UNIT = 2.0**-50  # a relative error of the doubles of a form, with room to spare
_TINY = 1e-290


class BallForm:
    """An affine form in the coordinates u of a ball, exact and in doubles."""

    __slots__ = ("_exact", "_matrix", "constant", "row")

    def __init__(self, matrix: fmpq_mat) -> None:
        values = matrix.tolist()[0]
        pairs = [(int(x.p), int(x.q)) for x in values]
        # A power of two brings the largest number near 1, so that none overflows.
        e = max((p.bit_length() - q.bit_length() for p, q in pairs if p), default=0)
        doubles = [p / (q << e) if e > 0 else (p << -e) / q for p, q in pairs]
        self.constant = doubles[0]
        self.row = np.array(doubles[1:], dtype=np.float64)
        self._matrix = matrix
        self._exact: Array | None = None

    @property
    def exact(self) -> Array:
        """(constant, coefficients…), which a positive factor distinguishes from the doubles."""
        if self._exact is None:
            self._exact = np.empty(self._matrix.ncols(), dtype=object)
            self._exact[:] = self._matrix.tolist()[0]
        return self._exact

    def __neg__(self) -> BallForm:
        new = BallForm.__new__(BallForm)
        new.constant, new.row, new._matrix, new._exact = -self.constant, -self.row, -self._matrix, None
        return new


class OpenSet(NamedTuple):
    """The points of a ball where some forms are positive and others, linearly independent, are zero; not empty."""

    positive: tuple[BallForm, ...]
    zero: tuple[BallForm, ...]
    point: Floats | None
    """A point that lies in the set up to rounding. It helps, and decides nothing alone."""


class OpenBall:
    """The open ball {x : ‖x − c‖ < R} in L∞ or L1, and forms on it.

    Parameters
    ----------
    center : sequence of Fractions
        The centre c.
    radius : Fraction
        The radius R > 0.
    norm : "inf" or 1
        The norm.
    forms : matrix of rational numbers of FLINT
        The forms (constant, coefficients…) y_1, …, y_n in x. Other forms are given as (constant, coefficients of y).

    Notes
    -----
    The ball is the image of an open box: x = c + R u with u ∈ (−1, 1)^d in L∞; in L1 x = c + R (p − q) with p, q ∈
    (0, 1)^d where 1 − Σ (p + q) is positive, which is one more positive form.
    """

    def __init__(self, center: Sequence[Any], radius: Any, norm: Norm, forms: fmpq_mat) -> None:
        r = fmpq(radius.numerator, radius.denominator)
        c = fmpq_mat([[ONE]] + [[fmpq(x.numerator, x.denominator)] for x in center])
        values = (forms * c).tolist()
        rows = []
        for row, (value,) in zip(forms.tolist(), values, strict=True):
            moved = [r * x for x in row[1:]]
            rows.append([value, *moved, *((-x for x in moved) if norm == 1 else ())])
        size = len(center) * (2 if norm == 1 else 1)
        self._lift = fmpq_mat([[ONE, *[ZERO] * size], *rows])
        self._lower = 0.0 if norm == 1 else -1.0
        self._forms: dict[tuple[Any, ...], BallForm] = {}
        sides = (BallForm(fmpq_mat([[ONE, *[-ONE] * size]])),) if norm == 1 else ()
        self.whole = OpenSet(sides, (), np.full(size, 1 / (2 * size + 1) if norm == 1 else 0.0))
        self.n_exact = self.n_decided = 0

    def form(self, coefficients: tuple[Any, ...]) -> BallForm:
        """The form with the given constant and coefficients of y_1, …, y_n."""
        if coefficients not in self._forms:
            self._forms[coefficients] = BallForm(fmpq_mat([list(coefficients)]) * self._lift)
        return self._forms[coefficients]

    def is_positive_somewhere(self, where: OpenSet, form: BallForm) -> tuple[bool, Floats | None]:
        """Whether the form is > 0 at some point of the set; and a point that may be such a point, up to rounding.

        Notes
        -----
        The set S is not empty, so that the supremum of the form on S is its maximum on the closure, where > is replaced
        by ≥. For multipliers λ, ≥ 0 at the positive forms f, it is at most the maximum of form + Σ λ f on the box: if
        that is ≤ 0, the answer is no. It is yes if a point of S is proved near a point in doubles: Newton's method at
        the equations is a linear system here, whose solution is bounded by an approximate inverse. What neither
        decides, the dual simplex method does in rational numbers.
        """
        self.n_decided += 1
        if self._upper(form, (), ()) <= 0:
            return False, None
        if where.point is not None and self._holds(where, form, where.point) is not None:
            return True, where.point
        rows = (*where.positive, *where.zero)
        free = len(where.positive)
        floats = np.array([f.row for f in rows]).reshape(len(rows), len(form.row))
        constants = np.array([f.constant for f in rows])
        start = None
        try:
            with np.errstate(all="ignore"):
                found = _maximum(_FLOATING, form.row, floats, constants, free, self._lower, None)
            start = found.basis
            multipliers = [0.0 if i < free and x < 0 else x for i, x in enumerate(found.multipliers)]
            if self._upper(form, rows, multipliers) <= 0:
                return False, None
            value = form.constant + float(form.row @ found.point)
            if where.point is not None and value > 1e-12:
                at = form.constant + float(form.row @ where.point)
                share = 0.5 if at >= 0 else 0.5 * value / (value - at)
                mixed = self._holds(where, form, (1 - share) * found.point + share * where.point)
                if mixed is not None:
                    return True, mixed
        except (GivenUpError, np.linalg.LinAlgError):
            pass
        return self._exactly(where, form, start)

    def _exactly(self, where: OpenSet, form: BallForm, start: Any) -> tuple[bool, Floats | None]:
        self.n_exact += 1
        rows = (*where.positive, *where.zero)
        objective = form.exact
        table = np.empty((len(rows), len(objective)), dtype=object)
        for i, f in enumerate(rows):
            table[i] = f.exact
        lower = fmpq(int(self._lower))
        best = _maximum(
            _RATIONAL, objective[1:], table[:, 1:], table[:, 0], len(where.positive), lower, start, -objective[0]
        )
        if best.point is None:
            return False, None
        if where.point is None:
            return True, None
        there = np.array([float(int(x.p) / int(x.q)) for x in best.point])
        value, at = (form.constant + float(form.row @ x) for x in (there, where.point))
        share = 0.5 if at >= 0 else 0.5 * max(value, 0.0) / (value - at)
        return True, (1 - share) * there + share * where.point

    def _upper(self, form: BallForm, rows: Sequence[BallForm], multipliers: Sequence[float]) -> float:
        """An upper bound of form + Σ λ f on the box, rounded up."""
        if not all(abs(x) < 1e15 for x in multipliers):
            return np.inf
        constant, row = form.constant, form.row
        size, sizes = abs(constant), np.abs(row)
        for f, x in zip(rows, multipliers, strict=True):
            if x:
                constant, row = constant + x * f.constant, row + x * f.row
                size, sizes = size + abs(x * f.constant), sizes + abs(x) * np.abs(f.row)
        value = constant + float(np.sum(np.maximum(self._lower * row, row)))
        # Each number is a sum of at most len(rows) + 1 products with relative errors of 2^−50, and they are added.
        error = (size + float(np.sum(sizes))) * _UNIT * (2 * len(rows) + len(row) + 16) + _TINY
        bound = value + error
        return bound if np.isfinite(bound) else np.inf

    def _holds(self, where: OpenSet, form: BallForm, point: Floats) -> Floats | None:
        """The point, moved a little, if it is proved that a point of the set with form > 0 is near; otherwise None."""
        shift = 0.0
        columns: npt.NDArray[np.int64] | None = np.zeros(0, dtype=np.int64)
        n = len(point)
        unit = _UNIT * (n + 16)
        if where.zero:
            rows = np.array([f.row for f in where.zero])
            constants = np.array([f.constant for f in where.zero])
            columns = _pivots(rows, np.minimum(1 - point, point - self._lower))
            if columns is None:
                return None
            matrix = rows[:, columns]
            try:
                inverse = np.linalg.inv(matrix)
            except np.linalg.LinAlgError:
                return None
            for _ in range(2):
                point = point.copy()
                point[columns] -= inverse @ (constants + rows @ point)
            k = len(columns)
            norm = float(np.max(np.sum(np.abs(inverse), axis=1)))
            size = float(np.max(np.sum(np.abs(matrix), axis=1)))
            defect = float(np.max(np.sum(np.abs(np.eye(k) - inverse @ matrix), axis=1)))
            defect += norm * size * _UNIT * (k + 16) * k
            residual = np.abs(constants + rows @ point) + unit * (np.abs(constants) + np.abs(rows) @ np.abs(point))
            if not defect < 0.5:
                return None
            shift = 2.0 * norm * (float(np.max(residual)) + _TINY) * (1 + 1e-6)
        inside = np.minimum(1 - point, point - self._lower)
        if not (np.all(inside > 0) and np.all(inside[columns] > shift * (1 + 1e-6) + 1e-15)):
            return None
        for f in (*where.positive, form):
            value = f.constant + float(f.row @ point)
            error = unit * (abs(f.constant) + float(np.abs(f.row) @ np.abs(point))) + _TINY
            if not value > error + shift * float(np.sum(np.abs(f.row[columns]))) * (1 + 1e-6):
                return None
        return point


def _pivots(rows: Floats, room: Floats) -> npt.NDArray[np.int64] | None:
    """Columns, one for each row, that form a matrix with a good inverse, with room for changes of the point."""
    left = rows * np.maximum(room, 0.0)
    chosen: list[int] = []
    for i in range(len(rows)):
        sizes = np.abs(left[i:])
        at, j = divmod(int(np.argmax(sizes)), rows.shape[1])
        if not sizes[at, j] > 0:
            return None
        left[[i, i + at]] = left[[i + at, i]]
        left[i + 1 :] -= np.outer(left[i + 1 :, j] / left[i, j], left[i])
        left[i + 1 :, j] = 0.0
        chosen.append(j)
    return np.array(chosen, dtype=np.int64)


# ---- the simplex method ----------------------------------------------------------------------------------------------


class _Number(NamedTuple):
    """The numbers of one run."""

    tolerance: Any
    solve: Callable[[Array, Array], Array]
    zeros: Callable[[int], Array]
    one: Any
    is_exact: bool


class _Basis(NamedTuple):
    """Rows that are tight, as many coordinates that are basic, and which of the others are at their upper bound."""

    rows: list[int]
    coordinates: list[int]
    upper: npt.NDArray[np.bool_]


class _Best(NamedTuple):
    point: Any
    """An optimal point; None if it is proved that the maximum is at most the threshold."""
    multipliers: Array
    basis: _Basis


def _maximum(
    number: _Number,
    c: Array,
    a: Array,
    b: Array,
    free: int,
    lower: Any,
    start: _Basis | None,
    threshold: Any = None,
) -> _Best:
    """The maximum of c · u over lower ≤ u ≤ 1 where a u + b is ≥ 0 in the first `free` rows and 0 in the others.

    Notes
    -----
    The dual simplex method for bounded variables. A basis has tight rows J and equally many coordinates K. The
    multipliers λ are 0 outside J, and d = c + Σ λ a is 0 on K; the other coordinates are at their upper bound where
    d > 0 and at the lower one where d < 0, so that any λ that is ≥ 0 in the free rows is dual feasible. The basis is
    optimal if u satisfies all rows and bounds; otherwise a violated one leaves. In rational numbers the one of the
    smallest number leaves and, of several, enters (Bland), so that the method ends. In floating point the most
    violated one leaves.
    """
    m, n = a.shape
    tolerance = number.tolerance
    fresh = start is None
    rows, columns, upper = ([], [], c > 0) if start is None else (list(start[0]), list(start[1]), start[2].copy())
    steps = iter(int, 1) if number.is_exact else range(100 + 20 * m)
    for _ in steps:
        matrix = a[rows][:, columns]
        try:
            part = number.solve(matrix.T, -c[columns])
            if not fresh and any(x < 0 for i, x in zip(rows, part, strict=True) if i < free):
                raise ZeroDivisionError
            d = c + part @ a[rows] if rows else c
            basic = np.zeros(n, dtype=bool)
            basic[columns] = True
            upper = np.where(basic, upper, np.where(d > tolerance, True, np.where(d < -tolerance, False, upper)))
            u = number.zeros(n)
            u[upper], u[~upper] = number.one, lower
            u[columns] = 0 * number.one
            if rows:
                u[columns] = number.solve(matrix, -b[rows] - a[rows] @ u)
        except ZeroDivisionError:
            if fresh:
                raise
            rows, columns, upper, fresh = [], [], c > 0, True
            continue
        fresh = True
        slack = a @ u + b if m else b
        if threshold is not None:
            bound = sum((x * b[i] for i, x in zip(rows, part, strict=True)), 0 * number.one)
            bound += sum(np.where(d > 0, d, lower * d))
            if bound <= threshold:
                return _Best(None, part, _Basis(rows, columns, upper))
        found = _violated(slack, u, rows, columns, free, lower, number)
        if found is None:
            multipliers = number.zeros(m)
            multipliers[rows] = part
            return _Best(u, multipliers, _Basis(rows, columns, upper))
        is_row, p, sign, size = found
        if is_row:
            change = number.solve(matrix.T, -sign * a[p][columns]) if rows else number.zeros(0)
            d_change = sign * a[p] + (change @ a[rows] if rows else 0)
        else:
            unit = number.zeros(len(columns))
            unit[columns.index(p)] = sign * number.one
            change = number.solve(matrix.T, unit)
            d_change = change @ a[rows]
        limits: list[tuple[Any, int]] = [
            (x / -y, i) for i, x, y in zip(rows, part, change, strict=True) if i < free and y < -tolerance
        ]
        towards = np.flatnonzero(~basic & np.where(upper, d_change < -tolerance, d_change > tolerance).astype(bool))
        if number.is_exact:
            limits += [(-d[j] / d_change[j], m + int(j)) for j in towards]
        elif len(towards):
            # A coordinate may go to its other bound, and the step on, as long as the violated row or bound stays so.
            ratios = -d[towards] / d_change[towards]
            order = np.argsort(ratios, kind="stable")
            gained = np.cumsum(np.abs(d_change[towards[order]])) * (1 - lower)
            last = int(np.searchsorted(gained, size))
            step = min(limits, default=(np.inf, 0))[0]
            if last < len(order):
                limits.append((float(ratios[order[last]]), m + int(towards[order[last]])))
                step = min(step, float(ratios[order[last]]))
            passed = towards[order[:last]][ratios[order[:last]] < step]
            upper[passed] = ~upper[passed]
        if not limits:
            raise GivenUpError("no point satisfies the constraints")
        _, entering = min(limits)
        if is_row:
            if entering < m:
                rows[rows.index(entering)] = p
            else:
                rows.append(p)
                columns.append(entering - m)
        else:
            upper[p] = sign > 0
            if entering < m:
                rows.remove(entering)
                columns.remove(p)
            else:
                columns[columns.index(p)] = entering - m
    raise GivenUpError


def _violated(
    slack: Array, u: Array, rows: list[int], columns: list[int], free: int, lower: Any, number: _Number
) -> tuple[bool, int, int, Any] | None:
    """(whether it is a row, its number, the sign of the change of its multiplier or reduced cost, the violation)."""
    tolerance = 1e-11 if not number.is_exact else 0
    worst: Any = tolerance
    found = None
    tight = set(rows)
    for i, s in enumerate(slack):
        if i not in tight:
            over = -s if i < free else abs(s)
            if over > worst:
                found, worst = (True, i, 1 if s < 0 else -1, over), over
                if number.is_exact:
                    return found
    for k in sorted(columns):
        over = max(u[k] - number.one, lower - u[k])
        if over > worst:
            found, worst = (False, k, 1 if u[k] > number.one else -1, over), over
            if number.is_exact:
                return found
    return found


_RATIONAL = _Number(0, solve_exactly, exact_zeros, ONE, True)
_FLOATING = _Number(1e-12, np.linalg.solve, np.zeros, 1.0, False)
