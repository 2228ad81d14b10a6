"""Sets of cells that are given one by one: unions of regions, and open stars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.errors import RegionError
from polyrelu.exact.rational import describe
from polyrelu.geometry.region import AnyComplex, CellSet, DecidedSet

Bools = npt.NDArray[np.bool_]


class CellUnion(DecidedSet):
    """The union of the relative interiors of chosen cells of a complex. Immutable.

    Whether it is open, closed or neither is decided from the cells.

    Parameters
    ----------
    complex : PolyhedralComplex
        The complex.
    masks : sequence of arrays of bool
        For each dimension λ..d, λ that of the lineality space: which cells belong to the set.

    Raises
    ------
    RegionError
        If the masks do not fit the complex.

    Examples
    --------
    >>> import polyrelu as pr
    >>> partition = pr.classify(pr.Network([[[1, 0], [0, 1], [-1, -1]]], [[0, 0, 0]]))
    >>> two = pr.CellUnion.of(partition.region(0, closed=True), partition.region(1, closed=True))
    >>> two.is_closed, two.contains([1, 2]), two.contains([-1, -1])
    (True, True, False)
    """

    __slots__ = ("_masks",)

    _masks: tuple[Bools, ...]

    def __init__(self, complex: AnyComplex, masks: Sequence[npt.ArrayLike]) -> None:
        if not hasattr(type(complex), "on_boundary"):
            raise RegionError(f"union: expected a PolyhedralComplex, got {describe(complex)}")
        low, d = complex.coordinates.lineality_dim, complex.input_dim
        if not isinstance(masks, (list, tuple)) or len(masks) != d + 1 - low:
            raise RegionError(f"union: expected {d + 1 - low} masks, got {describe(masks)}")
        read = []
        for k, mask in enumerate(masks, low):
            if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (complex.n_cells(k),):
                raise RegionError(f"union, dimension {k}: expected {complex.n_cells(k)} booleans, got {describe(mask)}")
            own = mask.copy()
            own.flags.writeable = False
            read.append(own)
        super().__init__(complex)
        self._put(_masks=tuple(read))

    @classmethod
    def of(cls, region: CellSet, *others: CellSet) -> CellUnion:
        """The union of sets of cells of one complex.

        Raises
        ------
        RegionError
            If they belong to different complexes.
        """
        cx, masks = region_masks(region)
        for other in others:
            its, more = region_masks(other)
            if its is not cx:
                raise RegionError("union: the sets are not sets of cells of one complex")
            masks = [a | b for a, b in zip(masks, more, strict=True)]
        return cls(cx, masks)

    def __reduce__(self) -> tuple[Any, ...]:
        return CellUnion, (self._complex, self._masks)

    def open_star(self) -> CellUnion:
        """The union of all cells that have a cell of this set as a face: the least open union of cells around it."""
        low = self._complex.coordinates.lineality_dim
        found = [self._masks[0]]
        for k in range(low + 1, self._complex.input_dim + 1):
            facets = self._complex.facets(k)
            has = np.zeros(facets.n_rows, np.bool_)
            has[facets.row_numbers()[found[-1][facets.index]]] = True
            found.append(self._masks[k - low] | has)
        return CellUnion(self._complex, found)

    def mask(self, k: int) -> Bools:
        """For every k-cell of the complex, k ≤ d: whether its relative interior lies in the set."""
        self._complex.n_cells(k)  # raises for an invalid dimension
        low = self._complex.coordinates.lineality_dim
        return self._masks[int(k) - low].copy() if k >= low else np.zeros(0, np.bool_)

    def contains(self, x: Any) -> bool:
        """Whether the point x (d exact numbers) lies in the set, and so in the domain; decided exactly."""
        cell = self._complex.locate(x)
        return cell is not None and bool(self.mask(cell[0])[cell[1]])

    def __repr__(self) -> str:
        return f"CellUnion({sum(self.f_vector)} cells of {self._complex!r})"


def region_masks(region: Any) -> tuple[Any, list[Bools]]:
    """The complex of a set of cells, and its masks in dimensions λ..d; RegionError for anything else."""
    if not isinstance(region, CellSet):
        raise RegionError(f"union: expected a Region or another set of cells, got {describe(region)}")
    cx = region.complex
    return cx, [region.mask(k) for k in range(cx.coordinates.lineality_dim, cx.input_dim + 1)]
