"""Numbers of cells that an architecture allows: the formulas, from above and from below.

All numbers are exact integers. An upper bound holds for *every* network of the architecture; a lower bound is reached
by *some* network of it, one that `polyrelu.constructions` builds. Notation: d inputs, hidden widths n_1, …, n_L.

References: Montúfar, Pascanu, Cho & Bengio, On the number of linear regions of deep neural networks, NIPS 2014.
Montúfar, Notes on the number of linear regions of deep neural networks, SampTA 2017. Raghu, Poole, Kleinberg, Ganguli &
Sohl-Dickstein, On the expressive power of deep neural networks, ICML 2017. Serra, Tjandraatmadja & Ramalingam, Bounding
and counting linear regions of deep neural networks, ICML 2018. Zaslavsky, Facing up to arrangements, Memoirs of the AMS
154, 1975.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from math import comb, prod

from polyrelu.constructions.arguments import integer, read_architecture
from polyrelu.constructions.folds import folded_regions
from polyrelu.errors import InputError, LimitError
from polyrelu.exact.printing import brief

MAX_PATTERN_NEURONS = 10**7
"""Maximum number of neurons for which 2^(n_1 + … + n_L) is computed."""

MAX_BITS = 10**9
"""Maximum number of binary digits of a row of binomial coefficients; it takes seconds, and 125 MB."""

MAX_STEPS = 10**9
"""Maximum number of additions of words for one table of numbers of cells; it takes about a minute."""


def zaslavsky(n: int, d: int) -> int:
    """The largest number of regions of n hyperplanes in R^d, Σ_{j ≤ d} C(n, j), reached in general position.

    So the largest number of activation regions of one hidden layer of n neurons. Zaslavsky 1975.
    """
    n, d = integer(n, "n", 0), integer(d, "d", 0)
    return _prefix_sums(n, d)[-1]


def zaslavsky_bounded(n: int, d: int) -> int:
    """The largest number of bounded regions of n hyperplanes in R^d, C(n−1, d), reached in general position.

    Zaslavsky 1975. Zero for n ≤ d; for d = 0 the one point of R^0 counts as bounded.
    """
    n, d = integer(n, "n", 0), integer(d, "d", 0)
    return comb(n - 1, d) if n else int(d == 0)


def montufar_2014_upper(architecture: object) -> int:
    """At most 2^(n_1 + … + n_L) activation regions: one for each set of active neurons (Montúfar et al. 2014).

    Raises LimitError for more than `MAX_PATTERN_NEURONS` neurons.
    """
    _, *hidden, _ = read_architecture(architecture)
    if sum(hidden) > MAX_PATTERN_NEURONS:
        raise LimitError(f"2^{sum(hidden)} has too many digits; at most {MAX_PATTERN_NEURONS} neurons")
    return 1 << sum(hidden)


def raghu_2017_upper(architecture: object) -> int:
    """At most ∏_l Σ_{j ≤ d} C(n_l, j) activation regions.

    In every region of the layers before, layer l is an arrangement of n_l hyperplanes of R^d. The argument of Raghu et
    al. 2017, whose Theorem 1 states the growth O(n^{dL}) for equal widths.
    """
    d, *hidden, _ = read_architecture(architecture)
    return prod(_prefix_sums(n, d)[-1] for n in hidden)


def montufar_2017_upper(architecture: object) -> int:
    """At most ∏_l Σ_{j ≤ m_l} C(n_l, j) activation regions, m_l = min(d, n_1, …, n_{l−1}).

    As `raghu_2017_upper`, but on a region of the layers before, layer l depends on m_l linear forms only
    (Montúfar 2017). It holds for neurons with any one break, not only ReLU.
    """
    d, *hidden, _ = read_architecture(architecture)
    ranks = accumulate([d, *hidden[:-1]], min)
    return prod(_prefix_sums(n, rank)[-1] for n, rank in zip(hidden, ranks, strict=False))


def serra_2018_upper(architecture: object) -> int:
    """At most Σ ∏_l C(n_l, j_l) regions, over 0 ≤ j_l ≤ min(d, n_1 − j_1, …, n_{l−1} − j_{l−1}, n_l).

    Serra et al. 2018, Theorem 1, here by dynamic programming. Only for ReLU: j_l of the neurons are inactive and do not
    reach the next layer.
    """
    return cells_upper(architecture, read_architecture(architecture)[0])


def cells_upper(architecture: object, dim: int, relu: bool = True) -> int:
    """An upper bound on the number of cells of dimension `dim` in C(F), for every network of the architecture.

    Parameters
    ----------
    architecture : sequence of int
        (d, n_1, …, n_L, n_out), L ≥ 0.
    dim : int
        A dimension, 0..d.
    relu : bool, optional
        Whether all activations are ReLU; if false, they may have any slopes below zero.

    Returns
    -------
    int
        The bound.

    Raises
    ------
    InputError
        For a wrong architecture or dimension.

    Notes
    -----
    The bound is Φ_1(d, d − dim). Φ_l(r, k) bounds the number of faces of codimension k that the layers l..L cut out of
    a relatively open polyhedron on which the outputs of layer l−1 have rank r. With n = n_l,

        Φ_l(r, k) = Σ_{i ≤ min(r, k)} C(n, i) Σ_{j ≤ min(r−i, n−i)} C(n−i, j) Φ_{l+1}(min(r−i, n−i−j), k−i),

    Φ_{L+1}(r, k) = 1 for k = 0, else 0. With `relu` false the rank is min(r−i, n−i) instead. Section 12 of
    docs/mathematics.md has the proof. For dim = d this is the bound of Serra et al. 2018 on activation regions.

    Examples
    --------
    >>> [cells_upper((2, 3, 1), dim) for dim in (0, 1, 2)]  # three lines in the plane
    [3, 9, 7]
    """
    widths = read_architecture(architecture)
    dim = integer(dim, "dim", 0)
    if dim > widths[0]:
        raise InputError(
            f"dim: cells of a network with {widths[0]} inputs have dimension at most {widths[0]}, got {dim}"
        )
    codimension = widths[0] - dim
    return CellCounts(widths[0], widths[1:-1], codimension, relu).of_codimension(codimension)


def montufar_2014_lower(architecture: object) -> int | None:
    """Some network has ∏_{l<L} ⌊n_l/d⌋^d · Σ_{j ≤ d} C(n_L, j) regions or more; None unless L ≥ 1, n_l ≥ d for l < L.

    Montúfar et al. 2014, Theorem 4 (which also asks for n_L ≥ d); `constructions.folding(architecture)` reaches it.
    """
    d, *hidden, _ = read_architecture(architecture)
    if not hidden or any(n < d for n in hidden[:-1]):
        return None
    return int(prod((n // d) ** d for n in hidden[:-1]) * _prefix_sums(hidden[-1], d)[-1])


def serra_2018_lower(architecture: object) -> int | None:
    """Some network has ∏_{l<L} (⌊n_l/d⌋ + 1)^d · Σ_{j ≤ d} C(n_L, j) regions or more, if L ≥ 1, n_l ≥ 3d for l < L.

    None otherwise. Serra et al. 2018; `constructions.folding(architecture, mixed=True)` has at least as many.
    """
    d, *hidden, _ = read_architecture(architecture)
    if not hidden or any(n < 3 * d for n in hidden[:-1]):
        return None
    return int(prod((n // d + 1) ** d for n in hidden[:-1]) * _prefix_sums(hidden[-1], d)[-1])


def folding_lower(architecture: object) -> int | None:
    """Regions of `constructions.folding(architecture, mixed=True)` inside the unit cube, or None if it does not exist.

    At least `montufar_2014_lower` and `serra_2018_lower`, as no neuron is left out.
    """
    return folded_regions(read_architecture(architecture))


def binomials(n: int, last: int) -> list[int]:
    """C(n, 0), …, C(n, last), by one multiplication and one division each.

    LimitError if they might have more than `MAX_BITS` binary digits together, since C(n, j) ≤ n^j, 2^n.
    """
    if last * min(n, last * n.bit_length() // 2) > MAX_BITS:
        raise LimitError(
            f"binomial coefficients: C(n, j), j ≤ {brief(last)}, for an n of {n.bit_length()} binary digits would have "
            f"more than {MAX_BITS} digits together"
        )
    row = [1]
    for j in range(last):
        row.append(row[-1] * max(n - j, 0) // (j + 1))
    return row


@lru_cache(256)
def _prefix_sums(n: int, last: int) -> tuple[int, ...]:
    """The partial sums of C(n, 0) + … + C(n, last); the whole sum comes last."""
    return tuple(accumulate(binomials(n, min(n, last))))


class CellCounts:
    """The numbers Φ_1(d, k), k ≤ `codimension`, of `cells_upper`: all Φ_l(r, k), from the last layer to the first.

    A rank r > n_1 in the first layer is as good as n_1.
    """

    def __init__(self, d: int, hidden: tuple[int, ...], codimension: int, relu: bool) -> None:
        self._relu = relu
        rank = min([d, *hidden[:1]])
        degrees = range(min(codimension, rank) + 1)
        steps = len(hidden) * (rank + 1) * len(degrees) * (len(degrees) + 1) // 2
        words = sum(min(n, rank * n.bit_length()) for n in hidden) // 64 + 1
        if steps * (words + 16) > 16 * MAX_STEPS:  # a step is about 16 words long
            raise LimitError(
                f"numbers of cells: rank {brief(rank)} and codimensions up to {brief(len(degrees) - 1)} take more than "
                f"{MAX_STEPS} steps; ask for smaller ones"
            )
        table = [[int(k == 0) for k in degrees] for _ in range(rank + 1)]
        for n in reversed(hidden):
            flats = [self._flats(table, rank - i, n - i, len(degrees) - i) for i in range(min(n + 1, len(degrees)))]
            choices = binomials(n, len(degrees))
            table = [
                [sum(choices[i] * flats[i][r - i][k - i] for i in range(min(k, r, n) + 1)) for k in degrees]
                for r in range(rank + 1)
            ]
        self._counts = table[rank]

    def of_codimension(self, k: int) -> int:
        """At most this many cells of codimension k; none if k exceeds the rank."""
        return self._counts[k] if k < len(self._counts) else 0

    def _flats(self, table: list[list[int]], last: int, n: int, degrees: int) -> list[list[int]]:
        """Σ_{j ≤ min(r, n)} C(n, j) Φ(rank, k) for r ≤ last, k < degrees: over the regions of n hyperplanes in R^r.

        The rank is min(r, n − j); as long as n − j ≥ r, and for other activations always, it does not depend on j, and
        these terms are taken together. The others, over j = n − r + 1, …, are differences of partial sums.
        """
        sums = _prefix_sums(n, last)
        end = len(sums)  # j < end
        first = max(n - last + 1, 0) if self._relu else end
        terms = range(first, end)
        counts = [sums[j] - (sums[j - 1] if j else 0) for j in terms]
        partial = [
            list(accumulate((c * table[n - j][k] for j, c in zip(terms, counts, strict=True)), initial=0))
            for k in range(degrees)
        ]
        flats = []
        for r in range(last + 1):
            stop = min(r + 1, end)
            start = min(max(n - r + 1, 0), stop) if self._relu else stop
            common, rank = (sums[start - 1] if start else 0), min(r, n)
            flats.append(
                [common * table[rank][k] + (p[stop - first] - p[start - first] if start < stop else 0)
                 for k, p in enumerate(partial)]
            )  # fmt: skip
        return flats
