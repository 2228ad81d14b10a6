"""Networks from all kinds of numbers that users write: integers, fractions, strings and floats, with any slopes."""

from __future__ import annotations

import itertools
from fractions import Fraction as F
from typing import Any

from hypothesis import strategies as st

from polyrelu.network.network import Network

numbers = st.one_of(
    st.integers(-2, 2),
    st.fractions(-3, 3, max_denominator=12),
    st.floats(-4, 4, width=32),
)
slope_values = st.sampled_from([0, 1, -1, F(1, 100), "-2/3", 0.01, 3])


def vectors(n: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(numbers, min_size=n, max_size=n)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    widths = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    widths.append(draw(st.integers(1, 3)))
    weights = [[draw(vectors(n)) for _ in range(m)] for n, m in itertools.pairwise(widths)]
    biases = [draw(vectors(m)) for m in widths[1:]]
    layer = lambda m: st.one_of(slope_values, st.lists(slope_values, min_size=m, max_size=m))  # noqa: E731
    slopes = draw(st.one_of(st.none(), st.tuples(*map(layer, widths[1:-1]))))
    return Network(weights, biases, slopes)
