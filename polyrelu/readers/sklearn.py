"""Multilayer perceptrons of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyrelu.errors import MissingDependencyError, NetworkError
from polyrelu.exact.rational import describe
from polyrelu.network.network import Network
from polyrelu.readers.assembly import Assembly
from polyrelu.readers.signals import Signal

SCALERS = ("StandardScaler", "MinMaxScaler", "MaxAbsScaler")


def from_sklearn(estimator: Any) -> Network:
    """The network of a fitted perceptron of scikit-learn; see `polyrelu.from_sklearn`."""
    try:
        from sklearn.pipeline import Pipeline
    except ImportError:
        raise MissingDependencyError(
            "reading it needs scikit-learn: pip install 'polyrelu[sklearn]'", "sklearn"
        ) from None
    steps: list[tuple[str, Any]] = [("", estimator)]
    if isinstance(estimator, Pipeline):
        steps = [(f"step {name!r}: ", step) for name, step in estimator.steps if step not in (None, "passthrough")]
    if not steps:
        raise NetworkError("the pipeline has no steps")
    for name, step in steps:
        if not hasattr(step, "n_features_in_"):
            raise NetworkError(f"{name}{_named(step)} is not fitted, or not an estimator")
    assembly = Assembly(int(steps[0][1].n_features_in_))
    signal = assembly.input
    for name, step in steps[:-1]:
        assembly.place = f"{name}{type(step).__name__}"
        signal = _scaled(assembly, signal, step)
    name, step = steps[-1]
    assembly.place = f"{name}{_named(step)}"
    return assembly.finish(_perceptron(assembly, signal, step))


def _perceptron(assembly: Assembly, signal: Signal, model: Any) -> Signal:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    if not isinstance(model, MLPClassifier | MLPRegressor):
        raise NetworkError(f"{assembly.place}: expected an MLPClassifier or MLPRegressor")
    if not hasattr(model, "coefs_"):
        raise NetworkError(f"{assembly.place}: is not fitted")
    if model.activation not in ("relu", "identity"):
        raise NetworkError(
            f"{assembly.place}: the activation {model.activation!r} is not piecewise linear;"
            " expected 'relu' or 'identity'"
        )
    if model.out_activation_ not in ("identity", "logistic", "softmax"):
        raise NetworkError(f"{assembly.place}: the output activation {model.out_activation_!r} is not known")
    place = assembly.place
    for k, (weight, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True), 1):
        assembly.place = f"{place}, layer {k}"
        signal = assembly.affine(signal, np.asarray(weight).T, bias)
        if k < len(model.coefs_) and model.activation == "relu":
            signal = assembly.activation(signal)
    return signal


def _scaled(assembly: Assembly, signal: Signal, scaler: Any) -> Signal:
    """The output of a scaler for the signal."""
    from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, StandardScaler

    if isinstance(scaler, MinMaxScaler):
        signal = assembly.scale(signal, scaler.scale_, scaler.min_)
        if scaler.clip:
            low, high = scaler.feature_range
            signal = assembly.clip(signal, low, high)
        return signal
    if isinstance(scaler, StandardScaler):
        mean = scaler.mean_ if scaler.with_mean else None
        scale = scaler.scale_ if scaler.with_std else None
    elif isinstance(scaler, MaxAbsScaler):
        mean, scale = None, scaler.scale_
        if getattr(scaler, "clip", False):
            raise NetworkError(f"{assembly.place}: with clip=True it is not read")
    else:
        raise NetworkError(f"{assembly.place}: is not read; expected one of {', '.join(SCALERS)}")
    if mean is not None:
        signal = assembly.subtract(signal, assembly.constant(mean))
    if scale is not None:
        divisors = assembly.exact_array(scale, "scale")
        if not divisors.all():
            raise NetworkError(f"{assembly.place}: divides by zero (scale_ holds a 0)")
        signal = assembly.scale(signal, 1 / divisors)
    return signal


def _named(value: Any) -> str:
    return describe(value) if isinstance(value, str) or value is None else type(value).__name__
