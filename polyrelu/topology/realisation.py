"""Cycles of the chain complex of a region as oriented simplices in the input space."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.errors import VerificationError
from polyrelu.geometry.region import CellSet
from polyrelu.geometry.sparse_rows import SparseRows

Point = tuple[Fraction, ...]
Name = tuple[int, int]
"""(dimension, number) of a cell, which stands for its interior point."""


class Realisation:
    """The map from the chain complex of a region to simplicial chains in the region."""

    def __init__(self, region: CellSet, orientation: npt.NDArray[np.int8]) -> None:
        """`orientation`: for an open region, signs ±1 of its d-cells that make them agree along common facets."""
        self.region = region
        self.orientation = orientation
        self._facets: dict[int, SparseRows] = {}
        self._cofaces: dict[int, SparseRows] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return Realisation, (self.region, self.orientation)

    def cell_dimension(self, degree: int) -> int:
        """The dimension of the cells that are the generators of a degree of `chain_complex(region)`."""
        cx = self.region.complex
        return int(cx.input_dim - degree if self.region.is_open else cx.coordinates.lineality_dim + degree)

    def simplices(self, degree: int, cells: Mapping[int, int], modulus: int = 0) -> list[tuple[tuple[Point, ...], int]]:
        """The simplices of a cycle of `chain_complex(region)`: pairs (degree + 1 points, coefficient).

        Parameters
        ----------
        degree : int
            The degree of the cycle.
        cells : mapping of int to int
            The coefficients of the cycle by the numbers of the cells in the polyhedral complex.
        modulus : int, default 0
            p for a cycle modulo p.

        Raises
        ------
        VerificationError
            If the boundaries of the simplices do not cancel, which would be a fault of this library.

        Notes
        -----
        A simplex (p_0, …, p_k) has the boundary Σ (−1)^i (p_0, …, without p_i, …, p_k). The boundaries of all simplices
        cancel, which is checked, and every simplex lies in the region. With lineality all points lie in the section
        where the dropped coordinates are zero.

        In a closed region the bounded cells are triangulated by pulling the vertices of least number; in an open region
        the cells stand for their dual cells, sums over flags of cells. Section 8 of docs/mathematics.md has the proof.
        """
        build = self._dual_cells if self.region.is_open else self._triangulated
        found: dict[tuple[Name, ...], int] = {}
        for simplex, coefficient in build(degree, cells):
            found[simplex] = found.get(simplex, 0) + coefficient
        if modulus:
            found = {simplex: nearest_residue(coefficient, modulus) for simplex, coefficient in found.items()}
        found = {simplex: coefficient for simplex, coefficient in found.items() if coefficient}
        _check_boundary(found, modulus)
        cx = self.region.complex
        points: dict[Name, Point] = {name: cx.interior_point(*name) for simplex in found for name in simplex}
        return [(tuple(points[name] for name in simplex), coefficient) for simplex, coefficient in found.items()]

    def _triangulated(self, degree: int, cells: Mapping[int, int]) -> Iterator[tuple[tuple[Name, ...], int]]:
        low = self.region.complex.coordinates.lineality_dim
        vertices: dict[Name, frozenset[int]] = {}
        known: dict[Name, list[tuple[tuple[Name, ...], int]]] = {}

        def vertices_of(q: int, i: int) -> frozenset[int]:
            if q == 0:
                return frozenset([i])
            if (q, i) not in vertices:
                vertices[q, i] = frozenset().union(*(vertices_of(q - 1, f) for f, _ in self._facets_of(low + q, i)))
            return vertices[q, i]

        def triangulation(q: int, i: int) -> list[tuple[tuple[Name, ...], int]]:
            if q == 0:
                return [(((low, i),), 1)]
            if (q, i) not in known:
                v = min(vertices_of(q, i))
                known[q, i] = [
                    (((low, v), *simplex), sign * coefficient)
                    for f, sign in self._facets_of(low + q, i)
                    if v not in vertices_of(q - 1, f)
                    for simplex, coefficient in triangulation(q - 1, f)
                ]
            return known[q, i]

        for i, coefficient in cells.items():
            for simplex, sign in triangulation(degree, i):
                yield simplex, coefficient * sign

    def _dual_cells(self, degree: int, cells: Mapping[int, int]) -> Iterator[tuple[tuple[Name, ...], int]]:
        d = self.region.complex.input_dim
        # Flags are extended at the front: every cell is a facet of the cell before it.
        flags: list[tuple[tuple[Name, ...], int]] = [(((d - degree, i),), v) for i, v in cells.items()]
        for k in range(d - degree + 1, d + 1):
            flags = [
                (((k, c), *flag), v * sign) for flag, v in flags for c, sign in self._cofaces_of(k - 1, flag[0][1])
            ]
        for flag, v in flags:
            yield flag, v * int(self.orientation[flag[0][1]])

    def _facets_of(self, k: int, i: int) -> list[tuple[int, int]]:
        if k not in self._facets:
            self._facets[k] = self.region.complex.facets(k)
        return self._facets[k].entries(i)

    def _cofaces_of(self, k: int, i: int) -> list[tuple[int, int]]:
        if k not in self._cofaces:
            self._cofaces[k] = self.region.complex.facets(k + 1).transpose()
        return self._cofaces[k].entries(i)


def nearest_residue(x: int, p: int) -> int:
    """The integer of least absolute value that is x modulo p; p/2, not −p/2."""
    return (x + (p - 1) // 2) % p - (p - 1) // 2


def _check_boundary(simplices: Mapping[tuple[Name, ...], int], modulus: int) -> None:
    boundary: dict[tuple[Name, ...], int] = {}
    for simplex, coefficient in simplices.items():
        for i in range(len(simplex)) if len(simplex) > 1 else ():
            face = simplex[:i] + simplex[i + 1 :]
            boundary[face] = boundary.get(face, 0) + (-1) ** i * coefficient
    if any(value % modulus if modulus else value for value in boundary.values()):
        raise VerificationError("the simplices of a cycle have a boundary")
