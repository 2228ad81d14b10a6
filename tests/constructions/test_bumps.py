"""Networks with one hidden layer: sets of bumps have the predicted Betti numbers, and the best are best."""

from __future__ import annotations

from itertools import product
from math import prod

import pytest

from polyrelu.analysis.pipeline import betti_numbers
from polyrelu.analysis.separation import shallow_bound
from polyrelu.constructions.budget import best_shallow
from polyrelu.constructions.bumps import best_bumps, bumps, bumps_betti
from polyrelu.errors import InputError


@pytest.mark.parametrize("d", [1, 2, 3])
def test_bumps_have_the_predicted_betti_numbers(d):
    for m in range(d + 1):
        for counts in product((1, 2, 3), repeat=m):
            n = sum(max(2, 2 * a - 1) for a in counts) + (m + 1) % 2
            if n > 8:
                continue
            for complement in (False, True):
                net = bumps((d, max(n, 1), 1), counts, complement)
                assert net.architecture == (d, max(n, 1), 1)
                predicted = bumps_betti((d, max(n, 1), 1), counts, complement)
                assert betti_numbers(net, ">") == betti_numbers(net, ">=") == predicted


def test_the_best_bumps_are_best():
    """Of all counts that the neurons suffice for, and of complements."""
    for d, n in product((1, 2, 3), range(1, 13)):
        for degree in range(d):
            best = 0
            for m in range(d + 1):
                for counts in product(range(1, 8), repeat=m):
                    if sum(max(2, 2 * a - 1) for a in counts) <= n:
                        values = [bumps_betti((d, n, 1), counts, outside)[degree] for outside in (False, True)]
                        best = max(best, *values)
            assert bumps_betti((d, n, 1), *best_bumps(d, n, degree))[degree] == best


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((2, 4, 1), (3,)), r"2 a_i − 1\) = 5, got 4"),
        (((2, 4, 1), (1, 1, 1)), "at most d = 2"),
        (((2, 4, 1), (0,)), "at least 1"),
        (((2, 4, 4, 1), (1,)), "one hidden layer"),
        (((2, 4, 2), (1,)), "one output"),
        (((2, 4, 1), 3), "sequence"),
    ],
)
def test_wrong_bumps(arguments, message):
    with pytest.raises(InputError, match=message):
        bumps(*arguments)
    with pytest.raises(InputError, match=message):
        bumps_betti(*arguments)


def test_the_bound_for_one_layer_is_respected_by_bumps():
    for d, n in product((2, 3, 4), range(1, 40)):
        for degree in (*range(d), None):
            assert best_shallow(d, n, degree).value(degree) <= shallow_bound(d, n, degree)


def test_counts_of_bumps_are_products():
    assert bumps_betti((3, 9, 1), (2, 3)) == (prod((2, 3)), 0, 0)
    assert bumps_betti((3, 9, 1), (2, 3), True) == (1, 6, 0)
    assert bumps_betti((3, 9, 1), (3,), True) == (4, 0, 0)
