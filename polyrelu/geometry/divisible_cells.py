"""DivisibleCells: convex polyhedra that share faces and are divided by hyperplanes one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from polyrelu.errors import VerificationError
from polyrelu.exact.rational import primitive

Vector = tuple[int, ...]


class Form:
    """A linear form on homogeneous coordinates: pairs (coordinate, coefficient) of integers, and doubles near these."""

    __slots__ = ("approximate", "bound", "terms")

    def __init__(self, terms: tuple[tuple[int, int], ...]) -> None:
        self.terms = terms
        n = len(terms)
        # A product of numbers below 1 with errors below 2^−52 has an error below 3 · 2^−52, rounding included. Adding n
        # of them makes one below n² · 2^−53 more, in whatever order. Both together are less than this.
        self.bound = n * (n + 4) * 2.0**-52
        values = scaled([x for _, x in terms])
        self.approximate = tuple((j, x) for (j, _), x in zip(terms, values, strict=True))

    def negative(self) -> Form:
        """The form times −1."""
        return Form(tuple((j, -x) for j, x in self.terms))

    def value(self, vector: Vector) -> int:
        """The value at a vector."""
        return sum([c * vector[j] for j, c in self.terms])


def scaled(row: Sequence[int]) -> list[float]:
    """The integers times a power of two, so that the largest is below 1, as doubles with errors below 2^−52."""
    bits = max(map(int.bit_length, row), default=0)
    if bits > 62:  # rounded down by less than 2^(bits − 62)
        shift = bits - 62
        return [(x >> shift) * 2.0**-62 for x in row]
    scale = 2.0**-bits
    return [x * scale for x in row]


class DivisibleCells:
    """Convex polyhedra of a regular cell complex in R^n, as pointed cones over homogeneous coordinates x0 ≥ 0.

    Cells of all dimensions are numbered together. Cells at infinity, all of whose generators have x0 = 0, are cells
    like the others. To divide a cell divides its faces, but not the cells of which it is a face: among their facets it
    is replaced by its two halves. So facets may be pieces of geometric facets; closed cells stay convex, and the
    boundary of a boundary zero.

    Cells that turn out to be the same set of points, with the same facets, can be merged into one. There is one 0-cell
    at a point from the beginning.

    Attributes
    ----------
    vectors : list of tuples of int
        The generators (vertices and rays), primitive.
    dim : list of int
        The dimension of each cell, 0 for a vertex or ray.
    facets : list of dict
        The facets of each cell with their incidence numbers ±1.
    generators : list of tuples of int
        Points and rays that span each cell: all its vertices and rays, and possibly others that lie on it.
    pieces : list
        (plus, zero, minus) of each cell that was divided, None of the others.
    merged : list
        (cell, sign) of each cell that was merged into another one, None of the others.
    parent : list of int
        The cell that was divided into this one and others, or −1.
    cut : list
        The form by which a cell was divided.
    origin : list of int
        A number that pieces inherit.
    divided : list of int
        The cells that were divided, in this order; who reads it may empty it.
    """

    def __init__(self, allow: Callable[[int, int], None]) -> None:
        """`allow` is called with the numbers of cells and of generators when these grow; it may raise."""
        self._allow = allow
        self.vectors: list[Vector] = []
        self.dim: list[int] = []
        self.facets: list[dict[int, int]] = []
        self.cofacets: list[set[int]] = []
        self.generators: list[tuple[int, ...]] = []
        self.pieces: list[tuple[int, int, int] | None] = []
        self.merged: list[tuple[int, int] | None] = []
        self.parent: list[int] = []
        self.cut: list[Form | None] = []
        self.origin: list[int] = []
        self.divided: list[int] = []
        self._approximate: list[list[float]] = []
        self._at: dict[Vector, int] = {}

    def __len__(self) -> int:
        return len(self.dim)

    def vertex(self, vector: Vector, origin: int, parent: int = -1) -> int:
        """The number of the 0-cell at a point, which is added if there is none."""
        if vector not in self._at:
            self.vectors.append(vector)
            self._approximate.append(scaled(vector))
            self._at[vector] = self._add(0, {}, (len(self.vectors) - 1,), origin, parent)
        return self._at[vector]

    def add(self, dim: int, facets: dict[int, int], origin: int, parent: int = -1) -> int:
        """The number of a new cell with the given facets and incidence numbers."""
        generators = tuple(sorted({v for f in facets for v in self.generators[f]}))
        return self._add(dim, facets, generators, origin, parent)

    def _add(self, dim: int, facets: dict[int, int], generators: tuple[int, ...], origin: int, parent: int) -> int:
        number = len(self.dim)
        if not number & 255:
            self._allow(number, len(self.vectors))
        self.dim.append(dim)
        self.facets.append(facets)
        self.cofacets.append(set())
        self.generators.append(generators)
        self.pieces.append(None)
        self.merged.append(None)
        self.parent.append(parent)
        self.cut.append(None)
        self.origin.append(origin)
        for f in facets:
            self.cofacets[f].add(number)
        return number

    def sign(self, form: Form, v: int) -> int:
        """The sign of a form at a generator: that of doubles if they are beyond the bound on their error."""
        vector = self._approximate[v]
        x = sum([c * vector[j] for j, c in form.approximate])
        if x > form.bound:
            return 1
        if x < -form.bound:
            return -1
        exact = form.value(self.vectors[v])
        return (exact > 0) - (exact < 0)

    def sides(self, form: Form, cell: int) -> tuple[bool, bool]:
        """Whether a form is positive somewhere on a cell, and whether it is negative somewhere."""
        plus = minus = False
        for v in self.generators[cell]:
            sign = self.sign(form, v)
            if sign > 0:
                if minus:
                    return True, True
                plus = True
            elif sign < 0:
                if plus:
                    return True, True
                minus = True
        return plus, minus

    def is_present(self, cell: int) -> bool:
        """Whether a cell was neither divided nor merged into another one."""
        return self.pieces[cell] is None and self.merged[cell] is None

    def chain(self, cell: int) -> list[tuple[int, int]]:
        """The pieces of a cell that have its dimension, with the signs of their orientations relative to the cell's."""
        found: list[tuple[int, int]] = []
        stack = [(cell, 1)]
        while stack:
            c, sign = stack.pop()
            pieces, merged = self.pieces[c], self.merged[c]
            if pieces is not None:
                stack += ((pieces[0], sign), (pieces[2], sign))
            elif merged is not None:
                stack.append((merged[0], sign * merged[1]))
            else:
                found.append((c, sign))
        return found

    def merge(self, cell: int, other: int) -> None:
        """Make two cells with the same facets one; VerificationError if they have not, or incidences do not agree."""
        facets, same = self.facets[other], self.facets[cell]
        signs = {sign * same.get(f, 0) for f, sign in facets.items()}
        if len(facets) != len(same) or len(signs) != 1 or 0 in signs:
            raise VerificationError("two cells are the same set of points and have different boundaries")
        sign = signs.pop()
        self.merged[other] = cell, sign
        for f in facets:
            self.cofacets[f].discard(other)
        for c in self.cofacets[other]:
            self.facets[c][cell] = self.facets[c].pop(other) * sign
            self.cofacets[cell].add(c)
        self.cofacets[other].clear()

    def divide(self, cell: int, form: Form) -> None:
        """Divide a cell by the hyperplane where a form vanishes, if that crosses it.

        The halves c₊ and c₋ of a cell c and the cut c₀ have [c₊ : c₀] = 1 and [c₋ : c₀] = −1. ∂c₀ is what makes
        ∂∂c₊ = 0. For an edge c₀ is a vertex, with the orientation of vertices.
        """
        if not all(self.sides(form, cell)):
            return
        k, origin = self.dim[cell], self.origin[cell]
        if k == 1:
            (u, at_u), (w, at_w) = self.facets[cell].items()
            a, b = (form.value(self.vectors[self.generators[x][0]]) for x in (u, w))
            if a < 0:
                u, w, at_u, at_w, a, b = w, u, at_w, at_u, b, a
            p, q = self.vectors[self.generators[u][0]], self.vectors[self.generators[w][0]]
            zero = self.vertex(primitive([a * y - b * x for x, y in zip(p, q, strict=True)]), origin, cell)
            positive, negative = {u: at_u, zero: -at_u}, {w: at_w, zero: -at_w}
        else:
            for f in list(self.facets[cell]):
                self.divide(f, form)
            boundary: dict[int, int] = {}
            positive, negative = {}, {}
            for f, sign in self.facets[cell].items():
                if self.sides(form, f)[0]:
                    positive[f] = sign
                    for g, incidence in self.facets[f].items():
                        boundary[g] = boundary.get(g, 0) - sign * incidence
                else:
                    negative[f] = sign
            zero = self.add(k - 1, {g: s for g, s in boundary.items() if s}, origin, cell)
            positive[zero], negative[zero] = 1, -1
        halves = self.add(k, positive, origin, cell), self.add(k, negative, origin, cell)
        self.pieces[cell] = (halves[0], zero, halves[1])
        self.cut[cell] = form
        self.divided.append(cell)
        for f in self.facets[cell]:
            self.cofacets[f].discard(cell)
        for c in self.cofacets[cell]:
            sign = self.facets[c].pop(cell)
            for half in halves:
                self.facets[c][half] = sign
                self.cofacets[half].add(c)
        self.cofacets[cell].clear()
