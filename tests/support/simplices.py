"""Exact volumes by triangulations that share no code with the package."""

from __future__ import annotations

from fractions import Fraction
from math import factorial

import polyrelu as pr


def determinant(rows: list[list[Fraction]]) -> Fraction:
    if not rows:
        return Fraction(1)
    return sum(
        (-1) ** j * rows[0][j] * determinant([row[:j] + row[j + 1 :] for row in rows[1:]]) for j in range(len(rows))
    )


def pulled(cx: pr.PolyhedralComplex, k: int, i: int) -> list[list[int]]:
    """Simplices of bounded cell i by another triangulation: cones from its *last* vertex, without signs."""
    own = cx.cell_vertices(k, i).tolist()
    if k == 0:
        return [own]
    indptr, facets, _ = cx.facets(k)
    around = facets[indptr[i] : indptr[i + 1]].tolist()
    away = [f for f in around if own[-1] not in cx.cell_vertices(k - 1, f)]
    return [[*simplex, own[-1]] for f in away for simplex in pulled(cx, k - 1, f)]


def volume_by_simplices(cx: pr.PolyhedralComplex, i: int) -> Fraction:
    d = cx.input_dim
    total = Fraction(0)
    for simplex in pulled(cx, d, i):
        base, *others = (cx.vertex(v) for v in simplex)
        total += abs(determinant([[a - b for a, b in zip(x, base, strict=True)] for x in others]))
    return total / factorial(d)
