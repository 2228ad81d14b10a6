"""docs/api.md documents all that polyrelu offers, and the docstrings become reStructuredText as they should."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import polyrelu

DOCS = Path(__file__).parent.parent / "docs"
if not DOCS.is_dir():
    pytest.skip("the tests were copied without docs/", allow_module_level=True)


@pytest.fixture(scope="module")
def docstrings():
    sys.path.insert(0, str(DOCS))
    try:
        import docstrings

        return docstrings
    finally:
        sys.path.remove(str(DOCS))


def rewritten(docstrings, text):
    lines = text.split("\n")
    docstrings.rewrite(lines)
    return "\n".join(lines).strip()


def test_every_public_name_is_documented_once():
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    names = re.findall(r"^\.\. auto(?:class|function|exception):: ([A-Za-z]\w*)(?:\(\))?$", page, flags=re.MULTILINE)
    assert sorted(names) == sorted(polyrelu.__all__)


def test_arguments_become_a_list(docstrings):
    text = "What it does.\n\nlevel: a number, or\n    None for none.\na, b : two more\nand what belongs to them"
    assert rewritten(docstrings, text) == (
        "What it does.\n\n- **level**: a number, or\n  None for none.\n- **a, b**: two more\n  and what belongs to them"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("H_c^* of |x| and x_ of R^d", r"H_c^\* of \|x\| and x\_ of R^d"),
        ("see `a_*|b|`", "see `a_*|b|`"),
        ("the `Fraction`s", r"the `Fraction`\ s"),
        ("no prefix(`x`) but x`y`", r"no prefix(`x`) but x\ `y`"),
        (">>> 2 * 3\n6", ">>> 2 * 3\n6"),
        ("**Why.** a * b", r"**Why.** a \* b"),
        ("Parameters\n----------\nx : a number|", "Parameters\n----------\nx : a number|"),
        ("Kinds:\n- `a`: one * two\n- three", "Kinds:\n\n- `a`: one \\* two\n- three"),
        ("1. first *\n   more", "1. first \\*\n   more"),
    ],
)
def test_text(docstrings, text, expected):
    assert rewritten(docstrings, text) == expected


def test_other_tools_tables_are_those_of_the_benchmarks():
    page = (DOCS / "comparisons.md").read_text(encoding="utf-8")
    included = re.findall(r"```\{include\} (\S+)\n:start-after: (.*)\n:end-before: (.*)\n", page)
    assert len(included) == 3
    for name, begin, end in included:
        text = (DOCS / name).read_text(encoding="utf-8")
        assert text.count(begin) == text.count(end) == 1 and text.index(begin) < text.index(end)
