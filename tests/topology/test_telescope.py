"""Bars along chain maps, against ranks of the maps that they induce."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from polyrelu.errors import ChainComplexError
from polyrelu.exact.linear import null_space, rank
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.telescope import telescope_bars

Matrix = list[list[int]]


def columns(matrix: Matrix, n_rows: int, n_columns: int) -> SparseRows:
    found = [(j, i, matrix[i][j]) for j in range(n_columns) for i in range(n_rows) if matrix[i][j]]
    column, row, value = (np.array([e[n] for e in found], np.int64) for n in range(3))
    return SparseRows.from_entries(column, row.astype(np.int32), value, n_columns, n_rows)


def product(a: Matrix, b: Matrix) -> Matrix:
    width = len(b[0]) if b else 0
    return [[sum(x * b[k][j] for k, x in enumerate(row)) for j in range(width)] for row in a]


def induced_rank(source: ChainComplex, target: ChainComplex, maps: list[Matrix], k: int) -> int:
    """The rank of H_k → H_k over Q: that of the images of cycles and boundaries, less that of boundaries."""
    n, m = source.ranks[k], target.ranks[k]
    cycles = null_space(source.boundary(k), n) if k else null_space([[0] * n], n)
    images = [[sum(x * z for x, z in zip(row, cycle, strict=True)) for row in maps[k]] for cycle in cycles]
    bounds = target.boundary(k + 1) if k + 1 < len(target.ranks) else []
    boundaries = [[row[j] for row in bounds] for j in range(len(bounds[0]) if bounds else 0)]
    zero = [[0] * m]
    return rank([*images, *boundaries, *zero]) - rank([*boundaries, *zero])


def random_tower(random: Random, steps: int) -> tuple[list[ChainComplex], list[list[Matrix]]]:
    """A random complex, and maps from it to itself that are a number plus a null-homotopic map."""
    n, m, p = (random.randint(1, 4) for _ in range(3))
    first = [[random.randint(-2, 2) for _ in range(m)] for _ in range(n)]
    kernel = null_space(first, m)
    picks = [random.choice(kernel) if kernel else [0] * m for _ in range(p)]
    second = [[v[i] for v in picks] for i in range(m)]
    complexes = [ChainComplex([first, second], ranks=[n, m, p])] * steps
    maps = []
    for _ in range(steps - 1):
        factor = random.choice([0, 1, 1, 2, -1])
        up = [[[random.randint(-1, 1) for _ in range(a)] for _ in range(b)] for a, b in ((n, m), (m, p))]
        down, boundary = [first, second], []
        for k, size in enumerate((n, m, p)):
            found = [[factor * int(i == j) for j in range(size)] for i in range(size)]
            for part in ([product(down[k], up[k])] if k < 2 else []) + ([product(up[k - 1], down[k - 1])] if k else []):
                found = [[x + y for x, y in zip(r, s, strict=True)] for r, s in zip(found, part, strict=True)]
            boundary.append(found)
        maps.append(boundary)
    return complexes, maps


@pytest.mark.parametrize("seed", range(8))
def test_ranks_of_compositions(seed: int) -> None:
    complexes, maps = random_tower(Random(seed), 4)
    ranks = complexes[0].ranks
    bars = telescope_bars(complexes, [[columns(m, n, n) for m, n in zip(of, ranks, strict=True)] for of in maps])
    for i in range(4):
        composed = [[[int(a == b) for b in range(n)] for a in range(n)] for n in ranks]
        for j in range(i, 4):
            if j > i:
                composed = [product(m, c) for m, c in zip(maps[j - 1], composed, strict=True)]
            for k in range(len(ranks)):
                alive = sum(begin <= i and (end is None or end > j) for begin, end in bars[k])
                assert alive == induced_rank(complexes[i], complexes[j], composed, k)


def test_maps_that_are_no_chain_maps() -> None:
    edge = ChainComplex([[[-1], [1]]])
    maps = [columns([[1, 0], [0, 1]], 2, 2), columns([[2]], 1, 1)]
    with pytest.raises(ChainComplexError):
        telescope_bars([edge, edge], [maps])


def test_a_circle_is_sent_to_a_point() -> None:
    circle = ChainComplex([[[-1, 1], [1, -1]]])
    point = ChainComplex([], ranks=[1])
    bars = telescope_bars([circle, point], [[columns([[1, 1]], 1, 2), SparseRows.empty(2, 0)]])
    assert bars[:2] == (((0, None),), ((0, 1),)) and not any(bars[2:])
