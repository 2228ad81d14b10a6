"""Pictures of persistent homology say what the bars are, infinite ends included."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.plotting.bars import KINDS
from support.known_answers import random_float32
from support.plots import annulus

pytest.importorskip("matplotlib")


def segments(axes: Any) -> list[list[float]]:
    return [[x for x, _ in line] for lines in axes.collections for line in lines.get_segments()]


def arrows(axes: Any, marker: str) -> list[float]:
    return [y for line in axes.lines if line.get_marker() == marker for y in line.get_ydata()]


@pytest.mark.parametrize("superlevel", [False, True])
def test_barcode(superlevel: bool) -> None:
    found = pr.persistence(annulus(), superlevel=superlevel)
    axes = pr.plot_persistence(found).axes[0]
    low, high = axes.get_xlim()
    assert low < -1 and high > 1
    if superlevel:
        assert segments(axes) == [[1, low], [1, -1]]
        assert (arrows(axes, "<"), arrows(axes, ">")) == ([0], [])
    else:
        assert segments(axes) == [[low, high], [-1, 1], [low, 1]]
        assert (len(arrows(axes, "<")), len(arrows(axes, ">"))) == (2, 1)
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [f"$H_{{{k}}}$: {len(found.bars(k))}" for k in range(2)]


def test_diagram() -> None:
    found = pr.persistence(annulus())
    axes = pr.plot_persistence(found, kind="diagram").axes[0]
    _, *lines = axes.lines
    dashed = [line for line in lines if line.get_linestyle() == "--"]
    (before,), (after,) = set(dashed[0].get_xdata()), set(dashed[1].get_ydata())
    assert before < -1 and after > 1 and len(dashed) == 2
    points = {line.get_label(): line.get_xydata().tolist() for line in lines if line not in dashed}
    assert points == {"$H_{0}$: 2": [[before, after], [-1, 1]], "$H_{1}$: 1": [[before, 1]]}
    assert {text.get_text() for text in axes.texts} == {"−∞", "∞"}
    shells = pr.persistence(pr.shells((2, 4, 4, 2, 1), [2]), superlevel=True)
    texts = {text.get_text() for text in pr.plot_persistence(shells, kind="diagram").axes[0].texts}
    assert " + ".join(str(sum(None not in bar for bar in shells.bars(k))) for k in range(2)) in texts


@pytest.mark.parametrize("superlevel", [False, True])
def test_curves_are_betti_numbers(superlevel: bool) -> None:
    net = random_float32((2, 8, 8, 1), 2)
    found = pr.persistence(net, superlevel=superlevel)
    axes = pr.plot_persistence(found, kind="betti").axes[0]
    for k, curve in enumerate(axes.patches):
        values, edges, _ = curve.get_data()
        assert edges[1:-1].tolist() == [float(t) for t in found.critical_levels]
        assert values.tolist() == [found.betti((a + b) / 2)[k] for a, b in pairwise(edges)]
    assert np.array_equal(found.betti_between()[0], found.betti(found.critical_levels[0] - 1))


def test_own_axes_and_files(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure()
    pictures = figure.subplots(1, 3)
    found = pr.persistence(pr.Network([[[0]]], [["1/3"]]))
    for kind, axes in zip(KINDS, pictures, strict=True):
        assert pr.plot_persistence(found, kind=kind, ax=axes, title="costs $5") is figure
        assert axes.get_title() == r"costs \$5"
    whole = pr.persistence(pr.Network([[[1]]], [[0]]))  # one bar, from -∞ to ∞
    for kind in KINDS:
        pr.plot_persistence(whole, tmp_path / f"{kind}.svg", kind=kind)
        assert (tmp_path / f"{kind}.svg").stat().st_size > 1000


def test_mistakes() -> None:
    found = pr.persistence(annulus())
    with pytest.raises(pr.InputError, match="what persistence returns"):
        pr.plot_persistence(annulus())
    with pytest.raises(pr.InputError, match="kind: expected one of barcode, diagram, betti"):
        pr.plot_persistence(found, kind="bars")
    with pytest.raises(pr.InputError, match="ax: expected axes"):
        pr.plot_persistence(found, ax="left")
    huge = pr.persistence(pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [10**400]]))
    with pytest.raises(pr.InputError, match="too large to be drawn"):
        pr.plot_persistence(huge)
