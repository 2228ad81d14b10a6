# distutils: language = c++
"""The compiled kernels: integers, doubles and index arrays go in and out; no polyrelu module is imported here.

`_core.pxd` declares the C++ in `_cpp/` and what follows here for the parts that are included at the end.
"""

from cpython.exc cimport PyErr_CheckSignals
from cpython.long cimport PyLong_AsLongAndOverflow


cdef int set_integer(mpz_class& z, object x) except -1:
    cdef int overflow
    cdef long word = PyLong_AsLongAndOverflow(x, &overflow)
    if overflow:
        mpz_set_str(z.get_mpz_t(), b"%x" % x, 16)
    else:
        mpz_set_si(z.get_mpz_t(), word)
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


cdef class _Listener:
    """What long work asks a few times a second: whether to stop, and the place to report progress to."""

    def __cinit__(self, callback):
        self.callback = callback
        self.error = None


cdef object every_check = None


def set_check(check):
    """Let all long work call a function whenever it looks for signals; an exception of it ends the work. None: no call."""
    global every_check
    every_check = check


cdef cbool ask(void* context, const Progress& progress) noexcept with gil:
    cdef _Listener listener = <_Listener>context
    try:
        PyErr_CheckSignals()
        if every_check is not None:
            every_check()
        if listener.callback is not None:
            listener.callback(progress.stage, progress.done, progress.total, progress.cells)
    except BaseException as error:
        listener.error = error
        return True
    return False


class Limit(Exception):
    """A limit was reached: (whether that of memory, cells there were, bytes they took, neurons done)."""


class Inconsistent(Exception):
    """Signs contradict each other: uncertified ones may, others would be a fault of this library."""


class NoInterior(Exception):
    """No cell of full dimension lies in the domain."""


class UnknownOutcome(Exception):
    """Work ended in a way that is not among those known here, a fault of this library."""


def outcome_error(int outcome, cells=0, memory=0, done=0):
    """The exception for how work ended (`_cpp/outcome.hpp`), or None if it is finished.

    cells, memory, done: what there was when it ended, see `Limit`.
    """
    if outcome == FINISHED:
        return None
    if outcome == CELL_LIMIT_REACHED or outcome == MEMORY_LIMIT_REACHED:
        return Limit(outcome == MEMORY_LIMIT_REACHED, cells, memory, done)
    if outcome == DOMAIN_WITHOUT_INTERIOR:
        return NoInterior()
    if outcome == SIGNS_CONTRADICT:
        return Inconsistent("the signs found belong to no polyhedral complex")
    if outcome == STOPPED:
        return UnknownOutcome("the work was stopped, but nobody asked for it")
    return UnknownOutcome(f"the work ended with the unknown outcome {outcome}")


cdef int check_outcome(int outcome, _Listener listener, object cells, object memory, object done) except -1:
    """Raise what ended the work early, the listener's own error if there is one."""
    error = listener.error
    if error is None:
        error = outcome_error(outcome, cells, memory, done)
    if error is not None:
        raise error
    return 0


include "_cpp/arrays.pxi"
include "_cpp/exact.pxi"
include "_cpp/subdivision.pxi"
include "_cpp/reduction.pxi"
include "_cpp/parts.pxi"
include "_cpp/matrices.pxi"
include "_cpp/persistence.pxi"
include "_cpp/box_program.pxi"
