"""Pictures of networks, complexes and sets of cells, as figures and as interactive pages."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Unpack

from polyrelu.geometry.subdivision import Options
from polyrelu.plotting.figure import check_suffix, save_figure
from polyrelu.plotting.flat import draw_line, draw_plane
from polyrelu.plotting.html import check_html, write_page
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
        For a Network, as for `subdivide`.
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
    drawn within 10^-10 of the side of the window from its exact position. The units of all inputs are drawn equally
    long, unless that would make one side shorter than a fifth of another.

    Examples
    --------
    >>> import polyrelu as pr
    >>> figure = pr.plot(pr.shells((2, 4, 4, 2, 1), [2]), "shells.png", title="Shells")
    """
    if path is not None:
        check_suffix(path)
    scene = make_scene(
        obj, options, level=level, relation=relation, domain=domain, window=window, color=color, graph=graph,
        cycles=cycles, title=title, coarse=coarse,
    )  # fmt: skip
    figure = _draw(scene)
    if path is not None:
        save_figure(figure, path)
    return figure


def plot_html(
    obj: Any,
    path: str | os.PathLike[str],
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
    **options: Unpack[Options],
) -> None:
    """Write an interactive picture as one HTML file, in which parts can be turned, enlarged and hidden.

    Parameters
    ----------
    obj : Network, PolyhedralComplex, Region, FormulaRegion, Partition, ClassRegion or DecisionBoundary
        What is drawn, as for `plot`.
    path : str or path-like
        The .html file. It contains all that it needs and cannot load anything, so it works offline. The same picture
        gives the same file.
    level, relation, domain, window, color, graph, cycles, title, coarse : optional
        As for `plot`.
    **options
        The options `max_cells`, `max_memory`, `threads` and `progress` of `subdivide`.

    Raises
    ------
    MissingDependencyError
        If plotly is not installed.
    PolyreluError
        Any other error that `plot` raises.

    Examples
    --------
    >>> import polyrelu as pr
    >>> pr.plot_html(pr.shells((2, 4, 4, 2, 1), [2]), "shells.html")
    """
    check_html(path)
    scene = make_scene(
        obj, options, level=level, relation=relation, domain=domain, window=window, color=color, graph=graph,
        cycles=cycles, title=title, coarse=coarse,
    )  # fmt: skip
    write_page(scene, path)


def _draw(scene: Scene) -> Any:
    if scene.dim == 1:
        return draw_line(scene)
    if scene.dim == 3:
        return draw_space(scene)
    return draw_graph(scene) if scene.graph else draw_plane(scene)
