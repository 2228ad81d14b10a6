"""Boundaries of chains and coboundaries of cochains that are given as dictionaries."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.matching import Chain


def boundary(complex_: ChainComplex, degree: int, chain: Chain) -> Chain:
    """The boundary of a chain of a degree ≥ 0 of the complex."""
    if degree == 0:
        return {}
    indptr, indices, data = complex_.boundary_arrays(degree)
    total: Chain = {}
    for c, coefficient in chain.items():
        part = slice(int(indptr[c]), int(indptr[c + 1]))
        for x, value in zip(indices[part].tolist(), data[part].tolist(), strict=True):
            total[x] = total.get(x, 0) + coefficient * value
    return {x: value for x, value in total.items() if value}


def coboundary(complex_: ChainComplex, degree: int, cochains: Mapping[int, Chain]) -> dict[tuple[int, int], int]:
    """The values ≠ 0 of the coboundaries of the f_i: (generator of C_{degree+1}, i) → value."""
    if degree + 1 == len(complex_.ranks):
        return {}
    indptr, indices, data = complex_.boundary_arrays(degree + 1)
    at = np.flatnonzero(np.isin(indices, np.fromiter(cochains, np.int64, len(cochains))))
    column = np.searchsorted(indptr, at, side="right") - 1
    values: dict[tuple[int, int], int] = {}
    for c, x, coefficient in zip(column.tolist(), indices[at].tolist(), data[at].tolist(), strict=True):
        for i, value in cochains[x].items():
            values[c, i] = values.get((c, i), 0) + coefficient * value
    return {key: value for key, value in values.items() if value}
