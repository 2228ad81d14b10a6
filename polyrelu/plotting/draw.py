"""plot and plot_html: the entry points."""

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
    **options: Unpack[Options],
) -> Any:
    """Draw a network, a polyhedral complex, a region or classes in dimension 1, 2 or 3.

    1 input: the graph of F, its breakpoints, and the regions as a coloured bar. 2 inputs: the regions in colours, the
    edges thin, the decision boundary {F = t} strong and, where F = t on whole regions, filled. 3 inputs: the decision
    boundary as a surface; without a level, the edges of the complex. The title has the f-vector of the complex and,
    with a level, the Betti numbers of the region.

    obj: a Network, a PolyhedralComplex, a Region, a Partition, or a set of its cells (ClassRegion, DecisionBoundary),
        which is drawn as the whole of the partition, with the Betti numbers of the set alone.
    path: also write the figure into this file: .png, .svg or .pdf; the same picture gives the same file.
    level, domain: for a Network, as for `subdivide`. With one output the level is 0 unless given; with several there is
        none, and the classes (`classify`) are drawn unless color is "pattern" or "map".
    relation: of the region {F relation t} whose Betti numbers are told, ">" unless a Region is given.
    window: what is shown: one pair (lower, upper) per input, or one for all; found from the vertices and cycles if
        None. Unlike the domain it does not change what is computed. The units of all inputs are drawn equally long,
        unless that would make one side shorter than a fifth of another.
    color: "sign" of F − t (the default with a level), "pattern" (regions with different activation patterns that
        adjoin have different colours), "map" (regions with the same affine map have one colour, adjoining ones with
        different maps different ones) or "class" (the largest of several outputs).
    graph: for two inputs the graph of F as a surface in space.
    cycles: cycles to draw on top, such as `Homology.cycles(k)` has; what of them lies outside the window is cut off.
    title: the first line of the title, plain text.
    options: as for `subdivide`: max_cells, max_memory, threads, progress.

    Returns the matplotlib Figure.

    What is drawn is exact until positions are rounded: the cells are those of the exact subdivision of the window, and
    every vertex is drawn within 10^-10 of the window's side from where it is.

    Raises InputError for more than three inputs and for choices that do not fit, FileError for a path that cannot be
    written or has another suffix, MissingDependencyError without matplotlib, and what `subdivide` raises.
    """
    if path is not None:
        check_suffix(path)
    scene = make_scene(
        obj, options, level=level, relation=relation, domain=domain, window=window, color=color, graph=graph,
        cycles=cycles, title=title,
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
    **options: Unpack[Options],
) -> None:
    """Write an interactive picture as one .html file: to turn, to zoom, to switch parts off. Arguments as for `plot`.

    The page holds all it needs and is forbidden to load anything: it works offline, and the same picture gives the
    same file. Errors as for `plot`, with plotly in matplotlib's place.
    """
    check_html(path)
    scene = make_scene(
        obj, options, level=level, relation=relation, domain=domain, window=window, color=color, graph=graph,
        cycles=cycles, title=title,
    )  # fmt: skip
    write_page(scene, path)


def _draw(scene: Scene) -> Any:
    if scene.dim == 1:
        return draw_line(scene)
    if scene.dim == 3:
        return draw_space(scene)
    return draw_graph(scene) if scene.graph else draw_plane(scene)
