"""Bounded 2- and 3-cells as polygons, triangles and tetrahedra, found from incidences alone, without rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.sparse_rows import SparseRows

Array = npt.NDArray[Any]
Indices = npt.NDArray[np.int64]


def polygons(cx: PolyhedralComplex, cells: Indices) -> SparseRows:
    """The cycles of vertices of the given bounded 2-cells, oriented by their incidence numbers, the least vertex first.

    In the boundary of an oriented polygon every vertex is the tail of exactly one edge, so following the edges from
    tail to head traverses the boundary. All polygons are traversed at once, one edge at a time.
    """
    _, index, sign = edges = cx.facets(2).select(cells)
    edge_indptr, ends, sides = cx.facets(1)
    first = edge_indptr[index]
    backward = (sides[first] > 0) != (sign < 0)  # the vertex with sign −1 is the tail
    tail, head = ends[first + backward], ends[first + ~backward]
    owner, size, start = edges.row_numbers(), edges.sizes(), edges.indptr
    n = max(cx.n_finite_vertices, 1)
    key = owner * n + tail
    order = np.argsort(key, kind="stable")
    key, head = key[order], head[order]
    out = np.empty(len(key), np.int64)
    alive = np.flatnonzero(size > 0)
    at = key[start[alive]] - alive * n
    for step in range(int(size.max(initial=0))):
        out[start[alive] + step] = at
        at = head[np.searchsorted(key, alive * n + at)]
        more = size[alive] > step + 1
        alive, at = alive[more], at[more]
    return SparseRows(start, out, None, n)


def by_size(rows: SparseRows) -> list[tuple[Indices, Indices]]:
    """The lists grouped by their number n of entries: pairs (numbers of the lists (m), their entries (m × n))."""
    start, index = rows
    size = rows.sizes()
    found = ((n, np.flatnonzero(size == n)) for n in np.unique(size))
    return [(of_size, index[start[of_size][:, None] + np.arange(n)]) for n, of_size in found]


def triangles(rows: SparseRows) -> tuple[Indices, Indices]:
    """The triangles of convex polygons, cut from their first vertices: (numbers of the polygons, vertices m × 3)."""
    start, index = rows
    count = np.maximum(rows.sizes() - 2, 0)
    first = np.repeat(start[:-1], count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    corners = np.stack([index[first], index[first + step + 1], index[first + step + 2]], axis=1)
    return np.repeat(np.arange(len(count)), count), corners


def tetrahedra(cx: PolyhedralComplex, chosen: Indices) -> tuple[Indices, Indices]:
    """A triangulation of the chosen bounded 3-cells into tetrahedra: (cells, vertices m × 4).

    It is a pulling triangulation: the cones from the least vertex of a cell over the triangles of the facets that do
    not contain it. So the tetrahedra of neighbouring cells meet along triangles.
    """
    facets = cx.facets(3).select(chosen)
    cell, facet = facets.spread(chosen), facets.index.astype(np.int64)
    faces, face = np.unique(facet, return_inverse=True)
    owner, corners = triangles(polygons(cx, faces))
    of_face = SparseRows.from_entries(owner, np.arange(len(owner)), None, len(faces), len(owner))
    least = corners[of_face.indptr[face], 0]
    apex = np.full(cx.n_cells(3), cx.n_finite_vertices)
    np.minimum.at(apex, cell, least)
    outside = least != apex[cell]
    bases = of_face.select(face[outside])
    cell = bases.spread(cell[outside])
    return cell, np.concatenate([apex[cell][:, None], corners[bases.index]], axis=1)


def determinants(matrices: Array) -> Array:
    """The determinants of n square matrices (n × k × k) of Python integers, by expansion along the first row."""
    if matrices.shape[1] == 1:
        return np.asarray(matrices[:, 0, 0])
    total = np.zeros(len(matrices), object)
    columns = np.arange(matrices.shape[2])
    for j in columns:
        term = matrices[:, 0, j] * determinants(matrices[:, 1:][:, :, columns != j])
        total = total - term if j % 2 else total + term
    return total
