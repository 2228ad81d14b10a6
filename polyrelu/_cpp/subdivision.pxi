# Subdivision of the input space: Python integers in, NumPy arrays out, the work between without the GIL.

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint64_t
from libcpp cimport bool as cbool
from libcpp.algorithm cimport copy
from libcpp.unordered_map cimport unordered_map
from libcpp.vector cimport vector
from cpython.exc cimport PyErr_CheckSignals

import numpy as np


cdef extern from "gmp.h":
    ctypedef struct __mpz_struct:
        pass
    ctypedef __mpz_struct* mpz_ptr
    ctypedef const __mpz_struct* mpz_srcptr
    void mpz_set_si(mpz_ptr, long)
    int mpz_set_str(mpz_ptr, const char*, int)
    size_t mpz_sizeinbase(mpz_srcptr, int)
    char* mpz_get_str(char*, int, mpz_srcptr)


cdef extern from "gmpxx.h":
    cdef cppclass mpz_class:
        mpz_class()
        mpz_ptr get_mpz_t()


cdef extern from "_cpp/memory.hpp" namespace "polyrelu" nogil:
    void prepare_gmp_memory() except +
    void check_gmp_memory() except +


cdef extern from "_cpp/arrays.hpp" namespace "polyrelu" nogil:
    ctypedef cbool (*Poll)(void*, int, int64_t, int64_t, int64_t) noexcept

    cdef struct Statistics:
        int64_t word, filtered, big, big_zero, enclosed, big_vertices, big_forms

    cdef cppclass Stage:
        int n, m, previous
        vector[mpz_class] plus, minus
        vector[char] splits
        vector[long] scale
        void prepare(const vector[long]*) except +

    void add_stage(vector[Stage]&, int, int, int) except +

    ctypedef vector[mpz_class] BigVector

    void make_primitive(BigVector&) except +

    cdef struct Recipe:
        int32_t p, q, region, neuron

    cdef cppclass FormStore:
        void push_exact(const mpz_class*) except +

    cdef cppclass Vertices:
        Vertices(int, const vector[Stage]&, const vector[Pieces]&) except +
        unordered_map[int32_t, BigVector] known
        int64_t size()
        void resize(int64_t) except +
        void set(int64_t, const double*, double, const Recipe&)
        void set_exact(int64_t, const BigVector&) except +
        cbool is_root(int64_t)
        size_t longest
        const BigVector& exact_coordinates(int32_t) except +
        cbool advance(vector[int32_t]&, int64_t) except +
        void release()

    cdef cppclass Pieces:
        int words
        vector[int32_t] parent
        vector[uint64_t] plus, minus

    cdef cppclass Cells:
        int64_t live
        int64_t size()

    cdef cppclass PullBack:
        cbool run(const vector[Stage]&, const vector[Pieces]&, int, int32_t, int) except +
        vector[int64_t] word
        vector[mpz_class] big

    cdef enum Outcome:
        FINISHED, STOPPED, TOO_MANY_CELLS, NO_INTERIOR, TOO_MUCH_MEMORY, NOT_A_COMPLEX

    cdef enum Arithmetic:
        CERTIFIED, ALL_BIG, UNCERTIFIED

    cdef cppclass Subdivision:
        Subdivision(int, int64_t, int64_t, int, Arithmetic, Poll, void*) except +
        int r
        vector[Stage] stages
        FormStore forms
        Vertices vertices
        vector[Cells] cells
        vector[BigVector] frame
        vector[Pieces] pieces
        vector[int64_t] finite_before_last
        Statistics statistics()
        int64_t total_cells()
        int64_t memory()
        int64_t neurons_done()
        vector[int64_t] finite_counts() except +
        int start() except +
        int run(int, cbool) except +
        int mark_again(int) except +
        void release_working_arrays() except +

    cdef cppclass CellOrder:
        CellOrder(Subdivision&) except +
        vector[vector[int32_t]] number
        vector[int64_t] finite
        void facets(Subdivision&, int, int64_t*, int32_t*, int8_t*) except +
        void vertices(Subdivision&, double*, double*, int32_t*) except +
        void per_cell(Subdivision&, int, uint8_t*, int32_t*) except +
        void signs(Subdivision&, int, int, int8_t*) except +


cdef int set_integer(mpz_class& z, object x) except -1:
    if -0x7fffffffffffffff <= x <= 0x7fffffffffffffff:
        mpz_set_si(z.get_mpz_t(), x)
    else:
        mpz_set_str(z.get_mpz_t(), b"%x" % x, 16)
    return 0


cdef object get_integer(const mpz_class& z):
    cdef bytes text = bytes(mpz_sizeinbase((<mpz_class*>&z).get_mpz_t(), 16) + 2)
    mpz_get_str(<char*>text, 16, (<mpz_class*>&z).get_mpz_t())
    return int(text.partition(b"\0")[0], 16)


cdef tuple get_vector(const BigVector& x):
    cdef size_t i
    return tuple([get_integer(x[i]) for i in range(x.size())])


cdef int set_vector(vector[mpz_class]& v, object values) except -1:
    cdef size_t i
    v.resize(len(values))
    for i in range(v.size()):
        set_integer(v[i], values[i])
    return 0


cdef int fill_stages(vector[Stage]& out, list stages) except -1:
    cdef int n, m, i, j
    cdef Stage* s
    for plus, minus, splits, previous in stages:
        n, m = len(plus), len(plus[0]) - 1
        add_stage(out, n, m, previous)
        s = &out.back()
        for i in range(n):
            s.splits[i] = splits[i]
            for j in range(m + 1):
                set_integer(s.plus[i * (m + 1) + j], plus[i][j])
        if minus is not None:
            s.minus.resize(n * (m + 1))
            for i in range(n):
                for j in range(m + 1):
                    set_integer(s.minus[i * (m + 1) + j], minus[i][j])
        s.prepare(&out[out.size() - 2].scale if previous >= 0 else NULL)
    return 0


cdef class _Watch:
    """What the kernel asks a few times a second: whether to stop, and the place to report progress to."""
    cdef object callback
    cdef object error

    def __cinit__(self, callback):
        self.callback = callback
        self.error = None


cdef cbool _poll(void* context, int stage, int64_t done, int64_t total, int64_t cells) noexcept with gil:
    cdef _Watch watch = <_Watch>context
    try:
        PyErr_CheckSignals()
        if watch.callback is not None:
            watch.callback(stage, done, total, cells)
    except BaseException as error:
        watch.error = error
        return True
    return False


cdef dict _ARITHMETIC = {"certified": CERTIFIED, "big": ALL_BIG, "uncertified": UNCERTIFIED}


class Limit(Exception):
    """A limit was reached: (whether that of memory, cells there were, bytes they took, neurons done)."""


class Inconsistent(Exception):
    """Signs contradict each other: uncertified ones may, others would be a fault of this library."""


class NoInterior(Exception):
    """No cell of full dimension lies in the domain."""


def subdivide(int rank, list start, list frame, list stages, bint discard_first, bint last_is_level, bint all_signs,
              object max_cells=None, object max_memory=None, object callback=None, int threads=1,
              str arithmetic="certified", int last_signs=0):
    """Subdivide R^rank by stages of neurons; see `_cpp/subdivision.hpp` for the algorithm and why it is exact.

    start: the apex and then the 2·rank rays, as primitive integer vectors (x0 first).
    frame: the `rank` affine forms that vanish on the starting hyperplanes, form i positive on ray 2i + 1.
    stages: (plus, minus or None, splits, previous) with integer rows, bias first; see `_cpp/stages.hpp`.
    discard_first: the first stage is a domain; cells on the negative side of one of its rows are dropped.
    last_is_level: the last stage is one neuron whose sign is reported for every cell.
    all_signs: report the signs of all cells for all neurons too.
    threads: how many work on it; the result does not depend on it.
    arithmetic: "certified"; "big", everything in GMP, for tests; or "uncertified", doubles as they are, for benchmarks
    of what certainty costs (the result proves nothing, and may not even be a complex).
    last_signs: report the signs of all cells for so many neurons of the last stage, an array by dimension and neuron.
    """
    if rank >= 64:  # MAX_WIDTH; 3^64 cells could not be held anyway
        raise Limit(False, 0, 0, 0)
    prepare_gmp_memory()
    cdef _Watch watch = _Watch(callback)
    cdef int64_t limit = (<int64_t>1 << 62) if max_cells is None else min(max_cells, 1 << 62)
    cdef int64_t bytes_ = (<int64_t>1 << 62) if max_memory is None else min(max_memory, 1 << 62)
    cdef Subdivision* s = new Subdivision(rank, limit, bytes_, threads, _ARITHMETIC[arithmetic], <Poll>_poll, <void*>watch)
    cdef CellOrder* order = NULL
    cdef vector[mpz_class] v
    cdef int i, k, j, outcome
    cdef cbool discard
    try:
        fill_stages(s.stages, stages)
        for vector_ in [[1] + [0] * rank] + frame:
            set_vector(v, vector_)
            s.forms.push_exact(v.data())
        for vector_ in frame:
            set_vector(v, vector_)
            make_primitive(v)
            s.frame.push_back(v)
        s.vertices.resize(len(start))
        for i, vector_ in enumerate(start):
            set_vector(v, vector_)
            s.vertices.set_exact(i, v)
        outcome = s.start()
        for i in range(len(stages)):
            if outcome:
                break
            discard = discard_first and i == 0
            with nogil:
                outcome = s.run(i, discard)
        _check_outcome(outcome, watch, s)
        with nogil:
            order = new CellOrder(s[0])
        result = {
            "finite": [order.finite[k] for k in range(rank + 1)],
            "canonical": list(s.finite_before_last if last_is_level else s.finite_counts()),
            "level_signs": [_signs_of(s, order, k, 0) for k in range(rank + 1)] if last_is_level else None,
            "statistics": s.statistics(),
        }
        if last_signs:
            result["last_signs"] = [[_signs_of(s, order, k, j) for j in range(last_signs)] for k in range(rank + 1)]
        if all_signs:
            signs = [[] for k in range(rank + 1)]
            for i in range(len(stages)):
                with nogil:
                    outcome = s.mark_again(i)
                _check_outcome(outcome, watch, s)
                for k in range(rank + 1):
                    for j in range(len(stages[i][0])):
                        signs[k].append(_signs_of(s, order, k, j))
            result["all_signs"] = [np.array(x, dtype=np.int8).T for x in signs]
        s.release_working_arrays()
        result["vertices"] = _vertices(s, order)
        result["cells"] = [_cells_of(s, order, k) for k in range(rank, -1, -1)][::-1]
        result["pieces"] = [_pieces_of(s, k) for k in range(<int>s.pieces.size())]
        return result
    finally:
        del order
        del s


cdef int _check_outcome(int outcome, _Watch watch, Subdivision* s) except -1:
    """Raise what ended the work early."""
    if watch.error is not None:
        raise watch.error
    if outcome == TOO_MANY_CELLS or outcome == TOO_MUCH_MEMORY:
        raise Limit(outcome == TOO_MUCH_MEMORY, s.total_cells(), s.memory(), s.neurons_done())
    if outcome == NO_INTERIOR:
        raise NoInterior()
    if outcome != FINISHED:
        raise Inconsistent("the signs found belong to no polyhedral complex")
    return 0


cdef tuple _cells_of(Subdivision* s, CellOrder* order, int k):
    PyErr_CheckSignals()
    cdef int64_t n = s.cells[k].size()
    boundary = np.empty(n, dtype=np.uint8)
    home = np.empty(n, dtype=np.int32)
    cdef uint8_t[::1] b = boundary
    cdef int32_t[::1] h = home
    if n:
        with nogil:
            order.per_cell(s[0], k, &b[0], &h[0])
    if k == 0:
        return None, None, None, boundary, home
    indptr = np.zeros(n + 1, dtype=np.int64)
    index = np.empty(max(s.cells[k].live, 1), dtype=np.int32)
    sign = np.empty(max(s.cells[k].live, 1), dtype=np.int8)
    cdef int64_t[::1] p = indptr
    cdef int32_t[::1] x = index
    cdef int8_t[::1] y = sign
    with nogil:
        order.facets(s[0], k, &p[0], &x[0], &y[0])
    return indptr, index[: s.cells[k].live], sign[: s.cells[k].live], boundary, home


cdef object _signs_of(Subdivision* s, CellOrder* order, int k, int j):
    out = np.empty(s.cells[k].size(), dtype=np.int8)
    cdef int8_t[::1] view = out
    if out.size:
        with nogil:
            order.signs(s[0], k, j, &view[0])
    return out


cdef tuple _vertices(Subdivision* s, CellOrder* order):
    """(coordinates, errors, recipes, roots), see `VertexSolver`."""
    cdef int64_t n = s.vertices.size()
    coordinates = np.empty((n, s.r + 1))
    error = np.empty(n)
    recipe = np.empty((n, 4), dtype=np.int32)
    cdef double[:, ::1] x = coordinates
    cdef double[::1] e = error
    cdef int32_t[:, ::1] h = recipe
    cdef int32_t v
    with nogil:
        order.vertices(s[0], &x[0, 0], &e[0], &h[0, 0])
    number = {order.number[0][v]: v for v in range(<int32_t>n) if s.vertices.is_root(v)}
    roots = {i: get_vector(s.vertices.exact_coordinates(v)) for i, v in sorted(number.items())}
    s.vertices.release()
    return coordinates, error, recipe, roots


cdef class VertexSolver:
    """Exact coordinates of the vertices of a subdivision, made when asked for (`_cpp/vertices.hpp`).

    coordinates, error, recipe, roots: what `subdivide` reports; a vertex with error 0 has its integer coordinates
    already, roots are the others that have no recipe. stages, pieces: those of the subdivision. longest: the most bits
    that a coordinate of a vertex can have; recipes that lead beyond are not those of a subdivision (OverflowError).
    """
    cdef vector[Stage] stages
    cdef vector[Pieces] pieces
    cdef Vertices* vertices

    def __cinit__(self, list stages, pieces, const double[:, ::1] coordinates, const double[::1] error,
                  const int32_t[:, ::1] recipe, dict roots, size_t longest):
        cdef Recipe how
        cdef int64_t i
        cdef vector[mpz_class] v
        fill_stages(self.stages, stages)
        fill_pieces(self.pieces, pieces)
        self.vertices = new Vertices(coordinates.shape[1] - 1, self.stages, self.pieces)
        self.vertices.longest = longest
        self.vertices.resize(error.shape[0])
        for i in range(error.shape[0]):
            how.p, how.q, how.region, how.neuron = recipe[i, 0], recipe[i, 1], recipe[i, 2], recipe[i, 3]
            self.vertices.set(i, &coordinates[i, 0], error[i], how)
        for i, values in roots.items():
            set_vector(v, values)
            self.vertices.known[i] = v

    def __dealloc__(self):
        del self.vertices

    def vector(self, int32_t i):
        """Vertex i as a primitive integer vector, x0 first."""
        if not 0 <= i < self.vertices.size():
            raise IndexError(i)
        cdef vector[int32_t] open_
        prepare_gmp_memory()
        open_.push_back(i)
        while not self.vertices.advance(open_, 16):
            PyErr_CheckSignals()
        return get_vector(self.vertices.exact_coordinates(i))


cdef tuple _pieces_of(Subdivision* s, int t):
    cdef Pieces* p = &s.pieces[t]
    cdef int64_t n = p.parent.size(), w = p.words
    parent = np.empty(n, dtype=np.int32)
    plus = np.empty((n, w), dtype=np.uint64)
    minus = np.empty((n, w), dtype=np.uint64)
    cdef int32_t[::1] a = parent
    cdef uint64_t[:, ::1] b = plus, c = minus
    PyErr_CheckSignals()
    with nogil:
        copy(p.parent.begin(), p.parent.end(), &a[0])
        if w:
            copy(p.plus.begin(), p.plus.end(), &b[0, 0])
            copy(p.minus.begin(), p.minus.end(), &c[0, 0])
    return parent, plus, minus


cdef int fill_pieces(vector[Pieces]& out, pieces) except -1:
    cdef int64_t n, w, i, t
    cdef int k
    cdef const int32_t[::1] a
    cdef const uint64_t[:, ::1] b, c
    out.resize(len(pieces))
    for t in range(<int64_t>out.size()):
        a, b, c = pieces[t]
        n, w = a.shape[0], b.shape[1]
        out[t].words = w
        out[t].parent.resize(n)
        out[t].plus.resize(n * w)
        out[t].minus.resize(n * w)
        for i in range(n):
            out[t].parent[i] = a[i]
            for k in range(w):
                out[t].plus[i * w + k] = b[i, k]
                out[t].minus[i * w + k] = c[i, k]
    return 0


def affine_forms(list stages, list pieces, int stage):
    """The affine forms of all neurons of a stage on all its regions.

    pieces: what `subdivide` reported. Returns (number, forms): forms is a list of distinct tuples of integers (the
    forms of all neurons, one after the other, x0 first, all in one scale), number[p] the index of that of region p.
    """
    cdef vector[Stage] S
    cdef vector[Pieces] P
    cdef PullBack pull
    cdef int64_t n, i
    cdef int j, k
    prepare_gmp_memory()
    fill_stages(S, stages)
    fill_pieces(P, pieces)
    n = P[stage].parent.size()
    number = np.empty(n, dtype=np.int32)
    cdef int32_t[::1] out = number
    known = {}
    for i in range(n):
        form = []
        check_gmp_memory()
        for j in range(len(stages[stage][0])):
            if pull.run(S, P, stage, i, j):
                form.extend([x for x in pull.word])
            else:
                form.extend([get_integer(pull.big[k]) for k in range(<int>pull.big.size())])
        out[i] = known.setdefault(tuple(form), len(known))
        PyErr_CheckSignals()
    return number, list(known)
