"""Exact numbers: reading and writing them, and linear algebra over the rationals.

Limits of memory that exact work keeps are here too.

Every number that enters or leaves the package passes through `polyrelu.exact.rational`. Networks, cells and files are
not known here.
"""
