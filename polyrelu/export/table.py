"""The regions of a complex as a table."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import isinf
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.errors import InputError
from polyrelu.exact.limits import memory_is_a_limit, read_flag
from polyrelu.exact.rational import describe, show
from polyrelu.export.arguments import check_complex
from polyrelu.files import replacing
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.representations import Point
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.geometry.volume import volumes

Table = dict[str, Sequence[Any] | npt.NDArray[Any]]


@memory_is_a_limit
def regions_table(cx: PolyhedralComplex, *, volume: bool = True) -> Table:
    """The regions of a complex as a table: columns by name, one entry for each region.

    Parameters
    ----------
    cx : PolyhedralComplex
        The complex.
    volume : bool, optional
        Whether the table has the column `volume`, which takes longest to compute.

    Returns
    -------
    dict of str to sequence
        The columns, which `pandas.DataFrame` accepts as they are. Numbers are exact: int or Fraction, or tuples of
        them. The columns are

        - `region`: the number of the d-cell, 0, 1, …
        - `pattern`: the signs of the hidden neurons, such as "[+-][0+]", with a bracket for each layer; "0" for a
          preactivation that vanishes on the whole region, "*" for an identity neuron
        - `sign`: the sign of F − t; only for a complex with a level
        - `bounded`: whether the region is bounded
        - `vertices`, `rays`, `facets`: their numbers; with lineality a region has no vertices, and `rays` counts the
          rays of its image modulo lineality
        - `linear`, `constant`: W by rows and c of the affine map x ↦ W x + c that the network is on the region
        - `interior_point`: a point in the interior
        - `volume`: the volume; math.inf for an unbounded region

    Raises
    ------
    InputError
        If `cx` is not a PolyhedralComplex or `volume` is not a bool.
    CoarseComplexError
        If the complex is coarse: its decided cells have neither patterns nor affine maps.

    Notes
    -----
    If the complex has artificial hyperplanes (see `PolyhedralComplex`), a region of C(F) may be several rows.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # F(x) = |x|
    >>> table = pr.regions_table(pr.subdivide(net, domain=[(-1, 2)]))
    >>> table["pattern"], [str(volume) for volume in table["volume"]]
    (['[+-]', '[-+]'], ['2', '1'])
    """
    check_complex(cx, "regions_table")
    cx.require_complete("regions_table")
    volume = read_flag(volume, "volume")
    d, low = cx.input_dim, cx.coordinates.lineality_dim
    members = cx.cells(d)
    n = cx.n_cells(d)
    finite = members.reduce(np.add, (members.index < cx.n_finite_vertices).astype(np.int64))
    maps, numbers = cx.affine_maps(), cx.affine_map_numbers()
    table: Table = {"region": np.arange(n), "pattern": _patterns(cx)}
    if cx.level is not None:
        table["sign"] = cx.signs(d)
    table["bounded"] = cx.bounded_modulo_lineality(d) & (low == 0)
    table["vertices"] = finite if low == 0 else np.zeros(n, np.int64)
    table["rays"] = members.sizes() - finite
    table["facets"] = cx.facets(d).sizes()
    table["linear"] = [maps[j][0] for j in numbers]
    table["constant"] = [maps[j][1] for j in numbers]
    table["interior_point"] = _interior_points(cx, members)
    if volume:
        table["volume"] = volumes(cx)
    return table


@memory_is_a_limit
def write_table(table: Mapping[str, Sequence[Any] | npt.NDArray[Any]], path: str | os.PathLike[str]) -> None:
    """Write a table such as that of `regions_table` as CSV, with the names of the columns in the first line.

    Parameters
    ----------
    table : mapping of str to sequence
        Columns of equal length, of exact numbers, texts, or tuples of them.
    path : str or path-like
        The file. It is replaced only when it is complete.

    Raises
    ------
    InputError
        If `table` is not a mapping of columns of equal length, or an entry is of another type.
    FileError
        If the file cannot be written.

    Notes
    -----
    A column of tuples becomes a column for each entry: linear_1_2 is the entry of W in row 1, column 2. Numbers are
    written exactly, as "p" or "p/q" of any length; an infinite volume is written as "inf".

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # F(x) = |x|
    >>> pr.write_table(pr.regions_table(pr.subdivide(net), volume=False), "regions.csv")
    >>> with open("regions.csv") as file:
    ...     print(file.readline().rstrip())
    region,pattern,bounded,vertices,rays,facets,linear_1_1,constant_1,interior_point_1
    """
    if (
        not isinstance(table, Mapping)
        or not all(_is_column(column) for column in table.values())
        or len({len(column) for column in table.values()}) > 1
    ):
        raise InputError(
            "write_table: expected a mapping from names to columns of equal length, as regions_table returns"
        )
    columns = {name: column.tolist() if isinstance(column, np.ndarray) else column for name, column in table.items()}
    names = [
        label for name, column in columns.items() for label in (_labels(name, column[0]) if len(column) else [name])
    ]
    with replacing(path) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        for row in zip(*columns.values(), strict=True):
            writer.writerow([text for value in row for text in _cells(value)])


def _is_column(column: object) -> bool:
    if isinstance(column, np.ndarray):
        return column.ndim == 1
    return isinstance(column, Sequence) and not isinstance(column, (str, bytes, bytearray, memoryview))


def _labels(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, tuple):
        for i, entry in enumerate(value, 1):
            yield from _labels(f"{name}_{i}", entry)
    else:
        yield name


def _cells(value: Any) -> Iterator[str]:
    if isinstance(value, tuple):
        for entry in value:
            yield from _cells(entry)
    elif isinstance(value, (str, bool)):
        yield str(value)
    elif isinstance(value, (int, Fraction)):
        yield show(value)
    elif isinstance(value, float) and isinf(value):
        yield str(value)
    else:
        raise InputError(f"write_table: expected exact numbers, text or tuples of them, got {describe(value)}")


def _patterns(cx: PolyhedralComplex) -> list[str]:
    signs = iter(np.array(["-", "0", "+"])[cx.region_signs().T + 1])
    n = cx.n_cells(cx.input_dim)
    columns: list[Any] = []
    for layer in cx.network.slopes:
        columns.append(np.full(n, "["))
        columns.extend(next(signs) if slope != 1 else np.full(n, "*") for slope in layer)
        columns.append(np.full(n, "]"))
    if not columns:
        return [""] * n
    return [str(x) for x in np.ascontiguousarray(np.stack(columns, axis=1)).view(f"U{len(columns)}")[:, 0]]


def _interior_points(cx: PolyhedralComplex, members: SparseRows) -> list[Point]:
    """`PolyhedralComplex.interior_point` of all regions."""
    sums = members.reduce(np.add, cx.homogeneous_array().astype(object)[members.index])
    return [tuple(Fraction(c, x0) for c in x) for x0, *x in sums.tolist()]
