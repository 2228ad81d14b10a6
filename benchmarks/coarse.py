"""Coarse complexes against complete ones: python -m benchmarks.coarse [--quick] [--bunny PATH] [--quotient PATH].

From the root of the repository, with the core built in place. Every network is measured in a process of its own, coarse
and complete in turn on one thread, and the answers are compared: the Betti numbers of {F > 0}, and the cells of {F = 0}
by dimension, which both complexes must have. Tables go to standard output as they come, figures to a JSON file.

PATH names a model of a public repository, which is measured and not kept here: arturs-berzins/relu_edge_subdivision,
`models/3,8x32,relu,bunny`, and KBeshkov/QuotientHomology, `models/D-II_model_0.pth`.
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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

import numpy as np

import polyrelu as pr
from benchmarks.cases import ROOT, agree, shell_betti
from benchmarks.measure import cpu, memory, start_of_peak
from benchmarks.report import MISSING, integer, milliseconds, table
from support.known_answers import random_float32, shells

Record = dict[str, Any]
Box = list[tuple[int, int]] | None
GIB = 2**30
MEMORY_LIMIT = 4_000_000_000
ENVIRONMENT = {**os.environ, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}
GROUPS = ("random", "growth", "trained", "undecided", "memory", "public")


@dataclass(frozen=True)
class Case:
    """A network over a box (None: over R^d), and what is known of it.

    complete: whether the complete complex is made as well. quick: whether --quick has it. betti: of {F > 0}, and
    level_betti: of {F = 0}, if known. goal: the largest ratio of times that is wanted.
    """

    name: str
    group: str
    network: Callable[[], pr.Network]
    box: int | None = None
    complete: bool = True
    quick: bool = False
    betti: tuple[int, ...] | None = None
    level_betti: tuple[int, ...] | None = None
    goal: float | None = None

    def domain(self, d: int) -> Box:
        """The box [−b, b]^d, or None."""
        return None if self.box is None else [(-self.box, self.box)] * d


# ---- networks ------------------------------------------------------------------------------------------------------


def trained(points: Any, inside: Any, hidden: tuple[int, ...]) -> pr.Network:
    """A classifier of scikit-learn, trained with L-BFGS from a fixed seed; its weights rounded to float32."""
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(hidden, solver="lbfgs", alpha=1e-4, max_iter=2000, random_state=0).fit(points, inside)
    weights = [matrix.T.astype(np.float32) for matrix in model.coefs_]
    return pr.Network(weights, [bias.astype(np.float32) for bias in model.intercepts_])


def torus(hidden: tuple[int, ...]) -> pr.Network:
    """Trained on the solid torus of radii 1 and 0.4 in the box [−2, 2]^3."""
    x = np.random.default_rng(0).uniform(-2, 2, (8000, 3))
    return trained(x, np.hypot(np.hypot(x[:, 0], x[:, 1]) - 1, x[:, 2]) < 0.4, hidden)


def shell(d: int, hidden: tuple[int, ...]) -> pr.Network:
    """Trained on the shell 0.8 < |x| < 1.4 in the box [−2, 2]^d."""
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((8000, d))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    radius = rng.uniform(0, 2, 8000)
    return trained(directions * radius[:, None], (radius > 0.8) & (radius < 1.4), hidden)


def principal(data: str, components: int, hidden: tuple[int, ...]) -> pr.Network:
    """Trained on a data set of scikit-learn: class 1 against the others, from standardised principal components."""
    from sklearn import datasets
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    x, y = getattr(datasets, f"load_{data}")(return_X_y=True)
    x = PCA(components, whiten=True, random_state=0).fit_transform(StandardScaler().fit_transform(x))
    return trained(x, y == 1, hidden)


def public(path: str, difference: bool) -> pr.Network:
    """The state dict of a PyTorch model with ReLU between its layers; of two outputs the second minus the first."""
    import torch

    net = pr.from_torch(torch.load(path, map_location="cpu", weights_only=True), activation="relu")
    return net.difference(1, 0) if difference else net


def _random(*architecture: int, group: str = "random", seed: int = 0, **known: Any) -> Case:
    name = "-".join(map(str, architecture))
    box = known.get("box")
    where = "" if box is None else f" in [−{box}, {box}]^{architecture[0]}"
    if group == "growth":
        where += f", seed {seed}"
    return Case(f"random {name}{where}", group, lambda: random_float32(architecture, seed), **known)


def _shells(architecture: tuple[int, ...], cuts: tuple[int, ...], **known: Any) -> Case:
    name = f"shells {'-'.join(map(str, architecture))} c={','.join(map(str, cuts))}"
    betti = shell_betti(architecture, cuts)
    return Case(name, "undecided", lambda: shells(architecture, cuts), betti=betti, goal=1.15, **known)


WIDTHS = {2: (32, 64, 128, 256), 3: (16, 32, 64), 4: (8, 12, 16, 24), 5: (6, 8, 12, 16)}
COARSE_WIDTHS = {2: (512,), 3: (128,), 4: (), 5: ()}
SEEDS = 3
"""Networks of each width: how much of the input space a level set meets varies from one to another."""


def cases(options: argparse.Namespace) -> list[Case]:
    """All of them, by group."""
    found = [
        _random(2, 32, 32, 1, quick=True),
        _random(2, 64, 64, 64, 1, quick=True),
        _random(3, 32, 32, 1, quick=True),
        _random(3, 64, 64, 1, quick=True, goal=1 / 3),
        _random(3, 128, 128, 1, goal=1 / 6),
        _random(3, 256, 256, 1, complete=False),
        _random(4, 16, 16, 1, quick=True),
        _random(4, 24, 24, 1),
        _random(5, 12, 12, 1, quick=True),
        _random(5, 16, 16, 1, goal=1 / 2),
        Case("solid torus 3-16-16-16-1", "trained", lambda: torus((16, 16, 16)), box=2, quick=True),
        Case("solid torus 3-32-32-1", "trained", lambda: torus((32, 32)), box=2),
        Case("shell in R^4, 4-16-16-1", "trained", lambda: shell(4, (16, 16)), box=2),
        Case("wine, 4 components, 4-16-16-1", "trained", lambda: principal("wine", 4, (16, 16)), box=4, quick=True),
        Case("breast cancer, 5 components, 5-8-8-1", "trained", lambda: principal("breast_cancer", 5, (8, 8)), box=4),
        Case("digits, 3 components, 3-32-32-1", "trained", lambda: principal("digits", 3, (32, 32)), box=4),
        _shells((2, 16, 16, 6, 1), (5,), quick=True),
        _shells((3, 6, 6, 4, 1), (2, 2), quick=True),
        _shells((2, 32, 32, 8, 1), (8,)),
        _shells((4, 16, 16, 12, 1), (2, 2, 2)),
        _random(5, 24, 24, 1, group="memory", box=10, complete=False),
    ]
    for widths, complete in ((WIDTHS, True), (COARSE_WIDTHS, False)):
        for d, ns in widths.items():
            for n in ns:
                found += [_random(d, n, n, 1, group="growth", complete=complete, seed=i) for i in range(SEEDS)]
    if options.bunny:
        name = "bunny 3-32×8-1 (relu_edge_subdivision) in [−1, 1]^3"
        net = lambda: public(options.bunny, False)  # noqa: E731
        found.append(
            Case(name, "public", net, 1, options.complete_bunny, level_betti=(1, 0, 1), goal=1 / 10)
        )
    if options.quotient:
        name = "D-II 3-15×9-1 (QuotientHomology)"
        found.append(Case(name, "public", lambda: public(options.quotient, True), betti=(20, 84, 21)))
    return found


# ---- one measurement -----------------------------------------------------------------------------------------------


def measured(case: Case, budget: float) -> Record:
    """Coarse and complete in turn, compared; medians of CPU seconds over repetitions within the budget.

    The peak is that of the first coarse run, which begins.
    """
    network = case.network()
    domain = case.domain(network.input_dim)
    record: Record = {"architecture": network.architecture}
    base = start_of_peak()
    first = run(network, domain, True, case, record)
    record["peak_bytes"] = memory()[1] - base
    seconds: dict[bool, list[Any]] = {True: [first], False: []}
    if case.complete:
        seconds[False].append(run(network, domain, False, case, record))
        first_seconds = sum(map(sum, (seconds[True][0], seconds[False][0])))
        rounds = max(int(budget / max(first_seconds, 1e-3)), 3 if first_seconds < 1 else 0)
        if rounds >= 3:  # the first runs import what they need, and count for the peak only
            seconds = {True: [], False: []}
        for i in range(min(rounds, 14)):
            for coarse in (True, False) if i % 2 else (False, True):
                seconds[coarse].append(run(network, domain, coarse, case, record))
    names = {True: "coarse", False: "complete"}
    for coarse, runs in seconds.items():
        if runs:
            record[f"{names[coarse]}_seconds"] = statistics.median(a for a, _ in runs)
            record[f"{names[coarse]}_homology_seconds"] = statistics.median(b for _, b in runs)
    if case.complete:
        both = list(zip(seconds[True], seconds[False], strict=True))
        record["ratio"] = statistics.median(sum(a) / sum(b) for a, b in both)
        record["subdivision_ratio"] = statistics.median(a[0] / b[0] for a, b in both)
    elif case.group == "memory":
        record["complete"] = refused(network, domain)
    return record


def run(network: pr.Network, domain: Box, coarse: bool, case: Case, record: Record) -> tuple[float, float]:
    """One complex and its homology: seconds of both; checks the answers against those before."""
    gc.collect()
    limit = MEMORY_LIMIT if case.group == "memory" else None
    start = time.perf_counter()
    cx, seconds = cpu(lambda: pr.subdivide(network, 0, domain, coarse=coarse, max_memory=limit))
    wall = time.perf_counter() - start
    homology, homology_seconds = cpu(lambda: pr.homology(cx.region(">")))
    d = network.input_dim
    level = [int((cx.signs(k) == 0).sum()) for k in range(d - len(cx.f_vector) + 1, d + 1) if k >= cx.lineality_dim]
    remember(record, "betti", homology.betti)
    remember(record, "torsion", homology.torsion)
    remember(record, "level_cells", level)
    if case.betti is not None:
        agree("Betti numbers of {F > 0}", homology.betti, case.betti)
    if case.level_betti is not None and "level_betti" not in record:
        remember(record, "level_betti", pr.homology(cx.region("=")).betti)
        agree("Betti numbers of {F = 0}", tuple(record["level_betti"]), case.level_betti)
    name = "coarse" if coarse else "complete"
    remember(record, f"{name}_f_vector", cx.f_vector)
    if coarse:
        found = cx.statistics
        record |= {key: found.get(key) for key in ("bounds", "decided", "big", "big_zero")}
        record["share_of_bounds"] = found["bound_nanoseconds"] / 1e9 / wall  # both wall time
    return seconds, homology_seconds


def remember(record: Record, name: str, value: Any) -> None:
    """Store a value, or compare it with the one that was found before."""
    agree(name, json.loads(json.dumps(value)), json.loads(json.dumps(record.setdefault(name, value))))


def refused(network: pr.Network, domain: Box) -> str:
    """What becomes of the complete complex within the limit on memory."""
    try:
        cx = pr.subdivide(network, 0, domain, max_memory=MEMORY_LIMIT)
    except pr.LimitError as limit:
        reached = limit.reached
        return f"does not fit: {integer(reached['cells'])} cells after {reached['neurons']} walls and neurons"
    return f"fits: {integer(sum(cx.f_vector))} cells"


# ---- tables --------------------------------------------------------------------------------------------------------


def comparison(records: Sequence[Record]) -> str:
    """Cells and times, coarse against complete."""
    head = ["network", "regions", "meet F = 0", "coarse: top cells", "÷ meet", "cells", "÷ complete", "bounds",
            "in bounds", "coarse", "complete", "time ÷", "goal", "peak"]  # fmt: skip
    return table(head, [row(r) for r in records])


def row(r: Record) -> list[str]:
    """One network."""
    coarse, complete = r["coarse_f_vector"], r.get("complete_f_vector")
    meet = r["level_cells"][-2] or 1
    both = r["coarse_seconds"] + r["coarse_homology_seconds"]
    return [
        r["name"],
        MISSING if complete is None else integer(complete[-1]),
        integer(r["level_cells"][-2]),
        integer(coarse[-1]),
        f"{coarse[-1] / meet:.1f}",
        integer(sum(coarse)),
        MISSING if complete is None else f"{sum(coarse) / sum(complete):.3f}",
        integer(r["bounds"]),
        f"{r['share_of_bounds']:.0%}",
        milliseconds(both),
        MISSING if complete is None else milliseconds(r["complete_seconds"] + r["complete_homology_seconds"]),
        MISSING if complete is None else f"{r['ratio']:.2f}",
        MISSING if r["goal"] is None else f"{r['goal']:.2f}",
        f"{r['peak_bytes'] / GIB:.2f} GiB" if r["peak_bytes"] > GIB / 10 else f"{r['peak_bytes'] / 2**20:.0f} MiB",
    ]


def exponents(records: Sequence[Record]) -> str:
    """Growth with the width n of d-n-n-1: slopes in logarithms, of means over seeds, from the second width on."""
    rows = []
    for d in WIDTHS:
        family = [r for r in records if r["architecture"][0] == d]
        cells = [str(d), ", ".join(map(str, sorted({r["architecture"][1] for r in family})))]
        for name in ("coarse", "complete"):
            members = [r for r in family if f"{name}_f_vector" in r]
            cells.append(slope(members, lambda r, name=name: r[f"{name}_f_vector"][-1]))
            cells.append(slope(members, lambda r, name=name: r[f"{name}_seconds"] + r[f"{name}_homology_seconds"]))
        rows.append([*cells, slope(family, lambda r: r["level_cells"][-2])])
    head = ["d", "widths", "coarse: top cells", "time", "complete: regions", "time", "meet F = 0"]
    return table(head, rows)


def slope(records: Sequence[Record], what: Callable[[Record], float]) -> str:
    """The exponent of a number, in the mean over all networks of a width, as a power of the width."""
    widths = sorted({r["architecture"][1] for r in records})[1:]
    if len(widths) < 2:
        return MISSING
    u = [log(n) for n in widths]
    v = [log(statistics.mean(what(r) for r in records if r["architecture"][1] == n)) for n in widths]
    mean_u, mean_v = statistics.mean(u), statistics.mean(v)
    found = sum((a - mean_u) * (b - mean_v) for a, b in zip(u, v, strict=True)) / sum((a - mean_u) ** 2 for a in u)
    return f"{found:.2f}"


def report(records: Sequence[Record]) -> str:
    """All tables, with the load while they were measured."""
    parts = []
    for group in GROUPS:
        members = [r for r in records if r["group"] == group and r["status"] == "ok"]
        if not members:
            continue
        parts += [f"**{group}**", exponents(members) if group == "growth" else comparison(members)]
        parts += [f"{r['name']}: the complete complex {r['complete']}" for r in members if "complete" in r]
    loads = [load for r in records for load in r["load"]]
    parts.append(f"Load: {min(loads):.1f} to {max(loads):.1f}.")
    parts += [f"{r['name']}: {r['status']}" for r in records if r["status"] != "ok"]
    return "\n\n".join(parts)


# ---- the command ---------------------------------------------------------------------------------------------------


def in_a_process(case: Case, options: argparse.Namespace) -> Record:
    """The record of one case, measured in a process of its own."""
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / "record.json"
        module = [sys.executable, "-m", "benchmarks.coarse"]
        command = [*module, *sys.argv[1:], "--one", case.name, "--output", str(output)]
        load = [os.getloadavg()[0]]
        start = time.perf_counter()
        try:
            done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True,
                                  timeout=options.timeout, check=False)  # fmt: skip
            record: Record = json.loads(output.read_text()) if done.returncode == 0 else {}
            status = "ok" if record else (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        except subprocess.TimeoutExpired:
            record, status = {}, f"stopped after {options.timeout:.0f} s"
    load.append(os.getloadavg()[0])
    wall = time.perf_counter() - start
    head = {"name": case.name, "group": case.group, "goal": case.goal, "status": status, "load": load, "wall": wall}
    return head | record


def main() -> int:
    """Measure what the command line asks for; 1 if an answer was wrong or a measurement failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coarse", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="small networks only")
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=GROUPS, metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument("--case", nargs="+", default=[""], metavar="TEXT", help="only cases whose names contain a text")
    parser.add_argument("--bunny", metavar="PATH", help="the model of a bunny, models/3,8x32,relu,bunny")
    parser.add_argument("--complete-bunny", action="store_true", help="its complete complex too: some 8 GB, minutes")
    parser.add_argument("--quotient", metavar="PATH", help="the model models/D-II_model_0.pth")
    parser.add_argument("--budget", type=float, default=10, help="seconds of repetitions for a network (default 10)")
    parser.add_argument("--timeout", type=float, default=1200, help="seconds after which a measurement is stopped")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "coarse.json")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    chosen = cases(options)
    if options.one:
        case = next(case for case in chosen if case.name == options.one)
        options.output.write_text(json.dumps(measured(case, options.budget)))
        return 0
    records = []
    for case in chosen:
        wanted = case.group in options.only and (case.quick or case.group == "public" or not options.quick)
        if not wanted or not any(text in case.name for text in options.case):
            continue
        records.append(in_a_process(case, options))
        print(f"{case.group:10} {case.name:50} {records[-1]['wall']:7.1f} s  {records[-1]['status']}", flush=True)
        options.output.write_text(json.dumps(records, indent=1) + "\n")
    print()
    print(report(records))
    return 0 if all(r["status"] == "ok" for r in records) else 1


if __name__ == "__main__":
    sys.exit(main())
