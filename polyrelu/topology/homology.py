"""Homology groups of chain complexes and regions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from polyrelu import _core
from polyrelu.errors import InputError, VerificationError
from polyrelu.exact.limits import memory_is_a_limit, read_limit, read_progress
from polyrelu.exact.printing import BriefRepr, brief
from polyrelu.exact.rational import describe
from polyrelu.geometry.region import CellSet
from polyrelu.markup import table
from polyrelu.topology.chain import ChainComplex, chain_complex
from polyrelu.topology.cycles import Cycle, CycleFinder
from polyrelu.topology.smith import invariant_factors


@dataclass(frozen=True, slots=True, repr=False)
class Homology(BriefRepr):
    """Integral homology, unreduced: H_k = Z^betti[k] ⊕ the sum of Z/m over m in torsion[k], for k = 0, 1, ….

    torsion[k] are the invariant factors greater than 1, each dividing the next. With `betti` they determine the group
    up to isomorphism, so that equality of values is isomorphism in every degree.
    """

    betti: tuple[int, ...]
    torsion: tuple[tuple[int, ...], ...]
    _finder: CycleFinder | None = field(default=None, repr=False, compare=False)

    @property
    def euler_characteristic(self) -> int:
        """Alternating sum of the Betti numbers."""
        return sum((-1) ** k * rank for k, rank in enumerate(self.betti))

    @memory_is_a_limit
    def cycles(self, degree: int) -> tuple[Cycle, ...]:
        """Representative cycles: `betti[degree]` for a basis of H_degree modulo torsion, then one for each Z/m.

        Exact, and verified in the complex as it was given before they are returned: the cycles have no boundary, there
        are cocycles dual to them, and multiples that should bound are boundaries; see `cycles._verify` for the proof
        that this suffices. Each degree is computed when it is first asked for, and kept.

        The cycles of infinite order are short where that is cheap. Degree 0: a cell for each component. Degree r − 1
        in a region (d − 1 without lineality): the outer boundary of each bounded component of the complement. Degree 1
        otherwise: shortest loops through sampled vertices (`shortening.short_loops`). All others, and those of finite
        order, follow the paths of a Morse reduction.

        Time and memory are proportional to the number of cells and to what the cycles add up to: for a region of
        300 000 cells 2 seconds once, 1 to 2 for a degree with hundreds of cycles, and 150 MB, which a `Homology` that
        has been asked keeps. The region or complex it refers to is no part of its value, but is pickled with it.

        InputError: `degree` is no degree of this homology, or it does not come from `homology`.
        """
        if isinstance(degree, bool) or not isinstance(degree, (int, np.integer)) or not 0 <= degree < len(self.betti):
            raise InputError(f"cycles: expected a degree from 0 to {len(self.betti) - 1}, got {describe(degree)}")
        if self._finder is None:
            raise InputError("cycles: this Homology was made from numbers; use that of homology(region or complex)")
        return self._finder.find(int(degree), self.betti[degree], self.torsion[degree])

    def _repr_html_(self) -> str:
        torsion = (" ⊕ ".join(f"Z/{brief(m)}" for m in factors) or "-" for factors in self.torsion)
        rows = zip(range(len(self.betti)), self.betti, torsion, strict=True)
        return table("Integral homology", ["degree", "Betti number", "torsion"], rows)

    def __str__(self) -> str:
        """Such as "H_0 = Z^2, H_1 = Z ⊕ Z/2, H_2 = 0"."""
        groups = []
        for k, (rank, factors) in enumerate(zip(self.betti, self.torsion, strict=True)):
            free = ["Z" if rank == 1 else f"Z^{rank}"] if rank else []
            groups.append(f"H_{k} = {' ⊕ '.join(free + [f'Z/{brief(m)}' for m in factors]) or '0'}")
        return ", ".join(groups)


@memory_is_a_limit
def homology(
    obj: ChainComplex | CellSet,
    *,
    max_memory: int | None = None,
    progress: Callable[[str, int, int], object] | None = None,
) -> Homology:
    """The homology over Z of a chain complex (in degrees 0..n) or of a region in R^d (in degrees 0..d−1).

    Regions are all kinds of CellSet: a Region, the region of a class, a decision boundary.

    max_memory: bytes that each Smith form of what remains may take, if it is large; all that is free by default.
    progress: called with ("homology", steps done, steps in all) when the chain complex is made, when it is reduced and
    after each Smith form; an exception it raises stops the work and is passed on.

    Pivots ±1 are removed in the core (_cpp/coreduction.hpp, then _cpp/elimination.hpp, with proofs), which keeps
    the homology. With the invariant factors of the boundary maps that remain,
    H_k = Z^(rank C_k − rank ∂_k − rank ∂_{k+1}) ⊕ the sum of Z/s over the invariant factors s > 1 of ∂_{k+1}.

    Checks: in every degree the eliminated pivots and the remaining cells add up to the given ranks, no Betti number is
    negative, their alternating sum is that of the ranks of the complex as given, and a region has no homology in
    degrees ≥ d and no torsion in degree d − 1 (VerificationError otherwise); the Smith forms have a check of their own.
    InputError: neither a chain complex nor a region. LimitError: the memory does not suffice.
    Ctrl-C raises KeyboardInterrupt within a fraction of a second.
    """
    read_limit(max_memory, "max_memory")
    read_progress(progress)
    if isinstance(obj, ChainComplex):
        return replace(_homology(obj, max_memory, progress), _finder=CycleFinder(obj))
    if not isinstance(obj, CellSet):
        raise InputError(f"homology: expected a ChainComplex or a Region, got {type(obj).__name__}")
    if progress is not None:
        progress("homology", 0, obj.complex.input_dim + 2)
    whole = _homology(chain_complex(obj), max_memory, progress)
    d = obj.complex.input_dim
    if any(whole.betti[d:]) or any(whole.torsion[d - 1 :]):
        raise VerificationError(f"no region of R^{d} has this homology: {whole}")
    return Homology((whole.betti + (0,) * d)[:d], (whole.torsion + ((),) * d)[:d], CycleFinder(obj))


def _homology(
    complex_: ChainComplex, max_memory: int | None, progress: Callable[[str, int, int], object] | None
) -> Homology:
    ranks = complex_.ranks

    def report(done: int) -> None:
        if progress is not None:
            progress("homology", done, len(ranks) + 1)

    report(1)
    remainders, pivots = _core.reduce_chain_complex(ranks, [complex_.boundary_arrays(k) for k in range(1, len(ranks))])
    for k, (n_rows, n_columns, _) in enumerate(remainders, start=1):
        left = {k - 1: n_rows, k: n_columns}
        for degree, size in left.items():
            removed = sum(pivots[max(degree - 1, 0) : degree + 1])
            if size != ranks[degree] - removed:
                raise VerificationError(f"degree {degree}: {removed} of {ranks[degree]} cells removed, {size} left")
    factors: list[tuple[int, ...]] = []
    for remainder in remainders:
        report(2 + len(factors))
        factors.append(invariant_factors(remainder, max_memory=max_memory))
    report(len(ranks) + 1)
    rank_of = [0, *(len(f) + n for f, n in zip(factors, pivots, strict=True)), 0]
    betti = tuple(rank - rank_of[k] - rank_of[k + 1] for k, rank in enumerate(ranks))
    torsion = (*(tuple(m for m in f if m > 1) for f in factors), ())
    result = Homology(betti, torsion)
    if min(betti) < 0:
        raise VerificationError(f"negative Betti number in {betti}")
    if result.euler_characteristic != complex_.euler_characteristic:
        raise VerificationError(
            f"Euler characteristic {complex_.euler_characteristic} of the cells, but"
            f" {result.euler_characteristic} of the Betti numbers {betti}"
        )
    return result
