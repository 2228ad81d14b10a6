"""The subdivision itself: its arithmetic against GMP throughout, its limits, and its behaviour when stopped."""

from __future__ import annotations

import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
import time
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu import _core
from support.known_answers import random_float32, shells
from support.strategies import networks


def subdivide_in_gmp(*args, **kwargs):
    original = _core.subdivide
    _core.subdivide = partial(original, arithmetic="big")
    try:
        return pr.subdivide(*args, **kwargs)
    finally:
        _core.subdivide = original


def same_complex(a: pr.PolyhedralComplex, b: pr.PolyhedralComplex) -> bool:
    """Cell for cell: the algorithm numbers cells in one way, whatever the arithmetic."""
    if a.f_vector != b.f_vector or a.n_rays != b.n_rays:
        return False
    low, d = len(a.lineality), a.input_dim
    for k in range(low, d + 1):
        if not all(np.array_equal(x, y) for x, y in zip(a.facets(k), b.facets(k), strict=True)):
            return False
        if a.level is not None and not np.array_equal(a.signs(k), b.signs(k)):
            return False
    return all(a.homogeneous(v) == b.homogeneous(v) for v in range(a.n_finite_vertices + a.n_rays))


def check_enclosures(cx: pr.PolyhedralComplex) -> None:
    """|x − y| ≤ d for some positive multiple x of the exact vector: one interval of factors must fit all entries."""
    for v in range(cx.n_finite_vertices + cx.n_rays):
        y, d = cx.enclosure(v)
        x = cx.homogeneous(v)
        if d == 0:
            assert x == y
            continue
        low, high = Fraction(0), None
        for a, b in zip(x, map(Fraction, y), strict=True):
            if a == 0:
                assert abs(b) <= Fraction(d)
                continue
            ends = sorted(((b - Fraction(d)) / a, (b + Fraction(d)) / a))
            low = max(low, ends[0])
            high = ends[1] if high is None else min(high, ends[1])
        assert high is not None and high > 0 and low <= high


@settings(deadline=None)
@given(networks(), st.sampled_from([None, 0, Fraction(1, 3)]))
def test_certified_and_gmp_give_the_same_complex(net, level):
    cx = pr.subdivide(net, level)
    assert same_complex(cx, subdivide_in_gmp(net, level))
    check_enclosures(cx)


def nearly_degenerate(rng: np.random.Generator, architecture: tuple[int, ...], scale: int) -> pr.Network:
    """Weights −1, 0, 1 moved by at most one part in 10^scale: preactivations vanish at vertices, or nearly do."""
    weights, biases = [], []
    small = Fraction(1, 10**scale)

    def entry() -> Fraction:
        return int(rng.integers(-1, 2)) * (1 + small * int(rng.integers(-1, 2)))

    for m, n in pairwise(architecture):
        weights.append([[entry() for _ in range(m)] for _ in range(n)])
        biases.append([entry() for _ in range(n)])
    return pr.Network(weights, biases)


@pytest.mark.parametrize("scale", [8, 15, 16, 17, 30, 300])
@pytest.mark.parametrize("architecture", [(2, 6, 5, 1), (3, 5, 4, 1), (2, 3, 3, 3, 3, 3, 3, 1)])
def test_signs_at_the_edge_of_what_doubles_can_tell(architecture, scale):
    rng = np.random.default_rng([scale, len(architecture)])
    for _ in range(4):
        net = nearly_degenerate(rng, architecture, scale)
        cx = pr.subdivide(net, 0)
        assert same_complex(cx, subdivide_in_gmp(net, 0))
        check_enclosures(cx)


@pytest.mark.parametrize("slopes", [(0,), (0, -1, Fraction(1, 3))], ids=str)
@pytest.mark.parametrize("make", [lambda a, rng: nearly_degenerate(rng, a, 16), lambda a, _: random_float32(a)])
def test_forms_that_are_made_from_those_of_other_regions(make, slopes):
    """In wide layers the terms of neurons that change their side are taken away and added, region after region."""
    rng = np.random.default_rng(5)
    architecture = (2, 16, 16, 8, 1)
    net = make(architecture, rng)
    chosen = [[slopes[i] for i in rng.integers(0, len(slopes), n)] for n in architecture[1:-1]]
    net = pr.Network(net.weights, net.biases, chosen)
    cx = pr.subdivide(net, 0)
    assert same_complex(cx, subdivide_in_gmp(net, 0))
    check_enclosures(cx)


@pytest.mark.parametrize("exponents", [(-1074, -1060), (1000, 1023), (-1070, 1023), (-30, 30)])
def test_huge_and_tiny_floats(exponents):
    rng = np.random.default_rng(abs(exponents[1]))
    for _ in range(4):
        shape = (2, 4, 3, 1)
        weights = [
            np.ldexp(rng.uniform(-1, 1, (n, m)), rng.integers(*exponents, (n, m)))
            for m, n in pairwise(shape)
        ]
        biases = [np.ldexp(rng.uniform(-1, 1, n), rng.integers(*exponents, n)) for n in shape[1:]]
        net = pr.Network(weights, biases)
        cx = pr.subdivide(net, 0)
        assert same_complex(cx, subdivide_in_gmp(net, 0))
        check_enclosures(cx)


def test_deep_narrow_network():
    net = random_float32((2, *(6,) * 12, 1))
    cx = pr.subdivide(net, 0)
    assert same_complex(cx, subdivide_in_gmp(net, 0))
    check_enclosures(cx)


@pytest.mark.parametrize("depth", [6, 7, 8])
def test_inherited_error_meets_an_underflowing_coefficient(depth):
    """A coefficient too small for a double, times a value whose error is far larger than the value computed."""
    big, p, q, a, b = 2**52, 4503599627370496, 3373434574721908, 2485328562827861, 3317961128790382
    for exponent in (310, 330, 360):
        weights = [
            [[1, 0], [0, 1], [q, -p]],
            [[a, -b, 0], [1, 0, 0]],
            [[big, 1], [0, 1]],
            *[[[big - 1, 2 - big], [0, 1]]] * depth,
            [[-(2.0**-300), 2.0 ** (exponent - 300)]],
            [[1]],
        ]
        biases = [[0] * len(w) for w in weights]
        biases[-2] = [2.0**1000]
        assert pr.subdivide(pr.Network(weights, biases)).f_vector == (3, 12, 10)


@pytest.mark.parametrize("width", [1, 5])
@pytest.mark.parametrize("depth", [2, 18, 22])
def test_overflow_beside_a_weight_of_zero(depth, width):
    """Forms that outgrow doubles, times 0, must not make the sums beside them look exact."""
    big = 2**52
    # Two neurons that grow without end; beside them 2 x2 as a difference that doubles lose.
    grow = [[big, big - 1], [big - 1, big]]
    weights = [[[1, 0], [1, 0], [0, 1], [0, 1]]]
    for beside in ([[big, big - 1], [1, 0]], [[big, 1], [big, -1]], [[1, -1]], *[[[1]]] * depth):
        weights.append([row + [0] * len(beside[0]) for row in grow] + [[0, 0, *row] for row in beside])
    weights += [[[0, 0, 1]] * width, [[1] * width]]
    biases = [[0] * len(rows) for rows in weights]
    biases[-2] = list(range(-3, -3 - width, -1))
    slopes = [[-1, -1, 0, 0], *([0] * len(rows) for rows in weights[1:-1])]
    net = pr.Network(weights, biases, slopes)
    expected = {1: (2, 7, 6), 5: (6, 19, 14)}[width]
    assert pr.subdivide(net).f_vector == subdivide_in_gmp(net).f_vector == expected


def test_no_exact_evaluation_of_nonzero_signs_on_generic_networks():
    statistics = pr.subdivide(random_float32((3, 16, 16, 1)), 0).statistics
    assert statistics["big"] == 0
    assert statistics["filtered"] > 10_000


def test_small_integers_need_no_gmp():
    net = pr.Network([[[1, 1], [-1, -1], [1, -1], [-1, 1]], [[1, 1, -1, -1]]], [[0] * 4, [0]])
    statistics = pr.subdivide(net, 0).statistics
    assert statistics["big"] == statistics["filtered"] == statistics["big_vertices"] == 0
    assert statistics["word"] > 0


def test_unpickled_complexes_are_equal_and_frozen():
    cx = pr.subdivide(random_float32((3, 6, 5, 1)), 0)
    again = pickle.loads(pickle.dumps(cx))
    assert same_complex(cx, again)
    with pytest.raises(ValueError, match="read-only"):
        again.signs(3)[0] = 7


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize(
    "net",
    [*map(random_float32, [(3, 16, 16, 1), (2, 40, 40, 1), (2, 100, 1)]), shells((3, 12, 6, 4, 1), (2, 2))],
    ids=repr,
)
def test_threads_do_not_change_the_complex(net, threads):
    one, more = pr.subdivide(net, 0), pr.subdivide(net, 0, threads=threads)
    assert same_complex(one, more)
    assert all(map(np.array_equal, one.enclosures(), more.enclosures()))


@given(networks())
@settings(deadline=None, max_examples=25)
def test_threads_do_not_change_small_complexes_in_gmp(net):
    assert same_complex(pr.subdivide(net, 0), subdivide_in_gmp(net, 0, threads=2))


def test_threads_pass_on_what_stops_them():
    net = random_float32((4, 48, 48, 48, 1))
    with pytest.raises(pr.LimitError):
        pr.subdivide(net, 0, threads=2, max_cells=300_000)

    def stop(*news: object) -> None:
        raise RuntimeError("enough")

    for _ in range(3):
        with pytest.raises(RuntimeError, match="enough"):
            pr.subdivide(net, 0, threads=2, progress=stop)
    for bad in (0, -1, True, 1.0, "2", 10**6):
        with pytest.raises(pr.InputError, match="threads"):
            pr.subdivide(net, 0, threads=bad)


@settings(deadline=None)
@given(networks())
def test_cells_by_vertices_and_vertices_as_one_array(net):
    cx = pr.subdivide(net)
    array = cx.homogeneous_array()
    assert [tuple(map(int, row)) for row in array] == [cx.homogeneous(v) for v in range(len(array))]
    for k in range(len(cx.lineality), cx.input_dim + 1):
        indptr, index = cx.cells(k)
        assert len(indptr) == cx.n_cells(k) + 1
        for i in range(cx.n_cells(k)):
            assert index[indptr[i] : indptr[i + 1]].tolist() == cx.cell_vertices(k, i).tolist()


# ---- domains -------------------------------------------------------------------------------------------------------


def test_domain_walls_are_cells_and_outside_is_gone():
    net = pr.Network([[[1, 0], [0, 1]], [[1, 1]]], [[0, 0], [-1]])
    cx = pr.subdivide(net, domain=[(-1, 1), (-1, 1)])
    assert cx.f_vector == (9, 12, 4)
    assert cx.on_boundary(0).sum() == 8 and cx.on_boundary(1).sum() == 8 and not cx.on_boundary(2).any()
    assert cx.n_bounded_regions == 4
    assert cx.locate([2, 0]) is None and cx.locate([1, 1])[0] == 0


@pytest.mark.parametrize(
    ("domain", "message"),
    [
        ([(0, 1)], "dimension 1, but the network has 2 inputs"),
        ([(0, 0), (1, 1)], "single point"),
        ([(1, 0), (0, 1)], "is above the upper 0; the box is empty"),
        (5, "expected a Domain, or a box"),
        ([(0, 1), 3], "expected a Domain, or a box"),
        (pr.Domain([[1, 0], [-1, 0]], [0, -1]), "it is empty"),
        (pr.Domain([[0, 0]], [-1]), "it is empty"),
    ],
)
def test_domains_refused(domain, message):
    net = pr.Network([[[1, 0], [0, 1]], [[1, 1]]], [[0, 0], [-1]])
    with pytest.raises(pr.DomainError, match=message):
        pr.subdivide(net, 0, domain)


def test_level_needs_one_output():
    net = pr.Network([[[1, 0], [0, 1]], [[1, 1], [1, -1]]], [[0, 0], [-1, 0]])
    with pytest.raises(pr.RegionError, match="2 outputs"):
        pr.subdivide(net, 0)
    assert pr.subdivide(net).n_regions == 4


# ---- limits and interruption ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("rank", [30, 41, 64, 70, 200])
def test_first_layers_of_high_rank_are_refused(rank):
    net = pr.Network([np.eye(rank), np.ones((1, rank))], [np.zeros(rank), [0]])
    with pytest.raises(pr.LimitError, match=f"rank {rank}"):
        pr.subdivide(net)


def test_max_cells():
    net = random_float32((3, 16, 16, 1))
    with pytest.raises(pr.LimitError, match="more than 5000 cells") as caught:
        pr.subdivide(net, 0, max_cells=5000)
    assert 0 < caught.value.reached["cells"] <= 5000
    line = pr.Network([[[1]], [[1]]], [[0], [0]])
    assert pr.subdivide(line, max_cells=5).f_vector == (1, 2)  # and two cells at infinity
    with pytest.raises(pr.LimitError):
        pr.subdivide(line, max_cells=4)
    for bad in (0, -1, True, 2.5, "9"):
        with pytest.raises(pr.InputError, match="max_cells"):
            pr.subdivide(line, max_cells=bad)


def test_max_memory():
    net = random_float32((3, 32, 32, 1))
    with pytest.raises(pr.LimitError, match=r"more than 10000000 bytes are needed: after .* of 64 neurons") as caught:
        pr.subdivide(net, 0, max_memory=10**7)
    reached = caught.value.reached
    small = pr.Network([[[1, 0], [0, 1], [1, 1]], [[1, 1, 1]]], [[0] * 3, [0]])
    with pytest.raises(pr.LimitError, match="after 0 of 3 neurons"):  # walls of the domain, and the level, are none
        pr.subdivide(small, 0, [(-1, 1)] * 2, max_cells=17)
    assert 0 < reached["bytes"] <= 10**7 and reached["cells"] > 0 and 0 < reached["neurons"] < 64
    assert pr.subdivide(net, 0, max_memory=10**9).n_regions == 50424
    for bad in (0, -1, True, 2.5, "9"):
        with pytest.raises(pr.InputError, match="max_memory"):
            pr.subdivide(net, max_memory=bad)


def test_progress_is_reported_and_its_exceptions_are_passed_on():
    net = random_float32((3, 32, 32, 1))
    seen = []
    pr.subdivide(net, 0, progress=lambda *news: seen.append(news))
    assert all(what in ("layer 1", "layer 2", "level") and 0 <= done <= total == 65 for what, done, total in seen)
    assert seen and [n[1] for n in seen] == sorted(n[1] for n in seen)

    class StopError(Exception):
        pass

    def stop(*news: object) -> None:
        raise StopError

    with pytest.raises(StopError):
        pr.subdivide(net, 0, progress=stop)


def test_interrupt_stops_within_a_second():
    net = random_float32((4, 48, 48, 48, 1))
    sent = []

    def interrupt() -> None:
        time.sleep(0.5)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        pr.subdivide(net, 0, max_memory=10**9)
    assert time.monotonic() - sent[0] < 1
    thread.join()


def test_tests_that_interrupt_do_so_in_the_background_too():
    """Where SIGINT is ignored, as under nohup, a test that sends it must not wait for what it would have ended."""
    test = f"{Path(__file__).resolve()}::test_interrupt_stops_within_a_second"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", test],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout


@pytest.mark.slow
@pytest.mark.parametrize("arithmetic", ["certified", "big"])
def test_out_of_memory_is_a_limit_error(arithmetic):
    """In a process that may use 500 MB of address space: an exception, not a crash, also when GMP runs out."""
    script = f"""
from functools import partial
from support.known_answers import random_float32, shells
import polyrelu as pr
from polyrelu import _core
_core.subdivide = partial(_core.subdivide, arithmetic="{arithmetic}")
net = random_float32((4, 48, 48, 48, 1))
for _ in range(2):
    try:
        pr.subdivide(net, 0)
    except pr.LimitError as error:
        print("limit:", error)
"""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (500 * 2**20,) * 2)

    here = str(Path(__file__).parents[1])
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": here}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, preexec_fn=limit, env=environment, timeout=120
    )
    assert done.returncode == 0 and done.stdout.count("limit:") == 2, (done.returncode, done.stderr[-400:])


def test_out_of_memory_for_exact_coordinates_is_a_limit_error():
    script = """
import re, resource
from support.known_answers import random_float32
import polyrelu as pr
cx = pr.subdivide(random_float32((3, 32, 32, 1)), 0)
used = int(re.search(r"VmSize:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (used + 2**20,) * 2)
try:
    for v in range(cx.n_finite_vertices):
        cx.homogeneous(v)
except pr.LimitError as error:
    print("limit:", error)
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0 and done.stdout.startswith("limit:"), (done.returncode, done.stderr[-400:])


@pytest.mark.parametrize("dead", [0, 150])
def test_too_many_inputs_are_refused_at_once(dead):
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((400, 384)).astype(np.float32)
    weights[:, :dead] = 0
    net = pr.Network([weights, np.ones((1, 400))], [rng.standard_normal(400).astype(np.float32), [0]])
    start = time.process_time()
    with pytest.raises(pr.errors.LimitError, match=rf"rank {384 - dead}, .*Slice\.restrict"):
        pr.subdivide(net)
    assert time.process_time() - start < 3


def test_max_memory_holds_when_signs_are_found_again():
    """Where artificial hyperplanes are merged away, a wide early layer asks for masks of all cells of the end."""
    rng = np.random.default_rng(1)
    shape = (2, 200, 12, 1)
    weights = [rng.integers(-9, 10, (n, m)).tolist() for m, n in pairwise(shape)]
    biases = [rng.integers(-9, 10, n).tolist() for n in shape[1:]]
    net = pr.Network(weights, biases, [[1] * 200, [0] * 12])
    f_vector = pr.subdivide(net).f_vector
    ended = []
    for limit in range(20_000, 120_000, 2000):
        try:
            ended.append(pr.subdivide(net, max_memory=limit).f_vector == f_vector)
        except pr.LimitError:
            ended.append(None)
    assert ended == sorted(ended, key=bool) and set(ended) == {None, True}


@pytest.mark.slow
def test_max_memory_counts_exact_numbers():
    """Two copies of a network: their differences vanish everywhere, which only exact forms can tell."""
    copy = random_float32((2, *(12,) * 8, 1))
    weights, biases = [], []
    for k, (w, b) in enumerate(zip(copy.weights[:-1], copy.biases[:-1], strict=True)):
        zeros = [0] * len(w[0])
        weights.append([*w, *w] if k == 0 else [[*r, *zeros] for r in w] + [[*zeros, *r] for r in w])
        biases.append([*b, *b])
    rows = [list(r) for r in np.random.default_rng(0).integers(-9, 10, (64, 12)).tolist()]
    net = pr.Network([*weights, [[*r, *(-x for x in r)] for r in rows], [[1] * 64]], [*biases, [0] * 64, [0]])
    with pytest.raises(pr.LimitError, match="bytes"):
        pr.subdivide(net, max_memory=3 * 10**6)
    assert pr.subdivide(copy).f_vector == pr.subdivide(net).f_vector


PEAK = """
import re, sys
import polyrelu as pr
from support.known_answers import random_float32

def status(key):
    with open("/proc/self/status") as file:
        return 1024 * int(re.search(key + r":\\s+(\\d+)", file.read())[1])

limit, threads = map(int, sys.argv[1:])
pr.subdivide(random_float32((2, 4, 1)), threads=threads)
net = random_float32((3, 64, 64, 1))
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # the peak begins here
before = status("VmRSS")
try:
    pr.subdivide(net, max_memory=limit, threads=threads)
except pr.LimitError:
    print(status("VmHWM") - before)
"""


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="needs Linux, which tells the peak")
@pytest.mark.parametrize(("limit", "threads"), [(20_000_000, 1), (60_000_000, 2), (20_000_000, 8)])
def test_the_memory_that_is_taken_is_at_most_max_memory(limit, threads):
    """Resident memory, as the system counts it: was up to 37 % more; half of a megabyte and 10 % are for malloc."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(Path(__file__).parents[1])])}
    command = [sys.executable, "-c", PEAK, str(limit), str(threads)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert 0.6 * limit < int(run.stdout) < 1.1 * limit + 500_000


def test_max_memory_holds_for_the_first_cells_too():
    net = pr.Network([np.eye(10), np.ones((1, 10))], [np.zeros(10), [0]])
    for limit in (1000, 10**6, 5 * 10**6):
        with pytest.raises(pr.LimitError, match=f"{limit} bytes"):
            pr.subdivide(net, max_memory=limit)


def test_max_cells_beyond_what_can_be_numbered():
    net = pr.Network([np.eye(20), np.ones((1, 20))], [np.zeros(20), [0]])
    with pytest.raises(pr.LimitError, match=r"rank 20, .* more than 1073741824;"):
        pr.subdivide(net, max_cells=2**40)


def test_max_memory_bounds_what_one_region_needs_while_it_is_split():
    """All neurons of the second layer cross one quadrant of the plane of the first."""
    rng = np.random.default_rng(0)
    second = -rng.random((150, 2))
    net = pr.Network([np.eye(2), second, np.ones((1, 150))], [[0, 0], 1 + rng.random(150), [0]])
    cells = sum(pr.subdivide(net).f_vector)
    with pytest.raises(pr.LimitError, match="bytes are needed"):
        pr.subdivide(net, max_memory=cells * 20)
    assert sum(pr.subdivide(net, max_memory=cells * 400).f_vector) == cells


def test_threads_the_system_refuses_are_no_accident():
    """With little address space left, fewer threads do the work, or one clear error tells that it cannot be done."""
    script = r"""
import re, resource
from support.known_answers import random_float32
import polyrelu as pr
net = random_float32((3, 8, 8, 1))
used = int(re.search(r"VmSize:\s+(\d+)", open("/proc/self/status").read())[1]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (used + 100 * 2**20,) * 2)
try:
    print("done", sum(pr.subdivide(net, 0, threads=64).f_vector))
except pr.PolyreluError as error:
    print("refused:", error)
"""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 0 and done.stdout.startswith(("done", "refused")), (done.returncode, done.stderr[-400:])


def test_signs_that_contradict_each_other_are_noticed(monkeypatch):
    """Doubles as they come, without certification, make no complex of this network: an error, not a crash."""
    subdivide = _core.subdivide
    monkeypatch.setattr(_core, "subdivide", lambda *a: subdivide(*a, arithmetic="uncertified"))
    with pytest.raises(pr.VerificationError, match="no polyhedral complex"):
        pr.subdivide(random_float32((6, 8, 4, 1)), 0)
