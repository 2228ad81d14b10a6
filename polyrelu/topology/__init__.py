"""Topology: chain complexes over the integers, their reduction, Smith normal forms, homology and cycles.

A region enters as a set of cells of a complex and leaves as a chain complex; nothing here knows of networks.
"""
