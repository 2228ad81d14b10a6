"""A sampler of the cells of a complex that is too large to be made, which estimates their numbers.

The top cells of the complex of the first neurons tile the space, and within each of them, as a domain, the rest of the
complex can be made by itself. So a complex is explored like the tree of Knuth (1975) with samples of these parts:
neurons are added in steps, each step divides the parts of the sample exactly, and a new sample is drawn from all that
arise (systematic sampling; stochastic enumeration, Rubinstein 2013). Where all neurons have been added, the cells are
counted, those in common walls in one of the parts (half-open decompositions, Köppe & Verdoolaege 2008). A part of a
coarse complex is counted as soon as it is small enough. When time is short, fewer parts are drawn at a time: this makes
the error larger, and no expectation wrong. Section 11 of docs/mathematics.md has the proofs.

Parts, signs and weights are exact; chance alone makes the error.

References: Knuth, Estimating the efficiency of backtrack programs, Math. Comp. 29, 1975. Köppe, Verdoolaege, Computing
parametric rational generating functions with a primal Barvinok algorithm, Electron. J. Combin. 15, 2008. Rubinstein,
Stochastic enumeration method for counting NP-hard problems, Methodol. Comput. Appl. Probab. 15, 2013.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import cache
from itertools import accumulate, groupby
from math import comb, factorial
from operator import itemgetter, mul
from random import Random
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polyrelu.analysis.cell_bounds import Rows, arrangement_cells
from polyrelu.analysis.deadline import Deadline
from polyrelu.errors import LimitError
from polyrelu.exact.floats import to_double
from polyrelu.exact.linear import independent_columns
from polyrelu.exact.rational import primitive
from polyrelu.exact.time_limit import OutOfTimeError
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.subdivision import Options, subdivided
from polyrelu.network.network import Network

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Row = Sequence[Any]

TRUNK_CELLS = 200_000
"""Maximum number of cells of the whole network that are made before anything is sampled."""

MAX_ROW_BITS = 2**17
"""Maximum sum, over the layers, of the bits of a row of integers; beyond it exact signs take too long."""

BRANCH_CELLS = 20_000
"""Maximum number of cells within one part of a sample, besides those that its walls need."""

COARSE_SHARE = 10
"""A part whose coarse complex is too large is divided into parts that have fewer cells by this factor than it has."""

WALL_CELLS = 200_000
"""Maximum number of cells for the walls; what lies outside a wall is dropped before the next wall is added."""

FACES_AT_ONCE = 3
"""A part may have this many times its own faces in addition: many small steps are quicker than few large ones."""

FIRST_PARTS = 60
"""The number of parts that a repetition is expected to divide, before any time has been measured."""

MAX_RANK = 8
"""Beyond this dimension, modulo lineality, the parts of a sample have too many faces to be subdivided in seconds."""

STEP_WEIGHTS = 2000
"""Maximum number of weights of later layers that are read again in a step; beyond it layers are completed singly."""

MAX_DOUBLE = 2**1000
"""Integers below this are finite doubles, with room for sums."""

LEAST_DOUBLE = 1e-290
"""Beyond anything that is lost where doubles are no longer normal numbers."""

VALUES_AT_ONCE = 4096
"""Number of vertices at which preactivations are evaluated at a time."""

UNDECIDED = 8
"""Factor by which a part of a coarse complex is expected to be smaller if F − t has one sign at all its vertices."""

SIZE_UNIT = 16
"""Guesses at numbers of cells are integers, in parts of this size of a cell."""

CHEAP_WEIGHTS = 10_000
"""Up to so many weights, bounds for cells of a coarse complex cost as much as splitting them; beyond, in proportion."""

CENTERS = 256
"""Number of points that decide which part counts a cell in a common wall; a part's share is the mean over these."""

REPETITIONS = 8
"""Independent runs of the search, from whose spread the standard error is found."""


def begins_within_trunk(dimension: int) -> bool:
    """Whether `TRUNK_CELLS` are enough to begin with in this dimension modulo lineality."""
    return bool(2 * 3**dimension - 1 <= TRUNK_CELLS)


def coarse_limit(network: Network, max_cells: int) -> int:
    """The number of cells of a coarse complex that take the time of `max_cells` others, or a little more."""
    weights = sum(len(matrix) * len(matrix[0]) for matrix in network.weights)
    return int(max_cells / max(1.0, weights / CHEAP_WEIGHTS))


class GivenUpError(Exception):
    """No estimate: the message says why."""


class _Part(NamedTuple):
    """A top cell of the complex of the first `neurons` neurons, as a domain (None: the whole space).

    `faces`: about how many faces it has; `size`: a guess at the number of top cells that will be in it; `crossed`:
    whether the last neuron has both signs at its vertices (with a level, this is F − t). `layer`: the first layer with
    neurons that have not been added; `rest`: the network from there on, on the cell, where the outputs of the layers
    before are affine. `step`: how many neurons were added when the cell arose. `weight`: how many cells it stands for.
    """

    domain: Domain | None
    faces: int
    size: float
    crossed: bool
    layer: int
    rest: Network
    neurons: int
    step: int
    weight: Fraction


class _Division(NamedTuple):
    """A part, divided by more neurons. `sizes`, `crossed`: see `Search._sizes`."""

    part: _Part
    complex: PolyhedralComplex
    neurons: int
    sizes: Integers
    crossed: npt.NDArray[np.bool_]


class _Leaf(NamedTuple):
    """A part in which all cells were counted, by dimension; see `Search._counts`."""

    weight: Fraction
    counts: list[Fraction]


class Search:
    """One network without lineality; all that the repetitions have in common.

    With a level, F − t is the one neuron of a last hidden layer: the complex of that network is C(F, t).
    """

    def __init__(
        self,
        network: Network,
        domain: Domain | None,
        level: Fraction | None,
        samples: int,
        deadline: Deadline,
        coarse: bool = False,
    ) -> None:
        self._d = network.input_dim
        self._domain, self._level, self._coarse = domain, level, coarse
        self._deadline = deadline
        self._layers = list(zip(network.weights, network.biases, network.slopes, strict=False))
        if level is not None:
            head = tuple(b - level for b in network.biases[-1])
            self._layers.append((network.weights[-1], head, (Fraction(0),)))
        self._floats = [tuple(map(_doubles, layer)) for layer in self._layers]
        self._rests = self._networks(network)
        self._first_neurons: dict[int, Network] = {}
        self._starts = [0, *accumulate(len(bias) for _, bias, _ in self._layers)]
        self._neurons = self._starts[-1]
        self._drawn = max(1, samples // REPETITIONS)
        self.left_out: list[str] = []
        self._centers = _points_inside(domain, self._d)

    def _networks(self, network: Network) -> list[Network]:
        """For each layer the network from there on, a function of the outputs before it, which ends with F − t."""
        weights, biases, slopes = list(network.weights), list(network.biases), network.slopes
        if self._level is not None:
            biases[-1] = self._layers[-1][1]
        return [Network(weights[n:], biases[n:], slopes[n:]) for n in range(len(self._layers))]

    def run(self, rng: Random, step: int) -> list[list[Fraction]]:
        """The f-vector found in each repetition; in one only, if nothing had to be sampled. `step`: to begin with.

        `self.left_out` says what was left out for lack of time. OutOfTimeError if not even one repetition was done.
        """
        if not self._layers:
            raise GivenUpError("the domain has too many faces")
        totals: list[list[Fraction]] = []
        walls = 0 if self._domain is None else len(self._domain.half_spaces())
        faces = 2 * arrangement_cells(max(walls, self._d), self._d)
        begin = self._deadline.left
        try:
            trunk = self._divided(
                _Part(self._domain, faces, 0.0, True, 0, self._rests[0], 0, 2 * step, Fraction(1)), TRUNK_CELLS
            )
            for repetition in range(REPETITIONS):
                left = self._deadline.left
                # None is begun that may not be done in time: those that take longer find more cells.
                if repetition and (begin - left) / repetition > left:
                    self._left_out(f"the time sufficed for {repetition} of {REPETITIONS} repetitions")
                    break
                self._deadline.progress("sampling", repetition, REPETITIONS)
                total, sampled = self._repetition(trunk, rng, begin / 2 - (begin - left) * (repetition == 0))
                totals.append(total)
                if not sampled:
                    break
        except OutOfTimeError:
            if not totals:
                raise
            self._left_out(f"the time sufficed for {len(totals)} of {REPETITIONS} repetitions")
        return totals

    def _left_out(self, what: str) -> None:
        if what not in self.left_out:
            self.left_out.append(what)

    def _repetition(self, trunk: _Division | _Leaf, rng: Random, seconds: float) -> tuple[list[Fraction], bool]:
        """The f-vector found, and whether there was a choice; in the given time if that can be done."""
        total = [Fraction(0)] * (self._d + 1)
        sampled = False
        found = [trunk]
        begin = self._deadline.left
        made, levels = 0, 1
        while found:
            growing: list[_Division] = []
            for division in found:
                if isinstance(division, _Leaf):
                    total = [x + division.weight * n for x, n in zip(total, division.counts, strict=True)]
                else:
                    growing.append(division)
            if not growing:
                break
            n = self._drawn
            if self._deadline.limited:
                used = begin - self._deadline.left
                each = max(used / made if made else seconds / FIRST_PARTS, 1e-6)
                done = sum(x.neurons for x in growing) / len(growing) / self._neurons
                affordable = max(int((seconds - used) / (each * levels * max(1 / done - 1, 1 / levels))), 1)
                if affordable < min(n, sum(len(x.sizes) for x in growing)):
                    n = affordable
                    self._left_out(f"fewer than {self._drawn} parts were drawn at a time")
            drawn = list(_draw([(x.part.weight, x.sizes) for x in growing], n, rng))
            sampled |= len(drawn) < sum(len(x.sizes) for x in growing)
            found = []
            for g, picks in groupby(drawn, key=itemgetter(0)):
                for part in self._parts(growing[g], [(i, weight) for _, i, weight in picks]):
                    self._deadline.check()
                    found.append(self._divided(part, BRANCH_CELLS))
            made, levels = made + len(found), levels + 1
        return total, sampled

    # ---- dividing a part ---------------------------------------------------------------------------------------

    def _divided(self, part: _Part, max_cells: int) -> _Division | _Leaf:
        """The part, divided by as many of the next neurons as the limit allows, or counted if all are added."""
        walls = 0 if part.domain is None else len(part.domain.half_spaces())
        most = max_cells + WALL_CELLS
        max_cells = min(max_cells + FACES_AT_ONCE * part.faces, most)
        if self._coarse:
            few = coarse_limit(self._rests[0], max_cells)
            own = FACES_AT_ONCE * part.faces
            if part.size <= max_cells or not part.crossed:
                with suppress(LimitError):
                    few = few if part.size <= max_cells else few // COARSE_SHARE + own
                    cx = self._subdivide(part.rest, part, few, Fraction(0))
                    return _Leaf(part.weight, self._counts(cx, part.domain))
            max_cells = max(few // COARSE_SHARE, own)
        step = max(min(self._affordable(part) - part.neurons, part.step + part.step // 2 + 1), 1)
        failed = False
        while part.neurons < self._neurons - self._coarse:
            neurons = part.neurons + step
            try:
                cx = self._subdivide(self._some(part, neurons), part, max_cells, None)
            except LimitError as limit:
                if step > 1:  # the limit was reached while some more neurons were added than were reported
                    done = limit.reached.get("neurons", 0) - walls + 1
                    step = max(1, min(2 * step // 3 if failed else step - 1, max(done, step // 3)))
                    failed = True
                elif max_cells < most:
                    max_cells = min(2 * max_cells, most)
                else:
                    break
                continue
            if neurons == self._neurons:
                return _Leaf(part.weight, self._counts(cx, part.domain))
            return _Division(part._replace(step=step), cx, neurons, *self._sizes(part, cx, neurons))
        raise GivenUpError(f"a part of the sample has {walls} walls in {self._d} dimensions, too many to begin with")

    def _subdivide(self, network: Network, part: _Part, max_cells: int, level: Fraction | None) -> PolyhedralComplex:
        options: Options = {"max_cells": max_cells, "progress": self._deadline.progress}
        cx, _ = subdivided(network, level, part.domain, 0, options, coarse=level is not None)
        if cx.artificial_hyperplanes:
            raise GivenUpError("identity neurons in the first layer need hyperplanes that are no part of C(F)")
        return cx

    def _some(self, part: _Part, neurons: int) -> Network:
        """The neurons from `part.layer` up to so many in all, as a network with an output that does not matter."""
        if part.layer == 0 and neurons in self._first_neurons:
            return self._first_neurons[neurons]
        end = bisect_left(self._starts, neurons) - 1
        first: tuple[Any, ...] = (part.rest.weights[0], part.rest.biases[0], self._layers[part.layer][2])
        *hidden, last = [first, *self._layers[part.layer + 1 : end + 1]]
        hidden.append(tuple(x[: neurons - self._starts[end]] for x in last))
        weights, biases, slopes = zip(*hidden, strict=True)
        network = Network([*weights, [[0] * len(biases[-1])]], [*biases, [0]], slopes)
        if part.layer == 0:
            self._first_neurons[neurons] = network
        return network

    def _affordable(self, part: _Part) -> int:
        """How many neurons to go to at most: the layer at hand, and more as long as their weights are few."""
        end = part.layer + 1
        weights = 0
        while end < len(self._layers):
            matrix = self._layers[end][0]
            weights += len(matrix) * len(matrix[0])
            if weights > STEP_WEIGHTS:
                break
            end += 1
        return min(self._starts[end], self._neurons - self._coarse)

    # ---- the parts of a division -------------------------------------------------------------------------------

    def _parts(self, division: _Division, picks: Sequence[tuple[int, Fraction]]) -> Iterator[_Part]:
        """The top cells of a division with the given numbers and weights, as parts.

        Such a cell is the set where the walls of the part that was divided and the neurons that were added have the
        signs that they have on it. Those without a vertex or ray on it are left out; the others come in the order of
        the number of vertices on them, so that there are few cells while `subdivide` adds them.
        """
        part, cx, neurons, sizes, crossed = division
        signs_of = _Signs(*cx.enclosures(), cx.homogeneous)
        walls = [] if part.domain is None else list(part.domain.half_spaces())
        forms = _rows(part.rest)
        both = _forms(walls + forms)
        for i, weight in picks:
            self._deadline.check()
            span = cx.cell_vertices(self._d, i)
            signs, on = signs_of.on_cell(both, span)
            near: list[tuple[int, Row]] = [(n, wall) for wall, n in zip(walls, on, strict=False) if n]
            signs, on = signs[len(walls) :], on[len(walls) :]
            rows, rest, layer, first = forms, part.rest, part.layer, part.neurons - self._starts[part.layer]
            while True:
                end = min(neurons - self._starts[layer], len(rows))
                bent = (j for j in range(first, end) if signs[j] and on[j] and self._layers[layer][2][j] != 1)
                near += [(on[j], [signs[j] * x for x in rows[j]]) for j in bent]
                if end < len(rows) or layer + 1 == len(self._layers):
                    break
                rest = self._next(layer, rows, signs)
                rows, layer, first = _rows(rest), layer + 1, 0
                if neurons > self._starts[layer]:
                    signs, on = signs_of.on_cell(_forms(rows), span)
            near.sort(key=itemgetter(0), reverse=True)
            domain = Domain([[-x for x in row[1:]] for _, row in near], [row[0] for _, row in near]) if near else None
            faces = int(len(span) * 1.5**self._d)  # as for cubes
            size = int(sizes[i]) / SIZE_UNIT
            yield _Part(domain, faces, size, bool(crossed[i]), layer, rest, neurons, part.step, weight)

    def _next(self, layer: int, rows: list[Row], signs: Sequence[int]) -> Network:
        """The network from the next layer on, given the preactivations of this one and their signs on a cell."""
        factors = [Fraction(1) if s >= 0 else a for s, a in zip(signs, self._layers[layer][2], strict=True)]
        columns = [list(map(mul, factors, column)) for column in zip(*rows, strict=True)]
        return self._rests[layer + 1].restrict(columns[0], columns[1:])

    def _counts(self, cx: PolyhedralComplex, domain: Domain | None) -> list[Fraction]:
        """The numbers of cells of a part by dimension; of those in its walls, the share that is this part's.

        For each center, a cell counts in the part that the segments from the cell to the center enter: it lies in no
        wall from which that center is on the other side. The share is the mean over the centers.
        """
        walls = [] if domain is None else list(domain.half_spaces())
        hidden = self._hidden(walls) if walls else np.zeros((0, CENTERS), np.bool_)
        rows = np.flatnonzero(hidden.any(axis=1))
        if not len(rows):
            return [Fraction(n) for n in cx.f_vector]
        vertices = np.arange(cx.n_finite_vertices + cx.n_rays)
        on = _Signs(*cx.enclosures(), cx.homogeneous).at(_forms([walls[i] for i in rows]), vertices) == 0
        counts = []
        for masks in cx.intersected_masks(np.packbits(on, axis=1)):
            kinds, numbers = np.unique(masks, axis=0, return_counts=True)
            bits = np.unpackbits(kinds, axis=1)[:, : len(rows)].astype(np.int64)
            free = (bits @ hidden[rows].astype(np.int64) == 0).sum(axis=1)
            counts.append(Fraction(int((free * numbers).sum()), CENTERS))
        return [Fraction(0)] * (self._d + 1 - len(counts)) + counts

    def _hidden(self, walls: Sequence[tuple[int, ...]]) -> npt.NDArray[np.bool_]:
        """For each wall and center, whether the center is on the other side; if it lies in the wall, a point beside."""
        doubles = _forms(self._centers).doubles
        largest = np.abs(doubles).max(axis=1)
        signs = _Signs(doubles, largest * np.finfo(float).eps, self._centers.__getitem__).at(
            _forms(walls), np.arange(CENTERS)
        )
        beside = np.array([1 if next(x for x in wall[1:] if x) > 0 else -1 for wall in walls])
        return np.asarray(np.where(signs == 0, beside, signs).T < 0)

    # ---- guesses -----------------------------------------------------------------------------------------------

    def _sizes(self, part: _Part, cx: PolyhedralComplex, neurons: int) -> tuple[Integers, npt.NDArray[np.bool_]]:
        """For the top cells of a division about how many cells there will be in each, as integers ≥ 1.

        Also whether the last neuron has both signs at the vertices of each.

        A guess in floating point, on which only the error of the estimate depends: if c of the neurons to come change
        sign among the vertices of a k-cell, Σ_{j ≤ k} C(c, j)/j!, since j hyperplanes that cut a cell have a common
        point in it with a chance of that order. Rays are evaluated far out. In a coarse complex, one dimension less,
        and few cells where F − t has one sign at all vertices.
        """
        points, _ = cx.enclosures()
        finite = cx.n_finite_vertices
        masks = []
        with np.errstate(all="ignore"):  # what overflows is a worse guess
            points[:finite] /= points[:finite, :1]
            far = 10 * (1 + np.abs(points[:finite]).max())
            points[finite:] *= far / np.abs(points[finite:]).max(axis=1, keepdims=True)
            for i in range(0, len(points), VALUES_AT_ONCE):
                self._deadline.check()
                values = self._values(part, points[i : i + VALUES_AT_ONCE, 1:])
                values = values[:, neurons - self._starts[part.layer] :]
                masks.append(~np.concatenate([np.packbits(values > 0, 1), np.packbits(values < 0, 1)], axis=1))
        # A neuron changes sign on a cell unless it is nowhere positive or nowhere negative on the cell's vertices.
        never = cx.intersected_masks(np.concatenate(masks))[-1]
        width = never.shape[1] // 2
        crossing = np.unpackbits(~(never[:, :width] | never[:, width:]), axis=1)[:, : self._neurons - neurons]
        count = crossing.sum(axis=1)
        dim = self._d - self._coarse
        guess = np.array([sum(comb(c, j) / factorial(j) for j in range(dim + 1)) for c in range(int(count.max()) + 1)])
        sizes: Integers = (SIZE_UNIT * np.minimum(guess, 1e9)).astype(np.int64)[count]
        crossed = crossing[:, -1] > 0
        return np.where(crossed | (not self._coarse), sizes, np.maximum(sizes // UNDECIDED, 1)), crossed

    def _values(self, part: _Part, x: Floats) -> Floats:
        """The preactivations from `part.layer` on at the rows of x, about."""
        columns = []
        forms = (_doubles(part.rest.weights[0]), _doubles(part.rest.biases[0]))
        for matrix, bias, slope in [(*forms, self._floats[part.layer][2]), *self._floats[part.layer + 1 :]]:
            z = x @ matrix.T + bias
            columns.append(z)
            x = np.where(z > 0, z, slope * z)
        return np.concatenate(columns, axis=1)


class _Forms(NamedTuple):
    """Homogeneous linear forms, as primitive integer rows and as the nearest doubles."""

    rows: list[tuple[int, ...]]
    doubles: Floats


def _forms(rows: Sequence[Row]) -> _Forms:
    integers = [primitive(row) for row in rows]
    scaled = [row if max(map(abs, row)) < MAX_DOUBLE else tuple(_scaled(row)) for row in integers]
    return _Forms(integers, np.array(scaled, dtype=np.float64).reshape(len(rows), -1))


def _scaled(row: Sequence[int]) -> Iterator[float]:
    """A row of integers divided by a power of two, in doubles."""
    shift = max(map(int.bit_length, row)) - 1000
    return (to_double(Fraction(x, 1 << shift)) for x in row)


class _Signs:
    """Exact signs of forms at points: by enclosures of these, and where they do not tell, exactly.

    `points`, `errors`: the homogeneous coordinates and bounds of their errors; `exact`: a point by its number, up to a
    positive factor.
    """

    def __init__(self, points: Floats, errors: Floats, exact: Callable[[int], tuple[int, ...]]) -> None:
        self._points, self._errors, self._exact = points, errors, cache(exact)

    def at(self, forms: _Forms, vertices: npt.NDArray[Any]) -> npt.NDArray[np.int8]:
        """The signs, vertices and rays × forms."""
        points, doubles = self._points[vertices], forms.doubles
        if not forms.rows:
            return np.zeros((len(vertices), 0), np.int8)
        with np.errstate(all="ignore"):  # what overflows does not tell
            values = points @ doubles.T
            # Forms are rounded once, products and sums d + 1 times; a number below the normal ones is off by less.
            rounding = np.finfo(float).eps * (points.shape[1] + 3) * (np.abs(points) @ np.abs(doubles).T)
            bound = rounding + self._errors[vertices, None] * np.abs(doubles).sum(axis=1) + LEAST_DOUBLE
            certain = np.abs(values) > 1.01 * bound
        signs = np.where(certain, np.sign(values), 0).astype(np.int8)
        for i, j in zip(*np.nonzero(~certain), strict=True):
            value = _dot(forms.rows[j], self._exact(int(vertices[i])))
            signs[i, j] = (value > 0) - (value < 0)
        return signs

    def on_cell(self, forms: _Forms, span: npt.NDArray[Any]) -> tuple[list[int], list[int]]:
        """The sign of each form on a cell where it has one, 0 if it vanishes; at how many vertices and rays it is 0."""
        signs = self.at(forms, span)
        return np.sign(signs.sum(axis=0, dtype=np.int64)).tolist(), (signs == 0).sum(axis=0).tolist()


def _rows(network: Network) -> list[Row]:
    """The preactivations of the first layer as homogeneous forms (b, a)."""
    return [(b, *row) for row, b in zip(network.weights[0], network.biases[0], strict=True)]


def _points_inside(domain: Domain | None, d: int) -> list[tuple[int, ...]]:
    """Points inside the domain in homogeneous coordinates, the same ones every time."""
    rng = Random(0)
    if domain is None:
        radii = [int(10 ** rng.uniform(3, 5)) for _ in range(CENTERS)]
        return [(10**4, *(int(rng.gauss(0, 1) * radius) for _ in range(d))) for radius in radii]
    cx, _ = subdivided(Network([[[0] * d]], [[0]]), None, domain, 0, {})
    spanning = [cx.homogeneous(v) for v in cx.cell_vertices(d, 0)]
    points = []
    for _ in range(CENTERS):
        factors = [int(10 ** rng.uniform(1, 4)) for _ in spanning]
        points.append(primitive([sum(map(mul, factors, column)) for column in zip(*spanning, strict=True)]))
    return points


def _dot(a: Sequence[Any], b: Sequence[Any]) -> Any:
    return sum(map(mul, a, b))
def _doubles(numbers: Any) -> Floats:
    """Nested sequences of rationals as the nearest doubles, infinite beyond their range."""
    try:
        return np.array(numbers, dtype=np.float64)
    except OverflowError:
        array = np.array(numbers, dtype=object)
        return np.array([to_double(x) for x in array.flat], dtype=np.float64).reshape(array.shape)


def _draw(groups: Sequence[tuple[Fraction, Integers]], n: int, rng: Random) -> Iterator[tuple[int, int, Fraction]]:
    """Systematic sampling: (group, item, new weight) for about n items, or all items if there are n at most.

    A group has a weight, the same for all its items, and their sizes, positive integers. The chance of an item is
    proportional to weight · size, its new weight inversely to its size, so that the expected new weight is its weight
    whatever the sizes are; good ones make the error small. All in rationals; the start has 53 random bits.
    """
    if sum(len(sizes) for _, sizes in groups) <= n:
        yield from ((g, i, weight) for g, (weight, sizes) in enumerate(groups) for i in range(len(sizes)))
        return
    ends = [np.cumsum(sizes) for _, sizes in groups]
    lengths = [weight * int(sizes.sum()) for weight, sizes in groups]
    spacing = sum(lengths, Fraction(0)) / n
    position = Fraction(rng.random()) * spacing
    for g, ((weight, sizes), end, length) in enumerate(zip(groups, ends, lengths, strict=True)):
        hits: dict[int, int] = {}
        while position < length:
            item = int(np.searchsorted(end, int(position / weight), side="right"))
            hits[item] = hits.get(item, 0) + 1
            position += spacing
        position -= length
        for item, count in hits.items():
            yield g, item, spacing * count / int(sizes[item])


def without_lineality(network: Network, domain: Domain | None, rows: Rows) -> tuple[Network, Domain | None]:
    """Network and domain on a coordinate subspace that is a complement of the lineality space."""
    d = network.input_dim
    kept = independent_columns(rows)
    if len(kept) == d:
        return network, domain
    directions = [[int(i == j) for i in range(d)] for j in kept]
    if domain is not None:
        domain = Domain([[row[j] for j in kept] for row in domain.a], domain.b)
    return network.restrict([0] * d, directions), domain
