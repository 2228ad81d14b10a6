"""polyrelu certify: an answer, and a certificate of it."""

from __future__ import annotations

import argparse
from typing import Any

from polyrelu.cli.options import (
    add_command,
    add_complete,
    add_net,
    add_out,
    add_region,
    check_out,
    field,
    positive,
    read_level,
)
from polyrelu.cli.output import Answer, as_json, lines
from polyrelu.cli.task import add_task, document, flattened, prepare, read, select
from polyrelu.errors import InputError
from polyrelu.export.certification import certify, certify_cells, certify_identical, certify_persistence


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="Computes an answer and writes a file that proves it. polyrelu-check FILE, a small program that\n"
        "shares no code with this one, verifies it by exact arithmetic.",
        epilog="""\
examples:
  polyrelu certify net.json -o net.cert                     the homology of {F > 0}
  polyrelu certify net.json --relation "<=" --level 1/2 --complete -o net.cert
  polyrelu certify net.json --cells -o net.cert             the f-vector of C(F); with --level of C(F, level)
  polyrelu certify net.json --persistence -o net.cert       the bars of the sublevel sets
  polyrelu certify net.json --identical other.json -o net.cert
  polyrelu-check net.cert""",
    )
    add_net(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--cells", action="store_true", help="certify the f-vector, not the homology of a region")
    what.add_argument("--persistence", action="store_true", help="certify the bars of the sublevel sets")
    what.add_argument(
        "--identical", metavar="OTHER",
        help="certify that another network is the same function, or a point of difference",
    )  # fmt: skip
    add_region(parser, default=False)
    add_complete(parser)
    parser.add_argument("--parts", metavar="N", help="homology: cut the space into about N parts, one after the other")
    parser.add_argument("--superlevel", action="store_true", help="persistence: of the sets {F >= t}")
    parser.add_argument("--field", metavar="P", default="2", help="persistence: a prime number (2 by default), or Q")
    add_out(parser)
    add_task(parser)


def run(options: argparse.Namespace) -> Answer:
    """What is certified."""
    check_out(options)
    _refuse_what_is_not_read(options)
    level = read_level(options)
    if options.identical is not None:
        task = prepare(options, read(options), flat=False)
        other = select(options, document(options, options.identical, options.activation, "OTHER").network)
    else:
        task = prepare(options, read(options), one_output=not options.cells or level is not None, flat=False)
    net, _ = flattened(options, task.net, task.domain)
    with task.work() as how:
        if options.identical is not None:
            same = certify_identical(task.net, other, task.domain, options.out, **how)
            answer: dict[str, Any] = {"claim": "identical" if same else "different", "witness": same.witness}
        elif options.cells:
            counts = certify_cells(task.net, level, task.domain, options.out, **how)
            answer = {"claim": "cells", "level": level, "f_vector": counts.f_vector}
            answer["bounded_regions"] = counts.bounded_regions
        elif options.persistence:
            over = field(options.field, "--field")
            bars = certify_persistence(
                task.net, task.domain, options.out, superlevel=options.superlevel, field=over, **how
            )
            answer = {"claim": "persistence", "superlevel": bars.superlevel, "field": over or "Q"}
            answer["bars"] = [bars.bars(k) for k in range(net.input_dim)]
        else:
            parts = 1 if options.parts is None else positive(options.parts, "--parts")
            relation = options.relation or ">"
            report = certify(
                *(task.net, relation, level or 0, task.domain, options.out),
                coarse=not options.complete,
                parts=parts,
                **how,
            )
            answer = {"claim": "homology", "relation": relation, "level": report.level, "betti": report.betti}
            answer["torsion"] = report.torsion
    if options.json:
        return Answer(as_json(architecture=task.net.architecture, **answer, file=options.out))
    shown = as_json(**answer).strip()
    return Answer(lines(task.title, f"Certified in {task.space}: {shown}", f"Verify: polyrelu-check {options.out}"))


def _refuse_what_is_not_read(options: argparse.Namespace) -> None:
    """InputError for an option that says nothing about what is certified."""
    homology = not (options.cells or options.persistence or options.identical)
    for name, given, applies in (
        ("--relation", options.relation is not None, homology),
        ("--level", options.level is not None, homology or options.cells),
        ("--complete", options.complete, homology),
        ("--parts", options.parts is not None, homology),
        ("--superlevel", options.superlevel, options.persistence),
        ("--field", options.field != "2", options.persistence),
    ):
        if given and not applies:
            raise InputError(f"{name}: says nothing about what is certified here")
