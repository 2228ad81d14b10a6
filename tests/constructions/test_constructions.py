"""Constructed networks against the engine: what is predicted by proof is what is computed, in all five regions."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from polyrelu.analysis.pipeline import betti_numbers
from polyrelu.constructions import (
    corner_counts,
    folding,
    lower_bound_network,
    maximum,
    network_with_betti,
    paper_lower_bound,
    predicted_betti,
    sawtooth,
    shells,
)
from polyrelu.constructions.layers import Curve, fold_count, mixed_fold, plain_fold, unit
from polyrelu.constructions.lower_bound import lower_bound_shells
from polyrelu.errors import InputError
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from polyrelu.topology.homology import homology
from support.known_answers import SHELLS, Shells
from support.known_answers import shells as reference_shells
from support.strategies import examples

RELATIONS = (">", ">=", "<", "<=", "=")
VARIANTS = ("paper", "interior")


def all_betti(net: Network) -> dict[str, tuple[int, ...]]:
    complex_ = subdivide(net, level=0)
    return {relation: homology(complex_.region(relation)).betti for relation in RELATIONS}


# --- shells ---


@pytest.mark.parametrize("case", SHELLS, ids=lambda case: str(case.architecture))
def test_shells_have_the_known_numbers(case: Shells) -> None:
    net = shells(case.architecture, case.cuts)
    assert net.architecture == case.architecture
    assert predicted_betti(case.architecture, case.cuts)[">"] == case.betti
    if len(case.architecture) > 4:  # with one folding layer fewer neurons are spent on the outside here
        assert net == reference_shells(case.architecture, case.cuts)
    if case.architecture[0] < 4:
        assert all_betti(net) == predicted_betti(case.architecture, case.cuts)


@pytest.mark.parametrize(
    ("architecture", "cuts", "variant"),
    [
        ((2, 5, 4, 1), {1: 4}, "paper"),  # the neuron left over closes the outside
        ((2, 4, 4, 1), {1: 3}, "paper"),  # a neuron of the last layer does
        ((3, 7, 6, 1), {1: 2, 2: 3}, "paper"),  # one each
        ((4, 8, 8, 1), {1: 3, 3: 2}, "paper"),  # components over s_1 end where the fourth coordinate is closed
        ((4, 9, 7, 1), {2: 2, 3: 3}, "paper"),
        ((2, 4, 4, 3, 1), (3,), "paper"),
        ((2, 2, 2, 4, 3, 1), (3,), "interior"),
        ((2, 3, 5, 2, 1), (2,), "interior"),
        ((2, 9, 4, 2, 1), (2,), "interior"),
        ((3, 7, 6, 1), (2, 3), "interior"),
        ((3, 3, 8, 5, 1), (3, 2), "interior"),
        ((4, 8, 6, 1), (2, 2, 2), "interior"),
        ((2, 4, 4, 4, 4, 3, 1), (3,), "paper"),
        ((2, 2, 6, 3, 4, 2, 1), (2,), "interior"),
        ((3, 3, 4, 3, 6, 4, 1), (2, 2), "interior"),
        ((4, 4, 4, 6, 8, 6, 1), (2, 3, 1), "interior"),
    ],
)
def test_predicted_is_computed(architecture: tuple[int, ...], cuts: object, variant: str) -> None:
    net = shells(architecture, cuts, variant)
    assert net.architecture == architecture
    assert all_betti(net) == predicted_betti(architecture, cuts, variant)


@st.composite
def admissible(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...], str]:
    d = draw(st.integers(2, 4))
    depth = draw(st.integers(2, 4))
    variant = draw(st.sampled_from(VARIANTS))
    widest = 9 if d == 4 else 8
    first = [draw(st.integers(2 * d if variant == "paper" else d, widest)) for _ in range(depth - 2)]
    last_fold = draw(st.integers(2 * d, widest))
    cuts = tuple(draw(st.integers(0, 3)) for _ in range(d - 1))
    closing = max((k for k, c in enumerate(cuts, 1) if c), default=0) if variant == "paper" and depth == 2 else 0
    width = max(1, sum(cuts) + closing + draw(st.integers(0, 1)))
    return (d, *first, last_fold, width, 1), cuts, variant


@given(admissible())
@examples(30)
def test_any_shells(case: tuple[tuple[int, ...], tuple[int, ...], str]) -> None:
    architecture, cuts, variant = case
    predicted = predicted_betti(*case)
    assume(predicted["="][0] <= (40 if architecture[0] == 4 else 200))
    net = shells(*case)
    assert net.architecture == architecture
    assert all_betti(net) == predicted
    counts = corner_counts(architecture, variant)
    assert predicted[">"][0] == sum(a * ((c + 1) // 2) for (a, _), c in zip(counts, cuts, strict=True))
    assert predicted[">"][1:] == tuple(b * (c // 2) for (_, b), c in zip(counts, cuts, strict=True))


def test_shells_read_cuts_in_every_form() -> None:
    net = shells((3, 6, 6, 4, 1), (0, 3))
    assert net == shells([3, 6, 6, 4, 1], {2: 3}) == shells(np.array([3, 6, 6, 4, 1]), np.array([0, 3]))
    assert predicted_betti((2, 4, 4, 2, 1), {}) == {">": (0, 0), ">=": (0, 0), "<": (1, 0), "<=": (1, 0), "=": (0, 0)}


@pytest.mark.parametrize(
    ("architecture", "cuts", "variant", "message"),
    [
        ((2, 3, 4, 1), (1,), "paper", "shells: layer 1: expected n_1 ≥ 2d = 4, got 3"),
        ((3, 6, 4, 4, 1), (1, 1), "paper", "layer 2: expected n_2 ≥ 2d = 6, got 4"),
        ((3, 2, 6, 4, 1), (1, 1), "interior", "layer 1: expected n_1 ≥ d = 3, got 2"),
        ((3, 5, 4, 1), (1, 1), "interior", "layer 1: expected n_1 ≥ 2d = 6, got 5"),
        ((2, 4, 4, 4, 1), (6,), "paper", "expected n_L ≥ Σ c_k = 6, got 4"),
        ((2, 4, 4, 1), (4,), "paper", "expected n_L ≥ Σ c_k + 1 = 5, got 4 (1 neuron must close the outside)"),
        ((1, 4, 4, 1), (), "paper", "expected d ≥ 2, got 1"),
        ((2, 4, 1), (1,), "paper", "at least 2 hidden"),
        ((2, 4, 4, 2), (1,), "paper", "one output"),
        ((2, 4, 4, 1), (1, 1), "paper", "expected d − 1 = 1 numbers"),
        ((2, 4, 4, 1), {2: 1}, "paper", "at most d − 1 = 1, got 2"),
        ((2, 4, 4, 1), {0: 1}, "paper", "at least 1"),
        ((2, 4, 4, 1), (-1,), "paper", "at least 0, got -1"),
        ((2, 4, 4, 1), (True,), "paper", "expected an integer"),
        ((2, 4, 4, 1), "1", "paper", "sequence of integers"),
        ((2, 4, 4.5, 1), (1,), "paper", "architecture, entry 3: expected an integer, got 4.5"),
        (7, (1,), "paper", "architecture: expected a sequence"),
        ((2, 4, 4, 1), (1,), "rings", "variant: expected one of paper, interior"),
    ],
)
def test_what_is_not_admissible(architecture: object, cuts: object, variant: str, message: str) -> None:
    for function in (shells, predicted_betti):
        with pytest.raises(InputError) as caught:
            function(architecture, cuts, variant)
        assert message in str(caught.value)


@pytest.mark.parametrize(
    "architecture",
    [
        (2, 4, 2, 1),
        (2, 4, 4, 1),
        (2, 8, 6, 1),
        (2, 5, 5, 1),
        (2, 4, 4, 4, 1),
        (2, 7, 4, 3, 1),
        (3, 6, 5, 1),
        (3, 6, 6, 6, 1),
    ],
)
def test_lower_bound_network_reaches_the_bound(architecture: tuple[int, ...]) -> None:
    net = lower_bound_network(architecture)
    assert net.architecture == architecture
    bound = paper_lower_bound(architecture)
    assert all(b >= c for b, c in zip(betti_numbers(net, ">"), bound, strict=True))


@given(st.data())
@examples(100)
def test_lower_bound_network_for_any_w(data: st.DataObject) -> None:
    d = data.draw(st.integers(2, 5))
    w = tuple(data.draw(st.integers(0, 5)) for _ in range(d - 1))
    folds = [data.draw(st.integers(2 * d, 7 * d)) for _ in range(data.draw(st.integers(1, 3)))]
    architecture = (d, *folds, sum(w) + 2 * (d - 1) + data.draw(st.integers(0, 2)), 1)
    predicted = predicted_betti(*lower_bound_shells(architecture, w))[">"]
    assert all(p >= b for p, b in zip(predicted, paper_lower_bound(architecture, w), strict=True))


def test_lower_bound_network_says_what_is_wrong() -> None:
    with pytest.raises(InputError, match=r"expected n_L ≥ Σ \(w_k \+ 2\) = 7, got 4"):
        lower_bound_network((3, 6, 4, 1), (1, 2))
    with pytest.raises(InputError, match=r"expected n_L ≥ 2\(d − 1\) = 4, got 3"):
        lower_bound_network((3, 6, 3, 1))
    with pytest.raises(InputError, match="expected d − 1 = 2 numbers, got 1"):
        lower_bound_network((3, 6, 8, 1), (1,))


# --- prescribed Betti numbers ---

PRESCRIBED = [
    *product(range(5)),
    *product(range(4), range(4)),
    *product(range(3), range(3), range(3)),
    (2, 1, 1, 1),
    (1, 2, 0, 1),
    (3, 0, 2, 0),
    (1, 1, 1, 1, 1),
    (50, 20),
    (500,),
]


@pytest.mark.parametrize("betti", [b for b in PRESCRIBED if b[0] or not any(b)], ids=str)
def test_prescribed_betti_numbers(betti: tuple[int, ...]) -> None:
    net = network_with_betti(betti)
    complex_ = subdivide(net, level=0)
    for relation in (">", ">="):
        h = homology(complex_.region(relation))
        assert h.betti == betti
        assert not any(h.torsion)


def test_prescribed_networks_are_small() -> None:
    d, total = 4, 10**9 - 1 + 3 * 10**8
    net = network_with_betti((10**9, 10**8, 10**8, 10**8))
    assert net.depth == (total - 1).bit_length() + 2
    assert max(net.architecture[1:-1]) <= 2 * d + 2


@pytest.mark.parametrize(
    ("betti", "message"),
    [
        ((0, 2), "b_0 = 0 but b_1 = 2"),
        ((), "d ≥ 1"),
        ((1, -1), "entry 2: expected at least 0"),
        ((1.5,), "entry 1: expected an integer"),
        (3, "expected a sequence"),
    ],
)
def test_impossible_betti_numbers(betti: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        network_with_betti(betti)
    assert message in str(caught.value)


# --- folds, sawtooth, maximum ---


def network_of(curve: Curve) -> Network:
    forms = curve.preactivations(unit(0))
    output = curve.read([unit(i) for i in range(len(forms))])
    weights = [[form.row(1) for form in forms], [output.row(len(forms))]]
    return Network(weights, [[form.constant for form in forms], [output.constant]])


@pytest.mark.parametrize("curve", [*map(plain_fold, range(1, 8)), *map(mixed_fold, range(1, 10))], ids=lambda _: "")
def test_curves_are_what_they_say(curve: Curve) -> None:
    """A curve read off its neurons takes its values at the thresholds and has its slopes outside."""
    net = network_of(curve)
    assert [net(t) for t in curve.thresholds] == list(curve.values)
    first, last = curve.thresholds[0], curve.thresholds[-1]
    assert net(first) - net(first - 1) == curve.left
    assert net(last + 1) - net(last) == curve.right


@pytest.mark.parametrize("neurons", range(1, 9))
def test_folds_cover_the_interval(neurons: int) -> None:
    net = network_of(mixed_fold(neurons))
    assert betti_numbers(net, "=", Fraction(1, 2)) == (fold_count(neurons),)
    assert not {net(x) for x in (Fraction(-1, 9), Fraction(10, 9))} & {Fraction(j, 9) for j in range(1, 9)}


@pytest.mark.parametrize(("depth", "pieces"), [(1, 1), (1, 2), (2, 1), (4, 2), (2, 3), (3, 3), (2, 4), (8, 2)])
def test_sawtooth(depth: int, pieces: int) -> None:
    net = sawtooth(depth, pieces)
    assert net.architecture == (1, *[pieces] * depth, 1)
    count = pieces**depth
    assert [net(Fraction(j, count)) for j in range(count + 1)] == [j % 2 for j in range(count + 1)]
    assert betti_numbers(net, ">", Fraction(1, 2)) == ((count + 1) // 2,)


@pytest.mark.parametrize(
    "architecture",
    [
        (2, 4, 3, 1),
        (2, 7, 2, 1),
        (2, 4, 6, 3, 1),
        (3, 10, 3, 1),
        (3, 7, 1),
        (4, 4, 3, 1),
        (1, 3, 4, 2, 1),
        (2, 3, 1, 1),
    ],
)
def test_folding_has_the_regions(architecture: tuple[int, ...]) -> None:
    d, *hidden, _ = architecture
    last = sum(comb(hidden[-1], j) for j in range(d + 1))
    plain, mixed = folding(architecture), folding(architecture, mixed=True)
    assert plain.architecture == mixed.architecture == architecture
    boxes = mixed_boxes = 1
    for n in hidden[:-1]:
        boxes *= (n // d) ** d
        for i in range(d):
            mixed_boxes *= fold_count(n // d + (i < n % d))
    assert subdivide(plain).n_regions >= boxes * last
    assert subdivide(mixed).n_regions >= mixed_boxes * last


def test_folding_with_several_outputs_and_without_room() -> None:
    assert folding((2, 4, 3, 5)).architecture == (2, 4, 3, 5)
    with pytest.raises(InputError, match=r"layer 1: expected n_1 ≥ d = 3, got 2"):
        folding((3, 2, 5, 1))
    with pytest.raises(InputError, match="at least 1 hidden"):
        folding((3, 1))


@pytest.mark.parametrize("n", range(1, 10))
def test_maximum(n: int) -> None:
    net = maximum(n)
    assert net.depth == (n - 1).bit_length()
    rng = np.random.default_rng(n)
    for x in rng.integers(-9, 10, size=(40, n)):
        assert net(x) == max(x)


def test_counts_have_to_be_positive() -> None:
    for call in (lambda: maximum(0), lambda: sawtooth(0), lambda: sawtooth(2, 0), lambda: maximum("3")):
        with pytest.raises(InputError, match="expected"):
            call()
