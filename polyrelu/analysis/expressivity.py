"""Topological expressivity, Definition 1 of the paper."""

from __future__ import annotations

from typing import Any, Unpack

from polyrelu.analysis.pipeline import analyse_region
from polyrelu.geometry.subdivision import Options
from polyrelu.network.network import Network


def topological_expressivity(
    network: Network, level: Any = 0, domain: Any = None, *, coarse: bool = True, **options: Unpack[Options]
) -> tuple[int, ...]:
    """The topological expressivity of a network: the Betti numbers of the closed set {F ≤ 0}.

    Parameters
    ----------
    network : Network
        The network F: R^d → R, with one output.
    level : exact number, default 0
        The level t in place of 0, for {F ≤ t}.
    domain : Domain or box, optional
        A polyhedron K, for K ∩ {F ≤ t}. The default is R^d.
    coarse : bool, default True
        Whether to use a coarse complex; see `analyse_region`. The numbers are the same.
    **options
        Options of `subdivide`.

    Returns
    -------
    tuple of int
        The Betti numbers (β₀, …, β_{d−1}).

    Raises
    ------
    InputError
        If an argument is wrong, as `subdivide` raises it.
    LimitError
        If a limit of cells or memory is reached.

    Notes
    -----
    Definition 1 of the paper is about the class F ≤ 0. For {F > 0} and {F ≥ 0} see `betti_numbers`.

    References
    ----------
    Ergen & Grillo, *Topological Expressivity of ReLU Neural Networks* (COLT 2024), Definition 1.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.paper_network([2, 2], [3, 3])
    >>> pr.topological_expressivity(net)
    (18, 2, 4)
    """
    return analyse_region(network, "<=", level, domain, coarse=coarse, **options).betti
