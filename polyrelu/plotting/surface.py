"""Surfaces in space: level sets of networks with three inputs, and graphs of networks with two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyrelu.geometry.adjacency import neighbours
from polyrelu.geometry.polygons import Indices, polygons
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.plotting import geometry
from polyrelu.plotting.geometry import Floats
from polyrelu.plotting.palette import COLOURS, mean_colour, strokes
from polyrelu.plotting.scene import Scene

GRAPH_HEIGHT = 0.6
"""The height of graphs, relative to the largest side of the window."""


@dataclass(frozen=True, eq=False)
class Surface:
    """Polygons in space, flat and convex.

    points: vertices, n × 3; polygons: cycles of vertices; edges: m × 2; part: for each polygon the number of its part;
    names and colours of the parts; strong: edges that are drawn strongly; opacity: how opaque the polygons are drawn.
    """

    points: Floats
    polygons: SparseRows
    edges: Indices
    part: Indices
    names: list[str]
    colours: list[str]
    strong: Indices
    opacity: float
    pairs: list[tuple[int, int]] | None = None
    """If parts are the faces between two classes, the numbers of these; that of a tie comes after all others."""

    def edges_of(self, part: int) -> Indices:
        """The edges of the polygons of a part, as pairs of vertices."""
        start, index = self.polygons
        chosen = [index[start[p] : start[p + 1]] for p in np.flatnonzero(self.part == part)]
        ends = [np.column_stack([p, np.roll(p, -1)]) for p in chosen]
        return np.unique(np.sort(np.concatenate(ends), axis=1), axis=0)

    @property
    def is_empty(self) -> bool:
        """Whether there are neither polygons nor strong edges."""
        return len(self.part) == 0 and len(self.strong) == 0


def level_surface(scene: Scene) -> Surface:
    """The decision boundary of a network with three inputs: its 2-cells that have a region beside that is not in it.

    2-cells with common edges form a sheet. Sheets may meet in a point, or beyond the window, so they are not the
    components of homology. With colouring "sign", or two classes, the parts are the sheets; with more classes the faces
    between two of them; otherwise the colours of the adjacent regions. One sheet is drawn nearly opaque, several less
    so, since they may hide one another. Strong edges are those of the decision boundary that no 2-cell of it has.
    """
    cx = scene.clipped
    cells = np.flatnonzero(scene.walls)
    rows = polygons(cx, cells)
    edges = cx.facets(2).select(cells)
    used = edges.index.astype(np.int64)
    part = _sheets(edges.row_numbers(), used, len(cells))
    count = int(part.max(initial=-1)) + 1
    one, two = (x[cells] for x in neighbours(cx.facets(3)))
    pairs = None
    if scene.partition is not None and scene.partition.n_classes > 2:
        part, pairs = _pairs(scene.colouring.number, one, two)
        assert scene.colouring.names is not None
        names = [" | ".join(scene.colouring.names[i] for i in pair) for pair in pairs]
        colours = _pair_colours(scene, pairs)
    elif scene.colouring.names is not None:
        names = [scene.boundary_name + (f", sheet {i + 1}" if count > 1 else "") for i in range(count)]
        colours = [COLOURS[i % len(COLOURS)] for i in range(count)]
    else:
        part, colours = scene.colouring.number[np.maximum(one, two)], scene.colouring.colours
        names = [f"colour {i + 1}" for i in range(len(colours))]
    ends = geometry.edges(cx)
    opacity = 0.85 if count < 2 else 0.42 if pairs is None else 0.6
    lines = ends[scene.thin(1)]
    return Surface(scene.points, rows, ends[np.unique(used)], part, names, colours, lines, opacity, pairs)


def _pairs(number: Indices, one: Indices, two: Indices) -> tuple[Indices, list[tuple[int, int]]]:
    """For every face between regions `one` and `two` the number of its pair of classes, and the pairs.

    Within the window a face of the decision boundary has a region on either side, or lies in a side of the domain.
    """
    other = np.where(two >= 0, two, one)
    sides = np.sort(np.stack([number[one], number[other]], axis=1), axis=1)
    pairs, part = np.unique(sides, axis=0, return_inverse=True)
    return part.reshape(-1).astype(np.int64), [(int(a), int(b)) for a, b in pairs]


def _pair_colours(scene: Scene, pairs: list[tuple[int, int]]) -> list[str]:
    """A colour for each pair: with a given palette the mean of those of its classes."""
    if scene.colouring.is_chosen:
        return [mean_colour(*(scene.colouring.colours[i] for i in pair)) for pair in pairs]
    return list(COLOURS[: len(pairs)]) if len(pairs) <= len(COLOURS) else strokes(len(pairs))


def graph_surface(scene: Scene) -> Surface:
    """The graph of F over the window, for a network with two inputs: a facet over every region, with its colour.

    Strong edges are those over the decision boundary.
    """
    cx = scene.clipped
    colouring = scene.colouring
    points = np.column_stack([scene.points, scene.values[:, 0]])
    rows = polygons(cx, np.arange(cx.n_cells(2)))
    names = colouring.names or [f"colour {i + 1}" for i in range(len(colouring.colours))]
    ends = geometry.edges(cx)
    return Surface(points, rows, ends, colouring.number, names, colouring.colours, ends[scene.walls], 1.0)


def _sheets(owner: Indices, edge: Indices, n: int) -> Indices:
    """The numbers of the classes of 0..n−1, largest first, where owners of the same edge are in one class."""
    from networkx.utils import UnionFind

    sets = UnionFind(range(n))
    order = np.argsort(edge, kind="stable")
    same = edge[order][1:] == edge[order][:-1]
    for i, j in zip(owner[order][:-1][same].tolist(), owner[order][1:][same].tolist(), strict=True):
        sets.union(i, j)
    part = np.empty(n, np.int64)
    for number, members in enumerate(sorted(sets.to_sets(), key=lambda s: (-len(s), min(s)))):
        part[list(members)] = number
    return part
