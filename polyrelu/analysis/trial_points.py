"""Points at which a network is evaluated before anything is subdivided: exact, the same ones every time."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice, product
from operator import mul
from random import Random

import numpy as np
import numpy.typing as npt

from polyrelu.errors import LimitError
from polyrelu.exact.floats import to_double
from polyrelu.exact.rational import primitive
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.subdivision import subdivided
from polyrelu.network.network import Network

Point = tuple[Fraction, ...]
Floats = npt.NDArray[np.float64]
Interval = tuple[Fraction | None, Fraction | None]

CORNERS = 32
"""Maximum number of vertices of a domain among the points."""

RANDOM_POINTS = 48
"""The number of points that are drawn at random."""

MAX_CELLS = 20_000
"""A domain that is no box and has more faces gives no points but those that happen to lie in it."""


def trial_points(domain: Domain | None, d: int) -> list[Point]:
    """Some points of the domain (R^d, if None): the origin or a center first, a few vertices, and random points.

    There may be none, if the domain is no box, has many faces, and does not contain the points that are tried.
    """
    rng = Random(0)
    origin = (Fraction(0),) * d
    sides = [(None, None)] * d if domain is None else intervals(domain)
    if sides is not None:
        center = tuple(_between(low, high, Fraction(1, 2)) for low, high in sides)
        found = [origin, center] if domain is None or domain.contains(origin) else [center]
        corners = product(*(_ends(low, high) for low, high in sides))
        found += islice(corners, CORNERS)
        if domain is None:
            found += [tuple(Fraction(s * (i == j)) for j in range(d)) for i in range(min(d, CORNERS)) for s in (1, -1)]
        for i in range(RANDOM_POINTS):
            n, far = (16, 4096)[i % 2], 10 ** (i // 2 % 4)
            found.append(tuple(_between(low, high, Fraction(rng.randint(0, n), n), far) for low, high in sides))
        return list(dict.fromkeys(found))
    assert domain is not None
    found = [origin]
    for i in range(RANDOM_POINTS):
        found.append(tuple(Fraction(rng.randint(-4096, 4096) * 10 ** (i % 4), 4096) for _ in range(d)))
    found = [x for x in found if domain.contains(x)]
    return list(dict.fromkeys([*found[:1], *_spanned(domain, d, rng), *found[1:]]))


def in_doubles(points: list[tuple[int, ...]]) -> tuple[Floats, Floats]:
    """Integer vectors as the nearest doubles, and bounds on the errors, as `OutputBounds` takes them."""
    y = np.array([[to_double(Fraction(x)) for x in row] for row in points])
    exact = np.array([[abs(x) <= 2**53 for x in row] for row in points])
    return y, np.where(exact, 0.0, np.abs(y) * 2.0**-52)


def intervals(domain: Domain) -> list[Interval] | None:
    """The bounds of each coordinate, if the domain is a box; None for a side that is open."""
    sides: list[list[Fraction | None]] = [[None, None] for _ in range(domain.input_dim)]
    for row, b in zip(domain.a, domain.b, strict=True):
        places = [j for j, a in enumerate(row) if a]
        if len(places) > 1:
            return None
        for j in places:
            bound, side = b / row[j], int(row[j] > 0)
            known = sides[j][side]
            if known is None or (bound < known if side else bound > known):
                sides[j][side] = bound
    return [(low, high) for low, high in sides]


def _between(low: Fraction | None, high: Fraction | None, share: Fraction, far: int = 1) -> Fraction:
    """A number of the interval; where a side is open, as far from the other end, or from 0, as the share says."""
    if low is not None and high is not None:
        return low + share * (high - low)
    if low is not None:
        return low + share * far
    return high - share * far if high is not None else (2 * share - 1) * far


def _ends(low: Fraction | None, high: Fraction | None) -> list[Fraction]:
    ends = [x for x in (low, high) if x is not None]
    return list(dict.fromkeys(ends)) or [Fraction(0)]


def _spanned(domain: Domain, d: int, rng: Random) -> list[Point]:
    """Vertices of the domain, or points of its minimal faces, and combinations of them and of rays."""
    try:
        cx, _ = subdivided(Network([[[0] * d]], [[0]]), None, domain, 0, {"max_cells": MAX_CELLS})
    except LimitError:
        return []
    spanning = [cx.homogeneous(v) for v in cx.cell_vertices(d, 0).tolist()]
    points = [v for v in spanning if v[0]][:CORNERS]
    for _ in range(RANDOM_POINTS):
        factors = [rng.choice([0, 1, rng.randint(1, 100), rng.randint(1, 10_000)]) for _ in spanning]
        points.append(primitive([sum(map(mul, factors, column)) for column in zip(*spanning, strict=True)]))
    return [tuple(Fraction(x, p[0]) for x in p[1:]) for p in points if p[0]]
