"""A large complex on a cluster, simulated event by event from measured times: `python -m benchmarks.cluster_model`.

What is measured on this machine (`--measure` writes it to cluster_model.json): the CPU seconds, cells, neighbours and
result sizes of the parts of one complex; what the client does for each result (unpickle, check, write to the work
directory); what client and scheduler of Dask do for a task that does nothing; and what merging takes for a growing
number of parts. What is assumed: cores as fast as this one, a link to the client of 1 Gbit/s and 0.2 ms, no worker that
is lost.

The client keeps two tasks for each core under way, as `polyrelu.analysis.parts` does. Client and scheduler are one
server, which serves messages in turn, since their times were measured together. Parts that turn out too large are given
up at the limit and cut in two, and the parts around them that are done are made again.
"""

from __future__ import annotations

import argparse
import json
import pickle
import tempfile
import time
from collections import deque
from fractions import Fraction
from heapq import heappop, heappush
from math import log2
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import polyrelu as pr
from polyrelu.analysis import parts as parts_module
from polyrelu.analysis.cluster import tasks_on
from polyrelu.analysis.parts import make_part
from polyrelu.analysis.problems import Problem
from polyrelu.analysis.work_directory import WorkDirectory
from polyrelu.geometry.cut_tree import choose_cuts

INPUTS = Path(__file__).with_suffix(".json")
BANDWIDTH = 1e9 / 8
LATENCY = 2e-4


def measure() -> dict[str, Any]:
    """The inputs of the model, from this machine."""
    net = pr.shells((2, 64, 64, 8, 1), [8])
    problem = Problem(net, Fraction(0), None, (">",))
    tree = choose_cuts(net, None, 36)
    found = []
    for leaf in range(0, tree.n_leaves, 3):
        start = time.process_time()
        part = make_part(problem, tree, leaf)
        found.append((time.process_time() - start, part))
    results = [pickle.dumps(part) for _, part in found]
    with tempfile.TemporaryDirectory() as folder:
        directory = WorkDirectory(folder, problem.description())
        directory.set_tree(tree)
        take, save, wall = [], [], []
        for i, result in enumerate(results):
            times = [(time.process_time(), time.perf_counter())]
            part = pickle.loads(result)
            times.append((time.process_time(), time.perf_counter()))
            directory.save(3 * i, part)
            times.append((time.process_time(), time.perf_counter()))
            take.append(times[1][0] - times[0][0])
            save.append(times[2][0] - times[1][0])
            wall.append(times[2][1] - times[1][1])
    return {
        "seconds": [round(seconds, 4) for seconds, _ in found],
        "cells": [sum(part.cells) for _, part in found],
        "neighbours": [len(part.neighbours) for _, part in found],
        "result_bytes": [len(result) for result in results],
        "take": median(take),
        "save": median(save) + max(min(wall) - min(save), 0),  # with what the disk takes at best
        "task": _task_seconds(2000),
        "merge": {n: _merge_seconds(n) for n in (50, 200, 800, 1600)},
        "choose_100000": _choose_seconds(),
    }


def _task_seconds(n: int) -> float:
    """CPU seconds that client and scheduler, in one process here, take for a task that does nothing."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as local,
        Client(local) as client,
        tasks_on(client) as tasks,
    ):
        tasks.submit(int).result()
        start = time.process_time()
        waiting = deque(tasks.submit(int) for _ in range(50))
        for _ in range(n):
            waiting.popleft().result()
            waiting.append(tasks.submit(int))
        return (time.process_time() - start) / n


def _merge_seconds(n_parts: int) -> float:
    """CPU seconds a part of putting parts together, of a complex with many small ones."""
    net = pr.shells((2, 96, 8, 1), [7])
    problem = Problem(net, Fraction(0), None, (">",))
    tree = choose_cuts(net, None, n_parts)
    parts = [make_part(problem, tree, leaf) for leaf in range(tree.n_leaves)]
    start = time.process_time()
    parts_module._report(problem, tree, parts)
    return (time.process_time() - start) / len(parts)


def _choose_seconds() -> float:
    net = pr.Network([[[Random(i).randint(-99, 99) for i in range(4 * j, 4 * j + 4)] for j in range(40)], [[1] * 40]],
                     [[Random(-j).randint(-99, 99) for j in range(40)], [0]])  # fmt: skip
    start = time.process_time()
    choose_cuts(net, None, 100_000)
    return time.process_time() - start


class Simulation:
    """One run: `cells` in all, in `n_parts` parts to start with, on `cores` cores.

    `kept`: whether there is a work directory. `limit`: the number of cells above which a part is cut further.
    """

    def __init__(
        self, inputs: dict[str, Any], cells: float, n_parts: int, cores: int, seed: int, kept: bool, limit: float
    ) -> None:
        self.inputs, self.cores, self.rng, self.limit = inputs, cores, Random(seed), limit
        self.take = inputs["take"] + inputs["save"] * kept
        mean = sum(inputs["cells"]) / len(inputs["cells"])
        self.speed = [c / s for c, s in zip(inputs["cells"], inputs["seconds"], strict=True)]
        self.size = [cells / n_parts * self.rng.choice(inputs["cells"]) / mean for _ in range(n_parts)]
        # Parts around a part: those before and after it, and those in the rows above and below, of a square.
        row = max(int(n_parts**0.5), 1)
        reach = max(round(sum(inputs["neighbours"]) / len(inputs["neighbours"]) / 2), 1)
        steps = [1, row, row - 1, row + 1, 2, 2 * row][:reach]
        self.around = [{x for s in steps for x in (i - s, i + s) if 0 <= x < n_parts} for i in range(n_parts)]
        self.version = [0] * n_parts
        self.done = [False] * n_parts
        self.n_cuts = self.n_again = 0
        self.busy = self.server_busy = self.bytes = 0.0

    def run(self) -> dict[str, Any]:
        """Times, and how many parts were cut further and made again."""
        waiting = deque(range(len(self.size)))
        queued: deque[tuple[int, tuple[int, ...]]] = deque()  # at the workers, none of which is free
        events: list[tuple[float, int, str, Any]] = []  # time, number, what, of which task
        idle, under_way, number, free_at, now = self.cores, set[int](), 0, 0.0, 0.0
        last_start = 0.0

        def at(when: float, what: str, task: Any) -> None:
            nonlocal number
            number += 1
            heappush(events, (when, number, what, task))

        def serve(ready: float, seconds: float) -> float:
            nonlocal free_at
            free_at = max(free_at, ready) + seconds
            self.server_busy += seconds
            return free_at

        def submit() -> None:
            while waiting and len(under_way) < 2 * self.cores:
                leaf = waiting.pop()
                if self.done[leaf]:
                    continue
                if leaf in under_way:
                    held.append(leaf)
                    continue
                under_way.add(leaf)
                at(serve(now, self.inputs["task"] / 2) + LATENCY, "arrives", (leaf, self._versions(leaf)))

        held: list[int] = []
        submit()
        while events:
            now, _, what, task = heappop(events)
            if what == "arrives":
                queued.append(task)
            elif what == "made":
                idle += 1
                size = self.rng.choice(self.inputs["result_bytes"])
                self.bytes += size
                seconds = self.inputs["task"] / 2 + self.take + size / BANDWIDTH
                at(serve(now + LATENCY, seconds), "taken", task)
            else:
                leaf = task[0]
                under_way.discard(leaf)
                self._take(task, waiting)
                waiting.extendleft(held)
                held.clear()
                submit()
            while idle and queued:
                leaf, versions = queued.popleft()
                idle -= 1
                last_start = now
                seconds = min(self.size[leaf], self.limit) / self.rng.choice(self.speed)
                self.busy += seconds
                at(now + seconds, "made", (leaf, versions))
        merge = self._merge_seconds(len(self.size))
        return {
            "parts": len(self.size),
            "cut further": self.n_cuts,
            "made again": self.n_again,
            "seconds": now,
            "merging": merge,
            "CPU seconds": self.busy,
            "share of the workers' time": self.busy / (now * self.cores),
            "client and scheduler": self.server_busy / now,
            "last start": last_start,
            "gigabytes received": self.bytes / 1e9,
        }

    def _versions(self, leaf: int) -> tuple[int, ...]:
        return (self.version[leaf], *(self.version[x] for x in sorted(self.around[leaf])))

    def _take(self, task: tuple[int, tuple[int, ...]], waiting: deque[int]) -> None:
        """What the client does with a result, and what is to be made then."""
        leaf, versions = task
        if self.size[leaf] > self.limit and versions[0] == self.version[leaf]:
            self._cut(leaf, waiting)
        elif versions != self._versions(leaf):  # it, or a part around it, was cut meanwhile
            self.n_again += 1
            waiting.appendleft(leaf)
        else:
            self.done[leaf] = True

    def _cut(self, leaf: int, waiting: deque[int]) -> None:
        self.n_cuts += 1
        again = [x for x in self.around[leaf] if self.done[x]]
        for x in again:
            self.done[x] = False
        self.n_again += len(again)
        new, share = len(self.size), self.rng.uniform(0.35, 0.65)
        self.size.append(self.size[leaf] * (1 - share))
        self.size[leaf] *= share
        # Each part around touches one of the two, and some touch both.
        sides = {x: self.rng.choice(((leaf,), (new,), (leaf, new))) for x in sorted(self.around[leaf])}
        self.around.append({leaf})
        self.around[leaf] = {new}
        for x, touched in sides.items():
            self.around[x].discard(leaf)
            for y in touched:
                self.around[x].add(y)
                self.around[y].add(x)
        self.version[leaf] += 1
        self.version.append(0)
        self.done.append(False)
        waiting.extendleft(again)
        waiting.extend((leaf, new))

    def _merge_seconds(self, n: int) -> float:
        """For n parts, by the growth for each doubling from the two largest measured."""
        sizes = sorted(map(int, self.inputs["merge"]))
        a, b = sizes[-2:]
        low, high = (self.inputs["merge"][str(x)] for x in (a, b))
        return n * (high + max(high - low, 0) / log2(b / a) * max(log2(n / b), 0))


def main() -> None:
    """Print the simulated runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", action="store_true", help="measure on this machine, a minute or two")
    parser.add_argument("--cells", type=float, default=1e12)
    parser.add_argument("--cores", type=int, default=1000)
    parser.add_argument("--parts", type=int, default=parts_module.MAX_PARTS)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.measure:
        INPUTS.write_text(json.dumps(measure(), indent=1) + "\n")
    inputs = json.loads(INPUTS.read_text())
    mean = options.cells / options.parts
    for what, limit in (("as --parts auto", 4 * mean), ("a limit of 0.8 of the mean", 0.8 * mean)):
        for kept in (False, True):
            run = Simulation(inputs, options.cells, options.parts, options.cores, options.seed, kept, limit).run()
            found = {key: round(x, 3) if isinstance(x, float) else x for key, x in run.items()}
            print(what + ", with a work directory" * kept, json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
