"""Options that commands share, and how their values are read."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

from polyrelu.cli.output import Answer
from polyrelu.errors import InputError, NumberError
from polyrelu.exact.floats import to_double
from polyrelu.exact.rational import describe, exact
from polyrelu.files import replacing
from polyrelu.geometry.region import RELATIONS
from polyrelu.topology.coefficients import Coefficients, read_coefficients, read_field


def add_command(
    parser: argparse.ArgumentParser, run: Callable[[argparse.Namespace], Answer], description: str, epilog: str = ""
) -> None:
    """Let `run` carry out the command of this parser, whose help has these texts before and after the options."""
    parser.description, parser.epilog = description, epilog or None
    parser.set_defaults(command=run)


def add_net(parser: argparse.ArgumentParser) -> None:
    """The network file and its options --tensor and --activation; or --formula, with --variables, in its place."""
    parser.add_argument("net", metavar="NET", nargs="?", help="network file")
    parser.add_argument(
        "--formula", metavar="TEXT", action="append",
        help='in place of NET: the function itself, such as "max(|x|, |y|) - 1/2"; once for each output',
    )  # fmt: skip
    parser.add_argument(
        "--variables", metavar="X,Y,...", help="the inputs of --formula, in order; by default those that occur, sorted"
    )
    parser.add_argument(
        "--tensor", metavar="NAME", help=".onnx: the tensor to read as the output, such as the one before a Softmax"
    )
    parser.add_argument(
        "--strip", action="store_true",
        help=".onnx: leave out a final sigmoid, softmax or log-softmax; the network is its argument",
    )  # fmt: skip
    add_activation(parser)


def source(options: argparse.Namespace) -> str:
    """The network file, or the formula in its place, as named in answers."""
    return str(options.net) if options.net is not None else "; ".join(options.formula)


def add_activation(parser: argparse.ArgumentParser) -> None:
    """The option --activation."""
    parser.add_argument(
        "--activation", metavar="NAME[,NAME...]",
        help=".pt, .pth, .ckpt, .safetensors: the activations, which these files do not contain: relu, leaky:0.3, "
        "abs or identity; or one for each hidden layer",
    )  # fmt: skip


def add_json(parser: argparse.ArgumentParser, *, latex: bool = False) -> None:
    """The option --json, and with `latex` the option --latex, which excludes it."""
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    if latex:
        forms.add_argument("--latex", action="store_true", help="print a table for LaTeX and nothing else")


def add_parts(parser: argparse.ArgumentParser) -> None:
    """The options --parts, --work-dir and --scheduler; and --threads stands for all cores."""
    parser.add_argument(
        "--parts", metavar="N|auto",
        help="cut the space into about N parts that are made one after the other, or one on each core, and then "
        "forgotten; limits are those of a part",
    )  # fmt: skip
    parser.add_argument(
        "--work-dir", metavar="DIR",
        help="keep the parts that are done in this directory: the same command goes on where it was",
    )  # fmt: skip
    parser.add_argument(
        "--scheduler", metavar="ADDRESS",
        help="let the workers of a Dask cluster make the parts: tcp://HOST:PORT of its scheduler",
    )  # fmt: skip
    parser.set_defaults(threads=None)


def add_limit(parser: argparse.ArgumentParser) -> None:
    """The options --max-cells, --max-memory and --threads."""
    parser.add_argument("--max-cells", metavar="N", help="stop (exit status 1) if there are more than N cells")
    parser.add_argument(
        "--max-memory", metavar="GB",
        help="stop (exit status 1) if the cells take more gigabytes than this; nine tenths of the free memory by "
        "default",
    )  # fmt: skip
    parser.add_argument(
        "--threads", metavar="N", default="1",
        help="number of cores to use; homology and the cells of C(F) do not depend on it",
    )  # fmt: skip


def add_choice(parser: argparse.ArgumentParser) -> None:
    """The options --output and --difference."""
    outputs = parser.add_mutually_exclusive_group()
    outputs.add_argument("--output", metavar="I", help="only output number I, counted from 0")
    outputs.add_argument(
        "--difference", nargs=2, metavar=("I", "J"), help="output I minus output J: two classes compared"
    )


def add_part(parser: argparse.ArgumentParser, choice: bool = True) -> None:
    """The options --output and --difference, if there is a choice, --slice and --box."""
    if choice:
        add_choice(parser)
    parser.add_argument(
        "--slice", metavar="FILE",
        help="only the plane through 3 points, in JSON, CSV, .npz or .npy (2: the line, 4: the space); the first is "
        "the origin and the others are the unit vectors of its coordinates",
    )  # fmt: skip
    parser.add_argument(
        "--box", metavar="LO,HI[;LO,HI...]",
        help="only this box, closed: one interval for each input, or one for all; inf and -inf leave a side open",
    )  # fmt: skip


def add_out(parser: argparse.ArgumentParser) -> None:
    """The option --out, a file to write; see `check_out`."""
    parser.add_argument("-o", "--out", metavar="FILE", required=True, help="the file to write")


def add_region(parser: argparse.ArgumentParser, default: bool = True, standard: str = ">") -> None:
    """The options --relation and --level. Without `default` they are None where not given."""
    others = ", ".join(f'"{relation}"' for relation in RELATIONS if relation != standard)
    parser.add_argument(
        "--relation", default=standard if default else None, choices=RELATIONS, metavar="REL",
        help=f'one of "{standard}" (the default), {others}; in quotes, for the shell',
    )  # fmt: skip
    parser.add_argument(
        "--level", default="0" if default else None, metavar="T", help="exact number: 2, -1/3 or 0.1; 0 by default"
    )


def add_complete(parser: argparse.ArgumentParser) -> None:
    """The option --complete."""
    parser.add_argument(
        "--complete", action="store_true",
        help="make all cells of C(F, level), not a coarse complex with fewer cells far from F = level; the homology is "
        "the same",
    )  # fmt: skip


def add_seconds(parser: argparse.ArgumentParser) -> None:
    """The option --seconds; see `read_seconds`."""
    parser.add_argument("--seconds", metavar="S", help="stop (exit status 1) if it is not decided in S seconds")


def read_seconds(options: argparse.Namespace) -> float | None:
    """The number of --seconds, if any."""
    return None if options.seconds is None else positive_number(options.seconds, "--seconds")


def read_level(options: argparse.Namespace) -> Fraction | None:
    """The number of --level, if any."""
    return None if options.level is None else exact(options.level, where="--level")


def check_out(options: argparse.Namespace, written: str | None = None) -> None:
    """InputError if --out, or another file to write, is a file that is read, or cannot be written."""
    written = options.out if written is None else written
    out = Path(written)
    for path, what in ((options.net, "the network itself"), (options.slice, "the file of --slice")):
        if path is not None and out.exists() and Path(path).exists() and out.samefile(path):
            raise InputError(f"{written}: is {what}, which would be lost")
    check_writable(written)


class _TriedError(Exception):
    """Raised at the end of a trial of writing."""


def check_writable(path: str) -> None:
    """FileError, before the work rather than after it, for a file that cannot be written; what is there stays."""
    with suppress(_TriedError), replacing(path):
        raise _TriedError


def number(text: str, option: str, expected: str) -> Fraction:
    """An exact number; InputError, naming the option and what is expected, for anything else."""
    try:
        return exact(text, where=option)
    except NumberError:
        if text.lstrip("+-").isdigit():  # it has too many digits
            raise
        raise InputError(f"{option}: expected {expected}, got {describe(text)}") from None


def integer(text: str, option: str) -> int:
    """An integer; InputError, naming the option, for anything else."""
    value = number(text, option, "an integer")
    if value.denominator != 1:
        raise InputError(f"{option}: expected an integer, got {describe(text)}")
    return value.numerator


def add_coefficients(parser: argparse.ArgumentParser) -> None:
    """The option --coefficients."""
    parser.add_argument(
        "--coefficients", metavar="R", default="Z",
        help="the coefficients of the homology: Z (the default), Q, or a prime number P for the field of P elements",
    )  # fmt: skip


def coefficients(text: str, option: str = "--coefficients") -> Coefficients:
    """The coefficients that are named; InputError for anything else."""
    try:
        return read_coefficients(_named(text))
    except InputError:
        raise InputError(f"{option}: expected Z, Q or a prime below 2^31, got {describe(text)}") from None


def field(text: str, option: str) -> int:
    """The characteristic of a field that is named, 0 for Q; InputError for anything else."""
    try:
        return read_field("Q" if text == "q" else _named(text))
    except InputError:
        message = f"{option}: expected a prime below 2^31, or Q for the rational numbers, got {describe(text)}"
        raise InputError(message) from None


def _named(text: str) -> int | str:
    """Digits as a number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else text


def positive(text: str, option: str) -> int:
    """An integer of at least 1."""
    value = integer(text, option)
    if value < 1:
        raise InputError(f"{option}: expected a positive integer, got {value}")
    return value


def positive_number(text: str, option: str) -> float:
    """A number greater than 0."""
    value = to_double(number(text, option, "a positive number"))
    if not value > 0:
        raise InputError(f"{option}: expected a positive number, got {describe(text)}")
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
