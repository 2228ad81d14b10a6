"""polyrelu check: whether a condition on the outputs holds on the whole domain."""

from __future__ import annotations

import argparse

from polyrelu.analysis.properties import check
from polyrelu.cli.options import add_command, add_net, add_seconds, read_seconds
from polyrelu.cli.output import EXACT, Answer, as_json, lines
from polyrelu.cli.range import vector
from polyrelu.cli.task import add_task, prepare, read
from polyrelu.exact.rational import show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="Decides exactly whether a condition on the outputs holds at all points of a box, or of the whole\n"
        "space. Exit status 0 if it does; 1 if not, with a counterexample, or if it was not decided within the limits.",
        epilog="""\
examples:
  polyrelu check net.json --box "-1,1" --property "y0 <= 1 and y1 - y2 > 0"
  polyrelu check net.json --box "0,1;2,3" --property "not (y0 > y1 and y0 > y2)" --seconds 60 --json""",
    )
    add_net(parser)
    parser.add_argument(
        "--property", metavar="FORMULA", required=True,
        help="the condition: comparisons (<, <=, >, >=, =, !=) of sums of the outputs y0, y1, ... with exact factors, "
        "combined by not, and, or",
    )  # fmt: skip
    add_seconds(parser)
    add_task(parser)


def run(options: argparse.Namespace) -> Answer:
    """Whether the condition holds; status 1 if not."""
    task, seconds = prepare(options, read(options), flat=False), read_seconds(options)
    with task.work() as how:
        found = check(task.net, options.property, task.domain, seconds=seconds, **how)
    status = 0 if found else 1
    if options.json:
        text = as_json(
            architecture=task.net.architecture,
            property=options.property,
            holds=found.holds,
            counterexample=found.counterexample,
            outputs=found.outputs,
            cells=found.cells,
        )
        return Answer(text, status)
    parts = [task.title, f"Property {options.property} over {task.space}", ""]
    if found.counterexample is None or found.outputs is None:
        parts.append(f"It holds at every point. Proof: coarse complexes of {found.cells} cells in all.")
    else:
        parts.append(f"It does not hold at x = {vector(found.counterexample)}:")
        parts += [f"  y{i} = {show(value)}" for i, value in enumerate(found.outputs)]
    return Answer(lines(*parts, "", EXACT), status)
