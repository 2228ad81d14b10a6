"""The command ``polyrelu``: exact answers about a network file, as text for people or as JSON for programs.

Exit status: 0 done; 1 the computation failed or ran out of a limit; 2 the input or the command line was wrong;
130 interrupted. Every failure is one line on standard error.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NoReturn, TextIO

from polyrelu.domain import Domain
from polyrelu.errors import InputError, PolyreluError, VerificationError
from polyrelu.network import Network
from polyrelu.pipeline import analyse_region
from polyrelu.rational import exact, show, to_json
from polyrelu.readers import load
from polyrelu.region import RELATIONS
from polyrelu.subdivide import subdivide

EXACT = "All numbers are exact: nothing was sampled or rounded."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line (`sys.argv` unless given) and return its exit status; raises nothing it can name."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's name may be no text in the terminal's encoding
    try:
        return _deliver(_answer(sys.argv[1:] if argv is None else argv))
    except InputError as error:
        return _fail(2, str(error))
    except VerificationError as error:
        return _fail(1, f"{error} (this is a fault of polyrelu, please report it)")
    except PolyreluError as error:
        return _fail(1, str(error))
    except MemoryError:
        return _fail(1, "out of memory; --max-cells N stops earlier, --box looks at a part of the input space")
    except KeyboardInterrupt:
        return _fail(130, "interrupted")


def _answer(argv: Sequence[str]) -> str:
    """What the command line asks for, as text for standard output."""
    try:
        options = _parser().parse_args(_bind_values(argv))
    except SystemExit:  # only --help and --version end the parser, and they have printed
        return ""
    command: Callable[[argparse.Namespace], str] = options.command
    return command(options)


def _deliver(text: str) -> int:
    """Write to standard output; a reader that has gone away (`| head`) is no reason for a message."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # Whatever is still buffered must not fail again when the interpreter closes its files.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1 if isinstance(error, BrokenPipeError) else _fail(1, f"cannot write the answer: {error.strerror}")
    return 0


def _fail(status: int, message: str) -> int:
    print("polyrelu: error:" if status != 130 else "polyrelu:", message.replace("\n", " "), file=sys.stderr)
    return status


# ---- the commands -------------------------------------------------------------------------------------------------


def _betti(options: argparse.Namespace) -> str:
    net = _network(options)
    if net.output_dim != 1:
        raise InputError(
            f"{options.net} has {net.output_dim} outputs: choose one with --output I or compare two with "
            f"--difference I J (counted from 0)"
        )
    level = exact(options.level, where="--level")
    domain, limit = _domain(options, net), _max_cells(options)
    with _Progress() as progress:
        report = analyse_region(net, options.relation, level, domain, max_cells=limit, progress=progress.hook)
    if options.json:
        return _json(
            architecture=report.architecture,
            relation=report.relation,
            level=to_json(report.level),
            betti=report.betti,
            torsion=report.torsion,
            euler_characteristic=report.euler_characteristic,
            f_vector=report.f_vector,
        )
    rows = [["k", "Betti number", "torsion", ""]]
    for k, (betti, torsion) in enumerate(zip(report.betti, report.torsion, strict=True)):
        groups = " + ".join(f"Z/{factor}" for factor in torsion) or "-"
        rows.append([str(k), str(betti), groups, _MEANING.get(k, "")])
    region = f"{{F {report.relation} {show(report.level)}}}"
    cells = _table([["dimension", *map(str, range(len(report.f_vector)))], ["cells", *map(str, report.f_vector)]])
    return "\n".join(
        [
            f"{options.net}: {net!r}",
            f"Integral homology of the region {region} in {_space(options, net)}",
            "",
            _table(rows),
            "",
            f"Euler characteristic {report.euler_characteristic}, computed from these cells of C(F, {show(level)}):",
            "",
            cells,
            "",
            EXACT,
            "",
        ]
    )


def _regions(options: argparse.Namespace) -> str:
    net = _network(options)
    domain, limit = _domain(options, net), _max_cells(options)
    with _Progress() as progress:
        cx = subdivide(net, domain=domain, max_cells=limit, progress=progress.hook)
    if options.json:
        return _json(
            architecture=net.architecture,
            f_vector=cx.f_vector,
            regions=cx.n_regions,
            bounded_regions=cx.n_bounded_regions,
            vertices=cx.n_vertices,
            linear_pieces=cx.n_linear_pieces,
            lineality=cx.lineality_dim,
        )
    counts = [
        ["activation regions", str(cx.n_regions), "cells of full dimension"],
        ["  bounded", str(cx.n_bounded_regions), ""],
        ["linear pieces", str(cx.n_linear_pieces), "adjoining regions with the same affine map count once"],
        ["vertices", str(cx.n_vertices), ""],
        ["lineality", str(cx.lineality_dim), "dimension of the directions in which nothing changes"],
    ]
    return "\n".join(
        [
            f"{options.net}: {net!r}",
            f"Canonical polyhedral complex C(F) of {_space(options, net)}",
            "",
            _table(counts),
            "",
            _table([["dimension", *map(str, range(len(cx.f_vector)))], ["cells", *map(str, cx.f_vector)]]),
            "",
            EXACT,
            "",
        ]
    )


_MEANING = {0: "connected components", 1: "independent loops", 2: "independent closed surfaces"}


def _json(**answer: Any) -> str:
    return json.dumps(answer) + "\n"


def _table(rows: list[list[str]]) -> str:
    """Columns of text: the first and the last wordy ones to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    numeric = [all(cell.lstrip("-").isdigit() for cell in column[1:]) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  " + "   ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in rows
    )


# ---- what the options mean ----------------------------------------------------------------------------------------


def _network(options: argparse.Namespace) -> Network:
    net = load(options.net)
    if options.output is not None:
        return net.output(_integer(options.output, "--output"))
    if options.difference is not None:
        return net.difference(*(_integer(index, "--difference") for index in options.difference))
    return net


def _domain(options: argparse.Namespace, net: Network) -> Domain | None:
    if options.box is None:
        return None
    sides = [side.split(",") for side in options.box.split(";")]
    if any(len(side) != 2 for side in sides):
        raise InputError(f'--box: expected "LO,HI" or "LO,HI;LO,HI;…", got {options.box!r}')
    if len(sides) == 1:
        sides *= net.input_dim
    lower, upper = zip(*([_bound(text) for text in side] for side in sides), strict=True)
    return Domain.box(lower, upper)


def _bound(text: str) -> Fraction | float:
    """An exact number, or an infinity for a side that is left open."""
    return float(text) if text.strip() in ("inf", "-inf") else exact(text, where="--box")


def _max_cells(options: argparse.Namespace) -> int | None:
    if options.max_cells is None:
        return None
    limit = _integer(options.max_cells, "--max-cells")
    if limit < 1:
        raise InputError(f"--max-cells: expected a positive integer, got {limit}")
    return limit


def _integer(text: str, option: str) -> int:
    value = exact(text, where=option)
    if value.denominator != 1:
        raise InputError(f"{option}: expected an integer, got {text!r}")
    return value.numerator


def _space(options: argparse.Namespace, net: Network) -> str:
    whole = f"R^{net.input_dim}"
    return whole if options.box is None else f"the box {options.box} of {whole}"


# ---- the command line itself --------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """Mistakes become `InputError`, so that they are told in the same one line as all others."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message} (see {self.prog} --help)")


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version

        print("polyrelu", version("polyrelu"))
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    shared: dict[str, Any] = {
        "allow_abbrev": False,
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }
    parser = _Parser(
        prog="polyrelu",
        description="Exact geometry and topology of ReLU networks.",
        epilog="""\
examples:
  polyrelu betti net.json                      holes of the region where the network is positive
  polyrelu betti net.json --relation "<=" --level 1/2
  polyrelu regions net.json                    linear regions of the network, counted exactly
  polyrelu betti --help                        all options of a command

A network file is JSON: {"weights": [W1, W2, ...], "biases": [b1, b2, ...]}, each W a list of rows,
numbers as 3, "2/3", "0.1" (exactly one tenth) or 0.1 (the nearest double, exactly).""",
        **shared,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    betti = commands.add_parser(
        "betti",
        help="Betti numbers and torsion of a region such as {F > 0}",
        description="Betti numbers and torsion of the region where the network F is greater (or less, or equal) than\n"
        "a level: how many connected components, loops, cavities, ... it has, as an exact integral homology.",
        epilog="""\
examples:
  polyrelu betti net.json
  polyrelu betti net.json --relation "<=" --level -1/2
  polyrelu betti net.json --box "-1,1" --json
  polyrelu betti classifier.json --difference 2 0     where output 2 exceeds output 0""",
        **shared,
    )
    betti.add_argument(
        "--relation", default=">", choices=RELATIONS, metavar="REL",
        help='one of ">" (the default), ">=", "<", "<=", "="; in quotes, for the shell',
    )
    betti.add_argument("--level", default="0", metavar="T", help='exact number: 2, -1/3 or 0.1; 0 by default')
    betti.set_defaults(command=_betti)

    regions = commands.add_parser(
        "regions",
        help="linear regions and all faces of the network's polyhedral complex",
        description="Counts the activation regions of the network and all their faces, its linear pieces and vertices.",
        epilog="""\
examples:
  polyrelu regions net.json
  polyrelu regions net.json --box "0,1;-2,2"          only the part inside a box""",
        **shared,
    )
    regions.set_defaults(command=_regions)

    for command in (betti, regions):
        command.add_argument("net", metavar="NET", help="network file")
        choice = command.add_mutually_exclusive_group()
        choice.add_argument("--output", metavar="I", help="only output number I, counted from 0")
        choice.add_argument(
            "--difference", nargs=2, metavar=("I", "J"), help="output I minus output J: two classes compared"
        )
        command.add_argument(
            "--box", metavar="LO,HI[;LO,HI...]",
            help="only this box, closed: one interval for each input, or one for all; inf and -inf leave a side open",
        )
        command.add_argument("--max-cells", metavar="N", help="give up (exit status 1) beyond N cells")
        command.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    return parser


def _bind_values(argv: Sequence[str]) -> list[str]:
    """Turn ``--level -1/2`` into ``--level=-1/2``, because argparse takes the loose value for an option."""
    bound: list[str] = []
    for argument in argv:
        if bound and bound[-1] in ("--level", "--box"):
            bound[-1] += f"={argument}"
        else:
            bound.append(argument)
    return bound


class _Progress:
    """A line on standard error, when that is a terminal, for work that takes longer than a second."""

    WIDTH = 30
    PATIENCE = 1.0

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._start = time.monotonic()
        self._shown = False

    @property
    def hook(self) -> Callable[[str, int, int], None] | None:
        """What to hand to the engine: nothing, when nobody is watching."""
        return self._show if self._stream.isatty() else None

    def _show(self, stage: str, done: int, total: int) -> None:
        if time.monotonic() - self._start >= self.PATIENCE:
            bar = "#" * (self.WIDTH * done // max(total, 1))
            self._stream.write(f"\r{stage} [{bar:<{self.WIDTH}}] {done} of {total}\x1b[K")
            self._stream.flush()
            self._shown = True

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
