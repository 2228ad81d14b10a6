"""Whether two networks compute the same function, decided exactly."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Unpack

from polyrelu.errors import InputError, NetworkError, VerificationError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.printing import BriefRepr
from polyrelu.exact.rational import describe
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.representations import Point
from polyrelu.geometry.subdivision import Options, subdivide
from polyrelu.network.network import Network


@dataclass(frozen=True, repr=False)
class Comparison(BriefRepr):
    """The outcome of `identical`; true in a boolean context iff the two networks are the same function.

    Attributes
    ----------
    identical : bool
        Whether F = G on the domain.
    regions : int
        The number of regions of the complex of F − G on which this was decided.
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


def subtract(f: Network, g: Network) -> Network:
    """The network F − G, whose hidden layers are those of F and G side by side.

    If one is shallower, neurons of slope 1 (identity) pass its outputs on.

    Parameters
    ----------
    f, g : Network
        Two networks with the same numbers of inputs and outputs.

    Returns
    -------
    Network
        The difference, with the assumptions of both.

    Raises
    ------
    NetworkError
        If the numbers of inputs or of outputs, or the units of the inputs, differ.
    InputError
        If an argument is not a Network.
    """
    for net in (f, g):
        if not isinstance(net, Network):
            raise InputError(f"identical: expected two Networks, got {describe(net)}")
    for what, m, n in (("inputs", f.input_dim, g.input_dim), ("outputs", f.output_dim, g.output_dim)):
        if m != n:
            raise NetworkError(f"expected networks with equally many {what}, got {m} and {n}")
    if f.units and g.units and f.units != g.units:
        raise NetworkError(f"expected networks with inputs in the same units, got {f.units[0]} and {g.units[0]}")
    depth = max(f.depth, g.depth)
    left, right = _deepened(f, depth), _deepened(g, depth)
    weights: list[Any] = []
    biases: list[Any] = []
    slopes: list[Any] = []
    for layer in range(depth + 1):
        a, b = left.weights[layer], right.weights[layer]
        if layer == depth:
            weights.append([[*p, *(-x for x in q)] for p, q in zip(a, b, strict=True)] if depth else _minus(a, b))
            biases.append([p - q for p, q in zip(left.biases[layer], right.biases[layer], strict=True)])
        else:
            if layer == 0:
                weights.append([*a, *b])
            else:
                weights.append([[*row, *[0] * len(b[0])] for row in a] + [[*[0] * len(a[0]), *row] for row in b])
            biases.append([*left.biases[layer], *right.biases[layer]])
            slopes.append([*left.slopes[layer], *right.slopes[layer]])
    return Network(weights, biases, slopes).noted(*f.assumptions, *g.assumptions, units=f.units or g.units)


def _minus(a: Any, b: Any) -> list[list[Fraction]]:
    return [[x - y for x, y in zip(p, q, strict=True)] for p, q in zip(a, b, strict=True)]


def _deepened(net: Network, depth: int) -> Network:
    """The same function with `depth` hidden layers, the last ones linear."""
    weights, biases, slopes = list(net.weights), list(net.biases), list(net.slopes)
    n = net.output_dim
    while len(slopes) < depth:
        slopes.append((Fraction(1),) * n)
        weights.append(tuple(tuple(Fraction(i == j) for j in range(n)) for i in range(n)))
        biases.append((Fraction(0),) * n)
    return Network(weights, biases, slopes)


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
    difference = subtract(f, g)
    if difference.depth == 0:
        return _affine(f, g, difference, domain)
    cx = subdivide(difference, None, domain, **options)
    region = cx.nonzero_region()
    if region is None:
        return Comparison(True, cx.n_regions)
    x = _witness(difference, cx, region)
    return Comparison(False, cx.n_regions, x, (f(x), g(x)))


def _affine(f: Network, g: Network, difference: Network, domain: Any) -> Comparison:
    """The comparison of networks without hidden layers.

    An affine map that is not zero is not zero at some vertex of every simplex.
    """
    if not any(difference.biases[0]) and not any(map(any, difference.weights[0])):
        return Comparison(True, 1)
    cx = subdivide(difference, None, domain)
    center = cx.interior_point(cx.input_dim, 0)
    for i in range(f.input_dim + 1):
        step = Fraction(1)
        x = center
        while i:
            x = tuple(c + step * (j == i - 1) for j, c in enumerate(center))
            if cx.contains(x):
                break
            step /= 2
        if f(x) != g(x):
            return Comparison(False, 1, x, (f(x), g(x)))
    raise VerificationError("an affine map that is not zero vanishes on a simplex")


def _witness(difference: Network, cx: PolyhedralComplex, region: int) -> Point:
    v = cx.v_representation(cx.input_dim, region)
    candidates = list(v.vertices)
    candidates += [tuple(p + r for p, r in zip(v.vertices[0], ray, strict=True)) for ray in v.rays]
    for x in candidates:
        value = difference(x)
        if any(value) if isinstance(value, tuple) else value:
            return x
    raise VerificationError(f"region {region} has a non-zero affine map that vanishes on its vertices and rays")
