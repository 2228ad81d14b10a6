"""Neighbourhoods of points: what a network does in a ball, in any number of dimensions, exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import isqrt
from typing import Any

from flint import fmpq, fmpq_mat

from polyrelu.analysis.distance import distance_to_boundary, read_norm
from polyrelu.errors import InputError, LimitError, RegionError, VerificationError
from polyrelu.exact.floats import to_double
from polyrelu.exact.limits import memory_is_a_limit, read_flag, read_limit, read_progress
from polyrelu.exact.printing import BriefRepr, brief
from polyrelu.exact.rational import describe, exact, exact_point
from polyrelu.exact.shortest import Norm
from polyrelu.geometry.local_cells import LocalCells
from polyrelu.geometry.open_ball import OpenBall
from polyrelu.geometry.representations import Point
from polyrelu.network.network import Network
from polyrelu.network.reduced import NearNetwork, squared_dual_size
from polyrelu.network.signed_forms import SignedForms
from polyrelu.topology.dual_cells import dual_homology
from polyrelu.topology.groups import Homology

MAX_CROSSING = 20
"""How many neurons may change sign in a neighbourhood, if nothing else is said."""


@dataclass(frozen=True, repr=False)
class Neighbourhood(BriefRepr):
    """What a network does in an open ball; made by `neighbourhood`.

    Attributes
    ----------
    center : tuple of Fraction
        The centre c.
    radius : Fraction
        The radius R.
    norm : "inf", 1 or 2
        The norm.
    scales : tuple of Fraction or None
        The units of the coordinates, if they were given.
    crossing : tuple of pairs of int
        The neurons that change sign in the ball, being positive somewhere and negative somewhere: (layer, number within
        the layer), both counted from 1.
    patterns : tuple of tuples of int
        For each activation region that meets the ball, the signs that the neurons of `crossing` have on it.
    cells : tuple of int
        The number of cells that meet the ball, by codimension 0, 1, …: those of the complex of the network.
    classes : dict
        For each class that is met, its number and the integral homology of the part of its open region in the ball. For
        a network with one output the keys are ">" and "<", for {F > t} and {F < t}.
    """

    center: Point
    radius: Fraction
    norm: Norm
    scales: Point | None
    crossing: tuple[tuple[int, int], ...]
    patterns: tuple[tuple[int, ...], ...] = field(repr=False)
    cells: tuple[int, ...]
    classes: dict[int | str, Homology]

    @property
    def n_regions(self) -> int:
        """The number of activation regions that meet the ball."""
        return self.cells[0]

    @property
    def betti(self) -> dict[int | str, tuple[int, ...]]:
        """The Betti numbers of each class that is met, up to the last that is not 0; those in higher degrees are 0."""
        return {name: groups.betti for name, groups in self.classes.items()}


@memory_is_a_limit
def neighbourhood(
    network: Network,
    center: Any,
    radius: Any,
    norm: Any = "inf",
    *,
    level: Any = 0,
    scales: Any = None,
    max_crossing: int | None = MAX_CROSSING,
    max_cells: int | None = None,
    progress: Callable[[str, int, int], object] | None = None,
) -> Neighbourhood:
    """The activation regions and classes that an open ball meets, and the homology of each class in it.

    This is for networks with many inputs, and balls in which few neurons change sign: the ball has no faces here, and
    the other neurons cost little.

    Parameters
    ----------
    network : Network
        The network F.
    center : point
        The centre, d exact numbers.
    radius : exact number
        The radius, positive.
    norm : "inf", 1 or 2, default "inf"
        The norm. The ball is a box of half side R, a cross-polytope, or round.
    level : exact number, default 0
        The level t, for a network with one output.
    scales : sequence of d exact numbers, optional
        The unit of each coordinate, for coordinates that are not alike: the ball is {x : ‖u‖ < R} with
        x_i = c_i + scales_i u_i. A coordinate of unit 0 does not change: the ball is in the plane of the others. By
        default all units are 1.
    max_crossing : int, optional
        The maximum number of neurons that change sign in the ball. The default is 20; None is no limit.
    max_cells : int, optional
        The maximum number of cells.
    progress : callable, optional
        A function of ("neurons", neurons done, neurons in all), called before the first neuron and after each. The last
        number is that of the neurons that may change sign in the ball.

    Returns
    -------
    Neighbourhood
        All of it exact.

    Raises
    ------
    PointError
        If the centre or the scales are not d numbers.
    RegionError
        If a level is given for a network with several outputs.
    InputError
        If another argument is wrong.
    LimitError
        If a limit is reached. The message says how many neurons change sign, and within which radius fewer do.

    Notes
    -----
    The neurons that change sign split the ball into cells, which are convex and open in their affine hulls. Whether a
    cell meets a half-space is a linear program, in L2 a quadratic one: floating point proposes multipliers or a point,
    rounding errors are bounded, and what is left open is decided in rational numbers. The open region of a class
    meets each cell in a convex set or not at all, so that its homology is that of a chain complex with one generator
    for each cell that it meets; see docs/neighbourhood.md.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 1, 1]]], [[0] * 4, [-1]])  # |x| + |y| − 1
    >>> found = pr.neighbourhood(net, [0, 0], "3/4")
    >>> found.n_regions, found.cells, found.betti
    (4, (4, 4, 1), {'<': (1,), '>': (4,)})
    >>> pr.neighbourhood(net, [0, 0], 2).betti
    {'<': (1,), '>': (1, 1)}
    """
    if not isinstance(network, Network):
        raise InputError(f"neighbourhood: expected a Network, got {describe(network)}")
    t = _level(network, level)
    c = exact_point(center, network.input_dim, "center")
    r = exact(radius, "radius")
    if r <= 0:
        raise InputError(f"radius: expected a positive number, got {brief(r)}")
    norm = read_norm(norm)
    read_limit(max_crossing, "max_crossing")
    read_limit(max_cells, "max_cells")
    read_progress(progress)
    units = _read_scales(scales, network)
    net, origin = (network, c) if units is None else _in_units(network, c, units)
    near = NearNetwork(net, origin, r, norm, t)
    if max_crossing is not None and near.n_first > max_crossing:
        raise _too_many(near.n_first, max_crossing, near, r, "neurons of the first layer")

    def check(done: int, crossing: list[int]) -> None:
        if max_crossing is not None and len(crossing) > max_crossing:
            raise _too_many(len(crossing), max_crossing, near, r, "neurons, or more,")
        if progress is not None:
            progress("neurons", done, len(near.neurons))

    check(0, [])
    forms = [one.form for one in (*near.neurons, *near.differences)]
    cells = LocalCells(near, OpenBall(origin, r, norm, fmpq_mat(forms)), max_cells, check)
    counts = tuple(map(len, cells.by_codimension))
    if sum((-1) ** k * n for k, n in enumerate(counts)) != 1:
        raise VerificationError("neighbourhood: the Euler characteristic of the cells is not that of a ball")
    met = [(name, cells.in_class(i)) for i, name in enumerate(near.classes)]
    met = [(name, members) for name, members in met if any(members[0])]
    groups = dual_homology(cells, [members for _, members in met])
    names = [("<>"[name] if network.output_dim == 1 else name) for name, _ in met]
    crossing = tuple((near.neurons[i].layer, near.neurons[i].number + 1) for i in cells.crossing)
    pairs = sorted(zip(names, groups, strict=True), key=lambda pair: str(pair[0]).rjust(9))
    return Neighbourhood(c, r, norm, units, crossing, cells.patterns, counts, dict(pairs))


@memory_is_a_limit
def unchanged_radius(
    network: Network,
    center: Any,
    of: str = "class",
    norm: Any = "inf",
    *,
    level: Any = 0,
    scales: Any = None,
    squared: bool = False,
    max_cells: int | None = None,
) -> Fraction | None:
    """The largest radius of an open ball around a point in which nothing changes, exactly.

    Parameters
    ----------
    network : Network
        The network F.
    center : point
        The centre, d exact numbers.
    of : "class" or "pattern", default "class"
        What does not change: the class of the point (for a network with one output, the sign of F − t), or the signs of
        all neurons.
    norm : "inf", 1 or 2, default "inf"
        The norm.
    level : exact number, default 0
        The level t, for a network with one output.
    scales : sequence of d exact numbers, optional
        The unit of each coordinate, as `neighbourhood` has it. The radius is one in these units.
    squared : bool, default False
        Whether to return the square of the radius, as is needed in L2, where the radius may be irrational.
    max_cells : int, optional
        For the class: the maximum number of polyhedra that are searched.

    Returns
    -------
    Fraction or None
        The radius, or its square. It is 0 at a point where classes tie, F = t, or a neuron vanishes that does not
        vanish around the point; None if nothing changes at any distance.

    Raises
    ------
    PointError
        If the centre or the scales are not d numbers.
    InputError
        If another argument is wrong, or the norm is 2 and the square is not asked for.
    LimitError
        If the limit is reached: the message has a lower bound of the radius.

    Notes
    -----
    For the class this is the distance from the decision boundary, which is searched. All signs are the same in a ball
    iff it meets no hyperplane of a neuron, as an affine form on the region of the centre: up to the first hyperplane
    nothing but these forms counts.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 1, 1]]], [[0] * 4, [-1]])  # |x| + |y| − 1
    >>> [str(pr.unchanged_radius(net, ["1/2", "1/8"], of)) for of in ("class", "pattern")]
    ['3/16', '1/8']
    """
    if not isinstance(network, Network):
        raise InputError(f"unchanged_radius: expected a Network, got {describe(network)}")
    t = _level(network, level)
    c = exact_point(center, network.input_dim, "center")
    norm = read_norm(norm)
    read_limit(max_cells, "max_cells")
    if not isinstance(of, str) or of not in ("class", "pattern"):
        raise InputError(f'of: expected "class" or "pattern", got {describe(of)}')
    if not read_flag(squared, "squared") and norm == 2:
        raise InputError("unchanged_radius: in L2 the radius may be irrational; use squared=True for its square")
    if (units := _read_scales(scales, network)) is not None:
        network, c = _in_units(network, c, units)
    if of == "class":
        found = distance_to_boundary(network, [c], t, norm=norm, search=True, max_cells=max_cells)[0]
        return found.squared_distance if squared else found.distance
    square = _squared_pattern_radius(network, c, norm)
    if square is None or squared:
        return square
    return Fraction(isqrt(square.numerator), isqrt(square.denominator))


def _squared_pattern_radius(network: Network, c: Point, norm: Norm) -> Fraction | None:
    """The square of the distance from the nearest hyperplane of a neuron, on the region of the centre.

    A neuron that vanishes at c is taken as active. If its form is not constant, the answer is 0, for the first such
    neuron as for all; if it is constant, it is 0 and so is its output.
    """
    values = network.preactivations(c)[: network.depth]
    signs = [
        -1 if x < 0 else 1
        for layer, slopes in zip(values, network.slopes, strict=True)
        for x, slope in zip(layer, slopes, strict=True)
        if slope != 1
    ]
    rows, _ = SignedForms(network)(signs, [True] * len(signs))
    at = fmpq_mat([[fmpq(1)], *([fmpq(x.numerator, x.denominator)] for x in c)])
    best = None
    for row in rows:
        if size := squared_dual_size(row[1:], norm):
            square = (fmpq_mat([row]) * at)[0, 0] ** 2 / size
            best = square if best is None else min(best, square)
            if best == 0:
                break
    return None if best is None else Fraction(int(best.p), int(best.q))


def _read_scales(scales: object, network: Network) -> Point | None:
    if scales is None:
        return None
    units = exact_point(scales, network.input_dim, "scales")
    for i, s in enumerate(units, 1):
        if s < 0:
            raise InputError(f"scales, coordinate {i}: expected a number >= 0, got {brief(s)}")
    if not any(units):
        raise InputError("scales: expected at least one number > 0, got only 0")
    return units


def _in_units(network: Network, center: Point, units: Point) -> tuple[Network, Point]:
    """(the network u ↦ F(c + units · u), the centre 0).

    With a unit 0 nothing depends on that coordinate of u. Each set here then consists of the segments in the ball over
    a set in the ball of the other coordinates: it has the same codimension, homology, and distance from 0.
    """
    rows, biases = [], []
    for row, bias in zip(network.weights[0], network.biases[0], strict=True):
        rows.append([w * s for w, s in zip(row, units, strict=True)])
        biases.append(sum((w * x for w, x in zip(row, center, strict=True) if w and x), bias))
    scaled = Network([rows, *network.weights[1:]], [biases, *network.biases[1:]], network.slopes)
    return scaled, (Fraction(0),) * len(center)


def _level(network: Network, level: object) -> Fraction:
    t = exact(level, "level")
    if t and network.output_dim > 1:
        raise RegionError(
            f"level: the network has {network.output_dim} outputs, a level set needs one; choose with "
            "network.output(i) or network.difference(i, j)"
        )
    return t


def _too_many(n: int, limit: int, near: NearNetwork, radius: Fraction, what: str) -> LimitError:
    """The error; the hyperplanes of the first layer that are nearer than a radius can be counted."""
    distances = sorted(near.distances)
    message = f"neighbourhood: {n} {what} change sign within radius {brief(radius)}, more than max_crossing={limit}"
    if n == near.n_first:
        bound = to_double(Fraction(int(distances[limit].p), int(distances[limit].q)))
        message += f"; at most {limit} do within radius {bound * (1 - 1e-5):.5g}"
    else:
        message += "; a smaller radius has fewer, see unchanged_radius"
    return LimitError(message, {"crossing": n})
