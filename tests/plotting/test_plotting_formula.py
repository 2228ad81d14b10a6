"""Pictures of regions of formulas: filled where the formula holds, with the boundary of the set."""

from __future__ import annotations

import html
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.errors import InputError
from polyrelu.plotting.palette import SIGN_COLOURS
from polyrelu.plotting.scene import make_scene
from polyrelu.plotting.subject import frontier
from support.plots import figure_of
from support.strategies import examples, networks

NORM = pr.Network([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 1, 1]]], [[0] * 4, [0]])  # |x| + |y|
TWO = NORM.followed_by(pr.Network([[[1], [-1]]], [[0, 3]]))  # F0 = |x| + |y|, F1 = 3 − F0
FORMULAS = [
    *("0 < F <= 1", "not F <= 1", "F = 0 or F = 2", "not F = 1"),
    *("F > 0 and F < 0", "F >= 0 or F < 0", "1 <= F < 2"),
]


@pytest.mark.parametrize("text", FORMULAS)
def test_regions_are_filled_where_the_formula_holds(text: str) -> None:
    pytest.importorskip("matplotlib")
    region = pr.refine(NORM, text).region()
    scene = make_scene(region, {})
    assert scene.color == "formula" and scene.network == NORM and "β = " in scene.title
    colouring = scene.colouring
    for i in range(scene.clipped.n_regions):
        inside = region.contains(scene.clipped.interior_point(2, i))
        assert colouring.colours[colouring.number[i]] == SIGN_COLOURS[1 if inside else -1]
    assert pr.plot(region) is not None


@given(networks(dims=(1, 2, 3)), st.sampled_from(FORMULAS))
@examples(20)
def test_the_boundary_of_a_set_is_where_cells_of_both_kinds_meet(net: pr.Network, text: str) -> None:
    """Against the definition: of each cell, the cells that have all its vertices."""
    region = pr.refine(net, text, [(-2, 2)] * net.input_dim).region()
    cx = region.complex
    cells = [(k, i) for k in range(net.input_dim + 1) for i in range(0, cx.n_cells(k), 1 + cx.n_cells(k) // 40)]
    rows = [cx.cells(k) for k in range(net.input_dim + 1)]
    spans = [[set(row.tolist()) for row in np.split(r.index, r.indptr[1:-1])] for r in rows]
    masks, found = [region.mask(k) for k in range(net.input_dim + 1)], frontier(region)
    for k, i in cells:
        star = {bool(m) for j in range(k, net.input_dim + 1) for s, m in zip(spans[j], masks[j], strict=True)
                if spans[k][i] <= s}  # fmt: skip
        assert found[k][i] == (len(star) == 2)


def test_walls_and_isolated_points() -> None:
    ring = make_scene(pr.refine(NORM, "0 < F <= 1").region(), {})
    edges = [ring.clipped.interior_point(1, i) for i in np.flatnonzero(ring.walls)]
    assert len(edges) == 4 and all(NORM(x) == 1 for x in edges)
    assert [ring.clipped.vertex(int(v)) for v in ring.thin(0)] == [(0, 0)]
    signed = [[s * (i == j) for j in range(3)] for i in range(3) for s in (1, -1)]
    solid = pr.Network([signed, [[1] * 6]], [[0] * 6, [0]])
    assert make_scene(pr.refine(solid, "0 < F <= 1").region(), {}).walls.sum() == 8


def test_what_does_not_go_together() -> None:
    region = pr.refine(TWO, "F0 > 1 and F1 > 1").region()
    assert make_scene(region, {}, window=(-2, 2)).formula is not None
    for color in ("map", "pattern"):
        assert make_scene(region, {}, color=color).color == color
    for choice in ({"color": "sign"}, {"color": "class"}, {"relation": ">"}, {"level": 0}, {"domain": [(0, 1)] * 2}):
        with pytest.raises(InputError, match=r"formula|Network only|level t"):
            make_scene(region, {}, **choice)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="'formula'"):
        make_scene(NORM, {}, color="formula")


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import polyrelu.cli

    pytest.importorskip("matplotlib")
    pr.save(TWO, tmp_path / "net.json")
    argv = ["plot", str(tmp_path / "net.json"), "-o", str(tmp_path / "out.svg")]
    assert polyrelu.cli.main([*argv, "--where", "1 < F0 < 2"]) == 0
    text = (tmp_path / "out.svg").read_text(encoding="utf-8")
    said = html.unescape("\n".join(re.findall(r"<!-- (.*?) -->", text, re.DOTALL)))
    assert "{1 < F0 < 2}: β = (1, 1)" in said and "boundary of the set" in said and "elsewhere" in said
    assert polyrelu.cli.main([*argv, "--where", "1 < F0 < 2", "--cycles"]) == 0
    capsys.readouterr()
    for more, says in ((["--where", "F7 > 0"], "F7"), (["--where", "F0 > 0", "--level", "1"], "takes the place")):
        assert polyrelu.cli.main([*argv, *more]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1 and says in err


def test_page(tmp_path: Path) -> None:
    pytest.importorskip("plotly")
    for net, name in ((NORM, "plane"), (pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]]), "line")):
        path = tmp_path / f"{name}.html"
        pr.plot_html(pr.refine(net, "1 <= F < 2").region(), path)
        assert "boundary of the set" in figure_of(path.read_text(encoding="utf-8"))
