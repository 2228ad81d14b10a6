"""Hypothesis strategies: networks, levels, points and domains, many of them deliberately degenerate.

Sizes are bounded so that `reference.Reference` is a matter of tenths of a second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from random import Random
from struct import pack, unpack
from typing import Any, NamedTuple

from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st

from polyrelu.network.network import Network
from support.reference import dot, echelon

Rows = list[list[Fraction]]
Widths = dict[int, list[tuple[int, ...]]]

# Hidden widths that stay cheap, by input dimension.
WIDTHS: Widths = {
    1: [(), (1,), (6,), (1, 1), (5, 5), (3, 4, 3)],
    2: [(), (1,), (5,), (7,), (1, 2), (4, 4), (5, 5), (6, 4), (3, 3, 3), (3, 1, 3)],
    3: [(), (2,), (4,), (6,), (1, 2), (4, 3), (5, 3), (3, 3, 1)],
    4: [(1,), (4,), (5,), (1, 3), (3, 3), (4, 2)],
}

# For properties that need no reference: larger, since only the engine works.
WIDER: Widths = {
    1: [(), (1,), (8,), (8, 8), (3, 4, 3, 4)],
    2: [(), (2,), (8,), (8, 8), (10, 3), (5, 5, 5), (3, 1, 6), (3, 3, 3, 3, 3)],
    3: [(), (2,), (7,), (6, 6), (2, 8), (8, 2), (4, 4, 4), (3, 1, 3)],
    4: [(1,), (6,), (2, 5), (5, 4), (6, 2), (3, 3, 3)],
}

SLOPES = [Fraction(0), Fraction(-1), Fraction(1), Fraction(1, 100), Fraction(-1, 2), Fraction(2), Fraction(0.01)]


def examples(count: int) -> settings:
    """Settings of a property that runs the same examples every time, however long each takes."""
    slow = [
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
        HealthCheck.large_base_example,
    ]
    return settings(max_examples=count, deadline=None, derandomize=True, suppress_health_check=slow)


Numbers = Callable[[Random], Fraction]


def small_integers(bound: int) -> Numbers:
    return lambda rng: Fraction(rng.randint(-bound, bound))


def big_rational(rng: Random) -> Fraction:
    return Fraction(rng.randint(-(10**12), 10**12), rng.randint(1, 10**12))


def single_float(rng: Random) -> Fraction:
    """The value of a 32-bit float, as trained networks have them."""
    return Fraction(unpack("f", pack("f", rng.gauss(0, 1)))[0])


def any_float(rng: Random) -> Fraction:
    """Ordinary and subnormal floats side by side."""
    return Fraction(rng.choice([rng.gauss(0, 1), rng.gauss(0, 1), 5e-324 * rng.randint(-9, 9), 0.0, 1.0]))


def nearly_integer(rng: Random) -> Fraction:
    """Signs with a perturbation around or below the resolution of doubles: almost, but not quite, degenerate."""
    return rng.randint(-1, 1) + Fraction(rng.randint(-1, 1), 2 ** rng.choice([30, 52, 54, 70, 200]))


def word_sized(rng: Random) -> Fraction:
    """Integers around the limits of machine words and of exact doubles, with small ones between."""
    big = 2 ** rng.choice([0, 15, 16, 31, 32, 52, 53, 62, 63, 64])
    return Fraction(rng.choice([-1, 1]) * (big + rng.randint(-1, 1)))


# Signs are preferred, because they make everything coincide.
NUMBERS: list[Numbers] = [
    small_integers(1),
    small_integers(1),
    small_integers(1),
    small_integers(4),
    small_integers(9),
    big_rational,
    single_float,
    any_float,
    nearly_integer,
    word_sized,
]


class Kind(NamedTuple):
    """What a random network is like.

    number: which of NUMBERS; degenerate: zero, parallel and repeated rows, hyperplanes through one point, dead neurons;
    low_rank: a first layer that does not see all of the input; relu: ReLU throughout, or any slopes.
    """

    number: int
    degenerate: bool
    low_rank: bool
    relu: bool


def product(a: Sequence[Sequence[Fraction]], b: Sequence[Sequence[Fraction]]) -> Rows:
    return [[dot(row, column) for column in zip(*b, strict=True)] for row in a]


def random_rows(rng: Random, n_rows: int, n_columns: int, number: Numbers, degenerate: bool) -> Rows:
    """Rows of which, if `degenerate`, some are zero, repeated, parallel to, or opposite to an earlier one."""
    rows: Rows = []
    for _ in range(n_rows):
        kind = rng.random() if degenerate else 1.0
        if kind < 0.1:
            rows.append([Fraction(0)] * n_columns)
        elif kind < 0.35 and rows:
            factor = Fraction(rng.choice([1, 1, -1, 2, Fraction(-1, 3)]))
            rows.append([factor * v for v in rng.choice(rows)])
        else:
            rows.append([number(rng) for _ in range(n_columns)])
    return rows


def random_network(rng: Random, d: int, hidden: Sequence[int], kind: Kind) -> Network:
    """A scalar network of architecture (d, *hidden, 1)."""
    number = NUMBERS[kind.number]
    sizes = [d, *hidden, 1]
    point = [Fraction(rng.randint(-1, 1)) for _ in range(d)]
    weights, biases, slopes = [], [], []
    for k, (m, n) in enumerate(pairwise(sizes)):
        rows = random_rows(rng, n, m, number, kind.degenerate)
        if k == 0 and kind.low_rank and d > 1:
            rank = rng.randint(1, d - 1)
            basis = random_rows(rng, rank, d, small_integers(2), False)
            rows = product(random_rows(rng, n, rank, number, False), basis)
        bias = [number(rng) for _ in range(n)]
        if k < len(hidden):
            for i in range(n if kind.degenerate else 0):
                chance = rng.random()
                if chance < 0.25:  # zero at one point that all layers share: hyperplanes through vertices
                    bias[i] = -dot(rows[i], point)
                elif chance < 0.35 and k:  # never awake, or on one flat only
                    rows[i] = [-abs(w) for w in rows[i]]
                    bias[i] = -abs(bias[i]) * rng.randint(0, 1)
            slopes.append([Fraction(0) if kind.relu else rng.choice(SLOPES) for _ in range(n)])
            before = [dot(row, point) + b for row, b in zip(rows, bias, strict=True)]
            point = [v if v >= 0 else s * v for v, s in zip(before, slopes[k], strict=True)]
        weights.append(rows)
        biases.append(bias)
    return Network(weights, biases, slopes)


@st.composite
def networks(draw: Any, dims: Sequence[int] = (1, 2, 3, 4), widths: Widths = WIDTHS) -> Network:
    """A scalar network with any of the degeneracies, also several at once.

    Hypothesis draws what kind of network it is, so that failures shrink to few neurons of a simple kind; the numbers
    come from a drawn seed, because numbers drawn one by one are mostly zeros.
    """
    d = draw(st.sampled_from(list(dims)))
    hidden = draw(st.sampled_from(widths[d]))
    kind = Kind(
        number=draw(st.integers(0, len(NUMBERS) - 1)),
        degenerate=draw(st.booleans()),
        low_rank=draw(st.integers(0, 4)) == 4,
        relu=draw(st.integers(0, 2)) < 2,
    )
    net = random_network(Random(draw(st.integers(0, 2**32))), d, hidden, kind)
    note(str(net.to_dict()))
    return net


def seeded_network(seed: int, widths: Widths = WIDTHS) -> Network:
    """The same networks, evenly: one for each seed."""
    rng = Random(seed)
    d = rng.choice(list(widths))
    kind = Kind(rng.randrange(len(NUMBERS)), rng.random() < 0.5, rng.random() < 0.2, rng.random() < 0.6)
    return random_network(rng, d, rng.choice(widths[d]), kind)


@st.composite
def levels(draw: Any, net: Network) -> Fraction:
    """A level: often 0 or a value of F at a lattice point, so that vertices and whole cells lie on it."""
    kind = draw(st.sampled_from(["zero", "value", "value", "free"]))
    if kind == "zero":
        return Fraction(0)
    if kind == "free":
        return draw(st.fractions(-3, 3, max_denominator=1000))
    return net(draw(st.lists(st.integers(-1, 1), min_size=net.input_dim, max_size=net.input_dim)))


@st.composite
def points(draw: Any, d: int) -> list[Fraction]:
    """Lattice points (often on hyperplanes), and others."""
    number = draw(st.sampled_from([small_integers(2), small_integers(9), single_float, big_rational]))
    rng = Random(draw(st.integers(0, 2**32)))
    return [number(rng) for _ in range(d)]


@st.composite
def polytopes(draw: Any, d: int) -> tuple[Rows, list[Fraction]]:
    """(A, b) with interior points: {Ax <= b} contains a neighbourhood of a lattice point. Bounded or not."""
    is_box = draw(st.booleans())
    rng = Random(draw(st.integers(0, 2**32)))
    center = [Fraction(rng.randint(-1, 1)) for _ in range(d)]
    if is_box:
        rows = [[Fraction(s * (i == j)) for j in range(d)] for i in range(d) for s in (1, -1)]
    else:
        rows = random_rows(rng, rng.randint(1, 4), d, small_integers(2), True)
        rows = [row if any(row) else [Fraction(1)] * d for row in rows]
    slack = [Fraction(rng.choice([1, 2, Fraction(1, 3), Fraction(5, 2)])) for _ in rows]
    return rows, [dot(row, center) + s for row, s in zip(rows, slack, strict=True)]


@st.composite
def invertible_matrices(draw: Any, d: int) -> Rows:
    rng = Random(draw(st.integers(0, 2**32)))
    while True:
        rows = random_rows(rng, d, d, small_integers(2), False)
        if len(echelon(rows)[1]) == d:
            return rows


# ------------------------------------------------------------------------------------------ networks made from networks


def permuted(net: Network, orders: Sequence[Sequence[int]]) -> Network:
    """The hidden neurons of layer l in the order `orders[l]`: the same function."""
    weights = [list(map(list, matrix)) for matrix in net.weights]
    biases, slopes = list(map(list, net.biases)), list(map(list, net.slopes))
    for k, order in enumerate(orders):
        weights[k] = [weights[k][i] for i in order]
        biases[k] = [biases[k][i] for i in order]
        slopes[k] = [slopes[k][i] for i in order]
        weights[k + 1] = [[row[i] for i in order] for row in weights[k + 1]]
    return Network(weights, biases, slopes)


def rescaled(net: Network, factors: Sequence[Sequence[Fraction]]) -> Network:
    """Every hidden neuron times a positive factor, and what reads it divided by it: the same function."""
    weights = [list(map(list, matrix)) for matrix in net.weights]
    biases = list(map(list, net.biases))
    for k, layer in enumerate(factors):
        weights[k] = [[f * w for w in row] for f, row in zip(layer, weights[k], strict=True)]
        biases[k] = [f * b for f, b in zip(layer, biases[k], strict=True)]
        weights[k + 1] = [[w / f for w, f in zip(row, layer, strict=True)] for row in weights[k + 1]]
    return Network(weights, biases, net.slopes)


def precomposed(net: Network, matrix: Sequence[Sequence[Fraction]], offset: Sequence[Fraction]) -> Network:
    """x -> F(matrix x + offset)."""
    shift = product(net.weights[0], [[v] for v in offset])
    first = [b + s for b, (s,) in zip(net.biases[0], shift, strict=True)]
    return Network([product(net.weights[0], matrix), *net.weights[1:]], [first, *net.biases[1:]], net.slopes)


def capped(net: Network, height: Fraction) -> Network:
    """min(F(x), height - |x_1| - ... - |x_d|), whose superlevel sets are compact.

    Each hidden layer carries |x| along beside the neurons of F; one more layer takes min(a, b) = a - ReLU(a - b).
    """
    d = net.input_dim
    absolute = [[Fraction(s * (i == j)) for j in range(d)] for i in range(d) for s in (1, -1)]
    weights: list[Rows] = []
    biases: list[list[Fraction]] = []
    slopes: list[list[Fraction]] = []
    for k in range(net.depth):
        own = [list(row) for row in net.weights[k]]
        if k == 0:
            rows = own + absolute
        elif k == 1:
            rows = [row + [Fraction(0)] * (2 * d) for row in own]
            rows.append([Fraction(0)] * len(own[0]) + [Fraction(1)] * (2 * d))
        else:
            rows = [[*row, Fraction(0)] for row in own]
            rows.append([Fraction(0)] * len(own[0]) + [Fraction(1)])
        extra = len(rows) - len(own)
        weights.append(rows)
        biases.append([*net.biases[k], *[Fraction(0)] * extra])
        slopes.append([*net.slopes[k], *[Fraction(0)] * extra])
    last, offset = list(net.weights[-1][0]), net.biases[-1][0]
    carried = [Fraction(1)] * (len(weights[-1]) - len(last)) if weights else []
    zeros = [Fraction(0)] * len(carried)
    if not weights:
        raise ValueError("capped needs a hidden layer")
    weights.append([last + zeros, [-w for w in last] + zeros, last + carried])
    biases.append([offset, -offset, offset - height])
    slopes.append([Fraction(0)] * 3)
    weights.append([[Fraction(1), Fraction(-1), Fraction(-1)]])
    biases.append([Fraction(0)])
    return Network(weights, biases, slopes)
