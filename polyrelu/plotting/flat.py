"""Scenes of dimension 1 and 2 as figures of matplotlib."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from polyrelu.plotting import geometry
from polyrelu.plotting.data import Group
from polyrelu.plotting.geometry import Floats
from polyrelu.plotting.palette import CYCLE_COLOURS, GREY, INK, MARKERS, cycle_colour, darker, strokes, tints
from polyrelu.plotting.scene import Scene

MANY = 20_000
"""Maximum number of cells that .svg and .pdf files contain as paths; more are embedded as a picture."""
TICKS = 7
"""Maximum number of labels along the longer axis, approximately."""
NAMED = 12
"""Maximum number of outputs whose graphs are in the legend."""
BAR = (4, 20)
"""Where the bar of regions begins and ends below the graph, in points."""
DOTS = 150
"""Maximum number of breakpoints of a graph that are marked by dots."""


def draw_line(axes: Any, scene: Scene) -> list[Any]:
    """Draw the graph of F over an interval, its breakpoints, and below it the regions as a coloured bar.

    The entries of the legend.
    """
    bar = _bar_below(axes)
    cx, x = scene.clipped, scene.points[:, 0]
    order = np.argsort(x, kind="stable")
    on = scene.on_boundary(0)
    breaks = np.flatnonzero(~cx.on_boundary(0) & ~on)
    handles = area_handles(scene)
    for i, (values, colour) in enumerate(zip(scene.values.T, output_colours(scene), strict=True)):
        axes.plot(x[order], values[order], color=colour, lw=1.8, zorder=3, solid_joinstyle="round")
        if 1 < len(scene.values.T) <= NAMED:
            handles.append(_line(color=colour, lw=1.8, label=f"$F_{{{i}}}$"))
        if len(breaks) <= DOTS:
            axes.plot(x[breaks], values[breaks], "o", color=colour, ms=4, zorder=4)
    top = scene.values.max(axis=1)
    if scene.level is not None:
        axes.axhline(scene.level, color=GREY, lw=1, ls="--", zorder=2)
    if scene.has_boundary:
        for ends in geometry.edges(cx)[scene.on_boundary(1)]:
            axes.plot(x[ends], top[ends], color=scene.boundary_colour, lw=4, zorder=4, solid_capstyle="butt")
        points: dict[str, Any] = {"ls": "none", "marker": "o", "mfc": "white", "mec": INK, "mew": 1.6, "ms": 6.5}
        if scene.walls.any():
            axes.plot(x[scene.walls], top[scene.walls], zorder=5, clip_on=False, **points)
            handles.append(_line(label=scene.boundary_name, **points))
    _interval_bar(bar, scene, x)
    for i, (k, simplices) in enumerate(scene.cycles):
        if k == 0:
            axes.plot(simplices[:, 0, 0], [0.0] * len(simplices), "D", color=cycle_colour(i), ms=7, clip_on=False,
                      transform=axes.get_xaxis_transform(), zorder=6)  # fmt: skip
    for row, group in enumerate(scene.groups):  # a row for each label, above the bar
        axes.plot(group.points[:, 0], [0.02 + 0.035 * row] * len(group.points), transform=axes.get_xaxis_transform(),
                  clip_on=False, zorder=5, **point_style(scene, group, axes))  # fmt: skip
    axes.set_xlim(*scene.box[0])
    axes.set_ylim(*scene.heights)
    axes.set_ylabel("$F(x)$")
    axes.set_xlabel(axis_label(scene, 0, "$x$"))
    axes.tick_params(length=0)
    axes.tick_params(axis="x", pad=BAR[1] + 3)
    axes.grid(True, color="#E4E4E4", lw=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return handles


def _bar_below(axes: Any) -> Any:
    """Axes for a bar below others, between these and their labels, as high in small figures as in large ones."""
    from matplotlib.transforms import Affine2D, ScaledTranslation, blended_transform_factory

    figure = axes.get_figure(root=True)
    points = Affine2D().scale(1 / 72) + figure.dpi_scale_trans + ScaledTranslation(0, 0, axes.transAxes)
    place = blended_transform_factory(axes.transAxes, points)
    bar = axes.inset_axes((0, -BAR[1], 1, BAR[1] - BAR[0]), transform=place, sharex=axes)
    bar.set_in_layout(False)  # the labels below have the room
    bar.tick_params(bottom=False, labelbottom=False)
    return bar


def output_colours(scene: Scene) -> list[str]:
    """The colours of the graphs of the outputs: those of their classes, but darker; black for a single one."""
    n = scene.network.output_dim
    if n > 1 and scene.color == "class" and scene.colouring.is_chosen:
        return [darker(colour) for colour in scene.colouring.colours[:n]]
    return [INK] if n == 1 else strokes(n)


def _interval_bar(bar: Any, scene: Scene, x: Floats) -> None:
    from matplotlib.collections import PolyCollection

    colouring = scene.colouring
    ends = np.sort(x[geometry.edges(scene.clipped)], axis=1)
    boxes = [[(a, 0), (b, 0), (b, 1), (a, 1)] for a, b in ends]
    faces = [colouring.colours[c] for c in colouring.number]
    few = len(boxes) <= DOTS
    bar.add_collection(
        PolyCollection(boxes, facecolors=faces, edgecolors="white" if few else faces, linewidths=0.6 if few else 0)
    )
    bar.set_ylim(0, 1)
    bar.set_yticks([])


def draw_plane(axes: Any, scene: Scene, fills: bool = False) -> list[Any]:
    """Draw the complex in the plane: coloured regions, thin cells, the level set strong, and data over them.

    fills: whether an uneven window fills the axes. The entries of the legend.
    """
    _fill(axes, scene)
    _cells(axes, scene)
    _level_set(axes, scene)
    _cycles(axes, scene)
    for group in scene.groups:
        axes.plot(*group.points.T, zorder=6, **point_style(scene, group, axes))
    handles = area_handles(scene) + boundary_handles(scene, scene.walls.any())
    axes.set_aspect("auto" if fills and scene.is_uneven else scene.scale[1] / scene.scale[0])
    (x0, x1), (y0, y1) = scene.box
    pad_x, pad_y = 0.02 / scene.scale if scene.is_whole else (0.0, 0.0)
    axes.set_xlim(x0 - pad_x, x1 + pad_x)
    axes.set_ylim(y0 - pad_y, y1 + pad_y)
    limit_ticks((axes.xaxis, axes.yaxis), scene.shape, 2)
    axes.set_xlabel(axis_label(scene, 0, "$x_1$"))
    axes.set_ylabel(axis_label(scene, 1, "$x_2$"))
    axes.tick_params(length=3, color=GREY)
    for spine in axes.spines.values():
        spine.set_color("#BBBBBB")
        spine.set_linewidth(0.6)
    return handles


def plane_size(shape: Floats) -> tuple[float, float]:
    """The size of the figure, in inches, for a window of this shape."""
    width, height = 5.8 * shape
    return max(width, 4.6) + 0.9, height + 1.5


def axis_label(scene: Scene, i: int, default: str) -> str:
    """The label of an axis; names are plain text."""
    return scene.axis_name(i, default) if scene.feature_names is None else plain(scene.axis_name(i, default))


def plain(text: str) -> str:
    """A text in which nothing is read as a formula."""
    return text.replace("$", r"\$")


def point_style(scene: Scene, group: Group, axes: Any = None) -> dict[str, Any]:
    """How data points are drawn: smaller if there are many, or the axes are small."""
    n = sum(len(other.points) for other in scene.groups)
    size = float(np.clip(95 / np.sqrt(max(n, 1)), 2.5, 6.5))
    if axes is not None:
        inches = axes.get_window_extent().width / axes.get_figure(root=True).dpi
        size *= float(np.clip(inches / 5, 0.5, 1))
    return {"ls": "none", "marker": MARKERS[group.number % len(MARKERS)], "ms": size, "mfc": group.colour,
            "mec": "white", "mew": 0.12 * size}  # fmt: skip


def limit_ticks(axes: Iterable[Any], shape: Floats, least: int) -> None:
    """Reduce the labels along shorter axes so that they do not overlap, but not below a minimum of intervals."""
    for axis, length in zip(axes, shape, strict=True):
        axis.get_major_locator().set_params(nbins=max(least, round(TICKS * length)))


def _fill(axes: Any, scene: Scene) -> None:
    """Draw one outline for all regions of a colour, so that there are no seams between neighbours of one colour.

    A hairline of the same colour closes the seams to areas of other colours, which blend at their edges.
    """
    from matplotlib.patches import PathPatch

    cx, colour, colours = scene.clipped, scene.colouring.number, scene.colouring.colours
    many = len(colour) > MANY
    for c in np.unique(colour):
        loops = geometry.outline(cx, np.flatnonzero(colour == c), scene.points)
        patch = PathPatch(_path([scene.points[loop] for loop in loops]), facecolor=colours[c], edgecolor=colours[c],
                          lw=0.6, joinstyle="round", zorder=1, rasterized=many)  # fmt: skip
        axes.add_artist(patch)  # add_patch would compute its extent first, which takes longer than drawing it


def _path(loops: list[Floats]) -> Any:
    """Closed polygons as one path."""
    from matplotlib.path import Path

    codes, points = [], []
    for loop in loops:
        codes += [Path.MOVETO] + [Path.LINETO] * (len(loop) - 1) + [Path.CLOSEPOLY]
        points += [loop, loop[:1]]
    return Path(np.concatenate(points), codes)


def _cells(axes: Any, scene: Scene) -> None:
    from matplotlib.collections import LineCollection

    cx = scene.clipped
    shown = np.ones(cx.n_cells(1), bool) if scene.is_whole else ~cx.on_boundary(1)
    shown &= ~scene.walls
    segments = scene.points[geometry.edges(cx)[shown]]
    if len(segments):
        width = line_width(cx.n_regions)
        lines = LineCollection(
            list(segments), colors=INK, linewidths=width, alpha=0.55, zorder=2, capstyle="round",
            rasterized=len(segments) > MANY,
        )  # fmt: skip
        axes.add_collection(lines, autolim=False)


def line_width(n_regions: int) -> float:
    """The width, in points, of the edges for a number of regions: thinner for many."""
    return float(np.clip(14 / np.sqrt(max(n_regions, 1)), 0.06, 0.7))


def _level_set(axes: Any, scene: Scene) -> None:
    from matplotlib.collections import LineCollection

    segments = scene.points[geometry.edges(scene.clipped)[scene.walls]]
    if len(segments):
        width = float(np.clip(60 / np.sqrt(len(segments)), 0.7, 2.4))
        lines = LineCollection(
            list(segments), colors="black", linewidths=width, zorder=4, capstyle="round",
            rasterized=len(segments) > MANY,
        )  # fmt: skip
        axes.add_collection(lines, autolim=False)
    lone = scene.points[scene.thin(0)]
    axes.plot(lone[:, 0], lone[:, 1], "o", color="black", ms=6, zorder=5)


def _cycles(axes: Any, scene: Scene) -> None:
    from matplotlib import patheffects
    from matplotlib.collections import LineCollection

    halo = [patheffects.Stroke(linewidth=5.2, foreground="white"), patheffects.Normal()]
    for i, (k, simplices) in enumerate(scene.cycles):
        colour = cycle_colour(i)
        if k == 0:
            axes.plot(*simplices[:, 0].T, "D", color=colour, mec="white", mew=1.2, ms=8, zorder=7, ls="none")
        elif k == 1:
            lines = LineCollection(list(simplices), colors=colour, linewidths=3, zorder=6, capstyle="round")
            lines.set_path_effects(halo)
            axes.add_collection(lines, autolim=False)


def _line(**style: Any) -> Any:
    """A line in the legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], **style)


def area_handles(scene: Scene) -> list[Any]:
    """The entries of the legend for the colours of regions."""
    from matplotlib.patches import Patch

    number, colours, names = scene.colouring.number, scene.colouring.colours, scene.colouring.names
    if names is None:
        shown = colours if scene.colouring.is_chosen else tints(4)
        swatch = tuple(Patch(facecolor=c, edgecolor=GREY, lw=0.5) for c in shown[:4])
        what = "activation patterns" if scene.color == "pattern" else "affine maps"
        return [(swatch, f"{what}, neighbours in different colours")]
    return [Patch(facecolor=colours[c], edgecolor=GREY, lw=0.5, label=plain(names[c])) for c in np.unique(number)]


def boundary_handles(scene: Scene, lines: Any) -> list[Any]:
    """The entries of the legend for lines and isolated points of the decision boundary."""
    handles = [_line(color="black", lw=2.4, label=scene.boundary_name)] if lines else []
    if len(scene.thin(0)):
        point = {"color": "black", "ls": "none", "marker": "o", "ms": 6}
        handles.append(_line(label=f"{scene.boundary_name}, isolated", **point))
    return handles


def legend_entries(scene: Scene, handles: list[Any]) -> list[tuple[Any, str]]:
    """The entries of the legend with their names: given ones, data and cycles.

    Data have the entry of the regions of their class if it has the same name.
    """
    found = [x if isinstance(x, tuple) else (x, x.get_label()) for x in handles]
    last = len(found)
    for group in scene.groups:
        marker = _line(**{**point_style(scene, group), "ms": 6, "mew": 0.8})
        places = [i for i, (_, name) in enumerate(found) if name == plain(group.name)]
        if places:
            found[places[0]] = ((found[places[0]][0], marker), plain(group.name))
        else:
            found.insert(last, (marker, plain(group.name)))  # after the label before it
        last = (places[0] if places else last) + 1
    for k in sorted({k for k, _ in scene.cycles}):
        style: dict[str, Any] = {"marker": "D", "ls": "none", "ms": 6} if k == 0 else {"lw": 3}
        numbers = [i for i, (degree, _) in enumerate(scene.cycles) if degree == k]
        name = f"cycle of $H_{k}$" if len(numbers) == 1 else f"{len(numbers)} cycles of $H_{k}$"
        found.append((tuple(_line(color=cycle_colour(i), **style) for i in numbers[: len(CYCLE_COLOURS)]), name))
    return found


def add_legend(owner: Any, entries: list[tuple[Any, str]], **style: Any) -> Any:
    """A legend of axes or of a figure."""
    from matplotlib.legend_handler import HandlerTuple

    handler = {tuple: HandlerTuple(ndivide=None, pad=0.15)}
    return owner.legend(*zip(*entries, strict=True), handler_map=handler, **style)


def finish(figure: Any, title: str, entries: list[tuple[Any, str]]) -> None:
    """Add title and legend to a figure, and make it wide enough for them."""
    style: dict[str, Any] = {"x": 0.02, "ha": "left", "fontsize": 10, "color": INK, "linespacing": 1.5}
    outside = [figure.suptitle(title, parse_math=False, **style)] if title else []
    if entries:
        place: dict[str, Any] = {"loc": "outside lower center", "frameon": False, "fontsize": 9}
        outside.append(add_legend(figure, entries, ncols=min(len(entries), 4), **place))
    renderer = figure.canvas.get_renderer()
    width = max([artist.get_window_extent(renderer).width for artist in outside], default=0) / figure.dpi
    figure.set_figwidth(max(figure.get_figwidth(), 1.04 * width))
    if entries and any(axes.get_aspect() != "auto" for axes in figure.axes):
        _settle(figure)


def _settle(figure: Any) -> None:
    """Lay out a figure until its axes keep their places.

    Constrained layout sees labels where the last layout had them. Axes of a fixed aspect do not fill their places, so
    that after the single layout of a drawing the labels below them may lie on the legend.
    """
    for _ in range(4):
        places = [axes.get_position().bounds for axes in figure.axes]
        figure.get_layout_engine().execute(figure)
        if np.allclose(places, [axes.get_position().bounds for axes in figure.axes], atol=0.005):
            return
