"""Answers as text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

EXACT = "All numbers are exact: nothing was sampled or rounded."


class Answer(NamedTuple):
    """What goes to standard output, and the exit status."""

    text: str
    status: int = 0


def with_assumptions(answer: Answer, assumed: Sequence[str], form: str) -> Answer:
    """The answer with what was assumed in reading the network: lines of text, or the key `assumed` of the object.

    The form of the answer is "text", "json" or "latex".
    """
    notes = list(dict.fromkeys(assumed))
    if not notes:
        return answer
    if form == "json":
        text = f"{answer.text.rstrip().removesuffix('}')}, {json.dumps('assumed')}: {json.dumps(notes)}}}\n"
    else:
        mark = "% " if form == "latex" else ""
        text = answer.text + lines(*(f"{mark}Assumed: {note}." for note in notes))
    return answer._replace(text=text)


def as_json(**answer: Any) -> str:
    """One JSON object on one line; Fractions become integers or strings "p/q"."""
    return json.dumps(_plain(answer)) + "\n"


def as_latex(source: Any, *comments: str, heading: str = "") -> str:
    """The table that `latex_table` makes, after comments."""
    from polyrelu.export.latex_tables import latex_table  # slow to import

    return lines(*(f"% {comment}" for comment in comments)) + latex_table(source, heading=heading) + "\n"


def _plain(value: Any) -> Any:
    """The same of integers, strings, lists and objects; long integers become strings, which all programs can read."""
    from polyrelu.exact.rational import to_json  # slow to import, and --help needs no number

    if isinstance(value, Fraction) or type(value) is int:
        return to_json(value)
    if isinstance(value, dict):
        return {key: _plain(x) for key, x in value.items()}
    return [_plain(x) for x in value] if isinstance(value, (list, tuple)) else value


def lines(*parts: str) -> str:
    """Lines of text, the last one ended too."""
    return "\n".join(parts) + "\n"


def in_parts(n_parts: int, what: str = "made") -> str:
    """", made in 5 parts", for the end of a phrase; nothing for one part."""
    return "" if n_parts == 1 else f", {what} in {n_parts} parts"


def cell_table(f_vector: Sequence[int]) -> str:
    """The number of cells of each dimension."""
    return table([["dimension", *map(str, range(len(f_vector)))], ["cells", *map(str, f_vector)]])


def table(rows: list[list[str]]) -> str:
    """Columns of text: the first and the last wordy ones to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    numeric = [all(cell.lstrip("-").isdigit() for cell in column[1:]) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  " + "   ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in rows
    )  # fmt: skip
