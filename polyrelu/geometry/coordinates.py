"""Coordinates of the input space modulo the lineality space that all cells of a complex share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from polyrelu.errors import LimitError
from polyrelu.exact.rational import primitive

MAX_BASIS = 5 * 10**7
"""Maximum number of entries in a basis of the lineality space."""


@dataclass(frozen=True)
class Coordinates:
    """The quotient of R^d by a linear subspace, represented by the points whose dropped coordinates are zero.

    Attributes
    ----------
    input_dim : int
        The dimension d.
    kept : tuple of int, length r
        The input coordinates that are coordinates of the quotient.
    dropped : tuple of int, length d − r
        The other input coordinates.
    projection : tuple of tuples of Fraction, r × (d − r)
        The matrix T such that x and (x_kept + T x_dropped, 0) differ by an element of the subspace. So the subspace is
        {x : x_kept + T x_dropped = 0}.
    """

    input_dim: int
    kept: tuple[int, ...]
    dropped: tuple[int, ...]
    projection: tuple[tuple[Fraction, ...], ...]

    @cached_property
    def lineality(self) -> tuple[tuple[int, ...], ...]:
        """A basis of the subspace, one primitive integer vector for each dropped coordinate, zero in the other ones.

        Raises
        ------
        LimitError
            If the basis has more than `MAX_BASIS` entries.
        """
        if not self.has_basis:
            raise LimitError(
                f"a basis of the lineality space, {self.lineality_dim} vectors of length {self.input_dim}, is too large"
            )
        basis = []
        for t, j in enumerate(self.dropped):
            vector: list[Fraction | int] = [0] * self.input_dim
            vector[j] = 1
            for i, k in enumerate(self.kept):
                vector[k] = -self.projection[i][t]
            basis.append(primitive(vector))
        return tuple(basis)

    @property
    def has_basis(self) -> bool:
        """Whether `lineality` is small enough to be computed."""
        return self.lineality_dim * self.input_dim <= MAX_BASIS

    @property
    def lineality_dim(self) -> int:
        """The dimension d − r of the subspace."""
        return len(self.dropped)

    @property
    def rank(self) -> int:
        """The dimension r of the quotient."""
        return len(self.kept)

    def project(self, x: Sequence[Fraction]) -> tuple[int, ...]:
        """The image of the point x of R^d in the quotient as a primitive vector of length r + 1, x0 first."""
        values: list[Fraction] = [Fraction(1)]
        for i, k in enumerate(self.kept):
            shift = (t * x[j] for t, j in zip(self.projection[i], self.dropped, strict=True)) if self.dropped else ()
            values.append(sum(shift, x[k]))
        return primitive(values)

    def lift(self, vector: Sequence[int]) -> tuple[int, ...]:
        """A homogeneous vector of R^d (length d + 1, zero where dropped) over one of the quotient (length r + 1)."""
        out = [0] * (self.input_dim + 1)
        out[0] = vector[0]
        for i, k in enumerate(self.kept):
            out[k + 1] = vector[i + 1]
        return tuple(out)

    def pull_back(self, form: Sequence[int]) -> tuple[int, ...]:
        """The pull-back to R^d (length d + 1, primitive) of an affine form on the quotient (length r + 1)."""
        return primitive(self.extend(form))

    def extend(self, form: Sequence[int]) -> list[Fraction]:
        """The pull-back to R^d (length d + 1, the same scale) of an affine form on the quotient (constant first)."""
        out: list[Fraction] = [Fraction(0)] * (self.input_dim + 1)
        out[0] = Fraction(form[0])
        for i, k in enumerate(self.kept):
            out[k + 1] = Fraction(form[i + 1])
        for t, j in enumerate(self.dropped):
            out[j + 1] = sum((form[i + 1] * self.projection[i][t] for i in range(self.rank)), Fraction(0))
        return out
