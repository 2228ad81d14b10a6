"""Networks made of several: outputs stacked, and their maximum and minimum. Sums are operators of `Network`."""

from __future__ import annotations

from functools import reduce
from typing import Any

from polyrelu.errors import InputError, NetworkError
from polyrelu.exact.rational import describe
from polyrelu.network.network import Network


def stack(network: Network, *others: Network) -> Network:
    """The network x ↦ (F(x), G(x), …): the outputs of networks with the same inputs, one after the other.

    Parameters
    ----------
    network : Network
        The first network.
    *others : Network
        The other ones.

    Returns
    -------
    Network
        The network, with the assumptions of all.

    Raises
    ------
    NetworkError
        If the numbers of inputs differ, or the units of the inputs.
    InputError
        If an argument is not a Network.

    Notes
    -----
    Layers stand side by side. A neuron whose preactivation is a positive multiple of that of another network, with the
    same slope, is not repeated. The values of a shallower network are passed on by neurons of slope 1 (identity), which
    split no cells. So the widths are at most the sums of those of the networks, continued to the same depth.

    Formulas, as `refine` and `betti_numbers(…, where=…)` take them, name the outputs F0, F1, …

    Examples
    --------
    >>> import polyrelu as pr
    >>> f = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # |x|
    >>> g = pr.Network([[[1]]], [[-1]])  # x − 1
    >>> both = pr.stack(f, g)
    >>> both(-3), both.architecture
    ((Fraction(3, 1), Fraction(-4, 1)), (1, 3, 2))
    """
    return reduce(Network.stacked, read_networks((network, *others), "stack"))


def read_networks(networks: tuple[Any, ...], name: str) -> tuple[Network, ...]:
    """The networks themselves; InputError, with the name of the function, if one is none."""
    for net in networks:
        if not isinstance(net, Network):
            raise InputError(f"{name}: expected a Network, got {describe(net)}")
    return networks


def extremum(networks: tuple[Network, ...], sign: int) -> Network:
    """The maximum (sign 1) or minimum (−1) of networks with equally many outputs, output by output.

    One more hidden layer for each halving of their number: max(a, b) = b + ReLU(a − b), min(a, b) = b − ReLU(b − a),
    with b passed on by a neuron of slope 1. NetworkError if the numbers of inputs or of outputs differ.
    """
    rest = list(networks)
    for net in rest:
        if net.output_dim != rest[0].output_dim:
            raise NetworkError(
                f"expected networks with equally many outputs, got {rest[0].output_dim} and {net.output_dim}"
            )
    while len(rest) > 1:
        pairs = [_of_two(a, b, sign) for a, b in zip(rest[::2], rest[1::2], strict=False)]
        rest = pairs + rest[len(rest) // 2 * 2 :]
    return rest[0]


def _of_two(a: Network, b: Network, sign: int) -> Network:
    n = a.output_dim
    unit = [[int(i == j) for j in range(n)] for i in range(n)]
    bends = [[sign * x for x in row] + [-sign * x for x in row] for row in unit]
    passed = [[0] * n + row for row in unit]
    last = [[sign * x for x in row] + row for row in unit]
    layer = Network([bends + passed, last], [[0] * 2 * n, [0] * n], [[0] * n + [1] * n])
    return a.stacked(b).followed_by(layer)
