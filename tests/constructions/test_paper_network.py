"""The paper's networks as printed: their weights, and what they have, predicted and computed, beside what is stated."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

import pytest

import polyrelu as pr
from polyrelu.cli import main
from polyrelu.constructions.printed import paper_network, predicted_paper_betti, printed_lower_bound
from polyrelu.errors import InputError

RELATIONS = (">", ">=", "<", "<=", "=")
CASES = [
    ((2,), (1,)),
    ((2,), (2,)),
    ((4,), (2,)),
    ((4,), (3,)),
    ((6,), (4,)),
    ((2, 2), (1,)),
    ((2, 2), (2,)),
    ((2, 2), (3,)),
    ((2, 2), (5,)),
    ((4, 2), (3,)),
    ((2, 4), (2,)),
    ((2, 2, 2), (2,)),
    ((2,), (2, 3)),
    ((4,), (2, 2)),
    ((2, 2), (2, 2)),
    ((2, 2), (3, 3)),
    ((2, 2), (1, 4)),
    ((2, 2, 2), (2, 1)),
    ((2,), (2, 2, 2)),
    ((4,), (1, 2, 3)),
    ((2, 2), (2, 2, 2)),
]


def all_betti(net: pr.Network, cube: bool) -> dict[str, tuple[int, ...]]:
    d = net.input_dim
    cx = pr.subdivide(net, 0, pr.Domain.box([0] * d, [1] * d) if cube else None)
    return {relation: pr.homology(cx.region(relation)).betti for relation in RELATIONS}


@pytest.mark.parametrize("theorem", [12, 13])
@pytest.mark.parametrize(("folds", "w"), CASES)
def test_predicted_is_computed(folds: tuple[int, ...], w: tuple[int, ...], theorem: int) -> None:
    net = paper_network(folds, w, theorem)
    d = len(w) + 1
    assert net.architecture == (d, *(d * m for m in folds), sum(w) + 2 * len(w), 1)
    assert all_betti(net, cube=True) == predicted_paper_betti(folds, w, theorem, cube=True)
    if len(folds) > 1 or d == 2:
        assert all_betti(net, cube=False) == predicted_paper_betti(folds, w, theorem)


def reference(folds: tuple[int, ...], w: tuple[int, ...], theorem: int, x: list[Fraction]) -> Fraction:
    """F as the paper writes it, function by function."""

    def relu(t: Fraction) -> Fraction:
        return max(Fraction(0), t)

    for m in folds:
        x = [
            relu(m * t) + sum((-1) ** i * relu(2 * m * (t - Fraction(i, m))) for i in range(1, m)) for t in x
        ]  # Definition 32

    def g_hat(n: int, z: list[Fraction]) -> Fraction:  # Lemma 35
        s = sum(z, Fraction(0))
        steps = [relu(2 * (s - Fraction(2 * q - 1, 4 * n))) for q in range(1, n + 1)]
        return sum(((-1) ** q * v for q, v in enumerate([relu(s), *steps, relu(s - Fraction(1, 2))])), Fraction(0))

    def f(steps: tuple[int, ...], z: list[Fraction]) -> Fraction:  # the recursion before Lemma 10
        if not steps:
            return Fraction(0)
        corner = [1 - t for t in z[:-1]] + z[-1:]  # the map t of Lemma 36
        return f(steps[:-1], z[:-1]) + g_hat(steps[-1], corner)

    b = min(Fraction(1, 8 * n * prod(folds)) for n in w) if theorem == 13 else Fraction(0)
    return f(w, x) + b


@pytest.mark.parametrize(("folds", "w"), [((4,), (3,)), ((2, 4), (2, 1)), ((2, 2), (1, 2, 3))])
def test_the_function_is_the_printed_one(folds: tuple[int, ...], w: tuple[int, ...]) -> None:
    grid = [Fraction(i, 12) for i in (-3, 0, 1, 2, 5, 7, 12, 14)]
    for theorem in (12, 13):
        net = paper_network(folds, w, theorem)
        for x in product(grid if len(w) < 3 else grid[1:6], repeat=len(w) + 1):
            assert net(list(x)) == reference(folds, w, theorem, list(x))


@pytest.mark.parametrize(("folds", "w"), [case for case in CASES if case[0] != (2,)])
def test_stated_and_computed(folds: tuple[int, ...], w: tuple[int, ...]) -> None:
    """Where the formula and the network differ: an odd w_k has one band less than stated, an even one agrees."""
    stated = printed_lower_bound(folds, w)
    for theorem, relation in ((12, "<"), (13, "<="), (13, "<")):
        computed = all_betti(paper_network(folds, w, theorem), cube=True)[relation]
        assert (computed == stated) == all(n % 2 == 0 for n in w)
        assert all(c <= s for c, s in zip(computed, stated, strict=True))
    # The other sign of the band has them, and so {g ≤ b}: the printed network with −b in place of b.
    net = paper_network(folds, w, 12)
    assert all_betti(net, cube=True)[">"] == stated
    b = Fraction(1, 8 * max(w) * prod(folds))
    cube = pr.Domain.box([0] * net.input_dim, [1] * net.input_dim)
    assert pr.betti_numbers(net, "<=", b, cube) == (stated[0] + 1, *stated[1:])


def test_the_numbers_that_are_quoted() -> None:
    assert [pr.topological_expressivity(paper_network((2, 2), (n,))) for n in (1, 2, 3, 5)] == [
        (0, 0),
        (6, 2),
        (6, 2),
        (12, 4),
    ]
    assert pr.topological_expressivity(paper_network((2, 2), (3, 3))) == (18, 2, 4)
    assert printed_lower_bound((2, 2), (3, 3)) == (36, 4, 8)
    one_fold = paper_network((4,), (2,))
    assert pr.topological_expressivity(one_fold) == (5, 2)
    assert pr.topological_expressivity(one_fold, domain=pr.Domain.box([0, 0], [1, 1])) == (6, 2)


def test_topological_expressivity_is_of_the_closed_sublevel_set() -> None:
    net = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # |x|
    assert pr.topological_expressivity(net) == (1,) == pr.betti_numbers(net, "<=")
    assert pr.betti_numbers(net, "<") == (0,)
    assert pr.topological_expressivity(net, -1) == (0,)
    with pytest.raises(pr.LimitError):
        pr.topological_expressivity(paper_network((4, 4), (4,)), max_cells=10)


@pytest.mark.parametrize(
    ("folds", "w", "theorem", "message"),
    [
        ((), (1,), 13, "folds: expected at least one number"),
        ((3,), (1,), 13, "folds, entry 1: expected an even number, got 3"),
        ((2, 0), (1,), 13, "folds, entry 2: expected at least 2, got 0"),
        ((2,), (), 13, "w: expected at least one number"),
        ((2,), (1, 0), 13, "w, entry 2: expected at least 1, got 0"),
        ((2,), (1,), 14, "theorem: expected 12 or 13, got 14"),
        ((2,), (1,), 11, "theorem: expected at least 12, got 11"),
        ("22", (1,), 13, "folds: expected a sequence of integers"),
    ],
)
def test_what_is_not_admissible(folds: Any, w: Any, theorem: Any, message: str) -> None:
    for function in (paper_network, predicted_paper_betti):
        with pytest.raises(InputError) as caught:
            function(folds, w, theorem)
        assert message in str(caught.value)


def test_nothing_is_predicted_where_bands_meet() -> None:
    with pytest.raises(InputError, match="only in the cube"):
        predicted_paper_betti((4,), (2, 2))
    assert pr.topological_expressivity(paper_network((4,), (2, 2))) == (19, 4, 4)
    assert predicted_paper_betti((4,), (2, 2), cube=True)["<="] == (18, 2, 4)


@pytest.mark.parametrize(
    "arguments",
    [
        ["2,2", "--w", "3"],
        ["2,2", "--w", "2,1", "--theorem", "12"],
        ["4", "--w", "2,3", "--cube"],
        ["4", "--w", "2", "--cube"],
        ["4", "--w", "2"],
    ],
)
def test_the_command(arguments: list[str], tmp_path: Any, capsys: Any) -> None:
    file = str(tmp_path / "net.json")
    assert main(["construct", "paper", *arguments, "-o", file]) == 0
    shown = capsys.readouterr().out
    assert f"polyrelu verify {file} computes them" in shown
    assert main(["verify", file]) == 0
    shown = capsys.readouterr().out
    assert "all claims hold" in shown and ("in the box 0,1;0,1" in shown) == ("--cube" in arguments)
    assert main(["construct", "paper", *arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document["claims"]["betti"]) == set(RELATIONS)


def test_a_claim_about_the_cube_is_not_one_about_the_plane(tmp_path: Any, capsys: Any) -> None:
    file = tmp_path / "net.json"
    assert main(["construct", "paper", "4", "--w", "2", "--cube", "-o", str(file)]) == 0
    assert main(["verify", str(file), "--box", "-1,2"]) == 1  # another box, asked for
    assert main(["verify", str(file), "--betti", "6,2", "--json"]) == 0  # a claim of one's own, in the plane
    assert "box" not in json.loads(capsys.readouterr().out.splitlines()[-1])
    assert main(["verify", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["box"] == [[0, 1], [0, 1]]
    document = json.loads(file.read_text())
    for box in (5, [[0, 1]], [[1, 0], [0, 1]], "0,1", None):
        document["claims"]["box"] = box
        file.write_text(json.dumps(document))
        assert main(["verify", str(file)]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_command_says_what_is_wrong(capsys: Any) -> None:
    wrong = (["3", "--w", "2"], ["4", "--w", "2,2"], ["4"], ["2,2", "--w", "x"], ["2", "--w", "1", "--theorem", "9"])
    for arguments in wrong:
        assert main(["construct", "paper", *arguments]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_indices_of_the_statement_as_typeset() -> None:
    """β_k with exponent k − 1 and w_{k−1}: not what the network has, even where all w_k are even; the proof's is."""
    folds, w, half = (2, 2), (2, 4), 2
    net = paper_network(folds, w)
    typeset = half ** (2 - 1) * (half - 1) * -(-w[2 - 2] // 2)  # k = 2
    assert pr.topological_expressivity(net)[2] == printed_lower_bound(folds, w)[2] == 8 != typeset == 2


@pytest.mark.parametrize("w", [2, 3, 4])
def test_the_bands_of_lemma_35(w: int) -> None:
    """sgn ĝ = (−1)^q on q/4w < s < (q+1)/4w: with the constants 8w and 1/4 of the text, not with 4w and 1/2."""

    def g_hat(s: Fraction, per: int, last: Fraction) -> Fraction:
        terms = [s, *(2 * (s - Fraction(2 * q - 1, per * w)) for q in range(1, w + 1)), s - last]
        return sum(((-1) ** q * max(Fraction(0), t) for q, t in enumerate(terms)), Fraction(0))

    for q in range(w):
        inside = [Fraction(q, 4 * w) + Fraction(i, 16 * w) for i in (1, 2, 3)]
        assert all(g_hat(s, 8, Fraction(1, 4)) * (-1) ** q > 0 for s in inside)
        assert all(g_hat(2 * s, 4, Fraction(1, 2)) == 2 * g_hat(s, 8, Fraction(1, 4)) for s in inside)
    assert all(g_hat(Fraction(1, 4 * w) + Fraction(i, 16 * w), 4, Fraction(1, 2)) > 0 for i in (1, 2, 3))  # q = 1
