"""Networks that fold: Telgarsky's sawtooth, and networks with exponentially many regions."""

from __future__ import annotations

from fractions import Fraction
from itertools import chain, repeat
from math import comb

from polyrelu.constructions.arguments import integer, read_architecture, require
from polyrelu.constructions.layers import (
    MAX_LAYERS,
    LayerStack,
    check_weights,
    fold_count,
    folded,
    mixed_fold,
    plain_fold,
    split_evenly,
    total,
)
from polyrelu.exact.limits import read_flag
from polyrelu.network.network import Network


def sawtooth(depth: int, pieces: int = 2) -> Network:
    """The sawtooth: a zigzag 0, 1, 0, … of M = pieces^depth pieces on [0, 1].

    Parameters
    ----------
    depth : int
        The number of hidden layers, at least 1.
    pieces : int, default 2
        The number m of neurons of each layer, at least 1.

    Returns
    -------
    Network
        A network R → R. On [0, 1] it is the depth-fold iterate of x ↦ m ReLU(x) − 2m ReLU(x − 1/m) + 2m ReLU(x − 2/m) −
        …. {F > 1/2} has ⌈M/2⌉ components. Before 0 F is 0; after 1 it goes on rising (m odd), or stays 0 or goes on
        falling (m even).

    Raises
    ------
    InputError
        If depth or pieces is not an integer ≥ 1.
    LimitError
        If the network would have more than `MAX_WEIGHTS` weights.

    References
    ----------
    Telgarsky, *Benefits of depth in neural networks* (COLT 2016): the iterated tent map, m = 2.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.sawtooth(3)
    >>> net("1/8"), net("1/4"), pr.betti_numbers(net, ">", "1/2")
    (Fraction(1, 1), Fraction(0, 1), (4,))
    """
    depth, pieces = integer(depth, "sawtooth: depth", 1), integer(pieces, "sawtooth: pieces", 1)
    check_weights("sawtooth", chain([1], repeat(pieces, min(depth, MAX_LAYERS + 1)), [1]))
    curve = plain_fold(pieces)
    stack = LayerStack(1)
    x = stack.inputs()
    for _ in range(depth):
        x = folded(stack, x, [curve], len(curve.thresholds))
    return stack.network(x)


def folding(architecture: object, mixed: bool = False) -> Network:
    """A network of the given architecture with at least as many activation regions as the classical lower bounds.

    Parameters
    ----------
    architecture : sequence of int
        (d, n_1, …, n_L, n_out) with L ≥ 1 and n_l ≥ d for l < L.
    mixed : bool, default False
        Whether neurons look both ways, which gives more folds.

    Returns
    -------
    Network
        A network of exactly this architecture.

    Raises
    ------
    InputError
        If there is no hidden layer, or n_l < d for some l < L.
    LimitError
        If the network would have more than `MAX_WEIGHTS` weights.

    Notes
    -----
    Every hidden layer but the last folds each coordinate of [0, 1]^d several times, and the last one cuts the cube by
    n_L hyperplanes in general position. With `mixed` false, layer l folds every coordinate ⌊n_l / d⌋ times, the
    construction of Montúfar et al., Theorem 4. With `mixed` true, q ≥ 3 neurons fold a coordinate q + 1 times, and no
    neuron is left out; this contains the lower bound of Serra et al. docs/constructions.md, section "Folding", has the
    proof.

    References
    ----------
    Montúfar, Pascanu, Cho & Bengio, *On the number of linear regions of deep neural networks* (NIPS 2014).

    Serra, Tjandraatmadja & Ramalingam, *Bounding and counting linear regions of deep neural networks* (ICML 2018).

    Examples
    --------
    >>> import polyrelu as pr
    >>> pr.subdivide(pr.folding((2, 4, 3, 1))).n_regions >= 2**2 * 7  # boxes times regions of 3 lines
    True
    """
    widths = read_architecture(architecture, hidden=1)
    mixed = read_flag(mixed, "mixed")
    check_weights("folding", widths)
    d, *hidden, n_out = widths
    stack = LayerStack(d)
    x = stack.inputs()
    for layer, width in enumerate(hidden[:-1], 1):
        require(f"folding: layer {layer}", f"n_{layer} ≥ d", width, d)
        shares = split_evenly(width, d) if mixed else [width // d] * d
        x = folded(stack, x, [(mixed_fold if mixed else plain_fold)(share) for share in shares], width)
    n = hidden[-1]
    z = [(comb(d, i) + 1) * (2 * y - 1) for i, y in enumerate(x)]
    parameters = [Fraction(2 * j + 1 - n, n) for j in range(n)]
    neurons = stack.add([total(t**i * z[i] for i in range(d)) + t**d for t in parameters])
    return stack.network([total(neurons)] * n_out)


def folded_regions(architecture: tuple[int, ...]) -> int | None:
    """The number of regions of `folding(architecture, mixed=True)` inside the cube, or None if it does not exist."""
    d, *hidden, _ = architecture
    if not hidden or any(width < d for width in hidden[:-1]):
        return None
    boxes = 1
    for width in hidden[:-1]:
        for share in split_evenly(width, d):
            boxes *= fold_count(share)
    return boxes * sum(comb(hidden[-1], j) for j in range(d + 1))
