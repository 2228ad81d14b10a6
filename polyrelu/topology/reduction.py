"""A chain complex reduced to a small one, with the maps that lead there and back."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from polyrelu.topology.chain import ChainComplex

Chain = dict[int, int]
"""A chain or a cochain: the number of a cell and its coefficient, zeros left out."""

_PRESENT, _UPPER, _CRITICAL = -3, -2, -1  # what stands in place of a partner


class _Pivot(NamedTuple):
    """A pair that was eliminated from the boundary map of the degree of `upper`: its unit, its row and its column."""

    lower: int
    upper: int
    unit: int
    row: Chain
    column: Chain


class Reduction:
    """A chain complex C, a small one R, and chain maps p : C → R and ι : R → C with p ι = 1; both are isomorphisms
    in homology.

    Two steps, both with pivots ±1 only, so that everything is over Z.

    Coreduction (Mrozek and Batko 2009) removes cells one at a time: a pair (a, b) such that ∂b = u a + cells removed
    before, u = ±1, or else, in the least degree that is left, a critical cell, whose boundary is removed already. The
    critical cells span a complex M, and p : C → M is defined along the order of removal by p(c) = c, p(b) = 0 and
    p(a) = −u p(∂b − u a), the boundary map of M by ∂c = p(∂c). The proof that p is a chain map and an isomorphism in
    homology is in `_cpp/coreduction.hpp`. The way back ι(x) is the chain of x and upper partners b in whose boundary no
    lower partner a occurs: the lower partners in ∂x are cancelled by multiples of their b, the last removed first,
    which brings in only those removed before. Then p ι = 1 because p(b) = 0. And ι is a chain map: in
    y = ∂ι(x) − ι(∂x) no lower partner occurs, nor in ∂y = −∂ι(∂x), and p(y) = ∂p(ι(x)) − p(ι(∂x)) = 0, so y consists
    of upper partners; if it has any, let b be the last removed one: its a occurs in ∂b and in the boundary of no
    other, hence in ∂y, a contradiction. An inverse of an isomorphism from the right, ι is one in homology too.

    Elimination then removes the units ±1 that remain in the boundary maps of M: for a unit u at row a and column b the
    map back is ι(y) = y − u ∂_{ay} b, and p(a) = a − u ∂b, p(b) = 0. The remainder is R.

    Time and memory: proportional to the number of non-zero entries of the boundary maps, and to the number of terms of
    p on single cells, which is small where cycles are few or far apart; about 8 seconds and 0.5 GB for a million
    cells of a region. With adversarial complexes M may be large and fill in.
    """

    def __init__(self, complex_: ChainComplex) -> None:
        self._ranks = complex_.ranks
        self._first = [0, *accumulate(self._ranks)]
        self._start, self._rows, self._values = _boundaries(complex_, self._first)
        self._coreduce()
        self._eliminate()

    # ---- the small complex -------------------------------------------------------------------------------------

    def cells(self, degree: int) -> list[int]:
        """The cells of R in a degree, ascending; cells of C and R have numbers of their own, across all degrees."""
        first, end = self._first[degree : degree + 2]
        return [c for c in self._critical if first <= c < end and c not in self._eliminated]

    def boundary(self, degree: int) -> dict[int, Chain]:
        """The non-zero columns of ∂ in a degree of R; none below 1 and above the top."""
        if not 1 <= degree < len(self._ranks):
            return {}
        return {c: column for c, column in self._columns[degree].items() if column}

    # ---- the way back ------------------------------------------------------------------------------------------

    def lift(self, chain: Mapping[int, int], degree: int) -> Chain:
        """ι of a chain of R (by the numbers of `cells`), by the numbers of the cells of C within the degree."""
        lifted = dict(chain)
        for pivot in reversed(self._pivots[degree]):
            if crossing := sum(lifted.get(y, 0) * v for y, v in pivot.row.items()):
                lifted[pivot.upper] = -pivot.unit * crossing
        first = self._first[degree]
        return {c - first: v for c, v in self._close(lifted).items() if v}

    def _close(self, chain: Chain) -> Chain:
        """The chain with upper partners added so that no lower partner occurs in its boundary."""
        partner, order = self._partner, self._order
        closed = dict(chain)
        uncancelled: Chain = {}
        heap: list[tuple[int, int]] = []

        def add(cell: int, factor: int) -> None:
            for x, value in self._column(cell):
                if partner[x] >= 0:
                    if x not in uncancelled:
                        uncancelled[x] = 0
                        heappush(heap, (-order[x], x))
                    uncancelled[x] += factor * value

        for cell, factor in chain.items():
            add(cell, factor)
        while heap:
            _, a = heappop(heap)
            if coefficient := uncancelled[a]:  # all that can still come in was removed before a
                b = partner[a]
                closed[b] = -coefficient * next(value for x, value in self._column(b) if x == a)
                add(b, closed[b])
        return closed

    # ---- the way there -----------------------------------------------------------------------------------------

    def pull_back(self, cochains: Iterable[Mapping[int, int]], degree: int) -> dict[int, Chain]:
        """The cochains f_0, f_1, … of R in a degree composed with p, as one: cell of C within the degree → {i: f_i}.

        Cells on which all are zero are left out.
        """
        on_critical: dict[int, Chain] = {}
        for i, cochain in enumerate(cochains):
            values = dict(cochain)
            pivots = self._pivots[degree + 1] if degree + 1 < len(self._ranks) else []
            for pivot in reversed(pivots):
                if value := sum(values.get(x, 0) * v for x, v in pivot.column.items()):
                    values[pivot.lower] = -pivot.unit * value
            for c, value in values.items():
                on_critical.setdefault(c, {})[i] = value
        pulled: dict[int, Chain] = {}
        known: dict[int, Chain] = {}  # by the identity of the image, which many cells share
        first, end = self._first[degree : degree + 2]
        for cell, image in enumerate(self._image[first:end]):
            if image is not None:
                found = known.get(id(image))
                if found is None:
                    terms = [(on_critical[c], v) for c, v in image.items() if c in on_critical]
                    found = known[id(image)] = _combine(terms)
                if found:
                    pulled[cell] = found
        return pulled

    def components(self) -> list[tuple[int, int]] | None:
        """For every cell x of degree 0 (c, s) with p(x) = s c in M, s = ±1; None if some x has no such image."""
        found = []
        for image in self._image[: self._ranks[0]]:
            if image is None or len(image) > 1:
                return None
            [(label, sign)] = image.items()
            if abs(sign) != 1:
                return None
            found.append((label, sign))
        return found

    # ---- how it is made ----------------------------------------------------------------------------------------

    def _column(self, cell: int) -> Iterator[tuple[int, int]]:
        start, end = self._start[cell], self._start[cell + 1]
        return zip(self._rows[start:end], self._values[start:end], strict=True)

    def _coreduce(self) -> None:
        """Partners, order of removal and images p of all cells.

        Of the faces of a cell that are not removed yet, the number and the sum (of their numbers) are kept: when one
        is left, the sum is that one.
        """
        n, start, rows = self._first[-1], self._start, self._rows
        coface_start, cofaces = _transposed(start, rows, n)
        left = [start[c + 1] - start[c] for c in range(n)]
        rest = [sum(rows[start[c] : start[c + 1]]) for c in range(n)]
        self._partner = partner = [_PRESENT] * n
        self._order = order = [0] * n
        self._image: list[Chain | None] = [None] * n
        self._critical: list[int] = []
        queue: deque[int] = deque()
        time = 0

        def remove(cell: int, kind: int) -> None:
            nonlocal time
            partner[cell], order[cell] = kind, time
            time += 1
            for x in cofaces[coface_start[cell] : coface_start[cell + 1]]:
                left[x] -= 1
                rest[x] -= cell
                if left[x] == 1:
                    queue.append(x)

        for critical in range(n):
            if partner[critical] != _PRESENT:
                continue
            self._critical.append(critical)
            self._image[critical] = {critical: 1}
            remove(critical, _CRITICAL)
            while queue:
                b = queue.popleft()
                if left[b] != 1 or partner[b] != _PRESENT:
                    continue
                a, unit, others = rest[b], 0, []
                for x, value in self._column(b):
                    image = self._image[x]
                    if x == a:
                        unit = value
                    elif image is not None:
                        others.append((image, value))
                if unit not in (1, -1):
                    continue  # its face may yet be removed with another
                if others:
                    self._image[a] = _combine([(image, -unit * value) for image, value in others]) or None
                remove(a, b)
                remove(b, _UPPER)

    def _eliminate(self) -> None:
        """The boundary maps of M, from which units are eliminated."""
        self._columns: list[dict[int, Chain]] = [{} for _ in self._ranks]
        self._pivots: list[list[_Pivot]] = [[] for _ in self._ranks]
        self._eliminated: set[int] = set()
        for c in self._critical:
            images = [(image, value) for x, value in self._column(c) if (image := self._image[x]) is not None]
            if images:
                degree = bisect_right(self._first, c) - 1
                self._columns[degree][c] = dict(_combine(images))
        for degree in range(1, len(self._ranks)):
            columns, pivots = self._columns[degree], self._pivots[degree]
            pivots += _eliminate_units(columns)
            gone = {pivot.lower for pivot in pivots}
            for a in gone & self._columns[degree - 1].keys():
                del self._columns[degree - 1][a]
            self._eliminated |= gone.union(pivot.upper for pivot in pivots)
            if degree + 1 < len(self._ranks):
                for column in self._columns[degree + 1].values():
                    for pivot in pivots:
                        column.pop(pivot.upper, None)


def _eliminate_units(columns: dict[int, Chain]) -> list[_Pivot]:
    """Eliminate unit entries in place, where they fill in least (after Markowitz), and drop their columns."""
    rows: dict[int, set[int]] = {}
    for y, column in columns.items():
        for x in column:
            rows.setdefault(x, set()).add(y)
    pivots = []
    queue = [(len(column), y) for y, column in columns.items()]
    heapify(queue)
    while queue:
        size, b = heappop(queue)
        if b not in columns or len(columns[b]) != size:
            continue  # eliminated, or queued anew when it changed
        units = [x for x, value in columns[b].items() if abs(value) == 1]
        if not units:
            continue
        a = min(units, key=lambda x: (len(rows[x]), x))
        column = columns.pop(b)
        unit = column.pop(a)
        row = {y: columns[y].pop(a) for y in rows.pop(a) if y != b}
        for x in column:
            rows[x].discard(b)
        for y, v in row.items():
            for x, w in column.items():
                value = columns[y].get(x, 0) - unit * v * w
                if value:
                    columns[y][x] = value
                    rows[x].add(y)
                else:
                    del columns[y][x]
                    rows[x].discard(y)
            heappush(queue, (len(columns[y]), y))
        pivots.append(_Pivot(a, b, unit, row, column))
    return pivots


def _combine(terms: list[tuple[Chain, int]]) -> Chain:
    """The sum of multiples of chains; a single chain itself where it is the sum."""
    if len(terms) == 1 and terms[0][1] == 1:
        return terms[0][0]
    total: Chain = {}
    for chain, factor in terms:
        for c, value in chain.items():
            total[c] = total.get(c, 0) + factor * value
    return {c: value for c, value in total.items() if value}


def _boundaries(complex_: ChainComplex, first: list[int]) -> tuple[list[int], list[int], list[int]]:
    """All boundary maps as one matrix by compressed columns, cells numbered across the degrees."""
    start = [0] * (complex_.ranks[0] + 1)
    rows: list[int] = []
    values: list[int] = []
    for degree in range(1, len(complex_.ranks)):
        indptr, indices, data = complex_.boundary_arrays(degree)
        start += (indptr[1:] + len(rows)).tolist()
        rows += (indices.astype(np.int64) + first[degree - 1]).tolist()
        values += data.tolist()
    return start, rows, values


def _transposed(start: list[int], rows: list[int], n: int) -> tuple[list[int], list[int]]:
    """For every cell the cells in whose column it stands."""
    row = np.array(rows, dtype=np.int64)
    column = np.repeat(np.arange(n), np.diff(start))
    counts = np.bincount(row, minlength=n)
    return [0, *np.cumsum(counts).tolist()], column[np.argsort(row, kind="stable")].tolist()
