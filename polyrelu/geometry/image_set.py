"""The image of a set that is not closed, as a set of cells of the image of its closure."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.geometry.image_complex import ImageComplex
from polyrelu.geometry.region import CellSet
from polyrelu.geometry.sparse_rows import SparseRows


class _FiniteCells:
    """The finite cells of an image complex, by dimension, as sets of cells use them."""

    def __init__(self, image: ImageComplex) -> None:
        self.coordinates = SimpleNamespace(lineality_dim=0)
        finite = [c for c in range(len(image)) if image.is_finite(c)]
        self.input_dim = max((image.dim[c] for c in finite), default=0)
        self.by_dim = [[c for c in finite if image.dim[c] == k] for k in range(self.input_dim + 1)]
        self._number = {c: i for of in self.by_dim for i, c in enumerate(of)}
        self._image = image
        ends = [image.generators[c][0] for c in self.by_dim[0]]
        self.n_finite_vertices = len(ends)
        rays = [v for v, vector in enumerate(image.vectors) if not vector[0]]
        self.n_rays = len(rays)
        self._end = {v: i for i, v in enumerate([*ends, *rays])}

    def facets(self, k: int) -> SparseRows:
        """The finite facets of the finite k-cells with incidence numbers."""
        rows = [
            [(self._number[f], s) for f, s in self._image.facets[c].items() if f in self._number]
            for c in self.by_dim[k]
        ]
        indptr = np.cumsum([0, *map(len, rows)])
        index = np.array([f for row in rows for f, _ in row], np.int32)
        values = np.array([s for row in rows for _, s in row], np.int8)
        return SparseRows(indptr, index, values, len(self.by_dim[k - 1]) if k else 0)

    def cells(self, k: int) -> SparseRows:
        """The finite k-cells, k ≤ 1, by their vertices and rays."""
        rows = [sorted(self._end[v] for v in self._image.generators[c]) for c in self.by_dim[k]]
        indptr = np.cumsum([0, *map(len, rows)])
        index = np.array([v for row in rows for v in row], np.int32)
        return SparseRows(indptr, index, None, self.n_finite_vertices + self.n_rays)

    def bounded_modulo_lineality(self, k: int) -> npt.NDArray[np.bool_]:
        """For every finite k-cell whether it is bounded."""
        return np.array([self._image.is_bounded(c) for c in self.by_dim[k]], np.bool_)


class ImageSet(CellSet):
    """The finite cells of an image whose relative interiors come from cells of a set. Immutable."""

    __slots__ = ("_contains_origin",)

    _contains_origin: Callable[[int], bool]

    def __init__(self, image: ImageComplex, contains_origin: Callable[[int], bool]) -> None:
        cells: Any = _FiniteCells(image)
        super().__init__(cells)
        self._put(_contains_origin=lambda c: contains_origin(image.origin[c]))

    @property
    def is_open(self) -> bool:
        """False: whether the set is open in the image is not decided."""
        return False

    @property
    def is_closed(self) -> bool:
        """False: whether the set is closed is not decided."""
        return False

    def mask(self, k: int) -> npt.NDArray[np.bool_]:
        """For every finite k-cell whether its relative interior lies in the set."""
        return np.array([self._contains_origin(c) for c in self._complex.by_dim[k]], np.bool_)

    def contains(self, x: Any) -> bool:
        """Not offered: points of images are not located."""
        raise NotImplementedError
