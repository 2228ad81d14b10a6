"""Pairs of filtered complexes: the ranks of the maps between the steps, and torsion that some fields see."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from test_fibers import random_fibers

from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.homology import homology
from polyrelu.topology.pairing import pairs
from support import zoo

ZOO = [entry for entry in zoo.zoo() if max(entry[1].ranks) <= 60]


def betti_over(complex_: ChainComplex, p: int) -> list[int]:
    """By universal coefficients."""
    groups = homology(complex_)
    torsion = [sum(p != 0 and m % p == 0 for m in factors) for factors in groups.torsion]
    return [b + t + below for b, t, below in zip(groups.betti, torsion, [0, *torsion[:-1]], strict=True)]


@pytest.mark.parametrize("p", [2, 3, 0])
@pytest.mark.parametrize("complex_", [entry[1] for entry in ZOO], ids=[entry[0] for entry in ZOO])
def test_classes_of_every_step(complex_: ChainComplex, p: int) -> None:
    steps = random_fibers(complex_, Random(p), 5)
    found = pairs(complex_, steps, p)
    cells = [(k, i) for k, i, _ in found] + [(k + 1, j) for k, _, j in found if j is not None]
    assert sorted(cells) == [(k, i) for k, rank in enumerate(complex_.ranks) for i in range(rank)]
    for t in range(5):
        kept = [of_degree <= t for of_degree in steps]
        maps = [complex_.boundary_arrays(k).restrict(kept[k], kept[k - 1]) for k in range(1, len(kept))]
        part = ChainComplex.from_arrays([int(mask.sum()) for mask in kept], maps)
        alive = [0] * len(complex_.ranks)
        for k, i, j in found:
            assert j is None or steps[k][i] <= steps[k + 1][j]
            alive[k] += bool(steps[k][i] <= t and (j is None or steps[k + 1][j] > t))
        assert alive == betti_over(part, p)


def test_the_projective_plane_over_several_fields() -> None:
    plane = ChainComplex([[[0]], [[2]]])
    steps = [np.zeros(1, np.int32)] * 3
    assert pairs(plane, steps, 2) == [(0, 0, None), (1, 0, None), (2, 0, None)]
    for p in (3, 0):
        assert pairs(plane, steps, p) == [(1, 0, 0), (0, 0, None)]


def test_long_coefficients() -> None:
    columns = ChainComplex([[[3, 5], [-3, -5]], [[5 * 2**70], [-3 * 2**70]]])
    steps = [np.array([0, 0], np.int32), np.array([1, 2], np.int32), np.array([3], np.int32)]
    assert pairs(columns, steps, 0) == [(1, 1, 0), (0, 1, 0), (0, 0, None)]
    assert pairs(columns, steps, 3) == [(1, 0, 0), (0, 1, 1), (0, 0, None)]
