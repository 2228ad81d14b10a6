"""polyrelu construct: networks whose topology is known by proof, as network files with claims."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from polyrelu.cli.options import add_command, add_json, architecture, numbers, positive
from polyrelu.cli.output import Answer, as_json, lines
from polyrelu.cli.parser import SHARED
from polyrelu.constructions import (
    folding,
    lower_bound_network,
    maximum,
    network_with_betti,
    paper_network,
    predicted_betti,
    predicted_paper_betti,
    sawtooth,
    shells,
)
from polyrelu.constructions.bumps import bumps, bumps_betti
from polyrelu.constructions.class_bands import band_formulas, banded, bands, predicted_band_betti
from polyrelu.constructions.lower_bound import lower_bound_shells
from polyrelu.constructions.nested_shells import VARIANTS
from polyrelu.constructions.recurrence import KINDS, predicted_recurrent_betti, recurrent
from polyrelu.errors import InputError
from polyrelu.exact.rational import check_digits
from polyrelu.network.network import Network
from polyrelu.paper.bounds import short
from polyrelu.readers import save

MAX_WIDTH, MAX_WEIGHTS = 4096, 10**6
MAX_CLASSES = 1000


class Built(NamedTuple):
    """A network, its name, and the claims about it."""

    network: Network
    name: str
    claims: dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description, and a parser for each construction."""
    add_command(
        parser,
        run,
        description="Writes a network with a proved topology, and the claims that `polyrelu verify` checks.\n"
        "Without --out the network file goes to standard output.",
        epilog="""\
examples:
  polyrelu construct shells 2-8-6-1 --cuts 1=3 -o net.json
  polyrelu construct lower-bound 3-6-6-8-1 -o net.json
  polyrelu construct betti 3,2,1 -o net.json            exactly these Betti numbers
  polyrelu construct maximum 5 > max5.json""",
    )
    kinds = parser.add_subparsers(metavar="CONSTRUCTION", required=True)

    kind = _kind(kinds, "shells", _shells, "nested shells: many components and holes (Ergen & Grillo 2024)")
    _add_widths(kind)
    kind.add_argument("--cuts", metavar="C1,C2,...", required=True, help="the numbers c_k of cuts, or as K=C,K=C,...")
    kind.add_argument("--variant", choices=VARIANTS, default="paper", help="the variant of the folds; paper by default")
    kind.add_argument(
        "--corner", metavar="A1,A2,...",
        help="number of zero coordinates of the corner of each degree, or one number for all; the paper has 1",
    )  # fmt: skip

    kind = _kind(kinds, "bands", _bands, "several classes as bands of one output (Ergen & Grillo, section 5)")
    _add_widths(kind)
    kind.add_argument("--classes", metavar="K", default="2", help="number of classes, 2 by default")
    kind.add_argument("--cuts", metavar="C1,C2,...", required=True, help="the numbers c_k of cuts, or as K=C,K=C,...")
    kind.add_argument(
        "--variant", choices=VARIANTS, default="interior",
        help="the variant of the folds; interior by default",
    )  # fmt: skip
    kind.add_argument("--corner", metavar="A1,A2,...", help="as for shells, variant paper")
    kind.add_argument(
        "--classifier", action="store_true",
        help="write K + 2 outputs, the largest of which is the class, and no claims",
    )

    kind = _kind(kinds, "recurrent", _recurrent, "shells by a recurrent network, unfolded (Ergen & Grillo, section 5)")
    kind.add_argument("inputs", metavar="D", help="number of inputs")
    kind.add_argument(
        "--folds", metavar="M", default="2",
        help="number of pieces into which every coordinate is folded, even; 2 by default",
    )  # fmt: skip
    kind.add_argument("--steps", metavar="T", required=True, help="number of times the block is applied, at least 2")
    kind.add_argument("--cuts", metavar="C1,C2,...", required=True, help="the numbers c_k of cuts, or as K=C,K=C,...")
    kind.add_argument("--corner", metavar="A1,A2,...", help="as for shells")
    kind.add_argument(
        "--kind", choices=KINDS, default="dense",
        help="dense: a dense layer after the last step (the default); state: blocks alone",
    )  # fmt: skip

    text = "{F > 0} with at least the lower bound of Ergen & Grillo 2024 in every degree"
    kind = _kind(kinds, "lower-bound", _lower_bound, text)
    _add_widths(kind)
    kind.add_argument("--w", metavar="W1,W2,...", help="the numbers w_k of the bound; as equal as possible by default")

    kind = _kind(kinds, "paper", _paper, "the network of Ergen & Grillo 2024, Theorem 13 or 12, as it is printed")
    kind.add_argument("folds", metavar="M1,M2,...", help="the even numbers of folds of each hidden layer but the last")
    kind.add_argument("--w", metavar="W1,W2,...", required=True, help="the numbers w_1, ..., w_{d-1} for d inputs")
    kind.add_argument(
        "--theorem", metavar="N", default="13",
        help="13 (the default), or 12 for the network without the constant b",
    )  # fmt: skip
    kind.add_argument(
        "--cube", action="store_true", help="claim the Betti numbers in the unit cube, not in R^d"
    )

    kind = _kind(kinds, "betti", _betti, "a network of logarithmic size with exactly these Betti numbers")
    kind.add_argument("betti", metavar="B0,B1,...", help="the Betti numbers of {F > 0}; there are d of them in R^d")

    kind = _kind(kinds, "bumps", _bumps, "what one hidden layer reaches: a grid of bumps, or its complement")
    _add_widths(kind)
    kind.add_argument("--counts", metavar="A1,A2,...", required=True, help="number of bumps in each direction")
    kind.add_argument("--complement", action="store_true", help="the complement of the bumps instead")

    kind = _kind(kinds, "sawtooth", _sawtooth, "the sawtooth of Telgarsky (one input)")
    kind.add_argument("depth", metavar="DEPTH", help="number of hidden layers")
    kind.add_argument("--pieces", metavar="M", default="2", help="number of neurons in each layer; 2 by default")

    kind = _kind(kinds, "folding", _folding, "many regions (Montufar et al. 2014, Serra et al. 2018)")
    _add_widths(kind)
    kind.add_argument("--mixed", action="store_true", help="use neurons of both directions, which make more folds")

    kind = _kind(kinds, "maximum", _maximum, "the maximum of n numbers")
    kind.add_argument("count", metavar="N", help="the number of inputs")


def _kind(kinds: Any, name: str, build: Callable[[argparse.Namespace], Built], text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = kinds.add_parser(name, help=text, **SHARED)
    add_command(parser, run, description=text[0].upper() + text[1:] + ".")
    parser.add_argument("-o", "--out", "--out-file", dest="out_file", metavar="FILE", help="the network file to write")
    add_json(parser)
    parser.set_defaults(build=build)
    return parser


def _add_widths(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("architecture", metavar="WIDTHS", help="inputs, hidden widths and outputs, such as 2-8-6-1")


def _widths(options: argparse.Namespace) -> tuple[int, ...]:
    widths = architecture(options.architecture)
    _check_size(widths)
    return widths


def _check_size(widths: Sequence[int]) -> None:
    """InputError, before anything is built, for a network that takes long to write and longer to analyse."""
    if max(widths) > MAX_WIDTH:
        raise InputError(
            f"the network would have a layer of {short(max(widths))} neurons; at most {MAX_WIDTH} are written"
        )
    weights = sum(m * n for m, n in pairwise(widths))
    if weights > MAX_WEIGHTS:
        raise InputError(f"the network would have more than {MAX_WEIGHTS} weights")


def _check_claims(claims: dict[str, Any]) -> None:
    """NumberError for numbers of more digits than a reader accepts: Betti numbers grow exponentially with the depth."""
    regions = {f"F {relation} {claims.get('level', 0)}": betti for relation, betti in claims.get("betti", {}).items()}
    for region, betti in {**regions, **claims.get("where", {})}.items():
        for k, number in enumerate(betti):
            check_digits(Fraction(number), f"the claimed b_{k} of {{{region}}}")


def run(options: argparse.Namespace) -> Answer:
    """Build the network and write it, or print it."""
    build: Callable[[argparse.Namespace], Built] = options.build
    built = build(options)
    _check_claims(built.claims)
    claims = built.claims or None
    if options.out_file is None:
        document = {"name": built.name, "claims": claims, **built.network.to_dict()}
        return Answer(as_json(**{key: value for key, value in document.items() if value is not None}))
    save(built.network, options.out_file, claims=claims, name=built.name)
    if options.json:
        return Answer(
            as_json(
                architecture=built.network.architecture, name=built.name, claims=built.claims, out_file=options.out_file
            )
        )
    parts = [f"{options.out_file}: {built.network!r}, {built.name}"]
    betti = built.claims.get("betti", {})
    level = built.claims.get("level", 0)
    parts += [f"  Betti numbers of {{F {r} {level}}}: {', '.join(map(str, b))}" for r, b in betti.items()]
    where = built.claims.get("where", {})
    parts += [f"  Betti numbers of {{{formula}}}: {', '.join(map(str, b))}" for formula, b in where.items()]
    if betti or where:
        parts += [f"These are predicted by proof; polyrelu verify {options.out_file} computes them."]
    return Answer(lines(*parts))


def _shells(options: argparse.Namespace) -> Built:
    widths, variant = _widths(options), options.variant
    cuts: Any = _cuts(options.cuts)
    corner = _corner(options)
    return _shells_built(shells(widths, cuts, variant, corner), widths, cuts, variant, corner)


def _shells_built(net: Network, widths: tuple[int, ...], cuts: Any, variant: Any, corner: Any) -> Built:
    shown = ", ".join(f"c_{k} = {c}" for k, c in sorted(cuts.items()) if c) if isinstance(cuts, dict) else ""
    shown = shown or "cuts " + ", ".join(map(str, cuts))
    if corner is not None:
        shown += f", corner {corner if isinstance(corner, int) else ', '.join(map(str, corner))}"
    return Built(net, f"shells, {variant}, {shown}", {"betti": predicted_betti(widths, cuts, variant, corner)})


def _corner(options: argparse.Namespace) -> Any:
    if options.corner is None:
        return None
    corner = numbers(options.corner, "--corner")
    return corner[0] if len(corner) == 1 else corner


def _bands(options: argparse.Namespace) -> Built:
    widths, variant, corner = _widths(options), options.variant, _corner(options)
    cuts: Any = _cuts(options.cuts)
    classes = positive(options.classes, "--classes")
    if classes > MAX_CLASSES:
        raise InputError(f"--classes: expected at most {MAX_CLASSES}, got {short(classes)}")
    net, betti = bands(widths, cuts, variant, corner), predicted_band_betti(widths, cuts, variant, corner)
    name = f"{classes} classes as bands, {variant}"
    if options.classifier:
        return Built(banded(net, [Fraction(p, classes) for p in range(-classes, 1)]), f"{name}, classifier", {})
    return Built(net, name, {"where": dict.fromkeys(band_formulas(classes), betti)})


def _recurrent(options: argparse.Namespace) -> Built:
    d, folds, steps = (
        positive(text, where)
        for text, where in ((options.inputs, "D"), (options.folds, "--folds"), (options.steps, "--steps"))
    )
    cuts: Any = _cuts(options.cuts)
    sums = sum(cuts.values()) if isinstance(cuts, dict) else sum(cuts)
    block = [d * folds] if options.kind == "dense" else [d * folds, d + sums]
    _check_size([d, *block * min(steps, MAX_WEIGHTS), max(sums, 1), 1])
    arguments = d, folds, steps, cuts, options.kind, _corner(options)
    name = f"recurrent, {options.kind}, {steps} steps of {folds} folds"
    return Built(recurrent(*arguments), name, {"betti": predicted_recurrent_betti(*arguments)})


def _cuts(text: str) -> dict[int, int] | tuple[int, ...]:
    if "=" not in text:
        return numbers(text, "--cuts")
    cuts: dict[int, int] = {}
    for part in text.split(","):
        pair = numbers(part, "--cuts", "=")
        if len(pair) != 2 or pair[0] in cuts:
            raise InputError(f"--cuts: expected K=C,K=C,... with different K, got {text!r}")
        cuts[pair[0]] = pair[1]
    return cuts


def _lower_bound(options: argparse.Namespace) -> Built:
    widths = _widths(options)
    w = None if options.w is None else numbers(options.w, "--w")
    return _shells_built(lower_bound_network(widths, w), *lower_bound_shells(widths, w))


def _paper(options: argparse.Namespace) -> Built:
    folds, w = numbers(options.folds, "folds"), numbers(options.w, "--w")
    theorem = positive(options.theorem, "--theorem")
    d = len(w) + 1
    _check_size([d, *(d * m for m in folds), sum(w) + 2 * len(w), 1])
    net = paper_network(folds, w, theorem)
    where = " in the unit cube" if options.cube else ""
    name = f"Theorem {theorem}, folds {', '.join(map(str, folds))}, w {', '.join(map(str, w))}{where}"
    claims: dict[str, Any] = {"betti": predicted_paper_betti(folds, w, theorem, options.cube)}
    if options.cube:
        claims["box"] = [[0, 1]] * d
    return Built(net, name, claims)


def _betti(options: argparse.Namespace) -> Built:
    betti = numbers(options.betti, "Betti numbers")
    claims = {"betti": {">": betti, ">=": betti}}
    return Built(network_with_betti(betti), f"Betti numbers {', '.join(map(str, betti))}", claims)


def _bumps(options: argparse.Namespace) -> Built:
    arguments = _widths(options), numbers(options.counts, "--counts"), options.complement
    betti = bumps_betti(*arguments)
    name = f"{'complement of ' if options.complement else ''}bumps {', '.join(map(str, arguments[1]))}"
    return Built(bumps(*arguments), name, {"betti": {">": betti, ">=": betti}})


def _sawtooth(options: argparse.Namespace) -> Built:
    depth, pieces = positive(options.depth, "DEPTH"), positive(options.pieces, "--pieces")
    _check_size([1, *[pieces] * min(depth, MAX_WEIGHTS), 1])
    components = (pieces**depth + 1) // 2
    claims = {"betti": {">": [components]}, "level": "1/2"}
    return Built(sawtooth(depth, pieces), f"sawtooth of {pieces}^{depth} pieces", claims)


def _folding(options: argparse.Namespace) -> Built:
    name = "folding, both directions" if options.mixed else "folding, one direction"
    return Built(folding(_widths(options), options.mixed), name, {})


def _maximum(options: argparse.Namespace) -> Built:
    n = positive(options.count, "N")
    _check_size([n, 2 * n])  # the number of weights, approximately
    return Built(maximum(n), f"maximum of {n} numbers", {})
