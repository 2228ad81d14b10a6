"""Claims about a network, compared with what is computed."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, SupportsIndex, Unpack

from polyrelu.errors import InputError, RegionError, VerificationError
from polyrelu.exact.limits import read_flag
from polyrelu.exact.printing import BriefRepr, brief
from polyrelu.exact.rational import describe, entries, exact, show
from polyrelu.geometry.refinement import refine
from polyrelu.geometry.region import RELATIONS, read_relation
from polyrelu.geometry.subdivision import Options, subdivide
from polyrelu.markup import table
from polyrelu.network.formula import Formula
from polyrelu.network.network import Network
from polyrelu.topology.homology import Homology, homology
from polyrelu.topology.smith import invariant_factors

COUNTS = ("regions", "bounded_regions", "linear_pieces", "vertices", "f_vector", "refined_f_vector")
HOMOLOGY = ("betti", "torsion", "euler_characteristic")
KEYS = ("relation", "level", "box", *HOMOLOGY, "where", *COUNTS)


@dataclass(frozen=True, repr=False)
class Check(BriefRepr):
    """One claim: its name, the claimed value, the computed value, and the method.

    Attributes
    ----------
    name : str
        What is claimed, such as "betti of {F > 0}".
    claimed : object
        The claimed value.
    found : object
        The computed value.
    how : str
        The method of the computation.
    """

    name: str
    claimed: Any
    found: Any
    how: str

    @property
    def holds(self) -> bool:
        """Whether the claimed value equals the computed one."""
        return bool(self.claimed == self.found)

    def __str__(self) -> str:
        verdict = "holds" if self.holds else f"FAILS: found {_text(self.found)}"
        return f"{self.name} = {_text(self.claimed)}: {verdict} ({self.how})"


@dataclass(frozen=True, repr=False)
class Report(BriefRepr):
    """The outcome of `verify`; true in a boolean context iff every claim holds.

    Attributes
    ----------
    network : Network
        The network.
    claims : tuple of Check
        The claims, in the order of `KEYS`.
    cross_checks : tuple of Check
        Identities between the computed values. All of them hold: one that fails means a fault of the computation, and
        `verify` raises VerificationError.
    """

    network: Network
    claims: tuple[Check, ...]
    cross_checks: tuple[Check, ...]

    def __bool__(self) -> bool:
        return all(check.holds for check in self.claims)

    def _repr_html_(self) -> str:
        checks = [
            (c.name, _text(c.claimed), _text(c.found), "holds" if c.holds else "fails", c.how) for c in self.claims
        ]
        return table(repr(self.network), ["claim", "claimed", "found", "verdict", "how"], checks)

    def __str__(self) -> str:
        failed = sum(not check.holds for check in self.claims)
        verdict = "all claims hold" if not failed else f"{failed} of {len(self.claims)} claims fail"
        return "\n".join([f"{self.network!r}: {verdict}", *(f"  {x}" for x in (*self.claims, *self.cross_checks))])


def verify(
    network: Network,
    *,
    relation: str = ">",
    level: Any = 0,
    betti: Any = None,
    torsion: Any = None,
    euler_characteristic: int | None = None,
    where: Mapping[str, Any] | None = None,
    regions: int | None = None,
    bounded_regions: int | None = None,
    linear_pieces: int | None = None,
    vertices: int | None = None,
    f_vector: Any = None,
    refined_f_vector: Any = None,
    domain: Any = None,
    coarse: bool = True,
    **options: Unpack[Options],
) -> Report:
    """A report on claims about a network: everything that is claimed is computed exactly and compared.

    Parameters
    ----------
    network : Network
        The network F: R^d → R^n.
    relation : str, default ">"
        The relation of the region {F relation level} that `betti`, `torsion` and `euler_characteristic` are about.
    level : exact number, default 0
        The level t.
    betti : sequence of int, or mapping, optional
        The Betti numbers in degrees 0..d−1, or a mapping from relations to these.
    torsion : sequence of sequences of int, or mapping, optional
        The invariant factors greater than 1 in degrees 0..d−1, or a mapping from relations to these.
    euler_characteristic : int, optional
        The Euler characteristic, or a mapping from relations to it.
    where : mapping, optional
        A mapping from formulas such as "0 < F <= 1" (see `Formula`) to the Betti numbers of the sets where they hold.
    regions, bounded_regions, linear_pieces, vertices : int, optional
        The numbers of regions, bounded regions, linear pieces and vertices of C(F).
    f_vector, refined_f_vector : sequence of int, optional
        The numbers of cells of C(F), and of C(F, level), in dimensions 0..d.
    domain : Domain or box, optional
        A polyhedron over which all of this is meant. The default is R^d.
    coarse : bool, default True
        Whether to find the homology of {F relation level} from a coarse complex, as `subdivide` makes it, unless
        `refined_f_vector` is claimed: then C(F, level) is made anyway.
    **options
        Options of `subdivide`.

    Returns
    -------
    Report
        The claimed and the computed values; true in a boolean context iff every claim holds.

    Raises
    ------
    InputError
        If nothing is claimed, a claim does not have the form above, or as `subdivide` raises it.
    RegionError
        If the relation is not one of the five.
    LimitError
        If a limit of cells or memory is reached.
    VerificationError
        If two computed values contradict each other.

    Notes
    -----
    When homology is claimed, Mayer–Vietoris is checked as well. The sets {F ≥ t} and {F ≤ t} cover R^d and meet in {F =
    t}, so H_k(=) ≅ H_k(≥) ⊕ H_k(≤) for k ≥ 1, torsion included, and β₀(=) = β₀(≥) + β₀(≤) − 1, even if one of them is
    empty. The same holds in a domain, which is convex as well. The chain complexes of the three are different ones.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[-1, -1]]], [[0, 0], [1]])  # F(x) = 1 − |x|
    >>> report = pr.verify(net, betti=[1], regions=3)
    >>> bool(report), [(check.name, check.found) for check in report.claims if not check.holds]
    (False, [('regions', 2)])
    """
    claims = {
        "betti": betti,
        "torsion": torsion,
        "euler_characteristic": euler_characteristic,
        "where": where,
        "regions": regions,
        "bounded_regions": bounded_regions,
        "linear_pieces": linear_pieces,
        "vertices": vertices,
        "f_vector": f_vector,
        "refined_f_vector": refined_f_vector,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    if not claims:
        raise InputError(f"verify: there are no claims; give some of {', '.join((*HOMOLOGY, 'where', *COUNTS))}")
    read_relation(relation)
    t = exact(level, "level")
    coarse = read_flag(coarse, "coarse")
    by_relation = {name: _by_relation(name, claims[name], relation) for name in HOMOLOGY if name in claims}
    formulas = _formulas(network, where)
    counts = {name: _count(name, claims[name]) for name in COUNTS if name in claims}

    checks: list[Check] = []
    cross: list[Check] = []
    if by_relation or "refined_f_vector" in counts:
        cx = subdivide(network, t, domain, coarse=coarse and "refined_f_vector" not in counts, **options)
        if by_relation:
            needed = {">=", "<=", "="}.union(*by_relation.values())
            report = options.get("progress")
            groups = {r: homology(cx.region(r), progress=report) for r in RELATIONS if r in needed}
            for name, values in by_relation.items():
                for r, value in values.items():
                    how = _model(r, coarse=cx.is_coarse)
                    checks.append(Check(f"{name} of {{F {r} {show(t)}}}", value, getattr(groups[r], name), how))
            cross.append(_mayer_vietoris(groups, show(t)))
        if "refined_f_vector" in counts:
            how = f"all cells of C(F, {show(t)})"
            checks.append(Check("refined_f_vector", counts.pop("refined_f_vector"), cx.f_vector, how))
    if formulas:
        checks += _conditions(network, formulas, domain, options)
    if counts:
        canonical = subdivide(network, None, domain, **options)
        for name, value in counts.items():
            found = getattr(canonical, name if name == "f_vector" else f"n_{name}")
            checks.append(Check(name, value, found, "all cells of C(F)"))
    return Report(network, tuple(checks), tuple(cross))


def verify_claims(network: Network, claims: Mapping[str, Any], **options: Any) -> Report:
    """A report on the claims of a network file, as `verify` makes it.

    Parameters
    ----------
    network : Network
        The network.
    claims : mapping
        The claims: some of the keys in `KEYS`, which are arguments of `verify`, and optionally "box", the domain that
        the claims are about, as pairs (lower, upper), if no other domain is given.
    **options
        Other arguments of `verify`. They take precedence over the claims.

    Returns
    -------
    Report
        The claimed and the computed values; true in a boolean context iff every claim holds.

    Raises
    ------
    InputError
        If a key is unknown or a claim is null, or as `verify` raises it.
    LimitError
        If a limit of cells or memory is reached.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[-1, -1]]], [[0, 0], [1]])  # F(x) = 1 − |x|
    >>> bool(pr.verify_claims(net, {"relation": "=", "betti": [2]}))
    True
    """
    if not isinstance(claims, Mapping):
        raise InputError(f"claims: expected an object with keys among {', '.join(KEYS)}, got {describe(claims)}")
    for key, value in claims.items():
        if key not in KEYS:
            raise InputError(f"claims: unknown key {describe(key)}; allowed are {', '.join(KEYS)}")
        if value is None:
            raise InputError(f"claims: {key} is null; leave out what is not claimed")
    claims = dict(claims)
    box = claims.pop("box", None)
    if options.get("domain") is None:
        options["domain"] = box
    return verify(network, **{**claims, **options})


def _by_relation(name: str, value: Any, relation: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        value = {relation: value}
    if not value:
        raise InputError(f"{name}: an empty mapping claims nothing")
    for r in value:
        if r not in RELATIONS:
            raise RegionError(f"{name}: expected one of the relations >, >=, <, <=, =, got {describe(r)}")
    return {r: _read(name, x) for r, x in value.items()}


def _formulas(network: Network, where: Any) -> dict[Formula, tuple[int, ...]]:
    """The claims `where`, as formulas with their Betti numbers."""
    if where is None:
        return {}
    if not isinstance(where, Mapping) or not where:
        raise InputError(f"where: expected a mapping from formulas to Betti numbers, got {describe(where)}")
    claims = {Formula(text): _integers(f"where {describe(text)}", betti) for text, betti in where.items()}
    if isinstance(network, Network):
        for formula in claims:
            formula.check_outputs(network.output_dim)
    return claims


def _conditions(
    network: Network, claims: Mapping[Formula, tuple[int, ...]], domain: Any, options: Options
) -> Iterator[Check]:
    """The checks of claims about formulas, all from one complex."""
    refinement = refine(network, list(claims), domain, **options)
    for formula, betti in claims.items():
        region = refinement.region(formula)
        how = _model(">") if region.is_open else _model(">=") if region.is_closed else "order complex of its cells"
        found = homology(region, progress=options.get("progress")).betti
        yield Check(f"betti of {{{formula}}}", betti, found, how)


def _read(name: str, value: Any) -> Any:
    if name == "euler_characteristic":
        return _integer(name, value)
    if name == "betti":
        return _integers(name, value)
    degrees = entries(value, name)
    if degrees is None:
        raise InputError(f"{name}: expected a list of invariant factors for each degree, got {describe(value)}")
    return tuple(_integers(name, factors) for factors in degrees)


def _count(name: str, value: Any) -> Any:
    return _integers(name, value) if name.endswith("f_vector") else _integer(name, value)


def _integers(name: str, value: Any) -> tuple[int, ...]:
    numbers = entries(value, name)
    if numbers is None:
        raise InputError(f"{name}: expected a list of integers, got {describe(value)}")
    return tuple(_integer(name, x) for x in numbers)


def _integer(name: str, value: Any) -> int:
    try:
        if isinstance(value, bool) or not isinstance(value, SupportsIndex):
            raise TypeError
        return int(operator.index(value))
    except TypeError:
        raise InputError(f"{name}: expected an integer, got {describe(value)}") from None


def _model(relation: str, *, coarse: bool = False) -> str:
    kind = "cohomology with compact supports of its open cells" if relation in "><" else "homology of its bounded cells"
    return f"{kind}{' in a coarse complex' if coarse else ''}, integral Smith form"


def _mayer_vietoris(groups: Mapping[str, Homology], t: str) -> Check:
    """The comparison of H_k(=) with H_k(≥) ⊕ H_k(≤); the claimed and found values are groups as Homology."""
    above, below = groups[">="], groups["<="]
    betti = [a + b for a, b in zip(above.betti, below.betti, strict=True)]
    betti[0] -= 1
    torsion = tuple(invariant_factors(_diagonal((*m, *n))) for m, n in zip(above.torsion, below.torsion, strict=True))
    expected = Homology(tuple(betti), tuple(tuple(m for m in factors if m > 1) for factors in torsion))
    check = Check("Mayer-Vietoris sum", expected, groups["="], f"{{F >= {t}}} and {{F <= {t}}} against {{F = {t}}}")
    if not check.holds:
        raise VerificationError(f"Mayer-Vietoris fails: {check}")
    return check


def _diagonal(entries: tuple[int, ...]) -> list[list[int]]:
    return [[x if i == j else 0 for j in range(len(entries))] for i, x in enumerate(entries)]


def _text(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return "(" + ", ".join(map(_text, value)) + ")"
    return brief(value) if type(value) in (int, Fraction) else str(value)
