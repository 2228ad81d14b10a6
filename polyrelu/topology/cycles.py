"""Representative cycles: chains whose classes generate a homology group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from polyrelu.errors import InputError, VerificationError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.geometry.region import CellSet
from polyrelu.topology.boundaries import boundary, coboundary
from polyrelu.topology.chain import ChainComplex, chain_complex, generating_cells
from polyrelu.topology.coefficients import Coefficients
from polyrelu.topology.cycle import Cycle
from polyrelu.topology.field_cycles import FieldCycles, Summands
from polyrelu.topology.generators import generators
from polyrelu.topology.groups import Homology, homology_groups, read_degree
from polyrelu.topology.matching import Chain
from polyrelu.topology.realisation import Realisation
from polyrelu.topology.reduction import Reduction
from polyrelu.topology.shortening import enclosing, short_loops
from polyrelu.topology.smith import invariant_factors

__all__ = ["Cycle", "CycleFinder", "cycles"]


@memory_is_a_limit
def cycles(source: ChainComplex | CellSet, degree: int) -> tuple[Cycle, ...]:
    """Representative cycles of a chain complex or a region: a basis of H_degree modulo torsion, then one for each Z/m.

    `homology(source).cycles(degree)` is the same, and has what is said of it; use that for several degrees.

    Parameters
    ----------
    source : ChainComplex or CellSet
        A region must be open or closed.
    degree : int
        From 0 to n for a complex C_n → … → C_0, to d − 1 for a region in R^d.

    Returns
    -------
    tuple of Cycle

    Raises
    ------
    InputError
        Other sources and degrees.

    Examples
    --------
    >>> from polyrelu import ChainComplex
    >>> [str(cycle) for cycle in cycles(ChainComplex([[[-1, -1], [1, 1]]]), 1)]
    ['1-cycle on 2 cells']
    """
    groups = homology_groups(source)
    return CycleFinder(source, groups).find(read_degree(groups, degree))


class CycleFinder:
    """Finds the cycles of a chain complex or a region, degree by degree, and keeps what it has found.

    `groups` is the homology of the source.
    """

    def __init__(self, source: ChainComplex | CellSet, groups: Homology) -> None:
        self._source = source
        self._groups = groups
        self._found: dict[int, tuple[Cycle, ...]] = {}
        self._numbers: dict[int, list[int]] = {}
        self._prepared: tuple[ChainComplex, Reduction, Realisation | None] | None = None

    def find(self, degree: int) -> tuple[Cycle, ...]:
        """Cycles of a degree ≥ 0 for a basis of H_k modulo torsion, then for generators of its torsion summands.

        All is verified against the groups in the complex as it was given (VerificationError): see `_verify`.
        """
        if degree not in self._found:
            self._found[degree], _ = self.find_with_cocycles(degree)
        return self._found[degree]

    def find_with_cocycles(self, degree: int) -> tuple[tuple[Cycle, ...], dict[int, Chain]]:
        """The same cycles z_j, and cochains f_i, one for each: cell → {i: f_i(cell)}, zeros left out. Not kept.

        The f_i are cocycles, those of torsion modulo m_i. The matrix f_i(z_j) is unimodular for the cycles of infinite
        order, and the identity modulo m_i for those of finite order. See `_verify`.
        """
        return self.summands(degree)[:2]

    def summands(self, degree: int) -> Summands:
        """The same cycles and cochains, and chains of degree + 1 with the boundaries m_i z_i of the torsion cycles."""
        betti, torsion = self._groups.betti[degree], self._groups.torsion[degree]
        return self._find(degree, betti, torsion) if betti or torsion else Summands((), {}, ())

    def over(self, coefficients: Coefficients) -> FieldCycles:
        """The cycles with coefficients in a field."""
        return FieldCycles(self, self._groups.torsion, coefficients)

    def cycle(self, degree: int, order: int, chain: Chain, modulus: int = 0) -> Cycle:
        """A chain of the complex as a Cycle, with its place if this is the complex of a region."""
        _, _, place = self._prepare()
        terms = tuple(sorted(chain.items()))
        if place is None:
            return Cycle(degree, order, terms, modulus=modulus)
        numbers = self._cell_numbers(degree)
        return Cycle(degree, order, terms, place, tuple(numbers[c] for c, _ in terms), modulus)

    @property
    def groups(self) -> Homology:
        """The homology over the integers."""
        return self._groups

    @property
    def complex(self) -> ChainComplex:
        """The chain complex whose cycles are found."""
        return self._prepare()[0]

    @property
    def orientation(self) -> npt.NDArray[np.int8]:
        """For an open region, signs ±1 of its d-cells that agree along common facets; otherwise an empty array."""
        place = self._prepare()[2]
        return np.zeros(0, np.int8) if place is None else place.orientation

    def _find(self, degree: int, betti: int, torsion: Sequence[int]) -> Summands:
        complex_, reduction, _ = self._prepare()
        cells = range(reduction.complex.ranks[degree])
        summands = generators(cells, reduction.boundary(degree), reduction.boundary(degree + 1))
        orders = [s.order for s in summands]
        if orders != [0] * betti + list(torsion):
            raise VerificationError(f"degree {degree}: Betti number {betti}, torsion {torsion}, but orders {orders}")
        cocycles = reduction.pull_back([s.cochain for s in summands], degree)
        given = [partial(reduction.lift, s.cycle, degree) for s in summands]
        short = self._short(degree, cocycles, given[:betti]) if betti else []
        chains = [lift() for lift in given] if short is None else short + [lift() for lift in given[betti:]]
        fillings = [reduction.lift(s.filling, degree + 1) for s in summands[betti:]]
        _verify(complex_, degree, orders, cocycles, chains, fillings)
        cycles_ = tuple(self.cycle(degree, order, chain) for order, chain in zip(orders, chains, strict=True))
        return Summands(cycles_, cocycles, tuple(fillings))

    def _prepare(self) -> tuple[ChainComplex, Reduction, Realisation | None]:
        if self._prepared is None:
            source = self._source
            if isinstance(source, ChainComplex):
                self._prepared = source, Reduction(source), None
            elif not (source.is_open or source.is_closed):
                raise InputError(
                    "cycles: found for open and for closed regions, and this one is neither; take only strict or only "
                    "weak inequalities"
                )
            else:
                complex_ = chain_complex(source)
                reduction = Reduction(complex_)
                self._prepared = complex_, reduction, Realisation(source, _orientation(source, reduction))
        return self._prepared

    def _cell_numbers(self, degree: int) -> list[int]:
        """The cells of the polyhedral complex that span a degree of the chain complex of the region."""
        if degree not in self._numbers:
            place = self._prepare()[2]
            assert place is not None
            dimension = place.cell_dimension(degree) - place.region.complex.coordinates.lineality_dim
            self._numbers[degree] = np.flatnonzero(generating_cells(place.region)[dimension]).tolist()
        return self._numbers[degree]

    def _short(
        self, degree: int, cocycles: Mapping[int, Chain], given: Sequence[Callable[[], Chain]]
    ) -> list[Chain] | None:
        """A short basis modulo torsion, or None where there is no way to one."""
        complex_, reduction, place = self._prepare()
        vertices = reduction.components()
        if vertices is None or degree == 0:
            return None
        if place and degree == len(complex_.ranks) - 2:
            return enclosing(place.region, complex_, vertices)
        if degree > 1:
            return None
        free = {edge: {i: v for i, v in values.items() if i < len(given)} for edge, values in cocycles.items()}
        return short_loops(complex_, vertices, free, given)


def _orientation(region: CellSet, reduction: Reduction) -> npt.NDArray[np.int8]:
    """The signs with which the d-cells of an open region are homologous in H_0, the dual of being oriented alike."""
    orientation = np.zeros(region.complex.n_cells(region.complex.input_dim), np.int8)
    if region.is_open:
        vertices = reduction.components()
        if vertices is None:
            raise VerificationError("the d-cells of a component of an open region cannot be oriented alike")
        orientation[generating_cells(region)[-1]] = [sign for _, sign in vertices]
    return orientation


def _verify(
    complex_: ChainComplex,
    degree: int,
    orders: Sequence[int],
    cochains: Mapping[int, Chain],
    chains: Sequence[Chain],
    fillings: Sequence[Chain],
) -> None:
    """Prove that `chains` generate H_k = Z^b ⊕ Z/m_1 ⊕ … ⊕ Z/m_t (`orders`), given that this is H_k up to isomorphism.

    cochains: cell → {i: f_i}. fillings: of the last t chains. Checked, in the complex as given: all chains z_i are
    cycles; the f_i are cocycles, those of torsion modulo m_i; the fillings have the boundaries m_i z_i; the matrix
    f_i(z_j) of the first b is unimodular; that of the last t is the identity, modulo m_i in row i. VerificationError.

    Section 8 of docs/mathematics.md proves that this suffices.
    """
    b = orders.count(0)
    for chain in chains:
        if boundary(complex_, degree, chain):
            raise VerificationError(f"degree {degree}: a chain that should be a cycle has a boundary")
    for values in coboundary(complex_, degree, cochains).values():
        if any(orders[i] == 0 or value % orders[i] for i, value in values.items()):
            raise VerificationError(f"degree {degree}: a cochain that should be a cocycle is none")
    for order, chain, filling in zip(orders[b:], chains[b:], fillings, strict=True):
        if boundary(complex_, degree + 1, filling) != {c: order * value for c, value in chain.items()}:
            raise VerificationError(f"degree {degree}: {order} times a torsion cycle is not the boundary found for it")
    pairing = [
        (i, j, value * v)
        for j, chain in enumerate(chains)
        for c, value in chain.items()
        for i, v in cochains.get(c, {}).items()
    ]
    if invariant_factors((b, b, (x for x in pairing if max(x[:2]) < b))) != (1,) * b:
        raise VerificationError(f"degree {degree}: the cycles are no basis modulo torsion")
    torsion = {(i, i): -1 for i in range(b, len(orders))}
    for i, j, value in pairing:
        if min(i, j) >= b:
            torsion[i, j] = torsion.get((i, j), 0) + value
    if any(value % orders[i] for (i, _), value in torsion.items()):
        raise VerificationError(f"degree {degree}: the torsion cycles do not generate the torsion")
