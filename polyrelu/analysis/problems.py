"""What can be computed in parts: regions of a level, classes, and sets of formulas.

A problem knows the network whose neurons divide the space, so that its parts can be cut off by them, and makes the
complex of a part and the sets of its cells whose homology is asked for.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from polyrelu.analysis.estimation import estimate
from polyrelu.exact.rational import show
from polyrelu.geometry.classes import classified, with_tournament
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.refinement import compared, followed_by_forms, refined
from polyrelu.geometry.region import CellSet, Region
from polyrelu.geometry.subdivision import Options, subdivided
from polyrelu.network.formula import Formula, surely_open_and_closed
from polyrelu.network.network import Network

OPEN, CLOSED, MIXED = "open", "closed", "neither"
"""Which chain complex is made of a set: of one that is open or closed, or the one of any set (`chain_complex`)."""

PREDICTION: dict[str, Any] = {"samples": 10, "seconds": 2.0}
"""How `estimate` finds the number of parts for "auto": in little time, for those that get too large are cut further."""


class CellSets(NamedTuple):
    """The complex of a part, the sets by name, and further numbers of the part, which add up over all parts."""

    complex: PolyhedralComplex
    sets: dict[str, CellSet]
    tallies: tuple[int, ...] = ()


class AnyProblem(ABC):
    """A network, a domain, and sets of cells whose homology is asked for."""

    network: Network
    domain: Domain | None
    coarse: bool

    @property
    @abstractmethod
    def models(self) -> Mapping[str, str]:
        """The names of the sets, and for each `OPEN`, `CLOSED` or `MIXED`: the same in all parts."""

    @property
    def dividing(self) -> Network:
        """The network whose canonical complex is made, or a refinement of it; its neurons cut parts off."""
        return self.network

    @abstractmethod
    def make(self, domain: Domain | None, options: Options, *, is_cut: bool) -> CellSets:
        """The complex of the whole domain, or, if it `is_cut`, of a part, and the sets."""

    @abstractmethod
    def predicted_cells(self) -> int:
        """About how many cells the complex has."""

    @abstractmethod
    def _question(self) -> dict[str, Any]:
        """What is asked, besides the network, the domain and the kind of complex; in JSON."""

    @property
    def walls(self) -> Sequence[Sequence[int]]:
        """The walls of the whole domain; see `subdivided`."""
        return () if self.domain is None else self.domain.half_spaces()

    def description(self) -> dict[str, Any]:
        """What determines the problem, in JSON, the weights by a hash."""
        digest = hashlib.sha256()
        net = self.network
        for rows in (*net.weights, net.biases, net.slopes):
            for row in rows:
                digest.update((",".join(show(x) for x in row) + "\n").encode("ascii"))
        return {
            "architecture": list(net.architecture),
            "weights": digest.hexdigest(),
            "level": None,
            "domain": None if self.domain is None else [[show(x) for x in row] for row in self.domain.half_spaces()],
            **self._question(),
            "complex": "coarse" if self.coarse else "complete",
        }


@dataclass(frozen=True)
class Problem(AnyProblem):
    """The regions {F relation level} in a domain, for some relations.

    Without relations cells are counted only; then there need be no level. A coarse complex for the level serves as well
    for homology: cells with a facet in a wall are not left whole, so that parts agree on their common walls.
    """

    network: Network
    level: Fraction | None
    domain: Domain | None
    relations: tuple[str, ...]
    coarse: bool = False

    @property
    def models(self) -> Mapping[str, str]:
        """The relations."""
        return {relation: OPEN if relation in "<>" else CLOSED for relation in self.relations}

    def make(self, domain: Domain | None, options: Options, *, is_cut: bool) -> CellSets:
        """The complex for the level, and its regions."""
        cx, _ = subdivided(
            *(self.network, self.level, domain, 0, options),
            coarse=self.coarse,
            split_at_walls=self.coarse and is_cut,
            part_of=self.walls,
        )
        return CellSets(cx, {relation: Region(cx, relation) for relation in self.relations})

    def predicted_cells(self) -> int:
        """The estimate of `estimate`."""
        return int(estimate(self.network, self.level, self.domain, coarse=self.coarse, **PREDICTION).likely_cells)

    def _question(self) -> dict[str, Any]:
        return {"level": None if self.level is None else show(self.level), "sets": list(self.relations)}


BOUNDARY = "boundary"


@dataclass(frozen=True)
class ClassesProblem(AnyProblem):
    """The regions of all classes of a network with several outputs, and the decision boundary. One tally: the ties.

    The names are those of `class_name`, and `BOUNDARY` if it is wanted.
    """

    network: Network
    domain: Domain | None
    closed: bool
    coarse: bool = False
    boundary: bool = True

    @property
    def models(self) -> Mapping[str, str]:
        """The classes, and the decision boundary, which is closed."""
        names = dict.fromkeys(map(class_name, range(self.network.output_dim)), CLOSED if self.closed else OPEN)
        return names | {BOUNDARY: CLOSED} if self.boundary else names

    @property
    def dividing(self) -> Network:
        """The network with the layers that compare the outputs."""
        return with_tournament(self.network)

    def make(self, domain: Domain | None, options: Options, *, is_cut: bool) -> CellSets:
        """The complex of `classify`, and the regions of the classes."""
        partition = classified(
            *(self.network, domain, self.coarse, options), split_at_walls=self.coarse and is_cut, part_of=self.walls
        )
        sets: dict[str, CellSet] = {
            class_name(i): partition.region(i, self.closed) for i in range(partition.n_classes)
        }
        if self.boundary:
            sets[BOUNDARY] = partition.boundary()
        return CellSets(partition.complex, sets, (int(np.count_nonzero(partition.class_numbers() < 0)),))

    def predicted_cells(self) -> int:
        """The estimate for the complete complex; for a coarse one that of one difference of outputs, for all others."""
        if not self.coarse:
            return int(estimate(self.dividing, None, self.domain, **PREDICTION).likely_cells)
        one = estimate(self.network.difference(0, 1), 0, self.domain, coarse=True, **PREDICTION)
        return int(one.likely_cells) * (self.network.output_dim - 1)

    def _question(self) -> dict[str, Any]:
        return {"sets": [f"classes with {'>=' if self.closed else '>'}", *[BOUNDARY] * self.boundary]}


def class_name(i: int) -> str:
    """The name of the region of a class."""
    return f"class {i}"


@dataclass(frozen=True)
class FormulasProblem(AnyProblem):
    """The sets where formulas hold, such as several levels. Their names are their numbers.

    A set is taken for open or closed only if its formula shows that it is; otherwise some parts might find it open and
    others not. What the cells say is in the tallies, two for each formula: in how many parts it is not open, and in how
    many it is not closed. It is open, or closed, if it is so in each part, as the parts are closed and finitely many.
    """

    network: Network
    domain: Domain | None
    formulas: tuple[Formula, ...]
    coarse: bool = False

    @property
    def models(self) -> Mapping[str, str]:
        """The formulas."""
        found = {}
        for i, formula in enumerate(self.formulas):
            is_open, is_closed = surely_open_and_closed(formula)
            found[str(i)] = OPEN if is_open else CLOSED if is_closed else MIXED
        return found

    @property
    def dividing(self) -> Network:
        """The network with a layer of the forms that are compared."""
        return followed_by_forms(self.network, compared(self.formulas))

    def make(self, domain: Domain | None, options: Options, *, is_cut: bool) -> CellSets:
        """The complex of `refine`, and the sets."""
        refinement = refined(self.network, self.formulas, domain, options, self.walls)
        sets = [refinement.region(formula) for formula in self.formulas]
        tallies = [int(not x) for region in sets for x in (region.is_open, region.is_closed)]
        return CellSets(refinement.complex, dict(zip(map(str, range(len(sets))), sets, strict=True)), tuple(tallies))

    def predicted_cells(self) -> int:
        """The estimate of `estimate`."""
        return int(estimate(self.dividing, None, self.domain, **PREDICTION).likely_cells)

    def _question(self) -> dict[str, Any]:
        return {"sets": [str(formula) for formula in self.formulas]}
