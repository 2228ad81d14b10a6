"""Upper bounds for all networks of one depth and size: the number of hidden layers and of neurons, not the widths."""

from __future__ import annotations

from math import comb

from polyrelu.constructions.arguments import integer
from polyrelu.errors import InputError
from polyrelu.paper.cell_counts import binomials, zaslavsky

MAX_STEPS = 1_000_000
"""Maximum number of additions for one table; it takes a few seconds."""


class DepthBounds:
    """Proved upper bounds on β_k of {F > 0} for all networks with d inputs, at most n hidden neurons, and any depth.

    They are those of `upper_bounds` for the worst widths: R/2 + 1 for β_0; for k ≥ 1 the least of the numbers
    of cells of codimension k and k + 1, and R/(d + 1) if k = d − 1, with R the number of regions. (If the first layer
    has rank r < d then β_{d−1} = 0.) They hold for ReLU networks, at every level, for {F ≥ 0} and by −F for the other
    side.

    Parameters
    ----------
    input_dim : int
        The dimension d ≥ 1.
    neurons : int
        The maximum number n ≥ 1 of hidden neurons.
    degree : int or None, default 0
        The degree k = 0..d−1; None for the sum of all Betti numbers.

    Raises
    ------
    InputError
        If an argument is not as above.

    Notes
    -----
    The numbers of cells are the largest that the recursion in `polyrelu.paper.cell_counts.cells_upper` allows for any
    widths; beyond `MAX_STEPS` steps a product with widths as equal as possible is used instead. Section 12 of
    docs/mathematics.md has both.
    """

    def __init__(self, input_dim: object, neurons: object, degree: object = 0) -> None:
        self._d, self._n = integer(input_dim, "input_dim", 1), integer(neurons, "neurons", 1)
        self._degrees = range(self._d) if degree is None else range((k := integer(degree, "degree", 0)), k + 1)
        if self._degrees[-1] >= self._d:
            raise InputError(f"degree: Betti numbers of a region in R^{self._d} have degree at most {self._d - 1}")
        last = self._degrees[-1]
        self._codimension = min(last + 1, self._d) if last else 0
        kinds = (self._d + 1) * (self._codimension + 1)
        self._steps = self._n**2 * kinds**2 // 8
        self._tables: list[list[list[list[int]]]] = []  # by number of layers, then rank, codimension, neurons

    def bound(self, depth: int) -> int:
        """The bound for networks with this many hidden layers, of one neuron at least."""
        if not 1 <= depth <= self._n:
            raise InputError(f"depth: expected 1 to {self._n} hidden layers, got {depth}")
        counts = self._counts(depth)
        total = 0
        for k in self._degrees:
            if k == 0:
                total += counts[0] // 2 + 1
            else:
                candidates = [counts[k], counts[k + 1]]
                if k == self._d - 1:
                    candidates.append(counts[0] // (self._d + 1))
                total += min(candidates)
        return total

    def _counts(self, depth: int) -> list[int]:
        """Upper bounds on the numbers of cells of codimension 0, 1, …."""
        if depth * self._steps > MAX_STEPS:
            share, more = divmod(self._n, depth)
            regions = zaslavsky(share, self._d) ** (depth - more) * zaslavsky(share + 1, self._d) ** more
            return [choices * regions for choices in binomials(self._n, self._codimension)]
        if not self._tables:
            start = [[[int(k == 0)] * (self._n + 1) for k in range(self._codimension + 1)] for _ in range(self._d + 1)]
            self._tables.append(start)
        while len(self._tables) <= depth:
            self._tables.append(self._next(self._tables[-1]))
        return [column[self._n] for column in self._tables[depth][self._d]]

    def _next(self, table: list[list[list[int]]]) -> list[list[list[int]]]:
        """The table for one layer more.

        It is 0 where a layer would have no neurons, so that every layer has at least one.
        """
        layers = len(self._tables)
        return [
            [
                [
                    max((self._cut(table, r, k, w, m - w) for w in range(1, m - layers + 2)), default=0)
                    for m in range(self._n + 1)
                ]
                for k in range(self._codimension + 1)
            ]
            for r in range(self._d + 1)
        ]

    def _cut(self, table: list[list[list[int]]], r: int, k: int, w: int, rest: int) -> int:
        """The number of cells from a cell of rank r, cut by a layer of w neurons and then by the layers of `table`."""
        return sum(
            comb(w, i) * comb(w - i, j) * table[min(r - i, w - i - j)][k - i][rest]
            for i in range(min(r, k, w) + 1)
            for j in range(min(r - i, w - i) + 1)
        )
