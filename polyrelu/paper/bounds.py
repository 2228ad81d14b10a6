"""Tables of bounds that an architecture puts on its networks: cells and Betti numbers, from above and from below.

All numbers are exact integers. An upper bound holds for *every* network of the architecture and for every level. A
lower bound is reached by *some* network of it, one that `polyrelu.constructions` builds. Section 12 of
docs/mathematics.md has the proofs of the bounds on Betti numbers; `polyrelu.paper.cell_counts` has the formulas for
numbers of cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from math import log10

from polyrelu.constructions.arguments import integers, read_architecture
from polyrelu.constructions.lower_bound import paper_lower_bound
from polyrelu.constructions.nested_shells import VARIANTS, Variant, closing_neurons, corner_counts, predicted_betti
from polyrelu.errors import InputError, LimitError
from polyrelu.exact.limits import read_flag
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import describe
from polyrelu.markup import table
from polyrelu.paper.cell_counts import (
    MAX_PATTERN_NEURONS,
    CellCounts,
    binomials,
    folding_lower,
    montufar_2014_lower,
    montufar_2014_upper,
    montufar_2017_upper,
    raghu_2017_upper,
    serra_2018_lower,
    serra_2018_upper,
    zaslavsky,
    zaslavsky_bounded,
)

MAX_INPUTS = 10**6
"""Maximum number of inputs, and of degrees: each degree has a row in the table, and some bounds are sums over all."""

_ERGEN = "Ergen & Grillo 2024"
_MONTUFAR_2014 = "Montúfar, Pascanu, Cho & Bengio 2014"
_MONTUFAR_2017 = "Montúfar 2017"
_RAGHU = "Raghu et al. 2017"
_SERRA = "Serra, Tjandraatmadja & Ramalingam 2018"
_ZASLAVSKY = "Zaslavsky 1975, the maximum"
_PROOF = "proved in docs/mathematics.md, section 12"
_SHELLS = "proved in docs/constructions.md"


@dataclass(frozen=True)
class Bound:
    """One bound on one quantity of an architecture.

    Attributes
    ----------
    quantity : str
        "regions" (activation regions), "bounded_regions", "cells_j" (j-cells of C(F)), or "betti_k".
    name : str
        What the bound is called.
    value : int or None
        The bound; None where it does not apply.
    source : str
        The reference, or where the proof stands.
    condition : str
        When the bound applies.
    proved : bool
        Whether the value is a theorem with the proof or reference in `source`. No other counts as best.
    best : bool
        Whether this is the sharpest proved bound on its quantity (least upper, greatest lower), the first of equals.
    """

    quantity: str
    name: str
    value: int | None
    source: str
    condition: str = ""
    proved: bool = True
    best: bool = False

    @property
    def applies(self) -> bool:
        """Whether the architecture satisfies the condition."""
        return self.value is not None


@dataclass(frozen=True)
class BoundTable:
    """All bounds of one kind on one architecture, in the order of the quantities. It prints as a table.

    Attributes
    ----------
    architecture : tuple of int
        (d, n_1, …, n_L, n_out).
    relation : str
        The region {F `relation` t} that the bounds on Betti numbers concern.
    kind : str
        "upper" or "lower".
    bounds : tuple of Bound
        The bounds. Iteration and `len` run over these.
    """

    architecture: tuple[int, ...]
    relation: str
    kind: str
    bounds: tuple[Bound, ...]

    def __iter__(self) -> Iterator[Bound]:
        return iter(self.bounds)

    def __len__(self) -> int:
        return len(self.bounds)

    @property
    def quantities(self) -> tuple[str, ...]:
        """The bounded quantities, in the order of the table."""
        return tuple(dict.fromkeys(bound.quantity for bound in self.bounds))

    def best(self, quantity: str) -> int | None:
        """The sharpest proved bound on a quantity.

        Parameters
        ----------
        quantity : str
            One of `quantities`.

        Returns
        -------
        int or None
            The bound; None if no proved one applies.

        Raises
        ------
        InputError
            For an unknown quantity.
        """
        if not isinstance(quantity, str) or quantity not in self.quantities:
            raise InputError(f"quantity: expected one of {', '.join(self.quantities)}, got {describe(quantity)}")
        return next((bound.value for bound in self.bounds if bound.quantity == quantity and bound.best), None)

    def _repr_html_(self) -> str:
        rows = [(b.quantity, short(b.value), b.name, b.source) for b in self.bounds if b.best and b.value is not None]
        caption = f"{self.kind.capitalize()} bounds for {'-'.join(map(str, self.architecture))}, F {self.relation} t"
        note = "The sharpest proved bound on each quantity; print shows all."
        return table(caption, ["quantity", "bound", "name", "source"], rows, note)

    def __str__(self) -> str:
        rows = [("quantity", "", f"{self.kind} bound", "name", "source")]
        for bound in self.bounds:
            value = f"- ({bound.condition})" if bound.value is None else short(bound.value)
            rows.append((bound.quantity, "*" if bound.best else "", value, bound.name, bound.source))
        sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(size) for cell, size in zip(row, sizes, strict=True)).rstrip() for row in rows]
        return "\n".join(lines)


def short(n: int) -> str:
    """A non-negative integer for a table: in full up to 15 digits, beyond that to five digits, as 1.2345e+67."""
    if n < 10**15:
        return str(n)
    exponent = int(log10(n))
    mantissa = 10 ** (log10(n) - exponent)
    return f"{mantissa:.4f}e+{exponent}"


def upper_bounds(
    architecture: object, relation: str = ">", *, degrees: Iterable[int] | None = None, relu: bool = True
) -> BoundTable:
    """Upper bounds on the cells of C(F) and on the Betti numbers of the region F `relation` t, t any level.

    Parameters
    ----------
    architecture : sequence of int
        (d, n_1, …, n_L, n_out), L ≥ 0.
    relation : str, default ">"
        One of ">", ">=", "<", "<=" and "=".
    degrees : iterable of int, optional
        The degrees k of Betti numbers and the codimensions k of cells; by default 0..d−1 and 0..d.
    relu : bool, default True
        Whether all activations are ReLU. If false, only bounds that hold for any slopes below zero are given.

    Returns
    -------
    BoundTable
        Several bounds on each quantity; the sharpest is marked.

    Raises
    ------
    InputError
        If an argument is not as above.
    LimitError
        If more than `MAX_INPUTS` degrees, inputs, or neurons of the first layer are concerned.

    Notes
    -----
    Section 12 of docs/mathematics.md has the proofs. For all degrees the time grows with L·m³, m = min(d, n_1), and
    with the length of the numbers: a second for m = 128, five for m = 200. For a few small degrees it grows with L·m.
    The number of neurons hardly matters. 2^(n_1 + … + n_L) is omitted beyond `MAX_PATTERN_NEURONS` neurons, where other
    bounds are as sharp.

    Examples
    --------
    >>> import polyrelu as pr
    >>> table = pr.upper_bounds((2, 8, 6, 1))
    >>> table.best("regions"), table.best("betti_0"), table.best("betti_1")
    (814, 408, 271)
    >>> [bound.name for bound in table if bound.best and bound.quantity == "betti_1"]
    ['cavities']
    """
    widths = read_architecture(architecture)
    d, *hidden, _ = widths
    relu = read_flag(relu, "relu")
    if not isinstance(relation, str) or relation not in (">", ">=", "<", "<=", "="):
        raise InputError(f'relation: expected one of ">", ">=", "<", "<=", "=", got {describe(relation)}')
    wanted = _read_degrees(degrees, d)
    rank = min(d, hidden[0] if hidden else 1)
    if rank > MAX_INPUTS:
        raise LimitError(f"upper_bounds: at most {MAX_INPUTS} inputs, or neurons of the first layer, got {brief(rank)}")
    counts = CellCounts(d, tuple(hidden), max(wanted, default=0) + 1, relu)
    bounds = list(_region_bounds(widths, relu))
    for k in range(1, d + 1) if degrees is None else [k for k in wanted if k]:
        bounds.append(Bound(f"cells_{d - k}", "cells", counts.of_codimension(k), _PROOF))
    choices = binomials(counts.of_codimension(0), rank if wanted else 0)
    for k in wanted:
        bounds += _betti_bounds(k, rank, counts, choices, relation == "=")
    return BoundTable(widths, relation, "upper", _mark(bounds, min))


def lower_bounds(architecture: object, *, degrees: Iterable[int] | None = None) -> BoundTable:
    """Lower bounds on the largest number of activation regions and on the largest Betti numbers of {F > 0}.

    They hold for {F < 0} as well, by the network −F; the theorem of Ergen & Grillo is about {F ≤ 0}.

    Parameters
    ----------
    architecture : sequence of int
        (d, n_1, …, n_L, n_out), L ≥ 0.
    degrees : iterable of int, optional
        The degrees of Betti numbers; by default 0..d−1.

    Returns
    -------
    BoundTable
        Several bounds on each quantity; the sharpest is marked. Those that do not apply have no value.

    Raises
    ------
    InputError
        If an argument is not as above.
    LimitError
        If there are more than `MAX_INPUTS` inputs.

    Notes
    -----
    The cuts of `shells` are chosen for each β_k separately.

    Examples
    --------
    >>> import polyrelu as pr
    >>> table = pr.lower_bounds((2, 8, 6, 1))
    >>> table.best("regions"), table.best("betti_0"), table.best("betti_1")
    (550, 18, 12)
    >>> pr.betti_numbers(pr.shells((2, 8, 6, 1), [5]), ">")
    (18, 4)
    """
    widths = read_architecture(architecture)
    d, *hidden, _ = widths
    wanted = _read_degrees(degrees, d)
    if d > MAX_INPUTS:
        raise LimitError(f"lower_bounds: at most {MAX_INPUTS} inputs, got {brief(d)}")
    bounds = [
        Bound("regions", "folding, one direction", montufar_2014_lower(widths), _MONTUFAR_2014, "n_l ≥ d for l < L"),
        Bound("regions", "folding, both directions", serra_2018_lower(widths), _SERRA, "n_l ≥ 3d for l < L"),
        Bound(
            "regions",
            "folding, all neurons",
            folding_lower(widths),
            "proved in docs/constructions.md",
            "n_l ≥ d for l < L",
        ),
    ]
    if len(hidden) == 1:
        bounds.append(Bound("regions", "general position", zaslavsky(hidden[0], d), _ZASLAVSKY, "L = 1"))
    paper = _paper_bounds(widths) if wanted else None
    for k in wanted:
        condition = "d ≥ 2, L ≥ 2, one output, n_l ≥ 2d for l < L, n_L ≥ 2(d − 1)"
        value = None if paper is None else paper[k]
        bounds.append(Bound(f"betti_{k}", "Theorem 13, equal w", value, f"{_ERGEN}, of {{F <= 0}} for -F", condition))
        for variant in VARIANTS:
            value = _best_shells(widths, k, variant)
            bounds.append(Bound(f"betti_{k}", f'shells, "{variant}"', value, _SHELLS, "see constructions.shells"))
    return BoundTable(widths, ">", "lower", _mark(bounds, max))


def _read_degrees(degrees: Iterable[int] | None, d: int) -> tuple[int, ...]:
    if degrees is None:
        if d > MAX_INPUTS:
            raise LimitError(f"degrees: all {brief(d)} are more than {MAX_INPUTS}; give those that are wanted")
        return tuple(range(d))
    if not isinstance(degrees, Iterable) or isinstance(degrees, (str, bytes)):
        raise InputError(f"degrees: expected integers, got {describe(degrees)}")
    try:
        first = list(islice(degrees, min(d, MAX_INPUTS) + 1))
    except Exception:  # whatever a foreign iterable raises
        raise InputError(f"degrees: expected integers, got {describe(degrees)}") from None
    wanted = integers(first, "degrees", 0)
    if len(wanted) > MAX_INPUTS:
        raise LimitError(f"degrees: at most {MAX_INPUTS}, got more")
    if len(wanted) > d:
        raise InputError(f"degrees: there are {brief(d)} in R^{brief(d)}, got more")
    if any(k >= d for k in wanted):
        most = f"Betti numbers of a region in R^{brief(d)} have degree at most {brief(d - 1)}"
        raise InputError(f"degrees: {most}, got {brief(max(wanted))}")
    return wanted


def _region_bounds(widths: tuple[int, ...], relu: bool) -> Iterator[Bound]:
    d, *hidden, _ = widths
    one = len(hidden) == 1
    regions = zaslavsky(hidden[0], d) if one else None
    yield Bound("regions", "general position", regions, _ZASLAVSKY, "L = 1")
    patterns = montufar_2014_upper(widths) if sum(hidden) <= MAX_PATTERN_NEURONS else None  # others are as sharp
    yield Bound("regions", "activation patterns", patterns, _MONTUFAR_2014, "10^7 neurons at most")
    yield Bound("regions", "arrangements", raghu_2017_upper(widths), _RAGHU)
    yield Bound("regions", "arrangements of bounded rank", montufar_2017_upper(widths), _MONTUFAR_2017)
    serra = serra_2018_upper(widths) if relu else None
    yield Bound("regions", "inactive neurons", serra, f"{_SERRA}, Theorem 1", "ReLU only")
    bounded = zaslavsky_bounded(hidden[0], d) if one else None
    yield Bound("bounded_regions", "general position", bounded, _ZASLAVSKY, "L = 1")


def _betti_bounds(k: int, rank: int, counts: CellCounts, choices: list[int], boundary: bool) -> Iterator[Bound]:
    """The bounds on β_k for >, ≥, < and ≤, or with `boundary` for =.

    `rank` is the largest rank of the first layer, `choices` are the numbers C(R, j) for j ≤ rank.
    """
    regions = counts.of_codimension(0)
    factor = 2 if boundary else 1
    quantity = f"betti_{k}"
    if k == 0:
        half = regions // 2 + 1
        yield Bound(quantity, "components_half", 2 * half - 1 if boundary else half, _PROOF)
        yield Bound(quantity, "Proposition 18", regions, f"{_ERGEN}; {_PROOF}")
        return
    condition = "k ≥ min(d, n_1)"
    yield Bound(quantity, "dimension", 0 if k >= rank else None, _PROOF, condition)
    if k >= rank:
        return
    cavities = factor * (regions // (rank + 1)) if k == rank - 1 else None
    yield Bound(quantity, "cavities", cavities, _PROOF, "k = min(d, n_1) − 1")
    yield Bound(quantity, "cells", factor * counts.of_codimension(k), _PROOF)
    yield Bound(quantity, "cells_complement", factor * counts.of_codimension(k + 1), _PROOF)
    yield Bound(quantity, "nerve", factor * choices[k + 1], _PROOF)
    yield Bound(quantity, "Proposition 18", factor * max(choices[1 : rank - k + 1]), f"{_ERGEN}; {_PROOF}")


def _paper_bounds(widths: tuple[int, ...]) -> tuple[int, ...] | None:
    try:
        return paper_lower_bound(widths)
    except InputError:
        return None


def _best_shells(widths: tuple[int, ...], k: int, variant: Variant) -> int | None:
    """The largest β_k of shells found by choosing cuts and corners for it, or None if there are none.

    For k ≥ 1 all cuts go to degree k, with "paper" around a corner with nothing but tips, a_k = 0. For k = 0 a first
    cut in degree i counts A_i, two more each A_i again; so some degrees of the largest A_i get one cut each, and the
    largest A_i all others. There a_k = k has the most corners; for L = 2, where zeros cost neurons, a_k = 1 and 0 are
    tried too.
    """
    try:
        corners: tuple[int | None, ...] = (None,)
        if variant == "paper":
            corners = (0,) if k else (None, 1, 0) if len(widths) == 4 else (None,)
        return max(_best_cuts(widths, k, variant, corner) for corner in corners)
    except InputError:
        return None


def _best_cuts(widths: tuple[int, ...], k: int, variant: Variant, corner: int | None) -> int:
    counts = corner_counts(widths, variant, corner)
    order = sorted(range(1, widths[0]), key=lambda i: -counts[i - 1][0]) if k == 0 else [k]
    roomy = (*widths[:-2], widths[-2] + widths[0], 1)
    best = 0
    for used in range(1, min(len(order), widths[-2]) + 1):
        chosen = dict.fromkeys(order[:used], 1)
        try:
            spare = widths[-2] - used - closing_neurons(roomy, chosen, variant, corner)
        except InputError:  # no such corners
            continue
        if spare >= 0:
            chosen[order[0]] += spare
            best = max(best, predicted_betti(widths, chosen, variant, corner)[">"][k])
    return best


def _mark(bounds: list[Bound], choose: Callable[[list[int]], int]) -> tuple[Bound, ...]:
    """The bounds with the sharpest proved one of each quantity marked as best."""
    result = []
    open_quantities = {}
    for quantity in {bound.quantity for bound in bounds}:
        values = [b.value for b in bounds if b.quantity == quantity and b.proved and b.value is not None]
        if values:
            open_quantities[quantity] = choose(values)
    for bound in bounds:
        if bound.proved and bound.value is not None and open_quantities.get(bound.quantity) == bound.value:
            del open_quantities[bound.quantity]
            bound = replace(bound, best=True)
        result.append(bound)
    return tuple(result)
