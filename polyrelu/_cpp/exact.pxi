# Exact vertices and affine forms of a subdivision, after the work is done.

from cpython.exc cimport PyErr_CheckSignals

import numpy as np


cdef int fill_stages(vector[Stage]& out, list stages) except -1:
    cdef int n, m, i
    cdef size_t at
    cdef Stage* s
    for plus, minus, splits, previous in stages:
        n, m = len(plus), len(plus[0]) - 1
        add_stage(out, n, m, previous)
        s = &out.back()
        for i in range(n):
            s.splits[i] = splits[i]
        at = 0
        for row in plus:
            if len(row) != m + 1:
                raise ValueError("rows of different lengths")
            for x in row:
                set_integer(s.plus[at], x)
                at += 1
        if minus is not None:
            s.minus.resize(n * (m + 1))
            at = 0
            for row in minus:
                if len(row) != m + 1 or at >= s.minus.size():
                    raise ValueError("rows of different lengths")
                for x in row:
                    set_integer(s.minus[at], x)
                    at += 1
        s.prepare(&out[out.size() - 2].scale if previous >= 0 else NULL)
    return 0


cdef int fill_regions(vector[Regions]& out, regions) except -1:
    cdef int64_t n, w, i, t
    cdef int k
    cdef const int32_t[::1] a
    cdef const uint64_t[:, ::1] b, c
    out.resize(len(regions))
    for t in range(<int64_t>out.size()):
        a, b, c = regions[t]
        n, w = a.shape[0], b.shape[1]
        with nogil:
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


cdef class VertexSolver:
    """Exact coordinates of the vertices of a subdivision, made when asked for (`_cpp/vertices.hpp`).

    coordinates, error, origins, roots: what `subdivide` reports; a vertex with error 0 has its integer coordinates
    already, roots are the others that have no origin. stages, regions: those of the subdivision. longest: the most bits
    that a coordinate of a vertex can have; origins that lead beyond are not those of a subdivision (OverflowError).
    """

    def __cinit__(self, list stages, regions, const double[:, ::1] coordinates, const double[::1] error,
                  const int32_t[:, ::1] origins, dict roots, size_t longest):
        cdef VertexOrigin origin
        cdef int64_t i
        cdef vector[mpz_class] v
        fill_stages(self.stages, stages)
        fill_regions(self.regions, regions)
        self.vertices = new Vertices(coordinates.shape[1] - 1, self.stages, self.regions)
        self.vertices.longest = longest
        with nogil:
            self.vertices.resize(error.shape[0])
            for i in range(error.shape[0]):
                origin.p, origin.q, origin.region, origin.neuron = origins[i, 0], origins[i, 1], origins[i, 2], origins[i, 3]
                self.vertices.set(i, &coordinates[i, 0], error[i], origin)
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
        while not self.vertices.advance(open_, STEPS_BETWEEN_SIGNALS):
            PyErr_CheckSignals()
        return get_vector(self.vertices.exact_coordinates(i))


def affine_forms(list stages, list regions, int stage):
    """The affine forms of all neurons of a stage on its regions.

    regions: what `subdivide` reported. Returns (number, forms): forms is a list of distinct tuples of integers (the
    forms of all neurons, one after the other, x0 first, all in one scale), number[p] the index of that of region p.
    """
    cdef vector[Stage] S
    cdef vector[Regions] P
    cdef PullBack pull
    cdef int64_t n, i
    cdef int j, k
    prepare_gmp_memory()
    fill_stages(S, stages)
    fill_regions(P, regions)
    n = P[stage].parent.size()
    number = np.empty(n, dtype=np.int32)
    cdef int32_t[::1] out = number
    known = {}
    for i in range(n):
        form = []
        check_gmp_memory()
        for j in range(len(stages[stage][0])):
            if pull.run(S, P, stage, <int>i, j):
                form.extend([x for x in pull.word])
            else:
                form.extend([get_integer(pull.big[k]) for k in range(<int>pull.big.size())])
        out[i] = known.setdefault(tuple(form), len(known))
        PyErr_CheckSignals()
    return number, list(known)
