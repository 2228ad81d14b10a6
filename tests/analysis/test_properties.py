"""The engine against independent routes, over random and deliberately degenerate networks.

Another implementation (`reference`), another model of the same homology (open against closed), theorems
(Mayer-Vietoris, Alexander, Euler), and symmetries.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import chain
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from polyrelu.topology.homology import Homology, homology
from support.comparison import same_topology, signs_at, splitting_signs
from support.reference import RELATIONS, Reference, dot, smith
from support.strategies import (
    WIDER,
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

# What is to be made compact grows by two neurons for each input and by a layer.
CAPPED = {1: [(2,), (5,), (4, 4)], 2: [(2,), (4,), (3, 3), (6, 5), (3, 3, 3)], 3: [(1,), (3,), (2, 2), (4, 3)]}


def sign_vectors(complex_: PolyhedralComplex) -> list[tuple[int, ...]]:
    dims = range(len(complex_.lineality), complex_.input_dim + 1)
    return [splitting_signs(complex_, k, i) for k in dims for i in range(complex_.n_cells(k))]


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
@examples(30)
def test_canonical_complex(data: st.DataObject) -> None:
    net = data.draw(networks())
    compare_with_reference(subdivide(net), Reference(net))


@given(st.data())
@examples(20)
def test_refined_complex_and_homology(data: st.DataObject) -> None:
    net = data.draw(networks())
    level = data.draw(levels(net))
    complex_, reference = subdivide(net, level=level), Reference(net, level)
    compare_with_reference(complex_, reference)
    for relation in RELATIONS:
        h = homology(complex_.region(relation))
        assert (h.betti, h.torsion) == reference.homology(relation), relation


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(80))
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
@examples(20)
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


# ----------------------------------------------------------------------------------------------------------- theorems


@given(st.data())
@examples(50)
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
@examples(25)
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


@given(st.data())
@examples(20)
def test_invariance_under_neuron_symmetries(data: st.DataObject) -> None:
    net = data.draw(networks(widths=WIDER))
    level = data.draw(levels(net))
    rng = Random(data.draw(st.integers(0, 2**32)))
    widths = net.architecture[1:-1]
    other = permuted(net, [rng.sample(range(n), n) for n in widths])
    other = rescaled(other, [[Fraction(rng.randint(1, 99), rng.randint(1, 99)) for _ in range(n)] for n in widths])
    same_topology(subdivide(net, level=level), subdivide(other, level=level))


@given(st.data())
@examples(20)
def test_invariance_under_affine_maps_of_the_input(data: st.DataObject) -> None:
    net = data.draw(networks(widths=WIDER))
    level = data.draw(levels(net))
    matrix = data.draw(invertible_matrices(net.input_dim))
    other = precomposed(net, matrix, data.draw(points(net.input_dim)))
    same_topology(subdivide(net, level=level), subdivide(other, level=level))


@given(st.data())
@examples(20)
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
@examples(20)
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
@examples(20)
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
