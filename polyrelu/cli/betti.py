"""polyrelu betti: the homology of a region."""

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
    add_region,
    add_slice,
    domain,
    effort,
    read,
    scalar,
    sliced,
    space,
)
from polyrelu.cli.output import EXACT, Answer, as_json, lines, table
from polyrelu.cli.progress import Progress
from polyrelu.errors import one_line
from polyrelu.pipeline import analyse_region
from polyrelu.rational import exact, show

MEANING = {0: "connected components", 1: "independent loops", 2: "independent closed surfaces"}


def add_parser(commands: Any) -> None:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "betti",
        help="Betti numbers and torsion of a region such as {F > 0}",
        description="Betti numbers and torsion of the region where the network F is greater (or less, or equal) than\n"
        "a level: how many connected components, loops, cavities, ... it has, as an exact integral homology.",
        epilog="""\
examples:
  polyrelu betti net.json
  polyrelu betti net.json --relation "<=" --level -1/2
  polyrelu betti net.json --box "-1,1" --json
  polyrelu betti classifier.json --difference 2 0     where output 2 exceeds output 0
  polyrelu betti large.json --slice points.json       on a plane through three points, [[0, ...], [...], [...]]""",
        **SHARED,
    )
    add_net(parser)
    add_region(parser)
    add_choice(parser)
    add_slice(parser)
    add_box(parser)
    add_limit(parser)
    add_json(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> Answer:
    """The homology of the region that the options name."""
    net = sliced(options, scalar(options, read(options)))
    level = exact(options.level, where="--level")
    where, limits = domain(options, net.input_dim), effort(options)
    with Progress() as progress:
        report = analyse_region(net, options.relation, level, where, **limits, progress=progress.hook)
    if options.json:
        return Answer(
            as_json(
                architecture=report.architecture,
                relation=report.relation,
                level=report.level,
                betti=report.betti,
                torsion=report.torsion,
                euler_characteristic=report.euler_characteristic,
                f_vector=report.f_vector,
            )
        )
    rows = [["k", "Betti number", "torsion", ""]]
    for k, (betti, torsion) in enumerate(zip(report.betti, report.torsion, strict=True)):
        groups = " + ".join(f"Z/{factor}" for factor in torsion) or "-"
        rows.append([str(k), str(betti), groups, MEANING.get(k, "")])
    cells = [["dimension", *map(str, range(len(report.f_vector)))], ["cells", *map(str, report.f_vector)]]
    return Answer(
        lines(
            f"{one_line(options.net)}: {net!r}",
            f"Integral homology of the region {{F {report.relation} {show(report.level)}}} "
            f"in {space(options, net.input_dim)}",
            "",
            table(rows),
            "",
            f"Euler characteristic {report.euler_characteristic}, computed from these cells of C(F, {show(level)}):",
            "",
            table(cells),
            "",
            EXACT,
        )
    )
