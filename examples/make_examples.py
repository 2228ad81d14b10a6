"""Writes annulus.json, four_wedges.json and shells_2-8-6-1.json, whose Betti numbers are known by proof."""

from __future__ import annotations

from pathlib import Path

import polyrelu as pr
from polyrelu.constructions import shells
from polyrelu.readers import save

HERE = Path(__file__).parent


def l1_annulus() -> pr.Network:
    """F = s − 1 − 2 max(s − 2, 0) with s = |x| + |y|, positive where 1 < s < 3: β({F > 0}) = (1, 1)."""
    absolute_values = [[1, 0], [-1, 0], [0, 1], [0, -1]]
    sum_and_excess = [[1, 1, 1, 1], [1, 1, 1, 1]]
    return pr.Network([absolute_values, sum_and_excess, [[1, -2]]], [[0, 0, 0, 0], [0, -2], [-1]])


def four_wedges() -> pr.Network:
    """F = |x + y| − |x − y|: {F > 0} is two open quadrants; {F ≥ 0} is connected, through the origin alone."""
    return pr.Network([[[1, 1], [-1, -1], [1, -1], [-1, 1]], [[1, 1, -1, -1]]], [[0, 0, 0, 0], [0]])


def main() -> None:
    examples = {
        "annulus": (l1_annulus(), "positive where 1 < |x| + |y| < 3"),
        "four_wedges": (four_wedges(), "F = |x+y| - |x-y|: the regions F > 0 and F >= 0 differ"),
        "shells_2-8-6-1": (
            shells((2, 8, 6, 1), (2,)),
            "Two folds of each coordinate and two cuts: Betti numbers 6, 2 of the region F > 0",
        ),
    }
    for name, (net, note) in examples.items():
        save(net, HERE / f"{name}.json", name=name, note=note)


if __name__ == "__main__":
    main()
