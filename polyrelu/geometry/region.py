"""Sets of cells of a polyhedral complex, and the regions in which a network lies above, on or below its level."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from functools import cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from polyrelu.errors import RegionError
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import describe
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.immutable import Immutable
from polyrelu.markup import table
from polyrelu.network.network import Network

RELATIONS: dict[str, frozenset[int]] = {
    ">": frozenset({1}),
    ">=": frozenset({0, 1}),
    "<": frozenset({-1}),
    "<=": frozenset({-1, 0}),
    "=": frozenset({0}),
}
"""The signs of F − t that satisfy each relation."""

_COMPARISONS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "=": operator.eq}


def read_relation(relation: object) -> str:
    """The relation itself; RegionError unless it is one of `RELATIONS`."""
    if not isinstance(relation, str) or relation not in RELATIONS:
        raise RegionError(f"relation: expected one of >, >=, <, <=, =, got {describe(relation)}")
    return relation


class AnyComplex(Protocol):
    """The part of the interface of a complex that a set of its cells uses."""

    @property
    def network(self) -> Network: ...
    @property
    def input_dim(self) -> int: ...
    @property
    def coordinates(self) -> Any: ...
    @property
    def arrays(self) -> Any: ...
    @property
    def n_finite_vertices(self) -> int: ...
    def n_cells(self, k: int) -> int: ...
    def cells(self, k: int) -> SparseRows: ...
    def facets(self, k: int) -> SparseRows: ...
    def bounded_modulo_lineality(self, k: int) -> npt.NDArray[np.bool_]: ...
    def on_boundary(self, k: int) -> npt.NDArray[np.bool_]: ...
    def contains(self, x: Any) -> bool: ...


class LeveledComplex(AnyComplex, Protocol):
    """A complex refined by a level set."""

    @property
    def level(self) -> Any: ...
    def signs(self, k: int) -> npt.NDArray[np.int8]: ...


_MEMBERS = [name for kind in (AnyComplex, LeveledComplex) for name in vars(kind) if not name.startswith("_")]


@cache
def _is_complex(kind: type) -> bool:
    """Whether a class has the interface of a complex; isinstance() takes long each time."""
    return all(hasattr(kind, name) for name in _MEMBERS)


class CellSet(Immutable, ABC):
    """The union of the relative interiors of some cells of a complex. Immutable.

    The set may be open in the domain (`is_open`), closed (`is_closed`), or neither. `chain_complex` and `homology`
    accept every CellSet. A subclass defines which cells belong to the set, in `mask`.
    """

    __slots__ = ("_complex",)

    _complex: Any  # an AnyComplex; typed Any so that `complex` returns the type that was passed

    def __init__(self, complex: AnyComplex) -> None:
        self._put(_complex=complex)

    @property
    def complex(self) -> Any:
        """The PolyhedralComplex whose cells these are."""
        return self._complex

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether the set is open in the domain."""

    @property
    def is_closed(self) -> bool:
        """Whether the set is closed. By default a set is closed if it is not open; a subclass may decide otherwise."""
        return not self.is_open

    @abstractmethod
    def mask(self, k: int) -> npt.NDArray[np.bool_]:
        """For every k-cell of the complex: whether its relative interior lies in the set.

        Parameters
        ----------
        k : int
            A dimension, k ≤ d. Below the dimension λ of the lineality space there are no cells, and the array is empty.

        Returns
        -------
        ndarray of bool, length n_cells(k)
            A new array. If the set is closed, a cell whose relative interior lies in the set lies in it entirely.

        Raises
        ------
        PointError
            If k is not an integer, or larger than d.
        """

    @abstractmethod
    def contains(self, x: Any) -> bool:
        """Whether the point x lies in the set, and so in the domain; decided exactly.

        Parameters
        ----------
        x : sequence of exact numbers, length d
            The point.
        """

    def cells(self, k: int) -> npt.NDArray[np.int64]:
        """The indices of the k-cells in the set, ascending."""
        return np.flatnonzero(self.mask(k))

    @property
    def f_vector(self) -> tuple[int, ...]:
        """The number of cells in the set by dimension 0..d, as the complex numbers its cells."""
        low: int = self._complex.coordinates.lineality_dim
        d: int = self._complex.input_dim
        counts = tuple(int(self.mask(k).sum()) for k in range(low, d + 1))
        return (0,) * (d + 1 - len(counts)) + counts

    def _repr_html_(self) -> str:
        return table(repr(self), ["dimension", "cells"], enumerate(self.f_vector))


def cell_outside(inner: CellSet, outer: CellSet) -> tuple[int, int] | None:
    """(dimension, number) of a cell of a set that is none of another set of the same complex; None for a subset."""
    cx = inner.complex
    for k in range(cx.coordinates.lineality_dim, cx.input_dim + 1):
        beyond = np.flatnonzero(inner.mask(k) & ~outer.mask(k))
        if len(beyond):
            return k, int(beyond[0])
    return None


class DecidedSet(CellSet):
    """A set of cells of which it is decided from the cells whether it is open, closed or neither. Immutable."""

    __slots__ = ("_closed", "_open")

    _open: bool | None
    _closed: bool | None

    def __init__(self, complex: AnyComplex) -> None:
        super().__init__(complex)
        self._put(_open=None, _closed=None)

    @property
    def is_open(self) -> bool:
        """Whether the set is open in the domain: with each cell it contains all cells of which that cell is a face."""
        if self._open is None:
            self._put(_open=not self._has_face_across(inside=True))
        return bool(self._open)

    @property
    def is_closed(self) -> bool:
        """Whether the set is closed: with each cell it contains all faces of that cell."""
        if self._closed is None:
            self._put(_closed=not self._has_face_across(inside=False))
        return bool(self._closed)

    def _has_face_across(self, inside: bool) -> bool:
        """Whether a facet in the set belongs to a cell outside it, or, unless `inside`, the other way round.

        Facets suffice: a chain of facets leads from a cell to each of its faces, and if one of the two is in the set
        and the other is not, some step of the chain enters or leaves the set.
        """
        low = self._complex.coordinates.lineality_dim
        below = self.mask(low)
        for k in range(low + 1, self._complex.input_dim + 1):
            facets = self._complex.facets(k)
            mask = self.mask(k)
            on_facet, on_cell = below[facets.index], facets.spread(mask)
            if (on_facet & ~on_cell if inside else on_cell & ~on_facet).any():
                return True
            below = mask
        return False


class Region(CellSet):
    """The set {x : F(x) relation t} in a complex C(F, t), for one of the relations >, >=, <, <= and =. Immutable.

    `PolyhedralComplex.region` makes it. The region is the union of the relative interiors of its cells. For > and < it
    is open in the domain, otherwise it is closed.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # F(x) = |x|
    >>> region = pr.subdivide(net, level=1).region(">")
    >>> region.f_vector, region.contains([-2]), region.is_open
    ((0, 2), True, True)
    """

    __slots__ = ("_relation",)

    _relation: str

    def __init__(self, complex: LeveledComplex, relation: str) -> None:
        read_relation(relation)
        if not _is_complex(type(complex)):
            raise RegionError(f"region: expected a PolyhedralComplex, got {describe(complex)}")
        if complex.level is None:
            raise RegionError(
                f"region {relation!r}: the complex has no level set; use subdivide(network, level=t), with t = 0 say"
            )
        super().__init__(complex)
        self._put(_relation=relation)

    def __reduce__(self) -> tuple[Any, ...]:
        return Region, (self._complex, self._relation)

    @property
    def relation(self) -> str:
        """One of ">", ">=", "<", "<=", "="."""
        return self._relation

    @property
    def is_open(self) -> bool:
        """Whether the region is open in the domain (relations > and <)."""
        return self._relation in "><"

    def mask(self, k: int) -> npt.NDArray[np.bool_]:
        """For every k-cell of the complex, k ≤ d: whether its relative interior lies in the region.

        A cell whose relative interior lies in a closed region lies in it entirely, since F is continuous.
        """
        mask: npt.NDArray[np.bool_] = _COMPARISONS[self._relation](self._complex.signs(k), 0)
        return mask

    def contains(self, x: Any) -> bool:
        """Whether the point x (d exact numbers) lies in the region, and so in the domain; decided exactly."""
        if not self._complex.contains(x):
            return False
        value = self._complex.network(x) - self._complex.level
        return (value > 0) - (value < 0) in RELATIONS[self._relation]

    def __repr__(self) -> str:
        return f"Region(F {self._relation} {brief(self._complex.level)} of {self._complex.network!r})"
