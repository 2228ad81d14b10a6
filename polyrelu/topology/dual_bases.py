"""Bases of homology groups with the dual bases of cohomology, over Z modulo torsion and over fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from flint import nmod_mat

from polyrelu.errors import VerificationError
from polyrelu.topology.coefficients import Coefficients
from polyrelu.topology.contraction import Cochains
from polyrelu.topology.cycles import CycleFinder
from polyrelu.topology.matching import Chain
from polyrelu.topology.smith_form import smith_normal_form


class DualBasis(NamedTuple):
    """Cycles z_1, …, z_n for a basis of H_k, and cocycles that span the dual group.

    Attributes
    ----------
    cycles : tuple of dict
        The z_j: cell → coefficient.
    cochains : dict of int to dict
        Cocycles f_1, …, f_n: cell → {i: f_i(cell)}, zeros left out.
    inverse : list of dict, or None
        By rows, the inverse of the matrix f_i(z_j), None for the identity. The combinations of the f_i with these
        coefficients are the basis dual to the z_j.
    """

    cycles: tuple[Chain, ...]
    cochains: Cochains
    inverse: list[Chain] | None


def dual_basis(finder: CycleFinder, degree: int, coefficients: Coefficients) -> DualBasis:
    """A basis of H_k modulo torsion, or of the homology over a field, and one of the dual group.

    Parameters
    ----------
    finder : CycleFinder
        The finder of the cycles of a chain complex.
    degree : int
        The degree k ≥ 0.
    coefficients : "Z", "Q" or int
        "Z" or "Q" for H_k modulo torsion, or a prime number.

    Returns
    -------
    DualBasis
        Modulo torsion, the cycles of infinite order; over the field of p elements those of `FieldCycles`.

    Raises
    ------
    VerificationError
        If the matrix f_i(z_j) is not invertible, or as for the finder.
    """
    if degree >= len(finder.groups.betti):
        return DualBasis((), {}, None)
    modulus = coefficients if isinstance(coefficients, int) else 0
    found, cochains = finder.over(modulus or "Q").find_with_cocycles(degree)
    cycles = tuple(cycle.coefficients for cycle in found)
    return DualBasis(cycles, cochains, _inverse(_values(cycles, cochains), modulus))


def _values(cycles: Sequence[Chain], cochains: Cochains) -> list[Chain]:
    """The matrix f_i(z_j) by rows."""
    rows: list[Chain] = [{} for _ in cycles]
    for j, cycle in enumerate(cycles):
        for cell, coefficient in cycle.items():
            for i, value in cochains.get(cell, {}).items():
                rows[i][j] = rows[i].get(j, 0) + coefficient * value
    return [{j: value for j, value in row.items() if value} for row in rows]


def _inverse(rows: list[Chain], modulus: int) -> list[Chain] | None:
    """The inverse of an invertible matrix, modulo a prime or, for 0, of determinant ±1; None for the identity."""
    n = len(rows)
    if modulus:
        rows = [{j: kept for j, value in row.items() if (kept := value % modulus)} for row in rows]
    if rows == [{i: 1} for i in range(n)]:
        return None
    if not modulus:
        form = smith_normal_form((n, n, [(i, j, value) for i, row in enumerate(rows) for j, value in row.items()]))
        if form.invariant_factors != (1,) * n:
            raise VerificationError("the values of cocycles on cycles have another determinant than 1 and −1")
        u, v = form.sparse_rows("U"), form.sparse_rows("V")
        return [_combined([(value, dict(u.entries(k))) for k, value in v.entries(i)]) for i in range(n)]
    dense = nmod_mat(n, n, [row.get(j, 0) for row in rows for j in range(n)], modulus)
    if dense.rank() != n:
        raise VerificationError(f"the values of cocycles on cycles have the determinant 0 modulo {modulus}")
    inverse = dense.inv()
    return [{j: value for j in range(n) if (value := int(inverse[i, j]))} for i in range(n)]


def _combined(terms: Iterable[tuple[int, Chain]]) -> Chain:
    total: Chain = {}
    for factor, row in terms:
        for j, value in row.items():
            total[j] = total.get(j, 0) + factor * value
    return {j: value for j, value in total.items() if value}
