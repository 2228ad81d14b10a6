"""What is recorded of a network, each quantity within its share of the time."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from polyrelu.analysis.class_homology import class_betti_numbers
from polyrelu.analysis.deadline import time_limit
from polyrelu.analysis.levels import critical_levels
from polyrelu.analysis.pipeline import betti_numbers
from polyrelu.errors import InputError, LimitError, PolyreluError, RegionError, VerificationError
from polyrelu.exact.rational import check_digits
from polyrelu.exact.time_limit import OutOfTimeError, check_time
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.hull import on_slice
from polyrelu.geometry.subdivision import Options, read_domain, subdivide
from polyrelu.network.network import Network
from polyrelu.training.settings import Settings


@dataclass
class Measurement:
    """What was computed, why the rest was not, and the seconds that each quantity took, by their names."""

    values: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def measured(network: Network, settings: Settings, end: float, strict: bool) -> Measurement:
    """The quantities of a network that are asked for, until `end`, as time.monotonic() has it.

    A quantity has half of the time that is left, and the last one all of it. What is wrong with the arguments is
    raised if `strict`, and otherwise a reason like any other error of polyrelu.
    """
    found = Measurement()
    asked = settings.asked_of(network)
    try:
        network = settings.chosen(network)
        network, domain, _ = on_slice(network, read_domain(settings.domain, network))
    except PolyreluError as error:
        if strict:
            raise
        found.reasons = dict.fromkeys(asked, str(error))
        return found
    work = _Work(network, domain, settings)
    for i, name in enumerate(asked):
        began = time.monotonic()
        share = (end - began) / (1 if i + 1 == len(asked) else 2)
        try:
            with time_limit(share):
                check_time()
                found.values[name] = work.of(name)
        except OutOfTimeError:
            part = f"its share of the time, {share:.2g} of {settings.budget:g} s, was over"
            found.reasons[name] = part if share > 0 else f"the budget of {settings.budget:g} s was over before it"
        except MemoryError:
            found.reasons[name] = "the memory of this machine does not suffice"
        except PolyreluError as error:
            if strict and isinstance(error, InputError):
                raise
            if isinstance(error, VerificationError):  # a fault of ours, which must not go unseen
                warnings.warn(f"{name}: {error}", RuntimeWarning, stacklevel=4)
            found.reasons[name] = str(error)
        found.seconds[name] = time.monotonic() - began
    return found


class _Work:
    """The quantities of one network; the complex is made once for those that need it."""

    def __init__(self, network: Network, domain: Domain | None, settings: Settings) -> None:
        self._network, self._domain, self._settings = network, domain, settings
        self._options: Options = {
            "max_cells": settings.max_cells, "max_memory": settings.max_memory, "threads": settings.threads
        }  # fmt: skip
        self._cx: PolyhedralComplex | None = None
        self._failed = False

    def of(self, name: str) -> Any:
        """The value of a quantity."""
        compute: dict[str, Callable[[], Any]] = {
            "betti": self._betti, "regions": self._regions, "critical_levels": self._critical_levels
        }  # fmt: skip
        return compute[name]()

    def _betti(self) -> Any:
        chosen = self._settings
        if chosen.is_of_classes(self._network):
            if chosen.relation not in (">", ">=") or chosen.level:
                raise RegionError(
                    'relation: the regions of classes are open, relation ">", or closed, ">=", and have no level; '
                    "output=i or output=(i, j) chooses one function"
                )
            closed = chosen.relation == ">="
            return class_betti_numbers(self._network, self._domain, closed, parts=1, **self._options)
        return betti_numbers(
            self._network, chosen.relation, chosen.level, self._domain, parts=1, **self._options
        )

    def _regions(self) -> int:
        return self._complex().n_regions

    def _critical_levels(self) -> tuple[Fraction, ...]:
        if self._network.output_dim != 1:
            raise RegionError(
                f"critical_levels: the network has {self._network.output_dim} outputs, and one has levels; choose "
                "output=i or output=(i, j), or leave critical_levels out"
            )
        found = critical_levels(
            self._network, self._domain, superlevel=self._settings.superlevel, cx=self._complex(), **self._options
        )
        for x in found:
            check_digits(x, "critical_levels")
        return found

    def _complex(self) -> PolyhedralComplex:
        """C(F) over the domain."""
        if self._failed:
            raise LimitError("the activation regions, which it needs, were not computed")
        if self._cx is None:
            self._failed = True
            self._cx = subdivide(self._network, None, self._domain, **self._options)
            self._failed = False
        return self._cx
