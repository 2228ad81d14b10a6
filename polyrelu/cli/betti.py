"""polyrelu betti: the homology of a region."""

from __future__ import annotations

import argparse

from polyrelu.analysis.formula_homology import analyse_formulas
from polyrelu.analysis.pipeline import analyse_region
from polyrelu.cli.options import (
    add_coefficients,
    add_command,
    add_complete,
    add_net,
    add_parts,
    add_region,
    coefficients,
    read_level,
)
from polyrelu.cli.output import EXACT, Answer, as_json, as_latex, cell_table, in_parts, lines, table
from polyrelu.cli.task import Task, add_task, prepare, read
from polyrelu.errors import InputError
from polyrelu.exact.rational import show
from polyrelu.network.formula import Formula
from polyrelu.topology.groups import Homology

MEANING = {0: "connected components", 1: "independent loops", 2: "independent closed surfaces"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="Betti numbers and torsion of the region where the network F is greater (or less, or equal) than\n"
        "a level: how many connected components, loops, cavities, ... it has, as an exact integral homology.",
        epilog="""\
examples:
  polyrelu betti net.json
  polyrelu betti net.json --relation "<=" --level -1/2
  polyrelu betti net.json --box "-1,1" --json
  polyrelu betti net.json --complete                  with all cells of C(F, 0), and their numbers
  polyrelu betti net.json --where "-1/2 < F <= 0"     a band between two levels
  polyrelu betti classifier.json --where "F0 > 0 and F1 >= F2"
  polyrelu betti huge.json --parts auto --work-dir w   in parts; goes on where it was when called again
  polyrelu betti net.json --coefficients 2            over the field of two elements
  polyrelu betti classifier.json --difference 2 0     where output 2 exceeds output 0
  polyrelu betti large.json --slice points.json       on a plane through three points, [[0, ...], [...], [...]]""",
    )
    add_net(parser)
    add_region(parser, default=False)
    parser.add_argument(
        "--where", metavar="FORMULA",
        help='a condition in place of --relation and --level: "0 < F <= 1", or "F0 > 0 and (F1 >= 2 or F2 < F1)" for '
        "several outputs",
    )  # fmt: skip
    add_coefficients(parser)
    add_complete(parser)
    add_task(parser, latex=True)
    add_parts(parser)


def run(options: argparse.Namespace) -> Answer:
    """The homology of the region that the options name."""
    if options.where is not None:
        return _where(options)
    ring = coefficients(options.coefficients)
    task = prepare(options, read(options), one_output=True)
    with task.work_in_parts() as how:
        level, coarse = read_level(options) or 0, not options.complete
        report = analyse_region(
            task.net, options.relation or ">", level, task.domain, coarse=coarse, coefficients=ring, **how
        )
    if options.json:
        return Answer(
            as_json(
                architecture=report.architecture,
                relation=report.relation,
                level=report.level,
                betti=report.betti,
                torsion=report.torsion,
                euler_characteristic=report.euler_characteristic,
                complex="coarse" if report.is_coarse else "complete",
                cells=report.cells,
                f_vector=report.f_vector,
                coefficients=ring,
            )
        )
    if options.latex:
        what = f"the region {{F {report.relation} {show(level)}}} in {task.space}"
        return Answer(as_latex({task.name: report}, task.title, what, heading="network"))
    region, complex_ = f"the region {{F {report.relation} {show(report.level)}}}", f"C(F, {show(report.level)})"
    made = in_parts(report.n_parts)
    source = f", computed from these cells of {complex_}{made}:"
    if report.is_coarse:
        source = f". The numbers are those of {complex_}, found from these cells of a coarse complex{made}:"
    return Answer(_text(task, region, report.homology, source, report.cells))


def _where(options: argparse.Namespace) -> Answer:
    """The homology of the region of the formula of --where."""
    if options.complete:
        raise InputError("--complete goes with --relation: for --where all cells are made anyway")
    if options.relation is not None or options.level is not None:
        raise InputError("--where takes the place of --relation and --level; give one or the other")
    formula, ring = Formula(options.where), coefficients(options.coefficients)
    task = prepare(options, read(options))
    with task.work_in_parts() as how:
        report = analyse_formulas(task.net, formula, task.domain, coefficients=ring, **how)
    groups, is_open, is_closed = report.homology[0], report.is_open[0], report.is_closed[0]
    if options.json:
        return Answer(
            as_json(
                architecture=task.net.architecture,
                where=str(formula),
                is_open=is_open,
                is_closed=is_closed,
                betti=groups.betti,
                torsion=groups.torsion,
                euler_characteristic=groups.euler_characteristic,
                f_vector=report.f_vector,
                coefficients=ring,
            )
        )
    if options.latex:
        what = f"the region {{{formula}}} in {task.space}"
        return Answer(as_latex({task.name: report}, task.title, what, heading="network"))
    kinds = {(True, True): "open and closed", (True, False): "open", (False, True): "closed"}
    kind = kinds.get((is_open, is_closed), "neither open nor closed")
    what = f"the region {{{formula}}}, which is {kind},"
    source = f", computed from these cells of C(F), refined by what is compared{in_parts(report.n_parts)}:"
    return Answer(_text(task, what, groups, source, report.f_vector))


def _text(task: Task, region: str, groups: Homology, source: str, cells: tuple[int, ...]) -> str:
    rows = [["k", "Betti number", "torsion", ""]]
    for k, (betti, torsion) in enumerate(zip(groups.betti, groups.torsion, strict=True)):
        factors = " + ".join(f"Z/{factor}" for factor in torsion) or "-"
        rows.append([str(k), str(betti), factors, MEANING.get(k, "")])
    return lines(
        task.title,
        f"{groups.title} of {region} in {task.space}",
        "",
        table(rows),
        "",
        f"Euler characteristic {groups.euler_characteristic}{source}",
        "",
        cell_table(cells),
        "",
        EXACT,
    )
