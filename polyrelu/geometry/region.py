"""CellSet: a union of cells of a polyhedral complex; Region: where the network is above, on or below its level."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NoReturn, Protocol

import numpy as np
import numpy.typing as npt

from polyrelu.errors import RegionError
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import describe
from polyrelu.markup import table
from polyrelu.network.network import Network

Facets = tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int8]]

RELATIONS: dict[str, frozenset[int]] = {
    ">": frozenset({1}),
    ">=": frozenset({0, 1}),
    "<": frozenset({-1}),
    "<=": frozenset({-1, 0}),
    "=": frozenset({0}),
}
"""Each relation with the signs of F − t that satisfy it."""


def distinct(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The distinct values, ascending. (`numpy.unique` may hash, and takes ten times as long then.)"""
    ordered = np.sort(values)
    first = np.ones(len(ordered), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


class AnyComplex(Protocol):
    """What a set of cells needs to know of the complex it is cut from."""

    @property
    def network(self) -> Network: ...
    @property
    def input_dim(self) -> int: ...
    @property
    def coordinates(self) -> Any: ...
    @property
    def n_finite_vertices(self) -> int: ...
    def n_cells(self, k: int) -> int: ...
    def cells(self, k: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]: ...
    def facets(self, k: int) -> Facets: ...
    def bounded_modulo_lineality(self, k: int) -> npt.NDArray[np.bool_]: ...
    def on_boundary(self, k: int) -> npt.NDArray[np.bool_]: ...
    def contains(self, x: Any) -> bool: ...


class LeveledComplex(AnyComplex, Protocol):
    """A complex that is refined by a level set."""

    @property
    def level(self) -> Any: ...
    def signs(self, k: int) -> npt.NDArray[np.int8]: ...


class CellSet(ABC):
    """A subset of the domain of a complex that is the union of the relative interiors of some of its cells.

    Whether it is open in the domain, closed, or neither say `is_open` and `is_closed`. Immutable. What `chain_complex`
    and `homology` take; the kinds of sets there are say in `mask` which cells they consist of.
    """

    __slots__ = ("_complex",)

    _complex: Any  # an AnyComplex; typed Any so that users get back what they put in

    def __init__(self, complex: AnyComplex) -> None:
        object.__setattr__(self, "_complex", complex)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} cannot be changed")

    @property
    def complex(self) -> Any:
        """The PolyhedralComplex it is a part of."""
        return self._complex

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether the set is open in the domain."""

    @property
    def is_closed(self) -> bool:
        """Whether the set is closed; one that is not open is, unless the kind of set says otherwise."""
        return not self.is_open

    @abstractmethod
    def mask(self, k: int) -> npt.NDArray[np.bool_]:
        """For every k-cell of the complex (λ ≤ k ≤ d): whether its relative interior lies in the set. A new array.

        For a closed set this says that the whole cell does.
        """

    @abstractmethod
    def contains(self, x: Any) -> bool:
        """Whether the point x (d exact numbers) lies in the set (and in the domain); decided exactly."""

    def cells(self, k: int) -> npt.NDArray[np.int64]:
        """The indices of the k-cells in the set, ascending."""
        return np.flatnonzero(self.mask(k))

    @property
    def f_vector(self) -> tuple[int, ...]:
        """The number of numbered cells in the set by dimension 0..d."""
        low: int = self._complex.coordinates.lineality_dim
        d: int = self._complex.input_dim
        counts = tuple(int(self.mask(k).sum()) for k in range(low, d + 1))
        return (0,) * (d + 1 - len(counts)) + counts

    def _repr_html_(self) -> str:
        return table(repr(self), ["dimension", "cells"], enumerate(self.f_vector))


class Region(CellSet):
    """The set {x : F(x) relation t} in a complex C(F, t), for the relations >, >=, <, <= and =.

    With > and < the region is relatively open in the domain, else it is closed. Made by `PolyhedralComplex.region`;
    immutable. The region is the union of the relative interiors of its cells.
    """

    __slots__ = ("_relation",)

    _relation: str

    def __init__(self, complex: LeveledComplex, relation: str) -> None:
        if not isinstance(relation, str) or relation not in RELATIONS:
            raise RegionError(f"relation: expected one of >, >=, <, <=, =, got {describe(relation)}")
        if complex.level is None:
            raise RegionError(
                f"region {relation!r}: the complex has no level set; use subdivide(network, level=t), with t = 0 say"
            )
        super().__init__(complex)
        object.__setattr__(self, "_relation", relation)

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
        """For every k-cell of the complex (λ ≤ k ≤ d): whether its relative interior lies in the region.

        For a closed region this says that the whole cell does: F ≥ t on the interior carries over to the closure.
        """
        signs = self._complex.signs(k)
        chosen = np.array([sign in RELATIONS[self._relation] for sign in (-1, 0, 1)])
        mask: npt.NDArray[np.bool_] = chosen[signs + 1]
        return mask

    def contains(self, x: Any) -> bool:
        """Whether the point x (d exact numbers) lies in the region (and in the domain); decided exactly."""
        if not self._complex.contains(x):
            return False
        value = self._complex.network(x) - self._complex.level
        return (value > 0) - (value < 0) in RELATIONS[self._relation]

    def __repr__(self) -> str:
        return f"Region(F {self._relation} {brief(self._complex.level)} of {self._complex.network!r})"
