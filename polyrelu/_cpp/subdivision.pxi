# Subdivision of the input space: Python integers in, NumPy arrays out, the work between without the GIL.

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint64_t
from libcpp cimport bool as cbool
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


cdef extern from "_cpp/arrays.hpp" namespace "polyrelu" nogil:
    ctypedef cbool (*Poll)(void*, int, int64_t, int64_t, int64_t) noexcept

    cdef struct Statistics:
        int64_t word, filtered, big, big_zero

    cdef cppclass Stage:
        int n, m, previous
        vector[mpz_class] plus, minus
        vector[char] splits
        vector[long] scale
        void prepare(const vector[long]*) except +

    void add_stage(vector[Stage]&, int, int, int) except +

    cdef cppclass VectorStore:
        int64_t size()
        bint is_word(int64_t)
        const int64_t* word(int64_t)
        const mpz_class* big(int64_t)
        int64_t push_reduced(mpz_class*) except +

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

    cdef cppclass Subdivision:
        Subdivision(int, int64_t, Poll, void*) except +
        int r
        vector[Stage] stages
        VectorStore vertices
        vector[Cells] cells
        vector[Pieces] pieces
        vector[int64_t] finite_before_last
        Statistics stats
        int64_t total_cells()
        vector[int64_t] finite_counts() except +
        int start() except +
        int run(int, cbool) except +
        int mark_again(int) except +

    cdef cppclass CellOrder:
        CellOrder(const Subdivision&) except +
        vector[vector[int32_t]] order
        vector[int64_t] finite
        void facets(const Subdivision&, int, int64_t*, int32_t*, int8_t*)
        void per_cell(const Subdivision&, int, uint8_t*, int32_t*)
        void signs(const Subdivision&, int, int, int, int8_t*)


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


class CellLimit(Exception):
    """The limit of cells was reached; the argument is the number of cells there were."""


class NoInterior(Exception):
    """No cell of full dimension lies in the domain."""


def subdivide(int rank, list start, list stages, bint discard_first, bint last_is_level, bint all_signs,
              object max_cells=None, object callback=None):
    """Subdivide R^rank by stages of neurons; see `_cpp/subdivision.hpp` for the algorithm and why it is exact.

    start: the apex and then the 2·rank rays, as primitive integer vectors (x0 first).
    stages: (plus, minus or None, splits, previous) with integer rows, bias first; see `_cpp/stages.hpp`.
    discard_first: the first stage is a domain; cells on the negative side of one of its rows are dropped.
    last_is_level: the last stage is one neuron whose sign is reported for every cell.
    all_signs: report the signs of all cells for all neurons too.
    """
    cdef _Watch watch = _Watch(callback)
    cdef int64_t limit = (<int64_t>1 << 62) if max_cells is None else min(max_cells, 1 << 62)
    cdef Subdivision* s = new Subdivision(rank, limit, <Poll>_poll, <void*>watch)
    cdef CellOrder* order = NULL
    cdef vector[mpz_class] v
    cdef int i, k, j, outcome
    cdef cbool discard
    try:
        fill_stages(s.stages, stages)
        v.resize(rank + 1)
        for vector_ in start:
            for i in range(rank + 1):
                set_integer(v[i], vector_[i])
            s.vertices.push_reduced(v.data())
        outcome = s.start()
        for i in range(len(stages)):
            if outcome:
                break
            discard = discard_first and i == 0
            with nogil:
                outcome = s.run(i, discard)
        if watch.error is not None:
            raise watch.error
        if outcome == 2:
            raise CellLimit(s.total_cells())
        if outcome == 3:
            raise NoInterior()
        order = new CellOrder(s[0])
        result = {
            "finite": [order.finite[k] for k in range(rank + 1)],
            "canonical": list(s.finite_before_last if last_is_level else s.finite_counts()),
            "cells": [_cells_of(s, order, k) for k in range(rank + 1)],
            "vertices": _vertices(s, order),
            "pieces": [_pieces_of(s, k) for k in range(<int>s.pieces.size())],
            "level_signs": [_signs_of(s, order, k, 1, 0) for k in range(rank + 1)] if last_is_level else None,
            "statistics": {"word": s.stats.word, "filtered": s.stats.filtered,
                           "big": s.stats.big, "big_zero": s.stats.big_zero},
        }
        if all_signs:
            signs = [[] for k in range(rank + 1)]
            for i in range(len(stages)):
                with nogil:
                    outcome = s.mark_again(i)
                if watch.error is not None:
                    raise watch.error
                for k in range(rank + 1):
                    for j in range(len(stages[i][0])):
                        signs[k].append(_signs_of(s, order, k, (len(stages[i][0]) + 63) // 64, j))
            result["all_signs"] = [np.array(x, dtype=np.int8).T for x in signs]
        return result
    finally:
        del order
        del s


cdef tuple _cells_of(Subdivision* s, CellOrder* order, int k):
    cdef int64_t n = s.cells[k].size()
    boundary = np.empty(n, dtype=np.uint8)
    home = np.empty(n, dtype=np.int32)
    cdef uint8_t[::1] b = boundary
    cdef int32_t[::1] h = home
    if n:
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


cdef object _signs_of(Subdivision* s, CellOrder* order, int k, int words, int j):
    out = np.empty(s.cells[k].size(), dtype=np.int8)
    cdef int8_t[::1] view = out
    if out.size:
        order.signs(s[0], k, words, j, &view[0])
    return out


cdef tuple _vertices(Subdivision* s, CellOrder* order):
    """Coordinates in words, and the rows that need more as {row: tuple of int}."""
    cdef int64_t n = s.vertices.size()
    cdef int64_t i
    cdef int k
    cdef int32_t old
    words = np.zeros((n, s.r + 1), dtype=np.int64)
    cdef int64_t[:, ::1] w = words
    big = {}
    for i in range(n):
        old = order.order[0][i]
        if s.vertices.is_word(old):
            for k in range(s.r + 1):
                w[i, k] = s.vertices.word(old)[k]
        else:
            big[i] = tuple([get_integer(s.vertices.big(old)[k]) for k in range(s.r + 1)])
    return words, big


cdef tuple _pieces_of(Subdivision* s, int t):
    cdef Pieces* p = &s.pieces[t]
    cdef int64_t n = p.parent.size(), w = p.words, i
    parent = np.empty(n, dtype=np.int32)
    plus = np.empty((n, w), dtype=np.uint64)
    minus = np.empty((n, w), dtype=np.uint64)
    cdef int32_t[::1] a = parent
    cdef uint64_t[:, ::1] b = plus, c = minus
    cdef int64_t j
    for i in range(n):
        a[i] = p.parent[i]
        for j in range(w):
            b[i, j] = p.plus[i * w + j]
            c[i, j] = p.minus[i * w + j]
    return parent, plus, minus


def affine_forms(list stages, list pieces, int stage):
    """The affine forms of all neurons of a stage on all its regions.

    pieces: what `subdivide` reported. Returns (number, forms): forms is a list of distinct tuples of integers (the
    forms of all neurons, one after the other, x0 first, all in one scale), number[p] the index of that of region p.
    """
    cdef vector[Stage] S
    cdef vector[Pieces] P
    cdef PullBack pull
    cdef int64_t n, w, i, t
    cdef int j, k
    cdef int32_t[::1] a
    cdef uint64_t[:, ::1] b, c
    fill_stages(S, stages)
    P.resize(len(pieces))
    for t in range(len(pieces)):
        a, b, c = pieces[t]
        n, w = a.shape[0], b.shape[1]
        P[t].words = w
        P[t].parent.resize(n)
        P[t].plus.resize(n * w)
        P[t].minus.resize(n * w)
        for i in range(n):
            P[t].parent[i] = a[i]
            for k in range(w):
                P[t].plus[i * w + k] = b[i, k]
                P[t].minus[i * w + k] = c[i, k]
    n = P[stage].parent.size()
    number = np.empty(n, dtype=np.int32)
    cdef int32_t[::1] out = number
    known = {}
    for i in range(n):
        form = []
        for j in range(len(stages[stage][0])):
            if pull.run(S, P, stage, i, j):
                form.extend([x for x in pull.word])
            else:
                form.extend([get_integer(pull.big[k]) for k in range(<int>pull.big.size())])
        out[i] = known.setdefault(tuple(form), len(known))
        if (i & 1023) == 0:
            PyErr_CheckSignals()
    return number, list(known)
