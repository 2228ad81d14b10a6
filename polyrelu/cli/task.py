"""The options that choose a network, a part of it, and limits, for all commands that work on one.

Every such command reads a network (`read`, or `document` for what else its file says), lets `prepare` choose the
output, the slice and the box, and works within `Task.work`, which knows the limits and shows the progress. What was
assumed in reading is noted in the options, and `output.with_assumptions` prints it with the answer.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from polyrelu.analysis.cluster import connected
from polyrelu.cli.options import add_json, add_limit, add_part, integer, positive, source
from polyrelu.cli.progress import Progress
from polyrelu.constructions import from_expression
from polyrelu.errors import InputError, LimitError, one_line
from polyrelu.exact.limits import free_memory
from polyrelu.exact.rational import exact
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.hull import free_coordinates, on_slice
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice
from polyrelu.readers import Document, holds_weights_only, load, read_document
from polyrelu.readers.points import read_points

_LOGGER = logging.getLogger(__name__)

MEMORY_SHARE = Fraction(9, 10)
"""The share of the free memory that cells may take unless --max-memory is given."""


class Task(NamedTuple):
    """A network, the part of its input space to work on, and the options that chose them."""

    options: argparse.Namespace
    net: Network
    domain: Domain | None

    @contextmanager
    def work(self) -> Iterator[dict[str, Any]]:
        """The keyword arguments of the engine, limits and `progress`, while a bar may be shown."""
        limits = _limits(self.options) if "max_cells" in self.options else {}
        with Progress() as progress:
            yield {**limits, "progress": progress.hook}

    @contextmanager
    def work_in_parts(self) -> Iterator[dict[str, Any]]:
        """The same with the arguments for parts, while there may be a connection to a cluster."""
        parts: Any = self.options.parts
        if parts not in (None, "auto"):
            if not parts.isdecimal():
                raise InputError(f'--parts: expected "auto" or a positive integer, got {parts!r}')
            parts = positive(parts, "--parts")
        cluster = nullcontext() if self.options.scheduler is None else connected(self.options.scheduler)
        with cluster as client, self.work() as how:
            yield {**how, "parts": parts, "work_dir": self.options.work_dir, "client": client}

    @property
    def asks_for_parts(self) -> bool:
        """Whether --parts, --work-dir or --scheduler is given."""
        return any(vars(self.options)[name] is not None for name in ("parts", "work_dir", "scheduler"))

    @property
    def title(self) -> str:
        """The first line of an answer: the file and its network."""
        return f"{one_line(source(self.options))}: {self.net!r}"

    @property
    def name(self) -> str:
        """The name of the file without folder and suffix, or the formula: the name of a row of a table."""
        return source(self.options) if self.options.net is None else Path(self.options.net).stem

    @property
    def space(self) -> str:
        """The input space in words."""
        box = self.options.box or ""
        # A flat box, which has a side for each input, lies in a larger space than the network on the slice it spans.
        whole = f"R^{max(self.net.input_dim, len(box.split(';')))}"
        if self.options.slice is not None:
            whole = f"the slice {whole} through the points of {one_line(self.options.slice)}"
        return whole if self.options.box is None else f"the box {self.options.box} of {whole}"


def add_task(
    parser: argparse.ArgumentParser, *, choice: bool = True, json: bool = True, latex: bool = False
) -> None:
    """The options that `prepare` and `Task.work` read, and --json: the last ones in the help of a command.

    With `latex` also --latex.
    """
    add_part(parser, choice)
    add_limit(parser)
    if json:
        add_json(parser, latex=latex)


def read(options: argparse.Namespace, *, in_slice: bool = True) -> Network:
    """The network of the file, or of the formula.

    With `in_slice`, one that is too large is read on the slice of the options, if there is one, and in their box; it is
    then a function of the coordinates of the slice, which is noted in the options.
    """
    if options.formula is None:
        if options.net is None:
            raise InputError("expected a network file NET, or --formula")
        if options.variables is not None:
            raise InputError("--variables names the inputs of --formula, and there is none")
        asked = {"output": options.tensor, "activation": options.activation, "strip": options.strip}
        try:
            net = load(options.net, **asked)
        except LimitError as error:
            if not in_slice or vars(options).get("slice") is None:
                raise
            _LOGGER.info("the network is read on the slice: %s", error)
            part = Slice(read_points(options.slice))
            net = load(options.net, **asked, slice=part, domain=read_box(options, part.dim))
            options.read_in_slice = True
        return _stated(options, net)
    if options.net is not None:
        raise InputError(f"--formula takes the place of a network file, and there is one: {one_line(options.net)}")
    for option in ("tensor", "activation", "strip"):
        if getattr(options, option):
            raise InputError(f"--{option} is about network files; --formula takes the place of one")
    names = None if options.variables is None else [name.strip() for name in options.variables.split(",")]
    return _stated(options, from_expression(options.formula, names))


def document(options: argparse.Namespace, path: str, activation: str | None, name: str = "") -> Document:
    """The content of a network file, without --tensor; `name` distinguishes it from another one in messages."""
    content = read_document(path, activation=activation)
    _stated(options, content.network, name)
    return content


def both_networks(options: argparse.Namespace) -> list[Network]:
    """The networks of the files A and B; --activation is for those that do not contain their activations."""
    paths = (options.net, options.other)
    told = [options.activation if holds_weights_only(path) else None for path in paths]
    if options.activation is not None and not any(told):
        told = [options.activation] * 2  # refused, with the message of the reader
    both = zip(paths, told, "AB", strict=True)
    return [document(options, path, activation, name).network for path, activation, name in both]


def prepare(options: argparse.Namespace, net: Network, *, one_output: bool = False, flat: bool = True) -> Task:
    """The task that the options make of a network; with `one_output` they must leave one.

    With `flat`, a flat box is examined in the slice that it spans, which is noted in the options.
    """
    net = select(options, net, one_output=one_output)
    domain = read_box(options, net.input_dim)
    if not flat:
        return Task(options, net, domain)
    return Task(options, *flattened(options, net, domain))


def flattened(
    options: argparse.Namespace, net: Network, domain: Domain | None
) -> tuple[Network, Domain | None]:
    """Network and domain on the slice that a flat box spans, which is noted in the options; other boxes as they are."""
    net, domain, found = on_slice(net, domain)
    if found is not None:
        free = ", ".join(map(str, free_coordinates(found) or ()))
        note = f"the box is flat: coordinates and counts are those of the input coordinates that it leaves free: {free}"
        options.assumed = [*vars(options).get("assumed", ()), note]
    return net, domain


def select(options: argparse.Namespace, net: Network, *, one_output: bool = False) -> Network:
    """The network of the output that the options choose, on the slice that they choose, in its coordinates."""
    net = chosen(options, net, one_output=one_output)
    if options.slice is None or vars(options).get("read_in_slice"):
        return net
    return Slice(read_points(options.slice)).restrict(net)


def _stated(options: argparse.Namespace, net: Network, name: str = "") -> Network:
    """The network, after a note in the options of what was assumed in reading it."""
    notes = [f"{name}: {note}" if name else note for note in net.assumptions]
    options.assumed = [*vars(options).get("assumed", ()), *notes]
    return net


def chosen(options: argparse.Namespace, net: Network, *, one_output: bool = False) -> Network:
    """The network of the output, or the difference of outputs, of a command that has these options."""
    if "output" in options:
        if options.output is not None:
            net = net.output(integer(options.output, "--output"))
        elif options.difference is not None:
            net = net.difference(*(integer(index, "--difference") for index in options.difference))
    if one_output and net.output_dim != 1:
        raise InputError(
            f"{source(options)} has {net.output_dim} outputs: choose one with --output I or compare two with "
            f"--difference I J (counted from 0)"
        )
    return net


def read_box(options: argparse.Namespace, input_dim: int) -> Domain | None:
    """The box of --box."""
    return None if options.box is None else intervals(options.box, input_dim, "--box")


def intervals(text: str, input_dim: int, option: str) -> Domain:
    """The box of an option: an interval for each input, or one for all."""
    sides = [side.split(",") for side in text.split(";")]
    if any(len(side) != 2 for side in sides):
        raise InputError(f'{option}: expected "LO,HI" or "LO,HI;LO,HI;…", got {text!r}')
    if len(sides) == 1:
        sides *= input_dim
    lower, upper = zip(*([_bound(bound, option) for bound in side] for side in sides), strict=True)
    return Domain.box(lower, upper)


def _bound(text: str, option: str) -> Fraction | float:
    """An exact number, or an infinity for a side that is left open."""
    return float(text) if text.strip() in ("inf", "-inf") else exact(text, where=option)


def _limits(options: argparse.Namespace) -> dict[str, Any]:
    """The arguments of `subdivide` that --max-cells, --max-memory and --threads stand for."""
    cells = None if options.max_cells is None else positive(options.max_cells, "--max-cells")
    # There is always a limit: without one the system ends a program that is too large, without a message.
    memory = int(free_memory() * MEMORY_SHARE)
    if options.max_memory is not None:
        memory = int(exact(options.max_memory, "--max-memory") * 10**9)
        if memory < 1:
            raise InputError(f"--max-memory: expected a positive number of gigabytes, got {options.max_memory!r}")
    threads = len(os.sched_getaffinity(0)) if options.threads is None else positive(options.threads, "--threads")
    return {"max_cells": cells, "max_memory": memory, "threads": threads}
