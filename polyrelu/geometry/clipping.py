"""Restriction of complexes, partitions and sets of cells to a box or another polyhedron."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, Unpack

from polyrelu.errors import InputError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.rational import describe
from polyrelu.geometry.classes import ClassRegion, DecisionBoundary, Partition, classified
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.hull import composed, over_hull
from polyrelu.geometry.refinement import FormulaRegion, Refinement, refined
from polyrelu.geometry.region import Region
from polyrelu.geometry.subdivision import Options, as_domain, check_options, read_domain, subdivided
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice

T = TypeVar("T", PolyhedralComplex, Partition, Refinement, Region, ClassRegion, DecisionBoundary, FormulaRegion)


@memory_is_a_limit
def clipped(source: T, box: Domain | Sequence[Sequence[Any]], **options: Unpack[Options]) -> T:
    """A complex, a partition or a set of cells, restricted to a box or another polyhedron.

    Parameters
    ----------
    source : PolyhedralComplex, Partition, Refinement, Region, ClassRegion, DecisionBoundary or FormulaRegion
        The object to restrict.
    box : Domain or sequence of d pairs (lower, upper)
        The polyhedron with which the domain of `source` is intersected. If the source lies in a slice
        (`PolyhedralComplex.slice`), in the coordinates of the slice or of the larger space.
    **options
        The options `max_cells`, `max_memory`, `threads` and `progress` of `subdivide`.

    Returns
    -------
    same type as source
        The object over the smaller domain. Its cells are numbered anew. If the intersection is flat, it lies in the
        slice that it spans.

    Raises
    ------
    DomainError
        If the intersection is empty (`certificate` proves it) or a single point, or the polyhedron lies in another
        dimension.
    PolyreluError
        Any other error that `subdivide` raises.

    Notes
    -----
    The result is exact: the network is subdivided again over the intersection, whose walls become part of the complex.
    Of a coarse complex the result is coarse.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # F(x) = |x|
    >>> pr.clipped(pr.subdivide(net), [(-1, 1)]).f_vector
    (3, 2)
    """
    found: T = _clipped(source, box, options)
    return found


def _clipped(source: Any, box: Domain | Sequence[Sequence[Any]], options: Options) -> Any:
    if isinstance(source, PolyhedralComplex):
        return _made(
            *(source, source.network, box, options),
            lambda net, where, hull: subdivided(
                net, source.level, where, 0, options, coarse=source.is_coarse, hull=hull
            )[0],
        )
    if isinstance(source, Partition):
        return _made(
            *(source.complex, source.network, box, options),
            lambda net, where, hull: classified(net, where, source.complex.is_coarse, options, hull=hull),
        )
    if isinstance(source, Refinement):
        return _made(
            *(source.complex, source.network, box, options),
            lambda net, where, hull: refined(net, source.formulas, where, options, hull=hull),
        )
    if isinstance(source, Region):
        return _clipped(source.complex, box, options).region(source.relation)
    if isinstance(source, ClassRegion):
        return _clipped(source.partition, box, options).region(source.index, closed=not source.is_open)
    if isinstance(source, DecisionBoundary):
        return _clipped(source.partition, box, options).boundary()
    if isinstance(source, FormulaRegion):
        return _clipped(source.refinement, box, options).region(source.formula)
    raise InputError(f"clipped: expected a complex, a Partition or a set of cells, got {describe(source)}")


def _made(
    cx: PolyhedralComplex,
    network: Network,
    box: Domain | Sequence[Sequence[Any]],
    options: Options,
    make: Callable[[Network, Domain | None, Slice | None], Any],
) -> Any:
    """What `make` returns over the intersection, which may be flat; slices are those of the whole space."""
    check_options(options)
    return over_hull(
        network,
        _intersection(cx, network, box),
        lambda net, where, hull: make(net, where, composed(cx.slice, hull)),
    )


def _intersection(cx: PolyhedralComplex, network: Network, box: Domain | Sequence[Sequence[Any]]) -> Domain | None:
    given, domain = as_domain(box), cx.domain
    if given is not None and cx.slice is not None and given.input_dim == cx.slice.input_dim:
        given = cx.slice.restrict(given).in_units(given.units)
    given = read_domain(given, network)
    if given is None or not given.a:
        return domain
    if domain is None or not domain.a:
        return given
    return Domain((*domain.a, *given.a), (*domain.b, *given.b)).in_units(domain.units or given.units)
