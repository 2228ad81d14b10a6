"""polyrelu regions: the cells of the canonical complex, counted."""

from __future__ import annotations

import argparse

from polyrelu.analysis.counting import CellCounts, count_cells
from polyrelu.cli.options import add_command, add_net, add_parts
from polyrelu.cli.output import EXACT, Answer, as_json, as_latex, cell_table, in_parts, lines, table
from polyrelu.cli.task import Task, add_task, prepare, read
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.subdivision import subdivide


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="Counts the activation regions of the network and all their faces, its linear pieces and vertices.",
        epilog="""\
examples:
  polyrelu regions net.json
  polyrelu regions net.json --box "0,1;-2,2"          only the part inside a box
  polyrelu regions huge.json --parts auto             in parts: all counts but the linear pieces""",
    )
    add_net(parser)
    add_task(parser, latex=True)
    add_parts(parser)


def run(options: argparse.Namespace) -> Answer:
    """The counts."""
    task = prepare(options, read(options))
    if task.asks_for_parts:
        with task.work_in_parts() as how:
            found = count_cells(task.net, domain=task.domain, **how)
        if options.latex:
            return _latex(task, found)
        lineality = next((k for k, n in enumerate(found.f_vector) if n), 0)
        # Linear pieces may go through several parts, so that parts cannot count them.
        how_many = in_parts(found.n_parts, "counted")
        return _answer(task, found.f_vector, found.bounded_regions, None, lineality, how_many)
    with task.work() as how:
        cx = subdivide(task.net, domain=task.domain, **how)
    if options.latex:
        return _latex(task, cx)
    return _answer(task, cx.f_vector, cx.n_bounded_regions, cx.n_linear_pieces, cx.lineality_dim, "")


def _latex(task: Task, counted: PolyhedralComplex | CellCounts) -> Answer:
    return Answer(as_latex({task.name: counted}, task.title, f"C(F) of {task.space}", heading="network"))


def _answer(
    task: Task, f_vector: tuple[int, ...], bounded: int, pieces: int | None, lineality: int, how: str
) -> Answer:
    """The counts; `pieces` is None where they were not counted, `how` what the title says more."""
    if task.options.json:
        return Answer(
            as_json(
                architecture=task.net.architecture,
                f_vector=f_vector,
                regions=f_vector[-1],
                bounded_regions=bounded,
                vertices=f_vector[0],
                linear_pieces=pieces,
                lineality=lineality,
            )
        )
    counts = [
        ["activation regions", str(f_vector[-1]), "cells of full dimension"],
        ["  bounded", str(bounded), ""],
        ["vertices", str(f_vector[0]), ""],
        ["lineality", str(lineality), "dimension of the directions in which nothing changes"],
    ]
    if pieces is not None:
        counts.insert(2, ["linear pieces", str(pieces), "adjoining regions with the same affine map count once"])
    return Answer(
        lines(
            task.title,
            f"Canonical polyhedral complex C(F) of {task.space}{how}",
            "",
            table(counts),
            "",
            cell_table(f_vector),
            "",
            EXACT,
        )
    )
