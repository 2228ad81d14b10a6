"""The exact geometry of one cell: its vertices and rays, its half-spaces, and a point in its interior."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from polyrelu.exact.linear import null_space, rank
from polyrelu.exact.printing import brief_repr
from polyrelu.geometry.vertices import ExactVertices, IntegerVector

Point = tuple[Fraction, ...]


class HRepresentation(NamedTuple):
    """The polyhedron {x : a·x ≤ b for (b, a) in inequalities, a·x = b for (b, a) in equations}, irredundant.

    Every row (b, a₁, …, a_d) is a primitive integer vector.
    """

    inequalities: tuple[IntegerVector, ...]
    equations: tuple[IntegerVector, ...]

    def __repr__(self) -> str:
        return f"HRepresentation(inequalities={brief_repr(self[0])}, equations={brief_repr(self[1])})"


class VRepresentation(NamedTuple):
    """The polyhedron conv(vertices) + cone(rays) + span(lines), irredundant.

    With lineality the vertices and rays are representatives modulo the lines.
    """

    vertices: tuple[Point, ...]
    rays: tuple[IntegerVector, ...]
    lines: tuple[IntegerVector, ...]

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}={brief_repr(x)}" for name, x in zip(self._fields, self, strict=True))
        return f"VRepresentation({parts})"


def dehomogenised(x: Iterable[int]) -> Point:
    """The point with the homogeneous coordinates x, x₀ > 0."""
    first, *rest = x
    return tuple(Fraction(c, first) for c in rest)


def interior_point(vertices: ExactVertices, q: int, i: int) -> Point:
    """A point in the relative interior of q-cell i: the sum of its homogeneous vertices and rays, dehomogenised."""
    lifted = (vertices.coordinates.lift(vector) for vector in vertices.spanning(q, i))
    return dehomogenised(map(sum, zip(*lifted, strict=True)))


def v_representation(vertices: ExactVertices, q: int, i: int) -> VRepresentation:
    """Vertices, rays and lines of q-cell i."""
    lifted = [vertices.homogeneous(v) for v in extreme_points(vertices, q, i)]
    return VRepresentation(
        tuple(dehomogenised(x) for x in lifted if x[0]),
        tuple(x[1:] for x in lifted if not x[0]),
        vertices.coordinates.lineality,
    )


def extreme_points(vertices: ExactVertices, q: int, i: int) -> list[int]:
    """The vertices and rays of q-cell i as a polyhedron, ascending.

    A decided cell of a coarse complex has others on its facets, of the cells beside it. Its own are those where the
    tight inequalities leave one dimension of the cone, as of any polyhedral cone without lines.
    """
    found: list[int] = vertices.arrays.vertices_of(q, i).tolist()
    if vertices.arrays.decided is None or not vertices.arrays.whole(q)[i]:
        return found
    inequalities, equations = _forms(vertices, q, i)
    inequalities.append((1, *[0] * vertices.coordinates.rank))  # x0 ≥ 0
    own = []
    for v in found:
        x = vertices.vector(v)
        tight = [form for form in inequalities if not sum(a * b for a, b in zip(form, x, strict=True))]
        if rank([*tight, *equations]) == vertices.coordinates.rank:
            own.append(v)
    return own


def h_representation(vertices: ExactVertices, q: int, i: int) -> HRepresentation:
    """Facet inequalities and the equations of the affine hull of q-cell i.

    Every facet that is not at infinity contributes the one inequality that is tight on it: a linear form that vanishes
    on the facet's vertices and rays and not on the cell. All is exact.
    """
    rows = ([vertices.coordinates.pull_back(form) for form in forms] for forms in _forms(vertices, q, i))
    return HRepresentation(*(tuple((c, *(-x for x in a)) for c, *a in forms) for forms in rows))


def _forms(vertices: ExactVertices, q: int, i: int) -> tuple[list[IntegerVector], list[IntegerVector]]:
    """(forms that are ≥ 0 on q-cell i, one for each geometric facet; a basis of those that vanish on it)."""
    width = vertices.coordinates.rank + 1
    own = vertices.spanning(q, i)
    inside = [sum(column) for column in zip(*own, strict=True)]
    inequalities: dict[IntegerVector, None] = {}  # pieces of one facet have the same forms
    for f in vertices.arrays.finite_facets_of(q, i):
        for form in null_space(vertices.spanning(q - 1, f), width):
            value = sum(a * b for a, b in zip(form, inside, strict=True))
            if value:
                inequalities[tuple(x if value > 0 else -x for x in form)] = None
                break
    return list(inequalities), [tuple(form) for form in null_space(own, width)]
