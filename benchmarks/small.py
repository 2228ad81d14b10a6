"""Small calls: python -m benchmarks.small [--quick].

From the root of the repository, with the core built in place. CPU times in microseconds, the least of many repetitions:
of `betti_numbers` and its steps for small networks, of the first call for a network and of the next ones for the same;
and of exact values at points, one by one and as a batch. Then the seconds of `betti_numbers_of` by the clock.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np

import polyrelu as pr
from benchmarks.report import table
from support.known_answers import random_float32

ARCHITECTURES = [(2, 4, 1), (2, 8, 1), (3, 6, 1), (2, 8, 8, 1)]
EVALUATED = [(2, 4, 1), (8, 64, 64, 1), (20, 300, 300, 10)]


def least(call: Callable[[], object], repetitions: int, calls: int = 50) -> float:
    """The least CPU time of a call, in microseconds."""
    best = float("inf")
    for _ in range(repetitions):
        begun = time.process_time()
        for _ in range(calls):
            call()
        best = min(best, time.process_time() - begun)
    return best / calls * 1e6


def small_network(widths: tuple[int, ...]) -> pr.Network:
    """A network of integers from -9 to 9."""
    rng = random.Random(0)

    def vector(n: int) -> list[int]:
        return [rng.randint(-9, 9) for _ in range(n)]

    layers = list(pairwise(widths))
    return pr.Network([[vector(m) for _ in range(n)] for m, n in layers], [vector(n) for _, n in layers])


def main() -> None:
    """Print three tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions and networks")
    quick = parser.parse_args().quick
    repetitions = 10 if quick else 60

    rows = []
    for widths in ARCHITECTURES:
        net, other = small_network(widths), small_network(widths).shifted(1)
        region = pr.subdivide(net, 0, coarse=True).region(">")
        times = [
            least(lambda net=net, other=other: (pr.betti_numbers(net), pr.betti_numbers(other)), repetitions) / 2,
            least(lambda net=net: pr.betti_numbers(net), repetitions),
            least(lambda net=net: pr.subdivide(net, 0, coarse=True), repetitions),
            least(lambda region=region: pr.homology(region), repetitions),
        ]
        rows.append(["-".join(map(str, widths)), *(f"{x:.0f}" for x in times)])
    print(table(["network", "another network, µs", "the same again, µs", "subdivide, µs", "homology, µs"], rows))

    rows = []
    for widths in EVALUATED:
        net = random_float32(widths, 0)
        points = np.random.default_rng(1).normal(size=(20 if quick else 100, widths[0]))
        single = least(lambda net=net, points=points: [net(x) for x in points], 3, 1) / len(points)
        batch = least(lambda net=net, points=points: net(points), 3, 1) / len(points)
        rows.append(["-".join(map(str, widths)), f"{single:.0f}", f"{batch:.0f}", f"{single / batch:.1f}"])
    print(table(["network", "a point alone, µs", "in a batch, µs", "ratio"], rows))

    nets = [random_float32((2, 16, 16, 1), seed) for seed in range(100 if quick else 1000)]
    rows = []
    for processes in (1, 2):
        begun = time.perf_counter()
        pr.betti_numbers_of(nets, processes=processes)
        rows.append([str(len(nets)), str(processes), f"{time.perf_counter() - begun:.2f}"])
    print(table(["networks 2-16-16-1", "processes", "s"], rows))


if __name__ == "__main__":
    main()
