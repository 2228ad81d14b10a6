"""Regular cell complexes: their closed cells, and contracting homotopies of these."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from polyrelu.errors import VerificationError
from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.matching import Chain
from polyrelu.topology.smith_form import SmithForm, smith_normal_form

Cochains = Mapping[int, Chain]
"""Cochains f_0, f_1, … of one degree, all together: cell → {i: f_i(cell)}, zeros left out."""


class _Value(NamedTuple):
    """h(cell) = chain − h(rest), where `rest` consists of cells that come before, and of cells on which h is 0."""

    cell: int
    chain: Chain
    rest: Chain


class _Level(NamedTuple):
    """The values of h in one degree, and the upper cells of its pairs; None if it was not found by pairs."""

    values: list[_Value]
    uppers: frozenset[int] | None


class RegularCells:
    """The chain complex C of a regular cell complex with its augmentation, and contractions of its closed cells.

    Parameters
    ----------
    complex_ : ChainComplex
        C. The faces of a cell are the cells in its boundary, those in the boundaries of these, and so on. With its
        faces a cell c generates a complex C(c), the *closed cell*, which is acyclic.
    signs : sequence of int
        ε(v) = ±1 for every cell v of degree 0, with ε∂ = 0.

    Notes
    -----
    A contraction of C(c) to a vertex w, its `base`, is a homomorphism h of degree 1 with ∂h + h∂ = 1 − ηε, where
    η(1) = ε(w)w.

    In each degree j cells a are paired with cells b of the next degree, one pair after the other, such that
    ∂b = ua + a chain of cells that are paired already, or are the upper cells b of pairs of degree j − 1; u = ±1. If in
    all degrees below n every cell but w is in a pair, then h(a) = ub − h(u∂b − a), and h = 0 on the other cells, is a
    contraction in these degrees: section 16 of docs/mathematics.md has the proof. Vertices are paired along a
    breadth-first spanning tree, other cells greedily. If that does not pair all of them, linear algebra finds h
    instead: h(x) = s(x − h(∂x)), where s maps every cycle of C(c) to a chain with this boundary.
    """

    def __init__(self, complex_: ChainComplex, signs: Sequence[int]) -> None:
        self.complex = complex_
        self.signs = signs
        self._contractions: dict[tuple[int, int], list[_Level]] = {}

    def facets(self, degree: int, cell: int) -> list[tuple[int, int]]:
        """The boundary of a cell: pairs (facet, incidence number)."""
        return self.complex.boundary_arrays(degree).entries(cell) if degree else []

    def base(self, degree: int, cell: int) -> int:
        """The vertex of a cell to which it is contracted."""
        for k in range(degree, 0, -1):
            cell = self.facets(k, cell)[0][0]
        return cell

    def closure(self, degree: int, cell: int) -> list[list[int]]:
        """The faces of a cell, itself included, by their degrees, ascending."""
        faces = [[cell]]
        for k in range(degree, 0, -1):
            faces.append(sorted({x for c in faces[-1] for x, _ in self.facets(k, c)}))
        return faces[::-1]

    def primitives(self, cochains: Cochains, n: int, degree: int, cell: int, keep: bool = False) -> dict[int, Chain]:
        """The cochains f_i ∘ h of degree n − 1 on a closed cell, h its contraction, for cochains f_i of degree n ≥ 1.

        Where f_i is a cocycle, it is the coboundary of the i-th of them. `degree` is that of the cell; `keep` says
        whether to keep h, which is used again if the cell is a common face of others.
        """
        levels = self._contractions.get((degree, cell))
        if levels is None or len(levels) < n:
            faces = self.closure(degree, cell)
            if len(faces) <= n or not any(x in cochains for x in faces[n]):
                return {}
            levels = self._contraction(self.base(degree, cell), faces, n)
            if keep:
                self._contractions[degree, cell] = levels
        return _composed(levels[n - 1].values, cochains)

    def _contraction(self, base: int, faces: list[list[int]], n: int) -> list[_Level]:
        """A contraction of a closed cell, in the degrees below n."""
        faces = [*faces, *([] for _ in range(n + 1 - len(faces)))]
        levels = [self._spanning_tree(base, faces)]
        for j in range(1, n):
            levels.append(self._paired(faces, j, levels[-1].uppers) or self._solved(faces, j, levels[-1].values))
        return levels

    def _spanning_tree(self, base: int, faces: list[list[int]]) -> _Level:
        edges: dict[int, list[int]] = {v: [] for v in faces[0]}
        for e in faces[1]:
            for v, _ in self.facets(1, e):
                edges[v].append(e)
        reached = {base}
        waiting = deque(reached)
        values = []
        while waiting:
            for e in edges[waiting.popleft()]:
                new = [(v, unit) for v, unit in self.facets(1, e) if v not in reached]
                if new:
                    values.append(self._pair(1, e, *new[0]))
                    reached.add(new[0][0])
                    waiting.append(new[0][0])
        if len(reached) < len(faces[0]):
            raise VerificationError("a closed cell is not connected")
        return _level(values)

    def _paired(self, faces: list[list[int]], j: int, uppers: frozenset[int] | None) -> _Level | None:
        """h in degree j by pairs; None if not all cells can be paired. `uppers` are the upper cells of pairs below.

        The cells that are not among these wait for a partner: a cell of degree j + 1 in whose boundary only this one
        still waits.
        """
        if uppers is None:
            return None
        waiting = set(faces[j]) - uppers
        around: dict[int, list[int]] = {a: [] for a in waiting}
        count: dict[int, int] = {}
        for b in faces[j + 1]:
            own = [a for a, _ in self.facets(j + 1, b) if a in waiting]
            count[b] = len(own)
            for a in own:
                around[a].append(b)
        values = []
        ready = deque(b for b in faces[j + 1] if count[b] == 1)
        while ready:
            b = ready.popleft()
            for a, unit in self.facets(j + 1, b):
                if a in waiting and unit in (1, -1):
                    values.append(self._pair(j + 1, b, a, unit))
                    waiting.discard(a)
                    for other in around[a]:
                        count[other] -= 1
                        if count[other] == 1:
                            ready.append(other)
        return None if waiting else _level(values)

    def _pair(self, degree: int, upper: int, lower: int, unit: int) -> _Value:
        """The value of h on the lower cell of a pair; `degree` is that of the upper one."""
        rest = {x: unit * value for x, value in self.facets(degree, upper) if x != lower}
        return _Value(lower, {upper: unit}, rest)

    def _solved(self, faces: list[list[int]], j: int, below: Sequence[_Value]) -> _Level:
        """h in degree j by linear algebra. `below` are its values in the degree before.

        U∂V = S is a Smith form whose factors are all 1, since the closed cell is acyclic. A cycle y, which is a
        boundary, is that of VSᵀUy.
        """
        row, column = ({x: i for i, x in enumerate(faces[k])} for k in (j, j + 1))
        entries = [(row[x], i, value) for b, i in column.items() for x, value in self.facets(j + 1, b)]
        form = smith_normal_form((len(row), len(column), entries))
        h = _composed(below, {b: {b: 1} for b in faces[j]})
        values = []
        for x in faces[j]:
            cycle = {x: 1}
            for facet, value in self.facets(j, x):
                for b, coefficient in h.get(facet, {}).items():
                    cycle[b] = cycle.get(b, 0) - value * coefficient
            filling = _filling(form, {row[y]: value for y, value in cycle.items()})
            chain = {faces[j + 1][i]: value for i, value in filling.items()}
            for b, coefficient in chain.items():
                for y, value in self.facets(j + 1, b):
                    cycle[y] = cycle.get(y, 0) - value * coefficient
            if any(cycle.values()):
                raise VerificationError("a closed cell is not acyclic")
            values.append(_Value(x, chain, {}))
        return _Level(values, None)


def _level(values: list[_Value]) -> _Level:
    return _Level(values, frozenset(b for value in values for b in value.chain))


def _composed(values: Sequence[_Value], cochains: Cochains) -> dict[int, Chain]:
    """The cochains f_i ∘ h: cell → {i: f_i(h(cell))}, zeros left out."""
    composed: dict[int, Chain] = {}
    for cell, chain, rest in values:
        total: Chain = {}
        for sign, terms, known in ((1, chain, cochains), (-1, rest, composed)):
            for x, coefficient in terms.items():
                for i, value in known.get(x, {}).items():
                    total[i] = total.get(i, 0) + sign * coefficient * value
        if total := {i: value for i, value in total.items() if value}:
            composed[cell] = total
    return composed


def _filling(form: SmithForm, cycle: Chain) -> Chain:
    """VSᵀUy for a vector y and the Smith form S = U∂V, whose factors are 1."""
    u, v = form.sparse_rows("U"), form.sparse_rows("V")
    between = [sum(value * cycle.get(j, 0) for j, value in u.entries(i)) for i in range(form.rank)]
    found = {}
    for i in range(v.n_rows):
        if value := sum(entry * between[j] for j, entry in v.entries(i) if j < form.rank):
            found[i] = value
    return found
