"""Notebooks made from the tutorials of docs/, their one source: python tools/notebooks.py FOLDER [PAGE.md ...]

Text becomes a cell of Markdown, a block of Python a cell of code (of a doctest what is typed, without what comes out),
commands of a console a cell with "!" before each. Examples and figures are found where the notebook lies: the folder
gets copies of them. Links lead to other notebooks; a page without one is named.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TUTORIALS = ("tutorial_researcher.md", "tutorial_theorist.md", "tutorial_tool_author.md")
LINK = re.compile(r"\[([^\]]+)\]\(([\w./-]+\.md)(?:#[\w-]+)?\)")
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$\n?", re.DOTALL | re.MULTILINE)


def notebook(text: str, pages: tuple[str, ...] = ()) -> dict[str, Any]:
    """The notebook of a page in Markdown, as JSON of nbformat 4.5. pages: those that become notebooks beside it."""
    cells: list[dict[str, Any]] = []

    def linked(link: re.Match[str]) -> str:
        title, page = link.groups()
        return f"[{title}]({Path(page).stem}.ipynb)" if page in pages else f"*{title}* (`docs/{page}`)"

    def add(kind: str, source: str, raises: bool = False) -> None:
        if source.strip():
            cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{len(cells)}", "metadata": {}}
            cell["source"] = source.strip("\n").splitlines(keepends=True)
            if kind == "code":
                cell |= {"execution_count": None, "outputs": []}
                if re.match("figure = ", source.strip().splitlines()[-1]):
                    cell["source"] += ["\n", "figure"]  # shown, as the last line of the cell
            if raises:
                cell["metadata"] = {"tags": ["raises-exception"]}
            cells.append(cell)

    end = 0
    for block in BLOCK.finditer(text):
        add("markdown", LINK.sub(linked, text[end : block.start()]))
        kind, code = block.groups()
        if kind == "python" and ">>> " in code:
            for source, raises in typed(code):
                add("code", source, raises)
        else:
            add("code", commands(code) if kind == "console" else code)
        end = block.end()
    add("markdown", LINK.sub(linked, text[end:]))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def typed(code: str) -> list[tuple[str, bool]]:
    """What is typed in a doctest, and whether it raises an error: a cell ends where something comes out."""
    cells: list[list[str]] = [[]]
    raising = set()
    for line in code.splitlines():
        if line.startswith((">>> ", "... ")) or line == "...":
            cells[-1].append(line[4:])
        elif line.strip() and cells[-1]:
            if line.startswith("Traceback "):
                raising.add(len(cells) - 1)
            cells.append([])
    return [("\n".join(lines), i in raising) for i, lines in enumerate(cells)]


def commands(code: str) -> str:
    """The commands of a console."""
    lines = re.findall(r"^\$ (.+)$", code, re.MULTILINE)
    return "\n".join(f"!{line}" for line in lines if line != "echo $?")


def write_notebooks(folder: Path, pages: tuple[str, ...] = TUTORIALS) -> list[Path]:
    """Write the notebooks of pages into a folder, and what they need beside them. Their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("examples", "docs/figures"):
        shutil.copytree(ROOT / name, folder / Path(name).name, dirs_exist_ok=True)
    paths = []
    for page in pages:
        path = folder / f"{Path(page).stem}.ipynb"
        made = notebook((ROOT / "docs" / page).read_text(encoding="utf-8"), pages)
        path.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        paths.append(path)
    return paths


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for written in write_notebooks(Path(sys.argv[1]), tuple(sys.argv[2:]) or TUTORIALS):
        print(written)
