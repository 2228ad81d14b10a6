"""Export: complexes as archives, tables, meshes, and files of other programs.

An archive (`save_complex`) can be read back; the other formats are only written. Certificates (`certify`) are read by a
program of their own, which `check_certificate` calls. Matrices and graphs are methods of the
objects: `PolyhedralComplex.boundary_matrix`, `ChainComplex.boundary_matrix`, `PolyhedralComplex.face_poset` and
`dual_graph`. Networks are read and written in `polyrelu.readers`.
"""

from __future__ import annotations

from polyrelu.export.algebra_systems import write_macaulay2, write_sage
from polyrelu.export.archive import load_complex, save_complex
from polyrelu.export.cells import write_cells
from polyrelu.export.certification import certify, certify_cells, certify_identical, certify_persistence
from polyrelu.export.checking import CertificateCheck, check_certificate
from polyrelu.export.latex_tables import latex_table
from polyrelu.export.meshes import mesh, write_mesh
from polyrelu.export.polymake import write_polymake
from polyrelu.export.table import regions_table, write_table
from polyrelu.geometry.clipping import clipped

__all__ = [
    "CertificateCheck",
    "certify",
    "certify_cells",
    "certify_identical",
    "certify_persistence",
    "check_certificate",
    "clipped",
    "latex_table",
    "load_complex",
    "mesh",
    "regions_table",
    "save_complex",
    "write_cells",
    "write_macaulay2",
    "write_mesh",
    "write_polymake",
    "write_sage",
    "write_table",
]
