# Sparse matrices by compressed columns: parts and transposes, in one pass over the entries.


def submatrix(indptr, index, sign, columns, rows):
    """The chosen columns of a matrix with the chosen rows only, both renumbered: (indptr, index, sign).

    columns and rows: 0 or 1 for each; entries in rows beyond the end of `rows` are left out as well.
    """
    cdef int64_t n, m, ends, entries, signs_given, i, t, size = 0, c = 0
    cdef int32_t count = 0
    cdef const int64_t* start = int64_entries(indptr, &ends)
    cdef const int32_t* row = int32_entries(index, &entries)
    cdef const int8_t* value = int8_entries(sign, &signs_given)
    cdef const uint8_t* column_is_chosen = uint8_entries(columns, &n)
    cdef const uint8_t* row_is_chosen = uint8_entries(rows, &m)
    if n >= ends or signs_given != entries:
        raise ValueError("arrays of lengths that do not fit")
    number = _empty(m, INT32)
    cdef int32_t* name = <int32_t*>written(number)
    with nogil:
        for i in range(m):
            name[i] = count if row_is_chosen[i] else -1
            count += row_is_chosen[i] != 0
        for i in range(n):
            if column_is_chosen[i]:
                c += 1
                for t in range(start[i], start[i + 1]):
                    size += row[t] < m and name[row[t]] >= 0
    starts, indices, signs = _empty(c + 1, INT64), _empty(size, INT32), _empty(size, INT8)
    cdef int64_t* p = <int64_t*>written(starts)
    cdef int32_t* x = <int32_t*>written(indices)
    cdef int8_t* y = <int8_t*>written(signs)
    with nogil:
        size = 0
        c = 0
        p[0] = 0
        for i in range(n):
            if not column_is_chosen[i]:
                continue
            for t in range(start[i], start[i + 1]):
                if row[t] < m and name[row[t]] >= 0:
                    x[size] = name[row[t]]
                    y[size] = value[t]
                    size += 1
            c += 1
            p[c] = size
    return _read_only(starts), _read_only(indices), _read_only(signs)


def transposition(indptr, index, int64_t rows):
    """The transpose of a matrix with so many rows, up to its entries: (indptr, index, order), entry t that of order[t]."""
    cdef int64_t ends, entries, n, i, t
    cdef const int64_t* start = int64_entries(indptr, &ends)
    cdef const int32_t* row = int32_entries(index, &entries)
    n = ends - 1
    starts, columns, order = _empty(rows + 1, INT64), _empty(entries, INT32), _empty(entries, INT64)
    cdef int64_t* p = <int64_t*>written(starts)
    cdef int32_t* x = <int32_t*>written(columns)
    cdef int64_t* o = <int64_t*>written(order)
    cdef vector[int64_t] place
    with nogil:
        for i in range(rows + 1):
            p[i] = 0
        for t in range(entries):
            p[row[t] + 1] += 1
        for i in range(rows):
            p[i + 1] += p[i]
        place.assign(p, p + rows)
        for i in range(n):
            for t in range(start[i], start[i + 1]):
                o[place[row[t]]] = t
                x[place[row[t]]] = <int32_t>i
                place[row[t]] += 1
    return _read_only(starts), _read_only(columns), order
