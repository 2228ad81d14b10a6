"""Reduction within fibers keeps the homology, and what it does in a fiber does not depend on later ones."""

from __future__ import annotations

from random import Random

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_homology import chain_complexes

from polyrelu import _core
from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.fibers import reduce_within_fibers
from polyrelu.topology.homology import homology
from support import zoo
from support.strategies import examples

ZOO = [entry for entry in zoo.zoo() if max(entry[1].ranks) <= 150]
Fibers = list[npt.NDArray[np.int32]]


def random_fibers(complex_: ChainComplex, rng: Random, number: int) -> Fibers:
    """The largest of a random number and the fibers of the faces."""
    fibers: Fibers = []
    for degree, rank in enumerate(complex_.ranks):
        of_degree = np.array([rng.randrange(number) for _ in range(rank)], np.int32)
        for j in range(rank if degree else 0):
            for i, _ in complex_.boundary_arrays(degree).entries(j):
                of_degree[j] = max(of_degree[j], fibers[-1][i])
        fibers.append(of_degree)
    return fibers


def restricted(complex_: ChainComplex, kept: list[npt.NDArray[np.bool_]]) -> ChainComplex:
    maps = [complex_.boundary_arrays(k).restrict(kept[k], kept[k - 1]) for k in range(1, len(kept))]
    return ChainComplex.from_arrays([int(mask.sum()) for mask in kept], maps)


def check(complex_: ChainComplex, fibers: Fibers, most: int) -> None:
    cells, critical = reduce_within_fibers(complex_, fibers)
    assert homology(critical) == homology(complex_)
    of_critical = [of_degree[found] for of_degree, found in zip(fibers, cells, strict=True)]
    for degree in range(1, len(critical.ranks)):
        maps = critical.boundary_arrays(degree)
        for j in range(maps.n_rows):
            for i, value in maps.entries(j):
                assert of_critical[degree - 1][i] <= of_critical[degree][j]
                assert value
    # The cells of the fibers up to `most` are reduced alike without the others.
    kept = [of_degree <= most for of_degree in fibers]
    alone, critical_alone = reduce_within_fibers(
        restricted(complex_, kept), [of_degree[mask] for of_degree, mask in zip(fibers, kept, strict=True)]
    )
    in_first = [of_degree <= most for of_degree in of_critical]
    for degree, (mask, found) in enumerate(zip(kept, alone, strict=True)):
        assert np.array_equal(np.flatnonzero(mask)[found], cells[degree][in_first[degree]])
    assert critical_alone.ranks == restricted(critical, in_first).ranks
    for degree in range(1, len(critical.ranks)):
        assert critical_alone.boundary(degree) == restricted(critical, in_first).boundary(degree)


@pytest.mark.parametrize("number", [1, 2, 5, 40])
@pytest.mark.parametrize("entry", ZOO, ids=lambda entry: entry[0])
def test_known_complexes(entry: tuple[str, ChainComplex], number: int) -> None:
    rng = Random(number)
    check(entry[1], random_fibers(entry[1], rng, number), number // 2)


@given(chain_complexes(), st.integers(1, 6), st.integers(0, 2**32))
@examples(40)
def test_any_complexes(complex_: ChainComplex, number: int, seed: int) -> None:
    check(complex_, random_fibers(complex_, Random(seed), number), number // 2)


def test_pairs_lie_in_one_fiber() -> None:
    interval = ChainComplex([[[-1], [1]]])
    one = [np.zeros(2, np.int32), np.zeros(1, np.int32)]
    cells, critical = reduce_within_fibers(interval, one)
    assert critical.ranks == (1, 0) and [x.tolist() for x in cells] == [[0], []]
    apart = [np.array([0, 1], np.int32), np.array([2], np.int32)]
    cells, critical = reduce_within_fibers(interval, apart)
    assert critical.ranks == (2, 1) and critical.boundary(1) == [[-1], [1]]


def test_units_only_are_paired() -> None:
    double = ChainComplex([[[2]]])
    _, critical = reduce_within_fibers(double, [np.zeros(1, np.int32), np.zeros(1, np.int32)])
    assert critical.ranks == (1, 1) and critical.boundary(1) == [[2]]


def test_large_entries_need_big_integers() -> None:
    """∂b₁ = a₁ + n a₂, ∂b₂ = n a₁ + a₂ with a₁, b₁ paired: what is left is 1 − n², beyond a word."""
    n = 2**40
    complex_ = ChainComplex([[[1, n], [n, 1]]])
    _, critical = reduce_within_fibers(complex_, [np.array([0, 0], np.int32), np.array([0, 1], np.int32)])
    assert homology(critical) == homology(complex_)
    assert homology(critical).torsion == ((n * n - 1,), ())


def test_fibers_of_another_number_are_refused() -> None:
    with pytest.raises(ValueError, match="one fiber a cell"):
        _core.reduce_within_fibers((1,), [], np.zeros(2, np.int32))
    with pytest.raises(ValueError, match="numbered from 0"):
        _core.reduce_within_fibers((1,), [], np.full(1, -1, np.int32))
