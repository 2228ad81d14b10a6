"""Distances from decision boundaries: python -m benchmarks.distance [--quick].

From the root of the repository, with the core built in place. CPU times of one thread: of the complex, which is made
once, and of each of many points; and of points that are searched without a complex, and of neighbourhoods of a point.
"""

from __future__ import annotations

import argparse
from fractions import Fraction

import numpy as np

import polyrelu as pr
from benchmarks.cases import ROOT
from benchmarks.measure import cpu
from benchmarks.report import integer, table
from support.known_answers import random_float32

NETWORKS = ["2-32-32-1", "3-32-32-1", "3-64-64-1", "4-16-16-1"]
NORMS = ("inf", 1, 2)


def main() -> None:
    """Print three tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer networks and points")
    quick = parser.parse_args().quick
    rows = []
    for name in NETWORKS[:2] if quick else NETWORKS:
        widths = tuple(map(int, name.split("-")))
        net = random_float32(widths, 0)
        points = np.random.default_rng(1).normal(size=(10 if quick else 20, widths[0]))
        cx, alone = cpu(lambda net=net: pr.subdivide(net, 0, coarse=True))
        row = [name, integer(cx.region("=").f_vector[-2]), f"{alone:.2f}"]
        for norm in NORMS:
            _, once = cpu(lambda net=net, points=points, norm=norm: pr.distance_to_boundary(net, points[:0], norm=norm))
            _, seconds = cpu(lambda net=net, points=points, norm=norm: pr.distance_to_boundary(net, points, norm=norm))
            row.append(f"{max(0.0, seconds - once) / len(points) * 1000:.0f}")
        rows.append(row)
    head = ["network", "cells of {F = 0}", "complex, s", *(f"a point in L{n}, ms" for n in NORMS)]
    print(table(head, rows), flush=True)
    net = pr.load(ROOT / "examples" / "digits.npz")
    rng = np.random.default_rng(2)
    images = [[Fraction(int(c), 16) for c in rng.integers(0, 17, 64)] for _ in range(1 if quick else 2)]
    rows = []
    for norm in NORMS:
        found, seconds = cpu(lambda norm=norm: pr.distance_to_boundary(net, images, norm=norm, search=True))
        rows.append([f"L{norm}", f"{seconds / len(images):.2f}", ", ".join(f"{float(d):.3f}" for d in found)])
    print()
    print(table(["digits 64-16-16-10, searched", "s a point", "distances"], rows))
    net = random_float32((784, 128, 64, 10), 0)
    image = [Fraction(int(v), 16) for v in np.random.default_rng(0).integers(0, 17, 784)]
    nothing, seconds = cpu(lambda: pr.unchanged_radius(net, image, "pattern"))
    rows = [["1", "0", "1", f"{seconds:.2f}"]]
    for factor in (2, 4) if quick else (2, 4, 6):
        found, seconds = cpu(lambda factor=factor: pr.neighbourhood(net, image, nothing * factor))
        rows.append([str(factor), integer(len(found.crossing)), integer(sum(found.cells)), f"{seconds:.2f}"])
    print()
    head = ["784-128-64-10: radius / largest without a change", "neurons that change sign", "cells", "s"]
    print(table(head, rows))


if __name__ == "__main__":
    main()
