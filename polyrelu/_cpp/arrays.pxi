# NumPy arrays as plain memory: a typed memoryview takes about a microsecond, the time in which a small complex has a
# dimension of its cells split.

from cpython.buffer cimport (
    Py_buffer, PyBuffer_Release, PyBUF_C_CONTIGUOUS, PyBUF_FORMAT, PyBUF_WRITABLE, PyObject_GetBuffer
)

import numpy as np

cdef object _empty = np.empty
cdef object INT8 = np.dtype(np.int8), UINT8 = np.dtype(np.uint8), INT32 = np.dtype(np.int32)
cdef object INT64 = np.dtype(np.int64), UINT64 = np.dtype(np.uint64), DOUBLE = np.dtype(np.float64)


cdef void* written(object array) except? NULL:
    """The entries of a new array, which no one else has; they are there as long as the array is."""
    cdef Py_buffer buffer
    PyObject_GetBuffer(array, &buffer, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
    cdef void* entries = buffer.buf
    PyBuffer_Release(&buffer)
    return entries


cdef const void* entries_of(object array, const char* kinds, int size, int64_t* length) except? NULL:
    """The entries of a contiguous one-dimensional array, and how many; they are there as long as the array is.

    kinds: the letters of the types that are allowed, as the buffer protocol names them; size: of an entry, in bytes.
    ValueError for another array.
    """
    cdef Py_buffer buffer
    PyObject_GetBuffer(array, &buffer, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)
    cdef const void* entries = buffer.buf
    cdef cbool right = (buffer.ndim == 1 and buffer.itemsize == size and buffer.format != NULL
                        and strlen(buffer.format) == 1 and strchr(kinds, buffer.format[0]) != NULL)
    length[0] = buffer.shape[0] if right else 0
    PyBuffer_Release(&buffer)
    if not right:
        raise ValueError("an array of other entries, or not of one dimension")
    return entries


cdef const int8_t* int8_entries(object array, int64_t* length) except? NULL:
    return <const int8_t*>entries_of(array, b"b", 1, length)


cdef const uint8_t* uint8_entries(object array, int64_t* length) except? NULL:
    """Of booleans too."""
    return <const uint8_t*>entries_of(array, b"B?", 1, length)


cdef const int32_t* int32_entries(object array, int64_t* length) except? NULL:
    return <const int32_t*>entries_of(array, b"il", 4, length)


cdef const int64_t* int64_entries(object array, int64_t* length) except? NULL:
    return <const int64_t*>entries_of(array, b"lq", 8, length)


cdef const double* double_entries(object array, int64_t* length) except? NULL:
    return <const double*>entries_of(array, b"d", 8, length)
