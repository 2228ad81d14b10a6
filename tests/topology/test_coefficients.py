"""Homology over Q and over the field of p elements, against ranks of boundary matrices; bases and pieces of cycles."""

from __future__ import annotations

import copy
import pickle
from random import Random
from typing import Any

import flint
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_cycles import projective_plane
from test_homology import ZOO, chain_complexes

import polyrelu as pr
from polyrelu.errors import InputError
from polyrelu.topology.coefficients import read_coefficients

PRIMES = [2, 3, 5, 2**31 - 1]


def modular(rows: list[list[int]], n_columns: int, p: int) -> flint.nmod_mat:
    return flint.nmod_mat(len(rows), n_columns, [value % p for row in rows for value in row], p)


def betti_by_ranks(complex_: pr.ChainComplex, p: int) -> tuple[int, ...]:
    """dim C_k − rank ∂_k − rank ∂_{k+1}, the ranks modulo p by Gaussian elimination (FLINT)."""
    ranks = complex_.ranks
    of = [modular(complex_.boundary(k), ranks[k], p).rank() for k in range(1, len(ranks))]
    return tuple(n - a - b for n, a, b in zip(ranks, [0, *of], [*of, 0], strict=True))


def check_basis(complex_: pr.ChainComplex, p: int, rng: Random) -> None:
    """The cycles modulo p are as many as there should be, independent modulo boundaries, with coordinates."""
    basis = pr.homology_basis(complex_, coefficients=p)
    for k, n in enumerate(betti_by_ranks(complex_, p)):
        cycles = basis.cycles(k)
        assert len(cycles) == n and all(z.order == z.modulus == p for z in cycles)
        assert all(2 * abs(v) <= p for z in cycles for _, v in z.terms)
        rank = complex_.ranks[k]
        rows = [[z.coefficients.get(i, 0) for i in range(rank)] for z in cycles]
        if k:
            maps = modular(complex_.boundary(k), rank, p)
            assert not any(int(x) for x in (maps * modular(rows, rank, p).transpose()).entries())
        rims = [list(row) for row in zip(*complex_.boundary(k + 1), strict=True)] if k + 1 < len(complex_.ranks) else []
        assert modular(rims + rows, rank, p).rank() == modular(rims, rank, p).rank() + n
        wanted = tuple(rng.randrange(p) for _ in range(n))
        chain = basis.representative((wanted, ()), k)
        for rim in rims[:3]:
            for i, value in enumerate(rim):
                chain[i] = chain.get(i, 0) + 10**20 * value
        assert basis.coordinates({i: v + p * 7 for i, v in chain.items()}, k) == (wanted, ())


@settings(max_examples=20, deadline=None)
@given(chain_complexes(), st.sampled_from(PRIMES), st.integers(0, 99))
def test_arbitrary_complexes(complex_: pr.ChainComplex, p: int, seed: int) -> None:
    groups = pr.homology(complex_)
    found = pr.homology(complex_, coefficients=p)
    assert found.betti == betti_by_ranks(complex_, p) and not any(found.torsion)
    assert found == groups.with_coefficients(f"F{p}") == found.with_coefficients(p)
    assert pr.homology(complex_, coefficients="Q").betti == groups.betti
    check_basis(complex_, p, Random(seed))


SMALL = [entry for entry in ZOO if max(entry[1].ranks) < 200]


@pytest.mark.parametrize("complex_", [entry[1] for entry in SMALL], ids=[entry[0] for entry in SMALL])
def test_surfaces_lens_spaces_and_others(complex_: pr.ChainComplex) -> None:
    for p in PRIMES[:3]:
        assert pr.homology(complex_, coefficients=p).betti == betti_by_ranks(complex_, p)
        check_basis(complex_, p, Random(p))
    assert not pr.homology(complex_, coefficients="Q").torsion[-1]


def test_known_groups() -> None:
    plane = pr.homology(pr.ChainComplex([[[0]], [[2]]]))
    assert str(plane.with_coefficients("Z/2")) == "H_0 = F_2, H_1 = F_2, H_2 = F_2"
    assert str(plane.with_coefficients("Q")) == "H_0 = Q, H_1 = 0, H_2 = 0"
    assert plane.with_coefficients(3) == pr.Homology((1, 0, 0), ((), (), ()), 3)
    lens = pr.homology(pr.ChainComplex([[[0]], [[4]], [[0]]]))  # L(4, 1)
    assert lens.with_coefficients(2).betti == (1, 1, 1, 1)
    # Tor of the last group has one degree more
    assert pr.Homology((1,), ((2, 6),)).with_coefficients(2) == pr.Homology((3, 2), ((), ()), 2)
    assert pr.Homology((1,), ((2, 6),)).with_coefficients(3).betti == (2, 1)
    over = plane.with_coefficients(2)
    assert repr(over) == "Homology(betti=(1, 1, 1), torsion=((), (), ()), coefficients=2)" and eval_copy(over)
    assert "F_2" in over._repr_html_() and over != plane and len({over, plane}) == 2
    for ring in (3, "Z", "Q"):
        with pytest.raises(InputError, match="does not determine"):
            over.with_coefficients(ring)


def eval_copy(groups: pr.Homology) -> bool:
    return copy.copy(groups) is groups and pickle.loads(pickle.dumps(groups)) == groups


WRONG = [0, 1, -2, 4, 9, 2**31, 2**61 - 1, 10**5000, True, "x", "F4", "Z/1", "2", "", None, 2.0, [2], np.True_]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda x: repr(type(x)))
def test_what_is_no_coefficients(wrong: Any) -> None:
    with pytest.raises(InputError, match=r'^coefficients: expected "Z", "Q" or a prime .*, got ') as caught:
        pr.betti_numbers(pr.maximum(2), coefficients=wrong)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


def test_names_of_fields() -> None:
    assert [read_coefficients(x) for x in ("F2", "F_3", "Z/5", np.int64(7))] == [2, 3, 5, 7]
    net = pr.maximum(2)
    assert pr.persistence(net, field="F3") == pr.persistence(net, field="Z/3") == pr.persistence(net, field=3)
    assert pr.persistence(net, field=0).field == 0
    with pytest.raises(InputError, match=r"^field: "):
        pr.persistence(net, field="Z")


def test_projective_plane_in_space() -> None:
    """{F > 0} is homotopy equivalent to RP² in R⁵; the bars over F_2 are what is alive, those over Q are not."""
    net = projective_plane()
    region = pr.subdivide(net, level=0, coarse=True).region(">")
    assert pr.homology(region).torsion[1] == (2,)
    found = pr.homology(region, coefficients=2)
    assert found.betti == (1, 1, 1, 0, 0)
    (loop,), (surface,) = found.cycles(1), found.cycles(2)
    assert len(loop.pieces()) > 2 and len(surface.pieces()) > 9  # closed modulo 2, which `pieces` checks
    assert pr.homology(region).cycles(1)[0].order == 2 and not pr.homology(region).cycles(2)
    assert pr.homology(region, coefficients=3).betti == (1, 0, 0, 0, 0)


def test_functions_that_take_coefficients() -> None:
    net = pr.shells((2, 4, 3, 1), [1])
    for p in (2, "Q"):
        report = pr.analyse_region(net, ">=", coefficients=p)
        assert report.homology == pr.analyse_region(net, ">=").homology.with_coefficients(p)
        assert report.betti == pr.betti_numbers(net, ">=", coefficients=p)
        assert report.betti == pr.betti_numbers(net, where="F >= 0", coefficients=p)
        assert pr.analyse_region(net, ">=", coefficients=p, parts=2).homology == report.homology
        assert pr.analyse_formulas(net, "F >= 0", coefficients=p).homology[0] == report.homology
        assert pr.analyse_regions(net, [">="], coefficients=p)[">="].homology == report.homology
    classifier = pr.stack(net, pr.maximum(net.input_dim))
    found = pr.analyse_classes(classifier, coefficients="F2")
    assert found.betti == pr.class_betti_numbers(classifier, coefficients=2)
    assert {h.coefficients for h in (*found.classes, found.boundary)} == {2}
