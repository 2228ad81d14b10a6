"""Coarse complexes against complete ones: homology, the level set cell by cell, exact extrema of F on decided cells."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.errors import CoarseComplexError, InputError, LimitError, RegionError
from polyrelu.exact.rational import primitive
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.homology import homology
from support.coarse import CoarseReference, check_decided, check_partition, same_regions
from support.copies import unit_matrix, with_identity_layer, with_skip
from support.known_answers import SHELLS, Case, Shells, cases, random_float32, shells
from support.reference import RELATIONS, Reference
from support.strategies import Widths, capped, examples, levels, networks, points, polytopes, seeded_network

# Complete complexes of some hundred cells.
SMALL: Widths = {
    1: [(1,), (6,), (5, 5), (3, 4, 3)],
    2: [(1,), (5,), (4, 4), (6, 4), (3, 3, 3), (3, 1, 3)],
    3: [(2,), (5,), (4, 3), (3, 3, 1)],
    4: [(1,), (4,), (3, 3)],
    5: [(2,), (5,), (4, 2)],
    6: [(2,), (6,)],
}
# Those that plain Python can make and whose points can all be located.
SMALLEST: Widths = {1: [(1,), (4,), (2, 2)], 2: [(1,), (3,), (3, 2), (2, 2, 1)], 3: [(1,), (3,), (2, 1)], 4: [(2,)]}
CAPPED: Widths = {1: [(2,), (4, 4)], 2: [(2,), (4,), (6, 5), (3, 3, 3)], 3: [(1,), (3,), (4, 3)]}


def both(net: Network, level: Any, domain: Any = None) -> tuple[PolyhedralComplex, PolyhedralComplex]:
    return subdivide(net, level, domain, coarse=True), subdivide(net, level, domain)


# -------------------------------------------------------------------------------------------------------- known answers


@pytest.mark.parametrize("case", cases(), ids=repr)
def test_stored_cases(case: Case) -> None:
    coarse, complete = both(case.network, 0)
    same_regions(coarse, complete)
    for relation in RELATIONS:
        h = homology(coarse.region(relation))
        assert [*h.betti, 0] == case.expected["betti"][relation]
        assert [*map(list, h.torsion), []] == case.expected["torsion"][relation]
    check_decided(coarse, 25)


@pytest.mark.parametrize("known", SHELLS, ids=lambda s: "-".join(map(str, s.architecture)))
def test_shells(known: Shells) -> None:
    cx = subdivide(shells(known.architecture, known.cuts), 0, coarse=True)
    assert homology(cx.region(">")).betti == known.betti == homology(cx.region(">=")).betti


@pytest.mark.parametrize("architecture", [(2, 32, 32, 1), (3, 12, 12, 1), (4, 8, 8, 1)])
def test_random_networks(architecture: tuple[int, ...]) -> None:
    coarse, complete = both(random_float32(architecture), 0)
    same_regions(coarse, complete)
    assert coarse.n_regions < 0.8 * complete.n_regions
    assert check_decided(coarse, 25) > 0


# -------------------------------------------------------------------------------------- degenerate networks, any domain


@given(st.data())
@examples(25)
def test_homology_and_level_set(data: st.DataObject) -> None:
    net = data.draw(networks(dims=tuple(SMALL), widths=SMALL))
    coarse, complete = both(net, data.draw(levels(net)))
    same_regions(coarse, complete)
    check_decided(coarse)


@given(st.data())
@examples(20)
def test_domains(data: st.DataObject) -> None:
    net = data.draw(networks(dims=(1, 2, 3, 4), widths=SMALL))
    domain = Domain(*data.draw(polytopes(net.input_dim)))
    level = data.draw(levels(net))
    coarse, complete = both(net, level, domain)
    same_regions(coarse, complete)
    check_decided(coarse)
    for k in range(complete.coordinates.lineality_dim, net.input_dim + 1):
        assert all(domain.contains(coarse.interior_point(k, i)) for i in range(0, coarse.n_cells(k), 3))


@given(st.data())
@examples(25)
def test_every_cell_is_a_union_of_cells(data: st.DataObject) -> None:
    net = data.draw(networks(dims=tuple(SMALLEST), widths=SMALLEST))
    domain = data.draw(st.none() | polytopes(net.input_dim).map(lambda x: Domain(*x)))
    coarse, complete = both(net, data.draw(levels(net)), domain)
    if sum(complete.f_vector) < 150:
        check_partition(coarse, complete)
    for x in (data.draw(points(net.input_dim)) for _ in range(5)):
        found = coarse.locate(x)
        if found is None:
            assert domain is not None and not domain.contains(x)
        else:
            value = net(x) - coarse.level
            assert coarse.signs(found[0])[found[1]] == (value > 0) - (value < 0)
            assert coarse.region(">=").mask(found[0])[found[1]] == (value >= 0)


@given(st.data())
@examples(25)
def test_plain_python(data: st.DataObject) -> None:
    """The same idea in another program: coarse complexes have the homology of complete ones."""
    net = data.draw(networks(dims=tuple(SMALLEST), widths=SMALLEST))
    level = data.draw(levels(net))
    domain = data.draw(st.none() | polytopes(net.input_dim))
    complete = Reference(net, level, domain)
    if sum(map(len, complete.cells)) > 250:
        return
    plain = CoarseReference(complete)
    cx = subdivide(net, level, None if domain is None else Domain(*domain), coarse=True)
    for relation in RELATIONS:
        h = homology(cx.region(relation))
        assert (h.betti, h.torsion) == plain.homology(relation) == complete.homology(relation)
    assert plain.f_vector[-1] <= complete.f_vector[-1] >= cx.f_vector[-1] or cx.artificial_hyperplanes


def test_the_plain_complex_is_coarse() -> None:
    """It decides all that is decided on the whole of a cell, so it is no test of complete complexes only."""
    net = random_float32((2, 5, 1))
    complete = Reference(net, 0)
    plain = CoarseReference(complete)
    assert 0 < sum(s != 0 for s in plain.decided.values()) < len(plain.decided) < complete.f_vector[-1]
    assert set(plain.decided.values()) <= {-1, 0, 1}


@pytest.mark.parametrize("seed", range(6))
def test_more_coordinates_than_the_network_sees(seed: int) -> None:
    """Artificial hyperplanes to start from, and identity layers: other cells, the same homology."""
    net = seeded_network(seed, {2: [(4,), (3, 3)], 3: [(3,), (3, 2)]})
    level = net([Fraction(seed, 3)] * net.input_dim)
    d, rng = net.input_dim, Random(seed)
    skip = [Fraction(rng.randint(-2, 2)) for _ in range(d)]
    identities = with_identity_layer(net, unit_matrix(d), unit_matrix(d), [Fraction(0)] * d)
    for other in (identities, with_skip(net, skip, 1), with_skip(net, skip, 0)):
        coarse, complete = both(other, level)
        same_regions(coarse, complete)
        check_decided(coarse)


@pytest.mark.parametrize("slope", ["0.01", -1, 1])
def test_other_slopes(slope: Any) -> None:
    """Affine functions, and slopes below zero other than 0."""
    affine = Network([[[1, 2]]], [[-1]])
    same_regions(*both(affine, 0))
    same_regions(*both(affine, 0, [(0, 1), (0, 1)]))
    net = Network([[[1, 1], [1, -1], [2, 1]], [[1, -2, 1]]], [[0, 1, -1], [1]], [[slope] * 3])
    for level in (-3, 0, 1, "5/2"):
        coarse, complete = both(net, level)
        same_regions(coarse, complete)
        check_decided(coarse)


def test_nothing_to_decide_and_everything_decided() -> None:
    net = random_float32((2, 8, 8, 1))
    far = subdivide(net, 10**6, [(-1, 1)] * 2, coarse=True)
    assert far.n_regions < 5 and far.decided(2).all() and far.decided(0).all()
    assert homology(far.region("<")).betti == (1, 0)
    whole = subdivide(Network([[[1, 0]], [[0]]], [[0], [0]]), 0, coarse=True)
    assert not whole.decided(2).any()


@pytest.mark.parametrize("seed", range(4))
def test_critical_levels(seed: int) -> None:
    """All values of F at vertices of C(F), where the level set changes, and a level between each two of them."""
    net = seeded_network(seed, {2: [(3,), (3, 2)], 3: [(3,)]})
    values = sorted({net(x) for x in subdivide(net).vertices()})[:8]
    for level in [*values, *((a + b) / 2 for a, b in pairwise(values))]:
        coarse, complete = both(net, level)
        same_regions(coarse, complete)
        check_decided(coarse)


def test_points_of_a_large_complex() -> None:
    """Thousands of decided cells, of which each point is looked for in few."""
    net, rng = random_float32((3, 24, 24, 1)), Random(0)
    cx = subdivide(net, 0, coarse=True)
    for _ in range(20):
        x = [Fraction(rng.gauss(0, 1)) for _ in range(3)]
        k, i = cx.locate(x)
        value = net(x)
        assert cx.signs(k)[i] == (value > 0) - (value < 0)
        shape = cx.h_representation(k, i)
        assert all(sum(p * q for p, q in zip(a, x, strict=True)) < b for b, *a in shape.inequalities)


# ------------------------------------------------------------------------------------------------------------- theorems


@given(st.data())
@examples(30)
def test_mayer_vietoris(data: st.DataObject) -> None:
    net = data.draw(networks(dims=tuple(SMALL), widths=SMALL))
    t = data.draw(levels(net))
    report = pr.verify(net, level=t, betti={"=": pr.betti_numbers(net, "=", t, coarse=False)})
    assert report and "coarse" in report.claims[0].how and report.cross_checks[0].holds


@given(st.data())
@examples(25)
def test_alexander_duality(data: st.DataObject) -> None:
    net = capped(data.draw(networks(dims=(1, 2, 3), widths=CAPPED)), Fraction(data.draw(st.integers(1, 6))))
    cx, d = subdivide(net, data.draw(levels(net)), coarse=True), net.input_dim
    region = cx.region(">=")
    assert all(cx.bounded_modulo_lineality(k)[region.cells(k)].all() for k in range(d + 1))
    inner, outer = homology(region), homology(cx.region("<"))
    if not any(inner.betti):
        assert outer.betti == (1,) + (0,) * (d - 1)
        return
    for k in range(d):
        assert inner.betti[k] - (k == 0) == outer.betti[d - 1 - k] - (k == d - 1) - (k == 0)
        assert d - 2 - k < 0 or inner.torsion[k] == outer.torsion[d - 2 - k]


@given(st.data())
@examples(20)
def test_boundary_of_the_boundary(data: st.DataObject) -> None:
    """Also with cells at infinity, whose sides are in pieces too; all cells together make up a ball."""
    net = data.draw(networks(dims=tuple(SMALL), widths=SMALL))
    cx = subdivide(net, data.draw(levels(net)), coarse=True)
    whole = ChainComplex.from_arrays(cx.arrays.counts, cx.arrays.facets[1:])
    assert homology(whole).betti == (1,) + (0,) * cx.arrays.rank


# ----------------------------------------------------------------------------------------------------- cells one by one


@given(st.data())
@examples(15)
def test_polyhedra_of_decided_cells(data: st.DataObject) -> None:
    """Both representations are irredundant although sides are in pieces: cddlib finds the one from the other."""
    cdd = pytest.importorskip("cdd.gmp")
    import cdd as kinds

    net = data.draw(networks(dims=(2, 3), widths=SMALL))
    cx = subdivide(net, data.draw(levels(net)), coarse=True)
    fixed = [[0, *(int(i == j) for i in range(cx.input_dim))] for j in cx.dropped_coordinates]
    for k in range(cx.coordinates.lineality_dim, cx.input_dim + 1):
        for i in np.flatnonzero(cx.decided(k))[:12].tolist():
            h, v = cx.h_representation(k, i), cx.v_representation(k, i)
            equations = [*fixed, *([b, *(-x for x in a)] for b, *a in h.equations)]
            rows = [*equations, *([b, *(-x for x in a)] for b, *a in h.inequalities)]
            lines = set(range(len(equations)))
            matrix = cdd.matrix_from_array(rows, rep_type=kinds.RepType.INEQUALITY, lin_set=lines)
            assert not cdd.redundant_rows(matrix)
            found = {primitive(row) for row in cdd.copy_generators(cdd.polyhedron_from_matrix(matrix)).array}
            mine = {primitive([1, *x]) for x in v.vertices} | {(0, *r) for r in v.rays}
            assert found | ({(1, *[0] * cx.input_dim)} if not any(x[0] for x in found) else set()) == mine
            assert mine <= {cx.homogeneous(int(x)) for x in cx.cell_vertices(k, i)}


def test_undecided_regions_against_double_description() -> None:
    pytest.importorskip("cdd")
    cx = subdivide(random_float32((3, 8, 8, 1)), 0, coarse=True)
    divided = np.flatnonzero(~cx.decided(3)).tolist()
    assert pr.check_regions(cx, divided) == len(divided) > 0
    with pytest.raises(CoarseComplexError, match=r"^check_regions: .*coarse=False"):
        pr.check_regions(cx)


def test_what_divided_cells_tell() -> None:
    """Signs, patterns and maps of cells that are not decided are those of the complete complex."""
    net = random_float32((2, 8, 8, 1))
    coarse, complete = both(net, 0)
    for k in range(3):
        for i in np.flatnonzero(~coarse.decided(k)).tolist():
            x = coarse.interior_point(k, i)
            assert coarse.locate(x) == (k, i)
            assert coarse.sign_vector(k, i) == complete.sign_vector(*complete.locate(x))
    for i in np.flatnonzero(~coarse.decided(2)).tolist():
        j = complete.locate(coarse.interior_point(2, i))[1]
        assert coarse.affine_map(i) == complete.affine_map(j)
        assert coarse.activation_pattern(i) == complete.activation_pattern(j)
    assert complete.decided(2).dtype == bool and not complete.decided(2).any()


# -------------------------------------------------------------------------------------------- what needs all of C(F, t)

ASKED = [
    lambda cx: cx.canonical_f_vector,
    lambda cx: cx.n_linear_pieces,
    lambda cx: cx.affine_map_numbers(),
    lambda cx: cx.affine_maps(),
    lambda cx: cx.nonzero_region(),
    lambda cx: cx.constant_regions(),
    lambda cx: cx.region_signs(),
    lambda cx: cx.sign_vector(2, int(np.argmax(cx.decided(2)))),
    lambda cx: cx.activation_pattern(int(np.argmax(cx.decided(2)))),
    lambda cx: cx.affine_map(int(np.argmax(cx.decided(2)))),
    lambda cx: pr.regions_table(cx),
    lambda cx: pr.write_polymake(cx, "complex.pcom"),
    lambda cx: pr.write_sage(cx, "complex.sage"),
    lambda cx: pr.write_macaulay2(cx.region("<="), "complex.m2"),
    lambda cx: pr.check_regions(cx),
    lambda cx: pr.plot(cx, graph=True),
    lambda cx: pr.plot(cx, color="pattern"),
    lambda cx: pr.plot(cx, color="map"),
]


@pytest.mark.parametrize("ask", ASKED)
def test_what_only_the_complete_complex_has(ask: Any) -> None:
    cx = subdivide(random_float32((2, 8, 8, 1)), 0, coarse=True)
    assert cx.decided(2).any()
    with pytest.raises(CoarseComplexError, match=r"^[\w ']+: .*coarse.*subdivide\(network, level, coarse=False\)") as e:
        ask(cx)
    assert "--complete" in str(e.value) and isinstance(e.value, InputError)


def test_arguments() -> None:
    net = random_float32((2, 4, 1))
    with pytest.raises(InputError, match=r"^coarse: .*level=t"):
        subdivide(net, coarse=True)
    for function in (subdivide, pr.analyse_region, pr.betti_numbers, pr.topological_expressivity):
        with pytest.raises(InputError, match=r"^coarse: expected True or False, got 2"):
            function(net, level=0, coarse=2)
    with pytest.raises(InputError, match=r"^coarse: expected True or False"):
        pr.verify(net, betti=[1, 0], coarse="yes")
    with pytest.raises(RegionError, match="2 outputs"):
        subdivide(Network([[[1], [1]]], [[0, 0]]), 0, coarse=True)


# --------------------------------------------------------------------------------------------------- threads and limits


def test_threads() -> None:
    for seed, architecture in enumerate([(2, 40, 40, 1), (3, 16, 16, 1), (4, 8, 8, 1)]):
        net = random_float32(architecture, seed)
        named = [subdivide(net, 0, coarse=True, threads=n).arrays.named() for n in (1, 2, 3)]
        for other in named[1:]:
            assert named[0].keys() == other.keys()
            assert all(np.array_equal(x, other[key]) for key, x in named[0].items())


FOUR_GIGABYTES = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (4 * 10**9, 4 * 10**9))
sys.path.insert(0, sys.argv[1])
import polyrelu as pr
from support.known_answers import random_float32

net, box = random_float32((5, 32, 32, 1)), [(-2, 2)] * 5
limits = {"max_memory": 4 * 10**9}
found = pr.verify(net, betti={">": [1, 0, 0, 0, 0], "<=": [4, 0, 0, 0, 0]}, domain=box, **limits)
print(found)
assert found and "coarse" in found.claims[0].how
try:
    pr.betti_numbers(net, domain=box, coarse=False, **limits)
except pr.LimitError as error:
    print("refused:", error)
"""


@pytest.mark.slow
def test_more_than_fits_into_four_gigabytes() -> None:
    """The complete complex needs more: some 80 million cells of a full network with five inputs."""
    child = [sys.executable, "-c", FOUR_GIGABYTES, str(Path(__file__).parents[1])]
    done = subprocess.run(child, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    assert "all claims hold" in done.stdout and "refused:" in done.stdout


def test_limits() -> None:
    net = random_float32((3, 24, 24, 1))
    cells = sum(subdivide(net, 0, coarse=True).arrays.counts)
    with pytest.raises(LimitError, match=r"more than \d+ cells are needed"):
        subdivide(net, 0, coarse=True, max_cells=cells // 2)
    with pytest.raises(LimitError, match=r"more than \d+ bytes are needed"):
        subdivide(net, 0, coarse=True, max_memory=50_000)
    with pytest.raises(LimitError):
        pr.betti_numbers(net, max_cells=cells // 2)


def test_interrupts() -> None:
    net, calls = random_float32((3, 24, 24, 1)), []

    class StopError(Exception):
        pass

    def stop(stage: str, done: int, total: int) -> None:
        calls.append(stage)
        raise StopError

    with pytest.raises(StopError):
        subdivide(random_float32((3, 64, 64, 1)), 0, coarse=True, progress=stop)
    assert calls and subdivide(net, 0, coarse=True).is_coarse
