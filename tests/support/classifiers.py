"""Small classifiers, often degenerate, and the check of a partition by values at a point inside each cell."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st

from polyrelu.geometry.classes import Partition
from polyrelu.network.network import Network
from support.strategies import NUMBERS, Widths, networks, random_rows

# Outputs and their comparisons come on top of these.
SMALL: Widths = {
    1: [(), (1,), (5,), (4, 4)],
    2: [(), (1,), (4,), (6,), (1, 2), (4, 3), (3, 3, 3)],
    3: [(), (2,), (4,), (2, 2)],
    4: [(), (1,), (3,)],
}

# Three classes by the norm |x| + |y|: a square, a ring around it, and the outside.
RINGS = Network(
    [[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 1, 1], [0, 0, 0, 0], [-1, -1, -1, -1]]], [[0] * 4, [-2, 0, 1]]
)


@st.composite
def classifiers(draw: Any, dims: Any = (1, 2, 3), outputs: Any = (2, 3, 4, 5)) -> Network:
    """A network with several outputs, often degenerate: repeated, parallel, zero ones, ties at lattice points."""
    net = draw(networks(dims=dims, widths=SMALL))
    n = draw(st.sampled_from(list(outputs)))
    degenerate = draw(st.booleans())
    rng = Random(draw(st.integers(0, 2**32)))
    number = draw(st.sampled_from(NUMBERS))
    rows = random_rows(rng, n, len(net.weights[-1][0]), number, degenerate)
    bias = [number(rng) * rng.randint(0, 1) for _ in range(n)]
    result = Network([*net.weights[:-1], rows], [*net.biases[:-1], bias], net.slopes)
    kind = draw(st.integers(0, 3))
    if kind == 1:  # all outputs tie at one point
        values = result([rng.randint(-1, 1) for _ in range(net.input_dim)])
        bias = [b - v for b, v in zip(bias, values, strict=True)]
    elif kind == 2:  # the first two are the same function
        rows[1], bias[1] = rows[0], bias[0]
    return Network([*net.weights[:-1], rows], [*net.biases[:-1], bias], net.slopes)


def largest_by_value(net: Network, x: Any) -> list[bool]:
    values = net(x)
    return [value == max(values) for value in values]


def check_cells(partition: Partition) -> None:
    cx, net = partition.complex, partition.network
    for k in range(len(cx.lineality), cx.input_dim + 1):
        maximal = partition.maximal_classes(k)
        assert maximal.shape == (cx.n_cells(k), net.output_dim)
        for i in range(cx.n_cells(k)):
            assert maximal[i].tolist() == largest_by_value(net, cx.interior_point(k, i)), (k, i)
