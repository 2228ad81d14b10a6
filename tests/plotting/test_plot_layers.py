"""Strips of pictures: what they show, where, and what they say about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyrelu as pr
import polyrelu.cli
from support.plots import annulus, l1_norm

pytest.importorskip("matplotlib")

FOLD = pr.Network([[[1], [-1]], [[1, 1]], [[1]]], [[0, 0], [-1], [-1]])  # F(x) = ReLU(|x| − 1) − 1


def polygons(panel: Any) -> list[np.ndarray]:
    return [path.vertices[:-1] for path in panel.collections[0].get_paths()]


def area(corners: np.ndarray) -> float:
    x, y = corners.T
    return abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1))) / 2


def texts(panel: Any) -> list[str]:
    return [panel.get_title(), *(text.get_text() for text in panel.texts)]


def test_what_is_said_and_drawn() -> None:
    figure = pr.plot_layers(annulus(), relation=">=")  # two squares around the origin, {1 ≤ |x| + |y| ≤ 3}
    first, second, third = figure.axes
    assert texts(first) == ["X ⊂ R²", "β = (1, 1)"] and first.get_xlabel() == "coordinate 1"
    assert texts(second) == ["φ₁(X) ⊂ R⁴, projected", "β = (1, 1)"]
    assert second.get_xlabel().startswith("1st principal component, ") and second.get_xlabel().endswith("%")
    assert texts(third) == ["φ₂(X) ⊂ R²", "β = (1, 0)"]
    assert sum(map(area, polygons(first))) == pytest.approx(18 - 2)
    assert 0 < sum(map(area, polygons(second))) <= 16  # the first layer is an isometry on each quadrant
    assert not polygons(third) and len(third.collections[1].get_segments()) == 2
    assert figure.get_suptitle() == "A region after each hidden layer,  2-4-2-1"


def test_colours_follow_components() -> None:
    first, second, third = (
        {tuple(colour) for colour in panel.collections[1].get_colors()}
        for panel in pr.plot_layers(FOLD, relation=">=").axes
    )
    assert len(first) == len(second) == 2 and len(third) == 1 and third < first


def test_unbounded_cells_reach_the_margin() -> None:
    panel = pr.plot_layers(l1_norm(2), relation=">=", level=1).axes[0]  # outside of a square
    window = np.array([panel.get_xlim(), panel.get_ylim()])
    corners = np.concatenate(polygons(panel))
    assert (corners.min(axis=0) < window[:, 0]).all() and (corners.max(axis=0) > window[:, 1]).all()
    assert (window[:, 0] < -1).all() and (window[:, 1] > 1).all()


def test_solids_points_and_nothing() -> None:
    for net in (l1_norm(3, -1, 1), pr.Network([[[0, 0, 0]], [[1]]], [[-1], [0]])):  # an octahedron; R³ to a point
        solid, _ = pr.plot_layers(net, relation=">=").axes
        assert solid.name == "3d"
    point = pr.plot_layers(l1_norm(2), relation="<=").axes[0]
    assert [line.get_xydata().tolist() for line in point.lines] == [[[0, 0]]]
    empty = pr.plot_layers(l1_norm(2), relation="<=", level=-1).axes
    assert [texts(panel)[0] for panel in empty] == ["X is empty", "φ₁(X) is empty"]


def test_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net = tmp_path / "net.json"
    pr.save(FOLD, net)
    picture = tmp_path / "x.svg"
    assert polyrelu.cli.main(["plot", str(net), "-o", str(picture), "--layers", "--box", "-5,5"]) == 0
    assert picture.stat().st_size > 1000
    capsys.readouterr()
    for arguments in (["--layers", "--graph"], ["--layers", "--relation", ">"], ["--layers", "--window", "0,1"]):
        assert polyrelu.cli.main(["plot", str(net), "-o", str(tmp_path / "y.png"), *arguments]) == 2
        out, err = capsys.readouterr()
        assert not out and err.count("\n") == 1 and "layers" in err
    assert polyrelu.cli.main(["plot", str(net), "-o", str(tmp_path / "y.html"), "--layers"]) == 2


def test_arguments() -> None:
    with pytest.raises(pr.InputError, match="dimension 4"):
        pr.plot_layers(l1_norm(4))
    with pytest.raises(pr.InputError, match="closed"):
        pr.plot_layers(pr.subdivide(FOLD, 0).region(">"))
    with pytest.raises(pr.FileError):
        pr.plot_layers(FOLD, "x.gif")
