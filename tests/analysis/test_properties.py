"""The engine against independent routes, over random and deliberately degenerate networks.

Another implementation (`reference`), another program (cddlib's exact double description), another model of the same
homology (open against closed), theorems (Mayer-Vietoris, Alexander, Euler), and symmetries.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import chain
from random import Random
from typing import Any

import cdd.gmp
import networkx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from polyrelu.exact.rational import primitive
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from polyrelu.topology.homology import Homology, homology
from support.reference import RELATIONS, Reference, dot, echelon, sign, smith
from support.strategies import (
    capped,
    examples,
    invertible_matrices,
    levels,
    networks,
    permuted,
    points,
    polytopes,
    precomposed,
    rescaled,
    seeded_network,
)

# For properties that need no reference: larger, since only the engine works.
WIDER = {
    1: [(), (1,), (8,), (8, 8), (3, 4, 3, 4)],
    2: [(), (2,), (8,), (8, 8), (10, 3), (5, 5, 5), (3, 1, 6), (3, 3, 3, 3, 3)],
    3: [(), (2,), (7,), (6, 6), (2, 8), (8, 2), (4, 4, 4), (3, 1, 3)],
    4: [(1,), (6,), (2, 5), (5, 4), (6, 2), (3, 3, 3)],
}
# What is to be made compact grows by two neurons for each input and by a layer.
CAPPED = {1: [(2,), (5,), (4, 4)], 2: [(2,), (4,), (3, 3), (6, 5), (3, 3, 3)], 3: [(1,), (3,), (2, 2), (4, 3)]}


def splitting_signs(complex_: PolyhedralComplex, k: int, i: int) -> tuple[int, ...]:
    """The signs of the neurons that split, and of F - t, on k-cell i."""
    slopes = complex_.network.slopes
    own = complex_.sign_vector(k, i)
    flat = [s for layer, bends in zip(own, slopes, strict=True) for s, a in zip(layer, bends, strict=True) if a != 1]
    return (*flat, *([] if complex_.level is None else [int(complex_.signs(k)[i])]))


def sign_vectors(complex_: PolyhedralComplex) -> list[tuple[int, ...]]:
    dims = range(len(complex_.lineality), complex_.input_dim + 1)
    return [splitting_signs(complex_, k, i) for k in dims for i in range(complex_.n_cells(k))]


def signs_at(net: Network, level: Fraction, x: list[Fraction]) -> tuple[int, ...]:
    before = net.preactivations(x)
    flat = [sign(v) for vs, ss in zip(before, net.slopes, strict=True) for v, s in zip(vs, ss, strict=True) if s != 1]
    return (*flat, sign(net(x) - level))


def all_homology(complex_: PolyhedralComplex) -> dict[str, Homology]:
    return {relation: homology(complex_.region(relation)) for relation in RELATIONS}


def compare_with_reference(complex_: PolyhedralComplex, reference: Reference) -> None:
    assert complex_.f_vector == reference.f_vector
    assert complex_.lineality_dim == reference.lineality_dim
    assert complex_.n_bounded_regions == reference.n_bounded_regions
    assert complex_.n_regions == reference.f_vector[-1]
    if complex_.domain is None:
        found = sign_vectors(complex_)
        assert set(found) == reference.sign_vectors()
        assert complex_.artificial_hyperplanes or len(set(found)) == len(found)
        d = complex_.input_dim
        regions = [splitting_signs(complex_, d, i) for i in range(complex_.n_cells(d))]
        assert [tuple(row) for row in complex_.region_signs().tolist()] == regions


# ------------------------------------------------------------------------------------------------ the plain reference


@given(st.data())
@examples(60)
def test_canonical_complex(data: st.DataObject) -> None:
    net = data.draw(networks())
    compare_with_reference(subdivide(net), Reference(net))


@given(st.data())
@examples(70)
def test_refined_complex_and_homology(data: st.DataObject) -> None:
    net = data.draw(networks())
    level = data.draw(levels(net))
    complex_, reference = subdivide(net, level=level), Reference(net, level)
    compare_with_reference(complex_, reference)
    for relation in RELATIONS:
        h = homology(complex_.region(relation))
        assert (h.betti, h.torsion) == reference.homology(relation), relation


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(400))
def test_seeded_networks(seed: int) -> None:
    net = seeded_network(seed)
    rng = Random(seed)
    compare_with_reference(subdivide(net), Reference(net))
    level = rng.choice([Fraction(0), net([rng.randint(-1, 1) for _ in range(net.input_dim)]), Fraction(1, 3)])
    complex_, reference = subdivide(net, level=level), Reference(net, level)
    compare_with_reference(complex_, reference)
    for relation in RELATIONS:
        h = homology(complex_.region(relation))
        assert (h.betti, h.torsion) == reference.homology(relation), relation


@given(st.data())
@examples(40)
def test_complex_over_a_domain(data: st.DataObject) -> None:
    net = data.draw(networks(dims=(1, 2, 3)))
    level = data.draw(levels(net))
    domain = data.draw(polytopes(net.input_dim))
    complex_, reference = subdivide(net, level=level, domain=Domain(*domain)), Reference(net, level, domain)
    compare_with_reference(complex_, reference)
    canonical = subdivide(net, domain=Domain(*domain))
    assert complex_.canonical_f_vector == canonical.f_vector == Reference(net, None, domain).f_vector
    for relation in RELATIONS:
        h = homology(complex_.region(relation))
        assert (h.betti, h.torsion) == reference.homology(relation), relation


# ------------------------------------------------------------------------------------------------------------- cddlib


def modulo(vector: Any, lines: tuple[list[list[Fraction]], list[int]]) -> tuple[Fraction, ...]:
    """The representative of a point or direction modulo a space in echelon form."""
    result = [Fraction(v) for v in vector]
    for row, pivot in zip(*lines, strict=True):
        factor = result[pivot]
        result = [a - factor * b for a, b in zip(result, row, strict=True)]
    return tuple(result)


def double_description(rows: list[list[Fraction]]) -> tuple[set, set, tuple[list[list[Fraction]], list[int]]]:
    """Vertices, primitive rays and the echelon basis of the lines of {x : row . (1, x) >= 0 for all rows}."""
    at_infinity = [1] + [0] * (len(rows[0]) - 1)  # cddlib leaves out the apex of a cone otherwise
    matrix = cdd.gmp.matrix_from_array([at_infinity, *rows], rep_type=cdd.RepType.INEQUALITY)
    generators = cdd.gmp.copy_generators(cdd.gmp.polyhedron_from_matrix(matrix))
    array = [[Fraction(v) for v in row] for row in generators.array]
    lines = echelon([array[i][1:] for i in generators.lin_set])
    rest = [row for i, row in enumerate(array) if i not in generators.lin_set]
    vertices = {modulo(row[1:], lines) for row in rest if row[0]}
    return vertices, {primitive(modulo(row[1:], lines)) for row in rest if not row[0]}, lines


def inequalities_of_region(complex_: PolyhedralComplex, i: int) -> list[list[Fraction]]:
    """Rows (b, a), b + a.x >= 0, from the signs alone: every signed preactivation that splits, and F - t."""
    net, d = complex_.network, complex_.input_dim
    forms = [[Fraction(int(j == k + 1)) for j in range(d + 1)] for k in range(d)]
    rows = [[Fraction(1)] + [Fraction(0)] * d]
    signs = complex_.sign_vector(d, i)
    for weights, biases, slopes, layer in zip(net.weights, net.biases, net.slopes, signs, strict=False):
        before = [
            [dot(row, column) + (b if j == 0 else 0) for j, column in enumerate(zip(*forms, strict=True))]
            for row, b in zip(weights, biases, strict=True)
        ]
        rows += [[s * v for v in f] for f, s, a in zip(before, layer, slopes, strict=True) if a != 1 and any(f)]
        forms = [[a * v for v in f] if s < 0 else f for f, s, a in zip(before, layer, slopes, strict=True)]
    output = [dot(net.weights[-1][0], column) for column in zip(*forms, strict=True)]
    output[0] += net.biases[-1][0]
    assert complex_.affine_map(i) == ((tuple(output[1:]),), (output[0],))
    if complex_.level is not None:
        output[0] -= complex_.level
        rows.append([int(complex_.signs(d)[i]) * v for v in output])
    return rows


@given(st.data())
@examples(60)
def test_regions_against_cddlib(data: st.DataObject) -> None:
    """The vertices, rays and lines of every region are those of its inequalities; and so is its H-representation."""
    net = data.draw(networks())
    complex_ = subdivide(net, level=data.draw(st.none() | levels(net)))
    assume(not complex_.artificial_hyperplanes)
    d = complex_.input_dim
    for i in range(min(complex_.n_regions, 60)):
        rows = inequalities_of_region(complex_, i)
        vertices, rays, lines = double_description(rows)
        v = complex_.v_representation(d, i)
        assert echelon(v.lines) == lines
        assert {modulo(x, lines) for x in v.vertices} == vertices and len(v.vertices) == len(vertices)
        assert {primitive(modulo(x, lines)) for x in v.rays} == rays and len(v.rays) == len(rays)
        h = complex_.h_representation(d, i)
        assert not h.equations
        given = {primitive(row) for row in rows}
        assert {(b, *(-x for x in a)) for b, *a in h.inequalities} <= given
        assert double_description([[b, *(-x for x in a)] for b, *a in h.inequalities] or rows[:1]) == (
            vertices,
            rays,
            lines,
        )


@given(st.data())
@examples(40)
def test_faces_against_cddlib(data: st.DataObject) -> None:
    """Cells of every dimension: the two representations describe one polyhedron, without redundancy."""
    net = data.draw(networks())
    complex_ = subdivide(net, level=data.draw(st.none() | levels(net)))
    for k in range(len(complex_.lineality), complex_.input_dim + 1):
        for i in range(0, complex_.n_cells(k), max(1, complex_.n_cells(k) // 8)):
            h, v = complex_.h_representation(k, i), complex_.v_representation(k, i)
            assert len(h.equations) == complex_.input_dim - k
            rows = [[b, *(-x for x in a)] for b, *a in h.inequalities]
            for b, *a in h.equations:
                rows += [[b, *(-x for x in a)], [-b, *a]]
            vertices, rays, lines = double_description(rows or [[1] + [0] * complex_.input_dim])
            assert {modulo(x, lines) for x in v.vertices} == vertices and len(v.vertices) == len(vertices)
            assert {primitive(modulo(x, lines)) for x in v.rays} == rays and len(v.rays) == len(rays)
            assert echelon(v.lines) == lines


# ----------------------------------------------------------------------------------------------------- sampled points


@given(st.data())
@examples(60)
def test_points_lie_in_the_cells_that_locate_finds(data: st.DataObject) -> None:
    net = data.draw(networks(widths=WIDER))
    level = data.draw(levels(net))
    complex_ = subdivide(net, level=level)
    for _ in range(12):
        x = data.draw(points(net.input_dim))
        k, i = complex_.locate(x)
        assert splitting_signs(complex_, k, i) == signs_at(net, level, x)
        value = net(x)
        for relation in RELATIONS:
            inside = {">": value > level, ">=": value >= level, "<": value < level, "<=": value <= level}
            region = complex_.region(relation)
            assert region.contains(x) == inside.get(relation, value == level)
            assert (i in region.cells(k)) == region.contains(x)
        if k == complex_.input_dim:
            (row,), (offset,) = complex_.affine_map(i)
            assert dot(row, x) + offset == value
            active = [a for layer in complex_.activation_pattern(i) for a in layer]
            slopes = [a for layer in net.slopes for a in layer]
            values = [v for layer in net.preactivations(x) for v in layer]
            assert all(on == (v > 0) for on, v, a in zip(active, values, slopes, strict=True) if a != 1)


@given(st.data())
@examples(30)
def test_interior_points_are_located_where_they_were_taken(data: st.DataObject) -> None:
    net = data.draw(networks())
    complex_ = subdivide(net, level=data.draw(st.none() | levels(net)))
    for k in range(len(complex_.lineality), complex_.input_dim + 1):
        for i in range(0, complex_.n_cells(k), max(1, complex_.n_cells(k) // 10)):
            assert complex_.locate(complex_.interior_point(k, i)) == (k, i)


# ----------------------------------------------------------------------------------------------------------- theorems


@given(st.data())
@examples(100)
def test_theorems_at_every_level(data: st.DataObject) -> None:
    """Euler, Mayer-Vietoris for the closed regions, and open against closed where the level is regular."""
    net = data.draw(networks(widths=WIDER))
    level = data.draw(levels(net))
    complex_ = subdivide(net, level=level)
    d = net.input_dim
    for f in (complex_.f_vector, complex_.canonical_f_vector, subdivide(net).f_vector):
        assert dot([(-1) ** k for k in range(d + 1)], f) == (-1) ** d
    assert complex_.canonical_f_vector == subdivide(net).f_vector

    found = all_homology(complex_)
    for k in range(d):
        parts = (found[">="], found["<="])
        assert found["="].betti[k] == sum(h.betti[k] for h in parts) - (k == 0)
        assert direct_sum(found["="].torsion[k]) == direct_sum(*(h.torsion[k] for h in parts))
    if is_regular(net, level):
        assert found[">"] == found[">="]
        assert found["<"] == found["<="]


def direct_sum(*torsion: tuple[int, ...]) -> tuple[int, ...]:
    """Invariant factors of a sum of finite groups given by theirs."""
    return tuple(f for f in smith([{i: f} for i, f in enumerate(chain.from_iterable(torsion))]) if f > 1)


def is_regular(net: Network, level: Fraction) -> bool:
    """Whether F = level on no cell of C(F): on none of least dimension, which are translates of the lineality space."""
    canonical = subdivide(net)
    low = len(canonical.lineality)
    for i in range(canonical.n_cells(low)):
        x = canonical.interior_point(low, i)
        along = [[a + b for a, b in zip(x, line, strict=True)] for line in canonical.lineality]
        if all(net(y) == level for y in [x, *along]):
            return False
    return True


@given(st.data())
@examples(50)
def test_alexander_duality_of_compact_regions(data: st.DataObject) -> None:
    """For compact X = {F >= t}: reduced H_k(X) and reduced cohomology of its complement in the sphere S^d.

    {F < t} is that complement without the point at infinity, which adds one class in degree d - 1 if X is not empty.
    """
    net = capped(data.draw(networks(dims=(1, 2, 3), widths=CAPPED)), Fraction(data.draw(st.integers(1, 6))))
    complex_ = subdivide(net, level=data.draw(levels(net)))
    d = net.input_dim
    region = complex_.region(">=")
    assert all(complex_.bounded_modulo_lineality(k)[region.cells(k)].all() for k in range(d + 1))
    inner, outer = homology(region), homology(complex_.region("<"))
    if not any(inner.betti):
        assert outer.betti == (1,) + (0,) * (d - 1)
        return
    for k in range(d):
        assert inner.betti[k] - (k == 0) == outer.betti[d - 1 - k] - (k == d - 1) - (k == 0)
        assert d - 2 - k < 0 or inner.torsion[k] == outer.torsion[d - 2 - k]


# --------------------------------------------------------------------------------------------------------- invariance


def same_topology(one: PolyhedralComplex, other: PolyhedralComplex) -> None:
    assert one.f_vector == other.f_vector
    assert one.canonical_f_vector == other.canonical_f_vector
    assert one.n_bounded_regions == other.n_bounded_regions
    assert one.n_linear_pieces == other.n_linear_pieces
    assert all_homology(one) == all_homology(other)


@given(st.data())
@examples(40)
def test_invariance_under_neuron_symmetries(data: st.DataObject) -> None:
    net = data.draw(networks(widths=WIDER))
    level = data.draw(levels(net))
    rng = Random(data.draw(st.integers(0, 2**32)))
    widths = net.architecture[1:-1]
    other = permuted(net, [rng.sample(range(n), n) for n in widths])
    other = rescaled(other, [[Fraction(rng.randint(1, 99), rng.randint(1, 99)) for _ in range(n)] for n in widths])
    same_topology(subdivide(net, level=level), subdivide(other, level=level))


@given(st.data())
@examples(40)
def test_invariance_under_affine_maps_of_the_input(data: st.DataObject) -> None:
    net = data.draw(networks(widths=WIDER))
    level = data.draw(levels(net))
    matrix = data.draw(invertible_matrices(net.input_dim))
    other = precomposed(net, matrix, data.draw(points(net.input_dim)))
    same_topology(subdivide(net, level=level), subdivide(other, level=level))


@given(st.data())
@examples(30)
def test_negation_and_scaling_of_the_output(data: st.DataObject) -> None:
    net = data.draw(networks(widths=WIDER))
    level = data.draw(levels(net))
    factor = Fraction(data.draw(st.integers(1, 5)), 3)
    found = all_homology(subdivide(net, level=level))
    turned = all_homology(subdivide(net.shifted(-level).scaled(-factor), level=0))
    for one, other in ((">", "<"), (">=", "<="), ("<", ">"), ("<=", ">="), ("=", "=")):
        assert found[one] == turned[other]


# ------------------------------------------------------------------------------------------------------------ domains


@given(st.data())
@examples(30)
def test_a_box_around_all_vertices_changes_no_homology(data: st.DataObject) -> None:
    """Every cell has a vertex in the box's interior (there is no lineality), so cells of the box meet alike."""
    net = data.draw(networks(widths=WIDER))
    level = data.draw(levels(net))
    complex_ = subdivide(net, level=level)
    assume(complex_.lineality_dim == 0 and not complex_.artificial_hyperplanes)
    bound = 1 + max(abs(c) for x in complex_.vertices() for c in x)
    box = Domain.box([-bound] * net.input_dim, [bound] * net.input_dim)
    inside = subdivide(net, level=level, domain=box)
    assert inside.n_regions == complex_.n_regions
    assert inside.n_bounded_regions == inside.n_regions
    assert all_homology(inside) == all_homology(complex_)


@given(st.data())
@examples(40)
def test_closed_regions_over_a_domain(data: st.DataObject) -> None:
    """Mayer-Vietoris in a convex domain, and its cells are pieces of the cells of the whole space."""
    net = data.draw(networks(widths=WIDER))
    level = data.draw(levels(net))
    rows, offsets = data.draw(polytopes(net.input_dim))
    inside = subdivide(net, level=level, domain=Domain(rows, offsets))
    found = all_homology(inside)
    for k in range(net.input_dim):
        assert found["="].betti[k] == found[">="].betti[k] + found["<="].betti[k] - (k == 0)
    d = net.input_dim
    whole = subdivide(net, level=level)
    if not (inside.artificial_hyperplanes or whole.artificial_hyperplanes):
        signs = [tuple(row) for row in inside.region_signs().tolist()]
        assert len(set(signs)) == len(signs)
        assert set(signs) <= {tuple(row) for row in whole.region_signs().tolist()}
    for _ in range(6):
        x = data.draw(points(d))
        found_cell = inside.locate(x)
        assert (found_cell is not None) == all(dot(row, x) <= b for row, b in zip(rows, offsets, strict=True))
        if found_cell is not None:
            assert splitting_signs(inside, *found_cell) == signs_at(net, level, x)


# ------------------------------------------------------------------------------------------------------ linear pieces


@given(st.data())
@examples(40)
def test_linear_pieces(data: st.DataObject) -> None:
    """Regions joined across common facets by the affine maps themselves; never more of them than regions."""
    net = data.draw(networks(widths=WIDER))
    complex_ = subdivide(net)
    graph = complex_.dual_graph()
    assert graph.number_of_nodes() == complex_.n_cells(complex_.input_dim)
    maps = [complex_.affine_map(i) for i in graph]
    graph.remove_edges_from([(i, j) for i, j in graph.edges if maps[i] != maps[j]])
    assert complex_.n_linear_pieces == networkx.number_connected_components(graph) <= complex_.n_regions
