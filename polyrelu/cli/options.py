"""Options that commands share, and what they mean."""

from __future__ import annotations

import argparse
from fractions import Fraction
from typing import Any

from polyrelu.domain import Domain
from polyrelu.errors import InputError
from polyrelu.network import Network
from polyrelu.rational import describe, exact
from polyrelu.region import RELATIONS

SHARED: dict[str, Any] = {"allow_abbrev": False, "formatter_class": argparse.RawDescriptionHelpFormatter}
"""How every parser is made."""


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option --json."""
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def add_limit(parser: argparse.ArgumentParser) -> None:
    """The options --max-cells, --max-memory and --threads, read by `effort`."""
    parser.add_argument("--max-cells", metavar="N", help="give up (exit status 1) beyond N cells")
    parser.add_argument("--max-memory", metavar="GB", help="give up (exit status 1) when the cells take more than GB")
    parser.add_argument("--threads", metavar="N", default="1", help="work on N cores; the answer is the same")


def add_box(parser: argparse.ArgumentParser) -> None:
    """The option --box, read by `domain`."""
    parser.add_argument(
        "--box", metavar="LO,HI[;LO,HI...]",
        help="only this box, closed: one interval for each input, or one for all; inf and -inf leave a side open",
    )  # fmt: skip


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
    memory = None
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
    return whole if options.box is None else f"the box {options.box} of {whole}"
