"""Bases of homology groups: the coordinates of a cycle, and cycles with given coordinates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from flint import nmod_mat

from polyrelu.errors import InputError
from polyrelu.exact.limits import memory_is_a_limit, read_limit
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import describe
from polyrelu.geometry.region import CellSet
from polyrelu.immutable import Immutable
from polyrelu.topology.boundaries import boundary
from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.coefficients import Coefficients, read_coefficients
from polyrelu.topology.cycle import Cycle
from polyrelu.topology.cycles import CycleFinder
from polyrelu.topology.field_cycles import FieldCycles, pairing
from polyrelu.topology.groups import Homology, homology_groups, read_degree
from polyrelu.topology.matching import Chain
from polyrelu.topology.smith_form import SmithForm, smith_normal_form


class HomologyClass(NamedTuple):
    """The coordinates of a class in H_k = Z^b ⊕ Z/m_1 ⊕ … ⊕ Z/m_t, or in a vector space H_k = K^b.

    Attributes
    ----------
    free : tuple of int
        The b coordinates in Z or Q, or in the field of p elements, from 0 to p − 1.
    torsion : tuple of int
        The t coordinates in Z/m_i, from 0 to m_i − 1.
    """

    free: tuple[int, ...]
    torsion: tuple[int, ...]


class _Degree(NamedTuple):
    """A basis z_j of the group of a degree, the cochains f_i dual to it, and what makes coordinates of their values.

    cochains: cell → {i: f_i}. inverse: a Smith form whose V U is the inverse of f_i(z_j), i, j < b, None for the
    identity. values: j → {i: f_i(z_j)} for j < b ≤ i. modular: over the field of p elements f_i(z_j), modulo p.
    """

    cycles: tuple[Cycle, ...]
    cochains: Mapping[int, Chain]
    inverse: SmithForm | None
    values: Mapping[int, Chain]
    modular: nmod_mat | None = None


class HomologyBasis(Immutable):
    """Isomorphisms H_k → Z^b ⊕ Z/m_1 ⊕ … ⊕ Z/m_t in every degree k of a chain complex or a region, and their inverses.

    Over a field K they are isomorphisms H_k → K^b. Chains have integers as coefficients there too: over the field of p
    elements modulo p, over Q because every chain has a multiple with integers.

    The classes of `cycles(k)` correspond to the unit vectors. Chains are dictionaries from the numbers of generators of
    C_k to coefficients; for a region C is `chain_complex(region)`. Immutable; what is computed for a degree is kept.

    Attributes
    ----------
    homology : Homology
        The groups up to isomorphism.

    Notes
    -----
    Cochains f_i on C dual to the cycles z_j are found in the reduced complex and composed with the projection p of C to
    it (`Reduction`). They are verified in C as it was given, when a degree is first asked for: f_i vanishes on all
    boundaries, for the summand Z/m_i modulo m_i; the z_j are cycles, and m_j z_j is a boundary for those of finite
    order, on which the f_i with values in Z therefore vanish; f_i(z_j) is a unimodular matrix M for the z_j of infinite
    order, and the identity modulo m_i for the others. So the f_i are a homomorphism from H_k to the group above, and
    the z_j go to the columns of an invertible block triangular matrix. What follows it with the inverse of that matrix
    takes the z_j to the unit vectors and is surjective. H_k is isomorphic to the group, and a surjective homomorphism
    between isomorphic finitely generated Abelian groups is an isomorphism. Over a field see `FieldCycles`.

    The time for the coordinates of a cycle is proportional to the numbers of its terms and of the entries of its
    boundary. The cochains of a degree may have as many entries as there are generators, for each summand of H_k.
    """

    __slots__ = ("_degrees", "_field", "_finder", "_source", "homology")

    homology: Homology
    _source: ChainComplex | CellSet
    _finder: CycleFinder
    _field: FieldCycles | None
    _degrees: dict[int, _Degree]

    def __init__(self, source: ChainComplex | CellSet, groups: Homology, coefficients: Coefficients = "Z") -> None:
        """For `homology_basis`: `groups` are those over the integers."""
        finder = CycleFinder(source, groups)
        homology = replace(groups, _finder=finder).with_coefficients(coefficients)
        field = homology._finder if isinstance(homology._finder, FieldCycles) else None
        self._put(homology=homology, _source=source, _finder=finder, _field=field, _degrees={})

    @property
    def coefficients(self) -> Coefficients:
        """The coefficients: "Z", "Q", or p for the field of p elements."""
        return self.homology.coefficients

    @property
    def source(self) -> ChainComplex | CellSet:
        """The chain complex or region whose homology this is."""
        return self._source

    @property
    def complex(self) -> ChainComplex:
        """The chain complex to which the chains belong."""
        return self._finder.complex

    @property
    def orientation(self) -> npt.NDArray[np.int8]:
        """For an open region, the signs of its d-cells with which `Cycle.pieces` orients dual cells; otherwise 0."""
        return self._finder.orientation

    @memory_is_a_limit
    def cycles(self, degree: int) -> tuple[Cycle, ...]:
        """The cycles whose classes are the basis, those of `homology.cycles(degree)`.

        Parameters
        ----------
        degree : int
            A degree k of the homology.

        Returns
        -------
        tuple of Cycle
            A basis of H_k modulo torsion, then one for each Z/m. Over a field a basis; see `Homology.cycles`.

        Raises
        ------
        InputError
            If it is no degree of the homology, or the region is neither open nor closed.
        """
        return self.homology.cycles(degree)

    @memory_is_a_limit
    def coordinates(self, cycle: Cycle | Mapping[int, int], degree: int) -> HomologyClass:
        """The coordinates of the class of a cycle in the basis.

        Parameters
        ----------
        cycle : Cycle or mapping of int to int
            The coefficients of the cycle by the numbers of generators of C_k, zeros may be left out.
        degree : int
            The degree k of the cycle.

        Returns
        -------
        HomologyClass
            The coordinates in Z, and those in Z/m for every m in `homology.torsion[k]`; or those in the field. All are
            0 if and only if the cycle is a boundary.

        Raises
        ------
        InputError
            If it is no chain of this degree, or it has a boundary, or as for `cycles`.
        """
        k = read_degree(self.homology, degree, "coordinates")
        chain = self._read_chain(cycle, k)
        p = self.coefficients if isinstance(self.coefficients, int) else 0
        rim = boundary(self._finder.complex, k, chain) if chain else {}
        if wrong := [term for term in rim.items() if not p or term[1] % p]:
            at, value = min(wrong)
            raise InputError(
                f"cycle: not a cycle, since its boundary has the coefficient {brief(value)} at generator {at} of "
                f"degree {k - 1}{f', modulo {p}' * bool(p)}"
            )
        known = self._degree(k)
        paired: Chain = {}
        for c, coefficient in chain.items():
            for i, value in known.cochains.get(c, {}).items():
                paired[i] = paired.get(i, 0) + coefficient * value
        b, orders = self.homology.betti[k], self.homology.torsion[k]
        if p and known.modular is not None:
            column = nmod_mat(b, 1, [paired.get(i, 0) % p for i in range(b)], p)
            found = known.modular.solve(column) if b else column
            return HomologyClass(tuple(int(found[i, 0]) for i in range(b)), ())
        free = [paired.get(i, 0) for i in range(b)]
        if known.inverse is not None:
            free = _product(known.inverse, "V", _product(known.inverse, "U", free))
        torsion = [paired.get(b + i, 0) for i in range(len(orders))]
        for j, x in enumerate(free):
            for i, value in known.values.get(j, {}).items():
                torsion[i - b] -= value * x
        return HomologyClass(tuple(free), tuple(y % m for y, m in zip(torsion, orders, strict=True)))

    @memory_is_a_limit
    def representative(self, coordinates: tuple[Sequence[int], Sequence[int]], degree: int) -> dict[int, int]:
        """A cycle whose class has the given coordinates: a combination of the cycles of the basis.

        Parameters
        ----------
        coordinates : HomologyClass or pair of sequences of int
            The coordinates in Z and those in Z/m, which may be any integers.
        degree : int
            A degree k of the homology.

        Returns
        -------
        dict of int to int
            The coefficients ≠ 0 by ascending numbers of generators of C_k.

        Raises
        ------
        InputError
            If these are no coordinates in H_k, or as for `cycles`.
        """
        k = read_degree(self.homology, degree, "representative")
        numbers = self._read_coordinates(coordinates, k)
        chain: Chain = {}
        for x, cycle in zip(numbers, self.cycles(k), strict=True):
            if x:
                for c, value in cycle.terms:
                    chain[c] = chain.get(c, 0) + x * value
        return {c: value for c, value in sorted(chain.items()) if value}

    def _degree(self, k: int) -> _Degree:
        if k not in self._degrees:
            b = self.homology.betti[k]
            finder = self._finder if self._field is None else self._field
            cycles, cochains = finder.find_with_cocycles(k)
            if isinstance(p := self.coefficients, int):
                self._degrees[k] = _Degree(cycles, cochains, None, {}, pairing(cycles, cochains, p))
                return self._degrees[k]
            values: dict[int, Chain] = {}
            for j, cycle in enumerate(cycles[:b]):
                own: Chain = {}
                for c, coefficient in cycle.terms:
                    for i, value in cochains.get(c, {}).items():
                        own[i] = own.get(i, 0) + coefficient * value
                values[j] = {i: value for i, value in own.items() if value}
            free = {(i, j): value for j, own in values.items() for i, value in own.items() if i < b}
            inverse = None
            if free != {(j, j): 1 for j in range(b)}:
                inverse = smith_normal_form((b, b, [(*at, value) for at, value in free.items()]))
            values = {j: {i: value for i, value in own.items() if i >= b} for j, own in values.items()}
            self._degrees[k] = _Degree(cycles, cochains, inverse, values)
        return self._degrees[k]

    def _read_chain(self, cycle: object, k: int) -> Chain:
        if isinstance(cycle, Cycle):
            if cycle.degree != k:
                raise InputError(f"cycle: expected one of degree {k}, got one of degree {cycle.degree}")
            cycle = cycle.coefficients
        if not isinstance(cycle, Mapping):
            raise InputError(f"cycle: expected a Cycle or a mapping of generators to coefficients, {_got(cycle)}")
        ranks = self._finder.complex.ranks
        rank = ranks[k] if k < len(ranks) else 0
        chain: Chain = {}
        for c, value in cycle.items():
            if not _is_integer(c) or not 0 <= c < rank:
                raise InputError(f"cycle: expected numbers ≥ 0 and < {rank} of generators of degree {k}, {_got(c)}")
            if not _is_integer(value):
                raise InputError(f"cycle, generator {c}: expected an integer, {_got(value)}")
            if value:
                chain[int(c)] = int(value)
        return chain

    def _read_coordinates(self, coordinates: object, k: int) -> list[int]:
        sizes = self.homology.betti[k], len(self.homology.torsion[k])
        expected = f"expected a pair of {sizes[0]} and {sizes[1]} integers"
        if not isinstance(coordinates, (tuple, list)) or len(coordinates) != 2:
            raise InputError(f"coordinates: {expected}, {_got(coordinates)}")
        for part, size in zip(coordinates, sizes, strict=True):
            if not isinstance(part, (tuple, list)) or len(part) != size or not all(map(_is_integer, part)):
                raise InputError(f"coordinates: {expected}, {_got(part)}")
        return [int(x) for part in coordinates for x in part]

    def __reduce__(self) -> tuple[Any, ...]:
        groups = self._finder.groups
        return HomologyBasis, (self._source, Homology(groups.betti, groups.torsion), self.coefficients)

    def __repr__(self) -> str:
        return f"HomologyBasis({self.homology})"


@memory_is_a_limit
def homology_basis(
    obj: ChainComplex | CellSet, *, coefficients: Coefficients = "Z", max_memory: int | None = None
) -> HomologyBasis:
    """The homology of a chain complex or a region, with a basis of every group and coordinates of cycles in it.

    Parameters
    ----------
    obj : ChainComplex or CellSet
        A chain complex, or a region, which must be open or closed.
    coefficients : "Z", "Q", or a prime number, default "Z"
        As for `homology`.
    max_memory : int, optional
        The maximum number of bytes for each Smith form after the reduction, if it is large. The default is the free
        memory.

    Returns
    -------
    HomologyBasis
        The isomorphisms between the homology groups and sums of cyclic groups. Each degree is computed when it is first
        asked for.

    Raises
    ------
    InputError
        If the argument is neither a chain complex nor a region, or these are no coefficients.
    LimitError
        If the memory does not suffice.
    VerificationError
        If a check of the result fails.

    Examples
    --------
    The projective plane, one cell in each dimension. The 1-cell is a cycle of order 2:

    >>> import polyrelu as pr
    >>> plane = pr.homology_basis(pr.ChainComplex([[[0]], [[2]]]))
    >>> plane
    HomologyBasis(H_0 = Z, H_1 = Z/2, H_2 = 0)
    >>> plane.coordinates({0: 3}, 1)
    HomologyClass(free=(), torsion=(1,))

    Over the field of two elements the 2-cell is a cycle as well:

    >>> plane = pr.homology_basis(pr.ChainComplex([[[0]], [[2]]]), coefficients=2)
    >>> plane, plane.coordinates({0: 1}, 2)
    (HomologyBasis(H_0 = F_2, H_1 = F_2, H_2 = F_2), HomologyClass(free=(1,), torsion=()))

    A loop in a region, in the basis and back:

    >>> net = pr.Network([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 1, 1]]], [[0] * 4, [0]])  # F = |x| + |y|
    >>> ring = pr.homology_basis(pr.subdivide(net, level=1).region("="))
    >>> loop = ring.cycles(1)[0]
    >>> ring.coordinates(loop, 1)
    HomologyClass(free=(1,), torsion=())
    >>> ring.representative(((-2,), ()), 1) == {edge: -2 * value for edge, value in loop.terms}
    True
    """
    ring = read_coefficients(coefficients)
    read_limit(max_memory, "max_memory")
    return HomologyBasis(obj, homology_groups(obj, max_memory), ring)


def _product(form: SmithForm, name: str, vector: Sequence[int]) -> list[int]:
    """One of the matrices of a Smith form times a vector."""
    rows = form.sparse_rows(name)
    return [sum(value * vector[j] for j, value in rows.entries(i)) for i in range(rows.n_rows)]


def _is_integer(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _got(value: object) -> str:
    return f"got {describe(value)}"
