"""Models of PyTorch and scikit-learn while they are trained: read as they are, and left as they are."""

from __future__ import annotations

import copy
import random

import numpy as np
import pytest

import polyrelu as pr

BOX = [(-2, 2), (-2, 2)]


def data(n=60, d=2):
    points = np.random.default_rng(0).uniform(-2, 2, (n, d)).astype(np.float32)
    return points, (np.linalg.norm(points, axis=1) < 1.2).astype(int)


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def test_a_loop_of_pytorch_is_the_same_with_and_without_a_recorder(torch, monkeypatch):
    nn = torch.nn
    points, labels = (torch.from_numpy(x) for x in data())
    seeded = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)  # of generators on other devices

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.norm, self.last = nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Linear(8, 1)

        def forward(self, x):
            noise = torch.rand(()) * 0  # a draw in the forward
            return self.last(nn.functional.dropout(torch.relu(self.norm(self.first(x))), 0.2, self.training)) + noise

    def trained(recorder):
        torch.manual_seed(3)
        random.seed(3)
        np.random.seed(3)
        seeded.clear()
        model = Model()
        optimizer = torch.optim.Adam(model.parameters(), 0.05)
        for epoch in range(4):
            optimizer.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(model(points)[:, 0], labels.float()).backward()
            if recorder is not None:
                seeded.clear()
                gradients = [p.grad.clone() for p in model.parameters()]
                row = recorder(model, epoch)
                assert not seeded and model.training and model.norm.training
                assert all(p.grad.equal(g) for p, g in zip(model.parameters(), gradients, strict=True))
                net = pr.from_torch(copy.deepcopy(model).eval())
                assert row.betti == pr.betti_numbers(net, domain=BOX) and row.architecture == (2, 8, 1)
                assert row.regions == pr.subdivide(net, domain=BOX).n_regions
            optimizer.step()
        return model.state_dict(), torch.rand(3), random.random(), np.random.rand()

    recorder = pr.TrainingRecorder(domain=BOX)
    (one, *drawn), (other, *again) = trained(None), trained(recorder)
    assert one.keys() == other.keys() and all(one[name].equal(other[name]) for name in one)
    assert drawn[0].equal(again[0]) and drawn[1:] == again[1:]
    assert "training mode" in recorder.assumptions[0] and len(recorder.rows) == 4


def test_wrong_models_of_pytorch(torch):
    nn = torch.nn
    recorder = pr.TrainingRecorder()
    with pytest.raises(pr.NetworkError, match=r"layer '1' \(Tanh\)"):
        recorder(nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)))
    with pytest.raises(pr.InputError, match="dimension 1"):
        pr.TrainingRecorder(domain=[(0, 1)])(nn.Linear(2, 1))
    assert recorder.rows == ()
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    assert recorder(model).architecture == (2, 3, 1)
    with torch.no_grad():
        model[0].weight[1, 0] = float("nan")
    row = recorder(model)
    assert (row.betti, row.architecture, row.changed) == (None, None, None)
    assert all("layer '0' (Linear)" in why and "nan" in why for why in row.not_computed.values())
    assert recorder(nn.Linear(2, 1), 7).architecture == (2, 1)  # another model in the same run
    assert "Tanh" in recorder(nn.Sequential(nn.Linear(2, 3), nn.Tanh()), 8).not_computed["betti"]
    first = pr.TrainingRecorder()
    assert first(model).regions is None  # not finite from the beginning: no reason to end a training
    wide = nn.Sequential(nn.Linear(400, 400), nn.ReLU(), nn.Linear(400, 1))
    row = pr.TrainingRecorder(budget=0.02)(wide)
    assert row.not_computed["regions"] == "reading the model took longer than the budget of 0.02 s"


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_partial_fit_of_scikit_learn():
    pytest.importorskip("sklearn")
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    points, labels = data(d=3)
    part = pr.Slice([[0, 0, 0], [1, 0, 0], [0, 1, 0]])

    def trained(kind, targets, recorder, **first):
        model = kind(hidden_layer_sizes=(6,), random_state=1, learning_rate_init=0.03)
        for epoch in range(3):
            model.partial_fit(points, targets, **(first if not epoch else {}))
            if recorder is not None:
                row = recorder(model, epoch, loss=model.loss_)
                assert row.metrics == {"loss": float(model.loss_)}
                net = part.restrict(pr.from_sklearn(model))
                direct = pr.class_betti_numbers if net.output_dim > 1 else pr.betti_numbers
                assert row.betti == direct(net, domain=BOX)
        return [array.tobytes() for array in (*model.coefs_, *model.intercepts_)]

    three = labels + (points[:, 0] > 1.5)
    for kind, targets, first in (
        (MLPClassifier, labels, {"classes": [0, 1]}),
        (MLPClassifier, three, {"classes": [0, 1, 2]}),
        (MLPRegressor, labels - 0.5, {}),
    ):
        recorder = pr.TrainingRecorder(slice=part, domain=BOX)
        assert trained(kind, targets, None, **first) == trained(kind, targets, recorder, **first)
        assert len(recorder.rows) == 3
    with pytest.raises(pr.NetworkError, match="not fitted"):
        pr.TrainingRecorder()(MLPClassifier())
