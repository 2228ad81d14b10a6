"""Homology of triangulated manifolds from the literature, of products, and of complexes with enormous torsion."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from random import Random

import numpy as np
import pytest

from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.homology import Homology, homology
from support import zoo
from support.reference import smith
from support.triangulations import (
    Simplex,
    complex_projective_plane,
    f_vector,
    is_sphere,
    k3_surface,
    link,
    orientation,
    poincare_sphere,
    ridge_degrees,
    ridges,
    shelling,
)

MANIFOLDS = {
    "CP^2": (complex_projective_plane(), (9, 36, 84, 90, 36), (1, 0, 1, 0, 1)),
    "K3": (k3_surface(), (16, 120, 560, 720, 288), (1, 0, 22, 0, 1)),
    "Poincaré sphere": (poincare_sphere(), (16, 106, 180, 90), (1, 0, 0, 1)),
}


@pytest.mark.parametrize(("facets", "counts", "betti"), MANIFOLDS.values(), ids=MANIFOLDS)
class TestManifolds:
    def test_transcription(self, facets: set[Simplex], counts: tuple[int, ...], betti: tuple[int, ...]) -> None:
        """Combinatorial manifolds: every vertex has a link that is a sphere, by a shelling of it; and orientable."""
        assert f_vector(facets) == counts
        assert set(ridge_degrees(facets).values()) == {2}
        for v in set().union(*facets):
            assert is_sphere(link(facets, frozenset([v])))
        signs = orientation(facets)
        assert signs is not None
        total: dict[Simplex, int] = {}
        for facet, sign in signs.items():
            for ridge, place in ridges(facet):
                total[ridge] = total.get(ridge, 0) + sign * (-1) ** place
        assert not any(total.values())

    def test_homology(self, facets: set[Simplex], counts: tuple[int, ...], betti: tuple[int, ...]) -> None:
        complex_ = zoo.simplicial(facets)
        assert complex_.ranks == counts
        expected = Homology(betti, ((),) * len(betti))
        assert homology(complex_) == expected
        assert homology(complex_.dual()) == expected

    def test_homology_of_the_complement_of_a_facet(
        self, facets: set[Simplex], counts: tuple[int, ...], betti: tuple[int, ...]
    ) -> None:
        """Without the interior of one facet the fundamental class is gone, and nothing else changes."""
        punctured = facets - {min(facets, key=sorted)}
        assert homology(zoo.simplicial(punctured)) == Homology((*betti[:-1], 0), ((),) * len(betti))


def test_shellings_tell_spheres_from_other_manifolds() -> None:
    """A shellable closed manifold is a sphere, so that these have no shelling, and a changed facet is seen."""
    for facets, _, _ in MANIFOLDS.values():
        assert shelling(facets, attempts=2) is None
    changed = poincare_sphere() - {frozenset([1, 2, 4, 9])} | {frozenset([1, 2, 4, 10])}
    assert set(ridge_degrees(changed).values()) != {2}
    moebius = {frozenset([i, (i + 1) % 5, (i + 2) % 5]) for i in range(5)}
    assert orientation(moebius) is None and not is_sphere(moebius)


# ------------------------------------------------------------------------------------------------------------ products


def kuenneth(a: Homology, b: Homology) -> Homology:
    """The homology of a product (A. Hatcher, Algebraic Topology, 2002, theorem 3B.6), by cyclic summands.

    Z/m ⊗ Z/n and Tor(Z/m, Z/n) are Z/gcd(m, n); the order 0 stands for Z, whose Tor with anything is 0.
    """
    top = len(a.betti) + len(b.betti) - 1
    orders: list[list[int]] = [[] for _ in range(top)]
    for i, (rank_a, torsion_a) in enumerate(zip(a.betti, a.torsion, strict=True)):
        for j, (rank_b, torsion_b) in enumerate(zip(b.betti, b.torsion, strict=True)):
            for m in (*[0] * rank_a, *torsion_a):
                for n in (*[0] * rank_b, *torsion_b):
                    orders[i + j].append(gcd(m, n))
                    if m and n and i + j + 1 < top:
                        orders[i + j + 1].append(gcd(m, n))
    finite = [smith([{k: m} for k, m in enumerate(o) if m]) for o in orders]
    return Homology(tuple(o.count(0) for o in orders), tuple(tuple(m for m in f if m > 1) for f in finite))


def lens_homology(p: int) -> Homology:
    return Homology((1, 0, 0, 1), ((), (p,), (), ()))


@pytest.mark.parametrize(
    "spaces",
    [[(3, 1), (9, 2)], [(4, 1), (6, 1)], [(5, 2), (7, 3)], [(12, 5), (8, 3)], [(2, 1), (2, 1), (4, 1)]],
    ids=lambda spaces: " x ".join(f"L({p};{q})" for p, q in spaces),
)
def test_products_of_lens_spaces(spaces: list[tuple[int, int]]) -> None:
    """As products of Δ-complexes, and as products of the cell structures with one cell in each dimension."""
    triangulated, cells = [zoo.lens_space(*s) for s in spaces], [lens_cells(p) for p, _ in spaces]
    expected = lens_homology(spaces[0][0])
    product, small = triangulated[0], cells[0]
    for (p, _), t, c in zip(spaces[1:], triangulated[1:], cells[1:], strict=True):
        expected, product, small = kuenneth(expected, lens_homology(p)), zoo.tensor(product, t), zoo.tensor(small, c)
    assert homology(small) == expected
    assert homology(small.dual()).betti == expected.betti
    assert homology(product) == expected


def lens_cells(p: int) -> ChainComplex:
    """L(p; q) with one cell in each dimension (Hatcher, example 2.43)."""
    return zoo.cellular([1, 1, 1, 1], d2=[[p]])


def test_product_of_lens_spaces_in_full() -> None:
    """Written out: the orders 4 and 6 have gcd 2 and lcm 12."""
    expected = Homology((1, 0, 0, 2, 0, 0, 1), ((), (2, 12), (2,), (2,), (2, 12), (), ()))
    assert kuenneth(lens_homology(4), lens_homology(6)) == expected
    assert homology(zoo.tensor(lens_cells(4), lens_cells(6))) == expected
    # beyond machine words
    p, q = 2**70 * 3, 2**65 * 5
    found = homology(zoo.tensor(lens_cells(p), lens_cells(q)))
    assert found == kuenneth(lens_homology(p), lens_homology(q))
    assert found.torsion[1:4] == ((2**65, 2**70 * 15), (2**65,), (2**65,))


# ----------------------------------------------------------------------------------------------------- doubling chains


def two_complex(n: int, relations: Sequence[dict[int, int]]) -> ChainComplex:
    """One vertex, n loops, and a 2-cell for each relation between them."""
    entries = [sorted((i, v) for i, v in relation.items() if v) for relation in relations]
    d2 = (
        np.cumsum([0, *map(len, entries)], dtype=np.int64),
        np.array([i for e in entries for i, _ in e], dtype=np.int32),
        np.array([v for e in entries for _, v in e], dtype=np.int64),
    )
    d1 = (np.zeros(n + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int64))
    return ChainComplex.from_arrays((1, n, len(relations)), [d1, d2])


def rearranged(n: int, relations: Sequence[dict[int, int]], seed: int) -> ChainComplex:
    """The same with loops and relations in another order, with other signs; seed 0 changes nothing, 1 the order."""
    rng = Random(seed)
    loops, order = list(range(n)), list(range(len(relations)))
    if seed == 1:
        loops, order = loops[::-1], order[::-1]
    elif seed:
        rng.shuffle(loops)
        rng.shuffle(order)
    signs = [rng.choice([1, -1]) if seed > 1 else 1 for _ in range(n)]
    turns = [rng.choice([1, -1]) if seed > 1 else 1 for _ in order]
    return two_complex(
        n, [{loops[i]: signs[i] * t * v for i, v in relations[j].items()} for j, t in zip(order, turns, strict=True)]
    )


@pytest.mark.parametrize("seed", range(4))
def test_doubling_chain(seed: int) -> None:
    """⟨e_1, …, e_n | e_{k+1} = 2 e_k, 2 e_n = 0⟩ is cyclic of order 2^n, generated by e_1; n = 2000."""
    n = 2000
    relations = [{k: 2, k + 1: -1} for k in range(n - 1)] + [{n - 1: 2}]
    complex_ = rearranged(n, relations, seed)
    assert homology(complex_) == Homology((1, 0, 0), ((), (2**n,), ()))
    assert homology(complex_.dual()) == Homology((0, 0, 1), ((2**n,), (), ()))


@pytest.mark.parametrize("seed", range(3))
def test_doubling_circle(seed: int) -> None:
    """With e_1 = 2 e_n in place of 2 e_n = 0 the order is 2^n − 1, and without it the group is Z."""
    n = 2000
    relations = [{k: 2, k + 1: -1} for k in range(n - 1)]
    assert homology(rearranged(n, relations, seed)) == Homology((1, 1, 0), ((), (), ()))
    circle = [*relations, {n - 1: 2, 0: -1}]
    assert homology(rearranged(n, circle, seed)) == Homology((1, 0, 0), ((), (2**n - 1,), ()))


@pytest.mark.parametrize("seed", range(3))
def test_chain_without_unit_entries(seed: int) -> None:
    """⟨3 e_{k+1} = 2 e_k, 2 e_n = 0⟩, of order 2^n.

    The matrix is 2 on the diagonal and −3 below it, and its determinant 2^n. The minor without the first row and the
    last column is (−3)^(n−1), that without the last row and the last column 2^(n−1): their gcd is 1, so that all
    invariant factors but one are 1, and the group is cyclic.
    """
    n = 80
    relations = [{k: 2, k + 1: -3} for k in range(n - 1)] + [{n - 1: 2}]
    assert homology(rearranged(n, relations, seed)) == Homology((1, 0, 0), ((), (2**n,), ()))
