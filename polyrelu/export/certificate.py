"""The records of a certificate: a network, the cells of complexes, and matchings; docs/certificates.md describes them.

A certificate is a file of JSON lines, compressed by gzip. It contains what an independent program needs in order to
verify a claim by exact arithmetic (`checker/`), and nothing that it has to believe.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu import _core
from polyrelu.exact.linear import independent_rows
from polyrelu.exact.rational import primitive, show, to_json
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.cut_tree import CutTree, Form
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.network.network import Network

Claim = dict[str, Any]
Mask = npt.NDArray[np.bool_]

BLOCK = 2000
"""The number of cells in a line."""


class CertificateFile:
    """A certificate that is being written, record by record; a context manager."""

    def __init__(self, path: Path) -> None:
        self._raw = path.open("wb")
        self._file = gzip.GzipFile(filename="", mode="wb", fileobj=self._raw, compresslevel=1, mtime=0)

    def __enter__(self) -> CertificateFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._write(["end"])
        self._file.close()
        self._raw.close()

    def _write(self, record: Any) -> None:
        self._file.write(json.dumps(record, separators=(",", ":")).encode("ascii") + b"\n")

    def header(
        self,
        network: Network,
        claims: Sequence[Claim],
        *,
        other: Network | None = None,
        level: Fraction | None = None,
        domain: Domain | None = None,
        cx: PolyhedralComplex | None = None,
        cuts: Sequence[Form] = (),
        tree: CutTree | None = None,
    ) -> None:
        """The first line. `cx` is one of the complexes, whose coordinates are taken; `cuts` are its hyperplanes."""
        head: dict[str, Any] = {"certificate": "polyrelu", "version": 1, "claims": list(claims)}
        head |= {"network": _parameters(network), "sha256": network_hash(network)}
        if other is not None:
            head |= {"other": _parameters(other), "other_sha256": network_hash(other)}
        head["level"] = None if level is None else to_json(level)
        head["domain"] = [] if domain is None else [list(row) for row in domain.half_spaces()]
        if cx is not None:
            head["kept"] = list(cx.coordinates.kept)
            rows = cx.coordinates.projection or [()] * cx.coordinates.rank
            head["projection"] = [[to_json(x) for x in row] for row in rows]
            head["cuts"] = [list(form) for form in cuts]
        if tree is not None and tree.nodes:
            head["tree_forms"] = [list(form) for form in tree.forms]
            head["tree"] = [[node.form, node.minus, node.plus] for node in tree.nodes]
        self._write(head)

    def cells(self, cx: PolyhedralComplex, start: Sequence[int], leaf: int = 0) -> None:
        """All cells of a complex, those at infinity included."""
        self._write(["complex", leaf, list(start)])
        columns = [0, *(k + 1 for k in cx.coordinates.kept)]
        points = cx.homogeneous_array()[:, columns]
        for block in _blocks(len(points)):
            self._write(["points", points[block].tolist()])
        for q in range(1, cx.arrays.rank + 1):
            indptr, index, sign = cx.arrays.facets[q]
            signed = ((index.astype(np.int64) + 1) * sign).tolist()
            ends = indptr.tolist()
            for block in _blocks(len(ends) - 1):
                rows = [signed[ends[i] : ends[i + 1]] for i in range(block.start, block.stop)]
                self._write(["cells", q, rows])

    def pairs(self, claim: int, columns: Sequence[SparseRows], partners: Sequence[npt.NDArray[np.int64]]) -> None:
        """The matching of the complex of a claim: for each cell the position of its lower partner in its boundary."""
        for q, (rows, partner) in enumerate(zip(columns, partners, strict=True), 1):
            positions = np.full(rows.n_rows, -1, np.int64)
            row = rows.row_numbers()
            found = np.flatnonzero(rows.index == partner[row])
            positions[row[found]] = found - rows.indptr[row[found]]
            for block in _blocks(len(positions)):
                self._write(["pairs", claim, q, positions[block].tolist()])


def lower_partners(
    ranks: Sequence[int], columns: Sequence[SparseRows], free: Sequence[Mask] | None = None
) -> list[npt.NDArray[np.int64]]:
    """For each degree from 1 on and every cell its lower partner in an acyclic matching, or −2.

    Parameters
    ----------
    ranks : sequence of int
        The numbers of cells by degree.
    columns : sequence of SparseRows
        The boundary maps by columns. Entries may be left out, if what is left is a complex: those between cells with
        different values, for a matching of cells of one value.
    free : sequence of masks, optional
        For each degree which cells may be matched; they are no faces of others.
    """
    numbers = [np.arange(n) for n in ranks]
    if free is not None:
        numbers = [np.flatnonzero(mask) for mask in free]
        columns = [rows.restrict(free[q + 1], free[q]) for q, rows in enumerate(columns)]
    sizes = [len(x) for x in numbers]
    partner = _core.trace_reduction(sizes, list(columns))[1][0][0].astype(np.int64)
    first = np.concatenate(([0], np.cumsum(sizes)))
    found = []
    for q in range(1, len(ranks)):
        mine = partner[first[q] : first[q + 1]]
        lower = (mine >= 0) & (mine < first[q])
        of_degree = np.full(ranks[q], -2, np.int64)
        of_degree[numbers[q][lower]] = numbers[q - 1][mine[lower] - first[q - 1]]
        found.append(of_degree)
    return found


def start_forms(
    network: Network, level: Fraction | None, walls: Sequence[Form], n_outer: int, of: Sequence[Network] = ()
) -> tuple[list[Form], list[int]]:
    """The artificial hyperplanes of a complex, and the numbers of the forms from which its subdivision starts.

    Parameters
    ----------
    network : Network
        The network that was subdivided.
    level : Fraction or None
        The level.
    walls : sequence of forms
        The walls of the domain, and then those that make it a part.
    n_outer : int
        The number of walls of the domain.
    of : sequence of Network, optional
        The networks of the certificate, if they are others: two whose difference was subdivided.

    Notes
    -----
    The choice is that of `subdivide`: independent walls and neurons of the first layer, and then identity neurons.
    """
    numbers: dict[Form, int] = {}  # of the neurons of the first layer that split
    n_neurons = 0
    for net in of or (network,):
        for form, slope in _first_layer(net):
            if slope != 1:
                numbers.setdefault(form, n_neurons)
                n_neurons += 1
    real: list[Form] = []
    identities: list[Form] = []
    for form, slope in _first_layer(network):
        if any(form[1:]):
            (real if slope != 1 and form in numbers else identities).append(form)
    if not network.depth and level is not None and any(network.weights[0][0]):
        real.append(primitive([network.biases[0][0] - level, *network.weights[0][0]]))
        numbers[real[0]] = 0
    chosen_walls = list(walls[:n_outer] if identities else walls)
    candidates = [*chosen_walls, *real, *identities]
    chosen = independent_rows([form[1:] for form in candidates]) if candidates else []
    first = len(chosen_walls) + len(real)  # of the identity neurons
    cuts = [candidates[i] for i in chosen if i >= first]
    start = []
    for i in chosen:
        if i < len(chosen_walls):
            start.append(1 + i)
        elif i >= first:
            start.append(1 + len(walls) + cuts.index(candidates[i]))
        else:
            start.append(1 + len(walls) + len(cuts) + numbers[candidates[i]])
    return cuts, start


def _first_layer(network: Network) -> list[tuple[Form, Fraction]]:
    """The hidden neurons of the first layer as primitive forms, with their slopes."""
    if not network.depth:
        return []
    layer = zip(network.weights[0], network.biases[0], network.slopes[0], strict=True)
    return [(primitive([bias, *row]), slope) for row, bias, slope in layer]


def network_hash(network: Network) -> str:
    """The SHA-256 of the parameters of a network, as strings "p" or "p/q", in compact JSON with the keys in order."""
    parameters = {"biases": network.biases, "slopes": network.slopes, "weights": network.weights}
    text = json.dumps(parameters, separators=(",", ":"), sort_keys=True, default=show)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _parameters(network: Network) -> dict[str, Any]:
    return {
        "weights": [[[to_json(x) for x in row] for row in matrix] for matrix in network.weights],
        "biases": [[to_json(x) for x in bias] for bias in network.biases],
        "slopes": [[to_json(x) for x in slopes] for slopes in network.slopes],
    }


def _blocks(n: int) -> Iterable[slice]:
    return (slice(i, min(i + BLOCK, n)) for i in range(0, n, BLOCK))
