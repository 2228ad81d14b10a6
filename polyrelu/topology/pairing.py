"""Persistent homology of a filtered chain complex over a field: which cell ends the class that a cell begins."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polyrelu import _core
from polyrelu.topology.chain import ChainComplex


class Pairs(NamedTuple):
    """Classes of persistent homology of one degree, by the cells that begin them.

    Attributes
    ----------
    births, deaths : arrays of int32
        Cells of the degree that begin a class, and the cells of the next degree that end it.
    essential : array of int32
        Cells that begin a class that nothing ends.
    """

    births: npt.NDArray[np.int32]
    deaths: npt.NDArray[np.int32]
    essential: npt.NDArray[np.int32]


def pairs(complex_: ChainComplex, characteristic: int) -> list[Pairs]:
    """The pairs of a filtered chain complex over a field, by degree.

    Parameters
    ----------
    complex_ : ChainComplex
        A complex with a basis of cells, those of each degree in the order in which they come. No face comes later than
        its cell.
    characteristic : int
        A prime p below 2^31 for the field of p elements, or 0 for the rational numbers.

    Returns
    -------
    list of Pairs
        For each degree 0..n, each cell being in one pair, or essential.

    Notes
    -----
    By union-find in degree 0, and in the top degree of a complex in R^n, and by reduction of columns elsewhere
    (`_cpp/pairing.hpp`).

    References
    ----------
    H. Edelsbrunner, D. Letscher, A. Zomorodian, Topological persistence and simplification, Discrete & Computational
    Geometry 28 (2002).
    """
    ranks = complex_.ranks
    columns = [complex_.boundary_arrays(k) for k in range(1, len(ranks))]
    found = [*_core.persistence_pairs(ranks, columns, characteristic), (_NONE, _NONE)]
    paired = [np.zeros(rank, np.bool_) for rank in ranks]
    for k, (births, deaths) in enumerate(found):
        paired[k][births] = True
        if len(deaths):
            paired[k + 1][deaths] = True
    return [Pairs(b, d, np.flatnonzero(~x).astype(np.int32)) for (b, d), x in zip(found, paired, strict=True)]


_NONE = np.zeros(0, np.int32)
