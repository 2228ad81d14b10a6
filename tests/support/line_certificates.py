"""Certificates on the real line and of small planar networks, made by hand, true and false ones."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from support.certificates import Records, packed, rehash


def network(weights: Any, biases: Any, slopes: Any = None) -> dict[str, Any]:
    """A network as a certificate has it."""
    return {"weights": weights, "biases": biases, "slopes": slopes or [[0] * len(w) for w in weights[:-1]]}


def line(checker: Any, net: dict[str, Any], path: Sequence[Any], claim: dict[str, Any], **header: Any) -> Records:
    """The certificate of a chain of edges through points: numbers, or "-" and "+" for the ends at infinity.

    A point that occurs in two places is two 0-cells.
    """
    points = [[0, -1] if x == "-" else [0, 1] if x == "+" else _vector(x) for x in path]
    edges = [[i + 2, -i - 1] for i in range(len(points) - 1)]
    return assembled(checker, net, points, [edges], claim, **{"kept": [0], "projection": [[]], **header})


def _vector(x: Any) -> list[int]:
    value = Fraction(x)
    return [value.denominator, value.numerator]


def assembled(
    checker: Any, net: dict[str, Any], points: Any, cells: Sequence[Any], claim: dict[str, Any], **header: Any
) -> Records:
    """A certificate of one complex, with no pairs unless they are given, and with the right hashes."""
    pairs = header.pop("pairs", None)
    start = header.pop("start", [])
    head = {"certificate": "polyrelu", "version": 1, "claims": [claim], "network": net, "level": 0, **header}
    records: Records = [head, ["complex", 0, start]]
    records += [["points", points]] if points else []
    records += [["cells", q, rows] for q, rows in enumerate(cells, 1)]
    rehash(checker, records)
    return [*records, *(pairs if pairs is not None else _no_pairs(checker, records)), ["end"]]


def _no_pairs(checker: Any, records: Records) -> Records:
    """The records that say that no cell is matched: as many as the checker wants to see."""
    wanted: Records = []
    read_pairs = checker.read_pairs

    def listen(_: Any, claim: int, boundary: Any) -> Any:
        sizes = [len(cells) for cells in boundary]
        wanted.extend(["pairs", claim, q, [-1] * n] for q, n in enumerate(sizes) if q and n)
        return [[-1] * n for n in sizes]

    checker.read_pairs = listen
    try:
        checker.check(packed([*records, ["end"]]))
    except (checker.Refused, checker.Unreadable):
        pass
    finally:
        checker.read_pairs = read_pairs
    return wanted


def without_pairs(checker: Any, records: Records) -> Records:
    """The same certificate of one complex in which no cell is matched."""
    kept = [copy.deepcopy(x) for x in records if not isinstance(x, list) or x[0] not in ("pairs", "end")]
    return [*kept, *_no_pairs(checker, kept), ["end"]]
