"""Depth against width: Betti numbers that deep networks reach, and bounds for networks with one hidden layer.

Ergen & Grillo (COLT 2024) show that the topology of {F > 0} grows exponentially with the depth of a network, while with
one hidden layer it is polynomial in the number of neurons. Here both sides are exact integers for a given number of
neurons. On the deep side are constructed networks, verified within limits by computing their homology; on the shallow
side is the least of the bounds of `upper_bounds`. Beside them stands a bound for all networks of the *same* depth.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, comb

from polyrelu.analysis.pipeline import analyse_region
from polyrelu.constructions.arguments import integer
from polyrelu.constructions.budget import Choice, ShellSearch, best_shallow, read_degree
from polyrelu.errors import InputError, LimitError, VerificationError
from polyrelu.exact.rational import describe
from polyrelu.geometry.subdivision import Progress
from polyrelu.network.network import Network
from polyrelu.paper.bounds import short, upper_bounds
from polyrelu.paper.cell_counts import cells_upper, zaslavsky
from polyrelu.paper.depth_bounds import DepthBounds

TABLE_LIMIT = 10_000
"""Maximum number of neurons for which all bounds of `upper_bounds` are compared. One has as many bits."""

MAX_INPUTS, MAX_NEURONS = 10, 500
"""Limits of `separation`, which takes seconds, or a minute at worst."""


@dataclass(frozen=True)
class Row:
    """The best constructed network of one depth.

    Attributes
    ----------
    choice : Choice
        The network, with its predicted Betti numbers of {F > 0}.
    value : int
        The quantity that is compared: β_k, or the sum of all Betti numbers.
    verified : bool
        Whether all Betti numbers were computed and are as predicted. If not, a limit was reached.
    f_vector : tuple of int, or None
        The number of cells of C(F, 0) by dimension, if verified.
    shallow_neurons : int
        A lower bound on the number of neurons with which one hidden layer reaches `value`.
    depth_bound : int
        A proved upper bound on the value for networks of this depth with at most as many neurons.
    """

    choice: Choice
    value: int
    verified: bool
    f_vector: tuple[int, ...] | None
    shallow_neurons: int
    depth_bound: int

    @property
    def depth(self) -> int:
        """The number of hidden layers."""
        return len(self.choice.architecture) - 2

    @property
    def status(self) -> str:
        """ "verified" or "predicted"."""
        return "verified" if self.verified else "predicted"

    @property
    def factor(self) -> Fraction:
        """The quotient of the bound for this depth and the value of the constructed network, at least 1."""
        return Fraction(self.depth_bound, self.value)

    def network(self) -> Network:
        """The network of this row."""
        return self.choice.network()


@dataclass(frozen=True)
class Separation:
    """The comparison of depth and width that `separation` returns; `str` makes a table of it.

    Attributes
    ----------
    input_dim : int
        The input dimension d.
    neurons : int
        The maximum number n of hidden neurons.
    degree : int or None
        The degree k of the Betti number that is compared; None for the sum of all.
    shallow_bound : int
        A proved upper bound for all networks with one hidden layer of at most n neurons.
    rows : tuple of Row
        One row for each depth, from one hidden layer on.
    threshold : int
        For every number of neurons from this one on, some constructed network has a larger value than any network with
        one hidden layer and as many neurons.
    """

    input_dim: int
    neurons: int
    degree: int | None
    shallow_bound: int
    rows: tuple[Row, ...]
    threshold: int

    @property
    def quantity(self) -> str:
        """The name of the quantity that is compared."""
        return "sum of the Betti numbers" if self.degree is None else f"beta_{self.degree}"

    def __str__(self) -> str:
        head = ("depth", "architecture", "construction", "parameters", "value", "", "cells", "one layer needs")
        table = [(*head, "any of this depth")]
        for row in self.rows:
            choice = row.choice
            table.append(
                (
                    str(row.depth),
                    "-".join(map(str, choice.architecture)),
                    choice.construction,
                    ",".join(map(str, choice.parameters)) or "-",
                    short(row.value) + ("" if row.value <= self.shallow_bound else " *"),
                    row.status,
                    str(sum(row.f_vector)) if row.f_vector else "-",
                    ">= " + short(row.shallow_neurons),
                    f"<= {short(row.depth_bound)}, factor {_factor(row.factor)}",
                )
            )
        factors = [row.factor for row in self.rows]
        sizes = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join(cell.ljust(size) for cell, size in zip(row, sizes, strict=True)).rstrip() for row in table]
        return "\n".join(
            [
                f"{{F > 0}} in R^{self.input_dim}, at most {self.neurons} hidden neurons, value: {self.quantity}",
                "",
                *("  " + line for line in lines),
                "",
                f"One hidden layer of {self.neurons} neurons: at most {short(self.shallow_bound)} (proved); "
                "* marks what no such network has.",
                f"From {self.threshold} neurons on, some deep network has more than any with one hidden layer and as "
                "many neurons (proved).",
                f"Last column: what no network of the same depth and size exceeds (proved), {_factor(min(factors))} to "
                f"{_factor(max(factors))} times what is built.",
            ]
        )


def _factor(x: Fraction) -> str:
    """A factor to three digits, not rounded down."""
    if x >= 100:
        return short(ceil(x))
    digits = 1 if x >= 10 else 2
    return f"{ceil(x * 10**digits) / 10**digits:.{digits}f}"


def separation(
    input_dim: int,
    neurons: int,
    *,
    degree: int | None = 0,
    seconds: float = 10.0,
    max_cells: int = 2_000_000,
    progress: Progress | None = None,
) -> Separation:
    """The best constructed networks of every depth against the bound for one hidden layer, for n hidden neurons.

    Parameters
    ----------
    input_dim : int
        The input dimension d, from 2 to `MAX_INPUTS`.
    neurons : int
        The maximum number n of hidden neurons, from 1 to `MAX_NEURONS`. Networks with fewer neurons are included, since
        idle neurons change nothing.
    degree : int or None, default 0
        The degree k of the Betti number of {F > 0} that is compared, 0 ≤ k < d; None for the sum of all.
    seconds : float, default 10.0
        The maximum time, in seconds, for verifying one network; 0 to verify none.
    max_cells : int, default 2000000
        The maximum number of cells, of all dimensions and those at infinity included, in the verification of a network.
    progress : callable, optional
        A function of ("depth k: stage", steps done, steps in all), called while networks are verified.

    Returns
    -------
    Separation
        A row for each depth, and the number of neurons from which on deep networks exceed the bound.

    Raises
    ------
    InputError
        If an argument is out of range.
    VerificationError
        If a computed Betti number is not the predicted one.

    Notes
    -----
    The deep networks are the best shells of each depth among those of `polyrelu.constructions.budget.ShellSearch`, the
    shallow one is `polyrelu.constructions.bumps.bumps`. Beside each stands the least proved bound for all networks of
    its own depth and at most n neurons (`polyrelu.paper.depth_bounds`). Which values between the two are attained is
    open.

    Examples
    --------
    >>> import polyrelu as pr
    >>> found = pr.separation(2, 20, seconds=0)
    >>> [(row.depth, row.value) for row in found.rows[:4]], found.shallow_bound
    ([(1, 30), (2, 48), (3, 360), (4, 1280)], 106)
    """
    d, k = read_degree(input_dim, degree)
    n = integer(neurons, "neurons", 1)
    if d > MAX_INPUTS or n > MAX_NEURONS:
        got = f"{short(d)} and {short(n)}"
        raise InputError(f"separation: at most {MAX_INPUTS} inputs and {MAX_NEURONS} neurons, got {got}")
    limit = integer(max_cells, "max_cells", 1)
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds >= 0:
        raise InputError(f"seconds: expected a number that is not negative, got {describe(seconds)}")
    search, bounds = ShellSearch(d, n, k), DepthBounds(d, n, k)
    found = [best_shallow(d, n, k), *(search.best(n, depth) for depth in range(2, search.max_depth + 1))]
    rows = []
    for choice in found:
        if choice is not None:
            f_vector = _verify(choice, seconds, limit, progress)
            value = choice.value(k)
            depth = len(choice.architecture) - 2
            bound = shallow_bound(d, n, k) if depth == 1 else bounds.bound(depth)
            rows.append(Row(choice, value, f_vector is not None, f_vector, shallow_neurons(d, value, k), bound))
    return Separation(d, n, k, shallow_bound(d, n, k), tuple(rows), threshold(d, k))


def shallow_bound(input_dim: int, neurons: int, degree: int | None = 0) -> int:
    """The least proved upper bound on β_degree of {F > 0} for one hidden layer of n neurons.

    With degree None it bounds the sum of all Betti numbers. For more than `TABLE_LIMIT` neurons it is v(n) of
    `threshold`, which is not always the least.
    """
    d, k = read_degree(input_dim, degree)
    n = integer(neurons, "neurons", 1)
    if n > TABLE_LIMIT:
        return _twice_polynomial(d, n, k) // 2
    degrees = range(d) if k is None else [k]
    table = upper_bounds((d, n, 1), degrees=degrees)
    return sum(best for j in degrees if (best := table.best(f"betti_{j}")) is not None)


def shallow_neurons(input_dim: int, value: int, degree: int | None = 0) -> int:
    """A number n ≥ 1 such that networks with one hidden layer of fewer than n neurons have less than `value`.

    Parameters
    ----------
    input_dim : int
        The dimension d ≥ 2.
    value : int
        The value of β_degree of {F > 0} to reach, at least 0.
    degree : int or None, default 0
        The degree, 0..d−1; None for the sum of all Betti numbers.

    Returns
    -------
    int
        The number n.

    Raises
    ------
    InputError
        If an argument is not as above.

    Notes
    -----
    It is found by bisection with the invariant that the bound for `low` neurons is less than the value. The true
    maximum never falls with the number of neurons, so this is a proof whether or not the bound is monotone.

    Examples
    --------
    >>> from polyrelu.analysis.separation import shallow_neurons
    >>> shallow_neurons(2, 8192)
    181
    """
    d, k = read_degree(input_dim, degree)
    goal = integer(value, "value", 0)
    high = 1
    while shallow_bound(d, high, k) < goal:
        high *= 2
    low = high // 2  # 0 if a single neuron is enough
    while high - low > 1:
        middle = (low + high) // 2
        if shallow_bound(d, middle, k) < goal:
            low = middle
        else:
            high = middle
    return high


def threshold(input_dim: int, degree: int | None = 0) -> int:
    """The least n that is proved here to have the property of `Separation.threshold`.

    Parameters
    ----------
    input_dim : int
        The dimension d ≥ 2.
    degree : int or None, default 0
        The degree, 0..d−1; None for the sum of all Betti numbers.

    Returns
    -------
    int
        The number n of neurons.

    Raises
    ------
    InputError
        If an argument is not as above.

    Notes
    -----
    All n up to some N are compared one by one; for those beyond N there is this proof. Let I(n) be the largest value of
    "interior" shells with n neurons and cuts at degree k (k = d−1 if components or the sum are compared, otherwise the
    degree itself). A new first layer of 2d neurons folds every coordinate twice and so multiplies the number N_k of
    corners by 2^{k+1}: I(n + 2d) ≥ 2^{k+1} I(n). For one hidden layer let v(n) be the sum of R/2 + 1 (degree 0) and the
    number of (d−j−1)-cells of n hyperplanes in general position (degree j ≥ 1), over the degrees compared. This is an
    upper bound, if not the least. It is a combination of C(n, 0), …, C(n, d) with non-negative coefficients, and for
    n ≥ d and j ≤ d, C(n + 2d, j) / C(n, j) = ∏_{i<j} (n + 2d − i)/(n − i) rises with j and falls with n. So once
    C(n + 2d, d) ≤ 2^{k+1} C(n, d), also v(n + 2d) ≤ 2^{k+1} v(n), there and for all larger n. If then I > v for 2d
    consecutive n, the last of which is N, it holds for all larger n, by induction.

    Examples
    --------
    >>> from polyrelu.analysis.separation import threshold
    >>> threshold(2), threshold(3, 1)
    (13, 37)
    """
    d, k = read_degree(input_dim, degree)
    cut = k or d - 1
    size = 16 * d
    while True:
        search = ShellSearch(d, size, k)
        run, failed = 0, 0
        for n in range(1, size + 1):
            if max(search.value(n, depth) for depth in range(2, search.max_depth + 1)) <= shallow_bound(d, n, k):
                failed = n
            falling = n >= d and comb(n + 2 * d, d) <= 2 ** (cut + 1) * comb(n, d)
            run = run + 1 if falling and 2 * search.interior_value(n, cut) > _twice_polynomial(d, n, k) else 0
            if run == 2 * d:
                return failed + 1
        size *= 2


def _twice_polynomial(d: int, n: int, degree: int | None) -> int:
    """2 v(n) in the proof of `threshold`."""
    degrees = range(d) if degree is None else [degree]
    return sum(2 * cells_upper((d, n, 1), d - j - 1) if j else zaslavsky(n, d) + 2 for j in degrees)


class _OutOfTimeError(Exception):
    """Stops a subdivision."""


def _verify(choice: Choice, seconds: float, max_cells: int, progress: Progress | None) -> tuple[int, ...] | None:
    """The f-vector of C(F, 0) after a check of the predicted Betti numbers, or None if a limit was reached."""
    if not seconds:
        return None
    end = time.monotonic() + min(seconds, 1e9)

    def watch(stage: str, done: int, total: int) -> None:
        if time.monotonic() > end:
            raise _OutOfTimeError
        if progress is not None:
            progress(f"depth {len(choice.architecture) - 2}: {stage}", done, total)

    try:
        report = analyse_region(choice.network(), ">", coarse=False, max_cells=max_cells, progress=watch)
    except (LimitError, _OutOfTimeError):
        return None
    if report.betti != choice.betti:
        raise VerificationError(
            f"{choice.construction} of {choice.architecture} with parameters {choice.parameters}: "
            f"predicted Betti numbers {choice.betti}, computed {report.betti}"
        )
    return report.f_vector
