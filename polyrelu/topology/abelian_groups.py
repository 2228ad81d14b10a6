"""Finitely generated Abelian groups, and kernel, image and cokernel of their homomorphisms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flint import nmod_mat

from polyrelu.errors import VerificationError
from polyrelu.exact.printing import brief
from polyrelu.topology.coefficients import Coefficients, symbol
from polyrelu.topology.smith import invariant_factors
from polyrelu.topology.smith_form import SmithForm, smith_normal_form

Rows = Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class AbelianGroup:
    """A finitely generated Abelian group Z^rank ⊕ the sum of Z/m over m in torsion, or a vector space K^rank.

    Attributes
    ----------
    rank : int
        The rank, or the dimension.
    torsion : tuple of int
        The invariant factors greater than 1, each dividing the next; none over a field.
    coefficients : "Z", "Q" or int
        The ring over which it is a module: "Z", "Q", or p for the field of p elements.
    """

    rank: int
    torsion: tuple[int, ...] = ()
    coefficients: Coefficients = "Z"

    @property
    def is_trivial(self) -> bool:
        """Whether the group is 0."""
        return not (self.rank or self.torsion)

    def __str__(self) -> str:
        """Such as "Z^2 ⊕ Z/2", "F_2^3" or "0"."""
        ring = symbol(self.coefficients)
        free = [ring if self.rank == 1 else f"{ring}^{self.rank}"] if self.rank else []
        return " ⊕ ".join([*free, *(f"Z/{brief(m)}" for m in self.torsion)]) or "0"


class Parts(NamedTuple):
    """What a homomorphism determines up to isomorphism."""

    kernel: AbelianGroup
    image: AbelianGroup
    cokernel: AbelianGroup


def parts(matrix: Rows, source: Sequence[int], target: Sequence[int], coefficients: Coefficients = "Z") -> Parts:
    """Kernel, image and cokernel of a homomorphism, up to isomorphism.

    Parameters
    ----------
    matrix : rows of int
        The homomorphism of the generators of cyclic groups: an entry for each of the target and the source.
    source, target : sequence of int
        The orders of these cyclic groups, 0 for Z. Over a field they are not used but for their number.
    coefficients : "Z", "Q" or int
        The ring.

    Raises
    ------
    VerificationError
        If the matrix is not well defined modulo the orders.

    Notes
    -----
    Let A be the matrix, and D and E be diagonal with the finite orders of source and target. The cokernel is
    Z^m / im [A | E]. The lattice L = {x : Ax ∈ im E} consists of the first entries of the vectors in ker [A | E], and
    the columns of E are independent, so that a basis of this kernel gives one of L. The image is Z^n / L, and the
    kernel L / im D. All are read off Smith normal forms, which are proved (`smith_normal_form`).
    """
    n, m = len(source), len(target)
    if coefficients != "Z":
        if isinstance(coefficients, int):
            rank = nmod_mat(m, n, [x % coefficients for row in matrix for x in row], coefficients).rank()
        else:
            rank = len(invariant_factors((m, n, _entries(matrix))))
        return Parts(*(AbelianGroup(k, (), coefficients) for k in (n - rank, rank, m - rank)))
    finite = [(i, order) for i, order in enumerate(target) if order]
    entries = [*_entries(matrix), *((i, n + j, order) for j, (i, order) in enumerate(finite))]
    form = smith_normal_form((m, n + len(finite), entries))
    cokernel = _quotient(m, form.invariant_factors)
    free = range(form.rank, n + len(finite))
    number = {k: j for j, k in enumerate(free)}
    v = form.sparse_rows("V")
    lattice = [(i, number[k], x) for i in range(n) for k, x in v.entries(i) if k in number]
    image = _quotient(n, invariant_factors((n, len(number), lattice)))
    relations = []
    inverse = form.sparse_rows("V_inverse")
    for column, (j, order) in enumerate((j, order) for j, order in enumerate(source) if order):
        vector = {j: order}
        for i, row in enumerate(matrix):
            if value := row[j] * order:
                own = [k for k, (at, _) in enumerate(finite) if at == i]
                if not own or value % target[i]:
                    raise VerificationError("not a homomorphism: an element of finite order goes to one of another")
                vector[n + own[0]] = -value // target[i]
        relations += [
            (number[k], column, x) for k in free if (x := sum(y * vector.get(i, 0) for i, y in inverse.entries(k)))
        ]
    n_relations = sum(map(bool, source))
    return Parts(_quotient(len(number), invariant_factors((len(number), n_relations, relations))), image, cokernel)


class Solver:
    """The inverse of an isomorphism, given by a matrix as for `parts`; VerificationError if it is not surjective."""

    def __init__(self, matrix: Rows, target: Sequence[int], coefficients: Coefficients) -> None:
        n = len(matrix[0]) if matrix else 0
        self._n, self._p = n, coefficients if isinstance(coefficients, int) else 0
        self._modular: nmod_mat | None = None
        self._form: SmithForm | None = None
        if self._p:
            self._modular = nmod_mat(len(target), n, [x % self._p for row in matrix for x in row], self._p)
            right = self._modular.nrows() == n == self._modular.rank()
        else:
            finite = [(i, order) for i, order in enumerate(target) if order]
            entries = [*_entries(matrix), *((i, n + j, order) for j, (i, order) in enumerate(finite))]
            self._form = smith_normal_form((len(target), n + len(finite), entries))
            right = self._form.invariant_factors == (1,) * len(target)
        if not right:
            raise VerificationError("a homomorphism that should be an isomorphism is none")

    def __call__(self, value: Sequence[int]) -> list[int]:
        """An element that goes to the given one."""
        if self._modular is not None:
            if not value:
                return []
            found = self._modular.solve(nmod_mat(len(value), 1, [x % self._p for x in value], self._p))
            return [int(found[i, 0]) for i in range(self._n)]
        assert self._form is not None
        u, v = self._form.sparse_rows("U"), self._form.sparse_rows("V")
        y = [sum(x * value[j] for j, x in u.entries(i)) for i in range(len(value))]
        return [sum(x * y[j] for j, x in v.entries(i) if j < len(y)) for i in range(self._n)]


def _entries(matrix: Rows) -> list[tuple[int, int, int]]:
    return [(i, j, x) for i, row in enumerate(matrix) for j, x in enumerate(row) if x]


def _quotient(n: int, factors: Sequence[int]) -> AbelianGroup:
    """Z^n modulo a subgroup with these invariant factors."""
    return AbelianGroup(n - len(factors), tuple(x for x in factors if x > 1))
