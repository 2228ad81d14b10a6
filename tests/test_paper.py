"""docs/paper.md shows what really comes out, and the figures it names exist."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import polyrelu.cli

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "paper.md").read_text(encoding="utf-8")


def test_commands(capsys, monkeypatch, tmp_path):
    """All of them in one directory, in order: some read what others wrote."""
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```console\n(.*?)```", PAGE, flags=re.DOTALL)
    commands = [part for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE) if part]
    assert len(commands) >= 7
    for command in commands:
        line, _, shown = command.partition("\n")
        program, *argv = shlex.split(line)
        assert program == "polyrelu"
        assert polyrelu.cli.main(argv) == 0
        assert capsys.readouterr().out.strip() == shown.strip()


def test_python():
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner()
    code = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    result = runner.run(parser.get_doctest("\n".join(code), {}, "paper.md", "paper.md", 0))
    assert result.attempted >= 15 and result.failed == 0


def test_figures_exist():
    figures = re.findall(r"!\[[^]]+\]\((.*?)\)", PAGE)
    assert figures
    for figure in figures:
        assert (DOCS / figure).stat().st_size < 200_000
