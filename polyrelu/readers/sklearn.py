"""Models of scikit-learn: multilayer perceptrons and linear models, after steps that are affine."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from polyrelu.errors import MissingDependencyError, NetworkError
from polyrelu.exact.rational import describe
from polyrelu.network.network import Network
from polyrelu.readers.assembly import Assembly
from polyrelu.readers.signals import Signal

SEARCHES = ("GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV")
"""Searches for parameters, which stand for their best estimator."""


def from_sklearn(estimator: Any) -> Network:
    """The network of a fitted model of scikit-learn; see `polyrelu.from_sklearn`."""
    try:
        import sklearn.pipeline  # noqa: F401
    except ImportError:
        raise MissingDependencyError(
            "reading it needs scikit-learn: pip install 'polyrelu[sklearn]'", "sklearn"
        ) from None
    steps = _steps("", estimator)
    if not steps:
        raise NetworkError("the pipeline has no steps")
    for place, step in steps:
        if not hasattr(step, "n_features_in_"):
            raise NetworkError(f"{place}{_named(step)} is not fitted, or not an estimator")
    assembly = Assembly(int(steps[0][1].n_features_in_))
    signal = assembly.input
    for place, step in steps[:-1]:
        assembly.place = f"{place}{_named(step)}"
        signal = _transformed(assembly, signal, step)
    place, step = steps[-1]
    assembly.place = f"{place}{_named(step)}"
    return assembly.finish(_predicted(assembly, signal, step))


def _steps(place: str, estimator: Any) -> list[tuple[str, Any]]:
    """The steps of a pipeline, those of pipelines in it too, and the best estimator in place of a search for it."""
    from sklearn.pipeline import Pipeline

    if type(estimator).__name__ in SEARCHES:
        if not hasattr(estimator, "best_estimator_"):
            raise NetworkError(f"{place}{_named(estimator)} is not fitted, or was fitted with refit=False")
        return _steps(place, estimator.best_estimator_)
    if not isinstance(estimator, Pipeline):
        return [(place, estimator)]
    found: list[tuple[str, Any]] = []
    for name, step in estimator.steps:
        if step is not None and not (isinstance(step, str) and step == "passthrough"):
            found.extend(_steps(f"step {name!r}: ", step))
    return found


# --- the last step ---


def _predicted(assembly: Assembly, signal: Signal, model: Any) -> Signal:
    """What a regressor predicts, or the scores by which a classifier decides."""
    from sklearn.linear_model._base import LinearClassifierMixin, LinearModel
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    if isinstance(model, MLPClassifier | MLPRegressor):
        return _perceptron(assembly, signal, model)
    if isinstance(model, LinearClassifierMixin | LinearModel):
        if not hasattr(model, "coef_"):
            raise NetworkError(f"{assembly.place}: is not fitted")
        weight = np.asarray(model.coef_.toarray() if hasattr(model.coef_, "toarray") else model.coef_)
        bias = np.broadcast_to(np.asarray(model.intercept_), (1 if weight.ndim == 1 else len(weight),))
        return assembly.affine(signal, np.atleast_2d(weight), bias)
    raise NetworkError(
        f"{assembly.place}: is not read; expected an MLPClassifier or MLPRegressor, or a linear model such as "
        "LogisticRegression, LinearSVC or LinearRegression"
    )


def _perceptron(assembly: Assembly, signal: Signal, model: Any) -> Signal:
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


# --- the steps before it ---


def _transformed(assembly: Assembly, signal: Signal, step: Any) -> Signal:
    """The output of a step for the signal."""
    read = TRANSFORMERS.get(type(step).__name__)
    if read is None or not type(step).__module__.startswith("sklearn."):
        raise NetworkError(f"{assembly.place}: is not read; expected one of {', '.join(TRANSFORMERS)}")
    width = int(getattr(step, "n_features_in_", signal.size))
    if signal.shape != (width,):
        raise NetworkError(f"{assembly.place}: takes {width} features, but {signal.size} come before it")
    return read(assembly, signal, step)


def _min_max(assembly: Assembly, signal: Signal, scaler: Any) -> Signal:
    signal = assembly.scale(signal, scaler.scale_, scaler.min_)
    return assembly.clip(signal, *scaler.feature_range) if scaler.clip else signal


def _standard(assembly: Assembly, signal: Signal, scaler: Any) -> Signal:
    mean, scale = (scaler.mean_ if scaler.with_mean else None), (scaler.scale_ if scaler.with_std else None)
    return _shifted(assembly, signal, mean, scale)


def _max_abs(assembly: Assembly, signal: Signal, scaler: Any) -> Signal:
    if getattr(scaler, "clip", False):
        raise NetworkError(f"{assembly.place}: with clip=True it is not read")
    return _shifted(assembly, signal, None, scaler.scale_)


def _robust(assembly: Assembly, signal: Signal, scaler: Any) -> Signal:
    center = scaler.center_ if scaler.with_centering else None
    return _shifted(assembly, signal, center, scaler.scale_ if scaler.with_scaling else None)


def _principal_components(assembly: Assembly, signal: Signal, step: Any) -> Signal:
    """The components times x − mean, each divided by the root of its variance if whitened: one double each."""
    signal = assembly.affine(_shifted(assembly, signal, step.mean_, None), step.components_)
    if not step.whiten:
        return signal
    scale = np.sqrt(np.asarray(step.explained_variance_))
    least = np.finfo(scale.dtype).eps
    assembly.assume("the whitening of principal components divides by roots as scikit-learn rounds them")
    return _shifted(assembly, signal, None, np.where(scale < least, least, scale))


def _imputer(assembly: Assembly, signal: Signal, step: Any) -> Signal:
    """The features themselves: points of a network have no missing values."""
    if getattr(step, "indicator_", None) is not None:
        raise NetworkError(f"{assembly.place}: with add_indicator=True it is not read")
    missing = step.missing_values
    if isinstance(missing, int | float) and not math.isnan(missing):
        raise NetworkError(f"{assembly.place}: replaces the number {missing}, which is not continuous")
    kept = np.arange(signal.size)
    if not getattr(step, "keep_empty_features", False) and step.strategy != "constant":
        empty = [isinstance(x, float) and math.isnan(x) for x in np.asarray(step.statistics_, dtype=object).tolist()]
        kept = kept[~np.asarray(empty, dtype=bool)]
    assembly.assume("no value of the input is missing, so that nothing is imputed")
    return signal.select(kept)


def _columns(assembly: Assembly, signal: Signal, step: Any) -> Signal:
    """The outputs of the transformers of chosen columns, one after another."""
    place = assembly.place
    parts = []
    for name, transformer, columns in step.transformers_:
        if isinstance(transformer, str) and transformer == "drop":
            continue
        chosen = signal.select(_chosen(assembly, step, columns))
        if not chosen.size:
            continue
        assembly.place = f"{place}, {name!r}"
        if not (isinstance(transformer, str) and transformer == "passthrough"):
            for inner, part in _steps(f"{assembly.place}, ", transformer):
                assembly.place = f"{inner}{_named(part)}"
                chosen = _transformed(assembly, chosen, part)
        parts.append(assembly.scale(chosen, assembly.exact((step.transformer_weights or {}).get(name, 1), "weight")))
        assembly.place = place
    if not parts:
        raise NetworkError(f"{place}: has no output")
    return assembly.concat(parts)


def _chosen(assembly: Assembly, step: Any, columns: Any) -> Sequence[int]:
    """The positions of the columns of a transformer: positions, a slice, a mask or names."""
    width = int(step.n_features_in_)
    names = getattr(step, "feature_names_in_", None)
    positions = {} if names is None else {str(name): k for k, name in enumerate(names)}
    listed = columns.tolist() if isinstance(columns, np.ndarray) else columns
    if isinstance(listed, slice) and all(x is None or isinstance(x, int) for x in (listed.start, listed.stop)):
        return list(range(width))[listed]
    items = listed if isinstance(listed, list | tuple) else [listed]
    if len(items) == width and all(isinstance(x, bool) for x in items):
        return [k for k, x in enumerate(items) if x]
    found = [positions.get(x) if isinstance(x, str) else x for x in items]
    if not all(isinstance(x, int) and not isinstance(x, bool) and -width <= x < width for x in found):
        raise NetworkError(f"{assembly.place}: the columns {describe(columns)} are not among its {width} features")
    return [int(x) % width for x in found if x is not None]


def _function(assembly: Assembly, signal: Signal, step: Any) -> Signal:
    """The features themselves, which is what columns that are passed through have for a transformer."""
    if step.func is not None:
        raise NetworkError(f"{assembly.place}: has a function of its own, which is not read")
    return signal


TRANSFORMERS: dict[str, Callable[[Assembly, Signal, Any], Signal]] = {
    "StandardScaler": _standard,
    "MinMaxScaler": _min_max,
    "MaxAbsScaler": _max_abs,
    "RobustScaler": _robust,
    "PCA": _principal_components,
    "SimpleImputer": _imputer,
    "ColumnTransformer": _columns,
    "FunctionTransformer": _function,
}
"""Steps that are read, by the names of their types."""


def _shifted(assembly: Assembly, signal: Signal, center: Any, scale: Any) -> Signal:
    """(x − center) / scale; None is no center, and no scale."""
    if center is not None:
        signal = assembly.subtract(signal, assembly.constant(center))
    if scale is None:
        return signal
    divisors = assembly.exact_array(scale, "scale")
    if not divisors.all():
        raise NetworkError(f"{assembly.place}: divides by zero (scale_ holds a 0)")
    return assembly.scale(signal, np.asarray(Fraction(1) / divisors, dtype=object))


def _named(value: Any) -> str:
    return describe(value) if isinstance(value, str) or value is None else type(value).__name__
