"""The largest difference of two networks over a domain, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Unpack

from polyrelu.analysis.deadline import read_seconds
from polyrelu.analysis.optimum import Extremum, Search, supremum
from polyrelu.analysis.ranges import in_space
from polyrelu.analysis.trial_points import Point
from polyrelu.errors import InputError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.printing import BriefRepr
from polyrelu.exact.rational import describe
from polyrelu.geometry.hull import on_slice
from polyrelu.geometry.subdivision import Options, check_options, read_domain
from polyrelu.network.network import Network


@dataclass(frozen=True, repr=False)
class Difference(BriefRepr):
    """The largest difference of two networks, and where it is attained; made by `max_difference`.

    Attributes
    ----------
    value : Fraction or None
        The maximum of the absolute values of F_i(x) − G_i(x) over all outputs i and points x of the domain; None if
        there is none, because the differences are unbounded.
    output : int
        An output for which it is attained.
    point : tuple of Fraction
        A point where it is attained; if the differences are unbounded, a point of the domain.
    values : tuple
        The outputs (F(x), G(x)) at that point.
    ray : tuple of int, or None
        If the differences are unbounded, a direction in which they are so from that point on.
    """

    value: Fraction | None
    output: int
    point: Point
    values: tuple[Any, Any]
    ray: tuple[int, ...] | None = None


@memory_is_a_limit
def max_difference(
    f: Network, g: Network, domain: Any = None, *, seconds: float | None = None, **options: Unpack[Options]
) -> Difference:
    """The maximum of ‖F(x) − G(x)‖ over a domain in the maximum norm, exactly, and a point where it is attained.

    Parameters
    ----------
    f, g : Network
        Two networks with the same numbers of inputs and outputs.
    domain : Domain or box, optional
        A polyhedron, bounded or not, flat or not. The default is R^d.
    seconds : float, optional
        A limit on the time.
    **options
        Options of `subdivide`, as for `output_range`.

    Returns
    -------
    Difference
        The maximum, the output and the point where it is attained; or a ray along which it grows without bound.

    Raises
    ------
    NetworkError
        If the numbers of inputs or of outputs, or the units of the inputs, differ.
    InputError
        If another argument is wrong, as `output_range` raises it.
    LimitError
        If it was not decided within the limits.

    See Also
    --------
    identical : Whether the difference is zero.
    output_range : The minimum and the maximum of one output of F − G.

    Notes
    -----
    The maximum of the 2n suprema of ±(F_i − G_i), each of which is looked for only beyond the largest that is known.

    Examples
    --------
    >>> import polyrelu as pr
    >>> absolute = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])
    >>> found = pr.max_difference(absolute, pr.Network([[[0]]], [[1]]), [(-2, 1)])  # |x| against 1
    >>> found.value, pr.max_difference(absolute, -absolute).ray
    (Fraction(1, 1), (-1,))
    """
    for net in (f, g):
        if not isinstance(net, Network):
            raise InputError(f"max_difference: expected two Networks, got {describe(net)}")
    check_options(options)
    search = Search(options, read_seconds(seconds))
    difference, region, where = on_slice((f - g).without_unused(), read_domain(domain, f))
    best: Extremum | None = None
    output = 0
    for i in range(difference.output_dim):
        one = difference.output(i).without_unused()
        for net in (one, -one):
            found = supremum(net, region, search, best)
            if found is not best:
                best, output = found, i
            if found.value is None:
                break
        if best is not None and best.value is None:
            break
    assert best is not None
    best = in_space(best, where)
    return Difference(best.value, output, best.point, (f(best.point), g(best.point)), best.ray)
