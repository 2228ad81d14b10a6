"""polyrelu separation: depth against width for a number of neurons."""

from __future__ import annotations

import argparse
from fractions import Fraction

from polyrelu.analysis.separation import Separation, separation
from polyrelu.cli.options import add_command, add_json, check_writable, integer, number, positive
from polyrelu.cli.output import Answer, as_json
from polyrelu.cli.progress import Progress
from polyrelu.exact.rational import to_json
from polyrelu.plotting import plot_separation
from polyrelu.plotting.figure import check_suffix

LONG = 10**9
"""Maximum number of seconds; no larger value makes a difference."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="For a number of hidden neurons and every depth: the best constructed network, verified by\n"
        "computing its homology as far as the limits allow, against what is proved about all networks\n"
        "with one hidden layer, and about all of the same depth.",
        epilog="""\
examples:
  polyrelu separation --input-dim 2 --neurons 24
  polyrelu separation --input-dim 3 --neurons 30 --degree 2 --seconds 60 --max-cells 20000000
  polyrelu separation --input-dim 2 --neurons 24 --figure separation.svg      (needs matplotlib)""",
    )
    parser.add_argument("--input-dim", metavar="D", required=True, help="number of inputs, at least 2")
    parser.add_argument("--neurons", metavar="N", required=True, help="number of hidden neurons in all")
    parser.add_argument(
        "--degree", metavar="K", default="0",
        help="compare the Betti number of this degree (0, the components, by default), or `all` for the sum",
    )  # fmt: skip
    parser.add_argument(
        "--seconds", metavar="S", default="10",
        help="maximum time for each verification; 10 by default, 0 for none",
    )  # fmt: skip
    parser.add_argument(
        "--max-cells", metavar="N", default="2000000",
        help="maximum number of cells for each; 2000000 by default",
    )  # fmt: skip
    parser.add_argument("--figure", metavar="FILE", help="also draw a figure: .png, .svg or .pdf")
    add_json(parser)


def run(options: argparse.Namespace) -> Answer:
    """The table, and the figure if wanted."""
    if options.figure is not None:
        check_suffix(options.figure)
        check_writable(options.figure)
    seconds = float(min(number(options.seconds, "--seconds", "a number of seconds"), Fraction(LONG)))
    with Progress() as progress:
        result = separation(
            positive(options.input_dim, "--input-dim"),
            positive(options.neurons, "--neurons"),
            degree=None if options.degree == "all" else integer(options.degree, "--degree"),
            seconds=seconds,
            max_cells=positive(options.max_cells, "--max-cells"),
            progress=progress.hook,
        )
    if options.figure is not None:
        plot_separation(result, options.figure)
    return Answer(_json(result) if options.json else f"{result}\n")


def _json(result: Separation) -> str:
    rows = [
        {
            "depth": row.depth,
            "architecture": row.choice.architecture,
            "construction": row.choice.construction,
            "parameters": row.choice.parameters,
            "betti": [to_json(b) for b in row.choice.betti],
            "value": to_json(row.value),
            "status": row.status,
            "f_vector": row.f_vector,
            "shallow_neurons": to_json(row.shallow_neurons),
            "depth_bound": to_json(row.depth_bound),
            "beyond_shallow": row.value > result.shallow_bound,
        }
        for row in result.rows
    ]
    return as_json(
        input_dim=result.input_dim,
        neurons=result.neurons,
        degree=result.degree,
        shallow_bound=to_json(result.shallow_bound),
        threshold=result.threshold,
        rows=rows,
    )
