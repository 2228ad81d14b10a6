"""Networks whose complexes and homology are known: stored cases, shell networks, and seeded random networks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from polyrelu.network.network import Network

CASES = Path(__file__).parents[1] / "cases"


class Case(NamedTuple):
    """A network and what an independent exact reference found; see cases/README.md."""

    name: str
    network: Network
    expected: dict[str, Any]

    def __repr__(self) -> str:
        return self.name


def cases() -> list[Case]:
    documents = [(path.stem, json.loads(path.read_text())) for path in sorted(CASES.glob("*.json"))]
    return [Case(name, Network.from_dict(d["network"]), d["expected"]) for name, d in documents]


def shells(architecture: Sequence[int], cuts: Sequence[int]) -> Network:
    """Nested shells: fold the cube in every hidden layer but the last, then cut corners with zigzags.

    All hidden layers but the last fold each coordinate m = 2 floor(n / 2d) times; the last has cuts[k-1] neurons for
    the corner p_k = (0, ..., 0, 1) of the first k+1 coordinates. {F > 0} has, for M the product of the m,
    beta_0 = sum_k (M/2+1)^k (M/2) ceil(c_k/2) and beta_k = (M/2-1)^k (M/2) floor(c_k/2).
    """
    d, *hidden, _ = architecture
    one, zero = Fraction(1), Fraction(0)
    folded = [[one * (i == j) for j in range(d)] for i in range(d)]  # rows: coordinates read off the layer before
    weights, biases = [], []
    for n in hidden[:-1]:
        m = 2 * (n // (2 * d))
        weights.append([folded[i] for i in range(d) for _ in range(m)] + [[zero] * len(folded[0])] * (n - d * m))
        biases.append([Fraction(-j, m) for _ in range(d) for j in range(m)] + [zero] * (n - d * m))
        zigzag = [Fraction(m)] + [Fraction(2 * m * (-1) ** j) for j in range(1, m)]
        folded = [[zigzag[p - i * m] if 0 <= p - i * m < m else zero for p in range(n)] for i in range(d)]
    rows, offsets, output = [], [], []
    for k, c in enumerate(cuts, start=1):
        minus_s = [folded[k][p] - sum(folded[i][p] for i in range(k)) for p in range(len(folded[0]))]
        for i in range(1, c + 1):
            rows.append(minus_s)
            offsets.append(Fraction(c + 1 - i, 2 * (c + 1)) - 1)
            output.append(4 * (c + 1) * (one if i == 1 else Fraction(2 * (-1) ** (i + 1))))
    if len(hidden) == 2:  # one fold leaves the coordinates free outside the cube
        rows += [[-v for v in row] for row in folded]
        offsets += [zero] * d
        output += [Fraction(-10000)] * d
    idle = hidden[-1] - len(rows)
    weights += [rows + [[zero] * len(folded[0])] * idle, [output + [zero] * idle]]
    biases += [offsets + [zero] * idle, [Fraction(-1)]]
    return Network(weights, biases)


class Shells(NamedTuple):
    """A shell network with the Betti numbers of {F > 0} and the f-vector of C(F, 0), where it is known."""

    architecture: tuple[int, ...]
    cuts: tuple[int, ...]
    betti: tuple[int, ...]
    f_vector: tuple[int, ...] | None


SHELLS = [
    Shells((2, 8, 6, 1), (2,), (6, 2), (115, 250, 136)),
    Shells((2, 4, 4, 4, 1), (2,), (6, 2), (105, 236, 132)),
    Shells((2, 8, 4, 3, 1), (3,), (40, 12), (513, 1092, 580)),
    Shells((3, 6, 6, 4, 1), (2, 2), (24, 2, 2), (861, 2978, 3484, 1368)),
    Shells((3, 6, 6, 6, 1), (3, 3), (48, 2, 2), (1229, 4242, 4956, 1944)),
    Shells((4, 8, 10, 1), (2, 2, 2), (14, 0, 0, 0), (1364, 6566, 11805, 9404, 2802)),
]
LARGE_SHELLS = [
    Shells((2, 16, 16, 6, 1), (5,), (3168, 1984), None),
    Shells((4, 16, 12, 1), (2, 2, 4), (132, 2, 2, 4), None),
]


def random_float32(architecture: Sequence[int], seed: int = 0) -> Network:
    """Layer by layer weights N(0, 1) / sqrt(fan-in), then biases N(0, 1) / 2, drawn as doubles, rounded to float32."""
    rng = np.random.default_rng(seed)
    weights, biases = [], []
    for m, n in pairwise(architecture):
        weights.append((rng.standard_normal((n, m)) / np.sqrt(m)).astype(np.float32))
        biases.append((rng.standard_normal(n) / 2).astype(np.float32))
    return Network(weights, biases)


# Numbers of d-cells of C(F, 0) of `random_float32(architecture)`.
REGION_COUNTS = {
    (2, 16, 16, 1): 518,
    (2, 32, 32, 32, 1): 4682,
    (3, 16, 1): 791,
    (3, 16, 16, 1): 4960,
    (3, 32, 32, 1): 50424,
    (4, 12, 12, 1): 15792,
    (5, 10, 10, 1): 31310,
}
RANDOM_3_16_16_F_VECTOR = (4458, 13847, 14348, 4960)
