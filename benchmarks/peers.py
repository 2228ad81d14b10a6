"""Other programs on the same networks: the sets of regions they find, and the time they take.

Each is given a network and returns the CPU seconds and the regions as a set of activation patterns. What comes back as
numbers is not trusted to be exact: a region found by floating-point arithmetic is represented by a point inside it, at
which the pattern is taken exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from importlib.metadata import version
from math import lcm
from typing import Any, NamedTuple

import numpy as np

from benchmarks.measure import cpu
from polyrelu import Network

Pattern = tuple[bool, ...]
HALF_WIDTH = 4  # of the square for programs that need a bounded domain


class Peer(NamedTuple):
    """name and distribution (on PyPI); what it computes; whether it is confined to a square in the plane."""

    name: str
    distribution: str
    what: str
    run: Callable[[Network], tuple[float, set[Pattern]]]
    square: bool = False


def pattern_at(network: Network, point: Any) -> Pattern:
    """The activation pattern at a point, exactly."""
    return tuple(value > 0 for layer in network.preactivations(point) for value in layer)


def ppl_regions(network: Network) -> tuple[float, set[Pattern]]:
    """Regions split neuron by neuron with the exact polyhedra of the Parma Polyhedra Library."""
    import ppl

    x = [ppl.Variable(i) for i in range(network.input_dim)]

    def split(polyhedron: Any, pattern: Pattern, forms: list[list[Fraction]], layer: int, found: set[Pattern]) -> None:
        if layer == network.depth:
            found.add(pattern)
            return
        before = [
            [b + sum(w * form[0] for w, form in zip(row, forms, strict=True))]
            + [sum(w * form[i] for w, form in zip(row, forms, strict=True)) for i in range(1, len(x) + 1)]
            for row, b in zip(network.weights[layer], network.biases[layer], strict=True)
        ]
        parts = [(polyhedron, ())]
        for form in before:
            scale = lcm(*(c.denominator for c in form))
            value = sum((int(c * scale) * v for c, v in zip(form[1:], x, strict=True)), ppl.Linear_Expression(0))
            value += int(form[0] * scale)
            parts = [part for whole, signs in parts for part in halves(whole, signs, value)]
        for part, signs in parts:
            after = [f if active else [Fraction(0)] * len(f) for f, active in zip(before, signs, strict=True)]
            split(part, pattern + signs, after, layer + 1, found)

    def halves(polyhedron: Any, signs: Pattern, value: Any) -> list[tuple[Any, Pattern]]:
        """The parts of full dimension; one that lies in {value = 0} or below it is inactive."""
        if polyhedron.relation_with(value <= 0).implies(ppl.Poly_Con_Relation.is_included()):
            return [(polyhedron, (*signs, False))]
        if polyhedron.relation_with(value >= 0).implies(ppl.Poly_Con_Relation.is_included()):
            return [(polyhedron, (*signs, True))]
        other = ppl.C_Polyhedron(polyhedron)
        other.add_constraint(value <= 0)
        polyhedron.add_constraint(value >= 0)
        return [(polyhedron, (*signs, True)), (other, (*signs, False))]

    def run() -> set[Pattern]:
        found: set[Pattern] = set()
        start = [[Fraction(int(i == j)) for j in range(len(x) + 1)] for i in range(1, len(x) + 1)]
        split(ppl.C_Polyhedron(len(x), "universe"), (), start, 0, found)
        return found

    found, seconds = cpu(run)
    return seconds, found


def _float_layers(network: Network, dtype: type) -> list[tuple[Any, Any]]:
    pairs = zip(network.weights, network.biases, strict=True)
    return [(np.array(w, dtype=dtype), np.array(b, dtype=dtype)) for w, b in pairs]


def relucent_regions(network: Network) -> tuple[float, set[Pattern]]:
    """Breadth-first search over regions by linear programs in floating-point arithmetic.

    Neurons without weights, which it refuses, are taken out (in shells they have no bias either); it starts in the
    cube where shells fold.
    """
    import relucent
    from relucent.model.model import LinearLayer, ReLULayer, ReLUNetwork

    layers: list[Any] = []
    working = [np.array([any(row) for row in w], dtype=bool) for w in network.weights]
    inputs = np.ones(network.input_dim, dtype=bool)
    for (w, b), outputs in zip(_float_layers(network, np.float64), working, strict=True):
        layers += [LinearLayer(w[np.ix_(outputs, inputs)], b[outputs]), ReLULayer()]
        inputs = outputs
    start = np.random.default_rng(0).random((1, network.input_dim))

    def run() -> Any:
        complex_ = relucent.Complex(ReLUNetwork(layers[:-1]))
        complex_.bfs(start=start, nworkers=1, verbose=0)
        return complex_

    complex_, seconds = cpu(run)
    hidden = np.concatenate(working[:-1])
    found = set()
    for cell in complex_:
        pattern = np.zeros(len(hidden), dtype=bool)
        pattern[hidden] = np.ravel(cell.ss_np) > 0
        found.add(tuple(pattern.tolist()))
    return seconds, found


def affinitree_regions(network: Network) -> tuple[float, set[Pattern]]:
    """A decision tree in doubles, from which branches that a linear program finds empty are left out.

    Each leaf with an interior is represented by the centre of a largest ball in it, or in a part of it that is bounded.
    """
    import affinitree
    from scipy.optimize import linprog

    layers = _float_layers(network, np.float64)
    architecture = affinitree.Architecture(network.input_dim)
    for i, (w, b) in enumerate(layers):
        if i:
            architecture.relu()
        architecture.linear(affinitree.AffFunc.from_mats(w, b))

    def run() -> Any:
        return affinitree.builder.from_layers(architecture)

    tree, seconds = cpu(run)
    found = set()
    for _, node, polytope in tree.polyhedra():
        if not node.is_terminal():
            continue
        a, b = polytope.to_Axleqb()
        radii = np.linalg.norm(a, axis=1, keepdims=True)
        bounds = [(-1e6, 1e6)] * network.input_dim + [(0, 1)]
        ball = linprog([*[0] * network.input_dim, -1], A_ub=np.hstack([a, radii]), b_ub=b, bounds=bounds)
        if ball.success and ball.x[-1] > 0:
            found.add(pattern_at(network, ball.x[:-1]))
    return seconds, found


def regioncam_regions(network: Network) -> tuple[float, set[Pattern]]:
    """Half-edge subdivision of a square in single precision."""
    import regioncam

    layers = _float_layers(network, np.float32)

    def run() -> Any:
        cam = regioncam.Regioncam(size=float(HALF_WIDTH))
        for w, b in layers[:-1]:
            cam.linear(np.ascontiguousarray(w.T), b)
            cam.relu()
        return cam

    cam, seconds = cpu(run)
    vertices = np.asarray(cam.vertex_inputs, dtype=np.float64)
    return seconds, {pattern_at(network, vertices[list(face.vertex_ids)].mean(axis=0)) for face in cam.faces}


PEERS = (
    Peer("PPL splitter", "pplpy", "regions, exact", ppl_regions),
    Peer("relucent", "relucent", "regions and adjacency, doubles, LPs", relucent_regions),
    Peer("affinitree", "affinitree", "regions as a decision tree, doubles, LPs", affinitree_regions),
    Peer("regioncam", "regioncam", "all faces in a square, single precision", regioncam_regions, square=True),
)

PEER_CASES = {
    "PPL splitter": {
        "quick": ("random 2-16-16-1", "shells 2-8-6-1 c=2"),
        "full": ("random 3-16-16-1", "random 2-8×10-1", "random 6-8-4-1", "shells 3-6-6-4-1 c=2,2"),
        "large": ("random 3-32-32-1", "random 2-64-64-64-1"),
    },
    "relucent": {
        "quick": ("random 2-16-16-1",),
        "full": ("random 3-16-16-1", "shells 2-8-6-1 c=2"),
        "large": ("random 3-32-32-1",),
    },
    "affinitree": {
        "quick": ("random 2-16-16-1", "shells 2-8-6-1 c=2"),
        "full": ("random 3-16-16-1", "random 2-8×10-1", "random 6-8-4-1"),
        "large": ("random 2-64-64-64-1",),
    },
    "regioncam": {
        "quick": ("random 2-16-16-1", "random 2-8×10-1", "shells 2-8-6-1 c=2"),
        "full": ("random 2-64-64-64-1", "random 2-16×8-1", "shells 2-16-16-6-1 c=5"),
        "large": (),
    },
}
"""The cases each is given, by the level from which on they run."""


def installed_version(distribution: str) -> str | None:
    """The version that is installed, or None."""
    try:
        return version(distribution)
    except ImportError:  # PackageNotFoundError
        return None
