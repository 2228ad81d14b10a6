"""SignedForms: the neurons and outputs of a network as affine forms, where its neurons have given signs."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from flint import fmpq, fmpq_mat

from polyrelu.network.network import Network

Form = list[Any]
"""(constant, coefficients…), rational numbers of FLINT."""
Signs = Sequence[int]
_ZERO = fmpq(0)


class SignedForms:
    """The affine forms of a network on a region, from the signs of its neurons there.

    Signs are those of the neurons that split (slope ≠ 1), layer by layer in one sequence. Sign 0 stands for a neuron
    that vanishes on the whole region, whatever it is elsewhere.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._weights = [fmpq_mat([[_rational(x) for x in row] for row in matrix]) for matrix in network.weights]
        self._biases = [[_rational(x) for x in bias] for bias in network.biases]
        self.n_signs = sum(a != 1 for layer in network.slopes for a in layer)

    def __call__(self, signs: Signs, needed: Sequence[bool]) -> tuple[list[Form], list[Form]]:
        """(the needed ones of the forms that are ≥ 0 on the region, one for each sign ≠ 0; those of the outputs)."""
        rows = self.first()
        inequalities: list[Form] = []
        place = 0
        for layer, slopes in enumerate(self._network.slopes, 1):
            own: list[int] = []
            for row, slope in zip(rows, slopes, strict=True):
                if slope != 1:
                    sign, wanted = signs[place], needed[place]
                    place += 1
                    own.append(sign)
                    if sign and wanted:
                        inequalities.append(row if sign > 0 else [-x for x in row])
            rows = self.behind(layer, rows, own)
        return inequalities, rows

    def first(self) -> list[Form]:
        """The forms of the first layer."""
        return [[b, *row] for b, row in zip(self._biases[0], self._weights[0].tolist(), strict=True)]

    def behind(self, layer: int, rows: list[Form], signs: Signs) -> list[Form]:
        """The forms of the layer behind one, from the forms of that and the signs of its neurons that split."""
        none = [_ZERO] * (self._network.input_dim + 1)
        values: list[Form] = []
        remaining = iter(signs)
        for row, slope in zip(rows, self._network.slopes[layer - 1], strict=True):
            sign = 1 if slope == 1 else next(remaining)
            factor = slope if sign < 0 else abs(sign)
            values.append(row if factor == 1 else [_rational(factor) * x for x in row] if factor else none)
        found: list[Form] = (self._weights[layer] * fmpq_mat(values)).tolist()
        for row, bias in zip(found, self._biases[layer], strict=True):
            row[0] += bias
        return found


def _rational(x: Fraction | int) -> Any:
    return fmpq(x.numerator, x.denominator)
