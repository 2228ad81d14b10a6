"""PolyhedralComplex: the cells into which a network divides its input space, and how they meet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from polyrelu import markup
from polyrelu.errors import CoarseComplexError, InputError, MissingDependencyError, PointError
from polyrelu.exact.limits import read_flag
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import describe, exact_point
from polyrelu.geometry import adjacency, representations
from polyrelu.geometry.cell_arrays import CellArrays
from polyrelu.geometry.coordinates import Coordinates
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.location import Locator
from polyrelu.geometry.merged_cells import MergedCells
from polyrelu.geometry.network_on_cells import AffineMap, NetworkOnCells, Signs
from polyrelu.geometry.region import Region
from polyrelu.geometry.representations import HRepresentation, Point, VRepresentation
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.geometry.vertices import ExactVertices, IntegerVector
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice
from polyrelu.network.symbolic import affine_expression

if TYPE_CHECKING:
    import networkx as nx  # slow to import; the functions that need it import it themselves
    from scipy.sparse import csc_array


COMPLETE = "subdivide(network, level, coarse=False), and with --complete on the command line"
COMPLETE_FOR_CLASSES = "classify(network, coarse=False), and with --complete on the command line"


class PolyhedralComplex:
    """The complex C(F), or C(F, t) with a level t, which covers the domain (R^d if there is none). Immutable.

    C(F) is the common refinement of the zero sets of all hidden preactivations of F (Grigsby & Lindsey 2022): F is
    affine on each of its cells, and its d-cells are the activation regions. C(F, t) is refined by F = t as well. Cells
    of dimension k are numbered 0, 1, …; k runs from λ, the dimension of the lineality space that all cells share, to
    d. Over a domain, the walls of the domain are part of the complex.

    Over a flat domain the complex lies in the slice that the domain spans, `slice`. All of it is given in coordinates t
    of the slice: `network` is the network on the slice, `domain` the domain in it, d the dimension of the slice, and
    vertices, points and maps are in t. `slice.point(t)` is the point of the larger space, `slice.coordinates(x)` is
    back.

    Made by `subdivide`; picklable. Its arrays are read-only.

    Notes
    -----
    A *coarse* complex (`is_coarse`) has fewer cells: convex polyhedra, each a union of relative interiors of cells of
    C(F, t). A d-cell that is not a cell of C(F, t) is *decided*: F − t has one strict sign on all of it. So {F = t} is
    divided as in C(F, t), and regions have the same homology. Facets of a decided cell may be pieces of its geometric
    facets, if cells beside it are divided further. Counts are those of its own cells. What the complete complex alone
    has (counts of C(F), activation patterns and affine maps of all regions) raises CoarseComplexError.

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
        slice: Slice | None = None,
    ) -> None:
        """For `subdivide` and `load_complex` only."""
        self._network, self._level, self._domain, self._slice = network, level, domain, slice
        self._coordinates, self._artificial, self._arrays = coordinates, artificial, arrays
        self._vertices = ExactVertices(network, level, domain, coordinates, arrays)
        self._on_cells = NetworkOnCells(network, level, domain, self._vertices)
        self._merged = None if arrays.all_signs is None else MergedCells(arrays.all_signs)

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
    def slice(self) -> Slice | None:
        """The slice of a larger space in whose coordinates the complex is given: over a flat domain; else None."""
        return self._slice

    @property
    def input_dim(self) -> int:
        """The dimension d of the input space."""
        return self._coordinates.input_dim

    @property
    def lineality_dim(self) -> int:
        """The dimension λ of the lineality space of the cells."""
        if self._merged is not None:  # the refinement has less lineality than C(F) may have
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
        """The number of starting hyperplanes that are no part of C(F); see the class."""
        return self._artificial

    @property
    def arrays(self) -> CellArrays:
        """The cells as arrays, as the core found them and files store them."""
        return self._arrays

    @property
    def is_coarse(self) -> bool:
        """Whether this is a coarse complex for its level or for classes: its decided d-cells are unions of cells."""
        return self._arrays.decided is not None

    def decided(self, k: int) -> npt.NDArray[np.bool_]:
        """For every k-cell whether all d-cells around it are decided, so that it may be no cell of C(F, t).

        Nowhere, unless the complex is coarse.
        """
        return self._arrays.whole(self._index(k)).copy()

    def require_complete(self, what: str) -> None:
        """Raise CoarseComplexError, with a name for what is asked for, if the complex is coarse."""
        if self.is_coarse:
            raise CoarseComplexError(
                f"{what}: this complex is coarse, and does not have all cells of C(F, t); the complete complex is made "
                f"by {self._remedy}"
            )

    @property
    def _remedy(self) -> str:
        return COMPLETE_FOR_CLASSES if self._level is None else COMPLETE

    def _require_divided(self, what: str, q: int, i: int) -> None:
        if self.is_coarse and self._arrays.whole(q)[i]:
            k = q + self._coordinates.lineality_dim
            raise CoarseComplexError(
                f"{what}: neurons may change their signs on cell {i} of dimension {k}, which is a decided cell of a "
                f"coarse complex; the complete complex is made by {self._remedy}"
            )

    @property
    def statistics(self) -> dict[str, int]:
        """The numbers of signs and vertices that were decided in one way or another.

        Signs: `word` (integers below 2^53, without rounding), `filtered` (doubles beyond their error bounds), `big`
        (GMP; `big_zero` of them zeros). Vertices: `enclosed` (by an interval Newton step), `big_vertices` (GMP); the
        others are small integers. `big_forms`: affine forms that were made in GMP. In a coarse complex, `bounds`: cells
        for which a bound of F was computed, `decided`: those that it decided, and `bound_nanoseconds`: the time taken.
        """
        return dict(self._arrays.statistics)

    def _repr_html_(self) -> str:
        return markup.table(self._title(), ["dimension", "cells"], enumerate(self.f_vector))

    def __repr__(self) -> str:
        name = "f-vector" if not self.is_coarse else "its own f-vector"
        return f"PolyhedralComplex({self._title()}: {name} {', '.join(map(str, self.f_vector))})"

    def _title(self) -> str:
        name = "C(F)" if self._level is None else f"C(F, {brief(self._level)})"
        if self.is_coarse:
            name = f"coarse {name}"
        where = "" if self._domain is None else f" over {self._domain!r}"
        hull = "" if self._slice is None else f", in the coordinates of a {self._slice!r}"
        return f"{name} of {self._network!r}{where}{hull}"

    # ---- counts ------------------------------------------------------------------------------------------------

    @property
    def f_vector(self) -> tuple[int, ...]:
        """The number of cells of dimension 0..d; of a coarse complex, of its own cells."""
        return self._padded(self._arrays.finite if self._merged is None else self._merged.counts)

    @property
    def canonical_f_vector(self) -> tuple[int, ...]:
        """The f-vector of C(F), also when this complex is C(F, t). Not of a coarse complex (CoarseComplexError)."""
        self.require_complete("canonical_f_vector")
        if self._level is None:
            return self.f_vector
        return self._padded(self._arrays.canonical if self._merged is None else self._merged.without_last().counts)

    def _padded(self, counts: Sequence[int]) -> tuple[int, ...]:
        return (0,) * (self.input_dim + 1 - len(counts)) + tuple(counts)

    @property
    def n_vertices(self) -> int:
        """The number of vertices (0-cells); 0 when there is lineality."""
        return self.f_vector[0]

    @property
    def n_regions(self) -> int:
        """The number of d-cells: activation regions of C(F), for C(F, t) split by the level set.

        Of a coarse complex, the number of its own d-cells.
        """
        return self.f_vector[-1]

    @property
    def n_bounded_regions(self) -> int:
        """The number of bounded d-cells."""
        if self.lineality_dim:
            return 0
        bounded = self.bounded_modulo_lineality(self.input_dim)
        return int(bounded.sum()) if self._merged is None else self._merged.count_within(bounded)

    @property
    def n_linear_pieces(self) -> int:
        """The number of linear pieces: maximal unions of d-cells with the same affine map, connected through facets.

        Two d-cells with a common (d−1)-cell are in one piece iff F is the same affine map on both; d-cells that meet
        in lower faces only are not connected by that. Maps are compared exactly. Never more than the number of
        activation regions of C(F). Not of a coarse complex (CoarseComplexError).
        """
        self.require_complete("n_linear_pieces")
        return adjacency.count_pieces(self.facets(self.input_dim), self.affine_map_numbers())

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

        Parameters
        ----------
        k : int
            A dimension, λ ≤ k ≤ d.

        Returns
        -------
        SparseRows
            One row a cell; it unpacks into three arrays.

        Raises
        ------
        PointError
            If there are no cells of dimension k.

        Examples
        --------
        >>> from polyrelu import Network, subdivide
        >>> cx = subdivide(Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]]))  # F(x) = |x|
        >>> indptr, indices, signs = cx.facets(1)
        >>> indptr.tolist(), indices.tolist()
        ([0, 1, 2], [0, 0])
        """
        return self._arrays.finite_facets(self._index(k))

    def boundary_matrix(self, k: int, *, infinity: bool = False) -> csc_array:
        """The incidence numbers [cell : facet] as a SciPy sparse matrix of int8: (k−1)-cells × k-cells.

        For k = λ there are no facets, and the matrix has no rows. Entries are as in `facets`; int8 would overflow in
        products over long rows, so multiply after astype(int).

        Parameters
        ----------
        k : int
            A dimension, λ ≤ k ≤ d.
        infinity : bool, optional
            Whether to include the cells at infinity, numbered after the others: then the product of the matrices of
            k − 1 and k is zero.

        Raises
        ------
        PointError
            If there are no cells of dimension k.
        MissingDependencyError
            Without SciPy.
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
        `n_finite_vertices`) first, then rays. A decided cell of a coarse complex is listed with all that its faces
        have: some may lie inside a geometric facet of it.
        """
        return self._arrays.spanned(self._index(k))

    def cell_vertices(self, k: int, i: int) -> npt.NDArray[np.int32]:
        """The vertices and rays of k-cell i: ascending indices, vertices first (those below `n_finite_vertices`)."""
        return self._arrays.vertices_of(*self._cell(k, i))

    @property
    def n_finite_vertices(self) -> int:
        """The number of vertices held: indices of `homogeneous` below this are vertices, the others rays."""
        return self._arrays.finite[0]

    @property
    def n_rays(self) -> int:
        """The number of rays (vertices at infinity)."""
        return self._n_vectors - self._arrays.finite[0]

    @property
    def _n_vectors(self) -> int:
        return self._arrays.counts[0]

    def _index(self, k: int) -> int:
        """The dimension k modulo lineality."""
        low = self._coordinates.lineality_dim
        if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not low <= k <= self.input_dim:
            raise PointError(f"dimension: expected an integer from {low} to {self.input_dim}, got {describe(k)}")
        return int(k) - low

    def _cell(self, k: int, i: int) -> tuple[int, int]:
        """The dimension modulo lineality and the number of k-cell i."""
        q = self._index(k)
        n = self._arrays.finite[q]
        if isinstance(i, bool) or not isinstance(i, (int, np.integer)) or not 0 <= i < n:
            raise PointError(f"cell: expected the number of a {k}-cell, 0 to {n - 1}, got {describe(i)}")
        return q, int(i)

    def bounded_modulo_lineality(self, k: int) -> npt.NDArray[np.bool_]:
        """For every k-cell: whether it is bounded up to the common lineality space (bounded, if there is none)."""
        return self._arrays.bounded(self._index(k))

    def on_boundary(self, k: int) -> npt.NDArray[np.bool_]:
        """For every k-cell: whether it lies in the boundary of the domain."""
        q = self._index(k)
        on_boundary: npt.NDArray[np.bool_] = self._arrays.boundary[q][: self._arrays.finite[q]] != 0
        return on_boundary

    def signs(self, k: int) -> npt.NDArray[np.int8]:
        """For every k-cell the sign of F − t on its relative interior. Needs a level (PointError otherwise).

        For k < λ there are no cells, and the array is empty.
        """
        if self._arrays.level_signs is None:
            raise PointError("signs: the complex has no level; use subdivide(network, level=t)")
        if isinstance(k, (int, np.integer)) and not isinstance(k, bool) and k < self._coordinates.lineality_dim:
            return self._arrays.level_signs[0][:0]
        q = self._index(k)
        return self._arrays.level_signs[q][: self._arrays.finite[q]]

    def intersected_masks(self, masks: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.uint8]]:
        """For k = λ..d the masks of the k-cells, given a bit mask (a row of bytes) for each vertex and ray.

        A bit is set for a cell iff it is set for all vertices and rays of the cell.
        """
        _check_masks(masks, self._n_vectors, "vertex and ray")
        return list(self._arrays.intersected_masks(masks))

    def united_masks(self, masks: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """For each vertex and ray the union over its d-cells, given a bit mask (a row of bytes) for each d-cell."""
        _check_masks(masks, self._arrays.finite[-1], "d-cell")
        return self._arrays.united_masks(masks)

    def face_poset(self) -> nx.DiGraph:
        """The Hasse diagram of the face poset: nodes (k, i) for the k-cells, edges from each facet to its cells.

        Every edge has the incidence number ±1 as attribute `incidence`. Cells at infinity are left out.
        """
        facets = [self._arrays.finite_facets(q) for q in range(self._arrays.rank + 1)]
        return adjacency.face_poset(self._coordinates.lineality_dim, facets)

    def dual_graph(self) -> nx.Graph:
        """The dual graph: nodes are the numbered d-cells, edges (attribute `facet`) the (d−1)-cells between two."""
        return adjacency.dual_graph(self.facets(self.input_dim))

    # ---- geometry of its cells ---------------------------------------------------------------------------------

    def homogeneous(self, v: int) -> IntegerVector:
        """Vertex or ray v as a primitive integer vector of length d + 1: (x0, x0·x) with x0 > 0, or (0, r)."""
        self._check_vertex(v, 0, self._n_vectors)
        return self._vertices.homogeneous(v)

    def _check_vertex(self, v: int, first: int, end: int) -> None:
        if isinstance(v, bool) or not isinstance(v, (int, np.integer)) or not first <= v < end:
            raise PointError(f"vertex or ray: expected a number from {first} to {end - 1}, got {describe(v)}")

    def homogeneous_array(self) -> npt.NDArray[Any]:
        """All vertices and rays as the rows of an integer array, n × (d + 1), of type int64 if that suffices."""
        return self._vertices.homogeneous_array()

    def enclosure(self, v: int) -> tuple[tuple[float, ...], float]:
        """Doubles (y, d) with ``|x_k − y_k| ≤ d`` for a positive multiple x of `homogeneous(v)`; d = 0 if equal.

        Cheap for every vertex, while exact coordinates may have to be computed first. Proved in `_cpp/decisions.hpp`.
        """
        self._check_vertex(v, 0, self._n_vectors)
        y, error = self._vertices.enclosures(slice(v, v + 1))
        return tuple(y[0].tolist()), float(error[0])

    def enclosures(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """`enclosure` of all vertices and rays: the doubles y as an n × (d + 1) array, and the n bounds."""
        return self._vertices.enclosures(slice(None))

    def vertex(self, v: int) -> Point:
        """Vertex v (0 ≤ v < n_finite_vertices) as a point of R^d, exactly."""
        self._check_vertex(v, 0, self._arrays.finite[0])
        return representations.dehomogenised(self._vertices.homogeneous(v))

    def ray(self, v: int) -> IntegerVector:
        """Ray v (n_finite_vertices ≤ v) as a primitive integer direction in R^d."""
        self._check_vertex(v, self._arrays.finite[0], self._n_vectors)
        return self._vertices.homogeneous(v)[1:]

    def vertices(self) -> Iterator[Point]:
        """All vertices in order, as points of R^d."""
        return (self.vertex(v) for v in range(self._arrays.finite[0]))

    def rays(self) -> Iterator[IntegerVector]:
        """All rays in order, as primitive integer directions."""
        return (self.ray(v) for v in range(self._arrays.finite[0], self._n_vectors))

    def interior_point(self, k: int, i: int) -> Point:
        """A point in the relative interior of k-cell i: the sum of its homogeneous `cell_vertices`, dehomogenised."""
        return representations.interior_point(self._vertices, *self._cell(k, i))

    def v_representation(self, k: int, i: int) -> VRepresentation:
        """Vertices, rays and lines of k-cell i."""
        return representations.v_representation(self._vertices, *self._cell(k, i))

    def h_representation(self, k: int, i: int) -> HRepresentation:
        """Facet inequalities and the equations of the affine hull of k-cell i, exactly."""
        return representations.h_representation(self._vertices, *self._cell(k, i))

    def contains(self, x: Any) -> bool:
        """Whether the point x (d exact numbers) lies in the domain."""
        point = exact_point(x, self.input_dim)
        return self._domain is None or self._domain.contains(point)

    def locate(self, x: Any) -> tuple[int, int] | None:
        """The cell (k, i) whose relative interior contains the point x; None outside the domain. Exact.

        Examples
        --------
        >>> from polyrelu import Network, subdivide
        >>> cx = subdivide(Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]]))  # F(x) = |x|
        >>> cx.locate([0])
        (0, 0)
        """
        point = exact_point(x, self.input_dim)
        if not self.contains(point):
            return None
        q, i = self._locator.cell(point)
        return q + self._coordinates.lineality_dim, i

    @cached_property
    def _locator(self) -> Locator:
        return Locator(self._on_cells, refined=self._artificial > 0)

    # ---- the network on its cells ------------------------------------------------------------------------------

    def sign_vector(self, k: int, i: int) -> Signs:
        """The signs (1, 0, −1) of the hidden preactivations on the relative interior of k-cell i, by layer.

        Evaluated exactly at `interior_point`. The preactivation of a neuron that splits (slope ≠ 1) has one sign on
        the whole relative interior; those of identity neurons need not, and have the sign at that point. A decided cell
        of a coarse complex has none (CoarseComplexError).
        """
        q, i = self._cell(k, i)
        self._require_divided("sign_vector", q, i)
        return self._on_cells.sign_vector(q, i)

    def activation_pattern(self, i: int) -> tuple[tuple[bool, ...], ...]:
        """Whether each hidden neuron is active (positive) on region (d-cell) i, by layer; see `sign_vector`."""
        q, i = self._cell(self.input_dim, i)
        self._require_divided("activation_pattern", q, i)
        return tuple(tuple(s > 0 for s in layer) for layer in self._on_cells.sign_vector(q, i))

    def affine_map(self, i: int) -> AffineMap:
        """The affine map x ↦ W x + c of the network on region i: (W by rows, c), exact.

        A decided cell of a coarse complex has none (CoarseComplexError).
        """
        q, i = self._cell(self.input_dim, i)
        self._require_divided("affine_map", q, i)
        return self._on_cells.affine_map(i)

    def to_sympy(self, i: int, variables: Sequence[Any] | None = None) -> Any:
        """The affine map of the network on region i as a SymPy expression; a Tuple if there are several outputs.

        The variables and the errors are those of `Network.to_sympy`, and CoarseComplexError as for `affine_map`.

        Examples
        --------
        >>> import polyrelu as pr
        >>> cx = pr.subdivide(pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [-1]]))
        >>> sorted(str(cx.to_sympy(i)) for i in range(cx.n_regions))
        ['-x0 - 1', 'x0 - 1']
        """
        return affine_expression(*self.affine_map(i), variables)

    def affine_map_numbers(self) -> npt.NDArray[np.int64]:
        """For every region the number of its affine map among the distinct ones; equal numbers, equal maps. Exact.

        Not of a coarse complex (CoarseComplexError).
        """
        self.require_complete("affine_map_numbers")
        return self._on_cells.numbered_forms()[0]

    def affine_maps(self) -> list[AffineMap]:
        """The distinct affine maps x ↦ W x + c of the network on its regions, as (W by rows, c), exact.

        Entry affine_map_numbers()[i] is `affine_map(i)`; this is quick for all regions together. Not of a coarse
        complex (CoarseComplexError).
        """
        self.require_complete("affine_maps")
        return self._on_cells.affine_maps()

    def nonzero_region(self) -> int | None:
        """The first region on which the network is not identically zero, or None. Exact.

        Not of a coarse complex (CoarseComplexError).
        """
        self.require_complete("nonzero_region")
        return self._on_cells.nonzero_region()

    def constant_regions(self) -> tuple[int | None, ...]:
        """For every output of the network the first region on which it is constant, or None. Exact.

        Not of a coarse complex (CoarseComplexError).
        """
        self.require_complete("constant_regions")
        return self._on_cells.constant_regions()

    def region_signs(self, first: int = 0) -> npt.NDArray[np.int8]:
        """For every region the signs of all hidden preactivations that split (slope ≠ 1), layer by layer: n × N.

        With a level the sign of F − t is appended. As found by the subdivision itself. Not of a coarse complex
        (CoarseComplexError).

        Parameters
        ----------
        first : int, optional
            The layer, counted from 0, to begin with.
        """
        if isinstance(first, bool) or not isinstance(first, (int, np.integer)) or not 0 <= first <= self._network.depth:
            raise InputError(f"layer: expected an integer from 0 to {self._network.depth}, got {describe(first)}")
        self.require_complete("region_signs")
        return self._on_cells.region_signs(int(first))

    # ---- regions -----------------------------------------------------------------------------------------------

    def region(self, relation: str) -> Region:
        """The region {F relation t}, relation one of ">", ">=", "<", "<=", "=". Needs a level. Raises RegionError."""
        return Region(self, relation)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_locator"}


def _check_masks(masks: object, rows: int, what: str) -> None:
    if not isinstance(masks, np.ndarray) or masks.ndim != 2 or masks.dtype != np.uint8 or len(masks) != rows:
        raise InputError(f"masks: expected a row of bytes (uint8) for each {what}, got {describe(masks)}")
