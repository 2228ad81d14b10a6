"""The paper's lower bound: corners of shells, and a network that reaches it in every degree, predicted and computed."""

from __future__ import annotations

from itertools import product
from math import comb, prod
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from polyrelu.cli import main
from polyrelu.constructions import (
    corner_counts,
    lower_bound_network,
    paper_lower_bound,
    predicted_betti,
    shells,
)
from polyrelu.constructions.corners import words
from polyrelu.constructions.lower_bound import lower_bound_shells
from polyrelu.errors import InputError
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from polyrelu.topology.homology import homology
from support.strategies import examples

RELATIONS = (">", ">=", "<", "<=", "=")


def all_betti(net: Network) -> dict[str, tuple[int, ...]]:
    complex_ = subdivide(net, level=0)
    return {relation: homology(complex_.region(relation)).betti for relation in RELATIONS}


def as_proved(architecture: tuple[int, ...], w: tuple[int, ...]) -> list[int]:
    """The paper's numbers, degree by degree as in the induction of B.6: p_d annuli and p'_d disks, w = w_{d−1}."""
    d = architecture[0]
    m = prod(2 * (n // (2 * d)) for n in architecture[1:-2])
    betti = [0] * d
    for dim in range(2, d + 1):
        half_up = -(-w[dim - 2] // 2)
        annuli = m ** (dim - 1) * (m // 2 - 1) * half_up // 2 ** (dim - 1)
        disks = m ** (dim - 1) * half_up // 2 ** (dim - 2)
        betti[0] += annuli + disks
        betti[dim - 1] = annuli
    return betti


# --- corners ---


def excluded(length: int, zeros: int) -> int:
    """The most words of this kind that shorter words with both letters, one of each length, can begin."""
    return sum(
        max(comb(length - m, zeros - z) for z in range(1, m) if z <= zeros and length - m >= zeros - z >= 0)
        for m in range(2, length)
        if any(z <= zeros and length - m >= zeros - z >= 0 for z in range(1, m))
    )


def test_there_is_always_a_word_left() -> None:
    """The inequality that the docstring of `words` proves, for all lengths below 40 and some up to 128."""
    for length in [*range(2, 40), *range(40, 129, 8)]:
        for zeros in range(1, length):
            assert excluded(length, zeros) < comb(length, zeros)


@given(st.data())
@examples(150)
def test_words_are_a_prefix_code(data: st.DataObject) -> None:
    d = data.draw(st.integers(2, 12))
    zeros = tuple(data.draw(st.integers(1, k)) for k in range(1, d))
    used = tuple(k for k in range(1, d) if data.draw(st.booleans()))
    found = words(zeros, used)
    assert set(found) == set(used)
    for k, word in found.items():
        assert len(word) == k + 1 and word.count(0) == zeros[k - 1] and set(word) <= {0, 1}
        assert all(word != other[: k + 1] for j, other in found.items() if j > k)


@pytest.mark.parametrize("d", range(2, 6))
def test_the_corners_named_in_the_text(d: int) -> None:
    used = tuple(range(1, d))
    assert words(used, used) == {k: (0,) * k + (1,) for k in used}
    assert all(word.count(0) == 1 for word in words((1,) * (d - 1), used).values())
    assert words((0,) * (d - 1), used[-1:]) == {d - 1: (1,) * d}


@pytest.mark.parametrize("d", [2, 3, 4])
def test_corners_are_counted(d: int) -> None:
    """By enumeration of the points of the cube that fold to the corner."""
    architecture = (d, 4 * d, 2 * d, 8, 1)
    m = 8
    for zeros in product(*(range(k + 1) for k in range(1, d))):
        for k, counts in enumerate(corner_counts(architecture, "paper", zeros), 1):
            evens, odds = range(0, m + 1, 2), range(1, m, 2)
            points = list(product(*[evens] * zeros[k - 1], *[odds] * (k + 1 - zeros[k - 1])))
            inside = [p for p in points if all(0 < x < m for x in p)]
            assert counts == (len(points), len(inside))


CASES = [
    ((2, 4, 4, 1), (3,), 0),
    ((2, 8, 4, 1), (4,), (0,)),
    ((2, 4, 4, 3, 1), (3,), 1),
    ((3, 6, 7, 1), (2, 2), 1),
    ((3, 8, 6, 1), (2, 3), (1, 1)),  # the two neurons left over close the outside
    ((3, 7, 7, 1), (3, 3), (1, 1)),  # one of each
    ((3, 12, 6, 1), (2, 2), 1),
    ((3, 6, 6, 4, 1), (0, 3), (1, 0)),
    ((3, 6, 5, 1), (0, 3), 1),
    ((3, 6, 6, 5, 1), (3, 2), (1, 1)),
    ((4, 8, 9, 1), (2, 2, 2), 1),
    ((4, 8, 10, 1), (1, 2, 3), (1, 2, 1)),
    ((4, 9, 8, 1), (1, 2, 2), (1, 1, 2)),
    ((4, 8, 5, 1), (0, 0, 3), 2),
    ((4, 8, 8, 1), (2, 0, 3), (1, 2, 2)),
]


@pytest.mark.parametrize(("architecture", "cuts", "corner"), CASES)
def test_shells_around_other_corners(architecture: tuple[int, ...], cuts: tuple[int, ...], corner: object) -> None:
    net = shells(architecture, cuts, corner=corner)
    assert net.architecture == architecture
    assert all_betti(net) == predicted_betti(architecture, cuts, corner=corner)


@given(st.data())
@examples(30)
def test_any_shells_around_any_corner(data: st.DataObject) -> None:
    d = data.draw(st.integers(2, 4))
    depth = data.draw(st.integers(2, 3))
    zeros = tuple(data.draw(st.integers(1, k)) for k in range(1, d))
    cuts = tuple(data.draw(st.integers(0, 3)) for _ in range(d - 1))
    folds = [data.draw(st.integers(2 * d, 2 * d + (2 * d if d < 4 else 1))) for _ in range(depth - 1)]
    architecture = (d, *folds, sum(cuts) + d, 1)
    predicted = predicted_betti(architecture, cuts, corner=zeros)
    assume(predicted["="][0] <= (40 if d == 4 else 150))
    assert all_betti(shells(architecture, cuts, corner=zeros)) == predicted


@pytest.mark.parametrize(
    ("corner", "variant", "message"),
    [
        ((1, 3), "paper", "a_2, coordinates at 0 of 3 with at least one at 1, is at most 2, got 3"),
        ((1,), "paper", "expected one number or d − 1 = 2 numbers"),
        (0, "paper", "with a_1 = 0 cuts of degree 1 leave no room"),
        ((1, 0), "paper", "with a_2 = 0 cuts of degree 2 leave no room"),
        (-1, "paper", "at least 0, got -1"),
        (True, "paper", "corner: expected a sequence of integers, got True"),
        (1.5, "paper", "corner: expected a sequence"),
        (1, "interior", 'only variant "paper" has a choice of corners'),
    ],
)
def test_corners_that_do_not_exist(corner: object, variant: str, message: str) -> None:
    for function in (shells, predicted_betti):
        with pytest.raises(InputError) as caught:
            function((3, 6, 6, 4, 1), (2, 2), variant, corner)
        assert message in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "betti"),
    [
        (["shells", "3-12-8-1", "--cuts", "3,3", "--corner", "1"], [36, 2, 4]),
        (["shells", "3-6-6-6-1", "--cuts", "3,3", "--corner", "1,1"], [36, 2, 4]),
        (["lower-bound", "3-12-8-1", "--w", "2,2"], [36, 2, 4]),
    ],
)
def test_the_command(arguments: list[str], betti: list[int], tmp_path: Any, capsys: Any) -> None:
    file = str(tmp_path / "net.json")
    assert main(["construct", *arguments, "-o", file]) == 0
    assert f"{{F > 0}}: {', '.join(map(str, betti))}" in capsys.readouterr().out
    assert main(["verify", file]) == 0
    assert main(["construct", "shells", "3-6-6-6-1", "--cuts", "3,3", "--corner", "9,9"]) == 2


# --- the bound ---


def test_the_example_that_an_earlier_choice_missed() -> None:
    architecture, w = (3, 12, 8, 1), (2, 2)
    assert predicted_betti(architecture, (3, 3))[">"] == (48, 2, 2)
    assert paper_lower_bound(architecture, w) == (18, 2, 4)
    found = all_betti(lower_bound_network(architecture, w))
    assert found[">"] == found[">="] == (36, 2, 4)


def admissible(d: int, limit: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """All architectures of one or two folds with at most `limit` hidden neurons, and all w that fit."""
    found = []
    for folds in [*product(range(2 * d, limit), repeat=1), *product(range(2 * d, limit), repeat=2)]:
        for last in range(2 * (d - 1), limit - sum(folds) + 1):
            steps = product(range(last - 2 * (d - 1) + 1), repeat=d - 1)
            found += [((d, *folds, last, 1), w) for w in steps if sum(w) + 2 * (d - 1) <= last]
    return found


@pytest.mark.parametrize(
    ("d", "limit"),
    [(2, 18), (3, 22), (4, 25)] + [pytest.param(*case, marks=pytest.mark.slow) for case in [(2, 24), (3, 25)]],
)
def test_every_small_architecture(d: int, limit: int) -> None:
    cases = admissible(d, limit)
    assert len(cases) > 100
    for architecture, w in cases:
        bound = paper_lower_bound(architecture, w)
        assert list(bound) == as_proved(architecture, w)
        predicted = predicted_betti(*lower_bound_shells(architecture, w))
        for relation in (">", ">="):
            assert all(p >= b for p, b in zip(predicted[relation], bound, strict=True)), (architecture, w)


@given(st.data())
@examples(150)
def test_any_admissible_architecture(data: st.DataObject) -> None:
    d = data.draw(st.integers(2, 5))
    w = tuple(data.draw(st.integers(0, 9)) for _ in range(d - 1))
    folds = [data.draw(st.integers(2 * d, 9 * d)) for _ in range(data.draw(st.integers(1, 4)))]
    last = max(1, sum(w) + 2 * (d - 1) + data.draw(st.integers(0, 9)))
    architecture = (d, *folds, last, 1)
    chosen = lower_bound_shells(architecture, w)
    assert lower_bound_network(architecture, w).architecture == architecture
    for relation in (">", ">="):
        predicted = predicted_betti(*chosen)[relation]
        assert all(p >= b for p, b in zip(predicted, as_proved(architecture, w), strict=True))


def check_bound(architecture: tuple[int, ...], w: tuple[int, ...]) -> None:
    """By computation of the network: at least the bound, and all that is predicted."""
    net = lower_bound_network(architecture, w)
    found = all_betti(net)
    assert found == predicted_betti(*lower_bound_shells(architecture, w))
    assert all(b >= p for b, p in zip(found[">"], as_proved(architecture, w), strict=True))


@pytest.mark.parametrize(
    ("architecture", "w"),
    [
        ((2, 8, 5, 1), (3,)),
        ((2, 4, 4, 5, 1), (3,)),
        ((2, 8, 8, 7, 1), (5,)),
        ((2, 4, 4, 4, 4, 5, 1), (3,)),
        ((3, 12, 8, 1), (2, 2)),
        ((3, 12, 11, 1), (3, 4)),
        ((3, 18, 8, 1), (2, 2)),
        ((3, 13, 9, 1), (1, 4)),
        ((3, 6, 6, 9, 1), (3, 2)),
        ((3, 12, 6, 8, 1), (1, 2)),
        ((4, 8, 12, 1), (2, 3, 1)),
        ((4, 16, 9, 1), (1, 1, 1)),
        ((5, 10, 12, 1), (1, 1, 1, 1)),
    ],
)
def test_the_bound_is_reached(architecture: tuple[int, ...], w: tuple[int, ...]) -> None:
    check_bound(architecture, w)


@pytest.mark.slow
@pytest.mark.parametrize(("d", "limit"), [(2, 16), (3, 17), (4, 18)])
def test_every_small_architecture_computed(d: int, limit: int) -> None:
    for architecture, w in admissible(d, limit):
        check_bound(architecture, w)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "w"),
    [((2, 8, 8, 8, 7, 1), (5,)), ((3, 12, 12, 8, 1), (2, 2)), ((4, 16, 12, 1), (2, 2, 2)), ((5, 10, 16, 1), (2,) * 4)],
)
def test_the_bound_is_reached_by_large_ones(architecture: tuple[int, ...], w: tuple[int, ...]) -> None:
    check_bound(architecture, w)
