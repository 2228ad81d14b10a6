"""Identity of networks: whether two of them compute the same function, decided exactly."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Unpack

from polyrelu.errors import InputError, NetworkError, VerificationError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.printing import BriefRepr
from polyrelu.exact.rational import describe
from polyrelu.geometry.complex import Point, PolyhedralComplex
from polyrelu.geometry.subdivision import Options, subdivide
from polyrelu.network.network import Network


@dataclass(frozen=True, repr=False)
class Comparison(BriefRepr):
    """The outcome of `identical`: true in a boolean context iff the two networks are the same function.

    regions: the number of regions of F − G on which it was decided.
    witness: a rational point where the values differ, or None; values: the outputs of both there.
    """

    identical: bool
    regions: int
    witness: Point | None = None
    values: tuple[Any, Any] | None = None

    def __bool__(self) -> bool:
        return self.identical


def subtract(f: Network, g: Network) -> Network:
    """The network F − G, its hidden layers those of F and G side by side.

    Where one is shallower, its outputs are handed on by neurons with slope 1 (identity). Raises NetworkError if the
    numbers of inputs or of outputs differ, InputError for what is not a Network.
    """
    for net in (f, g):
        if not isinstance(net, Network):
            raise InputError(f"identity: expected two Networks, got {describe(net)}")
    for what, m, n in (("inputs", f.input_dim, g.input_dim), ("outputs", f.output_dim, g.output_dim)):
        if m != n:
            raise NetworkError(f"the networks have {m} and {n} {what}; to be compared they need the same number")
    if f.units and g.units and f.units != g.units:
        raise NetworkError(f"the networks take inputs in {f.units[0]}, and in {g.units[0]}: not the same numbers")
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
    """Whether F(x) = G(x) for all x in the domain (R^d if None), and a witness if not. Options as for `subdivide`.

    F − G is a network, affine on each region of its canonical complex. It vanishes on a region, which has interior
    points, iff its affine map there is zero; these maps are computed in exact integers on every region. If one is not
    zero, it does not vanish at all of: the vertices of the region, and these moved along its rays; for the vertices
    and rays of a pointed polyhedron span its affine hull, and along the lineality space F − G is constant.

    Raises NetworkError if inputs or outputs do not match, InputError for what is not a Network, and what `subdivide`
    raises.
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
    """The case without hidden layers: an affine map that is not zero differs from it at a point of every simplex."""
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
