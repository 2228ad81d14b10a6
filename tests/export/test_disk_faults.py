"""Every operation on the disk fails in turn, for everything that writes a file: what was there stays, whole.

As SQLite is tested: the n-th write, fsync, close or rename fails, n = 1, 2, …, until a run comes through without
reaching the failure. And the disk is full after n bytes, which the kernel says itself (RLIMIT_FSIZE), to C libraries
as well.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import polyrelu

SHIM = Path(__file__).parents[1] / "cpp" / "disk.c"

# What is written; each takes a path. The optional packages are there in the tests of the clone.
SCENARIOS = """
net = pr.Network([[[1, 0], [0, 1], [1, 1], [3, -2]], [[1, -1, 2, 1]]], [[0, 0, -1, "1/3"], [-1]])
cx = pr.subdivide(net, level=0)
box = pr.subdivide(net, domain=pr.Domain.box([-2, -2], [2, 2]))

def figure(path):
    import matplotlib
    matplotlib.use("agg")
    from matplotlib.figure import Figure
    from polyrelu.plotting.figure import save_figure
    save_figure(Figure((1, 1)), path)

SCENARIOS = {
    "net.json": lambda path: pr.save(net, path),
    "net.npz": lambda path: pr.save(pr.Network([[[1, 2]], [[1]]], [[0], [1]]), path),
    "complex.npz": lambda path: pr.save_complex(cx, path),
    "cells.jsonl": lambda path: pr.write_cells(cx, path),
    "complex.pcom": lambda path: pr.write_polymake(cx, path),
    "cell.poly": lambda path: pr.write_polymake(cx, path, (2, 0)),
    "region.sage": lambda path: pr.write_sage(cx.region("<="), path),
    "region.m2": lambda path: pr.write_macaulay2(cx.region("<="), path),
    "table.csv": lambda path: pr.write_table(pr.regions_table(cx), path),
    "mesh.vtk": lambda path: pr.write_mesh(box, path),
    "mesh.vtu": lambda path: pr.write_mesh(box, path),
    "mesh.ply": lambda path: pr.write_mesh(box, path),
    "mesh.obj": lambda path: pr.write_mesh(box, path),
    "figure.png": figure,
    "figure.pdf": figure,
    "page.html": lambda path: pr.plot_html(box, path),
}
"""

CHILD = """
import ctypes, json, os, resource, signal, sys, tempfile
import polyrelu as pr
""" + SCENARIOS + """
name, how = sys.argv[1:]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
write = SCENARIOS[name]
directory = tempfile.mkdtemp()
path = os.path.join(directory, name)

def content():
    with open(path, "rb") as file:
        return file.read()

try:
    write(path)
except pr.MissingDependencyError as error:
    print(json.dumps({"missing": str(error)}))
    raise SystemExit
new = content()
old = b"what was there before"
if how == "operations":
    shim = ctypes.CDLL(None)
    begin, failed = lambda n: shim.disk_fail(ctypes.c_long(n)), lambda n: bool(shim.disk_failed())
    steps = iter(range(1, 100000))
else:
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    begin = lambda n: resource.setrlimit(resource.RLIMIT_FSIZE, (n, hard))
    def failed(n):
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        return n < len(new)
    size = len(new)
    steps = iter(sorted({*range(0, size, max(1, size // 25)), size - 1, size + 1000000}))
faults, problems, messages = 0, [], set()
for n in steps:
    with open(path, "wb") as file:
        file.write(old)
    error = None
    begin(n)
    try:
        write(path)
    except BaseException as caught:
        error = caught
    was = failed(n)
    names = os.listdir(directory)
    if names != [name]:
        problems.append(f"{n}: left {names}")
        for each in names:
            os.unlink(os.path.join(directory, each)) if each != name else None
    if error is None:
        if len(content()) != len(new):
            problems.append(f"{n}: nothing was said, and the file is not whole")
        if not was:
            break
    else:
        if not was:
            problems.append(f"{n}: {error!r} without a fault")
            break
        if content() != old:
            problems.append(f"{n}: the old file is gone")
        if not isinstance(error, pr.FileError):
            problems.append(f"{n}: {error!r}")
        messages.add(str(error).replace(path, "PATH"))
    faults += was
shutil = __import__("shutil")
shutil.rmtree(directory)
print(json.dumps({"faults": faults, "problems": problems, "messages": sorted(messages)}))
"""

NAMES = [line.split('"')[1] for line in SCENARIOS.splitlines() if line.startswith('    "')]


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None or not sys.platform.startswith("linux"):
        pytest.skip("there is no gcc, or no LD_PRELOAD")
    library = tmp_path_factory.mktemp("shim") / "disk.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", str(SHIM), "-o", str(library), "-ldl"], check=True)
    return library


def outcome(name: str, how: str, **environment: str) -> dict[str, object]:
    root = str(Path(polyrelu.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, name, how], capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": root, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    if "missing" in found:
        pytest.skip(found["missing"])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_operation_fails_in_turn(name: str, shim: Path):
    found = outcome(name, "operations", LD_PRELOAD=str(shim))
    assert found["problems"] == []
    assert found["faults"] >= 5  # create, write, close, fsync, rename
    assert all(str(text).startswith("PATH: cannot be written: ") for text in found["messages"])


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_disk_is_full_after_so_many_bytes(name: str):
    found = outcome(name, "bytes")
    assert found["problems"] == []
    assert found["faults"] >= 5
