"""Whether an affine form takes positive values on an open polyhedron in an open ball of L∞, L1 or L2, decided exactly.

Floating point decides where an error bound proves it. Otherwise shortest vectors are found in rational numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from flint import fmpq, fmpq_mat

from polyrelu import _core
from polyrelu.exact.rational_arrays import ONE, ZERO
from polyrelu.exact.shortest import Inequalities, Norm, shortest_in_doubles

Floats = npt.NDArray[np.float64]
Form = tuple[Any, ...]
"""An affine form: the constant, and the coefficients of the coordinates t of a ball."""
_UNIT = 2.0**-52
_TINY = 1e-290
_ENOUGH = -1e-9
"""A bound that proves with room for rounding that a form is not positive, where forms have the size 1."""


class BallForm:
    """An affine form on a ball: exact in the coordinates t, and, multiplied by a positive number, in doubles."""

    __slots__ = ("coefficients", "constant", "exact", "row", "sizes")

    def __init__(self, exact: Form, constant: float, coefficients: Floats, row: Floats, sizes: Floats) -> None:
        self.exact, self.constant = exact, constant
        self.coefficients = coefficients
        """Those of t."""
        self.row = row
        """Those of u."""
        self.sizes = sizes
        """For each entry of the row, the sum of the absolute values of its terms."""

    def __neg__(self) -> BallForm:
        exact = tuple(-x for x in self.exact)
        return BallForm(exact, -self.constant, -self.coefficients, -self.row, self.sizes)

    def at(self, point: Floats) -> float:
        """The value at a point, up to rounding."""
        return self.constant + float(self.row @ point)


class _Zeros:
    """Linearly independent forms that are zero on a set, with an approximate inverse of some of their columns."""

    def __init__(self, forms: tuple[BallForm, ...], unit: float) -> None:
        self.forms, self._unit = forms, unit
        self.columns: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._rows: Floats | None = None
        self._inverse: Floats | None = None

    def _invert(self) -> Floats:
        self._rows = rows = np.array([f.row for f in self.forms])
        self._sizes = np.array([f.sizes for f in self.forms])
        self._constants = np.array([f.constant for f in self.forms])
        if (columns := _pivots(rows)) is None:
            return rows
        matrix = rows[:, columns]
        try:
            inverse = np.linalg.inv(matrix)
        except np.linalg.LinAlgError:
            return rows
        sizes = np.abs(inverse) @ self._sizes[:, columns]
        k = len(columns)
        defect = np.abs(np.eye(k) - inverse @ matrix) + (self._unit + (k + 8) * _UNIT) * (1 + sizes) + _TINY
        if float(np.max(np.sum(defect, axis=1))) < 0.5:
            self.columns, self._inverse = columns, inverse
            self._norm = float(np.max(np.sum(np.abs(inverse), axis=1)))
        return rows

    def near(self, point: Floats) -> tuple[Floats, float] | None:
        """The point, moved a little, and a bound of how far some zero of the true forms is from it.

        Notes
        -----
        The zero differs from the point in the chosen columns only. With the true matrix M of these columns, an inverse
        V of it up to rounding and the residual r at the point, the point less M⁻¹ r is one. If ‖I − V M‖ < 1/2, then
        ‖M⁻¹ r‖ < 2 ‖V r‖.
        """
        if not self.forms:
            return point, 0.0
        rows = self._invert() if self._rows is None else self._rows
        if self._inverse is None:
            return None
        for _ in range(2):
            point = point.copy()
            point[self.columns] -= self._inverse @ (self._constants + rows @ point)
        error = self._unit * (np.abs(self._constants) + self._sizes @ np.abs(point)) + _TINY
        residual = float(np.max(np.abs(self._constants + rows @ point) + error))
        shift = 2.0 * self._norm * residual * (1 + 1e-6)
        return (point, shift) if np.isfinite(shift) else None


class OpenSet(NamedTuple):
    """The points of a ball where some forms are positive and others zero; not empty."""

    positive: tuple[BallForm, ...]
    zeros: _Zeros
    point: Floats | None
    """A point that lies in the set up to rounding. It helps, and decides nothing alone."""


class Found(NamedTuple):
    """Whether a form is positive somewhere on a set."""

    is_positive: bool
    point: Floats | None
    """Where it may be so, up to rounding."""
    is_away: bool = False
    """Whether it is proved to be negative on the closure of the set."""


class OpenBall:
    """The open ball {x : ‖x − c‖ < R} in L∞, L1 or L2, and forms on it.

    Parameters
    ----------
    center : sequence of Fractions
        The centre c.
    radius : Fraction
        The radius R > 0.
    norm : "inf", 1 or 2
        The norm.
    forms : matrix of rational numbers of FLINT
        Forms (constant, coefficients…) in x.

    Notes
    -----
    A point is c + R u with ‖u‖ < 1. The linear parts of the forms span a space of functions of u; a basis of it, each
    multiplied by a power of two, are the coordinates t. All forms are exact in these, so that work does not grow with
    the number of inputs.
    """

    def __init__(self, center: Sequence[Any], radius: Any, norm: Norm, forms: fmpq_mat) -> None:
        r = fmpq(radius.numerator, radius.denominator)
        c = fmpq_mat([[ONE]] + [[fmpq(x.numerator, x.denominator)] for x in center])
        values = (forms * c).tolist()
        linear = [[r * x for x in row[1:]] for row in forms.tolist()]
        self._norm, self._size = norm, len(center)
        self._basis: list[list[Any]] = []
        coordinates, scales = _coordinates(linear)
        for i, scale in scales:
            self._basis.append([x * scale for x in linear[i]])
        self.forms: list[Form] = [(value, *row) for (value,), row in zip(values, coordinates, strict=True)]
        """The given forms in the coordinates t."""
        self.rank = len(scales)
        """The number of coordinates t."""
        doubles = [[_double(x) for x in row] for row in self._basis]
        self._floats = np.array(doubles, dtype=np.float64).reshape(self.rank, self._size)
        self._float_sizes = np.abs(self._floats)
        # Errors, relative to sums of absolute values: of forms; of a value, or of a sum of so many forms.
        self._unit = (self.rank + 8) * _UNIT
        self._unit_of_value = (self.rank + self._size + 32) * _UNIT
        self._known: dict[tuple[int, tuple[float, ...]], list[BallForm]] = {}
        self._orthogonal = np.linalg.qr(self._floats.T)[0] if norm == 2 and self.rank else None
        self.nothing = _Zeros((), self._unit)
        self.whole = OpenSet((), self.nothing, np.zeros(self._size))

    def form(self, exact: Form) -> BallForm:
        """A form that is given in the coordinates t."""
        e = max((int(x.p).bit_length() - int(x.q).bit_length() for x in exact if x), default=0)
        doubles = tuple(_scaled(x, e) for x in exact)
        known = self._known.setdefault((e, doubles), [])  # rational numbers take long to hash
        for other in known:
            if other.exact == exact:
                return other
        coefficients = np.array(doubles[1:])
        row, sizes = coefficients @ self._floats, np.abs(coefficients) @ self._float_sizes
        known.append(BallForm(exact, doubles[0], coefficients, row, sizes))
        return known[-1]

    def zeros(self, before: _Zeros, form: BallForm) -> _Zeros:
        """Forms that are zero, and one more, independent of them."""
        return _Zeros((*before.forms, form), self._unit)

    def is_positive_somewhere(self, where: OpenSet, form: BallForm, guess: Floats | None = None) -> Found:
        """Whether the form is > 0 at some point of the set; perhaps it is near a guess.

        Notes
        -----
        The set S is not empty, so that the supremum of the form on S is its maximum on the closure, where > is replaced
        by ≥. For multipliers λ, ≥ 0 at the positive forms f, it is at most the maximum of form + Σ λ f on the ball, by
        the dual norm: if that is ≤ 0, the answer is no. It is yes if a point of S is proved near a point in doubles:
        Newton's method at the equations is a linear system here, whose solution is bounded by an approximate inverse.
        What neither decides, rational numbers do.
        """
        if (bound := self._upper(form, (), None)) <= 0:
            return Found(False, None, bound < 0)
        for at in (where.point, guess):
            if at is not None and form.at(at) > 0 and (point := self._proved(where, form, at)) is not None:
                return Found(True, point)
        rows = (*where.positive, *where.zeros.forms)
        with np.errstate(all="ignore"):
            there, multipliers = self._proposal(form, rows, len(where.positive))
            if multipliers is not None and (bound := self._upper(form, rows, multipliers)) <= 0:
                return Found(False, None, bound < 0)
            if there is not None and (mixed := self._mixed(where, form, there)) is not None:
                point = self._proved(where, form, mixed)
                if point is not None:
                    return Found(True, point)
        return self._exactly(where, form)

    def _mixed(self, where: OpenSet, form: BallForm, there: Floats) -> Floats | None:
        """A point between one where the form is positive and the point of the set, well inside."""
        value = form.at(there)
        if where.point is None or not value > 0:
            return None
        at = form.at(where.point)
        share = 0.5 if at >= 0 else 0.5 * value / (value - at)
        return np.asarray((1 - share) * there + share * where.point)

    def _proposal(
        self, form: BallForm, rows: tuple[BallForm, ...], free: int
    ) -> tuple[Floats | None, Floats | None]:
        """A point where the form may be the largest, or not much smaller, and multipliers that may bound it."""
        offsets = np.array([f.constant for f in rows])
        if self._norm == 2:
            return self._proposal_in_l2(form, rows, offsets, free)
        matrix = np.array([f.row for f in rows]).reshape(len(rows), self._size)
        objective, lower = form.row, -1.0
        if self._norm == 1:  # u = p − q, with p and q in (0, 1)^d where 1 − Σ (p + q) is positive
            side = np.full(2 * self._size, -1.0)
            matrix = np.concatenate([side[None], np.hstack([matrix, -matrix])])
            offsets, objective = np.append(1.0, offsets), np.append(objective, -objective)
            free, lower = free + 1, 0.0
        found = _core.box_maximum(matrix.ravel(), offsets, objective, free, lower, _ENOUGH - form.constant)
        if found is None:
            return None, None
        point, multipliers = found
        if self._norm == 1:
            multipliers = multipliers[1:]
            point = None if point is None else point[: self._size] - point[self._size :]
        return point, multipliers

    def _proposal_in_l2(
        self, form: BallForm, rows: tuple[BallForm, ...], offsets: Floats, free: int
    ) -> tuple[Floats | None, Floats | None]:
        """The same: from the shortest u with form ≥ 0, and from there up as far as the ball has room."""
        if self._orthogonal is None:
            return None, None
        across = self._orthogonal
        rows = (*rows, form)
        equations = [*range(free, len(rows) - 1)]
        places = np.array([*range(len(rows)), *equations])
        signs = np.array([*[1.0] * len(rows), *[-1.0] * len(equations)])
        inner = np.array([f.row for f in rows]) @ across
        lengths = np.maximum(np.linalg.norm(inner, axis=1), 1e-300)
        normals = -(signs / lengths[places])[:, None] * inner[places]
        right = signs * np.append(offsets, form.constant)[places] / lengths[places]
        found = shortest_in_doubles(normals, right, 1.001)
        if found is None:
            return None, None
        u, weights = found
        totals = np.zeros(len(rows))
        np.add.at(totals, places, weights * signs)
        totals /= lengths
        # The sum of the forms with these weights is u·(v − u) at v, negative on the ball if |u| > 1.
        multipliers = totals[:-1] / totals[-1] if totals[-1] > 0 else None
        if u is None or (room := 1 - float(np.linalg.norm(u))) <= 0:
            return None, multipliers
        towards = u + 0.9 * room / lengths[len(rows) - 1] * inner[-1]
        others = places != len(rows) - 1
        found = shortest_in_doubles(normals[others], (right - normals @ towards)[others], np.inf)
        if found is None or found[0] is None:
            return None, multipliers
        return across @ (towards + found[0]), multipliers

    def _exactly(self, where: OpenSet, form: BallForm) -> Found:
        """The same in rational numbers.

        Notes
        -----
        Let Q be the closed polyhedron where the forms f of S are ≥ 0 or 0 and the form h is ≥ 0, and z its shortest
        vector. If there is none, or ‖z‖ ≥ 1, then h < 0 on S. If h(z) > 0, the points on the way from z to one of S are
        in S, and near z h is positive there. Otherwise h(z) = 0. If there is a direction v in which h increases and
        the forms f that are 0 at z do not decrease (or remain 0, as they must), then a step along v is another
        such z. And if there is none, then h ≤ 0 wherever the forms f are ≥ 0 or 0, since this set is convex.
        """
        h, forms = form.exact, [f.exact for f in where.positive]
        zeros = [f.exact for f in where.zeros.forms]
        if not any(h[1:]):
            return Found(bool(h[0] > 0), where.point, bool(h[0] < 0))
        if any(_is_opposite(h, f) for f in forms):
            return Found(False, None)
        rows = [*forms, *zeros, *(tuple(-x for x in f) for f in zeros)]
        lifted = (fmpq_mat([list(f[1:]) for f in (*rows, h)]) * fmpq_mat(self._basis)).tolist()
        polyhedron = Inequalities([[-x for x in row] for row in lifted], [f[0] for f in (*rows, h)], self._size)
        found = polyhedron.least(polyhedron.b, self._norm, Fraction(1))
        if found is None or found[1] >= 1:
            return Found(False, None)
        z, _ = found
        values = [f[0] + sum((x * y for x, y in zip(row, z, strict=True) if y), ZERO)
                  for f, row in zip((*rows, h), lifted, strict=True)]  # fmt: skip
        there = np.array([_double(x) for x in z])
        if values[-1] == 0:
            active = [f for f, value in zip(rows, values, strict=False) if value == 0]
            cone = Inequalities([[-x for x in f[1:]] for f in (*active, h)], [*[ZERO] * len(active), -ONE], self.rank)
            direction = cone.least(cone.b, 2, None)
            if direction is None:
                return Found(False, None)
            largest = max(map(abs, direction[0]))
            there = self._stepped(there, np.array([_double(x / largest) for x in direction[0]]), where)
        return Found(True, self._mixed(where, form, there))

    def _stepped(self, point: Floats, direction: Floats, where: OpenSet) -> Floats:
        """A point in a direction (in t) that stays in the closure of a set, up to rounding."""
        step = np.linalg.lstsq(self._floats, direction, rcond=None)[0]
        size = float(np.max(np.abs(step), initial=0.0))
        if not size > 0 or not np.isfinite(size):
            return point
        step = step / size
        most = 0.5 * max(0.0, 1 - self._length(np.abs(point))) / max(self._length(np.abs(step)), 1.0)
        for f in where.positive:
            change, value = float(f.row @ step), f.at(point)
            if change < 0 < value:
                most = min(most, value / -change)
        return np.asarray(point + most * step)

    def _length(self, sizes: Floats) -> float:
        """The norm of a vector ≥ 0, not less than it."""
        slack = 1 + (self._size + 8) * _UNIT
        if self._norm == "inf":
            return float(np.max(sizes, initial=0.0))
        return float(np.sum(sizes) if self._norm == 1 else np.sqrt(sizes @ sizes)) * slack + _TINY

    def _dual_length(self, sizes: Floats) -> float:
        """The dual norm of a vector ≥ 0, not less than it."""
        slack = 1 + (self._size + 8) * _UNIT
        if self._norm == 1:
            return float(np.max(sizes, initial=0.0))
        # Squares that underflow are of numbers below 1e-150 each.
        lost = 1e-150 * self._size if self._norm == 2 else 0.0
        return float(np.sum(sizes) if self._norm == "inf" else np.sqrt(sizes @ sizes)) * slack + lost

    def _upper(self, form: BallForm, rows: Sequence[BallForm], multipliers: Floats | None) -> float:
        """An upper bound of form + Σ λ f on the ball, rounded up."""
        constant, row, size, sizes = form.constant, form.row, abs(form.constant), form.sizes
        if multipliers is not None:
            if not np.all(np.abs(multipliers) < 1e15):
                return np.inf
            for f, x in zip(rows, multipliers.tolist(), strict=True):
                if x:
                    constant, row = constant + x * f.constant, row + x * f.row
                    size, sizes = size + abs(x * f.constant), sizes + abs(x) * f.sizes
        unit = self._unit_of_value + 4 * len(rows) * _UNIT
        bound = constant + unit * size + self._dual_length(np.abs(row) + unit * sizes) * (1 + 4 * _UNIT) + _TINY
        bound += 4 * _UNIT * (abs(bound) + size)
        return bound if np.isfinite(bound) else np.inf

    def _proved(self, where: OpenSet, form: BallForm, point: Floats) -> Floats | None:
        """The point, moved a little, if it is proved that a point of the set with form > 0 is near; otherwise None."""
        found = where.zeros.near(point)
        if found is None:
            return None
        point, shift = found
        columns = where.zeros.columns
        sizes = np.abs(point)
        if not self._length(sizes) * (1 + 4 * _UNIT) + shift * len(columns) * (1 + 1e-6) + 1e-15 < 1:
            return None
        t, sizes = self._floats @ point, self._float_sizes @ sizes
        if len(columns):
            shifts = shift * np.sum(self._float_sizes[:, columns], axis=1) * (1 + 1e-6)
        else:
            shifts = np.zeros(self.rank)
        for forms in (form,), where.positive:
            if forms:
                constants = np.array([f.constant for f in forms])
                coefficients = np.array([f.coefficients for f in forms])
                # Each product of the sum of a value has a relative error below this unit.
                errors = self._unit_of_value * (np.abs(constants) + np.abs(coefficients) @ sizes) + _TINY
                errors += np.abs(coefficients) @ shifts
                if not np.all(constants + coefficients @ t > errors * (1 + 1e-6)):
                    return None
        return point


def _pivots(rows: Floats) -> npt.NDArray[np.int64] | None:
    """Columns, one for each row, that form a matrix with a good inverse."""
    left = rows.copy()
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


def _coordinates(linear: list[list[Any]]) -> tuple[list[list[Any]], list[tuple[int, Any]]]:
    """(for each vector its coordinates in a basis, for each vector of the basis its place and a factor)."""
    if not linear or not linear[0]:
        return [[] for _ in linear], []
    echelon, rank = fmpq_mat([list(column) for column in zip(*linear, strict=True)]).rref()
    pivots = [next(j for j in range(len(linear)) if echelon[i, j] != 0) for i in range(rank)]
    scales = []
    for j in pivots:
        size = sum(map(abs, linear[j]), ZERO)
        e = int(size.p).bit_length() - int(size.q).bit_length()
        scales.append((j, fmpq(1, 2**e) if e > 0 else fmpq(2**-e)))
    coordinates = [[echelon[i, j] / scale for i, (_, scale) in enumerate(scales)] for j in range(len(linear))]
    return coordinates, scales


def _is_opposite(h: Form, f: Form) -> bool:
    """Whether h is a multiple of f by a negative number."""
    place = next(i for i, x in enumerate(f) if x)
    factor = h[place] / f[place]
    return bool(factor < 0) and all(x == factor * y for x, y in zip(h, f, strict=True))


def _scaled(x: Any, e: int) -> float:
    """x / 2^e, at most about 1."""
    p, q = int(x.p), int(x.q)
    return p / (q << e) if e > 0 else (p << -e) / q


def _double(x: Any) -> float:
    return int(x.p) / int(x.q)
