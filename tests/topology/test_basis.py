"""Coordinates of cycles in bases of homology groups: what defines them, and another route by plain Smith forms."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_homology import chain_complexes

import polyrelu as pr
from polyrelu.errors import InputError
from polyrelu.geometry.region import RELATIONS, CellSet
from polyrelu.geometry.subdivision import subdivide
from polyrelu.topology.basis import HomologyBasis, HomologyClass, homology_basis
from polyrelu.topology.chain import ChainComplex, chain_complex
from polyrelu.topology.homology import homology
from polyrelu.topology.smith import invariant_factors
from support import zoo
from support.known_answers import SHELLS, shells
from support.projective_plane import projective_plane
from support.strategies import levels, networks, seeded_network
from support.triangulations import complex_projective_plane, k3_surface
from support.zoo import Entry

Chain = dict[int, int]


def combined(*parts: tuple[int, Chain]) -> Chain:
    total: Chain = {}
    for factor, chain in parts:
        for c, value in chain.items():
            total[c] = total.get(c, 0) + factor * value
    return {c: value for c, value in total.items() if value}


def random_boundary(complex_: ChainComplex, k: int, rng: Random) -> Chain:
    """The boundary of a chain of degree k + 1 with a few terms."""
    if not k + 1 < len(complex_.ranks) or not complex_.ranks[k + 1]:
        return {}
    columns = complex_.boundary_arrays(k + 1)
    cells = [rng.randrange(complex_.ranks[k + 1]) for _ in range(4)]
    return combined(*((rng.choice([-3, 1, 2, 10**20]), dict(columns.entries(cell))) for cell in cells))


def reduced(numbers: list[int], b: int, torsion: tuple[int, ...]) -> HomologyClass:
    return HomologyClass(tuple(numbers[:b]), tuple(y % m for y, m in zip(numbers[b:], torsion, strict=True)))


def check(basis: HomologyBasis, complex_: ChainComplex, rng: Random) -> None:
    """Unit vectors for the basis, additivity, 0 on boundaries, and the way back."""
    h = basis.homology
    for k, (b, torsion) in enumerate(zip(h.betti, h.torsion, strict=True)):
        size = b + len(torsion)
        cycles = basis.cycles(k)
        assert len(cycles) == size and cycles == h.cycles(k)
        zero = reduced([0] * size, b, torsion)
        assert basis.coordinates({}, k) == zero and basis.representative(zero, k) == {}
        for j, z in enumerate(cycles):
            unit = reduced([int(i == j) for i in range(size)], b, torsion)
            assert basis.coordinates(z, k) == basis.coordinates(z.coefficients, k) == unit
            assert basis.representative(unit, k) == z.coefficients
            if z.order:
                assert basis.coordinates(combined((z.order, z.coefficients)), k) == zero
        for _ in range(3):
            rim = random_boundary(complex_, k, rng)
            assert basis.coordinates(rim, k) == zero
            x, y = ([rng.choice([-2, 0, 1, 7, 10**25]) for _ in range(size)] for _ in range(2))
            there = basis.representative((x[:b], x[b:]), k)
            moved = combined((1, there), (1, rim))
            assert basis.coordinates(moved, k) == reduced(x, b, torsion)
            other = basis.representative((y[:b], y[b:]), k)
            total = [3 * p - 2 * q for p, q in zip(x, y, strict=True)]
            assert basis.coordinates(combined((3, moved), (-2, other)), k) == reduced(total, b, torsion)


def is_boundary(complex_: ChainComplex, k: int, chain: Chain) -> bool:
    """By Smith forms alone: a chain is a combination of columns iff it changes no invariant factor of their matrix."""
    rank = complex_.ranks[k]
    above = k + 1 < len(complex_.ranks)
    before = complex_.boundary(k + 1) if above else [[] for _ in range(rank)]
    with_chain = [[*row, chain.get(c, 0)] for c, row in enumerate(before)]
    return invariant_factors(with_chain) == invariant_factors(before)


@pytest.mark.parametrize("entry", list(zoo.zoo()), ids=lambda entry: entry[0])
def test_known_complexes(entry: Entry) -> None:
    _, complex_, betti, torsion = entry
    for source in (complex_, complex_.dual()):
        basis = homology_basis(source)
        assert basis.homology == homology(source)
        check(basis, source, Random(0))
    assert homology_basis(complex_).homology == pr.Homology(betti, torsion)


@settings(max_examples=30, deadline=None)
@given(chain_complexes(), st.integers(0, 10**6))
def test_arbitrary_complexes(complex_: ChainComplex, seed: int) -> None:
    check(homology_basis(complex_), complex_, Random(seed))


@pytest.mark.parametrize("name", ["RP^2 with six vertices", "torus", "Klein bottle", "L(5; 2)", "L(12; 5)", "N_5"])
def test_coordinates_vanish_on_boundaries_alone(name: str) -> None:
    """Random cycles: their coordinates are zero exactly where a Smith form finds that they are boundaries."""
    complex_ = next(entry[1] for entry in zoo.zoo() if entry[0] == name)
    basis = homology_basis(complex_)
    rng = Random(1)
    seen = set()
    for k, (b, torsion) in enumerate(zip(basis.homology.betti, basis.homology.torsion, strict=True)):
        kernel = pr.smith_normal_form((0, complex_.ranks[0], []) if k == 0 else complex_.boundary(k))
        columns = kernel.V.T.tolist()[kernel.rank :]
        for _ in range(25):
            chosen = rng.choices(columns, k=2) if columns else []
            terms = [(rng.choice([1, -1, 2]), {c: v for c, v in enumerate(column) if v}) for column in chosen]
            cycle = combined(*terms)
            found = basis.coordinates(cycle, k)
            assert len(found.free) == b and all(0 <= y < m for y, m in zip(found.torsion, torsion, strict=True))
            zero = not any(found.free + found.torsion)
            assert is_boundary(complex_, k, cycle) == zero
            assert is_boundary(complex_, k, combined((1, cycle), (-1, basis.representative(found, k))))
            seen.add(zero)
    assert seen == {False, True}


def test_loops_of_surfaces() -> None:
    """On a Klein bottle a loop along the glide, and one across, which is twice zero; on a torus any two of a basis."""
    m, n = 4, 5
    for glide in (False, True):
        surface = zoo.grid_surface(m, n, glide)
        basis = homology_basis(surface)
        edges = {}
        for e in range(surface.ranks[1]):
            ends = dict(surface.boundary_arrays(1).entries(e))
            edges[next(v for v in ends if ends[v] == -1), next(v for v in ends if ends[v] == 1)] = e

        def path(vertices: list[int], edges: Any = edges) -> Chain:
            steps = zip(vertices, vertices[1:] + vertices[:1], strict=True)
            return combined(*((1, {edges[s]: 1}) if s in edges else (-1, {edges[s[::-1]]: 1}) for s in steps))

        along = path([i * n for i in range(m)])
        across = [path([i * n + j for j in range(n)]) for i in range(m)]
        a, b = basis.coordinates(along, 1), basis.coordinates(across[0], 1)
        if glide:
            assert len(a.free) == 1 and abs(a.free[0]) == 1
            assert b == ((0,), (1,))
        else:
            assert abs(a.free[0] * b.free[1] - a.free[1] * b.free[0]) == 1
        assert all(basis.coordinates(loop, 1) == b for loop in across)


def relabelled(surface: ChainComplex, seed: int) -> ChainComplex:
    """A triangulated surface with its vertices numbered at random."""
    number = Random(seed).sample(range(surface.ranks[0]), surface.ranks[0])
    edges, triangles = surface.boundary_arrays(1), surface.boundary_arrays(2)
    return zoo.simplicial(
        {number[v] for e, _ in triangles.entries(t) for v, _ in edges.entries(e)} for t in range(surface.ranks[2])
    )


def test_short_cycles_on_which_torsion_cochains_do_not_vanish() -> None:
    """On a Klein bottle the shortest loop of infinite order depends on how it is triangulated, and so may be a or a + b
    where b has order 2 and a is the loop that the reduction finds.
    """
    values = []
    for seed in range(12):
        bottle = relabelled(zoo.grid_surface(4, 5, glide=True), seed)
        basis = homology_basis(bottle)
        check(basis, bottle, Random(seed))
        values.append(basis._degree(1).values[0])
    assert {} in values and {1: 1} in [{i: v % 2 for i, v in own.items()} for own in values]


def test_the_axis_of_a_lens_space_has_every_order() -> None:
    space = zoo.lens_space(7, 3)
    basis = homology_basis(space)
    loops = [e for e in range(space.ranks[1]) if not dict(space.boundary_arrays(1).entries(e))]
    classes = {basis.coordinates({e: x}, 1).torsion[0] for e in loops for x in range(7)}
    assert loops and classes == set(range(7))


def test_large_manifolds() -> None:
    for facets in (complex_projective_plane(), k3_surface()):
        complex_ = zoo.simplicial(facets)
        check(homology_basis(complex_), complex_, Random(0))


# ---- regions --------------------------------------------------------------------------------------------------------


def check_region(region: CellSet, rng: Random) -> None:
    if region.is_open or region.is_closed:
        check(homology_basis(region), chain_complex(region), rng)


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_regions_of_arbitrary_networks(data: st.DataObject) -> None:
    net = data.draw(networks(dims=(1, 2, 3)))
    cx = subdivide(net, level=data.draw(levels(net)))
    for relation in RELATIONS:
        check_region(cx.region(relation), Random(0))


def test_seeded_regions() -> None:
    for seed in range(25):
        cx = subdivide(seeded_network(seed), level=0)
        for relation in RELATIONS:
            check_region(cx.region(relation), Random(seed))


def test_shells() -> None:
    """Cycles that are shortened differ from those that the cochains are dual to."""
    example = SHELLS[0]
    cx = subdivide(shells(example.architecture, example.cuts), level=0)
    for relation in RELATIONS:
        check_region(cx.region(relation), Random(0))


@pytest.mark.parametrize("relation", [">", "<="])
def test_torsion_of_a_region(relation: str) -> None:
    """A region of R^5 with the homology of RP²: the coordinate of the loop is 1 modulo 2."""
    region = subdivide(projective_plane(), level=0 if relation == ">" else -1).region(relation)
    basis = homology_basis(region)
    assert basis.homology.torsion == ((), (2,), (), (), ())
    (loop,) = basis.cycles(1)
    assert basis.coordinates(loop, 1) == ((), (1,))
    check(basis, chain_complex(region), Random(0))


def test_the_points_of_components() -> None:
    """Of vertices of a region in R: the component they are in."""
    net = pr.Network([[[1], [1], [1]], [[1, -2, 2]]], [[0, -1, -2], [Fraction(-1, 2)]])
    region = subdivide(net, level=0).region("<=")
    basis = homology_basis(region)
    complex_ = chain_complex(region)
    classes = [basis.coordinates({v: 1}, 0).free for v in range(complex_.ranks[0])]
    assert sorted(set(classes)) == [(0, 1), (1, 0)]
    for j in range(complex_.ranks[1]):
        ends = dict(complex_.boundary_arrays(1).entries(j))
        assert len({classes[v] for v in ends}) == 1


# ---- the objects ----------------------------------------------------------------------------------------------------


def test_refused() -> None:
    plane = zoo.simplicial(zoo.RP2)
    basis = homology_basis(plane)
    with pytest.raises(InputError, match=r"not a cycle, since its boundary has the coefficient -?1 at generator"):
        basis.coordinates({0: 1}, 1)
    with pytest.raises(InputError, match="expected numbers ≥ 0 and < 15 of generators of degree 1, got 15"):
        basis.coordinates({15: 1}, 1)
    with pytest.raises(InputError, match="generator 2: expected an integer, got"):
        basis.coordinates({2: 1.0}, 1)  # type: ignore[dict-item]
    with pytest.raises(InputError, match="expected one of degree 1, got one of degree 0"):
        basis.coordinates(basis.cycles(0)[0], 1)
    with pytest.raises(InputError, match="expected a Cycle or a mapping"):
        basis.coordinates([1, 0], 1)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="expected a degree from 0 to 2, got 3"):
        basis.coordinates({}, 3)
    for wrong in ((1, ()), ((1,), ()), ((), (True,)), ((), (1, 1)), ((),), None):
        with pytest.raises(InputError, match="coordinates: expected a pair of 0 and 1 integers"):
            basis.representative(wrong, 1)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="expected a ChainComplex or a Region"):
        homology_basis(3)  # type: ignore[arg-type]


def test_a_region_that_is_neither_open_nor_closed() -> None:
    net = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])
    region = pr.refine(net, "0 < F <= 1").region("0 < F <= 1")
    basis = homology_basis(region)
    assert basis.homology.betti == (2,)
    with pytest.raises(InputError, match="open and for closed regions"):
        basis.coordinates({0: 1}, 0)
    cells = chain_complex(region)
    check(homology_basis(cells), cells, Random(0))


def test_values() -> None:
    basis = homology_basis(zoo.simplicial(zoo.RP2))
    assert repr(basis) == "HomologyBasis(H_0 = Z, H_1 = Z/2, H_2 = 0)"
    with pytest.raises(AttributeError):
        basis.homology = None  # type: ignore[assignment]
    (loop,) = basis.cycles(1)
    for other in (pickle.loads(pickle.dumps(basis)), copy.deepcopy(basis)):
        assert other.homology == basis.homology and other.coordinates(loop, 1) == ((), (1,))
        assert other.cycles(1) == (loop,)
    numbers = basis.coordinates({np.int64(c): np.int8(v) for c, v in loop.terms}, 1)
    assert numbers == ((), (1,)) and all(type(x) is int for part in numbers for x in part)


def test_degrees_without_cells() -> None:
    """A region in R^2 has degrees 0 and 1, also if the chain complex has fewer."""
    net = pr.Network([[[1, 0], [-1, 0]], [[1, 1]]], [[0, 0], [0]])  # |x|
    basis = homology_basis(subdivide(net, level=0).region("="))
    assert basis.coordinates({}, 1) == ((), ()) and basis.representative(((), ()), 1) == {}
    with pytest.raises(InputError, match="expected numbers ≥ 0 and < 0 of generators of degree 1"):
        basis.coordinates({0: 1}, 1)
