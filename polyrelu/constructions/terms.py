"""Piecewise linear functions made of others by sums, maxima and absolute values, and the networks that compute them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from polyrelu.constructions.layers import ONE, ZERO, Form, check_weights, unit
from polyrelu.exact.linear import independent_columns, independent_rows, solve
from polyrelu.exact.rational import check_digits, primitive
from polyrelu.network.network import Network

IDENTITY = Fraction(1)
ABSOLUTE = Fraction(-1)
RELU = Fraction(0)


class Neuron(NamedTuple):
    """A neuron: its layer, counted from 1, its preactivation as a form in earlier terms, and its slope below zero."""

    layer: int
    form: Form
    slope: Fraction


class Terms:
    """The inputs x_0, …, x_{d−1} and neurons of which functions are made: a `Form` is a sum of these *terms*.

    Terms are numbered, inputs first. A neuron's preactivation is a primitive form in terms of earlier layers, and the
    neuron stands in the first layer in which it can. Equal neurons, up to a positive factor, are one.

    Parameters
    ----------
    inputs : int
        The number d of inputs.
    relu : bool
        Whether all neurons are ReLU: then |f| = ReLU(f) + ReLU(−f), and a value f is passed on to later layers by
        f = ReLU(f) − ReLU(−f). Otherwise one neuron of slope −1 or 1 does it.
    """

    def __init__(self, inputs: int, relu: bool = False) -> None:
        self._inputs = inputs
        self._relu = relu
        self._neurons: list[Neuron] = []
        self._number: dict[tuple[Fraction, tuple[int, ...], tuple[int, ...]], int] = {}

    def input(self, i: int) -> Form:
        """The form x_i."""
        return unit(i)

    def relu(self, form: Form) -> Form:
        """ReLU(form)."""
        sign = self._sign(form)
        if sign:
            return form if sign > 0 else Form({})
        return self._neuron(form, RELU)

    def absolute(self, form: Form) -> Form:
        """|form|."""
        sign = self._sign(form)
        if sign:
            return form if sign > 0 else -form
        if self._relu:
            return sum_of([self.relu(form), self.relu(-form)])
        return self._neuron(form, ABSOLUTE)

    def maximum(self, forms: Sequence[Form]) -> Form:
        """The maximum of at least one form: max(a, b) = b + ReLU(a − b), in a balanced tree."""
        rest = list(forms)
        while len(rest) > 1:
            pairs = [self._larger(a, b) for a, b in zip(rest[::2], rest[1::2], strict=False)]
            rest = pairs + rest[len(rest) // 2 * 2 :]
        return rest[0]

    def minimum(self, forms: Sequence[Form]) -> Form:
        """The minimum of at least one form."""
        return -self.maximum([-form for form in forms])

    def network(self, outputs: Sequence[Form], where: str) -> Network:
        """The network with these outputs; LimitError, naming `where`, if it would have too many weights.

        A layer ℓ has the neurons that are needed there. What later layers and the outputs need of the terms before ℓ
        is a list of forms in these; a basis of their span is passed on, so that as few neurons as possible do it.
        """
        used = self._used(outputs)
        depth = max((self._layer(i) for i in used), default=0)
        readers = [*(self._neurons[i - self._inputs].form for i in used if i >= self._inputs), *outputs]
        reading = [*(self._layer(i) for i in used if i >= self._inputs), *[depth + 1] * len(outputs)]
        stages = []
        for layer in range(1, depth + 1):
            new = [i for i in used if self._layer(i) == layer]
            later = [f for f, at in zip(readers, reading, strict=True) if at > layer]
            earlier = [i for i in used if self._layer(i) < layer]
            passed = _basis([_part(form, earlier) for form in later], earlier)
            stages.append(_Stage(new, passed, [self._passing(form) for form in passed]))
        widths = [len(s.new) + sum(map(len, s.signs)) for s in stages]
        check_weights(where, [self._inputs, *widths, len(outputs)])
        before, weights, biases, slopes = _Stage(list(range(self._inputs)), [], []), [], [], []
        for stage in stages:
            neurons = [self._neurons[i - self._inputs] for i in stage.new]
            copies = [f * sign for f, signs in zip(stage.passed, stage.signs, strict=True) for sign in signs]
            forms = [*(n.form for n in neurons), *copies]
            weights.append(before.rows(forms))
            biases.append([form.constant for form in forms])
            passing = RELU if self._relu else IDENTITY
            slopes.append([*(n.slope for n in neurons), *[passing] * len(copies)])
            before = stage
        weights.append(before.rows(outputs))
        biases.append([form.constant for form in outputs])
        return Network(weights, biases, slopes)

    def _passing(self, form: Form) -> tuple[int, ...]:
        """The signs s of the neurons that pass on the form f, which is the sum of their values times s."""
        sign = self._sign(form)
        return (1,) if not self._relu else (sign,) if sign else (1, -1)

    def _layer(self, term: int) -> int:
        return self._neurons[term - self._inputs].layer if term >= self._inputs else 0

    def _height(self, form: Form) -> tuple[int, int]:
        """The layer after which the form is known, and its number of terms."""
        return max((self._layer(i) for i in form.coefficients), default=-1), len(form.coefficients)

    def _larger(self, a: Form, b: Form) -> Form:
        difference = sum_of([a, -b])
        if not difference.coefficients:
            return a if difference.constant > 0 else b
        if self._height(a) < self._height(b):  # the one that is added is passed on: the simpler one
            return sum_of([a, self.relu(-difference)])
        return sum_of([b, self.relu(difference)])

    def _sign(self, form: Form) -> int:
        """1 or −1 where the form is obviously ≥ 0 or ≤ 0: constants, and sums of values of neurons of one sign."""
        terms = form.coefficients.items()
        if any(i < self._inputs for i, _ in terms):
            return 0
        if form.constant >= 0 and all(value > 0 for _, value in terms):
            return 1
        return -1 if form.constant <= 0 and all(value < 0 for _, value in terms) else 0

    def _neuron(self, form: Form, slope: Fraction) -> Form:
        terms = sorted(form.coefficients)
        row = primitive([form.constant, *(form.coefficients[i] for i in terms)])
        if slope == ABSOLUTE and row[1] < 0:
            row = tuple(-x for x in row)
        factor = abs(form.coefficients[terms[0]] / row[1])
        key = (slope, tuple(terms), row)
        if key not in self._number:
            inner = Form({i: Fraction(x) for i, x in zip(terms, row[1:], strict=True)}, Fraction(row[0]))
            self._neurons.append(Neuron(1 + max(0, self._height(form)[0]), inner, slope))
            self._number[key] = self._inputs + len(self._neurons) - 1
        return unit(self._number[key]) * factor

    def _used(self, outputs: Sequence[Form]) -> list[int]:
        """The terms of which the outputs are made, in order; the terms of a neuron come before it."""
        used = {i for form in outputs for i in form.coefficients}
        for i in range(self._inputs + len(self._neurons) - 1, self._inputs - 1, -1):
            if i in used:
                used.update(self._neurons[i - self._inputs].form.coefficients)
        return sorted(used)


class _Stage(NamedTuple):
    """The neurons of a layer: those that are new, as terms, and those that pass on forms in earlier terms."""

    new: list[int]
    passed: list[Form]
    signs: list[tuple[int, ...]]

    def rows(self, forms: Sequence[Form]) -> list[list[Fraction]]:
        """The coefficients of forms in the neurons."""
        place = {term: i for i, term in enumerate(self.new)}
        rows = [[ZERO] * len(self.new) for _ in forms]
        rest: list[Form] = []
        for row, form in zip(rows, forms, strict=True):
            for term, value in form.coefficients.items():
                if term in place:
                    row[place[term]] = value
            rest.append(Form({i: x for i, x in form.coefficients.items() if i not in place}))
        for row, coordinates in zip(rows, _coordinates(rest, self.passed), strict=True):
            row += [x * sign for x, signs in zip(coordinates, self.signs, strict=True) for sign in signs]
        return rows


def sum_of(forms: Iterable[Form]) -> Form:
    """The sum of forms, without terms that cancel; NumberError if a number has too many digits."""
    coefficients: dict[int, Fraction] = {}
    constant = ZERO
    for form in forms:
        for i, value in form.coefficients.items():
            coefficients[i] = coefficients.get(i, ZERO) + value
        constant += form.constant
    for value in (constant, *coefficients.values()):
        check_digits(value, "expression")
    return Form({i: value for i, value in coefficients.items() if value}, constant)


def _part(form: Form, terms: Sequence[int]) -> Form:
    """The part of the form in these terms, without the constant."""
    return Form({i: form.coefficients[i] for i in terms if i in form.coefficients})


def _basis(forms: Sequence[Form], terms: Sequence[int]) -> list[Form]:
    """A basis of the span of forms without constants: the terms themselves where there are as few of them."""
    occurring = [i for i in terms if any(i in form.coefficients for form in forms)]
    rows = [[form.coefficients.get(i, ZERO) for i in occurring] for form in forms if form.coefficients]
    chosen = independent_rows(rows) if rows else []
    if len(chosen) == len(occurring):
        return [Form({i: ONE}) for i in occurring]
    found = []
    for row in (primitive(rows[i]) for i in chosen):
        found.append(Form({i: Fraction(x) for i, x in zip(occurring, row, strict=True) if x}))
    return found


def _coordinates(forms: Sequence[Form], basis: Sequence[Form]) -> list[tuple[Fraction, ...]]:
    """The coordinates of forms in a basis of a space that contains them."""
    if not basis:
        return [()] * len(forms)
    terms = sorted({i for form in basis for i in form.coefficients})
    rows = [[form.coefficients.get(i, ZERO) for i in terms] for form in basis]
    square = independent_columns(rows)
    matrix = [[row[j] for row in rows] for j in square]
    right = [[form.coefficients.get(terms[j], ZERO) for form in forms] for j in square]
    return list(zip(*solve(matrix, right), strict=True))
