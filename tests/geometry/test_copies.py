"""Copies of networks whose complexes are known: sheared by matrices of 30 digits, and behind layers of identities."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from polyrelu.topology.homology import homology
from support.arrangements import Arrangement, braid, catalan, linial, resonance, resonance_section, shi, type_b
from support.comparison import random_level, same_topology
from support.copies import sheared_unit, unit_matrix, with_identity_layer, with_skip
from support.known_answers import SHELLS, Case, Shells, cases, shells
from support.reference import RELATIONS, Reference
from support.simplices import determinant
from support.strategies import precomposed, product, seeded_network

DIGITS = 30
ARRANGEMENTS = [braid(4), type_b(3), shi(4), catalan(3), linial(4), resonance(4), resonance_section(4)]
WIDTHS = {
    1: [(4,), (3, 3)],
    2: [(4,), (6,), (4, 4), (3, 3, 3)],
    3: [(3,), (5,), (4, 3), (2, 2, 2)],
    4: [(4,), (3, 2)],
}
SMALL_CASES = [case for case in cases() if case.expected["canonical_f_vector"][-1] < 400]


def check_case(complex_: PolyhedralComplex, case: Case) -> None:
    """A complex at level 0 against the stored answers of an independent program."""
    assert complex_.canonical_f_vector == tuple(case.expected["canonical_f_vector"])
    assert complex_.f_vector == tuple(case.expected["refined_f_vector"])
    for relation in RELATIONS:
        assert [*homology(complex_.region(relation)).betti, 0] == case.expected["betti"][relation]


# -------------------------------------------------------------------------------------------------------------- shears


def sheared(net: Network, rng: Random) -> Network:
    """x ↦ F(Ux + v), U unimodular, entries of 30 digits throughout."""
    offset = [Fraction(rng.randrange(10**DIGITS), rng.randrange(1, 10**DIGITS)) for _ in range(net.input_dim)]
    return precomposed(net, sheared_unit(rng, net.input_dim, DIGITS), offset)


def test_shears_are_unimodular() -> None:
    for d in range(1, 5):
        matrix = sheared_unit(Random(d), d, DIGITS)
        assert all(len(str(abs(int(v)))) >= DIGITS for i, row in enumerate(matrix) for j, v in enumerate(row) if i + j)
        assert determinant(matrix) == 1


@pytest.mark.parametrize("case", SMALL_CASES, ids=repr)
def test_sheared_cases(case: Case) -> None:
    check_case(subdivide(sheared(case.network, Random(1)), level=0), case)


@pytest.mark.parametrize("known", SHELLS[:3], ids=lambda s: str(s.architecture))
def test_sheared_shells(known: Shells) -> None:
    complex_ = subdivide(sheared(shells(known.architecture, known.cuts), Random(2)), level=0)
    assert complex_.f_vector == known.f_vector
    assert homology(complex_.region(">")).betti == known.betti


@pytest.mark.parametrize("known", ARRANGEMENTS, ids=lambda known: known.name)
def test_sheared_arrangements(known: Arrangement) -> None:
    net = known.network(seed=3)
    one, other = subdivide(net), subdivide(sheared(net, Random(4)))
    same_topology(one, other)
    assert other.n_regions == known.regions
    assert other.lineality_dim == known.lineality_dim


@pytest.mark.parametrize("seed", range(30))
def test_sheared_random_networks(seed: int) -> None:
    net, rng = seeded_network(seed, WIDTHS), Random(seed)
    level = random_level(net, rng)
    same_topology(subdivide(net, level=level), subdivide(sheared(net, rng), level=level))


# ---------------------------------------------------------------------------------------------------- identity neurons


def behind_identities(net: Network, rng: Random) -> Network:
    """The same function behind a layer of identity neurons: the inputs, a matrix of them, or more than there are."""
    d = net.input_dim
    kind = rng.randrange(3)
    if kind == 0:
        return with_identity_layer(net, unit_matrix(d), unit_matrix(d), [Fraction(0)] * d)
    lower = [[Fraction(rng.randint(-3, 3) if j < i else int(i == j)) for j in range(d)] for i in range(d)]
    matrix, inverse = lower, lower_inverse(lower)
    if kind == 2:
        extra = [[Fraction(rng.randint(-2, 2)) for _ in range(d)] for _ in range(2)]
        mixed = [[Fraction(rng.randint(-1, 1)) for _ in range(2)] for _ in range(d)]
        # (A⁻¹ − M·E·A⁻¹ | M) times A above E is 1 − M·E + M·E.
        correction = product(mixed, product(extra, inverse))
        inverse = [
            [*(a - b for a, b in zip(row, other, strict=True)), *more]
            for row, other, more in zip(inverse, correction, mixed, strict=True)
        ]
        matrix = matrix + extra
    assert product(inverse, matrix) == unit_matrix(d)
    return with_identity_layer(net, matrix, inverse, [Fraction(rng.randint(-3, 3), 2) for _ in matrix])


def lower_inverse(lower: list[list[Fraction]]) -> list[list[Fraction]]:
    """The inverse of a lower triangular matrix with ones on the diagonal, row by row."""
    rows: list[list[Fraction]] = []
    for i, unit in enumerate(unit_matrix(len(lower))):
        row = unit
        for j in range(i):
            row = [a - lower[i][j] * b for a, b in zip(row, rows[j], strict=True)]
        rows.append(row)
    return rows


def test_first_layers_of_identities_need_artificial_hyperplanes() -> None:
    net = behind_identities(braid(3).network(), Random(0))
    assert subdivide(net).artificial_hyperplanes == 3  # the first layer does not know of the lineality
    assert subdivide(net).f_vector == braid(3).f_vector


@pytest.mark.parametrize("case", SMALL_CASES, ids=repr)
def test_cases_behind_identities(case: Case) -> None:
    for seed in range(2):
        check_case(subdivide(behind_identities(case.network, Random(seed)), level=0), case)


@pytest.mark.parametrize("known", SHELLS[:3], ids=lambda s: str(s.architecture))
def test_shells_behind_identities(known: Shells) -> None:
    complex_ = subdivide(behind_identities(shells(known.architecture, known.cuts), Random(5)), level=0)
    assert complex_.f_vector == known.f_vector
    assert homology(complex_.region(">")).betti == known.betti


@pytest.mark.parametrize("known", ARRANGEMENTS, ids=lambda known: known.name)
def test_arrangements_behind_identities(known: Arrangement) -> None:
    """All counts are those of the arrangement, though artificial hyperplanes refine it."""
    net = known.network()
    one, other = subdivide(net), subdivide(behind_identities(net, Random(6)))
    assert other.artificial_hyperplanes and not one.artificial_hyperplanes
    same_topology(one, other)
    assert other.n_regions == known.regions
    assert other.lineality_dim == known.lineality_dim


@pytest.mark.parametrize("seed", range(30))
def test_random_networks_behind_identities(seed: int) -> None:
    net, rng = seeded_network(seed, WIDTHS), Random(seed)
    level = random_level(net, rng)
    twice = behind_identities(behind_identities(net, rng), rng)
    same_topology(subdivide(net, level=level), subdivide(twice, level=level))


@pytest.mark.parametrize("seed", range(30))
def test_skip_connections(seed: int) -> None:
    """F(x) + s·x against the slow reference; and with ReLUs for identities, where the regions are the same sets."""
    rng = Random(seed)
    net = seeded_network(seed, {1: [(2,), (2, 2)], 2: [(2,), (2, 2)], 3: [(2,)]})
    skip = [Fraction(rng.randint(-2, 2)) for _ in range(net.input_dim)]
    by_identities, by_relus = with_skip(net, skip, 1), with_skip(net, skip, 0)
    level = random_level(by_identities, rng)
    one, other = subdivide(by_identities, level=level), subdivide(by_relus, level=level)
    reference = Reference(by_identities, level)
    assert one.f_vector == reference.f_vector
    assert one.n_bounded_regions == reference.n_bounded_regions
    assert one.canonical_f_vector == Reference(by_identities).f_vector
    for relation in RELATIONS:
        h = homology(one.region(relation))
        assert h == homology(other.region(relation)), relation
        assert (h.betti, h.torsion) == reference.homology(relation), relation
