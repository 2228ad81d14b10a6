"""Certificates: python -m benchmarks.certificates [--quick].

From the root of the repository, with the core built in place. CPU times of one thread: of the computation, of
`certify`, which computes and writes, and of the independent checker, in a process of its own, the plain one and the one
with NumPy; the size of the file.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import polyrelu as pr
from benchmarks.measure import cpu
from benchmarks.report import integer, table
from polyrelu.export.checking import program
from support.known_answers import random_float32

SHELLS = {
    "shells 2-8-6-1": ((2, 8, 6, 1), [2]),
    "shells 4-8-10-1": ((4, 8, 10, 1), [2, 2, 2]),
    "shells 3-12-12-6-1": ((3, 12, 12, 6, 1), [3, 3]),
    "shells 3-16-16-8-1": ((3, 16, 16, 8, 1), [4, 4]),
}
ONE_THREAD = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
RANDOM = ["2-32-32-32-1", "3-16-16-1", "3-32-32-1"]


PLAIN = ["-I", "-S", str(program())]
FAST = ["-m", "polyrelu_check.fast"]


def checking_time(checker: list[str], path: Path) -> float:
    """The CPU time of the checker's process, with its start; it must accept the file."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    folder = program().parent.parent
    subprocess.run([sys.executable, *checker, path], check=True, stdout=subprocess.DEVNULL, cwd=folder, env=ONE_THREAD)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer networks")
    quick = parser.parse_args().quick
    networks = {name: pr.shells(*arguments) for name, arguments in SHELLS.items()}
    networks |= {f"random {name}": random_float32(tuple(map(int, name.split("-"))), 0) for name in RANDOM}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.cert"
        for name, net in list(networks.items())[: 2 if quick else None]:
            for coarse in (False, True):
                if name == "random 3-32-32-1" and not coarse:
                    continue
                _, alone = cpu(lambda net=net, coarse=coarse: pr.analyse_region(net, coarse=coarse))
                _, written = cpu(lambda net=net, coarse=coarse: pr.certify(net, path=path, coarse=coarse))
                plain, fast = checking_time(PLAIN, path), checking_time(FAST, path)
                cells = int(pr.check_certificate(path).lines[-2].split()[1])
                kind = "coarse" if coarse else "complete"
                size = path.stat().st_size / cells
                times = [f"{seconds:.2f}" for seconds in (alone, written, plain, fast)]
                each = [f"{seconds / cells * 1e6:.1f}" for seconds in (plain, fast)]
                rows.append([name, kind, integer(cells), *times, *each, f"{size:.1f}"])
    head = ["network", "complex", "cells", "computed, s", "and written, s", "checked, s", "with NumPy, s"]
    head += ["a cell, µs", "with NumPy, µs", "bytes a cell"]
    print(table(head, rows))


if __name__ == "__main__":
    main()
