"""Cup products: known cohomology rings, linking numbers, the formula of Alexander and Whitney, identities of rings."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations, product
from random import Random
from typing import Any

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.errors import InputError
from polyrelu.geometry.region import CellSet
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.topology import contraction
from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.cup_product import CupProduct, cup_product
from polyrelu.topology.cycles import CycleFinder
from polyrelu.topology.groups import homology_groups
from polyrelu.topology.smith import invariant_factors
from support import links, triangulations, zoo

RING = "abs(max(abs(x), abs(y)) - 2), abs(z)"
THROUGH = "abs(max(abs(x - 2), abs(z)) - 2), abs(y)"
APART = "abs(max(abs(x - 6), abs(z)) - 2), abs(y)"
HOPF = f"min(max({RING}), max({THROUGH})) - 1/2"
UNLINK = f"min(max({RING}), max({APART})) - 1/2"
THICK_TORUS = f"abs(max({RING}) - 1/2) - 1/4"
# A thick sphere with a ring at each of two sides: a wedge of two circles and a sphere
SPHERE_WITH_RINGS = (
    "min(abs(max(abs(x), abs(y), abs(z)) - 2), max(abs(max(abs(x - 4), abs(y)) - 2), abs(z)),"
    " max(abs(max(abs(x + 4), abs(y)) - 2), abs(z))) - 1/2"
)
TWO_HANDLES = f"min(max({RING}), max(abs(max(abs(x - 4), abs(y)) - 2), abs(z))) - 1/2"
T3 = "max(abs(max(abs(max(abs(x), abs(y)) - 4), abs(z)) - 2), abs(w)) - 1"
BORROMEAN = (
    "min(max(abs(max(abs(x) / 2, abs(y)) - 2), abs(z)), max(abs(max(abs(y) / 2, abs(z)) - 2), abs(x)),"
    " max(abs(max(abs(z) / 2, abs(x)) - 2), abs(y))) - 1/4"
)


def region(formula: str, relation: str, level: Any = 0, coarse: bool = True) -> pr.Region:
    return pr.subdivide(pr.from_expression(formula), level=level, coarse=coarse).region(relation)


def ranks(cup: CupProduct) -> tuple[Any, ...]:
    """What does not depend on bases."""
    return cup.shape, cup.invariant_factors, cup.left_rank, cup.right_rank


# ---- regions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("relation", "level"), [(">", 0), (">=", 0), (">", Fraction(1, 8))])
def test_two_linked_rings_are_told_from_two_that_are_not(relation: str, level: Fraction) -> None:
    """The tensor of the complement: a product of two different classes is ±(h_0 ± h_1), or 0."""
    for coarse in (False, True):
        linked, apart = (region(formula, relation, level, coarse) for formula in (HOPF, UNLINK))
        assert pr.homology(linked) == pr.homology(apart) == pr.Homology((1, 2, 2), ((), (), ()))
        cup = cup_product(linked)
        assert ranks(cup) == ((2, 2, 2), (1,), 2, 2)
        assert {abs(x) for _, x in cup.entries} == {1} and {at[:2] for at, _ in cup.entries} == {(0, 1), (1, 0)}
        assert ranks(cup_product(linked, coefficients=2)) == ((2, 2, 2), (1,), 2, 2)
        assert ranks(cup_product(apart)) == ((2, 2, 2), (), 0, 0)


def test_rings_in_a_box_and_with_lineality() -> None:
    net = pr.from_expression(HOPF)
    box = pr.Domain.box([-4, -4, -4], [6, 4, 4])
    inside = pr.subdivide(net, level=0, domain=box)
    for relation in (">", ">="):
        cup = cup_product(inside.region(relation))
        assert cup.shape[:2] == (2, 2) and cup.rank == 1 and cup.left_rank == 2
    wide = pr.from_expression(HOPF, ["w", "x", "y", "z"])
    assert ranks(cup_product(pr.subdivide(wide, level=0).region(">"))) == ((2, 2, 2), (1,), 2, 2)


def test_surfaces_and_spaces_with_their_betti_numbers() -> None:
    """A torus times an interval, and the wedge of two circles and a sphere; a surface of genus 2."""
    for relation in ("<=", "<"):
        torus, wedge = region(THICK_TORUS, relation), region(SPHERE_WITH_RINGS, relation)
        assert pr.homology(torus) == pr.homology(wedge) == pr.Homology((1, 2, 1), ((), (), ()))
        assert ranks(cup_product(torus)) == ((2, 2, 1), (1,), 2, 2)
        assert ranks(cup_product(wedge)) == ((2, 2, 1), (), 0, 0)
    cup = cup_product(region(TWO_HANDLES, "="))
    assert ranks(cup) == ((4, 4, 1), (1,), 4, 4)
    form = np.array(cup.form(0))
    assert invariant_factors(form) == (1,) * 4 and np.array_equal(form, -form.T)  # Poincaré duality


def test_rings_that_are_linked_by_threes_only_have_no_products() -> None:
    assert ranks(cup_product(region(BORROMEAN, ">"))) == ((3, 3, 3), (), 0, 0)


@pytest.mark.parametrize(
    ("inner", "outer"), [("F < 1/4", "F <= 1/4"), ("F <= 1/8", "F < 1/4"), ("F = 1/4", "F <= 1/4")]
)
def test_the_map_of_an_inclusion_respects_products(inner: str, outer: str) -> None:
    """Open and closed tori, and two that bound: with the matrices M of `induced_map`, Mᵀ(f ∪ g) = Mᵀf ∪ Mᵀg."""
    found = pr.inclusion(pr.from_expression("abs(max(abs(max(abs(x), abs(y)) - 2), abs(z)) - 1/2)"), inner, outer)
    smaller, larger = (np.array(cup_product(s).tensor) for s in (found.inner, found.outer))
    first, second = (np.array(found.matrix(k)) for k in (1, 2))
    assert larger.any() and first.any() and second.any()
    pulled = np.einsum("ia,jb,abk->ijk", first, first, smaller)
    assert np.array_equal(pulled, np.einsum("ijl,lk->ijk", larger, second))


def test_the_ring_of_a_torus_of_dimension_three() -> None:
    """An exterior algebra: associative, with sign rules, and by Poincaré duality without annihilators."""
    space = region(T3, "=")
    one_one, one_two, two_one = (cup_product(space, p, q) for p, q in ((1, 1), (1, 2), (2, 1)))
    assert [ranks(c) for c in (one_one, one_two, two_one)] == [
        ((3, 3, 3), (1, 1, 1), 3, 3), ((3, 3, 1), (1,), 3, 3), ((3, 3, 1), (1,), 3, 3),
    ]  # fmt: skip
    unit = cup_product(space, 0, 2)
    assert unit.tensor in ((tuple(tuple(sign * int(i == j) for i in range(3)) for j in range(3)),) for sign in (1, -1))
    check_ring(one_one, one_two, two_one)


def check_ring(one_one: CupProduct, one_two: CupProduct, two_one: CupProduct) -> None:
    """Graded commutativity and associativity, in degrees 1 and 2."""
    a, b, c = (np.array(x.tensor, dtype=object).reshape(x.shape) for x in (one_one, one_two, two_one))
    modulus = one_one.coefficients if isinstance(one_one.coefficients, int) else 10**9
    assert not np.any((a + a.transpose(1, 0, 2)) % modulus)
    assert not np.any((b - c.transpose(1, 0, 2)) % modulus)
    left, right = np.einsum("ijk,klm->ijlm", a, c), np.einsum("jlk,ikm->ijlm", a, b)
    assert left.any() and not np.any((left - right) % modulus)


def test_the_projective_plane_of_a_network_has_a_square_modulo_2() -> None:
    """{F > 0} in R^4 of the network of examples/make_certificates.py."""
    triangles = zoo.RP2
    x, v = ([_linear(n, k) for k in range(n + 1)] for n in (5, 4))
    missing = [t for t in combinations(range(6), 3) if t not in triangles]
    least = [pr.minimum(*(x[i] for i in t)) for t in missing]
    s = pr.maximum(*(-coordinate for coordinate in v)) - 1
    net = pr.minimum(pr.maximum(*x), -pr.maximum(*least)) @ pr.stack(*(coordinate + s for coordinate in v))
    plane = pr.subdivide(net, level=0, coarse=True).region(">")
    assert pr.homology(plane).torsion[1] == (2,)
    assert ranks(cup_product(plane, coefficients=2)) == ((1, 1, 1), (1,), 1, 1)
    assert cup_product(plane).shape == cup_product(plane, coefficients=3).shape == (0, 0, 0)


def _linear(n: int, k: int) -> pr.Network:
    row = [int(i == k) for i in range(n)] if k < n else [-1] * n
    return pr.Network([[row]], [[0]])


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 6))])
def test_products_in_the_complement_of_a_link_are_linking_numbers(seed: int) -> None:
    """Thick random polygons along two lattices: f_0 ∪ f_1 = ±lk (h_0 − h_1)."""
    rng = Random(seed)
    a, b = (links.lattice_polygon(rng, 3, 20, Fraction(n, 2)) for n in (0, 1))
    number = abs(links.linking_number(a, b))
    cup = cup_product(region(links.thick([a, b], Fraction(1, 8)), ">"))
    assert cup.invariant_factors == ((number,) if number else ())
    assert set(cup([1, 0], [0, 1])) == {number, -number}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_products_in_the_complement_of_a_link_of_three_components(seed: int) -> None:
    """f_i ∪ f_j = lk_ij (h_i − h_j) in suitable bases, so that lattices and ranks follow from the linking numbers."""
    rng = Random(100 + seed)
    polygons = [links.lattice_polygon(rng, 3, 16, Fraction(n, 3)) for n in range(3)]
    numbers = {(i, j): links.linking_number(polygons[i], polygons[j]) for i, j in combinations(range(3), 2)}
    assert any(numbers.values())
    expected = {((i, j), k): x * ((k == i) - (k == j)) for (i, j), x in numbers.items() for k in range(3)}
    rows = [[expected[ij, k] for k in range(3)] for ij in numbers]
    cup = cup_product(region(links.thick(polygons, Fraction(1, 12)), ">"))
    assert cup.invariant_factors == invariant_factors(rows)
    assert cup.left_rank == 3 - sum(not any(x for ij, x in numbers.items() if i in ij) for i in range(3))


# ---- against the formula of Alexander and Whitney in the order complex --------------------------------------------


def order_complex(space: CellSet) -> tuple[ChainComplex, list[list[tuple[int, ...]]]]:
    """The simplicial complex of all chains of cells of a region, by increasing dimension, in degrees up to 3."""
    cx = space.complex
    low, d = cx.coordinates.lineality_dim, cx.input_dim
    first = np.cumsum([0, *(cx.n_cells(k) for k in range(low, d + 1))])
    below: list[set[int]] = [set() for _ in range(first[-1])]
    for k in range(low + 1, d + 1):
        for i in range(cx.n_cells(k)):
            for facet, _ in cx.facets(k).entries(i):
                if facet < cx.n_cells(k - 1):  # not at infinity
                    at = int(first[k - 1 - low]) + facet
                    below[int(first[k - low]) + i] |= {at, *below[at]}
    inside = np.concatenate([space.mask(k) for k in range(low, d + 1)])
    simplices = [[(i,) for i in np.flatnonzero(inside).tolist()]]
    while len(simplices) <= min(d, 3):
        simplices.append(sorted((x, *rest) for rest in simplices[-1] for x in below[rest[0]] if inside[x]))
    columns: list[Any] = []
    for k in range(1, len(simplices)):
        number = {simplex: i for i, simplex in enumerate(simplices[k - 1])}
        rows = [number[s[:i] + s[i + 1 :]] for s in simplices[k] for i in range(k + 1)]
        signs = np.tile([(-1) ** i for i in range(k + 1)], len(simplices[k])).astype(np.int8)
        columns.append((np.arange(len(simplices[k]) + 1) * (k + 1), np.array(rows, np.int32), signs))
    return ChainComplex.from_arrays([len(s) for s in simplices], columns), simplices


def by_alexander_and_whitney(space: CellSet) -> tuple[Any, ...]:
    """What `ranks` says of H^1 × H^1 → H^2, with (f ∪ g)(a, b, c) = f(a, b) g(b, c)."""
    complex_, simplices = order_complex(space)
    finder = CycleFinder(complex_, homology_groups(complex_))
    _, f = finder.find_with_cocycles(1)
    cycles = finder.find(2)
    number = {s: i for i, s in enumerate(simplices[1])}
    b = homology_groups(complex_).betti
    tensor: dict[tuple[int, int, int], int] = {}
    for k, cycle in enumerate(cycles):
        for c, coefficient in cycle.terms:
            front, back = (f.get(number[simplices[2][c][i : i + 2]], {}) for i in (0, 1))
            for (i, x), (j, y) in product(front.items(), back.items()):
                tensor[i, j, k] = tensor.get((i, j, k), 0) + coefficient * x * y
    shape = b[1], b[1], b[2]

    def factors(row: int) -> tuple[int, ...]:
        entries = [(at[row], hash_of(at[:row] + at[row + 1 :]), x) for at, x in tensor.items()]
        return invariant_factors((shape[row], 1000, entries))

    def hash_of(rest: Sequence[int]) -> int:
        return rest[0] * 30 + rest[1]

    return shape, factors(2), len(factors(0)), len(factors(1))


def test_regions_of_all_kinds_against_their_order_complexes() -> None:
    small = "abs(max(abs(max(abs(x), abs(y)) - 2), abs(z)) - 1/2)"
    torus = pr.subdivide(pr.from_expression(small), level=Fraction(1, 4), coarse=True)
    for relation in ("<=", "<", "="):
        assert ranks(cup_product(torus.region(relation))) == by_alexander_and_whitney(torus.region(relation))
    half_open = pr.refine(pr.from_expression(f"max({RING})"), "F > 1/4 and F <= 3/4").region("F > 1/4 and F <= 3/4")
    assert not half_open.is_open and not half_open.is_closed
    cup = cup_product(half_open)
    assert ranks(cup) == by_alexander_and_whitney(half_open) == ((2, 2, 1), (1,), 2, 2)


@pytest.mark.slow
def test_the_complement_of_a_link_against_its_order_complex() -> None:
    for formula in (HOPF, UNLINK):
        space = region(formula, ">")
        assert ranks(cup_product(space)) == by_alexander_and_whitney(space)


# ---- complexes -----------------------------------------------------------------------------------------------------


def test_closed_surfaces_modulo_2() -> None:
    """The squares are those of the first Stiefel–Whitney class: 0 on a torus, not on a Klein bottle."""
    for glide in (False, True):
        cup = cup_product(zoo.grid_surface(4, 5, glide), coefficients=2)
        assert ranks(cup) == ((2, 2, 1), (1,), 2, 2)
        assert any(cup.tensor[i][i][0] for i in range(2)) == glide
    plane = zoo.simplicial(zoo.RP2)
    assert cup_product(plane, coefficients=2).tensor == (((1,),),)
    squares = cup_product(zoo.tensor(plane, plane), coefficients=2)  # F_2[a, b] / (a³, b³)
    assert ranks(squares) == ((2, 2, 3), (1, 1, 1), 2, 2)


def test_a_circle_times_a_disc_whose_boundary_runs_three_times_around_a_circle() -> None:
    """With x of degree 1 and y of degree 2 modulo 3, and t of the circle: only xt and yt are not 0 (Künneth)."""
    rim, ring = [i % 3 for i in range(10)], [3 + i % 9 for i in range(10)]
    triangles = [t for i in range(9) for t in (
        (rim[i], rim[i + 1], ring[i]), (ring[i], ring[i + 1], rim[i + 1]), (ring[i], ring[i + 1], 12),
    )]  # fmt: skip
    space = zoo.tensor(zoo.simplicial(triangles), zoo.sphere(1))
    assert pr.homology(space).torsion == ((), (3,), (3,), ())
    assert ranks(cup_product(space, 1, 1, 3)) == ((2, 2, 2), (1,), 2, 2)
    assert ranks(cup_product(space, 1, 2, 3)) == ranks(cup_product(space, 2, 1, 3)) == ((2, 2, 1), (1,), 1, 1)
    assert ranks(cup_product(space, 1, 1, 2)) == ((1, 1, 0), (), 0, 0)


def test_the_complex_projective_plane_and_products_of_spheres() -> None:
    plane = zoo.simplicial(triangulations.complex_projective_plane())
    assert [abs(x) for _, x in cup_product(plane, 2, 2).entries] == [1]
    for coefficients in ("Q", 5):
        assert ranks(cup_product(plane, 2, 2, coefficients)) == ((1, 1, 1), (1,), 1, 1)
    spheres = cup_product(zoo.tensor(zoo.sphere(2), zoo.sphere(2)), 2, 2).form(0)
    assert spheres in (((0, 1), (1, 0)), ((0, -1), (-1, 0)))


@pytest.mark.slow
def test_the_form_of_a_k3_surface() -> None:
    """Even, unimodular, of signature ±16 (Casella & Kühnel 2001, the triangulation with 16 vertices)."""
    cup = cup_product(zoo.simplicial(triangulations.k3_surface()), 2, 2)
    form = np.array(cup.form(0))
    assert np.array_equal(form, form.T) and not np.any(np.diag(form) % 2)
    assert invariant_factors(form) == (1,) * 22
    assert abs(int(np.sign(np.linalg.eigvalsh(form.astype(float))).sum())) == 16
    assert cup.left_rank == cup.right_rank == 22


@pytest.mark.parametrize("seed", range(3))
def test_orientations_and_numbers_of_cells_do_not_matter(seed: int) -> None:
    """Signs of vertices included: these are then points with the coefficient −1."""
    rng = Random(seed)
    for complex_, p, q, ring in (
        (zoo.tensor(zoo.grid_surface(3, 3, False), zoo.sphere(1)), 1, 2, "Z"),
        (zoo.simplicial(triangulations.complex_projective_plane()), 2, 2, 3),
        (zoo.simplicial(zoo.RP2), 1, 1, 2),
    ):
        orders = [rng.sample(range(rank), rank) for rank in complex_.ranks]
        signs = [np.array([rng.choice((-1, 1)) for _ in order]) for order in orders]
        signs[0][:] = rng.choice((-1, 1))  # all alike, on a connected space
        columns = []
        for k in range(1, len(orders)):
            place = np.argsort(orders[k - 1])
            chosen = complex_.boundary_arrays(k).select(np.array(orders[k])).renumbered(place, len(place))
            values = chosen.values * signs[k][chosen.row_numbers()] * signs[k - 1][chosen.index]
            columns.append(SparseRows(chosen.indptr, chosen.index, values, chosen.n_columns))
        other = ChainComplex.from_arrays(complex_.ranks, columns)
        assert ranks(cup_product(other, p, q, ring)) == ranks(cup_product(complex_, p, q, ring))


def test_rings_of_a_three_torus_of_cubes_and_of_simplices() -> None:
    circle = zoo.sphere(1)
    cubes = zoo.tensor(zoo.tensor(circle, circle), circle)
    for coefficients in ("Z", 2, 3):
        check_ring(*(cup_product(cubes, p, q, coefficients) for p, q in ((1, 1), (1, 2), (2, 1))))


def test_contractions_by_linear_algebra_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """For cells whose faces the greedy pairing does not exhaust."""
    spaces = [zoo.simplicial(triangulations.complex_projective_plane()), zoo.tensor(zoo.sphere(2), zoo.sphere(2))]
    expected = [cup_product(space, 2, 2) for space in spaces]
    monkeypatch.setattr(contraction.RegularCells, "_paired", lambda *_: None)
    assert [cup_product(space, 2, 2) for space in spaces] == expected


@pytest.mark.parametrize("pairs", [True, False])
def test_contractions_are_contractions(pairs: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """∂h + h∂ = 1 − ηε on a four-dimensional cell with square and triangular faces, in degrees 0 to 3."""
    if not pairs:
        monkeypatch.setattr(contraction.RegularCells, "_paired", lambda *_: None)
    simplex = zoo.simplicial([(0, 1, 2)])
    cells = contraction.RegularCells(zoo.tensor(simplex, simplex), [1] * 9)
    faces = cells.closure(4, 0)
    h = [cells.primitives({b: {b: 1} for b in faces[n]}, n, 4, 0) for n in range(1, 5)]
    for k in range(4):
        for x in faces[k]:
            total = {x: 1}
            for b, value in h[k].get(x, {}).items():
                for y, incidence in cells.facets(k + 1, b):
                    total[y] = total.get(y, 0) - value * incidence
            for y, incidence in cells.facets(k, x):
                for b, value in h[k - 1].get(y, {}).items():
                    total[b] = total.get(b, 0) - value * incidence
            left = {y: value for y, value in total.items() if value}
            assert left == ({cells.base(4, 0): 1} if k == 0 else {})


# ---- results and arguments -----------------------------------------------------------------------------------------


def test_what_a_product_is() -> None:
    cup = cup_product(region(HOPF, ">"))
    assert repr(cup) == "CupProduct(H^1 × H^1 → H^2 over Z modulo torsion, 2 × 2 × 2, rank 1)"
    doubled = CupProduct((1, 1), "Z", (1, 1, 1), (((0, 0, 0), 4),), (4,))
    assert repr(doubled).endswith("1 × 1 × 1, rank 1, invariant factors 4)") and "4 h0" in doubled._repr_html_()
    assert pickle.loads(pickle.dumps(cup)) == copy.deepcopy(cup) == cup and hash(cup) == hash(copy.copy(cup))
    a, b = (2, -3), (5, 7)
    tensor = np.array(cup.tensor)
    assert cup(a, b) == tuple(np.einsum("i,j,ijk->k", a, b, tensor)) == tuple(-x for x in cup(b, a))
    assert np.array_equal(tensor[:, :, 1], cup.form(1))
    modulo = cup_product(region(HOPF, ">"), coefficients=3)
    assert {x for _, x in modulo.entries} == {1, 2} and modulo([1, 0], [0, 3]) == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3,), "expected a ChainComplex or a Region"),
        ((ChainComplex([[[0]], [[2]]]),), "cell 0 of degree 1 with its faces is not acyclic"),
        ((ChainComplex([[[1, 1], [-1, 1]], [[0], [0]]]),), "an edge should have two ends"),
        ((zoo.sphere(2), 1, 2), "expected degrees with a sum of at most 2, got 1 [+] 2"),
        ((zoo.sphere(2), -1, 1), "p: expected a degree from 0 to 2, got -1"),
        ((zoo.sphere(2), 1, 1, 4), 'expected "Z", "Q" or a prime'),
        ((zoo.sphere(2), 1, 1, True), 'expected "Z", "Q" or a prime'),
    ],
)
def test_wrong_arguments(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        cup_product(*arguments)


def test_wrong_coordinates() -> None:
    cup = cup_product(zoo.grid_surface(3, 3, False))
    for wrong in ([1], [1, 2, 3], [1, True], "ab", None):
        with pytest.raises(InputError, match="expected 2 integers"):
            cup([0, 1], wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="form: expected a number ≥ 0 and < 1"):
        cup.form(1)


def test_nothing_and_points() -> None:
    net = pr.Network([[[1, 0]], [[1]]], [[0], [1]])
    for relation, betti in (("<", 0), (">", 1)):
        for p, q in ((0, 0), (0, 1), (1, 1), (2, 0)):
            cup = cup_product(pr.subdivide(net, level=0).region(relation), p, q)
            assert cup.shape == tuple(betti * (k == 0) for k in (p, q, p + q))
            assert cup.rank == betti * (p == q == 0)
