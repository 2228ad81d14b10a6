"""Shells with the largest Betti number, or sum of Betti numbers, for a given number of neurons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from polyrelu.constructions.arguments import integer, require
from polyrelu.constructions.bumps import best_bumps, bumps, bumps_betti
from polyrelu.constructions.layers import fold_count, split_evenly
from polyrelu.constructions.nested_shells import Variant, corner_counts, predicted_betti, shells
from polyrelu.errors import InputError
from polyrelu.exact.printing import brief
from polyrelu.network.network import Network


@dataclass(frozen=True)
class Choice:
    """A constructed network and its predicted Betti numbers.

    Attributes
    ----------
    construction : str
        "bumps", "bumps, complement", 'shells, "paper"' or 'shells, "interior"'.
    architecture : tuple of int
        The widths (d, n_1, …, n_L, 1).
    parameters : tuple of int
        The counts of bumps, or the cuts of shells.
    betti : tuple of int
        The predicted Betti numbers of {F > 0}.
    corner : int or None
        The number of zeros of the corners of shells; None for the default.
    """

    construction: str
    architecture: tuple[int, ...]
    parameters: tuple[int, ...]
    betti: tuple[int, ...]
    corner: int | None = None

    def network(self) -> Network:
        """The network itself."""
        if self.construction.startswith("bumps"):
            return bumps(self.architecture, self.parameters, self.construction != "bumps")
        return shells(self.architecture, self.parameters, _variant(self.construction), self.corner)

    def value(self, degree: int | None) -> int:
        """The predicted β_degree of {F > 0}, or the sum of all Betti numbers for None."""
        return sum(self.betti) if degree is None else self.betti[degree]


def read_degree(input_dim: object, degree: object) -> tuple[int, int | None]:
    """The pair (d, degree), checked: d ≥ 2, and a degree 0..d−1 or None for the sum of all. InputError otherwise."""
    d = integer(input_dim, "input_dim", 1)
    require("shells", "d ≥ 2", d, 2)
    if degree is None:
        return d, None
    k = integer(degree, "degree", 0)
    if k >= d:
        most = f"a region in R^{brief(d)} has Betti numbers of degree at most {brief(d - 1)}"
        raise InputError(f"degree: {most}, got {brief(k)}")
    return d, k


def best_shallow(input_dim: object, neurons: object, degree: object = 0) -> Choice:
    """The bumps with one hidden layer of n neurons that have the largest β_degree (None: sum of the Betti numbers)."""
    d, k = read_degree(input_dim, degree)
    n = integer(neurons, "neurons", 1)
    choices = []
    for target in range(d) if k is None else [k]:
        counts, complement = best_bumps(d, n, target)
        name = "bumps, complement" if complement else "bumps"
        choices.append(Choice(name, (d, n, 1), counts, bumps_betti((d, n, 1), counts, complement)))
    return max(choices, key=lambda choice: choice.value(k))


class ShellSearch:
    """The best shells of each depth for each number of neurons up to a limit.

    Best means: the largest predicted β_degree of {F > 0} (degree None: the largest sum of all Betti numbers) among the
    shells of both variants with d inputs, depth L, at most n hidden neurons, and cuts at one degree k only. The
    constructor raises InputError for d < 2, or a degree that is not 0..d−1 or None.

    Notes
    -----
    "paper" depends on the widths by M alone, a product with factors 2⌊n_l/2d⌋, which is largest when these are as equal
    as possible. Of its corners a_k = k has the most preimages and the largest sum of Betti numbers, and a_k = 0 the
    most tips, which is no more than "interior" has. Only for L = 2 others are compared, as each zero may cost a neuron.
    "interior" has N_k corners, a product with one factor for each layer; its maximum for a given sum of widths is found
    by dynamic programming, one layer after the other.
    """

    def __init__(self, input_dim: object, neurons: object, degree: object = 0) -> None:
        self._d, self._degree = read_degree(input_dim, degree)
        self._limit = integer(neurons, "neurons", 1)
        self._interior = {k: _Interior(self._d, self._limit, k, self._degree) for k in self.cut_degrees}

    @property
    def cut_degrees(self) -> range:
        """The degrees k of cuts that can contribute."""
        return range(self._degree, self._degree + 1) if self._degree else range(1, self._d)

    @property
    def max_depth(self) -> int:
        """The largest number of hidden layers of shells with at most the limit of neurons; 1 if there are none."""
        return max(1, (self._limit - 1 - 2 * self._d) // self._d + 2 if self._limit > 2 * self._d else 1)

    def value(self, neurons: int, depth: int) -> int:
        """The largest predicted value, 0 if there are no such shells."""
        paper = max((value for value, *_ in self._papers(neurons, depth)), default=0)
        return max(paper, *(table.value(neurons, depth) for table in self._interior.values()))

    def interior_value(self, neurons: int, k: int) -> int:
        """The largest predicted value of "interior" shells of any depth with cuts at degree k."""
        return max((self._interior[k].value(neurons, depth) for depth in range(2, self.max_depth + 1)), default=0)

    def best(self, neurons: int, depth: int) -> Choice | None:
        """Shells with the largest value (with the fewest neurons of those compared), None if all have value 0."""
        value = self.value(neurons, depth)
        if not value:
            return None
        found: list[Choice] = []
        for achieved, architecture, cuts, corner in self._papers(neurons, depth):
            if achieved == value:
                found.append(_choice("paper", architecture, cuts, corner))
        for k, table in self._interior.items():
            if table.value(neurons, depth) == value:
                widths, c = table.widths(neurons, depth)
                found.append(_choice("interior", (self._d, *widths, c, 1), _cuts(self._d, k, c)))
        return min(found, key=lambda choice: sum(choice.architecture))

    def _papers(
        self, neurons: int, depth: int
    ) -> Iterator[tuple[int, tuple[int, ...], tuple[int, ...], int | None]]:
        """The value, architecture, cuts and corner of "paper" shells, among them one of the best."""
        d = self._d
        for last in range(1, neurons - 2 * d * (depth - 1) + 1):
            if depth == 2:
                first: tuple[int, ...] = (neurons - last,)
            else:
                first = tuple(2 * d * q for q in split_evenly((neurons - last) // (2 * d), depth - 1))
            half = prod(2 * (n // (2 * d)) for n in first) // 2
            for k in self.cut_degrees:
                for zeros in range(k, -1 if depth == 2 else k - 1, -1):
                    open_sides = max(0, zeros - (first[0] - d * 2 * half)) if depth == 2 else 0
                    if (c := last - open_sides) > 0:
                        corners, tips = (half ** (k + 1 - zeros) * (half + i) ** zeros for i in (1, -1))
                        value = _worth(corners, tips, c, self._degree)
                        yield value, (d, *first, last, 1), _cuts(d, k, c), None if zeros == k else zeros


class _Interior:
    """Dynamic programming for "interior" shells with all cuts at degree k."""

    def __init__(self, d: int, limit: int, k: int, degree: int | None) -> None:
        self._d, self._limit = d, limit
        self._folds = [
            prod(fold_count(q) for q in split_evenly(n, d)[: k + 1]) if n >= d else 0 for n in range(limit + 1)
        ]
        self._corners = [
            corner_counts((d, n, 1, 1), "interior")[k - 1][0] if n >= 2 * d else 0 for n in range(limit + 1)
        ]
        self._cuts = [_worth(1, 1, c, degree) for c in range(limit + 1)]
        self._before = [[1] * (limit + 1)]  # by number of layers before the last fold, and their neurons
        self._folded: list[list[int]] = []  # the last fold included
        self._value: list[list[int]] = []  # the cuts included

    def value(self, neurons: int, depth: int) -> int:
        """The largest value with at most this many neurons."""
        while len(self._value) <= depth - 2:
            if self._value:
                self._before.append(_products(self._before[-1], self._folds))
            self._folded.append(_products(self._before[-1], self._corners))
            self._value.append(_products(self._folded[-1], self._cuts))
        return self._value[depth - 2][neurons]

    def widths(self, neurons: int, depth: int) -> tuple[tuple[int, ...], int]:
        """The widths of the folding layers, and the number of cuts, that give `value` (which must not be 0)."""
        self.value(neurons, depth)
        c, rest = _split_product(self._value[depth - 2], self._folded[depth - 2], self._cuts, neurons)
        last, rest = _split_product(self._folded[depth - 2], self._before[depth - 2], self._corners, rest)
        first = []
        for j in range(depth - 2, 0, -1):
            width, rest = _split_product(self._before[j], self._before[j - 1], self._folds, rest)
            first.append(width)
        return (*sorted(first, reverse=True), last), c


def _products(table: list[int], factors: list[int]) -> list[int]:
    """For every n the largest table[n − i] · factors[i]."""
    useful = [(i, factor) for i, factor in enumerate(factors) if factor]
    return [max((table[n - i] * factor for i, factor in useful if i <= n), default=0) for n in range(len(table))]


def _split_product(result: list[int], table: list[int], factors: list[int], n: int) -> tuple[int, int]:
    """The least i with result[n] = table[n − i] · factors[i], and n − i."""
    i = next(i for i in range(n + 1) if table[n - i] * factors[i] == result[n])
    return i, n - i


def _worth(corners: int, tips: int, cuts: int, degree: int | None) -> int:
    """The contribution of cuts at one degree k to β_degree (degree 0 or k), or to the sum of Betti numbers (None)."""
    components, spheres = corners * (cuts - cuts // 2), tips * (cuts // 2)
    return components + spheres if degree is None else spheres if degree else components


def _cuts(d: int, k: int, c: int) -> tuple[int, ...]:
    return tuple(c if i == k else 0 for i in range(1, d))


def _choice(
    variant: Variant, architecture: tuple[int, ...], cuts: tuple[int, ...], corner: int | None = None
) -> Choice:
    betti = predicted_betti(architecture, cuts, variant, corner)[">"]
    name = f'shells, "{variant}"' if corner is None else f'shells, "{variant}", corner {corner}'
    return Choice(name, architecture, cuts, betti, corner)


def _variant(construction: str) -> Variant:
    return "paper" if "paper" in construction else "interior"
