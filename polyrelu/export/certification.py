"""Certificates of what is computed: files from which an independent program verifies it.

That program is `polyrelu-check`: one module of the package `polyrelu_check`, with the standard library of Python alone,
which shares no code with this library and says in its docstrings why a claim is true that it accepts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt

from polyrelu.analysis.barcode import Persistence, persistence
from polyrelu.analysis.counting import CellCounts
from polyrelu.analysis.identity import Comparison, identical
from polyrelu.analysis.parts import in_parts
from polyrelu.analysis.pipeline import RegionReport
from polyrelu.analysis.problems import Problem
from polyrelu.errors import InputError
from polyrelu.exact.limits import memory_is_a_limit, read_flag
from polyrelu.exact.rational import describe, to_json
from polyrelu.export.certificate import CertificateFile, Claim, lower_partners, start_forms
from polyrelu.export.far_faces import FarComplex, numbered_values
from polyrelu.files import checked_path, replacing
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.cut_tree import CutTree, Form, choose_cuts
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.hull import on_slice
from polyrelu.geometry.region import Region, read_relation
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.geometry.subdivision import Options, read_domain, read_level, subdivided
from polyrelu.geometry.vertex_values import VertexValues
from polyrelu.network.network import Network
from polyrelu.topology.chain import generating_cells
from polyrelu.topology.homology import homology

Mask = npt.NDArray[np.bool_]

MAX_PARTS = 10_000


@memory_is_a_limit
def certify(
    network: Network,
    relation: str = ">",
    level: Any = 0,
    domain: Any = None,
    path: Any = None,
    *,
    coarse: bool = True,
    parts: int = 1,
    **options: Unpack[Options],
) -> RegionReport:
    """Writes a certificate of the homology of {F relation level}, and returns what `analyse_region` returns.

    Parameters
    ----------
    network : Network
        The network F: R^d → R, with one output.
    relation : str, default ">"
        One of ">", ">=", "<", "<=", "=".
    level : exact number, default 0
        The level t.
    domain : Domain or box, optional
        A polyhedron. The default is R^d. If it is flat, what is certified is about the network on the slice which it
        spans (`polyrelu.geometry.hull.spanned_slice`), the network of the result; check_certificate expects that one.
    path : path
        The file to write; by custom its suffix is .cert.
    coarse : bool, default True
        Whether the certificate contains a coarse complex, which has fewer cells. Otherwise it contains C(F, t), and
        certifies its f-vector and the number of its bounded regions too.
    parts : int, default 1
        The number of parts, about, into which the domain is cut, each with a complex of its own in the file. One part
        is held in memory at a time. Their f-vectors are not certified.
    **options
        Options of `subdivide`.

    Returns
    -------
    RegionReport
        The homology, and the numbers of cells in the file.

    Raises
    ------
    RegionError
        If the relation is not one of the five.
    InputError
        If another argument is wrong, as `subdivide` raises it.
    LimitError
        If a limit of cells or memory is reached.
    FileError
        If the file cannot be written.

    See Also
    --------
    check_certificate : The verdict of the checker.

    Notes
    -----
    The file holds the network, all cells by their facets, the vertices as integer vectors, and a matching of the cells
    of the region. docs/certificates.md describes it and says what follows from what.

    Examples
    --------
    >>> import tempfile
    >>> import polyrelu as pr
    >>> net = pr.shells((2, 8, 3, 1), [2])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     betti = pr.certify(net, ">", path=f"{folder}/shells.cert").betti
    ...     verdict = pr.check_certificate(f"{folder}/shells.cert", net)
    >>> betti, bool(verdict)
    ((6, 2), True)
    """
    _check_path(path)
    read_relation(relation)
    t, (network, region, _) = read_level(network, level), on_slice(network, read_domain(domain, network))
    if t is None:
        raise InputError("level: expected an exact number, got None")
    coarse = read_flag(coarse, "coarse")
    whole = _Whole(network, t, region, coarse, options, _tree(network, region, parts))
    with replacing(path) as draft, CertificateFile(draft) as file:
        if not whole.tree.nodes:
            cx = whole.complex(0)
            groups = homology(cx.region(relation), max_memory=options.get("max_memory"))
            report = RegionReport(network, relation, t, groups, cx.f_vector, cx.is_coarse)
        else:
            found = in_parts(
                Problem(network, t, region, (relation,), coarse),
                parts,
                max_cells=options.get("max_cells"),
                max_memory=options.get("max_memory"),
            )
            report = RegionReport(network, relation, t, found.homology[relation], found.f_vector, coarse, found.n_parts)
            cx = whole.complex(0)
        claims: list[Claim] = [
            {
                "claim": "homology",
                "relation": relation,
                "betti": list(report.betti),
                "torsion": [list(x) for x in report.torsion],
            }
        ]
        if not coarse and not whole.tree.nodes:
            claims.append(_count_claim(True, report.cells, cx.n_bounded_regions))
        whole.write(file, claims, cx)
    return report


def _check_path(path: Any) -> None:
    """Before the work, not after it."""
    if path is None:
        raise InputError("path: expected the file to write, got None")
    checked_path(path)


def _count_claim(with_level: bool, f_vector: Sequence[int], bounded: int) -> Claim:
    return {"claim": "cells", "with_level": with_level, "f_vector": list(f_vector), "bounded_regions": int(bounded)}


def _tree(network: Network, domain: Domain | None, parts: Any) -> CutTree:
    if isinstance(parts, bool) or not isinstance(parts, int) or not 1 <= parts <= MAX_PARTS:
        raise InputError(f"parts: expected an integer from 1 to {MAX_PARTS}, got {describe(parts)}")
    return choose_cuts(network, domain, parts) if parts > 1 else CutTree()


@dataclass
class _Whole:
    """A complex, or those of all parts, that a certificate contains."""

    network: Network
    level: Fraction | None
    domain: Domain | None
    coarse: bool
    options: Options
    tree: CutTree

    def complex(self, leaf: int) -> PolyhedralComplex:
        """The complex of a part."""
        cx, _ = subdivided(
            *(self.network, self.level, self.tree.domain(leaf, self.domain), 0, self.options),
            coarse=self.coarse,
            split_at_walls=self.coarse and bool(self.tree.nodes),
            part_of=self.outer if self.tree.nodes else None,
        )
        return cx

    @property
    def outer(self) -> tuple[Form, ...]:
        """The walls of the domain."""
        return self.domain.half_spaces() if self.domain is not None else ()

    def inner(self, leaf: int) -> list[Form]:
        """The walls that make a part of the domain."""
        return [tuple(side * x for x in self.tree.forms[number]) for number, side in self.tree.sides(leaf)]

    def write(self, file: CertificateFile, claims: Sequence[Claim], first: PolyhedralComplex) -> None:
        """Header, cells and matchings; `first` is the complex of leaf 0."""
        for leaf in range(self.tree.n_leaves):
            cx = first if leaf == 0 else self.complex(leaf)
            inner = self.inner(leaf)
            cuts, start = start_forms(self.network, self.level, [*self.outer, *inner], len(self.outer))
            if leaf == 0:
                file.header(
                    self.network, claims, level=self.level, domain=self.domain, cx=cx, cuts=cuts, tree=self.tree
                )
            file.cells(cx, start, leaf)
            for number, claim in enumerate(claims):
                if claim["claim"] == "homology":
                    region = Region(cx, claim["relation"])
                    if not self.tree.nodes:
                        chosen, free = generating_cells(region), None
                    else:
                        chosen, free = self._of_part(cx, region, inner)
                    columns = [cx.arrays.facets[q].restrict(chosen[q], chosen[q - 1]) for q in range(1, len(chosen))]
                    ranks = [int(np.count_nonzero(mask)) for mask in chosen]
                    file.pairs(number, columns, lower_partners(ranks, columns, free))

    def _of_part(self, cx: PolyhedralComplex, region: Region, inner: list[Form]) -> tuple[list[Mask], list[Mask]]:
        """The generating cells of the region in a part, and which of these are in no wall between parts."""
        low = cx.coordinates.lineality_dim
        outer_cells, inner_cells = (_vanishing(cx, forms) for forms in (self.outer, inner))
        chosen, free = [], []
        for q, (of_outer, of_inner) in enumerate(zip(outer_cells, inner_cells, strict=True)):
            mask = region.mask(low + q).copy()
            mask &= ~of_outer if region.is_open else cx.bounded_modulo_lineality(low + q)
            chosen.append(mask)
            free.append(~of_inner[mask])
        return chosen, free


def _vanishing(cx: PolyhedralComplex, forms: Sequence[Form]) -> list[Mask]:
    """For every finite cell, by dimension, whether one of the forms vanishes on it."""
    if not forms:
        return [np.zeros(n, np.bool_) for n in cx.arrays.finite]
    values = cx.homogeneous_array().astype(object) @ np.array(forms, dtype=object).T
    masks = np.packbits(values == 0, axis=1)
    return [np.any(found, axis=1) for found in cx.arrays.intersected_masks(masks)]


@memory_is_a_limit
def certify_cells(
    network: Network, level: Any = None, domain: Any = None, path: Any = None, **options: Unpack[Options]
) -> CellCounts:
    """Writes a certificate of the f-vector of C(F), or of C(F, level), and returns it with the other counts.

    Parameters
    ----------
    network : Network
        The network F.
    level : exact number, optional
        The level t.
    domain : Domain or box, optional
        A polyhedron. The default is R^d. If it is flat, what is certified is about the network on the slice which it
        spans (`polyrelu.geometry.hull.spanned_slice`), the network of the result; check_certificate expects that one.
    path : path
        The file to write; by custom its suffix is .cert.
    **options
        Options of `subdivide`.

    Returns
    -------
    CellCounts
        The f-vector and the number of bounded regions.

    Raises
    ------
    InputError
        If an argument is wrong, as `subdivide` raises it; or without a level, if the network has no hidden layers.
    LimitError
        If a limit of cells or memory is reached.
    FileError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import polyrelu as pr
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     counts = pr.certify_cells(pr.maximum(3), path=f"{folder}/maximum.cert")
    ...     print(pr.check_certificate(f"{folder}/maximum.cert").lines[-1])
    accepted: the claims are proved
    >>> counts.f_vector
    (1, 10, 21, 13)
    """
    _check_path(path)
    t, (network, region, _) = read_level(network, level), on_slice(network, read_domain(domain, network))
    if t is None and not network.depth:
        raise InputError("certify_cells: C(F) of a network without hidden layers is its domain; give a level")
    whole = _Whole(network, t, region, False, options, CutTree())
    cx = whole.complex(0)
    counts = CellCounts(network, t, cx.f_vector, cx.n_bounded_regions, 1)
    with replacing(path) as draft, CertificateFile(draft) as file:
        whole.write(file, [_count_claim(t is not None, counts.f_vector, counts.bounded_regions)], cx)
    return counts


@memory_is_a_limit
def certify_identical(
    f: Network, g: Network, domain: Any = None, path: Any = None, **options: Unpack[Options]
) -> Comparison:
    """Writes a certificate that two networks are the same function, or of a point where they differ.

    Parameters
    ----------
    f, g : Network
        Two networks with the same numbers of inputs and outputs.
    domain : Domain or box, optional
        A polyhedron. The default is R^d. If it is flat, what is certified is about the network on the slice which it
        spans (`polyrelu.geometry.hull.spanned_slice`): check_certificate expects F on that slice.
    path : path
        The file to write; by custom its suffix is .cert.
    **options
        Options of `subdivide`.

    Returns
    -------
    Comparison
        As `identical` returns it.

    Raises
    ------
    NetworkError
        If the numbers of inputs or of outputs, or the units of the inputs, differ.
    InputError
        If another argument is wrong, as `subdivide` raises it.
    LimitError
        If a limit of cells or memory is reached.
    FileError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import polyrelu as pr
    >>> absolute = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])
    >>> twice = pr.Network([[[2], [-2]], [["1/2", "1/2"]]], [[0, 0], [0]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = pr.certify_identical(absolute, twice, path=f"{folder}/same.cert")
    ...     verdict = pr.check_certificate(f"{folder}/same.cert", absolute)
    >>> bool(found), bool(verdict)
    (True, True)
    """
    _check_path(path)
    found = identical(f, g, domain, **options)
    f, region, where = on_slice(f, read_domain(domain, f))
    point = found.witness
    if where is not None:
        g, point = where.restrict(g), None if point is None else where.coordinates(point)
    with replacing(path) as draft, CertificateFile(draft) as file:
        if point is not None:
            claim: Claim = {"claim": "different", "point": [to_json(x) for x in point]}
            file.header(f, [claim], other=g, domain=region)
        elif not f.depth and not g.depth:
            file.header(f, [{"claim": "identical"}], other=g, domain=region)  # the same parameters
        else:
            difference = f - g
            cx, _ = subdivided(difference, None, region, 0, options)
            walls = region.half_spaces() if region is not None else ()
            cuts, start = start_forms(difference, None, walls, len(walls), (f, g))
            file.header(f, [{"claim": "identical"}], other=g, domain=region, cx=cx, cuts=cuts)
            file.cells(cx, start)
    return found


@memory_is_a_limit
def certify_persistence(
    network: Network,
    domain: Any = None,
    path: Any = None,
    *,
    superlevel: bool = False,
    field: Any = 2,
    **options: Unpack[Options],
) -> Persistence:
    """Writes a certificate of the bars of the sublevel sets of a network, and returns them.

    Parameters
    ----------
    network : Network
        The network F: R^d → R, with one output.
    domain : Domain or box, optional
        A polyhedron. The default is R^d. If it is flat, what is certified is about the network on the slice which it
        spans (`polyrelu.geometry.hull.spanned_slice`), the network of the result; check_certificate expects that one.
    path : path
        The file to write; by custom its suffix is .cert.
    superlevel : bool, default False
        Whether to take the superlevel sets {F ≥ t} instead.
    field : int or "Q", default 2
        The coefficients, as `persistence` takes them.
    **options
        Options of `subdivide`.

    Returns
    -------
    Persistence
        As `persistence` returns it.

    Raises
    ------
    RegionError
        If the network has several outputs.
    InputError
        If another argument is wrong, as `persistence` raises it.
    LimitError
        If a limit of cells or memory is reached.
    FileError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[-1, -1]]], [[0, 0], [1]])  # F(x) = 1 − |x|
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = pr.certify_persistence(net, path=f"{folder}/bars.cert")
    ...     verdict = pr.check_certificate(f"{folder}/bars.cert")
    >>> found.bars(0), bool(verdict)
    (((None, Fraction(1, 1)), (None, None)), True)
    """
    _check_path(path)
    found = persistence(network, domain, superlevel=superlevel, field=field, **options)
    network, region, _ = on_slice(network, read_domain(domain, network))
    level = None if network.depth else Fraction(0)
    whole = _Whole(network, level, region, False, options, CutTree())
    cx = whole.complex(0)
    bars = [[[_end(x) for x in bar] for bar in found.bars(k)] for k in range(network.input_dim)]
    claim: Claim = {"claim": "persistence", "superlevel": found.superlevel, "field": found.field, "bars": bars}
    with replacing(path) as draft, CertificateFile(draft) as file:
        whole.write(file, [claim], cx)
        file.pairs(0, *_pairs_of_one_value(cx, found.superlevel))
    return found


def _end(x: Fraction | None) -> int | str | None:
    return None if x is None else to_json(x)


def _pairs_of_one_value(
    cx: PolyhedralComplex, superlevel: bool
) -> tuple[list[SparseRows], list[npt.NDArray[np.int64]]]:
    """The boundary maps of the cells cut off far out, those with value +∞ left out, and a matching of equal values."""
    values, far = VertexValues(cx), FarComplex(cx.arrays)
    steps = far.largest(numbered_values(values, far, superlevel))
    kept = [x <= values.n_values for x in steps]
    columns = [rows.restrict(kept[q], kept[q - 1]) for q, rows in enumerate(far.columns, 1)]
    steps = [x[mask] for x, mask in zip(steps, kept, strict=True)]
    equal = []
    for q, rows in enumerate(columns, 1):
        row = rows.row_numbers()
        same = steps[q][row] == steps[q - 1][rows.index]
        equal.append(
            SparseRows.from_entries(row[same], rows.index[same], rows.values[same], rows.n_rows, rows.n_columns)
        )
    return columns, lower_partners([len(x) for x in steps], equal)
