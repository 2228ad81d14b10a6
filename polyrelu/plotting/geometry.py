"""The cells of a bounded complex as drawable pieces: vertices in doubles, edges, polygons, outlines, level sets.

Incidences are those of the exact complex; no float decides about them. Only the positions of vertices are doubles, with
a bound on their error.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from polyrelu.errors import VerificationError
from polyrelu.exact.floats import to_double
from polyrelu.geometry.adjacency import neighbours
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.polygons import Indices, polygons
from polyrelu.geometry.sparse_rows import SparseRows

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# ---- positions -----------------------------------------------------------------------------------------------------


def positions(cx: PolyhedralComplex, tolerance: float) -> Floats:
    """The vertices as doubles, n × d, each coordinate within `tolerance` of the exact one, or the double nearest to it.

    From |x_k − y_k| ≤ e for homogeneous x and y (`PolyhedralComplex.enclosures`) follows, with p = y_k / y_0 and for
    e < y_0, |x_k / x_0 − p| ≤ e (1 + |p|) / (y_0 − e). Where that exceeds the tolerance, exact coordinates are rounded;
    beyond the range of doubles they are infinite.
    """
    homogeneous, error = (x[: cx.n_finite_vertices] for x in cx.enclosures())
    y0 = homogeneous[:, :1]
    with np.errstate(all="ignore"):
        points = homogeneous[:, 1:] / y0
        bound = error * (1 + np.abs(points).max(axis=1)) / (y0[:, 0] - error)
        poor = (error > 0) & ~((y0[:, 0] > error) & (bound <= tolerance))
    for v in np.flatnonzero(poor):
        points[v] = [to_double(x) for x in cx.vertex(int(v))]
    return points


# ---- cells ---------------------------------------------------------------------------------------------------------


def edges(cx: PolyhedralComplex) -> Indices:
    """The 1-cells of a bounded complex as pairs (tail, head) of vertices, m × 2: ∂edge = head − tail."""
    _, index, sign = cx.facets(1)
    pairs, signs = index.reshape(-1, 2).astype(np.int64), sign.reshape(-1, 2)
    return np.where(signs[:, :1] < 0, pairs, pairs[:, ::-1])


def outline(cx: PolyhedralComplex, cells: Indices, points: Floats) -> list[Indices]:
    """The boundary of a union of 2-cells of the plane as closed polygons, interior to the left, inner edges removed.

    The 2-cells are oriented alike (checked: between two of them incidence numbers cancel), counter-clockwise or all
    clockwise, according to the sign of the area of the first cells whose area in doubles is not 0. Where several
    polygons meet in a vertex they may be joined in more than one way, with the same enclosed area.
    """
    _, index, sign = facets = cx.facets(2)
    total = np.zeros(cx.n_cells(1), np.int64)
    np.add.at(total, index, sign)
    if np.any(total[np.bincount(index, minlength=len(total)) == 2]):
        raise VerificationError("the regions of the plane are not oriented alike")
    chosen = facets.select(cells)
    flow = np.zeros(cx.n_cells(1), np.int64)
    np.add.at(flow, chosen.index, chosen.values)
    border = np.flatnonzero(flow)
    ends = edges(cx)
    forward = (flow[border] > 0) == _counter_clockwise(cx, points)
    tail = np.where(forward, ends[border, 0], ends[border, 1])
    head = np.where(forward, ends[border, 1], ends[border, 0])
    return list(_closed_paths(tail, head))


def _counter_clockwise(cx: PolyhedralComplex, points: Floats) -> bool:
    start, index = polygons(cx, np.arange(cx.n_cells(2)))
    center = points.mean(axis=0)
    p = points[index] - center
    q = p[_successor(start)]
    return bool((p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]).sum() > 0)


def _successor(start: Indices) -> Indices:
    """For every place in lists with the given starts the place after it, cyclically."""
    following = np.arange(1, start[-1] + 1)
    filled = start[1:] > start[:-1]
    following[start[1:][filled] - 1] = start[:-1][filled]
    return following


def _closed_paths(tail: Indices, head: Indices) -> Iterator[Indices]:
    """Closed paths of arrows, which enter and leave each vertex equally often: the k-th one out follows the k-th in."""
    outgoing, incoming = np.argsort(tail, kind="stable"), np.argsort(head, kind="stable")
    following = np.empty(len(tail), np.int64)
    following[incoming] = outgoing
    successor, starts = following.tolist(), tail
    done = [False] * len(successor)
    for first in range(len(successor)):
        path = []
        arrow = first
        while not done[arrow]:
            done[arrow] = True
            path.append(arrow)
            arrow = successor[arrow]
        if path:
            yield starts[path]


def split(rows: SparseRows) -> list[Indices]:
    """The lists, one after another."""
    start, index = rows
    return np.split(index, start[1:-1]) if len(start) > 1 else []


# ---- neighbours and level sets -------------------------------------------------------------------------------------


def boundary(cx: PolyhedralComplex, facets: Mask, regions: Mask) -> Mask:
    """Given which (d−1)-cells and which regions are in a closed set: the (d−1)-cells in it with a region beside that
    is not. Others in the set lie inside of it, or where the complex ends."""
    one, two = neighbours(cx.facets(cx.input_dim))
    inside = np.append(regions, True)  # the last entry is for −1: nothing is beyond the boundary of the complex
    within: Mask = inside[one] & inside[two]
    return facets & ~within


def thin_parts(cx: PolyhedralComplex, k: int, cells: Mask, above: Mask) -> Indices:
    """Given which k-cells and (k+1)-cells are in a closed set: its k-cells that are no face of its (k+1)-cells."""
    alone = cells.copy()
    alone[cx.facets(k + 1).select(np.flatnonzero(above)).index] = False
    return np.flatnonzero(alone)
