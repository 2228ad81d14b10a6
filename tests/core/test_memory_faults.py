"""Every allocation of the interpreter fails in turn: MemoryError or LimitError, never a crash or a wrong answer.

(NumPy's reductions and indexing answer some with SystemError, "error return without exception set": those are let pass,
where no function of the core was called.
Allocations of the core itself, of GMP and of C++, fail in `tests/core/test_core_build.py`.)
"""

from __future__ import annotations

import subprocess
import sys

import pytest

CHILD = """
import gc, sys, traceback
import _testcapi
import polyrelu as pr

net = pr.Network([[[1, 0], [0, 1], [1, 1]], [[1, -1, "1/3"]]], [[0, 0, -1], ["-1/7"]])
work = {
    "subdivide": lambda: pr.subdivide(net, level=0).f_vector,
    "betti": lambda: pr.betti_numbers(net),
    "vertices": lambda: list(pr.subdivide(net, level=0).vertices()),
    "network": lambda: pr.Network([[[1, "1/3"]], [[2]]], [[0], [1]])([1, 2]),
}[sys.argv[1]]

def of_numpy(error):
    last = traceback.extract_tb(error.__traceback__)[-1]
    silent = str(error) == "error return without exception set"
    return silent and last.filename.endswith(".py") and "_core." not in last.line

expected = work()
work()
gc.disable()
failed, n, quiet, step = 0, 0, 0, int(sys.argv[2])
while True:
    n += step
    found = None
    _testcapi.set_nomemory(n, n + 1)
    try:
        found = work()
        _testcapi.remove_mem_hooks()
        ended = None
    except BaseException as error:
        _testcapi.remove_mem_hooks()
        ended = error
    if isinstance(ended, (MemoryError, pr.LimitError)) or isinstance(ended, SystemError) and of_numpy(ended):
        failed += 1
        quiet = 0
    elif ended is not None:
        print("problem:", n, repr(ended))
    else:
        if found != expected:
            print("wrong:", n)
        quiet += 1
        if quiet == 200:  # some failures are survived, so that one quiet run is not the end
            break
    ended = None
assert work() == expected
print("failed", failed)
"""


@pytest.mark.slow
@pytest.mark.parametrize("what, step", [("network", 1), ("subdivide", 3), ("betti", 1), ("vertices", 7)])
def test_every_allocation_of_the_interpreter_fails_in_turn(what: str, step: int):
    pytest.importorskip("_testcapi")
    done = subprocess.run([sys.executable, "-c", CHILD, what, str(step)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    *problems, last = done.stdout.splitlines()
    assert problems == [] and int(last.split()[1]) >= 50
