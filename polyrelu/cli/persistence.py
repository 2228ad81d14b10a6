"""polyrelu persistence: the bars of the sublevel or superlevel sets."""

from __future__ import annotations

import argparse
from fractions import Fraction
from typing import Any

from polyrelu.analysis.barcode import persistence, read_field
from polyrelu.cli.options import add_command, add_net, integer
from polyrelu.cli.output import EXACT, Answer, as_json, lines, table
from polyrelu.cli.task import add_task, prepare, read
from polyrelu.exact.rational import show


def add_parser(commands: Any) -> None:
    """Add the command's parser."""
    parser = add_command(
        commands,
        "persistence",
        run,
        help="Betti numbers of {F <= t} for all levels t at once, as bars",
        description="The persistent homology of the sublevel sets {F <= t} of the network: at which level each\n"
        "component, loop, cavity, ... is born and at which it dies.",
        epilog="""\
examples:
  polyrelu persistence net.json
  polyrelu persistence net.json --superlevel            the sets {F >= t}, t descending
  polyrelu persistence net.json --field Q --box "-1,1" --json""",
    )
    add_net(parser)
    parser.add_argument("--superlevel", action="store_true", help="take the sets {F >= t}, t descending")
    parser.add_argument(
        "--field", metavar="P", default="2",
        help="the field of coefficients: a prime number P (2 by default), or Q for the rational numbers",
    )  # fmt: skip
    add_task(parser)


def run(options: argparse.Namespace) -> Answer:
    """The bars."""
    field = read_field("Q" if options.field == "Q" else integer(options.field, "--field"))
    task = prepare(options, read(options), one_output=True)
    with task.work() as how:
        found = persistence(task.net, task.domain, superlevel=options.superlevel, field=field, **how)
    bars = [found.bars(k) for k in range(task.net.input_dim)]
    if options.json:
        return Answer(
            as_json(
                architecture=task.net.architecture,
                field=field or "Q",
                superlevel=found.superlevel,
                bars=bars,
            )
        )
    before, after = ("inf", "-inf") if found.superlevel else ("-inf", "inf")

    def end(value: Fraction | None, infinite: str) -> str:
        return infinite if value is None else show(value)

    rows = [["k", "birth", "death"]]
    rows += [[str(k), end(birth, before), end(death, after)] for k, of in enumerate(bars) for birth, death in of]
    what = "{F >= t}" if found.superlevel else "{F <= t}"
    over = f"the field of {field} elements" if field else "the rational numbers"
    return Answer(
        lines(
            task.title,
            f"Persistent homology of {what} in {task.space} over {over}",
            "",
            table(rows),
            "",
            EXACT,
        )
    )
