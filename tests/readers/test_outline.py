"""Outlines of models: what they refuse, the exact composition refuses, and they are no more than it in size."""

from __future__ import annotations

import time
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.errors import LimitError, NetworkError
from polyrelu.exact.memory import budget
from polyrelu.readers import assembly as assemblies
from polyrelu.readers.assembly import Assembly
from polyrelu.readers.balls import Balls, rounded
from polyrelu.readers.outline import Outline, RefusalError, look
from polyrelu.readers.restriction import Restriction
from polyrelu.readers.signals import Signal
from polyrelu.readers.windows import average_pool, convolve, convolve_transposed, max_pool


def exact(x: float) -> Fraction:
    return Fraction(x)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_balls_hold_the_values(seed: int) -> None:
    """After every operation the exact values lie in the balls, and what is certain is true."""
    own = Random(seed)
    scale = own.choice([Fraction(1), Fraction(10**150), Fraction(1, 10**160), Fraction(1, 10**310)])

    def number() -> Fraction:
        return scale * Fraction(own.randint(-9, 9), own.randint(1, 9))

    def numbers(n: int) -> list[Fraction]:
        return [number() for _ in range(n)]

    def doubles(values: Any) -> Any:
        return np.array([[float(x) for x in row] for row in values])

    values = [numbers(4) for _ in range(3)]  # three points, four functions
    balls = rounded(doubles(values))
    for _ in range(4):
        kind, n = own.choice(["scaled", "sums", "products", "activated", "plus"]), len(values[0])
        if kind == "scaled":
            f, o = numbers(n), numbers(n)
            values = [[a * x + b for a, x, b in zip(f, row, o, strict=True)] for row in values]
            balls = balls.scaled(*doubles([f, o]))
        elif kind == "sums":
            places = np.array([[own.randint(-1, n - 1) for _ in range(3)] for _ in range(5)])
            weights = [numbers(3) for _ in range(5)]
            values = [
                [sum(c * [*row, 0][j] for c, j in zip(w, p, strict=True)) for w, p in zip(weights, places, strict=True)]
                for row in values
            ]
            balls = balls.sums(places, doubles(weights))
        elif kind == "products":
            windows = np.array([own.randint(-1, n - 1) for _ in range(2 * 2 * 1 * 3)]).reshape(1, 2, 2, 3)
            filters, offsets = [[numbers(3) for _ in range(2)] for _ in range(2)], numbers(4)
            order = [(g, m, p) for g in range(2) for m in range(2) for p in range(2)]
            rows = [[*row, 0] for row in values]
            values = [
                [sum(c * row[j] for c, j in zip(filters[g][m], windows[0, g, p], strict=True)) for g, m, p in order]
                for row in rows
            ]
            values = [[x + offsets[2 * g + m] for x, (g, m, _) in zip(row, order, strict=True)] for row in values]
            balls = balls.products(windows, np.array([doubles(f) for f in filters]), doubles([offsets])[0])
        elif kind == "activated":
            kinds = [Fraction(0), Fraction(1), Fraction(-1), Fraction(1, 3), Fraction(5, 2)]
            slopes = [own.choice(kinds) for _ in range(n)]
            values = [[x if x > 0 else s * x for x, s in zip(row, slopes, strict=True)] for row in values]
            balls = balls.activated(doubles([slopes])[0])
        else:
            factor = number()
            values = [[x + factor * y for x, y in zip(row, row[::-1], strict=True)] for row in values]
            balls = balls.plus(balls.select(np.arange(n)[::-1]), float(factor))
        low, high = balls.bounds()
        for k, row in enumerate(values):
            for i, x in enumerate(row):
                assert low[k, i] == -np.inf or exact(low[k, i]) <= x
                assert high[k, i] == np.inf or x <= exact(high[k, i])
        columns = list(zip(*values, strict=True))
        for column, varies, changes in zip(columns, balls.varying(), balls.changing(), strict=True):
            assert not varies or len(set(column)) > 1
            assert not changes or min(column) < 0 < max(column)
        assert balls.distinct() <= len(set(columns))


def test_what_is_seen_of_balls() -> None:
    """Nearly all that is true is seen where doubles tell it, and nothing where they do not."""
    values = np.array([[1.0, 1.0, 2.0, -3.0, 0.0], [1.0, 2.0, 2.0, 5.0, 0.0]])
    balls = rounded(values)
    assert balls.varying().tolist() == [False, True, False, True, False]
    assert balls.changing().tolist() == [False, False, False, True, False]
    assert balls.distinct() == 4
    beyond = balls.scaled(np.full(5, 1e308), np.zeros(5)).plus(balls, 1e308)
    assert not beyond.changing()[[3]].any() and not beyond.scaled(np.zeros(5), np.ones(5)).varying()[3]
    near = Balls(np.array([[1.0, 1.0 + 2**-50]]), np.full((1, 2), 2.0**-49))
    assert near.distinct() == 1


def composed(assembly: Assembly, seed: int) -> Signal:
    """A network of random operations on an image of 6 × 6 with two channels."""
    own, rng = Random(seed), np.random.default_rng(seed)

    def numbers(*shape: int) -> Any:
        return rng.integers(-4, 5, shape) / 4

    x = assembly.input
    for _ in range(own.randint(2, 5)):
        channels = x.shape[1]
        kind = own.choice(["conv", "transposed", "max", "mean", "residual", "norm", "concat", "clip", "abs"])
        if kind == "conv":
            x = convolve(assembly, x, numbers(3, channels, 2, 2), numbers(3), padding=[(1, 0), (0, 1)])
            x = assembly.activation(x, own.choice([0, Fraction(1, 3), 1, 2]))
        elif kind == "transposed":
            x = convolve_transposed(assembly, x, numbers(channels, 2, 2, 2), numbers(2))
        elif kind == "max" and min(x.shape[2:]) > 1:
            x = max_pool(assembly, x, (2, 2), (1, 1))
        elif kind == "mean" and min(x.shape[2:]) > 1:
            x = average_pool(assembly, x, (2, 2), (1, 1))
        elif kind == "residual":
            y = convolve(assembly, x, numbers(channels, channels, 1, 1), numbers(channels))
            x = assembly.add(x, assembly.activation(y, own.choice([0, Fraction(1, 2)])), own.choice([1, -1, "1/3"]))
        elif kind == "norm":
            mean, weight = numbers(channels), numbers(channels)
            x = assembly.batch_norm(x, 1, mean, [1 + k for k in range(channels)], 1e-5, weight, mean)
        elif kind == "concat":
            x = assembly.concat([x, assembly.activation(x), assembly.constant(numbers(1, 1, *x.shape[2:]))], 1)
        elif kind == "clip":
            x = assembly.clip(x, -1, own.choice([None, 1]))
        elif kind == "abs":
            x = assembly.activation(x, -1)
    flat = assembly.reshape(x, (-1,))
    return assembly.affine(assembly.activation(assembly.affine(flat, numbers(5, flat.size), numbers(5))), numbers(2, 5))


def restriction(seed: int) -> Restriction | None:
    rng, m = np.random.default_rng(seed), 1 + seed % 3
    part = pr.Slice((rng.integers(-8, 9, (m + 1, 72)) / 8).tolist())
    kind = seed % 4
    return None if kind == 0 else Restriction(part, pr.Domain.box([0] * m, [1] * m) if kind > 1 else None)


SHAPE = (1, 2, 6, 6)


@pytest.mark.parametrize("seed", range(8))
def test_an_outline_is_no_more_than_the_network(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers, widths, steps and shape; so under each limit, what the outline refuses the assembly refuses."""
    whole = Assembly(SHAPE, 1, restriction(seed))
    output = composed(whole, seed)
    network = whole.finish(output)
    outline = Outline(SHAPE, 1, restriction(seed))
    seen = composed(outline, seed)
    assert seen.shape == output.shape and seen.layer in (-1, output.layer)
    widths = network.architecture[1:-1]
    assert all(few <= many for few, many in zip(outline.widths, widths, strict=False))
    assert len(outline.widths) <= len(widths)
    assert outline.steps <= whole.steps
    own = Random(seed)
    refused = 0
    for _ in range(6):
        name = own.choice(["MAX_ENTRIES", "MAX_TOTAL", "MAX_OPERATIONS"])
        bound = {"MAX_ENTRIES": 4000, "MAX_TOTAL": whole.steps, "MAX_OPERATIONS": 4000}[name]
        with monkeypatch.context() as patch:
            patch.setattr(assemblies, name, own.randint(bound // 8, bound))
            try:
                look(lambda outline: composed(outline, seed), SHAPE, 1, restriction(seed))
            except RefusalError as refusal:
                assert isinstance(refusal.error, LimitError)
                refused += 1
                with pytest.raises(LimitError):
                    again = Assembly(SHAPE, 1, restriction(seed))
                    again.finish(composed(again, seed))
    if seed % 4 == 0:
        assert refused


def test_the_memory_of_outlines_is_no_reason_to_refuse_a_model() -> None:
    """A budget that is enough for the network is so after many outlines too."""
    weight = np.random.default_rng(0).standard_normal((20, 20)).tolist()

    def made(assembly: Assembly) -> Signal:
        return assembly.affine(assembly.activation(assembly.affine(assembly.input, weight)), weight)

    part = Restriction(pr.Slice([[0] * 20, [1] * 20]))
    with budget(120_000):  # 800 weights take 100_000
        for where in (None, part, part):
            look(made, 20, 1, where)
        made(Assembly(20))
    with pytest.raises(LimitError, match="120000 bytes"), budget(120_000):
        for _ in range(2):
            made(Assembly(20))

    def too_large(outline: Outline) -> Signal:
        raise MemoryError

    look(too_large, 20, 1, part)


# --- models ---


def image_model(kind: str) -> Any:
    """A convolutional ONNX model for images of 3 × 32 × 32, refused for one of its last nodes."""
    pytest.importorskip("onnx")
    from support.onnx_models import model, node

    rng = np.random.default_rng(0)

    def numbers(*shape: int) -> Any:
        return rng.standard_normal(shape).astype(np.float32) / 8

    constants = {
        "k": numbers(16, 3, 3, 3), "l": numbers(16, 16, 3, 3), "m": numbers(32, 16, 3, 3), "w": numbers(6272, 100),
        "shape": np.array([7, 7]),
    }  # fmt: skip
    nodes = [
        node("Conv", "x", "k", out="a", pads=[1, 1, 1, 1], strides=[2, 2]), node("Relu", "a", out="b"),
        node("Conv", "b", "l", out="c", pads=[1, 1, 1, 1], strides=[2, 2]), node("Relu", "c", out="d"),
        node("Conv", "d", "m", out="e", pads=[1, 1, 1, 1], strides=[2, 2] if kind != "large" else [1, 1]),
        node("Relu", "e", out="f"),
    ]  # fmt: skip
    if kind == "large":  # 2048 neurons after 1024, then 8192 after 2048
        constants["n"] = numbers(128, 32, 3, 3)
        nodes += [node("Conv", "f", "n", out="g", pads=[1, 1, 1, 1]), node("Relu", "g", out="h"), node("Flatten", "h")]
    elif kind == "shape":
        nodes += [node("Flatten", "f", out="g"), node("MatMul", "g", "w")]
    elif kind == "reshape":
        nodes += [node("Reshape", "f", "shape")]
    elif kind == "attribute":
        nodes += [node("MaxPool", "f", kernel_shape=[2, 2], auto_pad="SAME")]
    return model(nodes, (1, 3, 32, 32), constants)


REFUSED = {
    "large": (LimitError, r"node 8 \(Relu\): at least 16\d{6} weights in hidden layer 4, more than the 10000000"),
    "shape": (NetworkError, r"node 8 \(MatMul\): shapes 1 × 512 and 6272 × 100 have no product"),
    "reshape": (NetworkError, r"node 7 \(Reshape\): .*cannot be reshaped|node 7 \(Reshape\)"),
    "attribute": (NetworkError, r"node 7 \(MaxPool\): there is no auto_pad 'SAME'"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refusals_come_early_and_are_those_of_the_composition(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, (error, message) = image_model(kind), REFUSED[kind]
    rng = np.random.default_rng(1)
    part = pr.Slice((rng.integers(0, 256, (3, 3072)) / 256).tolist())
    start = time.process_time()
    with pytest.raises(error, match=message) as early:
        pr.from_onnx(made, slice=part)
    assert time.process_time() - start < 1.5  # 0.5 s, of which 0.2 s is the slice
    if kind == "attribute":
        monkeypatch.setattr(assemblies, "LONG_WORK", 10**12)
        with pytest.raises(error, match=message) as late:
            pr.from_onnx(made, slice=part)
        assert str(early.value) == str(late.value)


@pytest.mark.slow
def test_modules_that_are_certainly_too_large_are_refused_early() -> None:
    """So is no module for another reason, and its forward is run on copies."""
    torch = pytest.importorskip("torch")
    nn = torch.nn
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(), nn.Flatten(),
        nn.Linear(16384, 10),
    )  # fmt: skip
    part = pr.Slice((np.random.default_rng(0).integers(0, 256, (3, 3072)) / 256).tolist())
    box = pr.Domain.box([0, 0], [1, 1])
    start = time.process_time()
    for domain in (None, box):
        with pytest.raises(LimitError, match=r"layer '3' \(ReLU\): at least \d{8,9} weights in hidden layer 2"):
            pr.from_torch(module, (3, 32, 32), slice=part, domain=domain)
    assert time.process_time() - start < 3  # 0.6 s; 8 s exactly


def test_an_outline_counts_most_neurons_of_a_box() -> None:
    """Also those that only the enclosures do not decide, and neurons that are carried past an activation."""
    rng = np.random.default_rng(0)
    kernels = [rng.standard_normal(shape) for shape in ((4, 1, 3, 3), (4, 4, 3, 3), (4, 4, 3, 3))]
    part = pr.Slice((rng.integers(0, 256, (3, 144)) / 256).tolist())

    def made(assembly: Assembly) -> Signal:
        x = assembly.input
        for kernel in kernels:
            y = assembly.activation(convolve(assembly, x, kernel))
            x = y if x is assembly.input else assembly.concat([y, x.select(x.positions[:, :, 1:-1, 1:-1])], 1)
            x = x.select(x.positions[:, :4])
        return assembly.reshape(x, (-1,))

    where = Restriction(part, pr.Domain.box([0, 0], [1, 1]))
    whole, outline = Assembly((1, 1, 12, 12), 1, where), Outline((1, 1, 12, 12), 1, where)
    made(outline)
    widths = whole.finish(made(whole)).architecture[1:-1]
    # 51, 137 and 81 are seen; 2, 31 and 100 of the true ones carry linear entries past an activation
    assert widths == (53, 168, 227)
    for few, many, share in zip(outline.widths, widths, (0.95, 0.8, 0.35), strict=True):
        assert share * many <= few <= many
