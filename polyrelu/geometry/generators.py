"""The inequalities of a polyhedron that is given by points and rays, by the double description method."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from polyrelu.errors import LimitError
from polyrelu.exact.rational import primitive

MAX_PAIRS = 5 * 10**6
"""Maximum number of pairs of rays that are compared in one step: about a minute."""

Vector = tuple[int, ...]


def dual_generators(generators: Sequence[Sequence[Fraction | int]]) -> tuple[list[Vector], list[Vector]]:
    """(lines, rays) of the cone {y : g · y ≥ 0 for every generator g}: its lineality space, and the rays modulo it.

    Parameters
    ----------
    generators : sequence of sequences of exact numbers
        At least one vector, all of one length.

    Returns
    -------
    tuple of two lists
        A basis of the lineality space and a representative of each extreme ray modulo it, primitive integer vectors.

    Raises
    ------
    LimitError
        If more than MAX_PAIRS pairs of rays would be compared in one step.

    Notes
    -----
    The double description method of Motzkin, Raiffa, Thompson and Thrall (1953), in integers. The half-spaces are
    intersected one after another. If a line leaves the hyperplane of the next one, it becomes a ray, and all others are
    moved along it into the hyperplane. Otherwise rays beyond the hyperplane are replaced by the points in it of the
    two-dimensional faces that they span with rays before it. Two rays span such a face iff no third one lies in all the
    hyperplanes in which both lie.
    """
    n = len(generators[0])
    lines = [tuple(int(i == j) for j in range(n)) for i in range(n)]
    rays: list[Vector] = []
    zeros: list[int] = []  # for each ray, the hyperplanes in which it lies, by bits
    for k, g in enumerate(dict.fromkeys(primitive(g) for g in generators if any(g))):
        leaving = next((x for x in lines if _dot(g, x)), None)
        if leaving is not None:
            if (value := _dot(g, leaving)) < 0:
                leaving, value = tuple(-x for x in leaving), -value
            others = [x for x in lines if x not in (leaving, tuple(-y for y in leaving))]
            lines, rays = ([_into(g, x, leaving, value) for x in found] for found in (others, rays))
            zeros = [z | 1 << k for z in zeros]
            rays.append(leaving)
            zeros.append((1 << k) - 1)  # a line lay in all the hyperplanes before
            continue
        values = [_dot(g, ray) for ray in rays]
        before = [i for i, v in enumerate(values) if v > 0]
        beyond = [i for i, v in enumerate(values) if v < 0]
        if len(before) * len(beyond) > MAX_PAIRS:
            count = len(before) * len(beyond)
            raise LimitError(f"hull: {count} pairs of facets would be compared in one step, more than {MAX_PAIRS}")
        made: dict[Vector, int] = {}
        for i in before:
            for j in beyond:
                common = zeros[i] & zeros[j]
                if not any(common & ~z == 0 for m, z in enumerate(zeros) if m not in (i, j)):
                    ray = primitive([values[i] * y - values[j] * x for x, y in zip(rays[i], rays[j], strict=True)])
                    made[ray] = common | 1 << k
        kept = [i for i, v in enumerate(values) if v >= 0]
        zeros = [zeros[i] | (1 << k if values[i] == 0 else 0) for i in kept] + list(made.values())
        rays = [rays[i] for i in kept] + list(made)
    return lines, rays


def _into(g: Sequence[int], x: Vector, leaving: Vector, value: int) -> Vector:
    """The vector x, moved along a line with g · line = value > 0 into the hyperplane of g."""
    height = _dot(g, x)
    return primitive([value * p - height * q for p, q in zip(x, leaving, strict=True)])


def _dot(g: Sequence[int], x: Sequence[int]) -> int:
    return sum(p * q for p, q in zip(g, x, strict=True) if p)
