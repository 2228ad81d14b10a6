"""polyrelu cycles: representative cycles of the homology of a region."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

from polyrelu.analysis.pipeline import analyse_region
from polyrelu.cli.options import (
    add_coefficients,
    add_command,
    add_complete,
    add_net,
    add_region,
    coefficients,
    integer,
    read_level,
)
from polyrelu.cli.output import EXACT, Answer, as_json, lines, table
from polyrelu.cli.task import add_task, prepare, read
from polyrelu.errors import InputError
from polyrelu.exact.rational import show
from polyrelu.topology.cycles import Cycle


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="Representative cycles for a basis of the integral homology of a region (modulo torsion), and for\n"
        "its torsion: points for components, closed paths for loops, closed surfaces for cavities, ...",
        epilog="""\
examples:
  polyrelu cycles net.json
  polyrelu cycles net.json --degree 1 --json          the loops, with the exact coordinates of their pieces

--json: each cycle has its degree, its order (0 if infinite), its cells as [number, coefficient] in the complex that
`complex` names ("coarse", or with --complete C(F, level), "complete"), their dimension, and its pieces as [[points of a
simplex], coefficient]; with --slice in the coordinates of the slice.""",
    )
    add_net(parser)
    parser.add_argument("--degree", metavar="K", help="only this degree: 0 for components, 1 for loops, ...")
    add_region(parser)
    add_coefficients(parser)
    add_complete(parser)
    add_task(parser)


def run(options: argparse.Namespace) -> Answer:
    """The cycles of the region that the options name."""
    task = prepare(options, read(options), one_output=True)
    degree = None if options.degree is None else integer(options.degree, "--degree")
    if degree is not None and not 0 <= degree < task.net.input_dim:
        raise InputError(f"--degree: expected a degree from 0 to {task.net.input_dim - 1}, got {degree}")
    ring = coefficients(options.coefficients)
    with task.work() as how:
        report = analyse_region(
            *(task.net, options.relation, read_level(options), task.domain),
            coarse=not options.complete,
            coefficients=ring,
            **how,
        )
    degrees = range(len(report.betti)) if degree is None else [degree]
    cycles = [cycle for k in degrees for cycle in report.homology.cycles(k)]
    if options.json:
        return Answer(
            as_json(
                architecture=report.architecture,
                relation=report.relation,
                level=report.level,
                betti=report.betti,
                torsion=report.torsion,
                complex="coarse" if report.is_coarse else "complete",
                cycles=[_plain(cycle) for cycle in cycles],
                coefficients=ring,
            )
        )
    alike = Counter((c.degree, c.order or "infinite", len(c.cells), c.cell_dimension) for c in cycles)
    rows = [["degree", "order", "cells", "of dimension", "such cycles"]]
    rows += [[str(x) for x in (*kind, number)] for kind, number in alike.items()]
    return Answer(
        lines(
            task.title,
            f"Representative cycles of the region {{F {report.relation} {show(report.level)}}} "
            f"in {task.space}: {report.homology}",
            "",
            table(rows) if cycles else "  none",
            "",
            "Their cells are those of a coarse complex. " * report.is_coarse
            + "--json gives them, and the coordinates of the simplices.",
            EXACT,
        )
    )


def _plain(cycle: Cycle) -> dict[str, Any]:
    return {
        "degree": cycle.degree,
        "order": cycle.order,
        "cell_dimension": cycle.cell_dimension,
        "cells": list(cycle.cells.items()),
        "pieces": cycle.pieces(),
    }
