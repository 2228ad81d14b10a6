"""From a network to the homology of its decision region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Unpack

from polyrelu.analysis.formula_homology import analyse_formulas
from polyrelu.analysis.parts import PartsOptions, asks_for_parts, solve
from polyrelu.analysis.problems import Problem
from polyrelu.errors import InputError, RegionError
from polyrelu.exact.limits import memory_is_a_limit, read_flag
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import describe, entries, exact
from polyrelu.geometry.hull import on_slice
from polyrelu.geometry.region import RELATIONS, read_relation
from polyrelu.geometry.subdivision import Options, cells_in_core, read_domain, read_level, subdivided
from polyrelu.markup import line
from polyrelu.network.formula import Formula, read_formula
from polyrelu.network.network import Network
from polyrelu.topology.coefficients import Coefficients, read_coefficients
from polyrelu.topology.groups import homology_in_core
from polyrelu.topology.homology import Homology, homology


@dataclass(frozen=True)
class RegionReport:
    """The homology of the region {F relation level}, and the cells it was found from; made by `analyse_region`.

    Attributes
    ----------
    network : Network
        The network F: R^d → R.
    relation : str
        One of ">", ">=", "<", "<=", "=".
    level : Fraction
        The level t.
    homology : Homology
        The homology of the region, integral unless other coefficients were asked for.
    cells : tuple of int
        The number of cells in dimensions 0..d of the complex that was used.
    is_coarse : bool
        Whether that is a coarse complex for the level, not C(F, level) itself.
    n_parts : int
        The number of parts in which it was made.
    """

    network: Network
    relation: str
    level: Fraction
    homology: Homology
    cells: tuple[int, ...]
    is_coarse: bool
    n_parts: int = 1

    @property
    def f_vector(self) -> tuple[int, ...] | None:
        """The number of cells of C(F, level) in dimensions 0..d; None if a coarse complex was used."""
        return None if self.is_coarse else self.cells

    @property
    def complex_name(self) -> str:
        """The complex that was used, in words."""
        name = f"C(F, {brief(self.level)})"
        name = f"a coarse complex for {name}" if self.is_coarse else name
        return name if self.n_parts == 1 else f"{name} in {self.n_parts} parts"

    @property
    def architecture(self) -> tuple[int, ...]:
        """The architecture (d, n₁, …, 1) of the network."""
        return self.network.architecture

    @property
    def betti(self) -> tuple[int, ...]:
        """The Betti numbers in degrees 0..d−1."""
        return self.homology.betti

    @property
    def torsion(self) -> tuple[tuple[int, ...], ...]:
        """The invariant factors greater than 1 in degrees 0..d−1."""
        return self.homology.torsion

    @property
    def euler_characteristic(self) -> int:
        """The alternating sum of the Betti numbers."""
        return self.homology.euler_characteristic

    @property
    def n_regions(self) -> int | None:
        """The number of d-cells of C(F, level); None if a coarse complex was used."""
        return None if self.is_coarse else self.cells[-1]

    def _repr_html_(self) -> str:
        region = f"{{F {self.relation} {brief(self.level)}}} of {self.network!r}"
        note = f"computed from {self.complex_name} with {', '.join(map(str, self.cells))} cells by dimension"
        return line(region) + self.homology._repr_html_() + line(note)


def analyse_region(
    network: Network,
    relation: str = ">",
    level: Any = 0,
    domain: Any = None,
    *,
    coarse: bool = True,
    parts: int | str | None = None,
    work_dir: Any = None,
    client: Any = None,
    coefficients: Coefficients = "Z",
    **options: Unpack[Options],
) -> RegionReport:
    """The homology of {F relation level}, integral by default, with the numbers of cells it was found from.

    Parameters
    ----------
    network : Network
        The network F: R^d → R, with one output.
    relation : str, default ">"
        One of ">", ">=", "<", "<=", "=".
    level : exact number, default 0
        The level t.
    domain : Domain or box, optional
        A polyhedron with which the region is intersected. The default is R^d.
    coarse : bool, default True
        Whether to use a coarse complex, as `subdivide` makes it: the homology is the same, and cells far from F = t
        are not made. Otherwise C(F, level) is made, and the report has its f-vector.
    parts : int or "auto", optional
        The number of parts into which the domain is cut by neurons: one part at a time (`threads` at a time) is made,
        reduced, and forgotten, so that the memory is that of a part. 1: the whole. "auto": as many as keep parts to
        some two million cells. The default is "auto" with several threads and no `max_cells`, with a work directory and
        with a cluster, and the whole otherwise. The homology does not depend on it.
    work_dir : path, optional
        A directory in which the parts that are done are kept. A run that was ended goes on where it was. It is made if
        it is not there; one of another problem is refused.
    client : distributed.Client, optional
        A Dask client, whose workers make the parts.
    coefficients : "Z", "Q", or a prime number, default "Z"
        As for `homology`.
    **options
        Options of `subdivide`. With parts, `threads` is the number of parts made at a time, `max_cells` is a limit for
        each part, and so is `max_memory`, which the threads share; a part that exceeds them is cut further.

    Returns
    -------
    RegionReport
        The homology and the numbers of cells, exact. Of homology that was found in parts there are no cycles.

    Raises
    ------
    RegionError
        If the relation is not one of the five.
    InputError
        If another argument is wrong, as `subdivide` raises it.
    LimitError
        If a limit of cells or memory is reached, and with parts no neuron cuts the part further.
    FileError
        If the work directory cannot be used.

    Notes
    -----
    docs/large.md says how parts are put together, and which route is for what size.

    Examples
    --------
    >>> import polyrelu as pr
    >>> report = pr.analyse_region(pr.shells((2, 8, 3, 1), [2]), ">", coarse=False)
    >>> report.betti, report.torsion, report.f_vector
    ((6, 2), ((), ()), (108, 235, 128))
    >>> print(pr.analyse_region(pr.shells((2, 8, 3, 1), [2]), coefficients=2).homology)
    H_0 = F_2^6, H_1 = F_2^2
    """
    how: PartsOptions = {"parts": parts, "work_dir": work_dir, "client": client}
    return _analysed(network, (read_relation(relation),), level, domain, coarse, coefficients, how, options)[relation]


def analyse_regions(
    network: Network,
    relations: Sequence[str] = tuple(RELATIONS),
    level: Any = 0,
    domain: Any = None,
    *,
    coarse: bool = True,
    parts: int | str | None = None,
    work_dir: Any = None,
    client: Any = None,
    coefficients: Coefficients = "Z",
    **options: Unpack[Options],
) -> dict[str, RegionReport]:
    """The homology of {F relation level} for several relations, all five by default, from one subdivision.

    Parameters
    ----------
    network : Network
        The network F: R^d → R, with one output.
    relations : sequence of str, optional
        Some of ">", ">=", "<", "<=", "=".
    level : exact number, default 0
        The level t. For several levels see `analyse_formulas`.
    domain : Domain or box, optional
        A polyhedron with which the regions are intersected. The default is R^d.
    coarse : bool, default True
        As for `analyse_region`, like the four that follow.
    parts : int or "auto", optional
        The number of parts.
    work_dir : path, optional
        A directory that keeps the parts that are done.
    client : distributed.Client, optional
        A Dask client, whose workers make the parts.
    coefficients : "Z", "Q", or a prime number, default "Z"
        As for `homology`.
    **options
        Options of `subdivide`.

    Returns
    -------
    dict
        For each relation the `RegionReport`.

    Raises
    ------
    RegionError
        If a relation is not one of the five.
    InputError, LimitError, FileError
        As `analyse_region` raises them.

    Examples
    --------
    >>> import polyrelu as pr
    >>> found = pr.analyse_regions(pr.shells((2, 8, 3, 1), [2]), parts=4)
    >>> [(relation, report.betti) for relation, report in found.items()]
    [('>', (6, 2)), ('>=', (6, 2)), ('<', (5, 4)), ('<=', (5, 4)), ('=', (10, 6))]
    """
    read = entries(relations, "relations")
    if read is None:
        raise InputError(f"relations: expected a sequence of relations, got {describe(relations)}")
    if not len(read):
        raise InputError("relations: none is given")
    names = tuple(dict.fromkeys(map(read_relation, read)))
    how: PartsOptions = {"parts": parts, "work_dir": work_dir, "client": client}
    return _analysed(network, names, level, domain, coarse, coefficients, how, options)


def _analysed(
    network: Network,
    relations: tuple[str, ...],
    level: Any,
    domain: Any,
    coarse: bool,
    coefficients: Coefficients,
    how: PartsOptions,
    options: Options,
) -> dict[str, RegionReport]:
    ring = read_coefficients(coefficients)
    if level is None:
        raise InputError("level: expected an exact number, got None")
    network, domain, _ = on_slice(network, read_domain(domain, network))
    in_parts: PartsOptions = {**options, **how}
    if asks_for_parts(in_parts):
        t = read_level(network, level)
        assert t is not None
        problem = Problem(network, t, domain, relations, read_flag(coarse, "coarse"))
        found = solve(problem, in_parts)
        groups, cells, is_coarse, n_parts = found.homology, found.f_vector, problem.coarse, found.n_parts
    else:
        cx, _ = subdivided(network, level, domain, 0, options, coarse=read_flag(coarse, "coarse"))
        assert cx.level is not None
        t, cells, is_coarse, n_parts = cx.level, cx.f_vector, cx.is_coarse, 1
        max_memory, progress = options.get("max_memory"), options.get("progress")
        groups = {x: homology(cx.region(x), max_memory=max_memory, progress=progress) for x in relations}
    over = {x: groups[x].with_coefficients(ring) for x in relations}
    return {x: RegionReport(network, x, t, over[x], cells, is_coarse, n_parts) for x in relations}


def betti_numbers(
    network: Network,
    relation: str = ">",
    level: Any = 0,
    domain: Any = None,
    *,
    where: Formula | str | None = None,
    coarse: bool = True,
    parts: int | str | None = None,
    work_dir: Any = None,
    client: Any = None,
    coefficients: Coefficients = "Z",
    **options: Unpack[Options],
) -> tuple[int, ...]:
    """The Betti numbers (β₀, …, β_{d−1}) of {x : F(x) relation level}, or of the points where a formula holds.

    Parameters
    ----------
    network : Network
        The network F: R^d → R^n; one output unless `where` is given.
    relation : str, default ">"
        One of ">", ">=", "<", "<=", "=".
    level : exact number, default 0
        The level t.
    domain : Domain or box, optional
        A polyhedron with which the region is intersected. The default is R^d.
    where : Formula or str, optional
        A formula such as "0 < F <= 1" or "F0 > 0 and F1 >= F0", in place of relation and level; see `Formula`.
    coarse : bool, default True
        Whether to use a coarse complex; see `analyse_region`. It makes no difference to the numbers, nor to a formula,
        for which the complete complex is refined.
    parts : int or "auto", optional
        As for `analyse_region`, like the two that follow.
    work_dir : path, optional
        A directory that keeps the parts that are done.
    client : distributed.Client, optional
        A Dask client, whose workers make the parts.
    coefficients : "Z", "Q", or a prime number, default "Z"
        As for `homology`.
    **options
        Options of `subdivide`.

    Returns
    -------
    tuple of int
        The ranks of the unreduced homology in degrees 0..d−1, integral by default.

    Raises
    ------
    RegionError
        If the relation or the formula is wrong, or both are given.
    InputError
        If another argument is wrong, as `subdivide` raises it.
    LimitError
        If a limit of cells or memory is reached.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[-1, -1]]], [[0, 0], [1]])  # F(x) = 1 − |x|
    >>> pr.betti_numbers(net), pr.betti_numbers(net, "=")
    ((1,), (2,))
    >>> pr.betti_numbers(net, where="0 < F <= 1/2")
    (2,)
    """
    if where is None:
        read_relation(relation)
        how: PartsOptions = {"parts": parts, "work_dir": work_dir, "client": client}
        if not asks_for_parts({**options, **how}):
            return _betti_numbers(network, relation, level, domain, coarse, coefficients, options)
        return _analysed(network, (relation,), level, domain, coarse, coefficients, how, options)[relation].betti
    if not isinstance(relation, str) or relation != ">" or exact(level, "level") != 0:
        raise RegionError("where: a formula takes the place of level and relation; give one or the other")
    read_flag(coarse, "coarse")
    formula = read_formula(where)
    report = analyse_formulas(
        network, formula, domain, parts=parts, work_dir=work_dir, client=client, coefficients=coefficients, **options
    )
    return report.betti[0]


@memory_is_a_limit
def _betti_numbers(
    network: Network,
    relation: str,
    level: Any,
    domain: Any,
    coarse: bool,
    coefficients: Coefficients,
    options: Options,
) -> tuple[int, ...]:
    """The numbers of `analyse_region` from the whole, without arrays of its cells, which only cycles need."""
    ring = read_coefficients(coefficients)
    if level is None:
        raise InputError("level: expected an exact number, got None")
    network, domain, _ = on_slice(network, read_domain(domain, network))
    cells, _ = cells_in_core(network, level, domain, options, coarse=read_flag(coarse, "coarse"))
    max_memory, progress = options.get("max_memory"), options.get("progress")
    return homology_in_core(cells, relation, network.input_dim, max_memory, progress).with_coefficients(ring).betti
