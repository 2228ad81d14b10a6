"""The values of a network at the vertices of a complex, in doubles."""

from __future__ import annotations

import numpy as np

from polyrelu.exact.floats import to_double
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.network.network import Network
from polyrelu.plotting.geometry import Floats
from polyrelu.plotting.window import LEAST

PRECISION = 1e-8
"""Maximum error of a value, relative to the largest value."""
STEADY = 1e-6
"""Values that differ by at most this, relative to the largest value, are drawn as equal."""


def vertex_values(cx: PolyhedralComplex, net: Network, points: Floats, tolerance: float) -> Floats:
    """The outputs of a network at all vertices of a complex, one row each, correct to PRECISION of the largest value.

    `points` are the vertices, each coordinate within `tolerance`. If the complex is C(F) or C(F, t) of the network,
    values come from the exact affine maps of its regions, W x + c in doubles, which is off by less than |W| times the
    tolerance and (d + 3) ε (|W| |x| + |c|) with ε = 2^-52. Where that is too much, for another network, and in a coarse
    complex, the exact value at the exact vertex is rounded.
    """
    values = np.zeros((len(points), net.output_dim))
    poor = np.ones(len(points), np.bool_)
    if cx.network == net and not cx.is_coarse:
        values, error = _by_maps(cx, points, tolerance)
        with np.errstate(all="ignore"):
            scale = np.abs(values[error <= np.abs(values)]).max(initial=0.0)
            poor = ~(error <= PRECISION * scale).all(axis=1)
    for v in np.flatnonzero(poor):
        exact = net(cx.vertex(int(v)))
        values[v] = [to_double(y) for y in (exact if isinstance(exact, tuple) else (exact,))]
    return values


def _by_maps(cx: PolyhedralComplex, points: Floats, tolerance: float) -> tuple[Floats, Floats]:
    """Values and bounds on their errors (infinite or NaN where doubles overflow)."""
    maps = cx.affine_maps()
    weights = np.array([[[to_double(x) for x in row] for row in w] for w, _ in maps])
    offsets = np.array([[to_double(x) for x in c] for _, c in maps])
    members = cx.cells(cx.input_dim)
    region = np.empty(len(points), np.int64)  # any region that has the vertex
    region[members.index] = members.row_numbers()
    number = cx.affine_map_numbers()[region]
    w, c = weights[number], offsets[number]
    with np.errstate(all="ignore"):
        values = (w @ points[:, :, None])[:, :, 0] + c
        rounding = (cx.input_dim + 3) * 2.0**-52 * ((np.abs(w) @ np.abs(points)[:, :, None])[:, :, 0] + np.abs(c))
        error = 2 * (np.abs(w).sum(axis=2) * tolerance + rounding) + np.finfo(float).tiny
    return values, error


def height_range(values: Floats) -> tuple[float, float]:
    """From the least to the largest value with a margin, never empty."""
    low, high = float(values.min()), float(values.max())
    size = max(abs(low), abs(high))
    margin = 0.05 * (high - low) if high - low > STEADY * size else 0.5 * size
    if margin < LEAST:
        margin = 1.0
    return low - margin, high + margin
