"""Coarse complexes for classes against the complete ones, exact values, extrema on decided cells, and theorems."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrelu.analysis.class_homology import class_betti_numbers
from polyrelu.errors import CoarseComplexError, InputError, LimitError
from polyrelu.export.archive import save_complex
from polyrelu.geometry.classes import Partition, classify
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from polyrelu.topology.homology import Homology, homology
from support.classifiers import RINGS, check_cells, classifiers, largest_by_value
from support.known_answers import random_float32
from support.strategies import examples, points, polytopes


def all_homology(partition: Partition) -> list[Homology]:
    regions = [partition.region(i, closed) for i in range(partition.n_classes) for closed in (False, True)]
    return [homology(part) for part in (*regions, partition.boundary())]


def named_ties(partition: Partition) -> set[tuple[int, frozenset[tuple[int, ...]]]]:
    """The cells of the decision boundary by their vertices and rays."""
    cx = partition.complex
    named = list(map(tuple, cx.homogeneous_array().tolist()))
    found = set()
    for k in range(cx.coordinates.lineality_dim, cx.input_dim + 1):
        rows = cx.cells(k)
        found |= {(k, frozenset(named[v] for v in rows.row(i).tolist())) for i in partition.boundary().cells(k)}
    return found


def check(coarse: Partition, complete: Partition) -> None:
    assert all_homology(coarse) == all_homology(complete)
    assert named_ties(coarse) == named_ties(complete)
    one, other = (sum((-1) ** k * n for k, n in enumerate(p.complex.f_vector)) for p in (coarse, complete))
    assert one == other
    if not complete.complex.artificial_hyperplanes:  # or cells of a refinement are counted, in the coarse complex only
        assert coarse.complex.n_regions <= complete.complex.n_regions


# ------------------------------------------------------------------------------------------- against the complete one


@given(st.data())
@examples(60)
def test_the_same_regions(data: st.DataObject) -> None:
    net = data.draw(classifiers(dims=(1, 2, 3, 4)))
    check(classify(net, coarse=True), classify(net))


@given(st.data())
@examples(25)
def test_the_same_regions_over_a_domain(data: st.DataObject) -> None:
    net = data.draw(classifiers())
    domain = Domain(*data.draw(polytopes(net.input_dim)))
    check(classify(net, domain, coarse=True), classify(net, domain))


@pytest.mark.parametrize(
    "architecture", [(2, 24, 24, 2), (2, 16, 16, 7), (3, 12, 12, 3), (3, 9, 9, 9, 4), (4, 7, 7, 3)]
)
def test_random_networks(architecture: tuple[int, ...]) -> None:
    net = random_float32(architecture, 2)
    coarse, complete = classify(net, coarse=True), classify(net)
    check(coarse, complete)
    assert coarse.complex.is_coarse and not complete.complex.is_coarse
    assert coarse.complex.statistics["decided"] > 0


@given(st.data())
@examples(30)
def test_two_classes_are_the_sides_of_a_level(data: st.DataObject) -> None:
    net = data.draw(classifiers(dims=(1, 2, 3), outputs=(2,)))
    partition, cx = classify(net, coarse=True), subdivide(net.difference(0, 1), level=0, coarse=True)
    regions = [partition.region(0), partition.region(1), partition.boundary()]
    assert [homology(r) for r in regions] == [homology(cx.region(r)) for r in "><="]


# ------------------------------------------------------------------------------------------------------------- values


@given(st.data())
@examples(40)
def test_every_cell_by_value(data: st.DataObject) -> None:
    net = data.draw(classifiers(dims=(1, 2, 3)))
    partition = classify(net, coarse=True)
    check_cells(partition)
    x = data.draw(points(net.input_dim))
    found = partition.complex.locate(x)
    assert found is not None
    assert partition.maximal_classes(found[0])[found[1]].tolist() == largest_by_value(net, x)


@given(st.data())
@examples(40)
def test_extrema_on_decided_cells(data: st.DataObject) -> None:
    """Over each decided cell the complete complex has its class alone, the faces of the cell included."""
    net = data.draw(classifiers(dims=(1, 2, 3)))
    partition = classify(net, coarse=True)
    check_decided(partition, net.input_dim)


def check_decided(partition: Partition, d: int, most: int = 6) -> int:
    decided = partition.complex.arrays.decided
    if decided is None:
        return 0
    cells = np.flatnonzero(decided)
    for i in cells[:: 1 + len(cells) // most].tolist():
        shape = partition.complex.h_representation(d, i)
        cell = Domain([a for _, *a in shape.inequalities], [b for b, *_ in shape.inequalities])
        within = classify(partition.network, cell)
        alone = [j == partition.class_numbers()[i] for j in range(partition.n_classes)]
        for k in range(within.complex.coordinates.lineality_dim, d + 1):
            assert (within.maximal_classes(k) == alone).all()
    return len(cells)


def test_extrema_on_decided_cells_of_random_networks() -> None:
    for architecture in ((2, 16, 16, 5), (3, 10, 10, 3)):
        net = random_float32(architecture)
        assert check_decided(classify(net, coarse=True), net.input_dim, 30) > 20


@given(st.data())
@examples(25)
def test_every_cell_is_a_union_of_cells(data: st.DataObject) -> None:
    """A point of each cell of the complete complex is located; parts add up to (−1)^k, with compact support."""
    net = data.draw(classifiers(dims=(1, 2)))
    coarse, complete = classify(net, coarse=True), classify(net)
    if coarse.complex.artificial_hyperplanes:
        return  # cells of a refinement are counted
    total: Counter[tuple[int, int]] = Counter()
    low, d = complete.complex.coordinates.lineality_dim, net.input_dim
    for k in range(low, d + 1):
        for i in range(complete.complex.n_cells(k)):
            found = coarse.complex.locate(complete.complex.interior_point(k, i))
            assert found is not None and found[0] >= k
            assert (coarse.masks(found[0])[found[1]] == complete.masks(k)[i]).all()
            total[found] += (-1) ** k
    assert total == {(k, i): (-1) ** k for k in range(low, d + 1) for i in range(coarse.complex.n_cells(k))}


@given(st.data())
@examples(25)
def test_boundary_of_the_boundary(data: st.DataObject) -> None:
    net = data.draw(classifiers(dims=(2, 3)))
    cx = classify(net, coarse=True).complex
    for k in range(cx.coordinates.lineality_dim + 2, net.input_dim + 1):
        below, above = (cx.boundary_matrix(q, infinity=True).astype(int) for q in (k - 1, k))
        assert not (below @ above).nnz


# ------------------------------------------------------------------------------------------------ what it is made from


def test_fewer_cells() -> None:
    net = random_float32((3, 24, 24, 5))
    coarse, complete = classify(net, coarse=True), classify(net)
    assert 5 * coarse.complex.n_regions < complete.complex.n_regions


def test_ties_everywhere() -> None:
    """Where outputs agree nothing is decided; a class that loses everywhere has no cells."""
    net = Network([[[1, 2], [3, -1]], [[1, 1]] * 3], [[0, 1], [0] * 3])
    partition = classify(net, coarse=True)
    assert partition.complex.statistics["decided"] == 0
    assert set(partition.class_numbers()) == {-1}
    check(partition, classify(net))
    least = Network([[[1, 2], [3, -1]], [[1, 1], [1, 0], [1, 1]]], [[0, 1], [0, 1, -1]])
    check(classify(least, coarse=True), classify(least))
    assert class_betti_numbers(least)[2] == (0, 0)


def test_no_hidden_layers() -> None:
    net = Network([[(k, k * k) for k in range(4)]], [[0] * 4])
    partition = classify(net, coarse=True)
    assert not partition.complex.is_coarse
    assert partition.complex.f_vector == classify(net).complex.f_vector


@pytest.mark.parametrize("architecture", [(2, 24, 24, 5), (3, 10, 10, 3)])
def test_threads(architecture: tuple[int, ...]) -> None:
    net = random_float32(architecture, 3)
    one, more = (classify(net, coarse=True, threads=n) for n in (1, 3))
    arrays, others = one.complex.arrays.named(), more.complex.arrays.named()
    assert arrays.keys() == others.keys()
    assert all(np.array_equal(arrays[name], others[name]) for name in arrays)
    for k in range(net.input_dim + 1):
        assert (one.masks(k) == more.masks(k)).all()


ASKED: dict[str, Any] = {
    "affine_maps": lambda cx: cx.affine_maps(),
    "n_linear_pieces": lambda cx: cx.n_linear_pieces,
    "region_signs": lambda cx: cx.region_signs(),
}


def test_what_only_the_complete_complex_has(tmp_path: Any) -> None:
    cx = classify(random_float32((2, 16, 16, 3)), coarse=True).complex
    for name, ask in ASKED.items():
        with pytest.raises(CoarseComplexError, match=rf"{name}: .*coarse.*classify\(network, coarse=False\)"):
            ask(cx)
    with pytest.raises(CoarseComplexError, match="save_complex"):
        save_complex(cx, tmp_path / "classes.npz")
    with pytest.raises(InputError, match="coarse: expected True or False"):
        classify(RINGS, coarse="yes")  # type: ignore[arg-type]
    with pytest.raises(LimitError):
        classify(random_float32((2, 16, 16, 3)), coarse=True, max_cells=30)


def test_pipeline() -> None:
    net = random_float32((2, 12, 12, 4), 1)
    for closed in (False, True):
        assert class_betti_numbers(net, None, closed) == class_betti_numbers(net, None, closed, coarse=False)
    assert class_betti_numbers(RINGS, threads=2, max_cells=10**6) == ((1, 1), (1, 1), (1, 0))


def test_larger_degenerate_networks() -> None:
    """Integer weights: many neurons through common points, ties of many outputs."""
    rng = Random(5)
    for _ in range(6):
        sizes = (2, 8, 6, 4)
        weights = [[[rng.randint(-2, 2) for _ in range(m)] for _ in range(n)] for m, n in pairwise(sizes)]
        biases = [[rng.randint(-1, 1) for _ in range(n)] for n in sizes[1:]]
        net = Network(weights, biases)
        check(classify(net, coarse=True), classify(net))
