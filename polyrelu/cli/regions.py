"""polyrelu regions: the cells of the canonical complex, counted."""

from __future__ import annotations

import argparse
from typing import Any

from polyrelu.cli.options import add_command, add_net
from polyrelu.cli.output import EXACT, Answer, as_json, cell_table, lines, table
from polyrelu.cli.task import add_task, prepare, read
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
  polyrelu regions net.json --box "0,1;-2,2"          only the part inside a box""",
    )
    add_net(parser)
    add_task(parser)


def run(options: argparse.Namespace) -> Answer:
    """The counts."""
    task = prepare(options, read(options))
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
