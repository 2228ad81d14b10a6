"""Short representative cycles: loops by breadth-first search, and the surfaces around the holes of a region."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from polyrelu.errors import VerificationError
from polyrelu.geometry.region import CellSet
from polyrelu.topology.chain import ChainComplex, generating_cells
from polyrelu.topology.matching import Chain

EFFORT = 2_000_000
"""Maximum number of edges examined in the search for short loops, all loops together: a few seconds."""

ROOTS = 64
"""Maximum number of roots that are tried for one loop."""

Signed = Sequence[tuple[int, int]]
"""The number of the component of every cell of degree 0, and its sign ±1 as a generator of that component's H_0."""


# ---- loops --------------------------------------------------------------------------------------------------------


def short_loops(
    complex_: ChainComplex, vertices: Signed, cocycles: Mapping[int, Chain], given: Sequence[Callable[[], Chain]]
) -> list[Chain] | None:
    """Short cycles z_0, …, z_{b−1} of degree 1 that are a basis of H_1 modulo torsion if the given ones are.

    `cocycles`: edge → {i: f_i(edge)}, cocycles dual to the given cycles. None if not all edges are differences of two
    vertices (with the signs of these) or without boundary.

    After de Pina (1995; see Kavitha et al., "Cycle bases in graphs", 2009), over Z: there are integral combinations
    S_i = f_i + Σ_{j<i} c_j f_j, and z_i is a cycle with S_i(z_i) = ±1, after which multiples of S_i are taken from the
    later S_j so that S_j(z_i) = 0. So the matrix S_i(z_j) is triangular with ±1 on its diagonal, and the z_i are a
    basis. z_i is the shortest cycle that is found: the given one, on which S_i is 1, or two paths in a breadth-first
    tree with an edge between them. Roots of trees are up to `ROOTS` ends of edges on which S_i is not 0; a cycle with
    S_i = ±1 has such edges. After `EFFORT` edges the search ends, and the given cycles are used.
    """
    graph = _Graph.of(complex_, vertices)
    if graph is None:
        return None
    on_edges: list[Chain] = [{} for _ in given]  # f_i as a cochain
    for edge, values in cocycles.items():
        for i, value in values.items():
            on_edges[i][edge] = value
    combinations: list[Chain] = [{i: 1} for i in range(len(given))]  # S_i by the f
    occurs = [{i} for i in range(len(given))]  # the j for which f_i occurs in S_j
    effort, loops = EFFORT, []
    for i, own in enumerate(combinations):
        loop, used = graph.shortest(_sum(own, on_edges), given[i](), effort // (len(given) - i))
        effort -= used
        loops.append(loop)
        values = _sum(loop, cocycles)  # {j: f_j(loop)}
        sign = _pairing(own, values)
        for j in {j for m in values for j in occurs[m] if j > i}:
            other = combinations[j]
            if factor := sign * _pairing(other, values):
                for m, c in own.items():
                    other[m] = other.get(m, 0) - factor * c
                    occurs[m].add(j)
    return loops


def _sum(factors: Mapping[int, int], chains: Mapping[int, Chain] | Sequence[Chain]) -> Chain:
    """The sum Σ factors[i] · chains[i] without zeros; a chain missing from a mapping is 0."""
    total: Chain = {}
    for i, factor in factors.items():
        chain = chains.get(i, {}) if isinstance(chains, Mapping) else chains[i]
        for c, value in chain.items():
            total[c] = total.get(c, 0) + factor * value
    return {c: value for c, value in total.items() if value}


def _pairing(a: Chain, b: Chain) -> int:
    return sum(value * b.get(c, 0) for c, value in a.items())


class _Graph:
    """The cells of degree 0 and 1 as a directed graph: ∂(edge) = head − tail, with signed vertices."""

    def __init__(self, neighbours: list[list[tuple[int, int, int]]], tails: list[int], loops: list[int]) -> None:
        self._neighbours = neighbours  # for every vertex: (the other end, the edge, 1 or −1 against its direction)
        self._tails = tails  # −1 for an edge without boundary
        self._loops = loops  # the edges without boundary

    @classmethod
    def of(cls, complex_: ChainComplex, vertices: Signed) -> _Graph | None:
        neighbours: list[list[tuple[int, int, int]]] = [[] for _ in vertices]
        tails, loops = [], []
        columns = complex_.boundary_arrays(1)
        for edge in range(complex_.ranks[1]):
            ends = {v: x * vertices[v][1] for v, x in columns.entries(edge)}
            if not ends:
                loops.append(edge)
                tails.append(-1)
                continue
            if sorted(ends.values()) != [-1, 1]:
                return None
            tail, head = sorted(ends, key=lambda v: ends[v])
            neighbours[tail].append((head, edge, 1))
            neighbours[head].append((tail, edge, -1))
            tails.append(tail)
        return cls(neighbours, tails, loops)

    def shortest(self, cocycle: Chain, known: Chain, effort: int) -> tuple[Chain, int]:
        """(cycle, edges examined): the shortest cycle found on which the cocycle is ±1; `known` is one."""
        for edge in self._loops:
            if abs(cocycle.get(edge, 0)) == 1:
                return {edge: 1}, 0
        best, used = known, 0
        roots = sorted({self._tails[edge] for edge in cocycle} - {-1})
        for root in roots[:: -(-len(roots) // ROOTS) or 1]:
            if used >= effort:
                break
            found, looked = self._through(root, cocycle, len(best))
            used += looked
            if found and len(found) < len(best):
                best = found
        return best, used

    def _through(self, root: int, cocycle: Chain, bound: int) -> tuple[Chain, int]:
        """(cycle, edges examined): two paths from the root and an edge, of fewer than `bound` edges; or {}."""
        neighbours, on_edge = self._neighbours, cocycle.get
        potential, before = (
            {root: 0},
            {root: root},
        )  # the cocycle on the path from the root, and its last but one vertex
        cycle: Chain = {}
        level, depth, used = [root], 0, 0
        while level and 2 * depth + 1 < bound:
            following = []
            for u in level:
                used += len(neighbours[u])
                here = potential[u]
                for v, edge, direction in neighbours[u]:
                    value = here + direction * on_edge(edge, 0)
                    if v not in potential:
                        potential[v], before[v] = value, u
                        following.append(v)
                    elif abs(value - potential[v]) == 1 and 2 * depth + 1 < bound:
                        found = {edge: direction}
                        self._add_path(found, u, 1, cocycle, potential, before)
                        self._add_path(found, v, -1, cocycle, potential, before)
                        found = {e: c for e, c in found.items() if c}
                        if len(found) < bound:
                            bound, cycle = len(found), found
            level, depth = following, depth + 1
        return cycle, used

    def _add_path(
        self, chain: Chain, v: int, sense: int, cocycle: Chain, potential: Chain, before: dict[int, int]
    ) -> None:
        """Add to the chain the path from the root to v, times `sense`."""
        while before[v] != v:
            u = before[v]
            step = potential[v] - potential[u]
            edge, direction = next(
                (e, s) for w, e, s in self._neighbours[u] if w == v and s * cocycle.get(e, 0) == step
            )
            chain[edge] = chain.get(edge, 0) + sense * direction
            v = u


# ---- surfaces -----------------------------------------------------------------------------------------------------


def enclosing(region: CellSet, complex_: ChainComplex, vertices: Signed) -> list[Chain]:
    """For every bounded component A of the complement the cycle of degree r − 1 that surrounds it (r ≥ 2).

    `complex_` is `chain_complex(region)`. In the quotient R^r by lineality let X be the bounded cells of a closed
    region, to which it retracts, or the open region (its part in the interior of the domain).

    A is a union of cells, and those of dimension r (X closed) or 0 (X open) are nodes, joined where they share a cell
    of A of dimension r − 1, or 1. Two cells of A are joined like this: an open subset of R^r stays connected without
    its cells of dimension ≤ r − 2, and a polyhedral complex is connected through its edges. The sum of the nodes of A,
    oriented alike, has its boundary (coboundary) in X. In it, let z_A be the part in that component of X that
    separates A from infinity. These z_A are a basis of H_{r−1}(X), by Alexander duality: for connected X the z_A of
    all bounded A are one. In general H_{r−1} is the sum over the components X_i, each component of the complement of
    X_i meets one A along X_i, because X_i and S^r minus X_i have a connected neighbourhood in common there (Mayer–
    Vietoris in S^r), and A and X_i that touch form a tree, rooted at infinity, in which the X_i that separates A from
    it is its parent. (`cycles` verifies that they are a basis.)
    """
    import networkx as nx

    cx = region.complex
    low, d = cx.coordinates.lineality_dim, cx.input_dim
    chosen = generating_cells(region)
    # Incidences of nodes and links: entries of ∂ from dimension d (closed), or from low + 1 transposed (open).
    if region.is_open:
        _, node, sign = incidence = cx.facets(low + 1)
        link = incidence.row_numbers()
        in_x, node_in_x, at_infinity = chosen[1], chosen[0], cx.on_boundary(low).copy()
    else:
        _, link, sign = incidence = cx.facets(d)
        node = incidence.row_numbers()
        in_x, node_in_x, at_infinity = chosen[-2], chosen[-1], ~cx.bounded_modulo_lineality(d)
    one_ended = np.bincount(link, minlength=len(in_x)) == 1  # it leads to infinity, or out of the domain
    outside = ~node_in_x[node]
    at_infinity[node[outside & ~in_x[link] & one_ended[link]]] = True
    hole, orientation = _holes(node, link, sign, outside & ~in_x[link], ~node_in_x, at_infinity)
    number = np.cumsum(in_x) - 1
    component = _components(complex_, vertices)
    touching = nx.Graph()
    touching.add_node(0)
    surfaces: dict[tuple[int, int], Chain] = {}
    for e in np.flatnonzero(outside & in_x[link]).tolist():
        cell = int(number[link[e]])
        key = int(hole[node[e]]), int(component[cell])
        touching.add_edge(key[0], (key[1],))
        surface = surfaces.setdefault(key, {})
        surface[cell] = surface.get(cell, 0) + int(orientation[node[e]]) * int(sign[e])
    for i in set(component[number[in_x & one_ended]].tolist()):
        touching.add_edge(0, (i,))
    parents = dict(nx.bfs_predecessors(touching, 0))
    holes = sorted({a for a, _ in surfaces} - {0})
    if any(a not in parents for a in holes):
        raise VerificationError("a hole of the region that nothing separates from infinity")
    return [{c: v for c, v in surfaces[a, parents[a][0]].items() if v} for a in holes]


def _holes(
    node: npt.NDArray[np.int64],
    link: npt.NDArray[np.int64],
    sign: npt.NDArray[np.int8],
    chosen: npt.NDArray[np.bool_],
    nodes: npt.NDArray[np.bool_],
    at_infinity: npt.NDArray[np.bool_],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int8]]:
    """(hole, orientation) of every node: its component, 0 for that of infinity, and signs that cancel at links."""
    ends: dict[int, list[tuple[int, int]]] = {}
    for e in np.flatnonzero(chosen).tolist():
        ends.setdefault(int(link[e]), []).append((int(node[e]), int(sign[e])))
    neighbours: dict[int, list[tuple[int, int]]] = {}
    for (a, s), (b, t) in (pair for pair in ends.values() if len(pair) == 2):
        neighbours.setdefault(a, []).append((b, -s * t))
        neighbours.setdefault(b, []).append((a, -s * t))
    hole, orientation = np.full(len(nodes), -1, np.int64), np.ones(len(nodes), np.int8)
    n = 0
    # From infinity first, so that everything that is not reached is bounded.
    for start in [*np.flatnonzero(at_infinity & nodes).tolist(), *np.flatnonzero(nodes & ~at_infinity).tolist()]:
        if hole[start] >= 0:
            continue
        n += not at_infinity[start]
        hole[start] = 0 if at_infinity[start] else n
        stack = [start]
        while stack:
            a = stack.pop()
            for b, relative in neighbours.get(a, ()):
                if hole[b] < 0:
                    hole[b], orientation[b] = hole[start], relative * orientation[a]
                    stack.append(b)
    return hole, orientation


def _components(complex_: ChainComplex, vertices: Signed) -> npt.NDArray[np.int64]:
    """The component of every cell of degree r − 1; every cell of degree k ≥ 1 has faces of degree k − 1."""
    found = np.array([component for component, _ in vertices], dtype=np.int64)
    for degree in range(1, len(complex_.ranks) - 1):
        indptr, indices, _ = complex_.boundary_arrays(degree)
        found = found[indices[indptr[:-1]]]
    return found
