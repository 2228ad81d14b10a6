"""The maximum and minimum of n numbers as ReLU networks of logarithmic depth, and those of networks."""

from __future__ import annotations

from collections.abc import Iterator

from polyrelu.constructions.arguments import integer
from polyrelu.constructions.layers import Form, LayerStack, check_weights
from polyrelu.network.algebra import extremum, read_networks
from polyrelu.network.network import Network


def maximum(n: int | Network, *networks: Network) -> Network:
    """The network R^n → R, x ↦ max(x_1, …, x_n), with ⌈log₂ n⌉ hidden layers; or the maximum of networks.

    Parameters
    ----------
    n : int or Network
        The number of inputs, at least 1; or the first of some networks.
    *networks : Network
        The other networks, with the same numbers of inputs and outputs.

    Returns
    -------
    Network
        The network; for an integer n = 1 an affine map. For networks F, G, … it is x ↦ max(F(x), G(x), …), output by
        output.

    Raises
    ------
    InputError
        If n is neither an integer ≥ 1 nor a Network, or the others are not Networks.
    NetworkError
        If the numbers of inputs or of outputs of networks differ, or the units of the inputs.
    LimitError
        If the network would have more than `MAX_WEIGHTS` weights (n > 2000 or so).

    Notes
    -----
    Every layer halves the number of terms by max(a, b) = ReLU(a − b) + ReLU(b) − ReLU(−b). A term left over is passed
    on as ReLU(a) − ReLU(−a).

    For networks, max(a, b) = b + ReLU(a − b), where a neuron of slope 1 passes b on: it splits no cells. Hidden layers
    stand side by side as those of a sum do; see `stack`.

    References
    ----------
    Arora, Basu, Mianjy & Mukherjee, *Understanding deep neural networks with rectified linear units* (ICLR 2018): the
    upper half of the depth result.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.maximum(5)
    >>> net.depth, net([3, -1, 4, 1, "1/2"])
    (3, Fraction(4, 1))
    >>> line = pr.Network([[[1]]], [[0]])
    >>> absolute = pr.maximum(line, -line)
    >>> absolute(-3), absolute.architecture
    (Fraction(3, 1), (1, 2, 1))
    """
    if isinstance(n, Network) or networks:
        return extremum(read_networks((n, *networks), "maximum"), 1)
    count = integer(n, "maximum: n", 1)
    check_weights("maximum", _widths(count))
    stack = LayerStack(count)
    terms = stack.inputs()
    while len(terms) > 1:
        preactivations: list[Form] = []
        for a, b in zip(terms[::2], terms[1::2], strict=False):
            preactivations += [a - b, b, -b]
        if len(terms) % 2:
            preactivations += [terms[-1], -terms[-1]]
        z = stack.add(preactivations)
        pairs = len(terms) // 2
        left_over = [z[-2] - z[-1]] if len(terms) % 2 else []
        terms = [z[3 * i] + z[3 * i + 1] - z[3 * i + 2] for i in range(pairs)] + left_over
    return stack.network(terms)


def minimum(n: int | Network, *networks: Network) -> Network:
    """The network R^n → R, x ↦ min(x_1, …, x_n), which is −max(−x); or the minimum of networks, output by output.

    Parameters
    ----------
    n : int or Network
        The number of inputs, at least 1; or the first of some networks.
    *networks : Network
        The other networks, with the same numbers of inputs and outputs.

    Returns
    -------
    Network
        The network, with the layers that `maximum` says.

    Raises
    ------
    InputError, NetworkError, LimitError
        As for `maximum`.

    Examples
    --------
    >>> import polyrelu as pr
    >>> pr.minimum(3)([3, -1, 4])
    Fraction(-1, 1)
    """
    if isinstance(n, Network) or networks:
        return extremum(read_networks((n, *networks), "minimum"), -1)
    count = integer(n, "minimum: n", 1)
    check_weights("minimum", _widths(count))
    inputs = range(count)
    negated = Network([[[-int(i == j) for j in inputs] for i in inputs]], [[0] * count])
    return -negated.followed_by(maximum(count))


def _widths(terms: int) -> Iterator[int]:
    yield terms
    while terms > 1:
        yield terms // 2 * 3 + terms % 2 * 2
        terms = (terms + 1) // 2
    yield 1
