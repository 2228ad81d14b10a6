"""The cells of a region, and which of them may meet after each layer of the network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polyrelu.errors import VerificationError
from polyrelu.geometry.classes import ClassRegion, DecisionBoundary
from polyrelu.geometry.divisible_cells import Vector
from polyrelu.geometry.image_complex import Allow, Image, ImageComplex, LayerMap, mapped
from polyrelu.geometry.refinement import FormulaRegion
from polyrelu.geometry.region import CellSet
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.network.network import Network


def network_of(region: CellSet) -> Network:
    """The network whose region this is; its hidden layers are the first ones of the network of the complex."""
    if isinstance(region, (ClassRegion, DecisionBoundary)):
        return region.partition.network
    if isinstance(region, FormulaRegion):
        return region.refinement.network
    network: Network = region.complex.network
    return network


class Stage(NamedTuple):
    """The image of the closure of a region under the first layers.

    Attributes
    ----------
    image : ImageComplex
        The image.
    chains : list
        The images of the cells of the stage before, as `mapped` returns them; empty for the closure itself.
    inside : array of bool
        For the origin of a cell whether the cell belongs to the image of the region.
    """

    image: ImageComplex
    chains: list[Image]
    inside: npt.NDArray[np.bool_]


def images_of(region: CellSet, allow: Allow) -> Iterator[Stage]:
    """The closure of a region, and its images under the first 1, 2, … hidden layers.

    The region must be determined by the outputs of the network. It is held modulo lineality, and so
    are its images: modulo the image of the lineality space, which is zero unless there are identity neurons.
    `allow` is as for `mapped`.
    """
    network, coordinates = network_of(region), region.complex.coordinates
    image, groups, inside = _source(region)
    yield Stage(image, [], inside)
    invariant: Any = coordinates.lineality if network.depth else ()
    for layer in range(network.depth):
        step = LayerMap(network.weights[layer], network.biases[layer], network.slopes[layer], invariant)
        invariant = [line for _, line in step.invariant]
        image, chains = mapped(image, step, groups[layer], allow)
        yield Stage(image, chains, inside)


def _source(region: CellSet) -> tuple[ImageComplex, list[list[int]], npt.NDArray[np.bool_]]:
    """The cells of the closure of a region, those at infinity included; for each layer a number of each cell; which
    cells are in the region.

    Cells with different numbers after layer ℓ have images under φ_ℓ whose relative interiors are disjoint: their points
    differ in the signs of coordinates, or in signs behind layer ℓ, which are functions of the image.
    """
    cx = region.complex
    arrays, low = cx.arrays, cx.coordinates.lineality_dim
    chosen = [np.zeros(n, np.bool_) for n in arrays.counts]
    of_region = [np.zeros(n, np.bool_) for n in arrays.counts]
    for q in range(arrays.rank, -1, -1):
        mask = region.mask(low + q)
        of_region[q][: len(mask)] = mask
        chosen[q] |= of_region[q]
        if q:
            facets = arrays.facets[q]
            chosen[q - 1][facets.index[facets.spread(chosen[q])]] = True
    first = np.concatenate(([0], np.cumsum([int(x.sum()) for x in chosen]))).tolist()
    dim = [q for q, x in enumerate(chosen) for _ in range(int(x.sum()))]
    vectors: list[Vector] = [cx.homogeneous(int(v)) for v in np.flatnonzero(chosen[0])]
    facets_of: list[dict[int, int]] = [{} for _ in vectors]
    generators: list[tuple[int, ...]] = [(v,) for v in range(len(vectors))]
    matrices = [arrays.facets[q].restrict(chosen[q], chosen[q - 1]) for q in range(1, len(chosen))]
    for q, facets in enumerate(matrices, 1):
        for i in range(facets.n_rows):
            found = {first[q - 1] + f: s for f, s in facets.entries(i)}
            facets_of.append(found)
            generators.append(tuple(sorted({v for f in found for v in generators[f]})))
    source = ImageComplex(vectors, dim, facets_of, generators, range(len(dim)))
    inside = np.concatenate([x[y] for x, y in zip(of_region, chosen, strict=True)])
    return source, _groups(cx, vectors, matrices, network_of(region).depth), inside


def _groups(cx: Any, vectors: Sequence[Vector], matrices: Sequence[SparseRows], depth: int) -> list[list[int]]:
    """The numbers of the cells for the first layers, from the signs of all layers and of F − t."""
    network = cx.network
    values = list(vectors)
    signs: list[npt.NDArray[np.int8]] = []
    splits = [[slope != 1 for slope in slopes] for slopes in network.slopes]
    biases, slopes = list(network.biases), list(network.slopes)
    if cx.level is not None:
        biases[-1] = [biases[-1][0] - cx.level]
        slopes.append([Fraction(0)])
        splits.append([True])
    for weight, bias, slope, chosen in zip(network.weights, biases, slopes, splits, strict=False):
        step = LayerMap(weight, bias, slope, ())
        before = [step.preactivations(v) for v in values]
        rows = [[(x > 0) - (x < 0) for x in z[1:]] for z in before]
        found = np.array(rows, np.int8).reshape(len(values), len(bias))
        signs.append(_on_cells(found[:, chosen], matrices))
        zero = (0,) * (len(bias) + 1)
        values = [step.activated(z) or zero for z in before]
    finite = _on_cells(np.array([[v[0] > 0] for v in vectors], np.int8).reshape(-1, 1), matrices)
    last = _numbered(np.hstack([finite, *signs[network.depth :]]))
    groups: list[list[int]] = []
    for layer in range(network.depth - 1, -1, -1):
        bends = np.array([(slope > 0) - (slope < 0) for slope in network.slopes[layer]], np.int8)[splits[layer]]
        of_layer = signs[layer]
        after = np.where(bends == 0, np.maximum(of_layer, 0), np.where(bends < 0, np.abs(of_layer), of_layer))
        groups.append(_numbered(np.column_stack([last, _numbered(after)])).tolist())
        last = _numbered(np.column_stack([last, _numbered(of_layer)]))
    return groups[::-1][:depth]


def _on_cells(of_vertices: npt.NDArray[np.int8], matrices: Sequence[SparseRows]) -> npt.NDArray[np.int8]:
    """The signs on the relative interiors of all cells, from those at vertices and rays."""
    plus, minus = [of_vertices > 0], [of_vertices < 0]
    for facets in matrices:
        plus.append(facets.reduce(np.logical_or, plus[-1][facets.index]))
        minus.append(facets.reduce(np.logical_or, minus[-1][facets.index]))
    all_plus, all_minus = np.concatenate(plus), np.concatenate(minus)
    if (all_plus & all_minus).any():
        raise VerificationError("layers: a neuron has both signs on a cell")
    return all_plus.astype(np.int8) - all_minus


def _numbered(rows: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """The same number for equal rows, another for others."""
    rows = np.ascontiguousarray(rows)
    if not rows.shape[1] or not len(rows):
        return np.zeros(len(rows), np.int64)
    flat = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
    numbers: npt.NDArray[np.int64] = np.unique(flat, return_inverse=True)[1].astype(np.int64).ravel()
    return numbers
