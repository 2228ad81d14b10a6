"""Estimates against the true numbers: exact where nothing is sampled, unbiased where something is; bounds that hold."""

from __future__ import annotations

import time
from fractions import Fraction
from math import sqrt
from random import Random
from statistics import mean, stdev

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.analysis import estimation, sampling
from polyrelu.analysis.cell_bounds import arrangement_cells
from polyrelu.analysis.deadline import Deadline
from polyrelu.analysis.estimation import OUT_OF_TIME, bytes_per_cell, duration, rounded, size
from polyrelu.errors import DomainError, InputError, NumberError, RegionError
from polyrelu.paper.cell_counts import zaslavsky
from support.known_answers import random_float32
from support.strategies import Kind, examples, levels, networks, polytopes, random_network, seeded_network


def gaussian(*widths: int, seed: int = 0) -> pr.Network:
    rng = np.random.default_rng(seed)
    shapes = list(zip(widths[1:], widths, strict=False))
    weights = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    return pr.Network(weights, [rng.standard_normal(n).astype(np.float32) / 2 for n, _ in shapes])


def estimate(*arguments, **options):
    """Of C(F) or C(F, t) alone and without a limit on the time, unless the test says otherwise."""
    return pr.estimate(*arguments, **{"coarse": False, "seconds": None, **options})


@pytest.fixture
def tiny(monkeypatch):
    """Limits so small that small networks have to be sampled, in many steps."""
    monkeypatch.setattr(sampling, "TRUNK_CELLS", 60)
    monkeypatch.setattr(sampling, "BRANCH_CELLS", 60)


def holds(e: pr.Estimate, truth: tuple[int, ...]) -> bool:
    return all(low <= x and (high is None or x <= high) for low, x, high in zip(e.lower, truth, e.upper, strict=True))


# ---- exact ---------------------------------------------------------------------------------------------------------


@given(st.data())
@examples(30)
def test_small_complexes_are_counted_and_the_bounds_hold(data):
    net = data.draw(networks())
    level = data.draw(st.none() | levels(net))
    domain = data.draw(st.none() | polytopes(net.input_dim).map(lambda rows: pr.Domain(*rows)))
    try:
        truth = pr.subdivide(net, level, domain).f_vector
    except DomainError:
        with pytest.raises(DomainError):
            estimate(net, level, domain)
        return
    e = estimate(net, level, domain)
    assert e.exact and e.f_vector == truth and e.cells == sum(truth) and e.regions == truth[-1]
    assert e.errors == (0.0,) * len(truth) and e.cells_error == e.regions_error == 0
    assert holds(e, truth)


@given(st.data())
@examples(30)
def test_taking_every_cell_is_exact(data):
    """The whole search, with every sample as large as what it is drawn from: no cell is missed or counted twice."""
    net = data.draw(networks(dims=(1, 2, 3)))
    level = data.draw(st.none() | levels(net))
    domain = data.draw(st.none() | polytopes(net.input_dim).map(lambda rows: pr.Domain(*rows)))
    try:
        truth = pr.subdivide(net, level, domain).f_vector
    except DomainError:
        assume(False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "TRUNK_CELLS", data.draw(st.sampled_from([20, 60])))
        patch.setattr(sampling, "BRANCH_CELLS", data.draw(st.sampled_from([20, 200])))
        e = estimate(net, level, domain, samples=10**9)
    if e.f_vector is None:
        assert e.reason and e.errors is e.cells is e.regions is None
    else:
        assert e.f_vector == truth and e.errors == (0.0,) * len(truth)


@pytest.mark.parametrize("seed", range(16))
def test_taking_every_cell_of_degenerate_networks(tiny, seed):
    net = seeded_network(seed, {2: [(5, 5), (3, 3, 3)], 3: [(4, 3)]})
    for level in (None, 0):
        e = estimate(net, level, samples=10**9)
        if e.f_vector is not None:
            assert e.f_vector == pr.subdivide(net, level).f_vector and not any(e.errors)


def test_identity_neurons_that_cannot_be_sampled_are_named(tiny):
    net = pr.Network(
        [[[1, 0], [0, 1]], [[1, k] for k in range(12)], [[1] * 12]], [[0, 0], list(range(12)), [0]], [1, 0]
    )
    e = estimate(net)
    assert e.f_vector is None and "identity neurons" in e.reason and "identity neurons" in str(e)
    assert holds(e, pr.subdivide(net).f_vector)


# ---- sampled -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("net", "level", "domain"),
    [
        pytest.param(gaussian(2, 6, 6, 6, 6, 1, seed=1), None, None, marks=pytest.mark.slow),
        (gaussian(2, 10, 10, 1), 0, [(-1, 1), (0, 2)]),
        pytest.param(gaussian(3, 8, 6, 1), 0, None, marks=pytest.mark.slow),
        (gaussian(4, 2, 12, 1).restrict([0] * 4, np.eye(4, dtype=int)), 0, None),  # lineality of dimension 2
        (pr.shells((2, 8, 6, 1), {1: 2}), 0, None),
        (pr.folding((2, 6, 6, 1)), None, None),
        (random_network(Random(3), 2, (8, 8), Kind(0, True, False, False)), 0, None),
    ],
    ids=["deep", "box", "space", "lineality", "shells", "folding", "degenerate"],
)
def test_unbiased(tiny, net, level, domain):
    """The mean over many seeds is the truth, up to a few of its standard errors, in every dimension."""
    truth = pr.subdivide(net, level, domain).f_vector
    runs = [estimate(net, level, domain, samples=30, seed=seed) for seed in range(16)]
    sampled = [not run.exact for run in runs]
    assert all(sampled)
    for k, x in enumerate(truth):
        found = [float(run.f_vector[k]) for run in runs]
        assert abs(mean(found) - x) <= 4.5 * stdev(found) / sqrt(len(found)) + 1e-9 * x, (k, x, mean(found))
    # The standard errors told are about the true ones.
    found = [float(run.cells) for run in runs]
    told = sqrt(mean(run.cells_error**2 for run in runs))
    assert stdev(found) / 2.5 <= told <= 2.5 * stdev(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("net", "level"), [(gaussian(5, 7, 3, 1), 0), (gaussian(8, 9, 1), None)]
)
def test_unbiased_in_many_dimensions(monkeypatch, net, level):
    """The cells of the samples are polytopes with many walls."""
    d = net.input_dim
    monkeypatch.setattr(sampling, "TRUNK_CELLS", 3**d * 3)
    monkeypatch.setattr(sampling, "BRANCH_CELLS", 3**d // 4)
    monkeypatch.setattr(sampling, "FACES_AT_ONCE", 1)
    truth = pr.subdivide(net, level).f_vector
    runs = [estimate(net, level, samples=24, seed=seed) for seed in range(6)]
    assert not any(run.exact for run in runs)
    for k, x in enumerate(truth):
        found = [float(run.f_vector[k]) for run in runs]
        assert abs(mean(found) - x) <= 6 * stdev(found) / sqrt(len(found)) + 1e-9 * x, (k, x, mean(found))


@pytest.mark.slow
def test_networks_of_the_acas_shape_are_sampled():
    e = estimate(gaussian(5, *[50] * 6, 5), seconds=12)
    assert e.cells is not None and not e.exact and e.cells_error < e.cells
    assert all(low <= x <= high for low, x, high in zip(e.lower, e.f_vector, e.upper, strict=True))


def test_weights_beyond_doubles(tiny):
    """Guesses are made in doubles; what exceeds their range makes them worse, and raises nothing."""
    big = 10**400
    biases = [[1, 2, -10 * big, 3, 4, 5, 6, -7, 8, 9, -1, 0], [0]]
    net = pr.Network([[[big, 1], [-3, 2 * big], [1, 1]] * 4, [[1, -1, big] * 4]], biases)
    e = estimate(net, 0)
    assert not e.exact and holds(e, tuple(e.f_vector))


def test_the_seed_decides(tiny):
    net = gaussian(2, 8, 8, 1)
    assert estimate(net, seed=1) == estimate(net, seed=1) != estimate(net, seed=2)


@pytest.mark.slow
def test_more_samples_smaller_errors(tiny):
    net = gaussian(2, 12, 12, 1)
    few, many = (mean(estimate(net, samples=n, seed=s).cells_error for s in range(3)) for n in (12, 80))
    assert many < few / 1.3


@pytest.mark.slow
def test_what_would_take_terabytes_takes_seconds():
    e = estimate(gaussian(3, 100, 100, 100, 1), 0, seconds=6)
    assert e.cells is not None and not e.exact
    assert all(low <= x <= high for low, x, high in zip(e.lower, e.f_vector, e.upper, strict=True))
    e = estimate(gaussian(12, 300, 300, 300, 1), 0)
    assert e.cells is None and "12 dimensions" in e.reason and e.memory > 10**15
    assert e.lower[-1] == 2**12 and e.lower[0] == 1 and sum(e.lower) == 3**12


def test_hundreds_of_inputs():
    rng = np.random.default_rng(0)
    net = pr.Network([rng.integers(-9, 9, (100, 784)), [[1] * 100]], [[0] * 100, [0]])
    e = estimate(net)
    assert (e.rank, e.lower[-1], e.upper[-1]) == (100, 2**100, 2**100)
    assert e.cells is None and e.upper[-2] == 100 * 2**99  # the faces of a simple arrangement
    assert len(str(e).splitlines()) == 4 and "more than a million years" in str(e)


# ---- time ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "widths",
    [(8, 64, 64, 1), (3, 100, 100, 100, 1), (6, 200, 1), (10, 20, 20, 1), (64, 64, 64, 64, 1)],
    ids=lambda widths: "-".join(map(str, widths)),
)
def test_the_time_is_kept(widths):
    """With both complexes, within a second; what was left out is said, and without a sample there are still bounds."""
    net = gaussian(*widths)
    start = time.process_time()
    e = pr.estimate(net, 0, seconds=1)
    assert time.process_time() - start < 2
    for found in (e, e.coarse):
        assert found.f_vector is not None or found.reason
        assert found.errors is not None or found.f_vector is None or "1 of 8 repetitions" in found.not_computed
        assert found.memory > 0 and found.seconds > 0
    assert all(high is not None for high in e.upper) and str(e)


def test_no_time_is_said_and_raises_nothing():
    e = pr.estimate(gaussian(4, 30, 30, 1), 0, seconds=1e-9)
    assert e.f_vector is e.coarse.f_vector is None
    assert e.reason == e.coarse.reason == e.coarse.not_computed == OUT_OF_TIME and OUT_OF_TIME in str(e)


def test_a_draw_of_fewer_parts_is_said(tiny, monkeypatch):
    """A clock by which there is time for one part more, whenever it is asked."""
    net = gaussian(2, 12, 12, 1)
    monkeypatch.setattr(sampling, "FIRST_PARTS", 1)
    monkeypatch.setattr(Deadline, "left", property(lambda self: 1.0))
    e = estimate(net, seconds=1)
    assert "fewer than 12 parts" in e.not_computed and "fewer than 12 parts" in str(e)
    assert e.errors is not None and estimate(net).not_computed == ""


def test_enough_time_changes_nothing(tiny):
    net = gaussian(2, 8, 8, 1)
    assert estimate(net, seconds=1000) == estimate(net)


# ---- coarse complexes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "widths",
    [
        (2, 32, 32, 1),
        (3, 32, 32, 1),
        (2, 64, 64, 64, 1),
        pytest.param((5, 12, 12, 1), marks=pytest.mark.slow),
        pytest.param((3, 64, 64, 1), marks=pytest.mark.slow),
        pytest.param((4, 16, 16, 1), marks=pytest.mark.slow),
    ],
    ids=lambda widths: "-".join(map(str, widths)),
)
def test_predicted_coarse_complexes(widths):
    """Within a factor of two of the truth, cells and top cells, counted or not."""
    net = random_float32(widths)
    truth = pr.subdivide(net, 0, coarse=True).f_vector
    e = estimate(net, 0, coarse=True)
    assert e.is_coarse and e.exact == (sum(truth) <= sampling.TRUNK_CELLS) and not e.not_computed
    assert sum(truth) / 2 <= e.cells <= 2 * sum(truth)
    assert truth[-1] / 2 <= e.regions <= 2 * truth[-1]
    if e.exact:
        assert e.f_vector == truth


@pytest.mark.slow
@pytest.mark.parametrize(
    ("net", "domain"),
    [
        (gaussian(2, 20, 20, 1), [(-2, 2)] * 2),
        (gaussian(3, 8, 8, 1), None),
        (pr.shells((2, 8, 6, 1), {1: 2}), None),
    ],
    ids=["box", "space", "shells"],
)
def test_sampled_coarse_complexes(monkeypatch, net, domain):
    """With limits far below their sizes, the mean over several seeds is near the truth."""
    truth = pr.subdivide(net, 0, domain, coarse=True).f_vector
    monkeypatch.setattr(sampling, "TRUNK_CELLS", sum(truth) // 3)
    monkeypatch.setattr(sampling, "BRANCH_CELLS", sum(truth) // 20)
    runs = [estimate(net, 0, domain, coarse=True, samples=40, seed=seed) for seed in range(4)]
    assert not any(run.exact for run in runs)
    assert sum(truth) / 2 <= mean(float(run.cells) for run in runs) <= 2 * sum(truth)


def test_both_complexes_are_estimated_where_there_is_a_level():
    net = gaussian(2, 20, 20, 1)
    e = pr.estimate(net, 0)
    assert e.f_vector == pr.subdivide(net, 0).f_vector and not e.is_coarse
    assert e.coarse == pr.estimate(net, 0, coarse=True)
    assert e.coarse.f_vector == pr.subdivide(net, 0, coarse=True).f_vector
    assert "coarse: " in str(e) and "coarse complex for F = 0" in str(e.coarse)
    assert pr.estimate(net).coarse is pr.estimate(net, 0, coarse=False).coarse is None
    with pytest.raises(InputError, match="give level=t"):
        pr.estimate(net, coarse=True)


# ---- the parts -----------------------------------------------------------------------------------------------------


def test_systematic_sampling_is_unbiased():
    """Over an even grid of starting points every item has its weight on average."""

    class Grid(Random):
        def random(self) -> float:
            return self.value

    groups = [(Fraction(3), np.array([1, 5, 2])), (Fraction(1, 2), np.array([7])), (Fraction(1), np.array([], int))]
    rng, steps = Grid(), 2**10
    totals: dict[tuple[int, int], Fraction] = {}
    for step in range(steps):
        rng.value = step / steps
        for g, i, weight in sampling._draw(groups, 3, rng):
            totals[g, i] = totals.get((g, i), Fraction(0)) + weight / steps
    expected = {(0, 0): 3, (0, 1): 3, (0, 2): 3, (1, 0): Fraction(1, 2)}
    assert totals.keys() == expected.keys()
    assert all(abs(totals[at] - x) < Fraction(1, 50) for at, x in expected.items())
    assert list(sampling._draw(groups, 4, rng)) == [(0, 0, 3), (0, 1, 3), (0, 2, 3), (1, 0, Fraction(1, 2))]


@pytest.mark.parametrize(("n", "d"), [(0, 2), (1, 3), (5, 1), (7, 2), (8, 3), (6, 4), (3, 5)])
def test_arrangements_in_general_position(n, d):
    net = pr.Network([[[i**j for j in range(d)] for i in range(1, n + 1)] or [[0] * d], [[1] * max(n, 1)]],
                     [[7 * i**d + i**2 for i in range(n)] or [0], [0]])  # fmt: skip
    cx = pr.subdivide(net)
    assert sum(cx.f_vector) == arrangement_cells(n, d) and cx.n_regions == zaslavsky(n, d)


def test_memory_and_time_are_per_cell():
    e = estimate(pr.Network([[[1], [2]], [[1, 1]]], [[0, 1], [0]]))
    assert e.cells == 5 == e.likely_cells and e.memory == 5 * bytes_per_cell(1)
    assert e.seconds == pytest.approx(5 / estimation.CELLS_PER_SECOND)
    assert bytes_per_cell(30) == bytes_per_cell(30, 64) == estimation.BYTES_PER_CELL[-1]
    assert bytes_per_cell(2, 129) == estimation.BYTES_PER_CELL[2] + 2 * estimation.MASK_BYTES


def test_text():
    text = str(estimate(pr.shells((2, 8, 6, 1), {1: 2}), 0))
    assert "C(F, 0)" in text and "exact" in text and "at most" in text
    assert [rounded(x) for x in (0, Fraction(12), Fraction(25, 2), 123.4, 1e7, Fraction(10**30, 7))] == [
        "0", "12", "12", "123", "1e+07", "1.4286e+29",
    ]  # fmt: skip
    assert [size(x) for x in (0, 2000, 2 * 10**9, 10**15, 10**20)] == [
        "0 kB",
        "2 kB",
        "2 GB",
        "1000 TB",
        "more than a million TB",
    ]
    assert [duration(x) for x in (0.0, 0.005, 3.0, 600.0, 9000.0, 3e5, 1e12)] == [
        "0.0 ms", "5 ms", "3 s", "10 minutes", "2.5 hours", "3.5 days", "31688 years",
    ]  # fmt: skip
    assert duration(float("inf")) == duration(1e20) == "more than a million years"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"samples": 0}, InputError, "samples: expected a positive integer, got 0"),
        ({"samples": 1.5}, InputError, "samples"),
        ({"seed": "x"}, InputError, "seed: expected an integer"),
        ({"seconds": 0}, InputError, "seconds: expected a positive number or None, got 0"),
        ({"seconds": "5"}, InputError, "seconds: expected a positive number"),
        ({"coarse": "yes"}, InputError, "coarse: expected True or False"),
        ({"level": "x"}, NumberError, "level"),
        ({"domain": [(0, 1)]}, DomainError, "dimension 1"),
        ({"domain": [(1, 0), (0, 1)]}, DomainError, "is above the upper"),
    ],
)
def test_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        estimate(gaussian(2, 3, 1), **arguments)


def test_bad_networks():
    with pytest.raises(InputError, match="expected a Network"):
        estimate(3)  # type: ignore[arg-type]
    with pytest.raises(RegionError, match="2 outputs"):
        estimate(gaussian(2, 3, 2), 0)


def test_progress_is_told_and_can_stop_it(tiny):
    seen = []
    estimate(gaussian(2, 12, 12, 1), progress=lambda *stage: seen.append(stage))
    assert ("sampling", 0, sampling.REPETITIONS) in seen

    class Enough(Exception):
        pass

    def stop(*_: object) -> None:
        raise Enough

    with pytest.raises(Enough):
        estimate(gaussian(2, 12, 12, 1), progress=stop)
