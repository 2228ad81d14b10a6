"""C(F, t) as the set of its feasible sign vectors, and the homology of regions from the order of these: a second route.

It shares nothing with the engine, which splits cells along hyperplanes and keeps their incidence numbers, nor with
`reference`, which composes vertices. Here no vertex, no facet and no orientation is ever computed:

1. *Cells.* Neurons are taken one by one. A cell of the neurons so far is a sign vector with a rational point that has
   these signs. Which signs the next neuron takes on it is decided by one linear program in rational arithmetic.
2. *Faces.* Cell P is a face of cell Q iff its sign vector arises from that of Q by setting entries to zero.
3. *Homology.* A region is weakly homotopy equivalent to the order complex of the poset of its cells.

The proof of 1 is at `SignVectors._signs`, of 3 at `SignVectors.homology`. Proof of 2: on the closure of Q the
preactivations are, by continuity, the affine forms f_1, f_2, … that they are on Q, so that every point of the closure
has a sign vector that arises from that of Q in this way. Conversely, let x have such a sign vector. Neuron by neuron
its preactivations at x are the values of Q's forms: where the sign is that of Q the same piece of the activation
applies, and where it is zero both pieces have the value zero. So x satisfies f_i = 0 where Q has the sign 0, and weakly
the inequalities that hold on Q strictly. A point y of Q satisfies these strictly, hence so does every point between x
and y, and x is in the closure. As closures of cells are therefore unions of cells, P is a face of Q iff one of its
points is in the closure of Q.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from support.reference import Homology, NetworkLike, affine_layer, coordinate_forms, dot, homology, padded

Vector = list[Fraction]
VALUES = {">": (1,), ">=": (0, 1), "<": (-1,), "<=": (-1, 0), "=": (0,)}


class Cell(NamedTuple):
    """A relatively open cell: its signs, a point of it, a basis of its directions, and the forms that bound it.

    `bounds` are the rows (constant, coefficients) that are positive on the cell; `inputs` the forms that the layer in
    hand reads, `outputs` those of its neurons that have been taken.
    """

    signs: tuple[int, ...]
    point: Vector
    directions: list[Vector]
    bounds: list[Vector]
    inputs: list[Vector]
    outputs: list[Vector]

    @property
    def dim(self) -> int:
        return len(self.directions)


class SignVectors:
    """The cells of C(F), or of C(F, t) if there is a level t, in R^d; the last sign is then that of F − t."""

    def __init__(self, net: NetworkLike, level: Fraction | int | None = None) -> None:
        self.input_dim = d = len(net.weights[0][0])
        self.level = level
        basis = [[Fraction(int(i == j)) for j in range(d)] for i in range(d)]
        cells = [Cell((), [Fraction(0)] * d, basis, [], coordinate_forms(d), [])]
        for weights, biases, slopes in zip(net.weights, net.biases, net.slopes, strict=False):
            for row, bias, slope in zip(weights, biases, slopes, strict=True):
                cells = [part for cell in cells for part in self._split(cell, row, bias, slope)]
            cells = [cell._replace(inputs=cell.outputs, outputs=[]) for cell in cells]
        if level is not None:
            row, bias = net.weights[-1][0], net.biases[-1][0] - level
            cells = [part for cell in cells for part in self._split(cell, row, bias, 0)]
        self.cells = cells

    @classmethod
    def _split(cls, cell: Cell, row: Sequence[Fraction], bias: Fraction, slope: Fraction | int) -> list[Cell]:
        """The parts of a cell on which the neuron with these weights has one sign."""
        (form,) = affine_layer(([row], [bias]), cell.inputs, len(cell.point) + 1)
        if slope == 1:
            return [cell._replace(outputs=[*cell.outputs, form])]
        parts = []
        for sign, point in cls._signs(cell, form):
            directions, bounds = cell.directions, cell.bounds
            if sign:
                bounds = [*bounds, [sign * v for v in form]]
            else:
                directions = kernel(directions, form)
            output = form if sign > 0 else [slope * v for v in form]
            outputs = [*cell.outputs, output]
            parts.append(Cell((*cell.signs, sign), point, directions, bounds, cell.inputs, outputs))
        return parts

    @staticmethod
    def _signs(cell: Cell, form: Vector) -> list[tuple[int, Vector]]:
        """The signs that a form takes on a cell, each with a point of the cell where it has it.

        The form has some sign at the cell's point w. If it is constant on the cell, that is the only sign. Otherwise:
        if it is zero at w, then near w both other signs occur, since a cell is relatively open. If it is, say,
        positive, then zero occurs iff negative values do: from a point p of the cell where it is zero one may go on
        beyond p, away from w, and stay in the cell; conversely the segment from w to a point with a negative value lies
        in the cell. Negative values occur on the cell iff they occur on its closure, which is where the cell's bounds
        are at least zero. Whether they do is found by the simplex method, starting from w.
        """
        w = cell.point
        value = at(form, w)
        slopes = [dot(form[1:], direction) for direction in cell.directions]
        sign = (value > 0) - (value < 0)
        if not any(slopes):
            return [(sign, w)]
        slack = [at(bound, w) for bound in cell.bounds]
        rows = [[dot(bound[1:], direction) for direction in cell.directions] for bound in cell.bounds]
        if sign == 0:
            # half of the way, or a unit, along a direction in which the form grows
            growth = [dot(row, slopes) for row in rows]
            room = [-s / g / 2 for s, g in zip(slack, growth, strict=True) if g < 0]
            back = [s / g / 2 for s, g in zip(slack, growth, strict=True) if g > 0]
            up, down = min([Fraction(1), *room]), min([Fraction(1), *back])
            step = combination(cell.directions, slopes)
            return [(0, w), (1, along(w, up, step)), (-1, along(w, -down, step))]
        found = ascend([-sign * s for s in slopes], rows, slack, sign * value)
        if found is None:
            return [(sign, w)]
        step = combination(cell.directions, found)
        zero = value / (value - at(form, along(w, Fraction(1), step)))
        return [(sign, w), (0, along(w, zero, step)), (-sign, along(w, (zero + 1) / 2, step))]

    # ---- counts ------------------------------------------------------------------------------------------------

    @property
    def f_vector(self) -> tuple[int, ...]:
        dims = [cell.dim for cell in self.cells]
        return tuple(dims.count(k) for k in range(self.input_dim + 1))

    @property
    def lineality_dim(self) -> int:
        return min(cell.dim for cell in self.cells)

    def is_bounded(self, cell: Cell) -> bool:
        """Whether no coordinate is unbounded on the cell, by linear programs again."""
        slack = [at(bound, cell.point) for bound in cell.bounds]
        rows = [[dot(bound[1:], direction) for direction in cell.directions] for bound in cell.bounds]
        units = [[Fraction(s * (i == j)) for j in range(cell.dim)] for i in range(cell.dim) for s in (1, -1)]
        return all(ascend(unit, rows, slack, None) is None for unit in units)

    # ---- homology ----------------------------------------------------------------------------------------------

    def homology(self, relation: str, *, reduce: bool = True) -> Homology:
        """The homology of {F relation t} in degrees 0..d−1.

        Let X be any union of cells of C(F, t), open, closed or neither, and P the poset of these cells, P ≤ Q if P is a
        face of Q. The map p from X to P that takes a point to its cell is continuous for the topology on P whose open
        sets are the upper sets: the inverse image of {Q ≥ P} is X without the cells that do not have P as a face, and
        their union in R^d is closed, because with a cell it contains its faces. The sets U_P = {Q ≥ P} are a
        basis-like open cover of the finite space P. Each has a least element, so it is contractible. Its inverse image
        is star-shaped from any point y of P, hence contractible: for x in a cell Q of X with P as a face, the segment
        from x to y lies in Q but for its end y. By a theorem of M. C. McCord ("Singular homology groups and homotopy
        groups of finite topological spaces", Duke Math. J. 33 (1966) 465-474, theorem 6) p is a weak homotopy
        equivalence, and so is the map from the order complex of P to P (theorem 2 there). Thus X has the homology
        of the order complex, whatever the relation, with unbounded cells and with lineality.

        With `reduce` beat points are removed first, elements with one cover or that cover one element: the inclusion
        of the rest is a deformation retract of finite spaces (R. E. Stong, "Finite topological spaces", Trans. Amer.
        Math. Soc. 123 (1966) 325-340).
        """
        chosen = [cell for cell in self.cells if cell.signs[-1] in VALUES[relation]]
        below = order(chosen)
        return padded(order_complex_homology(core(below) if reduce else below), self.input_dim, self.input_dim)


# ------------------------------------------------------------------------------------------------------ linear programs


def ascend(
    objective: Sequence[Fraction], rows: Sequence[Sequence[Fraction]], slack: Sequence[Fraction], goal: Fraction | None
) -> list[Fraction] | None:
    """A z with objective·z > goal and rows·z + slack ≥ 0 (slack ≥ 0), or None if there is none.

    With the goal None: a direction z ≠ 0 in which the objective grows without end, or None if it is bounded.

    The simplex method from z = 0, each z_j being a difference of two variables ≥ 0. Bland's rule (R. G. Bland, "New
    finite pivoting rules for the simplex method", Math. Oper. Res. 2 (1977) 103-107): the first variable whose cost
    is positive enters, of those that could leave the first one leaves; then no basis comes twice.
    """
    n, m = len(objective), len(rows)
    # Row i: (variable basis[i]) = constant + coefficients · (variables that are not in the basis).
    outside, basis = list(range(2 * n)), list(range(2 * n, 2 * n + m))
    table = [[s, *row, *(-v for v in row)] for s, row in zip(slack, rows, strict=True)]
    costs = [Fraction(0), *objective, *(-v for v in objective)]
    while True:
        if goal is not None and costs[0] > goal:
            return values(dict(zip(basis, (row[0] for row in table), strict=True)), n)
        entering = min((j for j in range(2 * n) if costs[j + 1] > 0), key=lambda j: outside[j], default=None)
        if entering is None:
            return None
        column = entering + 1
        ratios = [(row[0] / -row[column], basis[i], i) for i, row in enumerate(table) if row[column] < 0]
        if not ratios:
            ray = dict(zip(basis, (row[column] for row in table), strict=True)) | {outside[entering]: Fraction(1)}
            if goal is None:
                return values(ray, n)
            length = (goal - costs[0]) / costs[column] + 1
            point = dict(zip(basis, (row[0] for row in table), strict=True))
            return values({k: point.get(k, 0) + length * v for k, v in ray.items()}, n)
        leaving = min(ratios)[2]
        pivot = table[leaving]
        solved = [v / -pivot[column] for v in pivot]
        solved[column] = 1 / pivot[column]
        for i, row in enumerate([*table, costs]):
            if i != leaving and row[column]:
                factor, row[column] = row[column], Fraction(0)
                row[:] = [a + factor * b for a, b in zip(row, solved, strict=True)]
        table[leaving] = solved
        basis[leaving], outside[entering] = outside[entering], basis[leaving]


def values(variables: dict[int, Fraction], n: int) -> list[Fraction]:
    zero = Fraction(0)
    return [variables.get(j, zero) - variables.get(n + j, zero) for j in range(n)]


def at(form: Vector, point: Vector) -> Fraction:
    return form[0] + dot(form[1:], point)


def along(point: Vector, length: Fraction, step: Vector) -> Vector:
    return [a + length * b for a, b in zip(point, step, strict=True)]


def combination(vectors: Sequence[Vector], factors: Sequence[Fraction]) -> Vector:
    return [dot(factors, column) for column in zip(*vectors, strict=True)]


def kernel(directions: list[Vector], form: Vector) -> list[Vector]:
    """A basis of the combinations of the directions along which the form is constant."""
    growth = [dot(form[1:], direction) for direction in directions]
    p = next((i for i, g in enumerate(growth) if g), None)
    if p is None:
        return directions
    rest = (i for i in range(len(directions)) if i != p)
    return [along(directions[i], -growth[i] / growth[p], directions[p]) for i in rest]


# ------------------------------------------------------------------------------------------------------- finite posets


def order(cells: Sequence[Cell]) -> dict[int, set[int]]:
    """For each cell the numbers of its proper faces among the cells."""
    plus = [sum(1 << k for k, s in enumerate(cell.signs) if s > 0) for cell in cells]
    minus = [sum(1 << k for k, s in enumerate(cell.signs) if s < 0) for cell in cells]
    numbers = range(len(cells))
    return {
        j: {i for i in numbers if i != j and not plus[i] & ~plus[j] and not minus[i] & ~minus[j]} for j in numbers
    }


def core(below: dict[int, set[int]]) -> dict[int, set[int]]:
    """The poset without beat points: without those whose lower elements have a greatest, or whose upper a least."""
    below = {j: set(lower) for j, lower in below.items()}
    above: dict[int, set[int]] = {j: set() for j in below}
    for j, lower in below.items():
        for i in lower:
            above[i].add(j)
    queue = list(below)
    while queue:
        x = queue.pop()
        if x not in below or not (is_beat(below[x], below) or is_beat(above[x], above)):
            continue
        neighbours = below.pop(x) | above.pop(x)
        for y in neighbours:
            below[y].discard(x)
            above[y].discard(x)
        queue += neighbours
    return below


def is_beat(side: set[int], relation: dict[int, set[int]]) -> bool:
    """Whether one of the elements has all others on its side."""
    return any(len(side & relation[y]) == len(side) - 1 for y in side)


def order_complex_homology(below: dict[int, set[int]]) -> Homology:
    """The homology of the simplicial complex of all chains of a poset."""
    chains: list[list[tuple[int, ...]]] = [[(j,) for j in below]]
    while chains[-1]:
        chains.append([(i, *chain) for chain in chains[-1] for i in below[chain[0]]])
    chains.pop()
    if not chains:
        return homology([0], [])
    boundaries = []
    for smaller, larger in pairwise(chains):
        index = {chain: k for k, chain in enumerate(smaller)}
        boundaries.append([{index[c[:i] + c[i + 1 :]]: (-1) ** i for i in range(len(c))} for c in larger])
    return homology([len(c) for c in chains], boundaries)
