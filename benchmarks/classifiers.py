"""Networks with several outputs: `classify` against one subdivision with all differences of outputs as neurons."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from polyrelu import Network, Slice
from support.known_answers import random_float32


@dataclass(frozen=True)
class Classifier:
    """A seeded random float32 network, or its restriction to a plane through three points with entries 0 and 1."""

    name: str
    architecture: tuple[int, ...]
    plane: bool = False
    level: str = "full"

    def network(self) -> Network:
        """The network."""
        net = random_float32(self.architecture)
        if not self.plane:
            return net
        points = np.random.default_rng(1).integers(0, 2, (3, net.input_dim)).tolist()
        return Slice(points).restrict(net)


CLASSIFIERS = (
    Classifier("2-64-64-10", (2, 64, 64, 10), level="quick"),
    Classifier("3-24-24-5", (3, 24, 24, 5)),
    Classifier("2-512-512-10", (2, 512, 512, 10)),
    Classifier("a plane through 784-1024-1024-10", (784, 1024, 1024, 10), plane=True, level="large"),
)


def with_all_differences(net: Network) -> Network:
    """A network whose last hidden neurons are the differences F_i − F_j, i < j, and whose output is zero."""
    pairs = list(combinations(range(net.output_dim), 2))
    rows = [[int(k == i) - int(k == j) for k in range(net.output_dim)] for i, j in pairs]
    return net.followed_by(Network([rows, [[0] * len(pairs)]], [[0] * len(pairs), [0]]))
