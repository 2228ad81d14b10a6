"""The homology of a region layer by layer: of the region, and of its images under the first layers of the network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, Unpack

import numpy as np

from polyrelu.errors import InputError, LimitError, VerificationError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.rational import describe, exact
from polyrelu.geometry.hull import on_slice
from polyrelu.geometry.image_complex import Allow, Image, ImageComplex
from polyrelu.geometry.image_set import ImageSet
from polyrelu.geometry.layer_images import Stage, images_of, network_of
from polyrelu.geometry.region import CellSet, read_relation
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.geometry.subdivision import Options, read_domain, subdivide
from polyrelu.markup import table
from polyrelu.network.network import Network
from polyrelu.topology.chain import ChainComplex, chain_complex
from polyrelu.topology.groups import Homology, homology_groups, read_degree
from polyrelu.topology.telescope import StepBar, telescope_bars

MAX_CELLS = 20_000_000
"""Maximum number of cells of an image unless `max_cells` is given."""
CELL_BYTES, COORDINATE_BYTES = 1200, 64
"""Bytes of a cell of an image while it is divided, and of a coordinate of a vertex."""

Point = tuple[Fraction, ...]


class LayerwiseHomology(tuple[Homology, ...]):
    """The homology of X, φ₁(X), …, φ_L(X): a tuple of L + 1 `Homology`. `layerwise_homology` makes it. Immutable.

    The first is that of X ⊂ R^d, in degrees 0..d−1. So are the others; but an image may have homology in degree d,
    which no subset of R^d has, and then this degree is there as well.

    Attributes
    ----------
    bars : tuple of tuples of pairs (i, j)
        By degree 0..d, how long each class lasts over the rational numbers: it is there from φ_i(X) on, and in φ_j(X)
        it is zero, or equal to an older one; j is None if it lasts to the end. Classes of X have i = 0. Empty unless X
        is closed.
    components : tuple of points
        A point of each component of X.
    labels : tuple of L + 1 tuples of int
        For φ_i(X), i = 0..L, the component in which the image of each component of X lies. All components of φ_i(X) are
        among them, numbered in the order of the first component of X in them. Empty unless X is closed, like the
        components.
    """

    bars: tuple[tuple[StepBar, ...], ...]
    components: tuple[Point, ...]
    labels: tuple[tuple[int, ...], ...]

    def __new__(
        cls,
        groups: Iterable[Homology] = (),
        bars: tuple[tuple[StepBar, ...], ...] = (),
        components: tuple[Point, ...] = (),
        labels: tuple[tuple[int, ...], ...] = (),
    ) -> LayerwiseHomology:
        """For `layerwise_homology` only."""
        self = super().__new__(cls, groups)
        self.bars, self.components, self.labels = bars, components, labels
        return self

    def lost(self, degree: int) -> tuple[int | None, ...]:
        """For each class of X of a degree the first layer at which it is gone, ascending; None for those that stay.

        In degree 0: a component is gone where its image joins that of another one.
        """
        k = read_degree(self[0], degree, "lost")
        ends = [end for begin, end in self.bars[k] if begin == 0]
        return tuple(sorted(ends, key=lambda end: (end is None, end)))

    def _repr_html_(self) -> str:
        rows = ((f"φ_{i}(X)" if i else "X", str(groups)) for i, groups in enumerate(self))
        return table("Homology by layers", ["set", "homology"], rows)


@memory_is_a_limit
def layerwise_homology(
    network: Network | CellSet,
    relation: str = "<=",
    level: Any = 0,
    domain: Any = None,
    **options: Unpack[Options],
) -> LayerwiseHomology:
    """The homology of X = {F relation level} and of its images φ₁(X), …, φ_L(X) under the first hidden layers.

    Parameters
    ----------
    network : Network or CellSet
        The network F: R^d → R; or a set of cells of a complete complex, such as the region of a class,
        `classify(network).region(i, closed=True)`. The other arguments are those of a network.
    relation : str, default "<="
        One of "<=", ">=", "=", "<" and ">".
    level : exact number, default 0
        The level t.
    domain : Domain or box, optional
        A polyhedron with which X is intersected. The default is R^d.
    **options
        Options of `subdivide`. `max_cells` and `max_memory` are limits for each image as well.

    Returns
    -------
    LayerwiseHomology
        A tuple of `Homology`, for X and after each hidden layer, exact, with the layers at which classes of X are lost.

    Raises
    ------
    RegionError
        If the relation is wrong, or the network has several outputs.
    CoarseComplexError
        If the set consists of cells of a coarse complex.
    InputError
        If another argument is wrong, as `subdivide` raises it.
    LimitError
        If a limit of cells or memory is reached.
    VerificationError
        If a check of the result fails.

    Notes
    -----
    The image of a cell under a layer is a polyhedron. Those that overlap are divided by the hyperplanes of each other
    until relative interiors are equal or disjoint, and equal ones become one cell (`mapped` and `settle`, with proofs;
    docs/layers.md has all of it). All signs are those of integers. If X is closed, the homology of an image is that of
    its bounded cells, since the unbounded ones retract onto their boundaries. Otherwise the image of X is a union of
    relative interiors of cells of the image of its closure, and the homology is that of a part of their order complex.

    Checked for closed sets: ∂∂ = 0 on every image, the maps between them are chain maps, and the bars alive at each
    layer are as many as the Betti numbers, which are found from another complex.

    X and its complement have disjoint images, since F is a function of the image. So the image of the complement of X
    is the complement of φ_i(X) in the image of the domain.

    References
    ----------
    G. Naitzat, A. Zhitnikov, L.-H. Lim, "Topology of deep neural networks", Journal of Machine Learning Research 21
    (2020).

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[1, 1]], [[1]]], [[0, 0], [-1], [-1]])  # F(x) = ReLU(|x| − 1) − 1
    >>> found = pr.layerwise_homology(net, ">=")  # |x| ≥ 2
    >>> [groups.betti for groups in found]
    [(2,), (2,), (1,)]
    >>> found.lost(0), found.labels
    ((2, None), ((0, 1), (0, 1), (0, 0)))
    """
    region = region_of(network, relation, level, domain, options)
    return homology_of_stages(region, images_of(region, limits(region, options)), options)


def homology_of_stages(region: CellSet, stages: Iterable[Stage], options: Options) -> LayerwiseHomology:
    """What `layerwise_homology` returns, from the images of the region."""
    return _of_closed(region, stages, options) if region.is_closed else _of_other(region, stages, options)


def _of_closed(region: CellSet, stages: Iterable[Stage], options: Options) -> LayerwiseHomology:
    """The homology of bounded cells, and the maps between them."""
    depth, d = network_of(region).depth, region.complex.input_dim
    progress, max_memory = options.get("progress"), options.get("max_memory")
    groups = [homology_groups(region, max_memory)]
    bounded: list[_Bounded] = []
    maps: list[list[SparseRows]] = []
    labels: list[tuple[int, ...]] = []
    points: tuple[Point, ...] = ()
    where: list[int] = []
    for layer, (image, chains, _) in enumerate(stages):
        if progress is not None:
            progress("images", layer, depth)
        bounded.append(_Bounded(image))
        components = bounded[-1].components()
        if layer:
            maps.append(bounded[-2].maps_to(bounded[-1], chains))
            where = [chains[v][0][0] for v in where]
            groups.append(_trimmed(homology_groups(bounded[-1].chain_complex, max_memory), d))
        else:
            where = sorted(set(components.values()))
            vectors = [image.vectors[image.generators[v][0]] for v in where]
            points = tuple(tuple(Fraction(x, v[0]) for x in v[1:]) for v in vectors)
        number: dict[int, int] = {}
        labels.append(tuple(number.setdefault(components[v], len(number)) for v in where))
    bars = telescope_bars([x.chain_complex for x in bounded], maps)
    bars = (bars + ((),) * (d + 1))[: d + 1]
    _check(groups, bars, labels)
    return LayerwiseHomology(groups, bars, points, tuple(labels))


def _of_other(region: CellSet, stages: Iterable[Stage], options: Options) -> LayerwiseHomology:
    """The homology of order complexes."""
    depth, d = network_of(region).depth, region.complex.input_dim
    progress, max_memory = options.get("progress"), options.get("max_memory")
    groups = [homology_groups(region, max_memory)]
    for layer, (image, _, inside) in enumerate(stages):
        if progress is not None:
            progress("images", layer, depth)
        if layer:
            part = chain_complex(ImageSet(image, inside.__getitem__))
            groups.append(_trimmed(homology_groups(part, max_memory), d))
    return LayerwiseHomology(groups)


def region_of(network: Any, relation: Any, level: Any, domain: Any, options: Options) -> CellSet:
    """The set of cells that the arguments of `layerwise_homology` name."""
    if isinstance(network, CellSet):
        if not isinstance(relation, str) or relation != "<=" or exact(level, "level") != 0 or domain is not None:
            raise InputError("layers: relation, level and domain are for a network; a set of cells has its own")
        network.complex.require_complete("layers")
        return network
    read_relation(relation)
    if level is None:
        raise InputError("level: expected an exact number, got None")
    if not isinstance(network, Network):
        raise InputError(f"layers: expected a Network or a set of cells, got {describe(network)}")
    network, domain, _ = on_slice(network, read_domain(domain, network))
    return subdivide(network, level, domain, **options).region(relation)


def limits(region: CellSet, options: Options) -> Allow:
    """Raises LimitError for too many cells and generators."""
    max_cells, max_memory = options.get("max_cells") or MAX_CELLS, options.get("max_memory")
    width = max(network_of(region).architecture[:-1]) + 1

    def allow(cells: int, generators: int) -> None:
        size = cells * CELL_BYTES + generators * width * COORDINATE_BYTES
        if cells > max_cells or (max_memory is not None and size > max_memory):
            what = f"{max_cells} cells" if cells > max_cells else f"{max_memory} bytes"
            raise LimitError(
                f"layers: more than {what} are needed for an image; a domain or a slice (Slice.restrict) needs fewer",
                {"cells": cells, "bytes": size},
            )

    return allow


class _Bounded:
    """The bounded cells of an image, which carry its homology, as a chain complex."""

    def __init__(self, image: ImageComplex) -> None:
        self._image = image
        cells = [c for c in range(len(image)) if image.is_bounded(c)]
        self.ranks = [0] * (max((image.dim[c] for c in cells), default=0) + 1)
        self.number: dict[int, int] = {}
        for c in cells:
            self.number[c] = self.ranks[image.dim[c]]
            self.ranks[image.dim[c]] += 1
        columns = self._columns([image.facets[c].items() for c in cells], cells, self.number, self.ranks, 1)
        self.chain_complex = ChainComplex.from_arrays(self.ranks, columns[1:])

    def maps_to(self, other: _Bounded, chains: Sequence[Image]) -> list[SparseRows]:
        """The chain map to the bounded cells of the next image, by degree."""
        cells = list(self.number)
        return self._columns([chains[c] for c in cells], cells, other.number, other.ranks, 0)

    def _columns(
        self, entries: Sequence[Any], cells: Sequence[int], number: dict[int, int], ranks: Sequence[int], drop: int
    ) -> list[SparseRows]:
        """Matrices by degree k of the cells, to cells of degree k − `drop`, by compressed columns."""
        found = []
        for k in range(len(self.ranks)):
            sizes, index, values = [0], [], []
            for c, of in zip(cells, entries, strict=True):
                if self._image.dim[c] == k:
                    for cell, sign in of:
                        index.append(number[cell])
                        values.append(sign)
                    sizes.append(len(index))
            n_rows = ranks[k - drop] if 0 <= k - drop < len(ranks) else 0
            arrays = np.array(sizes, np.int64), np.array(index, np.int32), np.array(values, np.int8)
            found.append(SparseRows(*arrays, n_rows))
        return found

    def components(self) -> dict[int, int]:
        """For each bounded 0-cell the first one in its component."""
        label = {c: c for c in self.number if not self._image.dim[c]}

        def root(c: int) -> int:
            while label[c] != c:
                label[c] = label[label[c]]
                c = label[c]
            return c

        for c in self.number:
            if self._image.dim[c] == 1:
                a, b = map(root, self._image.facets[c])
                label[max(a, b)] = min(a, b)
        return {c: root(c) for c in label}


def _trimmed(groups: Homology, d: int) -> Homology:
    """The groups in degrees 0..d−1, and in degree d if there is homology."""
    betti, torsion = groups.betti + (0,) * d, groups.torsion + ((),) * d
    n = d + (len(groups.betti) > d and groups.betti[d] > 0)
    return Homology(betti[:n], torsion[:n])


def _check(groups: Sequence[Homology], bars: Sequence[Sequence[StepBar]], labels: Sequence[Sequence[int]]) -> None:
    """VerificationError unless the bars, and the components, agree with the Betti numbers."""
    for layer, (found, names) in enumerate(zip(groups, labels, strict=True)):
        alive = [sum(i <= layer and (j is None or layer < j) for i, j in of) for of in bars]
        betti = found.betti + (0,) * (len(bars) - len(found.betti))
        if tuple(alive) != betti or len(set(names)) != betti[0]:
            raise VerificationError(f"layer {layer}: {alive} bars and {len(set(names))} components, but {found}")
