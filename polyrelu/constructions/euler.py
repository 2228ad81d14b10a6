"""Networks whose region has a large Euler characteristic: balls on a folded grid."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from polyrelu.constructions.arguments import read_architecture, require
from polyrelu.constructions.layers import LayerStack, folded, plain_fold, total
from polyrelu.network.network import Network


def euler_network(architecture: object) -> Network:
    """A network whose {F > 0} consists of M z (M/2)^{d−1} balls, z = ⌊(n_L − 1)/2⌋, so that χ ∈ Ω(M^d n_L).

    Here M = ∏_{l<L} 2⌊n_l/2d⌋. This is what Corollary 14 of Ergen & Grillo (COLT 2024) states of {F ≤ 0}: take −F.
    Their own network has it for odd d; for even d the leading terms of β_0 and of β_{d−1} cancel, and it has χ = 2 Σ_k
    (M/2)^{k + (1 if k is even)} ⌈w_k/2⌉, of the order M^{d−1}.

    Parameters
    ----------
    architecture : sequence of int
        (d, n_1, …, n_L, 1) with d ≥ 2, L ≥ 2, n_l ≥ 2d for l < L, n_L ≥ 3.

    Returns
    -------
    Network
        The network F; its Betti numbers are those of `euler_betti`.

    Raises
    ------
    InputError
        If the architecture is not as above.

    Notes
    -----
    All layers but the last fold, as in `shells`; y are the folded coordinates, y ≤ 1. Let T be the zigzag with T(0) = 1
    and zeros in the middle of each of z equal parts of [0, 1], peaks 1 between them and T = 1 before 0: one neuron
    ReLU(y_1) and 2z − 1 others. One more neuron has the value Σ_{i ≥ 2} (1 − y_i) ≥ 0. F = 1/2 − T(y_1) − Σ_{i ≥ 2} (1
    − y_i) is positive near the points with T(y_1) = 0 and all other y_i = 1: M z times (M/2)^{d−1} of them, all in the
    interior of the cube, and around each the part of {F > 0}, and of {F ≥ 0}, is convex and bounded. Outside the cube y
    ≤ 0 for some coordinate, and F ≤ −1/2.

    Examples
    --------
    >>> import polyrelu as pr
    >>> from polyrelu.constructions.euler import euler_network
    >>> pr.betti_numbers(euler_network((2, 8, 5, 1)))
    (16, 0)
    """
    widths, folds = _read(architecture)
    d, z = widths[0], (widths[-2] - 1) // 2
    stack = LayerStack(d)
    y = stack.inputs()
    for m, width in zip(folds, widths[1:-2], strict=True):
        y = folded(stack, y, [plain_fold(m)] * d, width)
    rest = total(1 - form for form in y[1:])
    neurons = stack.add([*(y[0] - Fraction(j, 2 * z) for j in range(2 * z)), rest], widths[-2])
    slopes = [Fraction(-2 * z), *(Fraction(4 * z * (-1) ** (j + 1)) for j in range(1, 2 * z))]
    zigzag = total(slope * neuron for slope, neuron in zip(slopes, neurons, strict=False)) + 1
    return stack.network([Fraction(1, 2) - zigzag - neurons[2 * z]])


def euler_betti(architecture: object) -> tuple[int, ...]:
    """The Betti numbers of {F > 0} and {F ≥ 0} for `euler_network(architecture)`, with the same errors."""
    widths, folds = _read(architecture)
    d, m = widths[0], prod(folds)
    return (m * ((widths[-2] - 1) // 2) * (m // 2) ** (d - 1), *[0] * (d - 1))


def _read(architecture: object) -> tuple[tuple[int, ...], list[int]]:
    """The architecture, checked, and the folds of each layer."""
    widths = read_architecture(architecture, hidden=2, scalar=True)
    d = widths[0]
    require("balls", "d ≥ 2", d, 2)
    for layer, n in enumerate(widths[1:-2], 1):
        require(f"balls: layer {layer}", f"n_{layer} ≥ 2d", n, 2 * d)
    require(f"balls: layer {len(widths) - 2}", "n_L ≥ 3", widths[-2], 3)
    return widths, [2 * (n // (2 * d)) for n in widths[1:-2]]
