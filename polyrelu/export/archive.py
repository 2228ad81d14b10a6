"""Archives of complexes: `save_complex` and `load_complex`.

The format, version 2, is an uncompressed `.npz` file without pickled objects; docs/files.md, section "Complexes", lists
the arrays and the keys of the header. Files of version 1 are read too.
"""

from __future__ import annotations

import json
import os
from fractions import Fraction
from typing import Any

import numpy as np

from polyrelu.errors import FileError, PolyreluError
from polyrelu.exact.limits import memory_is_a_limit, read_flag
from polyrelu.exact.rational import describe, exact, to_json
from polyrelu.export.arguments import check_complex
from polyrelu.export.consistency import check_arrays, check_coordinates
from polyrelu.export.npz import Array, read_arrays, write_arrays
from polyrelu.export.proof import check_belongs
from polyrelu.files import checked_path
from polyrelu.geometry.cell_arrays import CellArrays, StageRegions, VertexArrays
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.coordinates import Coordinates
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice

FORMAT = "polyrelu complex"
VERSION = 2

_OF_VERSION_1 = {"home": "containing", "recipes": "origins", "pieces": "regions"}
"""How the names of arrays began in version 1, and how they begin now."""


@memory_is_a_limit
def save_complex(cx: PolyhedralComplex, path: str | os.PathLike[str]) -> None:
    """Write a complex to a `.npz` file that `load_complex` reads back as an equal complex.

    Parameters
    ----------
    cx : PolyhedralComplex
        The complex.
    path : str or path-like
        The file. It is replaced only when it is complete.

    Raises
    ------
    InputError
        If `cx` is not a PolyhedralComplex.
    CoarseComplexError
        If it is a coarse complex for classes, which has no level.
    FileError
        If the file cannot be written.

    Notes
    -----
    docs/files.md specifies the format. A cell takes about 35 bytes for d ≤ 4.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # F(x) = |x|
    >>> pr.save_complex(pr.subdivide(net, level=1), "absolute.npz")
    >>> pr.load_complex("absolute.npz", verify=True).f_vector
    (3, 4)
    """
    check_complex(cx, "save_complex")
    if cx.level is None:
        cx.require_complete("save_complex")
    write_arrays(path, _to_arrays(cx))


@memory_is_a_limit
def load_complex(path: str | os.PathLike[str], *, verify: bool = False) -> PolyhedralComplex:
    """The complex in a file that `save_complex` wrote; every method returns the same as before.

    Parameters
    ----------
    path : str or path-like
        The file.
    verify : bool, optional
        Whether to prove that the cells, signs and vertices in the file are those of its network. The network is
        subdivided again, in the time and memory of `subdivide`, and everything in the file is compared with the result;
        see `polyrelu.export.proof`. By default this is trusted.

    Returns
    -------
    PolyhedralComplex
        The complex.

    Raises
    ------
    FileError
        If the file cannot be read, is damaged or inconsistent, or is refuted with `verify`; the message names the path.

    Notes
    -----
    Always checked, so that no file can run code, take more memory than its size, or make a method read outside its
    arrays or run forever: checksums; types, shapes and declared sizes; the version; the network, level and domain; all
    numbers of cells, facets, regions and neurons; that ∂∂ = 0 over all cells and the Euler characteristic is that of a
    ball; that every cell has enough facets and every face belongs to a cell; that the signs of F − t on cells and
    facets agree; that exact coordinates are coprime integers, and that the other vertices are determined by theirs.

    That decided cells of a coarse complex, all their vertices and rays included, lie on their side of the level is
    checked by the signs in the file. With `verify` a coarse complex must be the one that this version makes: which
    cells are decided depends on bounds, and another version may have better ones.

    Exact coordinates that are not in the file are computed when they are needed. FileError is raised then if they are
    longer than those of any vertex of such a network (Hadamard's bound), or on the wrong side of infinity.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # F(x) = |x|
    >>> pr.save_complex(pr.subdivide(net), "absolute.npz")
    >>> pr.load_complex("absolute.npz")
    PolyhedralComplex(C(F) of Network(1-2-1, ReLU): f-vector 1, 2)
    """
    arrays = read_arrays(path)
    shown, _ = checked_path(path)
    try:
        cx = _from_arrays(arrays)
        if read_flag(verify, "verify"):
            check_belongs(cx)
        return cx
    except PolyreluError as error:
        raise FileError(f"{shown}: {error}", shown) from None
    except RecursionError:
        raise FileError(f"{shown}: header: brackets are nested too deeply", shown) from None
    except MemoryError:
        raise FileError(f"{shown}: too large for the memory of this machine", shown) from None


# ---- a complex as arrays -------------------------------------------------------------------------------------------


def _to_arrays(cx: PolyhedralComplex) -> dict[str, Array]:
    arrays, where, domain = cx.arrays, cx.coordinates, cx.domain
    header = {
        "format": FORMAT,
        "version": VERSION,
        "network": cx.network.to_dict(),
        "level": None if cx.level is None else to_json(cx.level),
        "domain": None if domain is None else {"a": _rows(domain.a), "b": [to_json(x) for x in domain.b]},
        "kept": where.kept,
        "projection": [[_hex(x) for x in row] for row in where.projection],
        "lineality": [[_hex(x) for x in row] for row in where.lineality] if where.has_basis else None,
        "artificial": cx.artificial_hyperplanes,
        "finite": arrays.finite,
        "canonical": arrays.canonical,
        "statistics": arrays.statistics,
        "roots": {str(v): [_hex(x) for x in root] for v, root in arrays.vertices.roots.items()},
    } | ({} if cx.slice is None else {"slice": _rows(cx.slice.points)})
    return {"header": np.frombuffer(json.dumps(header).encode(), np.uint8), **arrays.named()}


def _rows(matrix: tuple[tuple[Fraction, ...], ...]) -> list[list[int | str]]:
    return [[to_json(x) for x in row] for row in matrix]


def _hex(x: Fraction | int) -> str:
    return f"{x.numerator:x}" if x.denominator == 1 else f"{x.numerator:x}/{x.denominator:x}"


# ---- and back ------------------------------------------------------------------------------------------------------


def _from_arrays(arrays: dict[str, Array]) -> PolyhedralComplex:
    arrays = dict(arrays)
    header = _header(_take(arrays, "header", "uint8", 1))
    if header["version"] == 1:
        arrays = _renamed(arrays)
    network = Network.from_dict(header["network"])
    level = None if header["level"] is None else exact(header["level"], "level")
    if level is not None and network.output_dim != 1:
        raise FileError(f"level: the network has {network.output_dim} outputs, a level needs one")
    domain = _domain(header["domain"], network.input_dim)
    where = _coordinates(header, network.input_dim)
    check_coordinates(where, network, level, domain)
    artificial = _integer(header["artificial"], "artificial")
    depth = network.depth + (level is not None) + (domain is not None and len(domain.half_spaces()) > 0)
    dims = range(where.rank + 1)
    decided = _take(arrays, "decided", "int8", 1) if "decided" in arrays else None
    if decided is not None and level is None:
        raise FileError("array 'decided': a coarse complex has a level")
    boundary = tuple(_take(arrays, f"boundary_{q}", "uint8", 1) for q in dims)
    facets = [_facets(arrays, q, len(boundary[q - 1])) for q in dims[1:]]
    cells = CellArrays(
        finite=tuple(_integers(header["finite"], "finite")),
        canonical=tuple(_integers(header["canonical"], "canonical")),
        facets=(SparseRows.empty(len(boundary[0])), *facets),
        boundary=boundary,
        containing=tuple(_take(arrays, f"containing_{q}", "int32", 1) for q in dims),
        vertices=VertexArrays(
            _take(arrays, "vertices", "float64", 2),
            _take(arrays, "errors", "float64", 1),
            _take(arrays, "origins", "int32", 2),
            _roots(header["roots"]),
        ),
        regions=tuple(_regions(arrays, s) for s in range(depth + 1)),
        level_signs=tuple(_take(arrays, f"level_signs_{q}", "int8", 1) for q in dims) if level is not None else None,
        all_signs=tuple(_take(arrays, f"all_signs_{q}", "int8", 2) for q in dims)
        if artificial and decided is None
        else None,
        statistics={k: _integer(x, "statistics") for k, x in _object(header["statistics"], "statistics").items()},
        decided=decided,
    )
    if arrays:
        raise FileError(f"unexpected array {next(iter(arrays))[:80]!r}")
    check_arrays(cells, where, network, level, domain)
    hull = Slice(header["slice"]) if "slice" in header else None
    if hull is not None and hull.dim != network.input_dim:
        raise FileError(f"header, slice: of dimension {hull.dim}, but the network has {network.input_dim} inputs")
    return PolyhedralComplex(network, level, domain, where, artificial, cells, hull)


KEYS = {
    *("format", "version", "network", "level", "domain", "kept", "projection", "lineality", "artificial", "finite"),
    *("canonical", "statistics", "roots"),
}


def _header(data: Array) -> dict[str, Any]:
    try:
        header = json.loads(data.tobytes().decode())
    except ValueError as error:
        raise FileError(f"header: not JSON in UTF-8: {' '.join(str(error).split())[:120]}") from None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise FileError(f"header: expected an object with format {FORMAT!r}")
    if header.get("version") not in range(1, VERSION + 1):
        raise FileError(f"header: expected version 1 or {VERSION} of the format, got {describe(header.get('version'))}")
    if header.keys() - {"slice"} != KEYS:
        wrong = (header.keys() - {"slice"}) ^ KEYS
        raise FileError(f"header: keys that are missing or unknown: {', '.join(sorted(wrong))[:200]}")
    return header


def _renamed(arrays: dict[str, Array]) -> dict[str, Array]:
    """The arrays of a file of version 1 by their present names."""
    result: dict[str, Array] = {}
    for name, array in arrays.items():
        first, *rest = name.split("_")
        if result.setdefault("_".join([_OF_VERSION_1.get(first, first), *rest]), array) is not array:
            raise FileError(f"unexpected array {name[:80]!r}")
    return result


def _take(arrays: dict[str, Array], name: str, dtype: str, ndim: int) -> Array:
    array = arrays.pop(name, None)
    if array is None:
        raise FileError(f"the array {name!r} is missing")
    if array.dtype != dtype or array.ndim != ndim:
        raise FileError(f"array {name!r}: expected {ndim} dimensions of {dtype}, got {array.ndim} of {array.dtype}")
    return array


def _facets(arrays: dict[str, Array], q: int, n_columns: int) -> SparseRows:
    kinds = (("indptr", "int64"), ("indices", "int32"), ("signs", "int8"))
    indptr, indices, signs = (_take(arrays, f"facets_{q}_{name}", dtype, 1) for name, dtype in kinds)
    return SparseRows(indptr, indices, signs, n_columns)


def _regions(arrays: dict[str, Array], s: int) -> StageRegions:
    kinds = (("parent", "int32", 1), ("plus", "uint64", 2), ("minus", "uint64", 2))
    return StageRegions(*(_take(arrays, f"regions_{s}_{name}", dtype, ndim) for name, dtype, ndim in kinds))


def _domain(value: Any, dim: int) -> Domain | None:
    if value is None:
        return None
    content = _object(value, "domain")
    if content.keys() != {"a", "b"}:
        raise FileError("header, domain: expected the keys a and b")
    if content == {"a": [], "b": []}:
        return Domain.box([None] * dim, [None] * dim)
    domain = Domain(content["a"], content["b"])
    if domain.input_dim != dim:
        raise FileError(f"header, domain: of dimension {domain.input_dim}, but the network has {dim} inputs")
    return domain


def _coordinates(header: dict[str, Any], dim: int) -> Coordinates:
    kept = _integers(header["kept"], "kept")
    projection = _matrix(header["projection"], "projection")
    dropped = tuple(j for j in range(dim) if j not in set(kept))
    if len(kept) + len(dropped) != dim or list(map(len, projection)) != ([len(dropped)] * len(kept) if dropped else []):
        raise FileError(
            f"header, projection: expected {len(kept)} rows of length {len(dropped)}, or none without lineality"
        )
    where = Coordinates(dim, tuple(kept), dropped, projection)
    expected = where.lineality if where.has_basis else None
    given = None if header["lineality"] is None else _matrix(header["lineality"], "lineality")
    if given != expected and not _same_lines(given, expected):
        raise FileError("header, lineality: not the basis that belongs to the projection")
    return where


def _same_lines(given: Any, expected: Any) -> bool:
    """Whether two bases have the same vectors but for their signs, which earlier writers chose in another way."""
    if given is None or expected is None or len(given) != len(expected):
        return False
    return all(v in (tuple(w), tuple(-x for x in w)) for v, w in zip(map(tuple, given), expected, strict=True))


def _matrix(value: Any, name: str) -> tuple[tuple[Fraction, ...], ...]:
    return tuple(tuple(_number(x, name) for x in _list(row, name)) for row in _list(value, name))


def _roots(value: Any) -> dict[int, tuple[int, ...]]:
    roots = {}
    for key, row in _object(value, "roots").items():
        numbers = [_number(x, "roots") for x in _list(row, "roots")]
        if not (key.isascii() and key.isdigit() and len(key) < 11) or any(x.denominator != 1 for x in numbers):
            raise FileError("header, roots: expected integer coordinates by number of the vertex")
        roots[int(key)] = tuple(map(int, numbers))
    return roots


def _number(value: Any, name: str) -> Fraction:
    try:
        if not isinstance(value, str) or not value.isascii():
            raise ValueError
        return Fraction(*(int(x, 16) for x in value.split("/")))
    except (ValueError, TypeError, ZeroDivisionError):
        raise FileError(f"header, {name}: expected hexadecimal numbers, got {describe(value)}") from None


def _integer(value: Any, name: str) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise FileError(f"header, {name}: expected an integer ≥ 0, got {describe(value)}")
    return value


def _integers(value: Any, name: str) -> list[int]:
    return [_integer(x, name) for x in _list(value, name)]


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise FileError(f"header, {name}: expected a list, got {describe(value)}")
    return value


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FileError(f"header, {name}: expected an object, got {describe(value)}")
    return value
