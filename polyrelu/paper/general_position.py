"""General position over a polytope: which neurons vanish at which vertices of a complex, and where that is too many.

The neurons that count here are those with a bend (slope ≠ 1), layer by layer as the subdivision takes them, and last,
with a level, the output, for F − t. No neuron vanishes at a vertex of the complex before it if and only if at every
vertex of C(F, t) exactly as many neurons vanish as the face of the polytope around it has dimensions. The lemma and its
proof are in docs/stability.md, section "General position".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from polyrelu.exact.linear import independent_rows
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.network.intervals import OutputBounds
from polyrelu.network.network import Network

Neuron = tuple[int, int]
"""(layer, number within the layer), both counted from 1; the output is number 1 of the last layer."""

Wall = tuple[int, ...]
"""b + a·x ≥ 0 as (b, a₁, …, a_d)."""


@dataclass(frozen=True)
class Incidence:
    """The neurons and walls that vanish at the vertices of a complex C(F, t) over a polytope.

    Attributes
    ----------
    neurons : tuple
        The N hidden neurons, layer by layer, and the output.
    bends : array of bool, N + 1
        Which of them have a bend: all but those of slope 1.
    signs : array of int8, n × (N + 1)
        The signs of all neurons with a bend at every vertex; 0 for the others.
    walls : array of int64, n
        For every vertex, the index of its entry in `wall_sets`.
    wall_sets : tuple
        Maximal linearly independent sets of walls of K that hold with equality at some vertex.
    """

    neurons: tuple[Neuron, ...]
    bends: npt.NDArray[np.bool_]
    signs: npt.NDArray[np.int8]
    walls: npt.NDArray[np.int64]
    wall_sets: tuple[tuple[Wall, ...], ...]

    @property
    def vanishing(self) -> npt.NDArray[np.bool_]:
        """For every vertex, which neurons with a bend vanish there."""
        return np.asarray((self.signs == 0) & self.bends, dtype=np.bool_)

    def face_dimensions(self, input_dim: int) -> npt.NDArray[np.int64]:
        """For every vertex v the dimension of the face G(v)."""
        return np.array([input_dim - len(rows) for rows in self.wall_sets], dtype=np.int64)[self.walls]

    def obstruction(self, input_dim: int) -> tuple[int, int] | None:
        """The first neuron that vanishes at a vertex of the complex before it, by the lemma; None if there is none.

        It is returned as (vertex, index in `neurons`), with the first such vertex.
        """
        excess = np.cumsum(self.vanishing, axis=1) > self.face_dimensions(input_dim)[:, None]
        first = np.where(excess.any(axis=1), excess.argmax(axis=1), len(self.neurons))
        vertex = int(first.argmin())
        return None if first[vertex] == len(self.neurons) else (vertex, int(first[vertex]))


def incidence(cx: PolyhedralComplex) -> Incidence:
    """The incidence of neurons and walls with the vertices of a complex C(F, t) over a polytope. Exact.

    A neuron with both signs on regions around a vertex vanishes there. Otherwise its sign at the vertex is that of the
    regions or zero: decided by interval arithmetic (`OutputBounds`) where that suffices, else in rational numbers.
    """
    net, d = cx.network, cx.input_dim
    widths = net.architecture[1:]
    neurons = tuple((layer, i + 1) for layer, width in enumerate(widths, 1) for i in range(width))
    bends = np.array([a != 1 for layer in net.slopes for a in layer] + [True])
    signs = np.zeros((cx.n_vertices, len(neurons)), dtype=np.int8)
    around = cx.region_signs()
    width = around.shape[1]
    above, below = (_unpack(cx.united_masks(np.packbits(around * s > 0, axis=1)), width) for s in (1, -1))
    signs[:, bends] = np.where(above & below, 0, above.astype(np.int8) - below.astype(np.int8))

    points, error = cx.enclosures()
    radii = np.broadcast_to(error[:, None], points.shape)
    certain = signs == 0
    starts = [0, *accumulate(widths)]
    for layer in range(len(widths)):
        part = Network(net.weights[: layer + 1], net.biases[: layer + 1], net.slopes[:layer])
        if layer == net.depth:
            part = part.shifted(-_level(cx))
        lower, upper = OutputBounds(part)(points, radii)
        certain[:, starts[layer] : starts[layer + 1]] |= (lower > 0) | (upper < 0)
    for v in np.flatnonzero(~certain.all(axis=1)):
        values = [x for layer in vertex_values(cx, int(v)) for x in layer]
        signs[v] = [(x > 0) - (x < 0) if bent else 0 for x, bent in zip(values, bends, strict=True)]

    rows = cx.domain.half_spaces() if cx.domain is not None else ()
    number: dict[tuple[int, ...], int] = {(): 0}
    walls = np.zeros(cx.n_vertices, dtype=np.int64)
    for v in np.flatnonzero(cx.on_boundary(0)):
        x = cx.homogeneous(int(v))
        tight = tuple(i for i, row in enumerate(rows) if not sum(a * c for a, c in zip(row, x, strict=True)))
        walls[v] = number.setdefault(tight, len(number))
    sets = tuple(tuple(rows[tight[i]] for i in _independent([rows[j] for j in tight])) for tight in number)
    assert all(len(chosen) <= d for chosen in sets)
    return Incidence(neurons, bends, signs, walls, sets)


def vertex_values(cx: PolyhedralComplex, v: int) -> tuple[tuple[Fraction, ...], ...]:
    """The values of all neurons at vertex v of C(F, t), layer by layer, before their activation; last F − t. Exact."""
    point = cx.vertex(v)
    output = cx.network(point)
    assert isinstance(output, Fraction)
    return (*cx.network.preactivations(point), (output - _level(cx),))


def _level(cx: PolyhedralComplex) -> Fraction:
    assert cx.level is not None
    return cx.level


def _independent(rows: Sequence[Wall]) -> list[int]:
    return independent_rows([row[1:] for row in rows]) if rows else []


def _unpack(masks: npt.NDArray[np.uint8], width: int) -> npt.NDArray[np.bool_]:
    return np.unpackbits(masks, axis=1, count=width).astype(np.bool_)
