"""Networks with one hidden layer whose region is a product of zigzags: the shallow side of a comparison."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from polyrelu.constructions.arguments import integer, integers, read_architecture, require
from polyrelu.constructions.layers import Curve, LayerStack, check_weights, split_evenly, total
from polyrelu.errors import InputError, LimitError
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import describe
from polyrelu.network.network import Network

MAX_COORDINATES = 1000
"""Maximum number of coordinates for which `best_bumps` compares the bumps in each number of them."""


def bumps(architecture: object, counts: object, complement: bool = False) -> Network:
    """A network with one hidden layer whose {F > 0} is ∏ a_i convex sets, or their complement.

    Parameters
    ----------
    architecture : sequence of int
        (d, n, 1). Neurons that are not needed have zero weights.
    counts : sequence of int
        The numbers a_1, …, a_m ≥ 1 with 0 ≤ m ≤ d and Σ max(2, 2 a_i − 1) ≤ n.
    complement : bool, default False
        Whether {F > 0} is the complement.

    Returns
    -------
    Network
        The network F; the Betti numbers of {F > 0} are those of `bumps_betti`.

    Raises
    ------
    InputError
        If an argument is wrong; the message says which inequality fails and by how much.
    LimitError
        If the network would have more than `MAX_WEIGHTS` weights.

    Notes
    -----
    Let g_i(x_i) ≥ 0 be the zigzag 0, 1, 0, …, 0 at 0, 1, …, 2 a_i − 2, rising outside with slope −2 and 1. It takes 2
    a_i − 1 neurons, the last of which looks to the left: its slope change is 2 (see `Curve`); for a_i = 1 it is
    ReLU(x_i) + ReLU(−x_i). Put F = 1/2 − Σ g_i. Where F ≥ 0 every g_i ≤ 1/2, so x is near one of the ∏ a_i points with
    all g_i = 0, and the part of {F > 0}, or {F ≥ 0}, near a point is convex. The rest follows by Alexander duality.
    """
    widths, numbers = _read(architecture, counts)
    check_weights("bumps", widths)
    d, n, _ = widths
    stack = LayerStack(d)
    x = stack.inputs()
    curves = [_zigzag(a) if a > 1 else None for a in numbers]
    preactivations = [
        form for xi, c in zip(x, curves, strict=False) for form in (c.preactivations(xi) if c else [xi, -xi])
    ]
    neurons = iter(stack.add(preactivations, n))
    blocks = [[next(neurons) for _ in range(_cost(a))] for a in numbers]
    height = total(c.read(block) if c else total(block) for c, block in zip(curves, blocks, strict=True))
    value = Fraction(1, 2) - height
    return stack.network([-value if complement else value])


def bumps_betti(architecture: object, counts: object, complement: bool = False) -> tuple[int, ...]:
    """The Betti numbers of {F > 0} (and {F ≥ 0}) for `bumps` with these arguments.

    The P = ∏ a_i sets are contractible: β_0 = P. Their outside is R^d without P sets C × R^{d−m}, C compact and convex:
    β_{m−1} = P and β_0 = 1 if m ≥ 2, β_0 = P + 1 if m = 1, and nothing if m = 0. The errors are those of `bumps`.
    """
    (d, _, _), numbers = _read(architecture, counts)
    betti = [0] * d
    m = len(numbers)
    if not complement:
        betti[0] = prod(numbers)
    elif m:
        betti[0] = 1
        betti[m - 1] += prod(numbers)
    return tuple(betti)


def best_bumps(input_dim: int, neurons: int, degree: int) -> tuple[tuple[int, ...], bool]:
    """The arguments `counts` and `complement` of `bumps` with the largest β_degree for (d, n, 1).

    For degree k ≥ 1 these are complements with m = k + 1. If none fits, counts is empty: F is constant and positive.
    """
    d, n = integer(input_dim, "input_dim", 1), integer(neurons, "neurons", 1)
    if integer(degree, "degree", 0) >= d:
        raise InputError(
            f"degree: a region in R^{brief(d)} has Betti numbers of degree at most {brief(d - 1)}, "
            f"got {describe(degree)}"
        )
    if degree:
        counts = _split(n, degree + 1)
        return (counts, True) if counts else ((), False)
    options: list[tuple[tuple[int, ...], bool]] = [((), False)]
    if min(d, n // 2) > MAX_COORDINATES:
        raise LimitError(f"best_bumps: more than {MAX_COORDINATES} coordinates with two neurons each are not compared")
    options += [(counts, False) for m in range(1, min(d, n // 2) + 1) if (counts := _split(n, m))]
    if counts := _split(n, 1):
        options.append((counts, True))
    return max(options, key=lambda option: prod(option[0]) + option[1])  # β_0: see `bumps_betti`, m ≤ 1 outside


def _read(architecture: object, counts: object) -> tuple[tuple[int, ...], tuple[int, ...]]:
    widths = read_architecture(architecture, hidden=1, scalar=True)
    if len(widths) != 3:
        raise InputError(f"bumps: expected an architecture with one hidden layer, got {len(widths) - 2}")
    numbers = integers(counts, "counts", 1)
    if len(numbers) > widths[0]:
        raise InputError(f"counts: expected at most d = {widths[0]} numbers, got {len(numbers)}")
    require("bumps", "n ≥ Σ max(2, 2 a_i − 1)", widths[1], sum(map(_cost, numbers)))
    return widths, numbers


def _cost(count: int) -> int:
    return max(2, 2 * count - 1)


def _split(neurons: int, coordinates: int) -> tuple[int, ...]:
    """Counts for this many coordinates with the largest product, or () if not even one bump fits.

    Either all counts are at least 2, and then as equal as possible with Σ (2 a_i − 1) ≤ n; or that is too much, and as
    many as fit are 2, for one neuron more each than a count of 1.
    """
    if neurons < 2 * coordinates:
        return ()
    if neurons < 3 * coordinates:
        return tuple(split_evenly(neurons - coordinates, coordinates))
    return tuple(split_evenly((neurons + coordinates) // 2, coordinates))


def _zigzag(count: int) -> Curve:
    stops = 2 * count - 1
    values = tuple(j % 2 for j in range(stops))
    return Curve(tuple(map(Fraction, range(stops))), values, Fraction(-2), Fraction(1), leftward=(stops - 1,))
