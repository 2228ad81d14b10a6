"""Floats are read by their bits, and signs are right, whatever way the processor rounds and flushes."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.analysis.inspection import inspect
from polyrelu.exact.floats import ordinary
from polyrelu.exact.rational import exact, exact_vector
from support.floating_modes import FLUSH, MODES, ZEROS, mode, needs_modes

pytestmark = needs_modes

LEAST = 2.0**-1022
DOUBLES = [5e-324, -5e-324, 2.5e-310, -LEAST, LEAST - 5e-324, 0.0, -0.0, 0.1, -1 / 3, 1e300, 2 * LEAST, 3.0]
SINGLES = np.array([1e-45, -1e-45, 1e-39, -3e-38, 0.1, 0, -0.0, 3e38, 2.0**-126, 1 - 2.0**-24], np.float32)
HALVES = np.array([6e-8, -6e-8, 5e-5, 6.2e-5, 0.1, 0, -0.0, 65504, -1 / 3], np.float16)


def value(x: float) -> Fraction:
    """The number of a double, by its hexadecimal digits."""
    mantissa, _, exponent = x.hex().partition("p")
    sign, digits = (-1 if mantissa[0] == "-" else 1), mantissa.lstrip("-")[2:].replace(".", "")
    return Fraction(sign * int(digits, 16)) * Fraction(2) ** (int(exponent) - 4 * (len(digits) - 1))


EXPECTED = {
    "doubles": [value(x) for x in DOUBLES],
    "singles": [value(x) for x in SINGLES.tolist()],
    "halves": [value(x) for x in HALVES.tolist()],
}


def test_modes_are_what_they_are_called() -> None:
    one, third, tiny, least = 1.0, 3.0, 2.0**-60, Fraction(2.0**-1022)
    quotients = set()
    for rounding, flush in MODES:
        probes = np.array([5e-324, 2.0**-1022])
        with mode(rounding, flush):
            quotients.add((rounding, (one / third).hex(), one + tiny == one, -one - tiny == -one))
            usual = ordinary()
            zero, flushed = bool(probes[0] == 0), bool((probes[1] * 0.5).view(np.int64) == 0)
        assert usual == ((rounding, flush) == ("nearest", 0))
        assert (zero, flushed) == (bool(flush & ZEROS), bool(flush & FLUSH))
    assert len(quotients) == 4 and least
    assert ordinary()


@pytest.mark.parametrize(("rounding", "flush"), MODES)
def test_numbers_and_arrays(rounding: str, flush: int) -> None:
    doubles = np.array(DOUBLES)
    numbers = [np.float32(x) for x in SINGLES], [np.float16(x) for x in HALVES], [np.float64(x) for x in DOUBLES]
    tiny = np.ldexp(np.longdouble(1), -13000)
    swapped = SINGLES.astype(">f4"), doubles.astype(">f8"), HALVES.astype(">f2")
    with mode(rounding, flush):
        found = {
            "doubles": [
                [exact(x) for x in DOUBLES], list(exact_vector(DOUBLES)), list(exact_vector(doubles)),
                list(exact_vector(np.repeat(doubles, 2)[::2])), [exact(x) for x in numbers[2]],
                list(exact_vector(swapped[1])), list(exact_vector(doubles.astype(object))),
                [exact(np.array(x)) for x in numbers[2]],
            ],
            "singles": [
                list(exact_vector(SINGLES)), [exact(x) for x in numbers[0]], list(exact_vector(swapped[0])),
                list(exact_vector(numbers[0])), [exact(np.array(x)) for x in numbers[0]],
                list(exact_vector(np.repeat(SINGLES, 2)[::2])),
            ],
            "halves": [list(exact_vector(HALVES)), [exact(x) for x in numbers[1]], list(exact_vector(swapped[2]))],
        }  # fmt: skip
        long = exact(tiny)
    for name, lists in found.items():
        for numbers_read in lists:
            assert numbers_read == EXPECTED[name]
    assert long == Fraction(1, 2**13000)


@pytest.mark.parametrize(("rounding", "flush"), MODES)
def test_a_subnormal_weight_splits(rounding: str, flush: int) -> None:
    with mode(rounding, flush):
        net = pr.Network([[[5e-324]], [[1]]], [[1], [0]])
        f_vector = pr.subdivide(net).f_vector
        facts = inspect(net)
    assert f_vector == (1, 2)
    assert facts.float64 and not facts.float32


def networks() -> list[pr.Network]:
    """Degenerate, ordinary and ill-conditioned networks."""
    result = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        widths = [[2, 7, 5, 1], [3, 6, 4, 1], [2, 4, 4, 4, 1]][seed % 3]
        weights = [rng.standard_normal((m, n)) for n, m in pairwise(widths)]
        biases = [rng.standard_normal(m) for m in widths[1:]]
        if seed % 2:  # small integers: many coincidences
            weights, biases = [np.rint(w) for w in weights], [np.rint(b) for b in biases]
        if seed >= 4:  # rows of very different sizes, subnormal numbers among them
            weights[0] = np.ldexp(weights[0], rng.integers(-1060, 10, (len(weights[0]), 1)))
            biases[0] = np.ldexp(biases[0], rng.integers(-1060, 10, len(biases[0])))
        result.append(pr.Network(weights, biases))
    return result


def answer(net: pr.Network) -> Any:
    cx = pr.subdivide(net, level=0, threads=2)
    points = sorted(cx.vertex(v) for v in range(cx.n_finite_vertices))
    return cx.f_vector, points, pr.homology(cx.region(">")), pr.homology(cx.region("="))


@pytest.fixture(scope="module")
def known() -> list[tuple[pr.Network, Any]]:
    return [(net, answer(net)) for net in networks()]


@pytest.mark.parametrize(("rounding", "flush"), MODES)
def test_complexes(known: list[tuple[pr.Network, Any]], rounding: str, flush: int) -> None:
    for net, expected in known:
        with mode(rounding, flush):
            found = answer(net)
        assert found == expected


def test_classes(known: list[tuple[pr.Network, Any]]) -> None:
    rng = np.random.default_rng(1)
    net = pr.Network([rng.standard_normal((6, 2)), np.rint(rng.standard_normal((4, 6)))], [[0] * 6, [0] * 4])
    expected = pr.class_betti_numbers(net), pr.class_betti_numbers(net, closed=True)
    for rounding, flush in MODES:
        with mode(rounding, flush):
            found = pr.class_betti_numbers(net), pr.class_betti_numbers(net, closed=True)
        assert found == expected


# -------------------------------------------------------------------------------------------------------------- readers


TEXT = """{
"weights": [[[5e-324, 0.1], [-2.5e-310, 1e22], [0.3333333333333333, 2.2250738585072011e-308]], [[1, 1e-400, -0.7]]],
"biases": [[1e23, 9007199254740993.0, 0.1e1], [123456789.123456789]]}"""


def write_json(folder: Path) -> Callable[[], Any]:
    (folder / "net.json").write_text(TEXT)
    return lambda: pr.load(folder / "net.json")


def write_npz(folder: Path) -> Callable[[], Any]:
    matrix = SINGLES[:4].reshape(2, 2)
    np.savez(folder / "net.npz", weights_1=matrix, biases_1=np.array(DOUBLES[:2]), weights_2=[[1, 1]], biases_2=[0.1])
    return lambda: pr.load(folder / "net.npz")


def save_and_load(folder: Path) -> Callable[[], Any]:
    net = pr.Network([[DOUBLES]], [[2.5e-310]])

    def read() -> Any:
        pr.save(net, folder / "net.npz")
        pr.save(net, folder / "net.json")
        return pr.load(folder / "net.npz"), pr.load(folder / "net.json")

    return read


def write_pt(folder: Path) -> Callable[[], Any]:
    torch = pytest.importorskip("torch")
    single = torch.tensor([1e-45, -1e-39, 0.1, 1.0])
    state = {
        "0.weight": torch.tensor([DOUBLES[:4]], dtype=torch.float64),
        "1.weight": single.reshape(4, 1),
        "2.weight": torch.tensor([[9e-41, 1e-39, 0.1, 3]]).to(torch.bfloat16),
        "3.weight": torch.tensor([[6e-8], [0.1]]).half(),
        "4.weight": torch.tensor([[0.002, -0.1]]).to(torch.float8_e4m3fn),
        "5.weight": torch.tensor([[1e-5], [-0.1]]).to(torch.float8_e5m2),
    }
    torch.save(state, folder / "net.pt")
    return lambda: (pr.load(folder / "net.pt", activation="leaky:0.3"), pr.from_torch(state, activation="leaky:1e-320"))


def torch_module(folder: Path) -> Callable[[], Any]:
    torch = pytest.importorskip("torch")
    nn = torch.nn
    torch.manual_seed(0)
    norm, prelu = nn.BatchNorm1d(3), nn.PReLU(init=1e-40)
    module = nn.Sequential(nn.Linear(2, 3), nn.LeakyReLU(1e-42), norm, prelu, nn.Hardtanh(-1e-41))
    module[0].weight.data[0, 0] = 1e-42
    module[2].running_var.data[0], module[2].running_mean.data[1] = 1e-44, 1e-43
    return lambda: (pr.from_torch(module), pr.from_torch(nn.Sequential(nn.Linear(1, 1), nn.LeakyReLU(0.1))).slopes)


def onnx_model(folder: Path) -> Callable[[], Any]:
    onnx = pytest.importorskip("onnx")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    tiny = np.array([[1e-45, 0.1], [-1e-39, 1]], np.float32)
    listed = onnx.TensorProto(name="L", data_type=onnx.TensorProto.FLOAT, dims=[2, 2], float_data=tiny.ravel().tolist())
    doubles = onnx.TensorProto(name="D", data_type=onnx.TensorProto.DOUBLE, dims=[2, 2], double_data=DOUBLES[:4])
    half = numpy_helper.from_array(HALVES[:4].reshape(2, 2), "H")
    nodes = [
        helper.make_node("MatMul", ["x", "W"], ["a"]),
        helper.make_node("LeakyRelu", ["a"], ["b"], alpha=1e-42),
        helper.make_node("MatMul", ["b", "L"], ["c"]),
        helper.make_node("LeakyRelu", ["c"], ["d"]),
        helper.make_node("MatMul", ["d", "D"], ["e"]),
        helper.make_node("MatMul", ["e", "H"], ["f"]),
        helper.make_node("Constant", [], ["k"], value_floats=[1e-45, -0.1]),
        helper.make_node("Cast", ["k"], ["k2"], to=onnx.TensorProto.FLOAT16),
        helper.make_node("Cast", ["E"], ["k3"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Add", ["f", "k"], ["g"]),
        helper.make_node("Add", ["g", "k2"], ["h"]),
        helper.make_node("Add", ["h", "k3"], ["i"]),
        helper.make_node("Equal", ["E", "Z"], ["is"]),
        helper.make_node("Where", ["is", "i", "h"], ["j"]),
        helper.make_node("HardSigmoid", ["j"], ["l"]),
        helper.make_node("BatchNormalization", ["l", "v", "v", "v", "v"], ["y"], epsilon=1e-40),
    ]
    constants = [numpy_helper.from_array(tiny.T.copy(), "W"), listed, doubles, half]
    constants += [numpy_helper.from_array(np.array([1e-45, 0.3], np.float32), "v")]
    constants += [numpy_helper.from_array(np.array(x), name) for name, x in (("E", [1e-320, 0.1]), ("Z", [0, 0.1]))]
    ends = [helper.make_tensor_value_info(name, 1, [1, 2]) for name in "xy"]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)])
    onnx.save(model, folder / "net.onnx")
    return lambda: (pr.from_onnx(model), pr.load(folder / "net.onnx"))


def sklearn_pipeline(folder: Path) -> Callable[[], Any]:
    pytest.importorskip("sklearn")
    from sklearn.neural_network import MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    rng = np.random.default_rng(0)
    perceptron = MLPRegressor(hidden_layer_sizes=[3], max_iter=20, random_state=0)
    model = make_pipeline(StandardScaler(), MinMaxScaler(), perceptron)
    with np.testing.suppress_warnings() as quiet:
        quiet.filter(Warning)
        model.fit(rng.standard_normal((20, 2)), rng.standard_normal(20))
    model[-1].coefs_[0] = np.array(model[-1].coefs_[0], np.float32)
    model[-1].coefs_[0][0, 0], model[-1].coefs_[1][0, 0], model[0].mean_[0] = 1e-42, 2.5e-310, 5e-324
    return lambda: pr.from_sklearn(model)


READERS = [write_json, write_npz, save_and_load, write_pt, torch_module, onnx_model, sklearn_pipeline]


@pytest.mark.parametrize("make", READERS, ids=lambda make: make.__name__)
@pytest.mark.filterwarnings("ignore")
def test_readers(tmp_path: Path, make: Callable[[Path], Callable[[], Any]]) -> None:
    read = make(tmp_path)
    expected = read()
    for rounding, flush in MODES:
        with mode(rounding, flush):
            found = read()
        assert found == expected, (rounding, flush)


def test_the_readings_compared_hold_the_subnormal_numbers(tmp_path: Path) -> None:
    """What all modes agree on is right: of each kind of number, one that other conversions lose."""
    net = write_json(tmp_path)()
    assert net.weights[0][0][0] == Fraction(1, 2**1074) and net.weights[1][0][1] == 0
    net = write_npz(tmp_path)()
    assert net.weights[0][0][0] == Fraction(1, 2**149) and net.biases[0][1] == -Fraction(1, 2**1074)
    if pytest.importorskip("torch"):
        told, other = write_pt(tmp_path)()
        assert told.weights[1][0][0] == Fraction(1, 2**149) and told.weights[2][0][0].denominator >= 2**126
        assert told.slopes[0][0] == exact(0.3) and other.slopes[0][0] == exact(1e-320)
        module, slopes = torch_module(tmp_path)()
        assert module.slopes[0][0] == exact(float(np.float32(1e-42))) and slopes[0][0] == exact(float(np.float32(0.1)))
    if pytest.importorskip("onnx"):
        model, _ = onnx_model(tmp_path)()
        assert model.slopes[0][0] == exact(float(np.float32(1e-42)))
        assert model.weights[0][0][0] == Fraction(1, 2**149)


def test_pytorch_flushes(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    net = pr.Network([[[5e-324]], [[1]]], [[1], [0]])
    single = torch.tensor([[1e-45]])
    torch.set_flush_denormal(True)
    try:
        assert pr.Network([[[5e-324]], [[1]]], [[1], [0]]) == net
        assert pr.subdivide(net).f_vector == (1, 2)
        assert pr.from_torch({"0.weight": single}, activation="relu").weights[0][0][0] == Fraction(1, 2**149)
    finally:
        torch.set_flush_denormal(False)
