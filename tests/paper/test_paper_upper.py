"""Proposition 18 and Lemma 52 of the paper against computed Betti numbers and sharper bounds."""

from __future__ import annotations

from itertools import product
from math import comb, prod
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.errors import InputError, LimitError, RegionError
from polyrelu.paper.upper import lemma_52, proposition_18
from support.strategies import examples, networks


def regions(architecture: tuple[int, ...]) -> int:
    """R by the sum over J as it is printed."""
    d, *hidden, _ = architecture
    total = 0
    for js in product(*(range(min(d, n) + 1) for n in hidden)):
        if all(j <= n - i for at, j in enumerate(js) for i, n in zip(js[:at], hidden[:at], strict=True)):
            total += prod(comb(n, j) for n, j in zip(hidden, js, strict=True))
    return total


@pytest.mark.parametrize("architecture", [(2, 8, 6, 1), (3, 4, 1), (3, 4, 5, 2, 1), (4, 3, 1), (1, 5, 1), (3, 1)])
def test_proposition_18_is_the_printed_formula(architecture: tuple[int, ...]) -> None:
    d, r = architecture[0], regions(architecture)
    for s in range(d + 1):
        bounds = proposition_18(architecture, s)
        assert bounds == (r, *(comb(r, d - k - s) if d - k - s >= 0 else 0 for k in range(1, d)))
    table = pr.upper_bounds(architecture)
    assert all(table.best(f"betti_{k}") <= bound for k, bound in enumerate(proposition_18(architecture)))


def test_what_is_not_admissible() -> None:
    with pytest.raises(InputError, match="lineality: at most d = 2, got 3"):
        proposition_18((2, 3, 1), 3)
    with pytest.raises(InputError, match="one output"):
        proposition_18((2, 3, 2))
    with pytest.raises(RegionError, match="Lemma 52: expected a closed region"):
        lemma_52(pr.subdivide(pr.shells((2, 4, 4, 1), [1]), 0).region(">"))


@pytest.mark.parametrize(
    "architecture", [(10**6, 10, 1), pytest.param((10**6, 10**6, 1), marks=pytest.mark.slow), (3000, 3000, 1)]
)
def test_bounds_without_end_are_refused(architecture: tuple[int, ...]) -> None:
    begun = process_time()
    with pytest.raises(LimitError, match=r"more than 1000000000 (digits together|steps)"):
        proposition_18(architecture)
    assert process_time() - begun < 5


def test_lemma_52_is_about_closed_regions_whatever_their_formula() -> None:
    net = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # |x|
    with pytest.raises(RegionError, match="neither open nor closed"):  # β_0 = 2, all bounded edges inside
        lemma_52(pr.refine(net, "0 < F <= 1").region())
    assert lemma_52(pr.refine(net, "F >= 0").region()) == (1,)  # all of the line, which is open too
    assert lemma_52(pr.refine(net, "not F < 1").region()) == (3,)


@given(networks(), st.sampled_from([">=", "<=", "="]))
@examples(80)
def test_both_bounds_hold(net: pr.Network, relation: str) -> None:
    cx = pr.subdivide(net, 0)
    region = cx.region(relation)
    betti = pr.homology(region).betti
    assert all(b <= bound for b, bound in zip(betti, lemma_52(region), strict=True))
    if relation != "=" and all(slope == 0 for slopes in net.slopes for slope in slopes):
        bounds = proposition_18(net.architecture, cx.lineality_dim)
        assert all(b <= bound for b, bound in zip(betti, bounds, strict=True))


def test_lemma_52_is_sharp_for_a_square_with_a_hole() -> None:
    """{|x| + |y| ≥ 1} in a box: the 4 triangles left out bound β_1 = 1, and {|x| ≥ 1} two edges left out, β_0 = 2."""
    net = pr.Network([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 1, 1]]], [[0] * 4, [-1]])
    region = pr.subdivide(net, 0, [(-2, 2)] * 2).region(">=")
    assert pr.homology(region).betti == (1, 1) and lemma_52(region)[1] == 4
    line = pr.subdivide(pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [-1]]), 0).region(">=")
    assert pr.homology(line).betti == (2,) and lemma_52(line) == (3,)
