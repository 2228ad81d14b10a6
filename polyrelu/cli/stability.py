"""polyrelu stability: whether small changes of the parameters change anything."""

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
    domain,
    effort,
    read,
    scalar,
    sliced,
    space,
)
from polyrelu.cli.output import EXACT, Answer, as_json, lines
from polyrelu.cli.progress import Progress
from polyrelu.errors import InputError
from polyrelu.exact.rational import exact, show
from polyrelu.paper.stable_networks import stability


def add_parser(commands: Any) -> None:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "stability",
        help="whether the topology survives small changes of the parameters, and which ones for certain",
        description="Decides whether a network is stable over a box: whether the faces of its complex and the regions\n"
        "above and below the level stay the same for all parameters near its own. If so, gives a radius for which\n"
        "that is proved; if not, a neuron that vanishes at a vertex.",
        epilog="""\
examples:
  polyrelu stability net.json --box "0,1"
  polyrelu stability net.json --box "0,8;0,3" --level 1/2 --json""",
        **SHARED,
    )
    add_net(parser)
    parser.add_argument("--level", default="0", metavar="T", help="exact number: 2, -1/3 or 0.1; 0 by default")
    add_choice(parser)
    add_slice(parser)
    add_box(parser)
    add_limit(parser)
    add_json(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> Answer:
    """What is stable, and how far."""
    net = sliced(options, scalar(options, read(options)))
    level = exact(options.level, where="--level")
    if options.box is None:
        raise InputError(
            "stability needs --box, bounded on all sides: unbounded faces that are parallel may meet after any change"
        )
    where, limits = domain(options, net.input_dim), effort(options)
    with Progress() as progress:
        found = stability(net, where, level, **limits, progress=progress.hook)
    obstruction, constant = found.obstruction, found.constant
    if options.json:
        return Answer(
            as_json(
                architecture=net.architecture,
                level=level,
                combinatorial=found.combinatorial,
                topological=found.topological,
                radius=found.radius,
                obstruction=obstruction and obstruction._asdict(),
                printed_combinatorial=found.printed_combinatorial,
                printed_topological=found.printed_topological,
                constant=constant and constant._asdict(),
            )
        )
    return Answer(
        lines(
            f"{options.net}: {net!r}",
            f"Stability of C(F, {show(level)}) in {space(options, net.input_dim)}",
            "",
            *(f"  {line}" for line in str(found).splitlines()),
            "",
            EXACT,
        )
    )
