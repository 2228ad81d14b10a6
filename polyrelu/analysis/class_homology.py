"""From a classifier to the homology of the regions of its classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np

from polyrelu.analysis.parts import PartsOptions, asks_for_parts, solve
from polyrelu.analysis.problems import BOUNDARY, ClassesProblem, class_name
from polyrelu.exact.limits import read_flag
from polyrelu.geometry.classes import check_classifier, classify
from polyrelu.geometry.hull import on_slice
from polyrelu.geometry.subdivision import Options, read_domain
from polyrelu.markup import table
from polyrelu.network.network import Network
from polyrelu.topology.coefficients import Coefficients, read_coefficients
from polyrelu.topology.homology import Homology, homology


@dataclass(frozen=True)
class ClassesReport:
    """The homology of the regions of all classes and of the decision boundary; made by `analyse_classes`.

    Attributes
    ----------
    network : Network
        The network F: R^d → R^n.
    closed : bool
        Whether ties belong to the regions: {F_i ≥ F_j for all j}, not {F_i > F_j for all j ≠ i}.
    classes : tuple of Homology
        For each class, in the order of the outputs, the homology of its region, integral unless other coefficients were
        asked for.
    boundary : Homology
        The homology of the decision boundary, where several outputs are the largest.
    tied_regions : int
        The number of d-cells on which several outputs are the largest.
    cells : tuple of int
        The number of cells in dimensions 0..d of the complex that was used.
    is_coarse : bool
        Whether that is a coarse complex.
    n_parts : int
        The number of parts in which it was made.
    """

    network: Network
    closed: bool
    classes: tuple[Homology, ...]
    boundary: Homology
    tied_regions: int
    cells: tuple[int, ...]
    is_coarse: bool
    n_parts: int = 1

    @property
    def f_vector(self) -> tuple[int, ...] | None:
        """The number of cells in dimensions 0..d of the complex of `classify`; None if a coarse complex was used."""
        return None if self.is_coarse else self.cells

    @property
    def betti(self) -> tuple[tuple[int, ...], ...]:
        """For each class the Betti numbers in degrees 0..d−1."""
        return tuple(groups.betti for groups in self.classes)

    def _repr_html_(self) -> str:
        rows = [*enumerate(map(str, self.classes)), ("boundary", str(self.boundary))]
        return table(f"Classes of {self.network!r}", ["class", "homology"], rows)


def analyse_classes(
    network: Network,
    domain: Any = None,
    closed: bool = False,
    *,
    coarse: bool = True,
    parts: int | str | None = None,
    work_dir: Any = None,
    client: Any = None,
    coefficients: Coefficients = "Z",
    **options: Unpack[Options],
) -> ClassesReport:
    """The homology of the regions of all classes and of the decision boundary, all from one subdivision.

    Parameters
    ----------
    network : Network
        The network F: R^d → R^n, with at least two outputs.
    domain : Domain or box, optional
        A polyhedron with which the classes are intersected. The default is R^d.
    closed : bool, default False
        Whether ties belong to their classes: the region of class i is {F_i ≥ F_j for all j}, not {F_i > F_j for all
        j ≠ i}.
    coarse : bool, default True
        Whether to use a coarse complex; see `classify`. The homology is the same.
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
    ClassesReport
        The homology, exact, and the numbers of cells.

    Raises
    ------
    RegionError
        If the network has one output.
    InputError
        If another argument is wrong, as `classify` raises it.
    LimitError
        If a limit of cells or memory is reached, and with parts no neuron cuts the part further.
    FileError
        If the work directory cannot be used.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[0, 0], [1, 1]]], [[0, 0], [1, 0]])  # F(x) = (1, |x|)
    >>> found = pr.analyse_classes(net, coarse=False)
    >>> found.betti, found.boundary.betti, found.tied_regions, found.f_vector
    (((1,), (2,)), (2,), 0, (3, 4))
    """
    how: PartsOptions = {"parts": parts, "work_dir": work_dir, "client": client}
    return _analysed(network, domain, closed, coarse, True, coefficients, how, options)


def class_betti_numbers(
    network: Network,
    domain: Any = None,
    closed: bool = False,
    *,
    coarse: bool = True,
    parts: int | str | None = None,
    work_dir: Any = None,
    client: Any = None,
    coefficients: Coefficients = "Z",
    **options: Unpack[Options],
) -> tuple[tuple[int, ...], ...]:
    """The Betti numbers of every class of a classifier.

    Class i is {x : F_i(x) > F_j(x) for all j ≠ i}, or with `closed` the same with ≥.

    Parameters
    ----------
    network : Network
        The network F: R^d → R^n, with at least two outputs.
    domain : Domain or box, optional
        A polyhedron with which the classes are intersected. The default is R^d.
    closed : bool, default False
        Whether the classes are closed (≥) or open (>).
    coarse : bool, default True
        Whether to use a coarse complex; see `classify`. The numbers are the same.
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
    tuple of tuple of int
        For each class, in the order of the outputs, the Betti numbers in degrees 0..d−1. All come from one subdivision.

    Raises
    ------
    InputError
        If an argument is wrong, as `classify` raises it.
    LimitError
        If a limit of cells or memory is reached.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[0, 0], [1, 1]]], [[0, 0], [1, 0]])  # F(x) = (1, |x|)
    >>> pr.class_betti_numbers(net)
    ((1,), (2,))
    """
    how: PartsOptions = {"parts": parts, "work_dir": work_dir, "client": client}
    return _analysed(network, domain, closed, coarse, False, coefficients, how, options).betti


def _analysed(
    network: Network,
    domain: Any,
    closed: bool,
    coarse: bool,
    boundary: bool,
    coefficients: Coefficients,
    how: PartsOptions,
    options: Options,
) -> ClassesReport:
    """The report; without `boundary` nothing is found out about that."""
    check_classifier(network)
    ring = read_coefficients(coefficients)
    network, domain, _ = on_slice(network, read_domain(domain, network))
    nothing = Homology((0,) * network.input_dim, ((),) * network.input_dim, ring)
    in_parts: PartsOptions = {**options, **how}
    if asks_for_parts(in_parts):
        coarse = read_flag(coarse, "coarse") and network.depth > 0  # without hidden layers every complex is complete
        problem = ClassesProblem(network, domain, read_flag(closed, "closed"), coarse, boundary)
        found = solve(problem, in_parts)
        return ClassesReport(
            network,
            problem.closed,
            tuple(found.homology[class_name(i)].with_coefficients(ring) for i in range(network.output_dim)),
            found.homology[BOUNDARY].with_coefficients(ring) if boundary else nothing,
            found.tallies[0],
            found.f_vector,
            coarse,
            found.n_parts,
        )
    partition = classify(network, domain, coarse=coarse, **options)
    max_memory, progress = options.get("max_memory"), options.get("progress")
    regions = [partition.region(i, closed) for i in range(partition.n_classes)]
    return ClassesReport(
        network,
        closed,
        tuple(homology(region, coefficients=ring, max_memory=max_memory, progress=progress) for region in regions),
        homology(partition.boundary(), coefficients=ring, max_memory=max_memory, progress=progress)
        if boundary
        else nothing,
        int(np.count_nonzero(partition.class_numbers() < 0)),
        partition.complex.f_vector,
        partition.complex.is_coarse,
    )
