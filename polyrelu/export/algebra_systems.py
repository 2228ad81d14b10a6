"""Complexes and chain complexes as scripts for Sage (sagemath.org) and Macaulay2 (macaulay2.com), with exact numbers.

A script defines, under the same names in both languages,

- of a complex or a closed set of cells: V, R and L, its vertices, its rays and a basis of its lineality space; M, its
  maximal cells, each as a list of vertices and a list of rays by their numbers; P, these cells as polyhedra; K, the
  polyhedral complex of them
- of a chain complex or a set of cells: C, the chain complex over the integers
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np

from polyrelu.errors import FileError, InputError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.rational import describe, show
from polyrelu.files import checked_path, replacing
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.region import CellSet
from polyrelu.topology.chain import ChainComplex, chain_complex

SAGE = ".sage"
MACAULAY2 = ".m2"

Row = Sequence[Fraction | int]


class Cells(NamedTuple):
    """The maximal cells of a complex or of a closed set of its cells, in R^dimension."""

    dimension: int
    vertices: list[Row]
    rays: list[Row]
    lines: Sequence[Row]
    maximal: list[tuple[list[int], list[int]]]


@memory_is_a_limit
def write_sage(source: PolyhedralComplex | CellSet | ChainComplex, path: str | os.PathLike[str]) -> None:
    """Write a polyhedral complex, a region or a chain complex as a script for Sage, with exact numbers.

    Parameters
    ----------
    source : PolyhedralComplex, CellSet or ChainComplex
        Of a complex its cells are written, of an open set of cells such as {F > t} its chain complex (see
        `chain_complex`), and of a closed set both.
    path : str or path-like
        The file, which ends in .sage. It is replaced only when it is complete.

    Raises
    ------
    InputError
        If `source` is nothing of this kind.
    CoarseComplexError
        If cells of a coarse complex would be written: they do not meet along whole faces. The chain complex
        `chain_complex(region)` can be written.
    FileError
        If the path does not end in .sage or the file cannot be written.

    Notes
    -----
    `load("….sage")` defines V, R and L, the lists of vertices, rays and lines; M, the maximal cells, each a list of
    numbers of vertices and one of numbers of rays; P, the list of these cells as Polyhedra over QQ; and K, the
    PolyhedralComplex of them. Of a whole complex, V and R are `cx.vertices()` and `cx.rays()`, and P[i] is region i.
    With lineality, V and R are representatives modulo the span of L.

    C is a ChainComplex over ZZ, whose differential of degree k is `ChainComplex.boundary(k)`. So `C.homology()` is what
    `homology` returns. Sage 9.5 or later reads the scripts.

    Examples
    --------
    >>> import polyrelu as pr
    >>> circle = pr.subdivide(pr.from_expression("1 - |x| - |y|"), level=0).region("=")
    >>> pr.write_sage(circle, "circle.sage")
    >>> with open("circle.sage") as file:
    ...     print("".join(file.readlines()[1:6]))
    V = [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1]]
    <BLANKLINE>
    """
    _write(source, path, SAGE, "write_sage", "#", _sage_cells, _sage_chains)


@memory_is_a_limit
def write_macaulay2(source: PolyhedralComplex | CellSet | ChainComplex, path: str | os.PathLike[str]) -> None:
    """Write a polyhedral complex, a region or a chain complex as a script for Macaulay2, with exact numbers.

    Parameters
    ----------
    source : PolyhedralComplex, CellSet or ChainComplex
        As for `write_sage`.
    path : str or path-like
        The file, which ends in .m2. It is replaced only when it is complete.

    Raises
    ------
    InputError, CoarseComplexError
        As for `write_sage`.
    FileError
        If the path does not end in .m2 or the file cannot be written.

    Notes
    -----
    `load "….m2"` defines the names of `write_sage`: V, R and L are matrices over QQ whose columns are the vertices, the
    rays and the lines; M is the list of the maximal cells, each a list of numbers of vertices and one of rays; P is a
    function, `P i` is cell i as a Polyhedron; and K is the PolyhedralComplex, in the package Polyhedra.

    C is a Complex over ZZ in the package Complexes: `prune HH_k C` is the k-th homology. Beyond some hundred generators
    this takes minutes, and `rank(QQ ** C.dd_k)`, from which Betti numbers follow, less than a second. Macaulay2 1.21 or
    later reads the scripts.

    Examples
    --------
    >>> import polyrelu as pr
    >>> pr.write_macaulay2(pr.ChainComplex([[[2]]]), "two.m2")
    >>> with open("two.m2") as file:
    ...     print(file.read().splitlines()[-1])
    C = complex {map(ZZ^1, ZZ^1, {(0,0) => 2})}
    """
    _write(source, path, MACAULAY2, "write_macaulay2", "--", _macaulay2_cells, _macaulay2_chains)


def _write(
    source: Any, path: Any, suffix: str, function: str, comment: str,
    write_cells: Callable[[TextIO, Cells], None], write_chains: Callable[[TextIO, ChainComplex], None],
) -> None:  # fmt: skip
    shown, target = checked_path(path)
    if Path(target).suffix.lower() != suffix:
        raise FileError(f"{shown}: {function} writes {suffix} files", shown)
    if not isinstance(source, (PolyhedralComplex, CellSet, ChainComplex)):
        raise InputError(
            f"{function}: expected a PolyhedralComplex, a set of its cells or a ChainComplex, got {describe(source)}"
        )
    cells, chain = None, source if isinstance(source, ChainComplex) else None
    if isinstance(source, PolyhedralComplex) or (isinstance(source, CellSet) and source.is_closed):
        cx: PolyhedralComplex = source.complex if isinstance(source, CellSet) else source
        cx.require_complete(function)
        cells = _maximal_cells(cx, source if isinstance(source, CellSet) else None)
    if isinstance(source, CellSet):
        chain = chain_complex(source)
    with replacing(path) as draft, draft.open("w", encoding="ascii", errors="backslashreplace") as file:
        file.write(f"{comment} {' '.join(repr(source).split())}\n")
        if cells is not None:
            write_cells(file, cells)
        if chain is not None:
            write_chains(file, chain)


def _maximal_cells(cx: PolyhedralComplex, chosen: CellSet | None) -> Cells:
    """The regions of a complex, or the cells of a closed set that are no faces of others in it."""
    d = cx.input_dim
    found: list[list[int]] = []
    if chosen is None:
        rows = cx.cells(d)
        found = [rows.row(i).tolist() for i in range(rows.n_rows)]
    else:
        above = None
        for k in range(d, cx.coordinates.lineality_dim - 1, -1):
            mask = chosen.mask(k)
            maximal = mask.copy()
            if above is not None:
                # A face is a facet of a face, which lies in the set too as the set is closed.
                maximal[cx.facets(k + 1).select(np.flatnonzero(above)).index] = False
            above, rows = mask, cx.cells(k)
            found += [rows.row(i).tolist() for i in np.flatnonzero(maximal).tolist()]
    used = range(cx.n_finite_vertices + cx.n_rays) if chosen is None else sorted({v for row in found for v in row})
    vertices = [v for v in used if v < cx.n_finite_vertices]
    rays = [v for v in used if v >= cx.n_finite_vertices]
    number = {v: i for names in (vertices, rays) for i, v in enumerate(names)}
    n = cx.n_finite_vertices
    return Cells(
        d,
        [tuple(Fraction(c, x[0]) for c in x[1:]) for x in map(cx.homogeneous, vertices)],
        [cx.homogeneous(v)[1:] for v in rays],
        cx.lineality,
        [([number[v] for v in row if v < n], [number[v] for v in row if v >= n]) for row in found],
    )


def _entries(matrix: Any) -> Iterator[tuple[int, int, str]]:
    """Row, column and value, as text, of the entries of a boundary map by columns."""
    for j in range(matrix.n_rows):
        for i, value in matrix.entries(j):
            yield i, j, show(value)


def _list(rows: Sequence[Row], opening: str, closing: str) -> str:
    """A list with a line for each row."""
    lines = (opening + ", ".join(map(show, row)) + closing for row in rows)
    return opening + "".join("," * bool(i) + "\n" + line for i, line in enumerate(lines)) + closing


def _numbers(numbers: list[int], opening: str, closing: str) -> str:
    return opening + ",".join(map(str, numbers)) + closing


# ---- Sage ----------------------------------------------------------------------------------------------------------


def _sage_cells(file: TextIO, cells: Cells) -> None:
    d = cells.dimension
    for name, points in (("V", cells.vertices), ("R", cells.rays), ("L", cells.lines)):
        file.write(f"{name} = {_list(points, '[', ']')}\n")
    file.write("M = [")
    for i, (vertices, rays) in enumerate(cells.maximal):
        file.write("," * bool(i) + f"\n({_numbers(vertices, '[', ']')}, {_numbers(rays, '[', ']')})")
    file.write(
        "]\nP = [Polyhedron(vertices=[V[i] for i in v], rays=[R[i] for i in r], lines=L, "
        f"ambient_dim={d}, base_ring=QQ, backend='ppl') for v, r in M]\n"
        f"K = PolyhedralComplex(P, ambient_dim={d}, maximality_check=False)\n"
    )


def _sage_chains(file: TextIO, chain: ChainComplex) -> None:
    ranks = chain.ranks
    # The map to 0 gives C_0 its rank where there is no other.
    file.write(f"C = ChainComplex({{\n0: matrix(ZZ, 0, {ranks[0]}, sparse=True)")
    for k in range(1, len(ranks)):
        entries = ", ".join(f"({i},{j}): {x}" for i, j, x in _entries(chain.boundary_arrays(k)))
        file.write(f",\n{k}: matrix(ZZ, {ranks[k - 1]}, {ranks[k]}, {{{entries}}}, sparse=True)")
    file.write("}, base_ring=ZZ, degree_of_differential=-1)\n")


# ---- Macaulay2 -----------------------------------------------------------------------------------------------------


def _macaulay2_cells(file: TextIO, cells: Cells) -> None:
    d = cells.dimension
    file.write('needsPackage "Polyhedra"\n')
    for name, points in (("V", cells.vertices), ("R", cells.rays), ("L", cells.lines)):
        file.write(f"{name} = map(QQ^{d}, QQ^{len(points)}, transpose {_list(points, '{', '}')})\n")
    file.write("M = {")
    for i, (vertices, rays) in enumerate(cells.maximal):
        file.write("," * bool(i) + f"\n{{{_numbers(vertices, '{', '}')}, {_numbers(rays, '{', '}')}}}")
    file.write("}\nP = i -> convexHull(V_(M#i#0), R_(M#i#1), L)\n")
    # Polyhedra knows a complex by vertices and incidences at once; one made of polyhedra it checks pair by pair, which
    # takes minutes for a hundred. Without cells it accepts only the empty polyhedron.
    complex_ = "(V, R, L, M)" if cells.maximal else f"{{emptyPolyhedron {d}}}"
    file.write(f"K = polyhedralComplex {complex_}\n")


def _macaulay2_chains(file: TextIO, chain: ChainComplex) -> None:
    file.write('needsPackage "Complexes"\n')
    ranks = chain.ranks
    if len(ranks) == 1:
        file.write(f"C = complex ZZ^{ranks[0]}\n")
        return
    file.write("C = complex {")
    for k in range(1, len(ranks)):
        entries = ", ".join(f"({i},{j}) => {x}" for i, j, x in _entries(chain.boundary_arrays(k)))
        file.write(",\n" * (k > 1) + f"map(ZZ^{ranks[k - 1]}, ZZ^{ranks[k]}, {{{entries}}})")
    file.write("}\n")
