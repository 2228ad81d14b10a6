"""Complexes and cells as data files of polymake (Gawrilow & Joswig, polymake.org), version 4 or later.

A file is a JSON object with the type of polymake's big object in `_type` and its properties. Matrices have strings
"p/q" as entries; a row is (1, x) for a point, (0, r) for a direction, and (b, −a) for the inequality b − a·x ≥ 0.
Incidence matrices are lists of rows of column numbers, followed by the number of columns.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TextIO

from polyrelu.errors import PointError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.rational import describe, show
from polyrelu.export.arguments import check_complex
from polyrelu.files import replacing
from polyrelu.geometry.complex import PolyhedralComplex

NAMESPACE = {"polymake": ["https://polymake.org", "4.0"]}


@memory_is_a_limit
def write_polymake(cx: PolyhedralComplex, path: str | os.PathLike[str], cell: tuple[int, int] | None = None) -> None:
    """Write a complex or one of its cells as a data file of polymake, with exact numbers.

    Parameters
    ----------
    cx : PolyhedralComplex
        The complex.
    path : str or path-like
        The file. polymake's own suffixes are .pcom for complexes and .poly for polytopes.
    cell : pair of int, optional
        (k, i) for the k-cell i. The default is the whole complex.

    Raises
    ------
    InputError
        If `cx` is not a PolyhedralComplex.
    PointError
        If the cell does not exist.
    CoarseComplexError
        If the complex is coarse and no cell is chosen: its cells do not meet along whole faces, as those of a
        fan::PolyhedralComplex do.
    FileError
        If the file cannot be written.

    Notes
    -----
    A complex is a fan::PolyhedralComplex<Rational> with the properties VERTICES, LINEALITY_SPACE and MAXIMAL_POLYTOPES:
    region i is polytope i, and vertex or ray v is vertex v. A cell is a polytope::Polytope<Rational> with the
    properties POINTS, INPUT_LINEALITY, INEQUALITIES and EQUATIONS, both descriptions irredundant. In polymake,
    `load("…")` reads both.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # F(x) = |x|
    >>> pr.write_polymake(pr.subdivide(net, level=1), "intervals.pcom")
    >>> pr.write_polymake(pr.subdivide(net, level=1), "interval.poly", cell=(1, 0))
    """
    check_complex(cx, "write_polymake")
    if cell is not None and (not isinstance(cell, Sequence) or isinstance(cell, (str, bytes)) or len(cell) != 2):
        raise PointError(f"cell: expected a dimension and a number (k, i), got {describe(cell)}")
    if cell is None:
        cx.require_complete("write_polymake")
    d = cx.input_dim
    lines = [(0, *line) for line in cx.lineality]
    with replacing(path) as draft, draft.open("w", encoding="ascii") as file:
        if cell is None:
            n = cx.n_finite_vertices + cx.n_rays
            rows = cx.cells(d)
            regions = (rows.row(i).tolist() for i in range(rows.n_rows))
            file.write(_head("fan::PolyhedralComplex<Rational>"))
            _matrix(file, "VERTICES", (_affine(cx.homogeneous(v)) for v in range(n)), d + 1)
            _matrix(file, "LINEALITY_SPACE", lines, d + 1)
            _property(file, "MAXIMAL_POLYTOPES", [*map(json.dumps, regions), json.dumps({"cols": n})])
        else:
            k, i = cell
            points = cx.v_representation(k, i)
            shape = cx.h_representation(k, i)
            file.write(_head("polytope::Polytope<Rational>"))
            file.write(f',\n"CONE_AMBIENT_DIM": {d + 1}')
            spanned: list[Sequence[Fraction | int]] = [(1, *x) for x in points.vertices]
            spanned += [(0, *x) for x in points.rays]
            _matrix(file, "POINTS", spanned, d + 1)
            _matrix(file, "INPUT_LINEALITY", lines, d + 1)
            _matrix(file, "INEQUALITIES", [(b, *(-x for x in a)) for b, *a in shape.inequalities], d + 1)
            _matrix(file, "EQUATIONS", [(b, *(-x for x in a)) for b, *a in shape.equations], d + 1)
        file.write("}\n")


def _head(kind: str) -> str:
    return json.dumps({"_ns": NAMESPACE, "_type": kind})[:-1]


def _affine(x: Sequence[int]) -> tuple[Fraction | int, ...]:
    """(1, point) or (0, direction)."""
    return tuple(Fraction(c, x[0]) for c in x) if x[0] else tuple(x)


def _matrix(file: TextIO, name: str, rows: Iterable[Sequence[Fraction | int]], columns: int) -> None:
    _property(file, name, _rows(rows, columns))


def _rows(rows: Iterable[Sequence[Fraction | int]], columns: int) -> Iterator[str]:
    row = None
    for row in rows:
        yield json.dumps([show(x) for x in row])
    if row is None:
        yield json.dumps({"cols": columns})  # how polymake writes a matrix without rows


def _property(file: TextIO, name: str, rows: Iterable[str]) -> None:
    file.write(f',\n"{name}": [')
    for i, row in enumerate(rows):
        file.write((",\n" if i else "\n") + row)
    file.write("]")
