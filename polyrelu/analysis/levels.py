"""Integral homology of the sublevel sets of a network at all levels, and its piecewise linear critical points."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Unpack

import numpy as np

from polyrelu.analysis.filtration import CriticalFiltration
from polyrelu.errors import VerificationError
from polyrelu.exact.limits import memory_is_a_limit, read_flag
from polyrelu.exact.printing import BriefRepr, brief
from polyrelu.exact.rational import exact
from polyrelu.exact.time_limit import check_time
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.representations import Point, dehomogenised
from polyrelu.geometry.subdivision import Options
from polyrelu.markup import table
from polyrelu.network.network import Network
from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.groups import Homology, homology_groups


@dataclass(frozen=True, repr=False)
class CriticalPoint(BriefRepr):
    """A vertex of C(F), or a flat of several cells, where the homology of the sublevel sets changes.

    Attributes
    ----------
    level : Fraction
        The value of F there.
    vertex : tuple of Fraction
        The vertex, or one of those of the flat. Modulo lineality, if there is any.
    change : Homology
        The homology of {F ≤ t} relative to {F ≤ t} without a neighbourhood of the flat, in degrees 0..d. It is not 0. A
        nondegenerate critical point of index k has Z in degree k and 0 elsewhere; degenerate ones have several indices.
    """

    level: Fraction
    vertex: Point
    change: Homology

    @property
    def indices(self) -> tuple[int, ...]:
        """The degrees in which the homology changes: the index alone, if the point is nondegenerate."""
        return tuple(k for k, (b, t) in enumerate(zip(self.change.betti, self.change.torsion, strict=True)) if b or t)


@dataclass(frozen=True, repr=False)
class Levels(BriefRepr):
    """The integral homology of the sets {F ≤ t}, or {F ≥ t}, of a network for all levels t; made by `levels`.

    Attributes
    ----------
    network : Network
        The network F: R^d → R.
    superlevel : bool
        Whether these are the superlevel sets {F ≥ t}.
    critical_levels : tuple of Fraction
        The levels of the critical points, ascending.
    groups : tuple of Homology
        One more: below the first critical level, between the first and the second, …, above the last. At a critical
        level the homology of {F ≤ t} is that just above it, and the homology of {F ≥ t} that just below it.
    critical_points : tuple of CriticalPoint
        The critical points, by level in the order in which the sets grow.
    """

    network: Network
    superlevel: bool
    critical_levels: tuple[Fraction, ...]
    groups: tuple[Homology, ...]
    critical_points: tuple[CriticalPoint, ...]

    def homology(self, level: Any) -> Homology:
        """The integral homology of {F ≤ t}, or {F ≥ t}, at a level, in degrees 0..d−1."""
        t = exact(level, "level")
        if self.superlevel:
            return self.groups[sum(c < t for c in self.critical_levels)]
        return self.groups[bisect_right(self.critical_levels, t)]

    @property
    def _title(self) -> str:
        return f"homology of the {'superlevel' if self.superlevel else 'sublevel'} sets of {self.network!r}"

    def __str__(self) -> str:
        """Such as "homology of the sublevel sets of Network(1-2-1, ReLU): 1 critical level, 1 critical point"."""
        n, m = len(self.critical_levels), len(self.critical_points)
        return f"{self._title}: {n} critical level{'s' * (n != 1)}, {m} critical point{'s' * (m != 1)}"

    def _repr_html_(self) -> str:
        levels = [*map(brief, self.critical_levels)]
        rows = zip(["−∞", *levels], [*levels, "∞"], map(str, self.groups), strict=True)
        return table(self._title[0].upper() + self._title[1:], ["from", "to", "homology"], rows)


@memory_is_a_limit
def levels(network: Network, domain: Any = None, *, superlevel: bool = False, **options: Unpack[Options]) -> Levels:
    """The integral homology, torsion included, of the sets {F ≤ t} for all levels t, and where it changes.

    Parameters
    ----------
    network : Network
        The network F: R^d → R, with one output.
    domain : Domain or box, optional
        A polyhedron with which the sets are intersected. The default is R^d. Over a flat one the network of the result
        is that on the slice which it spans (`polyrelu.geometry.hull.spanned_slice`), and points are in its coordinates.
    superlevel : bool, default False
        Whether to take the superlevel sets {F ≥ t} instead.
    **options
        Options of `subdivide`.

    Returns
    -------
    Levels
        The homology between any two neighbouring critical levels, and the critical points; exact.

    Raises
    ------
    RegionError
        If the network has several outputs.
    InputError
        If another argument is wrong, as `subdivide` raises it.
    LimitError
        If a limit of cells or memory is reached.
    VerificationError
        If a check of the result fails.

    Notes
    -----
    A critical level is one where the homology of the set relative to the sets before is not 0, and it is the direct sum
    of that of the flats of this level. So a level may be critical although the homology before and after is the same:
    a component that ends another one and begins another elsewhere. Without critical level the inclusion of one set into
    another is an isomorphism in homology. docs/persistence.md has the proofs.

    References
    ----------
    J. E. Grigsby, K. Lindsey, M. Masden, "Local and global topological complexity measures of ReLU neural network
    functions", arXiv:2204.06062 (2022).

    Examples
    --------
    >>> import polyrelu as pr
    >>> found = pr.levels(pr.shells((2, 4, 3, 1), [1]), superlevel=True)
    >>> [str(x) for x in found.critical_levels]
    ['-1', '1']
    >>> [str(x) for x in found.groups]
    ['H_0 = Z, H_1 = 0', 'H_0 = Z^2, H_1 = 0', 'H_0 = 0, H_1 = 0']
    >>> [(str(x.level), x.indices) for x in found.critical_points]  # two maxima and what connects their components
    [('1', (0,)), ('1', (0,)), ('-1', (1,))]
    """
    downwards = read_flag(superlevel, "superlevel")
    filtration = CriticalFiltration(network, domain, downwards, options)
    network = filtration.network
    changes = _changes_at_levels(filtration)
    steps = np.fromiter(changes, np.int64, len(changes))
    numbers, order = np.unique(filtration.value_numbers(steps), return_inverse=True)
    values = filtration.values(numbers)
    points, ends = [], {}
    for step, i, place in zip(changes, order.tolist(), filtration.places(steps).tolist(), strict=True):
        change = _padded(changes[step], network.input_dim + 1)
        points.append(CriticalPoint(values[i], dehomogenised(place), change))
        ends[values[i]] = step + 1
    # Before each critical level, and at the end: the cells of all flats up to the last critical one.
    complexes = (filtration.until(end) for end in (filtration.n_below, *ends.values()))
    groups = [_padded(homology_groups(x), network.input_dim) for x in complexes]
    critical = list(ends)
    if downwards:
        critical.reverse()
        groups.reverse()
    return Levels(network, downwards, tuple(critical), tuple(groups), tuple(points))


@memory_is_a_limit
def critical_levels(
    network: Network,
    domain: Any = None,
    *,
    superlevel: bool = False,
    cx: PolyhedralComplex | None = None,
    **options: Unpack[Options],
) -> tuple[Fraction, ...]:
    """The critical levels that `levels` finds, ascending, without the homology in between.

    `cx` may be C(F) over the domain, if it is known already.

    Examples
    --------
    >>> import polyrelu as pr
    >>> [str(x) for x in critical_levels(pr.shells((2, 4, 3, 1), [1]), superlevel=True)]
    ['-1', '1']
    """
    filtration = CriticalFiltration(network, domain, read_flag(superlevel, "superlevel"), options, cx)
    steps = np.array(list(_changes_at_levels(filtration)), np.int64)
    return tuple(sorted(filtration.values(np.unique(filtration.value_numbers(steps)))))


def _changes_at_levels(filtration: CriticalFiltration) -> dict[int, Homology]:
    """What `_changes` finds without the flats where nothing changes and those with the value −∞."""
    found = ((step, change) for step, change in _changes(filtration) if step >= filtration.n_below)
    return {step: change for step, change in found if any(change.betti) or any(change.torsion)}


def _changes(filtration: CriticalFiltration) -> Iterator[tuple[int, Homology]]:
    """For every flat with critical cells, ascending, the homology of these alone."""
    cells: dict[int, list[tuple[int, int]]] = {}
    for degree, steps in enumerate(filtration.steps):
        for i, step in enumerate(steps.tolist()):
            cells.setdefault(step, []).append((degree, i))
    top = len(filtration.steps)
    for step in sorted(cells):
        check_time()
        members = cells[step]
        number: list[dict[int, int]] = [{} for _ in range(top)]
        for degree, i in members:
            number[degree][i] = len(number[degree])
        maps: list[list[list[int]]] = []
        for k in range(1, top):
            matrix = [[0] * len(number[k]) for _ in number[k - 1]]
            for i, column in number[k].items():
                for row, value in filtration.complex.boundary_arrays(k).entries(i):
                    if row in number[k - 1]:
                        matrix[number[k - 1][row]][column] = value
            maps.append(matrix)
        if any(value for matrix in maps for row in matrix for value in row):
            yield step, homology_groups(ChainComplex(maps, ranks=tuple(map(len, number))))
        else:
            yield step, Homology(tuple(map(len, number)), ((),) * top)


def _padded(groups: Homology, n: int) -> Homology:
    """The same groups in degrees 0..n − 1; there are no others."""
    if any(groups.betti[n:]) or any(groups.torsion[n:]):
        raise VerificationError(f"no set of these dimensions has this homology: {groups}")
    return Homology((groups.betti + (0,) * n)[:n], (groups.torsion + ((),) * n)[:n])
