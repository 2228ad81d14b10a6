"""Networks and regions that are drawn, and plane scenes as exact polygons."""

from __future__ import annotations

import functools
import lzma
import re
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np

import polyrelu as pr
from polyrelu.geometry.polygons import polygons
from polyrelu.network.network import Network
from polyrelu.plotting import geometry
from polyrelu.plotting.packing import ALPHABET, FILTER
from polyrelu.plotting.scene import Scene
from support.known_answers import cases

EXAMPLES = Path(__file__).parents[2] / "examples"
PLANE = [case.network for case in cases() if case.network.input_dim == 2]
SPACE = [case.network for case in cases() if case.network.input_dim == 3]
Point = tuple[Fraction, ...]


def annulus() -> Network:
    return pr.load(EXAMPLES / "annulus.json")


def l1_norm(d: int, scale: int = 1, constant: int = 0, of: int | None = None) -> Network:
    """x ↦ scale · (|x_1| + … + |x_of|) + constant."""
    rows = [[s * (i == j) for j in range(d)] for i in range(of or d) for s in (1, -1)]
    return Network([rows, [[scale] * len(rows)]], [[0] * len(rows), [constant]])


# max(s − 1, 0) − 2 max(s − 2, 0) ≥ 1/3 for s = |x_1| + |x_2| + |x_3|: between two octahedra
ROWS = [[s * (i == j) for j in range(3)] for i in range(3) for s in (1, -1)]
SHELL = pr.subdivide(Network([ROWS, [[1] * 6] * 2, [[1, -2]]], [[0] * 6, [-1, -2], [0]]), "1/3").region(">=")
OCTAHEDRON = Network([ROWS, [[-1] * 6]], [[0] * 6, [1]])
PUNCTURED = pr.subdivide(l1_norm(2), 0).region(">")  # around the origin, where F = 0
HOLLOW = pr.subdivide(l1_norm(3), 0).region(">")


def twice_area(points: list[Point]) -> Fraction:
    return sum((p[0] * q[1] - p[1] * q[0] for p, q in pairwise([*points, points[0]])), Fraction(0))


def sign(x: Fraction) -> int:
    return (x > 0) - (x < 0)


def loops(scene: Scene) -> list[list[Point]]:
    """The regions of a plane scene as exact polygons."""
    cx = scene.clipped
    rows = polygons(cx, np.arange(cx.n_cells(2)))
    return [[cx.vertex(int(v)) for v in loop] for loop in geometry.split(rows)]


def legend(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def unpacked(packed: str) -> str:
    """A text that was packed for a page, by the decoder of liblzma."""
    places = {character: i for i, character in enumerate(ALPHABET)}
    words = (packed[i : i + 5] for i in range(0, len(packed), 5))
    data = b"".join(functools.reduce(lambda x, c: 85 * x + places[c], word, 0).to_bytes(4, "big") for word in words)
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[FILTER]).decompress(data).decode()


def figure_of(page: str) -> str:
    """The figure of a page, in JSON."""
    (found,) = re.findall('id="figure" data-size="[0-9]+">([^<]*)<', page)
    return unpacked(found)
