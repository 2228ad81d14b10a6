"""The one reduction: its matchings, the complexes it leaves, and the maps there and back."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy.matrices.normalforms import smith_normal_form
from test_homology import chain_complexes, plain_homology

from polyrelu.errors import LimitError
from polyrelu.geometry.subdivision import subdivide
from polyrelu.topology import reduction as reduction_module
from polyrelu.topology.chain import ChainComplex, chain_complex
from polyrelu.topology.homology import Homology, homology
from polyrelu.topology.matching import Chain, Matching
from polyrelu.topology.reduction import Reduction
from support import zoo
from support.known_answers import shells
from support.matchings import check_matching
from support.strategies import levels, networks

ZOO = [entry for entry in zoo.zoo() if max(entry[1].ranks) <= 150]


def boundary_of(complex_: ChainComplex, chain: Mapping[int, int], degree: int) -> Chain:
    """From the dense matrix; of degree 0 nothing."""
    if degree == 0:
        return {}
    rows = complex_.boundary(degree)
    found = {i: sum(row[j] * v for j, v in chain.items()) for i, row in enumerate(rows)}
    return {i: v for i, v in found.items() if v}


def groups_of(complex_: ChainComplex) -> Homology:
    """By SymPy, or for larger matrices, where it takes minutes, by FLINT: of the boundary maps as they stand."""
    return homology_by_sympy(complex_) if max(complex_.ranks) <= 12 else plain_homology(complex_)


def homology_by_sympy(complex_: ChainComplex) -> Homology:
    factors: list[list[int]] = [[]]
    for k in range(1, len(complex_.ranks)):
        shape = complex_.ranks[k - 1], complex_.ranks[k]
        found: list[int] = []
        if all(shape):
            matrix = sympy.Matrix(*shape, [value for row in complex_.boundary(k) for value in row])
            diagonal = smith_normal_form(matrix, domain=sympy.ZZ)
            found = [abs(int(diagonal[i, i])) for i in range(min(shape)) if diagonal[i, i]]
        factors.append(found)
    factors.append([])
    betti = tuple(rank - len(x) - len(y) for rank, (x, y) in zip(complex_.ranks, pairwise(factors), strict=True))
    return Homology(betti, tuple(tuple(sorted(f for f in x if f > 1)) for x in factors[1:]))


def check_maps(complex_: ChainComplex, small: ChainComplex, lift: Any, pull_back: Any) -> None:
    """∂ι = ι∂ and pι = 1 on every generator; δ(p*f) = p*(δf) for every elementary cochain; so pulled-back cocycles
    vanish on boundaries."""
    for k, rank in enumerate(small.ranks):
        lifts = [lift({i: 1}, k) for i in range(rank)]
        for i, lifted in enumerate(lifts):
            assert all(0 <= c < complex_.ranks[k] and v for c, v in lifted.items())
            assert boundary_of(complex_, lifted, k) == (lift(boundary_of(small, {i: 1}, k), k - 1) if k else {})
        pulled = pull_back([{i: 1} for i in range(rank)], k)
        assert all(0 <= c < complex_.ranks[k] and values and all(values.values()) for c, values in pulled.items())
        for j, lifted in enumerate(lifts):
            values = [sum(v * pulled.get(c, {}).get(i, 0) for c, v in lifted.items()) for i in range(rank)]
            assert values == [int(i == j) for i in range(rank)]
        if k + 1 < len(small.ranks):
            # f_i(p(∂x)) = f_i(∂p(x)) for all cells x of the next degree
            rows = small.boundary(k + 1)
            coboundaries = pull_back([dict(enumerate(row)) for row in rows], k + 1)
            for x in range(complex_.ranks[k + 1]):
                found: Chain = {}
                for c, v in boundary_of(complex_, {x: 1}, k + 1).items():
                    for i, f in pulled.get(c, {}).items():
                        found[i] = found.get(i, 0) + v * f
                assert {i: v for i, v in found.items() if v} == coboundaries.get(x, {})


def check_reduction(complex_: ChainComplex) -> Reduction:
    reduction = Reduction(complex_)
    source = complex_
    for matching in reduction.matchings:
        assert matching.complex is source or matching.complex.ranks == source.ranks
        check_matching(source, matching)
        check_maps(
            source,
            matching.critical_complex,
            matching.lift,
            lambda cochains, k, m=matching: m.pull_back(
                {c: {i: f[c] for i, f in enumerate(cochains) if f.get(c)} for c in range(m.critical_complex.ranks[k])},
                k,
            ),
        )
        assert groups_of(matching.critical_complex) == groups_of(reduction.complex)
        source = matching.critical_complex
    check_maps(complex_, reduction.complex, reduction.lift, reduction.pull_back)
    for k in range(1, len(complex_.ranks)):
        assert not any(abs(value) == 1 for row in reduction.complex.boundary(k) for value in row)
        columns = {j: boundary_of(reduction.complex, {j: 1}, k) for j in range(reduction.complex.ranks[k])}
        assert reduction.boundary(k) == {j: column for j, column in columns.items() if column}
    assert reduction.boundary(0) == reduction.boundary(len(complex_.ranks)) == {}
    return reduction


@pytest.mark.parametrize(("complex_", "betti", "torsion"), [e[1:] for e in ZOO], ids=[e[0] for e in ZOO])
def test_zoo(complex_: ChainComplex, betti: tuple[int, ...], torsion: tuple[tuple[int, ...], ...]) -> None:
    for c in (complex_, zoo.shuffled(complex_, 1)):
        assert groups_of(check_reduction(c).complex) == Homology(betti, torsion)
    check_reduction(complex_.dual())


@settings(max_examples=50, deadline=None)
@given(chain_complexes())
def test_arbitrary_complexes(complex_: ChainComplex) -> None:
    reduction = check_reduction(complex_)
    assert groups_of(reduction.complex) == groups_of(complex_)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_regions_of_arbitrary_networks(data: st.DataObject) -> None:
    net = data.draw(networks(dims=(1, 2, 3)))
    cx = subdivide(net, level=data.draw(levels(net)))
    for relation in (">", "<="):
        complex_ = chain_complex(cx.region(relation))
        if max(complex_.ranks) <= 60:
            check_reduction(complex_)


@pytest.mark.parametrize("relation", [">", ">=", "="])
def test_shells(relation: str) -> None:
    """Of nested shells coreduction leaves nothing but generators of homology."""
    region = subdivide(shells((3, 6, 6, 4, 1), (2, 2)), level=0).region(relation)
    complex_ = chain_complex(region)
    reduction = Reduction(complex_)
    check_matching(complex_, reduction.matchings[0])
    assert reduction.matchings[-1].critical_complex.ranks[:3] == reduction.complex.ranks[:3] == homology(region).betti


def test_the_check_of_matchings_finds_faults() -> None:
    """A circle of edges that are all paired the same way round, and others."""
    n = 4
    circle = zoo.simplicial([(i, (i + 1) % n) for i in range(n)])
    edges = [tuple(i for i, row in enumerate(circle.boundary(1)) if row[j]) for j in range(n)]

    def matching(partner: list[int], step: list[int], complex_: ChainComplex = circle) -> Matching:
        arrays = (np.array(x, dtype=np.int32) for x in (partner, step, [0] * len(partner)))
        return Matching(complex_, complex_, *arrays)

    def paired(pairs: dict[int, tuple[int, ...]]) -> list[int]:
        partner = [-1] * (2 * n)
        for vertex, edge in pairs.items():
            partner[vertex], partner[n + edges.index(edge)] = n + edges.index(edge), vertex
        return partner

    # Vertex 0 first, then around the circle; the last edge is left.
    good = paired({1: (0, 1), 2: (1, 2), 3: (2, 3)})
    step = [0, 1, 2, 3, *[0] * n]
    for i, edge in enumerate([(0, 1), (1, 2), (2, 3), (0, 3)], start=1):
        step[n + edges.index(edge)] = i
    check_matching(circle, matching(good, step))
    around = paired({1: (0, 1), 2: (1, 2), 3: (2, 3), 0: (0, 3)})
    for partner, order in (
        (around, [0 if x in (0, n + edges.index((0, 3))) else step[x] for x in range(2 * n)]),  # a closed path
        (good, [4 - s for s in step]),  # removed in the wrong order
        ([-1] * (2 * n), step),  # as many steps as there are cells
        ([x if x < n else -1 for x in good], step),  # not all cells
    ):
        with pytest.raises((AssertionError, KeyError)):
            check_matching(circle, matching(partner, order))
    double = ChainComplex([[[2], [1]]])
    check_matching(double, matching([-1, 2, 1], [0, 1, 1], double))
    with pytest.raises(AssertionError):
        check_matching(double, matching([2, -1, 0], [1, 0, 1], double))  # of incidence 2


def test_components() -> None:
    """Vertices of one component have the same image, and their signs make all edges differences."""
    edges = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (6, 7)]
    complex_ = zoo.simplicial(edges)
    for seed in range(5):
        flips = np.random.default_rng(seed).choice([-1, 1], size=8)
        turned = ChainComplex([np.array(complex_.boundary(1)) * flips[:, None]])
        found = Reduction(turned).components()
        assert found is not None
        assert [found[i][0] == found[j][0] for i, j in edges] == [True] * len(edges)
        assert len({label for label, _ in found}) == 3
        assert all(found[i][1] * flips[i] == found[j][1] * flips[j] for i, j in edges)
    assert Reduction(ChainComplex([[[2], [1]]])).components() is None  # p(a) = −2 c
    assert Reduction(ChainComplex([[[1]]])).components() is None  # p(a) = 0
    assert Reduction(ChainComplex([], ranks=(2,))).components() == [(0, 1), (1, 1)]


def test_several_rounds() -> None:
    """What a round leaves is matched again while that is worth it: here units appear only in the critical complex."""
    rounds = {len(Reduction(zoo.linial_meshulam(8, 0.5, seed, 3)).matchings) for seed in range(6)}
    rounds |= {len(Reduction(zoo.shuffled(entry[1], 2)).matchings) for entry in ZOO}
    assert max(rounds) > 1


def test_entries_beyond_words() -> None:
    """Elimination leaves a determinant that no word holds; the record of it is exact as well."""
    n, big = 8, 10**12
    rows: list[list[int]] = [[0] * (n + 1) for _ in range(n + 1)]
    for j in range(n):
        rows[j][j], rows[j + 1][j] = big + j, 1
    rows[0][n], rows[n][n] = 5, 7
    for complex_ in (ChainComplex([rows]), ChainComplex([[[v * 10**30 if v > 1 else v for v in row] for row in rows]])):
        reduction = check_reduction(complex_)
        assert reduction.complex.ranks == (1, 1)
        assert abs(reduction.complex.boundary(1)[0][0]) > 2**63


def test_memory_that_does_not_suffice(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(reduction_module._core, "trace_reduction", exhausted)
    with pytest.raises(LimitError):
        Reduction(zoo.sphere(1))
