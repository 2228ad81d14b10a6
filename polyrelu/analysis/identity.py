"""Whether two networks compute the same function, decided exactly."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt

from polyrelu.analysis.trial_points import in_doubles, trial_points
from polyrelu.errors import InputError, VerificationError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.printing import BriefRepr
from polyrelu.exact.rational import describe, primitive
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.hull import on_slice
from polyrelu.geometry.representations import Point
from polyrelu.geometry.subdivision import Options, check_options, read_domain, subdivided
from polyrelu.network.intervals import OutputBounds
from polyrelu.network.network import Network

Floats = npt.NDArray[np.float64]

TRIED_EXACTLY = 4
"""The number of points at which networks are compared exactly, whatever their bounds say."""

SMALLER = Fraction(4, 5)
"""The vertices of one network's complex are tried if it has at most this share of the neurons of the difference."""

CHUNK = 10_000
"""The number of points whose bounds are computed at a time."""


@dataclass(frozen=True, repr=False)
class Comparison(BriefRepr):
    """The outcome of `identical`; true in a boolean context iff the two networks are the same function.

    Attributes
    ----------
    identical : bool
        Whether F = G on the domain.
    regions : int
        The number of regions on which this was decided: of the complex of F − G; of that of one of the networks, if
        they differ at a vertex of it; 0 if they differ at a point that was tried before.
    witness : tuple of Fraction, or None
        A point where the values differ; None if there is none.
    values : tuple, or None
        The outputs (F(x), G(x)) at the witness.
    """

    identical: bool
    regions: int
    witness: Point | None = None
    values: tuple[Any, Any] | None = None

    def __bool__(self) -> bool:
        return self.identical


@memory_is_a_limit
def identical(
    f: Network,
    g: Network,
    domain: Any = None,
    **options: Unpack[Options],
) -> Comparison:
    """Whether F(x) = G(x) for all x in the domain, decided exactly, and a witness if not.

    Parameters
    ----------
    f, g : Network
        Two networks with the same numbers of inputs and outputs.
    domain : Domain or box, optional
        Where they are compared. The default is R^d.
    **options
        Options of `subdivide`.

    Returns
    -------
    Comparison
        True in a boolean context iff the two are the same function. If not, it holds a point where they differ, and the
        values there.

    Raises
    ------
    NetworkError
        If the numbers of inputs or of outputs, or the units of the inputs, differ.
    InputError
        If an argument is not a Network, or as `subdivide` raises it.
    LimitError
        If a limit of cells or memory is reached.

    Notes
    -----
    F − G is a network, affine on each region of its canonical complex. It vanishes on a region iff its affine map there
    is zero, because the region has interior points. These maps are computed in exact integers on every region. If one
    is not zero, it does not vanish at all vertices of the region and all points v + r, with v a vertex and r a ray. For
    these points span the affine hull of a pointed polyhedron, and F − G is constant along the lineality space.

    Most networks that differ do so almost everywhere. So F − G is first evaluated at the origin, at some vertices of
    the domain and at random rational points, the same ones every time, then at the vertices and rays of the complex of
    the network with fewer neurons. The first difference ends the work. Neurons of G that are multiples of neurons of F
    are not repeated in F − G. If nothing is left of it, as for a copy of F whose neurons have been permuted and scaled,
    that is the proof.

    Examples
    --------
    >>> import polyrelu as pr
    >>> absolute = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])
    >>> found = pr.identical(absolute, pr.Network([[[1]], [[1]]], [[0], [0]]))  # |x| and max(0, x)
    >>> bool(found), found.witness, found.values
    (False, (Fraction(-1, 1),), (Fraction(1, 1), Fraction(0, 1)))
    >>> bool(pr.identical(absolute, pr.Network([[[2], [-2]], [["1/2", "1/2"]]], [[0, 0], [0]])))
    True
    """
    for net in (f, g):
        if not isinstance(net, Network):
            raise InputError(f"identical: expected two Networks, got {describe(net)}")
    check_options(options)
    region = read_domain(domain, f)
    smaller = min(f, g, key=_neurons)
    difference, region, where = on_slice((f - g).without_unused(), region)
    regions, x = _decide(difference, smaller if where is None else where.restrict(smaller), region, options)
    if x is None:
        return Comparison(True, regions)
    x = x if where is None else where.point(x)
    return Comparison(False, regions, x, (f(x), g(x)))


def _decide(difference: Network, smaller: Network, domain: Domain | None, options: Options) -> tuple[int, Point | None]:
    """The number of regions on which it was decided whether the difference vanishes, and a point where it does not."""
    if not any(difference.biases[-1]) and not any(map(any, difference.weights[-1])):
        return 1, None
    points = trial_points(domain, difference.input_dim)
    if points and _differs(difference, points[0]):
        return 0, points[0]
    bounds = OutputBounds(difference)
    certain = _certain(bounds, *in_doubles([primitive([1, *x]) for x in points])) if points else []
    for x in [points[i] for i in certain[:1]] + points[1:TRIED_EXACTLY]:
        if _differs(difference, x):
            return 0, x
    if difference.depth == 0:
        return 1, _of_affine(difference, domain)
    if 0 < _neurons(smaller) <= SMALLER * _neurons(difference):
        cx, _ = subdivided(smaller, None, domain, 0, options)
        certain = _certain(bounds, *cx.enclosures())
        if len(certain):
            return cx.n_regions, _near(difference, cx, certain[0])
    cx, _ = subdivided(difference, None, domain, 0, options)
    region = cx.nonzero_region()
    return cx.n_regions, None if region is None else _witness(difference, cx, region)


def _neurons(network: Network) -> int:
    return sum(map(len, network.slopes))


def _differs(difference: Network, x: Point) -> bool:
    value = difference(x)
    return any(value) if isinstance(value, tuple) else bool(value)


def _certain(bounds: OutputBounds, points: Floats, errors: Floats) -> list[int]:
    """The numbers of the points, known with errors, where some output is certainly not zero."""
    errors = errors if errors.ndim == 2 else np.repeat(errors[:, None], points.shape[1], axis=1)
    found: list[int] = []
    for start in range(0, len(points), CHUNK):
        low, high = bounds(points[start : start + CHUNK], errors[start : start + CHUNK])
        found += (start + np.flatnonzero(((low > 0) | (high < 0)).any(axis=1))).tolist()
        if found:
            break
    return found


def _near(difference: Network, cx: PolyhedralComplex, v: int) -> Point:
    """A point where the difference does not vanish, given a vertex or ray of a complex where it certainly does not.

    Far out along a ray r the difference is s D_∞(r) plus something bounded, for points x + s r.
    """
    if v < cx.n_finite_vertices:
        return cx.vertex(v)
    base, ray, s = cx.vertex(0), cx.ray(v), 1
    while not _differs(difference, x := tuple(p + s * r for p, r in zip(base, ray, strict=True))):
        s *= 2
    return x


def _of_affine(difference: Network, domain: Domain | None) -> Point:
    """A point of the domain where an affine map that is not zero does not vanish.

    It is not zero at some vertex of every simplex.
    """
    cx, _ = subdivided(difference, None, domain, 0, {})
    center = cx.interior_point(cx.input_dim, 0)
    for i in range(cx.input_dim + 1):
        step = Fraction(1)
        x = center
        while i:
            x = tuple(c + step * (j == i - 1) for j, c in enumerate(center))
            if cx.contains(x):
                break
            step /= 2
        if _differs(difference, x):
            return x
    raise VerificationError("an affine map that is not zero vanishes on a simplex")


def _witness(difference: Network, cx: PolyhedralComplex, region: int) -> Point:
    v = cx.v_representation(cx.input_dim, region)
    candidates = list(v.vertices)
    candidates += [tuple(p + r for p, r in zip(v.vertices[0], ray, strict=True)) for ray in v.rays]
    for x in candidates:
        if _differs(difference, x):
            return x
    raise VerificationError(f"region {region} has a non-zero affine map that vanishes on its vertices and rays")
