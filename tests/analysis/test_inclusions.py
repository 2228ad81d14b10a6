"""Inclusions of regions of networks: against bars, against each set by itself, and with known answers."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import pytest

import polyrelu as pr
from polyrelu.errors import DomainError, InputError, PointError, RegionError
from support.projective_plane import projective_plane
from support.strategies import seeded_network

RING = pr.from_expression("1 - |(|x| + |y| - 2)|", ["x", "y"])
SEEDS = [*range(8), pytest.param(range(100, 220), marks=pytest.mark.slow)]


def small(seeds: int | range) -> list[tuple[Random, pr.Network]]:
    nets = [(Random(i), seeded_network(i)) for i in ([seeds] if isinstance(seeds, int) else seeds)]
    return [(rng, net) for rng, net in nets if net.input_dim <= 3]


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
@pytest.mark.parametrize("coefficients", [2, "Q"])
def test_ranks_are_numbers_of_bars(seeds: int | range, coefficients: int | str) -> None:
    for rng, net in small(seeds):
        domain = rng.choice([None, [(-2, 3)] * net.input_dim])
        bars = pr.persistence(net, domain, field=coefficients)
        levels = sorted({*rng.sample(bars.critical_levels, min(len(bars.critical_levels), 2)), Fraction(1, 3)})
        formulas = [f"F <= {t}" for t in levels]
        sets = pr.refine(net, formulas, domain)
        for i, a in enumerate(levels):
            for b, formula in zip(levels[i:], formulas[i:], strict=True):
                found = pr.induced_map(sets.region(formulas[i]), sets.region(formula), coefficients=coefficients)
                for k in range(net.input_dim):
                    alive = [(x is None or x <= a) and (y is None or b < y) for x, y in bars.bars(k)]
                    assert found.rank(k) == sum(alive)


def part_of(net: pr.Network, boxes: list[Any], plane: pr.Slice | None) -> tuple[pr.Network, pr.Domain]:
    """The network and the intersection of the boxes, on the slice."""
    rows, offsets = [], []
    for box in boxes:
        rows += pr.Domain.box(*zip(*box, strict=True)).a
        offsets += pr.Domain.box(*zip(*box, strict=True)).b
    domain = pr.Domain(rows, offsets)
    return (net, domain) if plane is None else (plane.restrict(net), plane.restrict(domain))


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_parts_of_a_region_are_those_found_by_themselves(seeds: int | range) -> None:
    for rng, net in small(seeds):
        d = net.input_dim
        t = rng.choice([Fraction(0), Fraction(rng.randint(-5, 5), rng.choice([1, 2, 7919]))])
        inner_box = [(-rng.randint(0, 3), rng.randint(1, 3)) for _ in range(d)]
        domain = rng.choice([None, [(-3, 2)] * d])
        plane = None
        if d > 1 and rng.random() < 0.6:
            ends = [[rng.randint(-2, 2) for _ in range(d)] for _ in range(2)]
            plane = pr.Slice(ends) if ends[0] != ends[1] else None
        groups = {}
        for relation in ("<", "<=", "="):
            formula = f"F {relation} {t}"
            found = pr.inclusion(net, formula, formula, domain, inner_domain=inner_box, slice=plane)
            assert found.target == pr.analyse_region(net, relation, t, domain).homology
            boxes = [inner_box] if domain is None else [inner_box, domain]
            try:
                part, there = part_of(net, boxes, plane)
                alone = pr.analyse_region(part, relation, t, there).homology
            except DomainError:  # the slice meets the box in a point, or not at all
                continue
            n = len(alone.betti)
            assert (found.source.betti[:n], found.source.torsion[:n]) == (alone.betti, alone.torsion)
            assert not any(found.source.betti[n:])
            groups[relation] = [(found.kernel(k), found.image(k), found.cokernel(k)) for k in range(d)]
        if t.denominator == 7919 and groups:  # no vertex has this level
            assert groups["<"] == groups["<="]


def test_known_answers() -> None:
    hills = pr.from_expression("2 - |(|x| - 2)| - |y|", ["x", "y"])
    assert pr.inclusion(hills, "F >= 1", "F >= 0").matrix(0) == ((1, 1),)
    line = pr.Slice([[0, 0], [1, 0]])
    for relation in (">", ">="):
        formula = f"F {relation} 0"
        assert pr.inclusion(RING, formula, formula, slice=line).matrix(0) == ((1, 1),)
        half = pr.inclusion(RING, formula, formula, inner_domain=[(0, None), (None, None)])
        assert half.cokernel(1) == pr.AbelianGroup(1) and half.is_isomorphism(0)
        assert pr.inclusion(RING, formula, formula, inner_domain=[(-4, 4)] * 2).is_isomorphism()
        assert pr.inclusion(RING, formula, formula, inner_domain=[(9, 10)] * 2).source.betti == (0, 0)
        corner = pr.inclusion(RING, formula, formula, [(0, 4), (0, 4)], slice=pr.Slice([[0, 0], [0, 1]]))
        assert corner.is_isomorphism()  # the slice is a side of the domain
    boundary = pr.inclusion(RING, "F = 0", "F >= 0")
    assert [abs(x) for x in boundary.matrix(1)[0]] == [1, 1] and boundary.kernel(1) == pr.AbelianGroup(1)
    # in the slice y = 1, flat as a domain: two components of F > 0, which meet in F >= 0
    flat = [(-4, 4), (1, 1)]
    assert pr.inclusion(RING, "F > 0", "F >= 0", flat).matrix(0) == ((1, 1),)
    right = pr.inclusion(RING, "F > 0", "F > 0", flat, inner_domain=[(0, 4), (-4, 4)])
    assert sorted(right.matrix(0)) == [(0,), (1,)]
    assert pr.inclusion(RING, "F > 0", "F > 0", flat, inner_domain=[(0, 4), (2, 3)]).source.betti == (0,)
    # the open star of a segment of the slice x + y = 1, where F = 0, leaves the closed set
    edge = pr.inclusion(RING, "F > -1", "F >= 0", slice=pr.Slice([[0, 1], [1, 0]]), inner_domain=[(0, 1)] * 2)
    assert edge.matrix(0) == ((1,),) and not edge.inner.is_open


def test_slice_with_torsion_in_space() -> None:
    """The projective plane in R⁵ without a line of it: two loops of a hyperplane are the one of order 2."""
    net = projective_plane()
    plane = pr.Slice([[0] * 5, *([int(i == j) for j in range(5)] for i in range(4))])
    found = pr.inclusion(net, "F > 0", "F > 0", slice=plane)
    assert (found.source.betti[1], found.target.torsion[1]) == (2, (2,))
    assert found.matrix(1) == ((1, 1),) and found.image(1) == pr.AbelianGroup(0, (2,)) and found.kernel(1).rank == 2


def test_several_outputs() -> None:
    net = pr.Network([[[1, 0], [0, 1], [-1, -1]]], [[0, 0, 0]])
    found = pr.inclusion(net, "F0 > F1 and F0 > F2", "F0 > F1", coefficients="F3")
    assert found.is_isomorphism() and found.coefficients == 3


def test_mistakes() -> None:
    for inner, outer in (("F >= 0", "F > 0"), ("F > 0", "F > 1/2")):
        with pytest.raises(RegionError, match="not a subset of outer, which does not contain the point"):
            pr.inclusion(RING, inner, outer)
    with pytest.raises(RegionError, match="not a subset"):
        pr.inclusion(RING, "F > -1", "F >= 0", slice=pr.Slice([[0, 0], [1, 0]]))
    for options, error, text in (
        ({"slice": [[0, 0], [1, 0]]}, InputError, "slice: expected a Slice"),
        ({"slice": pr.Slice([[0], [1]])}, PointError, "have 1 coordinates"),
        ({"inner_domain": [(0, 1)]}, DomainError, "dimension 1"),
        ({"coefficients": 4}, InputError, 'coefficients: expected "Z"'),
    ):
        with pytest.raises(error, match=text):
            pr.inclusion(RING, "F > 0", "F > 0", **options)  # type: ignore[arg-type]
