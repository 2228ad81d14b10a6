"""Homology groups of chain complexes and regions."""

from __future__ import annotations

from dataclasses import dataclass

from polyrelu import _core
from polyrelu.chain import ChainComplex, chain_complex
from polyrelu.errors import InputError, VerificationError
from polyrelu.region import Region
from polyrelu.smith import invariant_factors


@dataclass(frozen=True, slots=True)
class Homology:
    """Integral homology, unreduced: H_k = Z^betti[k] ⊕ the sum of Z/m over m in torsion[k], for k = 0, 1, ….

    torsion[k] are the invariant factors greater than 1, each dividing the next. With `betti` they determine the group
    up to isomorphism, so that equality of values is isomorphism in every degree.
    """

    betti: tuple[int, ...]
    torsion: tuple[tuple[int, ...], ...]

    @property
    def euler_characteristic(self) -> int:
        """Alternating sum of the Betti numbers."""
        return sum((-1) ** k * rank for k, rank in enumerate(self.betti))

    def __str__(self) -> str:
        """Such as "H_0 = Z^2, H_1 = Z ⊕ Z/2, H_2 = 0"."""
        groups = []
        for k, (rank, factors) in enumerate(zip(self.betti, self.torsion, strict=True)):
            free = ["Z" if rank == 1 else f"Z^{rank}"] if rank else []
            groups.append(f"H_{k} = {' ⊕ '.join(free + [f'Z/{m}' for m in factors]) or '0'}")
        return ", ".join(groups)


def homology(obj: ChainComplex | Region) -> Homology:
    """The homology over Z of a chain complex (in degrees 0..n) or of a region in R^d (in degrees 0..d−1).

    Pivots ±1 are removed in the core (coreduction, then elimination; the proof is in _cpp/reduction.hpp), which keeps
    the homology. With the invariant factors of the boundary maps that remain,
    H_k = Z^(rank C_k − rank ∂_k − rank ∂_{k+1}) ⊕ the sum of Z/s over the invariant factors s > 1 of ∂_{k+1}.

    Checks: in every degree the eliminated pivots and the remaining cells add up to the given ranks, no Betti number is
    negative, their alternating sum is that of the ranks of the complex as given, and a region has no homology in
    degrees ≥ d and no torsion in degree d − 1 (VerificationError otherwise); the Smith forms have a check of their own.
    InputError: neither a chain complex nor a region.
    """
    if isinstance(obj, ChainComplex):
        return _homology(obj)
    if not isinstance(obj, Region):
        raise InputError(f"homology: expected a ChainComplex or a Region, got {type(obj).__name__}")
    whole = _homology(chain_complex(obj))
    d = obj.complex.input_dim
    if any(whole.betti[d:]) or any(whole.torsion[d - 1 :]):
        raise VerificationError(f"no region of R^{d} has this homology: {whole}")
    return Homology((whole.betti + (0,) * d)[:d], (whole.torsion + ((),) * d)[:d])


def _homology(complex_: ChainComplex) -> Homology:
    ranks = complex_.ranks
    remainders, pivots = _core.reduce_chain_complex(ranks, [complex_.boundary_arrays(k) for k in range(1, len(ranks))])
    for k, (n_rows, n_columns, _) in enumerate(remainders, start=1):
        left = {k - 1: n_rows, k: n_columns}
        for degree, size in left.items():
            removed = sum(pivots[max(degree - 1, 0) : degree + 1])
            if size != ranks[degree] - removed:
                raise VerificationError(f"degree {degree}: {removed} of {ranks[degree]} cells removed, {size} left")
    factors = [invariant_factors(remainder) for remainder in remainders]
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
