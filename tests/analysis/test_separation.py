"""Depth against width: the networks chosen, that they are what they promise, and the bound they are compared with."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import prod

import pytest

from polyrelu.analysis.pipeline import betti_numbers
from polyrelu.analysis.separation import separation, shallow_bound, shallow_neurons, threshold
from polyrelu.constructions import predicted_betti
from polyrelu.constructions.budget import ShellSearch, best_shallow
from polyrelu.constructions.bumps import best_bumps, bumps, bumps_betti
from polyrelu.errors import FileError, InputError, MissingDependencyError, VerificationError
from polyrelu.paper import depth_bounds
from polyrelu.paper.bounds import upper_bounds
from polyrelu.paper.cell_counts import zaslavsky
from polyrelu.plotting import plot_separation
from support.missing import hide

# ---- bumps: one hidden layer --------------------------------------------------------------------------------------


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


# ---- the choice of widths and cuts --------------------------------------------------------------------------------


def compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    if parts == 1:
        yield (total,)
        return
    for first in range(1, total - parts + 2):
        for rest in compositions(total - first, parts - 1):
            yield (first, *rest)


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


# ---- the comparison -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "n", "degree"), [(2, 18, 0), (2, 16, 1), (2, 16, None), (3, 17, 0), (3, 16, 2)])
def test_rows_are_verified(d, n, degree):
    """`separation` itself raises if a computed Betti number is not the predicted one."""
    result = separation(d, n, degree=degree, seconds=60)
    assert [row.depth for row in result.rows] == sorted({row.depth for row in result.rows})
    for row in result.rows:
        assert row.verified and row.status == "verified" and row.f_vector is not None
        assert row.value == (sum(row.choice.betti) if degree is None else row.choice.betti[degree])
        assert sum(row.choice.architecture[1:-1]) <= n
        assert row.network().architecture == row.choice.architecture
        table = upper_bounds(row.choice.architecture)
        assert all(b <= table.best(f"betti_{k}") for k, b in enumerate(row.choice.betti))
    assert result.rows[0].value <= result.shallow_bound


def test_the_table_of_the_issue():
    result = separation(2, 24)
    values = [(row.depth, row.value, row.verified) for row in result.rows[:5]]
    assert values == [(1, 42, True), (2, 80, True), (3, 810, True), (4, 4000, True), (5, 8192, True)]
    assert (result.shallow_bound, result.threshold) == (151, 13)
    assert result.rows[4].shallow_neurons == 181
    text = str(result)
    assert "2-6-6-6-5-1-1" in text and "8192 *" in text and "80 " in text and "80 *" not in text
    assert "at most 151" in text and "From 13 neurons on" in text


def test_limits_leave_a_prediction():
    values = [row.value for row in separation(2, 20).rows]
    for limits in ({"seconds": 0}, {"max_cells": 10}):
        result = separation(2, 20, **limits)
        assert not any(row.verified or row.f_vector for row in result.rows)
        assert "predicted" in str(result) and "verified" not in str(result)
        assert [row.value for row in result.rows] == values
    start = time.monotonic()
    result = separation(3, 36, seconds=0.01, max_cells=10**9)
    assert not all(row.verified for row in result.rows)
    assert time.monotonic() - start < 20


def test_a_wrong_prediction_is_found(monkeypatch):
    monkeypatch.setattr("polyrelu.constructions.budget.bumps_betti", lambda *_: (43, 0))
    with pytest.raises(VerificationError, match=r"predicted Betti numbers \(43, 0\), computed"):
        separation(2, 24)


@pytest.mark.parametrize(("d", "degree"), [(2, 0), (2, 1), (2, None), (3, 0), (3, 1), (3, 2), (4, 0)])
def test_the_threshold(d, degree):
    """At it and for many numbers beyond it deep wins; just below it does not."""
    n0 = threshold(d, degree)
    search = ShellSearch(d, n0 + 40, degree)
    wins = [
        max(search.value(n, depth) for depth in range(2, 2 + n // d)) > shallow_bound(d, n, degree)
        for n in range(n0 - 1, n0 + 41)
    ]
    assert not wins[0] and all(wins[1:])


@pytest.mark.parametrize(("d", "degree"), [(2, 0), (2, 1), (3, 1), (3, None)])
def test_shallow_neurons(d, degree):
    for value in (0, 1, 2, 5, 100, 10**6):
        n = shallow_neurons(d, value, degree)
        assert shallow_bound(d, n, degree) >= value
        assert n == 1 or shallow_bound(d, n - 1, degree) < value
    assert shallow_neurons(2, 10**100) == pytest.approx(2 * 10**50)


def test_the_bound_for_one_layer_is_respected_by_bumps():
    for d, n in product((2, 3, 4), range(1, 40)):
        for degree in (*range(d), None):
            assert best_shallow(d, n, degree).value(degree) <= shallow_bound(d, n, degree)


def test_the_bound_is_the_least_of_the_table():
    assert shallow_bound(2, 24) == upper_bounds((2, 24, 1)).best("betti_0")
    assert shallow_bound(3, 9, None) == sum(upper_bounds((3, 9, 1)).best(f"betti_{k}") for k in range(3))


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((1, 24), {}),
        ((0, 24), {}),
        ((2, 0), {}),
        ((2, 10**9), {}),
        ((1000, 24), {}),
        ((2, 2.5), {}),
        (("2", 24), {}),
        ((2, 24), {"degree": 2}),
        ((2, 24), {"degree": -1}),
        ((2, 24), {"degree": "0"}),
        ((2, 24), {"seconds": -1}),
        ((2, 24), {"seconds": "1"}),
        ((2, 24), {"seconds": float("nan")}),
        ((2, 24), {"max_cells": 0}),
    ],
)
def test_wrong_arguments(arguments, options):
    with pytest.raises(InputError):
        separation(*arguments, **options)


# ---- the figure ---------------------------------------------------------------------------------------------------


def test_figures(tmp_path):
    pytest.importorskip("matplotlib")
    for d, n, degree in ((2, 24, 0), (3, 12, None), (2, 1, 0), (2, 4, 1), (2, 6, 0)):
        result = separation(d, n, degree=degree, seconds=0)
        for suffix, start in ((".png", b"\x89PNG"), (".svg", b"<?xml")):
            path = tmp_path / f"{d}-{n}{suffix}"
            plot_separation(result, path)
            assert path.read_bytes().startswith(start)
    first = (tmp_path / "2-24.svg").read_bytes()
    plot_separation(separation(2, 24, seconds=0), tmp_path / "2-24.svg")
    assert (tmp_path / "2-24.svg").read_bytes() == first


def test_figures_that_cannot_be_written(tmp_path):
    pytest.importorskip("matplotlib")
    result = separation(2, 8, seconds=0)
    for path in (tmp_path / "figure", tmp_path / "figure.gif", tmp_path / "none" / "figure.png"):
        with pytest.raises(FileError, match="figure"):
            plot_separation(result, path)


def test_without_matplotlib(monkeypatch, tmp_path):
    hide(monkeypatch, "matplotlib")
    with pytest.raises(MissingDependencyError, match=r"polyrelu\[plot\]") as caught:
        plot_separation(separation(2, 8, seconds=0), tmp_path / "figure.png")
    assert caught.value.extra == "plot"


def test_counts_of_bumps_are_products():
    assert bumps_betti((3, 9, 1), (2, 3)) == (prod((2, 3)), 0, 0)
    assert bumps_betti((3, 9, 1), (2, 3), True) == (1, 6, 0)
    assert bumps_betti((3, 9, 1), (3,), True) == (4, 0, 0)


# --- the same depth ---


@pytest.mark.parametrize("limit", [0, depth_bounds.MAX_STEPS])
@pytest.mark.parametrize(("d", "neurons", "depth"), [(1, 7, 3), (2, 9, 2), (2, 8, 4), (3, 9, 3), (4, 8, 2)])
def test_depth_bounds_hold_for_all_widths(
    d: int, neurons: int, depth: int, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By enumeration of the architectures: none has a larger bound of the kinds that are used."""
    monkeypatch.setattr(depth_bounds, "MAX_STEPS", limit)
    kinds = {"components_half", "cells", "cells_complement", "cavities", "dimension"}
    for degree in [*range(d), None]:
        bound = depth_bounds.DepthBounds(d, neurons, degree).bound(depth)
        for n in range(depth, neurons + 1):
            for hidden in compositions(n, depth):
                table = upper_bounds((d, *hidden, 1))
                best = []
                for k in range(d):
                    values = [b.value for b in table if b.quantity == f"betti_{k}" and b.name in kinds]
                    best.append(min(value for value in values if value is not None))
                assert (sum(best) if degree is None else best[degree]) <= bound


@pytest.mark.parametrize("degree", [0, 1, 2, None])
def test_what_is_built_obeys_the_bound_for_its_depth(degree: int | None) -> None:
    result = separation(3, 24, degree=degree, seconds=0)
    for row in result.rows:
        assert row.value <= row.depth_bound and row.factor == Fraction(row.depth_bound, row.value) >= 1
    assert result.rows[0].depth_bound == result.shallow_bound
    assert "any of this depth" in str(result) and f"<= {result.rows[1].depth_bound}, factor" in str(result)


def test_depth_bounds_need_no_table_where_they_use_none() -> None:
    """A table for a thousand inputs and neurons has 10^9 entries."""
    bounds = depth_bounds.DepthBounds(1000, 1000, None)
    assert bounds.bound(3) > 2**999
    wide = depth_bounds.DepthBounds(2, 10**5)
    assert wide.bound(3) == zaslavsky(33333, 2) ** 2 * zaslavsky(33334, 2) // 2 + 1


def test_depth_bounds_say_what_is_wrong() -> None:
    with pytest.raises(InputError, match="degree at most 1"):
        depth_bounds.DepthBounds(2, 5, 2)
    with pytest.raises(InputError, match="expected 1 to 5 hidden layers, got 6"):
        depth_bounds.DepthBounds(2, 5).bound(6)


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
