"""The regions of a complex, or of a set of its cells, as a table."""

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
from polyrelu.exact.rational import describe, exact, primitive, show
from polyrelu.files import replacing
from polyrelu.geometry.classes import ClassRegion, DecisionBoundary, Partition
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.network_on_cells import AffineMap
from polyrelu.geometry.refinement import FormulaRegion, Refinement
from polyrelu.geometry.region import CellSet
from polyrelu.geometry.representations import Point
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.geometry.volume import volumes
from polyrelu.network.network import Network

Table = dict[str, Sequence[Any] | npt.NDArray[Any]]
Mask = npt.NDArray[np.bool_]

ANY = "?"
"""What stands for any sign in a pattern."""


@memory_is_a_limit
def regions_table(
    cx: PolyhedralComplex | Partition | Refinement | CellSet,
    *,
    volume: bool = True,
    bounded: bool | None = None,
    pattern: str | None = None,
    crossing: Any = None,
    min_volume: Any = None,
) -> Table:
    """The regions of a complex as a table: columns by name, one entry for each region that passes the filters.

    Parameters
    ----------
    cx : PolyhedralComplex, Partition, Refinement or CellSet
        A complex; or a set of its cells such as `cx.region(">")`, `partition.region(2)` or the FormulaRegion of a
        formula: then only the regions in it.
    volume : bool, optional
        Whether the table has the column `volume`, which takes longest to compute.
    bounded : bool, optional
        Only the regions that are bounded (True), or only those that are not (False).
    pattern : str, optional
        Only the regions with this pattern, as in the column, where "?" stands for any sign: "[+?][??]".
    crossing : exact number, optional
        A level t: only the regions in whose interior F takes the value t, for a network with one output.
    min_volume : exact number, optional
        Only the regions of at least this volume; unbounded ones have any.

    Returns
    -------
    dict of str to sequence
        The columns, which `pandas.DataFrame` accepts as they are. Numbers are exact: int or Fraction, or tuples of
        them. The columns are

        - `region`: the number of the d-cell, 0, 1, …
        - `pattern`: the signs of the hidden neurons, such as "[+-][0+]", with a bracket for each layer; "0" for a
          preactivation that vanishes on the whole region, "*" for an identity neuron
        - `sign`: the sign of F − t; only for a complex with a level
        - `class`: the number of the largest output, −1 for a tie; only for a Partition and its sets
        - `bounded`: whether the region is bounded
        - `vertices`, `rays`, `facets`: their numbers; with lineality a region has no vertices, and `rays` counts the
          rays of its image modulo lineality
        - `linear`, `constant`: W by rows and c of the affine map x ↦ W x + c that the network is on the region
        - `interior_point`: a point in the interior
        - `volume`: the volume; math.inf for an unbounded region

    Raises
    ------
    InputError
        If `cx` is nothing of this kind, `volume` or `bounded` is not a bool, `pattern` does not fit the hidden layers,
        or `crossing` is given for a network with several outputs.
    NumberError
        If `crossing` or `min_volume` is not a number.
    CoarseComplexError
        If the complex is coarse: its decided cells have neither patterns nor affine maps.

    Notes
    -----
    If the complex has artificial hyperplanes (see `PolyhedralComplex`), a region of C(F) may be several rows. Patterns
    and maps of a Partition or a Refinement are those of its network F, whose regions the complex divides further.

    Whether F crosses t is decided exactly: F is affine on a region, so it does if F − t has both signs at the vertices
    and along the rays and lines, or vanishes at all of them.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # F(x) = |x|
    >>> table = pr.regions_table(pr.subdivide(net, domain=[(-1, 2)]))
    >>> table["pattern"], [str(volume) for volume in table["volume"]]
    (['[+-]', '[-+]'], ['2', '1'])
    >>> pr.regions_table(pr.subdivide(net, level=1).region(">"), volume=False)["interior_point"]
    [(Fraction(2, 1),), (Fraction(-2, 1),)]
    """
    network, partition, cells, where = _source(cx)
    where.require_complete("regions_table")
    volume = read_flag(volume, "volume")
    least = None if min_volume is None else exact(min_volume, "min_volume")
    level = None if crossing is None else exact(crossing, "crossing")
    if level is not None and network.output_dim != 1:
        raise InputError(f"crossing: the network has {network.output_dim} outputs, and one is compared with the level")
    d, low = where.input_dim, where.coordinates.lineality_dim
    is_bounded: Mask = where.bounded_modulo_lineality(d) & (low == 0)
    patterns = np.array(_patterns(where, network))
    kept = np.ones(len(patterns), np.bool_) if cells is None else cells.mask(d)
    if bounded is not None:
        kept &= is_bounded == read_flag(bounded, "bounded")
    if pattern is not None:
        kept &= _matching(patterns, pattern, network)
    members = where.cells(d)
    maps, numbers = _affine_maps(where, network)
    if level is not None:
        kept &= _crossing(where, members, maps, numbers, level)
    measured = volumes(where) if volume or least is not None else []
    if least is not None:
        kept &= np.array([x >= least for x in measured], np.bool_)
    chosen = np.flatnonzero(kept)
    members = members.select(chosen)
    finite = members.reduce(np.add, (members.index < where.n_finite_vertices).astype(np.int64))
    table: Table = {"region": chosen, "pattern": patterns[chosen].tolist()}
    if where.level is not None:
        table["sign"] = where.signs(d)[chosen]
    if partition is not None:
        table["class"] = partition.class_numbers()[chosen]
    table["bounded"] = is_bounded[chosen]
    table["vertices"] = finite if low == 0 else np.zeros(len(chosen), np.int64)
    table["rays"] = members.sizes() - finite
    table["facets"] = where.facets(d).sizes()[chosen]
    table["linear"] = [maps[j][0] for j in numbers[chosen]]
    table["constant"] = [maps[j][1] for j in numbers[chosen]]
    table["interior_point"] = _interior_points(where, members)
    if volume:
        table["volume"] = [measured[i] for i in chosen]
    return table


def _source(given: Any) -> tuple[Network, Partition | None, CellSet | None, PolyhedralComplex]:
    """The network, the partition and the set of cells, if any, and the complex of what is given."""
    if isinstance(given, PolyhedralComplex):
        return given.network, None, None, given
    if isinstance(given, Partition):
        return given.network, given, None, given.complex
    if isinstance(given, Refinement):
        return given.network, None, None, given.complex
    if isinstance(given, (ClassRegion, DecisionBoundary)):
        return given.partition.network, given.partition, given, given.complex
    if isinstance(given, FormulaRegion):
        return given.refinement.network, None, given, given.complex
    if isinstance(given, CellSet):
        return given.complex.network, None, given, given.complex
    raise InputError(
        f"regions_table: expected a PolyhedralComplex, a Partition, a Refinement or a set of their cells, got "
        f"{describe(given)}"
    )


def _matching(patterns: npt.NDArray[np.str_], wanted: Any, network: Network) -> Mask:
    """Which patterns are like the one that is wanted."""
    shape = "".join(f"[{ANY * len(layer)}]" for layer in network.slopes)
    marks = "+-0*" + ANY
    if (
        not isinstance(wanted, str)
        or len(wanted) != len(shape)
        or not all(mark in marks if place == ANY else mark == place for mark, place in zip(wanted, shape, strict=True))
    ):
        raise InputError(
            f"pattern: expected a bracket for each hidden layer with one of + - 0 * ? for each neuron, such as "
            f"{describe(shape)}, got {describe(wanted)}"
        )
    given = [(i, mark) for i, mark in enumerate(wanted) if mark != ANY]
    found = [all(text[i] == mark for i, mark in given) for text in patterns.tolist()]
    return np.array(found, np.bool_)


def _affine_maps(cx: PolyhedralComplex, network: Network) -> tuple[list[AffineMap], npt.NDArray[np.int64]]:
    """The affine maps of the network on the regions, and the number of that of each region."""
    if network is cx.network or network == cx.network:
        return cx.affine_maps(), cx.affine_map_numbers()
    d, depth = cx.input_dim, network.depth
    places: dict[Any, int] = {}
    signs = (cx.sign_vector(d, i)[:depth] for i in range(cx.n_cells(d)))
    numbers = np.array([places.setdefault(s, len(places)) for s in signs], np.int64)
    return [network.affine_map_at(s) for s in places], numbers


def _crossing(
    cx: PolyhedralComplex,
    members: SparseRows,
    maps: Sequence[AffineMap],
    numbers: npt.NDArray[np.int64],
    level: Fraction,
) -> Mask:
    """For every region whether the only output takes the value `level` in its interior."""
    forms = np.array([primitive([c - level, *w]) for (w,), (c,) in maps], dtype=object)
    along = np.array([any(sum(a * b for a, b in zip(w, v, strict=True)) for v in cx.lineality) for (w,), _ in maps])
    points = cx.homogeneous_array().astype(object)[members.index]
    heights = (forms[members.spread(numbers)] * points).sum(axis=1)
    above, below = (members.reduce(np.logical_or, (side > 0).astype(bool)) for side in (heights, -heights))
    found: Mask = (above == below) | along[numbers]
    return found


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


def _patterns(cx: PolyhedralComplex, network: Network) -> list[str]:
    """The signs of the hidden neurons of the network, the first ones of the network of the complex."""
    signs = iter(np.array(["-", "0", "+"])[cx.region_signs().T + 1])
    n = cx.n_cells(cx.input_dim)
    columns: list[Any] = []
    for layer in network.slopes:
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
