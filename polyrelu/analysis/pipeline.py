"""From a network to the homology of its decision region."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Unpack

from polyrelu.errors import InputError, RegionError
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import describe, exact
from polyrelu.geometry.classes import classify
from polyrelu.geometry.refinement import refine
from polyrelu.geometry.region import RELATIONS
from polyrelu.geometry.subdivision import Options, subdivide
from polyrelu.markup import line
from polyrelu.network.formula import Formula, read_formula
from polyrelu.network.network import Network
from polyrelu.topology.homology import Homology, homology


@dataclass(frozen=True)
class RegionReport:
    """The homology of the region {F relation level}, and the f-vector of C(F, level); made by `analyse_region`.

    Attributes
    ----------
    network : Network
        The network F: R^d → R.
    relation : str
        One of ">", ">=", "<", "<=", "=".
    level : Fraction
        The level t.
    homology : Homology
        The integral homology of the region.
    f_vector : tuple of int
        The number of cells of C(F, level) in dimensions 0..d.
    """

    network: Network
    relation: str
    level: Fraction
    homology: Homology
    f_vector: tuple[int, ...]

    @property
    def architecture(self) -> tuple[int, ...]:
        """The architecture (d, n₁, …, 1) of the network."""
        return self.network.architecture

    @property
    def betti(self) -> tuple[int, ...]:
        """The Betti numbers in degrees 0..d−1."""
        return self.homology.betti

    @property
    def torsion(self) -> tuple[tuple[int, ...], ...]:
        """The invariant factors greater than 1 in degrees 0..d−1."""
        return self.homology.torsion

    @property
    def euler_characteristic(self) -> int:
        """The alternating sum of the Betti numbers."""
        return self.homology.euler_characteristic

    @property
    def n_regions(self) -> int:
        """The number of d-cells of C(F, level)."""
        return self.f_vector[-1]

    def _repr_html_(self) -> str:
        region = f"{{F {self.relation} {brief(self.level)}}} of {self.network!r}"
        note = f"computed from C(F, {brief(self.level)}) with f-vector ({', '.join(map(str, self.f_vector))})"
        return line(region) + self.homology._repr_html_() + line(note)


def analyse_region(
    network: Network,
    relation: str = ">",
    level: Any = 0,
    domain: Any = None,
    **options: Unpack[Options],
) -> RegionReport:
    """The integral homology of {F relation level}, with the f-vector of C(F, level).

    Parameters
    ----------
    network : Network
        The network F: R^d → R, with one output.
    relation : str, default ">"
        One of ">", ">=", "<", "<=", "=".
    level : exact number, default 0
        The level t.
    domain : Domain or box, optional
        A polyhedron with which the region is intersected. The default is R^d.
    **options
        Options of `subdivide`.

    Returns
    -------
    RegionReport
        The homology and the f-vector, exact.

    Raises
    ------
    RegionError
        If the relation is not one of the five.
    InputError
        If another argument is wrong, as `subdivide` raises it.
    LimitError
        If a limit of cells or memory is reached.

    Examples
    --------
    >>> import polyrelu as pr
    >>> report = pr.analyse_region(pr.shells((2, 8, 3, 1), [2]), ">")
    >>> report.betti, report.torsion, report.f_vector
    ((6, 2), ((), ()), (108, 235, 128))
    """
    if not isinstance(relation, str) or relation not in RELATIONS:
        raise RegionError(f"relation: expected one of >, >=, <, <=, =, got {describe(relation)}")
    if level is None:
        raise InputError("level: expected an exact number, got None")
    cx = subdivide(network, level, domain, **options)
    assert cx.level is not None
    groups = homology(
        cx.region(relation), max_memory=options.get("max_memory"), progress=options.get("progress")
    )
    return RegionReport(network, relation, cx.level, groups, cx.f_vector)


def betti_numbers(
    network: Network, relation: str = ">", level: Any = 0, domain: Any = None, *, where: Formula | str | None = None
) -> tuple[int, ...]:
    """The Betti numbers (β₀, …, β_{d−1}) of {x : F(x) relation level}, or of the points where a formula holds.

    Parameters
    ----------
    network : Network
        The network F: R^d → R^n; one output unless `where` is given.
    relation : str, default ">"
        One of ">", ">=", "<", "<=", "=".
    level : exact number, default 0
        The level t.
    domain : Domain or box, optional
        A polyhedron with which the region is intersected. The default is R^d.
    where : Formula or str, optional
        A formula such as "0 < F <= 1" or "F0 > 0 and F1 >= F0", in place of relation and level; see `Formula`.

    Returns
    -------
    tuple of int
        The ranks of the unreduced integral homology in degrees 0..d−1.

    Raises
    ------
    RegionError
        If the relation or the formula is wrong, or both are given.
    InputError
        If another argument is wrong, as `subdivide` raises it.
    LimitError
        If a limit of cells or memory is reached.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[-1, -1]]], [[0, 0], [1]])  # F(x) = 1 − |x|
    >>> pr.betti_numbers(net), pr.betti_numbers(net, "=")
    ((1,), (2,))
    >>> pr.betti_numbers(net, where="0 < F <= 1/2")
    (2,)
    """
    if where is None:
        return analyse_region(network, relation, level, domain).betti
    if not isinstance(relation, str) or relation != ">" or exact(level, "level") != 0:
        raise RegionError("where: a formula takes the place of level and relation; give one or the other")
    return homology(refine(network, read_formula(where), domain).region()).betti


def class_betti_numbers(network: Network, domain: Any = None, closed: bool = False) -> tuple[tuple[int, ...], ...]:
    """The Betti numbers of every class of a classifier.

    Class i is {x : F_i(x) > F_j(x) for all j ≠ i}, or with `closed` the same with ≥.

    Parameters
    ----------
    network : Network
        The network F: R^d → R^n, with at least two outputs.
    domain : Domain or box, optional
        A polyhedron with which the classes are intersected. The default is R^d.
    closed : bool, default False
        Whether the classes are closed (≥) or open (>).

    Returns
    -------
    tuple of tuple of int
        For each class, in the order of the outputs, the Betti numbers in degrees 0..d−1. All come from one subdivision.

    Raises
    ------
    InputError
        If an argument is wrong, as `classify` raises it.
    LimitError
        If a limit of cells or memory is reached.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[0, 0], [1, 1]]], [[0, 0], [1, 0]])  # F(x) = (1, |x|)
    >>> pr.class_betti_numbers(net)
    ((1,), (2,))
    """
    partition = classify(network, domain)
    return tuple(homology(partition.region(i, closed)).betti for i in range(partition.n_classes))
