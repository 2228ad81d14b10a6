"""Stability of a network over a polytope, with a proved radius: section 3 of Ergen & Grillo."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any, NamedTuple, Unpack

from polyrelu.errors import DomainError
from polyrelu.exact.printing import BriefRepr, brief, brief_repr
from polyrelu.exact.rational import exact, primitive
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.hull import on_slice
from polyrelu.geometry.representations import Point
from polyrelu.geometry.subdivision import Options, check_options, read_domain, read_level, subdivide, subdivided
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice
from polyrelu.paper.general_position import Neuron, incidence, vertex_values
from polyrelu.paper.perturbation import certified_radius

_WHY = (
    "stability is defined over a polytope: two unbounded faces that are parallel may meet after any perturbation, "
    "however small"
)


class Obstruction(NamedTuple):
    """The first neuron, in the order of the neurons, that vanishes at a vertex of the complex before it.

    Attributes
    ----------
    vertex : tuple of Fraction
        The vertex.
    neuron : tuple of int
        (layer, number within the layer), both counted from 1; (L + 1, 1) is the output, that is F − t.
    values : tuple of tuples of Fraction
        The values of all neurons there before their activation, layer by layer, F − t last. That of the neuron is
        values[layer − 1][number − 1] = 0.
    """

    vertex: Point
    neuron: Neuron
    values: tuple[tuple[Fraction, ...], ...]

    def __repr__(self) -> str:
        return _repr(self)


class ConstantNeuron(NamedTuple):
    """A neuron that is constant on a region of the layers before it.

    Attributes
    ----------
    neuron : tuple of int
        (layer, number within the layer), as in `Obstruction`.
    point : tuple of Fraction
        An interior point of the region.
    value : Fraction
        The constant; for the output that of F − t.
    """

    neuron: Neuron
    point: Point
    value: Fraction

    def __repr__(self) -> str:
        return _repr(self)


@dataclass(frozen=True, repr=False)
class Stability(BriefRepr):
    """The stability of a network over a polytope, and a proved radius; made by `stability`.

    Attributes
    ----------
    combinatorial : bool
        Whether no hidden neuron vanishes at a vertex of the complex before it.
    topological : bool
        Whether, moreover, the output does not either: F ≠ t at all vertices of C(F).
    radius : Fraction
        A radius for which stability is proved. If no parameter moves by more than this, C(F, t) keeps its faces, and {F
        > t}, {F ≥ t}, {F < t}, {F ≤ t} and {F = t} stay the same up to homeomorphism, within the polytope. Positive if
        topologically stable, otherwise 0.
    obstruction : Obstruction or None
        The reason if the network is not topologically stable.
    printed_combinatorial, printed_topological : bool
        Whether Definitions 44 and 46 hold as they are printed. They also ask that no neuron be constant on a region,
        though one that is constant and not 0 stays away from 0.
    constant : ConstantNeuron or None
        The first neuron, in the order of the neurons, that is constant on a region.
    """

    combinatorial: bool
    topological: bool
    radius: Fraction
    obstruction: Obstruction | None
    printed_combinatorial: bool
    printed_topological: bool
    constant: ConstantNeuron | None

    def __str__(self) -> str:
        if self.topological:
            radius = f"{brief(self.radius)} (about {_decimal(self.radius, 2)})"
            lines = [f"topologically stable: the same for all parameters within {radius}"]
        elif self.combinatorial:
            lines = ["combinatorially stable, but not topologically"]
        else:
            lines = ["not stable"]
        if self.obstruction is not None:
            where = _point(self.obstruction.vertex)
            lines.append(f"{_name(self.obstruction.neuron)} vanishes at the vertex {where}")
        if self.constant is not None:
            neuron, point, value = self.constant
            lines.append(f"{_name(neuron)} is constant, {_short(value)}, near ({', '.join(map(_short, point))})")
        return "\n".join(lines)


def stability(network: Network, domain: Any, level: Any = 0, **options: Unpack[Options]) -> Stability:
    """The stability of a scalar network over a polytope, decided exactly, and a proved radius of stability.

    Parameters
    ----------
    network : Network
        A network F: R^d → R with one output. Activations other than ReLU are admitted; identity neurons (slope 1) are
        left out, as they do not bend F.
    domain : Domain or box
        The polytope: a bounded Domain, or d pairs (lower, upper). It may be flat: see the notes.
    level : exact number, default 0
        The level t. It does not move with the parameters.
    **options
        Options of `subdivide`.

    Returns
    -------
    Stability
        The radius is in the maximum norm of all weights and biases, those of the output included. It is a lower bound
        for the largest one, found on a grid of short numbers.

    Raises
    ------
    DomainError
        If there is no domain or an unbounded one, or as `subdivide` raises it.
    RegionError
        If the network has several outputs.
    InputError
        If another argument is wrong, as `subdivide` raises it.
    LimitError
        If a limit of cells or memory is reached.

    Notes
    -----
    Stability is decided by counting the neurons that vanish at the vertices of C(F, t): the lemma of
    `polyrelu.paper.general_position`. The radius is proved by the theorem of `polyrelu.paper.perturbation`.

    A flat polytope spans a slice t ↦ p + Σ t_i v_i, and all is decided for the network on it, whose first layer has the
    weights W v_i and the biases W p + b. If no entry of W and b moves by more than r, these move by at most r ‖v_i‖₁
    and r (1 + ‖p‖₁). So the radius is that of the network on the slice, divided by the largest of 1, ‖v_i‖₁ and
    1 + ‖p‖₁. Points are those of R^d.

    Definition 44 as printed lets the layer run up to L + 1, which would include the output; Definition 46 adds the
    output to it, so here "combinatorial" is about hidden neurons.

    References
    ----------
    Ergen & Grillo, *Topological Expressivity of ReLU Neural Networks* (COLT 2024), section 3 and appendix C:
    Definitions 44 and 46, Propositions 15, 16, 45 and 47, which prove that some radius exists.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[-1, -1]]], [[0, 0], [1]])  # F(x) = 1 − |x|
    >>> found = pr.stability(net, [(-2, 2)], "1/2")  # both hidden neurons vanish at 0
    >>> found.combinatorial, found.radius, found.obstruction.neuron
    (False, Fraction(0, 1), (1, 2))
    >>> net = pr.Network([[[1], [1]], [[1, -2]]], [[0, -1], [0]])
    >>> pr.stability(net, [(-2, 2)], "1/2").topological
    True
    """
    t = read_level(network, exact(level, "level"))
    if domain is None:
        raise DomainError(f"domain: None stands for all of R^{network.input_dim}, but {_WHY}")
    assert t is not None
    check_options(options)
    network, region, where = on_slice(network, read_domain(domain, network))
    _check_bounded(region, network, where)
    progress = options.get("progress")
    cx, _ = subdivided(network, t, region, 0, options)
    at = incidence(cx)
    found = at.obstruction(network.input_dim)
    obstruction = None
    if found is not None:
        vertex, neuron = found
        obstruction = Obstruction(_in_space(cx.vertex(vertex), where), at.neurons[neuron], vertex_values(cx, vertex))
    output = at.neurons[-1]
    combinatorial = obstruction is None or obstruction.neuron == output
    constant = _constant_neuron(network, cx, options)
    steep = constant is None or constant.neuron == output
    radius = Fraction(0)
    if obstruction is None:
        listener = progress or (lambda what, done, total: None)
        radius = certified_radius(cx, at, lambda done, total: listener("vertices", done, total))
        radius /= _sensitivity(where)
    if constant is not None:
        constant = constant._replace(point=_in_space(constant.point, where))
    return Stability(
        combinatorial,
        obstruction is None,
        radius,
        obstruction,
        combinatorial and steep,
        obstruction is None and constant is None,
        constant,
    )


def away_from_zero(network: Network, domain: Any, **options: Unpack[Options]) -> Network:
    """A network with the same values on the domain, whose neurons that only touch 0 there stay away from it.

    Parameters
    ----------
    network : Network
        The network.
    domain : Domain or box
        The domain, which may be unbounded; None for R^d.
    **options
        Options of `subdivide`.

    Returns
    -------
    Network
        A network with the same architecture and weights, and other biases.

    Raises
    ------
    InputError
        If an argument is wrong, as `subdivide` raises it.
    LimitError
        If a limit of cells or memory is reached.

    Notes
    -----
    A hidden neuron f with f ≥ 0 on all of the domain is replaced by f + 1, one with f ≤ 0 (or f = 0) by f − 1, and the
    biases of the next layer compensate for it. Such a neuron does not bend F in the domain, yet where it is 0 at a
    vertex the network is unstable. The networks of the paper's lower bound have such neurons: max(0, m·x_j) on the unit
    cube, for one.

    Examples
    --------
    >>> import polyrelu as pr
    >>> from polyrelu.paper.stable_networks import away_from_zero
    >>> net = pr.Network([[[2], [4]], [[1, -1]]], [[0, -2], ["-1/2"]])  # 2 max(0, x) − 4 max(0, x − 1/2) − 1/2
    >>> pr.stability(net, [(0, 1)]).obstruction.neuron
    (1, 1)
    >>> pr.stability(away_from_zero(net, [(0, 1)]), [(0, 1)]).topological
    True
    """
    signs = subdivide(network, None, domain, **options).region_signs()
    column, biases = 0, [list(bias) for bias in network.biases]
    for layer, slopes in enumerate(network.slopes):
        for i, slope in enumerate(slopes):
            if slope == 1:
                continue
            own = signs[:, column]
            column += 1
            if (own > 0).any() and (own < 0).any():
                continue
            shift = Fraction(1 if (own > 0).any() else -1)
            biases[layer][i] += shift
            moved = shift if shift > 0 else slope * shift
            for row, weights in enumerate(network.weights[layer + 1]):
                biases[layer + 1][row] -= weights[i] * moved
    return Network(network.weights, biases, network.slopes).noted(*network.assumptions, units=network.units or None)


def _check_bounded(domain: Domain | None, network: Network, where: Slice | None) -> None:
    """DomainError for an unbounded domain, before the work over it."""
    d = network.input_dim
    cx, _ = subdivided(Network([[[0] * d]], [[0]]), None, domain, 0, {})  # the faces of the domain alone
    directions = [*cx.lineality, *cx.rays()]
    if directions:
        first = directions[0] if where is None else primitive(where.direction(directions[0]))
        raise DomainError(f"domain: it is unbounded in the direction {_point(first)}, but {_WHY}")


def _in_space(x: Point, where: Slice | None) -> Point:
    return x if where is None else where.point(x)


def _sensitivity(where: Slice | None) -> Fraction:
    """How much more than the parameters of a network those on a slice move at most."""
    if where is None:
        return Fraction(1)
    lengths = [sum(map(abs, v)) for v in where.directions]
    return Fraction(max(1, *lengths, 1 + sum(map(abs, where.points[0]))))


def _constant_neuron(network: Network, cx: PolyhedralComplex, options: Options) -> ConstantNeuron | None:
    """The first neuron with a bend (or the output) that is constant on a region of the layers before it."""
    for layer in range(len(network.weights)):
        part = Network(network.weights[: layer + 1], network.biases[: layer + 1], network.slopes[:layer])
        before, _ = subdivided(part, None, cx.domain, 0, options)
        for i, region in enumerate(before.constant_regions()):
            if region is not None and (layer == network.depth or network.slopes[layer][i] != 1):
                point = before.interior_point(cx.input_dim, region)
                value = part.output(i)(point)
                assert isinstance(value, Fraction) and cx.level is not None
                return ConstantNeuron((layer + 1, i + 1), point, value - cx.level * (layer == network.depth))
    return None


def _name(neuron: Neuron) -> str:
    return f"neuron {neuron[1]} of layer {neuron[0]}"


def _short(x: Fraction) -> str:
    """The number, or a decimal approximation of it if it is long."""
    text = brief(x)
    return text if len(text) <= 12 else f"about {_decimal(x, 6)}"


def _decimal(x: Fraction, digits: int) -> str:
    """A decimal approximation of x, which may be too large or too small for a double."""
    return f"{Context(prec=digits).divide(Decimal(x.numerator), Decimal(x.denominator)).normalize():g}"


def _point(x: tuple[Fraction, ...] | tuple[int, ...]) -> str:
    return f"({', '.join(map(brief, x))})"


def _repr(found: Obstruction | ConstantNeuron) -> str:
    """The `repr` of a named tuple, with long numbers cut short."""
    shown = (f"{name}={brief_repr(value)}" for name, value in found._asdict().items())
    return f"{type(found).__name__}({', '.join(shown)})"
