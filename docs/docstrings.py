"""A Sphinx extension: docstrings in plain text, without sections of numpydoc, as reStructuredText.

They are written to be read as they are: names in single backticks, arguments as lines `name: what it is` with
what does not fit indented below, and mathematics with stars, bars and underscores that are no markup.
"""

from __future__ import annotations

import re
from typing import Any

SECTION = re.compile(r"-{4,}$")  # the line below the name of a section
MARKUP = re.compile(r"(`[^`]+`|\*\*\w[^*]*\*\*)")
ITEM = re.compile(r"([a-z][a-z0-9_]*(?:, [a-z][a-z0-9_]*)*) ?: (?=\S)")
LIST = re.compile(r"(?:[-*]|\d+\.) ")


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", lambda app, what, name, obj, options, lines: rewrite(lines), priority=400)
    return {"parallel_read_safe": True}


def rewrite(lines: list[str]) -> None:
    """Rewrite the lines of a docstring in place; what has sections is left to numpydoc."""
    if any(SECTION.match(line) for line in lines):
        return
    blocks = re.split(r"\n\s*\n", "\n".join(lines).strip("\n"))
    lines[:] = [*"\n\n".join(_block(block) for block in blocks).split("\n"), ""]


def _block(block: str) -> str:
    """One paragraph, list of arguments or list; examples and what is indented stay as they are."""
    if block.startswith(">>>") or block.startswith(" "):
        return block
    first, *rest = block.split("\n")
    if ITEM.match(first):
        return _arguments([first, *rest])
    if LIST.match(first):
        return "\n".join(_list_line(line) for line in [first, *rest])
    if any(LIST.match(line) for line in rest):
        start = next(i for i, line in enumerate(rest) if LIST.match(line))
        return f"{_escaped(chr(10).join([first, *rest[:start]]))}\n\n{_block(chr(10).join(rest[start:]))}"
    return _escaped("\n".join(line.strip() for line in [first, *rest]))


def _arguments(lines: list[str]) -> str:
    """A list with one entry for each line of the form `name: text`; other lines belong to the entry before."""
    entries: list[list[str]] = []
    for line in lines:
        if found := ITEM.match(line):
            entries.append([f"- **{found[1]}**: {_escaped(line[found.end() :])}"])
        else:
            entries[-1].append("  " + line.strip())
    return "\n".join("\n".join([head, *(_escaped(line) for line in rest)]) for head, *rest in entries)


def _list_line(line: str) -> str:
    mark = LIST.match(line)
    return line[: mark.end()] + _escaped(line[mark.end() :]) if mark else _escaped(line)


def _escaped(text: str) -> str:
    """Everything but code in backticks and bold text without a meaning as markup; text may touch these."""
    parts = MARKUP.split(text)
    for i, part in enumerate(parts):
        if i % 2 == 0:
            part = re.sub(r"([\\*|])", r"\\\1", part)
            part = re.sub(r"_(?!\w)", r"\\_", part)
            if i > 0 and re.match(r"\w", part):
                part = "\\ " + part
            if i < len(parts) - 1 and re.search(r"[^\s(\[{\"'–—/-]$", part):
                part += "\\ "
            parts[i] = part
    return "".join(parts)
