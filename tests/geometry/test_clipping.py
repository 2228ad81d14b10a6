"""Restriction to a box is subdivision over the box; sets and partitions stay what they are."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.geometry.volume import volumes
from polyrelu.network.network import Network
from support.known_answers import random_float32
from support.strategies import examples, networks, seeded_network

# |x|, |y| and x + y
PLANE = Network([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 0, 0], [0, 0, 1, 1], [1, -1, 1, -1]]], [[0] * 4, [0] * 3])
SMALL = {1: [(5,), (3, 3)], 2: [(5,), (4, 4)], 3: [(4,), (4, 3)]}


@examples(20)
@given(networks(dims=(1, 2, 3), widths=SMALL), st.sampled_from([None, 0]))
def test_clipped(net, level):
    """The same as subdividing over the box; over a domain, as over the intersection."""
    d = net.input_dim
    box = [(-1, Fraction(3, 2))] * d
    cx = pr.subdivide(net, level)
    found, expected = pr.clipped(cx, box), pr.subdivide(net, level, box)
    assert found.f_vector == expected.f_vector and list(found.vertices()) == list(expected.vertices())
    assert found.level == cx.level
    half = pr.Domain.box([0] + [None] * (d - 1), [None] * d)
    smaller = pr.clipped(pr.subdivide(net, level, half), box)
    assert sum(volumes(smaller)) == Fraction(3, 2) * Fraction(5, 2) ** (d - 1)
    everything = pr.Domain.box([None] * d, [None] * d)
    assert pr.clipped(found, everything).domain == found.domain
    with pytest.raises(pr.DomainError):
        pr.clipped(found, [(7, 8)] * d)
    with pytest.raises(pr.DomainError):
        pr.clipped(found, [(7, 8)] * (d + 1))


def test_clipped_sets_and_partitions():
    """As many cells as when the box is the domain from the start; sets stay what they are."""
    box = [(-1, 2), (0, 1)]
    net = random_float32((2, 6, 4), 1)
    partition, expected = pr.classify(net), pr.classify(net, box)
    found = pr.clipped(partition, box, max_cells=10_000)
    assert found.complex.f_vector == expected.complex.f_vector
    for closed in (False, True):
        part = pr.clipped(partition.region(1, closed), box)
        assert isinstance(part, pr.ClassRegion) and (part.index, part.is_open) == (1, not closed)
        assert part.f_vector == expected.region(1, closed).f_vector
    boundary = pr.clipped(partition.boundary(), box)
    assert isinstance(boundary, pr.DecisionBoundary) and boundary.f_vector == expected.boundary().f_vector
    scalar = net.output(0)
    region = pr.clipped(pr.subdivide(scalar, 0).region("<="), box)
    assert region.relation == "<=" and region.f_vector == pr.subdivide(scalar, 0, box).region("<=").f_vector
    with pytest.raises(pr.LimitError):
        pr.clipped(partition, box, max_cells=20)
    with pytest.raises(pr.InputError, match="clipped: expected"):
        pr.clipped(net, box)


def test_every_d_cell_that_meets_the_box_is_in_it():
    cx = pr.subdivide(seeded_network(9, SMALL), 0)
    d = cx.input_dim
    inside = pr.clipped(cx, [(-1, 2)] * d)
    assert not cx.artificial_hyperplanes
    for i in range(inside.n_cells(d)):
        point = inside.interior_point(d, i)
        k, j = cx.locate(point)
        assert k == d and cx.signs(d)[j] == inside.signs(d)[i]


def test_refinements_and_their_regions_are_clipped() -> None:
    refinement = pr.refine(PLANE, ["F0 > 0 and F1 >= 1", "F2 = 0"])
    part = pr.clipped(refinement.region("F0 > 0"), [(-2, 2), (-2, 2)])
    expected = pr.refine(PLANE, ["F0 > 0 and F1 >= 1", "F2 = 0"], [(-2, 2), (-2, 2)])
    assert part.f_vector == expected.region("F0 > 0").f_vector
    assert pr.homology(part).betti == (2, 0)
    assert pr.clipped(refinement, [(-2, 2), (-2, 2)]).complex.f_vector == expected.complex.f_vector
