"""Boundaries of chains and coboundaries of cochains that are given as dictionaries."""

from __future__ import annotations

from collections.abc import Mapping

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


def coboundary(complex_: ChainComplex, degree: int, cochains: Mapping[int, Chain]) -> dict[int, Chain]:
    """The coboundaries of cochains f_0, f_1, … of a degree ≥ 0: generator of C_{degree+1} → {i: value}."""
    if degree + 1 >= len(complex_.ranks):
        return {}
    rows = complex_.boundary_arrays(degree + 1).transpose()
    found: dict[int, Chain] = {}
    for x, values in cochains.items():
        for cell, coefficient in rows.entries(x):
            own = found.setdefault(cell, {})
            for i, value in values.items():
                own[i] = own.get(i, 0) + coefficient * value
    return {cell: kept for cell, own in found.items() if (kept := {i: value for i, value in own.items() if value})}
