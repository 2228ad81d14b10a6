"""Chain complexes with known homology: cubical complexes of millions of cells, and adversarial matrices."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb, prod
from typing import Any

import flint
import numpy as np
import numpy.typing as npt

from benchmarks.cases import agree
from polyrelu import ChainComplex, Homology
from support.zoo import lens_space, linial_meshulam, shuffled

Voxels = npt.NDArray[np.bool_]
Arrays = tuple[list[int], list[tuple[Any, Any, Any]]]
PRIME = 2**61 - 1


def closure(voxels: Voxels) -> Voxels:
    """The cells of a union of closed cubes: cell x of the doubled grid is the product of points and open intervals.

    Even coordinates are points, odd ones intervals; a cell is there if one of the cubes around it is.
    """
    cells = np.zeros([2 * n + 1 for n in voxels.shape], dtype=bool)
    cells[(slice(1, None, 2),) * voxels.ndim] = voxels
    for axis in range(voxels.ndim):
        along = np.moveaxis(cells, axis, 0)
        along[:-1:2] |= along[1::2]
        along[2::2] |= along[1::2]
    return cells


def cubical_chains(cells: Voxels) -> Arrays:
    """Ranks and boundary maps of the cells of a doubled grid; grids of even size close up to a torus."""
    d, shape = cells.ndim, cells.shape
    number = np.full(shape, -1, dtype=np.int32)
    ranks, maps = [], []
    for k in range(d + 1):
        groups, n = [], 0
        for odd in combinations(range(d), k):
            part = tuple(slice(int(axis in odd), None, 2) for axis in range(d))
            at = np.nonzero(cells[part])
            number[part][at] = np.arange(n, n + len(at[0]), dtype=np.int32)
            groups.append((odd, [2 * x + int(axis in odd) for axis, x in enumerate(at)]))
            n += len(at[0])
        ranks.append(n)
        if k == 0:
            continue
        faces = np.empty((n, 2 * k), dtype=np.int32)
        signs = np.empty((n, 2 * k), dtype=np.int8)
        first = 0
        for odd, at in groups:
            rows = slice(first, first + len(at[0]))
            first = rows.stop
            for i, axis in enumerate(odd):
                for side in (0, 1):
                    moved = list(at)
                    moved[axis] = (at[axis] + (2 * side - 1)) % shape[axis]
                    faces[rows, 2 * i + side] = number[tuple(moved)]
                    signs[rows, 2 * i + side] = (-1) ** (i + 1 + side)
        maps.append((np.arange(0, 2 * k * n + 1, 2 * k, dtype=np.int64), faces.ravel(), signs.ravel()))
    return ranks, maps


def nested_shells(d: int, count: int) -> Voxels:
    """Hollow cubes, one voxel thick and one apart, around one centre."""
    axes = np.abs(np.arange(-2 * count + 1, 2 * count))
    radius = axes
    for _ in range(d - 1):
        radius = np.maximum(radius[..., None], axes)
    return radius % 2 == 1


def random_voxels(shape: tuple[int, ...], probability: float) -> Voxels:
    """Independent voxels."""
    return np.random.default_rng(0).random(shape) < probability


def label_betti(voxels: Voxels) -> tuple[int, ...]:
    """Betti numbers of a union of closed squares or cubes by labelling, without linear algebra.

    β_0 counts components (cubes that share a vertex touch), β_{d−1} the bounded components of the complement (cubes
    that share a facet), by Alexander duality; in R^3, β_1 follows from the Euler characteristic.
    """
    from scipy import ndimage

    d = voxels.ndim
    first: int = ndimage.label(voxels, np.ones((3,) * d))[1]
    last: int = ndimage.label(np.pad(~voxels, 1, constant_values=True))[1] - 1
    if d == 2:
        return first, last
    cells = closure(voxels)
    counts = [0] * 4
    for corner in np.ndindex(2, 2, 2):
        counts[sum(corner)] += int(cells[tuple(slice(c, None, 2) for c in corner)].sum())
    euler = sum((-1) ** k * n for k, n in enumerate(counts))
    return first, first + last - euler, last


@dataclass(frozen=True)
class ComplexCase:
    """A chain complex: `make` builds it, `check` compares its homology with what is known.

    voxels: the cubes it is made of, for programs that take those; None for other complexes.
    """

    name: str
    level: str
    source: str
    make: Callable[[], Arrays]
    check: Callable[[Homology, Arrays], None]
    voxels: Callable[[], Voxels] | None = None
    periodic: bool = False


def _cubical(name: str, level: str, source: str, voxels: Callable[[], Voxels], betti: Any) -> ComplexCase:
    def check(h: Homology, _: Arrays) -> None:
        expected = betti(voxels()) if callable(betti) else betti
        agree("Betti numbers", h.betti, (*expected, *(0,) * (len(h.betti) - len(expected))))
        agree("torsion", any(h.torsion), False)

    return ComplexCase(name, level, source, lambda: cubical_chains(closure(voxels())), check, voxels)


def _shells(level: str, d: int, count: int) -> ComplexCase:
    betti = (count, *(0,) * (d - 2), count)
    return _cubical(f"{count} cubical shells, d = {d}", level, "construction", lambda: nested_shells(d, count), betti)


def _voxels(level: str, shape: tuple[int, ...], probability: float) -> ComplexCase:
    name = f"random voxels {'×'.join(map(str, shape))}, p = {probability}"
    return _cubical(name, level, "component labelling", lambda: random_voxels(shape, probability), label_betti)


def _torus(level: str, n: int, d: int) -> ComplexCase:
    def check(h: Homology, _: Arrays) -> None:
        agree("Betti numbers", h.betti, tuple(comb(d, k) for k in range(d + 1)))
        agree("torsion", any(h.torsion), False)

    return ComplexCase(
        f"{d}-torus {'×'.join([str(n)] * d)}",
        level,
        "binomial coefficients",
        lambda: cubical_chains(np.ones((2 * n,) * d, dtype=bool)),
        check,
        lambda: np.ones((n,) * d, dtype=bool),
        periodic=True,
    )


def _arrays_of(complex_: ChainComplex) -> Arrays:
    ranks = list(complex_.ranks)
    return ranks, [complex_.boundary_arrays(k) for k in range(1, len(ranks))]


def _rank_modulo(arrays: Arrays, k: int, prime: int) -> int:
    ranks, maps = arrays
    matrix = flint.nmod_mat(ranks[k - 1], ranks[k], prime)
    indptr, rows, data = maps[k - 1]
    for j in range(ranks[k]):
        for e in range(indptr[j], indptr[j + 1]):
            matrix[int(rows[e]), j] = int(data[e]) % prime
    return int(matrix.rank())


def _check_modular(h: Homology, arrays: Arrays) -> None:
    """Ranks modulo primes, of the matrices as given: rank ∂ mod p = rank ∂ − (torsion coefficients divisible by p)."""
    ranks, n = arrays[0], len(arrays[0]) - 1
    for prime in (2, 3, PRIME):
        rank_of = [0, *(_rank_modulo(arrays, k, prime) for k in range(1, n + 1)), 0]
        divisible = [sum(t % prime == 0 for t in h.torsion[k]) for k in range(n + 1)]
        for k in range(n + 1):
            below = divisible[k - 1] if k else 0
            expected = ranks[k] - rank_of[k] - rank_of[k + 1]
            agree(f"H_{k} modulo {prime}", h.betti[k] + divisible[k] + below, expected)


def _linial_meshulam(level: str, n: int, probability: float) -> ComplexCase:
    return ComplexCase(
        f"Linial–Meshulam n = {n}, p = {probability}",
        level,
        "ranks modulo 2, 3 and 2^61−1",
        lambda: _arrays_of(linial_meshulam(n, probability, seed=0)),
        _check_modular,
    )


def _lens_space(level: str, p: int, q: int) -> ComplexCase:
    def check(h: Homology, _: Arrays) -> None:
        agree("homology", (h.betti, h.torsion), ((1, 0, 0, 1), ((), (p,), (), ())))

    return ComplexCase(
        f"lens space L({p}, {q})", level, "textbook", lambda: _arrays_of(shuffled(lens_space(p, q), seed=0)), check
    )


def _random_matrix(level: str, n: int, per_row: int) -> ComplexCase:
    """One boundary map with entries ±2, ±3: its cokernel has the order |det|, taken by FLINT from the matrix."""

    def matrix() -> list[list[int]]:
        rng = random.Random(0)
        rows = [[0] * n for _ in range(n)]
        for i, row in enumerate(rows):
            for j in {i, *rng.sample(range(n), per_row - 1)}:
                row[j] = rng.choice((-3, -2, 2, 3))
        return rows

    def check(h: Homology, _: Arrays) -> None:
        order = abs(int(flint.fmpz_mat(matrix()).det()))
        agree("order of H_0, or 0", 0 if h.betti[0] else prod(h.torsion[0]), order)

    return ComplexCase(
        f"random sparse {n}×{n}", level, "determinant", lambda: _arrays_of(ChainComplex([matrix()])), check
    )


COMPLEXES = (
    _shells("quick", 2, 80),
    _shells("quick", 3, 10),
    _shells("full", 3, 20),
    _shells("large", 3, 30),
    _shells("full", 4, 5),
    _voxels("quick", (300, 300), 0.5),
    _voxels("full", (1000, 1000), 0.5),
    _voxels("quick", (30, 30, 30), 0.5),
    _voxels("full", (80, 80, 80), 0.2),
    _voxels("full", (80, 80, 80), 0.5),
    _torus("quick", 24, 3),
    _torus("full", 64, 3),
    _torus("full", 20, 4),
    _linial_meshulam("quick", 24, 0.12),
    _linial_meshulam("full", 40, 0.07),
    _lens_space("quick", 13, 5),
    _random_matrix("quick", 60, 3),
    _random_matrix("full", 200, 3),
)
