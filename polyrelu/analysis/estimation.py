"""Estimates before the work: how many cells a subdivision will make, and what memory and time it will take.

**What is proved.** `Estimate.upper` and `Estimate.lower` hold for this network: with r the rank of the first layer (and
of the walls of the domain), the numbers of j-cells are at most those of `bounds.cells_upper` for R^r, where a level
counts as one more layer of one neuron. A domain with m walls has at most C(m, i) faces of codimension i, since each is
the part in the domain of the flat on which some i independent walls vanish; the cells in its relative interior are the
cells of the network restricted to it, so that their bounds add up. From below: the first layer contains s = rank
independent hyperplanes, whose arrangement has C(s, i)·2^(s−i) cells of codimension i; C(F) refines it, and a relatively
open cell of dimension j contains a j-cell of every refinement. Over a domain only one region is certain.

**What is estimated.** Every cell of C(F) lies in the relative interior of exactly one cell τ of the complex of the
first q neurons, and there it is a cell of the restriction of F to the affine hull of τ. So C(F) is explored like a
tree (Knuth 1975), with a sample of cells at every level of it: the neurons are added in steps, each step subdivides
the cells of the sample, exactly, and of all cells that arise in the interiors a new sample is drawn, for each
dimension apart, with chances proportional to weight times a guess at its share of the cells to come (systematic
sampling; stochastic enumeration, Rubinstein 2013). A cell drawn has its weight divided by the expected number of
times it is drawn, so that the expectation of the sum of weights over any set of cells is their number, whatever the
guess. How far a step goes depends on the cell alone. Hence the estimate is unbiased for the number of cells of every
dimension. Signs and weights are exact; chance alone makes the error. The standard error is that of the mean of
independent repetitions; where a few cells hold most of the others it is itself uncertain, and the truth lies more
often above the estimate than below.

References: Hanin & Rolnick, Deep ReLU networks have surprisingly few activation patterns, NeurIPS 2019. Knuth,
Estimating the efficiency of backtrack programs, Math. Comp. 29, 1975. Rubinstein, Stochastic enumeration method for
counting NP-hard problems, Methodol. Comput. Appl. Probab. 15, 2013.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, chain, groupby
from math import comb, factorial, inf, isqrt
from operator import itemgetter, mul
from random import Random
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polyrelu.errors import InputError, LimitError, NumberError
from polyrelu.exact.linear import independent_columns, null_space, rank
from polyrelu.exact.printing import BriefRepr, brief
from polyrelu.exact.rational import describe
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.stages import row_bits
from polyrelu.geometry.subdivision import Progress, read_domain, read_level, subdivide
from polyrelu.markup import table
from polyrelu.network.network import Network
from polyrelu.paper.bounds import cells_upper, short, zaslavsky

BYTES_PER_CELL = (80, 80, 80, 80, 80, 80, 90, 110, 115)
"""Peak bytes a cell while subdividing layers of up to 64 neurons, by the dimension modulo lineality, as measured."""

MASK_BYTES = 16
"""Bytes that a cell takes more for every 64 further neurons of the widest layer: two bits a neuron."""

CELLS_PER_SECOND = 1_500_000
"""Cells a second on one core, as measured: one to three million on most networks, fewer in wide and deep ones."""

TRUNK_CELLS = 200_000
"""Up to this many cells are made of the whole network before anything is sampled."""

MAX_ROW_BITS = 2**17
"""Beyond so many bits of a cleared row in each layer, added up, exact signs take too long for many of them at once."""

BRANCH_CELLS = 20_000
"""Up to this many cells are made within one cell of a sample, besides those that its walls need."""

WALL_CELLS = 200_000
"""At most so many cells are allowed for the walls; what lies outside a wall is dropped before the next is added."""

MAX_RANK = 8
"""Beyond this dimension, modulo lineality, the cells of a sample have too many faces to be subdivided in seconds."""

MAX_BOUNDED_RANK = 64
"""Beyond this dimension, modulo lineality, only regions are bounded from above, not cells of all dimensions."""

STEP_WEIGHTS = 2000
"""So many weights of later layers are read again in one step; to complete layers one by one is cheaper beyond that."""

MOST_ROWS = 20
"""Up to this dimension, modulo lineality, a table shows cells of all dimensions."""

REPETITIONS = 8
"""Independent runs of the search, from whose spread the standard error is found."""


@dataclass(frozen=True, repr=False)
class Estimate(BriefRepr):
    """What `subdivide(network, level, domain)` will make, as far as it is known before the work.

    f_vector : estimated number of cells by dimension 0..d, or None where none was possible (`reason` says why)
    errors : its standard errors; all zero if `exact`
    cells, cells_error : the same for the cells of all dimensions together
    exact : whether nothing was sampled, so that the f-vector consists of the true numbers
    lower, upper : proved bounds on the f-vector; `upper` is None for the dimensions whose bound was not computed
    rank : the dimension modulo lineality: the rank of the first layer and of the walls of the domain
    """

    network: Network
    level: Fraction | None
    domain: Domain | None
    f_vector: tuple[Fraction, ...] | None
    errors: tuple[float, ...] | None
    cells: Fraction | None
    cells_error: float | None
    exact: bool
    lower: tuple[int, ...]
    upper: tuple[int | None, ...]
    rank: int
    reason: str = ""

    @property
    def regions(self) -> Fraction | None:
        """The estimated number of regions (d-cells)."""
        return None if self.f_vector is None else self.f_vector[-1]

    @property
    def regions_error(self) -> float | None:
        """The standard error of `regions`."""
        return None if self.errors is None else self.errors[-1]

    @property
    def typical_cells(self) -> int:
        """The cells that as many hyperplanes in general position make as the network has neurons.

        A rule of thumb for random networks, and no estimate of this one: it looks at no weight. The number of regions
        of random networks depends on the number of neurons, hardly on the depth (Hanin & Rolnick 2019).
        """
        neurons = sum(map(len, self.network.slopes)) + (self.level is not None)
        walls = 0 if self.domain is None else len(self.domain.half_spaces())
        return arrangement_cells(neurons + walls, self.rank)

    @property
    def likely_cells(self) -> Fraction:
        """The estimate for all cells; where there is none, the rule of thumb."""
        return Fraction(self.typical_cells) if self.cells is None else self.cells

    @property
    def memory(self) -> int:
        """Bytes that subdividing will take at its peak: `likely_cells` by the bytes measured for a cell."""
        return int(self.likely_cells * bytes_per_cell(self.rank, max(map(len, self.network.slopes), default=0)))

    @property
    def seconds(self) -> float:
        """Seconds that subdividing will take on one core, very roughly: by the speed measured on one machine."""
        return _float(self.likely_cells / CELLS_PER_SECOND)

    def __str__(self) -> str:
        rows = [self._head(), *self._rows()]
        sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.rjust(size) for cell, size in zip(row, sizes, strict=True)) for row in rows]
        return "\n".join([self._title(), *lines, self.summary()])

    def _repr_html_(self) -> str:
        return table(self._title(), self._head(), self._rows(), self.summary())

    def _title(self) -> str:
        kind = "C(F)" if self.level is None else f"C(F, {brief(self.level)})"
        where = "" if self.domain is None else f" over {self.domain!r}"
        return f"{kind} of {self.network!r}{where}"

    def _head(self) -> tuple[str, ...]:
        return "dimension", "at least", "exact" if self.exact else "estimate", "standard error", "at most"

    def _rows(self) -> Iterator[tuple[str, ...]]:
        d = self.network.input_dim
        # In many dimensions the regions alone; there are no cells below the dimension of the lineality.
        first = d - self.rank if self.rank <= MOST_ROWS else d
        for k in range(first, d + 1):
            low, high = self.lower[k], self.upper[k]
            found = error = "-"
            if self.f_vector is not None and self.errors is not None:
                found = rounded(self.f_vector[k])
                error = "-" if self.exact else rounded(self.errors[k])
            yield str(k), short(low), found, error, "-" if high is None else short(high)

    def summary(self) -> str:
        """All cells, memory and time in one line."""
        cost = f"some {size(self.memory)} and {duration(self.seconds)} on one core"
        if self.cells is None:
            return (
                f"no estimate ({self.reason}); at least {short(sum(self.lower))} cells are certain; "
                f"a random network of as many neurons has about {rounded(Fraction(self.typical_cells))}: {cost}"
            )
        if self.exact:
            return f"{rounded(self.cells)} cells, counted: {cost}"
        assert self.cells_error is not None
        return f"about {rounded(self.cells)} cells (standard error {rounded(self.cells_error)}), {cost}"


def estimate(
    network: Network,
    level: Any = None,
    domain: Any = None,
    *,
    samples: int = 100,
    seed: int = 0,
    progress: Progress | None = None,
) -> Estimate:
    """How many cells `subdivide(network, level, domain)` will make, before it makes them.

    samples: about so many cells are drawn at every level of the search, over all dimensions and repetitions. More take
        longer and give smaller errors; when all cells fit, nothing is sampled and the numbers are exact.
    seed: of the random choices; the same seed gives the same estimate.
    progress: as for `subdivide`.

    It takes seconds, half a minute for hundreds of neurons in five to eight dimensions, and memory for about
    `TRUNK_CELLS` cells, however large the complex is. Unbiased for every
    dimension; lower and upper bounds are proved (both: see the module's text). In more than `MAX_RANK` dimensions
    modulo lineality there are only bounds, and likewise for networks with identity neurons in the first layer that
    need hyperplanes which are no part of C(F), or whose numbers are so long (`MAX_ROW_BITS`) that signs take seconds.

    Raises what `subdivide` raises for bad input, InputError for `samples` and `seed` that are not integers (samples
    positive). Ctrl-C raises KeyboardInterrupt at once.
    """
    for name, value, least in (("samples", samples, 1), ("seed", seed, None)):
        if isinstance(value, bool) or not isinstance(value, int) or (least is not None and value < least):
            raise InputError(f"{name}: expected {'a positive' if least else 'an'} integer, got {describe(value)}")
    t = read_level(network, level)
    where = read_domain(domain, network)
    rows = _rows_that_matter(network, t, where)
    r = rank(rows)
    counts = None
    short_enough = row_bits(network) <= MAX_ROW_BITS
    if short_enough and begins_within_trunk(r):
        with suppress(LimitError):
            counts = subdivide(network, t, where, max_cells=TRUNK_CELLS, progress=progress).f_vector
    nothing = Estimate(network, t, where, None, None, None, None, False, *_bounds(network, t, where, r), r)
    if counts is not None:
        return _with_counts(nothing, [[*map(Fraction, counts)]])
    if r > MAX_RANK:
        return replace(nothing, reason=f"{r} dimensions are too many to sample from (at most {MAX_RANK})")
    if not short_enough:
        return replace(nothing, reason="its rows have common denominators of too many digits to be sampled in seconds")
    search = _Search(*_without_lineality(network, where, rows), t, samples, progress)
    try:
        totals = search.run(Random(seed))
    except (_GivenUpError, NumberError) as error:  # numbers longer than can be read, in very deep networks
        return replace(nothing, reason=str(error))
    padding = [Fraction(0)] * (network.input_dim - r)
    return _with_counts(nothing, [padding + total for total in totals])


def _with_counts(nothing: Estimate, totals: list[list[Fraction]]) -> Estimate:
    """With the f-vectors of all repetitions, or with the one that was counted."""
    means, errors = zip(*map(_mean, zip(*totals, strict=True)), strict=True)
    cells, cells_error = _mean([sum(total, Fraction(0)) for total in totals])
    return replace(nothing, f_vector=means, errors=errors, cells=cells, cells_error=cells_error, exact=len(totals) == 1)


def begins_within_trunk(dimension: int) -> bool:
    """Whether `TRUNK_CELLS` are enough to begin with in this dimension modulo lineality; else it is no use to try."""
    return bool(2 * 3**dimension - 1 <= TRUNK_CELLS)


def bytes_per_cell(dimension: int, widest: int = 0) -> int:
    """The bytes a cell takes at the peak in this dimension modulo lineality, with so many neurons in one layer."""
    return BYTES_PER_CELL[min(dimension, len(BYTES_PER_CELL) - 1)] + max(widest - 1, 0) // 64 * MASK_BYTES


Integers = npt.NDArray[np.int64]
Rows = list[Sequence[Fraction | int]]
Affine = tuple[tuple[tuple[Fraction, ...], ...], tuple[Fraction, ...]]

# --- what is proved ---


def _rows_that_matter(network: Network, level: Fraction | None, domain: Domain | None) -> Rows:
    """The normals of walls and first-layer rows: the complex is invariant along their common null space."""
    rows: Rows = [wall[1:] for wall in domain.half_spaces()] if domain is not None else []
    if network.depth or level is not None:
        rows += network.weights[0]
    return [row for row in rows if any(row)]


def _bounds(
    network: Network, level: Fraction | None, domain: Domain | None, r: int
) -> tuple[tuple[int, ...], tuple[int | None, ...]]:
    """Lower and upper bounds on the f-vector."""
    d = network.input_dim
    hidden = [*map(len, network.slopes), *([] if level is None else [1])]
    relu = not any(chain.from_iterable(network.slopes))
    upper: list[int | None] = [0] * (d + 1)
    if r <= MAX_BOUNDED_RANK:
        walls = 0 if domain is None else len(domain.half_spaces())
        for j in range(r + 1):
            faces = [comb(walls, i) * _cells_upper(r - i, hidden, j, relu) for i in range(r - j + 1)]
            upper[d - r + j] = sum(faces)
    else:
        upper[:-1] = [None] * d
        upper[-1] = _cells_upper(r, hidden, r, relu)
    s = 0
    if domain is None and network.depth:
        s = rank([row for row, a in zip(network.weights[0], network.slopes[0], strict=True) if a != 1 and any(row)])
    elif domain is None and level is not None:
        s = int(any(network.weights[0][0]))
    return tuple(comb(s, d - k) << max(s - d + k, 0) for k in range(d + 1)), tuple(upper)


def _cells_upper(dimension: int, hidden: Sequence[int], j: int, relu: bool) -> int:
    return cells_upper((dimension, *hidden, 1), j, relu) if dimension else 1


# --- what is sampled ---


class _GivenUpError(Exception):
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

    `cells`: by dimension the numbers of the cells in its interior, `sizes`: see `_Search._sizes`.
    """

    node: _Node
    complex: PolyhedralComplex
    neurons: int
    cells: list[Integers]
    sizes: list[Integers]


class _Search:
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
            raise _GivenUpError("the domain has too many faces")
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
                raise _GivenUpError("identity neurons in the first layer need hyperplanes that are no part of C(F)")
            cells = [np.zeros(0, np.int64)] * (k + 1)
            for j in range(cx.coordinates.lineality_dim, k + 1):
                cells[j] = np.arange(cx.n_cells(j)) if whole else np.flatnonzero(~cx.on_boundary(j))
            branch = _Branch(node._replace(step=step), cx, neurons, cells, [])
            return branch if neurons == self._neurons else branch._replace(sizes=self._sizes(branch))
        raise _GivenUpError(f"a cell of the sample has {walls} walls in {k} dimensions, too many to begin with")

    def _sizes(self, branch: _Branch) -> list[Integers]:
        """For the cells of a branch, by dimension, about how many cells there will be in each, as integers ≥ 1.

        A guess in floating point, on which only the error of the estimate depends: if c of the neurons to come change
        sign among the vertices of a k-cell, Σ_{j ≤ k} C(c, j)/j!, since j hyperplanes that cut a cell have a common
        point in it with a chance of that order. Rays are looked at far out.
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
    return np.array([_float(x) for x in array.flat], dtype=np.float64).reshape(array.shape)


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


def arrangement_cells(n: int, d: int) -> int:
    """The number of cells of all dimensions of n hyperplanes in general position in R^d: the largest there is.

    Σ_i C(n, i) Σ_{j ≤ d − i} C(n − i, j): the regions of the other hyperplanes in the flats of i of them.
    """
    return sum(comb(n, i) * zaslavsky(n - i, d - i) for i in range(min(n, d) + 1))


def _without_lineality(network: Network, domain: Domain | None, rows: Rows) -> tuple[Network, Domain | None]:
    """Network and domain on a coordinate subspace that is a complement of the lineality space."""
    d = network.input_dim
    kept = independent_columns(rows)
    if len(kept) == d:
        return network, domain
    directions = [[int(i == j) for i in range(d)] for j in kept]
    if domain is not None:
        domain = Domain([[row[j] for j in kept] for row in domain.a], domain.b)
    return network.restrict([0] * d, directions), domain


# --- numbers for people ---


def _mean(values: Sequence[Fraction]) -> tuple[Fraction, float]:
    """Mean and its standard error; no error for a single value, which was not sampled."""
    n = len(values)
    mean = sum(values, Fraction(0)) / n
    variance = sum(((x - mean) ** 2 for x in values), Fraction(0)) / (n * (n - 1)) if n > 1 else Fraction(0)
    scale = 10**12
    return mean, _float(Fraction(isqrt(int(variance * scale**2)), scale))


def _float(x: Fraction) -> float:
    """The nearest double, or infinity."""
    try:
        return float(x)
    except OverflowError:
        return inf if x > 0 else -inf


def rounded(x: Fraction | float) -> str:
    """A non-negative number for a table: integers below 10^15 in full, others to three significant digits or so."""
    if x in (inf, 0) or (isinstance(x, Fraction) and x.denominator == 1 and x < 10**15):
        return str(x)
    if x >= 10**6:
        return short(int(x)) if x >= 10**15 else f"{float(x):.3g}"
    return f"{float(x):.0f}" if x >= 100 else f"{float(x):.2g}"


def size(count: int) -> str:
    """Bytes in words: kB, MB, GB or TB."""
    for unit, power in (("kB", 3), ("MB", 6), ("GB", 9)):
        if count < 10 ** (power + 3):
            return f"{rounded(Fraction(count, 10**power))} {unit}"
    return f"{rounded(Fraction(count, 10**12))} TB" if count < 10**18 else "more than a million TB"


def duration(seconds: float) -> str:
    """A time in words, to one or two digits."""
    for unit, length, end in (("ms", 1e-3, 1.0), ("s", 1.0, 120.0), ("minutes", 60.0, 7200.0), ("hours", 3600.0, 2e5)):
        if seconds < end:
            return f"{rounded(seconds / length)} {unit}"
    days, years = seconds / 86400, seconds / 86400 / 365.25
    if years < 3:
        return f"{rounded(days)} days"
    return f"{rounded(years)} years" if years < 1e6 else "more than a million years"
