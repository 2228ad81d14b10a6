"""Chain complexes of sets of cells that are neither open nor closed, against the order complex of all their cells."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrelu.errors import LimitError
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.region import RELATIONS, CellSet
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from polyrelu.topology import order_complex
from polyrelu.topology.homology import homology
from support.sign_vectors import core, order_complex_homology
from support.strategies import examples, levels, networks, seeded_network

Cell = tuple[int, int]
WIDTHS = {1: [(5,), (3, 3)], 2: [(), (3,), (4,), (2, 2)], 3: [(2,), (3,)]}


class Chosen(CellSet):
    """Any cells of a complex, said to be neither an open set nor a closed one."""

    is_open = is_closed = False  # type: ignore[assignment]

    def __init__(self, cx: PolyhedralComplex, cells: set[Cell]) -> None:
        super().__init__(cx)
        object.__setattr__(self, "cells", cells)

    def mask(self, k: int) -> npt.NDArray[np.bool_]:
        return np.array([(k, i) in self.cells for i in range(self.complex.n_cells(k))], np.bool_)  # type: ignore

    def contains(self, x: Any) -> bool:
        raise NotImplementedError


def faces(cx: PolyhedralComplex) -> dict[Cell, set[Cell]]:
    """The proper faces of every cell, those at infinity left out."""
    low = cx.lineality_dim
    below: dict[Cell, set[Cell]] = {(low, i): set() for i in range(cx.n_cells(low))}
    for k in range(low + 1, cx.input_dim + 1):
        rows = cx.facets(k)
        for i in range(cx.n_cells(k)):
            facets = {(k - 1, int(f)) for f in rows.index[rows.indptr[i] : rows.indptr[i + 1]]} & below.keys()
            below[k, i] = facets.union(*(below[f] for f in facets))
    return below


def some_cells(rng: Random, below: dict[Cell, set[Cell]]) -> set[Cell]:
    """Cells at random; a locally closed set, which has what is between two of its cells; or what is around a cell."""

    def upper(n: int) -> set[Cell]:
        low = set(rng.sample(list(below), min(n, len(below))))
        return {c for c, faces in below.items() if c in low or faces & low}

    kind = rng.randrange(4)
    if kind == 0:
        return set(rng.sample(list(below), rng.randint(0, len(below))))
    if kind == 1:
        return set(below) - upper(rng.randint(1, 2))
    if kind == 2:
        return upper(rng.randint(1, 8)) - upper(rng.randint(0, 3))
    centre = rng.choice([c for c in below if c[0] == min(below)[0]])
    return {c for c, faces in below.items() if centre in faces}


def check(cx: PolyhedralComplex, chosen: set[Cell], below: dict[Cell, set[Cell]]) -> tuple[int, ...]:
    found = homology(Chosen(cx, chosen))
    number = {cell: i for i, cell in enumerate(sorted(chosen))}
    expected = order_complex_homology(core({i: {number[f] for f in below[c] & chosen} for c, i in number.items()}))
    size = cx.input_dim
    betti = (*expected.betti, *[0] * size)
    torsion = (*expected.torsion, *[()] * size)
    assert found.betti == betti[:size] and not any(betti[size:])
    assert tuple(map(tuple, found.torsion)) == torsion[:size]
    return found.betti


@pytest.mark.parametrize("bounded", [False, True])
def test_any_cells(bounded: bool) -> None:
    seen: Counter[int] = Counter()
    for seed in range(150):
        rng = Random(seed)
        net = seeded_network(seed, WIDTHS)
        domain = Domain.box([-2] * net.input_dim, [1] * net.input_dim) if bounded else None
        cx = subdivide(net, rng.choice([None, 0]), domain)
        below = faces(cx)
        for _ in range(3):
            betti = check(cx, some_cells(rng, below), below)
            seen.update(k for k, b in enumerate(betti) if b > (k == 0))
    assert all(seen[k] >= 10 for k in range(3)), seen


@examples(50)
@given(st.data())
def test_the_three_models_agree_on_open_and_closed_regions(data: Any) -> None:
    net = data.draw(networks(dims=(1, 2, 3), widths={1: [(5,), (3, 3)], 2: [(5,), (4, 3)], 3: [(4,), (3, 2)]}))
    cx = subdivide(net, data.draw(levels(net)))
    for relation in RELATIONS:
        region = cx.region(relation)
        cells = {(k, int(i)) for k in range(cx.lineality_dim, cx.input_dim + 1) for i in region.mask(k).nonzero()[0]}
        found, mixed = homology(region), homology(Chosen(cx, cells))
        assert (mixed.betti, mixed.torsion) == (found.betti, found.torsion), relation


def test_cells_that_lose_one_cell_only_are_left_out() -> None:
    """The plane cut by two lines each way, with all cells and without a corner of the square in the midst."""
    axes = [[1, 0], [1, 0], [0, 1], [0, 1]]
    cx = subdivide(Network([axes, [[1] * 4]], [[0, 1, 0, 1], [0]]))
    assert cx.f_vector == (4, 12, 9)
    cells = set(faces(cx))
    poset = order_complex._Poset(Chosen(cx, cells))  # unbounded cells lose a ray, or two and what is between them
    assert [int(x.sum()) for x in poset.whole] == [4, 4, 1]
    assert [int(x.sum()) for x in poset.others] == [0, 0, 0]
    # Two edges and the square lose the corner alone. Two edges to infinity, two strips and a quadrant lose more.
    poset = order_complex._Poset(Chosen(cx, cells - {(0, 0)}))
    assert [int(x.sum()) for x in poset.whole] == [3, 2, 0]
    assert [int(x.sum()) for x in poset.others] == [0, 2, 3]


def test_too_many_cells_are_refused_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    cx = subdivide(Network([[[1], [-1]], [[1, 1]]], [[0, 1], [0]]))
    below = faces(cx)
    ranks, _ = order_complex.mixed_boundaries(Chosen(cx, set(below)))
    monkeypatch.setattr(order_complex, "MAX_SIMPLICES", sum(ranks))
    assert order_complex.mixed_boundaries(Chosen(cx, set(below)))[0] == ranks
    monkeypatch.setattr(order_complex, "MAX_SIMPLICES", sum(ranks) - 1)
    with pytest.raises(LimitError, match=f"needs about {sum(ranks)} cells, more than {sum(ranks) - 1}"):
        order_complex.mixed_boundaries(Chosen(cx, set(below)))
