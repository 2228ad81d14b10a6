"""The checker with NumPy: the same facts as in `__main__`, with arrays of all cells of a record instead of loops.

    python -m polyrelu_check.fast FILE [--sha256 HASH] [--max-cells N] [--max-work N]

The theorem, the letters (a) to (g) and everything that is not here are those of `polyrelu_check.__main__`. What is not
accepted here is checked again by that program, whose word and exit status are final.

*Signs of forms* are sets of bits, in words of 64. *Numbers*: where no sum can reach 2^53, floating-point arithmetic is
exact. Elsewhere each value of a neuron comes with a bound on its error (`Evaluation`), and only a sign that it leaves
open, in particular 0, is found from integers. *Equality* of sets of bits, and of cells, is decided by sorting them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from operator import itemgetter, mul
from typing import Any

import numpy as np

from polyrelu_check import __main__ as plain
from polyrelu_check.__main__ import Budget, Chain, Form, Layers, Records, Unreadable, refuse

Array = np.ndarray[Any, Any]
EXACT = 1 << 53  # below, all integers are floating-point numbers
UNIT = 2.0**-53
TINY = 1e-290  # more than the products that underflow
LEAST = 1e-150  # of the numbers of which products are formed
MOST_PAIRS = 1 << 20  # at once


def words(bits: int, n: int) -> Array:
    """A set of bits as a column of n words."""
    return np.frombuffer((bits & ((1 << 64 * n) - 1)).to_bytes(8 * n, "little"), "<u8").astype(np.uint64)[:, None]


class Bits(Sequence[int]):
    """Sets of bits, the columns of an array of words, as integers."""

    def __init__(self, array: Array) -> None:
        self._array = array

    def __len__(self) -> int:
        return int(self._array.shape[1])

    def __getitem__(self, i: Any) -> Any:
        return sum(int(word) << 64 * w for w, word in enumerate(self._array[:, i]))

    def __iter__(self) -> Iterator[int]:
        first, *others = (row.tolist() for row in self._array)
        for w, row in enumerate(others, 1):
            first = [x | y << 64 * w for x, y in zip(first, row, strict=True)]
        return iter(first)


class Rows:
    """Chains with coefficients 1 and -1: those of cell i are at `ends[i]` to `ends[i + 1]`."""

    def __init__(self, counts: Array, cells: Array, signs: Array) -> None:
        self.counts, self.cells, self.signs = counts, cells, signs
        self.ends = np.concatenate([[0], np.cumsum(counts)])

    def __len__(self) -> int:
        return len(self.counts)

    def of(self, i: int) -> zip[tuple[int, int]]:
        part = slice(self.ends[i], self.ends[i + 1])
        return zip(self.cells[part].tolist(), self.signs[part].tolist(), strict=True)

    def numbers(self) -> Array:
        """For each entry the number of its chain."""
        return np.repeat(np.arange(len(self.counts)), self.counts)


class Facets(Rows):
    """Chains as lists."""

    def __getitem__(self, i: int) -> list[tuple[int, int]]:
        return list(self.of(i))

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        return (self[i] for i in range(len(self)))


class Boundary(Rows):
    """Chains as dictionaries."""

    def __getitem__(self, i: int) -> Chain:
        return dict(self.of(i))


def entries(rows: Rows, chosen: Array) -> Array:
    """The places of the entries of some chains, one chain after the other."""
    counts = rows.counts[chosen]
    starts = rows.ends[chosen] - np.concatenate([[0], np.cumsum(counts)[:-1]])
    return np.repeat(starts, counts) + np.arange(int(counts.sum()))


def first_of_equals(keys: Sequence[Array], order: Array) -> Array:
    """For each place in the order whether another value of the keys begins there."""
    first = np.zeros(len(order), bool)
    first[:1] = True
    for key in keys:
        ordered = key[order]
        first[1:] |= ordered[1:] != ordered[:-1]
    return first


def flat_integers(rows: Any, what: str) -> tuple[Array, list[int]]:
    """The lengths of lists of integers, and all their integers."""
    if set(map(type, plain.filled(rows))) != {list}:
        raise Unreadable(f"{what}: expected lists of integers")
    flat = list(chain.from_iterable(rows))
    if not set(map(type, flat)) <= {int}:
        raise Unreadable(f"{what}: expected lists of integers")
    return np.fromiter(map(len, rows), np.int64, len(rows)), flat


# ---- signs -----------------------------------------------------------------------------------------------------------


class Linear:
    """Linear forms as a network of one layer."""

    def __init__(self, forms: list[Form]) -> None:
        self.rows, self.depth = [forms], 0
        self.above: list[int] = []
        self.below: list[list[int]] = []


class Evaluation:
    """The signs of all forms at many vectors.

    Vectors and layers are divided by positive numbers T, so that they are floating-point numbers of moderate size. Let
    v be the true value of a sum of n products w x, and x' and w' the numbers in their place, |x - x'| <= e,
    |w - w'| <= u |w'|, u = 2^-53. In any order of summation, and with fused operations or without,
        |v - v'| <= sum |w'| (e + (2 n + 32) u |x'|) (1 + 2^-20) + TINY,
    where (n + 2) u |w'| |x'| would do for the roundings, and the rest covers those of the bound itself. An activation
    is continuous and has slopes of modulus at most m = max(1, |slope|), so that its error is at most m e and a
    rounding.
    """

    def __init__(self, forms: plain.Forms) -> None:
        self.forms = forms
        self.n_words = -(-forms.all.bit_length() // 64)
        self.places: list[tuple[int, int, int]] = list(forms.first)
        linear = [Linear(forms.linear)] if forms.linear else []
        self.networks: list[Linear | Layers] = [*linear, *forms.networks]
        n = len(linear)
        self.columns = [(0, 0, j) for j in range(len(forms.linear))] + [(n + i, k, j) for i, k, j in self.places]
        self.wanted: dict[tuple[int, int], tuple[list[int], list[int]]] = {}  # of a layer: neurons, and their bits
        for bit, (i, k, j) in enumerate(self.columns, 1):
            neurons, bits = self.wanted.setdefault((i, k), ([], []))
            neurons.append(j)
            bits.append(bit)
        self._bounds = [
            [(max(abs(row[0]) for row in rows), max(sum(map(abs, row[1:])) for row in rows)) for rows in net.rows]
            for net in self.networks
        ]
        self._slopes = [
            [max(1, abs(a), *map(abs, b)) for a, b in zip(net.above, net.below, strict=True)] for net in self.networks
        ]
        self._scaled: list[list[tuple[Array, Array, Array | None]]] | None = None

    def signs(self, vectors: list[Form]) -> tuple[Array, Array]:
        """The bits of the forms that are positive and negative, by columns."""
        top = max(map(abs, chain.from_iterable(vectors)))
        found = np.zeros((len(vectors), 64 * self.n_words), np.int8)
        found[:, 0] = [g[0] > 0 for g in vectors]
        if self._is_small(top):
            self._exact(np.array(vectors, dtype=float), found)
        else:
            self._bounded(vectors, found)
        both = []
        for side in (1, -1):
            packed = np.packbits(found == side, axis=1, bitorder="little")
            both.append(np.ascontiguousarray(packed.view("<u8").astype(np.uint64).T))
        return both[0], both[1]

    def _is_small(self, top: int) -> bool:
        """Whether no number in the evaluation can reach 2^53."""
        for bounds, slopes in zip(self._bounds, self._slopes, strict=True):
            size = top
            for k, (bias, weights) in enumerate(bounds):
                size = bias * top + weights * size
                if k < len(slopes):
                    size = max(1, size) * slopes[k]
                if max(size, bias, weights) >= EXACT:
                    return False
        return True

    def _exact(self, x: Array, found: Array) -> None:
        for i, net in enumerate(self.networks):
            values = x[:, 1:]
            for k, rows in enumerate(net.rows):
                matrix = np.array(rows, dtype=float)
                z = x[:, :1] * matrix[:, 0] + values @ matrix[:, 1:].T
                if (i, k) in self.wanted:
                    neurons, bits = self.wanted[i, k]
                    found[:, bits] = np.sign(z[:, neurons])
                if k < net.depth:
                    values = np.where(z >= 0, net.above[k] * z, np.array(net.below[k], dtype=float) * z)

    def _bounded(self, vectors: list[Form], found: Array) -> None:
        tops = [max(map(abs, g)) for g in vectors]
        x = np.array([[a / t for a in g] for g, t in zip(vectors, tops, strict=True)])
        fine = ((np.abs(x) >= LEAST) | np.array([[not a for a in g] for g in vectors])).all(1)
        if self._scaled is None:
            self._scaled = [_scaled(net) for net in self.networks]
        open_signs = np.zeros(found.shape, bool)
        for i, layers in enumerate(self._scaled):
            values, error = x[:, 1:], np.abs(x[:, 1:]) * UNIT
            for k, (bias, weights, slopes) in enumerate(layers):
                factor = (2 * weights.shape[1] + 34) * UNIT
                with np.errstate(all="ignore"):
                    z = x[:, :1] * bias + values @ weights.T
                    e = (error + factor * np.abs(values)) @ np.abs(weights).T
                    e = (e + np.abs(x[:, :1]) * (np.abs(bias) * factor)) * (1 + 2.0**-20) + TINY
                    if (i, k) in self.wanted:
                        neurons, bits = self.wanted[i, k]
                        decided = (np.abs(z[:, neurons]) > e[:, neurons]) & fine[:, None]
                        found[:, bits] = np.where(decided, np.sign(np.where(decided, z[:, neurons], 0)), 0)
                        open_signs[:, bits] = ~decided
                    if slopes is not None:
                        values = np.where(z >= 0, z, slopes * z)
                        error = np.maximum(1, np.abs(slopes)) * (e * (1 + 2.0**-20) + 4 * UNIT * np.abs(z)) + TINY
        at, bits_open = np.nonzero(open_signs)
        ends = np.searchsorted(at, np.arange(len(vectors) + 1)).tolist()
        bits_list = bits_open.tolist()
        for v, g in enumerate(vectors):
            if ends[v] < ends[v + 1]:
                bits = bits_list[ends[v] : ends[v + 1]]
                found[v, bits] = self._from_integers(g, [self.columns[bit - 1] for bit in bits])

    def _from_integers(self, g: Form, wanted: list[tuple[int, int, int]]) -> list[int]:
        """Signs of neurons (network, layer, number), from layers before the last of them and no more."""
        values: dict[tuple[int, int, int], int] = {}
        for i in {i for i, _, _ in wanted}:
            net, last = self.networks[i], max(k for n, k, _ in wanted if n == i)
            x0, inputs = g[0], g[1:]
            for k in range(last):
                z = _times_rows(net.rows[k], x0, inputs)
                values.update(((i, k, j), v) for j, v in enumerate(z))
                above = net.above[k]
                inputs = [above * v if v >= 0 else a * v for v, a in zip(z, net.below[k], strict=True)]
            neurons = [j for n, k, j in wanted if n == i and k == last]
            z = _times_rows([net.rows[last][j] for j in neurons], x0, inputs)
            values.update(((i, last, j), v) for j, v in zip(neurons, z, strict=True))
        return [(values[place] > 0) - (values[place] < 0) for place in wanted]


def _times_rows(rows: list[Form], x0: int, inputs: Form) -> list[int]:
    active = [j for j, x in enumerate(inputs, 1) if x]
    if not active:
        return [row[0] * x0 for row in rows]
    pick, factors = itemgetter(0, *active), [x0, *filter(None, inputs)]
    return [sum(map(mul, pick(row), factors)) for row in rows]


def _scaled(net: Linear | Layers) -> list[tuple[Array, Array, Array | None]]:
    """Bias, weights and slopes below zero of every layer, divided by positive numbers; nan if out of range."""
    found = []
    scale = 1
    for k, rows in enumerate(net.rows):
        top = max(1, *(abs(x) for row in rows for x in row[1:]))
        bias = _quotients([row[0] for row in rows], top * scale)
        weights = np.array([_quotients(row[1:], top) for row in rows])
        scale *= top
        slopes = None
        if k < net.depth:
            slopes = _quotients(net.below[k], net.above[k])
            scale *= net.above[k]
        found.append((bias, weights, slopes))
    return found


def _quotients(numerators: Sequence[int], denominator: int) -> Array:
    quotients = []
    for x in numerators:
        try:
            q = x / denominator
        except OverflowError:
            q = float("nan")
        quotients.append(q if x == 0 or 1 / LEAST >= abs(q) >= LEAST else float("nan"))
    return np.array(quotients)


# ---- the complex -----------------------------------------------------------------------------------------------------


class Outputs(Sequence[list[list[int]]]):
    """The outputs of each network at the vectors, when they are asked for."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells

    def __len__(self) -> int:
        return len(self._cells.vectors)

    def __getitem__(self, v: Any) -> Any:
        return [net.values(self._cells.vectors[v])[-1] for net in self._cells.forms.networks]


class Cells(plain.Cells):
    """The cells of one complex, checked record by record."""

    def __init__(self, forms: plain.Forms, rank: int, start: list[int], name: str) -> None:
        super().__init__(forms, rank, start, name)
        self.evaluation = Evaluation(forms)
        self.n_words = self.evaluation.n_words
        self.p: list[Array] = []
        self.m: list[Array] = []
        self.rows: list[Rows] = []
        self.outputs = Outputs(self)  # type: ignore[assignment]

    def read(self, records: Records, max_cells: int) -> None:
        if self.rank == 0:
            raise Unreadable("a complex of dimension 0 is a matter for the plain program")
        parts: list[tuple[Array, Array]] = []
        while records.next_is("points"):
            (points,) = records.fields("points", 1)
            parts.append(self._add_vectors(points))
            self._limit_count(len(self.vectors), max_cells)
        self._enter(parts, [])
        count = len(self.vectors)
        for q in range(1, self.rank + 1):
            parts, blocks = [], []
            classes, usable = self._classes(q - 1), self._usable(self.p[q - 1], self.m[q - 1])
            while records.next_is("cells") and records.peek[1:2] == [q]:
                _, rows = records.fields("cells", 2)
                counts, flat = flat_integers(rows, "cell")
                count += len(counts)
                self._limit_count(count, max_cells)
                block, signs = self._add(q, counts, np.array(flat, dtype=np.int64), classes, usable)
                blocks.append(block)
                parts.append(signs)
            self._enter(parts, blocks)
        self.close()

    def _enter(self, parts: list[tuple[Array, Array]], blocks: list[Rows]) -> None:
        """The cells of one dimension."""
        q = len(self.p)
        if not parts:
            refuse(self.name + "complex", f"has no {q}-cell")
        self.p.append(np.concatenate([p for p, _ in parts], axis=1))
        self.m.append(np.concatenate([m for _, m in parts], axis=1))
        if q:
            columns = [np.concatenate(x) for x in zip(*((b.counts, b.cells, b.signs) for b in blocks), strict=True)]
        else:
            columns = [np.zeros(self.p[0].shape[1], np.int64), *[np.zeros(0, np.int64)] * 2]
        self.rows.append(Rows(*columns))
        self.facets[q] = Facets(*columns)  # type: ignore[call-overload]
        self.plus[q], self.minus[q] = Bits(self.p[q]), Bits(self.m[q])  # type: ignore[call-overload]

    def _add_vectors(self, points: Any) -> tuple[Array, Array]:
        """(a)."""
        counts, _ = flat_integers(points, "point")
        if (counts != self.rank + 1).any():
            raise Unreadable("point: wrong length")
        if any(g[0] < 0 or not any(g) for g in points):
            refuse(f"{self.name}0-cell", "is no vector with x0 >= 0 other than 0")
        for net in self.forms.networks:
            net.spend(*points)
        each = len(self.forms.linear) * (self.rank + 1) + self.forms.all.bit_length() ** 2 // 2000
        Budget.spend(each * len(points))
        p, m = self.evaluation.signs(points)
        if (m & words(self.forms.walls, self.n_words)).any():
            refuse(f"{self.name}0-cell", "lies outside the domain")
        self.vectors += points
        self.facts += 2 * len(points)
        return p, m

    def _usable(self, p: Array, m: Array) -> Array:
        conflict = p & m
        usable = np.broadcast_to(words(self.forms.all, self.n_words), p.shape).copy()
        waiting = np.flatnonzero(conflict.any(0))
        for end in self.forms.ends:
            if not len(waiting):
                break
            stage = words((1 << end) - 1, self.n_words)
            here = (conflict[:, waiting] & stage).any(0)
            found = waiting[here]
            usable[:, found] = ~conflict[:, found] & stage
            waiting = waiting[~here]
        return usable

    def _classes(self, q: int) -> Array:
        """For every q-cell a number, the same for two cells if and only if they have the same signs."""
        keys = [*self.p[q], *self.m[q]]
        order = np.lexsort(keys)
        classes = np.empty(len(order), np.int64)
        classes[order] = np.cumsum(first_of_equals(keys, order)) - 1
        return classes

    def _add(
        self, q: int, counts: Array, flat: Array, classes: Array, usable_below: Array
    ) -> tuple[Rows, tuple[Array, Array]]:
        """q-cells by their facets, given as (number + 1) times sign: (b), (c), (d)."""
        place = f"{self.name}{q}-cells"
        if not counts.all():
            refuse(place, "one has no facet")
        n = self.p[q - 1].shape[1]
        if ((flat == 0) | (flat > n) | (flat < -n)).any():
            raise Unreadable(f"{place}: a facet is no cell")
        rows = Rows(counts, np.abs(flat) - 1, np.sign(flat))
        f, cell, starts = rows.cells, rows.numbers(), rows.ends[:-1]
        self._check_boundary(q, rows, cell, place)
        p_below, m_below = self.p[q - 1][:, f], self.m[q - 1][:, f]
        p = np.bitwise_or.reduceat(p_below, starts, axis=1)
        m = np.bitwise_or.reduceat(m_below, starts, axis=1)
        supporting = (p | m) & self._usable(p, m)
        if not (supporting[:, cell] & ~(p_below | m_below)).any(0).all():
            refuse(place, "no form supports one of them at a facet")
        conflict = (p_below & m_below).any(0)
        clear = ~conflict
        keys = np.sort(cell[clear] * (int(classes.max()) + 1) + classes[f[clear]])
        if (keys[1:] == keys[:-1]).any():
            refuse(place, "two facets have the same signs")
        if conflict.any():
            others = np.bincount(cell[conflict], minlength=len(counts))
            Budget.spend(int((others * counts).sum()))
            self._check_separated(q - 1, rows, np.flatnonzero(others), usable_below, place)
        self.facts += int((2 + counts + counts * (counts - 1) // 2).sum())
        return rows, (p, m)

    def _check_boundary(self, q: int, rows: Rows, cell: Array, place: str) -> None:
        """The boundary of the boundary is 0."""
        if q == 1:
            Budget.spend(len(cell))
            wrong = bool(np.asarray(np.add.reduceat(rows.signs, rows.ends[:-1])).any())
        else:
            below = self.rows[q - 1]
            at = entries(below, rows.cells)
            repeated = below.counts[rows.cells]
            keys = np.repeat(cell, repeated) * self.p[q - 2].shape[1] + below.cells[at]
            keys = np.sort(2 * keys + (np.repeat(rows.signs, repeated) * below.signs[at] > 0))
            groups = keys >> 1
            starts = np.flatnonzero(np.concatenate([[True], groups[1:] != groups[:-1]]))
            wrong = bool(np.asarray(np.add.reduceat(2 * (keys & 1) - 1, starts)).any())
            cells_of = groups[starts] // self.p[q - 2].shape[1]
            Budget.spend(int((np.bincount(cells_of, minlength=len(rows)) * rows.counts).sum()))
        if wrong:
            refuse(place, "the boundary of a boundary is not zero")

    def _check_separated(self, q: int, rows: Rows, chosen: Array, usable: Array, place: str) -> None:
        """Check that the q-cells in these rows are pairwise separated, except two without a conflict."""
        conflict = np.asarray((self.p[q] & self.m[q]).any(0))
        for k in np.unique(rows.counts[chosen]).tolist():
            same = chosen[rows.counts[chosen] == k]
            first, second = np.triu_indices(k, 1) if k * k <= 4 * MOST_PAIRS else (None, None)
            if first is None or second is None:
                raise Unreadable("a cell with many facets is a matter for the plain program")
            step = max(1, MOST_PAIRS // max(1, len(first)))
            for i in range(0, len(same), step):
                facets: Array = rows.cells[rows.ends[same[i : i + step], None] + np.arange(k)]
                a, b = facets[:, first].ravel(), facets[:, second].ravel()
                if not (self._separated(q, a, b, usable) | ~conflict[a] & ~conflict[b]).all():
                    refuse(place, "two facets are not separated")

    def _separated(self, q: int, a: Array, b: Array, usable: Array) -> Array:
        different = (self.p[q][:, a] ^ self.p[q][:, b]) | (self.m[q][:, a] ^ self.m[q][:, b])
        return np.asarray((different & usable[:, a] & usable[:, b]).any(0))

    def close(self) -> None:
        """(e) to (g)."""
        r = self.rank
        n = self.p[r].shape[1]
        for q in range(r):
            if not np.bincount(self.rows[q + 1].cells, minlength=len(self.rows[q])).all():
                refuse(f"{self.name}{q}-cell", "is a facet of no cell")
        usable = self._usable(self.p[r], self.m[r])
        others = np.arange(1, n)
        if not self._separated(r, np.zeros_like(others), others, usable).all():
            refuse(f"{self.name}{r}-cell", f"is not separated from {r}-cell 0")
        self._check_opposite(usable)
        self.facts += self.count() + n
        self.sign = self._signs() if self.forms.has_level else []

    def _check_opposite(self, usable: Array) -> None:
        """(f)."""
        r, n_words = self.rank, self.n_words
        around = self.rows[r]
        numbers = np.bincount(around.cells, minlength=len(self.rows[r - 1]))
        if (numbers > 2).any():
            refuse(f"{self.name}{r - 1}-cell", f"is a facet of more than two {r}-cells")
        order = np.argsort(around.cells, kind="stable")
        first = np.cumsum(numbers) - numbers
        vanishing = ~(self.p[r - 1] | self.m[r - 1])
        if not (vanishing[:, numbers == 1] & words(self.forms.walls, n_words)).any(0).all():
            refuse(f"{self.name}{r - 1}-cell", f"is a facet of one {r}-cell, but not at infinity nor in a wall")
        inner = np.flatnonzero(numbers == 2)
        cell = around.numbers()[order]
        a, b = cell[first[inner]], cell[first[inner] + 1]
        p, m = self.p[r], self.m[r]
        both = vanishing[:, inner] & (p[:, a] | m[:, a] | p[:, b] | m[:, b]) & usable[:, a] & usable[:, b]
        opposite = (p[:, a] & m[:, b]) | (m[:, a] & p[:, b])
        fine, waiting = np.zeros(len(inner), bool), np.ones(len(inner), bool)
        for w in range(n_words):
            lowest = both[w] & (~both[w] + np.uint64(1))
            fine |= waiting & ((lowest & opposite[w]) != 0)
            waiting &= both[w] == 0
        if not fine.all():
            refuse(f"{self.name}{r - 1}-cell", f"its {r}-cells are not on opposite sides of it")
        self.facts += len(numbers)

    def _signs(self) -> list[Any]:
        level = words(self.forms.level, self.n_words)
        found: list[Array] = []
        for p, m in zip(self.p, self.m, strict=True):
            positive, negative = np.asarray((p & level).any(0)), np.asarray((m & level).any(0))
            found.append(np.where(positive, 1, np.where(negative, -1, 0)))
        bounds = plain.Bounds(self)
        for c in np.flatnonzero((self.p[-1] & self.m[-1]).any(0)).tolist():
            faces = [np.array([c])]
            for q in range(self.rank, 0, -1):
                faces.append(np.unique(self.rows[q].cells[entries(self.rows[q], faces[-1])]))
            sign = int(found[self.rank][c])
            if not bounds.proved(c, faces[-1].tolist(), sign):
                refuse(f"{self.name}{self.rank}-cell {c}", "neurons change sign on it; no bound proves a sign of F - t")
            self.facts += 1
            for of_degree, cells in zip(found, faces[::-1], strict=True):
                of_degree[cells] = sign
        return found

    def is_complete(self) -> bool:
        return not (self.p[-1] & self.m[-1]).any()

    def far(self) -> list[Array]:
        """For every cell whether it has a vector at infinity."""
        found: list[Array] = [(self.p[0][0] & np.uint64(1)) == 0]
        for rows in self.rows[1:]:
            found.append(np.logical_or.reduceat(found[-1][rows.cells], rows.ends[:-1]))
        return found

    def unbounded(self) -> list[list[bool]]:
        return [x.tolist() for x in self.far()]


# ---- homology --------------------------------------------------------------------------------------------------------


class Selection(plain.Selection):
    """The cells whose chains give the homology of a region, as arrays."""

    def __init__(self, cells: Cells, relation: str, outer: int) -> None:
        far = cells.far()
        outer_words = words(outer, cells.n_words)
        self.cells, self.boundary = [], []
        below = np.zeros(0, np.int64)
        for q, (p, m, rows) in enumerate(zip(cells.p, cells.m, cells.rows, strict=True)):
            inside = (p[0] & np.uint64(1)).astype(bool) & np.isin(cells.sign[q], plain.RELATIONS[relation])
            if relation in "<>":
                inside &= ~(outer_words & ~(p | m)).any(0)
            else:
                inside &= ~far[q]
            chosen = np.flatnonzero(inside)
            at = entries(rows, chosen)
            faces = below[rows.cells[at]]
            kept = faces >= 0
            owner = np.repeat(np.arange(len(chosen)), rows.counts[chosen])[kept]
            counts = np.bincount(owner, minlength=len(chosen))
            self.boundary.append(Boundary(counts, faces[kept], rows.signs[at][kept]))  # type: ignore[arg-type]
            self.cells.append(chosen.tolist())
            below = np.full(len(inside), -1, np.int64)
            below[chosen] = np.arange(len(chosen))


class Matching(plain.Matching):
    """The critical complex. Without a cycle (checked first), p is only needed of cells below critical ones."""

    def __init__(self, boundary: Any, partners: list[list[int]], place: str) -> None:
        self._boundary, self._place = boundary, place
        pairs = [(np.zeros(0, np.int64),) * 2 for _ in boundary]
        times = [np.zeros(len(rows), np.int64) for rows in boundary]
        for q, (rows, of_degree) in enumerate(zip(boundary, partners, strict=True)):
            if not q or not of_degree:
                continue
            position = np.array(of_degree, dtype=np.int64)
            upper = np.flatnonzero(position >= 0)
            if (position[upper] >= rows.counts[upper]).any():
                raise Unreadable(f"{place}: a {q}-cell has no face of this number")
            lower = rows.cells[rows.ends[upper] + position[upper]]
            times[q][upper] += 1
            times[q - 1] += np.bincount(lower, minlength=len(times[q - 1]))
            pairs[q - 1] = lower, upper
        if any((x > 1).any() for x in times):
            refuse(place, "a cell is in two pairs")
        self.pairs = [list(zip(a.tolist(), b.tolist(), strict=True)) for a, b in pairs]
        for q, (lower, upper) in enumerate(pairs):
            if len(lower):
                self._check_order(q, boundary[q + 1], lower, upper, len(boundary[q]))
        self._upper = [dict(x) for x in self.pairs]
        self._matched = [bytearray(x.astype(np.uint8).tobytes()) for x in times]
        self.critical = [np.flatnonzero(x == 0).tolist() for x in times]
        self._images = [{} for _ in boundary]
        self.boundary = []
        for q, cells in enumerate(self.critical):
            columns = []
            for c in cells:
                faces = boundary[q][c].items()
                for x, _ in faces:
                    if x in self._upper[q - 1]:
                        self._image(q - 1, x)
                columns.append(self._sum(q - 1, faces))
            self.boundary.append(columns)

    def _check_order(self, q: int, rows: Rows, lower: Array, upper: Array, n: int) -> None:
        """Refuse a cycle: pairs without a successor leave, again and again, and all of them must."""
        number = np.full(n, -1, np.int64)
        number[lower] = np.arange(len(lower))
        target = number[rows.cells[entries(rows, upper)]]
        source = np.repeat(np.arange(len(upper)), rows.counts[upper])
        edges = (target >= 0) & (target != source)
        source, target = source[edges], target[edges]
        waits_for = np.bincount(source, minlength=len(lower))
        counts = np.bincount(target, minlength=len(lower))
        before = Rows(counts, source[np.argsort(target, kind="stable")], counts)
        ready = np.flatnonzero(waits_for == 0)
        left = len(lower)
        while len(ready) > 50:
            left -= len(ready)
            released = before.cells[entries(before, ready)]
            np.subtract.at(waits_for, released, 1)
            ready = np.unique(released[waits_for[released] == 0])
        waits, ends, sources, stack = waits_for.tolist(), before.ends.tolist(), before.cells.tolist(), ready.tolist()
        while stack:
            left -= 1
            pair = stack.pop()
            for x in sources[ends[pair] : ends[pair + 1]]:
                waits[x] -= 1
                if not waits[x]:
                    stack.append(x)
        if left:
            refuse(self._place, f"the pairs of {q}-cells are in a cycle")


class Certificate(plain.Certificate):
    """A file, read and checked with arrays."""

    complex = Cells

    def reduced(self, cells: Any, relation: str, number: int, place: str) -> tuple[Any, Any]:
        selection = Selection(cells, relation, cells.forms.outer)
        partners = plain.read_pairs(self.records, number, selection.boundary)
        return selection, Matching(selection.boundary, partners, place)

    def counts(self, cells: Any, defining: int) -> tuple[list[int], int]:
        finite = [np.flatnonzero(p[0] & np.uint64(1)) for p in cells.p]
        signs = [
            np.concatenate([x[:, c] for x, c in zip(of_sign, finite, strict=True)], axis=1)
            & words(defining & cells.forms.all, cells.n_words)
            for of_sign in (cells.p, cells.m)
        ]
        far = np.concatenate([x[c] for x, c in zip(cells.far(), finite, strict=True)])
        dimensions = np.repeat(np.arange(len(finite)), list(map(len, finite)))
        keys = [*signs[0], *signs[1]]
        order = np.lexsort([dimensions, *keys])
        starts = np.flatnonzero(first_of_equals(keys, order))
        largest = dimensions[order[np.append(starts[1:], len(order)) - 1]]
        bounded = ~np.logical_or.reduceat(far[order], starts)
        f_vector = [0] * self.quotient.lineality + np.bincount(largest, minlength=len(finite)).tolist()
        is_region = largest + self.quotient.lineality == self.net.inputs
        return f_vector, int((bounded & is_region).sum())


def check(
    path: Any, sha256: str | None = None, max_cells: int = plain.MAX_CELLS, max_work: int = plain.MAX_WORK
) -> list[str]:
    """The lines of the report; what is not accepted with arrays is left to the plain program."""
    try:
        return plain.check(path, sha256, max_cells, max_work, Certificate)
    except (plain.Refused, Unreadable):
        return plain.check(path, sha256, max_cells, max_work)


if __name__ == "__main__":
    sys.exit(plain.main(checking=check))
