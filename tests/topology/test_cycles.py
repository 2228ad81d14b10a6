from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations, pairwise
from pathlib import Path
from random import Random
from typing import Any

import flint
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_homology import chain_complexes

import polyrelu.cli
from polyrelu.errors import InputError, VerificationError
from polyrelu.geometry.classes import classify
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.region import RELATIONS, CellSet
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from polyrelu.readers import load
from polyrelu.topology import cycles as cycles_module
from polyrelu.topology import shortening
from polyrelu.topology.chain import ChainComplex, chain_complex
from polyrelu.topology.cycles import Cycle, CycleFinder, cycles
from polyrelu.topology.generators import generators
from polyrelu.topology.homology import Homology, homology
from polyrelu.topology.smith import invariant_factors
from support import zoo
from support.known_answers import LARGE_SHELLS, SHELLS, Case, cases, shells
from support.projective_plane import projective_plane
from support.strategies import levels, networks, seeded_network

EXAMPLES = Path(__file__).parents[2] / "examples"
Point = tuple[Fraction, ...]
Pieces = list[tuple[tuple[Point, ...], int]]


# ---- independent checks ---------------------------------------------------------------------------------------------


def matrix(complex_: ChainComplex, k: int) -> list[list[int]]:
    """∂_k, with the right number of columns also where it has no rows, and no columns above the top."""
    if k == 0:
        return []
    return complex_.boundary(k) if k < len(complex_.ranks) else [[] for _ in range(complex_.ranks[k - 1])]


def check_generate(complex_: ChainComplex, h: Homology, find: Callable[[int], Sequence[Cycle]] | None = None) -> None:
    """That the cycles generate H_k, with the orders they claim, by Smith forms alone.

    The columns of ∂_{k+1} and the cycles span the kernel of ∂_k iff their invariant factors are 1, as many as the
    kernel has rank, since the kernel is saturated. m z is a boundary iff it changes no invariant factor of ∂_{k+1}. So
    the sum of the Z/m_i maps onto H_k; isomorphic finitely generated Abelian groups: the map is an isomorphism.
    """
    for k, rank in enumerate(complex_.ranks):
        cycles = find(k) if find else h.cycles(k)
        assert [z.order for z in cycles] == [0] * h.betti[k] + list(h.torsion[k])
        chains = [[z.coefficients.get(c, 0) for c in range(rank)] for z in cycles]
        for z, chain in zip(cycles, chains, strict=True):
            assert z.degree == k
            assert all(value for _, value in z.terms) and list(z.terms) == sorted(z.coefficients.items())
            assert not any(sum(a * b for a, b in zip(row, chain, strict=True)) for row in matrix(complex_, k))
        if rank == 0:
            continue
        before = matrix(complex_, k + 1)
        kernel = rank - len(invariant_factors(np.array(matrix(complex_, k), dtype=object).reshape(-1, rank)))
        both = [row + list(values) for row, *values in zip(before, *chains, strict=True)]
        assert invariant_factors(both) == (1,) * kernel
        for z, chain in zip(cycles, chains, strict=True):
            if z.order:
                multiple = [[*row, z.order * value] for row, value in zip(before, chain, strict=True)]
                assert invariant_factors(multiple) == invariant_factors(before)


def boundary_of_pieces(pieces: Pieces) -> dict[tuple[Point, ...], int]:
    """The boundary, simplices with their points sorted: up to orientation, which is the sign of the permutation."""
    boundary: dict[tuple[Point, ...], int] = {}
    for simplex, coefficient in pieces:
        for i in range(len(simplex)):
            face = simplex[:i] + simplex[i + 1 :]
            order = sorted(range(len(face)), key=face.__getitem__)
            inversions = sum(a > b for a, b in combinations(order, 2))
            key = tuple(face[j] for j in order)
            boundary[key] = boundary.get(key, 0) + (-1) ** (i + inversions) * coefficient
    return {face: value for face, value in boundary.items() if value}


def check_pieces(region: Any, z: Cycle, rng: Random) -> None:
    pieces = z.pieces()
    assert pieces
    d = region.complex.input_dim
    assert all(len(s) == z.degree + 1 and all(len(p) == d for p in s) and c for s, c in pieces)
    assert all(type(x) is Fraction for simplex, _ in pieces for p in simplex for x in p)
    if z.degree:
        assert not boundary_of_pieces(pieces)
    else:
        assert sum(c for _, c in pieces) == 1 or z.order
    for simplex, _ in rng.sample(pieces, min(len(pieces), 8)):
        spanned = [[a - b for a, b in zip(p, simplex[0], strict=True)] for p in simplex[1:]]
        assert rank_of(spanned) == z.degree
        for _ in range(2):
            weights = [rng.choice([0, 1, 1, 5, 100]) for _ in simplex]
            if any(weights):
                x = [sum(w * c for w, c in zip(weights, column, strict=True)) for column in zip(*simplex, strict=True)]
                assert region.contains([c / sum(weights) for c in x])
    for j in region.complex.dropped_coordinates:
        assert all(p[j] == 0 for simplex, _ in pieces for p in simplex)


def check_cells(region: Any, z: Cycle) -> None:
    """The cells are those of the region whose numbers among the generators are the coefficients' keys."""
    cx = region.complex
    k = z.cell_dimension
    mask = region.mask(k) & (~cx.on_boundary(k) if region.is_open else cx.bounded_modulo_lineality(k))
    number = {int(cell): n for n, cell in enumerate(np.flatnonzero(mask))}
    assert {number[cell]: value for cell, value in z.cells.items()} == z.coefficients
    assert k == (cx.input_dim - z.degree if region.is_open else len(cx.lineality) + z.degree)


def rank_of(rows: list[list[Fraction]]) -> int:
    if not rows:
        return 0
    return int(flint.fmpq_mat([[flint.fmpq(x.numerator, x.denominator) for x in row] for row in rows]).rank())


def determinant(rows: Sequence[Sequence[Fraction]]) -> Fraction:
    if not rows:
        return Fraction(1)
    det = flint.fmpq_mat([[flint.fmpq(x.numerator, x.denominator) for x in row] for row in rows]).det()
    return Fraction(int(det.p), int(det.q))


def crossings(pieces: Pieces, start: Point, direction: Sequence[Fraction], end: float) -> int:
    """The crossings of start + s · direction, 0 < s < end, with (d − 1)-simplices, with signs, by Cramer's rule."""
    total = 0
    for simplex, coefficient in pieces:
        # p_0 + Σ t_i (p_i − p_0) = start + s · direction
        edges = [[a - b for a, b in zip(p, simplex[0], strict=True)] for p in simplex[1:]]
        offset = [a - b for a, b in zip(start, simplex[0], strict=True)]
        det = determinant([*edges, direction])
        if det == 0 or not 0 < -determinant([*edges, offset]) / det < end:
            continue
        t = [determinant([*edges[:i], offset, *edges[i + 1 :], direction]) / det for i in range(len(edges))]
        if min(t, default=1) >= 0 and sum(t) <= 1:
            assert all(t) and sum(t) != 1, "not in general position"
            total += (1 if det > 0 else -1) * coefficient
    return total


def winding_number(pieces: Pieces, point: Point, rng: Random) -> int:
    """How often a (d − 1)-cycle winds around a point that is not on it: its crossings with a ray."""
    direction = [Fraction(rng.randint(-(10**6), 10**6), rng.randint(1, 10**6)) for _ in point]
    return crossings(pieces, point, direction, float("inf"))


def linking_number(one: Pieces, other: Pieces, rng: Random) -> int:
    """Of two disjoint 1-cycles in R^3: how often the cone over one, from a random apex, meets the other."""
    apex = tuple(Fraction(rng.randint(-(10**6), 10**6), rng.randint(1, 10**6)) for _ in range(3))
    cone = [((apex, *simplex), coefficient) for simplex, coefficient in one]
    return sum(
        coefficient * crossings(cone, p, [b - a for a, b in zip(p, q, strict=True)], 1) for (p, q), coefficient in other
    )


def complement_points(region: Any) -> list[Point]:
    """A point of each component of the complement at least: of all its open d-cells, or of all its vertices."""
    cx = region.complex
    k = len(cx.lineality) if region.is_open else cx.input_dim
    return [cx.interior_point(k, int(i)) for i in np.flatnonzero(~region.mask(k))]


def check_winding(region: Any, cycles: Sequence[Cycle], rng: Random) -> list[tuple[int, ...]]:
    """The winding numbers are an isomorphism from H_{d−1} to Z^(bounded components), by Alexander duality."""
    surfaces = [z.pieces() for z in cycles]
    found = {tuple(winding_number(s, p, rng) for s in surfaces) for p in complement_points(region)}
    around = sorted(vector for vector in found if any(vector))
    assert len(around) == len(cycles)
    assert invariant_factors([list(v) for v in around]) == (1,) * len(cycles)
    return around


# ---- chain complexes ------------------------------------------------------------------------------------------------

ZOO = list(zoo.zoo())


@pytest.mark.parametrize("complex_", [e[1] for e in ZOO], ids=[e[0] for e in ZOO])
def test_zoo(complex_: ChainComplex) -> None:
    for c in (complex_, complex_.dual()):
        h = homology(c)
        if max(c.ranks) <= 150:
            check_generate(c, h)
        else:
            assert [len(h.cycles(k)) for k in range(len(c.ranks))] == [
                b + len(t) for b, t in zip(h.betti, h.torsion, strict=True)
            ]
    if max(complex_.ranks) <= 60:
        for seed in range(2):
            other = zoo.shuffled(complex_, seed)
            check_generate(other, homology(other))


@settings(max_examples=50, deadline=None)
@given(chain_complexes())
def test_arbitrary_complexes(complex_: ChainComplex) -> None:
    check_generate(complex_, homology(complex_))


small = st.integers(-3, 3)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 5).flatmap(lambda n: st.lists(st.lists(small, min_size=n, max_size=n), min_size=1, max_size=5)))
def test_arbitrary_matrices(rows: list[list[int]]) -> None:
    """One matrix as a boundary map in degree 1, and on top of it the map onto its kernel."""
    check_generate(ChainComplex([rows]), homology(ChainComplex([rows])))
    basis, nullity = flint.fmpz_mat(rows).nullspace()
    above = [[int(basis[i, j]) for j in range(nullity)] for i in range(len(rows[0]))]
    both = ChainComplex([rows, np.array(above, dtype=object).reshape(len(rows[0]), nullity)])
    check_generate(both, homology(both))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("n", "probability", "dimension"), [(9, 0.3, 2), (12, 0.2, 2), (8, 0.5, 3)])
def test_random_simplicial_complexes(n: int, probability: float, dimension: int, seed: int) -> None:
    complex_ = zoo.linial_meshulam(n, probability, seed, dimension)
    check_generate(complex_, homology(complex_))


def test_generators_of_a_presented_group() -> None:
    """Z^3 modulo (2, 0, 0), (0, 3, 0): Z ⊕ Z/6."""
    found = generators([0, 1, 2], {}, {7: {0: 2}, 8: {1: 3}})
    assert [g.order for g in found] == [0, 6]
    assert set(found[1].cycle) == {0, 1} and found[1].cycle[0] % 2 and found[1].cycle[1] % 3
    assert generators([], {}, {}) == []
    assert generators([4], {4: {1: 5}}, {}) == []
    assert generators([4, 5], {4: {1: 5}, 5: {1: 10}}, {})[0].cycle in ({4: 2, 5: -1}, {4: -2, 5: 1})


def test_loops_are_shortest() -> None:
    """On a torus of m × n squares with diagonals no loop that is not a boundary is shorter than min(m, n)."""
    for m, n in ((3, 4), (5, 3), (6, 9)):
        torus = zoo.grid_surface(m, n, glide=False)
        assert sorted(len(z.terms) for z in homology(torus).cycles(1)) == sorted((m, n))
    # Any two opposite edges of a ladder and a step around it: a basis of n squares, and they are found.
    n = 12
    edges = (
        [(i, i + 1) for i in range(n)]
        + [(n + 1 + i, n + 2 + i) for i in range(n)]
        + [(i, n + 1 + i) for i in range(n + 1)]
    )
    assert sorted(len(z.terms) for z in homology(zoo.simplicial(edges)).cycles(1)) == [4] * n


def test_loops_without_effort(monkeypatch: pytest.MonkeyPatch) -> None:
    """The budget bounds the search, not the answer."""
    monkeypatch.setattr(shortening, "EFFORT", 0)
    for complex_ in (zoo.grid_surface(6, 9, glide=False), zoo.grid_surface(4, 5, glide=True), zoo.sphere(1)):
        check_generate(complex_, homology(complex_))


# ---- regions --------------------------------------------------------------------------------------------------------


def check_region(region: CellSet, rng: Random) -> None:
    h = homology(region)
    assert [z.order for k in range(len(h.betti)) for z in h.cycles(k)] == [
        order for b, t in zip(h.betti, h.torsion, strict=True) for order in [0] * b + list(t)
    ]
    complex_ = chain_complex(region)
    for k in range(len(h.betti)):
        for z in h.cycles(k):
            check_cells(region, z)
            check_pieces(region, z, rng)
    if max(complex_.ranks) <= 80:
        padding = len(complex_.ranks) - len(h.betti)
        n = len(complex_.ranks)
        whole = Homology((h.betti + (0,) * padding)[:n], (h.torsion + ((),) * padding)[:n])
        check_generate(complex_, whole, CycleFinder(region, whole).find)
    cx = region.complex
    if cx.input_dim in (2, 3) and not cx.lineality and cx.n_cells(cx.input_dim) <= 150 and h.betti[-1]:
        check_winding(region, h.cycles(cx.input_dim - 1), rng)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_arbitrary_networks(data: st.DataObject) -> None:
    net = data.draw(networks(dims=(1, 2, 3)))
    cx = subdivide(net, level=data.draw(levels(net)))
    for relation in RELATIONS:
        check_region(cx.region(relation), Random(1))


@pytest.mark.parametrize("block", range(4))
def test_seeded_networks(block: int) -> None:
    for seed in range(30 * block, 30 * block + 30):
        net = seeded_network(seed)
        domain = Domain.box([-1] * net.input_dim, [2] * net.input_dim) if seed % 3 == 0 else None
        cx = subdivide(net, level=0, domain=domain)
        for relation in RELATIONS:
            check_region(cx.region(relation), Random(seed))


@pytest.mark.parametrize("case", cases(), ids=repr)
def test_stored_case(case: Case) -> None:
    cx = subdivide(case.network, level=0)
    for relation in RELATIONS:
        h = homology(cx.region(relation))
        for k, betti in enumerate(h.betti):
            assert len(h.cycles(k)) == betti == case.expected["betti"][relation][k]
            for z in h.cycles(k)[:5]:
                check_pieces(cx.region(relation), z, Random(0))


@pytest.mark.parametrize("example", SHELLS, ids=lambda s: "-".join(map(str, s.architecture)))
def test_shells(example: Any) -> None:
    cx = subdivide(shells(example.architecture, example.cuts), level=0)
    for relation in (">", ">=", "="):
        region = cx.region(relation)
        h = homology(region)
        for k in range(cx.input_dim):
            for z in h.cycles(k)[:4]:
                check_cells(region, z)
                check_pieces(region, z, Random(0))


@pytest.mark.parametrize("relation", RELATIONS)
def test_annulus(relation: str) -> None:
    """min(2 − |x|, |x| − 1) in the 1-norm or the like: each cycle winds once around the one hole."""
    region = subdivide(load(EXAMPLES / "annulus.json"), level=0).region(relation)
    h = homology(region)
    around = check_winding(region, h.cycles(1), Random(0))
    if relation in (">", ">="):
        assert around in ([(1,)], [(-1,)])
    if relation == "=":
        assert len(around) == 2 and all(set(v) <= {-1, 0, 1} for v in around)


def rings(radii: Sequence[int], d: int = 2) -> Network:
    """F > 0 between the first two radii in the 1-norm, and again between the next two, …; slopes ±1."""
    absolute = [[s * int(i == j) for j in range(d)] for i in range(d) for s in (1, -1)]
    turns = [[1] * (2 * d) for _ in radii]
    middles = [Fraction(a + b, 2) for a, b in pairwise(radii)]
    offsets = [Fraction(0), *(-m for m in middles)]
    return Network(
        [absolute, turns, [[1, *(2 * (-1) ** (i + 1) for i in range(len(middles)))]]],
        [[0] * (2 * d), offsets, [-radii[0]]],
    )


@pytest.mark.parametrize("d", [2, 3])
@pytest.mark.parametrize("relation", [">", ">=", "="])
def test_nested_rings(d: int, relation: str) -> None:
    """Of the gap between two rings the boundary in the outer one is taken: nothing winds around it but that."""
    net = rings([1, 2, 3, 4], d)
    assert [net([x] + [0] * (d - 1)) for x in (0, 1, 2, 3, 4)] == [-1, 0, 0, 0, 0]
    region = subdivide(net, level=0).region(relation)
    h = homology(region)
    assert h.betti == ((4 if relation == "=" else 2), *[0] * (d - 2), (4 if relation == "=" else 2))
    around = check_winding(region, h.cycles(d - 1), Random(3))
    # From the outside in, one more surface winds around each gap.
    assert sorted(sum(map(abs, v)) for v in around) == list(range(1, h.betti[-1] + 1))
    for z in h.cycles(d - 1):
        heights = {sum(map(abs, p)) for simplex, _ in z.pieces() for p in simplex}
        assert max(heights) <= 2 or min(heights) >= 2  # on one ring


def linked_rings() -> Network:
    """1/2 − min(||x| + |y| − 2| + |z|, ||x − 2| + |z| − 2| + |y|): positive in two rings, each through the other."""
    coordinates = [([1, 0, 0], 0), ([0, 1, 0], 0), ([0, 0, 1], 0), ([1, 0, 0], -2)]
    first = [[s * a for a in form] for form, _ in coordinates for s in (1, -1)]
    offsets = [s * b for _, b in coordinates for s in (1, -1)]
    x, y, z, shifted = ([int(i in (2 * k, 2 * k + 1)) for i in range(8)] for k in range(4))
    turned = [[s * (a + b) for a, b in zip(p, q, strict=True)] for p, q in ((x, y), (shifted, z)) for s in (1, -1)]
    # The distances a and b from the rings, and min(a, b) = a − ReLU(a − b).
    a, b = [1, 1, 0, 0, 1, 0], [0, 0, 1, 1, 0, 1]
    last = [a, [p - q for p, q in zip(a, b, strict=True)]]
    return Network([first, [*turned, z, y], last, [[-1, 1]]], [offsets, [-2, 2, -2, 2, 0, 0], [0, 0], [Fraction(1, 2)]])


def test_linked_rings() -> None:
    """The loops of the two rings link once, and pair perfectly with those of the complement (Alexander duality)."""
    cx = subdivide(linked_rings(), level=0)
    rng = Random(0)
    for open_, closed in ((">", "<="), ("<", ">=")):
        one, other = (homology(cx.region(r)) for r in (open_, closed))
        assert (one if open_ == ">" else other).betti == (2, 2, 0)
        assert one.betti[1] == other.betti[1] == 2
        numbers = [[linking_number(a.pieces(), b.pieces(), rng) for b in other.cycles(1)] for a in one.cycles(1)]
        assert invariant_factors(numbers) == (1, 1)
        a, b = (one if open_ == ">" else other).cycles(1)
        assert abs(linking_number(a.pieces(), b.pieces(), rng)) == 1


def test_hole_at_the_wall_of_a_domain() -> None:
    """In the box {|x| ≥ 1} is an annulus, and a half-disc at the wall is a hole of the closed region only."""
    net = Network([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 1, 1]]], [[0] * 4, [-1]])
    for box, counts in ((Domain.box([-3, -3], [3, 3]), (1, 1)), (Domain.box([0, -3], [3, 3]), (0, 0))):
        cx = subdivide(net, level=0, domain=box)
        for relation, count in zip((">=", ">"), counts, strict=True):
            region = cx.region(relation)
            z = homology(region).cycles(1)
            assert len(z) == count
            assert check_winding(region, z, Random(0)) in ([(1,)], [(-1,)]) or not count


def test_lineality() -> None:
    """The annulus times a line: cycles lie in the section, cells are those of one dimension more."""
    flat = load(EXAMPLES / "annulus.json")
    net = Network([[[a, a + b, b] for a, b in flat.weights[0]], *flat.weights[1:]], flat.biases)
    cx = subdivide(net, level=0)
    assert len(cx.lineality) == 1
    for relation in (">", ">=", "="):
        region = cx.region(relation)
        h, expected = homology(region), homology(subdivide(flat, level=0).region(relation))
        assert h.betti == (*expected.betti, 0)
        assert h.cycles(2) == ()
        for k in (0, 1):
            for z in h.cycles(k):
                check_cells(region, z)
                check_pieces(region, z, Random(0))


def test_one_dimension() -> None:
    """F = 1 − ||x| − 2|: the closed intervals from −3 to −1 and from 1 to 3."""
    net = Network([[[1], [-1]], [[1, 1], [-1, -1]], [[-1, -1]]], [[0, 0], [-2, 2], [1]])
    cx = subdivide(net, level=0)
    for relation, intervals in (
        (">", [(-3, -1), (1, 3)]),
        (">=", [(-3, -1), (1, 3)]),
        ("=", [(x, x) for x in (-3, -1, 1, 3)]),
    ):
        points = [z.pieces() for z in homology(cx.region(relation)).cycles(0)]
        assert all(len(p) == 1 and p[0][1] == 1 for p in points)
        found = sorted(p[0][0][0][0] for p in points)
        assert len(found) == len(intervals)
        assert all(a <= x <= b for x, (a, b) in zip(found, intervals, strict=True))


def test_empty_and_whole_space() -> None:
    constant = Network([[[0, 0]]], [[1]])
    cx = subdivide(constant, level=0)
    assert homology(cx.region("<")).cycles(0) == () == homology(cx.region("<=")).cycles(1)
    for relation in (">", ">="):
        (point,) = homology(cx.region(relation)).cycles(0)
        assert point.pieces() == [(((Fraction(0), Fraction(0)),), 1)]


@pytest.mark.parametrize("seed", range(8))
def test_classes(seed: int) -> None:
    """Regions of classes and decision boundaries are sets of cells like others."""
    rng = np.random.default_rng(seed)
    d = 2 + seed % 2
    widths = [d, 8, 6, 4]
    weights = [rng.integers(-3, 4, (n, m)) for m, n in pairwise(widths)]
    partition = classify(Network(weights, [rng.integers(-3, 4, n) for n in widths[1:]]))
    for region in (partition.boundary(), *(partition.region(i, closed) for i in range(4) for closed in (False, True))):
        check_region(region, Random(seed))


@pytest.mark.parametrize(("relation", "level"), [(">", 0), ("<", 0), (">=", 1), ("<=", -1), (">", 1)])
def test_torsion_in_space(relation: str, level: int) -> None:
    """A loop in R^5 that bounds twice, but not once."""
    net = projective_plane()
    nonfaces = [n for n in combinations(range(6), 3) if n not in zoo.RP2]
    for x in ([3, 1, 4, 1, 5], [-2, 7, -1, 8, -2], [0, 0, 1, 0, 2]):
        y = [*x, 0]
        assert net(x) == max(y) + min(y) - 2 * max(min(y[i] for i in n) for n in nonfaces)
    region = subdivide(net, level=level).region(relation)
    h = homology(region)
    assert (h.betti, h.torsion) == ((1, 0, 0, 0, 0), ((), (2,), (), (), ()))
    (z,) = h.cycles(1)
    assert z.order == 2
    check_cells(region, z)
    check_pieces(region, z, Random(0))


@pytest.mark.parametrize("relation", [">", ">="])
def test_thousands_of_cycles(relation: str) -> None:
    example = LARGE_SHELLS[0]
    h = homology(subdivide(shells(example.architecture, example.cuts), level=0).region(relation))
    assert tuple(len(h.cycles(k)) for k in (0, 1)) == example.betti
    assert {len(z.cells) for z in h.cycles(1)} == {4}


# ---- the objects ----------------------------------------------------------------------------------------------------


def test_values() -> None:
    h = homology(zoo.simplicial(zoo.RP2))
    assert h == Homology((1, 0, 0), ((), (2,), ()))
    assert hash(h) == hash(Homology((1, 0, 0), ((), (2,), ())))
    assert repr(h) == "Homology(betti=(1, 0, 0), torsion=((), (2,), ()))"
    (z,) = h.cycles(1)
    assert z == Cycle(1, 2, z.terms) and hash(z) == hash(Cycle(1, 2, z.terms))
    assert str(z) == f"1-cycle of order 2 on {len(z.terms)} cells"
    assert repr(z) == f"Cycle(degree 1, order 2, {len(z.terms)} generators of C_1)"
    assert str(h.cycles(0)[0]) == "0-cycle on 1 cell"
    assert h.cycles(1) is h.cycles(1)
    assert h.cycles(2) == ()
    z.coefficients.clear()
    assert z.coefficients == dict(z.terms)


def test_pickle() -> None:
    region = subdivide(load(EXAMPLES / "annulus.json"), level=0).region(">")
    h = homology(region)
    (z,) = h.cycles(1)
    assert pickle.loads(pickle.dumps(z)).pieces() == z.pieces()
    # Groups are a value: neither the region nor cycles are pickled with them. The region is pickled by itself.
    again = pickle.loads(pickle.dumps(h))
    assert again == h and len(pickle.dumps(h)) < 300
    with pytest.raises(InputError, match="made from numbers"):
        again.cycles(1)
    assert cycles(pickle.loads(pickle.dumps(region)), 1) == (z,)
    assert copy.copy(h).cycles(1) == copy.deepcopy(h).cycles(1) == (z,)


def test_cycles_of_one_degree() -> None:
    """The function does what the method does."""
    region = subdivide(load(EXAMPLES / "annulus.json"), level=0).region(">=")
    for source in (region, zoo.sphere(2), zoo.simplicial(zoo.RP2)):
        h = homology(source)
        assert [cycles(source, k) for k in range(len(h.betti))] == [h.cycles(k) for k in range(len(h.betti))]
    with pytest.raises(InputError, match=r"^cycles: expected a degree from 0 to 1, got 2$"):
        cycles(region, 2)
    with pytest.raises(InputError, match="expected a ChainComplex or a Region, got int"):
        cycles(3, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize("degree", [-1, 2, 3, True, 1.0, None, "1"])
def test_no_such_degree(degree: Any) -> None:
    h = homology(subdivide(load(EXAMPLES / "annulus.json"), level=0).region(">"))
    with pytest.raises(InputError, match=r"^cycles: expected a degree from 0 to 1, got "):
        h.cycles(degree)
    assert h.cycles(np.int64(1)) == h.cycles(1)


def test_no_cycles_of_numbers() -> None:
    with pytest.raises(InputError, match="made from numbers"):
        Homology((1,), ((),)).cycles(0)


def test_no_place_of_a_complex() -> None:
    (z,) = homology(zoo.sphere(1)).cycles(1)
    for ask in (z.pieces, lambda: z.cells, lambda: z.cell_dimension):
        with pytest.raises(InputError, match="no place in space"):
            ask()


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda loops: [{c: 2 * v for c, v in loops[0].items()}, *loops[1:]], "no basis"),
        (lambda loops: [loops[0], loops[0]], "no basis"),
        (lambda loops: [{}, *loops[1:]], "no basis"),
        (lambda loops: [{0: 1}, *loops[1:]], "has a boundary"),
    ],
)
def test_wrong_cycles_are_noticed(monkeypatch: pytest.MonkeyPatch, spoil: Any, text: str) -> None:
    right = cycles_module.short_loops
    monkeypatch.setattr(cycles_module, "short_loops", lambda *arguments: spoil(right(*arguments)))
    with pytest.raises(VerificationError, match=text):
        homology(zoo.grid_surface(3, 4, glide=False)).cycles(1)


def test_wrong_groups_are_noticed() -> None:
    torsions: list[tuple[int, tuple[int, ...]]] = [(1, (2,)), (0, (4,)), (1, ())]
    for betti, torsion in torsions:
        finder = CycleFinder(zoo.simplicial(zoo.RP2), Homology((1, betti, 0), ((), torsion, ())))
        with pytest.raises(VerificationError, match="degree 1: Betti number"):
            finder.find(1)
    # The cochain of the torsion class is a cocycle modulo 2, not over Z or modulo 3; twice the loop bounds.
    complex_ = ChainComplex([[[0]], [[2]]])
    loop, cochain, disc = {0: 1}, {0: {0: 1}}, {0: 1}
    cycles_module._verify(complex_, 1, [2], cochain, [loop], [disc])
    for arguments, text in (
        (([0], cochain, [loop], []), "cocycle"),
        (([3], cochain, [loop], [disc]), "cocycle"),
        (([2], cochain, [loop], [{0: 2}]), "not the boundary"),
        (([2], {0: {0: 2}}, [loop], [disc]), "do not generate"),
    ):
        with pytest.raises(VerificationError, match=text):
            cycles_module._verify(complex_, 1, *arguments)


# ---- the command ----------------------------------------------------------------------------------------------------


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(EXAMPLES / "annulus.json")
    assert polyrelu.cli.main(["cycles", path, "--complete", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    keys = ["architecture", "relation", "level", "betti", "torsion", "complex", "cycles", "coefficients"]
    assert list(answer) == keys
    assert answer["complex"] == "complete"
    expected = [z for k in (0, 1) for z in homology(subdivide(load(path), level=0).region(">")).cycles(k)]
    assert len(answer["cycles"]) == len(expected) == 2
    for found, z in zip(answer["cycles"], expected, strict=True):
        assert (found["degree"], found["order"], found["cell_dimension"]) == (z.degree, z.order, z.cell_dimension)
        assert dict(map(tuple, found["cells"])) == z.cells
        pieces = [(tuple(tuple(map(Fraction, p)) for p in simplex), c) for simplex, c in found["pieces"]]
        assert pieces == z.pieces()
    assert polyrelu.cli.main(["cycles", path, "--degree", "1", "--relation", "="]) == 0
    out = capsys.readouterr().out
    assert "H_0 = Z^2, H_1 = Z^2" in out
    assert [line.split()[:2] for line in out.splitlines() if "infinite" in line] == [["1", "infinite"]] * out.count(
        "infinite"
    )


@pytest.mark.parametrize("degree", ["2", "-1", "x", "1/2"])
def test_command_refuses(degree: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert polyrelu.cli.main(["cycles", str(EXAMPLES / "annulus.json"), f"--degree={degree}"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "degree" in err


def test_command_without_cycles(capsys: pytest.CaptureFixture[str]) -> None:
    assert polyrelu.cli.main(["cycles", str(EXAMPLES / "annulus.json"), "--level", "1000"]) == 0
    assert "none" in capsys.readouterr().out
