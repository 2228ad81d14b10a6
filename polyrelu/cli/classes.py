"""polyrelu classes: the topology of the regions of all classes."""

from __future__ import annotations

import argparse
from typing import Any

from polyrelu.analysis.class_homology import analyse_classes
from polyrelu.cli.options import add_coefficients, add_command, add_net, add_parts, coefficients, source
from polyrelu.cli.output import EXACT, Answer, as_json, as_latex, cell_table, in_parts, lines, table
from polyrelu.cli.task import add_task, prepare, read
from polyrelu.errors import InputError
from polyrelu.topology.coefficients import symbol
from polyrelu.topology.groups import Homology


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="A network with several outputs F_0, F_1, ... puts a point into class i if F_i is the largest\n"
        "output there. For every class: how many connected components, loops, cavities, ... its region\n"
        "{F_i > F_j for all other j} has, as an exact integral homology; and the same for the decision\n"
        "boundary, where several outputs are the largest.",
        epilog="""\
examples:
  polyrelu classes net.json
  polyrelu classes net.json --closed --box "-1,1"                 with >= for >, in a box
  polyrelu classes huge.json --parts auto --work-dir w            in parts; goes on where it was when called again
  polyrelu classes large.json --slice points.json --box "-1,2"    on a plane through three points""",
    )
    add_net(parser)
    parser.add_argument("--closed", action="store_true", help="ties belong to all their classes: F_i >= F_j")
    parser.add_argument(
        "--complete", action="store_true",
        help="make all cells, not a coarse complex with fewer cells far from the decision boundary; the homology is "
        "the same",
    )  # fmt: skip
    add_coefficients(parser)
    add_task(parser, choice=False, latex=True)
    add_parts(parser)


def run(options: argparse.Namespace) -> Answer:
    """The homology of all regions, and of the boundary between them."""
    net = read(options)
    if net.output_dim == 1:
        raise InputError(f"{source(options)} has one output, and classes compare several; see polyrelu betti")
    ring = coefficients(options.coefficients)
    task = prepare(options, net)
    with task.work_in_parts() as how:
        report = analyse_classes(
            task.net, task.domain, options.closed, coarse=not options.complete, coefficients=ring, **how
        )
    ties = report.tied_regions
    if options.json:
        return Answer(
            as_json(
                architecture=task.net.architecture,
                closed=options.closed,
                classes=[{"class": i, **_groups(h)} for i, h in enumerate(report.classes)],
                boundary=_groups(report.boundary),
                tied_regions=ties,
                complex="coarse" if report.is_coarse else "complete",
                cells=report.cells,
                f_vector=report.f_vector,
                coefficients=ring,
            )
        )
    relation = ">=" if options.closed else ">"
    if options.latex:
        what = f"the regions {{F_i {relation} F_j for all j}} in {task.space}"
        return Answer(as_latex(report, task.title, what))
    rows = [["", *(f"b_{k}" for k in range(task.net.input_dim)), "torsion"]]
    rows += [[f"class {i}", *_row(h)] for i, h in enumerate(report.classes)]
    rows += [["boundary", *_row(report.boundary)]]
    made = in_parts(report.n_parts)
    return Answer(
        lines(
            task.title,
            f"Betti numbers of the regions {{F_i {relation} F_j for all j}} and of the decision boundary",
            f"in {task.space}{'' if ring == 'Z' else f' over {symbol(ring)}'}",
            "",
            table(rows),
            "",
            "The largest output is unique inside every region."
            if not ties
            else f"Several outputs are the largest throughout {ties} region{'s' * (ties != 1)}.",
            f"Found from these cells of a coarse complex{made}:"
            if report.is_coarse
            else f"Computed from these cells{made}:",
            "",
            cell_table(report.cells),
            "",
            EXACT,
        )
    )


def _groups(h: Homology) -> dict[str, Any]:
    return {"betti": h.betti, "torsion": h.torsion, "euler_characteristic": h.euler_characteristic}


def _row(h: Homology) -> list[str]:
    torsion = [f"Z/{m} in degree {k}" for k, factors in enumerate(h.torsion) for m in factors]
    return [*map(str, h.betti), ", ".join(torsion) or "-"]
