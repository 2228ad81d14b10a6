"""The maximum of n numbers as a ReLU network of logarithmic depth."""

from __future__ import annotations

from collections.abc import Iterator

from polyrelu.constructions.arguments import integer
from polyrelu.constructions.layers import Form, LayerStack, check_weights
from polyrelu.network.network import Network


def maximum(n: int) -> Network:
    """The network R^n → R, x ↦ max(x_1, …, x_n), with ⌈log₂ n⌉ hidden layers.

    Parameters
    ----------
    n : int
        The number of inputs, at least 1.

    Returns
    -------
    Network
        The network; an affine map for n = 1.

    Raises
    ------
    InputError
        If n is not an integer ≥ 1.
    LimitError
        If the network would have more than `MAX_WEIGHTS` weights (n > 2000 or so).

    Notes
    -----
    Every layer halves the number of terms by max(a, b) = ReLU(a − b) + ReLU(b) − ReLU(−b). A term left over is passed
    on as ReLU(a) − ReLU(−a).

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
    """
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


def _widths(terms: int) -> Iterator[int]:
    yield terms
    while terms > 1:
        yield terms // 2 * 3 + terms % 2 * 2
        terms = (terms + 1) // 2
    yield 1
