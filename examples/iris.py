"""Trains the classifiers iris4.json and iris2.json, and looks at what they have learned, exactly.

Iris versicolor against the other two species of R. A. Fisher's Iris data, from all four measurements and from the
two of the petal: F > 0 where the network says "versicolor". The weights are rounded to float32 once and stored as
they are: a binary floating-point number is a rational number, so polyrelu analyses the very network that was stored.

    pip install "polyrelu[examples]"
    python examples/iris.py            reads the stored networks and reports on them
    python examples/iris.py --train    trains and stores them anew (other versions of scikit-learn may end elsewhere)
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier

import polyrelu as pr

HERE = Path(__file__).parent
VERSICOLOR = 1
# file: (measurements used, hidden layers, seed)
NETWORKS = {"iris4.json": ([0, 1, 2, 3], (8, 8), 1), "iris2.json": ([2, 3], (8, 8), 0)}


def train(name: str) -> None:
    """Fit the network called `name` and write its float32 weights as JSON."""
    columns, hidden, seed = NETWORKS[name]
    iris = load_iris()
    model = MLPClassifier(hidden, activation="relu", solver="lbfgs", alpha=0.01, max_iter=20_000, random_state=seed)
    model.fit(iris.data[:, columns], iris.target == VERSICOLOR)
    inputs = ", ".join(iris.feature_names[column] for column in columns)
    document = {
        "name": name.removesuffix(".json"),
        "note": f"Iris versicolor (F > 0) against setosa and virginica; inputs: {inputs}; float32 weights",
        "weights": [matrix.T.astype(np.float32).tolist() for matrix in model.coefs_],
        "biases": [vector.astype(np.float32).tolist() for vector in model.intercepts_],
    }
    # A float32 is a float64, and Python writes a float64 with digits that are read back to the same one.
    (HERE / name).write_text(json.dumps(document) + "\n", encoding="utf-8")


def report(name: str) -> None:
    """Print how well the stored network does, and the exact shape of the region it calls versicolor."""
    columns, _, _ = NETWORKS[name]
    iris = load_iris()
    net = pr.load(HERE / name)
    flowers = iris.data[:, columns]
    right = sum((net(flower) > 0) == (kind == VERSICOLOR) for flower, kind in zip(flowers, iris.target, strict=True))
    print(f"{name}: {net!r} is right about {right} of {len(flowers)} flowers")
    cx = pr.subdivide(net, level=0)
    for relation in (">", "<="):
        print(f"  {{F {relation} 0}}: {pr.homology(cx.region(relation))}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", action="store_true", help="train the networks and store them anew")
    options = parser.parse_args()
    for name in NETWORKS:
        if options.train:
            train(name)
        report(name)


if __name__ == "__main__":
    main()
