"""verify: every kind of claim, true and false; bad claims; claims in a network file."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrelu.analysis.verification import _mayer_vietoris, verify, verify_claims
from polyrelu.constructions import predicted_betti, shells
from polyrelu.errors import InputError, LimitError, NumberError, RegionError, VerificationError
from polyrelu.geometry.region import RELATIONS
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from polyrelu.readers import save
from polyrelu.readers.json import read_document
from polyrelu.topology.homology import Homology, homology
from support.strategies import examples, levels, networks

# F = 1 − ||x| + |y| − 2|: {F > 0} is the annulus 1 < |x| + |y| < 3
ANNULUS = Network(
    [[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 1, 1], [-1, -1, -1, -1]], [[-1, -1]]],
    [[0, 0, 0, 0], [-2, 2], [1]],
)
TRUE: dict[str, Any] = {
    "betti": (1, 1),
    "torsion": ((), ()),
    "euler_characteristic": 0,
    "regions": 8,
    "bounded_regions": 4,
    "linear_pieces": 8,
    "vertices": 5,
    "f_vector": (5, 12, 8),
    "refined_f_vector": (13, 28, 16),
}
FALSE: dict[str, Any] = {
    "betti": (1, 0),
    "torsion": ((), (2,)),
    "euler_characteristic": 1,
    "regions": 9,
    "bounded_regions": 8,
    "linear_pieces": 7,
    "vertices": 0,
    "f_vector": (5, 12, 9),
    "refined_f_vector": (5, 12, 8),
}


@pytest.mark.parametrize("kind", TRUE)
def test_each_claim_true_and_false(kind):
    report = verify(ANNULUS, **{kind: TRUE[kind]})
    assert report and [check.holds for check in report.claims] == [True]
    assert report.claims[0].name.startswith(kind) and report.claims[0].how
    assert "all claims hold" in str(report) and "FAILS" not in str(report)

    wrong = verify(ANNULUS, **{kind: FALSE[kind]})
    (check,) = wrong.claims
    assert not wrong and not check.holds
    assert (check.claimed, check.found) == (FALSE[kind], TRUE[kind])
    assert "1 of 1 claims fail" in str(wrong) and "FAILS: found" in str(wrong)


def test_all_claims_together():
    assert verify(ANNULUS, **TRUE)
    assert len(verify(ANNULUS, **TRUE).claims) == len(TRUE)
    for kind in TRUE:
        report = verify(ANNULUS, **{**TRUE, kind: FALSE[kind]})
        assert [check.name.split()[0] for check in report.claims if not check.holds] == [kind]


def test_a_claim_of_the_wrong_length_is_false():
    assert not verify(ANNULUS, betti=(1,))
    assert not verify(ANNULUS, betti=(1, 1, 0))
    assert not verify(ANNULUS, f_vector=())


def test_relations_and_levels():
    assert verify(ANNULUS, relation="=", betti=(2, 2))
    assert verify(ANNULUS, relation="<", betti=(2, 1))
    assert verify(ANNULUS, level=1, betti=(0, 0))
    assert verify(ANNULUS, level="1/2", relation=">=", betti=(1, 1))
    assert not verify(ANNULUS, level=Fraction(-1), relation=">=", betti=(1, 1))
    everything = {">": (1, 1), ">=": (1, 1), "<": (2, 1), "<=": (2, 1), "=": (2, 2)}
    report = verify(ANNULUS, betti=everything, euler_characteristic={"=": 0, "<": 1}, relation="<=", torsion=[[], []])
    assert report and len(report.claims) == 8
    assert "torsion of {F <= 0}" in [check.name for check in report.claims]
    wrong = verify(ANNULUS, betti={**everything, "<": (1, 1)})
    assert [check.name for check in wrong.claims if not check.holds] == ["betti of {F < 0}"]


def test_a_domain():
    box = [(0, 5), (-5, 5)]
    assert verify(ANNULUS, betti=(1, 0), regions=4, bounded_regions=4, domain=box)
    assert not verify(ANNULUS, betti=(1, 1), domain=box)


def test_counts_need_one_output_only_for_levels():
    two = Network([[[1], [-1]], [[1, 0], [0, 1]]], [[0, 0], [0, 0]])
    assert verify(two, regions=2)
    with pytest.raises(RegionError, match="2 outputs"):
        verify(two, betti=(1,))


def test_integers_and_sequences_of_numpy():
    assert verify(ANNULUS, betti=np.array([1, 1]), regions=np.int64(8), f_vector=np.array([5, 12, 8], np.int8))


def test_mayer_vietoris_is_checked_and_reported():
    report = verify(ANNULUS, betti=(1, 1))
    (check,) = report.cross_checks
    assert check.holds and "Mayer-Vietoris" in str(report)
    assert not verify(ANNULUS, regions=8).cross_checks


def test_mayer_vietoris_catches_a_wrong_group():
    cx = subdivide(ANNULUS, 0)
    groups = {r: homology(cx.region(r)) for r in RELATIONS}
    assert _mayer_vietoris(groups, "0").holds
    torsion = Homology((1, 1), ((2,), ()))
    for relation, wrong in (("=", Homology((2, 3), ((), ()))), (">=", Homology((2, 1), ((), ()))), ("<=", torsion)):
        with pytest.raises(VerificationError, match="Mayer-Vietoris"):
            _mayer_vietoris({**groups, relation: wrong}, "0")


def test_mayer_vietoris_adds_torsion_up():
    """Z/2 ⊕ Z/3 is Z/6, and Z/2 ⊕ Z/4 stays."""
    for a, b, c in ((2,), (3,), (6,)), ((2,), (4,), (2, 4)), ((6,), (4,), (2, 12)):
        groups = {r: Homology((1, 0), ((), factors)) for r, factors in ((">=", a), ("<=", b), ("=", c))}
        assert _mayer_vietoris(groups, "0").holds


# ---- bad claims ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"level": 0},
        {"betti": 3},
        {"betti": "1,1"},
        {"betti": [1, "1"]},
        {"betti": [1, 1.0]},
        {"betti": [True, 1]},
        {"betti": [1, None]},
        {"betti": {}},
        {"betti": {"!=": [1, 1]}},
        {"betti": {">": 1}},
        {"betti": {None: [1]}},
        {"torsion": [1, 1]},
        {"torsion": 0},
        {"torsion": {">": [[], [1.5]]}},
        {"euler_characteristic": "0"},
        {"euler_characteristic": 0.0},
        {"regions": "8"},
        {"regions": [8]},
        {"regions": 8.0},
        {"regions": True},
        {"f_vector": 8},
        {"f_vector": {0: 5}},
        {"refined_f_vector": [1, [2]]},
        {"betti": [1, 1], "relation": "=="},
        {"betti": [1, 1], "relation": None},
        {"betti": [1, 1], "relation": [">"]},
        {"betti": [1, 1], "level": None},
        {"betti": [1, 1], "level": "x"},
        {"regions": 8, "level": float("nan")},
        {"betti": [1, 1], "max_cells": 0},
        {"betti": [1, 1], "domain": [(1, 0), (0, 1)]},
    ],
    ids=repr,
)
def test_bad_claims(claims):
    with pytest.raises(InputError) as caught:
        verify(ANNULUS, **claims)
    assert "\n" not in str(caught.value)


def test_not_a_network():
    for claims in ({"betti": [1]}, {"regions": 1}):
        with pytest.raises(InputError, match="expected a Network"):
            verify(None, **claims)


def test_limits():
    with pytest.raises(LimitError):
        verify(ANNULUS, betti=(1, 1), max_cells=3)


# ---- claims in a file ---------------------------------------------------------------------------------------------


def test_claims_inside_a_network_file(tmp_path):
    path = tmp_path / "annulus.json"
    claims = {"betti": {">": [1, 1], "=": [2, 2]}, "level": "0", "regions": 8, "torsion": [[], []]}
    save(ANNULUS, path, claims=claims, name="annulus")
    document = read_document(path)
    report = verify_claims(document.network, document.claims)
    assert report and len(report.claims) == 4
    save(ANNULUS, path, claims={**claims, "regions": 7})
    document = read_document(path)
    assert not verify_claims(document.network, document.claims)
    assert verify_claims(document.network, document.claims, regions=8)  # an option comes before the file
    with pytest.raises(LimitError):
        verify_claims(document.network, document.claims, max_cells=1)


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"bettis": [1, 1]}, "unknown key 'bettis'"),
        ({"domain": [[0, 1]]}, "unknown key"),
        ({1: 2}, "unknown key 1"),
        ({"betti": None}, "betti is null"),
        ({"betti": [1, 1], "level": None}, "level is null"),
        ({}, "there are no claims"),
        ([], "expected an object"),
        (None, "expected an object"),
    ],
)
def test_bad_claims_of_a_file(claims, message):
    with pytest.raises(InputError, match=message):
        verify_claims(ANNULUS, claims)


def test_numbers_of_a_file_are_exact():
    with pytest.raises(NumberError, match="level"):
        verify_claims(ANNULUS, {"betti": [1, 1], "level": "1/0"})


# ---- constructed and random networks ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("architecture", "cuts"), [((2, 8, 6, 1), {1: 3}), ((2, 4, 4, 4, 1), {1: 2}), ((3, 6, 8, 1), {1: 2, 2: 3})]
)
def test_predictions_of_shells_are_claims(architecture, cuts):
    net = shells(architecture, cuts)
    predicted = predicted_betti(architecture, cuts)
    assert verify(net, betti=predicted)
    for relation in RELATIONS:
        wrong = {**predicted, relation: (predicted[relation][0] + 1, *predicted[relation][1:])}
        report = verify(net, betti=wrong)
        assert [c.name for c in report.claims if not c.holds] == [f"betti of {{F {relation} 0}}"]


@given(st.data())
@examples(30)
def test_what_is_computed_is_a_true_claim(data):
    """And Mayer–Vietoris holds at every level, critical ones included."""
    net = data.draw(networks(dims=(1, 2, 3)))
    level = data.draw(levels(net))
    cx, refined = subdivide(net), subdivide(net, level)
    groups = {r: homology(refined.region(r)) for r in RELATIONS}
    report = verify(
        net,
        level=level,
        betti={r: h.betti for r, h in groups.items()},
        torsion={r: h.torsion for r, h in groups.items()},
        euler_characteristic={r: h.euler_characteristic for r, h in groups.items()},
        regions=cx.n_regions,
        bounded_regions=cx.n_bounded_regions,
        linear_pieces=cx.n_linear_pieces,
        vertices=cx.n_vertices,
        f_vector=cx.f_vector,
        refined_f_vector=refined.f_vector,
    )
    assert report, str(report)
    assert refined.canonical_f_vector == cx.f_vector
    name, found = data.draw(st.sampled_from([("regions", cx.n_regions), ("vertices", cx.n_vertices)]))
    assert not verify(net, **{name: found + 1})
