"""Whether a condition on the outputs of a network holds on a whole domain, decided exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple, Unpack

import numpy as np

from polyrelu.analysis.ascent import Ascent
from polyrelu.analysis.deadline import read_seconds
from polyrelu.analysis.optimum import Search
from polyrelu.analysis.trial_points import Point
from polyrelu.errors import InputError, VerificationError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.printing import BriefRepr
from polyrelu.exact.rational import describe
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.hull import on_slice
from polyrelu.geometry.subdivision import Options, check_options, read_domain
from polyrelu.network.algebra import extremum
from polyrelu.network.formula import Formula, Tree, read_formula
from polyrelu.network.network import Network


@dataclass(frozen=True, repr=False)
class Verdict(BriefRepr):
    """The outcome of `check`; true in a boolean context iff the condition holds on the whole domain.

    Attributes
    ----------
    holds : bool
        Whether the condition holds at every point of the domain.
    counterexample : tuple of Fraction, or None
        A point of the domain where it does not; None if it holds.
    outputs : tuple of Fraction, or None
        The outputs of the network there.
    cells : int
        The number of cells of all complexes that were made; 0 if the counterexample was found before.
    """

    holds: bool
    counterexample: Point | None = None
    outputs: tuple[Fraction, ...] | None = None
    cells: int = 0

    def __bool__(self) -> bool:
        return self.holds


@memory_is_a_limit
def check(
    network: Network,
    formula: Formula | str,
    domain: Any = None,
    *,
    seconds: float | None = None,
    **options: Unpack[Options],
) -> Verdict:
    """Whether a condition on the outputs of a network holds at every point of a domain, and a counterexample if not.

    Parameters
    ----------
    network : Network
        The network F: R^d → R^n.
    formula : Formula or str
        The condition, such as "y0 <= 1 and y1 - y2 > 0"; see `Formula`. Outputs may be called F0, F1, … as well.
    domain : Domain or box, optional
        A polyhedron, bounded or not, flat or not. The default is R^d.
    seconds : float, optional
        A limit on the time.
    **options
        Options of `subdivide`. `max_cells` limits the number of cells of all complexes that are made, together;
        `max_memory` is for each of them.

    Returns
    -------
    Verdict
        True in a boolean context iff the condition holds. If not, it holds a point where it does not.

    Raises
    ------
    RegionError
        If the text is not a formula, or names an output that the network does not have.
    DomainError
        If the domain is empty, a single point, or in another dimension.
    InputError
        If another argument is wrong.
    LimitError
        If it was not decided within the limits. There is no answer then.

    See Also
    --------
    output_range : The range of an output or of a linear form of outputs.
    betti_numbers : The topology of the set where a formula holds.

    Notes
    -----
    The negation of the condition is a union of sets given by comparisons combined by "and" and "or". For each of these
    sets there is a network H, a minimum or maximum of comparisons, that is positive inside it and negative outside. A
    coarse complex for H = 0 (see `subdivide`) has a cell with H > 0, or the set lies in {H = 0}, which is divided as in
    C(H, 0): on the relative interior of each of these cells every comparison of the tree that matters has one truth
    value. So < and <= are told apart exactly. Where a complex has too many cells the domain is cut.
    docs/verification.md has the proof.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[1, 1], [1, 0]]], [[0, 0], [0, 0]])  # (|x|, max(x, 0))
    >>> bool(pr.check(net, "y0 >= y1 and y1 >= 0"))
    True
    >>> found = pr.check(net, "y0 < 2", [(-1, 2)])
    >>> found.holds, found.counterexample
    (False, (Fraction(2, 1),))
    """
    if not isinstance(network, Network):
        raise InputError(f"network: expected a Network, got {describe(network)}")
    condition = read_formula(formula)
    condition.check_outputs(network.output_dim)
    check_options(options)
    search = Search(options, read_seconds(seconds))
    net, region, where = on_slice(network, read_domain(domain, network))
    for part in _alternatives(_negated_or_not(condition.tree, False)):
        x = _point_of(net, condition, part, region, search)
        if x is not None:
            point = x if where is None else where.point(x)
            value = network(point)
            outputs = value if isinstance(value, tuple) else (value,)
            if condition.holds_at(outputs):
                raise VerificationError("check: the condition holds at a counterexample")
            return Verdict(False, point, outputs, search.cells)
    return Verdict(True, cells=search.cells)


class _Atom(NamedTuple):
    """sign · form > 0, or ≥ 0 unless it is strict."""

    form: int
    sign: int
    strict: bool


class _Joined(NamedTuple):
    """All ("and") or some ("or") of several conditions."""

    word: str
    parts: tuple[Any, ...]


_Condition = _Atom | _Joined | bool


def _negated_or_not(tree: Tree, positive: bool) -> _Condition:
    """The condition of a tree, or its negation, by comparisons, "and" and "or" alone."""
    kind, *parts = tree
    if kind == "constant":
        return bool(parts[0]) == positive
    if kind == "not":
        return _negated_or_not(parts[0], not positive)
    if kind == "sign":
        form, signs = parts
        return _of_signs(form, signs if positive else frozenset({-1, 0, 1}) - signs)
    word = kind if positive else {"and": "or", "or": "and"}[kind]
    return _join(word, [_negated_or_not(part, positive) for part in parts])


def _of_signs(form: int, signs: frozenset[int]) -> _Condition:
    if signs in ({1}, {0, 1}):
        return _Atom(form, 1, 0 not in signs)
    if signs in ({-1}, {-1, 0}):
        return _Atom(form, -1, 0 not in signs)
    if signs == {0}:
        return _Joined("and", (_Atom(form, 1, False), _Atom(form, -1, False)))
    if signs == {-1, 1}:
        return _Joined("or", (_Atom(form, 1, True), _Atom(form, -1, True)))
    return bool(signs)


def _join(word: str, conditions: Sequence[_Condition]) -> _Condition:
    absorbing = word == "or"  # True for "or", False for "and"
    if absorbing in [x for x in conditions if isinstance(x, bool)]:
        return absorbing
    parts: list[Any] = []
    for x in conditions:
        if not isinstance(x, bool):
            parts += x.parts if isinstance(x, _Joined) and x.word == word else [x]
    parts = list(dict.fromkeys(parts))
    return not absorbing if not parts else parts[0] if len(parts) == 1 else _Joined(word, tuple(parts))


def _alternatives(condition: _Condition) -> tuple[_Condition, ...]:
    if isinstance(condition, _Joined) and condition.word == "or":
        return condition.parts
    return () if condition is False else (condition,)


def _point_of(
    network: Network, formula: Formula, condition: _Condition, domain: Domain | None, search: Search
) -> Point | None:
    """A point of the domain where the condition holds, which is part of the negation of the formula; None if none."""
    if condition is True:
        h, strict, weak = network.followed_by(Network([[[0] * network.output_dim]], [[1]])), True, False
    else:
        n = network.output_dim
        forms = Network([[form.row(n) for form in formula.forms]], [[form.constant for form in formula.forms]])
        h = network.followed_by(forms).followed_by(_height(condition, len(formula.forms))).without_unused()
        strict, weak = _strictness(condition)

    def violates(x: Point) -> bool:
        value = network(x)
        return not formula.holds_at(value if isinstance(value, tuple) else (value,))

    ascent = Ascent(h)
    if (x := ascent.first_above(domain)) is not None and violates(x):
        return x
    for part in search.parts(h, domain):
        found = ascent.highest(part.domain, climb=part.domain is domain)
        if found is not None and (found[0] > 0 or (found[0] == 0 and violates(found[1]))):
            return found[1]
        cx = part.coarse_complex(h, Fraction(0))
        if cx is None:
            continue
        d = cx.input_dim
        above = np.flatnonzero(cx.signs(d) > 0)
        if len(above):
            return cx.interior_point(d, int(above[0]))
        if weak and (x := _on_zero_set(cx, strict, violates, search)) is not None:
            return x
    return None


def _height(condition: _Condition, n: int) -> Network:
    """The network R^n → R in the values of n forms, positive inside the set of the condition and negative outside."""
    if isinstance(condition, _Atom):
        return Network([[[condition.sign * (i == condition.form) for i in range(n)]]], [[0]])
    assert isinstance(condition, _Joined)
    return extremum(tuple(_height(part, n) for part in condition.parts), -1 if condition.word == "and" else 1)


def _strictness(condition: _Condition) -> tuple[bool, bool]:
    """Whether some comparisons are strict, and whether some are not."""
    if isinstance(condition, _Atom):
        return condition.strict, not condition.strict
    assert isinstance(condition, _Joined)
    found = [_strictness(part) for part in condition.parts]
    return any(strict for strict, _ in found), any(weak for _, weak in found)


def _on_zero_set(cx: PolyhedralComplex, strict: bool, violates: Any, search: Search) -> Point | None:
    """A point of {H = 0} where the condition holds, given a complex without cells above; None if there is none.

    If no comparison is strict, all points of {H = 0} are such; each cell has a vertex, modulo lineality. Otherwise the
    condition has one truth value on the relative interior of each cell.
    """
    low = cx.coordinates.lineality_dim
    for k in range(low, cx.input_dim + 1):
        for i in np.flatnonzero(cx.signs(k) == 0).tolist():
            search.check_time()
            x = cx.interior_point(k, i)
            if not strict or violates(x):
                return x
    return None
