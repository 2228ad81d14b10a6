"""A recorder keeps what is computed directly, epoch by epoch; what it cannot compute in time or at all it says."""

from __future__ import annotations

import _thread
import threading
import time
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.training import quantities

BOX = [(-3, 3), (-3, 3)]


def random_network(sizes, seed):
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(n, m)).astype(np.float32) / np.sqrt(m) for m, n in pairwise(sizes)]
    return pr.Network(weights, [rng.normal(size=n).astype(np.float32) / 2 for n in sizes[1:]])


@pytest.mark.parametrize(("relation", "level"), [(">", 0), ("<=", "1/3"), ("=", 0)])
def test_rows_are_what_is_computed_directly(relation, level):
    recorder = pr.TrainingRecorder(domain=BOX, relation=relation, level=level, budget=None)
    nets = [random_network((2, n, n, 1), n) for n in (4, 6, 8)]
    for i, net in enumerate(nets):
        row = recorder(net, 10 * i, loss=np.float32(0.5))
        found = pr.levels(net, BOX, superlevel=relation == ">")
        assert row.betti == pr.betti_numbers(net, relation, level, BOX, coarse=False)
        if relation == ">":  # by the bars, another route: 0 is no critical level, so that {F > 0} is as {F ≥ 0}
            assert row.betti == pr.persistence(net, BOX, superlevel=True).betti(0) and 0 not in row.critical_levels
        assert row.regions == pr.count_cells(net, domain=BOX).regions
        assert row.critical_levels == found.critical_levels
        assert all(type(x) is Fraction for x in row.critical_levels)
        assert (row.epoch, row.architecture, row.metrics) == (10 * i, net.architecture, {"loss": 0.5})
        assert set(row.seconds) == {"reading", "betti", "regions", "critical_levels"} and not row.not_computed
    betti = [row.betti for row in recorder.rows]
    assert [row.changed for row in recorder.rows] == [None, betti[1] != betti[0], betti[2] != betti[1]]
    with pytest.raises(AttributeError):
        row.regions = 3


def test_networks_of_one_input_and_without_hidden_layers():
    recorder = pr.TrainingRecorder()
    row = recorder(pr.Network([[[1], [-1]], [[-1, -1]]], [[0, 0], [1]]))  # 1 − |x|
    assert (row.betti, row.regions, row.critical_levels, row.changed) == ((1,), 2, (1,), None)
    row = recorder(pr.Network([[[2]]], [[1]]))
    assert (row.betti, row.regions, row.critical_levels, row.changed) == ((1,), 1, (), False)
    row = recorder(pr.Network([[[0, 0]]], [[-1]]))  # other inputs, and F = −1 everywhere
    assert (row.betti, row.regions, row.changed) == ((0, 0), 1, True)
    assert [row.epoch for row in recorder.rows] == [0, 1, 2] and recorder.changes == (2,)


def test_classes_outputs_and_slices():
    net = random_network((4, 6, 3), 1)
    part = pr.Slice([[0, 0, 0, 0], [1, 0, 0, 1], [0, 1, 1, 0]])
    on_part = part.restrict(net)
    closed = pr.TrainingRecorder(slice=part, relation=">=")(net)
    assert closed.betti == pr.class_betti_numbers(on_part, closed=True) and closed.critical_levels is None
    assert not closed.not_computed and closed.regions == pr.subdivide(on_part).n_regions
    pair = pr.TrainingRecorder(slice=part, output=(2, 0))(net)
    assert pair.betti == pr.betti_numbers(on_part.difference(2, 0))
    assert pair.critical_levels == pr.levels(on_part.difference(2, 0), superlevel=True).critical_levels
    one = pr.TrainingRecorder(slice=part, output=1, quantities="regions")(net)
    assert (one.betti, one.critical_levels, one.asked) == (None, None, ("regions",))
    for options, message in (
        ({"quantities": "critical_levels"}, "3 outputs"),
        ({"classes": False}, "3 outputs"),
        ({"relation": "="}, "classes are open"),
        ({"level": 1}, "have no level"),
        ({"output": 3}, "output 3"),
        ({"domain": BOX}, "dimension 2"),
    ):
        recorder = pr.TrainingRecorder(**options)
        with pytest.raises(pr.InputError, match=message):
            recorder(net)
        assert recorder.rows == ()


def test_flat_domains_and_wrong_settings():
    flat = pr.TrainingRecorder(domain=pr.Domain([[1, -1], [-1, 1], [1, 0], [-1, 0]], [0, 0, 1, 1]))
    net = random_network((2, 5, 1), 3)
    assert flat(net).betti == pr.betti_numbers(net, domain=flat.settings.domain)
    wrong = [("budget", x) for x in (0, -1, float("nan"), True, "1")]
    wrong += [("every", 0), ("every", 1.5), ("quantities", []), ("quantities", "torsion"), ("slice", [[0], [1]])]
    wrong += [("output", (1, 1)), ("output", "x"), ("relation", "≥"), ("level", float("inf")), ("read", 3)]
    for name, value in wrong:
        with pytest.raises(pr.InputError):
            pr.TrainingRecorder(**{name: value})
    with pytest.raises(pr.InputError, match="have no levels"):
        pr.TrainingRecorder(classes=True, quantities="critical_levels")


def test_the_budget_ends_a_call_and_what_is_cheap_survives():
    large = random_network((4, 64, 64, 1), 0)  # some 10⁷ cells
    recorder = pr.TrainingRecorder(budget=0.4, threads=2)
    began = time.perf_counter()
    row = recorder(large, loss=1)
    assert time.perf_counter() - began < 0.4 * 1.2 + 0.3  # the last on a busy machine
    assert (row.betti, row.regions, row.critical_levels, row.changed) == (None, None, None, None)
    assert row.not_computed["betti"] == "its share of the time, 0.2 of 0.4 s, was over"
    assert "not computed" in row.not_computed["critical_levels"] and row.metrics == {"loss": 1}
    # Where the region is far from most cells, its Betti numbers are found in time, and the regions are not.
    far = large.scaled(0.001).shifted(-100)
    row = pr.TrainingRecorder(domain=[(-1, 1)] * 4, budget=0.6)(far)
    assert row.betti == (0, 0, 0, 0) and row.regions is None and "regions" in row.not_computed
    small = random_network((2, 3, 1), 0)
    for budget in (1e-9, 5e-324):
        assert set(pr.TrainingRecorder(budget=budget)(small).not_computed) == {"betti", "regions", "critical_levels"}


def test_limits_of_cells_are_told():
    row = pr.TrainingRecorder(max_cells=500)(random_network((2, 16, 16, 1), 2))
    assert "more than 500 cells" in row.not_computed["regions"]
    assert "were not computed" in row.not_computed["critical_levels"]


def test_ctrl_c_is_passed_on_and_rows_stay():
    recorder = pr.TrainingRecorder(budget=None)
    recorder(random_network((2, 3, 1), 0))
    timer = threading.Timer(0.3, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        recorder(random_network((4, 64, 64, 1), 0))
        time.sleep(5)
    timer.join()
    assert len(recorder.rows) == 1
    assert recorder(random_network((2, 3, 1), 0)).epoch == 1


def test_a_later_error_does_not_end_the_training(monkeypatch):
    broken = [False]

    def read(model):
        if broken[0]:
            raise pr.NetworkError("layer 3: no network")
        return model.scaled(1)

    recorder = pr.TrainingRecorder(read=read)
    broken[0] = True
    with pytest.raises(pr.NetworkError, match="layer 3"):
        recorder(random_network((2, 3, 1), 0))
    broken[0] = False
    first = recorder(random_network((2, 3, 1), 0))
    broken[0] = True
    row = recorder(random_network((2, 3, 1), 0))
    assert row.not_computed == dict.fromkeys(first.asked, "layer 3: no network") and row.architecture is None
    broken[0] = False
    assert recorder(random_network((2, 3, 1), 0)).changed is False  # compared with the last one known
    row = recorder(3, 7)  # the function fails itself: it has no attribute of such a model
    assert row.not_computed["betti"] == "read: AttributeError: 'int' object has no attribute 'scaled'"

    def fault(*_, **__):
        raise pr.VerificationError("signs contradict each other")

    monkeypatch.setattr(quantities, "betti_numbers", fault)
    with pytest.warns(RuntimeWarning, match="betti: signs contradict"):
        row = recorder(random_network((2, 3, 1), 0))
    assert row.betti is None and row.regions is not None
    with pytest.raises(pr.InputError, match="read: expected a function that returns a Network"):
        pr.TrainingRecorder(read=lambda model: 3)(None)
    with pytest.raises(pr.InputError, match="read="):
        pr.TrainingRecorder()(object())


def test_epochs_and_metrics():
    net = random_network((1, 2, 1), 0)
    recorder = pr.TrainingRecorder(every=5, quantities="betti")
    assert [recorder(net, epoch) is None for epoch in range(1, 11)] == [epoch % 5 != 0 for epoch in range(1, 11)]
    assert [row.epoch for row in recorder.rows] == [5, 10]
    assert all(recorder(net) is None for _ in range(4)) and recorder(net).epoch == 15
    for epoch in (15, 3, -1, 1.0, True, "x"):
        with pytest.raises(pr.InputError, match="epoch"):
            recorder(net, epoch)
    recorder.rewind(np.int64(10))
    assert [row.epoch for row in recorder.rows] == [5] and recorder(net, np.int64(10)).changed is False
    large = Fraction(10**400)
    for metrics in ({"loss": "x"}, {"regions": 1}, {"betti_0": 1}, {"loss": [1, 2]}, {"loss": True}, {"loss": large}):
        with pytest.raises(pr.InputError):
            recorder(net, **metrics)
    row = recorder(net, 20, loss=float("nan"), steps=np.int64(3), accuracy=np.array(0.25), part=Fraction(1, 2))
    assert (row.metrics["steps"], row.metrics["accuracy"], row.metrics["part"]) == (3, 0.25, 0.5)
    assert len(recorder.rows) == 3


def test_what_is_shown():
    recorder = pr.TrainingRecorder(domain=BOX)
    assert repr(recorder) == "TrainingRecorder({F > 0}, no rows)"
    recorder(pr.shells((2, 4, 3, 1), [1]))
    row = recorder(pr.shells((2, 8, 3, 1), [1]), loss=0.125)
    assert repr(row) == f"TrainingRow(epoch 1: β = {row.betti}, {row.regions} regions, 2 critical levels, loss = 0.125)"
    assert repr(recorder) == "TrainingRecorder({F > 0}, 2 rows, epochs 0 to 1, 1 change of topology)"
    assert "changed" in recorder._repr_html_() and "2: -1, 1" in recorder._repr_html_()
