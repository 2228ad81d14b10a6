"""CutTree: the domain cut into parts by hyperplanes, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from heapq import heappop, heappush
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.exact.rational import primitive
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.subdivision import subdivided
from polyrelu.network.network import Network

Form = tuple[int, ...]
"""An affine form (b, a) on R^d, b + a·x, with integers."""
Leaves = tuple[int, ...]

MAX_CELLS_TO_CHOOSE = 300_000
"""Maximum number of regions of the arrangement by which hyperplanes are chosen; see `_arrangement`."""

REGIONS_A_PART = 500
"""So many regions of it for each part tell how to balance them; more take time."""


@dataclass(frozen=True)
class Node:
    """A cut: the number of its hyperplane, and the nodes on the sides where its form is ≤ 0 and ≥ 0.

    A node ≥ 0 is the number of another cut; leaf i is −1 − i.
    """

    form: int
    minus: int
    plus: int


@dataclass(frozen=True)
class CutTree:
    """A binary tree of cuts of R^d, or of a domain, by hyperplanes. Its leaves are closed polyhedra, the parts.

    Attributes
    ----------
    forms : tuple of forms
        The hyperplanes, each the zero set of a form.
    nodes : tuple of Node
        The cuts; the first is the root. Without cuts the only leaf is the whole domain.
    """

    forms: tuple[Form, ...] = ()
    nodes: tuple[Node, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        nodes = np.array([(node.form, node.minus, node.plus) for node in self.nodes], np.int32)
        return _restored, (self.forms, nodes.tobytes())

    @property
    def n_leaves(self) -> int:
        """The number of leaves, one more than cuts."""
        return len(self.nodes) + 1

    @cached_property
    def _above(self) -> dict[int, tuple[int, int]]:
        """For each node but the root, and each leaf: the node above, and the side −1 or 1."""
        below = enumerate((node.minus, node.plus) for node in self.nodes)
        return {child: (at, side) for at, pair in below for child, side in zip(pair, (-1, 1), strict=True)}

    @cached_property
    def _number(self) -> dict[Form, int]:
        return {form: i for i, form in enumerate(self.forms)}

    def sides(self, leaf: int) -> tuple[tuple[int, int], ...]:
        """The cuts on the way to a leaf, from the root on: (number of the form, side −1 or 1)."""
        found, at = [], -1 - leaf
        while at in self._above:
            at, side = self._above[at]
            found.append((self.nodes[at].form, side))
        return tuple(reversed(found))

    def domain(self, leaf: int, whole: Domain | None) -> Domain | None:
        """The leaf as a domain: the part of the whole domain (R^d, if None) on its sides of the cuts."""
        if not self.nodes:
            return whole
        rows = [] if whole is None else [list(row) for row in whole.a]
        offsets = [] if whole is None else list(whole.b)
        for number, side in self.sides(leaf):
            b, *a = self.forms[number]
            rows.append([Fraction(-side * x) for x in a])
            offsets.append(Fraction(side * b))
        part = Domain(rows, offsets)
        return part if whole is None else part.in_units(whole.units)

    def split(self, leaf: int, form: Form) -> CutTree:
        """The tree in which a leaf is cut further. Its minus side keeps the number, its plus side gets a new one."""
        return self.split_further([(leaf, form)])

    def split_further(self, cuts: Iterable[tuple[int, Form]]) -> CutTree:
        """The tree after several cuts (leaf, form), one after the other, as `split` makes them.

        Of a tree of 100 000 leaves this takes milliseconds, and not much more for many cuts than for one.
        """
        forms, nodes, above, number = list(self.forms), list(self.nodes), dict(self._above), dict(self._number)
        for leaf, form in cuts:
            if number.setdefault(form, len(forms)) == len(forms):
                forms.append(form)
            old, at, new = -1 - leaf, len(nodes), -2 - len(nodes)
            if old in above:
                parent, side = above[at] = above[old]
                node = nodes[parent]
                nodes[parent] = Node(node.form, at, node.plus) if side < 0 else Node(node.form, node.minus, at)
            nodes.append(Node(number[form], old, new))
            above[old], above[new] = (at, -1), (at, 1)
        tree = CutTree(tuple(forms), tuple(nodes))
        vars(tree).update(_above=above, _number=number)
        return tree


def _restored(forms: tuple[Form, ...], nodes: bytes) -> CutTree:
    """A tree from its pickle, which is small, as it is sent to machines."""
    return CutTree(forms, tuple(Node(*node) for node in np.frombuffer(nodes, np.int32).reshape(-1, 3).tolist()))


def choose_cuts(network: Network, domain: Domain | None, n_parts: int) -> CutTree:
    """A tree with about `n_parts` leaves, or as many as there can be, cut by neurons of one layer.

    The layer is the first that has neurons which split the domain; the walls are then made of cells of C(F). Each cut
    halves, as nearly as a hyperplane does, the cells of the arrangement of the layer (of some of its neurons, if it is
    wide) in the part that has most of them.
    """
    forms, sides = _arrangement(network, domain, n_parts) if n_parts > 1 else ([], np.zeros((1, 0), np.int8))
    cuts: list[tuple[int, Form]] = []
    members = [np.arange(len(sides))]
    largest = [(-len(sides), 0)] if forms else []
    while len(members) < n_parts and largest:
        _, leaf = heappop(largest)
        of_leaf = sides[members[leaf]]
        smaller = np.minimum((of_leaf > 0).sum(axis=0), (of_leaf < 0).sum(axis=0))
        if not smaller.max():
            continue
        best = int(smaller.argmax())
        cuts.append((leaf, forms[best]))
        members.append(members[leaf][of_leaf[:, best] > 0])
        members[leaf] = members[leaf][of_leaf[:, best] < 0]
        for i in (leaf, len(members) - 1):
            heappush(largest, (-len(members[i]), i))
    return CutTree().split_further(cuts)


def further_cut(network: Network, domain: Domain | None) -> Form | None:
    """The best next cut of a part; None if no neuron crosses it."""
    tree = choose_cuts(network, domain, 2)
    return tree.forms[0] if tree.forms else None


def _arrangement(network: Network, domain: Domain | None, n_parts: int) -> tuple[list[Form], npt.NDArray[np.int8]]:
    """Forms of neurons of the first layer that splits the domain, and their signs ±1 on the cells of their arrangement.

    All neurons of the layer, or as many of them, evenly spread, as make about `REGIONS_A_PART` regions a part and no
    more than `MAX_CELLS_TO_CHOOSE`. Where the neurons of a layer do not split the domain, they are affine on it, and so
    is the next layer before its activation.
    """
    most = min(REGIONS_A_PART * n_parts, MAX_CELLS_TO_CHOOSE)
    d = network.input_dim
    layer: list[list[Fraction]] = [
        [bias, *row] for row, bias in zip(network.weights[0], network.biases[0], strict=True)
    ]
    for number in range(network.depth):
        slopes = network.slopes[number]
        real = [i for i, form in enumerate(layer) if any(form[1:]) and slopes[i] != 1]
        step = 1
        while len(real) // step > d and _regions(len(real) // step, d) > most:
            step += 1
        signs = [(form[0] > 0) - (form[0] < 0) for form in layer]  # of neurons that are constant
        for first in range(step if real else 0):
            chosen = real[first::step]
            table = _signs([layer[i] for i in chosen], domain)
            if len(table) > 1:
                return [primitive(layer[i]) for i in chosen], table
            for i, sign in zip(chosen, table[0].tolist(), strict=True):
                signs[i] = sign
        values = [
            form if slope == 1 or sign > 0 else [slope * x if sign < 0 else Fraction(0) for x in form]
            for form, sign, slope in zip(layer, signs, slopes, strict=True)
        ]
        layer = [
            [
                (bias if k == 0 else 0) + sum((w * value[k] for w, value in zip(row, values, strict=True)), Fraction(0))
                for k in range(d + 1)
            ]
            for row, bias in zip(network.weights[number + 1], network.biases[number + 1], strict=True)
        ]
    return [], np.zeros((1, 0), np.int8)


def _signs(forms: Sequence[Sequence[Fraction]], domain: Domain | None) -> npt.NDArray[np.int8]:
    """The signs of forms, none of them constant, on the cells into which they cut the domain: a row a cell."""
    weights = [list(form[1:]) for form in forms]
    net = Network([weights, [[1] * len(forms)]], [[form[0] for form in forms], [0]])
    arrays = subdivided(net, None, domain, 0, {})[0].arrays
    regions = arrays.regions[-1]
    cells = arrays.containing[-1][: arrays.finite[-1]]
    signs = np.zeros((len(cells), len(forms)), np.int8)
    for i in range(len(forms)):
        for masks, sign in ((regions.plus, 1), (regions.minus, -1)):
            bit = (masks[cells, i // 64] >> np.uint64(i % 64)) & np.uint64(1)
            signs[bit.astype(np.bool_), i] = sign
    return signs


def _regions(n: int, d: int) -> int:
    """The maximum number of regions of n hyperplanes in R^d."""
    total, term = 1, 1
    for k in range(1, d + 1):
        term = term * (n - k + 1) // k
        total += term
    return total
