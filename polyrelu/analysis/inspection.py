"""Exact facts about a network before any large computation: its numbers and its neurons."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.analysis.deadline import Deadline, read_seconds
from polyrelu.analysis.sampling import MAX_ROW_BITS, TRUNK_CELLS, begins_within_trunk
from polyrelu.errors import LimitError
from polyrelu.exact.floats import FORMATS, Kind
from polyrelu.exact.linear import rank
from polyrelu.exact.rational import primitive, show
from polyrelu.exact.time_limit import OutOfTimeError
from polyrelu.geometry.hull import on_slice
from polyrelu.geometry.stages import row_bits
from polyrelu.geometry.subdivision import Progress, read_domain, subdivide
from polyrelu.network.network import Network

Neuron = tuple[int, int]
"""(layer, number within the layer), both counted from 1."""

_LOGGER = logging.getLogger(__name__)

NO_TYPE = 1000
"""More bits than any floating-point type has."""

Groups = tuple[tuple[Neuron, ...], ...]


@dataclass(frozen=True)
class Inspection:
    """Facts about a network, all exact; made by `inspect`. Neurons are hidden ones, as pairs (layer, number), from 1.

    Attributes
    ----------
    parameters : int
        The number of weights and biases.
    digits : tuple of int
        The number of decimal digits of the longest numerator, and of the longest denominator, among them.
    float32, float64 : bool
        Whether all of them are values of that type.
    rank : int
        The rank of the first weight matrix. F is constant along its null space.
    zero : tuple
        The neurons whose weights are all zero, so that their preactivation is constant.
    repeated : tuple of tuples
        Groups of neurons of one layer whose preactivations are positive multiples of one another.
    coincident : tuple of tuples
        Groups of neurons of one layer with the same hyperplane, on different sides.
    parallel : tuple of tuples
        Groups of neurons of one layer with parallel hyperplanes, at least two of them different.
    dead : tuple
        The neurons that are active (positive) at no point of the domain.
    always_active : tuple
        The neurons that are inactive (negative) at no point of the domain.
    complete : bool
        Whether the last two are complete, for which a subdivision is needed. If not, `dead` has the neurons that are
        dead by the signs of weights and biases alone, and `always_active` is empty.
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


def inspect(
    network: Network, domain: Any = None, *, seconds: float | None = None, progress: Progress | None = None
) -> Inspection:
    """Exact facts about a network and its neurons.

    Parameters
    ----------
    network : Network
        The network.
    domain : Domain or box, optional
        The set of inputs over which neurons are called dead or always active. The default is R^d.
    seconds : float, optional
        A limit on the time of the subdivision that finds all dead and always active neurons. None for no limit.
    progress : callable, optional
        A function of (stage, steps done, steps in all), called during the subdivision.

    Returns
    -------
    Inspection
        The facts.

    Raises
    ------
    InputError
        If an argument is wrong, as `subdivide` raises it.

    Notes
    -----
    Dead and always active neurons are determined by the signs on all regions of C(F), if it has at most `TRUNK_CELLS`
    cells, its numbers are not too long (`MAX_ROW_BITS`), and there is time. For a preactivation is positive (negative)
    at some point of the domain iff it is so on an open set, hence on some region. Identity neurons (slope 1) are
    neither.

    Examples
    --------
    >>> import polyrelu as pr
    >>> from polyrelu.analysis.inspection import inspect
    >>> net = pr.Network([[[1], [-2]], [[1, 1]]], [[0, 0], [0]])
    >>> found = inspect(net, [(1, 2)])
    >>> found.parameters, found.coincident, found.dead, found.always_active
    (7, (((1, 1), (1, 2)),), ((1, 2),), ((1, 1),))
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
    each = [*map(_float_bits, numbers)]
    bits = (max(p for p, _, _ in each), max(high for _, high, _ in each), min(low for _, _, low in each))
    dead, always_active, complete = _constant_signs(network, domain, Deadline(read_seconds(seconds), progress))
    return Inspection(
        parameters=len(numbers),
        digits=(_digits(x.numerator for x in numbers), _digits(x.denominator for x in numbers)),
        float32=_is_float(bits, "single"),
        float64=_is_float(bits, "double"),
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
    network: Network, domain: Any, deadline: Deadline
) -> tuple[tuple[Neuron, ...], tuple[Neuron, ...], bool]:
    """The neurons that are never positive, those never negative, and whether these are all."""
    network, where, _ = on_slice(network, read_domain(domain, network))
    walls = where.half_spaces() if where is not None else ()
    try:
        rows: list[Sequence[Fraction | int]] = [wall[1:] for wall in walls]
        rows += network.weights[0] if network.depth else ()
        if row_bits(network) > MAX_ROW_BITS or not begins_within_trunk(rank(rows)):
            return _dead_by_signs(network), (), False
        cx = subdivide(network, None, where, max_cells=TRUNK_CELLS, progress=deadline.progress)
    except (LimitError, OutOfTimeError) as reached:
        _LOGGER.info("dead neurons are found by bounds only, not all of them: %s", str(reached) or "the time was over")
        return _dead_by_signs(network), (), False
    signs: npt.NDArray[np.int8] = cx.region_signs()
    bent = [(n, i) for n, part in enumerate(network.slopes, 1) for i, a in enumerate(part, 1) if a != 1]
    positive, negative = (np.any(x, axis=0).tolist() for x in (signs > 0, signs < 0))
    dead = tuple(neuron for neuron, yes in zip(bent, positive, strict=True) if not yes)
    always = tuple(neuron for neuron, yes, no in zip(bent, positive, negative, strict=True) if yes and not no)
    return dead, always, True


def _dead_by_signs(network: Network) -> tuple[Neuron, ...]:
    """The neurons that are never positive because of signs alone.

    From layer to layer, each output is known to be zero, or known to be non-negative (slope ≤ 0), or unknown. A
    preactivation is never positive if it has no positive bias, no weight on an output of unknown sign, and no positive
    weight on an output other than zero.
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


def _float_bits(x: Fraction) -> tuple[int, int, int]:
    """(p, high, low): x is a float iff it has at least p bits, exponents from low on, and 2^high exceeds its largest.

    A number that is no binary fraction has infinitely many bits: p is beyond all types then.
    """
    n, d = abs(x.numerator), x.denominator
    if d & (d - 1):
        return NO_TYPE, 0, 0
    zeros = max((n & -n).bit_length() - 1, 0)
    low = zeros - d.bit_length() + 1
    p = n.bit_length() - zeros
    return p, p + low, low if n else 0


def _is_float(bits: tuple[int, int, int], kind: Kind) -> bool:
    precision, least, most = FORMATS[kind]
    p, high, low = bits
    return p <= precision and high <= most and low >= least
