"""A slow, plain-Python reference of the exact core: integers and Fractions, the standard library only.

It shares no idea with the engine's splitting. Within one region of the layers so far, all neurons of the next layer are
linear forms on R^{d+1} (homogeneous coordinates, x0 first), and

1. the *vertices* (cocircuits) are the one-dimensional intersections of zero sets of forms: every flat of the
   arrangement is enumerated, and each line is kept with the orientations that lie in the closed region;
2. the *cells* are all compositions of sign vectors of vertices, (X o Y)(f) = X(f) if X(f) != 0 else Y(f); in a pointed
   arrangement these are all sign vectors that occur (Bjoerner et al., Oriented Matroids, section 3.7), and
   composition stays inside a convex region because X o Y is the sign vector of X + (a little of) Y.

A cell of the whole complex *is* its sign vector; a cell is a face of another iff its sign vector arises by setting
entries to zero, so that faces, dimensions and incidence come from signs and ranks. Incidence numbers are signs of
determinants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from math import gcd, lcm
from typing import NamedTuple, Protocol

Vector = tuple[int, ...]
Signs = tuple[int, int]  # bit masks of the forms that are positive and negative
Domain = tuple[Sequence[Sequence[Fraction]], Sequence[Fraction]]
SparseRows = list[dict[int, int]]

STRICT = {">": (1,), "<": (-1,)}
WEAK = {">=": (0, 1), "<=": (-1, 0), "=": (0,)}
RELATIONS = (">", ">=", "<", "<=", "=")


class NetworkLike(Protocol):
    """What the reference reads: exact weights, biases and slopes below zero, layer by layer."""

    @property
    def weights(self) -> Sequence[Sequence[Sequence[Fraction]]]: ...
    @property
    def biases(self) -> Sequence[Sequence[Fraction]]: ...
    @property
    def slopes(self) -> Sequence[Sequence[Fraction]]: ...


class Net(NamedTuple):
    """The plainest network there is."""

    weights: Sequence[Sequence[Sequence[Fraction]]]
    biases: Sequence[Sequence[Fraction]]
    slopes: Sequence[Sequence[Fraction]]


# ---------------------------------------------------------------------------------------------------- linear algebra


def sign(x: Fraction | int) -> int:
    return (x > 0) - (x < 0)


def dot(a: Sequence, b: Sequence) -> Fraction | int:
    return sum(x * y for x, y in zip(a, b, strict=True))


def primitive(values: Sequence[Fraction | int]) -> Vector:
    """The positive multiple with coprime integer entries."""
    scale = lcm(*(Fraction(v).denominator for v in values))
    ints = [int(v * scale) for v in values]
    common = gcd(*ints) or 1
    return tuple(v // common for v in ints)


def echelon(rows: Iterable[Sequence[Fraction | int]]) -> tuple[list[list[Fraction]], list[int]]:
    """Reduced row echelon form without zero rows, and its pivot columns."""
    reduced: list[list[Fraction]] = []
    pivots: list[int] = []
    for row in rows:
        vector = [Fraction(v) for v in row]
        for other, p in zip(reduced, pivots, strict=True):
            if vector[p]:
                vector = [v - vector[p] * o for v, o in zip(vector, other, strict=True)]
        column = next((j for j, v in enumerate(vector) if v), None)
        if column is None:
            continue
        vector = [v / vector[column] for v in vector]
        for k, other in enumerate(reduced):
            if other[column]:
                reduced[k] = [o - other[column] * v for o, v in zip(other, vector, strict=True)]
        reduced.append(vector)
        pivots.append(column)
    order = sorted(range(len(pivots)), key=pivots.__getitem__)
    return [reduced[k] for k in order], [pivots[k] for k in order]


def determinant_sign(rows: Sequence[Sequence[Fraction]]) -> int:
    matrix = [list(row) for row in rows]
    result = 1
    for k in range(len(matrix)):
        p = next((i for i in range(k, len(matrix)) if matrix[i][k]), None)
        if p is None:
            return 0
        if p != k:
            matrix[k], matrix[p] = matrix[p], matrix[k]
            result = -result
        result *= sign(matrix[k][k])
        for i in range(k + 1, len(matrix)):
            factor = matrix[i][k] / matrix[k][k]
            matrix[i] = [a - factor * b for a, b in zip(matrix[i], matrix[k], strict=True)]
    return result


# --------------------------------------------------------------------------------------------------------- networks


def affine_layer(layer: tuple, forms: Sequence[Sequence[Fraction]], width: int) -> list[list[Fraction]]:
    """The forms of a layer's preactivations: `width` coefficients, ordered (constant, x1, ..., xd)."""
    result = []
    for row, bias in zip(*layer, strict=True):
        total = [Fraction(0)] * width
        for w, form in zip(row, forms, strict=True):
            if w:
                total = [t + w * f for t, f in zip(total, form, strict=True)]
        total[0] += bias
        result.append(total)
    return result


def evaluate(net: NetworkLike, x: Sequence[Fraction]) -> Fraction:
    """F(x) for the first output."""
    values = [[Fraction(v)] for v in x]
    for weights, biases, slopes in zip(net.weights, net.biases, net.slopes, strict=False):
        before = affine_layer((weights, biases), values, 1)
        values = [[v if v >= 0 else v * s] for (v,), s in zip(before, slopes, strict=True)]
    return affine_layer((net.weights[-1], net.biases[-1]), values, 1)[0][0]


def coordinate_forms(d: int) -> list[list[Fraction]]:
    return [[Fraction(int(i == j + 1)) for i in range(d + 1)] for j in range(d)]


def essential_coordinates(net: NetworkLike, level: Fraction | None, domain: Domain | None) -> list[int]:
    """Input coordinates that span a complement of the lineality space.

    All cells of a complete complex have one lineality space, so it is enough to look at a cell at the origin: the space
    is the common kernel of the linear parts of all forms there. Pivot columns of their matrix index a complement.
    """
    d = len(net.weights[0][0])
    forms = coordinate_forms(d)
    rows = [list(row) for row in domain[0]] if domain else []
    for weights, biases, slopes in zip(net.weights, net.biases, net.slopes, strict=False):
        before = affine_layer((weights, biases), forms, d + 1)
        rows += [f[1:] for f, s in zip(before, slopes, strict=True) if s != 1]
        forms = [f if f[0] >= 0 else [s * v for v in f] for f, s in zip(before, slopes, strict=True)]
    if level is not None:
        rows.append(affine_layer((net.weights[-1], net.biases[-1]), forms, d + 1)[0][1:])
    return echelon(rows)[1]


# -------------------------------------------------------------------------------------------- one local arrangement


def compose(x: Signs, y: Signs) -> Signs:
    free = ~(x[0] | x[1])
    return x[0] | (y[0] & free), x[1] | (y[1] & free)


def is_face(y: Signs, x: Signs) -> bool:
    """Whether y arises from x by setting entries to zero."""
    return not (y[0] & ~x[0] or y[1] & ~x[1])


def signs_at(point: Vector, forms: Sequence[Vector]) -> Signs:
    plus = minus = 0
    for k, form in enumerate(forms):
        value = dot(form, point)
        if value > 0:
            plus |= 1 << k
        elif value < 0:
            minus |= 1 << k
    return plus, minus


def lines(forms: Sequence[Vector], n: int) -> list[Vector]:
    """One vector on every line that is an intersection of zero sets of forms, modulo the common kernel of all forms."""
    columns = echelon(forms)[1]
    start = [tuple(int(i == c) for i in range(n)) for c in columns]
    found = {frozenset(k for k, f in enumerate(forms) if not any(f)): start}
    for _ in range(len(columns) - 1):
        flats: dict[frozenset[int], list[Vector]] = {}
        for zero, basis in found.items():
            seen: set[int] = set(zero)
            for k, form in enumerate(forms):
                if k in seen:
                    continue
                values = [dot(form, b) for b in basis]
                p = next(i for i, v in enumerate(values) if v)
                smaller = [
                    primitive([values[p] * x - v * y for x, y in zip(b, basis[p], strict=True)])
                    for i, (b, v) in enumerate(zip(basis, values, strict=True))
                    if i != p
                ]
                closed = frozenset(j for j, f in enumerate(forms) if not any(dot(f, b) for b in smaller))
                seen |= closed
                flats.setdefault(closed, smaller)
        found = flats
    return [basis[0] for basis in found.values()]


def local_cells(region: Signs, walls: Sequence[Vector], forms: Sequence[Vector]) -> tuple[list[Vector], set[Signs]]:
    """Vertices, and sign vectors of all cells, of the arrangement of `forms` in one closed region.

    The first bits of `region` are the signs of the older forms, which the region fixes weakly; `walls` are enough of
    them to cut it out.
    """
    n = len(forms[0])
    old = region[0] | region[1]
    fixed = (1 << old.bit_length()) - 1
    new = [f for k, f in enumerate(forms) if k >= old.bit_length()]
    distinct = {max(f, tuple(-v for v in f)) for f in [*walls, *new] if any(f)}
    vertices, signs = [], []
    for line in lines(sorted(distinct), n):
        for vertex in (line, tuple(-v for v in line)):
            x = signs_at(vertex, forms)
            if is_face((x[0] & fixed, x[1] & fixed), region):
                vertices.append(vertex)
                signs.append(x)
    cells = set(signs)
    queue = list(cells)
    while queue:
        x = queue.pop()
        for v in signs:
            y = compose(x, v)
            if y not in cells:
                cells.add(y)
                queue.append(y)
    return vertices, cells


# ------------------------------------------------------------------------------------------------------ the complex


class Cell(NamedTuple):
    """A cell of the complex in the quotient by lineality; `vertices` holds rays (x0 = 0) too."""

    signs: Signs
    dim: int
    vertices: frozenset[Vector]

    @property
    def is_finite(self) -> bool:
        """False for a cell at infinity. (Bit 0 is the form x0.)"""
        return bool(self.signs[0] & 1)

    @property
    def is_bounded(self) -> bool:
        return all(v[0] for v in self.vertices)


class Reference:
    """C(F), or C(F, t), inside an optional full-dimensional polytope or polyhedron {A x <= b}."""

    def __init__(self, net: NetworkLike, level: Fraction | int | None = None, domain: Domain | None = None) -> None:
        self.level = None if level is None else Fraction(level)
        self.input_dim = len(net.weights[0][0])
        self.coordinates = essential_coordinates(net, self.level, domain)
        self.rank = len(self.coordinates)
        self.lineality_dim = self.input_dim - self.rank
        kept = self.coordinates
        first = [[row[c] for c in kept] for row in net.weights[0]]
        self.net = Net([first, *net.weights[1:]], net.biases, net.slopes)
        walls = [(1, *[0] * self.rank)]
        if domain:
            walls += [primitive([b, *[-row[c] for c in kept]]) for row, b in zip(*domain, strict=True)]
        self.n_walls = len(walls)
        self.cells = self._enumerate(walls)

    def _enumerate(self, walls: list[Vector]) -> list[list[Cell]]:
        regions = [((1 << len(walls)) - 1, walls, walls, coordinate_forms(self.rank))]
        for weights, biases, slopes in zip(self.net.weights, self.net.biases, self.net.slopes, strict=False):
            regions = [sub for r in regions for sub in self._split(r, (weights, biases), slopes)]
        found: dict[Signs, Cell] = {}
        for plus, forms, facets, outputs in regions:
            region = self._region_signs(plus, forms)
            if self.level is not None:
                output = affine_layer((self.net.weights[-1], self.net.biases[-1]), outputs, self.rank + 1)[0]
                output[0] -= self.level
                forms = [*forms, primitive(output)]
            vertices, cells = local_cells(region, facets, forms)
            signed = [(v, signs_at(v, forms)) for v in vertices]
            for x in cells:
                if x not in found:
                    own = frozenset(v for v, y in signed if is_face(y, x))
                    found[x] = Cell(x, len(echelon(own)[1]) - 1, own)
        graded: list[list[Cell]] = [[] for _ in range(self.rank + 1)]
        for cell in found.values():
            graded[cell.dim].append(cell)
        return graded

    @staticmethod
    def _region_signs(plus: int, forms: Sequence[Vector]) -> Signs:
        return plus, sum(1 << k for k, f in enumerate(forms) if any(f) and not plus >> k & 1)

    def _split(self, region: tuple, layer: tuple, slopes: Sequence) -> list[tuple]:
        """The regions of one more layer inside one region.

        A region is (mask of positive forms, all forms, forms of its facets, forms of the layer's outputs); on a region
        of full dimension a form has sign 0 only if it is the zero form.
        """
        plus, forms, facets, inputs = region
        before = affine_layer(layer, inputs, self.rank + 1)
        forms = [*forms, *(primitive(f) for f, s in zip(before, slopes, strict=True) if s != 1)]
        zero_forms = sum(1 << k for k, f in enumerate(forms) if not any(f))
        old = len(region[1])
        _, cells = local_cells(self._region_signs(plus, region[1]), facets, forms)
        everything = (1 << len(forms)) - 1
        rank_one: list[tuple[Signs, int]] = []
        full: list[Signs] = []
        for x in cells:
            zero = everything & ~(x[0] | x[1] | zero_forms)
            if not zero:
                full.append(x)
            else:
                first = (zero & -zero).bit_length() - 1
                lead = primitive_up_to_sign(forms[first])
                if all(primitive_up_to_sign(forms[k]) == lead for k in range(first, len(forms)) if zero >> k & 1):
                    rank_one.append((x, first))
        result = []
        for x in full:
            outputs, position = [], old
            for form, slope in zip(before, slopes, strict=True):
                negative = slope != 1 and x[1] >> position & 1
                position += slope != 1
                outputs.append([slope * v for v in form] if negative else form)
            facets = [forms[k] for y, k in rank_one if is_face(y, x)]
            result.append((x[0], forms, [forms[0], *facets], outputs))
        return result

    # -------------------------------------------------------------------------------------------------------- counts

    @property
    def f_vector(self) -> tuple[int, ...]:
        """Numbers of cells of R^d by dimension 0..d."""
        counts = [sum(c.is_finite for c in cells) for cells in self.cells]
        return (*[0] * self.lineality_dim, *counts)

    @property
    def n_bounded_regions(self) -> int:
        return 0 if self.lineality_dim else sum(c.is_finite and c.is_bounded for c in self.cells[-1])

    def sign_vectors(self) -> set[tuple[int, ...]]:
        """One sign for each neuron that splits, in order, then the sign of F - t: one tuple for each cell."""
        width = self.n_walls + sum(s != 1 for layer in self.net.slopes for s in layer) + (self.level is not None)
        return {
            tuple((c.signs[0] >> k & 1) - (c.signs[1] >> k & 1) for k in range(self.n_walls, width))
            for cells in self.cells
            for c in cells
            if c.is_finite
        }

    # ------------------------------------------------------------------------------------------------------ homology

    def in_region(self, cell: Cell, relation: str) -> bool:
        top = self.n_walls + sum(s != 1 for layer in self.net.slopes for s in layer)
        value = (cell.signs[0] >> top & 1) - (cell.signs[1] >> top & 1)
        return cell.is_finite and value in (STRICT | WEAK)[relation]

    def homology(self, relation: str) -> Homology:
        """Betti numbers and torsion in degrees 0..d-1 by the two models: bounded cells, or Poincare duality."""
        r = self.rank
        if relation in WEAK:
            chosen = [[c for c in cells if self.in_region(c, relation) and c.is_bounded] for cells in self.cells]
            ranks, boundaries = chain_complex(chosen)
        else:
            inside = (1 << self.n_walls) - 1
            chosen = [
                [c for c in cells if self.in_region(c, relation) and c.signs[0] & inside == inside]
                for cells in self.cells
            ]
            ranks, boundaries = dual(*chain_complex(chosen))
        return padded(homology(ranks, boundaries), r, self.input_dim)

    def order_complex_homology(self, relation: str) -> Homology:
        """The same by a third model, which treats all relations alike and uses neither duality nor orientations.

        A union of relatively open cells of a regular cell complex deformation retracts onto the order complex of the
        poset of these cells: inside a simplex of the barycentric subdivision that meets the union (its largest cell is
        in the union) the barycentric coordinates of cells outside the union can be scaled to zero.
        """
        return self.order_complex_of(lambda cell: self.in_region(cell, relation))

    def order_complex_of(self, is_chosen: Callable[[Cell], bool]) -> Homology:
        """The same for the union of any cells that are not at infinity."""
        chosen = [c for cells in self.cells for c in cells if c.is_finite and is_chosen(c)]
        below = [[i for i in range(j) if is_face(chosen[i].signs, c.signs)] for j, c in enumerate(chosen)]
        chains: list[list[tuple[int, ...]]] = [[(j,) for j in range(len(chosen))]]
        while chains[-1]:
            chains.append([(i, *chain) for chain in chains[-1] for i in below[chain[0]]])
        chains.pop()
        boundaries = []
        for smaller, larger in pairwise(chains):
            index = {chain: k for k, chain in enumerate(smaller)}
            boundaries.append(
                [{index[c[:i] + c[i + 1 :]]: (-1) ** i for i in range(len(c))} for c in larger],
            )
        return padded(homology([len(c) for c in chains], boundaries), self.rank, self.input_dim)


def primitive_up_to_sign(form: Vector) -> Vector:
    return max(form, tuple(-v for v in form))


# --------------------------------------------------------------------------------------------------- chain complexes


def is_face_by_signs(face: Cell, cell: Cell) -> bool:
    return is_face(face.signs, cell.signs)


def chain_complex(
    graded: Sequence[Sequence[Cell]], within: Callable[[Cell, Cell], bool] = is_face_by_signs
) -> tuple[list[int], list[SparseRows]]:
    """Ranks, and for each k >= 1 the boundary of every k-cell, as {index of facet: incidence number}.

    `within`: whether the first cell lies in the closure of the second.

    A cell is oriented by the reduced echelon basis of its span; coordinates of a vector of the span in that basis are
    its entries in the pivot columns. The incidence number of a facet is the sign of det(interior point of the cell,
    basis of the facet), in coordinates of the cell.
    """
    bases = [[echelon(c.vertices) for c in cells] for cells in graded]
    boundaries: list[SparseRows] = []
    for k in range(1, len(graded)):
        by_vertex: dict[Vector, list[int]] = {}
        for j, facet in enumerate(graded[k - 1]):
            by_vertex.setdefault(min(facet.vertices), []).append(j)
        boundary: SparseRows = []
        for cell, (_, pivots) in zip(graded[k], bases[k], strict=True):
            interior = [sum(entries) for entries in zip(*cell.vertices, strict=True)]
            column = {}
            for j in (j for v in cell.vertices for j in by_vertex.get(v, ())):
                if within(graded[k - 1][j], cell):
                    rows = [interior, *bases[k - 1][j][0]]
                    column[j] = determinant_sign([[Fraction(row[p]) for p in pivots] for row in rows])
            boundary.append(column)
        boundaries.append(boundary)
    return [len(cells) for cells in graded], boundaries


def dual(ranks: Sequence[int], boundaries: Sequence[SparseRows]) -> tuple[list[int], list[SparseRows]]:
    """The cochain complex, degree k renamed n - k."""
    transposed: list[SparseRows] = []
    for k, boundary in enumerate(boundaries):
        rows: SparseRows = [{} for _ in range(ranks[k])]
        for j, column in enumerate(boundary):
            for i, value in column.items():
                rows[i][j] = value
        transposed.append(rows)
    return list(ranks)[::-1], transposed[::-1]


class Homology(NamedTuple):
    betti: tuple[int, ...]
    torsion: tuple[tuple[int, ...], ...]


def homology(ranks: Sequence[int], boundaries: Sequence[SparseRows]) -> Homology:
    """Integral homology of a free chain complex; boundary of boundary is checked to be zero."""
    for lower, upper in pairwise(boundaries):
        for column in upper:
            total: dict[int, int] = {}
            for j, a in column.items():
                for i, b in lower[j].items():
                    total[i] = total.get(i, 0) + a * b
            assert not any(total.values()), "boundary of boundary is not zero"
    factors = [[], *(smith(b) for b in boundaries), []]
    betti = tuple(n - len(factors[k]) - len(factors[k + 1]) for k, n in enumerate(ranks))
    torsion = tuple(tuple(f for f in factors[k + 1] if f > 1) for k in range(len(ranks)))
    return Homology(betti, torsion)


def padded(h: Homology, rank: int, dim: int) -> Homology:
    """Degrees 0..dim-1, where the degrees from `rank` on must be zero (but degree 0 of a point is kept)."""
    betti, torsion = list(h.betti), list(h.torsion)
    assert not any(betti[max(rank, 1) :]), "homology above the dimension"
    width = max(dim, 1)
    return Homology(
        tuple((betti + [0] * width)[:width]),
        tuple((torsion + [()] * width)[:width]),
    )


def smith(matrix: Sequence[dict[int, int]]) -> list[int]:
    """Non-zero invariant factors of a sparse integer matrix, each dividing the next."""
    rows = [dict(row) for row in matrix if row]
    diagonal = []
    while rows:
        p = next((k for k, row in enumerate(rows) if 1 in row.values() or -1 in row.values()), None)
        if p is None:
            p = min(range(len(rows)), key=lambda k: min(map(abs, rows[k].values())))
        pivot = rows[p]
        column = min(pivot, key=lambda j: abs(pivot[j]))
        value = pivot[column]
        clean = True
        for k, row in enumerate(rows):
            if k != p and column in row:
                factor = row[column] // value
                for j, v in pivot.items():
                    new = row.get(j, 0) - factor * v
                    if new:
                        row[j] = new
                    else:
                        row.pop(j, None)
                clean = clean and column not in row
        if clean:  # nothing else in the column, so column operations change the pivot row alone
            rest = {j: v % value for j, v in pivot.items() if v % value}
            if rest:
                rows[p] = {column: value, **rest}
            else:
                diagonal.append(abs(value))
                del rows[p]
        rows = [row for row in rows if row]
    for i in range(len(diagonal)):
        for j in range(i + 1, len(diagonal)):
            a, b = diagonal[i], diagonal[j]
            diagonal[i], diagonal[j] = gcd(a, b), lcm(a, b)
    return diagonal
