"""Pages with a slider over slices: which slices they show, and where the Betti numbers of these change."""

from __future__ import annotations

import base64
import json
import random
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.errors import DomainError, InputError, LimitError
from polyrelu.plotting import slider
from polyrelu.plotting.html import page_figure
from polyrelu.plotting.scene import make_scene
from support.known_answers import random_float32
from support.plots import figure_of

pytest.importorskip("plotly")

RING = pr.from_expression("1/2 - max(|max(|x|, |y|) - 2|, |max(|z|, |w|) - 1|)", ["x", "y", "z", "w"])
"""{F > 0} is a thickened torus: the product of two thickened squares."""


def shown(tmp_path: Path, *args: Any, **choices: Any) -> Any:
    """The figure of a page, whose library lies beside it."""
    (tmp_path / "l.js").touch()
    return json.loads(figure_of(pr.plot_slices(*args, tmp_path / "p.html", library=tmp_path / "l.js", **choices).text))


def array(value: Any) -> Any:
    """The numbers of a trace, which plotly writes in base 64."""
    if not isinstance(value, dict):
        return np.array(value, float)
    return np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"])


def test_a_torus_in_four_dimensions(tmp_path):
    """Its sections x4 = t are empty, or a ring, or for |t| ≤ 1/2 two of them."""
    found = shown(tmp_path, RING, axis=3, positions=7, between=(-3, 3), cycles=True)
    none, one, two = ("β = (0, 0, 0)", "β = (1, 1, 0)", "β = (2, 2, 0)")
    levels = [Fraction(n, 2) for n in (-3, -1, 1, 3)]
    assert found["values"] == [str(t) for t in sorted({*levels, *range(-3, 4)})]
    places = [round(float(t + 3) / 6, 6) for t in (-3, *levels, 3)]
    assert [run[:2] for run in found["runs"]] == [list(pair) for pair in pairwise(places)]
    assert [run[2] for run in found["runs"]] == [none, one, two, one, none]
    marks = [(at, text.split(": ")[1]) for at, text in found["marks"]]
    assert marks == [*zip(places[1:-1], (none, two, two, none), strict=True)]
    assert found["name"] == "x₄" and [at for at, _ in found["marks"]] == [
        found["positions"][found["values"].index(str(t))] for t in levels
    ]
    for part, value in zip(found["slices"], found["values"], strict=True):
        names = [trace["name"] for trace in part["data"]]
        assert ("cycles of H<sub>1</sub>" in names) == (abs(Fraction(value)) <= Fraction(1, 2))
        assert ("cycle of H<sub>1</sub>" in names) == (Fraction(1, 2) < abs(Fraction(value)) < Fraction(3, 2))
        assert part["layout"]["uirevision"] and len({trace["uid"] for trace in part["data"]}) == len(names)


def test_a_slice_is_drawn_as_the_network_on_it(tmp_path):
    net, window = random_float32((5, 4, 4, 1)), [(-1, 1), (-1, 2), (-2, 1)]
    level = net([0, 0, 0, 0, Fraction(1, 3)])
    found = shown(tmp_path, net, axis=2, at={4: "1/3"}, positions=["-1/2", 0, "0.1"], window=window, level=level)
    assert found["values"] == ["-1/2", "0", "1/10"]
    assert found["slices"][0]["layout"]["scene"]["zaxis"]["title"]["text"] == "x₄"
    for part, t in zip(found["slices"], (Fraction(-1, 2), Fraction(0), Fraction(1, 10)), strict=True):
        inputs = [[int(i == j) for j in range(5)] for i in (0, 1, 3)]
        own = net.restrict([0, 0, t, 0, Fraction(1, 3)], inputs)
        expected = page_figure(make_scene(own, {}, window=window, level=level)).data
        assert [trace["name"] for trace in part["data"]] == [trace.name for trace in expected]
        for trace, other in zip(part["data"], expected, strict=True):
            for axis in "xyz":
                np.testing.assert_array_equal(array(trace[axis]), np.asarray(other[axis], np.float32))


@pytest.mark.parametrize(
    ("architecture", "seed", "domain"), [((2, 4, 1), 0, None), ((3, 3, 1), 1, [(-1, 2)] * 3), ((3, 2, 2, 1), 2, None)]
)
def test_changes_are_all_and_exact(architecture, seed, domain, tmp_path):
    """At random positions, and at the marks, against the Betti numbers of the network on the slice."""
    net, d = random_float32(architecture, seed=seed), architecture[0]
    between = (-1, 2) if domain else (-3, 3)
    found = shown(tmp_path, net, axis=0, positions=3, between=between, domain=domain, relation="<=")
    assert "all levels" in found["note"]

    def betti(t: Fraction) -> str:
        own = net.restrict([t] + [0] * (d - 1), [[int(i == j) for j in range(d)] for i in range(1, d)])
        values = pr.betti_numbers(own, "<=", 0, domain and domain[1:])
        return f"β = ({', '.join(map(str, values))})"

    levels = dict(found["marks"])
    rng = random.Random(seed)
    for _ in range(60):
        t = between[0] + (between[1] - between[0]) * Fraction(rng.randrange(1, 10**6), 10**6)
        place = float((t - between[0]) / (between[1] - between[0]))
        (text,) = {text for a, b, text in found["runs"] if a <= place <= b}
        assert betti(t) == text
    for place, text in levels.items():
        around = [text for a, b, text in found["runs"] if place in (a, b)]
        here = text.split(": ")[1]
        assert len(around) in (1, 2) and {here, *around} != {here}
    assert found["runs"][0][0] == 0 and found["runs"][-1][1] == 1


def test_large_spaces_have_changes_between_positions_only(tmp_path, monkeypatch):
    monkeypatch.setattr(slider, "SPACE_CELLS", 10)
    found = shown(tmp_path, RING, axis=3, positions=[-3, -1, 0, 1, 3])
    assert not found["marks"] and "at the positions" in found["note"]
    assert [run[0] for run in found["runs"]] == pytest.approx([0, 1 / 6, 5 / 12, 7 / 12, 5 / 6], abs=1e-5)
    assert [run[2][-9:] for run in found["runs"]] == ["(0, 0, 0)", "(1, 1, 0)", "(2, 2, 0)", "(1, 1, 0)", "(0, 0, 0)"]
    with pytest.raises(InputError, match="between=") as error:
        pr.plot_slices(RING, axis=3)
    assert "10 cells" in str(error.value)
    monkeypatch.setattr(slider, "MOST_BYTES", 20_000)
    with pytest.raises(LimitError, match="fewer positions"):
        pr.plot_slices(RING, axis=3, positions=[-3, -1, 0, 1, 3])


def test_ends_of_the_default_range(tmp_path):
    """Slices at the ends without interior in the domain are left out: at the corner of a simplex, not at sides."""
    net = pr.from_expression("1/4 - x - y - z", ["x", "y", "z"])
    box = shown(tmp_path, net, axis="z", positions=3, feature_names=["x", "y", "z"], domain=[(0, 1)] * 3)
    assert box["values"] == ["0", "1/4", "1/2", "1"] and box["name"] == "z"
    simplex = pr.Domain.hull([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    assert shown(tmp_path, net, axis=2, positions=3, domain=simplex)["values"] == ["0", "1/4", "1/2"]
    with pytest.raises(DomainError):
        pr.plot_slices(net, axis=2, positions=[0, 1], domain=simplex)


def test_given_slices_and_classes(tmp_path):
    net = random_float32((6, 4, 3))
    parts = [pr.Slice([[k] + [0] * 5, [k, 1] + [0] * 4, [k, 0, 1] + [0] * 3]) for k in range(3)]
    names = ["ant", "bee", "cat"]
    found = shown(tmp_path, net, slices=parts, positions=["1/2", 1, 4], class_names=names, feature_names=["s", "t"])
    assert found["values"] == ["1/2", "1", "4"] and found["positions"] == [0, 0.142857, 1]
    assert all(name in found["runs"][0][2] for name in names)
    assert found["slices"][0]["layout"]["xaxis"]["title"]["text"] == "s"


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({}, "either axis or slices"),
        ({"axis": 4}, "0 to 3, got 4"),
        ({"axis": "w"}, "0 to 3, got 'w'"),
        ({"axis": True}, "got True"),
        ({"axis": 0, "at": {0: 1}}, "is the axis"),
        ({"axis": 0, "at": [1]}, "mapping"),
        ({"axis": 0, "at": {1: 0, 2: 0, 3: 0}}, "0 would be left"),
        ({"axis": 0, "positions": 1}, "2 to 200"),
        ({"axis": 0, "positions": [1, 0]}, "increasing"),
        ({"axis": 0, "positions": [0, 1], "between": (0, 1)}, "between"),
        ({"axis": 0, "between": (1, 0)}, "the lower one first"),
        ({"axis": 0, "color": "class"}, "classes need"),
        ({"axis": 0, "slices": []}, "either axis or slices"),
        ({"slices": []}, "2 to 200"),
        ({"slices": [pr.Slice([[0], [1]])] * 2}, "lies in R"),
        ({"slices": [pr.Slice([[0] * 4, [1] * 4])] * 2, "positions": 2}, "one for each slice"),
        ({"slices": [pr.Slice([[0] * 4, [1] * 4])] * 2, "at": {1: 1}}, "go with axis"),
    ],
)
def test_mistakes_about_slices(choices, message):
    with pytest.raises(InputError, match=message):
        pr.plot_slices(RING, **choices)


def test_what_is_no_network_is_named():
    with pytest.raises(InputError, match="plot_slices: expected a Network"):
        pr.plot_slices(3, axis=0)
