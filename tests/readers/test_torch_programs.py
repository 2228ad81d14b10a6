"""TorchScript and torch.export: the same networks as from the modules that the programs were made from."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from test_readers_assembly import values_of

from polyrelu.errors import NetworkError
from polyrelu.network.network import Network
from polyrelu.readers import from_torch

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional

pytestmark = pytest.mark.filterwarnings("ignore")


class Convolutions(nn.Module):
    """What exporters spell in their own way: normalisation, padding, pooling, slices, views, changes in place."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.drop = nn.Conv2d(1, 2, 2), nn.BatchNorm2d(2), nn.Dropout()
        self.up, self.head = nn.ConvTranspose2d(2, 1, 2, stride=2), nn.Linear(16, 3)

    def forward(self, x):
        h = torch.relu_(self.norm(self.conv(F.pad(x, [1, 0, 0, 1], value=0.5))))
        h = F.max_pool2d(h, 2, 1)[:, :, 1:, :]
        if x.shape[0] > 1:
            h = h + 1
        h = F.interpolate(self.up(h), size=[4, 5])[:, :, :, 1:]
        h = self.head(self.drop(h.reshape(x.size(0), -1)))
        a, b = torch.split(h, [1, 2], 1)
        return torch.cat([1 - a, torch.where(b > 0, b, 0.25 * b), b.max(1, keepdim=True)[0]], 1)


class Loops(nn.Module):
    """A loop over numbers, and layers in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(3, 3) for _ in range(2))

    def forward(self, x):
        for layer in self.layers:
            for _ in range(2):
                x = F.leaky_relu(layer(x), 0.3)
        return x.clamp(min=-1.0).sum(dim=1)


MODELS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "perceptron": (lambda: nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2)), (3,)),
    "convolutions": (Convolutions, (1, 3, 4)),
    "loops": (Loops, (3,)),
}


def made(name: str) -> tuple[Any, tuple[int, ...], Network]:
    make, shape = MODELS[name]
    torch.manual_seed(0)
    module = make()
    for buffer_name, buffer in module.named_buffers():
        if buffer.is_floating_point():
            buffer.copy_(torch.rand(buffer.shape) + (0.5 if buffer_name.endswith("var") else 0))
    return module.eval(), shape, from_torch(module, shape)


SLOW = [
    pytest.param(program, name, marks=pytest.mark.slow)
    for program, name in (("exported", "convolutions"), ("exported module", "loops"), ("decomposed", "convolutions"))
]


QUICK = [("script", "convolutions"), ("script", "loops"), ("trace", "convolutions"), ("trace", "loops")]


@pytest.mark.parametrize(("program", "name"), [*QUICK, ("frozen", "loops"), ("exported", "perceptron"), *SLOW])
def test_programs_are_the_networks_of_their_modules(program: str, name: str) -> None:
    module, shape, network = made(name)
    example = torch.zeros(1, *shape)
    if program == "script":
        found = from_torch(torch.jit.script(module), shape)
    elif program in ("trace", "frozen"):
        traced = torch.jit.trace(module, example)
        found = from_torch(torch.jit.freeze(traced, optimize_numerics=False) if program == "frozen" else traced, shape)
    else:
        exported = torch.export.export(module, (example,))
        if program == "decomposed":
            exported = exported.run_decompositions()
        found = from_torch(exported.module() if program == "exported module" else exported)
    assert found == network
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape)
    with torch.no_grad():
        expected = module.double()(torch.tensor(x)[None]).numpy().ravel()
    assert np.allclose([float(y) for y in values_of(found, x)], expected, atol=1e-6)


@pytest.mark.parametrize("program", ["script", "exported"])
def test_programs_with_many_inputs(program: str) -> None:
    """A module of this size runs once in floats before, which tells nothing of the functions of a program."""
    module = nn.Sequential(nn.Linear(500, 2), nn.ReLU(), nn.Linear(2, 1)).eval()
    example = torch.zeros(1, 500)
    made = torch.jit.script(module) if program == "script" else torch.export.export(module, (example,))
    assert from_torch(made, 500) == from_torch(module)


def test_modes_of_programs() -> None:
    module, shape, network = made("convolutions")
    script = torch.jit.script(module.train())
    found = from_torch(script, shape)
    assert found == network and script.training
    assert any("in training mode" in assumption for assumption in found.assumptions)


@pytest.mark.slow
def test_a_program_exported_in_training_mode() -> None:
    module, shape, _ = made("convolutions")
    with pytest.raises(NetworkError, match="statistics of the batch"):
        from_torch(torch.export.export(module.train(), (torch.zeros(1, *shape),)), shape)


class Branches(nn.Module):
    def forward(self, x):
        if bool(x.sum() > 0):
            return x
        return -x


@pytest.mark.parametrize(
    ("make", "shape", "text"),
    [
        (lambda: torch.jit.script(nn.Linear(2, 2)), None, "give input_shape"),
        (lambda: torch.jit.script(Branches()), 2, "branches on values"),
        (lambda: torch.jit.script(nn.Sigmoid()), 2, r"\(aten::sigmoid\): sigmoid is not read"),
        (lambda: torch.jit.trace(nn.Tanh(), torch.zeros(1, 2)), 2, r"\(aten::tanh\): tanh is not read"),
        (lambda: torch.jit.script(nn.Bilinear(2, 2, 1)), 2, "arguments; expected one tensor"),
        (lambda: torch.jit.script(nn.Linear(2, 2)), 3, "the weight has shape"),
        (lambda: torch.export.export(nn.Linear(2, 2), (torch.zeros(4, 2),)), None, "Guard failed: .*size"),
        (lambda: torch.jit.script(F.relu), 2, "expected a torch.nn.Module, got an object of type ScriptFunction"),
    ],
)  # fmt: skip
def test_what_stays_refused_says_why(make: Any, shape: Any, text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = make()
    with pytest.raises(NetworkError, match=text) as caught:
        from_torch(program, shape)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
