"""polyrelu regions: the cells of the canonical complex, counted."""

from __future__ import annotations

import argparse
from typing import Any

from polyrelu.analysis.counting import count_cells
from polyrelu.cli.options import add_command, add_net, add_parts
from polyrelu.cli.output import EXACT, Answer, as_json, cell_table, lines, table
from polyrelu.cli.task import Task, add_task, prepare, read
from polyrelu.geometry.subdivision import subdivide


def add_parser(commands: Any) -> None:
    """Add the command's parser."""
    parser = add_command(
        commands,
        "regions",
        run,
        help="numbers of activation regions, linear pieces and faces",
        description="Counts the activation regions of the network and all their faces, its linear pieces and vertices.",
        epilog="""\
examples:
  polyrelu regions net.json
  polyrelu regions net.json --box "0,1;-2,2"          only the part inside a box
  polyrelu regions huge.json --parts auto             in parts: all counts but the linear pieces""",
    )
    add_net(parser)
    add_task(parser)
    add_parts(parser)


def run(options: argparse.Namespace) -> Answer:
    """The counts."""
    task = prepare(options, read(options))
    if task.asks_for_parts:
        return _in_parts(task)
    with task.work() as how:
        cx = subdivide(task.net, domain=task.domain, **how)
    if options.json:
        return Answer(
            as_json(
                architecture=task.net.architecture,
                f_vector=cx.f_vector,
                regions=cx.n_regions,
                bounded_regions=cx.n_bounded_regions,
                vertices=cx.n_vertices,
                linear_pieces=cx.n_linear_pieces,
                lineality=cx.lineality_dim,
            )
        )
    counts = [
        ["activation regions", str(cx.n_regions), "cells of full dimension"],
        ["  bounded", str(cx.n_bounded_regions), ""],
        ["linear pieces", str(cx.n_linear_pieces), "adjoining regions with the same affine map count once"],
        ["vertices", str(cx.n_vertices), ""],
        ["lineality", str(cx.lineality_dim), "dimension of the directions in which nothing changes"],
    ]
    return Answer(
        lines(
            task.title,
            f"Canonical polyhedral complex C(F) of {task.space}",
            "",
            table(counts),
            "",
            cell_table(cx.f_vector),
            "",
            EXACT,
        )
    )


def _in_parts(task: Task) -> Answer:
    """The counts that parts can make: pieces that are linear may go through several parts."""
    with task.work_in_parts() as how:
        found = count_cells(task.net, domain=task.domain, **how)
    lineality = next((k for k, n in enumerate(found.f_vector) if n), 0)
    if task.options.json:
        return Answer(
            as_json(
                architecture=task.net.architecture,
                f_vector=found.f_vector,
                regions=found.regions,
                bounded_regions=found.bounded_regions,
                vertices=found.f_vector[0],
                linear_pieces=None,
                lineality=lineality,
            )
        )
    counts = [
        ["activation regions", str(found.regions), "cells of full dimension"],
        ["  bounded", str(found.bounded_regions), ""],
        ["vertices", str(found.f_vector[0]), ""],
        ["lineality", str(lineality), "dimension of the directions in which nothing changes"],
    ]
    return Answer(
        lines(
            task.title,
            f"Canonical polyhedral complex C(F) of {task.space}, counted in {found.n_parts} parts",
            "",
            table(counts),
            "",
            cell_table(found.f_vector),
            "",
            EXACT,
        )
    )
