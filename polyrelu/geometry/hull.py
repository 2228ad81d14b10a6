"""Domains without interior points: whether they are empty or flat, and the affine subspace that a flat one spans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple, TypeVar

from polyrelu.errors import DomainError
from polyrelu.exact.linear import independent_columns, independent_rows, solve
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import primitive
from polyrelu.geometry.domain import Domain
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice

MAX_ENTRIES = 50_000
"""Maximum number of entries of the inequalities that go to linear programs."""

MAX_FLAT = 64
"""Maximum dimension of a flat domain that is examined further."""

MAX_TRIED = 4
"""Maximum dimension in which it is tried first whether a domain has interior points, unless it is a box."""

T = TypeVar("T")

_ZERO, _ONE = Fraction(0), Fraction(1)
_NO_INTERIOR = "domain: no point satisfies all its inequalities strictly"


def spanned_slice(domain: Domain) -> Slice | None:
    """The slice that a flat domain spans, or None for a domain with interior points.

    Parameters
    ----------
    domain : Domain
        The domain {x : A x ≤ b}.

    Returns
    -------
    Slice or None
        The smallest affine subspace that contains the domain. Its coordinates t are some of the coordinates of x: those
        that the subspace leaves free, in order, the earlier ones expressed by the later ones.

    Raises
    ------
    DomainError
        If the domain is empty; `certificate` then proves it. If it is a single point, on which there is nothing to
        subdivide; `point` is that point. If there are more than `MAX_ENTRIES` numbers in its inequalities, apart from
        those that bound the same form from both sides, or it is flat of more than `MAX_FLAT` dimensions.

    Notes
    -----
    Bounds of the same form from both sides are compared first: they may contradict each other or fix a value, as in a
    box or by equations. What is left, in the subspace where these values are taken, goes to linear programs.

    The linear program max s subject to a_i x + s ≤ b_i and s ≤ 1 has an optimum s*, and its dual is to minimise
    b · y + z over y, z ≥ 0 with Aᵀ y = 0 and Σ y_i + z = 1. There are interior points iff s* > 0. If s* < 0, then
    b · y < 0, and y proves that the domain is empty (Farkas): 0 = y · A x ≤ y · b < 0 for a point x of it. If s* = 0,
    there is a point x, so that b · y = y · (b − A x) ≥ 0, hence z = 0 and b · y = 0: where y_i > 0, a_i x = b_i holds
    for all points of the domain. The sum of these a_i with weights y_i is 0, so that the equations lower the dimension,
    and the same is done in the subspace that they define, until there are interior points. The dual is solved by the
    simplex method with Bland's rule, in rational numbers.

    A proof y that there is no point in the subspace e_k x = f_k becomes one for the whole: Σ y_i a_i vanishes on the
    directions of the subspace, so it is −Σ z_k e_k for some z. Both e_k x ≤ f_k and −e_k x ≤ −f_k are among the
    inequalities, so one of them is taken |z_k| times, and the sum of the right sides is Σ y_i (b_i − a_i p) < 0, where
    p is a point of the subspace.

    Examples
    --------
    >>> import polyrelu as pr
    >>> from polyrelu.geometry.hull import spanned_slice
    >>> spanned_slice(pr.Domain.box([0, "1/2"], [1, "1/2"]))
    Slice(line in R^2)
    """
    pairs = _Pairs(domain)
    if pairs.contradiction:
        raise _empty(domain, pairs.contradiction)
    space = None
    if pairs.fixed:
        space = pairs.space()
        part = domain.restrict(space.origin, space.directions) if space.free else None
        for i, (row, b) in enumerate(zip(domain.a, domain.b, strict=True)):
            # Rows that are constant there are no part of a linear program.
            if part is None or not any(part.a[i]):
                left = b - _dot(row, space.origin)
                if left < 0:
                    raise _empty(domain, pairs.lifted({i: _ONE}))
        if part is None:
            raise _single_point(space.origin)
        _check_flat(space)
    else:
        part = domain
    if _is_box(domain):  # all its other bounds are apart
        return None if space is None else space.slice
    if (sum(map(any, part.a)) + 1) * (part.input_dim + 1) > MAX_ENTRIES:
        raise _TooManyError(f"{_NO_INTERIOR}; it has too many to be examined further")
    equations = [i for i, _ in pairs.fixed]
    while True:
        used = [i for i, row in enumerate(part.a) if any(row)]
        value, found = _simplex([part.a[i] for i in used], [part.b[i] for i in used])
        weights = dict(zip(used, found, strict=True))
        if value < 0:  # in the first round only: after it there are points
            raise _empty(domain, pairs.lifted({i: y for i, y in weights.items() if y}))
        if value > 0:
            break
        equations += [i for i, y in weights.items() if y]
        space = _solutions([domain.a[i] for i in equations], [domain.b[i] for i in equations])
        if not space.free:
            raise _single_point(space.origin)
        _check_flat(space)
        part = domain.restrict(space.origin, space.directions)
    return None if space is None else space.slice


def on_slice(network: Network, domain: Domain | None) -> tuple[Network, Domain | None, Slice | None]:
    """The network and the domain on the slice that the domain spans, and the slice; if none, both unchanged, and None.

    Raises DomainError for an empty domain and for a single point. A domain with many inequalities is not examined if it
    seems to have interior points: `subdivide` says if it has none.
    """
    if domain is None:
        return network, domain, None
    try:
        found = spanned_slice(domain)
    except _TooManyError:
        return network, domain, None
    if found is None:
        return network, domain, None
    return found.restrict(network), found.restrict(domain).in_units(domain.units), found


def over_hull(
    network: Network, domain: Domain | None, make: Callable[[Network, Domain | None, Slice | None], T]
) -> T:
    """What `make` returns for a network, a domain and None; over a flat domain for both on its slice, and the slice.

    Most domains have interior points, and `make` finds that out by itself: it raises the error `without_interior`, and
    is called again. Where that would take long, in many dimensions, or is quickly seen, for boxes, it is asked before.
    """
    if domain is None:
        return make(network, None, None)
    if domain.input_dim <= MAX_TRIED and not _is_box(domain):
        try:
            return make(network, domain, None)
        except DomainError as error:
            if error.slice is None:
                raise
            found: Slice = error.slice
        return make(found.restrict(network), found.restrict(domain).in_units(domain.units), found)
    return make(*on_slice(network, domain))


def composed(outer: Slice | None, inner: Slice | None) -> Slice | None:
    """The slice of the whole space that is given in the coordinates of another one."""
    if outer is None or inner is None:
        return inner if outer is None else outer
    return Slice([outer.point(p) for p in inner.points])


def free_coordinates(of: Slice) -> list[int] | None:
    """The coordinates of the space that are those of the slice, in their order; None if some of these are no such."""
    found = []
    for i, direction in enumerate(of.directions):
        unit = [int(i == k) for k in range(of.dim)]
        places = (j for j, x in enumerate(direction) if x == 1 and not of.points[0][j])
        j = next((j for j in places if [v[j] for v in of.directions] == unit), None)
        if j is None:
            return None
        found.append(j)
    return found


def check_nonempty(domain: Domain) -> None:
    """DomainError with a certificate if the domain is empty, unless it has too many inequalities to be examined."""
    try:
        spanned_slice(domain)
    except DomainError as error:
        if error.certificate is not None:
            raise


def without_interior(domain: Domain | None) -> DomainError:
    """The error for a domain that has no interior points: empty, with a certificate, or flat, with its slice."""
    if domain is None:
        return DomainError(_NO_INTERIOR)
    try:
        found = spanned_slice(domain)
    except DomainError as error:
        return error
    return DomainError(f"{_NO_INTERIOR}; it is flat, and spans the slice that is in the error", slice=found)


class _TooManyError(DomainError):
    """Too many inequalities to be examined."""


class _Space(NamedTuple):
    """An affine subspace: a point, directions, and the coordinates of the space that are those of the subspace."""

    origin: list[Fraction]
    directions: list[list[Fraction]]
    free: list[int]

    @property
    def slice(self) -> Slice:
        """The subspace with these coordinates."""
        origin = self.origin
        return Slice([origin, *([p + q for p, q in zip(origin, v, strict=True)] for v in self.directions)])


class _Pairs:
    """The forms v that the inequalities bound from both sides: which bounds contradict each other or are equal.

    Attributes
    ----------
    contradiction : dict
        Factors of rows whose sum is 0 ≤ b with b < 0; empty if there is none here.
    fixed : list of pairs of int
        Rows of A that fix a value together: a row and one that is its negative, up to a positive factor.
    """

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self.contradiction: dict[int, Fraction] = {}
        self.fixed: list[tuple[int, int]] = []
        self._scale: dict[int, Fraction] = {}
        bounds: dict[object, dict[bool, tuple[Fraction, int]]] = {}
        for i, (row, b) in enumerate(zip(domain.a, domain.b, strict=True)):
            places = tuple(j for j, x in enumerate(row) if x)
            if not places:
                if b < 0:
                    self.contradiction = {i: _ONE}
                    return
                continue
            first = row[places[0]]
            form = places, primitive([row[j] for j in places] if first > 0 else [-row[j] for j in places])
            self._scale[i] = abs(first) / form[1][0]
            bound = b / self._scale[i], i
            sides = bounds.setdefault(form, {})
            sides[first > 0] = min(sides.get(first > 0, bound), bound)
        for sides in bounds.values():
            if len(sides) == 2:
                (most, i), (least, j) = sides[True], sides[False]
                if most + least < 0:
                    self.contradiction = {i: 1 / self._scale[i], j: 1 / self._scale[j]}
                    return
                if most + least == 0:
                    self.fixed.append((i, j))

    def space(self) -> _Space:
        """The subspace where independent ones of the fixed values are taken."""
        a, b = self._domain.a, self._domain.b
        return _solutions([a[i] for i, _ in self.fixed], [b[i] for i, _ in self.fixed])

    def lifted(self, weights: dict[int, Fraction]) -> dict[int, Fraction]:
        """Factors that prove that the domain is empty, given some that do so in the subspace of the fixed values."""
        if not self.fixed:
            return weights
        a = self._domain.a
        rows = [a[i] for i, _ in self.fixed]
        chosen, pivots = independent_rows(rows), independent_columns(rows)
        target = [[-sum((y * a[i][j] for i, y in weights.items()), _ZERO)] for j in pivots]
        factors = solve([[rows[k][j] for k in chosen] for j in pivots], target)
        found = dict(weights)
        for k, (z,) in zip(chosen, factors, strict=True):
            i, j = self.fixed[k]
            if z > 0:
                found[i] = found.get(i, _ZERO) + z
            elif z < 0:
                found[j] = found.get(j, _ZERO) - z * self._scale[i] / self._scale[j]
        return found


def _empty(domain: Domain, weights: dict[int, Fraction]) -> DomainError:
    """The error for an empty domain, with factors of the inequalities that prove it."""
    total = sum((y * domain.b[i] for i, y in weights.items()), _ZERO)
    return DomainError(
        f"domain: it is empty: a sum of its inequalities with factors ≥ 0 (certificate) is 0 ≤ {brief(total)}",
        certificate=tuple(weights.get(i, _ZERO) for i in range(len(domain.b))),
    )


def _single_point(point: Sequence[Fraction]) -> DomainError:
    shown = ", ".join(map(brief, point))
    return DomainError(f"domain: it is the single point ({shown}); evaluate the network there", point=tuple(point))


def _check_flat(space: _Space) -> None:
    if len(space.free) > MAX_FLAT:
        raise DomainError(f"{_NO_INTERIOR}; it is flat, of {len(space.free)} or fewer dimensions, too many for a slice")


def _solutions(rows: Sequence[Sequence[Fraction]], values: Sequence[Fraction]) -> _Space:
    """The solutions of independent ones of some equations; they have the same solutions as all, if these have some."""
    d = len(rows[0])
    fixed = [[j for j, x in enumerate(row) if x] for row in rows]
    if all(len(places) == 1 for places in fixed):  # each fixes a coordinate, as for a box
        known = {j: value / row[j] for (j,), row, value in zip(fixed, rows, values, strict=True)}
        free = [j for j in range(d) if j not in known]
        pivots, solution = list(known), [(x, *[_ZERO] * len(free)) for x in known.values()]
    else:
        pivots, chosen = independent_columns(rows), independent_rows(rows)
        free = [j for j in range(d) if j not in set(pivots)]
        right = [[values[i], *(-rows[i][j] for j in free)] for i in chosen]
        solution = list(solve([[rows[i][j] for j in pivots] for i in chosen], right))
    columns = [[_ZERO] * d for _ in range(len(free) + 1)]
    for j, row in zip(pivots, solution, strict=True):
        for column, x in zip(columns, row, strict=True):
            column[j] = x
    origin, *directions = columns
    for direction, j in zip(directions, free, strict=True):
        direction[j] = _ONE
    return _Space(origin, directions, free)


def _is_box(domain: Domain) -> bool:
    return all(sum(map(bool, row)) <= 1 for row in domain.a)


def _dot(row: Sequence[Fraction], x: Sequence[Fraction]) -> Fraction:
    return sum((p * q for p, q in zip(row, x, strict=True) if p), _ZERO)


def _simplex(rows: Sequence[Sequence[Fraction]], offsets: Sequence[Fraction]) -> tuple[Fraction, list[Fraction]]:
    """The minimum of b · y + z over y, z ≥ 0 with Aᵀ y = 0 and Σ y_i + z = 1, and y: by Bland's rule."""
    m = len(rows)
    costs = [*offsets, _ONE]  # the last column is z
    table = [[*column, _ZERO, _ZERO] for column in zip(*rows, strict=True)]
    basis: list[int] = []
    kept = [[*[_ONE] * (m + 1), _ONE]]
    basis.append(m)
    for row in table:  # equations with right side 0, for which some variable enters the basis at the value 0
        for other, name in zip(kept, basis, strict=True):
            if row[name]:
                _eliminate(row, other, name)
        enters = next((i for i in range(m + 1) if row[i]), None)
        if enters is None:
            continue
        pivot = row[enters]
        row[:] = [x / pivot for x in row]
        for other in kept:
            _eliminate(other, row, enters)
        kept.append(row)
        basis.append(enters)
    reduced = [*costs, _ZERO]
    for row, name in zip(kept, basis, strict=True):
        _eliminate(reduced, row, name)
    while (enters := next((i for i in range(m + 1) if reduced[i] < 0), None)) is not None:
        candidates = [(row[-1] / row[enters], basis[k], k) for k, row in enumerate(kept) if row[enters] > 0]
        _, _, k = min(candidates)  # there is one, as the variables are bounded
        pivot = kept[k][enters]
        kept[k] = [x / pivot for x in kept[k]]
        for j, row in enumerate(kept):
            if j != k:
                _eliminate(row, kept[k], enters)
        _eliminate(reduced, kept[k], enters)
        basis[k] = enters
    y = [_ZERO] * m
    for row, name in zip(kept, basis, strict=True):
        if name < m:
            y[name] = row[-1]
    return -reduced[-1], y


def _eliminate(row: list[Fraction], pivot: Sequence[Fraction], column: int) -> None:
    """Subtract the multiple of a row with 1 in the column that makes the entry of the other row there 0."""
    if factor := row[column]:
        row[:] = [x - factor * p if p else x for x, p in zip(row, pivot, strict=True)]
