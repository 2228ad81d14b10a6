# Sublevel sets of a network as a filtered complex: the order of its values, the critical cells, and their pairs.

cimport cython

import numpy as np


def rank_values(VertexSolver solver, const int32_t[::1] region, int64_t finite, int threads=1):
    """The order of the values of the output at the vertices, and the signs of its slopes along the rays, exactly.

    The last stage of the solver has one neuron, the output. `region` has, for each vertex and each ray after the `finite`
    vertices, a region of that stage in which it lies.

    Returns (ranks, witnesses, ray_signs): for each vertex how many of the distinct values are smaller than its own, for
    each rank the first vertex with the value, and the signs.
    """
    cdef VertexValues* values = new VertexValues(solver.stages, solver.regions, solver.vertices[0], &region[0], finite)
    cdef _Listener listener = _Listener(None)
    cdef InterruptCheck interrupt = InterruptCheck(ask, <void*>listener)
    cdef int outcome
    prepare_gmp_memory()
    try:
        with nogil:
            outcome = rank_vertices(values[0], threads, interrupt)
        check_outcome(outcome, listener, 0, 0, 0)
        return _indices(values.rank), _indices(values.witness), _signs(values.ray_sign)
    finally:
        del values


def value_at(VertexSolver solver, const int32_t[::1] region, int64_t finite, int32_t v):
    """The value of the output at a vertex as (numerator, denominator), multiplied by a positive number, the same for all."""
    cdef VertexValues* values = new VertexValues(solver.stages, solver.regions, solver.vertices[0], &region[0], finite)
    cdef _Listener listener = _Listener(None)
    cdef InterruptCheck interrupt = InterruptCheck(ask, <void*>listener)
    cdef mpz_class numerator, denominator
    cdef int outcome
    prepare_gmp_memory()
    try:
        outcome = find_value(values[0], v, interrupt, numerator, denominator)
        check_outcome(outcome, listener, 0, 0, 0)
        return get_integer(numerator), get_integer(denominator)
    finally:
        del values


def critical_cells(finite, facets, ranks, ray_signs, int64_t n_values, bint superlevel, int threads=1):
    """The critical cells of the filtration of a complex by its sublevel sets, or superlevel sets.

    finite: the numbers of cells of dimension 0..r that are not at infinity. facets: for q = 1..r the incidence numbers
    of the q-cells as (indptr, index, sign), cells at infinity included and after the others. ranks, ray_signs: as
    `rank_values` returns them. n_values: the number of distinct values.

    Returns (cells, flats, columns, rays). Of each dimension 0..r: the numbers of the critical cells, those beyond the
    finite cells being far faces, in the order of the filtration; and for each the first vertex of the flat in whose lower
    star it is. A cell is in the filtration from the value of this vertex on. columns: the boundary maps of the complex
    of the critical cells. rays: the ray of each far vertex.
    """
    cdef CellArrays arrays
    cdef const int64_t[::1] start
    cdef const int32_t[::1] index
    cdef const int8_t[::1] sign
    cdef const int32_t[::1] rank = ranks
    cdef const int8_t[::1] slopes = ray_signs
    cdef Filtration result
    cdef _Listener listener = _Listener(None)
    cdef InterruptCheck interrupt = InterruptCheck(ask, <void*>listener)
    cdef int outcome
    cdef size_t q
    arrays.start.resize(1)
    arrays.facet.resize(1)
    arrays.sign.resize(1)
    for n in finite:
        arrays.finite.push_back(n)
    for indptr, indices, signs in facets:
        start, index, sign = indptr, indices, signs
        arrays.start.push_back(&start[0])
        arrays.facet.push_back(&index[0] if len(indices) else NULL)
        arrays.sign.push_back(&sign[0] if len(signs) else NULL)
    if rank.shape[0] != arrays.finite[0]:
        raise ValueError("a rank for every vertex is expected")
    prepare_gmp_memory()
    with nogil:
        outcome = find_critical_cells(arrays, &rank[0], &slopes[0] if slopes.shape[0] else NULL, <int32_t>n_values,
                                      superlevel, threads, interrupt, result)
    check_outcome(outcome, listener, 0, 0, 0)
    return (
        [_indices(result.cells[q]) for q in range(result.cells.size())],
        [_indices(result.flats[q]) for q in range(result.flats.size())],
        [_columns(result.boundary[q]) for q in range(result.boundary.size())],
        _indices(result.rays),
    )


def persistence_pairs(ranks, columns, int64_t characteristic):
    """The pairs of cells of a filtered complex that check_chain_complex has passed, over a field.

    The cells of each degree are in the order of the filtration. characteristic: a prime below 2^31, or 0 for the
    rational numbers. Returns for k = 0..n-1 the pairs (births, deaths): cells of degree k that begin a class, and the
    cells of degree k + 1 that end it.
    """
    cdef _ChainInput source = _ChainInput(ranks, columns)
    cdef _Listener listener = _Listener(None)
    cdef InterruptCheck interrupt = InterruptCheck(ask, <void*>listener)
    cdef Pairs result
    cdef int outcome
    cdef size_t k
    prepare_gmp_memory()
    with nogil:
        outcome = find_pairs(source.input, characteristic, interrupt, result)
    check_outcome(outcome, listener, 0, 0, 0)
    return [(_indices(result.birth[k]), _indices(result.death[k])) for k in range(result.birth.size())]


cdef object _signs(vector[int8_t]& values):
    out = np.empty(values.size(), dtype=np.int8)
    cdef int8_t[::1] view = out
    if values.size():
        copy(values.begin(), values.end(), &view[0])
    return out
