"""Homology groups of chain complexes and regions, with representative cycles on demand."""

from __future__ import annotations

from collections.abc import Callable

from polyrelu.exact.limits import memory_is_a_limit, read_limit, read_progress
from polyrelu.geometry.region import CellSet
from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.coefficients import Coefficients, read_coefficients
from polyrelu.topology.cycles import CycleFinder
from polyrelu.topology.groups import Homology, homology_groups

__all__ = ["Homology", "homology"]


@memory_is_a_limit
def homology(
    obj: ChainComplex | CellSet,
    *,
    coefficients: Coefficients = "Z",
    max_memory: int | None = None,
    progress: Callable[[str, int, int], object] | None = None,
) -> Homology:
    """The homology of a chain complex (in degrees 0..n) or of a region in R^d (in degrees 0..d−1), over Z or a field.

    Parameters
    ----------
    obj : ChainComplex or CellSet
        A chain complex, or a region of any kind: a Region, the region of a class, a decision boundary.
    coefficients : "Z", "Q", or a prime number, default "Z"
        The integers, the rational numbers, or for p (also "Fp" or "Z/p") the field of p elements.
    max_memory : int, optional
        The maximum number of bytes for each Smith form after the reduction, if it is large. The default is the free
        memory.
    progress : callable, optional
        A function of ("homology", steps done, steps in all), called when the chain complex is made, when it is reduced
        and after each Smith form. An exception it raises stops the work and is passed on.

    Returns
    -------
    Homology
        The Betti numbers and the invariant factors, exact. Over a field, the Betti numbers alone.

    Raises
    ------
    InputError
        If the argument is neither a chain complex nor a region, or these are no coefficients.
    LimitError
        If the memory does not suffice.
    VerificationError
        If a check of the result fails.

    Notes
    -----
    Pivots ±1 are removed in the core (``_cpp/coreduction.hpp``, then ``_cpp/elimination.hpp``, with proofs), which
    keeps the homology. With the invariant factors of the boundary maps that remain, H_k = Z^(rank C_k − rank ∂_k − rank
    ∂_{k+1}) ⊕ the sum of Z/s over the invariant factors s > 1 of ∂_{k+1}. The homology over a field follows from that
    over Z (`Homology.with_coefficients`).

    These checks are made: in every degree the eliminated pivots and the remaining cells add up to the given ranks, no
    Betti number is negative, their alternating sum is that of the ranks of the complex as given, and a region has no
    homology in degrees ≥ d and no torsion in degree d − 1. The Smith forms have a check of their own. Ctrl-C raises
    KeyboardInterrupt within a fraction of a second.

    Examples
    --------
    >>> import polyrelu as pr
    >>> pr.homology(pr.ChainComplex([[[-1, -1], [1, 1]]])).betti  # a circle of two edges
    (1, 1)
    >>> pr.homology(pr.ChainComplex([[[0]], [[2]]])).torsion  # the projective plane
    ((), (2,), ())
    >>> pr.homology(pr.ChainComplex([[[0]], [[2]]]), coefficients=2).betti
    (1, 1, 1)
    """
    ring = read_coefficients(coefficients)
    read_limit(max_memory, "max_memory")
    read_progress(progress)
    groups = homology_groups(obj, max_memory, progress)
    return Homology(groups.betti, groups.torsion, _finder=CycleFinder(obj, groups)).with_coefficients(ring)
