"""Complexes in parts against whole ones: time, memory, threads, a cluster. `python -m benchmarks.parts --help`.

Ratios are of CPU time where one thread works, of wall time where several do, in turn within one run. Each answer is
checked: parts against the whole, where the whole fits; else against the formula of the construction.
"""

from __future__ import annotations

import argparse
import json
import pickle
import resource
import subprocess
import sys
import time
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import Any

import polyrelu as pr
from benchmarks.cases import random_float32
from polyrelu.analysis.parts import PART_CELLS, in_parts, make_part
from polyrelu.analysis.problems import Problem
from polyrelu.geometry.cut_tree import choose_cuts

QUICK = [("shells", (2, 16, 16, 8, 1), [5]), ("random", (3, 16, 16, 1), None)]
FULL = [
    ("shells", (2, 32, 32, 8, 1), [8]),
    ("shells", (3, 12, 12, 8, 1), [3, 3]),
    ("random", (3, 32, 32, 1), None),
    ("random", (3, 64, 64, 1), None),
    ("random", (3, 96, 96, 1), None),
    ("random", (4, 16, 16, 1), None),
    ("random", (4, 24, 24, 1), None),
]
LARGE = [("shells", (2, 64, 64, 8, 1), [8]), ("shells", (2, 112, 112, 12, 1), [12])]


def network(kind: str, architecture: tuple[int, ...], cuts: list[int] | None) -> pr.Network:
    """The network of a case."""
    return pr.shells(architecture, cuts) if kind == "shells" else random_float32(architecture)


def whole_against_parts(case: Any, budget: float) -> dict[str, Any]:
    """CPU seconds of the whole and of parts, in turn, on one thread."""
    net = network(*case)
    problem = Problem(net, Fraction(0), None, (">",))
    times: dict[str, list[float]] = {"whole": [], "parts": []}
    begun = time.monotonic()
    while not times["parts"] or time.monotonic() - begun < budget:
        start = time.process_time()
        cx = pr.subdivide(net, 0)
        answer = pr.homology(cx.region(">"))
        times["whole"].append(time.process_time() - start)
        cells, f_vector = sum(cx.f_vector), cx.f_vector
        del cx
        start = time.process_time()
        found = in_parts(problem, max(2, -(-cells // PART_CELLS)))
        times["parts"].append(time.process_time() - start)
        assert found.homology[">"] == answer and found.f_vector == f_vector, case
    best = {name: min(values) for name, values in times.items()}
    return {"cells": cells, "parts": found.n_parts, **best, "ratio": best["parts"] / best["whole"]}


def threads(case: Any, budget: float) -> dict[str, Any]:
    """Wall seconds of parts with one and with two threads, in turn."""
    problem = Problem(network(*case), Fraction(0), None, (">",))
    times: dict[int, list[float]] = {1: [], 2: []}
    begun = time.monotonic()
    while not times[2] or time.monotonic() - begun < budget:
        for n in times:
            start = time.monotonic()
            found = in_parts(problem, 16, threads=n)
            times[n].append(time.monotonic() - start)
    one, two = min(times[1]), min(times[2])
    return {"cells": sum(found.f_vector), "one": one, "two": two, "ratio": one / two}


def cluster(case: Any, n_workers: int, n_parts: int) -> dict[str, Any]:
    """What scheduling and transfers take, with workers on this machine, and the sizes of messages.

    Between two tasks of a worker there is nothing but the scheduler's, the client's and the network's time, since tasks
    are submitted ahead. `overhead` is the share of these gaps in the time from the first task of a worker to its last.
    """
    from distributed import Client, LocalCluster, get_task_stream, wait

    problem = Problem(network(*case), Fraction(0), None, (">",))
    with (
        LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=None) as local,
        Client(local) as client,
    ):
        wait(client.map(lambda x: x, range(n_workers)))
        client.run(__import__, "polyrelu.analysis.parts")
        begun = time.time()
        with get_task_stream(client) as stream:
            found = in_parts(problem, n_parts, client=client)
        seconds = time.time() - begun
        records = [r for r in stream.data if "_attempt" in r["key"]]
    working: dict[str, list[tuple[float, float]]] = {}
    for record in records:
        for action in record["startstops"]:
            if action["action"] == "compute":
                working.setdefault(record["worker"], []).append((action["start"], action["stop"]))
    busy = gaps = 0.0
    for times in working.values():
        times.sort()
        busy += sum(stop - start for start, stop in times)
        gaps += sum(start - stop for (_, stop), (start, _) in pairwise(times))
    computed = [stop - start for times in working.values() for start, stop in times]
    return {
        "workers": n_workers,
        "parts": found.n_parts,
        "cells": sum(found.f_vector),
        "betti": found.homology[">"].betti,
        "seconds": seconds,
        "median part": median(computed),
        "overhead": gaps / (busy + gaps),
        "gap": gaps / max(len(computed) - len(working), 1),
        "before and after": seconds
        - (max(times[-1][1] for times in working.values()) - min(times[0][0] for times in working.values())),
        "problem bytes": len(pickle.dumps(problem)),
        "result bytes": len(pickle.dumps(make_part(problem, choose_cuts(problem.dividing, None, n_parts), 0))),
    }


def large(case: Any) -> dict[str, Any]:
    """Wall seconds and peak memory of the largest, in a process of its own, on two threads."""
    program = (
        "import json, resource, sys, time; import polyrelu as pr; from fractions import Fraction\n"
        "from polyrelu.analysis.parts import PART_CELLS, in_parts; from polyrelu.analysis.problems import Problem\n"
        "architecture, cuts = json.loads(sys.argv[1])\n"
        "net = pr.shells(architecture, cuts); start = time.monotonic()\n"
        "found = in_parts(Problem(net, Fraction(0), None, ('>',)), int(sys.argv[2]), threads=2)\n"
        "print(json.dumps([found.f_vector, found.homology['>'].betti, time.monotonic() - start,\n"
        "    resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, found.n_parts]))\n"
    )
    _, architecture, cuts = case
    expected = pr.predicted_betti(architecture, cuts)[">"]
    n_parts = max(8, expected[0] * 66 // 2_000_000)  # about 66 faces a shell
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps([architecture, cuts]), str(n_parts)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    f_vector, betti, seconds, peak, parts = json.loads(done.stdout)
    assert tuple(betti) == expected, (betti, expected)
    d = architecture[0]
    assert sum((-1) ** k * n for k, n in enumerate(f_vector)) == (-1) ** d
    return {"cells": sum(f_vector), "betti": betti, "parts": parts, "seconds": seconds, "peak": peak}


def main() -> None:
    """Print a table for each section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--large", action="store_true", help="hundreds of millions of cells: some minutes")
    parser.add_argument("--budget", type=float, default=10, help="seconds of repetitions a case")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2], help="of a Dask cluster on this machine")
    parser.add_argument("--only-cluster", action="store_true")
    options = parser.parse_args()
    cases = QUICK if options.quick else FULL
    for case in cases if not options.only_cluster else ():
        print("whole, parts", case, json.dumps(whole_against_parts(case, options.budget)), flush=True)
    for case in cases[:1] + cases[-1:] if not options.only_cluster else ():
        print("threads", case, json.dumps(threads(case, options.budget)), flush=True)
    for n in options.workers:
        case, parts = (QUICK[0], 8) if options.quick else (LARGE[0], 24)  # of a second or more
        print("cluster", case, json.dumps(cluster(case, n, parts)), flush=True)
    for case in LARGE if options.large else ():
        print("large", case, json.dumps(large(case)), flush=True)
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "MiB")


if __name__ == "__main__":
    main()
