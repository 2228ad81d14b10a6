"""The whole sentence: from a network to the homology of its decision region."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Unpack

from polyrelu.errors import InputError, RegionError
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import describe
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
    """What is known of the region {F relation level}: its homology, and the f-vector of C(F, level)."""

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
        """Betti numbers in degrees 0..d−1."""
        return self.homology.betti

    @property
    def torsion(self) -> tuple[tuple[int, ...], ...]:
        """Invariant factors greater than 1 in degrees 0..d−1."""
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
    """Subdivide, cut out the region and compute its integral homology, all exactly. Arguments as for `subdivide`.

    Raises what `subdivide` raises, and RegionError for an unknown relation.
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
    """The Betti numbers (β₀, …, β_{d−1}) of {x : F(x) relation level}, or of the points where a formula holds, exactly.

    They are the ranks of its unreduced integral homology.

    where: a formula such as "0 < F <= 1" or "F0 > 0 and F1 >= F0", in place of relation and level; see `refine`.

    Raises what `analyse_region` or `refine` raises.
    """
    if where is None:
        return analyse_region(network, relation, level, domain).betti
    if relation != ">" or level != 0:
        raise RegionError("where: a formula takes the place of level and relation; give one or the other")
    return homology(refine(network, read_formula(where), domain).region()).betti


def class_betti_numbers(network: Network, domain: Any = None, closed: bool = False) -> tuple[tuple[int, ...], ...]:
    """For every class i the Betti numbers of {x : F_i(x) > F_j(x) for all j ≠ i}, or with `closed` of that with ≥.

    All exact, from one subdivision. Raises what `classify` raises.
    """
    partition = classify(network, domain)
    return tuple(homology(partition.region(i, closed)).betti for i in range(partition.n_classes))
