"""polyrelu cup: cup products of the cohomology of a region."""

from __future__ import annotations

import argparse

from polyrelu.cli.options import (
    add_coefficients,
    add_command,
    add_complete,
    add_net,
    add_region,
    coefficients,
    numbers,
    read_level,
)
from polyrelu.cli.output import EXACT, Answer, as_json, lines, table
from polyrelu.cli.task import add_task, prepare, read
from polyrelu.errors import InputError
from polyrelu.exact.rational import show
from polyrelu.geometry.subdivision import subdivide
from polyrelu.topology.cup_product import CupProduct, cup_product


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="The cup product H^p x H^q -> H^(p+q) of the cohomology of a region, in bases f, g and h dual to\n"
        "those that `polyrelu cycles` finds, and what does not depend on bases: its ranks and invariant factors.",
        epilog="""\
examples:
  polyrelu cup examples/hopf.json                     two linked rings and the space around them
  polyrelu cup net.json --degrees 1,2 --coefficients 2

--json: `products` has [i, j, k, c] for each coefficient c of h_k in the product of f_i and g_j that is not 0, and
`shape` the ranks of H^p, H^q and H^(p+q). Over Z they are taken modulo torsion.""",
    )
    add_net(parser)
    parser.add_argument("--degrees", metavar="P,Q", default="1,1", help="the degrees of the factors (1,1 by default)")
    add_coefficients(parser)
    add_region(parser)
    add_complete(parser)
    add_task(parser)


def run(options: argparse.Namespace) -> Answer:
    """The cup product of the region that the options name."""
    task = prepare(options, read(options), one_output=True)
    degrees = numbers(options.degrees, "--degrees")
    if len(degrees) != 2 or min(degrees) < 0 or sum(degrees) > task.net.input_dim:
        raise InputError(
            f"--degrees: expected P,Q with P, Q >= 0 and a sum of at most {task.net.input_dim}, got {options.degrees}"
        )
    ring = coefficients(options.coefficients)
    with task.work() as how:
        level = read_level(options) or 0
        cx = subdivide(task.net, level, task.domain, coarse=not options.complete, **how)
        cup = cup_product(cx.region(options.relation), *degrees, ring)
    if options.json:
        return Answer(
            as_json(
                architecture=task.net.architecture,
                relation=options.relation,
                level=level,
                complex="coarse" if cx.is_coarse else "complete",
                degrees=cup.degrees,
                coefficients=cup.coefficients,
                shape=cup.shape,
                products=[[*at, value] for at, value in cup.entries],
                rank=cup.rank,
                left_rank=cup.left_rank,
                right_rank=cup.right_rank,
                invariant_factors=cup.invariant_factors,
            )
        )
    p, q = cup.degrees
    products = _products(cup)
    over = {"Z": "Z, modulo torsion", "Q": "Q"}.get(str(cup.coefficients), f"the field of {cup.coefficients} elements")
    return Answer(
        lines(
            task.title,
            f"Cup product H^{p} x H^{q} -> H^{p + q} of the region {{F {options.relation} {show(level)}}} "
            f"in {task.space}, over {over}",
            "",
            table([["f", "g", "product"], *products]) if products else "  All products are 0.",
            "",
            table([
                ["ranks of the groups", " ".join(map(str, cup.shape))],
                ["rank of the products", str(cup.rank)],
                ["rank on the left, on the right", f"{cup.left_rank} {cup.right_rank}"],
                ["invariant factors", " ".join(map(show, cup.invariant_factors)) or "none"],
            ]),
            "",
            EXACT,
        )
    )  # fmt: skip


def _products(cup: CupProduct) -> list[list[str]]:
    """The products that are not 0, by lines of a table."""
    found: dict[tuple[int, int], str] = {}
    for (i, j, k), value in cup.entries:
        factor = "" if abs(value) == 1 else f"{show(abs(value))} "
        term = f"{'- ' if value < 0 else '+ '}{factor}h{k}"
        found[i, j] = f"{found[i, j]} {term}" if (i, j) in found else term.replace("+ ", "").replace("- ", "-")
    return [[f"f{i}", f"g{j}", text] for (i, j), text in found.items()]
