"""Boundary matrices, the face poset and all affine maps at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.network.network import Network
from polyrelu.topology.chain import chain_complex
from support.known_answers import cases
from support.missing import hide
from support.strategies import examples, networks
from support.zoo import projective_space

pytest.importorskip("scipy")


@examples(30)
@given(networks(), st.booleans())
def test_boundaries_of_boundaries_vanish(net, boxed):
    cx = pr.subdivide(net, 0, [(-1, 2)] * net.input_dim if boxed else None)
    low, d = len(cx.lineality), cx.input_dim
    everything = {k: cx.boundary_matrix(k, infinity=True).astype(int) for k in range(low, d + 1)}
    finite = {k: cx.boundary_matrix(k) for k in range(low, d + 1)}
    assert everything[low].shape[0] == finite[low].shape[0] == 0
    for a, b in pairwise(range(low, d + 1)):
        assert everything[a].shape[1] == everything[b].shape[0]
        assert not (everything[a] @ everything[b]).count_nonzero()
    # All cells together make up a ball: its Euler characteristic, and its homology by ranks over the rationals.
    sizes = [everything[k].shape[1] for k in range(low, d + 1)]
    assert sum((-1) ** i * n for i, n in enumerate(sizes)) == 1
    if max(sizes) < 150:
        ranks = [np.linalg.matrix_rank(everything[k].toarray()) if everything[k].nnz else 0 for k in range(low, d + 1)]
        betti = [n - r - s for n, r, s in zip(sizes, ranks, [*ranks[1:], 0], strict=True)]
        assert betti == [1] + [0] * (d - low)
    for k in range(low, d + 1):
        assert finite[k].dtype == np.int8 and finite[k].shape[1] == cx.n_cells(k)
        assert (everything[k][: finite[k].shape[0], : cx.n_cells(k)] != finite[k]).nnz == 0
        # entry by entry, from `facets`
        indptr, facets, signs = cx.facets(k)
        dense = np.zeros(finite[k].shape, int)
        for i in range(cx.n_cells(k)):
            dense[facets[indptr[i] : indptr[i + 1]], i] = signs[indptr[i] : indptr[i + 1]]
        assert np.array_equal(finite[k].toarray(), dense)


def test_matrices_are_copies_and_dimensions_are_checked():
    cx = pr.subdivide(cases()[0].network)
    matrix = cx.boundary_matrix(cx.input_dim)
    before = cx.facets(cx.input_dim)[2].copy()
    matrix.data[:] = 7
    assert np.array_equal(cx.facets(cx.input_dim)[2], before)
    for k in (-1, cx.input_dim + 1, "1", True):
        with pytest.raises(pr.PointError):
            cx.boundary_matrix(k)


@pytest.mark.parametrize("relation", [">", "<="])
def test_chain_complexes_as_matrices(relation):
    """The same matrices as the dense ones; and their products, and homology by ranks, are right."""
    compared = 0
    for case in cases()[:6]:
        region = pr.subdivide(case.network, 0).region(relation)
        chains = chain_complex(region)
        n = len(chains.ranks)
        matrices = [chains.boundary_matrix(k).astype(np.int64) for k in range(1, n)]
        for k, matrix in enumerate(matrices, 1):
            assert matrix.shape == (chains.ranks[k - 1], chains.ranks[k])
            if max(matrix.shape) < 300:
                compared += matrix.nnz
                assert matrix.toarray().tolist() == [list(row) for row in chains.boundary(k)]
        for a, b in pairwise(matrices):
            assert not (a @ b).count_nonzero()
        assert pr.homology(pr.ChainComplex(matrices, chains.ranks)) == pr.homology(chains)
    assert compared > 100
    with pytest.raises(pr.ChainComplexError, match="no boundary map"):
        chains.boundary_matrix(n)


def test_entries_that_scipy_cannot_hold():
    assert projective_space(2).boundary_matrix(1).dtype == np.int8
    assert pr.ChainComplex([[[300]]]).boundary_matrix(1).toarray().tolist() == [[300]]
    with pytest.raises(pr.ChainComplexError, match="64 bits"):
        pr.ChainComplex([[[2**70]]]).boundary_matrix(1)


def test_without_scipy(monkeypatch):
    hide(monkeypatch, "scipy")
    with pytest.raises(pr.MissingDependencyError, match=r"polyrelu\[data\]") as caught:
        pr.subdivide(Network([[[1]]], [[0]]), 0).boundary_matrix(1)
    assert caught.value.extra == "data"
    with pytest.raises(pr.MissingDependencyError, match=r"polyrelu\[data\]"):
        pr.ChainComplex([[[1]]]).boundary_matrix(1)
