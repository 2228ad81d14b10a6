"""The common refinement of convex polyhedra that may overlap: pieces that are equal or disjoint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from polyrelu.errors import LimitError
from polyrelu.exact.linear import independent_columns, null_space
from polyrelu.exact.rational import primitive
from polyrelu.geometry.divisible_cells import DivisibleCells, Form, Vector, scaled

Signs = npt.NDArray[np.int8]
Described = tuple[list[Form], list[Form]]

MAX_PAIRS = 5_000_000
"""Maximum number of pairs of cells that may overlap, of some 300 bytes each."""


def settle(cells: DivisibleCells, groups: Iterable[Sequence[int]]) -> None:
    """Divide cells until the relative interiors of any two are equal or disjoint, and merge the equal ones.

    Parameters
    ----------
    cells : DivisibleCells
        The cells.
    groups : iterable of sequences of int
        Cells of which no two in different groups, or in none, have common points in their relative interiors.

    Notes
    -----
    Relative interiors of two cells that have a point in common are equal if no form of either cell *crosses* the other,
    that is, is positive and negative on it. For an equation of one is zero somewhere in the relative interior of the
    other then, and so it is zero on all of it; a form of a facet of one is positive there at a point, and so on all of
    the relative interior. As long as two cells have common points in their relative interiors and are not equal, one of
    them is divided by a form of the other that crosses it. Pieces are described by forms of the cell that they are
    pieces of, and the form that divided it. So all forms come from the finite set of those of the given cells, and the
    work ends.

    Pairs of cells are taken in the order of the larger dimension k of the two. When two k-cells are found to be equal,
    the relative interiors of all cells of smaller dimensions are disjoint. Therefore the facets of both, which divide
    the same boundary, are the same.
    """
    pairs = _Pairs(cells)
    for group in groups:
        overlay = Overlay(cells, group)
        for first, second in overlay.candidates():
            pairs.put(first, second, overlay)
    while (found := pairs.pop()) is not None:
        first, second, overlay = found
        if not overlay.meet(first, second):
            continue
        for a, b in ((first, second), (second, first)):
            form = overlay.crossing(a, b)
            if form is not None:
                pairs.put(first, second, overlay)
                cells.divide(b, form)
                pairs.replace_divided()
                break
        else:
            cells.merge(first, second)
            pairs.replace(second, first)


def _too_many() -> LimitError:
    return LimitError(
        f"layers: more than {MAX_PAIRS} pairs of cells may have overlapping images; "
        "a domain or a slice (Slice.restrict) has fewer"
    )


class _Pairs:
    """The pairs of present cells whose relative interiors may have common points."""

    def __init__(self, cells: DivisibleCells) -> None:
        self._cells = cells
        self._partners: dict[int, dict[int, Overlay]] = {}
        self._count = 0
        self._waiting: list[list[tuple[int, int]]] = [[] for _ in range(max(cells.dim, default=0) + 1)]

    def put(self, first: int, second: int, overlay: Overlay) -> None:
        """Add a pair of cells of a group."""
        partners = self._partners.setdefault(first, {})
        if first != second and second not in partners:
            self._count += 1
            if self._count > MAX_PAIRS:
                raise _too_many()
            partners[second] = self._partners.setdefault(second, {})[first] = overlay
            self._waiting[max(self._cells.dim[first], self._cells.dim[second])].append((first, second))

    def pop(self) -> tuple[int, int, Overlay] | None:
        """A pair of least dimension, which is taken out; None if there is none."""
        while waiting := next(filter(None, self._waiting), None):
            first, second = waiting.pop()
            overlay = self._partners.get(first, {}).pop(second, None)
            if overlay is not None:
                del self._partners[second][first]
                self._count -= 1
                return first, second, overlay
        return None

    def replace(self, cell: int, by: int) -> None:
        """Put another cell, which is the same set of points, in place of a cell in all pairs."""
        for partner, overlay in self._partners.pop(cell, {}).items():
            del self._partners[partner][cell]
            self._count -= 1
            self.put(by, partner, overlay)

    def replace_divided(self) -> None:
        """Put the pieces of cells that were divided in their place, each with the partners on its side."""
        cells = self._cells
        values: dict[int, int] = {}
        form: Form | None = None
        for c in cells.divided:
            pieces = cells.pieces[c]
            assert pieces is not None
            if cells.cut[c] is not form:
                values, form = {}, cells.cut[c]
            assert form is not None
            for partner, overlay in self._partners.pop(c, {}).items():
                del self._partners[partner][c]
                self._count -= 1
                plus = minus = False
                for v in cells.generators[partner]:
                    x = values.get(v)
                    if x is None:
                        x = values[v] = cells.sign(form, v)
                    if x > 0:
                        plus = True
                    elif x < 0:
                        minus = True
                for piece in pieces if plus and minus else (pieces[0 if plus else 2 if minus else 1],):
                    self.put(piece, partner, overlay)
        cells.divided.clear()


class Overlay:
    """Cells of one group, which may overlap.

    A cell is described by linear forms: equations of its span, and one form for each geometric facet, zero there and
    positive on the relative interior; a 0-cell by equations and a form that is positive there.
    """

    def __init__(self, cells: DivisibleCells, group: Sequence[int]) -> None:
        self._cells, self._given = cells, list(group)
        generators = sorted({v for c in self._given for v in cells.generators[c]})
        # Coordinates in the span of the group.
        self._coordinates = independent_columns([cells.vectors[v] for v in generators])
        self._forms: dict[int, Described] = {}

    def crossing(self, cell: int, other: int) -> Form | None:
        """A form of a cell that crosses the other one, equations first."""
        for forms in self._described(cell):
            for form in forms:
                if all(self._cells.sides(form, other)):
                    return form
        return None

    def meet(self, cell: int, other: int) -> bool:
        """Whether the relative interiors have a common point.

        The intersection P of the closed cells does not lie in a facet of either iff it contains a point of both
        relative interiors: the sum of its generators is one. P is found by double description.
        """
        cells = self._cells
        equations, facets = self._described(cell)
        sides = [cells.sides(form, other) for form in equations]
        if any(plus != minus for plus, minus in sides):
            return False
        crossing = [form for form, (plus, minus) in zip(equations, sides, strict=True) if plus and minus]
        sides = [cells.sides(form, other) for form in facets]
        if not all(plus for plus, _ in sides):
            return False
        walls = [form for form, (_, minus) in zip(facets, sides, strict=True) if minus]
        others, sides = self._described(other), []
        if any(plus != minus for plus, minus in (cells.sides(form, cell) for form in others[0])):
            return False
        if not all(cells.sides(form, cell)[0] for form in others[1]):
            return False
        if not crossing and len(walls) < 2:
            return True
        cone = _Cone([cells.vectors[v] for v in cells.generators[other]], others[1])
        return cone.cut(crossing, equality=True) and cone.cut(walls) and cone.is_inside(facets)

    def candidates(self) -> list[tuple[int, int]]:
        """All pairs of cells but those that are certainly disjoint, because a form of one of them shows it.

        An equation shows it if it has one strict sign on the relative interior of the other cell, and a form of a facet
        if it is nowhere positive there.
        """
        cells, given = self._cells, self._given
        generators = sorted({v for c in given for v in cells.generators[c]})
        place = {v: i for i, v in enumerate(generators)}
        points = [[cells.vectors[v][j] for j in self._coordinates] for v in generators]
        approximate = _scaled(points)
        columns = np.array([place[v] for c in given for v in cells.generators[c]])
        starts = np.cumsum([0, *(len(cells.generators[c]) for c in given[:-1])])
        name = {j: i for i, j in enumerate(self._coordinates)}
        near: list[npt.NDArray[np.int64]] = []  # for each cell those of which its own forms do not part it
        total = 0
        for c in given:
            equations, facets = self._described(c)
            rows = [[0] * len(name) for _ in range(len(equations) + len(facets))]
            for row, form in zip(rows, (*equations, *facets), strict=True):
                for j, x in form.terms:
                    row[name[j]] = x
            signs = _signs(rows, points, approximate)[:, columns]
            plus = np.maximum.reduceat(signs, starts, axis=1) > 0
            minus = np.minimum.reduceat(signs, starts, axis=1) < 0
            n = len(equations)
            near.append(np.flatnonzero(~(plus[:n] != minus[:n]).any(axis=0) & plus[n:].all(axis=0)))
            total += len(near[-1])
            if total > MAX_PAIRS:
                raise _too_many()
        m = len(given)
        cell, other = np.repeat(np.arange(m), [len(x) for x in near]), np.concatenate(near)
        both = np.intersect1d((cell * m + other)[cell < other], other * m + cell, assume_unique=True)
        return [(given[i], given[j]) for i, j in zip(*(x.tolist() for x in np.divmod(both, m)), strict=True)]

    def _described(self, cell: int) -> Described:
        """The equations of the span of a cell, and the forms of its facets."""
        found = self._forms.get(cell)
        if found is None:
            parent = self._cells.parent[cell]
            found = self._inherited(cell, parent) if parent in self._forms else self._computed(cell)
            self._forms[cell] = found
        return found

    def _inherited(self, cell: int, parent: int) -> Described:
        cells = self._cells
        equations, facets = self._described(parent)
        form, pieces = cells.cut[parent], cells.pieces[parent]
        assert form is not None and pieces is not None
        if cell == pieces[1]:
            equations = [*equations, form]
        elif cell == pieces[0]:
            facets = [*facets, form]
        else:
            facets = [*facets, form.negative()]
        if cells.dim[cell] == 0:
            return equations, self._pointing(cell)
        found: list[Form] = []
        for facet in cells.facets[cell]:
            of_facet = cells.generators[facet]
            if any(not any(cells.sign(f, v) for v in of_facet) for f in found):
                continue
            # No form of a facet vanishes on the relative interior of a piece.
            found.append(next(f for f in facets if not any(cells.sign(f, v) for v in of_facet)))
        return equations, found

    def _computed(self, cell: int) -> Described:
        cells, coordinates = self._cells, self._coordinates

        def vectors(of: int, chosen: Sequence[int]) -> list[list[int]]:
            return [[cells.vectors[v][j] for j in chosen] for v in cells.generators[of]]

        rows = vectors(cell, coordinates)
        equations = [_form(coordinates, row) for row in null_space(rows, len(coordinates))]
        if cells.dim[cell] == 0:
            return equations, self._pointing(cell)
        names = [coordinates[i] for i in independent_columns(rows)]
        found: dict[tuple[int, ...], Form] = {}
        for facet in cells.facets[cell]:
            (normal,) = null_space(vectors(facet, names), len(names))
            if normal not in found:
                form = _form(names, normal)
                found[normal] = form if cells.sides(form, cell)[0] else form.negative()
        return equations, list(found.values())


    def _pointing(self, cell: int) -> list[Form]:
        """A form that is positive on a 0-cell, in place of facets: it distinguishes a ray from the opposite one."""
        vector = self._cells.vectors[self._cells.generators[cell][0]]
        j = next(j for j in self._coordinates if vector[j])
        return [Form(((j, 1 if vector[j] > 0 else -1),))]


class _Cone:
    """A pointed cone by its extreme rays, cut by half-spaces and hyperplanes one after the other.

    Two extreme rays span a face iff no third one lies in all the facets that both lie in (Fukuda and Prodon 1996).
    """

    def __init__(self, rays: Sequence[Vector], facets: Sequence[Form]) -> None:
        self._facets = list(facets)
        found = {ray: sum(1 << i for i, form in enumerate(facets) if not form.value(ray)) for ray in rays}
        self._rays = [
            (ray, zeros)
            for ray, zeros in found.items()
            if not any(zeros & other == zeros for x, other in found.items() if x != ray)
        ]

    def cut(self, forms: Sequence[Form], equality: bool = False) -> bool:
        """Leave what is on the side where forms are not negative, or where they are zero; whether anything is left."""
        for form in forms:
            bit = 0
            if not equality:
                bit = 1 << len(self._facets)
                self._facets.append(form)
            values = [form.value(ray) for ray, _ in self._rays]
            kept = []
            for (ray, zeros), x in zip(self._rays, values, strict=True):
                if x == 0:
                    kept.append((ray, zeros | bit))
                elif x > 0 and not equality:
                    kept.append((ray, zeros))
            for i, (p, at_p) in enumerate(self._rays):
                if values[i] <= 0:
                    continue
                for j, (q, at_q) in enumerate(self._rays):
                    if values[j] < 0:
                        common = at_p & at_q
                        if not any(z & common == common for k, (_, z) in enumerate(self._rays) if k not in (i, j)):
                            a, b = values[i], -values[j]
                            point = primitive([b * x + a * y for x, y in zip(p, q, strict=True)])
                            kept.append((point, common | bit))
            self._rays = kept
        return bool(self._rays)

    def is_inside(self, further: Sequence[Form]) -> bool:
        """Whether no facet, nor any further form, is zero on all rays."""
        common = -1
        for _, zeros in self._rays:
            common &= zeros
        return not common and all(any(form.value(ray) for ray, _ in self._rays) for form in further)


def _form(names: Sequence[int], row: Sequence[int]) -> Form:
    return Form(tuple((j, x) for j, x in zip(names, row, strict=True) if x))


def _scaled(rows: Sequence[Sequence[int]]) -> npt.NDArray[np.float64]:
    """The rows as doubles, each times a power of two (`scaled`)."""
    return np.array([scaled(row) for row in rows], np.float64)


def _signs(
    forms: Sequence[Sequence[int]], points: Sequence[Sequence[int]], approximate: npt.NDArray[np.float64]
) -> Signs:
    """The signs of forms (rows) at points (columns), exactly.

    All entries of both matrices are below 1 and have errors below 2^−52. So a product of n entries each has an error
    below 2n · 2^−52, and its summation, in whatever order, one below n² · 2^−53. What exceeds twice the sum of both has
    the right sign; the others are computed in integers.
    """
    if not len(forms):
        return np.zeros((0, len(points)), np.int8)
    n = len(forms[0])
    values = _scaled(forms) @ approximate.T
    signs = np.sign(values).astype(np.int8)
    for i, j in np.argwhere(np.abs(values) <= n * (n + 4) * 2.0**-52).tolist():
        x = sum([a * b for a, b in zip(forms[i], points[j], strict=True)])
        signs[i, j] = (x > 0) - (x < 0)
    return signs
