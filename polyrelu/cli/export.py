"""polyrelu export: the complex of a network as a file."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from polyrelu.cli.options import add_command, add_net, add_out, check_out, integer, read_level
from polyrelu.cli.output import Answer, as_json, lines
from polyrelu.cli.task import add_task, prepare, read
from polyrelu.errors import InputError, one_line
from polyrelu.exact.rational import describe, exact
from polyrelu.export import (
    regions_table,
    save_complex,
    write_cells,
    write_macaulay2,
    write_mesh,
    write_polymake,
    write_sage,
    write_table,
)
from polyrelu.export.meshes import check_mesh
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.region import RELATIONS
from polyrelu.geometry.subdivision import subdivide


class Part(NamedTuple):
    """The part of a complex that is written, as the options choose it."""

    relation: str | None
    dimension: int | None
    cell: tuple[int, int] | None
    triangulate: bool
    filters: dict[str, Any]


Writer = Callable[[PolyhedralComplex, str, Part], None]


def _mesh(cx: PolyhedralComplex, out: str, part: Part) -> None:
    cells = cx if part.relation is None else cx.region(part.relation)
    write_mesh(cells, out, part.dimension, triangulate=part.triangulate)


def _cells(cx: PolyhedralComplex, out: str, part: Part) -> None:
    write_cells(cx, out, None if part.dimension is None else [part.dimension])


def _table(cx: PolyhedralComplex, out: str, part: Part) -> None:
    cells = cx if part.relation is None else cx.region(part.relation)
    write_table(regions_table(cells, **part.filters), out)


def _sage(cx: PolyhedralComplex, out: str, part: Part) -> None:
    write_sage(cx if part.relation is None else cx.region(part.relation), out)


def _macaulay2(cx: PolyhedralComplex, out: str, part: Part) -> None:
    write_macaulay2(cx if part.relation is None else cx.region(part.relation), out)


def _cell(cx: PolyhedralComplex, out: str, part: Part) -> None:
    write_polymake(cx, out, part.cell)


WRITERS: dict[str, tuple[str, Writer]] = {
    ".npz": ("the complex, for load_complex", lambda cx, out, part: save_complex(cx, out)),
    ".json": ("its cells, exactly", _cells),
    ".csv": ("a table of its regions", _table),
    ".pcom": ("the complex for polymake", lambda cx, out, part: write_polymake(cx, out)),
    ".poly": ("one cell for polymake, that of --cell", _cell),
    ".sage": ("a script for Sage", _sage),
    ".m2": ("a script for Macaulay2", _macaulay2),
    ".vtu": ("a mesh of its bounded cells", _mesh),
    ".vtk": ("a mesh of its bounded cells", _mesh),
    ".ply": ("a mesh of its bounded cells", _mesh),
    ".obj": ("a mesh of its bounded cells", _mesh),
}
"""What is written for each suffix, and the function that writes it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="Writes the polyhedral complex of the network into a file, in the format of its suffix:\n\n"
        + "\n".join(f"  {suffix:6}{what}" for suffix, (what, _) in WRITERS.items())
        + "\n\nA mesh holds bounded cells of at most three dimensions: a box makes all cells bounded.\n"
        "A script defines the complex; with --relation the chain complex of the region, and its cells if it is closed.",
        epilog="""\
examples:
  polyrelu export net.json -o cells.json                     every cell with exact vertices and inequalities
  polyrelu export net.json -o regions.csv --level 0          patterns, affine maps, volumes, signs of F
  polyrelu export net.json -o regions.csv --bounded --crossing 0     bounded regions in which F changes its sign
  polyrelu export net.json -o boundary.ply --box "-2,2" --level 0 --relation "="
  polyrelu export net.json -o region.sage --level 0 --relation ">="
  polyrelu export net.json -o complex.pcom                   for polymake, and one region alone:
  polyrelu export net.json -o region.poly --cell 2 0""",
    )
    add_net(parser)
    add_out(parser)
    parser.add_argument("--level", metavar="T", help="refine by F = T, and include the sign of F - T on each cell")
    parser.add_argument(
        "--relation", choices=RELATIONS, metavar="REL",
        help='meshes, tables and scripts: only the cells where F REL T, one of ">", ">=", "<", "<=", "="; in quotes',
    )  # fmt: skip
    parser.add_argument("--bounded", action="store_true", help="tables: only bounded regions")
    parser.add_argument("--crossing", metavar="T", help="tables: only regions in whose interior F takes the value T")
    parser.add_argument(
        "--pattern", metavar="SIGNS", help='tables: only regions with this pattern, such as "[+?][??]": ? is any sign'
    )
    parser.add_argument("--dimension", metavar="K", help="meshes and JSON: only the cells of dimension K")
    parser.add_argument("--cell", nargs=2, metavar=("K", "I"), help=".poly: the K-cell number I, counted from 0")
    parser.add_argument("--triangulate", action="store_true", help="meshes: cut polygons into triangles")
    add_task(parser)


def run(options: argparse.Namespace) -> Answer:
    """Subdivide and write."""
    suffix = Path(options.out).suffix.lower()
    if suffix not in WRITERS:
        shown = options.out or describe("")
        raise InputError(f"{shown}: expected a file name that ends in one of {', '.join(WRITERS)}")
    what, write = WRITERS[suffix]
    _check_options(options, suffix, write)
    check_out(options)
    level = read_level(options)
    task = prepare(options, read(options), one_output=level is not None or options.crossing is not None)
    part = _part(options, task.net.input_dim)
    if write is _mesh:
        check_mesh(options.out, task.net.input_dim, part.dimension)
    with task.work() as how:
        cx = subdivide(task.net, level, task.domain, **how)
    write(cx, options.out, part)
    if options.json:
        shape = {"architecture": task.net.architecture, "level": level, "f_vector": cx.f_vector}
        return Answer(as_json(**shape, format=suffix[1:], file=options.out))
    return Answer(lines(task.title, f"{cx!r}, in {task.space}", f"{one_line(options.out)}: {what}"))


def _part(options: argparse.Namespace, input_dim: int) -> Part:
    """The part that the options choose of a complex with this number of inputs."""
    dimension = None if options.dimension is None else _dimension(options.dimension, "--dimension", input_dim)
    cell = None
    if options.cell is not None:
        k, i = options.cell
        cell = _dimension(k, "--cell", input_dim), integer(i, "--cell")
    filters: dict[str, Any] = {"bounded": options.bounded or None, "pattern": options.pattern}
    if options.crossing is not None:
        filters["crossing"] = exact(options.crossing, "--crossing")
    return Part(options.relation, dimension, cell, options.triangulate, filters)


def _dimension(text: str, option: str, input_dim: int) -> int:
    k = integer(text, option)
    if not 0 <= k <= input_dim:
        raise InputError(f"{option}: expected the dimension of a cell, 0 to {input_dim}, got {k}")
    return k


def _check_options(options: argparse.Namespace, suffix: str, write: Writer) -> None:
    """InputError for options that the format would ignore."""
    for name, given, formats in (
        ("--relation", options.relation is not None, [_mesh, _table, _sage, _macaulay2]),
        ("--bounded", options.bounded, [_table]),
        ("--crossing", options.crossing is not None, [_table]),
        ("--pattern", options.pattern is not None, [_table]),
        ("--triangulate", options.triangulate, [_mesh]),
        ("--cell", options.cell is not None, [_cell]),
        ("--dimension", options.dimension is not None, [_mesh, _cells]),
    ):
        if given and write not in formats:
            raise InputError(f"{name}: has no meaning for {suffix} files")
    if write is _cell and options.cell is None:
        raise InputError(f"{options.out}: choose a cell with --cell K I; the whole complex is written as .pcom")
    if options.relation is not None and options.level is None:
        raise InputError("--relation: needs a level to compare with, such as --level 0")
