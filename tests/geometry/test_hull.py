"""Domains without interior points: flat ones are sliced, and for empty ones there is a certificate."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu import Domain, DomainError, Network, Slice
from polyrelu.analysis.inspection import inspect
from polyrelu.cli import main
from polyrelu.exact.linear import rank
from polyrelu.geometry.hull import MAX_ENTRIES, spanned_slice
from polyrelu.geometry.subdivision import subdivided
from support.known_answers import random_float32

small = st.integers(-3, 3)


def proves_emptiness(domain: Domain, y: Any) -> bool:
    return (
        len(y) == len(domain.b)
        and min(y) >= 0
        and all(sum(c * row[j] for c, row in zip(y, domain.a, strict=True)) == 0 for j in range(domain.input_dim))
        and sum(c * b for c, b in zip(y, domain.b, strict=True)) < 0
    )


@st.composite
def systems(draw: st.DrawFn) -> Domain:
    d, m = draw(st.integers(1, 4)), draw(st.integers(1, 8))
    rows = draw(st.lists(st.lists(small, min_size=d, max_size=d), min_size=m, max_size=m))
    offsets = draw(st.lists(small, min_size=m, max_size=m))
    if draw(st.booleans()):  # an equation
        rows, offsets = [*rows, [-x for x in rows[0]]], [*offsets, -offsets[0]]
    return Domain(rows, offsets)


@settings(max_examples=150, deadline=None)
@given(systems())
def test_random_systems_against_the_core_and_scipy(domain: Domain) -> None:
    linprog = pytest.importorskip("scipy.optimize").linprog
    a, b = np.array(domain.a, dtype=float), np.array(domain.b, dtype=float)
    feasible = linprog(np.zeros(a.shape[1]), a, b, bounds=(None, None)).status == 0
    try:
        subdivided(Network([[[0] * domain.input_dim]], [[0]]), None, domain, 0, {})
        has_interior = True
    except DomainError:
        has_interior = False
    try:
        found = spanned_slice(domain)
    except DomainError as error:
        assert not has_interior
        if error.certificate is None:
            assert "single point" in str(error) and feasible
        else:
            assert proves_emptiness(domain, error.certificate) and not feasible
        return
    assert feasible
    assert (found is None) == has_interior
    if found is not None:
        inside = found.restrict(domain)
        assert spanned_slice(inside) is None  # it has interior points in the slice
        pr.subdivide(Network([[[0] * found.dim]], [[0]]), domain=inside)
        for row, offset in zip(domain.a, domain.b, strict=True):  # every point of the domain lies in the slice
            if not any(sum(x * y for x, y in zip(row, v, strict=True)) for v in found.directions):
                assert sum(x * y for x, y in zip(row, found.points[0], strict=True)) <= offset
        rng = np.random.default_rng(0)
        for _ in range(5):
            best = linprog(rng.normal(size=a.shape[1]), a, b, bounds=(-10, 10))
            if best.status == 0:
                nearest = found.point([Fraction(best.x[j]) for j in free_coordinates(found)])
                assert np.allclose([float(x) for x in nearest], best.x, atol=1e-6)


def free_coordinates(found: Slice) -> list[int]:
    """The coordinates of the space that are those of the slice, in order."""
    units = [[int(i == j) for j in range(found.dim)] for i in range(found.dim)]
    result = []
    for unit in units:
        for j in range(found.input_dim):
            column = [v[j] for v in found.directions]
            if column == unit and found.points[0][j] == 0 and j not in result:
                result.append(j)
                break
    assert len(result) == found.dim
    return result


def test_flat_boxes() -> None:
    found = spanned_slice(Domain.box([0, "1/2", None, 3], [1, "1/2", 5, 3]))
    assert found is not None and found.points == ((0, Fraction(1, 2), 0, 3), (1, Fraction(1, 2), 0, 3),
                                                  (0, Fraction(1, 2), 1, 3))  # fmt: skip
    assert spanned_slice(Domain.box([0, None], [1, None])) is None
    with pytest.raises(DomainError, match=r"single point \(1, 1/2\)"):
        spanned_slice(Domain.box([1, "1/2"], [1, "1/2"]))
    with pytest.raises(DomainError, match="too many to be examined"):
        spanned_slice(Domain([[1] * 300] * (MAX_ENTRIES // 300 + 1), [0] * (MAX_ENTRIES // 300 + 1)))


def test_an_empty_box_comes_with_a_certificate() -> None:
    with pytest.raises(DomainError, match="coordinate 2: the lower bound 1 is above the upper 0") as e:
        Domain.box([None, 1, 0], [2, 0, 1])
    rows = Domain.box([None, 0, 0], [2, 1, 1])
    assert proves_emptiness(Domain(rows.a, [2, 0, -1, 1, 0]), e.value.certificate)
    with pytest.raises(DomainError, match="the domain is empty") as e:
        Domain([[1], [0]], [3, -1]).half_spaces()
    assert e.value.certificate == (0, 1)


def test_errors_of_subdivide_say_what_the_domain_is() -> None:
    net = random_float32((2, 4, 1), 1)
    with pytest.raises(DomainError, match="strictly; it is flat") as e:
        subdivided(net, None, Domain.box([0, "1/2"], [1, "1/2"]), 0, {})
    assert isinstance(e.value.slice, Slice) and e.value.slice.dim == 1
    empty = Domain([[1, 1], [-1, 0], [0, -1]], [-1, 0, 0])
    with pytest.raises(DomainError, match="it is empty") as e:
        pr.subdivide(net, domain=empty)
    assert proves_emptiness(empty, e.value.certificate)


@st.composite
def flat_polytopes(draw: st.DrawFn) -> tuple[int, Domain, Slice]:
    """A polytope with equations that are mixed into its inequalities, in R^d, and the slice that it spans by hand."""
    d = draw(st.integers(2, 3))
    k = draw(st.integers(1, d - 1))
    matrix = draw(st.lists(st.lists(small, min_size=k, max_size=k), min_size=d - k, max_size=d - k))
    shifts = draw(st.lists(small, min_size=d - k, max_size=d - k))
    # x = (t, M t + c) with −2 ≤ t ≤ 1, and t_1 + ... ≤ k
    units = [[Fraction(int(i == j)) for j in range(k)] for i in range(k)]
    points = [[*[0] * k, *shifts]]
    points += [
        [*unit, *(sum(x * y for x, y in zip(r, unit, strict=True)) + c for r, c in zip(matrix, shifts, strict=True))]
        for unit in units
    ]
    rows: list[list[Any]] = [[sign * x for x in (*unit, *[0] * (d - k))] for sign in (1, -1) for unit in units]
    offsets: list[Any] = [1] * k + [2] * k
    for i, (row, c) in enumerate(zip(matrix, shifts, strict=True)):
        normal = [*(-x for x in row), *(int(i == j) for j in range(d - k))]
        for sign in (1, -1):
            rows.append([sign * x for x in normal])
            offsets.append(sign * c)
    order = draw(st.permutations(range(len(rows))))
    return d, Domain([rows[i] for i in order], [offsets[i] for i in order]), Slice(points)


@settings(max_examples=25, deadline=None)
@given(flat_polytopes(), st.integers(0, 10**6), st.sampled_from([">", ">=", "<", "<=", "="]))
def test_every_entry_point_agrees_with_the_slice_by_hand(made: Any, seed: int, relation: str) -> None:
    d, domain, by_hand = made
    net = random_float32((d, 4, 3, 1), seed)
    inside, part = by_hand.restrict(domain), by_hand.restrict(net)
    found = spanned_slice(domain)
    assert found is not None and found.dim == by_hand.dim
    shift = [x - y for x, y in zip(found.points[0], by_hand.points[0], strict=True)]
    vectors = [*found.directions, *by_hand.directions, shift]
    assert rank(vectors) == found.dim  # the same subspace
    assert pr.betti_numbers(net, relation, 0, domain) == pr.betti_numbers(part, relation, 0, inside)
    formula = f"F {relation} 0"
    assert pr.betti_numbers(net, where=formula, domain=domain) == pr.betti_numbers(part, relation, 0, inside)
    report = pr.analyse_region(net, relation, 0, domain, coarse=False)
    assert report.f_vector == pr.subdivide(part, 0, inside).f_vector
    assert report.f_vector == pr.subdivide(found.restrict(net), 0, found.restrict(domain)).f_vector
    assert pr.estimate(net, 0, domain).f_vector == tuple(map(Fraction, report.f_vector))
    ours, theirs = inspect(net, domain), inspect(part, inside)
    assert (ours.dead, ours.always_active, ours.complete) == (theirs.dead, theirs.always_active, theirs.complete)


def test_classes_and_parts_over_a_flat_box() -> None:
    net = random_float32((3, 5, 4, 3), 2)
    box = [(-1, 1), ("1/3", "1/3"), (-2, 2)]
    plane = Slice([[0, "1/3", 0], [1, "1/3", 0], [0, "1/3", 1]])
    inside = [(-1, 1), (-2, 2)]
    assert pr.class_betti_numbers(net, box) == pr.class_betti_numbers(plane.restrict(net), inside)
    one = net.output(0)
    assert pr.betti_numbers(one, domain=box, parts=2) == pr.betti_numbers(plane.restrict(one), domain=inside)


def test_a_slice_restricts_domains() -> None:
    line = Slice([[0, 0, 1], [1, 2, 1]])
    expected = Domain([[1], [-1], [2], [-2], [0], [0]], [1, 0, 1, 0, 0, 1])
    assert line.restrict(Domain.box([0, 0, 0], [1, 1, 1])) == expected
    with pytest.raises(pr.PointError, match="the domain has 2 coordinates"):
        line.restrict(Domain.box([0, 0], [1, 1]))
    with pytest.raises(pr.InputError, match="expected a Network or a Domain"):
        line.restrict([(0, 1)] * 3)
    with pytest.raises(pr.PointError, match="at least one vector"):
        Domain.box([0], [1]).restrict([0], [])


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net = random_float32((2, 5, 1), 3)
    pr.save(net, tmp_path / "net.json")
    part = Slice([[0, "1/2"], [1, "1/2"]]).restrict(net)
    for command in ("betti", "info", "regions"):
        assert main([command, str(tmp_path / "net.json"), "--box", "0,1;1/2,1/2", "--json"]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert any("the box is flat" in note for note in answer["assumed"])
        if command == "betti":
            assert answer["betti"] == list(pr.betti_numbers(part, domain=[(0, 1)]))
    assert main(["betti", str(tmp_path / "net.json"), "--box", "0,1;1/2,1/2"]) == 0
    assert "in the box 0,1;1/2,1/2 of R^2\n" in capsys.readouterr().out
    assert main(["betti", str(tmp_path / "net.json"), "--box", "1,0;0,1"]) == 2
    assert "the box is empty" in capsys.readouterr().err
    assert main(["betti", str(tmp_path / "net.json"), "--box", "1,1"]) == 2
    assert "single point (1, 1)" in capsys.readouterr().err
    assert main(["stability", str(tmp_path / "net.json"), "--box", "0,1;1/2,1/2", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["topological"] == pr.stability(part, [(0, 1)]).topological
