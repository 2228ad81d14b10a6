"""polyrelu verify: a check of claims about a network."""

from __future__ import annotations

import argparse
from typing import Any

from polyrelu.analysis.verification import COUNTS, Check, verify_claims
from polyrelu.cli.options import add_activation, add_command, add_complete, add_region, integer, numbers, read_level
from polyrelu.cli.output import EXACT, Answer, as_json, lines
from polyrelu.cli.task import add_task, document, flattened, prepare
from polyrelu.errors import InputError, one_line
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import exact
from polyrelu.export.checking import check_certificate
from polyrelu.geometry.subdivision import read_domain
from polyrelu.topology.homology import Homology

LISTS = ("betti", "f_vector", "refined_f_vector")
CLAIMS = ("betti", "euler_characteristic", *COUNTS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="Checks claims about a network by exact computation. Claims are given by options,\n"
        "or else stand in the network file under the key \"claims\". Exit status 0 if all hold, 1 if one fails.",
        epilog="""\
examples:
  polyrelu verify net.json                               the claims in the file
  polyrelu verify net.json --betti 12,2
  polyrelu verify net.json --certificate net.cert        what polyrelu-check says about a file of polyrelu certify
  polyrelu verify net.json --betti 12,2 --relation "<" --level 1/2 --regions 136
In a file: "claims": {"betti": {">": [12, 2], "=": [14, 14]}, "regions": 136}; further keys are relation, level,
torsion, euler_characteristic, box (such as [[0, 1], [0, 1]], for all claims of the file), where (such as
{"0 < F <= 1": [2, 0]}), bounded_regions, linear_pieces, vertices, f_vector and refined_f_vector.""",
    )
    parser.add_argument("net", metavar="NET", nargs="?", help="network file; of a certificate, the one it must be of")
    parser.add_argument("--certificate", metavar="FILE", help="check a certificate, by the independent program")
    add_activation(parser)
    parser.add_argument("--betti", metavar="B0,B1,...", help="Betti numbers of the region {F > 0}; see --relation")
    parser.add_argument("--euler-characteristic", metavar="N", help="its Euler characteristic")
    parser.add_argument("--regions", metavar="N", help="number of activation regions")
    parser.add_argument("--bounded-regions", metavar="N", help="number of bounded activation regions")
    parser.add_argument("--linear-pieces", metavar="N", help="number of linear pieces")
    parser.add_argument("--vertices", metavar="N", help="number of vertices of C(F)")
    parser.add_argument("--f-vector", metavar="N0,N1,...", help="number of cells of C(F), by dimension")
    parser.add_argument("--refined-f-vector", metavar="N0,N1,...", help="number of cells of C(F, level)")
    add_region(parser, default=False)
    add_complete(parser)
    add_task(parser)


def run(options: argparse.Namespace) -> Answer:
    """The report; status 1 if a claim fails."""
    if options.certificate is not None:
        return _of_certificate(options)
    if options.net is None:
        raise InputError("verify: expected a network file, or --certificate FILE")
    content = document(options, options.net, options.activation)
    claims = _given(options) or content.claims
    if not claims:
        raise InputError(f"{options.net}: there are no claims, neither by options such as --betti nor in the file")
    needs_level = any(key not in (*COUNTS, "where") for key in claims) or "refined_f_vector" in claims
    task = prepare(options, content.network, one_output=needs_level)
    box = claims.get("box") if task.domain is None else None
    if box is not None:
        flattened(options, task.net, read_domain(box, task.net))
    with task.work() as how:
        report = verify_claims(task.net, claims, domain=task.domain, coarse=not options.complete, **how)
    status = 0 if report else 1
    if options.json:
        return Answer(
            as_json(
                architecture=task.net.architecture,
                holds=bool(report),
                claims=[_check(check) for check in report.claims],
                cross_checks=[_check(check) for check in report.cross_checks],
                **({} if box is None else {"box": box}),
            ),
            status,
        )
    within = [] if box is None else [f"in the box {_sides(box)} that the file names"]
    return Answer(lines(f"{one_line(options.net)}: {report}", *within, "", EXACT), status)


def _of_certificate(options: argparse.Namespace) -> Answer:
    """The verdict on a certificate."""
    others = ("box", "slice", "output", "difference", "relation", "level", *CLAIMS)
    given = [name for name in others if vars(options)[name] is not None]
    if given:
        raise InputError(f"--{given[0].replace('_', '-')}: a certificate says itself what it claims")
    net = None if options.net is None else document(options, options.net, options.activation).network
    verdict = check_certificate(options.certificate, net)
    if options.json:
        return Answer(as_json(accepted=verdict.accepted, report=verdict.lines), 0 if verdict else 1)
    return Answer(lines(*verdict.lines), 0 if verdict else 1)


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """The claims of the command line."""
    claims: dict[str, Any] = {}
    for name in CLAIMS:
        text = getattr(options, name)
        if text is not None:
            option = "--" + name.replace("_", "-")
            claims[name] = numbers(text, option) if name in LISTS else integer(text, option)
    for name in ("relation", "level"):
        text = getattr(options, name)
        if text is not None:
            if not claims:
                raise InputError(
                    f"--{name}: applies to claims on the command line, such as --betti, and there are none"
                )
            claims[name] = read_level(options) if name == "level" else text
    return claims


def _sides(box: Any) -> str:
    """The box of a file in the notation of --box; it has been checked as a domain before."""
    return ";".join(",".join(brief(exact(end, "box")) for end in side) for side in box)


def _check(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "claimed": _plain(check.claimed),
        "found": _plain(check.found),
        "holds": check.holds,
        "how": check.how,
    }


def _plain(value: Any) -> Any:
    return {"betti": value.betti, "torsion": value.torsion} if isinstance(value, Homology) else value
