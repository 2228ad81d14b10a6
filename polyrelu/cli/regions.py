"""polyrelu regions: the cells of the canonical complex, counted."""

from __future__ import annotations

import argparse
from typing import Any

from polyrelu.cli.options import (
    SHARED,
    add_box,
    add_choice,
    add_json,
    add_limit,
    add_net,
    add_slice,
    chosen,
    domain,
    effort,
    read,
    sliced,
    space,
)
from polyrelu.cli.output import EXACT, Answer, as_json, lines, table
from polyrelu.cli.progress import Progress
from polyrelu.errors import one_line
from polyrelu.geometry.subdivision import subdivide


def add_parser(commands: Any) -> None:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "regions",
        help="linear regions and all faces of the network's polyhedral complex",
        description="Counts the activation regions of the network and all their faces, its linear pieces and vertices.",
        epilog="""\
examples:
  polyrelu regions net.json
  polyrelu regions net.json --box "0,1;-2,2"          only the part inside a box""",
        **SHARED,
    )
    add_net(parser)
    add_choice(parser)
    add_slice(parser)
    add_box(parser)
    add_limit(parser)
    add_json(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> Answer:
    """The counts."""
    net = sliced(options, chosen(options, read(options)))
    where, limits = domain(options, net.input_dim), effort(options)
    with Progress() as progress:
        cx = subdivide(net, domain=where, **limits, progress=progress.hook)
    if options.json:
        return Answer(
            as_json(
                architecture=net.architecture,
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
            f"{one_line(options.net)}: {net!r}",
            f"Canonical polyhedral complex C(F) of {space(options, net.input_dim)}",
            "",
            table(counts),
            "",
            table([["dimension", *map(str, range(len(cx.f_vector)))], ["cells", *map(str, cx.f_vector)]]),
            "",
            EXACT,
        )
    )
