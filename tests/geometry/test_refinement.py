"""Regions of formulas against other models of the same homology, other complexes, and evaluation at points."""

from __future__ import annotations

import pickle
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from polyrelu.analysis.pipeline import betti_numbers
from polyrelu.constructions import shells
from polyrelu.errors import InputError, LimitError, RegionError
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.refinement import FormulaRegion, Refinement, refine
from polyrelu.geometry.region import RELATIONS
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from polyrelu.topology import order_complex
from polyrelu.topology.chain import chain_complex
from polyrelu.topology.homology import homology
from support.reference import Cell, Reference
from support.strategies import NUMBERS, Widths, examples, levels, networks, points, polytopes, random_rows

SMALL: Widths = {1: [(), (1,), (4,), (3, 3)], 2: [(), (1,), (3,), (4,), (2, 2)], 3: [(), (2,), (3,), (1, 2)]}
RELATION = ["<", "<=", ">", ">=", "==", "!="]

# |x|, |y| and x + y
PLANE = Network([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 0, 0], [0, 0, 1, 1], [1, -1, 1, -1]]], [[0] * 4, [0] * 3])


@st.composite
def several(draw: Any, dims: Any = (1, 2, 3)) -> Network:
    """Networks with one to three outputs, often degenerate."""
    net = draw(networks(dims=dims, widths=SMALL))
    rng = Random(draw(st.integers(0, 2**32)))
    number = draw(st.sampled_from(NUMBERS))
    rows = random_rows(rng, rng.randint(1, 3), len(net.weights[-1][0]), number, draw(st.booleans()))
    return Network([*net.weights[:-1], rows], [*net.biases[:-1], [number(rng) for _ in rows]], net.slopes)


def outputs(net: Network, x: Any) -> tuple[Fraction, ...]:
    values = net(x)
    return values if isinstance(values, tuple) else (values,)


@st.composite
def conditions(draw: Any, net: Network, most: int = 3) -> tuple[str, list[tuple[list[int], Fraction]]]:
    """A formula that Python reads too, and its forms (factors of the outputs, constant), made without the library."""
    n, forms, atoms = net.output_dim, [], []
    for _ in range(draw(st.integers(1, most))):
        factors = draw(st.lists(st.integers(-1, 1), min_size=n, max_size=n))
        value = sum(a * v for a, v in zip(factors, outputs(net, draw(points(net.input_dim))), strict=True))
        level = draw(st.sampled_from([Fraction(value), Fraction(0), Fraction(1)]))
        total = " + ".join(f"({a})*F{i}" for i, a in enumerate(factors))
        atoms.append(f"{level.denominator}*({total}) {draw(st.sampled_from(RELATION))} {level.numerator}")
        forms.append((factors, -level))
    text = atoms[0]
    for atom in atoms[1:]:
        text = f"{text} {draw(st.sampled_from(['and', 'or']))} {draw(st.sampled_from(['', 'not ']))}({atom})"
        text = f"({text})" if draw(st.booleans()) else text
    note(text)
    return text, forms


def truth(net: Network, text: str, x: Any) -> bool:
    return bool(eval(text, {f"F{i}": v for i, v in enumerate(outputs(net, x))}))


def other_way(net: Network, text: str, forms: list[Any], domain: Any = None) -> Any:
    """The order complex of all cells in the set, by the plain reference, from values at interior points."""
    rows = [
        [sum(a * w for a, w in zip(factors, column, strict=True)) for column in zip(*net.weights[-1], strict=True)]
        for factors, _ in forms
    ]
    bias = [sum(a * b for a, b in zip(factors, net.biases[-1], strict=True)) + c for factors, c in forms]
    zeros = [[Fraction(0)] * len(rows)]
    slopes = [*net.slopes, [Fraction(0)] * len(rows)]
    refined = Network([*net.weights[:-1], rows, zeros], [*net.biases[:-1], bias, [0]], slopes)
    reference = Reference(refined, None, domain)

    def is_inside(cell: Cell) -> bool:
        total = [sum(entries) for entries in zip(*cell.vertices, strict=True)]
        x = [Fraction(0)] * net.input_dim
        for i, value in zip(reference.coordinates, total[1:], strict=True):
            x[i] = Fraction(value, total[0])
        return truth(net, text, x)

    return reference.order_complex_of(is_inside)


@examples(80)
@given(st.data())
def test_homology_is_that_of_the_order_complex_of_all_cells(data: Any) -> None:
    net = data.draw(several())
    text, forms = data.draw(conditions(net))
    region = refine(net, text).region()
    found = homology(region)
    expected = other_way(net, text, forms)
    assert (found.betti, found.torsion) == (expected.betti, expected.torsion)


@examples(30)
@given(st.data())
def test_so_over_a_domain(data: Any) -> None:
    net = data.draw(several(dims=(1, 2)))
    text, forms = data.draw(conditions(net))
    a, b = data.draw(polytopes(net.input_dim))
    found = homology(refine(net, text, Domain(a, b)).region())
    expected = other_way(net, text, forms, (a, b))
    assert (found.betti, found.torsion) == (expected.betti, expected.torsion)


@examples(50)
@given(st.data())
def test_cells_and_points(data: Any) -> None:
    net = data.draw(several())
    text, _ = data.draw(conditions(net))
    refinement = refine(net, text)
    region, cx = refinement.region(), refinement.complex
    low = len(cx.lineality)
    found = {}
    for k in range(low, net.input_dim + 1):
        assert cx.network(cx.interior_point(k, 0)) == net(cx.interior_point(k, 0))
        mask = region.mask(k)
        for i in range(min(cx.n_cells(k), 40)):
            x = cx.interior_point(k, i)
            assert mask[i] == truth(net, text, x) == region.contains(x)
            found[k, i] = bool(mask[i])
            values = outputs(net, x)
            signs = [array[i] for array in refinement.signs(k)]
            assert signs == [(form(values) > 0) - (form(values) < 0) for form in refinement.forms]
    # Open and closed, from the face poset.
    faces = cx.face_poset().edges
    assert region.is_open == all(region.mask(k)[i] for (j, f), (k, i) in faces if region.mask(j)[f])
    assert region.is_closed == all(region.mask(j)[f] for (j, f), (k, i) in faces if region.mask(k)[i])


@examples(30)
@given(st.data())
def test_one_comparison_is_a_region_of_the_level(data: Any) -> None:
    net = data.draw(networks(dims=(1, 2, 3)))
    t = data.draw(levels(net))
    refinement = refine(net, [f"F {r} {t}" for r in RELATIONS])
    cx = subdivide(net, t)
    if net.depth:  # otherwise C(F) has other cells at the start
        assert refinement.complex.f_vector == cx.f_vector
    for relation in RELATIONS:
        found = homology(refinement.region(f"F {relation} {t}"))
        expected = homology(cx.region(relation))
        assert (found.betti, found.torsion) == (expected.betti, expected.torsion)


@examples(30)
@given(st.data())
def test_a_half_open_band_at_regular_levels(data: Any) -> None:
    """Where no vertex is on a level, all four bands are homotopy equivalent, by collars on both sides."""
    net = data.draw(networks(dims=(1, 2, 3), widths={1: [(5,), (4, 4)], 2: [(5,), (4, 4)], 3: [(4,), (3, 3)]}))
    a = Fraction(data.draw(st.integers(-30, 30)) * 2 + 1, 20_011)
    b = a + Fraction(data.draw(st.integers(1, 3000)), 1009)
    canonical = subdivide(net)
    if canonical.lineality_dim or {a, b}.intersection(map(net, canonical.vertices())):
        return
    bands = [f"{a} {left} F {right} {b}" for left in ("<", "<=") for right in ("<", "<=")]
    refinement = refine(net, bands)
    found = {(homology(refinement.region(band)).betti, homology(refinement.region(band)).torsion) for band in bands}
    assert len(found) == 1


def test_half_open_bands_by_hand() -> None:
    net = Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # |x|
    for text, betti in [("0 < F <= 1", 2), ("0 <= F < 1", 1), ("F > 1 or F = 0", 3), ("F != 1", 3), ("1 > 2", 0)]:
        assert betti_numbers(net, where=text) == (betti,), text
    # A square ring with its inner and without its outer boundary; without a point of the outer one; a cross.
    norm = Network([PLANE.weights[0], [[1, 1, 1, 1]]], [[0] * 4, [0]])
    assert betti_numbers(norm, where="1 <= F < 2") == (1, 1)
    assert betti_numbers(PLANE, where="F0 + F1 > 1 or F0 = 1") == (1, 1)
    assert betti_numbers(PLANE, where="F0 = 0 or F1 = 0") == (1, 0)
    assert betti_numbers(PLANE, where="(F0 = 0 or F1 = 0) and F0 + F1 > 0") == (4, 0)
    assert betti_numbers(PLANE, where="F0 > 0 and F1 > 0") == (4, 0)
    assert betti_numbers(PLANE, where="F0 > 0 and F1 >= 0") == (2, 0)
    # Not locally closed: an open half-plane and one point of its boundary, and with a second one.
    assert betti_numbers(PLANE, where="F2 > 0 or F0 + F1 = 0") == (1, 0)
    assert betti_numbers(PLANE, where="F0 + F1 < 1 or F0 + F1 = 1 and F1 = 0") == (1, 0)
    assert betti_numbers(PLANE, where="0 < F0 + F1 < 1 or F0 + F1 = 0 or F0 + F1 = 1 and F1 = 0") == (1, 0)


def test_lower_and_upper_level_sets_of_bands() -> None:
    """Shells: {a < F ≤ b} is a product, so that its cells are a subcomplex and nothing is subdivided."""
    net = shells((3, 6, 6, 4, 1), (2, 2))
    region = refine(net, "-1/2 < F <= 1/2").region()
    ranks = chain_complex(region).ranks
    assert sum(ranks) <= sum(region.f_vector)
    assert homology(region).betti == homology(refine(net, "-1/2 <= F <= 1/2").region()).betti == (48, 4, 4)


def test_errors() -> None:
    net = Network([[[1, 0], [0, 1]]], [[0, 0]])
    with pytest.raises(RegionError, match="this one has 2: write F0 to F1"):
        refine(net, "0 < F <= 1")
    with pytest.raises(RegionError, match="no output F2"):
        refine(net, "F2 > 0")
    with pytest.raises(InputError, match="none is given"):
        refine(net, [])
    with pytest.raises(InputError, match="expected a formula"):
        refine(net, 3)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="expected a Network"):
        refine("net", "F > 0")  # type: ignore[arg-type]
    refinement = refine(net, ["F0 > 0", "F1 > 0"])
    with pytest.raises(RegionError, match="2 formulas were given"):
        refinement.region()
    with pytest.raises(RegionError, match="was not refined by"):
        refinement.region("F0 > 1")
    with pytest.raises(InputError, match="expected one number; refine"):
        subdivide(net.output(0), level=[0, 1])
    with pytest.raises(RegionError, match="level and relation"):
        betti_numbers(net, ">=", where="F0 > 0")
    assert homology(refinement.region("F0 > 0 or F1 >= 0")).betti == (1, 0)
    with pytest.raises(InputError, match="this one is neither"):
        homology(refinement.region("F0 > 0 or F1 >= 0")).cycles(0)
    assert len(homology(refinement.region("F0 > 0 or F1 > 0")).cycles(0)) == 1


def test_there_are_no_cells_below_the_lineality_dimension() -> None:
    refinement = refine(Network([[[1, 0]], [[1]]], [[0], [0]]), "F > 1")  # λ = 1
    for k in (-(2**70), -1, 0):
        assert [array.tolist() for array in refinement.signs(k)] == [[]]
        assert refinement.region().mask(k).tolist() == []
        assert refinement.region().cells(k).tolist() == []


def test_what_is_too_large_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_complex, "MAX_SIMPLICES", 3)
    with pytest.raises(LimitError, match="neither open nor closed, and its order complex needs about"):
        betti_numbers(PLANE, where="F0 > 0 or F1 = 0 and F2 = 0")


def test_size_is_counted_before_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    region = refine(PLANE, "F0 > 0 or F1 = 0").region()
    ranks, _ = order_complex.mixed_boundaries(region)
    monkeypatch.setattr(order_complex, "MAX_SIMPLICES", sum(ranks))
    order_complex.mixed_boundaries(region)
    monkeypatch.setattr(order_complex, "MAX_SIMPLICES", sum(ranks) - 1)
    with pytest.raises(LimitError):
        order_complex.mixed_boundaries(region)


def test_values_and_pickles() -> None:
    refinement = refine(PLANE, ["F0 > 0", "F1 <= F2 < 1"], [(-1, 1), (-1, 1)])
    again = pickle.loads(pickle.dumps(refinement))
    assert isinstance(again, Refinement)
    assert (again.formulas, again.forms) == (refinement.formulas, refinement.forms)
    region = pickle.loads(pickle.dumps(refinement.region("F0 > 0")))
    assert isinstance(region, FormulaRegion)
    assert region.f_vector == refinement.region("F0 > 0").f_vector
    assert "F0 > 0" in repr(region)
    assert not np.asarray(refinement.signs(0)[0]).flags.writeable
    assert refinement.region("F0 > 0").contains((1, 0))
    assert not refinement.region("F0 > 0").contains((2, 0))  # outside the domain
