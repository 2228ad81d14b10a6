"""Cells on walls: every part names them alike, as their exact coordinates say, which the core does without."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrelu.analysis.part import _Walls
from polyrelu.analysis.problems import Problem
from polyrelu.exact.rational import primitive
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.cut_tree import CutTree, choose_cuts
from polyrelu.geometry.domain import Domain
from polyrelu.network.network import Network
from support.known_answers import random_float32, shells
from support.strategies import examples, levels, networks, polytopes

Vector = tuple[int, ...]


def complex_of(of: Problem, tree: CutTree, leaf: int) -> PolyhedralComplex:
    """The complex of a part, as `make_part` makes it."""
    return of.make(tree.domain(leaf, of.domain), {}, is_cut=bool(tree.nodes)).complex


def sign(form: Vector, x: Vector) -> int:
    value = sum(a * b for a, b in zip(form, x, strict=True))
    return (value > 0) - (value < 0)


def exactly(cx: PolyhedralComplex, tree: CutTree) -> dict[tuple[int, tuple[int, ...]], set[frozenset[Vector]]]:
    """The finite cells that several leaves contain, by dimension and leaves, from exact coordinates."""
    found: dict[tuple[int, tuple[int, ...]], set[frozenset[Vector]]] = {}
    vectors = [cx.homogeneous(v) for v in range(cx.n_finite_vertices + cx.n_rays)]
    signs = [[sign(form, x) for form in tree.forms] for x in vectors]
    sides = [tree.sides(leaf) for leaf in range(tree.n_leaves)]
    for q in range(cx.arrays.rank + 1):
        for i in range(cx.arrays.finite[q]):
            spanning = cx.arrays.vertices_of(q, i).tolist()
            of_cell = [{signs[v][j] for v in spanning} for j in range(len(tree.forms))]
            assert all(not {-1, 1} <= x or not cx.arrays.boundary[q][i] for x in of_cell)
            sign_of = [sum(x) for x in of_cell]
            around = (i for i, cuts in enumerate(sides) if all(side * sign_of[number] >= 0 for number, side in cuts))
            leaves = tuple(around)
            if cx.arrays.boundary[q][i] and len(leaves) > 1:
                found.setdefault((q, leaves), set()).add(frozenset(vectors[v] for v in spanning))
    return found


def position(x: Vector) -> list[Fraction]:
    """What the order of vertices depends on: see `_cpp/vertex_order.hpp`."""
    state, factors = 1, []
    for _ in x[1:]:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        factors.append(state >> 44 | 1)
    form = sum(a * b for a, b in zip(factors, x[1:], strict=True))
    return [Fraction(a, x[0]) for a in (form, *x[1:])]


def check(of: Problem, tree: CutTree) -> int:
    """The number of cells on walls, each counted for every part."""
    named: dict[Any, frozenset[Vector]] = {}
    cells = 0
    for leaf in range(tree.n_leaves):
        cx = complex_of(of, tree, leaf)
        found = _Walls(cx, of.domain, tree, leaf).walls
        kept = [0, *(1 + k for k in cx.coordinates.kept)]
        order = [position(tuple(cx.homogeneous(int(v))[k] for k in kept)) for v in found.cells[0]]
        assert all(x < y for x, y in pairwise(order))
        here: dict[tuple[int, tuple[int, ...]], set[frozenset[Vector]]] = {}
        for q, numbers in enumerate(found.cells):
            for i, label, place in zip(numbers, found.labels[q].tolist(), found.places[q].tolist(), strict=True):
                leaves = found.leaves[label]
                cell = frozenset(cx.homogeneous(v) for v in cx.arrays.vertices_of(q, i).tolist())
                assert named.setdefault((q, leaves, place), cell) == cell
                here.setdefault((q, leaves), set()).add(cell)
                cells += 1
        assert here == exactly(cx, tree)
    return cells


@given(st.data())
@examples(20)
def test_any_networks(data: Any) -> None:
    net = data.draw(networks(dims=(1, 2, 3)))
    domain = Domain(*data.draw(polytopes(net.input_dim))) if data.draw(st.booleans()) else None
    of = Problem(net, Fraction(data.draw(levels(net))), domain, (), data.draw(st.booleans()))
    check(of, choose_cuts(net, domain, data.draw(st.sampled_from([2, 4, 9]))))


@pytest.mark.parametrize(
    "net",
    [
        random_float32((3, 8, 6, 1)),
        random_float32((4, 5, 4, 1)),
        random_float32((2, 9, 5, 5, 1)),
        shells((2, 8, 4, 1), [3]),
    ],
    ids=repr,
)
def test_larger_networks(net: Network) -> None:
    of = Problem(net, Fraction(0), None, ())
    assert check(of, choose_cuts(net, None, 6)) > 100


@pytest.mark.parametrize("distance", [Fraction(1, 2**30), Fraction(1, 2**80)])
def test_vertices_that_doubles_do_not_tell_apart(distance: Fraction) -> None:
    """On the wall x = 0, and at infinity: neurons that are almost the same. A wedge between two of them is a part."""
    rows = [[1, 0], *([Fraction(1, 7) * i, 1 + distance * i] for i in range(6)), [1, 1], [1 + distance, 1]]
    offsets = [0, *(Fraction(1, 3) + distance * i * i for i in range(6)), 0, 0]
    net = Network([rows, [[1] * len(rows)]], [offsets, [-1]])
    wedge = primitive([0, 1 + distance, 1])
    tree = CutTree().split(0, (0, 1, 0)).split(1, (0, 1, 1)).split(1, wedge)
    assert check(Problem(net, Fraction(0), None, ()), tree) > 20


def test_a_wide_enclosure_beside_narrow_ones() -> None:
    """On nearly parallel lines the place of a vertex is known roughly; those around it are known well."""

    def tiny(n: int) -> Fraction:
        return Fraction(1, 2**n)

    row = [tiny(70), 1 + tiny(30), -1 + tiny(30)]
    net = Network(
        [
            [[0, 0], [1 - tiny(200), tiny(200)], [0, -1]],
            [row, row, [1, -1, 1]],
            [[0, 0, 0], [-1, 1, 1 + tiny(70)], [0, 0, 0]],
            [[1, 1 - tiny(54), 1 + tiny(70)]],
        ],
        [[0, 0, -1], [1 - tiny(54), -1 + tiny(30), -1 - tiny(70)], [-tiny(30), 1 - tiny(70), 1], [-tiny(52)]],
        [[1, 1, 1], [Fraction(-1, 2), 1, Fraction(-1, 2)], [0, Fraction(1, 100), -1]],
    )
    assert check(Problem(net, net([-1, -1]), None, (), coarse=True), choose_cuts(net, None, 9)) > 10
