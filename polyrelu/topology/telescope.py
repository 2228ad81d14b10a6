"""Bars of a sequence of chain maps: how long each class of homology lasts along it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.fibers import reduce_within_fibers
from polyrelu.topology.pairing import pairs

StepBar = tuple[int, int | None]


def telescope_bars(
    complexes: Sequence[ChainComplex], maps: Sequence[Sequence[SparseRows]]
) -> tuple[tuple[StepBar, ...], ...]:
    """The bars over the rational numbers of H(C₀) → H(C₁) → … → H(C_L), by degree.

    Parameters
    ----------
    complexes : sequence of ChainComplex
        The complexes C₀, …, C_L.
    maps : sequence of sequences of SparseRows
        For each i < L and each degree of C_i the chain map to C_{i+1} by compressed columns.

    Returns
    -------
    tuple of tuples of pairs (i, j)
        For each degree, in order, a class that is first in H(C_i) and is zero, or equal to older ones, in H(C_j); j is
        None if it lasts to the end. The rank of H(C_i) → H(C_j) is the number of bars that begin at i or before and end
        after j.

    Raises
    ------
    ChainComplexError
        If a map does not commute with the boundary maps.

    Notes
    -----
    The mapping telescope has the generators of all C_i, and for each generator c of C_i, i < L, one more, c′, of the
    next degree with ∂c′ = f_i(c) − c − (∂c)′. Its part T_i, of all generators of C_0, …, C_i and the c′ between these,
    retracts to C_i, and then the inclusion of T_i in T_{i+1} is f_i. So its persistent homology is that of the
    sequence. ∂∂ = 0 in it says that the f_i are chain maps, and is checked.
    """
    top = max((len(c.ranks) for c in complexes), default=0) + 1
    first: dict[tuple[int, int, bool], int] = {}  # (step, degree in C, whether c′) → number of the first
    ranks = [0] * (top + 1)
    steps: list[list[npt.NDArray[np.int32]]] = [[] for _ in ranks]
    for i, complex_ in enumerate(complexes):
        for k, rank in enumerate(complex_.ranks):
            for shift in (0, 1) if i < len(maps) else (0,):
                first[i, k, bool(shift)] = ranks[k + shift]
                ranks[k + shift] += rank
                steps[k + shift].append(np.full(rank, i + shift, np.int32))
    entries: list[list[tuple[Any, Any, Any]]] = [[] for _ in ranks]
    for (i, k, primed), start in first.items():
        complex_ = complexes[i]
        degree = k + primed
        if k:
            boundary = complex_.boundary_arrays(k)
            sign = -1 if primed else 1
            entries[degree].append(
                (start + boundary.row_numbers(), first[i, k - 1, primed] + boundary.index, sign * _wide(boundary))
            )
        if primed:
            own = np.arange(complex_.ranks[k])
            entries[degree].append((start + own, first[i, k, False] + own, np.full(len(own), -1, np.int64)))
            image = maps[i][k]
            if len(image.index):
                to = first[i + 1, k, False]
                entries[degree].append((start + image.row_numbers(), to + image.index, _wide(image)))
    columns = [_columns(ranks[k], ranks[k - 1], entries[k]) for k in range(1, len(ranks))]
    all_steps = [np.concatenate([*of, np.zeros(0, np.int32)]).astype(np.int32) for of in steps]
    cells, critical = reduce_within_fibers(ChainComplex.from_arrays(ranks, columns), all_steps)
    left = [x[found] for x, found in zip(all_steps, cells, strict=True)]
    order = [np.argsort(of, kind="stable") for of in left]
    bars: list[list[StepBar]] = [[] for _ in range(top)]
    for degree, found in enumerate(pairs(_reordered(critical, order), 0)[:top]):
        begins = left[degree][order[degree]]
        for birth, death in zip(found.births, found.deaths, strict=True):
            begin, end = int(begins[birth]), int(left[degree + 1][order[degree + 1][death]])
            if begin != end:
                bars[degree].append((begin, end))
        bars[degree] += [(int(begins[birth]), None) for birth in found.essential]
    last = len(complexes)
    return tuple(tuple(sorted(of, key=lambda bar: (bar[0], last if bar[1] is None else bar[1]))) for of in bars)


def _reordered(complex_: ChainComplex, order: Sequence[npt.NDArray[np.int64]]) -> ChainComplex:
    """The complex with the cells of each degree in another order."""
    columns = []
    for k in range(1, len(order)):
        number = np.empty(len(order[k - 1]), np.int64)
        number[order[k - 1]] = np.arange(len(number))
        columns.append(complex_.boundary_arrays(k).select(order[k]).renumbered(number, len(number)))
    return ChainComplex.from_arrays(complex_.ranks, columns)


def _wide(matrix: SparseRows) -> npt.NDArray[np.int64]:
    return np.asarray(matrix.values, dtype=np.int64)


def _columns(n_columns: int, n_rows: int, entries: list[tuple[Any, Any, Any]]) -> SparseRows:
    none = np.zeros(0, np.int64)
    column, row, value = (np.concatenate([none, *(e[n] for e in entries)]).astype(np.int64) for n in range(3))
    return SparseRows.from_entries(column, row.astype(np.int32), value, n_columns, n_rows)
