"""Run the suite: python -m benchmarks [--quick | --large] [--callgrind] [--only SECTION …] [--case TEXT …] [--merge].

From the root of the repository, with the core built in place. Every measurement runs in a process of its own and checks
its known answer. Results go to a JSON file after each measurement, and as tables to standard output at the end.
"""

from __future__ import annotations

import argparse
import inspect
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polyrelu
from benchmarks.cases import CALLGRIND, CASES, GROWTH, LEVELS, ROOT, chosen
from benchmarks.cell_complexes import COMPLEXES
from benchmarks.classifiers import CLASSIFIERS
from benchmarks.neighbourhoods import DIGITS
from benchmarks.peers import PEER_CASES, PEERS, installed_version
from benchmarks.report import markdown, merged

Record = dict[str, Any]
SECTIONS = (
    "import", "subdivision", "growth", "reference", "complexes", "classes", "neighbourhoods", "peers", "threads",
)  # fmt: skip
ENVIRONMENT = {**os.environ, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
KERNELS = {"subdivide": "*__pyx_pw_*_core_*subdivide*", "reduce": "*__pyx_pw_*_core_*reduce_chain_complex*"}
"""What callgrind counts, with everything called from there: the entry points of the core."""


def main() -> int:
    """Run what the command line asks for; 1 if a known answer was missed or a measurement failed."""
    options = _arguments()
    level = "large" if options.large else "quick" if options.quick else "full"
    results: Record = {"machine": _machine(), "level": level, "results": []}
    before: Record = json.loads(options.output.read_text()) if options.merge else {}
    settings = {"repeats": 5 if options.quick else 15, "budget": options.budget or (1 if options.quick else 20)}
    for section, name in _jobs(level, options):
        start = time.perf_counter()
        if section == "import":
            record = _import_time()
        elif section == "instructions":
            record = _callgrind(name, options.timeout)
        else:
            record = _run([], section, name, settings, options.timeout)
        record = {"section": section, "case": name, **record}
        results["results"].append(record)
        written = merged(before, results) if options.merge else results
        options.output.write_text(json.dumps(written, indent=1) + "\n")
        print(f"{section:12} {name:45} {time.perf_counter() - start:7.1f} s  {record['status']}", flush=True)
    print()
    print(markdown(results))
    failed = [r for r in results["results"] if r["status"] != "ok"]
    return 1 if any(r["section"] != "peers" for r in failed) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").split("\n\n")[0])
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="small cases only: under two minutes")
    size.add_argument("--large", action="store_true", help="also cases of tens of millions of cells")
    parser.add_argument("--callgrind", action="store_true", help="also count instructions with valgrind")
    parser.add_argument("--only", nargs="+", choices=[*SECTIONS, "instructions"], default=None, metavar="SECTION",
                        help=f"some of {', '.join(SECTIONS)}, instructions")
    parser.add_argument("--case", nargs="+", default=[""], metavar="TEXT", help="only cases whose names contain a text")
    parser.add_argument("--budget", type=float, help="seconds of repetitions a case (default 20; 1 with --quick)")
    parser.add_argument("--timeout", type=float, default=600, help="seconds after which a measurement is stopped")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results.json")
    parser.add_argument("--merge", action="store_true",
                        help="keep the sections of the output file that are not measured")
    options = parser.parse_args()
    if options.merge and options.case != [""]:
        parser.error("--merge replaces whole sections, and --case measures parts of them")
    if options.merge and not options.output.exists():
        parser.error(f"--merge: there is no file {options.output}")
    return options


def _jobs(level: str, options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    names: dict[str, list[str]] = {
        "import": ["polyrelu"],
        "subdivision": [case.name for case in chosen(CASES, level)],
        "growth": [case.name for case in chosen(GROWTH, level)],
        "reference": [case.name for case in chosen(CASES, level) if case.reference],
        "complexes": [c.name for c in COMPLEXES if LEVELS.index(c.level) <= LEVELS.index(level)],
        "classes": [c.name for c in CLASSIFIERS if LEVELS.index(c.level) <= LEVELS.index(level)],
        "neighbourhoods": [c.name for c in DIGITS if LEVELS.index(c.level) <= LEVELS.index(level)],
        "peers": [
            f"{peer.name} | {name}"
            for peer in PEERS
            for at in LEVELS[: LEVELS.index(level) + 1]
            for name in PEER_CASES[peer.name][at]
        ],
        "threads": [],
        "instructions": [case.name for case in CALLGRIND],
    }
    if level != "quick" and "threads" in inspect.signature(polyrelu.subdivide).parameters:
        names["threads"] = ["random 3-64-64-1", "shells 2-32-32-8-1 c=8"]
    for section in options.only or SECTIONS + (("instructions",) if options.callgrind else ()):
        for name in names[section]:
            if any(text in name for text in options.case):
                yield section, name


def _run(prefix: list[str], section: str, name: str, settings: Record, timeout: float) -> Record:
    """The record of a worker, with its status."""
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / "record.json"
        command = [*prefix, sys.executable, "-m", "benchmarks.worker", section, name, json.dumps(settings), str(output)]
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired:
            return {"status": f"stopped after {timeout:.0f} s"}
        if done.returncode == 0:
            record: Record = json.loads(output.read_text())
            return {**record, "status": "ok"}
    if done.returncode < 0:
        return {"status": f"killed by signal {-done.returncode}"}
    return {"status": (done.stderr.strip().splitlines() or ["failed without a message"])[-1]}


def _callgrind(name: str, timeout: float) -> Record:
    """Instructions executed in the entry points of the core; they repeat exactly."""
    record: Record = {"status": "ok"}
    for kernel, function in KERNELS.items():
        with tempfile.TemporaryDirectory() as directory:
            out = Path(directory) / "callgrind.out"
            prefix = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", f"--toggle-collect={function}"]
            try:
                record |= _run(prefix, "instructions", name, {}, timeout)
            except FileNotFoundError:
                return {"status": "valgrind is not installed"}
            if record["status"] != "ok":
                return record
            found = re.search(r"^(?:summary|totals): (\d+)", out.read_text(), flags=re.MULTILINE)
            record[kernel] = int(found[1]) if found else 0
    return record


def _import_time() -> Record:
    """Wall seconds of importing `betti_numbers` in fresh interpreters, NumPy and the other dependencies included."""
    code = "import time; t = time.perf_counter(); from polyrelu import betti_numbers; print(time.perf_counter() - t)"
    seconds = []
    for _ in range(9):
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        seconds.append(float(done.stdout))
    return {"seconds": statistics.median(seconds), "all_seconds": seconds, "status": "ok"}


def _machine() -> Record:
    cpu_lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in cpu_lines if line.startswith("model name")), "unknown")
    revision = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(revision, cwd=ROOT, capture_output=True, text=True, check=False)
    names = ("numpy", "torch", "scikit-learn", "gudhi", *(peer.distribution for peer in PEERS))
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "load_at_start": os.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
        "polyrelu": polyrelu.__version__,
        "commit": commit.stdout.strip() or None,
        "date": time.strftime("%Y-%m-%d"),
        "versions": {name: installed_version(name) for name in names},
    }


if __name__ == "__main__":
    sys.exit(main())
