"""What a recorder records, and how: the settings, which are checked once and kept in its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from typing import Any

from polyrelu.errors import FileError, InputError, NetworkError
from polyrelu.exact.limits import read_flag, read_limit
from polyrelu.exact.rational import describe, entries, exact, to_json
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.region import read_relation
from polyrelu.geometry.subdivision import as_domain, read_threads
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice

QUANTITIES = ("betti", "regions", "critical_levels")
"""What can be recorded, in the order in which it is computed."""

_WHAT = ("domain", "relation", "level", "classes", "output", "quantities", "slice")


@dataclass(frozen=True)
class Settings:
    """The settings of a `TrainingRecorder`, which describes them."""

    domain: Domain | None
    relation: str
    level: Fraction
    classes: bool | None
    output: int | tuple[int, int] | None
    quantities: tuple[str, ...] | None
    slice: Slice | None
    budget: float
    every: int
    max_cells: int | None
    max_memory: int | None
    threads: int

    @property
    def superlevel(self) -> bool:
        """Whether critical levels are those of {F ≥ t}, of which the region is one, and not those of {F ≤ t}."""
        return self.relation in (">", ">=")

    @property
    def region(self) -> str:
        """The region in words, where it is one and not those of classes."""
        name = "F" if self.output is None else f"F_{self.output}"
        if isinstance(self.output, tuple):
            name = f"F_{self.output[0]} - F_{self.output[1]}"
        return f"{{{name} {self.relation} {self.level}}}"

    def is_of_classes(self, network: Network) -> bool:
        """Whether the Betti numbers are those of the classes of a network, and not of one region."""
        return network.output_dim > 1 if self.classes is None else self.classes

    def chosen(self, network: Network) -> Network:
        """The network of the output, or of the difference of outputs, that is chosen."""
        if self.output is None:
            return network
        return network.difference(*self.output) if isinstance(self.output, tuple) else network.output(self.output)

    def asked_of(self, network: Network) -> tuple[str, ...]:
        """The quantities that are computed of a network: by default all that it has."""
        if self.quantities is not None:
            return self.quantities
        several = self.output is None and network.output_dim > 1
        return QUANTITIES[:-1] if several else QUANTITIES

    def differences(self, other: Settings) -> list[str]:
        """The names of the settings that define the numbers and are not the same."""
        return [name for name in _WHAT if getattr(self, name) != getattr(other, name)]

    def to_json(self) -> dict[str, Any]:
        """The settings as values of JSON."""
        where = self.domain
        return {
            "domain": None
            if where is None
            else {"a": [[to_json(x) for x in row] for row in where.a], "b": [to_json(x) for x in where.b]},
            "relation": self.relation,
            "level": to_json(self.level),
            "classes": self.classes,
            "output": list(self.output) if isinstance(self.output, tuple) else self.output,
            "quantities": None if self.quantities is None else list(self.quantities),
            "slice": None if self.slice is None else [[to_json(x) for x in p] for p in self.slice.points],
            "budget": self.budget if isfinite(self.budget) else None,
            "every": self.every,
            "max_cells": self.max_cells,
            "max_memory": self.max_memory,
            "threads": self.threads,
        }

    @classmethod
    def from_json(cls, values: Any) -> Settings:
        """The settings that `to_json` has made these values of; InputError for other values."""
        names = list(cls.__dataclass_fields__)
        if not isinstance(values, Mapping) or sorted(values) != sorted(names):
            raise FileError(f"settings: expected an object with keys {', '.join(names)}")
        given = dict(values)
        if (where := given["domain"]) is not None:
            if not isinstance(where, Mapping) or sorted(where) != ["a", "b"]:
                raise FileError("settings, domain: expected an object with keys a and b")
            given["domain"] = Domain(where["a"], where["b"])
        if given["slice"] is not None:
            given["slice"] = Slice(given["slice"])
        return read_settings(**given)


def read_settings(
    *,
    domain: Any,
    relation: Any,
    level: Any,
    classes: Any,
    output: Any,
    quantities: Any,
    slice: Any,
    budget: Any,
    every: Any,
    max_cells: Any,
    max_memory: Any,
    threads: Any,
) -> Settings:
    """The settings; InputError for one that is wrong."""
    if slice is not None and not isinstance(slice, Slice):
        raise InputError(f"slice: expected a Slice or None, got {describe(slice)}")
    chosen = _read_output(output)
    by_class = None if classes is None else read_flag(classes, "classes")
    if by_class and chosen is not None:
        raise InputError("classes: the classes are those of all outputs; leave out output, or classes")
    asked = _read_quantities(quantities)
    if by_class and asked is not None and "critical_levels" in asked:
        raise InputError("critical_levels: classes have no levels; leave it out, or choose output=i or output=(i, j)")
    if isinstance(every, bool) or not isinstance(every, int) or every < 1:
        raise InputError(f"every: expected a positive integer, got {describe(every)}")
    read_limit(max_cells, "max_cells")
    read_limit(max_memory, "max_memory")
    return Settings(
        as_domain(domain), read_relation(relation), exact(level, "level"), by_class, chosen, asked, slice,
        read_budget(budget), every, max_cells, max_memory, read_threads(threads),
    )  # fmt: skip


def read_budget(budget: Any) -> float:
    """A positive number of seconds; infinite for None. InputError for anything else."""
    if budget is None:
        return float("inf")
    if isinstance(budget, bool) or not isinstance(budget, (int, float)) or not budget > 0:
        raise InputError(f"budget: expected a positive number of seconds or None, got {describe(budget)}")
    return float(min(budget, 10**9))


def _read_output(output: Any) -> int | tuple[int, int] | None:
    if output is None:
        return None
    items = entries(output, "output")
    pair = items if items is not None and len(items) == 2 else [output]
    if any(isinstance(i, bool) or not isinstance(i, int) for i in pair):
        raise InputError(f"output: expected the number of an output, or two of them, got {describe(output)}")
    if len(pair) == 2 and pair[0] == pair[1]:
        raise NetworkError(f"output: expected two different outputs, got output {describe(pair[0])} twice")
    return pair[0] if items is None else (pair[0], pair[1])


def _read_quantities(quantities: Any) -> tuple[str, ...] | None:
    if quantities is None:
        return None
    items = [quantities] if isinstance(quantities, str) else entries(quantities, "quantities")
    if not items or not all(isinstance(name, str) and name in QUANTITIES for name in items):
        wrong = next((x for x in items or () if not isinstance(x, str) or x not in QUANTITIES), quantities)
        raise InputError(f"quantities: expected some of {', '.join(QUANTITIES)}, got {describe(wrong)}")
    return tuple(name for name in QUANTITIES if name in items)
