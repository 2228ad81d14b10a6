"""The Pareto front of the Betti numbers that shells of one architecture have, over corners and cuts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from math import comb

import numpy as np

from polyrelu.constructions.arguments import read_architecture
from polyrelu.constructions.nested_shells import (
    VARIANTS,
    Variant,
    closing_neurons,
    corner_counts,
    predicted_betti,
    shells,
)
from polyrelu.errors import InputError
from polyrelu.network.network import Network

MAX_CANDIDATES = 50_000
"""Maximum number of shells that are compared; it takes a few seconds."""


@dataclass(frozen=True)
class FrontPoint:
    """Shells that no others of their architecture surpass in every degree; made by `pareto_front`.

    Attributes
    ----------
    betti : tuple of int
        The predicted Betti numbers of {F > 0} in degrees 0..d−1.
    architecture, cuts, variant, corner : object
        The arguments of `shells`.
    """

    betti: tuple[int, ...]
    architecture: tuple[int, ...]
    cuts: tuple[int, ...]
    variant: Variant
    corner: tuple[int, ...] | None

    def network(self) -> Network:
        """The network itself."""
        return shells(self.architecture, self.cuts, self.variant, self.corner)


def pareto_front(architecture: object) -> tuple[FrontPoint, ...]:
    """The Pareto front of (β_0, …, β_{d−1}) of {F > 0} over all shells of an architecture, largest β_0 first.

    Parameters
    ----------
    architecture : sequence of int
        (d, n_1, …, n_L, 1) with d ≥ 2 and L ≥ 2.

    Returns
    -------
    tuple of FrontPoint
        One point for each tuple of Betti numbers that is not surpassed by another, one at least as large in every
        degree and larger in one. Empty if no shells have a positive Betti number.

    Raises
    ------
    InputError
        If the architecture has no shells of either variant, or more than `MAX_CANDIDATES` to compare.

    Notes
    -----
    Both variants, all corners and all cuts are compared. No Betti number falls when a cut is added, so that only shells
    that use all neurons of the last layer matter.

    Examples
    --------
    >>> import polyrelu as pr
    >>> [point.betti for point in pr.pareto_front((2, 8, 6, 1))]
    [(18, 4), (12, 12)]
    """
    widths = read_architecture(architecture, hidden=2, scalar=True)
    _check(widths)
    found: dict[tuple[int, ...], FrontPoint] = {}
    for variant, corner, used in _corners(widths):
        counts = corner_counts(widths, variant, corner)
        single = dict.fromkeys(used, 1)
        roomy = (*widths[:-2], widths[-2] + widths[0], 1)
        available = widths[-2] - closing_neurons(roomy, single, variant, corner)
        for parts in _compositions(available, len(used)):
            cuts = [0] * (widths[0] - 1)
            betti = [0] * widths[0]
            for k, c in zip(used, parts, strict=True):
                cuts[k - 1] = c
                betti[0] += counts[k - 1][0] * (c - c // 2)
                betti[k] = counts[k - 1][1] * (c // 2)
            found.setdefault(tuple(betti), FrontPoint(tuple(betti), widths, tuple(cuts), variant, corner))
    return tuple(found[betti] for betti in _maximal(list(found)))


def _check(widths: tuple[int, ...]) -> None:
    """InputError if there are no shells at all, or too many."""
    errors = []
    for variant in VARIANTS:
        try:
            predicted_betti(widths, (), variant)
        except InputError as error:
            errors.append(error)
    if len(errors) == len(VARIANTS):
        raise errors[-1]
    d, last = widths[0], widths[-2]
    # For j degrees in use: C(n_L − 1, j − 1) ways to share the cuts, Σ ∏ k corners of "paper" and one of "interior".
    totals = [1] + [0] * (d - 1)  # elementary symmetric polynomials of 1, …, d−1
    for k in range(1, d):
        for j in range(k, 0, -1):
            totals[j] += k * totals[j - 1]
    candidates = sum((totals[j] + comb(d - 1, j)) * comb(last - 1, j - 1) for j in range(1, d)) + d - 1
    if candidates > MAX_CANDIDATES:
        raise InputError(f"Pareto front: up to {candidates} shells would be compared, more than {MAX_CANDIDATES}")


def _corners(widths: tuple[int, ...]) -> Iterator[tuple[Variant, tuple[int, ...] | None, tuple[int, ...]]]:
    """The variants, corners, and degrees with cuts, that exist."""
    degrees = range(1, widths[0])
    choices: list[tuple[Variant, tuple[int, ...] | None, tuple[int, ...]]] = []
    for size in degrees:
        for used in combinations(degrees, size):
            lowest = 0 if size == 1 else 1
            for zeros in product(*(range(k, lowest - 1, -1) if k in used else (k,) for k in degrees)):
                choices.append(("paper", zeros, used))
            choices.append(("interior", None, used))
    roomy = (*widths[:-2], widths[-2] + 2 * widths[0], 1)
    for variant, corner, used in choices:
        try:
            predicted_betti(roomy, dict.fromkeys(used, 1), variant, corner)
        except InputError:
            continue
        yield variant, corner, used


def _compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways to write a number as an ordered sum of this many positive integers."""
    if total < parts:
        return
    if parts == 1:  # `combinations` would list the whole range
        yield (total,)
        return
    for bars in combinations(range(1, total), parts - 1):
        yield tuple(b - a for a, b in pairwise((0, *bars, total)))


def _maximal(points: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """The points, none of them zero, that no other surpasses, in descending lexicographic order."""
    points = sorted((p for p in points if any(p)), reverse=True)
    if not points:
        return []
    # Only the order matters in each degree, and ranks are small where the numbers are not.
    columns = []
    for values in zip(*points, strict=True):
        rank = {value: i for i, value in enumerate(sorted(set(values)))}
        columns.append([rank[value] for value in values])
    ranks = np.array(columns, dtype=np.int64).T
    kept = np.empty_like(ranks)
    chosen: list[tuple[int, ...]] = []
    for point, row in zip(points, ranks, strict=True):
        if not (kept[: len(chosen)] >= row).all(axis=1).any():
            kept[len(chosen)] = row
            chosen.append(point)
    return chosen
