"""The homology of the image of a region under layers of a network, by the nerve of the images of its largest cells.

The images are closed convex polyhedra, so their union has the homology of their nerve. Polyhedra are intersected by
double description in cddlib. Nothing of the quotient complex of the package is used.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import cdd
import cdd.gmp

import polyrelu as pr
from polyrelu.geometry.region import CellSet

Rows = tuple[tuple[Fraction, ...], ...]


def image_generators(net: pr.Network, layers: int, cx: Any, k: int, i: int) -> Rows:
    """The image of a cell under the first layers, by points (1, y) and rays (0, r)."""
    at_infinity = net.recession()
    found = set()
    for v in cx.cell_vertices(k, i):
        vector = cx.homogeneous(int(v))
        x = [Fraction(c, vector[0] or 1) for c in vector[1:]]
        y = x if not layers else after_layer(net if vector[0] else at_infinity, x, layers)
        if vector[0] or any(y):
            found.add((Fraction(int(vector[0] > 0)), *y))
    return tuple(sorted(found))


def after_layer(net: pr.Network, x: list[Fraction], layers: int) -> list[Fraction]:
    values = net.preactivations(x)[layers - 1]
    return [z if z > 0 else slope * z for z, slope in zip(values, net.slopes[layers - 1], strict=True)]


def half_spaces(generators: Rows) -> tuple[Rows, set[int]]:
    """Inequalities of a polyhedron given by generators, and which of them are equations."""
    matrix = cdd.gmp.matrix_from_array([list(row) for row in generators], rep_type=cdd.RepType.GENERATOR)
    found = cdd.gmp.copy_inequalities(cdd.gmp.polyhedron_from_matrix(matrix))
    return tuple(map(tuple, found.array)), set(found.lin_set)


def meet(members: list[tuple[Rows, set[int]]]) -> bool:
    """Whether polyhedra have a common point."""
    rows: list[list[Fraction]] = []
    equations: set[int] = set()
    for inequalities, linear in members:
        equations |= {len(rows) + i for i in linear}
        rows += [list(row) for row in inequalities]
    if not rows:
        return True
    matrix = cdd.gmp.matrix_from_array(rows, rep_type=cdd.RepType.INEQUALITY, lin_set=equations)
    generators = cdd.gmp.copy_generators(cdd.gmp.polyhedron_from_matrix(matrix))
    lines = set(generators.lin_set)
    return any(row[0] for i, row in enumerate(generators.array) if i not in lines) or bool(lines)


def contains(half: tuple[Rows, set[int]], generators: Rows) -> bool:
    inequalities, linear = half
    return all(
        (value == 0 if i in linear else value >= 0)
        for g in generators
        for i, row in enumerate(inequalities)
        for value in [sum(a * b for a, b in zip(row, g, strict=True))]
    )


def nerve_homology(region: CellSet, net: pr.Network, layers: int) -> pr.Homology:
    """The homology of the image of a closed region under the first layers, in degrees 0..d."""
    cx = region.complex
    d, low = cx.input_dim, cx.coordinates.lineality_dim
    covered: set[int] = set()
    largest = []
    for k in range(d, low - 1, -1):
        chosen = set(region.cells(k).tolist())
        largest += [(k, i) for i in sorted(chosen - covered)]
        facets = cx.facets(k) if k > low else None
        covered = {int(f) for i in chosen | covered for f in facets.row(i)} if facets is not None else set()
    pieces = {image_generators(net, layers, cx, k, i) for k, i in largest}
    described = {piece: half_spaces(piece) for piece in pieces}
    maximal: list[Rows] = []
    for piece in sorted(pieces, key=lambda p: (len(p), p)):
        larger = (p for p in pieces if p != piece and contains(described[p], piece))
        if not any(_before(other, piece, described) for other in larger):
            maximal.append(piece)
    halves = [described[piece] for piece in maximal]
    simplices: list[list[tuple[int, ...]]] = [[(i,) for i in range(len(halves))]]
    for size in range(2, d + 3):
        before = set(simplices[-1])
        simplices.append(
            [
                s
                for s in combinations(range(len(halves)), size)
                if all(face in before for face in combinations(s, size - 1)) and meet([halves[i] for i in s])
            ]
        )
    boundaries = []
    for below, above in pairwise(simplices):
        number = {s: i for i, s in enumerate(below)}
        matrix = [[0] * len(above) for _ in below]
        for j, s in enumerate(above):
            for i in range(len(s)):
                matrix[number[s[:i] + s[i + 1 :]]][j] = (-1) ** i
        boundaries.append(matrix)
    groups = pr.homology(pr.ChainComplex(boundaries, ranks=[len(x) for x in simplices]))
    return pr.Homology(groups.betti[: d + 1], groups.torsion[: d + 1])


def _before(other: Rows, piece: Rows, described: dict[Rows, tuple[Rows, set[int]]]) -> bool:
    """Whether `piece` gives way to `other` if `other` contains it: of equal ones one stays."""
    return not contains(described[piece], other) or other < piece
