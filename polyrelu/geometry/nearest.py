"""NearestPoints: the points of a level set, or of a decision boundary, that are nearest to given points."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from flint import fmpq

from polyrelu.errors import VerificationError
from polyrelu.exact.floats import to_double
from polyrelu.exact.linear import independent_columns, null_space, solve
from polyrelu.exact.shortest import Inequalities, Norm, Shortest, exact_array
from polyrelu.geometry.classes import Partition, with_tournament
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.network_on_cells import NetworkOnCells
from polyrelu.geometry.representations import Point
from polyrelu.geometry.vertices import ExactVertices
from polyrelu.network.intervals import OutputBounds
from polyrelu.network.network import Network
from polyrelu.network.signed_forms import Form, SignedForms
from polyrelu.network.slices import Slice

Bools = npt.NDArray[np.bool_]
Masks = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

_CHUNK = 2**14  # vertices at a time

_KEPT = 4096
"""Maximum number of pieces whose inequalities are kept."""


class Nearest(NamedTuple):
    """The nearest point of a set."""

    point: Point
    value: Fraction
    """The distance in L∞ and L1, its square in L2."""
    is_unique: bool


class Space(NamedTuple):
    """Where distances are measured: the network on R^d, a domain, and a slice of R^d if the complex is one of it."""

    network: Network
    domain: Domain | None
    plane: Slice | None


class NearestPoints:
    """Finds the points of a closed set S that are nearest to given points, exactly.

    S is {F = t}, or the set where several outputs are the largest, or where a given one and another are. It consists
    of closed cells of a complex, the *pieces*: those that are no faces of others. A piece lies in a region of which the
    signs of the neurons are known (for classes, the comparisons of outputs are neurons as well), and the network is
    affine there. So the points of that region that satisfy F = t, or F_i = F_j for the outputs that are the largest on
    the piece, form a polyhedron in S that contains the piece. The union of these is S, and the nearest point of S is
    the nearest of theirs, which `polyrelu.exact.shortest` finds. docs/distance.md has the proof.

    A piece is passed over if a lower bound of its distance exceeds the least distance so far. The bound is that of a
    box around it, in floating point, rounded down; so no piece is lost that has a nearest point.

    Parameters
    ----------
    cells : PolyhedralComplex with a level, or Partition
        The complex, on R^d or on the slice. It may be coarse.
    space : Space
        Where distances are measured.
    norm : "inf", 1 or 2
        The norm.
    target : int, optional
        Of a partition, the class that is one of the largest outputs in S.
    """

    def __init__(self, cells: PolyhedralComplex | Partition, space: Space, norm: Norm, target: int | None) -> None:
        self._space, self._norm, self._dim = space, norm, space.network.input_dim
        cx = cells.complex if isinstance(cells, Partition) else cells
        self._coordinates = cx.coordinates
        self._vertices = ExactVertices(cx.network, cx.level, cx.domain, cx.coordinates, cx.arrays)
        self._on_cells = NetworkOnCells(cx.network, cx.level, cx.domain, self._vertices)
        self._level = None if cx.level is None else fmpq(cx.level.numerator, cx.level.denominator)
        compared = with_tournament(space.network) if isinstance(cells, Partition) else None
        self._outputs = SignedForms(space.network)
        self._forms = self._outputs if compared is None else SignedForms(compared)
        self._collect(cells, cx, target)
        self._sizes = _dual_sizes(cx, space, norm)
        self._common = common_forms(space)
        self._inequalities = lru_cache(_KEPT)(self._make_inequalities)

    def _collect(self, cells: PolyhedralComplex | Partition, cx: PolyhedralComplex, target: int | None) -> None:
        """Find the pieces, with boxes around them, regions that contain them, ties, and neurons that may vanish."""
        arrays, ranks = cx.arrays, range(cx.arrays.rank + 1)
        members = [_members(cells, q + cx.coordinates.lineality_dim, target) for q in ranks]
        covered = [np.zeros(n, np.bool_) for n in arrays.finite]
        for q in ranks[1:]:
            covered[q - 1][arrays.finite_facets(q).select(np.flatnonzero(members[q])).index] = True
        pieces = [np.flatnonzero(inside & ~below) for inside, below in zip(members, covered, strict=True)]
        boxes = [(low[of], high[of]) for of, (low, high) in zip(pieces, self._vertices.boxes(), strict=True)]
        self._low, self._high = (np.concatenate(x) for x in zip(*boxes, strict=True))
        self._regions = np.concatenate([x[of] for of, x in zip(pieces, arrays.containing, strict=False)])
        self._tied = np.concatenate([
            np.zeros((len(of), 1), np.uint8) if not isinstance(cells, Partition)
            else cells.masks(q + cx.coordinates.lineality_dim)[of]
            for q, of in enumerate(pieces)
        ])  # fmt: skip
        self._zeros = self._zeros_on(cx, members, pieces)

    def _zeros_on(self, cx: PolyhedralComplex, members: list[Bools], pieces: list[Any]) -> Masks:
        """For each piece, as packed bits, the neurons that may vanish at some vertex of it: at least those that do.

        With artificial hyperplanes, where a piece is only a part of its polyhedron, all neurons.
        """
        count = self._forms.n_signs
        if cx.artificial_hyperplanes:
            return np.full((sum(map(len, pieces)), -(-count // 8)), 255, np.uint8)
        splits = [[a != 1 for a in layer] for layer in cx.network.slopes]
        bounds = OutputBounds(cx.network)
        vertices = np.flatnonzero(members[0])
        y, errors = self._vertices.enclosures(slice(0, cx.arrays.finite[0]))
        masks = [np.zeros((0, -(-count // 8)), np.uint8)]
        for start in range(0, len(vertices), _CHUNK):
            chunk = vertices[start : start + _CHUNK]
            radii = np.repeat(errors[chunk, None], y.shape[1], axis=1)
            layers = list(bounds.layers(y[chunk], radii))[:-1]
            with np.errstate(invalid="ignore"):
                nonzero = [(np.abs(c) > r)[:, of] for (c, r), of in zip(layers, splits, strict=True)]
            masks.append(np.packbits(~np.concatenate([*nonzero, np.ones((len(chunk), 0), np.bool_)], axis=1), axis=1))
        below = np.concatenate(masks)
        found, place = [], np.zeros(0, np.int64)
        for q, inside in enumerate(members):
            chosen = np.flatnonzero(inside)
            if q and len(chosen):
                facets = cx.arrays.facets[q].select(chosen)
                below = facets.reduce(np.bitwise_or, np.vstack([below, np.zeros_like(below[:1])])[place[facets.index]])
            elif q:
                below = below[:0]
            found.append(below[np.searchsorted(chosen, pieces[q])])
            place = np.full(cx.arrays.counts[q], -1, np.int64)  # the last row, of zeros, for faces at infinity
            place[chosen] = np.arange(len(chosen))
        return np.concatenate(found)

    @property
    def is_empty(self) -> bool:
        """Whether S is empty."""
        return not len(self._regions)

    def __call__(self, x: Point) -> Nearest | None:
        """The nearest point of S to a point x of the slice, or None if S is empty.

        Of several nearest points it is the one that is also the nearest of them in L2; of several of these, the first
        in lexicographic order.
        """
        start = exact_array(x)
        bounds = self._bounds(x)
        order = np.argsort(bounds, kind="stable")
        best: list[Shortest] = []
        limit = np.inf
        for piece in order.tolist():
            if bounds[piece] > limit:
                break
            rows = self._inequalities(piece)
            found = rows.shortest(rows.seen_from(start), self._norm, best[0].value if best else None)
            if found is None:
                continue
            if best and found.value < best[0].value:
                best = []
            best.append(found)
            limit = above(best[0].value)
        if not best:
            if self.is_empty:
                return None
            raise VerificationError("nearest: the pieces of a set that is not empty are empty")
        return chosen_of(x, best)

    def _bounds(self, x: Point) -> Floats:
        """Lower bounds of the values (see `Nearest`) of all points of the pieces.

        The coordinate of the quotient of x differs from its double by at most a rounding, as does a difference of two;
        8 u (|p| + |bound|) is more. A coordinate changes by at most its dual size times the distance. An infinity is
        only what exceeds all doubles, like the limit then.
        """
        t = x if self._space.plane is None else self._space.plane.coordinates(x)
        first, *rest = self._coordinates.project(t)
        p = np.array([to_double(Fraction(c, first)) for c in rest])
        with np.errstate(all="ignore"):
            slack = 2.0**-50 * np.abs(p)
            gap = np.maximum(
                self._low - p - slack - 2.0**-50 * np.abs(self._low),
                p - self._high - slack - 2.0**-50 * np.abs(self._high),
            )
            gap = np.where(gap > 0, gap, 0.0) * (1 - 1e-12 - gap.shape[1] * 2.0**-50)  # also the rounding of sums
            if self._sizes is not None and gap.shape[1]:  # the coordinates are not those of the space
                gap = np.max(gap / self._sizes, axis=1, keepdims=True) * (1 - 1e-12)
            if self._norm == 2:
                found = np.sum(gap * gap, axis=1)
            else:
                found = np.max(gap, axis=1, initial=0.0) if self._norm == "inf" else np.sum(gap, axis=1)
        return np.where(found > 1e-280, found, 0.0)  # below, subnormal numbers have larger errors

    def _make_inequalities(self, piece: int) -> Inequalities:
        signs = self._on_cells.signs_in(self._regions[piece : piece + 1])[0].tolist()
        needed = np.unpackbits(self._zeros[piece], count=self._forms.n_signs) > 0
        forms, outputs = self._forms(signs, needed.tolist())
        if self._level is not None:
            equations = [[outputs[0][0] - self._level, *outputs[0][1:]]]
        else:
            _, outputs = self._outputs(signs, [False] * self._outputs.n_signs)
            first, *others = np.flatnonzero(np.unpackbits(self._tied[piece])).tolist()
            equations = [minus(outputs[i], outputs[first]) for i in others]
        forms += [form for value in equations for form in (value, [-c for c in value])]
        forms += self._common
        return inequalities([form for form in forms if any(form[1:]) or form[0] < 0], self._dim)


def inequalities(forms: Sequence[Form], dimension: int) -> Inequalities:
    """The points at which all forms are ≥ 0."""
    return Inequalities([[-c for c in form[1:]] for form in forms], [form[0] for form in forms], dimension)


def minus(p: Form, q: Form) -> Form:
    """The difference of two forms."""
    return [x - y for x, y in zip(p, q, strict=True)]


def _members(cells: PolyhedralComplex | Partition, k: int, target: int | None) -> Bools:
    """Which k-cells lie in the set."""
    if not isinstance(cells, Partition):
        return np.asarray(cells.signs(k) == 0)
    largest = cells.maximal_classes(k)
    inside = largest.sum(axis=1) > 1
    return np.asarray(inside if target is None else inside & largest[:, target])


def _dual_sizes(cx: PolyhedralComplex, space: Space, norm: Norm) -> Floats | None:
    """Upper bounds of the dual norms of the coordinates of the quotient, as linear functions on R^d.

    None if they are the coordinates of R^d, or there are none.
    """
    coordinates, d = cx.coordinates, space.network.input_dim
    if not coordinates.rank or (space.plane is None and not coordinates.lineality_dim):
        return None
    rows: list[list[Fraction]] = []
    for i, k in enumerate(coordinates.kept):
        row = [Fraction(0)] * coordinates.input_dim
        row[k] = Fraction(1)
        for j, x in zip(coordinates.dropped, coordinates.projection[i] if coordinates.dropped else (), strict=True):
            row[j] = x
        rows.append(row)
    if space.plane is not None:  # t solves Σ t_i v_i = x − p_0 in as many coordinates of x
        directions = space.plane.directions
        chosen = independent_columns(directions)
        identity = [[int(i == j) for j in range(len(chosen))] for i in range(len(chosen))]
        inverse = solve([[v[j] for v in directions] for j in chosen], identity)
        rows = [[sum((x * y for x, y in zip(row, of, strict=True)), Fraction(0)) for of in zip(*inverse, strict=True)]
                for row in rows]  # fmt: skip
    doubles = np.abs(np.array([[to_double(x) for x in row] for row in rows]))
    sizes = {"inf": np.sum(doubles, axis=1), 1: np.max(doubles, axis=1), 2: np.hypot.reduce(doubles, axis=1)}[norm]
    return np.asarray(sizes * (1 + 1e-12 + d * 2.0**-50) + 1e-300)


def common_forms(space: Space) -> list[Form]:
    """The forms that are ≥ 0 on the domain and 0 on the slice, each of these with both signs."""
    forms: list[Sequence[Any]] = []
    if space.domain is not None:
        forms += [(b, *(-x for x in row)) for row, b in zip(space.domain.a, space.domain.b, strict=True)]
    if space.plane is not None:
        for normal in null_space(space.plane.directions, space.network.input_dim):
            offset = sum((n * x for n, x in zip(normal, space.plane.points[0], strict=True)), Fraction(0))
            forms += [(-offset, *normal), (offset, *(-n for n in normal))]
    return [list(exact_array(form)) for form in forms]


def chosen_of(x: Point, best: Sequence[Shortest]) -> Nearest:
    """The nearest point of x, given the shortest vectors to all convex parts of a set that are as near as any."""
    chosen = min(best, key=lambda f: (sum(z * z for z in f.vector), f.vector))
    unique = all(f.is_unique and f.vector == chosen.vector for f in best)
    return Nearest(tuple(p + z for p, z in zip(x, chosen.vector, strict=True)), chosen.value, unique)


def above(x: Fraction) -> float:
    """A double that is at least x."""
    return float(np.nextafter(to_double(x), np.inf))
