"""Graphs of regions and faces, and the linear pieces in them."""

from __future__ import annotations

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from polyrelu.geometry.adjacency import neighbours, walls_between
from polyrelu.geometry.subdivision import subdivide
from support.strategies import WIDER, examples, networks


@given(st.data())
@examples(20)
def test_linear_pieces(data: st.DataObject) -> None:
    """Regions joined across common facets by the affine maps themselves; never more of them than regions."""
    net = data.draw(networks(widths=WIDER))
    complex_ = subdivide(net)
    graph = complex_.dual_graph()
    assert graph.number_of_nodes() == complex_.n_cells(complex_.input_dim)
    maps = [complex_.affine_map(i) for i in graph]
    graph.remove_edges_from([(i, j) for i, j in graph.edges if maps[i] != maps[j]])
    assert complex_.n_linear_pieces == nx.number_connected_components(graph) <= complex_.n_regions


@examples(20)
@given(networks())
def test_face_poset(net):
    """Graded, and its intervals of length 2 are diamonds with signs that cancel; the vertices below are the cell's."""
    cx = subdivide(net, 0)
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


@examples(30)
@given(networks(dims=(1, 2, 3)))
def test_neighbours_are_the_regions_on_both_sides(net):
    """Over a box, in whose walls facets have one side only."""
    cx = subdivide(net, 0, [(-1, 2)] * net.input_dim)
    d = cx.input_dim
    around = {f: [] for f in range(cx.n_cells(d - 1))}
    for i in range(cx.n_cells(d)):
        for f in cx.facets(d).row(i).tolist():
            around[f].append(i)
    one, two = neighbours(cx.facets(d))
    assert {f: [r for r in (one[f], two[f]) if r >= 0] for f in around} == around
    between = [(*regions, f) for f, regions in around.items() if len(regions) == 2]
    assert list(walls_between(cx.facets(d))) == between
