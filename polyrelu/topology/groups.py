"""Homology groups up to isomorphism, and their computation from a chain complex or a region."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from polyrelu import _core
from polyrelu.errors import InputError, VerificationError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.printing import brief, brief_repr
from polyrelu.exact.rational import describe
from polyrelu.exact.time_limit import check_time
from polyrelu.geometry.region import RELATIONS, CellSet
from polyrelu.markup import table
from polyrelu.phases import clock, log_phase
from polyrelu.topology.chain import ChainComplex, chain_complex, fault_error, report_chain
from polyrelu.topology.coefficients import Coefficients, read_coefficients, symbol
from polyrelu.topology.cycle import Cycle
from polyrelu.topology.smith import invariant_factors

_LOGGER = logging.getLogger(__name__)


class CycleSource(Protocol):
    """What a `Homology` asks for representative cycles: it has to know what that is the homology of."""

    def find(self, degree: int) -> tuple[Cycle, ...]:
        """The cycles of a degree."""

    def over(self, coefficients: Coefficients) -> CycleSource:
        """The source of cycles with coefficients in a field; asked of one over the integers."""


@dataclass(frozen=True, slots=True, repr=False)
class Homology:
    """Homology, unreduced: H_k = Z^betti[k] ⊕ the sum of Z/m over m in torsion[k], for k = 0, 1, …, or over a field.

    torsion[k] are the invariant factors greater than 1, each dividing the next. With `betti` they determine the group
    up to isomorphism, so that equality of values is isomorphism in every degree. Over a field H_k is a vector space of
    dimension betti[k], and there is no torsion.

    Attributes
    ----------
    betti : tuple of int
        The ranks, or dimensions.
    torsion : tuple of tuples of int
        The invariant factors greater than 1; none over a field.
    coefficients : "Z", "Q" or int
        "Z", "Q", or the prime number p for the field of p elements.

    Examples
    --------
    >>> import polyrelu as pr
    >>> plane = pr.homology(pr.ChainComplex([[[0]], [[2]]]))  # the projective plane
    >>> print(plane)
    H_0 = Z, H_1 = Z/2, H_2 = 0
    >>> print(plane.with_coefficients(2))
    H_0 = F_2, H_1 = F_2, H_2 = F_2
    """

    betti: tuple[int, ...]
    torsion: tuple[tuple[int, ...], ...]
    coefficients: Coefficients = "Z"
    _finder: CycleSource | None = field(default=None, repr=False, compare=False)

    @property
    def euler_characteristic(self) -> int:
        """Alternating sum of the Betti numbers."""
        return sum((-1) ** k * rank for k, rank in enumerate(self.betti))

    def with_coefficients(self, coefficients: Coefficients) -> Homology:
        """The homology of the same space, or complex, with other coefficients, from that over the integers.

        Parameters
        ----------
        coefficients : "Z", "Q", or a prime number
            "Z", "Q", or p (also "Fp" or "Z/p") for the field of p elements.

        Returns
        -------
        Homology
            Over Q the Betti numbers are the same. Over the field of p elements they are
            betti[k] + t_k + t_{k−1}, with t_k the number of the factors in torsion[k] that p divides. There is one
            degree more than here if p divides a factor in the last one, which no region has.

        Raises
        ------
        InputError
            If these are no coefficients, or this homology is over another field: it does not determine the one asked
            for.

        Notes
        -----
        For a complex C of free groups and a field K the universal coefficient theorem is
        H_k(C; K) ≅ H_k(C) ⊗ K ⊕ Tor(H_{k−1}(C), K). Z/m ⊗ F_p and Tor(Z/m, F_p) are F_p if p divides m and 0 otherwise;
        Z ⊗ K = K, Tor(Z, K) = 0 and Tor(−, Q) = 0. docs/mathematics.md has the short proof.

        References
        ----------
        A. Hatcher, Algebraic Topology, Theorem 3A.3.
        """
        ring = read_coefficients(coefficients)
        if ring == self.coefficients:
            return self
        if self.coefficients != "Z":
            raise InputError(
                f"coefficients: the homology over {symbol(self.coefficients)} does not determine that over "
                f"{symbol(ring)}; begin with the one over Z"
            )
        finder = None if self._finder is None else self._finder.over(ring)
        if isinstance(ring, str):
            return Homology(self.betti, ((),) * len(self.betti), ring, finder)
        here = [sum(m % ring == 0 for m in factors) for factors in self.torsion]
        betti = [b + t + below for b, t, below in zip(self.betti, here, [0, *here[:-1]], strict=True)]
        betti += here[-1:] if any(here[-1:]) else []
        return Homology(tuple(betti), ((),) * len(betti), ring, finder)

    @memory_is_a_limit
    def cycles(self, degree: int) -> tuple[Cycle, ...]:
        """Representative cycles: `betti[degree]` for a basis of H_degree modulo torsion, then one for each Z/m.

        Exact, and verified in the complex as it was given before they are returned: the cycles have no boundary, there
        are cocycles dual to them, and multiples that should bound are boundaries; see `cycles._verify` for the proof
        that this suffices. Each degree is computed when it is first asked for, and kept.

        The cycles of infinite order are short where that is cheap. Degree 0: a cell for each component. Degree r − 1
        in a region (d − 1 without lineality): the outer boundary of each bounded component of the complement. Degree 1
        otherwise: shortest loops through sampled vertices (`shortening.short_loops`). All others, and those of finite
        order, follow the paths of the matching that the reduction has made (`Reduction.lift`).

        Time and memory are proportional to the number of cells and to what the cycles add up to: for a region of
        300 000 cells less than a second for a degree with hundreds of cycles. For this, the `Homology` that `homology`
        returns keeps a reference to the region or complex, and what it has found. Both are no part of its value: they
        are not compared, and a pickle holds the numbers alone. So pickle the region instead, and ask for
        `polyrelu.topology.cycles.cycles(region, degree)`. A copy is the object itself.

        Over Q they are those of infinite order over Z. Over the field of p elements they are cycles modulo p: those
        over Z, without those whose order p does not divide, then the chains that a torsion cycle of the degree below
        needs to become a boundary, m times (`FieldCycles`).

        InputError: `degree` is no degree of this homology, or it does not come from `homology`.
        """
        k = read_degree(self, degree)
        if self._finder is None:
            raise InputError(
                "cycles: this Homology was found in parts or made from numbers; use that of homology(region or complex)"
            )
        return self._finder.find(k)

    def __reduce__(self) -> tuple[Any, ...]:
        return Homology, (self.betti, self.torsion, self.coefficients)

    def __repr__(self) -> str:
        over = "" if self.coefficients == "Z" else f", coefficients={self.coefficients!r}"
        return f"Homology(betti={brief_repr(self.betti)}, torsion={brief_repr(self.torsion)}{over})"

    def __copy__(self) -> Homology:
        return self

    def __deepcopy__(self, memo: object) -> Homology:
        return self

    def _repr_html_(self) -> str:
        torsion = (" ⊕ ".join(f"Z/{brief(m)}" for m in factors) or "-" for factors in self.torsion)
        rows = zip(range(len(self.betti)), self.betti, torsion, strict=True)
        return table(self.title, ["degree", "Betti number", "torsion"], rows)

    @property
    def title(self) -> str:
        """"Integral homology", or "Homology over F_2"."""
        return "Integral homology" if self.coefficients == "Z" else f"Homology over {symbol(self.coefficients)}"

    def __str__(self) -> str:
        """Such as "H_0 = Z^2, H_1 = Z ⊕ Z/2, H_2 = 0"; over the field of two elements with F_2 in place of Z."""
        ring = symbol(self.coefficients)
        groups = []
        for k, (rank, factors) in enumerate(zip(self.betti, self.torsion, strict=True)):
            free = [ring if rank == 1 else f"{ring}^{rank}"] if rank else []
            groups.append(f"H_{k} = {' ⊕ '.join(free + [f'Z/{brief(m)}' for m in factors]) or '0'}")
        return ", ".join(groups)


def read_degree(groups: Homology, degree: object, where: str = "cycles") -> int:
    """The degree itself, if it is one of these groups; otherwise InputError, in the name of a function."""
    n = len(groups.betti)
    if isinstance(degree, bool) or not isinstance(degree, (int, np.integer)) or not 0 <= degree < n:
        raise InputError(f"{where}: expected a degree from 0 to {n - 1}, got {describe(degree)}")
    return int(degree)


def homology_groups(
    obj: ChainComplex | CellSet,
    max_memory: int | None = None,
    progress: Callable[[str, int, int], object] | None = None,
) -> Homology:
    """What `homology.homology` returns, which has the proof, without cycles."""
    if isinstance(obj, ChainComplex):
        return _groups_of_complex(obj, max_memory, progress)
    if not isinstance(obj, CellSet):
        raise InputError(f"homology: expected a ChainComplex or a Region, got {type(obj).__name__}")
    d = obj.complex.input_dim
    if progress is not None:
        progress("homology", 0, d + 2)
    return _of_region(_groups_of_complex(chain_complex(obj), max_memory, progress), d)


def homology_in_core(
    cells: _core.Subdivided,
    relation: str,
    d: int,
    max_memory: int | None = None,
    progress: Callable[[str, int, int], object] | None = None,
) -> Homology:
    """What `homology_groups` returns for {F relation t} in R^d, from cells that no arrays were made of.

    The chain complex is that of `chain_complex`, entry by entry (``_cpp/region_chain.hpp``).
    """
    if progress is not None:
        progress("homology", 0, d + 2)
    since = clock(_LOGGER)
    chain = cells.chain(_SIGNS[relation], relation in "<>")
    if isinstance(chain, tuple):
        raise fault_error(*chain)
    if since:
        report_chain(since, chain.ranks)
    return _of_region(_groups(chain.ranks, chain.reduce, max_memory, progress), d)


_SIGNS = {relation: sum(2 ** (sign + 1) for sign in signs) for relation, signs in RELATIONS.items()}


def _of_region(whole: Homology, d: int) -> Homology:
    """The groups in degrees 0..d−1, the only ones in which a region of R^d may have homology."""
    if any(whole.betti[d:]) or any(whole.torsion[d - 1 :]):
        raise VerificationError(f"no region of R^{d} has this homology: {whole}")
    return Homology((whole.betti + (0,) * d)[:d], (whole.torsion + ((),) * d)[:d])


def _groups_of_complex(
    complex_: ChainComplex, max_memory: int | None, progress: Callable[[str, int, int], object] | None
) -> Homology:
    ranks = complex_.ranks
    columns = [complex_.boundary_arrays(k) for k in range(1, len(ranks))]
    return _groups(ranks, lambda: _core.reduce_chain_complex(ranks, columns), max_memory, progress)


_Remainder = tuple[int, int, list[tuple[int, int, int]]]


def _groups(
    ranks: tuple[int, ...],
    reduce: Callable[[], tuple[list[_Remainder], list[int]]],
    max_memory: int | None,
    progress: Callable[[str, int, int], object] | None,
) -> Homology:
    """The groups of a complex of these ranks, which `reduce` reduces as `_core.reduce_chain_complex` does."""

    def step(done: int) -> None:
        check_time()
        if progress is not None:
            progress("homology", done, len(ranks) + 1)

    since = clock(_LOGGER)
    step(1)
    remainders, pivots = reduce()
    for k, (n_rows, n_columns, _) in enumerate(remainders, start=1):
        left = {k - 1: n_rows, k: n_columns}
        for degree, size in left.items():
            removed = sum(pivots[max(degree - 1, 0) : degree + 1])
            if size != ranks[degree] - removed:
                raise VerificationError(f"degree {degree}: {removed} of {ranks[degree]} cells removed, {size} left")
    factors: list[tuple[int, ...]] = []
    for remainder in remainders:
        step(2 + len(factors))
        factors.append(invariant_factors(remainder, max_memory=max_memory) if remainder[2] else ())
    step(len(ranks) + 1)
    rank_of = [0, *(len(f) + n for f, n in zip(factors, pivots, strict=True)), 0]
    betti = tuple(rank - rank_of[k] - rank_of[k + 1] for k, rank in enumerate(ranks))
    torsion = (*(tuple(m for m in f if m > 1) for f in factors), ())
    result = Homology(betti, torsion)
    if min(betti) < 0:
        raise VerificationError(f"negative Betti number in {betti}")
    of_cells = sum((-1) ** k * rank for k, rank in enumerate(ranks))
    if result.euler_characteristic != of_cells:
        raise VerificationError(
            f"Euler characteristic {of_cells} of the cells, but"
            f" {result.euler_characteristic} of the Betti numbers {betti}"
        )
    if since:
        sizes = [f"{n_rows} × {n_columns}" for n_rows, n_columns, entries in remainders if entries]
        forms = f", by Smith forms of size {', '.join(sizes)}" if sizes else ""
        message = "a complex of ranks %s has %s%s"
        log_phase(_LOGGER, since, "homology", message, ranks, result, forms, cells=sum(ranks))
    return result
