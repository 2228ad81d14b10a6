"""Keras and Flax: the weight lists of their models, in the order of axes that they have, against their own forwards."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from test_readers_assembly import values_of

import polyrelu as pr

RNG = np.random.default_rng(0)


def assert_agrees(network: pr.Network, forward: Any, shape: tuple[int, ...]) -> None:
    for _ in range(10):
        x = RNG.normal(size=shape).astype(np.float32)
        found = [float(y) for y in values_of(network, x.astype(float))]
        assert np.allclose(found, np.asarray(forward(x[None])).ravel(), rtol=1e-4, atol=1e-5)


@pytest.fixture
def keras(monkeypatch: pytest.MonkeyPatch) -> Any:
    pytest.importorskip("torch")
    monkeypatch.setitem(os.environ, "KERAS_BACKEND", "torch")
    return pytest.importorskip("keras")


def test_dense_kernels_of_keras_are_inputs_by_outputs(keras: Any) -> None:
    dense = keras.layers.Dense
    model = keras.Sequential([keras.Input((3,)), dense(5, activation="relu"), dense(4, activation="relu"), dense(2)])
    weights = [RNG.normal(size=w.shape).astype(np.float32) for w in model.get_weights()]
    model.set_weights(weights)
    network = pr.Network([w.T for w in weights[::2]], weights[1::2])
    assert network.architecture == (3, 5, 4, 2)
    assert_agrees(network, lambda x: model(x).detach().numpy(), (3,))


def test_convolution_kernels_of_keras_are_height_width_channels_filters(keras: Any) -> None:
    """Images are height × width × channels; in PyTorch channels come first, and in kernels filters before them."""
    import torch

    model = keras.Sequential([
        keras.Input((5, 4, 2)), keras.layers.Conv2D(3, (2, 3), activation="relu"), keras.layers.MaxPooling2D((2, 1)),
        keras.layers.Flatten(), keras.layers.Dense(2),
    ])  # fmt: skip
    kernel, bias, dense, last = weights = [RNG.normal(size=w.shape).astype(np.float32) for w in model.get_weights()]
    model.set_weights(weights)

    class Same(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            filters = torch.tensor(kernel.transpose(3, 2, 0, 1).copy())
            h = torch.relu(torch.nn.functional.conv2d(x.permute(0, 3, 1, 2), filters, torch.tensor(bias)))
            h = torch.nn.functional.max_pool2d(h, (2, 1)).permute(0, 2, 3, 1).flatten(1)
            return h @ torch.tensor(dense) + torch.tensor(last)

    assert_agrees(pr.from_torch(Same(), (5, 4, 2)), lambda x: model(x).detach().numpy(), (5, 4, 2))


def test_kernels_of_flax_are_inputs_by_outputs() -> None:
    linen, jax = pytest.importorskip("flax.linen"), pytest.importorskip("jax")

    class Perceptron(linen.Module):
        @linen.compact
        def __call__(self, x: Any) -> Any:
            hidden = linen.relu(linen.Dense(4)(x))
            return linen.Dense(2)(hidden)

    model = Perceptron()
    tree = model.init(jax.random.PRNGKey(0), np.zeros((1, 3)))
    tree = jax.tree.map(lambda w: RNG.normal(size=w.shape).astype(np.float32), tree)
    layers = [tree["params"][f"Dense_{k}"] for k in range(2)]
    network = pr.Network([np.asarray(p["kernel"]).T for p in layers], [np.asarray(p["bias"]) for p in layers])
    assert_agrees(network, lambda x: model.apply(tree, x), (3,))
