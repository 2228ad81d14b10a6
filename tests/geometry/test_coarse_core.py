"""The core of coarse complexes: homology and level set are those of complete ones, on any number of threads."""

from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.errors import InputError

RELATIONS = (">", ">=", "<", "<=", "=")
ARCHITECTURES = [(1, 6, 1), (2, 12, 12, 1), (2, 6, 6, 6, 1), (3, 8, 8, 1), (4, 5, 5, 1)]


def random_network(widths, seed, degenerate):
    random = np.random.default_rng(seed)
    layers = list(pairwise(widths))
    if degenerate:
        weights = [random.integers(-2, 3, (b, a)).tolist() for a, b in layers]
        return pr.Network(weights, [random.integers(-1, 2, b).tolist() for _, b in layers])
    weights = [(random.standard_normal((b, a)) / np.sqrt(a)).astype(np.float32) for a, b in layers]
    return pr.Network(weights, [(random.standard_normal(b) / 2).astype(np.float32) for _, b in layers])


@pytest.mark.parametrize(("widths", "degenerate"), list(product(ARCHITECTURES, (False, True))))
def test_coarse_complexes_have_the_homology_of_complete_ones(widths, degenerate):
    d = widths[0]
    for seed, domain in product(range(2), (None, [(-1, 1)] * d)):
        net = random_network(widths, seed, degenerate)
        for level in (0, Fraction(1, 3)):
            complete = pr.subdivide(net, level, domain)
            coarse = pr.subdivide(net, level, domain, coarse=True)
            assert coarse.is_coarse and not complete.is_coarse
            assert coarse.n_regions <= complete.n_regions
            for relation in RELATIONS:
                found, expected = (pr.homology(cx.region(relation)) for cx in (coarse, complete))
                assert (found.betti, found.torsion) == (expected.betti, expected.torsion), (seed, level, relation)
            for k in range(complete.lineality_dim, d + 1):
                assert np.count_nonzero(coarse.signs(k) == 0) == np.count_nonzero(complete.signs(k) == 0)


def test_decided_cells_have_the_sign_that_is_told():
    net = random_network((3, 12, 12, 1), 0, False)
    cx = pr.subdivide(net, 0, coarse=True)
    decided = cx.arrays.decided[: cx.n_regions]
    assert 0 < np.count_nonzero(decided) < cx.n_regions
    assert np.array_equal(decided[decided != 0], cx.signs(3)[decided != 0])
    for i in np.flatnonzero(decided)[::7]:
        value = net(cx.interior_point(3, i))
        assert (value > 0) - (value < 0) == decided[i]


def test_coarse_complexes_do_not_depend_on_the_number_of_threads():
    net = random_network((3, 16, 16, 1), 1, False)
    one, more = (pr.subdivide(net, 0, coarse=True, threads=n).arrays for n in (1, 3))
    assert np.array_equal(one.decided, more.decided)
    named = more.named()
    assert all(np.array_equal(x, named[name]) for name, x in one.named().items())


def test_coarse_complexes_need_a_level():
    with pytest.raises(InputError, match=r"coarse: .* level=t"):
        pr.subdivide(random_network((2, 3, 1), 0, False), coarse=True)
