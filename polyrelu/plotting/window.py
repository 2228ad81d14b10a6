"""The window: the part of the input space that is drawn."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from polyrelu.errors import InputError
from polyrelu.exact.rational import entries, exact_vector, show
from polyrelu.plotting.geometry import Floats, Mask, positions
from polyrelu.plotting.subject import Subject

Window = tuple[tuple[Fraction, Fraction], ...]
"""The least and the largest value that is drawn, for each coordinate."""

MARGIN = 0.15
FARTHEST = 1.6
"""Vertices farther from the middle than this multiple of the distance of most vertices do not widen the window."""
MOST = 0.8
NARROWEST = 0.5
"""Minimum ratio of the sides of a window of the plane or space."""
EVEN = 20
"""Maximum ratio of the sides of what is shown for which all units are drawn equally long."""
FLAT = 2.0**-20
"""Sides below this part of the longest one count as 0."""
REACH = 1.0
"""Vertices farther from the middle of the data than this multiple of its sides do not widen the window."""
ASPECTS = ("auto", "equal", "free")
RANGE = 1e100
"""Maximum absolute value of the coordinates in a window: their squares must be doubles."""
LEAST = 1e-100
"""Minimum length of the sides of a window, for the same reason."""


def read_window(window: Any, d: int) -> Window:
    """A window given as d pairs (lower, upper) of exact numbers, or one pair for all. InputError for anything else."""
    pairs = entries(window, "window")
    if pairs is not None and len(pairs) == 2 and all(entries(x, "window") is None for x in pairs):
        pairs = [pairs] * d
    if pairs is None or len(pairs) != d:
        raise InputError(f"window: expected {d} pairs (lower, upper), one per input, or one pair for all")
    sides = []
    for i, pair in enumerate(pairs, 1):
        side = exact_vector(pair, f"window, pair {i}")
        if len(side) != 2 or side[0] >= side[1]:
            got = ", ".join(map(show, side))
            raise InputError(f"window, pair {i}: expected two numbers, the lower below the upper one, got {got}")
        sides.append((side[0], side[1]))
    least, most = min(high - low for low, high in sides), max(abs(x) for side in sides for x in side)
    if most > RANGE or least < LEAST or least < most / 2**30:
        raise InputError(
            f"window: expected bounds below {RANGE:g}, and sides of at least {LEAST:g} and of at least 2^-30 times the "
            "largest bound; others cannot be drawn with doubles"
        )
    return tuple(sides)


def default_window(subject: Subject, marked: Floats, data: Floats, aspect: str) -> tuple[Window, bool]:
    """(a window around the decision boundary, all `marked` points and all data, whether it has the whole complex).

    A bounded complex is shown as a whole. Otherwise the window is the bounding box, with a margin, of the vertices of
    the decision boundary, or of all vertices if there are none, without a few distant ones; with data, of those that
    are not far from the data. Along directions in which nothing changes, and for nearly flat sets of vertices, it is
    enlarged. Where the sides differ so much that the units cannot be the same (see `is_uneven`), each has its own
    margin instead, unless `aspect` is "equal".

    InputError if the vertices lie too close together to be drawn.
    """
    cx = subject.complex
    d = cx.input_dim
    bounded = cx.n_rays == 0 and cx.lineality_dim == 0
    points = positions(cx, math.inf)
    drawable = _drawable(points)
    marked = np.vstack([marked[_drawable(marked)], data])
    if bounded and drawable.all():
        low, high = _widened(points.min(axis=0), points.max(axis=0), marked)
        _check_sides(high - low)
        return _rounded(low, high, _units(high - low, aspect), 0.0), True
    everything = _box(points[drawable] if drawable.any() else np.zeros((1, d)), aspect)
    on = subject.on_boundary(cx.coordinates.lineality_dim)
    first = drawable if on is None or not (on & drawable).any() else on & drawable
    if len(data):
        first = _near(points, first, data)
    low, high = _widened(*(_box(points[first], aspect) if first.any() else everything), marked)
    if not (high > low).any():
        size = (everything[1] - everything[0]).max() / 2
        low, high = low - size, high + size
    units = _units(high - low, aspect)
    if units.max() == 0 and drawable.sum() < 2:
        units = np.full(d, 2.0)
    _check_sides(units.max())
    units = np.maximum(units, np.abs([low, high]).max(axis=0) * 2.0**-20)
    if not is_uneven(high - low, aspect):
        units = np.full(d, units.max())
    short = np.maximum((NARROWEST if d > 1 else 1) * units - (high - low), 0) / 2
    return _rounded(low - short, high + short, units, MARGIN), False


def is_uneven(sides: Floats, aspect: str) -> bool:
    """Whether the units of coordinates are drawn with lengths of their own.

    If `aspect` is "free", and by default if one side is more than EVEN times as long as another. Sides of 0, or nearly
    0, do not count.
    """
    sides = sides[sides > sides.max() * FLAT]
    if aspect == "equal" or len(sides) < 2:
        return False
    return aspect == "free" or bool(sides.max() > EVEN * sides.min())


def _units(sides: Floats, aspect: str) -> Floats:
    """The length of each side as a unit for margins: that of the longest one unless the sides are uneven."""
    if not is_uneven(sides, aspect):
        return np.full(len(sides), sides.max())
    least = sides[sides > sides.max() * FLAT].min()
    units: Floats = np.maximum(sides, least)
    return units


def _near(points: Floats, chosen: Mask, data: Floats) -> Mask:
    """Those of the chosen points that are not far from the data, or all if none is."""
    low, high = data.min(axis=0), data.max(axis=0)
    sides = high - low
    sides = np.where(sides > 0, sides, sides.max() if sides.max() > 0 else np.inf)
    near: Mask = chosen & (np.abs(points - (low + high) / 2) <= REACH * sides).all(axis=1)
    return near if near.any() else chosen


def _drawable(points: Floats) -> Mask:
    found: Mask = np.abs(points).max(axis=1) < RANGE / 10
    return found


def _widened(low: Floats, high: Floats, marked: Floats) -> tuple[Floats, Floats]:
    """The least box with the marked points in it too."""
    return np.vstack([low, marked]).min(axis=0), np.vstack([high, marked]).max(axis=0)


def _check_sides(sides: Any) -> None:
    if np.min(sides) < LEAST:
        raise InputError(
            "window: the vertices lie too close together to be drawn with doubles; scale the inputs, or choose a window"
        )


def _box(points: Floats, aspect: str) -> tuple[Floats, Floats]:
    """The bounding box of the points that are not much farther from their middle than most of them are."""
    offsets = np.abs(points - np.median(points, axis=0))
    most = np.quantile(offsets, MOST, axis=0, method="higher")
    if is_uneven(most, aspect):
        offsets = offsets / _units(most, aspect)
    distance = offsets.max(axis=1)
    near = points[distance <= FARTHEST * np.quantile(distance, MOST, method="higher")]
    return near.min(axis=0), near.max(axis=0)


def _rounded(low: Floats, high: Floats, units: Floats, margin: float) -> Window:
    """The box and a margin, outward to short decimal numbers."""
    sides = []
    for a, b, size in zip(low.tolist(), high.tolist(), units.tolist(), strict=True):
        unit = Fraction(10) ** (math.floor(math.log10(size)) - 2)
        extra = margin * size
        sides.append((math.floor(Fraction(a - extra) / unit) * unit, math.ceil(Fraction(b + extra) / unit) * unit))
    return tuple(sides)
