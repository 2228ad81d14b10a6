"""Exact volumes of regions."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import factorial, inf

import numpy as np
import numpy.typing as npt
from flint import fmpq

from polyrelu.geometry.complex import PolyhedralComplex

Array = npt.NDArray[np.object_]


def volumes(cx: PolyhedralComplex) -> list[Fraction | float]:
    """The exact d-dimensional volume of every region: a Fraction, or math.inf for an unbounded region.

    For a bounded k-cell G let ω_G be the unit k-vector of its oriented affine hull times k! times its volume. Then
    ω_G = 1 for a vertex, and otherwise

        ω_G = Σ_H [G : H] (p_H − p_G) ∧ ω_H     over the facets H,

    where p_G and p_H are any vertices of G and H: G is the signed sum of the pyramids with apex p_G over its facets,
    and the incidence number [G : H] = ±1 is the sign by which the orientations agree. As p_G the vertex with the least
    number is chosen. A facet that contains it has p_H = p_G and contributes nothing. Each face is treated once for all
    regions around it.
    """
    d = cx.input_dim
    volume: list[Fraction | float] = [inf] * cx.n_cells(d)
    if cx.coordinates.lineality_dim:
        return volume
    points = _points(cx)
    apex = np.arange(len(points))
    omega = np.full((len(points), 1), fmpq(1), dtype=object)
    for k in range(1, d + 1):
        _, facets, signs = rows = cx.facets(k)
        bounded = cx.bounded_modulo_lineality(k)
        cell = rows.row_numbers()
        least = np.full(rows.n_rows, len(points))
        np.minimum.at(least, cell, apex[facets])
        used = bounded[cell] & (apex[facets] != least[cell])
        cell, facets, signs = cell[used], facets[used], signs[used]
        ends = np.stack([apex[facets], least[cell]])
        ends[:, signs < 0] = ends[::-1, signs < 0]
        terms = _wedge(points[ends[0]] - points[ends[1]], omega[facets], k)
        omega = np.full((rows.n_rows, terms.shape[1]), fmpq(0), dtype=object)
        starts = np.flatnonzero(np.diff(cell, prepend=-1))
        if len(starts):
            omega[cell[starts]] = np.add.reduceat(terms, starts, axis=0)
        apex = least
    for i in np.flatnonzero(bounded):
        x = abs(omega[i, 0]) / factorial(d)
        volume[i] = Fraction(int(x.p), int(x.q))
    return volume


def _points(cx: PolyhedralComplex) -> Array:
    """The vertices as rows of rational numbers."""
    rows = cx.homogeneous_array()[: cx.n_finite_vertices].tolist()
    points = np.empty((len(rows), cx.input_dim), dtype=object)
    for i, (x0, *x) in enumerate(rows):
        points[i] = [fmpq(c, x0) for c in x]
    return points


def _wedge(vectors: Array, omega: Array, k: int) -> Array:
    """v ∧ ω by rows; a k-vector has a coordinate for each k-subset of the axes, in lexicographic order."""
    d = vectors.shape[1]
    before = {axes: i for i, axes in enumerate(combinations(range(d), k - 1))}
    columns = []
    for axes in combinations(range(d), k):
        column = np.full(len(vectors), fmpq(0), dtype=object)
        for position, axis in enumerate(axes):
            term = vectors[:, axis] * omega[:, before[axes[:position] + axes[position + 1 :]]]
            column = column - term if position % 2 else column + term
        columns.append(column)
    return np.stack(columns, axis=1)
