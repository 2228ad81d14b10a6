"""Links of random polygons along two lattices, their linking numbers by crossings, and networks of thick links."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from random import Random

Point = tuple[Fraction, ...]


def lattice_polygon(rng: Random, size: int, length: int, shift: Fraction) -> list[Point]:
    """The corners of a closed polygon without self-intersections, of at least `length` lattice edges if moves allow it.

    It grows from a unit square by pushing edges aside and folding corners over, inside a cube. Its coordinates are
    integers, plus `shift`.
    """
    axes = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    steps = [s for a in axes for s in (a, tuple(-x for x in a))]

    def add(p: Sequence[int], q: Sequence[int]) -> tuple[int, ...]:
        return tuple(a + b for a, b in zip(p, q, strict=True))

    k = rng.randrange(3)
    u, v = axes[k], axes[(k + 1) % 3]
    corner = tuple(rng.randrange(size - 1) for _ in range(3))
    path = [corner, add(corner, u), add(add(corner, u), v), add(corner, v)]
    for _ in range(4000):
        if len(path) >= length:
            break
        i, step = rng.randrange(len(path)), rng.choice(steps)
        p, q = add(path[i], step), add(path[(i + 1) % len(path)], step)
        if not all(0 <= x < size for x in p + q):
            continue
        if p not in path and q not in path:
            path[i + 1 : i + 1] = [p, q]
        elif p == path[i - 1] and q not in path:
            path[i] = q
    turns = [
        i for i, p in enumerate(path) if add(p, p) != add(path[i - 1], path[(i + 1) % len(path)])
    ]  # not in the middle of its neighbours
    return [tuple(x + shift for x in path[i]) for i in turns]


def linking_number(a: Sequence[Point], b: Sequence[Point]) -> int:
    """Half the number of crossings, with signs, of two disjoint closed polygons, seen along a direction in general."""

    def seen(p: Point) -> Point:
        x, y, z = p
        return x + z / 97 + 3 * y / 1009, y + z / 89 + 5 * x / 2003, z

    double = 0
    for p, p2 in _edges([seen(p) for p in a]):
        for q, q2 in _edges([seen(q) for q in b]):
            u, v, w = ([y - x for x, y in zip(*ends, strict=True)] for ends in ((p, p2), (q, q2), (p, q)))
            if not (determinant := u[0] * v[1] - u[1] * v[0]):
                continue
            s = (w[0] * v[1] - w[1] * v[0]) / determinant
            t = (w[0] * u[1] - w[1] * u[0]) / determinant
            if 0 <= s <= 1 and 0 <= t <= 1:
                assert 0 < s < 1 and 0 < t < 1
                double += 1 if (determinant > 0) == (p[2] + s * u[2] > q[2] + t * v[2]) else -1
    assert double % 2 == 0
    return double // 2


def thick(polygons: Sequence[Sequence[Point]], radius: Fraction) -> str:
    """A formula whose values ≤ 0 are the points of maximum-norm distance ≤ radius from polygons along the axes."""
    boxes = []
    for ends in (edge for polygon in polygons for edge in _edges(polygon)):
        terms = [f"abs({x} - ({(a + b) / 2})) - {abs(a - b) / 2}" for x, a, b in zip("xyz", *ends, strict=True)]
        boxes.append(f"max({', '.join(terms)})")
    return f"min({', '.join(boxes)}) - {radius}"


def _edges(polygon: Sequence[Point]) -> list[tuple[Point, Point]]:
    return [(polygon[i - 1], p) for i, p in enumerate(polygon)]
