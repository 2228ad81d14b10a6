"""CellArrays: what the compiled core finds out about a complex, a file of a complex stores, and a complex holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polyrelu.geometry.sparse_rows import SparseRows, distinct, read_only

Array = npt.NDArray[Any]


class VertexArrays(NamedTuple):
    """The vertices and rays: enclosures of their coordinates, and what determines the exact ones."""

    coordinates: npt.NDArray[np.float64]
    """Homogeneous coordinates in the quotient by lineality, n × (r + 1); exact where the error is 0."""
    errors: npt.NDArray[np.float64]
    """Bounds on the errors of the coordinates."""
    origins: npt.NDArray[np.int32]
    """Rows (p, q, region, neuron): the vertex lies on the line through p and q where the neuron vanishes; or p = −1."""
    roots: dict[int, tuple[int, ...]]
    """The exact coordinates of vertices, by number, whose error is not 0 and that have no origin."""


class StageRegions(NamedTuple):
    """The regions after a layer (or after the walls of the domain, or the level)."""

    parent: npt.NDArray[np.int32]
    """The region before this layer that each lies in."""
    plus: npt.NDArray[np.uint64]
    """A mask for each region (m × words) of the neurons of the layer that are positive on it."""
    minus: npt.NDArray[np.uint64]
    """The same for negative neurons."""


@dataclass(frozen=True, eq=False)
class CellArrays:
    """The cells of a complex modulo lineality, by dimension q = 0..r, and how they meet. Its arrays are read-only.

    Cells at infinity are included; they come after the others of their dimension.
    """

    finite: tuple[int, ...]
    """The numbers of cells that are not at infinity."""
    canonical: tuple[int, ...]
    """The same for C(F), if this is C(F, t)."""
    facets: tuple[SparseRows, ...]
    """The incidence numbers, q-cells × (q−1)-cells, of type int8; a vertex has no facets."""
    boundary: tuple[npt.NDArray[np.uint8], ...]
    """Whether a cell lies in the boundary of the domain."""
    containing: tuple[npt.NDArray[np.int32], ...]
    """A region after the last layer in which the cell lies; −1 for none, at infinity only."""
    vertices: VertexArrays
    """The 0-cells."""
    regions: tuple[StageRegions, ...]
    """The regions after 0, 1, … layers (walls and level included)."""
    level_signs: tuple[npt.NDArray[np.int8], ...] | None
    """With a level, the sign of F − t on each cell."""
    all_signs: tuple[npt.NDArray[np.int8], ...] | None
    """With artificial hyperplanes, the signs of all neurons, walls and F − t on each finite cell."""
    statistics: dict[str, int]
    """How often signs and vertices were decided in which way."""
    decided: npt.NDArray[np.int8] | None = None
    """Of a coarse complex: for each r-cell the sign that F − t has on all of it if it is a decided cell, 0 if not.

    Of a coarse complex for classes: 1 for a decided cell."""

    def __post_init__(self) -> None:
        for name in ("boundary", "containing", "level_signs", "all_signs"):
            arrays = getattr(self, name)
            object.__setattr__(self, name, None if arrays is None else tuple(map(read_only, arrays)))
        if self.decided is not None:
            object.__setattr__(self, "decided", read_only(self.decided))
        coordinates, errors, origins, roots = self.vertices
        vertices = VertexArrays(read_only(coordinates), read_only(errors), read_only(origins), roots)
        object.__setattr__(self, "vertices", vertices)
        regions = (StageRegions(read_only(x), read_only(plus), read_only(minus)) for x, plus, minus in self.regions)
        object.__setattr__(self, "regions", tuple(regions))

    @classmethod
    def from_core(cls, report: Mapping[str, Any]) -> CellArrays:
        """What `_core.subdivide` reports."""
        boundary, containing = ([cells[i] for cells in report["cells"]] for i in (3, 4))
        facets = [SparseRows.empty(len(boundary[0]))]
        for below, (indptr, index, sign, *_) in zip(boundary, report["cells"][1:], strict=False):
            facets.append(SparseRows(indptr, index, sign, len(below)))
        signs = report.get("all_signs")
        return cls(
            tuple(report["finite"]),
            tuple(report["canonical"]),
            tuple(facets),
            tuple(boundary),
            tuple(containing),
            VertexArrays(*report["vertices"]),
            tuple(StageRegions(*x) for x in report["pieces"]),
            report["level_signs"],
            tuple(x[:n] for x, n in zip(signs, report["finite"], strict=True)) if signs else None,
            report["statistics"],
            report.get("decided"),
        )

    @property
    def rank(self) -> int:
        """The dimension r of the quotient."""
        return len(self.finite) - 1

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """The numbers of cells, those at infinity included."""
        return tuple(len(x) for x in self.boundary)

    def named(self) -> dict[str, Array]:
        """All arrays by the names that they have in files; see `polyrelu.export.archive`."""
        arrays: dict[str, Array] = {
            "vertices": self.vertices.coordinates,
            "errors": self.vertices.errors,
            "origins": self.vertices.origins,
        }
        for q, facets in enumerate(self.facets):
            if q:
                names = (f"facets_{q}_indptr", f"facets_{q}_indices", f"facets_{q}_signs")
                arrays |= zip(names, facets, strict=True)
            arrays |= {f"boundary_{q}": self.boundary[q], f"containing_{q}": self.containing[q]}
        for s, regions in enumerate(self.regions):
            arrays |= {f"regions_{s}_{name}": x for name, x in regions._asdict().items()}
        arrays |= {f"level_signs_{q}": x for q, x in enumerate(self.level_signs or ())}
        arrays |= {f"all_signs_{q}": x for q, x in enumerate(self.all_signs or ())}
        return arrays if self.decided is None else arrays | {"decided": self.decided}

    @cached_property
    def _whole(self) -> tuple[npt.NDArray[np.bool_], ...]:
        """For all cells, by dimension, whether all r-cells around them are decided."""
        if self.decided is None:
            return tuple(np.zeros(n, np.bool_) for n in self.counts)
        divided = [self.decided == 0]
        for facets in self.facets[:0:-1]:
            below = np.zeros(facets.n_columns, np.bool_)
            below[facets.select(np.flatnonzero(divided[-1])).index] = True
            divided.append(below)
        return tuple(~x for x in reversed(divided))

    def whole(self, q: int) -> npt.NDArray[np.bool_]:
        """For every finite q-cell whether all r-cells around it are decided; the others are cells of C(F, t)."""
        return self._whole[q][: self.finite[q]]

    def finite_facets(self, q: int) -> SparseRows:
        """The facets of the q-cells, cells at infinity left out on both sides."""
        facets, n, m = self.facets[q], self.finite[q], self.finite[q - 1] if q else 0
        if n == facets.n_rows and m == facets.n_columns:
            return facets
        end = facets.indptr[n]
        if m == facets.n_columns or bool((facets.index[:end] < m).all()):
            return SparseRows(facets.indptr[: n + 1], facets.index[:end], facets.values[:end], m)
        return facets.restrict(np.ones(n, np.bool_), np.ones(m, np.bool_))

    def finite_facets_of(self, q: int, i: int) -> list[int]:
        """The facets of q-cell i that are not at infinity."""
        return [f for f in self.facets[q].row(i).tolist() if f < self.finite[q - 1]]

    def vertices_of(self, q: int, i: int) -> npt.NDArray[np.int32]:
        """The vertices and rays of q-cell i, ascending."""
        faces = np.array([i], dtype=np.int32)
        for p in range(q, 0, -1):
            faces = np.unique(np.concatenate([self.facets[p].row(f) for f in faces]))
        return faces

    def spanned(self, q: int) -> SparseRows:
        """The vertices and rays of the finite q-cells, ascending."""
        n = self.counts[0]
        rows = SparseRows(np.arange(n + 1, dtype=np.int64), np.arange(n, dtype=np.int32), None, n)
        for facets in self.facets[1 : q + 1]:
            found = rows.select(facets.index)
            pairs = distinct(facets.row_numbers()[found.row_numbers()] * n + found.index)
            indptr = np.searchsorted(pairs, np.arange(facets.n_rows + 1) * n).astype(np.int64)
            rows = SparseRows(indptr, (pairs % n).astype(np.int32), None, n)
        return rows.first(self.finite[q])

    def bounded(self, q: int) -> npt.NDArray[np.bool_]:
        """For every finite q-cell: whether it is bounded, having no ray."""
        bounded: Array = np.arange(self.counts[0]) < self.finite[0]
        for facets in self.facets[1 : q + 1]:
            bounded = facets.reduce(np.logical_and, bounded[facets.index])
        return bounded[: self.finite[q]]

    def intersected_masks(self, masks: npt.NDArray[np.uint8]) -> Iterator[npt.NDArray[np.uint8]]:
        """Given a row of bytes for each vertex and ray: by dimension, for each finite cell the bits that they share."""
        for q, facets in enumerate(self.facets):
            if q:
                masks = facets.reduce(np.bitwise_and, masks[facets.index])
            yield masks[: self.finite[q]]

    def united_masks(self, masks: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Given a row of bytes for each r-cell: for each vertex and ray the bits of any r-cell around it."""
        for facets in self.facets[:0:-1]:
            cells = facets.transpose()  # every face has a cell around it
            masks = cells.reduce(np.bitwise_or, masks[cells.index])
        return masks

    def __reduce__(self) -> tuple[Any, ...]:
        return CellArrays, tuple(getattr(self, field.name) for field in fields(self))
