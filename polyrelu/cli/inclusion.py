"""polyrelu inclusion: the map on homology that the inclusion of one region in another induces."""

from __future__ import annotations

import argparse
from typing import Any

from polyrelu.analysis.inclusions import inclusion
from polyrelu.cli.options import add_coefficients, add_command, add_net, coefficients
from polyrelu.cli.output import EXACT, Answer, as_json, lines, table
from polyrelu.cli.task import add_task, intervals, prepare, read
from polyrelu.network.formula import Formula
from polyrelu.network.slices import Slice
from polyrelu.readers.points import read_points
from polyrelu.topology.abelian_groups import AbelianGroup
from polyrelu.topology.coefficients import symbol


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="A region X in a larger region Y: the maps H_k(X) -> H_k(Y) that the inclusion induces, as\n"
        "exact matrices. They say which components of X lie in one of Y, and which loops are filled in.",
        epilog="""\
examples:
  polyrelu inclusion net.json --inner "F >= 1" --outer "F >= 0"
  polyrelu inclusion net.json --inner "F > 0" --inner-box "-1,1"           the part in a box, in all of {F > 0}
  polyrelu inclusion net.json --inner "F > 0" --inner-slice points.json    the part in a plane, in all of {F > 0}
  polyrelu inclusion classifier.json --inner "F0 > F1 and F0 > F2" --outer "F0 > F1" --json

--json: `matrices` has the matrix of each degree k = 0, 1, ..., by rows: one row for each coordinate in H_k(Y), one
column for each cycle of a basis of H_k(X); summands Z come first, then those Z/m.""",
    )
    add_net(parser)
    parser.add_argument("--inner", metavar="FORMULA", required=True, help='the smaller region X, such as "F >= 1"')
    parser.add_argument("--outer", metavar="FORMULA", help="the larger region Y; by default the same condition as X")
    parser.add_argument(
        "--inner-box", metavar="LO,HI[;LO,HI...]", help="only the part of X in this box, written as for --box"
    )
    parser.add_argument(
        "--inner-slice", metavar="FILE", help="only the part of X in the plane through 3 points, read as for --slice"
    )
    add_coefficients(parser)
    add_task(parser)


def run(options: argparse.Namespace) -> Answer:
    """The map that the options name."""
    inner = Formula(options.inner)
    outer = inner if options.outer is None else Formula(options.outer)
    ring = coefficients(options.coefficients)
    task = prepare(options, read(options), flat=False)
    box = None if options.inner_box is None else intervals(options.inner_box, task.net.input_dim, "--inner-box")
    part = None if options.inner_slice is None else Slice(read_points(options.inner_slice))
    with task.work() as how:
        found = inclusion(task.net, inner, outer, task.domain, inner_domain=box, slice=part, coefficients=ring, **how)
    degrees = range(len(found.source.betti))
    if options.json:
        return Answer(
            as_json(
                architecture=task.net.architecture,
                inner=str(inner),
                outer=str(outer),
                coefficients=ring,
                source={"betti": found.source.betti, "torsion": found.source.torsion},
                target={"betti": found.target.betti, "torsion": found.target.torsion},
                matrices=[found.matrix(k) for k in degrees],
                kernel=[_plain(found.kernel(k)) for k in degrees],
                image=[_plain(found.image(k)) for k in degrees],
                cokernel=[_plain(found.cokernel(k)) for k in degrees],
                isomorphism=found.is_isomorphism(),
            )
        )
    rows = [["k", "H_k(X)", "H_k(Y)", "kernel", "image", "cokernel"]]
    for k in degrees:
        groups = (found.source_group(k), found.target_group(k), found.kernel(k), found.image(k), found.cokernel(k))
        rows.append([str(k), *map(str, groups)])
    limits = [f"the box {options.inner_box}"] * (box is not None)
    limits += [f"the slice of {options.inner_slice}"] * (part is not None)
    where = f", in {' and in '.join(limits)}" if limits else ""
    matrices = [f"H_{k}: {[list(row) for row in found.matrix(k)]}" for k in degrees if any(map(any, found.matrix(k)))]
    return Answer(
        lines(
            task.title,
            f"X = {{{inner}}}{where}, and Y = {{{outer}}}, in {task.space}, over {symbol(ring)}",
            "",
            table(rows),
            "",
            "Matrices that are not 0, by rows:" if matrices else "All matrices are 0.",
            *(f"  {matrix}" for matrix in matrices),
            "",
            EXACT,
        )
    )


def _plain(group: AbelianGroup) -> dict[str, Any]:
    return {"rank": group.rank, "torsion": group.torsion}
