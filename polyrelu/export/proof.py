"""The proof that the cells of a complex are those of its network: the network is subdivided again and compared.

A subdivision numbers its cells in one way, so that a file of this version holds the same arrays. Others, numbered or
oriented differently, are compared cell by cell. A vertex is its coordinates, and a cell the set of its facets, from
dimension to dimension; incidence numbers may differ by a sign for each cell, its orientation, and by nothing else. What
the complex says besides, of its cells (signs, boundary, the regions of neurons that they lie in, enclosures of
vertices), must be right as well, since methods rely on it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.errors import FileError, LimitError
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.subdivision import subdivide

Array = npt.NDArray[Any]

_ALLOWANCE = 10**6  # cells beside those of the file that a subdivision may have on its way: outside walls, say


def check_belongs(cx: PolyhedralComplex) -> None:
    """FileError unless the complex is C(F), or C(F, t), of its network over its domain."""
    total = sum(len(cells[3]) for cells in cx.parts()["cells"])
    try:
        made = subdivide(cx.network, cx.level, cx.domain, max_cells=4 * total + _ALLOWANCE)
    except LimitError as error:
        raise FileError(f"the {total} cells are not those of the network: {error}") from None
    if (cx.coordinates, cx.artificial_hyperplanes) != (made.coordinates, made.artificial_hyperplanes):
        raise FileError("header: the coordinates are not those in which the network is subdivided")
    a, b = cx.parts(), made.parts()
    if (a["finite"], a["canonical"]) != (b["finite"], b["canonical"]):
        raise FileError(f"the network has {b['finite']} cells by dimension, the file has {a['finite']}")
    if not all(_same(a[key], b[key]) for key in a if key != "statistics"):
        _Comparison(cx, made).run()


def _same(a: Any, b: Any) -> bool:
    """Whether nested lists of arrays and numbers are equal."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    return type(a) is type(b) and bool(a == b)


class _Comparison:
    """Two complexes of one network, up to numbering and orientation. `numbers`: for each cell that of the other."""

    def __init__(self, cx: PolyhedralComplex, made: PolyhedralComplex) -> None:
        self._cx, self._made = cx, made
        self._a, self._b = cx.parts(), made.parts()
        self._dims = range(len(self._a["cells"]))

    def run(self) -> None:
        """FileError for the first difference."""
        numbers = self._vertices()
        orientation = np.ones(len(numbers), np.int8)
        all_numbers = [numbers]
        for q in self._dims[1:]:
            numbers, orientation = self._cells(q, numbers, orientation)
            all_numbers.append(numbers)
        for q, found in enumerate(all_numbers):
            self._per_cell(q, found)
        self._regions(all_numbers[-1])
        self._pieces()
        self._homes()

    def _vertices(self) -> Array:
        cx, made = self._cx, self._made
        n = len(self._b["vertices"][1])
        place = {made.homogeneous(v): v for v in range(n)}
        numbers = np.array([place.get(cx.homogeneous(v), -1) for v in range(len(self._a["vertices"][1]))])
        self._bijection(numbers, n, "vertex or ray")
        for v in range(n):
            if not _encloses(*cx.enclosure(v), cx.homogeneous(v)):
                raise FileError(f"array 'vertices': the bound on the error of vertex {v} is wrong")
        return numbers

    def _cells(self, q: int, numbers: Array, orientation: Array) -> tuple[Array, Array]:
        """The numbers and the orientations of the q-cells, from those of their facets."""
        indptr, indices, signs, *_ = self._b["cells"][q]
        known = {}
        for i in range(len(indptr) - 1):
            row = slice(indptr[i], indptr[i + 1])
            known[tuple(sorted(indices[row].tolist()))] = i, dict(
                zip(indices[row].tolist(), signs[row].tolist(), strict=True)
            )
        indptr, indices, signs, *_ = self._a["cells"][q]
        found, turned = np.full(len(indptr) - 1, -1), np.ones(len(indptr) - 1, np.int8)
        for i in range(len(found)):
            row = slice(indptr[i], indptr[i + 1])
            facets = numbers[indices[row]].tolist()
            found[i], expected = known.get(tuple(sorted(facets)), (-1, {}))
            if found[i] < 0:
                continue
            ratios = {
                int(expected[f] * s * e) for f, s, e in zip(facets, signs[row], orientation[indices[row]], strict=True)
            }
            if len(ratios) > 1:
                raise FileError(f"array 'facets_{q}_signs': not the incidence numbers of cell {i} in any orientation")
            turned[i] = ratios.pop()
        self._bijection(found, len(self._b["cells"][q][3]), f"cell of dimension {q} modulo lineality")
        return found, turned

    def _bijection(self, numbers: Array, n: int, what: str) -> None:
        if (strange := np.flatnonzero(numbers < 0)).size:
            raise FileError(f"{what} {strange[0]} is not one of the network's")
        if len(numbers) != n or len(np.unique(numbers)) != n:
            raise FileError(f"a {what} occurs twice, or is missing")

    def _per_cell(self, q: int, numbers: Array) -> None:
        pairs = {f"boundary_{q}": (self._a["cells"][q][3], self._b["cells"][q][3])}
        if self._a["level_signs"] is not None:
            pairs[f"level_signs_{q}"] = (self._a["level_signs"][q], self._b["level_signs"][q])
        if self._a["all_signs"] is not None:
            finite = numbers[: self._a["finite"][q]]
            if not np.array_equal(self._a["all_signs"][q], self._b["all_signs"][q][finite]):
                raise FileError(f"array 'all_signs_{q}': not the signs of the network's neurons")
        for name, (mine, other) in pairs.items():
            if not np.array_equal(mine, other[numbers]):
                raise FileError(f"array {name!r}: not as the network has it")
        if not np.array_equal(numbers < self._b["finite"][q], np.arange(len(numbers)) < self._a["finite"][q]):
            raise FileError("cells at infinity and others are mixed up")

    def _regions(self, numbers: Array) -> None:
        if not np.array_equal(self._cx.region_signs(), self._made.region_signs()[numbers]):
            raise FileError("arrays 'pieces': not the signs of the network's neurons on its regions")

    def _pieces(self) -> None:
        """As many regions after each layer, each with a region of the next one in it."""
        mine, other = ([len(parent) for parent, *_ in x["pieces"]] for x in (self._a, self._b))
        used = [[len(np.unique(parent)) for parent, *_ in x["pieces"]] for x in (self._a, self._b)]
        last = [len(np.unique(x["cells"][-1][4])) for x in (self._a, self._b)]
        if mine != other or used[0] != used[1] or last[0] != last[1]:
            raise FileError("arrays 'pieces': not the regions after each layer of the network")

    def _homes(self) -> None:
        """A cell lies in a closed region iff it is a face of it."""
        cells = self._a["cells"]
        allowed: list[set[int]] = [{int(home)} for home in cells[-1][4]]
        for q in reversed(self._dims[1:]):
            indptr, indices, *_ = cells[q]
            below: list[set[int]] = [set() for _ in cells[q - 1][3]]
            for i, homes in enumerate(allowed):
                for f in indices[indptr[i] : indptr[i + 1]]:
                    below[f] |= homes
            allowed = below
            finite = self._a["finite"][q - 1]
            for i, home in enumerate(cells[q - 1][4].tolist()):
                if home not in allowed[i] and not (home < 0 and i >= finite):
                    raise FileError(f"array 'home_{q - 1}': cell {i} does not lie in that region")


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
