"""The shells chosen for a number of neurons are the best, by enumeration."""

from __future__ import annotations

from itertools import product

import pytest

from polyrelu.analysis.pipeline import betti_numbers
from polyrelu.constructions import predicted_betti
from polyrelu.constructions.budget import ShellSearch
from polyrelu.errors import InputError
from support.compositions import compositions


def best_by_enumeration(d: int, depth: int, degree: int | None, limit: int) -> list[int]:
    """The largest value with exactly n neurons, n = 0..limit: all widths, both variants, all cuts at one degree."""
    values = [0] * (limit + 1)
    for n in range(depth, limit + 1):
        for widths in compositions(n, depth):
            for k, variant in product(range(1, d), ("paper", "interior")):
                for c in range(widths[-1], 0, -1):
                    try:
                        betti = predicted_betti((d, *widths, 1), {k: c}, variant)[">"]
                    except InputError:
                        continue
                    values[n] = max(values[n], sum(betti) if degree is None else betti[degree])
                    break
    return values


@pytest.mark.parametrize(
    ("d", "depth", "degree", "limit"), [(2, 2, 0, 16), (2, 3, 1, 15), (2, 4, None, 13), (3, 2, 0, 18), (3, 3, 1, 14)]
)
def test_the_search_finds_the_best(d, depth, degree, limit):
    expected = best_by_enumeration(d, depth, degree, limit)
    search = ShellSearch(d, limit, degree)
    for n in range(1, limit + 1):
        assert search.value(n, depth) == max(expected[: n + 1])
        choice = search.best(n, depth)
        if choice is None:
            assert search.value(n, depth) == 0
        else:
            assert choice.value(degree) == search.value(n, depth)
            assert choice.architecture[0] == d and len(choice.architecture) == depth + 2
            assert sum(choice.architecture[1:-1]) <= n
            assert choice.network().architecture == choice.architecture


@pytest.mark.parametrize("d", [2, 3, 4])
def test_no_shells_are_deeper_than_max_depth(d):
    for n in range(1, 30):
        depths = [depth for depth in range(2, 15) if ShellSearch(d, n).value(n, depth)]
        assert ShellSearch(d, n).max_depth == max(depths, default=1)


def test_shells_around_the_cheapest_corner_are_found() -> None:
    """With one fold each zero of a corner may cost a neuron: fewer zeros can be better."""
    search = ShellSearch(4, 20, 0)
    best = search.best(20, 2)
    assert best is not None and best.value(0) == search.value(20, 2)
    for last in range(1, 13):
        for k in (1, 2, 3):
            for zeros in range(k + 1):
                for cuts in range(last + 1):
                    corner = tuple(min(zeros, j) for j in (1, 2, 3))
                    try:
                        betti = predicted_betti((4, 20 - last, last, 1), {k: cuts}, "paper", corner)[">"]
                    except InputError:
                        continue
                    assert betti[0] <= best.value(0)
    assert betti_numbers(best.network()) == best.betti
