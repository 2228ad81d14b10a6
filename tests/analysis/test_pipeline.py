"""From a network to Betti numbers: in parts, with threads, or as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from polyrelu.analysis import parts as parts_module
from polyrelu.analysis.counting import count_cells
from polyrelu.analysis.pipeline import analyse_region, betti_numbers
from polyrelu.errors import InputError, LimitError, RegionError
from polyrelu.geometry.subdivision import subdivide
from support.known_answers import random_float32, shells

NET = shells((2, 8, 8, 4, 1), [3])


@pytest.mark.parametrize("coarse", [True, False])
@pytest.mark.parametrize("options", [{"parts": 5}, {"parts": "auto"}, {"threads": 2}, {"parts": 4, "threads": 3}])
def test_parts_and_the_whole(options: dict[str, Any], coarse: bool) -> None:
    whole = analyse_region(NET, "<=", coarse=False)
    found = analyse_region(NET, "<=", coarse=coarse, **options)
    assert found.homology == whole.homology
    assert found.is_coarse == coarse
    assert found.f_vector == (None if coarse else whole.f_vector)
    assert betti_numbers(NET, "<=", coarse=coarse, **options) == whole.betti


def test_small_complexes_are_made_as_a_whole() -> None:
    assert analyse_region(NET, parts="auto").n_parts == 1
    assert analyse_region(NET, parts=6).n_parts == 6
    assert "in 6 parts" in analyse_region(NET, parts=6).complex_name


def test_large_complexes_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "FIRST_CELLS", 1000)
    monkeypatch.setattr(parts_module, "PART_CELLS", 2000)
    monkeypatch.setattr(parts_module, "MOST_PART_CELLS", 1500)
    found = analyse_region(random_float32((3, 12, 8, 1)), parts="auto", coarse=False)
    assert found.n_parts > 4
    assert found.homology == analyse_region(random_float32((3, 12, 8, 1))).homology


def test_parts_are_larger_where_there_cannot_be_more(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"FIRST_CELLS": 100, "PART_CELLS": 100, "MOST_PART_CELLS": 400, "MAX_PARTS": 4}.items():
        monkeypatch.setattr(parts_module, name, value)
    found = analyse_region(random_float32((3, 12, 8, 1)), parts="auto", coarse=False)
    assert found.n_parts == 4 and sum(found.cells) > 2000


def test_cycles_need_the_whole() -> None:
    assert analyse_region(NET, ">").homology.cycles(0)
    with pytest.raises(InputError, match="cycles"):
        analyse_region(NET, ">", parts=4).homology.cycles(0)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "many", 10**6])
def test_wrong_numbers_of_parts(wrong: Any) -> None:
    with pytest.raises(InputError, match="parts: expected"):
        analyse_region(NET, parts=wrong)
    with pytest.raises(InputError, match="parts: expected"):
        count_cells(NET, parts=wrong)


@pytest.mark.parametrize(
    "options", [{"threads": 0}, {"threads": 1.5}, {"max_cells": 0}, {"max_memory": -1}, {"progress": 3}, {"client": 3}]
)
def test_other_wrong_options(options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        analyse_region(NET, parts=2, **options)
    with pytest.raises(InputError):
        count_cells(NET, **options)


def test_wrong_regions_in_parts() -> None:
    with pytest.raises(RegionError, match="relation"):
        analyse_region(NET, "!=", parts=2)
    with pytest.raises(InputError, match="level"):
        analyse_region(NET, ">", None, parts=2)
    with pytest.raises(InputError, match="parts: expected"):
        betti_numbers(NET, where="F > 0", parts="two")
    with pytest.raises(InputError, match="count_cells: expected a Network, got an object of type int"):
        count_cells(3)  # type: ignore[arg-type]


def test_memory_is_shared_by_the_threads() -> None:
    whole = analyse_region(NET, coarse=False)
    assert analyse_region(NET, coarse=False, parts=2, threads=2, max_memory=10**6).homology == whole.homology
    with pytest.raises(LimitError, match="are needed"):
        analyse_region(NET, coarse=False, parts=2, max_memory=1000)


def test_counts() -> None:
    for level in (None, 0):
        whole = subdivide(NET, level)
        for parts in (None, 1, 7):
            found = count_cells(NET, level, parts=parts)
            assert found.f_vector == whole.f_vector
            assert found.regions == whole.n_regions
            assert found.bounded_regions == whole.n_bounded_regions
            assert found.euler_characteristic == 1
    several = random_float32((2, 6, 3))
    assert count_cells(several, parts=3).f_vector == subdivide(several).f_vector
    assert "cells" in count_cells(NET)._repr_html_()
