# One part of a complex: its cells on walls, and its regions reduced within fibers, all without the GIL.

import numpy as np


cdef class _SolverWhenNeeded(_Listener):
    """Makes a VertexSolver by calling `callback`, the first time that it is asked for."""

    cdef VertexSolver solver


cdef Vertices* _vertices_when_needed(void* context) noexcept with gil:
    cdef _SolverWhenNeeded source = <_SolverWhenNeeded>context
    try:
        source.solver = source.callback()
        return source.solver.vertices
    except BaseException as error:
        source.error = error
        return NULL


cdef class PartWalls:
    """The cells of a part that other parts contain too (`_cpp/walls.hpp`), and the reduction of its regions.

    coordinates, error: of the vertices. solver: called for a VertexSolver, if that is needed. finite, facets, boundary: of `CellArrays`, the facets of dimensions 1..r.
    forms: affine forms (x0 first), primitive, no two of them equal or opposite. walls: the numbers of those that bound the
    part, and the first `n_outer` of these bound the whole domain as well. tree: cuts (form, minus, plus), a node or leaf
    -1 - i on either side; leaf: which of the leaves the part is.

    Attributes, by dimension 0..r: `cells`, the numbers of the finite cells on walls in an order that all parts find;
    `labels`, the place in `leaves` of the leaves that contain each, and `places`, its place in its fiber. `fibers`: by
    labels a number that all parts find, or None where there are no cells. `n_bounded`: of the r-cells.
    """

    cdef vector[CellsView] views
    cdef unique_ptr[Walls] walls
    cdef list held
    cdef int32_t leaf
    cdef readonly list cells, labels, places, leaves, fibers
    cdef readonly int64_t n_bounded

    def __cinit__(self, const double[:, ::1] coordinates, const double[::1] error, solver, finite, facets, boundary, forms,
                  walls, int n_outer, tree, int32_t leaf):
        cdef Cuts cuts
        cdef Cut cut
        cdef CellsView view
        cdef BigVector form
        cdef const int64_t[::1] start
        cdef const int32_t[::1] facet
        cdef const int8_t[::1] sign
        cdef const uint8_t[::1] flags
        cdef _SolverWhenNeeded source = _SolverWhenNeeded(solver)
        cdef _Listener listener = _Listener(None)
        cdef InterruptCheck interrupt = InterruptCheck(ask, <void*>listener)
        cdef int outcome
        cdef int32_t a, b, c
        cdef Points* points = NULL
        self.leaf = leaf
        self.held = [list(facets), list(boundary)]
        for q, n in enumerate(finite):
            flags = boundary[q]
            view.n, view.finite = flags.shape[0], n
            view.boundary = &flags[0] if view.n else NULL
            view.start, view.facet, view.sign = <const int64_t*>NULL, <const int32_t*>NULL, <const int8_t*>NULL
            if q:
                start, facet, sign = facets[q - 1]
                if start.shape[0] != view.n + 1 or facet.shape[0] != sign.shape[0]:
                    raise ValueError("arrays of lengths that do not fit")
                view.start = &start[0]
                view.facet = &facet[0] if facet.shape[0] else NULL
                view.sign = &sign[0] if sign.shape[0] else NULL
            self.views.push_back(view)
        for values in forms:
            set_vector(form, values)
            cuts.forms.push_back(form)
        cuts.walls = walls
        cuts.n_outer = n_outer
        for a, b, c in tree:
            cut.form, cut.minus, cut.plus = a, b, c
            cuts.tree.push_back(cut)
        prepare_gmp_memory()
        if error.shape[0] != self.views[0].n or coordinates.shape[0] != error.shape[0]:
            raise ValueError("arrays of lengths that do not fit")
        points = new Points(coordinates.shape[1], &coordinates[0, 0], &error[0], _vertices_when_needed, <void*>source)
        try:
            with nogil:
                outcome = find_walls(points[0], self.views, cuts, interrupt, self.walls)
        finally:
            del points
        check_outcome(outcome, source if source.error is not None else listener, 0, 0, 0)
        cdef Walls* w = self.walls.get()
        cdef int k
        self.cells = [_indices(w.cells_in_order[k]) for k in range(w.r + 1)]
        self.labels = [_indices(w.set[k]) for k in range(w.r + 1)]
        self.places = [_indices(w.place_in_fiber[k]) for k in range(w.r + 1)]
        self.n_bounded = w.n_bounded
        self.leaves = [tuple(w.sets.sets[k]) for k in range(<int>w.sets.sets.size())]
        used = set().union(*[np.unique(x).tolist() for x in self.labels])
        self.fibers = [w.digest[k] if k in used else None for k in range(<int>w.sets.sets.size())]

    def reduce(self, masks, bint is_open):
        """What is left of a region, given for each dimension which of the finite cells lie in it, as bytes.

        Returns (walls, columns, euler), or a fault as `check_chain_complex` does. walls: by degree, for each critical
        cell its place in `cells`, or -1; columns: the boundary maps of degrees 1..r; euler: the Euler characteristic of
        those generators of the region that belong to this part, being in the first of the leaves that contain them.
        """
        cdef vector[const uint8_t*] pointers
        cdef const uint8_t[::1] mask
        cdef ReducedRegion result
        cdef _Listener listener = _Listener(None)
        cdef InterruptCheck interrupt = InterruptCheck(ask, <void*>listener)
        cdef int outcome, k
        held = []
        for k in range(<int>self.views.size()):
            mask = masks[k]
            if mask.shape[0] != self.views[k].finite:
                raise ValueError("one byte for each finite cell is expected")
            held.append(mask)
            pointers.push_back(&mask[0] if mask.shape[0] else NULL)
        if len(masks) != <int>self.views.size():
            raise ValueError("masks for all dimensions are expected")
        prepare_gmp_memory()
        with nogil:
            outcome = reduce_region(self.views, self.walls.get()[0], self.leaf, pointers, is_open, interrupt, result)
        check_outcome(outcome, listener, 0, 0, 0)
        if result.fault.kind:
            return _FAULTS[result.fault.kind], result.fault.degree, result.fault.row, result.fault.column
        return (
            [_indices(result.wall[k]) for k in range(<int>result.wall.size())],
            [_columns(result.boundary[k]) for k in range(<int>result.boundary.size())],
            result.euler,
        )
