"""Networks: validation, exact evaluation, and networks made from networks."""

from __future__ import annotations

import copy
import itertools
import pickle
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyrelu.errors import InputError, NetworkError, NumberError, PointError
from polyrelu.network import evaluation
from polyrelu.network.network import Network
from support.raw_networks import networks, numbers, vectors

F = Fraction

@st.composite
def networks_with_points(draw: st.DrawFn) -> tuple[Network, list[Any]]:
    net = draw(networks())
    return net, draw(vectors(net.input_dim))


def outputs_of(net: Network, x: Any) -> tuple[Fraction, ...]:
    value = net(x)
    return value if isinstance(value, tuple) else (value,)


def plain_evaluation(net: Network, x: list[Any]) -> tuple[list[list[Fraction]], list[Fraction]]:
    """The definition, written down with Fractions and nothing else."""
    values = [F(v) for v in x]
    hidden: list[list[Fraction]] = []
    for level, (matrix, bias) in enumerate(zip(net.weights, net.biases, strict=True)):
        values = [
            sum((w * v for w, v in zip(row, values, strict=True)), b) for row, b in zip(matrix, bias, strict=True)
        ]
        if level < net.depth:
            hidden.append(values)
            values = [v if v >= 0 else a * v for v, a in zip(values, net.slopes[level], strict=True)]
    return hidden, values


# --- what it is ---


def absolute_value() -> Network:
    return Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])


def test_attributes() -> None:
    net: Any = Network([np.ones((3, 2)), [[1, 2, "1/2"], [0, 0, 1]]], [[0, 0.5, "0.1"], [1, 2]], [["0", 1, -1]])
    assert net.architecture == (2, 3, 2)
    assert (net.input_dim, net.output_dim, net.depth) == (2, 2, 1)
    assert net.biases[0] == (0, F(1, 2), F(1, 10))
    assert net.weights[1] == ((1, 2, F(1, 2)), (0, 0, 1))
    assert net.slopes == ((0, 1, -1),)
    entries = itertools.chain(*net.weights[0], *net.weights[1], *net.biases, *net.slopes)
    assert all(type(x) is Fraction and type(x.numerator) is int for x in entries)


def test_containers() -> None:
    expected = Network([[[1, 2], [3, 4]], [[1, 1], [0, 1]]], [[0, 0], [0, 0]])
    cube = np.array([[[1, 2], [3, 4]], [[1, 1], [0, 1]]])
    for weights in (cube, cube.astype(np.float32), cube.astype(object), list(cube)):
        for biases in (np.zeros((2, 2)), [[0, 0], (0, 0)], [range(0, 1, 1), [0]]):
            if len(biases[0]) == 2:
                assert Network(weights, biases) == expected
    ragged = np.empty(2, dtype=object)
    ragged[0], ragged[1] = np.ones((3, 1)), np.ones((1, 3))
    assert Network(ragged, [[0] * 3, [0]]).architecture == (1, 3, 1)
    assert Network([np.ma.masked_array([[1.0]], mask=False)], [[0]])(3) == 3


def test_slopes() -> None:
    weights, biases = [[[1], [1]], [[1, 0], [0, 1]], [[1, 1]]], [[0, 0], [0, 0], [0]]
    relu: Any = Network(weights, biases)
    assert relu.slopes == ((0, 0), (0, 0))
    assert relu == Network(weights, biases, [0, 0]) == Network(weights, biases, [[0, 0], 0])
    assert Network(weights, biases, np.array([0.5, -1])) == Network(weights, biases, ["1/2", [-1, -1]])
    assert Network(weights, biases, np.array([[1, 2], [3, 4]])) == Network(weights, biases, [[1, 2], (3, 4)])
    assert Network(weights, biases, ["1/100", 0]) != relu
    assert Network(weights, biases, [1, -1])(-3) == 6
    assert Network([[[1]]], [[0]], []) == Network([[[1]]], [[0]])


def test_immutable_hashable_picklable() -> None:
    net = absolute_value()
    for name in ("weights", "_weights", "colour"):
        with pytest.raises(AttributeError):
            setattr(net, name, 1)
    with pytest.raises(AttributeError):
        del net._weights
    with pytest.raises(TypeError):
        net.weights[0][0][0] = 2  # type: ignore[index]
    same = Network([np.array([[1.0], [-1.0]]), [["1", "2/2"]]], [[0, -0.0], ["0.0"]])
    assert same == net and hash(same) == hash(net) and len({same, net}) == 1
    assert net != Network([[[1], [-1]], [[1, 1]]], [[0, 0], [1]])
    assert (net == "Network") is False
    net(1)
    for twin in (copy.copy(net), copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert twin == net and hash(twin) == hash(net) and twin(-2) == 2


@given(networks())
def test_pickle_round_trip(net: Network) -> None:
    assert pickle.loads(pickle.dumps(net)) == net


def test_repr() -> None:
    def chain(depth: int, slopes: Any = None) -> str:
        return repr(Network([[[1]]] * (depth + 1), [[0]] * (depth + 1), slopes))

    assert repr(absolute_value()) == "Network(1-2-1, ReLU)"
    assert chain(0) == "Network(1-1, affine)"
    assert chain(1, [-1]) == "Network(1-1-1, absolute value)"
    assert chain(1, [1]) == "Network(1-1-1, identity)"
    assert chain(2, ["1/100"] * 2) == "Network(1-1-1-1, slope 1/100 below zero)"
    assert chain(2, [0, 1]) == "Network(1-1-1-1, mixed slopes)"
    assert chain(1, ["1/" + "3" * 3999]) == "Network(1-1-1, one slope below zero)"
    assert chain(1, ["1" * 4000]) == "Network(1-1-1, one slope below zero)"
    assert chain(1000) == "Network(1-1-1-1-1-1-…-1-1-1-1-1, ReLU)"


# --- validation ---

ONE: Any = [[[1]]]
BAD_NETWORKS: list[tuple[Any, Any, Any, int | None, str]] = [
    ([], [], None, None, "at least one layer"),
    (np.empty((0, 2, 2)), [], None, None, "at least one layer"),
    (None, [[0]], None, None, "weights: expected a list of matrices"),
    ("abc", [[0]], None, None, "weights: expected a list"),
    (3, [[0]], None, None, "weights: expected a list"),
    ({"a": 1}, [[0]], None, None, "weights: expected a list"),
    ((w for w in ONE), [[0]], None, None, "weights: expected a list"),
    ({1}, [[0]], None, None, "weights: expected a list"),
    (ONE, None, None, None, "biases: expected a list"),
    (ONE, "0", None, None, "biases: expected a list"),
    (ONE, {0: [0]}, None, None, "biases: expected a list"),
    (ONE, [], None, 1, "one vector for each of the 1 weight matrices, got 0"),
    (ONE, [[0], [0]], None, 2, "got 2"),
    ([[]], [[]], None, 1, "no rows"),
    ([[[]]], [[0]], None, 1, "no columns"),
    ([np.empty((3, 0))], [[0] * 3], None, 1, "no columns"),
    ([[[1]], []], [[0], []], None, 2, "layer 2, weight: the matrix has no rows"),
    ([[[1, 2], [3]]], [[0, 0]], None, 1, "layer 1, weight row 2: has length 1, but row 1 has length 2"),
    ([[[1, 2], []]], [[0, 0]], None, 1, "row 2: has length 0"),
    ([[[1], [2]], [[1, 2, 3]]], [[0, 0], [0]], None, 2, "shape 1 × 3, but the layer before has 2 neurons"),
    ([[1, 2]], [[0]], None, 1, "row 1: expected a list of numbers, got 1"),
    ([np.ones(3)], [[0]], None, 1, "a weight is a list of rows"),
    (np.ones((2, 2)), [[0], [0]], None, 1, "a weight is a list of rows"),
    (["12"], [[0]], None, 1, "expected a matrix"),
    ([["12"]], [[0]], None, 1, "expected a list of numbers, got '12'"),
    ([[b"12"]], [[0]], None, 1, "expected a list of numbers"),
    ([[{1: 2}]], [[0]], None, 1, "expected a list of numbers"),
    ([[{1}]], [[0]], None, 1, "expected a list of numbers"),
    ([[iter([1])]], [[0]], None, 1, "expected a list of numbers"),
    ([itertools.repeat([1])], [[0]], None, 1, "expected a matrix"),
    ([np.ones((1, 1, 1))], [[0]], None, 1, "a weight has two dimensions"),
    ([[[np.ones(1)]]], [[0]], None, 1, "a weight has two dimensions"),
    ([5], [[0]], None, 1, "expected a matrix"),
    (ONE, [0], None, 1, "layer 1, bias: expected a list of 1 numbers, got 0"),
    (ONE, ["0"], None, 1, "layer 1, bias: expected a list"),
    (ONE, [[]], None, 1, "expected 1 numbers, one per weight row, got 0"),
    (ONE, [[1, 2]], None, 1, "got 2"),
    ([[[1], [2]]], [[[0], [0]]], None, 1, "a bias has one dimension"),
    ([[[1], [2]]], [np.zeros((2, 1))], None, 1, "a bias has one dimension"),
    (ONE, [[0]], 0, None, "slopes: expected one entry for each of 0 hidden layers"),
    (ONE, [[0]], [0], 1, "slopes: expected one entry for each of 0 hidden layers, got 1"),
    (ONE * 2, [[0]] * 2, [], 1, "for each of 1 hidden layers, got 0"),
    (ONE * 2, [[0]] * 2, [0, 0], 2, "got 2"),
    (ONE * 2, [[0]] * 2, [[0, 0]], 1, "layer 1, slopes: expected one number, or one per neuron"),
    (ONE * 2, [[0]] * 2, [[]], 1, "layer 1, slopes"),
    (ONE * 2, [[0]] * 2, "0", None, "slopes: expected"),
    (ONE * 2, [[0]] * 2, {0: 0}, None, "slopes: expected"),
    (ONE * 2, [[0]] * 2, 0.5, None, "slopes: expected"),
]


@pytest.mark.parametrize(("weights", "biases", "slopes", "layer", "text"), BAD_NETWORKS)
def test_refuses_shapes(weights: Any, biases: Any, slopes: Any, layer: int | None, text: str) -> None:
    with pytest.raises(NetworkError) as caught:
        Network(weights, biases, slopes)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.layer == layer


BAD_ENTRIES: list[Any] = [
    None,
    True,
    np.False_,
    float("nan"),
    np.float32("inf"),
    "1/0",
    "1_0",
    "",
    "x",
    1j,
    b"1",
    "1" * 5000,
    {},
]


@pytest.mark.parametrize("bad", BAD_ENTRIES, ids=lambda v: repr(v)[:20])
def test_names_the_place_of_a_bad_number(bad: object) -> None:
    weights: Any = [[[1], [2], [3]], [[1, 2, 3]]]
    weights[0][2][0] = bad
    with pytest.raises(NumberError, match=r"^layer 1, weight row 3, column 1: "):
        Network(weights, [[0] * 3, [0]])
    weights[0][2][0] = 3
    with pytest.raises(NumberError, match=r"^layer 2, bias, entry 1: "):
        Network(weights, [[0] * 3, [bad]])
    if bad is not None:
        with pytest.raises(InputError, match=r"^layer 1, slopes"):
            Network(weights, [[0] * 3, [0]], [bad])
    with pytest.raises(NumberError, match=r"^layer 1, slopes, neuron 2: "):
        Network(weights, [[0] * 3, [0]], [[0, bad, 0]])


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.ma.masked_array([[1.0, 2.0]], mask=[[False, True]]), "masked"),
        (np.array([[True, False]]), "boolean"),
        (np.array([[1j, 2]]), "complex"),
        (np.array([[1, 2]], dtype="m8[ns]"), "timedelta"),
        (np.array([[1, np.nan]]), "column 2: nan is not finite"),
        (np.array([[1, None]]), "column 2: None"),
    ],
)
def test_refuses_arrays_that_hold_no_numbers(array: Any, text: str) -> None:
    with pytest.raises(NumberError, match=text) as caught:
        Network([array], [[0]])
    assert str(caught.value).startswith("layer 1, weight")


def test_what_is_wrong_in_the_last_layer_is_said_before_the_first_is_made_exact() -> None:
    with pytest.raises(NetworkError, match=r"^layer 2, weight: the matrix has shape 1 × 3"):
        Network([[["x"]], [[1, 2, 3]]], [[0], [0]])
    with pytest.raises(NumberError, match=r"^layer 2, weight row 1, column 1: nan is not finite"):
        Network([[["x"]], np.array([[np.nan]])], [[0], [0]])
    with pytest.raises(NumberError, match=r"^layer 2, bias, entry 1: inf is not finite"):
        Network([[["x"]], [[1]]], [[0], [np.inf]])


class Weird:
    """Fails at whatever may be asked of it."""

    ndim = property(lambda self: 1 / 0)
    p = q = numerator = property(lambda self: 1 / 0)

    def __len__(self) -> int:
        raise RuntimeError

    __iter__ = __int__ = __index__ = __float__ = __len__


junk = st.recursive(
    st.one_of(
        numbers,
        st.sampled_from(
            ["1/2", "1/0", "", "12", b"12", None, True, {}, {1}, {1: [1]}, range(2), Weird(), float("nan")]
        ),
        st.sampled_from([np.ones(2), np.ones((1, 1)), np.zeros((0, 2)), np.array(1), np.array([True]), np.ma.masked]),
        st.builds(iter, st.just([1])),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.lists(inner, max_size=3).map(tuple)),
    max_leaves=12,
)


@given(junk, junk, st.one_of(st.none(), junk))
@settings(max_examples=150)
def test_junk_is_a_network_or_refused(weights: Any, biases: Any, slopes: Any) -> None:
    try:
        net = Network(weights, biases, slopes)
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert repr(net).startswith("Network(")


def meant(x: Any) -> Any:
    """The Fraction, or the list of these and of lists, that an object of `junk` stands for, with None for junk."""
    if isinstance(x, np.ma.MaskedArray) or (isinstance(x, np.ndarray) and x.dtype == bool):
        return None
    if isinstance(x, np.ndarray):
        x = x.tolist()
    if isinstance(x, list | tuple | range):
        return [meant(item) for item in x]
    if isinstance(x, str):
        return {"1/2": F(1, 2), "12": F(12)}.get(x)
    is_number = isinstance(x, int | F) or (isinstance(x, float) and x == x)
    return F(x) if is_number and not isinstance(x, bool) else None


def meant_point(x: Any, dimension: int) -> Any:
    coordinates = meant(x)
    if isinstance(coordinates, F) and dimension == 1:
        coordinates = [coordinates]
    fits = isinstance(coordinates, list) and len(coordinates) == dimension
    return coordinates if fits and all(isinstance(c, F) for c in coordinates) else None


def meant_batch(x: Any, dimension: int) -> Any:
    points = meant(x)
    if not isinstance(points, list) or not (points or getattr(x, "ndim", 1) == 2):
        return None
    batch = [meant_point(point, dimension) if isinstance(point, list) else None for point in points]
    return None if None in batch else batch


def refused(call: Callable[[], object]) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert "\n" not in str(caught.value)


@given(networks(), junk, junk)
@settings(max_examples=100)
def test_junk_is_refused_by_the_methods(net: Network, x: Any, y: Any) -> None:
    """And what is no junk after all is read as `meant` reads it."""
    d, n = net.input_dim, net.output_dim
    point, number = meant_point(x, d), meant(x)
    if point is None:
        if (batch := meant_batch(x, d)) is None:
            refused(lambda: net(x))
        else:
            assert net(x) == tuple(net(each) for each in batch)
        refused(lambda: net.preactivations(x))
        refused(lambda: net.restrict(x, [[1] * d]))
    else:
        hidden, outputs = plain_evaluation(net, point)
        assert list(outputs_of(net, x)) == outputs and list(map(list, net.preactivations(x))) == hidden
        assert list(outputs_of(net.restrict(x, [[1] * d]), 0)) == outputs
    directions = [meant_point(item, d) for item in y] if isinstance(meant(y), list) else []
    if not directions or None in directions:
        refused(lambda: net.restrict([0] * d, y))
    else:
        ends = [sum(column) for column in zip(*directions, strict=True)]
        assert list(outputs_of(net.restrict([0] * d, y), [1] * len(directions))) == plain_evaluation(net, ends)[1]
    origin = [F(0)] * d
    values = plain_evaluation(net, origin)[1]
    if isinstance(number, F):
        assert list(outputs_of(net.shifted(x), origin)) == [value + number for value in values]
    else:
        refused(lambda: net.shifted(x))
    if isinstance(number, F) and number:
        assert list(outputs_of(net.scaled(x), origin)) == [value * number for value in values]
    else:
        refused(lambda: net.scaled(x))
    if isinstance(x, int | np.ndarray) and isinstance(number, F) and 0 <= number < n:
        assert list(outputs_of(net.output(x), origin)) == [values[int(x)]]
        if number:
            assert list(outputs_of(net.difference(0, x), origin)) == [values[0] - values[int(x)]]
    else:
        refused(lambda: net.output(x))
        refused(lambda: net.difference(0, x))
    layers: list[Any] = [None]
    if isinstance(number, list) and len(number) == net.depth and all(isinstance(layer, list) for layer in number):
        layers = [meant_point(layer, m) for layer, m in zip(number, net.architecture[1:-1], strict=True)]
    if None in layers:
        refused(lambda: net.affine_map_at(x))
    else:
        assert net.affine_map_at(x) == net.affine_map_at([[(v >= 0) - (v < 0) for v in layer] for layer in layers])
    refused(lambda: Network.from_dict(x))


NEVER = [None, True, "x", "", b"12", {}, {1: [1]}, {1}, float("nan"), "1/0", Weird(), np.ma.masked, np.array([True]),
         [None], [[True]], iter([1])]  # fmt: skip


@pytest.mark.parametrize("bad", NEVER, ids=lambda bad: repr(bad)[:20])
def test_what_no_method_takes(bad: Any) -> None:
    net = Network([[[1], [2]], [[1, 1], [0, 1]]], [[0, 1], [0, 0]])
    for call in (
        net, net.preactivations, net.affine_map_at, net.scaled, net.shifted, net.output, Network.from_dict,
        lambda x: net.restrict(x, [[1]]), lambda x: net.restrict([0], x), lambda x: net.restrict([0], [x]),
        lambda x: net.difference(0, x), lambda x: net.difference(x, 0), lambda x: net.affine_map_at([x]),
        lambda x: net.affine_map_at([[1, x]]), lambda x: net([x]),
    ):  # fmt: skip
        refused(lambda call=call: call(bad))  # type: ignore[misc]


def test_signs_for_more_or_fewer_neurons() -> None:
    net = Network([[[1], [2]], [[1, 1]]], [[0, 1], [0]])
    for signs in ([], [[1]], [[1, 1, 1]], [[1, 1], [1, 1]], [[1, 1], []]):
        refused(lambda signs=signs: net.affine_map_at(signs))  # type: ignore[misc]


@given(junk, junk)
@settings(max_examples=100)
def test_junk_in_an_object_is_refused_as_by_the_class(weights: Any, biases: Any) -> None:
    try:
        known = Network(weights, biases)
    except InputError:
        refused(lambda: Network.from_dict({"weights": weights, "biases": biases}))
    else:
        assert Network.from_dict({"weights": weights, "biases": biases}) == known


# --- evaluation ---


def test_evaluates_exactly() -> None:
    net: Any = absolute_value()
    assert net(F(-1, 3)) == net([F(-1, 3)]) == net("-1/3") == net(("1/3",)) == F(1, 3)
    assert net(np.array(0.5)) == net(np.array([0.5])) == net(np.float32(-0.5)) == F(1, 2)
    assert net(0.1) == F(0.1) != F(1, 10) == net("0.1")
    assert isinstance(net(1), Fraction)
    two = Network([[[1, 0], [0, 1]]], [[0, 1]])
    assert two([1, 2]) == (1, 3)
    assert two.preactivations([1, 2]) == ()
    assert net.preactivations(-3) == ((-3, 3),)


@pytest.mark.parametrize(
    "x", [[], [1], [1, 2, 3], 5, "12", None, {1: 2, 3: 4}, {1, 2}, np.ones(3), iter([1, 2])]
)
def test_refuses_points(x: Any) -> None:
    net = Network([[[1, 2]]], [[0]])
    with pytest.raises(PointError, match=r"^point: expected"):
        net(x)
    with pytest.raises(PointError):
        net.preactivations(x)


@pytest.mark.parametrize("x", [[1, None], [True, 1], ["1/0", 1], [float("nan"), 1], range(2, 4)])
def test_refuses_coordinates(x: Any) -> None:
    net = Network([[[1, 2]]], [[0]])
    if isinstance(x, range):
        assert net(x) == 8
        return
    with pytest.raises(NumberError, match=r"^point, coordinate "):
        net(x)


@given(networks(), st.data())
@settings(max_examples=30)
def test_a_batch_has_the_values_of_its_points(net: Network, data: st.DataObject) -> None:
    """Against the definition in Fractions; for numbers of any kind, and floats of any size, which are exact."""
    d = net.input_dim
    numbers = st.one_of(st.fractions(), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
    points = data.draw(st.lists(st.lists(numbers, min_size=d, max_size=d), min_size=1, max_size=5))
    values = net(points)
    expected = [tuple(plain_evaluation(net, [F(x) for x in point])[1]) for point in points]
    assert isinstance(values, tuple)
    assert list(values) == ([value[0] for value in expected] if net.output_dim == 1 else expected)
    assert all(type(x.numerator) is int for x in np.ravel(np.array(values, dtype=object)))
    floats = np.array([[float(F(x) % 1) for x in point] for point in points])
    assert net(floats) == net(floats.tolist()) == tuple(net(row) for row in floats)


def test_batches_and_points_of_the_line() -> None:
    net: Any = absolute_value()
    assert net([[1]]) == net(np.array([[-1.0]])) == net(((1,),)) == (1,)
    assert net([["-1/3"], [2]]) == net([(F(-1, 3),), np.array([2])]) == (F(1, 3), 2)
    assert net(np.zeros((0, 1))) == () == Network([[[1, 2]]], [[0]])(np.zeros((0, 2)))
    with pytest.raises(PointError, match=r"^point: expected 1 coordinate, got 2"):
        net([1, 2])
    with pytest.raises(PointError, match=r"^point: expected 1 coordinate, got 0"):
        net(np.zeros(0))


def test_more_points_than_one_product_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    net = Network([[[1, 2], [3, "1/2"]], [[1, -1], [0, 1]]], [[0, "1/3"], [1, 0]], ["-1/5"])
    points = [[i, 7 - i] for i in range(20)]
    expected = net(points)
    monkeypatch.setattr(evaluation, "MOST_PRODUCTS", 20)
    assert net(points) == expected == tuple(net(point) for point in points)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[1, 2], [1]], "point 2: expected 2 coordinates, got 1"),
        ([[1, 2], 3], "point 2: expected a sequence of 2 numbers, as the others are, got 3"),
        ([[1, 2], [1, None]], "point 2, coordinate 2: "),
        (np.ones((2, 3)), "point 1: expected 2 coordinates, got 3"),
        (np.ones((2, 2, 2)), "point 1: expected a sequence of 2 numbers, .* got a sequence of sequences"),
        (np.array([[1, np.nan]]), "point 1, coordinate 2: nan is not finite"),
    ],
)
def test_refuses_batches(x: Any, message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}"):
        Network([[[1, 2]]], [[0]])(x)


def test_refuses_points_of_the_line() -> None:
    bad: Any
    for bad in (None, "x", True, {}, float("inf")):
        with pytest.raises(NumberError, match=r"^point: "):
            absolute_value()(bad)
    with pytest.raises(PointError):
        absolute_value()([1, 2])


@given(networks_with_points())
def test_evaluation_is_the_definition(case: tuple[Network, list[Any]]) -> None:
    net, x = case
    hidden, values = plain_evaluation(net, x)
    assert [list(layer) for layer in net.preactivations(x)] == hidden
    assert list(outputs_of(net, x)) == values


@given(networks_with_points())
def test_affine_map_agrees_with_evaluation(case: tuple[Network, list[Any]]) -> None:
    net, x = case
    matrix, offset = net.affine_map_at(net.preactivations(x))
    assert len(matrix) == len(offset) == net.output_dim
    assert {len(row) for row in matrix} == {net.input_dim}
    linear = [sum(a * F(v) for a, v in zip(row, x, strict=True)) for row in matrix]
    assert tuple(v + c for v, c in zip(linear, offset, strict=True)) == outputs_of(net, x)
    signs = [np.array([(z > 0) - (z < 0) for z in layer], dtype=np.int8) for layer in net.preactivations(x)]
    assert net.affine_map_at(signs) == (matrix, offset)


def test_affine_map_refuses_what_are_no_signs() -> None:
    net = absolute_value()
    assert net.affine_map_at([[1, -1]]) == (((F(1),),), (F(0),))
    assert net.affine_map_at([[0, 0]]) == (((F(0),),), (F(0),))
    assert Network([[[2]]], [[3]]).affine_map_at([]) == (((F(2),),), (F(3),))
    for bad in ([], [[1]], [[1, 1], [1]], [1, -1], "+-", ["+-"], None, [[[1], [1]], []], {0: [1, 1]}):
        with pytest.raises(PointError, match=r"^signs"):
            net.affine_map_at(bad)
    for entries in ([True, False], [1, None], [1, float("nan")], ["+", "-"], np.array([True, False])):
        with pytest.raises(NumberError, match=r"^signs of layer 1, neuron "):
            net.affine_map_at([entries])


def test_evaluates_a_hundred_thousand_weights() -> None:
    rng = np.random.default_rng(0)
    widths = (10, 300, 300, 1)
    weights = [rng.normal(size=(m, n)).astype(np.float32) for n, m in itertools.pairwise(widths)]
    biases = [rng.normal(size=m).astype(np.float32) for m in widths[1:]]
    x = rng.normal(size=10).astype(np.float32)
    net = Network(weights, biases)
    value = x.astype(float)
    for level, (matrix, bias) in enumerate(zip(weights, biases, strict=True)):
        value = matrix.astype(float) @ value + bias
        value = np.maximum(value, 0) if level < net.depth else value
    assert float(outputs_of(net, x)[0]) == pytest.approx(value[0], rel=1e-9)


# --- networks made from it ---


@given(networks_with_points(), st.data())
@settings(max_examples=30)
def test_restrict(case: tuple[Network, list[Any]], data: st.DataObject) -> None:
    net, origin = case
    directions = data.draw(st.lists(vectors(net.input_dim), min_size=1, max_size=3))
    part = net.restrict(origin, directions)
    assert part.architecture == (len(directions), *net.architecture[1:])
    assert part.slopes == net.slopes
    t = data.draw(vectors(len(directions)))
    x = [F(o) + sum(F(s) * F(v[i]) for s, v in zip(t, directions, strict=True)) for i, o in enumerate(origin)]
    assert part(t) == net(x)
    assert part.preactivations(t) == net.preactivations(x)


@given(networks_with_points(), numbers)
@settings(max_examples=30)
def test_output_transformations(case: tuple[Network, list[Any]], c: Any) -> None:
    net, x = case
    values = outputs_of(net, x)
    assert outputs_of(net.shifted(c), x) == tuple(v + F(c) for v in values)
    assert outputs_of(-net, x) == tuple(-v for v in values)
    if c:
        assert outputs_of(net.scaled(c), x) == tuple(v * F(c) for v in values)
        assert net.scaled(c).scaled(1 / F(c)) == net
    for i, j in itertools.product(range(net.output_dim), repeat=2):
        assert net.output(i)(x) == values[i]
        if i == j:
            with pytest.raises(NetworkError, match=rf"^difference: expected two different outputs, got output {i} tw"):
                net.difference(i, j)
            continue
        assert net.difference(i, j)(x) == values[i] - values[j]
        assert net.difference(i, j).output_dim == 1
    assert net.architecture == (-net).architecture


@given(networks_with_points(), networks(), st.data())
def test_compositions(case: tuple[Network, list[Any]], second: Network, data: st.DataObject) -> None:
    """Of networks of any depth, with and without biases: the second reads outputs of the first, some of them twice."""
    net, x = case
    chosen = [data.draw(st.integers(0, net.output_dim - 1)) for _ in range(second.input_dim)]
    weights = [*net.weights[:-1], [net.weights[-1][i] for i in chosen]]
    first = Network(weights, [*net.biases[:-1], [net.biases[-1][i] for i in chosen]], net.slopes)
    both = first.followed_by(second)
    assert both.depth == first.depth + second.depth and both.slopes == (*first.slopes, *second.slopes)
    assert outputs_of(both, x) == outputs_of(second, list(outputs_of(first, x)))


def test_assumptions_and_units_are_kept() -> None:
    net = Network([[[1]]], [[0]]).noted("one", units=("m",))
    assert (net.noted("two", "one").units, net.noted("two", "one").assumptions) == (("m",), ("one", "two"))
    assert net.noted(units=("km",)).units == ("km",) and net.noted().assumptions == ("one",)


@pytest.mark.parametrize("index", [-1, 2, None, "0", 0.0, True, F(0), [0]])
def test_refuses_output_indices(index: Any) -> None:
    net = Network([[[1], [2]]], [[0, 0]])
    for wrong in (index, 10**5000):
        with pytest.raises(NetworkError, match=r"^output: .* 0 to 1"):
            net.output(wrong)
    for pair in ((0, index), (index, 0)):
        with pytest.raises(NetworkError, match=r"^output: .* 0 to 1"):
            net.difference(*pair)
    assert net.output(np.int64(1))(1) == 2  # type: ignore[arg-type]


def test_refuses_factors() -> None:
    for zero in (0, 0.0, "0", F(0)):
        with pytest.raises(NetworkError, match=r"^factor"):
            absolute_value().scaled(zero)
    for bad in (None, "x", float("nan"), True, [1]):
        with pytest.raises(NumberError, match=r"^factor"):
            absolute_value().scaled(bad)
        with pytest.raises(NumberError, match=r"^constant"):
            absolute_value().shifted(bad)


def test_refuses_numbers_that_could_not_be_read_back() -> None:
    net = Network([[["1e3000"]]], [[0]])
    with pytest.raises(NumberError, match="layer 1 of the resulting network"):
        net.scaled("1e1000")
    with pytest.raises(NumberError, match="layer 1 of the resulting network"):
        net.restrict([0], [["1e1000"]])


def test_refuses_subspaces() -> None:
    net = Network([[[1, 2]]], [[0]])
    assert net.restrict([0, 0], np.eye(2)) == net
    assert net.restrict([1, 1], [[0, 0]])(7) == 3
    assert absolute_value().restrict(1, [2])(-2) == 3
    for origin, directions, text in [
        ([0], [[1, 0]], "^origin: expected 2 coordinates, got 1"),
        ("00", [[1, 0]], "^origin: expected a sequence"),
        ([0, 0], [], "^directions: expected at least one vector of length 2, got none"),
        ([0, 0], None, "^directions: expected at least one"),
        ([0, 0], [1, 0], "^direction 1: expected a sequence"),
        ([0, 0], [[1, 0], [1]], "^direction 2: expected 2 coordinates, got 1"),
        ([0, 0], "10", "^directions"),
    ]:
        with pytest.raises(PointError, match=text):
            net.restrict(origin, directions)
    with pytest.raises(NumberError, match=r"^direction 1, coordinate 2"):
        net.restrict([0, 0], [[1, "x"]])


# --- JSON ---


@given(networks())
def test_dictionary_round_trip(net: Network) -> None:
    data = net.to_dict()
    assert Network.from_dict(data) == net
    assert ("slopes" in data) == any(a for layer in net.slopes for a in layer)


def test_dictionary_format() -> None:
    net = Network([[[0.5], [2]], [[1, "-1/3"]]], [["0.1", 0], [1]], [["1/100", 0]])
    assert net.to_dict() == {
        "weights": [[["1/2"], [2]], [[1, "-1/3"]]],
        "biases": [["1/10", 0], [1]],
        "slopes": [["1/100", 0]],
    }
    bad: list[tuple[Any, str]] = [
        ([], "expected an object"),
        (None, "expected an object"),
        ({}, "'weights' is missing"),
        ({"weights": ONE}, "'biases' is missing"),
        (
            {"weights": ONE, "biases": [[0]], "bias": 1, 3: 4},
            "unknown keys 'bias', 3; expected weights, biases, slopes",
        ),
    ]
    for data, text in bad:
        with pytest.raises(NetworkError, match=text):
            Network.from_dict(data)
