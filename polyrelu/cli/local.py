"""polyrelu local: the regions and classes that a ball around a point meets."""

from __future__ import annotations

import argparse
import sys
from fractions import Fraction

from polyrelu.analysis.neighbourhood import MAX_CROSSING, neighbourhood, unchanged_radius
from polyrelu.cli.options import (
    add_choice,
    add_command,
    add_json,
    add_net,
    integer,
    number,
    positive,
    read_level,
    source,
)
from polyrelu.cli.output import EXACT, Answer, as_json, lines, table
from polyrelu.cli.task import chosen, read
from polyrelu.errors import InputError, one_line
from polyrelu.exact.printing import brief
from polyrelu.exact.shortest import Norm
from polyrelu.readers.points import read_points

_NORMS: dict[str, Norm] = {"inf": "inf", "1": 1, "2": 2}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="The activation regions and classes that an open ball meets, and the homology of each class\n"
        "in it; for networks with many inputs, where few neurons change sign in the ball.",
        epilog="""\
examples:
  polyrelu local digits.npz --center points.json --radius 1/100
  polyrelu local digits.npz --center points.json --index 3 --radius 0.02 --norm 1 --unchanged --json""",
    )
    add_net(parser)
    parser.add_argument("--center", metavar="FILE", required=True, help="points, in JSON, CSV, .npz or .npy")
    parser.add_argument("--index", metavar="I", default="0", help="which of them is the centre, from 0; 0 by default")
    parser.add_argument("--radius", metavar="R", required=True, help="the radius, an exact number")
    parser.add_argument("--scales", metavar="FILE", help="a point with the unit of each coordinate; 1 by default")
    parser.add_argument("--norm", choices=_NORMS, default="inf", metavar="NORM", help="inf, 1 or 2; inf by default")
    parser.add_argument("--level", default="0", metavar="T", help="exact number: 2, -1/3 or 0.1; 0 by default")
    parser.add_argument(
        "--max-crossing", metavar="N", default=str(MAX_CROSSING),
        help=f"maximum number of neurons that change sign; {MAX_CROSSING} by default",
    )  # fmt: skip
    parser.add_argument("--max-cells", metavar="N", help="maximum number of cells")
    parser.add_argument(
        "--unchanged", action="store_true", help="also the largest radii within which class and signs do not change"
    )
    add_choice(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> Answer:
    """The cells and classes in the ball."""
    level = read_level(options) or 0
    net = chosen(options, read(options), one_output=level != 0)
    points = read_points(options.center)
    index = integer(options.index, "--index")
    if not points:
        raise InputError(f"{one_line(options.center)}: there are no points")
    if not 0 <= index < len(points):
        raise InputError(f"--index: expected a number from 0 to {len(points) - 1}, got {index}")
    center, norm = points[index], _NORMS[options.norm]
    radius = number(options.radius, "--radius", "an exact number")
    scales = None
    if options.scales is not None:
        if len(lists := read_points(options.scales)) != 1:
            raise InputError(f"{one_line(options.scales)}: expected one point, the scales, got {len(lists)}")
        scales = lists[0]
    cells = None if options.max_cells is None else positive(options.max_cells, "--max-cells")

    def tell(_: str, done: int, total: int) -> None:
        if not done:
            print(f"Neurons that may change sign in the ball: {total}", file=sys.stderr)

    found = neighbourhood(
        net, center, radius, norm, level=level, scales=scales, max_cells=cells, progress=None if options.json else tell,
        max_crossing=positive(options.max_crossing, "--max-crossing"),
    )  # fmt: skip
    radii = {}
    squared = norm == 2
    if options.unchanged:
        radii = {
            of: unchanged_radius(net, center, of, norm, level=level, scales=scales, squared=squared)
            for of in ("pattern", "class")
        }
    if options.json:
        betti = {str(name): numbers for name, numbers in found.betti.items()}
        answer = as_json(
            architecture=net.architecture, norm=norm, radius=radius, scales=found.scales, crossing=found.crossing,
            cells_by_codimension=found.cells, betti=betti, unchanged=None if squared else radii or None,
            unchanged_squared=radii or None if squared else None,
        )  # fmt: skip
        return Answer(answer)
    title = f"The open ball of radius {brief(radius)} around point {index} of {one_line(options.center)} in R^"
    title += f"{net.input_dim}, norm {'L-infinity' if norm == 'inf' else f'L{norm}'}"
    if scales is not None:
        title += f", in the units of {one_line(options.scales)}"
    counts = [
        f"Neurons that change sign: {len(found.crossing)}", f"Activation regions: {found.n_regions}",
        f"Cells by codimension: {', '.join(map(str, found.cells))}",
    ]  # fmt: skip
    named: dict[int | str, str] = {sign: f"F {sign} {brief(level)}" for sign in "<>"}
    rows = [["class", "homology"], *([named.get(c, str(c)), str(groups)] for c, groups in found.classes.items())]
    told = [f"No change of the {'signs' if of == 'pattern' else of} within: {_length(r, squared)}"
            for of, r in radii.items()]  # fmt: skip
    return Answer(lines(f"{one_line(source(options))}: {net!r}", title, "", *counts, *told, "", table(rows), "", EXACT))


def _length(r: Fraction | None, squared: bool) -> str:
    if r is None:
        return "any radius"
    return f"sqrt({brief(r)})" if squared else brief(r)
