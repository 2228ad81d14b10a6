"""TrainingRow: what is known of a network at one epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from polyrelu.errors import FileError, InputError
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import describe, exact, to_json
from polyrelu.training.settings import QUANTITIES

Betti = tuple[int, ...] | tuple[tuple[int, ...], ...]
Number = int | float

MAX_EPOCH = 10**15
"""All epochs have smaller numbers."""

OWN_NAMES = ("epoch", "architecture", *QUANTITIES, "changed", "not_computed", "seconds")
"""Names that metrics cannot have."""

_KEYS = ("epoch", "architecture", *QUANTITIES, "not_computed", "seconds", "metrics")


@dataclass(frozen=True, repr=False)
class TrainingRow:
    """What a `TrainingRecorder` has recorded at one epoch. Exact numbers; None for what was not computed.

    Attributes
    ----------
    epoch : int
        The epoch.
    architecture : tuple of int, or None
        The architecture of the network; None if the model could not be read.
    betti : tuple of int, or tuple of tuples of int, or None
        The Betti numbers of the region in degrees 0..d−1, or those of each class.
    regions : int or None
        The number of activation regions in the domain.
    critical_levels : tuple of Fraction, or None
        The critical levels, ascending.
    changed : bool or None
        Whether the Betti numbers are others than those of the last row before that has some; None if one of the two
        is missing.
    """

    epoch: int
    architecture: tuple[int, ...] | None
    betti: Betti | None
    regions: int | None
    critical_levels: tuple[Fraction, ...] | None
    changed: bool | None
    _not_computed: tuple[tuple[str, str], ...] = ()
    _seconds: tuple[tuple[str, float], ...] = ()
    _metrics: tuple[tuple[str, Number], ...] = ()

    @property
    def not_computed(self) -> dict[str, str]:
        """Why a quantity that was asked for was not computed, by the names of these quantities."""
        return dict(self._not_computed)

    @property
    def seconds(self) -> dict[str, float]:
        """The seconds of wall time that reading the model ("reading") and each quantity took."""
        return dict(self._seconds)

    @property
    def metrics(self) -> dict[str, Number]:
        """The numbers that were given by name."""
        return dict(self._metrics)

    @property
    def asked(self) -> tuple[str, ...]:
        """The quantities that were asked for."""
        return tuple(name for name in QUANTITIES if getattr(self, name) is not None or name in self.not_computed)

    def __repr__(self) -> str:
        parts = [f"{show_quantity(name, getattr(self, name))}" for name in self.asked]
        parts += [f"{name} = {value:.4g}" for name, value in self._metrics]
        return f"TrainingRow(epoch {self.epoch}: {', '.join(parts)})"

    def to_json(self) -> dict[str, Any]:
        """The row as values of JSON. Numbers that are not finite are the strings "nan", "inf" and "-inf"."""
        levels = self.critical_levels
        return {
            "epoch": self.epoch,
            "architecture": self.architecture,
            "betti": self.betti,
            "regions": self.regions,
            "critical_levels": None if levels is None else [to_json(x) for x in levels],
            "not_computed": self.not_computed,
            "seconds": self.seconds,
            "metrics": {name: x if math.isfinite(x) else str(x) for name, x in self._metrics},
        }

    @classmethod
    def from_json(cls, values: Any, before: TrainingRow | None) -> TrainingRow:
        """The row that `to_json` has made these values of; InputError for others.

        `before` is the last row before that has Betti numbers.
        """
        if not isinstance(values, Mapping) or sorted(values) != sorted(_KEYS):
            raise FileError(f"expected an object with keys {', '.join(_KEYS)}")
        epoch = read_epoch(values["epoch"])
        betti, regions, levels = (values[x] for x in QUANTITIES)
        if regions is not None and type(regions) is not int:
            raise FileError(f"regions: expected an integer or null, got {describe(regions)}")
        numbers = None if betti is None else _numbers(betti, "betti", nested=True)
        widths = values["architecture"]
        reasons = _by_name(values["not_computed"], "not_computed", str)
        seconds = _by_name(values["seconds"], "seconds", float, int)
        metrics = _by_name(values["metrics"], "metrics", float, int, str)
        if any(isinstance(x, str) and x not in ("nan", "inf", "-inf") for _, x in metrics):
            raise FileError("metrics: expected numbers")
        if levels is not None and not isinstance(levels, list):
            raise FileError(f"critical_levels: expected a list or null, got {describe(levels)}")
        return cls(
            epoch,
            None if widths is None else _numbers(widths, "architecture"),
            numbers,
            regions,
            None if levels is None else tuple(exact(x, "critical_levels") for x in levels),
            is_changed(numbers, before),
            reasons,
            seconds,
            tuple((name, float(x) if isinstance(x, str) else x) for name, x in metrics),
        )


def show_quantity(name: str, value: Any) -> str:
    """A quantity in few words."""
    if name == "betti":
        return "β not computed" if value is None else f"β = {show_betti(value)}"
    if name == "regions":
        return "regions not computed" if value is None else f"{value} region{'s' * (value != 1)}"
    if value is None:
        return "critical levels not computed"
    return f"{len(value)} critical level{'s' * (len(value) != 1)}"


def show_betti(betti: Betti) -> str:
    """Betti numbers, those of classes one after another."""
    return " ".join(f"({', '.join(map(str, numbers))})" for numbers in by_class(betti))


def by_class(betti: Betti) -> tuple[tuple[int, ...], ...]:
    """The Betti numbers of each class, or those of one region alone."""
    return betti if betti and isinstance(betti[0], tuple) else (betti,)  # type: ignore[return-value]


def show_levels(levels: tuple[Fraction, ...], most: int = 3) -> str:
    """The first critical levels and their number."""
    shown = ", ".join(brief(x, 12) for x in levels[:most])
    return f"{len(levels)}: {shown}{', …' if len(levels) > most else ''}"


def has_classes(rows: Sequence[TrainingRow]) -> bool:
    """Whether the Betti numbers of the last row that has some are those of classes."""
    known = next((row.betti for row in reversed(rows) if row.betti), ())
    return bool(known) and isinstance(known[0], tuple)


def is_changed(betti: Betti | None, before: TrainingRow | None) -> bool | None:
    """Whether Betti numbers are others than those before; None if one of the two is not known."""
    return None if betti is None or before is None else betti != before.betti


def read_epoch(epoch: Any) -> int:
    """The number of an epoch; InputError for anything else."""
    if isinstance(epoch, bool) or not isinstance(epoch, (int, np.integer)) or not 0 <= epoch < MAX_EPOCH:
        raise InputError(f"epoch: expected an integer from 0 to {MAX_EPOCH - 1}, got {describe(epoch)}")
    return int(epoch)


def read_metrics(metrics: Mapping[str, Any]) -> tuple[tuple[str, Number], ...]:
    """Numbers by name, those of NumPy and PyTorch as numbers of Python; InputError for anything else."""
    found: list[tuple[str, Number]] = []
    for name, value in metrics.items():
        if name in OWN_NAMES or name.startswith(("betti_", "class_")):
            raise InputError(f"{describe(name)}: a column of the record has this name; give the metric another one")
        found.append((name, _number(value, name)))
    return tuple(found)


def _number(value: Any, name: str) -> Number:
    if not isinstance(value, (int, float, str, bytes)) and hasattr(type(value), "item"):  # an array of one number
        try:
            value = value.item()
        except Exception:  # whatever a foreign type raises
            raise InputError(f"{name}: expected one number, got {describe(value)}") from None
    if isinstance(value, bool) or not isinstance(value, (int, float, Fraction)):
        raise InputError(f"{name}: expected a number, got {describe(value)}")
    if isinstance(value, float):
        return float(value)
    if not -(10**300) < value < 10**300:
        raise InputError(f"{name}: expected a number below 10^300, got {describe(value)}")
    return int(value) if isinstance(value, int) else float(value)


def _numbers(values: Any, where: str, nested: bool = False) -> Any:
    """A list of integers as a tuple, or with `nested` also one of lists of integers."""
    if isinstance(values, list):
        if all(type(x) is int for x in values):
            return tuple(values)
        if nested and all(isinstance(x, list) for x in values):
            return tuple(_numbers(x, where) for x in values)
    raise FileError(f"{where}: expected a list of integers, got {describe(values)}")


def _by_name(values: Any, where: str, *kinds: type) -> tuple[tuple[str, Any], ...]:
    if not isinstance(values, dict) or not all(type(x) in kinds for x in values.values()):
        raise FileError(f"{where}: expected an object of {' or '.join(x.__name__ for x in kinds)}")
    return tuple(values.items())
