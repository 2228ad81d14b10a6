"""Certificates of false claims by an adversary who knows the checker: each is refused, and by one check alone.

For every attack the check that stops it is removed from the source of the checker, which then accepts the false claim.
So no check is there for nothing, and no attack is stopped by accident.
"""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest

import polyrelu as pr
from support.certificates import (
    PROGRAM,
    Records,
    adapted,
    agreed,
    is_true,
    load_checker,
    load_fast_checker,
    read,
    rehash,
    verdict,
)
from support.line_certificates import assembled, line, network, without_pairs

CHECKER = load_checker()
FAST = load_fast_checker()
SOURCE = PROGRAM.read_text(encoding="utf-8")

POSITIVE = network([[[1]], [[1]]], [[0], [1]])  # ReLU(x) + 1
AROUND_2 = network([[[1], [1], [-1], [1]], [[0, -1, -1, 0]]], [[-1, -2, 2, 0], [0]])  # −|x − 2|, with neurons at 0, 1
BETTI = {"claim": "homology", "torsion": [[]]}


def certified(tmp_path, *arguments: Any, **options: Any) -> Records:
    pr.certify(*arguments, path=tmp_path / "x.cert", **options)
    return read(tmp_path / "x.cert")


def planar(tmp_path, relation: str) -> Records:
    """The L1 ball: {F ≥ 0} is a square, of bounded cells."""
    ball = pr.Network([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[-1, -1, -1, -1]]], [[0, 0, 0, 0], [2]])
    return certified(tmp_path, ball, relation, 0, coarse=False)


def cell_record(records: Records, q: int) -> list[list[int]]:
    return next(record[2] for record in records[1:] if record[:2] == ["cells", q])


def three_for_one(checker: Any, records: Records, edge: int) -> Records:
    """An edge f becomes f + f' − f'' wherever it occurs: cancelling pieces."""
    changed = copy.deepcopy(records)
    edges = cell_record(changed, 1)
    n = len(edges)
    edges += [list(edges[edge]), list(edges[edge])]
    for row in cell_record(changed, 2):
        for f in list(row):
            if abs(f) == edge + 1:
                side = 1 if f > 0 else -1
                row += [side * (n + 1), -side * (n + 2)]
    return without_pairs(checker, changed)


def first_false(checker: Any, tries: Iterable[Records]) -> Records:
    """The first certificate that the checker accepts although what it claims, once adapted, is false."""
    for records in tries:
        changed, said = adapted(checker, records)
        if said == "accepted" and not is_true(changed):
            return changed
    raise AssertionError("no attack succeeds")


# ---- the attacks: what they are, and the words with which the check refuses them -------------------------------------


def ignored_inputs(checker: Any, tmp_path) -> Records:
    records = certified(tmp_path, pr.Network([[[1, 0], [-1, 0], [0, 0]], [[-1, -1, 0]]], [[0, 0, 0], [1]]), "<", 0)
    records[0]["network"] = network([[[1, 0], [-1, 0], [0, 1]], [[-1, -1, -3]]], [[0, 0, 0], [1]])
    rehash(checker, records)
    return records


def no_vector(checker: Any, tmp_path) -> Records:
    """A constant network on a space without points."""
    constant = network([[[0]], [[1]]], [[0], [1]])
    claim = {**BETTI, "relation": ">", "betti": [0]}
    return assembled(checker, constant, [[0]], [], claim, kept=[], projection=[])


def beyond_the_domain(checker: Any, tmp_path) -> Records:
    distance = network([[[2], [-2]], [[1, 1]]], [[-1, 1], [-2]])  # |2x − 1| − 2, negative on [0, 1]
    claim = {**BETTI, "relation": ">", "betti": [2]}
    return line(checker, distance, ["-", "-1/2", 0, "1/2", 1, "3/2", "+"], claim, domain=[[0, 1], [1, -1]])


def wall_that_is_none(checker: Any, tmp_path) -> Records:
    """The wall 0 ≥ 0: all of the space would lie in the boundary of the domain."""
    return line(checker, POSITIVE, ["-", 0, "+"], {**BETTI, "relation": ">", "betti": [0]}, domain=[[0, 0]])


def cell_without_facets(checker: Any, tmp_path) -> Records:
    claim = {**BETTI, "relation": ">", "betti": [0]}
    return assembled(checker, POSITIVE, [], [[[]]], claim, kept=[0], projection=[[]])


def no_cells(checker: Any, tmp_path) -> Records:
    claim = {**BETTI, "relation": ">", "betti": [0]}
    return assembled(checker, POSITIVE, [], [], claim, kept=[0], projection=[[]])


def open_chain(checker: Any, tmp_path) -> Records:
    """The boundary of a square, in which an edge has the sum of its ends for a boundary, not the difference."""
    records = planar(tmp_path, "=")
    tries = []
    for i in range(len(cell_record(records, 1))):
        changed = copy.deepcopy(records)
        edge = cell_record(changed, 1)[i]
        edge[:] = map(abs, edge)
        tries.append(without_pairs(checker, changed))
    return first_false(checker, tries)


def cancelling_pieces(checker: Any, tmp_path) -> Records:
    records = planar(tmp_path, ">=")
    return first_false(checker, (three_for_one(checker, records, i) for i in range(len(cell_record(records, 1)))))


def cancelling_pieces_between_decided_cells(checker: Any, tmp_path) -> Records:
    """The same at an edge on which neurons change sign: of a box that is one cell, with ReLU(x) + ReLU(y) + 1 > 0."""
    net = network([[[1, 0], [0, 1]], [[1, 1]]], [[0, 0], [1]])
    walls = [[3, 1, 0], [3, -1, 0], [3, 0, 1], [3, 0, -1]]
    corners = [[1, -3, -3], [1, 3, -3], [1, 3, 3], [1, -3, 3]]
    cells = [[[2, -1], [3, -2], [4, -3], [1, -4]], [[1, 2, 3, 4]]]
    claim = {"claim": "homology", "relation": ">=", "betti": [1, 0], "torsion": [[], []]}
    header = {"kept": [0, 1], "projection": [[], []], "domain": walls, "start": [1, 3]}
    records = assembled(checker, net, corners, cells, claim, **header)
    assert verdict(CHECKER, records) == "accepted"
    return first_false(checker, (three_for_one(checker, records, i) for i in range(4)))


def unused_cell(checker: Any, tmp_path) -> Records:
    """A further vertex in the region, a component of its own."""
    records = planar(tmp_path, ">=")
    next(record for record in records[1:] if record[0] == "points")[1].append([5, 1, 1])
    return records


def covered_twice(checker: Any, tmp_path) -> Records:
    claim = {**BETTI, "relation": ">", "betti": [2]}
    records = line(checker, POSITIVE, ["-", 0, "+", "-", 0, "+"], claim)
    del records[3][2][2]  # no edge from one copy to the other
    return without_pairs(checker, records)


def gap(checker: Any, tmp_path) -> Records:
    return line(checker, AROUND_2, ["-", 0, 1], {**BETTI, "relation": "=", "betti": [0]})


def fold(checker: Any, tmp_path) -> Records:
    """The line is folded at 3/2, where nothing happens, and at 1: the zero at 2 is passed three times."""
    claim = {**BETTI, "relation": "=", "betti": [3]}
    net = network([[[1], [1], [-1], [1], [1]], [[0, -1, -1, 0, 0]]], [[-1, -2, 2, 0, -3], [0]])
    return line(checker, net, ["-", 0, 1, 2, 3, 2, 1, 2, 3, "+"], claim)


def branch(checker: Any, tmp_path) -> Records:
    claim = {**BETTI, "relation": ">", "betti": [2]}
    net = network([[[1]], [[1]]], [[0], [0]])
    return assembled(
        checker, net, [[0, -1], [1, 0], [0, 1], [0, 1]], [[[2, -1], [3, -2], [4, -2]]], claim, kept=[0], projection=[[]]
    )


def hidden_bump(checker: Any, tmp_path) -> Records:
    """Between 0 and 1 there is a region that the cell does not show."""
    tent = network([[[4], [4], [4]], [[1, -2, 1]]], [[-1, -2, -3], ["-1/2"]])
    return line(checker, tent, [0, 1], {**BETTI, "relation": ">", "betti": [0]}, domain=[[0, 1], [1, -1]])


def matched_twice(checker: Any, tmp_path) -> Records:
    """A vertex between two edges is the partner of both."""
    net = network([[[1], [-1], [1]], [[-1, -1, 0]]], [[0, 0, 0], [2]])  # 2 − |x|
    records = line(checker, net, ["-", -2, 0, 2, "+"], {**BETTI, "relation": ">=", "betti": [1]})
    pairs = next(record for record in records[1:] if record[0] == "pairs")
    edges = cell_record(records, 1)
    pairs[3] = [[abs(f) for f in edge].index(3) for edge in edges[1:3]]  # point 2 is at 0
    return records


def wall_from_one_side(checker: Any, tmp_path) -> Records:
    """Two parts that share a vertex at 0 in the file as two different vectors: the region falls apart."""
    net = pr.Network([[[1]], [[0]]], [[0], [1]])
    records = certified(tmp_path, net, ">=", 0, [(-1, 1)], parts=2)
    seen = 0
    for record in records:
        if isinstance(record, list) and record[0] == "points":
            seen += 1
            if seen == 2:
                record[1] = [[2 * x for x in point] for point in record[1]]
    return records


def matched_in_a_wall(checker: Any, tmp_path) -> Records:
    net = pr.Network([[[1]], [[0]]], [[0], [1]])
    records = certified(tmp_path, net, ">=", 0, [(-1, 1)], parts=2)
    points: list[Any] = []
    for record in records:
        if isinstance(record, list) and record[0] == "points":
            points = record[1]
        elif isinstance(record, list) and record[0] == "cells":
            edges = record[2]
        elif isinstance(record, list) and record[0] == "pairs":
            record[3] = [next(i for i, f in enumerate(edges[0]) if points[abs(f) - 1][1] == 0)]
    return records


def other_affine_map(checker: Any, tmp_path) -> Records:
    head = {"certificate": "polyrelu", "version": 1, "claims": [{"claim": "identical"}], "level": None, "domain": []}
    records = [{**head, "network": network([[[1]]], [[0]]), "other": network([[[1]]], [[1]])}, ["end"]]
    rehash(checker, records)
    return records


def wrong_betti_numbers(checker: Any, tmp_path) -> Records:
    records = planar(tmp_path, ">")
    records[0]["claims"][0]["betti"] = [1, 1]
    return records


def count_of_a_coarse_complex(checker: Any, tmp_path) -> Records:
    tent = network([[[4], [4], [4]], [[1, -2, 1]]], [[-1, -2, -3], ["-1/2"]])
    claim = {"claim": "cells", "with_level": False, "f_vector": [2, 1], "bounded_regions": 1}
    return line(checker, tent, [0, 1], claim, domain=[[0, 1], [1, -1]], level=None)


def different_functions(checker: Any, tmp_path) -> Records:
    records = line(checker, POSITIVE, ["-", 0, "+"], {"claim": "identical"}, level=None)
    records[0]["other"] = network([[[1]], [[2]]], [[0], [1]])
    rehash(checker, records)
    return records


def wrong_counts(checker: Any, tmp_path) -> Records:
    claim = {"claim": "cells", "with_level": False, "f_vector": [2, 3], "bounded_regions": 0}
    return line(checker, POSITIVE, ["-", 0, "+"], claim, level=None)


def pair_of_two_values(checker: Any, tmp_path) -> Records:
    """F = | |x| − 1 |: the second minimum and the maximum between them are matched, and the bar disappears."""
    net = network([[[1], [-1], [1], [-1]], [[1, 1, 0, 0], [-1, -1, 0, 0]], [[1, 1]]], [[0, 0, -1, -1], [-1, 1], [0]])
    claim = {"claim": "persistence", "superlevel": False, "field": 2, "bars": [[[0, None]]]}
    path = ["-", -1, 0, 1, "+"]
    records = line(checker, net, path, claim, level=None)
    # finite edges (−∞, −1), (−1, 0), (0, 1), (1, ∞): the ends are points 1, 2, 3 and far vertices
    next(record for record in records[1:] if record[0] == "pairs")[3][0] = 1  # the edge from −1 to 0, and −1
    return records


def wrong_bars(checker: Any, tmp_path) -> Records:
    pr.certify_persistence(pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]]), path=tmp_path / "x.cert")
    records = read(tmp_path / "x.cert")
    records[0]["claims"][0]["bars"][0].append([1, 2])
    return records


def point_outside(checker: Any, tmp_path) -> Records:
    head = {"certificate": "polyrelu", "version": 1, "level": None, "domain": [[0, -1]]}  # x ≤ 0, where both are 1
    claims = [{"claim": "different", "point": [1]}]
    nets = {"network": POSITIVE, "other": network([[[1]], [[2]]], [[0], [1]])}
    records = [{**head, "claims": claims, **nets}, ["end"]]
    rehash(checker, records)
    return records


def no_difference(checker: Any, tmp_path) -> Records:
    records = point_outside(checker, tmp_path)
    records[0]["claims"][0]["point"] = [-1]
    return records


ATTACKS: dict[Callable[[Any, Any], Records], str] = {
    ignored_inputs: "otherwise than through the kept inputs",
    no_vector: "is no vector",
    beyond_the_domain: "lies outside the domain",
    wall_that_is_none: "is no hyperplane",
    cell_without_facets: "has no facet",
    no_cells: "complex\", f\"has no",
    open_chain: "boundary of its boundary",
    cancelling_pieces: "have the same signs",
    cancelling_pieces_between_decided_cells: "are not separated",
    unused_cell: "is a facet of no cell",
    covered_twice: "is not separated from",
    gap: "but not at infinity nor in a wall",
    fold: "are not on opposite sides",
    branch: "is a facet of {len(cells)}",
    hidden_bump: "no bound proves",
    matched_twice: "has a cell of another pair",
    wall_from_one_side: "is in the parts",
    matched_in_a_wall: "a cell in a wall is matched",
    other_affine_map: "the affine maps are different",
    wrong_betti_numbers: "the Betti numbers are",
    count_of_a_coarse_complex: "needs a complex on whose cells",
    different_functions: "the networks have different values there",
    wrong_counts: "the f-vector is",
    pair_of_two_values: "has two values",
    wrong_bars: "the bars are others",
    point_outside: "lies outside the domain, by wall",
    no_difference: "the networks have the same values there",
}


def without(words: str) -> Any:
    """The checker without the check that refuses with these words."""
    lines = SOURCE.split("\n")
    found = [i for i, text in enumerate(lines) if "refuse(" in text and words in text]
    assert len(found) == 1 or words == "lies outside the domain", words
    lines[found[0]] = re.sub(r"\brefuse\(", "(lambda *_: None)(", lines[found[0]])
    return load_checker("\n".join(lines), "weakened_checker")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_attack(attack, tmp_path):
    words = ATTACKS[attack]
    weak = without(words)
    records, said = adapted(weak, attack(weak, tmp_path))
    assert said == "accepted"
    assert not is_true(records)
    said = agreed(CHECKER, FAST, records)
    assert said.startswith("Refused")
    assert re.split(r"[{\"]", words)[0].strip() in said


def test_cycle_of_pairs(tmp_path):
    """On a circle, every vertex with the next edge. (Without the check, the search for an order would not end.)"""
    records = planar(tmp_path, "=")
    pairs = next(record for record in records[1:] if record[0] == "pairs")
    edges = cell_record(records, 1)
    circle = [edge for edge in edges if sum(f > 0 for f in edge) == 1]
    assert len(pairs[3]) == 4 and circle
    said = []
    for choice in itertools.product((0, 1), repeat=4):
        pairs[3] = list(choice)
        said.append(agreed(CHECKER, FAST, records))
    assert any("in a cycle" in x for x in said) and "accepted" not in said
