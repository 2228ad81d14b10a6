"""docs/paper.md shows what really comes out, and the figures it names exist."""

from __future__ import annotations

import pytest

from pages import ROOT, run_page

DOCS = ROOT / "docs"
if not DOCS.is_dir():
    pytest.skip("the tests were copied without docs/", allow_module_level=True)


def test_commands_and_python(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert run_page(DOCS / "paper.md") >= 12
