"""Exact assembly of a `Network` from a computation graph: what the readers of frameworks build on.

A reader walks through a model's graph and calls one method of an `Assembly` per operation. Every value of the graph is
a `Signal`: an array whose entries are affine functions, with rational coefficients, of the neurons of one layer (layer
0 is the input). Affine operations compose these functions exactly; an activation makes a new layer of neurons.

    assembly = Assembly((1, 8, 8))               # the input's shape
    assembly.place = "layer '0' (Conv2d)"        # every error from here on starts with this
    x = convolve(assembly, assembly.input, weight, bias, stride=(2, 2))      # of polyrelu.readers.windows
    x = assembly.activation(x, 0)                # ReLU; the slope below zero, or an array of them
    x = assembly.affine(assembly.reshape(x, (-1,)), weight, bias)
    network = assembly.finish(x)

What only moves entries (transpose, slice, flip, gather, expand) is an index array: with ``p = x.positions``, the
transpose is ``x.select(p.T)`` and a slice ``x.select(p[2:])``. Index −1 stands for the constant 0 (padding).

Signals of different depths meet in `add`, `subtract` and `concat`: the shallower one is carried through the layers
between by identity neurons (slope 1), either its entries or the neurons that they depend on, whichever are fewer, and
each only once. Nothing else is added and no neuron is left out of the layers up to the output's, so a plain multilayer
perceptron comes out with the weights and biases it has; layers beyond the output's, which cannot matter, are left out.

Numbers are what `polyrelu.exact.rational.exact` reads, as scalars, nested sequences or arrays (a float is its exact
value); nothing is rounded, except one number per channel in `batch_norm`. Errors: NetworkError for shapes that do not
fit, NumberError for anything that is not a finite number, LimitError for sizes beyond `MAX_SIZE` or `MAX_ENTRIES`, and
for work beyond `MAX_OPERATIONS` in one operation or `MAX_TOTAL` in all (before it is done).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.errors import LimitError, NetworkError, NumberError
from polyrelu.exact.floats import fraction_of, from_extension, nearest, root, widened
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import MAX_ENTRIES, exact, exact_vector
from polyrelu.exact.time_limit import check_time
from polyrelu.network.network import Network
from polyrelu.readers.batch import Layer, sample_of
from polyrelu.readers.restriction import Enclosures, Restriction
from polyrelu.readers.signals import (
    ONE,
    OUTSIDE,
    ZERO,
    Combiner,
    Indices,
    Monotone,
    Row,
    Signal,
    array_of,
    combined,
    counted,
    dense,
    grouped,
    show_shape,
    signal_of,
)

MAX_SIZE = MAX_ENTRIES // 10
"""Maximum number of entries of a signal: each may take half a kilobyte, and a small file can ask for any number."""

MAX_OPERATIONS = 2 * MAX_ENTRIES
"""Maximum number of rational multiplications in one operation: half a minute, and gigabytes if nothing cancels."""

MAX_TOTAL = 6 * MAX_ENTRIES
"""Maximum number of steps in one model: numbers read, multiplications, weights, and ten for each entry of a signal.

A step takes one or two microseconds, and about forty bytes where nothing cancels. Convolutional networks of forty
million weights, most of them 0, stay below it; perceptrons of twenty million reach it.
"""

LONG_WORK = 200_000
"""Number of steps after which it is worth while to look for what a model is refused for (`before_long_work`)."""

STRIP_ADVICE = (
    "it is not piecewise linear; a final one is left out with strip=True, or --strip on the command line (the network "
    "is then its argument, which has the same order)"
)
"""What to do about a sigmoid, a softmax or a log-softmax."""

BATCH_NORM_NOTE = (
    "in batch normalisation γ / √(σ² + ε), which is irrational in general, is taken as the double that it evaluates to"
)
"""The assumption that `Assembly.batch_norm` notes (see `Network.assumptions`) unless these numbers are exact."""

ENTRY = 10
"""Steps for an entry of a signal, in addition to those for its coefficients."""


class _Layer:
    """A hidden layer under construction; `carried` finds the identity neuron of a linear form of the layer before."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.constants: list[Fraction] = []
        self.slopes: list[Fraction] = []
        self.carried: dict[frozenset[tuple[int, Fraction]], int] = {}
        self.found: dict[tuple[frozenset[tuple[int, Fraction]], Fraction, Fraction], int] = {}
        self.enclosures: Enclosures | None = None

    def neuron(self, row: Row, constant: Fraction, slope: Fraction) -> int:
        """The index of the neuron of this row, constant and slope, made if there is none."""
        key = frozenset(row.items()), constant, slope
        if key not in self.found:
            self.found[key] = len(self.rows)
            self.rows.append(row)
            self.constants.append(constant)
            self.slopes.append(slope)
        return self.found[key]

    def carry(self, form: Row) -> int:
        """The index of the neuron that passes the form on, made if there is none."""
        key = frozenset(form.items())
        if key not in self.carried:
            self.carried[key] = len(self.rows)
            self.rows.append(form)
            self.constants.append(ZERO)
            self.slopes.append(ONE)
        return self.carried[key]


class Assembly:
    """A network under construction, whose input has the given shape (an int is the length of a vector).

    Every error starts with `place`, the operation of the model that is being read. With `strip` set, a final sigmoid,
    softmax or log-softmax may be left out. With `samples` > 1 the input may be a batch of that many samples, one of
    which `sample` returns; limits then concern the weights of one sample. With a restriction the network is a function
    of the coordinates of a slice: values that are constant there, and neurons that are linear in its domain, make no
    neurons, and equal ones make one.
    """

    _least = ""  # said before counts

    def __init__(
        self, shape: int | Sequence[int], samples: int = 1, restriction: Restriction | None = None
    ) -> None:
        self.place = "input"
        self.strip = False
        self._samples = samples
        self._layers: list[_Layer] = []
        self._steps = 0
        self._outlook: Callable[[], None] | None = None
        self._notes: dict[str, None] = {}
        lengths = (shape,) if isinstance(shape, int) else tuple(shape)
        if any(length < 1 for length in lengths):
            raise self.error(f"expected a shape of positive lengths, got {show_shape(lengths)}")
        self.check_count(math.prod(lengths), "inputs", MAX_SIZE)
        self._restriction = restriction
        if restriction is not None:
            self.input = restriction.input(lengths)
            if restriction.box is not None:
                self.assume(
                    f"the network is that of the model only in the box {_shown(restriction.box)} of the slice: neurons "
                    "that do not bend there are left out"
                )
            return
        rows = [{i: ONE} for i in range(math.prod(lengths))]
        self.input = Signal(0, rows, [ZERO] * len(rows), lengths)

    # --- affine operations ---

    def constant(self, values: Any) -> Signal:
        """A value that does not depend on the input, of the shape of `values`."""
        array = self.exact_array(values, "constant")
        return Signal(0, [{} for _ in range(array.size)], array.ravel().tolist(), array.shape)

    def reshape(self, signal: Signal, shape: Sequence[int]) -> Signal:
        """The same entries in another shape; one length may be −1."""
        try:
            new = signal.positions.reshape(tuple(shape)).shape
        except ValueError:
            raise self.error(
                f"a value of shape {show_shape(signal.shape)} cannot be reshaped to {show_shape(shape)}"
            ) from None
        return signal.reshaped(new)

    def affine(self, signal: Signal, weight: Any, bias: Any = None) -> Signal:
        """W x + b along the last axis; `weight` is m × n with n the length of that axis, `bias` of length m."""
        matrix = self.exact_array(weight, "weight")
        if matrix.ndim != 2:
            raise self.error(f"expected a weight matrix, got an array of shape {show_shape(matrix.shape)}")
        m, n = matrix.shape
        if not signal.shape or signal.shape[-1] != n:
            raise self.error(
                f"the weight has shape {show_shape(matrix.shape)}, which does not act on a value of shape"
                f" {show_shape(signal.shape)}"
            )
        offsets = self.offsets(bias, m)
        batches = math.prod(signal.shape[:-1])
        self.check_size((batches, m))
        sums = self.filtered(signal, signal.positions.reshape(1, 1, batches, n), matrix[None], offsets)
        return sums.select(sums.positions.reshape(m, batches).T).reshaped((*signal.shape[:-1], m))

    def scale(self, signal: Signal, factors: Any = ONE, offsets: Any = 0) -> Signal:
        """factors · x + offsets entry by entry, with NumPy's broadcasting in all three."""
        factor, offset = self.exact_array(factors, "factors"), self.exact_array(offsets, "offsets")
        shape = self._broadcast(signal.shape, factor.shape, offset.shape)
        indices = np.broadcast_to(signal.positions, shape)
        self.spend(signal.terms(indices) + ENTRY * indices.size)
        positions = indices.ravel().tolist()
        factor, offset = np.broadcast_to(factor, shape).ravel(), np.broadcast_to(offset, shape).ravel()
        rows = counted(combined(signal, (i,), (c,)) for i, c in zip(positions, factor.tolist(), strict=True))
        return signal_of(signal.layer, rows, offset.tolist(), shape)

    def batch_norm(
        self, signal: Signal, axis: int, mean: Any, variance: Any, epsilon: float, weight: Any = None, bias: Any = None
    ) -> Signal:
        """Batch normalisation as evaluated: γ (x − μ) / √(σ² + ε) + β, one of each per entry along `axis`.

        γ / √(σ² + ε) is irrational in general. It is replaced by γ', the double to which it evaluates in IEEE double
        arithmetic; γ' (x − μ) + β is then computed without rounding. So the network agrees with a framework, which
        rounds in the precision of the model, up to float error, and two readers of the same parameters make the same
        network. ε must be rounded to the precision of the model.
        """
        shape = [1] * len(signal.shape)
        if not -len(shape) <= axis < len(shape):
            raise self.error(f"a value of shape {show_shape(signal.shape)} has no axis {axis}")
        shape[axis] = channels = signal.shape[axis]

        def vector(values: Any, name: str, default: int) -> list[Fraction]:
            return self._vector([default] * channels if values is None else values, channels, name)

        means, variances = vector(mean, "mean", 0), vector(variance, "variance", 1)
        factors, small = [], self.exact(epsilon, "epsilon")
        for gamma, sigma in zip(vector(weight, "weight", 1), variances, strict=True):
            total = nearest(fraction_of(nearest(sigma)) + fraction_of(nearest(small)))
            if not 0 < total < math.inf:
                raise self.error(f"expected positive variances, got variance + epsilon = {total}")
            quotient = nearest(fraction_of(nearest(gamma)) / fraction_of(root(fraction_of(total))))
            factors.append(self.exact(quotient, "scale"))
            if factors[-1] ** 2 * (sigma + small) != gamma**2:
                self.assume(BATCH_NORM_NOTE)
        shifts = vector(bias, "bias", 0)
        offsets = [beta - c * mu for beta, c, mu in zip(shifts, factors, means, strict=True)]
        return self.scale(signal, array_of(factors).reshape(shape), array_of(offsets).reshape(shape))

    def weighted_sums(self, signal: Signal, indices: Any, coefficients: Any) -> Signal:
        """Σ_j coefficients[…, j] · x[indices[…, j]], of the shape of `indices` without its last axis.

        `coefficients` is broadcast to `indices`; negative indices stand for the constant 0.
        """
        array = np.asarray(indices)
        self.check_work(signal.terms(array), math.prod(array.shape[:-1]))
        factors = np.broadcast_to(self.exact_array(coefficients, "coefficients"), array.shape)
        groups = zip(grouped(array).tolist(), grouped(factors).tolist(), strict=True)
        rows = counted(combined(signal, group, row) for group, row in groups)
        return signal_of(signal.layer, rows, [ZERO] * len(rows), array.shape[:-1])

    def filtered(self, signal: Signal, windows: Indices, filters: Any, offsets: Sequence[Fraction]) -> Signal:
        """Σ_j filters[g, m, j] · x[windows[n, g, p, j]] + offsets[g, m], of shape (n, g · m, p): a convolution.

        `filters` are numbers of the model as `exact_array` returns them; negative indices stand for the constant 0.
        """
        count, _, places, _ = windows.shape
        members = filters.shape[1]
        self.check_work(signal.terms(windows) * members, count * len(offsets) * places)
        combiner = Combiner(signal)
        prepared = [[combiner.prepared(row) for row in group] for group in filters.tolist()]
        rows = counted(
            combiner.sum(window, taps)
            for batch in windows.tolist()
            for group, group_filters in zip(batch, prepared, strict=True)
            for taps in group_filters
            for window in group
        )
        constants = [offset for offset in offsets for _ in range(places)] * count
        return signal_of(signal.layer, rows, constants, (count, len(offsets), places))

    def add(self, a: Signal, b: Signal, factor: Any = 1) -> Signal:
        """a + factor · b, with NumPy's broadcasting; the shallower one is carried up."""
        shape = self._broadcast(a.shape, b.shape)
        a, b = (x.select(np.broadcast_to(x.positions, shape)) for x in (a, b))
        joined = self._joined([a, b])
        self.spend(joined.terms(joined.positions) + ENTRY * a.size)
        factors = (ONE, self.exact(factor, "factor"))
        rows = counted(combined(joined, (i, a.size + i), factors) for i in range(a.size))
        return signal_of(joined.layer, rows, [ZERO] * a.size, shape)

    def subtract(self, a: Signal, b: Signal) -> Signal:
        """a − b, with NumPy's broadcasting; the shallower one is carried up."""
        return self.add(a, b, -1)

    def concat(self, signals: Sequence[Signal], axis: int = 0) -> Signal:
        """The signals side by side along an axis; the shallower ones are carried up."""
        starts = np.cumsum([0, *(signal.size for signal in signals)])
        try:
            indices = np.concatenate([x.positions + start for x, start in zip(signals, starts[:-1], strict=True)], axis)
        except ValueError:
            shapes = ", ".join(show_shape(signal.shape) for signal in signals[:5])
            raise self.error(f"values of shapes {shapes} cannot be joined along axis {axis}") from None
        return self._joined(signals).select(indices)

    # --- piecewise linear operations ---

    def activation(self, signal: Signal, slopes: Any = 0) -> Signal:
        """One neuron for each entry: x above zero, slope · x below; `slopes` is broadcast to the signal's shape.

        Slope 0 is ReLU, α leaky ReLU, −1 the absolute value.
        """
        below = self.exact_array(slopes, "slope")
        if self._broadcast(below.shape, signal.shape) != signal.shape:
            raise self.error(
                f"slopes of shape {show_shape(below.shape)} do not fit a value {show_shape(signal.shape)}"
            )
        if not signal.size:
            raise self.error("the value is empty, so there is nothing to act on")
        return self._activated(signal, below)

    def _activated(self, signal: Signal, below: npt.NDArray[Any]) -> Signal:
        slopes = np.broadcast_to(below, signal.shape).ravel().tolist()
        if self._restriction is not None:
            return self._bent(signal, slopes, self._restriction)
        while len(self._layers) <= signal.layer:
            self._layers.append(_Layer())
        layer = self._layers[signal.layer]
        first = len(layer.rows)
        self._check_weights(first + signal.size, signal.layer)
        self.spend(ENTRY * signal.size)
        layer.rows.extend(signal.rows)
        layer.constants.extend(signal.constants)
        layer.slopes.extend(slopes)
        rows = [{i: ONE} for i in range(first, first + signal.size)]
        return Signal(signal.layer + 1, rows, [ZERO] * signal.size, signal.shape)

    def _bent(self, signal: Signal, slopes: list[Fraction], restriction: Restriction) -> Signal:
        """The activations of a signal in a slice, with neurons only for entries that may bend in its domain."""
        self.spend(ENTRY * signal.size + signal.terms(signal.positions))
        factors: list[Fraction | None] = [None] * signal.size
        for i, (row, constant, slope) in enumerate(zip(signal.rows, signal.constants, slopes, strict=True)):
            if not row or slope == 1:
                factors[i] = ONE if constant >= 0 else slope
        if restriction.box is not None:
            enclosures = restriction.of_rows(signal.rows, signal.constants, self._enclosures(signal.layer, restriction))
            least, most = (array.tolist() for array in restriction.range(enclosures))
            for i, slope in enumerate(slopes):
                if factors[i] is None and (least[i] >= 0 or most[i] <= 0):
                    factors[i] = ONE if least[i] >= 0 else slope
        bent = [i for i, factor in enumerate(factors) if factor is None]
        straight = [i for i, factor in enumerate(factors) if factor is not None]
        scales = array_of([factor for factor in factors if factor is not None])
        linear = self.scale(signal.select(np.array(straight, dtype=np.intp)), scales)
        if not bent:
            return self.reshape(linear, signal.shape)
        while len(self._layers) <= signal.layer:
            self._layers.append(_Layer())
        layer = self._layers[signal.layer]
        neurons = [layer.neuron(signal.rows[i], signal.constants[i], slopes[i]) for i in bent]
        self._check_weights(len(layer.rows), signal.layer)
        rows: list[Row] = [{k: ONE} for k in neurons]
        joined = Signal(signal.layer + 1, rows, [ZERO] * len(rows), (len(rows),))
        if straight:
            joined = self.concat([joined, linear])
        where = np.empty(signal.size, dtype=np.intp)
        where[[*bent, *straight]] = np.arange(signal.size)
        return joined.select(where.reshape(signal.shape))

    def _enclosures(self, layer: int, restriction: Restriction) -> Enclosures:
        """Enclosures of the neurons of a layer in the box; of layer 0 the coordinates."""
        if layer == 0:
            return restriction.coordinates()
        here = self._layers[layer - 1]
        if here.enclosures is None or len(here.enclosures[0]) < len(here.rows):
            done = 0 if here.enclosures is None else len(here.enclosures[0])
            before = self._enclosures(layer - 1, restriction)
            arguments = restriction.of_rows(here.rows[done:], here.constants[done:], before)
            new = restriction.activated(arguments, here.slopes[done:])
            old = here.enclosures or (new[0][:0], new[1][:0])
            here.enclosures = np.vstack([old[0], new[0]]), np.vstack([old[1], new[1]])
        return here.enclosures

    def clip(self, signal: Signal, low: Any = None, high: Any = None) -> Signal:
        """min(max(x, low), high), which is high if low is above it; None or an infinity leaves a side open.

        Between two bounds low + ReLU(x − low) − ReLU(x − high), two neurons an entry; with one bound one neuron.
        """
        least = None if low is None or low == -math.inf else self.exact(low, "lower bound")
        most = None if high is None or high == math.inf else self.exact(high, "upper bound")
        if least is None:
            if most is None:
                return signal
            return self.scale(self.activation(self.scale(signal, -1, most)), -1, most)
        if most is not None and least >= most:
            return self.scale(signal, 0, most)
        rise = self.activation(self.scale(signal, 1, -least))
        if most is None:
            return self.scale(rise, 1, least)
        return self.scale(self.subtract(rise, self.activation(self.scale(signal, 1, -most))), 1, least)

    def maximum(self, signal: Signal, groups: Any) -> Signal:
        """max_j x[groups[…, j]], negative indices left out, of the shape of `groups` without its last axis.

        By max(a, b) = a + ReLU(b − a) on pairs, level by level: ⌈log₂ n⌉ layers for n entries. A pair that several
        groups share is made once.
        """
        array = np.asarray(groups)
        shape = array.shape[:-1]
        self.spend(array.size)
        members = [list(dict.fromkeys(i for i in group if i >= 0)) for group in grouped(array).tolist()]
        if not all(members):
            raise self.error("a window holds no entry, so it has no maximum")
        while any(len(group) > 1 for group in members):
            found: dict[tuple[int, int], int] = {}
            for k, group in enumerate(members):
                even = group + group[-1:] if len(group) % 2 else group  # an odd one out is paired with itself
                pairs = zip(even[::2], even[1::2], strict=True)
                members[k] = [found.setdefault(pair, len(found)) for pair in pairs]
            signal = self._paired(signal, list(found))
        return signal.select(np.array([group[0] for group in members]).reshape(shape))

    def _paired(self, signal: Signal, pairs: Sequence[tuple[int, int]]) -> Signal:
        """max(x_a, x_b) for every pair; a pair (a, a) is x_a itself."""
        true = [k for k, (a, b) in enumerate(pairs) if a != b]
        first = signal.select(np.array([a for a, _ in pairs]))
        second = signal.select(np.array([pairs[k][1] for k in true]))
        rise = self.activation(self.subtract(second, first.select(np.array(true))))
        where = np.full(len(pairs), OUTSIDE)
        where[true] = np.arange(len(true))
        return self.add(first, rise.select(where))

    # --- the end ---

    def finish(self, signal: Signal) -> Network:
        """The network whose outputs are the entries of the signal, in C order."""
        self.check_end(signal)
        layers = self._layers[: signal.layer]
        ends = [*((layer.rows, layer.constants) for layer in layers), (signal.rows, signal.constants)]
        weights = [[dense(row, self._width(k)) for row in rows] for k, (rows, _) in enumerate(ends)]
        network = Network(weights, [constants for _, constants in ends], [layer.slopes for layer in layers])
        return network.noted(*self._notes)

    def check_end(self, signal: Signal) -> None:
        """Raise what `finish` raises: NetworkError without outputs, LimitError for too many weights."""
        self._outlook = None  # what is left is counted here
        if not signal.size:
            raise self.error("the output is empty")
        self.check_count(signal.size * self._width(signal.layer), "weights in the output layer")
        widths = [self._width(k) for k in range(signal.layer + 1)]
        for k, (before, neurons) in enumerate(pairwise(widths), 1):
            self.check_count(neurons * before, f"weights in hidden layer {k}")
        self.spend(sum(before * n for before, n in pairwise([*widths, signal.size])))

    def assume(self, note: str) -> None:
        """Note an assumption of the network, one clause; see `Network.assumptions`."""
        self._notes[note] = None

    def without(self, name: str, signal: Signal, axis: int | None = None, end: int | None = None) -> Signal:
        """The argument of a final function, which is left out: sigmoid, or (log-)softmax along axes axis..end − 1.

        NetworkError unless `strip` is set and the argument determines what is asked of such an output. The sigmoid σ is
        increasing and σ(0) = 1/2, so that {σ(F) > p} is {F > log(p / (1 − p))}, and {F > 0} for p = 1/2. Softmax
        divides exp, which is increasing, by one positive number, and log-softmax subtracts one number: the order of the
        entries stays. That is the order of all outputs only if all of them are along the axes, and tells something only
        if there are at least two.
        """
        if not self.strip:
            raise self.error(f"{name} is not read: {STRIP_ADVICE}")
        if isinstance(signal, Monotone):
            raise self.error(f"{name} of another final function is not left out")
        if axis is None:
            self.assume(
                f"the final {name} is left out: the network is its argument F; {name}(F) is increasing in F and equals "
                "1/2 where F = 0"
            )
        else:
            rank = len(signal.shape)
            if not -rank <= axis < rank:
                raise self.error(f"a value of shape {show_shape(signal.shape)} has no axis {axis}")
            first = axis % rank
            count = math.prod(signal.shape[first : first + 1 if end is None else end])
            if count < 2:
                raise self.error(f"{name} of one entry is constant, so that it is not left out")
            whole = count == signal.size
            if self._samples > 1:  # an axis that may be that of the batch is not compared along
                whole = first > 0 and (count * self._samples == signal.size or (whole and signal.shape[0] == 1))
            if not whole:
                raise self.error(
                    f"{name} over {count} entries of a value of shape {show_shape(signal.shape)} keeps the order only "
                    "among them, so that it is not left out"
                )
            self.assume(
                f"the final {name} is left out: the network is its argument, whose entries have the same order and the "
                "same greatest one"
            )
        return signal.final()

    def ends(self, signal: Signal) -> Signal:
        """The output itself. NetworkError if a final function was to be left out and it is not that of one."""
        if self.strip and not isinstance(signal, Monotone):
            raise self.error("strip: the model does not end with a sigmoid, softmax or log-softmax")
        return signal

    def sample(self, signal: Signal) -> Network | None:
        """The network of one sample, if the signal provably treats all samples of the input alike; otherwise None.

        `polyrelu.readers.batch` has the proof.
        """
        layers = [Layer(layer.rows, layer.constants, layer.slopes) for layer in self._layers[: signal.layer]]
        layers.append(Layer(signal.rows, signal.constants, None))
        self.spend(sum(len(row) for layer in layers for row in layer.rows))
        found = sample_of(self.input.size, layers, self._samples)
        return None if found is None else found.network().noted(*self._notes)

    # --- parts ---

    def exact(self, value: Any, name: str) -> Fraction:
        """One number of the model, exactly."""
        number = exact(value, f"{self.place}, {name}")
        return ONE if number == 1 else number

    def exact_array(self, values: Any, name: str) -> npt.NDArray[Any]:
        """Numbers of the model as an array of Fractions, of the shape they have. A Fraction stays what it is."""
        # Integers beside floats in a list stay what they are: NumPy would round them to floats.
        array = from_extension(np.asarray(values, dtype=object if isinstance(values, (list, tuple)) else None))
        if array.size > MAX_ENTRIES:
            raise LimitError(f"{self.place}, {name}: {array.size} numbers, more than {MAX_ENTRIES}")
        self.spend(array.size)
        if array.dtype.kind not in "iufO":
            raise NumberError(f"{self.place}, {name}: an array of type {array.dtype} holds no exact rational numbers")
        return self._exact_entries(widened(array), f"{self.place}, {name}")

    def _exact_entries(self, array: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
        return array_of(exact_vector(array.ravel().tolist(), name)).reshape(array.shape)

    def check_size(self, shape: Sequence[int]) -> None:
        """LimitError for a shape of more than MAX_SIZE entries, before an index array of that shape is made."""
        self.check_count(math.prod(shape), "entries", MAX_SIZE)

    def before_long_work(self, outlook: Callable[[], None]) -> None:
        """Have `outlook` called once, after LONG_WORK steps: it raises what the whole model is refused for."""
        self._outlook = outlook

    def expect(self, steps: int) -> None:
        """Look ahead, if the work becomes long with these steps."""
        if self._steps + steps > LONG_WORK and self._outlook is not None:
            outlook, self._outlook = self._outlook, None
            outlook()

    @property
    def steps(self) -> int:
        """The steps taken so far."""
        return self._steps

    def spend(self, steps: int) -> None:
        """Count steps, before they are taken. LimitError if the model then takes more than MAX_TOTAL."""
        self.expect(steps)
        self._steps += steps
        if self._steps > MAX_TOTAL:
            raise LimitError(f"{self.place}: up to here the model takes {self._steps} steps, more than {MAX_TOTAL}")
        check_time()

    def _vector(self, values: Any, length: int, name: str) -> list[Fraction]:
        array = self.exact_array(values, name)
        if array.shape != (length,):
            raise self.error(f"{name}: expected {length} numbers, got an array of shape {show_shape(array.shape)}")
        return list(array.tolist())

    def offsets(self, bias: Any, length: int) -> list[Fraction]:
        """The entries of a bias of this length, zeros if there is none."""
        return [ZERO] * length if bias is None else self._vector(bias, length, "bias")

    def _width(self, layer: int) -> int:
        if layer == 0 and self._restriction is not None:
            return self._restriction.dim
        return self.input.size if layer == 0 else len(self._layers[layer - 1].rows)

    def _joined(self, signals: Sequence[Signal]) -> Signal:
        """The entries of signals, one after another, as functions of the deepest of their layers."""
        layer = max(signal.layer for signal in signals)
        parts = [self.lifted(signal, layer) for signal in signals]
        rows = [row for part in parts for row in part.rows]
        return Signal(layer, rows, [c for part in parts for c in part.constants], (len(rows),))

    def lifted(self, signal: Signal, target: int) -> Signal:
        """The signal as a function of the neurons of a deeper layer, through identity neurons."""
        while signal.layer < target:
            self.spend(signal.terms(signal.positions) + ENTRY * signal.size)
            layer = self._layers[signal.layer]
            entries = {frozenset(row.items()): row for row in signal.rows if row}
            neurons: list[Row] = [{i: ONE} for i in dict.fromkeys(i for row in signal.rows for i in row)]
            if sum(key not in layer.carried for key in entries) < sum(
                frozenset(form.items()) not in layer.carried for form in neurons
            ):
                rows = [{layer.carry(row): ONE} if row else {} for row in signal.rows]
            else:
                above = {i: layer.carry(form) for form in neurons for i in form}
                rows = [{above[i]: c for i, c in row.items()} for row in signal.rows]
            signal = Signal(signal.layer + 1, rows, signal.constants, signal.shape)
            self._check_weights(len(layer.rows), signal.layer - 1)
        return signal

    def _broadcast(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        try:
            shape = np.broadcast_shapes(*shapes)
        except ValueError:
            raise self.error(f"shapes {', '.join(map(show_shape, shapes))} do not fit together") from None
        self.check_count(math.prod(shape), "entries", MAX_SIZE)
        return shape

    def _check_weights(self, neurons: int, before: int) -> None:
        """LimitError for too many weights in the hidden layer that reads layer `before`."""
        count = neurons * self._width(before) // self._samples**2
        self.check_count(count, f"weights in hidden layer {before + 1}")

    def check_count(self, count: int, what: str, most: int | None = None) -> None:
        """LimitError for more than `most` (MAX_ENTRIES) of something."""
        limit = MAX_ENTRIES if most is None else most
        if count > limit:
            raise LimitError(f"{self.place}: {self._least}{brief(count)} {what}, more than the {limit} that are read")

    def check_work(self, count: int, entries: int) -> None:
        """LimitError for more than MAX_OPERATIONS multiplications, which are counted, with the entries they make."""
        if count > MAX_OPERATIONS:
            what = f"takes {self._least}{count} exact multiplications"
            raise LimitError(f"{self.place}: {what}, more than {MAX_OPERATIONS}")
        self.spend(count + ENTRY * entries)

    def error(self, message: str) -> NetworkError:
        """An error that starts with the place."""
        return NetworkError(f"{self.place}: {message}")


def _shown(box: Sequence[tuple[Fraction, Fraction]]) -> str:
    return " × ".join(f"[{low}, {high}]" for low, high in box)
