"""Perceptrons of scikit-learn: its own predictions, and its formulas in Fractions."""

from __future__ import annotations

import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from test_readers_assembly import values_of

from polyrelu.errors import MissingDependencyError, NetworkError, NumberError
from polyrelu.network.network import Network
from polyrelu.readers import from_sklearn
from support import exact_layers as by_definition

pytest.importorskip("sklearn")
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeRegressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3)) * [1, 10, 0.1] + [0, 5, -1]
LABELS = (X[:, 0] > 0).astype(int) + (X[:, 1] > 8)
OPTIONS: dict[str, Any] = {"hidden_layer_sizes": (6, 4), "max_iter": 40, "random_state": 0}

pytestmark = pytest.mark.filterwarnings("ignore")


def logits(model: Any, points: Any) -> Any:
    """What the classifier turns into probabilities, undone from its probabilities."""
    p = model.predict_proba(points)
    if model.n_outputs_ == 1:
        return np.log(p[:, 1] / p[:, 0])
    return np.log(p)


@pytest.mark.parametrize(
    "scaler", [None, StandardScaler(), MinMaxScaler((-1, 2)), MinMaxScaler(clip=True), MaxAbsScaler()]
)
@pytest.mark.parametrize("activation", ["relu", "identity"])
def test_regressors(scaler: Any, activation: str) -> None:
    model = MLPRegressor(activation=activation, **OPTIONS)
    if scaler is not None:
        model = make_pipeline("passthrough", scaler, model)
    model.fit(X[:40], X[:40, :2] ** 2)
    network = from_sklearn(model)
    found = [[float(y) for y in values_of(network, x)] for x in X]
    assert np.allclose(found, model.predict(X), rtol=1e-9, atol=1e-9)
    assert (network.depth > 0) == (activation == "relu" or (isinstance(scaler, MinMaxScaler) and scaler.clip))


def test_one_hidden_layer_keeps_its_weights() -> None:
    model = MLPRegressor(**OPTIONS).fit(X.astype(np.float32), X[:, 0].astype(np.float32))
    assert model.coefs_[0].dtype == np.float32
    assert from_sklearn(model) == Network([w.T for w in model.coefs_], model.intercepts_)


def test_binary_classifiers_give_the_logit() -> None:
    model = make_pipeline(StandardScaler(), MLPClassifier(**OPTIONS)).fit(X, LABELS > 0)
    network = from_sklearn(model)
    assert network.output_dim == 1
    found = [float(values_of(network, x)[0]) for x in X]
    assert np.allclose(found, logits(model[-1], model[:-1].transform(X)), atol=1e-6)
    assert [y > 0 for y in found] == model.predict(X).tolist()


def test_several_classes_give_scores() -> None:
    model = MLPClassifier(**OPTIONS).fit(X, LABELS)
    network = from_sklearn(model)
    found = np.array([[float(y) for y in values_of(network, x)] for x in X])
    expected = logits(model, X)
    differences = (found - found[:, :1]) - (expected - expected[:, :1])
    assert np.abs(differences).max() < 1e-6
    assert model.classes_[found.argmax(axis=1)].tolist() == model.predict(X).tolist()


def test_several_labels_give_a_logit_each() -> None:
    model = MLPClassifier(**OPTIONS).fit(X, np.stack([LABELS > 0, LABELS > 1], axis=1).astype(int))
    network = from_sklearn(model)
    found = [[int(y > 0) for y in values_of(network, x)] for x in X]
    assert found == model.predict(X).tolist()


@pytest.mark.parametrize("flags", [{}, {"with_mean": False}, {"with_std": False}])
def test_scaling_is_exact(flags: dict[str, bool]) -> None:
    model = make_pipeline(StandardScaler(**flags), MLPRegressor(**OPTIONS)).fit(X, X[:, 0])
    scaler, perceptron = model[0], model[1]
    network = from_sklearn(model)
    for point in X[:5]:
        x = by_definition.exact(point)
        if scaler.with_mean:
            x = x - by_definition.exact(scaler.mean_)
        if scaler.with_std:
            x = x / by_definition.exact(scaler.scale_)
        for k, (weight, bias) in enumerate(zip(perceptron.coefs_, perceptron.intercepts_, strict=True)):
            x = by_definition.linear(x if k == 0 else by_definition.leaky(x), weight.T, bias)
        assert values_of(network, by_definition.exact(point)) == x.tolist()
        assert all(isinstance(y, Fraction) for y in x)


LINEAR = {
    "logistic": (LogisticRegression(), LABELS),
    "logistic of two": (LogisticRegression(fit_intercept=False), LABELS > 0),
    "support vectors": (LinearSVC(), LABELS),
    "ridge classifier": (RidgeClassifier(), LABELS > 0),
    "regression": (LinearRegression(), X[:, 0] ** 2),
    "regression of two": (Ridge(fit_intercept=False), X[:, :2] ** 2),
}


@pytest.mark.parametrize("name", LINEAR)
def test_linear_models(name: str) -> None:
    model, target = LINEAR[name]
    model = make_pipeline(RobustScaler(), model).fit(X, target)
    network = from_sklearn(model)
    found = np.array([[float(y) for y in values_of(network, x)] for x in X])
    values = model.decision_function(X) if hasattr(model, "decision_function") else model.predict(X)
    assert np.allclose(found, values.reshape(found.shape), rtol=1e-9, atol=1e-9)
    assert network.depth == 0


STEPS = {
    "robust": RobustScaler(quantile_range=(10, 90)),
    "robust without a center": RobustScaler(with_centering=False),
    "robust without a scale": RobustScaler(with_scaling=False),
    "principal components": PCA(2),
    "whitened": PCA(whiten=True),
    "imputer": SimpleImputer(),
    "columns": ColumnTransformer([
        ("a", make_pipeline(StandardScaler(), PCA(1)), [0, 2]), ("b", "passthrough", slice(1, 2)),
        ("c", "drop", [0]), ("d", MinMaxScaler(clip=True), [True, False, False]),
    ], transformer_weights={"a": 0.5}),
    "the remaining columns": ColumnTransformer([("a", StandardScaler(), [-1])], remainder="passthrough"),
    "the remaining columns scaled": ColumnTransformer([("a", "passthrough", [1])], remainder=RobustScaler()),
    "steps in steps": make_pipeline(
        SimpleImputer(strategy="constant", fill_value=0), make_pipeline(PCA(2), MaxAbsScaler()),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_steps(name: str) -> None:
    model = make_pipeline(STEPS[name], MLPRegressor(**OPTIONS)).fit(X[:40], X[:40, 0])
    network = from_sklearn(model)
    found = [float(values_of(network, x)[0]) for x in X]
    assert np.allclose(found, model.predict(X), rtol=1e-9, atol=1e-9)
    said = {"whitened": "roots", "imputer": "imputed", "steps in steps": "imputed"}
    assert (said[name] in network.assumptions[0]) if name in said else not network.assumptions


def test_columns_by_their_names() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    columns = ColumnTransformer([("s", StandardScaler(), ["c", "a"])], remainder="passthrough")
    model = make_pipeline(columns, LinearRegression()).fit(frame, X[:, 0])
    found = [float(values_of(from_sklearn(model), x)[0]) for x in X]
    assert np.allclose(found, model.predict(frame), rtol=1e-9, atol=1e-9)


def test_a_search_stands_for_its_best_estimator() -> None:
    pipeline = make_pipeline(StandardScaler(), MLPRegressor(**OPTIONS))
    search = GridSearchCV(pipeline, {"mlpregressor__hidden_layer_sizes": [(2,), (3,)]}, cv=2)
    with pytest.raises(NetworkError, match="GridSearchCV is not fitted"):
        from_sklearn(search)
    search.fit(X, X[:, 0])
    assert from_sklearn(search) == from_sklearn(search.best_estimator_)
    assert from_sklearn(make_pipeline(search)) == from_sklearn(search.best_estimator_)


def fitted(model: Any) -> Any:
    return model.fit(X, X[:, 0])


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: MLPRegressor(), "MLPRegressor is not fitted"),
    (lambda: make_pipeline(StandardScaler(), MLPRegressor()), "step 'standardscaler': StandardScaler is not fitted"),
    (lambda: fitted(MLPRegressor(activation="tanh", **OPTIONS)), "'tanh' is not piecewise linear"),
    (lambda: fitted(StandardScaler()), "StandardScaler: is not read; expected an MLPClassifier or MLPRegressor"),
    (lambda: fitted(make_pipeline(PolynomialFeatures(), MLPRegressor(**OPTIONS))), "step 'polynomialfeatures': Poly"),
    (lambda: make_pipeline(MLPRegressor(**OPTIONS), FunctionTransformer()), "is not fitted"),
    (lambda: fitted(make_pipeline(FunctionTransformer(np.tanh), LinearRegression())), "a function of its own"),
    (lambda: fitted(make_pipeline(SimpleImputer(missing_values=0), LinearRegression())), "replaces the number 0"),
    (lambda: fitted(DecisionTreeRegressor()), "DecisionTreeRegressor: is not read; expected an MLPC"),
    (lambda: 3, "int is not fitted, or not an estimator"),
    (lambda: None, "None is not fitted"),
]


@pytest.mark.parametrize("k", range(len(REFUSED)))
def test_refuses(k: int) -> None:
    make, text = REFUSED[k]
    model = make()
    with pytest.raises(NetworkError, match=text) as caught:
        from_sklearn(model)
    assert "\n" not in str(caught.value)


def test_refuses_a_scaler_that_divides_by_zero() -> None:
    model = fitted(make_pipeline(StandardScaler(), MLPRegressor(**OPTIONS)))
    model[0].scale_[1] = 0
    with pytest.raises(NetworkError, match="step 'standardscaler': StandardScaler: divides by zero"):
        from_sklearn(model)


def test_refuses_weights_that_are_not_finite() -> None:
    model = MLPRegressor(**OPTIONS).fit(X, X[:, 0])
    model.coefs_[1][0, 0] = np.nan
    with pytest.raises(NumberError, match="MLPRegressor, layer 2, weight, entry 1: nan"):
        from_sklearn(model)


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.pipeline", None)
    with pytest.raises(MissingDependencyError, match=r"polyrelu\[sklearn\]") as caught:
        from_sklearn(MLPRegressor())
    assert caught.value.extra == "sklearn"
