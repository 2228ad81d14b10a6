"""Generators of a homology group from two matrices: their orders by another Smith form, and what defines them."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from random import Random

import pytest
from sympy import Matrix

from polyrelu.exact import bounded
from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.generators import Generator, generators
from support import reference
from support.zoo import Entry, zoo

Chain = dict[int, int]
Columns = dict[int, Chain]

SMALL = [entry for entry in zoo() if max(entry[1].ranks) <= 60]


def columns(complex_: ChainComplex, degree: int) -> Columns:
    if not 0 < degree < len(complex_.ranks):
        return {}
    rows = complex_.boundary(degree)
    found = {j: {i: row[j] for i, row in enumerate(rows) if row[j]} for j in range(complex_.ranks[degree])}
    return {j: column for j, column in found.items() if column}


def applied(matrix: Columns, chain: Chain) -> Chain:
    total: Chain = {}
    for j, factor in chain.items():
        for i, value in matrix.get(j, {}).items():
            total[i] = total.get(i, 0) + factor * value
    return {i: value for i, value in total.items() if value}


def pairing(a: Chain, b: Chain) -> int:
    return sum(value * b.get(c, 0) for c, value in a.items())


def check(found: list[Generator], outgoing: Columns, incoming: Columns) -> None:
    """All that is said of a `Generator`; with the right orders it follows that they generate the homology."""
    for g in found:
        assert g.order == 0 or g.order > 1
        assert not applied(outgoing, g.cycle)
        assert applied(incoming, g.filling) == {c: g.order * v for c, v in g.cycle.items() if g.order}
        for boundary in incoming.values():
            value = pairing(g.cochain, boundary)
            assert value % g.order == 0 if g.order else value == 0
        for other in found:
            value = pairing(g.cochain, other.cycle) - (g is other)
            assert value % g.order == 0 if g.order else value == 0
    orders = [g.order for g in found]
    assert orders == sorted(orders) and all(b % a == 0 for a, b in pairwise(orders) if a)


@pytest.mark.parametrize("entry", SMALL, ids=lambda entry: entry[0])
def test_known_homology(entry: Entry) -> None:
    _, complex_, betti, torsion = entry
    for k, rank in enumerate(complex_.ranks):
        outgoing, incoming = columns(complex_, k), columns(complex_, k + 1)
        found = generators(range(rank), outgoing, incoming)
        assert [g.order for g in found] == [0] * betti[k] + list(torsion[k])
        check(found, outgoing, incoming)


def random_pair(seed: int) -> tuple[int, Columns, Columns]:
    """A random ∂ of low rank, and a ∂' whose columns are combinations of a basis of its kernel, some multiplied."""
    rng = Random(seed)
    n, rows = rng.randint(1, 7), rng.randint(0, 3)
    matrix = Matrix(rows, n, lambda *_: rng.choice([-2, -1, 0, 0, 1, 3]))
    vectors = matrix.nullspace() if rows else [Matrix.eye(n).col(i) for i in range(n)]
    kernel = [[int(x) for x in v * prod(int(x.q) for x in v)] for v in vectors]
    boundaries = []
    for _ in range(rng.randint(0, 5) if kernel else 0):
        factors = [rng.choice([-2, 0, 0, 1, 6]) for _ in kernel]
        boundaries.append([sum(f * v[i] for f, v in zip(factors, kernel, strict=True)) for i in range(n)])
    outgoing = {j: {i: int(matrix[i, j]) for i in range(rows) if matrix[i, j]} for j in range(n)}
    incoming = {10 + j: {i: x for i, x in enumerate(v) if x} for j, v in enumerate(boundaries)}
    return n, outgoing, incoming


@pytest.mark.parametrize("seed", range(60))
def test_random_groups(seed: int) -> None:
    n, outgoing, incoming = random_pair(seed)
    found = generators(range(n), outgoing, incoming)
    check(found, outgoing, incoming)
    rank = len(reference.smith(list(outgoing.values())))
    factors = reference.smith(list(incoming.values()))
    expected = [0] * (n - rank - len(factors)) + [m for m in factors if m > 1]
    assert [g.order for g in found] == expected


def test_cells_in_neither_matrix_are_summands() -> None:
    assert generators([], {}, {}) == []
    assert generators([7, 3], {}, {}) == [Generator(0, {3: 1}, {3: 1}, {}), Generator(0, {7: 1}, {7: 1}, {})]
    assert generators([7, 3], {3: {}}, {5: {7: 1}}) == [Generator(0, {3: 1}, {3: 1}, {})]
    assert generators([0], {0: {0: 2}}, {}) == []


def test_long_numbers_and_orders_that_do_not_divide() -> None:
    (small, large) = generators([0, 1], {}, {0: {0: 4}, 1: {1: 6 * 10**60}})
    assert (small.order, large.order) == (4, 6 * 10**60)
    (two, twelve) = generators([0, 1], {}, {0: {0: 4}, 1: {1: 6}})
    assert (two.order, twelve.order) == (2, 12)
    check([two, twelve], {}, {0: {0: 4}, 1: {1: 6}})


def test_matrices_that_are_diagonal_from_the_start() -> None:
    for a, b in ((-2, -6), (6, -2), (1, -4), (-1, -1), (3, 3)):
        incoming = {0: {0: a}, 1: {1: b}}
        found = generators([0, 1], {}, incoming)
        assert [g.order for g in found] == [abs(m) for m in sorted((a, b), key=abs) if abs(m) > 1]
        check(found, {}, incoming)


def test_a_process_of_its_own_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    outgoing: Columns = {}
    incoming = {0: {0: 2, 1: 2}, 1: {1: 3}}
    here = generators([0, 1, 2], outgoing, incoming)
    monkeypatch.setattr(bounded, "WORK", 0)
    assert generators([0, 1, 2], outgoing, incoming) == here and [g.order for g in here] == [0, 6]
