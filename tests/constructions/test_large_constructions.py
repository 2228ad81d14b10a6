"""Constructions that are asked for too much say so at once."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import polyrelu as pr
from polyrelu.constructions.bumps import best_bumps, bumps
from polyrelu.constructions.folds import folding, sawtooth
from polyrelu.constructions.layers import total, unit
from polyrelu.constructions.maxima import maximum
from polyrelu.constructions.nested_shells import shells
from polyrelu.constructions.prescribed import network_with_betti
from polyrelu.errors import InputError, LimitError, PointError


@pytest.mark.parametrize(
    "build",
    [
        lambda: maximum(2**31),
        lambda: maximum(10**4000),
        lambda: maximum(10_000),
        lambda: sawtooth(2**31),
        lambda: sawtooth(10**400),
        lambda: sawtooth(1, 2**31),
        lambda: sawtooth(3, 3000),
        lambda: folding((2, 2**31, 1)),
        lambda: folding((2, 2**31, 2, 1), mixed=True),
        lambda: bumps((2, 2**31, 1), (1, 1)),
        lambda: bumps((2**31, 4, 1), (1, 1)),
        lambda: shells((2, 2**31, 2**31, 1), (3,)),
        lambda: network_with_betti([10 ** (10**5)]),
        lambda: network_with_betti([1, *[0] * 10**4, 1]),
        lambda: best_bumps(2**31, 2**31, 0),
    ],
)  # fmt: skip
def test_too_much_is_refused_before_it_is_made(build: Callable[[], Any]) -> None:
    begun = time.process_time()
    with pytest.raises(LimitError, match=r"more than [0-9]+ (weights|layers|coordinates)"):
        build()
    assert time.process_time() - begun < 3


@pytest.mark.parametrize(
    ("build", "named"),
    [
        (lambda: pr.bands((2, 10**7, 3, 1), [3]), "bands"),
        (lambda: pr.lower_bound_network((2, 10**7, 3, 1)), "lower_bound_network"),
    ],
)
def test_the_construction_that_was_asked_for_is_named(build: Callable[[], Any], named: str) -> None:
    with pytest.raises(LimitError, match=f"^{named}: the network would have more than 10000000 weights"):
        build()


def test_the_time_of_a_sum_grows_with_the_number_of_its_terms() -> None:
    """Wide layers took the square of their width: a minute for 10^5 neurons."""
    begun = time.process_time()
    found = total(unit(i % 40_000) * (1 + i % 2) + i for i in range(80_000))
    assert time.process_time() - begun < 4
    assert found.row(40_000) == [2, 4] * 20_000 and found.constant == 40_000 * 79_999


@pytest.mark.slow
def test_wide_layers_are_made() -> None:
    for net in (pr.paper_network([2], [4 * 10**4]), pr.paper_network([4000], [2]), pr.recurrent(2, 2, 2, [4 * 10**4])):
        assert max(net.architecture) >= 8000
        assert net([Fraction(1, 3), Fraction(1, 5)]) is not None


def test_what_is_below_the_limits_is_made() -> None:
    assert maximum(50)(range(50)) == 49
    assert sawtooth(200).depth == 200
    assert best_bumps(2**31, 100, 0)[0]


def test_dimensions_without_end(tmp_path: Path) -> None:
    cx = pr.subdivide(maximum(3))
    for dimensions in (range(10**12), itertools.count()):
        with pytest.raises(PointError, match="dimension: expected an integer from 0 to 3, got 4"):
            pr.write_cells(cx, tmp_path / "cells.json", dimensions)
    with pytest.raises(PointError, match="from 0 to 3, got 4"):
        pr.write_cells(cx, tmp_path / "cells.json", range(1, 10**12))
    with pytest.raises(InputError, match="more than 10000000 dimensions"):
        pr.write_cells(cx, tmp_path / "cells.json", itertools.repeat(2))
    for wrong in (5, None, ["a"], [[1]]):
        if wrong is not None:
            with pytest.raises(InputError):
                pr.write_cells(cx, tmp_path / "cells.json", wrong)  # type: ignore[arg-type]
    pr.write_cells(cx, tmp_path / "cells.json", [3, 3, 1])
