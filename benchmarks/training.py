"""The cost of a recorder of training, beside an epoch of the training itself: python -m benchmarks.training

Networks of PyTorch on 1000 points in batches of 32, one thread. A row is the median of the epochs from the third on.
"""

from __future__ import annotations

import statistics
import time
from itertools import pairwise

import torch
from torch import nn

import polyrelu as pr

EPOCHS = 12
POINTS = 1000
BATCH = 32


def model_of(widths: tuple[int, ...]) -> nn.Sequential:
    """A perceptron with ReLUs."""
    layers: list[nn.Module] = []
    for m, n in pairwise(widths):
        layers += [nn.Linear(m, n), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def measure(widths: tuple[int, ...]) -> str:
    """A row of the table."""
    torch.manual_seed(0)
    model = model_of(widths)
    d, classes = widths[0], widths[-1]
    points = torch.rand(POINTS, d) * 2 - 1
    labels = (points[:, :2].norm(dim=1) * 5).long() % max(classes, 2)
    part = None if d <= 3 else pr.Slice([points[i].tolist() for i in range(3)])
    recorder = pr.TrainingRecorder(slice=part, domain=[(-2, 2)] * min(d, 3 if part is None else 2))
    optimizer = torch.optim.Adam(model.parameters(), 0.003)
    epochs, calls = [], []
    for _ in range(EPOCHS):
        began = time.perf_counter()
        for batch in torch.randperm(POINTS).split(BATCH):
            optimizer.zero_grad()
            out = model(points[batch])
            if classes == 1:
                loss = nn.functional.binary_cross_entropy_with_logits(out[:, 0], labels[batch].float())
            else:
                loss = nn.functional.cross_entropy(out, labels[batch])
            loss.backward()
            optimizer.step()
        trained = time.perf_counter()
        recorder(model)
        epochs.append(trained - began)
        calls.append(time.perf_counter() - trained)
    rows = recorder.rows[2:]
    assert not any(row.not_computed for row in rows)
    names = ("reading", "betti", "regions", "critical_levels")
    parts = [statistics.median(row.seconds.get(name, 0.0) for row in rows) for name in names]
    regions = statistics.median(row.regions or 0 for row in rows)
    times = [statistics.median(epochs[2:]), statistics.median(calls[2:]), *parts]
    name = "-".join(map(str, widths)) + (", in a plane" if part is not None else "")
    return f"| {name} | {regions:.0f} | " + " | ".join(f"{1000 * x:.0f}" if x else "-" for x in times) + " |"


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    print("| network | regions | an epoch, ms | a call, ms | reading | Betti numbers | regions | critical levels |")
    print("|:--|--:|--:|--:|--:|--:|--:|--:|")
    for widths in ((2, 16, 16, 1), (2, 64, 64, 1), (3, 32, 32, 1), (784, 64, 10)):
        print(measure(widths))


if __name__ == "__main__":
    main()
