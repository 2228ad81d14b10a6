"""The number of cells of a complex that is never held as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from polyrelu.analysis.parts import solve
from polyrelu.analysis.problems import Problem
from polyrelu.errors import InputError
from polyrelu.exact.printing import brief
from polyrelu.geometry.hull import on_slice
from polyrelu.geometry.subdivision import Progress, read_domain, read_level
from polyrelu.markup import table
from polyrelu.network.network import Network


@dataclass(frozen=True)
class CellCounts:
    """The number of cells of C(F), or of C(F, level); made by `count_cells`.

    Attributes
    ----------
    network : Network
        The network F: R^d → R^n.
    level : Fraction or None
        The level t; None for C(F).
    f_vector : tuple of int
        The number of cells of dimension 0..d.
    bounded_regions : int
        The number of bounded d-cells.
    n_parts : int
        The number of parts in which they were counted.
    """

    network: Network
    level: Fraction | None
    f_vector: tuple[int, ...]
    bounded_regions: int
    n_parts: int

    @property
    def regions(self) -> int:
        """The number of d-cells: activation regions of C(F), for C(F, t) split by the level set."""
        return self.f_vector[-1]

    @property
    def euler_characteristic(self) -> int:
        """The number of cells with the signs (−1)^k of their dimensions k: (−1)^d without a domain."""
        return sum((-1) ** k * n for k, n in enumerate(self.f_vector))

    def _repr_html_(self) -> str:
        name = "C(F)" if self.level is None else f"C(F, {brief(self.level)})"
        return table(f"{name} of {self.network!r}", ["dimension", "cells"], enumerate(self.f_vector))


def count_cells(
    network: Network,
    level: Any = None,
    domain: Any = None,
    *,
    parts: int | str | None = None,
    threads: int = 1,
    work_dir: Any = None,
    client: Any = None,
    max_cells: int | None = None,
    max_memory: int | None = None,
    progress: Progress | None = None,
) -> CellCounts:
    """The number of cells of C(F), or of C(F, level), by dimension.

    Parameters
    ----------
    network : Network
        The network F.
    level : exact number, optional
        The level t.
    domain : Domain or box, optional
        A polyhedron that the cells cover; of a flat one the cells in the slice that it spans. The default is R^d.
    parts : int or "auto", optional
        The number of parts to begin with; see `analyse_region`. The default is "auto".
    threads : int, default 1
        How many parts are made at a time.
    work_dir : path, optional
        A directory that keeps what is done; see `analyse_region`.
    client : distributed.Client, optional
        A Dask client, whose workers make the parts.
    max_cells, max_memory : int, optional
        Limits for each part, of its cells and of the bytes that they take, without those of the work on its walls.
    progress : callable, optional
        Called with ("parts", parts done, number of parts).

    Returns
    -------
    CellCounts
        The counts, exact. They do not depend on the parts.

    Raises
    ------
    InputError
        If an argument is wrong, as `subdivide` raises it.
    LimitError
        If a part exceeds the limits and cannot be cut further.
    FileError
        If the work directory cannot be used.

    Examples
    --------
    >>> import polyrelu as pr
    >>> counts = pr.count_cells(pr.shells((2, 8, 3, 1), [2]), level=0, parts=4)
    >>> counts.f_vector, counts.regions, counts.bounded_regions, counts.euler_characteristic
    ((108, 235, 128), 128, 90, 1)
    """
    if not isinstance(network, Network):
        raise InputError(f"count_cells: expected a Network, got an object of type {type(network).__name__}")
    t = read_level(network, level)
    network, where, _ = on_slice(network, read_domain(domain, network))
    problem = Problem(network, t, where, ())
    found = solve(
        problem,
        {
            "parts": parts,
            "threads": threads,
            "work_dir": work_dir,
            "client": client,
            "max_cells": max_cells,
            "max_memory": max_memory,
            "progress": progress,
        },
    )
    return CellCounts(network, problem.level, found.f_vector, found.bounded_regions, found.n_parts)
