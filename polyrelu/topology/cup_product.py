"""Cup products of the cohomology of chain complexes of cells and of regions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np

from polyrelu.errors import InputError, LimitError, VerificationError
from polyrelu.exact.limits import memory_is_a_limit, read_limit
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import describe
from polyrelu.geometry.region import CellSet
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.markup import table
from polyrelu.topology.chain import ChainComplex, chain_complex
from polyrelu.topology.coefficients import Coefficients, read_coefficients
from polyrelu.topology.contraction import Cochains, RegularCells
from polyrelu.topology.cycles import CycleFinder
from polyrelu.topology.dual_bases import DualBasis, dual_basis
from polyrelu.topology.groups import homology_groups
from polyrelu.topology.matching import Chain
from polyrelu.topology.reduction import Reduction
from polyrelu.topology.smith import invariant_factors

Form = dict[tuple[int, int], int]
"""A bilinear form: its values, zeros left out."""

MAX_DENSE = 10_000_000
"""Maximum number of entries of a dense tensor."""


@dataclass(frozen=True, slots=True, repr=False)
class CupProduct:
    """The cup product H^p × H^q → H^(p+q) of a region or a complex, in bases, over Z, Q or F_ℓ.

    The bases f of H^p, g of H^q and h of H^(p+q) are dual to bases of homology: see `cup_product`. Two are equal if
    their attributes are, which depend on the bases; the ranks and the invariant factors do not.

    Attributes
    ----------
    degrees : pair of int
        The degrees p and q.
    coefficients : "Z", "Q" or int
        The ring of coefficients; a prime ℓ for the field F_ℓ. With "Z" the groups are taken modulo torsion.
    shape : tuple of int
        The ranks of H^p, H^q and H^(p+q).
    entries : tuple of ((i, j, k), int)
        The coefficients ≠ 0 of h_k in f_i ∪ g_j, in ascending order. Modulo ℓ they are between 0 and ℓ.
    invariant_factors : tuple of int
        Those of the map H^p ⊗ H^q → H^(p+q) that the product defines; ones for a field.
    """

    degrees: tuple[int, int]
    coefficients: Coefficients
    shape: tuple[int, int, int]
    entries: tuple[tuple[tuple[int, int, int], int], ...]
    invariant_factors: tuple[int, ...] = field(compare=False)

    @property
    def rank(self) -> int:
        """The rank of H^p ⊗ H^q → H^(p+q): the dimension that the products span."""
        return len(self.invariant_factors)

    @property
    def left_rank(self) -> int:
        """The rank of H^p → Hom(H^q, H^(p+q)): that of H^p less that of the classes all of whose products are 0."""
        _, q, r = self.shape
        entries = ((i, j * r + k, value) for (i, j, k), value in self.entries)
        return len(_factors(self.coefficients, entries, self.shape[0], q * r))

    @property
    def right_rank(self) -> int:
        """The rank of H^q → Hom(H^p, H^(p+q)), as `left_rank`."""
        p, _, r = self.shape
        entries = ((j, i * r + k, value) for (i, j, k), value in self.entries)
        return len(_factors(self.coefficients, entries, self.shape[1], p * r))

    @property
    @memory_is_a_limit
    def tensor(self) -> tuple[tuple[tuple[int, ...], ...], ...]:
        """All coefficients: tensor[i][j][k] is that of h_k in f_i ∪ g_j.

        LimitError if there are more than `MAX_DENSE`; `entries` has those that are not 0.
        """
        if prod(self.shape) > MAX_DENSE:
            raise LimitError(f"tensor: {prod(self.shape)} coefficients are more than {MAX_DENSE}; use entries")
        p, q, r = self.shape
        rows = [[[0] * r for _ in range(q)] for _ in range(p)]
        for (i, j, k), value in self.entries:
            rows[i][j][k] = value
        return tuple(tuple(tuple(row) for row in matrix) for matrix in rows)

    def form(self, k: int) -> tuple[tuple[int, ...], ...]:
        """The matrix of the bilinear form that takes f_i and g_j to the coefficient of h_k in f_i ∪ g_j.

        Parameters
        ----------
        k : int
            The number of a class of the basis of H^(p+q).

        Returns
        -------
        tuple of tuples of int
            The rows, one for each f_i.

        Raises
        ------
        InputError
            If there is no such class.
        LimitError
            If it has more than `MAX_DENSE` entries.
        """
        p, q, r = self.shape
        if not _is_integer(k) or not 0 <= k < r:
            raise InputError(f"form: expected a number ≥ 0 and < {r}, got {describe(k)}")
        if p * q > MAX_DENSE:
            raise LimitError(f"form: {p * q} entries are more than {MAX_DENSE}; use entries")
        rows = [[0] * q for _ in range(p)]
        for (i, j, at), value in self.entries:
            if at == k:
                rows[i][j] = value
        return tuple(map(tuple, rows))

    def __call__(self, a: Sequence[int], b: Sequence[int]) -> tuple[int, ...]:
        """The coordinates of the product of two classes that are given by theirs.

        Parameters
        ----------
        a, b : sequence of int
            The coordinates of a class of H^p and of one of H^q.

        Returns
        -------
        tuple of int
            The coordinates of the product in H^(p+q), modulo ℓ from 0 to ℓ − 1.

        Raises
        ------
        InputError
            If the numbers of coordinates are others than the ranks, or one is no integer.
        """
        for name, given, size in (("a", a, self.shape[0]), ("b", b, self.shape[1])):
            is_vector = isinstance(given, (list, tuple)) or (isinstance(given, np.ndarray) and given.ndim == 1)
            if not is_vector or len(given) != size or not all(map(_is_integer, given)):
                raise InputError(f"{name}: expected {size} integers, got {describe(given)}")
        found = [0] * self.shape[2]
        for (i, j, k), value in self.entries:
            found[k] += value * int(a[i]) * int(b[j])
        modulus = _modulus(self.coefficients)
        return tuple(x % modulus for x in found) if modulus else tuple(found)

    def _repr_html_(self) -> str:
        products: dict[tuple[int, int], list[str]] = {}
        for (i, j, k), value in self.entries:
            products.setdefault((i, j), []).append(f"{brief(value)} h{k}")
        rows = ((f"f{i} ∪ g{j}", " + ".join(terms).replace("+ -", "− ")) for (i, j), terms in products.items())
        return table(repr(self), ["product", "value"], rows)

    def __repr__(self) -> str:
        p, q = self.degrees
        ring = {"Z": "Z modulo torsion", "Q": "Q"}.get(str(self.coefficients), f"F_{self.coefficients}")
        factors = [x for x in self.invariant_factors if x > 1]
        more = f", invariant factors {', '.join(map(brief, factors))}" if factors else ""
        shape = " × ".join(map(str, self.shape))
        return f"CupProduct(H^{p} × H^{q} → H^{p + q} over {ring}, {shape}, rank {self.rank}{more})"


@memory_is_a_limit
def cup_product(
    obj: ChainComplex | CellSet,
    p: int = 1,
    q: int = 1,
    coefficients: Coefficients = "Z",
    *,
    max_memory: int | None = None,
) -> CupProduct:
    """The cup product H^p × H^q → H^(p+q) of a region, or of a complex of cells.

    Parameters
    ----------
    obj : ChainComplex or CellSet
        A region of any kind: open, closed or neither. Or the cellular chain complex of a regular cell complex, such as
        a simplicial complex. The faces of a cell, those in its boundary, in the boundaries of these, and so on, must be
        acyclic together with it, which is checked.
    p, q : int, default 1
        The degrees, p, q ≥ 0 with p + q at most the dimension.
    coefficients : "Z", "Q" or int, default "Z"
        "Z" for the integral cohomology modulo torsion, "Q" for rational coefficients, a prime below 2^31 for those in
        its field.
    max_memory : int, optional
        The maximum number of bytes for each Smith form after the reduction, if it is large. The default is the free
        memory.

    Returns
    -------
    CupProduct
        The product in bases, exact.

    Raises
    ------
    InputError
        If an argument is none of these, or a complex is not that of a regular cell complex.
    LimitError
        If the memory does not suffice.
    VerificationError
        If a check fails.

    Notes
    -----
    *Bases.* The basis of H^k is dual to the cycles of `homology(obj, coefficients=...).cycles(k)`, in their order; over
    Z, to those of infinite order. The class of a cycle of a region is that of its `pieces`; so the transposed matrices
    of `induced_map` respect products. (For a region that is neither open nor closed, the bases are dual to the cycles
    of the homology of `chain_complex(obj)`.)

    *Torsion.* The integral product of classes of finite order is not computed; that modulo the primes that divide their
    orders shows much of it. `rank` and the other ranks over Z are those over Q.

    *Method.* The generators of `chain_complex(region)` are the cells of a regular cell complex that has the homotopy
    type of the region. Contractions of the closed cells define a diagonal approximation, which is carried by closed
    cells. Any two such are homotopic; so the product is that of singular cohomology. It is evaluated on the cycles of
    degree p + q alone. Section 16 of docs/mathematics.md has the proofs.

    *Linking.* In the complement of a link in R^3, the product of the classes dual to meridians of two components is
    determined by their linking number. Borromean rings have the same products as rings that can be pulled apart: it
    takes Massey products, which are not computed, to tell them from these.

    References
    ----------
    A. Hatcher, Algebraic Topology, Cambridge University Press (2002), chapter 3.

    Examples
    --------
    Two square rings, one through the other, and their complement:

    >>> import polyrelu as pr
    >>> ring = "abs(max(abs(x), abs(y)) - 2), abs(z)"
    >>> through = "abs(max(abs(x - 2), abs(z)) - 2), abs(y)"
    >>> link = pr.from_expression(f"min(max({ring}), max({through})) - 1/2")
    >>> region = pr.subdivide(link, level=0).region(">")
    >>> pr.homology(region)
    Homology(betti=(1, 2, 2), torsion=((), (), ()))
    >>> cup = pr.cup_product(region)
    >>> cup
    CupProduct(H^1 × H^1 → H^2 over Z modulo torsion, 2 × 2 × 2, rank 1)
    >>> cup([1, 0], [0, 1]) in [(1, -1), (-1, 1)]
    True

    A torus as the common boundary of the two regions of a network:

    >>> torus = pr.from_expression("max(abs(max(abs(x), abs(y)) - 2), abs(z)) - 1")
    >>> pr.cup_product(pr.subdivide(torus, level=0).region("="), coefficients=2)
    CupProduct(H^1 × H^1 → H^2 over F_2, 2 × 2 × 1, rank 1)
    """
    read_limit(max_memory, "max_memory")
    coefficients = read_coefficients(coefficients)
    if not isinstance(obj, (ChainComplex, CellSet)):
        raise InputError(f"cup_product: expected a ChainComplex or a Region, got {describe(obj)}")
    top = len(obj.ranks) - 1 if isinstance(obj, ChainComplex) else obj.complex.input_dim
    for name, degree in (("p", p), ("q", q)):
        if not _is_integer(degree) or not 0 <= degree <= top:
            raise InputError(f"{name}: expected a degree from 0 to {top}, got {describe(degree)}")
    p, q = int(p), int(q)
    if p + q > top:
        raise InputError(f"p, q: expected degrees with a sum of at most {top}, got {p} + {q}")
    groups = homology_groups(obj, max_memory)
    mixed = isinstance(obj, CellSet) and not (obj.is_open or obj.is_closed)
    finder = CycleFinder(chain_complex(obj) if mixed else obj, groups)  # type: ignore[arg-type]
    cells = RegularCells(finder.complex, _augmentation(finder.complex, obj))
    if isinstance(obj, ChainComplex):
        _check_acyclic(cells, p + q + 1)
    modulus = _modulus(coefficients)
    bases = {k: dual_basis(finder, k, coefficients) for k in sorted({p, q, p + q})}
    forms = _forms(cells, bases[p].cochains, bases[q].cochains, p, q, bases[p + q].cycles)
    # In an open region the pieces of a k-cycle are (−1)^(k(k+1)/2) times its dual cells (`Realisation`).
    sign = (-1) ** (p * q) if isinstance(obj, CellSet) and obj.is_open else 1
    entries: dict[tuple[int, int, int], int] = {}
    for k, form in enumerate(forms):
        for (i, j), value in _in_dual_bases(form, bases[p], bases[q]).items():
            if value := sign * value % modulus if modulus else sign * value:
                entries[i, j, k] = value
    shape = len(bases[p].cycles), len(bases[q].cycles), len(bases[p + q].cycles)
    ordered = tuple(sorted(entries.items()))
    triples = ((k, i * shape[1] + j, x) for (i, j, k), x in ordered)
    factors = _factors(coefficients, triples, shape[2], shape[0] * shape[1])
    return CupProduct((p, q), coefficients, shape, ordered, factors)


def _forms(cells: RegularCells, f: Cochains, g: Cochains, p: int, q: int, cycles: Sequence[Chain]) -> list[Form]:
    """For each cycle the values (f_i ∪ g_j)(cycle)."""
    values: dict[int, Form] = {}
    forms: list[Form] = [{} for _ in cycles]
    for cycle, form in zip(cycles, forms, strict=True):
        for cell, coefficient in cycle.items():
            if cell not in values:
                values[cell] = _product(cells, f, g, p, p + q, cell)
            _add(form, values[cell], coefficient)
    return forms


def _product(cells: RegularCells, f: Cochains, g: Cochains, p: int, degree: int, cell: int, keep: bool = False) -> Form:
    """The values (f_i ∪ g_j)(cell) for cochains f_i of degree p.

    f ∪ g = Σ [cell : facet] ((f ∘ h) ∪ g)(facet) with the contraction h of the closed cell, and for p = 0 it is
    ε(v) f(v) g(cell), v the base of the cell.
    """
    found: Form = {}
    if p == 0:
        v = cells.base(degree, cell)
        for i, x in f.get(v, {}).items():
            for j, y in g.get(cell, {}).items():
                found[i, j] = cells.signs[v] * x * y
        return found
    if primitives := cells.primitives(f, p, degree, cell, keep):
        for facet, coefficient in cells.facets(degree, cell):
            _add(found, _product(cells, primitives, g, p - 1, degree - 1, facet, keep=True), coefficient)
    return found


def _add(form: Form, other: Form, factor: int) -> None:
    for at, value in other.items():
        form[at] = form.get(at, 0) + factor * value


def _in_dual_bases(form: Form, left: DualBasis, right: DualBasis) -> Form:
    """A bilinear form on the cocycles of two bases, on the bases dual to their cycles."""
    for side, inverse in enumerate((left.inverse, right.inverse)):
        if inverse is None:
            continue
        columns: dict[int, Chain] = {}
        for i, row in enumerate(inverse):
            for j, value in row.items():
                columns.setdefault(j, {})[i] = value
        changed: Form = {}
        for at, value in form.items():
            for i, factor in columns[at[side]].items():
                place = (i, at[1]) if side == 0 else (at[0], i)
                changed[place] = changed.get(place, 0) + factor * value
        form = changed
    return form


def _augmentation(complex_: ChainComplex, obj: ChainComplex | CellSet) -> list[int]:
    """Signs ε of the cells of degree 0 with ε∂ = 0, alike for homologous points."""
    components = Reduction(complex_).components()
    if components is not None:
        signs = [sign for _, sign in components]
        if len(complex_.ranks) == 1 or not _values_on_edges(signs, complex_.boundary_arrays(1)):
            return signs
    if isinstance(obj, ChainComplex):
        raise InputError(f"{_NOT_REGULAR}: an edge should have two ends, with signs that agree along paths")
    raise VerificationError("the points of a component of a region are not homologous")


def _values_on_edges(signs: Sequence[int], edges: SparseRows) -> bool:
    """Whether some value of ε∂ is not 0."""
    values = edges.values.astype(object if edges.values.dtype == object else np.int64)
    terms = values * np.array(signs, values.dtype)[edges.index]
    sums = np.concatenate(([0], np.cumsum(terms)))[edges.indptr]
    return bool(np.any(sums[1:] != sums[:-1]))


_NOT_REGULAR = "cup_product: not the chain complex of a regular cell complex"


def _check_acyclic(cells: RegularCells, top: int) -> None:
    """InputError unless all closed cells of degrees up to `top` are acyclic."""
    for k in range(1, min(top, len(cells.complex.ranks) - 1) + 1):
        for cell in range(cells.complex.ranks[k]):
            faces = cells.closure(k, cell)
            numbers = [{x: i for i, x in enumerate(of_degree)} for of_degree in faces]
            if k == 1:
                acyclic = sorted(abs(value) for _, value in cells.facets(1, cell)) == [1, 1]
            else:
                columns = []
                for j in range(1, k + 1):
                    sides = [cells.facets(j, x) for x in faces[j]]
                    ends = np.cumsum([0, *map(len, sides)])
                    rows = np.array([numbers[j - 1][x] for side in sides for x, _ in side], np.int32)
                    values = np.array([value for side in sides for _, value in side], object)
                    columns.append((ends, rows, values))
                groups = homology_groups(ChainComplex.from_arrays([len(of_degree) for of_degree in faces], columns))
                acyclic = groups.betti == (1,) + (0,) * k and not any(groups.torsion)
            if not acyclic:
                raise InputError(f"{_NOT_REGULAR}: cell {cell} of degree {k} with its faces is not acyclic")


def _factors(
    coefficients: Coefficients, entries: Iterable[tuple[int, int, int]], n_rows: int, n_columns: int
) -> tuple[int, ...]:
    """The invariant factors of a matrix over the ring of coefficients: ones over a field.

    Of an integer matrix those that a prime does not divide are as many as its rank modulo the prime.
    """
    found = invariant_factors((n_rows, n_columns, entries))
    modulus = _modulus(coefficients)
    if modulus:
        return (1,) * sum(x % modulus != 0 for x in found)
    return found if coefficients == "Z" else (1,) * len(found)


def _modulus(coefficients: Coefficients) -> int:
    return coefficients if isinstance(coefficients, int) else 0


def _is_integer(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
