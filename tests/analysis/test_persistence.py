"""Bars and integral homology at all levels against the computation at one level, and against symmetries."""

from __future__ import annotations

import pickle
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu import _core
from polyrelu.analysis import filtration
from polyrelu.geometry import vertex_values
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.stages import complex_stages
from support import filtered
from support.known_answers import SHELLS, Case, cases, random_float32, shells
from support.strategies import WIDER, capped, examples, networks, polytopes, rescaled

FIELDS = [2, 3, "Q", 2**31 - 1]
FAR = (10**2000, 10**2000 + 1)  # beyond all breaks, subnormal weights included
EXAMPLES = Path(__file__).parents[2] / "examples"


def negative(net: pr.Network) -> pr.Network:
    weights, biases = [*net.weights[:-1], [[-w for w in row] for row in net.weights[-1]]], list(net.biases)
    biases[-1] = [-b for b in biases[-1]]
    return pr.Network(weights, biases, net.slopes)


def between(levels: tuple[Fraction, ...], most: int) -> list[Fraction]:
    """The levels and others between and beyond them, at most so many."""
    if not levels:
        return [Fraction(0)]
    inner = [x for a, b in pairwise(levels) for x in ((a + b) / 2, b)]
    found = [levels[0] - 1, levels[0], *inner, levels[-1] + 1]
    return found[:: 1 + len(found) // most]


def check(net: pr.Network, domain: Any = None, field: Any = 2, most: int = 8) -> None:
    """Sublevel and superlevel sets, by bars and by integral homology, against other complexes for some levels."""
    for superlevel, relation in ((False, "<="), (True, ">=")):
        bars = pr.persistence(net, domain, superlevel=superlevel, field=field)
        groups = pr.levels(net, domain, superlevel=superlevel)
        assert set(bars.critical_levels) <= set(groups.critical_levels)
        for t in between(groups.critical_levels, most):
            expected = pr.analyse_region(net, relation, t, domain).homology
            assert groups.homology(t) == expected, (relation, t)
            torsion = [sum(bars.field and m % bars.field == 0 for m in of) for of in expected.torsion]
            over = [b + m + n for b, m, n in zip(expected.betti, torsion, [0, *torsion], strict=False)]
            assert bars.betti(t) == tuple(over), (relation, t)
        for of_degree in bars.details:
            for bar in of_degree:
                check_bar(bars, bar)
        for point in groups.critical_points:
            assert net(point.vertex) == point.level
            assert point.indices


def check_bar(bars: pr.Persistence, bar: pr.Bar) -> None:
    net = bars.network
    ends = [(bar.birth, bar.born_at, -1), (bar.death, bar.dies_at, 1)]
    for value, place, sign in ends:
        if value is not None:
            assert place.ray is None and net(place.vertex) == value
        elif place is not None:
            far = [net([s * x for x in place.ray]) for s in FAR]
            assert sign * (far[1] - far[0]) * (-1 if bars.superlevel else 1) > 0
    if bar.birth is not None and bar.death is not None:
        assert (bar.birth < bar.death) != bars.superlevel


@pytest.mark.parametrize("case", cases(), ids=repr)
def test_stored_case(case: Case) -> None:
    check(case.network, field="Q", most=5)


@given(st.data())
@examples(30)
def test_any_network(data: st.DataObject) -> None:
    check(data.draw(networks()), field=data.draw(st.sampled_from(FIELDS)), most=6)


@given(st.data())
@examples(20)
def test_any_network_over_a_domain(data: st.DataObject) -> None:
    net = data.draw(networks(dims=(1, 2, 3)))
    domain = Domain(*data.draw(polytopes(net.input_dim)))
    check(net, domain, data.draw(st.sampled_from(FIELDS)), most=6)


@given(st.data())
@examples(15)
def test_compact_superlevel_sets(data: st.DataObject) -> None:
    """Alexander duality at regular levels: β_k(F ≥ t) = β_{d−k−1}(F < t), but for what a ball adds."""
    net = capped(data.draw(networks(dims=(2, 3), widths={2: [(4,), (3, 3)], 3: [(2,), (3,)]})), Fraction(5))
    d = net.input_dim
    above, below = pr.persistence(net, superlevel=True), pr.persistence(net)
    assert set(above.critical_levels) == set(below.critical_levels)
    for a, b in pairwise(above.critical_levels):
        inside, outside = list(above.betti((a + b) / 2)), list(below.betti((a + b) / 2))
        inside[0] -= 1
        outside[0] -= 1  # reduced
        outside[d - 1] -= 1  # the point at infinity closes a sphere
        assert inside == outside[::-1]


@given(st.data())
@examples(25)
def test_symmetries(data: st.DataObject) -> None:
    net = data.draw(networks(widths=WIDER))
    found, mirrored = pr.persistence(net), pr.persistence(negative(net), superlevel=True)
    scaled = rescaled(net, [[Fraction(7, 3)] * len(rows) for rows in net.weights[:-1]])
    for k in range(net.input_dim):
        signs = [tuple(None if x is None else -x for x in bar) for bar in mirrored.bars(k)]
        assert Counter(found.bars(k)) == Counter(signs)
        assert Counter(pr.persistence(scaled).bars(k)) == Counter(found.bars(k))


@pytest.mark.parametrize("example", SHELLS[:4], ids=lambda s: "-".join(map(str, s.architecture)))
def test_shells(example: Any) -> None:
    net = shells(example.architecture, example.cuts)
    assert pr.persistence(net, superlevel=True).betti(Fraction(1, 10**6)) == example.betti


@pytest.mark.parametrize("architecture", [(2, 16, 16, 1), (3, 8, 8, 1), (4, 5, 5, 1)])
def test_float_networks(architecture: tuple[int, ...]) -> None:
    """Coordinates are no small integers: the order of the values is found in floating point."""
    net = random_float32(architecture, 3)
    check(net, most=4)
    assert pr.persistence(net, threads=3).details == pr.persistence(net).details


def test_order_of_values_in_words_in_doubles_and_in_gmp() -> None:
    """The three ways in which values are compared give one order, which is that of the values."""
    nets = [random_float32((2, 6, 6, 1), 1), pr.shells((2, 8, 6, 1), [2]), *(case.network for case in cases()[:4])]
    one, two, _ = nets[0].weights  # what is left after cancellation is far below the errors of doubles
    rows = [two[0], two[0], two[1]]
    nets.append(pr.Network([one, rows, [["1/3", "-1/3", Fraction(1, 2**70)]]], [nets[0].biases[0], [0, 0, 1], [0]]))
    for net in nets:
        cx = pr.subdivide(net)
        expected = vertex_values.VertexValues(cx, threads=2)
        of_vertices = [cx.network(x) for x in cx.vertices()]
        ordered = sorted(set(of_vertices))
        assert [ordered[i] for i in expected.ranks] == of_vertices
        assert expected.values(range(expected.n_values)) == ordered
        for ray, sign in zip(cx.rays(), expected.ray_signs.tolist(), strict=True):
            ends = [cx.network([s * x for x in ray]) for s in FAR]
            assert np.sign(ends[1] - ends[0]) == sign
        # Enclosures that are wider overlap, or enclose nothing: the exact coordinates decide.
        stages = complex_stages(net, None, cx.coordinates.kept, Fraction(0))
        regions, arrays = list(cx.arrays.regions[: len(stages)]), cx.arrays.vertices
        kept = [0, *(1 + k for k in cx.coordinates.kept)]
        exact = {v: tuple(x) for v, x in enumerate(cx.homogeneous_array()[:, kept].tolist())}
        for error in (1e-12, 1e-3, np.inf):
            errors = np.maximum(arrays.errors, error)
            solver = _core.VertexSolver(
                stages, regions, arrays.coordinates, errors, np.full_like(arrays.origins, -1), exact, 2**62
            )
            ranks, _, ray_signs = _core.rank_values(solver, expected._region, cx.n_finite_vertices, 2)
            assert np.array_equal(ranks, expected.ranks)
            assert np.array_equal(ray_signs, expected.ray_signs)


@given(st.data())
@examples(25)
def test_all_cells_by_the_textbook(data: st.DataObject) -> None:
    """Without flats, matchings, union-find and the core: the same bars."""
    net = data.draw(networks(dims=(1, 2, 3), widths={1: [(4,), (3, 2)], 2: [(4,), (3, 2)], 3: [(3,), (2, 2)]}))
    domain = data.draw(st.sampled_from([None, [(-1, 2)] * net.input_dim]))
    p = data.draw(st.sampled_from([2, 3, 0]))
    for superlevel in (False, True):
        cx = pr.subdivide(net, None if net.depth else 0, domain)
        expected = filtered.bars(cx, superlevel, p)
        found = pr.persistence(net, domain, superlevel=superlevel, field=p)
        for k in range(net.input_dim):
            bars = []
            for birth, death, _, dies_at in found.details[k]:
                ends = [(0, -x) if superlevel and x is not None else (0, x) for x in (birth, death)]
                born = (-1, Fraction(0)) if birth is None else ends[0]
                bars.append((born, filtered.INFINITE if dies_at is None else ends[1]))
            assert sorted(bars) == (expected[k] if k < len(expected) else [])


@pytest.mark.parametrize("architecture", [(2, 9, 6, 1), (3, 6, 4, 1)])
def test_large_flats(architecture: tuple[int, ...]) -> None:
    """min(F, c): where F is larger, hundreds of cells are in one flat."""
    net = random_float32(architecture, 4)
    c = sorted(net(x) for x in pr.subdivide(net).vertices())[20].limit_denominator(100)
    below = ([-w for w in net.weights[-1][0]], c - net.biases[-1][0])
    net = pr.Network([*net.weights[:-1], [below[0]], [[-1]]], [*net.biases[:-1], [below[1]], [c]])
    values = [net(x) for x in pr.subdivide(net).vertices()]
    assert values.count(c) > 64 and len(set(values)) > 8
    check(net, most=3)
    zero = pr.Network([*net.weights[:-1], [[0]]], net.biases)
    assert pr.persistence(zero).bars(0) == ((c, None),) and not pr.persistence(zero).bars(1)


def test_affine_networks() -> None:
    plane = pr.Network([[[1, 2]]], [[3]])
    assert pr.persistence(plane).bars(0) == ((None, None),)
    assert pr.persistence(plane, [(0, 1), (0, 1)], superlevel=True).bars(0) == ((Fraction(6), None),)
    constant = pr.Network([[[0, 0]]], [["1/3"]])
    assert pr.persistence(constant).bars(0) == ((Fraction(1, 3), None),)
    assert pr.levels(constant).critical_points[0].level == Fraction(1, 3)


def test_degenerate_critical_point() -> None:
    """F = 2|x| + 2|y| − 3/2 |x + y| − 3/2 |x − y|: four wedges where F < 0 meet at 0."""
    rows = [[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, -1], [1, -1], [-1, 1]]
    wedges = pr.Network([rows, [[2] * 4 + ["-3/2"] * 4]], [[0] * 8, [0]])
    found = pr.levels(wedges)
    (point,) = found.critical_points
    assert (point.level, point.vertex) == (0, (0, 0))
    assert found.groups[0].betti == (4, 0) and found.groups[1].betti == (1, 0)
    assert point.change.betti == (0, 3, 0)


def test_flat_of_several_cells() -> None:
    ring = pr.Network([[[1], [-1]], [[1, 1]]], [[-1, -1], [0]])  # max(0, |x| − 1): a flat from −1 to 1
    found = pr.levels(ring)
    (point,) = found.critical_points
    assert point.level == 0 and point.vertex in ((-1,), (1,)) and point.indices == (0,)
    assert pr.persistence(ring).bars(0) == ((Fraction(0), None),)


def test_export() -> None:
    net = pr.load(EXAMPLES / "annulus.json")
    found = pr.persistence(net, superlevel=True)
    assert found.diagram(0).tolist() == [[-1, np.inf]] and found.diagram(1).tolist() == [[-1, 1]]
    assert [x.tolist() for x in found.arrays()] == [found.diagram(0).tolist(), found.diagram(1).tolist()]
    assert found.triples().tolist() == [[-1, np.inf, 0], [-1, 1, 1]]
    assert pickle.loads(pickle.dumps(found)) == found
    huge = pr.persistence(pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [10**400]]))
    assert huge.bars(0) == ((10**400, None),) and huge.diagram(0).tolist() == [[np.inf, np.inf]]


@pytest.mark.parametrize("field", [1, -2, 4, 2**31 - 3, 2**61 - 1, True, 2.0, "F4", "Z", None])
def test_fields_that_are_none(field: Any) -> None:
    with pytest.raises(pr.InputError, match="field: expected a prime"):
        pr.persistence(pr.sawtooth(1), field=field)


def test_several_outputs() -> None:
    with pytest.raises(pr.RegionError, match="2 outputs"):
        pr.persistence(pr.Network([[[1], [-1]], [[1, 0], [0, 1]]], [[0, 0], [0, 0]]))


def test_limits_are_passed_on() -> None:
    with pytest.raises(pr.LimitError):
        pr.levels(pr.shells((2, 8, 6, 1), [2]), max_cells=10)
    assert filtration.CriticalFiltration(pr.shells((2, 8, 6, 1), [2]), None, False, {"threads": 2}).input_dim == 2


def test_gudhi_on_a_triangulation() -> None:
    gudhi = pytest.importorskip("gudhi")
    net = random_float32((2, 12, 12, 1), 5)
    box = [(-2, 2), (-2, 2)]
    cx = pr.subdivide(net, domain=box)
    tree = gudhi.SimplexTree()
    number: dict[Any, int] = {}
    value: list[float] = []
    for k in range(3):
        for i in range(cx.n_cells(k)):
            number[k, i] = len(number)
            value.append(max(float(net(cx.vertex(v))) for v in cx.cell_vertices(k, i)))
    faces = {(k, i): {(k - 1, f) for f in cx.facets(k).row(i).tolist()} for k in (1, 2) for i in range(cx.n_cells(k))}
    for i in range(cx.n_cells(2)):
        for edge in faces[2, i]:
            for vertex in faces[edge]:
                chain = [number[x] for x in (vertex, edge, (2, i))]
                tree.insert(chain, filtration=value[chain[-1]])
                tree.insert(chain[:2], filtration=value[chain[1]])
    for x, t in zip(number.values(), value, strict=True):
        tree.assign_filtration([x], t)
    assert not tree.make_filtration_non_decreasing()  # every simplex has the value of its largest cell
    tree.compute_persistence(homology_coeff_field=2, min_persistence=0)
    found = pr.persistence(net, box)
    for k in (0, 1):
        ours, theirs = found.diagram(k), tree.persistence_intervals_in_dimension(k)
        assert sorted(ours.tolist()) == sorted(x.tolist() for x in theirs if x[0] < x[1])


@pytest.mark.parametrize(("d", "n"), [(1, 40), (2, 12), (3, 5)])
def test_gudhi_on_a_cubical_complex(d: int, n: int) -> None:
    """Σ f_i(x_i) with breaks at integers is affine on every unit cube: the filtration by vertices is the exact one."""
    gudhi = pytest.importorskip("gudhi")
    slopes = np.random.default_rng(d).integers(-4, 5, (d, n))
    rows = [[int(i == j) for j in range(d)] for i in range(d) for _ in range(n)]
    net = pr.Network([rows, [slopes.ravel().tolist()]], [[-k for _ in range(d) for k in range(n)], [0]])
    values = np.zeros((n + 1,) * d)
    for axis, of_axis in enumerate(slopes):
        along = [sum(int(c) * max(x - k, 0) for k, c in enumerate(of_axis)) for x in range(n + 1)]
        values = values + np.reshape(along, [-1 if k == axis else 1 for k in range(d)])
    for superlevel, sign in ((False, 1.0), (True, -1.0)):
        cubes = gudhi.CubicalComplex(vertices=sign * values)
        cubes.compute_persistence(homology_coeff_field=3, min_persistence=0)
        found = pr.persistence(net, [(0, n)] * d, superlevel=superlevel, field=3)
        for k in range(d):
            theirs = [x.tolist() for x in cubes.persistence_intervals_in_dimension(k) if x[0] < x[1]]
            assert sorted(found.diagram(k).tolist()) == sorted(theirs)
