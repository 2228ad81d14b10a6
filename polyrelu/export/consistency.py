"""Checks of the arrays of a complex in a file, so that every method may rely on them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.errors import FileError
from polyrelu.exact.rational import primitive
from polyrelu.geometry.cell_arrays import CellArrays, StageRegions, VertexArrays
from polyrelu.geometry.coordinates import Coordinates
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.geometry.stages import complex_stages
from polyrelu.network.network import Network
from polyrelu.topology.chain import ChainComplex

Array = npt.NDArray[Any]

MAX_RANK = 63
"""The maximum number of coordinates in the core."""


def check_coordinates(where: Coordinates, network: Network, level: Fraction | None, domain: Domain | None) -> None:
    """Raise FileError unless the network's first layer and the walls are functions of the coordinates of the quotient.

    The kernel of the projection has dimension d − r and is spanned by the vectors with one dropped coordinate 1; all
    rows must vanish on these.
    """
    d, r = where.input_dim, where.rank
    if list(where.kept) != sorted(set(where.kept)) or any(j >= d for j in where.kept) or r > MAX_RANK:
        raise FileError(f"header, kept: expected at most {MAX_RANK} ascending coordinates below {d}")
    if list(map(len, where.projection)) != ([d - r] * r if r < d else []):
        raise FileError(f"header, projection: expected {r} rows of length {d - r}, or none without lineality")
    rows: list[Sequence[Fraction | int]] = [row[1:] for row in domain.half_spaces()] if domain is not None else []
    if network.depth or level is not None:
        rows.extend(network.weights[0])
    for row in rows:
        for t, j in enumerate(where.dropped):
            if row[j] != sum((row[k] * where.projection[i][t] for i, k in enumerate(where.kept)), Fraction(0)):
                raise FileError("header, projection: not along a lineality space of this network and domain")


def check_arrays(
    arrays: CellArrays, where: Coordinates, network: Network, level: Fraction | None, domain: Domain | None
) -> None:
    """Raise FileError unless everything holds that the core and the methods of a complex assume."""
    r, counts, finite = where.rank, arrays.counts, arrays.finite
    if len(finite) != r + 1 or any(n > total for n, total in zip(finite, counts, strict=True)):
        raise FileError("the numbers of cells do not fit the arrays")
    if not finite[0] or finite[r] != counts[r]:
        raise FileError("there must be vertices, and no region at infinity")
    if not r + 1 <= len(arrays.canonical) <= where.input_dim + 1:
        raise FileError(f"header, canonical: expected {r + 1} numbers of cells")
    sizes = [len(rows) for rows, *_ in complex_stages(network, domain, where.kept, level)]
    regions = _check_regions(arrays.regions, sizes)
    for q, region in enumerate(arrays.containing):
        _expect(len(region) == counts[q], f"containing_{q}", "not one region for each cell")
        _expect(_within(arrays.boundary[q], 0, 2), f"boundary_{q}", "values other than 0 and 1")
        within = _within(region, -1, regions[-1]) and _within(region[: finite[q]], 0, regions[-1])
        _expect(within, f"containing_{q}", "no such region")
        if q:
            _check_facets(q, arrays.facets[q], counts, finite)
    _check_boundaries(arrays)
    _check_vertices(arrays.vertices, r, counts[0], finite[0], regions, sizes)
    for q, signs in enumerate(arrays.level_signs or ()):
        _expect(len(signs) == counts[q] and _within(signs, -1, 2), f"level_signs_{q}", "not a sign for each cell")
        if q:
            _check_level_signs(q, signs, arrays.level_signs[q - 1], arrays.facets[q])  # type: ignore[index]
    if arrays.decided is not None:
        _check_decided(arrays, arrays.decided)
    for q, signs in enumerate(arrays.all_signs or ()):
        fits = signs.shape == (finite[q], sum(sizes)) and _within(signs, -1, 2)
        _expect(fits, f"all_signs_{q}", "not a sign for each cell and neuron")


def _expect(holds: bool, name: str, fault: str) -> None:
    if not holds:
        raise FileError(f"array {name!r}: {fault}")


def _within(array: Array, low: int, end: int) -> bool:
    return not array.size or (int(array.min()) >= low and int(array.max()) < end)


def _check_regions(regions: Sequence[StageRegions], sizes: list[int]) -> list[int]:
    """The numbers of regions after 0, 1, … stages."""
    counts: list[int] = []
    for s, (parent, plus, minus) in enumerate(regions):
        words = (sizes[s - 1] + 63) // 64 if s else 0
        holds = plus.shape == minus.shape == (len(parent), words)
        _expect(holds, f"regions_{s}_plus", "not a mask of the neurons for each region")
        holds = bool(len(parent)) and _within(parent, 0, counts[-1] if s else 1)
        _expect(holds, f"regions_{s}_parent", "no such region")
        _expect(not (plus & minus).any(), f"regions_{s}_plus", "a sign that is plus and minus")
        counts.append(len(parent))
    return counts


def _check_facets(q: int, facets: SparseRows, counts: Sequence[int], finite: Sequence[int]) -> None:
    """Check rows of at least q + 1 facets; only cells at infinity have all their facets at infinity."""
    indptr, indices, signs = facets
    name = f"facets_{q}_indptr"
    holds = len(indptr) == counts[q] + 1 and indptr[0] == 0 and indptr[-1] == len(indices)
    _expect(holds, name, "does not run from 0 to the number of facets")
    lengths = facets.sizes()
    _expect(_within(indptr, 0, len(indices) + 1) and bool((lengths > q).all()), name, "a cell with too few facets")
    _expect(_within(indices, 0, counts[q - 1]), f"facets_{q}_indices", "no such facet")
    _expect(signs.shape == indices.shape and bool((abs(signs) == 1).all()), f"facets_{q}_signs", "not ±1 for each")
    inside = facets.reduce(np.add, (indices < finite[q - 1]).astype(np.int64))
    far = np.arange(counts[q]) >= finite[q]
    _expect(bool(((inside == 0) == far).all()), f"facets_{q}_indices", "cells at infinity and others mixed up")
    if q == 1:
        sums = facets.reduce(np.add, signs.astype(np.int64))
        _expect(bool((lengths == 2).all() and not sums.any()), f"facets_{q}_signs", "an edge without two opposite ends")


def _check_level_signs(q: int, signs: Array, below: Array, facets: SparseRows) -> None:
    """Check that F − t on a facet has the sign that it has on the cell, or vanishes: so {F > t} is open."""
    on_facet = below[facets.index]
    fits = (on_facet == 0) | (on_facet == facets.spread(signs))
    _expect(bool(fits.all()), f"level_signs_{q}", "a cell with a facet on the other side of the level")


def _check_decided(arrays: CellArrays, decided: Array) -> None:
    """A decided region lies on one side of the level, with all its faces but those at infinity, which may be on it."""
    _expect(len(decided) == arrays.counts[-1] and _within(decided, -1, 2), "decided", "not a sign for each region")
    assert arrays.level_signs is not None
    for side in (1, -1):
        inside = decided == side
        for q in range(arrays.rank, -1, -1):
            signs = arrays.level_signs[q]
            far = np.arange(len(signs)) >= arrays.finite[q]
            fits = (signs == side) | (far & (signs == 0))
            _expect(bool(fits[inside].all()), f"level_signs_{q}", "a face of a decided region not on its side")
            if q:
                below = np.zeros(arrays.counts[q - 1], np.bool_)
                below[arrays.facets[q].select(np.flatnonzero(inside)).index] = True
                inside = below


def _check_boundaries(arrays: CellArrays) -> None:
    """Check that ∂∂ = 0, every face belongs to a region, and the Euler characteristic is that of a ball."""
    ChainComplex.from_arrays(arrays.counts, arrays.facets[1:])
    for q, facets in enumerate(arrays.facets[1:], 1):
        found = np.bincount(facets.index, minlength=facets.n_columns)
        _expect(bool(found.all()), f"facets_{q}_indices", "a cell that is not a facet of any other")
    if sum((-1) ** q * n for q, n in enumerate(arrays.counts)) != 1:
        raise FileError("the numbers of cells are not those of a ball: their alternating sum is not 1")


def _check_vertices(
    vertices: VertexArrays,
    r: int,
    n: int,
    finite: int,
    regions: list[int],
    sizes: list[int],
) -> None:
    """Check that exact coordinates are coprime, with x0 > 0 for vertices, and others have an origin or a root."""
    coordinates, errors, origins, roots = vertices
    _expect(coordinates.shape == (n, r + 1), "vertices", "not r + 1 coordinates for each vertex")
    _expect(errors.shape == (n,) and origins.shape == (n, 4), "origins", "not an error and an origin for each vertex")
    holds = bool(np.isfinite(coordinates).all() and (np.isfinite(errors) & (errors >= 0)).all())
    _expect(holds, "errors", "not finite numbers ≥ 0 beside finite coordinates")
    far = np.arange(n) >= finite
    exact = errors == 0
    _expect(bool(((coordinates[:, 0] == 0) == far)[exact].all()), "vertices", "vertices and rays mixed up")
    holds = bool((coordinates[:, 0] >= 0).all() and not coordinates[far, 0].any())
    _expect(holds, "vertices", "x0 < 0, or x0 other than 0 at infinity")
    given = coordinates[exact]
    holds = bool((given == np.rint(given)).all() and (np.abs(given) < 2.0**53).all())
    _expect(holds, "vertices", "exact coordinates that are not integers below 2^53")
    holds = bool((np.gcd.reduce(given.astype(np.int64), axis=1) == 1).all())
    _expect(holds, "vertices", "exact coordinates with a common factor")

    made = origins[:, 0] >= 0
    p, q, region, neuron = origins[made].T
    _expect(_within(p, 0, n) and _within(q, 0, n) and _within(neuron, 0, sum(sizes)), "origins", "no such vertex")
    stage = np.searchsorted(np.cumsum(sizes), neuron, side="right")
    _expect(bool((region >= 0).all() and (region < np.array(regions)[stage]).all()), "origins", "no such region")
    # A vertex comes after those from which it is made, so that origins never lead in a circle.
    order = np.where(made, origins[:, 3], -1)
    holds = bool((order[p] < neuron).all() and (order[q] < neuron).all())
    _expect(holds, "origins", "a vertex that is made from a later one")
    known = np.zeros(n, np.bool_)
    for v, root in roots.items():
        if v >= n or exact[v] or made[v] or len(root) != r + 1 or primitive(root) != root:
            raise FileError(f"header, roots: {v} is no inexact vertex with {r + 1} coprime coordinates")
        if root[0] < 0 or (root[0] == 0) != far[v]:
            raise FileError(f"header, roots: vertex {v} is on the wrong side of infinity")
        known[v] = True
    _expect(bool((exact | made | known).all()), "origins", "a vertex that nothing determines")
