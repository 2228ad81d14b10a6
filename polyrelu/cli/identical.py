"""polyrelu identical: whether two networks are the same function."""

from __future__ import annotations

import argparse
from fractions import Fraction
from typing import Any

from polyrelu.analysis.identity import identical
from polyrelu.cli.options import add_activation, add_command
from polyrelu.cli.output import EXACT, Answer, as_json, lines
from polyrelu.cli.task import add_task, both_networks, prepare, select
from polyrelu.errors import one_line
from polyrelu.exact.rational import show, to_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="Decides exactly whether two networks compute the same function, whatever their architectures.\n"
        "Exit status 0 if they do; 1 if not, with a rational point where they differ.",
        epilog="""\
examples:
  polyrelu identical a.json b.json
  polyrelu identical a.json b.json --box "0,1"        only on a box""",
    )
    parser.add_argument("net", metavar="A", help="network file")
    parser.add_argument("other", metavar="B", help="a second network file, with the same numbers of inputs and outputs")
    add_activation(parser)
    add_task(parser, choice=False)


def run(options: argparse.Namespace) -> Answer:
    """The answer; status 1 if the networks differ."""
    first, second = both_networks(options)
    task, g = prepare(options, first, flat=False), select(options, second)
    with task.work() as how:
        found = identical(task.net, g, task.domain, **how)
    status = 0 if found else 1
    if options.json:
        witness = None if found.witness is None else [to_json(x) for x in found.witness]
        values = None if found.values is None else [_json_value(value) for value in found.values]
        text = as_json(identical=found.identical, regions=found.regions, witness=witness, values=values)
        return Answer(text, status)
    parts = [f"A = {task.title}", f"B = {one_line(options.other)}: {g!r}"]
    if found.witness is None or found.values is None:
        parts += [f"A and B are the same function on {task.space}."]
        each = f"vanishes on each of the {found.regions} regions of its canonical complex"
        parts += [f"Proof: A - B {each if found.regions > 1 else 'is one affine map there, which is zero'}."]
    else:
        where_x = "" if options.slice is None else f" in {task.space}"
        parts += [f"A and B differ at x = {_text(found.witness)}{where_x}:"]
        parts += [f"  A(x) = {_text(found.values[0])}", f"  B(x) = {_text(found.values[1])}"]
    return Answer(lines(*parts, "", EXACT), status)


def _json_value(value: Fraction | tuple[Fraction, ...]) -> Any:
    return [to_json(x) for x in value] if isinstance(value, tuple) else to_json(value)


def _text(value: Fraction | tuple[Fraction, ...]) -> str:
    return "(" + ", ".join(map(show, value)) + ")" if isinstance(value, tuple) else show(value)
