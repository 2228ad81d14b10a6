"""Classifiers trained on scikit-learn's handwritten digits, and their images: what happens near them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from polyrelu import Network

NORMS = ("inf", 1, 2)
FACTORS = (8, 32, 64)
"""Radii of balls, as multiples of the largest one in which no neuron changes sign."""
SHARES = (0.001, 0.01, 0.1)
"""Images whose class may change nearby: how many of all have a smaller difference of the two largest outputs."""
MAX_CELLS = 20_000
MAX_POLYHEDRA = 200


@dataclass(frozen=True)
class Digits:
    """A perceptron, trained by PyTorch in 40 epochs on the first four fifths of 1797 images of 8 × 8, grey from 0 to 1.

    For 784 inputs each pixel becomes 3 × 3 of them within a margin of 2.
    """

    name: str
    architecture: tuple[int, ...]
    level: str = "full"

    def images(self) -> Any:
        """The images as rows of integers, sixteen times the grey values."""
        from sklearn.datasets import load_digits

        images = load_digits().images.astype(np.int64)
        if self.architecture[0] == 784:
            images = np.pad(np.kron(images, np.ones((1, 3, 3), np.int64)), ((0, 0), (2, 2), (2, 2)))
        return images.reshape(len(images), -1)

    def trained(self) -> tuple[Network, float, list[int]]:
        """(the network, its share of right answers for the other images, all images: those first that it doubts)."""
        import torch
        from sklearn.datasets import load_digits

        torch.set_num_threads(1)
        torch.manual_seed(0)
        layers: list[torch.nn.Module] = []
        for m, n in pairwise(self.architecture):
            layers += [torch.nn.Linear(m, n), torch.nn.ReLU()]
        model = torch.nn.Sequential(*layers[:-1])
        optimizer = torch.optim.Adam(model.parameters(), 1e-3)
        inputs, labels = torch.tensor(self.images() / 16, dtype=torch.float32), torch.tensor(load_digits().target)
        train = len(inputs) * 4 // 5
        for _ in range(40):
            for batch in torch.randperm(train).split(32):
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(inputs[batch]), labels[batch]).backward()
                optimizer.step()
        outputs = model(inputs).detach()
        right = (outputs.argmax(dim=1) == labels)[train:].float().mean().item()
        largest = outputs.topk(2, dim=1).values
        doubted = torch.argsort(largest[:, 0] - largest[:, 1]).tolist()
        parameters = [p.detach().numpy() for p in model.parameters()]
        return Network(parameters[::2], parameters[1::2]), right, doubted


def exact_image(row: Any) -> list[Fraction]:
    """An image as a point."""
    return [Fraction(int(v), 16) for v in row]


def root_below(square: Fraction) -> Fraction:
    """A rational number that is hardly less than the root."""
    return Fraction(float(square) ** 0.5 * (1 - 1e-12))


DIGITS = (
    Digits("64-32-16-10", (64, 32, 16, 10), level="quick"),
    Digits("784-128-64-10", (784, 128, 64, 10)),
)
