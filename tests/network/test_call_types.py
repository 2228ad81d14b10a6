"""The static types of the values of a network: read by mypy (pyproject.toml), and compared with the values."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, assert_type

import numpy as np

import polyrelu as pr

Vector = tuple[Fraction, ...]


def test_a_point_a_batch_and_what_may_be_either() -> None:
    half = Fraction(1, 2)
    one, two = pr.Network([[[1, 1]]], [[0]]), pr.Network([[[1, 1], [0, 1]]], [[0, 0]])
    for net, value in ((one, half), (two, (half, half))):
        ints, rows = [0, 1], [[half, half], [half, -half]]
        assert assert_type(net([0, half]), Fraction | Vector) == value
        assert assert_type(net((0, "1/2")), Fraction | Vector) == value
        assert assert_type(net([0.0, 0.5]), Fraction | Vector) == value
        assert assert_type(net(ints), Fraction | Vector) != value
        assert assert_type(net([[0, half], (0, 0.5)]), Vector | tuple[Vector, ...]) == (value, value)
        assert len(assert_type(net(rows), Vector | tuple[Vector, ...])) == 2
        found = assert_type(net(np.array([[0, 0.5]])), Fraction | Vector | tuple[Vector, ...])
        assert found == (value,)
        assert assert_type(net([np.array([0, 0.5])]), Fraction | Vector | tuple[Vector, ...]) == (value,)


def of_points(net: pr.Network, points: Sequence[Sequence[int]], anything: Any) -> None:
    """What is only known to be a sequence of sequences may be a string of digits for each coordinate, or a batch."""
    assert_type(net(points), Fraction | Vector | tuple[Vector, ...])
    assert_type(net(anything), Any)
