"""Nested shells: networks with many components and holes in every degree, exponentially many in the depth.

All hidden layers but the last fold the space, so that one point has many preimages; the last one cuts c_k shells around
the preimages of a corner of the cube {0, 1}^{k+1}, k = 1..d−1 (an idea of Ergen & Grillo, COLT 2024). So all homology
comes from counting corners. docs/constructions.md, section "Nested shells", defines both variants, with the notation
used here, and proves the predicted Betti numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Literal

from polyrelu.constructions.arguments import integer, integers, read_architecture, require
from polyrelu.constructions.corners import Corners, Word, fold_corners, read_corner, words
from polyrelu.constructions.layers import (
    MAX_WEIGHTS,
    Curve,
    Form,
    LayerStack,
    check_weights,
    fold,
    fold_count,
    folded,
    mixed_fold,
    plain_fold,
    split_evenly,
    total,
)
from polyrelu.errors import InputError, LimitError
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import describe
from polyrelu.network.network import Network

Variant = Literal["paper", "interior"]
VARIANTS: tuple[Variant, ...] = ("paper", "interior")


def shells(architecture: object, cuts: object, variant: Variant = "paper", corner: object = None) -> Network:
    """The network of nested shells with exactly the given architecture.

    Parameters
    ----------
    architecture : sequence of int
        (d, n_1, …, n_L, 1) with d ≥ 2 and L ≥ 2. Neurons that are not needed have zero weights.
    cuts : mapping or sequence of int
        The numbers c_k ≥ 0 of bands around the corners of degree k = 1..d−1, as a mapping {k: c_k}, where degrees left
        out have 0, or as the sequence (c_1, …, c_{d−1}).
    variant : {"paper", "interior"}
        The variant of the construction.
    corner : int or sequence of int, optional
        The numbers (a_1, …, a_{d−1}), 0 ≤ a_k ≤ k, of coordinates that are 0 at the corner of degree k, while the
        others of the k+1 are 1; or one number a for a_k = min(a, k). The default is a_k = k. Of variant "paper" only.

    Returns
    -------
    Network
        A network R^d → R. The Betti numbers of its five regions at level 0 are those of `predicted_betti`.

    Raises
    ------
    InputError
        If a condition below fails; the message says which one and by how much.
    LimitError
        If the network would have more than `MAX_WEIGHTS` weights.

    Notes
    -----
    The conditions are Σ_k c_k ≤ n_L, where for L = 2 "paper" may need up to d neurons more, one for each coordinate
    that is 0 at a corner, and n_l ≥ 2d for l < L ("interior": n_{L−1} ≥ 2d and n_l ≥ d for l < L−1).

    The more zeros a corner has, the more components and the fewer spheres there are. a_k = 1 is the corner of the
    paper. a_k = 0 has nothing but tips, but then all other cuts must be zero.

    References
    ----------
    Ergen & Grillo, *Topological Expressivity of ReLU Neural Networks* (COLT 2024).

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.shells((2, 8, 3, 1), [2])
    >>> net.architecture, pr.betti_numbers(net)
    ((2, 8, 3, 1), (6, 2))
    """
    plan = _plan(architecture, cuts, variant, corner)
    check_weights("shells", plan.architecture)
    return _paper_network(plan) if variant == "paper" else _interior_network(plan)


def predicted_betti(
    architecture: object, cuts: object, variant: Variant = "paper", corner: object = None
) -> dict[str, tuple[int, ...]]:
    """The Betti numbers of the five regions of `shells` with the same arguments, at level 0.

    The proof is in docs/constructions.md, section "Nested shells".

    Parameters
    ----------
    architecture : sequence of int
        As for `shells`.
    cuts : mapping or sequence of int
        As for `shells`.
    variant : {"paper", "interior"}
        As for `shells`.
    corner : int or sequence of int, optional
        As for `shells`.

    Returns
    -------
    dict
        For each of the keys ">", ">=", "<", "<=" and "=" the Betti numbers in degrees 0..d−1.

    Raises
    ------
    InputError
        If an argument is wrong, as for `shells`.

    Examples
    --------
    >>> import polyrelu as pr
    >>> pr.predicted_betti((2, 8, 3, 1), [2])[">"]
    (6, 2)
    """
    plan = _plan(architecture, cuts, variant, corner)
    corners = _corners(plan, variant)
    above, boundary = [0] * plan.d, [0] * plan.d
    for k, c in enumerate(plan.cuts, 1):
        for betti, (components, spheres) in ((above, corners[k].region(c)), (boundary, corners[k].boundary(c))):
            betti[0] += components
            betti[k] += spheres
    below = [z - p for z, p in zip(boundary, above, strict=True)]
    below[0] += 1
    regions = {">": above, ">=": above, "<": below, "<=": below, "=": boundary}
    return {relation: tuple(betti) for relation, betti in regions.items()}


def corner_counts(
    architecture: object, variant: Variant = "paper", corner: object = None
) -> tuple[tuple[int, int], ...]:
    """The numbers (A_k, B_k) of corners of s_k and of those that are tips only, for k = 1..d−1.

    So cuts c that `shells` admits give β_0 = Σ_k A_k ⌈c_k/2⌉ and β_k = B_k ⌊c_k/2⌋ for F > 0.

    Parameters
    ----------
    architecture : sequence of int
        As for `shells`.
    variant : {"paper", "interior"}
        As for `shells`.
    corner : int or sequence of int, optional
        As for `shells`.

    Returns
    -------
    tuple of pairs of int
        The pairs (A_k, B_k).

    Raises
    ------
    InputError
        For an architecture that has no shells.

    Examples
    --------
    >>> from polyrelu.constructions import corner_counts
    >>> corner_counts((3, 6, 6, 6, 1)), corner_counts((3, 6, 6, 6, 1), "interior")
    (((6, 2), (18, 2)), ((4, 4), (8, 8)))
    """
    corners = _corners(_plan(architecture, (), variant, corner), variant)
    return tuple((corners[k].total, corners[k].tips) for k in sorted(corners))


def closing_neurons(
    architecture: object, cuts: object, variant: Variant = "paper", corner: object = None, name: str = "shells"
) -> int:
    """The number of neurons of the last layer that close the outside of `shells` with these arguments.

    The errors are those of `shells`, as errors of the construction `name`.
    """
    return _plan(architecture, cuts, variant, corner, name).closing


@dataclass(frozen=True)
class _Plan:
    """Checked arguments: the architecture, its parts, c_1, …, c_{d−1}, and a_1, …, a_{d−1}."""

    architecture: tuple[int, ...]
    cuts: tuple[int, ...]
    variant: str
    zeros: tuple[int, ...]

    @property
    def d(self) -> int:
        return self.architecture[0]

    @property
    def widths(self) -> tuple[int, ...]:
        return self.architecture[1:-1]

    @property
    def folds(self) -> list[int]:
        """Folds of each coordinate, layer by layer, in variant "paper"."""
        return [2 * (n // (2 * self.d)) for n in self.widths[:-1]]

    @property
    def shares(self) -> list[list[int]]:
        """Neurons of each coordinate, layer by layer, in variant "interior"."""
        return [split_evenly(n, self.d) for n in self.widths[:-1]]

    @cached_property
    def words(self) -> dict[int, Word]:
        """p_k for the k with c_k > 0."""
        return words(self.zeros, tuple(k for k, c in enumerate(self.cuts, 1) if c))

    @cached_property
    def low(self) -> list[int]:
        """The coordinates (from 0) that are 0 at some corner."""
        return sorted({i for word in self.words.values() for i, letter in enumerate(word) if letter == 0})

    @property
    def spare(self) -> int:
        """The number of these coordinates that spare neurons of a single folding layer close ("paper", L = 2)."""
        if self.variant != "paper" or len(self.widths) > 2:
            return 0
        return min(len(self.low), self.widths[0] - self.d * self.folds[0])

    @property
    def outside(self) -> list[int]:
        """The W-closed coordinates (from 0)."""
        return self.low[self.spare :] if self.variant == "paper" and len(self.widths) == 2 else []

    @property
    def closing(self) -> int:
        """The number of neurons of the last layer that close the outside."""
        return len(self.outside)


def _plan(architecture: object, cuts: object, variant: str, corner: object, name: str = "shells") -> _Plan:
    if not isinstance(variant, str) or variant not in VARIANTS:
        raise InputError(f"variant: expected one of {', '.join(VARIANTS)}, got {describe(variant)}")
    if corner is not None and variant != "paper":
        raise InputError('corner: only variant "paper" has a choice of corners')
    widths = read_architecture(architecture, hidden=2, scalar=True)
    d, last = widths[0], widths[-2]
    require(name, "d ≥ 2", d, 2)
    if d > 10**6:
        raise InputError(f"{name}: expected d ≤ 10^6, got {brief(d)}")
    plan = _Plan(widths, read_cuts(cuts, d), variant, read_corner(corner, d))
    for layer, n in enumerate(widths[1:-2], 1):
        if variant == "paper" or layer == len(widths) - 3:
            require(f"{name}: layer {layer}", f"n_{layer} ≥ 2d", n, 2 * d)
        else:
            require(f"{name}: layer {layer}", f"n_{layer} ≥ d", n, d)
    closing = plan.closing
    needed, note = "n_L ≥ Σ c_k", ""
    if closing:
        needed += f" + {closing}"
        note = f" ({closing} neuron{'s' * (closing > 1)} must close the outside)"
    require(f"{name}: last hidden layer {len(widths) - 2}", needed, last, sum(plan.cuts) + closing, note)
    return plan


def cut_network(input_dim: int, cuts: object, corner: object = None) -> Network:
    """The last hidden layer and the output of `shells`, variant "paper", as a network of the folded coordinates y ↦ F.

    The dimension is d ≥ 2; the other arguments are as for `shells`, with the same errors.
    """
    d = integer(input_dim, "input_dim", 2)
    numbers = read_cuts(cuts, d)
    plan = _plan((d, 2 * d, 2 * d, max(sum(numbers), 1), 1), numbers, "paper", corner)
    stack = LayerStack(d)
    return _cut(stack, plan, _sums(plan, stack.inputs()), [])


def read_cuts(cuts: object, d: int) -> tuple[int, ...]:
    """The numbers c_1, …, c_{d−1} ≥ 0, given so or as a mapping {k: c_k}; InputError for anything else.

    LimitError for more inputs than a network can have weights.
    """
    if d > MAX_WEIGHTS:
        raise LimitError(f"cuts: at most {MAX_WEIGHTS} inputs, got {brief(d)}")
    if isinstance(cuts, Mapping):
        result = [0] * (d - 1)
        for key, value in cuts.items():
            k = integer(key, "cuts: degree", 1)
            if k >= d:
                raise InputError(f"cuts: degree k must be at most d − 1 = {brief(d - 1)}, got {brief(k)}")
            result[k - 1] = integer(value, f"cuts: c_{k}", 0)
        return tuple(result)
    numbers = integers(cuts, "cuts", 0)
    if numbers and len(numbers) != d - 1:
        raise InputError(f"cuts: expected d − 1 = {brief(d - 1)} numbers c_1, …, c_{brief(d - 1)}, got {len(numbers)}")
    return numbers or (0,) * (d - 1)


# --- counting corners ---


def _corners(plan: _Plan, variant: str) -> dict[int, Corners]:
    return _paper_corners(plan) if variant == "paper" else _interior_corners(plan)


def _paper_corners(plan: _Plan) -> dict[int, Corners]:
    half = prod(plan.folds) // 2
    outside = plan.outside
    result = {}
    for k, a in enumerate(plan.zeros, 1):
        word = plan.words.get(k, ())
        closed = sum(1 for i in outside if i < len(word) and word[i] == 0)
        result[k] = fold_corners(half, a, k + 1 - a, closed, ends=any(i > k for i in outside))
    return result


def _interior_corners(plan: _Plan) -> dict[int, Corners]:
    *before, last = plan.shares
    covers = [prod(fold_count(shares[i]) for shares in before) for i in range(plan.d)]
    low = [cover * ((q + 1) // 2) for cover, q in zip(covers, last, strict=True)]
    high = [cover * (q // 2) for cover, q in zip(covers, last, strict=True)]
    high[-1] = low[-1]
    return {k: Corners(prod(low[:k]) * high[k]) for k in range(1, plan.d)}


# --- building the networks ---


def _paper_network(plan: _Plan) -> Network:
    stack = LayerStack(plan.d)
    y = stack.inputs()
    spare = plan.low[: plan.spare]
    for m, width in zip(plan.folds, plan.widths[:-1], strict=True):
        y = folded(stack, y, [plain_fold(m, closed=i in spare) for i in range(plan.d)], width)
    return _cut(stack, plan, _sums(plan, y), [-y[i] for i in plan.outside])


def _sums(plan: _Plan, y: list[Form]) -> dict[int, Form]:
    """The s_k with c_k > 0, in the folded coordinates."""
    return {k: total(1 - y[i] if letter else y[i] for i, letter in enumerate(word)) for k, word in plan.words.items()}


def _interior_network(plan: _Plan) -> Network:
    stack = LayerStack(plan.d)
    y = stack.inputs()
    *before, last = plan.shares
    for shares, width in zip(before, plan.widths[:-2], strict=True):
        y = folded(stack, y, [mixed_fold(share) for share in shares], width)
    low = [_valleys(q, first=0) for q in last]
    high = [_valleys(q, first=1) for q in last]
    high[-1] = low[-1]
    neurons = fold(stack, y, low, plan.widths[-2])
    lows = [curve.read(block) for curve, block in zip(low, neurons, strict=True)]
    highs = [curve.read(block) for curve, block in zip(high, neurons, strict=True)]
    return _cut(stack, plan, {k: total(lows[:k]) + highs[k] for k in plan.words}, [])


def _valleys(q: int, first: int) -> Curve:
    """The zigzag of q ≥ 2 neurons with values `first`, 1 − `first`, … at j/(q+1), that rises on both sides of these.

    Its last neuron looks to the left: with slopes ±g, g = q + 1, between the thresholds, the slope at −∞ is minus the
    last slope change: −(2g − g) = −g if the last inner slope is g, −(g − (−g)) = −2g if it is −g.
    """
    g = Fraction(q + 1)
    values = tuple((j + first) % 2 for j in range(q))
    left, right = (-g, 2 * g) if values[-1] else (-2 * g, g)
    return Curve(tuple(j / g for j in range(1, q + 1)), values, left, right, leftward=(q - 1,))


def _cut(stack: LayerStack, plan: _Plan, sums: dict[int, Form], outside: list[Form]) -> Network:
    """Add the last hidden layer and the output: the cuts of s_k, and F made negative where `outside` is positive."""
    preactivations: list[Form] = []
    output: list[Fraction] = []
    for k, s in sums.items():
        c = plan.cuts[k - 1]
        preactivations += [Fraction(c + 1 - i, 2 * (c + 1)) - s for i in range(1, c + 1)]
        output += [Fraction(4 * (c + 1) * (1 if i == 0 else 2 * (-1) ** i)) for i in range(c)]
    weight = 1 + sum(4 * (c + 1) for c in plan.cuts if c)
    preactivations += outside
    output += [Fraction(-weight)] * len(outside)
    neurons = stack.add(preactivations, plan.widths[-1])
    return stack.network([total(a * z for a, z in zip(output, neurons, strict=True)) - 1])
