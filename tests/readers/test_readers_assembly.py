"""Networks assembled from operations, against the operations evaluated one by one with Fractions."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyrelu.errors import LimitError, NetworkError, NumberError
from polyrelu.network.network import Network
from polyrelu.readers import assembly as module
from polyrelu.readers import windows
from polyrelu.readers.assembly import Assembly
from polyrelu.readers.signals import Signal
from support import exact_layers as by_definition


def values_of(network: Network, x: Any) -> list[Fraction]:
    y = network(x.ravel().tolist())
    return list(y) if isinstance(y, tuple) else [y]


def random_array(rng: Random, shape: tuple[int, ...], bound: int = 3) -> Any:
    size = int(np.prod(shape))
    return by_definition.exact(
        [Fraction(rng.randint(-bound, bound), rng.choice([1, 1, 2, 3])) for _ in range(size)]
    ).reshape(shape)


def test_a_perceptron_stays_as_it_is() -> None:
    rng = Random(0)
    shapes = [(4, 3), (5, 4), (2, 5)]
    weights = [random_array(rng, shape) for shape in shapes]
    weights[1][2] = Fraction(0)  # a dead neuron is a neuron
    biases = [random_array(rng, (shape[0],)) for shape in shapes]
    assembly = Assembly(3)
    x = assembly.input
    for k in range(3):
        x = assembly.affine(x, weights[k], biases[k])
        if k < 2:
            x = assembly.activation(x, Fraction(k, 3))
    expected = Network([w.tolist() for w in weights], [b.tolist() for b in biases], [0, "1/3"])
    assert assembly.finish(x) == expected


def test_floats_are_read_exactly() -> None:
    assembly = Assembly(2)
    weight = np.array([[0.1, 1e-30]], dtype=np.float32)
    net = assembly.finish(assembly.affine(assembly.input, weight, np.array([0.1])))
    assert net.weights == (((Fraction(float(np.float32(0.1))), Fraction(float(np.float32(1e-30)))),),)
    assert net.biases == ((Fraction(0.1),),)


def test_affine_maps_compose_without_neurons() -> None:
    rng = Random(1)
    a, b = random_array(rng, (3, 2)), random_array(rng, (4, 3))
    p, q = random_array(rng, (3,)), random_array(rng, (4,))
    assembly = Assembly(2)
    net = assembly.finish(assembly.affine(assembly.affine(assembly.input, a, p), b, q))
    assert net.architecture == (2, 4)
    x = random_array(rng, (2,))
    assert values_of(net, x) == list(b.dot(a.dot(x) + p) + q)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_residual_sum_carries_each_neuron_once(depth: int) -> None:
    assembly = Assembly(3)
    x = assembly.activation(assembly.affine(assembly.input, [[1, 0, 2], [0, 1, 0]]))
    y = x
    for _ in range(depth):
        y = assembly.activation(assembly.affine(y, [[1, -1], [2, 1], [0, 1]][:2], [1, 0]))
    first = assembly.add(y, x)
    second = assembly.subtract(assembly.scale(y, 3), assembly.scale(x, [2, 5]))
    net = assembly.finish(assembly.concat([first, second]))
    assert net.architecture == (3, 2, *[4] * depth, 4)
    assert sum(slope == 1 for layer in net.slopes for slope in layer) == 2 * depth
    rng = Random(depth)
    for _ in range(10):
        point = random_array(rng, (3,))
        u = by_definition.leaky(by_definition.linear(point, [[1, 0, 2], [0, 1, 0]], [0, 0]))
        v = u
        for _ in range(depth):
            v = by_definition.leaky(by_definition.linear(v, [[1, -1], [2, 1]], [1, 0]))
        assert values_of(net, point) == [*(v + u), *(3 * v - by_definition.exact([2, 5]) * u)]


def test_few_sums_of_many_neurons_are_carried_as_sums() -> None:
    assembly = Assembly(6)
    total = assembly.affine(assembly.input, [[1, 2, 3, 4, 5, 6]], [7])
    net = assembly.finish(assembly.add(assembly.activation(total), total))
    assert net.architecture == (6, 2, 1)
    assert values_of(net, by_definition.exact([1] * 6)) == [56]
    assert values_of(net, by_definition.exact([-1] * 6)) == [-14]


def test_layers_beyond_the_output_are_left_out() -> None:
    assembly = Assembly(2)
    hidden = assembly.activation(assembly.input)
    assembly.activation(hidden)
    assert assembly.finish(hidden).architecture == (2, 2, 2)
    assert assembly.finish(assembly.input).architecture == (2, 2)


@given(st.integers(0, 10**6), st.sampled_from([1, 2]))
@settings(max_examples=25, deadline=None)
def test_convolution(seed: int, d: int) -> None:
    rng = Random(seed)
    groups = rng.choice([1, 2])
    space = tuple(rng.randint(2, 4) for _ in range(d))
    kernel, gap = [rng.randint(1, 2) for _ in range(d)], [rng.randint(1, 2) for _ in range(d)]
    pad, stride = [rng.randint(0, 1) for _ in range(d)], [rng.randint(1, 2) for _ in range(d)]
    if any(n + 2 * p < g * (k - 1) + 1 for n, p, g, k in zip(space, pad, gap, kernel, strict=True)):
        return
    weight, bias = random_array(rng, (2 * groups, 1, *kernel)), random_array(rng, (2 * groups,))
    assembly = Assembly((groups, *space))
    pairs = [(p, p) for p in pad]
    signal = windows.convolve(assembly, assembly.input, weight, bias, stride, pairs, gap, groups)
    x = random_array(rng, (groups, *space))
    expected = by_definition.convolution(x, weight, bias, stride, pad, gap, groups)
    assert signal.shape == expected.shape
    assert values_of(assembly.finish(signal), x) == expected.ravel().tolist()


@given(st.integers(0, 10**6), st.sampled_from([1, 2]), st.booleans())
@settings(max_examples=25, deadline=None)
def test_pooling(seed: int, d: int, largest: bool) -> None:
    rng = Random(seed)
    space = tuple(rng.randint(3, 5) for _ in range(d))
    kernel, stride = [rng.randint(2, 3) for _ in range(d)], [rng.randint(1, 2) for _ in range(d)]
    pad = [rng.randint(0, 1) for _ in range(d)]
    pairs = [(p, p) for p in pad]
    assembly = Assembly((2, *space))
    if largest:
        signal = windows.max_pool(assembly, assembly.input, kernel, stride, pairs)
    else:
        signal = windows.average_pool(assembly, assembly.input, kernel, stride, pairs, count_padding=False)
    x = random_array(rng, (2, *space))
    reduce: Any = max if largest else lambda inside: sum(inside) / len(inside)
    expected = by_definition.pool(x, kernel, stride, pad, reduce)
    assert signal.shape == expected.shape
    assert values_of(assembly.finish(signal), x) == expected.ravel().tolist()


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 9])
def test_maximum_needs_logarithmic_depth(n: int) -> None:
    assembly = Assembly(n)
    net = assembly.finish(assembly.maximum(assembly.input, [[*range(n), -1]]))
    assert net.depth == (n - 1).bit_length()
    rng = Random(n)
    for _ in range(20):
        x = random_array(rng, (n,))
        assert values_of(net, x) == [max(x)]


def test_maxima_share_pairs() -> None:
    assembly = Assembly(4)
    signal = assembly.maximum(assembly.input, [[0, 1, 2], [0, 1, 3], [0, 1, -1], [2, 2, 2]])
    net = assembly.finish(signal)
    assert sum(slope == 0 for slope in net.slopes[0]) == 1
    for x in ([1, 2, 3, 4], [4, 3, 2, 1], [0, 0, 5, -5]):
        assert values_of(net, np.array(x)) == [max(x[:3]), max(x[0], x[1], x[3]), max(x[:2]), x[2]]


@pytest.mark.parametrize(
    ("low", "high", "neurons"),
    [
        (-1, 1, 4),
        (0, 6, 4),
        (None, 2, 2),
        (-2, None, 2),
        (1, 1, 0),
        (2, 1, 0),
        (-np.inf, np.inf, 0),
        (-np.inf, "1/2", 2),
    ],
)
def test_clip(low: Any, high: Any, neurons: int) -> None:
    assembly = Assembly(2)
    net = assembly.finish(assembly.clip(assembly.input, low, high))
    assert sum(net.architecture[1:-1]) == neurons
    for x in range(-4, 8):
        least = Fraction(low) if low not in (None, -np.inf) else Fraction(-100)
        most = Fraction(high) if high not in (None, np.inf) else Fraction(100)
        expected = min(max(Fraction(x), least), most)
        assert values_of(net, np.array([x, x])) == [expected, expected]


def test_batch_norm_takes_one_double_a_channel() -> None:
    mean, variance, gamma, beta = [0.1, -2.0], [0.3, 5.0], [1.5, -0.7], [0.25, 0.1]
    assembly = Assembly((1, 2, 2))
    net = assembly.finish(assembly.batch_norm(assembly.input, 1, mean, variance, 1e-5, gamma, beta))
    x = random_array(Random(0), (2, 2))
    assert values_of(net, x) == by_definition.batch_norm(x, mean, variance, gamma, beta, 1e-5).ravel().tolist()
    for c in range(2):
        (scale,) = {net.weights[0][2 * c + i][2 * c + i] for i in range(2)}
        assert abs(float(scale) - gamma[c] / (variance[c] + 1e-5) ** 0.5) < 1e-15
        assert scale.denominator & (scale.denominator - 1) == 0


def test_broadcasting_and_moving_entries() -> None:
    assembly = Assembly((2, 3))
    x = assembly.input
    transposed = x.select(x.positions.T)
    assert transposed.shape == (3, 2)
    sums = assembly.add(transposed, assembly.scale(x.select(x.positions[:, 0]), 10))
    padded = assembly.concat([sums, sums.select(np.full((1, 2), -1))])
    net = assembly.finish(assembly.reshape(padded, (-1,)))
    assert values_of(net, np.arange(6)) == [0, 33, 1, 34, 2, 35, 0, 0]
    assert assembly.weighted_sums(x, [[0, -1, 5]], [1, 7, 2]).shape == (1,)


def test_the_input_carries_to_any_depth() -> None:
    assembly = Assembly(1)
    signal = assembly.input
    for _ in range(30):
        signal = assembly.subtract(assembly.scale(assembly.activation(assembly.scale(signal, 1, -1)), 2), signal)
    net = assembly.finish(signal)
    value = Fraction(7, 3)
    for _ in range(30):
        value = 2 * max(value - 1, Fraction(0)) - value
    assert net(Fraction(7, 3)) == value


def bad_signals(assembly: Assembly) -> list[tuple[Any, type[Exception], str]]:
    x: Signal = assembly.input
    return [
        (lambda: assembly.affine(x, [[1, 2]]), NetworkError, "does not act on a value of shape 2 × 3 × 3"),
        (lambda: assembly.affine(x, [1, 2, 3]), NetworkError, "expected a weight matrix"),
        (lambda: assembly.affine(x, [[1, 2, 3]], [1, 2]), NetworkError, "expected 1 numbers"),
        (lambda: assembly.affine(x, [[1, np.nan, 3]]), NumberError, "weight, entry 2: nan"),
        (lambda: assembly.affine(x, np.array([[True, True, True]])), NumberError, "bool"),
        (lambda: assembly.scale(x, [1, 2]), NetworkError, "do not fit together"),
        (lambda: assembly.reshape(x, (4, -1)), NetworkError, "cannot be reshaped to 4 × -1"),
        (lambda: assembly.concat([x, assembly.constant([1])]), NetworkError, "cannot be joined"),
        (lambda: windows.convolve(assembly, x, np.ones((1, 3, 2, 2))), NetworkError, "in 1 groups does not act"),
        (lambda: windows.convolve(assembly, x, np.ones((1, 2, 4, 4))), NetworkError, "larger than the padded value"),
        (lambda: windows.convolve(assembly, x, np.ones((1, 2, 2, 2)), stride=(0, 1)), NetworkError, "positive kernel"),
        (lambda: windows.convolve(assembly, x, np.ones((1, 2, 2, 2)), stride=(1,)), NetworkError, "does not fit"),
        (lambda: assembly.activation(x, [1, 2]), NetworkError, "do not fit"),
        (lambda: assembly.activation(x, [[[[0]]]]), NetworkError, "slopes of shape"),
        (lambda: assembly.batch_norm(x, 0, [0, 0], [-1, 1], 0.0), NetworkError, "positive variances"),
        (lambda: assembly.maximum(x, [[-1, -1]]), NetworkError, "no maximum"),
        (lambda: assembly.finish(x.select(np.empty(0, int))), NetworkError, "empty"),
        (lambda: assembly.scale(x, np.ones((10**6, 1, 1, 1))), LimitError, "entries"),
        (lambda: windows.max_pool(assembly, x, (3, 3), padding=[(10**6, 10**6)] * 2), LimitError, "entries"),
        (
            lambda: windows.convolve(assembly, x, np.ones((1, 2, 1, 1)), padding=[(10**9, 0), (0, 0)]),
            LimitError, "entries",
        ),
    ]  # fmt: skip


@pytest.mark.parametrize("k", range(20))
def test_refusals_name_the_place(k: int) -> None:
    assembly = Assembly((2, 3, 3))
    assembly.place = "layer '7' (Odd)"
    operation, error, text = bad_signals(assembly)[k]
    with pytest.raises(error, match=text) as caught:
        operation()
    assert str(caught.value).startswith("layer '7' (Odd)")
    assert "\n" not in str(caught.value)


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LimitError, match="inputs"):
        Assembly((10**5, 10**5))
    with pytest.raises(NetworkError, match="positive lengths"):
        Assembly((3, 0))
    monkeypatch.setattr(module, "MAX_ENTRIES", 100)
    assembly = Assembly(20)
    with pytest.raises(LimitError, match="weights in hidden layer 1"):
        assembly.activation(assembly.input)
    monkeypatch.setattr(module, "MAX_OPERATIONS", 10)
    for operation in (
        lambda: assembly.affine(assembly.input, np.ones((1, 20))),
        lambda: assembly.weighted_sums(assembly.input, [list(range(20))], 1),
        lambda: windows.convolve(assembly, assembly.reshape(assembly.input, (2, 10)), np.ones((1, 2, 1))),
    ):
        with pytest.raises(LimitError, match="takes 20 exact multiplications, more than 10"):
            operation()


def test_what_is_empty() -> None:
    assembly = Assembly((1, 1, 4))
    empty = assembly.input.select(assembly.input.positions[:, :, :0])
    assert assembly.affine(empty, np.zeros((3, 0)), [1, 2, 3]).constants == [1, 2, 3]
    assert assembly.weighted_sums(empty, empty.positions, 1).constants == [0]
    padded = windows.convolve(assembly, empty, np.ones((1, 1, 1)), [5], padding=[(1, 1)])
    assert (padded.shape, padded.constants) == ((1, 1, 2), [5, 5])
    assert windows.average_pool(assembly, empty, [2], padding=[(1, 1)]).constants == [0]
    with pytest.raises(NetworkError, match="no maximum"):
        assembly.maximum(empty, empty.positions)


def repeats(assembly: Assembly) -> dict[str, Callable[[Signal], Signal]]:
    """Operations on vectors of length 3, each of which can be repeated without end."""
    return {
        "affine": lambda x: assembly.affine(x, np.eye(3)),
        "of zeros": lambda x: assembly.affine(assembly.scale(x, 0), np.eye(3)),
        "scale": lambda x: assembly.scale(x, -1),
        "sums": lambda x: assembly.weighted_sums(x, [[0], [1], [2]], 1),
        "add": lambda x: assembly.add(x, x),
        "deeper": lambda x: assembly.activation(x),
        "carried": lambda x: assembly.add(assembly.input, assembly.activation(x)),
        "maximum": lambda x: assembly.maximum(x, [[0], [1], [2]]),
        "constant": lambda x: (assembly.constant([1, 2]), x)[1],
        "convolution": lambda x: assembly.reshape(
            windows.convolve(assembly, assembly.reshape(x, (1, 3)), np.ones((1, 1, 1))), (3,)
        ),
    }


@pytest.mark.parametrize("name", repeats(Assembly(3)))
def test_work_in_all_is_limited(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(module, "MAX_TOTAL", 2000)
    assembly = Assembly(3)
    assembly.place = "node 7"
    operation, x = repeats(assembly)[name], assembly.input
    for _ in range(5):
        x = operation(x)
    with pytest.raises(LimitError, match=r"^node 7: up to here the model takes 20\d\d steps, more than 2000$"):
        for _ in range(1000):
            x = operation(x)


def test_weights_in_all_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that are 0: 10 · 10 in the hidden layer and in the output."""
    monkeypatch.setattr(module, "MAX_TOTAL", 299)
    assembly = Assembly(10)
    signal = assembly.activation(assembly.input)
    assert assembly._steps == 101  # the slope, and ten entries
    with pytest.raises(LimitError, match="takes 301 steps"):
        assembly.finish(signal)
