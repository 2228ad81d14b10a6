"""polyrelu info: properties of a network, an estimate of the size of its complex, and what to do next."""

from __future__ import annotations

import argparse
import os
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

from polyrelu.analysis.deadline import Deadline
from polyrelu.analysis.estimation import SECONDS, Estimate, estimate, size
from polyrelu.analysis.inspection import Groups, Inspection, Neuron, inspect
from polyrelu.analysis.sampling import MAX_RANK
from polyrelu.cli.options import (
    add_command,
    add_json,
    add_net,
    add_part,
    integer,
    positive,
    positive_number,
    read_level,
)
from polyrelu.cli.output import Answer, as_json, lines, table
from polyrelu.cli.task import prepare, read
from polyrelu.exact.limits import free_memory
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import show, to_json
from polyrelu.network.network import Network
from polyrelu.paper.bounds import short, upper_bounds

PATIENCE = 10.0
"""Seconds of work from which on more cores are suggested."""

DRAWABLE_DIM = 3
"""What `polyrelu.plotting.MAX_DIM` is; to import it would take longer than most answers of this command."""

SHOWN = 8
"""Maximum number of neurons and groups that a line of text names."""

MAX_BETTI_DIM = 12
"""Maximum number of inputs for which the bounds on Betti numbers are shown."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="Architecture, exact numbers, neurons that do nothing, proved bounds, and an estimate of the\n"
        "cells, the memory and the time that the other commands need, for C(F) and for the coarse complex that\n"
        "Betti numbers need. Takes seconds, however large the network.",
        epilog="""\
examples:
  polyrelu info net.json
  polyrelu info net.json --level 0 --box "-1,1"       for C(F, 0), what betti works on, inside a box
  polyrelu info net.onnx --slice points.json --json

Neurons are named LAYER.NUMBER, counted from 1. An estimate is a mean over a random sample, with its standard error;
bounds ("at least", "at most") are proved. What the limit on the time left out is said; if it sufficed, the same seed
gives the same answer anywhere.""",
    )
    add_net(parser)
    parser.add_argument(
        "--level", metavar="T", help="exact number: estimate C(F, T) instead of C(F); the coarse complex is for T, or 0"
    )
    add_part(parser)
    parser.add_argument(
        "--samples", metavar="N", default="100",
        help="number of cells to draw; 100 by default, 1000 for a smaller error",
    )
    parser.add_argument("--seed", metavar="N", default="0", help="seed of the random choices; 0 by default")
    parser.add_argument(
        "--seconds", metavar="S", default=str(SECONDS), help="a limit on the time of the estimates; 5 by default"
    )
    add_json(parser)


def run(options: argparse.Namespace) -> Answer:
    """Facts, estimate and advice."""
    task, level = prepare(options, read(options), one_output=options.level is not None), read_level(options)
    net = task.net
    samples, seed = positive(options.samples, "--samples"), integer(options.seed, "--seed")
    seconds = positive_number(options.seconds, "--seconds")
    with task.work() as how:
        deadline = Deadline(seconds)
        facts = inspect(net, task.domain, seconds=deadline.part(0.3), **how)
        coarse = None
        if net.output_dim == 1:
            of_level = 0 if level is None else level
            coarse = estimate(
                net, of_level, task.domain, coarse=True, samples=samples, seed=seed, seconds=deadline.part(0.5), **how
            )
        guess = estimate(
            net, level, task.domain, coarse=False, samples=samples, seed=seed, seconds=deadline.part(1), **how
        )
        guess = replace(guess, coarse=coarse)
    advice = list(_advice(options, net, guess))
    if options.json:
        return Answer(_json(net, facts, guess, advice))
    return Answer(
        lines(
            task.title,
            "",
            table(_facts(net, facts)),
            "",
            f"Cells over {task.space}:",
            "",
            *("  " + line for line in str(replace(guess, coarse=None)).splitlines()[1:]),
            *_coarse(guess.coarse),
            *_betti_bounds(net),
            "",
            "Next:",
            *(f"  {line}" for line in advice),
        )
    )


def _coarse(guess: Estimate | None) -> list[str]:
    if guess is None or guess.level is None:
        return []
    return ["", f"  Coarse complex for F = {brief(guess.level)}, which Betti numbers need:", "  " + guess.summary()]


def _facts(net: Network, facts: Inspection) -> list[list[str]]:
    hidden = net.architecture[1:-1]
    kinds = Counter(a for layer in net.slopes for a in layer)
    activations = ", ".join(f"{n} of slope {show(a)}" for a, n in sorted(kinds.items())) or "none"
    types = [name for name, yes in (("float32", facts.float32), ("float64", facts.float64)) if yes]
    null = net.input_dim - facts.rank
    rows = [
        ["neurons", f"{sum(hidden)} hidden in {_count(len(hidden), 'layer')}; {_count(net.output_dim, 'output')}"],
        ["below zero", f"{activations} (0: ReLU, 1: identity, -1: absolute value)"],
        [
            "parameters",
            f"{facts.parameters}; numerators to {facts.digits[0]} digits, denominators to {facts.digits[1]}",
        ],
        ["", f"all are values of {' and '.join(types)}" if types else "not all are floating-point numbers"],
        [
            "first layer",
            f"rank {facts.rank}" + (f": nothing changes along {null} dimensions of the input" if null else ""),
        ],
        [
            "dead",
            _names(facts.dead, "active nowhere" if facts.complete else "as signs of weights tell; there may be more"),
        ],
    ]
    if facts.complete:
        rows.append(["always active", _names(facts.always_active, "linear here")])
    return [
        *rows,
        ["without weights", _names(facts.zero, "constant")],
        ["repeated", _groups(facts.repeated, "equal up to a positive factor")],
        ["coincident", _groups(facts.coincident, "one hyperplane, both sides")],
        ["parallel", _groups(facts.parallel, "no crossing")],
    ]


def _names(neurons: tuple[Neuron, ...], meaning: str) -> str:
    shown = ", ".join(f"{layer}.{i}" for layer, i in neurons[:SHOWN])
    more = ", ..." if len(neurons) > SHOWN else ""
    return f"{len(neurons)} ({meaning}): {shown}{more}" if neurons else "none"


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"


def _groups(groups: Groups, meaning: str) -> str:
    shown = "; ".join(", ".join(f"{layer}.{i}" for layer, i in group[:SHOWN]) for group in groups[:SHOWN])
    more = len(groups) > SHOWN or any(len(group) > SHOWN for group in groups[:SHOWN])
    return f"{_count(len(groups), 'group')} ({meaning}): {shown}{'; ...' if more else ''}" if groups else "none"


def _betti_bounds(net: Network) -> list[str]:
    if net.output_dim != 1 or net.input_dim > MAX_BETTI_DIM:
        return []
    best = _best_betti(net)
    return ["", f"  Betti numbers of {{F > t}}, t any level, are at most {', '.join(map(short, best))}"]


def _best_betti(net: Network) -> list[int]:
    bounds = upper_bounds(net.architecture, relu=not any(map(any, net.slopes)))
    return [bounds.best(f"betti_{k}") or 0 for k in range(net.input_dim)]


def _advice(options: argparse.Namespace, net: Network, guess: Estimate) -> Iterator[str]:
    """What to do next, in the words of the command line."""
    available = free_memory()
    smallest = guess if guess.coarse is None else min(guess, guess.coarse, key=lambda x: x.memory)
    if smallest.memory > available:
        yield f"more memory is needed than the {size(available)} that are free on this machine"
        yield "--slice points.json looks at the line, plane or space through 2, 3 or 4 points"
        if net.output_dim == 1:
            what = _chosen_part(options)
            yield f"polyrelu betti {what} --parts auto --work-dir DIR   (in parts, one after the other)"
        if guess.rank <= MAX_RANK:
            yield "--box LO,HI looks at a part of the input space"
        yield f"polyrelu bounds {'-'.join(map(str, net.architecture))} says what any such network can have"
        return
    if smallest.seconds > PATIENCE and (cores := os.cpu_count() or 1) > 1:
        yield f"--threads {cores} uses all cores; Ctrl-C stops it at any time"
    what, level = _chosen_part(options), "" if options.level is None else " " + shlex.join(["--level", options.level])
    if net.output_dim > 1:
        yield f"polyrelu classes {what}   (where each output is the largest)"
        yield f"polyrelu betti {what} --output I   (or --difference I J: I, J from 0 to {net.output_dim - 1})"
    else:
        than = f"greater than {options.level}" if level else "positive"
        yield f"polyrelu betti {what}{level}   (components and holes of the region where the network is {than})"
    if guess.memory > available:
        yield f"other commands need more memory than the {size(available)} that are free on this machine"
        return
    yield f"polyrelu regions {what}   (activation regions and linear pieces)"
    if net.input_dim <= DRAWABLE_DIM:
        yield f"polyrelu plot {what}{level} -o picture.png"


def _chosen_part(options: argparse.Namespace) -> str:
    """The network file or the formula, and the options that choose a part of it, as typed on the command line."""
    words = [options.net] if options.net is not None else []
    for text in options.formula or ():
        words += ["--formula", text]
    for name in ("variables", "tensor", "activation", "output", "difference", "slice", "box"):
        value = vars(options)[name]
        if value is not None:
            words += [f"--{name}", *([value] if isinstance(value, str) else value)]
    if options.strip:
        words.append("--strip")
    return shlex.join(words)


def _json(net: Network, facts: Inspection, guess: Estimate, advice: list[str]) -> str:
    counts = None if guess.f_vector is None else [_plain(x) for x in guess.f_vector]
    return as_json(
        architecture=net.architecture,
        slopes=[sorted({to_json(a) for a in layer}, key=str) for layer in net.slopes],
        parameters=facts.parameters,
        numerator_digits=facts.digits[0],
        denominator_digits=facts.digits[1],
        float32=facts.float32,
        float64=facts.float64,
        first_layer_rank=facts.rank,
        zero=facts.zero,
        repeated=facts.repeated,
        coincident=facts.coincident,
        parallel=facts.parallel,
        dead=facts.dead,
        always_active=facts.always_active if facts.complete else None,
        dead_complete=facts.complete,
        level=guess.level,
        rank=guess.rank,
        at_least=[to_json(x) for x in guess.lower],
        at_most=[None if x is None else to_json(x) for x in guess.upper],
        betti_at_most=None
        if net.output_dim != 1 or net.input_dim > MAX_BETTI_DIM
        else list(map(to_json, _best_betti(net))),
        exact=guess.exact,
        cells_by_dimension=counts,
        standard_errors=guess.errors,
        cells=None if guess.cells is None else _plain(guess.cells),
        cells_standard_error=guess.cells_error,
        no_estimate_because=guess.reason or None,
        likely_cells=_plain(guess.likely_cells),
        memory_bytes=to_json(guess.memory),
        seconds=guess.seconds,
        not_computed=guess.not_computed or None,
        coarse=None if guess.coarse is None else _coarse_json(guess.coarse),
        advice=advice,
    )


def _coarse_json(guess: Estimate) -> dict[str, Any]:
    return {
        "level": None if guess.level is None else to_json(guess.level),
        "exact": guess.exact,
        "cells_by_dimension": None if guess.f_vector is None else [_plain(x) for x in guess.f_vector],
        "standard_errors": guess.errors,
        "cells": None if guess.cells is None else _plain(guess.cells),
        "cells_standard_error": guess.cells_error,
        "no_estimate_because": guess.reason or None,
        "likely_cells": _plain(guess.likely_cells),
        "memory_bytes": to_json(guess.memory),
        "seconds": guess.seconds,
        "not_computed": guess.not_computed or None,
    }


def _plain(x: Fraction) -> int | float | str:
    """An integer as it is, an estimate rounded to a float."""
    return to_json(x) if x.denominator == 1 else float(x)
