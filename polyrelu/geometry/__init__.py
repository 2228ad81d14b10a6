"""Polyhedral geometry: domains, the quotient by lineality, subdivision, complexes, regions and classes.

A `PolyhedralComplex` is made by `subdivide` and knows its cells, faces and vertices; a region is a set of its cells.
Polygons, clipping and volumes of single cells are here too. Homology climbs on top of this in `polyrelu.topology`.
"""
