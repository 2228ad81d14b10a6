"""Data over regions, names, colours, axes of others, grids, and windows whose sides have different units."""

from __future__ import annotations

import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.errors import InputError
from polyrelu.network.network import Network
from polyrelu.plotting.html import page_figure
from polyrelu.plotting.scene import make_scene
from polyrelu.plotting.surface import level_surface
from support.known_answers import random_float32
from support.plots import OCTAHEDRON, annulus, l1_norm

pytest.importorskip("matplotlib")
POINTS = [[0.5, 0.5], [2, 0], [1, -1], [-9, 8]]


def texts(legend: Any) -> list[str]:
    return [text.get_text() for text in legend.get_texts()]


def test_points_have_the_colours_of_their_classes_and_widen_the_window():
    scene = make_scene(annulus(), {}, points=POINTS, labels=["in", "out", "out", "in"], class_names=["in", "out"])
    assert [group.name for group in scene.groups] == ["in", "out"]
    assert scene.groups[0].points.tolist() == [[0.5, 0.5], [-9, 8]] and len(scene.groups[1].points) == 2
    assert scene.colouring.names is not None and "out: F > 0" in scene.colouring.names
    assert all(low < x < high for p in POINTS for x, (low, high) in zip(p, scene.window, strict=True))
    small = make_scene(annulus(), {}, points=POINTS, window=(-3, 3))
    assert [group.points.tolist() for group in small.groups] == [POINTS[:3]]
    for labels in ([0, 1, 1, 0], [-1, 1, 1, -1], np.array([False, True, True, False])):
        same = make_scene(annulus(), {}, points=np.array(POINTS), labels=labels)
        assert [g.colour for g in same.groups] == [g.colour for g in scene.groups]
    other = make_scene(annulus(), {}, points=POINTS, labels=["b", 3, "a", "b"])
    assert [g.name for g in other.groups] == ["label 3", "a", "b"]
    lone = make_scene(annulus(), {}, points=POINTS[:1], labels=[1])  # one label: still the one of F > 0
    assert lone.groups[0].colour == scene.groups[1].colour and lone.groups[0].name == "label 1"


def test_points_on_the_graph_have_its_height():
    scene = make_scene(annulus(), {}, points=POINTS, graph=True)
    assert scene.groups[0].points.tolist() == [[*p, float(annulus()(p))] for p in POINTS]


def test_a_far_boundary_does_not_hide_the_data():
    far = Network([[[1, 0], [0, 1], [1, 0]], [[1, 1, 1]]], [[0, 0, -(10**6)], [-1]])
    near = make_scene(far, {}, points=[[0, 0], [1, 1], [2, 1]]).box
    assert np.ptp(near, axis=1).max() < 10


def test_tables_name_the_inputs():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(POINTS, columns=["width", "$h$"])
    axes = pr.plot(annulus(), points=table, labels=pandas.Series([0, 1, 1, 0])).axes[0]
    assert axes.get_xlabel() == "width" and axes.get_ylabel() == r"\$h\$"
    assert pr.plot(annulus(), points=table, feature_names=["a", "b"]).axes[0].get_xlabel() == "a"


def test_the_legend_names_classes_with_their_data():
    net = random_float32((2, 5, 3))
    figure = pr.plot(net, points=POINTS, labels=[0, 1, 2, 0], class_names=["ant", "bee", "$c"], palette={"bee": "#fff"})
    names = texts(figure.legends[0])
    assert len(names) == len(set(names)) and {"ant", "bee", r"\$c"} <= set(names)
    assert make_scene(net, {}, palette={"tie": "#000"}).colouring.colours[-1] == "#000000"
    assert "ant: β" in make_scene(net, {}, class_names=["ant", "bee", "cow"]).title
    assert not pr.plot(net, legend=False).legends


def test_labels_below_a_picture_do_not_lie_on_its_legend():
    """Not after one drawing either, with a legend of two lines below a low window."""
    data = {"points": POINTS, "labels": [0, 1, 1, 0], "class_names": ["a", "b"]}
    figure = pr.plot(annulus(), window=[(0, 8), (0, 3)], **data, feature_names=["petal length", "petal width"])
    figure.canvas.draw()
    label, (legend,) = figure.axes[0].xaxis.label, figure.legends
    assert label.get_window_extent().y0 > legend.get_window_extent().y1


def test_palettes():
    assert make_scene(annulus(), {}, palette=["red", "#00f"]).colouring.colours == ["#0000FF", "#D55E00", "#FF0000"]
    assert make_scene(annulus(), {}, palette={"=": "#123456"}).colouring.colours[1] == "#123456"
    drawn = make_scene(annulus(), {}, color="pattern", palette="tab10").colouring
    assert drawn.colours[0] == "#1F77B4" and len(set(drawn.colours)) == len(drawn.colours)
    assert len(set(make_scene(random_float32((2, 5, 3)), {}, palette="viridis").colouring.colours)) == 4


@pytest.mark.parametrize(("net", "kind"), [(annulus(), None), (l1_norm(1), None), (OCTAHEDRON, "3d")])
def test_pictures_in_other_figures(net, kind, tmp_path):
    from matplotlib.figure import Figure

    figure = Figure()
    axes = [figure.add_subplot(1, 2, i, projection=kind) for i in (1, 2)]
    assert pr.plot(net, tmp_path / "both.png", ax=axes[1], title="$here") is figure
    assert axes[1].get_title().startswith("$here\n{F > 0}: β") and axes[1].get_legend() and not axes[0].get_title()
    assert not figure.legends and figure.get_suptitle() == ""
    wrong = figure.add_subplot(projection=None if kind else "3d")
    with pytest.raises(InputError, match="ax: expected"):
        pr.plot(net, ax=wrong)


def test_a_grid_has_one_window_and_one_legend(tmp_path):
    nets = [annulus(), annulus().followed_by(Network([[[2]]], [[-3]])), l1_norm(2, 5)]
    figure = pr.plot_grid(nets, tmp_path / "grid.png", titles=list("abc"), columns=2, points=POINTS)
    assert len(figure.axes) == 3 and len(figure.legends) == 1 and texts(figure.legends[0]).count("data") == 1
    assert [axes.get_title()[0] for axes in figure.axes] == ["a", "b", "c"]
    for axes in figure.axes:
        assert axes.get_xlim() == figure.axes[0].get_xlim() and axes.get_xlim()[0] < -9
        assert figure.axes[0].get_shared_x_axes().joined(axes, figure.axes[0])
    for wrong in ([], [annulus(), OCTAHEDRON], annulus()):
        with pytest.raises(InputError, match="plot_grid"):
            pr.plot_grid(wrong)  # type: ignore[arg-type]


def thin(width: int, d: int = 2) -> Network:
    """1 − |x| − |y / width|: positive in a rhombus 2 × 2·width."""
    length = [1, Fraction(1, width), 1]
    rows = [[s * (i == j) * length[j] for j in range(d)] for i in range(d) for s in (1, -1)]
    return Network([rows, [[-1] * 2 * d]], [[0] * 2 * d, [1]])


@pytest.mark.parametrize("d", [2, 3])
def test_regions_of_any_scale_are_seen(d):
    scene = make_scene(thin(1000, d), {})
    sides = np.ptp(scene.box, axis=1)
    assert scene.is_uneven and sides[0] < 3 and 2000 < sides[1] < 3000 and np.allclose(scene.shape, 1)
    equal = make_scene(thin(1000, d), {}, aspect="equal")
    assert len(set(equal.scale)) == 1 and not equal.is_uneven
    even = make_scene(thin(4, d), {})
    assert len(set(even.scale)) == 1 and np.ptp(even.box, axis=1)[0] > 3
    assert np.allclose(make_scene(thin(4, d), {}, aspect="free").shape, 1)
    page = page_figure(scene).layout
    assert d == 3 or page.yaxis.scaleratio == pytest.approx(sides[0] / sides[1])


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"labels": [1]}, "labels: there are no points"),
        ({"points": [[1, 2, 3]]}, "points: expected points of R.2"),
        ({"points": [[1, float("nan")]]}, "points"),
        ({"points": [[1, 10**120]]}, "points: coordinates"),
        ({"points": POINTS, "labels": [1]}, "labels: expected 4"),
        ({"points": POINTS, "labels": [1, 0, None, 1]}, "labels, entry 3"),
        ({"points": POINTS, "labels": [0, 1, 2, 0], "class_names": ["a", "b"]}, "numbers of classes, 0 to 1"),
        ({"feature_names": ["x"]}, "feature_names: expected 2"),
        ({"class_names": ["a", "a"]}, "the same"),
        ({"palette": "no such map"}, "palette"),
        ({"palette": ["red"]}, "palette: expected 2 colours"),
        ({"palette": {"<": "no such colour"}}, "palette: expected a colour"),
        ({"palette": {3: "red"}}, "palette: expected colours of '<'"),
        ({"color": "map", "palette": {0: "red"}}, "palette"),
        ({"aspect": 2}, "aspect: expected one of"),
        ({"ax": 3}, "ax: expected axes"),
    ],
    ids=str,
)  # fmt: skip
def test_wrong_choices(choices, message):
    with pytest.raises(InputError, match=message):
        pr.plot(annulus(), **choices)


def test_unknown_keywords_are_named_by_the_function_that_was_called(tmp_path):
    for name, call in {
        "plot": lambda **k: pr.plot(annulus(), **k),
        "plot_grid": lambda **k: pr.plot_grid([annulus()], **k),
        "plot_html": lambda **k: pr.plot_html(annulus(), tmp_path / "a.html", **k),
        "plot_layers": lambda **k: pr.plot_layers(annulus(), **k),
        "plot_slices": lambda **k: pr.plot_slices(annulus(), axis=0, **k),
    }.items():
        with pytest.raises(TypeError, match=rf"^{name}\(\) got an unexpected keyword argument 'colour'$"):
            call(colour="sign")


def test_pages_have_data_and_names():
    figure = page_figure(
        make_scene(annulus(), {}, points=POINTS, labels=[1, 0, 0, 1], class_names=["<b>", "x & y"],
                   feature_names=["a<i>b", "c"])
    )  # fmt: skip
    found = {trace.name: trace for trace in figure.data}
    assert found["&lt;b>"].x.tolist() == [2, 1] and "x &amp; y: F > 0" in found
    assert figure.layout.xaxis.title.text == "a&lt;i>b"


def test_faces_in_space_tell_the_classes_on_their_sides():
    """The outputs are 0, 1 − |x|_1 and x − 3: the faces lie where two of them are equal and the third is less."""
    rows = [[s * (i == j) for j in range(3)] for i in range(3) for s in (1, -1)]
    net = Network([rows, [[0] * 6, [-1] * 6, [1, -1, 0, 0, 0, 0]]], [[0] * 6, [0, 1, -3]])
    names = ["none", "<ball>", "far"]
    scene = make_scene(net, {}, class_names=names, window=(-5, 5))
    surface = level_surface(scene)
    assert surface.names == ["none | <ball>", "none | far"] and surface.pairs == [(0, 1), (0, 2)]
    figure = page_figure(scene)
    found = {trace.name: trace for trace in figure.data if trace.type == "mesh3d"}
    ball, far = found["none | &lt;ball>"], found["none | far"]
    corners = np.column_stack([ball.x, ball.y, ball.z])
    assert np.allclose(np.abs(corners).sum(axis=1), 1) and np.allclose(far.x, 3)
    assert {trace.legendgroup for trace in figure.data} == set(found)  # edges are switched with their faces
    (menu,) = figure.layout.updatemenus
    shown = {button.label: button.args[0]["visible"] for button in menu.buttons}
    assert shown["boundary of far"] == [False, False, True, True] and all(shown["boundary of none"])
    legend = texts(pr.plot(net, class_names=names, window=(-5, 5)).legends[0])
    assert legend[:2] == surface.names
    mixed = level_surface(make_scene(net, {}, window=(-5, 5), palette=["#000000", "#FFFFFF", "#0000FE"]))
    assert mixed.colours == ["#808080", "#00007F"]


def test_figures_show_themselves():
    assert pr.plot(l1_norm(1))._repr_png_().startswith(b"\x89PNG")


def test_grids_of_graphs_have_one_range_of_heights_and_room(tmp_path):
    """An empty line at the corner of the figure once took all room, and the last picture chose the heights of all."""
    matplotlib = pytest.importorskip("matplotlib")
    nets = [pr.from_expression(text, ["x"]) for text in ("-1 - |x|", "|x| - 1", "9 - 2*|x|")]
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = pr.plot_grid(nets, tmp_path / "grid.png", window=(-4, 4), columns=2)
    graphs = figure.axes
    ((low, high),) = {axes.get_ylim() for axes in graphs}
    assert low < -5 and high > 9
    assert all(axes.get_position().height > 0.2 for axes in graphs)
    for axes in graphs:
        (bar,) = axes.child_axes
        above, below = axes.get_window_extent(), axes.xaxis.get_tightbbox()
        assert above.y0 > bar.get_window_extent().y1 > bar.get_window_extent().y0 > below.y1 - 1
    solid = pr.plot_grid([pr.from_expression(f"{n} - |x| - |y|", ["x", "y"]) for n in (1, 5)], graph=True)
    assert len({axes.get_zlim() for axes in solid.axes}) == 1
