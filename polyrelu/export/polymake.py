"""Complexes and cells as data files of polymake (Gawrilow & Joswig, polymake.org), version 4 or later.

These are JSON objects with the big object's type in `_type`, and properties as polymake documents them: matrices of
strings "p/q" with rows in homogeneous coordinates (1, x) for points, (0, r) for directions, and (b, −a) for
b − a·x ≥ 0; incidence matrices as rows of column numbers with the number of columns last.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TextIO

from polyrelu.errors import PointError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.rational import describe, show
from polyrelu.export.arguments import check_complex
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.readers.files import replacing

NAMESPACE = {"polymake": ["https://polymake.org", "4.0"]}


@memory_is_a_limit
def write_polymake(cx: PolyhedralComplex, path: str | os.PathLike[str], cell: tuple[int, int] | None = None) -> None:
    """Write a complex as a fan::PolyhedralComplex<Rational>, or its cell (k, i) as a polytope::Polytope<Rational>.

    A complex has the properties VERTICES, LINEALITY_SPACE and MAXIMAL_POLYTOPES: region i is polytope i, vertex or ray
    v is vertex v. A cell has POINTS, INPUT_LINEALITY, INEQUALITIES and EQUATIONS, both irredundant descriptions. Read
    them by `load("…")`; polymake's own suffixes are .pcom and .poly. All numbers are exact.

    Raises PointError for a cell that does not exist, FileError if the file cannot be written.
    """
    check_complex(cx, "write_polymake")
    if cell is not None and (not isinstance(cell, Sequence) or isinstance(cell, (str, bytes)) or len(cell) != 2):
        raise PointError(f"cell: expected a dimension and a number (k, i), got {describe(cell)}")
    d = cx.input_dim
    lines = [(0, *line) for line in cx.lineality]
    with replacing(path) as draft, draft.open("w", encoding="ascii") as file:
        if cell is None:
            n = cx.n_finite_vertices + cx.n_rays
            indptr, members = cx.cells(d)
            regions = (members[a:b].tolist() for a, b in pairwise(indptr))
            file.write(_head("fan::PolyhedralComplex<Rational>"))
            _matrix(file, "VERTICES", (_affine(cx.homogeneous(v)) for v in range(n)), d + 1)
            _matrix(file, "LINEALITY_SPACE", lines, d + 1)
            _property(file, "MAXIMAL_POLYTOPES", [*map(json.dumps, regions), json.dumps({"cols": n})])
        else:
            k, i = cell
            members = cx.cell_vertices(k, i)
            shape = cx.h_representation(k, i)
            file.write(_head("polytope::Polytope<Rational>"))
            file.write(f',\n"CONE_AMBIENT_DIM": {d + 1}')
            _matrix(file, "POINTS", [_affine(cx.homogeneous(int(v))) for v in members], d + 1)
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
