"""A cycle that represents a homology class, and its simplices in space."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from polyrelu.errors import InputError
from polyrelu.exact.printing import brief
from polyrelu.topology.realisation import Realisation

Point = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Cycle:
    """A cycle of degree k in a chain complex: one of a basis of H_k modulo torsion, or a generator of torsion.

    Cycles are equal if their attributes are.

    Attributes
    ----------
    degree : int
        The degree k.
    order : int
        0 for a class of infinite order, otherwise the least m ≥ 2 such that m times the cycle is a boundary.
    terms : tuple of pairs of int
        The pairs (generator of C_k, coefficient ≠ 0), by ascending generator.
    modulus : int
        p for a cycle with coefficients in the field of p elements, which is one modulo p; its order is p. Otherwise 0.
    """

    degree: int
    order: int
    terms: tuple[tuple[int, int], ...]
    _place: Realisation | None = field(default=None, repr=False, compare=False)
    _cells: tuple[int, ...] = field(default=(), repr=False, compare=False)
    modulus: int = 0

    @property
    def coefficients(self) -> dict[int, int]:
        """The coefficients ≠ 0 by the numbers of the generators of C_k, in `chain_complex(region)` for a region."""
        return dict(self.terms)

    @property
    def cell_dimension(self) -> int:
        """The dimension of the cells in `cells`: λ + k in a closed region, d − k in an open one. Needs a region."""
        return self._in_a_region().cell_dimension(self.degree)

    @property
    def cells(self) -> dict[int, int]:
        """The coefficients by the numbers of the cells of the complex, which stand for the simplices of `pieces`.

        InputError if the cycle is one of a chain complex.
        """
        self._in_a_region()
        return {cell: value for cell, (_, value) in zip(self._cells, self.terms, strict=True)}

    def pieces(self) -> list[tuple[tuple[Point, ...], int]]:
        """The cycle as straight simplices in the region: (k + 1 points of R^d with exact coordinates, coefficient ≠ 0).

        The simplex (p_0, …, p_k) has the boundary Σ (−1)^i (p_0, …, without p_i, …, p_k), and the boundaries of all
        simplices cancel exactly, or modulo p (VerificationError otherwise). In a closed region they are its bounded
        cells in the cycle, triangulated. In an open region they make up the cells dual to those in `cells`: for k = 1,
        paths that cross the (d−1)-cells. Section 8 of docs/mathematics.md has the proofs. With lineality all lies in
        the section where the dropped coordinates are zero. InputError if the cycle is one of a chain complex.
        """
        return self._in_a_region().simplices(self.degree, self.cells, self.modulus)

    def _in_a_region(self) -> Realisation:
        if self._place is None:
            raise InputError("a cycle of a chain complex has no place in space; use homology(region)")
        return self._place

    def __repr__(self) -> str:
        order = f"order {brief(self.order)}" if self.order else "infinite order"
        order = f"modulo {self.modulus}" if self.modulus else order
        number, plural = len(self.terms), "s" * (len(self.terms) != 1)
        if self._place is None:
            where = f"{number} generator{plural} of C_{brief(self.degree)}"
        else:
            where = f"{number} cell{plural} of dimension {self.cell_dimension} in {self._place.region!r}"
        return f"Cycle(degree {brief(self.degree)}, {order}, {where})"

    def __str__(self) -> str:
        """Such as "1-cycle on 12 cells"."""
        order = f" modulo {self.modulus}" if self.modulus else f" of order {brief(self.order)}" if self.order else ""
        return f"{self.degree}-cycle{order} on {len(self.terms)} cell{'s' * (len(self.terms) != 1)}"
