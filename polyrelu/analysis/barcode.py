"""Persistent homology of a network: the bars of its sublevel or superlevel sets, with exact ends."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple, Unpack

import numpy as np
import numpy.typing as npt

from polyrelu.analysis.filtration import CriticalFiltration, Place
from polyrelu.errors import InputError, VerificationError
from polyrelu.exact.limits import memory_is_a_limit, read_flag
from polyrelu.exact.printing import BriefRepr, brief
from polyrelu.exact.rational import describe, exact
from polyrelu.geometry.subdivision import Options
from polyrelu.markup import table
from polyrelu.network.network import Network
from polyrelu.topology.pairing import pairs

MAX_PRIME = 2**31
"""Fields of so many elements or more are refused."""


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


@dataclass(frozen=True, repr=False)
class Persistence(BriefRepr):
    """The bars of the sublevel sets {F ≤ t}, or the superlevel sets {F ≥ t}, of a network; made by `persistence`.

    A bar of degree k of the sublevel sets stands for a k-dimensional class of {F ≤ t} that exists for birth ≤ t <
    death. For superlevel sets, birth is the larger end, and the class exists for birth ≥ t > death. Ends at infinity
    are None: the class is there at all levels before, or after.

    Attributes
    ----------
    network : Network
        The network F: R^d → R.
    superlevel : bool
        Whether these are the bars of superlevel sets.
    field : int
        p for the field of p elements, 0 for the rational numbers.
    details : tuple of tuples of Bar
        The bars by degree 0..d−1, in the order of their births, then of their deaths, with what makes them.
    """

    network: Network
    superlevel: bool
    field: int
    details: tuple[tuple[Bar, ...], ...]

    def bars(self, degree: int) -> tuple[tuple[Fraction | None, Fraction | None], ...]:
        """The bars of a degree as pairs (birth, death), in the order of their births, then of their deaths."""
        return tuple((bar.birth, bar.death) for bar in self.details[self._degree(degree)])

    def betti(self, level: Any) -> tuple[int, ...]:
        """The number of bars alive at a level, by degree: the Betti numbers over the field of {F ≤ t} or {F ≥ t}."""
        t = self._key(exact(level, "level"))
        return tuple(
            sum(
                (bar.birth is None or self._key(bar.birth) <= t) and (bar.death is None or t < self._key(bar.death))
                for bar in bars
            )
            for bars in self.details
        )

    @property
    def critical_levels(self) -> tuple[Fraction, ...]:
        """The finite ends of bars, ascending: between two of them the Betti numbers over the field do not change."""
        ends = {end for bars in self.details for bar in bars for end in bar[:2]}
        return tuple(sorted(end for end in ends if end is not None))

    def diagram(self, degree: int) -> npt.NDArray[np.float64]:
        """The bars of a degree as rows (birth, death) of floating-point numbers, ends at infinity as ±inf.

        Each end is the nearest double. For superlevel sets of F the bars are those of the sublevel sets of −F, so that
        births are never larger than deaths. GUDHI and persim take such arrays.
        """
        rows = [
            (
                -np.inf if bar.birth is None else _double(self._key(bar.birth)),
                np.inf if bar.death is None else _double(self._key(bar.death)),
            )
            for bar in self.details[self._degree(degree)]
        ]
        return np.array(rows, dtype=np.float64).reshape(-1, 2)

    def arrays(self) -> list[npt.NDArray[np.float64]]:
        """`diagram` of all degrees 0..d−1, as persim takes them."""
        return [self.diagram(k) for k in range(len(self.details))]

    def triples(self) -> npt.NDArray[np.float64]:
        """The rows of all diagrams with the degree in a third column; giotto-tda takes `triples()[None]`."""
        return np.concatenate([np.column_stack((x, np.full(len(x), float(k)))) for k, x in enumerate(self.arrays())])

    def _key(self, value: Fraction) -> Fraction:
        return -value if self.superlevel else value

    def _degree(self, degree: object) -> int:
        n = len(self.details)
        if isinstance(degree, bool) or not isinstance(degree, (int, np.integer)) or not 0 <= degree < n:
            raise InputError(f"bars: expected a degree from 0 to {n - 1}, got {describe(degree)}")
        return int(degree)

    @property
    def _title(self) -> str:
        sets = "superlevel" if self.superlevel else "sublevel"
        return f"bars of the {sets} sets of {self.network!r} over {'Q' if not self.field else f'F_{self.field}'}"

    def __str__(self) -> str:
        """Such as "bars of the sublevel sets of Network(1-2-1, ReLU) over F_2: 1"."""
        return f"{self._title}: {', '.join(str(len(bars)) for bars in self.details)}"

    def _repr_html_(self) -> str:
        before, after = ("∞", "−∞") if self.superlevel else ("−∞", "∞")
        rows = (
            (k, before if bar.birth is None else brief(bar.birth), after if bar.death is None else brief(bar.death))
            for k, bars in enumerate(self.details)
            for bar in bars
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
        A polyhedron with which the sets are intersected. The default is R^d.
    superlevel : bool, default False
        Whether to take the superlevel sets {F ≥ t} instead, t descending.
    field : int or "Q", default 2
        The coefficients: a prime p for the field of p elements; 0 or "Q" for the rational numbers.
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
    enters only after that: [](persistence.md) has the proof.

    Over Q the number of bars alive at t is `betti_numbers(network, "<=", t)`. Over F_p it is the same where the
    integral homology of {F ≤ t} has no p-torsion, and always for d ≤ 3.

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
    number, steps = filtration.value_number, filtration.steps
    found: list[list[tuple[int, int, int, int | None]]] = [[] for _ in range(network.input_dim)]
    last = 2**62
    for degree, birth, death in pairs(filtration.complex, steps, characteristic):
        born = int(steps[degree][birth])
        dies = None if death is None else int(steps[degree + 1][death])
        end = last if dies is None else number(dies)
        if number(born) != end:
            if degree >= len(found):
                raise VerificationError(f"no subset of R^{network.input_dim} has homology of degree {degree}")
            found[degree].append((number(born), end, born, dies))
    if sum(end == last for bars in found for _, end, _, _ in bars) != 1:
        raise VerificationError("not one class at the end, but the domain is contractible")
    ends = {step for bars in found for *_, born, dies in bars for step in (born, dies) if step is not None}
    values, places = filtration.values(ends), {step: filtration.place(step) for step in ends}
    details = []
    for bars in found:
        bars.sort(key=lambda x: x[:3])
        details.append(
            tuple(
                Bar(
                    values[born],
                    None if dies is None else values[dies],
                    places[born],
                    None if dies is None else places[dies],
                )
                for _, _, born, dies in bars
            )
        )
    return Persistence(network, downwards, characteristic, tuple(details))


def read_field(field: object) -> int:
    """The characteristic of a field that is given as a prime, as 0 or as "Q"; InputError for anything else."""
    if isinstance(field, str) and field == "Q":
        return 0
    if isinstance(field, (int, np.integer)) and not isinstance(field, bool):
        if field == 0:
            return 0
        p = int(field)
        if 2 <= p < MAX_PRIME and all(p % i for i in range(2, int(p**0.5) + 1)):
            return p
    raise InputError(f'field: expected a prime below 2^31, or 0 or "Q" for the rational numbers, got {describe(field)}')


def _double(value: Fraction) -> float:
    """The nearest double; ±inf if it is too large for one."""
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf
