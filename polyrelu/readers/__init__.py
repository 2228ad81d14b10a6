"""Readers: networks from files, by their suffix, and from models of other libraries.

A reader returns an exact `Network` or raises an error that states in one line why it cannot. Complexes are written and
read in `polyrelu.export`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from inspect import signature
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from polyrelu.errors import FileError, InputError
from polyrelu.exact.limits import read_flag
from polyrelu.exact.rational import describe
from polyrelu.files import checked_path
from polyrelu.network.network import Network
from polyrelu.phases import clock, log_phase
from polyrelu.readers import json
from polyrelu.readers.json import Document

if TYPE_CHECKING:
    from polyrelu.geometry.domain import Domain
    from polyrelu.network.slices import Slice
    from polyrelu.readers.restriction import Restriction

__all__ = ["Document", "from_onnx", "from_sklearn", "from_torch", "load", "read_document", "save"]


Arguments = ParamSpec("Arguments")
Read = TypeVar("Read", Network, Document)

_LOGGER = logging.getLogger(__name__)

STATE_DICTS = (".pt", ".pth", ".ckpt", ".safetensors")
"""Suffixes of state dicts, which contain weights and no activations."""


def _reported(read: Callable[Arguments, Read]) -> Callable[Arguments, Read]:
    """The same reader, which reports what it has read and from where."""
    first = next(iter(signature(read).parameters))

    @wraps(read)
    def reported(*arguments: Arguments.args, **options: Arguments.kwargs) -> Read:
        since = clock(_LOGGER)
        found = read(*arguments, **options)
        if since:
            source = arguments[0] if arguments else options[first]
            what = source if isinstance(source, (str, os.PathLike)) else type(source).__name__
            log_phase(_LOGGER, since, "reading", "%s, %r", what, getattr(found, "network", found))
        return found

    return reported


@_reported
def load(
    path: str | os.PathLike[str],
    *,
    output: str | None = None,
    activation: str | Sequence[str] | None = None,
    strip: bool = False,
    slice: Slice | None = None,
    domain: Domain | None = None,
) -> Network:
    """The network in a file, whose format is determined by its suffix.

    Parameters
    ----------
    path : str or path-like
        The file:

        - `.npz`: NumPy arrays, see `polyrelu.readers.numpy`; also those that affinitree exports
        - `.nnet`: the NNet format, see `polyrelu.readers.nnet`; the weights are taken as they are, without the
          normalisation
        - `.pt`, `.pth`, `.ckpt`, `.safetensors`: the state dict of a plain multilayer perceptron; needs `activation`
        - `.onnx`: an ONNX model, see `polyrelu.readers.onnx`
        - all others: JSON, see `polyrelu.readers.json`
    output : str, optional
        For `.onnx` the name of the tensor to read. The default is the only output of the model. Naming an intermediate
        tensor omits a final Softmax.
    activation : str or sequence of str, optional
        For state dicts the activation of all hidden layers, or one for each hidden layer: "relu", "leaky:0.3", "abs"
        or "identity"; see `from_torch`. The other formats specify their activations themselves: hidden neurons are
        ReLUs in `.nnet`, and in `.npz` and JSON unless slopes are given.
    strip : bool, optional
        Only for `.onnx`: whether the model ends with a sigmoid, softmax or log-softmax that is to be left out; see
        `from_onnx`.
    slice : Slice, optional
        The network on this slice alone, a function of its coordinates, as `Slice.restrict` has it. ONNX models are
        composed in the slice from the input on, so that convolutional networks are read whose matrices are too large;
        see `from_onnx`.
    domain : Domain, optional
        With a slice, a domain in its coordinates to which the network may be restricted; see `from_onnx`.

    Returns
    -------
    Network
        The network. `Network.assumptions` lists what the reader assumed that the file does not state.

    Raises
    ------
    FileError
        If the file cannot be read or is not of its format, or an argument does not apply to the format.
    NetworkError, NumberError
        If the content is not a network, or has an entry that is not a finite number.
    LimitError
        If the network is too large.
    MissingDependencyError
        If the format needs an optional package that is not installed.

    See Also
    --------
    save : Write a network to a file.

    Notes
    -----
    The message of an error about the file starts with its path. Files are not trusted: nothing in a file is executed,
    and no size that it declares is believed.

    Examples
    --------
    >>> import polyrelu as pr
    >>> pr.save(pr.Network([[["1/3", 2]]], [[0]]), "affine.json")
    >>> pr.load("affine.json").weights
    (((Fraction(1, 3), Fraction(2, 1)),),)
    """
    part = restriction_to(slice, domain)
    is_onnx = os.path.splitext(checked_path(path)[1])[1].lower() == ".onnx"
    if output is None and not read_flag(strip, "strip") and (part is None or activation is not None or not is_onnx):
        network = _document(path, activation).network
        return network if part is None else part.slice.restrict(network)
    from polyrelu.readers.onnx import read_onnx


    shown, _ = checked_path(path)
    if strip and _reader(path) is not read_onnx:
        raise FileError(f"{shown}: strip: only .onnx files contain a final sigmoid or softmax", shown)
    if activation is not None:
        raise FileError(f"{shown}: give output or activation, not both: no format uses both", shown)
    if _reader(path) is not read_onnx:
        given = describe(output)
        raise FileError(f"{shown}: output={given}: only the tensors of .onnx files are chosen by name", shown)
    return read_onnx(path, output, strip=strip, restriction=part)


@_reported
def read_document(path: str | os.PathLike[str], *, activation: str | Sequence[str] | None = None) -> Document:
    """The network in a file with its claims, name and note, which only JSON files have. Otherwise as `load`."""
    return _document(path, activation)


def _document(path: str | os.PathLike[str], activation: str | Sequence[str] | None) -> Document:
    if holds_weights_only(path):
        return Document(_state_dict_reader(path)(path, activation))
    if activation is not None:
        shown, _ = checked_path(path)
        raise FileError(
            f"{shown}: activation={describe(activation)}: files of this format contain the activations; only state "
            f"dicts ({', '.join(STATE_DICTS)}) do not",
            shown,
        )
    reader = _reader(path)
    return json.read_document(path) if reader is None else Document(reader(path))


def holds_weights_only(path: str | os.PathLike[str]) -> bool:
    """Whether a file is, by its suffix, a state dict, which does not contain its activations."""
    return os.path.splitext(checked_path(path)[1])[1].lower() in STATE_DICTS


def save(
    network: Network,
    path: str | os.PathLike[str],
    *,
    claims: dict[str, Any] | None = None,
    name: str | None = None,
    note: str | None = None,
) -> None:
    """Write a network to a file that `load` reads back as an equal network.

    Parameters
    ----------
    network : Network
        The network.
    path : str or path-like
        The file. With the suffix `.npz` it is an archive of NumPy arrays, which can hold only doubles; otherwise it is
        JSON, which holds every number exactly. It is replaced only when it is complete.
    claims : dict, optional
        Claims about the network that `verify_claims` can check, such as {"betti": [2, 1]}. Only for JSON.
    name, note : str, optional
        A name and a remark. Only for JSON.

    Raises
    ------
    FileError
        If the file cannot be written, the suffix is that of a format that is only read, a number is not a double in
        `.npz`, or claims, a name or a note are given for `.npz`.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # F(x) = |x|
    >>> pr.save(net, "absolute.npz")
    >>> pr.load("absolute.npz") == net
    True
    """
    shown, target = checked_path(path)
    suffix = os.path.splitext(target)[1].lower()
    if suffix == ".npz":
        if not (claims is None and name is None and note is None):
            raise FileError(f"{shown}: claims, name and note are kept in .json files only", shown)
        from polyrelu.readers.numpy import write_npz

        write_npz(path, network)
    elif _reader(path) is not None:
        raise FileError(f"{shown}: files of this kind are only read; expected .json or .npz", shown)
    else:
        json.write_document(path, network, claims=claims, name=name, note=note)


@_reported
def from_torch(
    module: Any,
    input_shape: int | Sequence[int] | None = None,
    *,
    activation: str | Sequence[str] | None = None,
    state_dict: Mapping[str, Any] | None = None,
    strip: bool = False,
    slice: Slice | None = None,
    domain: Domain | None = None,
) -> Network:
    """The network that a PyTorch module computes in evaluation mode, or that of a plain state dict.

    Parameters
    ----------
    module : torch.nn.Module, torch.export.ExportedProgram or mapping of str to tensor
        A module, also one of TorchScript (scripted or traced); an exported program, or the module that it returns; or
        the state dict of a plain multilayer perceptron.
    input_shape : int or sequence of int, optional
        The shape of one input without the batch axis, such as 2 or (3, 32, 32). The default is the width of a first
        Linear or BatchNorm layer or product with a constant matrix, before which only flattening, activations, dropout,
        and sums with and multiples by constants may come. A convolution does not determine it, and TorchScript does
        not state it; an exported program does.
    activation : str or sequence of str, optional
        For a state dict without a module, the activation of all hidden layers, or one for each, in a list or separated
        by commas: "relu", "leaky:SLOPE", "abs" or "identity". A decimal slope such as 0.3 becomes the nearest single
        (or double, if the tensors are doubles), as in LeakyReLU(0.3); a fraction such as 1/3 stays exact.
    state_dict : mapping of str to tensor, optional
        Tensors that replace those of the module. They must have the names and the shapes of the module's own, and are
        not converted to the type of the module. The module itself is not changed.
    strip : bool, optional
        Whether the model ends with a sigmoid, softmax or log-softmax that is to be left out. The network is then its
        argument, and `Network.assumptions` says so. Nothing is lost: the sigmoid is increasing and is 1/2 at 0, so that
        its level 1/2 is the level 0 of the network; a softmax keeps the order of its entries, and thus the greatest.
    slice : Slice, optional
        The network on this slice alone, a function of its coordinates: the module is composed in the slice from the
        input on. Its points are flattened inputs in C order. Values that are constant in the slice make no neurons, and
        equal ones make one.
    domain : Domain, optional
        With a slice, a domain in its coordinates. Neurons that are proved not to bend in a box that contains it are
        left out, so that large convolutional networks are read. The network is that of the model in this box alone,
        which `Network.assumptions` says.

    Returns
    -------
    Network
        The network from the flattened input to the flattened output, both in C order. `Network.assumptions` states what
        the reader assumed.

    Raises
    ------
    FileError
        If a state dict is not that of a plain perceptron, or `activation` is missing.
    InputError
        If the arguments do not go together.
    NetworkError
        If the module contains a function that is unknown or not piecewise linear, branches on values, or has an input
        of another shape; the message names the layer.
    NumberError
        If a weight is not finite.
    LimitError
        If a layer exceeds the limits of `polyrelu.readers.assembly`.
    MissingDependencyError
        If PyTorch is not installed.

    Notes
    -----
    The module is called with a batch of one. If copies of it, called in floats, have other outputs for a sample in a
    batch of two than for the sample alone, `Network.assumptions` says so.

    The reader supports Linear, Conv1d–3d, ConvTranspose1d–3d, BatchNorm1d–3d, AvgPool, MaxPool, adaptive pooling, ReLU,
    LeakyReLU, PReLU, RReLU, ReLU6, Hardtanh, Hardsigmoid, Softshrink, Upsample (nearest), PixelShuffle, Flatten,
    Identity, Dropout and padding. In a forward it also supports sums (residual connections), multiples, products with
    constants (matmul, einsum, tensordot, …), abs, clamp, maximum and minimum, max and min along an axis, means, sums up
    to a place (cumsum), and functions that only rearrange entries (reshape, transpose, indexing, cat, stack, …).

    A comparison jumps, but what is made of it may be continuous: x * (x > 0), torch.where(x > 0, x, 0.1 * x) and
    x.masked_fill(x < 0, 0) are read, as one neuron an entry. The values on both sides must be seen to be equal where
    the compared values are: a number plus multiples of their difference, or values that differ by a multiple.

    In evaluation mode dropout does nothing and batch normalisation uses its running statistics. The modes of the module
    are restored afterwards. If the module is in training mode and this makes a difference, or if its forward changes
    the module, `Network.assumptions` says so.

    Weights of every type (float64 to float8, and integers) are read exactly. Other numbers (slopes, bounds, ε) are read
    as PyTorch uses them: as singles, unless the parameters of the module are doubles. So the network is the function
    that the module would compute without rounding, with two exceptions: batch normalisation takes one double for each
    channel (see `Assembly.batch_norm`), and constants that the forward computes from other constants are taken as
    PyTorch computes them.

    Neurons whose values the forward discards remain in the network. They do not change the function, but they divide
    its regions.

    Examples
    --------
    >>> import polyrelu as pr
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    >>> pr.from_torch(model).architecture
    (2, 3, 1)
    >>> pr.from_torch(model.state_dict(), activation="relu") == pr.from_torch(model)
    True
    """
    from polyrelu.readers.torch.modules import from_torch as read

    part = restriction_to(slice, domain)
    return read(
        module, input_shape, activation=activation, state_dict=state_dict, strip=strip, restriction=part
    )


@_reported
def from_onnx(
    model: Any,
    output: str | None = None,
    *,
    strip: bool = False,
    slice: Slice | None = None,
    domain: Domain | None = None,
) -> Network:
    """The network that an ONNX model computes.

    Parameters
    ----------
    model : onnx.ModelProto
        The model. Tensors that are stored in other files must already be loaded, as `onnx.load` does.
    output : str, optional
        The name of the tensor to read. The default is the only output of the model. Naming an intermediate tensor omits
        a final Softmax or Sigmoid.
    strip : bool, optional
        Whether the model ends with a sigmoid, softmax or log-softmax that is to be left out. The network is then its
        argument, and `Network.assumptions` says so. Nothing is lost: the sigmoid is increasing and is 1/2 at 0, so that
        its level 1/2 is the level 0 of the network; a softmax keeps the order of its entries, and thus the greatest.
    slice : Slice, optional
        The network on this slice alone, a function of its coordinates: the model is composed in the slice from the
        input on. Its points are flattened inputs in C order. Values that are constant in the slice make no neurons, and
        equal ones make one.
    domain : Domain, optional
        With a slice, a domain in its coordinates. Neurons that are proved not to bend in a box that contains it are
        left out, so that large convolutional networks are read. The network is that of the model in this box alone,
        which `Network.assumptions` says.

    Returns
    -------
    Network
        The network from the flattened input to the flattened output, both in C order.

    Raises
    ------
    FileError
        If the model refers to data that do not fit or are not loaded.
    NetworkError
        If `model` is not a ModelProto, an operator is not supported, or shapes do not fit; the message names the node.
    NumberError
        If a tensor contains NaN or an infinity; the message names the tensor.
    LimitError
        If the network is too large.
    MissingDependencyError
        If onnx is not installed.

    Notes
    -----
    The text of the module `polyrelu.readers.onnx` states the supported operators and how batches are treated.

    Examples
    --------
    >>> import onnx, onnx.parser
    >>> import polyrelu as pr
    >>> model = onnx.parser.parse_model('''
    ...     <ir_version: 8, opset_import: ["" : 13]>
    ...     absolute (float[1, 1] x) => (float[1, 1] y) { y = Abs(x) }
    ... ''')
    >>> pr.from_onnx(model)([-3])
    Fraction(3, 1)
    """
    from polyrelu.readers.onnx import from_onnx as read

    return read(model, output, strip=strip, restriction=restriction_to(slice, domain))


@_reported
def from_sklearn(estimator: Any) -> Network:
    """The network of a fitted model of scikit-learn.

    Parameters
    ----------
    estimator : estimator of scikit-learn
        A fitted MLPClassifier or MLPRegressor with the hidden activation "relu" or "identity"; a linear model such as
        LogisticRegression, LinearSVC, SGDClassifier, LinearRegression and Ridge; a Pipeline that ends with one; or a
        fitted search for parameters such as GridSearchCV, which stands for its best estimator. Before the model a
        Pipeline may have StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler, PCA, SimpleImputer, and a
        ColumnTransformer of these.

    Returns
    -------
    Network
        The network. For a regressor its outputs are the predictions. For a classifier they are the arguments of the
        final, monotone function, or the values of its `decision_function`: a single one for two classes, positive where
        class 1 is predicted; one for each label of a perceptron with several labels; otherwise a score for each class
        in the order of `classes_`, of which the largest decides.

    Raises
    ------
    NetworkError
        If a step is of another type, not fitted, or has another activation; the message names the step.
    NumberError
        If a weight is not finite.
    MissingDependencyError
        If scikit-learn is not installed.

    Notes
    -----
    Scalers become part of the network: their stored parameters are taken exactly, and x ↦ (x − mean) / scale is
    composed with the first layer without rounding. Steps that are "passthrough" are skipped. A SimpleImputer does
    nothing, since the points of a network have no missing values, and PCA with `whiten=True` divides by roots, one
    double each; `Network.assumptions` says both.

    Examples
    --------
    >>> import polyrelu as pr
    >>> from sklearn.neural_network import MLPRegressor
    >>> model = MLPRegressor(hidden_layer_sizes=[3], max_iter=5000, random_state=0)
    >>> pr.from_sklearn(model.fit([[0], [1], [2], [3]], [0, 1, 2, 3])).architecture
    (1, 3, 1)
    """
    from polyrelu.readers.sklearn import from_sklearn as read

    return read(estimator)


def restriction_to(part: Slice | None, domain: Domain | None) -> Restriction | None:
    """The restriction to a slice and a domain in it; None for no slice. InputError for a domain without a slice."""
    if part is None:
        if domain is not None:
            raise InputError("domain: belongs to a slice; give it to the functions that examine the network")
        return None
    from polyrelu.readers.restriction import Restriction

    return Restriction(part, domain)


def _reader(path: str | os.PathLike[str]) -> Callable[[str | os.PathLike[str]], Network] | None:
    """The reader for the suffix of the path, or None for JSON."""
    suffix = os.path.splitext(checked_path(path)[1])[1].lower()
    if suffix == ".npz":
        from polyrelu.readers.numpy import read_npz

        return read_npz
    if suffix == ".nnet":
        from polyrelu.readers.nnet import read_nnet

        return read_nnet
    if suffix in STATE_DICTS:
        return _state_dict_reader(path)
    if suffix == ".onnx":
        from polyrelu.readers.onnx import read_onnx

        return read_onnx
    return None


def _state_dict_reader(path: str | os.PathLike[str]) -> Callable[..., Network]:
    """The reader of state dicts for the suffix of the path."""
    if os.path.splitext(checked_path(path)[1])[1].lower() == ".safetensors":
        from polyrelu.readers.torch.safetensors import read_safetensors

        return read_safetensors
    from polyrelu.readers.torch.files import read_state_dict

    return read_state_dict
