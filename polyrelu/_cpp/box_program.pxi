# Linear functions on boxes, in floating point.


def box_maximum(rows, offsets, objective, int64_t free, double lower, double enough):
    """A proposal for the maximum of objective . u over lower <= u <= 1: (point, multipliers) or None.

    rows . u + offsets is >= 0 in the first `free` rows, and 0 in the others; the rows come one after the other in one
    array. The point is None if multipliers are found that bound the maximum by less than `enough`.
    """
    cdef int64_t entries, m, n
    cdef const double* a = double_entries(rows, &entries)
    cdef const double* b = double_entries(offsets, &m)
    cdef const double* c = double_entries(objective, &n)
    if entries != m * n or not 0 <= free <= m:
        raise ValueError("arrays of lengths that do not fit")
    cdef BoxProgram program
    cdef cbool found
    with nogil:
        found = program.run(m, n, free, a, b, c, lower, enough)
    if not found:
        return None
    point, multipliers = None, _empty(m, DOUBLE)
    if m:
        memcpy(written(multipliers), program.multipliers.data(), m * sizeof(double))
    if program.is_optimal:
        point = _empty(n, DOUBLE)
        memcpy(written(point), program.point.data(), n * sizeof(double))
    return point, multipliers
