"""Normal forms of large matrices heed Ctrl-C and limits; memory that does not suffice is always a LimitError."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from polyrelu.analysis.deadline import time_limit
from polyrelu.errors import InputError, LimitError
from polyrelu.exact import bounded
from polyrelu.exact.time_limit import OutOfTimeError, time_left
from polyrelu.export import regions_table, write_cells, write_mesh, write_polymake
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.cycles import CycleFinder
from polyrelu.topology.homology import homology
from polyrelu.topology.smith import invariant_factors

MESHIO = pytest.mark.skipif(find_spec("meshio") is None, reason="meshio is not installed")
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc and limits of address space")


def test_a_process_ends_when_the_time_is_over():
    began = time.monotonic()
    with pytest.raises(OutOfTimeError), time_limit(0.4), time_limit(60):
        bounded.call(time.sleep, 60)
    assert time.monotonic() - began < 10 and time_left() == float("inf")


def _diagonal(factors: list[int], seed: int) -> np.ndarray:
    """A dense matrix with these invariant factors: the diagonal one under unimodular shears."""
    rng = np.random.default_rng(seed)
    n = len(factors)
    matrix = np.diag(np.array(factors, dtype=object))
    for _ in range(2):
        lower = np.tril(rng.integers(-1, 2, (n, n)), -1) + np.eye(n, dtype=int)
        matrix = lower.astype(object) @ matrix @ lower.T.astype(object)
    return matrix


def test_both_ways_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    factors = [1] * 10 + [2] * 20 + [12] * 20 + [720720] * 6
    matrix = 6 * _diagonal(factors, 1)
    here = invariant_factors(matrix)
    assert here == tuple(6 * factor for factor in factors)
    calls = []
    monkeypatch.setattr(bounded, "WORK", 0)
    call = bounded.call
    monkeypatch.setattr(bounded, "call", lambda f, *a, **k: (calls.append(f), call(f, *a, **k))[1])
    assert invariant_factors(matrix) == here
    assert calls


def test_cycles_in_a_process_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    complex_ = ChainComplex([np.array([[0, 0, 0]]), _diagonal([2, 6, 0], 3)])
    here = homology(complex_)
    assert here.torsion == ((), (2, 6), ())
    monkeypatch.setattr(bounded, "WORK", 0)
    assert homology(complex_).cycles(1) == here.cycles(1)


@pytest.mark.parametrize(("n", "what"), [(800, "invariant_factors(m)"), (300, "homology(ChainComplex([m])).cycles(0)")])
def test_ctrl_c_is_heeded_within_a_second(n: int, what: str) -> None:
    """Dense random matrices without units, that keep FLINT busy for much longer than the second waited here."""
    program = f"""
        import numpy as np, sys
        from polyrelu.topology.chain import ChainComplex
        from polyrelu.topology.homology import homology
        from polyrelu.topology.smith import invariant_factors
        m = 2 + np.random.default_rng(0).integers(0, 10**9, ({n}, {n}))
        print("ready", flush=True)
        try:
            {what}
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        """
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(timeout=1)
        started = time.monotonic()
        os.kill(child.pid, signal.SIGINT)
        assert child.stdout.readline() == "interrupted\n"
        assert time.monotonic() - started < 1
    finally:
        child.kill()
        child.wait()


@LINUX
def test_a_limit_of_memory_holds() -> None:
    matrix = 2 + np.random.default_rng(0).integers(0, 10**9, (150, 150))
    with pytest.raises(LimitError, match="more than 1000000 bytes"):
        invariant_factors(matrix, max_memory=10**6)
    with pytest.raises(LimitError, match="more than 1000000 bytes"):
        homology(ChainComplex([matrix]), max_memory=10**6)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "1", True])
def test_wrong_limits_are_refused(wrong: object) -> None:
    with pytest.raises(InputError, match="max_memory: expected a positive integer or None"):
        invariant_factors([[2]], max_memory=wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="max_memory: expected a positive integer or None"):
        homology(ChainComplex([[[2]]]), max_memory=wrong)  # type: ignore[arg-type]


@LINUX
def test_the_process_ends_with_the_caller() -> None:
    program = """
        import numpy as np
        from polyrelu.topology.smith import invariant_factors
        print("ready", flush=True)
        invariant_factors(2 + np.random.default_rng(0).integers(0, 10**9, (300, 300)))
        """
    caller = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE)
    assert caller.stdout is not None and caller.stdout.readline() == b"ready\n"
    children = f"/proc/{caller.pid}/task/{caller.pid}/children"
    found: list[str] = []
    for _ in range(200):
        with open(children, encoding="ascii") as file:
            found = file.read().split()
        if found:
            break
        time.sleep(0.05)
    assert len(found) == 1
    time.sleep(1)  # until it works
    caller.kill()
    caller.wait()
    for _ in range(100):
        if not os.path.exists(f"/proc/{found[0]}"):
            return
        time.sleep(0.05)
    pytest.fail("the process goes on")


@LINUX
@pytest.mark.parametrize(
    "work",
    [
        "homology(region)",
        "chain_complex(region).dual()",
        "pr.save_complex(cx, path)",
        pytest.param("pr.write_mesh(cx, path + '.vtk')", marks=MESHIO),
        pytest.param("invariant_factors(matrix)", marks=pytest.mark.slow),
    ],
)
def test_memory_that_does_not_suffice_is_a_limit(work: str, tmp_path: object) -> None:
    """With every megabyte more than what is in use, up to enough: a LimitError or success, and no MemoryError."""
    program = f"""
        import resource, sys, os
        import numpy as np
        import scipy.sparse
        import polyrelu as pr
        {"import meshio" if "mesh" in work else ""}
        from polyrelu.topology.chain import ChainComplex, chain_complex
        from polyrelu.topology.homology import homology
        from polyrelu.topology.smith import invariant_factors

        rng = np.random.default_rng(0)
        widths = (2, 64, 64, 64, 1)
        net = pr.Network([rng.standard_normal(shape) for shape in zip(widths[1:], widths)],
                         [rng.standard_normal(rows) for rows in widths[1:]])
        path, saved = {str(tmp_path)!r} + "/file", {str(tmp_path)!r} + "/saved.npz"
        cx = pr.subdivide(net, 0)
        pr.save_complex(cx, saved)
        region = cx.region(">=")
        cells = chain_complex(region)
        found = homology(region)
        matrix = scipy.sparse.csc_array(2 + np.arange(90_000).reshape(300, 300) % 1001)
        def run():
            return {work}
        def take_what_is_free(size):
            taken = []
            try:
                while True:
                    taken.append(np.empty(size, dtype=np.uint8))
            except MemoryError:
                return taken
        limits = 0
        for megabytes in (0, 0, 1, 2, 4, 7, 12, 20, 35, 60, 100, 180, 300, 600, 1200):
            found = homology(region)  # the cycles are not kept
            with open("/proc/self/statm") as file:
                used = int(file.read().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + megabytes * 2**20, resource.RLIM_INFINITY))
            # The first time what was freed and not given back is taken as well: the work cannot fit into it.
            taken = [] if limits else take_what_is_free(2**17)
            done = False
            try:
                run()
                done = True
            except pr.LimitError:
                limits += 1
            except SystemError as error:  # NumPy's indexing, which answers some failed allocations without an exception
                if "error return without exception set" not in str(error):
                    raise
            finally:
                del taken
                resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            if done and megabytes > 8:
                break
        print(limits, done)
        """
    # nothing that was freed is kept for the next try
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    environment["MALLOC_ARENA_MAX"] = "1"  # other arenas reserve addresses, which the limit counts already
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=120, env=environment
    )
    assert done.returncode == 0, done.stderr[-2000:]
    limits, at_last = done.stdout.split()
    assert int(limits) > 0 and at_last == "True"


EXPORTS = {
    "cells": lambda cx, path: write_cells(cx, path / "x.csv"),
    "mesh": lambda cx, path: write_mesh(cx, path / "x.vtk"),
    "polymake": lambda cx, path: write_polymake(cx, path / "x.poly"),
    "table": lambda cx, path: regions_table(cx),
}


@pytest.mark.parametrize("export", [pytest.param("mesh", marks=MESHIO), *sorted(EXPORTS.keys() - {"mesh"})])
def test_exports_tell_of_memory(export: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cx = subdivide(Network([[[1, 0], [0, 1]], [[1, -1]]], [[0, 0], [0]]), 0)

    def exhausted(*_: object, **__: object) -> None:
        raise MemoryError

    for name in ("facets", "cells", "homogeneous", "signs", "vertices", "rays", "region_signs", "_vertex_arrays"):
        if hasattr(PolyhedralComplex, name):
            member = property(exhausted) if isinstance(vars(PolyhedralComplex)[name], property) else exhausted
            monkeypatch.setattr(PolyhedralComplex, name, member)
    monkeypatch.setattr(np, "unique", exhausted)
    monkeypatch.setattr(np, "ascontiguousarray", exhausted)
    with pytest.raises(LimitError, match="memory of this machine does not suffice"):
        EXPORTS[export](cx, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_cycles_tell_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    found = homology(ChainComplex([[[0]]]))

    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(CycleFinder, "_find", exhausted)
    with pytest.raises(LimitError, match=r"^cycles: the memory of this machine does not suffice"):
        found.cycles(0)
