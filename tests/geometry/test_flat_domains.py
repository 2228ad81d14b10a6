"""Flat and empty domains in every entry point, against the slice made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.analysis.inspection import inspect
from polyrelu.geometry.hull import spanned_slice
from support.known_answers import random_float32

AGREES: dict[str, Any] = {
    "subdivide": lambda n, d: pr.subdivide(n, 0, d).f_vector,
    "coarse": lambda n, d: pr.subdivide(n, 0, d, coarse=True).f_vector,
    "classify": lambda n, d: pr.classify(pr.stack(n, -n), d).complex.f_vector,
    "refine": lambda n, d: pr.refine(n, "0 < F <= 1", d).complex.f_vector,
    "clipped": lambda n, d: pr.clipped(pr.subdivide(n), d).f_vector,
    "count_cells": lambda n, d: pr.count_cells(n, 0, d).f_vector,
    "betti_numbers": lambda n, d: pr.betti_numbers(n, "<=", 0, d),
    "class_betti_numbers": lambda n, d: pr.class_betti_numbers(pr.stack(n, -n), d),
    "analyse_formulas": lambda n, d: pr.analyse_formulas(n, "0 <= F < 1", d).betti,
    "topological_expressivity": lambda n, d: pr.topological_expressivity(n, 0, d),
    "estimate": lambda n, d: pr.estimate(n, 0, d).f_vector,
    "inspect": lambda n, d: inspect(n, d).dead,
    "persistence": lambda n, d: [pr.persistence(n, d).bars(k) for k in range(pr.subdivide(n, domain=d).input_dim)],
    "levels": lambda n, d: (pr.levels(n, d).critical_levels, pr.levels(n, d).groups),
    "layerwise_homology": lambda n, d: tuple(pr.layerwise_homology(n, domain=d)),
    "output_range": lambda n, d: pr.output_range(n, d).interval,
    "output_ranges": lambda n, d: [x.interval for x in pr.output_ranges(n, d)],
    "max_difference": lambda n, d: pr.max_difference(n, n + n, d).value,
    "identical": lambda n, d: bool(pr.identical(n, n + n, d)),
    "check": lambda n, d: pr.check(n, "F > 0", d).holds,
    "stability": lambda n, d: (pr.stability(n, d).combinatorial, pr.stability(n, d).topological),
    "verify": lambda n, d: [x.found for x in pr.verify(n, betti=[0], regions=1, domain=d).claims],
}

small = st.integers(-2, 2)


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 2), st.lists(small, min_size=3, max_size=3), st.integers(0, 10**6))
def test_flat_domains_against_the_slice_by_hand(k: int, numbers: list[int], seed: int) -> None:
    """The graph of an affine map over a square or an interval, x_3 (and x_2) by equations."""
    a, b, c = numbers
    net = random_float32((3, 3, 2, 1), seed)
    rows, offsets = [[1, 0, 0], [-1, 0, 0], [-a, -b, 1], [a, b, -1]], [1, 1, c, -c]
    if k == 2:
        rows, offsets = [*rows, [0, 1, 0], [0, -1, 0]], [*offsets, 1, 2]
        by_hand = pr.Slice([[0, 0, c], [1, 0, a + c], [0, 1, b + c]])
    else:
        rows, offsets = [*rows, [0, 1, 0], [0, -2, 0]], [*offsets, "1/2", -1]
        by_hand = pr.Slice([[0, "1/2", f"{2 * c + b}/2"], [1, "1/2", f"{2 * (a + c) + b}/2"]])
    domain = pr.Domain(rows, offsets)
    part, inside = by_hand.restrict(net), by_hand.restrict(domain)
    for name, ask in AGREES.items():
        assert ask(net, domain) == ask(part, inside), name
    cx = pr.subdivide(net, 0, domain)
    assert cx.slice is not None and cx.slice.dim == k and cx.network == cx.slice.restrict(net)
    points = {cx.slice.point(t) for t in cx.vertices()}
    assert points == {by_hand.point(t) for t in pr.subdivide(part, 0, inside).vertices()}
    assert all(domain.contains(x) for x in points)
    x = by_hand.point([0] * k)
    (ours,), (theirs,) = (pr.distance_to_boundary(net, [x], domain=domain, search=s) for s in (False, True))
    assert ours == theirs


EMPTY = {
    "inequalities": pr.Domain([[1, 1], [-1, 0], [0, -1]], [-1, 0, 0]),
    "equations": pr.Domain([[1, 1], [-1, -1], [1, 2], [-1, -2], [0, 1]], [1, -1, 3, -3, 1]),
}


@pytest.mark.parametrize("kind", EMPTY)
def test_empty_domains_are_called_empty(kind: str, tmp_path: Path) -> None:
    net, domain = random_float32((2, 3, 1), 1), EMPTY[kind]
    further = {
        "certify": lambda n, d: pr.certify(n, domain=d, path=tmp_path / "a.cert"),
        "distance": lambda n, d: pr.distance_to_boundary(n, [[0, 0]], domain=d),
        "search": lambda n, d: pr.distance_to_boundary(n, [[0, 0]], domain=d, search=True),
    }
    for name, ask in (AGREES | further).items():
        with pytest.raises(pr.DomainError, match="empty") as e:
            ask(net, domain)
        y = e.value.certificate
        assert y is not None and min(y) >= 0, name
        products = [sum(p * row[j] for p, row in zip(y, domain.a, strict=True)) for j in range(2)]
        assert products == [0, 0] and sum(p * b for p, b in zip(y, domain.b, strict=True)) < 0, name


def test_a_single_point_is_one_clear_error() -> None:
    net = random_float32((2, 3, 1), 1)
    for ask in AGREES.values():
        with pytest.raises(pr.DomainError, match=r"single point \(1, 2\)") as e:
            ask(net, [(1, 1), (2, 2)])
        assert e.value.point == (1, 2)


def test_clipping_and_archives_keep_the_slice(tmp_path: Path) -> None:
    cx = pr.subdivide(pr.maximum(3), domain=[(0, 1), ("1/2", "1/2"), (0, 1)])
    for box in ([(0, 1), ("1/4", "1/4")], [(0, 1), (0, 1), ("1/4", "1/4")]):
        line = pr.clipped(cx, box)
        assert line.slice is not None and line.slice.points[0] == spanned_slice_points(box)
    pr.save_complex(cx, tmp_path / "a.npz")
    assert pr.load_complex(tmp_path / "a.npz", verify=True).slice == cx.slice


def spanned_slice_points(_: Any) -> Any:
    found = spanned_slice(pr.Domain.box([0, "1/2", "1/4"], [1, "1/2", "1/4"]))
    assert found is not None
    return found.points[0]


def test_certificates_of_flat_domains_are_of_the_network_on_the_slice(tmp_path: Path) -> None:
    f, g = pr.Network([[[1, 1]]], [[0]]), pr.Network([[[1, 0]]], [["1/2"]])  # equal where y = 1/2
    box, path = [(0, 1), ("1/2", "1/2")], tmp_path / "a.cert"
    part = pr.Slice([[0, "1/2"], [1, "1/2"]])
    assert pr.certify_identical(f, g, box, path) and pr.check_certificate(path, part.restrict(f))
    assert not pr.certify_identical(f, -g, box, path) and pr.check_certificate(path, part.restrict(f))
    report = pr.certify(pr.maximum(2), domain=box, path=path)
    assert pr.check_certificate(path, report.network) and not pr.check_certificate(path, pr.maximum(2))
