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
from polyrelu.geometry.complex import Point, PolyhedralComplex
from polyrelu.geometry.volume import volumes
from polyrelu.readers.files import replacing

Table = dict[str, Sequence[Any] | npt.NDArray[Any]]


@memory_is_a_limit
def regions_table(cx: PolyhedralComplex, *, volume: bool = True) -> Table:
    """A table of the numbered regions: columns by name, all of one length; pandas.DataFrame takes it as it is.

    region: the number of the d-cell, 0, 1, ….
    pattern: the signs of the hidden neurons, such as "[+-][0+]": a bracket for each layer; "0" for a preactivation
        that vanishes on the whole region, "*" for a neuron that does not split (slope 1).
    sign: the sign of F − t; only for complexes with a level.
    bounded: whether the region is bounded.
    vertices, rays, facets: how many it has (none of the first two, but representatives, if there is lineality).
    linear, constant: the affine map x ↦ W x + c of the network, as W by rows and c.
    interior_point: a point in its interior.
    volume: its volume, math.inf for unbounded regions; left out when `volume` is false, as it takes longest.

    Numbers are exact: int or Fraction, in tuples where there are several. A region of C(F) takes several rows if there
    are artificial hyperplanes (see `PolyhedralComplex`).
    """
    check_complex(cx, "regions_table")
    volume = read_flag(volume, "volume")
    d, low = cx.input_dim, cx.coordinates.lineality_dim
    indptr, members = cx.cells(d)
    n = cx.n_cells(d)
    finite = np.add.reduceat((members < cx.n_finite_vertices).astype(np.int64), indptr[:-1])
    maps, numbers = cx.affine_maps(), cx.affine_map_numbers()
    table: Table = {"region": np.arange(n), "pattern": _patterns(cx)}
    if cx.level is not None:
        table["sign"] = cx.signs(d)
    table["bounded"] = cx.bounded_modulo_lineality(d) & (low == 0)
    table["vertices"] = finite if low == 0 else np.zeros(n, np.int64)
    table["rays"] = np.diff(indptr) - finite
    table["facets"] = np.diff(cx.facets(d)[0])
    table["linear"] = [maps[j][0] for j in numbers]
    table["constant"] = [maps[j][1] for j in numbers]
    table["interior_point"] = _interior_points(cx, indptr, members)
    if volume:
        table["volume"] = volumes(cx)
    return table


@memory_is_a_limit
def write_table(table: Mapping[str, Sequence[Any] | npt.NDArray[Any]], path: str | os.PathLike[str]) -> None:
    """Write a table such as that of `regions_table` as CSV, with a line of names.

    A column of tuples becomes one column for each entry: linear_1_2 is the entry of W in row 1, column 2. Numbers are
    written exactly, as "p" or "p/q" of any length; the volume of unbounded regions as "inf". Raises InputError for
    something else than columns of one length, FileError if the file cannot be written.
    """
    if not isinstance(table, Mapping) or len({len(column) for column in table.values()}) > 1:
        raise InputError("write_table: expected columns of one length by name, as regions_table makes them")
    columns = {name: column.tolist() if isinstance(column, np.ndarray) else column for name, column in table.items()}
    names = [
        label for name, column in columns.items() for label in (_labels(name, column[0]) if len(column) else [name])
    ]
    with replacing(path) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        for row in zip(*columns.values(), strict=True):
            writer.writerow([text for value in row for text in _cells(value)])


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


def _interior_points(
    cx: PolyhedralComplex, indptr: npt.NDArray[np.int64], members: npt.NDArray[np.int32]
) -> list[Point]:
    """`PolyhedralComplex.interior_point` of all regions."""
    sums = np.add.reduceat(cx.homogeneous_array().astype(object)[members], indptr[:-1], axis=0)
    return [tuple(Fraction(c, x0) for c in x) for x0, *x in sums.tolist()]
