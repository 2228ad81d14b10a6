"""A final sigmoid, softmax or log-softmax is left out where this is asked for, and only where it keeps the order."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyrelu import FileError, InputError, Network, NetworkError, from_onnx, from_torch, load, save, subdivide
from polyrelu.cli import main

SUFFIX = "strip=True, or --strip on the command line"


def values(net: Network, x: Any) -> list[Fraction]:
    found = net(x)
    return list(found) if isinstance(found, tuple) else [found]


# --- PyTorch ---


def modules() -> dict[str, Any]:
    torch = pytest.importorskip("torch")
    nn, f = torch.nn, torch.nn.functional

    class Calls(nn.Module):
        def __init__(self, width: int, function: Any) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, width))
            self.function = function

        def forward(self, x: Any) -> Any:
            return self.function(self.body(x))

    torch.manual_seed(3)
    return {
        "Sigmoid": (Calls(1, nn.Sigmoid()), torch.sigmoid),
        "sigmoid of several": (Calls(3, torch.sigmoid), torch.sigmoid),
        "method": (Calls(1, lambda x: x.sigmoid().squeeze(-1)), torch.sigmoid),
        "in place": (Calls(2, lambda x: x.sigmoid_().float().flatten(1)), torch.sigmoid),
        "Softmax": (Calls(3, nn.Softmax(dim=1)), lambda z: z.softmax(-1)),
        "softmax": (Calls(3, lambda x: f.softmax(x, -1, dtype=torch.float32)), lambda z: z.softmax(-1)),
        "implicit": (Calls(3, lambda x: f.softmax(x)), lambda z: z.softmax(-1)),
        "LogSoftmax": (Calls(4, nn.LogSoftmax(dim=-1)), lambda z: z.log_softmax(-1)),
        "method of log": (Calls(2, lambda x: x.log_softmax(1).reshape(-1, 2)), lambda z: z.log_softmax(-1)),
    }


NAMES = ("Sigmoid", "sigmoid of several", "method", "in place", "Softmax", "softmax", "implicit", "LogSoftmax",
         "method of log")  # fmt: skip


@pytest.mark.filterwarnings("ignore:Implicit dimension choice")
@pytest.mark.parametrize("name", NAMES)
def test_modules(name: str) -> None:
    torch = pytest.importorskip("torch")
    module, final = modules()[name]
    net = from_torch(module, strip=True)
    assert any("is left out" in note for note in net.assumptions)
    assert net == from_torch(module.body)
    for x in np.random.default_rng(1).normal(size=(30, 2)).astype(np.float32):
        with torch.no_grad():
            expected = module(torch.from_numpy(x)[None]).ravel().double()
        z = torch.tensor([[float(y) for y in values(net, x)]], dtype=torch.float64)
        assert torch.allclose(final(z).ravel(), expected, atol=1e-5)
        if z.numel() > 1:
            assert int(z.argmax()) == int(expected.argmax())
        elif abs(float(z)) > 1e-5:
            assert (float(z) > 0) == (float(expected) > 0.5)
    with pytest.raises(NetworkError, match=SUFFIX):
        from_torch(module)


def test_large_modules_are_refused_before_the_composition() -> None:
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Linear(600, 4), torch.nn.Softmax(-1))
    with pytest.raises(NetworkError, match=SUFFIX):
        from_torch(module)
    assert from_torch(module, strip=True).architecture == (600, 4)


def test_modules_that_are_refused() -> None:
    torch = pytest.importorskip("torch")
    nn = torch.nn
    linear = nn.Linear(2, 4)
    for parts, expected in [
        ((linear, nn.Sigmoid(), nn.Linear(4, 1)), r"layer '2' \(Linear\): linear of a sigmoid or softmax"),
        ((linear, nn.Sigmoid(), nn.Softmax(1)), "softmax of a sigmoid"),
        ((linear, nn.ReLU()), "output: strip: the model does not end with"),
        ((linear, nn.Softmax(0)), "softmax of one entry is constant"),
        ((nn.Linear(2, 1), nn.Softmax(1)), "softmax of one entry is constant"),
        ((linear, nn.Unflatten(1, (2, 2)), nn.Softmax(1)), "softmax over 2 entries of a value of shape 1 × 2 × 2"),
    ]:
        with pytest.raises(NetworkError, match=expected):
            from_torch(nn.Sequential(*parts), strip=True)
    with pytest.raises(InputError, match="strip: a state dict without a module"):
        from_torch(linear.state_dict(), activation="relu", strip=True)
    with pytest.raises(InputError, match="strip"):
        from_torch(linear, strip="yes")  # type: ignore[arg-type]


# --- ONNX ---


def made(body: str, shape: str = "float[1, 2] x", opset: int = 13) -> Any:
    parser = pytest.importorskip("onnx.parser")
    text = f"""<ir_version: 8, opset_import: ["" : {opset}]> m ({shape}) => (float[] y)
        <float[2, 3] w = {{1, -2, 0.5, 3, 1, -1}}, float[3] b = {{0.25, -1, 0}}> {{ {body} }}"""
    return parser.parse_model(text)


HIDDEN = "g = MatMul(x, w) h = Relu(g) z = Add(h, b) "


@pytest.mark.parametrize("opset", [11, 13])
@pytest.mark.parametrize(
    "end",
    ["y = Sigmoid(z)", "y = Softmax<axis = 1>(z)", "y = LogSoftmax<axis = -1>(z)", "p = Softmax(z) y = Flatten(p)",
     "p = Sigmoid(z) y = Cast<to = 1>(p)"],
)  # fmt: skip
@pytest.mark.parametrize("shape", ["float[1, 2] x", "float[N, 2] x", "float[5, 2] x"])
def test_models(end: str, opset: int, shape: str) -> None:
    runtime = pytest.importorskip("onnxruntime")
    model = made(HIDDEN + end, shape, opset)
    net = from_onnx(model, strip=True)
    assert net == from_onnx(model, "z") and any("is left out" in note for note in net.assumptions)
    session = runtime.InferenceSession(model.SerializeToString())
    rows = 5 if "5" in shape else 1
    for x in np.random.default_rng(2).normal(size=(10, rows, 2)).astype(np.float32):
        (found,) = session.run(None, {"x": x})
        for point, row in zip(x, found, strict=True):
            z = np.array([float(v) for v in values(net, point)])
            assert z.argmax() == row.argmax()
            if "Sigmoid" in end:
                assert np.allclose(1 / (1 + np.exp(-z)), row, atol=1e-5) and ((z > 0) == (row > 0.5)).all()
            elif "Log" in end:
                assert np.allclose(z - np.log(np.exp(z).sum()), row, atol=1e-5)
            else:
                assert np.allclose(np.exp(z) / np.exp(z).sum(), row, atol=1e-5)
    with pytest.raises(NetworkError, match="strip=True, or --strip on the command line"):
        from_onnx(model)


@pytest.mark.parametrize(
    ("body", "shape", "expected"),
    [
        (HIDDEN + "y = Softmax<axis = 0>(z)", "float[1, 2] x", "one entry is constant"),
        (HIDDEN + "y = Softmax<axis = 0>(z)", "float[5, 2] x", "keeps the order only among them"),
        (HIDDEN + "p = Sigmoid(z) y = Mul(p, b)", "float[1, 2] x", "only a final one is left out"),
        (HIDDEN + "p = Sigmoid(z) y = Softmax(p)", "float[1, 2] x", "only a final one is left out"),
        (HIDDEN + "p = Sigmoid(z) y = Add(p, z)", "float[1, 2] x", "only a final one is left out"),
        (HIDDEN + "p = Sigmoid(b) y = Add(p, z)", "float[1, 2] x", "of a constant is not read"),
        (HIDDEN + "y = Relu(z)", "float[1, 2] x", "strip: the model does not end with"),
        (HIDDEN + "y = Tanh(z)", "float[1, 2] x", "is not a continuous piecewise linear function"),
    ],
)
def test_models_that_are_refused(body: str, shape: str, expected: str) -> None:
    with pytest.raises(NetworkError, match=expected):
        from_onnx(made(body, shape), strip=True)


def test_files_and_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = made("g = MatMul(x, w) h = Relu(g) z = ReduceSum<keepdims = 1>(h) y = Sigmoid(z)")
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    assert load(path, strip=True) == load(path, output="z")
    assert subdivide(load(path, strip=True), 0).f_vector == subdivide(load(path, output="z"), 0).f_vector
    assert main(["betti", str(path), "--strip", "--json"]) == 0
    assert "is left out" in capsys.readouterr().out
    assert main(["betti", str(path)]) == 2
    assert "--strip" in capsys.readouterr().err
    save(load(path, strip=True), tmp_path / "net.json")
    with pytest.raises(FileError, match=r"strip: only .onnx files contain"):
        load(tmp_path / "net.json", strip=True)


# --- shapes of inputs ---


@pytest.mark.parametrize("name", ["normalised", "view", "flat", "product", "vector", "method", "addmm"])
def test_the_first_linear_map_fixes_the_shape_of_the_input(name: str) -> None:
    torch = pytest.importorskip("torch")
    nn = torch.nn
    torch.manual_seed(5)

    class Begins(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 3)
            self.register_buffer("mean", torch.randn(4))
            self.register_buffer("deviation", torch.rand(4) + 0.5)
            self.matrix = nn.Parameter(torch.randn(4, 3))

        def forward(self, x: Any) -> Any:
            if name == "normalised":
                return self.layer((x - self.mean) / self.deviation).relu()
            if name == "view":
                return self.layer(x.view(x.size(0), -1)).relu()
            if name == "flat":
                return self.layer(2 * x.reshape((x.shape[0], -1)) + 1)
            if name == "product":
                return (x @ self.matrix).relu()
            if name == "vector":
                return torch.matmul(x, self.matrix[:, 0])
            if name == "method":
                return self.layer(x.view(-1, 4).clamp(min=-1))
            return torch.addmm(self.layer.bias, x, self.matrix)

    module = Begins()
    net = from_torch(module)
    assert net == from_torch(module, 4)
    for x in np.random.default_rng(4).normal(size=(10, 4)).astype(np.float32):
        with torch.no_grad():
            expected = module(torch.from_numpy(x)[None]).ravel().numpy()
        assert np.allclose([float(y) for y in values(net, x)], expected, atol=1e-5)


def test_a_convolution_fixes_the_channels_only() -> None:
    torch = pytest.importorskip("torch")
    nn = torch.nn
    for module, expected in [
        (nn.Conv2d(3, 4, 3), r"takes 3 channels of any size: give input_shape=\(3, height, width\)"),
        (nn.Sequential(nn.ReLU(), nn.Conv1d(4, 4, 3, groups=2)), r"takes 4 channels .*input_shape=\(4, length\)"),
        (nn.Conv3d(1, 1, 2), r"takes 1 channel of any .*\(1, depth, height, width\)"),
    ]:
        with pytest.raises(NetworkError, match=expected):
            from_torch(module)
    with pytest.raises(NetworkError, match="does not determine the shape"):
        from_torch(nn.Sequential(nn.Softmax(1), nn.Linear(2, 2)))
