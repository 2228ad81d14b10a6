"""polyrelu bounds: bounds for all networks of an architecture."""

from __future__ import annotations

import argparse
from typing import Any

from polyrelu.cli.options import add_command, add_json, architecture
from polyrelu.cli.output import Answer, as_json, lines
from polyrelu.constructions import pareto_front
from polyrelu.errors import InputError
from polyrelu.exact.rational import to_json
from polyrelu.geometry.region import RELATIONS
from polyrelu.paper.bounds import Bound, BoundTable, lower_bounds, short, upper_bounds

MAX_DIM = 128
"""If inputs and first layer are both wider than this, only regions are bounded; all bounds would take minutes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="Bounds on the number of regions and other cells, and on Betti numbers. An upper bound holds for\n"
        "every network of the architecture, a lower bound is reached by {F > 0} of one that `polyrelu construct`\n"
        "builds. The sharpest proved one of each quantity is marked *.",
        epilog=f"""\
examples:
  polyrelu bounds 2-8-6-1
  polyrelu bounds 10-200-200-200-1 --json
  polyrelu bounds 3-6-6-6-1 --front                      what shells reach in all degrees at once

If inputs and the first layer are both wider than {MAX_DIM}, only regions are bounded, as the rest would take
long. --json: degrees is the number of Betti numbers that are bounded, all or none.""",
    )
    parser.add_argument("architecture", metavar="WIDTHS", help="inputs, hidden widths and outputs, such as 2-8-6-1")
    parser.add_argument(
        "--relation", default=">", choices=RELATIONS, metavar="REL",
        help='the region of the upper bounds: ">" (the default), ">=", "<", "<=" or "="',
    )  # fmt: skip
    parser.add_argument(
        "--any-slopes", action="store_true", help="only upper bounds that hold for any slopes below zero, not just ReLU"
    )
    parser.add_argument(
        "--front", action="store_true", help="instead the Pareto front of the Betti numbers of {F > 0} that shells have"
    )
    add_json(parser)


def run(options: argparse.Namespace) -> Answer:
    """Both tables."""
    widths = architecture(options.architecture)
    if options.front:
        if options.relation != ">" or options.any_slopes:
            raise InputError("--front is about {F > 0} of ReLU networks; it takes neither --relation nor --any-slopes")
        return _front(widths, options.json)
    degrees = None if min(widths[:2]) <= MAX_DIM else ()
    upper = upper_bounds(widths, options.relation, degrees=degrees, relu=not options.any_slopes)
    lower = lower_bounds(widths, degrees=degrees)
    if options.json:
        answer = {"degrees": widths[0] if degrees is None else 0, "upper": _rows(upper), "lower": _rows(lower)}
        return Answer(as_json(architecture=widths, relation=options.relation, **answer))
    name = "-".join(map(str, widths))
    note = f"Only regions: inputs and the first layer are both wider than {MAX_DIM}."
    return Answer(
        lines(
            f"Every network {name} has at most (Betti numbers of {{F {options.relation} t}}, any t)",
            "",
            str(upper),
            "",
            f"Some network {name} has at least (Betti numbers of {{F > 0}})",
            "",
            str(lower),
            *([] if degrees is None else ["", note]),
        )
    )


def _front(widths: tuple[int, ...], json: bool) -> Answer:
    """The Pareto front, one line or object for each point."""
    points = pareto_front(widths)
    if json:
        rows = [
            {
                "betti": [to_json(b) for b in point.betti],
                "cuts": point.cuts,
                "variant": point.variant,
                "corner": point.corner,
            }
            for point in points
        ]
        return Answer(as_json(architecture=widths, front=rows))
    table = [(*(f"betti_{k}" for k in range(widths[0])), "cuts", "variant", "corner")]
    for point in points:
        corner = "-" if point.corner is None else ",".join(map(str, point.corner))
        table.append((*map(short, point.betti), ",".join(map(str, point.cuts)), point.variant, corner))
    sizes = [max(map(len, column)) for column in zip(*table, strict=True)]
    name = "-".join(map(str, widths))
    return Answer(
        lines(
            f"Betti numbers of {{F > 0}} that shells {name} have and no others surpass: {len(points)}",
            "",
            *("  ".join(cell.ljust(n) for cell, n in zip(row, sizes, strict=True)).rstrip() for row in table),
        )
    )


def _rows(table: BoundTable) -> list[dict[str, Any]]:
    return [_row(bound) for bound in table]


def _row(bound: Bound) -> dict[str, Any]:
    return {
        "quantity": bound.quantity,
        "name": bound.name,
        "value": None if bound.value is None else to_json(bound.value),
        "source": bound.source,
        "condition": bound.condition,
        "proved": bound.proved,
        "best": bound.best,
    }
