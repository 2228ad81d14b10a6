"""Writes networks whose topology is known by proof."""

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


def rings(center: int) -> pr.Network:
    """F ≤ 0 on two square rings: one around the origin in the plane of x and y, and one in that of x and z."""
    first = "max(abs(max(abs(x), abs(y)) - 2), abs(z))"
    second = f"max(abs(max(abs(x - {center}), abs(z)) - 2), abs(y))"
    return pr.from_expression(f"min({first}, {second}) - 1/2")


def main() -> None:
    examples = {
        "annulus": (l1_annulus(), "positive where 1 < |x| + |y| < 3"),
        "four_wedges": (four_wedges(), "F = |x+y| - |x-y|: the regions F > 0 and F >= 0 differ"),
        "shells_2-8-6-1": (
            shells((2, 8, 6, 1), (2,)),
            "Two folds of each coordinate and two cuts: Betti numbers 6, 2 of the region F > 0",
        ),
        "hopf": (rings(2), "F <= 0 on two square rings of which one goes through the other"),
        "unlink": (rings(6), "F <= 0 on two square rings side by side"),
    }
    for name, (net, note) in examples.items():
        save(net, HERE / f"{name}.json", name=name, note=note)


if __name__ == "__main__":
    main()
