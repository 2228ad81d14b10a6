"""Networks from PyTorch modules.

A module is read by running its forward once on a `Value`, which stands for a tensor whose entries are exact piecewise
linear functions of the input. PyTorch passes every function of a `Value` to `Value.__torch_function__`, which looks it
up in `operations`. So the reader follows what the module does, whatever its structure: branches on shapes, loops,
shared modules, hooks and parametrisations included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from itertools import islice
from operator import index
from typing import Any

from polyrelu.errors import InputError, LimitError, MissingDependencyError, NetworkError, NumberError, PolyreluError
from polyrelu.exact.limits import read_flag
from polyrelu.exact.rational import describe
from polyrelu.exact.time_limit import OutOfTimeError
from polyrelu.files import reason
from polyrelu.network.network import Network
from polyrelu.readers.assembly import Assembly
from polyrelu.readers.outline import Outline, RefusalError, UnknownError, look
from polyrelu.readers.restriction import Restriction
from polyrelu.readers.signals import Signal
from polyrelu.readers.steps import Step
from polyrelu.readers.torch.chains import chain_of
from polyrelu.readers.torch.preview import mixes_samples, unread_function
from polyrelu.readers.torch.probe import input_width
from polyrelu.readers.torch.scripts import run_script
from polyrelu.readers.torch.values import Value

MAX_AXES = 60
"""Maximum number of axes of an input: with the batch axis, NumPy has at most 64."""

PREVIEWED = 500
"""Number of inputs, or hundreds of parameters, from which on a forward is examined before the long composition."""


def from_torch(
    module: Any,
    input_shape: int | Sequence[int] | None = None,
    *,
    activation: str | Sequence[str] | None = None,
    state_dict: Mapping[str, Any] | None = None,
    strip: bool = False,
    restriction: Restriction | None = None,
    remarks: bool = True,
) -> Network:
    """The network that a PyTorch module computes in evaluation mode, or that of a plain state dict.

    See `polyrelu.from_torch`. Without `remarks` the module is not tried on batches, which takes most of the time for a
    small one and decides only what `Network.assumptions` says.
    """
    try:
        import torch
    except ImportError:
        raise MissingDependencyError("reading it needs PyTorch: pip install 'polyrelu[torch]'", "torch") from None
    read_flag(strip, "strip")
    if isinstance(module, Mapping) and not isinstance(module, torch.nn.Module):
        if input_shape is not None or state_dict is not None:
            raise InputError(
                "from_torch: a state dict without a module takes neither input_shape nor a second state dict"
            )
        if strip:
            raise InputError("strip: a state dict without a module does not contain a final function")
        network = chain_of(module, activation)
        return network if restriction is None else restriction.slice.restrict(network)
    module = getattr(module, "_orig_mod", module)  # what torch.compile has wrapped
    if activation is not None:
        raise InputError(
            "activation: belongs to a state dict without a module; the forward of a module contains its activations"
        )
    if type(module).__name__ == "ExportedProgram" and type(module).__module__.startswith("torch.export"):
        module = module.module()
    if not isinstance(module, torch.nn.Module):
        raise NetworkError(f"expected a torch.nn.Module, got {describe(module)}")
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        if torch.nn.parameter.is_lazy(tensor):  # its shape and random values come with the first input
            raise NetworkError(f"{name}: has no values before the module is called for the first time")
    if state_dict is not None:
        module = _loaded(module, state_dict)
    if input_shape is None and (stated := _exported_shape(module)) is not None:
        lengths: tuple[int, ...] = stated
    elif input_shape is None:
        if isinstance(module, torch.jit.ScriptModule):
            raise NetworkError("a TorchScript module does not state the shape of its input: give input_shape")
        with _evaluation_mode(module):
            lengths = (input_width(module),)
    else:
        try:
            axes = list(islice(input_shape, MAX_AXES + 1)) if isinstance(input_shape, Sequence) else [input_shape]
            lengths = tuple(map(index, axes))
        except TypeError:
            raise NetworkError(f"input_shape: expected integers, got {describe(input_shape)}") from None
        if len(lengths) > MAX_AXES:
            raise NetworkError(f"input_shape: expected at most {MAX_AXES} integers, got {describe(input_shape)}")
    assembly = Assembly((1, *lengths), 1, restriction)
    assembly.strip = strip
    dtypes = [p.dtype for p in module.parameters() if p.is_floating_point()]
    dtype = dtypes[0] if dtypes else torch.get_default_dtype()
    if named := _random_in_training(module):
        assembly.assume(
            f"the module, which is in training mode ({named}), is read in evaluation mode: dropout does nothing, and "
            "batch normalisation uses its running statistics"
        )
    before = _state(module)
    large = max(assembly.input.size, sum(p.numel() for p in module.parameters()) // 100) >= PREVIEWED
    unread = unread_function(module, assembly.input.shape, dtype, strip) if large else None
    if unread is not None:
        raise NetworkError(f"{type(module).__name__}: {unread}")
    if large:
        _check_sizes(module, assembly.input.shape, restriction, dtype)
    output = _run(module, Value(assembly, assembly.input, dtype), assembly)
    if changed := [name for name, value in _state(module).items() if before.get(name, value) != value]:
        named = ", ".join(changed[:3])
        assembly.assume(f"the forward changes the module ({named}): another call may be another network")
    assembly.place = "output"
    if not isinstance(output, Value):
        raise NetworkError(f"output: expected one tensor that depends on the input, got {_kind(output)}")
    if remarks and mixes_samples(module, assembly.input.shape, dtype):
        assembly.assume(
            "the module is read for a batch of one sample; in a larger batch its forward mixes the samples, so that "
            "their outputs are not those that they have alone"
        )
    if isinstance(output.signal, Step):
        raise NetworkError("output: expected one tensor of continuous values, got a comparison")
    return assembly.finish(assembly.ends(output.signal))


def _check_sizes(module: Any, shape: Sequence[int], restriction: Restriction | None, dtype: Any) -> None:
    """LimitError if the network is certainly too large. All other errors are left to the exact run."""

    def composed(outline: Outline) -> Signal:
        outline.strip = True  # whether a final function is left out does not change the size
        try:
            copy = deepcopy(module)
        except Exception:
            raise UnknownError from None
        output = _run(copy, Value(outline, outline.input, dtype), outline)
        if not isinstance(output, Value) or isinstance(output.signal, Step):
            raise UnknownError
        return output.signal

    try:
        look(composed, shape, 1, restriction)
    except RefusalError as refusal:
        if isinstance(refusal.error, LimitError):
            raise refusal.error from None


def _loaded(module: Any, state_dict: Any) -> Any:
    """A copy of the module with the tensors of the state dict."""
    if not isinstance(state_dict, Mapping):
        raise InputError(f"state_dict: expected a mapping from names to tensors, got {describe(state_dict)}")
    shared: dict[int, list[str]] = {}
    for name, tensor in module.named_parameters(remove_duplicate=False):
        shared.setdefault(id(tensor), []).append(name)
    try:
        for names in shared.values():
            tensors = [state_dict[name] for name in names if name in state_dict]
            if not all(tensor.equal(tensors[0]) for tensor in tensors[1:]):
                raise NetworkError(f"state_dict: {' and '.join(names[:3])} are one tensor of the module, but differ")
        module = deepcopy(module)
        module.load_state_dict(state_dict, strict=True, assign=True)
    except PolyreluError:
        raise
    except Exception as error:  # whatever a tensor, or a module that is copied or loaded, raises
        raise NetworkError(f"state_dict: does not fit the module: {reason(error)}") from None
    return module


def _random_in_training(module: Any) -> str:
    """The names of parts in training mode that differ in evaluation mode, or whose forward depends on the mode.

    All parts of a script that are in training mode are named: their forwards are not looked at.
    """
    import torch
    from torch import nn

    names = []
    for name, part in module.named_modules():
        if not getattr(part, "training", False) or _is_exported(module):
            continue
        if isinstance(part, torch.jit.ScriptModule):
            names.append(repr(name) if name else str(part.original_name))
            continue
        if isinstance(part, nn.modules.dropout._DropoutNd):
            differs = part.p > 0
        elif type(part).__module__.startswith("torch.nn."):
            differs = isinstance(part, (nn.modules.batchnorm._BatchNorm, nn.RReLU))
        else:
            code = getattr(type(part).forward, "__code__", None)
            differs = code is not None and "training" in code.co_names
        if differs:
            names.append(repr(name) if name else type(part).__name__)
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _is_exported(module: Any) -> bool:
    """Whether a module is what `ExportedProgram.module` returns."""
    return any(kind.__module__ == "torch.export._unlift" for kind in type(module).__mro__)


def _exported_shape(module: Any) -> tuple[int, ...] | None:
    """The shape of one input of an exported module, without the batch axis; None where it is not stated."""
    if not _is_exported(module):
        return None
    values = [node.meta.get("val") for node in module.graph.nodes if node.op == "placeholder"]
    if len(values) != 1 or not hasattr(values[0], "shape"):
        return None
    lengths = tuple(values[0].shape)[1:]
    return lengths if all(type(n) is int for n in lengths) else None


def _state(module: Any) -> dict[str, Any]:
    """The identity and version of every tensor of the module, and its attributes that are numbers or strings."""
    state: dict[str, Any] = {}
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        state[name] = id(tensor), None if tensor.is_inference() else tensor._version
    for name, part in module.named_modules():
        for key, value in vars(part).items():
            if key != "training" and isinstance(value, (bool, int, float, str)):
                state[f"{name}.{key}" if name else key] = value
    return state


# --- running a module ---


def _run(module: Any, argument: Any, assembly: Assembly) -> Any:
    """The value module(argument) in evaluation mode; foreign exceptions become NetworkErrors that name the layer."""
    import torch

    places = nullcontext() if isinstance(module, torch.jit.ScriptModule) else _places(module, assembly)
    with _evaluation_mode(module), places, torch.no_grad():
        try:
            if isinstance(module, torch.jit.ScriptModule):
                return run_script(module, argument, assembly)
            return module(argument)
        except (LimitError, NumberError, NetworkError) as error:
            if str(error).startswith(assembly.place):
                raise
            raise type(error)(f"{assembly.place}: {error}") from None
        except (PolyreluError, OutOfTimeError):
            raise
        except Exception as error:
            raise NetworkError(f"{assembly.place}: the forward cannot be followed: {reason(error)}") from None


@contextmanager
def _evaluation_mode(module: Any) -> Iterator[None]:
    """A context in which the module is in evaluation mode. What the forward draws at random is drawn again later."""
    import torch

    with torch.random.fork_rng(devices=[]):
        if _is_exported(module):  # it has no modes: what it computes is fixed
            yield
        else:
            with _modes_kept(module):
                yield


@contextmanager
def _modes_kept(module: Any) -> Iterator[None]:
    modes = [(part, part.training) for part in module.modules() if hasattr(part, "training")]  # else frozen
    try:
        try:
            module.eval()
        except Exception as error:
            raise NetworkError(f"{type(module).__name__}: cannot be put in evaluation mode: {reason(error)}") from None
        yield
    finally:
        for part, training in modes:
            part.training = training


@contextmanager
def _places(module: Any, assembly: Assembly) -> Iterator[None]:
    """A context in which the assembly's place is the name of the submodule that runs, also after an exception."""
    before: list[str] = []
    handles = []

    def entering(place: str) -> Callable[..., None]:
        def enter(*_: Any) -> None:
            before.append(assembly.place)
            assembly.place = place

        return enter

    def leave(*_: Any) -> None:
        assembly.place = before.pop()

    for name, part in module.named_modules():
        place = f"layer {name!r} ({type(part).__name__})" if name else type(part).__name__
        handles.append(part.register_forward_pre_hook(entering(place), prepend=True))
        handles.append(part.register_forward_hook(leave))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _kind(value: Any) -> str:
    if isinstance(value, list | tuple | dict):
        return f"{len(value)} values in a {type(value).__name__}"
    return describe(value)
