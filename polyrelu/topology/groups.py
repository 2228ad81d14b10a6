"""Homology groups up to isomorphism, and their computation from a chain complex or a region."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from polyrelu import _core
from polyrelu.errors import InputError, VerificationError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.printing import BriefRepr, brief
from polyrelu.exact.rational import describe
from polyrelu.geometry.region import CellSet
from polyrelu.markup import table
from polyrelu.topology.chain import ChainComplex, chain_complex
from polyrelu.topology.cycle import Cycle
from polyrelu.topology.smith import invariant_factors


class CycleSource(Protocol):
    """What a `Homology` asks for representative cycles: it has to know what that is the homology of."""

    def find(self, degree: int) -> tuple[Cycle, ...]:
        """The cycles of a degree."""


@dataclass(frozen=True, slots=True, repr=False)
class Homology(BriefRepr):
    """Integral homology, unreduced: H_k = Z^betti[k] ⊕ the sum of Z/m over m in torsion[k], for k = 0, 1, ….

    torsion[k] are the invariant factors greater than 1, each dividing the next. With `betti` they determine the group
    up to isomorphism, so that equality of values is isomorphism in every degree.
    """

    betti: tuple[int, ...]
    torsion: tuple[tuple[int, ...], ...]
    _finder: CycleSource | None = field(default=None, repr=False, compare=False)

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
        order, follow the paths of the matching that the reduction has made (`Reduction.lift`).

        Time and memory are proportional to the number of cells and to what the cycles add up to: for a region of
        300 000 cells less than a second for a degree with hundreds of cycles. For this, the `Homology` that `homology`
        returns keeps a reference to the region or complex, and what it has found. Both are no part of its value: they
        are not compared, and a pickle holds the numbers alone. So pickle the region instead, and ask for
        `polyrelu.topology.cycles.cycles(region, degree)`. A copy is the object itself.

        InputError: `degree` is no degree of this homology, or it does not come from `homology`.
        """
        k = read_degree(self, degree)
        if self._finder is None:
            raise InputError(
                "cycles: this Homology was found in parts or made from numbers; use that of homology(region or complex)"
            )
        return self._finder.find(k)

    def __reduce__(self) -> tuple[Any, ...]:
        return Homology, (self.betti, self.torsion)

    def __copy__(self) -> Homology:
        return self

    def __deepcopy__(self, memo: object) -> Homology:
        return self

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
    if progress is not None:
        progress("homology", 0, obj.complex.input_dim + 2)
    whole = _groups_of_complex(chain_complex(obj), max_memory, progress)
    d = obj.complex.input_dim
    if any(whole.betti[d:]) or any(whole.torsion[d - 1 :]):
        raise VerificationError(f"no region of R^{d} has this homology: {whole}")
    return Homology((whole.betti + (0,) * d)[:d], (whole.torsion + ((),) * d)[:d])


def _groups_of_complex(
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
        factors.append(invariant_factors(remainder, max_memory=max_memory) if remainder[2] else ())
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
