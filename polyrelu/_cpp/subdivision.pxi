# Subdivision of the input space: Python integers in, NumPy arrays out, the work between without the GIL.

from cpython.exc cimport PyErr_CheckSignals
from libcpp.algorithm cimport copy

import numpy as np

cdef dict _ARITHMETIC = {"certified": CERTIFIED, "big": ALL_BIG, "uncertified": UNCERTIFIED}


cdef class Subdivided:
    """A finished subdivision, as the core holds it; made by `subdivide`.

    Either its cells become arrays (`report`, after which nothing is left in the core), or regions become chain complexes
    (`chain`, after which only this is possible). finite: the numbers of cells by dimension that are not at infinity.
    """

    cdef Subdivision* s
    cdef _Listener listener
    cdef bint last_is_level, coarse, all_signs, only_chains
    cdef int last_signs
    cdef object conditions

    def __dealloc__(self):
        with nogil:
            del self.s

    cdef Subdivision* subdivision(self) except NULL:
        if self.s == NULL:
            raise ValueError("nothing is left in the core")
        return self.s

    @property
    def finite(self):
        return tuple(self.subdivision().finite_counts())

    def chain(self, int signs, bint is_open):
        """The chain complex of a region (`_cpp/region_chain.hpp`), or a fault as `check_chain_complex` returns it.

        signs: the sum of 1, 2 and 4 for negative, zero and positive signs of the level's neuron that belong to it.
        """
        if not self.last_is_level:
            raise ValueError("there is no level")
        cdef Subdivision* s = self.subdivision()
        if not self.only_chains:
            self.only_chains = True
            with nogil:
                s.keep_facets_and_signs()
        cdef RegionChain* chain = new RegionChain()
        cdef Chain found = Chain()
        found.chain = chain
        cdef InterruptCheck interrupt = InterruptCheck(ask, <void*>found.listener)
        cdef int outcome
        with nogil:
            outcome = make_region_chain(s[0], signs, is_open, interrupt, chain[0])
        check_outcome(outcome, found.listener, 0, 0, 0)
        if chain.fault.kind:
            return _FAULTS[chain.fault.kind], chain.fault.degree, chain.fault.row, chain.fault.column
        return found

    def report(self):
        """All that was asked for, in arrays."""
        cdef Subdivision* s = self.subdivision()
        if self.only_chains:
            raise ValueError("only facets and signs are left in the core")
        cdef _Listener listener = self.listener
        cdef CellOrder* order = NULL
        cdef vector[int32_t] condition_starts, terms
        cdef int i, k, j, outcome, rank = s.r
        try:
            with nogil:
                order = new CellOrder(s[0])
            result = {
                "finite": [order.finite[k] for k in range(rank + 1)],
                "canonical": list(s.finite_before_last if self.last_is_level else s.finite_counts()),
                "level_signs": [_signs_of(s, order, k, 0) for k in range(rank + 1)] if self.last_is_level else None,
                "statistics": s.statistics(),
            }
            if self.coarse:
                result["decided"] = _decided(s, order)
            if self.last_signs:
                result["last_signs"] = [
                    [_signs_of(s, order, k, j) for j in range(self.last_signs)] for k in range(rank + 1)
                ]
            if self.conditions:
                condition_starts.push_back(0)
                for condition in self.conditions:
                    for stage, neuron, sign in condition:
                        terms.push_back((s.first_neuron[stage] + <int32_t>neuron) << 1 | (sign < 0))
                    condition_starts.push_back(<int32_t>terms.size())
                result["conditions"] = [_conditions(s, order, k, condition_starts, terms) for k in range(rank + 1)]
            if self.all_signs:
                signs = [[] for k in range(rank + 1)]
                for i in range(<int>s.stages.size()):
                    with nogil:
                        outcome = s.mark_again(i)
                    _check(s, outcome, listener)
                    for k in range(rank + 1):
                        for j in range(s.stages[i].n):
                            signs[k].append(_signs_of(s, order, k, j))
                result["all_signs"] = [np.array(x, dtype=np.int8).T for x in signs]
            with nogil:
                s.release_working_arrays()
            result["vertices"] = _vertices(s, order)
            result["cells"] = [_cells_of(s, order, k) for k in range(rank, -1, -1)][::-1]
            result["pieces"] = [_regions_of(s, k) for k in range(<int>s.regions.size())]
            return result
        finally:
            self.s = NULL
            with nogil:
                del order
                del s


cdef class Chain:
    """The chain complex of a region in the core: `reduce` removes its unit pivots, as `reduce_chain_complex` does."""

    cdef RegionChain* chain
    cdef _Listener listener

    def __cinit__(self):
        self.listener = _Listener(None)

    def __dealloc__(self):
        with nogil:
            del self.chain

    @property
    def ranks(self):
        """The ranks in degrees 0..n."""
        return tuple(self.chain.complex.ranks)

    def reduce(self):
        """(remainders, pivots), see `reduce_chain_complex`."""
        cdef Result result
        cdef InterruptCheck interrupt = InterruptCheck(ask, <void*>self.listener)
        cdef int outcome
        cdef size_t k
        prepare_gmp_memory()
        with nogil:
            outcome = reduce_chain(self.chain[0], interrupt, result)
        check_outcome(outcome, self.listener, 0, 0, 0)
        return _remainders(result), [result.n_pivots[k] for k in range(result.n_pivots.size())]


def subdivide(int rank, list start, list initial_forms, list stages, bint discard_first, bint last_is_level,
              bint all_signs, object max_cells=None, object max_memory=None, object callback=None, int threads=1,
              str arithmetic="certified", int last_signs=0, bint coarse=False, bint split_at_walls=False,
              object conditions=(), object differences=None):
    """R^rank subdivided by stages of neurons; see `_cpp/subdivision.hpp` for the algorithm and why it is exact.

    start: the apex and then the 2·rank rays, as primitive integer vectors (x0 first).
    initial_forms: the `rank` affine forms that vanish on the starting hyperplanes, form i positive on ray 2i + 1.
    stages: (plus, minus or None, splits, previous) with integer rows, bias first; see `_cpp/stages.hpp`.
    discard_first: the first stage is a domain; cells on the negative side of one of its rows are dropped.
    last_is_level: the last stage is one neuron whose sign is reported for every cell.
    all_signs: report the signs of all cells for all neurons too.
    threads: how many work on it; the result does not depend on it.
    arithmetic: "certified"; "big", everything in GMP, for tests; or "uncertified", doubles as they are, for benchmarks
    of what certainty costs (the result proves nothing, and may not even be a complex).
    last_signs: report the signs of all cells for so many neurons of the last stage, an array by dimension and neuron.
    coarse: cells on which the level's neuron certainly has one strict sign stay whole (`_cpp/decided_cells.hpp`); which
    top cells they are, and their signs, is reported. Needs `last_is_level`, and allows neither of the other signs.
    split_at_walls: top cells of a coarse complex that have a facet in the boundary of the domain are split as ever, so
    that the cells in the boundary are those of the complete complex.
    conditions: report by dimension which of these hold on the finite cells, as rows of packed bits. Each is a list of
    (stage, neuron, sign), which hold together: the neuron, which splits, has not the opposite of that sign, 1 or -1.
    differences: for a coarse complex, of classes and not of a level, the stages before those of the conditions, and one of
    the differences of n outputs (`OutputBound` in `_cpp/relaxation.hpp`). A cell where output i is certainly the largest
    stays whole, and of the n conditions that with number i holds on it.
    """
    if rank >= 64:  # MAX_WIDTH; 3^64 cells could not be held anyway
        raise Limit(False, 0, 0, 0)
    prepare_gmp_memory()
    cdef Subdivided done = Subdivided()
    cdef _Listener listener = _Listener(callback)
    cdef int64_t limit = (<int64_t>1 << 62) if max_cells is None else min(max_cells, 1 << 62)
    cdef int64_t bytes_ = (<int64_t>1 << 62) if max_memory is None else min(max_memory, 1 << 62)
    cdef Subdivision* s = new Subdivision(rank, limit, bytes_, threads, _ARITHMETIC[arithmetic], coarse, ask,
                                          <void*>listener)
    done.s, done.listener = s, listener
    done.last_is_level, done.coarse, done.all_signs = last_is_level, coarse, all_signs
    done.last_signs, done.conditions = last_signs, conditions
    s.split_at_walls = split_at_walls
    cdef vector[mpz_class] v
    cdef int i, outcome
    cdef cbool discard
    fill_stages(s.stages, stages)
    for vector_ in [[1] + [0] * rank] + initial_forms:
        set_vector(v, vector_)
        s.forms.push_exact(v.data())
    for vector_ in initial_forms:
        set_vector(v, vector_)
        make_primitive(v)
        s.initial_forms.push_back(v)
    s.vertices.resize(len(start))
    for i, vector_ in enumerate(start):
        set_vector(v, vector_)
        s.vertices.set_exact(i, v)
    if conditions:
        if arithmetic == "uncertified":
            raise ValueError("signs that are not certain are not kept")
        s.keep_from = min([stage for condition in conditions for stage, _, _ in condition], default=len(stages))
    if differences is not None:
        fill_stages(s.differences, differences)
        s.classes = len(conditions)
    outcome = s.start()
    for i in range(len(stages)):
        if outcome:
            break
        discard = discard_first and i == 0
        with nogil:
            outcome = s.run(i, discard)
    _check(s, outcome, listener)
    return done


cdef int _check(Subdivision* s, int outcome, _Listener listener) except -1:
    if outcome != FINISHED or listener.error is not None:
        check_outcome(outcome, listener, s.total_cells(), s.memory_of_cells(), s.neurons_done)
    return 0


cdef tuple _cells_of(Subdivision* s, CellOrder* order, int k):
    PyErr_CheckSignals()
    cdef int64_t n = s.cells[k].size()
    boundary, region = _empty(n, UINT8), _empty(n, INT32)
    cdef uint8_t* b = <uint8_t*>written(boundary)
    cdef int32_t* h = <int32_t*>written(region)
    with nogil:
        order.per_cell(s[0], k, b, h)
    if k == 0:
        return None, None, None, _read_only(boundary), _read_only(region)
    cdef int64_t live = s.cells[k].live
    indptr, index, sign = _empty(n + 1, INT64), _empty(live, INT32), _empty(live, INT8)
    cdef int64_t* p = <int64_t*>written(indptr)
    cdef int32_t* x = <int32_t*>written(index)
    cdef int8_t* y = <int8_t*>written(sign)
    with nogil:
        order.facets(s[0], k, p, x, y)
    return _read_only(indptr), _read_only(index), _read_only(sign), _read_only(boundary), _read_only(region)


cdef object _read_only(object array):
    array.setflags(False)
    return array


cdef object _signs_of(Subdivision* s, CellOrder* order, int k, int j):
    out = _empty(s.cells[k].size(), INT8)
    cdef int8_t* signs = <int8_t*>written(out)
    with nogil:
        order.signs(s[0], k, j, signs)
    return _read_only(out)


cdef object _decided(Subdivision* s, CellOrder* order):
    out = _empty(s.cells[s.r].size(), INT8)
    cdef int8_t* signs = <int8_t*>written(out)
    with nogil:
        order.decided(s[0], signs)
    return _read_only(out)


cdef object _conditions(Subdivision* s, CellOrder* order, int k, const vector[int32_t]& starts,
                        const vector[int32_t]& terms):
    out = np.empty((order.finite[k], (starts.size() + 6) // 8), dtype=np.uint8)
    cdef uint8_t[:, ::1] view = out
    if out.size:
        with nogil:
            order.conditions(s[0], k, starts, terms, &view[0, 0])
    return out


cdef tuple _vertices(Subdivision* s, CellOrder* order):
    """(coordinates, errors, origins, roots), see `VertexSolver`."""
    cdef int64_t n = s.vertices.size()
    coordinates, error, origins = _empty((n, s.r + 1), DOUBLE), _empty(n, DOUBLE), _empty((n, 4), INT32)
    cdef double* x = <double*>written(coordinates)
    cdef double* e = <double*>written(error)
    cdef int32_t* h = <int32_t*>written(origins)
    cdef int32_t v
    with nogil:
        order.vertices(s[0], x, e, h)
    number = {order.number[0][v]: v for v in range(<int32_t>n) if s.vertices.is_root(v)}
    roots = {i: get_vector(s.vertices.exact_coordinates(v)) for i, v in sorted(number.items())}
    s.vertices.release()
    return _read_only(coordinates), _read_only(error), _read_only(origins), roots


cdef tuple _regions_of(Subdivision* s, int t):
    cdef Regions* p = &s.regions[t]
    cdef int64_t n = p.parent.size(), w = p.words
    parent, plus, minus = _empty(n, INT32), _empty((n, w), UINT64), _empty((n, w), UINT64)
    cdef int32_t* a = <int32_t*>written(parent)
    cdef uint64_t* b = <uint64_t*>written(plus)
    cdef uint64_t* c = <uint64_t*>written(minus)
    PyErr_CheckSignals()
    with nogil:
        copy(p.parent.begin(), p.parent.end(), a)
        copy(p.plus.begin(), p.plus.end(), b)
        copy(p.minus.begin(), p.minus.end(), c)
    return _read_only(parent), _read_only(plus), _read_only(minus)
