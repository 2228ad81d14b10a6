"""Pictures of networks, complexes and sets of cells, as figures and as interactive pages."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Unpack

from polyrelu.exact.limits import read_flag
from polyrelu.geometry.subdivision import Options
from polyrelu.plotting.figure import check_axes, check_suffix, new_figure, save_figure
from polyrelu.plotting.flat import add_legend, draw_line, draw_plane, finish, legend_entries, plane_size
from polyrelu.plotting.html import page_content
from polyrelu.plotting.page import Output, Page
from polyrelu.plotting.scene import Scene, make_scene
from polyrelu.plotting.solid import draw_graph, draw_space
from polyrelu.plotting.subject import CycleLike


def plot(
    obj: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    level: Any = None,
    relation: str | None = None,
    domain: Any = None,
    window: Any = None,
    color: str | None = None,
    graph: bool = False,
    cycles: Iterable[CycleLike] = (),
    title: str | None = None,
    coarse: bool | None = None,
    points: Any = None,
    labels: Any = None,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    palette: Any = None,
    aspect: str = "auto",
    legend: bool = True,
    ax: Any = None,
    **options: Unpack[Options],
) -> Any:
    """A matplotlib figure of a network, a polyhedral complex, a region or classes, in dimension 1, 2 or 3.

    Parameters
    ----------
    obj : Network, PolyhedralComplex, Region, FormulaRegion, Partition, ClassRegion or DecisionBoundary
        What is drawn. A ClassRegion or DecisionBoundary is drawn as its whole partition, with the Betti numbers of the
        set alone in the title. A FormulaRegion is drawn where its formula holds, with the boundary of the set (its
        closure without its interior), whether or not that belongs to it.
    path : str or path-like, optional
        A .png, .svg or .pdf file to which the figure is written as well. The same picture gives the same file.
    level : exact number, optional
        For a Network, as for `subdivide`. The default is 0 for a network with one output. A network with several
        outputs has no level; its classes (`classify`) are drawn unless `color` is "pattern" or "map".
    relation : str, optional
        The relation of the region {F relation t} whose Betti numbers are in the title. The default is ">", or that of
        the given Region.
    domain : Domain or sequence of d pairs (lower, upper), optional
        For a Network, as for `subdivide`. Of a flat domain its slice is drawn, in the coordinates that it leaves free;
        `points` and `feature_names` may be those of all d inputs.
    window : sequence of d pairs (lower, upper), or one pair for all inputs, optional
        The part of the input space that is drawn. Unlike the domain it does not change what is computed. The default
        is found from the vertices and the cycles.
    color : str, optional
        "sign" (of F − t; the default with a level), "pattern" (adjacent regions with different activation patterns have
        different colours), "map" (regions with the same affine map have the same colour, adjacent regions with
        different maps have different ones), "class" (the largest output) or "formula" (where the formula holds; the
        default for a FormulaRegion).
    graph : bool, optional
        Whether to draw the graph of F, for a network with two inputs, as a surface in space.
    cycles : iterable of Cycle, optional
        Cycles to draw on top, such as `Homology.cycles(k)`; the parts outside the window are cut off.
    title : str, optional
        The first line of the title, as plain text.
    coarse : bool, optional
        For a Network with a level or with classes, whether to draw from a coarse complex, as `subdivide` and `classify`
        make it; its decision boundary is that of the complete complex. The default is to do so for three inputs, unless
        colours show patterns or maps.
    points : array-like of shape (n, d), optional
        Data that are drawn over the regions. The default window shows them too; in a given window the others are left
        out.
    labels : array-like of n numbers or strings, optional
        The labels of the points, which choose their colours and markers. Where classes are drawn they are the numbers
        of classes or `class_names`. Where signs of F − t are drawn, 0 or −1 stands for F < t and 1 for F > t, as does
        the second of two `class_names`; points with other labels have colours of their own.
    feature_names : sequence of d strings, optional
        The names of the inputs, for the axes. The default is that of the columns of `points` if they are a table.
    class_names : sequence of str, optional
        The names of the classes in the legend and the title; with a level, of {F < t} and {F > t}.
    palette : sequence of colours, mapping or str, optional
        The colours of regions, as "#rrggbb" or a name that matplotlib knows, or the name of one of its colour maps. In
        order they are those of the classes 0, 1, …; of F < t, F > t and F = t; of where a formula holds and elsewhere;
        or of patterns or maps. A mapping has the keys 0, 1, … or class names and "tie"; "<", ">" and "="; or True and
        False.
    aspect : str, default "auto"
        "equal": the units of all inputs are drawn equally long. "free": each side of the window is as long as the
        others. "auto": "free" if one side is more than 20 times as long as another, and otherwise equal units unless
        one side would be shorter than a fifth of another.
    legend : bool, default True
        Whether there is a legend.
    ax : matplotlib.axes.Axes, optional
        Where to draw, with projection="3d" for three inputs and for graphs over the plane. Title and legend are then
        those of the axes. The default is a new figure.
    **options
        The options `max_cells`, `max_memory`, `threads` and `progress` of `subdivide`.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.

    Raises
    ------
    InputError
        If there are more than three inputs, or the arguments do not fit together.
    FileError
        If the path has another suffix or the file cannot be written.
    MissingDependencyError
        If matplotlib is not installed.
    PolyreluError
        Any error that `subdivide` raises.

    Notes
    -----
    For one input the figure shows the graph of F, its breakpoints, and the regions as a coloured bar. For two inputs it
    shows the regions in colours, the edges as thin lines, and the decision boundary {F = t} as thick lines, filled
    where F = t on a whole region. For three inputs it shows the decision boundary as a surface, or without a level the
    edges of the complex. The title has the f-vector of the complex (of a coarse one, the numbers of its own cells) and,
    with a level, the Betti numbers of the region.

    The cells that are drawn are those of the exact subdivision of the window. Only positions are rounded: a vertex is
    drawn within 10^-10 of the side of the window from its exact position.

    In Jupyter the figure is shown if it is the last line of a cell, without any magic command.

    Examples
    --------
    >>> import polyrelu as pr
    >>> figure = pr.plot(pr.shells((2, 4, 4, 2, 1), [2]), "shells.png", title="Shells")
    >>> figure = pr.plot(
    ...     pr.shells((2, 4, 4, 2, 1), [2]), points=[[0.2, 0.3], [0.5, 0.5]], labels=[0, 1], class_names=["out", "in"]
    ... )
    """
    check_options(options, "plot")
    if path is not None:
        check_suffix(path)
    read_flag(legend, "legend")
    scene = make_scene(
        obj, options, level=level, relation=relation, domain=domain, window=window, color=color, graph=graph,
        cycles=cycles, title=title, coarse=coarse, points=points, labels=labels, feature_names=feature_names,
        class_names=class_names, palette=palette, aspect=aspect,
    )  # fmt: skip
    figure = _draw(scene, legend) if ax is None else _draw_on(ax, scene, legend)
    if path is not None:
        save_figure(figure, path)
    return figure


def plot_html(
    obj: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    level: Any = None,
    relation: str | None = None,
    domain: Any = None,
    window: Any = None,
    color: str | None = None,
    graph: bool = False,
    cycles: Iterable[CycleLike] = (),
    title: str | None = None,
    coarse: bool | None = None,
    points: Any = None,
    labels: Any = None,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    palette: Any = None,
    aspect: str = "auto",
    library: str | os.PathLike[str] | None = None,
    **options: Unpack[Options],
) -> Page:
    """An interactive picture as one HTML page, in which parts can be turned, enlarged and hidden.

    Parameters
    ----------
    obj : Network, PolyhedralComplex, Region, FormulaRegion, Partition, ClassRegion or DecisionBoundary
        What is drawn, as for `plot`.
    path : str or path-like, optional
        The .html file to which the page is written. It contains all that it needs and cannot load anything, so it works
        offline. The same picture gives the same file.
    level, relation, domain, window, color, graph, cycles, title, coarse : optional
        As for `plot`.
    points, labels, feature_names, class_names, palette, aspect : optional
        As for `plot`.
    library : str or path-like, optional
        Where the page has the JavaScript of plotly, 1.4 MB of it. By default in itself. "shared": in a file
        plotly-VERSION.min.js beside the page, which is written unless it is there, and which all pages in the folder
        load; they have some kilobytes then. A path that ends in .js: in this file, which is written unless it is there;
        it can be one of the smaller distributions of plotly, such as plotly-gl3d.min.js, which shows all pages but
        those with more than 20 000 cells in the plane.
    **options
        The options `max_cells`, `max_memory`, `threads` and `progress` of `subdivide`.

    Returns
    -------
    Page
        The page, which Jupyter displays as the last line of a cell; its `text` is that of the file.

    Raises
    ------
    MissingDependencyError
        If plotly is not installed.
    PolyreluError
        Any other error that `plot` raises.

    Examples
    --------
    >>> import polyrelu as pr
    >>> page = pr.plot_html(pr.shells((2, 4, 4, 2, 1), [2]), "shells.html")
    """
    check_options(options, "plot_html")
    output = Output(path, library)
    scene = make_scene(
        obj, options, level=level, relation=relation, domain=domain, window=window, color=color, graph=graph,
        cycles=cycles, title=title, coarse=coarse, points=points, labels=labels, feature_names=feature_names,
        class_names=class_names, palette=palette, aspect=aspect,
    )  # fmt: skip
    return output.page(page_content(scene))


def check_options(options: Mapping[str, Any], function: str) -> None:
    """TypeError, as Python raises it, that names the function that was called, for keywords that are no options."""
    for name in options:
        if name not in Options.__annotations__:
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}")


def _draw(scene: Scene, legend: bool) -> Any:
    """The scene as a figure of its own."""
    if is_solid(scene):
        figure = new_figure((7, 6.4))
        axes = figure.add_subplot(projection="3d")
    else:
        figure = new_figure((8, 4.6) if scene.dim == 1 else plane_size(scene.shape))
        axes = figure.add_subplot()
    entries = paint(axes, scene)
    finish(figure, scene.title, entries if legend else [])
    return figure


def _draw_on(ax: Any, scene: Scene, legend: bool) -> Any:
    """The figure of the axes on which the scene is drawn."""
    check_axes(ax, is_solid(scene))
    entries = paint(ax, scene, fills=True)
    ax.set_title(scene.short_title, parse_math=False, fontsize=10)
    if legend and entries:
        add_legend(ax, entries, loc="upper right", fontsize=8)
    return ax.get_figure(root=True)


def is_solid(scene: Scene) -> bool:
    """Whether the picture is one of space."""
    return scene.dim == 3 or (scene.dim == 2 and scene.graph)


def paint(axes: Any, scene: Scene, fills: bool = False) -> list[tuple[Any, str]]:
    """Draw the scene on axes. The entries of the legend."""
    if scene.dim == 1:
        handles = draw_line(axes, scene)
    elif scene.dim == 3:
        handles = draw_space(axes, scene)
    else:
        handles = draw_graph(axes, scene) if scene.graph else draw_plane(axes, scene, fills)
    return legend_entries(scene, handles)
