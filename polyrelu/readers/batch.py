"""The network of one sample of a batch, for a model that provably applies the same function to every sample.

Let the input be a batch of n samples x_1, …, x_n, one after another. Since the weights of the model are rational
numbers, three conditions that are checked neuron by neuron prove that the output is f(x_1), …, f(x_n) for one f:

- Neurons that do not depend on the input are constants; they are added to the biases of the next layer.
- Every other neuron must depend on the neurons of one sample only, which makes it a neuron of that sample.
- The k-th neurons of all samples in a layer must have the same weights (of neurons that correspond), bias and slope; so
  must the k-th outputs.

If they hold, then by induction over the layers the k-th neurons of all samples are the same function of their samples.
Where they do not hold, nothing is claimed: a model may treat all samples alike in another way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from polyrelu.network.network import Network

Form = tuple[tuple[tuple[int, Fraction], ...], Fraction]
"""The coefficients of a row, by column, and its constant."""


class Layer(NamedTuple):
    """The neurons of a layer: their sparse rows, constants and slopes below zero (of outputs there are none)."""

    rows: Sequence[dict[int, Fraction]]
    constants: Sequence[Fraction]
    slopes: Sequence[Fraction] | None


@dataclass(frozen=True)
class Sample:
    """The function of one sample: for each layer, the output last, its forms, and for hidden layers the slopes."""

    width: int
    forms: tuple[tuple[Form, ...], ...]
    slopes: tuple[tuple[Fraction, ...], ...]

    def network(self) -> Network:
        """The network, without neurons that do not depend on the input."""
        weights, biases, width = [], [], self.width
        for forms in self.forms:
            kept = forms or (((), Fraction(0)),)  # a layer without neurons gets a constant one
            weights.append([_dense(row, width) for row, _ in kept])
            biases.append([constant for _, constant in kept])
            width = len(kept)
        return Network(weights, biases, [slopes or (Fraction(0),) for slopes in self.slopes])


def sample_of(width: int, layers: Sequence[Layer], count: int) -> Sample | None:
    """The common function of `count` samples of the input, of `width` entries in all; None if it is not proved.

    The last layer is the output, in which the entries of one sample come after those of another.
    """
    if width % count or len(layers[-1].rows) % count:
        return None
    each = width // count
    # For every neuron of the layer before: its sample and its number there, or its constant value.
    before: list[tuple[int, int] | Fraction] = [divmod(i, each) for i in range(width)]
    forms: list[tuple[Form, ...]] = []
    all_slopes: list[tuple[Fraction, ...]] = []
    for layer in layers:
        found: list[list[Form]] = [[] for _ in range(count)]
        slopes: list[list[Fraction]] = [[] for _ in range(count)]
        here: list[tuple[int, int] | Fraction] = []
        for k, (row, bias) in enumerate(zip(layer.rows, layer.constants, strict=True)):
            samples, form = _read(row, bias, before)
            if len(samples) > 1:
                return None
            if layer.slopes is None:
                sample = k // (len(layer.rows) // count)
                if samples and samples != {sample}:
                    return None
            elif not samples:
                here.append(form[1] if form[1] >= 0 else layer.slopes[k] * form[1])
                continue
            else:
                (sample,) = samples
                slopes[sample].append(layer.slopes[k])
                here.append((sample, len(found[sample])))
            found[sample].append(form)
        if any(other != found[0] for other in found) or any(other != slopes[0] for other in slopes):
            return None
        forms.append(tuple(found[0]))
        if layer.slopes is not None:
            all_slopes.append(tuple(slopes[0]))
        before = here
    return Sample(each, tuple(forms), tuple(all_slopes))


def _read(row: dict[int, Fraction], bias: Fraction, before: list[tuple[int, int] | Fraction]) -> tuple[set[int], Form]:
    """The samples that a row depends on, and its form in the neurons of one of them."""
    samples: set[int] = set()
    terms: list[tuple[int, Fraction]] = []
    for i, coefficient in row.items():
        neuron = before[i]
        if isinstance(neuron, tuple):
            samples.add(neuron[0])
            terms.append((neuron[1], coefficient))
        else:
            bias += coefficient * neuron
    return samples, (tuple(sorted(terms)), bias)


def _dense(row: tuple[tuple[int, Fraction], ...], width: int) -> list[Fraction]:
    result = [Fraction(0)] * width
    for i, coefficient in row:
        result[i] = coefficient
    return result
