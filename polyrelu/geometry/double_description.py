"""An independent check of regions by the exact double description method of cddlib."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from threading import Lock
from typing import Any

from polyrelu.errors import InputError, MissingDependencyError, VerificationError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.printing import brief_repr
from polyrelu.exact.rational import describe, primitive
from polyrelu.geometry.complex import PolyhedralComplex

Row = tuple[int, ...]


@memory_is_a_limit
def check_regions(cx: PolyhedralComplex, regions: Iterable[int] | None = None) -> int:
    """The number of regions checked: each must have the vertices and rays of the polyhedron that its signs define.

    Parameters
    ----------
    cx : PolyhedralComplex
        A complex without artificial hyperplanes.
    regions : iterable of int, optional
        The numbers of the regions (d-cells) to check. The default is all regions.

    Returns
    -------
    int
        The number of regions checked, all of them successfully.

    Raises
    ------
    VerificationError
        At the first region whose vertices and rays differ.
    MissingDependencyError
        If pycddlib is not installed.
    InputError
        If `cx` is not a PolyhedralComplex, or has artificial hyperplanes: its numbered cells are smaller than the
        polyhedra that their signs define.
    CoarseComplexError
        If a region is a decided cell of a coarse complex, on which neurons have no signs.

    Notes
    -----
    For each region the affine forms of all hidden neurons, of F − t and of the walls are composed layer by layer from
    the signs of the region. The double description method (cddlib, `cdd.gmp`) computes the vertices and rays of the
    polyhedron that these inequalities define, in rational arithmetic. Of the compiled core the
    check uses only the signs.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1, 0], [0, 1]], [[1, 1]]], [[0, 0], [0]])  # F(x, y) = max(x, 0) + max(y, 0)
    >>> pr.check_regions(pr.subdivide(net, level=1))
    7
    """
    if not isinstance(cx, PolyhedralComplex):
        raise InputError(f"check_regions: expected a PolyhedralComplex, got {describe(cx)}")
    if regions is None:
        cx.require_complete("check_regions")
    try:
        regions = range(cx.n_regions) if regions is None else iter(regions)
    except Exception:  # whatever a foreign type raises
        raise InputError(f"check_regions: expected numbers of regions, got {describe(regions)}") from None
    try:
        import cdd
        import cdd.gmp
    except ImportError:
        raise MissingDependencyError("double description needs pycddlib: pip install 'polyrelu[cdd]'", "cdd") from None
    if cx.artificial_hyperplanes:
        raise InputError("double description: the cells of this complex are a refinement by artificial hyperplanes")
    d = cx.input_dim
    fixed = [[0, *(int(i == j) for i in range(d))] for j in cx.dropped_coordinates]
    count = 0
    for i in regions:
        rows = [*fixed, *_inequalities(cx, i)] or [(1, *(0,) * d)]
        with _numbers_of_any_length():
            matrix = cdd.gmp.matrix_from_array(
                [[Fraction(x) for x in row] for row in rows],
                rep_type=cdd.RepType.INEQUALITY,
                lin_set=set(range(len(fixed))),
            )
            generators = cdd.gmp.copy_generators(cdd.gmp.polyhedron_from_matrix(matrix))
            expected = {primitive(row) for row in generators.array}
        if not any(row[0] for row in expected):
            expected.add((1, *(0,) * d))  # cddlib leaves out the apex of a cone with apex 0
        indices = cx.cell_vertices(d, i)
        found = {cx.homogeneous(int(v)) for v in indices}
        if expected != found or len(found) != len(indices) or generators.lin_set:
            raise VerificationError(
                f"region {i}: double description finds the vertices and rays {brief_repr(sorted(expected))}, "
                f"the complex has {brief_repr(sorted(found))}"
            )
        count += 1
    return count


_changing = Lock()


@contextmanager
def _numbers_of_any_length() -> Iterator[None]:
    """A context in which Python writes integers of any length, since pycddlib passes numbers to GMP in decimal."""
    with _changing:
        before = sys.get_int_max_str_digits()
        sys.set_int_max_str_digits(0)
        try:
            yield
        finally:
            sys.set_int_max_str_digits(before)


def _inequalities(cx: PolyhedralComplex, i: int) -> list[Row]:
    """Rows (c, a) with c + a · x ≥ 0 on region i: one for each wall and each neuron that does not vanish on it."""
    net, d = cx.network, cx.input_dim
    signs = cx.sign_vector(d, i)
    rows: list[Row] = list(cx.domain.half_spaces()) if cx.domain is not None else []
    # The values of the current layer as affine forms (constant first) on the region.
    values: list[list[Fraction]] = [[Fraction(0), *(Fraction(j == k) for k in range(d))] for j in range(d)]
    for layer in range(net.depth):
        before = _forms(net.weights[layer], net.biases[layer], values)
        values = []
        for form, sign, slope in zip(before, signs[layer], net.slopes[layer], strict=True):
            if sign and slope != 1:
                rows.append(primitive([sign * x for x in form]))
            values.append(form if sign >= 0 else [slope * x for x in form])
    if cx.level is not None:
        (head,) = _forms(net.weights[-1], net.biases[-1], values)
        head[0] -= cx.level
        if sign := int(cx.signs(d)[i]):
            rows.append(primitive([sign * x for x in head]))
    return rows


def _forms(weights: Any, biases: Any, values: list[list[Fraction]]) -> list[list[Fraction]]:
    forms = []
    for row, bias in zip(weights, biases, strict=True):
        form = [sum((w * v[k] for w, v in zip(row, values, strict=True)), Fraction(0)) for k in range(len(values[0]))]
        form[0] += bias
        forms.append(form)
    return forms
