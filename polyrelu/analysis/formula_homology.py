"""From a network to the homology of the sets where formulas hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from polyrelu.analysis.parts import PartsOptions, asks_for_parts, solve
from polyrelu.analysis.problems import FormulasProblem
from polyrelu.geometry.hull import on_slice
from polyrelu.geometry.refinement import checked_formulas, refine
from polyrelu.geometry.subdivision import Options, read_domain
from polyrelu.markup import table
from polyrelu.network.formula import Formula
from polyrelu.network.network import Network
from polyrelu.topology.coefficients import Coefficients, read_coefficients
from polyrelu.topology.homology import Homology, homology


@dataclass(frozen=True)
class FormulasReport:
    """The homology of the sets where some formulas hold; made by `analyse_formulas`.

    Attributes
    ----------
    network : Network
        The network F: R^d → R^n.
    formulas : tuple of Formula
        The formulas, in the order in which they were given.
    homology : tuple of Homology
        For each formula the homology of the set where it holds, integral unless other coefficients were asked for.
    is_open, is_closed : tuple of bool
        For each formula whether that set is open in the domain, and whether it is closed.
    f_vector : tuple of int
        The number of cells in dimensions 0..d of C(F), refined by what the formulas compare.
    n_parts : int
        The number of parts in which it was made.
    """

    network: Network
    formulas: tuple[Formula, ...]
    homology: tuple[Homology, ...]
    is_open: tuple[bool, ...]
    is_closed: tuple[bool, ...]
    f_vector: tuple[int, ...]
    n_parts: int = 1

    @property
    def betti(self) -> tuple[tuple[int, ...], ...]:
        """For each formula the Betti numbers in degrees 0..d−1."""
        return tuple(groups.betti for groups in self.homology)

    def _repr_html_(self) -> str:
        rows = zip(map(str, self.formulas), map(str, self.homology), strict=True)
        return table(f"Sets where formulas hold, of {self.network!r}", ["formula", "homology"], rows)


def analyse_formulas(
    network: Network,
    formulas: Formula | str | Sequence[Formula | str],
    domain: Any = None,
    *,
    parts: int | str | None = None,
    work_dir: Any = None,
    client: Any = None,
    coefficients: Coefficients = "Z",
    **options: Unpack[Options],
) -> FormulasReport:
    """The homology of the sets where formulas hold, all from one subdivision; such as several levels.

    Parameters
    ----------
    network : Network
        The network F: R^d → R^n.
    formulas : Formula or str, or a sequence of them
        Conditions such as "0 < F <= 1" or "F0 > 0 and F1 >= F2"; see `Formula`.
    domain : Domain or box, optional
        A polyhedron with which the sets are intersected. The default is R^d.
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
    FormulasReport
        The homology of each set, exact, and the number of cells.

    Raises
    ------
    RegionError
        If a text is not a formula, or a formula contains an output that the network does not have.
    InputError
        If another argument is wrong, as `refine` raises it.
    LimitError
        If a limit of cells or memory is reached, and with parts no neuron cuts the part further.
    FileError
        If the work directory cannot be used.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # F(x) = |x|
    >>> found = pr.analyse_formulas(net, ["F > 1", "F > 2", "1 <= F < 2"])
    >>> found.betti, found.is_open, found.f_vector
    (((2,), (2,), (2,)), (True, True, False), (5, 6))
    """
    read = checked_formulas(network, formulas)
    ring = read_coefficients(coefficients)
    network, domain, _ = on_slice(network, read_domain(domain, network))
    in_parts: PartsOptions = {**options, "parts": parts, "work_dir": work_dir, "client": client}
    if asks_for_parts(in_parts):
        found = solve(FormulasProblem(network, domain, read), in_parts)
        groups = tuple(found.homology[str(i)].with_coefficients(ring) for i in range(len(read)))
        is_open, is_closed = (tuple(not n for n in found.tallies[kind::2]) for kind in (0, 1))
        return FormulasReport(network, read, groups, is_open, is_closed, found.f_vector, found.n_parts)
    refinement = refine(network, read, domain, **options)
    regions = [refinement.region(formula) for formula in read]
    max_memory, progress = options.get("max_memory"), options.get("progress")
    return FormulasReport(
        network,
        read,
        tuple(homology(region, coefficients=ring, max_memory=max_memory, progress=progress) for region in regions),
        tuple(region.is_open for region in regions),
        tuple(region.is_closed for region in regions),
        refinement.complex.f_vector,
    )
