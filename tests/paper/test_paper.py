"""docs/paper.md shows what really comes out, and the figures it names exist."""

from __future__ import annotations

import re

import pytest

from polyrelu.constructions import predicted_betti
from support.pages import ROOT, run_page

DOCS = ROOT / "docs"
if not DOCS.is_dir():
    pytest.skip("the tests were copied without docs/", allow_module_level=True)


def test_commands_and_python(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert run_page(DOCS / "paper.md") >= 12


def test_the_largest_networks_are_predicted_as_the_table_says():
    """The table of section 9: its Betti numbers by the formula; cells and times were measured."""
    text = (DOCS / "paper.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+(?:-\d+)+) \| (.*?) \| .*? \| ([\d ,]+) \|", text, re.MULTILINE)
    assert len(rows) == 4
    for architecture, cuts, betti in rows:
        widths = tuple(map(int, architecture.split("-")))
        c = (int(cuts.rpartition("=")[2]),) * (widths[0] - 1)
        assert predicted_betti(widths, c)[">"] == tuple(int(b.replace(" ", "")) for b in betti.split(","))
