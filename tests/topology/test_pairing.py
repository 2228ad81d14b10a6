"""Pairs of filtered complexes: the ranks of the maps between the steps, and torsion that some fields see."""

from __future__ import annotations

from random import Random

import numpy as np
import numpy.typing as npt
import pytest
from test_fibers import random_fibers

from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.homology import homology
from polyrelu.topology.pairing import pairs
from support import zoo
from support.filtered import reduced_pairs

ZOO = [entry for entry in zoo.zoo() if max(entry[1].ranks) <= 60]


def betti_over(complex_: ChainComplex, p: int) -> list[int]:
    """By universal coefficients."""
    groups = homology(complex_)
    torsion = [sum(p != 0 and m % p == 0 for m in factors) for factors in groups.torsion]
    return [b + t + below for b, t, below in zip(groups.betti, torsion, [0, *torsion[:-1]], strict=True)]


def in_order(complex_: ChainComplex, steps: list[npt.NDArray[np.int32]]) -> ChainComplex:
    """The same complex with the cells of each degree in the order of their steps."""
    orders = [np.argsort(x, kind="stable") for x in steps]
    maps = []
    for k in range(1, len(steps)):
        matrix = np.array(complex_.boundary(k), dtype=object).reshape(complex_.ranks[k - 1], complex_.ranks[k])
        maps.append(matrix[orders[k - 1]][:, orders[k]])
    return ChainComplex(maps, ranks=complex_.ranks)


@pytest.mark.parametrize("p", [2, 3, 0])
@pytest.mark.parametrize("complex_", [entry[1] for entry in ZOO], ids=[entry[0] for entry in ZOO])
def test_classes_of_every_step(complex_: ChainComplex, p: int) -> None:
    steps = random_fibers(complex_, Random(p), 5)
    complex_, steps = in_order(complex_, steps), [np.sort(x) for x in steps]
    found = pairs(complex_, p)
    ends = [np.zeros(0, np.int32), *(x.deaths for x in found[:-1])]
    for rank, of_degree, deaths in zip(complex_.ranks, found, ends, strict=True):
        assert sorted([*of_degree.births, *of_degree.essential, *deaths]) == list(range(rank))
    for t in range(5):
        kept = [of_degree <= t for of_degree in steps]
        maps = [complex_.boundary_arrays(k).restrict(kept[k], kept[k - 1]) for k in range(1, len(kept))]
        part = ChainComplex.from_arrays([int(mask.sum()) for mask in kept], maps)
        alive = []
        for k, (births, deaths, essential) in enumerate(found):
            finite = [(steps[k][i], steps[k + 1][j]) for i, j in zip(births, deaths, strict=True)]
            assert all(i <= j for i, j in finite)
            alive.append(sum(i <= t < j for i, j in finite) + int(np.count_nonzero(steps[k][essential] <= t)))
        assert alive == betti_over(part, p)


@pytest.mark.parametrize("p", [2, 3, 0, 2**31 - 1])
@pytest.mark.parametrize("seed", range(8))
def test_union_find_and_columns_as_in_the_textbook(seed: int, p: int) -> None:
    """Pairs depend on the matrix alone: a graph, its dual, and a matrix with longer rows and columns."""
    rng = Random(seed)
    for most in (2, 2, 4):
        rows = [rng.sample(range(9), rng.randint(0, most)) for _ in range(12)]
        columns = [{i: rng.choice([-3, -2, -1, 1, 1, 2]) for i in of_column} for of_column in rows]
        matrix = [[column.get(i, 0) for column in columns] for i in range(9)]
        for rows in (matrix, [list(x) for x in zip(*matrix, strict=True)]):
            given = [{i: row[j] for i, row in enumerate(rows) if row[j]} for j in range(len(rows[0]))]
            low, _ = pairs(ChainComplex([rows]), p)
            assert dict(zip(low.births.tolist(), low.deaths.tolist(), strict=True)) == reduced_pairs(given, p)
            above = ChainComplex([[[0] * len(rows)], rows], ranks=(1, len(rows), len(rows[0])))
            of_top = pairs(above, p)[1]
            assert dict(zip(of_top.births.tolist(), of_top.deaths.tolist(), strict=True)) == reduced_pairs(given, p)


def test_the_projective_plane_over_several_fields() -> None:
    plane = ChainComplex([[[0]], [[2]]])
    assert [len(x.essential) for x in pairs(plane, 2)] == [1, 1, 1]
    for p in (3, 0):
        assert [len(x.essential) for x in pairs(plane, p)] == [1, 0, 0]


def test_long_coefficients() -> None:
    columns = ChainComplex([[[3, 5], [-3, -5]], [[5 * 2**70], [-3 * 2**70]]])
    vertices, edges, _ = pairs(columns, 0)
    assert (vertices.births.tolist(), vertices.deaths.tolist(), vertices.essential.tolist()) == ([1], [0], [0])
    assert (edges.births.tolist(), edges.deaths.tolist()) == ([1], [0])
    vertices, edges, _ = pairs(columns, 3)
    assert (vertices.births.tolist(), vertices.deaths.tolist()) == ([1], [1])
    assert (edges.births.tolist(), edges.deaths.tolist()) == ([0], [0])
