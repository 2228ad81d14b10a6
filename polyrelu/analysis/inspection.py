"""What a network is like, before any large computation: its numbers and its neurons, exactly."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.analysis.estimation import TRUNK_CELLS, begins_within_trunk
from polyrelu.errors import LimitError
from polyrelu.exact.floats import Kind, fraction_of, nearest
from polyrelu.exact.linear import rank
from polyrelu.exact.rational import primitive, show
from polyrelu.geometry.subdivision import Progress, read_domain, subdivide
from polyrelu.network.network import Network

Neuron = tuple[int, int]
"""(layer, number within the layer), both counted from 1."""

Groups = tuple[tuple[Neuron, ...], ...]


@dataclass(frozen=True)
class Inspection:
    """Facts about a network, all exact. Neurons are hidden ones.

    parameters : number of weights and biases
    digits : decimal digits of the longest numerator, and of the longest denominator, among them
    float32, float64 : whether all of them are values of that type
    rank : rank of the first weight matrix, and of no other; nothing changes along its null space
    zero : neurons whose weights are all zero, so that their preactivation is constant
    repeated : groups of neurons of one layer whose preactivations are positive multiples of one another
    coincident : groups of neurons of one layer with one hyperplane, seen from both sides
    parallel : groups of neurons of one layer with parallel hyperplanes, at least two of them different
    dead : neurons that are active (positive) at no point of the domain
    always_active : neurons that are inactive (negative) at no point of the domain
    complete : whether the last two are all there are, which takes a subdivision; else `dead` are those that the signs
        of weights and biases give away, and `always_active` is empty
    """

    parameters: int
    digits: tuple[int, int]
    float32: bool
    float64: bool
    rank: int
    zero: tuple[Neuron, ...]
    repeated: Groups
    coincident: Groups
    parallel: Groups
    dead: tuple[Neuron, ...]
    always_active: tuple[Neuron, ...]
    complete: bool


def inspect(network: Network, domain: Any = None, *, progress: Progress | None = None) -> Inspection:
    """Inspect a network; which neurons are dead or always active is said of the domain (all of R^d if None).

    These are read off the signs on all regions of C(F), if it has no more than `TRUNK_CELLS` cells: a preactivation is
    positive (negative) at some point of the domain iff it is so on an open set, hence on some region. Identity neurons
    (slope 1) are neither. Raises what `subdivide` raises for a bad domain.
    """
    numbers = list(chain(chain.from_iterable(chain.from_iterable(network.weights)), *network.biases))
    neurons = {
        (layer, i): (*row, bias)
        for layer, (matrix, biases, _) in enumerate(
            zip(network.weights, network.biases, network.slopes, strict=False), 1
        )
        for i, (row, bias) in enumerate(zip(matrix, biases, strict=True), 1)
    }
    forms = {neuron: primitive(row) for neuron, row in neurons.items() if any(row[:-1])}
    dead, always_active, complete = _constant_signs(network, domain, progress)
    return Inspection(
        parameters=len(numbers),
        digits=(_digits(x.numerator for x in numbers), _digits(x.denominator for x in numbers)),
        float32=all(_is_float(x, "single") for x in numbers),
        float64=all(_is_float(x, "double") for x in numbers),
        rank=rank(network.weights[0]),
        zero=tuple(neuron for neuron in neurons if neuron not in forms),
        repeated=_groups(forms, lambda form: form),
        coincident=_groups(forms, _unsigned, lambda form: form),
        parallel=_groups(forms, lambda form: _unsigned(primitive(form[:-1])), _unsigned),
        dead=dead,
        always_active=always_active,
        complete=complete,
    )


def _constant_signs(
    network: Network, domain: Any, progress: Progress | None
) -> tuple[tuple[Neuron, ...], tuple[Neuron, ...], bool]:
    """The neurons that are never positive, those never negative, and whether these are all."""
    where = read_domain(domain, network)
    walls = where.half_spaces() if where is not None else ()
    try:
        rows: list[Sequence[Fraction | int]] = [wall[1:] for wall in walls]
        rows += network.weights[0] if network.depth else ()
        if not begins_within_trunk(rank(rows)):
            return _dead_by_signs(network), (), False
        cx = subdivide(network, None, where, max_cells=TRUNK_CELLS, progress=progress)
    except LimitError:
        return _dead_by_signs(network), (), False
    signs: npt.NDArray[np.int8] = cx.region_signs()
    bent = [(n, i) for n, part in enumerate(network.slopes, 1) for i, a in enumerate(part, 1) if a != 1]
    positive, negative = (np.any(x, axis=0).tolist() for x in (signs > 0, signs < 0))
    dead = tuple(neuron for neuron, yes in zip(bent, positive, strict=True) if not yes)
    always = tuple(neuron for neuron, yes, no in zip(bent, positive, negative, strict=True) if yes and not no)
    return dead, always, True


def _dead_by_signs(network: Network) -> tuple[Neuron, ...]:
    """Neurons that are never positive because of signs alone.

    From layer to layer: what is known of an output is that it is zero, that it is non-negative (slope ≤ 0), or nothing.
    A preactivation without a positive bias, without a weight on an output of unknown sign and without a positive weight
    on any but a zero output, is never positive.
    """
    dead: list[Neuron] = []
    unknown, zero = [True] * network.input_dim, [False] * network.input_dim
    for layer, (matrix, biases, slopes) in enumerate(
        zip(network.weights, network.biases, network.slopes, strict=False), 1
    ):
        never = [
            bias <= 0 and all(z or w == 0 or (w < 0 and not u) for w, u, z in zip(row, unknown, zero, strict=True))
            for row, bias in zip(matrix, biases, strict=True)
        ]
        dead += ((layer, i) for i, (x, a) in enumerate(zip(never, slopes, strict=True), 1) if x and a != 1)
        unknown = [a > 0 for a in slopes]
        zero = [x and a == 0 for x, a in zip(never, slopes, strict=True)]
    return tuple(dead)


def _groups(
    forms: Mapping[Neuron, tuple[int, ...]],
    key: Callable[[tuple[int, ...]], Hashable],
    finer: Callable[[tuple[int, ...]], Hashable] | None = None,
) -> Groups:
    """Neurons of one layer whose forms have the same key: two or more, not all of the same finer key."""
    found: dict[Hashable, list[Neuron]] = {}
    for neuron, form in forms.items():
        found.setdefault((neuron[0], key(form)), []).append(neuron)
    return tuple(
        tuple(group)
        for group in found.values()
        if len(group) > 1 and (finer is None or len({finer(forms[neuron]) for neuron in group}) > 1)
    )


def _unsigned(form: tuple[int, ...]) -> tuple[int, ...]:
    """The form or its negative, whichever has a positive first entry other than zero."""
    leading = next(x for x in form if x)
    return form if leading > 0 else tuple(-x for x in form)


def _digits(numbers: Any) -> int:
    return len(show(max(map(abs, numbers))))


def _is_float(x: Fraction, kind: Kind) -> bool:
    value = nearest(x, kind)
    return isfinite(value) and fraction_of(value) == x
