"""An acyclic matching of the cells of a chain complex, and the maps to and from the complex of its critical cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from heapq import heappop, heappush
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.topology.chain import ChainComplex

Chain = dict[int, int]
"""A chain or a cochain: the number of a cell within its degree and its coefficient, zeros left out."""

Indices = npt.NDArray[np.int32]

_LONG = -(2**31) + 1  # in place of an image: a chain that is neither 0 nor plus or minus a critical cell


class Matching:
    """The matching that coreduction finds in a chain complex C, the complex M of its critical cells, and maps between.

    Attributes
    ----------
    complex : ChainComplex
        C.
    critical_complex : ChainComplex
        M. Its cells of degree k are `critical(k)`, in this order.

    Notes
    -----
    Coreduction (Mrozek and Batko 2009) removes the cells of C in steps. A step removes a pair (a, b) with
    ∂b = u a + cells removed before, u = ±1; or, in the least degree that is left, a critical cell, whose boundary is
    removed already. The projection p : C → M is defined in the order of removal by p(c) = c, p(b) = 0 and
    p(a) = −u p(∂b − u a). The way back, ι : M → C, takes a chain x to the chain of x and upper partners b in whose
    boundary no lower partner a occurs. Both are chain maps and isomorphisms in homology, and p ι = 1: sections 7 and 8
    of docs/mathematics.md have the proofs.
    """

    def __init__(
        self, complex_: ChainComplex, critical_complex: ChainComplex, partner: Indices, step: Indices, image: Indices
    ) -> None:
        """From the arrays that `_core.trace_reduction` returns, which has their meaning."""
        self.complex = complex_
        self.critical_complex = critical_complex
        self._first = [0, *accumulate(complex_.ranks)]
        self._partner, self._step, self._image = partner, step, image

    # ---- what is matched ---------------------------------------------------------------------------------------

    def critical(self, degree: int) -> npt.NDArray[np.int64]:
        """The critical cells of a degree, in the order of their removal, which is ascending."""
        return np.flatnonzero(self._of(self._partner, degree) < 0)

    def pairs(self, degree: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Lower and upper partners: cells a of degree − 1 and b of the degree ≥ 1, in the order of their removal."""
        partner = self._of(self._partner, degree)
        upper = np.flatnonzero((partner >= 0) & (partner < self._first[degree]))
        upper = upper[np.argsort(self._of(self._step, degree)[upper])]
        return partner[upper].astype(np.int64) - self._first[degree - 1], upper

    def steps(self, degree: int) -> Indices:
        """For every cell of a degree the number of the step that removes it; a pair is removed in one."""
        steps = self._of(self._step, degree).view()
        steps.flags.writeable = False
        return steps

    def components(self) -> list[tuple[int, int]] | None:
        """For every cell x of degree 0 (c, s) with p(x) = s c, s = ±1; None if some x has no such image."""
        image = self._of(self._image, 0)
        if np.any((image == 0) | (image == _LONG)):
            return None
        return list(zip((np.abs(image) - 1).tolist(), np.sign(image).tolist(), strict=True))

    # ---- the maps ----------------------------------------------------------------------------------------------

    def lift(self, chain: Mapping[int, int], degree: int) -> Chain:
        """ι of a chain of M."""
        critical = self.critical(degree)
        lifted = {int(critical[i]): value for i, value in chain.items() if value}
        if degree == 0 or not lifted:
            return lifted
        column = self._columns(degree)
        end = self._first[degree]
        partner, step = (self._of(x, degree - 1).data for x in (self._partner, self._step))
        uncancelled: Chain = {}  # the coefficients of lower partners in the boundary
        heap: list[tuple[int, int]] = []

        def add(faces: list[tuple[int, int]], factor: int) -> None:
            for x, value in faces:
                if partner[x] >= end:
                    if x not in uncancelled:
                        uncancelled[x] = 0
                        heappush(heap, (-step[x], x))
                    uncancelled[x] += factor * value

        for cell, factor in list(lifted.items()):
            add(column(cell), factor)
        while heap:
            _, a = heappop(heap)
            if coefficient := uncancelled[a]:  # all that can still come in was removed before a
                b = partner[a] - end
                faces = column(b)
                lifted[b] = -coefficient * next(value for x, value in faces if x == a)
                add(faces, lifted[b])
        return lifted

    def pull_back(self, cochains: Mapping[int, Chain], degree: int) -> dict[int, Chain]:
        """Cochains f_0, f_1, … of M composed with p, all together: cell → {i: f_i(p(cell))}, zeros left out.

        `cochains`: the same for M, critical cell → {i: f_i}. Values must not be changed: cells share them.
        """
        image = self._of(self._image, degree)
        # Images ± a critical cell on which some f_i is not 0; number 0 stands for the image 0.
        found = np.zeros(self.critical_complex.ranks[degree] + 1, dtype=np.bool_)
        found[[i + 1 for i, values in cochains.items() if values]] = True
        is_long = image == _LONG
        cells = np.flatnonzero(found[np.where(is_long, 0, np.abs(image))])
        known: dict[int, Chain] = {}
        for i, values in cochains.items():
            known[i + 1], known[-1 - i] = values, {j: -v for j, v in values.items()}
        pulled = {cell: known[x] for cell, x in zip(cells.tolist(), image[cells].tolist(), strict=True)}
        long_ = np.flatnonzero(is_long)
        if not len(long_) or not pulled:
            return pulled
        long_ = long_[np.argsort(self._of(self._step, degree)[long_])]
        uppers = self._of(self._partner, degree)[long_] - self._first[degree + 1]
        column = self._columns(degree + 1)
        for a, b in zip(long_.tolist(), uppers.tolist(), strict=True):
            unit, total = 0, Chain()
            for x, value in column(b):
                if x == a:
                    unit = value
                elif x in pulled:
                    for i, f in pulled[x].items():
                        total[i] = total.get(i, 0) + value * f
            if total := {i: -unit * f for i, f in total.items() if f}:
                pulled[a] = total
        return pulled

    # ---- access ------------------------------------------------------------------------------------------------

    def _of(self, array: Indices, degree: int) -> Indices:
        return array[self._first[degree] : self._first[degree + 1]]

    def _columns(self, degree: int) -> Callable[[int], list[tuple[int, int]]]:
        """The boundary of a cell of the degree, as Python integers."""
        indptr, indices, data = (_integers(x) for x in self.complex.boundary_arrays(degree))

        def column(cell: int) -> list[tuple[int, int]]:
            part = slice(indptr[cell], indptr[cell + 1])
            return list(zip(indices[part], data[part], strict=True))

        return column


def _integers(array: npt.NDArray[Any]) -> Sequence[int]:
    """The same values, to be taken out as Python integers: of words without a copy."""
    return array.tolist() if array.dtype == object else array.data
