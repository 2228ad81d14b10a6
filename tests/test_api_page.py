"""docs/api.md documents everything that polyrelu exports, and docs/comparisons.md includes tables of the benchmarks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import polyrelu

DOCS = Path(__file__).parent.parent / "docs"
if not DOCS.is_dir():
    pytest.skip("the tests were copied without docs/", allow_module_level=True)


def test_every_public_name_is_documented_once():
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    directive = r"^\.\. auto(?:class|function|exception):: ([A-Za-z]\w*)(?:\([a-z, ]*\))?$"
    names = re.findall(directive, page, flags=re.MULTILINE)
    assert sorted(names) == sorted(polyrelu.__all__)


def test_other_tools_tables_are_those_of_the_benchmarks():
    page = (DOCS / "comparisons.md").read_text(encoding="utf-8")
    included = re.findall(r"```\{include\} (\S+)\n:start-after: (.*)\n:end-before: (.*)\n", page)
    assert len(included) == 3
    for name, begin, end in included:
        text = (DOCS / name).read_text(encoding="utf-8")
        assert text.count(begin) == text.count(end) == 1 and text.index(begin) < text.index(end)
