"""PolyhedralComplex: the cells into which a network divides its input space, and how they meet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polyrelu import _core, markup
from polyrelu.errors import FileError, InputError, LimitError, MissingDependencyError, PointError, VerificationError
from polyrelu.exact.limits import read_flag
from polyrelu.exact.linear import null_space, rank
from polyrelu.exact.printing import brief, brief_repr
from polyrelu.exact.rational import describe, exact_point, primitive
from polyrelu.geometry.cell_arrays import CellArrays
from polyrelu.geometry.coordinates import Coordinates
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.region import Region
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.geometry.stages import Stage, complex_stages, form_bits
from polyrelu.network.network import Network

if TYPE_CHECKING:
    import networkx as nx  # slow to import; the functions that need it import it themselves
    from scipy.sparse import csc_array

IntegerVector = tuple[int, ...]
Point = tuple[Fraction, ...]
Signs = tuple[tuple[int, ...], ...]


class HRepresentation(NamedTuple):
    """A polyhedron {x : a·x ≤ b for (b, a) in inequalities, a·x = b for (b, a) in equations}, irredundant.

    Every row (b, a₁, …, a_d) is a primitive integer vector.
    """

    inequalities: tuple[IntegerVector, ...]
    equations: tuple[IntegerVector, ...]

    def __repr__(self) -> str:
        return f"HRepresentation(inequalities={brief_repr(self[0])}, equations={brief_repr(self[1])})"


class VRepresentation(NamedTuple):
    """A polyhedron conv(vertices) + cone(rays) + span(lines), irredundant.

    With lineality the vertices and rays are representatives modulo the lines.
    """

    vertices: tuple[Point, ...]
    rays: tuple[IntegerVector, ...]
    lines: tuple[IntegerVector, ...]

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}={brief_repr(x)}" for name, x in zip(self._fields, self, strict=True))
        return f"VRepresentation({parts})"


class PolyhedralComplex:
    """C(F), or C(F, t) with a level t: a polyhedral complex that covers the domain (R^d if there is none).

    C(F) is the common refinement of the zero sets of all hidden preactivations of F (Grigsby & Lindsey 2022): F is
    affine on each of its cells, and its d-cells are the activation regions. C(F, t) is refined by F = t as well. Cells
    of dimension k are numbered 0, 1, …; k runs from λ, the dimension of the lineality space that all cells share, to
    d. Over a domain, the walls of the domain are part of the complex.

    Made by `subdivide`; immutable and picklable. The arrays it holds are read-only.

    If first-layer neurons with slope 1 (identity) make it necessary to start from hyperplanes that are no part of
    C(F) (`artificial_hyperplanes` > 0), the cells that are numbered form a refinement of C(F); counts (the f-vector,
    regions, linear pieces, bounded regions) are those of C(F) itself: cells of the refinement are counted as one when
    all preactivations, walls and F − t have the same signs on them. This is right because a cell of C(F) is the
    closure of the set of points with given signs, which is convex.
    """

    def __init__(
        self,
        network: Network,
        level: Fraction | None,
        domain: Domain | None,
        coordinates: Coordinates,
        artificial: int,
        arrays: CellArrays,
    ) -> None:
        """For `subdivide` and `load_complex` only."""
        self._network, self._level, self._domain = network, level, domain
        self._coordinates, self._artificial = coordinates, artificial
        self._arrays = arrays
        self._solver: _core.VertexSolver | None = None
        self._classes = None if arrays.all_signs is None else _Classes(arrays.all_signs)
        self._regions_by_signs: dict[bytes, int] | None = None

    # ---- what it is --------------------------------------------------------------------------------------------

    @property
    def network(self) -> Network:
        """The network F."""
        return self._network

    @property
    def level(self) -> Fraction | None:
        """The level t of C(F, t), or None for C(F)."""
        return self._level

    @property
    def domain(self) -> Domain | None:
        """The domain, or None for R^d."""
        return self._domain

    @property
    def input_dim(self) -> int:
        """The dimension d of the input space."""
        return self._coordinates.input_dim

    @property
    def lineality_dim(self) -> int:
        """The dimension λ of the lineality space of the cells."""
        if self._classes is not None:  # the refinement has less lineality than C(F) may have
            return next(k for k, n in enumerate(self.f_vector) if n)
        return self._coordinates.lineality_dim

    @property
    def lineality(self) -> tuple[IntegerVector, ...]:
        """A basis of the directions along which all numbered cells are invariant: primitive integer vectors."""
        return self._coordinates.lineality

    @property
    def dropped_coordinates(self) -> tuple[int, ...]:
        """The coordinates that are zero at all vertices and rays, which represent their cosets modulo lineality."""
        return self._coordinates.dropped

    @property
    def coordinates(self) -> Coordinates:
        """The input space modulo lineality, in which the cells are held."""
        return self._coordinates

    @property
    def artificial_hyperplanes(self) -> int:
        """How many starting hyperplanes are no part of C(F); see the class."""
        return self._artificial

    @property
    def arrays(self) -> CellArrays:
        """The cells as arrays, as the core found them and files store them."""
        return self._arrays

    @property
    def statistics(self) -> dict[str, int]:
        """How often signs and vertices were decided in which way.

        Signs: `word` (integers below 2^53, without rounding), `filtered` (doubles beyond their error bounds), `big`
        (GMP; `big_zero` of them zeros). Vertices: `enclosed` (by an interval Newton step), `big_vertices` (GMP); the
        others are small integers. `big_forms`: affine forms that were made in GMP.
        """
        return dict(self._arrays.statistics)

    def _repr_html_(self) -> str:
        where = "" if self._domain is None else f" over {self._domain!r}"
        name = "C(F)" if self._level is None else f"C(F, {brief(self._level)})"
        return markup.table(f"{name} of {self._network!r}{where}", ["dimension", "cells"], enumerate(self.f_vector))

    def __repr__(self) -> str:
        kind = "C(F)" if self._level is None else f"C(F, {brief(self._level)})"
        where = "" if self._domain is None else f" over {self._domain!r}"
        return f"PolyhedralComplex({kind} of {self._network!r}{where}: f-vector {', '.join(map(str, self.f_vector))})"

    # ---- counts ------------------------------------------------------------------------------------------------

    @property
    def f_vector(self) -> tuple[int, ...]:
        """The number of cells of dimension 0..d."""
        if self._classes is not None:
            return self._classes.f_vector(self.input_dim)
        return _padded(self._arrays.finite, self.input_dim)

    @property
    def canonical_f_vector(self) -> tuple[int, ...]:
        """The f-vector of C(F), also when this complex is C(F, t)."""
        if self._level is None:
            return self.f_vector
        if self._classes is None:
            return _padded(self._arrays.canonical, self.input_dim)
        return _Classes([x[:, :-1] for x in self._classes.signs]).f_vector(self.input_dim)

    @property
    def n_vertices(self) -> int:
        """The number of vertices (0-cells); 0 when there is lineality."""
        return self.f_vector[0]

    @property
    def n_regions(self) -> int:
        """The number of d-cells: activation regions of C(F), for C(F, t) split by the level set."""
        return self.f_vector[-1]

    @property
    def n_bounded_regions(self) -> int:
        """The number of bounded d-cells."""
        if self.lineality_dim:
            return 0
        bounded = self.bounded_modulo_lineality(self.input_dim)
        if self._classes is not None:
            label = self._classes.labels[-1]
            return len(np.unique(label)) - len(np.unique(label[~bounded]))
        return int(bounded.sum())

    @property
    def n_linear_pieces(self) -> int:
        """The number of linear pieces: maximal unions of d-cells with the same affine map, connected through facets.

        Two d-cells with a common (d−1)-cell are in one piece iff F is the same affine map on both; d-cells that meet
        in lower faces only are not connected by that. Maps are compared exactly. Never more than the number of
        activation regions of C(F).
        """
        from networkx.utils import UnionFind

        maps = self.affine_map_numbers()
        pieces = UnionFind(range(len(maps)))
        for i, j in self._adjacent_regions():
            if maps[i] == maps[j]:
                pieces.union(i, j)
        return sum(1 for _ in pieces.to_sets())

    # ---- cells and incidence -----------------------------------------------------------------------------------

    def n_cells(self, k: int) -> int:
        """The number of numbered k-cells (the f-vector's entry, unless there are artificial hyperplanes)."""
        if isinstance(k, (int, np.integer)) and not isinstance(k, bool) and k < self._coordinates.lineality_dim:
            return 0
        return self._arrays.finite[self._index(k)]

    def facets(self, k: int) -> SparseRows:
        """The facets of the k-cells with incidence numbers, as sparse rows (indptr, indices, signs).

        Cell i has the facets indices[indptr[i]:indptr[i+1]], numbers of (k−1)-cells, with incidence numbers
        [cell : facet] = ±1 in signs. The product of two consecutive incidence matrices over *all* faces, those at
        infinity included, is zero; faces at infinity are left out here.
        """
        return self._arrays.finite_facets(self._index(k))

    def boundary_matrix(self, k: int, *, infinity: bool = False) -> csc_array:
        """The incidence numbers [cell : facet] as a SciPy sparse matrix of int8: (k−1)-cells × k-cells.

        With `infinity` the cells at infinity are included, numbered after the others: then the product of the matrices
        of k − 1 and k is zero. For k = λ there are no facets, and the matrix has no rows. Entries are as in `facets`;
        int8 would overflow in products over long rows, so multiply after astype(int).

        Raises PointError if there are no cells of dimension k, MissingDependencyError without SciPy.
        """
        try:
            from scipy.sparse import csc_array
        except ImportError:
            raise MissingDependencyError("sparse matrices need SciPy: pip install 'polyrelu[data]'", "data") from None
        infinity = read_flag(infinity, "infinity")
        q = self._index(k)
        rows = self._arrays.facets[q] if infinity else self._arrays.finite_facets(q)
        if q == 0:
            return csc_array((0, rows.n_rows), dtype=np.int8)
        # Copies: the arrays of the complex must not be changed through the matrix.
        arrays = (rows.values.copy(), rows.index.copy(), rows.indptr.copy())
        return csc_array(arrays, shape=(rows.n_columns, rows.n_rows))

    def cells(self, k: int) -> SparseRows:
        """The k-cells by their vertices and rays, as sparse rows (indptr, indices).

        Cell i is spanned by indices[indptr[i]:indptr[i+1]], ascending numbers for `homogeneous`: vertices (below
        `n_finite_vertices`) first, then rays.
        """
        return self._arrays.spanned(self._index(k))

    def cell_vertices(self, k: int, i: int) -> npt.NDArray[np.int32]:
        """The vertices and rays of k-cell i: ascending indices, vertices first (those below `n_finite_vertices`)."""
        return self._arrays.vertices_of(self._index(k), self._cell(k, i))

    @property
    def n_finite_vertices(self) -> int:
        """Indices of `homogeneous` below this are vertices, the others rays."""
        return self._arrays.finite[0]

    @property
    def n_rays(self) -> int:
        """The number of rays (vertices at infinity)."""
        return self._n_vectors - self._arrays.finite[0]

    def _index(self, k: int) -> int:
        low = self._coordinates.lineality_dim
        if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not low <= k <= self.input_dim:
            raise PointError(f"dimension: expected an integer from {low} to {self.input_dim}, got {describe(k)}")
        return int(k) - low

    def _cell(self, k: int, i: int) -> int:
        n = self._arrays.finite[self._index(k)]
        if isinstance(i, bool) or not isinstance(i, (int, np.integer)) or not 0 <= i < n:
            raise PointError(f"cell: expected the number of a {k}-cell, 0 to {n - 1}, got {describe(i)}")
        return int(i)

    def bounded_modulo_lineality(self, k: int) -> npt.NDArray[np.bool_]:
        """For every k-cell: whether it is bounded up to the common lineality space (bounded, if there is none)."""
        return self._arrays.bounded(self._index(k))

    def on_boundary(self, k: int) -> npt.NDArray[np.bool_]:
        """For every k-cell: whether it lies in the boundary of the domain."""
        q = self._index(k)
        return np.asarray(self._arrays.boundary[q][: self._arrays.finite[q]], dtype=np.bool_)

    def signs(self, k: int) -> npt.NDArray[np.int8]:
        """For every k-cell the sign of F − t on its relative interior. Needs a level (PointError otherwise)."""
        q = self._index(k)
        if self._arrays.level_signs is None:
            raise PointError("signs: the complex has no level; use subdivide(network, level=t)")
        return self._arrays.level_signs[q][: self._arrays.finite[q]]

    # ---- geometry ----------------------------------------------------------------------------------------------

    def homogeneous(self, v: int) -> IntegerVector:
        """Vertex or ray v as a primitive integer vector of length d + 1: (x0, x0·x) with x0 > 0, or (0, r)."""
        self._check_vertex(v, 0, self._n_vectors)
        return self._coordinates.lift(self._vector(v))

    @property
    def _n_vectors(self) -> int:
        return self._arrays.counts[0]

    def _check_vertex(self, v: int, first: int, end: int) -> None:
        if isinstance(v, bool) or not isinstance(v, (int, np.integer)) or not first <= v < end:
            raise PointError(f"vertex or ray: expected a number from {first} to {end - 1}, got {describe(v)}")

    def _vector(self, v: int) -> IntegerVector:
        coordinates, error, origins, roots = self._arrays.vertices
        if error[v] == 0:
            return tuple(map(int, coordinates[v].tolist()))
        try:
            if self._solver is None:
                stages = self._stages(self._level)
                longest = self._coordinates.rank * form_bits(stages) + 1
                self._solver = _core.VertexSolver(
                    stages, self._arrays.regions, coordinates, error, origins, roots, longest
                )
            vector = self._solver.vector(v)
        except MemoryError:
            raise LimitError("the memory of this machine does not suffice for the exact vertices") from None
        except OverflowError:
            vector = ()
        if not any(vector) or (vector[0] > 0) != (v < self._arrays.finite[0]):
            # A subdivision has none of these; a file that was made up, and `load_complex` did not prove, may.
            raise FileError(f"vertex or ray {v} is none of this network: the file of the complex is wrong")
        return vector

    def _stages(self, level: Fraction | None) -> list[Stage]:
        return complex_stages(self._network, self._domain, self._coordinates.kept, level)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_solver": None}

    def intersected_masks(self, masks: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.uint8]]:
        """Given a bit mask (a row of bytes) for each vertex and ray: for k = λ..d the masks of the k-cells.

        A bit is set for a cell iff it is set for all vertices and rays of the cell.
        """
        _check_masks(masks, self._n_vectors, "vertex and ray")
        return list(self._arrays.intersected_masks(masks))

    def united_masks(self, masks: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Given a bit mask (a row of bytes) for each d-cell: for each vertex and ray the union over its d-cells."""
        _check_masks(masks, self._arrays.finite[-1], "d-cell")
        return self._arrays.united_masks(masks)

    def homogeneous_array(self) -> npt.NDArray[Any]:
        """All vertices and rays as the rows of an integer array, n × (d + 1), of type int64 if that suffices."""
        coordinates, error, *_ = self._arrays.vertices
        inexact = np.flatnonzero(error)
        out = np.zeros((len(error), self.input_dim + 1), dtype=object if len(inexact) else np.int64)
        columns = [0, *(k + 1 for k in self._coordinates.kept)]
        out[:, columns] = np.where(error[:, None] == 0, coordinates, 0).astype(np.int64)
        for v in inexact:
            out[v, columns] = self._vector(int(v))
        return out

    def enclosure(self, v: int) -> tuple[tuple[float, ...], float]:
        """Doubles (y, d) with ``|x_k − y_k| ≤ d`` for a positive multiple x of `homogeneous(v)`; d = 0 if equal.

        Cheap for every vertex, while exact coordinates may have to be computed first. Proved in `_cpp/decisions.hpp`.
        """
        self._check_vertex(v, 0, self._n_vectors)
        y, error = self._enclosures(slice(v, v + 1))
        return tuple(y[0].tolist()), float(error[0])

    def enclosures(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """`enclosure` of all vertices and rays: the doubles y as an n × (d + 1) array, and the n bounds."""
        return self._enclosures(slice(None))

    def _enclosures(self, chosen: slice) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        coordinates, error = self._arrays.vertices.coordinates[chosen], self._arrays.vertices.errors[chosen]
        y = np.zeros((len(error), self.input_dim + 1))
        y[:, [0, *(k + 1 for k in self._coordinates.kept)]] = coordinates
        return y, error.copy()

    def vertex(self, v: int) -> Point:
        """Vertex v (0 ≤ v < n_finite_vertices) as a point of R^d, exactly."""
        self._check_vertex(v, 0, self._arrays.finite[0])
        x = self.homogeneous(v)
        return tuple(Fraction(c, x[0]) for c in x[1:])

    def ray(self, v: int) -> IntegerVector:
        """Ray v (n_finite_vertices ≤ v) as a primitive integer direction in R^d."""
        self._check_vertex(v, self._arrays.finite[0], self._n_vectors)
        return self.homogeneous(v)[1:]

    def vertices(self) -> Iterator[Point]:
        """All vertices in order, as points of R^d."""
        return (self.vertex(v) for v in range(self._arrays.finite[0]))

    def rays(self) -> Iterator[IntegerVector]:
        """All rays in order, as primitive integer directions."""
        return (self.ray(v) for v in range(self._arrays.finite[0], self._n_vectors))

    def interior_point(self, k: int, i: int) -> Point:
        """A point in the relative interior of k-cell i: the sum of its homogeneous vertices and rays, dehomogenised."""
        x = [sum(column) for column in zip(*(self.homogeneous(int(v)) for v in self.cell_vertices(k, i)), strict=True)]
        return tuple(Fraction(c, x[0]) for c in x[1:])

    def v_representation(self, k: int, i: int) -> VRepresentation:
        """Vertices, rays and lines of k-cell i."""
        found = self.cell_vertices(k, i)
        split = int(np.searchsorted(found, self._arrays.finite[0]))
        return VRepresentation(
            tuple(self.vertex(v) for v in found[:split]), tuple(self.ray(v) for v in found[split:]), self.lineality
        )

    def h_representation(self, k: int, i: int) -> HRepresentation:
        """Facet inequalities and the equations of the affine hull of k-cell i.

        Every facet (not at infinity) contributes the one inequality that is tight on it, found as a linear form that
        vanishes on the facet's vertices and rays and not on the cell; exact.
        """
        q, i = self._index(k), self._cell(k, i)
        own = [self._vector(v) for v in self._arrays.vertices_of(q, i)]
        inside = [sum(column) for column in zip(*own, strict=True)]
        width = self._coordinates.rank + 1
        equations = null_space(own, width)
        inequalities = []
        for f in self._arrays.finite_facets_of(q, i):
            tight = null_space([self._vector(v) for v in self._arrays.vertices_of(q - 1, f)], width)
            for form in tight:
                value = sum(a * b for a, b in zip(form, inside, strict=True))
                if value:
                    inequalities.append(tuple(x if value > 0 else -x for x in form))
                    break
        pull = self._coordinates.pull_back
        rows = [pull(form) for form in inequalities]
        return HRepresentation(
            tuple((c, *(-x for x in a)) for c, *a in rows),
            tuple((c, *(-x for x in a)) for c, *a in map(pull, equations)),
        )

    # ---- the network on the cells ------------------------------------------------------------------------------

    def sign_vector(self, k: int, i: int) -> Signs:
        """The signs (1, 0, −1) of the hidden preactivations on the relative interior of k-cell i, by layer.

        Evaluated exactly at `interior_point`. The preactivation of a neuron that splits (slope ≠ 1) has one sign on
        the whole relative interior; those of identity neurons need not, and have the sign at that point.
        """
        return _signs(self._network.preactivations(self.interior_point(k, i)))

    def activation_pattern(self, i: int) -> tuple[tuple[bool, ...], ...]:
        """Which hidden neurons are active (positive) on region (d-cell) i, by layer."""
        return tuple(tuple(s > 0 for s in layer) for layer in self.sign_vector(self.input_dim, i))

    def affine_map(self, i: int) -> tuple[tuple[Point, ...], Point]:
        """The affine map x ↦ W x + c of the network on region i: (W by rows, c), exact."""
        return self._network.affine_map_at(self.sign_vector(self.input_dim, i))

    def affine_map_numbers(self) -> npt.NDArray[np.int64]:
        """For every region the number of its affine map among the distinct ones; equal numbers, equal maps. Exact."""
        return self._affine_maps()[0]

    def affine_maps(self) -> list[tuple[tuple[Point, ...], Point]]:
        """The distinct affine maps x ↦ W x + c of the network on its regions, as (W by rows, c), exact.

        Entry affine_map_numbers()[i] is `affine_map(i)`; this is quick for all regions together. The core has every
        output as integer forms that are a fixed positive multiple of the true ones on all regions; that multiple is
        read off one true coefficient.
        """
        numbers, forms = self._affine_maps()
        if self._network.depth == 0:
            return [(self._network.weights[0], self._network.biases[0])]
        first = np.unique(numbers, return_index=True)[1].tolist()
        width = self._coordinates.rank + 1
        columns = []
        for output in range(self._network.output_dim):
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
        """The first region on which the network is not identically zero, or None. Exact."""
        numbers, forms = self._affine_maps()
        nonzero = np.array([any(form) for form in forms], dtype=np.bool_)[numbers]
        return int(np.argmax(nonzero)) if nonzero.any() else None

    def constant_regions(self) -> tuple[int | None, ...]:
        """For every output of the network the first region on which it is constant, or None. Exact."""
        numbers, forms = self._affine_maps()
        width = len(forms[0]) // self._network.output_dim
        found: list[int | None] = []
        for first in range(1, len(forms[0]), width):
            flat = np.array([not any(form[first : first + width - 1]) for form in forms], dtype=np.bool_)[numbers]
            found.append(int(np.argmax(flat)) if flat.any() else None)
        return tuple(found)

    def _affine_maps(self) -> tuple[npt.NDArray[np.int64], list[tuple[int, ...]]]:
        """For every region the number of its affine map, and the maps, each output up to a positive factor."""
        if self._network.depth == 0:
            rows = zip(self._network.biases[0], self._network.weights[0], strict=True)
            return np.zeros(self._arrays.finite[-1], np.int64), [tuple(x for b, w in rows for x in primitive([b, *w]))]
        stages = self._stages(Fraction(0))
        numbers, forms = _core.affine_forms(stages, list(self._arrays.regions[: len(stages)]), len(stages) - 1)
        region = self._arrays.containing[-1]
        if self._level is not None:
            region = self._arrays.regions[len(stages)].parent[region]
        return np.asarray(numbers[region], dtype=np.int64), forms

    def _adjacent_regions(self) -> Iterator[tuple[int, int]]:
        """The pairs of regions that share a (d−1)-cell, in the order of these cells."""
        return ((i, j) for i, j, _ in self._walls_between())

    def _walls_between(self) -> Iterator[tuple[int, int, int]]:
        beside = self.facets(self.input_dim).transpose()
        for facet in np.flatnonzero(beside.sizes() == 2).tolist():
            i, j = beside.row(facet).tolist()
            yield i, j, facet

    def face_poset(self) -> nx.DiGraph:
        """The Hasse diagram of the face poset: nodes (k, i) for the k-cells, edges from each facet to its cells.

        Every edge has the incidence number ±1 as attribute `incidence`. Cells at infinity are left out.
        """
        import networkx as nx

        poset = nx.DiGraph()
        for k in range(self._coordinates.lineality_dim, self.input_dim + 1):
            poset.add_nodes_from((k, i) for i in range(self.n_cells(k)))
            rows = self.facets(k)
            entries = zip(rows.row_numbers().tolist(), rows.index.tolist(), rows.values.tolist(), strict=True)
            poset.add_edges_from(((k - 1, f), (k, i), {"incidence": s}) for i, f, s in entries)
        return poset

    def dual_graph(self) -> nx.Graph:
        """The dual graph: nodes are the numbered d-cells, edges (attribute `facet`) the (d−1)-cells between two."""
        import networkx as nx

        graph = nx.Graph()
        graph.add_nodes_from(range(self._arrays.finite[-1]))
        graph.add_edges_from((i, j, {"facet": f}) for i, j, f in self._walls_between())
        return graph

    def contains(self, x: Any) -> bool:
        """Whether the point x (d exact numbers) lies in the domain."""
        point = exact_point(x, self.input_dim)
        return self._domain is None or self._domain.contains(point)

    def locate(self, x: Any) -> tuple[int, int] | None:
        """The cell (k, i) whose relative interior contains the point x; None outside the domain. Exact.

        A region contains x in its closure iff each of its signs equals that of x or the latter is zero: a region is
        the set where finitely many affine forms, its signed preactivations, are positive, and its closure the set
        where they are non-negative. From such a region the search descends through facets that contain x.
        """
        point = exact_point(x, self.input_dim)
        if not self.contains(point):
            return None
        vector = self._coordinates.project(point)
        q = self._coordinates.rank
        i = self._closed_region(point, vector)
        while True:
            for f in self._arrays.finite_facets_of(q, i):
                span = [self._vector(v) for v in self._arrays.vertices_of(q - 1, f)]
                if rank([*span, vector]) == q:
                    q, i = q - 1, f
                    break
            else:
                return q + self._coordinates.lineality_dim, i

    def _closed_region(self, point: Point, vector: IntegerVector) -> int:
        """A region whose closure contains the point."""
        flat = [s for layer in _signs(self._network.preactivations(point)) for s in layer]
        split = [a != 1 for layer in self._network.slopes for a in layer]
        signs = [s for s, x in zip(flat, split, strict=True) if x]
        if self._level is not None:
            value = self._network(point) - self._level  # type: ignore[operator]
            signs.append((value > 0) - (value < 0))
        target = np.array(signs, dtype=np.int8)
        table = self._region_signs(np.array(split, dtype=bool))
        if self._regions_by_signs is None:
            self._regions_by_signs = {row.tobytes(): i for i, row in enumerate(table)}
        if not self._artificial and (found := self._regions_by_signs.get(target.tobytes())) is not None:
            return found
        candidates = np.flatnonzero(((table == target) | (target == 0)).all(axis=1))
        for i in candidates:
            if not self._artificial:
                return int(i)
            rows = self.h_representation(self.input_dim, int(i)).inequalities
            if all(sum(a * p for a, p in zip(row[1:], point, strict=True)) <= row[0] for row in rows):
                return int(i)
        raise VerificationError(f"no region contains the point {brief_repr(point)}, but the regions cover the domain")

    def region_signs(self, first: int = 0) -> npt.NDArray[np.int8]:
        """For every region the signs of all hidden preactivations that split (slope ≠ 1), layer by layer: n × N.

        Only of the layers from number `first` on, counted from 0. With a level the sign of F − t is appended. As found
        by the subdivision itself.
        """
        if isinstance(first, bool) or not isinstance(first, (int, np.integer)) or not 0 <= first <= self._network.depth:
            raise InputError(f"layer: expected an integer from 0 to {self._network.depth}, got {describe(first)}")
        slopes = self._network.slopes[first:]
        return self._region_signs(np.array([a != 1 for layer in slopes for a in layer], dtype=bool), first)

    def _region_signs(self, split: npt.NDArray[np.bool_], first: int = 0) -> npt.NDArray[np.int8]:
        widths = [len(layer) for layer in self._network.slopes[first:]]
        if self._level is not None:
            widths.append(1)
            split = np.append(split, True)
        columns: list[npt.NDArray[np.int8]] = []
        region, stages = self._arrays.containing[-1], self._arrays.regions
        for parent, plus, minus in stages[: len(stages) - len(widths) - 1 : -1]:
            columns.insert(0, _unpack(plus[region]) - _unpack(minus[region]))
            region = parent[region]
        if not widths:
            return np.zeros((self._arrays.finite[-1], 0), np.int8)
        return np.concatenate([c[:, :w] for c, w in zip(columns, widths, strict=True)], axis=1)[:, split]

    # ---- regions -----------------------------------------------------------------------------------------------

    def region(self, relation: str) -> Region:
        """The region {F relation t}, relation one of ">", ">=", "<", "<=", "=". Needs a level. Raises RegionError."""
        return Region(self, relation)


class _Classes:
    """Cells of a refinement grouped by their signs: the groups are the cells of the coarser complex."""

    def __init__(self, signs: Sequence[npt.NDArray[np.int8]]) -> None:
        self.signs = signs
        groups: dict[bytes, int] = {}
        dimension: list[int] = []
        self.labels: list[npt.NDArray[np.int64]] = []
        for q, table in enumerate(signs):
            label = np.empty(len(table), np.int64)
            for i, row in enumerate(np.ascontiguousarray(table)):
                label[i] = groups.setdefault(row.tobytes(), len(groups))
                if label[i] == len(dimension):
                    dimension.append(q)
                dimension[label[i]] = q  # ascending: the last one is the dimension of the union
            self.labels.append(label)
        self.counts = np.bincount(np.array(dimension), minlength=len(signs))

    def f_vector(self, d: int) -> tuple[int, ...]:
        return _padded([int(x) for x in self.counts], d)


def _padded(counts: Sequence[int], d: int) -> tuple[int, ...]:
    return (0,) * (d + 1 - len(counts)) + tuple(counts)


def _signs(values: tuple[Point, ...]) -> Signs:
    return tuple(tuple((x > 0) - (x < 0) for x in layer) for layer in values)


def _unpack(masks: npt.NDArray[np.uint64]) -> npt.NDArray[np.int8]:
    """Bit masks (n × words) as an n × 64·words array of 0 and 1."""
    n, words = masks.shape
    octets = np.ascontiguousarray(masks).astype("<u8").view(np.uint8).reshape(n, 8 * words)
    return np.unpackbits(octets, axis=1, bitorder="little").astype(np.int8)


def _check_masks(masks: object, rows: int, what: str) -> None:
    if not isinstance(masks, np.ndarray) or masks.ndim != 2 or masks.dtype != np.uint8 or len(masks) != rows:
        raise InputError(f"masks: expected a row of bytes (uint8) for each {what}, got {describe(masks)}")
