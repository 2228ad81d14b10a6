"""Numbers of any length in messages, `repr`, JSON and checks, whatever Python's limit on digits."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Iterator
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.cli.output import as_json
from polyrelu.errors import InputError, PointError, PolyreluError
from polyrelu.exact.printing import brief, brief_repr
from polyrelu.geometry.coordinates import Coordinates
from polyrelu.geometry.double_description import check_regions
from polyrelu.topology.cycles import Cycle
from support.strategies import examples

LONG = 10**5000 + 12345


@pytest.fixture(params=[4300, 640])
def limit(request: pytest.FixtureRequest) -> Iterator[int]:
    """Python's default limit on digits, and the least there can be."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(request.param)
    yield request.param
    sys.set_int_max_str_digits(before)


@examples(200)
@given(st.integers(0, 2100), st.integers(-2, 2), st.integers(1, 9), st.booleans())
def test_what_is_shown_begins_the_number(exponent: int, more: int, factor: int, negative: bool) -> None:
    n = (factor * 10**exponent + more) * (-1) ** negative
    text, full = brief(n), str(n)
    if len(full.lstrip("-")) <= 40:
        assert text == full == brief_repr(n)
    else:
        digits = full.lstrip("-")
        assert text == f"{'-' * (n < 0)}{digits[:12]}...({len(digits)} digits)"
    assert brief(Fraction(n, 7)).split("/")[0] == brief(Fraction(n, 7).numerator)


def test_values_of_ordinary_length_are_shown_as_python_does(limit: int) -> None:
    for value in ((1, Fraction(-2, 3)), (5,), [], [(10**599,)], {"a": (1, [2.5, None, "x"])}, -7, True):
        assert brief_repr(value) == repr(value)
    assert brief_repr((LONG, Fraction(1, LONG))) == (
        "(100000000000...(5001 digits), Fraction(1, 100000000000...(5001 digits)))"
    )
    assert brief(10**20_000) == "...(about 20001 digits)"


def deep() -> tuple[pr.Network, pr.Network]:
    """Weights of 2200 digits in two layers, accepted as they are; values of 4400 digits and more."""
    return (pr.Network([[[10**2200]], [[10**2200]]], [[1], [0]]), pr.Network([[[10**2200]], [[10**2201]]], [[1], [3]]))


def test_comparisons(limit: int) -> None:
    found = pr.identical(*deep())
    assert not found and repr(found).startswith("Comparison(identical=False, regions=0, witness=(Fraction(")
    assert "digits)" in repr(found) and len(repr(found)) < 500
    assert repr(pr.identical(deep()[0], deep()[0])) == (
        "Comparison(identical=True, regions=1, witness=None, values=None)"
    )


def chain_of_fractions() -> pr.Network:
    """Rationals of 200 digits in three layers."""
    row = [[Fraction(10**200 + 7 * i + j, 10**199 + i + 3 * j) for j in range(2)] for i in range(2)]
    rows = [row] * 3
    return pr.Network([*rows, [[1, -1]]], [[1, -2], [Fraction(1, 3), -5], [-1, Fraction(1, 10**200 + 1)], [0]])


def test_representations_and_checks_of_regions(limit: int) -> None:
    pytest.importorskip("cdd")
    for net in (*deep(), chain_of_fractions()):
        cx = pr.subdivide(net, 0)
        assert check_regions(cx) == cx.n_regions
        assert sys.get_int_max_str_digits() == limit
        for k in range(len(cx.lineality), cx.input_dim + 1):
            for i in range(cx.n_cells(k)):
                assert "inequalities=" in repr(cx.h_representation(k, i))
                assert "vertices=" in repr(cx.v_representation(k, i))
        assert "C(F, 0)" in repr(cx)
        copy = pickle.loads(pickle.dumps(cx))
        assert copy.f_vector == cx.f_vector and pickle.loads(pickle.dumps(cx.coordinates)) == cx.coordinates


def test_complexes_at_long_levels(limit: int, tmp_path) -> None:  # type: ignore[no-untyped-def]
    level = Fraction(10**3000 + 1, 7)
    cx = pr.subdivide(pr.Network([[[1]], [[1]]], [[0], [0]]), level)
    assert "C(F, 100000000000...(3001 digits)/7)" in repr(cx) and "digits" in cx._repr_html_()
    assert "digits" in repr(cx.region(">"))
    assert "digits" in str(pr.estimate(cx.network, level))
    pr.save_complex(cx, tmp_path / "cx.npz")
    assert pr.load_complex(tmp_path / "cx.npz", verify=True).level == level


def test_long_orders_and_claims(limit: int) -> None:
    h = pr.Homology((1, 0), ((), (LONG,)))
    for text in (repr(h), str(h), h._repr_html_()):
        assert "100000000000...(5001 digits)" in text
    assert "of order 100000000000...(5001 digits)" in str(Cycle(1, LONG, ((0, 1),)))
    assert "digits" in repr(Cycle(1, LONG, ((0, LONG),)))
    net = pr.Network([[[1]], [[1]]], [[0], [0]])
    report = pr.verify(net, regions=LONG)
    assert not report and "100000000000...(5001 digits)" in str(report) and "digits" in repr(report)
    assert "digits" in report._repr_html_()


def test_json_of_long_integers(limit: int) -> None:
    answer = json.loads(as_json(torsion=((), (LONG, 3)), half=Fraction(1, 2), none=None, yes=True, x=1.5))
    assert answer["torsion"][1][1] == 3 and answer["torsion"][1][0] == "1" + "0" * 4995 + "12345"
    assert (answer["half"], answer["none"], answer["yes"], answer["x"]) == ("1/2", None, True, 1.5)


def test_messages_about_long_arguments(limit: int) -> None:
    cx = pr.subdivide(pr.Network([[[1]], [[1]]], [[0], [0]]), 0)
    calls = [
        lambda: cx.facets(LONG),
        lambda: cx.cell_vertices(0, LONG),
        lambda: cx.vertex(LONG),
        lambda: pr.subdivide(cx.network, max_cells=-LONG),
        lambda: pr.subdivide(cx.network, threads=LONG),
        lambda: pr.shells((2, 4, 4, 1), (LONG,)),
        lambda: pr.network_with_betti([0, LONG]),
        lambda: pr.Domain.box([LONG % 10**2000 + 10**2000], [0]),
    ]
    for call in calls:
        with pytest.raises(PolyreluError, match=r"digits") as caught:
            call()
        assert isinstance(caught.value, (InputError, PointError)) and len(str(caught.value)) < 400


def test_coordinates_of_any_length_are_pickled(limit: int) -> None:
    where = Coordinates(2, (0,), (1,), ((Fraction(LONG, 7),),))
    assert pickle.loads(pickle.dumps(where)) == where
    assert where.lineality == ((-LONG, 7),)
