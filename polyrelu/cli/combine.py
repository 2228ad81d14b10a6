"""polyrelu combine: a network made of two, as a network file."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from polyrelu.cli.options import add_activation, add_command, add_json, add_out, check_writable
from polyrelu.cli.output import Answer, as_json, lines
from polyrelu.cli.task import both_networks
from polyrelu.constructions.maxima import maximum, minimum
from polyrelu.errors import InputError, one_line
from polyrelu.network.algebra import stack
from polyrelu.network.network import Network
from polyrelu.readers import save

OPERATIONS: dict[str, tuple[Callable[[Network, Network], Network], str]] = {
    "sum": (lambda a, b: a + b, "A + B, output by output"),
    "difference": (lambda a, b: a - b, "A - B, output by output"),
    "maximum": (maximum, "max(A, B), output by output"),
    "minimum": (minimum, "min(A, B), output by output"),
    "stack": (stack, "the outputs of A, and then those of B"),
    "compose": (Network.compose, "A after B: x -> A(B(x))"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="Writes a network made of two networks, exactly: for the other commands to work on.\n"
        + "\n".join(f"  {name:11}{what}" for name, (_, what) in OPERATIONS.items()),
        epilog="""\
examples:
  polyrelu combine difference a.onnx b.onnx -o d.json    and then: polyrelu range d.json --box "0,1"
  polyrelu combine stack a.json b.json -o both.json
  polyrelu betti both.json --where "F0 > 0 and F1 <= 0"  where A is positive and B is not""",
    )
    parser.add_argument("operation", metavar="OPERATION", choices=list(OPERATIONS), help=", ".join(OPERATIONS))
    parser.add_argument("net", metavar="A", help="network file")
    parser.add_argument("other", metavar="B", help="a second network file")
    add_activation(parser)
    add_out(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> Answer:
    """The network is written; the answer says what it is."""
    out = Path(options.out)
    for path in (options.net, options.other):
        if out.exists() and Path(path).exists() and out.samefile(path):
            raise InputError(f"{options.out}: is one of the networks, which would be lost")
    check_writable(options.out)
    make, what = OPERATIONS[options.operation]
    network = make(*both_networks(options))
    save(network, options.out)
    if options.json:
        return Answer(as_json(operation=options.operation, architecture=network.architecture, out_file=options.out))
    names = f"A = {one_line(options.net)}, B = {one_line(options.other)}"
    return Answer(lines(f"{one_line(options.out)}: {network!r}", f"{what}; {names}"))
