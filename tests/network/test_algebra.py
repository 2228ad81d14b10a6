"""Networks made of networks: sums, multiples, maxima, stacks and compositions, and their layers."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.errors import InputError, NetworkError, NumberError
from support.strategies import examples, networks, permuted, points, random_rows, rescaled, small_integers

ABSOLUTE = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])
LINE = pr.Network([[[1]]], [[-1]])


def with_outputs(net: pr.Network, n: int, seed: int) -> pr.Network:
    """The network with n outputs that are affine in its own."""
    rows = random_rows(Random(seed), n, 1, small_integers(3), False)
    return net.followed_by(pr.Network([rows], [[Fraction(i, 2) for i in range(n)]]))


def values(net: pr.Network, x: object) -> list[Fraction]:
    value = net(x)
    return list(value) if isinstance(value, tuple) else [value]


@given(st.data())
@examples(8)
def test_what_is_made_computes_what_it_says(data):
    d, n = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    f, g, h = (with_outputs(data.draw(networks(dims=[d])), n, seed) for seed in (1, 2, 3))
    c = data.draw(st.fractions(-3, 3, max_denominator=7).filter(bool))
    outer = with_outputs(data.draw(networks(dims=[n])), 2, 4)
    made = {
        "+": f + g, "-": f - g, "c F": c * f, "F c": f * c, "F / c": f / c, "c - F": c - f, "F - c": f - c,
        "max": pr.maximum(f, g, h), "min": pr.minimum(f, g, h), "stack": pr.stack(f, g, h), "@": outer @ f,
    }  # fmt: skip
    for _ in range(6):
        x = data.draw(points(d))
        a, b, e = values(f, x), values(g, x), values(h, x)
        expected = {
            "+": [p + q for p, q in zip(a, b, strict=True)], "-": [p - q for p, q in zip(a, b, strict=True)],
            "c F": [c * p for p in a], "F c": [c * p for p in a], "F / c": [p / c for p in a],
            "c - F": [c - p for p in a], "F - c": [p - c for p in a],
            "max": list(map(max, a, b, e)), "min": list(map(min, a, b, e)), "stack": [*a, *b, *e],
            "@": values(outer, a),
        }  # fmt: skip
        for name, net in made.items():
            assert values(net, x) == values(net.to_relu(), x) == expected[name], name
            assert not any(map(any, net.to_relu().slopes))


@given(st.data())
@examples(12)
def test_laws_hold_as_identities_of_functions(data):
    d = data.draw(st.integers(1, 2))
    f, g = data.draw(networks(dims=[d])), data.draw(networks(dims=[d]))
    try:
        assert pr.identical(pr.maximum(f, g) + pr.minimum(f, g), g + f, max_cells=200_000)
        assert pr.identical((f - g) + g, f, max_cells=200_000)
    except pr.LimitError:
        pass


# ---- the layers ---------------------------------------------------------------------------------------------------


def test_architectures():
    deep = pr.Network([[[1], [2], [3]], [[1, 1, 1], [1, -1, 0]], [[1, 1]]], [[1, 2, 3], [0, 1], [0]])
    assert (ABSOLUTE + LINE).architecture == (1, 3, 1)  # x − 1 is passed on by one neuron
    assert (ABSOLUTE + deep).architecture == (1, 5, 3, 1)
    assert (LINE - LINE).architecture == (1, 1)
    assert pr.stack(ABSOLUTE, deep, LINE).architecture == (1, 6, 4, 3)
    assert pr.maximum(ABSOLUTE, LINE).architecture == (1, 3, 2, 1)
    assert (ABSOLUTE @ deep).architecture == (1, 3, 2, 2, 1)
    assert pr.minimum(5).architecture == pr.maximum(5).architecture


def test_the_narrowest_place_is_continued():
    """Three outputs of one input: x is passed on, not they."""
    three = pr.Network([[[1], [2], [3]]], [[0, 1, 2]])
    deep = pr.Network([[[1]], [[5]], [[1], [1], [1]]], [[7], [1], [0, 0, 0]])
    assert (three + deep).architecture == (1, 2, 2, 3)
    assert [a for layer in (three + deep).slopes for a in layer] == [1, 0, 1, 0]


def test_common_neurons_are_shared():
    """F − F has the neurons of F, and so has the difference to any copy with permuted and scaled neurons."""
    f = pr.Network([[[1, 2], [0, 1], [3, -1]], [[1, 1, 0], [0, 1, -1]], [[1, 2]]], [[1, 0, 2], [0, 5], [1]])
    copy = rescaled(permuted(f, [[2, 0, 1], [1, 0]]), [[2, Fraction(1, 3), 5], [7, 1]])
    for g in (f, copy):
        difference = f - g
        assert difference.architecture == f.architecture
        assert not any(difference.weights[-1][0]) and not any(difference.biases[-1])
    fine_tuned = pr.Network([*f.weights[:-1], [[1, 3]]], f.biases)
    assert (f - fine_tuned).architecture == f.architecture
    leaky = pr.Network(f.weights, f.biases, [Fraction(1, 2), 0])
    assert (f - leaky).architecture == (2, 6, 4, 1)  # of other slopes: other neurons
    assert (f - pr.Network([[[-1, -2]], [[1]]], [[-1], [0]])).architecture[1] == 4  # a negative multiple is not shared


def test_notes_and_units_are_kept():
    f, g = ABSOLUTE.noted("first", units=("metres",)), LINE.noted("second")
    assert (f - g).assumptions == ("first", "second") and (g + f).units == ("metres",)
    with pytest.raises(NetworkError, match="same units"):
        f + g.noted(units=("feet",))


# ---- numbers of NumPy, and what is refused ------------------------------------------------------------------------


def test_numbers_of_numpy():
    for two in (np.float64(2), np.int64(2), np.float32(2), Fraction(2), "2"):
        assert two * ABSOLUTE == ABSOLUTE * two == 2 * ABSOLUTE
        assert two + ABSOLUTE == ABSOLUTE.shifted(2) and two - ABSOLUTE == (-ABSOLUTE).shifted(2)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: ABSOLUTE + pr.maximum(2), NetworkError, "equally many inputs, got 1 and 2"),
        (lambda: ABSOLUTE - pr.stack(LINE, LINE), NetworkError, "equally many outputs, got 1 and 2"),
        (lambda: pr.maximum(ABSOLUTE, pr.stack(LINE, LINE)), NetworkError, "equally many outputs"),
        (lambda: ABSOLUTE @ pr.stack(LINE, LINE), NetworkError, "compose: expected a network with 1 output, got 2"),
        (lambda: ABSOLUTE @ 3, NetworkError, "compose: expected a Network, got 3"),
        (lambda: ABSOLUTE.stacked(None), NetworkError, "expected a Network, got None"),
        (lambda: ABSOLUTE * LINE, NumberError, "factor"),
        (lambda: ABSOLUTE + "x", NumberError, "constant"),
        (lambda: np.ones(3) + ABSOLUTE, NumberError, "constant: an array"),
        (lambda: 0 * ABSOLUTE, NetworkError, "other than zero"),
        (lambda: ABSOLUTE / 0, NetworkError, "divisor"),
        (lambda: pr.stack(ABSOLUTE, 1), InputError, "stack: expected a Network, got 1"),
        (lambda: pr.maximum(2, ABSOLUTE), InputError, "maximum: expected a Network, got 2"),
        (lambda: pr.minimum(ABSOLUTE, None), InputError, "minimum: expected a Network, got None"),
        (lambda: pr.minimum(0), InputError, "minimum: n"),
    ],
)
def test_what_is_refused(call, error, match):
    with pytest.raises(error, match=match):
        call()
