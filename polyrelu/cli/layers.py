"""polyrelu layers: the homology of a region, and of its images after each hidden layer."""

from __future__ import annotations

import argparse
from typing import Any

from polyrelu.analysis.layers import LayerwiseHomology, layerwise_homology
from polyrelu.cli.options import add_coefficients, add_command, add_net, add_region, coefficients, integer, read_level
from polyrelu.cli.output import EXACT, Answer, as_json, as_latex, lines, table
from polyrelu.cli.task import add_task, prepare, read
from polyrelu.errors import InputError
from polyrelu.exact.rational import show
from polyrelu.geometry.classes import classify
from polyrelu.topology.coefficients import symbol


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="The homology of the region X = {F <= level} (or another relation), and of its images under the\n"
        "first 1, 2, ... hidden layers: how the network simplifies its topology, exactly.",
        epilog="""\
examples:
  polyrelu layers net.json
  polyrelu layers net.json --relation ">=" --level 1/2 --box "-1,1" --json
  polyrelu layers classifier.json --class 2           where output 2 is the largest, ties included""",
    )
    add_net(parser)
    add_region(parser, default=False, standard="<=")
    parser.add_argument(
        "--class", dest="class_", metavar="I",
        help="the region where output I is the largest, ties included, in place of --relation and --level",
    )  # fmt: skip
    add_coefficients(parser)
    add_task(parser, latex=True)


def run(options: argparse.Namespace) -> Answer:
    """The homology after each layer."""
    relation, level = options.relation or "<=", read_level(options) or 0
    if options.class_ is not None and (options.relation is not None or options.level is not None):
        raise InputError("--class takes the place of --relation and --level; give one or the other")
    ring = coefficients(options.coefficients)
    task = prepare(options, read(options), one_output=options.class_ is None)
    named: dict[str, Any] = {"relation": relation, "level": level}
    what = f"X = {{F {relation} {show(level)}}}"
    with task.work() as how:
        if options.class_ is None:
            found = layerwise_homology(task.net, relation, level, task.domain, **how)
        else:
            i = integer(options.class_, "--class")
            region = classify(task.net, task.domain, **how).region(i, closed=True)
            found = layerwise_homology(region, **how)
            named, what = {"class": i}, f"X, where output {i} is the largest (or one of them),"
    over = [groups.with_coefficients(ring) for groups in found]
    if options.json:
        layers = [{"betti": groups.betti, "torsion": groups.torsion} for groups in over]
        return Answer(as_json(architecture=task.net.architecture, **named, layers=layers, coefficients=ring))
    if options.latex:
        return Answer(as_latex(LayerwiseHomology(over), task.title, f"{what} in {task.space}"))
    d = max(len(groups.betti) for groups in over)
    rows = [["", *(f"b_{k}" for k in range(d)), "torsion"]]
    for layer, groups in enumerate(over):
        torsion = [f"Z/{m} in degree {k}" for k, factors in enumerate(groups.torsion) for m in factors]
        betti = [*map(str, groups.betti), *["0"] * (d - len(groups.betti))]
        rows.append([f"after layer {layer}" if layer else "X", *betti, ", ".join(torsion) or "-"])
    return Answer(
        lines(
            task.title,
            f"Homology of {what} in {task.space}, and of its images{'' if ring == 'Z' else f', over {symbol(ring)}'}",
            "",
            table(rows),
            "",
            EXACT,
        )
    )
