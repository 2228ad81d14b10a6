"""A sampler of the cells of a complex that is too large to be made, which estimates their numbers without bias.

The cells form a tree, explored like that of Knuth (1975) with samples: neurons are added in steps, each step subdivides
the cells of the sample exactly, and a new sample is drawn from the cells that arise in their interiors, for each
dimension separately (systematic sampling; stochastic enumeration, Rubinstein 2013). Signs and weights are exact. The
estimate is unbiased in every dimension: section 11 of docs/mathematics.md has the proof.

References: Knuth, Estimating the efficiency of backtrack programs, Math. Comp. 29, 1975. Rubinstein, Stochastic
enumeration method for counting NP-hard problems, Methodol. Comput. Appl. Probab. 15, 2013.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, groupby
from math import comb, factorial
from operator import itemgetter, mul
from random import Random
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polyrelu.analysis.cell_bounds import Rows, arrangement_cells
from polyrelu.errors import LimitError
from polyrelu.exact.floats import to_double
from polyrelu.exact.linear import independent_columns, null_space
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.subdivision import Progress, subdivide
from polyrelu.network.network import Network

Integers = npt.NDArray[np.int64]
Affine = tuple[tuple[tuple[Fraction, ...], ...], tuple[Fraction, ...]]

TRUNK_CELLS = 200_000
"""Maximum number of cells of the whole network that are made before anything is sampled."""

MAX_ROW_BITS = 2**17
"""Maximum sum, over the layers, of the bits of a row of integers; beyond it exact signs take too long."""

BRANCH_CELLS = 20_000
"""Maximum number of cells within one cell of a sample, besides those that its walls need."""

WALL_CELLS = 200_000
"""Maximum number of cells for the walls; what lies outside a wall is dropped before the next wall is added."""

MAX_RANK = 8
"""Beyond this dimension, modulo lineality, the cells of a sample have too many faces to be subdivided in seconds."""

STEP_WEIGHTS = 2000
"""Maximum number of weights of later layers that are read again in a step; beyond it layers are completed singly."""

REPETITIONS = 8
"""Independent runs of the search, from whose spread the standard error is found."""


def begins_within_trunk(dimension: int) -> bool:
    """Whether `TRUNK_CELLS` are enough to begin with in this dimension modulo lineality."""
    return bool(2 * 3**dimension - 1 <= TRUNK_CELLS)


class GivenUpError(Exception):
    """No estimate: the message says why."""


class _Node(NamedTuple):
    """A cell of the complex of the first `neurons` neurons, in coordinates of its affine hull (`domain`).

    `layer`: the first layer with neurons that have not been added, `forms`: its preactivations on the cell, affine
    there, as (weights, biases). `step`: how many neurons were added when the cell arose. `weight`: how many cells it
    stands for.
    """

    domain: Domain | None
    layer: int
    forms: Affine
    neurons: int
    step: int
    weight: Fraction


class _Branch(NamedTuple):
    """A node, subdivided by more neurons.

    `cells`: by dimension the numbers of the cells in its interior, `sizes`: see `Search._sizes`.
    """

    node: _Node
    complex: PolyhedralComplex
    neurons: int
    cells: list[Integers]
    sizes: list[Integers]


class Search:
    """One network without lineality; all that the repetitions have in common.

    With a level, F − t is the one neuron of a last hidden layer: the complex of that network is C(F, t).
    """

    def __init__(
        self, network: Network, domain: Domain | None, level: Fraction | None, samples: int, progress: Progress | None
    ) -> None:
        self._d = network.input_dim
        self._domain, self._progress = domain, progress
        self._layers = list(zip(network.weights, network.biases, network.slopes, strict=False))
        if level is not None:
            head = tuple(b - level for b in network.biases[-1])
            self._layers.append((network.weights[-1], head, (Fraction(0),)))
        self._floats = [tuple(map(_doubles, layer)) for layer in self._layers]
        self._maps = [Network([weights], [biases]) for weights, biases, _ in self._layers]
        self._starts = [0, *accumulate(len(bias) for _, bias, _ in self._layers)]
        self._neurons = self._starts[-1]
        self._drawn = max(1, samples // (REPETITIONS * self._d))

    def run(self, rng: Random) -> list[list[Fraction]]:
        """The f-vector found in each repetition; in one only, if nothing had to be sampled."""
        trunk = self._trunk()
        totals = []
        for repetition in range(REPETITIONS):
            if self._progress is not None:
                self._progress("sampling", repetition, REPETITIONS)
            total, sampled = self._repetition(trunk, rng)
            totals.append(total)
            if not sampled:
                break
        return totals

    def _trunk(self) -> _Branch:
        """The root, subdivided as far as `TRUNK_CELLS` go. Over a domain the cells in its walls count as well."""
        if not self._layers:
            raise GivenUpError("the domain has too many faces")
        root = _Node(self._domain, 0, self._layers[0][:2], 0, self._neurons, Fraction(1))
        return self._subdivided(root, TRUNK_CELLS, whole=True)

    def _repetition(self, trunk: _Branch, rng: Random) -> tuple[list[Fraction], bool]:
        total = [Fraction(0)] * (self._d + 1)
        sampled = False
        branches = [trunk]
        while branches:
            nodes: list[_Node] = []
            for k in range(self._d + 1):
                growing = []
                for branch in branches:
                    if k and branch.neurons < self._neurons and k < len(branch.cells):
                        growing.append(branch)
                    elif k < len(branch.cells):  # a point is not subdivided any further
                        total[k] += branch.node.weight * len(branch.cells[k])
                drawn = list(_draw([(b.node.weight, b.sizes[k]) for b in growing], self._drawn, rng))
                sampled |= len(drawn) < sum(len(b.cells[k]) for b in growing)
                for g, picks in groupby(drawn, key=itemgetter(0)):
                    nodes += self._children(growing[g], k, [(i, weight) for _, i, weight in picks])
            branches = [self._subdivided(node, BRANCH_CELLS) for node in nodes]
        return total, sampled

    def _from(self, node: _Node, end: int) -> list[Any]:
        """The layers from `node.layer` up to `end`, both included, as (weights, biases, slopes)."""
        return [(*node.forms, self._layers[node.layer][2]), *self._layers[node.layer + 1 : end + 1]]

    def _network(self, node: _Node, neurons: int) -> Network:
        """The neurons from `node.layer` up to so many in all, as a network with an output that does not matter."""
        end = bisect_left(self._starts, neurons) - 1
        *hidden, last = self._from(node, end)
        hidden.append(tuple(part[: neurons - self._starts[end]] for part in last))
        weights, biases, slopes = zip(*hidden, strict=True)
        return Network([*weights, [[0] * len(biases[-1])]], [*biases, [0]], slopes)

    def _affordable(self, node: _Node) -> int:
        """How many neurons to go to at most: the layer at hand, and more as long as their weights are few."""
        end = node.layer + 1
        weights = 0
        while end < len(self._layers):
            matrix = self._layers[end][0]
            weights += len(matrix) * len(matrix[0])
            if weights > STEP_WEIGHTS:
                break
            end += 1
        return self._starts[end]

    def _children(self, branch: _Branch, k: int, picks: Sequence[tuple[int, Fraction]]) -> list[_Node]:
        """Of the k-cells in a branch's interior those with the given places and weights, as nodes."""
        node, cx = branch.node, branch.complex
        layer = bisect_right(self._starts, branch.neurons) - 1
        children = []
        for place, weight in picks:
            i = int(branch.cells[k][place])
            forms = self._forms(node, layer, cx.interior_point(k, i)) if layer > node.layer else node.forms
            domain, forms = _in_own_coordinates(cx, k, i, forms)
            children.append(_Node(domain, layer, forms, branch.neurons, node.step, weight))
        return children

    def _forms(self, node: _Node, layer: int, x: Sequence[Fraction]) -> Affine:
        """The preactivations of a later layer on the cell around x, affine there since its neurons have one sign."""
        matrix, bias = node.forms
        for number in range(node.layer, layer):
            signs = (_dot(row, x) + b for row, b in zip(matrix, bias, strict=True))
            factors = [Fraction(1) if z >= 0 else a for z, a in zip(signs, self._layers[number][2], strict=True)]
            columns = [list(map(mul, factors, column)) for column in (bias, *zip(*matrix, strict=True))]
            composed = self._maps[number + 1].restrict(columns[0], columns[1:])
            matrix, bias = composed.weights[0], composed.biases[0]
        return matrix, bias

    def _subdivided(self, node: _Node, max_cells: int, whole: bool = False) -> _Branch:
        """The node, subdivided by as many of the next neurons as the limit allows. `whole`: with its boundary."""
        k = len(node.forms[0][0])
        walls = 0 if node.domain is None else len(node.domain.half_spaces())
        max_cells += min(2 * arrangement_cells(max(walls, k), k), WALL_CELLS)
        step = min(self._affordable(node) - node.neurons, 2 * node.step)
        while step:
            neurons = node.neurons + step
            net = self._network(node, neurons)
            try:
                cx = subdivide(net, None, node.domain, max_cells=max_cells)
            except LimitError:
                step //= 2
                continue
            if cx.artificial_hyperplanes:
                raise GivenUpError("identity neurons in the first layer need hyperplanes that are no part of C(F)")
            cells = [np.zeros(0, np.int64)] * (k + 1)
            for j in range(cx.coordinates.lineality_dim, k + 1):
                cells[j] = np.arange(cx.n_cells(j)) if whole else np.flatnonzero(~cx.on_boundary(j))
            branch = _Branch(node._replace(step=step), cx, neurons, cells, [])
            return branch if neurons == self._neurons else branch._replace(sizes=self._sizes(branch))
        raise GivenUpError(f"a cell of the sample has {walls} walls in {k} dimensions, too many to begin with")

    def _sizes(self, branch: _Branch) -> list[Integers]:
        """For the cells of a branch, by dimension, about how many cells there will be in each, as integers ≥ 1.

        A guess in floating point, on which only the error of the estimate depends: if c of the neurons to come change
        sign among the vertices of a k-cell, Σ_{j ≤ k} C(c, j)/j!, since j hyperplanes that cut a cell have a common
        point in it with a chance of that order. Rays are evaluated far out.
        """
        cx, node = branch.complex, branch.node
        points, _ = cx.enclosures()
        finite = cx.n_finite_vertices
        with np.errstate(all="ignore"):  # what overflows is a worse guess
            points[:finite] /= points[:finite, :1]
            far = 10 * (1 + np.abs(points[:finite]).max())
            points[finite:] *= far / np.abs(points[finite:]).max(axis=1, keepdims=True)
            values = self._values(node, points[:, 1:])[:, branch.neurons - self._starts[node.layer] :]
        # A neuron changes sign on a cell unless it is nowhere positive or nowhere negative on the cell's vertices.
        never = cx.intersected_masks(~np.concatenate([np.packbits(values > 0, 1), np.packbits(values < 0, 1)], axis=1))
        width = never[0].shape[1] // 2
        sizes: list[Integers] = []
        for k, chosen in enumerate(branch.cells):
            if not len(chosen):
                sizes.append(chosen)
                continue
            found = never[k - cx.coordinates.lineality_dim][chosen]
            crossing = np.unpackbits(~(found[:, :width] | found[:, width:]), axis=1).sum(axis=1)
            most = int(crossing.max())
            guess = np.array([sum(comb(c, j) / factorial(j) for j in range(k + 1)) for c in range(most + 1)])
            sizes.append((16 * np.minimum(guess, 1e9)).astype(np.int64)[crossing])
        return sizes

    def _values(self, node: _Node, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The preactivations from `node.layer` on at the rows of x, about."""
        columns = []
        forms = tuple(map(_doubles, node.forms))
        for matrix, bias, slope in [(*forms, self._floats[node.layer][2]), *self._floats[node.layer + 1 :]]:
            z = x @ matrix.T + bias
            columns.append(z)
            x = np.where(z > 0, z, slope * z)
        return np.concatenate(columns, axis=1)


def _in_own_coordinates(cx: PolyhedralComplex, k: int, i: int, affine: Affine) -> tuple[Domain | None, Affine]:
    """The k-cell i as a domain in coordinates of its affine hull, and an affine map on it in these."""
    matrix, bias = affine
    h = cx.h_representation(k, i)
    walls = [(row[0], row[1:]) for row in h.inequalities]
    if h.equations:  # x = origin + Σ t_j basis[j]
        origin = cx.vertex(int(cx.cell_vertices(k, i)[0]))
        # Entries at most 1: as primitive integers the basis would grow without end from one hull to the next.
        null = null_space([row[1:] for row in h.equations], cx.input_dim)
        basis = [[Fraction(x, 1 << max(map(int.bit_length, v))) for x in v] for v in null]
        bias = tuple(b + _dot(row, origin) for row, b in zip(matrix, bias, strict=True))
        matrix = tuple(tuple(_dot(row, v) for v in basis) for row in matrix)
        walls = [(b - _dot(a, origin), tuple(_dot(a, v) for v in basis)) for b, a in walls]
    return Domain([a for _, a in walls], [b for b, _ in walls]) if walls else None, (matrix, bias)


def _dot(a: Sequence[Any], b: Sequence[Any]) -> Any:
    return sum(map(mul, a, b))


def _doubles(numbers: Any) -> npt.NDArray[np.float64]:
    """Nested sequences of rationals as the nearest doubles, infinite beyond their range."""
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
