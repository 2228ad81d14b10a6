"""Slices: coordinates there and back, the network on them, and every mistake told."""

from __future__ import annotations

import pickle
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from polyrelu.errors import InputError, NumberError, PointError
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice
from polyrelu.topology.homology import homology
from support.reference import echelon
from support.strategies import examples, networks, points

NET = Network([[[1, 2, 0, -1], [0, 1, 1, 1], [3, 0, -2, 1]], [[1, -1, 2]]], [[0, 1, -1], ["1/3"]])
PLANE = [[1, 0, 0, 0], [0, "1/2", 0, 3], [1, 1, 1, 1]]


def test_a_plane_in_space() -> None:
    plane = Slice(PLANE)
    assert (plane.input_dim, plane.dim) == (4, 2)
    assert plane.directions == ((-1, Fraction(1, 2), 0, 3), (0, 1, 1, 1))
    assert plane.point([0, 0]) == (1, 0, 0, 0)
    assert plane.point([1, 0]) == (0, Fraction(1, 2), 0, 3)
    assert plane.point([0, 1]) == (1, 1, 1, 1)
    assert plane.point(["1/3", 2]) == (Fraction(2, 3), Fraction(13, 6), 2, 3)
    assert plane.direction([2, -1]) == (-2, 0, -1, 5)
    assert plane.coordinates([0, "1/2", 0, 3]) == (1, 0)
    assert repr(plane) == "Slice(plane in R^4)"
    assert repr(Slice(PLANE[:2])) == "Slice(line in R^4)"
    assert repr(Slice([*PLANE, [0, 0, 0, 1]])) == "Slice(space in R^4)"
    assert pickle.loads(pickle.dumps(plane)) == plane
    assert hash(Slice(PLANE)) == hash(plane)
    assert Slice(PLANE[::-1]) != plane


def test_points_of_a_line_and_of_the_whole_space() -> None:
    line = Slice([[0, 0], [2, 2]])
    assert line.point("1/4") == (Fraction(1, 2), Fraction(1, 2))
    assert line.coordinates([3, 3]) == (Fraction(3, 2),)
    assert Slice([3, 5]).point(2) == (7,)  # numbers are the points of R^1
    whole = Slice([[1, 1], [1, 2], [3, 1]])
    assert whole.coordinates([0, 0]) == (-1, Fraction(-1, 2))


def test_floats_are_read_exactly() -> None:
    line = Slice([[0.1, 0], ["0.1", 1]])
    assert line.directions[0][0] == Fraction(1, 10) - Fraction(0.1) != 0


@given(st.data())
@examples(30)
def test_the_network_on_a_slice(data: st.DataObject) -> None:
    net = data.draw(networks(dims=(2, 3, 4)))
    d = net.input_dim
    m = data.draw(st.integers(1, min(3, d)))
    given_points = [data.draw(points(d)) for _ in range(m + 1)]
    rows = [[a - b for a, b in zip(p, given_points[0], strict=True)] for p in given_points[1:]]
    if len(echelon(rows)[1]) < m:
        with pytest.raises(PointError, match="affinely independent"):
            Slice(given_points)
        return
    plane = Slice(given_points)
    inner = plane.restrict(net)
    assert inner.architecture == (m, *net.architecture[1:])
    for i, p in enumerate(given_points):
        corner = [int(i == j) for j in range(1, m + 1)]
        assert plane.point(corner) == tuple(p)
        assert inner(corner) == net(p)
    for _ in range(3):
        t, s = data.draw(points(m)), data.draw(points(m))
        x = plane.point(t)
        assert inner(t) == net(x)
        assert plane.coordinates(x) == tuple(t)
        moved = plane.point([a + b for a, b in zip(t, s, strict=True)])
        assert moved == tuple(a + b for a, b in zip(x, plane.direction(s), strict=True))
    beside = data.draw(points(d))
    inside = len(echelon([*rows, [a - b for a, b in zip(beside, given_points[0], strict=True)]])[1]) == m
    if inside:
        assert plane.point(plane.coordinates(beside)) == tuple(beside)
    else:
        with pytest.raises(PointError, match="does not lie on it"):
            plane.coordinates(beside)


@given(st.data())
@examples(30)
def test_topology_does_not_depend_on_the_points(data: st.DataObject) -> None:
    """Other points of the same plane are an affine change of coordinates."""
    net = data.draw(networks(dims=(3,)))
    triples = [[data.draw(points(3)) for _ in range(3)], [data.draw(points(2)) for _ in range(3)]]
    rows = [[[a - b for a, b in zip(p, ps[0], strict=True)] for p in ps[1:]] for ps in triples]
    assume(all(len(echelon(r)[1]) == 2 for r in rows))
    plane = Slice(triples[0])
    other = Slice([plane.point(t) for t in triples[1]])
    first, second = (subdivide(s.restrict(net), level=0) for s in (plane, other))
    assert first.f_vector == second.f_vector
    for relation in (">", "<="):
        assert homology(first.region(relation)) == homology(second.region(relation))


@pytest.mark.parametrize(
    ("given_points", "message"),
    [
        ([[0, 0]], "at least two points"),
        ([], "at least two points"),
        (7, "at least two points"),
        ("ab", "at least two points"),
        ([[0, 0], [0, 0]], "point 2 lies in the affine hull"),
        ([[0, 0, 0], [1, 2, 3], [2, 4, 6], [0, 0, 1]], "point 3 lies in the affine hull"),
        ([[0, 0], [1, 0], [0, 1], [5, 7]], "4 points of R\\^2 are never"),
        ([[], []], "point 1 has no coordinates"),
        ([[0, 0], [1, 0, 0]], "point 2: expected 2 coordinates, got 3"),
        ([[0, 0], 5], "point 2: expected a sequence of 2 numbers"),
    ],
)
def test_points_that_span_no_slice(given_points, message) -> None:
    with pytest.raises(PointError, match=message):
        Slice(given_points)


def test_other_mistakes() -> None:
    with pytest.raises(NumberError, match="point 2, coordinate 1"):
        Slice([[0, 0], [float("nan"), 0]])
    plane = Slice(PLANE)
    with pytest.raises(PointError, match="its points have 4 coordinates, but the network has 3 inputs"):
        plane.restrict(Network([[[1, 1, 1]]], [[0]]))
    with pytest.raises(InputError, match="expected a Network"):
        plane.restrict(PLANE)  # type: ignore[arg-type]
    with pytest.raises(PointError, match="slice coordinates: expected 2"):
        plane.point([1])
    with pytest.raises(AttributeError):
        plane.points = ()  # type: ignore[misc]
    assert plane.restrict(NET).input_dim == 2
