"""Bounds for all networks of one depth and number of neurons hold for each, and for what is built."""

from __future__ import annotations

from fractions import Fraction

import pytest

from polyrelu.analysis.separation import separation
from polyrelu.errors import InputError
from polyrelu.paper import depth_bounds
from polyrelu.paper.bounds import upper_bounds
from polyrelu.paper.cell_counts import zaslavsky
from support.compositions import compositions


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
