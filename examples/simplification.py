"""Trains twelve small networks, and follows the topology of their classes over the epochs and through the layers.

Two classes each, on data like those of Naitzat, Zhitnikov and Lim (2020): nine discs in a disc, two linked solid tori,
a shell between a ball and a larger shell. Exact Betti numbers by polyrelu stand beside those of samples by GUDHI;
docs/study.md shows and discusses the results.

    pip install "polyrelu[torch]" gudhi
    python examples/simplification.py            of the stored networks: layers and samples, compared with the results
    python examples/simplification.py --train    trains anew, and writes networks and results (other versions of
                                                 PyTorch may end elsewhere)
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import polyrelu as pr

HERE = Path(__file__).parent / "simplification"
RESULTS = HERE / "results.json"
RATE, BOX, SCALE = 0.01, 1.25, 2
EPOCHS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 3000)
"""The epochs at which regions are computed; an epoch is one step of Adam on all data."""
DENSER = ("discs_20-12", "A")
"""Of which class larger samples are taken, too."""
CLOSED = {"A": ">=", "B": "<="}
OPEN = {"A": ">", "B": "<"}


def discs(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A: nine discs. B: a disc without nine larger discs about them."""
    centres = np.array([(x, y) for x in (-0.6, 0, 0.6) for y in (-0.6, 0, 0.6)])
    angle, radius = rng.uniform(0, 2 * np.pi, (9, 30)), 0.16 * np.sqrt(rng.uniform(size=(9, 30)))
    inside = centres[:, None] + np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    x = rng.uniform(-1.2, 1.2, (3000, 2))
    far = np.linalg.norm(x[:, None] - centres, axis=2).min(axis=1) > 0.22
    return inside.reshape(-1, 2), x[far & (np.linalg.norm(x, axis=1) < 1.2)][:700]


def tori(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two solid tori, each through the hole of the other."""
    found = []
    for _ in range(2):
        s, t = rng.uniform(0, 2 * np.pi, (2, 400))
        r = 0.18 * np.sqrt(rng.uniform(size=400))
        wide = 0.75 + r * np.cos(s)
        found.append(np.stack([wide * np.cos(t), wide * np.sin(t), r * np.sin(s)], axis=-1))
    return found[0] - [0.375, 0, 0], found[1][:, [0, 2, 1]] + [0.375, 0, 0]


def shells(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A: a shell. B: a ball inside it and a shell around it."""

    def between(low: float, high: float, n: int) -> np.ndarray:
        x = rng.normal(size=(n, 3))
        return x / np.linalg.norm(x, axis=1)[:, None] * np.cbrt(rng.uniform(low**3, high**3, (n, 1)))

    return between(0.5, 0.7, 400), np.vstack([between(0, 0.3, 80), between(0.9, 1.1, 700)])


class Data(NamedTuple):
    """How to make data, and the Betti numbers of the two sets from which they are drawn."""

    make: Any
    truth: dict[str, tuple[int, ...]]


DATA = {
    "discs": Data(discs, {"A": (9, 0), "B": (1, 9)}),
    "tori": Data(tori, {"A": (1, 1, 0), "B": (1, 1, 0)}),
    "shells": Data(shells, {"A": (1, 0, 1), "B": (2, 0, 1)}),
}
NETWORKS = {
    "discs_20-12": ((20, 12), 2),
    "discs_16-12-8": ((16, 12, 8), 2),
    "discs_12-12-12": ((12, 12, 12), 3),
    "discs_14-10-6": ((14, 10, 6), 0),
    "discs_10-10-10-10": ((10, 10, 10, 10), 1),
    "tori_8-6": ((8, 6), 0),
    "tori_8-4-4": ((8, 4, 4), 2),
    "tori_6-5": ((6, 5), 1),
    "tori_6-4": ((6, 4), 0),
    "shells_8-6": ((8, 6), 0),
    "shells_8-5": ((8, 5), 1),
    "shells_8-4-4": ((8, 4, 4), 2),
}
"""Widths of the hidden layers, and the seed."""


def data_of(name: str) -> dict[str, np.ndarray]:
    """The points of both classes, the same for all networks on them; numbers with 10 bits behind the point."""
    classes = DATA[name.partition("_")[0]].make(np.random.default_rng(20))
    return {key: np.round(points * 1024) / 1024 for key, points in zip("AB", classes, strict=True)}


def train(name: str) -> Iterator[tuple[int, pr.Network]]:
    """The network at each of the epochs, trained on all data at once."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    hidden, seed = NETWORKS[name]
    torch.manual_seed(seed)
    data = data_of(name)
    x = torch.tensor(np.vstack(list(data.values())), dtype=torch.float32)
    y = torch.tensor(np.repeat([1, 0], [len(data["A"]), len(data["B"])]), dtype=torch.float32)
    widths = [x.shape[1], *hidden]
    parts = [part for a, b in pairwise(widths) for part in (nn.Linear(a, b), nn.ReLU())]
    model = nn.Sequential(*parts, nn.Linear(widths[-1], 1))
    optimizer = torch.optim.Adam(model.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS[-1])
    for epoch in range(EPOCHS[-1] + 1):
        if epoch in EPOCHS:
            yield epoch, pr.from_torch(model)
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(model(x)[:, 0], y).backward()
        optimizer.step()
        schedule.step()


def box(net: pr.Network) -> list[tuple[float, float]]:
    """The box in which regions are taken."""
    return [(-BOX, BOX)] * net.input_dim


def layers_of(net: pr.Network, points: np.ndarray) -> list[np.ndarray]:
    """The points, their images after each hidden layer, and the values of F, in doubles."""
    found = [points]
    for i, (weight, bias) in enumerate(zip(net.weights, net.biases, strict=True)):
        z = found[-1] @ np.array(weight, float).T + np.array(bias, float)
        found.append(np.maximum(z, 0) if i < net.depth else z)
    return found


def accuracy(net: pr.Network, data: dict[str, np.ndarray]) -> float:
    """The part of the data on whose side of 0 the network is."""
    right = [layers_of(net, data["A"])[-1] > 0, layers_of(net, data["B"])[-1] < 0]
    return float(np.vstack(right).mean())


def sample_of(net: pr.Network, side: str, n: int) -> np.ndarray:
    """Up to n points of the open class in the box, uniformly: fewer if 200 n points of the box have fewer."""
    x = np.random.default_rng(21).uniform(-BOX, BOX, (200 * n, net.input_dim))
    values = layers_of(net, x)[-1][:, 0]
    return x[values > 0 if side == "A" else values < 0][:n]


def sample_betti(points: np.ndarray, k: int, d: int) -> tuple[int, ...]:
    """The Betti numbers in degrees 0..d of the Vietoris–Rips complex at scale 2, over the field of 2 elements.

    The distance is that in the graph in which two points are neighbours if one is among the k nearest of the other
    (Naitzat, Zhitnikov and Lim); equal points are one.
    """
    import gudhi

    points = np.unique(points, axis=0)
    n = len(points)
    if n == 0:
        return (0,) * (d + 1)
    distance = np.linalg.norm(points[:, None] - points, axis=2)
    near = np.argsort(distance, axis=1, kind="stable")[:, : k + 1]
    graph = np.eye(n, dtype=bool)
    graph[np.arange(n)[:, None], near] = True
    graph |= graph.T
    for _ in range(SCALE - 1):
        graph = graph.astype(np.float32) @ graph.astype(np.float32) > 0
    tree = gudhi.SimplexTree()
    for i in range(n):
        tree.insert([i], 0)
    for i, j in zip(*np.nonzero(np.triu(graph, 1)), strict=True):
        tree.insert([int(i), int(j)], 0)
    tree.collapse_edges(2)
    tree.expansion(d + 1)
    tree.compute_persistence(homology_coeff_field=2, persistence_dim_max=True)
    betti = (tree.betti_numbers() + [0] * (d + 1))[: d + 1]
    return tuple(int(x) for x in betti)


def neighbours(kind: str) -> dict[str, Any]:
    """Those even k with which the data of both classes have the Betti numbers of their sets, and the middle one."""
    points, truth = data_of(kind), DATA[kind].truth
    d = points["A"].shape[1]
    right = [k for k in range(6, 31, 2) if all(sample_betti(points[c], k, d) == (*truth[c], 0) for c in "AB")]
    return {"right": right, "k": right[len(right) // 2]}


def by_layer(net: pr.Network, name: str, k: int) -> dict[str, Any]:
    """The Betti numbers of both classes, of the data and of a sample of the class, for the input and all layers."""
    d = net.input_dim
    found: dict[str, Any] = {"exact": {}, "data": {}, "sample": {}, "points": {}}
    for key, points in data_of(name).items():
        exact = pr.layerwise_homology(net, CLOSED[key], domain=box(net))
        found["exact"][key] = [groups.betti for groups in exact]
        sample = sample_of(net, key, len(points))
        found["points"][key] = len(sample)
        for kind, of in (("data", points), ("sample", sample)):
            found[kind][key] = [sample_betti(images, k, d) for images in layers_of(net, of)[:-1]]
    return found


def denser(name: str, key: str, k: int) -> dict[int, Any]:
    """The Betti numbers of larger samples of a class, by their size."""
    net, n = pr.load(HERE / f"{name}.npz"), len(data_of(name)[key])
    found = {}
    for size in (n, 4 * n, 8 * n):
        images = layers_of(net, sample_of(net, key, size))[:-1]
        found[size] = [sample_betti(points, k, net.input_dim) for points in images]
    return found


def study(name: str, k: int, anew: bool) -> dict[str, Any]:
    """The results for one network, trained anew or stored."""
    found: dict[str, Any] = {}
    if anew:
        found["epochs"] = {"A": [], "B": []}
        for _, net in train(name):
            for key, relation in OPEN.items():
                found["epochs"][key].append(pr.betti_numbers(net, relation, domain=box(net)))
        pr.save(net, HERE / f"{name}.npz")
    net = pr.load(HERE / f"{name}.npz")
    found["accuracy"] = round(accuracy(net, data_of(name)), 4)
    return found | by_layer(net, name, k)


def shown(betti: Any) -> str:
    """Betti numbers without zeros at the end, but β_0 and β_1 in any case."""
    numbers = list(betti)
    while len(numbers) > 2 and not numbers[-1]:
        numbers.pop()
    return " ".join(map(str, numbers))


def table_of_layers(results: dict[str, Any]) -> str:
    """Exact and sampled Betti numbers by layers, in Markdown."""
    rows = ["| network | class | exact | data | sample |", "| --- | --- | --- | --- | --- |"]
    for name, found in results["networks"].items():
        for key in "AB":
            cells = [" → ".join(map(shown, found[kind][key])) for kind in ("exact", "data", "sample")]
            rows.append(f"| {name.replace('_', ' ')} | {key} | {' | '.join(cells)} |")
    return "\n".join(rows)


def table_of_epochs(results: dict[str, Any]) -> str:
    """Exact Betti numbers of the open classes where they differ from those of the epoch before, in Markdown."""
    rows = ["| network | accuracy | {F > 0} | {F < 0} |", "| --- | --- | --- | --- |"]
    for name, found in results["networks"].items():
        cells = []
        for key in "AB":
            numbers = found["epochs"][key]
            new = [i for i in range(len(numbers)) if not i or numbers[i] != numbers[i - 1]]
            cells.append(", ".join(f"**{EPOCHS[i]}:** {shown(numbers[i])}" for i in new))
        rows.append(f"| {name.replace('_', ' ')} | {found['accuracy']:.1%} | {' | '.join(cells)} |")
    return "\n".join(rows)


def table_of_agreement(results: dict[str, Any]) -> str:
    """For how many classes of networks data and sample have the exact Betti numbers, by layer, in Markdown."""
    rows = ["| set | classes | data | sample | data, β₀ | sample, β₀ |", "| --- | --- | --- | --- | --- | --- |"]
    cases = [(found, key) for found in results["networks"].values() for key in "AB"]
    for layer, title in enumerate(("X", "φ₁(X)", "φ₂(X)", "φ₃(X)", "φ₄(X)")):
        there = [(found, key) for found, key in cases if layer < len(found["exact"][key])]
        row = [len(there)]
        for same in (lambda a, b: shown(a) == shown(b), lambda a, b: a[0] == b[0]):
            for kind in ("data", "sample"):
                row.append(sum(same(f["exact"][key][layer], f[kind][key][layer]) for f, key in there))
        rows.append(f"| {title} | {' | '.join(map(str, row))} |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", action="store_true", help="train the networks and store them and the results anew")
    options = parser.parse_args()
    for module in ("gudhi", "torch") if options.train else ("gudhi",):
        if find_spec(module) is None:
            parser.error(f"{module} is needed: pip install 'polyrelu[torch]' gudhi")
    stored = None if options.train else json.loads(RESULTS.read_text(encoding="utf-8"))
    chosen = {kind: neighbours(kind) for kind in DATA}
    networks = {}
    for name in NETWORKS:
        found = study(name, chosen[name.partition("_")[0]]["k"], options.train)
        networks[name] = json.loads(json.dumps(found))
        print(name, {key: " → ".join(map(shown, found["exact"][key])) for key in "AB"}, flush=True)
        if stored is not None:
            before = stored["networks"][name]
            print("  as stored" if before == before | networks[name] else "  not as stored")
    if stored is None:
        larger = denser(*DENSER, chosen[DENSER[0].partition("_")[0]]["k"])
        results = {"epochs": EPOCHS, "neighbours": chosen, "networks": networks, "denser": larger}
        RESULTS.write_text(json.dumps(results) + "\n", encoding="utf-8")
        stored = results
    print(table_of_epochs(stored), table_of_layers(stored), table_of_agreement(stored), sep="\n\n")
    print(f"\nlarger samples of {DENSER}: {stored['denser']}")


if __name__ == "__main__":
    main()
