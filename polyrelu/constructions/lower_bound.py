"""The lower bound of Ergen & Grillo on Betti numbers, and shells that reach it in every degree."""

from __future__ import annotations

from math import prod

from polyrelu.constructions.arguments import integers, read_architecture, require
from polyrelu.constructions.layers import check_weights, split_evenly
from polyrelu.constructions.nested_shells import Variant, closing_neurons, predicted_betti, shells
from polyrelu.errors import InputError
from polyrelu.network.network import Network

Shells = tuple[tuple[int, ...], tuple[int, ...], Variant, tuple[int, ...] | None]
"""The arguments of `shells`: architecture, cuts, variant and corner."""


def paper_lower_bound(architecture: object, w: object = None) -> tuple[int, ...]:
    """The numbers (β_0, …, β_{d−1}) of Ergen & Grillo, Theorem 13, for given w_1, …, w_{d−1}.

    With M = ∏_{l<L} 2⌊n_l/2d⌋ they are

        β_0 = Σ_{k=1}^{d−1} (M/2)^k (M/2 + 1) ⌈w_k/2⌉,   β_k = (M/2)^k (M/2 − 1) ⌈w_k/2⌉ for 0 < k < d,

    as the proof in the paper has it (Lemma 41 and the induction in B.6; in the statement the indices are shifted).

    Parameters
    ----------
    architecture : sequence of int
        (d, n_1, …, n_L, 1) with d ≥ 2, L ≥ 2 and n_l ≥ 2d for l < L.
    w : sequence of int, optional
        The numbers w_1, …, w_{d−1} ≥ 0 with Σ (w_k + 2) ≤ n_L. By default they are as equal as possible with Σ (w_k +
        2) = n_L, larger ones last.

    Returns
    -------
    tuple of int
        One number for each degree 0..d−1.

    Raises
    ------
    InputError
        If the architecture or the w are not as above.

    Notes
    -----
    The theorem is about {F ≤ 0}; so some network has at least these numbers for {F ≥ 0}, its negative. Here they are a
    bound for {F > 0} and {F ≥ 0} alike, which `lower_bound_network(architecture, w)` reaches: that is their proof.

    Examples
    --------
    >>> from polyrelu.constructions import paper_lower_bound
    >>> paper_lower_bound((2, 8, 6, 1)), paper_lower_bound((3, 6, 6, 8, 1), [0, 3])
    ((12, 4), (24, 0, 8))
    """
    widths, steps = _read(architecture, w)
    half = prod(2 * (n // (2 * widths[0])) for n in widths[1:-2]) // 2
    terms = [half**k * ((step + 1) // 2) for k, step in enumerate(steps, 1)]
    return (sum(terms) * (half + 1), *(term * (half - 1) for term in terms))


def lower_bound_network(architecture: object, w: object = None) -> Network:
    """A network of this architecture whose {F > 0} has at least the paper's lower bound in every degree.

    Parameters
    ----------
    architecture : sequence of int
        (d, n_1, …, n_L, 1) with d ≥ 2, L ≥ 2 and n_l ≥ 2d for l < L.
    w : sequence of int, optional
        The numbers w_1, …, w_{d−1} ≥ 0 of the paper's bound, with Σ (w_k + 2) ≤ n_L. By default they are as equal as
        possible with sum n_L − 2(d−1), larger ones last.

    Returns
    -------
    Network
        Some `shells`. Their negative has the bound for {F < 0} and {F ≤ 0}, which is what the paper states.

    Raises
    ------
    InputError
        If the architecture or the w are not as above.
    LimitError
        If the network would have more than `MAX_WEIGHTS` weights.

    Notes
    -----
    The bound is `polyrelu.constructions.lower_bound.paper_lower_bound`. Shells of variant "paper" around the paper's
    corner, a_k = 1, have β_0 = Σ_k (M/2)^k (M/2 + 1) ⌈c_k/2⌉ and β_k = (M/2)^k (M/2 − 1) ⌊c_k/2⌋. Cuts c_k = w_k + 2
    have ⌈c_k/2⌉, ⌊c_k/2⌋ ≥ ⌈w_k/2⌉; so have c_k = w_k + 1, which is what L = 2 leaves at worst: one coordinate is 0 at
    each corner, and d − 1 neurons close the outside. Neurons of the last layer beyond Σ (w_k + 2) are given to degree
    d−1. Other shells with as many cuts are taken where no Betti number of theirs is smaller: those of the default
    corner (if M = 2), or of variant "interior" (if n_l ≥ 3d for some l ≤ L−2, say).

    Examples
    --------
    >>> import polyrelu as pr
    >>> from polyrelu.constructions import paper_lower_bound
    >>> net = pr.lower_bound_network((2, 8, 6, 1))
    >>> pr.betti_numbers(net), paper_lower_bound((2, 8, 6, 1))
    ((18, 4), (12, 4))
    """
    arguments = lower_bound_shells(architecture, w)
    check_weights("lower_bound_network", arguments[0])
    return shells(*arguments)


def lower_bound_shells(architecture: object, w: object = None) -> Shells:
    """The arguments of `shells` that `lower_bound_network(architecture, w)` chooses, with the same errors."""
    widths, steps = _read(architecture, w)
    best: Shells = (widths, _cuts(widths, steps, "paper", 1), "paper", (1,) * (widths[0] - 1))
    betti = predicted_betti(*best)[">"]
    other: list[Shells] = [
        (widths, _cuts(widths, steps, "paper", None), "paper", None),
        (widths, _cuts(widths, steps, "interior", None), "interior", None),
    ]
    for choice in other:
        found = predicted_betti(*choice)[">"]
        if found != betti and all(new >= old for new, old in zip(found, betti, strict=True)):
            best, betti = choice, found
    return best


def read_steps(architecture: tuple[int, ...], w: object = None) -> tuple[int, ...]:
    """The numbers w_1, …, w_{d−1} of the paper's bound: those given, checked, or as equal as possible.

    InputError unless there are d−1 of them, each ≥ 0, with Σ (w_k + 2) ≤ n_L.
    """
    d, last = architecture[0], architecture[-2]
    if w is None:
        require("the paper's lower bound", "n_L ≥ 2(d − 1)", last, 2 * (d - 1))
        return tuple(reversed(split_evenly(last - 2 * (d - 1), d - 1)))
    steps = integers(w, "w", 0)
    if len(steps) != d - 1:
        raise InputError(f"w: expected d − 1 = {d - 1} numbers, got {len(steps)}")
    require("the paper's lower bound", "n_L ≥ Σ (w_k + 2)", last, sum(steps) + 2 * (d - 1))
    return steps


def _read(architecture: object, w: object) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The architecture and the w_k, checked."""
    widths = read_architecture(architecture, hidden=2, scalar=True)
    d = widths[0]
    require("the paper's lower bound", "d ≥ 2", d, 2)
    for layer, n in enumerate(widths[1:-2], 1):
        require(f"the paper's lower bound: layer {layer}", f"n_{layer} ≥ 2d", n, 2 * d)
    return widths, read_steps(widths, w)


def _cuts(widths: tuple[int, ...], steps: tuple[int, ...], variant: Variant, corner: int | None) -> tuple[int, ...]:
    """c_k = w_k + 2, less one in as many degrees as there are neurons missing; what is left over goes to the last."""
    roomy = (*widths[:-2], widths[-2] + widths[0], 1)
    cuts = [step + 2 for step in steps]
    missing = sum(cuts) + closing_neurons(roomy, tuple(cuts), variant, corner) - widths[-2]
    for k in range(max(0, missing)):  # at most d − 1 times
        cuts[k] -= 1
    cuts[-1] += max(0, -missing)
    return tuple(cuts)
