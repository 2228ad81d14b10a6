"""HTML for notebooks: well-formed, escaped, small, without scripts or anything from elsewhere, and with the numbers."""

from __future__ import annotations

import inspect
import re
from html.parser import HTMLParser
from importlib import import_module

import pytest

import polyrelu as pr
from polyrelu.markup import MOST_ROWS, table


class Reader(HTMLParser):
    """Checks nesting and collects the tags, attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.rows: list[list[str]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


NET = pr.shells((2, 8, 6, 1), {1: 2})
COMPLEX = pr.subdivide(NET, 0)
REGION = COMPLEX.region(">")


@pytest.mark.parametrize(
    ("thing", "expected"),
    [
        (NET, [["layer", "maps", "parameters"], ["1", "2 → 8", "24"], ["2", "8 → 6", "54"], ["3", "6 → 1", "7"]]),
        (COMPLEX, [["dimension", "cells"], *([str(k), str(n)] for k, n in enumerate(COMPLEX.f_vector))]),
        (REGION, [["dimension", "cells"], *([str(k), str(n)] for k, n in enumerate(REGION.f_vector))]),
        (
            pr.classify(pr.Network([[[1], [-1]], [[1, 0], [0, 1], [1, 1]]], [[0, 0], [0, 0, 0]])),  # |x| = max(x, −x)
            [["class", "regions"], ["0", "0"], ["1", "0"], ["2", "0"], ["tie", "2"]],
        ),
        (pr.classify(pr.Network([[[1], [-1]]], [[0, 1]])), [["class", "regions"], ["0", "1"], ["1", "1"]]),
        (
            pr.ChainComplex([[[2]]], ranks=(1, 1)),
            [["degree", "rank", "entries of ∂"], ["0", "1", "-"], ["1", "1", "1"]],
        ),
        (
            pr.homology(pr.ChainComplex([[[2, 0]]], ranks=(1, 2))),
            [["degree", "Betti number", "torsion"], ["0", "0", "Z/2"], ["1", "1", "-"]],
        ),
        (
            pr.analyse_region(NET),
            [["degree", "Betti number", "torsion"], ["0", "6", "-"], ["1", "2", "-"]],
        ),
        (
            pr.analyse_formulas(NET, "0 < F <= 1"),
            [["formula", "homology"], ["0 < F <= 1", "H_0 = Z^6, H_1 = Z^2"]],
        ),
        (
            pr.analyse_classes(pr.Network([[[1], [-1]], [[0, 0], [1, 1]]], [[0, 0], [1, 0]])),
            [["class", "homology"], ["0", "H_0 = Z"], ["1", "H_0 = Z^2"], ["boundary", "H_0 = Z^2"]],
        ),
        (pr.upper_bounds((2, 3, 1)), None),
        (pr.lower_bounds((2, 3, 1)), None),
        (pr.estimate(NET), None),
        (pr.estimate(pr.Network([[[1] * 3] * 9, [[1] * 9]], [range(9), [0]]), 0, [(0, 1)] * 3), None),
        (pr.verify(NET, betti=pr.betti_numbers(NET)), None),
    ],
    ids=lambda x: type(x).__name__,
)  # fmt: skip
def test_representations(thing, expected):
    text = thing._repr_html_()
    page = Reader(text)
    assert page.tags <= {"table", "caption", "thead", "tbody", "tr", "th", "td", "div"}
    assert page.attributes == {"style"}
    assert "url(" not in text and "http" not in text and len(text) < 10_000
    # Colours come from the page: what is set is inherited, transparent, or mixed from the text's own colour.
    for name, value in re.findall(r"(color|background|border[a-z-]*)\s*:\s*([^;\"]+)", text):
        assert name == "border-collapse" or re.match(r"inherit|transparent|0$|1px solid color-mix\(in srgb, cu", value)
    if expected is not None:
        assert page.rows == expected
    assert len({len(row) for row in page.rows}) == 1


def test_everything_is_escaped():
    text = table("<b>&", ["<i>"], [["<script>alert('x')</script>"]], "a < b & c")
    page = Reader(text)
    assert "script" not in page.tags and "b" not in page.tags
    assert page.rows == [["<i>"], ["<script>alert('x')</script>"]]
    assert page.text.startswith("<b>&") and page.text.endswith("a < b & c")


def test_long_tables_are_shortened_and_empty_ones_are_tables():
    page = Reader(table("", ["n"], ([n] for n in range(1000))))
    assert [row[0] for row in page.rows] == ["n", *map(str, range(12)), "…", *map(str, range(988, 1000))]
    assert len(page.rows) == MOST_ROWS + 2
    assert Reader(table("", ["a", "b"], [])).rows == [["a", "b"]]


def test_digits_are_grouped_and_numbers_stand_to_the_right():
    text = table("", ["n", "word"], [[1234567, "x"], [-12, "y"]])
    assert Reader(text).rows[1] == ["1\u202f234\u202f567", "x"]
    assert text.count("text-align:right") == 3 and text.count("text-align:left") == 4  # the caption is one


def test_the_module_knows_none_of_the_nouns():
    assert "polyrelu" not in inspect.getsource(import_module("polyrelu.markup"))
