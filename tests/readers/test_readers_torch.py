"""PyTorch modules and state dicts: the module's own forward, the layers by definition, and hostile files."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from test_readers_assembly import values_of

from polyrelu.errors import LimitError, MissingDependencyError, NetworkError, NumberError
from polyrelu.network.network import Network
from polyrelu.readers import from_torch, load
from polyrelu.readers.assembly import BATCH_NORM_NOTE
from polyrelu.readers.torch.tensors import as_array
from support import exact_layers as by_definition

torch = pytest.importorskip("torch")
nn = torch.nn
F = torch.nn.functional


def seeded(module: Any, seed: int = 0) -> Any:
    """The module in evaluation mode with every parameter and statistic drawn, also those that begin as 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        if tensor.is_floating_point():
            drawn = torch.randn(tensor.shape, generator=generator)
            tensor.data = (drawn.abs() + 0.5 if name.endswith("running_var") else drawn).to(tensor.dtype)
    return module.eval()


def agrees(module: Any, shape: tuple[int, ...], network: Network | None = None, tolerance: float = 1e-9) -> Network:
    """Whether the network and the module's forward in double precision agree within float error."""
    network = from_torch(module, shape) if network is None else network
    rng = np.random.default_rng(1)
    for k in range(5):
        x = rng.normal(size=shape) * 2 if k else np.round(rng.normal(size=shape))
        with torch.no_grad():
            expected = module(torch.tensor(x)[None]).numpy().ravel()
        found = [float(y) for y in values_of(network, x)]
        assert np.allclose(found, expected, rtol=tolerance, atol=tolerance)
    return network


class Residual(nn.Module):
    """A block with a skip connection, an in-place activation and one layer used twice."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.first, self.second, self.relu = nn.Linear(n, n), nn.Linear(n, n), nn.ReLU(inplace=True)

    def forward(self, x: Any) -> Any:
        out = self.relu(self.first(x))
        out = self.first(self.second(out))
        out += x
        return self.relu(out)


class Everything(nn.Module):
    """What a forward may do besides calling layers."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.scale = nn.Linear(4, 6), nn.Parameter(torch.zeros(6))
        self.register_buffer("matrix", torch.zeros(6, 3))

    def forward(self, x: Any) -> Any:
        y = self.fc(x) * self.scale - 0.5
        if y.shape[1] != 6 or y.dim() != 2 or y.numel() != 6:
            raise AssertionError
        parts = torch.chunk(F.leaky_relu(y, 0.2), 3, dim=1)
        joined = torch.cat([abs(parts[0]), -parts[1], parts[2].clamp(min=-1)], dim=1).view(y.size(0), 2, -1)
        turned = joined.transpose(1, 2).flatten(1)
        product = turned @ self.matrix + 2 * x[:, 1:] / 3
        larger = torch.maximum(product, 1 - product)
        smaller = torch.minimum(larger.unsqueeze(0).squeeze(0), torch.ones(3))
        stacked = torch.stack(list(smaller.split([1, 2], dim=1)[1].unbind(1)), dim=-1)
        if (stacked[[0]][:, [1, 0]].shape, stacked[0, 0].shape) != ((1, 2), ()):
            raise AssertionError
        stacked = stacked[:, [1, 0]] + torch.ones(2) * stacked[[0, 0]][1]
        return torch.cat((stacked.sum(dim=1, keepdim=True), larger.mean(-1, keepdim=True), larger.amax(1, True)), 1)


MODULES: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "perceptron": (lambda: nn.Sequential(nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 3)), (2,)),
    "one layer": (lambda: nn.Linear(3, 2), (3,)),
    "no bias": (lambda: nn.Sequential(nn.Linear(2, 3, bias=False), nn.Identity(), nn.Linear(3, 1, bias=False)), (2,)),
    "activations": (
        lambda: nn.Sequential(
            nn.Linear(2, 4), nn.LeakyReLU(0.3), nn.Linear(4, 4), nn.PReLU(), nn.PReLU(4), nn.Hardtanh(-0.5, 2),
            nn.Linear(4, 4), nn.ReLU6(), nn.RReLU(), nn.Linear(4, 4), nn.Hardsigmoid(), nn.Softshrink(0.25),
            nn.Threshold(0.1, 0.1),
        ),
        (2,),
    ),
    "batch norm": (
        lambda: nn.Sequential(
            nn.BatchNorm1d(3), nn.Linear(3, 4), nn.BatchNorm1d(4, affine=False), nn.ReLU(), nn.Dropout(),
        ),
        (3,),
    ),
    "convolutions": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 4, (3, 2), stride=(1, 2), padding=(1, 0), groups=2), nn.BatchNorm2d(4), nn.ReLU(inplace=True),
            nn.MaxPool2d(2, padding=1), nn.Conv2d(4, 2, 3, padding="same", dilation=1), nn.LeakyReLU(),
            nn.AvgPool2d(2, 1), nn.Flatten(), nn.LazyLinear(3),
        ),
        (2, 4, 4),
    ),
    "in one dimension": (
        lambda: nn.Sequential(
            nn.Conv1d(1, 2, 3, padding=2, padding_mode="circular"), nn.ReLU(), nn.MaxPool1d(3, 2, ceil_mode=True),
            nn.AvgPool1d(2, padding=1, count_include_pad=False), nn.BatchNorm1d(2), nn.AdaptiveAvgPool1d(2),
        ),
        (1, 8),
    ),
    "padding": (
        lambda: nn.Sequential(
            nn.ConstantPad1d((1, 2), 0.5), nn.ReflectionPad1d(1), nn.Conv1d(1, 1, 2), nn.ZeroPad1d(-1),
        ),
        (1, 4),
    ),
    "pooling in ceil mode": (lambda: nn.AvgPool2d(2, 2, 1, ceil_mode=True), (1, 4, 3)),
    "divisor": (lambda: nn.AvgPool2d(2, divisor_override=3), (1, 4, 4)),
    "residual": (lambda: nn.Sequential(nn.Linear(2, 3), Residual(3), Residual(3), nn.Linear(3, 1)), (2,)),
    "functions": (Everything, (4,)),
    "doubles": (lambda: nn.Sequential(nn.Linear(2, 3), nn.LeakyReLU(0.1), nn.BatchNorm1d(3)).double(), (2,)),
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.filterwarnings("ignore")
def test_agrees_with_the_forward(name: str) -> None:
    make, shape = MODULES[name]
    module = make().eval()
    module(torch.zeros(1, *shape, dtype=module[0].weight.dtype if name == "doubles" else None))  # lazy layers
    module = seeded(module)
    single = from_torch(module, shape)
    agrees(module.double(), shape, single, tolerance=1e-6)  # the numbers beside the weights are singles
    double = agrees(module, shape)
    assert single.architecture == double.architecture


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "float8_e4m3fn"])
def test_weights_are_exact_in_every_type(dtype: str) -> None:
    kind = getattr(torch, dtype)
    module = nn.Linear(3, 2)
    module.weight = nn.Parameter(torch.tensor([[0.1, -1e-3, 3.0], [1 / 3, 0.0, -2.0]]).to(kind), requires_grad=False)
    module.bias = nn.Parameter(torch.tensor([0.7, -0.2]).to(kind), requires_grad=False)
    network = from_torch(nn.Sequential(module))
    for found, tensor in zip((*network.weights[0], network.biases[0]), (*module.weight, module.bias), strict=True):
        assert found == tuple(Fraction(x.item()) for x in tensor)


def test_a_perceptron_keeps_its_parameters() -> None:
    module = seeded(
        nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 3), nn.LeakyReLU(0.25)), nn.Linear(3, 1))
    )
    module[0].weight.data[1] = 0  # dead neurons stay
    linear = [module[0], module[2][0], module[3]]
    expected = Network(
        [m.weight.detach().numpy() for m in linear], [m.bias.detach().numpy() for m in linear], [0, 0.25]
    )
    assert from_torch(module) == expected == from_torch(module, 2) == from_torch(module, (2,))


def test_numbers_have_the_precision_of_the_module() -> None:
    single = from_torch(nn.Sequential(nn.Linear(1, 1), nn.LeakyReLU(0.1)))
    double = from_torch(nn.Sequential(nn.Linear(1, 1), nn.LeakyReLU(0.1)).double())
    assert single.slopes == ((Fraction(float(np.float32(0.1))),),)
    assert double.slopes == ((Fraction(0.1),),)


def test_exactly_by_definition() -> None:
    module = seeded(
        nn.Sequential(
            nn.Conv2d(1, 2, 2, padding=1), nn.BatchNorm2d(2), nn.PReLU(2), nn.MaxPool2d(2), nn.AvgPool2d(2, 1),
            nn.Flatten(), nn.Linear(2, 3), nn.Hardtanh(-0.5, 0.75),
        )
    ).double()  # fmt: skip
    conv, norm, prelu, linear = module[0], module[1], module[2], module[6]
    network = from_torch(module, (1, 4, 3))
    rng = Random(0)
    for _ in range(8):
        x = by_definition.exact([Fraction(rng.randint(-9, 9), 4) for _ in range(12)]).reshape(1, 4, 3)
        y = by_definition.convolution(x, conv.weight.detach(), conv.bias.detach(), (1, 1), (1, 1), (1, 1))
        y = by_definition.batch_norm(
            y, norm.running_mean, norm.running_var, norm.weight.tolist(), norm.bias.tolist(), norm.eps
        )
        y = np.concatenate([by_definition.leaky(y[c : c + 1], prelu.weight[c].item()) for c in range(2)])
        y = by_definition.pool(y, (2, 2), (2, 2), (0, 0), max)
        y = (
            by_definition.pool(y, (2, 1), (1, 1), (0, 0), lambda inside: sum(inside) / 2)
            if y.shape[1:] == (2, 1)
            else (by_definition.pool(y, (2, 2), (1, 1), (0, 0), lambda inside: sum(inside) / 4))
        )
        y = by_definition.linear(y.ravel(), linear.weight.detach(), linear.bias.detach())
        assert values_of(network, x) == by_definition.clip(y, -0.5, 0.75).tolist()


def test_modes_hooks_and_gradients_stay() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.5), nn.ReLU())
    module[1].eval()
    before = [(m.training, len(m._forward_hooks), len(m._forward_pre_hooks)) for m in module.modules()]
    state = {key: value.clone() for key, value in module.state_dict().items()}
    network = from_torch(module)
    assert [(m.training, len(m._forward_hooks), len(m._forward_pre_hooks)) for m in module.modules()] == before
    assert all(torch.equal(value, state[key]) for key, value in module.state_dict().items())
    agrees(module.eval().double(), (2,), network)
    with pytest.raises(NetworkError):
        from_torch(nn.Sequential(nn.Dropout(), nn.Softmax(1)).train(), 2)
    assert [m.training for m in module.modules()] == [False] * 5


def test_hooks_and_parametrisations_count() -> None:
    linear = seeded(nn.Linear(2, 2))
    torch.nn.utils.parametrizations.weight_norm(linear)
    module = nn.Sequential(linear, nn.ReLU())
    module[1].register_forward_hook(lambda _module, _inputs, output: 2 * output)
    network = from_torch(module)
    assert network.weights[0] == tuple(tuple(map(Fraction, row)) for row in linear.weight.tolist())
    agrees(module.double(), (2,), None)
    assert network.weights[1] == ((2, 0), (0, 2))


class InPlace(nn.Module):
    """The input of an in-place function is used again: directly, or through a view."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.fc, self.kind = nn.Linear(2, 2), kind

    def forward(self, x: Any) -> Any:
        y = self.fc(x)
        if self.kind == "again":
            torch.relu_(y)
            return y + y.mul_(2)
        if self.kind == "augmented":
            z = y
            z += 1
            z *= 2
            return y
        if self.kind == "clone":
            z = y.clone()
            z.relu_()
            return y - z
        y.view(-1).relu_()
        return y


@pytest.mark.parametrize("kind", ["again", "augmented", "clone"])
def test_changes_in_place(kind: str) -> None:
    agrees(seeded(InPlace(kind)).double(), (2,))


def test_a_view_changed_in_place_is_refused() -> None:
    with pytest.raises(NetworkError, match="a tensor is used after a view of it was changed in place"):
        from_torch(InPlace("view"))


COPIES: dict[str, Callable[[Any], Any]] = {
    "contiguous": lambda y: y.contiguous(),
    "cpu": lambda y: y.cpu(),
    "float": lambda y: y.float(),
    "to": lambda y: y.to(torch.float32),
    "type": lambda y: y.type("torch.FloatTensor"),
}


@pytest.mark.parametrize("name", COPIES)
def test_what_may_be_a_copy_is_not_taken_for_the_tensor(name: str) -> None:
    def changed(x: Any, both: bool) -> Any:
        y = (2 * x).view(1, 1, 2).transpose(1, 2)
        z = COPIES[name](y)
        F.relu(z, inplace=True)
        return z + y if both else z

    with pytest.raises(NetworkError, match="a tensor is used after a view of it was changed in place"):
        from_torch(Calls(lambda x: changed(x, both=True)), 2)
    assert values_of(from_torch(Calls(lambda x: changed(x, both=False)), 2), np.array([3, -1])) == [6, 0]


def test_what_is_the_tensor_itself_changes_with_it() -> None:
    def changed(x: Any) -> Any:
        y = 2 * x
        (+F.dropout(y.detach(), training=False)).relu_()
        return y

    agrees(Calls(changed), (3,))


class Calls(nn.Module):
    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(x)


FORWARDS: dict[str, Callable[[Any], Any]] = {
    "sum over ()": lambda x: x.sum(dim=()) + 0 * x[0, 0],
    "sum over []": lambda x: x.sum(dim=[]) + 0 * x[0, 0],
    "mean over []": lambda x: x.mean(dim=[]) + 0 * x[0, 0],
    "amax over []": lambda x: x.amax(dim=[]),
    "sum over 0": lambda x: x.sum(dim=0),
    "mask of bytes": lambda x: x[:, torch.tensor([1, 0, 1], dtype=torch.uint8)],
    "mask of bytes alone": lambda x: x[0][torch.tensor([1, 0, 1], dtype=torch.uint8)],
    "index": lambda x: x[:, torch.tensor([1, 0, 1])],
    "method split": lambda x: x.split(split_size=2, dim=1)[1],
    "method split into lengths": lambda x: x.split(split_size=[1, 2], dim=1)[1],
    "function split": lambda x: torch.split(x, 2, dim=1)[0],
    "float types": lambda x: x.type("torch.DoubleTensor").type(torch.DoubleTensor).to(float),
    "like another": lambda x: x.to("cpu").to(torch.ones(1).double()),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FORWARDS)
def test_agrees_with_forwards(name: str) -> None:
    agrees(Calls(FORWARDS[name]), (3,))


class Modeless(nn.Linear):
    """As torch.export makes them."""

    def eval(self) -> Any:
        raise NotImplementedError("Calling eval() is not supported yet.")


def test_what_a_call_changes_is_said() -> None:
    class Counts(nn.Module):
        def __init__(self, tensor: bool) -> None:
            super().__init__()
            self.calls, self.fc, self.tensor = 0, nn.Linear(2, 2), tensor

        def forward(self, x: Any) -> Any:
            if self.tensor:
                self.fc.bias += 1
            else:
                self.calls += 1
            return self.fc(x)

    assert from_torch(Counts(tensor=False), 2).assumptions == (
        "the forward changes the module (calls): another call may be another network",
    )
    assert "fc.bias" in from_torch(Counts(tensor=True), 2).assumptions[0]
    norm = nn.BatchNorm1d(2).eval()
    assert from_torch(norm).assumptions == (BATCH_NORM_NOTE,)  # which changes nothing


class Asks(nn.Module):
    def forward(self, x: Any) -> Any:
        return torch.relu(x) if self.training else x


@pytest.mark.parametrize(
    ("part", "named"),
    [
        (nn.Dropout(0.5), "'1'"), (nn.Dropout(0), None), (nn.RReLU(), "'1'"), (nn.BatchNorm1d(2), "'1'"),
        (Asks(), "'1'"), (nn.ReLU(), None),
    ],
)  # fmt: skip
def test_training_mode_is_said_where_it_matters(part: Any, named: str | None) -> None:
    module = nn.Sequential(nn.Linear(2, 2), part)
    training = [note for note in from_torch(module).assumptions if "training mode" in note]
    assert training == ([] if named is None else [training[0]])
    assert named is None or f"({named}), is read in evaluation mode" in training[0]
    assert module.training
    assert not any("training" in note for note in from_torch(module.eval()).assumptions)


def test_the_slope_of_a_random_leaky_relu_is_rounded_once() -> None:
    for double in (False, True):
        module = nn.Sequential(nn.Linear(1, 1), nn.RReLU(0.1, 0.3))
        module = module.double() if double else module
        mean = (0.1 + 0.3) / 2
        assert from_torch(module).slopes == ((Fraction(mean if double else float(np.float32(mean))),),)


REFUSED: list[tuple[Callable[[], Any], Any, str]] = [
    (lambda: Modeless(2, 2), 2, r"Modeless: cannot be put in evaluation mode: Calling eval\(\) is not supported"),
    (lambda: Modeless(2, 2), None, "Modeless: cannot be put in evaluation mode"),
    (lambda: nn.Sequential(nn.Linear(2, 2), nn.LazyLinear(2)), 2, "1.weight: has no values"),
    (lambda: nn.LazyBatchNorm1d(affine=False), 2, "running_mean: has no values"),
    (lambda: Calls(lambda x: x.type("torch.LongTensor")), 2, "rounds them to integers"),
    (lambda: Calls(lambda x: x.type(torch.LongTensor)), 2, "rounds them to integers"),
    (lambda: Calls(lambda x: x.to(torch.tensor([1]))), 2, "rounds them to integers"),
    (lambda: Calls(lambda x: x.to(int)), 2, "rounds them to integers"),
    (lambda: Calls(lambda x: torch.split(x, [1, 1], 1)[0]), 3, r"length 3 cannot be split into the lengths \[1, 1\]"),
    (lambda: Calls(lambda x: torch.split(x, [4, -1], 1)[1]), 3, "cannot be split"),
    (lambda: Calls(lambda x: torch.split(x, -1, 1)[0]), 3, "cannot be split"),
    (lambda: Calls(lambda x: x[[[0, 0], [1, 1]]]), 2, "a list of more than integers"),
    (lambda: nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Sigmoid())), None, r"layer '1.0' \(Sigmoid\): sigmoid is"),
    (lambda: nn.Sequential(nn.Linear(2, 2), nn.Linear(3, 1)), None, r"layer '1' \(Linear\): the weight has shape"),
    (lambda: nn.LayerNorm(2), 2, "layer_norm is not read"),
    (lambda: nn.Conv2d(1, 1, 2), None, "give input_shape"),
    (lambda: nn.ReLU(), None, "give input_shape"),
    (lambda: nn.Conv2d(1, 1, 3), (1, 2, 2), "larger than the padded value"),
    (lambda: nn.Linear(2, 2), 3, "does not act on a value of shape 1 × 3"),
    (lambda: nn.Linear(2, 2), "two", "input_shape"),
    (lambda: nn.Linear(2, 2), 2.0, "input_shape: expected integers"),
    (lambda: nn.Linear(2, 2), (2, 0), "positive lengths"),
    (lambda: nn.LSTM(2, 2), (3, 2), "LSTM"),
    (lambda: nn.BatchNorm1d(2, track_running_stats=False), 2, "statistics of the batch"),
    (lambda: nn.MaxPool1d(2, return_indices=True), (1, 4), "MaxPool1d: .*indices"),
    (lambda: Calls(lambda x: x * x), 2, "product of two values"),
    (lambda: Calls(lambda x: x / x), 2, "division by a constant"),
    (lambda: Calls(lambda x: 1 / x), 2, "division by a constant"),
    (lambda: Calls(lambda x: x / 0), 2, "division by zero"),
    (lambda: Calls(lambda x: x**2), 2, "pow is not read"),
    (lambda: Calls(lambda x: x if x.sum() else -x), 2, "branches on values"),
    (lambda: Calls(lambda x: x if x[0, 0] > 0 else -x), 2, "branches on values"),
    (lambda: Calls(lambda x: F.dropout(x, 0.5)), 2, "random"),
    (lambda: Calls(lambda x: x.sum(1, dtype=torch.int64)), 2, "rounds them to integers"),
    (lambda: Calls(lambda x: x.mean(1, dtype=torch.complex64)), 2, "or is complex"),
    (lambda: Calls(lambda x: x.int()), 2, "int is not read"),
    (lambda: Calls(lambda x: x.to(torch.int32)), 2, "rounds them to integers"),
    (lambda: Calls(lambda x: (x, x)), 2, "expected one tensor .* got 2 values in a tuple"),
    (lambda: Calls(lambda x: torch.zeros(2)), 2, "expected one tensor that depends on the input"),
    (lambda: Calls(lambda x: x if x == 0 else -x), 2, "eq is not read"),
    (lambda: Calls(lambda x: torch.zeros(1, 2).add_(x)), 2, "changes a constant tensor in place"),
    (lambda: Calls(lambda x: torch.relu(x, out=torch.zeros(2))), 2, "Calls: "),
    (lambda: Calls(lambda x: x * x.item()), 2, "item of a tensor is not read"),
    (lambda: Calls(lambda x: x * x.max(1)[1]), 2, "indices of maxima"),
    (lambda: Calls(lambda x: x[:, 5]), 2, "out of bounds"),
    (lambda: Calls(lambda x: x.reshape(7)), 2, "cannot be reshaped"),
    (lambda: Calls(lambda x: x.expand(10**9, -1)), 2, "entries, more than"),
    (lambda: Calls(lambda x: F.pad(x, (10**9, 0))), 2, "entries, more than"),
    (lambda: Calls(lambda x: 1 // 0), 2, "Calls: the forward cannot be followed: integer division"),
    (lambda: nn.Linear(10**6, 1, device="meta"), None, "Linear: .*meta"),
    (lambda: "a module", None, "expected a torch.nn.Module, got 'a module'"),
    (lambda: Calls(lambda x: x.__setitem__((0, 0), 1)), 2, "changed in place"),
]  # fmt: skip


@pytest.mark.parametrize("k", range(len(REFUSED)))
def test_refuses(k: int) -> None:
    make, shape, text = REFUSED[k]
    with pytest.raises((NetworkError, LimitError), match=text) as caught:
        from_torch(make(), shape)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.filterwarnings("ignore")
def test_a_lazy_module_stays_as_it_is() -> None:
    module = nn.LazyLinear(3)
    for shape in (2, None):
        with pytest.raises(NetworkError, match="has no values before the module is called"):
            from_torch(module, shape)
    assert torch.nn.parameter.is_lazy(module.weight)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_refuses_weights_that_are_not_finite(bad: float) -> None:
    module = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    module[2].weight.data[0, 1] = bad
    with pytest.raises(NumberError, match=r"layer '2' \(Linear\), weight, entry 2"):
        from_torch(module)


@pytest.mark.filterwarnings("ignore")
def test_refuses_tensors_that_are_no_arrays_of_numbers() -> None:
    packed = torch.zeros(8, dtype=torch.uint8)
    for tensor in (
        *(packed.view(getattr(torch, kind)) for kind in ("bits8", "float4_e2m1fn_x2") if hasattr(torch, kind)),
        torch.nested.nested_tensor([torch.zeros(2), torch.zeros(1)]),
        torch.eye(2).to_sparse(),
        torch.zeros(2, dtype=torch.complex64),
        torch.quantize_per_tensor(torch.zeros(2), 0.5, 0, torch.qint8),
        torch.zeros(2, device="meta"),
    ):
        with pytest.raises(NetworkError, match="expected a dense tensor of real numbers"):
            as_array(tensor)


@pytest.mark.filterwarnings("ignore")
def test_refuses_scripts() -> None:
    with pytest.raises(NetworkError, match="TorchScript"):
        from_torch(torch.jit.script(nn.Linear(2, 2)))


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    torch.save({}, tmp_path / "net.pt")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependencyError, match=r"polyrelu\[torch\]") as caught:
        from_torch(object())
    assert caught.value.extra == "torch"
    with pytest.raises(MissingDependencyError, match=r"polyrelu\[torch\]"):
        load(tmp_path / "net.pt", activation="relu")


class Attention(nn.Module):
    """Self-attention, spelt with methods and operators, with another function in place of the softmax."""

    def __init__(self, width: int, weighed: Any) -> None:
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(width, width) for _ in range(3))
        self.weighed = weighed

    def forward(self, x: Any) -> Any:
        q, k, v = self.q(x), self.k(x), self.v(x)
        return self.weighed(q, k) @ v


ENDS: dict[str, tuple[Any, str]] = {
    "softmax": (lambda: nn.Softmax(-1), "softmax is not read: it is not piecewise linear"),
    "method": (lambda: Calls(lambda x: x.softmax(-1)), "softmax is not read: it is not piecewise linear"),
    "method in place": (lambda: Calls(lambda x: x.sigmoid_()), "sigmoid is not read"),
    "product": (lambda: Calls(lambda x: x * x.relu()), "mul of two values that depend on the input is not read"),
    "quotient": (lambda: Calls(lambda x: x / (1 + x.abs())), "div by a value that depends on the input is not read"),
    "inverse": (lambda: Calls(lambda x: 1 / (1 + x.abs())), "by a value that depends on the input is not read"),
    "power": (lambda: Calls(lambda x: x**2), "pow is not read"),
    "attention": (
        lambda: Attention(192, lambda q, k: torch.relu(q @ k.transpose(-2, -1))),
        "matmul of two values that depend on the input is not read",
    ),
    "encoder": (
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(192, 3, 768, batch_first=True), 12),
        "multi_head_attention_forward is not read",
    ),
    "encoder, norm first": (
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(192, 3, 768, norm_first=True), 12, None, False),
        "layer_norm is not read",
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_forward_is_looked_at_before_any_of_it_is_composed(end: str) -> None:
    """Vision transformers: patches, many linear maps, and what is not read at the end."""
    make, said = ENDS[end]
    patches = nn.Sequential(nn.Conv2d(3, 48, 8, 8), nn.ReLU(), nn.Flatten(), nn.Linear(768, 768), nn.ReLU())
    middle = (nn.Linear(768, 768) for _ in range(8))
    model = nn.Sequential(patches, *middle, nn.Unflatten(1, (4, 192)), make())
    begun = time.process_time()
    with pytest.raises(NetworkError, match=said):
        from_torch(model, (3, 32, 32))
    assert time.process_time() - begun < 5


def test_a_forward_of_few_inputs_and_many_parameters_is_looked_at() -> None:
    model = nn.Sequential(nn.Linear(4, 800), nn.ReLU(), *(nn.Linear(800, 800) for _ in range(4)), nn.GELU())
    begun = time.process_time()
    with pytest.raises(NetworkError, match="gelu is not read"):
        from_torch(model)
    assert time.process_time() - begun < 5


def test_what_is_read_passes_the_look() -> None:
    """Operators, methods and properties that a forward may use, in a model that is large enough to be looked at."""

    def forward(x: Any) -> Any:
        y = +x.view(-1, 600).contiguous().float() - (-x) + abs(x) / 2 + 1 - x.detach()
        y = torch.cat([y[:, :300], y[:, 300:].clone()], 1) * y.size(1) if y.dim() == len(y.shape) else y
        y = torch.addmm(y, y, torch.eye(600), alpha=0.5) @ torch.ones(600, 1)
        return y.relu_().amax(1, keepdim=True) + y.T.reshape(1, 1) * float(y.is_floating_point())

    assert from_torch(Calls(forward), 600).architecture[0] == 600


@pytest.mark.parametrize("shape", [range(10**18), [1] * 100])
def test_a_shape_of_too_many_axes(shape: Any) -> None:
    with pytest.raises(NetworkError, match="input_shape: expected at most 60 integers"):
        from_torch(nn.Linear(2, 1), shape)
