"""Boundary matrices, the face poset and all affine maps at once."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
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


@examples(60)
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


@examples(40)
@given(networks())
def test_face_poset(net):
    """Graded, and its intervals of length 2 are diamonds with signs that cancel; the vertices below are the cell's."""
    cx = pr.subdivide(net, 0)
    poset = cx.face_poset()
    low, d = len(cx.lineality), cx.input_dim
    assert len(poset) == sum(cx.n_cells(k) for k in range(low, d + 1))
    assert nx.is_directed_acyclic_graph(poset)
    for (k, f), (m, i), sign in poset.edges(data="incidence"):
        assert m == k + 1 and sign in (1, -1)
        indptr, facets, signs = cx.facets(m)
        row = slice(indptr[i], indptr[i + 1])
        assert signs[row][facets[row] == f].tolist() == [sign]
    for k in range(low, d + 1):
        for i in range(0, cx.n_cells(k), 5):
            below = nx.ancestors(poset, (k, i)) | {(k, i)}
            vertices = [v for v in cx.cell_vertices(k, i).tolist() if v < cx.n_finite_vertices]
            assert sorted(j for m, j in below if m == low) == vertices
            for m, j in below:
                between = [x for x in poset.successors((m, j)) if x in below] if m == k - 2 else []
                products = [poset.edges[(m, j), x]["incidence"] * poset.edges[x, (k, i)]["incidence"] for x in between]
                assert not products or sorted(products) == [-1, 1]


@examples(60)
@given(networks(), st.sampled_from([None, 0]))
def test_all_affine_maps(net, level):
    """Each is the map that the signs define; distinct, and right at an interior point."""
    wide = Network([*net.weights[:-1], net.weights[-1] * 2], [*net.biases[:-1], [net.biases[-1][0], 5]], net.slopes)
    cx = pr.subdivide(net if level is not None else wide, level)
    maps, numbers = cx.affine_maps(), cx.affine_map_numbers()
    assert len(set(maps)) == len(maps) == len(set(numbers.tolist()))
    for i in range(0, len(numbers), 3):
        assert maps[numbers[i]] == cx.affine_map(i)
        weights, constants = maps[numbers[i]]
        point = cx.interior_point(cx.input_dim, i)
        values = tuple(
            sum(w * x for w, x in zip(row, point, strict=True)) + c for row, c in zip(weights, constants, strict=True)
        )
        found = cx.network(point)
        assert values == (found if isinstance(found, tuple) else (found,))
