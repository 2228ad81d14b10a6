"""The engine against known answers: stored cases, shell networks, seeded random networks."""

from __future__ import annotations

from fractions import Fraction

import pytest

from polyrelu.analysis.pipeline import betti_numbers
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from polyrelu.topology.homology import homology
from support.known_answers import (
    LARGE_SHELLS,
    RANDOM_3_16_16_F_VECTOR,
    REGION_COUNTS,
    SHELLS,
    Case,
    Shells,
    cases,
    random_float32,
    shells,
)
from support.reference import RELATIONS


@pytest.mark.parametrize("case", cases(), ids=repr)
def test_stored_case(case: Case) -> None:
    expected = case.expected
    net = case.network
    assert subdivide(net).f_vector == tuple(expected["canonical_f_vector"])
    refined = subdivide(net, level=0)
    assert refined.f_vector == tuple(expected["refined_f_vector"])
    assert refined.canonical_f_vector == tuple(expected["canonical_f_vector"])
    assert refined.lineality_dim == expected["lineality"]
    for relation in RELATIONS:
        h = homology(refined.region(relation))
        assert [*h.betti, 0] == expected["betti"][relation], relation
        assert [*map(list, h.torsion), []] == expected["torsion"][relation], relation


@pytest.mark.parametrize("example", SHELLS, ids=lambda s: "-".join(map(str, s.architecture)))
def test_shells(example: Shells) -> None:
    refined = subdivide(shells(example.architecture, example.cuts), level=0)
    assert refined.f_vector == example.f_vector
    above = homology(refined.region(">"))
    assert above.betti == example.betti
    assert not any(above.torsion)
    assert homology(refined.region(">=")) == above


@pytest.mark.parametrize("example", LARGE_SHELLS, ids=lambda s: "-".join(map(str, s.architecture)))
def test_large_shells(example: Shells) -> None:
    assert betti_numbers(shells(example.architecture, example.cuts), relation=">", level=0) == example.betti


@pytest.mark.parametrize("architecture", REGION_COUNTS, ids=lambda a: "-".join(map(str, a)))
def test_region_counts_of_random_networks(architecture: tuple[int, ...]) -> None:
    complex_ = subdivide(random_float32(architecture), level=0)
    assert complex_.n_regions == REGION_COUNTS[architecture]
    if architecture == (3, 16, 16, 1):
        assert complex_.f_vector == RANDOM_3_16_16_F_VECTOR


def test_affine_network() -> None:
    """No hidden layer: C(F) is one cell, or the domain's faces, whatever the level adds."""
    net = Network([[[1, 0]]], [[-1]])
    for level in (0, -1, Fraction(4, 3)):
        refined = subdivide(net, level=level)
        assert (refined.f_vector, refined.canonical_f_vector) == ((0, 1, 2), (0, 0, 1))
        assert homology(refined.region("=")).betti == (1, 0)
    for domain, f_vector in ((Domain([[0, 1], [0, -1]], [1, 1]), (0, 2, 1)), (Domain.box([0, -1], [2, 1]), (4, 4, 1))):
        assert subdivide(net, domain=domain).f_vector == f_vector
        assert subdivide(net, level=0, domain=domain).canonical_f_vector == f_vector


def test_numbers_too_long_to_type() -> None:
    """Interior points of cells of a network of subnormal weights have thousands of digits; that is no input error."""
    tiny = 5e-324
    weights = [[1, 1 / 3, tiny], [tiny, tiny, 1 / 3], [tiny, 1 / 3, 3 * tiny], [0.1, 3 * tiny, 0.1], [1 / 3, 0.1, 1]]
    complex_ = subdivide(Network([weights, [[1] * 5]], [[-0.7, 0.1, -0.7, 1, 1], [0]]))
    signs = [sum(complex_.sign_vector(3, i), ()) for i in range(complex_.n_regions)]
    assert signs == [tuple(row) for row in complex_.region_signs().tolist()]
