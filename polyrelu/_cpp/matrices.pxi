# Sparse matrices by compressed columns: parts and transposes, in one pass over the entries.

cimport cython

import numpy as np


@cython.boundscheck(False)
@cython.wraparound(False)
def submatrix(const int64_t[::1] indptr, const int32_t[::1] index, const int8_t[::1] sign, const uint8_t[::1] columns,
              const uint8_t[::1] rows):
    """The chosen columns of a matrix with the chosen rows only, both renumbered: (indptr, index, sign).

    columns and rows: 0 or 1 for each; entries in rows beyond the end of `rows` are left out as well.
    """
    cdef int64_t n = columns.shape[0], m = rows.shape[0], i, t, size = 0, c = 0
    cdef int32_t count = 0
    number = np.empty(m, dtype=np.int32)
    cdef int32_t[::1] name = number
    with nogil:
        for i in range(m):
            name[i] = count if rows[i] else -1
            count += rows[i] != 0
        for i in range(n):
            if columns[i]:
                c += 1
                for t in range(indptr[i], indptr[i + 1]):
                    size += index[t] < m and name[index[t]] >= 0
    starts = np.zeros(c + 1, dtype=np.int64)
    indices = np.empty(size, dtype=np.int32)
    signs = np.empty(size, dtype=np.int8)
    cdef int64_t[::1] p = starts
    cdef int32_t[::1] x = indices
    cdef int8_t[::1] y = signs
    with nogil:
        size = 0
        c = 0
        for i in range(n):
            if not columns[i]:
                continue
            for t in range(indptr[i], indptr[i + 1]):
                if index[t] < m and name[index[t]] >= 0:
                    x[size] = name[index[t]]
                    y[size] = sign[t]
                    size += 1
            c += 1
            p[c] = size
    return starts, indices, signs


@cython.boundscheck(False)
@cython.wraparound(False)
def transposition(const int64_t[::1] indptr, const int32_t[::1] index, int64_t rows):
    """The transpose of a matrix with so many rows, up to its entries: (indptr, index, order), entry t that of order[t]."""
    cdef int64_t n = indptr.shape[0] - 1, i, t
    starts = np.zeros(rows + 1, dtype=np.int64)
    columns = np.empty(index.shape[0], dtype=np.int32)
    order = np.empty(index.shape[0], dtype=np.int64)
    cdef int64_t[::1] p = starts
    cdef int64_t[::1] place
    cdef int32_t[::1] x = columns
    cdef int64_t[::1] o = order
    with nogil:
        for t in range(index.shape[0]):
            p[index[t] + 1] += 1
        for i in range(rows):
            p[i + 1] += p[i]
    place = starts[:rows].copy()
    with nogil:
        for i in range(n):
            for t in range(indptr[i], indptr[i + 1]):
                o[place[index[t]]] = t
                x[place[index[t]]] = <int32_t>i
                place[index[t]] += 1
    return starts, columns, order
