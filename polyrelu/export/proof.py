"""The proof that the cells of a complex are those of its network: the network is subdivided again and compared.

A subdivision numbers its cells in one way, so that a file of the present version holds the same arrays. Other files are
compared cell by cell: vertices by their coordinates, other cells by their sets of facets, in ascending dimension.
Incidence numbers may differ only by one sign for each cell, its orientation. All other data of the cells (signs,
boundary, containing regions, enclosures of vertices) must be correct as well, since methods rely on them.

Which cells of a coarse complex are decided depends on bounds in floating point, so that one of another version may be
right as well; it is not proved by comparison, and refused.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.errors import FileError, LimitError
from polyrelu.geometry.cell_arrays import CellArrays
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.subdivision import subdivide

Array = npt.NDArray[Any]

_ALLOWANCE = 10**6  # further cells that a subdivision may make on its way, such as those outside the walls


def check_belongs(cx: PolyhedralComplex) -> None:
    """FileError unless the complex is C(F), or C(F, t), of its network over its domain, or a coarse one made again."""
    total = sum(cx.arrays.counts)
    try:
        made = subdivide(
            cx.network, cx.level, cx.domain, coarse=cx.is_coarse, max_cells=4 * total + _ALLOWANCE
        )
    except LimitError as error:
        raise FileError(f"the {total} cells are not those of the network: {error}") from None
    if (cx.coordinates, cx.artificial_hyperplanes) != (made.coordinates, made.artificial_hyperplanes):
        raise FileError("header: the coordinates are not those in which the network is subdivided")
    a, b = cx.arrays, made.arrays
    if cx.is_coarse and not _same(a, b):
        raise FileError(
            "the coarse complex is not the one that this version makes, which proves nothing of it; subdivide again, "
            "or save the complete complex"
        )
    if (a.finite, a.canonical) != (b.finite, b.canonical):
        raise FileError(f"the network has {b.finite} cells by dimension, the file has {a.finite}")
    if not _same(a, b):
        _Comparison(cx, made).run()


def _same(a: CellArrays, b: CellArrays) -> bool:
    """Whether all arrays and exact coordinates are the same."""
    mine, other = a.named(), b.named()
    return (mine.keys(), a.vertices.roots) == (other.keys(), b.vertices.roots) and all(
        mine[name].dtype == other[name].dtype and np.array_equal(mine[name], other[name]) for name in mine
    )


class _Comparison:
    """The comparison of two complexes of one network up to numbering and orientation.

    `numbers` are those of the cells in the other complex.
    """

    def __init__(self, cx: PolyhedralComplex, made: PolyhedralComplex) -> None:
        self._cx, self._made = cx, made
        self._a, self._b = cx.arrays, made.arrays
        self._dims = range(self._a.rank + 1)

    def run(self) -> None:
        """Raise FileError for the first difference."""
        numbers = self._vertices()
        orientation = np.ones(len(numbers), np.int8)
        all_numbers = [numbers]
        for q in self._dims[1:]:
            numbers, orientation = self._cells(q, numbers, orientation)
            all_numbers.append(numbers)
        for q, found in enumerate(all_numbers):
            self._per_cell(q, found)
        self._regions(all_numbers[-1])
        self._stages()
        self._containing()

    def _vertices(self) -> Array:
        cx, made = self._cx, self._made
        n = self._b.counts[0]
        place = {made.homogeneous(v): v for v in range(n)}
        numbers = np.array([place.get(cx.homogeneous(v), -1) for v in range(self._a.counts[0])])
        self._bijection(numbers, n, "vertex or ray")
        for v in range(n):
            if not _encloses(*cx.enclosure(v), cx.homogeneous(v)):
                raise FileError(f"array 'vertices': the bound on the error of vertex {v} is wrong")
        return numbers

    def _cells(self, q: int, numbers: Array, orientation: Array) -> tuple[Array, Array]:
        """The numbers and the orientations of the q-cells, from those of their facets."""
        made, facets = self._b.facets[q], self._a.facets[q]
        known = {}
        for i in range(made.n_rows):
            entries = dict(made.entries(i))
            known[tuple(sorted(entries))] = i, entries
        found, turned = np.full(facets.n_rows, -1), np.ones(facets.n_rows, np.int8)
        for i in range(facets.n_rows):
            row = [(int(numbers[f]), sign * orientation[f]) for f, sign in facets.entries(i)]
            found[i], expected = known.get(tuple(sorted(f for f, _ in row)), (-1, {}))
            if found[i] < 0:
                continue
            ratios = {int(expected[f] * sign) for f, sign in row}
            if len(ratios) > 1:
                raise FileError(f"array 'facets_{q}_signs': not the incidence numbers of cell {i} in any orientation")
            turned[i] = ratios.pop()
        self._bijection(found, self._b.counts[q], f"cell of dimension {q} modulo lineality")
        return found, turned

    def _bijection(self, numbers: Array, n: int, what: str) -> None:
        if (strange := np.flatnonzero(numbers < 0)).size:
            raise FileError(f"{what} {strange[0]} is none of the network")
        if len(numbers) != n or len(np.unique(numbers)) != n:
            raise FileError(f"a {what} occurs twice, or is missing")

    def _per_cell(self, q: int, numbers: Array) -> None:
        a, b = self._a, self._b
        pairs: dict[str, tuple[Array, Array]] = {f"boundary_{q}": (a.boundary[q], b.boundary[q])}
        if a.level_signs is not None and b.level_signs is not None:
            pairs[f"level_signs_{q}"] = (a.level_signs[q], b.level_signs[q])
        if a.all_signs is not None and b.all_signs is not None:
            pairs[f"all_signs_{q}"] = (a.all_signs[q], b.all_signs[q])
        for name, (mine, other) in pairs.items():
            if not np.array_equal(mine, other[numbers[: len(mine)]]):
                raise FileError(f"array {name!r}: not that of the network")
        if not np.array_equal(numbers < b.finite[q], np.arange(len(numbers)) < a.finite[q]):
            raise FileError("cells at infinity and others are mixed up")

    def _regions(self, numbers: Array) -> None:
        if not np.array_equal(self._cx.region_signs(), self._made.region_signs()[numbers]):
            raise FileError("arrays 'regions': not the signs of the network's neurons on its regions")

    def _stages(self) -> None:
        """Check that equally many regions come after each layer, and contain regions of the next one."""
        both = (self._a, self._b)
        mine, other = ([len(x.parent) for x in arrays.regions] for arrays in both)
        used = [[len(np.unique(x.parent)) for x in arrays.regions] for arrays in both]
        last = [len(np.unique(arrays.containing[-1])) for arrays in both]
        if mine != other or used[0] != used[1] or last[0] != last[1]:
            raise FileError("arrays 'regions': not the regions after each layer of the network")

    def _containing(self) -> None:
        """Check the containing regions: a cell lies in a closed region iff it is a face of it."""
        arrays = self._a
        allowed: list[set[int]] = [{region} for region in arrays.containing[-1].tolist()]
        for q in reversed(self._dims[1:]):
            below: list[set[int]] = [set() for _ in range(arrays.counts[q - 1])]
            for i, regions in enumerate(allowed):
                for f in arrays.facets[q].row(i):
                    below[f] |= regions
            allowed = below
            for i, region in enumerate(arrays.containing[q - 1].tolist()):
                if region not in allowed[i] and not (region < 0 and i >= arrays.finite[q - 1]):
                    raise FileError(f"array 'containing_{q - 1}': cell {i} does not lie in that region")


def _encloses(y: tuple[float, ...], d: float, x: tuple[int, ...]) -> bool:
    """Whether |λ x_k − y_k| ≤ d for all k and one λ > 0."""
    low, high = Fraction(0), None
    for a, b in zip(map(Fraction, y), x, strict=True):
        if b == 0:
            if abs(a) > d:
                return False
            continue
        ends = sorted(((a - Fraction(d)) / b, (a + Fraction(d)) / b))
        low, high = max(low, ends[0]), ends[1] if high is None else min(high, ends[1])
    return high is not None and high > 0 and low <= high
