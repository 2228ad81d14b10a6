"""polyrelu range: the exact ranges of outputs."""

from __future__ import annotations

import argparse
from fractions import Fraction
from typing import Any

from polyrelu.analysis.optimum import Extremum
from polyrelu.analysis.ranges import Range, output_range, output_ranges
from polyrelu.cli.options import add_command, add_net, add_seconds, read_seconds
from polyrelu.cli.output import EXACT, Answer, as_json, lines, table
from polyrelu.cli.task import add_task, prepare, read
from polyrelu.exact.rational import show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="The exact minimum and maximum of every output, or of a linear form of the outputs, with points\n"
        "where they are attained, or directions in which there is none.",
        epilog="""\
examples:
  polyrelu range net.json --box "0,1"
  polyrelu range net.json --form "y1 - 2*y0" --box "0,1;-1,1"
  polyrelu range net.json --seconds 60 --json          exit status 1 if not decided in time""",
    )
    add_net(parser)
    parser.add_argument("--form", metavar="FORM", help='a linear form of the outputs y0, y1, ... such as "y1 - 2*y0"')
    add_seconds(parser)
    add_task(parser)


def run(options: argparse.Namespace) -> Answer:
    """The ranges."""
    task, seconds = prepare(options, read(options), flat=False), read_seconds(options)
    with task.work() as how:
        if options.form is None:
            found = output_ranges(task.net, task.domain, seconds=seconds, **how)
        else:
            found = (output_range(task.net, task.domain, form=options.form, seconds=seconds, **how),)
    if options.json:
        ranges = [{"minimum": x.minimum.value, "maximum": x.maximum.value, **_places(x)} for x in found]
        return Answer(as_json(architecture=task.net.architecture, form=options.form, ranges=ranges))
    names = [options.form] if options.form is not None else [f"y{i}" for i in range(len(found))]
    rows = [["", "", "value", "at"]]
    for name, x in zip(names, found, strict=True):
        rows += [[name, "minimum", *_shown(x.minimum, "-inf")], ["", "maximum", *_shown(x.maximum, "inf")]]
    return Answer(lines(task.title, f"Ranges over {task.space}", "", table(rows), "", EXACT))


def _places(found: Range) -> dict[str, Any]:
    return {
        f"{name}_{key}": value
        for name, x in (("minimum", found.minimum), ("maximum", found.maximum))
        for key, value in (("point", x.point), ("ray", x.ray))
    }


def _shown(extremum: Extremum, infinite: str) -> list[str]:
    """The value, and the point or ray."""
    if extremum.value is not None:
        return [show(extremum.value), vector(extremum.point)]
    return [infinite, f"{vector(extremum.point)} + s {vector(extremum.ray or ())}, s to infinity"]


def vector(x: tuple[Fraction | int, ...]) -> str:
    """A point or a direction as text."""
    return f"({', '.join(map(show, x))})"
