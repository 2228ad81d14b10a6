"""Cycles with coefficients in a field, from those over the integers, and the cocycles dual to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from flint import nmod_mat

from polyrelu.errors import VerificationError
from polyrelu.topology.boundaries import coboundary
from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.coefficients import Coefficients
from polyrelu.topology.cycle import Cycle
from polyrelu.topology.matching import Chain
from polyrelu.topology.realisation import nearest_residue


class Summands(NamedTuple):
    """The cyclic summands of a homology group over Z: those of infinite order, then those of finite order.

    Attributes
    ----------
    cycles : tuple of Cycle
        z_j, which generate them.
    cochains : dict of int to dict of int to int
        The cochains f_i dual to them: generator of C_k → {i: value}, zeros left out.
    fillings : tuple of dict of int to int
        Chains of the degree above, with the boundaries m_j z_j of the cycles of finite order.
    """

    cycles: tuple[Cycle, ...]
    cochains: dict[int, Chain]
    fillings: tuple[Chain, ...]


class IntegralCycles(Protocol):
    """What finds the summands over the integers."""

    @property
    def complex(self) -> ChainComplex: ...
    def find(self, degree: int) -> tuple[Cycle, ...]: ...
    def summands(self, degree: int) -> Summands: ...
    def cycle(self, degree: int, order: int, chain: Chain, modulus: int = 0) -> Cycle: ...


class FieldCycles:
    """Cycles whose classes are a basis of H_k(C; K), K a field, for each degree k, and cocycles dual to them.

    Notes
    -----
    Over Q a basis of H_k(C) modulo torsion is one. Over the field of p elements: let z_i generate the summand Z/m_i of
    H_k(C), f_i : C_k → Z be the cochain dual to it, and c_i a chain with ∂c_i = m_i z_i, for all i with p | m_i. Then
    c_i is a cycle modulo p in degree k + 1, and g_i = (f_i ∘ ∂)/m_i, which is integral since f_i is a cocycle modulo
    m_i, is a cocycle with g_i(c_j) = m_j f_i(z_j)/m_i; this is 1 modulo p for i = j, and 0 for i ≠ j because m_i then
    divides f_i(z_j). On cycles over Z the g_i vanish. So in degree k the free z_j, the z_i and the c_i of degree k − 1
    are cycles modulo p, and their values under the f_j, the f_i and the g_i are a block triangular matrix with
    invertible blocks. Cocycles vanish on boundaries; so these cycles are linearly independent in H_k(C; F_p), and there
    are as many of them as its dimension (`Homology.with_coefficients`).
    """

    def __init__(self, source: IntegralCycles, torsion: Sequence[Sequence[int]], coefficients: Coefficients) -> None:
        self._source, self._torsion = source, torsion
        self._p = coefficients if isinstance(coefficients, int) else 0
        self._found: dict[int, tuple[Cycle, ...]] = {}

    def find(self, degree: int) -> tuple[Cycle, ...]:
        """The cycles of a degree."""
        if degree not in self._found:
            if self._p:
                self._found[degree], _ = self.find_with_cocycles(degree)
            else:
                self._found[degree] = tuple(z for z in self._integral_cycles(degree) if z.order == 0)
        return self._found[degree]

    def over(self, coefficients: Coefficients) -> FieldCycles:
        """Itself: `Homology.with_coefficients` changes no field."""
        return self

    def find_with_cocycles(self, degree: int) -> tuple[tuple[Cycle, ...], dict[int, Chain]]:
        """The same cycles, and the cocycles, one for each: generator → {i: value}, modulo p; not kept."""
        if not self._p:
            found = self._source.summands(degree)
            kept = [i for i, z in enumerate(found.cycles) if z.order == 0]
            return tuple(found.cycles[i] for i in kept), _chosen(found.cochains, kept)
        return self._modulo_p(degree)

    def _modulo_p(self, degree: int) -> tuple[tuple[Cycle, ...], dict[int, Chain]]:
        p, source = self._p, self._source
        cycles: list[Cycle] = []
        cochains: dict[int, Chain] = {}
        if degree < len(self._torsion):
            found = source.summands(degree)
            kept = [i for i, z in enumerate(found.cycles) if z.order % p == 0]
            cycles += [source.cycle(degree, p, self._residues(found.cycles[i].coefficients), p) for i in kept]
            cochains = {c: self._residues(values) for c, values in _chosen(found.cochains, kept).items()}
        if degree and any(m % p == 0 for m in self._torsion[degree - 1]):
            below = source.summands(degree - 1)
            free = len(below.cycles) - len(below.fillings)
            kept = [i for i, z in enumerate(below.cycles) if z.order and z.order % p == 0]
            number = {i: j for j, i in enumerate(kept, len(cycles))}
            cycles += [source.cycle(degree, p, self._residues(below.fillings[i - free]), p) for i in kept]
            for c, values in coboundary(source.complex, degree - 1, below.cochains).items():
                for i, value in values.items():
                    if i in number and (x := nearest_residue(value // below.cycles[i].order, p)):
                        cochains.setdefault(c, {})[number[i]] = x
        if pairing(cycles, cochains, p).rank() != len(cycles):
            raise VerificationError(f"degree {degree}: the cycles modulo {p} are no basis")
        return tuple(cycles), cochains

    def _integral_cycles(self, degree: int) -> tuple[Cycle, ...]:
        return self._source.find(degree) if degree < len(self._torsion) else ()

    def _residues(self, chain: Mapping[int, int]) -> Chain:
        residues = ((c, nearest_residue(value, self._p)) for c, value in chain.items())
        return {c: value for c, value in residues if value}


def pairing(cycles: Sequence[Cycle], cochains: Mapping[int, Chain], p: int) -> nmod_mat:
    """The matrix f_i(z_j) modulo p."""
    n = len(cycles)
    values = [[0] * n for _ in range(n)]
    for j, cycle in enumerate(cycles):
        for c, coefficient in cycle.terms:
            for i, value in cochains.get(c, {}).items():
                values[i][j] += coefficient * value
    return nmod_mat(n, n, [value % p for row in values for value in row], p)


def _chosen(cochains: Mapping[int, Chain], kept: Sequence[int]) -> dict[int, Chain]:
    """Those of some numbers, renumbered."""
    number = {i: j for j, i in enumerate(kept)}
    chosen = {c: {number[i]: value for i, value in of.items() if i in number} for c, of in cochains.items()}
    return {c: values for c, values in chosen.items() if values}
