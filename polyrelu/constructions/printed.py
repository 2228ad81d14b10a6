"""The networks of Ergen & Grillo, Theorems 12 and 13, as they are printed, and their Betti numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from polyrelu.constructions.arguments import integer, integers
from polyrelu.constructions.layers import Form, LayerStack, check_weights, total
from polyrelu.errors import InputError
from polyrelu.exact.limits import read_flag
from polyrelu.exact.printing import brief
from polyrelu.network.network import Network


def paper_network(folds: object, w: object, theorem: int = 13) -> Network:
    """The network of Ergen & Grillo (COLT 2024), Theorem 13 or 12, with their weights.

    Parameters
    ----------
    folds : sequence of int
        The numbers m_1, …, m_{L−1}, even and at least 2, of folds of each coordinate by each hidden layer but the last.
    w : sequence of int
        The numbers w_1, …, w_{d−1}, at least 1 each, so that d = len(w) + 1 ≥ 2; degree k has w_k + 2 neurons of the
        last layer.
    theorem : {13, 12}
        The theorem; 12 for the network without the constant b.

    Returns
    -------
    Network
        A network of architecture (d, d m_1, …, d m_{L−1}, Σ (w_k + 2), 1). The Betti numbers of its five regions are
        `predicted_paper_betti(folds, w, theorem)`.

    Raises
    ------
    InputError
        If an argument is not as above.
    LimitError
        If the network would have more than `MAX_WEIGHTS` weights.

    Notes
    -----
    *Folds* (Definition 32): neurons m ReLU(x_j) and 2m ReLU(x_j − i/m), i = 1..m−1, with alternating sum h_j.

    *Cuts* (Lemmas 35 and 36, and B.5): with s_k = (1 − y_1) + … + (1 − y_k) + y_{k+1} for the folded coordinates y and
    w = w_k, the neurons ReLU(s_k), 2 ReLU(s_k − (2q − 1)/4w) for q = 1..w, and ReLU(s_k − 1/2), with alternating sum
    g_k; F = Σ_k g_k(s_k) + b with b = min_k 1/(8 w_k M), M = m_1 ⋯ m_{L−1} (B.7).

    The constants are those of the appendix. With those of the main text, 8w and 1/4 in place of 4w and 1/2, g_k(s)
    becomes g_k(2s)/2, and the topology is the same.

    References
    ----------
    Ergen & Grillo, *Topological Expressivity of ReLU Neural Networks* (COLT 2024).

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.paper_network([2, 2], [2])
    >>> net.architecture, pr.betti_numbers(net, "<=")
    ((2, 4, 4, 4, 1), (6, 2))
    """
    plan = _read(folds, w, theorem)
    check_weights("the paper's network", (plan.d, *(plan.d * m for m in plan.folds), sum(plan.w) + 2 * len(plan.w), 1))
    stack = LayerStack(plan.d)
    y = stack.inputs()
    for m in plan.folds:
        neurons = stack.add([m * x for x in y] + [2 * m * (x - Fraction(i, m)) for i in range(1, m) for x in y])
        y = [_alternating(neurons[j :: plan.d]) for j in range(plan.d)]
    cuts: list[list[Form]] = []
    for k, n in enumerate(plan.w, 1):
        s = total(1 - y[i] for i in range(k)) + y[k]
        steps = [2 * (s - Fraction(2 * q - 1, 4 * n)) for q in range(1, n + 1)]
        cuts.append([s, *steps, s - Fraction(1, 2)])
    outputs = iter(stack.add([form for cut in cuts for form in cut]))
    value = total(_alternating([next(outputs) for _ in cut]) for cut in cuts)
    return stack.network([value + plan.constant])


def predicted_paper_betti(
    folds: object, w: object, theorem: int = 13, cube: bool = False
) -> dict[str, tuple[int, ...]]:
    """The Betti numbers of the five regions of `paper_network` with the same arguments, at level 0.

    Parameters
    ----------
    folds : sequence of int
        As for `paper_network`.
    w : sequence of int
        As for `paper_network`.
    theorem : {13, 12}
        As for `paper_network`.
    cube : bool, default False
        Whether the regions are intersected with the unit cube.

    Returns
    -------
    dict
        For each of the keys ">", ">=", "<", "<=" and "=" the Betti numbers in degrees 0..d−1.

    Raises
    ------
    InputError
        If an argument is wrong, as for `paper_network`; or in R^d if L = 2 and d > 2, where nothing is predicted.

    Notes
    -----
    The theorems state numbers with ⌈w_k/2⌉ for {F < 0} or {F ≤ 0}. The printed networks have

        β_0 = Σ_k A_k ⌊w_k/2⌋,  β_k = B_k ⌊w_k/2⌋,  A_k = (M/2)^k (M/2 + 1),  B_k = (M/2)^k (M/2 − 1)

    there in the cube. The proof, and what changes in R^d and for the other relations, is in docs/constructions.md,
    section "The printed network".

    Examples
    --------
    >>> import polyrelu as pr
    >>> pr.predicted_paper_betti([4], [2], cube=True)["<="], pr.predicted_paper_betti([4], [2])["<="]
    ((6, 2), (5, 2))
    """
    plan = _read(folds, w, theorem)
    cube = read_flag(cube, "cube")
    if not plan.is_predicted(cube):
        raise InputError(
            "paper network: with one fold and d > 2 cuts of different degrees meet outside the unit cube; "
            "nothing is predicted in R^d, only in the cube"
        )
    half = prod(plan.folds) // 2
    merged = len(plan.folds) == 1 and not cube
    corners = [half**2 + 1] if merged else [half**k * (half + 1) for k in range(1, plan.d)]
    tips = [half**k * (half - 1) for k in range(1, plan.d)]

    def numbers(bands: Sequence[int], around: int) -> tuple[int, ...]:
        components = sum(a * c for a, c in zip(corners, bands, strict=True))
        return (components + around, *(b * c for b, c in zip(tips, bands, strict=True)))

    negative, positive = [n // 2 for n in plan.w], [n - n // 2 for n in plan.w]
    if theorem == 13:
        below, above, both = numbers(negative, 0), numbers(negative, 1), numbers([2 * n for n in negative], 0)
        return {">": above, ">=": above, "<": below, "<=": below, "=": both}
    return {
        ">": numbers(positive, 0),
        ">=": numbers(negative, 1),
        "<": numbers(negative, 0),
        "<=": numbers(positive, 1),
        "=": numbers(plan.w, 1),
    }


def printed_lower_bound(folds: object, w: object) -> tuple[int, ...]:
    """The numbers that the proof of Theorems 12 and 13 states for `paper_network(folds, w)`.

    They have ⌈w_k/2⌉ in place of ⌊w_k/2⌋: β_0 = Σ_k (M/2)^k (M/2 + 1) ⌈w_k/2⌉ and β_k = (M/2)^k (M/2 − 1) ⌈w_k/2⌉
    (Lemma 41 and the induction in B.6), for {F < 0} of Theorem 12 and {F ≤ 0} of Theorem 13.

    Parameters
    ----------
    folds : sequence of int
        As for `paper_network`.
    w : sequence of int
        As for `paper_network`.

    Returns
    -------
    tuple of int
        One number for each degree 0..d−1.

    Raises
    ------
    InputError
        If an argument is wrong, as for `paper_network`.

    Examples
    --------
    >>> from polyrelu.constructions.printed import printed_lower_bound
    >>> printed_lower_bound([2, 2], [3])
    (12, 4)
    """
    plan = _read(folds, w, 13)
    half = prod(plan.folds) // 2
    terms = [half**k * ((n + 1) // 2) for k, n in enumerate(plan.w, 1)]
    return (sum(terms) * (half + 1), *(term * (half - 1) for term in terms))


@dataclass(frozen=True)
class _Plan:
    """Checked arguments."""

    folds: tuple[int, ...]
    w: tuple[int, ...]
    theorem: int

    @property
    def d(self) -> int:
        return len(self.w) + 1

    @property
    def constant(self) -> Fraction:
        """b of Theorem 13, or 0."""
        return Fraction(1, 8 * max(self.w) * prod(self.folds)) if self.theorem == 13 else Fraction(0)

    def is_predicted(self, cube: bool) -> bool:
        """Whether `predicted_paper_betti` has an answer."""
        return cube or self.d == 2 or len(self.folds) > 1


def _read(folds: object, w: object, theorem: object) -> _Plan:
    numbers = integers(folds, "folds", 2)
    if not numbers:
        raise InputError("folds: expected at least one number m_1, …, m_{L−1}")
    for i, m in enumerate(numbers, 1):
        if m % 2:
            raise InputError(f"folds, entry {i}: expected an even number, got {brief(m)}")
    steps = integers(w, "w", 1)
    if not steps:
        raise InputError("w: expected at least one number w_1, …, w_{d−1}")
    number = integer(theorem, "theorem", 12)
    if number > 13:
        raise InputError(f"theorem: expected 12 or 13, got {brief(number)}")
    return _Plan(numbers, steps, number)


def _alternating(forms: Sequence[Form]) -> Form:
    return total(form if i % 2 == 0 else -form for i, form in enumerate(forms))
