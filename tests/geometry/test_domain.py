"""Domains: their half-spaces against the inequalities themselves, and what is none."""

from __future__ import annotations

import copy
import math
import pickle
from fractions import Fraction
from math import gcd

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.errors import DomainError, InputError, LimitError, NumberError, PointError
from polyrelu.geometry import domain as module
from polyrelu.geometry.domain import Domain
from support.strategies import examples

numbers = st.fractions(-3, 3, max_denominator=4)


@examples(20)
@given(st.integers(1, 3).flatmap(lambda d: st.tuples(
    st.lists(st.tuples(st.lists(numbers, min_size=d, max_size=d), numbers), min_size=1, max_size=5),
    st.lists(st.lists(numbers, min_size=d, max_size=d), min_size=1, max_size=6))))  # fmt: skip
def test_points_satisfy_the_inequalities_and_the_half_spaces_alike(drawn) -> None:
    rows, points = drawn
    domain = Domain([a for a, _ in rows], [b for _, b in rows])
    empty = any(not any(a) and b < 0 for a, b in rows)
    for x in points:
        inside = all(sum(p * q for p, q in zip(a, x, strict=True)) <= b for a, b in rows)
        assert domain.contains(x) == inside and not (inside and empty)
        if not empty:
            walls = domain.half_spaces()
            assert inside == all(w[0] + sum(p * q for p, q in zip(w[1:], x, strict=True)) >= 0 for w in walls)
    if empty:
        with pytest.raises(DomainError, match="holds for no point"):
            domain.half_spaces()
    else:
        assert len(set(walls)) == len(walls) and all(any(w[1:]) and gcd(*w) == 1 for w in walls)


def test_repeated_and_trivial_half_spaces_are_left_out() -> None:
    domain = Domain([[2, 0], [1, 0], [0, 0], [0, -1]], [4, 2, 5, 0])
    assert domain.half_spaces() == ((2, -1, 0), (0, 0, 1))
    assert len(domain.b) == 4 and domain.a[0] == (2, 0)


def test_boxes() -> None:
    box = Domain.box([0, -math.inf, None], ["1/2", 3, None])
    assert box.input_dim == 3 and len(box.a) == 3
    assert box.contains([0, -(10**9), 10**9]) and box.contains([Fraction(1, 2), 3, 0])
    assert not box.contains([Fraction(501, 1000), 0, 0]) and not box.contains([0, Fraction(3001, 1000), 0])
    whole = Domain.box(np.full(2, -np.inf).tolist(), [None, math.inf])
    assert whole.half_spaces() == () and whole.contains([10**100, -(10**100)])
    assert pr.subdivide(pr.Network([[[1, 0]], [[1]]], [[0], [0]]), domain=whole).n_regions == 2


@pytest.mark.parametrize(("lower", "upper", "text"), [
    ([1], ["1/2"], "is above the upper"),
    ([0, 2], [0, 1], "coordinate 2: .* the box is empty"), ([0, 0], [1], "got 2 and 1"), ([], [], "got 0 and 0"),
    (0, 1, "sequence of lower"), ([0], 1, "sequence of upper"),
])  # fmt: skip
def test_what_is_no_box(lower, upper, text) -> None:
    with pytest.raises(DomainError, match=text):
        Domain.box(lower, upper)


@pytest.mark.parametrize(
    "bounds", [([math.inf], [None]), ([0], [-math.inf]), ([math.nan], [1]), ([True], [2]), ([0], ["x"])]
)
def test_bounds_that_are_no_numbers(bounds) -> None:
    with pytest.raises(NumberError, match=r"box, (lower|upper) bound 1"):
        Domain.box(*bounds)


@pytest.mark.parametrize(("a", "b", "error"), [
    ([], [], DomainError), ([[]], [1], DomainError), ([[1]], [1, 2], DomainError), ([[1], [1, 2]], [1, 2], NumberError),
    ([[None]], [0], NumberError), (None, None, NumberError), ([[math.inf]], [0], NumberError),
])  # fmt: skip
def test_what_is_no_domain(a, b, error) -> None:
    with pytest.raises(error):
        Domain(a, b)


def test_a_box_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BOX", 17)
    with pytest.raises(LimitError, match=r"3 dimensions its 6 inequalities are 18 numbers"):
        Domain.box([0] * 3, [1] * 3)
    assert Domain.box([0] * 2, [1] * 2).input_dim == 2


def test_points_of_another_dimension() -> None:
    with pytest.raises(PointError):
        Domain.box([0, 0], [1, 1]).contains([0])
    with pytest.raises(InputError):
        Domain.box([0, 0], [1, 1]).contains([0, None])


def test_it_is_a_value() -> None:
    box = Domain.box([0, None], [1, 2])
    same = Domain([[1, 0], [-1, 0], [0, 1]], [1, 0, 2])
    assert box == same and hash(box) == hash(same) and box != Domain([[1, 0]], [1]) and box != 3
    metres = box.in_units(("m", "s"))
    assert metres == box and metres.units == ("m", "s") and box.units == ()
    for other in (pickle.loads(pickle.dumps(metres)), copy.deepcopy(metres)):
        assert other == box and other.units == ("m", "s")
    with pytest.raises(AttributeError, match="cannot be changed"):
        box.input_dim = 3
    with pytest.raises(AttributeError, match="a Domain cannot be changed"):
        del box._a
    assert repr(box) == "Domain(3 half-spaces in dimension 2)"
