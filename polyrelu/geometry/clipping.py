"""Restriction of complexes, partitions and sets of cells to a box or another polyhedron."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, Unpack

from polyrelu.errors import InputError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.rational import describe
from polyrelu.geometry.classes import ClassRegion, DecisionBoundary, Partition, classify
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.refinement import FormulaRegion, Refinement, refine
from polyrelu.geometry.region import Region
from polyrelu.geometry.subdivision import Options, read_domain, subdivide

T = TypeVar("T", PolyhedralComplex, Partition, Refinement, Region, ClassRegion, DecisionBoundary, FormulaRegion)


@memory_is_a_limit
def clipped(source: T, box: Domain | Sequence[Sequence[Any]], **options: Unpack[Options]) -> T:
    """A complex, a partition or a set of cells, restricted to a box or another polyhedron.

    Parameters
    ----------
    source : PolyhedralComplex, Partition, Refinement, Region, ClassRegion, DecisionBoundary or FormulaRegion
        The object to restrict.
    box : Domain or sequence of d pairs (lower, upper)
        The polyhedron with which the domain of `source` is intersected.
    **options
        The options `max_cells`, `max_memory`, `threads` and `progress` of `subdivide`.

    Returns
    -------
    same type as source
        The object over the smaller domain. Its cells are numbered anew.

    Raises
    ------
    DomainError
        If the intersection has no interior points, or lies in another dimension.
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
        return subdivide(
            source.network, source.level, _intersection(source, box), coarse=source.is_coarse, **options
        )
    if isinstance(source, Partition):
        return classify(source.network, _intersection(source.complex, box), **options)
    if isinstance(source, Region):
        return _clipped(source.complex, box, options).region(source.relation)
    if isinstance(source, ClassRegion):
        return _clipped(source.partition, box, options).region(source.index, closed=not source.is_open)
    if isinstance(source, DecisionBoundary):
        return _clipped(source.partition, box, options).boundary()
    if isinstance(source, Refinement):
        return refine(source.network, source.formulas, _intersection(source.complex, box), **options)
    if isinstance(source, FormulaRegion):
        return _clipped(source.refinement, box, options).region(source.formula)
    raise InputError(f"clipped: expected a complex, a Partition or a set of cells, got {describe(source)}")


def _intersection(cx: PolyhedralComplex, box: Domain | Sequence[Sequence[Any]]) -> Domain | None:
    given, domain = read_domain(box, cx.network), cx.domain
    if given is None or not given.a:
        return domain
    if domain is None or not domain.a:
        return given
    return Domain((*domain.a, *given.a), (*domain.b, *given.b)).in_units(domain.units or given.units)
