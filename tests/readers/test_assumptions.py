"""What a file does not say is told, or refused; and what was assumed stays with the network and with every answer."""

from __future__ import annotations

import argparse
import json
import pickle
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.cli import main
from polyrelu.cli.program import _parser
from polyrelu.errors import FileError, InputError, NetworkError
from polyrelu.readers.activations import read_activations
from polyrelu.readers.assembly import BATCH_NORM_NOTE
from polyrelu.readers.numpy import write_npz

torch = pytest.importorskip("torch")
nn = torch.nn

CHAIN = (
    "the state dict, which holds weights only, is taken to be a plain chain Linear, ReLU, Linear, in the order of its "
    "keys"
)
NET = pr.Network([[[1, -1], [1, 1]], [[1, -1]]], [[0, 1], [-1]]).noted("one thing", "another")


class Residual(nn.Module):
    """An MLP with a residual sum, whose state dict looks like that of a plain one."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(2, 4), nn.Linear(4, 4), nn.Linear(4, 1)

    def forward(self, x: Any) -> Any:
        y = torch.relu(self.a(x))
        return self.c(y + torch.relu(self.b(y)))


def mlp(*between: Any) -> Any:
    """2-8-…-1 with given functions between, weights drawn in singles."""
    torch.manual_seed(7)
    layers = [nn.Linear(2, 8)]
    for function in between:
        layers += [function, nn.Linear(8, 8)]
    layers[-1] = nn.Linear(8, 1)
    return nn.Sequential(*layers)


@pytest.fixture
def state(tmp_path: Path) -> Callable[[Any], str]:
    """Write a module's state dict, and return the path."""

    def write(module: Any) -> str:
        torch.save(module.state_dict(), tmp_path / "net.pt")
        return str(tmp_path / "net.pt")

    return write


# --------------------------------------------------------------------------------------------------------- state dicts


@pytest.mark.parametrize("module", [mlp(nn.ReLU()), mlp(nn.LeakyReLU(0.3)), mlp(nn.Tanh()), Residual()])
def test_without_an_activation_a_state_dict_is_refused(state: Callable[[Any], str], module: Any) -> None:
    path = state(module)
    for read in (lambda: pr.load(path), lambda: pr.from_torch(module.state_dict())):
        with pytest.raises(FileError, match=r"\(2 → [48]\), .*activation='relu'.*--activation relu") as caught:
            read()
        assert "\n" not in str(caught.value)
        assert "from_torch(module, state_dict=...)" in str(caught.value)
    for command in ("betti", "info", "regions"):
        assert main([command, path]) == 2


SAME: list[tuple[Any, Any]] = [
    ([nn.ReLU()], "relu"),
    ([nn.ReLU()], " ReLU "),
    ([nn.LeakyReLU(0.3)], "leaky:0.3"),
    ([nn.LeakyReLU(0.3)], "leaky_relu:3e-1"),
    ([nn.LeakyReLU(0.25)], "leaky:1/4"),
    ([nn.LeakyReLU(0.3), nn.ReLU()], "leaky:0.3,relu"),
    ([nn.LeakyReLU(0.3), nn.LeakyReLU(0.3)], "leaky:0.3"),
    ([nn.Identity(), nn.ReLU()], ["identity", "relu"]),
]


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("k", range(len(SAME)))
def test_with_its_activation_it_is_the_module(state: Callable[[Any], str], k: int, double: bool) -> None:
    between, activation = SAME[k]
    module = mlp(*between)
    module = module.double() if double else module
    read = pr.load(state(module), activation=activation)
    expected = pr.from_torch(module)
    if any(isinstance(function, nn.Identity) for function in between):
        assert pr.identical(read, expected)  # from_torch makes no neurons of an Identity
    else:
        assert read == expected
    assert read == pr.from_torch(module.state_dict(), activation=activation)
    assert "plain chain Linear, " in read.assumptions[0]


def test_slopes_are_those_of_pytorch_unless_they_are_fractions() -> None:
    state = mlp(nn.LeakyReLU(0.3)).state_dict()
    read = lambda name, tensors: pr.from_torch(tensors, activation=name)  # noqa: E731
    doubles = {key: value.double() for key, value in state.items()}
    assert read("leaky:0.3", state).slopes[0][0] == Fraction(float(np.float32(0.3)))
    assert read("leaky:0.3", doubles).slopes[0][0] == Fraction(0.3)
    assert read("leaky:3/10", state).slopes[0][0] == Fraction(3, 10)
    assert read("abs", state).slopes == ((Fraction(-1),) * 8,)
    assert read("identity", state).slopes == ((Fraction(1),) * 8,)
    assert "LeakyReLU(0.3), Linear" in (note := read("leaky:0.3", state).assumptions[0]) and "single" in note
    assert "double-precision" in read("leaky:0.3", doubles).assumptions[0]
    assert "precision" not in read("leaky:3/10", state).assumptions[0]


def test_the_homology_is_that_of_the_module_told() -> None:
    """The same weights under three activations, and a residual sum that no state dict tells: four answers."""
    torch.manual_seed(11)
    module = Residual()
    state = module.state_dict()
    plain = nn.Sequential(module.a, nn.ReLU(), module.b, nn.ReLU(), module.c)
    leaky = nn.Sequential(module.a, nn.LeakyReLU(0.3), module.b, nn.LeakyReLU(0.3), module.c)
    assert pr.from_torch(state, activation="relu") == pr.from_torch(plain)
    assert pr.from_torch(state, activation="leaky:0.3") == pr.from_torch(leaky)
    assert not pr.identical(pr.from_torch(state, activation="relu"), pr.from_torch(module))
    assert pr.from_torch(Residual(), state_dict=state) == pr.from_torch(module)


@pytest.mark.parametrize("bad", ["tanh", "", "leaky", "leaky:", "leaky:x", "leaky:nan", "relu,", b"a", 3, [], [None]])
def test_refuses_other_activations(bad: Any) -> None:
    with pytest.raises(InputError, match=r"^activation"):
        read_activations(bad)


def test_as_many_activations_as_layers(state: Callable[[Any], str]) -> None:
    with pytest.raises(InputError, match=r"activation: got 2 for 1 hidden layer \(.*'0' "):
        pr.load(state(mlp(nn.ReLU())), activation="relu,relu")
    alone = pr.load(state(nn.Linear(2, 1)), activation="relu")
    assert alone.depth == 0 and "chain Linear, in" in alone.assumptions[0]


SHAPES: list[tuple[Any, str]] = [
    (nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1)), "'1.weight' is a tensor of shape"),
    (nn.Sequential(nn.Linear(2, 4), nn.PReLU(), nn.Linear(4, 1)), "'1.weight' is a tensor of shape"),
    (nn.Sequential(nn.Linear(2, 4), nn.LayerNorm(4), nn.Linear(4, 1)), "'1.weight' is a tensor of shape"),
    (nn.Sequential(nn.Conv1d(1, 2, 2), nn.Flatten(), nn.Linear(4, 1)), "'0.weight' is a tensor of shape"),
    (nn.ModuleList([nn.Linear(2, 4), nn.Linear(2, 4), nn.Linear(8, 1)]), "layer '1': takes 2 values, but layer '0'"),
    (nn.LSTM(2, 2), "which no plain multilayer perceptron has"),
    (nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)), "which no plain multilayer perceptron has"),
    (nn.utils.parametrizations.spectral_norm(nn.Linear(2, 2)), "which no plain multilayer perceptron has"),
]


@pytest.mark.parametrize("k", range(len(SHAPES)))
def test_what_is_no_chain_is_refused_in_spite_of_an_activation(state: Callable[[Any], str], k: int) -> None:
    module, text = SHAPES[k]
    with pytest.raises(InputError, match=text):
        pr.load(state(module), activation="relu")


def test_pruned_modules() -> None:
    """A mask beside a weight is no chain; folded into it, it is."""
    module = mlp(nn.ReLU())
    prune = pytest.importorskip("torch.nn.utils.prune")
    prune.l1_unstructured(module[0], "weight", amount=5)
    with pytest.raises(FileError, match=r"weight_orig.*no plain"):
        pr.from_torch(module.state_dict(), activation="relu")
    masked = pr.from_torch(module)
    prune.remove(module[0], "weight")
    assert pr.from_torch(module.state_dict(), activation="relu") == masked
    assert sum(w == 0 for row in masked.weights[0] for w in row) == 5


def test_a_checkpoint_with_a_second_state_dict_says_which_is_read() -> None:
    state = mlp(nn.ReLU()).state_dict()
    net = pr.from_torch({"state_dict": state, "ema": state, "optimizer": {"lr": 1}, "epoch": 1}, activation="relu")
    chosen = "of the checkpoint's entries 'state_dict' is the one meant, not 'ema', 'optimizer'"
    assert net.assumptions == (chosen, CHAIN)


# ----------------------------------------------------------------------------------- a module with another state dict


def test_a_module_with_another_state_dict_stays_as_it_is() -> None:
    module, other = mlp(nn.ReLU()).train(), mlp(nn.ReLU())
    for tensor in other.parameters():
        tensor.data += 1
    before = {key: value.clone() for key, value in module.state_dict().items()}
    assert pr.from_torch(module, state_dict=other.state_dict()) == pr.from_torch(other) != pr.from_torch(module)
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())
    assert module.training
    doubles = {key: value.double() / 3 for key, value in before.items()}
    assert pr.from_torch(module, state_dict=doubles).weights[0][0][0] == Fraction(doubles["0.weight"][0, 0].item())


def test_tied_weights_must_be_equal() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    module[2].weight = module[0].weight
    state = {key: value.clone() for key, value in module.state_dict().items()}
    assert pr.from_torch(module, state_dict=state) == pr.from_torch(module)
    state["2.weight"] += 1
    with pytest.raises(NetworkError, match=r"0\.weight and 2\.weight are one tensor of the module, but differ"):
        pr.from_torch(module, state_dict=state)


def test_refuses_arguments_that_do_not_go_together() -> None:
    module = mlp(nn.ReLU())
    state = module.state_dict()
    bad: list[tuple[Callable[[], Any], str]] = [
        (lambda: pr.from_torch(module, activation="relu"), "the forward of a module contains its activations"),
        (lambda: pr.from_torch(state, 2, activation="relu"), "neither input_shape"),
        (lambda: pr.from_torch(state, activation="relu", state_dict=state), "nor a second state dict"),
        (lambda: pr.from_torch(module, state_dict="net.pt"), "expected a mapping"),
        (lambda: pr.from_torch(module, state_dict={"0.weight": state["0.weight"]}), "does not fit the module"),
        (lambda: pr.from_torch(module, state_dict={**state, "0.weight": torch.zeros(2, 2)}), "size mismatch"),
        (lambda: pr.from_torch(module, state_dict={**state, "0.weight": 3}), "state_dict: does not fit"),
    ]
    for call, text in bad:
        with pytest.raises(InputError, match=text) as caught:
            call()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".json", ".npz", ".nnet", ".onnx"])
def test_formats_that_say_it_themselves_are_not_told(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"net{suffix}"
    if suffix in (".json", ".npz"):
        pr.save(NET, path)
    else:
        path.write_text("")
    with pytest.raises(FileError, match="files of this format contain the activations"):
        pr.load(path, activation="relu")
    with pytest.raises(FileError, match="give output or activation, not both"):
        pr.load(path, output="y", activation="relu")


def test_a_square_root_that_was_rounded_is_said() -> None:
    norm = nn.BatchNorm1d(2).eval()
    norm.eps = 0.25
    norm.running_var.data[:] = torch.tensor([3.75, 0.0])  # √4 and √(1/4)
    assert pr.from_torch(norm).assumptions == ()
    norm.running_var.data[0] = 1
    assert pr.from_torch(norm).assumptions == (BATCH_NORM_NOTE,)


class Mixing(nn.Module):
    """A forward that is given, after a layer."""

    def __init__(self, then: Any) -> None:
        super().__init__()
        self.fc, self.then = nn.Linear(2, 3), then

    def forward(self, x: Any) -> Any:
        return self.then(torch.relu(self.fc(x)))


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize(
    ("then", "mixes"),
    [
        (lambda y: y - y.mean(0), True),  # zero for one sample
        (lambda y: y + y.flip(0), True),
        (lambda y: y / y.shape[0], True),
        (lambda y: y.sum(0), True),
        (lambda y: y - y.mean(1, keepdim=True), False),
        (lambda y: y.flatten(1), False),
        (lambda y: y.reshape(1, 3), False),  # takes no other batch
    ],
)
def test_a_forward_that_mixes_the_samples_of_a_batch_is_noted(then: Any, mixes: bool, double: bool) -> None:
    torch.manual_seed(3)
    module = Mixing(then).double() if double else Mixing(then)
    net = pr.from_torch(module, 2)
    assert [("mixes the samples" in note, "batch of one" in note) for note in net.assumptions] == [(True, True)] * mixes
    x = torch.tensor([[0.25, -1.5]], dtype=torch.float64)
    values = net(x[0].tolist())
    expected = module.double()(x).flatten().tolist()
    assert np.allclose([float(v) for v in values], expected, atol=1e-6)


# ------------------------------------------------------------------------------------------- what keeps an assumption


def test_networks_made_from_one_keep_what_was_assumed(tmp_path: Path) -> None:
    made = [
        *(NET.scaled(2), NET.shifted(1), NET.output(0), -NET, NET.recession(), NET.restrict([0, 0], [[1, 2]])),
        *(NET.followed_by(pr.Network([[[1]]], [[0]])), pr.Slice([[0, 0], [1, 0]]).restrict(NET)),
        *(pickle.loads(pickle.dumps(NET)), pr.Network.from_dict(NET.to_dict())),
        pr.subdivide(NET).network,
    ]
    for suffix in (".json", ".npz"):
        pr.save(NET, tmp_path / f"net{suffix}")
        made.append(pr.load(tmp_path / f"net{suffix}"))
    pr.save_complex(pr.subdivide(NET), tmp_path / "complex.npz")
    made.append(pr.load_complex(tmp_path / "complex.npz").network)
    for net in made:
        assert net.assumptions == ("one thing", "another")
    first = pr.Network([[[1, 2]]], [[0]]).noted("first")
    assert first.followed_by(pr.Network([[[1]]], [[0]]).noted("second", "first")).assumptions == ("first", "second")


def test_assumptions_are_no_part_of_equality() -> None:
    plain = pr.Network(NET.weights, NET.biases)
    assert plain == NET and hash(plain) == hash(NET) and plain.assumptions == ()
    assert "assumptions" not in plain.to_dict()
    with pytest.raises(AttributeError):
        NET.assumptions = ()  # type: ignore[misc]


@pytest.mark.parametrize("bad", ["two\nlines", "", 3, None, "\x1b[31m"])
def test_an_assumption_is_a_line_of_text(bad: Any, tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="assumptions: expected a line of text"):
        NET.noted(bad)
    with pytest.raises(NetworkError, match="units: expected a line of text"):
        NET.noted(units=(bad,))
    for key in ("assumptions", "units"):
        with pytest.raises(NetworkError, match=f"{key}: expected a line of text"):
            pr.Network.from_dict({**NET.to_dict(), key: [bad]})


def test_assumptions_in_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    for key, bad in product(("assumptions", "units"), ("text", 3, None, {})):
        path.write_text(json.dumps({**NET.to_dict(), key: bad}))
        with pytest.raises(FileError, match=f"{key}: expected a list"):
            pr.load(path)
    arrays = {"weights_1": np.ones((1, 1)), "biases_1": np.zeros(1)}
    texts = [np.frombuffer(text, np.uint8) for text in (b"3", b"\xff")]
    for key, array in product(("assumptions", "units"), (np.ones(3), np.zeros((1, 1), np.uint8), *texts)):
        np.savez(tmp_path / "net.npz", **arrays, **{key: array})
        with pytest.raises(FileError, match=f"{key}: expected|not UTF-8"):
            pr.load(tmp_path / "net.npz")
    write_npz(tmp_path / "net.npz", NET)


# ------------------------------------------------------------------------------------------------------ command line


def commands(path: str, folder: Path) -> list[list[str]]:
    """Every command that reads a network, so that it succeeds on one with two inputs and an output (or two)."""
    return [
        ["info", path, "--samples", "2"],
        ["betti", path],
        ["cycles", path],
        ["regions", path],
        ["verify", path, "--regions", "1"],
        ["identical", path, path],
        ["export", path, "-o", str(folder / "cells.json")],
    ]


def test_every_command_that_reads_a_network_can_be_told() -> None:
    (commands_of,) = (action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction))
    reading = 0
    for name, parser in commands_of.choices.items():
        parser.complete()
        names = {action.dest for action in parser._actions}
        if "net" in names:
            reading += 1
            assert "activation" in names, name
    assert reading >= 9


def test_every_command_prints_what_was_assumed(state: Callable[[Any], str], tmp_path: Path, capsys: Any) -> None:
    path = state(mlp(nn.ReLU()))
    for argv in commands(path, tmp_path):
        argv = [*argv, "--activation", "relu"]
        assert main(argv) in (0, 1)
        out, err = capsys.readouterr()
        assert f"{CHAIN}.\n" in out and err == ""
        assert main([*argv, "--json"]) in (0, 1)
        found = json.loads(capsys.readouterr().out)
        both = argv[0] == "identical"
        assert found["assumed"] == ([f"A: {CHAIN}", f"B: {CHAIN}"] if both else [CHAIN])
        assert main(argv[:-2]) == 2
        assert "activation='relu'" in capsys.readouterr().err
        pr.save(NET, tmp_path / "net.json")
        pr.save(pr.Network(NET.weights, NET.biases), tmp_path / "plain.json")
        told = [*(x if x != path else str(tmp_path / "plain.json") for x in argv), "--json"]
        assert main(told) == 2
        assert "contain the activations" in capsys.readouterr().err
        told = [x for x in told if x not in ("--activation", "relu")]
        assert main(told) in (0, 1)
        assert "assumed" not in json.loads(capsys.readouterr().out)
        assert main([x if x != str(tmp_path / "plain.json") else str(tmp_path / "net.json") for x in told]) in (0, 1)
        assert "one thing" in json.loads(capsys.readouterr().out)["assumed"][0]


def test_pictures_and_classes_too(state: Callable[[Any], str], tmp_path: Path, capsys: Any) -> None:
    pytest.importorskip("matplotlib")
    assert main(["plot", state(mlp(nn.ReLU())), "-o", str(tmp_path / "a.png"), "--activation", "relu"]) == 0
    assert CHAIN in capsys.readouterr().out
    torch.manual_seed(0)
    path = state(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)))
    assert main(["classes", path, "--activation", "relu"]) == 0
    assert CHAIN in capsys.readouterr().out


def test_identical_tells_only_the_state_dict(state: Callable[[Any], str], tmp_path: Path, capsys: Any) -> None:
    module = mlp(nn.LeakyReLU(0.3))
    path = state(module)
    pr.save(pr.from_torch(module), tmp_path / "net.json")
    assert main(["identical", str(tmp_path / "net.json"), path, "--activation", "leaky:0.3"]) == 0
    assert "Assumed: B: the state dict" in capsys.readouterr().out
    assert main(["identical", str(tmp_path / "net.json"), path, "--activation", "leaky:3/10"]) == 1
