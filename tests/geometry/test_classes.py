"""Partitions into classes against evaluation at points, other complexes, other networks, and theorems."""

from __future__ import annotations

import pickle
from fractions import Fraction
from itertools import combinations, pairwise
from random import Random
from typing import Any

import networkx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrelu.analysis.class_homology import class_betti_numbers
from polyrelu.constructions import maximum
from polyrelu.errors import InputError, LimitError, NetworkError, NumberError, PointError, RegionError
from polyrelu.geometry.classes import ClassRegion, classify
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.region import CellSet
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice
from polyrelu.topology.homology import Homology, homology
from support.classifiers import RINGS, check_cells, classifiers, largest_by_value
from support.known_answers import random_float32
from support.strategies import NUMBERS, examples, networks, points, polytopes, random_rows


def all_pairs(net: Network, pairs: list[tuple[int, int]]) -> Network:
    """A network with the differences F_i − F_j as last hidden neurons: its complex is refined by all their zeros."""
    rows = [[a - b for a, b in zip(net.weights[-1][i], net.weights[-1][j], strict=True)] for i, j in pairs]
    bias = [net.biases[-1][i] - net.biases[-1][j] for i, j in pairs]
    return Network([*net.weights[:-1], rows, [[0] * len(pairs)]], [*net.biases[:-1], bias, [0]], [*net.slopes, 0])


class Sampled(CellSet):
    """A set of cells that are in it when their interior points are: slow, and another way to every mask."""

    def __init__(self, complex: PolyhedralComplex, inside: Any, is_open: bool) -> None:
        super().__init__(complex)
        object.__setattr__(self, "inside", inside)
        object.__setattr__(self, "opened", is_open)

    @property
    def is_open(self) -> bool:
        return bool(self.opened)  # type: ignore[attr-defined]

    def mask(self, k: int) -> Any:
        cx = self.complex
        return np.array([self.contains(cx.interior_point(k, i)) for i in range(cx.n_cells(k))], dtype=bool)

    def contains(self, x: Any) -> bool:
        return bool(self.inside(x))  # type: ignore[attr-defined]


def margin(net: Network, i: int) -> Network:
    """F_i − max of the other outputs as a network of its own, with other neurons."""
    n = net.output_dim
    others = [j for j in range(n) if j != i]
    differences = Network([[[int(k == j) - int(k == i) for k in range(n)] for j in others]], [[0] * (n - 1)])
    return -net.followed_by(differences).followed_by(maximum(n - 1))


# ------------------------------------------------------------------------------------------------------- known answers


def test_rings() -> None:
    partition = classify(RINGS)
    assert partition.network is RINGS
    assert partition.n_classes == 3
    assert class_betti_numbers(RINGS) == ((1, 1), (1, 1), (1, 0))
    assert class_betti_numbers(RINGS, closed=True) == ((1, 1), (1, 1), (1, 0))
    assert class_betti_numbers(RINGS, [(0, 9)] * 2) == ((1, 0), (1, 0), (1, 0))
    assert homology(partition.boundary()).betti == (2, 2)
    assert [partition.class_of(x) for x in ([0, 0], ["3/2", 0], [1, -1], ["1/2", "1/2"], [7, 7])] == [2, 1, -1, -1, 0]
    assert partition.maximal_classes_at([2, 0]) == (0, 1)
    assert sorted(np.unique(partition.class_numbers())) == [0, 1, 2]
    assert repr(partition) == "Partition(3 classes of Network(2-4-3, ReLU): 12 regions)"
    assert repr(partition.region(1)) == "ClassRegion(class 1, open, of Network(2-4-3, ReLU))"
    assert repr(partition.region(1, closed=True)) == "ClassRegion(class 1, closed, of Network(2-4-3, ReLU))"
    assert repr(partition.boundary()) == "DecisionBoundary(Network(2-4-3, ReLU))"
    assert partition.region(0).f_vector == (0, 4, 4)
    assert partition.region(0, closed=True).f_vector == (4, 12 - 4, 4)
    assert partition.boundary().f_vector == (8, 8, 0)


@pytest.mark.parametrize("n", range(2, 10))
def test_sectors(n: int) -> None:
    """An affine network whose classes are the n sectors of a fan: every closed region contains the centre."""
    directions = [(k, k * k) for k in range(n)]  # on a parabola: each is extreme
    net = Network([directions], [[0] * n])
    assert class_betti_numbers(net) == ((1, 0),) * n
    assert class_betti_numbers(net, closed=True) == ((1, 0),) * n
    partition = classify(net)
    assert homology(partition.boundary()).betti == (1, 0)
    assert homology(classify(net, [(-1, 1)] * 2).boundary()).betti == (1, 0)
    assert partition.maximal_classes_at([0, 0]) == tuple(range(n))
    check_cells(partition)


def test_touching_without_crossing() -> None:
    """|x| against 0: class 1 is a point, though no region around it belongs to that class."""
    net = Network([[[1, 0], [-1, 0]], [[1, 1], [0, 0], [-1, -1]]], [[0, 0], [0, 0, 0]])
    partition = classify(net)
    assert [homology(partition.region(i)).betti for i in range(3)] == [(2, 0), (0, 0), (0, 0)]
    assert [homology(partition.region(i, closed=True)).betti for i in range(3)] == [(1, 0)] * 3
    assert homology(partition.boundary()).betti == (1, 0)
    assert partition.class_of([0, 5]) == -1 != partition.class_of([1, 5]) == 0


def test_equal_outputs() -> None:
    net = Network([[[1, 2], [1, 2], [0, 0]]], [[1, 1, 0]])
    partition = classify(net)
    assert set(partition.class_numbers()) == {-1, 2}
    assert [homology(partition.region(i)).betti for i in range(3)] == [(0, 0), (0, 0), (1, 0)]
    assert [homology(partition.region(i, closed=True)).betti for i in range(3)] == [(1, 0)] * 3
    constant = classify(Network([[[0, 0]] * 2], [[3, 3]]))
    assert constant.class_numbers().tolist() == [-1]
    assert homology(constant.boundary()).betti == (1, 0)
    assert class_betti_numbers(Network([[[0, 0]] * 2], [[3, 4]])) == ((0, 0), (1, 0))


def test_logistic_regression_in_many_dimensions() -> None:
    """Affine classes in R^30: convex regions, all cells share 25 directions or more."""
    rng = np.random.default_rng(1)
    net = Network([rng.standard_normal((5, 30))], [rng.standard_normal(5)])
    partition = classify(net)
    assert [homology(partition.region(i)).betti for i in range(5)] == [(1,) + (0,) * 29] * 5
    assert partition.complex.lineality_dim == 26  # 4 independent differences
    assert homology(partition.boundary()).betti == (1,) + (0,) * 29


# ------------------------------------------------------------------------------------- values, other routes, theorems


@given(st.data())
@examples(80)
def test_every_cell_by_value(data: st.DataObject) -> None:
    net = data.draw(classifiers(dims=(1, 2, 3, 4)))
    partition = classify(net)
    check_cells(partition)
    cx = partition.complex
    assert partition.class_numbers().tolist() == [
        w.index(True) if sum(w) == 1 else -1 for w in partition.maximal_classes(net.input_dim).tolist()
    ]
    x = data.draw(points(net.input_dim))
    found = cx.locate(x)
    assert found is not None
    assert partition.maximal_classes(found[0])[found[1]].tolist() == largest_by_value(net, x)
    assert partition.maximal_classes_at(x) == tuple(np.flatnonzero(largest_by_value(net, x)))


@given(st.data())
@examples(25)
def test_every_cell_over_a_domain(data: st.DataObject) -> None:
    net = data.draw(classifiers())
    partition = classify(net, Domain(*data.draw(polytopes(net.input_dim))))
    check_cells(partition)
    sets = [partition.region(i, closed) for i in range(net.output_dim) for closed in (False, True)]
    sets.append(partition.boundary())
    for part in sets:
        for k in range(len(partition.complex.lineality), net.input_dim + 1):
            mask = part.mask(k)
            for i in range(0, len(mask), 3):
                assert part.contains(partition.complex.interior_point(k, i)) == mask[i]


@given(st.data())
@examples(30)
def test_against_the_margin_as_a_network(data: st.DataObject) -> None:
    net = data.draw(classifiers(outputs=(2, 3, 4)))
    box = data.draw(st.sampled_from([None, [(-1, 2)] * net.input_dim]))
    partition = classify(net, box)
    for i in range(net.output_dim):
        other = subdivide(margin(net, i), level=0, domain=box)
        assert homology(partition.region(i)) == homology(other.region(">"))
        assert homology(partition.region(i, closed=True)) == homology(other.region(">="))


@given(st.data())
@examples(20)
def test_against_all_differences_at_once(data: st.DataObject) -> None:
    """Another refinement, by all n(n − 1)/2 differences, whose cells are told apart by evaluation."""
    net = data.draw(classifiers(dims=(1, 2), outputs=(3, 4)))
    n = net.output_dim
    partition = classify(net)
    cx = subdivide(all_pairs(net, list(combinations(range(n), 2))))
    for i in range(n):
        for closed in (False, True):
            region = Sampled(cx, partition.region(i, closed).contains, not closed)
            assert homology(region) == homology(partition.region(i, closed))
    ties = Sampled(cx, lambda x: sum(largest_by_value(net, x)) > 1, False)
    assert homology(ties) == homology(partition.boundary())


@given(st.data())
@examples(30)
def test_two_classes_are_the_sides_of_a_level(data: st.DataObject) -> None:
    net = data.draw(classifiers(dims=(1, 2, 3, 4), outputs=(2,)))
    partition, cx = classify(net), subdivide(net.difference(0, 1), level=0)
    assert partition.complex.f_vector == cx.f_vector
    assert homology(partition.region(0)) == homology(cx.region(">"))
    assert homology(partition.region(0, closed=True)) == homology(cx.region(">="))
    assert homology(partition.region(1)) == homology(cx.region("<"))
    assert homology(partition.region(1, closed=True)) == homology(cx.region("<="))
    assert homology(partition.boundary()) == homology(cx.region("="))


@given(st.data())
@examples(20)
def test_the_order_of_the_classes_is_without_effect(data: st.DataObject) -> None:
    net = data.draw(classifiers())
    order = data.draw(st.permutations(range(net.output_dim)))
    rows, bias = ([part[-1][i] for i in order] for part in (net.weights, net.biases))
    other = classify(Network([*net.weights[:-1], rows], [*net.biases[:-1], bias], net.slopes))
    partition = classify(net)
    for i, j in enumerate(order):
        for closed in (False, True):
            assert homology(other.region(i, closed)) == homology(partition.region(j, closed))
    assert homology(other.boundary()) == homology(partition.boundary())


@given(st.data())
@examples(30)
def test_euler_characteristics_add_up(data: st.DataObject) -> None:
    """With compact supports they are additive, (−1)^d for R^d, and (−1)^d χ for an open set, by duality."""
    net = data.draw(classifiers(dims=(1, 2, 3, 4)))
    partition = classify(net)
    d, n = net.input_dim, net.output_dim
    sign = (-1) ** d
    boundary = sum((-1) ** k * c for k, c in enumerate(partition.boundary().f_vector))
    total = sum(sign * homology(partition.region(i)).euler_characteristic for i in range(n))
    assert total + boundary == sign


@given(st.data())
@examples(20)
def test_components_are_those_of_the_adjacency_graph(data: st.DataObject) -> None:
    """An open set stays connected, or not, without its cells of dimension less than d − 1."""
    net = data.draw(classifiers(dims=(2, 3)))
    partition = classify(net)
    cx, d = partition.complex, net.input_dim
    graph = cx.dual_graph()
    for i in range(net.output_dim):
        region = partition.region(i)
        regions, walls = set(region.cells(d).tolist()), set(region.cells(d - 1).tolist())
        inner = networkx.Graph()
        inner.add_nodes_from(regions)
        inner.add_edges_from((a, b) for a, b, wall in graph.edges(data="facet") if wall in walls)
        assert networkx.number_connected_components(inner) == homology(region).betti[0]


@given(st.data())
@examples(20)
def test_alexander_duality(data: st.DataObject) -> None:
    """Another class that wins far outside makes the closed regions compact; each is dual to its complement."""
    d = data.draw(st.sampled_from([1, 2, 3]))
    rng = Random(data.draw(st.integers(0, 2**32)))
    hidden = random_rows(rng, rng.randint(1, 3), d, NUMBERS[0], True)
    rows = random_rows(rng, 2, len(hidden) + 2 * d, NUMBERS[0], True)
    norm = [[s * (i == j) for j in range(d)] for i in range(d) for s in (1, -1)]
    steep = 9 * d * len(hidden) + 9
    far = [0] * len(hidden) + [steep] * (2 * d)
    shift = [rng.randint(-1, 1) for _ in hidden] + [0] * (2 * d)
    net = Network([hidden + norm, [*rows, far]], [shift, [rng.randint(-1, 1), rng.randint(-1, 1), -steep]])
    partition = classify(net)
    cx = partition.complex
    for i in range(2):
        region = partition.region(i, closed=True)
        assert all(cx.bounded_modulo_lineality(k)[region.cells(k)].all() for k in range(d + 1))
        inner: Homology = homology(region)
        outer = homology(Sampled(cx, lambda x, region=region: not region.contains(x), True))
        if not any(inner.betti):
            assert outer.betti == (1,) + (0,) * (d - 1)
            continue
        for k in range(d):
            assert inner.betti[k] - (k == 0) == outer.betti[d - 1 - k] - (k == d - 1) - (k == 0)


def test_a_trained_shape_against_a_grid() -> None:
    net = random_float32((2, 8, 8, 4), 3)
    partition = classify(net, [(-2, 2)] * 2)
    seen = set()
    for a in range(-8, 9):
        for b in range(-8, 9):
            x = [Fraction(a, 4), Fraction(b, 4) + Fraction(1, 1000)]
            if abs(x[1]) <= 2:
                values = net(x)
                assert partition.class_of(x) == values.index(max(values))
                k, i = partition.complex.locate(x)  # type: ignore[misc]
                assert partition.maximal_classes(k)[i, partition.class_of(x)]
                seen.add(partition.class_of(x))
    assert seen <= set(partition.class_numbers().tolist())
    assert len(seen) > 1


@given(st.data())
@examples(20)
def test_largest_at_all_vertices(data: st.DataObject) -> None:
    """Without the signs of comparisons: F_i − max F ≤ 0 is affine on a cell, so zero iff it is at vertices and rays."""
    net = data.draw(classifiers(dims=(1, 2, 3)))
    box = data.draw(st.sampled_from([None, [(-1, 2)] * net.input_dim]))
    partition = classify(net, box)
    cx, growth = partition.complex, net.recession()
    found = [largest_by_value(net, x) for x in cx.vertices()] + [largest_by_value(growth, r) for r in cx.rays()]
    masks = cx.intersected_masks(np.packbits(np.array(found), axis=1))
    for k, expected in enumerate(masks, len(cx.lineality)):
        assert (partition.masks(k) == expected).all()


@given(st.data())
@examples(20)
def test_every_number_of_threads(data: st.DataObject) -> None:
    net = data.draw(classifiers(dims=(2, 3), outputs=(2, 3, 5, 9)))
    one, more = classify(net), classify(net, threads=3)
    for k in range(len(one.complex.lineality), net.input_dim + 1):
        assert (one.masks(k) == more.masks(k)).all()


@pytest.mark.parametrize("n", [63, 66, 70])
def test_many_classes(n: int) -> None:
    """Signs of up to 69 comparisons in seven rounds, kept beside those of the identity neurons."""
    rng = Random(n)
    order = rng.sample(range(n), n)
    net = Network([[[k] for k in order]], [[-k * k + rng.randint(0, 2) for k in order]])  # tangents of a parabola
    check_cells(classify(net))
    tied = Network([[[1], [-1]], [[1, 1]] * n], [[0, 0], [0] * n])
    partition = classify(tied)
    assert all(partition.maximal_classes(k).all() for k in range(2))
    assert set(partition.class_numbers().tolist()) == {-1}
    assert homology(partition.boundary()).betti == (1,)


def test_large_layers_of_many_outputs() -> None:
    """Regions whose neurons need more words than the comparisons, and rounds with fewer neurons than were kept."""
    net = random_float32((2, 70, 40), 1)
    partition = classify(net, [(-1, 1)] * 2, threads=2)
    cx = partition.complex
    rng = Random(0)
    for k in range(3):
        for i in rng.sample(range(cx.n_cells(k)), 60):
            assert partition.maximal_classes(k)[i].tolist() == largest_by_value(net, cx.interior_point(k, i))
    bare = subdivide(net, domain=[(-1, 1)] * 2)
    assert [regions.plus.shape[1] for regions in cx.arrays.regions[:4]] == [0, 1, 2, 1]
    for ours, theirs in zip(cx.arrays.regions, bare.arrays.regions, strict=False):
        assert all(map(np.array_equal, ours, theirs))


def test_former_names() -> None:
    partition = classify(RINGS)
    with pytest.warns(DeprecationWarning, match="called maximal_classes now"):
        assert (partition.winners(2) == partition.maximal_classes(2)).all()
    with pytest.warns(DeprecationWarning, match="called maximal_classes_at now"):
        assert partition.winners_at([2, 0]) == (0, 1)


# ------------------------------------------------------------------------------------------------- what it is made from


@given(st.data())
@examples(30)
def test_composition(data: st.DataObject) -> None:
    net = data.draw(classifiers())
    other = data.draw(networks(dims=(net.output_dim,), widths={net.output_dim: [(), (3,), (2, 2)]}))
    both = net.followed_by(other)
    assert both.architecture == (*net.architecture[:-1], *other.architecture[1:])
    for _ in range(3):
        x = data.draw(points(net.input_dim))
        assert both(x) == other(net(x))
        growth = net.recession()(x)
        far = Fraction(10**300)
        near = net([far * c for c in x])
        assert all(abs(near_i / far - g) < Fraction(1, 10**100) for near_i, g in zip(near, growth, strict=True))


def test_what_cannot_be_composed() -> None:
    with pytest.raises(NetworkError, match="expected a network with 3 inputs, got 2"):
        RINGS.followed_by(RINGS)
    large = Network([[[10**2500]]], [[0]])
    with pytest.raises(NumberError, match="layer 1 of the resulting network"):
        large.followed_by(large)


def test_outputs_beyond_the_range_of_doubles() -> None:
    endless = Network([[[10**400], [-(10**400)]]], [[0, 0]])
    assert classify(endless).class_numbers().tolist() in ([0, 1], [1, 0])


@given(st.data())
@examples(30)
def test_masks_over_and_around_cells(data: st.DataObject) -> None:
    net = data.draw(networks())
    cx = subdivide(net)
    d, low = net.input_dim, len(cx.lineality)
    n = cx.n_finite_vertices + cx.n_rays
    masks = np.random.default_rng(0).integers(0, 256, (n, 2), dtype=np.uint8)
    for k, found in enumerate(cx.intersected_masks(masks), low):
        expected = [np.bitwise_and.reduce(masks[cx.cell_vertices(k, i)], axis=0) for i in range(cx.n_cells(k))]
        assert found.tolist() == np.array(expected).reshape(-1, 2).tolist()
    regions = np.random.default_rng(1).integers(0, 256, (cx.n_cells(d), 1), dtype=np.uint8)
    united = np.zeros((n, 1), np.uint8)
    for i, mask in enumerate(regions):
        united[cx.cell_vertices(d, i)] |= mask
    assert cx.united_masks(regions).tolist() == united.tolist()
    y, error = cx.enclosures()
    rows = zip(map(tuple, y.tolist()), error.tolist(), strict=True)
    assert list(rows) == [cx.enclosure(v) for v in range(n)]
    for first in range(net.depth + 1):
        before = sum(a != 1 for layer in net.slopes[:first] for a in layer)
        assert cx.region_signs(first).tolist() == cx.region_signs()[:, before:].tolist()


# ------------------------------------------------------------------------------------------------- as objects, errors


def test_pickling_and_immutability() -> None:
    partition = classify(RINGS, [(-3, 3)] * 2)
    again = pickle.loads(pickle.dumps(partition))
    for part in (partition.region(0), partition.region(1, closed=True), partition.boundary()):
        copy = pickle.loads(pickle.dumps(part))
        assert (type(copy), repr(copy), copy.is_open) == (type(part), repr(part), part.is_open)
        assert homology(copy) == homology(part)
        assert all((copy.mask(k) == part.mask(k)).all() for k in range(3))
        with pytest.raises(AttributeError, match="cannot be changed"):
            part._complex = None
        part.mask(0)[:] = False  # a copy
        assert copy.mask(0).tolist() == part.mask(0).tolist()
    assert homology(again.region(1)) == homology(partition.region(1))
    with pytest.raises(ValueError, match="read-only"):
        partition.masks(0)[:] = 0
    assert partition.region(np.int64(2)).index == 2  # type: ignore[arg-type]
    assert isinstance(partition.region(0), ClassRegion)


def test_errors() -> None:
    with pytest.raises(RegionError, match="the network has one output"):
        classify(RINGS.output(0))
    with pytest.raises(InputError, match="expected a Network"):
        classify("net")  # type: ignore[arg-type]
    with pytest.raises(LimitError):
        classify(RINGS, max_cells=20)
    partition = classify(RINGS, [(0, 1)] * 2)
    for index in (-1, 3, True, 1.0, None):
        with pytest.raises(RegionError, match="class: expected an integer from 0 to 2"):
            partition.region(index)  # type: ignore[arg-type]
    with pytest.raises(PointError, match="outside the domain"):
        partition.class_of([2, 0])
    with pytest.raises(PointError):
        partition.class_of([0])
    with pytest.raises(PointError, match="dimension"):
        partition.maximal_classes(3)
    assert not partition.region(0).contains([5, 5])
    assert not partition.boundary().contains([2, 0])


def test_progress_is_reported() -> None:
    """The core reports a few times a second, so that only a network that takes longer shows its layers."""
    kinds: set[str] = set()
    for width in (40, 80, 160, 320, 640):
        seen: list[tuple[str, int, int]] = []
        classify(random_float32((2, width, width, 4)), progress=lambda *args, seen=seen: seen.append(args))
        assert all(0 <= done <= total for _, done, total in seen)
        kinds |= {what.split()[0] for what, _, _ in seen}
        if len(kinds) > 1:
            break
    assert kinds == {"layer", "classes"}


# ------------------------------------------------------------------------------------------- a network of the field


def acas_shaped(seed: int) -> Network:
    """5 inputs, 6 hidden layers of 50, 5 outputs; weights N(0, 2 / fan-in) in float32."""
    rng = np.random.default_rng(seed)
    sizes = [5, *[50] * 6, 5]
    weights = [(rng.standard_normal((n, m)) * np.sqrt(2 / m)).astype(np.float32) for m, n in pairwise(sizes)]
    return Network(weights, [(rng.standard_normal(n) / 10).astype(np.float32) for n in sizes[1:]])


@pytest.mark.slow
def test_a_plane_of_an_acas_shaped_network() -> None:
    net = acas_shaped(4)
    plane = Slice([[0] * 5, [1, 0, 0, 0, 0], [0, 1, 0, 0, 0]])
    inner, box = plane.restrict(net), [(-1, 1)] * 2
    partition = classify(inner, box)
    cx = partition.complex
    rng = Random(0)
    for i in rng.sample(range(cx.n_regions), 60):
        x = cx.interior_point(2, i)
        assert net(plane.point(x))[partition.class_numbers()[i]] == max(net(plane.point(x)))
    for i in range(5):
        other = subdivide(margin(inner, i), level=0, domain=box)
        assert homology(partition.region(i)) == homology(other.region(">"))
    assert [homology(partition.region(i)).betti for i in range(5)] == [(0, 0), (4, 1), (2, 0), (1, 1), (1, 0)]


def test_no_cells_below_the_lineality_space() -> None:
    partition = classify(Network([[[1, 0, 0]], [[1], [-1]]], [[0], [0, 0]]))
    region = partition.region(0)
    assert [len(region.mask(k)) for k in range(4)] == [partition.complex.n_cells(k) for k in range(4)]
    assert partition.complex.n_cells(0) == partition.complex.n_cells(1) == 0 == len(partition.masks(1))
