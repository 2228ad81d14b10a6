"""What makes a set of pairs of cells an acyclic matching, checked from the boundary maps alone."""

from __future__ import annotations

from itertools import chain

import networkx as nx

from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.matching import Matching

Cell = tuple[int, int]
"""Degree and number."""


def check_matching(complex_: ChainComplex, matching: Matching) -> None:
    """Every cell is in one pair or critical, pairs have incidence ±1, and no path of pairs is closed.

    The last by its definition: the graph of all cells and their faces, with the edges of the pairs turned round, has no
    directed circle (Forman 1998; Chari 2000). And the steps say so: of a pair (a, b) all faces of b but a were removed
    before, of a critical cell all faces; and a critical cell is removed when no cell of a lower degree is left.
    """
    degrees = range(len(complex_.ranks))
    boundary = {(k, j): column for k in degrees for j, column in enumerate(columns_of(complex_, k))}
    pairs: dict[Cell, Cell] = {}
    for k in degrees[1:]:
        lower, upper = matching.pairs(k)
        steps = [int(matching.steps(k)[b]) for b in upper]
        assert steps == sorted(steps)
        pairs |= {(k - 1, int(a)): (k, int(b)) for a, b in zip(lower, upper, strict=True)}
    critical = {(k, int(c)) for k in degrees for c in matching.critical(k)}
    assert sorted(chain(pairs, pairs.values(), critical)) == sorted(boundary)

    step = {(k, i): int(s) for k in degrees for i, s in enumerate(matching.steps(k))}
    assert sorted(set(step.values())) == list(range(len(pairs) + len(critical)))
    for a, b in pairs.items():
        assert boundary[b][a] in (1, -1)
        assert step[a] == step[b]
        assert all(step[x] < step[b] for x in boundary[b] if x != a)
    for c in critical:
        assert all(step[x] < step[c] for x in boundary[c])
        assert all(step[x] < step[c] for x in boundary if x[0] < c[0])
        assert [int(x) for x in matching.critical(c[0])] == sorted(
            (i for k, i in critical if k == c[0]), key=lambda i, k=c[0]: step[k, i]
        )

    graph = nx.DiGraph()
    for b, column in boundary.items():
        graph.add_edges_from((a, b) if pairs.get(a) == b else (b, a) for a in column)
    assert nx.is_directed_acyclic_graph(graph)


def columns_of(complex_: ChainComplex, degree: int) -> list[dict[Cell, int]]:
    """The boundaries of the cells of a degree."""
    if degree == 0:
        return [{} for _ in range(complex_.ranks[0])]
    rows = complex_.boundary(degree)
    return [
        {(degree - 1, i): row[j] for i, row in enumerate(rows) if row[j]} for j in range(complex_.ranks[degree])
    ]
