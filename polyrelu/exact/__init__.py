"""Exact numbers: reading and writing them, and linear algebra over the rationals.

Limits of memory for exact computations are here too. Every number that enters or leaves the package passes through
`polyrelu.exact.rational`. Networks, cells and files are not known here.
"""
