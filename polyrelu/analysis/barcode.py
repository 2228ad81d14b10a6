"""Persistent homology of a network: the bars of its sublevel or superlevel sets, with exact ends."""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction
from typing import Any, NamedTuple, Unpack

import numpy as np
import numpy.typing as npt

from polyrelu.analysis.filtration import CriticalFiltration
from polyrelu.errors import InputError, VerificationError
from polyrelu.exact.limits import memory_is_a_limit, read_flag
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import describe, exact
from polyrelu.geometry.representations import Point, dehomogenised
from polyrelu.geometry.subdivision import Options
from polyrelu.immutable import Immutable
from polyrelu.markup import table
from polyrelu.network.network import Network
from polyrelu.topology.coefficients import read_field
from polyrelu.topology.pairing import pairs

Numbers = npt.NDArray[np.integer]


class Place(NamedTuple):
    """Where a sublevel set changes: a vertex of the complex, or the direction of a ray if it comes from infinity."""

    vertex: Point | None
    ray: tuple[int, ...] | None


class Bar(NamedTuple):
    """A bar, and what makes it.

    Attributes
    ----------
    birth, death : Fraction or None
        The ends; None for an infinite one.
    born_at, dies_at : Place or None
        A vertex where the class begins and one where it ends, or the direction of a ray along which it comes from
        infinity; None if it never ends.
    """

    birth: Fraction | None
    death: Fraction | None
    born_at: Place
    dies_at: Place | None


class _Ends(NamedTuple):
    """The bars of one degree as arrays."""

    values: Numbers
    """n × 2: the births and deaths, 0 for −∞, i for the i-th critical level in the order of the filtration, or −1."""
    places: Numbers
    """n × 2: the rows of the places where they are, or −1."""


class Persistence(Immutable):
    """The bars of the sublevel sets {F ≤ t}, or the superlevel sets {F ≥ t}, of a network; made by `persistence`.

    A bar of degree k of the sublevel sets stands for a k-dimensional class of {F ≤ t} that exists for birth ≤ t <
    death. For superlevel sets, birth is the larger end, and the class exists for birth ≥ t > death. Ends at infinity
    are None: the class is there at all levels before, or after. Immutable and picklable.

    Attributes
    ----------
    network : Network
        The network F: R^d → R.
    superlevel : bool
        Whether these are the bars of superlevel sets.
    field : int
        p for the field of p elements, 0 for the rational numbers.
    """

    __slots__ = ("_ends", "_levels", "_places", "field", "network", "superlevel")

    network: Network
    superlevel: bool
    field: int
    _levels: tuple[Fraction, ...]  # in the order of the filtration
    _ends: tuple[_Ends, ...]
    _places: Numbers  # homogeneous coordinates of vertices and rays

    def __init__(
        self,
        network: Network,
        superlevel: bool,
        field: int,
        levels: tuple[Fraction, ...],
        ends: tuple[_Ends, ...],
        places: Numbers,
    ) -> None:
        """For `persistence` only."""
        self._put(network=network, superlevel=superlevel, field=field, _levels=levels, _ends=ends, _places=places)

    def __reduce__(self) -> tuple[Any, ...]:
        return Persistence, (self.network, self.superlevel, self.field, self._levels, self._ends, self._places)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Persistence) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        bars = tuple(map(self.bars, range(len(self._ends))))
        return self.network, self.superlevel, self.field, bars

    def bars(self, degree: int) -> tuple[tuple[Fraction | None, Fraction | None], ...]:
        """The bars of a degree as pairs (birth, death), in the order of their births, then of their deaths."""
        ends = (None, *self._levels, None)
        return tuple((ends[birth], ends[death]) for birth, death in self._ends[self._degree(degree)].values.tolist())

    @property
    def details(self) -> tuple[tuple[Bar, ...], ...]:
        """The bars by degree 0..d−1 in the same order, with what makes them."""
        used = np.unique(np.concatenate([x.places.ravel() for x in self._ends])).tolist()
        places = {i: _place(self._places[i].tolist()) for i in used if i >= 0}
        return tuple(
            tuple(
                Bar(*ends, places[born], places.get(dies))
                for ends, (born, dies) in zip(self.bars(k), of_degree.places.tolist(), strict=True)
            )
            for k, of_degree in enumerate(self._ends)
        )

    def betti(self, level: Any) -> tuple[int, ...]:
        """The number of bars alive at a level, by degree: the Betti numbers over the field of {F ≤ t} or {F ≥ t}."""
        t = exact(level, "level")
        reached = bisect_right([-x for x in self._levels], -t) if self.superlevel else bisect_right(self._levels, t)
        counts = []
        for of_degree in self._ends:
            birth, death = of_degree.values.T
            counts.append(int(np.count_nonzero((birth <= reached) & ((death < 0) | (death > reached)))))
        return tuple(counts)

    def betti_between(self) -> Numbers:
        """The Betti numbers below the first critical level, between the first and the second, …, above the last.

        An array of one row more than there are critical levels, with a column for each degree. At a critical level the
        numbers are those just above it, for superlevel sets those just below it.
        """
        n = len(self._levels) + 1
        counts = np.zeros((n + 1, len(self._ends)), np.int64)
        for k, of_degree in enumerate(self._ends):
            birth, death = of_degree.values.T
            counts[:, k] = np.bincount(birth, minlength=n + 1) - np.bincount(death[death >= 0], minlength=n + 1)
        found: Numbers = np.cumsum(counts, axis=0)[:n]
        return found[::-1] if self.superlevel else found

    @property
    def critical_levels(self) -> tuple[Fraction, ...]:
        """The finite ends of bars, ascending: between two of them the Betti numbers over the field do not change."""
        return self._levels[::-1] if self.superlevel else self._levels

    def diagram(self, degree: int) -> npt.NDArray[np.float64]:
        """The bars of a degree as rows (birth, death) of floating-point numbers, ends at infinity as ±inf.

        Each end is the nearest double. For superlevel sets of F the bars are those of the sublevel sets of −F, so that
        births are never larger than deaths. GUDHI and persim take such arrays.
        """
        levels = [_double(-x if self.superlevel else x) for x in self._levels]
        found: npt.NDArray[np.float64] = np.array([-np.inf, *levels, np.inf])[self._ends[self._degree(degree)].values]
        return found

    def arrays(self) -> list[npt.NDArray[np.float64]]:
        """`diagram` of all degrees 0..d−1, as persim takes them."""
        return [self.diagram(k) for k in range(len(self._ends))]

    def triples(self) -> npt.NDArray[np.float64]:
        """The rows of all diagrams with the degree in a third column; giotto-tda takes `triples()[None]`."""
        return np.concatenate([np.column_stack((x, np.full(len(x), float(k)))) for k, x in enumerate(self.arrays())])

    def _degree(self, degree: object) -> int:
        n = len(self._ends)
        if isinstance(degree, bool) or not isinstance(degree, (int, np.integer)) or not 0 <= degree < n:
            raise InputError(f"bars: expected a degree from 0 to {n - 1}, got {describe(degree)}")
        return int(degree)

    @property
    def _title(self) -> str:
        sets = "superlevel" if self.superlevel else "sublevel"
        return f"bars of the {sets} sets of {self.network!r} over {'Q' if not self.field else f'F_{self.field}'}"

    def __str__(self) -> str:
        """Such as "bars of the sublevel sets of Network(1-2-1, ReLU) over F_2: 1"."""
        return f"{self._title}: {', '.join(str(len(x.values)) for x in self._ends)}"

    def __repr__(self) -> str:
        return f"Persistence({self})"

    def _repr_html_(self) -> str:
        before, after = ("∞", "−∞") if self.superlevel else ("−∞", "∞")
        rows = (
            (k, before if birth is None else brief(birth), after if death is None else brief(death))
            for k in range(len(self._ends))
            for birth, death in self.bars(k)
        )
        return table(self._title[0].upper() + self._title[1:], ["degree", "birth", "death"], rows)


@memory_is_a_limit
def persistence(
    network: Network, domain: Any = None, *, superlevel: bool = False, field: Any = 2, **options: Unpack[Options]
) -> Persistence:
    """The persistent homology of the sublevel sets {F ≤ t} of a network, for all levels t at once.

    Parameters
    ----------
    network : Network
        The network F: R^d → R, with one output.
    domain : Domain or box, optional
        A polyhedron with which the sets are intersected. The default is R^d. Over a flat one the network of the result
        is that on the slice which it spans (`polyrelu.geometry.hull.spanned_slice`), and places are in its coordinates.
    superlevel : bool, default False
        Whether to take the superlevel sets {F ≥ t} instead, t descending.
    field : int or str, default 2
        The coefficients: a prime p, "Fp" or "Z/p" for the field of p elements; 0 or "Q" for the rational numbers.
    **options
        Options of `subdivide`.

    Returns
    -------
    Persistence
        The bars, with exact rational ends.

    Raises
    ------
    RegionError
        If the network has several outputs.
    InputError
        If another argument is wrong, as `subdivide` raises it, or the field is none.
    LimitError
        If a limit of cells or memory is reached.
    VerificationError
        If a check of the result fails.

    Notes
    -----
    Exact: the order of the values at the vertices is decided in integers, by proved error bounds or as rational numbers
    (`VertexValues`), and so is every end of a bar. The cells are reduced over the integers within flats, and the field
    enters only after that: docs/persistence.md has the proof.

    The number of bars alive at t is `betti_numbers(network, "<=", t, coefficients=field)`. Over F_p it is the same as
    over Q where the integral homology of {F ≤ t} has no p-torsion, and always for d ≤ 3.

    References
    ----------
    H. Edelsbrunner, D. Letscher, A. Zomorodian, "Topological persistence and simplification", Discrete & Computational
    Geometry 28 (2002).

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[-1, -1]]], [[0, 0], [1]])  # F(x) = 1 − |x|
    >>> found = pr.persistence(net)
    >>> found.bars(0)
    ((None, Fraction(1, 1)), (None, None))
    >>> found.betti(0), found.betti(1)
    ((2,), (1,))
    >>> pr.persistence(net, superlevel=True).bars(0)
    ((Fraction(1, 1), None),)
    """
    downwards = read_flag(superlevel, "superlevel")
    characteristic = read_field(field)
    filtration = CriticalFiltration(network, domain, downwards, options)
    network = filtration.network
    found = []
    for degree, of_degree in enumerate(pairs(filtration.complex, characteristic)):
        born = filtration.steps[degree][np.concatenate((of_degree.births, of_degree.essential))]
        dies = np.full(len(born), -1, np.int32)
        if len(of_degree.deaths):
            dies[: len(of_degree.deaths)] = filtration.steps[degree + 1][of_degree.deaths]
        births = filtration.value_numbers(born)
        deaths = np.where(dies < 0, -1, filtration.value_numbers(dies))
        lasting = np.flatnonzero(births != deaths)
        order = lasting[np.lexsort((born[lasting], _never_last(deaths[lasting]), births[lasting]))]
        found.append((np.column_stack((births, deaths))[order], np.column_stack((born, dies))[order]))
    if any(len(values) for values, _ in found[network.input_dim :]):
        raise VerificationError(f"no subset of R^{network.input_dim} has homology of degree {network.input_dim}")
    if sum(np.count_nonzero(values[:, 1] < 0) for values, _ in found) != 1:
        raise VerificationError("not one class at the end, but the domain is contractible")
    none = (np.zeros((0, 2), np.int64), np.zeros((0, 2), np.int32))
    found = [*found, *(none for _ in range(network.input_dim))][: network.input_dim]  # there may be lineality
    numbers = _distinct([values for values, _ in found], 1)
    steps = _distinct([of_steps for _, of_steps in found], 0)
    ends = []
    for values, of_steps in found:
        values = np.where(values > 0, np.searchsorted(numbers, values) + 1, values)
        ends.append(_Ends(values, np.where(of_steps < 0, -1, np.searchsorted(steps, of_steps))))
    levels = tuple(filtration.values(numbers))
    return Persistence(network, downwards, characteristic, levels, tuple(ends), filtration.places(steps))


def _never_last(deaths: Numbers) -> Numbers:
    return np.where(deaths < 0, np.iinfo(np.int64).max, deaths)


def _distinct(arrays: list[Numbers], least: int) -> Numbers:
    """The distinct numbers ≥ `least` ≥ 0 in some arrays, ascending."""
    used = np.zeros(max((int(x.max(initial=0)) for x in arrays), default=0) + 1, np.bool_)
    for x in arrays:
        used[x[x >= least]] = True
    return np.flatnonzero(used)


def _place(vector: list[int]) -> Place:
    return Place(dehomogenised(vector), None) if vector[0] else Place(None, tuple(vector[1:]))


def _double(value: Fraction) -> float:
    """The nearest double; ±inf if it is too large for one."""
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf
