# distutils: language = c++
"""The compiled kernels: integers, doubles and index arrays go in and out; no polyrelu module is imported here."""

include "_cpp/subdivision.pxi"
include "_cpp/reduction.pxi"
include "_cpp/matrices.pxi"
