"""Region: the part of a polyhedral complex where the network is above, on or below its level."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from polyrelu.errors import RegionError
from polyrelu.network import Network

Facets = tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int8]]

RELATIONS: dict[str, frozenset[int]] = {
    ">": frozenset({1}),
    ">=": frozenset({0, 1}),
    "<": frozenset({-1}),
    "<=": frozenset({-1, 0}),
    "=": frozenset({0}),
}
"""Each relation with the signs of F − t that satisfy it."""


class LeveledComplex(Protocol):
    """What a region needs to know of the complex it is cut from."""

    @property
    def network(self) -> Network: ...
    @property
    def level(self) -> Any: ...
    @property
    def input_dim(self) -> int: ...
    @property
    def lineality(self) -> Any: ...
    def signs(self, k: int) -> npt.NDArray[np.int8]: ...
    def facets(self, k: int) -> Facets: ...
    def bounded_modulo_lineality(self, k: int) -> npt.NDArray[np.bool_]: ...
    def on_boundary(self, k: int) -> npt.NDArray[np.bool_]: ...
    def contains(self, x: Any) -> bool: ...


class Region:
    """The set {x : F(x) relation t} in a complex C(F, t), for the relations >, >=, <, <= and =.

    With > and < the region is relatively open in the domain, else it is closed. Made by `PolyhedralComplex.region`;
    immutable. The region is the union of the relative interiors of its cells.
    """

    __slots__ = ("_complex", "_relation")

    _complex: Any  # a LeveledComplex; typed Any so that users get back what they put in
    _relation: str

    def __init__(self, complex: LeveledComplex, relation: str) -> None:
        if not isinstance(relation, str) or relation not in RELATIONS:
            raise RegionError(f"relation: expected one of >, >=, <, <=, =, got {relation!r}")
        if complex.level is None:
            raise RegionError(
                f"region {relation!r}: the complex has no level set; use subdivide(network, level=t), with t = 0 say"
            )
        object.__setattr__(self, "_complex", complex)
        object.__setattr__(self, "_relation", relation)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Region cannot be changed")

    def __reduce__(self) -> tuple[Any, ...]:
        return Region, (self._complex, self._relation)

    @property
    def complex(self) -> Any:
        """The PolyhedralComplex it is a part of."""
        return self._complex

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
        allowed = RELATIONS[self._relation]
        return np.isin(signs, np.array(sorted(allowed), dtype=np.int8))

    def cells(self, k: int) -> npt.NDArray[np.int64]:
        """The indices of the k-cells in the region, ascending."""
        return np.flatnonzero(self.mask(k))

    @property
    def f_vector(self) -> tuple[int, ...]:
        """The number of numbered cells in the region by dimension 0..d."""
        low: int = len(self._complex.lineality)
        d: int = self._complex.input_dim
        counts = tuple(int(self.mask(k).sum()) for k in range(low, d + 1))
        return (0,) * (d + 1 - len(counts)) + counts

    def contains(self, x: Any) -> bool:
        """Whether the point x (d exact numbers) lies in the region (and in the domain); decided exactly."""
        if not self._complex.contains(x):
            return False
        value = self._complex.network(x) - self._complex.level
        return (value > 0) - (value < 0) in RELATIONS[self._relation]

    def __repr__(self) -> str:
        return f"Region(F {self._relation} {self._complex.level} of {self._complex.network!r})"
