"""Short loops and enclosing surfaces, against minimum cycle bases by networkx and against volumes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any

import networkx as nx
import numpy as np
import pytest
from sympy import Matrix

import polyrelu as pr
from polyrelu.topology import shortening
from polyrelu.topology.chain import ChainComplex, chain_complex
from polyrelu.topology.shortening import enclosing, short_loops

Chain = dict[int, int]


def complex_of(graph: nx.Graph) -> tuple[ChainComplex, list[tuple[int, int]]]:
    """The graph as a chain complex, edges from the smaller to the larger vertex."""
    edges = [tuple(sorted(edge)) for edge in graph.edges]
    matrix = np.zeros((len(graph), len(edges)), int)
    for j, (a, b) in enumerate(edges):
        matrix[a, j], matrix[b, j] = -1, 1
    return ChainComplex([matrix], ranks=[len(graph), len(edges)]), edges


def fundamental(graph: nx.Graph, edges: list[tuple[int, int]]) -> tuple[dict[int, Chain], list[Chain]]:
    """(cocycles by edge, cycles): for each edge outside of a spanning forest the cochain on it, and its cycle."""
    forest = nx.Graph()
    forest.add_nodes_from(graph)
    cocycles: dict[int, Chain] = {}
    cycles: list[Chain] = []
    number = {edge: j for j, edge in enumerate(edges)}
    for j, (a, b) in enumerate(edges):
        if not nx.has_path(forest, a, b):
            forest.add_edge(a, b)
            continue
        cycle, path = {j: 1}, nx.shortest_path(forest, b, a)
        for u, v in pairwise(path):
            cycle[number[min(u, v), max(u, v)]] = 1 if u < v else -1
        cocycles[j] = {len(cycles): 1}
        cycles.append(cycle)
    return cocycles, cycles


def signed_components(graph: nx.Graph) -> list[tuple[int, int]]:
    component = {v: i for i, part in enumerate(nx.connected_components(graph)) for v in part}
    return [(component[v], 1) for v in range(len(graph))]


def given(cycles: list[Chain]) -> list[Callable[[], Chain]]:
    return [cycle.copy for cycle in cycles]


def loops_of(graph: nx.Graph) -> tuple[list[Chain], list[Chain]]:
    """(short, fundamental) cycles, after a check that the short ones are cycles and a basis."""
    complex_, edges = complex_of(graph)
    cocycles, known = fundamental(graph, edges)
    found = short_loops(complex_, signed_components(graph), cocycles, given(known))
    assert found is not None and len(found) == len(known)
    for loop in found:
        at: Chain = {}
        for j, value in loop.items():
            for v, sign in zip(edges[j], (-value, value), strict=True):
                at[v] = at.get(v, 0) + sign
        assert loop and not any(at.values())
    if found:
        pair = lambda i, z: sum(v * cocycles.get(j, {}).get(i, 0) for j, v in z.items())  # noqa: E731
        pairing = Matrix([[pair(i, z) for z in found] for i in range(len(known))])
        assert abs(pairing.det()) == 1
    return found, known


@pytest.mark.parametrize("seed", range(25))
def test_random_graphs(seed: int) -> None:
    """A basis over Z is one modulo 2, so that none is shorter than a minimum cycle basis; and each is a short one."""
    rng = Random(seed)
    n = rng.randint(3, 14)
    graph = nx.convert_node_labels_to_integers(nx.gnm_random_graph(n, rng.randint(0, 2 * n), seed=seed))
    found, known = loops_of(graph)
    least = sum(map(len, nx.minimum_cycle_basis(graph)))
    total = sum(map(len, found))
    assert least <= total <= sum(map(len, known))
    assert total == least  # with all roots tried


@pytest.mark.parametrize(
    "graph", [nx.grid_2d_graph(5, 6), nx.petersen_graph(), nx.hypercube_graph(3), nx.dodecahedral_graph()]
)
def test_graphs_with_known_bases(graph: nx.Graph) -> None:
    plain = nx.convert_node_labels_to_integers(graph)
    found, known = loops_of(plain)
    assert sum(map(len, found)) == sum(map(len, nx.minimum_cycle_basis(plain))) < sum(map(len, known))


def test_a_short_cycle_that_counts_twice_is_no_generator() -> None:
    """Triangle b and pentagon a at one vertex: f = f_a + 2 f_b is 2 on b, which so cannot take the place of a."""
    graph = nx.Graph([(0, 1), (1, 2), (2, 0), (0, 3), (3, 4), (4, 5), (5, 6), (6, 0)])
    complex_, edges = complex_of(graph)
    own, cycles = fundamental(graph, edges)
    b, a = sorted(range(2), key=lambda i: len(cycles[i]))
    cocycles = {j: ({0: 1} if a in value else {0: 2, 1: 1}) for j, value in own.items()}
    far = {j: cycles[b].get(j, 0) - 2 * cycles[a].get(j, 0) for j in {*cycles[a], *cycles[b]}}
    found = short_loops(complex_, signed_components(graph), cocycles, given([cycles[a], far]))
    assert found is not None and sorted(map(len, found)) == [3, 5] and len(found[0]) == 5


def test_without_effort_the_given_cycles_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = nx.convert_node_labels_to_integers(nx.grid_2d_graph(4, 4))
    monkeypatch.setattr(shortening, "EFFORT", 0)
    found, known = loops_of(graph)
    assert found == known


def test_forests_loops_and_what_is_no_graph() -> None:
    assert loops_of(nx.path_graph(5)) == ([], []) == loops_of(nx.empty_graph(3))
    bouquet = ChainComplex([[[0, 0]]], ranks=[1, 2])  # two edges without boundary
    assert short_loops(bouquet, [(0, 1)], {0: {0: 1}, 1: {1: 1}}, given([{0: 1, 1: 3}, {1: 1}])) == [{0: 1}, {1: 1}]
    assert short_loops(ChainComplex([[[2]]], ranks=[1, 1]), [(0, 1)], {}, []) is None
    # an edge that is the sum of two vertices is their difference where one of them has the sign −1
    circle = ChainComplex([[[1, 1], [1, 1]]], ranks=[2, 2])
    assert short_loops(circle, [(0, 1), (0, 1)], {}, []) is None
    cocycles = {0: {0: 1}}
    (loop,) = short_loops(circle, [(0, 1), (0, -1)], cocycles, given([{0: 1, 1: -1}])) or [{}]
    assert loop in ({0: 1, 1: -1}, {0: -1, 1: 1})


def components_of(complex_: ChainComplex) -> list[tuple[int, int]]:
    """(component, sign) of the cells of degree 0, so that every cell of degree 1 is a difference of two or a loop."""
    found: dict[int, tuple[int, int]] = {}
    rows = np.array(complex_.boundary(1), dtype=object).reshape(complex_.ranks[:2])
    ends = [[(int(i), int(column[i])) for i in np.flatnonzero(column)] for column in rows.T]
    for start in range(complex_.ranks[0]):
        stack = [] if start in found else [start]
        found.setdefault(start, (start, 1))
        while stack:
            v = stack.pop()
            for pair in (e for e in ends if len(e) == 2 and v in (e[0][0], e[1][0])):
                (_, s), (w, t) = pair if pair[0][0] == v else pair[::-1]
                if w not in found:
                    found[w] = found[start][0], -s * t * found[v][1]
                    stack.append(w)
    return [found[v] for v in range(complex_.ranks[0])]


def surfaces(net: pr.Network, relation: str, box: Any = None) -> tuple[pr.ChainComplex, list[Chain]]:
    region = pr.subdivide(net, 0, box).region(relation)
    complex_ = chain_complex(region)
    return complex_, enclosing(region, complex_, components_of(complex_))


# |x| + |y| in one ring between 1 and 2, and the same in R³: F > 0 on the ring
SIDES = {d: [[s if i == j else 0 for j in range(d)] for i in range(d) for s in (1, -1)] for d in (2, 3)}
RING = {
    d: pr.Network([SIDES[d], [[1] * (2 * d)] * 3, [[1, -2, 1]]], [[0] * (2 * d), [-1, "-3/2", -2], [0]]) for d in (2, 3)
}


@pytest.mark.parametrize("d", [2, 3])
@pytest.mark.parametrize(("relation", "number"), [(">", 1), ("<", 0), (">=", 0), ("<=", 1)])
def test_one_surface_for_every_bounded_component_of_the_complement(d: int, relation: str, number: int) -> None:
    complex_, found = surfaces(RING[d], relation)
    assert len(found) == number == pr.homology(complex_).betti[d - 1]
    for surface in found:
        rows = complex_.boundary(d - 1)
        assert surface and not any(sum(row[c] * v for c, v in surface.items()) for row in rows)


def test_a_hole_that_opens_to_the_wall_of_the_domain_is_none() -> None:
    closed = pr.Network([SIDES[2], [[1] * 4]], [[0] * 4, [-1]])  # ≥ 0 outside of a square
    _, found = surfaces(closed, ">=", [(-3, 3)] * 2)
    assert len(found) == 1 and len(found[0]) == 4
    assert surfaces(closed, ">=", [(0, 3), (-3, 3)])[1] == []
    assert surfaces(closed, ">", [(0, 3), (-3, 3)])[1] == []


def test_holes_within_holes() -> None:
    """Two rings, one in the other: each separates its own hole from infinity."""
    rings = pr.Network(
        [SIDES[2], [[1] * 4] * 5, [[1, -2, 2, -2, 1]]], [[0] * 4, [-1, -2, -3, -4, -5], ["-1/2"]]
    )  # a zigzag of |x| + |y|: above 1/2 around 2 and 4
    region = pr.subdivide(rings, 0).region(">")
    complex_, found = surfaces(rings, ">")
    assert len(found) == pr.homology(region).betti[1] == 2
    component = components_of(complex_)
    rows = np.array(complex_.boundary(1), dtype=object).reshape(complex_.ranks[:2])
    where = [{component[int(i)][0] for c in surface for i in np.flatnonzero(rows[:, c])} for surface in found]
    assert all(len(part) == 1 for part in where) and where[0] != where[1]
