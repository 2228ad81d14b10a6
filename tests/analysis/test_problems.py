"""Classes and formulas in parts: the answers are those of the whole, for sets of all kinds, however they are cut."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.analysis.parts import in_parts
from polyrelu.analysis.problems import ClassesProblem, FormulasProblem
from polyrelu.constructions import banded, bands
from polyrelu.errors import FileError, InputError, LimitError, RegionError
from polyrelu.geometry.classes import classify
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.refinement import refine
from polyrelu.network.formula import Formula, surely_open_and_closed
from polyrelu.network.network import Network
from polyrelu.topology.homology import homology
from support.known_answers import shells
from support.reference import RELATIONS
from support.strategies import NUMBERS, examples, networks, polytopes, random_rows

KINDS = [  # of two outputs: open, closed, and neither; of full dimension and not; one that looks open and is not always
    "F0 > 0 and F1 != 1",
    "F0 >= 0 or F1 = 1",
    "0 < F0 <= 1",
    "F0 = 0 and F1 > F0",
    "not (F0 <= 0 and F1 > 0) or F0 = F1",
    "F0 != 0 or F1 = 0",
]


@st.composite
def several(draw: Any, n: int) -> Network:
    """Networks with n outputs, often degenerate."""
    net = draw(networks(dims=(1, 2, 3)))
    rng = Random(draw(st.integers(0, 2**32)))
    number = draw(st.sampled_from(NUMBERS))
    rows = random_rows(rng, n, len(net.weights[-1][0]), number, draw(st.booleans()))
    return Network([*net.weights[:-1], rows], [*net.biases[:-1], [number(rng) for _ in rows]], net.slopes)


def domains(draw: Any, net: Network) -> Domain | None:
    return Domain(*draw(polytopes(net.input_dim))) if draw(st.booleans()) else None


@given(st.data())
@examples(20)
def test_formulas_of_all_kinds(data: Any) -> None:
    net = data.draw(several(2))
    domain = domains(data.draw, net)
    formulas = tuple(map(Formula, KINDS))
    whole = refine(net, formulas, domain)
    most = data.draw(st.sampled_from([None, max(sum(whole.complex.f_vector) // 2, 40)]))
    with suppress(LimitError):  # of a part that no neuron cuts
        found = in_parts(FormulasProblem(net, domain, formulas), data.draw(st.sampled_from([2, 3, 8])), max_cells=most)
        assert found.f_vector == whole.complex.f_vector
        for i, formula in enumerate(formulas):
            region = whole.region(formula)
            assert found.homology[str(i)] == homology(region), formula
            assert [n == 0 for n in found.tallies[2 * i : 2 * i + 2]] == [region.is_open, region.is_closed], formula


@given(st.data())
@examples(20)
def test_classes(data: Any) -> None:
    net = data.draw(several(data.draw(st.integers(2, 4))))
    domain, closed, coarse = domains(data.draw, net), data.draw(st.booleans()), data.draw(st.booleans())
    whole = classify(net, domain, coarse=coarse)
    of = ClassesProblem(net, domain, closed, coarse and net.depth > 0)
    found = in_parts(of, data.draw(st.sampled_from([2, 3, 8])))
    assert coarse or found.f_vector == whole.complex.f_vector
    assert found.tallies == (int((whole.class_numbers() < 0).sum()),)
    assert found.homology["boundary"] == homology(whole.boundary())
    for i in range(net.output_dim):
        assert found.homology[f"class {i}"] == homology(whole.region(i, closed)), i


def test_classes_with_a_known_answer() -> None:
    net = banded(bands((2, 8, 6, 1), [3]), [-1, "-1/2", 0])
    expected = pr.predicted_band_betti((2, 8, 6, 1), [3])
    found = pr.analyse_classes(net, parts=6)
    assert found.n_parts == 6 and found.is_coarse and found.f_vector is None
    assert found.betti[1] == found.betti[2] == expected
    assert pr.class_betti_numbers(net, parts=6) == found.betti


def test_all_relations_and_several_levels_come_from_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    from polyrelu.analysis import problems

    made: list[Any] = []
    real = problems.subdivided

    def counted(*arguments: Any, **more: Any) -> Any:
        made.append(arguments)
        return real(*arguments, **more)

    monkeypatch.setattr(problems, "subdivided", counted)
    net = shells((2, 8, 8, 4, 1), [3])
    found = pr.analyse_regions(net, parts=5)
    assert len(made) == 5 and list(found) == list(RELATIONS)
    for relation, report in found.items():
        assert report == pr.analyse_region(net, relation, parts=5)
        assert report.homology == pr.analyse_regions(net, [relation])[relation].homology
    levels = pr.analyse_formulas(net, ["F > -1/2", "F > 0", "F > 1/2", "-1/2 < F <= 1/2"], parts=5)
    assert levels.n_parts == 5
    for i, t in enumerate(("-1/2", 0, "1/2")):
        assert levels.betti[i] == pr.betti_numbers(net, ">", t)
    assert levels.betti[3] == pr.betti_numbers(net, where="-1/2 < F <= 1/2")
    assert pr.betti_numbers(net, where="-1/2 < F <= 1/2", parts=3, threads=2) == levels.betti[3]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("F > 0 and 0 < 1", (True, False)),
        ("F >= 0 or F = -1", (False, True)),
        ("0 < F <= 1", (False, False)),
        ("not (F >= 0 or F = -1)", (True, False)),
        ("not F != 0", (False, True)),
        ("-F < 1 and 2 < F", (True, False)),
        ("1 < 0", (True, True)),
    ],
)
def test_what_a_formula_shows(text: str, expected: tuple[bool, bool]) -> None:
    assert surely_open_and_closed(Formula(text)) == expected


def test_directories_know_what_is_asked(tmp_path: Path) -> None:
    net = Network([[[1, 0], [0, 1], [1, 1]], [[1, -1, 1], [0, 1, 0]]], [[0, 0, 1], [0, 1]])
    first = pr.analyse_formulas(net, ["F0 > 0", "0 <= F1 < 1"], parts=3, work_dir=tmp_path)
    assert pr.analyse_formulas(net, ["F0 > 0", "0 <= F1 < 1"], parts=3, work_dir=tmp_path) == first
    with pytest.raises(FileError, match="another problem: its sets: F0 > 0 0 <= F1 < 1; here: F0 > 0"):
        pr.analyse_formulas(net, "F0 > 0", parts=3, work_dir=tmp_path)
    with pytest.raises(FileError, match=r"another problem: its sets: .*; here: classes with > boundary"):
        pr.analyse_classes(net, coarse=False, parts=3, work_dir=tmp_path)


def test_mistakes() -> None:
    one = shells((2, 4, 4, 1), [1])
    with pytest.raises(RegionError, match="classes: the network has one output"):
        pr.analyse_classes(one, parts=2)
    with pytest.raises(RegionError, match="there is no output F1"):
        pr.analyse_formulas(one, "F1 > 0", parts=2)
    with pytest.raises(RegionError, match="relation: expected one of"):
        pr.analyse_regions(one, [">", "!="], parts=2)
    for wrong, message in (([], "none is given"), (">", "expected a sequence of rel"), (3, "expected a sequence")):
        with pytest.raises(InputError, match=message):
            pr.analyse_regions(one, wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="closed: expected"):
        pr.analyse_classes(Network([[[1]] * 2], [[0, 0]]), closed=2, parts=2)  # type: ignore[arg-type]
