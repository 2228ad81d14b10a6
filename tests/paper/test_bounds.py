"""Bounds against each other, against brute force, and against the networks that have to obey or to reach them."""

from __future__ import annotations

from itertools import product
from math import comb, prod
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrelu.constructions import folding, paper_lower_bound, predicted_betti, shells
from polyrelu.errors import InputError, LimitError
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from polyrelu.paper.bounds import BoundTable, lower_bounds, short, upper_bounds
from polyrelu.paper.cell_counts import (
    MAX_PATTERN_NEURONS,
    cells_upper,
    folding_lower,
    montufar_2014_lower,
    montufar_2014_upper,
    montufar_2017_upper,
    raghu_2017_upper,
    serra_2018_lower,
    serra_2018_upper,
    zaslavsky,
    zaslavsky_bounded,
)
from polyrelu.topology.homology import homology
from support.known_answers import random_float32
from support.strategies import examples, levels, networks

RELATIONS = (">", ">=", "<", "<=", "=")
LARGE = (10, *[200] * 20, 1)


def check_bounds(net: Network, level: object) -> None:
    """Every bound that applies to the network's architecture holds for its cells and for all five regions."""
    relu = all(slope == 0 for layer in net.slopes for slope in layer)
    canonical = subdivide(net)
    refined = subdivide(net, level=level)
    for relation in RELATIONS:
        betti = homology(refined.region(relation)).betti
        found = {"regions": canonical.n_regions, "bounded_regions": canonical.n_bounded_regions}
        found |= {f"cells_{j}": count for j, count in enumerate(canonical.f_vector)}
        found |= {f"betti_{k}": b for k, b in enumerate(betti)}
        for bound in upper_bounds(net.architecture, relation, relu=relu):
            assert bound.value is None or found[bound.quantity] <= bound.value, (relation, bound)


@given(st.data())
@examples(80)
def test_networks_obey_the_bounds(data: st.DataObject) -> None:
    net = data.draw(networks())
    check_bounds(net, data.draw(levels(net)))


@pytest.mark.parametrize(
    ("architecture", "cuts", "variant"),
    [((2, 8, 6, 1), (5,), "paper"), ((2, 9, 4, 2, 1), (2,), "interior"), ((3, 6, 6, 6, 1), (3, 3), "paper")],
)
def test_shells_obey_the_bounds(architecture: tuple[int, ...], cuts: tuple[int, ...], variant: str) -> None:
    check_bounds(shells(architecture, cuts, variant), 0)


# --- regions and cells ---


def serra_by_enumeration(architecture: tuple[int, ...]) -> int:
    d, *hidden, _ = architecture
    total = 0
    for js in product(*(range(min(d, n) + 1) for n in hidden)):
        left = [n - j for n, j in zip(hidden, js, strict=True)]
        if all(j <= min([d, *left[:i]]) for i, j in enumerate(js)):
            total += prod(comb(n, j) for n, j in zip(hidden, js, strict=True))
    return total


ARCHITECTURES = [(2, 3, 3, 1), (3, 2, 5, 3, 1), (2, 1, 4, 4, 1), (4, 5, 3, 3, 1), (5, 3, 1), (3, 8, 2, 6, 1), (2, 1)]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_upper_bounds_on_regions(architecture: tuple[int, ...]) -> None:
    serra = serra_2018_upper(architecture)
    assert serra == serra_by_enumeration(architecture)
    assert serra <= montufar_2017_upper(architecture) <= raghu_2017_upper(architecture)
    assert serra <= montufar_2014_upper(architecture)
    assert serra <= cells_upper(architecture, architecture[0], relu=False) <= montufar_2017_upper(architecture)


@pytest.mark.parametrize(("d", "n"), [(1, 5), (2, 6), (3, 5), (4, 3), (3, 0)])
def test_hyperplanes_in_general_position(d: int, n: int) -> None:
    """One hidden layer in general position has exactly the bounded numbers of cells of all dimensions."""
    expected = [
        comb(n, d - j) * sum(comb(n - d + j, i) for i in range(j + 1)) if n >= d - j else 0 for j in range(d + 1)
    ]
    architecture = (d, n, 1) if n else (d, 1)
    assert [cells_upper(architecture, j) for j in range(d + 1)] == expected
    assert zaslavsky(n, d) == expected[d]
    if n:
        complex_ = subdivide(random_float32(architecture))
        assert list(complex_.f_vector) == expected
        assert complex_.n_bounded_regions == zaslavsky_bounded(n, d)


def test_few_or_no_hyperplanes() -> None:
    assert [zaslavsky_bounded(n, 2) for n in range(5)] == [0, 0, 0, 1, 3]
    assert [zaslavsky_bounded(n, 0) for n in range(3)] == [1, 1, 1]
    assert zaslavsky(0, 3) == 1
    assert zaslavsky(4, 0) == 1


def test_cells_of_deep_networks() -> None:
    """By hand, for R^1: n breaks, then at most n' more in each of the n + 1 intervals with an active neuron."""
    assert [cells_upper((1, 3, 2, 1), j) for j in (0, 1)] == [3 + 4 * 2, 4 * 3]
    assert [cells_upper((1, 1, 2, 1), j) for j in (0, 1)] == [1 + 2, 3 + 1]


@pytest.mark.parametrize(
    "architecture", [(2, 6, 3, 1), (2, 7, 2, 1), (3, 10, 3, 1), (1, 3, 4, 2, 1), (2, 4, 5, 3, 1), (3, 9, 4, 2, 1)]
)
def test_lower_bounds_on_regions_are_reached(architecture: tuple[int, ...]) -> None:
    bounds = (montufar_2014_lower(architecture), serra_2018_lower(architecture), folding_lower(architecture))
    best = lower_bounds(architecture).best("regions")
    assert best == bounds[2] == max(b for b in bounds if b is not None)
    if best < 1000:
        assert subdivide(folding(architecture, mixed=True)).n_regions >= best
        assert subdivide(folding(architecture)).n_regions >= bounds[0]
    assert best <= upper_bounds(architecture).best("regions")


def test_one_input_is_settled() -> None:
    """For d = 1 and at least three neurons a layer upper and lower bound on regions agree (Serra et al. 2018)."""
    for architecture in [(1, 3, 1), (1, 3, 4, 2, 1), (1, 5, 3, 7, 1)]:
        regions = prod(n + 1 for n in architecture[1:-1])
        assert lower_bounds(architecture).best("regions") == upper_bounds(architecture).best("regions") == regions


def test_lower_bounds_that_do_not_apply() -> None:
    assert montufar_2014_lower((3, 2, 5, 1)) is None
    assert serra_2018_lower((3, 8, 5, 1)) is None
    assert folding_lower((3, 1)) is None
    table = lower_bounds((3, 2, 2, 1))
    assert table.best("regions") is None
    assert table.best("betti_1") is None


# --- Betti numbers ---


def test_paper_lower_bound() -> None:
    assert paper_lower_bound((2, 4, 4, 4, 1)) == (6, 2)  # M = 4, w = 2
    assert paper_lower_bound((3, 6, 6, 7, 1)) == (2 * 3 + 4 * 3, 2, 4)  # M = 4, w = (1, 2)
    assert paper_lower_bound((3, 6, 6, 8, 1), (0, 3)) == (4 * 3 * 2, 0, 8)
    with pytest.raises(InputError, match="n_1 ≥ 2d"):
        paper_lower_bound((3, 5, 8, 1))


@pytest.mark.parametrize(
    "architecture",
    [(2, 4, 3, 1), (2, 8, 6, 1), (2, 4, 4, 2, 1), (3, 6, 5, 1), (3, 12, 2, 1), (3, 12, 4, 1), (3, 6, 6, 2, 1)],
)
def test_lower_bounds_on_betti_numbers_are_reached(architecture: tuple[int, ...]) -> None:
    """The best shells over all cuts and corners, by enumeration."""
    d, width = architecture[0], architecture[-2]
    table = lower_bounds(architecture)
    best = [0] * d
    corners = list(product(*(range(k + 1) for k in range(1, d))))
    for variant, corner in [*(("paper", corner) for corner in corners), ("interior", None)]:
        for cuts in product(range(width + 1), repeat=d - 1):
            try:
                betti = predicted_betti(architecture, cuts, variant, corner)[">"]
            except InputError:
                continue
            best = [max(pair) for pair in zip(best, betti, strict=True)]
    assert [table.best(f"betti_{k}") for k in range(d)] == best
    upper = upper_bounds(architecture)
    for k, bound in enumerate(best):
        assert bound <= upper.best(f"betti_{k}")


def test_betti_bounds_by_hand() -> None:
    table = upper_bounds((2, 3, 1))  # at most 7 regions, 9 edges, 3 vertices
    values = {(b.quantity, b.name): b.value for b in table}
    assert values["betti_0", "components_half"] == 4
    assert values["betti_1", "cavities"] == 2
    assert (values["betti_1", "cells"], values["betti_1", "cells_complement"]) == (9, 3)
    assert (values["betti_1", "nerve"], values["betti_1", "Proposition 18"]) == (21, 7)
    boundary = upper_bounds((2, 3, 1), "=")
    assert (boundary.best("betti_0"), boundary.best("betti_1")) == (7, 4)
    assert upper_bounds((5, 1, 4, 1)).best("betti_1") == 0  # the first layer has rank 1
    assert [upper_bounds((3, 1), r).best("betti_0") for r in RELATIONS] == [1] * 5


def test_degrees_and_activations() -> None:
    full, part = upper_bounds((4, 9, 9, 1)), upper_bounds((4, 9, 9, 1), degrees=(0, 2))
    assert set(part.quantities) == {"regions", "bounded_regions", "cells_2", "betti_0", "betti_2"}
    assert all(part.best(q) == full.best(q) for q in part.quantities)
    leaky = upper_bounds((4, 4, 9, 1), relu=False)
    assert leaky.best("regions") == montufar_2017_upper((4, 4, 9, 1)) > serra_2018_upper((4, 4, 9, 1))


@given(st.data())
@examples(60)
def test_cells_are_counted_as_the_formula_says(data: st.DataObject) -> None:
    """Φ of `cells_upper`, literally."""
    d, *hidden = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    relu = data.draw(st.booleans())

    def phi(layers: list[int], r: int, k: int) -> int:
        if not layers:
            return int(k == 0)
        n, *rest = layers
        return sum(
            comb(n, i) * comb(n - i, j) * phi(rest, min(r - i, n - i - j if relu else n - i), k - i)
            for i in range(min(r, k, n) + 1)
            for j in range(min(r - i, n - i) + 1)
        )

    for k in range(d + 1):
        assert cells_upper((d, *hidden, 1), d - k, relu) == phi(hidden, d, k)


# --- tables ---


def test_many_dimensions_take_no_time() -> None:
    start = process_time()
    upper_bounds((784, 128, 64, 10))
    lower_bounds((64, 150, 150, 1))
    lower_bounds((1000, 2000, 2000, 1), degrees=())
    assert process_time() - start < 3


def test_degrees_of_lower_bounds() -> None:
    everything = lower_bounds((3, 6, 6, 8, 1))
    some = lower_bounds((3, 6, 6, 8, 1), degrees=[2, 0])
    assert some.quantities == ("regions", "betti_2", "betti_0")
    assert all(some.best(quantity) == everything.best(quantity) for quantity in some.quantities)
    assert lower_bounds((3, 6, 6, 8, 1), degrees=()).quantities == ("regions",)
    with pytest.raises(InputError, match="degree at most 2, got 3"):
        lower_bounds((3, 6, 6, 8, 1), degrees=[3])


def test_large_architectures_are_fast() -> None:
    start = process_time()
    upper, lower = upper_bounds(LARGE), lower_bounds(LARGE)
    assert process_time() - start < 1
    for k in range(10):
        assert 0 < lower.best(f"betti_{k}") < upper.best(f"betti_{k}")
    assert len(str(upper).splitlines()) == len(upper) + 1


def best_names(table: BoundTable, quantity: str) -> list[str]:
    return [bound.name for bound in table if bound.quantity == quantity and bound.best]


def test_exactly_one_bound_is_the_best() -> None:
    for table in (upper_bounds((3, 9, 9, 1)), upper_bounds((2, 5, 1), "="), lower_bounds((3, 9, 9, 1))):
        for quantity in table.quantities:
            values = [b.value for b in table if b.quantity == quantity and b.applies and b.proved]
            assert len(best_names(table, quantity)) == (1 if values else 0)
            if values:
                assert table.best(quantity) == (min if table.kind == "upper" else max)(values)
    assert best_names(upper_bounds((3, 9, 1)), "regions") == ["general position"]
    with pytest.raises(InputError, match="quantity: expected one of regions"):
        upper_bounds((2, 3, 1)).best("genus")


def test_tables_print() -> None:
    lines = str(upper_bounds((2, 8, 6, 1))).splitlines()
    assert lines[0].split() == ["quantity", "upper", "bound", "name", "source"]
    assert any(line.startswith("betti_1") and "*" in line and "271" in line for line in lines)
    assert (short(0), short(10**15 - 1), short(123456 * 10**95)) == ("0", "999999999999999", "1.2346e+100")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: upper_bounds((2, 3, 1), "=="), "relation: expected one of"),
        (lambda: upper_bounds((2, 3, 1), degrees=[2]), "degree at most 1, got 2"),
        (lambda: upper_bounds((2,)), "architecture: expected"),
        (lambda: upper_bounds((2, 0, 1)), "architecture, entry 2: expected at least 1, got 0"),
        (lambda: lower_bounds("2-3-1"), "architecture: expected a sequence"),
        (lambda: cells_upper((2, 3, 1), 3), "dim: cells"),
        (lambda: zaslavsky(-1, 2), "n: expected at least 0"),
    ],
)
def test_wrong_arguments(call: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert message in str(caught.value)


def test_millions_of_neurons_take_no_time_and_too_many_are_left_out():
    start = process_time()
    most = MAX_PATTERN_NEURONS
    rows = {b.name: b for b in upper_bounds((2, most, most, 1)) if b.quantity == "regions"}
    assert process_time() - start < 2
    assert not rows["activation patterns"].applies and any(row.best for row in rows.values())
    assert next(b for b in upper_bounds((2, most, 1)) if b.name == "activation patterns").value == 1 << most
    with pytest.raises(LimitError, match="too many digits"):
        montufar_2014_upper((2, most + 1, 1))


@pytest.mark.parametrize(
    "call",
    [
        lambda: zaslavsky(10**6, 10**6),
        lambda: cells_upper((2000, 2000, 1), 0),
        lambda: upper_bounds((10**6, 10**6, 1)),
        lambda: upper_bounds((10**4, 10**4, 1), degrees=[0]),
        lambda: lower_bounds((10**6, 10**6, 1), degrees=[]),
    ],
)
def test_numbers_without_end_are_refused(call):
    start = process_time()
    with pytest.raises(LimitError, match=r"more than 1000000000 (digits together|steps)"):
        call()
    assert process_time() - start < 3
