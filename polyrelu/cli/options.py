"""Options that commands share, and what they mean."""

from __future__ import annotations

import argparse
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

from polyrelu.errors import InputError, one_line
from polyrelu.exact.limits import free_memory
from polyrelu.exact.rational import describe, exact
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.region import RELATIONS
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice
from polyrelu.readers import Document, load, read_document
from polyrelu.readers.files import replacing
from polyrelu.readers.points import read_points

SHARED: dict[str, Any] = {"allow_abbrev": False, "formatter_class": argparse.RawDescriptionHelpFormatter}
"""How every parser is made."""

MEMORY_SHARE = Fraction(9, 10)
"""Of the memory that is free, what cells may take unless --max-memory is given."""


def add_net(parser: argparse.ArgumentParser) -> None:
    """The network file and the option --tensor, read by `read`."""
    parser.add_argument("net", metavar="NET", help="network file")
    parser.add_argument(
        "--tensor", metavar="NAME", help=".onnx: up to this tensor, without what comes after it, such as a Softmax"
    )
    add_activation(parser)


def add_activation(parser: argparse.ArgumentParser) -> None:
    """The option --activation, read by `document`."""
    parser.add_argument(
        "--activation", metavar="NAME[,NAME...]",
        help=".pt, .pth: what stands between the layers, which these files do not say: relu, leaky:0.3, abs or "
        "identity; or one for each hidden layer",
    )  # fmt: skip


def read(options: argparse.Namespace) -> Network:
    """The network of the file."""
    return _stated(options, load(options.net, output=options.tensor, activation=options.activation))


def document(options: argparse.Namespace, path: str, activation: str | None, name: str = "") -> Document:
    """The network of a file and what it says about it, without --tensor; `name` tells it from another one."""
    content = read_document(path, activation=activation)
    _stated(options, content.network, name)
    return content


def _stated(options: argparse.Namespace, net: Network, name: str = "") -> Network:
    """The network; what was assumed in reading it is printed with the answer (see `output.with_assumptions`)."""
    notes = [f"{name}: {note}" if name else note for note in net.assumptions]
    options.assumed = [*vars(options).get("assumed", ()), *notes]
    return net


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option --json."""
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def add_limit(parser: argparse.ArgumentParser) -> None:
    """The options --max-cells, --max-memory and --threads, read by `effort`."""
    parser.add_argument("--max-cells", metavar="N", help="give up (exit status 1) beyond N cells")
    parser.add_argument(
        "--max-memory", metavar="GB",
        help="give up (exit status 1) when the cells take more than GB; nine tenths of the free memory by default",
    )  # fmt: skip
    parser.add_argument("--threads", metavar="N", default="1", help="work on N cores; the answer is the same")


def add_box(parser: argparse.ArgumentParser) -> None:
    """The option --box, read by `domain`."""
    parser.add_argument(
        "--box", metavar="LO,HI[;LO,HI...]",
        help="only this box, closed: one interval for each input, or one for all; inf and -inf leave a side open",
    )  # fmt: skip


def add_slice(parser: argparse.ArgumentParser) -> None:
    """The option --slice, read by `sliced`."""
    parser.add_argument(
        "--slice", metavar="FILE",
        help="only the plane through 3 points, a JSON list in FILE (2: the line, 4: the space); the first point is the "
        "origin and the others are the unit vectors of its coordinates",
    )  # fmt: skip


def add_out(parser: argparse.ArgumentParser) -> None:
    """The option --out, a file to write; see `check_out`."""
    parser.add_argument("-o", "--out", metavar="FILE", required=True, help="the file to write")


def add_choice(parser: argparse.ArgumentParser) -> None:
    """The options --output and --difference, read by `chosen`."""
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--output", metavar="I", help="only output number I, counted from 0")
    choice.add_argument(
        "--difference", nargs=2, metavar=("I", "J"), help="output I minus output J: two classes compared"
    )


def add_region(parser: argparse.ArgumentParser, default: bool = True) -> None:
    """The options --relation and --level. Without `default` they are None where not given."""
    parser.add_argument(
        "--relation", default=">" if default else None, choices=RELATIONS, metavar="REL",
        help='one of ">" (the default), ">=", "<", "<=", "="; in quotes, for the shell',
    )  # fmt: skip
    parser.add_argument(
        "--level", default="0" if default else None, metavar="T", help="exact number: 2, -1/3 or 0.1; 0 by default"
    )


def chosen(options: argparse.Namespace, net: Network) -> Network:
    """The network of the output, or the difference of outputs, that the options choose."""
    if options.output is not None:
        return net.output(integer(options.output, "--output"))
    if options.difference is not None:
        return net.difference(*(integer(index, "--difference") for index in options.difference))
    return net


def scalar(options: argparse.Namespace, net: Network) -> Network:
    """`chosen`, which must have one output."""
    net = chosen(options, net)
    if net.output_dim != 1:
        raise InputError(
            f"{options.net} has {net.output_dim} outputs: choose one with --output I or compare two with "
            f"--difference I J (counted from 0)"
        )
    return net


def sliced(options: argparse.Namespace, net: Network) -> Network:
    """The network on the slice that --slice chooses, in the coordinates of the slice."""
    return net if options.slice is None else Slice(read_points(options.slice)).restrict(net)


def check_out(options: argparse.Namespace) -> None:
    """InputError if --out is a file that is read, or cannot be written."""
    out = Path(options.out)
    for path, what in ((options.net, "the network itself"), (options.slice, "the file of --slice")):
        if path is not None and out.exists() and Path(path).exists() and out.samefile(path):
            raise InputError(f"{options.out}: is {what}, which would be lost")
    check_writable(options.out)


class _TriedError(Exception):
    """Ends a trial of writing."""


def check_writable(path: str) -> None:
    """FileError, before the work rather than after it, for a file that cannot be written; what is there stays."""
    with suppress(_TriedError), replacing(path):
        raise _TriedError


def domain(options: argparse.Namespace, input_dim: int) -> Domain | None:
    """The box of --box."""
    if options.box is None:
        return None
    sides = [side.split(",") for side in options.box.split(";")]
    if any(len(side) != 2 for side in sides):
        raise InputError(f'--box: expected "LO,HI" or "LO,HI;LO,HI;…", got {options.box!r}')
    if len(sides) == 1:
        sides *= input_dim
    lower, upper = zip(*([_bound(text) for text in side] for side in sides), strict=True)
    return Domain.box(lower, upper)


def _bound(text: str) -> Fraction | float:
    """An exact number, or an infinity for a side that is left open."""
    return float(text) if text.strip() in ("inf", "-inf") else exact(text, where="--box")


def effort(options: argparse.Namespace) -> dict[str, Any]:
    """The arguments of `subdivide` that --max-cells, --max-memory and --threads stand for."""
    cells = None if options.max_cells is None else positive(options.max_cells, "--max-cells")
    # A limit even where none is asked for: without one the system ends a program that is too large, with no word.
    memory = int(free_memory() * MEMORY_SHARE)
    if options.max_memory is not None:
        memory = int(exact(options.max_memory, "--max-memory") * 10**9)
        if memory < 1:
            raise InputError(f"--max-memory: expected a positive number of gigabytes, got {options.max_memory!r}")
    return {"max_cells": cells, "max_memory": memory, "threads": positive(options.threads, "--threads")}


def integer(text: str, option: str) -> int:
    """An integer; InputError, naming the option, for anything else."""
    value = exact(text, where=option)
    if value.denominator != 1:
        raise InputError(f"{option}: expected an integer, got {describe(text)}")
    return value.numerator


def positive(text: str, option: str) -> int:
    """An integer of at least 1."""
    value = integer(text, option)
    if value < 1:
        raise InputError(f"{option}: expected a positive integer, got {value}")
    return value


def numbers(text: str, option: str, separator: str = ",") -> tuple[int, ...]:
    """Integers between separators."""
    return tuple(integer(part, option) for part in text.split(separator))


def architecture(text: str) -> tuple[int, ...]:
    """An architecture such as 2-8-6-1."""
    try:
        return tuple(positive(part, "architecture") for part in text.split("-"))
    except InputError:
        raise InputError(f"architecture: expected widths such as 2-8-6-1, got {describe(text)}") from None


def space(options: argparse.Namespace, input_dim: int) -> str:
    """The input space in words."""
    whole = f"R^{input_dim}"
    if vars(options).get("slice") is not None:
        whole = f"the slice {whole} through the points of {one_line(options.slice)}"
    return whole if options.box is None else f"the box {options.box} of {whole}"
