"""The network that a model under training is at this moment."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from polyrelu.errors import InputError
from polyrelu.exact.rational import describe
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice
from polyrelu.readers import sklearn
from polyrelu.readers.restriction import Restriction

Reader = Callable[[Any], Network]


def network_of(model: Any, part: Slice | None, read: Reader | None, remarks: bool) -> Network:
    """The network of a model, on a slice if one is given; the model is not changed.

    Without `remarks` no time is spent on what only `Network.assumptions` says. No library is imported here: a model of
    PyTorch or scikit-learn exists only where that has been imported.
    """
    if read is not None:
        network = read(model)
        if not isinstance(network, Network):
            raise InputError(f"read: expected a function that returns a Network, got {describe(network)} from it")
        return network if part is None else part.restrict(network)
    if isinstance(model, Network):
        return model if part is None else part.restrict(model)
    if _is_of_torch(model):
        from polyrelu.readers.torch.modules import from_torch

        return from_torch(model, restriction=None if part is None else Restriction(part), remarks=remarks)
    if (base := sys.modules.get("sklearn.base")) is not None and isinstance(model, base.BaseEstimator):
        network = sklearn.from_sklearn(model)
        return network if part is None else part.restrict(network)
    raise InputError(
        f"model: expected a Network, a module of PyTorch or an estimator of scikit-learn, got {describe(model)}; "
        "give read=, a function that makes a Network of it"
    )


def _is_of_torch(model: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and (isinstance(model, torch.nn.Module) or type(model).__name__ == "ExportedProgram")
