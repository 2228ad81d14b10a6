"""Cells as JSON, with exact numbers.

A file is one object with the keys `format` ("polyrelu cells"), `version` (1), `network` (as in network files), `level`
(or null), `domain` (the system a·x ≤ b as {"a", "b"}, or null), `dimension` (d), `coarse` (true; only of a coarse
complex), `slice` (only over a flat domain: points p_0, …, p_d of the larger space, where x stands for the point
p_0 + Σ x_i (p_i − p_0)), `vertices` (points), `rays` and `lines` (directions), and `cells`, a list of objects, one a
line:

    dimension, number   k and i of the k-cell i
    sign                the sign of F − t on its relative interior; only with a level
    decided             whether it may be no cell of C(F, t); only of a coarse complex
    bounded             whether it is bounded
    vertices, rays      their positions in the lists above; every line belongs to every cell
    facets              pairs [number of the (k−1)-cell, incidence number]
    inequalities        the irredundant facet inequalities a·x ≤ b, as rows [b, a_1, …, a_d]
    equations           the equations a·x = b of its affine hull, as rows [b, a_1, …, a_d]

Numbers are JSON integers, or strings "p/q" or "p" (integers of more than 600 digits).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from polyrelu.errors import InputError
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.rational import MAX_ENTRIES, describe, to_json
from polyrelu.export.arguments import check_complex
from polyrelu.files import replacing
from polyrelu.geometry.complex import PolyhedralComplex

FORMAT = "polyrelu cells"
VERSION = 1


@memory_is_a_limit
def write_cells(cx: PolyhedralComplex, path: str | os.PathLike[str], dimensions: Iterable[int] | None = None) -> None:
    """Write the cells of a complex as JSON, with exact numbers.

    Parameters
    ----------
    cx : PolyhedralComplex
        The complex.
    path : str or path-like
        The file. It is replaced only when it is complete.
    dimensions : iterable of int, optional
        The dimensions of the cells to write. The default is all dimensions.

    Raises
    ------
    InputError
        If `cx` is not a PolyhedralComplex or `dimensions` is not a sequence of dimensions.
    PointError
        If no cell has one of the dimensions.
    FileError
        If the file cannot be written.

    Notes
    -----
    The text of the module `polyrelu.export.cells` specifies the format. Cells are written one by one, so that the
    memory does not grow with their number.

    Examples
    --------
    >>> import json
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # F(x) = |x|
    >>> pr.write_cells(pr.subdivide(net, level=1), "cells.json")
    >>> with open("cells.json") as file:
    ...     len(json.load(file)["cells"])
    7
    """
    check_complex(cx, "write_cells")
    low, d = cx.coordinates.lineality_dim, cx.input_dim
    chosen = range(low, d + 1) if dimensions is None else _dimensions(cx, dimensions)
    domain = cx.domain
    header = {
        "format": FORMAT,
        "version": VERSION,
        "network": cx.network.to_dict(),
        "level": None if cx.level is None else to_json(cx.level),
        "domain": None if domain is None else {"a": [_row(a) for a in domain.a], "b": _row(domain.b)},
        "dimension": d,
    } | ({"coarse": True} if cx.is_coarse else {})
    if cx.slice is not None:
        header["slice"] = [_row(p) for p in cx.slice.points]
    lists = {"vertices": cx.vertices(), "rays": cx.rays(), "lines": iter(cx.lineality)}
    with replacing(path) as draft, draft.open("w", encoding="ascii") as file:
        file.write(json.dumps(header)[:-1])
        for name, rows in lists.items():
            file.write(f',\n"{name}": [')
            file.writelines(_lines(_row(row) for row in rows))
            file.write("]")
        file.write(',\n"cells": [')
        file.writelines(_lines(cell for k in chosen for cell in _cells(cx, k)))
        file.write("]}\n")


def _dimensions(cx: PolyhedralComplex, dimensions: Iterable[int]) -> list[int]:
    """The distinct dimensions, ascending; the first invalid one raises an error, so an endless iterable is refused."""
    chosen: set[int] = set()
    try:
        for count, k in enumerate(dimensions):
            if k not in chosen:
                cx.facets(k)  # raises for an invalid dimension
                chosen.add(k)
            if count > MAX_ENTRIES:
                raise InputError(f"write_cells: more than {MAX_ENTRIES} dimensions")
    except TypeError:
        d = cx.input_dim
        raise InputError(f"write_cells: expected dimensions such as [0, {d}], got {describe(dimensions)}") from None
    return sorted(chosen)


def _lines(values: Iterable[Any]) -> Iterator[str]:
    for i, value in enumerate(values):
        yield (",\n" if i else "\n") + json.dumps(value)


def _row(values: Iterable[Any]) -> list[int | str]:
    return [to_json(x) for x in values]


def _cells(cx: PolyhedralComplex, k: int) -> Iterator[dict[str, Any]]:
    members, facets = cx.cells(k), cx.facets(k)
    bounded = cx.bounded_modulo_lineality(k) & (not cx.coordinates.lineality_dim)
    signs = cx.signs(k) if cx.level is not None else None
    decided = cx.decided(k) if cx.is_coarse else None
    finite = cx.n_finite_vertices
    for i in range(cx.n_cells(k)):
        found = members.row(i)
        split = int(np.searchsorted(found, finite))
        shape = cx.h_representation(k, i)
        cell: dict[str, Any] = {"dimension": k, "number": i}
        if signs is not None:
            cell["sign"] = int(signs[i])
        if decided is not None:
            cell["decided"] = bool(decided[i])
        yield cell | {
            "bounded": bool(bounded[i]),
            "vertices": found[:split].tolist(),
            "rays": (found[split:] - finite).tolist(),
            "facets": [[f, sign] for f, sign in facets.entries(i)],
            "inequalities": [_row(row) for row in shape.inequalities],
            "equations": [_row(row) for row in shape.equations],
        }
