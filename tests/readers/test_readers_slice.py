"""Networks read in a slice: the whole network restricted to it, and what is too large as a whole."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.cli.program import main
from polyrelu.errors import DomainError, InputError, LimitError, NetworkError, PointError
from polyrelu.readers.assembly import Assembly
from polyrelu.readers.restriction import Restriction
from polyrelu.readers.windows import convolve, max_pool

UNIT = pr.Domain.box([0, 0], [1, 1])


def plane(size: int, seed: int, dim: int = 2) -> pr.Slice:
    return pr.Slice((np.random.default_rng(seed).integers(-8, 9, (dim + 1, size)) / 8).tolist())


def composed(assembly: Assembly, seed: int) -> pr.Network:
    """A convolutional network with leaky ReLUs, maxima, a residual sum and a linear layer."""
    rng = np.random.default_rng(seed)

    def numbers(*shape: int) -> Any:
        return rng.integers(-4, 5, shape) / 4

    x = convolve(assembly, assembly.input, numbers(2, 1, 3, 3), numbers(2), padding=[(1, 1), (1, 1)])
    x = max_pool(assembly, assembly.activation(x), (2, 2))
    y = convolve(assembly, x, numbers(2, 2, 2, 2), numbers(2), padding=[(1, 0), (0, 1)])
    y = assembly.activation(y, Fraction(1, 3))
    x = assembly.add(x, assembly.clip(y, -1, 2))
    x = assembly.activation(x, rng.choice([0, -1, 2, 1], x.shape))
    return assembly.finish(assembly.affine(assembly.reshape(x, (-1,)), numbers(2, x.size), numbers(2)))


@pytest.mark.parametrize("seed", range(4))
def test_the_network_in_a_slice_is_the_whole_one_restricted(seed: int) -> None:
    part = plane(36, seed, 1 + seed % 3)
    box = pr.Domain.box([0] * part.dim, [1] * part.dim)
    whole = part.restrict(composed(Assembly((1, 1, 6, 6)), seed))
    alone = composed(Assembly((1, 1, 6, 6), 1, Restriction(part)), seed)
    small = composed(Assembly((1, 1, 6, 6), 1, Restriction(part, box)), seed)
    rng = Random(seed)
    for k in range(30):
        t = [Fraction(rng.randint(0, 60), 60) for _ in range(part.dim)]
        assert whole(t) == small(t)
        assert whole([(k + 1) * x - k for x in t]) == alone([(k + 1) * x - k for x in t])
    assert sum(small.architecture) < sum(alone.architecture) <= sum(whole.architecture)
    assert "only in the box [0, 1]" in small.assumptions[0] and not alone.assumptions
    if part.dim == 2 and seed == 1:
        found = {pr.subdivide(n, domain=box).f_vector for n in (whole, alone, small)}
        assert len(found) == 1


def test_all_in_the_coordinates() -> None:
    """A domain in which nothing bends: the network is affine; in a constant slice direction nothing depends on it."""
    weight = [[1, 2], [-1, 1], [0, 0]]
    part = pr.Slice([[1, 1], [2, 1]])

    def read(domain: Any) -> pr.Network:
        assembly = Assembly(2, 1, Restriction(part, domain))
        x = assembly.activation(assembly.affine(assembly.input, weight, [0, 0, -3]))
        return assembly.finish(assembly.affine(x, [[1, 1, 1]]))

    assert read(pr.Domain.box([1], [5])) == pr.Network([[[1]]], [[3]])
    assert read(None).architecture == (1, 2, 1)
    assert read(pr.Domain.box([-9], [-5])).architecture == (1, 1)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_enclosures_hold(seed: int) -> None:
    rng = Random(seed)
    m, n = rng.randint(1, 3), rng.randint(1, 5)
    scale = rng.choice([1, 10**9, Fraction(1, 10**9)])

    def number() -> Fraction:
        return Fraction(rng.randint(-50, 50), rng.randint(1, 30)) * scale

    box = [sorted((number(), number())) for _ in range(m)]
    part = plane(4, seed, m)
    restriction = Restriction(part, pr.Domain.box(*zip(*box, strict=True)))
    points = [[low + (high - low) * Fraction(rng.randint(0, 8), 8) for low, high in box] for _ in range(8)]
    values, enclosures = points, restriction.coordinates()
    for _ in range(3):
        rows = [{k: number() for k in range(len(values[0])) if rng.random() < 0.7} for _ in range(n)]
        rows = [{k: c for k, c in row.items() if c} for row in rows]
        constants = [number() for _ in rows]
        slopes = [rng.choice([Fraction(0), Fraction(1), Fraction(-1), Fraction(1, 3), Fraction(5, 2)]) for _ in rows]
        forms = list(zip(rows, constants, strict=True))
        values = [[sum((c * v[k] for k, c in row.items()), b) for row, b in forms] for v in values]
        enclosures = restriction.of_rows(rows, constants, enclosures)
        check(values, points, enclosures, *restriction.range(enclosures))
        values = [[z if z > 0 else s * z for z, s in zip(v, slopes, strict=True)] for v in values]
        enclosures = restriction.activated(enclosures, slopes)
        check(values, points, enclosures, *restriction.range(enclosures))


def check(values: Any, points: Any, enclosures: Any, least: Any, most: Any) -> None:
    for v, t in zip(values, points, strict=True):
        for i, z in enumerate(v):
            low, high = (
                sum((Fraction(c) * x for c, x in zip(array[i].tolist(), [*t, 1], strict=True)), Fraction(0))
                for array in enclosures
            )
            assert low <= z <= high and Fraction(least[i]) <= z <= Fraction(most[i])


def test_boxes_of_domains() -> None:
    part = plane(4, 0)
    triangle = pr.Domain.hull([[0, 0], [1, 0], [0, 2]])
    assert Restriction(part, triangle).box == [(0, 1), (0, 2)]
    assert Restriction(part, pr.Domain([[1, 0]], [1])).box is None
    assert Restriction(part).box is None


@pytest.mark.parametrize(
    ("read", "error", "message"),
    [
        (lambda: Restriction([[0], [1]]), InputError, "slice: expected a Slice, got an object of type list"),
        (lambda: Restriction(plane(4, 0), [0, 1]), DomainError, "domain: expected a Domain"),
        (lambda: Restriction(plane(4, 0), pr.Domain.box([0], [1])), DomainError, "1 coordinates, but the slice has 2"),
        (lambda: Assembly(5, 1, Restriction(plane(4, 0))), PointError, "4 coordinates, but the network has 5 inputs"),
        (lambda: pr.load("none.onnx", domain=UNIT), InputError, "domain: belongs to a slice"),
    ],
)
def test_what_is_refused(read: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read()


def test_other_formats_are_restricted_when_they_are_read(tmp_path: Path) -> None:
    net = pr.Network([[[1, 2, 3]], [[1]]], [[0], [1]])
    pr.save(net, tmp_path / "net.json")
    part = plane(3, 0)
    assert pr.load(tmp_path / "net.json", slice=part, domain=UNIT) == part.restrict(net)


# --- models of other libraries ---


def onnx_model() -> tuple[Any, pr.Slice]:
    pytest.importorskip("onnx")
    from support.onnx_models import dyadic, model, node

    nodes = [
        node("Conv", "x", "k", "b", out="c", pads=[1, 1, 1, 1]), node("Relu", "c", out="r"),
        node("MaxPool", "r", kernel_shape=[2, 2], strides=[2, 2], out="p"), node("Flatten", "p", out="f"),
        node("Gemm", "f", "w"),
    ]  # fmt: skip
    constants = {"k": dyadic((4, 1, 3, 3), 1), "b": dyadic(4, 2), "w": dyadic((64, 1), 3)}
    return model(nodes, (1, 1, 8, 8), constants), plane(64, 5)


def test_onnx_models_too_large_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made, part = onnx_model()
    whole = part.restrict(pr.from_onnx(made))
    path, points = tmp_path / "net.onnx", tmp_path / "points.json"
    path.write_bytes(made.SerializeToString())
    points.write_text(json.dumps([[str(x) for x in p] for p in part.points]))
    domain = pr.Domain.box([0, 0], ["1/2", "1/2"])
    expected = pr.betti_numbers(whole, domain=domain)
    monkeypatch.setattr("polyrelu.readers.assembly.MAX_ENTRIES", 15000)  # too few for 64 × 256
    with pytest.raises(LimitError, match="16384 weights in hidden layer 1"):
        pr.load(path)
    for network in (pr.load(path, slice=part, domain=domain), pr.from_onnx(made, slice=part, domain=domain)):
        for k in range(9):
            t = [Fraction(k, 16), Fraction(8 - k, 16)]
            assert network(t) == whole(t)
    assert pr.betti_numbers(network, domain=domain) == expected
    assert main(["betti", str(path), "--slice", str(points), "--box", "0,1/2", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert tuple(answer["betti"]) == expected
    assert main(["betti", str(path)]) == 1
    with pytest.raises(NetworkError, match="may be a batch, which is not read in a slice"):
        made.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 3
        pr.from_onnx(made, slice=plane(192, 0))


@pytest.mark.parametrize("most", [16383, 16384])
def test_sizes_are_found_before_anything_is_composed(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """The look at the shapes refuses what the composition refuses, and nothing else."""
    made, _ = onnx_model()
    for name in ("onnx.sizes", "assembly"):
        monkeypatch.setattr(f"polyrelu.readers.{name}.MAX_ENTRIES", most)
        if most == 16384:
            continue
        if name == "assembly":
            monkeypatch.setattr("polyrelu.readers.onnx.sizes.MAX_ENTRIES", 10**9)
        with pytest.raises(LimitError, match=r"node 2 \(Relu\): 16384 weights in (its )?hidden layer"):
            pr.from_onnx(made)
    if most == 16384:
        with pytest.raises(LimitError, match=r"node 3 \(MaxPool\)"):
            pr.from_onnx(made)


@pytest.mark.slow
def test_a_convolutional_network_of_the_size_for_handwritten_digits() -> None:
    torch = pytest.importorskip("torch")
    nn = torch.nn
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(1, 24, 4, 1, 1), nn.ReLU(), nn.Conv2d(24, 16, 4, 2, 1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(576, 32), nn.ReLU(), nn.Linear(32, 10),
    )  # fmt: skip
    with pytest.raises(LimitError):
        pr.from_torch(module, (1, 28, 28))
    rng = np.random.default_rng(0)
    images = np.round(rng.random((3, 784)) * (rng.random(784) < 0.2) * 64) / 64
    part, domain = pr.Slice(images.tolist()), pr.Domain.box([0, 0], ["1/16", "1/16"])
    network = pr.from_torch(module, (1, 28, 28), slice=part, domain=domain)
    for t in ([Fraction(1, 32), Fraction(1, 64)], [Fraction(1, 16), 0]):
        x = torch.tensor([float(c) for c in part.point(t)], dtype=torch.float64).reshape(1, 1, 28, 28)
        with torch.no_grad():
            expected = module.double()(x).numpy().ravel()
        assert np.allclose([float(y) for y in network(t)], expected, rtol=1e-9, atol=1e-9)
