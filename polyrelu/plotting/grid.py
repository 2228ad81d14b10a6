"""A grid of pictures with one window: the epochs of a training, or several models."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any, Unpack

from polyrelu.errors import InputError
from polyrelu.exact.limits import read_flag
from polyrelu.exact.rational import describe, entries
from polyrelu.geometry.subdivision import Options
from polyrelu.plotting.data import check_name
from polyrelu.plotting.draw import check_options, is_solid, paint
from polyrelu.plotting.figure import check_suffix, new_figure, save_figure
from polyrelu.plotting.flat import finish
from polyrelu.plotting.scene import make_scenes
from polyrelu.plotting.subject import Choices

WIDTH = 3.1
"""The width of a picture of the grid, in inches."""
MOST = 100
"""Maximum number of pictures of a grid."""


def plot_grid(
    objects: Sequence[Any],
    path: str | os.PathLike[str] | None = None,
    *,
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    level: Any = None,
    relation: str | None = None,
    domain: Any = None,
    window: Any = None,
    color: str | None = None,
    graph: bool = False,
    coarse: bool | None = None,
    points: Any = None,
    labels: Any = None,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    palette: Any = None,
    aspect: str = "auto",
    legend: bool = True,
    title: str | None = None,
    **options: Unpack[Options],
) -> Any:
    """A matplotlib figure with a picture of each object, all with the same window, colours and data.

    Parameters
    ----------
    objects : sequence of what `plot` draws
        With the same number of inputs: the networks of several epochs, say, or several models.
    path : str or path-like, optional
        A .png, .svg or .pdf file to which the figure is written as well.
    titles : sequence of str, optional
        The first line of the title of each picture. The default names the widths of the network.
    columns : int, optional
        How many pictures there are in a row. The default makes the grid about as wide as high, with at most 5.
    level, relation, domain, window, color, graph, coarse, points, labels, feature_names, class_names : optional
        As for `plot`, for all objects. The default window shows what the default windows of all objects show.
    palette, aspect : optional
        As for `plot`, for all objects.
    legend : bool, default True
        Whether there is a legend, one for all pictures.
    title : str, optional
        The title of the figure.
    **options
        The options `max_cells`, `max_memory`, `threads` and `progress` of `subdivide`.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.

    Raises
    ------
    InputError
        If the objects have different numbers of inputs, or an argument is wrong as for `plot`.
    PolyreluError
        Any other error that `plot` raises.

    Notes
    -----
    Below the title of each picture are the Betti numbers of the region, where there is a single one. Axes are shared:
    a figure that is shown by a window system moves all pictures together.

    Examples
    --------
    >>> import polyrelu as pr
    >>> nets = [pr.shells((2, 4, n, 2, 1), [2]) for n in (4, 8)]
    >>> figure = pr.plot_grid(nets, "grid.png", titles=["4 neurons", "8 neurons"], level=0)
    """
    check_options(options, "plot_grid")
    if path is not None:
        check_suffix(path)
    read_flag(legend, "legend")
    items = entries(objects, "objects")
    if items is None or not 0 < len(items) <= MOST:
        got = describe(objects) if items is None else f"{len(items)}"
        raise InputError(f"plot_grid: expected a list of 1 to {MOST} networks or what plot draws, got {got}")
    names: list[str | None] = [None] * len(items)
    if titles is not None:
        given = entries(titles, "titles")
        if given is None or len(given) != len(items):
            got = describe(titles) if given is None else f"{len(given)}"
            raise InputError(f"titles: expected {len(items)} titles, one for each picture, got {got}")
        names = [check_name(name, f"titles, entry {i}") for i, name in enumerate(given, 1)]
    if title is not None:
        check_name(title, "title")
    width = _columns(columns, len(items))
    choices: Choices = {
        "level": level, "relation": relation, "domain": domain, "window": window, "color": color, "graph": graph,
        "coarse": coarse, "points": points, "labels": labels, "feature_names": feature_names,
        "class_names": class_names, "palette": palette, "aspect": aspect,
    }  # fmt: skip
    scenes = make_scenes([(obj, {**choices, "title": name}) for obj, name in zip(items, names, strict=True)], options)
    rows = math.ceil(len(items) / width)
    solid = is_solid(scenes[0])
    across, up = (1.15, 1.15) if solid else scenes[0].shape if scenes[0].dim == 2 else (1.2, 0.8)
    figure = new_figure((WIDTH * max(across, 0.6) * width + 0.6, (WIDTH * up + 0.5) * rows + 0.7))
    if solid:
        figure.get_layout_engine().set(w_pad=0.3, h_pad=0.1)  # for labels that it does not know
    shared: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for i, scene in enumerate(scenes):
        axes = figure.add_subplot(rows, width, i + 1, projection="3d" if solid else None, **shared)
        if not solid:
            shared = shared or {"sharex": axes, "sharey": axes}
        for entry in paint(axes, scene):
            found.setdefault(entry[1], entry)
        axes.set_title(scene.short_title, parse_math=False, fontsize=9)
        axes.patch.set_visible(not solid)  # it would cover labels of its neighbours
        if not solid and i % width:
            axes.set_ylabel("")
            axes.tick_params(labelleft=False)
        if scene.dim == 2 and not solid and i + width < len(scenes):  # there is a picture below
            axes.set_xlabel("")
            axes.tick_params(labelbottom=False)
    if scenes[0].dim == 1 or (scenes[0].dim == 2 and solid):
        low, high = zip(*(scene.heights for scene in scenes), strict=True)
        for axes in figure.axes:
            (axes.set_zlim if solid else axes.set_ylim)(min(low), max(high))
    finish(figure, title or "", list(found.values()) if legend else [])
    if path is not None:
        save_figure(figure, path)
    return figure


def _columns(columns: Any, n: int) -> int:
    if columns is None:
        return min(n, max(3, min(5, math.ceil(math.sqrt(n)))))
    if isinstance(columns, bool) or not isinstance(columns, int) or not 0 < columns <= MOST:
        raise InputError(f"columns: expected a number from 1 to {MOST}, got {describe(columns)}")
    return columns
