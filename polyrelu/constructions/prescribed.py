"""Networks with prescribed Betti numbers."""

from __future__ import annotations

from fractions import Fraction
from itertools import repeat

from polyrelu.constructions.arguments import integers
from polyrelu.constructions.layers import MAX_LAYERS, Form, LayerStack, check_weights, total
from polyrelu.errors import InputError
from polyrelu.exact.printing import brief
from polyrelu.network.network import Network


def network_with_betti(betti: object) -> Network:
    """A network R^d → R with exactly the given Betti numbers b_0, …, b_{d−1} of {F > 0} (and {F ≥ 0}), torsion-free.

    Parameters
    ----------
    betti : sequence of int
        The numbers b_0, …, b_{d−1} ≥ 0, d ≥ 1. All tuples are possible but those with b_0 = 0 and some b_k > 0, as a
        set without components is empty.

    Returns
    -------
    Network
        With B = b_0 − 1 + b_1 + … + b_{d−1} it has ⌈log₂ B⌉ + 2 hidden layers (one for B = 0) of at most 2d + 2
        neurons.

    Raises
    ------
    InputError
        If the numbers are not the Betti numbers of a set.
    LimitError
        If the network would have more than `MAX_WEIGHTS` weights.

    Notes
    -----
    For fixed d the number of neurons is logarithmic in Σ b_k, as in the corollary of Ergen & Grillo, whose networks
    have *at least* these Betti numbers.

    {F > 0} is the complement of B disjoint closed sets, balls times affine spaces, and has the prescribed homology by
    Alexander duality. docs/constructions.md, section "Prescribed Betti numbers", has the network and the proof.

    References
    ----------
    Ergen & Grillo, *Topological Expressivity of ReLU Neural Networks* (COLT 2024).

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.network_with_betti([2, 1, 3])
    >>> net.architecture, pr.betti_numbers(net)
    ((3, 7, 5, 5, 8, 3, 1), (2, 1, 3))
    """
    numbers = integers(betti, "betti", 0)
    if not numbers:
        raise InputError("betti: expected b_0, …, b_{d−1} with d ≥ 1, got no number")
    if not numbers[0] and any(numbers):
        k = next(k for k, b in enumerate(numbers) if b)
        raise InputError(f"betti: b_0 = 0 but b_{k} = {brief(numbers[k])}; a region without components is empty")
    counts = {k: b - (k == 0) for k, b in enumerate(numbers) if b - (k == 0) > 0}
    stack = LayerStack(len(numbers))
    if not counts:
        sign = 1 if numbers[0] else -1
        stack.add([Form({})])
        return stack.network([Form({}, Fraction(sign))])
    removed = _removed_sets(stack, counts)
    neurons = stack.add([Fraction(1, 2) - s for s in removed])
    return stack.network([1 - 4 * total(neurons)])


def _removed_sets(stack: LayerStack, counts: dict[int, int]) -> list[Form]:
    """The forms s_k, for the types k in `counts`, after new layers that fold x_1."""
    folds = (sum(counts.values()) - 1).bit_length() + 1
    width = 3 + 2 * max(counts) + 2 * len(counts)
    check_weights("network_with_betti", [len(stack.inputs()), *repeat(width, min(folds, MAX_LAYERS + 1))])
    inputs = stack.inputs()
    distance, position = inputs[0], inputs[0]
    others = inputs[1 : max(counts) + 1]
    ends = [0]
    for count in counts.values():
        ends.append(ends[-1] + 2 * count)
    beyond: list[Form] = []
    for i in range(1, folds + 1):
        centre = 2 ** (folds - i)
        stops = ends if i == folds else [0]
        rest = others + [-x for x in others] if i == 1 else others
        z = stack.add([distance - centre, centre - distance, *(position - e for e in stops), *rest])
        distance, position = z[0] + z[1], z[2]
        beyond = z[2 : 2 + len(stops)]
        carried = z[2 + len(stops) :]
        n = len(others)
        others = [a + b for a, b in zip(carried[:n], carried[n:], strict=True)] if i == 1 else carried
    removed = []
    for index, k in enumerate(counts):
        before = ends[index] - position + beyond[index]  # ReLU(e − x), for x = ReLU(x_1) ≥ 0
        removed.append(distance + before + beyond[index + 1] + total(others[:k]))
    return removed
