"""Domains without interior points: whether they are empty or flat, and the affine subspace that a flat one spans."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from polyrelu.errors import DomainError
from polyrelu.exact.linear import independent_columns, independent_rows, solve
from polyrelu.exact.printing import brief
from polyrelu.geometry.domain import Domain
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice

MAX_ENTRIES = 50_000
"""Maximum number of entries of the inequalities of a domain that is examined, unless it is a box."""

MAX_FLAT = 64
"""Maximum dimension of a flat domain that is examined further."""

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
        subdivide. If it is not a box and has more than `MAX_ENTRIES` numbers.

    Notes
    -----
    The linear program max s subject to a_i x + s ≤ b_i and s ≤ 1 has an optimum s*, and its dual is to minimise
    b · y + z over y, z ≥ 0 with Aᵀ y = 0 and Σ y_i + z = 1. There are interior points iff s* > 0. If s* < 0, then
    b · y < 0, and y proves that the domain is empty (Farkas): 0 = y · A x ≤ y · b < 0 for a point x of it. If s* = 0,
    there is a point x, so that b · y = y · (b − A x) ≥ 0, hence z = 0 and b · y = 0: where y_i > 0, a_i x = b_i holds
    for all points of the domain. The sum of these a_i with weights y_i is 0, so that the equations lower the dimension,
    and the same is done in the subspace that they define, until there are interior points. The dual is solved by the
    simplex method with Bland's rule, in rational numbers.

    Examples
    --------
    >>> import polyrelu as pr
    >>> from polyrelu.geometry.hull import spanned_slice
    >>> spanned_slice(pr.Domain.box([0, "1/2"], [1, "1/2"]))
    Slice(line in R^2)
    """
    d = domain.input_dim
    equations: list[int] = []
    part = domain
    if not _is_box(domain) and (len(domain.b) + 1) * (d + 1) > MAX_ENTRIES:
        raise DomainError(f"{_NO_INTERIOR}; it has too many to be examined further")
    while True:
        value, weights = _optimum(part)
        if value < 0:
            raise DomainError(
                "domain: it is empty: a sum of its inequalities with factors ≥ 0 (certificate) is 0 ≤ "
                f"{brief(sum((y * b for y, b in zip(weights, part.b, strict=True)), _ZERO))}",
                certificate=tuple(weights),
            )
        if value > 0:
            break
        equations += [i for i, y in enumerate(weights) if y > 0]
        origin, directions, free = _solutions([domain.a[i] for i in equations], [domain.b[i] for i in equations])
        if not free:
            point = ", ".join(map(brief, origin))
            raise DomainError(f"domain: it is the single point ({point}); evaluate the network there")
        if len(free) > MAX_FLAT:
            raise DomainError(f"{_NO_INTERIOR}; it is flat, of {len(free)} or fewer dimensions, too many for a slice")
        part = domain.restrict(origin, directions)
    if not equations:
        return None
    return Slice([origin, *([p + q for p, q in zip(origin, v, strict=True)] for v in directions)])


def on_slice(network: Network, domain: Domain | None) -> tuple[Network, Domain | None, Slice | None]:
    """The network and the domain on the slice that the domain spans, and the slice; if none, both unchanged, and None.

    Raises DomainError for an empty domain and for a single point. A domain that is not a box and has many inequalities
    is not examined: `subdivide` says that it has no interior.
    """
    if domain is None or (not _is_box(domain) and (len(domain.b) + 1) * (domain.input_dim + 1) > MAX_ENTRIES):
        return network, domain, None
    if (found := spanned_slice(domain)) is None:
        return network, domain, None
    return found.restrict(network), found.restrict(domain), found


def without_interior(domain: Domain | None) -> DomainError:
    """The error for a domain that has no interior points: empty, with a certificate, or flat, with its slice."""
    if domain is None:
        return DomainError(_NO_INTERIOR)
    try:
        found = spanned_slice(domain)
    except DomainError as error:
        return error
    return DomainError(
        f"{_NO_INTERIOR}; it is flat: with s = spanned_slice(domain), in the error's slice, subdivide "
        "s.restrict(network) over s.restrict(domain)",
        slice=found,
    )


def _solutions(
    rows: Sequence[Sequence[Fraction]], values: Sequence[Fraction]
) -> tuple[list[Fraction], list[list[Fraction]], list[int]]:
    """(origin, directions, free coordinates) of the solutions of equations that have some."""
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
    return origin, directions, free


def _is_box(domain: Domain) -> bool:
    return all(sum(map(bool, row)) <= 1 for row in domain.a)


def _optimum(domain: Domain) -> tuple[Fraction, list[Fraction]]:
    """(a number of the sign of s*, y) for the program of `spanned_slice`, without inequalities 0 ≤ b, b ≥ 0."""
    m = len(domain.b)
    used = [i for i, row in enumerate(domain.a) if any(row)]
    for i, (row, b) in enumerate(zip(domain.a, domain.b, strict=True)):
        if b < 0 and not any(row):
            return b, [Fraction(int(i == k)) for k in range(m)]
    if _is_box(domain):
        return _optimum_of_box(domain)
    value, weights = _simplex([domain.a[i] for i in used], [domain.b[i] for i in used])
    y = [_ZERO] * m
    for i, weight in zip(used, weights, strict=True):
        y[i] = weight
    return value, y


def _optimum_of_box(domain: Domain) -> tuple[Fraction, list[Fraction]]:
    """The same for a box, from its tightest bounds: the narrowest width decides, and all widths 0 are taken at once."""
    tightest: dict[tuple[int, int], tuple[Fraction, int]] = {}
    for i, (row, b) in enumerate(zip(domain.a, domain.b, strict=True)):
        for j, a in enumerate(row):
            if a:
                key = (j, 1 if a > 0 else -1)
                bound = b / abs(a)
                if key not in tightest or bound < tightest[key][0]:
                    tightest[key] = bound, i
    both = [j for j in range(domain.input_dim) if (j, 1) in tightest and (j, -1) in tightest]
    widths = {j: tightest[j, 1][0] + tightest[j, -1][0] for j in both}
    least = min(widths.values(), default=_ONE)
    weights = [_ZERO] * len(domain.b)
    for j, width in widths.items():
        if width == least <= 0 and (least == 0 or not any(weights)):
            for side in (1, -1):
                i = tightest[j, side][1]
                weights[i] = 1 / abs(domain.a[i][j])
    return least, weights


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
