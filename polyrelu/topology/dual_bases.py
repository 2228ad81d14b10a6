"""Bases of homology groups with the dual bases of cohomology, over Z modulo torsion and over prime fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from flint import nmod_mat

from polyrelu.errors import VerificationError
from polyrelu.topology.boundaries import boundary, coboundary
from polyrelu.topology.contraction import Cochains
from polyrelu.topology.cycles import CycleFinder
from polyrelu.topology.generators import generators
from polyrelu.topology.groups import Homology
from polyrelu.topology.matching import Chain
from polyrelu.topology.reduction import Reduction
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


def dual_basis(
    finder: CycleFinder, groups: Homology, reduction: Reduction, degree: int, modulus: int = 0
) -> DualBasis:
    """A basis of H_k modulo torsion, or of the homology over the field of p elements, and one of the dual group.

    Parameters
    ----------
    finder : CycleFinder
        The finder of the cycles of a chain complex C.
    groups : Homology
        The integral homology of C.
    reduction : Reduction
        The reduction of C.
    degree : int
        The degree k ≥ 0.
    modulus : int, default 0
        0 for H_k modulo torsion, or a prime p.

    Returns
    -------
    DualBasis
        Modulo torsion, the cycles of infinite order of `finder.find(k)`. Over a field: these, those of finite order
        divisible by p, and for each cycle z of degree k − 1 and of finite order m divisible by p a chain y with
        ∂y = mz.

    Raises
    ------
    VerificationError
        If a check fails.

    Notes
    -----
    Over the field, their number is the dimension of H_k, by the universal coefficient theorem. For a cycle z_j of order
    m_j the finder has a cochain f_j that is a cocycle modulo m_j, and, in degree k − 1, dual to z_j modulo m_j. Then
    δf_j/m_j is an integral cocycle of degree k; on y_i it is f_j(m_i z_i)/m_j, which is 1 modulo p for i = j, and a
    multiple of m_i for i ≠ j. Checked are that all f_i are cocycles and all z_j cycles, modulo p, and that the matrix
    f_i(z_j) is invertible: so the z_j are linearly independent in H_k, and a basis.
    """
    if degree >= len(groups.betti):
        return DualBasis((), {}, None)
    betti = groups.betti[degree]
    found, cochains = finder.find_with_cocycles(degree)
    cycles = [cycle.coefficients for cycle in found]
    if not modulus:
        chosen = list(range(betti))
        basis = tuple(cycles[:betti]), _selected(cochains, chosen)
        return DualBasis(*basis, _inverse(_values(*basis), 0))
    chosen = [i for i, cycle in enumerate(found) if cycle.order % modulus == 0]
    chains = [cycles[i] for i in chosen]
    values = _selected(cochains, chosen)
    if degree:
        for y, f in _divided(finder, groups, reduction, degree, modulus):
            for cell, value in f.items():
                values.setdefault(cell, {})[len(chains)] = value
            chains.append(y)
    complex_ = finder.complex
    if any(value % modulus for y in chains for value in boundary(complex_, degree, y).values()):
        raise VerificationError(f"degree {degree}: a chain that should be a cycle modulo {modulus} has a boundary")
    if any(value % modulus for f in coboundary(complex_, degree, values).values() for value in f.values()):
        raise VerificationError(f"degree {degree}: a cochain that should be a cocycle modulo {modulus} is none")
    return DualBasis(tuple(chains), values, _inverse(_values(chains, values), modulus))


def _divided(
    finder: CycleFinder, groups: Homology, reduction: Reduction, degree: int, modulus: int
) -> Iterable[tuple[Chain, Chain]]:
    """(y, δf/m) for every cycle of degree k − 1 of finite order m divisible by p."""
    b, orders = groups.betti[degree - 1], groups.torsion[degree - 1]
    chosen = [i for i, m in enumerate(orders) if m % modulus == 0]
    if not chosen:
        return
    _, cochains = finder.find_with_cocycles(degree - 1)
    summands = generators(
        range(reduction.complex.ranks[degree - 1]), reduction.boundary(degree - 1), reduction.boundary(degree)
    )
    fillings = [s.filling for s in summands if s.order]
    values = coboundary(finder.complex, degree - 1, _selected(cochains, [b + i for i in chosen]))
    for number, i in enumerate(chosen):
        own = {cell: f[number] for cell, f in values.items() if number in f}
        if any(value % orders[i] for value in own.values()):
            raise VerificationError(f"degree {degree - 1}: a cochain is no cocycle modulo {orders[i]}")
        yield reduction.lift(fillings[i], degree), {cell: value // orders[i] for cell, value in own.items()}


def _selected(cochains: Cochains, chosen: Sequence[int]) -> dict[int, Chain]:
    """The chosen cochains, numbered from 0 on."""
    number = {i: n for n, i in enumerate(chosen)}
    found = {}
    for cell, values in cochains.items():
        if own := {number[i]: value for i, value in values.items() if i in number and value}:
            found[cell] = own
    return found


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
