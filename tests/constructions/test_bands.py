"""Several classes as bands, and recurrent networks: what is predicted against what is computed."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import polyrelu.cli
from polyrelu.analysis.class_homology import class_betti_numbers
from polyrelu.analysis.identity import identical
from polyrelu.analysis.pipeline import betti_numbers
from polyrelu.analysis.verification import verify, verify_claims
from polyrelu.constructions import (
    band_formulas,
    banded,
    bands,
    fold_block,
    paper_network,
    predicted_band_betti,
    predicted_betti,
    predicted_paper_betti,
    predicted_recurrent_betti,
    recurrent,
    repeated,
    shells,
    state_block,
)
from polyrelu.constructions.nested_shells import closing_neurons, cut_network
from polyrelu.constructions.recurrence import KINDS
from polyrelu.errors import InputError, LimitError, NetworkError, NumberError
from polyrelu.geometry.classes import classify
from polyrelu.geometry.refinement import refine
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from polyrelu.readers import load
from polyrelu.topology.homology import homology
from support.strategies import examples, levels, networks, points

CASES: list[tuple[Any, ...]] = [
    ((2, 4, 1, 1), [1], "interior", None),
    ((2, 4, 3, 1), [3], "interior", None),
    ((2, 5, 2, 1), [2], "interior", None),
    ((2, 3, 4, 5, 1), [5], "interior", None),
    ((2, 4, 4, 2, 1), [2], "paper", None),
    ((2, 4, 4, 3, 1), [3], "paper", 1),
    ((2, 4, 2, 1), [2], "paper", 0),
    ((2, 6, 2, 1), [2], "paper", 1),  # two neurons of the fold close the outside
    ((3, 6, 3, 1), [1, 2], "interior", None),
    ((3, 6, 6, 2, 1), [1, 1], "paper", None),
    ((3, 6, 6, 2, 1), [1, 1], "paper", 1),
    ((3, 6, 6, 3, 1), {2: 3}, "paper", (1, 0)),
    ((4, 8, 3, 1), [1, 1, 1], "interior", None),
]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("classes", [1, 2, 3])
def test_every_class_has_the_predicted_numbers(case: Any, classes: int) -> None:
    net, expected, texts = bands(*case), predicted_band_betti(*case), band_formulas(classes)
    refinement = refine(net, texts)
    for text in texts:
        region = refinement.region(text)
        assert not (region.is_open or region.is_closed)
        found = homology(region)
        assert (found.betti, any(found.torsion)) == (expected, False), text


@pytest.mark.parametrize("case", CASES[1:-1], ids=str)
def test_they_are_twice_those_of_the_sublevel_set_for_even_cuts(case: Any) -> None:
    architecture, _, *rest = case
    d = architecture[0]
    cuts = [2 * (k == d - 1) for k in range(1, d)]
    if architecture[-2] < 2 or closing_neurons(architecture, cuts, *rest):
        return
    twice = tuple(2 * b for b in predicted_betti(architecture, cuts, *rest)[">="])
    assert predicted_band_betti(architecture, cuts, *rest) == twice
    assert betti_numbers(bands(architecture, cuts, *rest), "<=") == tuple(b // 2 for b in twice)


@examples(100)
@given(st.data())
def test_prediction_for_all_admissible_arguments(data: Any) -> None:
    """All classes have the same numbers, at least those of {F > 0}, and exactly where all numbers are small."""
    d = data.draw(st.integers(2, 4))
    hidden = data.draw(st.lists(st.integers(2 * d, 4 * d), min_size=1, max_size=3))
    cuts = data.draw(st.lists(st.integers(0, 4), min_size=d - 1, max_size=d - 1))
    variant, corner = data.draw(st.sampled_from([("interior", None), ("paper", None), ("paper", 1)]))
    architecture = (d, *hidden, sum(cuts) + d, 1)
    if closing_neurons(architecture, cuts, variant, corner):
        with pytest.raises(InputError, match="parts of a class would meet"):
            bands(architecture, cuts, variant, corner)
        return
    betti = predicted_band_betti(architecture, cuts, variant, corner)
    above = predicted_betti(architecture, cuts, variant, corner)[">"]
    assert all(a <= b <= 2 * a for a, b in zip(above[:1], betti[:1], strict=True))
    assert all(b >= 2 * a for a, b in zip(above[1:], betti[1:], strict=True))
    if d == 2 and betti[0] <= 40:
        net = bands(architecture, cuts, variant, corner)
        for text in band_formulas(data.draw(st.integers(1, 4))):
            assert betti_numbers(net, where=text) == betti


def test_a_closed_outside_joins_parts() -> None:
    """Why it is refused: here 6 corners with 2 cuts each would have 12 parts, but F falls through the band outside."""
    architecture, cuts = (2, 8, 6, 1), [2]
    assert closing_neurons(architecture, cuts, "paper") == 1
    with pytest.raises(InputError, match="closed by 1 neuron"):
        bands(architecture, cuts, "paper")
    corners = 6
    found = [betti_numbers(-shells(architecture, cuts, "paper"), where=text) for text in band_formulas(2)]
    assert all(betti[0] < 2 * corners for betti in found)


def test_formulas() -> None:
    assert band_formulas(3) == ("-1/3 < F <= 0", "-2/3 < F <= -1/3", "-1 < F <= -2/3")
    assert band_formulas(1) == ("-1 < F <= 0",)
    for wrong in (0, -1, "2", 1.0, None):
        with pytest.raises(InputError, match="classes"):
            band_formulas(wrong)


@examples(20)
@given(st.data())
def test_a_banded_network_classifies_by_bands(data: Any) -> None:
    net = data.draw(networks(dims=(1, 2), widths={1: [(3,), (2, 2)], 2: [(3,), (4,), (2, 2)]}))
    steps = sorted({data.draw(levels(net)) for _ in range(data.draw(st.integers(1, 3)))})
    classifier = banded(net, steps)
    assert classifier.output_dim == len(steps) + 1
    for _ in range(5):
        x = data.draw(points(net.input_dim))
        value, outputs = net(x), classifier(x)
        below = sum(t < value for t in steps)
        winners = [i for i, v in enumerate(outputs) if v == max(outputs)]
        assert winners == ([below, below + 1] if value in steps else [below])
    ends = ["", *map(str, steps), ""]
    texts = [
        " < ".join(part for part in (ends[i], "F", ends[i + 1]) if part) for i in range(len(steps) + 1)
    ]
    regions = [homology(refine(net, text).region()) for text in texts]
    partition = classify(classifier)
    assert regions == [homology(partition.region(i)) for i in range(len(texts))]


def test_a_classifier_of_all_classes() -> None:
    classes = 3
    net = bands((2, 4, 3, 1), [3])
    found = class_betti_numbers(banded(net, [Fraction(-p, classes) for p in range(classes, -1, -1)]))
    assert found[0] == (0, 0)  # nothing is below −1
    assert found[1:-1] == (predicted_band_betti((2, 4, 3, 1), [3]),) * classes
    assert found[-1] == betti_numbers(net, ">")


def test_errors_of_banded() -> None:
    net = Network([[[1]]], [[0]])
    with pytest.raises(InputError, match="1 comes before 1"):
        banded(net, [1, 1])
    with pytest.raises(NumberError, match="levels"):
        banded(net, ["x"])
    with pytest.raises(NetworkError, match="2 outputs"):
        banded(Network([[[1], [1]]], [[0, 0]]), [0])
    with pytest.raises(InputError, match="expected a Network"):
        banded(3, [0])  # type: ignore[arg-type]
    assert banded(net, []).output_dim == 1


# ---- recurrent networks -------------------------------------------------------------------------------------------

RECURRENT: list[tuple[Any, ...]] = [
    (2, 2, 2, [1]),
    (2, 2, 2, [3]),
    (2, 4, 2, [2]),
    (2, 2, 3, [2]),
    (3, 2, 2, [2, 1]),
    (3, 2, 2, {2: 1}),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", RECURRENT, ids=str)
def test_recurrent_networks_are_shells(case: Any, kind: Any) -> None:
    d, folds, steps, cuts = case
    net = recurrent(d, folds, steps, cuts, kind)
    total = sum(cuts.values()) if isinstance(cuts, dict) else sum(cuts)
    same = shells((d, *[d * folds] * steps, total, 1), cuts)
    assert identical(net, same)
    predicted = predicted_recurrent_betti(d, folds, steps, cuts, kind)
    assert predicted == predicted_betti(same.architecture, cuts)
    assert verify(net, betti=predicted)
    block = [d * folds] if kind == "dense" else [d * folds, d + total]
    assert net.architecture == (d, *block * steps, *([total] if kind == "dense" else []), 1)


@pytest.mark.parametrize("corner", [None, 1])
def test_the_paper_says_so_many_shells(corner: Any) -> None:
    """Ω(m^(dT) w) shells after T steps: exponential with exponent d in T, by prediction, for both forms."""
    for d in (2, 3, 4):
        for kind in KINDS:
            counts = [
                predicted_recurrent_betti(d, 4, steps, [0] * (d - 2) + [6], kind, corner)[">"] for steps in range(2, 8)
            ]
            for steps, betti in enumerate(counts, 2):
                big = Fraction(4**steps) ** d
                assert betti[0] >= big * 3 / 2**d
                assert betti[d - 1] >= (big * 3 / 2**d) / 4  # (M/2 − 1)^a (M/2)^b


def test_weights_are_shared() -> None:
    dense, state = recurrent(2, 4, 4, [2]), recurrent(2, 4, 4, [2], "state")
    assert dense.weights[1] == dense.weights[2] == dense.weights[3]
    assert dense.biases[0] == dense.biases[1] == dense.biases[2] == dense.biases[3]
    assert state.weights[1] == state.weights[3] == state.weights[5] == state.weights[7]
    assert state.weights[2] == state.weights[4] == state.weights[6]
    block = state_block(2, 4, [2])
    assert block.architecture == (3, 8, 4, 3)
    assert fold_block(2, 4).architecture == (2, 8, 2)


@examples(30)
@given(st.data())
def test_a_recurrent_network_runs_step_by_step(data: Any) -> None:
    """Unfolded networks against loops over their blocks."""
    folds, steps = data.draw(st.sampled_from([2, 4])), data.draw(st.integers(2, 5))
    x = data.draw(points(2))
    assume(all(abs(value) < 10 for value in x))
    block, cut = fold_block(2, folds), cut_network(2, [3])
    state: Any = x
    for _ in range(steps):
        state = block(state)
    assert repeated(block, steps)(x) == state
    value = cut(state)
    assert recurrent(2, folds, steps, [3])(x) == value
    whole = state_block(2, folds, [3])
    start = data.draw(st.integers(-3, 3))  # what is in the state at first is forgotten
    state = (*x, Fraction(start))
    for _ in range(steps):
        state = whole(state)
    assert state[-1] == value == recurrent(2, folds, steps, [3], "state")(x)


def test_the_printed_block_dies_when_fed_to_all_coordinates() -> None:
    """(λ f) ∘ h has one output; given to all d inputs, what is computed is zero from the second application on."""
    for folds, w in ((2, [1]), (4, [2]), (2, [1, 2])):
        block = paper_network([folds], w, theorem=12)
        d = block.input_dim
        with pytest.raises(InputError, match=f"{d} inputs and 1 outputs"):
            repeated(block, 2)
        highest = max(block(x) for x in subdivide(block, domain=[(0, 1)] * d).vertices())
        fed = block.scaled(d * highest).followed_by(Network([[[1]] * d], [[0] * d]))
        assert not identical(fed, Network([[[0] * d] * d], [[0] * d]))
        assert identical(repeated(fed, 2), Network([[[0] * d] * d], [[0] * d]))
        assert betti_numbers(repeated(fed, 2).output(0), "<") == (0,) * d
    assert predicted_paper_betti([4], [2], 12, True)["<"] == (6, 2)  # after the first there are shells


def test_errors_of_recurrent_networks() -> None:
    for arguments, says in [
        ((1, 2, 2, []), "input_dim: expected at least 2, got 1"),
        ((2, 3, 2, [1]), "folds: expected an even number, got 3"),
        ((2, 0, 2, [1]), "folds: expected at least 2, got 0"),
        ((2, 2, 1, [1]), "steps: expected at least 2, got 1"),
        ((2, 2, "2", [1]), "steps: expected an integer"),
        ((2, 2, 2, [1, 2]), "cuts: expected d − 1 = 1 numbers"),
        ((2, 2, 2, [1], "lstm"), "kind: expected one of dense, state, got 'lstm'"),
    ]:
        for function in (recurrent, predicted_recurrent_betti):
            with pytest.raises(InputError, match=says):
                function(*arguments)  # type: ignore[operator]
    with pytest.raises(InputError, match="steps: expected at least 1"):
        repeated(fold_block(2, 2), 0)
    with pytest.raises(InputError, match="expected a Network"):
        repeated(None, 2)  # type: ignore[arg-type]


def test_what_is_too_large_is_refused_before_it_is_made() -> None:
    """Each of these took minutes, or all memory."""
    for function in (recurrent, predicted_recurrent_betti):
        for arguments in ((2, 2, 10**9, [2]), (2, 2, 10**9, [2], "state")):
            with pytest.raises(LimitError, match="recurrent: the network would have more than 100000 layers"):
                function(*arguments)
        for arguments in ((2, 10**9, 2, [2]), (2, 2, 2, [10**9]), (2, 2, 2, [10**9], "state")):
            with pytest.raises(LimitError, match="recurrent: the network would have more than 10000000 weights"):
                function(*arguments)
        for cuts in ({1: 1}, []):
            with pytest.raises(LimitError, match="cuts: at most 10000000 inputs, got 1180591620717411303424"):
                function(2**70, 2, 2, cuts)
    for block in (fold_block(2, 2), Network([[[1]]], [[0]])):
        with pytest.raises(LimitError, match="more than 100000 layers"):
            repeated(block, 10**9)
    with pytest.raises(LimitError, match="fold block"):
        fold_block(2, 10**9)
    with pytest.raises(LimitError, match="state block"):
        state_block(2, 10**9, [2])
    with pytest.raises(LimitError, match="at most 100000 can be written out"):
        band_formulas(10**9)
    for folds, w in (([10**9], [2]), ([2, 2], [10**9])):
        with pytest.raises(LimitError, match="the paper's network: the network would have more than"):
            paper_network(folds, w)


@pytest.mark.parametrize("steps", range(1, 8))
def test_repeated_is_one_block_after_the_other(steps: int) -> None:
    block = Network([[[1, -2], [3, 1], [0, 1]], [[1, 0, -1], [2, 1, 1]]], [[0, 1, -1], ["1/2", 0]])
    network = block
    for _ in range(steps - 1):
        network = network.followed_by(block)
    assert repeated(block, steps).to_dict() == network.to_dict()
    line = repeated(Network([[[2]]], [[1]]), steps)  # 2x + 1
    assert (line.weights, line.biases) == ((((2**steps,),),), ((2**steps - 1,),))


# ---- claims and the command line ----------------------------------------------------------------------------------


def test_claims_on_formulas() -> None:
    net = bands((2, 4, 2, 1), [2])
    report = verify_claims(net, {"where": {"-1 < F <= -1/2": [2, 2], "F <= 0": [1, 1], "F > 0": [9, 9]}})
    assert [check.holds for check in report.claims] == [True, True, False]
    assert not report
    assert "betti of {F > 0} = (9, 9): FAILS" in str(report)
    assert [check.how.split()[0] for check in report.claims] == ["order", "homology", "cohomology"]
    several = Network([[[1, 0], [0, 1]]], [[0, 0]])
    assert verify(several, where={"F0 > 0 and F1 >= 0": (1, 0)}, regions=1)
    for claim, says in [
        ({}, "expected a mapping"),
        ([1], "expected a mapping"),
        ({"F0 > 0": 3}, "where 'F0 > 0': expected a list of integers"),
        ({"0 < F": [1, 0]}, "this one has 2"),
        ({"0 <": [1, 0]}, "column 4"),
    ]:
        with pytest.raises(InputError, match=says):
            verify(several, where=claim)  # type: ignore[arg-type]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.chdir(tmp_path)

    def run(*argv: str) -> tuple[int, str, str]:
        status = polyrelu.cli.main(argv)
        return (status, *capsys.readouterr())

    return run


@pytest.mark.parametrize(
    "argv",
    [
        ["bands", "2-4-3-1", "--cuts", "3", "--classes", "3"],
        ["bands", "2-4-4-2-1", "--cuts", "1=2", "--variant", "paper", "--corner", "1"],
        ["recurrent", "2", "--steps", "2", "--cuts", "3"],
        ["recurrent", "2", "--steps", "2", "--folds", "4", "--cuts", "1", "--kind", "state", "--corner", "1"],
    ],
)
def test_construct_and_verify(run: Callable[..., Any], argv: list[str]) -> None:
    status, out, err = run("construct", *argv, "-o", "net.json")
    assert (status, err) == (0, "")
    assert "predicted by proof" in out and "Betti numbers of {" in out
    status, out, err = run("verify", "net.json", "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert found["holds"] and found["claims"]


def test_construct_a_classifier(run: Callable[..., Any]) -> None:
    status, _, err = run("construct", "bands", "2-4-3-1", "--cuts", "3", "--classifier", "-o", "net.json")
    assert (status, err) == (0, "")
    assert class_betti_numbers(load("net.json"))[1:3] == (predicted_band_betti((2, 4, 3, 1), [3]),) * 2


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["bands", "2-8-6-1", "--cuts", "2", "--variant", "paper"], "closed by 1 neuron"),
        (["bands", "2-4-3-1", "--cuts", "4"], "bands: last hidden layer 2: expected n_L ≥ Σ c_k = 4, got 3"),
        (["bands", "2-3-3-1", "--cuts", "2"], "bands: layer 1: "),
        (["bands", "1-3-3-1", "--cuts", "2"], "bands: expected d"),
        (["bands", "2-4-3-1", "--cuts", "3", "--classes", "0"], "--classes"),
        (["bands", "2-4-3-1", "--cuts", "3", "--classes", "1001"], "--classes: expected at most 1000"),
        (["recurrent", "2", "--steps", "1", "--cuts", "3"], "steps: expected at least 2"),
        (["recurrent", "2", "--steps", "1000000000", "--cuts", "3"], "more than 1000000 weights"),
        (["recurrent", "2", "--steps", "2", "--cuts", "-3"], "expected at least 0, got -3"),
    ],
)
def test_mistakes(run: Callable[..., Any], argv: list[str], says: str) -> None:
    status, out, err = run("construct", *argv)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert says in err
