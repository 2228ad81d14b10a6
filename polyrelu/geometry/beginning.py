"""Where a subdivision begins: independent hyperplanes among those of the walls and the first layer, and their cells."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from polyrelu.errors import LimitError
from polyrelu.exact.linear import independent_columns, least_rank, solve, solve_over_denominator
from polyrelu.exact.rational import primitive
from polyrelu.geometry.coordinates import Coordinates
from polyrelu.network.last_answer import LastAnswer
from polyrelu.network.network import Network

MAX_CELLS = 2**30  # of one dimension, since incidences are stored in 32 bits


class Beginning(NamedTuple):
    """The cells of an arrangement of independent hyperplanes, from which the core starts."""

    coordinates: Coordinates
    """The input space modulo lineality."""
    start: list[tuple[int, ...]]
    """The vertex, and pairs of opposite rays, as primitive vectors."""
    forms: list[tuple[int, ...]]
    """The hyperplanes; form i is positive on ray 2i + 1."""
    artificial: int
    """How many of them are no part of C(F)."""


def beginning(
    network: Network,
    level: Fraction | None,
    walls: Sequence[Sequence[int]],
    part_of: Sequence[Sequence[int]] | None,
    max_cells: int | None,
) -> Beginning:
    """The beginning of the complex of a network over a domain with these walls; `part_of` as for `subdivided`.

    Raises
    ------
    LimitError
        If the hyperplanes have more cells than are allowed.
    """
    asked = None if network.depth else level, walls, part_of
    found = _last.get(network, asked, lambda: _beginning(network, level, walls, part_of, max_cells))
    _check_rank(found.coordinates.rank, max_cells)
    return found


_last: LastAnswer[Beginning] = LastAnswer()


def _beginning(
    network: Network,
    level: Fraction | None,
    walls: Sequence[Sequence[int]],
    part_of: Sequence[Sequence[int]] | None,
    max_cells: int | None,
) -> Beginning:
    rows, real = _hyperplanes(network, level, walls)
    if part_of is not None and len(rows) > real:
        rows, real = _hyperplanes(network, level, part_of)
    if _starting_cells(min(len(rows), network.input_dim)) > most_cells(max_cells):  # unless their rank is lower
        _check_rank(least_rank([row[1:] for row in rows]), max_cells)
    return _start(rows, real, network.input_dim)


def most_cells(max_cells: int | None) -> int:
    """The number of cells that are allowed of all dimensions together."""
    return min(max_cells or MAX_CELLS, MAX_CELLS)


def _starting_cells(rank: int) -> int:
    return 2 * int(3**rank) - 1


def _check_rank(rank: int, max_cells: int | None) -> None:
    """Raise LimitError if hyperplanes of this rank have too many initial cells."""
    limit = most_cells(max_cells)
    if _starting_cells(rank) > limit:
        raise LimitError(
            f"the first hyperplanes have rank {rank}, so that 2 * 3^{rank} - 1 cells are needed to start "
            f"with, more than {limit}; a slice of fewer dimensions (Slice.restrict) needs fewer",
            {"cells": 0},
        )


def _hyperplanes(
    network: Network, level: Fraction | None, walls: Sequence[Sequence[int]]
) -> tuple[list[tuple[int, ...]], int]:
    """The candidates for initial hyperplanes as forms (b, a), those of identity neurons last, and how many come before.

    The forms are those of the walls and of the neurons of the first layer; without hidden layers, that of the level.
    """
    real = [tuple(wall) for wall in walls]
    extra: list[tuple[int, ...]] = []
    if network.depth:
        for row, bias, slope in zip(network.weights[0], network.biases[0], network.slopes[0], strict=True):
            if any(row):
                (extra if slope == 1 else real).append(primitive([bias, *row]))
    elif level is not None and any(network.weights[0][0]):
        real.append(primitive([network.biases[0][0] - level, *network.weights[0][0]]))
    return real + extra, len(real)


def _start(rows: Sequence[tuple[int, ...]], real: int, d: int) -> Beginning:
    """The beginning for these candidates, of which the first `real` are part of C(F).

    The core starts from the cells of an arrangement of independent hyperplanes: a vertex, pairs of opposite rays, and
    the forms of the hyperplanes, see `_core.subdivide`. The hyperplanes are chosen in order, first among the walls of
    the domain and the first-layer neurons that split cells. Identity neurons of the first layer split no cell, but
    later layers depend on them. If they raise the rank, hyperplanes of theirs are added. These are artificial: they are
    no part of C(F), and `PolyhedralComplex` does not count the cells that they split as different ones.
    """
    normals = [row[1:] for row in rows]
    chosen = independent_columns(list(zip(*normals, strict=True))) if rows else []  # of the transposed matrix
    r = len(chosen)
    kept = list(range(d)) if r == d else independent_columns(normals) if rows else []
    square = [[rows[i][1 + j] for j in kept] for i in chosen]
    right = [[-rows[i][0], *(int(i == j) for j in chosen)] for i in chosen]
    solution, denominator = solve_over_denominator(square, right)
    start = [primitive([denominator, *(row[0] for row in solution)])]
    for i in range(r):
        ray = primitive([0, *(row[1 + i] for row in solution)])
        start += [ray, tuple(-x for x in ray)]
    dropped = [j for j in range(d) if j not in set(kept)]
    projection = solve(square, [[rows[i][1 + j] for j in dropped] for i in chosen]) if dropped else ()
    return Beginning(
        Coordinates(d, tuple(kept), tuple(dropped), projection),
        start,
        [(rows[i][0], *(rows[i][1 + j] for j in kept)) for i in chosen],
        sum(1 for i in chosen if i >= real),
    )
