"""LocalCells: the cells of a network that meet an open ball, without the ball's faces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from flint import fmpq_mat

from polyrelu.errors import LimitError
from polyrelu.exact.rational_arrays import ZERO
from polyrelu.geometry.open_ball import BallForm, Floats, OpenBall, OpenSet
from polyrelu.network.reduced import NearNetwork, Reduced

Signs = tuple[int, ...]


@dataclass(frozen=True)
class _Cell:
    """Signs of the first neurons, and the part of the ball where they have these signs."""

    signs: Signs
    forms: tuple[BallForm, ...]
    """Of the neurons, on the cell."""
    zeros: tuple[int, ...]
    """The neurons whose forms are a basis of the linear forms that are constant on the cell, up to constants."""
    where: OpenSet

    @property
    def codimension(self) -> int:
        """The codimension."""
        return len(self.zeros)


class _Answer(NamedTuple):
    """Whether a form is positive somewhere on a cell, and whether it is negative; with points, up to rounding."""

    above: bool
    at_above: Floats | None
    below: bool
    at_below: Floats | None
    away: int
    """The sign of the form on the closure of the cell, if it has one, by a proof; 0 if that is not known."""


class LocalCells:
    """The cells of a network that meet an open ball.

    Notes
    -----
    A cell is the set of points of the open ball B at which all neurons have given signs; it is convex, open in its
    affine hull, and not empty. The neurons split B one after the other. On a cell the next one is an affine form h; it
    is open as a map unless it is constant there, so that the cell meets {h = 0} besides {h > 0} and {h < 0} iff it
    meets both of these. So two questions are enough, whether h and −h are positive somewhere, and each is decided
    exactly. By continuity, a cell lies in the closure of another one iff its signs are those of the other or 0.

    Most of these questions about smaller cells are answered by larger ones. If K lies in the closure of L and the
    neuron is not positive on L, it is not positive on K; and if a bound proves it negative on the closure of L, it is
    negative on K. And if L and M have the signs of K but for one neuron, which is positive on L, negative on M and zero
    on K, and all forms on L are those on M, then L ∪ K ∪ M is convex, so that the next neuron is positive somewhere on
    K if it is on L and on M: the segment between two such points meets K.
    """

    def __init__(
        self,
        near: NearNetwork,
        ball: OpenBall,
        max_cells: int | None,
        check: Callable[[int, list[int]], object],
    ) -> None:
        self._near, self._ball = near, ball
        # The forms of a neuron depend on the signs in the layers before, and only on those > 0 if all slopes are 0.
        self._is_relu = not any(neuron.slope for neuron in near.neurons)
        layers = [neuron.layer for neuron in near.neurons]
        self._n_before = {one.layer: sum(x < one.layer for x in layers) for one in (*near.neurons, *near.differences)}
        self._forms_of: dict[tuple[int, tuple[int, ...]], BallForm] = {}
        self._differences: dict[tuple[BallForm, BallForm], BallForm] = {}
        cells = [_Cell((), (), (), ball.whole)]
        crossing: list[int] = []
        for i in range(len(near.neurons)):
            cells = self._split_all(cells, i)
            if {cell.signs[i] for cell in cells} >= {1, -1}:
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
        n = max(cell.codimension for cell in cells)
        self.by_codimension: list[list[_Cell]] = [[] for _ in range(n + 1)]
        for cell in cells:
            self.by_codimension[cell.codimension].append(cell)
        self._arrays = [_sign_array(part) for part in self.by_codimension]
        self._numbers = [{cell.signs: j for j, cell in enumerate(part)} for part in self.by_codimension]

    @property
    def patterns(self) -> tuple[Signs, ...]:
        """For each cell of codimension 0, the signs of the neurons that change sign on B."""
        return tuple(tuple(cell.signs[i] for i in self.crossing) for cell in self.by_codimension[0])

    def in_class(self, i: int) -> list[list[bool]]:
        """For each cell, by codimension, whether it meets the open region of the i-th class of `near`.

        An open set that meets a cell meets all cells that have it as a face, so that those are asked first. Where one
        class is ahead of all others on the closure of a cell, it has the faces of that too.
        """
        found: list[list[bool]] = []
        for k, cells in enumerate(self.by_codimension):
            met = []
            for j, cell in enumerate(cells):
                if (winner := self._winners[k][j]) is not None:
                    met.append(winner == i)
                    continue
                cofaces = self._numbers_of_cofaces(cell) if k else ()
                met.append(all(found[-1][j] for j, _ in cofaces) and self._meets(cell, i))
            found.append(met)
        return found

    @cached_property
    def _winners(self) -> list[list[int | None]]:
        """For each cell the class that is proved to be ahead of all others on its closure, and so on its faces."""
        found: list[list[int | None]] = [[self._winner(cell) for cell in self.by_codimension[0]]]
        for cells in self.by_codimension[1:]:
            found.append([next((w for j, _ in self._numbers_of_cofaces(cell) if (w := found[-1][j]) is not None), None)
                          for cell in cells])  # fmt: skip
        return found

    def _winner(self, cell: _Cell) -> int | None:
        values, where = self._outputs(cell), cell.where
        if where.point is None:
            return None
        # The differences are affine on the cell, so that the point decides which class is worth a proof.
        i = 0
        for j in range(1, len(values)):
            if self._difference(values[j], values[i]).at(where.point) > 0:
                i = j
        behind = (self._difference(v, values[i]) for j, v in enumerate(values) if j != i)
        return i if all(self._ball.is_positive_somewhere(where, h).is_away for h in behind) else None

    def boundaries(self) -> Iterator[list[tuple[int, int, int]]]:
        """For k = 1, 2, …: (cell of codimension k, one of codimension k − 1 that has it as a face, ±1).

        Notes
        -----
        A cell is oriented by the basis of its normals n. A linear form l that is positive on the larger cell and 0 on
        the smaller one, behind the normals m of the larger one, is another basis of the same space: the sign is that of
        the determinant. This is the sign in the dual cells; products of two successive matrices are zero.

        If no neuron is zero on the smaller cell but those of the basis, the larger one has the same without one of
        them, l = ± the form of that one, and the normals of the others differ by multiples of l: the determinant is the
        sign of the permutation that brings l to the end, times ±1.
        """
        for smaller in self.by_codimension[1:]:
            yield [(i, j, self._incidence(cell, coface)) for i, cell in enumerate(smaller)
                   for j, coface in self._numbers_of_cofaces(cell)]  # fmt: skip

    def _numbers_of_cofaces(self, cell: _Cell) -> list[tuple[int, _Cell]]:
        """The cells of one codimension less that have a cell as a face, with their numbers."""
        k = cell.codimension - 1
        larger, numbers = self.by_codimension[k], self._numbers[k]
        if cell.signs.count(0) > len(cell.zeros):  # several signs may change at once
            own = np.array(cell.signs, dtype=np.int8)
            found = np.flatnonzero(np.all((own == 0) | (own == self._arrays[k]), axis=1)).tolist()
        else:
            found = [numbers[_changed(cell.signs, z, s)] for z in cell.zeros for s in (1, -1)]
        return [(j, larger[j]) for j in found]

    def _incidence(self, cell: _Cell, coface: _Cell) -> int:
        p = next(p for p, (x, y) in enumerate(zip(cell.signs, coface.signs, strict=True)) if x != y)
        if cell.signs.count(0) == len(cell.zeros):
            behind = len(cell.zeros) - 1 - cell.zeros.index(p)
            return coface.signs[p] * (-1 if behind % 2 else 1)
        normals = [cell.forms[z].exact[1:] for z in cell.zeros]
        columns = _pivot_columns(normals)
        towards = tuple(coface.signs[p] * x for x in coface.forms[p].exact[1:])
        rows = [*(coface.forms[z].exact[1:] for z in coface.zeros), towards]
        return _determinant(normals, columns) * _determinant(rows, columns)

    def _split_all(self, cells: list[_Cell], i: int) -> list[_Cell]:
        """The parts of all cells by the sign of one more neuron."""
        answers: dict[Signs, tuple[_Cell, BallForm, _Answer]] = {}
        found: list[_Cell] = []
        neuron = self._near.neurons[i]
        for cell in sorted(cells, key=attrgetter("codimension")):
            h = self._on(cell, i, neuron)
            cofaces = [[answers.get(_changed(cell.signs, z, s)) for s in (1, -1)] for z in cell.zeros]
            answer = self._answer(cell, h, cofaces)
            answers[cell.signs] = cell, h, answer
            found += self._parts(cell, h, answer)
        return found

    def _answer(self, cell: _Cell, h: BallForm, cofaces: list[Any]) -> _Answer:
        """Where a neuron is positive and negative on a cell, from the answers for larger cells if these suffice."""
        known: list[tuple[bool, Floats | None] | None] = [None, None]
        guess: list[Floats | None] = [None, None]
        for z, pair in zip(cell.zeros, cofaces, strict=True):
            for coface in pair:
                if coface is not None:
                    if (away := coface[2].away) != 0:
                        return _of_one_sign(away, cell.where.point)
                    for side in (0, 1):
                        if not coface[2][2 * side]:
                            known[side] = False, None
            if all(coface is not None for coface in pair) and None in known:
                (larger, f, one), (other, g, two) = pair
                is_one_set = f is g and larger.forms == other.forms
                for side in (0, 1):
                    if known[side] is None and (is_one_set or guess[side] is None):
                        guess[side] = _between(cell.forms[z], one[2 * side + 1], two[2 * side + 1])
                        known[side] = (True, guess[side]) if is_one_set else None
            if None not in known:
                break
        at = cell.where.point
        for side in (0, 1) if at is None or h.at(at) < 0 else (1, 0):  # the one first that is likely not to be so
            if known[side] is None:
                found = self._ball.is_positive_somewhere(cell.where, (h, -h)[side], guess[side])
                if found.is_away:
                    return _of_one_sign(2 * side - 1, at)
                known[side] = found[:2]
        (above, p), (below, q) = known  # type: ignore[misc]
        return _Answer(above, p, below, q, 0)

    def _parts(self, cell: _Cell, h: BallForm, answer: _Answer) -> Iterator[_Cell]:
        """The parts of a cell by the sign of a form."""
        forms, where = (*cell.forms, h), cell.where
        above, p, below, q, _ = answer
        if not (above and below):
            yield _Cell((*cell.signs, int(above) - int(below)), forms, cell.zeros, where)
            return
        for sign, half, point in ((1, h, p), (-1, -h, q)):
            part = OpenSet((*where.positive, half), where.zeros, point)
            yield _Cell((*cell.signs, sign), forms, cell.zeros, part)
        part = OpenSet(where.positive, self._ball.zeros(where.zeros, h), _between(h, p, q))
        yield _Cell((*cell.signs, 0), forms, (*cell.zeros, len(cell.signs)), part)

    def _on(self, cell: _Cell, place: int, neuron: Reduced) -> BallForm:
        """A neuron or an output as a form on a cell, its affine part being the one at the place.

        Equal forms are one object.
        """
        signs = cell.signs[: self._n_before[neuron.layer]]
        key = place, tuple([s > 0 for s in signs]) if self._is_relu else signs
        if key not in self._forms_of:
            form = self._ball.forms[place]
            terms = zip(neuron.coefficients, cell.signs, cell.forms, self._near.neurons, strict=False)
            for c, sign, other, before in terms:
                factor = c if sign > 0 else c * before.slope if sign < 0 else ZERO
                if factor:
                    form = tuple(x + factor * y if y else x for x, y in zip(form, other.exact, strict=True))
            self._forms_of[key] = self._ball.form(form)
        return self._forms_of[key]

    def _outputs(self, cell: _Cell) -> list[BallForm]:
        n = len(self._near.neurons)
        return [self._on(cell, n + j, form) for j, form in enumerate(self._near.differences)]

    def _difference(self, x: BallForm, y: BallForm) -> BallForm:
        if (x, y) not in self._differences:
            exact = tuple(p - q for p, q in zip(x.exact, y.exact, strict=True))
            self._differences[x, y] = self._ball.form(exact)
        return self._differences[x, y]

    def _meets(self, cell: _Cell, i: int) -> bool:
        values, where = self._outputs(cell), cell.where
        forms = [self._difference(values[i], v) for j, v in enumerate(values) if j != i]
        if (at := where.point) is not None:  # those first that are likely not to be positive
            forms.sort(key=lambda h: h.at(at))
        for h in forms:
            found, point, _ = self._ball.is_positive_somewhere(where, h)
            if not found:
                return False
            where = OpenSet((*where.positive, h), where.zeros, point)
        return True


def _of_one_sign(sign: int, point: Floats | None) -> _Answer:
    return _Answer(True, point, False, None, 1) if sign > 0 else _Answer(False, None, True, point, -1)


def _changed(signs: Signs, place: int, sign: int) -> Signs:
    return (*signs[:place], sign, *signs[place + 1 :])


def _sign_array(cells: list[_Cell]) -> npt.NDArray[np.int8]:
    return np.array([cell.signs for cell in cells], dtype=np.int8).reshape(len(cells), -1)


def _between(h: BallForm, p: Floats | None, q: Floats | None) -> Floats | None:
    """The point of the segment from p to q at which h is 0, up to rounding."""
    if p is None or q is None:
        return None
    x, y = h.at(p), h.at(q)
    return p + (x / (x - y)) * (q - p) if x > 0 > y else None


def _pivot_columns(rows: list[Any]) -> list[int]:
    echelon, rank = fmpq_mat([list(row) for row in rows]).rref()
    return [next(j for j in range(echelon.ncols()) if echelon[i, j] != 0) for i in range(rank)]


def _determinant(rows: list[Any], columns: list[int]) -> int:
    value = fmpq_mat([[row[j] for j in columns] for row in rows]).det()
    return (value > 0) - (value < 0)
