"""Partition: the input space of a network with several outputs, divided by which output is the largest."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt

from polyrelu.errors import InputError, PointError, RegionError, VerificationError
from polyrelu.exact.limits import memory_is_a_limit, read_flag
from polyrelu.exact.rational import describe
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.region import CellSet
from polyrelu.geometry.subdivision import Options, Progress, subdivide
from polyrelu.markup import table
from polyrelu.network.intervals import OutputBounds
from polyrelu.network.network import Network

Bools = npt.NDArray[np.bool_]
Masks = npt.NDArray[np.uint8]

BLOCK = 4096  # vertices that are evaluated together


class Partition:
    """The domain of a network F with n ≥ 2 outputs, divided into classes. Made by `classify`; immutable.

    A point belongs to class i if F_i is greater than all other outputs there; where several outputs are the largest it
    is a tie. On the relative interior of every cell of `complex` the same outputs are the largest, so regions of
    classes and the decision boundary are unions of cells.

    `complex` refines C(F) by the zero sets of comparisons of outputs, n − 1 of them, held as a knockout: F_0 with F_1,
    F_2 with F_3, …, then the larger ones with each other. It is C(G) for a network G that has the hidden layers of F
    and those of the comparisons, and computes max F − F_{n−1}. The regions do not depend on the order of the outputs,
    the number of cells may; for n = 2 the complex is C(F, F_0 = F_1).
    """

    def __init__(self, network: Network, complex: PolyhedralComplex, masks: Sequence[Masks]) -> None:
        """For `classify` only: `masks` are the largest outputs of the cells by dimension, as packed bits."""
        self._network, self._complex, self._masks = network, complex, tuple(masks)
        for mask in self._masks:
            mask.flags.writeable = False

    def __reduce__(self) -> tuple[Any, ...]:
        return Partition, (self._network, self._complex, self._masks)

    @property
    def network(self) -> Network:
        """The network F."""
        return self._network

    @property
    def complex(self) -> PolyhedralComplex:
        """The cells."""
        return self._complex

    @property
    def n_classes(self) -> int:
        """The number n of classes, which are numbered 0..n−1 like the outputs."""
        return self._network.output_dim

    def winners(self, k: int) -> Bools:
        """For every k-cell which outputs are the largest on its relative interior, n_cells(k) × n. Exact."""
        return np.unpackbits(self.masks(k), axis=1, count=self.n_classes).view(np.bool_)

    def masks(self, k: int) -> Masks:
        """`winners(k)` as packed bits, a row of bytes for each cell (`numpy.packbits`); read-only."""
        self._complex.n_cells(k)  # raises for what is no dimension
        low = self._complex.coordinates.lineality_dim
        return self._masks[int(k) - low] if k >= low else self._masks[0][:0]

    def class_numbers(self) -> npt.NDArray[np.int64]:
        """For every d-cell its class, or −1 for a tie throughout the cell."""
        winners = self.winners(self._complex.input_dim)
        return np.where(winners.sum(axis=1) == 1, winners.argmax(axis=1), -1).astype(np.int64)

    def class_of(self, x: Any) -> int:
        """The class of the point x (d exact numbers), or −1 for a tie; exact. PointError outside the domain."""
        largest = self.winners_at(x)
        return largest[0] if len(largest) == 1 else -1

    def winners_at(self, x: Any) -> tuple[int, ...]:
        """Which outputs are the largest at the point x (d exact numbers); exact. PointError outside the domain."""
        if not self._complex.contains(x):
            raise PointError("point: lies outside the domain of the partition")
        return tuple(np.flatnonzero(_largest(self._network, x)).tolist())

    def region(self, i: int, closed: bool = False) -> ClassRegion:
        """The region of class i, open: {F_i > F_j for all j ≠ i}, or closed: {F_i ≥ F_j for all j}. RegionError."""
        return ClassRegion(self, i, closed)

    def boundary(self) -> DecisionBoundary:
        """The decision boundary: where several outputs are the largest."""
        return DecisionBoundary(self)

    def __repr__(self) -> str:
        return f"Partition({self.n_classes} classes of {self._network!r}: {self._complex.n_regions} regions)"

    def _repr_html_(self) -> str:
        found = self.class_numbers()
        counts = np.bincount(found[found >= 0], minlength=self.n_classes).tolist()
        rows: list[tuple[object, int]] = list(enumerate(counts))
        ties = len(found) - sum(counts)
        return table(repr(self), ["class", "regions"], rows + [("tie", ties)] * bool(ties))


class _ClassSet(CellSet):
    """A set of cells of a partition."""

    __slots__ = ("_partition",)

    _partition: Partition

    def __init__(self, partition: Partition) -> None:
        super().__init__(partition.complex)
        object.__setattr__(self, "_partition", partition)

    @property
    def partition(self) -> Partition:
        """The Partition whose cells it has."""
        return self._partition


class ClassRegion(_ClassSet):
    """The region of class i of a partition: {F_i > F_j for all j ≠ i}, or with `closed` {F_i ≥ F_j for all j}.

    The first is open in the domain and is not always the interior of the second, nor that its closure: outputs may
    agree on sets of full dimension.
    """

    __slots__ = ("_closed", "_index")

    _index: int
    _closed: bool

    def __init__(self, partition: Partition, i: int, closed: bool = False) -> None:
        n = partition.n_classes
        if isinstance(i, bool) or not isinstance(i, (int, np.integer)) or not 0 <= i < n:
            raise RegionError(f"class: expected an integer from 0 to {n - 1}, got {describe(i)}")
        super().__init__(partition)
        object.__setattr__(self, "_index", operator.index(i))
        object.__setattr__(self, "_closed", read_flag(closed, "closed"))

    def __reduce__(self) -> tuple[Any, ...]:
        return ClassRegion, (self._partition, self._index, self._closed)

    @property
    def index(self) -> int:
        """The number i of the class."""
        return self._index

    @property
    def is_open(self) -> bool:
        """Whether ties are left out, so that the region is open in the domain."""
        return not self._closed

    def mask(self, k: int) -> Bools:
        """For every k-cell of the complex: whether its relative interior lies in the region."""
        masks = self._partition.masks(k)
        alone = np.packbits(np.arange(self._partition.n_classes) == self._index)
        found: Bools = (masks & alone == alone if self._closed else masks == alone).all(axis=1)
        return found

    def contains(self, x: Any) -> bool:
        """Whether the point x (d exact numbers) lies in the region (and in the domain); decided exactly."""
        if not self._complex.contains(x):
            return False
        largest = self._partition.winners_at(x)
        return self._index in largest and (self._closed or len(largest) == 1)

    def __repr__(self) -> str:
        kind = "closed" if self._closed else "open"
        return f"ClassRegion(class {self._index}, {kind}, of {self._partition.network!r})"


class DecisionBoundary(_ClassSet):
    """The decision boundary of a partition: the closed set where two or more outputs are the largest.

    It has full dimension where outputs agree on an open set.
    """

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return DecisionBoundary, (self._partition,)

    @property
    def is_open(self) -> bool:
        """False: the set is closed."""
        return False

    def mask(self, k: int) -> Bools:
        """For every k-cell of the complex: whether it lies in the decision boundary."""
        tied: Bools = self._partition.winners(k).sum(axis=1) > 1
        return tied

    def contains(self, x: Any) -> bool:
        """Whether the point x (d exact numbers) lies on the boundary (and in the domain); decided exactly."""
        return self._complex.contains(x) and len(self._partition.winners_at(x)) > 1

    def __repr__(self) -> str:
        return f"DecisionBoundary({self._partition.network!r})"


@memory_is_a_limit
def classify(
    network: Network, domain: Domain | Sequence[Sequence[Any]] | None = None, **options: Unpack[Options]
) -> Partition:
    """Divide the domain into classes by the largest output, exactly. Domain and options as for `subdivide`.

    What is proved. Every cell has one set of largest outputs on its relative interior, since each comparison of the
    knockout has one sign there; on the regions (d-cells) the signs that the subdivision found tell the set. Let m_i be
    F_i minus the maximum of all outputs: m_i ≤ 0 is affine on every cell, so it is zero on a cell iff it is zero at
    the vertices of the cell and constant along its rays r. Its slope along r is the difference m_i(r) of
    F_∞(r) = lim F(x + s r) / s (s → ∞), the same for all x, as F is Lipschitz. So the largest outputs of a cell are
    those that all its vertices and rays have among their largest ones. For a vertex or ray these are first enclosed:
    they include the largest outputs of all regions around it, by continuity, and exclude every output that a rigorous
    floating-point bound (`polyrelu.network.intervals`) proves to be less than another. Where that leaves a choice, and
    the bound does not prove equality either, the network is evaluated in rational arithmetic.

    Raises RegionError for a network with one output, and what `subdivide` raises.
    """
    if not isinstance(network, Network):
        raise InputError(f"classify: expected a Network, got an object of type {type(network).__name__}")
    n = network.output_dim
    if n < 2:
        raise RegionError(
            "classes: the network has one output, and two or more are compared; the set where one output exceeds a "
            "level is a region: subdivide(network, level=t).region('>')"
        )
    cx = subdivide(network.followed_by(_knockout(n)), None, domain, **options)
    regions = np.packbits(_knockout_winners(cx.region_signs(network.depth), n), axis=1)
    at_least = np.unpackbits(cx.united_masks(regions), axis=1, count=n).view(np.bool_)
    winners = _vertex_winners(network, cx, at_least, options.get("progress"))
    masks = cx.intersected_masks(np.packbits(winners, axis=1))
    if not np.array_equal(masks[-1], regions):
        raise VerificationError("the largest outputs of a region are not those that all its vertices share")
    return Partition(network, cx, masks)


def _rounds(n: int) -> Iterator[tuple[int, int]]:
    """(pairs, values left over) of each round of a knockout among n values."""
    while n > 1:
        yield n // 2, n % 2
        n -= n // 2


def _knockout(n: int) -> Network:
    """The network y ↦ max(y) − y_n on R^n whose neurons that split compare two values each: n − 1 of them.

    Each round has a hidden layer: for a pair (a, b) the neurons ReLU(a − b) and b itself (an identity neuron, which
    splits nothing), so that max(a, b) is their sum; a value left over is passed on. The last value is subtracted so
    that the first layer, which is all there is when F is affine, has the rank of the differences.
    """
    values = np.eye(n, dtype=np.int64)
    values[:, -1] -= 1
    weights, slopes = [], []
    for pairs, left_over in _rounds(n):
        first, second = values[0 : 2 * pairs : 2], values[1 : 2 * pairs : 2]
        weights.append(np.vstack([first - second, second, values[2 * pairs :]]))
        slopes.append([0] * pairs + [1] * (pairs + left_over))
        size = pairs + left_over
        values = np.hstack([np.eye(size, pairs, dtype=np.int64), np.eye(size, dtype=np.int64)])
    weights.append(values)
    return Network(weights, [[0] * len(matrix) for matrix in weights], slopes)


def _knockout_winners(signs: npt.NDArray[np.int8], n: int) -> Bools:
    """Which of n values are the largest, n_regions × n, from the signs of the comparisons of the knockout."""
    largest = np.ones((len(signs), 1), np.bool_)
    end = signs.shape[1]
    for pairs, _ in reversed(list(_rounds(n))):
        sign, end = signs[:, end - pairs : end], end - pairs
        before = np.empty((len(signs), largest.shape[1] + pairs), np.bool_)
        before[:, 0 : 2 * pairs : 2] = largest[:, :pairs] & (sign >= 0)
        before[:, 1 : 2 * pairs : 2] = largest[:, :pairs] & (sign <= 0)
        before[:, 2 * pairs :] = largest[:, pairs:]
        largest = before
    return largest


def _vertex_winners(network: Network, cx: PolyhedralComplex, at_least: Bools, progress: Progress | None) -> Bools:
    """Which outputs are the largest at every vertex and ray, given some that are; see `classify`."""
    points, error = cx.enclosures()
    bounds, growth = OutputBounds(network), network.recession()
    dropped = [j + 1 for j in cx.dropped_coordinates]
    winners = np.empty_like(at_least)
    for start in range(0, len(points), BLOCK):
        if progress is not None:
            progress("classes", start, len(points))
        block = slice(start, start + BLOCK)
        radii = np.repeat(error[block, None], points.shape[1], axis=1)
        radii[:, dropped] = 0
        radii[max(cx.n_finite_vertices - start, 0) :, 0] = 0
        lower, upper = bounds(points[block], radii)
        less = upper < np.fmax.reduce(lower, axis=1)[:, None]
        if (at_least[block] & less).any():
            raise VerificationError("an output that is the largest on a region is less than another at its boundary")
        winners[block] = ~less
        sure = at_least[block] | less | (lower >= np.max(upper, axis=1)[:, None])
        for v in (start + np.flatnonzero(~sure.all(axis=1))).tolist():
            finite = v < cx.n_finite_vertices
            winners[v] = _largest(network, cx.vertex(v)) if finite else _largest(growth, cx.ray(v))
    return winners


def _largest(network: Network, x: Any) -> list[bool]:
    """Which outputs are the largest at x, exactly."""
    values: Sequence[Fraction] = network(x)  # type: ignore[assignment]
    most = max(values)
    return [value == most for value in values]
