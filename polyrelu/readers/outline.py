"""Outlines: what a model is certainly refused for, found before its exact composition.

An outline does what an `Assembly` does, with the shapes of the values in place of their exact coefficients. So it
raises the same errors for shapes and attributes, and it counts sizes, steps and weights that are at most those of the
assembly: it raises LimitError only where the assembly would. What depends on coefficients in another way, it leaves
to the assembly, by `UnknownError`.

The neurons of a network in a slice are counted at some points of it. An entry of which the balls (`polyrelu.readers.
balls`) prove that it is not constant in the slice, and in a box that it has both signs there, is a neuron of the
assembly, and so is one whose enclosures have both signs (`polyrelu.readers.margins`). Those whose values certainly
differ somewhere are different neurons, and so are those whose linear parts, as functions of the neurons of the layer
before, differ. Where no entry is seen to be a neuron, the layer that the values depend on is unknown, and nothing is
counted from there on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import add
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.errors import PolyreluError
from polyrelu.exact.floats import to_double
from polyrelu.exact.memory import budget_apart
from polyrelu.readers.assembly import ENTRY, Assembly
from polyrelu.readers.balls import Balls, joined, rounded
from polyrelu.readers.margins import Margined, margined
from polyrelu.readers.restriction import Restriction
from polyrelu.readers.signals import ONE, Indices, Monotone, Row, Signal, grouped

Mask = npt.NDArray[np.bool_]

UNKNOWN = -1
"""The layer of a value whose layer is not known."""

MANY = 10_000
"""Number of entries from which on an array of doubles stays one: to make them Fractions takes a microsecond each."""

_CORNERS = 4  # of a box all up to this dimension are among the points
_INNER = 4
_MAX_VALUES = 4_000_000  # at all points together, beyond which values are left out


class UnknownError(Exception):
    """Something depends on coefficients that an outline does not have."""


class RefusalError(Exception):
    """A model is certainly refused, with the error that says why."""

    def __init__(self, error: PolyreluError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True)
class Forms:
    """Values of linear functions of the neurons of a layer, and the number of the activation whose neurons are not 0.

    Where the values are certainly 0 for all activations, there is no number. Neurons that carry values are 0.
    """

    values: Balls
    activation: int | None

    def changed(self, values: Balls) -> Forms:
        """Other values at the same neurons."""
        return Forms(values, self.activation)


class Outlined(Signal):
    """A signal of which the shape is known, the layer (or UNKNOWN), and perhaps values at the points of a slice.

    `owned` tells which entries certainly are multiples of neurons of the layer, each of a different one. `forms` are
    the values of the linear parts of the entries where the neurons of one activation are random and the others 0.
    `reach` is a number of neurons that the entries together certainly depend on.
    """

    def __init__(
        self,
        layer: int,
        shape: tuple[int, ...],
        balls: Balls | None = None,
        owned: Mask | None = None,
        forms: Forms | None = None,
        reach: int = 0,
    ) -> None:
        values = {"layer": layer, "shape": shape, "balls": balls, "owned": owned, "forms": forms, "reach": reach}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    balls: Balls | None
    owned: Mask | None
    forms: Forms | None
    reach: int

    @property
    def rows(self) -> list[Row]:
        """Not known: UnknownError."""
        raise UnknownError

    @property
    def constants(self) -> list[Fraction]:
        """Not known: UnknownError."""
        raise UnknownError

    @property
    def size(self) -> int:
        """The number of entries."""
        return math.prod(self.shape)

    def select(self, indices: Any) -> Signal:
        """The entries at indices, as of a signal."""
        array = np.asarray(indices, dtype=np.intp)
        flat = array.ravel()
        balls = None if self.balls is None or self._points * flat.size > _MAX_VALUES else self.balls.select(flat)
        owned = None
        if self.owned is not None:
            owned = np.append(self.owned, False)[flat]
            owned &= (np.bincount(flat + 1, minlength=self.size + 1) < 2)[flat + 1]
        forms = None if self.forms is None or balls is None else self.forms.changed(self.forms.values.select(flat))
        reach = 0
        if self.reach and len(flat) >= self.size and np.bincount(flat + 1, minlength=self.size + 1)[1:].all():
            reach = self.reach
        return Outlined(self.layer, array.shape, balls, owned, forms, reach)

    def reshaped(self, shape: Sequence[int]) -> Signal:
        """The same entries in another shape."""
        return Outlined(self.layer, tuple(shape), self.balls, self.owned, self.forms, self.reach)

    def final(self) -> Monotone:
        """The same entries as the argument of a final function."""
        return _Final(self.layer, self.shape, self.balls)

    def terms(self, indices: Indices) -> int:
        """The least number of coefficients of the entries at indices."""
        return int(np.size(indices))

    @property
    def _points(self) -> int:
        return 0 if self.balls is None else len(self.balls.centres)


class _Final(Outlined, Monotone):
    """The argument of a final function."""


class Doubles(np.ndarray[Any, np.dtype[np.float64]]):
    """Doubles in place of Fractions, which are moved and not computed with: that raises UnknownError."""

    def __array_ufunc__(self, *_: Any, **__: Any) -> Any:
        raise UnknownError

    def __array_function__(self, *_: Any, **__: Any) -> Any:
        raise UnknownError

    def tolist(self) -> Any:
        """Not Fractions: UnknownError."""
        raise UnknownError


class Outline(Assembly):
    """An assembly of outlines of signals; the restriction is as for an `Assembly`.

    Unless it is `counted`, the neurons in a slice are not counted, which takes most of the time.
    """

    def __init__(
        self,
        shape: int | Sequence[int],
        samples: int = 1,
        restriction: Restriction | None = None,
        *,
        counted: bool = True,
    ) -> None:
        super().__init__(shape, samples, restriction)
        self._least = "" if restriction is None else "at least "
        self._widths: list[int] = []  # of hidden layers, without carried values; the true ones are at least these
        self._carried: list[int] = []  # values that are carried through each of them
        self._neurons: list[list[Balls]] = []
        balls = _in_slice(restriction) if restriction is not None and counted else None
        self._points = 0 if balls is None else len(balls.centres)
        owned = np.ones(self.input.size, dtype=bool) if restriction is None else None
        self._activations = 0
        forms = None if balls is None or restriction is None else Forms(_forms_in_slice(restriction), 0)
        self.input: Signal = Outlined(0, self.input.shape, balls, owned, forms)

    @property
    def widths(self) -> tuple[int, ...]:
        """Numbers of neurons that the hidden layers have at least."""
        return tuple(map(add, self._widths, self._carried))

    # --- the operations of an assembly ---

    def scale(self, signal: Signal, factors: Any = ONE, offsets: Any = 0) -> Signal:
        """As of an assembly."""
        if not isinstance(signal, Outlined):
            return super().scale(signal, factors, offsets)
        factor, offset = self.exact_array(factors, "factors"), self.exact_array(offsets, "offsets")
        shape = self._broadcast(signal.shape, factor.shape, offset.shape)
        indices = np.broadcast_to(signal.positions, shape)
        self.spend(signal.terms(indices) + ENTRY * indices.size)
        found = signal.select(indices)
        assert isinstance(found, Outlined)
        factors, offsets = (np.broadcast_to(_doubles(array), shape).ravel() for array in (factor, offset))
        owned = None if found.owned is None else found.owned & (factors != 0)
        balls = None if found.balls is None else found.balls.scaled(factors, offsets)
        forms = found.forms and found.forms.changed(found.forms.values.scaled(factors, np.zeros(len(factors))))
        return Outlined(signal.layer, shape, balls, owned, forms, found.reach * bool((factors != 0).all()))

    def weighted_sums(self, signal: Signal, indices: Any, coefficients: Any) -> Signal:
        """As of an assembly."""
        if not isinstance(signal, Outlined):
            return super().weighted_sums(signal, indices, coefficients)
        array = np.asarray(indices)
        self.check_work(signal.terms(array), math.prod(array.shape[:-1]))
        factors = np.broadcast_to(_doubles(self.exact_array(coefficients, "coefficients")), array.shape)
        groups, weights = grouped(array), grouped(factors)
        balls = signal.balls and signal.balls.sums(groups, weights)
        forms = signal.forms and signal.forms.changed(signal.forms.values.sums(groups, weights))
        return Outlined(signal.layer, array.shape[:-1], balls, None, forms)

    def filtered(self, signal: Signal, windows: Indices, filters: Any, offsets: Sequence[Fraction]) -> Signal:
        """As of an assembly."""
        if not isinstance(signal, Outlined):
            return super().filtered(signal, windows, filters, offsets)
        count, _, places, _ = windows.shape
        self.check_work(signal.terms(windows) * filters.shape[1], count * len(offsets) * places)
        shape = count, len(offsets), places
        if signal.balls is None or math.prod(shape) * self._points > _MAX_VALUES:
            return Outlined(signal.layer, shape)
        shifts = np.array([to_double(x) for x in offsets])
        kernels = _doubles(filters)
        balls = signal.balls.products(windows, kernels, shifts)
        forms = signal.forms and signal.forms.changed(signal.forms.values.products(windows, kernels, 0 * shifts))
        reach = 0
        if signal.owned is not None:
            used = (kernels != 0).any(axis=1)[:, None, :]  # the places of the windows that some filter looks at
            found = windows[np.broadcast_to(used, windows.shape)]
            reach = int((np.bincount(found + 1, minlength=signal.size + 1)[1:] > 0)[signal.owned].sum())
        return Outlined(signal.layer, shape, balls, None, forms, reach)

    def add(self, a: Signal, b: Signal, factor: Any = 1) -> Signal:
        """As of an assembly."""
        if not isinstance(a, Outlined) and not isinstance(b, Outlined):
            return super().add(a, b, factor)
        shape = self._broadcast(a.shape, b.shape)
        first, second = (self._outlined(x.select(np.broadcast_to(x.positions, shape))) for x in (a, b))
        layer = self._lifted((first, second))
        self.spend((2 + ENTRY) * first.size)
        times = to_double(self.exact(factor, "factor"))
        balls = None
        if first.balls is not None and second.balls is not None:
            balls = first.balls.plus(second.balls, times)
        forms = _met((first, second), layer, lambda parts: parts[0].plus(parts[1], times))
        return Outlined(layer, shape, balls, None, forms)

    # --- the end ---

    def look(self, composed: Callable[[Outline], Signal]) -> None:
        """Compose a model of this outline by `composed`, which returns the output. RefusalError if it is refused."""
        try:
            output = composed(self)
            if self._samples == 1:  # of more samples the network of one may be taken
                self.check_end(output)
        except UnknownError:
            return
        except PolyreluError as error:
            raise RefusalError(error) from None

    # --- parts ---

    def _activated(self, signal: Signal, below: npt.NDArray[Any]) -> Signal:
        if self._restriction is None:
            return self._all_neurons(signal)
        if not isinstance(signal, Outlined):
            return super()._activated(signal, below)
        self.spend((1 + ENTRY) * signal.size)
        balls = signal.balls
        if balls is None:
            return Outlined(UNKNOWN, signal.shape)
        boxed = self._restriction.box is not None
        if boxed and not isinstance(balls, Margined):
            balls = margined(balls)
        forms = _zeros(signal.size) if signal.forms is None else signal.forms.values
        certain = balls.changing() if boxed else balls.varying() | forms.nonzero()
        certain &= np.broadcast_to(below != ONE, signal.shape).ravel()
        slopes = np.broadcast_to(_doubles(below), signal.shape).ravel()
        if signal.layer == UNKNOWN or not certain.any():
            return Outlined(UNKNOWN, signal.shape, balls.activated(slopes))
        layer = self._layer_after(signal.layer)
        self._neurons[layer - 1].append(balls.select(np.flatnonzero(certain)))
        count = max(joined(self._neurons[layer - 1]).distinct(), forms.select(np.flatnonzero(certain)).distinct())
        self._widths[layer - 1] = max(self._widths[layer - 1], count)
        self._check_weights(self._width(layer), signal.layer)
        owned = certain & (balls.separate() | forms.separate())
        image = balls.activated(slopes, owned) if isinstance(balls, Margined) else balls.activated(slopes)
        self._activations += 1
        values = np.where(owned, np.random.default_rng(self._activations).uniform(1, 2, signal.size), 0.0)
        new = Forms(Balls(values[None], np.zeros((1, signal.size))), self._activations)
        return Outlined(layer, signal.shape, image, owned, new)

    def _all_neurons(self, signal: Signal) -> Signal:
        layer = self._layer_after(signal.layer)
        self._widths[layer - 1] += signal.size
        self._check_weights(self._width(layer), signal.layer)
        self.spend(ENTRY * signal.size)
        return Outlined(layer, signal.shape, None, np.ones(signal.size, dtype=bool))

    def _layer_after(self, layer: int) -> int:
        while len(self._widths) <= layer:
            self._widths.append(0)
            self._carried.append(0)
            self._neurons.append([])
        return layer + 1

    def _width(self, layer: int) -> int:
        if layer == 0:
            return super()._width(layer)
        return self._widths[layer - 1] + self._carried[layer - 1] if 0 < layer <= len(self._widths) else 0

    def _joined(self, signals: Sequence[Signal]) -> Signal:
        if not any(isinstance(signal, Outlined) for signal in signals):
            return super()._joined(signals)
        parts = [self._outlined(signal) for signal in signals]
        layer = self._lifted(parts)
        shape = (sum(part.size for part in parts),)
        balls = [part.balls for part in parts if part.balls is not None]
        whole = len(balls) == len(parts) and shape[0] * self._points <= _MAX_VALUES
        return Outlined(layer, shape, joined(balls) if whole else None, None, _met(parts, layer, joined))

    def _lifted(self, signals: Sequence[Outlined]) -> int:
        """The layer that signals meet in, up to which neurons of the shallower ones are carried."""
        layers = [signal.layer for signal in signals]
        if UNKNOWN in layers:
            return UNKNOWN
        for signal in signals:
            count = 0 if signal.owned is None else int(signal.owned.sum())
            if signal.forms is not None:  # either the entries are carried or what they depend on
                forms = signal.forms.values
                different = forms.select(np.flatnonzero(forms.nonzero())).distinct()
                count = max(count, min(different, signal.reach))
            for layer in range(signal.layer, max(layers)):
                self.spend((1 + ENTRY) * signal.size)
                self._carried[layer] = max(self._carried[layer], count)
                self._check_weights(self._width(layer + 1), layer)
        return max(layers)

    def _outlined(self, signal: Signal) -> Outlined:
        """The outline of a signal; one that is exact must be a constant."""
        if isinstance(signal, Outlined):
            return signal
        if signal.layer or any(signal.rows):
            raise UnknownError
        balls = None
        if self._points:
            balls = rounded(np.array([[to_double(x) for x in signal.constants]] * self._points))
        return Outlined(0, signal.shape, balls, None, Forms(_zeros(signal.size), None))

    def _exact_entries(self, array: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
        if array.dtype == np.float64 and array.size > MANY and np.isfinite(array).all():
            return array.view(Doubles)
        return super()._exact_entries(array, name)


def look(
    composed: Callable[[Outline], Signal],
    shape: int | Sequence[int],
    samples: int = 1,
    restriction: Restriction | None = None,
) -> None:
    """RefusalError if the assembly of a model certainly raises an error when `composed` composes it.

    The memory that an outline takes is free again after it: lack of it is no reason to refuse the model.
    """
    try:
        for counted in (False,) if restriction is None else (False, True):
            with budget_apart():
                Outline(shape, samples, restriction, counted=counted).look(composed)
    except MemoryError:
        return


def _met(signals: Sequence[Outlined], layer: int, made: Callable[[list[Balls]], Balls]) -> Forms | None:
    """What is made of the forms of signals in a layer: in those that are carried up to it, all neurons are 0."""
    zero = [Forms(_zeros(x.size), None) if x.layer < layer else x.forms for x in signals]
    forms = [x for x in zero if x is not None]
    activations = {x.activation for x in forms} - {None}
    if layer == UNKNOWN or len(forms) < len(signals) or len(activations) > 1:
        return None
    return Forms(made([x.values for x in forms]), next(iter(activations), None))


def _zeros(size: int) -> Balls:
    return Balls(np.zeros((1, size)), np.zeros((1, size)))


def _forms_in_slice(restriction: Restriction) -> Balls:
    """The linear part of the input at a random vector."""
    directions = np.array([[to_double(x) for x in vector] for vector in restriction.slice.directions])
    vector = np.random.default_rng(0).uniform(1, 2, (1, restriction.dim))
    indices = np.broadcast_to(np.arange(restriction.dim), directions.T.shape)
    return Balls(vector, np.zeros_like(vector)).sums(indices, directions.T)


def _doubles(array: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Numbers of a model as doubles, the nearest ones of Fractions."""
    if isinstance(array, Doubles):
        return array.view(np.ndarray)
    return np.array([to_double(x) for x in array.ravel().tolist()]).reshape(array.shape)


def _in_slice(restriction: Restriction) -> Balls:
    """The input at points of the slice, in the box if there is one: its corners first; else near and far."""
    own, m = Random(0), restriction.dim
    if restriction.box is None:
        reaches = (0, 1, 1, 2, 4, 100, 10_000, 10_000)
        places = [[reach * Fraction(own.randint(-64, 64), 64) for _ in range(m)] for reach in reaches]
    else:
        corners = [[Fraction(k >> axis & 1) for axis in range(m)] for k in range(2 ** min(m, _CORNERS))]
        inner = [[Fraction(own.randint(0, 64), 64) for _ in range(m)] for _ in range(_INNER)]
        places = [
            [low + share * (high - low) for share, (low, high) in zip(shares, restriction.box, strict=True)]
            for shares in corners + inner
        ]
    start, directions = restriction.slice.points[0], restriction.slice.directions
    forms = np.array([[to_double(x) for x in vector] for vector in (*directions, start)])
    coordinates = np.array([[to_double(t) for t in (*place, ONE)] for place in places])
    indices = np.broadcast_to(np.arange(m + 1), (len(start), m + 1))
    return rounded(coordinates).sums(indices, forms.T)
