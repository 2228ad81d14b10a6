"""Reduction of a chain complex within fibers of an order-preserving map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from polyrelu import _core
from polyrelu.topology.chain import ChainComplex


def reduce_within_fibers(
    complex_: ChainComplex, fibers: Sequence[npt.NDArray[np.integer]]
) -> tuple[list[npt.NDArray[np.int32]], ChainComplex]:
    """The critical cells by degree, and the complex that they span, of a matching within fibers.

    Parameters
    ----------
    complex_ : ChainComplex
        A complex with a basis of cells.
    fibers : sequence of integer arrays
        For each degree the numbers ≥ 0 of the fibers of the cells. All faces of a cell lie in its fiber or in fibers
        with smaller numbers.

    Returns
    -------
    cells : list of arrays
        For each degree the numbers of the critical cells.
    critical : ChainComplex
        The complex of the critical cells, in this order. It is homotopy equivalent to the given one.

    Notes
    -----
    Pairs with incidence ±1 in one fiber are removed by coreduction, fiber after fiber (`_cpp/coreduction.hpp` has the
    proof). A critical cell stays in its fiber, and its boundary in the critical complex consists of cells in its fiber
    and earlier ones. What happens in a fiber depends on the cells in it and the fibers that meet its closure, and on
    their order, and on nothing else. That ∂∂ = 0 is checked in the critical complex.

    References
    ----------
    D. Kozlov, Combinatorial Algebraic Topology, Theorem 11.10 (patchwork).
    """
    columns = [complex_.boundary_arrays(k) for k in range(1, len(complex_.ranks))]
    numbers = np.concatenate([np.asarray(x, np.int32) for x in fibers])
    cells, boundary = _core.reduce_within_fibers(complex_.ranks, columns, numbers)
    return cells, ChainComplex.from_arrays([len(x) for x in cells], boundary)
