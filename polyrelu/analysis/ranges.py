"""The exact ranges of the outputs of a network, and of linear forms of them, over a domain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Unpack

from polyrelu.analysis.deadline import read_seconds
from polyrelu.analysis.optimum import Extremum, Search, supremum
from polyrelu.errors import InputError, RegionError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.printing import BriefRepr
from polyrelu.exact.rational import describe, primitive
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.hull import on_slice
from polyrelu.geometry.subdivision import Options, check_options, read_domain
from polyrelu.network.formula import read_sum
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice


@dataclass(frozen=True, repr=False)
class Range(BriefRepr):
    """The range of a function over a domain: all values from its minimum to its maximum, since domains are connected.

    Attributes
    ----------
    minimum : Extremum
        The least value and a point where it is attained; or, if there is none, a ray along which values go to −∞.
    maximum : Extremum
        The largest value and a point where it is attained; or a ray along which values go to +∞.
    """

    minimum: Extremum
    maximum: Extremum

    @property
    def interval(self) -> tuple[Fraction | None, Fraction | None]:
        """The minimum and the maximum; None for −∞ and +∞."""
        return self.minimum.value, self.maximum.value

    @property
    def is_bounded(self) -> bool:
        """Whether there are both a minimum and a maximum."""
        return None not in self.interval


@memory_is_a_limit
def output_range(
    network: Network,
    domain: Any = None,
    *,
    form: str | None = None,
    seconds: float | None = None,
    **options: Unpack[Options],
) -> Range:
    """The exact range of an output of a network, or of a linear form of its outputs, over a domain.

    Parameters
    ----------
    network : Network
        The network F: R^d → R^n.
    domain : Domain or box, optional
        A polyhedron, bounded or not, flat or not. The default is R^d.
    form : str, optional
        An affine form of the outputs with exact coefficients, such as "F1 - F0" or "2*F0 + F2/3 - 0.1". It may be left
        out if there is one output.
    seconds : float, optional
        A limit on the time.
    **options
        Options of `subdivide`. `max_cells` limits the number of cells of all complexes that are made, together;
        `max_memory` is for each of them.

    Returns
    -------
    Range
        The minimum and the maximum, with points where they are attained, or rays along which there is none.

    Raises
    ------
    RegionError
        If the form is wrong, or left out although there are several outputs.
    DomainError
        If the domain is empty, a single point, or in another dimension.
    InputError
        If another argument is wrong.
    LimitError
        If the range was not decided within the limits. Nothing is returned then: the range is exact or not known.

    See Also
    --------
    output_ranges : The ranges of all outputs.
    check : Whether conditions on the outputs hold on the whole domain.

    Notes
    -----
    F is affine on the cells of its canonical complex, so that a maximum is attained at a vertex; without one, F grows
    along a ray of a cell. Few cells are made to find it: a value t is found by ascent, then a coarse complex for t, all
    cells of which that may meet {F > t} are cells of C(F, t). Either no cell lies above t, which proves that t is the
    maximum, or its vertices have larger values. If a complex has too many cells, the domain is cut, and a part where F
    is certainly below the best known value needs few cells. docs/verification.md has the proof.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # |x|
    >>> found = pr.output_range(net, [(-1, 3)])
    >>> found.interval, found.maximum.point
    ((Fraction(0, 1), Fraction(3, 1)), (Fraction(3, 1),))
    >>> pr.output_range(net).maximum.value is None, pr.output_range(net).maximum.ray
    (True, (-1,))
    """
    _check(network, seconds, options)
    if form is None:
        if network.output_dim != 1:
            raise RegionError(
                f"form: the network has {network.output_dim} outputs; give a form of them, such as 'F1 - F0', or ask "
                "output_ranges for all"
            )
        return _ranges([network], domain, Search(options, read_seconds(seconds)))[0]
    return _ranges([of_outputs(network, form)], domain, Search(options, read_seconds(seconds)))[0]


@memory_is_a_limit
def output_ranges(
    network: Network, domain: Any = None, *, seconds: float | None = None, **options: Unpack[Options]
) -> tuple[Range, ...]:
    """The exact ranges of all outputs of a network over a domain.

    Parameters
    ----------
    network : Network
        The network F: R^d → R^n.
    domain : Domain or box, optional
        A polyhedron, bounded or not. The default is R^d.
    seconds : float, optional
        A limit on the time for all of them.
    **options
        Options of `subdivide`, as for `output_range`.

    Returns
    -------
    tuple of Range
        A range for each output.

    Raises
    ------
    InputError
        If an argument is wrong, as `output_range` raises it.
    LimitError
        If one of them was not decided within the limits.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[1, 1], [1, 0]]], [[0, 0], [0, -1]])  # (|x|, max(x, 0) − 1)
    >>> [found.interval for found in pr.output_ranges(net, [(-2, 1)])]
    [(Fraction(0, 1), Fraction(2, 1)), (Fraction(-1, 1), Fraction(0, 1))]
    """
    _check(network, seconds, options)
    outputs = [network.output(i) for i in range(network.output_dim)]
    return tuple(_ranges(outputs, domain, Search(options, read_seconds(seconds))))


def of_outputs(network: Network, form: str) -> Network:
    """The network of an affine form of the outputs; RegionError for a text that is none."""
    if not isinstance(form, str):
        raise RegionError(f"form: expected text such as 'F1 - F0', got {describe(form)}")
    found = read_sum(form, network.output_dim)
    return network.followed_by(Network([[found.row(network.output_dim)]], [[found.constant]]))


def on_interior(network: Network, domain: Any) -> tuple[Network, Domain | None, Slice | None]:
    """The network and the domain, in the slice that a flat domain spans."""
    return on_slice(network, read_domain(domain, network))


def in_space(extremum: Extremum, where: Slice | None) -> Extremum:
    """The extremum with the coordinates of the input space, given one in those of a slice."""
    if where is None:
        return extremum
    ray = None if extremum.ray is None else primitive(where.direction(extremum.ray))
    return replace(extremum, point=where.point(extremum.point), ray=ray)


def negated(extremum: Extremum) -> Extremum:
    """The extremum of −F, given that of F."""
    return replace(extremum, value=None if extremum.value is None else -extremum.value)


def _check(network: Any, seconds: Any, options: Options) -> None:
    if not isinstance(network, Network):
        raise InputError(f"network: expected a Network, got {describe(network)}")
    read_seconds(seconds)
    check_options(options)


def _ranges(networks: list[Network], domain: Any, search: Search) -> list[Range]:
    found = []
    for network in networks:
        net, region, where = on_interior(network, domain)
        least, most = negated(supremum(-net, region, search)), supremum(net, region, search)
        found.append(Range(in_space(least, where), in_space(most, where)))
    return found
