# Free chain complexes over Z. `ranks` holds the ranks in degrees 0..n and `columns` the n boundary maps as compressed
# columns (indptr int64, indices int32, data), contiguous, the data of all maps being int8, int64 or Python integers.

import numpy as np

_FAULTS = (None, "offsets", "row out of range", "repeated row", "zero entry", "product")


cdef class _ChainInput:
    """Pointers into the arrays of a chain complex, and references that keep the arrays alive."""

    cdef Input input
    cdef list held

    def __cinit__(self, ranks, columns):
        cdef int64_t starts, entries, values
        cdef vector[string] digits
        self.held = []
        for rank in ranks:
            self.input.ranks.push_back(rank)
        if len(columns) + 1 != len(ranks):
            raise ValueError("one boundary map fewer than ranks is expected")
        kind = None
        for k, (indptr, indices, data) in enumerate(columns):
            if kind is None:
                kind = data.dtype
            elif data.dtype != kind:
                raise ValueError("all boundary maps must have entries of one type")
            self.input.start.push_back(int64_entries(indptr, &starts))
            self.input.row.push_back(int32_entries(indices, &entries))
            self.input.n_entries.push_back(entries)
            values = entries
            if kind == object:
                values = len(data)
                digits = [format(x, "x").encode() for x in data]
                self.input.add_big(digits)
            elif kind == INT8:
                self.input.narrow.push_back(int8_entries(data, &values))
            else:
                self.input.wide.push_back(int64_entries(data, &values))
            if starts != ranks[k + 1] + 1 or values != entries:
                raise ValueError("arrays of lengths that do not fit")
            self.held.append((indptr, indices, data))


def check_chain_complex(ranks, columns):
    """None for a chain complex, and otherwise (fault, degree, row, column) for the first fault found.

    The faults are "offsets", "row out of range", "repeated row", "zero entry" (of one boundary map) and "product": the
    entry at (row, column) of the product of the boundary maps of degrees degree - 1 and degree is not zero.
    Other functions of this module rely on this check: it is what makes it safe to follow the indices.
    """
    cdef _ChainInput source = _ChainInput(ranks, columns)
    cdef _Listener listener = _Listener(None)
    cdef InterruptCheck interrupt = InterruptCheck(ask, <void*>listener)
    cdef Fault fault
    cdef int outcome
    prepare_gmp_memory()
    with nogil:
        outcome = check(source.input, interrupt, fault)
    check_outcome(outcome, listener, 0, 0, 0)
    if fault.kind == 0:
        return None
    return _FAULTS[fault.kind], fault.degree, fault.row, fault.column


def reduce_chain_complex(ranks, columns):
    """Remove unit pivots from a chain complex that check_chain_complex has passed.

    Returns (remainders, pivots), both by degree k = 1..n. A remainder is (n_rows, n_columns, entries) with entries
    (row, column, value), none of them 1 or -1: the boundary map of degree k in a complex with the same homology.
    pivots[k - 1] counts the pairs removed from degrees k and k - 1.
    """
    cdef Result result
    _reduce(ranks, columns, result, NULL)
    return _remainders(result), [result.n_pivots[k] for k in range(result.n_pivots.size())]


def trace_reduction(ranks, columns):
    """The same reduction with what it did: (remainders, rounds, pivots).

    A round of coreduction is (partner, step, image, ranks, columns). The first three have an entry for each cell of the
    complex that the round starts from, cells of all degrees numbered through: the number of the cell it was paired
    with, or -1 for a critical cell; the step at which it was removed, one for a pair; and where the projection takes
    it, i + 1 or -(i + 1) for plus or minus the critical cell i of its degree, 0 for 0, -2^31 + 1 for a longer chain.
    `ranks` and `columns` are the complex of the critical cells, those of a degree numbered in the order of their removal.

    pivots[k - 1] lists the pivots taken from the boundary map of degree k of the last of these complexes, in order:
    (row, column, unit, others in the row as {column: value}, others in the column as {row: value}).
    """
    cdef Result result
    cdef Trace trace
    cdef Round* round
    cdef size_t i, k
    _reduce(ranks, columns, result, &trace)
    rounds = []
    for i in range(trace.rounds.size()):
        round = &trace.rounds[i]
        rounds.append((
            _indices(round.matching.partner),
            _indices(round.matching.step),
            _indices(round.matching.image),
            tuple([round.ranks[k] for k in range(round.ranks.size())]),
            [_columns(round.boundary[k]) for k in range(round.boundary.size())],
        ))
    return _remainders(result), rounds, [_pivots(trace.pivots[k]) for k in range(trace.pivots.size())]


def reduce_within_fibers(ranks, columns, fibers):
    """Coreduction with pairs inside fibers only, of a chain complex that check_chain_complex has passed.

    `fibers` is an int32 array with the number of the fiber of each cell, cells of all degrees numbered through. The
    fibers are numbered from 0, and the faces of a cell must lie in its own fiber or one with a lower number.

    Returns (cells, columns): by degree the critical cells in the order of their removal, which is ascending in each
    fiber, and the boundary maps of the complex that they span.
    """
    cdef _ChainInput source = _ChainInput(ranks, columns)
    cdef _Listener listener = _Listener(None)
    cdef InterruptCheck interrupt = InterruptCheck(ask, <void*>listener)
    cdef const int32_t[::1] fiber = fibers
    cdef const int32_t* first = NULL
    cdef CriticalCells result
    cdef size_t k
    cdef int outcome
    if fiber.shape[0] != sum(ranks):
        raise ValueError("one fiber a cell is expected")
    if fiber.shape[0]:
        if np.min(fibers) < 0:
            raise ValueError("fibers are numbered from 0")
        first = &fiber[0]
    prepare_gmp_memory()
    with nogil:
        outcome = reduce_fibers(source.input, first, interrupt, result)
    check_outcome(outcome, listener, 0, 0, 0)
    return (
        [_indices(result.cells[k]) for k in range(result.cells.size())],
        [_columns(result.boundary[k]) for k in range(result.boundary.size())],
    )


cdef int _reduce(ranks, columns, Result& result, Trace* trace) except -1:
    cdef _ChainInput source = _ChainInput(ranks, columns)
    cdef _Listener listener = _Listener(None)
    cdef InterruptCheck interrupt = InterruptCheck(ask, <void*>listener)
    cdef int outcome
    prepare_gmp_memory()
    with nogil:
        outcome = reduce(source.input, interrupt, result, trace)
    check_outcome(outcome, listener, 0, 0, 0)
    return 0


cdef list _remainders(Result& result):
    cdef size_t k, e
    remainders = []
    for k in range(result.boundary.size()):
        entries = [
            (result.boundary[k].row[e], result.boundary[k].column[e], int(result.boundary[k].value[e], 16))
            for e in range(result.boundary[k].row.size())
        ]
        remainders.append((result.boundary[k].n_rows, result.boundary[k].n_columns, entries))
    return remainders


cdef object _indices(vector[int32_t]& values):
    out = np.empty(values.size(), dtype=np.int32)
    cdef int32_t[::1] view = out
    if values.size():
        copy(values.begin(), values.end(), &view[0])
    return out


cdef object _integers(Integers& values):
    cdef size_t i
    if values.big:
        out = np.empty(values.digits.size(), dtype=object)
        for i in range(values.digits.size()):
            out[i] = int(values.digits[i], 16)
        return out
    return _words(values.words)


cdef object _words(vector[int64_t]& values):
    out = np.empty(values.size(), dtype=np.int64)
    cdef int64_t[::1] view = out
    if values.size():
        copy(values.begin(), values.end(), &view[0])
    return out


cdef tuple _columns(SparseVectors& columns):
    return _words(columns.start), _indices(columns.index), _integers(columns.value)


cdef list _pivots(Pivots& pivots):
    cdef size_t i
    in_row, in_column = _vectors(pivots.in_row), _vectors(pivots.in_column)
    return [
        (pivots.row[i], pivots.column[i], pivots.unit[i], in_row[i], in_column[i]) for i in range(pivots.row.size())
    ]


cdef list _vectors(SparseVectors& vectors):
    starts, indices, values = [x.tolist() for x in _columns(vectors)]
    return [dict(zip(indices[s:e], values[s:e])) for s, e in zip(starts, starts[1:])]
