"""Persistence against the subdivision that it starts from: python -m benchmarks.persistence [--quick] [--case TEXT …].

From the root of the repository, with the core built in place. Every network is measured in a process of its own: C(F)
and `persistence`, which makes C(F) as well, in turn, on one thread and on two. The bars are checked: at zero and
between critical levels as many must be alive as the Betti numbers of {F <= t} over a coarse complex say, and for shells
those of {F > 0}, which a formula gives.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import polyrelu as pr
from benchmarks.cases import ROOT, agree, shell_betti
from benchmarks.measure import cpu, memory, start_of_peak
from benchmarks.report import integer, milliseconds, table
from support.known_answers import random_float32, shells

Record = dict[str, Any]
ENVIRONMENT = {**os.environ, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}
LEVELS = 2
"""Levels at which the bars are compared with Betti numbers."""

RANDOM = [
    ((2, 64, 64, 64, 1), True), ((3, 32, 32, 1), True), ((3, 64, 64, 1), False), ((3, 96, 96, 1), False),
    ((4, 16, 16, 1), True), ((4, 24, 24, 1), False), ((5, 12, 12, 1), False),
]  # fmt: skip
SHELLS = [
    ((2, 16, 16, 6, 1), (5,), True), ((2, 32, 32, 8, 1), (8,), False), ((3, 12, 12, 8, 1), (4, 4), True),
    ((3, 20, 20, 12, 1), (4, 4), False), ((4, 12, 12, 12, 1), (2, 2, 2), False),
]  # fmt: skip


def cases(quick: bool) -> dict[str, tuple[Callable[[], pr.Network], tuple[int, ...] | None]]:
    """The networks, and the Betti numbers of {F > 0} where they are known, by name."""
    found: dict[str, tuple[Callable[[], pr.Network], tuple[int, ...] | None]] = {}
    for architecture, small in RANDOM:
        if small or not quick:
            name = "random " + "-".join(map(str, architecture))
            found[name] = (lambda a=architecture: random_float32(a, 0)), None
    for architecture, cuts, small in SHELLS:
        if small or not quick:
            name = f"shells {'-'.join(map(str, architecture))} c={','.join(map(str, cuts))}"
            found[name] = (lambda a=architecture, c=cuts: shells(a, c)), shell_betti(architecture, cuts)
    return found


def measured(network: pr.Network, betti: tuple[int, ...] | None, budget: float) -> Record:
    """Times, memory and numbers of bars, checked."""
    peak_of_subdivision = peak_in_a_fork(lambda: pr.subdivide(network))
    peak = peak_in_a_fork(lambda: pr.persistence(network))
    counts = pr.subdivide(network).arrays.counts
    found = pr.persistence(network)
    check(network, found, betti)
    seconds: dict[str, list[float]] = {"subdivide": [], "persistence": [], "subdivide_two": [], "persistence_two": []}
    end = time.perf_counter() + budget
    while len(seconds["subdivide"]) < 3 or (time.perf_counter() < end and len(seconds["subdivide"]) < 15):
        first = len(seconds["subdivide"]) % 2
        for name in ("subdivide", "persistence")[:: 1 - 2 * first]:
            made, used = cpu(lambda name=name: getattr(pr, name)(network))
            seconds[name].append(used)
            del made
        for name in ("subdivide", "persistence")[:: 1 - 2 * first]:
            gc.collect()
            start = time.perf_counter()
            made = getattr(pr, name)(network, threads=2)
            seconds[f"{name}_two"].append(time.perf_counter() - start)
            del made
    ratio = statistics.median(a / b for a, b in zip(seconds["persistence"], seconds["subdivide"], strict=True))
    two = statistics.median(a / b for a, b in zip(seconds["persistence_two"], seconds["subdivide_two"], strict=True))
    return {
        "cells": sum(counts), "bars": [len(found.bars(k)) for k in range(network.input_dim)], "seconds": seconds,
        "ratio": ratio, "ratio_two": two, "peak_bytes": peak, "peak_bytes_of_subdivision": peak_of_subdivision,
    }  # fmt: skip


def peak_in_a_fork(work: Callable[[], Any]) -> int:
    """The bytes that the work takes at most, in a process in which nothing was freed before."""
    reads, writes = os.pipe()
    if not os.fork():
        base = start_of_peak()
        kept = work()
        os.write(writes, str(memory()[1] - base).encode())
        del kept
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as answer:
        peak = int(answer.read())
    os.wait()
    return peak


def check(network: pr.Network, found: pr.Persistence, betti: tuple[int, ...] | None) -> None:
    """As many bars alive as Betti numbers of other complexes say."""
    if betti is not None:  # of {F > 0}, which is {F >= t} for small t > 0
        above = pr.persistence(network, superlevel=True)
        t = min((x for x in above.critical_levels if x > 0), default=Fraction(1)) / 2
        agree("bars of {F >= t}", above.betti(t), betti)
        return
    levels = found.critical_levels
    step = max(1, len(levels) // LEVELS)
    for t in {Fraction(0), *((a + b) / 2 for a, b in zip(levels[::step], levels[1::step], strict=False))}:
        agree(f"bars at {float(t)}", found.betti(t), pr.betti_numbers(network, "<=", t))


def report(records: list[Record]) -> str:
    """The table, with the load while it was measured."""
    rows = []
    for r in records:
        if r["status"] != "ok":
            continue
        one, other = (statistics.median(r["seconds"][name]) for name in ("subdivide", "persistence"))
        peaks = [
            f"{r[key] / r['cells']:.0f} B" if r["cells"] >= 100_000 else "–"
            for key in ("peak_bytes_of_subdivision", "peak_bytes")
        ]
        rows.append([
            r["name"], integer(r["cells"]), ", ".join(map(integer, r["bars"])), milliseconds(one), milliseconds(other),
            f"{r['ratio']:.2f}", f"{r['ratio_two']:.2f}", *peaks,
        ])  # fmt: skip
    head = [
        "network", "cells", "bars", "subdivide", "persistence", "÷", "÷ on 2 threads", "peak/cell, subdivide",
        "persistence",
    ]  # fmt: skip
    loads = [load for r in records for load in r["load"]]
    parts = [table(head, rows), f"Load: {min(loads):.1f} to {max(loads):.1f}."]
    return "\n\n".join([*parts, *(f"{r['name']}: {r['status']}" for r in records if r["status"] != "ok")])


def in_a_process(name: str, options: argparse.Namespace) -> Record:
    """The record of one case, measured in a process of its own."""
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / "record.json"
        command = [sys.executable, "-m", "benchmarks.persistence", "--one", name, "--output", str(output)]
        load = [os.getloadavg()[0]]
        try:
            done = subprocess.run([*command, "--budget", str(options.budget)], cwd=ROOT, env=ENVIRONMENT,
                                  capture_output=True, text=True, timeout=options.timeout, check=False)  # fmt: skip
            record: Record = json.loads(output.read_text()) if done.returncode == 0 else {}
            status = "ok" if record else (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        except subprocess.TimeoutExpired:
            record, status = {}, f"stopped after {options.timeout:.0f} s"
    return {"name": name, "status": status, "load": [*load, os.getloadavg()[0]]} | record


def main() -> int:
    """Measure what the command line asks for; 1 if an answer was wrong or a measurement failed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.persistence", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--quick", action="store_true", help="small networks only")
    parser.add_argument("--case", nargs="+", default=[""], metavar="TEXT", help="only cases whose names contain a text")
    parser.add_argument("--budget", type=float, default=10, help="seconds of repetitions for a network (default 10)")
    parser.add_argument("--timeout", type=float, default=600, help="seconds after which a measurement is stopped")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "persistence.json")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        network, betti = cases(False)[options.one]
        options.output.write_text(json.dumps(measured(network(), betti, options.budget)))
        return 0
    records = []
    for name in cases(options.quick):
        if not any(text in name for text in options.case):
            continue
        records.append(in_a_process(name, options))
        print(f"{name:40} {records[-1]['status']}", flush=True)
        options.output.write_text(json.dumps(records, indent=1) + "\n")
    print()
    print(report(records))
    return 0 if all(r["status"] == "ok" for r in records) else 1


if __name__ == "__main__":
    sys.exit(main())
