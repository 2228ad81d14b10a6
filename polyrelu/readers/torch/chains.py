"""State dicts as plain multilayer perceptrons: a chain of linear maps with known activations between them.

A state dict holds weights by name. It does not determine their order, the functions between them, or whether values
also take another path (a residual sum). So the activations must be given, and the network notes what was assumed
(`Network.assumptions`).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Any

from polyrelu.errors import FileError, InputError, LimitError, NetworkError
from polyrelu.exact.floats import nearest
from polyrelu.exact.rational import describe, exact
from polyrelu.network.network import Network
from polyrelu.readers.activations import Activation, read_activations
from polyrelu.readers.assembly import MAX_TOTAL, Assembly
from polyrelu.readers.torch.tensors import as_array

WRAPPERS = ("state_dict", "model_state_dict", "model", "net")
"""Keys under which a checkpoint may hold the state dict."""

ADVICE = "build the module and pass the state dict with it, from_torch(module, state_dict=...)"

SHOWN = 8
"""Maximum number of layers that a message names."""

_Layers = dict[str, dict[str, Any]]


def chain_of(content: Any, activation: Any) -> Network:
    """The plain perceptron of a state dict, with these activations (see `read_activations`).

    Raises FileError for anything but a state dict, for one that holds more than a plain perceptron, and if no
    activations are given; NetworkError for layers that do not follow each other; InputError for unknown activations,
    or another number of them than of hidden layers; LimitError for a state dict that is too large.
    """
    told = None if activation is None else read_activations(activation)
    state, notes = _state(content)
    layers = _layers(state)
    _check_chain(layers)
    if told is None:
        raise FileError(
            f"a state dict does not say what stands between its layers {_listing(layers)}: pass activation='relu' "
            f"(on the command line --activation relu), or leaky:0.3, abs, identity, or one for each hidden layer; if "
            f"they are no plain chain, {ADVICE}"
        )
    hidden = len(layers) - 1
    if len(told) not in (1, hidden):
        raise InputError(
            f"activation: got {len(told)} for {hidden} hidden layer{'s' * (hidden != 1)} (all but the last of "
            f"{_listing(layers)}); expected one for all, or one for each"
        )
    told = told * hidden if len(told) == 1 else told
    double = _is_double(layers)
    slopes = [_taken(a, double) for a in told]
    assembly = Assembly(next(iter(layers.values()))["weight"].shape[1])
    signal = assembly.input
    for k, (name, parts) in enumerate(layers.items()):
        if k:
            signal = assembly.activation(signal, slopes[k - 1])
        assembly.place = place = f"layer {name!r}"
        try:
            arrays = [as_array(parts[kind]) if kind in parts else None for kind in ("weight", "bias")]
        except NetworkError as error:
            raise NetworkError(f"{place}: {error}") from None
        signal = assembly.affine(signal, *arrays)
    return assembly.finish(signal).noted(*notes, _statement(told, slopes, double))


def _taken(activation: Activation, double: bool) -> Fraction:
    """The slope in PyTorch: a decimal is rounded to a double, and in a module of singles to a single."""
    if not activation.decimal:
        return activation.slope
    value = exact(nearest(activation.slope), "activation, slope")
    return value if double else exact(nearest(value, "single"), "activation, slope")


def _state(content: Any) -> tuple[Mapping[Any, Any], list[str]]:
    """The state dict, possibly a part of a checkpoint, and the assumption made in choosing it."""
    if not isinstance(content, Mapping):
        raise FileError(f"expected a state dict (names and tensors), got {describe(content)}")
    wrappers = [key for key in WRAPPERS if isinstance(content.get(key), Mapping)]
    if len(wrappers) > 1:
        raise FileError(f"holds two state dicts, {' and '.join(map(repr, wrappers))}; save the one to read alone")
    if not wrappers:
        return content, []
    others = [key for key, value in content.items() if key != wrappers[0] and isinstance(value, Mapping) and value]
    note = f"of the checkpoint's entries {wrappers[0]!r} is the one meant, not {', '.join(map(describe, others[:3]))}"
    return content[wrappers[0]], [note] if others else []


def _layers(state: Mapping[Any, Any]) -> _Layers:
    """The parts of every layer by the layer's name, in the order of the state dict."""
    import torch

    layers: _Layers = {}
    for key, value in state.items():
        name, _, kind = key.rpartition(".") if isinstance(key, str) else ("", "", "")
        dims = {"weight": 2, "bias": 1}.get(kind)
        if not isinstance(value, torch.Tensor) or value.ndim != dims:
            shape = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, torch.Tensor) else describe(value)
            raise FileError(
                f"{describe(key)} is {shape}, which no plain multilayer perceptron has (only matrices '….weight' and"
                f" vectors '….bias'); {ADVICE}"
            )
        layers.setdefault(name, {})[kind] = value
    if not layers:
        raise FileError("the state dict is empty")
    count = sum(value.numel() for parts in layers.values() for value in parts.values())
    if count > MAX_TOTAL:  # a stride of 0 declares any number of them with one stored
        raise LimitError(f"its tensors have {count} entries, more than the {MAX_TOTAL} that are read")
    return layers


def _check_chain(layers: _Layers) -> None:
    """FileError or NetworkError unless every layer has a weight whose width is that of the layer before it."""
    for name, parts in layers.items():
        if "weight" not in parts:
            raise FileError(f"layer {name!r} has a bias, but no weight; {ADVICE}")
    for (before, a), (name, b) in pairwise(layers.items()):
        if (given := a["weight"].shape[0]) != (taken := b["weight"].shape[1]):
            raise NetworkError(
                f"layer {name!r}: takes {taken} values, but layer {before!r} before it gives {given}, so this is no "
                f"plain multilayer perceptron; {ADVICE}"
            )


def _listing(layers: _Layers) -> str:
    """The layers with their widths, for messages."""
    shown = [
        f"{describe(name)} ({parts['weight'].shape[1]} → {parts['weight'].shape[0]})"
        for name, parts in list(layers.items())[:SHOWN]
    ]
    return ", ".join([*shown, "..."] if len(layers) > SHOWN else shown)


def _is_double(layers: _Layers) -> bool:
    """Whether a module with these parameters computes in doubles, the precision that `from_torch` assumes."""
    tensors = (part for parts in layers.values() for part in parts.values())
    return next((t.dtype.itemsize == 8 for t in tensors if t.is_floating_point()), False)


def _statement(told: tuple[Activation, ...], slopes: list[Fraction], double: bool) -> str:
    between = [f"{activation.name}, Linear" for activation in told]
    if len(between) > SHOWN:
        between = [*between[: SHOWN // 2], "…", *between[-SHOWN // 2 :]]
    chain = ", ".join(["Linear", *between])
    text = f"the state dict, which holds weights only, is taken to be a plain chain {chain}, in the order of its keys"
    if any(a.slope != slope for a, slope in zip(told, slopes, strict=True)):
        text += f", its slopes the nearest {'double' if double else 'single'}-precision numbers, as PyTorch takes them"
    return text
