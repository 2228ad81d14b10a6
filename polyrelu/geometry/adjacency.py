"""Graphs of a complex: which regions share a facet, and the Hasse diagram of its face poset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from polyrelu.geometry.sparse_rows import SparseRows

if TYPE_CHECKING:
    import networkx as nx  # slow to import; the functions that need it import it themselves


def neighbours(facets: SparseRows) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """For every (d−1)-cell the two regions it lies in, by the facets of the regions; −1 where there is none.

    The first has the lower number; the second is −1 for facets in the boundary of the complex.
    """
    around = facets.transpose()
    size, first = around.sizes(), around.indptr[:-1]
    one, two = (np.full(around.n_rows, -1, np.int64) for _ in range(2))
    one[size > 0] = around.index[first[size > 0]]
    two[size > 1] = around.index[first[size > 1] + 1]
    return one, two


def walls_between(facets: SparseRows) -> Iterator[tuple[int, int, int]]:
    """(region, region, facet) for every (d−1)-cell between two regions, in the order of these cells."""
    one, two = neighbours(facets)
    inner = np.flatnonzero(two >= 0)
    return zip(one[inner].tolist(), two[inner].tolist(), inner.tolist(), strict=True)


def count_pieces(facets: SparseRows, maps: npt.NDArray[np.int64]) -> int:
    """The number of classes of regions when those with a common facet and the same number in `maps` belong together."""
    from networkx.utils import UnionFind

    pieces = UnionFind(range(len(maps)))
    for i, j, _ in walls_between(facets):
        if maps[i] == maps[j]:
            pieces.union(i, j)
    return sum(1 for _ in pieces.to_sets())


def dual_graph(facets: SparseRows) -> nx.Graph:
    """The graph of the regions, with an edge (attribute `facet`) for every (d−1)-cell between two."""
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(range(facets.n_rows))
    graph.add_edges_from((i, j, {"facet": f}) for i, j, f in walls_between(facets))
    return graph


def face_poset(low: int, facets: Sequence[SparseRows]) -> nx.DiGraph:
    """The Hasse diagram of the cells (k, i), k = low, low + 1, …, by their facets; edges have their `incidence`."""
    import networkx as nx

    poset: Any = nx.DiGraph()
    for k, rows in enumerate(facets, low):
        poset.add_nodes_from((k, i) for i in range(rows.n_rows))
        entries = zip(rows.row_numbers().tolist(), rows.index.tolist(), rows.values.tolist(), strict=True)
        poset.add_edges_from(((k - 1, f), (k, i), {"incidence": s}) for i, f, s in entries)
    return poset
