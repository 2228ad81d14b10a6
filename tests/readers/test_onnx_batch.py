"""ONNX models that were exported with a batch of several samples: one sample is read, or the model is refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.errors import LimitError, NetworkError
from polyrelu.readers.batch import Layer, sample_of

pytest.importorskip("onnx")

from support.onnx_models import dyadic, model, node, run_both, values_of

N = 5
W1, B1, W2, B2 = dyadic((2, 8), 1), dyadic(8, 2), dyadic((8, 3), 3), dyadic(3, 4)
CONSTANTS = {"W1": W1, "b1": B1, "W2": W2, "b2": B2}
MLP = [
    node("Gemm", "x", "W1", "b1", out="h"),
    node("Relu", "h", out="r"),
    node("Gemm", "r", "W2", "b2"),
]


def agrees(made: Any, shape: tuple[int, ...], network: pr.Network) -> None:
    """Every sample of a batch, by the runtimes, is what the network makes of it alone."""
    for seed in range(3):
        x = dyadic(shape, 50 + seed)
        for found in run_both(made, x):
            rows = np.asarray(found, dtype=float).reshape(shape[0], -1)
            for sample, row in zip(x, rows, strict=True):
                assert values_of(network, sample) == [Fraction(v) for v in row.tolist()]


def test_a_perceptron() -> None:
    made = model(MLP, (N, 2), CONSTANTS)
    network = pr.from_onnx(made)
    assert network.architecture == (2, 8, 3)
    assert network == pr.from_onnx(model(MLP, (1, 2), CONSTANTS)) == pr.from_onnx(model(MLP, ("n", 2), CONSTANTS))
    assert network == pr.Network([W1.T, W2.T], [B1, B2])
    assert network.assumptions == (
        "the first axis of the input 'x', of length 5, is taken to be a batch: the graph does the same to each of the "
        "5 samples, by itself",
    )
    assert not pr.from_onnx(model(MLP, (1, 2), CONSTANTS)).assumptions
    agrees(made, (N, 2), network)


def shape_of(*lengths: int) -> Any:
    return np.array(lengths, dtype=np.int64)


KERNEL = dyadic((3, 2, 2, 2), 5)
ALIKE: dict[str, tuple[list[Any], tuple[int, ...], dict[str, Any]]] = {
    "reshape to a constant": (
        [node("Reshape", "x", "s", out="f"), node("MatMul", "f", "W2", out="m"), node("Relu", "m")],
        (N, 2, 2, 2), {"s": shape_of(N, -1), "W2": W2},
    ),
    "output flattened": ([node("MatMul", "x", "W1", out="m"), node("Reshape", "m", "s")], (N, 2),
                         {"s": shape_of(-1), "W1": W1}),
    "output squeezed": ([node("MatMul", "x", "w", out="m"), node("Reshape", "m", "s")], (N, 2),
                        {"s": shape_of(N), "w": dyadic((2, 1), 3)}),
    "convolution": (
        [node("Conv", "x", "k", out="c"), node("MaxPool", "c", kernel_shape=[2, 2], out="p"), node("Flatten", "p")],
        (3, 2, 4, 3), {"k": KERNEL},
    ),
    "residual": (
        [node("MatMul", "x", "W1", out="a"), node("Relu", "a", out="b"), node("MatMul", "b", "S", out="c"),
         node("Relu", "c", out="d"), node("Add", "b", "d", out="e"), node("MatMul", "e", "W2")],
        (N, 2), {"W1": W1, "W2": W2, "S": dyadic((8, 8), 9)},
    ),
    "dead and constant neurons": (
        [node("Gemm", "x", "Z", "b1", out="a"), node("Relu", "a", out="b"), node("Gemm", "b", "W2", "b2", out="c"),
         node("LeakyRelu", "c", alpha=0.25)],
        (N, 2), {**CONSTANTS, "Z": W1 * (np.arange(8) % 3 > 0)},
    ),
    "constant neurons, reshaped": (
        [node("Gemm", "x", "Z", "b1", out="a"), node("Relu", "a", out="b"), node("Reshape", "b", "s", out="b2d"),
         node("Gemm", "b2d", "W2", "b2", out="c"), node("LeakyRelu", "c", alpha=0.25)],
        (N, 2), {**CONSTANTS, "Z": W1 * (np.arange(8) % 3 > 0), "s": shape_of(N, 8)},
    ),
    "batch moved away and back": (
        [node("Transpose", "x", perm=[1, 0], out="t"), node("MatMul", "A", "t", out="m"), node("Relu", "m", out="r"),
         node("Transpose", "r", perm=[1, 0])],
        (N, 2), {"A": W1.T.copy()},
    ),
    "maximum": ([node("MatMul", "x", "W1", out="m"), node("ReduceMax", "m", axes=[1])], (N, 2), {"W1": W1}),
    "clip and concatenation": (
        [node("Clip", "x", "lo", "hi", out="c"), node("Concat", "c", "x", axis=1)],
        (N, 2), {"lo": np.float32(-1), "hi": np.float32(1)},
    ),
    "two samples": ([node("Relu", "x", out="r"), node("Abs", "r")], (2, 3), {}),
    "constant": ([node("Mul", "x", "zero", out="m"), node("Relu", "m", out="r"), node("Add", "r", "x")], (N, 2),
                 {"zero": np.float32(0)}),
}  # fmt: skip


@pytest.mark.parametrize("name", ALIKE)
def test_all_samples_alike(name: str) -> None:
    nodes, shape, constants = ALIKE[name]
    made = model(nodes, shape, constants)
    network = pr.from_onnx(made)
    assert network.input_dim == int(np.prod(shape[1:]))
    assert "is taken to be a batch" in network.assumptions[0]
    agrees(made, shape, network)


def test_dead_neurons_stay_where_a_batch_of_one_can_be_read() -> None:
    nodes, shape, constants = ALIKE["dead and constant neurons"]
    assert pr.from_onnx(model(nodes, shape, constants)) == pr.from_onnx(model(nodes, (1, *shape[1:]), constants))
    nodes, shape, constants = ALIKE["constant neurons, reshaped"]
    assert pr.from_onnx(model(nodes, shape, constants)).architecture == (2, 5, 3, 3)


MIXED: dict[str, tuple[list[Any], tuple[int, ...], dict[str, Any]]] = {
    "minus the mean of the batch": (
        [node("ReduceMean", "x", axes=[0], keepdims=1, out="m"), node("Sub", "x", "m")], (N, 2), {}
    ),
    "a matrix from the left": ([node("MatMul", "A", "x")], (N, 2), {"A": dyadic((N, N), 6)}),
    "another bias for each sample": ([node("Add", "x", "b")], (N, 2), {"b": dyadic((N, 2), 6)}),
    "another slope for each sample": ([node("PRelu", "x", "a")], (N, 2), {"a": dyadic((N, 1), 6)}),
    "another weight for one sample": (
        [node("MatMul", "x", "w")], (2, 1, 2), {"w": np.array([[[1.0], [2]], [[1], [3]]])}
    ),
    "samples exchanged": ([node("Gather", "x", "i", axis=0)], (N, 2), {"i": np.array([1, 0, 2, 3, 4])}),
    "one sample for all": ([node("Gather", "x", "i", axis=0)], (N, 2), {"i": np.array([0, 0, 0, 0, 0])}),
    "transposed": ([node("Transpose", "x", perm=[1, 0])], (3, 3), {}),
    "maximum with the next one": (
        [node("Gather", "x", "i", axis=0, out="g"), node("Max", "x", "g")], (N, 2), {"i": np.array([1, 2, 3, 4, 0])}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MIXED)
def test_samples_that_are_not_alike_are_refused(name: str) -> None:
    nodes, shape, constants = MIXED[name]
    with pytest.raises(NetworkError, match=r"no batch of samples; .* export it with a batch of one") as caught:
        pr.from_onnx(model(nodes, shape, constants))
    assert "\n" not in str(caught.value)


def test_an_image_without_a_batch_is_read_as_a_whole() -> None:
    made = model([node("Reshape", "x", "s", out="f"), node("MatMul", "f", "W")], (3, 2, 2),
                 {"s": shape_of(1, 12), "W": dyadic((12, 2), 1)})  # fmt: skip
    network = pr.from_onnx(made)
    assert network.architecture == (12, 2)
    assert network.assumptions == (
        "the first axis of the input 'x', of length 3, is taken to be a part of the input, not a batch: the output 'y' "
        "has no such axis",
    )


def test_large_batches() -> None:
    """The weights of all samples together would be too many; those of one are not."""
    rng = np.random.default_rng(0)
    wide = {"W1": rng.standard_normal((30, 60)), "W2": rng.standard_normal((60, 4))}
    nodes = [node("MatMul", "x", "W1", out="h"), node("Relu", "h", out="r"), node("MatMul", "r", "W2")]
    assert pr.from_onnx(model(nodes, (100, 30), wide)) == pr.from_onnx(model(nodes, (1, 30), wide))
    with pytest.raises(LimitError, match=r"may be a batch.*export the model with a batch of one"):
        pr.from_onnx(model([node("Relu", "x")], (10**5, 100)))


@pytest.mark.parametrize(("axis", "said"), [(0, True), (1, False)])
def test_a_first_axis_that_varies_and_is_reduced(axis: int, said: bool) -> None:
    """In a batch of one, x minus the mean of the batch is 0: that is read, and said."""
    nodes = [node("ReduceMean", "x", axes=[axis], keepdims=1, out="m"), node("Sub", "x", "m")]
    notes = pr.from_onnx(model(nodes, ("n", 2))).assumptions
    assert ["is taken to have length 1; in a longer batch" in note for note in notes] == [True] * said


def test_an_intermediate_tensor() -> None:
    assert pr.from_onnx(model(MLP, (N, 2), CONSTANTS), output="r").architecture == (2, 8, 8)


def test_exports_of_pytorch(tmp_path: Any) -> None:
    torch = pytest.importorskip("torch")
    nn = torch.nn
    torch.manual_seed(0)

    class Viewed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.fc = nn.Conv1d(1, 2, 2), nn.Linear(6, 3)

        def forward(self, x: Any) -> Any:
            return self.fc(torch.relu(self.conv(x.view(-1, 1, 4))).view(x.size(0), -1))

    plain = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3))
    cases: list[tuple[Any, tuple[int, ...], Callable[[], pr.Network]]] = [
        (plain, (2,), lambda: pr.from_torch(plain)),
        (Viewed(), (4,), lambda: pr.from_torch(viewed, 4)),
    ]
    viewed = cases[1][0]
    for module, shape, expected in cases:
        torch.onnx.export(module, torch.zeros(5, *shape), tmp_path / "net.onnx", dynamo=False)
        found = pr.load(tmp_path / "net.onnx")
        assert pr.identical(found, expected())
        assert found.architecture == expected().architecture


def test_networks_of_several_samples_are_taken_apart() -> None:
    """Random networks, put side by side with their neurons interleaved at random."""
    rng = np.random.default_rng(1)
    for _ in range(30):
        n, widths = int(rng.integers(2, 5)), [int(k) for k in rng.integers(1, 5, int(rng.integers(2, 5)))]
        layers, before = [], np.arange(n * widths[0]).reshape(n, -1)
        weights, biases, slopes = [], [], []
        for k, (m, w) in enumerate(zip(widths[1:], widths[:-1], strict=True)):
            weight, bias = rng.integers(-2, 3, (m, w)), rng.integers(-2, 3, m)
            weight[~weight.any(axis=1), 0] = 1
            slope = rng.integers(-1, 2, m)
            last = k == len(widths) - 2
            order = np.arange(n * m) if last else rng.permuted(np.repeat(np.arange(n), m))
            numbers = np.empty((n, m), dtype=int)
            for sample in range(n):
                numbers[sample] = np.flatnonzero(order == sample) if not last else np.arange(m) + sample * m
            rows: list[dict[int, Fraction]] = [{} for _ in range(n * m)]
            for sample in range(n):
                for i in range(m):
                    rows[numbers[sample, i]] = {
                        int(before[sample, j]): Fraction(int(weight[i, j])) for j in range(w) if weight[i, j]
                    }
            constants, below = [Fraction(0)] * (n * m), [Fraction(0)] * (n * m)
            for sample in range(n):
                for i in range(m):
                    constants[numbers[sample, i]] = Fraction(int(bias[i]))
                    below[numbers[sample, i]] = Fraction(int(slope[i]))
            layers.append(Layer(rows, constants, None if last else below))
            before = numbers
            weights.append(weight)
            biases.append(bias)
            if not last:
                slopes.append(slope)
        found = sample_of(n * widths[0], layers, n)
        assert found is not None
        assert found.network() == pr.Network(weights, biases, slopes)
        changed = dict(layers[-1].rows[-1])
        changed[max(changed)] = changed[max(changed)] + 1
        broken = [*layers[:-1], layers[-1]._replace(rows=[*layers[-1].rows[:-1], changed])]
        assert sample_of(n * widths[0], broken, n) is None


@pytest.mark.parametrize(
    "nodes",
    [
        [node("Gemm", "x", "W", "b")],
        [node("Gemm", "x", "W", "b", out="h"), node("Relu", "h", out="r"), node("Gemm", "r", "W")],
        [node("Relu", "x", out="r"), node("ReduceMax", "r", axes=[1], keepdims=0)],
        [node("ReduceMax", "x", keepdims=0)],
        [node("Relu", "x", out="h"), node("Relu", "h", out="r"), node("Relu", "r")],
    ],
    ids=["affine", "perceptron", "maxima", "maximum", "relus"],
)
def test_a_batch_as_long_as_a_file_of_some_hundred_bytes_can_ask_for(nodes: list[Any]) -> None:
    """Each took between 6 and 19 seconds; now the cost of one sample tells that of all of them."""
    made = model(nodes, (65535, 4), {"W": dyadic((4, 4), 1), "b": dyadic(4, 2)})
    assert made.ByteSize() < 800
    started = time.process_time()
    with pytest.raises(LimitError, match=r"may be a batch.* steps to read.*export the model with a batch of one"):
        pr.from_onnx(made)
    assert time.process_time() - started < 1


def test_a_long_first_axis_that_is_no_batch_is_read() -> None:
    network = pr.from_onnx(model([node("Flatten", "x", out="f", axis=0), node("MatMul", "f", "W")], (2000, 2),
                                 {"W": np.ones((4000, 1), np.float32)}))  # fmt: skip
    assert network.architecture == (4000, 1)
