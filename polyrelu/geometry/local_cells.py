"""LocalCells: the cells of a network that meet an open ball, without the ball's faces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import fmpq, fmpq_mat

from polyrelu.errors import LimitError
from polyrelu.exact.open_ball import BallForm, Floats, OpenBall, OpenSet
from polyrelu.network.reduced import NearNetwork, Reduced

Form = tuple[Any, ...]
_ZERO, _ONE = fmpq(0), fmpq(1)


@dataclass(frozen=True)
class _Cell:
    """Signs of the first neurons, and the part of the ball where they have these signs."""

    signs: tuple[int, ...]
    forms: tuple[Form, ...]
    """Of the neurons, in y, on the cell."""
    normals: tuple[Form, ...]
    """A basis of the linear forms that are constant on the cell: linear parts of forms in y."""
    where: OpenSet


class LocalCells:
    """The cells of a network that meet an open ball.

    Notes
    -----
    A cell is the set of points of the open ball B at which all neurons have given signs; it is convex, open in its
    affine hull, and not empty. The neurons split B one after the other. On a cell the next one is an affine form h; it
    is open as a map unless it is constant there, so that the cell meets {h = 0} besides {h > 0} and {h < 0} iff it
    meets both of these. So two questions are enough, whether h and −h are positive somewhere, and each is decided
    exactly. By continuity, a cell lies in the closure of another one iff its signs are those of the other or 0.
    """

    def __init__(
        self,
        near: NearNetwork,
        ball: OpenBall,
        max_cells: int | None,
        check: Callable[[int, list[int]], object],
    ) -> None:
        self._near, self._ball = near, ball
        self._n_forms = len(near.neurons) + len(near.differences)
        cells = [_Cell((), (), (), ball.whole)]
        crossing: list[int] = []
        for i, neuron in enumerate(near.neurons):
            found = [part for cell in cells for part in self._split(cell, i, neuron)]
            cells = found
            if len({cell.signs[i] for cell in cells}) > 1:
                crossing.append(i)
            if max_cells is not None and len(cells) > max_cells:
                raise LimitError(
                    f"neighbourhood: more than {max_cells} cells after {i + 1} of {len(near.neurons)} neurons that may "
                    "change sign; a smaller radius has fewer",
                    {"cells": len(cells)},
                )
            check(i + 1, crossing)
        self.crossing = crossing
        """The numbers of the neurons, among those of `near`, that change sign on B."""
        self.by_codimension = [
            [cell for cell in cells if len(cell.normals) == k]
            for k in range(1 + max(len(cell.normals) for cell in cells))
        ]
        self._independent = _coordinates(near)

    def in_class(self, i: int) -> list[list[bool]]:
        """For each cell, by codimension, whether it meets the open region of the i-th class of `near`.

        An open set that meets a cell meets all cells that have it as a face, so that those are asked first.
        """
        found: list[list[bool]] = []
        signs: npt.NDArray[np.int8] = np.zeros((0, len(self._near.neurons)), dtype=np.int8)
        for cells in self.by_codimension:
            missed = signs[~np.array(found[-1], dtype=bool)] if found else signs
            signs = np.array([cell.signs for cell in cells], dtype=np.int8).reshape(len(cells), -1)
            met = []
            for cell, own in zip(cells, signs, strict=True):
                is_face = len(missed) and bool(np.any(np.all((own == 0) | (own == missed), axis=1)))
                met.append(not is_face and self._meets(cell, i))
            found.append(met)
        return found

    def boundaries(self) -> Iterator[list[tuple[int, int, int]]]:
        """For k = 1, 2, …: (cell of codimension k, one of codimension k − 1 that has it as a face, ±1).

        Notes
        -----
        A cell is oriented by the basis of its normals n. A linear form l that is positive on the larger cell and 0 on
        the smaller one, behind the normals m of the larger one, is another basis of the same space: the sign is that of
        the determinant. This is the sign in the dual cells; products of two successive matrices are zero.
        """
        for smaller, larger in zip(self.by_codimension[1:], self.by_codimension, strict=False):
            signs = np.array([cell.signs for cell in larger], dtype=np.int8)
            entries = []
            for i, cell in enumerate(smaller):
                own = np.array(cell.signs, dtype=np.int8)
                normals = [self._linear(form) for form in cell.normals]
                columns = _pivot_columns(normals)
                sign = _determinant(normals, columns)
                for j in np.flatnonzero(np.all((own == 0) | (own == signs), axis=1)):
                    coface = larger[j]
                    p = next(p for p, (x, y) in enumerate(zip(cell.signs, coface.signs, strict=True)) if x != y)
                    towards = [coface.signs[p] * x for x in self._linear(coface.forms[p])]
                    rows = [*(self._linear(form) for form in coface.normals), towards]
                    entries.append((i, int(j), sign * _determinant(rows, columns)))
            yield entries

    def _split(self, cell: _Cell, i: int, neuron: Reduced) -> Iterator[_Cell]:
        """The parts of a cell by the sign of one more neuron."""
        form = self._on(cell, i, neuron)
        forms = (*cell.forms, form)
        if not any(form):
            yield _Cell((*cell.signs, 0), forms, cell.normals, cell.where)
            return
        h, where = self._ball.form(form), cell.where
        above, p = self._ball.is_positive_somewhere(where, h)
        below, q = self._ball.is_positive_somewhere(where, -h)
        if not (above and below):
            yield _Cell((*cell.signs, int(above) - int(below)), forms, cell.normals, where)
            return
        for sign, half, point in ((1, h, p), (-1, -h, q)):
            part = OpenSet((*where.positive, half), where.zero, point)
            yield _Cell((*cell.signs, sign), forms, cell.normals, part)
        between = _between(h, p, q)
        part = OpenSet(where.positive, (*where.zero, h), between)
        yield _Cell((*cell.signs, 0), forms, (*cell.normals, form), part)

    def _on(self, cell: _Cell, place: int, neuron: Reduced) -> Form:
        """A neuron or an output as a form in y on a cell; its own y is the one at the place."""
        form = [_ZERO] * (self._n_forms + 1)
        form[place + 1] = _ONE
        for c, sign, other, before in zip(
            neuron.coefficients, cell.signs, cell.forms, self._near.neurons, strict=False
        ):
            factor = c if sign > 0 else c * before.slope if sign < 0 else _ZERO
            if factor:
                form = [x + factor * y if y else x for x, y in zip(form, other, strict=True)]
        return tuple(form)

    def _meets(self, cell: _Cell, i: int) -> bool:
        n = len(self._near.neurons)
        values = [self._on(cell, n + j, form) for j, form in enumerate(self._near.differences)]
        where = cell.where
        others = [v for j, v in enumerate(values) if j != i]
        forms = [self._ball.form(tuple(x - y for x, y in zip(values[i], v, strict=True))) for v in others]
        if (at := where.point) is not None:  # those first that are likely not to be positive
            forms.sort(key=lambda h: h.constant + float(h.row @ at))
        for h in forms:
            found, point = self._ball.is_positive_somewhere(where, h)
            if not found:
                return False
            where = OpenSet((*where.positive, h), where.zero, point)
        return True

    def _linear(self, form: Form) -> list[Any]:
        """The linear part of a form in y, in coordinates in which the y are independent."""
        product: list[list[Any]] = (fmpq_mat([list(form[1:])]) * self._independent).tolist()
        return product[0]


def _between(h: BallForm, p: Floats | None, q: Floats | None) -> Floats | None:
    """The point of the segment from p to q at which h is 0, up to rounding."""
    if p is None or q is None:
        return None
    x, y = (h.constant + float(h.row @ z) for z in (p, q))
    return p + (x / (x - y)) * (q - p) if x > 0 > y else None


def _coordinates(near: NearNetwork) -> fmpq_mat:
    """The linear parts of y_1, …, y_n as combinations of a basis of these."""
    forms = [neuron.form[1:] for neuron in (*near.neurons, *near.differences)]
    echelon, rank = fmpq_mat([list(column) for column in zip(*forms, strict=True)]).rref()
    if not rank:
        return fmpq_mat(len(forms), 0)
    return fmpq_mat([[echelon[i, j] for i in range(rank)] for j in range(len(forms))])


def _pivot_columns(rows: list[list[Any]]) -> list[int]:
    echelon, rank = fmpq_mat(rows).rref()
    return [next(j for j in range(echelon.ncols()) if echelon[i, j] != 0) for i in range(rank)]


def _determinant(rows: list[list[Any]], columns: list[int]) -> int:
    value = fmpq_mat([[row[j] for j in columns] for row in rows]).det()
    return (value > 0) - (value < 0)


