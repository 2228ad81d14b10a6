"""The upper bounds of the paper: Proposition 18 for an architecture, Lemma 52 for a complex."""

from __future__ import annotations

from polyrelu.constructions.arguments import integer, read_architecture
from polyrelu.errors import InputError, RegionError
from polyrelu.geometry.region import CellSet
from polyrelu.paper.cell_counts import binomials, serra_2018_upper


def proposition_18(architecture: object, lineality: object = 0) -> tuple[int, ...]:
    """Upper bounds (b_0, …, b_{d−1}) on the Betti numbers of {F ≤ 0}, from the architecture alone.

    They are b_0 = R and b_k = C(R, d − k − s) for 0 < k < d, with R = Σ ∏ C(n_l, j_l) over
    0 ≤ j_l ≤ min(d, n_1 − j_1, …, n_{l−1} − j_{l−1}, n_l), a bound on the number of regions, and s the dimension of the
    lineality space of C(F, 0). They hold at every level, for {F ≥ 0} by −F, and for the open regions, whose homology is
    that of closed ones at a level nearby. Sharper bounds are those of `upper_bounds`.

    Parameters
    ----------
    architecture : sequence of int
        (d, n_1, …, n_L, 1).
    lineality : int, default 0
        The dimension s ≤ d of the lineality space.

    Returns
    -------
    tuple of int
        One bound for each degree 0..d−1.

    Raises
    ------
    InputError
        If an argument is not as above.
    LimitError
        If the bounds have more than `polyrelu.paper.cell_counts.MAX_BITS` binary digits together, or nearly that many.

    Notes
    -----
    For k ≥ 1 the region is a subcomplex of a contractible complex, up to homotopy. By `lemma_52` β_k is at most the
    number of its (k+1)-cells outside of the region, and a j-cell is the intersection of d − j + 1 of the d-cells.
    Section 12 of docs/mathematics.md has the proof.

    The printed condition is s ≥ 1 only by the notation [d]; s = 0 is the usual case.

    References
    ----------
    Ergen & Grillo, *Topological Expressivity of ReLU Neural Networks* (COLT 2024), Proposition 18. The bound R is that
    of Serra, Tjandraatmadja & Ramalingam, *Bounding and counting linear regions of deep neural networks* (ICML 2018),
    Theorem 1.

    Examples
    --------
    >>> from polyrelu.paper.upper import proposition_18
    >>> proposition_18((2, 8, 6, 1)), proposition_18((3, 4, 1))
    ((814, 814), (15, 105, 15))
    """
    widths = read_architecture(architecture, scalar=True)
    d, s = widths[0], integer(lineality, "lineality", 0)
    if s > d:
        raise InputError(f"lineality: at most d = {d}, got {s}")
    regions = serra_2018_upper(widths)
    choices = binomials(regions, max(d - s - 1, 0))
    return (regions, *(choices[d - k - s] if k + s <= d else 0 for k in range(1, d)))


def lemma_52(region: CellSet) -> tuple[int, ...]:
    """Upper bounds on the Betti numbers of a closed region from the cells of its complex.

    β_k is at most the number of bounded (k+1)-cells, modulo lineality, that are not in the region; β_0 is at most one
    more.

    Parameters
    ----------
    region : Region
        A closed region: that of >=, <= or =, or of a formula if its set is closed. Its complex may be coarse; the more
        cells it has, the weaker is the bound.

    Returns
    -------
    tuple of int
        One bound for each degree 0..d−1.

    Raises
    ------
    RegionError
        If the region is not closed; in place of an open one take the closed one at a level nearby, which has the same
        homology.

    Notes
    -----
    Lemma 52: if C is a bounded contractible complex and X a subcomplex, then β_k(X) is at most the number of
    (k+1)-cells of C that are not in X, for k ≥ 1. *Proof.* In the exact sequence H_{k+1}(C, X) → H_k(X) → H_k(C) the
    last group is 0, and the first has a generator for each (k+1)-cell of C not in X at most. For k = 0 the last group
    is Z. ∎

    C is here what remains of the complex when its lineality space is divided out and the unbounded cells are retracted
    to their boundaries: the bounded cells. It is a deformation retract of R^r, or of the domain, and so contractible.

    References
    ----------
    Ergen & Grillo, *Topological Expressivity of ReLU Neural Networks* (COLT 2024), Lemma 52.

    Examples
    --------
    >>> import polyrelu as pr
    >>> from polyrelu.paper.upper import lemma_52
    >>> region = pr.subdivide(pr.shells((2, 4, 4, 2, 1), [2]), 0).region(">=")
    >>> all(b <= bound for b, bound in zip(pr.homology(region).betti, lemma_52(region)))
    True
    """
    if not region.is_closed:
        kind = "an open one" if region.is_open else "one that is neither open nor closed"
        raise RegionError(f"Lemma 52: expected a closed region, such as that of >=, <= or =, got {kind}")
    complex_ = region.complex
    d, s = complex_.input_dim, len(complex_.lineality)

    def outside(k: int) -> int:
        """Bounded k-cells, modulo lineality, that are not in the region."""
        if k + s > d:
            return 0
        return int((complex_.bounded_modulo_lineality(k + s) & ~region.mask(k + s)).sum())

    empty = not any((complex_.bounded_modulo_lineality(k + s) & region.mask(k + s)).any() for k in range(d - s + 1))
    return (0,) * d if empty else (1 + outside(1), *(outside(k + 1) for k in range(1, d)))
