"""The network on the cells of its complex: signs of its neurons, and the affine maps that it is on the regions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from polyrelu import _core
from polyrelu.exact.rational import primitive
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.representations import Point, interior_point
from polyrelu.geometry.stages import complex_stages
from polyrelu.geometry.vertices import ExactVertices
from polyrelu.network.network import Network

Signs = tuple[tuple[int, ...], ...]
AffineMap = tuple[tuple[Point, ...], Point]


class NetworkOnCells:
    """What a network F is on the cells of C(F), or of C(F, t): piecewise affine, with neurons of one sign each."""

    def __init__(
        self, network: Network, level: Fraction | None, domain: Domain | None, vertices: ExactVertices
    ) -> None:
        self.network, self.level, self.vertices = network, level, vertices
        self._domain, self._arrays, self._coordinates = domain, vertices.arrays, vertices.coordinates

    def sign_vector(self, q: int, i: int) -> Signs:
        """The signs of the hidden preactivations, by layer, at the interior point of q-cell i."""
        return signs_at(self.network, interior_point(self.vertices, q, i))

    def affine_map(self, i: int) -> AffineMap:
        """The affine map x ↦ W x + c of the network on region i: (W by rows, c)."""
        return self.network.affine_map_at(self.sign_vector(self._coordinates.rank, i))

    def numbered_forms(self) -> tuple[npt.NDArray[np.int64], list[tuple[int, ...]]]:
        """For every region the number of its affine map, and the maps, each output up to a positive factor."""
        if self.network.depth == 0:
            rows = zip(self.network.biases[0], self.network.weights[0], strict=True)
            return np.zeros(self._arrays.finite[-1], np.int64), [tuple(x for b, w in rows for x in primitive([b, *w]))]
        numbers, forms = self._core_forms()
        region = self._arrays.containing[-1]
        if self.level is not None:
            region = self._arrays.regions[-1].parent[region]
        return np.asarray(numbers[region], dtype=np.int64), forms

    def _core_forms(self) -> tuple[npt.NDArray[np.int32], list[tuple[int, ...]]]:
        stages = complex_stages(self.network, self._domain, self._coordinates.kept, Fraction(0))
        return _core.affine_forms(stages, list(self._arrays.regions[: len(stages)]), len(stages) - 1)

    def affine_maps(self) -> list[AffineMap]:
        """The distinct affine maps of the network on its regions.

        The core has every output as integer forms that are a fixed positive multiple of the true ones on all regions;
        that multiple is read off one true coefficient.
        """
        numbers, forms = self.numbered_forms()
        if self.network.depth == 0:
            return [(self.network.weights[0], self.network.biases[0])]
        first = np.unique(numbers, return_index=True)[1].tolist()
        width = self._coordinates.rank + 1
        columns = []
        for output in range(self.network.output_dim):
            rows = [self._coordinates.extend(form[output * width : (output + 1) * width]) for form in forms]
            factor = Fraction(0)
            known = next((i for i in first if any(rows[numbers[i]])), None)
            if known is not None:
                weights, constants = self.affine_map(known)
                true = (constants[output], *weights[output])
                factor = next(t / x for t, x in zip(true, rows[numbers[known]], strict=True) if x)
            columns.append([tuple(factor * x for x in row) for row in rows])
        return [(tuple(row[1:] for row in rows), tuple(row[0] for row in rows)) for rows in zip(*columns, strict=True)]

    def nonzero_region(self) -> int | None:
        """The first region on which the network is not identically zero, or None."""
        numbers, forms = self.numbered_forms()
        return _first(np.array([any(form) for form in forms], dtype=np.bool_)[numbers])

    def constant_regions(self) -> tuple[int | None, ...]:
        """For every output of the network the first region on which it is constant, or None."""
        numbers, forms = self.numbered_forms()
        width = len(forms[0]) // self.network.output_dim
        flat = ([not any(form[i : i + width - 1]) for form in forms] for i in range(1, len(forms[0]), width))
        return tuple(_first(np.array(x, dtype=np.bool_)[numbers]) for x in flat)

    def region_signs(self, first: int = 0) -> npt.NDArray[np.int8]:
        """For every region the signs of the neurons that split, from layer `first` on, and of F − t with a level."""
        return self.signs_in(self._arrays.containing[-1], first)

    def signs_in(self, region: npt.NDArray[np.int32], first: int = 0) -> npt.NDArray[np.int8]:
        """The same for regions by their numbers in `CellArrays.containing`."""
        layers = [[a != 1 for a in layer] for layer in self.network.slopes[first:]]
        if self.level is not None:
            layers.append([True])
        columns: list[npt.NDArray[np.int8]] = []
        stages, count = self._arrays.regions, len(region)
        for parent, plus, minus in stages[: len(stages) - len(layers) - 1 : -1]:
            columns.insert(0, _unpack(plus[region]) - _unpack(minus[region]))
            region = parent[region]
        if not layers:
            return np.zeros((count, 0), np.int8)
        by_layer = [c[:, : len(splits)][:, splits] for c, splits in zip(columns, layers, strict=True)]
        return np.concatenate(by_layer, axis=1)


def signs_at(network: Network, x: Point) -> Signs:
    """The signs of the hidden preactivations at the point x, by layer."""
    return tuple(tuple((z > 0) - (z < 0) for z in layer) for layer in network.preactivations(x))


def _first(holds: npt.NDArray[np.bool_]) -> int | None:
    return int(np.argmax(holds)) if holds.any() else None


def _unpack(masks: npt.NDArray[np.uint64]) -> npt.NDArray[np.int8]:
    """Bit masks (n × words) as an n × 64·words array of 0 and 1."""
    n, words = masks.shape
    octets = np.ascontiguousarray(masks).astype("<u8").view(np.uint8).reshape(n, 8 * words)
    return np.unpackbits(octets, axis=1, bitorder="little").astype(np.int8)
