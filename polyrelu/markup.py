"""Small HTML tables for notebooks: self-contained, escaped, without scripts.

Colours are those of the page, so that the tables are readable on light and on dark ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

MOST_ROWS = 24
"""Maximum number of rows; longer tables are shortened in the middle."""

_LINE = "1px solid color-mix(in srgb, currentColor 35%, transparent)"
_CAPTION = "caption-side:top;text-align:left;white-space:nowrap;color:inherit;padding:0.3em 0"
_CELL = "padding:0.15em 0.7em;border:0;background:transparent;color:inherit"


def table(caption: str, head: Sequence[object], rows: Iterable[Sequence[object]], note: str = "") -> str:
    """An HTML table of texts and numbers, all escaped; columns of numbers are aligned to the right."""
    lines = [[_text(cell) for cell in row] for row in rows]
    left_out = len(lines) - MOST_ROWS
    if left_out > 0:
        middle = MOST_ROWS // 2
        lines[middle : middle + left_out] = [["…"] * len(head)]
    numeric = [all(_is_number(cell) for cell in column) for column in zip(*lines, strict=True)] or [False] * len(head)
    parts = [
        '<table style="border-collapse:collapse;border:0;color:inherit;background:transparent;font-size:90%">',
        f'<caption style="{_CAPTION}">{escape(caption)}</caption>',
        f"<thead>{_row('th', [_text(cell) for cell in head], numeric, f';border-bottom:{_LINE}')}</thead>",
        f"<tbody>{''.join(_row('td', line, numeric) for line in lines)}</tbody>",
        "</table>",
    ]
    return "".join(parts) + (line(note) if note else "")


def line(text: str) -> str:
    """A line of text above or below a table, as HTML."""
    return f'<div style="font-size:90%;color:inherit">{escape(text)}</div>'


def _row(tag: str, cells: Sequence[str], numeric: Sequence[bool], more: str = "") -> str:
    sides = ["right" if number else "left" for number in numeric]
    return "".join([
        "<tr>",
        *(
            f'<{tag} style="{_CELL};text-align:{side}{more}">{escape(cell)}</{tag}>'
            for cell, side in zip(cells, sides, strict=True)
        ),
        "</tr>",
    ])  # fmt: skip


def _text(cell: object) -> str:
    """The cell as text; integers of many digits in groups of three."""
    if isinstance(cell, int) and not isinstance(cell, bool) and abs(cell) < 10**15:
        return f"{cell:,}".replace(",", "\u202f")
    return str(cell)


def _is_number(cell: str) -> bool:
    return (
        cell in ("", "-", "…") or cell.replace("\u202f", "").lstrip("−-").replace(".", "").replace("e+", "").isdigit()
    )
