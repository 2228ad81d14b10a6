"""Distances from the decision boundary against exact programs over all cells of complete complexes (cddlib)."""

from __future__ import annotations

from fractions import Fraction as F
from itertools import pairwise, product
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.exact.linear import independent_rows, solve
from support.strategies import examples, levels, networks, points

EXAMPLES = Path(__file__).parents[2] / "examples"
NORMS = ("inf", 1, 2)
DIAMOND = pr.Network([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 1, 1]]], [[0] * 4, [-1]])  # |x| + |y| − 1

# ---- independent answers ---------------------------------------------------------------------------------------------


def least(rows: list[list[F]], d: int, x: Any, norm: str | int) -> F | None:
    """The distance of x from {p, q : (b, a) · (1, p, q) ≥ 0}, of the first d coordinates p, by cddlib."""
    cdd = pytest.importorskip("cdd")
    gmp = pytest.importorskip("cdd.gmp")
    width = len(rows[0]) - 1
    sizes = 1 if norm == "inf" else d
    system = [[*row, *[0] * sizes] for row in rows]
    for i, sign in product(range(d), (1, -1)):
        row = [-sign * x[i], *(sign * int(i == j) for j in range(width)), *[0] * sizes]
        row[1 + width + (0 if norm == "inf" else i)] = -1
        system.append([-c for c in row])
    program = gmp.linprog_from_array([*system, [0] * (1 + width) + [1] * sizes], cdd.LPObjType.MIN)
    gmp.linprog_solve(program)
    return program.obj_value if program.status == cdd.LPStatusType.OPTIMAL else None


def of_generators(vertices: Any, rays: Any, lines: Any, x: Any, norm: str | int) -> F | None:
    """The distance of x from conv(vertices) + cone(rays) + span(lines), in L∞ or L1."""
    d = len(x)
    generators = [*((1, v) for v in vertices), *((0, r) for r in rays), *((0, v) for v in lines)]
    n, free = len(generators), len(lines)
    rows = [[0] * (1 + d) + [int(i == j) for j in range(n)] for i in range(n - free)]
    for sign in (1, -1):
        rows.append([-sign] + [0] * d + [sign * one for one, _ in generators])
        for i in range(d):
            rows.append([0, *(-sign * int(i == j) for j in range(d)), *(sign * v[i] for _, v in generators)])
    return least(rows, d, x, norm)


def squared(cx: pr.PolyhedralComplex, k: int, i: int, x: Any) -> F | None:
    """The squared L2 distance of x from the affine hull of a cell, if the nearest point lies in the cell."""
    cell = cx.v_representation(k, i)
    start = cell.vertices[0]
    span = [[a - b for a, b in zip(v, start, strict=True)] for v in cell.vertices[1:]] + [*cell.rays, *cell.lines]
    basis = [span[j] for j in independent_rows(span)] if span else []
    offset = [a - b for a, b in zip(x, start, strict=True)]
    dot = lambda p, q: sum((a * b for a, b in zip(p, q, strict=True)), F(0))  # noqa: E731
    y = list(start)
    if basis:
        factors = solve([[dot(p, q) for q in basis] for p in basis], [[dot(p, offset)] for p in basis])
        y = [a + sum(f * b[j] for (f,), b in zip(factors, basis, strict=True)) for j, a in enumerate(start)]
    inside = all(dot(row[1:], y) <= row[0] for row in cx.h_representation(k, i).inequalities)
    return sum(((a - b) ** 2 for a, b in zip(x, y, strict=True)), F(0)) if inside else None


def by_all_cells(net: pr.Network, x: Any, level: Any, domain: Any, norm: str | int) -> F | None:
    """The distance of x from {F = t} (squared in L2), from all cells of the complete complex, one by one."""
    cx = pr.subdivide(net, level, domain)
    found = []
    for k in range(cx.lineality_dim, cx.input_dim + 1):
        for i in cx.region("=").cells(k).tolist():
            cell = cx.v_representation(k, i)
            found.append(squared(cx, k, i, x) if norm == 2 else of_generators(*cell, x, norm))
    return min((value for value in found if value is not None), default=None)


def from_class(net: pr.Network, x: Any, target: int, norm: str | int) -> F | None:
    """The distance of x from {F_target ≥ F_j for all j}, by its part in each region of C(F)."""
    cx = pr.subdivide(net)
    found = []
    for i in range(cx.n_regions):
        weights, constants = cx.affine_map(i)
        walls = cx.h_representation(net.input_dim, i).inequalities
        rows: list[list[F]] = [[row[0], *(-a for a in row[1:])] for row in walls]
        for w, c in zip(weights, constants, strict=True):
            rows.append([constants[target] - c, *(p - q for p, q in zip(weights[target], w, strict=True))])
        found.append(least(rows, net.input_dim, x, norm))
    return min((value for value in found if value is not None), default=None)


def size(x: Any, y: Any, norm: str | int) -> F:
    sizes = [abs(a - b) for a, b in zip(x, y, strict=True)]
    return F({"inf": max(sizes), 1: sum(sizes), 2: sum(a * a for a in sizes)}[norm])


def checked(net: pr.Network, found: pr.BoundaryDistance, level: Any = 0) -> F | None:
    """The value of a result, which is consistent in itself."""
    if found.nearest is None:
        assert (found.distance, found.squared_distance, found.is_unique, float(found)) == (None, None, None, inf)
        return None
    value = size(found.point, found.nearest, found.norm)
    assert found.squared_distance == (value if found.norm == 2 else value**2)
    if found.distance is not None:
        assert found.distance**2 == found.squared_distance
    assert float(found) == pytest.approx(float(found.squared_distance) ** 0.5)
    if net.output_dim == 1:
        assert net(found.nearest) == level
        sign = net(found.point) - level
        assert found.side == (sign > 0) - (sign < 0)
    return value


# ---- properties ------------------------------------------------------------------------------------------------------


SMALL = {1: [(), (3,), (3, 2)], 2: [(), (1,), (4,), (3, 3), (1, 2)], 3: [(2,), (3,), (2, 2)]}


@examples(20)
@given(st.data())
def test_against_all_cells(data):
    """Degenerate, flat and constant networks, with lineality, in R^d or in a box."""
    net = data.draw(networks(dims=(1, 2, 3), widths=SMALL))
    level = data.draw(levels(net))
    x = data.draw(points(net.input_dim))
    box = data.draw(st.sampled_from([None, 1, 3]))
    domain = None if box is None else [(c - 1, c + box) for c in x]
    for norm in NORMS:
        (found,) = pr.distance_to_boundary(net, [x], level, domain, norm=norm)
        assert checked(net, found, level) == by_all_cells(net, x, level, domain, norm)
        if found.nearest is not None and domain is not None:
            assert pr.Domain.box(*zip(*domain, strict=True)).contains(found.nearest)


@examples(12)
@given(st.data())
def test_classes_against_all_regions(data):
    rng = data.draw(st.randoms(use_true_random=False))
    d, n, hidden = rng.randint(1, 2), rng.randint(2, 4), rng.randint(1, 3)
    rows = lambda m, k: [[rng.randint(-2, 2) for _ in range(k)] for _ in range(m)]  # noqa: E731
    net = pr.Network([rows(hidden, d), rows(n, hidden)], [rows(1, hidden)[0], rows(1, n)[0]])
    x = [F(rng.randint(-6, 6), 3) for _ in range(d)]
    for norm in ("inf", 1):
        expected = [from_class(net, x, i, norm) for i in range(n)]
        values = net(x)
        largest = tuple(i for i in range(n) if values[i] == max(values))
        for target in (None, *range(n)):
            (found,) = pr.distance_to_boundary(net, [x], norm=norm, target=target)
            others = [value for i, value in enumerate(expected) if value is not None and (i,) != largest]
            assert found.classes == largest
            assert checked(net, found) == (min(others, default=None) if target is None else expected[target])
            if found.nearest is not None:
                assert target is None or target in found.nearest_classes
                assert len(found.nearest_classes) > 1 or target in largest


@pytest.mark.parametrize("norm", NORMS)
def test_random_floats(norm):
    """A complex with more cells, many points at once, and points that are next to one another."""
    rng = np.random.default_rng(6)
    sizes = (3, 8, 8, 1)
    net = pr.Network(
        [rng.normal(size=(n, m)).astype(np.float32) for m, n in pairwise(sizes)],
        [rng.normal(size=n).astype(np.float32) for n in sizes[1:]],
    )
    chosen = [*rng.normal(size=(6, 3)), [0.5, 0.5, 0.5], [0.5, 0.5, 0.5 + 2**-40]]
    cx = pr.subdivide(net, 0)
    cells = [(k, i) for k in range(4) for i in cx.region("=").cells(k).tolist()]
    found = pr.distance_to_boundary(net, chosen, norm=norm)
    assert [d.point for d in found] == [tuple(map(F, x)) for x in map(list, np.array(chosen).tolist())]
    if norm == 2:
        for d in found[:2]:
            assert checked(net, d) == min(v for k, i in cells if (v := squared(cx, k, i, d.point)) is not None)
    else:
        d = found[0]
        expected = [of_generators(*cx.v_representation(k, i), d.point, norm) for k, i in cells if k == 2]
        assert checked(net, d) == min(v for v in expected if v is not None)
    for d in found:  # no change of sign is nearer
        assert d.squared_distance is not None
        directions = rng.normal(size=(300, 3))
        directions /= np.linalg.norm(directions, ord={"inf": np.inf}.get(norm, norm), axis=1)[:, None]
        for v in directions * float(d) * 0.999:
            value = net([p + F(c) for p, c in zip(d.point, v.tolist(), strict=True)])
            assert (value > 0) - (value < 0) == d.side


# ---- the search around a point ---------------------------------------------------------------------------------------


@examples(20)
@given(st.data())
def test_the_search_finds_the_same(data):
    """All of the result, which is defined without the way that it is found."""
    net = data.draw(networks(dims=(1, 2, 3), widths={1: [(), (2, 2)], 2: [(), (3,), (2, 2)], 3: [(1,), (3,)]}))
    level = data.draw(levels(net))
    x = data.draw(points(net.input_dim))
    domain = data.draw(st.sampled_from([None, [(c - 1, c + 2) for c in x], [(None, x[0]), *((c, c) for c in x[1:])]]))
    norm = data.draw(st.sampled_from(NORMS))
    if domain is not None and net.input_dim == 1:
        domain = [(None, x[0])]
    arguments = (net, [x], level, domain)
    assert pr.distance_to_boundary(*arguments, norm=norm, search=True) == pr.distance_to_boundary(*arguments, norm=norm)


@examples(12)
@given(st.randoms(use_true_random=False))
def test_the_search_finds_the_same_classes(rng):
    d, n, hidden = rng.randint(1, 3), rng.randint(2, 4), rng.randint(1, 3)
    rows = lambda m, k: [[rng.randint(-2, 2) for _ in range(k)] for _ in range(m)]  # noqa: E731
    net = pr.Network([rows(hidden, d), rows(n, hidden)], [rows(1, hidden)[0], rows(1, n)[0]])
    x = [F(rng.randint(-6, 6), 3) for _ in range(d)]
    options = {"norm": rng.choice(NORMS), "target": rng.choice([None, *range(n)])}
    if d > 1 and rng.random() < 0.5:
        options["plane"] = pr.Slice([x, [c + i + 1 for i, c in enumerate(x)]])
    assert pr.distance_to_boundary(net, [x], search=True, **options) == pr.distance_to_boundary(net, [x], **options)


def test_a_search_among_many_inputs():
    """64 inputs, ten classes; on the line through the point and the answer the complex finds the same."""
    net = pr.load(EXAMPLES / "digits.npz")
    rng = np.random.default_rng(1)
    image = [F(int(c), 16) for c in rng.integers(0, 17, 64)]
    (found,) = pr.distance_to_boundary(net, [image], norm=1, search=True, max_cells=2000)
    assert checked(net, found) and len(found.nearest_classes) == 2
    line = pr.Slice([image, found.nearest])
    (same,) = pr.distance_to_boundary(net, [image], norm=1, plane=line)
    assert (same.nearest, same.distance) == (found.nearest, found.distance)
    for v in rng.dirichlet([0.05] * 64, 200) * rng.choice([-1, 1], (200, 64)):
        values = net([p + found.distance * F(c) * F(99, 100) for p, c in zip(image, v.tolist(), strict=True)])
        assert max(values) == values[found.classes[0]]
    with pytest.raises(pr.LimitError, match="more than 3 polyhedra are needed; the distance is at least") as caught:
        pr.distance_to_boundary(net, [image], norm=1, search=True, max_cells=3)
    assert caught.value.reached == {"polyhedra": 3}


# ---- special cases ---------------------------------------------------------------------------------------------------


def test_known_answers():
    centre, corner, outside = pr.distance_to_boundary(DIAMOND, [[0, 0], [1, 0], [3, 0]])
    assert (centre.distance, centre.nearest, centre.is_unique) == (F(1, 2), (F(-1, 2), F(-1, 2)), False)
    assert centre.side == -1
    assert (corner.distance, corner.nearest, corner.is_unique, corner.side) == (0, (1, 0), True, 0)
    assert (outside.distance, outside.nearest, outside.side) == (2, (1, 0), 1)
    found = pr.distance_to_boundary(DIAMOND, [[0, 0], [2, 2], [1, 1]], norm=2)
    assert [d.squared_distance for d in found] == [F(1, 2), F(9, 2), F(1, 2)]
    assert [d.distance for d in found] == [None] * 3
    assert [d.is_unique for d in found] == [False, True, True]
    assert pr.distance_to_boundary(DIAMOND, [[3, 4]], level=5, norm=2)[0].distance is None
    assert pr.distance_to_boundary(DIAMOND, [[5, 0]], level=1, norm=2)[0].distance == 3  # rational


def test_of_several_nearest_points():
    """The nearest in L2 of them, and of these the first in lexicographic order."""
    (found,) = pr.distance_to_boundary(DIAMOND, [[0, 0]], norm=1)
    assert (found.distance, found.nearest, found.is_unique) == (1, (F(-1, 2), F(-1, 2)), False)
    plane = pr.Network([[[1, 0]]], [[0]])
    (found,) = pr.distance_to_boundary(plane, [[2, 5]])
    assert (found.distance, found.nearest, found.is_unique) == (2, (0, 5), False)
    assert pr.distance_to_boundary(plane, [[2, 5]], norm=1)[0].is_unique


def test_an_empty_boundary():
    absolute = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])
    assert pr.distance_to_boundary(absolute, [1], level=-1)[0].nearest is None
    assert float(pr.distance_to_boundary(absolute, [1], level=-1)[0]) == inf
    constant = pr.Network([[[0, 0]]], [[3]])
    assert pr.distance_to_boundary(constant, [[0, 0]])[0].nearest is None
    assert pr.distance_to_boundary(constant, [[1, 2]], level=3)[0].distance == 0
    outside = pr.distance_to_boundary(DIAMOND, [[3, 3]], domain=[(2, 4), (2, 4)])
    assert (outside[0].nearest, outside[0].side) == (None, 1)
    never = pr.Network([[[1]], [[1], [0], [1]]], [[0], [1, 2, 0]])  # outputs ReLU(x) + 1, 2 and ReLU(x)
    assert pr.distance_to_boundary(never, [0], target=2)[0].nearest is None
    assert pr.distance_to_boundary(never, [0], target=0)[0].distance == 1
    assert pr.distance_to_boundary(never, [0], target=1)[0].distance == 0


def test_a_flat_part_of_the_boundary():
    """F = ReLU(x) − ReLU(x − 1) is 0 for x ≤ 0."""
    ramp = pr.Network([[[1], [1]], [[1, -1]]], [[0, -1], [0]])
    found = pr.distance_to_boundary(ramp, [-3, 0, "1/2", 7], norm=2)
    assert [(d.distance, d.nearest, d.side) for d in found] == [
        (0, (-3,), 0), (0, (0,), 0), (F(1, 2), (0,), 1), (7, (0,), 1),
    ]  # fmt: skip


def test_domains():
    """Boxes, flat ones, polyhedra, and half-planes."""
    (found,) = pr.distance_to_boundary(DIAMOND, [[3, 3]], domain=[(None, None), (F(1, 2), None)])
    assert (found.distance, found.nearest, found.is_unique) == (F(5, 2), (F(1, 2), F(1, 2)), True)
    (found,) = pr.distance_to_boundary(DIAMOND, [[3, "1/4"]], domain=[(0, 4), ("1/4", "1/4")], norm=2)
    assert (found.distance, found.nearest) == (F(9, 4), (F(3, 4), F(1, 4)))
    diagonal = pr.Domain([[1, -1], [-1, 1]], [0, 0])
    for norm, distance in (("inf", F(1, 2)), (1, 1), (2, None)):
        (found,) = pr.distance_to_boundary(DIAMOND, [[1, 1]], domain=diagonal, norm=norm)
        assert (found.distance, found.nearest) == (distance, (F(1, 2), F(1, 2)))
    assert found.squared_distance == F(1, 2)


@pytest.mark.parametrize("norm", NORMS)
def test_planes(norm):
    """Distances are those of R^3, not of the coordinates of the plane."""
    rng = np.random.default_rng(3)
    net = pr.Network([rng.integers(-3, 4, (5, 3)), rng.integers(-2, 3, (1, 5))], [rng.integers(-2, 3, 5), [1]])
    plane = pr.Slice([[0, 0, 1], [3, 1, 0], [1, -2, 5]])
    chosen = [plane.point(t) for t in ([0, 0], [F(1, 3), F(-2, 5)], [2, 1])]
    cx = pr.subdivide(plane.restrict(net), 0)
    for found in pr.distance_to_boundary(net, chosen, plane=plane, norm=norm):
        assert found.nearest is not None
        value = checked(net, found)
        plane.coordinates(found.nearest)
        if norm == 2:
            continue
        cells = [cx.v_representation(1, i) for i in cx.region("=").cells(1).tolist()]
        moved = [([plane.point(v) for v in c.vertices], [plane.direction(r) for r in c.rays], c.lines) for c in cells]
        assert value == min(of_generators(*cell, found.point, norm) for cell in moved)
    if norm == 2:  # an isometry: the plane of the first two coordinates
        flat = pr.Slice([[0, 0, 2], [1, 0, 2], [0, 1, 2]])
        (found,) = pr.distance_to_boundary(net, [[1, 3, 2]], plane=flat, norm=2)
        (same,) = pr.distance_to_boundary(flat.restrict(net), [[1, 3]], norm=2)
        assert (found.squared_distance, found.nearest[:2]) == (same.squared_distance, same.nearest)


def test_identity_neurons_of_the_first_layer():
    """Artificial hyperplanes divide the cells."""
    net = pr.Network([[[1, 0], [0, 1]], [[1, 1], [1, -1]], [[1, 1]]], [[0, 0], [0, 0], [-2]], [[1, 1], [0, 0]])
    for norm in NORMS:
        for x in ([0, 0], [4, 1], [-1, 3]):
            (found,) = pr.distance_to_boundary(net, [x], norm=norm)
            assert checked(net, found) == by_all_cells(net, x, 0, None, norm)


@pytest.mark.parametrize("search", [False, True])
def test_distances_beyond_doubles(search):
    net = pr.Network([[[1, 0], [-1, 0], [0, 1]], [[1, 1, 1]]], [[0, 0, 0], [-(10**200)]])  # |x| + max(y, 0) − 10^200
    first, second = pr.distance_to_boundary(net, [[0, 0], [1, -1]], norm=2, search=search)
    assert first.squared_distance == F(10**400, 2) and second.squared_distance == F(10**400, 2)
    assert first.nearest == (-5 * 10**199, 5 * 10**199) and not first.is_unique and second.is_unique


def test_a_lower_bound_beyond_doubles():
    net = pr.Network([[[1]], [[1]]], [[-(10**200)], [-1]])
    with pytest.raises(pr.LimitError, match="the square of the distance is at least"):
        pr.distance_to_boundary(net, [0], norm=2, search=True, max_cells=1)


def test_a_lower_bound_is_none_of_what_is_farther_by_a_rounding():
    """The boundary x = −1 is found when the corner, whose square is 1 + 2^−51, still waits with 1 + 2^−52."""
    corner = F(4, 5) + F(5, 2**54)
    net = pr.Network([[[1, 0], [0, 1], [1, 0]], [[0, 0, 1]]], [[F(-3, 5), -corner, 1], [0]], [[0, 0, 1]])
    for limit in range(1, 20):
        try:
            (found,) = pr.distance_to_boundary(net, [[0, 0]], norm=2, search=True, max_cells=limit)
        except pr.LimitError as error:
            assert F(str(error).split()[-1]) <= 1
        else:
            break
    assert found.squared_distance == 1 and limit > 3


def test_directions_of_a_plane_beyond_doubles():
    """The squares of their coordinates are beyond the doubles, those of the distances are not."""
    long, unit = 2**540, 2**510
    plane = pr.Slice([[0, 0], [3 * long, -2 * long], [long, 2 * long]])
    rng = np.random.default_rng(8)
    weights = rng.integers(-5, 6, (5, 2)), rng.integers(-5, 6, (1, 5))
    biases = [unit * int(b) for b in rng.integers(-5, 6, 5)], [unit * int(rng.integers(-9, 10))]
    net, points = pr.Network(weights, biases), [[unit * c for c in x] for x in rng.integers(-5, 6, (10, 2)).tolist()]
    of_plane = pr.distance_to_boundary(net, points, norm=2, plane=plane)
    assert of_plane == pr.distance_to_boundary(net, points, norm=2)


def test_wrong_arguments():
    line = pr.Slice([[0, 1], [1, 1]])
    two = pr.Network([[[1], [2]]], [[0, 0]])
    faults = [
        (pr.PointError, "point 2: lies outside the domain", (DIAMOND, [[0, 0], [2, 0]], 0, [(-1, 1), (-1, 1)]), {}),
        (pr.PointError, "point 1: does not lie on the plane", (DIAMOND, [[0, 0]]), {"plane": line}),
        (pr.PointError, "point 1: expected 2 coordinates", (DIAMOND, [[0, 0, 0]]), {}),
        (pr.InputError, "norm: expected", (DIAMOND, [[0, 0]]), {"norm": 3}),
        (pr.InputError, "norm: expected", (DIAMOND, [[0, 0]]), {"norm": True}),
        (pr.RegionError, "target: the network has one output", (DIAMOND, [[0, 0]]), {"target": 0}),
        (pr.RegionError, "target: expected the number of a class", (two, [0]), {"target": 2}),
        (pr.RegionError, "level: the network has 2 outputs", (two, [0], 1), {}),
        (pr.InputError, "plane: expected a Slice", (DIAMOND, [[0, 0]]), {"plane": [[0, 0]]}),
        (pr.DomainError, "single point", (DIAMOND, [[0, 0]], 0, [(0, 0), (0, 0)]), {}),
    ]  # fmt: skip
    for error, message, arguments, options in faults:
        with pytest.raises(error, match=message):
            pr.distance_to_boundary(*arguments, **options)
    assert pr.distance_to_boundary(DIAMOND, []) == ()
