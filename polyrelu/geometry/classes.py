"""The partition of the input space of a network with several outputs by which output is the largest."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt

from polyrelu.errors import InputError, PointError, RegionError
from polyrelu.exact.limits import memory_is_a_limit, read_flag
from polyrelu.exact.rational import describe
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.hull import over_hull
from polyrelu.geometry.region import CellSet
from polyrelu.geometry.subdivision import Options, check_options, read_domain, subdivided_by_conditions
from polyrelu.markup import table
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice

Bools = npt.NDArray[np.bool_]
Masks = npt.NDArray[np.uint8]


class Partition:
    """The domain of a network F with n ≥ 2 outputs, divided into classes. Immutable; `classify` makes it.

    A point belongs to class i if F_i is greater there than every other output. A point where several outputs are the
    largest is a tie. The set of largest outputs is constant on the relative interior of each cell of `complex`, so the
    region of each class and the decision boundary are unions of relative interiors of cells.

    `complex` refines C(F) by the zero sets of n − 1 comparisons of outputs. They form a knockout tournament: F_0 is
    compared with F_1, F_2 with F_3, …, and then the larger outputs of two pairs with each other, until one is left.
    The complex is C(G) for a network G that has the hidden layers of F and one hidden layer for each round, and that
    computes max F − F_{n−1}. The regions of the classes do not depend on the order of the outputs; the number of cells
    may. For n = 2 the complex is C(F, F_0 = F_1).

    Or `complex` is a coarse complex (`complex.is_coarse`): cells on which one output certainly exceeds all others are
    whole, and the others are as above. Each of its cells is a union of relative interiors of cells of C(G).
    """

    def __init__(self, network: Network, complex: PolyhedralComplex, masks: Sequence[Masks]) -> None:
        """For `classify` only: `masks` are the largest outputs on the cells of each dimension λ..d, as packed bits."""
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
        """The refined complex."""
        return self._complex

    @property
    def n_classes(self) -> int:
        """The number n of classes. Classes are numbered 0..n−1, like the outputs."""
        return self._network.output_dim

    def maximal_classes(self, k: int) -> Bools:
        """Which outputs are the largest on the relative interior of every k-cell, n_cells(k) × n; decided exactly."""
        return np.unpackbits(self.masks(k), axis=1, count=self.n_classes).view(np.bool_)

    def masks(self, k: int) -> Masks:
        """`maximal_classes(k)` as packed bits, a row of bytes for each cell (see `numpy.packbits`). Read-only."""
        self._complex.n_cells(k)  # raises for an invalid dimension
        low = self._complex.coordinates.lineality_dim
        return self._masks[int(k) - low] if k >= low else self._masks[0][:0]

    def class_numbers(self) -> npt.NDArray[np.int64]:
        """The class of every d-cell, or −1 where the whole cell is a tie."""
        maximal = self.maximal_classes(self._complex.input_dim)
        return np.where(maximal.sum(axis=1) == 1, maximal.argmax(axis=1), -1).astype(np.int64)

    def class_of(self, x: Any) -> int:
        """The class of a point, or −1 for a tie; decided exactly.

        Parameters
        ----------
        x : sequence of exact numbers, length d
            A point of the domain.

        Raises
        ------
        PointError
            If x lies outside the domain.
        """
        largest = self.maximal_classes_at(x)
        return largest[0] if len(largest) == 1 else -1

    def maximal_classes_at(self, x: Any) -> tuple[int, ...]:
        """The numbers of the outputs that are the largest at a point, ascending; decided exactly.

        Parameters
        ----------
        x : sequence of exact numbers, length d
            A point of the domain.

        Raises
        ------
        PointError
            If x lies outside the domain.
        """
        if not self._complex.contains(x):
            raise PointError("point: lies outside the domain of the partition")
        return tuple(np.flatnonzero(_largest(self._network, x)).tolist())

    def winners(self, k: int) -> Bools:
        """`maximal_classes(k)` by its former name, for one release more."""
        _warn("winners", "maximal_classes")
        return self.maximal_classes(k)

    def winners_at(self, x: Any) -> tuple[int, ...]:
        """`maximal_classes_at(x)` by its former name, for one release more."""
        _warn("winners_at", "maximal_classes_at")
        return self.maximal_classes_at(x)

    def region(self, i: int, closed: bool = False) -> ClassRegion:
        """The region of class i: {F_i > F_j for all j ≠ i}, or, if `closed`, {F_i ≥ F_j for all j}.

        Raises
        ------
        RegionError
            If i is not the number of a class.
        """
        return ClassRegion(self, i, closed)

    def boundary(self) -> DecisionBoundary:
        """The decision boundary: the set where several outputs are the largest."""
        return DecisionBoundary(self)

    def __repr__(self) -> str:
        kind = " of a coarse complex" * self._complex.is_coarse
        return f"Partition({self.n_classes} classes of {self._network!r}: {self._complex.n_regions} regions{kind})"

    def _repr_html_(self) -> str:
        found = self.class_numbers()
        counts = np.bincount(found[found >= 0], minlength=self.n_classes).tolist()
        rows: list[tuple[object, int]] = list(enumerate(counts))
        ties = len(found) - sum(counts)
        return table(repr(self), ["class", "regions"], rows + [("tie", ties)] * bool(ties))


def _warn(former: str, name: str) -> None:
    warnings.warn(f"Partition.{former} is called {name} now", DeprecationWarning, stacklevel=3)


def check_partition(value: object) -> Partition:
    """The value; RegionError unless it is a Partition."""
    if not isinstance(value, Partition):
        raise RegionError(f"class: expected a Partition, got {describe(value)}")
    return value


class _ClassSet(CellSet):
    """A set of cells of a partition."""

    __slots__ = ("_partition",)

    _partition: Partition

    def __init__(self, partition: Partition) -> None:
        super().__init__(check_partition(partition).complex)
        object.__setattr__(self, "_partition", partition)

    @property
    def partition(self) -> Partition:
        """The Partition whose cells these are."""
        return self._partition


class ClassRegion(_ClassSet):
    """The region of a class: {F_i > F_j for all j ≠ i}, or, if `closed`, {F_i ≥ F_j for all j}. Immutable.

    The first set is open in the domain and the second is closed. The first need not be the interior of the second, nor
    the second the closure of the first, since outputs may agree on sets of full dimension.

    Parameters
    ----------
    partition : Partition
        The partition.
    i : int
        The number of the class, 0 ≤ i < n.
    closed : bool, optional
        Whether ties belong to the region.

    Raises
    ------
    RegionError
        If i is not the number of a class.

    Examples
    --------
    >>> import polyrelu as pr
    >>> absolute = pr.Network([[[1], [-1]], [[1, 1], [0, 0]]], [[0, 0], [0, 1]])  # F(x) = (|x|, 1)
    >>> region = pr.classify(absolute).region(1)
    >>> region.contains([0]), region.contains([1]), pr.homology(region).betti
    (True, False, (1,))
    """

    __slots__ = ("_closed", "_index")

    _index: int
    _closed: bool

    def __init__(self, partition: Partition, i: int, closed: bool = False) -> None:
        n = check_partition(partition).n_classes
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
        """Whether the region is open in the domain, that is, ties do not belong to it."""
        return not self._closed

    def mask(self, k: int) -> Bools:
        """For every k-cell of the complex, k ≤ d: whether its relative interior lies in the region."""
        masks = self._partition.masks(k)
        alone = np.packbits(np.arange(self._partition.n_classes) == self._index)
        found: Bools = (masks & alone == alone if self._closed else masks == alone).all(axis=1)
        return found

    def contains(self, x: Any) -> bool:
        """Whether the point x (d exact numbers) lies in the region, and so in the domain; decided exactly."""
        if not self._complex.contains(x):
            return False
        largest = self._partition.maximal_classes_at(x)
        return self._index in largest and (self._closed or len(largest) == 1)

    def __repr__(self) -> str:
        kind = "closed" if self._closed else "open"
        return f"ClassRegion(class {self._index}, {kind}, of {self._partition.network!r})"


class DecisionBoundary(_ClassSet):
    """The decision boundary of a partition: the closed set where two or more outputs are the largest. Immutable.

    Where outputs agree on an open set, the boundary has full dimension.
    """

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return DecisionBoundary, (self._partition,)

    @property
    def is_open(self) -> bool:
        """False: the set is closed."""
        return False

    def mask(self, k: int) -> Bools:
        """For every k-cell of the complex, k ≤ d: whether it lies in the decision boundary."""
        tied: Bools = self._partition.maximal_classes(k).sum(axis=1) > 1
        return tied

    def contains(self, x: Any) -> bool:
        """Whether the point x (d exact numbers) lies on the decision boundary; decided exactly."""
        return self._complex.contains(x) and len(self._partition.maximal_classes_at(x)) > 1

    def __repr__(self) -> str:
        return f"DecisionBoundary({self._partition.network!r})"


@memory_is_a_limit
def classify(
    network: Network,
    domain: Domain | Sequence[Sequence[Any]] | None = None,
    *,
    coarse: bool = False,
    **options: Unpack[Options],
) -> Partition:
    """The partition of the domain by which output is the largest, exactly.

    Parameters
    ----------
    network : Network
        A network with n ≥ 2 outputs.
    domain : Domain or sequence of d pairs (lower, upper), optional
        As for `subdivide`. Over a flat one the partition is in the coordinates of `complex.slice`, as its network is.
    coarse : bool, optional
        Whether to use a coarse complex: cells on which one output certainly exceeds all others are not divided further.
        All regions of classes and the decision boundary are the same; far from it there are fewer cells. A network
        without hidden layers has no coarse complex but the complete one.
    **options
        The options `max_cells`, `max_memory`, `threads` and `progress` of `subdivide`.

    Returns
    -------
    Partition
        The refined complex with the largest outputs on each cell.

    Raises
    ------
    RegionError
        If the network has one output.
    PolyreluError
        Any error that `subdivide` raises.

    Notes
    -----
    The result is exact, and no output is evaluated: a comparison is a neuron of the subdivision, so its sign on the
    relative interior of each cell is decided there, like all signs. An output is among the largest on a cell iff it
    loses none of the comparisons on its way through the tournament, a tie being no loss.

    Examples
    --------
    >>> import polyrelu as pr
    >>> absolute = pr.Network([[[1], [-1]], [[1, 1], [0, 0]]], [[0, 0], [0, 1]])  # F(x) = (|x|, 1)
    >>> partition = pr.classify(absolute)
    >>> partition.class_of([2]), partition.class_of([0]), partition.class_of([1])
    (0, 1, -1)
    >>> pr.homology(partition.region(0)).betti
    (2,)
    """
    check_classifier(network)
    wanted = read_flag(coarse, "coarse")
    check_options(options)
    return over_hull(
        network,
        read_domain(domain, network),
        lambda net, where, hull: classified(net, where, wanted, options, hull=hull),
    )


def check_classifier(network: Any) -> None:
    """InputError for anything but a Network, RegionError for one with a single output."""
    if not isinstance(network, Network):
        raise InputError(f"classify: expected a Network, got an object of type {type(network).__name__}")
    if network.output_dim < 2:
        raise RegionError(
            "classes: the network has one output, and two or more are compared; the set where one output exceeds a "
            "level is a region: subdivide(network, level=t).region('>')"
        )


def classified(
    network: Network,
    domain: Any,
    coarse: bool,
    options: Options,
    *,
    split_at_walls: bool = False,
    part_of: Sequence[Sequence[int]] | None = None,
    hull: Slice | None = None,
) -> Partition:
    """What `classify` returns, of a network that is checked; for the other arguments see `subdivided`."""
    cx, masks = subdivided_by_conditions(
        *(with_tournament(network), domain, _conditions(network.output_dim, network.depth), options),
        differences=_differences(network) if coarse and network.depth else None,
        split_at_walls=split_at_walls,
        part_of=part_of,
        hull=hull,
    )
    return Partition(network, cx, masks)


def with_tournament(network: Network) -> Network:
    """The network of a partition: with hidden layers that compare the outputs, and one output, max F − F_{n−1}."""
    return network.followed_by(_knockout(network.output_dim))


def _differences(network: Network) -> Network:
    """The network with the outputs F_i − F_j, i < j, in lexicographic order."""
    n = network.output_dim
    pairs = combinations(range(n), 2)
    rows = [[int(k == i) - int(k == j) for k in range(n)] for i, j in pairs]
    return network.followed_by(Network([rows], [[0] * len(rows)]))


def _rounds(n: int) -> Iterator[tuple[int, int]]:
    """(number of pairs, number of values left over) of each round of a knockout tournament of n values."""
    while n > 1:
        yield n // 2, n % 2
        n -= n // 2


def _knockout(n: int) -> Network:
    """The network y ↦ max(y) − y_n on R^n with n − 1 ReLU neurons, each of which compares two values.

    Each round of the tournament is a hidden layer. A pair (a, b) has the neurons ReLU(a − b) and b, an identity neuron,
    which splits no cell; their sum is max(a, b). A value left over is passed on by an identity neuron. The last value
    is subtracted so that the rank of the first layer is that of the differences, which matters if F is affine.
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


def _conditions(n: int, depth: int) -> list[list[tuple[int, int, int]]]:
    """For each of n outputs the comparisons that it must not lose to be the largest, as conditions on the signs.

    The comparisons of the first round are neurons of hidden layer `depth`, and so on.
    """
    conditions: list[list[tuple[int, int, int]]] = []
    for output in range(n):
        place, terms = output, []
        for layer, (pairs, _) in enumerate(_rounds(n), depth):
            if place < 2 * pairs:
                terms.append((layer, place // 2, -1 if place % 2 else 1))
                place //= 2
            else:
                place -= pairs
        conditions.append(terms)
    return conditions


def _largest(network: Network, x: Any) -> list[bool]:
    """For every output whether it is the largest at x; decided exactly."""
    values: Sequence[Fraction] = network(x)
    most = max(values)
    return [value == most for value in values]
