"""Which regions get the same colour."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.errors import InputError
from polyrelu.exact.rational import describe
from polyrelu.geometry.adjacency import neighbours
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.polygons import Indices
from polyrelu.plotting.palette import SIGN_COLOURS, TIE_COLOUR, read_palette, tints

COLOURINGS = ("sign", "class", "formula", "pattern", "map")
FEW = 6
"""Maximum number of colours, if that many suffice."""


def check_colouring(color: object) -> str:
    """The name of a colouring. InputError for others."""
    if not isinstance(color, str) or color not in COLOURINGS:
        raise InputError(f"color: expected one of {', '.join(COLOURINGS)}, got {describe(color)}")
    return color


@dataclass(frozen=True, eq=False)
class Colouring:
    """For every region the number of its colour, the colours, and their names if each colour has a meaning."""

    number: Indices
    colours: list[str]
    names: list[str] | None
    is_chosen: bool = False
    """Whether the colours are those of a palette that was given."""


def with_palette(colouring: Colouring, palette: Any, color: str) -> Colouring:
    """The colouring with the colours of a palette; see `plot`. InputError if it does not fit."""
    colours = colouring.colours
    keys: list[Hashable] = []
    if color == "sign":
        keys, least = ["<", ">", "="], 2
        order = [list(SIGN_COLOURS).index(sign) for sign in (-1, 1, 0)]
    elif color == "class":
        n = len(colours) - 1
        keys, least, order = [*range(n), "tie"], n, list(range(n + 1))
    elif color == "formula":
        keys, least, order = [True, False], 2, [0, 1]
    else:
        least, order = len(colours), list(range(len(colours)))
    if color == "class" and colouring.names is not None and isinstance(palette, Mapping):
        number = {name: i for i, name in enumerate(colouring.names[:-1])}
        palette = {number.get(key, key) if isinstance(key, str) else key: value for key, value in palette.items()}
    chosen = read_palette(palette, keys, least)
    mixed = list(colours)
    for place, colour in zip(order, chosen, strict=False):
        mixed[place] = colours[place] if colour is None else colour
    return replace(colouring, colours=mixed, is_chosen=True)


def sign_colouring(cx: PolyhedralComplex, names: dict[int, str]) -> Colouring:
    """By the sign of F − t, as SIGN_COLOURS says; `names` of the signs."""
    order = np.array([list(SIGN_COLOURS).index(sign) for sign in (-1, 0, 1)])
    number = order[cx.signs(cx.input_dim).astype(np.int64) + 1]
    return Colouring(number, list(SIGN_COLOURS.values()), [names[sign] for sign in SIGN_COLOURS])


def class_colouring(classes: Indices, n: int, names: Sequence[str] | None = None) -> Colouring:
    """By class, 0..n−1; −1 is a tie. The names are "class 0" and so on unless others are given."""
    titles = [f"class {i}" for i in range(n)] if names is None else names
    return Colouring(np.where(classes < 0, n, classes), [*tints(n), TIE_COLOUR], [*titles, "tie"])


def formula_colouring(inside: npt.NDArray[np.bool_], name: str) -> Colouring:
    """By whether a region is in the set of a formula."""
    return Colouring(np.where(inside, 0, 1), [SIGN_COLOURS[1], SIGN_COLOURS[-1]], [name, "elsewhere"])


def pattern_colouring(cx: PolyhedralComplex) -> Colouring:
    """A colouring by activation pattern, in which adjacent regions with different patterns have different colours.

    Colours are chosen greedily, smallest degree last, which needs at most 6 of them for a planar graph such as that of
    the patterns in the plane. Of the colours that are free the least used one is chosen.
    """
    return _distinct(cx, _patterns(cx))


def map_colouring(cx: PolyhedralComplex) -> Colouring:
    """The same with affine maps in place of patterns: equal maps have equal colours."""
    return _distinct(cx, cx.affine_map_numbers())


def _distinct(cx: PolyhedralComplex, group: Indices) -> Colouring:
    one, two = neighbours(cx.facets(cx.input_dim))
    inner = two >= 0
    pairs = np.stack([group[one[inner]], group[two[inner]]], axis=1)
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    number = _greedy(int(group.max(initial=0)) + 1, pairs)
    return Colouring(number[group], tints(int(number.max(initial=0)) + 1), None)


def _patterns(cx: PolyhedralComplex) -> Indices:
    signs = cx.region_signs()
    if cx.level is not None:
        signs = signs[:, :-1]
    if signs.shape[1] == 0:
        return np.zeros(len(signs), np.int64)
    rows = np.ascontiguousarray(signs).view(np.dtype((np.void, signs.shape[1])))[:, 0]
    return np.unique(rows, return_inverse=True)[1].astype(np.int64)


def _greedy(n: int, pairs: Indices) -> Indices:
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(pairs.tolist())
    used = [0] * FEW
    found: dict[int, int] = {}
    for node in nx.coloring.strategy_smallest_last(graph, found):
        taken = {found[other] for other in graph[node] if other in found}
        free = [(count, c) for c, count in enumerate(used) if c not in taken]
        if not free:
            free = [(0, len(used))]
            used.append(0)
        _, best = min(free)
        found[node] = best
        used[best] += 1
    return np.array([found[i] for i in range(n)], dtype=np.int64)
