"""Depth against width: the networks chosen, that they are what they promise, and the bound they are compared with."""

from __future__ import annotations

import time

import pytest

from polyrelu.analysis.separation import separation, shallow_bound, shallow_neurons, threshold
from polyrelu.constructions.budget import ShellSearch
from polyrelu.errors import FileError, InputError, MissingDependencyError, VerificationError
from polyrelu.paper.bounds import upper_bounds
from polyrelu.plotting import plot_separation
from support.missing import hide

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


def test_a_table_of_rows():
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
    for d, n, degree, suffix, start in ((2, 24, 0, "svg", b"<?xml"), (3, 12, None, "png", b"\x89PNG")):
        path = tmp_path / f"{d}-{n}.{suffix}"
        plot_separation(separation(d, n, degree=degree, seconds=0), path)
        assert path.read_bytes().startswith(start)
    plot_separation(separation(2, 1, degree=0, seconds=0), tmp_path / "2-1.png")
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
