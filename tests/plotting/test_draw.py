"""Pictures as files, and the mistakes of who asks for them."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.analysis.separation import separation
from polyrelu.errors import FileError, InputError, MissingDependencyError, RegionError
from polyrelu.network.network import Network
from polyrelu.plotting import plot_separation
from polyrelu.plotting.scene import make_scene
from polyrelu.plotting.surface import level_surface
from support.known_answers import random_float32
from support.missing import hide
from support.plots import HOLLOW, OCTAHEDRON, PUNCTURED, ROWS, SHELL, annulus, l1_norm
from support.strategies import seeded_network


@pytest.mark.parametrize("color", ["sign", "pattern", "map"])
def test_one_sheet_is_opaque_in_all_colours(color):
    one = level_surface(make_scene(OCTAHEDRON, {}, color=color))
    several = level_surface(make_scene(SHELL, {}, color=color))
    assert one.opacity > 0.8 and several.opacity < 0.5


def test_levels_beyond_doubles():
    pytest.importorskip("matplotlib")
    assert "{F > 1e+400}" in pr.plot(l1_norm(1), level=10**400, window=(-1, 1)).get_suptitle()
    assert "{F > -1.23457e-400}" in make_scene(l1_norm(2), {}, level=Fraction(-1234567, 10**406)).title
    assert "{F > 3.33333e-12}" in make_scene(l1_norm(2), {}, level=Fraction(1, 3 * 10**11)).title


@pytest.mark.parametrize("d", [2, 3])
@pytest.mark.parametrize("power", [310, 450])
def test_what_is_too_small_for_doubles(d, power):
    tiny = Network([[[x * 10**power for x in row[:d]] for row in ROWS[: 2 * d]], [[-1] * 2 * d]], [[0] * 2 * d, [1]])
    with pytest.raises(InputError, match="too close together"):
        make_scene(tiny, {})
    with pytest.raises(InputError, match="too close together"):
        make_scene(l1_norm(d), {}, domain=[(0, Fraction(1, 10**power))] * d)
    with pytest.raises(InputError, match="window: expected bounds below"):
        make_scene(tiny, {}, window=(0, Fraction(1, 10**power)))
    assert make_scene(tiny, {}, window=(-1, 1)).box.shape == (d, 2)


def test_flat_windows():
    pytest.importorskip("matplotlib")
    flat = [(0, 10), (0, 1)]
    axes = pr.plot(annulus(), window=flat).axes[0]
    assert axes.get_aspect() == pytest.approx(2) and 2 <= len(axes.get_yticks()) <= 4
    assert pr.plot(annulus(), window=[(0, 4), (0, 1)]).axes[0].get_aspect() == 1
    assert make_scene(annulus(), {}, window=flat).shape.tolist() == [1, 0.2]
    for figure in (pr.plot(annulus(), window=flat, graph=True), pr.plot(OCTAHEDRON, window=[*flat, (0, 10)])):
        axes = figure.axes[0]
        x, y, z = axes._box_aspect
        assert y / x == pytest.approx(0.2) and z / x in (pytest.approx(0.6), pytest.approx(1))
        assert sum(0 <= tick <= 1 for tick in axes.get_yticks()) <= 3


def test_all_kinds_of_pictures(tmp_path):
    pytest.importorskip("matplotlib")
    region = pr.subdivide(annulus(), 0).region(">=")
    assert pr.homology(SHELL).betti == (1, 0, 1)
    pictures = {
        "line": (seeded_network(3, {1: [(5,)]}), {}),
        "line-map": (seeded_network(3, {1: [(5,)]}), {"color": "map"}),
        "line-classes": (random_float32((1, 5, 3)), {}),
        "plane": (annulus(), {}),
        "plane-pattern": (annulus(), {"color": "pattern", "title": "annulus"}),
        "no-level": (pr.subdivide(annulus()), {}),
        "cycles": (region, {"cycles": pr.homology(region).cycles(0) + pr.homology(region).cycles(1)}),
        "graph": (annulus(), {"graph": True}),
        "classes": (random_float32((2, 5, 3)), {}),
        "space-cycles": (SHELL, {"cycles": pr.homology(SHELL).cycles(0) + pr.homology(SHELL).cycles(2)}),
        "space": (l1_norm(3, -1, 1), {}),
        "space-map": (l1_norm(3, -1, 1), {"color": "map"}),
        "space-no-level": (pr.subdivide(l1_norm(3)), {}),
        "empty": (Network([[[0, 0, 0]]], [[1]]), {}),
    }
    for name, (obj, choices) in pictures.items():
        figure = pr.plot(obj, tmp_path / f"{name}.png", **choices)
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        name = "cells (" if "coarse" in figure.get_suptitle() else "f-vector ("
        assert figure.axes and name in figure.get_suptitle()


def test_titles_and_graphs_have_the_room_they_need():
    pytest.importorskip("matplotlib")
    pictures = {
        "line": pr.plot(Network([[[1], [-1]], [[1, 0], [0, -10], [5, 10]]], [[0, 0], [1, 0, 2]])),
        "narrow": pr.plot(annulus(), domain=[(0, 1), (-3, 30)], relation="<=", level="12345/67890"),
        "large": pr.plot(l1_norm(2, 1, -(10**10))),
    }
    for name, figure in pictures.items():
        figure.draw_without_rendering()
        title = figure._suptitle.get_window_extent()
        axes = figure.axes[0]
        assert title.x0 >= 0 and title.x1 <= figure.bbox.x1 and title.y1 <= figure.bbox.y1, name
        assert axes.get_tightbbox().y1 < title.y0 + 1, name
        assert axes.get_position().height > 0.4, name


def test_sets_of_a_partition_are_drawn_as_the_partition_and_told_alone():
    pytest.importorskip("matplotlib")
    partition = pr.classify(random_float32((2, 5, 3)), [(-2, 2), (-2, 2)])
    whole = make_scene(partition, {})
    for part, name in (
        (partition.region(0), "class 0: β"),
        (partition.region(2, closed=True), "class 2 with ties: β"),
        (partition.boundary(), "decision boundary: β"),
    ):
        scene = make_scene(part, {}, cycles=pr.homology(part).cycles(0))
        assert scene.clipped.f_vector == whole.clipped.f_vector and scene.color == "class"
        last = scene.title.splitlines()[-1]
        assert last.endswith(f"{name} = {pr.homology(part).betti}") and scene.title.count("β") == 1
        assert pr.plot(part, window=(-1, 1)).axes


def test_files_are_well_formed_and_reproducible(tmp_path):
    pytest.importorskip("matplotlib")
    for suffix in (".png", ".svg", ".pdf"):
        paths = [tmp_path / f"{i}{suffix}" for i in range(2)]
        for path in paths:
            pr.plot(annulus(), path)
        first, second = (path.read_bytes() for path in paths)
        assert first == second
        if suffix == ".svg":
            root = ElementTree.fromstring(first)
            assert root.tag == "{http://www.w3.org/2000/svg}svg" and len(list(root.iter())) > 20
        if suffix == ".pdf":
            assert first.startswith(b"%PDF") and first.rstrip().endswith(b"%%EOF")


def test_the_drawn_regions_cover_the_picture(tmp_path):
    """No seams: inside the axes no pixel is lighter than the lightest colour."""
    pytest.importorskip("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = pr.plot(annulus(), color="pattern")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    box = figure.axes[0].get_window_extent()
    height = pixels.shape[0]
    inside = pixels[height - int(box.y1) + 3 : height - int(box.y0) - 3, int(box.x0) + 3 : int(box.x1) - 3]
    assert inside.size and (inside.min(axis=2) < 250).all()


def test_numbers_of_neurons_are_whole(tmp_path):
    pytest.importorskip("matplotlib")
    figures = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("polyrelu.plotting.separation.save_figure", lambda figure, _: figures.append(figure))
        plot_separation(separation(2, 4), tmp_path / "figure.png")
    assert figures[0].axes[0].get_xticks().tolist() == [1, 2, 3, 4]


class Uneven:
    """Not a cycle: its simplices have a point too many, though the number of coordinates is that of segments."""

    degree = 1

    def pieces(self):
        return [(((0, 0), (1, 0), (0, 1)), 1)] * 2


@pytest.mark.parametrize(
    ("obj", "choices", "message"),
    [
        (random_float32((4, 3, 1)), {}, "slice"),
        (random_float32((4, 3, 3)), {}, "slice"),
        ("net.json", {}, "expected a Network"),
        (annulus(), {"color": "red"}, "color"),
        (annulus(), {"color": "class"}, "several outputs"),
        (annulus(), {"color": ["sign"]}, "color"),
        (pr.subdivide(annulus()), {"color": "sign"}, "level"),
        (pr.subdivide(annulus()), {"relation": ">"}, "level"),
        (pr.subdivide(annulus()), {"level": 0}, "Network only"),
        (pr.subdivide(annulus(), 0), {"domain": [(0, 1), (0, 1)]}, "Network only"),
        (pr.subdivide(annulus(), 0).region("<"), {"relation": ">"}, "relation"),
        (l1_norm(3), {"graph": True}, "graph"),
        (random_float32((2, 3, 2)), {"graph": True}, "graph"),
        (pr.classify(random_float32((2, 3, 2))), {"color": "map"}, "Partition"),
        (pr.classify(random_float32((2, 3, 2))).region(0), {"relation": ">"}, "choose an output"),
        (random_float32((2, 3, 2)), {"relation": ">"}, "choose an output"),
        (annulus(), {"cycles": [1]}, "cycles"),
        (annulus(), {"cycles": None}, "cycles: expected a list"),
        (annulus(), {"cycles": pr.homology(HOLLOW).cycles(2)}, "cycles: .* region of R.2, got one of R.3"),
        (OCTAHEDRON, {"cycles": pr.homology(PUNCTURED).cycles(1)}, "cycles: .* region of R.3, got one of R.2"),
        (annulus(), {"cycles": [Uneven()]}, "cycles: a simplex of degree 1 has 2 points, got one of 3"),
        (annulus(), {"title": 3}, "title: expected a string"),
        (l1_norm(1, 10**150), {"window": (0, 1)}, "graph"),
    ],
    ids=lambda x: repr(x)[:40],
)
def test_mistakes(obj, choices, message):
    pytest.importorskip("matplotlib")
    with pytest.raises(InputError, match=message):
        pr.plot(obj, **choices)


def test_unknown_relation():
    with pytest.raises(RegionError):
        pr.plot(annulus(), relation="!=")


def test_paths_that_cannot_be_written(tmp_path):
    pytest.importorskip("matplotlib")
    for name in ("figure", "figure.gif", "figure.html", "no/figure.png"):
        with pytest.raises(FileError, match="figure"):
            pr.plot(annulus(), tmp_path / name)
    for path in (3, "", "figure\0.png"):
        with pytest.raises(FileError):
            pr.plot(annulus(), path)  # type: ignore[arg-type]
        with pytest.raises(FileError):
            pr.plot_html(annulus(), path)  # type: ignore[arg-type]


def test_titles_are_plain_text(tmp_path):
    pytest.importorskip("matplotlib")
    assert pr.plot(annulus(), tmp_path / "figure.png", title=r"$\no$ such <formula>").get_suptitle().startswith("$")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    def stopped(self, path, **_):
        Path(path).write_bytes(b"half")
        raise KeyboardInterrupt

    path = tmp_path / "figure.png"
    path.write_bytes(b"before")
    monkeypatch.setattr(Figure, "savefig", stopped)
    with pytest.raises(KeyboardInterrupt):
        pr.plot(annulus(), path)
    assert path.read_bytes() == b"before" and list(tmp_path.iterdir()) == [path]


def test_without_matplotlib(monkeypatch):
    hide(monkeypatch, "matplotlib")
    with pytest.raises(MissingDependencyError, match=r"polyrelu\[plot\]") as caught:
        pr.plot(annulus())
    assert caught.value.extra == "plot"


def test_pictures_are_imported_when_needed():
    assert callable(pr.plot) and callable(pr.plot_html)
    with pytest.raises(AttributeError, match="plott"):
        pr.plott  # type: ignore[attr-defined]  # noqa: B018
