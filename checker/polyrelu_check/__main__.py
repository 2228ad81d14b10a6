"""polyrelu-check: whether a certificate of the cells or the topology of a ReLU network proves what it claims.

    polyrelu-check FILE [--sha256 HASH] [--max-cells N] [--max-work N]        python -I -S polyrelu_check FILE

Exit status: 0, the claims are proved; 1, a fact that the proof needs is false; 2, the file is no certificate, or it
exceeds a limit. The format is described in docs/certificates.md of polyrelu. This program shares nothing with polyrelu,
uses integers and fractions only, and needs nothing but the standard library of Python.

What is proved, and why
=======================

Let F be the network. If its first layer depends on x through y = Q x only (checked: `Quotient`), so does F, and all
that is said of F is a statement about y in R^r times a vector space of dimension d - r. So let d = r from here on.
Points are written (1, y), directions (0, u), both up to positive factors, as nonzero integer vectors g with x0 >= 0.
Every layer is evaluated on such vectors with its bias multiplied by x0; values are then positive multiples of the true
ones (for directions: of the slopes at infinity). A *form* is one of: x0; the walls of the domain D; further hyperplanes
that the file names; every hidden neuron before its activation, if it is not the identity; F - t. Forms are functions on
the cone x0 >= 0, homogeneous and continuous, and ordered by stages: 0 for x0, walls and hyperplanes, then the layers.

The file lists 0-cells, which are vectors, and q-cells, which are lists of (q-1)-cells with signs. For a cell c let G(c)
be all vectors below it, K(c) the cone that they span, and plus(c), minus(c) the sets of forms that are positive,
negative somewhere on G(c). A form in both is in *conflict*. A form is *usable* on c if it is in no conflict and no form
of an earlier stage is.

LEMMA 1. Usable forms are linear on K(c), and have there the signs that they have on G(c). By induction over stages: if
no neuron of the stages before changes sign on G(c), they are linear on K(c), do not change sign on it, so that their
activations are linear on it.

Checked for every cell (`Cells.add`), r being the dimension:
 (a) vectors lie in D (all walls are >= 0) and in x0 >= 0;
 (b) the boundary of the boundary is 0, with one facet at least; of an edge the sum of signs is 0;
 (c) for each facet f of c some form is usable on c, zero on f and not zero on c;
 (d) any two facets of c are *separated*: some form that is usable on both has different signs on them;
and once (`Cells.close`):
 (e) there is an r-cell, and every cell of dimension < r is a facet of some cell;
 (f) an (r-1)-cell is a facet of two r-cells, and a form that is the same linear form on both is positive on one and
     negative on the other, or it is a facet of one, and x0 or a wall of D vanishes on it (no wall is 0 everywhere);
 (g) every other r-cell is separated from the first.

THEOREM 2. The K(c) of the r-cells cover the cone of D with disjoint interiors; every point of D, finite or at infinity,
lies in the relative interior of exactly one cell; and the relative boundary of K(c) is the union of the facets of c. So
the cells that are not at infinity form a regular cell complex of D, whose closed cells are convex polyhedra.

Proof. *Dimension.* By (c), G(c) spans more than G(f), so at least q + 1 dimensions for a q-cell, r + 1 for an r-cell.
By (e) and (c) downwards, it is q + 1 exactly. K(f) lies in a proper face of K(c).
*Boundary.* K(c) is no linear space, by (c). Let S(c) be its relative boundary without 0, up to positive factors: a
sphere of dimension q - 1. By induction K(f) has an orientation [f] with boundary sum s_g [g]. So z = sum s_f [f] is a
cycle on S(c) by (b), and a multiple m of the sphere; for q = 1, z has two opposite points. By Lemma 1, relative
interiors of separated cells are disjoint. So by (d) only f covers a generic point of f, m = 1 or -1, and the facets
cover S(c). Orient c such that z is its boundary.
*Tiling.* Let N(x) be the number of r-cells with x in K(c). Where x crosses (r-1)-cells in a generic point inside D,
each of these is a facet of two r-cells on opposite sides by (f), and each r-cell has at most one of them there by (d).
So N is constant in the interior of D, which is convex. At an interior point of the first r-cell it is 1 by (g), (a).
*Exactly one.* That some cell has x in its relative interior follows downwards. Uniqueness among the faces of c, by
induction over q: around x in S(c), facets are connected with each other through (q-2)-cells g that contain x (without
sets of codimension 2, a sphere remains connected). A facet f on one side of a generic point of g; by (b) another facet
of c has g as facet too, and it lies on the other side because it is disjoint. The face of f with x in its relative
interior is, by induction, unique, and that of g, and so the same for the next facet. Among all r-cells the argument
goes through the (r-1)-cells, with (f). QED

LEMMA 3. The polyhedra are pointed (contain no line). Of an r-cell with a conflict, `Bounds` finds a form that is
positive on all of G(c). Let c be an r-cell without one, and L the largest linear space in K(c). All forms vanish on L,
so by (c) it has no cells of dimension > 0, and is a line with two 0-cells u, -u if it is not 0. On a face of K(c) of
one dimension more, without L, all forms have the same signs everywhere; by (c) no 0-cell lies in it, so that it is a
1-cell, with the facets u and -u, which are not separated: a contradiction to (d). QED

In (f), let i be the first form that is usable on both cells c, c', zero on f, and not zero on c or c'. Forms of earlier
stages that do not vanish on f have the sign on c and c' that they have on f, and those that do vanish on c and c'. So
all neurons of earlier stages act on c and c' alike, and form i is one linear form on both.

THE SIGN OF F - t. Where no form is in conflict on a cell, F - t is linear on it and has the sign that it has on G(c).
Otherwise, by (e), some form is in conflict on an r-cell of which it is a face, and `Bounds` proves that F - t has one
strict sign at all finite points of this r-cell.

REGIONS. Closed regions {F >= t}, {F <= t}, {F = t} retract onto their bounded cells, because an unbounded pointed
polyhedron retracts onto its boundary without the part at infinity. The open regions {F > t}, {F < t} are manifolds, up
to homotopy without the boundary of D; so H_k = H_c^(r-k) by duality, which is the cohomology of the cochains on exactly
the cells inside. `Matching` reduces these chains, `homology` finds Betti numbers and torsion.

COUNTS. A cell of C(F) is the closure of the set of all points where the forms have given signs, which is convex and
relatively open, since the signs determine which linear form every neuron is. So if no form is in conflict anywhere,
cells of C(F) are counted by the different pairs (plus, minus), and their dimensions are the largest that occur.

PERSISTENCE. All cells are cut off far out; `Far` says how. The cells with F <= t at all vertices, far ones included,
form a retract of {F <= t}. Pairs of cells with one value are matched, and the columns of the rest are reduced.

PARTS. A binary tree cuts D into polyhedra, each of which has a complex of its own. `Walls` checks that cells in common
walls are the same from all sides, so that all together are a complex of D as in Theorem 2; and it is reduced as such.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import hashlib
import json
import sys
import zlib
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from math import gcd, isqrt, lcm
from operator import itemgetter, mul
from typing import Any, NoReturn

MAX_LINE = 1 << 25  # bytes
MAX_DIGITS = 20_000  # of a number in the file
MAX_WORK = 10**10  # steps, each about a multiplication of numbers of a thousand bits
MAX_CELLS = 5_000_000  # of a complex
MAX_CLAIMS = 100
MAX_BITS = 1 << 30  # of the parameters of a network with a common denominator
RELATIONS = {">": (1,), ">=": (0, 1), "<": (-1,), "<=": (-1, 0), "=": (0,)}
KEYS = {  # of each kind of claim
    "homology": {"relation", "betti", "torsion"},
    "cells": {"with_level", "f_vector", "bounded_regions"},
    "persistence": {"superlevel", "field", "bars"},
    "identical": set[str](),
    "different": {"point"},
}

Form = list[int]
Chain = dict[int, int]


class Refused(Exception):
    """A fact that the proof needs is false."""


class Unreadable(Exception):
    """The file is no certificate, or exceeds a limit."""


def refuse(place: str, fact: str) -> NoReturn:
    raise Refused(f"{place}: {fact}")


class Budget:
    """A limit on the work."""

    left = MAX_WORK

    @classmethod
    def spend(cls, steps: int) -> None:
        cls.left -= steps
        if cls.left < 0:
            raise Unreadable("limit: the file asks for too much work (--max-work)")


# ---- reading ---------------------------------------------------------------------------------------------------------


def expect(value: Any, kind: type, what: str) -> Any:
    """The value itself, which must have exactly this type."""
    if type(value) is not kind:
        raise Unreadable(f"{what}: expected {kind.__name__}, got {type(value).__name__}")
    return value


def integers(value: Any, what: str, length: int | None = None) -> list[int]:
    if type(value) is not list or not all(type(x) is int for x in value):
        raise Unreadable(f"{what}: expected a list of integers")
    if length is not None and len(value) != length:
        raise Unreadable(f"{what}: expected {length} integers, got {len(value)}")
    return value


def filled(value: Any) -> list[Any]:
    if type(value) is not list or not value:
        raise Unreadable("expected a list of cells, got one without cells")
    return value


def rational(value: Any) -> Fraction:
    """An integer, or a string "p" or "p/q"."""
    if type(value) is int:
        return Fraction(value)
    if isinstance(value, str) and len(value) <= 2 * MAX_DIGITS and value.isascii():
        numerator, slash, denominator = value.partition("/")
        if numerator.removeprefix("-").isdigit() and (not slash or denominator.isdigit()):
            if not slash:
                return Fraction(int(numerator))
            if int(denominator):
                return Fraction(int(numerator), int(denominator))
    raise Unreadable(f"expected an integer or a string p/q, got {str(value)[:40]!r}")


def rationals(value: Any, what: str, length: int | None = None) -> list[Fraction]:
    values = [rational(x) for x in expect(value, list, what)]
    if length is not None and len(values) != length:
        raise Unreadable(f"{what}: expected {length} numbers, got {len(values)}")
    return values


class Records:
    """The lines of the file, one after the other; `peek` is the next one, None at the end."""

    def __init__(self, path: Any) -> None:
        self._file = gzip.open(path, "rb")  # noqa: SIM115
        self.number = 0
        self.peek: Any = None
        self.take()

    def take(self) -> Any:
        """The next line, as JSON."""
        record = self.peek
        line = self._file.readline(MAX_LINE + 1)
        self.number += 1
        Budget.spend(len(line))
        if len(line) > MAX_LINE:
            raise Unreadable(f"line {self.number}: longer than {MAX_LINE} bytes")
        try:
            self.peek = _json(line) if line else None
        except (ValueError, RecursionError):
            raise Unreadable(
                f"line {self.number}: not JSON with integers of at most {MAX_DIGITS} digits and no key twice"
            ) from None
        if line and not isinstance(self.peek, (dict, list)):
            raise Unreadable(f"line {self.number}: expected a record")
        return record

    def next_is(self, kind: str) -> bool:
        return isinstance(self.peek, list) and bool(self.peek) and self.peek[0] == kind

    def fields(self, kind: str, n: int) -> list[Any]:
        """What follows the name of the next record, which must be of this kind."""
        if not self.next_is(kind) or len(self.peek) != n + 1:
            raise Unreadable(f"line {self.number}: expected a record {kind!r} with {n} fields")
        return list(self.take()[1:])


def _json(line: bytes) -> Any:
    return json.loads(line, parse_float=_no_float, parse_constant=_no_float, object_pairs_hook=_distinct)


def _no_float(text: str) -> NoReturn:
    raise ValueError(text)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, in which every reader sees the same: no key occurs twice."""
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError
    return found


# ---- the network -----------------------------------------------------------------------------------------------------


class Network:
    """Weights, biases and slopes below zero, exact: F = A_(L+1) s_L A_L ... s_1 A_1."""

    def __init__(self, source: Any) -> None:
        data = expect(source, dict, "network")
        matrices = expect(data.get("weights"), list, "weights")
        self.weights = [[rationals(row, "row") for row in expect(matrix, list, "matrix")] for matrix in matrices]
        self.biases = [rationals(x, "bias") for x in expect(data.get("biases"), list, "biases")]
        self.slopes = [rationals(x, "slopes") for x in expect(data.get("slopes"), list, "slopes")]
        widths = list(map(len, self.weights))
        if not widths or list(map(len, self.biases)) != widths or list(map(len, self.slopes)) != widths[:-1]:
            raise Unreadable("network: weights, biases and slopes do not fit together")
        self.depth, self.inputs = len(widths) - 1, len(self.weights[0][0]) if self.weights[0] else 0
        if not all((self.inputs, *widths)) or any(
            len(row) != n for n, matrix in zip([self.inputs, *widths], self.weights, strict=False) for row in matrix
        ):
            raise Unreadable("network: a row of weights has not the length of the layer before")

    def digest(self) -> str:
        """SHA-256 of the parameters as strings in lowest terms, in compact JSON."""
        parameters = {"biases": self.biases, "slopes": self.slopes, "weights": self.weights}
        shown = json.dumps(parameters, separators=(",", ":"), sort_keys=True, default=_shown)
        return hashlib.sha256(shown.encode()).hexdigest()

    def value(self, x: Sequence[Fraction]) -> list[Fraction]:
        """The outputs at a point."""
        for k, (matrix, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            z = [sum(map(Fraction.__mul__, row, x), b) for row, b in zip(matrix, bias, strict=True)]
            x = z if k == self.depth else [v if v >= 0 else a * v for v, a in zip(z, self.slopes[k], strict=True)]
        return list(x)


def _shown(x: Any) -> str:
    return str(x.numerator) if x.denominator == 1 else f"{x.numerator}/{x.denominator}"


class Quotient:
    """y = x_kept + T x_dropped, the coordinates on which the first layer and the walls depend."""

    def __init__(self, inputs: int, kept: Any, projection: Any) -> None:
        self.kept = integers(kept, "kept")
        if sorted(set(self.kept)) != self.kept or any(not 0 <= j < inputs for j in self.kept):
            raise Unreadable("kept: expected ascending numbers of inputs")
        self.dropped = [j for j in range(inputs) if j not in set(self.kept)]
        rows = expect(projection, list, "projection")
        self.projection = [rationals(row, "projection", len(self.dropped)) for row in rows]
        if len(self.projection) != len(self.kept):
            raise Unreadable("projection: expected a row for each kept input")
        self.rank, self.lineality = len(self.kept), len(self.dropped)

    def restrict(self, row: Sequence[Fraction], what: str) -> list[Fraction]:
        """The coefficients on the kept inputs of a form that factors through y."""
        kept = [row[j] for j in self.kept]
        for t, j in enumerate(self.dropped):
            if row[j] != sum((a * line[t] for a, line in zip(kept, self.projection, strict=True)), Fraction(0)):
                refuse(what, f"depends on input {j} otherwise than through the kept inputs")
        return kept


class Layers:
    """A network on homogeneous integer vectors of length r + 1; values are positive multiples of the true ones.

    `rows[k]` are the integer rows of layer k, bias first; `above[k]`, `below[k]` what a neuron is multiplied by if it
    is >= 0 or < 0. Where a level is given, it is subtracted from the output. `scale` is the factor of the output.
    """

    def __init__(self, net: Network, quotient: Quotient, level: Fraction | None) -> None:
        self.rows: list[list[Form]] = []
        self.above: list[int] = []
        self.below: list[list[int]] = []
        scale = 1
        for k, (matrix, bias) in enumerate(zip(net.weights, net.biases, strict=True)):
            weights = [quotient.restrict(row, "first layer") for row in matrix] if k == 0 else matrix
            if k == net.depth and level is not None:
                bias = [b - level for b in bias]
            factor = _common([*bias, *(x for row in weights for x in row)])
            Budget.spend(factor.bit_length() * scale.bit_length() // 10**5)
            _limit_bits(factor * scale, len(bias))
            both = zip(weights, bias, strict=True)
            self.rows.append([[int(factor * scale * b), *(int(factor * x) for x in row)] for row, b in both])
            scale *= factor
            if k < net.depth:
                common = _common(net.slopes[k])
                self.above.append(common)
                self.below.append([int(common * a) for a in net.slopes[k]])
                scale *= common
        self.scale, self.depth = scale, net.depth
        self.size = sum(len(rows) * len(rows[0]) for rows in self.rows)
        self._bits = max(x.bit_length() for rows in self.rows for row in rows for x in row)
        self.splits = [[a != 1 for a in slopes] for slopes in net.slopes]

    def spend(self, *vectors: Sequence[int]) -> None:
        """The work of an evaluation at each of these vectors."""
        steps = [1 + (self._bits + max(x.bit_length() for x in g)) // 1000 for g in vectors]
        Budget.spend(self.size * sum(steps))

    def values(self, g: Sequence[int]) -> list[list[int]]:
        """The values of all layers before activation, the output last."""
        found: list[list[int]] = []
        x0, inputs = g[0], list(g[1:])
        self.spend(g)
        for k, rows in enumerate(self.rows):
            active = [j for j, x in enumerate(inputs, 1) if x]
            if active:
                pick, factors = itemgetter(0, *active), [x0, *filter(None, inputs)]
                z = [sum(map(mul, pick(row), factors)) for row in rows]
            else:
                z = [row[0] * x0 for row in rows]
            found.append(z)
            if k < self.depth:
                above = self.above[k]
                inputs = [above * v if v >= 0 else a * v for v, a in zip(z, self.below[k], strict=True)]
        return found


def _common(values: list[Fraction]) -> int:
    """The least common denominator; the integers by which they are replaced must not take too much memory."""
    found = 1
    for x in values:
        if x.denominator > 1:
            found = lcm(found, x.denominator)
            Budget.spend(found.bit_length() * x.denominator.bit_length() // 10**5)
            _limit_bits(found, len(values))
    return found


def _limit_bits(number: int, times: int) -> None:
    if number.bit_length() * times > MAX_BITS:
        raise Unreadable("limit: the common denominator of the parameters of the network is too large")


class Forms:
    """The forms of one complex: bit 0 is x0, then come walls, hyperplanes, the neurons layer by layer, and F - t."""

    def __init__(
        self, walls: list[Form], cuts: list[Form], networks: list[Layers], has_level: bool, n_outer: int
    ) -> None:
        self.linear, self.networks, self.has_level = [*walls, *cuts], networks, has_level
        self.walls = (1 << 1 + len(walls)) - 1  # x0 and the walls
        self.outer = (1 << 1 + n_outer) - 2  # the walls of D, which come before those of a part
        self.cuts = (1 << 1 + len(self.linear)) - 1 & ~self.walls
        self._places: list[tuple[int, int, int]] = []  # network, layer, neuron of each bit
        ends = [1 + len(self.linear)]  # of each stage
        for k in range(max(net.depth for net in networks)):
            for n, net in enumerate(networks):
                if k < net.depth:
                    self._places += [(n, k, j) for j, splits in enumerate(net.splits[k]) if splits]
            ends.append(ends[0] + len(self._places))
        if has_level:
            self._places.append((0, networks[0].depth, 0))
            ends.append(ends[-1] + 1)
        self.first = {place: ends[0] + i for i, place in enumerate(self._places)}
        self.all = (1 << ends[-1]) - 1
        self.level = 1 << ends[-1] - 1 if has_level else 0
        self.ends = ends

    def signs(self, g: Sequence[int]) -> tuple[int, int, list[list[list[int]]]]:
        """The bits of the forms that are positive and negative at g, and the values of all layers."""
        plus, minus, bit = int(g[0] > 0), 0, 2
        values = [net.values(g) for net in self.networks]
        Budget.spend(len(self.linear) * len(g) + self.all.bit_length() ** 2 // 2000)
        found = [sum(map(mul, form, g)) for form in self.linear]
        for v in [*found, *(values[n][k][j] for n, k, j in self._places)]:
            if v > 0:
                plus |= bit
            elif v < 0:
                minus |= bit
            bit <<= 1
        return plus, minus, values

    def usable(self, plus: int, minus: int) -> int:
        """The bits of the forms that are usable where these are positive and negative."""
        conflict = plus & minus
        return ~conflict & ((1 << self.ends[self.stage(conflict)]) - 1) if conflict else self.all

    def stage(self, conflict: int) -> int:
        """The stage of the first of these bits."""
        lowest = (conflict & -conflict).bit_length() - 1
        return next(s for s, end in enumerate(self.ends) if lowest < end)

    def global_form(self, bit: int) -> Form:
        """A form of stage 0 or 1, which is linear everywhere."""
        if not 0 <= bit < (self.ends[1] if len(self.ends) > 1 else self.ends[0]):
            raise Unreadable("start: expected the numbers of forms of stages 0 and 1")
        if bit < self.ends[0]:
            return self.linear[bit - 1] if bit else [1] + [0] * (len(self.networks[0].rows[0][0]) - 1)
        n, _, j = self._places[bit - self.ends[0]]
        return self.networks[n].rows[0][j]


# ---- the complex -----------------------------------------------------------------------------------------------------


class Cells:
    """The cells of one complex, checked as they come; see Theorem 2."""

    def __init__(self, forms: Forms, rank: int, start: list[int], name: str) -> None:
        self.forms, self.rank, self.start, self.name = forms, rank, start, name
        self.vectors: list[list[int]] = []
        self.outputs: list[list[list[int]]] = []  # of each network at each vector
        self.facets: list[list[list[tuple[int, int]]]] = [[] for _ in range(rank + 1)]
        self.plus: list[list[int]] = [[] for _ in range(rank + 1)]
        self.minus: list[list[int]] = [[] for _ in range(rank + 1)]
        self.used: list[bytearray] = []
        self.sign: list[list[int]] = []  # of F - t on finite cells; after `close`
        self.facts = 0

    def count(self) -> int:
        return sum(map(len, self.plus))

    def add_vector(self, g: list[int]) -> None:
        """A 0-cell: (a)."""
        place = f"{self.name}0-cell {len(self.vectors)}"
        if g[0] < 0 or not any(g):
            refuse(place, "is no vector with x0 >= 0 other than 0")
        plus, minus, values = self.forms.signs(g)
        if minus & self.forms.walls:
            refuse(place, "lies outside the domain")
        self.vectors.append(g)
        self.outputs.append([layers[-1] for layers in values])
        self.facets[0].append([])
        self.plus[0].append(plus)
        self.minus[0].append(minus)
        self.facts += 2

    def add(self, q: int, row: list[int]) -> None:
        """A q-cell by its facets, given as (number + 1) times sign: (b), (c), (d)."""
        place = f"{self.name}{q}-cell {len(self.plus[q])}"
        below, used, n = self.facets[q - 1], self.used[q - 1], len(self.plus[q - 1])
        plus_below, minus_below = self.plus[q - 1], self.minus[q - 1]
        facets: list[tuple[int, int]] = []
        signs: list[tuple[int, int]] = []
        total: Chain = {}
        plus = minus = 0
        for x in row:
            f, sign = (x - 1, 1) if x > 0 else (-x - 1, -1)
            if not 0 <= f < n:
                raise Unreadable(f"{place}: its facet {f} is no cell")
            used[f] = 1
            facets.append((f, sign))
            signs.append((plus_below[f], minus_below[f]))
            plus |= plus_below[f]
            minus |= minus_below[f]
            for g, other in below[f] if q > 1 else ((0, 1),):
                total[g] = total.get(g, 0) + sign * other
        Budget.spend(len(total) * len(facets))
        if not facets:
            refuse(place, "has no facet")
        if any(total.values()):
            refuse(place, "the boundary of its boundary is not zero")
        supporting = (plus | minus) & self.forms.usable(plus, minus)
        for (f, _), (p, m) in zip(facets, signs, strict=True):
            if not supporting & ~(p | m):
                refuse(place, f"no form supports it at its facet {f}")
        self._separate(place, q - 1, facets, signs)
        self.facets[q].append(facets)
        self.plus[q].append(plus)
        self.minus[q].append(minus)
        self.facts += 2 + len(facets)

    def _separate(self, place: str, q: int, facets: list[tuple[int, int]], signs: list[tuple[int, int]]) -> None:
        """Check that these q-cells are pairwise separated. Where nothing is in conflict, all forms are usable."""
        clear = {(p, m) for p, m in signs if not p & m}
        self.facts += len(facets) * (len(facets) - 1) // 2
        if len(clear) == len(facets):
            return
        others = [f for (f, _), (p, m) in zip(facets, signs, strict=True) if p & m]
        if len(clear) + len(others) != len(facets):
            refuse(place, "two of its facets have the same signs")
        Budget.spend(len(others) * len(facets))
        for i, f in enumerate(others):
            for g in (*others[:i], *(g for (g, _), (p, m) in zip(facets, signs, strict=True) if not p & m)):
                if not self.separated(q, f, g):
                    refuse(place, f"its facets {f} and {g} are not separated")

    def separated(self, q: int, a: int, b: int) -> bool:
        """Whether a form that is usable on both q-cells has different signs on them."""
        plus, minus = self.plus[q], self.minus[q]
        different = (plus[a] ^ plus[b]) | (minus[a] ^ minus[b])
        if not different:
            return False
        return bool(different & self.forms.usable(plus[a], minus[a]) & self.forms.usable(plus[b], minus[b]))

    def read(self, records: Records, max_cells: int) -> None:
        """All cells of the complex from the file, and what holds for all together."""
        while records.next_is("points"):
            (points,) = records.fields("points", 1)
            for point in filled(points):
                self.add_vector(integers(point, "point", self.rank + 1))
            self._limit(max_cells)
        self.used = [bytearray(len(self.vectors))]
        for q in range(1, self.rank + 1):
            while records.next_is("cells") and records.peek[1:2] == [q]:
                _, rows = records.fields("cells", 2)
                for row in filled(rows):
                    self.add(q, integers(row, "cell"))
                self._limit(max_cells)
            self.used.append(bytearray(len(self.plus[q])))
        self.close()

    def _limit(self, max_cells: int) -> None:
        self._limit_count(self.count(), max_cells)

    def _limit_count(self, count: int, max_cells: int) -> None:
        weight = 1 + self.forms.all.bit_length() // 2000  # signs of many forms take more memory
        if count * weight > max_cells:
            raise Unreadable(f"limit: more than {max_cells} cells (--max-cells)")

    def close(self) -> None:
        """What holds for all cells together: (e) to (g)."""
        r, forms = self.rank, self.forms
        n = len(self.plus[r])
        if not n:
            refuse(self.name + "complex", f"has no {r}-cell")
        for q in range(r):
            if (unused := self.used[q].find(0)) >= 0:
                refuse(f"{self.name}{q}-cell {unused}", "is a facet of no cell")
        for i in range(1, n):
            if not self.separated(r, 0, i):
                refuse(f"{self.name}{r}-cell {i}", f"is not separated from {r}-cell 0")
        self._check_sides()
        self.facts += self.count() + n
        self.sign = self._signs() if forms.has_level else []

    def _check_sides(self) -> None:
        """(f)."""
        r, forms = self.rank, self.forms
        around: list[list[int]] = [[] for _ in self.plus[r - 1]] if r else []
        for i, facets in enumerate(self.facets[r]):
            for f, _ in facets:
                around[f].append(i)
        for f, cells in enumerate(around):
            place = f"{self.name}{r - 1}-cell {f}"
            vanishing = ~(self.plus[r - 1][f] | self.minus[r - 1][f])
            if len(cells) == 1:
                if not vanishing & forms.walls:
                    refuse(place, f"is a facet of one {r}-cell, but not at infinity nor in a wall")
            elif len(cells) == 2:
                (p, m), (other_p, other_m) = ((self.plus[r][c], self.minus[r][c]) for c in cells)
                both = vanishing & (p | m | other_p | other_m) & forms.usable(p, m) & forms.usable(other_p, other_m)
                if not both & -both & (p & other_m | m & other_p):
                    refuse(place, f"the {r}-cells {cells[0]} and {cells[1]} are not on opposite sides of it")
            else:
                refuse(place, f"is a facet of {len(cells)} {r}-cells")
        self.facts += len(around)

    def _signs(self) -> list[list[int]]:
        """The sign of F - t on the relative interior of every finite cell."""
        level = self.forms.level
        found = [
            [1 if p & level else -1 if m & level else 0 for p, m in zip(plus, minus, strict=True)]
            for plus, minus in zip(self.plus, self.minus, strict=True)
        ]
        bounds = Bounds(self)
        for c, (p, m) in enumerate(zip(self.plus[self.rank], self.minus[self.rank], strict=True)):
            if not p & m:
                continue
            sign = found[self.rank][c]
            faces = self.faces(self.rank, c)
            if not bounds.proved(c, sorted(faces[0]), sign):
                refuse(f"{self.name}{self.rank}-cell {c}", "neurons change sign on it; no bound proves a sign of F - t")
            self.facts += 1
            for q, cells in enumerate(faces):
                for i in cells:  # in particular all on which a form is in conflict: then it is on an r-cell, by (e)
                    found[q][i] = sign
        return found

    def faces(self, q: int, cell: int) -> list[set[int]]:
        """All faces of a cell, itself included, by dimension."""
        found = [{cell}]
        for k in range(q, 0, -1):
            found.append({f for c in found[-1] for f, _ in self.facets[k][c]})
        return found[::-1]

    def is_complete(self) -> bool:
        """Whether no form is in conflict on any cell."""
        return not any(p & m for p, m in zip(self.plus[-1], self.minus[-1], strict=True))

    def unbounded(self) -> list[list[bool]]:
        """For every cell whether it has a vector at infinity."""
        found = [[not p & 1 for p in self.plus[0]]]
        for q in range(1, self.rank + 1):
            found.append([any(found[-1][f] for f, _ in facets) for facets in self.facets[q]])
        return found


class Bounds:
    """Proofs that F - t has one strict sign at all finite points of an r-cell T on which neurons change sign.

    Let p be a linear form that is positive on G(T) (checked): x0, or where T has directions, x0 and multiples of the
    forms that the file names as its start, with their signs on T. Let z be the neurons of the first stage with a
    conflict, linear forms on K(T) by Lemma 1. For those after them, what is known is |z_j - m_j| <= rad_j p on K(T)
    with linear forms m_j. A neuron with l p <= z_j <= u p, l < 0 < u, has an activation A z_j for z_j >= 0, B z_j for
    z_j < 0, and for every s in [0, 1]
        activation = (s A + (1 - s) B) z_j + (A - B) q,   0 <= q <= c p,   c = max((1 - s) u, -s l):
    at z_j >= 0, q = (1 - s) z_j, and at z_j < 0, q = -s z_j. So m and rad of the next layer follow, with q = c p / 2 up
    to c p / 2. Backwards, a multiple a of the activation is at least v z_j with any v from a B to a A if a A >= a B,
    and else at least (s a A + (1 - s) a B) z_j - (a B - a A) c p. What is left is a linear form on K(T) that is at most
    F - t; if it is positive on the vertices of T and >= 0 on its directions, then so is F - t, and positive on all
    finite points. All numbers are integers: s = k / Q, and c is rounded up to a multiple of 1 / Q.
    """

    Q = 1 << 24
    TRIES = 50

    def __init__(self, cells: Cells) -> None:
        self.cells, self.layers = cells, cells.forms.networks[0]

    def proved(self, c: int, generators: list[int], sign: int) -> bool:
        cells, layers, forms, r = self.cells, self.layers, self.cells.forms, self.cells.rank
        plus, minus = cells.plus[r][c], cells.minus[r][c]
        vectors = [cells.vectors[v] for v in generators]
        Budget.spend((layers.size * (len(vectors) + 1) + len(cells.start)) * (r + 1))
        first = forms.stage(plus & minus) - 1  # the layer whose neurons are linear and change sign
        if not 0 <= first < layers.depth or len(forms.networks) != 1:
            return False
        p = [1] + [0] * r
        if any(not g[0] for g in vectors):
            start = [(forms.global_form(bit), 1 if plus >> bit & 1 else -1) for bit in cells.start]
            unit = 256 * max((sum(map(abs, form)) for form, _ in start), default=0)
            p[0] = unit
            for form, side in start:
                weight = side * (unit // (sum(map(abs, form)) or 1))
                p = [a + weight * b for a, b in zip(p, form, strict=True)]
        on_p = [sum(map(mul, p, g)) for g in vectors]
        if not all(v > 0 for v in on_p):
            return False
        m = layers.rows[0]
        for k in range(first):
            m = _combined(layers.rows[k + 1], [_times(self._factor(k, j, minus), form) for j, form in enumerate(m)])
        exact, scale = m, 1 << 16  # centres and radii are multiplied by scale
        m, rad = [_times(scale, form) for form in m], [0] * len(m)
        relaxed: list[list[tuple[int, int, int, int]]] = []  # by layer and neuron: (A, B, Q s, Q scale c)
        scales: list[int] = []
        for k in range(first, layers.depth):
            relaxed.append([self._relax(k, j, *_range(m[j], rad[j], vectors, on_p)) for j in range(len(m))])
            scales.append(scale)
            if k + 1 < layers.depth:
                scale *= 2 * self.Q
                slopes = [2 * (share * a + (self.Q - share) * b) for a, b, share, _ in relaxed[-1]]
                offsets = [(a - b) * gap for a, b, _, gap in relaxed[-1]]
                centres = [
                    [slope * x + offset * y for x, y in zip(form, p, strict=True)]
                    for form, slope, offset in zip(m, slopes, offsets, strict=True)
                ]
                radii = [abs(s) * x + abs(o) for s, x, o in zip(slopes, rad, offsets, strict=True)]
                rows = layers.rows[k + 1]
                m = _combined([[row[0] * scale, *row[1:]] for row in rows], centres)
                rad = [sum(abs(w) * x for w, x in zip(row[1:], radii, strict=True)) for row in rows]
        # Backwards: factor * sign * (F - t) >= constant x0 + sum (coefficients * activations) - factor * lost * p
        constant, *coefficients = _times(sign, layers.rows[-1][0])
        factor, lost = 1, Fraction(0)
        for k in range(layers.depth - 1, first - 1, -1):
            chosen, free, gaps = [], [], 0
            for a, (above, below, share, gap) in zip(coefficients, relaxed[k - first], strict=True):
                x, y = a * above, a * below
                if x < y:
                    gaps += (y - x) * gap
                chosen.append(share * x + (self.Q - share) * y if x < y else self.Q * (x if 2 * share >= self.Q else y))
                free.append((self.Q * x, self.Q * y) if x > y else None)
            lost += Fraction(gaps, factor * self.Q * scales[k - first])
            factor *= self.Q
            constant *= self.Q
            if k > first:
                rows = layers.rows[k]
                constant += sum(v * row[0] for v, row in zip(chosen, rows, strict=True))
                columns = list(zip(*rows, strict=True))[1:]
                coefficients = [sum(map(mul, chosen, column)) for column in columns]
        for tries in range(1, self.TRIES + 1):
            form = _combined([[constant, *chosen]], exact)[0]
            bound = [
                sum(map(mul, form, g)) * lost.denominator - factor * lost.numerator * w
                for g, w in zip(vectors, on_p, strict=True)
            ]
            if all(b > 0 or (b == 0 and not g[0]) for b, g in zip(bound, vectors, strict=True)):
                return True
            worst = min(range(len(bound)), key=lambda i: Fraction(bound[i], on_p[i]))
            for j, ends in enumerate(free):
                if ends is not None:  # towards what is best where the bound is least
                    best = ends[0] if sum(map(mul, exact[j], vectors[worst])) > 0 else ends[1]
                    chosen[j] += (best - chosen[j]) // max(tries, 2)
        return False

    def _relax(self, k: int, j: int, low: int, high: int) -> tuple[int, int, int, int]:
        """(A, B, Q s, Q c) of neuron j of layer k, with bounds in units of 2^-64; A = B if its sign is known."""
        above, below = self.layers.above[k], self.layers.below[k][j]
        if not self.layers.splits[k][j] or low >= 0:
            return above, above, 0, 0
        if high <= 0:
            return below, below, 0, 0
        share = self.Q * high // (high - low)
        return above, below, share, -(-max((self.Q - share) * high, -share * low) >> 64)

    def _factor(self, k: int, j: int, minus: int) -> int:
        """What neuron j of layer k, which changes no sign, is multiplied by."""
        bit = self.cells.forms.first.get((0, k, j))
        return self.layers.below[k][j] if bit is not None and minus >> bit & 1 else self.layers.above[k]


def _range(form: Form, rad: int, vectors: list[list[int]], on_p: list[int]) -> tuple[int, int]:
    """l and u for |z - form| <= rad p, in units of 2^-64, rounded outwards."""
    values = [sum(map(mul, form, g)) for g in vectors]
    low = min((v - rad * w << 64) // w for v, w in zip(values, on_p, strict=True))
    high = max(-((-v - rad * w << 64) // w) for v, w in zip(values, on_p, strict=True))
    return low, high


def _times(factor: int, form: Iterable[int]) -> Form:
    return [factor * x for x in form]


def _combined(rows: list[Form], forms: list[Form]) -> list[Form]:
    """The forms row[0] x0 + sum row[j + 1] forms[j]."""
    columns = list(zip(*forms, strict=True))
    return [
        [sum(map(mul, row[1:], column), 0 if i else row[0]) for i, column in enumerate(columns)] for row in rows
    ]


# ---- homology --------------------------------------------------------------------------------------------------------


def rows_of(matrix: Iterable[Sequence[int]]) -> list[Chain]:
    return [{j: x for j, x in enumerate(row) if x} for row in matrix]


def invariant_factors(rows: list[Chain]) -> list[int]:
    """The invariant factors of the integer matrix with these rows, one for each unit of its rank.

    Rows are added to rows, and columns to columns. An entry becomes a pivot if it is +-1, or else has the least
    modulus; if multiples of its row make its column zero, and then multiples of its column its row, both leave, else a
    smaller entry has appeared. (a, b) and (gcd, lcm) are equivalent diagonals.
    """
    live = {i: dict(row) for i, row in enumerate(rows) if row}
    columns: dict[int, set[int]] = {}
    for i, row in live.items():
        for j in row:
            columns.setdefault(j, set()).add(i)
    diagonal: list[int] = []
    waiting = sorted(live, key=lambda i: -len(live[i]))
    while live:
        a = b = -1
        while waiting and b < 0:
            a = waiting.pop()
            units = [j for j, x in live.get(a, {}).items() if x in (1, -1)]
            b = min(units, key=lambda j: len(columns[j])) if units else -1
        if b < 0:
            Budget.spend(sum(map(len, live.values())))
            _, a, b = min((abs(x), i, j) for i, row in live.items() for j, x in row.items())
        pivot, source = live[a][b], live[a]
        for i in columns[b] - {a}:
            row = live[i]
            multiple = row[b] // pivot
            Budget.spend(len(source))
            for j, x in source.items():
                old = row.get(j, 0)
                new = old - multiple * x
                if new:
                    row[j] = new
                    columns[j].add(i)
                elif old:
                    del row[j]
                    columns[j].discard(i)
            if row:
                waiting.append(i)
            else:
                del live[i]
        if len(columns[b]) > 1:
            continue  # a remainder is less than the pivot
        for j in list(source):
            if j != b:
                source[j] %= pivot
                if not source[j]:
                    del source[j]
                    columns[j].discard(a)
        if len(source) == 1:
            diagonal.append(abs(pivot))
            del live[a], columns[b]
        else:
            waiting.append(a)
    units = [x for x in diagonal if x == 1]
    others = [x for x in diagonal if x != 1]
    for i in range(len(others)):
        for k in range(i + 1, len(others)):
            Budget.spend(1)
            common = gcd(others[i], others[k])
            others[i], others[k] = common, others[i] // common * others[k]
    return units + others


def homology(boundary: list[list[Chain]], dual: bool, degrees: int) -> tuple[list[int], list[list[int]]]:
    """Betti numbers and torsion of a complex, `boundary[q]` being the columns of its boundary map of degree q.

    With `dual` degree k is the cohomology of degree r - k, whose torsion is that of the boundary map of this degree.
    """
    factors = [invariant_factors(columns) for columns in boundary] + [[]]
    betti = [len(boundary[q]) - len(factors[q]) - len(factors[q + 1]) for q in range(len(boundary))]
    torsion = [[x for x in factors[q if dual else q + 1] if x > 1] for q in range(len(boundary))]
    if dual:
        betti, torsion = betti[::-1], torsion[::-1]
    more = degrees - len(betti)  # beyond, subsets of R^d have no homology
    return (betti + [0] * more)[:degrees], (torsion + [[] for _ in range(more)])[:degrees]


class Matching:
    """The complex of the critical cells of a complex C in which pairs of cells are matched.

    A pair is an upper cell b and a lower cell a with coefficient u = +-1 in its boundary; no cell is in two pairs. Let
    A and B be the spans of the lower and upper cells, M that of the others. If the graph with an edge from a pair
    (a, b) to each other pair whose lower cell is in the boundary of b has no cycle, the part B -> A of the boundary map
    is triangular with units, so invertible, and C is the direct sum of a contractible complex and one isomorphic to M
    with the boundary p(d c), where p(c) = c, p(b) = 0, and p(a) = -u p(d b - u a). (Forman 1998, Skoldberg 2006.)
    """

    def __init__(self, boundary: list[list[Chain]], partners: list[list[int]], place: str) -> None:
        self._boundary, self._place = boundary, place
        self._upper: list[dict[int, int]] = [{} for _ in boundary]  # lower cell: upper cell
        matched = [bytearray(len(cells)) for cells in boundary]
        for q, of_degree in enumerate(partners):
            for b, position in enumerate(of_degree):
                if position < 0:
                    continue
                faces = list(boundary[q][b])  # all with coefficients 1 or -1
                if position >= len(faces):
                    raise Unreadable(f"{place}: {q}-cell {b} has no face number {position}")
                a = faces[position]
                if matched[q][b] or matched[q - 1][a]:
                    refuse(place, f"the pair of {q}-cell {b} has a cell of another pair")
                matched[q][b] = matched[q - 1][a] = 1
                self._upper[q - 1][a] = b
        self.pairs = [list(x.items()) for x in self._upper]
        self.critical = [[i for i, m in enumerate(of_degree) if not m] for of_degree in matched]
        self._matched = matched
        self._images: list[dict[int, Chain]] = [{} for _ in boundary]
        for q, pairs in enumerate(self.pairs):
            for a, _ in pairs:
                self._image(q, a)
        self.boundary = [
            [self._sum(q - 1, boundary[q][c].items()) for c in cells] for q, cells in enumerate(self.critical)
        ]

    def _image(self, q: int, cell: int) -> None:
        """p of a lower cell, those before it first; a cycle is refused."""
        images, upper = self._images[q], self._upper[q]
        stack: list[int] = [cell]
        open_: set[int] = set()
        while stack:
            a = stack[-1]
            if a in images:
                stack.pop()
                continue
            b = upper[a]
            others = [(x, v) for x, v in self._boundary[q + 1][b].items() if x != a]
            missing = [x for x, _ in others if x in upper and x not in images]
            if missing:
                if not open_.isdisjoint(missing):
                    refuse(self._place, f"the pairs of {q}-cells are in a cycle")
                open_.add(a)
                stack += missing
                continue
            unit = self._boundary[q + 1][b][a]
            images[a] = {c: -unit * v for c, v in self._sum(q, others).items()}
            open_.discard(a)
            stack.pop()

    def _sum(self, q: int, chain: Iterable[tuple[int, int]]) -> Chain:
        """p of a chain."""
        total: Chain = {}
        for x, v in chain:
            if x in self._upper[q]:
                image = self._images[q][x]
                Budget.spend(len(image))
                for c, w in image.items():
                    total[c] = total.get(c, 0) + v * w
            elif not self._matched[q][x]:
                total[x] = total.get(x, 0) + v
        return {c: v for c, v in total.items() if v}


def read_pairs(records: Records, claim: int, boundary: list[list[Chain]]) -> list[list[int]]:
    """For every cell of the complex of a claim the position of its lower partner in its boundary, or -1."""
    found: list[list[int]] = [[] for _ in boundary]
    for q in range(1, len(boundary)):
        while len(found[q]) < len(boundary[q]):
            number, degree, positions = records.fields("pairs", 3)
            if (number, degree) != (claim, q) or not positions:
                raise Unreadable(f"line {records.number}: expected the pairs of claim {claim}, dimension {q}")
            found[q] += integers(positions, "pairs")
        if len(found[q]) > len(boundary[q]):
            raise Unreadable(f"claim {claim}: more pairs than cells of dimension {q}")
    return found


class Selection:
    """The cells whose chains give the homology of a region, and their boundaries in each other."""

    def __init__(self, cells: Cells, chosen: list[list[int]]) -> None:
        self.cells = chosen
        self.boundary: list[list[Chain]] = []
        below: dict[int, int] = {}
        for q, of_degree in enumerate(chosen):
            facets = cells.facets[q]
            self.boundary.append([{below[f]: s for f, s in facets[c] if f in below} for c in of_degree])
            below = {c: i for i, c in enumerate(of_degree)}

    @classmethod
    def of_region(cls, cells: Cells, relation: str, outer: int) -> Selection:
        """For a closed region its bounded cells, for an open one the cells on no wall in `outer`."""
        chosen: list[list[int]] = []
        unbounded = cells.unbounded()
        for q, (plus, minus) in enumerate(zip(cells.plus, cells.minus, strict=True)):
            inside = [
                i
                for i, (p, sign) in enumerate(zip(plus, cells.sign[q], strict=True))
                if p & 1 and sign in RELATIONS[relation]
            ]
            if relation in "<>":
                chosen.append([i for i in inside if not outer & ~(plus[i] | minus[i])])
            else:
                chosen.append([i for i in inside if not unbounded[q][i]])
        return cls(cells, chosen)


# ---- parts -----------------------------------------------------------------------------------------------------------


class Tree:
    """A binary tree of cuts: nodes [form, minus, plus], the form being <= 0 and >= 0 there; leaf i is -1 - i."""

    def __init__(self, source: Any, forms: list[Form]) -> None:
        self.forms = forms
        self.nodes = [integers(node, "tree", 3) for node in expect(source, list, "tree")]
        self.ways: dict[int, list[Form]] = {}  # for each leaf the forms that are >= 0 on it
        waiting: list[tuple[int, list[Form]]] = [(0 if self.nodes else -1, [])]
        seen = 0
        while waiting:
            at, way = waiting.pop()
            if at < 0:
                if -1 - at in self.ways:
                    raise Unreadable(f"tree: leaf {-1 - at} occurs twice")
                self.ways[-1 - at] = way
                continue
            seen += 1
            if seen > len(self.nodes) or at >= len(self.nodes) or not 0 <= self.nodes[at][0] < len(forms):
                raise Unreadable("tree: expected a binary tree of nodes [form, minus, plus]")
            Budget.spend(1000 * (1 + len(way)))  # all ways are in memory
            number, minus, plus = self.nodes[at]
            waiting += [(minus, [*way, _times(-1, forms[number])]), (plus, [*way, forms[number]])]

    def leaves(self, signs: list[int]) -> frozenset[int]:
        """The leaves that contain a set on which the forms have these signs."""
        found, waiting = [], [0 if self.nodes else -1]
        while waiting:
            at = waiting.pop()
            if at < 0:
                found.append(-1 - at)
                continue
            number, minus, plus = self.nodes[at]
            waiting += [minus] * (signs[number] <= 0) + [plus] * (signs[number] >= 0)
        return frozenset(found)


class Walls:
    """The cells in walls between parts, which must be the same from all sides.

    A cell in a wall, known by its vectors, lies in the leaves that the signs of the cuts on it say (on both sides of a
    cut that it crosses, where no complex can have it); each of these parts must have it. A point x of two leaves lies
    where the cuts between them vanish; so the cell of x in one part lies in the wall and belongs to the other part as
    well, and is the cell of x there. So all cells together, those of the walls once, are a complex of D as in Theorem
    2. Orientations: those of the part that comes first; the boundaries of a cell in two parts are equal up to a sign,
    since both are the boundary of its cone.
    """

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.known: dict[Any, int] = {}  # (dimension, vectors): number
        self.expected: list[frozenset[int]] = []
        self.found: list[set[int]] = []
        self.boundary: list[Chain] = []

    def enter(self, cells: Cells, leaf: int) -> list[dict[int, tuple[int, int]]]:
        """For every dimension the cells of a part in its walls: their numbers here, and their signs."""
        names: list[dict[int, tuple[int, int]]] = []
        inner = cells.forms.walls & ~cells.forms.outer & ~1
        spanned: list[frozenset[int]] = []
        for q in range(cells.rank + 1):
            row: dict[int, tuple[int, int]] = {}
            above = spanned
            spanned = []
            for c, (p, m) in enumerate(zip(cells.plus[q], cells.minus[q], strict=True)):
                if not inner & ~(p | m):
                    spanned.append(frozenset())
                    continue
                below = cells.facets[q][c]
                spanned.append(frozenset().union(*(above[f] for f, _ in below)) if q else frozenset([c]))
                vectors = [cells.vectors[v] for v in spanned[c]]
                boundary = {}
                for f, s in below:
                    number, sign = names[q - 1][f]
                    boundary[number] = s * sign
                key = q, frozenset(map(tuple, vectors))
                number = self.known.setdefault(key, len(self.found))
                if number == len(self.found):
                    on_vectors = [[sum(map(mul, form, g)) for g in vectors] for form in self.tree.forms]
                    signs = [sum({(v > 0) - (v < 0) for v in values}) for values in on_vectors]
                    self.expected.append(self.tree.leaves(signs))
                    self.found.append(set())
                    self.boundary.append(boundary)
                self.found[number].add(leaf)
                sign = next((s * self.boundary[number].get(x, 0) for x, s in boundary.items()), 1)
                row[c] = number, sign
            names.append(row)
        return names

    def close(self) -> None:
        for (q, _), found, expected in zip(self.known, self.found, self.expected, strict=True):
            if found != expected:
                refuse(f"{q}-cell in a wall", f"is in the parts {sorted(found)}, not {sorted(expected)}")


class Merged:
    """The critical cells of a region in all parts, those in walls once; in walls no cell is matched."""

    def __init__(self, rank: int) -> None:
        self.boundary: list[dict[Any, Chain]] = [{} for _ in range(rank + 1)]

    def add(self, leaf: int, selection: Selection, matching: Matching, names: list[dict[int, tuple[int, int]]]) -> None:
        for q, critical in enumerate(matching.critical):
            if any(selection.cells[q][a] in names[q] for a, _ in matching.pairs[q]):
                refuse(f"part {leaf}", "a cell in a wall is matched")  # faces of those in a wall are in it, too

            def named(q: int, i: int) -> tuple[Any, int]:
                number, sign = names[q].get(selection.cells[q][i], (None, 1))
                return ((leaf, i) if number is None else (-1, number)), sign

            for c, chain in zip(critical, matching.boundary[q], strict=True):
                name, sign = named(q, c)
                self.boundary[q][name] = {x: sign * s * v for i, v in chain.items() for x, s in (named(q - 1, i),)}

    def columns(self) -> list[list[Chain]]:
        """The boundary maps, the cells being numbered."""
        places: list[dict[Any, int]] = [{name: i for i, name in enumerate(cells)} for cells in self.boundary]
        return [
            [{places[q - 1][x]: v for x, v in chain.items()} for chain in cells.values()]
            for q, cells in enumerate(self.boundary)
        ]


# ---- persistence -----------------------------------------------------------------------------------------------------

Value = tuple[int, Fraction]  # (-1, 0) and (1, 0) are infinite


class Far:
    """The finite cells cut off far out, and the far faces of the unbounded ones, filtered by F.

    For t in a bounded set, {F <= t} does not change, up to homotopy, if everything is cut off where a form that is
    positive on all directions has a large value. An unbounded edge then has a far vertex, where F is -infinity, as at
    its other end, or +infinity, as its slope says, and an unbounded q-cell c a far face c' of dimension q - 1. In the
    boundary of c, c' has coefficient -1 (of an edge: that of its direction); the boundary of c' is the sum of s e f'
    over the unbounded facets f of c, with s = [c : f], e = [f : f']. F being linear on cells, {F <= t} retracts onto
    the cells whose vertices all have F <= t. In each dimension finite cells come first, then far faces.
    """

    def __init__(self, cells: Cells, side: int) -> None:
        unbounded, r = cells.unbounded(), cells.rank
        finite = [[i for i, p in enumerate(of_degree) if p & 1] for of_degree in cells.plus]
        place = [{c: i for i, c in enumerate(of_degree)} for of_degree in finite]
        far: list[dict[int, int]] = [{}]  # for q-cells their far faces, of dimension q - 1
        for q in range(1, r + 1):
            ends = [c for c in finite[q] if unbounded[q][c]]
            far.append({c: len(finite[q - 1]) + i for i, c in enumerate(ends)})
        far.append({})
        scale = cells.forms.networks[0].scale

        def sign_of_end(q: int, c: int) -> int:
            return next(s for f, s in cells.facets[1][c] if f not in place[0]) if q == 1 else -1

        outputs = [side * layers[0][0] for layers in cells.outputs]
        values: list[Value] = [(0, Fraction(outputs[v], scale * cells.vectors[v][0])) for v in finite[0]]
        for c in far[1] if r else ():
            (end,) = (f for f, _ in cells.facets[1][c] if f in place[0])
            (ray,) = (f for f, _ in cells.facets[1][c] if f not in place[0])
            slope = outputs[ray]
            values.append(values[place[0][end]] if slope == 0 else (1 if slope > 0 else -1, Fraction(0)))
        self.values: list[list[Value]] = [values]
        self.boundary: list[list[Chain]] = [[{} for _ in values]]
        for q in range(1, r + 1):
            columns: list[Chain] = []
            for c in finite[q]:
                column = {place[q - 1][f]: s for f, s in cells.facets[q][c] if f in place[q - 1]}
                if unbounded[q][c]:
                    column[far[q][c]] = sign_of_end(q, c)
                columns.append(column)
            for c in far[q + 1]:
                columns.append({far[q][f]: s * sign_of_end(q, f) for f, s in cells.facets[q + 1][c] if f in far[q]})
            self.boundary.append(columns)
            self.values.append([max(self.values[-1][i] for i in column) for column in columns])
        number: dict[int, int] = {}  # without the cells at +infinity, which never come
        for q, of_degree in enumerate(self.values):
            kept = [i for i, value in enumerate(of_degree) if value[0] < 1]
            self.boundary[q] = [{number[x]: s for x, s in self.boundary[q][i].items()} for i in kept]
            self.values[q] = [of_degree[i] for i in kept]
            number = {i: place for place, i in enumerate(kept)}


def bars(far: Far, matching: Matching, field: int, degrees: int) -> list[list[tuple[Value, Value | None]]]:
    """The bars of positive length: columns are reduced in the order of the values, so that their last rows differ."""
    found: list[list[tuple[Value, Value | None]]] = [[] for _ in far.values]
    paired: set[tuple[int, int]] = set()
    order = [
        [c for _, c in sorted((values[c], c) for c in critical)]
        for values, critical in zip(far.values, matching.critical, strict=True)
    ]
    ranks = [{c: i for i, c in enumerate(of_degree)} for of_degree in order]
    for q in range(1, len(far.values)):
        columns = dict(zip(matching.critical[q], matching.boundary[q], strict=True))
        reduced: dict[int, dict[int, Any]] = {}
        for c in order[q]:
            column: dict[int, Any] = {ranks[q - 1][x]: v for x, v in columns[c].items()}
            column = {i: v % field if field else Fraction(v) for i, v in column.items() if not field or v % field}
            while column and (low := max(column)) in reduced:
                Budget.spend(len(reduced[low]))
                factor = column[low]
                for i, v in reduced[low].items():
                    new = column.get(i, 0) - factor * v
                    column[i] = new % field if field else new
                    if not column[i]:
                        del column[i]
            if column:
                inverse = pow(column[low], -1, field) if field else 1 / column[low]
                reduced[low] = {i: v * inverse % field if field else v * inverse for i, v in column.items()}
                birth, death = far.values[q - 1][order[q - 1][low]], far.values[q][c]
                paired |= {(q - 1, order[q - 1][low]), (q, c)}
                if birth != death:
                    found[q - 1].append((birth, death))
    for q, of_degree in enumerate(order):
        found[q] += [(far.values[q][c], None) for c in of_degree if (q, c) not in paired]
    return [sorted(x, key=_order_of_bars) for x in found[:degrees]] + [[] for _ in range(degrees - len(found))]


def _order_of_bars(bar: tuple[Value, Value | None]) -> tuple[Value, Value]:
    return bar[0], bar[1] or (2, Fraction(0))


# ---- the whole -------------------------------------------------------------------------------------------------------


class Certificate:
    """A file, read and checked line by line."""

    complex = Cells

    def __init__(self, records: Records, max_cells: int) -> None:
        self.records, self.max_cells, self.facts, self.cells = records, max_cells, 0, [0]
        head = expect(records.take(), dict, "line 1")
        if head.get("certificate") != "polyrelu" or head.get("version") != 1:
            raise Unreadable("line 1: expected the header of a certificate of polyrelu, version 1")
        self.net = Network(head.get("network"))
        self.other = None if head.get("other") is None else Network(head["other"])
        for net, name in ((self.net, "sha256"), (self.other, "other_sha256")):
            if net is not None and head.get(name) != net.digest():
                refuse("line 1", f"{name} is not that of the network")
        self.level = None if head.get("level") is None else rational(head["level"])
        if self.level is not None and (len(self.net.weights[-1]) != 1 or self.other is not None):
            raise Unreadable("line 1: a level needs one network with one output")
        n = self.net.inputs
        self.walls = [integers(w, "wall", n + 1) for w in expect(head.get("domain") or [], list, "domain")]
        self.claims = [expect(claim, dict, "claim") for claim in expect(head.get("claims"), list, "claims")]
        if not 0 < len(self.claims) <= MAX_CLAIMS:
            raise Unreadable(f"line 1: expected claims, at most {MAX_CLAIMS}")
        for number, claim in enumerate(self.claims):
            if str(kind := claim.get("claim")) not in KEYS or claim.keys() - {"claim"} != KEYS[kind]:
                raise Unreadable(f"claim {number}: unknown kind, or other keys than those of its kind")
        if self.other is not None and (self.other.inputs, len(self.other.biases[-1])) != (n, len(self.net.biases[-1])):
            raise Unreadable("line 1: two networks with different numbers of inputs or outputs")
        self.head = head
        affine = self.other is not None and not self.net.depth and not self.other.depth
        if any(c.get("claim") != "different" and not (affine and c.get("claim") == "identical") for c in self.claims):
            self._read_cells()
        for claim in self.claims:
            if claim.get("claim") == "different":
                self._check_different(claim)
            elif affine and (self.net.weights, self.net.biases) != (self.other.weights, self.other.biases):  # type: ignore[union-attr]
                refuse("line 1", "the affine maps are different")
        if records.fields("end", 0) or records.peek is not None:
            raise Unreadable(f"line {records.number}: something follows the end")

    def _read_cells(self) -> None:
        head, records = self.head, self.records
        quotient = Quotient(self.net.inputs, head.get("kept"), head.get("projection"))
        networks = [Layers(net, quotient, self.level) for net in (self.net, self.other) if net is not None]

        def projected(form: Form, what: str) -> Form:
            return [form[0], *map(int, quotient.restrict(list(map(Fraction, form[1:])), what))]

        def forms_of(name: str) -> list[Form]:
            rows = [integers(form, name, self.net.inputs + 1) for form in expect(head.get(name) or [], list, name)]
            return [projected(form, name) for form in rows]

        walls = [projected(form, "domain") for form in self.walls]
        further = forms_of("cuts")
        self.tree = Tree(head.get("tree") or [], forms_of("tree_forms"))
        if not all(any(form[1:]) for form in (*walls, *self.tree.forms)):
            refuse("line 1", "a wall or a cut is no hyperplane")  # its form would vanish nowhere or everywhere
        self.is_whole = not self.tree.nodes
        self.walls_between = Walls(self.tree)
        self.merged = [Merged(quotient.rank) for _ in self.claims]
        self.cells = [0] * (quotient.rank + 1)
        self.quotient = quotient
        done: set[int] = set()
        while len(done) < len(self.tree.ways):
            leaf, start = records.fields("complex", 2)
            if type(leaf) is not int or leaf not in self.tree.ways or leaf in done:
                raise Unreadable(f"line {records.number}: expected the complex of a leaf of the tree")
            done.add(leaf)
            forms = Forms([*walls, *self.tree.ways[leaf]], further, networks, self.level is not None, len(walls))
            name = "" if self.is_whole else f"part {leaf}, "
            cells = self.complex(forms, quotient.rank, integers(start, "start"), name)
            cells.read(records, self.max_cells)
            self.facts += cells.facts
            self.cells = [a + len(b) for a, b in zip(self.cells, cells.plus, strict=True)]
            names = self.walls_between.enter(cells, leaf) if not self.is_whole else [{} for _ in cells.plus]
            for number, claim in enumerate(self.claims):
                self._use(number, claim, cells, leaf, names)
        self.walls_between.close()
        self.facts += len(self.walls_between.found)
        for number, (claim, merged) in enumerate(zip(self.claims, self.merged, strict=True)):
            self.facts += 1
            if claim.get("claim") == "homology":
                betti, torsion = homology(merged.columns(), claim["relation"] in "<>", self.net.inputs)
                if _plain([claim.get("betti"), claim.get("torsion")]) != _plain([betti, torsion]):
                    refuse(f"claim {number}", f"the Betti numbers are {betti}, the torsion {torsion}")

    def _use(self, number: int, claim: dict[str, Any], cells: Cells, leaf: int, names: list[Any]) -> None:
        """What a claim needs of one complex."""
        kind, place = claim.get("claim"), f"{cells.name}claim {number}"
        if kind != "homology" and not cells.is_complete():
            refuse(place, "needs a complex on whose cells no neuron changes sign")
        if kind == "homology":
            relation = claim.get("relation")
            if self.level is None or type(relation) is not str or relation not in RELATIONS:
                raise Unreadable("claim of homology: expected a level and a relation")
            selection, matching = self.reduced(cells, relation, number, place)
            self.merged[number].add(leaf, selection, matching, names)
            self.facts += sum(map(len, matching.pairs))
        elif kind == "cells":
            self._check_counts(claim, cells, place)
        elif kind == "identical":
            for v, (first, second) in enumerate(zip(*(self._values(cells, n) for n in (0, 1)), strict=True)):
                if first != second:
                    refuse(f"{cells.name}0-cell {v}", "the networks have different values there")
        elif kind == "persistence":
            self._check_persistence(number, claim, cells, place)

    def reduced(self, cells: Cells, relation: str, number: int, place: str) -> tuple[Selection, Matching]:
        """The cells of a region, and their matching in the file."""
        selection = Selection.of_region(cells, relation, cells.forms.outer)
        return selection, Matching(selection.boundary, read_pairs(self.records, number, selection.boundary), place)

    def _values(self, cells: Cells, network: int) -> list[list[Fraction]]:
        if self.other is None:
            raise Unreadable("claim of identity: expected another network")
        scale = cells.forms.networks[network].scale
        return [[Fraction(x, scale) for x in outputs[network]] for outputs in cells.outputs]

    def _check_counts(self, claim: dict[str, Any], cells: Cells, place: str) -> None:
        """See COUNTS."""
        if self.other is not None or not self.is_whole:
            raise Unreadable("claim of cells: expected one network, and no parts")
        with_level = expect(claim.get("with_level"), bool, "with_level")
        if with_level and self.level is None:
            raise Unreadable("claim of cells: there is no level")
        f_vector, bounded = self.counts(cells, ~cells.forms.cuts & (~0 if with_level else ~cells.forms.level))
        if _plain([claim.get("f_vector"), claim.get("bounded_regions")]) != _plain([f_vector, bounded]):
            refuse(place, f"the f-vector is {f_vector}, with {bounded} bounded regions")

    def counts(self, cells: Cells, defining: int) -> tuple[list[int], int]:
        """The f-vector of the complex that these forms define, and the number of its bounded regions."""
        unbounded = cells.unbounded()
        found: dict[tuple[int, int], tuple[int, bool]] = {}  # by signs: dimension, and whether all are bounded
        for q, (plus, minus) in enumerate(zip(cells.plus, cells.minus, strict=True)):
            for p, m, far in zip(plus, minus, unbounded[q], strict=True):
                if p & 1:
                    signs = p & defining, m & defining
                    found[signs] = q, not far and found.get(signs, (q, True))[1]
        f_vector = [0] * (self.net.inputs + 1)
        for q, _ in found.values():
            f_vector[self.quotient.lineality + q] += 1
        return f_vector, sum(q == self.net.inputs and b for q, b in found.values())

    def _check_persistence(self, number: int, claim: dict[str, Any], cells: Cells, place: str) -> None:
        field = claim.get("field")
        if not self.is_whole or len(self.net.weights[-1]) != 1 or self.other is not None:
            raise Unreadable("claim of persistence: expected one network with one output, and no parts")
        if type(field) is not int or not 0 <= field < 2**31 or not (field == 0 or _is_prime(field)):
            raise Unreadable("claim of persistence: expected as field 0 or a prime below 2^31")
        side = -1 if expect(claim.get("superlevel"), bool, "superlevel") else 1
        far = Far(cells, side)
        matching = Matching(far.boundary, read_pairs(self.records, number, far.boundary), place)
        for q, pairs in enumerate(matching.pairs):
            for a, b in pairs:
                if far.values[q][a] != far.values[q + 1][b]:
                    refuse(place, f"the pair of {q + 1}-cell {b} has two values")
        found = bars(far, matching, field, self.net.inputs)
        shift = self.level or 0
        claimed = []
        for of_degree in expect(claim.get("bars"), list, "bars"):
            ends = [_pair(bar) for bar in expect(of_degree, list, "bars")]
            given = [(_end(b, side, -1, shift), None if d is None else _end(d, side, 1, shift)) for b, d in ends]
            claimed.append(sorted(given, key=_order_of_bars))
        if found != claimed:
            refuse(place, "the bars are others")
        self.facts += sum(map(len, matching.pairs)) + sum(map(len, found))

    def _check_different(self, claim: dict[str, Any]) -> None:
        point = rationals(claim.get("point"), "point", self.net.inputs)
        if self.other is None:
            raise Unreadable("claim of a difference: expected another network")
        for i, (b, *a) in enumerate(self.walls):
            if b + sum(x * y for x, y in zip(a, point, strict=True)) < 0:
                refuse("point", f"lies outside the domain, by wall {i}")
        if self.net.value(point) == self.other.value(point):
            refuse("point", "the networks have the same values there")
        self.facts += 1 + len(self.walls)


def _plain(value: Any) -> str:
    """As JSON, in which 1 and true are not the same."""
    return json.dumps(value)


def _pair(bar: Any) -> list[Any]:
    if len(expect(bar, list, "bar")) != 2:
        raise Unreadable("bars: expected pairs")
    return list(bar)


def _end(end: Any, side: int, infinite: int, shift: Fraction | int) -> Value:
    """The end of a bar in the order of the filtration; None is infinite."""
    return (infinite, Fraction(0)) if end is None else (0, side * (rational(end) - shift))


def _is_prime(n: int) -> bool:
    return n > 1 and all(n % k for k in range(2, isqrt(n) + 1))


def check(
    path: Any,
    sha256: str | None = None,
    max_cells: int = MAX_CELLS,
    max_work: int = MAX_WORK,
    kind: type[Certificate] = Certificate,
) -> list[str]:
    """The lines of the report; Refused or Unreadable unless the certificate proves its claims."""
    sys.set_int_max_str_digits(MAX_DIGITS)
    Budget.left = max_work
    try:
        found = kind(Records(path), max_cells)
    except (OSError, EOFError, zlib.error, ValueError, RecursionError, OverflowError) as error:
        raise Unreadable(f"no certificate: {error}") from None
    except MemoryError:
        raise Unreadable("limit: out of memory") from None
    digest = found.net.digest()
    if sha256 not in (None, digest):
        refuse("line 1", "the certificate is one of another network")
    where = f"the polyhedron of {len(found.walls)} half-spaces" if found.walls else "R^d"
    lines = [_described("network", found.net)]
    lines += [f"claimed, in {where}: {_short(claim)}" for claim in found.claims]
    if found.other is not None:
        lines.append(_described("other network", found.other))
    if found.walls:
        lines.append(f"half-spaces, (b, a) for b + a.x >= 0: {_short(found.walls)}")
    if found.level is not None:
        lines.append(f"level: {_shown(found.level)}")
    lines.append(f"checked: {sum(found.cells)} cells, by dimension {found.cells}; {found.facts} facts")
    return [*lines, "accepted: the claims are proved"]


def _described(name: str, net: Network) -> str:
    return f"{name}: {'-'.join(map(str, [net.inputs, *map(len, net.biases)]))}, SHA-256 {net.digest()}"


def _short(value: Any) -> str:
    shown = json.dumps(value)
    return shown if len(shown) <= 500 else f"{shown[:500]} ... ({len(shown)} characters)"


def main(arguments: Sequence[str] | None = None, checking: Callable[..., list[str]] = check) -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="polyrelu-check", description="Checks a certificate of polyrelu.")
    parser.add_argument("file", help="the certificate")
    parser.add_argument("--sha256", help="refuse certificates of a network with another hash than this one")
    parser.add_argument("--max-cells", type=int, default=MAX_CELLS, help="a limit on memory, about 1 kB a cell")
    parser.add_argument("--max-work", type=int, default=MAX_WORK, help="a limit on time, in steps of about 0.1 µs")
    options = parser.parse_args(arguments)
    gc.disable()  # there are no cycles of references, only many objects
    try:
        print(*checking(options.file, options.sha256, options.max_cells, options.max_work), sep="\n")
    except Refused as error:
        print(f"refused: {error}")
        return 1
    except Unreadable as error:
        print(f"polyrelu-check: {str(error)[:500]}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
