"""Topological expressivity, Definition 1 of the paper."""

from __future__ import annotations

from typing import Any, Unpack

from polyrelu.analysis.pipeline import analyse_region
from polyrelu.geometry.subdivision import Options
from polyrelu.network.network import Network


def topological_expressivity(
    network: Network, level: Any = 0, domain: Any = None, **options: Unpack[Options]
) -> tuple[int, ...]:
    """The topological expressivity of a network: the Betti numbers (β₀, …, β_{d−1}) of the closed set {F ≤ 0}.

    Definition 1 of Ergen & Grillo, Topological Expressivity of ReLU Neural Networks (COLT 2024). It is about the class
    F ≤ 0; for {F > 0} and {F ≥ 0}, the usual subject here, see `betti_numbers`. Exact, as everything here.

    Parameters
    ----------
    network : Network
        With one output.
    level : number, optional
        t in place of 0, for {F ≤ t}.
    domain : Domain, optional
        A polyhedron K, for K ∩ {F ≤ t}.
    **options
        As for `subdivide`.

    Returns
    -------
    tuple of int

    Raises
    ------
    InputError, LimitError
        As `subdivide`.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.paper_network([2, 2], [3, 3])
    >>> pr.topological_expressivity(net)
    (18, 2, 4)
    """
    return analyse_region(network, "<=", level, domain, **options).betti
