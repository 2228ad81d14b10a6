"""Bounds on the numbers of cells of one network's complex, proved before the work.

Upper bounds are those of `polyrelu.paper.cell_counts.CellCounts` in the quotient by the lineality space, for each face
of the domain; a level counts as one more layer of one neuron. Lower bounds come from hyperplanes of the first layer
with independent normals. Section 11 of docs/mathematics.md has the proofs.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import chain
from math import comb

from polyrelu.exact.linear import rank
from polyrelu.geometry.domain import Domain
from polyrelu.network.network import Network
from polyrelu.paper.cell_counts import CellCounts, zaslavsky

Rows = list[Sequence[Fraction | int]]

MAX_BOUND_WORK = 2_000_000
"""Beyond so many steps, a second's worth, only regions are bounded from above, not cells of all dimensions."""


def rows_that_matter(network: Network, level: Fraction | None, domain: Domain | None) -> Rows:
    """The normals of walls and first-layer rows: the complex is invariant along their common null space."""
    rows: Rows = [wall[1:] for wall in domain.half_spaces()] if domain is not None else []
    if network.depth or level is not None:
        rows += network.weights[0]
    return [row for row in rows if any(row)]


def f_vector_bounds(
    network: Network, level: Fraction | None, domain: Domain | None, r: int
) -> tuple[tuple[int, ...], tuple[int | None, ...]]:
    """Lower and upper bounds on the f-vector of C(F), or of C(F, t), with first-layer rows and walls of rank r."""
    d = network.input_dim
    hidden = [*map(len, network.slopes), *([] if level is None else [1])]
    relu = not any(chain.from_iterable(network.slopes))
    upper: list[int | None] = [0] * (d + 1)
    walls = 0 if domain is None else len(domain.half_spaces())
    if (r + 1) ** 3 * len(hidden) * (1 + min(r, walls) / 4) <= MAX_BOUND_WORK:
        for i in range(min(r, walls) + 1):  # the faces of codimension i of the domain
            counts = CellCounts(r - i, tuple(hidden), r - i, relu)
            for j in range(r - i + 1):
                upper[d - r + j] = (upper[d - r + j] or 0) + comb(walls, i) * counts.of_codimension(r - i - j)
    else:
        upper[:-1] = [None] * d
        upper[-1] = CellCounts(r, tuple(hidden), 0, relu).of_codimension(0)
    s = 0
    if domain is None and network.depth:
        s = rank([row for row, a in zip(network.weights[0], network.slopes[0], strict=True) if a != 1 and any(row)])
    elif domain is None and level is not None:
        s = int(any(network.weights[0][0]))
    return tuple(comb(s, d - k) << max(s - d + k, 0) for k in range(d + 1)), tuple(upper)


def arrangement_cells(n: int, d: int) -> int:
    """The number of cells of all dimensions of n hyperplanes in general position in R^d: the largest there is.

    Σ_i C(n, i) Σ_{j ≤ d − i} C(n − i, j): the regions of the other hyperplanes in the flats of i of them.
    """
    return sum(comb(n, i) * zaslavsky(n - i, d - i) for i in range(min(n, d) + 1))
