"""polyrelu persistence: the bars of the sublevel or superlevel sets."""

from __future__ import annotations

import argparse
from fractions import Fraction

from polyrelu.analysis.barcode import persistence
from polyrelu.cli.options import add_command, add_net, check_out, field
from polyrelu.cli.output import EXACT, Answer, as_json, lines, table
from polyrelu.cli.task import add_task, prepare, read
from polyrelu.errors import InputError, one_line
from polyrelu.exact.rational import show
from polyrelu.plotting import KINDS, SUFFIXES, plot_persistence
from polyrelu.plotting.figure import check_suffix


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="The persistent homology of the sublevel sets {F <= t} of the network: at which level each\n"
        "component, loop, cavity, ... is born and at which it dies.",
        epilog="""\
examples:
  polyrelu persistence net.json
  polyrelu persistence net.json --superlevel            the sets {F >= t}, t descending
  polyrelu persistence net.json --field Q --box "-1,1" --json
  polyrelu persistence net.json --plot bars.png
  polyrelu persistence net.json --plot curves.svg --kind betti""",
    )
    add_net(parser)
    parser.add_argument("--superlevel", action="store_true", help="take the sets {F >= t}, t descending")
    parser.add_argument(
        "--field", metavar="P", default="2",
        help="the field of coefficients: a prime number P (2 by default), or Q for the rational numbers",
    )  # fmt: skip
    parser.add_argument(
        "--plot", metavar="FILE",
        help=f"draw a picture too, into a file that ends in {', '.join(SUFFIXES)} (needs matplotlib)",
    )  # fmt: skip
    parser.add_argument(
        "--kind", choices=KINDS, help="barcode (the default), diagram of births and deaths, or Betti numbers over t"
    )
    add_task(parser)


def run(options: argparse.Namespace) -> Answer:
    """The bars."""
    characteristic = field(options.field, "--field")
    if options.plot is not None:
        check_suffix(options.plot)
        check_out(options, options.plot)
    elif options.kind is not None:
        raise InputError("--kind is that of a picture; say with --plot FILE where to write it")
    task = prepare(options, read(options), one_output=True)
    with task.work() as how:
        found = persistence(task.net, task.domain, superlevel=options.superlevel, field=characteristic, **how)
    if options.plot is not None:
        plot_persistence(found, options.plot, kind=options.kind or "barcode")
    bars = [found.bars(k) for k in range(task.net.input_dim)]
    if options.json:
        return Answer(
            as_json(
                architecture=task.net.architecture,
                field=characteristic or "Q",
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
    over = f"the field of {characteristic} elements" if characteristic else "the rational numbers"
    return Answer(
        lines(
            task.title,
            f"Persistent homology of {what} in {task.space} over {over}",
            "",
            table(rows),
            "",
            EXACT,
            *([] if options.plot is None else [f"{one_line(options.plot)}: drawn"]),
        )
    )
