"""Meshes of bounded cells in dimension at most 3, and their files, through meshio."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from polyrelu.errors import FileError, InputError, LimitError, MissingDependencyError
from polyrelu.exact.limits import memory_is_a_limit, read_flag
from polyrelu.export.arguments import check_complex
from polyrelu.files import checked_path, replacing
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.polygons import by_size, determinants, polygons, tetrahedra, triangles
from polyrelu.geometry.region import CellSet

if TYPE_CHECKING:
    import meshio

Array = npt.NDArray[Any]
Block = tuple[str, Array, Array]
"""(meshio's type of cell, numbers of cells, their vertices by rows)."""

SUFFIXES: dict[str, tuple[int, ...]] = {".vtk": (0, 1, 2, 3), ".vtu": (0, 1, 2, 3), ".ply": (2,), ".obj": (2,)}
"""The suffixes of the formats of `write_mesh`, and the dimensions of the cells that each can hold."""


@memory_is_a_limit
def mesh(cells: PolyhedralComplex | CellSet, dimension: int | None = None, *, triangulate: bool = False) -> meshio.Mesh:
    """The bounded cells of one dimension as a meshio.Mesh, for networks with at most three inputs.

    Parameters
    ----------
    cells : PolyhedralComplex or CellSet
        A complex, or a set of its cells such as `cx.region("=")`. Unbounded cells are left out; `clipped(cx, box)` has
        none.
    dimension : int, optional
        The dimension k of the cells. The default is the largest dimension in which there are bounded cells.
    triangulate : bool, optional
        Whether to cut polygons into triangles. Cells of dimension 3 are always cut into tetrahedra.

    Returns
    -------
    meshio.Mesh
        The mesh. Its cell data are `number` (i of the k-cell i), `dimension` (k), and, with a level, `sign` (of F − t).
        Points have three coordinates; in R¹ and R² the missing ones are zero.

    Raises
    ------
    InputError
        If the network has more than three inputs, the complex has lineality, or there are no bounded cells.
    LimitError
        If a vertex has coordinates beyond the range of doubles.
    MissingDependencyError
        If meshio is not installed.

    Notes
    -----
    Polygons in R² are counterclockwise and tetrahedra are positive. In R³ the normal of a polygon between {F > t} and
    the rest points away from {F > t}. The combinatorics and these orientations are exact; each coordinate is the double
    nearest to the exact one. Decided cells of a coarse complex may have vertices inside their edges and sides;
    their triangles and tetrahedra need not meet those of their neighbours along whole faces.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1, 0], [0, 1]], [[1, 1]]], [[0, 0], [0]])
    >>> square = pr.subdivide(net, domain=[(-1, 1), (-1, 1)])
    >>> {block.type: len(block.data) for block in pr.mesh(square).cells}
    {'quad': 4}
    """
    try:
        import meshio
    except ImportError:
        raise MissingDependencyError("meshes need meshio: pip install 'polyrelu[mesh]'", "mesh") from None
    k, chosen, cx = _chosen(cells, dimension)
    homogeneous = cx.homogeneous_array()
    blocks = _oriented(cx, k, homogeneous, chosen, _blocks(cx, k, chosen, read_flag(triangulate, "triangulate")))
    used, inverse = np.unique(np.concatenate([rows.ravel() for _, _, rows in blocks]), return_inverse=True)
    split = np.split(inverse.astype(np.int32), np.cumsum([rows.size for _, _, rows in blocks])[:-1])
    data = {"number": [numbers.astype(np.int32) for _, numbers, _ in blocks]}
    data["dimension"] = [np.full(len(numbers), k, np.int32) for numbers in data["number"]]
    if cx.level is not None:
        data["sign"] = [cx.signs(k)[numbers].astype(np.int32) for numbers in data["number"]]
    return meshio.Mesh(
        _rounded(homogeneous[used]),
        [(kind, flat.reshape(rows.shape)) for (kind, _, rows), flat in zip(blocks, split, strict=True)],
        cell_data=data,
    )


@memory_is_a_limit
def write_mesh(
    cells: PolyhedralComplex | CellSet,
    path: str | os.PathLike[str],
    dimension: int | None = None,
    *,
    triangulate: bool = False,
) -> None:
    """Write the mesh of the bounded cells of one dimension to a file.

    Parameters
    ----------
    cells : PolyhedralComplex or CellSet
        As for `mesh`.
    path : str or path-like
        The file. Its suffix determines the format: .vtk, .vtu, .ply or .obj. The formats .ply and .obj hold only
        polygons (dimension 2), without cell data.
    dimension : int, optional
        As for `mesh`.
    triangulate : bool, optional
        As for `mesh`.

    Raises
    ------
    FileError
        If the suffix is another one, the format cannot hold cells of this dimension, or the file cannot be written.
    InputError, LimitError, MissingDependencyError
        As for `mesh`.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1, 0], [0, 1]], [[1, 1]]], [[0, 0], [0]])
    >>> pr.write_mesh(pr.subdivide(net, domain=[(-1, 1), (-1, 1)]), "square.vtk")
    """
    k, _, cx = _chosen(cells, dimension)
    suffix = check_mesh(path, cx.input_dim, k)
    found = mesh(cells, k, triangulate=triangulate)
    if suffix in (".ply", ".obj"):
        found.cell_data = {}
    with replacing(path) as draft:
        _write(found, draft, suffix)


def check_mesh(path: str | os.PathLike[str], input_dim: int, dimension: int | None) -> str:
    """The suffix of the path; raises the errors of `write_mesh` that depend only on the suffix and the dimensions."""
    shown, target = checked_path(path)
    suffix = Path(target).suffix.lower()
    if suffix not in SUFFIXES:
        raise FileError(f"{shown}: a mesh is written as {', '.join(SUFFIXES)}", shown)
    _check_inputs(input_dim)
    if dimension is not None and dimension not in SUFFIXES[suffix]:
        raise FileError(
            f"{shown}: {suffix} holds polygons only; choose dimension 2, or .vtu for cells of {dimension}", shown
        )
    return suffix


def _check_inputs(input_dim: int) -> None:
    if input_dim > 3:
        raise InputError(
            f"mesh: expected at most 3 inputs, got {input_dim}; take a slice: Slice(points).restrict(network), or "
            "--slice on the command line"
        )


def _write(found: meshio.Mesh, draft: Path, suffix: str) -> None:
    import meshio

    meshio.write(draft, found, file_format=suffix[1:])


def _chosen(cells: Any, dimension: int | None) -> tuple[int, Array, PolyhedralComplex]:
    """The dimension k, the numbers of the bounded k-cells, and the complex."""
    cx = cells.complex if isinstance(cells, CellSet) else cells
    check_complex(cx, "mesh")
    _check_inputs(cx.input_dim)
    low = cx.coordinates.lineality_dim
    if isinstance(cells, CellSet) and not any(cells.mask(k).any() for k in range(low, cx.input_dim + 1)):
        raise InputError(f"mesh: {cells!r} is empty")
    if low:
        raise InputError("mesh: all cells are unbounded, as they contain lines; clip the complex to a box (clipped)")
    masks = {
        k: cx.bounded_modulo_lineality(k) & (cells.mask(k) if isinstance(cells, CellSet) else True)
        for k in (range(cx.input_dim + 1) if dimension is None else [dimension])
    }
    k = max((k for k, mask in masks.items() if mask.any()), default=-1)
    if k < 0:
        what = "bounded cells" if dimension is None else f"bounded cells of dimension {dimension}"
        raise InputError(f"mesh: there are no {what}; clip the complex to a box (clipped) to see unbounded ones")
    return k, np.flatnonzero(masks[k]), cx


def _blocks(cx: PolyhedralComplex, k: int, chosen: Array, triangulate: bool) -> list[Block]:
    if k == 0:
        return [("vertex", chosen, chosen[:, None])]
    if k == 1:
        return [("line", chosen, np.sort(cx.facets(1).select(chosen).index.reshape(-1, 2), axis=1))]
    if k == 3:
        return [("tetra", *tetrahedra(cx, chosen))]
    cycles = polygons(cx, chosen)
    if triangulate:
        numbers, corners = triangles(cycles)
        return [("triangle", chosen[numbers], corners)]
    names = {3: "triangle", 4: "quad"}
    return [(names.get(rows.shape[1], "polygon"), chosen[numbers], rows) for numbers, rows in by_size(cycles)]


def _oriented(cx: PolyhedralComplex, k: int, homogeneous: Array, chosen: Array, blocks: list[Block]) -> list[Block]:
    """The blocks with the vertices of each cell in the order that the notes of `mesh` specify.

    For points a, b, c, p with x0 = 1 the determinant of the homogeneous vectors is that of b − a, c − a, p − a. Flat
    triangles and tetrahedra, which decided cells of a coarse complex may have, are left out.
    """
    if k < 2 or (k < cx.input_dim and cx.level is None):
        return blocks
    behind = _behind(cx, homogeneous, chosen) if k < cx.input_dim else None
    out = []
    for kind, numbers, rows in blocks:
        if behind is None:
            side = _sides(homogeneous, rows, k)
            numbers, rows = numbers[side != 0], rows[side != 0]
            turned = side[side != 0] < 0
        else:
            corners = homogeneous[rows[:, : k + 1]].astype(object)
            turned = determinants(np.concatenate([corners, behind[numbers][:, None]], axis=1)) > 0
        rows = rows.copy()
        rows[turned, 1:] = rows[turned, :0:-1]
        if len(rows):
            out.append((kind, numbers, rows))
    return out


def _sides(homogeneous: Array, rows: Array, k: int) -> Array:
    """Numbers with the sign of the orientation of each k-cell, k = d, by its vertices in order; 0 for flat ones."""
    side = determinants(homogeneous[rows[:, : k + 1]].astype(object))
    for j in range(2, rows.shape[1] - 1) if k == 2 else ():
        flat = np.flatnonzero(side == 0)  # the first corners of a polygon may lie on a line
        side[flat] = determinants(homogeneous[rows[flat][:, [0, j, j + 1]]].astype(object))
    return side


def _behind(cx: PolyhedralComplex, homogeneous: Array, chosen: Array) -> Array:
    """A homogeneous point beside each chosen 2-cell in R³ where F > t, or 0 unless F > t on exactly one side of it."""
    _, facets, _ = rows = cx.facets(3)
    region = rows.row_numbers()
    wanted = (cx.signs(3)[region] > 0) & np.isin(facets, chosen)
    facets, region = facets[wanted], region[wanted]
    once = np.bincount(facets, minlength=cx.n_cells(2))[facets] == 1
    facets, region = facets[once], region[once]
    members = cx.cells(3)
    points = np.zeros((cx.n_cells(2), 4), object)
    for face, i in zip(facets.tolist(), region.tolist(), strict=True):
        points[face] = homogeneous[members.row(i)].astype(object).sum(axis=0)
    return points


def _rounded(homogeneous: Array) -> npt.NDArray[np.float64]:
    """The points as doubles, each coordinate a quotient of integers (in doubles or of Python) that is rounded once."""
    try:
        points = (homogeneous[:, 1:] / homogeneous[:, :1]).astype(np.float64)
    except OverflowError:
        raise LimitError("mesh: a vertex has coordinates beyond the range of doubles") from None
    return np.pad(points, ((0, 0), (0, 3 - points.shape[1])))
