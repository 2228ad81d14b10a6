"""The Pareto front of shells, against brute force over all cuts and corners and against computed Betti numbers."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest

from polyrelu.analysis.pipeline import betti_numbers
from polyrelu.cli import main
from polyrelu.constructions import paper_lower_bound, pareto_front, predicted_betti
from polyrelu.errors import InputError

ARCHITECTURES = [(2, 4, 3, 1), (2, 8, 6, 1), (2, 9, 4, 4, 1), (3, 6, 5, 1), (3, 13, 5, 1), (3, 6, 6, 6, 1)]


@pytest.mark.parametrize("architecture", [*ARCHITECTURES, (4, 8, 5, 1), (3, 3, 6, 4, 1), (3, 6, 1, 1)])
def test_front_by_brute_force(architecture: tuple[int, ...]) -> None:
    d, width = architecture[0], architecture[-2]
    reached = set()
    corners: list[Any] = list(product(*(range(k + 1) for k in range(1, d))))
    for variant, corner in [*(("paper", corner) for corner in corners), ("interior", None)]:
        for cuts in product(range(width + 1), repeat=d - 1):
            try:
                reached.add(predicted_betti(architecture, cuts, variant, corner)[">"])
            except InputError:
                continue
    maximal = {p for p in reached if any(p) and not any(q != p and all(map(int.__ge__, q, p)) for q in reached)}
    points = pareto_front(architecture)
    assert [p.betti for p in points] == sorted(maximal, reverse=True)
    for p in points:
        assert predicted_betti(p.architecture, p.cuts, p.variant, p.corner)[">"] == p.betti


@pytest.mark.parametrize("architecture", [(2, 8, 6, 1), (3, 13, 5, 1), (3, 6, 6, 4, 1), (4, 8, 5, 1)])
def test_every_point_is_reached(architecture: tuple[int, ...]) -> None:
    for point in pareto_front(architecture):
        net = point.network()
        assert net.architecture == architecture
        assert betti_numbers(net) == point.betti


def test_the_lower_bound_lies_below_the_front() -> None:
    architecture = (3, 12, 8, 1)
    for w in [(2, 2), (4, 0), (0, 4), (1, 3), (3, 1)]:
        bound = paper_lower_bound(architecture, w)
        assert any(all(map(int.__ge__, point.betti, bound)) for point in pareto_front(architecture))


def test_wide_layers_cost_nothing_where_there_is_no_choice() -> None:
    n = 10**9
    assert {point.cuts for point in pareto_front((2, n, n, 1))} <= {(n,), (n - 1,)}


def test_what_is_not_admissible() -> None:
    with pytest.raises(InputError, match="n_1 ≥ 2d"):
        pareto_front((3, 4, 4, 1))
    with pytest.raises(InputError, match="more than 50000"):
        pareto_front((6, 24, 40, 1))
    with pytest.raises(InputError, match="more than 50000"):
        pareto_front((60, 240, 400, 1))


def test_the_command(capsys: Any) -> None:
    assert main(["bounds", "3-6-6-4-1", "--front"]) == 0
    shown = capsys.readouterr().out.splitlines()
    points = pareto_front((3, 6, 6, 4, 1))
    assert len(shown) == len(points) + 3 and shown[3].split()[:3] == [str(b) for b in points[0].betti]
    assert main(["bounds", "3-6-6-4-1", "--front", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [tuple(row["betti"]) for row in answer["front"]] == [point.betti for point in points]
    for arguments in (["3-4-4-1"], ["3-6-6-4-1", "--relation", "<"], ["3-6-6-4-1", "--any-slopes"]):
        assert main(["bounds", *arguments, "--front"]) == 2
        shown = capsys.readouterr()
        assert len(shown.err.splitlines()) == 1 and not shown.out
