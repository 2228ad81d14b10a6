"""polyrelu distance: how far points are from the decision boundary."""

from __future__ import annotations

import argparse
from fractions import Fraction
from typing import Any

from polyrelu.analysis.distance import BoundaryDistance, distance_to_boundary
from polyrelu.cli.options import add_command, add_net, integer, read_level
from polyrelu.cli.output import EXACT, Answer, as_json, lines, table
from polyrelu.cli.task import Task, add_task, chosen, read, read_box
from polyrelu.errors import one_line
from polyrelu.exact.printing import brief
from polyrelu.network.slices import Slice
from polyrelu.readers.points import read_points

_NORMS = {"inf": "L-infinity", "1": "L1", "2": "L2"}
_DIGITS = 12  # of numbers that are shown in full
_ROUNDED = "Found exactly; numbers with ~ are rounded here, and --json has all digits."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="For each point the exact distance from {F = level}, and the nearest point there. A network with\n"
        "several outputs has classes: the distance from where another class wins or ties.",
        epilog="""\
examples:
  polyrelu distance net.json --points points.json
  polyrelu distance net.json --points points.json --norm 2 --level 1/2 --box "-1,1"
  polyrelu distance classifier.json --points points.json --target 3 --json""",
    )
    add_net(parser)
    parser.add_argument(
        "--points", metavar="FILE", required=True,
        help="the points: a JSON list of lists of exact numbers, a .csv with a point in each line, or an array in .npz "
        "or .npy",
    )  # fmt: skip
    parser.add_argument(
        "--norm", choices=_NORMS, default="inf", metavar="NORM",
        help="inf (the largest coordinate, the default), 1 (the sum of all) or 2 (Euclidean)",
    )  # fmt: skip
    parser.add_argument("--level", default="0", metavar="T", help="exact number: 2, -1/3 or 0.1; 0 by default")
    parser.add_argument(
        "--target", metavar="I", help="of several outputs: the distance from where output I is the largest, or ties"
    )
    parser.add_argument(
        "--search", action="store_true",
        help="search the regions around each point in place of making a complex: for many inputs; --max-cells is then "
        "the maximum number of polyhedra for each point",
    )  # fmt: skip
    add_task(parser)


def run(options: argparse.Namespace) -> Answer:
    """The distances."""
    net = chosen(options, read(options, in_slice=False))
    norm: Any = options.norm if options.norm == "inf" else int(options.norm)
    task = Task(options, net, read_box(options, net.input_dim))
    with task.work() as how:
        found = distance_to_boundary(
            net,
            read_points(options.points),
            read_level(options),
            task.domain,
            norm=norm,
            target=None if options.target is None else integer(options.target, "--target"),
            plane=None if options.slice is None else Slice(read_points(options.slice)),
            search=options.search,
            **how,
        )
    if options.json:
        return Answer(as_json(architecture=net.architecture, norm=norm, distances=[_json(d) for d in found]))
    classes = net.output_dim > 1
    where = "the decision boundary" if classes else f"{{F = {brief(read_level(options) or Fraction(0))}}}"
    if classes and options.target is not None:
        where = f"the closed region of class {options.target}"
    rows = [["point", "class" if classes else "F - t", "distance", "nearest point", "others as near"]]
    rows += [_row(d) for d in found]
    rounded = any("~" in cell for row in rows for cell in row)
    note = _ROUNDED if rounded else EXACT
    space = f"R^{net.input_dim}"
    if options.slice is not None:
        space = f"the slice of {space} through the points of {one_line(options.slice)}"
    if options.box is not None:
        space = f"the box {options.box} of {space}"
    title = f"Distances from {where} in {space}, norm {_NORMS[options.norm]}"
    return Answer(lines(task.title, title, "", table(rows), "", note))


def _json(d: BoundaryDistance) -> dict[str, Any]:
    about = {"side": d.side} if d.classes is None else {"classes": d.classes, "nearest_classes": d.nearest_classes}
    return {
        "point": d.point,
        **about,
        "distance": d.distance,
        "squared_distance": d.squared_distance,
        "nearest": d.nearest,
        "unique": d.is_unique,
    }


def _row(d: BoundaryDistance) -> list[str]:
    side = {1: "> 0", 0: "= 0", -1: "< 0"}[d.side] if d.side is not None else " = ".join(map(str, d.classes or ()))
    if d.nearest is None or d.squared_distance is None:
        return [_point(d.point), side, "inf", "none", "-"]
    exact = brief(d.squared_distance if d.distance is None else d.distance)
    length = exact if d.distance is not None else f"sqrt({exact})"
    if len(exact) > _DIGITS:
        length = f"~{float(d):.6g}"
    return [_point(d.point), side, length, _point(d.nearest), "no" if d.is_unique else "yes"]


def _point(x: tuple[Fraction, ...]) -> str:
    shown = (brief(c) if len(brief(c)) <= _DIGITS else f"~{float(c):.6g}" for c in x)
    return f"({', '.join(shown)})"
