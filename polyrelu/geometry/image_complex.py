"""ImageComplex: the image of a set of cells under layers of a network, as a polyhedral complex."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from polyrelu.errors import VerificationError
from polyrelu.exact.linear import rank
from polyrelu.exact.rational import common_denominator, primitive
from polyrelu.geometry.divisible_cells import DivisibleCells, Vector
from polyrelu.geometry.overlay import settle

Allow = Callable[[int, int], None]
Image = tuple[tuple[int, int], ...]
"""What a cell is mapped to: pairs (cell, sign), none if the map is not injective on it."""


@dataclass(frozen=True, eq=False)
class ImageComplex:
    """A union of convex polyhedra in R^n, divided into cells whose relative interiors are disjoint.

    Cells of all dimensions are numbered together, faces before the cells that they belong to. The cells are pointed, in
    homogeneous coordinates x0 ≥ 0; those at infinity, all of whose generators have x0 = 0, are included.

    Attributes
    ----------
    vectors : sequence of tuples of int
        The vertices and rays, primitive.
    dim : sequence of int
        The dimension of each cell.
    facets : sequence of dict
        The facets of each cell with their incidence numbers. Facets may be pieces of geometric facets.
    generators : sequence of tuples of int
        Numbers of vertices and rays that span each cell.
    origin : sequence of int
        For each cell a cell of the input space; points of its relative interior are mapped into the relative interior.
    """

    vectors: Sequence[Vector]
    dim: Sequence[int]
    facets: Sequence[dict[int, int]]
    generators: Sequence[tuple[int, ...]]
    origin: Sequence[int]

    def __len__(self) -> int:
        return len(self.dim)

    def is_finite(self, cell: int) -> bool:
        """Whether a cell is not at infinity."""
        return any(self.vectors[v][0] for v in self.generators[cell])

    def is_bounded(self, cell: int) -> bool:
        """Whether a cell has no rays."""
        return all(self.vectors[v][0] for v in self.generators[cell])


class LayerMap:
    """A layer x ↦ σ(W x + b) on homogeneous coordinates, in integers, modulo a linear subspace of its image.

    `invariant` is a basis of directions along which the set that is mapped is invariant, and `image` returns points
    modulo the images of these directions. It must be that only identity neurons change along them.
    """

    def __init__(
        self,
        weight: Sequence[Sequence[Fraction]],
        bias: Sequence[Fraction],
        slopes: Sequence[Fraction],
        invariant: Sequence[Sequence[Fraction]],
    ) -> None:
        n = len(bias)
        entries, q = common_denominator([x for b, row in zip(bias, weight, strict=True) for x in (b, *row)])
        below, self._scale = common_denominator(slopes)
        width = len(weight[0]) + 1
        self._rows = [
            [(j, x) for j, x in enumerate(entries[i * width : (i + 1) * width]) if x] for i in range(n)
        ]
        self._below, self._x0 = below, q
        moved = [
            [sum((w * x for w, x in zip(row, line, strict=True)), Fraction(0)) for row in weight] for line in invariant
        ]
        if any(x and slope != 1 for line in moved for x, slope in zip(line, slopes, strict=True)):
            raise VerificationError("layers: a neuron changes along a direction that its cells are invariant under")
        self.invariant = _echelon(moved)

    @property
    def is_monotone(self) -> bool:
        """Whether no slope is negative, so that a layer is linear on the points whose images have the same signs."""
        return min(self._below) >= 0

    def preactivations(self, vector: Vector) -> list[int]:
        """The preactivations at a point or ray, x0 first: positive multiples of the true ones, by the same factor."""
        return [self._x0 * vector[0], *(sum([x * vector[j] for j, x in row]) for row in self._rows)]

    def activated(self, values: Sequence[int]) -> Vector | None:
        """The image of a point or ray with these preactivations, primitive; None if the layer is constant along it."""
        found = [self._scale * values[0]]
        found += [z * (self._scale if z > 0 else below) for z, below in zip(values[1:], self._below, strict=True)]
        for pivot, line in self.invariant:
            if x := found[pivot + 1]:
                q = line[pivot]
                found = [found[0] * q, *(y * q - x * w for y, w in zip(found[1:], line, strict=True))]
        return primitive(found) if any(found) else None

    def image(self, vector: Vector) -> Vector | None:
        """The image of a point or ray, primitive; None for a ray along which the layer is constant."""
        return self.activated(self.preactivations(vector))


def _echelon(lines: Sequence[Sequence[Fraction]]) -> list[tuple[int, Vector]]:
    """A basis of the span as (pivot, primitive vector positive at the pivot), each zero at the other pivots."""
    found: list[tuple[int, Vector]] = []
    for given in lines:
        line: Sequence[Fraction | int] = given
        for pivot, row in found:
            line = [row[pivot] * x - line[pivot] * y for x, y in zip(line, row, strict=True)]
        if not any(line):
            continue
        pivot = next(j for j, x in enumerate(line) if x)
        new = primitive([x if line[pivot] > 0 else -x for x in line])
        found = [(p, primitive([new[pivot] * x - r[pivot] * y for x, y in zip(r, new, strict=True)])) for p, r in found]
        found.append((pivot, new))
    return found


def mapped(
    source: ImageComplex, layer: LayerMap, groups: Sequence[int], allow: Allow
) -> tuple[ImageComplex, list[Image]]:
    """The image of a complex under a layer that is linear on each of its cells, and what its cells are mapped to.

    Parameters
    ----------
    source : ImageComplex
        The complex.
    layer : LayerMap
        The layer.
    groups : sequence of int
        A number for each cell of the input space. The images of the relative interiors of two cells of `source` are
        disjoint if their origins have different numbers.
    allow : callable
        Called with numbers of cells and of generators, as these grow.

    Returns
    -------
    image : ImageComplex
        The image.
    images : list of tuples of pairs (cell, sign)
        For each cell of `source` its image as a chain: pieces that together are the image of the cell, with the sign of
        their orientation, if the layer is injective on the cell; nothing otherwise.

    Notes
    -----
    A point of the image of a pointed cell is the image of a point on a face on which the map is injective: the points
    of the cell that are mapped to it are a pointed polyhedron, and the face of a vertex of that polyhedron is one. So
    the other cells are left out. The images of those that remain are divided until their relative interiors are equal
    or disjoint (`settle`). Equal ones are one cell then: they have the same facets, since the facets of a cell, divided
    into cells with disjoint relative interiors, are determined by the cell.
    """
    images = [layer.image(v) for v in source.vectors]
    kept = _injective(source, images)
    cells = DivisibleCells(allow)
    first = _identified(source, images, kept, cells)
    members: dict[int, list[int]] = {}  # by group, cells of the source
    for c in kept:
        members.setdefault(groups[source.origin[c]], []).append(c)
    overlapping = []
    for group in members.values():
        distinct = list(dict.fromkeys(first[c][0] for c in group))
        if len(distinct) > 1 and not (
            _is_cell_with_faces(cells, distinct)
            or (layer.is_monotone and _is_injective_on(source, images, group))
        ):
            overlapping.append(distinct)
    settle(cells, overlapping)
    present = [c for c in range(len(cells)) if cells.is_present(c)]
    present.sort(key=cells.dim.__getitem__)
    number = {c: i for i, c in enumerate(present)}
    chains: list[Image] = [()] * len(source)
    for c, (cell, sign) in first.items():
        chains[c] = tuple((number[x], sign * s) for x, s in cells.chain(cell))
    place = {v: i for i, v in enumerate(dict.fromkeys(v for c in present for v in cells.generators[c]))}
    image = ImageComplex(
        [cells.vectors[v] for v in place],
        [cells.dim[c] for c in present],
        [{number[f]: s for f, s in cells.facets[c].items()} for c in present],
        [tuple(place[v] for v in cells.generators[c]) for c in present],
        [cells.origin[c] for c in present],
    )
    return image, chains


def _injective(source: ImageComplex, images: Sequence[Vector | None]) -> list[int]:
    """The finite cells on whose spans the map is injective, and all faces of these, by ascending dimension."""
    kept = [False] * len(source)
    for c in sorted(range(len(source)), key=source.dim.__getitem__, reverse=True):
        if not kept[c]:
            if not source.is_finite(c):
                continue
            found = [images[v] for v in source.generators[c]]
            vectors = [x for x in found if x is not None]
            if len(vectors) < len(found) or rank(vectors) <= source.dim[c]:
                continue
        kept[c] = True
        for f in source.facets[c]:
            kept[f] = True
    return sorted((c for c, x in enumerate(kept) if x), key=source.dim.__getitem__)


def _identified(
    source: ImageComplex, images: Sequence[Vector | None], kept: Iterable[int], target: DivisibleCells
) -> dict[int, tuple[int, int]]:
    """The images of cells, added to `target`, one for all with the same facets: for each cell (number, sign)."""
    found: dict[int, tuple[int, int]] = {}
    known: dict[frozenset[int], int] = {}
    for c in kept:
        if not source.dim[c]:
            vector = images[source.generators[c][0]]
            assert vector is not None
            found[c] = target.vertex(vector, source.origin[c]), 1
            continue
        facets: dict[int, int] = {}
        for f, incidence in source.facets[c].items():
            number, sign = found[f]
            facets[number] = incidence * sign
        key = frozenset(facets)
        if len(key) < len(source.facets[c]):
            raise VerificationError("layers: two facets of a cell have the same image")
        if key not in known:
            known[key] = target.add(source.dim[c], facets, source.origin[c])
        same = target.facets[known[key]]
        signs = {facets[f] * same[f] for f in key}
        if len(signs) != 1:
            raise VerificationError("layers: cells with equal boundaries have incidence numbers that do not agree")
        found[c] = known[key], signs.pop()
    return found


def _is_cell_with_faces(cells: DivisibleCells, group: Sequence[int]) -> bool:
    """Whether all cells are faces of one of them, so that their relative interiors are disjoint."""
    largest = max(group, key=cells.dim.__getitem__)
    left = {c for c in group if c != largest}
    faces = [largest]
    while faces and left:
        faces = list({f for c in faces for f in cells.facets[c]})
        left.difference_update(faces)
    return not left


def _is_injective_on(source: ImageComplex, images: Sequence[Vector | None], group: Sequence[int]) -> bool:
    """Whether the map is injective on the span of all these cells, so that their images are as disjoint as they are."""
    generators = sorted({v for c in group for v in source.generators[c]})
    vectors = [source.vectors[v] for v in generators]
    values = [x for v in generators if (x := images[v]) is not None]
    return len(values) == len(vectors) and rank(values) == rank(vectors)
