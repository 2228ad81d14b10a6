"""polyrelu stability: whether small changes of the parameters change the complex."""

from __future__ import annotations

import argparse

from polyrelu.cli.options import add_command, add_net, read_level
from polyrelu.cli.output import EXACT, Answer, as_json, lines
from polyrelu.cli.task import add_task, prepare, read
from polyrelu.errors import InputError
from polyrelu.exact.rational import show
from polyrelu.paper.stable_networks import stability


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="Decides whether a network is stable over a box: whether the faces of its complex and the regions\n"
        "above and below the level stay the same for all parameters near its own. If so, gives a radius for which\n"
        "that is proved; if not, a neuron that vanishes at a vertex.",
        epilog="""\
examples:
  polyrelu stability net.json --box "0,1"
  polyrelu stability net.json --box "0,8;0,3" --level 1/2 --json""",
    )
    add_net(parser)
    parser.add_argument("--level", default="0", metavar="T", help="exact number: 2, -1/3 or 0.1; 0 by default")
    add_task(parser)


def run(options: argparse.Namespace) -> Answer:
    """The stability of the network, and the radius or an obstruction."""
    task, level = prepare(options, read(options), one_output=True, flat=False), read_level(options)
    if task.domain is None:
        raise InputError(
            "stability needs --box, bounded on all sides: unbounded faces that are parallel may meet after any change"
        )
    with task.work() as how:
        found = stability(task.net, task.domain, level, **how)
    obstruction, constant = found.obstruction, found.constant
    if options.json:
        return Answer(
            as_json(
                architecture=task.net.architecture,
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
            task.title,
            f"Stability of C(F, {show(level or 0)}) in {task.space}",
            "",
            *(f"  {line}" for line in str(found).splitlines()),
            "",
            EXACT,
        )
    )
