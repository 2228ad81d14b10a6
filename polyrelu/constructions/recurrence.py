"""Recurrent networks that compute shells: section 5 of Ergen & Grillo (COLT 2024).

A recurrent network applies one block, a network from R^n to itself, several times; *unfolded*, it is an ordinary
network whose layers repeat. Here it computes `shells` of variant "paper", either with a dense layer after the last step
("dense") or with blocks alone ("state"). docs/constructions.md, section "Recurrent networks", has the proof, and says
what becomes of the paper's own block.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat
from typing import Literal

from polyrelu.constructions.arguments import integer
from polyrelu.constructions.layers import MAX_LAYERS, Form, LayerStack, check_weights, folded, plain_fold, total
from polyrelu.constructions.nested_shells import cut_network, predicted_betti, read_cuts
from polyrelu.errors import InputError
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import describe
from polyrelu.network.network import Network

Kind = Literal["dense", "state"]
KINDS: tuple[Kind, ...] = ("dense", "state")


def repeated(block: Network, steps: object) -> Network:
    """The network block ∘ … ∘ block: a recurrent network, unfolded.

    All blocks have the same weights; where two meet, the last affine map of one and the first of the next are one map.

    Parameters
    ----------
    block : Network
        A network from R^n to itself.
    steps : int
        The number of blocks, at least 1.

    Returns
    -------
    Network
        The composition, a network from R^n to itself.

    Raises
    ------
    InputError
        If the block does not have as many outputs as inputs, or steps is not an integer ≥ 1.
    LimitError
        If the network would have more than `MAX_WEIGHTS` weights.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.repeated(pr.sawtooth(1), 3)
    >>> net == pr.sawtooth(3), net.architecture
    (True, (1, 2, 2, 2, 1))
    """
    if not isinstance(block, Network):
        raise InputError(f"repeated: expected a Network, got {describe(block)}")
    if block.input_dim != block.output_dim:
        raise InputError(
            f"repeated: the block has {block.input_dim} inputs and {block.output_dim} outputs; a block that is applied "
            "again needs as many outputs as inputs"
        )
    times = integer(steps, "steps", 1)
    d = block.input_dim
    check_weights("repeated", _repeated_widths(d, block.architecture[1:-1] or (d,), times))
    # By squaring, so that no layer is copied often.
    network, power = None, block
    while True:
        if times % 2:
            network = power if network is None else power.followed_by(network)
        times //= 2
        if not times:
            assert network is not None
            return network
        power = power.followed_by(power)


def fold_block(input_dim: object, folds: object) -> Network:
    """The fold h of R^d: a network with one hidden layer of d · folds neurons, Definition 32 of the paper.

    Parameters
    ----------
    input_dim : int
        The dimension d ≥ 1.
    folds : int
        The number of pieces in every coordinate, even and at least 2.

    Returns
    -------
    Network
        A network from R^d to itself.

    Raises
    ------
    InputError
        If an argument is not as above.
    LimitError
        If the network would have more than `MAX_WEIGHTS` weights.

    Examples
    --------
    >>> fold_block(1, 4)("1/8")
    Fraction(1, 2)
    """
    d, m = integer(input_dim, "input_dim", 1), _read_folds(folds)
    check_weights("fold block", (d, d * m, d))
    stack = LayerStack(d)
    return stack.network(folded(stack, stack.inputs(), [plain_fold(m)] * d, d * m))


def state_block(input_dim: object, folds: object, cuts: object, corner: object = None) -> Network:
    """The block (x, u) ↦ (h(x), f(h(x))) of R^(d+1), with two hidden layers (docs/constructions.md).

    Parameters
    ----------
    input_dim : int
        The dimension d ≥ 2.
    folds : int
        The number of pieces in every coordinate, even and at least 2.
    cuts : mapping or sequence of int
        The numbers c_k, as for `shells`.
    corner : int or sequence of int, optional
        The corners, as for `shells`.

    Returns
    -------
    Network
        A network from R^(d+1) to itself.

    Raises
    ------
    InputError
        If an argument is wrong.
    LimitError
        If the network would have more than `MAX_WEIGHTS` weights.

    Examples
    --------
    >>> state_block(2, 2, [1]).architecture
    (3, 4, 3, 3)
    """
    d, m = integer(input_dim, "input_dim", 2), _read_folds(folds)
    check_weights("state block", (d + 1, d * m, d + sum(read_cuts(cuts, d)), d + 1))
    cut = cut_network(d, cuts, corner)
    stack = LayerStack(d + 1)
    y = folded(stack, stack.inputs()[:d], [plain_fold(m)] * d, d * m)
    rows = zip(cut.weights[0], cut.biases[0], strict=True)
    neurons = stack.add([*y, *(total(w * y[i] for i, w in enumerate(row)) + b for row, b in rows)])
    value: Form = total(w * z for w, z in zip(cut.weights[1][0], neurons[d:], strict=True)) + cut.biases[1][0]
    return stack.network([*neurons[:d], value])


def recurrent(
    input_dim: object, folds: object, steps: object, cuts: object, kind: Kind = "dense", corner: object = None
) -> Network:
    """A recurrent network on R^d that computes shells, unfolded.

    Parameters
    ----------
    input_dim : int
        The dimension d ≥ 2.
    folds : int
        The number m of pieces of every coordinate's fold, even and at least 2.
    steps : int
        The number T ≥ 2 of applications of the block.
    cuts : mapping or sequence of int
        The numbers c_k of bands around the corners of degree k = 1..d−1, as for `shells`.
    kind : {"dense", "state"}
        "dense" for a fold and a dense layer after the last step, "state" for one block and nothing after it.
    corner : int or sequence of int, optional
        The corners, as for `shells`.

    Returns
    -------
    Network
        The unfolded network. The Betti numbers of its regions at level 0 are those of `predicted_recurrent_betti`.

    Raises
    ------
    InputError
        If an argument is wrong.
    LimitError
        If the network would have more than `MAX_WEIGHTS` weights.

    References
    ----------
    Ergen & Grillo, *Topological Expressivity of ReLU Neural Networks* (COLT 2024), section 5.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.recurrent(2, 2, 2, [2])
    >>> net.architecture, pr.betti_numbers(net)
    ((2, 4, 4, 2, 1), (6, 2))
    """
    d = _read(input_dim, steps, kind)
    _check_widths(d, _read_folds(folds), integer(steps, "steps", 2), sum(read_cuts(cuts, d)), kind)
    if kind == "dense":
        return repeated(fold_block(d, folds), steps).followed_by(cut_network(d, cuts, corner))
    start = Network([[[int(i == j) for j in range(d)] for i in range(d + 1)]], [[0] * (d + 1)])
    answer = Network([[[0] * d + [1]]], [[0]])
    return start.followed_by(repeated(state_block(d, folds, cuts, corner), steps)).followed_by(answer)


def predicted_recurrent_betti(
    input_dim: object, folds: object, steps: object, cuts: object, kind: Kind = "dense", corner: object = None
) -> dict[str, tuple[int, ...]]:
    """The Betti numbers of the five regions of `recurrent` with the same arguments, at level 0.

    The proof is in docs/constructions.md, section "Recurrent networks".

    Parameters
    ----------
    input_dim : int
        As for `recurrent`.
    folds : int
        As for `recurrent`.
    steps : int
        As for `recurrent`.
    cuts : mapping or sequence of int
        As for `recurrent`.
    kind : {"dense", "state"}
        As for `recurrent`.
    corner : int or sequence of int, optional
        As for `recurrent`.

    Returns
    -------
    dict
        For each of the keys ">", ">=", "<", "<=" and "=" the Betti numbers in degrees 0..d−1.

    Raises
    ------
    InputError
        If an argument is wrong, as for `recurrent`.
    LimitError
        If the network would have more than `MAX_WEIGHTS` weights.

    Examples
    --------
    >>> import polyrelu as pr
    >>> pr.predicted_recurrent_betti(2, 2, 2, [2])["="]
    (12, 4)
    """
    d, numbers = _read(input_dim, steps, kind), read_cuts(cuts, integer(input_dim, "input_dim", 2))
    m, times = _read_folds(folds), integer(steps, "steps", 2)
    _check_widths(d, m, times, sum(numbers), kind)
    layers = [d * m] * times
    return predicted_betti((d, *layers, max(sum(numbers), 1), 1), numbers, "paper", corner)


def _read(input_dim: object, steps: object, kind: object) -> int:
    if not isinstance(kind, str) or kind not in KINDS:
        raise InputError(f"kind: expected one of {', '.join(KINDS)}, got {describe(kind)}")
    integer(steps, "steps", 2)
    return integer(input_dim, "input_dim", 2)


def _check_widths(d: int, m: int, steps: int, cuts: int, kind: Kind) -> None:
    """LimitError if `recurrent` would be too large."""
    hidden, last = ((d * m,), [cuts, 1]) if kind == "dense" else ((d * m, d + cuts), [1])
    check_weights("recurrent", chain(_repeated_widths(d, hidden, steps), last))


def _repeated_widths(start: int, hidden: tuple[int, ...], times: int) -> Iterator[int]:
    """The inputs and the hidden widths of a network whose hidden layers repeat, as far as `check_weights` reads."""
    return chain([start], chain.from_iterable(repeat(hidden, min(times, MAX_LAYERS + 1))))


def _read_folds(folds: object) -> int:
    m = integer(folds, "folds", 2)
    if m % 2:
        raise InputError(f"folds: expected an even number, got {brief(m)}")
    return m
