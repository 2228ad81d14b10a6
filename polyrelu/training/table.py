"""The rows of a recorder as columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyrelu.exact.rational import show
from polyrelu.training.rows import TrainingRow
from polyrelu.training.settings import QUANTITIES

Columns = dict[str, list[Any]]


def columns_of(rows: Sequence[TrainingRow]) -> Columns:
    """Columns by name, with None where something is missing.

    epoch; betti_0, betti_1, …, or class_0_betti_0, …; regions; critical_levels; changed; not_computed, as text;
    seconds, in all; then the metrics.
    """
    columns: Columns = {"epoch": [row.epoch for row in rows]}
    asked = {name for row in rows for name in row.asked}
    betti = [_numbers_by_name(row) for row in rows]
    for name in dict.fromkeys(name for of_row in betti for name in of_row):
        columns[name] = [of_row.get(name) for of_row in betti]
    for name in QUANTITIES[1:]:
        if name in asked:
            columns[name] = [getattr(row, name) for row in rows]
    if "betti" in asked:
        columns["changed"] = [row.changed for row in rows]
    columns["not_computed"] = ["; ".join(f"{name}: {why}" for name, why in row.not_computed.items()) for row in rows]
    columns["seconds"] = [sum(row.seconds.values()) for row in rows]
    for name in dict.fromkeys(name for row in rows for name in row.metrics):
        columns[name] = [row.metrics.get(name) for row in rows]
    return columns


def as_text(columns: Columns) -> Columns:
    """The columns as they are written: numbers exactly, nothing for None, critical levels with spaces in between."""
    return {name: ["" if x is None else _text(x) for x in column] for name, column in columns.items()}


def _text(value: Any) -> str:
    return " ".join(map(show, value)) if isinstance(value, tuple) else str(value)


def _numbers_by_name(row: TrainingRow) -> dict[str, int]:
    betti: Any = row.betti
    if betti is None:
        return {}
    found: dict[str, int] = {}
    for i, part in enumerate(betti):
        if isinstance(part, tuple):
            found |= {f"class_{i}_betti_{k}": b for k, b in enumerate(part)}
        else:
            found[f"betti_{i}"] = part
    return found
